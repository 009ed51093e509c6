// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bufio"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"io"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"rogatory"
)

const (
	// SegmentSize is the length in bytes of every segment of a sealed exhibit but the last, which
	// may be shorter. At 1 MiB a flipped bit on the line costs a second or less to mend, and
	// the tree is 0.003 % of the exhibit.
	SegmentSize = 1 << 20

	// MaxSegments is 16 TiB: more than any disk image seized today, and little enough that every
	// table about an exhibit (its transfer's bitmap: 2 MiB) fits in memory.
	MaxSegments = 1 << 24

	// MaxSealedSize is the largest sealed exhibit in bytes.
	MaxSealedSize = MaxSegments * SegmentSize

	// MaxRecipients bounds the keys that can open one exhibit: an authority, its oversight and
	// some successors. Each costs about 1.6 kB of header.
	MaxRecipients = 32

	// An age file is a header, a nonce of 16 bytes, and chunks of 64 KiB with a tag of 16 bytes
	// each; evidence of no bytes has one empty chunk (age-encryption.org/v1).
	chunkSize = 64 << 10
	chunkTag  = 16
	// The smallest header that names anybody, and the nonce, are longer than this.
	minOverhead = 100
	// maxOverhead is the header of MaxRecipients, rounded up. It bounds what a hostile
	// sender can make the opening side hold in memory.
	maxOverhead = MaxRecipients * 2048
)

// Validate refuses a seal whose figures contradict each other, or go beyond the limits of this
// package, with an error of kind Invalid and code "seal_invalid". It cannot tell whether the
// digests are true.
func Validate(seal rogatory.Seal) error {
	refuse := func(format string, args ...any) error {
		return rogatory.Fault(rogatory.Invalid, "seal_invalid", "seal of exhibit %s: %s", seal.Root.Short(), fmt.Sprintf(format, args...))
	}
	switch {
	case seal.SegmentSize != SegmentSize:
		return refuse("segments of %d bytes, %d wanted", seal.SegmentSize, SegmentSize)
	case seal.Size < 0:
		return refuse("size of %d bytes", seal.Size)
	case seal.SealedSize <= 0 || seal.SealedSize > MaxSealedSize:
		return refuse("sealed size of %d bytes is not between 1 and %d", seal.SealedSize, int64(MaxSealedSize))
	case seal.Size >= seal.SealedSize:
		return refuse("%d bytes cannot hold %d bytes of evidence", seal.SealedSize, seal.Size)
	case seal.Root.IsZero() || seal.SHA256.IsZero() || seal.SHA512 == rogatory.LongDigest{}:
		return refuse("a digest is not set")
	}
	if overhead := seal.SealedSize - payloadSize(seal.Size); overhead < minOverhead || overhead > maxOverhead {
		return refuse("%d bytes of evidence leave %d bytes for the header, %d to %d wanted", seal.Size, overhead, minOverhead, maxOverhead)
	}
	return nil
}

// payloadSize returns the length of size bytes once encrypted, without header and nonce.
func payloadSize(size int64) int64 {
	return size + max(1, (size+chunkSize-1)/chunkSize)*chunkTag
}

