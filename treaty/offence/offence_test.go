// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"slices"
	"strings"
	"testing"

	"rogatory"
)

func TestConvention(t *testing.T) {
	c := Convention()
	var articles []string
	for _, o := range c.Offences {
		articles = append(articles, o.Article)
	}
	if got := strings.Join(articles, " "); got != "7 8 9 10 11 12 13 14 15 16 17" {
		t.Errorf("offences: %s", got)
	}
	if c.Digest != rogatory.DigestOf(conventionFile) || c.Version == "" {
		t.Errorf("version %q, digest %s", c.Version, c.Digest)
	}
	if _, err := c.Offence("6"); rogatory.CodeOf(err) != "offence_unknown" {
		t.Errorf("article 6: %v", err)
	}
	if c.SeriousCrime.Years != rogatory.SeriousCrimeYears {
		t.Errorf("a serious crime has %d years", c.SeriousCrime.Years)
	}
}

// Articles 1 to 15 were read in the official Arabic text; what was added to them from elsewhere, and
// all that stands later, was not and says so.
func TestVerifiedMeansRead(t *testing.T) {
	c := Convention()
	later := func(article string) bool {
		return slices.Contains([]string{"16", "17", "19", "34", "53"}, strings.SplitN(article, "(", 2)[0])
	}
	for _, o := range c.Offences {
		read := 0
		check := func(id ElementID, article string, verified bool) {
			if verified && later(article) {
				t.Errorf("%s of article %s is said to be verified: it stands in %s", id, o.Article, article)
			}
			if verified {
				read++
			}
		}
		for _, r := range slices.Concat(o.Elements, o.Options) {
			check(r.ID, r.Article, r.Verified)
		}
		for _, a := range o.Alternatives {
			check(a.Element, a.Article, a.Verified)
		}
		for _, e := range o.Extensions {
			check(e.ID, e.Article, e.Verified)
		}
		for _, e := range o.Exclusions {
			check(e.ID, e.Article, e.Verified)
		}
		for _, n := range o.Care {
			check("care", n.Article, n.Verified)
		}
		if (read > 0) == later(o.Article) {
			t.Errorf("article %s has %d verified rules", o.Article, read)
		}
	}
	for _, p := range c.Counterparts {
		if p.Verified {
			t.Errorf("the Budapest counterpart of %s was not verified", p.Article)
		}
	}
	// Whoever adds to Articles 7 to 15 from elsewhere marks it so.
	for article, want := range map[string]string{"7": "", "8": "", "9": "", "10": "", "11": "serious_harm without_right", "12": "without_right", "13": "", "14": "without_right", "15": ""} {
		o, err := c.Offence(article)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(o.unverified(), " "); got != want {
			t.Errorf("article %s: not verified are %q, want %q", article, got, want)
		}
	}
}

func TestBudapest(t *testing.T) {
	c := Convention()
	for ours, theirs := range map[string]string{"7": "2", "8": "3", "9": "4", "10": "5", "11": "6", "12": "7", "13": "8", "14": "9", "15": "", "16": "", "17": "", "18": "12", "19": "11", "21": "13"} {
		p, ok := c.Budapest(ours)
		if !ok || p.Budapest != theirs || p.Difference == "" {
			t.Errorf("article %s: %+v", ours, p)
		}
		back, ok := c.FromBudapest(theirs)
		if ok != (theirs != "") || ok && back.Article != ours {
			t.Errorf("Budapest %s: %+v", theirs, back)
		}
	}
	if p, ok := c.FromBudapest("10"); !ok || p.Article != "" || !strings.Contains(p.Difference, "serious crime") {
		t.Errorf("copyright: %+v", p)
	}
	for _, a := range []string{"", "6", "40"} {
		if p, ok := c.Budapest(a); ok {
			t.Errorf("article %q has the counterpart %+v", a, p)
		}
	}
	if p, _ := c.Budapest("13"); !strings.Contains(p.Difference, "13(c)") {
		t.Errorf("the online scam is not told: %s", p.Difference)
	}
}

