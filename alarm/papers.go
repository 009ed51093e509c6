// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"rogatory"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/pager"
	"rogatory/store"
)

// The kinds of papers.
const (
	notePaper = "note"
	callPaper = "call"
)

// State is how the desk stands, for the head of every screen.
type State struct {
	Pages   bool       `json:"pages"`             // people are paged
	Missing []string   `json:"missing,omitempty"` // why not: rota, escalation, pager
	Now     *desk.Duty `json:"now,omitempty"`     // with the moment until which; nil without a rota
	Next    *desk.Duty `json:"next,omitempty"`
	Zone    string     `json:"zone,omitempty"` // of the rota's wall clock
	Alarms  int        `json:"alarms"`         // open ones, tests too
	GivenUp int        `json:"given_up"`       // of these, those that nobody answered
	Unread  int        `json:"unread"`         // hand-over notes for whoever is on duty
}

// State says who is on duty until when, who is next, and what is open.
func (d *Desk) State(ctx context.Context) (State, error) {
	plan, now := d.plan.Load(), d.now()
	s := State{Pages: plan.Pages(), Missing: plan.Missing()}
	if plan != nil && plan.Rota != nil {
		on := desk.OnDuty(plan.Rota, now)
		s.Now, s.Zone = &on, plan.Rota.Zone
		if next, ok := desk.Next(plan.Rota, now); ok {
			s.Next = &next
		}
	}
	open, err := d.open(ctx)
	if err != nil {
		return s, err
	}
	for _, a := range open {
		s.Alarms++
		if a.Alarm.GivenUp != 0 {
			s.GivenUp++
		}
	}
	if s.Now != nil {
		notes, err := d.notes(ctx)
		if err != nil {
			return s, err
		}
		s.Unread = len(desk.Unread(notes, s.Now.Person))
	}
	return s, nil
}

// Open is an alarm that nobody has acknowledged, or that somebody has.
type Open struct {
	Alarm      desk.Alarm         `json:"alarm"`
	Urgency    pager.Urgency      `json:"urgency"`
	Request    rogatory.RequestID `json:"request,omitempty"`
	LastResort string             `json:"last_resort,omitempty"` // once it was named
}

// Drill reports whether another State tests the desk by it.
func (o Open) Drill() bool { return o.Urgency == pager.Drill }

func (d *Desk) shown(rows []store.Alarm) ([]Open, error) {
	var list []Open
	plan := d.plan.Load()
	for _, row := range rows {
		r, err := readRecord(row)
		if err != nil {
			return nil, err
		}
		o := Open{Alarm: r.Alarm, Urgency: r.Urgency, Request: r.Request}
		if r.Alarm.GivenUp != 0 && plan.Pages() {
			o.LastResort = plan.policyOf(r.Alarm.Policy).LastResort
		}
		list = append(list, o)
	}
	return list, nil
}

func (d *Desk) open(ctx context.Context) (list []Open, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.OpenAlarms(0)
		if err == nil {
			list, err = d.shown(rows)
		}
		return err
	})
	return list, err
}

// Alarms returns the open alarms, oldest first, with every step and page.
func (d *Desk) Alarms(ctx context.Context, by rogatory.Actor) ([]Open, error) {
	if err := docket.MayRead(by); err != nil {
		return nil, err
	}
	return d.open(ctx)
}

// Earlier returns the newest alarms, tests or others, whatever became of them.
func (d *Desk) Earlier(ctx context.Context, by rogatory.Actor, tests bool, limit int) (list []Open, err error) {
	if err := docket.MayRead(by); err != nil {
		return nil, err
	}
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Alarms(tests, limit)
		if err == nil {
			list, err = d.shown(rows)
		}
		return err
	})
	return list, err
}

