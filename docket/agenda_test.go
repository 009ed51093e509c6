// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"testing"

	"rogatory"
)

// What runs out stands in the agenda until it is met, in the span in which it runs out, and for readers only.
func TestTheAgendaHasWhatRunsOut(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.EmergencyData)
	w.carry()
	due, ok := w.view(w.xb, id).Next()
	if !ok {
		t.Fatal("an emergency request has no deadline")
	}
	look := func(from, to rogatory.Instant) (names []string) {
		all, more, err := w.xb.Agenda(context.Background(), w.xb.officer(), from, to)
		w.ok(err)
		if more {
			t.Error("there is said to be more")
		}
		for _, a := range all {
			if a.File.ID != id {
				t.Errorf("the agenda has %s", a.File.ID)
			}
			names = append(names, a.Deadline.Name)
		}
		return names
	}
	if got := look(due.Due, due.Due+1); len(got) != 1 || got[0] != due.Name {
		t.Errorf("at its moment the agenda has %v, not %s", got, due.Name)
	}
	if got := look(0, due.Due); len(got) != 0 {
		t.Errorf("before it the agenda has %v", got)
	}
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	for _, name := range look(0, 1<<62) {
		if name == due.Name {
			t.Errorf("%s is met, and still in the agenda", name)
		}
	}
	_, _, err := w.xb.Agenda(context.Background(), w.xb.as("Root", rogatory.Administrator), 0, 1<<62)
	w.refused(err, "role_not_allowed")
}
