// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

// calm are the facts of a request that nothing is to be said against.
func calm(act rogatory.Act) Facts {
	return Facts{
		Mode: rogatory.Exercise, Kind: rogatory.StoredData, Act: act, Side: rogatory.RequestedSide,
		Categories: []Category{Traffic}, RealTime: No, Search: No, Location: No, FixedEnd: No, Decryption: No, Staff: No,
		Authorised: Yes, AuthorisedBy: Court, Articles: []rogatory.Article{"7"}, MaximumYears: Number(6), PenaltyRaised: No, Dual: Met,
		Subjects: Number(1), Identifiers: Number(1), Addresses: Number(1), SpanDays: Number(3), OpenEnd: No, Mass: No,
		ThirdState: No, Domicile: No, Children: No, Refusals: Number(0), Cooling: No, Linked: Number(0), Cumulative: No,
		Confidential: No, ConfidentialReason: No, ConfidentialEnd: No, Suspended: No, Oversight: Yes, ReviewOverdue: No,
		Objection: No, Excess: No, OtherUse: No, Onward: No, Consented: No,
		Emergency: No, LifeReason: No, EmergencyUnreviewed: Number(0), EmergencyExpired: No,
	}
}

func with(f Facts, change func(*Facts)) Facts {
	change(&f)
	return f
}

func TestACalmRequestIsNotHeld(t *testing.T) {
	set := Convention()
	for act, g := range groups {
		o := set.Judge(calm(act))
		if o.Held || o.Judged != (g != free) {
			t.Errorf("%s: held %v, judged %v: %v", act, o.Held, o.Judged, o.Findings)
		}
		if g == disclosing && (o.Need.People != 2 || o.Need.Roles != 2) {
			t.Errorf("%s needs %+v", act, o.Need)
		}
	}
}

// story is what happens to calm facts so that a policy fires: it alone decides, or the others in also with it.
type story struct {
	act    rogatory.Act
	change func(*Facts)
	also   []string
}

