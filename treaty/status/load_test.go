// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"strings"
	"testing"

	"rogatory"
)

// swap replaces a passage once; the test is wrong if it is not there.
func swap(t *testing.T, data []byte, from, to string) []byte {
	t.Helper()
	if !bytes.Contains(data, []byte(from)) {
		t.Fatalf("the data do not hold %q any more", from)
	}
	return bytes.Replace(data, []byte(from), []byte(to), 1)
}

// lineOf is the number of the line in which words first stand.
func lineOf(data []byte, words string) int {
	return 1 + bytes.Count(data[:bytes.Index(data, []byte(words))], []byte("\n"))
}

func TestBadStatusFilesAreRefusedWithTheirLine(t *testing.T) {
	states := Embedded().Book().States()
	dz := `{"code":"DZ","signature":{"on":"2025-10-25","certainty":"exact"`
	for _, c := range []struct{ name, from, to, want string }{
		{"unknown member", `"as_of"`, `"as_off"`, `unknown member "as_off"`},
		{"one member more", `"rows": 0`, `"rows": 0, "rose": 1`, `unknown member "rose"`},
		{"member twice", `"rows": 0`, `"rows": 0, "rows": 1`, `"rows" is there twice`},
		{"member in capitals", `"rows": 0`, `"Rows": 0`, "in other letters"},
		{"unknown member of a row", dz, `{"code":"DZ","singed":{"on":"2025-10-25","certainty":"exact"`, `unknown member "singed"`},
		{"unknown State", `"code":"DZ"`, `"code":"DY"`, `State "DY" is unknown`},
		{"fictional State", `"code":"ZW"`, `"code":"XZ"`, "out of order"},
		{"doubled State", `"code":"AO"`, `"code":"AT"`, `"AT" is there twice`},
		{"unknown article", `"articles":["7"]`, `"articles":["69"]`, `article "69"`},
		{"unknown form of an article", `"articles":["63(2)"]`, `"articles":["63.2"]`, `article "63.2"`},
		{"unknown effect", `"effect":"excludes"`, `"effect":"exclude"`, `effect "exclude"`},
		{"unknown certainty", dz, `{"code":"DZ","signature":{"on":"2025-10-25","certainty":"sure"`, `certainty "sure"`},
		{"unknown source", `"sources":["s1","s2"]`, `"sources":["s1","s99"]`, `source "s99"`},
		{"no source", `"sources":["s1","s2"]`, `"sources":[]`, "no source"},
		{"day and days", dz, `{"code":"DZ","signature":{"on":"2025-10-25","between":["2025-10-25","2025-10-26"],"certainty":"exact"`, "contradict"},
		{"the last day before the first", `"between":["2025-10-25","2025-10-26"]`, `"between":["2025-10-26","2025-10-25"]`, "not a first and a last day"},
		{"three days", `"between":["2025-10-25","2025-10-26"]`, `"between":["2025-10-25","2025-10-26","2025-10-27"]`, "not a first and a last day"},
		{"signed before it was open", dz, `{"code":"DZ","signature":{"on":"2025-10-24","certainty":"exact"`, "when it was open"},
		{"no date", dz, `{"code":"DZ","signature":{"on":"2025-13-25","certainty":"exact"`, "2025-13-25"},
		{"exact without a day", dz, `{"code":"DZ","signature":{"between":["2025-10-25","2025-10-26"],"certainty":"exact"`, "needs a day"},
		{"ratified before it signed", `"between":["2026-02-01","2026-02-28"],"certainty"`, `"between":["2025-10-01","2025-10-02"],"certainty"`, "before its signature"},
		{"after the end of the book", `"as_of": "2026-07-31"`, `"as_of": "2026-01-01"`, "where the book ends"},
		{"unknown kind of consent", `"kind":"ratification"`, `"kind":"adoption"`, `kind "adoption"`},
		{"unknown clause", `"name":"threshold"`, `"name":"treshold"`, `clause "treshold"`},
		{"clause without its number", `"number":40,`, "", "clause threshold has no date"},
		{"clause of another convention", `"article":"65(2)"`, `"article":"99"`, `"99"`},
		{"claim about nobody", `{"state":"RU"`, `{"state":"SU"`, `State "SU"`},
		{"list that is none", `"texts": [`, `"texts": {`, "status.json:"},
		{"null for a list", "\"texts\": [\n  ]", `"texts": null`, "null is no value"},
		{"two documents", "\"texts\": [\n  ]\n}", `"texts": []}{}`, "more than one document"},
		{"something behind", "\"texts\": [\n  ]\n}", `"texts": []} x`, "status.json:"},
	} {
		data := swap(t, statusData, c.from, c.to)
		book, err := LoadBook("status.json", data, states)
		if book != nil || rogatory.CodeOf(err) != "treaty_data_invalid" || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "read status.json:") {
			t.Errorf("%s: got %v, want words with %q", c.name, err, c.want)
		}
	}
	for _, c := range []struct{ from, to string }{{dz, strings.Replace(dz, "exact", "sure", 1)}, {`"articles":["63(2)"]`, `"articles":["0"]`}, {`"name":"threshold"`, `"name":"t"`}} {
		data := swap(t, statusData, c.from, c.to)
		_, err := LoadBook("status.json", data, states)
		if want := lineOf(data, c.to); err == nil || !strings.Contains(err.Error(), "status.json:"+itoa(want)+":") {
			t.Errorf("%s: got %v, want line %d", c.to, err, want)
		}
	}
	for name, data := range map[string][]byte{"nothing": nil, "a list": []byte("[]"), "half": statusData[:len(statusData)/2], "too large": bytes.Repeat([]byte(" "), MaxData+1),
		"too deep": []byte(`{"as_of":` + strings.Repeat("[", 99)), "not UTF-8": []byte("{\"as_of\":\"\xff\"}")} {
		if book, err := LoadBook("status.json", data, states); book != nil || rogatory.CodeOf(err) != "treaty_data_invalid" {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func itoa(n int) string {
	if n < 10 {
		return string(rune('0' + n))
	}
	return itoa(n/10) + itoa(n%10)
}

func TestOtherBadFilesAreRefused(t *testing.T) {
	states := Embedded().Book().States()
	load := map[string]func([]byte) error{
		"states":   func(data []byte) error { _, err := LoadStates("f.json", data); return err },
		"budapest": func(data []byte) error { _, err := LoadBudapest("f.json", data, states); return err },
		"rules":    func(data []byte) error { _, err := LoadRules("f.json", data); return err },
		"agreements": func(data []byte) error {
			_, err := LoadAgreements("f.json", data, states)
			return err
		},
	}
	whole := map[string][]byte{"states": statesData, "budapest": budapestData, "rules": rulesData, "agreements": []byte(agreements)}
	for which, data := range whole {
		if err := load[which](data); err != nil {
			t.Errorf("%s: %v", which, err)
		}
	}
	for _, c := range []struct{ which, name, from, to, want string }{
		{"states", "doubled code", `"code": "AE"`, `"code": "AD"`, "AD is there twice"},
		{"states", "code of an exercise", `"code": "AD"`, `"code": "XA"`, `"XA" is not that of a State`},
		{"states", "doubled name", `"name": "Angola"`, `"name": "Albania"`, `"Albania" is that of AL and of AO`},
		{"states", "unknown standing", `"standing": "member"`, `"standing": "membre"`, `"membre"`},
		{"states", "unknown group", `"group": "africa"`, `"group": "afrique"`, `"afrique"`},
		{"states", "unknown member", `"standing": "member"`, `"standing": "member", "seat": 1`, `"seat"`},
		{"budapest", "in force before its deposit", `"in_force": "2004-07-01"`, `"in_force": "2001-07-01"`, "contradict"},
		{"budapest", "deposited after the chart", `"as_of": "2026-04-25"`, `"as_of": "2020-01-01"`, "contradict"},
		{"budapest", "party and invited", `"invited": ["AG"`, `"invited": ["FR"`, "there twice"},
		{"budapest", "unknown State", `{"code": "AD"`, `{"code": "AQ"`, `"AQ"`},
		{"budapest", "unknown article", `{"article": "42"`, `{"article": "420"`, `"420"`},
		{"budapest", "article twice", `{"article": "42"`, `{"article": "43"`, `"43"`},
		{"rules", "unknown rule", `"name": "none"`, `"name": "nothing"`, `"nothing"`},
		{"rules", "rule twice", `"name": "none"`, `"name": "scope"`, `"scope" is unknown or there twice`},
		{"rules", "no article", `"article": "60(1)", `, "", "lacks its text, or has not one"},
		{"rules", "unknown article", `"articles": ["37"]`, `"articles": ["70"]`, `"70"`},
		{"agreements", "unknown kind", `"bilateral"`, `"lateral"`, `"lateral"`},
		{"agreements", "three in a bilateral one", `["VN", "FR"]`, `["VN", "FR", "DE"]`, "3 States"},
		{"agreements", "with itself", `["VN", "FR"]`, `["VN", "VN"]`, "there twice"},
		{"agreements", "with nobody", `["VN", "FR"]`, `["VN", "ZZ"]`, `"ZZ"`},
		{"agreements", "over before it began", `"in_force_from": "2016-01-01"`, `"in_force_from": "2016-01-01", "in_force_until": "2015-12-31"`, "until 2015-12-31"},
		{"agreements", "no start", `"in_force_from": "2016-01-01", `, "", "in force from -"},
		{"agreements", "no article", `["37"]`, `[]`, "articles or source"},
		{"agreements", "no such article", `["37"]`, `["99"]`, `"99"`},
		{"agreements", "the same twice", `"A promise"`, `"A treaty of assistance"`, "there twice"},
	} {
		err := load[c.which](swap(t, whole[c.which], c.from, c.to))
		if rogatory.CodeOf(err) != "treaty_data_invalid" || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "read f.json:") {
			t.Errorf("%s, %s: got %v, want words with %q", c.which, c.name, err, c.want)
		}
	}
}

// FuzzLoadBook: what loads can be asked everything, and has one form that loads again.
func FuzzLoadBook(f *testing.F) {
	states := Embedded().Book().States()
	f.Add(statusData)
	f.Add([]byte(`{"as_of":"2026-01-01"}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		book, err := LoadBook("f.json", data, states)
		if err != nil {
			if book != nil {
				t.Error("something was loaded with an error")
			}
			return
		}
		again, err := LoadBook("f.json", book.Encode(), states)
		if err != nil || !bytes.Equal(again.Encode(), book.Encode()) {
			t.Fatalf("its own form does not load: %v", err)
		}
		d := Embedded().With(book, nil)
		d.Tally(today)
		d.Timeline()
		for _, p := range book.Participants {
			if _, err := d.Status(p.Code, today); err != nil {
				t.Error(err)
			}
		}
	})
}