// Art 42(4): preservation is not made to depend on dual criminality; Art 42(5) is the one narrow door.
func TestMayCompare(t *testing.T) {
	c := Convention()
	ours, theirs := rogatory.Offence{Articles: []string{"7"}}, rogatory.Offence{MaximumYears: 5}
	for _, row := range []struct {
		name     string
		kind     rogatory.RequestKind
		offence  rogatory.Offence
		reserved bool
		may      bool
		required bool
		article  string
	}{
		{"preservation, an offence of the Convention", "preservation", ours, false, false, false, "42(4)"},
		{"the same under the reservation", "preservation", ours, true, false, false, "42(4)"},
		{"preservation, another offence", "preservation", theirs, false, false, false, "42(4)"},
		{"the same under the reservation: the narrow door", "preservation", theirs, true, true, false, "42(5)"},
		{"disclosure", "stored_data", ours, false, true, false, "40(8)"},
		{"disclosure, another offence", "stored_data", theirs, true, true, false, "40(8)"},
		{"traffic data of another State's provider", "partial_disclosure_traffic", theirs, true, false, false, "43(2)"},
		{"where data are", "location_query", theirs, true, false, false, "42(2)"},
		{"an emergency", "emergency_data", theirs, true, false, false, "41(3)(e)"},
		{"interception", "content_interception", ours, false, true, false, "40(8)"},
		{"freezing", "asset_freeze_seize_trace", ours, false, true, false, "40(8)"},
		{"extradition", "extradition", ours, false, true, true, "37(1)"},
		{"information that nobody asked for", "spontaneous_information", ours, false, false, false, "40(4)"},
	} {
		m, err := c.MayCompare(row.kind, row.offence, row.reserved)
		if err != nil || m.May != row.may || m.Required != row.required || m.Article != row.article || m.Why == "" || m.Verified {
			t.Errorf("%s: %+v, %v", row.name, m, err)
		}
	}
	if _, err := c.MayCompare("favour", ours, true); rogatory.CodeOf(err) != "kind_unknown" {
		t.Errorf("an unknown kind: %v", err)
	}
	if m, err := c.MayCompare("preservation", rogatory.Offence{Articles: []string{"42"}}, true); rogatory.CodeOf(err) != "offence_unknown" || m.May {
		t.Errorf("an unknown article: %+v, %v", m, err)
	}
}

