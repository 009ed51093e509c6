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

// asker puts what a provision asks beside the facts, and keeps what is missing or open.
type asker struct {
	*Catalogue
	Compared
	offence Offence // of the Convention; none for a provision outside it
	law     Law
	conduct Conduct
}

// compareProvision asks the facts for everything that a provision requires on that day.
func (c *Catalogue) compareProvision(p Provision, law Law, conduct Conduct, on Date) Compared {
	o, _ := c.Offence(p.Article)
	a := asker{Catalogue: c, offence: o, law: law, conduct: conduct,
		Compared: Compared{Provision: p, Cite: p.Cite(), Asked: []Asked{}, Missing: []Asked{}, Open: []Asked{}, Warnings: []Note{}}}
	a.Core = least(a.elements(), a.alternatives())
	a.Options = a.options()
	a.Core = least(a.Core, least(a.form(), a.inForce(on)))
	if a.Outcome = least(a.Core, a.Options); a.Outcome != NotMet {
		a.exclusions()
	}
	if p.VerifiedBy == "" && p.InForce(on) {
		a.warn("", false, "nobody has compared the record of %s with the law", a.Cite)
	}
	return a.Compared
}

// about is the question whether the facts show an element.
func (a *asker) about(role string, id ElementID, article string) Asked {
	return Asked{ID: id, Role: role, Text: a.element(id).Text, Article: article, Finding: a.conduct.finding(id), Words: a.conduct.Facts[id].Words}
}

func (a *asker) element(id ElementID) Element {
	if e, own := a.law.Elements[id]; own {
		return e
	}
	return a.Elements[id]
}

// take notes a question and what its answer alone leads to.
func (a *asker) take(q Asked) Outcome {
	a.Asked = append(a.Asked, q)
	switch q.Finding {
	case NotShown:
		a.Missing = append(a.Missing, q)
	case Open:
		a.Open = append(a.Open, q)
	}
	return q.Finding.outcome()
}

// elements asks for what is always needed. An unfinished act has no result to be asked for; an
// extension stands in for its element where it shows more.
func (a *asker) elements() Outcome {
	outcome := Met
	for _, id := range a.Provision.Elements {
		if a.conduct.unfinished() && a.element(id).Kind == Effect {
			continue
		}
		q := a.about("own", id, "")
		if i := slices.IndexFunc(a.offence.Elements, func(r Rule) bool { return r.ID == id }); i >= 0 {
			q.Role, q.Article = "element", a.offence.Elements[i].Article
		}
		for _, e := range a.offence.Extensions {
			f := a.conduct.finding(e.ID)
			more := least(f.outcome(), q.Finding.outcome()) != f.outcome()
			if e.Replaces == id && slices.Contains(a.Provision.Extends, e.ID) && more {
				q.Finding, q.By, q.Words, q.Article = f, e.ID, a.conduct.Facts[e.ID].Words, e.Article
			}
		}
		outcome = least(outcome, a.take(q))
	}
	return outcome
}

// options asks for the optional elements that this law requires.
func (a *asker) options() Outcome {
	outcome := Met
	for _, r := range a.offence.Options {
		if slices.Contains(a.Provision.Options, r.ID) && !(a.conduct.unfinished() && a.element(r.ID).Kind == Effect) {
			outcome = least(outcome, a.take(a.about("option", r.ID, r.Article)))
		}
	}
	return outcome
}

// form asks whether the provision reaches an accomplice, an attempt or a preparation.
func (a *asker) form() Outcome {
	f := a.conduct.Form
	if f == "" || f == Completed || slices.Contains(a.Provision.Forms, f) {
		return Met
	}
	rule, _ := a.Catalogue.form(f)
	if rule.Mandatory {
		a.warn(rule.Article, rule.Verified, "%s leaves out %s, which every Party makes an offence", a.Cite, f)
	}
	return a.take(Asked{ID: ElementID(f), Role: "form", Article: rule.Article, Finding: NotShown, Text: fmt.Sprintf("%s is not an offence under this provision", f)})
}

func (a *asker) inForce(on Date) Outcome {
	p := a.Provision
	if p.InForce(on) {
		return Met
	}
	text := fmt.Sprintf("in force only from %s", p.From)
	if on >= p.From {
		text = fmt.Sprintf("in force only until %s", p.Until)
	}
	return a.take(Asked{ID: "in_force", Role: "in_force", Finding: NotShown, Text: text})
}

// alternatives asks for one of the acts that the law covers; the others are then neither missing nor
// open.
func (a *asker) alternatives() Outcome {
	var covered []Asked
	best := NotMet
	for _, alt := range a.offence.Alternatives {
		if slices.Contains(a.Provision.Alternatives, alt.ID) {
			q := a.about("alternative", alt.Element, alt.Article)
			covered, best = append(covered, q), most(best, q.Finding.outcome())
		}
	}
	if len(covered) == 0 {
		return Met
	}
	a.Asked = append(a.Asked, covered...)
	switch best {
	case NotMet:
		a.Missing = append(a.Missing, covered...)
	case Unclear:
		for _, q := range covered {
			if q.Finding == Open {
				a.Open = append(a.Open, q)
			}
		}
	}
	return best
}

// exclusions tells what may take the conduct out of the offence. It never changes the outcome: whether
// an exclusion applies is for a person to find.
func (a *asker) exclusions() {
	for _, e := range a.offence.Exclusions {
		text := a.element(e.ID).Text
		applies := e.By == "convention" || slices.Contains(a.Provision.Excluded, e.ID)
		switch finding := a.conduct.finding(e.ID); {
		case finding == Shown && applies:
			a.warn(e.Article, e.Verified, "the facts say that %s: then it is no offence under %s", text, a.Cite)
		case finding == Shown:
			a.warn(e.Article, e.Verified, "the facts say that %s: a Party may exclude that, but %s does not", text, a.Cite)
		case finding == Open && applies:
			a.warn(e.Article, e.Verified, "the facts do not say whether %s: if so, it is no offence under %s", text, a.Cite)
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
