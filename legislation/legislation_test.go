// SPDX-License-Identifier: Apache-2.0

package legislation

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rogatory"
	"rogatory/datafile"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write testdata anew")

// today is the day of all assessments here: after the example was verified, before its latest law.
const today = Date("2026-11-25")

// The list is that of the right text. Wrong "full texts" circulate; these five tell them apart.
func TestArticles(t *testing.T) {
	table := Articles()
	for number, title := range map[string]string{"7": "Illegal access", "40": "Mutual legal assistance", "41": "24/7 network", "63": "Settlement of disputes"} {
		if a, err := table.Find(number); err != nil || a.Title != title {
			t.Errorf("Article %s is %q, want %q: %v", number, a.Title, title, err)
		}
	}
	first := map[string]string{}
	for _, a := range table.Articles {
		if first[a.Chapter] == "" {
			first[a.Chapter] = a.Number
		}
		// Only what the facts grade as read in the official text is verified.
		if n := len(a.Number) == 1 || a.Number <= "15" && len(a.Number) == 2; a.Verified != n {
			t.Errorf("Article %s: verified is %t", a.Number, a.Verified)
		}
		if a.ObligationVerified && a.Number != "4" {
			t.Errorf("Article %s: no fact grades its obligation as read in the official text", a.Number)
		}
	}
	want := map[string]string{"I": "1", "II": "7", "III": "22", "IV": "23", "V": "35", "VI": "53", "VII": "54", "VIII": "57", "IX": "59"}
	if !reflect.DeepEqual(first, want) {
		t.Errorf("chapters begin at %v", first)
	}
}

func TestFind(t *testing.T) {
	table := Articles()
	for ref, want := range map[string]string{"7": "7", "68": "68", "40(21)(b)": "40", "2(h)": "2", "69": "", "0": "", "07": "", "": "", "7(": "", "Art 7": "", "7(2) ": "", "7(B)": ""} {
		a, err := table.Find(ref)
		if a.Number != want || (want == "") != (rogatory.CodeOf(err) == "article_unknown") {
			t.Errorf("%q is %q: %v", ref, a.Number, err)
		}
	}
}

// access is an enactment that every test may change.
func access() Enactment {
	return Enactment{State: "XA", Article: "7", Extent: Full, Law: "Penal Code, section 205", From: "2019-03-01", Source: "Gazette 2019/12", VerifiedBy: "Law Commission", VerifiedOn: "2026-09-14"}
}

