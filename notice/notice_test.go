// SPDX-License-Identifier: Apache-2.0

package notice

import (
	"encoding/json"
	"reflect"
	"slices"
	"testing"
	"time"

	"rogatory"
)

func at(t testing.TB, s string) rogatory.Instant {
	t.Helper()
	when, err := time.Parse(time.RFC3339, s)
	if err != nil {
		t.Fatal(err)
	}
	return rogatory.At(when)
}

func clockOf(t testing.TB, s string) Clock {
	t.Helper()
	c, ok := ParseClock(s)
	if !ok {
		t.Fatalf("%q is no time", s)
	}
	return c
}

func choice() Choice {
	return Choice{Language: "en", Channels: []string{"mail"}, About: Sorts(), Days: 3, Zone: "UTC"}
}

// When something goes out that happened at a moment, in zones whose clocks change.
func TestWhenAnEventGoesOut(t *testing.T) {
	for _, row := range []struct {
		name, zone, daily, from, to string
		at, want                    string
	}{
		{"at once", "UTC", "", "", "", "2026-11-25T03:00:00Z", "2026-11-25T03:00:00Z"},
		{"at once, outside the quiet hours", "UTC", "", "22:00", "07:00", "2026-11-25T07:00:00Z", "2026-11-25T07:00:00Z"},
		{"at once, a second before they end", "UTC", "", "22:00", "07:00", "2026-11-25T06:59:59Z", "2026-11-25T07:00:00Z"},
		{"at once, as they begin", "UTC", "", "22:00", "07:00", "2026-11-25T22:00:00Z", "2026-11-26T07:00:00Z"},
		{"at once, quiet at noon", "Asia/Bangkok", "", "12:00", "13:30", "2026-11-25T05:30:00Z", "2026-11-25T06:30:00Z"},
		{"quiet hours over the night in which clocks go forward", "Europe/Vienna", "", "22:00", "07:00", "2026-03-28T22:00:00Z", "2026-03-29T05:00:00Z"},
		{"quiet hours over the night in which clocks go back", "Europe/Vienna", "", "22:00", "07:00", "2026-10-24T21:00:00Z", "2026-10-25T06:00:00Z"},
		{"quiet until an hour that is left out", "Europe/Vienna", "", "22:00", "02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z"},
		{"quiet until an hour that comes twice: the first time", "Europe/Vienna", "", "22:00", "02:30", "2026-10-25T00:15:00Z", "2026-10-25T00:30:00Z"},
		{"that hour the second time is not quiet again", "Europe/Vienna", "", "22:00", "02:30", "2026-10-25T01:15:00Z", "2026-10-25T01:15:00Z"},
		{"a daily notice, just in time", "UTC", "08:00", "", "", "2026-11-25T08:00:00Z", "2026-11-25T08:00:00Z"},
		{"a daily notice, a second late", "UTC", "08:00", "", "", "2026-11-25T08:00:01Z", "2026-11-26T08:00:00Z"},
		{"a daily notice east of the date line", "Pacific/Auckland", "08:00", "", "", "2026-11-24T20:00:00Z", "2026-11-25T19:00:00Z"},
		{"a daily notice west of it", "Pacific/Honolulu", "08:00", "", "", "2026-11-25T17:00:00Z", "2026-11-25T18:00:00Z"},
		{"a daily notice at an hour that is left out comes as the clocks jump", "America/New_York", "02:30", "", "", "2026-03-07T12:00:00Z", "2026-03-08T07:00:00Z"},
		{"a daily notice at an hour that comes twice comes the first time", "America/New_York", "01:30", "", "", "2026-10-31T12:00:00Z", "2026-11-01T05:30:00Z"},
		{"between the two, it comes the next day", "America/New_York", "01:30", "", "", "2026-11-01T05:45:00Z", "2026-11-02T06:30:00Z"},
		{"a midnight that is left out", "America/Havana", "00:00", "", "", "2026-03-07T12:00:00Z", "2026-03-08T05:00:00Z"},
		{"half an hour is a change too", "Australia/Lord_Howe", "02:15", "", "", "2026-10-03T00:00:00Z", "2026-10-03T15:30:00Z"},
		{"a daily notice in quiet hours comes when they end", "UTC", "06:00", "22:00", "07:00", "2026-11-25T03:00:00Z", "2026-11-25T07:00:00Z"},
		{"a day that a zone left out altogether", "Pacific/Apia", "08:00", "", "", "2011-12-29T19:00:00Z", "2011-12-30T18:00:00Z"},
	} {
		t.Run(row.name, func(t *testing.T) {
			zone, err := time.LoadLocation(row.zone)
			if err != nil {
				t.Fatal(err)
			}
			c := choice()
			if row.daily != "" {
				c.Daily, c.Hour = true, clockOf(t, row.daily)
			}
			if row.from != "" {
				c.QuietFrom, c.QuietTo = clockOf(t, row.from), clockOf(t, row.to)
			}
			event := []Event{{1, Assigned, at(t, row.at)}}
			want := at(t, row.want)
			if got := c.due(zone, event[0].At, event[0].At); got != want {
				t.Fatalf("it goes out at %s, want %s", got, want)
			}
			if want > event[0].At {
				if r := Decide(c, zone, event, want-1); len(r.Tell) > 0 || r.LookAgain != want {
					t.Errorf("just before, %+v", r)
				}
			}
			if r := Decide(c, zone, event, want); len(r.Tell) != 1 || r.LookAgain != 0 {
				t.Errorf("at the moment, %+v", r)
			}
		})
	}
}

