// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rogatory"
)

func TestBundledData(t *testing.T) {
	r, c := BundledRules(), BundledCalendars()
	if r.Digest != rogatory.DigestOf(bundledRules) || c.Digest != rogatory.DigestOf(bundledCalendars) {
		t.Error("digests differ")
	}
	for _, v := range r.All() {
		if v.Verified {
			t.Errorf("rule %s is marked as verified: no jurist has read it yet", v.ID)
		}
	}
	for _, v := range r.AllRetention() {
		if v.Verified {
			t.Errorf("retention rule %s is marked as verified", v.ID)
		}
	}
	for _, v := range c.All() {
		if v.Verified || !v.State.Fictional() && v.Note == "" {
			t.Errorf("calendar of %s is marked as verified, or does not say what is missing", v.State)
		}
		if !slices.Contains(v.Years, 2026) || !slices.Contains(v.Years, 2027) {
			t.Errorf("calendar of %s: years %v", v.State, v.Years)
		}
	}
	if len(c.All()) < 11 {
		t.Errorf("%d calendars", len(c.All()))
	}
}

// The edition of the zones and the zones themselves change together.
func TestBundledZones(t *testing.T) {
	const digest = "8f55634d05f8bca1f7bc7c69c5933428c69357e0bdf565e5ba224e3f88ff12e8"
	if got := rogatory.DigestOf(bundledZones).String(); got != digest {
		t.Errorf("the embedded tz database is another: %s. Change zonesEdition with it", got)
	}
	for _, name := range []string{"Europe/Atlantis", "", "../etc/passwd", "/etc/localtime", "Local"} {
		if zone, err := BundledZones().Load(name); err == nil {
			t.Errorf("zone %q is %v", name, zone)
		}
	}
}

// Money is released as fast as it is frozen.
func TestReleaseIsAsFastAsFreeze(t *testing.T) {
	freeze, release := rule(t, "freeze"), rule(t, "freeze_release")
	if freeze.Amount != release.Amount || freeze.Unit != release.Unit {
		t.Errorf("freeze in %d %s, release in %d %s", freeze.Amount, freeze.Unit, release.Amount, release.Unit)
	}
}

func TestUnknownRule(t *testing.T) {
	r := BundledRules()
	if _, err := r.Rule("favour"); rogatory.CodeOf(err) != "rule_unknown" || !strings.Contains(err.(*rogatory.Error).Hint, "preservation_minimum") {
		t.Error(err)
	}
	if _, err := r.RuleOf("freeze", 9); rogatory.CodeOf(err) != "rule_unknown" {
		t.Error(err)
	}
	if _, err := r.Retention("favour"); rogatory.CodeOf(err) != "rule_unknown" || !strings.Contains(err.(*rogatory.Error).Hint, "evidence_sent") {
		t.Error(err)
	}
}

// A changed rule is a new version; the old one stays, for dates that were computed with it.
func TestVersions(t *testing.T) {
	old := `{"id": "freeze", "version": 1,`
	at := bytes.Index(bundledRules, []byte(old))
	row := bundledRules[at : at+bytes.IndexByte(bundledRules[at:], '\n')]
	second := strings.Replace(strings.Replace(string(row), `"version": 1`, `"version": 2`, 1), `"amount": 1`, `"amount": 2`, 1)
	r, err := LoadRules("rules.json", slices.Concat(bundledRules[:at], []byte(second), bundledRules[at:]))
	if err != nil {
		t.Fatal(err)
	}
	for version, amount := range map[int]int{0: 2, 1: 1, 2: 2} {
		if v, err := r.RuleOf("freeze", version); err != nil || v.Amount != amount {
			t.Errorf("version %d: %+v, %v", version, v, err)
		}
	}
}

