// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"rogatory"
)

// OpenPlain decrypts an exhibit to dst and holds it against its seal: each segment is verified
// against the root before it is decrypted, and at the end size, SHA-256 and SHA-512 of what was
// written are compared.
//
// Bytes reach dst before that last verdict. Until OpenPlain has returned nil they are not the
// evidence, and after an error they must be thrown away; [Vault.Extract] does this for a file.
//
// Errors: "wrong_key" (Denied) if no identity fits; "segment_damaged" and "root_mismatch" (Damaged)
// if our copy is bad; "payload_invalid" and "digest_mismatch" (Untrusted) if the copy is whole and
// the sealing side signed something untrue.
func (v *Vault) OpenPlain(ctx context.Context, seal rogatory.Seal, identities []age.Identity, dst io.Writer, progress func(bytes int64)) error {
	if err := Validate(seal); err != nil {
		return err
	}
	if len(identities) == 0 {
		return rogatory.Fault(rogatory.Denied, "wrong_key", "open exhibit %s without a key", seal.Root.Short())
	}
	o, err := v.object(seal.Root, false)
	if err != nil {
		return err
	}
	defer o.close()
	if o.size != seal.SealedSize {
		return rogatory.Fault(rogatory.Damaged, "segment_damaged", "exhibit %s is %d bytes long, its seal says %d", seal.Root.Short(), o.size, seal.SealedSize)
	}

	group, ctx := errgroup.WithContext(ctx)
	sealed := newSegmentReader(ctx, group, o)
	sealed.allowance = seal.SealedSize - payloadSize(seal.Size) + headerReadAhead
	short, long := sha256.New(), sha512.New()
	var size int64
	var plain io.Reader
	source := func(p []byte) (int, error) {
		if plain == nil {
			var err error
			if plain, err = age.Decrypt(sealed, identities...); err != nil {
				return 0, openFault(ctx, err, seal.Root)
			}
			sealed.allowance = seal.SealedSize
		}
		n, err := fill(plain, p)
		if err != nil && err != io.EOF {
			return 0, openFault(ctx, err, seal.Root)
		}
		short.Write(p[:n])
		if size += int64(n); size > seal.Size {
			return 0, mismatch(seal.Root, "holds more than the %d bytes of its seal", seal.Size)
		}
		if progress != nil {
			progress(size)
		}
		return n, err
	}
	spread(ctx, group, source,
		sink{write: hashInto(long)},
		sink{write: func(p []byte) error {
			if _, err := dst.Write(p); err != nil {
				return fmt.Errorf("write the opened exhibit %s: %w", seal.Root.Short(), err)
			}
			return nil
		}})
	if err := group.Wait(); err != nil {
		return err
	}
	switch {
	case size != seal.Size:
		return mismatch(seal.Root, "holds %d bytes, its seal says %d", size, seal.Size)
	case rogatory.Digest(short.Sum(nil)) != seal.SHA256:
		return mismatch(seal.Root, "does not have the SHA-256 of its seal")
	case rogatory.LongDigest(long.Sum(nil)) != seal.SHA512:
		return mismatch(seal.Root, "does not have the SHA-512 of its seal")
	}
	return nil
}

// unsealingSuffix marks plaintext that is not yet known to be the evidence.
const unsealingSuffix = ".unsealing"

