// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/oversight"
	"rogatory/store"
)

// Receive takes a sealed message from a State whose connection proved who it is, and returns our
// signed receipt. The receipt may be a refusal; an error means that nothing was recorded.
//
// Order: open, verify signature and journal proof; then in one transaction insert the message, append
// the entry, and apply what is now in turn; then prove the entry, sign the receipt and store it; then
// answer. Dying before the commit leaves nothing; dying after it leaves a message without receipt,
// and the next delivery of it finds the row and makes the receipt.
func (o *Office) Receive(ctx context.Context, peer rogatory.StateCode, sealed []byte) ([]byte, error) {
	container, err := envelope.Unseal(ctx, sealed, o.Messages...)
	if err != nil {
		return nil, err
	}
	party, err := o.Directory.Party(peer)
	if err != nil {
		return nil, err
	}
	opened, err := o.reader.Open(container, party, o.Clock.Now())
	if err != nil {
		return nil, err
	}
	m := opened.Message
	switch {
	case m.From.State != peer:
		return nil, rogatory.Fault(rogatory.Denied, "wrong_sender", "a message from %s came over the connection of %s", m.From.State, peer)
	case m.To != o.Us:
		return nil, rogatory.Fault(rogatory.Invalid, "wrong_addressee", "the message is for %.60q, this is %s", m.To.String(), o.Us)
	case m.Sent > o.now().Add(futureSlack):
		return nil, rogatory.Fault(rogatory.Unavailable, "clock_disagrees", "the message was sent at %s, here it is %s", m.Sent, o.now()).WithHint("one of the two clocks is wrong")
	}
	if err := o.checkProof(opened, party); err != nil {
		return nil, err
	}
	if err := oversight.CheckSealed(sealed, m); err != nil {
		return nil, err
	}
	return o.accept(ctx, opened)
}

// checkProof: the sender's journal holds exactly this message.
func (o *Office) checkProof(opened envelope.Opened, party rogatory.Party) error {
	if len(opened.Proof) == 0 {
		return rogatory.Fault(rogatory.Untrusted, "proof_missing", "the message carries no proof from its sender's journal")
	}
	entry, err := OpenProof(opened.Proof, party)
	if err != nil {
		return err
	}
	if entry.Type != rogatory.MessageSent || entry.Message == nil || *entry.Message != *refOf(opened.Message, opened.Digest) {
		return rogatory.Fault(rogatory.Untrusted, "proof_of_other", "the journal proof is of another entry than this message")
	}
	return nil
}

// OpenProof verifies a proof against a party's journal and returns the entry that it opens.
func OpenProof(proof []byte, party rogatory.Party) (rogatory.Entry, error) {
	key, err := journal.NewVerifier(party.JournalKey)
	if err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "journal_key_invalid", "read the journal key of %s: %w", party.Code, err)
	}
	p, err := journal.ParseProof(proof)
	if err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "read journal proof: %w", err)
	}
	salt, body, err := journal.Opening(p.Extra)
	if err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "open journal proof: %w", err)
	}
	if _, err := p.Verify(journal.LeafHash(journal.Commit(salt, body)), party.JournalOrigin, key); err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "check journal proof: %w", err)
	}
	var e rogatory.Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "read journal entry: %w", err)
	}
	return e, nil
}

// refusal says why an authentic message cannot be acted on, whatever else has arrived: the code and
// reason of a signed refusal, or nothing.
func (o *Office) refusal(m rogatory.Message) (code, reason string) {
	switch {
	case m.Mode != o.Mode:
		return modeMismatch, fmt.Sprintf("this node takes %s messages only", o.Mode)
	case o.now() > m.Expires:
		return "message_expired", fmt.Sprintf("the message was to be acted on until %s", m.Expires)
	}
	if err := o.unseen(m); err != nil {
		return rogatory.CodeOf(err), err.Error()
	}
	switch {
	case m.Act != rogatory.Send && m.Act != rogatory.StartDrill:
		return "", ""
	case m.Request.Case().State() != m.From.State:
		return "case_not_theirs", "the case reference is not of the requesting State"
	case m.Act == rogatory.StartDrill:
		return o.drillRefusal(m)
	case m.Body.Request.Kind == rogatory.ContactDrill:
		return "act_not_of_kind", "a drill is not sent as a request"
	}
	lacks := o.Rules.Lacks(*m.Body.Request, m.Sent)
	if len(lacks) > 0 {
		return "request_incomplete", "the request lacks " + strings.Join(lacks, "; ")
	}
	kind, _ := o.Rules.Kind(m.Body.Request.Kind)
	us, err := o.Directory.Party(o.Us.State)
	if err == nil {
		err = receives(kind, us, m.To)
	}
	if err == nil {
		var them rogatory.Party
		if them, err = o.Directory.Party(m.From.State); err == nil {
			err = sends(kind, them, m.From)
		}
	}
	if err != nil {
		return rogatory.CodeOf(err), err.Error()
	}
	return "", ""
}

// modeMismatch is the code of a refusal because exercise and live never mix.
const modeMismatch = "mode_mismatch"

const maxReason = 500 // bytes of a refusal's reason in a receipt

