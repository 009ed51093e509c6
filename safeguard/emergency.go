// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"time"

	"rogatory"
)

// How long an emergency lasts and how soon it is reviewed. They are ours: Art 41(3)(e) has no figures. An emergency is
// an imminent risk (Art 2(o)); what is still needed after a week is asked for in the ordinary way.
const (
	EmergencyLasts = 7 * 24 * time.Hour
	ReviewWithin   = 72 * time.Hour
)

// Emergency is one use of the emergency channel, as the journal has it.
type Emergency struct {
	Request  rogatory.RequestID `json:"request"`
	State    rogatory.StateCode `json:"state"` // that asks
	Opened   rogatory.Instant   `json:"opened"`
	Reviewed rogatory.Instant   `json:"reviewed,omitzero"`
	// Reviewer is who reviewed it, who may not be among Deciders.
	Reviewer string   `json:"reviewer,omitempty"`
	Deciders []string `json:"deciders,omitempty"`
}

// Expires returns when the emergency ends: at that instant it is over.
func (e Emergency) Expires() rogatory.Instant { return e.Opened.Add(EmergencyLasts) }

// ReviewDue returns until when it has to be reviewed.
func (e Emergency) ReviewDue() rogatory.Instant { return e.Opened.Add(ReviewWithin) }

// reviewed reports whether somebody who did not decide it has reviewed it by now.
func (e Emergency) reviewed(now rogatory.Instant) bool {
	if e.Reviewed == 0 || e.Reviewed > now || e.Reviewer == "" {
		return false
	}
	for _, d := range e.Deciders {
		if d == e.Reviewer {
			return false
		}
	}
	return true
}

// Standing is what the emergency channel with one State is like at a moment. It may preserve at once, whatever the
// standing: nobody sees what is preserved.
type Standing struct {
	// Unreviewed are those whose review is overdue: each blocks the next emergency disclosure to that State.
	Unreviewed []rogatory.RequestID `json:"unreviewed,omitempty"`
	Pending    []rogatory.RequestID `json:"pending,omitempty"` // still to be reviewed, in time
	Running    int                  `json:"running"`           // not expired
	Used       int                  `json:"used"`              // in the last thirty days
}

// Channel says how the emergency channel with a State stands.
func Channel(history []Emergency, state rogatory.StateCode, now rogatory.Instant) Standing {
	var s Standing
	for _, e := range history {
		if e.State != state || e.Opened > now {
			continue
		}
		if now < e.Expires() {
			s.Running++
		}
		if now.Sub(e.Opened) <= 30*24*time.Hour {
			s.Used++
		}
		switch {
		case e.reviewed(now):
		case now >= e.ReviewDue():
			s.Unreviewed = append(s.Unreviewed, e.Request)
		default:
			s.Pending = append(s.Pending, e.Request)
		}
	}
	return s
}

// Facts returns f as of an emergency: the others of that State that nobody reviewed in time, and whether this one is
// over. Its own missing review does not block it, for it can only come after.
func (e Emergency) Facts(history []Emergency, now rogatory.Instant, f Facts) Facts {
	var others []Emergency
	for _, o := range history {
		if o.Request != e.Request {
			others = append(others, o)
		}
	}
	f.Emergency = Yes
	f.EmergencyExpired = True(now >= e.Expires())
	f.EmergencyUnreviewed = Number(int64(len(Channel(others, e.State, now).Unreviewed)))
	return f
}

// Ordinary returns f as of a request that is no emergency.
func Ordinary(f Facts) Facts {
	f.Emergency, f.LifeReason, f.EmergencyExpired, f.EmergencyUnreviewed = No, No, No, Number(0)
	return f
}
