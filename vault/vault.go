// SPDX-License-Identifier: Apache-2.0

// Package vault keeps evidence: sealed, named by its content, and hashed again on every read.
//
// # What it is
//
// Evidence enters by [Vault.Deposit] and becomes one age file (age-encryption.org/v1) for hybrid
// post-quantum recipients. One pass over the source encrypts it, takes SHA-256 and SHA-512 of the
// plaintext, and builds an RFC 6962 tree over the age file cut into segments of [SegmentSize]
// bytes. The root of that tree is the name of the exhibit; [rogatory.Seal] holds all of it, is
// signed elsewhere, and travels ahead of the bytes. A carrier without any key can therefore check,
// resume and re-send segments; the stock age and openssl programs open and check the result.
//
// A node that receives an exhibit calls [Vault.Expect], fills the [Incoming] in any order and over
// any number of connections and crashes, and ends with [Incoming.Commit].
//
//	objects/aa/<root>.age    a sealed exhibit; aa are the first two digits of its root
//	objects/aa/<root>.tree   its leaf hashes, 32 bytes each
//	incoming/<root>.*        a transfer that is not complete: .part, .tree, .bits
//	tmp/*                    sealings that are not complete; swept when the vault is opened
//
// # What it promises
//
// A seal that was returned without an error describes bytes that are on disk, file and folder
// synced. Every segment and every leaf hash is hashed again before it is handed out, so damage is
// found before it is served and is named by segment. A segment of a transfer that is recorded as
// held was synced before it was recorded. Memory does not grow with the evidence, beyond 32 bytes
// for each 256 MiB of it.
//
// # What it refuses
//
// Recipients that are not hybrid, seals whose figures contradict each other, segments that are
// not under the signed root, and overwriting anything.
//
// # What may be true after an error
//
// After a failed Deposit nothing is visible, unless the disk also refused to take it back or the
// machine stopped at that moment: then the vault may hold a whole and valid exhibit that nobody
// refers to. After a failed [Incoming.Commit] the exhibit may already be held; Expect tells. After
// an error from [Vault.OpenPlain] part of the plaintext may have reached the writer: see there.
//
// # Whom it trusts
//
// The disk is trusted to keep what it synced, and with nothing else: whoever controls it can
// delete exhibits and learn their sizes, but cannot read one, nor change one unnoticed. One process
// at a time may use a vault; who runs it sees to that.
package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"filippo.io/age"

	"rogatory"
)

const (
	objectsFolder  = "objects"
	incomingFolder = "incoming"
	tmpFolder      = "tmp"

	sealedSuffix = ".age"
	treeSuffix   = ".tree"
	partSuffix   = ".part"
	bitsSuffix   = ".bits"
)

// Vault is an opened store of sealed exhibits. Its methods may be called by several goroutines.
type Vault struct {
	disk    Disk
	buffers sync.Pool // of *[SegmentSize]byte, so that serving many peers does not feed the collector

	publishing sync.Mutex // one change of objects/ at a time

	mu      sync.Mutex // guards the fields below
	open    map[rogatory.Digest]*Incoming
	tables  map[rogatory.Digest][]rogatory.Digest // verified group hashes by root; never stale, for the root fixes them
	scratch int64                                 // number of the last name given out in tmp/
}

