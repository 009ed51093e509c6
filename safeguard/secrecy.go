// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"strings"
	"time"

	"rogatory"
)

// Limits on secrecy, notices and suspensions. They are ours: the Convention asks for confidentiality (Art 40(20)) and
// for review (Art 24(2)), and names no time.
const (
	LongestSecrecy    = 365 * 24 * time.Hour // of one grant; a renewal is a grant with a reason of its own
	LongestPostponing = 180 * 24 * time.Hour // of a notice, by one decision
	LongestSuspension = 365 * 24 * time.Hour // until it is reviewed
)

// Grant is secrecy for a time, for a reason: of a request, or of a person not being told (Art 40(20)).
type Grant struct {
	By     string           `json:"by"`
	Reason string           `json:"reason"`
	From   rogatory.Instant `json:"from"`
	Until  rogatory.Instant `json:"until"` // at that instant it is over
}

// Valid reports whether the grant has a person, a reason of some words and an end that is not too far. One that has not
// keeps nothing secret.
func (g Grant) Valid() bool {
	return g.By != "" && words(g.Reason) >= MinWords && g.Until > g.From && g.Until.Sub(g.From) <= LongestSecrecy
}

// Secrecy says how secrecy stands at a moment.
type Secrecy struct {
	Secret bool             `json:"secret"`
	Until  rogatory.Instant `json:"until,omitzero"` // the last end of those that follow without a gap
	Void   []int            `json:"void,omitempty"` // grants without reason or end, by their place
	// Repeated are renewals whose reason is the one before, by their place: they count, and somebody should ask.
	Repeated []int `json:"repeated,omitempty"`
}

// Secret says how secrecy stands under its grants, oldest first. It ends by itself: a grant that was not renewed is
// over, and nobody has to lift it (AB-15).
func Secret(grants []Grant, now rogatory.Instant) Secrecy {
	var s Secrecy
	before := ""
	for i, g := range grants {
		if !g.Valid() {
			s.Void = append(s.Void, i)
			continue
		}
		if bare := bareText(g.Reason); bare == before {
			s.Repeated = append(s.Repeated, i)
		} else {
			before = bare
		}
		if g.From <= now && now < g.Until {
			s.Secret = true
			s.Until = max(s.Until, g.Until)
		}
	}
	for changed := s.Secret; changed; {
		changed = false
		for _, g := range grants {
			if g.Valid() && g.From <= s.Until && g.Until > s.Until {
				s.Until, changed = g.Until, true
			}
		}
	}
	return s
}

// Postponement says who put a notice off, why and until when.
type Postponement struct {
	By    string           `json:"by"`
	Why   string           `json:"why"`
	At    rogatory.Instant `json:"at"`
	Until rogatory.Instant `json:"until"`
}

// SubjectNotice is what a person affected is to be told, and when. (What colleagues are told by day is of package notice.) Whom it concerns is a reference of the office.
type SubjectNotice struct {
	Request   rogatory.RequestID `json:"request"`
	Person    string             `json:"person"`
	Due       rogatory.Instant   `json:"due"`
	Postponed []Postponement     `json:"postponed,omitempty"`
	Told      rogatory.Instant   `json:"told,omitzero"`
	// Impossible is why a person can never be told, such as that nobody knows who it is; it is a decision with a reason.
	Impossible string `json:"impossible,omitempty"`
}

// NoticeState is how a notice stands.
type NoticeState string

// The states of a notice.
const (
	NoticeWaits     NoticeState = "waits"
	NoticePostponed NoticeState = "postponed"
	NoticeDue       NoticeState = "due"
	NoticeTold      NoticeState = "told"
	NoticeNever     NoticeState = "never" // with a reason
)

// At says how the notice stands, and when that changes by itself. A postponement without a person, without a reason of
// some words or for too long does not count: its place is in void.
func (n SubjectNotice) At(now rogatory.Instant) (state NoticeState, until rogatory.Instant, void []int) {
	due := n.Due
	for i, p := range n.Postponed {
		if p.By == "" || words(p.Why) < MinWords || p.Until <= p.At || p.Until.Sub(p.At) > LongestPostponing || p.At > now {
			void = append(void, i)
			continue
		}
		due = max(due, p.Until)
	}
	switch {
	case n.Told != 0 && n.Told <= now:
		return NoticeTold, 0, void
	case words(n.Impossible) >= MinWords:
		return NoticeNever, 0, void
	case now >= due:
		return NoticeDue, 0, void
	case due > n.Due:
		return NoticePostponed, due, void
	}
	return NoticeWaits, due, void
}

// Suspension is that an office stops cooperation with a State that abuses it, for a reason, until a review.
type Suspension struct {
	State  rogatory.StateCode `json:"state"`
	Reason string             `json:"reason"`
	By     []Approval         `json:"by"` // two people of two roles
	From   rogatory.Instant   `json:"from"`
	Review rogatory.Instant   `json:"review"`
	// Reviewed are the moments of reviews that kept it, each with the next review.
	Reviewed []Review `json:"reviewed,omitempty"`
	Lifted   *Lifting `json:"lifted,omitempty"`
}

// Review keeps a suspension until the next one.
type Review struct {
	By     string           `json:"by"`
	Reason string           `json:"reason"`
	At     rogatory.Instant `json:"at"`
	Next   rogatory.Instant `json:"next"`
}

// Lifting ends a suspension.
type Lifting struct {
	By     []Approval       `json:"by"` // two people of two roles
	Reason string           `json:"reason"`
	At     rogatory.Instant `json:"at"`
}

// Valid reports whether the suspension has a reason, two people of two roles and a review that is not too far.
func (s Suspension) Valid() bool {
	return strings.TrimSpace(string(s.State)) != "" && words(s.Reason) >= MinWords && enough(s.By) && s.Review > s.From && s.Review.Sub(s.From) <= LongestSuspension
}

// Suspended says whether cooperation with a State is suspended at a moment, and whether its review is overdue. A review
// that is overdue lifts nothing by itself: it is a task, and every act towards that State shows it.
func Suspended(history []Suspension, state rogatory.StateCode, now rogatory.Instant) (suspended, overdue bool) {
	for _, s := range history {
		if s.State != state || !s.Valid() || s.From > now {
			continue
		}
		if l := s.Lifted; l != nil && l.At <= now && l.At >= s.From && words(l.Reason) >= MinWords && enough(l.By) {
			continue
		}
		next := s.Review
		for _, r := range s.Reviewed {
			if r.By != "" && words(r.Reason) >= MinWords && r.At <= now && r.Next > r.At && r.Next.Sub(r.At) <= LongestSuspension {
				next = max(next, r.Next)
			}
		}
		suspended = true
		overdue = overdue || now >= next
	}
	return suspended, overdue
}