func TestAssessOneArticle(t *testing.T) {
	for name, c := range map[string]struct {
		article string
		book    []func(*Enactment)
		status  Status
		next    string // contained in what to do; a dash: nothing
	}{
		"nothing, mandatory":     {"7", nil, Missing, "Provide by law: make intentional access"},
		"nothing, to consider":   {"39", nil, Missing, "Consider, and record what came of it"},
		"nothing, optional":      {"32", nil, Missing, "Nothing has to be done; "},
		"nothing, asks none":     {"63", nil, Inapplicable, "-"},
		"asks none and has one":  {"59", []func(*Enactment){func(p *Enactment) {}}, Implemented, "-"},
		"full":                   {"7", []func(*Enactment){func(p *Enactment) {}}, Implemented, "-"},
		"not verified":           {"7", []func(*Enactment){func(p *Enactment) { p.VerifiedBy, p.VerifiedOn = "", "" }}, Implemented, "Have Penal Code, section 205 verified by a jurist"},
		"partly":                 {"7", []func(*Enactment){func(p *Enactment) { p.Extent, p.Remark = Partly, "only public systems" }}, PartlyImplemented, "Add to Penal Code, section 205: only public systems"},
		"two halves, one whole":  {"7", []func(*Enactment){func(p *Enactment) { p.Extent, p.Remark, p.Law = Partly, "half", "Act 1" }, func(p *Enactment) {}}, Implemented, "-"},
		"not applicable":         {"7", []func(*Enactment){func(p *Enactment) { p.Extent, p.Remark, p.Law = NotApplicable, "excluded by declaration", "" }}, Inapplicable, "-"},
		"not yet":                {"7", []func(*Enactment){func(p *Enactment) { p.From = "2026-11-26" }}, Missing, "Wait for Penal Code, section 205, in force from 2026-11-26"},
		"half, the rest to come": {"7", []func(*Enactment){func(p *Enactment) { p.Extent, p.Remark, p.Law = Partly, "half", "Act 1" }, func(p *Enactment) { p.From = "2027-01-01" }}, PartlyImplemented, "Wait for Penal Code"},
		"from today":             {"7", []func(*Enactment){func(p *Enactment) { p.From = today }}, Implemented, "-"},
		"until today":            {"7", []func(*Enactment){func(p *Enactment) { p.Until = today }}, Implemented, "Mind that Penal Code, section 205 ends on 2026-11-25"},
		"until yesterday":        {"7", []func(*Enactment){func(p *Enactment) { p.Until = "2026-11-24" }}, Missing, "Provide by law"},
		"of another State":       {"7", []func(*Enactment){func(p *Enactment) { p.State = "XB" }}, Missing, "Provide by law"},
		"of another article":     {"7", []func(*Enactment){func(p *Enactment) { p.Article = "8" }}, Missing, "Provide by law"},
		"repealed and put anew":  {"7", []func(*Enactment){func(p *Enactment) { p.Until = "2020-01-01" }, func(p *Enactment) { p.From = "2020-01-02" }}, Implemented, "-"},
	} {
		t.Run(name, func(t *testing.T) {
			var b Book
			for _, change := range c.book {
				p := access()
				p.Article = c.article
				change(&p)
				var err error
				if b, _, err = b.Set(p, false, Articles()); err != nil {
					t.Fatal(err)
				}
			}
			a, err := Assess(Articles(), b, "XA", today)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range a.Parts {
				for _, l := range part.Lines {
					if l.Article.Number != c.article {
						continue
					}
					if len(l.Coming) > 0 && (strings.Contains(l.Next, "Provide") || strings.Contains(l.Next, "Add to")) {
						t.Errorf("what comes is asked for too: %q", l.Next)
					}
					if l.Status != c.status || (c.next == "-" && l.Next != "") || (c.next != "-" && !strings.Contains(l.Next, c.next)) {
						t.Errorf("%s: %q", l.Status, l.Next)
					}
				}
			}
		})
	}
}

// The example's totals, counted by hand from its file.
func TestTotals(t *testing.T) {
	a, err := Assess(Articles(), Example(), "XA", today)
	if err != nil {
		t.Fatal(err)
	}
	sum := 0
	for _, total := range a.Totals {
		sum += total.Implemented + total.Partly + total.Missing + total.NotApplicable
	}
	parts := 0
	for _, p := range a.Parts {
		parts += p.Total.Implemented + p.Total.Partly + p.Total.Missing + p.Total.NotApplicable
	}
	if sum != ArticleCount || parts != ArticleCount {
		t.Errorf("totals of %d and %d articles", sum, parts)
	}
	// 17 lines: 27 and 10 are partly there, 16 comes in 2027, 32 is optional; eight name no verifier, of
	// which that of Article 16 is not in force.
	want := []Total{{Mandatory, Count{13, 2, 26, 0}}, {Consider, Count{0, 0, 6, 0}}, {Optional, Count{1, 0, 1, 0}}, {None, Count{0, 0, 0, 19}}}
	if !reflect.DeepEqual(a.Totals, want) || a.Unverified != 7 || a.ObligationsUnverified != 67 || a.ArticlesUnverified != 53 {
		t.Errorf("totals %+v, %d enactments and %d obligations not verified", a.Totals, a.Unverified, a.ObligationsUnverified)
	}
	if _, err := Assess(Articles(), Example(), "Aurelia", today); rogatory.CodeOf(err) != "assessment_invalid" {
		t.Errorf("a State without a code: %v", err)
	}
	if _, err := Assess(Articles(), Example(), "XA", "soon"); rogatory.CodeOf(err) != "assessment_invalid" {
		t.Errorf("a day without a date: %v", err)
	}
}

