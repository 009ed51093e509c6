// SPDX-License-Identifier: Apache-2.0

// Package offence is the offences of the Convention (Articles 7 to 21) and of national laws as data,
// and the test of dual criminality as a comparison of conduct, not of labels (Art 35(3)).
//
// It promises that each element, option and exclusion has its article and says whether it was read in
// an official text; that a comparison is a pure function of the facts, the laws and the day given,
// names every element that is missing or open, and does not depend on what anybody calls the offence;
// and that learning more facts that are shown never turns met into not met. It refuses data files
// that do not fit together, whole, naming file and line. It grants and refuses no request: every
// result says that a person decides. There is no state; after an error nothing was loaded.
package offence

import (
	_ "embed"
	"slices"
	"strings"

	"rogatory"
)

//go:embed data/offences.json
var conventionFile []byte

//go:embed data/national.json
var exerciseFile []byte

// ElementID names an element of an offence, an option, an extension or an exclusion. One id has one
// meaning in all articles.
type ElementID string

// Element is what facts can show. Kind is act, result, circumstance, mind or exclusion.
type Element struct {
	Kind string `json:"kind"`
	Text string `json:"text"`
}

// The kinds of element. Who has done an act is asked what else was done; an attempt has no result.
const (
	Act          = "act"
	Effect       = "result"
	Circumstance = "circumstance"
	Mind         = "mind"
	Exclusion    = "exclusion"
)

// Rule is an element as an article uses it.
type Rule struct {
	ID       ElementID `json:"id"`
	Article  string    `json:"article"`
	Verified bool      `json:"verified"` // read in an official text
	Note     string    `json:"note,omitempty"`
}

// Alternative is one of several acts by which the same offence can be committed.
type Alternative struct {
	ID       string    `json:"id"`      // such as a_i, for paragraph (a)(i)
	Element  ElementID `json:"element"` // the act
	Article  string    `json:"article"`
	Verified bool      `json:"verified"`
	// Rule: "fixed", no reservation on it is allowed; "separate", it may be an offence of its own;
	// "basic_concepts", a duty only as far as a legal system's basic concepts allow.
	Rule        string `json:"rule,omitempty"`
	RuleArticle string `json:"rule_article,omitempty"`
}

// Extension is an element that a Party may accept in place of another, such as a person believed to
// be a child in place of a child.
type Extension struct {
	ID       ElementID `json:"id"`
	Replaces ElementID `json:"replaces"`
	Article  string    `json:"article"`
	Verified bool      `json:"verified"`
}

// Exempt is what takes conduct out of an offence: by the Convention itself, or where a Party chose so.
type Exempt struct {
	ID       ElementID `json:"id"`
	By       string    `json:"by"` // "convention" or "party"
	Article  string    `json:"article"`
	Verified bool      `json:"verified"`
}

// Note is a sentence with its article.
type Note struct {
	Text     string `json:"text"`
	Article  string `json:"article,omitempty"`
	Verified bool   `json:"verified"`
}

// Offence is an offence of the Convention. All of its elements are needed, one of its alternatives
// if it has any, and those options that a Party's law requires.
type Offence struct {
	Article      string        `json:"article"`
	Title        string        `json:"title"`
	Elements     []Rule        `json:"elements"`
	Alternatives []Alternative `json:"alternatives,omitempty"`
	Options      []Rule        `json:"options,omitempty"`
	Extensions   []Extension   `json:"extensions,omitempty"`
	Exclusions   []Exempt      `json:"exclusions,omitempty"`
	Care         []Note        `json:"care,omitempty"` // what to mind with these people and this material
}

// General is a rule for all offences: Articles 18 to 21.
type General struct {
	Article  string `json:"article"`
	Title    string `json:"title"`
	Text     string `json:"text"`
	Verified bool   `json:"verified"`
}

// Form is how far the conduct went and whose it was, Art 19.
type Form string

// The forms. Participation is an offence everywhere; attempt and preparation where a Party chose so.
const (
	Completed     Form = "completed"
	Participation Form = "participation"
	Attempt       Form = "attempt"
	Preparation   Form = "preparation"
)

// FormRule is what the Convention says of a form.
type FormRule struct {
	ID        Form   `json:"id"`
	Article   string `json:"article"`
	Mandatory bool   `json:"mandatory"`
	Verified  bool   `json:"verified"`
	Text      string `json:"text"`
}

