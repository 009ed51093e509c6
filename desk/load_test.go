// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"os"
	"strings"
	"testing"

	"rogatory"
)

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
		"a temporary shift that ends before the one before": {func(r *Rota) {
			r.Temporary = []Temporary{{ID: "t", From: "2026-11-25T08:00", Shifts: []TemporaryShift{{Until: "2026-11-25T12:00", Person: "anna"}, {Until: "2026-11-25T11:00", Person: "dino"}}}}
		}, "temporary[0].shifts[1]"},
		"temporary schedules that overlap": {func(r *Rota) {
			shifts := []TemporaryShift{{Until: "2026-11-25T12:00", Person: "anna"}}
			r.Temporary = []Temporary{{ID: "t", From: "2026-11-25T08:00", Shifts: shifts}, {ID: "u", From: "2026-11-25T11:59", Shifts: shifts}}
		}, "temporary[1]: u overlaps t"},
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
		"nothing":              {"", "rota.json:1"},
		"no JSON":              {"rota", "rota.json:1"},
		"another document":     {good + "{}", "rota.json"},
		"an unknown member":    {strings.Replace(good, `"fallback":`, `"fall_back":`, 1), `rota.json:15: unknown member "fall_back"`},
		"a member twice":       {strings.Replace(good, `"fallback":`, `"zone": "UTC", "fallback":`, 1), `rota.json:15: member "zone" is there twice`},
		"capital letters":      {strings.Replace(good, `"fallback":`, `"Fallback":`, 1), "other letters"},
		"null":                 {strings.Replace(good, `"fallback": "fay"`, `"fallback": null`, 1), "null is no value"},
		"another type":         {strings.Replace(good, `"every": 1`, `"every": "1"`, 1), "rota.json:18"},
		"a stranger in a turn": {strings.Replace(good, `"unit": "day", "people": ["carla"`, `"unit": "day", "people": ["zoe"`, 1), `rota.json:20: rotations[1]: person "zoe"`},
		"not UTF-8":            {good[:40] + "\xff", "UTF-8"},
		"nested deep":          {`{"rules": ` + strings.Repeat("[", 100), "rota.json:1"},
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