func TestSerious(t *testing.T) {
	c := Convention()
	years := func(n int) *int { return &n }
	for _, row := range []struct {
		name         string
		ours, theirs Penalty
		want         SeriousOutcome
		warning      string
	}{
		{"both at the threshold", Penalty{Years: years(4)}, Penalty{Years: years(4)}, ByBoth, ""},
		{"one below", Penalty{Years: years(4)}, Penalty{Years: years(3)}, ByOne, "does not say whose law"},
		{"the other below", Penalty{Years: years(3)}, Penalty{Years: years(4)}, ByOne, "does not say whose law"},
		{"both below", Penalty{Years: years(3)}, Penalty{Years: years(0)}, ByNone, ""},
		{"life", Penalty{Years: years(Life)}, Penalty{Years: years(10)}, ByBoth, ""},
		{"ours unknown", Penalty{}, Penalty{Years: years(4)}, SeriousUnsure, "does not say whose law"},
		{"theirs unknown", Penalty{Years: years(1)}, Penalty{}, SeriousUnsure, ""},
		{"nothing known", Penalty{}, Penalty{}, SeriousUnsure, ""},
		{"raised yesterday", Penalty{years(5), "2026-11-24"}, Penalty{Years: years(5)}, ByBoth, "requesting State was raised on 2026-11-24"},
		{"raised a day short of two years before", Penalty{Years: years(5)}, Penalty{years(5), "2024-11-26"}, ByBoth, "requested State was raised on 2024-11-26"},
		{"raised two years before", Penalty{Years: years(5)}, Penalty{years(5), "2024-11-25"}, ByBoth, ""},
		{"raised today", Penalty{Years: years(5)}, Penalty{years(5), today}, ByBoth, "was raised on"},
		{"rises tomorrow", Penalty{years(5), "2026-11-26"}, Penalty{Years: years(5)}, ByBoth, "rises only on 2026-11-26"},
	} {
		s := c.Serious(row.ours, row.theirs, today)
		if s.Outcome != row.want {
			t.Errorf("%s: %s, want %s", row.name, s.Outcome, row.want)
		}
		if row.warning == "" && row.want != SeriousUnsure && len(s.Warnings) > 0 || row.warning != "" && !warned(s.Warnings, row.warning) {
			t.Errorf("%s: warnings %v", row.name, s.Warnings)
		}
		mirrored := c.Serious(row.theirs, row.ours, today)
		if mirrored.Outcome != s.Outcome || mirrored.RequestingMeet != s.RequestedMeet {
			t.Errorf("%s: seen from the other side it is %s", row.name, mirrored.Outcome)
		}
	}
	if p := (Provision{Max: years(4)}); p.Serious() != Met || (Provision{Max: years(3)}).Serious() != NotMet || (Provision{}).Serious() != Unclear {
		t.Errorf("of a provision: %s", p.Serious())
	}
}

// The exercise's laws have what an exercise needs: each outcome, and each way to differ.
func TestExerciseIsRich(t *testing.T) {
	c := Convention()
	n := Exercise(c)
	has := map[string]bool{}
	for _, p := range n.Offences {
		has["not yet in force"] = has["not yet in force"] || p.From > today
		has["repealed"] = has["repealed"] || p.Until != "" && p.Until < today
		has["a low penalty"] = has["a low penalty"] || p.Serious() == NotMet
		has["an unknown penalty"] = has["an unknown penalty"] || p.Max == nil
		has["not verified"] = has["not verified"] || p.VerifiedBy == ""
		has["outside the Convention"] = has["outside the Convention"] || p.Article == ""
		has["a recent rise"] = has["a recent rise"] || p.RaisedOn > today.yearsBefore(RecentYears)
		for _, o := range p.Options {
			has["requires "+string(o)+" for "+p.Article] = true
		}
	}
	for _, what := range []string{"not yet in force", "repealed", "a low penalty", "an unknown penalty", "not verified", "outside the Convention", "a recent rise",
		"requires breach_security for 7", "requires serious_harm for 9", "requires serious_harm for 11", "requires intent_to_harm for 16"} {
		if !has[what] {
			t.Errorf("no exercise law is %s", what)
		}
	}
	for _, article := range []string{"14", "15", "16"} {
		if _, ok := n.Law("XC").Reserves(article); !ok {
			t.Errorf("Cascadia reserves nothing on %s", article)
		}
		if slices.ContainsFunc(n.Law("XC").Provisions, func(p Provision) bool { return p.Article == article }) {
			t.Errorf("Cascadia has a law on %s", article)
		}
	}
	if law := n.Law("XQ"); law.Known || law.State.State != "XQ" || len(law.Provisions) > 0 {
		t.Errorf("a State of which nothing is recorded: %+v", law)
	}
	if n.Digest != rogatory.DigestOf(exerciseFile) {
		t.Error("the digest is of another file")
	}
}

func TestParseDate(t *testing.T) {
	for text, ok := range map[string]bool{"2026-11-25": true, "2024-02-29": true, "2026-02-29": false, "25.11.2026": false, "2026-11-25T00:00:00Z": false, "": false, "0999-01-01": false, "9999-12-31": true} {
		if d, err := ParseDate(text); (err == nil) != ok || ok && string(d) != text {
			t.Errorf("%q: %q, %v", text, d, err)
		}
	}
}
