// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"bytes"
	"fmt"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/pdf"
	"rogatory/treaty"
)

var moment = rogatory.At(time.Date(2026, 11, 23, 2, 14, 5, 120_000, time.UTC))

// words are what a person wrote, in each language.
var words = map[string]string{
	"en": "On 14 November 2026 at 03:14 the account a.b@example.org sent 12,500.00 EUR; see file 2026/0017 (page 3).",
	"ar": "في 14 نوفمبر 2026 الساعة 03:14 أرسل الحساب a.b@example.org مبلغ 12500.00 EUR؛ انظر الملف 2026/0017 (صفحة 3).",
	"zh": "2026年11月14日03:14，账户 a.b@example.org 汇出 12500.00 EUR；见卷宗 2026/0017（第3页）。",
	"fr": "Le 14 novembre 2026 à 03:14, le compte a.b@example.org a envoyé 12500.00 EUR ; voir dossier 2026/0017 (page 3).",
	"ru": "14 ноября 2026 года в 03:14 со счёта a.b@example.org отправлено 12500.00 EUR; см. дело 2026/0017 (стр. 3).",
	"es": "El 14 de noviembre de 2026 a las 03:14 la cuenta a.b@example.org envió 12500.00 EUR; véase 2026/0017 (página 3).",
	"vi": "Ngày 14 tháng 11 năm 2026 lúc 03:14 tài khoản a.b@example.org đã chuyển 12500.00 EUR; xem hồ sơ 2026/0017 (trang 3).",
	"th": "เมื่อวันที่ 14 พฤศจิกายน 2569 เวลา 03:14 บัญชี a.b@example.org โอนเงิน 12500.00 EUR ดูสำนวน 2026/0017 (หน้า 3) ผู้ต้องหาซึ่งอยู่ที่นี่",
}

func facts(tag string) Facts {
	rules := treaty.Convention()
	office := func(code rogatory.StateCode, name, authority string) Office {
		return Office{rogatory.Party{Code: code, Name: name, Languages: []string{tag}, Authorities: []rogatory.Authority{{ID: "justice", Name: authority}}}, "justice"}
	}
	kind, _ := rules.Kind(rogatory.Preservation42)
	contents := map[string]string{}
	required, optional := kind.FieldsOf("")
	for _, id := range append(required, optional...) {
		contents[id] = words[tag]
		if c := rules.Fields[id].Choices; len(c) > 0 {
			contents[id] = c[0]
		}
	}
	return Facts{
		ID: "XA-2026-7K3M9Q2P.1", Mode: rogatory.Exercise, Rules: rules,
		Requesting: office("XA", "Aurelia", "Ministry of Justice"), Requested: office("XB", "Borealia", "Central Authority"),
		Request: rogatory.Request{Kind: rogatory.Preservation42, Title: words[tag], Language: tag, Contents: contents,
			Offence: rogatory.Offence{Articles: []string{"7", "13"}, MaximumYears: 5, Law: "§ 202a (2) StGB"}, Follows: "XA-2026-7K3M9Q2P.7",
			Term:         rogatory.Term{From: moment, To: moment.Add(60 * 24 * time.Hour)},
			Payments:     []rogatory.Payment{{From: rogatory.Account{Number: "XB12 3456 7890", Institution: "Bank"}, To: rogatory.Account{Number: "XA98765"}, Amount: rogatory.Amount{Value: "12500.00", Code: "EUR"}, At: moment}},
			Fingerprints: []rogatory.Fingerprint{{Algorithm: "sha256", Value: rogatory.DigestOf([]byte("f")).String()}}},
		Message: Message{Sent: moment, By: rogatory.Officer{Name: "Anna", Role: "officer"}, Approved: rogatory.Officer{Name: "Bruno", Role: "decider"},
			Digest: rogatory.DigestOf([]byte("message")), Language: tag},
	}
}

func exhibit() rogatory.Exhibit {
	x := rogatory.Exhibit{ID: "XB-E-5TQ0ZC8H1M4A", Title: "SSH log", FileName: "auth.log", MediaType: "text/plain", Acquired: "order 7 of the Borealia court",
		Limits: rogatory.UseLimits{Purpose: "case 2026/0017", Conditions: []string{"not before 1 March 2027"}, Confidential: true}}
	x.Seal.Size, x.Seal.SHA256 = 1234567, rogatory.DigestOf([]byte("x"))
	return x
}

