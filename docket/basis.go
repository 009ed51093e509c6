// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"strings"

	"rogatory"
	"rogatory/treaty"
	"rogatory/treaty/status"
)

// basis holds the legal basis that a request names against what binds the two States on that day
// (Arts 40(6)-(7), 60(1), 65). A basis that is not open stops the request; what a declaration of either
// State narrows, and what no jurist verified, is said and stops nothing.
func (o *Office) basis(kind treaty.Kind, party rogatory.Party, f File, on rogatory.Instant) ([]treaty.Finding, error) {
	if kind.Duty == treaty.Own {
		return nil, nil // nobody is asked for anything
	}
	a, err := o.Rules.Desk.Basis(status.Question{From: f.Us.State, To: f.Them.State, Kind: kind, Part: f.Request.Part, Articles: f.Request.Offence.Articles,
		Years: f.Request.Offence.MaximumYears, On: status.DateOf(on.Time()), Mode: o.Mode, Urgent: kind.Urgent, Stated: party.Languages})
	if err != nil {
		return nil, err
	}
	named := f.Request.Basis
	if named == "" {
		named = rogatory.ThisConvention
	}
	var found []treaty.Finding
	if !slices.ContainsFunc(a.Candidates, func(c status.Candidate) bool { return c.Basis == named }) {
		var open []string
		for _, c := range a.Candidates {
			open = append(open, string(c.Basis)+" ("+c.Name+")")
		}
		text := "a legal basis that is open between " + string(f.Us.State) + " and " + string(f.Them.State) + ": " + strings.Join(open, ", ") + "; not " + string(named)
		for _, r := range a.Reasons {
			text += "; " + r.Text
		}
		found = append(found, treaty.Finding{Code: "basis_not_open", Field: "basis", Article: "40(7)", Text: text, Blocks: true})
	}
	for _, l := range a.Limits {
		text := string(l.State) + ", Art " + l.Article + ": " + l.Text
		if !l.Verified {
			text += " (not verified by a jurist)"
		}
		found = append(found, treaty.Finding{Code: "participation_limited", Field: "basis", Article: l.Article, Text: text})
	}
	return found, nil
}
