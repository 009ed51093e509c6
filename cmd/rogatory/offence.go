// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/treaty/offence"
)

// offenceCmds need no node: they read rules and compare.
type offenceCmds struct {
	List    offenceListCmd    `cmd:"" help:"Offences of the Convention, or those recorded of a State's law."`
	Show    offenceShowCmd    `cmd:"" help:"Elements, options and exclusions of an article, with its Budapest counterpart."`
	Compare offenceCompareCmd `cmd:"" help:"Dual criminality: facts beside two States' laws, element by element. A person decides."`
	Serious offenceSeriousCmd `cmd:"" help:"Serious crime: both States' maximum penalties beside Art 2(h)."`
}

// nationalFlag is where national offences are read from.
type nationalFlag struct {
	National string `help:"File of national offences. Default: the invented laws of the exercise States." type:"path" placeholder:"FILE"`
}

// load returns the rules, and the national offences of the file if one was given.
func (f nationalFlag) load(d *desk) (*offence.Catalogue, *offence.National, error) {
	c := offence.Convention()
	if f.National == "" {
		d.say("national offences: the invented laws of the exercise States; --national FILE reads others")
		return c, offence.Exercise(c), nil
	}
	file, err := os.Open(f.National)
	if err != nil {
		return nil, nil, rogatory.Fault(rogatory.NotFound, "file_missing", "read national offences: %w", err)
	}
	defer file.Close()
	data, err := io.ReadAll(io.LimitReader(file, offence.MaxNationalSize+1))
	if err != nil {
		return nil, nil, rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", f.National, err)
	}
	n, err := offence.LoadNational(f.National, data, c)
	return c, n, err
}

// dayOr reads a day; today if none is given.
func dayOr(s string) (offence.Date, error) {
	if s == "" {
		return offence.Date(time.Now().UTC().Format(time.DateOnly)), nil
	}
	return offence.ParseDate(s)
}

type offenceListCmd struct {
	nationalFlag
	State string `help:"The State whose law is listed." placeholder:"XX"`
}

// Run lists offences.
func (cmd *offenceListCmd) Run(d *desk) error {
	if cmd.State == "" {
		c := offence.Convention()
		return d.give(c.Offences, func(w io.Writer) {
			for _, o := range c.Offences {
				b, _ := c.Budapest(o.Article)
				fmt.Fprintf(w, "%s\t%s\t%s\n", o.Article, o.Title, budapest(b))
			}
			for _, g := range c.General {
				fmt.Fprintf(w, "%s\t%s\tgeneral rule\n", g.Article, g.Title)
			}
		})
	}
	_, n, err := cmd.load(d)
	if err != nil {
		return err
	}
	law := n.Law(rogatory.StateCode(cmd.State))
	if !law.Known {
		return unrecorded(n, cmd.State)
	}
	return d.give(law, func(w io.Writer) {
		for _, p := range law.Provisions {
			fmt.Fprintf(w, "%s\t%s\t%s\tserious crime: %s\n", articleOr(p.Article), line(p.Cite()), period(p), human(string(p.Serious())))
		}
		for _, r := range law.Reservations {
			fmt.Fprintf(w, "reservation\t%s\tArt %s\n", line(r.Text), strings.Join(r.Articles, ", "))
		}
	})
}

func unrecorded(n *offence.National, state string) error {
	var all []string
	for _, s := range n.States {
		all = append(all, string(s.State))
	}
	return rogatory.Fault(rogatory.NotFound, "law_unknown", "nothing of the law of %.20q is recorded", state).WithHint("recorded are " + strings.Join(all, ", "))
}

func articleOr(a string) string {
	if a == "" {
		return "outside the Convention"
	}
	return "Art " + a
}

func period(p offence.Provision) string {
	if p.Until != "" {
		return fmt.Sprintf("in force %s to %s", p.From, p.Until)
	}
	return fmt.Sprintf("in force from %s", p.From)
}

func budapest(b offence.Counterpart) string {
	if b.Budapest == "" {
		return "no Budapest counterpart"
	}
	return "Budapest " + b.Budapest
}

type offenceShowCmd struct {
	Article string `arg:"" help:"7 to 21."`
}

