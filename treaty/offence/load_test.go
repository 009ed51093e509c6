// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"rogatory"
)

// swap replaces the first occurrence, and returns the line on which it stands.
func swap(t *testing.T, file []byte, old, with string) (string, int) {
	t.Helper()
	i := strings.Index(string(file), old)
	if i < 0 {
		t.Fatalf("the file has no %s", old)
	}
	return string(file[:i]) + with + string(file[i+len(old):]), 1 + bytes.Count(file[:i], []byte("\n"))
}

var namesLine = regexp.MustCompile(`^read \S+:(\d+): `)

// refused needs a fault with the file's name, the line and the words.
func refused(t *testing.T, name string, nothing bool, err error, line int, want string) {
	t.Helper()
	if !nothing || rogatory.CodeOf(err) != "offences_invalid" || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: got %v, want words with %q", name, err, want)
		return
	}
	if m := namesLine.FindStringSubmatch(err.Error()); m == nil || line > 0 && m[1] != fmt.Sprint(line) {
		t.Errorf("%s: %v does not name line %d", name, err, line)
	}
}

func TestCatalogueIsRefusedWhole(t *testing.T) {
	for _, row := range []struct{ name, old, with, want string }{
		{"an unknown member", `"title": "Illegal interception"`, `"titel": "Illegal interception"`, `unknown member "titel"`},
		{"a member in capitals", `"title": "Illegal interception"`, `"Title": "Illegal interception"`, `unknown member "Title"`},
		{"a doubled member", `"title": "Illegal interception"`, `"title": "a", "title": "b"`, `"title" is there twice`},
		{"null", `"title": "Illegal interception"`, `"title": null`, "null is no value"},
		{"a number for a text", `"title": "Illegal interception"`, `"title": 8`, "cannot unmarshal number"},
		{"a list for a text", `"title": "Illegal interception"`, `"title": []`, "a list where there should be none"},
		{"an object for a text", `"title": "Illegal interception"`, `"title": {}`, "an object where there should be none"},
		{"broken JSON", `"title": "Illegal interception"`, `"title" "Illegal interception"`, "invalid character"},
		{"not UTF-8", `Illegal interception`, "Illegal \xff", "not UTF-8"},
		{"no title", `"title": "Illegal interception"`, `"title": ""`, "article 8 has no title"},
		{"an article twice", `"article": "8", "title"`, `"article": "7", "title"`, "article 7 is there twice"},
		{"no article", `"id": "technical_means", "article": "8(1)"`, `"id": "technical_means", "article": ""`, "is not an article"},
		{"no such element", `"id": "technical_means", "article"`, `"id": "technical_mean", "article"`, "technical_mean"},
		{"an element twice", `"id": "technical_means", "article"`, `"id": "non_public", "article"`, "non_public is there twice"},
		{"an exclusion as an element", `"id": "technical_means", "article"`, `"id": "self_generated", "article"`, "is of kind exclusion"},
		{"an unknown kind of element", `"non_public":           {"kind": "circumstance"`, `"non_public":           {"kind": "mood"`, `"mood" is not a kind`},
		{"an element without a text", `"text": "the transmissions were not public"`, `"text": ""`, "has no text"},
		{"an unused element", `"access":               {`, `"excess": {"kind": "act", "text": "too much"}, "access": {`, "no article uses the element excess"},
		{"an act that is none", `"element": "tool_dealt"`, `"element": "technical_means"`, "is of kind circumstance"},
		{"an alternative twice", `"id": "a_ii_other"`, `"id": "a_i"`, "a_i is there twice"},
		{"an unknown rule", `"rule": "fixed"`, `"rule": "loose"`, `"loose" is not a rule`},
		{"a rule without its article", `, "rule_article": "11(3)"`, ``, "belong together"},
		{"replacing nothing", `"replaces": "child"`, `"replaces": "adult"`, "no element of the article"},
		{"excluded by nobody", `"by": "convention"`, `"by": "custom"`, `"custom"`},
		{"care without a text", `"text": "obligations that protect children better are not affected"`, `"text": ""`, "the text is missing"},
		{"an unknown form", `{"id": "attempt"`, `{"id": "wish"`, `"wish" is not a form`},
		{"a form twice", `{"id": "attempt"`, `{"id": "preparation"`, "preparation is there twice"},
		{"a counterpart of an unknown article", `{"article": "15", "budapest"`, `{"article": "99", "budapest"`, `"99" is not known`},
		{"a counterpart twice", `{"article": "15", "budapest": ""`, `{"article": "15", "budapest": "2"`, "Budapest article 2 is there twice"},
		{"a difference that is missing", `"difference": "the same core"`, `"difference": ""`, "the difference is missing"},
		{"an unknown rule for kinds", `{"rule": "required"`, `{"rule": "perhaps"`, `"perhaps" is not a rule`},
		{"a kind with two rules", `"kinds": ["extradition"]`, `"kinds": ["preservation"]`, "preservation has two rules"},
		{"a reservation without an article", `"reserved_article": "42(5)", `, ``, "belong together"},
		{"another threshold", `{"years": 4`, `{"years": 3`, "begins at 4 years"},
	} {
		data, line := swap(t, conventionFile, row.old, row.with)
		if row.name == "an element twice" || row.name == "a form twice" {
			line++ // it is the second that is too many
		}
		c, err := LoadCatalogue("mine.json", []byte(data))
		refused(t, row.name, c == nil, err, line, row.want)
	}
}

