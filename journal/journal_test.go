// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// Names and time of the tests' world.
const aurelia = "journal.xa.example/aurelia"

var morning = time.Date(2026, 3, 2, 8, 30, 0, 0, time.UTC)

// memoryLog is a journal in memory, with its stored hashes as a database would
// have them. It is a Source too.
type memoryLog struct {
	leaves []Leaf
	hashes []Hash
	signed []byte // published checkpoint
	reads  int    // calls of ReadHashes
	broken error  // returned by every read
}

func newLog(t testing.TB, size int) *memoryLog {
	t.Helper()
	log := &memoryLog{leaves: testLeaves(0, size)}
	_, hashes, err := Edge{}.Append(log.leaves)
	if err != nil {
		t.Fatal(err)
	}
	log.hashes = hashes
	return log
}

func testLeaves(from, to int) []Leaf {
	leaves := make([]Leaf, 0, to-from)
	for i := from; i < to; i++ {
		leaves = append(leaves, sha256.Sum256(binary.BigEndian.AppendUint64(nil, uint64(i))))
	}
	return leaves
}

func (l *memoryLog) ReadHashes(indexes []int64) ([]Hash, error) {
	l.reads++
	if l.broken != nil {
		return nil, l.broken
	}
	hashes := make([]Hash, len(indexes))
	for i, index := range indexes {
		if index < 0 || index >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("no stored hash %d", index)
		}
		hashes[i] = l.hashes[index]
	}
	return hashes, nil
}

func (l *memoryLog) ReadLeaves(_ context.Context, start int64, n int) ([]Leaf, error) {
	return l.leaves[start : start+int64(n)], l.broken
}

func (l *memoryLog) Checkpoint(context.Context) ([]byte, error) {
	if l.signed == nil {
		return nil, ErrUnpublished
	}
	return l.signed, nil
}

func (l *memoryLog) size() int64 { return int64(len(l.leaves)) }

func (l *memoryLog) root(t testing.TB, size int64) Hash {
	t.Helper()
	root, err := Root(size, l)
	if err != nil {
		t.Fatal(err)
	}
	return root
}

// rootByDefinition computes a root straight from the text of RFC 6962 section 2.1.
func rootByDefinition(leaves []Leaf) Hash {
	switch n := len(leaves); n {
	case 0:
		return sha256.Sum256(nil)
	case 1:
		return sha256.Sum256(append([]byte{0}, leaves[0][:]...))
	default:
		k := 1
		for 2*k < n {
			k *= 2
		}
		left, right := rootByDefinition(leaves[:k]), rootByDefinition(leaves[k:])
		return sha256.Sum256(bytes.Join([][]byte{{1}, left[:], right[:]}, nil))
	}
}

func TestCommitmentIsThePublishedBytes(t *testing.T) {
	salt := [SaltSize]byte{1, 2, 3}
	body := []byte("request 4711 received")
	want := sha256.Sum256([]byte("rogatory.leaf.v1\n" + string(salt[:]) + string(body)))
	if got := Commit(salt, body); got != want {
		t.Errorf("Commit = %x, want %x", got, want)
	}
	if got, want := LeafHash(want), tlog.RecordHash(want[:]); got != want {
		t.Errorf("LeafHash = %s, tlog says %s", got, want)
	}
}

func TestAppendStoresWhatTheLibraryWouldStore(t *testing.T) {
	const size = 1100
	var want []Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) {
		var hashes []Hash
		for _, i := range indexes {
			hashes = append(hashes, want[i])
		}
		return hashes, nil
	})
	leaves := testLeaves(0, size)
	for i, leaf := range leaves {
		hashes, err := tlog.StoredHashes(int64(i), leaf[:], reader)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, hashes...)
	}

	log := &memoryLog{}
	var edge Edge
	random := rand.New(rand.NewPCG(1, 1))
	for len(log.leaves) < size {
		batch := leaves[len(log.leaves):min(size, len(log.leaves)+random.IntN(40))]
		read, err := Append(log.size(), batch, log)
		if err != nil {
			t.Fatal(err)
		}
		next, kept, err := edge.Append(batch)
		if err != nil {
			t.Fatal(err)
		}
		if fmt.Sprint(read) != fmt.Sprint(kept) {
			t.Fatalf("at %d leaves, the edge that was read and the one that was kept differ", len(log.leaves))
		}
		edge = next
		log.leaves, log.hashes = append(log.leaves, batch...), append(log.hashes, read...)
		if got := edge.Root(); got != rootByDefinition(log.leaves) {
			t.Fatalf("root of %d leaves is not that of RFC 6962", len(log.leaves))
		}
	}
	if fmt.Sprint(log.hashes) != fmt.Sprint(want) {
		t.Error("stored hashes differ from those of tlog.StoredHashes")
	}
}

