// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rogatory"
)

// A preservation of 200 days under orders of at most 90: three orders, two decisions in good time.
func TestPlanOfAPreservation(t *testing.T) {
	xa := calendar("XA")
	from := moment(t, xa, "2026-12-02T14:00")
	plan, err := BundledRules().Plan(Hold{From: from, Until: from.Add(200 * 24 * time.Hour), Order: DomesticOrder, Lead: RenewalLead}, xa)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ begins, ends, decide string }{
		{"2026-12-02T14:00", "2027-03-02", "2026-12-02T14:00"},
		{"2027-03-02", "2027-05-31", "2027-02-23"},           // by the end of Monday 22 February
		{"2027-05-31", "2027-06-20T13:00:00Z", "2027-05-25"}, // the second ends with Sunday 30 May: 28, 27, 26, 25, 24
	}
	if len(plan) != len(want) {
		t.Fatalf("%d orders: %+v", len(plan), plan)
	}
	for i, w := range want {
		p := plan[i]
		if p.Begins != moment(t, xa, w.begins) || p.Ends != moment(t, xa, w.ends) || p.DecideBy != moment(t, xa, w.decide) || p.Number != i+1 {
			t.Errorf("order %d: %s to %s, decided by %s, want %+v", p.Number, p.Begins, p.Ends, p.DecideBy, w)
		}
	}
}

// Three days, then seven: the worked example holds for ten days, and not for a moment more.
func TestPlanOfAFreeze(t *testing.T) {
	th := calendar("TH")
	from := moment(t, th, "2026-12-02T10:00")
	h := Hold{From: from, Until: from.Add(10 * 24 * time.Hour), Order: "th_hold", Lead: "freeze_renewal_lead"}
	plan, err := BundledRules().Plan(h, th)
	if err != nil || len(plan) != 2 {
		t.Fatal(plan, err)
	}
	if plan[0].Ends != from.Add(72*time.Hour) || plan[1].Rule != "th_extension" || plan[1].DecideBy != from.Add(60*time.Hour) || plan[1].Ends != h.Until {
		t.Errorf("%+v", plan)
	}
	h.Until++
	if plan, err = BundledRules().Plan(h, th); rogatory.CodeOf(err) != "hold_not_covered" || plan != nil || !strings.Contains(err.Error(), "hold until 2026-12-12T03:00:00.000000Z and no longer") {
		t.Errorf("%v, %v", plan, err)
	}
	// A lead of five working days is longer than 72 hours: decide at once, and say so.
	h.Until, h.Lead = from.Add(80*time.Hour), RenewalLead
	plan, err = BundledRules().Plan(h, th)
	if err != nil || plan[1].DecideBy != from || !strings.Contains(strings.Join(plan[1].Steps, "; "), "longer than the order before") {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestPlanUntilDecision(t *testing.T) {
	xa := calendar("XA")
	from := moment(t, xa, "2026-12-02")
	plan, err := BundledRules().Plan(Hold{From: from, Order: DomesticOrder, Lead: RenewalLead}, xa)
	if err != nil || len(plan) != 5 || plan[4].Ends != from.Add(OpenHold) {
		t.Errorf("%+v, %v", plan, err)
	}
}

func TestPlanRefuses(t *testing.T) {
	from := moment(t, calendar("XA"), "2026-12-02")
	later := from.Add(200 * 24 * time.Hour)
	for _, c := range []struct {
		name string
		hold Hold
		code string
	}{
		{"no beginning", Hold{0, later, DomesticOrder, RenewalLead}, "hold_invalid"},
		{"an end before the beginning", Hold{later, from, DomesticOrder, RenewalLead}, "hold_invalid"},
		{"no time", Hold{from, from, DomesticOrder, RenewalLead}, "hold_invalid"},
		{"more than ten years", Hold{from, from.Add(MaxHold + time.Hour), DomesticOrder, RenewalLead}, "hold_too_long"},
		{"the end of time", Hold{from, 1<<63 - 1, DomesticOrder, RenewalLead}, "hold_invalid"},
		{"an unknown order", Hold{from, later, "favour", RenewalLead}, "rule_unknown"},
		{"an unknown lead", Hold{from, later, DomesticOrder, "favour"}, "rule_unknown"},
		{"an order that is none", Hold{from, later, "status_answer", RenewalLead}, "hold_invalid"},
		{"a lead that is none", Hold{from, later, DomesticOrder, DomesticOrder}, "hold_invalid"},
		{"a lead as order", Hold{from, later, RenewalLead, RenewalLead}, "hold_invalid"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if plan, err := BundledRules().Plan(c.hold, calendar("XA")); rogatory.CodeOf(err) != c.code || plan != nil {
				t.Errorf("%v, %v", plan, err)
			}
		})
	}
	many := rule(t, DomesticOrder)
	many.ID, many.ExtendedBy, many.Amount, many.Unit, many.Falls, many.FirstDay = "hourly", "hourly", 1, Hours, AtInstant, ""
	r := BundledRules()
	r.rules = append(r.rules, many)
	if plan, err := r.Plan(Hold{from, later, "hourly", "freeze_renewal_lead"}, calendar("XA")); rogatory.CodeOf(err) != "hold_too_long" || plan != nil {
		t.Error(err)
	}
}

// Whatever the hold and the State: every moment is covered, by one order at a time, none longer than 90
// days, each decided before the one before it ends.
func TestPlansNeverLapse(t *testing.T) {
	random := rand.New(rand.NewPCG(4, 5))
	rules, states := BundledRules(), append(BundledCalendars().All(), Calendar{State: "KE"})
	maximum := time.Duration(rule(t, DomesticOrder).Amount) * 24 * time.Hour
	for range 1500 {
		c := states[random.IntN(len(states))]
		from := rogatory.At(time.Date(1993+random.IntN(60), 1, 1, 0, 0, 0, 0, time.UTC)).Add(time.Duration(random.Int64N(int64(366 * 24 * time.Hour))))
		if random.IntN(2) == 0 {
			from = c.end(c.day(from))
		}
		until := from.Add(time.Second + time.Duration(random.Int64N(int64(MaxHold/4))))
		plan, err := rules.Plan(Hold{from, until, DomesticOrder, RenewalLead}, c)
		if err != nil {
			t.Fatalf("%s from %s until %s: %v", c.State, from, until, err)
		}
		covered := from
		for i, p := range plan {
			switch {
			case p.Begins != covered:
				t.Fatalf("%s: order %d begins at %s, and the one before ended at %s", c.State, p.Number, p.Begins, covered)
			case p.Ends <= p.Begins || p.Ends.Sub(p.Begins) > maximum || p.Ends > p.Longest:
				t.Fatalf("%s: order %d from %s to %s is empty or too long", c.State, p.Number, p.Begins, p.Ends)
			case i > 0 && (p.DecideBy >= p.Begins || p.DecideBy < plan[i-1].Begins || p.DecideBy < plan[i-1].DecideBy):
				t.Fatalf("%s: order %d is decided by %s", c.State, p.Number, p.DecideBy)
			case i < len(plan)-1 && p.Longest.Sub(p.Begins) < maximum-50*time.Hour:
				t.Fatalf("%s: order %d from %s to %s wastes days", c.State, p.Number, p.Begins, p.Longest)
			}
			covered = p.Ends
		}
		if covered != until {
			t.Fatalf("%s: covered until %s and not %s", c.State, covered, until)
		}
	}
}
