// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write docs/offences.md anew")

// printed is the catalogue as a jurist reads it.
func printed(c *Catalogue) []byte {
	var b bytes.Buffer
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	mark := map[bool]string{true: "yes", false: "no"}
	say("# Offences")
	say("")
	say("Drawn from `treaty/offence/data/offences.json`, version %s, by `go test ./treaty/offence -run Page -update`; a", c.Version)
	say("test fails when the two differ. Articles are those of the UN Convention against Cybercrime; the words are ours.")
	say("Verified means read in an official text of the Convention; what is not was not yet compared with it.")
	say("")
	say("Of each offence all that is needed has to be shown, one of the alternatives where there are any, and those")
	say("options that the requested State's law requires. Conduct is compared, not its name (Art 35(3)); what the facts do")
	say("not speak of is open. An exclusion is a warning and never changes the outcome. A comparison ends with")
	say("*met*, *not met* or *unclear*, and a person decides.")
	for _, o := range c.Offences {
		say("")
		say("## Article %s: %s", o.Article, o.Title)
		say("")
		say("| | element | what it says | article | verified |")
		say("|---|---|---|---|---|")
		row := func(what string, id ElementID, article, note string, verified bool) {
			text := c.Elements[id].Text
			if note != "" {
				text += " (" + note + ")"
			}
			say("| %s | `%s` | %s | %s | %s |", what, id, text, article, mark[verified])
		}
		for _, r := range o.Elements {
			row("needed", r.ID, r.Article, r.Note, r.Verified)
		}
		for _, a := range o.Alternatives {
			note := map[string]string{
				"fixed":          "no reservation on it: Art " + a.RuleArticle,
				"separate":       "may be an offence of its own",
				"basic_concepts": "as far as a legal system's basic concepts allow",
			}[a.Rule]
			row("one of", a.Element, a.Article, note, a.Verified)
		}
		for _, r := range o.Options {
			row("a Party may require", r.ID, r.Article, r.Note, r.Verified)
		}
		for _, e := range o.Extensions {
			row("a Party may accept instead of `"+string(e.Replaces)+"`", e.ID, e.Article, "", e.Verified)
		}
		for _, e := range o.Exclusions {
			row(map[string]string{"convention": "excluded", "party": "a Party may exclude"}[e.By], e.ID, e.Article, "", e.Verified)
		}
		if len(o.Care) > 0 {
			say("")
			for _, n := range o.Care {
				say("- %s (Art %s; verified: %s)", n.Text, n.Article, mark[n.Verified])
			}
		}
	}
	say("")
	say("## For all offences")
	say("")
	say("| article | rule | what it says | verified |")
	say("|---|---|---|---|")
	say("| %s | Serious crime | %s | %s |", c.SeriousCrime.Article, c.SeriousCrime.Text, mark[c.SeriousCrime.Verified])
	for _, g := range c.General {
		say("| %s | %s | %s | %s |", g.Article, g.Title, g.Text, mark[g.Verified])
	}
	for _, f := range c.Forms {
		who := "a Party may make it an offence"
		if f.Mandatory {
			who = "an offence everywhere"
		}
		say("| %s | %s | %s; %s | %s |", f.Article, f.ID, f.Text, who, mark[f.Verified])
	}
	say("")
	say("## The Budapest Convention (ETS 185)")
	say("")
	say("| article | Budapest | difference that matters | verified |")
	say("|---|---|---|---|")
	for _, p := range c.Counterparts {
		say("| %s | %s | %s | %s |", p.Article, p.Budapest, p.Difference, mark[p.Verified])
	}
	say("")
	say("## Whether dual criminality may be looked at")
	say("")
	say("| kinds of request | rule | article | what it says | verified |")
	say("|---|---|---|---|---|")
	rules := map[string]string{ruleNo: "no", ruleMay: "it may", ruleRequired: "it has to", ruleReserved: "only under the reservation"}
	for _, r := range c.DualCriminality {
		var kinds []string
		for _, k := range r.Kinds {
			kinds = append(kinds, "`"+string(k)+"`")
		}
		article := r.Article
		if r.ReservedArticle != "" {
			article += ", " + r.ReservedArticle
		}
		say("| %s | %s | %s | %s | %s |", strings.Join(kinds, ", "), rules[r.Rule], article, r.Text, mark[r.Verified])
	}
	return b.Bytes()
}

func TestPageIsPrinted(t *testing.T) {
	const page = "../../docs/offences.md"
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
		t.Errorf("%s is not what the data say any more: run go test ./treaty/offence -run Page -update", page)
	}
}