func (o *Office) accept(ctx context.Context, opened envelope.Opened) ([]byte, error) {
	m := opened.Message
	code, reason := o.refusal(m)
	var row store.Message
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Message(store.In, m.ID)
		if err == nil {
			if have.Digest != opened.Digest {
				return rogatory.Fault(rogatory.Conflict, "message_altered", "message %s arrived before with other content", m.ID)
			}
			row = have
			return nil
		}
		if rogatory.KindOf(err) != rogatory.NotFound {
			return err
		}
		peer, err := tx.Peer(m.From.State)
		if err != nil {
			return err
		}
		if m.Sequence > peer.LastIn+parkingSpan {
			return rogatory.Fault(rogatory.Busy, "sequence_gap", "message %d is more than %d ahead of the last in turn, %d", m.Sequence, parkingSpan, peer.LastIn)
		}
		if m.Sequence <= peer.LastIn {
			return rogatory.Fault(rogatory.Conflict, "sequence_taken", "number %d was used by another message", m.Sequence)
		}
		if err := oneNode(tx, m); err != nil {
			return err
		}
		code, reason := code, reason
		if code == "" && m.Act == rogatory.StartDrill {
			if code, reason, err = o.drillTooSoon(tx, m); err != nil {
				return err
			}
		}
		e := rogatory.Entry{Type: rogatory.MessageReceived, At: o.now(), By: rogatory.Actor{Address: m.From, Officer: m.By}, Request: m.Request, Message: refOf(m, opened.Digest)}
		if code != "" {
			e.Type, e.Message.Code, e.Why = rogatory.MessageRefused, code, reason[:min(len(reason), maxReason)]
		}
		row = store.Message{ID: m.ID, Request: m.Request, Case: m.Request.Case(), Direction: store.In, Peer: m.From.State, Sequence: m.Sequence, Act: m.Act,
			Digest: opened.Digest, At: e.At, Refused: code != "", Container: opened.Container}
		if row.Entry, err = o.Ledger.Record(tx, e); err != nil {
			return err
		}
		if err := tx.InsertMessage(row); err != nil {
			if rogatory.KindOf(err) == rogatory.Conflict {
				return rogatory.Fault(rogatory.Conflict, "sequence_taken", "number %d was used by another message", m.Sequence)
			}
			return err
		}
		if err := keepDrill(tx, store.In, m, code); err != nil {
			return err
		}
		return o.applyParked(tx, m.From.State, peer.LastIn)
	})
	if rogatory.CodeOf(err) == twinCode {
		err = errors.Join(err, o.keepTwin(ctx, opened))
	}
	if err != nil {
		return nil, err
	}
	if len(row.Receipt) > 0 {
		return row.Receipt, nil
	}
	return o.receipt(ctx, m, row)
}

// applyParked applies, in order, what arrived and is now in turn.
func (o *Office) applyParked(tx *store.Tx, peer rogatory.StateCode, last int64) error {
	rows, err := tx.Parked(peer, last+1, parkingSpan)
	if err != nil {
		return err
	}
	turn := last
	for _, row := range rows {
		if row.Sequence != turn+1 {
			break
		}
		if !row.Refused {
			m, err := envelope.Peek(row.Container)
			if err != nil {
				return rogatory.Fault(rogatory.Damaged, "message_damaged", "read message %s again: %w", row.ID, err)
			}
			f, moved, err := apply(cabinetOf{tx}, o.Rules, o.Us.State, m, row.At)
			if err == nil && moved {
				if err = keepFigures(tx, f, m, row.Digest); err == nil {
					err = o.moved(tx, f, m)
				}
			}
			if err != nil && rogatory.CodeOf(err) != "request_unknown" {
				return err
			}
			if err := bringBack(tx, m.Request); err != nil {
				return err
			}
		}
		if err := tx.SetApplied(store.In, row.ID); err != nil {
			return err
		}
		turn = row.Sequence
	}
	if turn == last {
		return nil // what arrived waits for what is missing
	}
	return tx.AdvanceIn(peer, turn)
}

// receipt proves the entry, signs the receipt and stores it; a second worker's receipt gives way to
// the one that was stored first.
func (o *Office) receipt(ctx context.Context, m rogatory.Message, row store.Message) ([]byte, error) {
	proof, err := o.Ledger.Prove(ctx, row.Entry)
	if err != nil {
		return nil, err
	}
	r := rogatory.Receipt{Protocol: rogatory.Protocol, Mode: o.Mode, Message: m.ID, Digest: row.Digest, From: o.Us, To: m.From,
		Sequence: m.Sequence, Received: row.At, Outcome: rogatory.ReceivedOutcome}
	if row.Refused {
		e, err := o.entry(ctx, row.Entry)
		if err != nil {
			return nil, err
		}
		r.Outcome, r.Code, r.Reason = rogatory.RefusedOutcome, e.Message.Code, e.Why
	}
	container, _, err := envelope.SignReceipt(r, o.Signer)
	if err == nil {
		container, err = envelope.AttachProof(container, proof)
	}
	if err != nil {
		return nil, err
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Message(store.In, m.ID)
		if err != nil {
			return err
		}
		if len(have.Receipt) > 0 {
			container = have.Receipt
			return nil
		}
		return tx.SetReceipt(store.In, m.ID, container, row.Refused)
	})
	return container, err
}

func (o *Office) entry(ctx context.Context, index int64) (rogatory.Entry, error) {
	var e rogatory.Entry
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Entry(index)
		if err != nil {
			return err
		}
		return json.Unmarshal(row.Body, &e)
	})
	return e, err
}
