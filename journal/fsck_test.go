// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"iter"
	"math/rand/v2"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func (l *memoryLog) all(stop error) iter.Seq2[Leaf, error] {
	return func(yield func(Leaf, error) bool) {
		for _, leaf := range l.leaves {
			if !yield(leaf, nil) {
				return
			}
		}
		if stop != nil {
			yield(Leaf{}, stop)
		}
	}
}

func TestCheckPassesAnIntactJournal(t *testing.T) {
	for _, size := range []int64{0, 1, 2, 999, 1000, 1001, 2500} {
		log := newLog(t, int(size))
		if err := Check(t.Context(), size, log.root(t, size), log.all(nil), log); err != nil {
			t.Errorf("size %d: %v", size, err)
		}
	}
}

func TestCheckNamesTheFirstDamage(t *testing.T) {
	const size = 2500
	whole := newLog(t, size)
	root := whole.root(t, size)
	random := rand.New(rand.NewPCG(3, 3))
	for range 60 {
		log := newLog(t, size)
		stored := random.Int64N(int64(len(log.hashes)))
		log.hashes[stored][random.IntN(32)] ^= 1 << random.IntN(8)
		level, node := tlog.SplitStoredHashIndex(stored)
		var found *Mismatch
		err := Check(t.Context(), size, root, log.all(nil), log)
		if !errors.As(err, &found) || *found != (Mismatch{stored, level, node}) {
			t.Errorf("hash %d was changed: %v", stored, err)
		}

		log = newLog(t, size)
		leaf := random.Int64N(size)
		log.leaves[leaf][0] ^= 1
		err = Check(t.Context(), size, root, log.all(nil), log)
		if !errors.As(err, &found) || *found != (Mismatch{tlog.StoredHashIndex(0, leaf), 0, leaf}) {
			t.Errorf("leaf %d was changed: %v", leaf, err)
		}
	}
}

func TestCheckNoticesWhatIsMissingOrTooMuch(t *testing.T) {
	log := newLog(t, 50)
	root := log.root(t, 50)
	unreadable := errors.New("unreadable")
	gone, stop := context.WithCancel(t.Context())
	stop()
	for name, err := range map[string]error{
		"a leaf too few":   Check(t.Context(), 51, root, log.all(nil), log),
		"a leaf too many":  Check(t.Context(), 49, root, log.all(nil), log),
		"another root":     Check(t.Context(), 50, Hash{}, log.all(nil), log),
		"a negative size":  Check(t.Context(), -1, root, log.all(nil), log),
		"a cancelled call": Check(gone, 50, root, log.all(nil), log),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if err := Check(t.Context(), 51, root, log.all(unreadable), log); !errors.Is(err, unreadable) {
		t.Errorf("a leaf that cannot be read: %v", err)
	}
	log.broken = unreadable
	if err := Check(t.Context(), 50, root, log.all(nil), log); !errors.Is(err, unreadable) {
		t.Errorf("hashes that cannot be read: %v", err)
	}
}