func stories() map[string]story {
	answer := func(q Question, a Answer) func(*Facts) {
		return func(f *Facts) { f.Answers = map[Question]Answer{q: a} }
	}
	signal := func(s Signal) func(*Facts) { return func(f *Facts) { f.Signals = []Signal{s} } }
	emergency := func(f *Facts) { f.Emergency, f.LifeReason = Yes, Yes }
	return map[string]story{
		"authorisation":             {rogatory.Accept, func(f *Facts) { f.RealTime, f.FixedEnd, f.Authorised, f.AuthorisedBy = Yes, Yes, No, Nobody }, nil},
		"authorisation_independent": {rogatory.Accept, func(f *Facts) { f.Search, f.AuthorisedBy = Yes, Police }, nil},
		"sheet_open":                {rogatory.Accept, func(f *Facts) { f.Open = []Question{"necessity"} }, nil},
		"sheet_negative":            {rogatory.Accept, answer("necessity", AnswerNo), nil},
		"data_protection":           {rogatory.Accept, answer("data_protection", AnswerNo), nil},
		"acquisition":               {rogatory.Accept, answer("acquisition", AnswerNo), nil},
		"discrimination":            {rogatory.Accept, answer("discrimination", AnswerYes), nil},
		"specialty":                 {rogatory.Accept, answer("specialty", AnswerNo), nil},
		"children":                  {rogatory.Accept, func(f *Facts) { f.Children = Yes }, nil},
		"decryption":                {rogatory.Accept, func(f *Facts) { f.Decryption = Yes }, nil},
		"staff":                     {rogatory.Accept, func(f *Facts) { f.Staff = Yes }, nil},
		"end_missing":               {rogatory.Start, func(f *Facts) { f.RealTime = Yes }, nil},
		"offence_unlisted":          {rogatory.Accept, func(f *Facts) { f.Articles = nil }, nil},
		"offence_minor":             {rogatory.Accept, func(f *Facts) { f.Articles, f.MaximumYears = nil, Number(3) }, []string{"offence_unlisted"}},
		"penalty_raised":            {rogatory.Accept, func(f *Facts) { f.Articles, f.PenaltyRaised = nil, Yes }, []string{"offence_unlisted"}},
		"dual_missing":              {rogatory.Accept, func(f *Facts) { f.Dual = NotRecorded }, nil},
		"dual_unmet":                {rogatory.Accept, func(f *Facts) { f.Dual = Unclear }, nil},
		"expression":                {rogatory.Accept, signal("speech"), nil},
		"persecution_hint":          {rogatory.Accept, signal("religion"), nil},
		"persecution":               {rogatory.Accept, answer("political_purpose", AnswerYes), nil},
		"life_and_dignity":          {rogatory.Accept, answer("death_penalty", AnswerYes), nil},
		"privilege":                 {rogatory.Accept, answer("lawyer", AnswerYes), nil},
		"research":                  {rogatory.Accept, answer("researcher", AnswerYes), nil},
		"circle":                    {rogatory.Accept, signal("circle"), nil},
		"refugee":                   {rogatory.Accept, answer("refugee", AnswerYes), nil},
		"location_exile":            {rogatory.Accept, func(f *Facts) { f.Location, f.Signals = Yes, []Signal{"exile"} }, []string{"persecution_hint"}},
		"third_state":               {rogatory.Accept, func(f *Facts) { f.Domicile = Yes }, nil},
		"mass":                      {rogatory.Preserve, func(f *Facts) { f.Addresses = Number(1 << 24) }, nil},
		"open_end":                  {rogatory.Accept, func(f *Facts) { f.OpenEnd = Yes }, nil},
		"refused_before":            {rogatory.Accept, func(f *Facts) { f.Refusals = Number(1) }, nil},
		"cooling":                   {rogatory.Accept, func(f *Facts) { f.Cooling = Yes }, nil},
		"cumulative":                {rogatory.Accept, func(f *Facts) { f.Cumulative = Yes }, nil},
		"excess":                    {rogatory.GiveConsent, func(f *Facts) { f.Excess = Yes }, nil},
		"content_people":            {rogatory.Accept, func(f *Facts) { f.Categories = []Category{Content} }, nil},
		"disclosure_people":         {rogatory.Offer, func(*Facts) {}, nil},
		"emergency_disclosure":      {rogatory.Offer, emergency, []string{"disclosure_people"}},
		"emergency_reason":          {rogatory.Accept, func(f *Facts) { f.Emergency = Yes }, nil},
		"emergency_unreviewed":      {rogatory.Accept, func(f *Facts) { emergency(f); f.EmergencyUnreviewed = Number(1) }, nil},
		"emergency_expired":         {rogatory.Accept, func(f *Facts) { emergency(f); f.EmergencyExpired = Yes }, nil},
		"secrecy_reason":            {rogatory.Accept, func(f *Facts) { f.Confidential, f.ConfidentialReason = Yes, Yes }, nil},
		"suspended":                 {rogatory.Accept, func(f *Facts) { f.Suspended = Yes }, nil},
		"oversight_missing":         {rogatory.Accept, func(f *Facts) { f.Oversight, f.Search = No, Yes }, nil},
		"review_overdue":            {rogatory.Accept, func(f *Facts) { f.ReviewOverdue = Yes }, nil},
		"objection":                 {rogatory.Accept, func(f *Facts) { f.Objection = Yes }, nil},
		"other_use":                 {rogatory.GiveConsent, func(f *Facts) { f.OtherUse = Yes }, nil},
		"onward":                    {rogatory.GiveConsent, func(f *Facts) { f.Onward = Yes }, nil},
	}
}

