// SPDX-License-Identifier: Apache-2.0

package assistance

import (
	"bytes"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rogatory"
	"rogatory/datafile"
)

// training is a need of Aurelia that every test may change.
func training() Listing {
	return Listing{ID: "XA-N-1", Version: 1, State: "XA", Title: "Preservation orders for duty officers", Kind: "training",
		Articles: []string{"25", "41", "42"}, Languages: []string{"fr", "en"}, Regions: []string{"africa"}, Amount: "20 places for five days",
		From: "2027-01-01", Until: "2027-06-30", Contact: rogatory.Address{State: "XA", Authority: "justice"}}
}

// trainers is an offer of Borealia that suits it.
func trainers() Listing {
	return Listing{ID: "XB-O-1", Version: 1, State: "XB", Title: "Two trainers", Kind: "training",
		Articles: []string{"25", "42"}, Languages: []string{"fr"}, Regions: []string{Everywhere}, Amount: "two trainers for five days",
		From: "2027-02-01", Until: "2027-03-31", Contact: rogatory.Address{State: "XB", Authority: "academy"},
		RightsAssessment: "https://assessments.example/xb/1"}
}

func answers() map[string]string {
	return map[string]string{"as_agreed": "yes", "able_alone": "partly", "rights_kept": "yes", "still_needed": "a second course", "advice": "bring printed exercises"}
}

