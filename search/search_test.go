// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"rogatory"
)

func TestFinding(t *testing.T) {
	for _, c := range []struct {
		name, query, text string
		marked            string // empty if it is not found
	}{
		{"a word by its beginning", "preserv", "Preservation of mail", "Preservation"},
		{"a short word whole", "ip", "the IP and the IPsec", "IP"},
		{"a short word by no beginning", "ip", "the IPsec", ""},
		{"not by its middle", "servation", "Preservation of mail", ""},
		{"an address whole", "anna.bauer@example.com", "account Anna.Bauer@example.com, since May", "Anna.Bauer@example.com"},
		{"an address that goes on", "anna.bau", "account Anna.Bauer@example.com", "Anna.Bauer"},
		{"words apart are no phrase", "bauer.anna", "Anna Bauer", ""},
		{"words in any order", "bauer anna", "Anna Bauer", "AnnaBauer"},
		{"a phrase", `"mail serv"`, "a mail server", "mail server"},
		{"Latin with diacritics by plain letters", "cafe", "Le Café de la Paix", "Café"},
		{"plain letters by diacritics", "café", "le CAFE", "CAFE"},
		{"Vietnamese without diacritics", "nguyen van duc", "Ông Nguyễn Văn Đức", "NguyễnVănĐức"},
		{"Vietnamese with diacritics", "nguyễn", "NGUYEN VAN DUC", "NGUYEN"},
		{"Vietnamese, decomposed", "Nguye\u0302\u0303n", "Nguyễn", "Nguyễn"},
		{"Cyrillic, without the dots", "счет", "Банковский Счёт № 5", "Счёт"},
		{"Cyrillic, with the dots", "счёт", "счета", "счета"},
		{"short i is another letter", "мои", "мой", ""},
		{"Arabic alef forms", "احمد", "السيد أحمد", "أحمد"},
		{"Arabic harakat and tatweel", "محمد", "مُحَمَّـــد", "مُحَمَّـــد"},
		{"Arabic ya and alef maqsura", "مصطفي", "مصطفى", "مصطفى"},
		{"Arabic ta marbuta", "وثيقه", "وثيقة رسمية", "وثيقة"},
		{"Arabic article", "حساب", "تجميد الحساب", "الحساب"},
		{"Arabic particle in the query", "والحساب", "حساب مصرفي", "حساب"},
		{"Arabic digits", "2026", "عام ٢٠٢٦", "٢٠٢٦"},
		{"Chinese in the middle of a run", "银行账户", "请保全该银行账户的数据", "银行账户"},
		{"one Chinese character", "账", "银行账户", "账"},
		{"pairs that are apart are no run", "银行账户", "银行。行账。账户", ""},
		{"Chinese with Latin in it", "账户abc", "账户abc123", "账户abc123"},
		{"full-width forms", "ABC 12", "ＡＢＣ１２ １２", "ＡＢＣ１２１２"},
		{"Thai in the middle of a run", "ธนาคาร", "บัญชีธนาคารกรุงเทพ", "ธนาคาร"},
		{"Thai with a place to break the line", "บัญชีธนาคาร", "บัญชี\u200bธนาคาร", "บัญชี\u200bธนาคาร"},
		{"Thai vowels matter", "กา", "กิ", ""},
		{"a reference in capitals or not", "xa-2026-7k3m9q2p", "XA-2026-7K3M9Q2P.1", "XA-2026-7K3M9Q2P"},
		{"a reference with other strokes", "XA/2026/7K3M", "XA-2026-7K3M9Q2P.1", "XA-2026-7K3M9Q2P"},
		{"marks that turn the text round", "abc", "a\u202eb\u202cc", "a\u202eb\u202cc"},
		{"bytes that are no text", "mail", "\xff\xfemail\xff", "mail"},
	} {
		q, err := Parse(c.query)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		reasons, found := Match(q, []Field{{"title", "nothing"}, {"facts", c.text}})
		var marked string
		for _, r := range reasons {
			for _, s := range r.Spans {
				if s.Marked {
					marked += s.Text
				}
			}
		}
		if found != (c.marked != "") || marked != c.marked {
			t.Errorf("%s: %q in %q marks %q, want %q", c.name, c.query, c.text, marked, c.marked)
		}
		if found {
			held(t, q, c.text)
		}
	}
}

// held expects an index to lead to whatever Match finds.
func held(t *testing.T, q Query, text string) {
	t.Helper()
	grams := Grams(text)
	for _, w := range q.Wants() {
		if !strings.Contains(w, ":") && !slices.Contains(grams, w) {
			t.Errorf("%q is found in %q, and the index has no %q: %q", q, text, w, grams)
		}
	}
}

