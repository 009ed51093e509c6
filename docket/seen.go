// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/store"
)

// Saw notes that a person has read the messages of a request that have come until now. It is an aid to that person and no
// record: it is not journaled, and nothing is written if there is nothing new.
func (o *Office) Saw(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) error {
	if err := MayRead(by); err != nil {
		return err
	}
	var n map[rogatory.RequestID]int64
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		n, err = tx.Unseen(by.Name, []rogatory.RequestID{id})
		return err
	})
	if err != nil || n[id] == 0 {
		return err
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error { return tx.See(id, by.Name) })
}
