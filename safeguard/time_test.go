// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
)

const hour, day = time.Hour, 24 * time.Hour

func TestAB05EmergencyExpiresAndIsReviewed(t *testing.T) {
	set := Convention()
	e := Emergency{Request: "e.1", State: "XA", Opened: monday, Deciders: []string{"ada", "bob"}}
	judge := func(history []Emergency, at rogatory.Instant, act rogatory.Act) Opinion {
		return set.Judge(e.Facts(history, at, with(calm(act), func(f *Facts) { f.LifeReason = Yes })))
	}
	for _, row := range []struct {
		at      rogatory.Instant
		expired bool
	}{
		{e.Expires().Add(-time.Second), false}, {e.Expires(), true}, {e.Expires().Add(time.Second), true},
	} {
		if o := judge(nil, row.at, rogatory.Accept); slices.Contains(o.Decided(), "emergency_expired") != row.expired || o.Blocked != row.expired {
			t.Errorf("%v after the end: %v", row.at.Sub(e.Expires()), o.Decided())
		}
	}
	// Preserving is open at once, whatever the standing; disclosing takes two, and a person's decision.
	before := Emergency{Request: "e.0", State: "XA", Opened: monday.Add(-10 * day), Deciders: []string{"ada"}}
	if o := judge([]Emergency{before}, monday, rogatory.Preserve); o.Held {
		t.Errorf("preserving is held: %+v", o.Findings)
	}
	if o := judge(nil, monday.Add(hour), rogatory.Offer); !o.Held || o.Blocked || o.Need.People < 2 || !slices.Contains(o.Decided(), "emergency_disclosure") {
		t.Errorf("disclosing: %+v", o)
	}
	// So is accepting a preservation of content in an emergency: by one person, without the sheet, though an earlier
	// emergency was not reviewed. Nobody sees it before two people have decided on a disclosure.
	at := func(act rogatory.Act) Facts {
		f := with(calm(act), func(f *Facts) {
			f.Kind, f.Categories, f.LifeReason, f.Authorised, f.AuthorisedBy = rogatory.Preservation42, []Category{Content}, Yes, No, Nobody
			f.Open = []Question{"legality", "necessity"}
		})
		return e.Facts([]Emergency{before}, monday, f)
	}
	for _, act := range []rogatory.Act{rogatory.Accept, rogatory.Preserve} {
		if o := set.Judge(at(act)); o.Held || o.Need.People != 1 {
			t.Errorf("%s in an emergency: %d people, %+v", act, o.Need.People, o.Findings)
		}
	}
	if o := set.Judge(at(rogatory.DiscloseTraffic)); !o.Blocked || o.Need.People < 2 {
		t.Errorf("what was preserved is disclosed: %+v", o)
	}
	for _, row := range []struct {
		name   string
		change func(*Emergency)
		blocks bool
	}{
		{"not reviewed", func(*Emergency) {}, true},
		{"reviewed", func(e *Emergency) { e.Reviewed, e.Reviewer = e.Opened.Add(day), "cy" }, false},
		{"reviewed late is reviewed", func(e *Emergency) { e.Reviewed, e.Reviewer = e.Opened.Add(5*day), "cy" }, false},
		{"reviewed by who decided it", func(e *Emergency) { e.Reviewed, e.Reviewer = e.Opened.Add(day), "ada" }, true},
		{"reviewed by nobody", func(e *Emergency) { e.Reviewed = e.Opened.Add(day) }, true},
		{"reviewed in the future", func(e *Emergency) { e.Reviewed, e.Reviewer = monday.Add(day), "cy" }, true},
		{"of another State", func(e *Emergency) { e.State = "XB" }, false},
		{"a second before 72 hours", func(e *Emergency) { e.Opened = monday.Add(time.Second - ReviewWithin) }, false},
		{"at 72 hours", func(e *Emergency) { e.Opened = monday.Add(-ReviewWithin) }, true},
		{"itself", func(o *Emergency) { o.Request = "e.1" }, false},
	} {
		other := before
		row.change(&other)
		if o := judge([]Emergency{other}, monday, rogatory.Accept); slices.Contains(o.Decided(), "emergency_unreviewed") != row.blocks {
			t.Errorf("%s: %v", row.name, o.Decided())
		}
	}
	s := Channel([]Emergency{before, e, {Request: "e.2", State: "XA", Opened: monday.Add(-40 * day), Reviewed: monday.Add(-39 * day), Reviewer: "cy"}}, "XA", monday.Add(hour))
	if len(s.Unreviewed) != 1 || len(s.Pending) != 1 || s.Running != 1 || s.Used != 2 {
		t.Errorf("%+v", s)
	}
	if o := set.Judge(Ordinary(with(calm(rogatory.Accept), func(f *Facts) { f.Emergency = Yes }))); o.Held {
		t.Errorf("an ordinary request: %+v", o.Findings)
	}
}

