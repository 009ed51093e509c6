// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"rogatory"
	"rogatory/deadline"
	"rogatory/store"
)

// Keeping says how long an exhibit that lies in our vault is kept.
type Keeping struct {
	Exhibit rogatory.ExhibitID     `json:"exhibit"`
	Request rogatory.RequestID     `json:"request"`
	Title   string                 `json:"title"`
	Term    deadline.RetentionTerm `json:"term"`
	Due     bool                   `json:"due"` // it may and must be deleted now
}

// retentionRule chooses the rule by what the exhibit is and who keeps it.
func retentionRule(f File, x ExhibitFile, urgent, running bool) string {
	switch {
	case urgent:
		return "emergency_data"
	case running:
		return "intercepted_data"
	case x.Ours:
		return "evidence_sent"
	}
	return "evidence_received"
}

// term computes how long an exhibit is kept; false while its request has not ended.
func (o *Office) term(f File, x ExhibitFile) (deadline.RetentionTerm, bool, error) {
	if f.Ended == 0 {
		return deadline.RetentionTerm{}, false, nil
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return deadline.RetentionTerm{}, false, err
	}
	rule, err := o.Rules.Times.Retention(retentionRule(f, x, kind.Urgent && kind.Measure == nil, kind.Measure != nil))
	if err != nil {
		return deadline.RetentionTerm{}, false, err
	}
	var proceedings []deadline.Proceeding
	if x.Kept != "" {
		proceedings = append(proceedings, deadline.Proceeding{Name: x.Kept})
	}
	t, err := deadline.Retention(rule, f.Ended, o.Rules.Calendars.Of(o.Us.State), proceedings...)
	return t, err == nil, err
}

// Retention lists what lies in the vault for requests that have ended, the first to go first.
func (o *Office) Retention(ctx context.Context, by rogatory.Actor) ([]Keeping, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	files, err := o.keepers(ctx)
	if err != nil {
		return nil, err
	}
	all := []Keeping{}
	for _, f := range files {
		for _, x := range f.Exhibits {
			k, kept, err := o.keeping(f, x)
			if err != nil {
				return nil, err
			}
			if kept {
				all = append(all, k)
			}
		}
	}
	slices.SortFunc(all, func(a, b Keeping) int {
		return cmp.Or(cmp.Compare(a.Term.Delete.At, b.Term.Delete.At), strings.Compare(string(a.Exhibit), string(b.Exhibit)))
	})
	return all, nil
}

// keepers reads the requests that have exhibits: most have none, so they are found by those.
func (o *Office) keepers(ctx context.Context) ([]File, error) {
	var files []File
	seen := map[rogatory.RequestID]bool{}
	for after := rogatory.ExhibitID(""); ; {
		var rows []store.Request
		var some []store.Exhibit
		err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
			rows = rows[:0]
			if some, err = tx.ExhibitsFrom(after, store.MaxRows); err != nil {
				return err
			}
			for _, x := range some {
				if seen[x.Request] {
					continue
				}
				r, err := tx.Request(x.Request)
				if err != nil {
					return err
				}
				rows = append(rows, r)
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
		rows = slices.DeleteFunc(rows, func(r store.Request) bool {
			again := seen[r.ID]
			seen[r.ID] = true
			return again
		})
		more, err := filesOf(rows)
		if err != nil {
			return nil, err
		}
		if files = append(files, more...); len(some) < store.MaxRows {
			return files, nil
		}
		after = some[len(some)-1].ID
	}
}

// keeping says how long an exhibit is kept; false if it is not in our vault, or its request has not ended.
func (o *Office) keeping(f File, x ExhibitFile) (Keeping, bool, error) {
	if x.State == Deleted || !x.Ours && x.State != Held {
		return Keeping{}, false, nil
	}
	t, ended, err := o.term(f, x)
	return Keeping{x.Exhibit.ID, f.ID, x.Exhibit.Title, t, t.DeleteAt != 0 && t.DeleteAt <= o.now()}, ended, err
}

// KeepingOf says how long one exhibit is kept; false if it is not in our vault, or its request has not ended.
func (o *Office) KeepingOf(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) (Keeping, bool, error) {
	if err := MayRead(by); err != nil {
		return Keeping{}, false, err
	}
	f, x, err := o.Exhibit(ctx, id)
	if err != nil {
		return Keeping{}, false, err
	}
	return o.keeping(f, x)
}

// Keep holds an exhibit for a pending proceeding, past its term; an empty proceeding lets it go again.
func (o *Office) Keep(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, proceeding, why string) error {
	if err := o.decides(by, "keep exhibits"); err != nil {
		return err
	}
	proceeding = strings.TrimSpace(proceeding) // of blanks it would be held by nothing that anybody can find
	if strings.TrimSpace(why) == "" || len(proceeding)+len(why) > maxReviewText {
		return rogatory.Fault(rogatory.Invalid, "reason_missing", "say why the exhibit is kept, or not any more, in at most %d bytes", maxReviewText)
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		f, x, err := o.exhibitIn(tx, id)
		if err != nil {
			return err
		}
		if x.State == Deleted {
			return rogatory.Fault(rogatory.Conflict, "exhibit_deleted", "exhibit %s was deleted here", id).WithHint("rogatory journal show --entries says when, by whom and under which rule")
		}
		return o.record(tx, rogatory.Entry{Type: rogatory.ExhibitKept, At: o.now(), By: by, Request: f.ID, Exhibit: &x.Exhibit, Name: proceeding, Why: why})
	})
}