// Every third minute of a year, in zones with changes: no notice in quiet hours, none later than a day and those hours, and
// whoever looks again when told to is told.
func TestAYearThrough(t *testing.T) {
	for _, name := range []string{"Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "America/Havana", "Asia/Kathmandu"} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		c := choice()
		c.QuietFrom, c.QuietTo = clockOf(t, "23:30"), clockOf(t, "02:30")
		daily := c
		daily.Daily, daily.Hour = true, clockOf(t, "02:15")
		start := time.Date(2026, 1, 1, 0, 0, 0, 0, zone)
		days := map[rogatory.Instant]bool{}
		for m := range 365 * dayMinutes / 3 {
			now := rogatory.At(start.Add(time.Duration(3*m) * time.Minute))
			due := c.due(zone, now, now)
			if again := c.loud(zone, due); again != due || due < now || due.Sub(now) > 4*time.Hour+time.Minute {
				t.Fatalf("%s: what happens at %s goes out at %s, which is quiet until %s", name, now, due, again)
			}
			due = daily.due(zone, now, now)
			if again := c.loud(zone, due); again != due || due < now || due.Sub(now) > 30*time.Hour {
				t.Fatalf("%s: the daily notice for %s comes at %s", name, now, due)
			}
			days[due] = true
		}
		if n := len(days); n < 365 || n > 367 {
			t.Errorf("%s has %d daily notices in a year", name, n)
		}
	}
}

func TestWhatIsDecided(t *testing.T) {
	noon := at(t, "2026-11-25T12:00:00Z")
	c := choice()
	c.About = []Sort{Assigned, Answered}
	waiting := []Event{{1, Assigned, noon.Add(-time.Hour)}, {2, Due, noon}, {3, Answered, noon}}
	if r := Decide(c, time.UTC, waiting, noon); !reflect.DeepEqual(r, Round{Tell: []Event{waiting[0], waiting[2]}, Drop: waiting[1:2]}) {
		t.Errorf("at once: %+v", r)
	}
	c.Daily, c.Hour = true, clockOf(t, "11:30")
	if r := Decide(c, time.UTC, waiting, noon); !reflect.DeepEqual(r, Round{Tell: waiting[:1], Drop: waiting[1:2], LookAgain: noon.Add(23*time.Hour + 30*time.Minute)}) {
		t.Errorf("daily: %+v", r)
	}
	// The node was down from before the daily notice until the quiet hours of the evening: it holds until they are over.
	c.QuietFrom, c.QuietTo = clockOf(t, "20:00"), clockOf(t, "06:00")
	late := at(t, "2026-11-25T21:00:00Z")
	if r := Decide(c, time.UTC, waiting[:1], late); len(r.Tell) != 0 || r.LookAgain != at(t, "2026-11-26T06:00:00Z") {
		t.Errorf("after a node that was down: %+v", r)
	}
	if r := Decide(c, time.UTC, nil, noon); !reflect.DeepEqual(r, Round{}) {
		t.Errorf("nothing waits, and %+v is done", r)
	}
}

