// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"testing"

	"rogatory"
)

// While something is held, only an emergency goes out; without the hold, everything does.
func TestOnlyAnEmergencyPassesAHold(t *testing.T) {
	w := newWorld(t)
	ordinary, emergency := w.drafts(rogatory.Preservation42, "", ""), w.drafts(rogatory.EmergencyData, "", "")
	var overdue error = rogatory.Fault(rogatory.Unavailable, "stamp_overdue", "the journal has had no time-stamp for 5h")
	w.xa.Hold = func(_ context.Context, urgent bool) error {
		if urgent {
			return nil
		}
		return overdue
	}
	w.cannot(w.xa, w.xa.decider(), ordinary, rogatory.Send, rogatory.Body{}, "stamp_overdue")
	w.does(w.xa, w.xa.decider(), emergency, rogatory.Send, rogatory.Body{})
	overdue = nil
	w.does(w.xa, w.xa.decider(), ordinary, rogatory.Send, rogatory.Body{})
	w.carry()
	w.both(ordinary, rogatory.Requested)
	w.both(emergency, rogatory.Requested)
	w.sound()
}
