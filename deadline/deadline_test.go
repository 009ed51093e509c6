// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

func calendar(state string) Calendar { return BundledCalendars().Of(rogatory.StateCode(state)) }

func rule(t testing.TB, id string) Rule {
	t.Helper()
	r, err := BundledRules().Rule(id)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func moment(t testing.TB, c Calendar, text string) rogatory.Instant {
	t.Helper()
	i, err := c.Moment(text)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// A date that was stored can be explained years later from what was stored with it.
func TestADueDateExplainsItself(t *testing.T) {
	xa := calendar("XA")
	due, err := Compute(rule(t, "consultation_answer"), moment(t, xa, "2026-12-11T10:00"), xa)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"asked: Fri 2026-12-11 10:00:00 +01:00 Europe/Vienna",
		"14 days after, the day itself does not count: Fri 2026-12-25",
		"the last day moves to the next working day, Mon 2026-12-28, past Fri 2026-12-25 (Christmas Day), Sat 2026-12-26 (Second day of Christmas), Sun 2026-12-27 (weekend)",
		"it ends at Tue 2026-12-29 00:00:00 +01:00 Europe/Vienna",
	}
	if !slices.Equal(due.Steps, want) {
		t.Errorf("steps:\n%s", strings.Join(due.Steps, "\n"))
	}
	if due.Rule != "consultation_answer" || due.Version != 1 || due.Article != "40(28)" || due.Basis != ProductDefault ||
		due.Calendar != BundledCalendars().Version || due.Zones != zonesEdition || due.State != "XA" || due.Verified || len(due.Warnings) > 0 ||
		due.Local != "2026-12-29T00:00:00+01:00" || due.LastDay != "2026-12-28" {
		t.Errorf("%+v", due)
	}
}

// What an answer could not take into account is said in it.
func TestWarnings(t *testing.T) {
	for _, c := range []struct {
		name, rule, state, from, want string // want empty: no warning
	}{
		{"a State without a calendar", "consultation_answer", "KE", "2026-12-02T10:00:00Z", "no calendar of KE is recorded: counted in calendar days and in UTC"},
		{"hours need no calendar", "acknowledge", "KE", "2026-12-02T10:00:00Z", ""},
		{"nor do rules in UTC", "entry_into_force", "KE", "2026-12-02T10:00:00Z", ""},
		{"a year without holidays", "status_answer", "FR", "2027-12-30T10:00:00Z", "the holidays of FR are not recorded for 2028"},
		{"a year with holidays", "status_answer", "FR", "2027-12-01T10:00:00Z", ""},
		{"calendar days need no holidays", "safe_conduct", "FR", "2029-12-01T10:00:00Z", ""},
		{"a State with several zones", "safe_conduct", "BR", "2026-12-02T10:00:00Z", "America/Sao_Paulo counts"},
		{"a rule of another State", "th_hold", "XA", "2026-12-02T10:00:00Z", "the rule is one of TH, and was applied to XA"},
		{"a rule of the State", "th_hold", "TH", "2026-12-02T10:00:00Z", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			due, err := Compute(rule(t, c.rule), moment(t, Calendar{}, c.from), calendar(c.state))
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(due.Warnings, "; "); !strings.Contains(got, c.want) || c.want == "" && got != "" {
				t.Errorf("warnings: %q, want %q", got, c.want)
			}
		})
	}
}

func TestVerifiedOnlyIfRuleAndCalendarAre(t *testing.T) {
	r, c := rule(t, "preservation_minimum"), calendar("XA")
	for _, both := range []struct{ rule, calendar bool }{{false, false}, {true, false}, {false, true}, {true, true}} {
		r.Verified, c.Verified = both.rule, both.calendar
		due, err := Compute(r, moment(t, c, "2026-12-02"), c)
		if err != nil || due.Verified != (both.rule && both.calendar) {
			t.Errorf("%+v: verified is %v, %v", both, due.Verified, err)
		}
	}
}

