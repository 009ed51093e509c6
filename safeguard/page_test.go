// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rogatory"
	"rogatory/datafile"
	"rogatory/language"
)

var update = flag.Bool("update", false, "write the tables of docs/safeguards.md anew")

const (
	pageFile = "../docs/safeguards.md"
	mark     = "<!-- drawn from data by go test ./safeguard -run Page -update -->\n"
)

// tables are what the page shows of the data.
func tables() string {
	var p bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&p, format+"\n", args...) }
	en := language.Load().Locale(language.Base)
	say("\n## The policies\n")
	say("The Convention's own set, digest `%s`. None was compared with the official text by a jurist yet.\n", Convention().Digest())
	say("| policy | article | severity | people | what people are told |")
	say("|---|---|---|---|---|")
	for _, policy := range Convention().Policies() {
		say("| `%s` | %s | %s | %d | %s |", policy.ID, policy.Article, policy.Severity, policy.Quorum, en.T(policy.Advice))
	}
	form := TheForm()
	say("\n## The review sheet\n")
	say("Version %s. Every answer is yes, no or not applicable, with a reason of at least %d words.\n", form.Version, MinWords)
	say("| question | article | calls for a person when | demanded for | verified |")
	say("|---|---|---|---|---|")
	for _, q := range form.Questions {
		var when []string
		for _, k := range q.Kinds {
			when = append(when, "`"+string(k)+"`")
		}
		for _, c := range q.Categories {
			when = append(when, string(c)+" data")
		}
		if q.Search {
			when = append(when, "a search")
		}
		if len(when) == 0 {
			when = []string{"every kind"}
		}
		say("| %s | %s | %s | %s | %s |", en.T("safeguard.ask."+string(q.ID)), q.Article, q.Concern, strings.Join(when, ", "), map[bool]string{true: "yes", false: "no"}[q.Verified])
	}
	say("\nIt is signed before these acts:\n")
	say("| acts | kinds | article | verified |")
	say("|---|---|---|---|")
	names := func(all []rogatory.RequestKind) string {
		var quoted []string
		for _, k := range all {
			quoted = append(quoted, "`"+string(k)+"`")
		}
		return strings.Join(quoted, ", ")
	}
	for _, b := range form.Before {
		of := "every kind"
		switch {
		case len(b.Except) > 0:
			of = "every kind but " + names(b.Except)
		case len(b.Kinds) > 0:
			of = names(b.Kinds)
		}
		if b.Search {
			of += ", a search"
		}
		var acts []string
		for _, a := range b.Acts {
			acts = append(acts, "`"+string(a)+"`")
		}
		say("| %s | %s | %s | %s |", strings.Join(acts, ", "), of, b.Article, map[bool]string{true: "yes", false: "no"}[b.Verified])
	}
	say("\n## Abuse\n")
	say("What somebody would do, what stands against it, the tests that try it, and what is left.\n")
	say("| | abuse | answer | tests | not prevented |")
	say("|---|---|---|---|---|")
	for _, a := range Abuses() {
		var tests []string
		for _, test := range a.Tests {
			tests = append(tests, "`"+strings.Replace(test, "#", "` ", 1))
		}
		if a.Pending != "" {
			tests = append(tests, "pending: "+a.Pending)
		}
		say("| %s | %s | %s | %s | %s |", a.ID, a.Abuse, a.Answer, strings.Join(tests, ", "), a.Limit)
	}
	say("\n## What critics ask for\n")
	say("From the public statements listed in the research notes; where it says to be checked, their text was not read yet.\n")
	words := map[Built]string{InOffice: "in the office", AsRule: "as a rule, not yet asked for by the office", Partly: "partly", NotBuilt: "no"}
	say("| | asked for | by | built | where | note |")
	say("|---|---|---|---|---|---|")
	for _, f := range Features() {
		var where []string
		for _, w := range f.Where {
			where = append(where, "`"+strings.Replace(w, "#", "` ", 1)+map[bool]string{true: "", false: "`"}[strings.Contains(w, "#")])
		}
		say("| %d | %s | %s | %s | %s | %s |", f.Number, f.Asked, f.By, words[f.State], strings.Join(where, ", "), f.Note)
	}
	return p.String()
}

func TestPageShowsTheData(t *testing.T) {
	page, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	head, old, ok := strings.Cut(string(page), mark)
	if !ok {
		t.Fatalf("%s has lost its mark", pageFile)
	}
	want := tables()
	if *update {
		if err := os.WriteFile(pageFile, []byte(head+mark+want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if old != want {
		t.Errorf("%s is not what the data say any more: run go test ./safeguard -run Page -update", pageFile)
	}
}

// What the list says is there is there.
func TestFeaturesAreWhereTheyAreSaidToBe(t *testing.T) {
	all := Features()
	if len(all) != 35 {
		t.Errorf("%d features, critics ask for 35", len(all))
	}
	for _, f := range all {
		for _, w := range f.Where {
			path, test, named := strings.Cut(w, "#")
			if _, err := os.Stat(filepath.Join("..", path)); err != nil {
				t.Errorf("%d: there is no %s", f.Number, path)
				continue
			}
			if !named {
				continue
			}
			files, _ := filepath.Glob(filepath.Join("..", path, "*_test.go"))
			found := false
			for _, name := range files {
				data, err := os.ReadFile(name)
				found = found || err == nil && bytes.Contains(data, []byte("func "+test+"("))
			}
			if !found {
				t.Errorf("%d: %s has no %s", f.Number, path, test)
			}
		}
	}
}

// The cases of the bench are the stories of the policies.
func TestPageOfTheBench(t *testing.T) {
	all, told := []Case{{"calm", calm("accept")}}, stories()
	for _, p := range Convention().Policies() {
		all = append(all, Case{p.ID, with(calm(told[p.ID].act), told[p.ID].change)})
	}
	want, err := datafile.Encode(all)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("data/cases.json", want, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(casesFile, want) {
		t.Error("data/cases.json is not what the stories say any more: run go test ./safeguard -run Page -update")
	}
	for i, r := range Bench(Convention(), Set{}, TheCases()) {
		if i == 0 && len(r.Decided) > 0 || i > 0 && !slices.Contains(r.Decided, r.Case) {
			t.Errorf("%s is decided by %v", r.Case, r.Decided)
		}
	}
	for name, text := range map[string]string{
		"twice":      `[{"name":"a","facts":{}},{"name":"a","facts":{}}]`,
		"no name":    `[{"name":"","facts":{}}]`,
		"an unknown": `[{"name":"a","facts":{"smell":"yes"}}]`,
		"a negative": `[{"name":"a","facts":{"subjects":-1}}]`,
		"no list":    `{}`,
	} {
		if got, err := ReadCases("c.json", []byte(text)); err == nil || got != nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}