func encode(t *testing.T, b Book) []byte {
	t.Helper()
	data, err := b.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// send carries a State's list to another, as a file does.
func send(t *testing.T, from rogatory.StateCode, theirs, mine Book) (Book, []Difference) {
	t.Helper()
	read, err := Load("list.json", encode(t, theirs.Of(from)), Standard())
	if err != nil {
		t.Fatal(err)
	}
	return Merge(mine, read, from)
}

// do takes a step in a State's book.
func do(t *testing.T, b Book, s Step) Book {
	t.Helper()
	m := Match{Need: "XA-N-1", Offer: "XB-O-1"}
	at := slices.IndexFunc(b.Matches, func(o Match) bool { return o.Need == m.Need && o.Offer == m.Offer })
	if at >= 0 {
		m = b.Matches[at]
	}
	m, err := m.Take(s, Standard())
	if err != nil {
		t.Fatal(err)
	}
	b.Matches = slices.Clone(b.Matches)
	if at < 0 {
		b.Matches = append(b.Matches, m)
	} else {
		b.Matches[at] = m
	}
	return b
}

// A need in Aurelia, an offer in Borealia, and a disk between them, to the evaluation.
func TestStory(t *testing.T) {
	aurelia, borealia := Book{Listings: []Listing{training()}}, Book{Listings: []Listing{trainers()}}
	aurelia, diff := send(t, "XB", borealia, aurelia)
	if len(diff) != 1 || diff[0].Effect != Added || diff[0].What != "XB-O-1" {
		t.Fatalf("first list: %+v", diff)
	}
	found := Suggest(aurelia.Side(NeedSide), aurelia.Side(OfferSide), "2026-11-25")
	if len(found) != 1 || found[0].Offer != "XB-O-1" {
		t.Fatalf("suggested: %+v", found)
	}
	aurelia = do(t, aurelia, Step{Act: Propose, By: "XA", On: "2026-11-25"})
	aurelia = do(t, aurelia, Step{Act: Accept, By: "XA", On: "2026-11-26"})
	borealia, _ = send(t, "XA", aurelia, borealia)
	if s := borealia.Matches[0].Stage(); s != AcceptedByNeed {
		t.Fatalf("in Borealia the match is %s", s)
	}
	borealia = do(t, borealia, Step{Act: Accept, By: "XB", On: "2026-11-30"})
	borealia = do(t, borealia, Step{Act: Deliver, By: "XB", On: "2027-02-12"})
	aurelia, _ = send(t, "XB", borealia, aurelia)
	aurelia = do(t, aurelia, Step{Act: Evaluate, By: "XA", On: "2027-02-20", Answers: answers()})
	borealia, _ = send(t, "XA", aurelia, borealia)
	if s := borealia.Matches[0].Stage(); s != Evaluated {
		t.Errorf("at the end the match is %s", s)
	}
	// Nothing is left to say: both hold the same book, and lists that are taken in again change nothing.
	if !bytes.Equal(encode(t, aurelia), encode(t, borealia)) {
		t.Errorf("the books differ:\n%s\n%s", encode(t, aurelia), encode(t, borealia))
	}
	if again, diff := send(t, "XA", aurelia, borealia); len(diff) != 0 || !reflect.DeepEqual(again, borealia) {
		t.Errorf("the same list twice: %+v", diff)
	}
}

// Steps that crossed are taken in by either side in its own order, and both come to one stage.
func TestStepsThatCross(t *testing.T) {
	for name, c := range map[string]struct {
		before       []Step
		need, offer  Step
		want         Stage
		needs, other Stage // alone, before the lists cross
	}{
		"both propose":                    {nil, Step{Propose, "XA", "2027-01-02", nil}, Step{Propose, "XB", "2027-01-01", nil}, Proposed, Proposed, Proposed},
		"both accept":                     {[]Step{{Propose, "XA", "2027-01-01", nil}}, Step{Accept, "XA", "2027-01-02", nil}, Step{Accept, "XB", "2027-01-02", nil}, Agreed, AcceptedByNeed, AcceptedByOffer},
		"one accepts, one declines":       {[]Step{{Propose, "XA", "2027-01-01", nil}}, Step{Decline, "XA", "2027-01-02", nil}, Step{Accept, "XB", "2027-01-02", nil}, Declined, Declined, AcceptedByOffer},
		"declined when already delivered": {[]Step{{Propose, "XA", "2027-01-01", nil}, {Accept, "XA", "2027-01-02", nil}, {Accept, "XB", "2027-01-02", nil}}, Step{Decline, "XA", "2027-01-03", nil}, Step{Deliver, "XB", "2027-01-03", nil}, Delivered, Declined, Delivered},
		"both decline":                    {[]Step{{Propose, "XB", "2027-01-01", nil}}, Step{Decline, "XA", "2027-01-02", nil}, Step{Decline, "XB", "2027-01-02", nil}, Declined, Declined, Declined},
	} {
		t.Run(name, func(t *testing.T) {
			a, b := Book{Listings: []Listing{training(), trainers()}}, Book{Listings: []Listing{training(), trainers()}}
			for _, s := range c.before {
				a, b = do(t, a, s), do(t, b, s)
			}
			a, b = do(t, a, c.need), do(t, b, c.offer)
			if a.Matches[0].Stage() != c.needs || b.Matches[0].Stage() != c.other {
				t.Errorf("alone: %s and %s", a.Matches[0].Stage(), b.Matches[0].Stage())
			}
			na, _ := send(t, "XB", b, a)
			nb, _ := send(t, "XA", a, b)
			if na.Matches[0].Stage() != c.want || !bytes.Equal(encode(t, na), encode(t, nb)) {
				t.Errorf("together: %s and %s, want %s", na.Matches[0].Stage(), nb.Matches[0].Stage(), c.want)
			}
		})
	}
}

func TestStepsTable(t *testing.T) {
	reached := map[Stage]bool{"": true}
	for range Steps() {
		for _, s := range Steps() {
			if reached[s.From] {
				reached[s.To] = true
			}
		}
	}
	for _, s := range []Stage{Proposed, AcceptedByNeed, AcceptedByOffer, Agreed, Delivered, Evaluated, Declined} {
		if !reached[s] {
			t.Errorf("nothing leads to %s", s)
		}
		left := slices.ContainsFunc(Steps(), func(x Transition) bool { return x.From == s })
		if final := s == Evaluated || s == Declined; final == left {
			t.Errorf("%s: final %t, can be left %t", s, final, left)
		}
	}
	for i, s := range Steps() {
		if slices.ContainsFunc(Steps()[:i], func(o Transition) bool { return o.From == s.From && o.Act == s.Act && o.By == s.By }) {
			t.Errorf("%+v is there twice", s)
		}
		if !slices.Contains(order, s.Act) {
			t.Errorf("%s has no place in the order", s.Act)
		}
	}
}

func TestStepsThatAreNotTaken(t *testing.T) {
	proposed := Match{Need: "XA-N-1", Offer: "XB-O-1", Steps: []Step{{Propose, "XA", "2027-01-01", nil}}}
	delivered := proposed
	delivered.Steps = append(slices.Clone(proposed.Steps), Step{Accept, "XA", "2027-01-01", nil}, Step{Accept, "XB", "2027-01-01", nil}, Step{Deliver, "XB", "2027-01-02", nil})
	with := func(k, v string) map[string]string { a := answers(); a[k] = v; return a }
	for name, c := range map[string]struct {
		match Match
		step  Step
		code  string
		hint  string
	}{
		"on no day":               {proposed, Step{Accept, "XA", "someday", nil}, "step_invalid", ""},
		"an endless answer":       {delivered, Step{Evaluate, "XA", "2027-01-03", with("advice", strings.Repeat("a", MaxAnswerRunes+1))}, "step_invalid", ""},
		"a third State":           {proposed, Step{Accept, "XC", "2027-01-02", nil}, "not_a_side", ""},
		"delivery unagreed":       {proposed, Step{Deliver, "XB", "2027-01-02", nil}, "step_not_open", "open is accept"},
		"delivery by the need":    {delivered, Step{Deliver, "XA", "2027-01-02", nil}, "step_not_open", "evaluate"},
		"evaluation by the giver": {delivered, Step{Evaluate, "XB", "2027-01-03", answers()}, "step_not_open", ""},
		"declined too late":       {delivered, Step{Decline, "XA", "2027-01-03", nil}, "step_not_open", ""},
		"no answers":              {delivered, Step{Evaluate, "XA", "2027-01-03", nil}, "answer_missing", "yes, partly, no"},
		"another answer":          {delivered, Step{Evaluate, "XA", "2027-01-03", with("as_agreed", "maybe")}, "answer_missing", "yes, partly, no"},
		"another question":        {delivered, Step{Evaluate, "XA", "2027-01-03", with("mood", "good")}, "question_unknown", "kinds"},
		"a case in an answer":     {delivered, Step{Evaluate, "XA", "2027-01-03", with("advice", "as in XB-2026-7K3M9Q2P")}, "case_data", "publication"},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(c.match.Steps)
			m, err := c.match.Take(c.step, Standard())
			if rogatory.CodeOf(err) != c.code || !reflect.DeepEqual(m, Match{}) {
				t.Fatalf("%+v, %v", m, err)
			}
			if !strings.Contains(err.(*rogatory.Error).Hint, c.hint) || len(c.match.Steps) != before {
				t.Errorf("hint %q", err.(*rogatory.Error).Hint)
			}
		})
	}
}