// Deliveries returns the newest rows of the delivery log. It holds nothing of a case, so that an
// administrator reads it as well.
func (d *Desk) Deliveries(ctx context.Context, by rogatory.Actor, limit int) (list []pager.Delivery, err error) {
	if err := docket.MayRead(by); err != nil && by.Role != rogatory.Administrator {
		return nil, err
	}
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.PageDeliveries(limit)
		for _, row := range rows {
			list = append(list, deliveryOf(row))
		}
		return err
	})
	return list, err
}

// rota returns the rota, or the error rota_missing.
func (d *Desk) rota() (*desk.Rota, error) {
	if plan := d.plan.Load(); plan != nil && plan.Rota != nil {
		return plan.Rota, nil
	}
	return nil, rogatory.Fault(rogatory.NotFound, "rota_missing", "this node has no rota").WithHint("write rota.json in the node's folder, and check it with rogatory rota check")
}

// Rota returns the rota as it is; it is not to be changed. The code of its error is rota_missing.
func (d *Desk) Rota() (*desk.Rota, error) { return d.rota() }

// Grid draws the rota from the day of a moment. The codes of its errors are rota_missing and span_too_long.
func (d *Desk) Grid(from rogatory.Instant, days int) ([]desk.GridDay, error) {
	r, err := d.rota()
	if err != nil {
		return nil, err
	}
	return desk.Grid(r, from, days)
}

// maxNotes is how many notes are looked at: a year of three shifts a day.
const maxNotes = 1000

func (d *Desk) notes(ctx context.Context) (notes []desk.Note, err error) {
	err = d.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Papers(notePaper, maxNotes)
		for _, row := range rows {
			var n desk.Note
			if err := json.Unmarshal(row.View, &n); err != nil {
				return rogatory.Fault(rogatory.Damaged, "note_damaged", "read note %s: %w", row.ID, err)
			}
			notes = append(notes, n)
		}
		return err
	})
	return notes, err
}

// Notes returns the hand-over notes, newest first.
func (d *Desk) Notes(ctx context.Context, by rogatory.Actor) ([]desk.Note, error) {
	if err := docket.MayRead(by); err != nil {
		return nil, err
	}
	return d.notes(ctx)
}

// Unread returns the notes that wait for a person of the office to read them, oldest first.
func (d *Desk) Unread(ctx context.Context, by rogatory.Actor) ([]desk.Note, error) {
	notes, err := d.Notes(ctx, by)
	return desk.Unread(notes, d.personOf(by.Name)), err
}

// HandOver leaves a note to the next shift. Only who is on duty, or was until the last hand-over, can: see
// desk.NewNote. The journal records that it was left, with its digest.
func (d *Desk) HandOver(ctx context.Context, by rogatory.Actor, text string, open []desk.Item) (desk.Note, error) {
	if err := docket.MayRead(by); err != nil {
		return desk.Note{}, err
	}
	r, err := d.rota()
	if err != nil {
		return desk.Note{}, err
	}
	id, err := rogatory.NewMessageID(d.Random, d.Clock.Now())
	if err != nil {
		return desk.Note{}, err
	}
	n, err := desk.NewNote(r, desk.Note{ID: string(id), By: d.personOf(by.Name), Written: d.now(), Text: text, Open: open})
	if err != nil {
		return desk.Note{}, err
	}
	return n, d.Store.Update(ctx, func(tx *store.Tx) error { return d.file(tx, n, rogatory.NoteLeft, by, n.Written) })
}

// file keeps a note and records it.
func (d *Desk) file(tx *store.Tx, n desk.Note, typ rogatory.EntryType, by rogatory.Actor, at rogatory.Instant) error {
	view, err := json.Marshal(n)
	if err == nil {
		err = tx.PutPaper(store.Paper{Kind: notePaper, ID: n.ID, At: n.Written, View: view})
	}
	if err != nil {
		return err
	}
	_, err = d.Ledger.Record(tx, rogatory.Entry{Type: typ, At: at, By: by, Name: n.ID, Why: "SHA-256 " + rogatory.DigestOf(view).String()})
	return err
}

