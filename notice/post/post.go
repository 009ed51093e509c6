// SPDX-License-Identifier: Apache-2.0

// Package post is what package notice decides at work: it reads from the journal what concerns whom, writes notices in
// the transaction that decides them, and hands them to the channels of package pager.
//
// It promises that a person who has chosen nothing is told nothing; that each event is told to a person once, however
// often the process dies; that a notice and what stands in it are committed together, and that it leaves only after
// that; that each attempt is a row of the delivery log before it is made. A notice holds numbers and a link, and
// nothing of a case: see pager.NewNote.
//
// It refuses to reach a person at an address that the administrator has not written into pager.json, and drops what
// does not concern a person any more by the time that it would go out.
//
// After an error of a step nothing was decided, and the next step decides again. After a crash between a decision and
// its notice, or during an attempt, the next process tries that notice again under the same identifier: the person may
// be told twice.
package post

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/clock"
	"rogatory/deadline"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/notice"
	"rogatory/pager"
	"rogatory/store"
)

// Path is where the console shows a person what they were told of; a number may follow.
const Path = "/console/notices"

// Config is what a post works with.
type Config struct {
	Us     rogatory.Address
	Office *docket.Office
	Store  *store.Store
	Clock  clock.Clock
	Random io.Reader
	Log    *slog.Logger
	Origin string             // how browsers reach the office; empty: notices have no link
	Plan   func() *alarm.Plan // the pager's channels and addresses, which are the desk's too
	People func(ctx context.Context) ([]rogatory.Officer, error)
}

// Post is one office's. It is safe for concurrent use; steps are made one after the other.
type Post struct {
	Config
	texts *language.Catalogue
	zones deadline.Zones

	step  sync.Mutex       // held during a step
	next  rogatory.Instant // when there is something to decide though nothing happened; guarded by step
	again atomic.Bool      // somebody chose otherwise meanwhile
}

// New returns a post.
func New(c Config) *Post {
	return &Post{Config: c, texts: language.Load(), zones: deadline.BundledZones()}
}

func (p *Post) now() rogatory.Instant { return rogatory.At(p.Clock.Now()) }

// Step takes up what happened, decides what goes out now and sends it. Call it each second.
func (p *Post) Step(ctx context.Context) error {
	p.step.Lock()
	defer p.step.Unlock()
	if err := p.gather(ctx); err != nil {
		return err
	}
	return p.send(ctx)
}

const (
	// cursorSetting holds how far the journal was read for notices.
	cursorSetting = "notices"
	// batch is how many entries are read in one step: it keeps the transaction short.
	batch = 500
	// deadlinesEvery is how often deadlines are looked at: they are told days before.
	deadlinesEvery = time.Minute
)

// chosen is a person who wants to be told.
type chosen struct {
	rogatory.Officer
	notice.Choice
	since rogatory.Instant
	zone  *time.Location
}

// gather decides, in one transaction, about all that happened since the last step.
func (p *Post) gather(ctx context.Context) error {
	var idle bool
	if p.again.Swap(false) {
		p.next = 0
	}
	err := p.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.NoticeChoices()
		if err != nil || len(rows) == 0 {
			idle = true
			return err
		}
		size, err := tx.Size()
		if err != nil {
			return err
		}
		at, err := cursor(tx)
		idle = at >= size && p.now() < p.next
		return err
	})
	if err != nil || idle {
		return err
	}
	people, err := p.People(ctx)
	if err != nil {
		return err
	}
	var next rogatory.Instant
	err = p.Store.Update(ctx, func(tx *store.Tx) error {
		next = 0
		now := p.now()
		all, err := p.choices(tx, people)
		if err != nil {
			return err
		}
		if err := p.read(tx, all); err != nil {
			return err
		}
		for _, c := range all {
			if slices.Contains(c.About, notice.Due) {
				if err := deadlines(tx, c, now); err != nil {
					return err
				}
				next = earlier(next, now.Add(deadlinesEvery))
			}
			again, err := p.decide(tx, c, now)
			if err != nil {
				return err
			}
			next = earlier(next, again)
		}
		return nil
	})
	if err == nil {
		if p.next = next; next == 0 {
			p.next = rogatory.At(time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)) // not before something happens
		}
	}
	return err
}

