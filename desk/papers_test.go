// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"rogatory"
)

func TestHandOver(t *testing.T) {
	r := with(t, func(*Rota) {}) // bruno until 20:00, then carla, then bruno from 08:00
	evening, night, morning := at(t, "2026-12-01T19:55"), at(t, "2026-12-01T20:10"), at(t, "2026-12-02T08:05")
	n, err := NewNote(r, Note{ID: "n1", By: "bruno", Written: evening, Text: "XB calls back at nine.", Open: []Item{{Request: "XB-2026-7K3M9Q2P.1", Text: "answer due at 23:00"}}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		by   string
		at   rogatory.Instant
		code string
	}{
		"the writer, still on duty": {"bruno", evening, "note_denied"},
		"the writer, again on duty": {"bruno", morning, "note_denied"},
		"somebody else":             {"dino", night, "note_denied"},
		"before it was written":     {"dino", evening - 1, "note_denied"},
		"the next":                  {"carla", night, ""},
	} {
		got, err := n.Acknowledge(r, c.by, c.at)
		if c.code == "" && (err != nil || got.ReadBy != c.by || got.Read != c.at) || c.code != "" && (rogatory.CodeOf(err) != c.code || got.Read != 0) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list := Unread([]Note{n}, "bruno"); len(list) > 0 {
		t.Error("the writer is asked to read it")
	}
	late, err := NewNote(r, Note{By: "bruno", Written: night, Text: "One more thing."})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := late.Acknowledge(r, "carla", night-1); rogatory.CodeOf(err) != "note_denied" {
		t.Error("a note was read before it was written")
	}
	later := n
	later.ID, later.Written = "n2", n.Written+1
	if list := Unread([]Note{later, n}, "carla"); len(list) != 2 || list[0].ID != "n1" {
		t.Errorf("%+v", list)
	}
	read, _ := n.Acknowledge(r, "carla", night)
	if _, err := read.Acknowledge(r, "carla", night); rogatory.CodeOf(err) != "note_read" {
		t.Error(err)
	}
	if list := Unread([]Note{read}, "carla"); len(list) > 0 {
		t.Errorf("%+v", list)
	}
	for name, c := range map[string]struct {
		note Note
		code string
	}{
		"a little late":   {Note{By: "bruno", Written: night, Text: "x"}, ""},
		"a stranger":      {Note{By: "anna", Written: night, Text: "x"}, "note_denied"},
		"empty":           {Note{By: "bruno", Written: evening, Text: " \n"}, "note_invalid"},
		"only an item":    {Note{By: "bruno", Written: evening, Open: []Item{{Text: "x"}}}, ""},
		"an empty item":   {Note{By: "bruno", Written: evening, Text: "x", Open: []Item{{}}}, "note_invalid"},
		"too long":        {Note{By: "bruno", Written: evening, Text: strings.Repeat("é", MaxNote+1)}, "note_invalid"},
		"read in advance": {Note{By: "bruno", Written: evening, Text: "x", ReadBy: "carla", Read: evening}, ""},
	} {
		got, err := NewNote(r, c.note)
		if c.code == "" && (err != nil || got.Read != 0) || c.code != "" && rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// readCalendar is a reader of iCalendar for this test: unfolded lines, one map per event.
func readCalendar(t *testing.T, data []byte) []map[string]string {
	t.Helper()
	if bytes.Count(data, []byte("\n")) != bytes.Count(data, []byte("\r\n")) || bytes.Count(data, []byte("\r")) != bytes.Count(data, []byte("\r\n")) || !bytes.HasSuffix(data, []byte("\r\n")) {
		t.Fatal("lines do not end with CRLF")
	}
	for _, line := range strings.Split(string(data), "\r\n") {
		if len(line) > 75 || !utf8.ValidString(line) {
			t.Errorf("a line of %d octets: %q", len(line), line)
		}
	}
	text := strings.ReplaceAll(string(data), "\r\n ", "")
	lines := strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n")
	if lines[0] != "BEGIN:VCALENDAR" || lines[len(lines)-1] != "END:VCALENDAR" || !slices.Contains(lines, "VERSION:2.0") {
		t.Fatalf("%q", lines)
	}
	var events []map[string]string
	var event map[string]string
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case !ok:
			t.Fatalf("%q has no value", line)
		case line == "BEGIN:VEVENT":
			event = map[string]string{}
		case line == "END:VEVENT":
			events, event = append(events, event), nil
		case event != nil:
			if event[name] != "" {
				t.Fatalf("%s is there twice", name)
			}
			event[name] = value
		}
	}
	return events
}

func TestCalendarOfAPerson(t *testing.T) {
	r := with(t, func(*Rota) {})
	from := at(t, "2026-10-20T00:00") // over a change of the clocks
	data, err := ICal(r, "carla", from, from.Add(30*24*time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	events := readCalendar(t, data)
	shifts, _ := Shifts(r, from, from.Add(30*24*time.Hour))
	shifts = slices.DeleteFunc(shifts, func(d Duty) bool { return d.Person != "carla" })
	if len(events) != len(shifts) || len(events) < 10 {
		t.Fatalf("%d events, %d shifts", len(events), len(shifts))
	}
	seen := map[string]bool{}
	for i, e := range events {
		start, err1 := time.Parse("20060102T150405Z", e["DTSTART"])
		end, err2 := time.Parse("20060102T150405Z", e["DTEND"])
		if err1 != nil || err2 != nil || rogatory.At(start) != shifts[i].Since || rogatory.At(end) != shifts[i].Until {
			t.Errorf("%v is not %+v", e, shifts[i])
		}
		if e["SUMMARY"] != "Duty" || e["DESCRIPTION"] != "Service number +888 000 001" || e["DTSTAMP"] == "" || seen[e["UID"]] || len(e["UID"]) != 32 {
			t.Errorf("%v", e)
		}
		seen[e["UID"]] = true
	}
	// Nothing says whose calendar it is.
	for _, private := range []string{"carla", "Carla", "XA", "nights", "Vienna", "rule"} {
		if bytes.Contains(data, []byte(private)) {
			t.Errorf("it says %q", private)
		}
	}
	if again, _ := ICal(r, "carla", from, from.Add(30*24*time.Hour)); !bytes.Equal(again, data) {
		t.Error("the same rota gives other bytes")
	}
	if _, err := ICal(r, "zoe", from, from); rogatory.CodeOf(err) != "person_unknown" {
		t.Error(err)
	}
	if _, err := ICal(r, "carla", from, from.Add(MaxSpan+1000)); rogatory.CodeOf(err) != "span_too_long" {
		t.Error(err)
	}
	// A person who is on duty for ever has one event, cut to what was asked for.
	alone := with(t, func(r *Rota) { r.Rules = []Rule{{ID: "always", Person: "anna"}} })
	data, err = ICal(alone, "anna", from, from.Add(time.Hour))
	if events := readCalendar(t, data); err != nil || len(events) != 1 || events[0]["DTSTART"] != "20261019T220000Z" || events[0]["DTEND"] != "20261019T230000Z" {
		t.Errorf("%s %v", data, err)
	}
}

func TestFoldedLines(t *testing.T) {
	for _, n := range []int{1, 70, 75, 76, 149, 150, 1000} {
		for _, c := range []string{"x", "é", "日", "😀"} {
			var b bytes.Buffer
			property(&b, "DESCRIPTION", strings.Repeat(c, n))
			for _, line := range strings.Split(b.String(), "\r\n") {
				if len(line) > 75 || !utf8.ValidString(line) {
					t.Errorf("%d of %s: %q", n, c, line)
				}
			}
			if got := strings.ReplaceAll(b.String(), "\r\n ", ""); got != "DESCRIPTION:"+strings.Repeat(c, n)+"\r\n" {
				t.Errorf("%d of %s: %q", n, c, got)
			}
		}
	}
	if got := escape("a\r\nEND:VEVENT\rX\x00\u0085b"); got != `a\nEND:VEVENT\nXb` {
		t.Errorf("a text that ends lines is written as %q", got)
	}
	if got := escape("a;b,c\\d\ne"); got != `a\;b\,c\\d\ne` {
		t.Error(got)
	}
}

func borealia() rogatory.Party {
	return rogatory.Party{Code: "XB", Name: "Borealia", ContactPoints: []rogatory.ContactPoint{
		{Name: "Night desk", Telephone: "+888 111 222", Mail: "desk@borealia.example", Languages: []string{"en", "fr"}, Zone: "America/New_York"},
		{Name: "Ministry", Mail: "ministry@borealia.example"},
	}}
}

func TestContactPoints(t *testing.T) {
	now := at(t, "2026-12-02T03:00")
	called := func(number string, days int) Verification {
		return Verification{State: "XB", Point: "Night desk", Number: number, By: "anna", At: now.Add(time.Duration(-days) * 24 * time.Hour)}
	}
	for name, c := range map[string]struct {
		seen []Verification
		want string
	}{
		"never":              {nil, "never verified"},
		"last week":          {[]Verification{called("+888111222", 7)}, ""},
		"a year ago":         {[]Verification{called("+888 111 222", 365)}, ""},
		"longer ago":         {[]Verification{called("+888 111 222", 366)}, "366 days ago: the list is circulated every year (Art 41(2))"},
		"twice":              {[]Verification{called("+888 111 222", 7), called("+888 111 222", 400)}, ""},
		"the number changed": {[]Verification{called("+888 111 333", 7)}, "the number changed"},
		"another State's":    {[]Verification{{State: "XC", Point: "Night desk", Number: "+888 111 222", At: now}}, "never verified"},
	} {
		p := PointsOf(borealia(), c.seen)[0]
		got := strings.Join(p.Warnings(now), "; ")
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
	}
	if p := PointsOf(borealia(), []Verification{called("+888 111 333", 30), called("+888 111 222", 7)})[0]; p.Earlier || p.Verified.By != "anna" {
		t.Errorf("%+v", p)
	}
	points := PointsOf(borealia(), nil)
	if got := points[1].Warnings(now); len(got) != 3 {
		t.Errorf("%q", got)
	}
	for name, c := range map[string]struct {
		point   Point
		given   string
		warning bool
		code    string
	}{
		"the same":           {points[0], "00888 111-222", false, ""},
		"none given":         {points[0], "", false, ""},
		"another":            {points[0], "+888 111 223", true, ""},
		"words":              {points[0], "my mobile", true, ""},
		"not in a directory": {points[1], "+888 111 222", false, "no_call_back"},
	} {
		number, warning, err := c.point.CallBackFor(c.given)
		if c.code != "" {
			if rogatory.CodeOf(err) != c.code || number != "" {
				t.Errorf("%s: %q %v", name, number, err)
			}
		} else if err != nil || number != "+888 111 222" || (warning != "") != c.warning {
			t.Errorf("%s: %q %q %v", name, number, warning, err)
		}
	}
	if SameNumber("", "") || SameNumber("none", "none") {
		t.Error("no number is no number")
	}
}

func TestSheetForTheWall(t *testing.T) {
	now := at(t, "2026-12-02T03:00")
	seen := []Verification{{State: "XB", Point: "Night desk", Number: "+888 111 222", By: "anna", At: now.Add(-48 * time.Hour)}}
	points := append(PointsOf(borealia(), seen), Point{State: "XA", StateName: "Arcadia", Name: "Desk\x1b[2J\u202e" + strings.Repeat(" long", 30), Languages: []string{"en"}})
	sheet := string(Printable(points, now))
	const night = `XB Borealia: Night desk
  languages   en, fr
  hours       24 hours, every day (Art 41(1))
  zone        America/New_York
  1 telephone +888 111 222
  2 mail      desk@borealia.example
  call back   +888 111 222
  verified    30 November 2026 by anna
`
	if !strings.Contains(sheet, night) || strings.Index(sheet, "XA Arcadia") > strings.Index(sheet, "XB") || !strings.Contains(sheet, "ATTENTION   no call-back number") {
		t.Errorf("%s", sheet)
	}
	if strings.ContainsAny(sheet, "\x1b\u202e") {
		t.Error("another State's text moves the cursor")
	}
	for _, line := range strings.Split(sheet, "\n") {
		if utf8.RuneCountInString(line) > sheetWidth || strings.HasSuffix(line, " ") {
			t.Errorf("%q", line)
		}
	}
}

func TestDrillsAreDueAtNoTimeThatCanBeGuessed(t *testing.T) {
	p := DrillPlan{By: "XA", Of: "XB", First: at(t, "2026-12-01T00:00"), Every: 7 * 24 * time.Hour, Seed: [32]byte{1}}
	other := p
	other.Seed[0] = 2
	same, nights := 0, 0
	for n := range 100 {
		due, err := p.At(n)
		if err != nil {
			t.Fatal(err)
		}
		begins := p.First.Add(time.Duration(n) * p.Every)
		if due < begins || due >= begins.Add(p.Every) {
			t.Errorf("drill %d is due at %s", n, due)
		}
		if again, _ := p.At(n); again != due {
			t.Error("the same seed gives another time")
		}
		if o, _ := other.At(n); o == due {
			same++
		}
		if due.Time().Hour() < 6 {
			nights++
		}
	}
	if same > 1 || nights < 10 || nights > 45 {
		t.Errorf("%d times the same for another seed; %d of 100 at night", same, nights)
	}
	for name, change := range map[string]func(*DrillPlan){
		"oneself":    func(p *DrillPlan) { p.Of = "XA" },
		"no State":   func(p *DrillPlan) { p.Of = "" },
		"every hour": func(p *DrillPlan) { p.Every = time.Hour },
		"never":      func(p *DrillPlan) { p.First = 0 },
	} {
		bad := p
		change(&bad)
		if _, err := bad.At(0); rogatory.CodeOf(err) != "drill_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.At(-1); rogatory.CodeOf(err) != "drill_invalid" {
		t.Error(err)
	}
}

func TestFigures(t *testing.T) {
	from := at(t, "2026-12-01T00:00")
	drill := func(hour int, machine, human time.Duration) Drill {
		d := Drill{By: "XA", Of: "XB", Mode: rogatory.Exercise, Sent: from.Add(time.Duration(hour) * time.Hour)}
		if machine != 0 {
			d.Machine = d.Sent.Add(machine)
		}
		if human != 0 {
			d.Human = d.Sent.Add(human)
		}
		return d
	}
	var drills []Drill
	for i := range 9 {
		drills = append(drills, drill(i, time.Duration(i+1)*time.Second, time.Duration(i+1)*time.Minute))
	}
	drills = append(drills, drill(9, 10*time.Second, 0)) // nobody got up
	outside := []Drill{drill(10, time.Second, time.Second), drill(-1, time.Second, time.Second), {By: "XB", Of: "XA", Mode: rogatory.Exercise, Sent: from}, {By: "XA", Of: "XB", Mode: rogatory.Live, Sent: from}}
	f := Measure(append(outside, drills...), "XA", "XB", rogatory.Exercise, from, from.Add(10*time.Hour))
	if f.Drills != 10 || f.Machine != (Spread{Answered: 10, Median: 5000, P90: 9000}) || f.Human != (Spread{Answered: 9, Median: 5 * 60_000, P90: 9 * 60_000}) {
		t.Errorf("%+v", f)
	}
	// Of nine, the ninth is the 90th percentile: the rank is rounded up.
	if f := Measure(drills[:9], "XA", "XB", rogatory.Exercise, from, from.Add(10*time.Hour)); f.Machine != (Spread{Answered: 9, Median: 5000, P90: 9000}) {
		t.Errorf("%+v", f)
	}
	// With half of them silent there is a median; with more there is none.
	for silent, want := range map[int]Spread{5: {Answered: 5, Median: 60_000}, 6: {Answered: 4}, 10: {}} {
		var list []Drill
		for i := range 10 {
			if i < silent {
				list = append(list, drill(i, time.Second, 0))
			} else {
				list = append(list, drill(i, time.Second, time.Minute))
			}
		}
		if f := Measure(list, "XA", "XB", rogatory.Exercise, from, from.Add(10*time.Hour)); f.Human != want {
			t.Errorf("%d silent: %+v", silent, f.Human)
		}
	}
	// An answer before the question is none.
	if f := Measure([]Drill{drill(0, -time.Second, time.Second)}, "XA", "XB", rogatory.Exercise, from, from+1); f.Machine != (Spread{}) || f.Human.Answered != 1 {
		t.Errorf("%+v", f)
	}
	if f := Measure(nil, "XA", "XB", rogatory.Live, from, from+1); f.Drills != 0 || f.Machine != (Spread{}) {
		t.Errorf("%+v", f)
	}
}

func TestOnlyWhatBothSignedIsPublished(t *testing.T) {
	f := Figures{By: "XA", Of: "XB", Mode: rogatory.Live, From: 1, To: 2, Drills: 4, Human: Spread{Answered: 4, Median: 60000}}
	better := f
	better.Human.Median = 1000
	said := func(f Figures, by rogatory.StateCode) Statement {
		return Statement{Figures: f, Signer: by, Message: rogatory.DigestOf(fmt.Append(nil, by))}
	}
	unsigned := said(f, "XB")
	unsigned.Message = rogatory.Digest{}
	for name, c := range map[string]struct {
		list []Statement
		want int
	}{
		"both":                {[]Statement{said(f, "XA"), said(f, "XB")}, 1},
		"both, and again":     {[]Statement{said(f, "XA"), said(f, "XB"), said(f, "XB")}, 1},
		"one":                 {[]Statement{said(f, "XA"), said(f, "XA")}, 0},
		"a third":             {[]Statement{said(f, "XA"), said(f, "XC")}, 0},
		"not signed":          {[]Statement{said(f, "XA"), unsigned}, 0},
		"not the same":        {[]Statement{said(f, "XA"), said(better, "XB")}, 0},
		"one says two things": {[]Statement{said(f, "XA"), said(f, "XB"), said(better, "XB")}, 0},
		"a third disagrees":   {[]Statement{said(f, "XA"), said(f, "XB"), said(better, "XC")}, 1},
		"nothing":             {nil, 0},
	} {
		got := Publishable(c.list)
		if len(got) != c.want || c.want == 1 && got[0] != f {
			t.Errorf("%s: %+v", name, got)
		}
	}
	// The order of statements does not matter.
	var list []Statement
	for _, of := range []rogatory.StateCode{"XB", "XC", "XD", "XE"} {
		g := f
		g.Of = of
		list = append(list, said(g, "XA"), said(g, of))
	}
	want := fmt.Sprint(Publishable(list))
	for seed := range uint64(20) {
		rand.New(rand.NewPCG(seed, 3)).Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
		if got := fmt.Sprint(Publishable(list)); got != want {
			t.Fatalf("%s, then %s", want, got)
		}
	}
}
