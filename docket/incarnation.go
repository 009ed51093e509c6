// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
)

// twinCode is the code of an error that says: two nodes of one State are alive.
const twinCode = "node_twin"

// follows holds a message against what its sender told before. The number of a node's starts only grows with the numbers of
// its messages, whatever order they arrive in. Where it does not, two nodes of that State are alive: one is a copy of the
// other, or was restored while the other went on.
func follows(number, from int64, m rogatory.Message) (nextNumber, nextFrom int64, ok bool) {
	switch {
	case number == 0:
		return m.Incarnation, m.Sequence, true
	case m.Incarnation > number:
		return m.Incarnation, m.Sequence, m.Sequence > from
	case m.Incarnation == number:
		return number, min(from, m.Sequence), true
	}
	return number, from, m.Sequence < from
}

// oneNode refuses a message of a twin, and remembers the start that a message tells.
func oneNode(tx *store.Tx, m rogatory.Message) error {
	number, from, err := tx.Incarnation(m.From.State)
	if err != nil {
		return err
	}
	n, f, ok := follows(number, from, m)
	if !ok {
		return rogatory.Fault(rogatory.Conflict, twinCode, "message %d of %s was written after its start %d, and message %d after its start %d: two nodes of that State are alive", m.Sequence, m.From.State, m.Incarnation, from, number).
			WithHint("stop both nodes of that State, and start the one whose journal is the longer")
	}
	if n == number && f == from {
		return nil
	}
	return tx.SetIncarnation(m.From.State, n, f)
}

// keepTwin keeps the proof that two nodes of a State are alive: two of its messages, each signed by it.
func (o *Office) keepTwin(ctx context.Context, opened envelope.Opened) error {
	peer := opened.Message.From.State
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		_, from, err := tx.Incarnation(peer)
		if err != nil {
			return err
		}
		m := store.Misconduct{Kind: store.MisconductClone, Party: string(peer), Second: opened.Container, At: o.now()}
		if first, err := tx.MessageBySequence(store.In, peer, from); err == nil {
			m.First = first.Container
		}
		return tx.AddMisconduct(m)
	})
}
