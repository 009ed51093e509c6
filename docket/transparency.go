// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"rogatory"
	"rogatory/store"
	"rogatory/transparency"
	"rogatory/treaty"
)

// Transparency passes what each request adds to the published reports: a mark for each event, with the entry that
// recorded it. It reads as Courses does, for the node itself: nobody sees it.
func (o *Office) Transparency(ctx context.Context, each func(transparency.Case)) error {
	for after := rogatory.RequestID(""); ; {
		var page []transparency.Case
		more := false
		err := o.Store.View(ctx, func(tx *store.Tx) error {
			rows, err := tx.RequestsFrom(after, coursePage)
			if err != nil {
				return err
			}
			page, more = make([]transparency.Case, 0, len(rows)), len(rows) == coursePage
			for _, row := range rows {
				after = row.ID
				c, err := o.transparent(tx, row)
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
			if c.Opened.Entry != 0 {
				each(c)
			}
		}
		if !more {
			return nil
		}
	}
}

// transparent reads one request.
func (o *Office) transparent(tx *store.Tx, row store.Request) (transparency.Case, error) {
	rows, err := tx.EntriesOf(row.ID, -1, store.MaxRows)
	if err != nil {
		return transparency.Case{}, err
	}
	return counted(o.Rules, o.Us.State, row, rows)
}

// counted is what a request adds to the reports by its file and its entries. Its ground and outcome are those of its
// refusal and execution, after which no act changes them, so that they can be read again later of any week.
func counted(rules Rulebook, us rogatory.StateCode, row store.Request, rows []store.Entry) (transparency.Case, error) {
	var f struct { // the little of File that counts
		Request struct {
			Offence rogatory.Offence `json:"offence"`
		} `json:"request"`
		Verdict *rogatory.Verdict `json:"verdict"`
	}
	if err := json.Unmarshal(row.View, &f); err != nil {
		return transparency.Case{}, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
	}
	c := transparency.Case{Side: shared(row.Side), Peer: shared(row.Peer), Kind: shared(row.Kind), Offences: offences(f.Request.Offence.Articles)}
	c.Emergency = urgent(rules, row.Kind)
	if f.Verdict != nil {
		c.Ground, c.Outcome = shared(f.Verdict.Ground), shared(f.Verdict.Outcome)
	}
	for _, entry := range rows {
		at := transparency.Mark{Entry: entry.Index + 1, At: entry.At}
		switch entry.Type {
		case rogatory.SubjectTold:
			c.Notified = c.Notified.Earlier(at)
		case rogatory.SubjectPostponed:
			c.Withheld = c.Withheld.Earlier(at)
		}
		act, from, ok, err := said(entry)
		if err != nil {
			return transparency.Case{}, err
		}
		if !ok || entry.Type == rogatory.MessageReceipted {
			continue
		}
		by := row.Side
		if from != us {
			by = by.Other()
		}
		note(&c, by, act, at)
	}
	return c, nil
}

var theConvention = sync.OnceValue(treaty.Convention)

// urgent reports whether a kind counts as an emergency. Of the Convention's own kinds the Convention's rules say so, whatever
// an office made of them: the share of emergencies means the same everywhere, and no office has fewer by calling them otherwise.
func urgent(rules Rulebook, id rogatory.RequestKind) bool {
	kind, err := theConvention().Kind(id)
	if err != nil {
		kind, err = rules.Kind(id)
	}
	return err == nil && kind.Urgent
}

// note sets the marks that an act of a side is.
func note(c *transparency.Case, by rogatory.Side, act rogatory.Act, at transparency.Mark) {
	set := func(m *transparency.Mark) { *m = m.Earlier(at) }
	if by == rogatory.RequestingSide {
		switch act {
		case rogatory.Send:
			set(&c.Opened)
		case rogatory.Withdraw:
			set(&c.Withdrawn)
		}
		return
	}
	switch act {
	case rogatory.Accept:
		set(&c.Accepted)
	case rogatory.Refuse:
		set(&c.Refused)
	case rogatory.Postpone:
		set(&c.Postponed)
	case rogatory.Execute:
		set(&c.Executed)
	}
	switch act {
	case rogatory.Preserve, rogatory.Start, rogatory.Offer, rogatory.Execute, rogatory.Refuse:
		set(&c.Answered)
	}
}

// offences are the Convention's articles that a request names, without their paragraphs, each once.
func offences(articles []string) []string {
	var all []string
	for _, a := range articles {
		number, _, _ := strings.Cut(a, "(")
		all = append(all, shared(number))
	}
	if len(all) == 0 {
		return []string{transparency.Other}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