func TestSuggestions(t *testing.T) {
	for name, c := range map[string]struct {
		change func(n, o *Listing)
		score  int // 0: not suggested
		says   string
	}{
		"two of three articles":  {func(n, o *Listing) {}, 79, "covers 25, 42, not 41"},
		"everything":             {func(n, o *Listing) { o.Articles = n.Articles; o.From, o.Until = n.From, n.Until }, 100, "181 of 181 days"},
		"another kind":           {func(n, o *Listing) { o.Kind = "equipment" }, 0, ""},
		"no article":             {func(n, o *Listing) { o.Articles = []string{"7"} }, 0, ""},
		"one's own":              {func(n, o *Listing) { o.State = "XA" }, 0, ""},
		"live for exercise":      {func(n, o *Listing) { o.State = "TH" }, 0, ""},
		"too late":               {func(n, o *Listing) { o.From, o.Until = "2027-07-01", "2027-08-01" }, 0, ""},
		"over already":           {func(n, o *Listing) { n.Until, o.Until = "2026-10-31", "2026-10-31" }, 0, ""},
		"one day":                {func(n, o *Listing) { o.From, o.Until = "2027-06-30", "2028-01-01" }, 74, "1 of 181 days: 2027-06-30 to 2027-06-30"},
		"from today on":          {func(n, o *Listing) { n.From, o.From = "2020-01-01", "2020-01-01" }, 84, "2026-11-25 to 2027-03-31"},
		"no common language":     {func(n, o *Listing) { o.Languages = []string{"es"} }, 64, "interpretation has to be arranged"},
		"another region":         {func(n, o *Listing) { o.Regions = []string{"asia_pacific"} }, 74, "needed in africa"},
		"its region among other": {func(n, o *Listing) { o.Regions = []string{"asia_pacific", "africa"} }, 79, "offered in africa"},
	} {
		t.Run(name, func(t *testing.T) {
			n, o := training(), trainers()
			c.change(&n, &o)
			got := Suggest([]Listing{n}, []Listing{o}, "2026-11-25")
			if c.score == 0 {
				if len(got) != 0 {
					t.Errorf("suggested: %+v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Score != c.score {
				t.Fatalf("want %d: %+v", c.score, got)
			}
			var all []string
			sum, most := 0, 0
			for _, r := range got[0].Reasons {
				all, sum, most = append(all, r.Text), sum+r.Points, most+r.Of
			}
			if text := strings.Join(all, "|"); !strings.Contains(text, c.says) || sum != c.score || most != 100 {
				t.Errorf("%d of %d for %s", sum, most, text)
			}
		})
	}
}

// Ten offers in any order give one list; what is equally good stands by its first day, then reference.
func TestOrderOfSuggestions(t *testing.T) {
	var offers []Listing
	for i := range 10 {
		o := trainers()
		o.ID = NewID("XB", OfferSide, i+1)
		if i == 9 { // as many days, but earlier
			o.From, o.Until = "2027-01-31", "2027-03-30"
		}
		if i == 4 {
			o.Articles, o.RightsAssessment = []string{"25", "41", "42"}, ""
		}
		offers = append(offers, o)
	}
	want := []ID{"XB-O-5", "XB-O-10", "XB-O-1", "XB-O-2", "XB-O-3", "XB-O-4", "XB-O-6", "XB-O-7", "XB-O-8", "XB-O-9"}
	chance := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		chance.Shuffle(len(offers), func(i, j int) { offers[i], offers[j] = offers[j], offers[i] })
		got := Suggest([]Listing{training()}, offers, "2026-11-25")
		var ids []ID
		for _, s := range got {
			ids = append(ids, s.Offer)
		}
		if !slices.Equal(ids, want) {
			t.Fatalf("order %v", ids)
		}
		if got[0].Tie != "" || got[1].Tie != "" || got[2].Tie != "as good as XB-O-10, which begins earlier" || got[3].Tie != "as good as XB-O-1, which begins on the same day and has the earlier reference" {
			t.Fatalf("ties %q %q %q %q", got[0].Tie, got[1].Tie, got[2].Tie, got[3].Tie)
		}
		if len(got[0].Warnings) != 1 || !strings.Contains(got[0].Warnings[0], "human-rights assessment") || len(got[1].Warnings) != 0 {
			t.Fatalf("warnings %q and %q", got[0].Warnings, got[1].Warnings)
		}
	}
}

func TestMerge(t *testing.T) {
	newer := trainers()
	newer.Version, newer.Amount = 2, "three trainers"
	other := trainers()
	other.Amount = "nobody"
	proposed := []Match{{Need: "XA-N-1", Offer: "XB-O-1", Steps: []Step{{Propose, "XA", "2027-01-01", nil}}}}
	forged := []Match{{Need: "XA-N-1", Offer: "XB-O-1", Steps: []Step{{Propose, "XA", "2027-01-01", nil}, {Accept, "XA", "2027-01-02", nil}, {Accept, "XB", "2027-01-02", nil}}}}
	redated := []Match{{Need: "XA-N-1", Offer: "XB-O-1", Steps: []Step{{Propose, "XA", "2027-01-09", nil}}}}
	for name, c := range map[string]struct {
		mine, theirs Book
		from         rogatory.StateCode
		effects      []Effect
		says         string
		version      int   // of XB-O-1 afterwards
		stage        Stage // of the match afterwards
	}{
		"new":                         {Book{}, Book{Listings: []Listing{trainers()}}, "XB", []Effect{Added}, "Two trainers", 1, ""},
		"the same":                    {Book{Listings: []Listing{trainers()}}, Book{Listings: []Listing{trainers()}}, "XB", nil, "", 1, ""},
		"newer":                       {Book{Listings: []Listing{trainers()}}, Book{Listings: []Listing{newer}}, "XB", []Effect{Changed}, "version from 1 to 2; amount from two trainers for five days to three trainers", 2, ""},
		"older":                       {Book{Listings: []Listing{newer}}, Book{Listings: []Listing{trainers()}}, "XB", []Effect{Kept}, "theirs is version 1, here is 2", 2, ""},
		"two of one version":          {Book{Listings: []Listing{trainers()}}, Book{Listings: []Listing{other}}, "XB", []Effect{Refused}, "another content", 1, ""},
		"for another State":           {Book{Listings: []Listing{trainers()}}, Book{Listings: []Listing{newer, training()}}, "XC", []Effect{Refused, Refused}, "XC does not speak for XB", 1, ""},
		"newer under a match":         {Book{Listings: []Listing{trainers()}, Matches: proposed}, Book{Listings: []Listing{newer}}, "XB", []Effect{Changed}, "warning: the match of XA-N-1 with XB-O-1 is proposed", 2, Proposed},
		"acceptance put into a mouth": {Book{Listings: []Listing{trainers()}, Matches: proposed}, Book{Matches: forged}, "XB", []Effect{Refused, Added}, "XA says it itself", 1, AcceptedByOffer},
		"a step told otherwise":       {Book{Listings: []Listing{trainers()}, Matches: proposed}, Book{Matches: redated}, "XB", []Effect{Refused}, "another content", 1, Proposed},
		"a match of others":           {Book{Listings: []Listing{trainers()}}, Book{Matches: proposed}, "XC", []Effect{Refused}, "no part", 1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			before := encode(t, c.mine)
			got, diff := Merge(c.mine, c.theirs, c.from)
			var effects []Effect
			var all []string
			for _, d := range diff {
				effects, all = append(effects, d.Effect), append(all, d.Text)
			}
			if !slices.Equal(effects, c.effects) || !strings.Contains(strings.Join(all, "|"), c.says) {
				t.Errorf("%+v", diff)
			}
			if len(got.Listings) != 1 || got.Listings[0].Version != c.version {
				t.Errorf("listings afterwards: %+v", got.Listings)
			}
			if stage := (Match{}).Stage(); len(got.Matches) > 0 {
				if stage = got.Matches[0].Stage(); stage != c.stage {
					t.Errorf("the match is %q, want %q", stage, c.stage)
				}
			} else if c.stage != "" {
				t.Error("the match is gone")
			}
			if !bytes.Equal(before, encode(t, c.mine)) {
				t.Error("the book given was changed")
			}
		})
	}
}

