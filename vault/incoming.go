// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"

	"rogatory"
)

// flushBytes is how much may be put before it is synced and recorded without being asked for: what
// a crash costs at most, fetched again.
const flushBytes = 64 << 20

// Incoming is an exhibit on its way here. Its segments may come in any order, several at once,
// from several lines or a courier's disk, and again; each is verified before it is kept. What was
// flushed survives a crash: Expect with the same seal goes on from there. Its methods may be
// called by several goroutines, and not after Commit, Abort or Close.
//
// An error of the disk while it syncs ends the transfer (Unavailable, "transfer_stopped"), since
// nobody knows what such a disk holds: Close it and Expect it again, which goes on from what was
// recorded before.
type Incoming struct {
	vault *Vault
	seal  rogatory.Seal
	total int64 // segments
	data  File
	bits  File

	life  sync.RWMutex // held for reading by every use, for writing by Commit, Abort and Close
	ended bool         // guarded by life

	settingTree sync.Mutex // one SetTree at a time

	flushing sync.Mutex // one flush at a time; guards sequence and slot
	sequence uint64     // of the slot written last
	slot     []byte

	mu       sync.Mutex // guards the fields below
	tree     *tree      // nil until it is known
	leaves   File       // of the tree
	held     bitmap     // written, and not necessarily synced
	have     int64      // bits set in held
	unsynced int64      // bytes written since the last flush
	broken   error      // the failed sync that ended the transfer
}

// Expect begins the transfer of the exhibit that the seal describes, or goes on with it. The seal
// must come from a signed offer: its root decides what is kept.
//
// It is refused with "seal_invalid" (see Validate), "exhibit_held" (Conflict) if the exhibit is here
// already, synced; "incoming_open" (Conflict) if the transfer is already under way; and "disk_full"
// (Busy) if what is missing of this and of all open transfers does not fit.
func (v *Vault) Expect(seal rogatory.Seal) (*Incoming, error) {
	if err := Validate(seal); err != nil {
		return nil, err
	}
	in := &Incoming{vault: v, seal: seal, total: seal.Segments(), held: newBitmap(seal.Segments())}
	v.mu.Lock()
	if v.open[seal.Root] != nil {
		v.mu.Unlock()
		return nil, rogatory.Fault(rogatory.Conflict, "incoming_open", "expect exhibit %s: its transfer is under way", seal.Root.Short())
	}
	v.open[seal.Root] = in
	v.mu.Unlock()
	if err := in.begin(); err != nil {
		_ = in.end() // nothing was written that counts
		in.forget()
		return nil, err
	}
	return in, nil
}

// begin finds or makes the files of the transfer.
func (in *Incoming) begin() error {
	v, root := in.vault, in.seal.Root
	held, err := v.Has(root)
	if err != nil {
		return err
	}
	if held {
		// An earlier Commit may have failed between the name and its sync. Whoever hears
		// "held" will sign for it, so it must be true after a crash as well.
		for _, folder := range []string{objectFolder(root), objectsFolder} {
			if err := v.disk.Sync(folder); err != nil {
				return diskFault(err, "sync folder %s", folder)
			}
		}
		if err := v.dropIncoming(root); err != nil {
			return err
		}
		return rogatory.Fault(rogatory.Conflict, "exhibit_held", "expect exhibit %s: it is held already", root.Short())
	}

	part := incomingPath(root, partSuffix)
	size, err := v.disk.Size(part)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskFault(err, "look for the transfer of exhibit %s", root.Short())
	}
	if err != nil || size != in.seal.SealedSize {
		return in.create()
	}
	if in.data, err = v.disk.Modify(part); err != nil {
		return diskFault(err, "open the transfer of exhibit %s", root.Short())
	}
	if err := in.readBits(); err != nil {
		return err
	}
	if err := in.roomFor(); err != nil {
		return err
	}
	if err := in.openTree(); err != nil && !errors.Is(err, fs.ErrNotExist) && rogatory.KindOf(err) != rogatory.Damaged {
		return err // a tree that is missing or damaged is asked for again
	}
	return nil
}