func events(n int) []Event {
	x := exhibit()
	var all []Event
	for i := range n {
		e := rogatory.Entry{Type: rogatory.ExhibitOpened, At: moment.Add(time.Duration(i) * time.Minute), Name: string(x.ID), Why: fmt.Sprintf("hearing %d of 3 December", i+1)}
		e.By.Address, e.By.Name = rogatory.Address{State: "XB", Authority: "justice"}, "Dino"
		all = append(all, Event{int64(i*7 + 12), e})
	}
	return all
}

// papers are every paper in the languages given.
func papers(tag string, ls ...*language.Locale) map[string]Document {
	f := facts(tag)
	return map[string]Document{
		"request": Request(f, ls...),
		"refusal": Refusal(f, rogatory.Verdict{Ground: "R21B", Reasons: words[tag]}, ls...),
		"preservation": Preservation(f, rogatory.Preservation{Since: moment, Until: moment.Add(90 * 24 * time.Hour),
			Items: []rogatory.PreservedItem{{Description: words[tag], Size: 1234567, SHA256: rogatory.DigestOf([]byte("a"))}, {Description: "b", Size: 1, SHA256: rogatory.DigestOf([]byte("b"))}}}, ls...),
		"custody": Custody(f, f.Requested, moment, exhibit(), events(60), ls...),
	}
}

var library = func() func(t testing.TB) *pdf.Library {
	var l *pdf.Library
	return func(t testing.TB) *pdf.Library {
		if l == nil {
			var err error
			if l, err = pdf.Open(); err != nil {
				t.Fatal(err)
			}
		}
		return l
	}
}()

func printed(t testing.TB, d Document) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := PDF(&out, library(t), d); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// extract returns the text that a stock program takes out of the file, after another found it whole.
func extract(t *testing.T, file []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("KEEP_PDF"); keep != "" {
		os.WriteFile(filepath.Join(keep, strings.ReplaceAll(t.Name(), "/", "_")+".pdf"), file, 0o600)
	}
	if out, err := exec.Command("qpdf", "--check", name).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
	out, err := exec.Command("pdftotext", "-enc", "UTF-8", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// bare takes out what a reader does not see: spaces, line ends, controls of direction. It takes out the vowel
// marks of Arabic too, which pdftotext gives before the letter that bears them.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r >= '\u064b' && r <= '\u0652' || r == '\u00a0' || r == '\u202f' || r == '\u200b' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' {
			return -1
		}
		return r
	}, s)
}

// texts lists everything that a document says.
func texts(d Document) []string {
	all := []string{d.Reference}
	if !d.Digest.IsZero() {
		all = append(all, d.Digest.String())
	}
	values := func(vs []Text) {
		for _, v := range vs {
			all = append(all, v.Note)
			all = append(all, strings.Split(v.Text, "\n")...)
		}
	}
	for _, l := range d.Letters {
		all = append(all, l.Heading, d.footLabel(l))
		for _, b := range l.Blocks {
			switch b := b.(type) {
			case Paragraph:
				all = append(all, b.Text)
			case Fields:
				for _, f := range b {
					all = append(all, f.Label)
					values(f.Values)
				}
			case Section:
				all = append(all, b.Label, b.Article)
				values(b.Texts)
			case Table:
				all = append(all, b.Title)
				for _, c := range b.Columns {
					all = append(all, c.Label)
				}
				for _, r := range b.Rows {
					values(r)
				}
			}
		}
	}
	return all
}

var (
	figures = regexp.MustCompile(`[0-9][0-9A-Za-z./:()-]*`)
	tags    = regexp.MustCompile(`<[^>]*>`)
)