// Extract opens an exhibit into a new file on another disk. The file gets its name only after the
// last verdict of OpenPlain, synced; an existing file is never replaced (Conflict, "file_exists").
//
// Until then the plaintext is under the name with ".unsealing" added. It is removed after an error,
// but a crash can leave it there, and the next Extract then refuses (Conflict, "extraction_unfinished")
// until somebody has removed it: it may be the work of another process.
func (v *Vault) Extract(ctx context.Context, seal rogatory.Seal, identities []age.Identity, to Disk, name string, progress func(bytes int64)) error {
	if _, err := to.Size(name); !errors.Is(err, fs.ErrNotExist) {
		if err != nil {
			return diskFault(err, "look for file %q", name)
		}
		return rogatory.Fault(rogatory.Conflict, "file_exists", "open exhibit %s into %q: the file exists", seal.Root.Short(), name)
	}
	temporary := name + unsealingSuffix
	f, err := to.Create(temporary)
	if errors.Is(err, fs.ErrExist) {
		return rogatory.Fault(rogatory.Conflict, "extraction_unfinished", "open exhibit %s into %q: %w", seal.Root.Short(), name, err).
			WithHint("if no other extraction is under way, remove the file that ends in " + unsealingSuffix)
	}
	if err != nil {
		return diskFault(err, "create file %q", temporary)
	}
	early := newEarlySync(f)
	err = v.OpenPlain(ctx, seal, identities, early, progress)
	if stopErr := early.stop(); err == nil && stopErr != nil {
		err = diskFault(stopErr, "sync file %q", temporary)
	}
	if err == nil {
		if err = f.Sync(); err != nil {
			err = diskFault(err, "sync file %q", temporary)
		}
	}
	if closeErr := f.Close(); err == nil && closeErr != nil {
		err = diskFault(closeErr, "close file %q", temporary)
	}
	if err == nil {
		if err = to.Link(temporary, name); errors.Is(err, fs.ErrExist) {
			err = rogatory.Fault(rogatory.Conflict, "file_exists", "open exhibit %s into %q: %w", seal.Root.Short(), name, err)
		} else if err != nil {
			err = diskFault(err, "name file %q", name)
		}
	}
	if err == nil {
		if err = to.Sync(folderOf(name)); err != nil {
			_ = to.Remove(name) // it might not survive a crash, so it is not promised
			err = diskFault(err, "sync the folder of %q", name)
		}
	}
	_ = to.Remove(temporary) // best effort; what stays is a second name, or is described above
	return err
}

func folderOf(name string) string {
	for i := len(name) - 1; i >= 0; i-- {
		if name[i] == '/' {
			return name[:i]
		}
	}
	return "."
}

// headerReadAhead is how far beyond the header the age package may read before it says that it
// has understood it.
const headerReadAhead = 64 << 10

func mismatch(root rogatory.Digest, format string, args ...any) error {
	return rogatory.Fault(rogatory.Untrusted, "digest_mismatch", "the evidence in exhibit %s %s", root.Short(), fmt.Sprintf(format, args...)).
		WithHint("what was written is not the evidence: delete it")
}

// openFault sorts what the age package says. The segments were verified before it saw them, so it
// is not our copy that is bad.
func openFault(ctx context.Context, err error, root rogatory.Digest) error {
	if ctx.Err() != nil {
		return stopped(ctx) // the cause was reported by whoever stopped us, or is the caller's
	}
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong {
		return rogatory.Fault(rogatory.Denied, "wrong_key", "exhibit %s was not sealed for this key: %w", root.Short(), err)
	}
	return rogatory.Fault(rogatory.Untrusted, "payload_invalid", "exhibit %s does not decrypt, although it is as it was signed: %w", root.Short(), err)
}

// segmentReader reads the verified segments of an object as one stream; a goroutine of its own
// reads and verifies ahead.
type segmentReader struct {
	ctx       context.Context
	free      *stock[[]byte]
	full      chan []byte
	current   []byte // the segment being read, to be given back
	unread    []byte
	allowance int64 // how many bytes may still be read: bounds the header before it is understood
}

func newSegmentReader(ctx context.Context, group *errgroup.Group, o *object) *segmentReader {
	r := &segmentReader{ctx: ctx, free: newStock[[]byte](readSegments), full: make(chan []byte, readSegments)}
	group.Go(func() error {
		for i := range o.tree.leaves {
			buffer, err := r.free.take(ctx)
			if err != nil {
				return err
			}
			if buffer == nil {
				buffer = make([]byte, SegmentSize)
			}
			segment, err := o.segment(i, buffer[:SegmentSize])
			if err != nil {
				return err // the queue stays open: the end of the stream must not look regular
			}
			r.full <- segment // never blocks: there are no more segments than room
		}
		close(r.full)
		return nil
	})
	return r
}

func (r *segmentReader) Read(p []byte) (int, error) {
	if r.allowance <= 0 {
		return 0, rogatory.Fault(rogatory.Untrusted, "payload_invalid", "header of the age file is longer than its seal allows")
	}
	if len(r.unread) == 0 {
		if r.current != nil {
			r.free.put(r.current)
			r.current = nil
		}
		segment, ok, err := receive(r.ctx, r.full)
		if err != nil {
			return 0, err
		}
		if !ok {
			return 0, io.EOF
		}
		r.current, r.unread = segment, segment
	}
	n := copy(p[:min(int64(len(p)), r.allowance)], r.unread)
	r.unread = r.unread[n:]
	r.allowance -= int64(n)
	return n, nil
}