// Seal encrypts src to dst and returns the seal. The leaf hashes go to tree, 32 bytes for each
// segment, unless it is nil. It is the pass that Deposit makes, for evidence that goes elsewhere
// than into a vault; dst gets whole segments, in order, and nothing is synced.
//
// All stages work at the same time. Progress and cancelling are as with Deposit; an error of src
// is wrapped under the code "source_failed". After an error dst holds an incomplete age file, which
// age refuses.
func Seal(ctx context.Context, dst, tree io.Writer, src io.Reader, recipients []age.Recipient, progress func(bytes int64)) (rogatory.Seal, error) {
	var none rogatory.Seal
	if err := checkRecipients(recipients); err != nil {
		return none, err
	}
	if tree == nil {
		tree = io.Discard
	}
	leaves := bufio.NewWriterSize(tree, groupLeaves*leafSize)

	group, ctx := errgroup.WithContext(ctx)
	out := newSegmenter(ctx, group, dst, leaves)
	short, long := sha256.New(), sha512.New()
	var size int64
	var encrypted io.WriteCloser
	source := func(p []byte) (int, error) {
		n, err := fill(src, p)
		if err != nil && err != io.EOF {
			return 0, rogatory.Fault(rogatory.Unavailable, "source_failed", "read the evidence after %d bytes: %w", size, err)
		}
		size += int64(n)
		short.Write(p[:n])
		if progress != nil {
			progress(size)
		}
		return n, err
	}
	spread(ctx, group, source,
		sink{write: hashInto(long)},
		sink{
			open: func() (err error) {
				if encrypted, err = age.Encrypt(out, recipients...); err != nil {
					return fmt.Errorf("encrypt the evidence: %w", err)
				}
				return nil
			},
			write: func(p []byte) error {
				_, err := encrypted.Write(p)
				return err
			},
			close: func() error {
				if err := encrypted.Close(); err != nil {
					return err
				}
				return out.close()
			},
		})
	if err := group.Wait(); err != nil {
		return none, err
	}
	if err := leaves.Flush(); err != nil {
		return none, diskFault(err, "write the tree of the sealed evidence")
	}
	seal := rogatory.Seal{
		Size:        size,
		SealedSize:  out.size,
		SegmentSize: SegmentSize,
		Root:        out.climb.root(),
	}
	short.Sum(seal.SHA256[:0])
	long.Sum(seal.SHA512[:0])
	if err := Validate(seal); err != nil {
		return none, fmt.Errorf("check the seal just made: %w", err)
	}
	return seal, nil
}

// segmenter takes the age file in pieces, hashes them, cuts them into segments, and writes these
// on a goroutine of its own.
type segmenter struct {
	ctx    context.Context
	free   *stock[[]byte]
	full   chan []byte
	filled []byte // the segment being filled, nil for none
	size   int64
	hasher leafHasher
	climb  climber
	leaves io.Writer
}

func newSegmenter(ctx context.Context, group *errgroup.Group, dst, leaves io.Writer) *segmenter {
	s := &segmenter{
		ctx:    ctx,
		free:   newStock[[]byte](queueSegments),
		full:   make(chan []byte, queueSegments),
		hasher: newLeafHasher(),
		leaves: leaves,
	}
	group.Go(func() error {
		for i := 0; ; i++ {
			segment, ok, err := receive(ctx, s.full)
			if !ok {
				return err
			}
			if _, err := dst.Write(segment); err != nil {
				return diskFault(err, "write segment %d of the sealed evidence", i)
			}
			s.free.put(segment[:0])
		}
	})
	return s
}

func (s *segmenter) Write(p []byte) (int, error) {
	total := len(p)
	if s.size += int64(total); s.size > MaxSealedSize {
		return 0, rogatory.Fault(rogatory.Invalid, "evidence_too_large", "seal more than %d bytes as one exhibit", int64(MaxSealedSize))
	}
	for len(p) > 0 {
		if s.filled == nil {
			segment, err := s.free.take(s.ctx)
			if err != nil {
				return 0, err
			}
			if segment == nil {
				segment = make([]byte, 0, SegmentSize)
			}
			s.filled = segment
		}
		n := min(SegmentSize-len(s.filled), len(p))
		if len(s.filled) == 0 {
			s.hasher.begin()
		}
		s.hasher.sha.Write(p[:n]) // piece by piece, while it is in the processor's cache
		s.filled = append(s.filled, p[:n]...)
		p = p[n:]
		if len(s.filled) == SegmentSize {
			if err := s.pass(); err != nil {
				return 0, err
			}
		}
	}
	return total, nil
}

// pass hands on the segment being filled.
func (s *segmenter) pass() error {
	leaf := s.hasher.end()
	s.climb.add(leaf)
	if _, err := s.leaves.Write(leaf[:]); err != nil {
		return diskFault(err, "write the tree of the sealed evidence")
	}
	s.full <- s.filled // never blocks: there are no more segments than room
	s.filled = nil
	return nil
}

// close hands on the last segment.
func (s *segmenter) close() error {
	if s.filled != nil {
		if err := s.pass(); err != nil {
			return err
		}
	}
	close(s.full)
	return nil
}
