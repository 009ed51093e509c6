// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"bytes"
	"flag"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write docs/kinds.md anew")

// complete fills every required field of a kind with its example.
func complete(t *testing.T, r *Rules, id rogatory.RequestKind) rogatory.Request {
	t.Helper()
	k, err := r.Kind(id)
	if err != nil {
		t.Fatal(err)
	}
	req := rogatory.Request{Kind: id, Title: "SSH logs of a ministry's server", Language: "en", Contents: map[string]string{},
		Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code of Aurelia, section 205"}}
	for _, f := range k.Required {
		req.Contents[f] = r.Fields[f].Example
	}
	return req
}

func TestEmbeddedRulesLoad(t *testing.T) {
	r := Convention()
	if len(r.Kinds) != 3 || r.Version == "" || r.Digest != rogatory.DigestOf(embedded) {
		t.Fatalf("%d kinds of version %q with digest %s", len(r.Kinds), r.Version, r.Digest)
	}
	for _, id := range []rogatory.RequestKind{rogatory.Preservation42, rogatory.StoredData, rogatory.EmergencyData} {
		if _, err := r.Kind(id); err != nil {
			t.Error(err)
		}
	}
	_, err := r.Kind("extradition_by_parachute")
	if rogatory.CodeOf(err) != "kind_unknown" || !strings.Contains(err.(*rogatory.Error).Hint, "stored_data") {
		t.Errorf("an unknown kind: %v", err)
	}
}

// Every rule of the file names where it comes from, in the Convention's own form.
func TestEveryRuleHasAnArticle(t *testing.T) {
	article := regexp.MustCompile(`^\d{1,2}(\(\d{1,2}\)|\([a-z]\))*(, \d{1,2}(\(\d{1,2}\)|\([a-z]\))*)*$`)
	r := Convention()
	check := func(what, a string) {
		if !article.MatchString(a) {
			t.Errorf("%s: %q is not an article", what, a)
		}
	}
	used := map[string]bool{}
	for id, f := range r.Fields {
		check("field "+id, f.Article)
	}
	for id, g := range r.Grounds {
		check("ground "+string(id), g.Article)
	}
	for _, k := range r.Kinds {
		check(string(k.ID), k.Article)
		check(string(k.ID)+" refusal", k.RefuseArticle)
		for _, c := range k.Clocks {
			check(string(k.ID)+" clock "+c.Name, c.Article)
			if c.Basis == "" {
				t.Errorf("clock %s of %s does not say whose number it is", c.Name, k.ID)
			}
			for _, a := range c.Until {
				if !k.Allows(a) && a != rogatory.Postpone {
					t.Errorf("clock %s of %s waits for %s, which the kind does not know", c.Name, k.ID, a)
				}
			}
		}
		fields := slices.Concat(k.Required, k.Optional)
		for _, p := range k.Parts {
			fields = slices.Concat(fields, p.Required, p.Optional)
		}
		for _, d := range k.Details {
			fields = slices.Concat(fields, d.Required, d.Optional)
		}
		for _, f := range fields {
			used[f] = true
		}
		for _, g := range append(slices.Clone(k.Refuse), k.Postpone...) {
			used[string(g)] = true
		}
	}
	for id := range r.Fields {
		if !used[id] {
			t.Errorf("no kind has the field %s", id)
		}
	}
	for id := range r.Grounds {
		if !used[string(id)] {
			t.Errorf("no kind has the ground %s", id)
		}
	}
}

func TestCompleteRequestLacksNothing(t *testing.T) {
	r := Convention()
	for _, k := range r.Kinds {
		if lacks := r.Lacks(complete(t, r, k.ID), 0); len(lacks) > 0 {
			t.Errorf("%s lacks %s", k.ID, strings.Join(lacks, "; "))
		}
	}
}

// Every required field of every kind is missed by name, label and article.
func TestLacksNamesFieldAndArticle(t *testing.T) {
	r := Convention()
	for _, k := range r.Kinds {
		for _, id := range k.Required {
			for what, text := range map[string]string{"missing": "", "blank": " \n\t"} {
				req := complete(t, r, k.ID)
				req.Contents[id] = text
				want := fmt.Sprintf("%s: %s (Art %s)", id, r.Fields[id].Label, r.Fields[id].Article)
				if lacks := r.Lacks(req, 0); !slices.Contains(lacks, want) {
					t.Errorf("%s with %s %s lacks %q, want %q", k.ID, what, id, lacks, want)
				}
			}
		}
	}
}

func TestLacks(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		name   string
		kind   rogatory.RequestKind
		change func(*rogatory.Request)
		want   string // in one of the sentences; empty: complete
	}{
		{"no title", rogatory.StoredData, func(q *rogatory.Request) { q.Title = "  " }, "a title"},
		{"a title of 200 letters of another script", rogatory.StoredData, func(q *rogatory.Request) { q.Title = strings.Repeat("ж", 200) }, ""},
		{"a title of 201", rogatory.StoredData, func(q *rogatory.Request) { q.Title = strings.Repeat("ж", 201) }, "a shorter title"},
		{"no language", rogatory.StoredData, func(q *rogatory.Request) { q.Language = "" }, "Art 40(13)"},
		{"a field of another kind", rogatory.Preservation42, func(q *rogatory.Request) { q.Contents["risk"] = "x" }, `no field "risk"`},
		{"a field that nobody knows", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["wish"] = "x" }, `no field "wish"`},
		{"a novel", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["facts"] = strings.Repeat("é", MaxFieldRunes+1) }, "facts with at most 20000"},
		{"just not a novel", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["facts"] = strings.Repeat("é", MaxFieldRunes) }, ""},
		{"another category of data", rogatory.StoredData, func(q *rogatory.Request) { q.Contents["data_category"] = "everything" }, "subscriber, traffic, content"},
		{"an article that is no offence", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles = []string{"18"} }, "Art 35(1)"},
		{"too many articles", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles = slices.Repeat([]string{"7"}, 12) }, "at most 11"},
		{"a serious crime outside the articles", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles, q.Offence.MaximumYears = nil, 4 }, ""},
		{"a crime of three years", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Articles, q.Offence.MaximumYears = nil, 3 }, "Arts 2(h), 35(1)"},
		{"no provision of law", rogatory.StoredData, func(q *rogatory.Request) { q.Offence.Law = "" }, "the provision of law"},
		{"an emergency without an offence", rogatory.EmergencyData, func(q *rogatory.Request) { q.Offence = rogatory.Offence{} }, ""},
		{"a disclosure that follows its preservation", rogatory.StoredData, func(q *rogatory.Request) { q.Follows = "XA-2026-7K3M9Q2P.1" }, ""},
		{"a malformed reference", rogatory.StoredData, func(q *rogatory.Request) { q.Follows = "that one" }, "a well-formed reference"},
		{"a preservation that follows something", rogatory.Preservation42, func(q *rogatory.Request) { q.Follows = "XA-2026-7K3M9Q2P.1" }, "follows none"},
		{"an unknown kind", rogatory.StoredData, func(q *rogatory.Request) { q.Kind = "gossip" }, "is not known"},
	} {
		req := complete(t, r, c.kind)
		c.change(&req)
		lacks := r.Lacks(req, 0)
		if c.want == "" && len(lacks) > 0 || c.want != "" && !slices.ContainsFunc(lacks, func(s string) bool { return strings.Contains(s, c.want) }) {
			t.Errorf("%s: lacks %q, want %q", c.name, lacks, c.want)
		}
	}
}

