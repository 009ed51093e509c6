// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

func vote(person string, role rogatory.OfficerRole) Vote {
	return Vote{Person: person, Role: role, Authenticator: "key-" + person, Device: "device-" + person, Agree: true}
}

func codesOf(list []Finding) (all []string) {
	for _, f := range list {
		all = append(all, f.Code)
	}
	return all
}

func TestAB11OnePersonBehindTwoAccounts(t *testing.T) {
	need := Need{People: 2, Roles: 2}
	ada, bob, cy := vote("ada", rogatory.Decider), vote("bob", rogatory.Custodian), vote("cy", rogatory.Decider)
	change := func(v Vote, f func(*Vote)) Vote { f(&v); return v }
	for _, row := range []struct {
		name  string
		votes []Vote
		want  []string
	}{
		{"two people of two roles", []Vote{ada, bob}, nil},
		{"three people", []Vote{ada, bob, cy}, nil},
		{"nobody", nil, []string{TooFewPeople, TooFewRoles}},
		{"one", []Vote{ada}, []string{TooFewPeople, TooFewRoles}},
		{"two of one role", []Vote{ada, cy}, []string{TooFewRoles}},
		{"one person twice, in two roles", []Vote{ada, change(vote("ada", rogatory.Custodian), func(v *Vote) { v.Authenticator, v.Device = "other", "other" })}, []string{SamePerson, TooFewPeople, TooFewRoles}},
		{"two accounts, one credential", []Vote{ada, change(bob, func(v *Vote) { v.Authenticator = ada.Authenticator })}, []string{SameDevice, TooFewPeople, TooFewRoles}},
		{"two accounts, one device", []Vote{ada, change(bob, func(v *Vote) { v.Device = ada.Device })}, []string{SameDevice, TooFewPeople, TooFewRoles}},
		{"devices that are not known are not the same", []Vote{change(ada, func(v *Vote) { v.Device = "" }), change(bob, func(v *Vote) { v.Device = "" })}, nil},
		{"the author", []Vote{vote("author", rogatory.Custodian), ada}, []string{AuthorVotes, TooFewPeople, TooFewRoles}},
		{"the author's credential under another name", []Vote{change(bob, func(v *Vote) { v.Authenticator = "key-author" }), ada}, []string{AuthorVotes, TooFewPeople, TooFewRoles}},
		{"oversight decides nothing", []Vote{ada, vote("eve", rogatory.Overseer)}, []string{RoleMayNot, TooFewPeople, TooFewRoles}},
		{"nor does the node", []Vote{ada, vote("node", rogatory.TheNode)}, []string{RoleMayNot, TooFewPeople, TooFewRoles}},
		{"nor the administrator", []Vote{ada, vote("root", rogatory.Administrator)}, []string{RoleMayNot, TooFewPeople, TooFewRoles}},
		{"without a person", []Vote{ada, change(bob, func(v *Vote) { v.Person = "" })}, []string{VoteBroken, TooFewPeople, TooFewRoles}},
		{"without an authenticator", []Vote{ada, change(bob, func(v *Vote) { v.Authenticator = "" })}, []string{VoteBroken, TooFewPeople, TooFewRoles}},
		{"one who does not agree", []Vote{ada, change(bob, func(v *Vote) { v.Agree, v.Reasons = false, "the facts show no offence" })}, []string{TooFewPeople, TooFewRoles}},
		{"one who does not agree and does not say why", []Vote{ada, change(bob, func(v *Vote) { v.Agree = false })}, []string{DissentUnreasoned, TooFewPeople, TooFewRoles}},
		{"a dissent beside two who agree", []Vote{ada, bob, change(cy, func(v *Vote) { v.Agree, v.Reasons = false, "too broad for one account" })}, nil},
	} {
		v := Votes{Author: "author", Authenticator: "key-author", Votes: row.votes}
		if got := codesOf(v.Settle(need)); !slices.Equal(got, row.want) {
			t.Errorf("%s: %v, want %v", row.name, got, row.want)
		}
	}
}