func TestComputeRefuses(t *testing.T) {
	good := moment(t, Calendar{}, "2026-12-02")
	never := calendar("XA")
	never.weekend = [7]bool{true, true, true, true, true, true, true}
	change := func(id string, f func(*Rule)) Rule { r := rule(t, id); f(&r); return r }
	for _, c := range []struct {
		name  string
		rule  Rule
		start rogatory.Instant
		c     Calendar
		code  string
	}{
		{"no start", rule(t, "acknowledge"), 0, calendar("XA"), "start_out_of_range"},
		{"a start before 1970", rule(t, "acknowledge"), -1, calendar("XA"), "start_out_of_range"},
		{"a start after 9999", rule(t, "acknowledge"), lastMoment + 1, calendar("XA"), "start_out_of_range"},
		{"an end after 9999, in hours", rule(t, "th_hold"), lastMoment, calendar("TH"), "due_out_of_range"},
		{"an end after 9999, in days", rule(t, "preservation_minimum"), lastMoment, calendar("XA"), "due_out_of_range"},
		{"an end after 9999, in months", rule(t, "denunciation"), lastMoment, calendar("XA"), "due_out_of_range"},
		{"an end before 1970", rule(t, "extension_reminder"), firstMoment, calendar("XA"), "due_out_of_range"},
		{"no rule", Rule{}, good, calendar("XA"), "rule_invalid"},
		{"a rule of no hours", change("acknowledge", func(r *Rule) { r.Amount = 0 }), good, calendar("XA"), "rule_invalid"},
		{"a rule of too many days", change("domestic_order", func(r *Rule) { r.Amount = 1 << 40 }), good, calendar("XA"), "rule_invalid"},
		{"a calendar without a working day", rule(t, "status_answer"), good, never, "no_working_day"},
		{"no working day to move to", rule(t, "consultation_answer"), good, never, "no_working_day"},
	} {
		t.Run(c.name, func(t *testing.T) {
			due, err := Compute(c.rule, c.start, c.c)
			if rogatory.CodeOf(err) != c.code || due.At != 0 || due.Steps != nil {
				t.Errorf("%+v, %v", due, err)
			}
		})
	}
}

// A day with 25 hours that is a whole order: it ends after 24, and is not empty.
func TestAMaximumOfOneDayOnALongDay(t *testing.T) {
	r, xa := rule(t, "domestic_order"), calendar("XA")
	r.Amount = 1
	start := moment(t, xa, "2026-10-25")
	due, err := Compute(r, start, xa)
	if err != nil || due.At != start.Add(24*time.Hour) || due.LastDay != "2026-10-25" {
		t.Errorf("%+v, %v", due, err)
	}
}

// The same seven days as a maximum, as a minimum, and as neither, over both changes of the clocks.
func TestTheSameTimeOfDay(t *testing.T) {
	xa := calendar("XA")
	for _, c := range []struct {
		from                   string
		atMost, exact, atLeast string
	}{
		{"2027-03-20T12:00", "2027-03-27T12:00:00+01:00", "2027-03-27T12:00:00+01:00", "2027-03-27T12:00:00+01:00"},
		{"2027-03-21T12:00", "2027-03-28T12:00:00+02:00", "2027-03-28T12:00:00+02:00", "2027-03-28T13:00:00+02:00"},
		{"2027-03-21T02:30", "2027-03-28T03:00:00+02:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:30:00+02:00"},
		{"2026-10-18T12:00", "2026-10-25T11:00:00+01:00", "2026-10-25T12:00:00+01:00", "2026-10-25T12:00:00+01:00"},
		{"2026-10-18T02:30", "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T02:30:00+01:00"},
	} {
		for bound, want := range map[Bound]string{AtMost: c.atMost, Exact: c.exact, AtLeast: c.atLeast} {
			r := rule(t, "th_extension")
			r.Bound = bound
			due, err := Compute(r, moment(t, xa, c.from), xa)
			if err != nil || due.Local != want {
				t.Errorf("%s from %s: %s, %v, want %s", bound, c.from, due.Local, err, want)
			}
		}
	}
}

