// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
)

// quota keeps the accounts of all peers. There are as many as States in the directory, since only a
// verified peer gets one.
type quota struct {
	limits Limits
	clock  clock.Clock

	mu       sync.Mutex
	running  int                             // requests of all peers; guarded by mu
	bytes    int64                           // of all peers; guarded by mu
	accounts map[rogatory.StateCode]*account // guarded by mu
}

type account struct {
	messages, transfers int
	bytes               int64
	tokens              float64 // messages that may be sent at once
	filled              time.Time
}

// retryTransfer is what a peer over its allowance is told to wait: about the time that one
// request for evidence takes on a common line.
const retryTransfer = 2 * time.Second

func newQuota(l Limits, c clock.Clock) *quota {
	return &quota{limits: l, clock: c, accounts: make(map[rogatory.StateCode]*account)}
}

func (q *quota) account(peer rogatory.StateCode) *account {
	a := q.accounts[peer]
	if a == nil {
		a = &account{tokens: float64(q.limits.Burst), filled: q.clock.Now()}
		q.accounts[peer] = a
	}
	return a
}

// message admits one message of up to the given size. Without an error the caller calls release.
func (q *quota) message(peer rogatory.StateCode, bytes int64) (release func(), err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.account(peer)
	if err := q.room(peer, a, bytes); err != nil {
		return nil, err
	}
	if a.messages >= q.limits.Messages {
		return nil, busy(time.Second, "quota_messages", "%s has %d messages under way, no more at once", peer, a.messages)
	}
	now := q.clock.Now()
	if since := now.Sub(a.filled); since > 0 { // a clock that was set back fills nothing
		a.tokens = min(float64(q.limits.Burst), a.tokens+since.Seconds()*q.limits.Rate)
	}
	a.filled = now
	if a.tokens < 1 {
		wait := time.Duration((1 - a.tokens) / q.limits.Rate * float64(time.Second))
		return nil, busy(wait, "quota_rate", "%s sends more than %g messages a second", peer, q.limits.Rate)
	}
	a.tokens--
	a.messages++
	return q.admit(a, &a.messages, bytes), nil
}

// transfer admits one request for evidence. Without an error the caller calls release.
func (q *quota) transfer(peer rogatory.StateCode, bytes int64) (release func(), err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	a := q.account(peer)
	if err := q.room(peer, a, bytes); err != nil {
		return nil, err
	}
	if a.transfers >= q.limits.Transfers {
		return nil, busy(retryTransfer, "quota_transfers", "%s has %d transfers under way, no more at once", peer, a.transfers)
	}
	a.transfers++
	return q.admit(a, &a.transfers, bytes), nil
}

func (q *quota) room(peer rogatory.StateCode, a *account, bytes int64) error {
	full := q.running >= q.limits.Door || q.bytes+bytes > q.limits.DoorBytes
	if full && a.messages+a.transfers > 0 {
		return busy(retryTransfer, "door_busy", "this door is full, and serves a request of %s already", peer)
	}
	if a.bytes+bytes > q.limits.Bytes {
		return busy(retryTransfer, "quota_bytes", "%s has %d bytes under way, %d more are too many", peer, a.bytes, bytes)
	}
	return nil
}

func (q *quota) admit(a *account, class *int, bytes int64) (release func()) {
	q.running++
	q.bytes += bytes
	a.bytes += bytes
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.running--
		q.bytes -= bytes
		*class--
		a.bytes -= bytes
	}
}
