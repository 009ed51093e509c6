// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Layer is the part of a rota that decided.
type Layer string

// The layers, strongest first.
const (
	ByTemporary Layer = "temporary"
	ByOverride  Layer = "override"
	BySwap      Layer = "swap"
	ByRule      Layer = "rule"
	ByFallback  Layer = "fallback" // nothing else says who: a gap
)

// Why says what put a person on duty.
type Why struct {
	Layer    Layer  `json:"layer"`
	ID       string `json:"id,omitempty"`       // of the rule, override, swap or temporary schedule
	Rotation string `json:"rotation,omitempty"` // whose turn it is
}

// String returns it in words, such as: rule "nights", rotation "night-team".
func (w Why) String() string {
	if w.Layer == ByFallback {
		return "fallback: nothing else says who"
	}
	words := map[Layer]string{ByTemporary: "temporary schedule"}[w.Layer]
	if words == "" {
		words = string(w.Layer)
	}
	words += fmt.Sprintf(" %q", w.ID)
	if w.Rotation != "" {
		words += fmt.Sprintf(", rotation %q", w.Rotation)
	}
	return words
}

// Duty is one shift: a person on duty without interruption, whatever rules follow one another in it.
type Duty struct {
	Person string           `json:"person"` // id
	Name   string           `json:"name"`
	Since  rogatory.Instant `json:"since"` // zero: longer than MaxLook before the moment asked about
	Until  rogatory.Instant `json:"until"` // does not belong to it; zero: longer than MaxLook after
	Why    Why              `json:"why"`   // at the moment asked about; in a list, at its beginning
}

// Gap reports whether nobody was named, so that the fallback person is on duty.
func (d Duty) Gap() bool { return d.Why.Layer == ByFallback }

// Limits on questions.
const (
	MaxLook = 70 * 24 * time.Hour  // how far the ends of a shift are looked for: the longest usual turns are of a month
	MaxSpan = 400 * 24 * time.Hour // of one list of shifts: a year and a little more
	Horizon = 30 * 24 * time.Hour  // within which a rota may have no gap
)

// OnDuty says who is on duty at a moment, since when, until when and why. Exactly one person always is: when
// no part of the rota names one, the fallback person.
func OnDuty(r *Rota, at rogatory.Instant) Duty {
	now := r.holder(at)
	d := Duty{Person: now.person, Since: r.since(at, now), Until: r.until(at, now), Why: now.why}
	p, _ := r.Person(now.person)
	d.Name = p.Name
	return d
}

// Next returns the shift after the one of a moment; false when that does not end within MaxLook.
func Next(r *Rota, at rogatory.Instant) (Duty, bool) {
	until := r.until(at, r.holder(at))
	if until == 0 {
		return Duty{}, false
	}
	return OnDuty(r, until), true
}

// Shifts lists the shifts that have a part between two moments, each with its whole length, as OnDuty gives
// them. More than MaxSpan is refused with the code span_too_long.
func Shifts(r *Rota, from, to rogatory.Instant) ([]Duty, error) {
	if err := span(from, to); err != nil {
		return nil, err
	}
	var list []Duty
	for _, p := range r.pieces(from, to) {
		person, _ := r.Person(p.person)
		list = append(list, Duty{Person: p.person, Name: person.Name, Since: p.from, Until: p.to, Why: p.why})
	}
	if n := len(list); n > 0 {
		list[0].Since = r.since(from, r.holder(from))
		if list[0].Since != 0 {
			list[0].Why = r.holder(list[0].Since).why
		}
		last := r.holder(to - 1)
		list[n-1].Until = r.until(to-1, last)
	}
	return list, nil
}

func span(from, to rogatory.Instant) error {
	if from > to || to.Sub(from) > MaxSpan {
		return rogatory.Fault(rogatory.Invalid, "span_too_long", "from %s to %s: at most %d days are listed, forwards", from, to, int(MaxSpan/(24*time.Hour)))
	}
	return nil
}

// Gap is a time for which a rota names nobody.
type Gap struct {
	From  rogatory.Instant `json:"from"`
	To    rogatory.Instant `json:"to"`
	Local string           `json:"local"` // in words, by the rota's wall clock
}

// Gaps lists the times between two moments for which the rota names nobody. The code of its error is
// span_too_long.
func Gaps(r *Rota, from, to rogatory.Instant) ([]Gap, error) {
	if err := span(from, to); err != nil {
		return nil, err
	}
	var list []Gap
	for _, p := range r.pieces(from, to) {
		if p.why.Layer == ByFallback {
			list = append(list, Gap{p.from, p.to, show(p.from, r.Location()) + " to " + show(p.to, r.Location())})
		}
	}
	return list, nil
}

