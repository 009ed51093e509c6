// SPDX-License-Identifier: Apache-2.0

package status

import (
	"cmp"
	"fmt"
	"slices"

	"rogatory"
)

// Event is something that happened on the way of the Convention, or will on a computed day.
type Event struct {
	When
	What     string             `json:"what"` // adopted, opened, signature, consent, fortieth, in_force, bound, withdrawal, left, closes, report
	State    rogatory.StateCode `json:"state,omitempty"`
	Text     string             `json:"text"`
	Article  string             `json:"article,omitempty"`
	Certain  Certainty          `json:"certainty,omitempty"`
	Computed bool               `json:"computed,omitempty"` // a consequence of other dates
	Verified bool               `json:"verified"`
}

// Timeline returns every event in the order of its earliest possible day.
func (d *Desk) Timeline() []Event {
	var all []Event
	clause := func(name, what, text string) {
		c := d.book.clauses[name]
		if c.Article == "" {
			text += " by " + c.Source
		}
		all = append(all, Event{When: When{On: c.Date}, What: what, Text: text, Article: c.Article, Verified: c.Verified})
	}
	clause("adopted", "adopted", "the Convention is adopted")
	clause("opened", "opened", "opened for signature")
	clause("closes", "closes", "last day to sign; afterwards accession only")
	for _, r := range d.book.Reports {
		all = append(all, Event{When: r.When, What: "report", Text: fmt.Sprintf("%d signatories are reported", r.Signatories), Article: "64(1)", Certain: Reported, Verified: r.Verified})
	}
	if d.entry != 0 {
		n, days := d.book.clauses["threshold"], d.book.clauses["entry_days"]
		all = append(all,
			Event{When: When{On: d.fortieth}, What: "fortieth", Text: fmt.Sprintf("instrument %d is deposited", n.Number), Article: n.Article, Computed: true, Verified: n.Verified},
			Event{When: When{On: d.entry}, What: "in_force", Text: "the Convention enters into force", Article: days.Article, Computed: true, Verified: n.Verified && days.Verified})
	}
	for _, p := range d.book.Participants {
		all = append(all, d.biography(p)...)
	}
	slices.SortStableFunc(all, func(a, b Event) int {
		return cmp.Or(cmp.Compare(a.Earliest(), b.Earliest()), cmp.Compare(a.Latest(), b.Latest()))
	})
	return all
}

// biography is one participant's part of the timeline.
func (d *Desk) biography(p Participant) []Event {
	state, _ := d.book.states.Get(p.Code) // the loader knows it
	l := d.lives[p.Code]
	var all []Event
	if f := p.Signature; f != nil {
		all = append(all, Event{When: f.When, What: "signature", State: p.Code, Text: state.Name + " signs", Article: "64(1)", Certain: f.Certainty, Verified: f.Verified})
	}
	for _, c := range p.Earlier {
		all = append(all, Event{When: c.When, What: "consent", State: p.Code, Text: fmt.Sprintf("%s: %s, withdrawn since on a day not known", state.Name, c.Kind), Article: "64", Certain: c.Certainty, Verified: c.Verified})
	}
	if c := p.Consent; c != nil {
		text := fmt.Sprintf("%s: %s deposited", state.Name, c.Kind)
		if !c.Dated() {
			text = fmt.Sprintf("%s: %s reported, day of deposit not seen", state.Name, c.Kind)
		}
		all = append(all, Event{When: c.When, What: "consent", State: p.Code, Text: text, Article: "64", Certain: c.Certainty, Verified: c.Verified})
	}
	if l.from > d.entry {
		all = append(all, Event{When: When{On: l.from}, What: "bound", State: p.Code, Text: "in force for " + state.Name, Article: "65(2)", Computed: true, Verified: p.Consent.Verified && d.ruleVerified("65(2)")})
	}
	if f := p.Withdrawal; f != nil {
		all = append(all, Event{When: f.When, What: "withdrawal", State: p.Code, Text: state.Name + " notifies its withdrawal", Article: "67(1)", Certain: f.Certainty, Verified: f.Verified})
	}
	if l.until != 0 {
		all = append(all, Event{When: When{On: l.until}, What: "left", State: p.Code, Text: "the withdrawal of " + state.Name + " takes effect", Article: "67(1)", Computed: true, Verified: p.Withdrawal.Verified && d.ruleVerified("67(1)")})
	}
	return all
}