func TestCheckVerdict(t *testing.T) {
	r := Convention()
	verdict := func(g rogatory.Ground, reasons string) *rogatory.Verdict {
		return &rogatory.Verdict{Ground: g, Reasons: reasons}
	}
	for _, c := range []struct {
		name      string
		kind      rogatory.RequestKind
		act       rogatory.Act
		verdict   *rogatory.Verdict
		consulted bool
		want      string
	}{
		{"refusal with nothing", rogatory.StoredData, rogatory.Refuse, nil, true, "ground_missing"},
		{"refusal without a ground", rogatory.StoredData, rogatory.Refuse, verdict("", "we do not feel like it"), true, "ground_missing"},
		{"refusal on a ground of another kind", rogatory.StoredData, rogatory.Refuse, verdict("R42_5", "why"), true, "ground_not_open"},
		{"refusal on an invented ground", rogatory.StoredData, rogatory.Refuse, verdict("R99", "why"), true, "ground_not_open"},
		{"refusal without reasons", rogatory.StoredData, rogatory.Refuse, verdict("R22", " "), true, "reasons_missing"},
		{"refusal without consultation", rogatory.StoredData, rogatory.Refuse, verdict("R21B", "state secret"), false, "consultation_missing"},
		{"refusal after consultation", rogatory.StoredData, rogatory.Refuse, verdict("R21B", "state secret"), true, ""},
		{"refusal that needs no consultation", rogatory.StoredData, rogatory.Refuse, verdict("R8DM", "a stolen sandwich"), false, ""},
		{"refused preservation on the ground of a disclosure", rogatory.Preservation42, rogatory.Refuse, verdict("R21A", "why"), true, "ground_not_open"},
		{"refusal for bank secrecy", rogatory.StoredData, rogatory.Refuse, verdict("BANK_SECRECY", "why"), true, "ground_forbidden"},
		{"refused preservation under the reservation, of a Convention offence", rogatory.Preservation42, rogatory.Refuse, verdict("R42_5", "not an offence here"), false, "ground_not_open"},
		{"refused preservation under the reservation", rogatory.Preservation42, rogatory.Refuse, verdict("R42_5", "not an offence here"), false, ""},
		{"refused emergency under domestic law", rogatory.EmergencyData, rogatory.Refuse, verdict("DOMESTIC", "no such power"), false, ""},
		{"postponement on a ground for refusal", rogatory.StoredData, rogatory.Postpone, verdict("R21B", "why"), true, "ground_not_open"},
		{"postponement without a date", rogatory.StoredData, rogatory.Postpone, verdict("P27", "our own trial"), true, "review_missing"},
		{"postponement", rogatory.StoredData, rogatory.Postpone, &rogatory.Verdict{Ground: "P27", Reasons: "our own trial", Review: 1}, true, ""},
		{"postponed preservation", rogatory.Preservation42, rogatory.Postpone, &rogatory.Verdict{Ground: "P27", Reasons: "our own trial", Review: 1}, true, "ground_not_open"},
		{"execution without an outcome", rogatory.StoredData, rogatory.Execute, nil, false, "outcome_missing"},
		{"execution with another outcome", rogatory.StoredData, rogatory.Execute, &rogatory.Verdict{Outcome: "mostly"}, false, "outcome_missing"},
		{"execution in part", rogatory.StoredData, rogatory.Execute, &rogatory.Verdict{Outcome: rogatory.Partly}, false, ""},
		{"acceptance with nothing", rogatory.StoredData, rogatory.Accept, nil, false, ""},
	} {
		k, err := r.Kind(c.kind)
		if err != nil {
			t.Fatal(err)
		}
		offence := rogatory.Offence{Articles: []string{"7"}}
		if c.want == "" {
			offence = rogatory.Offence{MaximumYears: 5}
		}
		err = k.CheckVerdict(r, c.act, c.verdict, offence, c.consulted)
		if c.want == "" && err != nil || c.want != "" && rogatory.CodeOf(err) != c.want {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// A refusal that was turned down says which grounds there are, and no other.
func TestGroundsAreNamedInTheHint(t *testing.T) {
	r := Convention()
	k, _ := r.Kind(rogatory.Preservation42)
	err := k.CheckVerdict(r, rogatory.Refuse, nil, rogatory.Offence{}, false)
	hint := err.(*rogatory.Error).Hint
	for id := range r.Grounds {
		if strings.Contains(hint, string(id)+" (") != slices.Contains(k.Refuse, id) {
			t.Errorf("ground %s in the hint %q", id, hint)
		}
	}
	if err := k.CheckVerdict(r, rogatory.Postpone, nil, rogatory.Offence{}, false); !strings.Contains(err.(*rogatory.Error).Hint, "no such grounds") {
		t.Errorf("a preservation cannot be postponed, and this is said so: %q", err.(*rogatory.Error).Hint)
	}
}

func TestClocksAndPreservation(t *testing.T) {
	r := Convention()
	received := rogatory.At(time.Date(2026, 11, 23, 2, 14, 5, 0, time.UTC))
	p, _ := r.Kind(rogatory.Preservation42)
	due := p.Deadlines("received", received)
	if len(due) != 2 || due["acknowledge"] != received.Add(time.Hour) || due["preserve"] != received.Add(24*time.Hour) {
		t.Errorf("a preservation's clocks: %v", due)
	}
	if got := p.Stops(rogatory.Refuse); !slices.Equal(got, []string{"acknowledge", "preserve"}) {
		t.Errorf("a refusal stops %v", got)
	}
	if got := p.Stops(rogatory.Acknowledge); !slices.Equal(got, []string{"acknowledge"}) {
		t.Errorf("an acknowledgement stops %v", got)
	}
	if end := p.EarliestEnd(received); end.String() != "2027-01-22T02:14:05.000000Z" { // 60 days
		t.Errorf("a preservation of that moment may end at %s", end)
	}
}

func TestActsOfKinds(t *testing.T) {
	r := Convention()
	for _, c := range []struct {
		kind rogatory.RequestKind
		act  rogatory.Act
		ok   bool
	}{
		{rogatory.Preservation42, rogatory.Preserve, true}, {rogatory.Preservation42, rogatory.Offer, false}, {rogatory.Preservation42, rogatory.Execute, false},
		{rogatory.StoredData, rogatory.Preserve, false}, {rogatory.StoredData, rogatory.Offer, true}, {rogatory.StoredData, rogatory.Extend, false},
		{rogatory.EmergencyData, rogatory.Execute, true}, {rogatory.EmergencyData, rogatory.Refuse, true}, {rogatory.EmergencyData, "dance", false},
	} {
		k, _ := r.Kind(c.kind)
		if k.Allows(c.act) != c.ok {
			t.Errorf("%s of a %s request: allowed is %t", c.act, c.kind, !c.ok)
		}
	}
}

func TestBadRulesAreRefusedInWords(t *testing.T) {
	text := string(embedded)
	swap := func(from, to string) string {
		if !strings.Contains(text, from) {
			t.Fatalf("the embedded rules do not hold %q any more", from)
		}
		return strings.Replace(text, from, to, 1)
	}
	for _, c := range []struct{ name, data, want string }{
		{"nothing", "", "EOF"},
		{"no rules", "[]", "line 1"},
		{"cut off", text[:len(text)/2], "unexpected EOF"},
		{"two documents", text + text, "more than one document"},
		{"an unknown member", swap(`"version"`, `"versoin"`), `unknown field "versoin"`},
		{"a kind twice", swap(`"id": "stored_data"`, `"id": "preservation"`), "twice"},
		{"an unknown field", swap(`"required": ["authority", "risk"`, `"required": ["authority", "rsik"`), "field rsik is unknown"},
		{"an unknown ground", swap(`"refuse": ["DOMESTIC"`, `"refuse": ["DOEMSTIC"`), "ground DOEMSTIC is unknown"},
		{"an unknown act", swap(`"acts": ["warn"`, `"acts": ["wran"`), "act wran is unknown"},
		{"a field without an article", swap(`"label": "Period of the evidence", "article": "40(15)(f)"`, `"label": "Period of the evidence", "article": ""`), "field period lacks"},
		{"a ground without an article", swap(`"article": "41(3)", "verified": false`, `"article": "", "verified": false`), "ground DOMESTIC lacks"},
		{"a kind without an article", swap(`"article": "44", "verified"`, `"article": "", "verified"`), `kind "stored_data": id, title or article is missing`},
		{"an article that there is not", swap(`"article": "40(15)(f)"`, `"article": "69(1)"`), `no article "69(1)"`},
		{"an article in other words", swap(`"article": "40(15)(f)"`, `"article": "Art 40"`), `no article "Art 40"`},
		{"an unknown role", swap(`"senders": ["point_of_contact"],`, `"senders": ["secretariat"],`), `role "secretariat" is unknown`},
		{"an open ground that is forbidden", swap(`"FISCAL":       {`, `"R22":       {`), "open and forbidden"},
		{"a forbidden ground that nobody knows", swap(`"never": ["FISCAL", "BANK_SECRECY"]`, `"never": ["TASTE"]`), "forbidden ground TASTE"},
		{"an unknown outcome", swap(`"outcomes": ["complete", "partly"]`, `"outcomes": ["complete", "nearly"]`), "outcome nearly is unknown"},
		{"a field asked for twice", swap(`"required": ["authority", "risk"`, `"required": ["authority", "authority", "risk"`), "field authority is there twice"},
		{"a clock that starts with a strange act", swap(`"name": "decide", "from": "received"`, `"name": "decide", "from": "preserve"`), `starts with "preserve"`},
		{"details of a strange act", swap(`"details": {"disclose_traffic"`, `"details": {"execute"`), "details of execute"},
		{"the line is named", swap(`"preserve_days": 60`, `"preserve_days": 0`), fmt.Sprintf("line %d", 1+strings.Count(text[:strings.Index(text, `"preservation"`)], "\n"))},
		{"nobody who sends", swap(`"senders": ["point_of_contact"],`, `"senders": [],`), "no senders"},
		{"no grounds for refusal", swap(`"refuse": ["DOMESTIC", "R21B", "R21C", "R22", "R36"]`, `"refuse": []`), "no grounds for refusal"},
		{"preserving for no time", swap(`"preserve_days": 60`, `"preserve_days": 0`), "belong together"},
		{"a clock that never runs", swap(`"hours": 24, "until": ["preserve", "refuse"]`, `"hours": 0, "until": ["preserve", "refuse"]`), `clock "preserve" lacks`},
		{"a clock that nothing stops", swap(`"until": ["accept", "refuse"]`, `"until": []`), `clock "decide" lacks`},
		{"following an unknown kind", swap(`"may_follow": "preservation"`, `"may_follow": "reservation"`), "unknown kind reservation"},
		{"too large", strings.Repeat(" ", MaxRulesSize+1), "at most 1048576"},
	} {
		r, err := Load([]byte(c.data))
		if r != nil || rogatory.KindOf(err) != rogatory.Invalid || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want words with %q", c.name, err, c.want)
		}
	}
}

// FuzzLoad: what loads is fit for use; no rules file makes a question panic.
func FuzzLoad(f *testing.F) {
	f.Add(embedded)
	f.Add([]byte(`{"version":"1","fields":{},"grounds":{},"kinds":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := Load(data)
		if err != nil {
			if r != nil {
				t.Error("something was loaded with an error")
			}
			return
		}
		for _, k := range r.Kinds {
			r.Lacks(rogatory.Request{Kind: k.ID}, 1)
			_ = k.CheckVerdict(r, rogatory.Refuse, nil, rogatory.Offence{}, false)
			k.Deadlines(received, 1)
		}
	})
}

// printed is the rules as a jurist reads them.
func printed(r *Rules) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	mark := map[bool]string{true: "verified by a jurist", false: "not yet verified by a jurist"}
	say("# Kinds of request")
	say("")
	say("Drawn from `treaty/data/kinds.json`, version %s, by `go test ./treaty -run Kinds -update`; a test fails", r.Version)
	say("when the two differ. Articles are those of the UN Convention against Cybercrime. A rule that is not")
	say("yet verified was not yet compared with the official text by a jurist.")
	for _, k := range r.Kinds {
		say("")
		say("## %s", k.Title)
		say("")
		say("`%s`, Art %s, %s.", k.ID, k.Article, mark[k.Verified])
		say("Sent by: %s. Received by: %s.", list(k.Senders), list(k.Receivers))
		if k.MayFollow != "" {
			say("May follow a `%s` request, which it then holds until it is decided.", k.MayFollow)
		}
		if k.PreserveDays > 0 {
			say("Data are preserved for at least %d days (Art %s).", k.PreserveDays, k.PreserveArticle)
		}
		if k.Urgent {
			say("Goes before other traffic.")
		}
		say("%s", map[Offences]string{AnyOffence: "Serves an offence of Articles 7 to 17, or a serious crime.", ConventionOffence: "Serves offences of the Convention only.", NoOffence: "Needs no offence."}[k.Offences])
		if k.Marking != "" {
			say("What it brings is marked: %s.", k.Marking)
		}
		if k.Mutual {
			say("Both States may hand over exhibits.")
		}
		say("")
		say("| field | needed | what it says | article |")
		say("|---|---|---|---|")
		for _, f := range k.Required {
			say("| `%s` | yes | %s | %s |", f, r.Fields[f].Label, r.Fields[f].Article)
		}
		for _, f := range k.Optional {
			say("| `%s` | | %s | %s |", f, r.Fields[f].Label, r.Fields[f].Article)
		}
		say("")
		say("Acts beyond those of every request: %s.", list(k.Acts))
		say("")
		say("| clock | hours | stopped by | article | whose number |")
		say("|---|---|---|---|---|")
		for _, c := range k.Clocks {
			say("| %s | %d | %s | %s | %s |", c.Name, c.Hours, list(c.Until), c.Article, c.Basis)
		}
		say("")
		say("May be refused (Art %s) on %s; postponed on %s.", k.RefuseArticle, list(k.Refuse), list(k.Postpone))
	}
	say("")
	say("## Grounds")
	say("")
	say("| code | ground | article | consultation first, Art 40(28) | text |")
	say("|---|---|---|---|---|")
	for _, id := range slices.Sorted(maps.Keys(r.Grounds)) {
		g := r.Grounds[id]
		say("| `%s` | %s | %s | %s | %s |", id, g.Text, g.Article, map[bool]string{true: "yes"}[g.Consult], mark[g.Verified])
	}
	return b.Bytes()
}

func list[T ~string](all []T) string {
	if len(all) == 0 {
		return "no ground"
	}
	var s []string
	for _, one := range all {
		s = append(s, "`"+string(one)+"`")
	}
	return strings.Join(s, ", ")
}

func TestKindsArePrinted(t *testing.T) {
	const page = "../docs/kinds.md"
	want := printed(Convention())
	if *update {
		if err := os.WriteFile(page, want, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(have, want) {
		t.Errorf("%s is not what the rules say any more: run go test ./treaty -run Kinds -update", page)
	}
}
