// SPDX-License-Identifier: Apache-2.0

package status

import (
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/treaty"
)

// agreements is an office's list, invented.
const agreements = `{"agreements": [
  {"name": "A treaty of assistance", "kind": "bilateral", "states": ["VN", "FR"], "articles": ["40", "44"], "in_force_from": "2016-01-01", "source": "invented for tests", "verified": true},
  {"name": "A treaty of extradition", "kind": "multilateral", "states": ["VN", "FR", "DE"], "articles": ["37"], "in_force_from": "1962-06-12", "in_force_until": "2027-12-31", "source": "invented for tests", "verified": false},
  {"name": "A promise", "kind": "reciprocity", "states": ["VN", "DE"], "articles": ["44"], "in_force_from": "2020-01-01", "source": "invented for tests", "verified": false}
]}
`

func kind(t testing.TB, id rogatory.RequestKind) treaty.Kind {
	t.Helper()
	k, err := treaty.Convention().Kind(id)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func order(a Answer) string {
	var all []string
	for _, c := range a.Candidates {
		all = append(all, string(c.Basis))
	}
	return strings.Join(all, ", ")
}

// inForce is a desk on which the Convention is in force for forty-two States since 30 May 2027.
func inForce(t *testing.T) *Desk {
	t.Helper()
	first := On(2027, time.March, 1)
	have := map[rogatory.StateCode]bool{}
	all := crowd(t, 40, first)
	for _, p := range all {
		have[p.Code] = true
	}
	for _, code := range []rogatory.StateCode{"FR", "QA", "VN"} {
		if !have[code] {
			all = append(all, accedes(code, first))
		}
	}
	return desk(t, all...)
}

func TestBasis(t *testing.T) {
	stored, extradition, joint := kind(t, rogatory.StoredData), treaty.Kind{ID: "extradition", Article: "37", Offences: treaty.ConventionOffence}, treaty.Kind{ID: "joint", Article: "48", Offences: treaty.ConventionOffence, Duty: treaty.Consider}
	money := treaty.Kind{ID: "money", Article: "50", Offences: treaty.ConventionOffence, Only: []string{"17"}}
	parts := treaty.Kind{ID: "parts", Article: "40, 41", Offences: treaty.AnyOffence, Parts: []treaty.Part{{ID: "dispute", Article: "63(2)"}}}
	emergency, preservation := kind(t, rogatory.EmergencyData), kind(t, rogatory.Preservation42)
	later := On(2028, time.January, 1)
	list, err := LoadAgreements("agreements.json", []byte(agreements), Embedded().Book().States())
	if err != nil {
		t.Fatal(err)
	}
	now, then := Embedded(), inForce(t)
	recorded, both := now.With(nil, list), then.With(nil, list)
	for _, c := range []struct {
		name  string
		desk  *Desk
		q     Question
		order string
		says  string
	}{
		{"not in force, live: reciprocity is left", now, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"7"}, On: today, Mode: rogatory.Live}, "reciprocity", "not in force on 2026-11-25"},
		{"not in force, between Parties to Budapest", now, Question{From: "AZ", To: "FR", Kind: stored, Articles: []string{"7"}, On: today, Mode: rogatory.Live}, "budapest, reciprocity", "Azerbaijan narrows Article 7"},
		{"before one of them was a Party to Budapest", now, Question{From: "NZ", To: "FR", Kind: stored, On: On(2025, time.November, 30), Mode: rogatory.Live}, "reciprocity", "not in force"},
		{"exercise between fictional States", now, Question{From: "XA", To: "XB", Kind: stored, Articles: []string{"7"}, On: today, Mode: rogatory.Exercise}, "uncc, reciprocity", "not in force"},
		{"exercise between Parties to Budapest", now, Question{From: "FR", To: "JP", Kind: stored, Articles: []string{"7"}, On: today, Mode: rogatory.Exercise}, "budapest, other_treaty_uncc_paras, reciprocity", ""},
		{"invited is not a Party", now, Question{From: "KR", To: "JP", Kind: stored, On: today, Mode: rogatory.Live}, "reciprocity", ""},
		{"a recorded treaty", recorded, Question{From: "VN", To: "FR", Kind: stored, Articles: []string{"14"}, On: today, Mode: rogatory.Live}, "other_treaty, reciprocity", "not in force"},
		{"a recorded treaty that does not cover the kind", recorded, Question{From: "VN", To: "FR", Kind: preservation, On: today, Mode: rogatory.Live}, "reciprocity", ""},
		{"a recorded treaty on its last day", recorded, Question{From: "VN", To: "DE", Kind: extradition, On: On(2027, time.December, 31), Mode: rogatory.Live}, "other_treaty, reciprocity", ""},
		{"a recorded treaty that has ended", recorded, Question{From: "VN", To: "DE", Kind: extradition, On: On(2028, time.January, 1), Mode: rogatory.Live}, "reciprocity", ""},
		{"in force for both", then, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"7"}, On: later, Mode: rogatory.Live}, "uncc, reciprocity", ""},
		{"the eve of the entry into force", then, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"7"}, On: On(2027, time.May, 29), Mode: rogatory.Live}, "reciprocity", "enters into force on 2027-05-30"},
		{"in force, and for one only", then, Question{From: "VN", To: "ZW", Kind: stored, Articles: []string{"7"}, On: later, Mode: rogatory.Live}, "reciprocity", "no consent of Zimbabwe"},
		{"in force, and another treaty", both, Question{From: "VN", To: "FR", Kind: stored, Articles: []string{"7"}, On: later, Mode: rogatory.Live}, "other_treaty_uncc_paras, other_treaty, reciprocity", ""},
		{"an excluded offence", then, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"14"}, On: later, Mode: rogatory.Live}, "reciprocity", "Qatar excludes Article 14"},
		{"excluded by the State that asks", then, Question{From: "QA", To: "VN", Kind: stored, Articles: []string{"16"}, On: later, Mode: rogatory.Live}, "reciprocity", "works both ways"},
		{"an excluded offence that is a serious crime", then, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"14"}, Years: 5, On: later, Mode: rogatory.Live}, "uncc, reciprocity", "Qatar excludes"},
		{"a paragraph of an excluded offence", then, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"14(2)"}, On: later, Mode: rogatory.Live}, "reciprocity", "Qatar excludes Article 14"},
		{"an exercise before the exclusion was made", now, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"14"}, On: On(2026, time.January, 31), Mode: rogatory.Exercise}, "uncc, reciprocity", ""},
		{"one offence of two is excluded", then, Question{From: "VN", To: "QA", Kind: stored, Articles: []string{"14", "13(c)"}, On: later, Mode: rogatory.Live}, "uncc, reciprocity", "Qatar excludes"},
		{"four years are enough", then, Question{From: "VN", To: "QA", Kind: stored, Years: 4, On: later, Mode: rogatory.Live}, "uncc, reciprocity", ""},
		{"three years are not", then, Question{From: "VN", To: "QA", Kind: stored, Years: 3, On: later, Mode: rogatory.Live}, "reciprocity", "neither a Convention offence"},
		{"a serious crime opens no extradition", then, Question{From: "VN", To: "QA", Kind: extradition, Years: 9, On: later, Mode: rogatory.Live}, "reciprocity", "neither a Convention offence"},
		{"an emergency needs no offence", then, Question{From: "VN", To: "QA", Kind: emergency, On: later, Mode: rogatory.Live}, "uncc, reciprocity", ""},
		{"money only of laundering", then, Question{From: "VN", To: "QA", Kind: money, Articles: []string{"8"}, Years: 9, On: later, Mode: rogatory.Live}, "reciprocity", "neither a Convention offence"},
		{"and of laundering", then, Question{From: "VN", To: "QA", Kind: money, Articles: []string{"17(1)"}, On: later, Mode: rogatory.Live}, "uncc, reciprocity", ""},
		{"a part of a kind is what is asked for", then, Question{From: "VN", To: "QA", Kind: parts, Part: "dispute", On: later, Mode: rogatory.Live}, "reciprocity", "Article 63(2) does not bind both"},
		{"Budapest has no emergency data", now, Question{From: "FR", To: "JP", Kind: emergency, On: today, Mode: rogatory.Live}, "reciprocity", "has no such cooperation"},
		{"Budapest has no joint investigations", now, Question{From: "FR", To: "JP", Kind: joint, On: today, Mode: rogatory.Live}, "reciprocity", "has no such cooperation"},
		{"Budapest extradites for its own offences", now, Question{From: "FR", To: "JP", Kind: extradition, Articles: []string{"8"}, On: today, Mode: rogatory.Live}, "budapest, reciprocity", ""},
		{"and for no other", now, Question{From: "FR", To: "JP", Kind: extradition, Articles: []string{"16"}, On: today, Mode: rogatory.Live}, "reciprocity", "none of the offences has a counterpart"},
		{"an organisation has nothing to offer", now, Question{From: "EU", To: "VN", Kind: stored, On: today, Mode: rogatory.Live}, "none", "no consent of European Union"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := c.desk.Basis(c.q)
			if err != nil {
				t.Fatal(err)
			}
			if order(a) != c.order || a.Proposed != a.Candidates[0].Basis {
				t.Errorf("candidates are %s, proposed is %s; want %s", order(a), a.Proposed, c.order)
			}
			if !says(a.Reasons, c.says) {
				t.Errorf("nothing says %q: %+v", c.says, a.Reasons)
			}
			for _, one := range a.Candidates {
				if len(one.Reasons) == 0 || one.Assumed && (!a.Exercise || a.InForce) {
					t.Errorf("%+v", one)
				}
			}
			if !says(a.Reasons, "not known here; ask before translating") {
				t.Error("that the languages are not known is not said")
			}
		})
	}
}

