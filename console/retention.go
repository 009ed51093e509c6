// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
)

// caseworkRoutes are what is done with a case besides its messages: its evidence ends or goes on, orders at home are
// renewed, and what comes on paper is recorded.
func (s *server) caseworkRoutes(mux *http.ServeMux) {
	s.page(mux, "GET retention", (*server).retention)
	s.entries(mux, "exhibits/{id}/delete", (*server).deleteForm)
	s.entries(mux, "exhibits/{id}/keep", (*server).keepForm)
	s.entries(mux, "exhibits/{id}/relay", (*server).relayForm)
	s.entries(mux, "requests/{id}/renew", (*server).renewForm)
	s.entries(mux, "requests/{id}/heard/{act}", (*server).heardForm)
	s.entries(mux, "arrivals/{kind}", (*server).arrivalForm)
	s.entries(mux, "requests/{id}/duties/{number}/{what}", (*server).dutyForm)
	s.entries(mux, "directory/{state}/wrong/{number}", (*server).doubtForm)
	s.entries(mux, "elsewhere", (*server).elsewhereForm)
	s.page(mux, "GET arrivals", (*server).arrivals)
}

// keptView is one exhibit with its term.
type keptView struct {
	docket.Keeping
	Rule   string // in words
	Delete string // the day from which it may and must go
	Left   string
}

type retentionView struct {
	Rows      []keptView
	Due, Rest int
	MayDecide bool
}

// keptShown is how many exhibits one page lists: those that go first.
const keptShown = 60

// retention lists what lies in the vault for requests that have ended.
func (s *server) retention(v *visit) error {
	all, err := s.Office.Retention(v.ctx, v.by)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, retentionScreen(v.frame(v.loc.T("retention.title"), "agenda"), s.retentionOf(v, all)))
}

func (s *server) retentionOf(v *visit, all []docket.Keeping) retentionView {
	view := retentionView{MayDecide: v.by.Role == rogatory.Decider}
	for i, k := range all {
		if k.Due {
			view.Due++
		}
		if i < keptShown {
			view.Rows = append(view.Rows, s.kept(v, k))
		} else {
			view.Rest++
		}
	}
	return view
}

func (s *server) kept(v *visit, k docket.Keeping) keptView {
	zone := zoneNamed(zoneOf(s.party(s.Office.Us.State)))
	row := keptView{Keeping: k, Rule: v.loc.T("retention.rule." + k.Term.Rule), Delete: v.loc.Day(k.Term.Delete.At, zone)}
	if k.Term.DeleteAt != 0 {
		row.Delete = v.loc.Day(k.Term.DeleteAt, zone)
		if !k.Due {
			row.Left = v.loc.Left(k.Term.DeleteAt.Sub(v.now))
		}
	}
	return row
}

// keptOf is the exhibit of the path while it lies in our vault for a request that has ended.
func (s *server) keptOf(v *visit) (docket.File, docket.ExhibitFile, keptView, error) {
	id := rogatory.ExhibitID(v.r.PathValue("id"))
	k, kept, err := s.Office.KeepingOf(v.ctx, v.by, id)
	if err != nil {
		return docket.File{}, docket.ExhibitFile{}, keptView{}, err
	}
	f, x, err := s.Office.Exhibit(v.ctx, id)
	if err == nil && !kept {
		err = rogatory.Fault(rogatory.Conflict, "deletion_early", "exhibit %s is not kept here for a request that has ended", id)
	}
	return f, x, s.kept(v, k), err
}

// deleteForm deletes an exhibit whose term is over. The digests are shown: they are what stays of it.
func (s *server) deleteForm(v *visit) (entering, func() (string, error), error) {
	f, x, k, err := s.keptOf(v)
	if err != nil {
		return entering{}, nil, err
	}
	if _, err := v.form(); err != nil {
		return entering{}, nil, err
	}
	id, l := x.Exhibit.ID, v.loc
	if !k.Due {
		if len(k.Term.HeldBy) > 0 {
			return entering{}, nil, rogatory.Fault(rogatory.Conflict, "deletion_held", "exhibit %s is held by %.80q", id, k.Term.HeldBy[0])
		}
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "deletion_early", "exhibit %s is kept until %s", id, k.Term.DeleteAt)
	}
	at := Prefix + "exhibits/" + string(id)
	e := entering{Title: l.T("delete.title"), Lead: l.T("delete.lead", "state", s.name(l, f.Them.State)), About: x.Exhibit.Title, Request: f.ID, Action: at + "/delete", Leave: at, Do: l.T("delete.do"),
		Entry: rogatory.ExhibitDeleted, Grave: true, Notes: []string{l.T("delete.gone"), l.T("delete.certified", "state", s.name(l, f.Them.State))},
		Will: []willView{{l.T("exhibit.reference"), string(id), true}, {l.T("exhibit.file"), x.Exhibit.FileName, true}, {l.T("exhibit.size"), l.Bytes(x.Exhibit.Seal.Size), false}, {"SHA-256", x.Exhibit.Seal.SHA256.String(), true},
			{l.T("retention.rule"), k.Rule, false}, {l.T("retention.due_since"), k.Delete, false}}}
	return e, func() (string, error) {
		if _, err := s.Office.Delete(v.ctx, v.by, id); err != nil {
			return "", err
		}
		v.say("delete.done", "state", s.name(l, f.Them.State))
		return "exhibits/" + string(id), nil
	}, nil
}