// maxNamed is how many gaps an error names; the rest is counted.
const maxNamed = 10

// Validate says whether a rota may be saved. A gap within Horizon is refused with the code rota_gap, which
// names each with its local times; a swap of duty that its person does not have by the rules, with the code
// swap_not_held. Swaps that are past are not looked at.
func Validate(r *Rota, now rogatory.Instant) error {
	gaps, err := Gaps(r, now, now.Add(Horizon))
	if err != nil {
		return err
	}
	if len(gaps) > 0 {
		var words []string
		for _, g := range gaps[:min(len(gaps), maxNamed)] {
			words = append(words, g.Local)
		}
		if more := len(gaps) - maxNamed; more > 0 {
			words = append(words, fmt.Sprintf("and %d more", more))
		}
		return rogatory.Fault(rogatory.Invalid, "rota_gap", "rota %s: nobody is on duty %s (%s)", r.Version, strings.Join(words, "; "), r.Location()).
			WithHint("add a rule without days and times at the end: it covers what no other rule covers")
	}
	for _, s := range r.Swaps {
		for _, h := range []Half{s.One, s.Other} {
			if h.to <= now {
				continue
			}
			if other, at, ok := r.notHeld(h); ok {
				return rogatory.Fault(rogatory.Conflict, "swap_not_held", "rota %s: swap %q gives away duty of %s, but at %s the rules name %s",
					r.Version, s.ID, h.Person, show(at, r.Location()), other).
					WithHint("give the times of a shift of that person, or use an override")
			}
		}
	}
	return nil
}

// notHeld finds a moment of a half at which the rules name somebody else than who gives it away.
func (r *Rota) notHeld(h Half) (other string, at rogatory.Instant, found bool) {
	for _, at := range append([]rogatory.Instant{h.from}, r.bounds(h.from, min(h.to, h.from.Add(MaxSpan)))...) {
		if now := r.byRules(at); h.covers(at) && now.person != h.Person {
			return now.person, at, true
		}
	}
	return "", 0, false
}

// Warnings says what does not stand in the way of a rota and yet should be seen to: rules that depend on
// public holidays which are not recorded.
func Warnings(r *Rota, now rogatory.Instant) []string {
	if !slices.ContainsFunc(r.Rules, func(v Rule) bool { return v.Holidays != Also }) {
		return nil
	}
	first, last := now.Time().In(r.Location()).Year(), now.Add(Horizon).Time().In(r.Location()).Year()
	var list []string
	for y := first; y <= last; y++ {
		if !slices.Contains(r.calendar.Years, y) {
			list = append(list, fmt.Sprintf("public holidays of %s in %d are not recorded: every day of it counts as usual", r.State, y))
		}
	}
	return list
}

// holder is who is on duty at a moment, and why.
type holder struct {
	person string
	why    Why
}

// same reports whether one shift goes on. A gap never merges with a shift that was planned.
func (h holder) same(o holder) bool {
	return h.person == o.person && (h.why.Layer == ByFallback) == (o.why.Layer == ByFallback)
}

func (r *Rota) holder(at rogatory.Instant) holder {
	for _, t := range r.Temporary {
		if t.covers(at) {
			i := slices.IndexFunc(t.Shifts, func(s TemporaryShift) bool { return at < s.until })
			return holder{t.Shifts[i].Person, Why{Layer: ByTemporary, ID: t.ID}}
		}
	}
	for _, o := range r.Overrides {
		if o.covers(at) {
			return holder{o.Person, Why{Layer: ByOverride, ID: o.ID}}
		}
	}
	beneath := r.byRules(at)
	for _, s := range r.Swaps {
		switch {
		case s.One.covers(at) && beneath.person == s.One.Person:
			return holder{s.Other.Person, Why{Layer: BySwap, ID: s.ID}}
		case s.Other.covers(at) && beneath.person == s.Other.Person:
			return holder{s.One.Person, Why{Layer: BySwap, ID: s.ID}}
		}
	}
	return beneath
}

// byRules is who would be on duty if there were rules only.
func (r *Rota) byRules(at rogatory.Instant) holder {
	for i := range r.Rules {
		v := &r.Rules[i]
		switch {
		case !r.covers(v, at):
		case v.rotation != nil:
			return holder{v.rotation.at(at), Why{Layer: ByRule, ID: v.ID, Rotation: v.Rotation}}
		default:
			return holder{v.Person, Why{Layer: ByRule, ID: v.ID}}
		}
	}
	return holder{r.Fallback, Why{Layer: ByFallback}}
}

