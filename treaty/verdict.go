// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"rogatory"
)

// CheckVerdict says whether a decision has what the Convention asks of it: a ground from the kind's
// list and reasons (Art 40(25)), a consultation where one must come first (Art 40(28)), an outcome
// where one is named. A ground that the Convention forbids is refused with its article.
func (k Kind) CheckVerdict(r *Rules, act rogatory.Act, v *rogatory.Verdict, offence rogatory.Offence, consulted bool) error {
	switch act {
	case rogatory.Refuse, rogatory.Postpone:
		return k.checkGround(r, act, v, offence, consulted)
	case rogatory.Execute:
		if v == nil || !slices.Contains(k.Outcomes, v.Outcome) {
			return rogatory.Fault(rogatory.Invalid, "outcome_missing", "say how the %s request was executed", k.ID).WithHint("outcome is one of " + outcomes(r, k.Outcomes))
		}
	}
	return nil
}

func (k Kind) checkGround(r *Rules, act rogatory.Act, v *rogatory.Verdict, offence rogatory.Offence, consulted bool) error {
	allowed, article := k.Refuse, k.RefuseArticle
	if act == rogatory.Postpone {
		allowed, article = k.Postpone, "40(27)"
	}
	if v == nil || v.Ground == "" {
		return rogatory.Fault(rogatory.Invalid, "ground_missing", "to %s a %s request a ground is needed (Art %s)", act, k.ID, article).WithHint(listGrounds(r, allowed))
	}
	if never, ok := r.Never[v.Ground]; ok {
		return rogatory.Fault(rogatory.Invalid, "ground_forbidden", "%s is never a ground: %s (Art %s)", v.Ground, never.Text, never.Article).WithHint(listGrounds(r, allowed))
	}
	if !slices.Contains(allowed, v.Ground) {
		return rogatory.Fault(rogatory.Invalid, "ground_not_open", "%.20q is not a ground on which to %s a %s request (Art %s)", v.Ground, act, k.ID, article).WithHint(listGrounds(r, allowed))
	}
	ground := r.Grounds[v.Ground]
	switch {
	case ground.OutsideOnly && len(offence.Articles) > 0:
		return rogatory.Fault(rogatory.Invalid, "ground_not_open", "%s is open only where no offence of the Convention is concerned, this request names Article %s (Art %s)", v.Ground, strings.Join(offence.Articles, ", "), ground.Article)
	case strings.TrimSpace(v.Reasons) == "":
		return rogatory.Fault(rogatory.Invalid, "reasons_missing", "reasons must be given (Art %s)", k.reasonsArticle()).WithHint("say in a few sentences why the ground applies to these facts")
	case ground.Consult && !consulted:
		return rogatory.Fault(rogatory.Conflict, "consultation_missing", "before this ground the other State must be consulted (Art %s)", k.consultArticle()).WithHint("send a consultation first, then decide on its answer")
	case len(ground.Outcomes) > 0 && !slices.Contains(ground.Outcomes, v.Outcome):
		return rogatory.Fault(rogatory.Invalid, "outcome_missing", "a refusal on %s says what is done instead (Art %s)", v.Ground, ground.Article).WithHint("outcome is one of " + outcomes(r, ground.Outcomes))
	case act == rogatory.Postpone && v.Review == 0:
		return rogatory.Fault(rogatory.Invalid, "review_missing", "a postponement needs a date of review (Art 40(27))")
	}
	return nil
}

// CheckDetails says whether an act carries the fields that the kind asks of it, and no others.
func (k Kind) CheckDetails(r *Rules, act rogatory.Act, details map[string]string) error {
	want := k.Details[act]
	for _, id := range want.Required {
		if strings.TrimSpace(details[id]) == "" {
			return rogatory.Fault(rogatory.Invalid, "detail_missing", "%s of a %s request says %s: %s (Art %s)", act, k.ID, id, r.Fields[id].Label, r.Fields[id].Article).
				WithHint("for example " + id + "=" + r.Fields[id].Example)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(details)) {
		if !slices.Contains(want.Required, id) && !slices.Contains(want.Optional, id) {
			return rogatory.Fault(rogatory.Invalid, "detail_unknown", "%s of a %s request says nothing under %.40q", act, k.ID, id)
		}
		if f := r.checkField(id, details[id], 0); f != nil && f.Blocks {
			return rogatory.Fault(rogatory.Invalid, f.Code, "%s", f.Text)
		}
	}
	return nil
}

func listGrounds(r *Rules, grounds []rogatory.Ground) string {
	if len(grounds) == 0 {
		return "this kind of request has no such grounds"
	}
	var each, open []string
	for _, g := range grounds {
		each = append(each, fmt.Sprintf("%s (%s, Art %s)", g, r.Grounds[g].Text, r.Grounds[g].Article))
		if !r.Grounds[g].Verified {
			open = append(open, string(g))
		}
	}
	text := "the grounds are " + strings.Join(each, "; ")
	if len(open) > 0 {
		text += "; " + unverified + ": " + strings.Join(open, ", ")
	}
	return text
}

func outcomes(r *Rules, all []rogatory.Outcome) string {
	var each []string
	for _, o := range all {
		each = append(each, fmt.Sprintf("%s (%s)", o, r.Outcomes[o]))
	}
	return strings.Join(each, ", ")
}