func TestFindingsAreAnsweredWithReasons(t *testing.T) {
	o := Convention().Judge(with(calm(rogatory.Accept), func(f *Facts) { f.Mass = Yes }))
	ada, bob, cy := vote("ada", rogatory.Decider), vote("bob", rogatory.Custodian), vote("cy", rogatory.DutyOfficer)
	v := Votes{Author: "author", Votes: []Vote{ada, bob, cy}}
	if got := v.Settle(o.Need); !slices.Equal(codesOf(got), []string{AnswerMissing}) || !slices.Equal(got[0].About, []string{"mass"}) {
		t.Errorf("%+v", got)
	}
	v.Votes[1].Answers = map[string]string{"mass": "ok"}
	if got := v.Settle(o.Need); !slices.Equal(codesOf(got), []string{AnswerMissing}) {
		t.Errorf("a tick is an answer: %+v", got)
	}
	v.Votes[1].Answers = map[string]string{"mass": "the 140 accounts are those of one botnet, each named in the log"}
	if got := v.Settle(o.Need); len(got) > 0 {
		t.Errorf("%+v", got)
	}
	v.Votes = v.Votes[:2]
	if got := v.Settle(o.Need); !slices.Equal(codesOf(got), []string{TooFewPeople}) {
		t.Errorf("two for a mass request: %+v", got)
	}
	if d := (Votes{Votes: []Vote{ada, {Person: "eve", Reasons: "no"}}}).Dissent(); len(d) != 1 || d[0].Person != "eve" {
		t.Errorf("%+v", d)
	}
	if got := (Votes{Votes: []Vote{ada, bob}}).Settle(Need{People: 2, Of: []rogatory.OfficerRole{rogatory.DutyOfficer}}); !slices.Equal(codesOf(got), []string{RoleMissing}) {
		t.Errorf("%+v", got)
	}
}

// Every path that the lifecycle has from a request's arrival to the moment when the other State has something, of every
// kind, in the emergency channel and outside it, under any set of policies: none with fewer than two people.
func TestAB05NoPathDisclosesWithFewerThanTwoPeople(t *testing.T) {
	national, err := Read([]File{{"n.cedar", []byte(note("only_one", "flag", "1") + "forbid (principal, action, resource);")}})
	if err != nil {
		t.Fatal(err)
	}
	sets := []Set{Convention(), national, {}}
	paths, disclosures := 0, 0
	// walk goes every way without coming to a state twice; the acts that stay where they are are looked at in each.
	var walk func(at rogatory.State, been []rogatory.State, urgent bool, kind rogatory.RequestKind)
	walk = func(at rogatory.State, been []rogatory.State, urgent bool, kind rogatory.RequestKind) {
		for _, step := range rogatory.Lifecycle() {
			if !slices.Contains(step.From, at) {
				continue
			}
			if Discloses(kind, step.Act) {
				disclosures++
				f := calm(step.Act)
				f.Kind, f.Side = kind, step.By
				f.Emergency, f.LifeReason = True(urgent), True(urgent)
				for i, set := range sets {
					need := set.Judge(f).Need
					if alone := (Votes{Author: "author", Votes: []Vote{vote("ada", rogatory.Decider)}}).Settle(need); len(alone) == 0 {
						t.Errorf("%v, then %s by one person, set %d, %s", been, step.Act, i, kind)
					}
					if one := (Votes{Votes: []Vote{vote("ada", rogatory.Decider), vote("bob", rogatory.Decider)}}).Settle(need); len(one) == 0 {
						t.Errorf("%v, then %s by one role, set %d, %s", been, step.Act, i, kind)
					}
				}
			}
			if step.To == "" || slices.Contains(been, step.To) {
				continue
			}
			paths++
			walk(step.To, append(been[:len(been):len(been)], step.To), urgent, kind)
		}
	}
	// The judgement does not depend on the way, so the ways of one kind are gone in full and the other kinds step by step.
	walk(rogatory.Accepted, []rogatory.State{rogatory.Accepted}, true, rogatory.EmergencyData)
	walk(rogatory.Accepted, []rogatory.State{rogatory.Accepted}, false, rogatory.StoredData)
	ways := map[string]bool{}
	var count func(at rogatory.State, been []rogatory.State)
	count = func(at rogatory.State, been []rogatory.State) {
		for _, step := range rogatory.Lifecycle() {
			if !slices.Contains(step.From, at) {
				continue
			}
			if Discloses(rogatory.StoredData, step.Act) {
				ways[fmt.Sprint(been, step.Act, step.By)] = true
				if n := Floor(calm(step.Act)); n.People < 2 || n.Roles < 2 {
					t.Errorf("%v, then %s: %+v", been, step.Act, n)
				}
			}
			if step.To != "" && !slices.Contains(been, step.To) {
				count(step.To, append(been[:len(been):len(been)], step.To))
			}
		}
	}
	count(rogatory.Requested, []rogatory.State{rogatory.Requested})
	for _, k := range treaty.Convention().Kinds {
		for _, step := range rogatory.Lifecycle() {
			for _, urgent := range []Truth{Yes, No, ""} {
				f := calm(step.Act)
				f.Kind, f.Emergency = k.ID, urgent
				for _, set := range sets {
					if n := set.Judge(f).Need; Discloses(k.ID, step.Act) && (n.People < 2 || n.Roles < 2) {
						t.Errorf("%s on %s takes %+v", step.Act, k.ID, n)
					}
				}
			}
		}
	}
	if disclosures == 0 || len(ways) < 100 {
		t.Errorf("%d disclosures, %d ways: nothing was looked at", disclosures, len(ways))
	}
	t.Logf("%d ways from receipt to disclosure; %d paths walked with all sets, %d disclosures judged", len(ways), paths, disclosures)
}

