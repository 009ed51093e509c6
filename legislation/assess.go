// SPDX-License-Identifier: Apache-2.0

package legislation

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"rogatory"
)

// Status is how an article stands in a State's law on a day.
type Status string

// The statuses.
const (
	Implemented       Status = "implemented"
	PartlyImplemented Status = "partly"
	Missing           Status = "missing"
	Inapplicable      Status = "not_applicable"
)

// Line is one article in an assessment.
type Line struct {
	Article    Article     `json:"article"`
	Status     Status      `json:"status"`
	Enactments []Enactment `json:"enactments"` // in force on the day
	Coming     []Enactment `json:"coming"`     // in force later
	Next       string      `json:"next"`       // what to do; empty: nothing
}

// Part is one chapter in an assessment.
type Part struct {
	Chapter Chapter `json:"chapter"`
	Lines   []Line  `json:"lines"`
	Total   Count   `json:"total"`
}

// Count is a number of articles by status.
type Count struct {
	Implemented   int `json:"implemented"`
	Partly        int `json:"partly"`
	Missing       int `json:"missing"`
	NotApplicable int `json:"not_applicable"`
}

func (c *Count) add(s Status) {
	*map[Status]*int{Implemented: &c.Implemented, PartlyImplemented: &c.Partly, Missing: &c.Missing, Inapplicable: &c.NotApplicable}[s]++
}

// Total is the count of the articles of one kind of obligation.
type Total struct {
	Obligation Obligation `json:"obligation"`
	Count
}

// Assessment is what a State's law does with the Convention on a day: the self-assessment of a State
// that ratifies.
type Assessment struct {
	State  rogatory.StateCode `json:"state"`
	On     Date               `json:"on"`
	Parts  []Part             `json:"parts"`
	Totals []Total            `json:"totals"`
	// Unverified counts enactments in force that nobody is named for having verified.
	Unverified int `json:"unverified"`
	// ArticlesUnverified and ObligationsUnverified count articles whose content, or whose kind of
	// obligation, no jurist has verified yet.
	ArticlesUnverified    int `json:"articles_unverified"`
	ObligationsUnverified int `json:"obligations_unverified"`
}

// Assess says article by article what the State's law implements on the day, and what to do next. A
// State of which the book says nothing has everything before it. One full enactment makes an article
// implemented; an article that asks for no law is not applicable unless the book says more.
func Assess(t Table, b Book, state rogatory.StateCode, on Date) (Assessment, error) {
	if !state.Valid() || !on.Valid() {
		return Assessment{}, rogatory.Fault(rogatory.Invalid, "assessment_invalid", "assess %.10q on %.20q: that is not a State's code and a day", state, on).
			WithHint("write a State as XA and a day as 2027-01-31")
	}
	a := Assessment{State: state, On: on}
	for _, o := range obligations {
		a.Totals = append(a.Totals, Total{Obligation: o})
	}
	own := b.Of(state)
	for _, c := range t.Chapters {
		part := Part{Chapter: c, Lines: []Line{}}
		for _, article := range t.Articles {
			if article.Chapter != c.Number {
				continue
			}
			l := assess(article, own, on)
			part.Lines = append(part.Lines, l)
			part.Total.add(l.Status)
			a.Totals[slices.Index(obligations, article.Obligation)].add(l.Status)
			for _, p := range l.Enactments {
				if p.VerifiedBy == "" {
					a.Unverified++
				}
			}
			if !article.Verified {
				a.ArticlesUnverified++
			}
			if !article.ObligationVerified {
				a.ObligationsUnverified++
			}
		}
		a.Parts = append(a.Parts, part)
	}
	return a, nil
}