func TestWhatIf(t *testing.T) {
	start := moment(t, calendar("XA"), "2026-12-23T10:00")
	var questions []Question
	for _, s := range []string{"XA", "XB", "KE"} {
		questions = append(questions, Question{rule(t, "status_answer"), start, calendar(s)})
	}
	questions = append(questions, Question{rule(t, "status_answer"), 0, calendar("XA")})
	answers, err := WhatIf(questions...)
	if err != nil || len(answers) != 4 {
		t.Fatal(answers, err)
	}
	for i, day := range []string{"2026-12-31", "2026-12-30", "2026-12-28", ""} {
		if answers[i].Due.LastDay != day || (answers[i].Err != nil) != (day == "") {
			t.Errorf("%d: %+v", i, answers[i])
		}
	}
	if _, err := WhatIf(make([]Question, MaxQuestions+1)...); rogatory.CodeOf(err) != "too_many_questions" {
		t.Error(err)
	}
}

// oddZones change their clocks at midnight, just after it, by half an hour or two hours, or crossed the
// date line.
var oddZones = []string{"Africa/Cairo", "Asia/Beirut", "America/St_Johns", "Australia/Lord_Howe", "Antarctica/Troll", "America/Havana",
	"Africa/Casablanca", "Pacific/Apia", "Pacific/Kiritimati", "Pacific/Kwajalein", "Asia/Tehran", "America/Asuncion", "Asia/Gaza", "Asia/Pyongyang", "UTC"}

// Whatever the clocks do: from the end of a day on, no clock shows it or an earlier day again, and the
// moment before it was not over.
func TestTheEndOfADay(t *testing.T) {
	const step, window = 15 * 60, 30 * 60 * 60
	for _, name := range oddZones {
		zone, err := BundledZones().Load(name)
		if err != nil {
			t.Fatal(err)
		}
		random := rand.New(rand.NewPCG(3, uint64(len(name))))
		last := dateOf(time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC))
		for range 400 {
			d := day(1 + random.IntN(int(last)))
			// Days on which the clocks change matter most: go on to the next change, if there is one.
			if _, to := time.Unix(int64(d)*secondsOfDay, 0).In(zone).ZoneBounds(); !to.IsZero() && to.Year() < 2037 && random.IntN(2) == 0 {
				d = dateOf(to.In(zone)) + day(random.IntN(3)) - 1
			}
			over := end(d, zone)
			if got := dateOf(time.Unix(over-1, 0).In(zone)); got > d {
				t.Fatalf("%s in %s ends at %d, and a second before it is %s", d, name, over, got)
			}
			for at := over; at < over+window; at += step {
				if got := dateOf(time.Unix(at, 0).In(zone)); got <= d {
					t.Fatalf("%s in %s ends at %d, and %d seconds later it is %s", d, name, over, at-over, got)
				}
			}
		}
	}
}