// Open opens the vault on d and creates its folders if they are not there. Leftovers of sealings
// that did not finish are removed; transfers that did not finish are kept, to be resumed by Expect.
func Open(d Disk) (*Vault, error) {
	v := &Vault{
		disk:    d,
		buffers: sync.Pool{New: func() any { return new([SegmentSize]byte) }},
		open:    map[rogatory.Digest]*Incoming{},
		tables:  map[rogatory.Digest][]rogatory.Digest{},
	}
	for _, folder := range []string{objectsFolder, incomingFolder, tmpFolder} {
		if err := d.MakeFolder(folder); err != nil {
			return nil, diskFault(err, "make folder %s of the vault", folder)
		}
	}
	if err := d.Sync("."); err != nil {
		return nil, diskFault(err, "sync the folder of the vault")
	}
	leftovers, err := d.List(tmpFolder)
	if err != nil {
		return nil, diskFault(err, "list unfinished sealings")
	}
	for _, name := range leftovers {
		if err := d.Remove(tmpFolder + "/" + name); err != nil {
			return nil, diskFault(err, "remove unfinished sealing %s", name)
		}
	}
	partial, err := d.List(incomingFolder)
	if err != nil {
		return nil, diskFault(err, "list unfinished transfers")
	}
	for _, name := range partial {
		digits, _, _ := strings.Cut(name, ".")
		root, err := rogatory.ParseDigest(digits)
		if err != nil {
			continue // not ours; an operator may have put it there
		}
		held, err := v.Has(root)
		if err != nil {
			return nil, err
		}
		if !held {
			continue
		}
		// The crash came after the exhibit was in place. The .part may be a second name of the
		// very same file, so it must go before anything could write to it.
		if err := v.dropIncoming(root); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Deposit seals src for the recipients and keeps the result. It returns once everything is synced.
//
// The same evidence deposited twice makes two exhibits with equal digests and different roots,
// since each has its own file key. progress, which may be nil, is told how many bytes of evidence
// were read so far. Cancelling ctx stops the pass after the Read of src that is under way.
func (v *Vault) Deposit(ctx context.Context, src io.Reader, recipients []age.Recipient, progress func(bytes int64)) (rogatory.Seal, error) {
	name := v.scratchName()
	sealed, tree := name+sealedSuffix, name+treeSuffix
	seal, err := v.depositAt(ctx, sealed, tree, src, recipients, progress)
	// Best effort: a name that cannot be removed now is swept when the vault is next opened.
	_ = v.disk.Remove(sealed)
	_ = v.disk.Remove(tree)
	return seal, err
}

func (v *Vault) depositAt(ctx context.Context, sealedName, treeName string, src io.Reader, recipients []age.Recipient, progress func(int64)) (rogatory.Seal, error) {
	var none rogatory.Seal
	sealed, err := v.disk.Create(sealedName)
	if err != nil {
		return none, diskFault(err, "create a file for the sealed evidence")
	}
	defer sealed.Close()
	tree, err := v.disk.Create(treeName)
	if err != nil {
		return none, diskFault(err, "create a file for the tree of the sealed evidence")
	}
	defer tree.Close()

	early := newEarlySync(sealed)
	seal, err := Seal(ctx, early, tree, src, recipients, progress)
	if stopErr := early.stop(); err == nil && stopErr != nil {
		err = diskFault(stopErr, "sync the sealed evidence")
	}
	if err != nil {
		return none, err
	}
	for _, f := range []File{sealed, tree} {
		if err := f.Sync(); err != nil {
			return none, diskFault(err, "sync the sealed evidence")
		}
		if err := f.Close(); err != nil {
			return none, diskFault(err, "close the sealed evidence")
		}
	}
	if err := v.publish(seal.Root, sealedName, treeName); err != nil {
		v.unpublish(seal.Root)
		return none, err
	}
	return seal, nil
}

// publish gives synced files their final names; the caller removes the first ones. The tree is durable before the age file gets its
// name, so that an age file under objects/ always has its tree.
func (v *Vault) publish(root rogatory.Digest, sealedName, treeName string) error {
	v.publishing.Lock()
	defer v.publishing.Unlock()
	folder := objectFolder(root)
	if err := v.disk.MakeFolder(folder); err != nil {
		return diskFault(err, "make folder %s", folder)
	}
	if err := v.disk.Sync(objectsFolder); err != nil {
		return diskFault(err, "sync folder %s", objectsFolder)
	}
	held, err := v.Has(root)
	if err != nil {
		return err
	}
	if held {
		return rogatory.Fault(rogatory.Conflict, "exhibit_held", "keep exhibit %s: it is held already", root.Short())
	}
	// A tree without its age file is the trace of an earlier crash, and of no use.
	if err := v.disk.Remove(treePath(root)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskFault(err, "remove an orphaned tree of %s", root.Short())
	}
	for _, link := range [][2]string{{treeName, treePath(root)}, {sealedName, sealedPath(root)}} {
		if err := v.disk.Link(link[0], link[1]); err != nil {
			return diskFault(err, "put exhibit %s in its place", root.Short())
		}
		if err := v.disk.Sync(folder); err != nil {
			return diskFault(err, "sync folder %s", folder)
		}
	}
	return nil
}

// unpublish takes back, as far as the disk allows, an exhibit whose publishing failed halfway.
func (v *Vault) unpublish(root rogatory.Digest) {
	v.publishing.Lock()
	defer v.publishing.Unlock()
	_ = v.disk.Remove(sealedPath(root))
	_ = v.disk.Remove(treePath(root))
	_ = v.disk.Sync(objectFolder(root))
}

// Has reports whether the exhibit is held.
func (v *Vault) Has(root rogatory.Digest) (bool, error) {
	_, err := v.disk.Size(sealedPath(root))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, diskFault(err, "look for exhibit %s", root.Short())
	}
	return true, nil
}

// Size returns the size of the sealed exhibit in bytes, as the disk has it.
func (v *Vault) Size(root rogatory.Digest) (int64, error) {
	size, err := v.disk.Size(sealedPath(root))
	if err != nil {
		return 0, missingOr(err, root)
	}
	return size, nil
}

// List returns the roots of the exhibits held, in order.
func (v *Vault) List() ([]rogatory.Digest, error) {
	folders, err := v.disk.List(objectsFolder)
	if err != nil {
		return nil, diskFault(err, "list the exhibits")
	}
	var roots []rogatory.Digest
	for _, folder := range folders {
		names, err := v.disk.List(objectsFolder + "/" + folder)
		if err != nil {
			return nil, diskFault(err, "list the exhibits under %s", folder)
		}
		for _, name := range names {
			digits, ok := strings.CutSuffix(name, sealedSuffix)
			if !ok {
				continue
			}
			if root, err := rogatory.ParseDigest(digits); err == nil && digits[:2] == folder {
				roots = append(roots, root)
			}
		}
	}
	return roots, nil
}

// Depth says how much of an exhibit Check reads.
type Depth int

const (
	// Structure reads the tree and the sizes: a fraction of a second for any exhibit. It finds what
	// is missing or cut at a segment, not a flipped bit.
	Structure Depth = iota
	// Full reads and hashes every byte.
	Full
)

// Check returns nil if the exhibit is what its root says, to the given depth, and otherwise an
// error of kind Damaged that names the first bad segment.
func (v *Vault) Check(ctx context.Context, root rogatory.Digest, depth Depth) error {
	o, err := v.object(root, false)
	if err != nil {
		return err
	}
	defer o.close()
	if depth == Structure {
		return nil
	}
	buffer := v.buffers.Get().(*[SegmentSize]byte)
	defer v.buffers.Put(buffer)
	for i := range o.tree.leaves {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("check exhibit %s: %w", root.Short(), err)
		}
		if _, err := o.segment(i, buffer[:]); err != nil {
			return err
		}
	}
	return nil
}