func TestStandardCatalogue(t *testing.T) {
	c := Standard()
	for _, id := range []string{"training", "equipment", "legal_drafting", "forensic_help"} {
		if !slices.ContainsFunc(c.Kinds, func(k Kind) bool { return k.ID == id }) {
			t.Errorf("kind %s is missing", id)
		}
	}
	for _, k := range c.Kinds {
		if k.Verified {
			t.Errorf("kind %s is said to be verified, and no fact on Articles 54 to 56 is", k.ID)
		}
	}
}

func TestRefused(t *testing.T) {
	need := func(change func(*Listing)) string {
		n := training()
		change(&n)
		return string(encode(t, Book{Listings: []Listing{n}}))
	}
	good := need(func(*Listing) {})
	if _, err := Load("book.json", []byte(good), Standard()); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct{ file, says string }{
		"no list":               {`{}`, "book.json:1: the file is not a JSON list"},
		"empty":                 {``, "not a JSON list"},
		"cut off":               {strings.TrimSuffix(good, "]\n"), "book.json:2: the list does not end"},
		"two lists":             {good + "[]", "something follows"},
		"nothing":               {"[\n{}\n]", "book.json:2: an item is a listing"},
		"null":                  {"[\n\nnull\n]", "book.json:3: null"},
		"an unknown member":     {strings.Replace(good, `"title"`, `"case":"x","title"`, 1), `book.json:2: unknown member "case"`},
		"a member twice":        {strings.Replace(good, `"title"`, `"amount":"x","title"`, 1), "twice"},
		"a member in capitals":  {strings.Replace(good, `"title"`, `"Title"`, 1), "other letters"},
		"not UTF-8":             {"[\xff]", "UTF-8"},
		"an unknown article":    {need(func(n *Listing) { n.Articles = []string{"69"} }), `article "69" is unknown`},
		"a paragraph":           {need(func(n *Listing) { n.Articles = []string{"40(21)"} }), "whole article"},
		"an article twice":      {need(func(n *Listing) { n.Articles = []string{"7", "7"} }), "twice"},
		"no article":            {need(func(n *Listing) { n.Articles = nil }), "null"},
		"an unknown kind":       {need(func(n *Listing) { n.Kind = "favour" }), `kind of help "favour"`},
		"an unknown region":     {need(func(n *Listing) { n.Regions = []string{"moon"} }), `region "moon"`},
		"a need everywhere":     {need(func(n *Listing) { n.Regions = []string{Everywhere} }), "one region"},
		"an unknown language":   {need(func(n *Listing) { n.Languages = []string{"French"} }), "not a code"},
		"no reference":          {need(func(n *Listing) { n.ID = "XA-P-1" }), "not the reference of a need"},
		"an assessed need":      {need(func(n *Listing) { n.RightsAssessment = "x" }), "one of an offer"},
		"another State's":       {need(func(n *Listing) { n.State = "XB" }), "not of one State"},
		"another's contact":     {need(func(n *Listing) { n.Contact.State = "XB" }), "not of one State"},
		"version nought":        {need(func(n *Listing) { n.Version = 0 }), "versions begin with 1"},
		"no time":               {need(func(n *Listing) { n.Until = "2026-02-30" }), "no time"},
		"an end before":         {need(func(n *Listing) { n.Until = "2026-12-31" }), "no time"},
		"no title":              {need(func(n *Listing) { n.Title = "" }), "title is missing"},
		"a title of lines":      {need(func(n *Listing) { n.Title = "a\nb" }), "one line"},
		"a title turned around": {need(func(n *Listing) { n.Title = "a\u202eb" }), "one line"},
		"a long title":          {need(func(n *Listing) { n.Title = strings.Repeat("ü", MaxTitleRunes+1) }), "more than 200"},
		"a case":                {need(func(n *Listing) { n.Title = "help with XA-2026-7K3M9Q2P" }), "looks like a reference"},
		"a case in an amount":   {need(func(n *Listing) { n.Amount = "as in xa–2026–7k3m9q2p.2" }), "looks like a reference"},
		"an exhibit":            {need(func(n *Listing) { n.Title = "XB-E-5TQ0ZC8H1M4A" }), "looks like a reference"},
		"a message":             {need(func(n *Listing) { n.Title = "019a5f00-0000-7000-8000-000000000000" }), "looks like a reference"},
		"twice":                 {strings.Replace(good, "\n]", ",\n"+strings.TrimSuffix(strings.TrimPrefix(good, "[\n"), "\n]\n")+"\n]", 1), "book.json:3: XA-N-1 is there twice"},
		"a match with oneself":  {`[{"match":{"need":"XA-N-1","offer":"XA-O-1","steps":[]}}]`, "another State's offer"},
		"a match without steps": {`[{"match":{"need":"XA-N-1","offer":"XB-O-1","steps":[]}}]`, "no steps"},
		"an unknown step":       {`[{"match":{"need":"XA-N-1","offer":"XB-O-1","steps":[{"act":"pay","by":"XA","on":"2027-01-01"}]}}]`, `step "pay"`},
		"answers to nothing":    {`[{"match":{"need":"XA-N-1","offer":"XB-O-1","steps":[{"act":"propose","by":"XA","on":"2027-01-01","answers":{}}]}}]`, "only an evaluation"},
		"a step of the other":   {`[{"match":{"need":"XA-N-1","offer":"XB-O-1","steps":[{"act":"deliver","by":"XA","on":"2027-01-01"}]}}]`, `step "deliver"`},
		"exercise and live":     {strings.Replace(good, "\n]", ",\n"+strings.ReplaceAll(strings.TrimSuffix(strings.TrimPrefix(good, "[\n"), "\n]\n"), "XA", "TH")+"\n]", 1), "do not mix"},
	} {
		t.Run(name, func(t *testing.T) {
			b, err := Load("book.json", []byte(c.file), Standard())
			if err == nil || !strings.Contains(err.Error(), c.says) || !reflect.DeepEqual(b, Book{}) {
				t.Errorf("want %q: %v, %v", c.says, b, err)
			}
		})
	}
	if _, err := Load("book.json", bytes.Repeat([]byte(" "), MaxSize+1), Standard()); err == nil {
		t.Error("a file without end was read")
	}
	many := "[" + strings.Repeat("{},", MaxItems) + "{}]"
	err := datafile.Items(lists, "many.json", []byte(many), func(struct{}) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "more than 5000 items") {
		t.Errorf("many items: %v", err)
	}
}

