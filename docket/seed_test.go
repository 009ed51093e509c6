// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/envelope"
	"rogatory/oversight"
	"rogatory/store"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func identity(t *testing.T, k oversight.Key) age.Identity {
	t.Helper()
	return must(age.ParseHybridIdentity(k.Identity))
}

func (w *world) seed(k oversight.Key, change func(*oversight.Seed)) (rogatory.RequestID, error) {
	w.Helper()
	s := oversight.Seed{ID: "XA-2026-7K3M9Q2P.1", From: w.xa.Us, To: w.xb.Us, By: rogatory.Officer{Name: "P. Ndiaye", Role: rogatory.Decider}, Sequence: 41,
		Request: w.xb.words(rogatory.StoredData, "")}
	if change != nil {
		change(&s)
	}
	signed, err := k.SignSeed(s)
	if err != nil {
		return "", err
	}
	sealed, err := envelope.Seal(signed, w.xb.keys.MessageRecipient())
	w.ok(err)
	return w.xb.Seed(w.Context(), sealed)
}

// AB-10: a fictitious request measures a reviewer, and never leaves the node.
func TestAB10AFictitiousRequestNeverLeavesTheNode(t *testing.T) {
	w := newWorld(t)
	k := w.watched("XB")
	real := w.sent(rogatory.StoredData)
	id, err := w.seed(k, nil)
	w.ok(err)

	// Nobody who works on cases can tell it from the real one beside it.
	files, _, err := w.xb.Requests(t.Context(), w.xb.officer(), Filter{})
	w.ok(err)
	if len(files) != 2 || files[0].State != files[1].State || files[0].Side != files[1].Side || files[0].Them != files[1].Them {
		t.Fatalf("the queue shows %+v", files)
	}
	for _, request := range []rogatory.RequestID{real, id} {
		entries, err := w.xb.Entries(t.Context(), w.xb.decider(), request, 0, 50)
		w.ok(err)
		messages, err := w.xb.MessagesOf(t.Context(), w.xb.decider(), request)
		w.ok(err)
		if len(entries) != 1 || entries[0].Entry.Type != rogatory.MessageReceived || entries[0].Entry.Said != nil || entries[0].Entry.By.Name == "node" || len(messages) != 1 || messages[0].Direction != store.In {
			t.Errorf("%s is shown as %+v, %+v", request, entries, messages)
		}
	}
	everything, err := w.xb.Entries(t.Context(), w.xb.decider(), "", 0, 100)
	w.ok(err)
	for _, e := range everything {
		if strings.Contains(string(e.Entry.Type), "oversight.seed") {
			t.Error("the journal of the office shows a reviewer what is fictitious")
		}
	}

	// The reviewer works on it, and decides.
	w.pass(time.Minute)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.pass(time.Minute)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	f, err := w.xb.File(t.Context(), id)
	w.ok(err)
	if f.State != rogatory.Withdrawn {
		t.Errorf("after the decision it is %s: somebody would go on to work on it", f.State)
	}

	// Nothing left: no row of the outbox, no number, no message, no case at the other State.
	if parcels := w.collect(w.xb); len(parcels) != 0 {
		t.Fatalf("%d parcels wait", len(parcels))
	}
	w.ok(w.xb.Store.View(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.MessagesOf(id)
		if len(rows) != 0 {
			t.Errorf("it has %d messages", len(rows))
		}
		peer, err2 := tx.Peer("XA")
		if peer.LastOut != 0 {
			t.Errorf("it used number %d", peer.LastOut)
		}
		for _, state := range []string{store.Waiting, store.Done, store.Dead} {
			if rows, err := tx.Dispatches(state, 10); err != nil || len(rows) != 0 {
				t.Errorf("%d deliveries are %s (%v)", len(rows), state, err)
			}
		}
		if err == nil {
			err = err2
		}
		return err
	}))
	if _, err := w.xa.File(t.Context(), id); rogatory.CodeOf(err) != "request_unknown" {
		t.Errorf("the State that it pretends to come from knows it: %v", err)
	}
	w.sound()

	// The body reads the outcome from its feed; the office's own screen for it says the same.
	held := w.holding(w.xb, k)
	outcomes := oversight.Outcomes(oversight.Cases("XB", held.Records))
	if len(outcomes) != 1 || outcomes[0].Request != id || outcomes[0].Decision != rogatory.Accept || outcomes[0].By != w.xb.decider().Name || outcomes[0].Seconds != 120 {
		t.Errorf("the outcome is %+v", outcomes)
	}
	_, err = w.xb.Watch(t.Context(), w.xb.decider())
	w.refused(err, "role_not_allowed")
	seen, err := w.xb.Watch(t.Context(), w.xb.as("O. Wachter", rogatory.Overseer))
	w.ok(err)
	if len(seen.Outcomes) != 1 || seen.Cases != 2 {
		t.Errorf("oversight sees %+v", seen)
	}
	w.cannot(w.xb, w.xb.as("O. Wachter", rogatory.Overseer), real, rogatory.Accept, rogatory.Body{}, "role_not_allowed")
}

func TestOrdersForFictitiousRequestsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	k := w.watched("XB")
	stranger := w.watched("XA")
	for _, row := range []struct {
		name   string
		by     oversight.Key
		change func(*oversight.Seed)
		code   string
	}{
		{"of another State's body", stranger, nil, "oversight_unknown"},
		{"that would wake people", k, func(s *oversight.Seed) { s.Request = w.xb.words(rogatory.EmergencyData, "") }, "oversight_seed_invalid"},
		{"for another node", k, func(s *oversight.Seed) { s.To.State = "XC" }, "oversight_seed_invalid"},
		{"in our own numbering", k, func(s *oversight.Seed) { s.ID = "XB-2026-7K3M9Q2P.1" }, "oversight_seed_invalid"},
		{"that lacks what a real one has", k, func(s *oversight.Seed) { s.Request.Contents = map[string]string{} }, "oversight_seed_invalid"},
		{"from a State that is not there", k, func(s *oversight.Seed) { s.From.State, s.ID = "XZ", "XZ-2026-7K3M9Q2P.1" }, "party_unknown"},
	} {
		if _, err := w.seed(row.by, row.change); rogatory.CodeOf(err) != row.code {
			t.Errorf("%s: %v (%s), want %s", row.name, err, rogatory.CodeOf(err), row.code)
		}
	}
	_, err := w.seed(k, nil)
	w.ok(err)
	_, err = w.seed(k, nil)
	w.refused(err, "oversight_seed_exists")
}

// What the node says by itself is overseen too, and nothing that it says can be about a fictitious request.
func TestTheNodesOwnWordsAreOverseen(t *testing.T) {
	w := newWorld(t)
	k := w.watched("XB")
	w.watched("XA")
	id := w.sent(rogatory.Preservation42)
	fiction, err := w.seed(k, nil)
	w.ok(err)
	reach := func(id rogatory.RequestID) error {
		return w.xb.Store.Update(t.Context(), func(tx *store.Tx) error {
			_, err := w.xb.Reached(tx, id, w.xb.now())
			return err
		})
	}
	w.ok(reach(id))
	w.carry()
	messages, err := w.xa.MessagesOf(t.Context(), w.xa.officer(), id)
	w.ok(err)
	if last := messages[len(messages)-1]; last.Message.Act != rogatory.TellStatus || last.Refused || len(last.Message.Oversight) != 2 {
		t.Errorf("what the node said names %d bodies, refused: %t", len(last.Message.Oversight), last.Refused)
	}
	w.refused(reach(fiction), "oversight_seed_leaves")
	w.cannot(w.xb, w.xb.decider(), fiction, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: "XB-E-5TQ0ZC8H1M4A"}}, "act_not_open")
}