func earlier(a, b rogatory.Instant) rogatory.Instant {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

func cursor(tx *store.Tx) (int64, error) {
	v, found, err := tx.Setting(cursorSetting)
	if err != nil || !found {
		return 0, err
	}
	var at int64
	if err := json.Unmarshal(v, &at); err != nil {
		return 0, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", cursorSetting, err)
	}
	return at, nil
}

func setCursor(tx *store.Tx, at int64) error {
	v, err := json.Marshal(at)
	if err != nil {
		return err
	}
	return tx.SetSetting(cursorSetting, v)
}

// choices are those of people who are on the office's list. Whoever is not any more leaves none: one of the same name
// next year is somebody else.
func (p *Post) choices(tx *store.Tx, people []rogatory.Officer) ([]chosen, error) {
	rows, err := tx.NoticeChoices()
	if err != nil {
		return nil, err
	}
	var all []chosen
	for _, row := range rows {
		i := slices.IndexFunc(people, func(o rogatory.Officer) bool { return o.Name == row.Person })
		if i < 0 {
			if err := tx.DropNoticeChoice(row.Person); err != nil {
				return nil, err
			}
			continue
		}
		c := chosen{Officer: people[i], since: row.Changed}
		if c.Choice, err = notice.Read(row.View); err != nil {
			return nil, err
		}
		if c.zone, err = p.zones.Load(c.Zone); err != nil {
			c.zone = time.UTC // a zone that a newer database of zones does not have
		}
		all = append(all, c)
	}
	return all, nil
}

// read takes up what the journal says since the last step.
func (p *Post) read(tx *store.Tx, all []chosen) error {
	at, err := cursor(tx)
	if err != nil {
		return err
	}
	rows, err := tx.Entries(at, batch)
	if err != nil || len(rows) == 0 {
		return err
	}
	for _, row := range rows {
		told, err := p.concerns(tx, row, all)
		if err != nil {
			return err
		}
		for _, n := range told {
			i := slices.IndexFunc(all, func(c chosen) bool { return c.Name == n.Person })
			if i < 0 || row.At < all[i].since || !slices.Contains(all[i].About, notice.Sort(n.Sort)) {
				continue
			}
			n.Request, n.Key, n.At = row.Request, keyOfEntry(row.Index), p.now()
			if err := tx.AddNoticeItem(n); err != nil {
				return err
			}
		}
	}
	return setCursor(tx, at+int64(len(rows)))
}

// concerns says whom an entry concerns, and how. Nobody's name is empty.
func (p *Post) concerns(tx *store.Tx, row store.Entry, all []chosen) ([]store.NoticeItem, error) {
	switch row.Type {
	case rogatory.RequestClaimed:
		var e rogatory.Entry
		if err := json.Unmarshal(row.Body, &e); err != nil {
			return nil, rogatory.Fault(rogatory.Damaged, "entry_damaged", "read entry %d: %w", row.Index, err)
		}
		i := slices.IndexFunc(all, func(c chosen) bool { return c.Name == e.Name })
		if i < 0 || e.Name == e.By.Name {
			return nil, nil
		}
		sort := notice.Assigned
		if all[i].Role == rogatory.Decider {
			f, err := p.Office.FileIn(tx, row.Request)
			if err != nil {
				return nil, err
			}
			if f.State == rogatory.Drafted && f.Author != e.Name {
				sort = notice.Approval
			}
		}
		return []store.NoticeItem{{Person: e.Name, Sort: string(sort)}}, nil
	case rogatory.MessageReceived:
		place, _, err := tx.InQueue(row.Request)
		return []store.NoticeItem{{Person: place.Holder, Sort: string(notice.Answered)}}, err
	case rogatory.VoteCast:
		f, err := p.Office.FileIn(tx, row.Request)
		if err != nil {
			return nil, err
		}
		var asked []store.NoticeItem
		for _, c := range all {
			if wanted(f, c.Officer) {
				asked = append(asked, store.NoticeItem{Person: c.Name, Sort: string(notice.Vote)})
			}
		}
		return asked, nil
	}
	return nil, nil
}

// wanted reports whether a colleague of another role stands for an act on which the person has not voted. Who wrote the
// request agrees to nothing of it.
func wanted(f docket.File, person rogatory.Officer) bool {
	if !docket.MayHold(person.Role) || f.Author == person.Name {
		return false
	}
	return slices.ContainsFunc(f.Votes, func(v docket.VoteFile) bool {
		return v.Agree && v.Person != person.Name && v.Role != person.Role &&
			!slices.ContainsFunc(f.Votes, func(w docket.VoteFile) bool {
				return w.Act == v.Act && w.Exhibit == v.Exhibit && w.Person == person.Name
			})
	})
}

// deadlines takes up what comes near of what a person holds. One that was moved is told again.
func deadlines(tx *store.Tx, c chosen, now rogatory.Instant) error {
	near, err := tx.HeldDeadlines(c.Name, now.Add(time.Duration(c.Days)*24*time.Hour), 0)
	if err != nil {
		return err
	}
	for _, d := range near {
		if err := tx.AddNoticeItem(store.NoticeItem{Person: c.Name, Request: d.Request, Sort: string(notice.Due), Key: keyOfDeadline(d), At: now}); err != nil {
			return err
		}
	}
	return nil
}

// decide writes a person's notice, and says when to look again.
func (p *Post) decide(tx *store.Tx, c chosen, now rogatory.Instant) (rogatory.Instant, error) {
	rows, err := tx.WaitingNoticeItems(c.Name)
	if err != nil {
		return 0, err
	}
	var waiting []notice.Event
	for _, n := range rows {
		waiting = append(waiting, notice.Event{Number: n.Number, Sort: notice.Sort(n.Sort), At: n.At})
	}
	round := notice.Decide(c.Choice, c.zone, waiting, now)
	for _, e := range round.Drop {
		if err := tx.TellNoticeItem(c.Name, e.Number, "", now); err != nil {
			return 0, err
		}
	}
	var page string
	for _, e := range round.Tell {
		i := slices.IndexFunc(rows, func(n store.NoticeItem) bool { return n.Number == e.Number })
		over, err := p.isOver(tx, c.Officer, rows[i])
		if err != nil {
			return 0, err
		}
		in := ""
		if !over {
			if page == "" {
				if page, err = p.write(tx, c, false, now); err != nil {
					return 0, err
				}
			}
			in = page
		}
		if err := tx.TellNoticeItem(c.Name, e.Number, in, now); err != nil {
			return 0, err
		}
	}
	return round.LookAgain, nil
}

// write adds a notice that is to be sent.
func (p *Post) write(tx *store.Tx, c chosen, test bool, now rogatory.Instant) (string, error) {
	id, err := pager.NewID(p.Random, p.Clock.Now())
	if err != nil {
		return "", err
	}
	return string(id), tx.AddNoticePage(store.NoticePage{Page: string(id), Person: c.Name, Channels: c.Channels, Test: test, Made: now, DueAt: now})
}

// isOver reports whether something does not need the person any more: somebody else holds the request, the message was
// read, the deadline was met or moved, the act was done or the person has voted.
func (p *Post) isOver(tx *store.Tx, person rogatory.Officer, n store.NoticeItem) (bool, error) {
	if notice.Sort(n.Sort) == notice.Vote {
		f, err := p.Office.FileIn(tx, n.Request)
		return err == nil && !wanted(f, person), err
	}
	place, in, err := tx.InQueue(n.Request)
	if err != nil || !in || place.Holder != n.Person {
		return true, err
	}
	switch notice.Sort(n.Sort) {
	case notice.Answered:
		unread, err := tx.Unseen(n.Person, []rogatory.RequestID{n.Request})
		return unread[n.Request] == 0, err
	case notice.Due:
		all, err := tx.Deadlines(n.Request)
		return !slices.ContainsFunc(all, func(d store.Deadline) bool { return d.State == store.Running && keyOfDeadline(d) == n.Key }), err
	}
	return false, nil
}
