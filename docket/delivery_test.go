// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
)

// A delivery whose answer is lost is made again, and again. It has one effect and one receipt.
func TestDeliveredAThousandTimes(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	parcel := w.collect(w.xa)[0]
	first, err := w.xb.Receive(t.Context(), "XA", parcel.Sealed)
	w.ok(err)
	size := w.size(w.xb)
	for range 1000 {
		again, err := w.xb.Receive(t.Context(), "XA", parcel.Sealed)
		w.ok(err)
		if !bytes.Equal(again, first) {
			t.Fatal("the second receipt differs from the first")
		}
	}
	if w.size(w.xb) != size || w.count(w.xb, rogatory.MessageReceived, message) != 1 || w.view(w.xb, id).OutOfTurn != 0 {
		t.Errorf("the journal grew from %d to %d", size, w.size(w.xb))
	}

	// The lease runs out, another worker encrypts the same message anew: the same receipt still.
	w.pass(2 * time.Minute)
	anew := w.collect(w.xa)[0]
	if bytes.Equal(anew.Sealed, parcel.Sealed) || anew.Delivery.Fence <= parcel.Delivery.Fence {
		t.Fatal("it was not wrapped anew")
	}
	again, err := w.xb.Receive(t.Context(), "XA", anew.Sealed)
	w.ok(err)
	if !bytes.Equal(again, first) {
		t.Fatal("the receipt of the other worker differs")
	}
	// The first worker comes late: its claim is over, and nothing is settled by it.
	_, err = w.xa.Settle(t.Context(), parcel.Delivery, first)
	if rogatory.KindOf(err) != rogatory.Conflict || len(w.message(w.xa, store.Out, message).Receipt) > 0 {
		t.Fatalf("the late worker settled it: %v", err)
	}
	_, err = w.xa.Settle(t.Context(), anew.Delivery, again)
	w.ok(err)
	if !bytes.Equal(w.message(w.xa, store.Out, message).Receipt, first) || w.count(w.xa, rogatory.MessageReceipted, message) != 1 {
		t.Error("the receipt is not stored as it came")
	}
	w.sound()
}

// Two lines deliver the same message at the same moment, as replicas and couriers do.
func TestDeliveredAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	parcel := w.collect(w.xa)[0]
	const lines = 16
	receipts := make([][]byte, lines)
	var group sync.WaitGroup
	for i := range lines {
		group.Go(func() {
			receipt, err := w.xb.Receive(t.Context(), "XA", parcel.Sealed)
			if err != nil {
				t.Error(err)
			}
			receipts[i] = receipt
		})
	}
	group.Wait()
	for _, r := range receipts {
		if !bytes.Equal(r, receipts[0]) {
			t.Error("two lines were given different receipts")
		}
	}
	if n := w.count(w.xb, rogatory.MessageReceived, message); n != 1 {
		t.Errorf("the journal has it %d times", n)
	}
	w.carryLater()
	w.sound()
}

// carryLater is carry after every claim has run out.
func (w *world) carryLater() {
	w.Helper()
	w.pass(2 * leaseTime)
	w.carry()
}

// Messages overtake one another on the way. Each is receipted when it arrives, and acted on in turn.
func TestMessagesThatOvertake(t *testing.T) {
	w := newWorld(t)
	var ids []rogatory.RequestID
	for range 6 {
		id := w.drafts(rogatory.Preservation42, "", "")
		w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
		ids = append(ids, id)
	}
	w.does(w.xa, w.xa.decider(), ids[0], rogatory.Withdraw, rogatory.Body{Text: "settled at home", Language: "en"})
	parcels := w.collect(w.xa)
	for i, p := range slices.Backward(parcels) {
		if p.Delivery.Sequence != int64(i)+1 {
			t.Fatalf("parcel %d has number %d", i, p.Delivery.Sequence)
		}
		w.ok(w.deliver(w.xa, p)) // receipted at once, although it waits
		for _, id := range ids {
			_, err := w.xb.File(t.Context(), id)
			if i > 0 && rogatory.CodeOf(err) != "request_unknown" {
				t.Fatalf("%s has a file before number 1 arrived (%v)", id, err)
			}
			if i == 0 {
				w.ok(err)
			}
		}
	}
	w.both(ids[0], rogatory.Withdrawn)
	for _, id := range ids[1:] {
		w.both(id, rogatory.Requested)
	}
	w.sound()
}

