// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/deadline"
)

// base is a desk with day and night teams. Tests change what they are about.
func base() Rota {
	return Rota{
		Version: "2026-11-25.1", State: "XA", Number: "+888 000 001", Zone: "Europe/Vienna", Fallback: "fay", Head: "hugo",
		People: []Person{{ID: "anna", Name: "Anna"}, {ID: "bruno", Name: "Bruno"}, {ID: "carla", Name: "Carla"}, {ID: "dino", Name: "Dino"},
			{ID: "fay", Name: "Fay"}, {ID: "hugo", Name: "Hugo", Roles: []string{"lawyer"}}},
		Rotations: []Rotation{
			{ID: "days", Start: "2026-01-05T08:00", Every: 1, Unit: Week, People: []string{"anna", "bruno"}},
			{ID: "nights", Start: "2026-01-05T20:00", Every: 1, Unit: Day, People: []string{"carla", "dino"}},
		},
		Rules: []Rule{
			{ID: "office", Days: []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday"}, From: "08:00", To: "20:00", Holidays: Never, Rotation: "days"},
			{ID: "otherwise", Rotation: "nights"},
		},
	}
}

// The zones are opened once: that takes longer than anything that is tried here.
var calendars, zones = deadline.BundledCalendars(), deadline.BundledZones()

// with compiles the desk after a change.
func with(t testing.TB, change func(*Rota)) *Rota {
	t.Helper()
	r := base()
	change(&r)
	compiled, err := Compile(r, zones, calendars)
	if err != nil {
		t.Fatal(err)
	}
	return compiled
}

// at reads a moment by the wall clock of Vienna, or with an offset.
func at(t testing.TB, text string) rogatory.Instant {
	t.Helper()
	zone, err := zones.Load("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	i, err := readMoment(text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestOnDuty(t *testing.T) {
	r := with(t, func(r *Rota) {
		r.Overrides = []Override{{ID: "ill", From: "2026-12-02T12:00", To: "2026-12-02T16:00", Person: "dino"}}
		r.Temporary = []Temporary{{ID: "election", From: "2026-12-11T18:00", Shifts: []TemporaryShift{{"2026-12-12T06:00", "hugo", 0}, {"2026-12-13T18:00", "anna", 0}}}}
		r.Swaps = []Swap{{ID: "concert", One: Half{Person: "carla", From: "2026-12-03T20:00", To: "2026-12-04T08:00"},
			Other: Half{Person: "dino", From: "2026-12-04T20:00", To: "2026-12-05T20:00"}}}
	})
	for name, c := range map[string]struct{ at, person, since, until, why string }{
		"a working day":          {"2026-12-01T09:00", "bruno", "2026-12-01T08:00", "2026-12-01T20:00", `rule "office", rotation "days"`},
		"the next week":          {"2026-12-07T09:00", "anna", "2026-12-07T08:00", "2026-12-07T20:00", `rule "office", rotation "days"`},
		"a night":                {"2026-12-02T03:00", "carla", "2026-12-01T20:00", "2026-12-02T08:00", `rule "otherwise", rotation "nights"`},
		"the hand-over itself":   {"2026-12-01T20:00", "carla", "2026-12-01T20:00", "2026-12-02T08:00", `rule "otherwise", rotation "nights"`},
		"a Sunday":               {"2026-12-20T12:00", "carla", "2026-12-19T20:00", "2026-12-20T20:00", `rule "otherwise", rotation "nights"`},
		"Christmas is no Friday": {"2026-12-25T09:00", "dino", "2026-12-24T20:00", "2026-12-25T20:00", `rule "otherwise", rotation "nights"`},
		"an override":            {"2026-12-02T13:00", "dino", "2026-12-02T12:00", "2026-12-02T16:00", `override "ill"`},
		"the shift before it":    {"2026-12-02T11:59", "bruno", "2026-12-02T08:00", "2026-12-02T12:00", ""},
		"a temporary schedule":   {"2026-12-12T05:59", "hugo", "2026-12-11T18:00", "2026-12-12T06:00", `temporary schedule "election"`},
		"its second shift":       {"2026-12-12T06:00", "anna", "2026-12-12T06:00", "2026-12-13T18:00", `temporary schedule "election"`},
		"one half of a swap":     {"2026-12-03T23:00", "dino", "2026-12-03T20:00", "2026-12-04T08:00", `swap "concert"`},
		// Carla's own night follows, so that she hands over to nobody in between.
		"the other half":          {"2026-12-05T10:00", "carla", "2026-12-04T20:00", "2026-12-06T20:00", `swap "concert"`},
		"in January it is Monday": {"2026-01-05T08:00", "anna", "2026-01-05T08:00", "2026-01-05T20:00", ""},
		"turns reach back":        {"2026-01-02T08:00", "bruno", "2026-01-02T08:00", "2026-01-02T20:00", ""},
	} {
		d := OnDuty(r, at(t, c.at))
		if d.Person != c.person || d.Since != at(t, c.since) || d.Until != at(t, c.until) || c.why != "" && d.Why.String() != c.why {
			t.Errorf("%s: %s from %s until %s by %s", name, d.Person, show(d.Since, r.zone), show(d.Until, r.zone), d.Why)
		}
	}
}

func TestNext(t *testing.T) {
	r := with(t, func(*Rota) {})
	d, ok := Next(r, at(t, "2026-12-01T09:00"))
	if !ok || d.Person != "carla" || d.Since != at(t, "2026-12-01T20:00") {
		t.Errorf("%+v %v", d, ok)
	}
	alone := with(t, func(r *Rota) { r.Rules = []Rule{{ID: "always", Person: "anna"}} })
	if d, ok := Next(alone, at(t, "2026-12-01T09:00")); ok {
		t.Errorf("after one person for ever comes %+v", d)
	}
	if d := OnDuty(alone, at(t, "2026-12-01T09:00")); d.Since != 0 || d.Until != 0 || d.Person != "anna" || d.Gap() {
		t.Errorf("%+v", d)
	}
}

// A shift that was planned and a gap after it are two, also when both are the fallback person's. A list says
// why a shift began, also when that was before the list.
func TestShiftsOfOnePerson(t *testing.T) {
	r := with(t, func(r *Rota) {
		r.Rules = []Rule{{ID: "early", From: "00:00", To: "06:00", Person: "anna"}, {ID: "late", From: "06:00", To: "12:00", Person: "anna"}, {ID: "noon", From: "12:00", To: "18:00", Person: "fay"}}
	})
	shifts, err := Shifts(r, at(t, "2026-12-01T07:00"), at(t, "2026-12-01T23:00"))
	if err != nil || len(shifts) != 3 {
		t.Fatalf("%+v %v", shifts, err)
	}
	if s := shifts[0]; s.Person != "anna" || s.Since != at(t, "2026-12-01T00:00") || s.Until != at(t, "2026-12-01T12:00") || s.Why.ID != "early" {
		t.Errorf("%+v", s)
	}
	if d := OnDuty(r, at(t, "2026-12-01T07:00")); d.Why.ID != "late" || d.Since != shifts[0].Since {
		t.Errorf("%+v", d)
	}
	if s := shifts[1]; s.Person != "fay" || s.Gap() || s.Until != at(t, "2026-12-01T18:00") {
		t.Errorf("%+v", s)
	}
	if s := shifts[2]; s.Person != "fay" || !s.Gap() || s.Until != at(t, "2026-12-02T00:00") {
		t.Errorf("%+v", s)
	}
}

// A rota that was never made has nobody, and says so rather than stopping the pager.
func TestZeroRota(t *testing.T) {
	d := OnDuty(&Rota{Fallback: "fay"}, at(t, "2026-12-01T09:00"))
	if d.Person != "fay" || !d.Gap() {
		t.Errorf("%+v", d)
	}
}

// A swap moves the hours of two people to each other and nobody else's.
func TestASwapSwaps(t *testing.T) {
	before := with(t, func(*Rota) {})
	from := at(t, "2026-12-01T00:00")
	shifts, err := Shifts(before, from, from.Add(20*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	tried := 0
	for i := 1; i < len(shifts); i++ {
		for j := i + 1; j < min(i+6, len(shifts)); j++ {
			one, other := shifts[i], shifts[j]
			if one.Person == other.Person {
				continue
			}
			tried++
			half := func(d Duty) Half {
				return Half{Person: d.Person, From: d.Since.Time().Format(time.RFC3339), To: d.Until.Time().Format(time.RFC3339)}
			}
			after := with(t, func(r *Rota) { r.Swaps = []Swap{{ID: "swap", One: half(one), Other: half(other)}} })
			if err := Validate(after, from); err != nil {
				t.Fatal(err)
			}
			for m := 0; m < 20*24*2; m++ {
				at := from.Add(time.Duration(m) * 30 * time.Minute)
				want := before.holder(at).person
				switch {
				case one.Since <= at && at < one.Until:
					want = other.Person
				case other.Since <= at && at < other.Until:
					want = one.Person
				}
				if got := after.holder(at).person; got != want {
					t.Fatalf("%s and %s: at %s %s is on duty, not %s", one.Person, other.Person, at, got, want)
				}
			}
		}
	}
	if tried < 50 {
		t.Errorf("%d swaps were tried", tried)
	}
}

// A swap that no longer fits the rules moves only duty that its people have.
func TestASwapMovesNobodyElse(t *testing.T) {
	r := with(t, func(r *Rota) {
		r.Swaps = []Swap{{ID: "s", One: Half{Person: "anna", From: "2026-12-01T00:00", To: "2026-12-02T00:00"}, Other: Half{Person: "dino", From: "2026-12-03T00:00", To: "2026-12-04T00:00"}}}
	})
	for moment, want := range map[string]string{"2026-12-01T12:00": "bruno", "2026-12-03T03:00": "anna", "2026-12-03T12:00": "bruno", "2026-12-03T21:00": "carla"} {
		if got := OnDuty(r, at(t, moment)).Person; got != want {
			t.Errorf("%s: %s, not %s", moment, got, want)
		}
	}
}

func TestValidate(t *testing.T) {
	now := at(t, "2026-12-01T09:00")
	if err := Validate(with(t, func(*Rota) {}), now); err != nil {
		t.Error(err)
	}
	for name, c := range map[string]struct {
		change func(*Rota)
		code   string
		words  []string
	}{
		"no nights": {func(r *Rota) { r.Rules = r.Rules[:1] }, "rota_gap",
			[]string{"Tue 2026-12-01 20:00 +01:00 to Wed 2026-12-02 08:00 +01:00", "Fri 2026-12-04 20:00 +01:00 to Mon 2026-12-07 08:00 +01:00", "more", "Europe/Vienna"}},
		"one quarter of an hour, on one day": {func(r *Rota) {
			r.Rules = []Rule{{ID: "holiday", Holidays: Only, Person: "anna"}, {ID: "usual", Holidays: Never, From: "00:15", To: "24:00", Person: "anna"},
				{ID: "quarter", Days: []string{"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"}, From: "00:00", To: "00:15", Person: "anna"}}
		}, "rota_gap", []string{"nobody is on duty Sun 2026-12-06 00:00 +01:00 to Sun 2026-12-06 00:15 +01:00; Sun 2026-12-13"}},
		"a swap of another's duty": {func(r *Rota) {
			r.Swaps = []Swap{{ID: "s", One: Half{Person: "anna", From: "2026-12-01T20:00", To: "2026-12-02T08:00"}, Other: Half{Person: "bruno", From: "2026-12-02T08:00", To: "2026-12-02T20:00"}}}
		}, "swap_not_held", []string{`swap "s" gives away duty of anna`, "the rules name carla", "Tue 2026-12-01 20:00"}},
		"a swap that is half an hour too long": {func(r *Rota) {
			r.Swaps = []Swap{{ID: "s", One: Half{Person: "carla", From: "2026-12-01T20:00", To: "2026-12-02T08:30"}, Other: Half{Person: "dino", From: "2026-12-02T20:00", To: "2026-12-03T08:00"}}}
		}, "swap_not_held", []string{"at Wed 2026-12-02 08:00 +01:00 the rules name bruno"}},
	} {
		err := Validate(with(t, c.change), now)
		if rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
			continue
		}
		for _, w := range c.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q is not in: %v", name, w, err)
			}
		}
	}
	// What is past cannot be mended, and what is further away than the horizon is not asked yet.
	past := with(t, func(r *Rota) {
		r.Swaps = []Swap{{ID: "s", One: Half{Person: "anna", From: "2026-11-01T20:00", To: "2026-11-02T08:00"}, Other: Half{Person: "bruno", From: "2026-11-03T08:00", To: "2026-11-03T20:00"}}}
	})
	if err := Validate(past, now); err != nil {
		t.Error(err)
	}
}

// A gap that opens only because clocks go back is found.
func TestGapAtAChangeOfTheClocks(t *testing.T) {
	r := with(t, func(r *Rota) {
		r.Rules = []Rule{{ID: "vienna", From: "00:00", To: "12:00", Person: "anna"}, {ID: "kolkata", Zone: "Asia/Kolkata", From: "15:30", To: "03:30", Person: "bruno"}}
	})
	if err := Validate(r, at(t, "2026-09-01T00:00")); err != nil {
		t.Errorf("in summer: %v", err)
	}
	err := Validate(r, at(t, "2026-10-24T00:00"))
	if rogatory.CodeOf(err) != "rota_gap" || !strings.Contains(err.Error(), "Sun 2026-10-25 23:00 +01:00 to Mon 2026-10-26 00:00 +01:00") {
		t.Errorf("in autumn: %v", err)
	}
}

func TestWarnings(t *testing.T) {
	r := with(t, func(*Rota) {})
	if list := Warnings(r, at(t, "2026-12-01T00:00")); len(list) > 0 {
		t.Error(list)
	}
	if list := Warnings(r, at(t, "2090-12-15T00:00")); len(list) != 2 || !strings.Contains(list[1], "XA in 2091") {
		t.Error(list)
	}
	r = with(t, func(r *Rota) { r.Rules[0].Holidays = Also })
	if list := Warnings(r, at(t, "2090-12-15T00:00")); len(list) > 0 {
		t.Error(list)
	}
}

func TestListsAreBounded(t *testing.T) {
	r := with(t, func(*Rota) {})
	for _, days := range []int{-1, 401} {
		if _, err := Shifts(r, 1e15, rogatory.Instant(1e15).Add(time.Duration(days)*24*time.Hour)); rogatory.CodeOf(err) != "span_too_long" {
			t.Errorf("%d days: %v", days, err)
		}
	}
	if list, err := Shifts(r, 1e15, 1e15); err != nil || len(list) > 0 {
		t.Error(list, err)
	}
}

func TestGrid(t *testing.T) {
	r := with(t, func(*Rota) {})
	drawn := func(from string, days int) (list []string) {
		grid, err := Grid(r, at(t, from), days)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range grid {
			row := fmt.Sprintf("%s %s %g ", g.Date, g.Weekday, g.Hours)
			for _, c := range g.Cells {
				row += (c.Person + "-")[:1]
			}
			list = append(list, row)
		}
		return list
	}
	for i, want := range []string{
		"2026-03-28 Saturday 24 ddddddddddddddddddddddddddddddddddddddddcccccccc",
		"2026-03-29 Sunday 23 cccc--ccccccccccccccccccccccccccccccccccdddddddd",
		"2026-03-30 Monday 24 ddddddddddddddddaaaaaaaaaaaaaaaaaaaaaaaacccccccc",
	} {
		if got := drawn("2026-03-28T13:00", 3)[i]; got != want {
			t.Errorf("%s", got)
		}
	}
	if got := drawn("2026-10-25T13:00", 1)[0]; !strings.HasPrefix(got, "2026-10-25 Sunday 25 ") {
		t.Error(got)
	}
	if _, err := Grid(r, 0, MaxGrid+1); rogatory.CodeOf(err) != "span_too_long" {
		t.Error(err)
	}
	if grid, err := Grid(r, at(t, "2026-12-25T13:00"), 1); err != nil || grid[0].Holiday != "Christmas Day" {
		t.Error(grid[0].Holiday, err)
	}
}

// A screen changes a copy of the rota in force and compiles it: nothing of the old one stays in the new one,
// and the old one stays as it was.
func TestACompiledRotaIsChangedAndCompiledAgain(t *testing.T) {
	old := with(t, func(r *Rota) {
		r.Rules = []Rule{{ID: "always", Rotation: "days"}}
		r.Temporary = []Temporary{{ID: "t", From: "2026-12-01T08:00", Shifts: []TemporaryShift{{Until: "2026-12-01T09:00", Person: "dino"}}}}
	})
	before := text(old)
	changed := *old
	changed.Rules = slices.Clone(old.Rules)
	changed.Rules[0].Rotation, changed.Rules[0].Person, changed.Rules[0].From, changed.Rules[0].To = "", "carla", "08:00", "20:00"
	changed.Temporary = slices.Clone(old.Temporary)
	changed.Temporary[0].From = "2026-12-01T08:30"
	r, err := Compile(changed, zones, calendars)
	if err != nil {
		t.Fatal(err)
	}
	for moment, want := range map[string][2]string{
		"2026-12-01T08:15": {"dino", "carla"},
		"2026-12-01T08:45": {"dino", "dino"},
		"2026-12-01T12:00": {"bruno", "carla"},
		"2026-12-01T23:00": {"bruno", "fay"},
	} {
		if was, is := OnDuty(old, at(t, moment)).Person, OnDuty(r, at(t, moment)).Person; was != want[0] || is != want[1] {
			t.Errorf("%s: %s, and then %s", moment, was, is)
		}
	}
	if text(old) != before {
		t.Error("the old rota changed")
	}
}

func BenchmarkOnDuty(b *testing.B) {
	hourly := base()
	hourly.Rotations[0].Unit, hourly.Rotations[1].Unit = Hour, Hour
	for i := len(hourly.Rules); i < MaxRules; i++ {
		hourly.Rules = slices.Insert(hourly.Rules, 0, Rule{ID: fmt.Sprint("v", i), Days: []string{"Sunday"}, From: "03:00", To: "03:15", Holidays: Never, Rotation: "days"})
	}
	for name, desk := range map[string]Rota{"usual": base(), "largest": hourly} {
		r, err := Compile(desk, zones, calendars)
		if err != nil {
			b.Fatal(err)
		}
		now := at(b, "2026-12-02T03:00")
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				OnDuty(r, now)
			}
		})
		b.Run(name+" 30 days", func(b *testing.B) {
			for b.Loop() {
				if _, err := Shifts(r, now, now.Add(Horizon)); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
