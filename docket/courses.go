// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"unique"

	"rogatory"
	"rogatory/statistics"
	"rogatory/store"
)

// coursePage is how many requests are read at once, within one view of the store: a view that is kept long holds up
// the store's housekeeping.
const coursePage = 200

// noLimits are deadlines that nobody has to keep: the end of a preservation, a measure, a hearing or a
// secrecy comes by itself. Who is told, and who reviews an emergency, says nothing of the cooperation.
var noLimits = map[string]bool{PreservationEnd: true, MeasureEnd: true, HearingEnd: true, SecrecyEnd: true, EmergencyEnd: true, TellingDue: true, EmergencyDue: true}

// Courses passes what each request adds to the figures, drafts left out, by reference: one pass over the store, in
// memory for a page of requests. What happens meanwhile may be counted or not. It ends with the first error of each.
func (o *Office) Courses(ctx context.Context, by rogatory.Actor, each func(statistics.Case) error) error {
	if err := MayRead(by); err != nil {
		return err
	}
	now := o.now()
	for after := rogatory.RequestID(""); ; {
		var page []statistics.Case
		more := false
		err := o.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := tx.RequestsFrom(after, coursePage)
			if err != nil {
				return err
			}
			page, more = make([]statistics.Case, 0, len(rows)), len(rows) == coursePage
			for _, row := range rows {
				after = row.ID
				if row.State == rogatory.Drafted || row.Kind == rogatory.ContactDrill { // a drill is no request
					continue
				}
				c, err := o.course(tx, row, now)
				if err != nil {
					return err
				}
				page = append(page, c)
			}
			return nil
		})
		if err != nil {
			return err
		}
		for _, c := range page {
			if err := each(c); err != nil {
				return err
			}
		}
		if !more {
			return nil
		}
	}
}

// course reads one request: how it stands from its file, when what happened from its journal entries.
func (o *Office) course(tx *store.Tx, row store.Request, now rogatory.Instant) (statistics.Case, error) {
	var f struct { // the little of File that counts
		Verdict   *rogatory.Verdict `json:"verdict"`
		Deadlines []Deadline        `json:"deadlines"`
	}
	if err := json.Unmarshal(row.View, &f); err != nil {
		return statistics.Case{}, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
	}
	c := statistics.Case{Side: shared(row.Side), Peer: shared(row.Peer), Kind: shared(row.Kind), State: shared(row.State)}
	if kind, err := o.Rules.Kind(row.Kind); err == nil {
		c.Emergency = kind.Urgent
	}
	if f.Verdict != nil {
		c.Outcome, c.Ground = shared(f.Verdict.Outcome), shared(f.Verdict.Ground)
	}
	for _, d := range f.Deadlines {
		if noLimits[d.Name] {
			continue
		}
		c.Limited = true
		c.Overdue = c.Overdue || d.State == Passed || d.State == Running && d.Due < now
	}
	rows, err := tx.EntriesOf(row.ID, -1, store.MaxRows)
	if err != nil {
		return statistics.Case{}, err
	}
	for _, entry := range rows {
		act, from, ok, err := said(entry)
		if err != nil {
			return statistics.Case{}, err
		}
		if !ok {
			continue
		}
		by := row.Side
		if from != o.Us.State {
			by = by.Other()
		}
		if entry.Type == rogatory.MessageReceipted {
			if act == rogatory.Send {
				c.At.First(statistics.Receipted, entry.At)
			}
			continue
		}
		mark(&c, by, act, entry.At)
	}
	return c, nil
}

// shared keeps one copy of a word that thousands of requests have.
func shared[T ~string](word T) T { return unique.Make(word).Value() }

// said returns who did what by an entry; false if it records no act of a request.
func said(entry store.Entry) (act rogatory.Act, from rogatory.StateCode, ok bool, err error) {
	switch entry.Type {
	case rogatory.MessageSent, rogatory.MessageReceived, rogatory.MessageReceipted, rogatory.RequestRecorded, rogatory.ActRecorded:
	default:
		return "", "", false, nil
	}
	var e struct { // the little of rogatory.Entry that counts
		Message *rogatory.MessageRef `json:"message"`
		Said    *struct {
			Act  rogatory.Act     `json:"act"`
			From rogatory.Address `json:"from"`
		} `json:"said"`
	}
	if err := json.Unmarshal(entry.Body, &e); err != nil {
		return "", "", false, rogatory.Fault(rogatory.Damaged, "entry_damaged", "read entry %d: %w", entry.Index, err).WithHint("run rogatory fsck")
	}
	switch {
	case e.Message != nil:
		return e.Message.Act, e.Message.From, true, nil
	case e.Said != nil:
		return e.Said.Act, e.Said.From.State, true, nil
	}
	return "", "", false, nil
}

// mark sets the moments that an act of a side is.
func mark(c *statistics.Case, by rogatory.Side, act rogatory.Act, at rogatory.Instant) {
	if by == rogatory.RequestingSide {
		switch act {
		case rogatory.Send:
			if c.Side == rogatory.RequestingSide {
				c.At.First(statistics.Sent, at)
			} else {
				c.At.First(statistics.Receipted, at)
			}
		case rogatory.Take:
			c.At.First(statistics.Taken, at)
		case rogatory.Close:
			c.At.First(statistics.Closed, at)
		}
		return
	}
	switch act {
	case rogatory.Acknowledge, rogatory.AskMore, rogatory.Consult, rogatory.Postpone, rogatory.Accept, rogatory.Refuse:
		c.At.First(statistics.Acknowledged, at)
	}
	switch act {
	case rogatory.Accept, rogatory.Refuse:
		c.At.First(statistics.Decided, at)
	case rogatory.Preserve:
		c.At.First(statistics.Preserved, at)
	case rogatory.Start:
		c.At.First(statistics.Started, at)
	case rogatory.Offer:
		c.At.First(statistics.Offered, at)
	case rogatory.Execute:
		c.At.First(statistics.Executed, at)
	}
	switch act {
	case rogatory.Execute, rogatory.Refuse, rogatory.Release, rogatory.Stop:
		c.At.First(statistics.Ended, at)
	}
}
