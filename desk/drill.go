// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"rogatory"
)

// MinDrillPeriod keeps drills from becoming a burden: people who are woken for nothing each night stop
// getting up.
const MinDrillPeriod = rogatory.DrillsApart

// DrillPlan is how one State tests the contact point of another.
type DrillPlan struct {
	By, Of rogatory.StateCode
	First  rogatory.Instant // when the first period begins
	Every  time.Duration    // one drill in each period
	Seed   [32]byte         // secret, so that nobody can be ready
}

// At returns when the drill of a period is due, the first being number 0: at a moment within the period that
// follows from the seed, by day or by night. The code of its error is
// drill_invalid.
func (p DrillPlan) At(n int) (rogatory.Instant, error) {
	if !p.By.Valid() || !p.Of.Valid() || p.By == p.Of || p.Every < MinDrillPeriod || n < 0 || p.First <= 0 {
		return 0, rogatory.Fault(rogatory.Invalid, "drill_invalid", "drill %d of %.2s by %.2s every %s: two States, and at least %s between drills, are needed", n, p.Of, p.By, p.Every, MinDrillPeriod)
	}
	mac := hmac.New(sha256.New, p.Seed[:])
	fmt.Fprintf(mac, "rogatory drill %s %s %d", p.By, p.Of, n)
	// A whole second within the period; the last bits of so large a number favour none noticeably.
	jitter := binary.BigEndian.Uint64(mac.Sum(nil)) % uint64(p.Every/time.Second)
	return p.First + rogatory.Instant(n)*rogatory.Instant(p.Every.Microseconds()) + rogatory.Instant(jitter)*rogatory.Instant(time.Second.Microseconds()), nil
}

// Next returns which drill comes next and when it is due: that of the period in which now lies, or a later one if
// that was sent, and no sooner than MinDrillPeriod after the last one. What a node missed while it was down it does not
// make up for. Sent is how many periods are done with; last is when a drill was sent, or zero.
func (p DrillPlan) Next(sent int, last, now rogatory.Instant) (n int, due rogatory.Instant, err error) {
	if n = sent; now > p.First && p.Every > 0 {
		n = max(n, int(now.Sub(p.First)/p.Every))
	}
	for ; ; n++ {
		if due, err = p.At(n); err != nil {
			return 0, 0, err
		}
		if last != 0 {
			due = max(due, last.Add(MinDrillPeriod))
		}
		// One that would be put off into the next period gives way to the next.
		if due < p.First.Add(time.Duration(n+1)*p.Every) {
			return n, due, nil
		}
	}
}

// Drill is one test of a contact point: a message that says it is a drill, and when it was answered, by what both
// States hold signed. Sent and Human are by the clock of the State that asked, Machine by that of the other.
type Drill struct {
	By      rogatory.StateCode `json:"by"`
	Of      rogatory.StateCode `json:"of"`
	Mode    rogatory.Mode      `json:"mode"`
	Sent    rogatory.Instant   `json:"sent"`
	Machine rogatory.Instant   `json:"machine,omitzero"` // the other State's node received it, as its receipt says
	Human   rogatory.Instant   `json:"human,omitzero"`   // the acknowledgement of a person was received, as the receipt of it says
}

// MachineTime is how long the other State's node took; false if it did not answer.
func (d Drill) MachineTime() (time.Duration, bool) { return answered(d.Sent, d.Machine) }

// HumanTime is how long a person of the other State took; false if none answered.
func (d Drill) HumanTime() (time.Duration, bool) { return answered(d.Sent, d.Human) }

// An answer before the question is none: a clock was set back, and what it measured means nothing.
func answered(sent, at rogatory.Instant) (time.Duration, bool) {
	if at == 0 || at < sent {
		return 0, false
	}
	return at.Sub(sent), true
}

// Spread is how a number of times are distributed; see rogatory.DrillSpread.
type Spread = rogatory.DrillSpread

// Figures are the drills of one State's contact point by another in a period. They are compared whole.
type Figures = rogatory.DrillFigures

