// SPDX-License-Identifier: Apache-2.0

// Package journal is a tamper-evident log of opaque leaves: an append-only
// Merkle tree in the sense of RFC 6962, with signed checkpoints, cosignatures of
// witnesses, proofs that a court can check offline, and the public face by which
// anyone can audit the whole.
//
// A leaf is a 32-byte salted commitment, see [Commit]. The package does not know
// what a leaf commits to, and neither does a reader of the public log: the salt
// keeps a body that could be guessed from being confirmed, and a body can lawfully
// be erased while the tree stays whole.
//
// The package stores nothing. [Append] and [Edge] say which hashes belong to new
// leaves; the caller writes them in the transaction that writes the entries, and
// lends them back through [Reader]. The formats are those of C2SP: signed-note,
// tlog-checkpoint, tlog-cosignature, tlog-witness, tlog-tiles, tlog-proof and
// tlog-policy, so that tools written by others work on our journals.
//
// What it promises. What a proof, a checkpoint or a fork is claimed to show is
// recomputed from hashes and signatures; neither the storage nor a peer is
// believed. Everything that is parsed has a size limit and, save for policy
// files, which people write, exactly one encoding.
//
// What it refuses. Trees beyond [MaxSize] leaves, checkpoints with extension
// lines, keys other than Ed25519, and a cosignature before its checkpoint is
// durable in the witness's [Memory].
//
// After an error. Functions that compute return nothing but the error. An [Edge]
// is a value that Append does not change: if the transaction rolls back, the edge
// from before it is still right. A witness that fails after its memory was
// updated has given no cosignature; the log asks again and gets one.
//
// Trust. Who controls the stored hashes can stop the journal but cannot make it
// prove something untrue: no verifier takes a proof that does not lead to a
// signed root. Who holds the log's key alone can sign two histories; witnesses
// are there to make that visible, and the two signed notes prove it, see [Fork].
//
// The stability of this package's formats is promised: they are what archived
// proofs are made of.
package journal

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"

	"golang.org/x/mod/sumdb/tlog"
)

// MaxSize is the greatest number of leaves in a tree that the package handles. At
// a thousand entries a second it is reached after some 8,900 years. It must stay
// far below 2^62, where the index arithmetic of the tree would overflow and a
// hostile checkpoint could make a verifier loop for ever.
const MaxSize = 1 << 48

// maxHashes bounds the hashes of a proof: C2SP tlog-witness allows 63 lines, the
// depth of the greatest tree that a signed 64-bit size can express.
const maxHashes = 63

// leafPrefix separates our commitments from any other use of SHA-256. The version
// is in it: another way to commit will have another prefix.
const leafPrefix = "rogatory.leaf.v1\n"

// SaltSize is the length of a leaf's salt in bytes: as long as the hash, so that
// a salt cannot be searched for.
const SaltSize = 32

// A Hash is the SHA-256 hash of a leaf or of an inner node, RFC 6962 section 2.1.
type Hash = tlog.Hash

// A Leaf is the data of one entry in the public log: a commitment made by
// [Commit], to be opened with its salt and body by whoever holds them.
type Leaf = [32]byte

// A Reader lends stored hashes. Indexes are those of tlog.StoredHashIndex, a
// dense order in which the hashes of new leaves always come last. ReadHashes
// returns one hash for each index, in the same order, or an error. It may run
// concurrently and must see at least the tree that the caller asks about.
type Reader interface {
	ReadHashes(indexes []int64) ([]Hash, error)
}

// Commit returns the leaf for a body: SHA-256 over the 17 bytes
// "rogatory.leaf.v1\n", the 32 bytes of salt and the body. The salt must be
// random, used for one leaf only, and kept with the body. As prefix and salt have
// fixed lengths, no other salt and body give the same input.
func Commit(salt [SaltSize]byte, body []byte) Leaf {
	h := sha256.New()
	h.Write([]byte(leafPrefix))
	h.Write(salt[:])
	h.Write(body)
	return Leaf(h.Sum(nil))
}

// LeafHash returns the hash under which a leaf stands in the tree: SHA-256 over a
// zero byte and the leaf, RFC 6962 section 2.1.
func LeafHash(leaf Leaf) Hash {
	var b [1 + len(leaf)]byte
	copy(b[1:], leaf[:])
	return sha256.Sum256(b[:])
}

// Append returns the stored hashes that leaves add to a tree of size leaves, in
// the order of their indexes, the first of which is tlog.StoredHashCount(size).
// It reads the right edge of the tree from r once. A caller that appends often
// keeps an [Edge] instead and reads nothing.
func Append(size int64, leaves []Leaf, r Reader) ([]Hash, error) {
	edge, err := ReadEdge(size, r)
	if err != nil {
		return nil, err
	}
	_, hashes, err := edge.Append(leaves)
	return hashes, err
}

// An Edge is the right edge of a tree: its size and the roots of the complete
// subtrees that it falls into, all that is needed to append and to compute the
// root. The zero value is the edge of the empty tree. An Edge is never changed.
type Edge struct {
	size  int64
	roots []Hash // of the complete subtrees, from left (greatest) to right
}

// ReadEdge reads the right edge of the tree of size leaves, at most 48 hashes, in
// one call.
func ReadEdge(size int64, r Reader) (Edge, error) {
	if err := checkSize(size); err != nil {
		return Edge{}, fmt.Errorf("read right edge: %w", err)
	}
	var indexes []int64
	for level := bits.Len64(uint64(size)) - 1; level >= 0; level-- {
		if n := size >> level; n&1 == 1 {
			indexes = append(indexes, tlog.StoredHashIndex(level, n-1))
		}
	}
	if len(indexes) == 0 {
		return Edge{}, nil
	}
	roots, err := readHashes(r, indexes)
	if err != nil {
		return Edge{}, fmt.Errorf("read right edge of %d leaves: %w", size, err)
	}
	return Edge{size, roots}, nil
}