func TestNationalIsRefusedWhole(t *testing.T) {
	c := Convention()
	for _, row := range []struct{ name, old, with, want string }{
		{"an unknown member", `"section": "201"`, `"sektion": "201"`, `unknown member "sektion"`},
		{"no section", `"section": "201"`, `"section": ""`, "is missing"},
		{"no source", `"source": "invented for exercises"`, `"source": ""`, "of a reservation are missing"},
		{"an unknown State", `"state": "XB", "law"`, `"state": "XY", "law"`, "not among the states"},
		{"a State twice", `{"state": "XB", "name"`, `{"state": "XA", "name"`, "State XA is there twice"},
		{"a State's long code", `{"state": "XB", "name"`, `{"state": "BOR", "name"`, "two capital letters"},
		{"in full on an unknown article", `"recorded_in_full": ["7"`, `"recorded_in_full": ["6"`, `"6" is not an offence`},
		{"a reservation without words", `"text": "Cascadia is not bound by Articles 14, 15 and 16"`, `"text": ""`, "of a reservation are missing"},
		{"a reservation on no article", `"articles": ["14", "15", "16"]`, `"articles": ["XIV"]`, `"XIV" is not an article`},
		{"an unknown article", `"article": "10"`, `"article": "18"`, `"18" is not an offence`},
		{"an unknown element", `"elements": ["access", "without_right", "intent"]`, `"elements": ["acess", "without_right", "intent"]`, `"acess" is not known`},
		{"another article's act", `"elements": ["access", "without_right", "intent"]`, `"elements": ["access", "interception", "intent"]`, "not an act of article 7"},
		{"an option among the elements", `"elements": ["access", "without_right", "intent"]`, `"elements": ["access", "breach_security", "intent"]`, "belongs under optional_elements_required"},
		{"an exclusion among the elements", `"elements": ["access", "without_right", "intent"]`, `"elements": ["access", "self_generated", "intent"]`, `"self_generated" is not known`},
		{"no act", `"elements": ["access", "without_right", "intent"]`, `"elements": ["without_right", "intent"]`, "has no act"},
		{"an element twice", `"elements": ["access", "without_right", "intent"]`, `"elements": ["access", "access", "intent"]`, "access is there twice"},
		{"an unknown option", `["breach_security"]`, `["serious_harm"]`, `"serious_harm" is no option of article 7`},
		{"an unknown alternative", `"alternatives": ["a_i", "a_ii_other", "b"]`, `"alternatives": ["a_i", "z"]`, `"z" is no alternative of article 11`},
		{"no alternative", `"alternatives": ["a_i", "a_ii_other", "b"], `, ``, "say which of them section 205 covers"},
		{"an unknown extension", `"extends": ["believed_child"]`, `"extends": ["legal_age_minor"]`, "is no extension of article 15"},
		{"an unknown exclusion", `"excluded": ["security_research"]`, `"excluded": ["self_generated"]`, "is no exclusion of article 7"},
		{"an unknown form", `"preparation"]`, `"wish"]`, `"wish" is not a form`},
		{"a form twice", `["participation", "attempt", "preparation"]`, `["participation", "attempt", "attempt"]`, "attempt is there twice"},
		{"no date", `"in_force_from": "2012-01-01"`, `"in_force_from": "soon"`, `"soon" is not a date`},
		{"an end before the beginning", `"in_force_until": "2024-06-30"`, `"in_force_until": "2004-06-30"`, "ends before it begins"},
		{"two versions on one day", `"in_force_from": "2018-01-01"`, `"in_force_from": "2017-12-31"`, "is in force twice"},
		{"a penalty of 101 years", `"max_penalty_years": 5, "min`, `"max_penalty_years": 101, "min`, "0 to 100 years"},
		{"a penalty below zero", `"min_penalty_years": 0`, `"min_penalty_years": -1`, "0 to 100 years"},
		{"half a year", `"max_penalty_years": 5, "min`, `"max_penalty_years": 4.5, "min`, "cannot unmarshal number"},
		{"the least above the highest", `"min_penalty_years": 0`, `"min_penalty_years": 6`, "above the highest"},
		{"verified by nobody", `"verified_by": "the exercise's authors", `, ``, "belong together"},
		{"an element of the Convention's", `"copied_work": {"kind"`, `"access": {"kind"`, "is an element of the Convention already"},
		{"an exclusion of one's own", `"commercial_scale": {"kind": "circumstance"`, `"commercial_scale": {"kind": "exclusion"`, "an exclusion is one of the Convention's"},
	} {
		data, line := swap(t, exerciseFile, row.old, row.with)
		switch row.name {
		case "no section", "two versions on one day", "no alternative", "verified by nobody":
			line = 0 // where the provision begins
		}
		n, err := LoadNational("mine.json", []byte(data), c)
		refused(t, row.name, n == nil, err, line, row.want)
	}
}