// receive tries to deliver what was forged, and checks that an error leaves no trace.
func (w *world) receive(peer rogatory.StateCode, sealed []byte) ([]byte, error) {
	w.Helper()
	before := w.size(w.xb)
	receipt, err := w.xb.Receive(w.Context(), peer, sealed)
	if err != nil && (receipt != nil || w.size(w.xb) != before) {
		w.Fatalf("refused with %v, and the journal grew from %d to %d", err, before, w.size(w.xb))
	}
	return receipt, err
}

func TestReplaysThatWereAltered(t *testing.T) {
	w := newWorld(t)
	m := w.letter(1)
	_, err := w.receive("XA", w.forge(m))
	w.ok(err)

	altered := m
	words := *m.Body.Request
	words.Title = "another server"
	altered.Body.Request = &words
	_, err = w.receive("XA", w.forge(altered))
	w.refused(err, "message_altered")

	reused := w.letter(1)
	_, err = w.receive("XA", w.forge(reused))
	w.refused(err, "sequence_taken")

	// The same number twice, before its turn.
	_, err = w.receive("XA", w.forge(w.letter(3)))
	w.ok(err)
	_, err = w.receive("XA", w.forge(w.letter(3)))
	w.refused(err, "sequence_taken")

	_, err = w.receive("XA", w.forge(w.letter(1+parkingSpan)))
	w.ok(err)
	_, err = w.receive("XA", w.forge(w.letter(2+parkingSpan)))
	w.refused(err, "sequence_gap")
}

func TestMessagesThatAreNotTakenIn(t *testing.T) {
	w := newWorld(t)
	good := w.letter(1)
	container, digest, err := envelope.Sign(good, w.xa.Signer)
	w.ok(err)
	seal := func(container []byte, to string) []byte {
		sealed, err := envelope.Seal(container, to)
		w.ok(err)
		return sealed
	}
	elsewhere := w.letter(1)
	elsewhere.To.Authority = "police"
	third := w.letter(1)
	third.To.State = "XC"
	ahead := w.letter(1)
	ahead.Sent = ahead.Sent.Add(futureSlack + time.Second)
	other := refOf(good, digest)
	other.Sequence++
	asXC := w.letter(1)
	asXC.From.State = "XC"

	for _, c := range []struct {
		name   string
		peer   rogatory.StateCode
		sealed []byte
		code   string
	}{
		{"nothing", "XA", nil, "envelope_malformed"},
		{"noise", "XA", bytes.Repeat([]byte("noise"), 100), "envelope_malformed"},
		{"not encrypted", "XA", container, "envelope_malformed"},
		{"encrypted to another State", "XA", seal(container, w.xc.MessageRecipient()), "wrong_key"},
		{"no container", "XA", seal([]byte("hello"), w.xb.keys.MessageRecipient()), "container_malformed"},
		{"a State that nobody knows", "XQ", w.forge(good), "party_unknown"},
		{"over the line of another State", "XC", w.forge(good), "certificate_untrusted"},
		{"in the name of another State", "XA", w.forge(asXC), "wrong_signer"},
		{"for another authority", "XA", w.forge(elsewhere), "wrong_addressee"},
		{"for another State", "XA", w.forge(third), "wrong_addressee"},
		{"without a proof", "XA", seal(container, w.xb.keys.MessageRecipient()), "proof_missing"},
		{"with the proof of another number", "XA", w.wrapped(container, other), "proof_of_other"},
		{"with the proof of another message", "XA", w.wrapped(container, refOf(w.letter(1), digest)), "proof_of_other"},
		{"from a clock that is ahead", "XA", w.forge(ahead), "clock_disagrees"},
	} {
		_, err := w.receive(c.peer, c.sealed)
		if err == nil || rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: got %v (%s), want %s", c.name, err, rogatory.CodeOf(err), c.code)
		}
	}

	// The clock that was ahead is no disaster: later the same message is taken.
	w.pass(2 * time.Second)
	_, err = w.receive("XA", w.forge(ahead))
	w.ok(err)
}