// What only looks like a reference at first sight is left alone.
func TestWhatIsNoCaseData(t *testing.T) {
	n := training()
	n.Title = "Programme of 2026-2027 under GA resolution 79/243, ISO 27037-2012, XA-N-7"
	if err := n.Check(Standard()); err != nil {
		t.Error(err)
	}
}

func TestCatalogueRefused(t *testing.T) {
	const rest = `,{"region":{"id":"everywhere","title":"t"}},{"question":{"id":"q","text":"t","article":"54","verified":false}}]`
	kind := func(k string) string { return "[\n" + k + rest }
	for name, c := range map[string]struct{ file, says string }{
		"no article":      {kind(`{"kind":{"id":"a","title":"t","example":"e","verified":false}}`), "c.json:2: article"},
		"unknown article": {kind(`{"kind":{"id":"a","title":"t","article":"70","example":"e","verified":false}}`), "c.json:2: article"},
		"not a word":      {kind(`{"kind":{"id":"A b","title":"t","article":"54","example":"e","verified":false}}`), "small letters"},
		"twice":           {kind(`{"kind":{"id":"a","title":"t","article":"54","example":"e"}},` + "\n" + `{"kind":{"id":"a","title":"t","article":"54","example":"e"}}`), "c.json:3: kind \"a\" is there twice"},
		"both":            {kind(`{"kind":{"id":"a","title":"t","article":"54","example":"e"},"region":{"id":"r","title":"t"}}`), "one of"},
		"nothing":         {"[]", "no kinds"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := LoadCatalogue("c.json", []byte(c.file))
			if err == nil || !strings.Contains(err.Error(), c.says) || !reflect.DeepEqual(got, Catalogue{}) {
				t.Errorf("%v, %v", got, err)
			}
		})
	}
}