// decides refuses whoever is not a decider, and a token in a live office: what only deciders do is done by people.
func (o *Office) decides(by rogatory.Actor, what string) error {
	if by.Role == rogatory.Decider {
		return o.present(by, what)
	}
	return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not %s", by.Name, by.Role, what).WithHint("this act needs the role decider")
}

// Delete deletes an exhibit whose term is over, and certifies it to the other State. One before its time,
// or that a proceeding holds, is refused (deletion_early, deletion_held).
//
// Order: entry, file and certificate message in one transaction; then the bytes. Dying in between leaves
// an object that fsck names as unused; deleting again removes it and says nothing twice.
func (o *Office) Delete(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) (deadline.Certificate, error) {
	if err := o.decides(by, "delete exhibits"); err != nil {
		return deadline.Certificate{}, err
	}
	var c deadline.Certificate
	var root rogatory.Digest
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		f, x, err := o.exhibitIn(tx, id)
		if err != nil {
			return err
		}
		if root = x.Exhibit.Seal.Root; x.State == Deleted {
			return nil // only its bytes may be left
		}
		if !x.Ours && x.State != Held {
			return rogatory.Fault(rogatory.Conflict, "exhibit_not_held", "exhibit %s is not in our vault", id)
		}
		term, ended, err := o.term(f, x)
		if err != nil {
			return err
		}
		if !ended {
			return rogatory.Fault(rogatory.Conflict, "deletion_early", "request %s has not ended, and its evidence is kept", f.ID)
		}
		if c, err = deadline.Certify(term, "exhibit "+string(id), x.Exhibit.Seal.SHA256, o.Us.State, by.Name+", "+string(by.Authority), o.now()); err != nil {
			return err
		}
		e := rogatory.Entry{Type: rogatory.ExhibitDeleted, At: c.At, By: by, Request: f.ID, Exhibit: &x.Exhibit, Name: term.Rule, Why: "due since " + c.Due.String()}
		if err := o.record(tx, e); err != nil {
			return err
		}
		_, _, err = o.move(tx, by, f.ID, rogatory.CertifyDeletion, rogatory.Body{ExhibitID: id, Root: root, Text: c.Text(), Language: "en"})
		return err
	})
	if err != nil {
		return deadline.Certificate{}, err
	}
	o.Ring()
	return c, o.removeUnused(ctx, root)
}

// removeUnused removes an object that no exhibit needs any more: two exhibits may be the same bytes.
func (o *Office) removeUnused(ctx context.Context, root rogatory.Digest) error {
	needed := false
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.ExhibitsByRoot(root)
		for _, r := range rows {
			needed = needed || r.State != string(Deleted)
		}
		return err
	})
	if err != nil || needed {
		return err
	}
	if has, err := o.Vault.Has(root); err != nil || !has {
		return err
	}
	return o.Vault.Remove(root)
}