// Files that do not fit together are refused whole, with the line.
func TestRulesAreRefused(t *testing.T) {
	swap := func(old, with string) func(string) string {
		return func(s string) string {
			if !strings.Contains(s, old) {
				t.Fatalf("the rules do not contain %s", old)
			}
			return strings.Replace(s, old, with, 1)
		}
	}
	line := func(of string) string {
		n := 1 + strings.Count(string(bundledRules)[:strings.Index(string(bundledRules), of)], "\n")
		return fmt.Sprint("rules.json:", n)
	}
	status, order, hold := `{"id": "status_answer"`, `{"id": "domestic_order"`, `{"id": "th_hold"`
	for _, c := range []struct {
		name   string
		change func(string) string
		want   string
		where  string
	}{
		{"an unknown member", swap(status, `{"wish": 1, "id": "status_answer"`), "unknown member", line(status)},
		{"a doubled member", swap(status, `{"id": "x_y", "id": "status_answer"`), "there twice", line(status)},
		{"a member in capitals", swap(status, `{"ID": "status_answer"`), "in other letters", line(status)},
		{"null", swap(`"verified": true`, `"verified": null`), "null", line(`"65(1)"`)},
		{"a doubled rule", swap(order, `{"id": "preservation_minimum"`), "version 1 is there twice", line(order)},
		{"an unknown event", swap(`"from": "preserved"`, `"from": "dreamt"`), "event", line(`"id": "preservation_minimum"`)},
		{"an unknown unit", swap(`60, "unit": "days"`, `60, "unit": "moons"`), "unit", line(`"id": "preservation_minimum"`)},
		{"an article that the file does not explain", swap(`"article": "42(8)"`, `"article": "42(7)"`), "not among", line(`"id": "preservation_minimum"`)},
		{"an article that is none", swap(`"42(8)":`, `"69":`), "no article", line(`"42(8)":`)},
		{"an article that nobody uses", swap(`"25(2)":`, `"25(3)": {"says": "secrecy", "verified": false}, "25(2)":`), "no rule has the article 25(3)", line(`"25(2)":`)},
		{"a reference that leads nowhere", swap(`"extended_by": "th_extension"`, `"extended_by": "th_extensions"`), "not there", line(hold)},
		{"an order extended by no order", swap(`"extended_by": "th_extension"`, `"extended_by": "status_answer"`), "of another State", line(hold)},
		{"a national rule without a State", swap(`"state": "TH", `, ``), "names its State", line(hold)},
		{"a maximum that grows", swap(`"first_day": "same"`, `"first_day": "next"`), "a maximum is", line(order)},
		{"a minimum that shrinks", swap(`"if_not_working": "none", "bound": "at_least"`, `"if_not_working": "previous", "bound": "at_least"`), "a minimum cannot", line(`"id": "safe_conduct"`)},
		{"hours that end with a day", swap(`"falls": "instant"`, `"falls": "end_of_day"`), "end at an instant", line(`"id": "acknowledge_emergency"`)},
		{"a retention rule that overlaps", swap(`"id": "evidence_sent", "version": 1, "what": "evidence", "sides": ["requested"]`, `"id": "evidence_sent", "version": 1, "what": "evidence", "sides": ["requested", "requesting"]`), "overlaps", line(`"id": "evidence_sent"`)},
		{"a review after the deletion", swap(`"review": {"amount": 3,`, `"review": {"amount": 7,`), "the review comes first", line(`"id": "evidence_sent"`)},
		{"an unknown member of the file", swap(`"articles"`, `"article"`), "unknown member", "rules.json:3"},
		{"a version that is no date", swap(`"version": "2026-11-25"`, `"version": "new"`), "of the form", "rules.json:2"},
		{"half a file", func(s string) string { return s[:len(s)/2] }, "", ""},
		{"two files", func(s string) string { return s + s }, "something follows", ""},
		{"no file", func(string) string { return "" }, "", ""},
		{"a list", func(string) string { return "[]" }, "not a JSON object", "rules.json:1"},
		{"a file without rules", func(string) string { return `{"version": "2026-11-25", "articles": {}, "retention": []}` }, `"rules" is missing`, ""},
		{"another encoding", func(string) string { return "{\"version\": \"\xff\"}" }, "UTF-8", ""},
		{"a file that is too large", func(string) string { return strings.Repeat(" ", MaxDataSize+1) }, "at most", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := LoadRules("rules.json", []byte(c.change(string(bundledRules))))
			if r != nil || rogatory.KindOf(err) != rogatory.Invalid || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "rules.json") {
				t.Fatalf("%v", err)
			}
			if c.where != "" && !strings.Contains(err.Error(), c.where+":") {
				t.Errorf("%v, want %s", err, c.where)
			}
		})
	}
}

