// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/store"
)

// Receipted is a message of ours that the other State has receipted.
type Receipted struct {
	Receipt rogatory.Receipt
	Entry   int64 // its index in the other State's journal
}

// ReceiptOf returns the other State's receipt of a message that we sent, or Unavailable while there is
// none. The receipt was verified when it came.
func (o *Office) ReceiptOf(ctx context.Context, id rogatory.MessageID) (Receipted, error) {
	var row store.Message
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Message(store.Out, id)
		return err
	})
	if err != nil {
		return Receipted{}, err
	}
	if len(row.Receipt) == 0 {
		return Receipted{}, rogatory.Fault(rogatory.Unavailable, "receipt_awaited", "%s has not receipted message %s yet", row.Peer, id)
	}
	r, proof, err := envelope.PeekReceipt(row.Receipt)
	if err != nil {
		return Receipted{}, err
	}
	p, err := journal.ParseProof(proof)
	return Receipted{r, p.Index}, err
}
