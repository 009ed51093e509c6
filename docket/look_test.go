// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"testing"
	"time"

	"rogatory"
)

// To look into an exhibit is to open it: the same role, the same reason, the same line in the journal.
func TestALookIsAnOpening(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	plain := []byte("evidence that is looked at")
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, Sealing{Title: "log", FileName: "log.txt", MediaType: "text/plain", Acquired: "order 7"}, bytes.NewReader(plain), nil)
	w.ok(err)

	size := w.size(w.xb)
	_, err = w.xb.LookInto(ctx, w.xb.custodian(), e.ID, " ")
	w.refused(err, "reason_missing")
	_, err = w.xb.LookInto(ctx, w.xb.officer(), e.ID, "curiosity")
	w.refused(err, "role_not_allowed")
	if w.size(w.xb) != size {
		t.Error("a look that was refused is in the journal")
	}
	look, err := w.xb.LookInto(ctx, w.xb.custodian(), e.ID, "triage")
	w.ok(err)
	last, err := w.xb.entry(ctx, w.size(w.xb)-1)
	w.ok(err)
	if last.Type != rogatory.ExhibitOpened || last.Name != RenderedCopy || last.Why != "triage" || last.Exhibit.ID != e.ID {
		t.Errorf("the journal says %+v", last)
	}

	p, err := look.Open(ctx, w.xb.custodian())
	w.ok(err)
	got := make([]byte, 8)
	if _, err := p.ReadAt(got, 9); err != nil || string(got) != "that is " {
		t.Errorf("read %q, %v", got, err)
	}
	w.ok(p.Close())
	_, err = look.Open(ctx, w.xb.officer())
	w.refused(err, "look_of_another")
	look.Until = w.xb.now().Add(-time.Second)
	_, err = look.Open(ctx, w.xb.custodian())
	w.refused(err, "look_ended")
}
