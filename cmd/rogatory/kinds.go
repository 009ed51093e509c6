// SPDX-License-Identifier: Apache-2.0

package main

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/deadline"
	"rogatory/treaty"
)

type requestKindsCmd struct {
	Kind string `arg:"" optional:"" help:"A kind, to see all that its rules say."`
}

// Run shows the rules that came with this program.
func (c *requestKindsCmd) Run(d *desk) error {
	rules := treaty.Convention()
	if c.Kind == "" {
		return d.give(rules, func(w io.Writer) {
			for _, k := range rules.Kinds {
				fmt.Fprintf(w, "%s\tArt %s\t%s\t%s\n", k.ID, k.Article, k.Title, verified(k.Verified))
			}
		})
	}
	k, err := rules.Kind(rogatory.RequestKind(c.Kind))
	if err != nil {
		return err
	}
	return d.give(k, func(w io.Writer) { kindPage{w, rules, k}.write() })
}

// kindPage writes what the rules say of one kind.
type kindPage struct {
	w     io.Writer
	rules *treaty.Rules
	kind  treaty.Kind
}

var duties = map[treaty.Duty]string{
	treaty.Shall: "the requested State shall give it", treaty.Endeavour: "the requested State shall endeavour to give it",
	treaty.Consider: "the requested State considers it", treaty.Agreement: "only as the two States have agreed", treaty.Own: "no duty: the sending State offers it",
}

var served = map[treaty.Offences]string{
	treaty.AnyOffence: "an offence of Articles 7 to 17, or a serious crime", treaty.ConventionOffence: "offences of the Convention only", treaty.NoOffence: "needs no offence",
}

func (p kindPage) row(name, what, format string, args ...any) {
	fmt.Fprintf(p.w, "%s\t%s\t%s\n", name, what, fmt.Sprintf(format, args...))
}

func (p kindPage) write() {
	k := p.kind
	fmt.Fprintf(p.w, "%s\tArt %s\t%s\t%s\n", k.ID, k.Article, k.Title, verified(k.Verified))
	p.row("duty", string(k.Duty), "%s", duties[k.Duty])
	p.row("serves", string(k.Offences), "%s", served[k.Offences])
	if len(k.Only) > 0 {
		p.row("serves", "only", "Art %s", strings.Join(k.Only, ", "))
	}
	p.row("sent by", "", "%s", list(k.Senders))
	p.row("received by", "", "%s", list(k.Receivers))
	if k.MayFollow != "" {
		p.row("may follow", string(k.MayFollow), "")
	}
	if k.Marking != "" {
		p.row("marked", "", "%s", k.Marking)
	}
	p.asks()
	p.acts()
	p.decides()
	p.times()
}

// asks writes what a request says.
func (p kindPage) asks() {
	k := p.kind
	p.fields("needs", k.Required)
	p.fields("may have", k.Optional)
	for _, a := range slices.Sorted(maps.Keys(k.RequiredFor)) {
		p.fields("needs for Art "+a, k.RequiredFor[a])
	}
	for _, c := range []struct {
		what string
		need treaty.Need
	}{{"term", k.Term}, {"payments", k.Payments}, {"fingerprints", k.Fingerprints}} {
		if c.need != "" {
			p.row("carries", c.what, "%s", c.need)
		}
	}
	for _, part := range k.Parts {
		p.row("part", part.ID, "%s (Art %s)", part.Title, part.Article)
		p.fields("  needs", part.Required)
		p.fields("  may have", part.Optional)
		p.fields("  need not have", part.Without)
	}
}

func (p kindPage) fields(name string, ids []string) {
	for _, f := range ids {
		text := fmt.Sprintf("%s (Art %s)", p.rules.Fields[f].Label, p.rules.Fields[f].Article)
		if c := p.rules.Fields[f].Choices; len(c) > 0 {
			text += ": " + strings.Join(c, ", ")
		}
		p.row(name, f, "%s", text)
	}
}

// acts writes what can be done beyond what every request knows, and what it has to say.
func (p kindPage) acts() {
	k := p.kind
	p.row("acts", "", "%s", list(k.Acts))
	if k.Mutual {
		p.row("exhibits", "both", "either State may hand them over")
	}
	for _, act := range slices.Sorted(maps.Keys(k.Details)) {
		p.fields(string(act)+" says", k.Details[act].Required)
		p.fields(string(act)+" may say", k.Details[act].Optional)
	}
}

// decides writes how it ends.
func (p kindPage) decides() {
	k := p.kind
	for _, o := range k.Outcomes {
		p.row("outcome", string(o), "%s", p.rules.Outcomes[o])
	}
	closed := ""
	if k.Closed {
		closed = "; no other ground is open"
	}
	for _, list := range []struct {
		name    string
		grounds []rogatory.Ground
		in      map[rogatory.Ground]treaty.Ground
	}{{"refused on", k.Refuse, p.rules.Grounds}, {"never on", k.Never, p.rules.Never}, {"postponed on", k.Postpone, p.rules.Grounds}} {
		for _, id := range list.grounds {
			g := list.in[id]
			text := fmt.Sprintf("%s (Art %s), %s", g.Text, g.Article, verified(g.Verified))
			if g.Consult {
				text += "; after consultation (Art " + cmp.Or(k.ConsultArticle, "40(28)") + ")"
			}
			if list.name == "refused on" {
				text += closed
			}
			p.row(list.name, string(id), "%s", text)
		}
	}
}

// times writes what runs, and for how long.
func (p kindPage) times() {
	k := p.kind
	if k.PreserveDays > 0 {
		p.row("preserved", fmt.Sprintf("%d days", k.PreserveDays), "at least (Art %s)", k.PreserveArticle)
	}
	if m := k.Measure; m != nil {
		p.bounds("any State", *m)
		for _, code := range slices.Sorted(maps.Keys(m.National)) {
			p.bounds(string(code), m.National[code])
		}
	}
	all := deadline.BundledRules()
	for _, c := range k.Clocks {
		rule, err := all.Rule(c.Rule)
		if err != nil {
			p.row("clock", c.Name, "rule %s is not known here", c.Rule)
			continue
		}
		p.row("clock", c.Name, "%s after %s, until %s (Art %s; rule %s), %s", rule.Length(), c.From, strings.Join(names(c.Until), " or "), c.Article, c.Rule, verified(rule.Verified))
	}
}

func (p kindPage) bounds(law string, b treaty.Bounds) {
	var says []string
	for _, each := range []struct {
		n    int
		what string
	}{{b.Hours, "%d hours"}, {b.ExtensionHours, "%d hours each extension"}, {b.Extensions, "extended %d times at most"}, {b.HearingHours, "%d hours to be heard before it is lifted"}} {
		if each.n > 0 {
			says = append(says, fmt.Sprintf(each.what, each.n))
		}
	}
	p.row("law of", law, "%s (Art %s; %s), %s", strings.Join(says, ", "), b.Article, b.Basis, verified(b.Verified))
}

// list joins names of one type.
func list[T ~string](all []T) string { return strings.Join(names(all), ", ") }

func names[T ~string](all []T) []string {
	each := make([]string, len(all))
	for i, s := range all {
		each[i] = string(s)
	}
	return each
}

// verified says of a rule whether a jurist has held it against the official text.
func verified(ok bool) string {
	if ok {
		return "verified"
	}
	return "not verified by a jurist"
}