func TestBatchReadsTheRightEdgeOnce(t *testing.T) {
	log := newLog(t, 1023) // ten complete subtrees: the widest edge
	if _, err := Append(1023, testLeaves(1023, 2023), log); err != nil {
		t.Fatal(err)
	}
	if log.reads != 1 {
		t.Errorf("a batch of 1000 leaves cost %d reads, want 1", log.reads)
	}
}

func TestEdgeSurvivesARollback(t *testing.T) {
	edge, _, err := Edge{}.Append(testLeaves(0, 7))
	if err != nil {
		t.Fatal(err)
	}
	before := edge.Root()
	if _, _, err := edge.Append(testLeaves(100, 109)); err != nil { // never committed
		t.Fatal(err)
	}
	if edge.Root() != before || edge.Size() != 7 {
		t.Error("an append that was rolled back has changed the edge")
	}
	next, _, err := edge.Append(testLeaves(7, 12))
	if err != nil {
		t.Fatal(err)
	}
	if next.Root() != rootByDefinition(testLeaves(0, 12)) {
		t.Error("after the rollback the edge leads to a wrong root")
	}
}

func TestProofsHoldForEverySmallTree(t *testing.T) {
	const most = 70
	log := newLog(t, most)
	for size := int64(0); size <= most; size++ {
		root := log.root(t, size)
		if root != rootByDefinition(log.leaves[:size]) {
			t.Fatalf("root of %d leaves is not that of RFC 6962", size)
		}
		for index := range size {
			proof, err := ProveInclusion(size, index, log)
			if err != nil {
				t.Fatal(err)
			}
			if err := tlog.CheckRecord(proof, size, root, index, LeafHash(log.leaves[index])); err != nil {
				t.Fatalf("leaf %d of %d: %v", index, size, err)
			}
		}
		for old := range size + 1 {
			proof, err := ProveConsistency(old, size, log)
			if err != nil {
				t.Fatal(err)
			}
			if err := CheckConsistency(proof, old, log.root(t, old), size, root); err != nil {
				t.Fatalf("%d to %d: %v", old, size, err)
			}
			if old > 0 {
				if err := tlog.CheckTree(proof, size, root, old, log.root(t, old)); err != nil {
					t.Fatalf("%d to %d: %v", old, size, err)
				}
			}
		}
	}
}

func TestThousandsOfRandomProofsHoldAndTamperedOnesDoNot(t *testing.T) {
	const most = 5000
	log := newLog(t, most)
	random := rand.New(rand.NewPCG(2026, 3))
	for range 3000 {
		size := 1 + random.Int64N(most)
		if random.IntN(4) == 0 {
			size = 1 << random.IntN(13)
		}
		index, old := random.Int64N(size), 1+random.Int64N(size)
		root, oldRoot, leaf := log.root(t, size), log.root(t, old), LeafHash(log.leaves[index])
		inclusion, err := ProveInclusion(size, index, log)
		if err != nil {
			t.Fatal(err)
		}
		consistency, err := ProveConsistency(old, size, log)
		if err != nil {
			t.Fatal(err)
		}
		if err := tlog.CheckRecord(inclusion, size, root, index, leaf); err != nil {
			t.Fatalf("leaf %d of %d: %v", index, size, err)
		}
		if err := tlog.CheckTree(consistency, size, root, old, oldRoot); err != nil {
			t.Fatalf("%d to %d: %v", old, size, err)
		}

		wrong := leaf
		wrong[random.IntN(32)] ^= 1 << random.IntN(8)
		if CheckInclusion(inclusion, size, root, index, wrong) == nil {
			t.Fatalf("leaf %d of %d: another leaf passed", index, size)
		}
		if other := random.Int64N(size); other != index && CheckInclusion(inclusion, size, root, other, leaf) == nil {
			t.Fatalf("leaf %d of %d passed as leaf %d", index, size, other)
		}
		if len(inclusion) > 0 {
			inclusion[random.IntN(len(inclusion))][random.IntN(32)] ^= 1 << random.IntN(8)
			if CheckInclusion(inclusion, size, root, index, leaf) == nil {
				t.Fatalf("leaf %d of %d: a tampered proof passed", index, size)
			}
		}
		oldRoot[random.IntN(32)] ^= 1 << random.IntN(8)
		if CheckConsistency(consistency, old, oldRoot, size, root) == nil {
			t.Fatalf("%d to %d: another old root passed", old, size)
		}
	}
}