func TestMoment(t *testing.T) {
	for _, c := range []struct {
		name, state, text, want, code, hint string
	}{
		{"with an offset", "XA", "2026-12-02T10:00:00-03:30", "2026-12-02T13:30:00.000000Z", "", ""},
		{"local", "XA", "2026-12-02T10:00", "2026-12-02T09:00:00.000000Z", "", ""},
		{"local with seconds, half an hour off", "IN", "2026-12-02T10:00:01", "2026-12-02T04:30:01.000000Z", "", ""},
		{"a date begins at midnight there", "XC", "2026-12-02", "2026-12-01T10:00:00.000000Z", "", ""},
		{"a date whose midnight does not exist", "XB", "2027-03-28", "2027-03-27T22:00:00.000000Z", "", ""},
		{"without a calendar", "KE", "2026-12-02T10:00", "2026-12-02T10:00:00.000000Z", "", ""},
		{"a time that does not exist", "XA", "2027-03-28T02:30", "", "time_not_there", "2027-03-28T03:00:00+02:00"},
		{"a midnight that does not exist", "XB", "2027-03-28T00:00", "", "time_not_there", "2027-03-28T01:00:00+03:00"},
		{"a time that comes twice", "XA", "2026-10-25T02:30", "", "time_twice", "2026-10-25T02:30:00+02:00 or 2026-10-25T02:30:00+01:00"},
		{"the first of them", "XA", "2026-10-25T02:30:00+02:00", "2026-10-25T00:30:00.000000Z", "", ""},
		{"a date that never was", "WS", "2011-12-30", "", "time_not_there", ""},
		{"a time on a date that never was", "WS", "2011-12-30T12:00", "", "time_not_there", ""},
		{"30 February", "XA", "2027-02-30", "", "time_invalid", ""},
		{"nothing", "XA", "", "", "time_invalid", "2027-01-31"},
		{"before 1970", "XA", "1969-12-31", "", "time_invalid", ""},
		{"the last year", "XA", "9999-12-31T23:00:00Z", "", "time_invalid", ""},
		{"the year 0", "XA", "0000-01-01", "", "time_invalid", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := calendar(c.state).Moment(c.text)
			if rogatory.CodeOf(err) != c.code && err != nil || err == nil && (c.code != "" || got.String() != c.want) {
				t.Fatalf("%s, %v", got, err)
			}
			if err != nil && (got != 0 || !strings.Contains(err.(*rogatory.Error).Hint, c.hint)) {
				t.Errorf("%v, hint %q", got, err.(*rogatory.Error).Hint)
			}
		})
	}
}

func TestMonth(t *testing.T) {
	find := func(state string, year int, month time.Month, date string) Day {
		days, err := calendar(state).Month(year, month)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(days, func(d Day) bool { return d.Date == date })
		if i < 0 {
			t.Fatalf("%s is not in %d-%02d", date, year, month)
		}
		return days[i]
	}
	for _, c := range []struct {
		state string
		want  Day
	}{
		{"XB", Day{"2027-03-26", "Friday", false, "weekend", ""}},
		{"XB", Day{"2027-03-28", "Sunday", true, "", "clocks go from 00:00 to 01:00"}},
		{"XB", Day{"2027-10-30", "Saturday", false, "weekend", "clocks go from 00:00 to 23:00"}},
		{"XA", Day{"2026-10-25", "Sunday", false, "weekend", "clocks go from 03:00 to 02:00"}},
		{"FR", Day{"2026-07-14", "Tuesday", false, "National Day", ""}},
		{"FR", Day{"2028-02-29", "Tuesday", true, "", ""}},
		{"WS", Day{"2011-12-30", "Friday", false, "there was no such day", ""}},
		{"KE", Day{"2026-12-05", "Saturday", true, "", ""}},
	} {
		at, _ := time.Parse(time.DateOnly, c.want.Date)
		if got := find(c.state, at.Year(), at.Month(), c.want.Date); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.state, got, c.want)
		}
	}
	if _, err := calendar("XA").Month(2027, 13); rogatory.CodeOf(err) != "month_invalid" {
		t.Error(err)
	}
}

