// SPDX-License-Identifier: Apache-2.0

// Package statistics is what the office's figures are: how long each stage of a request takes, how many are
// overdue, how many are emergencies; by kind, State, outcome and ground, between two dates.
//
// It promises that each figure is a pure function of values that hold no content of a case, that its definition
// stands beside it, and that the number of requests behind it (n) comes with it. A median and a 90th percentile
// are times that a request really took: none is made up between two. It refuses nothing and judges nobody. There
// is no clock, no disk and no error.
package statistics

import (
	"cmp"
	"slices"
	"time"

	"rogatory"
)

// Moment is a point in the life of a request, as the office's own journal recorded it.
type Moment int

// The moments, in the order of a request's life.
const (
	Sent         Moment = iota // by us; not known of what another State sent: it is receipted when it arrives here
	Receipted                  // by the other State, when the receipt came here; or arrived here
	Acknowledged               // the requested State's first answer by a person, whatever it says
	Decided                    // first accepted or refused
	Preserved                  // data preserved, Art 42
	Started                    // a measure that runs for a time began
	Offered                    // first exhibit offered by the requested State
	Taken                      // first exhibit taken by the requesting State
	Executed                   // executed
	Ended                      // executed, refused, released or stopped, whichever came first; withdrawal is no end of this kind
	Closed                     // closed

	moments
)

// Moments holds when each moment was; zero where it was not.
type Moments [moments]rogatory.Instant

// First sets a moment that is not set yet: what happens again changes nothing.
func (m *Moments) First(which Moment, at rogatory.Instant) {
	if m[which] == 0 {
		m[which] = at
	}
}

// Case is what a request adds to the figures. It names no person and holds nothing of its content.
type Case struct {
	Side      rogatory.Side // ours
	Peer      rogatory.StateCode
	Kind      rogatory.RequestKind
	State     rogatory.State
	Outcome   rogatory.Outcome // of the decision or execution, if one was given
	Ground    rogatory.Ground  // of the last refusal or postponement
	Emergency bool             // its kind is urgent by the rules
	Limited   bool             // it had a time limit that somebody has to keep
	Overdue   bool             // and at least one was not kept, or has run past
	At        Moments
}

// Opened is when the request began to count: sent by us, or arrived here. A draft has none.
func (c Case) Opened() rogatory.Instant { return cmp.Or(c.At[Sent], c.At[Receipted]) }

// answered is when the requested State first gave something: preservation, a measure, an exhibit, execution or refusal.
func (c Case) answered() rogatory.Instant {
	var first rogatory.Instant
	for _, m := range []Moment{Preserved, Started, Offered, Executed, Ended} {
		if at := c.At[m]; at != 0 && (first == 0 || at < first) {
			first = at
		}
	}
	return first
}

// Stage is a part of a request's life that is measured.
type Stage string

// The stages. Each is measured of the requests that have both of its ends.
const (
	Delivery        Stage = "delivery"        // Sent to Receipted: only requests that we sent
	Acknowledgement Stage = "acknowledgement" // Receipted to Acknowledged
	Decision        Stage = "decision"        // Acknowledged to Decided
	Preservation    Stage = "preservation"    // Decided to Preserved
	Measure         Stage = "measure"         // Decided to Started
	Offer           Stage = "offer"           // Decided to Offered
	Taking          Stage = "taking"          // Offered to Taken
	Execution       Stage = "execution"       // Decided to Executed
	Answer          Stage = "answer"          // Opened to the first of Preserved, Started, Offered, Executed and Ended
	Closing         Stage = "closing"         // Ended to Closed
)

// Stages lists the stages in the order of a request's life.
func Stages() []Stage {
	return []Stage{Delivery, Acknowledgement, Decision, Preservation, Measure, Offer, Taking, Execution, Answer, Closing}
}

// Took returns how long the stage took, false if one of its ends is missing. A clock that was set back makes it zero,
// not less.
func (c Case) Took(s Stage) (time.Duration, bool) {
	var from, to rogatory.Instant
	switch s {
	case Delivery:
		from, to = c.At[Sent], c.At[Receipted]
	case Acknowledgement:
		from, to = c.At[Receipted], c.At[Acknowledged]
	case Decision:
		from, to = c.At[Acknowledged], c.At[Decided]
	case Preservation:
		from, to = c.At[Decided], c.At[Preserved]
	case Measure:
		from, to = c.At[Decided], c.At[Started]
	case Offer:
		from, to = c.At[Decided], c.At[Offered]
	case Taking:
		from, to = c.At[Offered], c.At[Taken]
	case Execution:
		from, to = c.At[Decided], c.At[Executed]
	case Answer:
		from, to = c.Opened(), c.answered()
	case Closing:
		from, to = c.At[Ended], c.At[Closed]
	}
	if from == 0 || to == 0 {
		return 0, false
	}
	return max(0, to.Sub(from)), true
}

// Query says which requests count. An empty field means any.
type Query struct {
	From, To rogatory.Instant // opened from, and before
	Side     rogatory.Side
	Kind     rogatory.RequestKind
	Peer     rogatory.StateCode
}

func (q Query) takes(c *Case) bool {
	at := c.Opened()
	return at != 0 && (q.From == 0 || at >= q.From) && (q.To == 0 || at < q.To) && (q.Side == "" || c.Side == q.Side) &&
		(q.Kind == "" || c.Kind == q.Kind) && (q.Peer == "" || c.Peer == q.Peer)
}

