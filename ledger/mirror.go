// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/binary"
	"fmt"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
)

// maxFollow bounds how many leaves are fetched before the next root is compared: 64 MiB of them. A journal that grew by
// more between two checkpoints that we cosigned is followed no further.
const maxFollow = 1 << 21

// Follow brings the mirror of another State's journal up to what this node cosigned of it, so that what that State loses
// can come back from here. read fetches a tile of entries. Leaves that do not lead to the root that was cosigned are
// refused: Untrusted "mirror_wrong". It returns how many leaves came.
func (m Memory) Follow(ctx context.Context, origin string, read func(ctx context.Context, t journal.Tile) ([]byte, error)) (int64, error) {
	var seen store.Witnessed
	var edge journal.Edge
	err := m.Store.View(ctx, func(tx *store.Tx) (err error) {
		if seen, _, err = tx.Witnessed(origin); err == nil {
			edge, err = tx.MirrorEdge(origin)
		}
		return err
	})
	from := edge.Size()
	if err != nil || seen.Size <= from {
		return 0, err
	}
	if seen.Size-from > maxFollow {
		return 0, rogatory.Fault(rogatory.Unavailable, "mirror_too_far", "the journal %s is %d leaves ahead of its mirror, at most %d are fetched", origin, seen.Size-from, maxFollow)
	}
	leaves := make([]journal.Leaf, 0, seen.Size-from)
	for at := from; at < seen.Size; {
		tile := at / store.MirrorTile
		width := min(store.MirrorTile, seen.Size-tile*store.MirrorTile)
		b, err := read(ctx, journal.Tile{Entries: true, Index: tile, Width: int(width)})
		if err != nil {
			return 0, err
		}
		some, err := unbundle(b)
		if err != nil || int64(len(some)) != width {
			return 0, rogatory.Fault(rogatory.Untrusted, "mirror_wrong", "tile %d of %s has %d leaves, not %d", tile, origin, len(some), width)
		}
		leaves = append(leaves, some[at-tile*store.MirrorTile:]...)
		at = tile*store.MirrorTile + width
	}
	next, _, err := edge.Append(leaves)
	if err != nil {
		return 0, err
	}
	if next.Root() != seen.Root {
		return 0, rogatory.Fault(rogatory.Untrusted, "mirror_wrong", "the leaves that %s serves do not lead to the root of %d that it signed", origin, seen.Size)
	}
	err = m.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := tx.MirrorEdge(origin)
		if err != nil || now.Size() != from {
			return err // another replica did it
		}
		return tx.Mirror(origin, leaves)
	})
	return int64(len(leaves)), err
}

// unbundle reads what journal.Bundle wrote.
func unbundle(b []byte) (leaves []journal.Leaf, err error) {
	const head = 2
	for len(b) > 0 {
		var leaf journal.Leaf
		if len(b) < head+len(leaf) || binary.BigEndian.Uint16(b) != uint16(len(leaf)) {
			return nil, fmt.Errorf("a bundle that is not of whole leaves")
		}
		leaves = append(leaves, journal.Leaf(b[head:head+len(leaf)]))
		b = b[head+len(leaf):]
	}
	return leaves, nil
}

// Seen returns the largest checkpoint of a journal that this node cosigned, and the proof of a fork of it if there is one.
func (m Memory) Seen(ctx context.Context, origin string) (seen store.Witnessed, fork *journal.Fork, err error) {
	err = m.Store.View(ctx, func(tx *store.Tx) error {
		if seen, _, err = tx.Witnessed(origin); err != nil {
			return err
		}
		forks, err := tx.Forks()
		for _, f := range forks {
			if f.Origin == origin {
				fork = &journal.Fork{Origin: origin, Seen: f.Seen, Offered: f.Offered}
				break
			}
		}
		return err
	})
	return seen, fork, err
}
