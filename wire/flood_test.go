// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
)

// AB-22, a State that was refused floods the one that refused it, with a hundred times what the others send. The door takes
// of it what its account allows; the others are refused nothing, stand behind no more than its few messages under way, and
// wait at the 99th percentile no more than twice as long as without it. The clock is moved by hand and the office is played:
// one message after the other, each in a fixed time.
func TestAB22OneStateFloodsAndTheOthersPass(t *testing.T) {
	const (
		others  = 10
		handled = 20 * time.Millisecond // the office's time for a message
		tick    = 10 * time.Millisecond
		minutes = 10
		times   = 100
	)
	limits, err := Limits{}.orDefaults()
	if err != nil {
		t.Fatal(err)
	}
	type underway struct {
		done    time.Time
		release func()
		flood   bool
	}
	play := func(flooded bool) (waits []time.Duration, refused, flood, most int) {
		now := clock.NewManual(time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC))
		q := newQuota(limits, now)
		var queue []underway
		free := now.Now()
		arrives := func(peer rogatory.StateCode, hostile bool) {
			release, err := q.message(peer, 4<<10)
			switch {
			case err != nil && !hostile:
				t.Errorf("%s is refused: %v", peer, err)
				return
			case err != nil && rogatory.KindOf(err) != rogatory.Busy:
				t.Fatalf("the flood is refused with %v", err)
			case err != nil:
				refused++
				return
			}
			ahead := 0
			for _, u := range queue {
				if u.flood {
					ahead++
				}
			}
			if free.Before(now.Now()) {
				free = now.Now()
			}
			free = free.Add(handled)
			queue = append(queue, underway{free, release, hostile})
			if hostile {
				flood++
				return
			}
			most = max(most, ahead)
			waits = append(waits, free.Sub(now.Now()))
		}
		for step := range minutes * int(time.Minute/tick) {
			now.Advance(tick)
			for len(queue) > 0 && !queue[0].done.After(now.Now()) {
				queue[0].release()
				queue = queue[1:]
			}
			if flooded { // a hundred in a second, where each other State sends one
				for range times * int(tick) / int(time.Second) {
					arrives("XZ", true)
				}
			}
			if n := step % int(time.Second/tick); n%(int(time.Second/tick)/others) == 0 {
				arrives(rogatory.StateCode(fmt.Sprintf("X%c", 'A'+n/10)), false)
			}
		}
		slices.Sort(waits)
		return waits, refused, flood, most
	}
	p99 := func(waits []time.Duration) time.Duration { return waits[len(waits)*99/100] }
	calm, _, _, _ := play(false)
	waits, refused, flood, most := play(true)
	if len(waits) != len(calm) || len(calm) != others*minutes*60 {
		t.Fatalf("%d messages of the others were taken under the flood, %d without it", len(waits), len(calm))
	}
	if sent := times * minutes * 60; flood+refused != sent || flood > limits.Burst+int(limits.Rate)*minutes*60+1 {
		t.Errorf("of the flood %d were taken and %d refused, of %d", flood, refused, sent)
	}
	if most > limits.Messages {
		t.Errorf("one stood behind %d messages of the flood, at most %d are under way", most, limits.Messages)
	}
	t.Logf("p99 %s, under the flood %s; %d of the flood refused", p99(calm), p99(waits), refused)
	if p99(waits) > 2*p99(calm) {
		t.Errorf("the others wait %s at the 99th percentile, %s without the flood", p99(waits), p99(calm))
	}
}
