// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"rogatory"
)

// silence is the absence of a fact, beside the three findings.
const silence Finding = ""

// every calls f with every way to say shown, not shown or open of each id.
func every(ids []ElementID, f func(facts map[ElementID]Fact)) int {
	n := 1
	for range ids {
		n *= 3
	}
	for i := range n {
		facts := make(map[ElementID]Fact, len(ids))
		for rest, j := i, 0; j < len(ids); rest, j = rest/3, j+1 {
			facts[ids[j]] = Fact{Finding: []Finding{NotShown, Open, Shown}[rest%3]}
		}
		f(facts)
	}
	return n
}

func rank(o Outcome) int { return slices.Index(rising, o) }

// asks lists what facts can say about a provision.
func asks(c *Catalogue, p Provision) []ElementID {
	all := slices.Concat(p.Elements, p.Options, p.Extends)
	o, _ := c.Offence(p.Article)
	for _, a := range o.Alternatives {
		if slices.Contains(p.Alternatives, a.ID) {
			all = append(all, a.Element)
		}
	}
	return all
}

// Of each provision of each exercise State, for every combination of findings: the outcome is one of
// three; it is met only if nothing is missing or open, not met only if something is missing, and the
// lists name it; and to learn that an element is shown, or only that it is open, never lowers it.
func TestEveryProvisionIsTotalAndMonotone(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	seen := map[Outcome]int{}
	total := 0
	for _, p := range n.Offences {
		law := n.Law(p.State)
		ids := asks(c, p)
		for _, form := range []Form{Completed, Attempt} {
			if form != Completed && len(ids) > 7 {
				continue // the forms are drawn below too
			}
			compare := func(facts map[ElementID]Fact) Outcome {
				return c.compareProvision(p, law, Conduct{Facts: facts, Form: form}, today).Outcome
			}
			total += every(ids, func(facts map[ElementID]Fact) {
				r := c.compareProvision(p, law, Conduct{Facts: facts, Form: form}, today)
				seen[r.Outcome]++
				if r.Outcome == Met && len(r.Missing)+len(r.Open) > 0 ||
					r.Outcome == Unclear && (len(r.Missing) > 0 || len(r.Open) == 0) ||
					r.Outcome == NotMet && len(r.Missing) == 0 {
					t.Fatalf("%s: %s with missing [%s] and open [%s]", r.Cite, r.Outcome, idList(r.Missing), idList(r.Open))
				}
				if len(ids) > 7 { // the neighbours of larger ones are drawn below
					return
				}
				for _, id := range ids {
					was := facts[id]
					for _, better := range []Finding{Open, Shown} {
						if rank(better.outcome()) <= rank(was.Finding.outcome()) {
							continue
						}
						facts[id] = Fact{Finding: better}
						if o := compare(facts); rank(o) < rank(r.Outcome) {
							t.Fatalf("%s: %s from %s to %s turned %s into %s", r.Cite, id, was.Finding, better, r.Outcome, o)
						}
					}
					facts[id] = was
				}
			})
		}
	}
	if seen[Met] == 0 || seen[Unclear] == 0 || seen[NotMet] == 0 {
		t.Errorf("some outcome never occurs: %v", seen)
	}
	t.Logf("%d combinations: %v", total, seen)
}

// Of whole comparisons: drawn facts on any mixture of articles, silence included, between any two
// States. Met stays met when more is shown; names change nothing; nothing said is asked twice.
func TestComparisonsAreMonotoneAndIgnoreNames(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	renamed := renamedLaws(n)
	random := rand.New(rand.NewPCG(2026, 11))
	states := []rogatory.StateCode{"XA", "XB", "XC", "XX"}
	var everything []ElementID
	for _, o := range c.Offences {
		everything = append(everything, o.Speaks()...)
	}
	for id := range n.Elements {
		everything = append(everything, id)
	}
	slices.Sort(everything)
	everything = slices.Compact(everything)
	seen := map[Outcome]int{}
	for round := range 3000 {
		ids := everything
		if round%4 > 0 {
			ids = c.Offences[random.IntN(len(c.Offences))].Speaks()
		}
		facts := map[ElementID]Fact{}
		for _, id := range ids {
			// Mostly shown, so that every outcome is met.
			if f := []Finding{Shown, Shown, Shown, Shown, Shown, Shown, Shown, Shown, Open, NotShown, silence}[random.IntN(11)]; f != silence {
				facts[id] = Fact{Finding: f}
			}
		}
		from, to := states[random.IntN(len(states))], states[random.IntN(len(states))]
		form := []Form{Completed, "", Participation, Attempt, Preparation}[random.IntN(5)]
		before := c.Compare(Conduct{Facts: facts, Form: form}, n.Law(from), n.Law(to), today)
		seen[before.Outcome]++
		if !slices.Contains(rising, before.Outcome) || len(before.Steps) != 6 || before.Decides != PersonDecides {
			t.Fatalf("no answer: %+v", before)
		}

		named := c.Compare(Conduct{Labels: []string{"13", "7"}, Facts: facts, Form: form}, n.Law(from), n.Law(to), today)
		if !reflect.DeepEqual(named, before) {
			t.Fatalf("a label changed the comparison of %v", facts)
		}
		other := c.Compare(Conduct{Facts: facts, Form: form}, renamed.Law(from), renamed.Law(to), today)
		if other.Outcome != before.Outcome || other.Serious.Outcome != before.Serious.Outcome {
			t.Fatalf("other names of laws turned %s into %s", before.Outcome, other.Outcome)
		}

		for _, id := range ids {
			was, said := facts[id]
			facts[id] = Fact{Finding: Shown}
			after := c.Compare(Conduct{Facts: facts, Form: form}, n.Law(from), n.Law(to), today)
			if before.Outcome == Met && after.Outcome != Met || said && rank(after.Outcome) < rank(before.Outcome) {
				t.Fatalf("%s shown (it was %q) turned %s into %s", id, was.Finding, before.Outcome, after.Outcome)
			}
			if facts[id] = was; !said {
				delete(facts, id)
			}
			if round%4 == 0 {
				break // one neighbour of the large ones
			}
		}
	}
	if seen[Met] == 0 || seen[Unclear] == 0 || seen[NotMet] == 0 {
		t.Errorf("some outcome never occurs: %v", seen)
	}
	t.Logf("%v", seen)
}

// renamedLaws gives every law, section and title another name.
func renamedLaws(n *National) *National {
	other := *n
	other.Offences = slices.Clone(n.Offences)
	for i := range other.Offences {
		p := &other.Offences[i]
		p.Law, p.Section, p.Title = fmt.Sprintf("Law %d", i), "illegal access", "fraud"
	}
	return &other
}

// What nobody knows is ignored, and nothing panics: facts come from other States.
func TestStrangeInputHasAnAnswer(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	for name, conduct := range map[string]Conduct{
		"nothing":            {},
		"unknown elements":   {Facts: map[ElementID]Fact{"": {}, "x": {Finding: Shown}}},
		"an unknown finding": {Facts: map[ElementID]Fact{"access": {Finding: "perhaps"}}},
		"an unknown form":    {Facts: map[ElementID]Fact{"access": {Finding: Shown}}, Form: "wish"},
	} {
		for _, on := range []Date{"", "today", "2026-11-25"} {
			r := c.Compare(conduct, Law{}, n.Law("XB"), on)
			if !slices.Contains(rising, r.Outcome) || r.Outcome == Met {
				t.Errorf("%s on %q: %s", name, on, r.Outcome)
			}
		}
	}
}