// Size returns the number of leaves to the left of the edge.
func (e Edge) Size() int64 { return e.size }

// Root returns the root hash of the tree.
func (e Edge) Root() Hash {
	if len(e.roots) == 0 {
		return sha256.Sum256(nil)
	}
	root := e.roots[len(e.roots)-1]
	for i := len(e.roots) - 2; i >= 0; i-- {
		root = tlog.NodeHash(e.roots[i], root)
	}
	return root
}

// Append returns the edge of the tree with the leaves added, and the stored
// hashes that they add, as the function [Append] does. e itself stays as it was,
// for the case that the hashes do not get stored.
func (e Edge) Append(leaves []Leaf) (Edge, []Hash, error) {
	if err := checkSize(e.size + int64(len(leaves))); err != nil {
		return Edge{}, nil, fmt.Errorf("append %d leaves: %w", len(leaves), err)
	}
	next := Edge{e.size, make([]Hash, len(e.roots), len(e.roots)+bits.Len(uint(len(leaves))))}
	copy(next.roots, e.roots)
	hashes := make([]Hash, 0, 2*len(leaves)+len(e.roots))
	for _, leaf := range leaves {
		h := LeafHash(leaf)
		hashes = append(hashes, h)
		// Each trailing one bit of the size is a subtree that this leaf completes.
		for n := next.size; n&1 == 1; n >>= 1 {
			last := len(next.roots) - 1
			h = tlog.NodeHash(next.roots[last], h)
			next.roots = next.roots[:last]
			hashes = append(hashes, h)
		}
		next.roots = append(next.roots, h)
		next.size++
	}
	return next, hashes, nil
}

// Root returns the root hash of the tree of the first size leaves.
func Root(size int64, r Reader) (Hash, error) {
	edge, err := ReadEdge(size, r)
	if err != nil {
		return Hash{}, err
	}
	return edge.Root(), nil
}

// ProveInclusion returns the proof that the tree of size leaves holds its leaf at
// index, counted from zero: RFC 6962 section 2.1.1, from the leaf's sibling up.
func ProveInclusion(size, index int64, r Reader) ([]Hash, error) {
	if err := checkSize(size); err != nil {
		return nil, fmt.Errorf("prove inclusion: %w", err)
	}
	if index < 0 || index >= size {
		return nil, fmt.Errorf("prove inclusion: no leaf %d in a tree of %d", index, size)
	}
	proof, err := tlog.ProveRecord(size, index, r)
	if err != nil {
		return nil, fmt.Errorf("prove inclusion of leaf %d in %d: %w", index, size, err)
	}
	return proof, nil
}

// ProveConsistency returns the proof that the tree of size leaves begins with the
// tree of old leaves: RFC 6962 section 2.1.2. It is empty if old is zero or size.
func ProveConsistency(old, size int64, r Reader) ([]Hash, error) {
	if err := checkSize(size); err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	if old < 0 || old > size {
		return nil, fmt.Errorf("prove consistency: no tree of %d leaves within one of %d", old, size)
	}
	if old == 0 || old == size {
		return nil, nil
	}
	proof, err := tlog.ProveTree(size, old, r)
	if err != nil {
		return nil, fmt.Errorf("prove consistency of %d with %d: %w", size, old, err)
	}
	return proof, nil
}

// CheckInclusion verifies that a tree of size leaves with that root has a leaf
// with that hash at index.
func CheckInclusion(proof []Hash, size int64, root Hash, index int64, leaf Hash) error {
	if err := checkSize(size); err != nil {
		return fmt.Errorf("check inclusion: %w", err)
	}
	if err := tlog.CheckRecord(proof, size, root, index, leaf); err != nil {
		return fmt.Errorf("leaf %d is not shown to be in the tree of %d: %w", index, size, err)
	}
	return nil
}

// CheckConsistency verifies that a tree of size leaves with root begins with the
// tree of old leaves with oldRoot. Every tree begins with the empty one.
func CheckConsistency(proof []Hash, old int64, oldRoot Hash, size int64, root Hash) error {
	if err := checkSize(size); err != nil {
		return fmt.Errorf("check consistency: %w", err)
	}
	empty := Edge{}.Root()
	switch {
	case old < 0 || old > size:
		return fmt.Errorf("check consistency: no tree of %d leaves within one of %d", old, size)
	case size == 0 && root != empty, old == 0 && oldRoot != empty:
		return errors.New("check consistency: a tree without leaves has a root that is not the empty hash")
	case old == size && oldRoot != root:
		return fmt.Errorf("check consistency: two roots for one size of %d leaves", size)
	case old == 0 || old == size:
		if len(proof) != 0 {
			return fmt.Errorf("check consistency from %d to %d: the proof must be empty", old, size)
		}
		return nil
	}
	if err := tlog.CheckTree(proof, size, root, old, oldRoot); err != nil {
		return fmt.Errorf("tree of %d is not shown to begin with the tree of %d: %w", size, old, err)
	}
	return nil
}

func checkSize(size int64) error {
	if size < 0 || size > MaxSize {
		return fmt.Errorf("tree size %d is not between 0 and %d", size, int64(MaxSize))
	}
	return nil
}

// readHashes reads and counts: a reader that breaks its promise must not shift
// one hash into the place of another.
func readHashes(r Reader, indexes []int64) ([]Hash, error) {
	hashes, err := r.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	if len(hashes) != len(indexes) {
		return nil, fmt.Errorf("reader returned %d hashes for %d indexes", len(hashes), len(indexes))
	}
	return hashes, nil
}
