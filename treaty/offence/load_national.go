// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"maps"
	"slices"

	"rogatory"
)

func (n *National) check(k *checker, c *Catalogue) error {
	k.need(n.Version != "", at("version"), "the version is missing")
	k.checkElements()
	for _, id := range slices.Sorted(maps.Keys(n.Elements)) {
		path := at("elements", string(id))
		_, taken := c.Elements[id]
		k.need(!taken, path, "%s is an element of the Convention already", id)
		k.need(n.Elements[id].Kind != Exclusion, path, "an exclusion is one of the Convention's: %s is none", id)
	}
	states := map[rogatory.StateCode]bool{}
	for i, s := range n.States {
		path := at("states", i)
		k.need(s.State.Valid(), path, "%.20q is not a State's code of two capital letters", s.State)
		k.need(!states[s.State], path, "State %s is there twice", s.State)
		k.need(s.Name != "", path, "State %s has no name", s.State)
		states[s.State] = true
		distinct(k, path.at("recorded_in_full"), s.InFull)
		for j, a := range s.InFull {
			_, err := c.Offence(a)
			k.need(err == nil, path.at("recorded_in_full", j), "article %.20q is not an offence of the Convention", a)
		}
		for j, r := range s.Reservations {
			at := path.at("reservations", j)
			k.need(len(r.Articles) > 0 && r.Text != "" && r.Source != "", at, "articles, text or source of a reservation are missing")
			for m, a := range r.Articles {
				k.article(at.at("articles", m), a)
			}
		}
	}
	for i, p := range n.Offences {
		path := at("offences", i)
		k.need(states[p.State], path.at("state"), "State %.20q is not among the states", p.State)
		k.checkProvision(path, p, c)
	}
	n.checkOverlaps(k)
	return k.err
}

// checkOverlaps refuses two versions of one section that are in force on the same day.
func (n *National) checkOverlaps(k *checker) {
	type section struct {
		state        rogatory.StateCode
		law, section string
	}
	earlier := map[section][]int{}
	for i, p := range n.Offences {
		s := section{p.State, p.Law, p.Section}
		for _, j := range earlier[s] {
			q := n.Offences[j]
			if apart := p.Until != "" && p.Until < q.From || q.Until != "" && q.Until < p.From; !apart && k.err == nil {
				k.need(false, at("offences", i), "%s section %s is in force twice: see line %d", p.Law, p.Section, k.file.Line("offences", j))
			}
		}
		earlier[s] = append(earlier[s], i)
	}
}

func (k *checker) checkProvision(path place, p Provision, c *Catalogue) {
	k.need(p.Law != "" && p.Section != "" && p.Title != "" && p.Source != "", path, "law, section, title or source is missing")
	o, err := c.Offence(p.Article)
	k.need(p.Article == "" || err == nil, path.at("article"), "article %.20q is not an offence of the Convention", p.Article)

	act := len(p.Alternatives) > 0
	distinct(k, path.at("elements"), p.Elements)
	for i, id := range p.Elements {
		at := path.at("elements", i)
		e, isOwn := k.elements[id]
		if !isOwn {
			e = c.Elements[id]
		}
		isCore := slices.ContainsFunc(o.Elements, func(r Rule) bool { return r.ID == id })
		isOption := slices.ContainsFunc(o.Options, func(r Rule) bool { return r.ID == id })
		k.need(e.Kind != "" && e.Kind != Exclusion, at, "element %.40q is not known", id)
		k.need(!isOption, at, "%s is an option of article %s: it belongs under optional_elements_required", id, p.Article)
		k.need(isOwn || isCore || e.Kind != Act, at, "%s is not an act of article %s", id, p.Article)
		act = act || e.Kind == Act
	}
	distinct(k, path.at("alternatives"), p.Alternatives)
	k.need(len(o.Alternatives) == 0 || len(p.Alternatives) > 0, path, "article %s has alternatives: say which of them section %s covers", p.Article, p.Section)
	k.need(act, path.at("elements"), "section %s has no act", p.Section)
	for i, id := range p.Alternatives {
		k.need(slices.ContainsFunc(o.Alternatives, func(a Alternative) bool { return a.ID == id }), path.at("alternatives", i), "%.40q is no alternative of article %s", id, p.Article)
	}
	among := func(list string, ids []ElementID, what string, has func(ElementID) bool) {
		distinct(k, path.at(list), ids)
		for i, id := range ids {
			k.need(has(id), path.at(list, i), "%.40q is no %s of article %s", id, what, p.Article)
		}
	}
	among("optional_elements_required", p.Options, "option", func(id ElementID) bool {
		return slices.ContainsFunc(o.Options, func(r Rule) bool { return r.ID == id })
	})
	among("extends", p.Extends, "extension", func(id ElementID) bool {
		return slices.ContainsFunc(o.Extensions, func(e Extension) bool { return e.ID == id })
	})
	among("excluded", p.Excluded, "exclusion", func(id ElementID) bool {
		return slices.ContainsFunc(o.Exclusions, func(e Exempt) bool { return e.ID == id })
	})
	distinct(k, path.at("forms"), p.Forms)
	for i, f := range p.Forms {
		_, ok := c.form(f)
		k.need(ok, path.at("forms", i), "%.40q is not a form of Article 19", f)
	}
	k.checkDates(path, p)
	k.checkPenalty(path, p)
}

func (k *checker) checkDates(path place, p Provision) {
	day := func(member string, d Date, mayMiss bool) {
		_, err := ParseDate(string(d))
		k.need(err == nil || mayMiss && d == "", path.at(member), "%.40q is not a date such as 2026-11-25", d)
	}
	day("in_force_from", p.From, false)
	day("in_force_until", p.Until, true)
	day("penalty_raised_on", p.RaisedOn, true)
	day("verified_on", p.VerifiedOn, true)
	k.need(p.Until == "" || p.Until >= p.From, path.at("in_force_until"), "section %s ends before it begins", p.Section)
	k.need((p.VerifiedBy == "") == (p.VerifiedOn == ""), path, "verified_by and verified_on belong together")
}

func (k *checker) checkPenalty(path place, p Provision) {
	in := func(member string, y *int) {
		k.need(y == nil || *y >= 0 && *y <= Life, path.at(member), "a penalty has 0 to %d years", Life)
	}
	in("max_penalty_years", p.Max)
	in("min_penalty_years", p.Min)
	k.need(p.Min == nil || p.Max == nil || *p.Min <= *p.Max, path.at("min_penalty_years"), "the least penalty is above the highest")
	k.need(p.RaisedOn == "" || p.Max != nil, path.at("penalty_raised_on"), "a rise of a penalty that is not recorded")
}