// ReadNote acknowledges a note. Only the next person on duty can: see desk.Note.Acknowledge.
func (d *Desk) ReadNote(ctx context.Context, by rogatory.Actor, id string) (desk.Note, error) {
	if err := docket.MayRead(by); err != nil {
		return desk.Note{}, err
	}
	r, err := d.rota()
	if err != nil {
		return desk.Note{}, err
	}
	var n desk.Note
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Paper(notePaper, id)
		if err != nil {
			return err
		}
		if err := json.Unmarshal(row.View, &n); err != nil {
			return rogatory.Fault(rogatory.Damaged, "note_damaged", "read note %s: %w", id, err)
		}
		now := d.now()
		if n, err = n.Acknowledge(r, d.personOf(by.Name), now); err != nil {
			return err
		}
		return d.file(tx, n, rogatory.NoteRead, by, now)
	})
	return n, err
}

// Points returns the contact points of parties of the directory, with who of our office called them last.
func (d *Desk) Points(ctx context.Context, by rogatory.Actor, parties []rogatory.Party) ([]desk.Point, error) {
	if err := docket.MayRead(by); err != nil {
		return nil, err
	}
	var seen []desk.Verification
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Papers(callPaper, 0)
		for _, row := range rows {
			var v desk.Verification
			if err := json.Unmarshal(row.View, &v); err != nil {
				return rogatory.Fault(rogatory.Damaged, "call_damaged", "read the call %s: %w", row.ID, err)
			}
			seen = append(seen, v)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var points []desk.Point
	for _, p := range parties {
		points = append(points, desk.PointsOf(p, seen)...)
	}
	return points, nil
}

// Verified records that a person of our office called a contact point on the number of the directory, and was
// answered by it. The code of its error is contact_unknown where the directory has no such point or number.
func (d *Desk) Verified(ctx context.Context, by rogatory.Actor, party rogatory.Party, point, number string) error {
	return d.looked(ctx, by, party, desk.Verification{Point: point, Number: number})
}

// maxDoubt bounds what is said of a wrong entry: a few sentences.
const maxDoubt = 1000

// Doubted records that what the directory says of a contact point is wrong, and what. It stands beside the entry until
// somebody verifies it, or until the directory has another number. Words are needed (contact_words).
func (d *Desk) Doubted(ctx context.Context, by rogatory.Actor, party rogatory.Party, point, number, wrong string) error {
	if wrong = strings.TrimSpace(wrong); wrong == "" || len(wrong) > maxDoubt {
		return rogatory.Fault(rogatory.Invalid, "contact_words", "say in a few sentences what is wrong with the entry of %s", party.Code)
	}
	return d.looked(ctx, by, party, desk.Verification{Point: point, Number: number, Wrong: wrong})
}

func (d *Desk) looked(ctx context.Context, by rogatory.Actor, party rogatory.Party, v desk.Verification) error {
	if err := docket.MayRead(by); err != nil {
		return err
	}
	if !slices.ContainsFunc(party.ContactPoints, func(c rogatory.ContactPoint) bool {
		return c.Name == v.Point && desk.SameNumber(c.Telephone, v.Number)
	}) {
		return rogatory.Fault(rogatory.NotFound, "contact_unknown", "the directory has no contact point %.60q of %s with that number", v.Point, party.Code)
	}
	v.State, v.By, v.At = party.Code, by.Name, d.now()
	view, err := json.Marshal(v)
	if err != nil {
		return err
	}
	id, err := rogatory.NewMessageID(d.Random, d.Clock.Now())
	if err != nil {
		return err
	}
	typ, why := rogatory.ContactVerified, v.Number
	if v.Wrong != "" {
		typ, why = rogatory.ContactDoubted, v.Wrong
	}
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if err := tx.PutPaper(store.Paper{Kind: callPaper, ID: string(id), At: v.At, View: view}); err != nil {
			return err
		}
		_, err := d.Ledger.Record(tx, rogatory.Entry{Type: typ, At: v.At, By: by, Name: fmt.Sprintf("%s: %s", v.State, v.Point), Why: why})
		return err
	})
}