func TestAnotherTreatyChangesTheParagraphs(t *testing.T) {
	list, err := LoadAgreements("agreements.json", []byte(agreements), Embedded().Book().States())
	if err != nil {
		t.Fatal(err)
	}
	q := Question{From: "VN", To: "FR", Kind: kind(t, rogatory.StoredData), Articles: []string{"7"}, On: On(2028, time.January, 1), Mode: rogatory.Live}
	d := inForce(t)
	alone, err := d.Basis(q)
	if err != nil || alone.Candidates[0].Basis != rogatory.ThisConvention || !says(alone.Candidates[0].Reasons, "so paragraphs 8 to 31") {
		t.Errorf("%+v, %v", alone.Candidates, err)
	}
	beside, err := d.With(nil, list).Basis(q)
	if err != nil || beside.Candidates[0].Basis != rogatory.OtherTreatyByUNCC || !says(beside.Candidates[0].Reasons, "only if the two agree") {
		t.Errorf("%+v, %v", beside.Candidates, err)
	}
	// Preservation does not rest on those paragraphs.
	q.Kind, q.To = kind(t, rogatory.Preservation42), "QA"
	other, err := d.Basis(q)
	if err != nil || other.Candidates[0].Basis != rogatory.ThisConvention || says(other.Candidates[0].Reasons, "paragraphs 8 to 31") {
		t.Errorf("%+v, %v", other.Candidates, err)
	}
	q.Kind = treaty.Kind{ID: "joint", Article: "48", Offences: treaty.ConventionOffence, Duty: treaty.Consider}
	if joint, err := d.Basis(q); err != nil || !says(joint.Candidates[0].Reasons, "to consider it, no more") {
		t.Errorf("%+v, %v", joint.Candidates, err)
	}
	q.Kind = kind(t, rogatory.StoredData)
	q.From, q.To = "VN", "DE"
	q.On = today
	promised, err := Embedded().With(nil, list).Basis(q)
	if err != nil || promised.Candidates[0].Name != "A promise" || !says(promised.Candidates[0].Reasons, "an assurance is recorded") {
		t.Errorf("%+v, %v", promised.Candidates, err)
	}
}

