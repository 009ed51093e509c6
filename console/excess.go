// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/safeguard"
)

func (s *server) excessRoutes(mux *http.ServeMux) {
	s.page(mux, "GET excess", (*server).excessList)
	for _, what := range []string{"cut", "release", "discard"} {
		s.entries(mux, "exhibits/{id}/"+what, func(s *server, v *visit) (entering, func() (string, error), error) { return s.excessForm(v, what) })
	}
}

// excessShown is how many exhibits fit the budget of a page in any language; the command line has the others.
const excessShown = 60

type excessRow struct {
	docket.Quarantined
	Since string
}

type excessView struct {
	Rows []excessRow
	More int
}

// excessList shows what waits for a reviewer, in counts.
func (s *server) excessList(v *visit) error {
	all, err := s.Office.Quarantined(v.ctx, v.by)
	if err != nil {
		return err
	}
	var view excessView
	zone := zoneOf(s.party(s.Office.Us.State))
	for _, x := range all[:min(len(all), excessShown)] {
		view.Rows = append(view.Rows, excessRow{x, when(v.loc, x.Quarantine.Since, zone)})
	}
	view.More = len(all) - len(view.Rows)
	return v.show(http.StatusOK, excessScreen(v.frame(v.loc.T("excess.title"), "excess"), view))
}

// comparedView is how an exhibit was held against what was asked for, and what this person may do about it.
type comparedView struct {
	Since, For                     string
	MayCut, MayDiscard, MayRelease bool
}

func comparedOf(v *visit, x docket.ExhibitFile) (c comparedView) {
	if x.Quarantine == nil {
		return c
	}
	c.Since = when(v.loc, x.Quarantine.Since, zoneOf(v.s.party(v.s.Office.Us.State)))
	var names []string
	for _, vote := range x.Quarantine.Votes {
		names = append(names, vote.Person)
	}
	c.For = v.loc.List(names)
	reviewer := v.by.Name != x.By
	c.MayDiscard = reviewer && v.by.Role == rogatory.Decider
	c.MayCut = c.MayDiscard && x.Ours && x.Compared != nil && x.Compared.Verdict == safeguard.Exceeds
	c.MayRelease = reviewer && (v.by.Role == rogatory.Decider || v.by.Role == rogatory.DutyOfficer || v.by.Role == rogatory.Custodian)
	return c
}

// partsOf names parts of what was asked for.
func partsOf(l *language.Locale, parts []safeguard.Outside) string {
	var names []string
	for _, p := range parts {
		names = append(names, l.T("excess.part."+string(p)))
	}
	return l.List(names)
}

// outsideReasons are the reasons in the order in which they are shown.
var outsideReasons = []safeguard.Outside{safeguard.WrongTime, safeguard.WrongIdentifier, safeguard.WrongKind, safeguard.Unreadable}

// columnsOf names the columns that were looked at, as they stand in the table.
func columnsOf(c safeguard.Columns) string {
	names := c.Identifiers
	for _, n := range []string{c.Kind, c.Time} {
		if n != "" {
			names = append([]string{n}, names...)
		}
	}
	return strings.Join(names, " · ")
}

// namedColumns reads the columns that a person named, separated by commas of any script.
func namedColumns(values map[string]string) safeguard.Columns {
	c := safeguard.Columns{Time: values["time_column"]}
	for one := range strings.FieldsFuncSeq(values["identifier_columns"], func(r rune) bool { return strings.ContainsRune(",;،؛，；、\n", r) }) {
		if one = strings.TrimSpace(one); one != "" {
			c.Identifiers = append(c.Identifiers, one)
		}
	}
	return c
}

// excessForm is what becomes of an exhibit in quarantine: it is cut, released as it is, or discarded.
func (s *server) excessForm(v *visit, what string) (entering, func() (string, error), error) {
	if err := docket.MayRead(v.by); err != nil {
		return entering{}, nil, err
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	id := rogatory.ExhibitID(v.r.PathValue("id"))
	f, x, err := s.Office.Exhibit(v.ctx, id)
	if err != nil {
		return entering{}, nil, err
	}
	if x.Quarantine == nil || x.Compared == nil {
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "exhibit_not_quarantined", "exhibit %s does not lie in quarantine", id)
	}
	l, at, why := v.loc, "exhibits/"+string(id), strings.TrimSpace(values["why"])
	e := entering{Title: l.T("excess." + what + ".go"), About: x.Exhibit.Title, Lead: l.T("excess.verdict." + string(x.Compared.Verdict)), Request: f.ID, Action: Prefix + at + "/" + what, Leave: Prefix + at, Do: l.T("excess." + what + ".go"), Grave: true,
		Fields: []field{{Name: "why", Label: l.T("excess.reasons"), Hint: l.T("excess.reasons.hint"), Form: "area", Value: why, Needed: true}},
		Will:   []willView{{l.T("exhibit.reference"), string(id), true}, {l.T("excess.rows"), l.Number(x.Compared.Rows), false}, {l.T("excess.outside"), l.Number(x.Compared.Outside), false}}}
	var do func() error
	switch what {
	case "cut":
		e.Lead, e.Fields, e.Entry = l.T("excess.cut.hint"), nil, rogatory.ExhibitCut
		do = func() error {
			cut, err := s.Office.Cut(v.ctx, v.by, id)
			if err == nil {
				at = "exhibits/" + string(cut.ID)
				v.say("excess.cut.done", "id", cut.ID)
			}
			return err
		}
	case "release":
		e.Entry = rogatory.ExhibitReleaseVote
		do = func() error {
			released, err := s.Office.Release(v.ctx, v.by, id, why)
			if err == nil && released {
				v.say("excess.released")
			} else if err == nil {
				v.say("excess.voted")
			}
			return err
		}
	default:
		e.Entry, e.Fields[0].Hint, e.Notes = rogatory.ExhibitDeleted, "", []string{l.T("delete.gone")}
		do = func() error {
			_, err := s.Office.DeleteExcess(v.ctx, v.by, id, why)
			if err == nil {
				v.say("excess.deleted")
			}
			return err
		}
	}
	return e, func() (string, error) { err := do(); return at, err }, nil
}
