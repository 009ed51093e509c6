// SPDX-License-Identifier: Apache-2.0

package post

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"rogatory"
	"rogatory/alarm"
	"rogatory/notice"
	"rogatory/pager"
	"rogatory/store"
)

// The keys by which a person is told once.
func keyOfEntry(index int64) string { return "entry " + strconv.FormatInt(index, 10) }

func keyOfDeadline(d store.Deadline) string {
	return fmt.Sprintf("due %s %s %d", d.Request, d.Name, d.Generation)
}

const (
	// hands is how many notices are on their way at once: one slow provider does not hold up the rest.
	hands = 4
	// putOff is how long a notice waits that cannot be tried, because pager.json is away; giveUp is for how long.
	putOff = 5 * time.Minute
	giveUp = 24 * time.Hour
)

// send tries the notices that are due, and returns when all were tried.
func (p *Post) send(ctx context.Context) error {
	var due []store.NoticePage
	err := p.Store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueNoticePages(p.now(), 0)
		return err
	})
	if err != nil {
		return err
	}
	var group errgroup.Group
	group.SetLimit(hands)
	for _, page := range due {
		group.Go(func() error { return p.carry(ctx, page) })
	}
	return group.Wait()
}

// carry tries one notice on each channel where that is due, and says when it is tried again.
func (p *Post) carry(ctx context.Context, page store.NoticePage) error {
	plan := p.Plan()
	if plan == nil || plan.Pager == nil {
		return p.putOff(ctx, page, p.now().Add(putOff))
	}
	var tries []store.PageDelivery
	var note pager.Page
	var stopped bool
	err := p.Store.View(ctx, func(tx *store.Tx) error {
		row, found, err := tx.NoticeChoice(page.Person)
		if stopped = !found; err != nil || stopped {
			return err
		}
		if tries, err = tx.DeliveriesOf(page.Page); err == nil {
			note, err = p.note(tx, plan, page, row)
		}
		return err
	})
	if stopped {
		return p.putOff(ctx, page, 0)
	}
	if err != nil {
		p.Log.Error("a notice could not be written", "page", page.Page, "code", rogatory.CodeOf(err))
		return p.putOff(ctx, page, p.now().Add(putOff))
	}
	for _, channel := range page.Channels {
		if at, ok := tryAt(page, channel, tries); ok && at <= p.now() && ctx.Err() == nil {
			if err := p.try(ctx, plan, page, note, channel, attempts(channel, tries)+1); err != nil {
				return err
			}
		}
	}
	var again rogatory.Instant
	err = p.Store.View(ctx, func(tx *store.Tx) (err error) {
		tries, err = tx.DeliveriesOf(page.Page)
		return err
	})
	if err != nil {
		return err
	}
	for _, channel := range page.Channels {
		if at, ok := tryAt(page, channel, tries); ok {
			again = earlier(again, at)
		}
	}
	return p.putOff(ctx, page, again)
}

// putOff says when a notice is tried again: not if that is zero, or if it is old by then.
func (p *Post) putOff(ctx context.Context, page store.NoticePage, until rogatory.Instant) error {
	if until.Sub(page.Made) > giveUp {
		until = 0
	}
	return p.Store.Update(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.PutOffNoticePage(page.Page, until) })
}

// try hands a notice to a channel once. An error means that it was not tried.
func (p *Post) try(ctx context.Context, plan *alarm.Plan, page store.NoticePage, note pager.Page, channel string, attempt int) error {
	i := slices.IndexFunc(plan.Routes, func(r pager.Route) bool { return r.Name == channel })
	_, reached := note.To(channel)
	if i < 0 || !reached {
		code := "page_address_missing"
		if i < 0 {
			code = "channel_unknown"
		}
		now := p.now()
		_, _, err := p.Claim(ctx, pager.Delivery{Key: pager.Key{Page: pager.ID(page.Page), Channel: channel, Attempt: attempt}, Begun: now, Ended: now, Code: code, Kind: rogatory.NotFound})
		return err
	}
	done, err := pager.Deliver(ctx, p, plan.Routes[i], note, attempt)
	if done.Code == "" {
		return err
	}
	if err != nil {
		p.Log.Warn("a notice was not taken", "page", page.Page, "channel", channel, "code", rogatory.CodeOf(err))
	}
	return nil
}

// note writes what a notice says, in the words of the person.
func (p *Post) note(tx *store.Tx, plan *alarm.Plan, page store.NoticePage, row store.NoticeChoice) (pager.Page, error) {
	in, err := tx.NoticeItemsOf(page.Page)
	if err != nil {
		return pager.Page{}, err
	}
	var numbers []int64
	path := Path
	for _, n := range in {
		numbers = append(numbers, n.Number)
	}
	if len(numbers) == 1 {
		path += "/" + strconv.FormatInt(numbers[0], 10)
	}
	c, err := notice.Read(row.View)
	if err != nil {
		return pager.Page{}, err
	}
	return pager.NewNote(p.texts.Locale(c.Language), pager.Note{ID: pager.ID(page.Page), Node: p.Us, Numbers: numbers, Origin: p.Origin, Path: path, Created: page.Made, To: addresses(plan, page.Person)})
}

// addresses are those that the administrator wrote into pager.json: for a person of the rota by their identifier there,
// for anybody else by name.
func addresses(plan *alarm.Plan, person string) map[string]string {
	if plan == nil || plan.Pager == nil {
		return nil
	}
	id := person
	if plan.Rota != nil {
		for _, r := range plan.Rota.People {
			if r.Name == person {
				id = r.ID
			}
		}
	}
	return plan.Pager.People[id]
}

func attempts(channel string, tries []store.PageDelivery) (n int) {
	for _, t := range tries {
		if t.Channel == channel {
			n++
		}
	}
	return n
}

// tryAt says when a notice is tried next on a channel.
func tryAt(page store.NoticePage, channel string, tries []store.PageDelivery) (rogatory.Instant, bool) {
	var of []notice.Try
	for _, t := range tries {
		if t.Channel == channel {
			passing := t.Kind == rogatory.Unavailable || t.Kind == rogatory.Busy
			of = append(of, notice.Try{Begun: t.Begun, Over: t.Ended != 0 && !passing})
		}
	}
	return notice.TryAt(page.Made, of)
}

// Claim implements pager.Log.
func (p *Post) Claim(ctx context.Context, d pager.Delivery) (stored pager.Delivery, first bool, err error) {
	err = p.Store.Update(ctx, func(tx *store.Tx) error {
		row, is, err := tx.ClaimPage(rowOf(d))
		first = is
		stored = pager.Delivery{Key: pager.Key{Page: pager.ID(row.Page), Channel: row.Channel, Attempt: row.Attempt}, Provider: row.Provider, Begun: row.Begun, Ended: row.Ended,
			Code: row.Code, Kind: row.Kind, Detail: row.Detail, Status: row.Status, Reference: row.Reference}
		return err
	})
	if err != nil {
		return pager.Delivery{}, false, err
	}
	return stored, first, nil
}

// Settle implements pager.Log.
func (p *Post) Settle(ctx context.Context, d pager.Delivery) error {
	return p.Store.Update(ctx, func(tx *store.Tx) error { return tx.SettlePage(rowOf(d)) })
}

func rowOf(d pager.Delivery) store.PageDelivery {
	return store.PageDelivery{Page: string(d.Page), Channel: d.Channel, Attempt: d.Attempt, Provider: d.Provider, Begun: d.Begun, Ended: d.Ended,
		Code: d.Code, Kind: d.Kind, Detail: d.Detail, Status: d.Status, Reference: d.Reference}
}
