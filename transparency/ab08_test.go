// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rogatory"
)

// year is 52 weeks of simulated traffic of an office and what it published. The traffic is such that many cells are
// small all the year: a few busy States and kinds, and a long tail of rare ones.
type year struct {
	counts  []map[Key]int // true, by week
	reports []Report
	key     []byte
}

const weeks = 52

func simulate(seed uint64) year {
	r := rand.New(rand.NewPCG(seed, 8))
	long := func(prefix string, n int) string {
		return fmt.Sprintf("%s%d", prefix, int(r.ExpFloat64()*float64(n)/4)%n)
	}
	y := year{key: fmt.Appendf(nil, "%032d", seed)}
	var cases []Case
	var entry int64
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	previous := Report{}
	var before []byte
	for w := range weeks {
		monday := begin.Add(time.Duration(w) * week)
		for range r.IntN(14) {
			at := rogatory.At(monday.Add(time.Duration(r.Int64N(int64(week)))))
			next := func(after time.Duration) Mark { entry++; return Mark{entry, at.Add(after)} }
			side := []rogatory.Side{rogatory.RequestingSide, rogatory.RequestedSide}[r.IntN(2)]
			c := Case{Side: side, Peer: rogatory.StateCode(long("S", 40)), Kind: rogatory.RequestKind(long("kind", 20)), Offences: []string{long("", 11)}, Emergency: r.IntN(9) == 0, Opened: next(0)}
			switch r.IntN(4) {
			case 0:
				c.Ground = rogatory.Ground(long("R", 12))
				c.Refused = next(time.Duration(r.ExpFloat64() * float64(5*24*time.Hour)))
				c.Answered = c.Refused
			case 1, 2:
				c.Accepted = next(time.Hour)
				c.Executed = next(time.Duration(r.ExpFloat64() * float64(20*24*time.Hour)))
				c.Outcome, c.Answered = rogatory.Complete, c.Executed
			}
			cases = append(cases, c)
		}
		counts := Count(cases, entry)
		report := Next(head(periodOf(monday), entry, before), previous, counts, y.key)
		y.counts, y.reports = append(y.counts, counts), append(y.reports, report)
		previous, before = report, report.Encode()
	}
	return y
}

// exact publishes what is true: the attacker has to win against it, or is no attacker.
func (y year) exact() []Report {
	var all []Report
	for w, counts := range y.counts {
		r := y.reports[w]
		r.Cells = nil
		for _, k := range slices.SortedFunc(maps.Keys(counts), Key.compare) {
			r.Cells = append(r.Cells, Cell{k, counts[k]})
		}
		all = append(all, r)
	}
	return all
}

// attack looks for a number from 1 to 4 in everything that can be computed of all releases: each cell, each table's
// sum, each difference of sums of two tables, and every difference of these between any two weeks.
func attack(all []Report) (found []string) {
	var values []map[string]int
	for _, r := range all {
		v := map[string]int{}
		for _, c := range r.Cells {
			v[fmt.Sprint("cell ", c.Key)] = c.Count
			v[fmt.Sprintf("sum of %s %s", c.Side, c.Table)] += c.Count
			if c.Table == Requests && c.Key.Key == Emergency {
				continue
			}
			if c.Table == ByKind || c.Table == ByState || c.Table == Requests {
				sign := map[Table]int{ByKind: 1, ByState: -1, Requests: 1}[c.Table]
				v[fmt.Sprintf("margins of %s", c.Side)] += sign * c.Count
			}
		}
		values = append(values, v)
	}
	small := func(n int) bool { return n != 0 && n > -Floor && n < Floor }
	for i, v := range values {
		for name, n := range v {
			if small(n) {
				found = append(found, fmt.Sprintf("%s: %s is %d", all[i].Period, name, n))
			}
			for j := range i {
				if d := n - values[j][name]; small(d) {
					found = append(found, fmt.Sprintf("%s less %s: %s is %d", all[i].Period, all[j].Period, name, d))
				}
			}
		}
	}
	return found
}

// replay publishes another world so that a reader sees what was seen of the first one: it finds, step by step, what
// would have to be held back. It returns false if there is nothing that could.
func (y year) replay(world []map[Key]int) bool {
	draws := map[Key]map[int]int{}
	draw := func(k Key, p int) int { return held(y.key, k, p) }
	for w := range world { // hold back as much more as there is more when a cell moves on, or at the end
		for k, n := range world[w] {
			p := 0
			if w > 0 {
				p = y.reports[w-1].Count(k)
			}
			if draws[k] == nil {
				draws[k] = map[int]int{}
			}
			draws[k][p] = max(0, draw(k, p)+n-y.counts[w][k])
		}
	}
	previous := Report{}
	for w, counts := range world { // each cell is published by itself, so those that are the same need no second look
		r := next(y.reports[w], previous, counts, y.reports[w].KeyHash, func(k Key, p int) int { return draws[k][p] })
		for k := range counts {
			if r.Count(k) != y.reports[w].Count(k) {
				return false
			}
		}
		previous = r
	}
	return true
}

// TestAB08WeeklyReportsCannotBeDifferenced: statistics are no side channel. With all 52 releases nobody can tell a number
// below five, and for every small cell there are worlds in which it is none, and in which it is many, with the very same
// releases: what was published does not tell them apart.
func TestAB08WeeklyReportsCannotBeDifferenced(t *testing.T) {
	tested := 0
	for seed := range uint64(3) {
		y := simulate(seed)
		if found := attack(y.exact()); len(found) < 100 {
			t.Fatalf("the attacker finds only %d small numbers in exact figures: it is none", len(found))
		}
		if found := attack(y.reports); len(found) != 0 {
			t.Fatalf("seed %d: %d small numbers, such as %s", seed, len(found), found[0])
		}
		last := y.reports[weeks-1]
		if len(last.Cells) < 20 {
			t.Fatalf("seed %d: only %d figures are published in a year: they are of no use", seed, len(last.Cells))
		}
		for k, n := range y.counts[weeks-1] {
			behind := n - last.Count(k) // what is not published of the cell
			if behind == 0 {
				continue
			}
			// The cell had never more than what is published, and another of its table had them instead.
			other := Key{k.Side, k.Table, "elsewhere"}
			none, many := make([]map[Key]int, weeks), make([]map[Key]int, weeks)
			for w := range weeks {
				none[w], many[w] = map[Key]int{}, map[Key]int{}
				if last.Count(k) == 0 {
					none[w][k], none[w][other] = 0, y.counts[w][k]
				}
				// Ten more of the sort from the first week on, with all that each request adds to the sums.
				for _, sum := range []Key{k, {k.Side, Requests, All}} {
					many[w][sum] = y.counts[w][sum] + 10
				}
			}
			tested++
			if !y.replay(none) {
				t.Fatalf("seed %d: that %v is not 0 can be told", seed, k)
			}
			if !y.replay(many) {
				t.Fatalf("seed %d: that %v is not %d can be told", seed, k, n+10)
			}
		}
	}
	if tested < 200 {
		t.Fatalf("only %d cells were tried", tested)
	}
	t.Logf("%d cells with something behind what is published: none can be told", tested)
}
