// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"rogatory"
	"rogatory/datafile"
)

// narrative is a request as it tells its story. All of them are of our own making.
type narrative struct {
	Name     string             `json:"name"`
	Label    string             `json:"label"`
	Language string             `json:"language"`
	Articles []rogatory.Article `json:"articles"`
	Text     string             `json:"text"`
}

func narratives(t *testing.T, name string) []narrative {
	t.Helper()
	data, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	var all []narrative
	if err := datafile.Items(datafile.Form{Code: "x", Size: 1 << 20, Items: 100}, name, data, func(n narrative) error {
		all = append(all, n)
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

// told are the facts of a request of which only its story is remarkable: as the other State presents it, all is well.
func told(v Vocabulary, n narrative, act rogatory.Act) Facts {
	f := calm(act)
	f.Articles = n.Articles
	f.Signals = v.Listen(n.Text)
	f.Signals = append(f.Signals, Structure(f)...)
	return f
}

func TestAB04LaunderedNarratives(t *testing.T) {
	set, v := Convention(), TheVocabulary()
	count := map[string]int{}
	for _, n := range narratives(t, "narratives.json") {
		count[n.Label]++
		for _, act := range []rogatory.Act{rogatory.Send, rogatory.Accept, rogatory.Offer} {
			f := told(v, n, act)
			o := set.Judge(f)
			if n.Label == "laundered" && !o.Held {
				t.Errorf("%s: %s advances without a person: %v", n.Name, act, f.Signals)
			}
			if o.Blocked {
				t.Errorf("%s: the story alone blocks %s: %v", n.Name, act, o.Findings)
			}
			if n.Label == "genuine" && o.Held && act == rogatory.Accept {
				count["genuine, and a person is asked"]++
				t.Logf("%s: %v", n.Name, f.Signals)
			}
			// However it is told, without an answered sheet nothing is decided, and disclosure takes two.
			f.Open = []Question{"persecution"}
			if !set.Judge(f).Blocked {
				t.Errorf("%s: %s goes on without an answer on persecution", n.Name, act)
			}
			if act == rogatory.Offer && o.Need.People < 2 {
				t.Errorf("%s: one person discloses", n.Name)
			}
		}
	}
	if count["genuine"] != 20 || count["laundered"] != 20 {
		t.Errorf("labelled: %v", count)
	}
	if asked := count["genuine, and a person is asked"]; asked > 2 {
		t.Errorf("%d of 20 genuine narratives raise a question: the vocabulary is too loose to be read", asked)
	}
}

// Stories that were written to avoid the words of the vocabulary: some raise no question. None of them advances even so,
// for nobody decides without the answers of the sheet, which asks about persecution and politics in any case. The figure is
// what docs/safeguards.md says of the vocabulary.
func TestAB04StoriesThatTheVocabularyDoesNotHear(t *testing.T) {
	set, v, form := Convention(), TheVocabulary(), TheForm()
	heard, all := map[string]int{}, map[string]int{}
	for _, n := range narratives(t, "unheard.json") {
		all[n.Label]++
		f := told(v, n, rogatory.Accept)
		if len(f.Signals) > 0 {
			heard[n.Label]++
		} else {
			t.Logf("%s is not heard: %s", n.Label, n.Name)
		}
		f = Sheet{Measure: Measure{Kind: f.Kind, Categories: f.Categories}}.Facts(form, nil, f)
		if o := set.Judge(f); !o.Blocked || !slices.Contains(f.Open, "persecution") || !slices.Contains(f.Open, "political_purpose") {
			t.Errorf("%s advances without answers", n.Name)
		}
	}
	t.Logf("heard: %v of %v", heard, all)
}

// Ten stories near to those that are heard, each told with another word where the vocabulary listens, under every kind: nobody
// decides on one without the answers of the sheet, and where the sheet comes afterwards two people hand over.
func TestAB04StoriesNearToThoseThatAreHeard(t *testing.T) {
	set, v, form := Convention(), TheVocabulary(), TheForm()
	heard := 0
	for _, n := range narratives(t, "near.json") {
		if f := told(v, n, rogatory.Accept); len(f.Signals) > 0 {
			heard++
		}
		for _, uid := range readSchema().Enums["Kind"].Values {
			kind := rogatory.RequestKind(uid.ID)
			for _, act := range []rogatory.Act{rogatory.Accept, rogatory.Offer, rogatory.Execute} {
				f := told(v, n, act)
				f.Kind = kind
				m := Measure{Kind: kind, Categories: form.Usually(kind)}
				f = Sheet{Measure: m}.Facts(form, nil, f)
				if !form.Precedes(m, act) {
					f.Open = nil
				}
				o := set.Judge(f)
				if form.Precedes(m, act) && !o.Blocked || act != rogatory.Accept && o.Need.People < 2 {
					t.Errorf("%s, as %s of a %s: %+v", n.Name, act, kind, o.Need)
				}
			}
		}
	}
	t.Logf("heard: %d of 10", heard)
}

// The machine has no way to refuse: an opinion says what is held, and has no word for more.
func TestAB04NothingIsRefusedByMachine(t *testing.T) {
	set, v := Convention(), TheVocabulary()
	for _, n := range narratives(t, "narratives.json") {
		o := set.Judge(told(v, n, rogatory.Refuse))
		if o.Judged || o.Held || len(o.Findings) > 0 {
			t.Errorf("%s: refusing is held back: %+v", n.Name, o)
		}
		for _, f := range set.Judge(told(v, n, rogatory.Accept)).Findings {
			if f.Severity != Hold && f.Severity != Flag {
				t.Errorf("%s: %s is a %s", n.Name, f.Code, f.Severity)
			}
		}
	}
}

// Words that are written to get past a reader that is a machine.
func TestAB04WordsInDisguise(t *testing.T) {
	v := TheVocabulary()
	for _, row := range []struct {
		text string
		want Signal
	}{
		{"a JOURNALIST of the capital", "journalism"},
		{"a j\u043eurn\u0430list of the capital", "journalism"}, // two letters are Cyrillic
		{"a jour\u200bnal\u00adist", "journalism"},              // signs that nobody sees
		{"a j0urn4l1st", "journalism"},
		{"ｊｏｕｒｎａｌｉｓｔ", "journalism"},
		{"une caricature du ministre", "speech"},
		{"UNE MANIFESTATION INTERDITE", "protest"},
		{"manifestacion en la plaza", "protest"}, // without its accent
		{"распространял ложную информацию", "speech"},
		{"ناشِط معروف", "protest"}, // with a vowel sign
		{"أحد النشطاء", "protest"},
		{"nhà  báo", "journalism"},
		{"同性伴侣", "orientation"},
		{"ผู้ลี้ภัย", "exile"},
	} {
		if got := v.Listen(row.text); !slices.Contains(got, row.want) {
			t.Errorf("%q hints at %v, not at %s", row.text, got, row.want)
		}
	}
	for _, text := range []string{
		"an attack on critical infrastructure", "une infrastructure critique du secteur public", "infraestructuras críticas puestas en marcha",
		"критическая инфраструктура в секторе энергетики", "documentary evidence for the investigative judge", "une preuve documentaire",
		"a leak of card data", "", "   ", strings.Repeat("x ", MaxHeard),
	} {
		if got := v.Listen(text); len(got) > 0 {
			t.Errorf("%.60q hints at %v", text, got)
		}
	}
}

func TestAB04Structure(t *testing.T) {
	f := calm(rogatory.Accept)
	if got := Structure(f); len(got) > 0 {
		t.Error(got)
	}
	f.Articles, f.PenaltyRaised, f.Dual = nil, Yes, NotRecorded
	if got := Structure(f); !slices.Equal(got, []Signal{"no_dual_record", "penalty_inflated", "unlisted_offence"}) {
		t.Error(got)
	}
	f = with(calm(rogatory.Accept), func(f *Facts) { f.Articles = []rogatory.Article{"17"} })
	if got := Structure(f); !slices.Equal(got, []Signal{"unlisted_offence"}) {
		t.Errorf("laundering alone, without the offence before it: %v", got)
	}
}

// A journalist of a third State is asked about by two friendly ones: twenty cases, each with one thread to the third.
func TestAB25ThirdState(t *testing.T) {
	set := Convention()
	threads := map[string]func(*Facts){
		"the person lives in a third State":          func(f *Facts) { f.Domicile = Yes },
		"the provider is of a third State":           func(f *Facts) { f.ThirdState = Yes },
		"both":                                       func(f *Facts) { f.Domicile, f.ThirdState = Yes, Yes },
		"a reviewer says so on the sheet":            func(f *Facts) { f.Answers = map[Question]Answer{"third_state": AnswerYes} },
		"nobody knows where the person lives":        func(f *Facts) { f.Domicile = "" },
		"nobody knows of which State the account is": func(f *Facts) { f.ThirdState = "" },
		"a journalist of a third State": func(f *Facts) {
			f.Domicile, f.Answers = Yes, map[Question]Answer{"journalist": AnswerYes}
		},
		"a refugee in a third State":    func(f *Facts) { f.Domicile, f.Answers = Yes, map[Question]Answer{"refugee": AnswerYes} },
		"an exile who is to be located": func(f *Facts) { f.Domicile, f.Location, f.Signals = Yes, Yes, []Signal{"exile"} },
		"a defender, content, real time": func(f *Facts) {
			f.ThirdState, f.RealTime, f.FixedEnd, f.Categories = Yes, Yes, Yes, []Category{Content}
		},
	}
	cases := 0
	for name, thread := range threads {
		for _, act := range []rogatory.Act{rogatory.Accept, rogatory.Offer} {
			cases++
			o := set.Judge(with(calm(act), thread))
			if !o.Held || o.Need.People < 2 && act == rogatory.Offer {
				t.Errorf("%s, %s: held %v by %d", name, act, o.Held, o.Need.People)
			}
			if !slices.ContainsFunc(o.Findings, func(f Finding) bool {
				return f.Code == "third_state" || (f.Code == PolicyFault || f.Code == FactMissing) && strings.Contains(fmt.Sprint(o.Findings), "third_state")
			}) && !slices.ContainsFunc(o.Findings, func(f Finding) bool { return f.Code == FactMissing }) {
				t.Errorf("%s, %s: %v", name, act, o.Findings)
			}
		}
	}
	if cases != 20 {
		t.Errorf("%d cases", cases)
	}
}

func TestVocabulariesThatAreRefused(t *testing.T) {
	good := `{"version":"1","people":["users"],"phrases":[{"signal":"speech","language":"en","verified":false,"phrases":["blog post*"]}]}`
	if _, err := ReadVocabulary("v.json", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, old, with string }{
		{"an unknown signal", `"speech"`, `"smell"`},
		{"no language", `"en"`, `""`},
		{"no phrases", `["blog post*"]`, `[]`},
		{"an empty phrase", `"blog post*"`, `""`},
		{"a star alone", `"blog post*"`, `"*"`},
		{"a star before", `"blog post*"`, `"*post"`},
		{"a letter alone", `"blog post*"`, `"b*"`},
		{"a long phrase", `"blog post*"`, `"` + strings.Repeat("b", 81) + `"`},
		{"no people", `["users"]`, `[]`},
		{"a number of nothing", `["users"]`, `[""]`},
		{"no version", `"1"`, `""`},
		{"an unknown member", `"version"`, `"note":"","version"`},
	} {
		v, err := ReadVocabulary("v.json", []byte(strings.Replace(good, row.old, row.with, 1)))
		if rogatory.CodeOf(err) != "signals_invalid" || len(v.Phrases) > 0 {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func FuzzVocabulary(f *testing.F) {
	f.Add([]byte(`{"version":"1","people":["users"],"phrases":[{"signal":"speech","language":"en","verified":false,"phrases":["ложн* сведени*","blog"]}]}`), "ложные сведения в blog")
	f.Add([]byte(`{"version":"1"`), "x")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		v, err := ReadVocabulary("v.json", data)
		if err != nil && (len(v.Phrases) > 0 || v.listen != nil) {
			t.Fatal("something came with an error")
		}
		for _, s := range v.Listen(text) {
			if s == "" {
				t.Fatal("a signal without a name")
			}
		}
	})
}

// Each phrase is heard where it stands in a text, also without the marks on its letters and in capitals: nothing is ruled out
// before it was looked for.
func TestEveryPhraseIsHeard(t *testing.T) {
	v := TheVocabulary()
	for _, p := range v.Phrases {
		for _, phrase := range p.Phrases {
			phrase = strings.ReplaceAll(phrase, "*", "")
			bare := phrase
			if latin(phrase) {
				bare = plain(phrase)
			}
			for _, text := range []string{"10 x. " + phrase + ", y", "10 x. " + bare + ", y", "10 x. " + strings.ToUpper(phrase) + ", y"} {
				if !slices.Contains(append(v.Listen(text), v.hear(text, breadthSignals)...), p.Signal) {
					t.Errorf("%q does not hint at %s", text, p.Signal)
				}
			}
		}
	}
}
