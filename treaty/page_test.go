// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rogatory"
)

// The pages under docs that are drawn from the rules, and the one that is written by hand and held
// against the Convention's articles.

var (
	dutyWords = map[Duty]string{Shall: "shall", Endeavour: "shall endeavour", Consider: "shall consider or may", Agreement: "only as the two States have agreed", Own: "none: an offer of the sending State"}
	servesAny = map[Offences]string{AnyOffence: "Serves an offence of Articles 7 to 17, or a serious crime.", ConventionOffence: "Serves offences of the Convention only.", NoOffence: "Needs no offence."}
	mark      = map[bool]string{true: "verified by a jurist", false: "not yet verified by a jurist"}
)

type page struct{ bytes.Buffer }

func (p *page) say(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// list names codes; none says what there is instead.
func list[T ~string](all []T, none string) string {
	if len(all) == 0 {
		return none
	}
	var s []string
	for _, one := range all {
		s = append(s, "`"+string(one)+"`")
	}
	return strings.Join(s, ", ")
}

// kindsPage is the rules as an officer reads them.
func kindsPage(r *Rules) []byte {
	p := &page{}
	p.say("# Kinds of request")
	p.say("")
	p.say("Drawn from `treaty/data/kinds.json`, version %s, by `go test ./treaty -run Pages -update`; a test fails", r.Version)
	p.say("when the two differ. Articles are those of the UN Convention against Cybercrime. A rule that is not")
	p.say("yet verified was not yet compared with the official text by a jurist. What decides is in the")
	p.say("[matrix](matrix.md); what is done with each article, in [the Convention](convention.md).")
	p.say("")
	for _, k := range r.Kinds {
		p.say("- [%s](#%s) (`%s`, Art %s)", k.Title, anchor(k.Title), k.ID, k.Article)
	}
	p.say("- [Drills](#drills)")
	p.say("- [Channels](#channels)")
	for _, k := range r.Kinds {
		p.say("")
		p.kind(r, k)
	}
	p.say("")
	p.drill(r.Drill)
	p.say("")
	p.say("## Channels")
	p.say("")
	p.say("Ways other than this network, on which a request is recorded by hand.")
	p.say("")
	p.say("| channel | | article | written confirmation |")
	p.say("|---|---|---|---|")
	for _, id := range slices.Sorted(maps.Keys(r.Channels)) {
		c := r.Channels[id]
		confirm := "is in writing"
		if c.ConfirmHours > 0 {
			confirm = fmt.Sprintf("due within %d hours", c.ConfirmHours)
		}
		p.say("| `%s` | %s | %s | %s |", id, c.Title, c.Article, confirm)
	}
	return p.Bytes()
}

// anchor is how Markdown viewers name a heading.
func anchor(title string) string {
	keep := func(c rune) rune {
		if c == ' ' || c == '-' || c >= 'a' && c <= 'z' || c >= '0' && c <= '9' {
			return c
		}
		return -1
	}
	return strings.ReplaceAll(strings.Map(keep, strings.ToLower(title)), " ", "-")
}

func (p *page) kind(r *Rules, k Kind) {
	p.say("## %s", k.Title)
	p.say("")
	p.say("`%s`, Art %s, %s. %s", k.ID, k.Article, mark[k.Verified], servesAny[k.Offences])
	if len(k.Only) > 0 {
		p.say("Of these, only Articles %s.", strings.Join(k.Only, " and "))
	}
	switch {
	case k.MayFollow == rogatory.Preservation42:
		p.say("May follow a `%s` request, which it then holds until it is decided.", k.MayFollow)
	case k.MayFollow != "":
		p.say("May follow a `%s` request.", k.MayFollow)
	}
	if k.PreserveDays > 0 {
		p.say("Data are preserved for at least %d days (Art %s).", k.PreserveDays, k.PreserveArticle)
	}
	if k.Urgent {
		p.say("Goes before other traffic.")
	}
	if k.Mutual {
		p.say("Both States may hand over exhibits.")
	}
	if k.Marking != "" {
		p.say("Marked: %s.", k.Marking)
	}
	for _, c := range []struct {
		need Need
		what string
	}{{k.Term, "from when to when it is asked for"}, {k.Payments, "the way of the money"}, {k.Fingerprints, "digests, and never what they are digests of"}} {
		if c.need != "" {
			p.say("Carries %s (%s).", c.what, c.need)
		}
	}
	p.say("")
	p.say("| field | needed | what it says | article |")
	p.say("|---|---|---|---|")
	row := func(f, needed string) {
		p.say("| `%s` | %s | %s | %s |", f, needed, r.Fields[f].Label, r.Fields[f].Article)
	}
	for _, f := range k.Required {
		needed := "yes"
		for _, part := range k.Parts {
			if slices.Contains(part.Without, f) {
				needed += ", but for `" + part.ID + "`"
			}
		}
		row(f, needed)
	}
	for _, f := range k.Optional {
		needed := ""
		for _, a := range slices.Sorted(maps.Keys(k.RequiredFor)) {
			if slices.Contains(k.RequiredFor[a], f) {
				needed = "for Art " + a
			}
		}
		row(f, needed)
	}
	for _, part := range k.Parts {
		p.say("| **`%s`** | | **%s** | %s |", part.ID, part.Title, part.Article)
		for _, f := range part.Required {
			row(f, "yes")
		}
		for _, f := range part.Optional {
			row(f, "")
		}
	}
	for _, act := range slices.Sorted(maps.Keys(k.Details)) {
		p.say("")
		p.say("The act `%s` says %s; it may say %s.", act, list(k.Details[act].Required, "nothing"), list(k.Details[act].Optional, "nothing else"))
	}
	p.say("")
	p.say("Acts beyond those of every request: %s.", list(k.Acts, "none"))
	p.measure(k)
}

func (p *page) drill(k *Kind) {
	p.say("## Drills")
	p.say("")
	p.say("`%s`, Art %s, %s. A test of a State's point of contact by another's, and no request: it serves no offence, has", k.ID, k.Article, mark[k.Verified])
	p.say("no field and carries nothing of a case. Goes before other traffic. Marked: %s.", k.Marking)
	p.say("")
	p.say("Its acts: %s.", list(drillActs, "none"))
}

func (p *page) measure(k Kind) {
	if k.Measure == nil {
		return
	}
	number := func(n int) string {
		if n == 0 {
			return "-"
		}
		return strconv.Itoa(n)
	}
	p.say("")
	p.say("| law of | hours | each extension | extensions | hearing | article | whose number |")
	p.say("|---|---|---|---|---|---|---|")
	row := func(state string, m Bounds) {
		p.say("| %s | %s | %s | %s | %s | %s | %s |", state, number(m.Hours), number(m.ExtensionHours), number(m.Extensions), number(m.HearingHours), m.Article, m.Basis)
	}
	row("any State", *k.Measure)
	for _, code := range slices.Sorted(maps.Keys(k.Measure.National)) {
		row(string(code), k.Measure.National[code])
	}
}

// matrixPage is what decides: who, how it may end, on which grounds, what must precede, which clocks.
func matrixPage(r *Rules) []byte {
	p := &page{}
	p.say("# Kind, outcome, ground")
	p.say("")
	p.say("Drawn from `treaty/data/kinds.json`, version %s, by `go test ./treaty -run Pages -update`; a test fails", r.Version)
	p.say("when the two differ. It is to be reviewed like code: a changed cell is a changed right or duty. The fields")
	p.say("of each kind are in [kinds](kinds.md).")
	p.say("")
	p.say("## Kinds")
	p.say("")
	p.say("| kind | article | duty | sent by | received by | serves | list of grounds |")
	p.say("|---|---|---|---|---|---|---|")
	closed := map[bool]string{true: "closed", false: "open"}
	for _, k := range r.Kinds {
		serves := map[Offences]string{AnyOffence: "Arts 7 to 17, serious crime", ConventionOffence: "Arts 7 to 17", NoOffence: "no offence needed"}[k.Offences]
		if len(k.Only) > 0 {
			serves = "Arts " + strings.Join(k.Only, ", ")
		}
		p.say("| [`%s`](#%s) | %s | %s | %s | %s | %s | %s (Art %s) |", k.ID, k.ID, k.Article, dutyWords[k.Duty], list(k.Senders, ""), list(k.Receivers, ""), serves, closed[k.Closed], k.RefuseArticle)
	}
	for _, k := range r.Kinds {
		p.say("")
		p.decides(r, k)
	}
	p.say("")
	p.say("## Grounds")
	p.say("")
	p.say("| code | ground | article | before it | with it | text |")
	p.say("|---|---|---|---|---|---|")
	for _, id := range slices.Sorted(maps.Keys(r.Grounds)) {
		g := r.Grounds[id]
		with := "reasons"
		if len(g.Outcomes) > 0 {
			with += "; what is done instead: " + list(g.Outcomes, "")
		}
		p.say("| `%s` | %s | %s | %s | %s | %s |", id, g.Text, g.Article, map[bool]string{true: "consultation"}[g.Consult], with, mark[g.Verified])
	}
	p.say("")
	p.say("## Never a ground")
	p.say("")
	p.say("| code | reason | article | text |")
	p.say("|---|---|---|---|")
	for _, id := range slices.Sorted(maps.Keys(r.Never)) {
		p.say("| `%s` | %s | %s | %s |", id, r.Never[id].Text, r.Never[id].Article, mark[r.Never[id].Verified])
	}
	p.say("")
	p.say("## Outcomes")
	p.say("")
	p.say("| code | what it says |")
	p.say("|---|---|")
	for _, id := range slices.Sorted(maps.Keys(r.Outcomes)) {
		p.say("| `%s` | %s |", id, r.Outcomes[id])
	}
	return p.Bytes()
}

func (p *page) decides(r *Rules, k Kind) {
	p.say("## %s", k.ID)
	p.say("")
	p.say("%s, Art %s, %s.", k.Title, k.Article, mark[k.Verified])
	p.say("")
	p.say("| outcome | how | on | before it | article |")
	p.say("|---|---|---|---|---|")
	before := "acceptance"
	if k.Allows(rogatory.Offer) {
		before += ", and agreement to its conditions before an exhibit is offered"
	}
	for _, o := range k.Outcomes {
		p.say("| `%s` | `execute` | | %s | 40(28) |", o, before)
	}
	if k.PreserveDays > 0 {
		p.say("| preserved | `preserve` | | acceptance; an answered warning, if one was given | %s |", k.PreserveArticle)
	}
	if k.Measure != nil {
		before := "its end, by itself; or a decision"
		if slices.Contains(k.Acts, rogatory.Hear) {
			before = "its end, by itself; before that a request to lift it, or a hearing of the requesting State (Art 50(8))"
		}
		p.say("| in force | `start` | | acceptance, and agreement to its conditions; a hard end | %s |", k.Measure.Article)
		p.say("| ended | `stop` | | %s | %s |", before, k.Measure.Article)
	}
	for _, g := range k.Refuse {
		p.ground(r, k, "refused", g)
	}
	for _, g := range k.Postpone {
		p.ground(r, k, "postponed", g)
	}
	if len(k.Postpone) == 0 {
		p.say("| postponed | | no ground | | |")
	}
	for _, g := range k.Never {
		p.say("| never refused | | `%s` | | %s |", g, r.Never[g].Article)
	}
	p.say("")
	p.say("| clock | from | time limit | stopped by | article |")
	p.say("|---|---|---|---|---|")
	for _, c := range k.Clocks {
		p.say("| %s | `%s` | `%s` | %s | %s |", c.Name, c.From, c.Rule, list(c.Until, ""), c.Article)
	}
}

func (p *page) ground(r *Rules, k Kind, end string, id rogatory.Ground) {
	g := r.Grounds[id]
	before, act, reasons := "reasons (Art "+k.reasonsArticle()+")", "`refuse`", ""
	if end == "postponed" {
		before, act = before+", a date of review", "`postpone`"
	}
	if g.Consult {
		before = "consultation (Art " + k.consultArticle() + "), " + before
	}
	if g.OutsideOnly {
		before += ", no Convention offence"
	}
	if len(g.Outcomes) > 0 {
		reasons = ", with " + list(g.Outcomes, "")
	}
	p.say("| %s%s | %s | `%s` | %s | %s |", end, reasons, act, id, before, g.Article)
}

func TestPagesAreDrawn(t *testing.T) {
	r := Convention()
	for name, want := range map[string][]byte{"../docs/kinds.md": kindsPage(r), "../docs/matrix.md": matrixPage(r)} {
		if *update {
			if err := os.WriteFile(name, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		have, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have, want) {
			t.Errorf("%s is not what the rules say any more: run go test ./treaty -run Pages -update", name)
		}
	}
}

// The page about the Convention has one row for each of its 68 articles, in order, and each says where.
func TestEveryArticleHasARow(t *testing.T) {
	text, err := os.ReadFile("../docs/convention.md")
	if err != nil {
		t.Fatal(err)
	}
	next := 1
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) < 3 {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSpace(cells[1]))
		if err != nil {
			continue // the head of a table
		}
		if n != next {
			t.Fatalf("after article %d comes %d", next-1, n)
		}
		next++
		if len(cells) != 8 {
			t.Errorf("article %d has %d cells: %q", n, len(cells)-2, line)
			continue
		}
		for i, what := range []string{"subject", "what is implemented", "where", "what is left to national law", "what is not done"} {
			if strings.TrimSpace(cells[i+2]) == "" {
				t.Errorf("article %d says nothing of %s", n, what)
			}
		}
	}
	if next != rogatory.LastArticle+1 {
		t.Errorf("the page ends with article %d", next-1)
	}
	// Every kind is named where its article is.
	for _, k := range Convention().Kinds {
		if !bytes.Contains(text, []byte("`"+string(k.ID)+"`")) {
			t.Errorf("the page does not name the kind %s", k.ID)
		}
	}
}