// Some messages are authentic and cannot be acted on. The sender gets it in writing, provably.
func TestSignedRefusals(t *testing.T) {
	w := newWorld(t)
	live := w.letter(1)
	live.Mode = rogatory.Live
	expired := w.letter(2)
	expired.Expires = expired.Sent.Add(time.Hour)
	foreign := w.letter(3)
	foreign.Request = "XC-2026-7K3M9Q2P.1"
	incomplete := w.letter(4)
	words := *incomplete.Body.Request
	words.Contents = map[string]string{}
	incomplete.Body.Request = &words
	unknown := w.letter(5)
	words2 := *unknown.Body.Request
	words2.Kind = "hot_pursuit"
	unknown.Body.Request = &words2
	w.pass(time.Hour + time.Second)

	for _, c := range []struct {
		m    rogatory.Message
		code string
	}{{live, "mode_mismatch"}, {expired, "message_expired"}, {foreign, "case_not_theirs"}, {incomplete, "request_incomplete"}, {unknown, "request_incomplete"}} {
		receipt, err := w.receive("XA", w.forge(c.m))
		w.ok(err)
		r, proof, err := envelope.OpenReceipt(receipt, w.book.parties["XB"], w.xa.time.Now())
		w.ok(err)
		if r.Outcome != rogatory.RefusedOutcome || r.Code != c.code || strings.TrimSpace(r.Reason) == "" || r.Message != c.m.ID {
			t.Errorf("%s: the receipt says %+v", c.code, r)
		}
		// The refusal is in Borealia's journal, where it cannot be denied.
		e, err := OpenProof(proof, w.book.parties["XB"])
		w.ok(err)
		if e.Type != rogatory.MessageRefused || e.Message.Code != c.code || e.Why != r.Reason {
			t.Errorf("%s: the journal says %+v", c.code, e)
		}
		if _, err := w.xb.File(t.Context(), c.m.Request); rogatory.CodeOf(err) != "request_unknown" {
			t.Errorf("%s: it was acted on (%v)", c.code, err)
		}
	}
	// A refusal uses its number: what follows is in turn.
	next := w.letter(6)
	_, err := w.receive("XA", w.forge(next))
	w.ok(err)
	if f := w.view(w.xb, next.Request); f.State != rogatory.Requested {
		t.Errorf("the message that follows is %s", f.State)
	}
}

// A whole node of the wrong mode: the sender's delivery ends with its signed refusal, and nothing moves.
func TestExerciseAndLiveNeverMix(t *testing.T) {
	w := newWorld(t)
	w.xb.Mode = rogatory.Live
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	p := w.collect(w.xa)[0]
	receipt, err := w.xb.Receive(t.Context(), "XA", p.Sealed)
	w.ok(err)
	r, err := w.xa.Settle(t.Context(), p.Delivery, receipt)
	w.ok(err)
	if r.Outcome != rogatory.RefusedOutcome || r.Code != "mode_mismatch" || r.Mode != rogatory.Live {
		t.Errorf("the receipt says %+v", r)
	}
	if m := w.message(w.xa, store.Out, message); !m.Refused || w.delivery(w.xa, message).State != store.Done {
		t.Errorf("the message is kept as %+v", m)
	}
	if _, err := w.xb.File(t.Context(), id); rogatory.CodeOf(err) != "request_unknown" {
		t.Errorf("an exercise reached a live docket: %v", err)
	}
	w.sound()
}

