// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rogatory"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "mtdsg", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// before is the book that the samples follow: five participants of whom the depositary told, the
// instrument of one among them, and one of whom there is but a report.
func before(t testing.TB) *Book {
	t.Helper()
	hanoi := func(code rogatory.StateCode) Participant {
		f := fact(On(2025, time.October, 25))
		return Participant{Code: code, Signature: &f}
	}
	assumed, unconfirmed := hanoi("TR"), hanoi("VN")
	assumed.Signature = &Fact{When: When{Between: []Date{On(2025, time.October, 25), On(2025, time.October, 26)}}, Certainty: Assumed, Sources: []string{"s1"}}
	unconfirmed.Consent = &Deposit{Ratification, Fact{When: When{Between: []Date{On(2026, time.April, 1), On(2026, time.May, 31)}}, Certainty: Reported, Sources: []string{"s1"}}}
	reported := Participant{Code: "CA", Signature: &Fact{When: When{Between: []Date{On(2026, time.July, 1), On(2026, time.July, 31)}}, Certainty: Reported, Sources: []string{"s1"}}}
	qatar := hanoi("QA")
	qatar.Consent = &Deposit{Ratification, fact(On(2026, time.February, 17))}
	b := *Embedded().Book()
	b.Rows, b.Participants = 6, []Participant{reported, hanoi("CI"), hanoi("EU"), qatar, assumed, unconfirmed}
	book, err := LoadBook("before", b.Encode(), b.States())
	if err != nil {
		t.Fatal(err)
	}
	return book
}

func TestImport(t *testing.T) {
	for _, name := range []string{"good.xml", "good-utf8.xml"} {
		previous := before(t)
		was := previous.Encode()
		book, diff, err := Import(sample(t, name), previous, today)
		if err != nil {
			t.Fatalf("%s: %v, %s", name, err, err.(*rogatory.Error).Hint)
		}
		if !bytes.Equal(previous.Encode(), was) {
			t.Error("the previous book changed")
		}
		if book.AsOf != today || book.Rows != 7 || len(book.Participants) != 7 || book.Unnamed != 0 || len(book.Declarations) != 2 {
			t.Errorf("the book: %+v", book)
		}
		for code, want := range map[rogatory.StateCode]Deposit{
			"QA": {Ratification, Fact{When: When{On: On(2026, time.February, 17)}}},
			"TR": {Acceptance, Fact{When: When{On: On(2026, time.November, 9)}}},
			"EU": {Approval, Fact{When: When{On: On(2026, time.September, 1)}}},
			"FJ": {Accession, Fact{When: When{On: On(2026, time.October, 7)}}},
		} {
			if p, ok := book.Participant(code); !ok || p.Consent == nil || p.Consent.Kind != want.Kind || p.Consent.On != want.On || p.Consent.Certainty != Depositary || !p.Consent.Verified {
				t.Errorf("%s: %+v", code, p.Consent)
			}
		}
		if fj, _ := book.Participant("FJ"); len(fj.Earlier) != 1 || fj.Earlier[0].On != On(2026, time.March, 3) {
			t.Errorf("what stands in brackets was withdrawn: %+v", fj)
		}
		if vn, _ := book.Participant("VN"); vn.Consent != nil {
			t.Error("the depositary does not know of the reported ratification")
		}
		tally := Embedded().With(book, nil).Tally(today)
		if codes(tally.Dated) != "FJ, QA, TR" || codes(tally.Added) != "EU" || tally.Missing != 37 || !tally.Verified {
			t.Errorf("the way to forty: %+v", tally)
		}
		told := func(all []Change) string {
			var words []string
			for _, c := range all {
				words = append(words, string(c.State)+" "+c.What+": "+c.Before+" > "+c.After)
			}
			return strings.Join(words, "\n")
		}
		if got, want := told(diff.Changed), "CA signature: some day from 2026-07-01 to 2026-07-31 (reported only) (not verified) > 2026-07-15\n"+
			"TR signature: some day from 2025-10-25 to 2025-10-26 (the day is assumed) (not verified) > 2025-10-26"; got != want {
			t.Errorf("changed:\n%s\nwant:\n%s", got, want)
		}
		if got := told(diff.Dropped); !strings.HasPrefix(got, "VN consent: ratification some day") || len(diff.Dropped) != 1 {
			t.Errorf("dropped:\n%s", got)
		}
		if got := told(diff.Added); !strings.Contains(got, "FJ consent:  > accession 2026-10-07") || !strings.Contains(got, "FJ earlier:  > accession 2026-03-03") || !strings.Contains(got, "text Declarations") || len(diff.Added) != 8 {
			t.Errorf("added:\n%s", got)
		}
		if diff.Same != 2 || diff.Empty() || !strings.Contains(strings.Join(diff.Notes, "\n"), "a jurist has to enter") {
			t.Errorf("%d the same, notes %q", diff.Same, diff.Notes)
		}
		// What is not analysed is said to be so.
		d := Embedded().With(book, nil)
		if s, _ := d.Status("QA", today); !says(s.Reasons, "not analysed by article: read Declarations") {
			t.Errorf("%+v", s.Reasons)
		}
		for _, text := range book.Texts {
			if text.Verified || strings.ContainsAny(text.Text, "<>") {
				t.Errorf("%+v", text)
			}
		}
		// The same file again changes nothing.
		again, none, err := Import(sample(t, name), book, today)
		if err != nil || !none.Empty() || none.Same != 7 || !bytes.Equal(again.Encode(), book.Encode()) {
			t.Errorf("once more: %+v, %v", none, err)
		}
	}
}

