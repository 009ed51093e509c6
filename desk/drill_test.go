// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

const day = 24 * time.Hour

func TestWhichDrillIsNext(t *testing.T) {
	p := DrillPlan{By: "XA", Of: "XB", First: at(t, "2026-12-01T00:00"), Every: 30 * day, Seed: [32]byte{7}}
	times := make([]rogatory.Instant, 5)
	for n := range times {
		var err error
		if times[n], err = p.At(n); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name      string
		sent      int
		last, now rogatory.Instant
		n         int
		due       rogatory.Instant
	}{
		{"the first of all", 0, 0, p.First, 0, times[0]},
		{"the first, and it is late", 0, 0, times[0].Add(time.Hour), 0, times[0]},
		{"the one after", 1, times[0], times[0].Add(time.Hour), 1, times[1]},
		{"what was missed is not made up for", 1, times[0], p.First.Add(3*30*day + time.Minute), 3, times[3]},
		{"not within a day of the last", 1, times[1] - 1, times[1], 1, (times[1] - 1).Add(MinDrillPeriod)},
		{"not put off into the next period", 1, p.First.Add(60*day - time.Minute), times[1], 2, max(times[2], p.First.Add(61*day-time.Minute))},
	} {
		if n, due, err := p.Next(c.sent, c.last, c.now); err != nil || n != c.n || due != c.due {
			t.Errorf("%s: drill %d at %s (%v), want %d at %s", c.name, n, due, err, c.n, c.due)
		}
	}
	p.Every = time.Hour
	if _, _, err := p.Next(0, 0, p.First); rogatory.CodeOf(err) != "drill_invalid" {
		t.Error(err)
	}
}

func TestDrillRules(t *testing.T) {
	var none *DrillRules
	if every, on := none.Every("XB"); !on || every != 30*day {
		t.Errorf("without a file: every %s, %t", every, on)
	}
	r, err := LoadDrills("drills.json", []byte(`{"version": "1", "every_days": 14, "states": [{"state": "XB", "off": true}, {"state": "XC", "every_days": 7}, {"state": "XD"}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[rogatory.StateCode]int{"XB": 0, "XC": 7, "XD": 14, "XE": 14} {
		if every, on := r.Every(state); every != time.Duration(want)*day || on != (want > 0) {
			t.Errorf("%s: every %s, %t", state, every, on)
		}
	}
	if r, err = LoadDrills("drills.json", []byte(`{"version": "1", "off": true, "states": [{"state": "XC", "every_days": 7}]}`)); err != nil {
		t.Fatal(err)
	} else if _, on := r.Every("XC"); on {
		t.Error("off is off for every State")
	}
}

func TestDrillRulesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"no version":          `{"every_days": 30}`,
		"an unknown member":   `{"version": "1", "seed": "x"}`,
		"each hour":           `{"version": "1", "every_days": -1}`,
		"once in two years":   `{"version": "1", "every_days": 700}`,
		"a State that is not": `{"version": "1", "states": [{"state": "Borealia"}]}`,
		"a State twice":       `{"version": "1", "states": [{"state": "XB"}, {"state": "XB"}]}`,
		"off and on":          `{"version": "1", "states": [{"state": "XB", "off": true, "every_days": 30}]}`,
		"half a file":         `{"version": "1", "states": [`,
	} {
		if r, err := LoadDrills("drills.json", []byte(text)); r != nil || rogatory.CodeOf(err) != "data_invalid" || !strings.Contains(err.Error(), "drills.json") {
			t.Errorf("%s: %+v, %v", name, r, err)
		}
	}
}

func FuzzLoadDrills(f *testing.F) {
	f.Add([]byte(`{"version": "1", "every_days": 14, "states": [{"state": "XB", "off": true}]}`))
	f.Add([]byte(`{"version": "1", "off": true}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := LoadDrills("fuzz", data)
		if (r == nil) == (err == nil) {
			t.Fatalf("%v and %v", r, err)
		}
		if every, on := r.Every("XB"); on && (every < MinDrillPeriod || every > maxDrillDays*day) {
			t.Fatalf("every %s", every)
		}
	})
}

func TestQuarters(t *testing.T) {
	utc := func(s string) rogatory.Instant {
		at, err := time.Parse("2006-01-02T15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return rogatory.At(at)
	}
	for moment, want := range map[string][2]string{
		"2026-11-26T03:00": {"2026-10-01T00:00", "2027-01-01T00:00"},
		"2027-01-01T00:00": {"2027-01-01T00:00", "2027-04-01T00:00"},
		"2027-06-30T23:59": {"2027-04-01T00:00", "2027-07-01T00:00"},
	} {
		if from, to := Quarter(utc(moment)); from != utc(want[0]) || to != utc(want[1]) {
			t.Errorf("%s: %s to %s", moment, from, to)
		}
	}
}

func TestDifferencesAreNamed(t *testing.T) {
	one := Figures{By: "XA", Of: "XB", Mode: rogatory.Live, From: 1, To: 2, Drills: 3, Human: Spread{Answered: 2, Median: 5}}
	other := one
	if d := Differences(one, other); d != nil {
		t.Errorf("the same differ in %v", d)
	}
	other.Drills, other.Human.Median = 4, 6
	if d := Differences(one, other); !slices.Equal(d, []string{"drills", "human.median_ms"}) {
		t.Error(d)
	}
}
