// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"

	"rogatory"
	"rogatory/treaty"
)

// An order at home binds for 90 days, and data asked for by another State are held until that is decided: the
// order is renewed in time, again and again, and the other State never notices.
func TestNoOrderLapsesUnderALongerHold(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	item := rogatory.PreservedItem{Description: "auth.log", Size: 1, SHA256: rogatory.Digest{1}}
	w.does(w.xb, w.xb.custodian(), id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: []rogatory.PreservedItem{item}}})
	w.carry()
	if d := w.view(w.xb, id).deadline(RenewalDue); d != nil && d.State == Running {
		t.Errorf("60 days fit under one order of 90: %+v", d)
	}
	_, err := w.xb.Renew(t.Context(), w.xb.decider(), id, "order 8")
	w.refused(err, "renewal_not_due")

	// The request for disclosure holds the data until it is decided, which may take a year.
	disclosure := w.drafts(rogatory.StoredData, id.Case(), id)
	w.does(w.xa, w.xa.decider(), disclosure, rogatory.Send, rogatory.Body{})
	w.carry()
	since := w.view(w.xb, id).Preservation.Since
	covered := since.Add(89 * treaty.Day)
	for n := range 4 {
		d := w.view(w.xb, id).deadline(RenewalDue)
		if d == nil || d.State != Running || d.Due >= covered || d.Due <= covered.Add(-20*treaty.Day) {
			t.Fatalf("renewal %d is due at %+v, the order ends about %s", n+1, d, covered)
		}
		w.pass(d.Due.Sub(w.xb.now()) - treaty.Day)
		if n == 0 {
			_, err = w.xb.Renew(t.Context(), w.xb.custodian(), id, "order 9")
			w.refused(err, "role_not_allowed")
			_, err = w.xb.Renew(t.Context(), w.xb.decider(), id, " ")
			w.refused(err, "order_missing")
			_, err = w.xa.Renew(t.Context(), w.xa.decider(), id, "order 9")
			w.refused(err, "nothing_preserved")
		}
		_, err = w.xb.Renew(t.Context(), w.xb.decider(), id, "order 9 of the District Court")
		w.ok(err)
		covered = covered.Add(89 * treaty.Day)
	}
	if f := w.view(w.xb, id); f.State != rogatory.Preserved || f.Renewed != 4 {
		t.Errorf("after a year it is %s, renewed %d times", f.State, f.Renewed)
	}
	if d := w.view(w.xa, id).deadline(RenewalDue); d != nil {
		t.Errorf("Aurelia has a clock of Borealia's own affairs: %+v", d)
	}
	w.sound()
}