func TestCalendarsAreRefused(t *testing.T) {
	const file = `{
  "version": "2026-11-25",
  "calendars": [
    {"state": "XY", "name": "Ypsilon", "zones": ["Europe/Vienna"], "weekend": ["Sunday"], "years": [2026], "verified": false, "holidays": [{"date": "2026-01-01", "name": "New Year's Day"}]},
    {"state": "XZ", "name": "Zeta", "zones": ["Asia/Tokyo"], "weekend": [], "years": [2026], "verified": false, "holidays": []}
  ]
}`
	if _, err := LoadCalendars("mine.json", []byte(file), BundledZones()); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, old, with, want string }{
		{"an unknown zone", "Europe/Vienna", "Europe/Atlantis", "mine.json:4: "},
		{"the machine's zone", "Europe/Vienna", "Local", "mine.json:4: "},
		{"a doubled State", `"XZ"`, `"XY"`, "mine.json:5: calendar of XY is there twice"},
		{"an unknown weekday", `["Sunday"]`, `["Funday"]`, "mine.json:4: "},
		{"a week of weekends", `["Sunday"]`, `["Sunday","Monday","Tuesday","Wednesday","Thursday","Friday","Saturday"]`, "every day is a weekend day"},
		{"a holiday outside the years", `"2026-01-01"`, `"2028-01-01"`, "not in the years"},
		{"a date that is none", `"2026-01-01"`, `"2026-02-29"`, "not a date"},
		{"a doubled holiday", `"holidays": []`, `"holidays": [{"date": "2026-01-01", "name": "a"}, {"date": "2026-01-01", "name": "b"}]`, "mine.json:5: "},
		{"no zone", `["Asia/Tokyo"]`, `[]`, "0 zones"},
		{"no years", `"years": [2026]`, `"years": []`, "no years"},
		{"no name", `"Zeta"`, `""`, "name is missing"},
		{"an unknown member", `"name": "Zeta"`, `"name": "Zeta", "moon": 1`, "mine.json:5: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := LoadCalendars("mine.json", []byte(strings.Replace(file, c.old, c.with, 1)), BundledZones())
			if got != nil || rogatory.CodeOf(err) != "data_invalid" || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v, want %q", err, c.want)
			}
		})
	}
}

// FuzzLoadRules holds the parser to nothing but an error on error, and to rules that compute.
func FuzzLoadRules(f *testing.F) {
	f.Add([]byte(`{"version": "2026-11-25", "articles": {}, "rules": [], "retention": []}`))
	f.Add([]byte(`{"version": "2026-11-25", "articles": {"42(8)": {"says": "x", "verified": false}}, "rules": [{"id": "ab", "version": 1, "title": "t", "basis": "article", "article": "42(8)", "from": "received", "direction": "after", "amount": 1, "unit": "hours", "whose": "utc", "falls": "instant", "if_not_working": "none", "bound": "exact", "verified": false}], "retention": []}`))
	f.Add(bundledRules)
	start := rogatory.Instant(1796205600000000)
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := LoadRules("rules.json", data)
		if (r == nil) == (err == nil) {
			t.Fatal(r, err)
		}
		if err != nil {
			return
		}
		for _, v := range r.All()[:min(len(r.All()), 50)] {
			if _, err := Compute(v, start, Calendar{}); rogatory.CodeOf(err) == "rule_invalid" {
				t.Fatal(err)
			}
		}
	})
}

func FuzzLoadCalendars(f *testing.F) {
	f.Add([]byte(`{"version": "2026-11-25", "calendars": [{"state": "XY", "name": "Y", "zones": ["Europe/Vienna"], "weekend": ["Sunday"], "years": [2026], "verified": false, "holidays": [{"date": "2026-01-01", "name": "n"}]}]}`))
	f.Add([]byte(`{"calendars": [], "version": "2026-11-25"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := LoadCalendars("calendars.json", data, BundledZones())
		if (c == nil) == (err == nil) {
			t.Fatal(c, err)
		}
	})
}

// A file of many short members is read in one pass, and refused at the first that is wrong.
func TestManyMembers(t *testing.T) {
	var b strings.Builder
	b.WriteString("{\"version\": \"2026-11-25\", \"articles\": {\n")
	for i := range 20000 {
		fmt.Fprintf(&b, "\"40(%d)\": {\"says\": \"x\"},\n", i+1)
	}
	b.WriteString("\"41\": {\"says\": \"x\"}}, \"rules\": [], \"retention\": []}")
	_, err := LoadRules("rules.json", []byte(b.String()))
	if err == nil || !strings.Contains(err.Error(), "rules.json:101: \"40(100)\"") {
		t.Error(err)
	}
}