func assess(article Article, own []Enactment, on Date) Line {
	l := Line{Article: article, Status: Missing, Enactments: []Enactment{}, Coming: []Enactment{}}
	if article.Obligation == None {
		l.Status = Inapplicable
	}
	extents := map[Extent]bool{}
	for _, p := range own {
		switch {
		case p.Article != article.Number:
		case p.inForce(on):
			l.Enactments = append(l.Enactments, p)
			extents[p.Extent] = true
		case p.From > on:
			l.Coming = append(l.Coming, p)
		}
	}
	switch {
	case extents[Full]:
		l.Status = Implemented
	case extents[Partly]:
		l.Status = PartlyImplemented
	case extents[NotApplicable]:
		l.Status = Inapplicable
	}
	l.Next = next(l)
	return l
}

// next says what is to be done about an article.
func next(l Line) string {
	var todo []string
	say := func(format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		todo = append(todo, strings.ToUpper(text[:1])+text[1:])
	}
	comes := slices.ContainsFunc(l.Coming, func(p Enactment) bool { return p.Extent != Partly })
	switch {
	case l.Status == Missing && !comes:
		say("%s", map[Obligation]string{
			Mandatory: "provide by law: ",
			Consider:  "consider, and record what came of it: ",
			Optional:  "nothing has to be done; ",
		}[l.Article.Obligation]+l.Article.Asks)
	case l.Status == PartlyImplemented && !comes:
		for _, p := range l.Enactments {
			say("add to %s: %s", p.Law, p.Remark)
		}
	}
	for _, p := range l.Coming {
		say("wait for %s, in force from %s", cmp.Or(p.Law, "a change"), p.From)
	}
	for _, p := range l.Enactments {
		if p.Until != "" {
			say("mind that %s ends on %s", cmp.Or(p.Law, "this"), p.Until)
		}
		if p.VerifiedBy == "" {
			say("have %s verified by a jurist", cmp.Or(p.Law, "this"))
		}
	}
	return strings.Join(todo, ". ")
}

// Contrast is one article in a comparison.
type Contrast struct {
	Article Article `json:"article"`
	One     Status  `json:"one"`
	Other   Status  `json:"other"`
	Alike   bool    `json:"alike"` // same status, and no reservations on either side
	Text    string  `json:"text"`  // what to mind when the two cooperate
}

// Comparison sets the laws of two States side by side.
type Comparison struct {
	One   rogatory.StateCode `json:"one"`
	Other rogatory.StateCode `json:"other"`
	On    Date               `json:"on"`
	Lines []Contrast         `json:"lines"`
	Alike int                `json:"alike"`
}

// Compare sets the laws of two States side by side on a day: the articles that ask for a law, or of
// which either State says something. It is the difference of what each says, and no test of dual
// criminality.
func Compare(t Table, b Book, one, other rogatory.StateCode, on Date) (Comparison, error) {
	left, err := Assess(t, b, one, on)
	if err != nil {
		return Comparison{}, err
	}
	right, err := Assess(t, b, other, on)
	if err != nil {
		return Comparison{}, err
	}
	c := Comparison{One: one, Other: other, On: on, Lines: []Contrast{}}
	for i, part := range left.Parts {
		for j, l := range part.Lines {
			r := right.Parts[i].Lines[j]
			if l.Article.Obligation == None && len(l.Enactments)+len(r.Enactments) == 0 {
				continue
			}
			line := Contrast{Article: l.Article, One: l.Status, Other: r.Status}
			minds := slices.Concat(mind(one, l), mind(other, r))
			line.Alike, line.Text = len(minds) == 0 && l.Status == r.Status, strings.Join(minds, ". ")
			if line.Alike {
				c.Alike++
			}
			c.Lines = append(c.Lines, line)
		}
	}
	return c, nil
}

// mind says what another State should mind about an article in a State's law.
func mind(state rogatory.StateCode, l Line) []string {
	var minds []string
	for _, p := range l.Enactments {
		if p.Remark != "" {
			minds = append(minds, fmt.Sprintf("%s: %s", state, p.Remark))
		}
		for _, r := range p.Reservations {
			minds = append(minds, fmt.Sprintf("%s reserves %s: %s", state, r.Paragraph, r.Text))
		}
	}
	if l.Status == Missing && l.Article.Obligation != Optional {
		minds = append(minds, fmt.Sprintf("%s has no enactment", state))
	}
	return minds
}