func TestWholeFilesAreRefused(t *testing.T) {
	c := Convention()
	for name, data := range map[string]string{
		"nothing":           "",
		"null":              "null",
		"a list":            "[]",
		"a text":            `"offences"`,
		"no offences":       `{"version":"1"}`,
		"two documents":     string(conventionFile) + "{}",
		"cut short":         string(conventionFile[:len(conventionFile)/2]),
		"deeply nested":     `{"elements":` + strings.Repeat(`{"a":`, 100) + `1` + strings.Repeat(`}`, 101),
		"deeply nested too": `{"offences":` + strings.Repeat(`[`, 100000),
	} {
		if got, err := LoadCatalogue("mine.json", []byte(data)); got != nil || rogatory.CodeOf(err) != "offences_invalid" {
			t.Errorf("%s as a catalogue: %v", name, err)
		}
		if name == "no offences" {
			continue // a national file may be empty
		}
		if got, err := LoadNational("mine.json", []byte(data), c); got != nil || rogatory.CodeOf(err) != "offences_invalid" {
			t.Errorf("%s as national offences: %v", name, err)
		}
	}
	if _, err := LoadCatalogue("big.json", bytes.Repeat([]byte(" "), MaxCatalogueSize+1)); rogatory.CodeOf(err) != "offences_too_large" {
		t.Errorf("too large: %v", err)
	}
	if _, err := LoadNational("big.json", bytes.Repeat([]byte(" "), MaxNationalSize+1), c); rogatory.CodeOf(err) != "offences_too_large" {
		t.Errorf("too large: %v", err)
	}
	if n, err := LoadNational("empty.json", []byte(`{"version":"1"}`), c); err != nil || n.Law("XA").Known {
		t.Errorf("an empty national file: %v", err)
	}
}

// FuzzCatalogue: nothing comes with an error, and what loads answers every question.
func FuzzCatalogue(f *testing.F) {
	f.Add(conventionFile)
	f.Add([]byte(`{"version":"1","elements":{"a":{"kind":"act","text":"x"}},"offences":[{"article":"7","title":"t","elements":[{"id":"a","article":"7","verified":true}]}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := LoadCatalogue("fuzz.json", data)
		if err != nil {
			if c != nil {
				t.Error("something was loaded with an error")
			}
			return
		}
		c.Compare(Conduct{Facts: map[ElementID]Fact{"access": {Finding: Shown}}, Form: Attempt}, Law{}, Law{}, today)
		for _, o := range c.Offences {
			c.Budapest(o.Article)
		}
	})
}

// FuzzNational: nothing comes with an error, and what loads can be compared with any facts.
func FuzzNational(f *testing.F) {
	c := Convention()
	f.Add(exerciseFile)
	f.Add([]byte(`{"version":"1","states":[{"state":"XA","name":"A"}],"offences":[{"state":"XA","law":"l","section":"1","title":"t","source":"s","in_force_from":"2020-01-01","article":"7","elements":["access"]}]}`))
	f.Add([]byte(`{"version":"1","elements":{"a.b":{"kind":"act","text":"t"}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		n, err := LoadNational("fuzz.json", data, c)
		if err != nil {
			if n != nil {
				t.Error("something was loaded with an error")
			}
			return
		}
		for _, s := range n.States {
			law := n.Law(s.State)
			facts := map[ElementID]Fact{}
			for _, p := range law.Provisions {
				for _, id := range asks(c, p) {
					facts[id] = Fact{Finding: Shown}
				}
			}
			r := c.Compare(Conduct{Facts: facts}, law, law, today)
			for _, p := range r.Requested.Provisions {
				if p.Provision.InForce(today) && p.Outcome != Met {
					t.Errorf("everything that %s asks is shown, and it is %s", p.Cite, p.Outcome)
				}
			}
		}
	})
}
