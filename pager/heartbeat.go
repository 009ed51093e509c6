// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"net/http"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
)

// Heartbeat calls an outside address while the engine makes progress (a dead man's switch). When the
// engine stands still, or the machine or its line is gone, the calls cease, and the outside service
// raises the alarm. It is never asked to raise one: silence is the message.
type Heartbeat struct {
	egress   egress
	address  secretFile
	interval time.Duration
	limit    time.Duration
	clock    clock.Clock

	mu       sync.Mutex
	progress time.Time // when the engine last got on; guarded by mu
}

// The defaults of HeartbeatConfig.
const (
	defaultInterval = 5 * time.Minute
	defaultLimit    = 10 * time.Minute
)

// NewHeartbeat makes the heartbeat of a configuration; dir is the node's folder.
func NewHeartbeat(config HeartbeatConfig, dir string, c clock.Clock) (*Heartbeat, error) {
	if err := (Config{Door: "https://desk.invalid/", Heartbeat: &config}).Check(); err != nil {
		return nil, err
	}
	e, err := config.Line.egress("heartbeat", dir)
	if err != nil {
		return nil, err
	}
	h := &Heartbeat{
		egress: e, address: secretFile{"heartbeat", "url_file", below(dir, config.URLFile)},
		interval: defaultInterval, limit: defaultLimit, clock: c,
	}
	if config.IntervalMinutes > 0 {
		h.interval = time.Duration(config.IntervalMinutes) * time.Minute
	}
	if config.LimitMinutes > 0 {
		h.limit = time.Duration(config.LimitMinutes) * time.Minute
	}
	return h, nil
}

// Progress notes that the engine got on at that time: it completed a round of its work. To be called
// by the work itself, not by a timer, which would beat over a dead engine.
func (h *Heartbeat) Progress(at time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.progress = at
}

// Alive decides whether progress at that time is fresh enough to say so outside. Progress from more
// than limit ahead does not count either: a clock that was set back must not keep a dead engine
// alive. The zero time is no progress.
func Alive(now, progress time.Time, limit time.Duration) bool {
	age := now.Sub(progress)
	return !progress.IsZero() && age <= limit && age >= -limit
}

// Beat is what came of one turn of the heartbeat.
type Beat struct {
	At     rogatory.Instant
	Silent bool  // the engine made no progress, so that nothing was called
	Err    error // why the call failed; nil if it was made or Silent
}

// Beat calls the outside address once if the engine is alive. Any status from 200 to 299 is success.
func (h *Heartbeat) Beat(ctx context.Context) Beat {
	now := h.clock.Now()
	h.mu.Lock()
	progress := h.progress
	h.mu.Unlock()
	beat := Beat{At: rogatory.At(now)}
	if !Alive(now, progress, h.limit) {
		beat.Silent = true
		return beat
	}
	beat.Err = h.call(ctx)
	return beat
}

func (h *Heartbeat) call(ctx context.Context) error {
	address, err := h.address.read()
	if err != nil {
		return err
	}
	if !webAddress(address) {
		return h.address.wrong("does not hold an https address")
	}
	status, _, err := h.egress.do(ctx, http.MethodGet, address, nil, "", 0)
	if err != nil {
		return err
	}
	if status < 200 || status > 299 {
		return h.egress.status(status)
	}
	return nil
}

// Check reads the address and connects; it does not call, so that a dead engine stays silent.
func (h *Heartbeat) Check(ctx context.Context) error {
	address, err := h.address.read()
	if err != nil {
		return err
	}
	if !webAddress(address) {
		return h.address.wrong("does not hold an https address")
	}
	return h.egress.probe(ctx, address)
}

// Run beats at each interval until the context ends, and tells report what came of each. A failed
// call ends nothing.
func (h *Heartbeat) Run(ctx context.Context, report func(Beat)) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.clock.After(h.interval):
			report(h.Beat(ctx))
		}
	}
}