func TestHowOftenANoticeIsTried(t *testing.T) {
	made := at(t, "2026-11-25T12:00:00Z")
	var tries []Try
	var gone time.Duration
	for {
		when, ok := TryAt(made, tries)
		if !ok {
			break
		}
		if len(tries) > 0 && when <= tries[len(tries)-1].Begun {
			t.Fatal("it is tried again at once")
		}
		gone = when.Sub(made)
		tries = append(tries, Try{Begun: when})
	}
	if len(tries) != MaxTries || len(waits) != MaxTries || gone < 2*time.Hour {
		t.Errorf("%d attempts within %s", len(tries), gone)
	}
	if _, ok := TryAt(made, []Try{{Begun: made}, {Begun: made, Over: true}}); ok {
		t.Error("what a provider took is sent again")
	}
}

func TestChoicesThatAreRefused(t *testing.T) {
	spoken := []string{"en", "ar"}
	if err := choice().Check(time.LoadLocation, spoken); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Choice){
		"a language that is not spoken": func(c *Choice) { c.Language = "tlh" },
		"no channel":                    func(c *Choice) { c.Channels = nil },
		"a channel without a name":      func(c *Choice) { c.Channels = []string{""} },
		"a channel with a space":        func(c *Choice) { c.Channels = []string{"a b"} },
		"a channel twice":               func(c *Choice) { c.Channels = []string{"mail", "mail"} },
		"too many channels":             func(c *Choice) { c.Channels = slices.Repeat([]string{"mail"}, MaxChannels+1) },
		"nothing to tell":               func(c *Choice) { c.About = nil },
		"something unheard of":          func(c *Choice) { c.About = []Sort{"weather"} },
		"no days":                       func(c *Choice) { c.Days = 0 },
		"too many days":                 func(c *Choice) { c.Days = MaxDays + 1 },
		"an hour beyond the day":        func(c *Choice) { c.Hour = dayMinutes },
		"quiet before the day":          func(c *Choice) { c.QuietFrom = -1 },
		"no zone":                       func(c *Choice) { c.Zone = "" },
		"a zone that is none":           func(c *Choice) { c.Zone = "Europe/Atlantis" },
	} {
		c := choice()
		spoil(&c)
		if got := rogatory.CodeOf(c.Check(time.LoadLocation, spoken)); got != "notice_choice_invalid" {
			t.Errorf("%s: %q", name, got)
		}
	}
	for _, s := range []string{"", "24:00", "7:00", "07:60", "07:00:00", "seven"} {
		if _, ok := ParseClock(s); ok {
			t.Errorf("%q is a time", s)
		}
	}
	if got := clockOf(t, "07:05").String(); got != "07:05" {
		t.Errorf("07:05 is written %q", got)
	}
}

func FuzzRead(f *testing.F) {
	whole, err := json.Marshal(choice())
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{string(whole), string(whole) + "{}", `{"language":"en","hour":1e9}`, `{"who":1}`, "", "null"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Read(data)
		if err != nil {
			if !reflect.DeepEqual(c, Choice{}) {
				t.Fatal("something comes with an error")
			}
			return
		}
		text, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Read(text); err != nil || len(data) <= maxChoice && len(text) <= maxChoice && !reflect.DeepEqual(again, c) && len(c.Channels)+len(c.About) > 0 {
			t.Fatalf("%q is read as another: %v", text, err)
		}
		if c.Check(time.LoadLocation, []string{"en"}) == nil {
			zone, _ := time.LoadLocation(c.Zone)
			now := rogatory.Instant(1_790_000_000_000_000)
			if due := c.due(zone, now, now); due < now || due.Sub(now) > 72*time.Hour {
				t.Fatalf("%+v goes out at %s", c, due)
			}
		}
	})
}