// keepForm holds an exhibit for a proceeding, or lets it go again.
func (s *server) keepForm(v *visit) (entering, func() (string, error), error) {
	f, x, k, err := s.keptOf(v)
	if err != nil {
		return entering{}, nil, err
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	id, l := x.Exhibit.ID, v.loc
	at := Prefix + "exhibits/" + string(id)
	get := func(name string) string { return strings.TrimSpace(values[name]) }
	e := entering{Title: l.T("keep.title"), Lead: l.T("keep.lead", "time", k.Delete), About: x.Exhibit.Title, Request: f.ID, Action: at + "/keep", Leave: at, Do: l.T("keep.do"), Entry: rogatory.ExhibitKept,
		Fields: []field{{Name: "proceeding", Label: l.T("keep.proceeding"), Hint: l.T("keep.proceeding.hint"), Form: "text", Value: get("proceeding"), Needed: true}},
		Notes:  []string{l.T("keep.held")}}
	done := "keep.done"
	if x.Kept != "" {
		e.Title, e.Lead, e.Do, e.Fields, e.Notes = l.T("letgo.title"), l.T("letgo.lead", "name", x.Kept), l.T("letgo.do"), nil, []string{l.T("letgo.then", "time", v.loc.Day(k.Term.Delete.At, zoneNamed(zoneOf(s.party(s.Office.Us.State)))))}
		done = "letgo.done"
	}
	e.Fields = append(e.Fields, field{Name: "why", Label: l.T("ask.reasons"), Form: "area", Value: get("why"), Needed: true})
	return e, func() (string, error) {
		if err := s.Office.Keep(v.ctx, v.by, id, get("proceeding"), get("why")); err != nil {
			return "", err
		}
		v.say(done)
		return "exhibits/" + string(id), nil
	}, nil
}

// renews reports whether our order at home has to be renewed for the other State's data to stay.
func renews(f docket.File) bool {
	return f.Side == rogatory.RequestedSide && f.State == rogatory.Preserved && slices.ContainsFunc(f.Deadlines, func(d docket.Deadline) bool { return d.Name == docket.RenewalDue && d.State != docket.Met })
}

// renewForm records that the domestic order under which data stay preserved was renewed (Art 25(2)).
func (s *server) renewForm(v *visit) (entering, func() (string, error), error) {
	f, values, err := v.fileForm()
	if err != nil {
		return entering{}, nil, err
	}
	if !renews(f) {
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "renewal_not_due", "request %s needs no renewed order", f.ID)
	}
	l, at := v.loc, Prefix+"requests/"+string(f.ID)
	e := entering{Title: l.T("renew.title"), Lead: l.T("renew.lead", "state", s.name(l, f.Them.State)), About: f.Request.Title, Request: f.ID, Action: at + "/renew", Leave: at, Do: l.T("renew.do"), Entry: rogatory.OrderRenewed, Grave: true,
		Fields: []field{{Name: "order", Label: l.T("renew.order"), Hint: l.T("renew.order.hint"), Article: "25(2)", Form: "text", Value: strings.TrimSpace(values["order"]), Needed: true, Example: l.T("renew.order.example")}},
		Notes:  []string{l.T("renew.then", "state", s.name(l, f.Them.State))}}
	for _, d := range f.Deadlines {
		if d.Name == docket.RenewalDue && d.State != docket.Met {
			e.Will = append(e.Will, willView{l.DeadlineName(d.Name), when(l, d.Due, zoneOf(s.party(s.Office.Us.State))), false})
		}
	}
	return e, func() (string, error) {
		if _, err := s.Office.Renew(v.ctx, v.by, f.ID, e.Fields[0].Value); err != nil {
			return "", err
		}
		v.say("renew.done")
		return "requests/" + string(f.ID), nil
	}, nil
}

// deletionThere is the certificate of the other State, beside our own.
const deletionThere letter.Paper = "deletion-there"

// ofExhibit reports whether a paper is about an exhibit and not about a request.
func ofExhibit(p letter.Paper) bool {
	return p == letter.CustodyPaper || p == letter.DeletionPaper || p == deletionThere
}

// deletion makes the certificate of deletion of one of the two States. What went by another channel stands in our journal
// alone, and no signed message carries it.
func (s *server) deletion(f docket.File, x rogatory.Exhibit, paper letter.Paper, events []letter.Event, spoken []letter.Spoken, ls []*language.Locale) (letter.Document, error) {
	by := f.Us.State
	if paper == deletionThere {
		by = f.Them.State
	}
	for _, e := range events {
		if m := e.Entry.Said; m != nil {
			spoken = append(spoken, letter.Spoken{Message: *m, Entry: e.Index})
		}
	}
	said, found := letter.DeletionOf(x.ID, by, spoken)
	if !found {
		return letter.Document{}, rogatory.Fault(rogatory.NotFound, "paper_missing", "%s has not certified that exhibit %s was deleted", by, x.ID)
	}
	facts, _, _ := s.facts(f)
	return letter.Deletion(facts, x, said, ls...), nil
}
