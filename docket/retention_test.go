// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"strings"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

// Evidence is kept while it is needed, and goes when its term is over, certified to the other State.
func TestEvidenceIsDeletedWithACertificate(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(evidence(4000)), nil)
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}})
	w.carry()
	w.fetch(e.Seal)
	w.ok(w.xa.Arrived(ctx, "XB", e.Seal.Root))
	w.carry()
	_, err = w.xb.Delete(ctx, w.xb.decider(), e.ID)
	w.refused(err, "deletion_early") // the request has not ended
	w.does(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	w.carry()
	_, err = w.xb.Delete(ctx, w.xb.decider(), e.ID)
	w.refused(err, "deletion_early") // its term has just begun
	_, err = w.xb.Delete(ctx, w.xb.custodian(), e.ID)
	w.refused(err, "role_not_allowed")

	kept, err := w.xb.Retention(ctx, w.xb.decider())
	w.ok(err)
	if len(kept) != 1 || kept[0].Exhibit != e.ID || kept[0].Due || kept[0].Term.Rule != "evidence_sent" {
		t.Fatalf("Borealia keeps %+v", kept)
	}
	if theirs, err := w.xa.Retention(ctx, w.xa.decider()); err != nil || len(theirs) != 1 || theirs[0].Term.Rule != "evidence_received" || theirs[0].Term.Delete.At <= kept[0].Term.Delete.At {
		t.Fatalf("Aurelia keeps %+v (%v), longer than who sent it", theirs, err)
	}

	// An appeal holds it past its term.
	w.ok(w.xb.Keep(ctx, w.xb.decider(), e.ID, "appeal 12/2027", "the defence asked for it"))
	w.pass(400 * treaty.Day)
	_, err = w.xb.Delete(ctx, w.xb.decider(), e.ID)
	w.refused(err, "deletion_held")
	w.ok(w.xb.Keep(ctx, w.xb.decider(), e.ID, "", "the appeal was withdrawn"))
	if kept, err = w.xb.Retention(ctx, w.xb.decider()); err != nil || len(kept) != 1 || !kept[0].Due {
		t.Fatalf("now Borealia keeps %+v (%v)", kept, err)
	}
	c, err := w.xb.Delete(ctx, w.xb.decider(), e.ID)
	w.ok(err)
	if c.Digest != e.Seal.SHA256 || c.State != "XB" || !strings.Contains(c.Text(), e.Seal.SHA256.String()) {
		t.Errorf("certified %+v", c)
	}
	if has, err := w.xb.Vault.Has(e.Seal.Root); err != nil || has {
		t.Errorf("the bytes are still there (%v)", err)
	}
	_, err = w.xb.OpenExhibit(ctx, w.xb.custodian(), e.ID, "curiosity", nil, "x", nil)
	w.refused(err, "exhibit_deleted")
	_, err = w.xb.Delete(ctx, w.xb.decider(), e.ID) // again: nothing more happens
	w.ok(err)
	w.carry()
	x := w.view(w.xa, id).exhibit(e.ID)
	if x == nil || x.Gone == 0 || x.State != Held {
		t.Errorf("Aurelia, which holds its own copy, knows %+v", x)
	}
	messages, err := w.xa.MessagesOf(ctx, w.xa.decider(), id)
	w.ok(err)
	if last := messages[len(messages)-1]; last.Message.Act != rogatory.CertifyDeletion || !strings.Contains(last.Message.Body.Text, e.Seal.SHA256.String()) {
		t.Errorf("the last message is %+v", last.Message)
	}
	w.sound()
}
