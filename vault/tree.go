// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"sync"

	"rogatory"
)

// The tree is that of RFC 6962, section 2.1, with the segments of the age file as its entries:
// a leaf is SHA-256(0x00 || segment), a node SHA-256(0x01 || left || right), and a tree of n leaves
// is split at the largest power of two below n.

const (
	leafSize = sha256.Size

	// groupLeaves leaves, 256 MiB of sealed evidence, share one hash that is kept in memory. It
	// is a power of two, so a group is a subtree, and the groups form a tree of the same shape.
	// A leaf is verified by reading 8 KiB and about 255 hashes, 5 % of hashing the segment.
	groupLeaves = 256
)

// leafHasher hashes segments; it is reused to avoid an allocation for each.
type leafHasher struct{ sha hash.Hash }

func newLeafHasher() leafHasher { return leafHasher{sha256.New()} }

func (h leafHasher) hash(segment []byte) rogatory.Digest {
	h.begin()
	h.sha.Write(segment)
	return h.end()
}

// begin and end enclose the writing of a segment to sha.
func (h leafHasher) begin() {
	h.sha.Reset()
	h.sha.Write([]byte{0})
}

func (h leafHasher) end() (d rogatory.Digest) {
	h.sha.Sum(d[:0])
	return d
}

func nodeHash(left, right rogatory.Digest) rogatory.Digest {
	var b [1 + 2*leafSize]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+leafSize:], right[:])
	return sha256.Sum256(b[:])
}

// climber computes the root of a tree from its leaves in order, holding one hash for each level.
type climber struct {
	leaves int64
	stack  []rogatory.Digest // roots of full subtrees, the largest first
}

func (c *climber) add(leaf rogatory.Digest) {
	c.stack = append(c.stack, leaf)
	for i := c.leaves; i&1 == 1; i >>= 1 {
		top := len(c.stack) - 1
		c.stack[top-1] = nodeHash(c.stack[top-1], c.stack[top])
		c.stack = c.stack[:top]
	}
	c.leaves++
}

// root returns the root over the leaves added, of which there must be one.
func (c *climber) root() rogatory.Digest {
	top := len(c.stack) - 1
	h := c.stack[top]
	for i := top - 1; i >= 0; i-- {
		h = nodeHash(c.stack[i], h)
	}
	return h
}

func (c *climber) reset() { c.leaves, c.stack = 0, c.stack[:0] }

// tree gives out the leaf hashes of one exhibit, each verified against the root when it is read.
type tree struct {
	root   rogatory.Digest
	leaves int64
	groups []rogatory.Digest // root of each group, verified against root
	src    io.ReaderAt

	mu      sync.Mutex // guards the fields below
	current int64      // number of the group in hashes, -1 for none
	hashes  []rogatory.Digest
	raw     [groupLeaves * leafSize]byte
	climb   climber
}

// readTree reads the leaf hashes in src, size bytes long, and verifies them against the root. With
// groups, which an earlier call returned for the same root, it need not read them all again.
func readTree(src io.ReaderAt, size int64, root rogatory.Digest, groups []rogatory.Digest) (*tree, error) {
	if size <= 0 || size%leafSize != 0 || size/leafSize > MaxSegments {
		return nil, rogatory.Fault(rogatory.Damaged, "root_mismatch", "tree of exhibit %s is %d bytes long, no multiple of %d up to %d",
			root.Short(), size, leafSize, int64(MaxSegments)*leafSize)
	}
	t := &tree{root: root, leaves: size / leafSize, groups: groups, src: src, current: -1}
	count := (t.leaves + groupLeaves - 1) / groupLeaves
	if groups != nil {
		if int64(len(groups)) != count {
			return nil, rogatory.Fault(rogatory.Damaged, "root_mismatch", "tree of exhibit %s has %d leaves, not the number it had", root.Short(), t.leaves)
		}
		return t, nil
	}
	t.groups = make([]rogatory.Digest, 0, count)
	var whole climber
	for g := range count {
		h, err := t.readGroup(g)
		if err != nil {
			return nil, err
		}
		t.groups = append(t.groups, h)
		whole.add(h)
	}
	if got := whole.root(); got != root {
		return nil, rogatory.Fault(rogatory.Damaged, "root_mismatch", "tree of exhibit %s has the root %s", root.Short(), got.Short())
	}
	return t, nil
}

// readGroup reads group g and returns its root. The caller compares it, and owns t.
func (t *tree) readGroup(g int64) (rogatory.Digest, error) {
	t.current = -1
	n := min(groupLeaves, t.leaves-g*groupLeaves)
	raw := t.raw[:n*leafSize]
	if err := readFullAt(t.src, raw, g*groupLeaves*leafSize); err != nil {
		return rogatory.Digest{}, diskFault(err, "read the tree of exhibit %s", t.root.Short())
	}
	t.hashes = t.hashes[:0]
	t.climb.reset()
	for i := range n {
		leaf := rogatory.Digest(raw[i*leafSize:])
		t.hashes = append(t.hashes, leaf)
		t.climb.add(leaf)
	}
	return t.climb.root(), nil
}

// load puts the verified group g into t.hashes; t.mu is held.
func (t *tree) load(g int64) error {
	if t.current == g {
		return nil
	}
	h, err := t.readGroup(g)
	if err != nil {
		return err
	}
	if h != t.groups[g] {
		return rogatory.Fault(rogatory.Damaged, "root_mismatch", "tree of exhibit %s is damaged between leaves %d and %d",
			t.root.Short(), g*groupLeaves, min((g+1)*groupLeaves, t.leaves)-1)
	}
	t.current = g
	return nil
}

// leaf returns the verified hash of segment i, which must exist.
func (t *tree) leaf(i int64) (rogatory.Digest, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if err := t.load(i / groupLeaves); err != nil {
		return rogatory.Digest{}, err
	}
	return t.hashes[i%groupLeaves], nil
}

// writeTo writes the verified leaf hashes, group by group.
func (t *tree) writeTo(w io.Writer) error {
	var group [groupLeaves * leafSize]byte
	for g := range int64(len(t.groups)) {
		t.mu.Lock()
		err := t.load(g)
		n := copy(group[:], t.raw[:len(t.hashes)*leafSize])
		t.mu.Unlock()
		if err != nil {
			return err
		}
		if _, err := w.Write(group[:n]); err != nil {
			return fmt.Errorf("send the tree of exhibit %s: %w", t.root.Short(), err)
		}
	}
	return nil
}

// readFullAt fills p from offset off. A file that ends too early is io.ErrUnexpectedEOF.
func readFullAt(r io.ReaderAt, p []byte, off int64) error {
	n, err := r.ReadAt(p, off)
	switch {
	case n == len(p):
		return nil
	case err == nil, err == io.EOF:
		return io.ErrUnexpectedEOF
	}
	return err
}