func TestEveryPaperSaysTheSameInEveryLanguage(t *testing.T) {
	c := language.Load()
	for _, tag := range language.Supported() {
		l := c.Locale(tag)
		for name, d := range papers(tag, l) {
			t.Run(name+"/"+tag, func(t *testing.T) {
				got := bare(extract(t, printed(t, d)))
				var page bytes.Buffer
				if err := HTML(&page, d); err != nil {
					t.Fatal(err)
				}
				shown := bare(html.UnescapeString(tags.ReplaceAllString(page.String(), "")))
				for _, s := range texts(d) {
					if strings.Contains(s, "⟦") {
						t.Errorf("a text is missing: %s", s)
					}
					for _, figure := range figures.FindAllString(s, -1) {
						if !strings.Contains(got, figure) {
							t.Errorf("the PDF does not say %s of %q", figure, s)
						}
					}
					if !strings.Contains(shown, bare(s)) {
						t.Errorf("the HTML does not say %q", s)
					}
				}
				// Labels and short values come out whole and in logical order.
				for _, l := range d.Letters {
					for _, b := range l.Blocks {
						if fields, ok := b.(Fields); ok {
							for _, f := range fields {
								for _, v := range f.Values {
									for line := range strings.SplitSeq(v.Text, "\n") {
										if len([]rune(line)) < oneLine && !strings.Contains(got, bare(line)) {
											t.Errorf("of the field %s the PDF does not say %q", f.Label, line)
										}
									}
								}
							}
						}
						if s, ok := b.(Section); ok {
							for _, text := range s.Texts {
								if !strings.Contains(got, bare(text.Text)) {
									t.Errorf("of the section %s went in\n%s\ncame out\n%s", s.Label, bare(text.Text), around(got, bare(text.Text)))
								}
							}
						}
					}
				}
			})
		}
	}
}

// oneLine is how many characters a value may have that is set on one line in every language.
const oneLine = 28

func around(all, s string) string {
	r := []rune(s)
	if i := strings.Index(all, string(r[:min(4, len(r))])); i >= 0 {
		return all[i:min(len(all), i+len(s)+20)]
	}
	return "nothing like it"
}

func TestBothLanguagesStandOneAfterTheOther(t *testing.T) {
	c := language.Load()
	f := facts("en")
	f.Requesting.Party.Languages, f.Requested.Party.Languages = []string{"fr"}, []string{"xx", "ar", "en"}
	both := Languages(c, f.Requested.Party, f.Requesting.Party)
	if len(both) != 2 || both[0].Tag() != "ar" || both[1].Tag() != "fr" {
		t.Fatalf("the languages of the two States are %v", both)
	}
	got := extract(t, printed(t, Request(f, both...)))
	arabic, french := strings.Index(bare(got), "طلب"), strings.Index(got, "Demande")
	if arabic < 0 || french < 0 {
		t.Errorf("one of the languages is missing: %d, %d", arabic, french)
	}
	pages := regexp.MustCompile(`Page (\d+) sur (\d+)`).FindAllStringSubmatch(got, -1)
	if len(pages) == 0 || pages[len(pages)-1][1] != pages[len(pages)-1][2] {
		t.Errorf("the last page is not the last of those counted: %v", pages)
	}
	for i, page := range strings.Split(strings.TrimSuffix(got, "\f"), "\f") {
		if !strings.Contains(page, "EXERCICE") || !strings.Contains(bare(page), "تمرين") || !strings.Contains(page, f.Message.Digest.String()) || !strings.Contains(page, string(f.ID)) {
			t.Errorf("page %d lacks the band, the digest or the reference:\n%s", i+1, page)
		}
	}
}

func TestAnExerciseStateIsCalledInEachLanguage(t *testing.T) {
	c := language.Load()
	for name, want := range map[string]string{"Aurelia": c.Locale("ar").State("XA"), "Ruritania": "Ruritania"} {
		o := OfficeOf(c, rogatory.Party{Code: "XA", Name: name}, "justice")
		if got := o.stateName(c.Locale("ar")).Text; got != want {
			t.Errorf("%s is called %s in Arabic, %s was wanted", name, got, want)
		}
	}
}

func TestTheSameValuesMakeTheSameBytes(t *testing.T) {
	l := language.Load().Locale("en")
	d := papers("en", l)["custody"]
	a, b := printed(t, d), printed(t, d)
	if !bytes.Equal(a, b) {
		t.Error("two prints of one document differ")
	}
	// The digest changes with fonts, words and layout: look at the pages before changing it.
	const golden = "afcdff86246f35e948170f870f73a173dc096d2be8ba2c3b48e8dfc7b2a24343"
	if got := rogatory.DigestOf(a).String(); got != golden {
		t.Errorf("the certificate has the digest %s, %s was looked at", got, golden)
	}
}

