// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"
	"time"

	"rogatory"
	"rogatory/store"
)

// A process is killed while it delivers. The next one has the folder to itself: it frees the claim and
// delivers within seconds, and a worker of the dead one who speaks after all settles nothing.
func TestAKilledProcessHoldsNothingUp(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	lost := w.collect(w.xa)[0]
	receipt, err := w.xb.Receive(t.Context(), "XA", lost.Sealed)
	w.ok(err)

	w.restart(w.xa)
	if freed, err := w.xa.Free(t.Context()); err != nil || freed != 1 {
		t.Fatalf("freed %d claims: %v", freed, err)
	}
	d := w.delivery(w.xa, message)
	if d.LeaseUntil != 0 || d.Attempts != 1 || d.LastError != "interrupted" || d.NextAt <= w.xa.now() || d.NextAt > w.xa.now().Add(2*time.Second) {
		t.Fatalf("freed as %+v", d)
	}
	_, err = w.xa.Settle(t.Context(), lost.Delivery, receipt)
	w.refused(err, "lease_lost")
	w.pass(2 * time.Second) // and not the lease's minute
	again := w.collect(w.xa)
	if len(again) != 1 || again[0].Delivery.Fence <= lost.Delivery.Fence {
		t.Fatalf("claimed again: %+v", again)
	}
	_, err = w.xa.Settle(t.Context(), lost.Delivery, receipt)
	w.refused(err, "lease_lost")
	if err := w.xa.Failed(t.Context(), lost.Delivery, err); rogatory.CodeOf(err) != "lease_lost" {
		t.Fatalf("the dead worker put it off: %v", err)
	}
	w.ok(w.deliver(w.xa, again[0]))
	if d := w.delivery(w.xa, message); d.State != store.Done || w.count(w.xb, rogatory.MessageReceived, message) != 1 {
		t.Fatalf("delivered as %+v", d)
	}
	if freed, err := w.xa.Free(t.Context()); err != nil || freed != 0 {
		t.Fatalf("freed %d claims of nobody: %v", freed, err)
	}
	w.sound()
}

// A message that brings the process down each time waits longer each time, and never longer than its
// lease would have lasted.
func TestAMessageThatKillsIsNotTriedWithoutAPause(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	for attempt := 1; attempt <= 20; attempt++ {
		if got := w.collect(w.xa); len(got) != 1 {
			t.Fatalf("attempt %d: %d claimed", attempt, len(got))
		}
		lease := w.delivery(w.xa, message).LeaseUntil
		w.restart(w.xa)
		_, err := w.xa.Free(t.Context())
		w.ok(err)
		d := w.delivery(w.xa, message)
		wait := d.NextAt.Sub(w.xa.now())
		if d.Attempts != attempt || wait <= 0 || d.NextAt > lease || wait > backoffBase/4+backoffBase<<(attempt-1) {
			t.Fatalf("attempt %d: waits %s, the lease until %s", attempt, wait, lease)
		}
		if w.pass(wait - time.Microsecond); len(w.collect(w.xa)) != 0 {
			t.Fatalf("attempt %d came before its time", attempt)
		}
		w.pass(time.Microsecond)
	}
}

// Each step of freeing, failed and done but reported failed: the claim is freed or is not.
func TestFreeingStopsHalfWay(t *testing.T) {
	w := newWorld(t)
	for _, point := range []string{"begin", "closure", "before_commit", "after_commit"} {
		id := w.drafts(rogatory.Preservation42, "", "")
		message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
		w.collect(w.xa)
		w.restart(w.xa)
		w.xa.power.fail(point, 0)
		_, err := w.xa.Free(t.Context())
		if hit := w.xa.power.over(); !hit || err == nil {
			t.Fatalf("at %s: hit is %t, error %v", point, hit, err)
		}
		w.restart(w.xa)
		_, err = w.xa.Free(t.Context())
		w.ok(err)
		if d := w.delivery(w.xa, message); d.LeaseUntil != 0 || d.State != store.Waiting {
			t.Fatalf("at %s: %+v", point, d)
		}
		w.pass(2 * time.Second)
		w.carry()
		if d := w.delivery(w.xa, message); d.State != store.Done {
			t.Fatalf("at %s: %+v", point, d)
		}
	}
	w.sound()
}