func policy(id, severity, quorum, when string) string {
	return note(id, severity, quorum) + "forbid (principal, action in Action::\"deciding\", resource) when { " + when + " };\n"
}

func setOf(t *testing.T, texts ...string) Set {
	t.Helper()
	s, err := Read([]File{{"n.cedar", []byte(strings.Join(texts, ""))}})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestAB12WhatWeakens(t *testing.T) {
	base := policy("aaa", "hold", "2", "context.subjects > 10") + policy("bbb", "hold", "2", "context.mass")
	old := setOf(t, base)
	for _, row := range []struct {
		name   string
		text   string
		weaker []Changed
	}{
		{"the same", base, nil},
		{"the same with other spaces and a comment", "// nothing\n" + strings.ReplaceAll(base, " when ", "\n\twhen "), nil},
		{"a policy more", base + policy("ccc", "flag", "1", "context.excess"), nil},
		{"raised", strings.Replace(base, "hold", "block", 1), nil},
		{"more people", strings.Replace(base, `"2"`, `"3"`, 1), nil},
		{"other words", strings.Replace(base, "ask the ministry", "ask the court", 1), nil},
		{"a role more", `@roles("decider")` + base, nil},
		{"a policy less", policy("aaa", "hold", "2", "context.subjects > 10"), []Changed{Removed}},
		{"lowered", strings.Replace(base, "hold", "flag", 1), []Changed{SeverityLowered}},
		{"fewer people", strings.Replace(base, `"2"`, `"1"`, 1), []Changed{QuorumLowered}},
		{"a threshold raised", strings.Replace(base, "> 10", "> 1000", 1), []Changed{BodyChanged}},
		{"a threshold lowered cannot be proved to tighten", strings.Replace(base, "> 10", "> 1", 1), []Changed{BodyChanged}},
		{"another scope", strings.Replace(base, "deciding", "asking", 1), []Changed{BodyChanged}},
		{"renamed", strings.Replace(base, "aaa", "aab", 1), []Changed{Removed}},
		{"raised and changed", strings.Replace(strings.Replace(base, "hold", "block", 1), "> 10", "> 1000", 1), []Changed{BodyChanged}},
	} {
		var got []Changed
		for _, c := range Weaker(old, setOf(t, row.text)) {
			got = append(got, c.What)
		}
		if !slices.Equal(got, row.weaker) {
			t.Errorf("%s: %v, want %v", row.name, got, row.weaker)
		}
	}
	if got := Weaker(setOf(t, `@roles("decider")`+base), old); len(got) != 1 || got[0].What != RolesRemoved {
		t.Errorf("a role less: %+v", got)
	}
	if got := Weaker(old, Set{}); len(got) != 3 {
		t.Errorf("nothing left: %+v", got)
	}
}

func TestAB12WeakenThenRequestWithinTheHour(t *testing.T) {
	strict := setOf(t, policy("aaa", "hold", "2", "context.subjects > 10"))
	loose := setOf(t, policy("aaa", "flag", "1", "context.subjects > 10"))
	stricter := setOf(t, policy("aaa", "hold", "2", "context.subjects > 10"), policy("bbb", "hold", "2", "context.subjects > 5"))
	one := []Approval{{"ada", rogatory.Decider, "k1"}}
	two := append(one[:1:1], Approval{"bob", rogatory.DutyOfficer, "k2"})
	at := func(h int) rogatory.Instant { return monday.Add(time.Duration(h) * hour) }
	names := map[rogatory.Digest]string{strict.Digest(): "strict", loose.Digest(): "loose", stricter.Digest(): "stricter", {}: "none"}
	for _, row := range []struct {
		name    string
		history []Edition
		now     rogatory.Instant
		want    string
		waiting int
	}{
		{"before anything", []Edition{{strict, at(1), one}}, at(0), "none", 0},
		{"the first counts at once", []Edition{{strict, at(0), one}}, at(0), "strict", 0},
		{"weakened an hour ago: the old one applies", []Edition{{strict, at(0), one}, {loose, at(10), two}}, at(11), "strict", 1},
		{"a second before the day is over", []Edition{{strict, at(0), one}, {loose, at(10), two}}, at(34).Add(-time.Second), "strict", 1},
		{"after the day", []Edition{{strict, at(0), one}, {loose, at(10), two}}, at(34), "loose", 0},
		{"weakened by one person: never", []Edition{{strict, at(0), one}, {loose, at(10), one}}, at(1000), "strict", 1},
		{"by two of one role: never", []Edition{{strict, at(0), one}, {loose, at(10), []Approval{{"ada", rogatory.Decider, "k1"}, {"cy", rogatory.Decider, "k3"}}}}, at(1000), "strict", 1},
		{"by one person twice: never", []Edition{{strict, at(0), one}, {loose, at(10), []Approval{{"ada", rogatory.Decider, "k1"}, {"ada", rogatory.DutyOfficer, "k2"}}}}, at(1000), "strict", 1},
		{"by one authenticator: never", []Edition{{strict, at(0), one}, {loose, at(10), []Approval{{"ada", rogatory.Decider, "k1"}, {"bob", rogatory.DutyOfficer, "k1"}}}}, at(1000), "strict", 1},
		{"tightened at once", []Edition{{strict, at(0), one}, {stricter, at(10), one}}, at(10), "stricter", 0},
		{"tightened by nobody", []Edition{{strict, at(0), one}, {stricter, at(10), nil}}, at(1000), "strict", 1},
		{"a tightening overtakes a weakening that waits", []Edition{{strict, at(0), one}, {loose, at(10), two}, {stricter, at(20), one}}, at(100), "stricter", 0},
		{"back from loose is a tightening", []Edition{{strict, at(0), one}, {loose, at(10), two}, {strict, at(40), one}}, at(40), "strict", 0},
		{"a date set back wins nothing", []Edition{{strict, at(50), one}, {loose, at(1), two}}, at(51), "strict", 1},
		{"the empty set: never", []Edition{{strict, at(0), one}, {Set{}, at(1), two}}, at(1000), "strict", 1},
	} {
		f := Effective(row.history, row.now)
		if names[f.Set.Digest()] != row.want || len(f.Waiting) != row.waiting {
			t.Errorf("%s: %s is in force and %d wait", row.name, names[f.Set.Digest()], len(f.Waiting))
		}
	}
}

func TestTheBenchSaysWhichRuleDecides(t *testing.T) {
	strict := setOf(t, policy("aaa", "hold", "2", "context.subjects > 10"), policy("bbb", "hold", "2", "context.mass"))
	loose := setOf(t, policy("aaa", "hold", "2", "context.subjects > 100"), policy("ccc", "flag", "1", "context.mass"))
	cases := []Case{
		{"calm", calm(rogatory.Accept)},
		{"fifty people", with(calm(rogatory.Accept), func(f *Facts) { f.Subjects = Number(50) })},
		{"a mass", with(calm(rogatory.Accept), func(f *Facts) { f.Mass = Yes })},
	}
	got := fmt.Sprintf("%+v", Bench(strict, loose, cases))
	want := "[{Case:calm Decided:[] Held:false People:1 Gone:[] Come:[] Milder:false}" +
		" {Case:fifty people Decided:[aaa] Held:true People:2 Gone:[aaa] Come:[] Milder:true}" +
		" {Case:a mass Decided:[bbb] Held:true People:2 Gone:[bbb] Come:[ccc] Milder:true}]"
	if got != want {
		t.Errorf("%s", got)
	}
	for _, r := range Bench(strict, Set{}, cases) {
		if r.Milder || len(r.Gone) > 0 {
			t.Errorf("compared with nothing: %+v", r)
		}
	}
}

const because = "the suspect is at large and would destroy the logs"

func TestAB15AGagEndsByItself(t *testing.T) {
	grant := Grant{By: "ada", Reason: because, From: monday, Until: monday.Add(30 * day)}
	renewed := Grant{By: "ada", Reason: "the second suspect was found and is not arrested yet", From: grant.Until, Until: grant.Until.Add(30 * day)}
	for _, row := range []struct {
		name   string
		grants []Grant
		at     rogatory.Instant
		secret bool
		void   int
	}{
		{"without a grant", nil, monday, false, 0},
		{"from its first moment", []Grant{grant}, monday, true, 0},
		{"a second before its end", []Grant{grant}, grant.Until.Add(-time.Second), true, 0},
		{"at its end", []Grant{grant}, grant.Until, false, 0},
		{"a second after", []Grant{grant}, grant.Until.Add(time.Second), false, 0},
		{"renewed with a reason", []Grant{grant, renewed}, grant.Until.Add(time.Second), true, 0},
		{"without an end", []Grant{{By: "ada", Reason: because, From: monday}}, monday.Add(hour), false, 1},
		{"for ever", []Grant{{By: "ada", Reason: because, From: monday, Until: monday.Add(LongestSecrecy + time.Second)}}, monday.Add(hour), false, 1},
		{"without a reason", []Grant{{By: "ada", Reason: "secret", From: monday, Until: monday.Add(day)}}, monday.Add(hour), false, 1},
		{"by nobody", []Grant{{Reason: because, From: monday, Until: monday.Add(day)}}, monday.Add(hour), false, 1},
	} {
		if s := Secret(row.grants, row.at); s.Secret != row.secret || len(s.Void) != row.void {
			t.Errorf("%s: %+v", row.name, s)
		}
	}
	if s := Secret([]Grant{grant, renewed}, monday); s.Until != renewed.Until || len(s.Repeated) > 0 {
		t.Errorf("%+v", s)
	}
	renewed.Reason = strings.ToUpper(because)
	if s := Secret([]Grant{grant, renewed}, monday); len(s.Repeated) != 1 {
		t.Errorf("renewed with the same words: %+v", s)
	}
}

func TestAB15TheNoticeComesOrSomebodySaysWhyNot(t *testing.T) {
	due := monday.Add(30 * day)
	put := Postponement{By: "ada", Why: because, At: monday.Add(29 * day), Until: due.Add(60 * day)}
	for _, row := range []struct {
		name string
		n    SubjectNotice
		at   rogatory.Instant
		want NoticeState
		void int
	}{
		{"waits", SubjectNotice{Due: due}, due.Add(-time.Second), NoticeWaits, 0},
		{"is due", SubjectNotice{Due: due}, due, NoticeDue, 0},
		{"is put off", SubjectNotice{Due: due, Postponed: []Postponement{put}}, due.Add(day), NoticePostponed, 0},
		{"is due after that", SubjectNotice{Due: due, Postponed: []Postponement{put}}, put.Until, NoticeDue, 0},
		{"is not put off without a reason", SubjectNotice{Due: due, Postponed: []Postponement{{"ada", "busy", put.At, put.Until}}}, due, NoticeDue, 1},
		{"is not put off by nobody", SubjectNotice{Due: due, Postponed: []Postponement{{"", because, put.At, put.Until}}}, due, NoticeDue, 1},
		{"is not put off for ever", SubjectNotice{Due: due, Postponed: []Postponement{{"ada", because, put.At, put.At.Add(LongestPostponing + time.Second)}}}, due, NoticeDue, 1},
		{"was told", SubjectNotice{Due: due, Told: due.Add(hour)}, due.Add(day), NoticeTold, 0},
		{"can never be told, and why", SubjectNotice{Due: due, Impossible: "nobody knows who stands behind the address"}, due.Add(day), NoticeNever, 0},
		{"cannot be dropped with a word", SubjectNotice{Due: due, Impossible: "unknown"}, due.Add(day), NoticeDue, 0},
	} {
		if got, _, void := row.n.At(row.at); got != row.want || len(void) != row.void {
			t.Errorf("it %s: %s, %v", row.name, got, void)
		}
	}
}

func TestASuspensionIsReasonedReviewedAndLifted(t *testing.T) {
	two := []Approval{{"ada", rogatory.Decider, "k1"}, {"bob", rogatory.DutyOfficer, "k2"}}
	s := Suspension{State: "XA", Reason: "three requests in a row aimed at journalists in exile", By: two, From: monday, Review: monday.Add(90 * day)}
	change := func(f func(*Suspension)) []Suspension { c := s; f(&c); return []Suspension{c} }
	for _, row := range []struct {
		name      string
		history   []Suspension
		at        rogatory.Instant
		suspended bool
		overdue   bool
	}{
		{"before", []Suspension{s}, monday.Add(-time.Second), false, false},
		{"from then on", []Suspension{s}, monday, true, false},
		{"a review that is overdue lifts nothing", []Suspension{s}, s.Review, true, true},
		{"reviewed and kept", change(func(s *Suspension) {
			s.Reviewed = []Review{{"cy", "nothing has changed since, as the annual report says", s.Review.Add(-day), s.Review.Add(90 * day)}}
		}), s.Review.Add(day), true, false},
		{"lifted", change(func(s *Suspension) {
			s.Lifted = &Lifting{two, "the three requests were withdrawn and explained", monday.Add(day)}
		}), monday.Add(2 * day), false, false},
		{"lifted by one", change(func(s *Suspension) {
			s.Lifted = &Lifting{two[:1], "the three requests were withdrawn and explained", monday.Add(day)}
		}), monday.Add(2 * day), true, false},
		{"by one", change(func(s *Suspension) { s.By = two[:1] }), monday, false, false},
		{"without a reason", change(func(s *Suspension) { s.Reason = "abuse" }), monday, false, false},
		{"without a review", change(func(s *Suspension) { s.Review = 0 }), monday, false, false},
		{"of another State", change(func(s *Suspension) { s.State = "XB" }), monday, false, false},
	} {
		if on, overdue := Suspended(row.history, "XA", row.at); on != row.suspended || overdue != row.overdue {
			t.Errorf("%s: %v, overdue %v", row.name, on, overdue)
		}
	}
}

// An answer of ten rows, three of which nobody asked for.
const answer = `time,account,peer,kind
2026-11-02T01:00:00Z,ada@mail.example,x,login
2026-11-02T02:00:00Z,ADA@mail.example,x,login
2026-11-09T03:00:00Z,ada@mail.example,x,login
2026-11-02T04:00:00Z,bob@mail.example,x,login
2026-11-02T05:00:00Z,ada@mail.example,x,message
2026-11-02T06:00:00Z,bob@mail.example,ada+1@mail.example,login
2026-11-03T00:00:00Z,ada@mail.example,x,login
1793590000,ada@mail.example,x,login
2026-11-02T08:00:00Z,"ada@mail.example","x, y",login
2026-11-02T09:00:00Z,ada@mail.example,x,login
`

func TestAB17ExcessIsQuarantined(t *testing.T) {
	scope := Scope{Period: rogatory.Term{From: monday, To: monday.Add(day)}, Identifiers: []string{"Ada@mail.example"}, Kinds: []string{"login"}}
	columns := Columns{Time: "time", Identifiers: []string{"account", "peer"}, Kind: "kind"}
	asLines := func(csvText string) string {
		var b strings.Builder
		for _, l := range strings.Split(strings.TrimSpace(csvText), "\n")[1:] {
			f := strings.Split(strings.ReplaceAll(strings.ReplaceAll(l, `"x, y"`, "xy"), `"`, ""), ",")
			fmt.Fprintf(&b, "{\"time\":%q,\"account\":%q,\"peer\":%q,\"kind\":%q}\n", f[0], f[1], f[2], f[3])
		}
		return b.String()
	}
	for format, text := range map[Format]string{CSV: answer, JSONLines: asLines(answer)} {
		r, err := Excess(scope, columns, format, strings.NewReader(text))
		if err != nil || r.Rows != 10 || r.Outside != 3 || r.Share() != 300 || !r.Quarantined() {
			t.Errorf("%s: %+v, %v", format, r, err)
		}
		want := []RowNote{{3, []Outside{WrongTime}}, {4, []Outside{WrongIdentifier}}, {5, []Outside{WrongKind}}}
		if fmt.Sprint(r.Notes) != fmt.Sprint(want) {
			t.Errorf("%s: %v", format, r.Notes)
		}
		if strings.Contains(fmt.Sprint(r), "bob") {
			t.Error("the report repeats what nobody may see")
		}
	}
	clean := strings.Join(slices.DeleteFunc(strings.SplitAfter(answer, "\n"), func(l string) bool {
		return strings.HasPrefix(l, "2026-11-09") || strings.Contains(l, "bob@mail.example,x") || strings.Contains(l, "message")
	}), "")
	if r, err := Excess(scope, columns, CSV, strings.NewReader(clean)); err != nil || r.Rows != 7 || r.Quarantined() {
		t.Errorf("an answer as asked: %+v, %v", r, err)
	}
	o := Convention().Judge(with(calm(rogatory.Offer), func(f *Facts) { f.Excess = Yes }))
	if !o.Held || !slices.Contains(o.Decided(), "excess") {
		t.Errorf("%+v", o)
	}
}

func TestAB17WhatCannotBeToldIsOutside(t *testing.T) {
	scope := Scope{Period: rogatory.Term{From: monday, To: monday.Add(day)}, Identifiers: []string{"203.0.113.0/29"}}
	columns := Columns{Time: "t", Identifiers: []string{"who.ip"}}
	for _, row := range []struct {
		name, line string
		outside    int64
	}{
		{"within", `{"t":"2026-11-02T01:00:00Z","who":{"ip":"203.0.113.3"}}`, 0},
		{"seconds", `{"t":1793581200,"who":{"ip":"203.0.113.3"}}`, 0},
		{"milliseconds", `{"t":1793581200000,"who":{"ip":"::ffff:203.0.113.3"}}`, 0},
		{"another address", `{"t":"2026-11-02T01:00:00Z","who":{"ip":"203.0.113.9"}}`, 1},
		{"no time", `{"who":{"ip":"203.0.113.3"}}`, 1},
		{"a time without a zone", `{"t":"2026-11-02 01:00:00","who":{"ip":"203.0.113.3"}}`, 1},
		{"no address", `{"t":"2026-11-02T01:00:00Z","who":{}}`, 1},
		{"a list", `{"t":"2026-11-02T01:00:00Z","who":[1]}`, 1},
		{"no object", `[1]`, 1},
		{"null", `null`, 1},
		{"broken", `{"t":`, 1},
	} {
		r, err := Excess(scope, columns, JSONLines, strings.NewReader("\n"+row.line+"\n\n"))
		if err != nil || r.Rows != 1 || r.Outside != row.outside {
			t.Errorf("%s: %+v, %v", row.name, r, err)
		}
	}
	for _, row := range []struct {
		name string
		err  func() error
		code string
	}{
		{"a format that is none", func() error { _, err := Excess(scope, columns, "xml", nil); return err }, "answer_format"},
		{"no column for the time", func() error { _, err := Excess(scope, Columns{Identifiers: []string{"a"}}, CSV, nil); return err }, "answer_columns"},
		{"a column twice", func() error {
			_, err := Excess(scope, Columns{Time: "t", Identifiers: []string{"a"}}, CSV, strings.NewReader("t,a,a\n"))
			return err
		}, "answer_unreadable"},
		{"nothing", func() error {
			_, err := Excess(scope, Columns{Time: "t", Identifiers: []string{"a"}}, CSV, strings.NewReader(""))
			return err
		}, "answer_unreadable"},
		{"a row of two MiB", func() error {
			_, err := Excess(scope, columns, JSONLines, strings.NewReader(`{"t":"`+strings.Repeat("x", 2*MaxRow)))
			return err
		}, "answer_unreadable"},
		{"a quoted field without end", func() error {
			_, err := Excess(scope, Columns{Time: "t", Identifiers: []string{"a"}}, CSV, strings.NewReader("t,a\n\""+strings.Repeat("x\n", MaxRow)))
			return err
		}, "answer_unreadable"},
		{"a reader that fails", func() error {
			_, err := Excess(scope, Columns{Time: "t", Identifiers: []string{"a"}}, CSV, io.MultiReader(strings.NewReader("t,a\n"), failing{}))
			return err
		}, "answer_unreadable"},
	} {
		if err := row.err(); rogatory.CodeOf(err) != row.code {
			t.Errorf("%s: %v", row.name, err)
		}
	}
	r, err := Excess(scope, Columns{Time: "t", Identifiers: []string{"a"}}, CSV, strings.NewReader("t,a\n2026-11-02T01:00:00Z\n2026-11-02T01:00:00Z,203.0.113.3,more\n"))
	if err != nil || r.Outside != 2 || r.Reasons[Unreadable] != 2 {
		t.Errorf("rows of another width: %+v, %v", r, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the disk failed") }

// endless gives the same row for as long as anybody reads, and remembers how much memory was in use meanwhile.
type endless struct {
	row, rest  []byte
	left, most uint64
}

func (e *endless) Read(p []byte) (n int, err error) {
	for n < len(p) && (len(e.rest) > 0 || e.left > 0) {
		if len(e.rest) > 0 {
			k := copy(p[n:], e.rest)
			n, e.rest = n+k, e.rest[k:]
			continue
		}
		e.left--
		e.rest = e.row
		if e.left%20_000 == 0 {
			var m runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&m)
			e.most = max(e.most, m.HeapAlloc)
		}
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestAB17MemoryDoesNotGrowWithTheAnswer(t *testing.T) {
	const rows = 80_000
	used := func(rows uint64) uint64 {
		e := &endless{row: []byte("1,bob@mail.example\n"), left: rows}
		r, err := Excess(Scope{Identifiers: []string{"ada@mail.example"}}, Columns{Identifiers: []string{"a"}}, CSV, io.MultiReader(strings.NewReader("t,a\n"), e))
		if err != nil || r.Rows != int64(rows) || r.Outside != r.Rows || len(r.Notes) != MaxNotes {
			t.Fatalf("%d rows, %d notes, %v", r.Rows, len(r.Notes), err)
		}
		return e.most
	}
	few, all := used(20_000), used(rows)
	if all > few+1<<20 {
		t.Errorf("%d bytes in use for 20,000 rows, %d for %d", few, all, rows)
	}
}

func FuzzExcess(f *testing.F) {
	f.Add([]byte(answer), true)
	f.Add([]byte(`{"time":1,"account":"ada@mail.example"}`), false)
	f.Add([]byte("a,\"b\nc"), true)
	scope := Scope{Period: rogatory.Term{From: monday, To: monday.Add(day)}, Identifiers: []string{"ada@mail.example"}, Kinds: []string{"login"}}
	columns := Columns{Time: "time", Identifiers: []string{"account"}, Kind: "kind"}
	f.Fuzz(func(t *testing.T, data []byte, csv bool) {
		format := JSONLines
		if csv {
			format = CSV
		}
		r, _ := Excess(scope, columns, format, bytes.NewReader(data))
		if r.Outside > r.Rows || r.Rows > int64(len(data)) || r.Quarantined() != (r.Outside > 0) {
			t.Fatalf("%+v", r)
		}
	})
}
