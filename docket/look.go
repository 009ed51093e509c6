// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"time"

	"rogatory"
	"rogatory/vault"
)

// RenderedCopy is the name in the entry of an opening by which somebody looks into an exhibit and takes
// nothing away.
const RenderedCopy = "rendered copy"

// lookTime is how long one look lasts: to read through a file, not to leave it open for the shift.
const lookTime = 30 * time.Minute

// Look is leave for one person to read in one exhibit until a certain time. Only LookInto makes one,
// after the opening stands in the journal, so nobody can read without it.
type Look struct {
	Exhibit rogatory.Exhibit
	By      rogatory.Actor
	Until   rogatory.Instant
	office  *Office
}

// LookInto opens an exhibit that we hold for reading in parts: the same door, the same role and the
// same reason as OpenExhibit, journaled before a byte is decrypted.
func (o *Office) LookInto(ctx context.Context, by rogatory.Actor, id rogatory.ExhibitID, why string) (*Look, error) {
	x, err := o.opening(ctx, by, id, why, rogatory.ExhibitOpened, RenderedCopy)
	if err != nil {
		return nil, err
	}
	return &Look{Exhibit: x.Exhibit, By: by, Until: o.now().Add(lookTime), office: o}, nil
}

// Open returns the evidence for reading in parts; the caller closes it. The look must not have ended
// ("look_ended"), must be by's own ("look_of_another"), and the exhibit must still be here.
func (l *Look) Open(ctx context.Context, by rogatory.Actor) (*vault.Plain, error) {
	switch {
	case by.Name != l.By.Name || by.Role != l.By.Role:
		return nil, rogatory.Fault(rogatory.Denied, "look_of_another", "%s in the role %s may not read by the leave of %s", by.Name, by.Role, l.By.Name).WithHint("give a reason of your own")
	case l.office.now() > l.Until:
		return nil, rogatory.Fault(rogatory.Stale, "look_ended", "the look into exhibit %s ended at %s", l.Exhibit.ID, l.Until).WithHint("give the reason again: each look is journaled")
	}
	_, x, err := l.office.Exhibit(ctx, l.Exhibit.ID)
	if err != nil {
		return nil, err
	}
	if x.State == Deleted {
		return nil, rogatory.Fault(rogatory.Conflict, "exhibit_deleted", "exhibit %s was deleted here", l.Exhibit.ID).WithHint("rogatory journal show --entries says when, by whom and under which rule")
	}
	if err := mayOpen(by, x); err != nil { // it may have been released or put in quarantine since
		return nil, err
	}
	return l.office.Vault.OpenAt(x.Exhibit.Seal, l.office.Evidence)
}