// hostile are texts that try to turn, hide or break what stands around them.
var hostile = map[string]string{
	"override":    "\u202e7102/6202\u202c 2026/0017",
	"isolates":    strings.Repeat("\u2067", 300) + "2026/0017",
	"unclosed":    "\u2066\u2067\u2068 2026/0017 \u2069\u2069\u2069\u2069\u2069",
	"long word":   strings.Repeat("x", 10_000) + "2026/0017",
	"long figure": strings.Repeat("1234567890", 1000),
	"zero bytes":  "a\x00b\x1b[31m 2026/0017",
	"emoji":       "👩‍👩‍👧 🇫🇷 2026/0017 \U0001F600\uFE0F",
	"unassigned":  "\u0378\uFFFF\U000E0041\U0010FFFF 2026/0017",
	"not UTF-8":   "\xff\xfe 2026/0017 \xc3",
	"marks":       "e" + strings.Repeat("\u0301", 500) + " 2026/0017",
	"markup":      "</p><script>alert(2026/0017)</script>&amp;<!--",
	"lines":       strings.Repeat("\n", 300) + "2026/0017",
	"mixed":       "abc אבג 2026/0017 def ١٢٣ ابج 45 (x) 2026/0017",
	"spaces":      strings.Repeat(" ", 3000) + "2026/0017",
}

func TestHostileWordsChangeNothingAroundThem(t *testing.T) {
	c := language.Load()
	for name, s := range hostile {
		t.Run(name, func(t *testing.T) {
			f := facts("en")
			f.Request.Title, f.Message.By.Name = s, s
			v := rogatory.Verdict{Ground: "R21B", Reasons: s}
			for _, tag := range []string{"en", "ar"} {
				d := Refusal(f, v, c.Locale(tag))
				got := bare(extract(t, printed(t, d)))
				for _, figure := range append(figures.FindAllString(inert(s), -1), string(f.ID), "40(25)") {
					if strings.Trim(figure, "0123456789") == "" && len(figure) > 100 {
						if n := strings.Count(got, "1234567890"); n < 1000 {
							t.Errorf("%s: %d of 1000 groups of figures came out", tag, n)
						}
						continue
					}
					if !strings.Contains(got, figure) {
						t.Errorf("%s: the PDF does not say %s", tag, figure)
					}
				}
				var page bytes.Buffer
				if err := HTML(&page, d); err != nil {
					t.Fatal(err)
				}
				if strings.Contains(page.String(), "<script") || strings.ContainsAny(page.String(), "\u202e\u2067\x00") {
					t.Errorf("%s: the page holds what could run or turn", tag)
				}
			}
		})
	}
}

func TestACharacterThatNoFontHasIsShownByItsNumber(t *testing.T) {
	f := facts("en")
	f.Request.Title = "a 😀 b"
	got := extract(t, printed(t, Request(f, language.Load().Locale("en"))))
	if !strings.Contains(got, "[U+1F600]") {
		t.Errorf("the character is nowhere:\n%s", got)
	}
}

func TestATableOfTenThousandRows(t *testing.T) {
	f := facts("en")
	d := Custody(f, f.Requested, moment, exhibit(), events(10_000), language.Load().Locale("en"))
	file := printed(t, d)
	if len(file) > 20<<20 {
		t.Errorf("the file has %d bytes", len(file))
	}
	pages := bytes.Count(file, []byte("/Type /Page "))
	name := filepath.Join(t.TempDir(), "custody.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	last := fmt.Sprint(pages)
	got, err := exec.Command("pdftotext", "-f", last, "-l", last, "-enc", "UTF-8", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{"hearing 10000 of", fmt.Sprintf("Page %d of %d", pages, pages)} {
		if !strings.Contains(string(got), s) {
			t.Errorf("the last page does not say %q", s)
		}
	}
}

// maxFuzzed keeps one try short; the hostile words above are longer.
const maxFuzzed = 500

func FuzzLayout(f *testing.F) {
	for _, s := range hostile {
		if len(s) < maxFuzzed {
			f.Add(s, "ar", uint8(0))
		}
	}
	for tag, s := range words {
		f.Add(s, tag, uint8(3))
	}
	c := language.Load()
	setter, plain := library(f).NewSetter(), facts("en")
	f.Fuzz(func(t *testing.T, s, tag string, n uint8) {
		if len(s) > maxFuzzed {
			return
		}
		given := plain
		given.Request.Title, given.Request.Language, given.Message.Language = s, tag, tag
		given.Request.Contents = map[string]string{"data": s}
		l := c.Locale(language.Supported()[int(n)%len(language.Supported())])
		for _, d := range []Document{Request(given, l), Refusal(given, rogatory.Verdict{Reasons: s}, l)} {
			laid := press{document: d, setter: setter} // all but the file around it, so that many are tried
			if laid.print(); laid.page < 1 {
				t.Error("there is no page")
			}
			if err := HTML(new(bytes.Buffer), d); err != nil {
				t.Error(err)
			}
		}
	})
}
