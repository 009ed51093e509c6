// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"fmt"
	"slices"
	"strings"
)

// Asked is one thing that a provision asks of the facts.
type Asked struct {
	ID      ElementID `json:"id"`
	Role    string    `json:"role"` // element, alternative, option, own, form or in_force
	Text    string    `json:"text"`
	Article string    `json:"article,omitempty"` // of the Convention; empty for what only this law asks
	Finding Finding   `json:"finding"`
	Words   string    `json:"words,omitempty"`
	// By is the extension that stood in for the element, such as a person believed to be a child.
	By ElementID `json:"by,omitempty"`
}

// Compared is one provision beside the facts.
type Compared struct {
	Provision Provision `json:"provision"`
	Cite      string    `json:"cite"`
	Outcome   Outcome   `json:"outcome"`
	Core      Outcome   `json:"core"`    // without the optional elements that this law requires
	Options   Outcome   `json:"options"` // those alone; met if there are none
	Asked     []Asked   `json:"asked"`
	Missing   []Asked   `json:"missing"` // the facts do not show them: any one makes it not met
	Open      []Asked   `json:"open"`    // the facts leave them open: any one makes it unclear
	Warnings  []Note    `json:"warnings"`
}

// compareProvision asks the facts for everything that a provision requires on that day.
func (c *Catalogue) compareProvision(p Provision, law Law, conduct Conduct, on Date) Compared {
	o, _ := c.Offence(p.Article) // for an offence outside the Convention: no articles, own elements only
	r := Compared{Provision: p, Cite: p.Cite(), Core: Met, Options: Met, Missing: []Asked{}, Open: []Asked{}, Warnings: []Note{}}

	ask := func(role string, id ElementID, article string) (Asked, bool) {
		e, own := law.Elements[id]
		if !own {
			e = c.Elements[id]
		}
		return Asked{ID: id, Role: role, Text: e.Text, Article: article, Finding: conduct.finding(id), Words: conduct.Facts[id].Words},
			conduct.unfinished() && e.Kind == Effect
	}
	take := func(a Asked) Outcome {
		r.Asked = append(r.Asked, a)
		switch a.Finding {
		case NotShown:
			r.Missing = append(r.Missing, a)
		case Open:
			r.Open = append(r.Open, a)
		}
		return a.Finding.outcome()
	}

	for _, id := range p.Elements {
		role, article := "own", ""
		if i := slices.IndexFunc(o.Elements, func(r Rule) bool { return r.ID == id }); i >= 0 {
			role, article = "element", o.Elements[i].Article
		}
		a, skip := ask(role, id, article)
		if skip {
			continue
		}
		for _, e := range o.Extensions {
			f := conduct.finding(e.ID)
			higher := least(f.outcome(), a.Finding.outcome()) != f.outcome()
			if e.Replaces == id && slices.Contains(p.Extends, e.ID) && higher {
				a.Finding, a.By, a.Words, a.Article = f, e.ID, conduct.Facts[e.ID].Words, e.Article
			}
		}
		r.Core = least(r.Core, take(a))
	}
	r.Core = least(r.Core, c.compareAlternatives(&r, o, ask))
	for _, id := range p.Options {
		article := ""
		if i := slices.IndexFunc(o.Options, func(r Rule) bool { return r.ID == id }); i >= 0 {
			article = o.Options[i].Article
		}
		if a, skip := ask("option", id, article); !skip {
			r.Options = least(r.Options, take(a))
		}
	}
	if conduct.Form != "" && conduct.Form != Completed && !slices.Contains(p.Forms, conduct.Form) {
		f, _ := c.form(conduct.Form)
		r.Core = least(r.Core, take(Asked{ID: ElementID(conduct.Form), Role: "form", Article: f.Article, Finding: NotShown, Text: fmt.Sprintf("%s is not an offence under this provision", conduct.Form)}))
		if f.Mandatory {
			r.warn(f.Article, f.Verified, "%s leaves out %s, which every Party makes an offence", p.Cite(), conduct.Form)
		}
	}
	if !p.InForce(on) {
		text := fmt.Sprintf("in force only from %s", p.From)
		if on >= p.From {
			text = fmt.Sprintf("in force only until %s", p.Until)
		}
		r.Core = least(r.Core, take(Asked{ID: "in_force", Role: "in_force", Finding: NotShown, Text: text}))
	}
	r.Outcome = least(r.Core, r.Options)
	if r.Outcome != NotMet {
		c.warnExclusions(&r, o, conduct)
		if p.VerifiedBy == "" {
			r.warn("", false, "nobody has compared the record of %s with the law", p.Cite())
		}
	}
	return r
}

