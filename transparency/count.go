// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"cmp"
	"slices"
	"time"

	"rogatory"
)

// Mark is an event of a request: the entry of the journal that recorded it, and when. It has not happened if
// Entry is zero.
type Mark struct {
	Entry int64 // counted from 1
	At    rogatory.Instant
}

// Earlier returns the mark that stands first in the journal.
func (m Mark) Earlier(other Mark) Mark {
	if m.Entry == 0 || other.Entry != 0 && other.Entry < m.Entry {
		return other
	}
	return m
}

// by reports whether it stands among the first n entries.
func (m Mark) by(n int64) bool { return m.Entry != 0 && m.Entry <= n }

// Case is what a request adds to the reports: no name, no reference, no content.
type Case struct {
	Side      rogatory.Side // this State's
	Peer      rogatory.StateCode
	Kind      rogatory.RequestKind
	Offences  []string // articles of the Convention, "7" to "17"; Other for a request without any
	Emergency bool     // its kind is urgent by the rules
	Ground    rogatory.Ground
	Outcome   rogatory.Outcome

	Opened    Mark // sent by us, or arrived here
	Accepted  Mark
	Refused   Mark // for Ground
	Postponed Mark
	Executed  Mark // with Outcome
	Withdrawn Mark
	Answered  Mark // the first preservation, measure, exhibit, execution or refusal
	Notified  Mark // a person concerned was told
	Withheld  Mark // the notice to a person concerned was postponed
}

// Table is what the cells of a report tell requests apart by.
type Table string

// The tables.
const (
	Requests  Table = "requests" // all of one direction: the key is All
	ByKind    Table = "kind"
	ByState   Table = "state" // the other State
	ByOffence Table = "offence"
	ByOutcome Table = "outcome"
	ByGround  Table = "ground"
	ByDelay   Table = "delay" // until the first answer
	ByNotice  Table = "notice"
)

// Tables lists the tables in the order of a report.
func Tables() []Table {
	return []Table{Requests, ByKind, ByState, ByOffence, ByOutcome, ByGround, ByDelay, ByNotice}
}

// Keys of the tables that have keys of their own.
const (
	All       = "all"
	Emergency = "emergency"
	Other     = "other"

	Accepted  = "accepted"
	Refused   = "refused"
	Postponed = "postponed"
	Executed  = "executed"
	Withdrawn = "withdrawn"

	Notified = "notified"
	Withheld = "postponed"
)

// Delay is a class of the table of delays: answered within so long, and not within the class before.
type Delay struct {
	Key    string
	Within time.Duration // zero: longer than all others
}

// Delays lists the classes, the shortest first.
func Delays() []Delay {
	const day = 24 * time.Hour
	return []Delay{{"within_1_day", day}, {"within_3_days", 3 * day}, {"within_7_days", 7 * day}, {"within_30_days", 30 * day}, {"within_90_days", 90 * day}, {"longer", 0}}
}

func delayOf(took time.Duration) string {
	for _, d := range Delays() {
		if d.Within == 0 || took <= d.Within {
			return d.Key
		}
	}
	return ""
}

// Key names a cell of a report.
type Key struct {
	Side  rogatory.Side `json:"side"` // this State's part in the requests
	Table Table         `json:"table"`
	Key   string        `json:"key"`
}

func (k Key) compare(other Key) int {
	return cmp.Or(cmp.Compare(k.Side, other.Side), cmp.Compare(slices.Index(Tables(), k.Table), slices.Index(Tables(), other.Table)), cmp.Compare(k.Key, other.Key))
}

// Count counts every cell by what the first entries of the journal recorded. Each of its numbers can only
// grow with entries. They are not for publication: Next makes of them what is.
func Count(cases []Case, entries int64) map[Key]int {
	counts := map[Key]int{}
	for _, c := range cases {
		if !c.Opened.by(entries) {
			continue
		}
		add := func(m Mark, t Table, key string) {
			if m.by(entries) {
				counts[Key{c.Side, t, key}]++
			}
		}
		add(c.Opened, Requests, All)
		if c.Emergency {
			add(c.Opened, Requests, Emergency)
		}
		add(c.Opened, ByKind, string(c.Kind))
		add(c.Opened, ByState, string(c.Peer))
		for _, o := range c.Offences {
			add(c.Opened, ByOffence, o)
		}
		add(c.Accepted, ByOutcome, Accepted)
		add(c.Refused, ByOutcome, Refused)
		add(c.Postponed, ByOutcome, Postponed)
		add(c.Executed, ByOutcome, Executed)
		add(c.Withdrawn, ByOutcome, Withdrawn)
		if c.Ground != "" {
			add(c.Refused, ByGround, string(c.Ground))
		}
		if c.Outcome != "" {
			add(c.Executed, ByOutcome, "executed:"+string(c.Outcome))
		}
		add(c.Answered, ByDelay, delayOf(max(0, c.Answered.At.Sub(c.Opened.At))))
		add(c.Notified, ByNotice, Notified)
		add(c.Withheld, ByNotice, Withheld)
	}
	return counts
}