// A receipt is believed only if it is about this message and the other State's journal says the same.
func TestReceiptsThatLie(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	p := w.collect(w.xa)[0]
	honest, err := w.xb.Receive(t.Context(), "XA", p.Sealed)
	w.ok(err)
	truth, proof, err := envelope.OpenReceipt(honest, w.book.parties["XB"], w.xa.time.Now())
	w.ok(err)
	other := func() []byte { // a proof of something else in the same journal
		index := int64(0)
		w.ok(w.xb.Store.Update(t.Context(), func(tx *store.Tx) (err error) {
			index, err = w.xb.Ledger.Record(tx, rogatory.Entry{Type: rogatory.NodeStarted, At: truth.Received, By: w.xb.node()})
			return err
		}))
		proof, err := w.xb.Ledger.Prove(t.Context(), index)
		w.ok(err)
		return proof
	}()
	lie := func(change func(*rogatory.Receipt), proof []byte) []byte {
		r := truth
		change(&r)
		c, _, err := envelope.SignReceipt(r, w.xb.Signer)
		w.ok(err)
		if proof != nil {
			c, err = envelope.AttachProof(c, proof)
			w.ok(err)
		}
		return c
	}
	same := func(*rogatory.Receipt) {}
	third, _, err := envelope.SignReceipt(truth, w.xc.Seal())
	w.ok(err)

	for _, c := range []struct {
		name    string
		receipt []byte
		code    string
	}{
		{"nothing", nil, "container_malformed"},
		{"signed by another State", third, "certificate_untrusted"},
		{"without a proof", lie(same, nil), "proof_invalid"},
		{"with the proof of another entry", lie(same, other), "receipt_wrong"},
		{"of another message", lie(func(r *rogatory.Receipt) { r.Message = w.letter(1).ID }, proof), "receipt_wrong"},
		{"of other content", lie(func(r *rogatory.Receipt) { r.Digest[0] ^= 1 }, proof), "receipt_wrong"},
		{"of another number", lie(func(r *rogatory.Receipt) { r.Sequence++ }, proof), "receipt_wrong"},
		{"of another mode", lie(func(r *rogatory.Receipt) { r.Mode = rogatory.Live }, proof), "receipt_wrong"},
		{"to another authority", lie(func(r *rogatory.Receipt) { r.To.Authority = "police" }, proof), "receipt_wrong"},
		{"of another mode, as if it were refused for that", lie(func(r *rogatory.Receipt) {
			r.Mode, r.Outcome, r.Code = rogatory.Live, rogatory.RefusedOutcome, "mode_mismatch"
		}, proof), "receipt_wrong"},
		{"dated back", lie(func(r *rogatory.Receipt) { r.Received-- }, proof), "receipt_wrong"},
		{"refused, while the journal has it received", lie(func(r *rogatory.Receipt) { r.Outcome, r.Code = rogatory.RefusedOutcome, "too_late" }, proof), "receipt_wrong"},
	} {
		before := w.size(w.xa)
		_, err := w.xa.Settle(t.Context(), p.Delivery, c.receipt)
		if err == nil || rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: got %v (%s), want %s", c.name, err, rogatory.CodeOf(err), c.code)
		}
		if d := w.delivery(w.xa, message); d.State != store.Waiting || w.size(w.xa) != before || len(w.message(w.xa, store.Out, message).Receipt) != 0 {
			t.Errorf("%s: it changed something: %+v", c.name, d)
		}
	}
	_, err = w.xa.Settle(t.Context(), p.Delivery, honest)
	w.ok(err)
	if d := w.delivery(w.xa, message); d.State != store.Done {
		t.Errorf("after the honest receipt the delivery is %s", d.State)
	}
	w.carry()
	w.sound()
}