func TestEveryPolicyFires(t *testing.T) {
	set, all := Convention(), stories()
	if len(all) != len(set.Policies()) {
		t.Errorf("%d stories for %d policies", len(all), len(set.Policies()))
	}
	for _, p := range set.Policies() {
		s, ok := all[p.ID]
		if !ok {
			t.Errorf("%s has no story", p.ID)
			continue
		}
		o := set.Judge(with(calm(s.act), s.change))
		want := slices.Sorted(slices.Values(append(s.also, p.ID)))
		if got := slices.Sorted(slices.Values(o.Decided())); !slices.Equal(got, want) {
			t.Errorf("%s: %v decided, want %v: %v", p.ID, got, want, o.Findings)
		}
		if o.Held != (p.Severity != Flag || len(s.also) > 1) && p.ID != "disclosure_people" || o.Blocked != (p.Severity == Block) || o.Need.People < p.Quorum {
			t.Errorf("%s: held %v, blocked %v, %d people", p.ID, o.Held, o.Blocked, o.Need.People)
		}
		if silent := set.Judge(calm(s.act)); slices.Contains(silent.Decided(), p.ID) && p.ID != "disclosure_people" {
			t.Errorf("%s fires without its fact", p.ID)
		}
	}
}

// A fact that is missing or odd, one at a time: the act is held, and the fact is named.
func TestMissingAndOddFactsHold(t *testing.T) {
	set := Convention()
	whole := calm(rogatory.Accept)
	v := reflect.ValueOf(whole)
	for i := range v.NumField() {
		name := v.Type().Field(i).Name
		if slices.Contains([]string{"Signals", "Answers", "Open", "Articles"}, name) {
			continue // may be empty
		}
		less := whole
		reflect.ValueOf(&less).Elem().Field(i).SetZero()
		if o := set.Judge(less); !o.Held || len(o.Findings) == 0 || len(o.Findings[0].About) == 0 && o.Findings[0].Code != PolicyFault {
			t.Errorf("%s is missing, and the opinion is %+v", name, o.Findings)
		}
	}
	// A policy that asks for what is missing cannot be evaluated: it says so, and holds by itself.
	for id, less := range map[string]Facts{
		"suspended":      with(whole, func(f *Facts) { f.Suspended = "" }),
		"content_people": with(whole, func(f *Facts) { f.Categories = nil }),
		"refused_before": with(whole, func(f *Facts) { f.Refusals = Count{} }),
		"dual_unmet":     with(whole, func(f *Facts) { f.Dual = "" }),
	} {
		o := set.Judge(less)
		if !slices.ContainsFunc(o.Trace, func(s Step) bool { return s.Policy == id && s.Said == Failed && s.Why != "" }) ||
			!slices.ContainsFunc(o.Findings, func(f Finding) bool { return f.Code == PolicyFault && slices.Equal(f.About, []string{id}) }) {
			t.Errorf("%s was evaluated without its fact: %+v", id, o.Findings)
		}
	}
	for name, change := range map[string]func(*Facts){
		"truth":      func(f *Facts) { f.Excess = "perhaps" },
		"category":   func(f *Facts) { f.Categories = []Category{"biometric"} },
		"authoriser": func(f *Facts) { f.AuthorisedBy = "general" },
		"dual":       func(f *Facts) { f.Dual = "nearly" },
		"article":    func(f *Facts) { f.Articles = []rogatory.Article{"40"} },
		"no article": func(f *Facts) { f.Articles = []rogatory.Article{"x"} },
		"signal":     func(f *Facts) { f.Signals = []Signal{"smell"} },
		"question":   func(f *Facts) { f.Answers = map[Question]Answer{"weather": AnswerYes} },
		"answer":     func(f *Facts) { f.Answers = map[Question]Answer{"legality": "sure"} },
		"open":       func(f *Facts) { f.Open = []Question{"weather"} },
		"act":        func(f *Facts) { f.Act = "seize_everything" },
		"kind":       func(f *Facts) { f.Kind = "fishing" },
		"side":       func(f *Facts) { f.Side = "third" },
		"mode":       func(f *Facts) { f.Mode = "rehearsal" },
		"negative":   func(f *Facts) { f.Subjects = Number(-1) },
	} {
		o := set.Judge(with(whole, change))
		if !o.Held || !slices.ContainsFunc(o.Findings, func(f Finding) bool {
			return slices.Contains([]string{FactOdd, UnknownAct, FactMissing}, f.Code)
		}) {
			t.Errorf("%s: %+v", name, o.Findings)
		}
	}
	if o := (Set{}).Judge(whole); !o.Held || o.Findings[0].Code != NoPolicies {
		t.Errorf("without policies: %+v", o)
	}
	if o := (Set{}).Judge(Facts{}); !o.Held || o.Need.People < 2 || o.Need.Roles < 2 {
		t.Errorf("without anything: %+v", o)
	}
}

