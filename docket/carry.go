// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
)

// Carried is what goes to a State on a disk when there is no line.
type Carried struct {
	Messages [][]byte // sealed, in sequence
	Receipts [][]byte // for what came from that State
	Exhibits []rogatory.Seal
}

// carryLimit bounds how many messages and receipts one disk takes; the rest goes with the next.
const carryLimit = 1000

// Carry collects what waits for a State, without claiming it: it stays in the outbox until a receipt
// comes back by whatever way, and arriving twice it counts once.
func (o *Office) Carry(ctx context.Context, by rogatory.Actor, to rogatory.StateCode) (Carried, error) {
	var c Carried
	var waiting []store.Delivery
	var in []store.Message
	var files []File
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		peer, err := tx.Peer(to)
		if err != nil {
			return err
		}
		out, err := tx.Messages(to, store.Out, 1, carryLimit)
		for err == nil && len(out) > 0 && len(waiting) < carryLimit {
			for _, m := range out {
				if len(m.Receipt) > 0 {
					continue
				}
				d, err := tx.Delivery(m.ID)
				if err != nil {
					return err
				}
				waiting = append(waiting, d)
			}
			out, err = tx.Messages(to, store.Out, out[len(out)-1].Sequence+1, carryLimit)
		}
		if err != nil {
			return err
		}
		if in, err = tx.Messages(to, store.In, max(1, peer.LastIn-carryLimit+1), carryLimit); err != nil {
			return err
		}
		rows, err := tx.ExhibitsIn(string(Offered), carryLimit)
		for _, row := range rows {
			f, err := o.must(tx, row.Request)
			if err != nil {
				return err
			}
			files = append(files, f)
		}
		return err
	})
	if err != nil {
		return c, err
	}
	for _, d := range waiting[:min(len(waiting), carryLimit)] {
		p, err := o.wrap(ctx, d)
		if err != nil {
			return c, err
		}
		c.Messages = append(c.Messages, p.Sealed)
	}
	for _, m := range in {
		if len(m.Receipt) > 0 {
			c.Receipts = append(c.Receipts, m.Receipt)
		}
	}
	seen := map[rogatory.Digest]bool{}
	for _, f := range files {
		for _, x := range f.Exhibits {
			if x.Ours && x.State == Offered && f.Them.State == to && !seen[x.Exhibit.Seal.Root] && o.now() <= x.Exhibit.Expires {
				seen[x.Exhibit.Seal.Root] = true
				c.Exhibits = append(c.Exhibits, x.Exhibit.Seal)
			}
		}
	}
	return c, o.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.CourierExported, At: o.now(), By: by, Name: string(to)})
		return err
	})
}

// SettleCarried takes in a receipt that came on a disk.
func (o *Office) SettleCarried(ctx context.Context, receipt []byte) error {
	r, _, err := envelope.PeekReceipt(receipt)
	if err != nil {
		return err
	}
	var d store.Delivery
	err = o.Store.View(ctx, func(tx *store.Tx) (err error) {
		d, err = tx.Delivery(r.Message)
		return err
	})
	if err != nil || d.State == store.Done {
		return err
	}
	_, err = o.settle(ctx, d, receipt, func(tx *store.Tx) error { return tx.Conclude(d.Message, o.now()) })
	return err
}

// Imported records that a disk from a State was taken in.
func (o *Office) Imported(ctx context.Context, by rogatory.Actor, from rogatory.StateCode) error {
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		_, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.CourierImported, At: o.now(), By: by, Name: string(from)})
		return err
	})
}