// FuzzCompute holds Compute to its promise: a result within its bounds, or an error with a code.
func FuzzCompute(f *testing.F) {
	all, states := BundledRules().All(), BundledCalendars().All()
	f.Add(int64(1796205600000000), uint16(13), uint16(0), 60)
	f.Add(int64(1806192000000000), uint16(17), uint16(1), 90)
	f.Add(int64(1325246400000000), uint16(26), uint16(11), 7)
	f.Add(int64(253402214399999999), uint16(9), uint16(3), 3660)
	f.Fuzz(func(t *testing.T, start int64, which, where uint16, amount int) {
		r := all[int(which)%len(all)]
		r.Amount = amount
		c := Calendar{State: "KE"}
		if i := int(where) % (len(states) + 1); i < len(states) {
			c = states[i]
		}
		due, err := Compute(r, rogatory.Instant(start), c)
		if err != nil {
			if e, ok := err.(*rogatory.Error); !ok || e.Code == "" || due.At != 0 {
				t.Fatalf("%+v, %v", due, err)
			}
			return
		}
		holds(t, r, due)
	})
}

// holds checks what is true of every due date.
func holds(t *testing.T, r Rule, due Due) {
	t.Helper()
	full := due.Start.Add(time.Duration(r.Amount) * 24 * time.Hour)
	switch {
	case r.Direction == After && due.At <= due.Start, r.Direction == Before && due.At > due.Start:
		t.Errorf("%s from %s ends on the wrong side: %s", r.ID, due.Start, due.At)
	case r.Unit == Days && r.Bound == AtLeast && due.At < full:
		t.Errorf("%s from %s is shorter than its minimum: %s", r.ID, due.Start, due.At)
	case r.Unit == Days && r.Bound == AtMost && due.At > full:
		t.Errorf("%s from %s is longer than its maximum: %s", r.ID, due.Start, due.At)
	case r.Unit == Days && r.Bound == AtMost && due.At < full-rogatory.Instant(50*time.Hour/time.Microsecond):
		t.Errorf("%s from %s is much shorter than it may be: %s", r.ID, due.Start, due.At)
	case len(due.Steps) < 3 || due.Rule != r.ID || due.Version != r.Version || due.Zones == "" && r.Whose != UTC && due.Calendar != "":
		t.Errorf("%+v does not explain itself", due)
	}
}

// Ten thousand moments, every rule and every State, with the days on which the clocks change drawn often.
func TestDueDatesHoldTheirBounds(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	all, states := BundledRules().All(), BundledCalendars().All()
	for range 10000 {
		r, c := all[random.IntN(len(all))], states[random.IntN(len(states))]
		start := rogatory.At(time.Date(1995+random.IntN(100), 1, 1, 0, 0, 0, 0, time.UTC)).Add(time.Duration(random.Int64N(int64(366 * 24 * time.Hour))))
		if random.IntN(3) == 0 {
			start = c.end(c.day(start)) // at midnight
		}
		due, err := Compute(r, start, c)
		if err != nil {
			t.Fatal(err)
		}
		holds(t, r, due)
	}
}

// A screen in another language shows the codes: each is known, and none of the English steps is without one.
func TestEveryStepHasItsCode(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range BundledCalendars().All() {
		for _, rule := range BundledRules().All() {
			for _, start := range []string{"2026-01-31T12:00:00Z", "2026-03-28T01:30:00Z", "2026-10-24T22:30:00Z", "2026-12-24T23:00:00Z", "2038-04-30T10:00:00Z"} {
				at, err := time.Parse(time.RFC3339, start)
				if err != nil {
					t.Fatal(err)
				}
				due, err := Compute(rule, rogatory.At(at), c)
				if err != nil {
					continue
				}
				if len(due.Said) != len(due.Steps) || len(due.Cautions) != len(due.Warnings) {
					t.Fatalf("%s in %s: %d codes for %d steps, %d for %d warnings", rule.ID, c.State, len(due.Said), len(due.Steps), len(due.Cautions), len(due.Warnings))
				}
				for _, s := range slices.Concat(due.Said, due.Cautions) {
					seen[s.Code] = true
					if !slices.Contains(StepCodes(), s.Code) {
						t.Errorf("%s in %s: %q is no code of a step", rule.ID, c.State, s.Code)
					}
				}
			}
		}
	}
	if len(seen) < 10 {
		t.Errorf("only %d codes were seen", len(seen))
	}
}
