// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"rogatory"
)

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
