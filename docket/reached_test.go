// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"errors"
	"strings"
	"testing"

	"rogatory"
	"rogatory/store"
)

// Borealia's desk answers at night; Aurelia reads when, and that nobody has read the request yet.
func TestTheAskingStateReadsThatSomebodyWasReached(t *testing.T) {
	w := newWorld(t)
	var heard []string
	w.xb.Moved = func(_ *store.Tx, f File, m rogatory.Message) error {
		heard = append(heard, string(m.From.State)+" "+string(m.Act))
		return nil
	}
	id := w.sent(rogatory.Preservation42)
	reach := func() (told bool) {
		w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) (err error) {
			told, err = w.xb.Reached(tx, id, w.xb.now())
			return err
		}))
		w.carry()
		return told
	}
	if !reach() {
		t.Fatal("nothing was told")
	}
	said, err := w.xa.MessagesOf(w.Context(), w.xa.officer(), id)
	w.ok(err)
	last := said[len(said)-1].Message
	if last.Act != rogatory.TellStatus || last.By.Role != rogatory.TheNode || !strings.Contains(last.Body.Text, "was reached at 2026-11-23T02:00:00Z") {
		t.Errorf("Aurelia reads %+v", last)
	}
	w.both(id, rogatory.Requested) // nobody has acknowledged it
	w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) error { return w.xb.AcknowledgeIn(tx, w.xb.officer(), id) }))
	w.carry()
	w.both(id, rogatory.Acknowledged)
	if reach() {
		t.Error("that a person was reached is told of a request that a person has")
	}
	if got := strings.Join(heard, ", "); got != "XA send, XB tell_status, XB acknowledge" {
		t.Errorf("the desk heard %s", got)
	}
	w.sound()
}

// An alarm that cannot be opened keeps the message from being taken in: it comes again.
func TestAMessageAndItsAlarmComeTogether(t *testing.T) {
	w := newWorld(t)
	trouble := errors.New("no room")
	w.xb.Moved = func(*store.Tx, File, rogatory.Message) error { return trouble }
	id := w.drafts(rogatory.Preservation42, "", "")
	w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	for _, p := range w.collect(w.xa) {
		if err := w.deliver(w.xa, p); !errors.Is(err, trouble) {
			t.Fatalf("taken in: %v", err)
		}
		w.ok(w.xa.Failed(w.Context(), p.Delivery, trouble))
	}
	if n := w.size(w.xb); n != 0 {
		t.Fatalf("%d entries were written", n)
	}
}
