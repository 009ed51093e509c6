// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"net/http"
	"slices"

	"rogatory"
	"rogatory/docket"
)

// What can be done to many requests at once. Nothing that decides, discloses or speaks to another State is among it.
const (
	bulkClaim  = "claim"
	bulkBack   = "back"
	bulkAssign = "assign"
	bulkAside  = "aside"
)

// maxBulk is how many rows one page of the inbox has.
const maxBulk = pageSize

// order is what is done to each of the chosen requests.
type order struct {
	Do    string
	To    rogatory.Officer // who holds them then; nobody without a name
	Until rogatory.Instant // of those put aside
	Aside asideForm
}

// bulkRow is one request of a bulk, with what would happen or has happened. Before and After are names of people, or
// the moments until which it is put aside.
type bulkRow struct {
	ID      rogatory.RequestID
	Title   string
	Before  string
	After   string
	Problem *rogatory.Error // it is not, or was not, done
}

type bulkView struct {
	Order  order
	Rows   []bulkRow
	Done   bool
	Undone bool
	Failed int
}

// assignees are who can hold requests.
func (s *server) assignees(v *visit) ([]rogatory.Officer, error) {
	all, err := s.People(v.ctx)
	return slices.DeleteFunc(all, func(o rogatory.Officer) bool { return !mayClaim(o.Role) }), err
}

func (s *server) officer(v *visit, name string) (rogatory.Officer, error) {
	all, err := s.assignees(v)
	if err != nil {
		return rogatory.Officer{}, err
	}
	if i := slices.IndexFunc(all, func(o rogatory.Officer) bool { return o.Name == name }); i >= 0 {
		return all[i], nil
	}
	return rogatory.Officer{}, personUnknown(name)
}

