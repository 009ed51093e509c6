// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/store"
)

// CopyFor returns our copy of a message between a peer and us with the receipt that answered it, sealed to the peer, which
// may have lost its own. direction is as we see it: In for a message of the peer. NotFound "message_unknown" if there is
// none, or none that was receipted: such a message is still on its way.
func (o *Office) CopyFor(ctx context.Context, peer rogatory.StateCode, direction store.Direction, sequence int64) (sealed, receipt []byte, err error) {
	party, err := o.Directory.Party(peer)
	if err != nil {
		return nil, nil, err
	}
	var row store.Message
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		row, err = tx.MessageBySequence(direction, peer, sequence)
		return err
	})
	if err != nil {
		return nil, nil, err
	}
	if len(row.Receipt) == 0 {
		return nil, nil, rogatory.Fault(rogatory.NotFound, "message_unknown", "message %d was not receipted", sequence)
	}
	m, err := envelope.Peek(row.Container)
	if err != nil {
		return nil, nil, err
	}
	container, name := row.Container, m.From.Authority
	if direction == store.Out {
		name = m.To.Authority
		// A node that recovers itself proves nothing; the receipt says enough.
		if proof, err := o.Ledger.Prove(ctx, row.Entry); err == nil {
			if container, err = envelope.AttachProof(container, proof); err != nil {
				return nil, nil, err
			}
		}
	}
	authority, ok := party.Authority(name)
	if !ok {
		return nil, nil, rogatory.Fault(rogatory.NotFound, "authority_unknown", "the directory knows no authority %.60q of %s", name, peer)
	}
	sealed, err = envelope.Seal(container, authority.MessageRecipient)
	return sealed, row.Receipt, err
}

// Shown returns the largest checkpoint of a peer's journal that came with its last messages and receipts, as it was
// signed, or nil: it may be larger than any that was witnessed.
func (o *Office) Shown(ctx context.Context, peer rogatory.StateCode) (note []byte, err error) {
	const recent = 16 // the last ones of each direction: later proofs are of larger trees, save for what was late
	var containers, receipts [][]byte
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		p, err := tx.Peer(peer)
		if err != nil {
			return err
		}
		in, err := tx.Messages(peer, store.In, max(1, p.LastIn-recent), 2*recent)
		if err != nil {
			return err
		}
		out, err := tx.Messages(peer, store.Out, max(1, p.LastOut-recent), 2*recent)
		for _, m := range in {
			containers = append(containers, m.Container)
		}
		for _, m := range out {
			if len(m.Receipt) > 0 {
				receipts = append(receipts, m.Receipt)
			}
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var largest int64 = -1
	consider := func(proof []byte) {
		p, err := journal.ParseProof(proof)
		if err != nil {
			return
		}
		text := p.Checkpoint
		if c, err := journal.PeekCheckpoint(text); err == nil && c.Size > largest {
			largest, note = c.Size, text
		}
	}
	for _, c := range containers {
		if proof, err := peekProof(c); err == nil {
			consider(proof)
		}
	}
	for _, r := range receipts {
		if _, proof, err := envelope.PeekReceipt(r); err == nil {
			consider(proof)
		}
	}
	return note, nil
}

// Regained is a message that came back from a peer, with the entry of our journal that commits to it.
type Regained struct {
	Direction store.Direction
	Entry     store.Entry // with its Index
	Message   rogatory.Message
	Digest    rogatory.Digest
	Container []byte
	Receipt   []byte
}

// Regain opens a copy of a message that a peer holds. What it returns hangs together: our own journal, under our own
// signature, once committed to exactly this message at that entry. Whether the journal still does, its leaf says.
func (o *Office) Regain(ctx context.Context, party rogatory.Party, direction store.Direction, sealed, receipt []byte) (Regained, error) {
	wrong := func(format string, args ...any) (Regained, error) {
		return Regained{}, rogatory.Fault(rogatory.Untrusted, "copy_wrong", format, args...)
	}
	container, err := envelope.Unseal(ctx, sealed, o.Messages...)
	if err != nil {
		return Regained{}, err
	}
	m, digest, err := envelope.PeekDigest(container)
	if err != nil {
		return Regained{}, err
	}
	us, err := o.Directory.Party(o.Us.State)
	if err != nil {
		return Regained{}, err
	}
	r, answered, err := envelope.PeekReceipt(receipt)
	if err != nil {
		return Regained{}, err
	}
	from, to, proof := us.Code, party.Code, answered
	if direction == store.Out {
		if proof, err = peekProof(container); err != nil {
			return Regained{}, err
		}
		if r, _, err = o.reader.OpenReceipt(receipt, party, o.Clock.Now()); err != nil {
			return Regained{}, err
		}
	} else {
		from, to = to, from
	}
	if m.From.State != from || m.To.State != to || r.Message != m.ID || r.Digest != digest || r.Sequence != m.Sequence {
		return wrong("the copy of message %.40q is not between %s and %s, or its receipt is of another", m.ID, from, to)
	}
	e, err := OpenProof(proof, us)
	if err != nil {
		return Regained{}, err
	}
	want := *refOf(m, digest)
	if e.Message != nil {
		want.Code = e.Message.Code
	}
	if e.Message == nil || *e.Message != want {
		return wrong("the proof with message %s is of another entry", m.ID)
	}
	switch e.Type {
	case rogatory.MessageSent:
		if direction != store.Out {
			return wrong("message %s was received, and its entry says it was sent", m.ID)
		}
	case rogatory.MessageReceived, rogatory.MessageRefused:
		if direction != store.In {
			return wrong("message %s was sent, and its entry says it was received", m.ID)
		}
	default:
		return wrong("the proof with message %s is of an entry of type %s", m.ID, e.Type)
	}
	p, err := journal.ParseProof(proof)
	if err != nil {
		return Regained{}, err
	}
	salt, body, err := journal.Opening(p.Extra)
	if err != nil {
		return Regained{}, err
	}
	var check rogatory.Entry
	if err := json.Unmarshal(body, &check); err != nil {
		return wrong("the entry of message %s cannot be read: %w", m.ID, err)
	}
	row := store.Entry{Index: p.Index, At: e.At, Type: e.Type, Case: e.Request.Case(), Request: e.Request, Body: body, Salt: salt}
	return Regained{direction, row, m, digest, container, receipt}, nil
}

// ProofOf returns the journal proof that came with a message, unverified.
func ProofOf(container []byte) ([]byte, error) { return peekProof(container) }

// OurProof returns what proves that our journal held the entry of a message that came back.
func (o *Office) OurProof(b Regained) ([]byte, error) {
	if b.Direction == store.Out {
		return peekProof(b.Container)
	}
	_, proof, err := envelope.PeekReceipt(b.Receipt)
	return proof, err
}

// peekProof reads the journal proof of a container, unverified.
func peekProof(container []byte) ([]byte, error) {
	c, err := asice.Parse(container)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "container_malformed", "read container: %w", err)
	}
	proof, found := c.Proof(envelope.JournalProof)
	if !found {
		return nil, rogatory.Fault(rogatory.Untrusted, "proof_missing", "the message carries no proof from its sender's journal")
	}
	return proof, nil
}