func TestTypedPieces(t *testing.T) {
	q, err := Parse(`from:xb KIND:stored_data state:refused ref:XA-2026 after:2026-01 before:٢٠٢٦-١١-٢٥ "two words" http://x`)
	if err != nil {
		t.Fatal(err)
	}
	want := []Facet{{From, "xb"}, {Kind, "stored_data"}, {State, "refused"}}
	if !slices.Equal(q.Facets, want) {
		t.Errorf("facets are %v", q.Facets)
	}
	if q.Since.String() != "2026-01-01T00:00:00.000000Z" || q.Until.String() != "2026-11-25T00:00:00.000000Z" {
		t.Errorf("opened from %s to %s", q.Since, q.Until)
	}
	if len(q.Terms) != 3 || q.Terms[0].Field != Ref {
		t.Errorf("terms are %v", q.Terms)
	}
	if _, found := Match(q, []Field{{Ref, "XA-2026-7K3M9Q2P.1"}, {"facts", "http://x says two words"}}); !found {
		t.Error("it is not found")
	}
	if _, found := Match(q, []Field{{Ref, "XA-2027-7K3M9Q2P.1"}, {"facts", "http://x says two words of XA-2026"}}); found {
		t.Error("a reference is found in another field")
	}
}

func TestQueriesThatAreRefused(t *testing.T) {
	for name, text := range map[string]string{
		"too long":          strings.Repeat("a", MaxQuery+1),
		"too many things":   strings.Repeat("a ", maxTerms+1),
		"no State":          "from:Borealia",
		"no day":            "before:yesterday",
		"no kind":           "kind:",
		"an odd state":      "state:a:b",
		"an empty ref":      "ref:-",
		"a day before days": "after:1800-01-01",
	} {
		if q, err := Parse(text); rogatory.CodeOf(err) != "search_invalid" || !q.Empty() {
			t.Errorf("%s: %v, %v", name, q, err)
		}
	}
}

func TestTheSameQueryHasOneForm(t *testing.T) {
	var forms []string
	for _, text := range []string{`NGUYỄN from:XB`, `  from:xb "nguyen"  nguyễn`} {
		q, err := Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, q.String())
	}
	if forms[0] != forms[1] {
		t.Errorf("%q is not %q", forms[0], forms[1])
	}
}

func TestWhatIsShownAroundAMark(t *testing.T) {
	long := strings.Repeat("before ", 30) + "the account here" + strings.Repeat(" after", 30)
	q, _ := Parse("account")
	reasons, _ := Match(q, []Field{{"facts", long}})
	var shown string
	for _, s := range reasons[0].Spans {
		shown += s.Text
	}
	if n := utf8.RuneCountInString(shown); n > 2*around+len("account")+2 || !strings.HasPrefix(shown, "…") || !strings.HasSuffix(shown, "…") {
		t.Errorf("%d characters are shown: %q", n, shown)
	}
}

// Whatever is typed and looked through: nothing breaks, what is marked is the text itself, and the index
// leads to it.
func FuzzMatch(f *testing.F) {
	f.Add("anna bauer", "Anna.Bauer@example.com")
	f.Add(`"银行 账户" from:XB`, "银行账户 abc")
	f.Add("الحساب ٢", "تجميد الحساب مُحَمَّـد ٢٠")
	f.Add("ธนาคาร\u200b", "บัญชีธนาคาร\xff\x00\u202e")
	f.Add("Ǆ ﷺ ½ é", "ﷺ ½ ǆ e\u0301\u0301\u0301")
	f.Fuzz(func(t *testing.T, query, text string) {
		var slow taker
		if slow.other(text, 0); !slices.Equal(slow.all, atoms(text)) {
			t.Errorf("%q is %v, and %v where ASCII takes the short way", text, slow.all, atoms(text))
		}
		q, err := Parse(query)
		if err != nil {
			return
		}
		reasons, found := Match(q, []Field{{"", text}})
		if !found {
			return
		}
		for _, r := range reasons {
			for _, s := range r.Spans {
				if !strings.Contains(text, strings.TrimSuffix(s.Text, "…")) {
					t.Errorf("%q is shown of %q", s.Text, text)
				}
			}
		}
		if len(reasons) > 0 {
			held(t, q, text)
		}
		for _, g := range Grams(text) {
			if len(g) > maxWord+utf8.UTFMax || !utf8.ValidString(g) || strings.ContainsAny(g, " :_\"'\\\x00") {
				t.Errorf("gram %q", g)
			}
		}
	})
}