// Whatever a set says, nothing that discloses takes fewer than two people of two roles.
func TestTheFloorHoldsUnderAnySet(t *testing.T) {
	national, err := Read([]File{{"n.cedar", []byte(note("only_one", "flag", "1") + "forbid (principal, action, resource);")}})
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []Set{{}, national, Convention()} {
		for _, step := range rogatory.Lifecycle() {
			for _, k := range treaty.Convention().Kinds {
				f := calm(step.Act)
				f.Kind = k.ID
				o := set.Judge(f)
				if Discloses(k.ID, step.Act) && (o.Need.People < 2 || o.Need.Roles < 2) {
					t.Errorf("%s on %s takes %+v", step.Act, k.ID, o.Need)
				}
				f.Categories = []Category{Content}
				if g := groups[step.Act]; g != free && g != preserving && k.ID == rogatory.StoredData {
					if o := set.Judge(f); o.Need.People < 2 || o.Need.Roles < 2 {
						t.Errorf("%s of content on %s takes %+v", step.Act, k.ID, o.Need)
					}
				}
			}
		}
	}
}

// The schema knows every kind, every act that is judged, every question and every fact, and nothing else.
func TestTheSchemaIsWhatTheOfficeKnows(t *testing.T) {
	s := readSchema()
	ids := func(list string) []string {
		var all []string
		for _, uid := range s.Enums[uidOf(list, "").Type].Values {
			all = append(all, string(uid.ID))
		}
		return slices.Sorted(slices.Values(all))
	}
	var kinds, questions []string
	for _, k := range treaty.Convention().Kinds {
		kinds = append(kinds, string(k.ID))
	}
	for _, q := range TheForm().Questions {
		questions = append(questions, string(q.ID))
	}
	for list, want := range map[string][]string{"Kind": kinds, "Question": questions} {
		slices.Sort(want)
		if got := ids(list); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", list, got, want)
		}
	}
	acts := map[rogatory.Act]bool{}
	for _, step := range rogatory.Lifecycle() {
		acts[step.Act] = true
		if _, ok := groups[step.Act]; !ok {
			t.Errorf("%s belongs to no group", step.Act)
		}
	}
	for act, g := range groups {
		if !acts[act] {
			t.Errorf("%s is no act of the lifecycle", act)
		}
		a, ok := s.Actions[uidOf("Action", string(act))]
		if ok != (g != free) || ok && !a.Entity.Parents.Contains(uidOf("Action", string(g))) {
			t.Errorf("%s is %q, and the schema says otherwise", act, g)
		}
	}
	record, missing, odd := calm(rogatory.Accept).context(s)
	if len(missing)+len(odd) > 0 {
		t.Errorf("missing %v, odd %v", missing, odd)
	}
	var got, want []string
	for name := range record.All() {
		got = append(got, string(name))
	}
	for name := range s.Actions[uidOf("Action", "accept")].AppliesTo.Context {
		want = append(want, string(name))
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("facts %v, schema %v", got, want)
	}
}

func note(id, severity, quorum string) string {
	return fmt.Sprintf("@id(%q)@article(\"24(1)\")@severity(%q)@advice(\"ask the ministry\")@quorum(%q)\n", id, severity, quorum)
}