func TestChannelsAndLanguages(t *testing.T) {
	ask := func(q Question) Answer {
		t.Helper()
		a, err := Embedded().Basis(q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	names := func(a Answer) string {
		var all []string
		for _, c := range a.Channels {
			all = append(all, c.Name)
		}
		return strings.Join(all, ", ")
	}
	q := Question{From: "XA", To: "XB", Kind: kind(t, rogatory.StoredData), On: today, Mode: rogatory.Exercise}
	if got := names(ask(q)); got != "network, diplomatic" {
		t.Error(got)
	}
	q.Urgent = true
	if got := names(ask(q)); got != "network, diplomatic, interpol" {
		t.Error(got)
	}
	q.Kind, q.Urgent = kind(t, rogatory.EmergencyData), false
	if got := names(ask(q)); got != "network, contact_point, diplomatic, interpol" {
		t.Error(got)
	}
	q.Stated = []string{"en", "fr"}
	if a := ask(q); len(a.Languages) != 2 || !says(a.Reasons, "states en, fr in its directory entry") {
		t.Errorf("%+v", a.Languages)
	}
}

func TestQuestionsThatMakeNoSense(t *testing.T) {
	good := Question{From: "VN", To: "QA", Kind: kind(t, rogatory.StoredData), Articles: []string{"7"}, On: today, Mode: rogatory.Live}
	for code, change := range map[string]func(*Question){
		"state_unknown":        func(q *Question) { q.To = "ZZ" },
		"same_state":           func(q *Question) { q.To = "VN" },
		"mode_unknown":         func(q *Question) { q.Mode = "" },
		"mode_mismatch":        func(q *Question) { q.To = "XB" },
		"date_missing":         func(q *Question) { q.On = 0 },
		"kind_without_article": func(q *Question) { q.Kind = treaty.Kind{ID: "favour"} },
		"part_unknown":         func(q *Question) { q.Part = "second" },
		"years_invalid":        func(q *Question) { q.Years = -1 },
		"offence_unknown":      func(q *Question) { q.Articles = []string{"18"} },
		"offences_too_many":    func(q *Question) { q.Articles = make([]string, 99) },
	} {
		q := good
		change(&q)
		if a, err := Embedded().Basis(q); rogatory.CodeOf(err) != code || a.Proposed != "" {
			t.Errorf("%s: got %v", code, err)
		}
	}
}

// workPerAnswer bounds the allocations of an answer, which are its work. Most answers take 30 of them
// and 12 microseconds of a processor; for all pairs in one second there are 27 microseconds each.
const workPerAnswer = 60

// pairs asks for every pair of Member States.
func pairs(d *Desk, k treaty.Kind, take func(Question, Answer, error)) {
	for _, from := range d.Book().States().All {
		for _, to := range d.Book().States().All {
			if from.Code != to.Code && from.Standing == Member && to.Standing == Member {
				q := Question{From: from.Code, To: to.Code, Kind: k, Articles: []string{"14"}, On: today, Mode: rogatory.Live}
				a, err := d.Basis(q)
				take(q, a, err)
			}
		}
	}
}

func TestAllPairsAreAnsweredInTime(t *testing.T) {
	d, k := Embedded(), kind(t, rogatory.StoredData)
	n := 0
	pairs(d, k, func(q Question, a Answer, err error) {
		n++
		if err != nil || len(a.Candidates) == 0 || len(a.Reasons) < 3 || a.InForce {
			t.Fatalf("%s asks %s: %+v, %v", q.From, q.To, a, err)
		}
		if budapest := d.budapest.Bound(q.From, today) && d.budapest.Bound(q.To, today); (a.Proposed == rogatory.BudapestTreaty) != budapest {
			t.Errorf("%s asks %s: proposed is %s", q.From, q.To, a.Proposed)
		}
	})
	if n != 193*192 {
		t.Errorf("%d pairs", n)
	}
	work := testing.AllocsPerRun(1, func() { pairs(d, k, func(Question, Answer, error) {}) }) / float64(n)
	if work > workPerAnswer {
		t.Errorf("an answer takes %.0f allocations, want at most %d", work, workPerAnswer)
	}
}

// BenchmarkAllPairs answers for every pair of Member States once.
func BenchmarkAllPairs(b *testing.B) {
	d, k := Embedded(), kind(b, rogatory.StoredData)
	for b.Loop() {
		pairs(d, k, func(_ Question, _ Answer, err error) {
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
