// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"net/http"
	"slices"

	"rogatory"
)

// What can be done to many requests at once. Nothing that decides, discloses or speaks to another State is among it.
const (
	bulkClaim  = "claim"
	bulkBack   = "back"
	bulkAssign = "assign"
)

// maxBulk is how many rows one page of the inbox has.
const maxBulk = pageSize

// bulkRow is one request of a bulk, with what would happen or has happened.
type bulkRow struct {
	ID      rogatory.RequestID
	Title   string
	Holder  string // before
	After   string
	Problem *rogatory.Error // it was not done
}

type bulkView struct {
	Do     string
	Person string // to whom, of an assignment
	Rows   []bulkRow
	Done   bool
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

// bulk shows what would happen to the chosen requests, then does it row by row: one that fails stops no other.
func (s *server) bulk(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	if !mayClaim(v.by.Role) {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not take requests on", v.by.Name, v.by.Role)
	}
	form := v.r.PostForm
	view := bulkView{Do: form.Get("do"), Person: form.Get("person")}
	ids := form["id"]
	if len(ids) == 0 || len(ids) > maxBulk || !slices.Contains([]string{bulkClaim, bulkBack, bulkAssign}, view.Do) {
		v.say("bulk.nothing")
		return v.to("inbox")
	}
	to := rogatory.Officer{}
	switch view.Do {
	case bulkClaim:
		to = v.by.Officer
	case bulkAssign:
		var err error
		if to, err = s.officer(v, view.Person); err != nil {
			return err
		}
	}
	view.Done = form.Get("step") == "do"
	for i, id := range ids {
		f, err := s.Office.File(v.ctx, rogatory.RequestID(id))
		if err != nil {
			return err
		}
		held, err := s.Office.ClaimOf(v.ctx, f.ID)
		if err != nil {
			return err
		}
		row := bulkRow{ID: f.ID, Title: f.Request.Title, Holder: held.By, After: to.Name}
		if view.Done {
			// What was shown is what is done: a request that somebody took meanwhile is left alone.
			if before := form["before"]; i < len(before) && before[i] != held.By {
				err = rogatory.Fault(rogatory.Conflict, "claim_moved", "request %s is held by %.60q now", f.ID, cmp.Or(held.By, "nobody"))
			} else {
				err = s.give(v, f.ID, to)
			}
			if row.Problem = faultOf(err); row.Problem == nil && err != nil {
				return err
			}
			if row.Problem != nil {
				view.Failed++
			}
		}
		view.Rows = append(view.Rows, row)
	}
	return v.show(http.StatusOK, bulkScreen(v.frame(v.loc.T("bulk.title"), "inbox"), view))
}

func (s *server) give(v *visit, id rogatory.RequestID, to rogatory.Officer) error {
	if to.Name == "" || to.Name == v.by.Name {
		return s.Office.Claim(v.ctx, v.by, id, to.Name == "")
	}
	return s.Office.Assign(v.ctx, v.by, id, to)
}

// bulkUndo puts back who held the requests before.
func (s *server) bulkUndo(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	ids, before := v.r.PostForm["id"], v.r.PostForm["before"]
	if len(ids) > maxBulk || len(ids) != len(before) {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form names %d requests and %d people", len(ids), len(before))
	}
	for i, id := range ids {
		to := rogatory.Officer{}
		if before[i] != "" {
			var err error
			if to, err = s.officer(v, before[i]); err != nil {
				return err
			}
		}
		if err := s.give(v, rogatory.RequestID(id), to); err != nil {
			return err
		}
	}
	v.say("bulk.undone")
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
