// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"

	"rogatory"
	"rogatory/docket"
	"rogatory/envelope"
	"rogatory/store"
	"rogatory/wire"
)

// Difference is a message that one of two States should have and does not have, or has otherwise, with what proves it: an
// entry of that State's own journal, under its own signature (C2SP tlog-proof). Anyone who knows that State's journal key
// can check it, without a network: rogatory journal verify.
type Difference struct {
	State    rogatory.StateCode `json:"state"` // whose record is wrong
	What     string             `json:"what"`  // Missing or Altered
	From     rogatory.StateCode `json:"from"`
	To       rogatory.StateCode `json:"to"`
	Sequence int64              `json:"sequence"`
	Message  rogatory.MessageID `json:"message"`
	Proof    string             `json:"proof"`
}

// What may be wrong with a record.
const (
	Missing = "missing"
	Altered = "altered"
)

// Compared is what came of a comparison.
type Compared struct {
	Peer        rogatory.StateCode `json:"peer"`
	Messages    int                `json:"messages"` // that both have, and alike
	Differences []Difference       `json:"differences"`
}

// Compare holds the messages between this State and a peer against what the peer holds, number by number, in both
// directions. It needs the line to the peer, and changes nothing. A message of ours that the peer never received, or one
// whose receipt is still on its way, is no difference.
func (n *Node) Compare(ctx context.Context, peer rogatory.StateCode) (Compared, error) {
	c := Compared{Peer: peer, Differences: []Difference{}}
	party, err := n.Party(peer)
	if err != nil {
		return c, err
	}
	for _, d := range []store.Direction{store.Out, store.In} {
		if err := n.compare(ctx, &c, party, d); err != nil {
			return c, err
		}
	}
	return c, nil
}

func (n *Node) compare(ctx context.Context, c *Compared, party rogatory.Party, d store.Direction) error {
	direction, from, to := wire.CopySent, n.config.State, party.Code
	if d == store.In {
		direction, from, to = wire.CopyReceived, party.Code, n.config.State
	}
	var absent []Difference // at the peer; those after the last that it has may only be on their way
	add := func(s rogatory.StateCode, what string, sequence int64, id rogatory.MessageID, proof []byte) Difference {
		return Difference{State: s, What: what, From: from, To: to, Sequence: sequence, Message: id, Proof: string(proof)}
	}
	for sequence, misses := int64(1), 0; misses < copiesMisses; sequence++ {
		var row store.Message
		err := n.store.View(ctx, func(tx *store.Tx) (err error) {
			row, err = tx.MessageBySequence(d, party.Code, sequence)
			return err
		})
		here := err == nil
		if err != nil && rogatory.KindOf(err) != rogatory.NotFound {
			return err
		}
		copied, err := n.client.Copy(ctx, party, direction, sequence)
		there := err == nil
		if err != nil && rogatory.KindOf(err) != rogatory.NotFound {
			return err
		}
		misses++
		if here || there {
			misses = 0
		}
		var got docket.Regained
		var wrong error
		if there {
			c.Differences, absent = append(c.Differences, absent...), nil
			got, wrong = n.Office.Regain(ctx, party, d, copied.Sealed, copied.Receipt)
		}
		switch {
		case !here && !there:
		case there && wrong == nil && (!here || row.Digest != got.Digest):
			what := Altered
			if !here {
				what = Missing
			}
			proof, err := n.Office.OurProof(got)
			if err != nil {
				return err
			}
			c.Differences = append(c.Differences, add(n.config.State, what, sequence, got.Message.ID, proof))
		case there && wrong == nil:
			c.Messages++
		case here:
			proof, err := theirProof(row, d)
			if err != nil || len(proof) == 0 {
				break // it was not receipted: nothing says that the peer has it
			}
			if there {
				c.Differences = append(c.Differences, add(party.Code, Altered, sequence, row.ID, proof))
			} else {
				absent = append(absent, add(party.Code, Missing, sequence, row.ID, proof))
			}
		}
	}
	if d == store.Out {
		c.Differences = append(c.Differences, absent...) // each was receipted
	}
	return nil
}

// theirProof is what proves that the peer had a message: its receipt of ours, or what came with its own.
func theirProof(row store.Message, d store.Direction) ([]byte, error) {
	if d == store.In {
		return docket.ProofOf(row.Container)
	}
	if len(row.Receipt) == 0 {
		return nil, errors.New("not receipted")
	}
	_, proof, err := envelope.PeekReceipt(row.Receipt)
	return proof, err
}