// bulkForm reads a form of the bulk; false if it chooses nothing.
func (v *visit) bulkForm() (ids []string, ok bool, err error) {
	if err := v.r.ParseForm(); err != nil {
		return nil, false, rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	if !mayClaim(v.by.Role) {
		return nil, false, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not take requests on", v.by.Name, v.by.Role)
	}
	ids = v.r.PostForm["id"]
	return ids, len(ids) > 0 && len(ids) <= maxBulk && slices.Contains([]string{bulkClaim, bulkBack, bulkAssign, bulkAside}, v.r.PostForm.Get("do")), nil
}

// nothingChosen goes back to the inbox.
func (v *visit) nothingChosen() error {
	v.say("bulk.nothing")
	return v.to("inbox")
}

// each does to one request what f says, and keeps its failure in the row: one that fails stops no other.
func (s *server) each(v *visit, id string, f func(*bulkRow, docket.File, docket.Claim, docket.Aside) error) (bulkRow, error) {
	row := bulkRow{ID: rogatory.RequestID(id), Title: id}
	file, err := s.Office.File(v.ctx, row.ID)
	if err == nil {
		row.Title = file.Request.Title
		var claim docket.Claim
		var aside docket.Aside
		if claim, aside, err = s.Office.Standing(v.ctx, row.ID); err == nil {
			err = f(&row, file, claim, aside)
		}
	}
	if row.Problem = faultOf(err); err != nil && (row.Problem == nil || row.Problem.Kind == rogatory.Internal) {
		return row, err
	}
	return row, nil
}

// bulk shows what would happen to the chosen requests, then does it row by row.
func (s *server) bulk(v *visit) error {
	ids, ok, err := v.bulkForm()
	if err != nil {
		return err
	}
	if !ok {
		return v.nothingChosen()
	}
	form := v.r.PostForm
	view := bulkView{Order: order{Do: form.Get("do"), Aside: asideOf(v.r)}, Done: form.Get("step") == "do"}
	o := &view.Order
	switch o.Do {
	case bulkClaim:
		o.To = v.by.Officer
	case bulkAssign:
		if o.To, err = s.officer(v, form.Get("person")); err != nil {
			return err
		}
	case bulkAside:
		o.Until = o.Aside.until(v)
	}
	for i, id := range ids {
		row, err := s.each(v, id, func(row *bulkRow, f docket.File, claim docket.Claim, aside docket.Aside) error {
			if o.Do == bulkAside {
				row.Before, row.After = untilText(aside.Until), untilText(o.Until)
				return s.asideRow(v, f, aside, *o, view.Done)
			}
			row.Before, row.After = claim.By, o.To.Name
			if !view.Done {
				return nil
			}
			// What was shown is what is done: a request that somebody took meanwhile is left alone.
			if before := form["before"]; i < len(before) && before[i] != claim.By {
				return claimMoved(f.ID, claim.By)
			}
			return s.give(v, f.ID, o.To)
		})
		if err != nil {
			return err
		}
		if row.Problem != nil {
			view.Failed++
		}
		view.Rows = append(view.Rows, row)
	}
	return v.show(http.StatusOK, bulkScreen(v.frame(v.loc.T("bulk.title"), "inbox"), view))
}

// asideRow puts one of many requests aside, or says why that would fail. One that is put aside already stays as it is: an
// undo could not give it back its reason.
func (s *server) asideRow(v *visit, f docket.File, aside docket.Aside, o order, do bool) error {
	if aside.Until != 0 {
		return rogatory.Fault(rogatory.Conflict, "aside_already", "request %s is put aside until %s", f.ID, aside.Until)
	}
	if do {
		return s.Office.PutAside(v.ctx, v.by, f.ID, o.Until, o.Aside.Why)
	}
	return docket.MayPutAside(f, o.Until, o.Aside.Why, v.now)
}

func claimMoved(id rogatory.RequestID, by string) error {
	return rogatory.Fault(rogatory.Conflict, "claim_moved", "request %s is held by %.60q now", id, cmp.Or(by, "nobody"))
}

func (s *server) give(v *visit, id rogatory.RequestID, to rogatory.Officer) error {
	if to.Name == "" || to.Name == v.by.Name {
		return s.Office.Claim(v.ctx, v.by, id, to.Name == "")
	}
	return s.Office.Assign(v.ctx, v.by, id, to)
}

// bulkUndo puts back who held the requests before, and takes up again what was put aside. What somebody changed since is
// left alone, and said.
func (s *server) bulkUndo(v *visit) error {
	ids, ok, err := v.bulkForm()
	if err != nil {
		return err
	}
	form := v.r.PostForm
	before, after := form["before"], form["after"]
	if !ok || len(ids) != len(before) || len(ids) != len(after) {
		return v.nothingChosen()
	}
	view := bulkView{Order: order{Do: form.Get("do")}, Done: true, Undone: true}
	for i, id := range ids {
		row, err := s.each(v, id, func(row *bulkRow, f docket.File, claim docket.Claim, aside docket.Aside) error {
			row.Before, row.After = after[i], before[i]
			if view.Order.Do == bulkAside {
				if untilText(aside.Until) != after[i] {
					return rogatory.Fault(rogatory.Conflict, "aside_moved", "request %s is put aside until %s now", f.ID, aside.Until)
				}
				return s.Office.TakeUp(v.ctx, v.by, f.ID)
			}
			if claim.By != after[i] {
				return claimMoved(f.ID, claim.By)
			}
			to := rogatory.Officer{}
			if before[i] != "" {
				var err error
				if to, err = s.officer(v, before[i]); err != nil {
					return err
				}
			}
			return s.give(v, f.ID, to)
		})
		if err != nil {
			return err
		}
		if row.Problem != nil {
			view.Failed++
		}
		view.Rows = append(view.Rows, row)
	}
	if view.Failed > 0 {
		return v.show(http.StatusOK, bulkScreen(v.frame(v.loc.T("bulk.title"), "inbox"), view))
	}
	if view.Order.Do == bulkAside {
		v.say("aside.undone")
	} else {
		v.say("bulk.undone")
	}
	return v.to("inbox")
}

// assigned gives one request to a colleague.
func (s *server) assigned(v *visit) error {
	to, err := s.officer(v, v.r.PostFormValue("person"))
	if err != nil {
		return err
	}
	id := rogatory.RequestID(v.r.PathValue("id"))
	if err := s.give(v, id, to); err != nil {
		return err
	}
	v.say("bulk.assigned", "name", to.Name)
	return v.to("requests/" + string(id))
}

func (s *server) keysPage(v *visit) error {
	return v.show(http.StatusOK, keysScreen(v.frame(v.loc.T("keys.title"), "")))
}
