// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/tlog"
)

// checkBatch is how many leaves are compared at a time: large enough that the
// reader is asked seldom, small enough to be nothing in memory (64 kB of hashes).
const checkBatch = 1000

// A Mismatch is the first stored hash that does not follow from the leaves. At
// level 0 either the leaf or its stored hash is wrong; above, the stored hash is.
type Mismatch struct {
	Stored int64 // stored-hash index
	Level  int   // 0 for the hash of a leaf
	Node   int64 // within the level; at level 0 the index of the leaf
}

func (m *Mismatch) Error() string {
	if m.Level == 0 {
		return fmt.Sprintf("leaf %d and its stored hash %d do not agree", m.Node, m.Stored)
	}
	return fmt.Sprintf("stored hash %d (level %d, node %d) does not follow from the leaves below it", m.Stored, m.Level, m.Node)
}

// Check recomputes a whole tree from its leaves, in constant memory, and compares
// every stored hash, the number of leaves and the root with what they should be.
// It returns a [*Mismatch] for the first hash that differs. An error within
// leaves ends the check and is returned.
func Check(ctx context.Context, size int64, root Hash, leaves iter.Seq2[Leaf, error], r Reader) error {
	if err := checkSize(size); err != nil {
		return fmt.Errorf("check journal: %w", err)
	}
	var edge Edge
	batch := make([]Leaf, 0, checkBatch)
	flush := func() error {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("check journal: stopped at leaf %d: %w", edge.size, err)
		}
		next, err := checkHashes(edge, batch, r)
		edge, batch = next, batch[:0]
		return err
	}
	for leaf, err := range leaves {
		if err != nil {
			return fmt.Errorf("check journal: read leaf %d: %w", edge.size+int64(len(batch)), err)
		}
		if edge.size+int64(len(batch)) == size {
			return fmt.Errorf("check journal: there are more leaves than the %d of the tree", size)
		}
		if batch = append(batch, leaf); len(batch) == checkBatch {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if edge.size != size {
		return fmt.Errorf("check journal: there are %d leaves, not the %d of the tree", edge.size, size)
	}
	if got := edge.Root(); got != root {
		return fmt.Errorf("check journal: the leaves have the root %s, not %s", got, root)
	}
	return nil
}

// checkHashes compares the stored hashes that a batch of leaves accounts for.
func checkHashes(edge Edge, batch []Leaf, r Reader) (Edge, error) {
	if len(batch) == 0 {
		return edge, nil
	}
	next, want, err := edge.Append(batch)
	if err != nil {
		return Edge{}, fmt.Errorf("check journal: %w", err)
	}
	indexes := make([]int64, len(want))
	for i := range indexes {
		indexes[i] = tlog.StoredHashCount(edge.size) + int64(i)
	}
	got, err := readHashes(r, indexes)
	if err != nil {
		return Edge{}, fmt.Errorf("check journal: read hashes from %d: %w", indexes[0], err)
	}
	for i := range want {
		if got[i] != want[i] {
			level, node := tlog.SplitStoredHashIndex(indexes[i])
			return Edge{}, fmt.Errorf("check journal: %w", &Mismatch{indexes[i], level, node})
		}
	}
	return next, nil
}
