// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
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

// A rota that was never made has nobody, and says so rather than stopping the pager.
func TestZeroRota(t *testing.T) {
	d := OnDuty(&Rota{Fallback: "fay"}, at(t, "2026-12-01T09:00"))
	if d.Person != "fay" || !d.Gap() {
		t.Errorf("%+v", d)
	}
}

// What the clocks do at each change, in words.
func TestChangesOfTheClocks(t *testing.T) {
	for name, c := range map[string]struct{ zone, from, to, begins, ends string }{
		"spring, the end does not exist":          {"Europe/Vienna", "2026-03-28T20:00", "02:30", "2026-03-28T19:00:00Z", "2026-03-29T01:00:00Z"},
		"spring, the shift is an hour shorter":    {"Europe/Vienna", "2026-03-28T20:00", "08:00", "2026-03-28T19:00:00Z", "2026-03-29T06:00:00Z"},
		"autumn, the end comes twice":             {"Europe/Vienna", "2026-10-24T20:00", "02:30", "2026-10-24T18:00:00Z", "2026-10-25T00:30:00Z"},
		"autumn, the beginning comes twice":       {"Europe/Vienna", "2026-10-25T02:30", "08:00", "2026-10-25T00:30:00Z", "2026-10-25T07:00:00Z"},
		"New York, spring":                        {"America/New_York", "2026-03-08T02:30", "08:00", "2026-03-08T07:00:00Z", "2026-03-08T12:00:00Z"},
		"Lord Howe, half an hour, spring":         {"Australia/Lord_Howe", "2026-10-04T02:15", "08:00", "2026-10-03T15:30:00Z", "2026-10-03T21:00:00Z"},
		"Lord Howe, half an hour, autumn":         {"Australia/Lord_Howe", "2026-04-05T01:45", "08:00", "2026-04-04T14:45:00Z", "2026-04-04T21:30:00Z"},
		"Kolkata has no changes":                  {"Asia/Kolkata", "2026-03-29T02:30", "08:00", "2026-03-28T21:00:00Z", "2026-03-29T02:30:00Z"},
		"Chatham, 45 minutes, spring":             {"Pacific/Chatham", "2026-09-27T03:00", "08:00", "2026-09-26T14:00:00Z", "2026-09-26T18:15:00Z"},
		"São Paulo 2018, midnight does not exist": {"America/Sao_Paulo", "2018-11-04T00:00", "08:00", "2018-11-04T03:00:00Z", "2018-11-04T10:00:00Z"},
		"Troll, two hours, spring":                {"Antarctica/Troll", "2026-03-29T02:00", "08:00", "2026-03-29T01:00:00Z", "2026-03-29T06:00:00Z"},
		"Apia 2011, a date does not exist":        {"Pacific/Apia", "2011-12-30T08:00", "12:00", "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
	} {
		zone, err := zones.Load(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		w, err := readWall(c.from)
		if err != nil {
			t.Fatal(err)
		}
		to, err := readTime(c.to)
		if err != nil {
			t.Fatal(err)
		}
		v := Rule{zone: zone, from: int64(w) - w.day()*secondsOfDay, to: int64(to) * 60}
		if v.to <= v.from {
			v.to += secondsOfDay
		}
		got := v.window(w.day())
		if got.from.Time().Format(time.RFC3339) != c.begins || got.to.Time().Format(time.RFC3339) != c.ends {
			t.Errorf("%s: %s to %s", name, got.from, got.to)
		}
	}
}

// oracle says who is on duty another way: it looks at the clock every minute and remembers the latest that it
// ever showed. A window has begun when the clock has shown its beginning or later.
type oracle struct {
	r     *Rota
	zone  *time.Location
	shown wall
}

func (o *oracle) minute(at rogatory.Instant) string {
	t := at.Time().In(o.zone)
	o.shown = max(o.shown, wall(time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), 0, time.UTC).Unix()))
	for _, v := range o.r.Rules {
		person := v.Person
		if v.rotation != nil {
			k := int(o.shown-v.rotation.start) / int(v.rotation.turn) // the clock shows more than the start
			person = v.rotation.People[k%len(v.rotation.People)]
		}
		for _, back := range []wall{0, secondsOfDay} {
			day := time.Unix(int64(o.shown-back), 0).UTC()
			midnight := wall(time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, time.UTC).Unix())
			_, holiday := o.r.holidays[day.Format(time.DateOnly)]
			begins := v.days[day.Weekday()] && (v.Holidays == Also || holiday == (v.Holidays == Only))
			if begins && midnight+wall(v.from) <= o.shown && o.shown < midnight+wall(v.to) {
				return person
			}
		}
	}
	return o.r.Fallback
}

