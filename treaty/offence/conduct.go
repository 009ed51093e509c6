// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"rogatory"
)

// Finding is what an officer says of one element: do the facts show it?
type Finding string

// The findings. What is not spoken of is open.
const (
	Shown    Finding = "shown"
	NotShown Finding = "not_shown"
	Open     Finding = "open"
)

// Outcome is what a comparison says. It is never a decision.
type Outcome string

// The outcomes.
const (
	Met     Outcome = "met"
	Unclear Outcome = "unclear"
	NotMet  Outcome = "not_met"
)

// PersonDecides is part of every result.
const PersonDecides = "a person decides: this comparison grants nothing and refuses nothing"

// outcomes in the order in which facts, as they become known, raise them.
var rising = []Outcome{NotMet, Unclear, Met}

// least returns the lower of two outcomes.
func least(a, b Outcome) Outcome {
	return rising[min(slices.Index(rising, a), slices.Index(rising, b))]
}

// most returns the higher of two outcomes.
func most(a, b Outcome) Outcome {
	return rising[max(slices.Index(rising, a), slices.Index(rising, b))]
}

// outcome is what one element alone would lead to.
func (f Finding) outcome() Outcome {
	switch f {
	case Shown:
		return Met
	case NotShown:
		return NotMet
	}
	return Unclear
}

// Fact is a finding with the words of the request that it rests on.
type Fact struct {
	Finding Finding `json:"finding"`
	Words   string  `json:"words,omitempty"`
}

// Conduct is what a request says was done.
type Conduct struct {
	// Labels are the articles under which the requesting State asks. No comparison reads them:
	// conduct is compared, not its name (Art 35(3)).
	Labels []string           `json:"labels,omitempty"`
	Facts  map[ElementID]Fact `json:"facts"`
	Form   Form               `json:"form,omitempty"` // empty: completed
}

// MaxWords bounds the words of one fact; they are quoted from a request and read by people.
const MaxWords = 2000

// finding returns what is said of an element; open, if nothing or nothing known is.
func (c Conduct) finding(id ElementID) Finding {
	if f := c.Facts[id].Finding; f == Shown || f == NotShown {
		return f
	}
	return Open
}

// speaks reports whether anything is said of an element, if only that it is open.
func (c Conduct) speaks(id ElementID) bool {
	_, ok := c.Facts[id]
	return ok
}

// unfinished reports whether results of the act are not asked for.
func (c Conduct) unfinished() bool { return c.Form == Attempt || c.Form == Preparation }

// CheckConduct refuses facts about elements that neither the Convention nor one of the laws knows,
// and findings, forms and labels that do not exist. Compare itself ignores what it does not know.
func (c *Catalogue) CheckConduct(conduct Conduct, laws ...Law) error {
	for _, a := range conduct.Labels {
		if _, err := c.Offence(a); err != nil {
			return err
		}
	}
	if _, ok := c.form(conduct.Form); !ok && conduct.Form != "" && conduct.Form != Completed {
		return rogatory.Fault(rogatory.Invalid, "form_unknown", "%.40q is not a form of conduct", conduct.Form).
			WithHint("the forms are completed, participation, attempt and preparation (Art 19)")
	}
	for _, id := range slices.Sorted(maps.Keys(conduct.Facts)) {
		_, known := c.Elements[id]
		for _, l := range laws {
			_, own := l.Elements[id]
			known = known || own
		}
		if !known {
			return rogatory.Fault(rogatory.Invalid, "element_unknown", "%.60q is not an element of an offence", id).WithHint(c.elementsHint(conduct.Labels))
		}
		f := conduct.Facts[id]
		if f.Finding != Shown && f.Finding != NotShown && f.Finding != Open {
			return rogatory.Fault(rogatory.Invalid, "finding_unknown", "%.40q is not a finding about %s", f.Finding, id).WithHint("a fact is shown, not_shown or open")
		}
		if utf8.RuneCountInString(f.Words) > MaxWords {
			return rogatory.Fault(rogatory.Invalid, "words_too_long", "the words about %s have more than %d characters", id, MaxWords).WithHint("quote the sentence that matters")
		}
	}
	return nil
}

func (c *Catalogue) elementsHint(labels []string) string {
	var each []string
	for _, a := range labels {
		o, err := c.Offence(a)
		if err != nil {
			continue
		}
		var ids []string
		for _, id := range o.Speaks() {
			ids = append(ids, string(id))
		}
		each = append(each, "Article "+a+" speaks of "+strings.Join(ids, ", "))
	}
	if len(each) == 0 {
		return "rogatory offence show ARTICLE lists the elements of an article"
	}
	return strings.Join(each, "; ")
}