// Quarter is the calendar quarter of UTC in which a moment lies: the period of figures. To does not belong to it.
func Quarter(at rogatory.Instant) (from, to rogatory.Instant) {
	t := at.Time().UTC()
	begin := time.Date(t.Year(), t.Month()-(t.Month()-1)%3, 1, 0, 0, 0, 0, time.UTC)
	return rogatory.At(begin), rogatory.At(begin.AddDate(0, 3, 0))
}

// Differences names the members in which two figures of the same drills differ, as JSON has them.
func Differences(one, other Figures) []string {
	var names []string
	for _, m := range []struct {
		name  string
		equal bool
	}{
		{"by", one.By == other.By}, {"of", one.Of == other.Of}, {"mode", one.Mode == other.Mode}, {"from", one.From == other.From}, {"to", one.To == other.To},
		{"drills", one.Drills == other.Drills},
		{"machine.answered", one.Machine.Answered == other.Machine.Answered}, {"machine.median_ms", one.Machine.Median == other.Machine.Median}, {"machine.p90_ms", one.Machine.P90 == other.Machine.P90},
		{"human.answered", one.Human.Answered == other.Human.Answered}, {"human.median_ms", one.Human.Median == other.Human.Median}, {"human.p90_ms", one.Human.P90 == other.Human.P90},
	} {
		if !m.equal {
			names = append(names, m.name)
		}
	}
	return names
}

// Measure counts the drills of a State by another that were sent in a period, in one mode.
func Measure(drills []Drill, by, of rogatory.StateCode, mode rogatory.Mode, from, to rogatory.Instant) Figures {
	f := Figures{By: by, Of: of, Mode: mode, From: from, To: to}
	var machine, human []time.Duration
	for _, d := range drills {
		if d.By != by || d.Of != of || d.Mode != mode || d.Sent < from || d.Sent >= to {
			continue
		}
		f.Drills++
		if t, ok := d.MachineTime(); ok {
			machine = append(machine, t)
		}
		if t, ok := d.HumanTime(); ok {
			human = append(human, t)
		}
	}
	f.Machine, f.Human = spread(machine, f.Drills), spread(human, f.Drills)
	return f
}

func spread(times []time.Duration, n int) Spread {
	slices.Sort(times)
	rank := func(percent int) int64 {
		i := (n*percent + 99) / 100 // nearest rank, from 1
		if i < 1 || i > len(times) {
			return 0
		}
		return max(1, times[i-1].Milliseconds())
	}
	return Spread{Answered: len(times), Median: rank(50), P90: rank(90)}
}

// Statement is figures that a State signed. Whoever makes one has verified the signature.
type Statement struct {
	Figures Figures            `json:"figures"`
	Signer  rogatory.StateCode `json:"signer"`
	Message rogatory.Digest    `json:"message"` // of the signed message
}

// Publishable returns the figures that both States signed alike, in an order that does not depend on that of
// the statements. Figures on which one of the two is silent, or of which any statement of theirs differs,
// are left out: a State's contact point is not judged in public by another's word.
func Publishable(statements []Statement) []Figures {
	type about struct {
		by, of   rogatory.StateCode
		mode     rogatory.Mode
		from, to rogatory.Instant
	}
	type held struct {
		figures            Figures
		asked, was, differ bool
	}
	all := map[about]*held{}
	for _, s := range statements {
		f := s.Figures
		if s.Message == (rogatory.Digest{}) || f.By == f.Of || s.Signer != f.By && s.Signer != f.Of {
			continue
		}
		key := about{f.By, f.Of, f.Mode, f.From, f.To}
		h := all[key]
		if h == nil {
			h = &held{figures: f}
			all[key] = h
		}
		h.differ = h.differ || h.figures != f
		h.asked = h.asked || s.Signer == f.By
		h.was = h.was || s.Signer == f.Of
	}
	var list []Figures
	for _, h := range all {
		if h.asked && h.was && !h.differ {
			list = append(list, h.figures)
		}
	}
	slices.SortFunc(list, func(a, b Figures) int {
		return cmp.Or(cmp.Compare(a.Of, b.Of), cmp.Compare(a.By, b.By), cmp.Compare(a.Mode, b.Mode), cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To))
	})
	return list
}