// zones with their months of change: whole and half hours, north and south, at midnight and at none.
var zonesOfTheWorld = map[string][]string{
	"Europe/Vienna":       {"2026-03-27", "2026-10-23"},
	"America/New_York":    {"2026-03-06", "2026-10-30"},
	"America/Sao_Paulo":   {"2018-02-16", "2018-11-02"},
	"America/Santiago":    {"2026-04-03", "2026-09-04"},
	"Australia/Lord_Howe": {"2026-04-03", "2026-10-02"},
	"Pacific/Chatham":     {"2026-04-03", "2026-09-25"},
	"Antarctica/Troll":    {"2026-03-27", "2026-10-23"},
	"Africa/Casablanca":   {"2026-02-13", "2026-03-20"},
	"Asia/Kolkata":        {"2026-03-27"},
	"Asia/Kathmandu":      {"2026-10-23"},
	"Pacific/Apia":        {"2011-12-28"},
	"UTC":                 {"2028-02-27"},
}

// chance makes a rota of a zone from a seed: rules that overlap, pass midnight and have odd minutes.
func chance(rnd *rand.Rand, zone, day string) Rota {
	r := base()
	r.Zone, r.Rules, r.Rotations = zone, nil, nil
	people := []string{"anna", "bruno", "carla", "dino"}
	start, _ := time.Parse(time.DateOnly, day)
	for i := range 2 {
		rotation := Rotation{ID: fmt.Sprint("r", i), Start: start.AddDate(0, 0, -7-rnd.IntN(20)).Add(time.Duration(rnd.IntN(1440)) * time.Minute).Format("2006-01-02T15:04"),
			Every: 1 + rnd.IntN(3), Unit: []Unit{Hour, Hour, Day, Week}[rnd.IntN(4)]}
		for range 1 + rnd.IntN(5) {
			rotation.People = append(rotation.People, people[rnd.IntN(len(people))])
		}
		r.Rotations = append(r.Rotations, rotation)
	}
	for i := range 1 + rnd.IntN(4) {
		v := Rule{ID: fmt.Sprint("v", i), Holidays: []Holidays{Also, Also, Never, Only}[rnd.IntN(4)]}
		for _, d := range weekdays {
			if rnd.IntN(2) == 0 {
				v.Days = append(v.Days, d.String())
			}
		}
		if rnd.IntN(5) > 0 {
			hour := []int{rnd.IntN(24), rnd.IntN(4)}[rnd.IntN(2)]
			v.From = fmt.Sprintf("%02d:%02d", hour, []int{0, 15, 30, 45}[rnd.IntN(4)])
			v.To = []string{"24:00", "02:30", "08:00", "00:00", "03:15", v.From}[rnd.IntN(6)]
		}
		if rnd.IntN(2) == 0 {
			v.Person = people[rnd.IntN(len(people))]
		} else {
			v.Rotation = r.Rotations[rnd.IntN(2)].ID
		}
		r.Rules = append(r.Rules, v)
	}
	return r
}

func TestEveryMinuteAtChangesOfTheClocks(t *testing.T) {
	for zone, days := range zonesOfTheWorld {
		for n, day := range days {
			for seed := range uint64(4) {
				rnd := rand.New(rand.NewPCG(seed, uint64(n)))
				r, err := Compile(chance(rnd, zone, day), zones, calendars)
				if err != nil {
					t.Fatal(err)
				}
				start, _ := time.Parse(time.DateOnly, day)
				o := &oracle{r: r, zone: r.zone}
				for m := range 5 * 24 * 60 {
					at := rogatory.At(start.Add(time.Duration(m) * time.Minute))
					want := o.minute(at)
					if got := r.holder(at); m > 24*60 && got.person != want {
						t.Fatalf("%s, seed %d: at %s %s is on duty by %s, not %s\n%s", zone, seed, show(at, r.zone), got.person, got.why, want, text(r))
					}
				}
			}
		}
	}
}