func (in *Incoming) create() (err error) {
	v, root := in.vault, in.seal.Root
	// Bits of an earlier transfer would vouch for an empty file.
	if err := v.dropIncoming(root); err != nil {
		return err
	}
	if err := in.roomFor(); err != nil {
		return err
	}
	if in.data, err = v.disk.Create(incomingPath(root, partSuffix)); err != nil {
		return diskFault(err, "create the transfer of exhibit %s", root.Short())
	}
	if err := in.data.Truncate(in.seal.SealedSize); err != nil {
		return diskFault(err, "reserve %d bytes for exhibit %s", in.seal.SealedSize, root.Short())
	}
	if err := in.data.Sync(); err != nil {
		return diskFault(err, "sync the transfer of exhibit %s", root.Short())
	}
	if in.bits, err = v.disk.Create(incomingPath(root, bitsSuffix)); err != nil {
		return diskFault(err, "create the record of exhibit %s", root.Short())
	}
	if err := v.disk.Sync(incomingFolder); err != nil {
		return diskFault(err, "sync folder %s", incomingFolder)
	}
	return nil
}

// roomFor refuses the transfer if it does not fit beside the open ones. It runs before anything is
// accepted: a disk that fills up later costs the sender a day.
func (in *Incoming) roomFor() error {
	v := in.vault
	free, err := v.disk.Free()
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return diskFault(err, "ask how much room there is for exhibit %s", in.seal.Root.Short())
	}
	var need int64
	v.mu.Lock()
	for _, open := range v.open {
		need += open.missingBytes()
	}
	v.mu.Unlock()
	if need > free {
		return rogatory.Fault(rogatory.Busy, "disk_full", "expect exhibit %s of %d bytes: with the open transfers %d are missing, %d are free",
			in.seal.Root.Short(), in.seal.SealedSize, need, free)
	}
	return nil
}

func (in *Incoming) missingBytes() int64 {
	in.mu.Lock()
	defer in.mu.Unlock()
	return max(0, in.seal.SealedSize-in.have*SegmentSize)
}

// readBits opens the record and takes the newer of its valid slots; with none, nothing is held.
func (in *Incoming) readBits() error {
	v, root := in.vault, in.seal.Root
	name := incomingPath(root, bitsSuffix)
	f, err := v.disk.Modify(name)
	if errors.Is(err, fs.ErrNotExist) {
		if f, err = v.disk.Create(name); err == nil {
			err = v.disk.Sync(incomingFolder)
		}
	}
	in.bits = f
	if err != nil {
		return diskFault(err, "open the record of exhibit %s", root.Short())
	}
	size, err := v.disk.Size(name)
	if err != nil {
		return diskFault(err, "measure the record of exhibit %s", root.Short())
	}
	slot := make([]byte, bitsLength(in.total))
	for i := range int64(2) {
		off := i * slotSize(in.total)
		if size < off+int64(len(slot)) {
			continue // never written, or torn
		}
		if err := readFullAt(f, slot, off); err != nil {
			return diskFault(err, "read the record of exhibit %s", root.Short())
		}
		sequence, held, err := parseBits(slot, root, in.total)
		if err == nil && sequence > in.sequence && int64(sequence%2) == i {
			in.sequence = sequence
			in.mu.Lock() // roomFor of another transfer may be looking
			in.held, in.have = held, held.count()
			in.mu.Unlock()
		}
	}
	return nil
}

func (in *Incoming) openTree() error {
	v, root := in.vault, in.seal.Root
	name := incomingPath(root, treeSuffix)
	size, err := v.disk.Size(name)
	if err != nil {
		return diskFault(err, "look for the tree of exhibit %s", root.Short())
	}
	if size != in.total*leafSize {
		return rogatory.Fault(rogatory.Damaged, "root_mismatch", "tree of exhibit %s is %d bytes long", root.Short(), size)
	}
	f, err := v.disk.Open(name)
	if err != nil {
		return diskFault(err, "open the tree of exhibit %s", root.Short())
	}
	t, err := readTree(f, size, root, nil)
	if err != nil {
		_ = f.Close() // read only
		return err
	}
	in.mu.Lock()
	in.tree, in.leaves = t, f
	in.mu.Unlock()
	return nil
}

