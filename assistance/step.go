// SPDX-License-Identifier: Apache-2.0

package assistance

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/datafile"
)

// Side is a State's part in a match.
type Side string

// The two sides.
const (
	NeedSide  Side = "need"
	OfferSide Side = "offer"
)

// Act is what moves a match.
type Act string

// The acts.
const (
	Propose  Act = "propose"
	Accept   Act = "accept"
	Deliver  Act = "deliver"
	Evaluate Act = "evaluate"
	Decline  Act = "decline"
)

// Stage is where a match stands.
type Stage string

// The stages of a match.
const (
	Proposed        Stage = "proposed"
	AcceptedByNeed  Stage = "accepted_by_need"
	AcceptedByOffer Stage = "accepted_by_offer"
	Agreed          Stage = "agreed" // accepted by both
	Delivered       Stage = "delivered"
	Evaluated       Stage = "evaluated"
	Declined        Stage = "declined"
)

// Transition is one row of the table of lawful steps.
type Transition struct {
	From Stage // nothing: the match begins
	Act  Act
	By   Side
	To   Stage
}

// Steps is the one table of lawful steps. The articles leave them to the two States (Art 54).
func Steps() []Transition {
	return []Transition{
		{"", Propose, NeedSide, Proposed},
		{"", Propose, OfferSide, Proposed},
		{Proposed, Accept, NeedSide, AcceptedByNeed},
		{Proposed, Accept, OfferSide, AcceptedByOffer},
		{AcceptedByOffer, Accept, NeedSide, Agreed},
		{AcceptedByNeed, Accept, OfferSide, Agreed},
		{Agreed, Deliver, OfferSide, Delivered},
		{Delivered, Evaluate, NeedSide, Evaluated},
		{Proposed, Decline, NeedSide, Declined},
		{Proposed, Decline, OfferSide, Declined},
		{AcceptedByNeed, Decline, NeedSide, Declined},
		{AcceptedByNeed, Decline, OfferSide, Declined},
		{AcceptedByOffer, Decline, NeedSide, Declined},
		{AcceptedByOffer, Decline, OfferSide, Declined},
		{Agreed, Decline, NeedSide, Declined},
		{Agreed, Decline, OfferSide, Declined},
	}
}

// Next returns the stage after the act by that side. It returns a Conflict when no row of the table
// allows it.
func Next(from Stage, act Act, by Side) (Stage, error) {
	for _, t := range Steps() {
		if t.From == from && t.Act == act && t.By == by {
			return t.To, nil
		}
	}
	var open []string
	for _, t := range Steps() {
		if t.From == from {
			open = append(open, fmt.Sprintf("%s by the side of the %s", t.Act, t.By))
		}
	}
	hint := "nothing is open any more"
	if len(open) > 0 {
		hint = "open is " + strings.Join(open, ", ")
	}
	return "", rogatory.Fault(rogatory.Conflict, "step_not_open", "%s by the side of the %s is not open while the match is %s", act, by, cmp.Or(from, "not proposed")).WithHint(hint)
}

// Step is what one State did to a match.
type Step struct {
	Act     Act                `json:"act"`
	By      rogatory.StateCode `json:"by"`
	On      Date               `json:"on"`
	Answers map[string]string  `json:"answers,omitempty"` // of an evaluation, by question
}

// Match brings a need and an offer together. Its stage follows from its steps, whatever the order in
// which they arrived.
type Match struct {
	Need  ID     `json:"need"`
	Offer ID     `json:"offer"`
	Steps []Step `json:"steps"`
}

// String returns the two references.
func (m Match) String() string { return string(m.Need) + " with " + string(m.Offer) }

// side returns the State's part in the match, or nothing.
func (m Match) side(s rogatory.StateCode) Side {
	switch s {
	case m.Need.State():
		return NeedSide
	case m.Offer.State():
		return OfferSide
	}
	return ""
}

// order is that in which steps count. A delivery counts before a refusal that crossed it: what was
// given cannot be declined any more.
var order = []Act{Propose, Accept, Deliver, Evaluate, Decline}

