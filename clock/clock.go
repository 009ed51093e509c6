// SPDX-License-Identifier: Apache-2.0

// Package clock gives each node its own time, so that two nodes of one process may disagree and a
// simulation may run a year in a second.
//
// It promises nothing about agreement between nodes. It refuses nothing. There is no state that an
// error could leave behind.
package clock

import (
	"sync"
	"time"
)

// Clock tells the time. After returns a channel that receives once d has passed on this clock.
type Clock interface {
	Now() time.Time
	After(d time.Duration) <-chan time.Time
}

// Real is the machine's clock.
type Real struct{}

// Now returns the machine's time in UTC.
func (Real) Now() time.Time { return time.Now().UTC() }

// After is time.After.
func (Real) After(d time.Duration) <-chan time.Time { return time.After(d) }

// Manual is a clock that moves only when told to. Its zero value is not usable; see NewManual.
type Manual struct {
	mu     sync.Mutex
	now    time.Time // guarded by mu
	alarms []alarm   // guarded by mu
}

type alarm struct {
	at   time.Time
	ring chan time.Time
}

// NewManual returns a clock that stands at start.
func NewManual(start time.Time) *Manual { return &Manual{now: start.UTC()} }

// Now returns the time to which the clock was last moved.
func (m *Manual) Now() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.now
}

// After returns a channel that receives when the clock is moved by d or more.
func (m *Manual) After(d time.Duration) <-chan time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	ring := make(chan time.Time, 1)
	if d <= 0 {
		ring <- m.now
		return ring
	}
	m.alarms = append(m.alarms, alarm{m.now.Add(d), ring})
	return ring
}

// Advance moves the clock by d, which may be negative, and rings what is due.
func (m *Manual) Advance(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.now = m.now.Add(d)
	rest := m.alarms[:0]
	for _, a := range m.alarms {
		if a.at.After(m.now) {
			rest = append(rest, a)
			continue
		}
		a.ring <- m.now
	}
	m.alarms = rest
}