// Seal returns the seal that the exhibit is held against.
func (in *Incoming) Seal() rogatory.Seal { return in.seal }

// HasTree reports whether the leaf hashes are known; without them no segment can be put.
func (in *Incoming) HasTree() bool {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.tree != nil
}

// SetTree reads the leaf hashes, as WriteTree sends them, and keeps them, synced, if their root is that
// of the seal; if not, the error is Untrusted, "root_mismatch". No more is read than the seal calls
// for. With a tree already set nothing is read.
func (in *Incoming) SetTree(leafHashes io.Reader) error {
	if err := in.enter(); err != nil {
		return err
	}
	defer in.life.RUnlock()
	in.settingTree.Lock()
	defer in.settingTree.Unlock()
	if in.HasTree() {
		return nil
	}
	v, root := in.vault, in.seal.Root
	name := v.scratchName() + treeSuffix
	if err := in.receiveTree(name, leafHashes); err != nil {
		_ = v.disk.Remove(name) // or else swept when the vault is next opened
		return err
	}
	// One that is there already was found damaged by Expect.
	final := incomingPath(root, treeSuffix)
	if err := v.disk.Remove(final); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskFault(err, "remove the damaged tree of exhibit %s", root.Short())
	}
	if err := v.disk.Link(name, final); err != nil {
		return diskFault(err, "keep the tree of exhibit %s", root.Short())
	}
	if err := v.disk.Sync(incomingFolder); err != nil {
		return diskFault(err, "sync folder %s", incomingFolder)
	}
	_ = v.disk.Remove(name) // or else swept when the vault is next opened
	return in.openTree()
}

func (in *Incoming) receiveTree(name string, leafHashes io.Reader) error {
	root := in.seal.Root
	f, err := in.vault.disk.Create(name)
	if err != nil {
		return diskFault(err, "create a file for the tree of exhibit %s", root.Short())
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, groupLeaves*leafSize)
	src := bufio.NewReaderSize(io.LimitReader(leafHashes, in.total*leafSize), groupLeaves*leafSize)
	var climb climber
	for i := range in.total {
		var leaf rogatory.Digest
		if _, err := io.ReadFull(src, leaf[:]); err != nil {
			return rogatory.Fault(rogatory.Unavailable, "transfer_cut", "receive leaf %d of %d of exhibit %s: %w", i, in.total, root.Short(), err)
		}
		climb.add(leaf)
		if _, err := out.Write(leaf[:]); err != nil {
			return diskFault(err, "write the tree of exhibit %s", root.Short())
		}
	}
	if got := climb.root(); got != root {
		return rogatory.Fault(rogatory.Untrusted, "root_mismatch", "the tree received for exhibit %s has the root %s", root.Short(), got.Short())
	}
	if err := out.Flush(); err != nil {
		return diskFault(err, "write the tree of exhibit %s", root.Short())
	}
	if err := f.Sync(); err != nil {
		return diskFault(err, "sync the tree of exhibit %s", root.Short())
	}
	return nil
}

