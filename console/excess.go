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
	s.page(mux, "POST exhibits/{id}/cut", (*server).exhibitCut)
	s.page(mux, "POST exhibits/{id}/release", (*server).exhibitReleased)
	s.page(mux, "POST exhibits/{id}/discard", (*server).exhibitDiscarded)
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

func (s *server) exhibitCut(v *visit) error {
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	x, err := s.Office.Cut(v.ctx, v.by, rogatory.ExhibitID(v.r.PathValue("id")))
	if err != nil {
		return err
	}
	v.say("excess.cut.done", "id", x.ID)
	return v.to("exhibits/" + string(x.ID))
}

func (s *server) exhibitReleased(v *visit) error {
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	id := v.r.PathValue("id")
	released, err := s.Office.Release(v.ctx, v.by, rogatory.ExhibitID(id), v.r.PostFormValue("why"))
	if err != nil {
		return err
	}
	if released {
		v.say("excess.released")
	} else {
		v.say("excess.voted")
	}
	return v.to("exhibits/" + id)
}

func (s *server) exhibitDiscarded(v *visit) error {
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	id := v.r.PathValue("id")
	if _, err := s.Office.DeleteExcess(v.ctx, v.by, rogatory.ExhibitID(id), v.r.PostFormValue("why")); err != nil {
		return err
	}
	v.say("excess.deleted")
	return v.to("exhibits/" + id)
}