func TestPoliciesThatAreRefused(t *testing.T) {
	good := note("one_more", "hold", "2") + "forbid (principal, action, resource) when { context.suspended };\n"
	if _, err := Read([]File{{"n.cedar", []byte(good)}}); err != nil {
		t.Fatal(err)
	}
	swap := func(old, new string) []File {
		if !strings.Contains(good, old) {
			t.Fatalf("%q is not there", old)
		}
		return []File{{"n.cedar", []byte(strings.Replace(good, old, new, 1))}}
	}
	for _, row := range []struct {
		name  string
		files []File
		want  string
	}{
		{"nothing", nil, "the set:1: there are no policies"},
		{"an empty file", []File{{"n.cedar", nil}}, "the set:1: there are no policies"},
		{"an unknown attribute", swap("context.suspended", "context.suspendet"), "n.cedar:"},
		{"a type that does not fit", swap("context.suspended", "context.subjects"), "n.cedar:"},
		{"an unknown value", swap("context.suspended", `context.dual == Dual::"perhaps"`), "n.cedar:"},
		{"an unknown kind", swap("resource)", `resource == Kind::"fishing")`), "n.cedar:"},
		{"an unknown kind in a list", swap("context.suspended", `[Kind::"extradition", Kind::"fishing"].contains(resource)`), "unknown value"},
		{"an unknown act", swap("action,", `action == Action::"grab",`), "n.cedar:"},
		{"an act that is never held", swap("action,", `action == Action::"refuse",`), "n.cedar:"},
		{"a permit", swap("forbid", "permit"), "what is allowed is not said here"},
		{"no id", swap(`@id("one_more")`, ""), "n.cedar:1: the annotation @id is missing"},
		{"no quorum", swap(`@quorum("2")`, ""), "the annotation @quorum is missing"},
		{"an empty advice", swap(`"ask the ministry"`, `""`), "the annotation @advice is missing"},
		{"an unknown annotation", swap("@id", `@note("x")@id`), "unknown annotation @note"},
		{"an annotation twice", swap("@id", `@id("another")@id`), "n.cedar:1"},
		{"an article that is none", swap("24(1)", "240"), "no article"},
		{"a severity that is none", swap(`"hold"`, `"refuse"`), "not block, hold or flag"},
		{"nobody", swap(`@quorum("2")`, `@quorum("0")`), "no number of people"},
		{"a crowd", swap(`@quorum("2")`, `@quorum("6")`), "no number of people"},
		{"two written otherwise", swap(`@quorum("2")`, `@quorum("+2")`), "no number of people"},
		{"a role that is none", swap("@id", `@roles("oversight")@id`), "@roles names"},
		{"an id of ours", swap("one_more", "fact_missing"), "uses itself"},
		{"an id in capitals", swap("one_more", "One_More"), "small letters"},
		{"a text that turns", swap("ask the", "ask\u202e the"), "plain text"},
		{"no grammar", swap("forbid", "forbit"), "n.cedar:2"},
		{"too deep", swap("context.suspended", strings.Repeat("(", 50)+"context.suspended"+strings.Repeat(")", 50)), "n.cedar:2: more than 40 levels"},
		{"too many signs", swap("context.suspended", strings.Repeat("! ", 50)+"context.suspended"), "more than 40 levels"},
		{"too big", []File{{"n.cedar", bytes.Repeat([]byte(" "), MaxPolicyFile+1)}}, "at most 65536"},
		{"twice in a file", []File{{"n.cedar", []byte(good + good)}}, "n.cedar:3: the id one_more is there already: n.cedar:1"},
		{"twice in two files", []File{{"n.cedar", []byte(good)}, {"o.cedar", []byte(good)}}, "o.cedar:1: the id one_more is there already"},
		{"a file twice", []File{{"n.cedar", []byte(good)}, {"n.cedar", nil}}, "n.cedar:1: a file of that name"},
		{"too many files", make([]File, MaxFiles+1), "files, at most"},
	} {
		set, err := Read(row.files)
		if err == nil || rogatory.CodeOf(err) != "policies_invalid" || !strings.Contains(err.Error(), row.want) || len(set.policies) > 0 || !set.digest.IsZero() {
			t.Errorf("%s: %v with %d policies", row.name, err, len(set.policies))
		}
	}
}

