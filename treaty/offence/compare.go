// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rogatory"
)

// Side is the facts beside one State's law.
type Side struct {
	State   rogatory.StateCode `json:"state"`
	Known   bool               `json:"known"` // whether anything of its law is recorded
	Outcome Outcome            `json:"outcome"`
	Why     string             `json:"why"`
	// Provisions are those of which the facts speak, the nearest first. The facts speak of a
	// provision if they say anything, shown or not, of an act of its article, or of its own act.
	Provisions []Compared `json:"provisions"`
	Warnings   []Note     `json:"warnings"`
}

// Reach is an article of the Convention whose own elements the facts show or leave open.
type Reach struct {
	Article string  `json:"article"`
	Outcome Outcome `json:"outcome"`
}

// Step is one question of the comparison, in the order in which a jurist asks.
type Step struct {
	Number   int    `json:"number"`
	Question string `json:"question"`
	Answer   string `json:"answer"`
	Why      string `json:"why"`
	Article  string `json:"article"`
}

// Result is the comparison of one conduct with two States' laws on one day.
type Result struct {
	On         Date         `json:"on"`
	Form       Form         `json:"form"`
	Outcome    Outcome      `json:"outcome"`
	Convention []Reach      `json:"convention"`
	Requesting Side         `json:"requesting"`
	Requested  Side         `json:"requested"`
	Serious    SeriousCrime `json:"serious"`
	Steps      []Step       `json:"steps"`
	Warnings   []Note       `json:"warnings"`
	Decides    string       `json:"decides"` // always PersonDecides
}

// Compare asks whether the conduct is an offence in both States on that day: element by element,
// whatever anybody calls it (Art 35(3)). It answers for all facts, laws and days, and ignores what it
// does not know; CheckConduct refuses that. The outcome is the lower of both sides; where nothing of
// the requesting State's law is recorded, its own word stands and the requested side alone counts.
//
// Whether dual criminality may be looked at for a kind of request at all is another question: see
// Catalogue.MayCompare.
func (c *Catalogue) Compare(conduct Conduct, requesting, requested Law, on Date) Result {
	form := conduct.Form
	if form == "" {
		form = Completed
	}
	r := Result{On: on, Form: form, Decides: PersonDecides, Convention: c.Reached(conduct),
		Requesting: c.compareLaw(conduct, requesting, on), Requested: c.compareLaw(conduct, requested, on)}
	r.Outcome = r.Requested.Outcome
	if r.Requesting.Known {
		r.Outcome = least(r.Outcome, r.Requesting.Outcome)
	}
	r.Serious = c.Serious(r.Requesting.penalty(), r.Requested.penalty(), on)
	r.Steps = c.steps(r, requesting, requested)
	r.Warnings = c.warnings(r, conduct)
	return r
}

// touched lists the articles of whose acts the facts say anything.
func (c *Catalogue) touched(conduct Conduct) []string {
	var articles []string
	for _, o := range c.Offences {
		if slices.ContainsFunc(o.acts(c), conduct.speaks) {
			articles = append(articles, o.Article)
		}
	}
	return articles
}

// Reached lists the articles of the Convention that the facts show or leave open, by the Convention's
// own text.
func (c *Catalogue) Reached(conduct Conduct) []Reach {
	reached := []Reach{}
	for _, a := range c.touched(conduct) {
		if outcome := c.reach(a, conduct); outcome != NotMet {
			reached = append(reached, Reach{a, outcome})
		}
	}
	return reached
}

// reach compares the facts with the Convention's own text: every element, any alternative, any
// extension that a Party may choose, no option.
func (c *Catalogue) reach(article string, conduct Conduct) Outcome {
	o, _ := c.Offence(article)
	p := Provision{Article: article, From: "1000-01-01", Forms: []Form{Participation, Attempt, Preparation}}
	for _, e := range o.Elements {
		p.Elements = append(p.Elements, e.ID)
	}
	for _, a := range o.Alternatives {
		p.Alternatives = append(p.Alternatives, a.ID)
	}
	for _, e := range o.Extensions {
		p.Extends = append(p.Extends, e.ID)
	}
	return c.compareProvision(p, Law{}, conduct, "9999-12-31").Outcome
}