// Counterpart relates an article to the Budapest Convention (ETS 185). Either may be empty: then the
// other has no counterpart.
type Counterpart struct {
	Article    string `json:"article"`
	Budapest   string `json:"budapest"`
	Difference string `json:"difference"`
	Verified   bool   `json:"verified"`
}

// Threshold is the test of a serious crime, Art 2(h).
type Threshold struct {
	Years    int    `json:"years"`
	Article  string `json:"article"`
	Verified bool   `json:"verified"`
	Text     string `json:"text"`
}

// Catalogue is the offences of the Convention. It is immutable after Load.
type Catalogue struct {
	Version         string                `json:"version"`
	Elements        map[ElementID]Element `json:"elements"`
	Offences        []Offence             `json:"offences"`
	General         []General             `json:"general"`
	Forms           []FormRule            `json:"forms"`
	Counterparts    []Counterpart         `json:"budapest"`
	DualCriminality []KindRule            `json:"dual_criminality"`
	SeriousCrime    Threshold             `json:"serious_crime"`
	Digest          rogatory.Digest       `json:"-"` // of the file it was loaded from
}

// Convention returns the catalogue that came with this program. It is checked by a test; an error
// here would be a defect, so it panics.
func Convention() *Catalogue {
	c, err := LoadCatalogue("offences.json", conventionFile)
	if err != nil {
		panic("the embedded offences do not load: " + err.Error())
	}
	return c
}

// Exercise returns the invented national laws of the exercise States. A deployment loads its own with
// LoadNational.
func Exercise(c *Catalogue) *National {
	n, err := LoadNational("national.json", exerciseFile, c)
	if err != nil {
		panic("the embedded national offences do not load: " + err.Error())
	}
	return n
}

// Offence returns the offence of that article, "7" to "17". The error's hint lists the articles.
func (c *Catalogue) Offence(article string) (Offence, error) {
	var all []string
	for _, o := range c.Offences {
		if o.Article == article {
			return o, nil
		}
		all = append(all, o.Article)
	}
	return Offence{}, rogatory.Fault(rogatory.NotFound, "offence_unknown", "article %.20q is not an offence of the Convention", article).
		WithHint("the offences are Articles " + strings.Join(all, ", "))
}

// Budapest returns the counterpart of an article of this Convention. A counterpart with an empty
// Budapest article says that there is none, and where to look instead; not found is another thing:
// nothing is known about the article.
func (c *Catalogue) Budapest(article string) (Counterpart, bool) {
	i := slices.IndexFunc(c.Counterparts, func(p Counterpart) bool { return article != "" && p.Article == article })
	if i < 0 {
		return Counterpart{}, false
	}
	return c.Counterparts[i], true
}

// FromBudapest returns the counterpart of an article of the Budapest Convention, as Budapest does.
func (c *Catalogue) FromBudapest(article string) (Counterpart, bool) {
	i := slices.IndexFunc(c.Counterparts, func(p Counterpart) bool { return article != "" && p.Budapest == article })
	if i < 0 {
		return Counterpart{}, false
	}
	return c.Counterparts[i], true
}

// form returns the Convention's rule for a form; a completed act has none.
func (c *Catalogue) form(f Form) (FormRule, bool) {
	i := slices.IndexFunc(c.Forms, func(r FormRule) bool { return r.ID == f })
	if i < 0 {
		return FormRule{}, false
	}
	return c.Forms[i], true
}

// Acts lists the acts by which the offence can be committed.
func (o Offence) acts(c *Catalogue) []ElementID {
	var acts []ElementID
	for _, r := range o.Elements {
		if c.Elements[r.ID].Kind == Act {
			acts = append(acts, r.ID)
		}
	}
	for _, a := range o.Alternatives {
		acts = append(acts, a.Element)
	}
	return acts
}

// Speaks lists the ids of all elements, alternatives, options, extensions and exclusions of the
// offence: what facts about it can show.
func (o Offence) Speaks() []ElementID {
	var ids []ElementID
	for _, r := range o.Elements {
		ids = append(ids, r.ID)
	}
	for _, a := range o.Alternatives {
		ids = append(ids, a.Element)
	}
	for _, r := range o.Options {
		ids = append(ids, r.ID)
	}
	for _, e := range o.Extensions {
		ids = append(ids, e.ID)
	}
	for _, e := range o.Exclusions {
		ids = append(ids, e.ID)
	}
	return ids
}