// What an act discloses is told by what the act is: whoever adds one to the lifecycle has to say.
func TestAnActThatNobodyKnowsDiscloses(t *testing.T) {
	if !Discloses(rogatory.StoredData, "publish") || Floor(Facts{Act: "publish"}).People != 2 {
		t.Error("an unknown act takes one person")
	}
	if !Discloses("spontaneous_information", rogatory.Send) || Discloses(rogatory.StoredData, rogatory.Send) {
		t.Error("what is sent unasked discloses")
	}
	for _, act := range []rogatory.Act{rogatory.Refuse, rogatory.Release, rogatory.Stop, rogatory.Withdraw, rogatory.DenyConsent, rogatory.RevokeOffer} {
		if o := (Set{}).Judge(Facts{Act: act}); o.Held || o.Judged {
			t.Errorf("%s protects, and is held", act)
		}
	}
}

func reply(a Answer, reason string) Reply { return Reply{a, reason} }

// filled answers everything that a measure demands, each with a reason of its own.
func filled(form Form, m Measure) Sheet {
	s := Sheet{Form: form.Version, Reviewer: "ada", Measure: m, Replies: map[Question]Reply{}}
	for _, q := range form.Demands(m) {
		a := AnswerYes
		if q.Concern == AnswerYes {
			a = AnswerNo
		}
		s.Replies[q.ID] = reply(a, fmt.Sprintf("looked at %s in the file, pages one to nine", q.ID))
	}
	s.Elements = []Shown{{"access", AnswerYes, "entered with a stolen password"}}
	return s
}

func TestTheSheetWantsAnswersNotTicks(t *testing.T) {
	form := TheForm()
	m := Measure{Kind: rogatory.StoredData, Categories: []Category{Traffic}}
	whole := filled(form, m)
	if lacks := whole.Lacks(form, nil); len(lacks) > 0 {
		t.Fatalf("%+v", lacks)
	}
	change := func(f func(*Sheet)) Sheet {
		s := filled(form, m)
		f(&s)
		return s
	}
	last := filled(form, m)
	last.Replies["necessity"] = reply(AnswerYes, "The logs are the only trace of the intruder!")
	for _, row := range []struct {
		name  string
		sheet Sheet
		want  string
		about string
	}{
		{"a question left out", change(func(s *Sheet) { delete(s.Replies, "persecution") }), QuestionUnanswered, "persecution"},
		{"a tick", change(func(s *Sheet) { s.Replies["necessity"] = reply(AnswerYes, "yes") }), ReasonShort, "necessity"},
		{"no reason for not applicable", change(func(s *Sheet) { s.Replies["doctor"] = reply(NotApplicable, "") }), ReasonShort, "doctor"},
		{"words without letters", change(func(s *Sheet) { s.Replies["necessity"] = reply(AnswerYes, "- - - - - - - -") }), ReasonShort, "necessity"},
		{"an answer that is none", change(func(s *Sheet) { s.Replies["necessity"] = reply("maybe", "nobody could tell us that yet, in truth") }), AnswerUnknown, "necessity"},
		{"the reason of another question", change(func(s *Sheet) {
			s.Replies["necessity"] = reply(AnswerYes, strings.ToUpper(s.Replies["legality"].Reason)+".")
		}), ReasonRepeated, "necessity"},
		{"the reason of the last sheet", change(func(s *Sheet) {
			s.Replies["necessity"] = reply(AnswerYes, "the logs are the only trace of the intruder")
		}), ReasonCopied, "necessity"},
		{"a question that nobody asks", change(func(s *Sheet) { s.Replies["weather"] = reply(AnswerYes, "it rained all day in the capital") }), QuestionUnknown, "weather"},
		{"dual criminality asserted", change(func(s *Sheet) { s.Elements = nil }), ElementsMissing, ""},
		{"an element that is open", change(func(s *Sheet) { s.Elements = append(s.Elements, Shown{"intent", AnswerNo, "nothing is said"}) }), ElementOpen, "intent"},
		{"an element without words", change(func(s *Sheet) { s.Elements[0].Words = " " }), ElementOpen, "access"},
		{"a dissent without a reason", change(func(s *Sheet) { s.Dissents = []Dissent{{"bob", "no"}} }), DissentUnreasoned, "bob"},
	} {
		lacks := row.sheet.Lacks(form, &last)
		if !slices.ContainsFunc(lacks, func(f Finding) bool {
			return f.Code == row.want && (row.about == "" || slices.Contains(f.About, row.about))
		}) {
			t.Errorf("%s: %+v", row.name, lacks)
		}
	}
	// A reason may be in any language.
	for _, reason := range []string{"日志是入侵者留下的唯一痕迹", "บันทึกเป็นร่องรอยเดียวของผู้บุกรุกที่เหลืออยู่", "السجلات هي الأثر الوحيد الذي تركه المتسلل", "журналы сервера это единственный след взломщика"} {
		s := change(func(s *Sheet) { s.Replies["necessity"] = reply(AnswerYes, reason) })
		if lacks := s.Lacks(form, nil); len(lacks) > 0 {
			t.Errorf("%s: %+v", reason, lacks)
		}
	}
}

