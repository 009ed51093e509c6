// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"rogatory"
)

// rows is a delivery log in memory, which fails on request.
type rows struct {
	mu             sync.Mutex
	stored         map[Key]Delivery // guarded by mu
	claim, settled error
}

func (r *rows) Claim(_ context.Context, d Delivery) (Delivery, bool, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.claim != nil {
		return Delivery{}, false, r.claim
	}
	if prior, ok := r.stored[d.Key]; ok {
		return prior, false, nil
	}
	if r.stored == nil {
		r.stored = map[Key]Delivery{}
	}
	r.stored[d.Key] = d
	return d, true, nil
}

func (r *rows) Settle(ctx context.Context, d Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := errors.Join(ctx.Err(), r.settled); err != nil {
		return err
	}
	r.stored[d.Key] = d
	return nil
}

func TestAnAttemptIsDeliveredOnce(t *testing.T) {
	p, e, log := newPlace(t), &ear{}, &rows{}
	route := p.three(t, p.serve(t, e.ServeHTTP).URL)["webhook"]
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := Deliver(t.Context(), log, route, page(t), 1); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if len(e.heard()) != 1 {
		t.Fatalf("twenty callers of one attempt made %d calls", len(e.heard()))
	}
	d, err := Deliver(t.Context(), log, route, page(t), 1)
	if err != nil || d != (Delivery{Key: Key{page(t).ID(), "hook", 1}, Provider: "a", Begun: rogatory.At(night), Ended: rogatory.At(night), Code: Accepted, Status: 200}) {
		t.Errorf("the log holds %+v (%v)", d, err)
	}
	if _, err := Deliver(t.Context(), log, route, page(t), 2); err != nil {
		t.Fatal(err)
	}
	calls := e.heard()
	if len(calls) != 2 || calls[0].header.Get("webhook-id") != calls[1].header.Get("webhook-id") {
		t.Error("the second attempt is not the same page for the receiver")
	}
	for _, attempt := range []int{0, -1, MaxAttempt + 1} {
		_, err := Deliver(t.Context(), log, route, page(t), attempt)
		want(t, err, rogatory.Invalid, "attempt_invalid")
	}
}

func TestAFailedDeliveryIsLogged(t *testing.T) {
	p, log := newPlace(t), &rows{}
	e := &ear{answer: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }}
	route := p.three(t, p.serve(t, e.ServeHTTP).URL)["webhook"]
	d, err := Deliver(t.Context(), log, route, page(t), 1)
	want(t, err, rogatory.Unavailable, "page_provider_failed")
	if d.Code != "page_provider_failed" || d.Kind != rogatory.Unavailable || d.Detail != "channel hook: the provider answered 503" || log.stored[d.Key] != d {
		t.Errorf("the log holds %+v", log.stored[d.Key])
	}
	again, err := Deliver(t.Context(), log, route, page(t), 1)
	if err != nil || again != d || len(e.heard()) != 1 {
		t.Errorf("asked again: %+v, %v, %d calls", again, err, len(e.heard()))
	}
}

func TestTheOrderOfWrites(t *testing.T) {
	p := newPlace(t)
	fails := rogatory.Fault(rogatory.Unavailable, "store_down", "the store is away")
	t.Run("not claimed, not sent", func(t *testing.T) {
		e := &ear{}
		route := p.three(t, p.serve(t, e.ServeHTTP).URL)["webhook"]
		_, err := Deliver(t.Context(), &rows{claim: fails}, route, page(t), 1)
		want(t, err, rogatory.Unavailable, "store_down")
		if len(e.heard()) != 0 {
			t.Error("a page left that no log knows")
		}
	})
	t.Run("claimed, and the process died: never again under this key", func(t *testing.T) {
		e, log := &ear{}, &rows{}
		route := p.three(t, p.serve(t, e.ServeHTTP).URL)["webhook"]
		claimed := Delivery{Key: Key{page(t).ID(), "hook", 1}, Provider: "a", Begun: 1, Code: Underway}
		if _, _, err := log.Claim(t.Context(), claimed); err != nil {
			t.Fatal(err)
		}
		d, err := Deliver(t.Context(), log, route, page(t), 1)
		if err != nil || d != claimed || len(e.heard()) != 0 {
			t.Errorf("%+v, %v, %d calls", d, err, len(e.heard()))
		}
		if _, err := Deliver(t.Context(), log, route, page(t), 2); err != nil || len(e.heard()) != 1 {
			t.Errorf("the next attempt: %v, %d calls", err, len(e.heard()))
		}
	})
	t.Run("sent, and not recorded: the caller learns both", func(t *testing.T) {
		e := &ear{}
		route := p.three(t, p.serve(t, e.ServeHTTP).URL)["webhook"]
		d, err := Deliver(t.Context(), &rows{settled: fails}, route, page(t), 1)
		want(t, err, rogatory.Unavailable, "delivery_unrecorded")
		if d.Code != Accepted || !errors.Is(err, fails) {
			t.Errorf("%+v, %v", d, err)
		}
	})
	t.Run("the caller gave up: what was done is recorded", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		e, log := &ear{answer: func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() }}, &rows{}
		route := p.three(t, p.serve(t, e.ServeHTTP).URL)["webhook"]
		d, err := Deliver(ctx, log, route, page(t), 1)
		want(t, err, rogatory.Unavailable, "page_stopped")
		if log.stored[d.Key].Code != "page_stopped" {
			t.Errorf("the log holds %+v", log.stored[d.Key])
		}
	})
}