// The exports are checked in, to be read in review.
func TestExports(t *testing.T) {
	a, err := Assess(Articles(), Example(), "XA", today)
	if err != nil {
		t.Fatal(err)
	}
	for name, got := range map[string][]byte{"XA.md": a.Markdown(), "XA.csv": a.CSV()} {
		file := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(file, got, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s is not what is exported any more: run go test ./legislation -run Exports -update", file)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(a.CSV())).ReadAll()
	if err != nil || len(rows) != 1+ArticleCount {
		t.Errorf("%d rows: %v", len(rows), err)
	}
	data, err := a.JSON()
	var back Assessment
	if err != nil || json.Unmarshal(data, &back) != nil || !reflect.DeepEqual(a, back) {
		t.Errorf("the JSON does not give the assessment back: %v", err)
	}
}

// What somebody wrote stays text in whatever opens the export.
func TestExportsOfHostileText(t *testing.T) {
	p := access()
	p.Law = "=cmd|' /C calc'!A0 <script> [x](http://y) | `z`"
	b, _, err := Book{}.Set(p, false, Articles())
	if err != nil {
		t.Fatal(err)
	}
	a, err := Assess(Articles(), b, "XA", today)
	if err != nil {
		t.Fatal(err)
	}
	md := string(a.Markdown())
	for _, raw := range []string{"<script>", "[x]", " | `z", "'!A0"} {
		if strings.Contains(md, raw) {
			t.Errorf("the page has %q as it was written", raw)
		}
	}
	for _, l := range strings.Split(md, "\n") {
		if strings.HasPrefix(l, "| 7 ") && strings.Count(l, "|")-strings.Count(l, `\|`) != 6 {
			t.Errorf("the row has other cells: %s", l)
		}
	}
	rows, err := csv.NewReader(bytes.NewReader(a.CSV())).ReadAll()
	if err != nil || !strings.HasPrefix(rows[7][9], "'=cmd") {
		t.Errorf("the cell is %q: %v", rows[7][9], err)
	}
}

func TestCompare(t *testing.T) {
	c, err := Compare(Articles(), Example(), "XA", "XB", today)
	if err != nil {
		t.Fatal(err)
	}
	say := map[string]Contrast{}
	alike := 0
	for _, l := range c.Lines {
		say[l.Article.Number] = l
		if l.Alike {
			alike++
		}
	}
	for number, want := range map[string]Contrast{
		"8":  {One: Implemented, Other: Implemented, Alike: true},
		"7":  {One: Implemented, Other: Implemented, Text: "XA reserves 7(2): a breach of security measures is required"},
		"9":  {One: Implemented, Other: PartlyImplemented, Text: "XB: only damage that is serious is an offence, and suppression of data is not named. XB reserves 9(2): serious harm is required"},
		"11": {One: Implemented, Other: Missing, Text: "XA reserves 11(3): possession of devices is no offence; sale and distribution of access data is. XB has no enactment"},
		"16": {One: Missing, Other: Inapplicable, Text: "XA has no enactment. XB: excluded by a declaration of the State. XB reserves 16: the article does not bind Borealia"},
		"12": {One: Missing, Other: Missing, Text: "XA has no enactment. XB has no enactment"},
		"38": {One: Missing, Other: Missing, Alike: true},
	} {
		want.Article = say[number].Article
		if !reflect.DeepEqual(say[number], want) {
			t.Errorf("Article %s: %+v", number, say[number])
		}
	}
	if _, there := say["63"]; there || len(c.Lines) != 49 || c.Alike != alike {
		t.Errorf("%d lines, %d alike, counted %d", len(c.Lines), c.Alike, alike)
	}
	// A State compared with itself differs from itself in nothing but what it reserves and lacks.
	self, err := Compare(Articles(), Example(), "XC", "XC", today)
	if err != nil || slices.ContainsFunc(self.Lines, func(l Contrast) bool { return l.One != l.Other }) {
		t.Errorf("XC with itself: %v", err)
	}
	if _, err := Compare(Articles(), Example(), "XA", "b", today); err == nil {
		t.Error("compared with nobody")
	}
}

func TestSet(t *testing.T) {
	b, before, err := Book{}.Set(access(), false, Articles())
	if err != nil || before != nil {
		t.Fatal(err)
	}
	p := access()
	p.Extent, p.Remark = Partly, "only public systems"
	if got, _, err := b.Set(p, false, Articles()); rogatory.CodeOf(err) != "enactment_exists" || len(got.Enactments) != 0 {
		t.Errorf("it was overwritten: %v", err)
	}
	after, before, err := b.Set(p, true, Articles())
	if err != nil || before == nil || before.Extent != Full || len(after.Enactments) != 1 || after.Enactments[0].Extent != Partly || b.Enactments[0].Extent != Full {
		t.Errorf("replaced %+v by %+v: %v", before, after, err)
	}
	p.Extent, p.Law = NotApplicable, ""
	if _, _, err := b.Set(p, true, Articles()); err == nil || !strings.Contains(err.Error(), "applicable and not applicable") {
		t.Errorf("a contradiction was set: %v", err)
	}
	live := access()
	live.State = "TH"
	if _, _, err := b.Set(live, false, Articles()); err == nil || !strings.Contains(err.Error(), "do not mix") {
		t.Errorf("a live State beside an exercise State: %v", err)
	}
}

func TestRefused(t *testing.T) {
	with := func(change func(*Enactment)) string {
		p := access()
		change(&p)
		data, err := datafile.Encode([]Enactment{p})
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	good := strings.TrimSuffix(strings.TrimPrefix(with(func(*Enactment) {}), "[\n"), "\n]\n")
	for name, c := range map[string]struct{ file, says string }{
		"no list":                {`null`, "b.json:1: the file is not a JSON list"},
		"an unknown article":     {"[\n" + good + ",\n" + strings.Replace(good, `"7"`, `"70"`, 1) + "\n]", `b.json:3: article "70" is not one`},
		"a paragraph":            {with(func(p *Enactment) { p.Article = "7(2)" }), "b.json:2: article 7(2): name the whole"},
		"an unknown extent":      {with(func(p *Enactment) { p.Extent = "mostly" }), `extent "mostly"`},
		"an unknown member":      {"[" + strings.Replace(good, `"law"`, `"case":"x","law"`, 1) + "]", `b.json:1: unknown member "case"`},
		"a member twice":         {"[" + strings.Replace(good, `"law"`, `"from":"2019-03-01","law"`, 1) + "]", `member "from"`},
		"no State":               {with(func(p *Enactment) { p.State = "Aurelia" }), "two capital letters"},
		"no day":                 {with(func(p *Enactment) { p.From = "2019-02-29" }), "is no day"},
		"an end before":          {with(func(p *Enactment) { p.Until = "2019-02-28" }), "no day on or after"},
		"no law":                 {with(func(p *Enactment) { p.Law = "" }), "law is missing"},
		"a law not applicable":   {with(func(p *Enactment) { p.Extent, p.Remark = NotApplicable, "x" }), "is applicable"},
		"partly without remark":  {with(func(p *Enactment) { p.Extent = Partly }), "what lacks"},
		"no source":              {with(func(p *Enactment) { p.Source = "" }), "source is missing"},
		"verified by nobody":     {with(func(p *Enactment) { p.VerifiedBy = "" }), "belong together"},
		"verified someday":       {with(func(p *Enactment) { p.VerifiedOn = "soon" }), "is no day"},
		"a foreign reservation":  {with(func(p *Enactment) { p.Reservations = []Reservation{{"8(2)", "x"}} }), "not one to article 7"},
		"an empty reservation":   {with(func(p *Enactment) { p.Reservations = []Reservation{{"7(2)", ""}} }), "reservation is missing"},
		"many reservations":      {with(func(p *Enactment) { p.Reservations = make([]Reservation, MaxReservations+1) }), "at most 20"},
		"twice":                  {"[\n" + good + ",\n\n" + good + "\n]", "b.json:4: article 7 of XA: \"Penal Code, section 205\" is there twice"},
		"exercise and live":      {"[\n" + good + ",\n" + strings.Replace(good, "XA", "TH", 1) + "\n]", "b.json:3: XA and TH: exercise and live"},
		"applicable and not":     {"[\n" + good + ",\n" + `{"state":"XA","article":"7","extent":"not_applicable","remark":"x","from":"2020-01-01","source":"y"}` + "\n]", "b.json:3: article 7 of XA is said to be"},
		"a law of several lines": {with(func(p *Enactment) { p.Law = "a\nb" }), "one line"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Load("b.json", []byte(c.file), Articles())
			if err == nil || !strings.Contains(err.Error(), c.says) || !reflect.DeepEqual(b, Book{}) {
				t.Errorf("want %q: %v, %v", c.says, b, err)
			}
		})
	}
}

func TestTableRefused(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(string(embeddedArticles)), "\n")
	change := func(n int, old, new string) string {
		l := slices.Clone(lines)
		if !strings.Contains(l[n-1], old) {
			t.Fatalf("line %d has no %s", n, old)
		}
		l[n-1] = strings.Replace(l[n-1], old, new, 1)
		return strings.Join(l, "\n")
	}
	for name, c := range map[string]struct{ file, says string }{
		"an article left out":    {strings.Join(slices.Delete(slices.Clone(lines), 9, 10), "\n"), "a.json:10: article"},
		"an article twice":       {change(4, `"2"`, `"1"`), `a.json:4: article "1" is not the next one, 2`},
		"in another chapter":     {change(4, `"chapter":"I"`, `"chapter":"II"`), "a.json:4: article 2 stands in another chapter"},
		"an unknown obligation":  {change(10, `"mandatory"`, `"urgent"`), `a.json:10: article 7: obligation "urgent"`},
		"a chapter out of order": {change(9, `"II"`, `"III"`), `a.json:9: chapter "III"`},
		"no title":               {change(10, `"Illegal access"`, `""`), "a.json:10: title is missing"},
		"a text of 67":           {strings.TrimSuffix(strings.Join(slices.Delete(slices.Clone(lines), len(lines)-2, len(lines)-1), "\n"), ",\n]") + "\n]", "67 articles"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := LoadTable("a.json", []byte(c.file))
			if err == nil || !strings.Contains(err.Error(), c.says) || !reflect.DeepEqual(got, Table{}) {
				t.Errorf("want %q: %v", c.says, err)
			}
		})
	}
}

// Whatever is read is written in one form, which is read again as the same book.
func FuzzLoad(f *testing.F) {
	f.Add(embeddedExample)
	f.Add(embeddedArticles)
	f.Add([]byte("[]"))
	f.Add([]byte(`[{"state":"XA","article":"7","extent":"full","law":"a","from":"2019-03-01","source":"b"}]`))
	table := Articles()
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := LoadTable("fuzz", data); err != nil && !reflect.DeepEqual(got, Table{}) {
			t.Fatal("something with an error")
		}
		b, err := Load("fuzz", data, table)
		if err != nil {
			if !reflect.DeepEqual(b, Book{}) || rogatory.KindOf(err) != rogatory.Invalid {
				t.Fatalf("%v with %v", b, err)
			}
			return
		}
		once, err := b.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Load("again", once, table)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, once)
		}
		if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("two forms of one book: %v", err)
		}
		if len(b.Enactments) > 0 {
			if _, err := Assess(table, b, b.Enactments[0].State, today); err != nil {
				t.Fatal(err)
			}
		}
	})
}