// Spread is what is shown of many durations. N is how many there are; the other figures are zero if there is none.
type Spread struct {
	N      int
	Median time.Duration // half of them took at most this long
	P90    time.Duration // nine in ten took at most this long
}

// SpreadOf returns the spread of durations by the nearest rank. It sorts them.
func SpreadOf(all []time.Duration) Spread {
	if len(all) == 0 {
		return Spread{}
	}
	slices.Sort(all)
	rank := func(percent int) time.Duration { return all[(len(all)*percent+99)/100-1] }
	return Spread{len(all), rank(50), rank(90)}
}

// Count is how many requests there are, and how many of them are of a sort.
type Count struct {
	Requests  int
	Emergency int
	Limited   int
	Overdue   int // never more than Limited
}

func (n *Count) add(c *Case) {
	n.Requests++
	n.Emergency += one(c.Emergency)
	n.Limited += one(c.Limited)
	n.Overdue += one(c.Limited && c.Overdue)
}

func one(is bool) int {
	if is {
		return 1
	}
	return 0
}

// Share is a part of a whole in percent, rounded; zero of nothing.
func Share(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return (part*200 + whole) / (2 * whole)
}

// Figures are the figures of the whole office.
type Figures struct {
	Count
	Stages []Spread // in the order of Stages
}

// Of returns the figures of the requests that the query takes.
func Of(all []Case, q Query) Figures {
	var f Figures
	took := make([][]time.Duration, len(Stages()))
	for i := range all {
		c := &all[i]
		if !q.takes(c) {
			continue
		}
		f.add(c)
		for i, s := range Stages() {
			if d, ok := c.Took(s); ok {
				took[i] = append(took[i], d)
			}
		}
	}
	for _, d := range took {
		f.Stages = append(f.Stages, SpreadOf(d))
	}
	return f
}

// Dimension is by what requests are told apart.
type Dimension string

// The dimensions.
const (
	ByKind    Dimension = "kind"
	ByState   Dimension = "state" // the other State
	ByOutcome Dimension = "outcome"
	ByGround  Dimension = "ground"
)

// Dimensions lists the dimensions.
func Dimensions() []Dimension { return []Dimension{ByKind, ByState, ByOutcome, ByGround} }

func (c *Case) of(d Dimension) string {
	switch d {
	case ByKind:
		return string(c.Kind)
	case ByState:
		return string(c.Peer)
	case ByOutcome:
		return string(c.Outcome)
	case ByGround:
		return string(c.Ground)
	}
	return ""
}

// Group is the figures of the requests that are alike in one dimension.
type Group struct {
	Key string // empty for those without an outcome or a ground
	Count
	Spread
	Months []int // opened in each month, in the order of MonthsOf
}

// GroupsOf returns a group for each value of the dimension, the largest first, with the spread of one stage.
func GroupsOf(all []Case, q Query, d Dimension, s Stage, zone *time.Location) []Group {
	months := monthsOf(all, q, zone)
	groups := map[string]*Group{}
	took := map[string][]time.Duration{}
	for i := range all {
		c := &all[i]
		if !q.takes(c) {
			continue
		}
		key := c.of(d)
		g := groups[key]
		if g == nil {
			g = &Group{Key: key, Months: make([]int, len(months))}
			groups[key] = g
		}
		g.add(c)
		g.Months[monthOf(c, zone)-months[0]]++
		if t, ok := c.Took(s); ok {
			took[key] = append(took[key], t)
		}
	}
	list := make([]Group, 0, len(groups))
	for key, g := range groups {
		g.Spread = SpreadOf(took[key])
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.Key, b.Key))
	})
	return list
}

// Month is the figures of the requests opened in one month.
type Month struct {
	Year  int
	Month time.Month
	Count
	Spread
}

// MonthsOf returns every month from the first request to the last, also those without any, in a zone.
func MonthsOf(all []Case, q Query, s Stage, zone *time.Location) []Month {
	months := monthsOf(all, q, zone)
	list := make([]Month, len(months))
	took := make([][]time.Duration, len(months))
	for i, m := range months {
		list[i].Year, list[i].Month = m/12, time.Month(m%12+1)
	}
	for i := range all {
		c := &all[i]
		if !q.takes(c) {
			continue
		}
		m := monthOf(c, zone) - months[0]
		list[m].add(c)
		if t, ok := c.Took(s); ok {
			took[m] = append(took[m], t)
		}
	}
	for i := range list {
		list[i].Spread = SpreadOf(took[i])
	}
	return list
}

// monthOf numbers the months since year 0.
func monthOf(c *Case, zone *time.Location) int {
	t := c.Opened().Time().In(zone)
	return t.Year()*12 + int(t.Month()) - 1
}

func monthsOf(all []Case, q Query, zone *time.Location) []int {
	first, last := rogatory.Instant(0), rogatory.Instant(0)
	for i := range all {
		if c := &all[i]; q.takes(c) {
			at := c.Opened()
			if first == 0 || at < first {
				first = at
			}
			last = max(last, at)
		}
	}
	if first == 0 {
		return nil
	}
	from, to := monthOf(&Case{At: Moments{Sent: first}}, zone), monthOf(&Case{At: Moments{Sent: last}}, zone)
	months := make([]int, 0, to-from+1)
	for m := from; m <= to; m++ {
		months = append(months, m)
	}
	return months
}