// Run shows an article.
func (cmd *offenceShowCmd) Run(d *desk) error {
	c := offence.Convention()
	for _, g := range c.General {
		if g.Article == cmd.Article {
			return d.give(g, func(w io.Writer) {
				fmt.Fprintf(w, "Article %s: %s (%s)\n%s\n", g.Article, g.Title, read(g.Verified), g.Text)
				if b, ok := c.Budapest(g.Article); ok {
					fmt.Fprintf(w, "%s: %s (%s)\n", budapest(b), b.Difference, read(b.Verified))
				}
			})
		}
	}
	o, err := c.Offence(cmd.Article)
	if err != nil {
		return err
	}
	return d.give(o, func(w io.Writer) {
		row := func(what, id, article, text string, verified bool) {
			fmt.Fprintf(w, "%s\t%s\tArt %s\t%s\t%s\n", what, id, article, read(verified), text)
		}
		fmt.Fprintf(w, "Article %s: %s\n", o.Article, o.Title)
		for _, r := range o.Elements {
			row("needed", string(r.ID), r.Article, c.Elements[r.ID].Text, r.Verified)
		}
		for _, a := range o.Alternatives {
			row("one of", string(a.Element), a.Article, c.Elements[a.Element].Text, a.Verified)
		}
		for _, r := range o.Options {
			row("a Party may require", string(r.ID), r.Article, c.Elements[r.ID].Text, r.Verified)
		}
		for _, e := range o.Extensions {
			row("a Party may accept instead of "+string(e.Replaces), string(e.ID), e.Article, c.Elements[e.ID].Text, e.Verified)
		}
		for _, e := range o.Exclusions {
			what := "a Party may exclude"
			if e.By == "convention" {
				what = "excluded"
			}
			row(what, string(e.ID), e.Article, c.Elements[e.ID].Text, e.Verified)
		}
		for _, n := range o.Care {
			row("mind", "", n.Article, n.Text, n.Verified)
		}
		if b, ok := c.Budapest(o.Article); ok {
			fmt.Fprintf(w, "%s: %s (%s)\n", budapest(b), b.Difference, read(b.Verified))
		}
	})
}

// read says whether a rule was read in an official text.
func read(verified bool) string {
	if verified {
		return "verified"
	}
	return "not verified"
}

type offenceCompareCmd struct {
	nationalFlag
	From     string                       `help:"Requesting State." required:"" placeholder:"XX"`
	To       string                       `help:"Requested State." required:"" placeholder:"XX"`
	Article  []string                     `help:"What the requesting State calls it, 7 to 17. The comparison does not read it." placeholder:"N"`
	Shows    []offence.ElementID          `help:"Elements that the facts show." placeholder:"ID,..."`
	Not      []offence.ElementID          `help:"Elements that the facts do not show." placeholder:"ID,..."`
	Open     []offence.ElementID          `help:"Elements that the facts leave open. What is not spoken of is open." placeholder:"ID,..."`
	Words    map[offence.ElementID]string `help:"Words of the request on an element." placeholder:"ID=TEXT;..."`
	Form     offence.Form                 `help:"completed, participation, attempt or preparation." default:"completed"`
	On       string                       `help:"The day whose law counts. Default: today." placeholder:"2026-11-25"`
	Kind     rogatory.RequestKind         `help:"Kind of request: for preservation dual criminality is not looked at (Art 42(4))." placeholder:"KIND"`
	Reserved bool                         `help:"The requested State made the reservation of Art 42(5), whether or not it is recorded."`
}

// conduct puts the flags together.
func (cmd *offenceCompareCmd) conduct() (offence.Conduct, error) {
	conduct := offence.Conduct{Labels: cmd.Article, Form: cmd.Form, Facts: map[offence.ElementID]offence.Fact{}}
	for _, said := range []struct {
		ids     []offence.ElementID
		finding offence.Finding
	}{{cmd.Shows, offence.Shown}, {cmd.Not, offence.NotShown}, {cmd.Open, offence.Open}} {
		for _, id := range said.ids {
			if f, twice := conduct.Facts[id]; twice {
				return conduct, usage("%.60q is given as %s and as %s", id, f.Finding, said.finding).WithHint("say once of each element whether it is shown, not shown or open")
			}
			conduct.Facts[id] = offence.Fact{Finding: said.finding, Words: cmd.Words[id]}
		}
	}
	for id := range cmd.Words {
		if _, ok := conduct.Facts[id]; !ok {
			return conduct, usage("words about %.60q, of which nothing is said", id).WithHint("name it with --shows, --not or --open")
		}
	}
	return conduct, nil
}

