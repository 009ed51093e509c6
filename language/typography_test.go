// SPDX-License-Identifier: Apache-2.0

package language

import (
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "mend the marks and spaces of the files")

// mark is one habit of a language's typography: what is found is not written so, but as mend says.
type mark struct {
	name  string
	found *regexp.Regexp
	mend  string
}

// everywhere holds in all languages, and marks in one. French has a narrow space that does not break before the double
// marks and within the quotation marks (U+202F), and groups figures by it.
var (
	everywhere = []mark{
		{"an ellipsis is one sign", regexp.MustCompile(`\.\.\.`), "…"},
		{"one space is enough", regexp.MustCompile(`(\pL) {2,}(\pL)`), "$1 $2"},
	}
	marks = map[string][]mark{
		"en": {{"an apostrophe is straight, as on the command line", regexp.MustCompile(`’`), "'"}},
		"fr": {
			{"an apostrophe is round", regexp.MustCompile(`(\pL)'([\pL{])`), "$1’$2"},
			{"a narrow space stands before a double mark", regexp.MustCompile(`([\pL\d})»…])[ \x{a0}]([:;!?])`), "$1\u202f$2"},
			{"a double mark has its space", regexp.MustCompile(`([\pL})»])([;!?])([ "])`), "$1\u202f$2$3"},
			{"a narrow space stands within quotation marks", regexp.MustCompile(`«[ \x{a0}]?([^ \x{a0}\x{202f}])`), "«\u202f$1"},
			{"a narrow space stands within quotation marks", regexp.MustCompile(`([^ \x{a0}\x{202f}])[ \x{a0}]?»`), "$1\u202f»"},
			{"figures are grouped by a narrow space", regexp.MustCompile(`(\d)[ \x{a0}](\d{3})\b`), "$1\u202f$2"},
		},
		"ru": {{"figures are grouped by a space that does not break", regexp.MustCompile(`(\d)[ \x{202f}](\d{3})\b`), "$1\u00a0$2"}},
		"ar": {
			{"the comma is Arabic", regexp.MustCompile(`(\p{Arabic}),`), "$1،"},
			{"the semicolon is Arabic", regexp.MustCompile(`(\p{Arabic});`), "$1؛"},
			{"the question mark is Arabic", regexp.MustCompile(`(\p{Arabic})\?`), "$1؟"},
		},
		"zh": {
			{"the comma is Chinese", regexp.MustCompile(`(\p{Han}),`), "$1，"},
			{"the semicolon is Chinese", regexp.MustCompile(`(\p{Han});`), "$1；"},
			{"the colon is Chinese", regexp.MustCompile(`(\p{Han}):`), "$1："},
			{"the question mark is Chinese", regexp.MustCompile(`(\p{Han})\?`), "$1？"},
		},
	}
	// quotes are the quotation marks that a language does not use; English has straight ones in the rules' data.
	quotes = map[string]string{"ar": `"“”„`, "es": `"“”„`, "fr": `"“”„`, "ru": `"“”`, "th": `"«»„`, "vi": `"«»„`, "zh": `"«»„`}
	// identifiers are left alone: a number of an account is grouped as its bank writes it.
	identifiers = regexp.MustCompile(`[A-Z]{2}\d{2}( \d{4})+|https?://[^ "]+`)
)

func (m mark) apply(s string) string {
	var kept []string
	s = identifiers.ReplaceAllStringFunc(s, func(found string) string {
		kept = append(kept, found)
		return "\x00"
	})
	s = m.found.ReplaceAllString(s, m.mend)
	for _, k := range kept {
		s = strings.Replace(s, "\x00", k, 1)
	}
	return s
}

func TestTypography(t *testing.T) {
	for name, f := range everything(t) {
		if name.Name == "names" {
			continue
		}
		for key, text := range f.texts {
			for _, s := range text.all() {
				for _, m := range append(everywhere, marks[name.Language]...) {
					if m.apply(s) != s {
						t.Errorf("%s/%s: %s: %s: %q; go test ./language -run Typography -update mends it", name.Language, name.Name, key, m.name, s)
					}
				}
				if strings.ContainsAny(s, quotes[name.Language]) {
					t.Errorf("%s/%s: %s has quotation marks of another language: %q", name.Language, name.Name, key, s)
				}
			}
		}
		if !*update {
			continue
		}
		path := filepath.Join("data", name.Language, name.Name+".json")
		source, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		mended := string(source)
		for _, m := range append(everywhere, marks[name.Language]...) {
			mended = m.apply(mended)
		}
		if mended != string(source) {
			if err := os.WriteFile(path, []byte(mended), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// A test of typography that mends nothing would hold nothing.
func TestTypographyIsMended(t *testing.T) {
	for _, row := range []struct{ tag, written, want string }{
		{"fr", "l'accusé : « oui » ; 12 500 EUR ?", "l’accusé\u202f: «\u202foui\u202f»\u202f; 12\u202f500 EUR\u202f?"},
		{"fr", "compte XB10 0000 1234", "compte XB10 0000 1234"},
		{"fr", "à 01:10Z, 203.0.113.8:22", "à 01:10Z, 203.0.113.8:22"},
		{"ru", "40 000 сообщений", "40\u00a0000 сообщений"},
		{"ar", "نعم, أو لا; متى?", "نعم، أو لا؛ متى؟"},
		{"zh", "是,否;时间:何时?", "是，否；时间：何时？"},
		{"en", "the node’s log...", "the node's log…"},
	} {
		got := row.written
		for _, m := range append(everywhere, marks[row.tag]...) {
			got = m.apply(got)
		}
		if got != row.want {
			t.Errorf("%s: %q becomes %q, want %q", row.tag, row.written, got, row.want)
		}
	}
}

// A custodian holds exhibits or data; a depositary holds treaties. French and Spanish had one word for both.
func TestADepositaryIsNoCustodian(t *testing.T) {
	word := map[string]*regexp.Regexp{"fr": regexp.MustCompile(`(?i)dépositaire`), "es": regexp.MustCompile(`(?i)depositari[oa]`)}
	for name, f := range everything(t) {
		for key, text := range f.texts {
			for _, s := range text.all() {
				if w := word[name.Language]; w != nil && w.MatchString(s) && !strings.HasPrefix(key, "standing.") && !strings.HasPrefix(key, "treaty.") {
					t.Errorf("%v: %s calls a custodian a depositary: %q", name, key, s)
				}
			}
		}
	}
}
