// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"context"
	"io"
	"sync"

	"filippo.io/age"

	"rogatory"
)

// Plain reads parts of an exhibit's evidence, at any place, without decrypting the rest. Its methods may
// be called by several goroutines. Close it.
type Plain struct {
	o     *object
	plain io.ReaderAt
	size  int64

	mu      sync.Mutex // guards the fields below
	segment []byte     // the segment that was verified last
	number  int64      // its number; -1 before there is one
}

// OpenAt opens an exhibit for reading in parts. Each segment is verified against the signed root
// before any of it is decrypted, and age authenticates each piece of plaintext. SHA-256 and SHA-512 of
// the seal cover the whole and are not compared: for a verdict on the whole use [Vault.OpenPlain].
//
// Errors are those of OpenPlain, here or at a later ReadAt.
func (v *Vault) OpenAt(seal rogatory.Seal, identities []age.Identity) (*Plain, error) {
	if err := Validate(seal); err != nil {
		return nil, err
	}
	if len(identities) == 0 {
		return nil, rogatory.Fault(rogatory.Denied, "wrong_key", "open exhibit %s without a key", seal.Root.Short())
	}
	o, err := v.object(seal.Root, true)
	if err != nil {
		return nil, err
	}
	p := &Plain{o: o, number: -1}
	if p.plain, p.size, err = p.decrypt(seal, identities); err != nil {
		o.close()
		return nil, err
	}
	return p, nil
}

func (p *Plain) decrypt(seal rogatory.Seal, identities []age.Identity) (io.ReaderAt, int64, error) {
	if p.o.size != seal.SealedSize {
		return nil, 0, rogatory.Fault(rogatory.Damaged, "segment_damaged", "exhibit %s is %d bytes long, its seal says %d", seal.Root.Short(), p.o.size, seal.SealedSize)
	}
	header := seal.SealedSize - payloadSize(seal.Size)
	plain, size, err := age.DecryptReaderAt(&headed{p: p, header: header}, seal.SealedSize, identities...)
	if err != nil {
		return nil, 0, p.fault(err)
	}
	if size != seal.Size {
		return nil, 0, mismatch(seal.Root, "holds %d bytes, its seal says %d", size, seal.Size)
	}
	return plain, size, nil
}

// Size is the length of the evidence in bytes.
func (p *Plain) Size() int64 { return p.size }

// ReadAt implements [io.ReaderAt] over the evidence.
func (p *Plain) ReadAt(b []byte, off int64) (int, error) {
	n, err := p.plain.ReadAt(b, off)
	if err != nil && err != io.EOF {
		return n, p.fault(err)
	}
	return n, err
}

// Close gives back what OpenAt took.
func (p *Plain) Close() error {
	p.o.close()
	return nil
}

func (p *Plain) fault(err error) error {
	if kind := rogatory.KindOf(err); kind != rogatory.Internal {
		return err // of the segment, which was bad before age saw it
	}
	return openFault(context.Background(), err, p.o.root)
}

// sealed reads verified segments.
func (p *Plain) sealed(b []byte, off int64) (int, error) {
	if off < 0 || off >= p.o.size {
		return 0, io.EOF
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	n := 0
	for n < len(b) && off < p.o.size {
		if i := off / SegmentSize; i != p.number {
			if p.segment == nil {
				p.segment = make([]byte, SegmentSize)
			}
			p.number = -1
			segment, err := p.o.segment(i, p.segment[:SegmentSize])
			if err != nil {
				return n, err
			}
			p.segment, p.number = segment, i
		}
		k := copy(b[n:], p.segment[off%SegmentSize:])
		n, off = n+k, off+int64(k)
	}
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// headed is the sealed exhibit as age sees it, which reads a header before it knows how long it is.
type headed struct {
	p      *Plain
	header int64
	once   int64 // how much of the header was read, by one goroutine, before anything else
}

// ReadAt implements [io.ReaderAt].
func (h *headed) ReadAt(b []byte, off int64) (int, error) {
	if off < h.header {
		if h.once += int64(len(b)); h.once > h.header+headerReadAhead {
			return 0, rogatory.Fault(rogatory.Untrusted, "payload_invalid", "the header of exhibit %s is longer than its seal leaves room for", h.p.o.root.Short())
		}
	}
	return h.p.sealed(b, off)
}
