// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"fmt"

	"rogatory"
)

// Penalty is the maximum deprivation of liberty for an offence in one State, in whole years.
type Penalty struct {
	Years    *int `json:"years"`               // nil: unknown
	RaisedOn Date `json:"raised_on,omitempty"` // the last rise, if known
}

// RecentYears is how long a rise of a penalty is told: a State that raises penalties in order to
// pass the threshold should be seen to do so.
const RecentYears = 2

// SeriousOutcome says by whose law an offence is a serious crime.
type SeriousOutcome string

// The outcomes of the test of a serious crime.
const (
	ByBoth        SeriousOutcome = "both"
	ByOne         SeriousOutcome = "one"
	ByNone        SeriousOutcome = "none"
	SeriousUnsure SeriousOutcome = "unknown" // at least one penalty is not known
)

// SeriousCrime is the test of Art 2(h) on both sides. The Convention does not say whose law decides,
// so neither is left out.
type SeriousCrime struct {
	Outcome        SeriousOutcome `json:"outcome"`
	Requesting     Penalty        `json:"requesting"`
	Requested      Penalty        `json:"requested"`
	RequestingMeet Outcome        `json:"requesting_outcome"`
	RequestedMeet  Outcome        `json:"requested_outcome"`
	Why            string         `json:"why"`
	Warnings       []Note         `json:"warnings"`
}

// serious is the test on one penalty.
func (p Penalty) serious() Outcome {
	switch {
	case p.Years == nil:
		return Unclear
	case *p.Years >= rogatory.SeriousCrimeYears:
		return Met
	}
	return NotMet
}

// Serious compares both States' maximum penalties with the threshold of Art 2(h), on a day.
func (c *Catalogue) Serious(requesting, requested Penalty, on Date) SeriousCrime {
	s := SeriousCrime{Requesting: requesting, Requested: requested, RequestingMeet: requesting.serious(), RequestedMeet: requested.serious(), Warnings: []Note{}}
	a, b := s.RequestingMeet, s.RequestedMeet
	switch {
	case a == Unclear || b == Unclear:
		s.Outcome = SeriousUnsure
	case a == Met && b == Met:
		s.Outcome = ByBoth
	case a == Met || b == Met:
		s.Outcome = ByOne
	default:
		s.Outcome = ByNone
	}
	s.Why = fmt.Sprintf("requesting State: %s, requested State: %s, threshold: %d years", requesting.years(), requested.years(), c.SeriousCrime.Years)
	if s.Outcome == ByOne || s.Outcome == SeriousUnsure {
		s.warn(c, "the text does not say whose law decides")
	}
	for _, side := range []struct {
		name    string
		penalty Penalty
	}{{"requesting", requesting}, {"requested", requested}} {
		switch d := side.penalty.RaisedOn; {
		case d == "":
		case d > on:
			s.warn(c, "the penalty of the %s State rises only on %s", side.name, d)
		case d > on.yearsBefore(RecentYears):
			s.warn(c, "the penalty of the %s State was raised on %s, less than %d years before", side.name, d, RecentYears)
		}
	}
	return s
}

func (s *SeriousCrime) warn(c *Catalogue, format string, args ...any) {
	s.Warnings = append(s.Warnings, Note{Text: fmt.Sprintf(format, args...), Article: c.SeriousCrime.Article, Verified: c.SeriousCrime.Verified})
}

func (p Penalty) years() string {
	switch {
	case p.Years == nil:
		return "unknown"
	case *p.Years >= Life:
		return "life"
	case *p.Years == 1:
		return "1 year"
	}
	return fmt.Sprintf("%d years", *p.Years)
}