// Remove deletes the exhibit, and is synced when it returns; removing what is not held is an error
// of kind NotFound. The blocks of the disk may survive it: lawful erasure destroys the key.
func (v *Vault) Remove(root rogatory.Digest) error {
	v.publishing.Lock()
	defer v.publishing.Unlock()
	folder := objectFolder(root)
	if held, err := v.Has(root); err != nil {
		return err
	} else if held {
		// A Commit may have left the first name of the same file behind. While the exhibit is
		// held, no transfer of it is open.
		if err := v.dropIncoming(root); err != nil {
			return err
		}
	}
	// The age file first: without it the exhibit is gone, whatever happens to the tree.
	if err := v.disk.Remove(sealedPath(root)); err != nil {
		return missingOr(err, root)
	}
	if err := v.disk.Sync(folder); err != nil {
		return diskFault(err, "sync folder %s", folder)
	}
	if err := v.disk.Remove(treePath(root)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return diskFault(err, "remove the tree of exhibit %s", root.Short())
	}
	if err := v.disk.Sync(folder); err != nil {
		return diskFault(err, "sync folder %s", folder)
	}
	v.mu.Lock()
	delete(v.tables, root)
	v.mu.Unlock()
	return nil
}

func (v *Vault) scratchName() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.scratch++
	return fmt.Sprintf("%s/%d", tmpFolder, v.scratch)
}

func objectFolder(root rogatory.Digest) string { return objectsFolder + "/" + root.String()[:2] }
func sealedPath(root rogatory.Digest) string {
	return objectFolder(root) + "/" + root.String() + sealedSuffix
}
func treePath(root rogatory.Digest) string {
	return objectFolder(root) + "/" + root.String() + treeSuffix
}
func incomingPath(root rogatory.Digest, suffix string) string {
	return incomingFolder + "/" + root.String() + suffix
}

func missingOr(err error, root rogatory.Digest) error {
	if errors.Is(err, fs.ErrNotExist) {
		return rogatory.Fault(rogatory.NotFound, "exhibit_missing", "no exhibit %s in the vault: %w", root.Short(), err)
	}
	return diskFault(err, "open exhibit %s", root.Short())
}
