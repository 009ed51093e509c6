// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"rogatory"
)

// Range is a run of consecutive segments.
type Range struct {
	First, Count int64
}

// WriteSegments writes count segments, starting with the first, to w: to serve a peer. Each is
// verified before any byte of it is written; an error of kind Damaged names the segment, and w
// holds the whole segments before it.
func (v *Vault) WriteSegments(ctx context.Context, w io.Writer, root rogatory.Digest, first, count int64) error {
	o, err := v.object(root, true)
	if err != nil {
		return err
	}
	defer o.close()
	if err := o.holds(first, count); err != nil {
		return err
	}
	buffer := v.buffers.Get().(*[SegmentSize]byte)
	defer v.buffers.Put(buffer)
	for i := first; i < first+count; i++ {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("send segment %d of exhibit %s: %w", i, root.Short(), err)
		}
		segment, err := o.segment(i, buffer[:])
		if err != nil {
			return err
		}
		if _, err := w.Write(segment); err != nil {
			return fmt.Errorf("send segment %d of exhibit %s: %w", i, root.Short(), err)
		}
	}
	return nil
}

// ReadSegments reads count segments, starting with the first, into buf, and returns how many bytes
// of it they fill. buf must have SegmentSize bytes for each. After an error buf holds nothing that
// may be used.
func (v *Vault) ReadSegments(root rogatory.Digest, first, count int64, buf []byte) (int, error) {
	o, err := v.object(root, true)
	if err != nil {
		return 0, err
	}
	defer o.close()
	if err := o.holds(first, count); err != nil {
		return 0, err
	}
	if int64(len(buf))/SegmentSize < count {
		return 0, rogatory.Fault(rogatory.Invalid, "range_invalid", "read %d segments into %d bytes", count, len(buf))
	}
	n := 0
	for i := first; i < first+count; i++ {
		segment, err := o.segment(i, buf[n:n+SegmentSize])
		if err != nil {
			return 0, err
		}
		n += len(segment)
	}
	return n, nil
}

// WriteTree writes the leaf hashes of the exhibit to w, 32 bytes for each segment, verified against
// the root before they are written.
func (v *Vault) WriteTree(w io.Writer, root rogatory.Digest) error {
	o, err := v.object(root, true)
	if err != nil {
		return err
	}
	defer o.close()
	return o.tree.writeTo(w)
}

// object is an exhibit opened for reading. It is used by one goroutine.
type object struct {
	root   rogatory.Digest
	data   File
	size   int64
	leaves File
	tree   *tree
	hasher leafHasher
}

const (
	// cachedTables and cachedTableGroups bound the memory for verified group hashes to 2 MiB:
	// the exhibits being fetched, up to 512 GiB each. Others are verified at every opening.
	cachedTables      = 32
	cachedTableGroups = 2048
)

// object opens an exhibit and verifies its tree; with cached, a tree that was verified before is
// verified group by group when it is used.
func (v *Vault) object(root rogatory.Digest, cached bool) (_ *object, err error) {
	o := &object{root: root, hasher: newLeafHasher()}
	defer func() {
		if err != nil {
			o.close()
		}
	}()
	if o.data, err = v.disk.Open(sealedPath(root)); err != nil {
		return nil, missingOr(err, root)
	}
	if o.size, err = v.disk.Size(sealedPath(root)); err != nil {
		return nil, missingOr(err, root)
	}
	treeSize, err := v.disk.Size(treePath(root))
	if err == nil {
		o.leaves, err = v.disk.Open(treePath(root))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.Damaged, "root_mismatch", "exhibit %s has lost its tree: %w", root.Short(), err)
	}
	if err != nil {
		return nil, diskFault(err, "open the tree of exhibit %s", root.Short())
	}
	if segments := (o.size + SegmentSize - 1) / SegmentSize; treeSize != segments*leafSize {
		return nil, rogatory.Fault(rogatory.Damaged, "segment_damaged", "exhibit %s has %d segments, and a tree of %d bytes", root.Short(), segments, treeSize)
	}

	var known []rogatory.Digest
	if cached {
		v.mu.Lock()
		known = v.tables[root]
		v.mu.Unlock()
	}
	if o.tree, err = readTree(o.leaves, treeSize, root, known); err != nil {
		return nil, err
	}
	if known == nil && len(o.tree.groups) <= cachedTableGroups {
		v.mu.Lock()
		if len(v.tables) >= cachedTables {
			for other := range v.tables { // any one: a wrong guess costs milliseconds
				delete(v.tables, other)
				break
			}
		}
		v.tables[root] = o.tree.groups
		v.mu.Unlock()
	}
	return o, nil
}

func (o *object) holds(first, count int64) error {
	if first < 0 || count < 1 || first >= o.tree.leaves || count > o.tree.leaves-first {
		return rogatory.Fault(rogatory.Invalid, "range_invalid", "exhibit %s has %d segments; %d were asked for, from segment %d",
			o.root.Short(), o.tree.leaves, count, first)
	}
	return nil
}

// segment reads segment i into buf and verifies it.
func (o *object) segment(i int64, buf []byte) ([]byte, error) {
	leaf, err := o.tree.leaf(i)
	if err != nil {
		return nil, err
	}
	segment := buf[:min(SegmentSize, o.size-i*SegmentSize)]
	if err := readFullAt(o.data, segment, i*SegmentSize); err != nil {
		return nil, diskFault(err, "read segment %d of exhibit %s", i, o.root.Short())
	}
	if o.hasher.hash(segment) != leaf {
		return nil, rogatory.Fault(rogatory.Damaged, "segment_damaged", "segment %d of exhibit %s does not match its hash", i, o.root.Short()).
			WithHint("fetch the segment again from the sealing State, or restore it from a backup")
	}
	return segment, nil
}

func (o *object) close() {
	if o.data != nil {
		_ = o.data.Close() // read only: nothing can be lost
	}
	if o.leaves != nil {
		_ = o.leaves.Close()
	}
}