// ownActs lists the acts of a provision that the Convention does not know.
func (l Law) ownActs(p Provision) []ElementID {
	return slices.DeleteFunc(slices.Clone(p.Elements), func(id ElementID) bool { return l.Elements[id].Kind != Act })
}

func (c *Catalogue) compareLaw(conduct Conduct, law Law, on Date) Side {
	s := Side{State: law.State.State, Known: law.Known, Outcome: NotMet, Provisions: []Compared{}, Warnings: []Note{}}
	if !law.Known {
		s.Outcome, s.Why = Unclear, fmt.Sprintf("nothing of the law of %s is recorded", s.State)
		return s
	}
	touched := c.touched(conduct)
	beyond := false // the facts speak of an act that is no offence of the Convention
	for _, p := range law.Provisions {
		own := slices.ContainsFunc(law.ownActs(p), conduct.speaks)
		beyond = beyond || own
		if own || slices.Contains(touched, p.Article) {
			s.Provisions = append(s.Provisions, c.compareProvision(p, law, conduct, on))
		}
	}
	slices.SortStableFunc(s.Provisions, func(a, b Compared) int {
		switch {
		case a.nearer(b):
			return -1
		case b.nearer(a):
			return 1
		}
		return 0
	})
	if len(s.Provisions) > 0 {
		s.Outcome = s.Provisions[0].Outcome
	}
	s.explain(law, touched, beyond, on)
	s.warnFixed(c, conduct, touched, on)
	return s
}

// explain says why, and turns not met into unclear where the record of the law cannot carry it.
func (s *Side) explain(law Law, touched []string, beyond bool, on Date) {
	nearest := ""
	if len(s.Provisions) > 0 {
		p := s.Provisions[0]
		switch p.Outcome {
		case Met:
			s.Why = "the facts show every element of " + p.Cite
			return
		case Unclear:
			s.Why = fmt.Sprintf("%s is nearest; the facts leave open: %s", p.Cite, ids(p.Open))
			return
		}
		nearest = fmt.Sprintf("%s is nearest and lacks: %s", p.Cite, ids(p.Missing))
	}
	if len(touched) == 0 && !beyond {
		s.Outcome, s.Why = Unclear, "the facts speak of no act that the Convention or this law knows"
		return
	}
	if nearest == "" {
		nearest = fmt.Sprintf("no provision of %s is recorded for the acts described", s.State)
	}
	partly := slices.DeleteFunc(slices.Clone(touched), func(a string) bool { return slices.Contains(law.InFull, a) })
	switch {
	case len(partly) > 0:
		s.Outcome, s.Why = Unclear, fmt.Sprintf("%s; but its law on Article %s is not recorded in full", nearest, strings.Join(partly, ", "))
	case beyond:
		s.Outcome, s.Why = Unclear, nearest+"; but its law outside Articles 7 to 17 is not recorded in full"
	default:
		s.Why = nearest + fmt.Sprintf("; its law on Article %s, as of %s, is recorded in full", strings.Join(touched, ", "), on)
	}
}

// warnFixed tells of an act shown which no Party may leave out, and which this law leaves out.
func (s *Side) warnFixed(c *Catalogue, conduct Conduct, touched []string, on Date) {
	for _, article := range touched {
		o, _ := c.Offence(article)
		for _, a := range o.Alternatives {
			covered := slices.ContainsFunc(s.Provisions, func(p Compared) bool {
				return p.Provision.Article == article && p.Provision.InForce(on) && slices.Contains(p.Provision.Alternatives, a.ID)
			})
			if a.Rule == "fixed" && conduct.finding(a.Element) == Shown && !covered {
				s.Warnings = append(s.Warnings, Note{Article: a.RuleArticle, Verified: a.Verified,
					Text: fmt.Sprintf("no provision of %s covers this, and no reservation on it is allowed: %s", s.State, c.Elements[a.Element].Text)})
			}
		}
	}
}

