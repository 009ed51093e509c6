// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"rogatory"
	"rogatory/deadline"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/treaty"
)

// Cut makes a new exhibit of the rows of one in quarantine that were asked for, byte for byte as they stand. A machine
// does it: nobody has to have seen a row. The new exhibit names its origin, with the digest of that, in how it was
// acquired, so that the other State and a court read it; the entry of it has the counts. It is offered like any other; the
// origin stays in quarantine until it is released or deleted.
//
// It is for the State that sealed the origin: evidence that came from another State is not changed here, and that State is
// asked for a cut of its own. After an error no exhibit was made, or an object that nothing refers to was left, which fsck
// names.
func (o *Office) Cut(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID) (rogatory.Exhibit, error) {
	var e rogatory.Exhibit
	if err := o.decides(by, "cut exhibits"); err != nil {
		return e, err
	}
	f, x, err := o.Exhibit(ctx, id)
	if err != nil {
		return e, err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return e, err
	}
	s := Sealing{Title: x.Exhibit.Title, FileName: x.Exhibit.FileName, MediaType: x.Exhibit.MediaType, Acquired: x.Exhibit.Acquired, Limits: x.Exhibit.Limits}
	if err := mayCut(f, x, by, kind, s); err != nil {
		return e, err
	}
	recipients, err := o.recipientsOf(f)
	if err != nil {
		return e, err
	}
	scope, columns := o.scopeOf(f), x.Compared.Columns
	if columns.Kind == "" {
		scope.Kinds = nil // no column tells it, as the comparison said
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	whole, wholeOut := io.Pipe()
	rows, rowsOut := io.Pipe()
	var report safeguard.Report
	cut := make(chan error, 1)
	go func() { wholeOut.CloseWithError(o.Vault.OpenPlain(ctx, x.Exhibit.Seal, o.Evidence, wholeOut, nil)) }()
	go func() {
		var err error
		report, err = safeguard.Cut(scope, columns, x.Compared.Format, whole, rowsOut)
		if err == nil {
			_, err = io.Copy(io.Discard, whole) // the last verdict on the digests comes with the end
		}
		whole.CloseWithError(err)
		rowsOut.CloseWithError(err)
		cut <- err
	}()
	teed, verdict := compareWhile(scope, columns, s.FileName, rows)
	seal, err := o.Vault.Deposit(ctx, teed, recipients, nil)
	rows.CloseWithError(io.ErrClosedPipe)
	compared, errCompared := verdict(err)
	if err = errors.Join(err, <-cut, errCompared); err != nil {
		return e, err
	}
	if compared.Verdict != safeguard.Within {
		return e, rogatory.Fault(rogatory.Conflict, "cut_empty", "of %d rows of exhibit %s none was asked for, or the cut does not compare as within", report.Rows, id).WithHint("delete it, and tell the provider what was asked for")
	}
	if e.ID, err = rogatory.NewExhibitID(o.Random, o.Us.State); err != nil {
		return e, err
	}
	e.Title, e.FileName, e.MediaType, e.Limits, e.Seal = s.Title, s.FileName, s.MediaType, s.Limits, seal
	e.Acquired = fmt.Sprintf("cut by machine out of exhibit %s, SHA-256 %s: %d of its %d rows, those that were asked for; there: %s", id, x.Exhibit.Seal.SHA256, report.Rows-report.Outside, report.Rows, s.Acquired)
	out := safeguard.Comparison{Verdict: safeguard.Within, Format: compared.Format, Columns: compared.Columns, Open: x.Compared.Open, Rows: compared.Rows}
	data, err := json.Marshal(out)
	if err != nil {
		return e, err
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, f.ID)
		if err != nil {
			return err
		}
		if x := now.exhibit(id); x == nil {
			return rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "there is no exhibit %s", id)
		} else if err := mayCut(now, *x, by, kind, s); err != nil {
			return err
		}
		return o.record(tx, rogatory.Entry{Type: rogatory.ExhibitCut, At: o.now(), By: by, Request: f.ID, Exhibit: &e, Name: string(id), Why: fmt.Sprintf("%d of %d rows left out", report.Outside, report.Rows), Compared: data})
	})
	return e, err
}

func mayCut(f File, x ExhibitFile, by rogatory.Actor, kind treaty.Kind, s Sealing) error {
	switch {
	case x.Quarantine == nil:
		return rogatory.Fault(rogatory.Conflict, "exhibit_not_quarantined", "exhibit %s does not lie in quarantine", x.Exhibit.ID)
	case !x.Ours:
		return rogatory.Fault(rogatory.Conflict, "exhibit_theirs", "exhibit %s came from %s: what came is not changed here", x.Exhibit.ID, f.Them.State).WithHint("ask that State for what was asked for, and delete this")
	case x.By == by.Name:
		return rogatory.Fault(rogatory.Denied, "second_person_needed", "%s sealed this exhibit, so another person must review it", x.By)
	case x.Compared == nil || x.Compared.Verdict != safeguard.Exceeds:
		return rogatory.Fault(rogatory.Conflict, "cut_impossible", "of exhibit %s nobody could tell which rows were asked for", x.Exhibit.ID).WithHint("delete it and seal it anew with its columns named, or release it with a second person")
	}
	return sealable(f, kind, s)
}

// excessRule names in a certificate why an exhibit was deleted before its term.
const excessRule = "excess"

// DeleteExcess deletes an exhibit that lies in quarantine, for a reason, and certifies it: to the other State as well if
// it came from there. What is left of it are its entries. Order and failures are those of Delete.
func (o *Office) DeleteExcess(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string) (deadline.Certificate, error) {
	if err := o.decides(by, "delete exhibits"); err != nil {
		return deadline.Certificate{}, err
	}
	if why = strings.TrimSpace(why); why == "" || len(why) > maxReviewText {
		return deadline.Certificate{}, rogatory.Fault(rogatory.Invalid, "reason_missing", "say why exhibit %s is deleted, in at most %d bytes: it is part of the chain of custody", id, maxReviewText)
	}
	var c deadline.Certificate
	var root rogatory.Digest
	err := o.withQuarantined(ctx, by, id, func(tx *store.Tx, f File, x ExhibitFile) error {
		if x.Kept != "" {
			return rogatory.Fault(rogatory.Conflict, "deletion_held", "exhibit %s is held by %.80q", id, x.Kept)
		}
		var err error
		now := o.now()
		c, err = deadline.Certify(deadline.RetentionTerm{Rule: excessRule, Version: 1, DeleteAt: now}, "exhibit "+string(id), x.Exhibit.Seal.SHA256, o.Us.State, by.Name+", "+string(by.Authority), now)
		if err != nil {
			return err
		}
		root = x.Exhibit.Seal.Root
		if err := o.record(tx, rogatory.Entry{Type: rogatory.ExhibitDeleted, At: now, By: by, Request: f.ID, Exhibit: &x.Exhibit, Name: excessRule, Why: why}); err != nil {
			return err
		}
		if _, _, closed := rogatory.Next(f.State, rogatory.CertifyDeletion, f.Side); x.Ours || closed != nil {
			return nil // the other State never heard of it, or hears no more
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