// Borealia is silent for two weeks. The delivery waits longer and longer, then lies visibly on the
// desk, and a person sends it off again.
func TestSilenceIsNotForgotten(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	silent := rogatory.Fault(rogatory.Unavailable, "peer_silent", "no answer")
	attempts, longest := 0, time.Duration(0)
	for w.delivery(w.xa, message).State == store.Waiting {
		for _, p := range w.collect(w.xa) {
			w.ok(w.xa.Failed(t.Context(), p.Delivery, silent))
			attempts++
		}
		d := w.delivery(w.xa, message)
		wait := d.NextAt.Sub(w.xa.now())
		longest = max(longest, wait)
		if attempts > 1000 {
			t.Fatal("it is tried for ever")
		}
		if d.State == store.Waiting {
			w.pass(wait)
		}
	}
	if longest > backoffCap+backoffBase || attempts < 50 {
		t.Errorf("%d attempts, %s apart at most", attempts, longest)
	}
	if gone := w.xa.time.Now().Sub(morning); gone < giveUpAfter || gone > giveUpAfter+backoffCap+time.Minute {
		t.Errorf("given up after %s", gone)
	}
	if d := w.delivery(w.xa, message); d.State != store.Dead || !strings.HasPrefix(d.LastError, "peer_silent") || w.count(w.xa, rogatory.MessageUndelivered, message) != 1 {
		t.Errorf("set aside as %+v", d)
	}
	w.xb.time.Advance(w.xa.time.Now().Sub(w.xb.time.Now()))
	w.sound()

	w.ok(w.xa.Revive(t.Context(), w.xa.decider(), message))
	w.carry()
	w.both(id, rogatory.Requested)
	w.sound()
}

// One commit, one truth: whatever moment the power goes, at either side, nothing is lost, nothing
// happens twice and no number is left out.
func TestPowerGoesAtEveryPoint(t *testing.T) {
	w := newWorld(t)
	points := []string{"begin", "closure", "before_commit", "after_commit"}
	struck := map[string]int{}

	// While Aurelia sends. The officer sees an error and looks again.
	for _, point := range points {
		id := w.drafts(rogatory.Preservation42, "", "")
		w.xa.power.fail(point, 0)
		_, _, err := w.xa.Move(t.Context(), w.xa.decider(), id, rogatory.Send, rogatory.Body{})
		if !w.xa.power.over() || err == nil {
			t.Fatalf("at %s of sending: %v", point, err)
		}
		struck["send"]++
		w.restart(w.xa)
		_, _, err = w.xa.Move(t.Context(), w.xa.decider(), id, rogatory.Send, rogatory.Body{})
		if point == "after_commit" {
			w.refused(err, "act_not_open") // it was sent; only the answer was lost
		} else {
			w.ok(err)
		}
		w.carry()
		w.both(id, rogatory.Requested)
		w.sound()
	}

	// While it is collected, received and settled: on each side, at each point of each update.
	for _, weak := range []*house{w.xa, w.xb} {
		for _, point := range points {
			for skip := 0; ; skip++ {
				if skip == 10 {
					t.Fatalf("a delivery takes more than %d updates", skip)
				}
				id := w.drafts(rogatory.Preservation42, "", "")
				message := w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
				weak.power.fail(point, skip)
				parcels, err := w.xa.Collect(context.Background(), 10, 10)
				for _, p := range parcels {
					err = w.deliver(w.xa, p)
				}
				hit := weak.power.over()
				if hit != (err != nil) {
					t.Fatalf("at %s %d of %s: hit is %t, error %v", point, skip, weak.Us.State, hit, err)
				}
				if hit {
					struck[string(weak.Us.State)+" "+point]++
					w.restart(weak)
					w.pass(2 * leaseTime) // the dead worker's claim runs out
				}
				w.carry()
				w.both(id, rogatory.Requested)
				for _, c := range []struct {
					h    *house
					what rogatory.EntryType
				}{{w.xa, rogatory.MessageSent}, {w.xb, rogatory.MessageReceived}, {w.xa, rogatory.MessageReceipted}} {
					if n := w.count(c.h, c.what, message); n != 1 {
						t.Fatalf("at %s %d of %s: %d entries %s", point, skip, weak.Us.State, n, c.what)
					}
				}
				if d := w.delivery(w.xa, message); d.State != store.Done {
					t.Fatalf("at %s %d of %s: the delivery is %s", point, skip, weak.Us.State, d.State)
				}
				if !hit {
					break // the delivery has no further update on this side
				}
			}
			w.sound()
		}
	}
	for _, side := range []string{"XA", "XB"} {
		for _, point := range points {
			if struck[side+" "+point] < 2 { // claim and settle; accept and receipt
				t.Errorf("%s was struck %d times at %s", side, struck[side+" "+point], point)
			}
		}
	}
	t.Logf("the power went %v times", struck)
}