func TestWhatFollowsFromTheSheet(t *testing.T) {
	form, set := TheForm(), Convention()
	m := Measure{Kind: rogatory.StoredData, Categories: []Category{Traffic}}
	s := filled(form, m)
	f := s.Facts(form, nil, calm(rogatory.Accept))
	if o := set.Judge(f); o.Held || f.Dual != Met || len(f.Open) > 0 {
		t.Errorf("%+v", o.Findings)
	}
	if c := s.Concerns(form); len(c) > 0 {
		t.Errorf("concerns %v", c)
	}
	// Each answer that calls for a person is heard by a policy.
	for _, q := range form.Demands(m) {
		s := filled(form, m)
		s.Replies[q.ID] = reply(q.Concern, "on this the file says the contrary of what was hoped")
		o := set.Judge(s.Facts(form, nil, calm(rogatory.Accept)))
		if !slices.Equal(s.Concerns(form), []Question{q.ID}) {
			t.Errorf("%s: concerns %v", q.ID, s.Concerns(form))
		}
		if !o.Held && !slices.Contains([]Question{"refusals", "confidentiality"}, q.ID) { // these are facts of their own
			t.Errorf("%s: the concern is heard by nobody", q.ID)
		}
		delete(s.Replies, q.ID)
		if o := set.Judge(s.Facts(form, nil, calm(rogatory.Accept))); !o.Blocked || !slices.Contains(o.Decided(), "sheet_open") {
			t.Errorf("%s: left out, and %v", q.ID, o.Decided())
		}
	}
	empty := Sheet{Measure: m}
	if f := empty.Facts(form, nil, calm(rogatory.Accept)); f.Dual != NotRecorded || len(f.Open) < 15 {
		t.Errorf("an empty sheet: %s, %d open", f.Dual, len(f.Open))
	}
}

func TestWhichMeasureDemandsWhat(t *testing.T) {
	form := TheForm()
	demands := func(m Measure) (all []Question) {
		for _, q := range form.Demands(m) {
			all = append(all, q.ID)
		}
		return all
	}
	for _, k := range treaty.Convention().Kinds {
		got := demands(Measure{Kind: k.ID})
		for _, always := range []Question{"legality", "necessity", "proportionality"} {
			if !slices.Contains(got, always) {
				t.Errorf("%s does not demand %s", k.ID, always)
			}
		}
	}
	for _, m := range []Measure{
		{Kind: rogatory.StoredData, Categories: []Category{Content}}, {Kind: "general_assistance", Search: true}, {Kind: "realtime_traffic"}, {Kind: "content_interception"},
	} {
		if !slices.Contains(demands(m), "authorisation") {
			t.Errorf("%+v does not demand an authorisation", m)
		}
	}
	if slices.Contains(demands(Measure{Kind: rogatory.Preservation42}), "dual_criminality") {
		t.Error("a preservation waits for dual criminality, which Art 42(4) does not let it")
	}
}

