// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/store"
)

// Saw notes that a person has read the messages of a request that have come until now. The first to read of each person is
// an entry: who knew of a request, and when, is asked when its target was warned, or when somebody decided without reading.
// What oversight reads is noted and not journaled, since whom it looks at is not for the office to know. Nothing is written
// if there is nothing new.
func (o *Office) Saw(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) error {
	if err := MayRead(by); err != nil {
		return err
	}
	unread := func(tx *store.Tx) (bool, error) {
		n, err := tx.Unseen(by.Name, []rogatory.RequestID{id})
		return n[id] > 0, err
	}
	var some bool
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) { some, err = unread(tx); return err })
	if err != nil || !some {
		return err
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		some, err := unread(tx) // the same person may have opened it twice at once
		if err != nil || !some {
			return err
		}
		if by.Role != rogatory.Overseer {
			if err := o.record(tx, rogatory.Entry{Type: rogatory.RequestRead, At: o.now(), By: by, Request: id}); err != nil {
				return err
			}
		}
		return tx.See(id, by.Name)
	})
}
