// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"

	"rogatory"
)

// The number of a node's starts grows with the numbers of its messages, in whatever order they arrive.
func TestIncarnationsFindTwins(t *testing.T) {
	type told struct{ number, sequence int64 }
	for _, c := range []struct {
		name     string
		messages []told
		twin     int // which message shows it; -1 if none does
	}{
		{"one start", []told{{1, 1}, {1, 2}, {1, 3}}, -1},
		{"restarts", []told{{1, 1}, {2, 2}, {5, 3}}, -1},
		{"a late message of the start before", []told{{1, 1}, {2, 3}, {1, 2}}, -1},
		{"late messages of one start", []told{{2, 9}, {2, 7}, {1, 6}}, -1},
		{"a copy that goes on", []told{{1, 1}, {2, 2}, {1, 3}}, 2},
		{"a later start with an earlier number", []told{{1, 5}, {2, 4}}, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var number, from int64
			for i, m := range c.messages {
				n, f, ok := follows(number, from, rogatory.Message{Incarnation: m.number, Sequence: m.sequence})
				if ok != (i != c.twin) {
					t.Fatalf("message %d: ok is %t", i, ok)
				}
				if ok {
					number, from = n, f
				}
			}
		})
	}
}