func TestANationalSetOnlyAdds(t *testing.T) {
	national, err := Read([]File{{"n.cedar", []byte(note("neighbours", "hold", "3") + `forbid (principal, action in Action::"asking", resource) when { context.subjects > 1 };`)}})
	if err != nil {
		t.Fatal(err)
	}
	convention := Convention()
	both, err := Join(convention, national)
	if err != nil || len(both.Policies()) != len(convention.Policies())+1 || both.Policies()[0].ID != convention.Policies()[0].ID {
		t.Fatalf("%d policies, %v", len(both.Policies()), err)
	}
	if both.Digest() == convention.Digest() || both.Digest() == national.Digest() {
		t.Error("another set has the same digest")
	}
	o := both.Judge(with(calm(rogatory.Send), func(f *Facts) { f.Subjects = Number(2) }))
	if !slices.Equal(o.Decided(), []string{"neighbours"}) || o.Need.People != 3 || o.Findings[0].Advice != "ask the ministry" {
		t.Errorf("%+v", o)
	}
	if _, err := Join(convention, convention); err == nil || !strings.Contains(err.Error(), "takes nothing away") {
		t.Error(err)
	}
	if _, err := Join(Set{}, national); err == nil {
		t.Error("a national set stands alone")
	}
	wordless := setOf(t, strings.Replace(note("neighbours", "hold", "3"), "ask the ministry", "safeguard.advice.neighbours", 1)+`forbid (principal, action, resource);`)
	if _, err := Join(convention, wordless); err == nil || !strings.Contains(err.Error(), "nobody has words") {
		t.Error(err)
	}
	if alone, err := Join(convention, Set{}); err != nil || len(alone.Policies()) != len(convention.Policies()) {
		t.Error(err)
	}
	// An opinion on the joined set is never milder than that of the Convention's own.
	for act := range groups {
		f := with(calm(act), func(f *Facts) { f.Suspended = Yes })
		a, b := convention.Judge(f), both.Judge(f)
		if a.Held && !b.Held || b.Need.People < a.Need.People {
			t.Errorf("%s became milder", act)
		}
	}
}

func TestEveryPolicyOfTheConventionReadsFactsAndNamesItsWords(t *testing.T) {
	names := map[string]bool{}
	record, _, _ := calm(rogatory.Accept).context(readSchema())
	for name := range record.All() {
		names[string(name)] = false
	}
	for _, p := range Convention().Policies() {
		if p.Advice != "safeguard.advice."+p.ID {
			t.Errorf("%s advises %s", p.ID, p.Advice)
		}
		for _, fact := range p.Facts {
			names[fact] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		if !names[name] && !slices.Contains([]string{"span_days", "linked"}, name) { // these stand behind Mass and Cumulative
			t.Errorf("no policy reads %s", name)
		}
	}
}

func FuzzPolicies(f *testing.F) {
	files, _ := os.ReadDir("policies")
	for _, e := range files {
		data, err := os.ReadFile("policies/" + e.Name())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Add([]byte(note("one_more", "hold", "2") + "forbid (principal, action, resource) unless { context has suspended };"))
	f.Add([]byte(`@id("x")forbid(principal,action,resource)when{[[[`))
	facts := calm(rogatory.Accept)
	f.Fuzz(func(t *testing.T, data []byte) {
		set, err := Read([]File{{"f.cedar", data}})
		if (err == nil) == (len(set.policies) == 0) {
			t.Fatalf("%d policies with %v", len(set.policies), err)
		}
		if err == nil {
			if o := set.Judge(facts); len(o.Trace) != len(set.policies) {
				t.Fatalf("%d of %d policies spoke", len(o.Trace), len(set.policies))
			}
		}
	})
}