// Put keeps one segment. A segment that is not what the tree says is refused (Untrusted,
// "segment_damaged") and changes nothing, whether or not it is held; one that is held already is
// not written again. It is durable after the next Flush, or sooner.
func (in *Incoming) Put(index int64, segment []byte) error {
	if err := in.enter(); err != nil {
		return err
	}
	defer in.life.RUnlock()
	root := in.seal.Root
	if index < 0 || index >= in.total {
		return rogatory.Fault(rogatory.Invalid, "range_invalid", "exhibit %s has %d segments, not a segment %d", root.Short(), in.total, index)
	}
	in.mu.Lock()
	t, broken := in.tree, in.broken
	in.mu.Unlock()
	if broken != nil {
		return in.stopped(broken)
	}
	if t == nil {
		return rogatory.Fault(rogatory.Conflict, "tree_missing", "put segment %d of exhibit %s before its tree", index, root.Short())
	}
	leaf, err := t.leaf(index)
	if err != nil {
		return err
	}
	if int64(len(segment)) != in.length(index) || newLeafHasher().hash(segment) != leaf {
		return rogatory.Fault(rogatory.Untrusted, "segment_damaged", "the %d bytes received for segment %d of exhibit %s do not match its hash",
			len(segment), index, root.Short())
	}
	in.mu.Lock()
	held := in.held.has(index)
	in.mu.Unlock()
	if held {
		return nil
	}
	// Two goroutines may come here with the same segment, and then write the same bytes.
	if _, err := in.data.WriteAt(segment, index*SegmentSize); err != nil {
		return diskFault(err, "write segment %d of exhibit %s", index, root.Short())
	}
	in.mu.Lock()
	if !in.held.has(index) {
		in.held.set(index)
		in.have++
		in.unsynced += int64(len(segment))
	}
	due := in.unsynced >= flushBytes
	in.mu.Unlock()
	if due {
		return in.flush()
	}
	return nil
}

// PutFrom puts consecutive segments, starting with the first, from a stream such as the body of a
// range request. It ends at the end of r, or after the last segment of the exhibit, and returns
// how many whole segments it kept, also with an error. A stream that ends inside a segment is
// Unavailable, "transfer_cut".
func (in *Incoming) PutFrom(ctx context.Context, first int64, r io.Reader) (kept int64, err error) {
	buffer := in.vault.buffers.Get().(*[SegmentSize]byte)
	defer in.vault.buffers.Put(buffer)
	if first < 0 || first >= in.total {
		return 0, rogatory.Fault(rogatory.Invalid, "range_invalid", "exhibit %s has %d segments, not a segment %d", in.seal.Root.Short(), in.total, first)
	}
	for i := first; i < in.total; i++ {
		if err := ctx.Err(); err != nil {
			return kept, fmt.Errorf("receive segment %d of exhibit %s: %w", i, in.seal.Root.Short(), err)
		}
		segment := buffer[:in.length(i)]
		n, err := fill(r, segment)
		if n == 0 && err == io.EOF {
			return kept, nil
		}
		if n < len(segment) {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return kept, rogatory.Fault(rogatory.Unavailable, "transfer_cut", "receive segment %d of exhibit %s: %w", i, in.seal.Root.Short(), err)
		}
		if err := in.Put(i, segment); err != nil {
			return kept, err
		}
		kept++
	}
	return kept, nil
}

// Flush makes what was put durable: first the segments are synced, then their bits are recorded
// and synced, so a bit that is found set vouches for bytes on disk.
func (in *Incoming) Flush() error {
	if err := in.enter(); err != nil {
		return err
	}
	defer in.life.RUnlock()
	return in.flush()
}

func (in *Incoming) flush() error {
	in.flushing.Lock()
	defer in.flushing.Unlock()
	in.mu.Lock()
	if in.broken != nil {
		in.mu.Unlock()
		return in.stopped(in.broken)
	}
	if in.unsynced == 0 {
		in.mu.Unlock()
		return nil
	}
	// Only what is in this copy was written before the sync begins.
	in.unsynced = 0
	in.slot = appendBits(in.slot[:0], in.seal.Root, in.sequence+1, in.total, in.held)
	in.mu.Unlock()

	err := in.data.Sync()
	if err == nil {
		_, err = in.bits.WriteAt(in.slot, int64((in.sequence+1)%2)*slotSize(in.total))
	}
	if err == nil {
		err = in.bits.Sync()
	}
	if err != nil {
		err = diskFault(err, "sync what was received of exhibit %s", in.seal.Root.Short())
		in.mu.Lock()
		in.broken = err
		in.mu.Unlock()
		return in.stopped(err)
	}
	in.sequence++
	return nil
}

// Missing returns the first ranges of segments that are not held, at most limit of them.
func (in *Incoming) Missing(limit int) []Range {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.held.missing(in.total, limit)
}

// Done returns how many segments are held, and how many the exhibit has.
func (in *Incoming) Done() (have, total int64) {
	in.mu.Lock()
	defer in.mu.Unlock()
	return in.have, in.total
}