// Whatever is read is written in one form, which is read again as the same book.
func FuzzLoad(f *testing.F) {
	data, err := Book{[]Listing{training(), trainers()}, []Match{{"XA-N-1", "XB-O-1", []Step{{Propose, "XA", "2027-01-01", nil}}}}}.Encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte("[]"))
	f.Add([]byte(`[{"listing":{"id":"XA-N-1"}}]`))
	f.Add(embedded)
	c := Standard()
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := LoadCatalogue("fuzz", data); err != nil && !reflect.DeepEqual(got, Catalogue{}) {
			t.Fatal("something with an error")
		}
		b, err := Load("fuzz", data, c)
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
		again, err := Load("again", once, c)
		if err != nil {
			t.Fatalf("what was written is not read: %v\n%s", err, once)
		}
		if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Fatalf("two forms of one book: %v", err)
		}
		Suggest(b.Side(NeedSide), b.Side(OfferSide), "2026-11-25")
		for _, m := range b.Matches {
			m.Stage()
		}
	})
}

// Numbers are given once, also where some are missing.
func TestNextID(t *testing.T) {
	b := Book{Listings: []Listing{training(), training(), training(), trainers()}}
	b.Listings[1].ID, b.Listings[2].ID = "XA-N-3", "XC-N-9"
	for side, want := range map[Side]ID{NeedSide: "XA-N-4", OfferSide: "XA-O-1"} {
		if got := b.NextID("XA", side); got != want {
			t.Errorf("next %s of XA: %s, want %s", side, got, want)
		}
	}
}