func compareSteps(a, b Step) int {
	return cmp.Or(cmp.Compare(slices.Index(order, a.Act), slices.Index(order, b.Act)), cmp.Compare(a.By, b.By))
}

// Stage returns where the match stands. A step that is not open, because steps crossed or the other
// State's are not here yet, moves nothing.
func (m Match) Stage() Stage {
	var at Stage
	for _, s := range slices.SortedFunc(slices.Values(m.Steps), compareSteps) {
		if to, err := Next(at, s.Act, m.side(s.By)); err == nil {
			at = to
		}
	}
	return at
}

// Take returns the match with one step more. It refuses a step that is not open, that is not for that
// State, or that lacks the answers of an evaluation; m is never changed.
func (m Match) Take(s Step, c Catalogue) (Match, error) {
	side := m.side(s.By)
	if side == "" {
		return Match{}, rogatory.Fault(rogatory.Denied, "not_a_side", "%s has no part in the match of %s", s.By, m)
	}
	if _, err := Next(m.Stage(), s.Act, side); err != nil {
		return Match{}, err
	}
	m.Steps = slices.SortedFunc(slices.Values(append(slices.Clone(m.Steps), s)), compareSteps)
	if err := m.check(c); err != nil {
		if _, ok := errors.AsType[*rogatory.Error](err); ok {
			return Match{}, err
		}
		return Match{}, rogatory.Fault(rogatory.Invalid, "step_invalid", "%s by %s in the match of %s: %w", s.Act, s.By, m, err)
	}
	return m, nil
}

func (m Match) check(c Catalogue) error {
	if m.Need.Side() != NeedSide || m.Offer.Side() != OfferSide || m.Need.State() == m.Offer.State() {
		return fmt.Errorf("a match of %.40q with %.40q is not one of a need and another State's offer", m.Need, m.Offer)
	}
	if len(m.Steps) == 0 {
		return fmt.Errorf("the match of %s has no steps", m)
	}
	for i, s := range m.Steps {
		if m.side(s.By) == "" {
			return fmt.Errorf("%.10q has no part in the match of %s", s.By, m)
		}
		if slices.ContainsFunc(m.Steps[:i], func(o Step) bool { return compareSteps(o, s) == 0 }) {
			return fmt.Errorf("step %s by %s is there twice", s.Act, s.By)
		}
		if !slices.ContainsFunc(Steps(), func(t Transition) bool { return t.Act == s.Act && t.By == m.side(s.By) }) {
			return fmt.Errorf("step %.20q is not one of the side of the %s", s.Act, m.side(s.By))
		}
		if err := checkStep(s, c); err != nil {
			return err
		}
	}
	return nil
}

// checkStep looks at a step by itself: its day, and the answers, which an evaluation has complete and
// nothing else has.
func checkStep(s Step, c Catalogue) error {
	if !s.On.Valid() {
		return fmt.Errorf("step %s on %.20q, which is no day", s.Act, s.On)
	}
	if s.Act != Evaluate {
		if s.Answers != nil { // an empty one is another content than none
			return errors.New("only an evaluation has answers")
		}
		return nil
	}
	for _, id := range slices.Sorted(maps.Keys(s.Answers)) {
		if !slices.ContainsFunc(c.Questions, func(q Question) bool { return q.ID == id }) {
			return rogatory.Fault(rogatory.Invalid, "question_unknown", "question %.40q is not in the evaluation", id).WithHint("rogatory assistance kinds lists the questions")
		}
	}
	for _, q := range c.Questions {
		a := s.Answers[q.ID]
		if a == "" || (len(q.Choices) > 0 && !slices.Contains(q.Choices, a)) {
			hint := q.Text
			if len(q.Choices) > 0 {
				hint += " Answer " + strings.Join(q.Choices, ", ")
			}
			return rogatory.Fault(rogatory.Invalid, "answer_missing", "question %s is answered %.40q", q.ID, a).WithHint(hint)
		}
		if err := datafile.CheckText("answer to "+q.ID, a, MaxAnswerRunes); err != nil {
			return err
		}
	}
	return noCaseData(s)
}