// Commit makes the transfer an exhibit of the vault, synced, and ends it; before the last segment
// it is refused (Conflict, "transfer_incomplete") and the transfer goes on. Nothing is hashed
// again: every segment was, when it came. Who wants to know what the disk made of it uses Check.
//
// After any other error the transfer is ended, and the exhibit may be held or not: Expect tells.
func (in *Incoming) Commit() error {
	in.life.Lock()
	defer in.life.Unlock()
	if in.ended {
		return in.over()
	}
	if have, total := in.Done(); have < total || !in.HasTree() {
		return rogatory.Fault(rogatory.Conflict, "transfer_incomplete", "exhibit %s has %d of %d segments", in.seal.Root.Short(), have, total)
	}
	// Until all is in place nobody else may open the files: they become the exhibit.
	defer in.forget()
	err := in.flush()
	if closeErr := in.end(); err == nil {
		err = closeErr
	}
	if err != nil {
		return err
	}
	v, root := in.vault, in.seal.Root
	if err := v.publish(root, incomingPath(root, partSuffix), incomingPath(root, treeSuffix)); err != nil {
		return err
	}
	// The exhibit is held, whatever becomes of the names under incoming/: Open, Expect and Remove
	// remove them as well.
	_ = v.dropIncoming(root)
	return nil
}

// Close flushes and releases the transfer without ending it: Expect goes on with it.
func (in *Incoming) Close() error {
	in.life.Lock()
	defer in.life.Unlock()
	if in.ended {
		return nil
	}
	defer in.forget()
	err := in.flush()
	if closeErr := in.end(); err == nil {
		err = closeErr
	}
	return err
}

// Abort ends the transfer and removes what was received.
func (in *Incoming) Abort() error {
	in.life.Lock()
	defer in.life.Unlock()
	if in.ended {
		return in.over()
	}
	defer in.forget()
	_ = in.end() // the files go anyway
	return in.vault.dropIncoming(in.seal.Root)
}

// enter begins a use of the transfer. Without an error the caller unlocks in.life for reading.
func (in *Incoming) enter() error {
	in.life.RLock()
	if in.ended {
		in.life.RUnlock()
		return in.over()
	}
	return nil
}

func (in *Incoming) over() error {
	return rogatory.Fault(rogatory.Conflict, "transfer_over", "the transfer of exhibit %s is over", in.seal.Root.Short())
}

func (in *Incoming) stopped(cause error) error {
	return rogatory.Fault(rogatory.Unavailable, "transfer_stopped", "the transfer of exhibit %s was stopped by its disk: %w", in.seal.Root.Short(), cause).
		WithHint("close it and expect it again; what was recorded before is kept")
}

func (in *Incoming) length(index int64) int64 {
	return min(SegmentSize, in.seal.SealedSize-index*SegmentSize)
}

// end closes the files; in.life is held for writing, or nobody has the transfer yet.
func (in *Incoming) end() error {
	in.ended = true
	var first error
	for _, f := range []File{in.data, in.bits, in.leaves} {
		if f == nil {
			continue
		}
		if err := f.Close(); err != nil && first == nil {
			first = diskFault(err, "close the transfer of exhibit %s", in.seal.Root.Short())
		}
	}
	return first
}

// forget lets another Expect have the transfer.
func (in *Incoming) forget() {
	in.vault.mu.Lock()
	delete(in.vault.open, in.seal.Root)
	in.vault.mu.Unlock()
}

// dropIncoming removes what is left of a transfer: the bits first, durably, so that they never
// vouch for a later file of that name.
func (v *Vault) dropIncoming(root rogatory.Digest) error {
	for _, suffixes := range [][]string{{bitsSuffix}, {partSuffix, treeSuffix}} {
		for _, suffix := range suffixes {
			if err := v.disk.Remove(incomingPath(root, suffix)); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return diskFault(err, "remove the transfer of exhibit %s", root.Short())
			}
		}
		if err := v.disk.Sync(incomingFolder); err != nil {
			return diskFault(err, "sync folder %s", incomingFolder)
		}
	}
	return nil
}
