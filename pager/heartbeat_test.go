// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"net/http"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
)

func TestAlive(t *testing.T) {
	for name, row := range map[string]struct {
		progress time.Time
		alive    bool
	}{
		"never":              {time.Time{}, false},
		"now":                {night, true},
		"at the limit":       {night.Add(-10 * time.Minute), true},
		"beyond the limit":   {night.Add(-10*time.Minute - 1), false},
		"clock set back":     {night.Add(10 * time.Minute), true},
		"clock set far back": {night.Add(10*time.Minute + 1), false},
	} {
		if Alive(night, row.progress, 10*time.Minute) != row.alive {
			t.Errorf("%s: got %v", name, !row.alive)
		}
	}
}

// watched says when somebody waits, so that a test knows when to move it.
type watched struct {
	*clock.Manual
	waits chan time.Duration
}

func (w watched) After(d time.Duration) <-chan time.Time {
	ring := w.Manual.After(d)
	w.waits <- d
	return ring
}

func TestTheHeartStopsWithTheEngine(t *testing.T) {
	p, e := newPlace(t), &ear{}
	p.write(t, "life", p.serve(t, e.ServeHTTP).URL+"/ping/uuid-secret")
	c := watched{clock.NewManual(night), make(chan time.Duration, 1)}
	h, err := NewHeartbeat(HeartbeatConfig{URLFile: "life", Line: p.line()}, p.dir, c)
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Check(t.Context()); err != nil || len(e.heard()) != 0 {
		t.Fatalf("the check: %v, %d calls", err, len(e.heard()))
	}
	ctx, stop := context.WithCancel(t.Context())
	beats, done := make(chan Beat, 1), make(chan struct{})
	go func() {
		defer close(done)
		h.Run(ctx, func(b Beat) { beats <- b })
	}()
	turn := func() Beat {
		if d := <-c.waits; d != 5*time.Minute {
			t.Fatalf("it waits for %s", d)
		}
		c.Advance(5 * time.Minute)
		return <-beats
	}
	expect := func(when string, silent bool, calls int) {
		t.Helper()
		b := turn()
		if b.Silent != silent || b.Err != nil || b.At != rogatory.At(c.Now()) || len(e.heard()) != calls {
			t.Errorf("%s: %+v, %d calls", when, b, len(e.heard()))
		}
	}
	expect("before any progress", true, 0)
	h.Progress(c.Now())
	expect("five minutes after progress", false, 1)
	expect("ten minutes after", false, 2)
	expect("fifteen minutes after: the engine stands still", true, 2)
	expect("twenty minutes after", true, 2)
	h.Progress(c.Now())
	expect("it got on", false, 3)
	h.Progress(c.Now())
	e.answer = func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(502) }
	want(t, turn().Err, rogatory.Unavailable, "page_provider_failed")
	e.answer = nil
	expect("the outside service is back", false, 5)
	if got := e.heard()[0]; got.method != "GET" || got.uri != "/ping/uuid-secret" || got.body != "" {
		t.Errorf("the outside service was asked %s %s %q", got.method, got.uri, got.body)
	}
	<-c.waits
	stop()
	<-done
}

func TestHeartbeatsThatCannotBe(t *testing.T) {
	p := newPlace(t)
	c := clock.NewManual(night)
	for name, config := range map[string]HeartbeatConfig{
		"no address":    {},
		"every two day": {URLFile: "life", IntervalMinutes: 2880},
		"no limit":      {URLFile: "life", LimitMinutes: -1},
		"wrong network": {URLFile: "life", Line: Line{AllowNetworks: []string{"10.0.0.1/8"}}},
	} {
		if _, err := NewHeartbeat(config, p.dir, c); rogatory.CodeOf(err) != "page_config_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	p.write(t, "life", "http://outside.example/ping/uuid-secret")
	h, err := NewHeartbeat(HeartbeatConfig{URLFile: "life"}, p.dir, c)
	if err != nil {
		t.Fatal(err)
	}
	h.Progress(c.Now())
	want(t, h.Beat(t.Context()).Err, rogatory.Invalid, "page_secret_unusable")
	want(t, h.Check(t.Context()), rogatory.Invalid, "page_secret_unusable")
}
