// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"encoding/json"
	"testing"

	"rogatory"
	"rogatory/oversight"
)

// list is what the body of a house writes for the other's body.
func (w *world) list(h *house, k oversight.Key, salt []byte, change func(*oversight.List)) (held *oversight.Holding, signed, note []byte, size int64) {
	w.Helper()
	held = w.holding(h, k)
	note, log := w.checkpoint(h)
	c, err := held.Against(note, h.keys.JournalOrigin(), log)
	w.ok(err)
	l, err := held.Blinded(w.other(h).Us.State, salt, c, note)
	w.ok(err)
	if change != nil {
		change(&l)
	}
	signed, err = k.SignList(l)
	w.ok(err)
	return held, signed, note, c.Size
}

// Two bodies compare the journals of their States and show each other no case; what is missing or altered is named, and
// proved to a third person.
func TestTwoJournalsAreComparedWithoutShowingACase(t *testing.T) {
	w := newWorld(t)
	a, b := w.watched("XA"), w.watched("XB")
	salt := bytes.Repeat([]byte{7}, oversight.SaltSize)
	id := w.sent(rogatory.Preservation42)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.carry()
	compare := func(left, right []byte) []oversight.Finding {
		la, err := oversight.OpenList(left, w.book.parties["XA"])
		w.ok(err)
		lb, err := oversight.OpenList(right, w.book.parties["XB"])
		w.ok(err)
		found, err := oversight.Compare(la, lb, 0)
		w.ok(err)
		return found
	}
	_, left, _, _ := w.list(w.xa, a, salt, nil)
	_, right, _, _ := w.list(w.xb, b, salt, nil)
	if found := compare(left, right); len(found) != 0 {
		t.Fatalf("two honest journals differ: %+v", found)
	}
	for _, secret := range []string{"203.0.113.8", "Ana Duarte", string(id), "SSH"} {
		if bytes.Contains(left, []byte(secret)) || bytes.Contains(right, []byte(secret)) {
			t.Errorf("a list shows %q", secret)
		}
	}

	// Aurelia asks again, Borealia receipts it, and then shows its body's list as it was before.
	again := w.sent(rogatory.Preservation42)
	heldA, left, noteA, sizeA := w.list(w.xa, a, salt, nil)
	found := compare(left, right)
	if len(found) != 1 || found[0].What != oversight.MissingThere || found[0].From != "XA" || found[0].Sequence != 2 || found[0].In != "XA" {
		t.Fatalf("the message that Borealia forgot: %+v", found)
	}
	p, err := heldA.Prove(found[0], salt, noteA, sizeA, right)
	w.ok(err)
	text, err := json.Marshal(p)
	w.ok(err)
	p, err = oversight.ParseProof(text)
	w.ok(err)
	receipted, err := p.Verify(w.book.parties["XA"], w.book.parties["XB"])
	w.ok(err)
	if !receipted {
		t.Error("Borealia's receipt for it is not part of the proof")
	}
	if bytes.Contains(text, []byte("203.0.113.8")) {
		t.Error("the proof shows what the request asks")
	}
	// The same proof does not hold against a list that has the message, nor with the States exchanged, nor altered.
	whole := p
	_, whole.List, _, _ = w.list(w.xb, b, salt, nil)
	_, err = whole.Verify(w.book.parties["XA"], w.book.parties["XB"])
	w.refused(err, "oversight_proof_invalid")
	_, err = p.Verify(w.book.parties["XB"], w.book.parties["XA"])
	w.refused(err, "oversight_proof_invalid")
	other := p
	other.Finding.Sequence = 1
	_, err = other.Verify(w.book.parties["XA"], w.book.parties["XB"])
	w.refused(err, "oversight_proof_invalid")
	other = p
	other.Receipt = nil
	if receipted, err := other.Verify(w.book.parties["XA"], w.book.parties["XB"]); err != nil || receipted {
		t.Errorf("without the receipt it still holds, and says less: %t %v", receipted, err)
	}

	// Who pulled before the receipt came has it with the entry that records it.
	_, before, _, _ := w.list(w.xb, b, salt, nil)
	late := w.drafts(rogatory.Preservation42, "", "")
	w.does(w.xa, w.xa.decider(), late, rogatory.Send, rogatory.Body{})
	early := w.holding(w.xa, a)
	w.carry()
	w.pull(w.xa, a, early)
	note, log := w.checkpoint(w.xa)
	c, err := early.Against(note, w.xa.keys.JournalOrigin(), log)
	w.ok(err)
	l, err := early.Blinded("XB", salt, c, note)
	w.ok(err)
	signed, err := a.SignList(l)
	w.ok(err)
	found = compare(signed, before)
	if len(found) != 1 || found[0].What != oversight.MissingThere || found[0].Sequence != 3 {
		t.Fatalf("the third message: %+v", found)
	}
	third, err := early.Prove(found[0], salt, note, c.Size, before)
	w.ok(err)
	if receipted, err := third.Verify(w.book.parties["XA"], w.book.parties["XB"]); err != nil || !receipted {
		t.Errorf("a receipt that came after its message was pulled: %t %v", receipted, err)
	}
	heldA, left, noteA, sizeA = w.list(w.xa, a, salt, nil)

	// A message that is another one there.
	_, forged, _, _ := w.list(w.xb, b, salt, func(l *oversight.List) { l.Rows[0].Blind = rogatory.DigestOf([]byte("other words")) })
	found = compare(left, forged)
	if len(found) != 1 || found[0].What != oversight.Altered || found[0].Sequence != 1 {
		t.Fatalf("the altered message: %+v", found)
	}
	p, err = heldA.Prove(found[0], salt, noteA, sizeA, forged)
	w.ok(err)
	_, err = p.Verify(w.book.parties["XA"], w.book.parties["XB"])
	w.ok(err)

	// A message that the sender's journal does not have.
	heldB, right, noteB, sizeB := w.list(w.xb, b, salt, nil)
	_, short, _, _ := w.list(w.xa, a, salt, func(l *oversight.List) { l.Rows = l.Rows[:len(l.Rows)-1] })
	found = compare(short, right)
	if len(found) != 1 || found[0].What != oversight.NeverSent || found[0].In != "XB" {
		t.Fatalf("the message that Aurelia disowns: %+v", found)
	}
	p, err = heldB.Prove(found[0], salt, noteB, sizeB, short)
	w.ok(err)
	_, err = p.Verify(w.book.parties["XB"], w.book.parties["XA"])
	w.ok(err)
	_ = again

	// Lists that are not what they say.
	for name, change := range map[string]func(*oversight.List){
		"a row that is not in the journal": func(l *oversight.List) { l.Rows[0].Leaf = rogatory.DigestOf([]byte("x")) },
		"a row twice":                      func(l *oversight.List) { l.Rows = append(l.Rows, l.Rows[0]) },
		"of another State":                 func(l *oversight.List) { l.State = "XA" },
		"of another size":                  func(l *oversight.List) { l.Size++ },
	} {
		_, bad, _, _ := w.list(w.xb, b, salt, change)
		if _, err := oversight.OpenList(bad, w.book.parties["XB"]); rogatory.CodeOf(err) != "oversight_list_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = oversight.OpenList(right, w.book.parties["XA"])
	w.refused(err, "oversight_unknown")
}
