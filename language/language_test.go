// SPDX-License-Identifier: Apache-2.0

package language

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"rogatory"
	"rogatory/treaty"
)

// unfinished names the files that are not written yet, and no other may be missing.
var unfinished []File

func TestOnlyTheFilesNamedAsUnfinishedAreMissing(t *testing.T) {
	got := Load().Missing()
	for _, f := range got {
		t.Logf("missing: %s/%s", f.Language, f.Name)
	}
	if !slices.Equal(got, unfinished) {
		t.Fatalf("missing %v, named as unfinished %v", got, unfinished)
	}
}

func TestEveryFileSaysThatNobodyReviewedIt(t *testing.T) {
	c := Load()
	if got := len(c.Unreviewed()); got != len(c.names) {
		t.Fatalf("%d of %d files unreviewed: a file that was reviewed names its reviewer in docs/languages.md first", got, len(c.names))
	}
}

// N fills {n}: a plural text with another name for its number would show the name.
func TestAPluralTextSaysItsNumber(t *testing.T) {
	for name, f := range everything(t) {
		for key, text := range f.texts {
			if text.forms != nil && !slices.Contains(names(text.forms[Other]), "{n}") {
				t.Errorf("%v: %s does not say {n}", name, key)
			}
		}
	}
}

// everything reads all languages, which is what a node does only when they are spoken.
func everything(t *testing.T) map[File]*file {
	t.Helper()
	files, err := Load().all()
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// keys are the keys of every identifier that the Convention's rules, the lifecycle and the journal know.
func keys() []string {
	var all []string
	add := func(group, id string) { all = append(all, group+"."+id) }
	rules := treaty.Convention()
	for _, k := range rules.Kinds {
		add("kind", string(k.ID))
		add("duty", string(k.Duty))
		for _, p := range k.Parts {
			add("part", string(k.ID)+"."+p.ID)
		}
		if k.Marking != "" {
			add("marking", string(k.ID))
		}
		for _, a := range k.Acts {
			add("act", string(a))
			add("done", string(a))
		}
		for _, c := range slices.Concat(k.Clocks, rules.Clocks) {
			add("deadline", c.Name)
		}
		for _, r := range slices.Concat(k.Senders, k.Receivers) {
			add("role", string(r))
		}
	}
	add("kind", string(rules.Drill.ID))
	add("marking", string(rules.Drill.ID))
	for id := range rules.Grounds {
		add("ground", string(id))
	}
	for id := range rules.Never {
		add("never", string(id))
	}
	for id := range rules.Outcomes {
		add("outcome", string(id))
	}
	for id := range rules.Channels {
		add("channel", string(id))
	}
	for _, step := range rogatory.Lifecycle() {
		add("act", string(step.Act))
		add("done", string(step.Act))
		for _, state := range append(slices.Clone(step.From), step.To) {
			if state != "" { // a draft comes from nowhere, and talk moves nothing
				add("request_state", string(state))
			}
		}
	}
	source, err := os.ReadFile("../entry.go")
	if err != nil {
		panic(err)
	}
	for _, e := range regexp.MustCompile(`EntryType = "([a-z_.]+)"`).FindAllSubmatch(source, -1) {
		add("entry", string(e[1]))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func TestEveryIdentifierHasWordsInEveryLanguage(t *testing.T) {
	c := Load()
	for _, tag := range Supported() {
		l := c.Locale(tag)
		if l.Tag() != tag {
			t.Fatalf("asked for %s, got %s", tag, l.Tag())
		}
		for _, key := range keys() {
			if _, ok := l.text(key); !ok {
				t.Errorf("%s has no words for %s", tag, key)
			}
		}
	}
}

func TestEnglishLabelsAreThoseOfTheRules(t *testing.T) {
	l := Load().Locale(Base)
	for id := range treaty.Convention().Fields {
		if got := l.Field(id); got == id {
			t.Errorf("the field %s has no label", id)
		}
	}
}

// Only choices and periods have no text: they are written in the same way in every language.
func TestExamplesAreThoseOfTheRules(t *testing.T) {
	rules, l := treaty.Convention(), Load().Locale(Base)
	for _, k := range rules.Kinds {
		for id, field := range rules.Fields {
			got, ok := l.Example(k.ID, id)
			if want := rules.ExampleOf(k, id); ok && got != want {
				t.Errorf("%s of %s: the texts say %q, the rules %q", id, k.ID, got, want)
			}
			if invariant := len(field.Choices) > 0 || id == "period"; ok == invariant {
				t.Errorf("%s of %s: has a text %t, is invariant %t", id, k.ID, ok, invariant)
			}
		}
	}
}

func TestPlaceholdersAreThoseOfEnglish(t *testing.T) {
	files := everything(t)
	for name, f := range files {
		for key, text := range f.texts {
			want := names(files[File{Base, name.Name}].texts[key].all()...)
			if got := names(text.all()...); !slices.Equal(got, want) {
				t.Errorf("%v: %s has the placeholders %v, English has %v", name, key, got, want)
			}
		}
	}
}

// same are words that another language spells as English does.
var same = map[string][]string{
	"fr": {"ratification", "succession", "Journal", "Conditions", "Type", "{s} s", "{m} min", "{h} h", "{h} h {m} min", "Assistance", "Article", "Article {article}", "Condition", "Date", "Description", "Instruments", "{n} instruments", "Obligation", "Consultation", "Confiscation", "Extradition", "consultation", "expert", "suspect"},
	"es": {"{s} s", "{m} min", "{h} h", "{h} h {m} min", "{d} d", "{d} d {h} h", "no", "{n} byte", "{n} bytes"},
	"vi": {"{n} byte"},
}

// latin are the Latin words that stand in languages of other scripts: a term of law, designations of formats, codes
// and keys, and the name of an entry.
var latin = []string{"de", "minimis", "PDF", "SHA", "SSH", "UTC", "EUR", "BTC", "IP", "TCP", "SQL", "MiB", "T", "j", "k", "Enter", "exhibit", "sealed"}

// code are commands, files and members of files, which are typed as they are in every language.
var code = regexp.MustCompile(`[0-9-]+T[0-9:]+Z( to [0-9-]+T[0-9:]+Z)?|rogatory( [a-z]+)*( --?[a-z]+| [A-Z]+)*|[a-z0-9/]+(\.[0-9]+)?\.(json|pem)|sha256|time_stamp|origin|https://[a-z./0-9]+|https|\bkeys\b` +
	`|[A-Za-z0-9-]*[0-9][A-Za-z0-9.:-]*`) // and whatever holds a digit: references, accounts, addresses, times

// frame reports whether a text has no word of its own, only values and a designation: it is the same in every language.
func frame(s string) bool {
	return !strings.ContainsFunc(strings.ReplaceAll(placeholder.ReplaceAllString(s, ""), "SHA-", ""), unicode.IsLetter)
}

func TestNoEnglishIsLeftInAnotherLanguage(t *testing.T) {
	files := everything(t)
	for name, f := range files {
		if name.Language == Base {
			continue
		}
		for key, text := range f.texts {
			english := files[File{Base, name.Name}].texts[key].all()
			for _, s := range text.all() {
				if name.Name != "names" && slices.Contains(english, s) && !frame(s) && !slices.Contains(same[name.Language], s) {
					t.Errorf("%v: %s is still English: %q", name, key, s)
				}
				if !slices.Contains([]string{"ar", "zh", "ru", "th"}, name.Language) {
					continue
				}
				for word := range strings.FieldsFuncSeq(code.ReplaceAllString(placeholder.ReplaceAllString(s, " "), " "), func(r rune) bool { return !unicode.Is(unicode.Latin, r) }) {
					if !slices.Contains(latin, word) {
						t.Errorf("%v: %s has the Latin word %q", name, key, word)
					}
				}
			}
		}
	}
}

func TestPluralCategories(t *testing.T) {
	for _, row := range []struct {
		tag  string
		want map[Category][]int64
	}{
		{"en", map[Category][]int64{One: {1, -1}, Other: {0, 2, 11, 21, 101, 1_000_000}}},
		{"fr", map[Category][]int64{One: {0, 1}, Many: {1_000_000, 2_000_000}, Other: {2, 11, 21, 100, 1_000_001}}},
		{"es", map[Category][]int64{One: {1}, Many: {1_000_000, 3_000_000}, Other: {0, 2, 11, 21, 100}}},
		{"ru", map[Category][]int64{One: {1, 21, 101, 1001}, Few: {2, 3, 4, 22, 104}, Many: {0, 5, 11, 12, 14, 20, 111, 112, 1_000_000}}},
		{"ar", map[Category][]int64{Zero: {0}, One: {1}, Two: {2, -2}, Few: {3, 10, 103, 110}, Many: {11, 99, 111, 199}, Other: {100, 101, 102, 1_000_000}}},
		{"zh", map[Category][]int64{Other: {0, 1, 2, 100}}},
		{"vi", map[Category][]int64{Other: {0, 1, 2, 100}}},
		{"th", map[Category][]int64{Other: {0, 1, 2, 100}}},
	} {
		for want, all := range row.want {
			if !slices.Contains(Categories(row.tag), want) {
				t.Errorf("%s does not list its category %s", row.tag, want)
			}
			for _, n := range all {
				if got := CategoryOf(row.tag, n); got != want {
					t.Errorf("%s: %d is %s, want %s", row.tag, n, got, want)
				}
			}
		}
	}
}

func TestRemainingTimes(t *testing.T) {
	c := Load()
	for _, row := range []struct {
		tag  string
		left time.Duration
		want string
	}{
		{"en", 41*time.Minute + 59*time.Second, "41 minutes left"},
		{"en", 54 * time.Hour, "2 days 6 h left"},
		{"en", -40 * time.Minute, "overdue by 40 minutes"},
		{"fr", time.Hour, "il reste 1 heure"},
		{"es", time.Hour, "queda 1 hora"},
		{"es", 2 * time.Hour, "quedan 2 horas"},
		{"ru", 21 * time.Minute, "осталось: 21 минута"},
		{"ru", -21 * time.Minute, "просрочено на 21 минуту"},
		{"ar", 48 * time.Hour, "يتبقى يومان"},
		{"ar", -48 * time.Hour, "متأخر بمقدار يومين"},
		{"zh", 90 * time.Minute, "剩余1小时30分"},
		{"vi", 3 * time.Hour, "còn 3 giờ"},
		{"th", 3 * time.Hour, "เหลือ 3 ชั่วโมง"},
	} {
		if got := c.Locale(row.tag).Left(row.left); got != row.want {
			t.Errorf("%s: %v is %q, want %q", row.tag, row.left, got, row.want)
		}
	}
}

func TestMonthsOfACalendar(t *testing.T) {
	c := Load()
	for _, row := range []struct {
		tag  string
		m    time.Month
		want string
	}{
		{"en", time.November, "November 2026"},
		{"es", time.May, "mayo de 2026"},
		{"fr", time.August, "août 2026"},
		{"ru", time.January, "январь 2026"},
		{"ru", time.March, "март 2026"},
		{"ru", time.May, "май 2026"},
		{"zh", time.November, "2026年11月"},
		{"vi", time.November, "tháng 11 năm 2026"},
		{"th", time.November, "พฤศจิกายน พ.ศ. 2569 (ค.ศ. 2026)"},
	} {
		if got := c.Locale(row.tag).MonthOf(2026, row.m); got != row.want {
			t.Errorf("%s: %q, want %q", row.tag, got, row.want)
		}
	}
}

// A day is written in the calendar that docs/languages.md decided, with the figures 0 to 9 in every language.
func TestDaysOfEachLanguage(t *testing.T) {
	at, c := rogatory.At(time.Date(2026, 11, 1, 20, 14, 0, 0, time.UTC)), Load()
	for tag, want := range map[string]string{
		"ar": "1 نوفمبر 2026", "en": "1 November 2026", "es": "1 de noviembre de 2026", "fr": "1er novembre 2026", "ru": "1 ноября 2026\u202fг.",
		"th": "1 พฤศจิกายน พ.ศ. 2569 (ค.ศ. 2026)", "vi": "1 tháng 11 năm 2026", "zh": "2026年11月1日",
	} {
		if got := c.Locale(tag).Day(at, time.UTC); got != want {
			t.Errorf("%s: %q, want %q", tag, got, want)
		}
		// In Bangkok it is the day after already.
		if got := c.Locale(tag).Moment(at, time.FixedZone("", 7*3600)); !strings.Contains(got, "03:14") || !strings.Contains(got, "UTC+7") || strings.ContainsFunc(got, func(r rune) bool { return unicode.IsDigit(r) && r > '9' }) {
			t.Errorf("%s writes the moment as %q", tag, got)
		}
	}
}

func TestWhatAPersonWroteCannotTurnTheText(t *testing.T) {
	c := Load()
	en, ar := c.Locale("en"), c.Locale("ar")
	for _, row := range []struct{ name, got, want string }{
		{"plain Latin in English stays as it is", en.Isolate("XA/2026/118"), "XA/2026/118"},
		{"Arabic in English is isolated", en.Isolate("سلام"), "\u2068سلام\u2069"},
		{"a reference in Arabic is isolated", ar.Isolate("XA/2026/118"), "\u2068XA/2026/118\u2069"},
		{"an override is taken out", en.Isolate("exe\u202etxt.pdf"), "exetxt.pdf"},
		{"an open isolate is closed", en.Isolate("\u2067abc"), "\u2068\u2067abc\u2069\u2069"},
		{"a closing sign without its opening is taken out", en.Isolate("abc\u2069"), "abc"},
		{"a line break does not begin a line", en.Isolate("a\nb\u2029c"), "a b c"},
		{"a value in a text is isolated", ar.fill("من {state}", []any{"state", "Aurelia"}), "من \u2068Aurelia\u2069"},
		{"a value cannot bring a placeholder", en.fill("{a} {b}", []any{"a", "{b}", "b", "x"}), "{b} x"},
		{"a number is written, not isolated", en.fill("{n} files", []any{"n", 12345}), "12,345 files"},
	} {
		if row.got != row.want {
			t.Errorf("%s: got %+q, want %+q", row.name, row.got, row.want)
		}
	}
}

func TestFilesThatAreRefused(t *testing.T) {
	c := Load()
	for _, row := range []struct{ name, data, want string }{
		{"a doubled key", `{"reviewed":false,"texts":{"a":"x","a":"y"}}`, "is there twice"},
		{"an unknown member", `{"reviewed":false,"texts":{},"note":"x"}`, "unknown"},
		{"no word on review", `{"texts":{}}`, "reviewed"},
		{"a missing plural form", `{"reviewed":false,"texts":{"clock.bytes":{"other":"{n}"}}}`, "plural form"},
		{"a control of direction", "{\"reviewed\":false,\"texts\":{\"a\":\"x\u202ey\"}}", "control"},
		{"a lone brace", `{"reviewed":false,"texts":{"a":"x {y"}}`, "brace"},
		{"a key that English lacks", `{"reviewed":false,"texts":{"clock.other":"x"}}`, "no English key"},
		{"another placeholder", `{"reviewed":false,"texts":{"clock.left.moment":"{when}"}}`, "placeholders"},
		{"keys left out", `{"reviewed":false,"texts":{"clock.left.moment":"x"}}`, "is missing"},
		{"a second document", `{"reviewed":false,"texts":{}} {}`, "more than one"},
	} {
		next, err := c.With(File{"fr", "clock"}, []byte(row.data))
		if err == nil || !strings.Contains(strings.ReplaceAll(err.Error(), "not an English key", "no English key"), row.want) || next != nil {
			t.Errorf("%s: got %v, want an error with %q", row.name, err, row.want)
		}
	}
	if _, err := c.With(File{"fr", "jokes"}, nil); err == nil {
		t.Error("a file that is not known was taken")
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"reviewed":false,"texts":{"a.b":"x {y}","c":{"one":"{n}","other":"{n}"}}}`))
	f.Add([]byte(`{"reviewed":true,"texts":{"a":{"one":1}}}`))
	f.Add([]byte(`{"texts":[`))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := read(File{Base, "terms"}, data)
		if (got == nil) == (err == nil) {
			t.Fatalf("file %v and error %v", got, err)
		}
	})
}

// The English names of States are those of the treaty desk, and every State has a name in every language.
func TestStatesAreNamedAsTheTreatyDeskNamesThem(t *testing.T) {
	data, err := os.ReadFile("../treaty/status/data/states.json")
	if err != nil {
		t.Fatal(err)
	}
	var listed struct {
		States []struct{ Code, Name string }
	}
	if err := json.Unmarshal(data, &listed); err != nil || len(listed.States) < 190 {
		t.Fatalf("%d States are listed, %v", len(listed.States), err)
	}
	c := Load()
	for _, s := range listed.States {
		if got := c.Locale(Base).State(rogatory.StateCode(s.Code)); got != s.Name {
			t.Errorf("%s is %q, the treaty desk has %q", s.Code, got, s.Name)
		}
		for _, tag := range Supported() {
			if got := c.Locale(tag).State(rogatory.StateCode(s.Code)); got == s.Code {
				t.Errorf("%s has no name in %s", s.Code, tag)
			}
		}
	}
}