// compareAlternatives needs one of the acts that the law covers; the others are then neither missing
// nor open.
func (c *Catalogue) compareAlternatives(r *Compared, o Offence, ask func(string, ElementID, string) (Asked, bool)) Outcome {
	var covered []Asked
	best := NotMet
	for _, alt := range o.Alternatives {
		if slices.Contains(r.Provision.Alternatives, alt.ID) {
			a, _ := ask("alternative", alt.Element, alt.Article)
			covered, best = append(covered, a), most(best, a.Finding.outcome())
		}
	}
	if len(covered) == 0 {
		return Met
	}
	r.Asked = append(r.Asked, covered...)
	switch best {
	case NotMet:
		r.Missing = append(r.Missing, covered...)
	case Unclear:
		for _, a := range covered {
			if a.Finding == Open {
				r.Open = append(r.Open, a)
			}
		}
	}
	return best
}

// warnExclusions tells what may take the conduct out of the offence. It never changes the outcome:
// whether an exclusion applies is for a person to find.
func (c *Catalogue) warnExclusions(r *Compared, o Offence, conduct Conduct) {
	for _, e := range o.Exclusions {
		text := c.Elements[e.ID].Text
		applies := e.By == "convention" || slices.Contains(r.Provision.Excluded, e.ID)
		switch conduct.finding(e.ID) {
		case Shown:
			if applies {
				r.warn(e.Article, e.Verified, "the facts say that %s: then it is no offence under %s", text, r.Cite)
			} else {
				r.warn(e.Article, e.Verified, "the facts say that %s: a Party may exclude that, but %s does not", text, r.Cite)
			}
		case Open:
			if applies {
				r.warn(e.Article, e.Verified, "the facts do not say whether %s: if so, it is no offence under %s", text, r.Cite)
			}
		}
	}
}

func (r *Compared) warn(article string, verified bool, format string, args ...any) {
	r.Warnings = append(r.Warnings, Note{Text: fmt.Sprintf(format, args...), Article: article, Verified: verified})
}

// nearer reports whether r says more about the conduct than q: the higher outcome; among those that
// are met the higher penalty; else what lacks less, leaves less open, and shows more.
func (r Compared) nearer(q Compared) bool {
	if r.Outcome != q.Outcome {
		return most(r.Outcome, q.Outcome) == r.Outcome
	}
	if r.Outcome == Met {
		return r.Provision.Max != nil && (q.Provision.Max == nil || *r.Provision.Max > *q.Provision.Max)
	}
	if a, b := distance(r.Missing), distance(q.Missing); a != b {
		return a < b
	}
	if a, b := distance(r.Open), distance(q.Open); a != b {
		return a < b
	}
	return r.shown() > q.shown()
}

// distance counts what stands in the way; of several alternatives one would do.
func distance(all []Asked) int {
	n, alternatives := 0, 0
	for _, a := range all {
		if a.Role == "alternative" {
			alternatives = 1
		} else {
			n++
		}
	}
	return n + alternatives
}

func (r Compared) shown() int {
	n := 0
	for _, a := range r.Asked {
		if a.Finding == Shown {
			n++
		}
	}
	return n
}

// ids lists what is asked, for a sentence.
func ids(all []Asked) string {
	var s []string
	for _, a := range all {
		s = append(s, string(a.ID))
	}
	return strings.Join(s, ", ")
}
