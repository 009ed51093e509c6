// SPDX-License-Identifier: Apache-2.0

package console

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/safeguard"
	"rogatory/treaty"
)

func testLocale() *language.Locale { return language.Load().Locale(language.Base) }

// missing is what a locale puts around a key that has no words.
const missing = "⟦"

// Every string that a screen asks for by its whole name is there.
func TestEveryStringIsThere(t *testing.T) {
	l := testLocale()
	key := regexp.MustCompile(`\b([TN])\("([a-z_.0-9]+[a-z0-9])"[,)]`)
	names, err := filepath.Glob("*.templ")
	if err != nil {
		t.Fatal(err)
	}
	more, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, name := range append(names, more...) {
		if strings.HasSuffix(name, "_templ.go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range key.FindAllStringSubmatch(string(text), -1) {
			found++
			if m[1] == "T" && strings.Contains(l.T(m[2]), missing) || m[1] == "N" && strings.Contains(l.N(m[2], 2), missing) {
				t.Errorf("%s asks for %s, which has no words", name, m[2])
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d strings were looked for", found)
	}
	for _, row := range rogatory.Lifecycle() {
		if l := testLocale(); strings.Contains(l.T("act.does."+string(row.Act), "state", "Borealia"), missing) && row.Act != rogatory.Draft && row.Act != rogatory.Revise {
			t.Errorf("nothing says what %s does", row.Act)
		}
	}
	for _, k := range treaty.Convention().Kinds {
		for _, c := range k.Clocks {
			if strings.Contains(l.T("due."+c.Name), missing) {
				t.Errorf("nothing says what is due at %s", c.Name)
			}
		}
	}
}

// No page holds an exclamation mark, and none begs.
func TestVoice(t *testing.T) {
	l := testLocale()
	for _, key := range language.Load().Keys() {
		if s := strings.ToLower(l.T(key) + l.N(key, 2)); strings.ContainsAny(s, "!！") || strings.Contains(s, "please") {
			t.Errorf("%s says %s", key, s)
		}
	}
}

// Right-to-left pages need no second sheet.
func TestStylesheetIsLogical(t *testing.T) {
	text, err := files.ReadFile("assets/console.css")
	if err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(margin|padding|border)-(left|right)|text-align:(left|right)|[;{](left|right):`).Find(text); m != nil {
		t.Errorf("the stylesheet says %s, which does not turn with the language", m)
	}
}

func TestMomentsOfForms(t *testing.T) {
	for text, want := range map[string]string{"2026-11-25T14:05": "2026-11-25T14:05:00.000000Z", "2026-11-25T14:05:00+02:00": "2026-11-25T12:05:00.000000Z", "2026-11-25": "2026-11-25T23:59:00.000000Z"} {
		if got, ok := moment(text); !ok || got.String() != want {
			t.Errorf("%q is read as %s", text, got)
		}
	}
	for _, text := range []string{"", "tomorrow", "2026-13-01", "25.11.2026"} {
		if got, ok := moment(text); ok {
			t.Errorf("%q is read as %s", text, got)
		}
	}
}

func TestSafeNames(t *testing.T) {
	for name, want := range map[string]string{"auth.log": "auth.log", `C:\Evidence\cell sites.csv`: "cell_sites.csv", "../../etc/passwd": "passwd", "...": "exhibit.bin", "журнал": "exhibit.bin", "-rf": "rf"} {
		if got := safeName(name); got != want {
			t.Errorf("%q becomes %q, not %q", name, got, want)
		}
	}
}

func TestWhatOnlyADeciderMayDoIsProvedAgain(t *testing.T) {
	for _, act := range []rogatory.Act{rogatory.Send, rogatory.Accept, rogatory.Refuse, rogatory.Offer, rogatory.Start, rogatory.Stop, rogatory.Execute} {
		if !docket.Decides(act) {
			t.Errorf("%s needs no fresh proof", act)
		}
	}
	for _, act := range []rogatory.Act{rogatory.Acknowledge, rogatory.AskMore, rogatory.Supplement} {
		if docket.Decides(act) {
			t.Errorf("%s needs a fresh proof, at three in the morning", act)
		}
	}
}

func TestPaymentsAreReadAsTheyAreWritten(t *testing.T) {
	text := "XA12 (Bank of Aurelia) > XB10 > 12500.00 EUR > 2026-11-25T14:05"
	all, ok := parsePayments(text)
	if !ok || paymentLines(all) != text {
		t.Errorf("%q becomes %q", text, paymentLines(all))
	}
	if _, ok := parsePayments("XA12 > XB10"); ok {
		t.Error("half a payment is read")
	}
}

// The matrix of the people's page says what the lifecycle says, for every act, side and role.
func TestTheMatrixIsTheLifecycle(t *testing.T) {
	may := map[rogatory.Act]map[rogatory.OfficerRole]int{}
	for _, m := range matrix() {
		may[m.Act] = m.May
	}
	bits := 0
	for _, row := range rogatory.Lifecycle() {
		for _, role := range row.Roles {
			if !slices.Contains(matrixRoles, role) {
				t.Errorf("%s may %s, and has no column", role, row.Act)
			}
			want := 1
			if row.By == rogatory.RequestedSide {
				want = 2
			}
			if may[row.Act][role]&want == 0 {
				t.Errorf("%s may %s as the %s State, and the matrix does not say so", role, row.Act, row.By)
			}
			bits++
		}
	}
	if bits < 40 {
		t.Errorf("only %d rights were looked at", bits)
	}
}

// What the program wrote into an entry itself is said in the reader's words, and a person's words stay as they are.
func TestEntriesHaveNoCodes(t *testing.T) {
	l := language.Load().Locale("ru")
	x := &rogatory.Exhibit{Title: "log"}
	for _, c := range []struct {
		name       string
		e          rogatory.Entry
		what, said string
	}{
		{"quarantined", rogatory.Entry{Type: rogatory.ExhibitQuarantined, Exhibit: x, Why: string(safeguard.Exceeds)}, l.EntryType(rogatory.ExhibitQuarantined), l.T("excess.verdict.excess")},
		{"cut", rogatory.Entry{Type: rogatory.ExhibitCut, Exhibit: x, Why: "204 of 216 rows left out"}, l.EntryType(rogatory.ExhibitCut), l.T("excess.left_out", "count", int64(204), "of", int64(216))},
		{"received", rogatory.Entry{Type: rogatory.ExhibitReceived, Exhibit: x, Why: "offered by XB"}, l.EntryType(rogatory.ExhibitReceived), ""},
		{"deleted", rogatory.Entry{Type: rogatory.ExhibitDeleted, Exhibit: x, Why: "due since 2026-11-26T10:00:00.000000Z"}, l.EntryType(rogatory.ExhibitDeleted), l.T("line.of", "what", l.T("retention.due_since"), "name", when(l, rogatory.At(time.Date(2026, 11, 26, 10, 0, 0, 0, time.UTC)), "UTC"))},
		{"deleted by a person", rogatory.Entry{Type: rogatory.ExhibitDeleted, Exhibit: x, Why: "a mistake of ours"}, l.EntryType(rogatory.ExhibitDeleted), "a mistake of ours"},
		{"a sheet", rogatory.Entry{Type: rogatory.SheetSigned, Name: "23"}, l.EntryType(rogatory.SheetSigned), ""},
		{"an emergency", rogatory.Entry{Type: rogatory.EmergencyReviewed, Name: string(docket.Justified), Why: "life was at risk"}, l.T("line.of", "what", l.EntryType(rogatory.EmergencyReviewed), "name", l.T("subject.found.justified")), "life was at risk"},
	} {
		if what, said := entryWords(l, c.e, "UTC"), saidOf(l, c.e); what != c.what || said != c.said {
			t.Errorf("%s: %q, %q", c.name, what, said)
		}
	}
}

// What went wrong below a request leads back to it, and nothing else does.
func TestAnErrorLeadsBackToItsRequest(t *testing.T) {
	for path, want := range map[string]rogatory.RequestID{
		Prefix + "requests/XB-2026-7K3M9Q2P.1/review/accept": "XB-2026-7K3M9Q2P.1",
		Prefix + "requests/XB-2026-7K3M9Q2P.1":               "",
		Prefix + "rota":                                      "",
		"/":                                                  "",
	} {
		if got := requestIn(path); got != want {
			t.Errorf("%s leads back to %q", path, got)
		}
	}
}