// A request of any kind whose sheet is answered well is not held: the questions that are demanded are those that the
// policies want.
func TestAWellAnsweredSheetIsEnoughForEveryKind(t *testing.T) {
	form, set := TheForm(), Convention()
	for _, k := range treaty.Convention().Kinds {
		for _, act := range []rogatory.Act{rogatory.Send, rogatory.Accept, rogatory.Start, rogatory.Extend, rogatory.Execute} {
			f := calm(act)
			f.Kind, f.Dual = k.ID, ""
			f = filled(form, Measure{Kind: k.ID, Categories: f.Categories}).Facts(form, nil, f)
			if k.Offences == treaty.NoOffence {
				f.Articles = nil
			}
			if k.ID == rogatory.EmergencyData {
				f.LifeReason = Yes
			}
			o := set.Judge(f)
			if o.Blocked || o.Held && !(k.ID == rogatory.EmergencyData && act == rogatory.Execute) { // an emergency that discloses is always held
				t.Errorf("%s of %s: %+v", act, k.ID, o.Findings)
			}
		}
	}
}

func TestFormsThatAreRefused(t *testing.T) {
	good := `{"version":"1","questions":[{"id":"legality","article":"24(1)","concern":"no","verified":false}],"before":[{"article":"24(1)","verified":false,"acts":["accept"]}],"obtains":[{"kind":"stored_data","article":"44","verified":false,"categories":["content"]}],"timeless":["extradition"]}`
	if _, err := ReadForm("f.json", []byte(good)); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ name, old, with, want string }{
		{"no version", `"1"`, `""`, "no version"},
		{"nothing asked", `{"id":"legality","article":"24(1)","concern":"no","verified":false}`, ``, "asks nothing"},
		{"an unknown question", "legality", "weather", "unknown to the schema"},
		{"no article", "24(1)", "", "no article"},
		{"a concern that is none", `"no"`, `"not_applicable"`, "not yes or no"},
		{"an unknown kind", `"verified"`, `"kinds":["fishing"],"verified"`, "unknown kind"},
		{"an unknown category", `"verified"`, `"categories":["smell"],"verified"`, "unknown category"},
		{"demanded before nothing", `{"article":"24(1)","verified":false,"acts":["accept"]}`, ``, "before no act"},
		{"an act that is never held back", `"accept"`, `"refuse"`, "never held back"},
		{"an unknown act", `"accept"`, `"wave"`, "never held back"},
		{"an act twice", `"accept"`, `"accept","accept"`, "act accept is there twice"},
		{"an act without an article", `"before":[{"article":"24(1)"`, `"before":[{"article":""`, "no article"},
		{"an unknown kind before", `"acts"`, `"except":["fishing"],"acts"`, "unknown kind"},
		{"kinds and exceptions", `"acts"`, `"except":["stored_data"],"kinds":["stored_data"],"acts"`, "not both"},
		{"data of an unknown kind", `"kind":"stored_data"`, `"kind":"fishing"`, "unknown kind"},
		{"unknown data", `["content"]`, `["smell"]`, "unknown category"},
		{"no data", `["content"]`, `[]`, "obtains nothing"},
		{"a timeless kind that nobody knows", `"extradition"`, `"fishing"`, "unknown kind"},
		{"a member that nobody knows", `"timeless"`, `"endless"`, "endless"},
		{"a question twice", `"questions":[`, `"questions":[{"id":"legality","article":"24(1)","concern":"no","verified":false},`, "there twice"},
	} {
		f, err := ReadForm("f.json", []byte(strings.Replace(good, row.old, row.with, 1)))
		if rogatory.CodeOf(err) != "sheet_invalid" || !strings.Contains(err.Error(), row.want) || len(f.Questions) > 0 {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func FuzzForm(f *testing.F) {
	f.Add(sheetFile)
	f.Add([]byte(`{"version":"1","questions":[{"id":"legality"}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		form, err := ReadForm("f.json", data)
		if (err == nil) == (len(form.Questions) == 0) {
			t.Fatalf("%d questions with %v", len(form.Questions), err)
		}
	})
}