func TestImpossibleTreesAreRefusedWithoutReading(t *testing.T) {
	log := newLog(t, 8)
	root := log.root(t, 8)
	log.reads = 0
	empty := Edge{}.Root()
	for name, err := range map[string]error{
		"append to a negative size":   second(Append(-1, nil, log)),
		"append beyond the limit":     second(ReadEdge(MaxSize+1, log)),
		"root beyond the limit":       second(Root(MaxSize+1, log)),
		"leaf beyond the size":        second(ProveInclusion(8, 8, log)),
		"negative leaf":               second(ProveInclusion(8, -1, log)),
		"old size beyond the size":    second(ProveConsistency(9, 8, log)),
		"inclusion in a huge tree":    CheckInclusion(nil, 1<<62+1, root, 0, root),
		"consistency of a huge tree":  CheckConsistency(nil, 1, root, 1<<62+1, root),
		"one size, two roots":         CheckConsistency(nil, 8, empty, 8, root),
		"proof where none is needed":  CheckConsistency([]Hash{root}, 8, root, 8, root),
		"proof from the empty tree":   CheckConsistency([]Hash{root}, 0, empty, 8, root),
		"an empty tree with a root":   CheckConsistency(nil, 0, empty, 0, root),
		"a wrong root of nothing":     CheckConsistency(nil, 0, root, 8, root),
		"shrinking":                   CheckConsistency(nil, 8, root, 7, root),
		"no proof where one is asked": CheckConsistency(nil, 4, root, 8, root),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if log.reads != 0 {
		t.Errorf("%d reads were made for impossible trees", log.reads)
	}
}

func TestReaderThatBreaksItsPromiseIsNoticed(t *testing.T) {
	short := tlog.HashReaderFunc(func(indexes []int64) ([]Hash, error) { return make([]Hash, len(indexes)-1), nil })
	if _, err := Root(5, short); err == nil {
		t.Error("root was computed from too few hashes")
	}
	lost := errors.New("disk is gone")
	log := &memoryLog{broken: lost}
	if _, err := Append(5, nil, log); !errors.Is(err, lost) {
		t.Errorf("Append = %v, want the reader's error", err)
	}
	if _, err := ProveInclusion(5, 1, log); !errors.Is(err, lost) {
		t.Errorf("ProveInclusion = %v, want the reader's error", err)
	}
}

func second[T any](_ T, err error) error { return err }

func BenchmarkAppendBatchOf1000(b *testing.B) {
	leaves := testLeaves(0, 1000)
	var edge Edge
	b.ReportAllocs()
	for b.Loop() {
		next, _, err := edge.Append(leaves)
		if err != nil {
			b.Fatal(err)
		}
		edge = next
	}
	b.ReportMetric(float64(edge.Size())/b.Elapsed().Seconds(), "leaves/s")
}

func BenchmarkProofsInAMillionLeaves(b *testing.B) {
	const size = 1_000_000
	log := newLog(b, size)
	random := rand.New(rand.NewPCG(7, 7))
	b.Run("inclusion", func(b *testing.B) {
		for b.Loop() {
			if _, err := ProveInclusion(size, random.Int64N(size), log); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("consistency", func(b *testing.B) {
		for b.Loop() {
			if _, err := ProveConsistency(1+random.Int64N(size), size, log); err != nil {
				b.Fatal(err)
			}
		}
	})
}