// applies says whether a window of the rule begins on a date.
func (r *Rota) applies(v *Rule, day int64) bool {
	if !v.days[weekday(day)] {
		return false
	}
	if v.Holidays == Also {
		return true
	}
	_, holiday := r.holidays[date(day)]
	return holiday == (v.Holidays == Only)
}

// window returns the moments between which the rule's window of a date lies.
func (v *Rule) window(day int64) stretch {
	midnight := wall(day * secondsOfDay)
	from, _ := (midnight + wall(v.from)).moment(v.zone)
	to, _ := (midnight + wall(v.to)).moment(v.zone)
	return stretch{from, to}
}

// The windows that can lie around a moment begin on the date that the clocks show, on one of the two before,
// or, when clocks went back, on the next.
const daysBefore, daysAfter = 2, 1

func (r *Rota) covers(v *Rule, at rogatory.Instant) bool {
	if v.always {
		return true
	}
	today := wallOf(at, v.zone).day()
	for d := today - daysBefore; d <= today+daysAfter; d++ {
		if r.applies(v, d) && v.window(d).covers(at) {
			return true
		}
	}
	return false
}

// turnOf returns the number of the turn at a moment: that of what the clocks show, or a later one if they went
// back. Turns that the clocks jump over have no length.
func (v *Rotation) turnOf(at rogatory.Instant) int64 {
	k := floor(int64(wallOf(at, v.zone)-v.start), v.turn)
	for v.begins(k+1) <= at {
		k++
	}
	for v.begins(k) > at {
		k--
	}
	return k
}

// begins is the moment at which a turn begins.
func (v *Rotation) begins(k int64) rogatory.Instant {
	at, _ := (v.start + wall(k*v.turn)).moment(v.zone)
	return at
}

func (v *Rotation) at(at rogatory.Instant) string {
	n := int64(len(v.People))
	return v.People[((v.turnOf(at)%n)+n)%n]
}

// piece is a stretch in which one person is on duty.
type piece struct {
	holder
	stretch
}

// pieces cuts the time between two moments into shifts. The first and the last can be parts of longer ones.
func (r *Rota) pieces(from, to rogatory.Instant) []piece {
	if from >= to {
		return nil
	}
	list := []piece{{r.holder(from), stretch{from, to}}}
	for _, at := range r.bounds(from, to) {
		now, last := r.holder(at), &list[len(list)-1]
		if now.same(last.holder) {
			continue
		}
		last.to = at
		list = append(list, piece{now, stretch{at, to}})
	}
	return list
}

// bounds returns, in order, all moments between two, which are not among them, at which another person may
// come on duty. Between them nobody does.
func (r *Rota) bounds(from, to rogatory.Instant) []rogatory.Instant {
	var list []rogatory.Instant
	add := func(moments ...rogatory.Instant) {
		for _, at := range moments {
			if from < at && at < to {
				list = append(list, at)
			}
		}
	}
	for i := range r.Rules {
		v := &r.Rules[i]
		if !v.always {
			last := wallOf(to, v.zone).day() + daysAfter
			for d := wallOf(from, v.zone).day() - daysBefore; d <= last; d++ {
				if r.applies(v, d) {
					w := v.window(d)
					add(w.from, w.to)
				}
			}
		}
		if v.rotation != nil {
			last := v.rotation.turnOf(to)
			for k := v.rotation.turnOf(from); k <= last; k++ {
				add(v.rotation.begins(k))
			}
		}
	}
	for _, o := range r.Overrides {
		add(o.from, o.to)
	}
	for _, s := range r.Swaps {
		add(s.One.from, s.One.to, s.Other.from, s.Other.to)
	}
	for _, t := range r.Temporary {
		add(t.from)
		for _, s := range t.Shifts {
			add(s.until)
		}
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// firstLook is how far the end of a shift is looked for at first; most end within two days.
const firstLook = 48 * time.Hour

// until finds the end of the shift of a moment.
func (r *Rota) until(at rogatory.Instant, now holder) rogatory.Instant {
	for from, look := at, firstLook; ; look *= 2 {
		to := at.Add(min(look, MaxLook))
		for _, b := range r.bounds(from, to+1) {
			if !r.holder(b).same(now) {
				return b
			}
		}
		if look >= MaxLook {
			return 0
		}
		from = to
	}
}

// since finds the beginning of the shift of a moment.
func (r *Rota) since(at rogatory.Instant, now holder) rogatory.Instant {
	for to, look := at, firstLook; ; look *= 2 {
		from := max(at.Add(-min(look, MaxLook)), 0)
		for _, b := range slices.Backward(r.bounds(from, to+1)) {
			if before := r.holder(b - 1); !before.same(now) {
				return b
			}
		}
		if look >= MaxLook {
			return 0
		}
		to = from
	}
}