func text(r *Rota) string {
	data, err := json.MarshalIndent(r, "", " ")
	if err != nil {
		return err.Error()
	}
	return string(data)
}

// Shifts follow one another without a gap and without an overlap, and OnDuty says the same at each moment.
func TestEveryInstantHasOneHolder(t *testing.T) {
	for zone, days := range zonesOfTheWorld {
		for seed := range uint64(3) {
			rnd := rand.New(rand.NewPCG(seed, 7))
			r, err := Compile(chance(rnd, zone, days[0]), zones, calendars)
			if err != nil {
				t.Fatal(err)
			}
			start, _ := time.Parse(time.DateOnly, days[0])
			from := rogatory.At(start)
			to := from.Add(30 * 24 * time.Hour)
			shifts, err := Shifts(r, from, to)
			if err != nil || len(shifts) == 0 {
				t.Fatal(err)
			}
			if first, last := shifts[0], shifts[len(shifts)-1]; first.Since > from || last.Until != 0 && last.Until < to {
				t.Fatalf("%s, seed %d: the ends are not covered: %+v %+v", zone, seed, first, last)
			}
			for i, s := range shifts {
				if i > 0 && (shifts[i-1].Until != s.Since || shifts[i-1].Person == s.Person && shifts[i-1].Gap() == s.Gap()) {
					t.Fatalf("%s, seed %d: %+v is followed by %+v", zone, seed, shifts[i-1], s)
				}
				moments := []rogatory.Instant{s.Since, s.Until - 1}
				if s.Since > 0 && s.Until > 0 {
					moments = append(moments, s.Since+rogatory.Instant(rnd.Int64N(int64(s.Until-s.Since))))
				}
				for _, at := range moments {
					if at < from || at >= to {
						continue
					}
					d := OnDuty(r, at)
					d.Why = s.Why
					if at.Sub(s.Since) > MaxLook && d.Since == 0 {
						d.Since = s.Since
					}
					if d.Until == 0 && s.Until.Sub(at) > MaxLook {
						d.Until = s.Until
					}
					if d != s {
						t.Fatalf("%s, seed %d: at %s OnDuty says %+v, Shifts %+v\n%s", zone, seed, show(at, r.zone), d, s, text(r))
					}
				}
			}
			gaps, err := Gaps(r, from, to)
			if err != nil {
				t.Fatal(err)
			}
			for m := range 30 * 24 {
				at := from.Add(time.Duration(m) * time.Hour)
				in := false
				for _, g := range gaps {
					in = in || g.From <= at && at < g.To
				}
				if d := r.holder(at); in != (d.why.Layer == ByFallback) || d.person == "" {
					t.Fatalf("%s, seed %d: at %s gap is %v and %s is on duty by %s", zone, seed, show(at, r.zone), in, d.person, d.why)
				}
			}
		}
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

func TestRotaIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Rota)
		words  string
	}{
		"version":               {func(r *Rota) { r.Version = "" }, "version"},
		"state":                 {func(r *Rota) { r.State = "Austria" }, "state"},
		"number":                {func(r *Rota) { r.Number = "call anna" }, "telephone"},
		"zone":                  {func(r *Rota) { r.Zone = "Europe/Atlantis" }, "Atlantis"},
		"no zone":               {func(r *Rota) { r.Zone = "" }, "zone"},
		"the machine's zone":    {func(r *Rota) { r.Zone = "Local" }, "Local"},
		"nobody":                {func(r *Rota) { r.People = nil }, "0 people"},
		"a person twice":        {func(r *Rota) { r.People[1].ID = "anna" }, `people[1]: id "anna" is there twice`},
		"a name with an escape": {func(r *Rota) { r.People[1].Name = "A\x1b[2J" }, "one line"},
		"a role twice":          {func(r *Rota) { r.People[1].Roles = []string{"a", "a"} }, "roles"},
		"fallback":              {func(r *Rota) { r.Fallback = "nobody" }, "fallback"},
		"head":                  {func(r *Rota) { r.Head = "" }, "head"},
		"unit":                  {func(r *Rota) { r.Rotations[1].Unit = "month" }, `rotations[1]: unit "month"`},
		"every":                 {func(r *Rota) { r.Rotations[0].Every = 0 }, "every 0"},
		"no turns":              {func(r *Rota) { r.Rotations[0].People = nil }, "take turns"},
		"a stranger":            {func(r *Rota) { r.Rotations[0].People = []string{"zoe"} }, `person "zoe"`},
		"start":                 {func(r *Rota) { r.Rotations[0].Start = "Monday" }, "start"},
		"no rules":              {func(r *Rota) { r.Rules = nil }, "no rule"},
		"neither":               {func(r *Rota) { r.Rules[0].Rotation = "" }, "either"},
		"both":                  {func(r *Rota) { r.Rules[0].Person = "anna" }, "either"},
		"unknown rotation":      {func(r *Rota) { r.Rules[0].Rotation = "x" }, "among the rotations"},
		"day":                   {func(r *Rota) { r.Rules[0].Days[0] = "Mon" }, `day "Mon"`},
		"a day twice":           {func(r *Rota) { r.Rules[0].Days[1] = "Monday" }, "twice"},
		"from":                  {func(r *Rota) { r.Rules[0].From = "8:00" }, "from"},
		"only to":               {func(r *Rota) { r.Rules[0].From = "" }, "from"},
		"to":                    {func(r *Rota) { r.Rules[0].To = "25:00" }, "to"},
		"from 24:00":            {func(r *Rota) { r.Rules[0].From = "24:00" }, "begins at 00:00"},
		"holidays":              {func(r *Rota) { r.Rules[0].Holidays = "always" }, "holidays"},
		"a time that does not exist": {func(r *Rota) {
			r.Overrides = []Override{{ID: "o", Person: "anna", From: "2026-03-29T02:30", To: "2026-03-29T08:00"}}
		}, "does not exist in Europe/Vienna"},
		"a time that comes twice": {func(r *Rota) {
			r.Overrides = []Override{{ID: "o", Person: "anna", From: "2026-10-25T02:30", To: "2026-10-25T08:00"}}
		}, "comes twice"},
		"the end before the beginning": {func(r *Rota) {
			r.Overrides = []Override{{ID: "o", Person: "anna", From: "2026-10-25T08:00", To: "2026-10-25T08:00"}}
		}, "not after"},
		"overrides that overlap": {func(r *Rota) {
			r.Overrides = []Override{{ID: "o", Person: "anna", From: "2026-11-25T08:00", To: "2026-11-25T10:00"}, {ID: "p", Person: "dino", From: "2026-11-25T09:00", To: "2026-11-25T11:00"}}
		}, "overrides[1]: p overlaps o"},
		"a temporary schedule without shifts": {func(r *Rota) { r.Temporary = []Temporary{{ID: "t", From: "2026-11-25T08:00"}} }, "0 shifts"},
		"a temporary shift that goes back": {func(r *Rota) {
			r.Temporary = []Temporary{{ID: "t", From: "2026-11-25T08:00", Shifts: []TemporaryShift{{Until: "2026-11-25T07:00", Person: "anna"}}}}
		}, "temporary[0].shifts[0]"},
		"a swap with oneself": {func(r *Rota) {
			r.Swaps = []Swap{{ID: "s", One: Half{Person: "anna"}, Other: Half{Person: "anna"}}}
		}, "two people"},
		"halves that overlap": {func(r *Rota) {
			r.Swaps = []Swap{{ID: "s", One: Half{Person: "anna", From: "2026-11-25T08:00", To: "2026-11-25T10:00"}, Other: Half{Person: "dino", From: "2026-11-25T09:00", To: "2026-11-25T11:00"}}}
		}, "overlaps"},
		"too many rules": {func(r *Rota) { r.Rules = make([]Rule, MaxRules+1) }, "31 rules"},
	} {
		r := base()
		c.change(&r)
		got, err := Compile(r, zones, calendars)
		if got != nil || rogatory.CodeOf(err) != "rota_invalid" || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is wrong in a file is named with its line, and nothing comes of the file.
func TestFileIsRefused(t *testing.T) {
	good := string(example(t, "rota"))
	for name, c := range map[string]struct {
		data  string
		words string
	}{
		"nothing":              {"", "line 1"},
		"no JSON":              {"rota", "line 1"},
		"another document":     {good + "{}", "something follows"},
		"an unknown member":    {strings.Replace(good, `"fallback":`, `"fall_back":`, 1), "line 15: json: unknown field"},
		"a member twice":       {strings.Replace(good, `"fallback":`, `"zone": "UTC", "fallback":`, 1), "line 15: the member \"zone\""},
		"capital letters":      {strings.Replace(good, `"fallback":`, `"Fallback":`, 1), "not in small letters"},
		"null":                 {strings.Replace(good, `"fallback": "fay"`, `"fallback": null`, 1), "null is no value"},
		"another type":         {strings.Replace(good, `"every": 1`, `"every": "1"`, 1), "line 18"},
		"a stranger in a turn": {strings.Replace(good, `"unit": "day", "people": ["carla"`, `"unit": "day", "people": ["zoe"`, 1), `line 20: rotations[1]: person "zoe"`},
		"not UTF-8":            {good[:40] + "\xff", "UTF-8"},
		"nested deep":          {`{"rules": ` + strings.Repeat("[", 100), "nested"},
		"too large":            {strings.Repeat(" ", MaxDataSize+1), "at most"},
	} {
		r, err := Load("rota.json", []byte(c.data), zones, calendars)
		if r != nil || rogatory.KindOf(err) != rogatory.Invalid || !strings.Contains(err.Error(), c.words) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// example is a file as docs/desk.md shows it, so that the page cannot become wrong.
func example(t testing.TB, member string) []byte {
	t.Helper()
	page, err := os.ReadFile("../docs/desk.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, block := range strings.Split(string(page), "```json\n")[1:] {
		block, _, _ = strings.Cut(block, "```")
		if strings.Contains(block, map[string]string{"rota": `"fallback":`, "escalation": `"policies":`}[member]) {
			return []byte(block)
		}
	}
	t.Fatalf("docs/desk.md shows no %s", member)
	return nil
}

func TestThePageOfTheDeskShowsARotaThatHolds(t *testing.T) {
	r, err := Load("rota.json", example(t, "rota"), zones, calendars)
	if err != nil {
		t.Fatal(err)
	}
	if err := Validate(r, at(t, "2026-11-25T12:00")); err != nil {
		t.Error(err)
	}
	e, err := LoadEscalation("escalation.json", example(t, "escalation"))
	if err != nil {
		t.Fatal(err)
	}
	if err := e.Validate(r); err != nil {
		t.Error(err)
	}
	// What was loaded and written again is the same rota.
	again, err := Load("again", []byte(text(r)), zones, calendars)
	if err != nil || text(again) != text(r) {
		t.Error(err)
	}
}

func FuzzLoad(f *testing.F) {
	f.Add(example(f, "rota"))
	f.Add([]byte(`{"version":"1","state":"XA","number":"+43 1 234567","zone":"UTC","people":[{"id":"a","name":"A"}],"fallback":"a","head":"a","rules":[{"id":"r","person":"a"}]}`))
	f.Add([]byte(`{"rules":[{"from":"24:00"}],"swaps":[{"one":{"from":"2026-10-25T02:30"}}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Load("fuzz", data, zones, calendars)
		if err != nil {
			if r != nil || rogatory.KindOf(err) != rogatory.Invalid {
				t.Fatalf("%v %v", r, err)
			}
			return
		}
		now := rogatory.Instant(1774746000000000) // clocks go forward in Vienna
		d := OnDuty(r, now)
		if _, ok := r.Person(d.Person); !ok || d.Since > now || d.Until != 0 && d.Until <= now {
			t.Fatalf("%+v", d)
		}
		if _, err := Gaps(r, now, now.Add(Horizon)); err != nil {
			t.Fatal(err)
		}
	})
}

func FuzzLoadEscalation(f *testing.F) {
	f.Add(example(f, "escalation"))
	f.Add([]byte(`{"version":"1","channels":[{"id":"m","kind":"mail","provider":"p"}],"policies":[{"id":"p","urgent":false,"steps":[{"to":"head","channels":["m"],"wait_seconds":30}],"cycles":1,"last_resort":"call"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := LoadEscalation("fuzz", data)
		if err != nil {
			if e != nil || rogatory.KindOf(err) != rogatory.Invalid {
				t.Fatalf("%v %v", e, err)
			}
			return
		}
		for _, p := range e.Policies {
			if d := Escalate(p, Alarm{Opened: 1}, 1); d.Do != Send {
				t.Fatalf("%+v", d)
			}
		}
	})
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