// A file that names everybody whom the embedded book names, as the depositary spells them, is taken.
func TestImportOverTheEmbeddedBook(t *testing.T) {
	previous := Embedded().Book()
	var rows strings.Builder
	for _, p := range previous.Participants {
		s, err := previous.States().Get(p.Code)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&rows, "<Row><Entry>%s</Entry><Entry>%s</Entry><Entry></Entry></Row>\n", s.Name, p.Signature.Earliest().Time().Format("2 Jan\t2006"))
	}
	good := string(sample(t, "good-utf8.xml"))
	head, rest, _ := strings.Cut(good, "<Rows>")
	_, tail, _ := strings.Cut(rest, "</Rows>")
	file := strings.NewReplacer("Signatories : 7", "Signatories : 75", "Parties : 4", "Parties : 0").Replace(head + "<Rows>" + rows.String() + "</Rows>" + tail)
	book, diff, err := Import([]byte(file), previous, today)
	if err != nil {
		t.Fatal(err)
	}
	// 66 days were known; the seven that were assumed, Fiji's and Canada's are told now. The reported
	// consents of Azerbaijan, Qatar and Viet Nam are not in the file.
	if len(diff.Confirmed) != 66 || len(diff.Changed) != 9 || len(diff.Dropped) != 3 || diff.Same != 0 {
		t.Errorf("%d confirmed, %d changed, %d dropped, %d the same", len(diff.Confirmed), len(diff.Changed), len(diff.Dropped), diff.Same)
	}
	if got := Embedded().With(book, nil).Tally(today); got.Signatories != 75 || len(got.Uncounted) != 0 || got.Unnamed != 0 || !got.Verified {
		t.Errorf("%+v", got)
	}
}

// The page that the hints send people to explains every refusal.
func TestRefusalsAreExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/treaty-desk.md")
	if err != nil {
		t.Fatal(err)
	}
	var code []byte
	for _, name := range []string{"mtdsg.go", "importer.go"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		code = append(code, text...)
	}
	found := regexp.MustCompile(`refuse\("(\w+)"|"untc_(\w+)"`).FindAllSubmatch(code, -1)
	if len(found) < 15 {
		t.Errorf("only %d refusals were found in the code", len(found))
	}
	for _, m := range found {
		if name := "untc_" + string(m[1]) + string(m[2]); !bytes.Contains(page, []byte("`"+name+"`")) {
			t.Errorf("docs/treaty-desk.md does not explain %s", name)
		}
	}
}

// A day that was known from elsewhere and is now the depositary's is confirmed, not changed.
func TestImportConfirms(t *testing.T) {
	b := *before(t)
	for i := range b.Participants {
		p := &b.Participants[i]
		p.Signature = &Fact{When: p.Signature.When, Certainty: p.Signature.Certainty, Sources: []string{"s1"}}
		if p.Signature.Certainty == Depositary {
			p.Signature.Certainty = Exact
		}
	}
	previous, err := LoadBook("before", b.Encode(), b.States())
	if err != nil {
		t.Fatal(err)
	}
	_, diff, err := Import(sample(t, "good.xml"), previous, today)
	if err != nil || len(diff.Confirmed) != 4 || diff.Confirmed[0] != (Change{"CI", "signature", "2025-10-25 (not verified)", "2025-10-25"}) {
		t.Errorf("%+v, %v", diff.Confirmed, err)
	}
}

func TestBrokenFilesAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ code, words string }{
		"maintenance.xml":      {"untc_html_page", "web page"},
		"rows-fell.xml":        {"untc_rows_fell", "5 rows, and there were 6"},
		"unknown-column.xml":   {"untc_unknown_column", "Provisional application"},
		"doubled-column.xml":   {"untc_unknown_column", "there twice"},
		"missing-column.xml":   {"untc_unknown_column", "2 of the columns"},
		"vanished.xml":         {"untc_party_vanished", "Türkiye (TR)"},
		"consent-vanished.xml": {"untc_party_vanished", "ratification of Qatar"},
		"unknown-name.xml":     {"untc_unknown_name", "Atlantis"},
		"no-such-day.xml":      {"untc_unreadable_date", "30 Feb 2026"},
		"unknown-kind.xml":     {"untc_unreadable_date", "17 Feb 2026 B"},
		"french-month.xml":     {"untc_unreadable_date", "25 oct 2025"},
		"two-dates.xml":        {"untc_unreadable_date", "17 Feb 2026 18 Feb 2026"},
		"cut-off.xml":          {"untc_not_xml", "line "},
		"doubled-name.xml":     {"untc_doubled_name", "QA is there twice"},
		"other-treaty.xml":     {"untc_other_treaty", "Corruption"},
		"counts.xml":           {"untc_counts_contradict", "72"},
		"other-charset.xml":    {"untc_not_xml", "koi8-r"},
		"short-row.xml":        {"untc_unknown_layout", "2 cells under 3 columns"},
		"second-header.xml":    {"untc_two_tables", "second header"},
		"too-deep.xml":         {"untc_too_deep", "64"},
		"doctype.xml":          {"untc_not_xml", "document type"},
		"no-table.xml":         {"untc_no_table", "no table"},
		"signed-too-early.xml": {"treaty_data_invalid", "when it was open"},
		"from-the-future.xml":  {"treaty_data_invalid", "where the book ends"},
		"ratified-unsigned.xml": {"treaty_data_invalid",
			"without a signature"},
		"text-twice.xml": {"treaty_data_invalid", "there twice"},
	} {
		book, diff, err := Import(sample(t, name), before(t), today)
		if book != nil || !diff.Empty() || rogatory.CodeOf(err) != c.code || !strings.Contains(err.Error(), c.words) || err.(*rogatory.Error).Hint == "" {
			t.Errorf("%s: got %v (%s), want %s with %q", name, err, rogatory.CodeOf(err), c.code, c.words)
		}
	}
	tested, err := filepath.Glob("testdata/mtdsg/*.xml")
	if err != nil || len(tested) != 28 {
		t.Errorf("%d samples, and 28 are tested: %v", len(tested), err)
	}
	if _, _, err := Import(sample(t, "good.xml"), before(t), On(2026, time.July, 1)); rogatory.CodeOf(err) != "untc_older" || rogatory.KindOf(err) != rogatory.Stale {
		t.Errorf("an older file: %v", err)
	}
	if _, _, err := Import(make([]byte, MaxImport+1), before(t), today); rogatory.CodeOf(err) != "untc_too_large" {
		t.Errorf("too large: %v", err)
	}
	rows := strings.Repeat("<Row><Entry>Qatar</Entry><Entry></Entry><Entry></Entry></Row>", maxXMLRows)
	if _, _, err := Import(bytes.Replace(sample(t, "good.xml"), []byte("<Rows>"), []byte("<Rows>"+rows), 1), before(t), today); rogatory.CodeOf(err) != "untc_too_large" {
		t.Errorf("too many rows: %v", err)
	}
}

func TestCellDates(t *testing.T) {
	for cell, want := range map[string]string{"25 Oct 2025": "2025-10-25 ", "1 Jan 2027 a": "2027-01-01 a", "29 Feb 2028 AA": "2028-02-29 AA", "9 Nov 2026 A": "2026-11-09 A", "9 Nov 2026 d": "2026-11-09 d"} {
		if d, letters, ok := readDate(cell); !ok || d.String()+" "+letters != want {
			t.Errorf("%s: %s %s %t", cell, d, letters, ok)
		}
	}
	for _, cell := range []string{"", "25 Oct", "25 Okt 2025", "0 Oct 2025", "32 Oct 2025", "29 Feb 2027", "25 Oct 2025 aa", "25 Oct 2025 s", "25 Oct 2025a", "Oct 25 2025", "25 Oct 0000"} {
		if d, _, ok := readDate(cell); ok {
			t.Errorf("%q was read as %s", cell, d)
		}
	}
}

// The same name in its several spellings is one State.
func TestNames(t *testing.T) {
	states := Embedded().Book().States()
	for name, want := range map[string]rogatory.StateCode{"Côte d'Ivoire": "CI", "Côte d’Ivoire": "CI", "Côte d\u0092Ivoire": "CI", "Czechia": "CZ", "Czech Republic": "CZ", " Viet  Nam ": "VN",
		"Netherlands (Kingdom of the)": "NL", "United Kingdom of Great Britain and Northern Ireland": "GB", "Holy See": "VA", "European Union": "EU", "Cook Islands": "CK"} {
		if code, ok := states.Named(name); !ok || code != want {
			t.Errorf("%q is %s, want %s", name, code, want)
		}
	}
	if code, ok := states.Named("viet nam"); ok {
		t.Errorf("a name in another case was taken for %s", code)
	}
}

// FuzzImport: what is taken is fit to be put in force, and loses nobody.
func FuzzImport(f *testing.F) {
	for _, name := range []string{"good.xml", "good-utf8.xml", "maintenance.xml", "doctype.xml", "cut-off.xml"} {
		f.Add(sample(f, name))
	}
	previous := before(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		book, _, err := Import(data, previous, today)
		if err != nil {
			if book != nil {
				t.Error("something was imported with an error")
			}
			return
		}
		if _, err := LoadBook("again", book.Encode(), previous.States()); err != nil {
			t.Errorf("what was imported does not load: %v", err)
		}
		for _, p := range previous.Participants {
			if _, ok := book.Participant(p.Code); !ok && sure(p) {
				t.Errorf("%s was lost", p.Code)
			}
		}
	})
}