// Run compares.
func (cmd *offenceCompareCmd) Run(d *desk) error {
	on, err := dayOr(cmd.On)
	if err != nil {
		return err
	}
	conduct, err := cmd.conduct()
	if err != nil {
		return err
	}
	c, n, err := cmd.load(d)
	if err != nil {
		return err
	}
	from, to := n.Law(rogatory.StateCode(cmd.From)), n.Law(rogatory.StateCode(cmd.To))
	if !to.Known {
		return unrecorded(n, cmd.To)
	}
	if err := c.CheckConduct(conduct, from, to); err != nil {
		return err
	}
	if cmd.Kind != "" {
		_, recorded := to.Reserves("42(5)")
		articles := slices.Clone(cmd.Article)
		for _, reach := range c.Reached(conduct) { // what the facts show counts, whatever it is called
			articles = append(articles, reach.Article)
		}
		may, err := c.MayCompare(cmd.Kind, rogatory.Offence{Articles: articles}, recorded || cmd.Reserved)
		if err != nil {
			return err
		}
		if !may.May {
			return rogatory.Fault(rogatory.Invalid, "dual_criminality_closed", "dual criminality is not looked at for a %s request (Art %s)", cmd.Kind, may.Article).WithHint(may.Why)
		}
		d.say("dual criminality may be looked at for a %s request (Art %s)", cmd.Kind, may.Article)
	}
	r := c.Compare(conduct, from, to, on)
	return d.give(r, func(w io.Writer) { tell(w, r) })
}

// tell writes a result as a jurist reads it.
func tell(w io.Writer, r offence.Result) {
	for _, s := range r.Steps {
		fmt.Fprintf(w, "%d. %s: %s (Art %s)\n   %s\n", s.Number, s.Question, human(s.Answer), s.Article, line(s.Why))
	}
	for _, reach := range r.Convention {
		fmt.Fprintf(w, "\nby the Convention's own text: Article %s: %s\n", reach.Article, human(string(reach.Outcome)))
	}
	for _, side := range []offence.Side{r.Requesting, r.Requested} {
		for _, p := range side.Provisions {
			fmt.Fprintf(w, "\n%s: %s: %s\n", side.State, line(p.Cite), human(string(p.Outcome)))
			for _, a := range p.Asked {
				fmt.Fprintf(w, "  %s\t%s\t%s\n", a.ID, human(string(a.Finding)), line(a.Text+quoted(a.Words)))
			}
		}
	}
	if len(r.Warnings) > 0 {
		fmt.Fprintln(w)
	}
	for _, n := range r.Warnings {
		article := ""
		if n.Article != "" {
			article = " (Art " + n.Article + ")"
		}
		fmt.Fprintf(w, "mind: %s%s\n", line(n.Text), article)
	}
	fmt.Fprintf(w, "\ndual criminality on %s: %s; %s\n", r.On, human(string(r.Outcome)), r.Decides)
}

func quoted(words string) string {
	if words == "" {
		return ""
	}
	return fmt.Sprintf(": %q", words)
}

// human writes a stable code as words.
func human(code string) string { return strings.ReplaceAll(code, "_", " ") }

type offenceSeriousCmd struct {
	Years       *int   `help:"Maximum years in the requesting State; left out: unknown." placeholder:"N"`
	TheirYears  *int   `help:"Maximum years in the requested State; left out: unknown." placeholder:"N"`
	Raised      string `help:"When the requesting State last raised it." placeholder:"DATE"`
	TheirRaised string `help:"When the requested State last raised it." placeholder:"DATE"`
	On          string `help:"The day. Default: today." placeholder:"DATE"`
}

// Run compares penalties.
func (cmd *offenceSeriousCmd) Run(d *desk) error {
	on, err := dayOr(cmd.On)
	if err != nil {
		return err
	}
	ours, err := penalty(cmd.Years, cmd.Raised)
	if err != nil {
		return err
	}
	theirs, err := penalty(cmd.TheirYears, cmd.TheirRaised)
	if err != nil {
		return err
	}
	s := offence.Convention().Serious(ours, theirs, on)
	return d.give(s, func(w io.Writer) {
		fmt.Fprintf(w, "serious crime by the law of: %s (Art 2(h))\n%s\n", s.Outcome, s.Why)
		for _, n := range s.Warnings {
			fmt.Fprintf(w, "mind: %s (Art %s)\n", n.Text, n.Article)
		}
		fmt.Fprintln(w, offence.PersonDecides)
	})
}

func penalty(years *int, raised string) (offence.Penalty, error) {
	if years != nil && (*years < 0 || *years > offence.Life) {
		return offence.Penalty{}, usage("%d years is no penalty", *years).WithHint(fmt.Sprintf("a penalty has 0 to %d whole years; %d is for life", offence.Life, offence.Life))
	}
	p := offence.Penalty{Years: years}
	if raised == "" {
		return p, nil
	}
	var err error
	p.RaisedOn, err = offence.ParseDate(raised)
	return p, err
}