// penalty is that of the nearest provision, if it is or may be met.
func (s Side) penalty() Penalty {
	if len(s.Provisions) == 0 || s.Provisions[0].Outcome == NotMet {
		return Penalty{}
	}
	p := s.Provisions[0].Provision
	return Penalty{Years: p.Max, RaisedOn: p.RaisedOn}
}

// steps answers the questions in their order.
func (c *Catalogue) steps(r Result, requesting, requested Law) []Step {
	first := Step{1, fmt.Sprintf("does the law of %s make the conduct an offence", requesting.State.State), string(r.Requesting.Outcome), r.Requesting.Why, "35(3)"}
	if !r.Requesting.Known {
		first.Answer, first.Why = "not_recorded", first.Why+"; its word stands"
	}
	core, options := string(r.Requested.Outcome), "none"
	why, optionsWhy := r.Requested.Why, "no provision to look at"
	if len(r.Requested.Provisions) > 0 {
		p := r.Requested.Provisions[0]
		options, optionsWhy = string(p.Options), "the law requires none"
		if len(p.Provision.Options) > 0 {
			var names []string
			for _, id := range p.Provision.Options {
				names = append(names, string(id))
			}
			optionsWhy = fmt.Sprintf("%s requires: %s", p.Cite, strings.Join(names, ", "))
		}
		if p.Core != p.Outcome { // only the options stand in the way
			core, why = string(p.Core), "the facts are as "+p.Cite+" requires, its optional elements aside"
		}
	}
	answer, reserved := "none", []string{}
	for _, law := range []Law{requested, requesting} {
		for _, reach := range r.Convention {
			if v, ok := law.Reserves(reach.Article); ok {
				answer = "excluded"
				reserved = append(reserved, fmt.Sprintf("Article %s: %s", reach.Article, v.Text))
			}
		}
	}
	if len(reserved) == 0 {
		reserved = []string{"no reservation is recorded on the articles that the facts show"}
	}
	serious := r.Serious.Why
	if slices.ContainsFunc(r.Convention, func(a Reach) bool { return a.Outcome == Met }) && answer == "none" {
		serious += "; not decisive, as the facts show an offence of the Convention"
	}
	return []Step{
		first,
		{2, fmt.Sprintf("would the facts be an offence in %s, whatever its name", requested.State.State), core, why, "35(3)"},
		{3, "do the facts show the optional elements that its law requires", options, optionsWhy, "40(8)"},
		{4, "has either State excluded the article", answer, strings.Join(reserved, "; "), "35(1)"},
		{5, "is it a serious crime by the penalties of both", string(r.Serious.Outcome), serious, c.SeriousCrime.Article},
		{6, "what follows", string(r.Outcome), PersonDecides, "40(8)"},
	}
}

// warnings gathers what a person has to look at before deciding, each once.
func (c *Catalogue) warnings(r Result, conduct Conduct) []Note {
	all := []Note{}
	add := func(notes ...Note) {
		for _, n := range notes {
			if !slices.Contains(all, n) {
				all = append(all, n)
			}
		}
	}
	for _, s := range []Side{r.Requested, r.Requesting} {
		for _, p := range s.Provisions {
			add(p.Warnings...)
		}
		add(s.Warnings...)
	}
	add(r.Serious.Warnings...)
	for _, a := range c.touched(conduct) {
		o, _ := c.Offence(a)
		add(o.Care...)
		if unread := o.unverified(); len(unread) > 0 {
			add(Note{Article: a, Text: fmt.Sprintf("not yet compared with the official text of Article %s: %s", a, strings.Join(unread, ", "))})
		}
	}
	return all
}

// unverified lists the ids of an offence that were not read in an official text.
func (o Offence) unverified() []string {
	found := map[string]bool{}
	for _, r := range slices.Concat(o.Elements, o.Options) {
		found[string(r.ID)] = found[string(r.ID)] || !r.Verified
	}
	for _, a := range o.Alternatives {
		found[string(a.Element)] = !a.Verified
	}
	maps.DeleteFunc(found, func(_ string, unread bool) bool { return !unread })
	return slices.Sorted(maps.Keys(found))
}
