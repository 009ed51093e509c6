// SPDX-License-Identifier: Apache-2.0

package rogatory

import "time"

// ContactDrill is the kind of a drill: a State tests whether another's point of contact answers (Art 41(1)). It is no
// request for cooperation, carries nothing of a case and nobody composes it.
const ContactDrill RequestKind = "drill"

// DrillTitle is what stands where a request has its title, so that a drill is one on whatever shows it.
const DrillTitle = "DRILL"

// Limits of drills, which both States have to hold alike.
const (
	// DrillsApart is how far apart two drills of one State by another are sent, by the clock of the one that sends:
	// people who are woken for nothing each night stop getting up. One that comes sooner is refused.
	DrillsApart = 24 * time.Hour
	// DrillPatience is how long a drill waits for an answer. It is no longer than DrillsApart, so that at most one
	// drill of a State by another is open.
	DrillPatience = 24 * time.Hour
	// DrillFiguresSpan bounds the period of one statement: a year, with which a reader can still do something.
	DrillFiguresSpan = 366 * 24 * time.Hour
)

// DrillSpread is how a number of times are distributed. Times that never came are longer than all others: with
// half the drills unanswered there is no median.
type DrillSpread struct {
	Answered int   `json:"answered"`
	Median   int64 `json:"median_ms,omitempty"` // milliseconds, nearest rank; zero: not reached
	P90      int64 `json:"p90_ms,omitempty"`    // the 90th percentile
}

// DrillFigures are the drills of one State's contact point by another in a period. They are compared whole.
type DrillFigures struct {
	By      StateCode   `json:"by"`
	Of      StateCode   `json:"of"`
	Mode    Mode        `json:"mode"`
	From    Instant     `json:"from"`
	To      Instant     `json:"to"` // does not belong to it
	Drills  int         `json:"drills"`
	Machine DrillSpread `json:"machine"`
	Human   DrillSpread `json:"human"`
}

// Valid reports whether f can be the figures of any drills at all. That they are those of certain drills is for
// whoever has these.
func (f DrillFigures) Valid() bool {
	span := f.To.Sub(f.From)
	if !f.By.Valid() || !f.Of.Valid() || f.By == f.Of || f.Mode != Exercise && f.Mode != Live ||
		f.From <= 0 || span <= 0 || span > DrillFiguresSpan || f.Drills < 0 || f.Drills > int(span/DrillsApart)+1 {
		return false
	}
	for _, s := range []DrillSpread{f.Machine, f.Human} {
		if s.Answered < 0 || s.Answered > f.Drills || s.Median < 0 || s.P90 < 0 || max(s.Median, s.P90) > DrillPatience.Milliseconds() ||
			s.Answered == 0 && s.Median+s.P90 > 0 || s.P90 > 0 && s.Median > s.P90 || s.P90 > 0 && s.Median == 0 {
			return false
		}
	}
	return true
}
