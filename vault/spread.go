// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"context"
	"fmt"
	"hash"
	"io"
	"sync/atomic"

	"golang.org/x/sync/errgroup"
)

// Sealing and opening are both a source and two sinks. SHA-512 alone takes about 40 % of all the
// work, so it is a sink of its own; the source takes SHA-256, and the ciphertext is hashed where
// it is made or read, each on bytes that are still in the processor's cache. The lanes are about
// equal, so two cores are kept busy. The blocks go round, so memory stays as it is.

const (
	// blockSize is small enough for a block to stay in the processor's cache while it is
	// worked on, and large enough that handing it on costs nothing.
	blockSize = 256 << 10
	// queueBlocks (8 MiB) and readSegments (8 MiB) let a fast stage run ahead of a slow one while the
	// operating system has given its core to somebody else.
	queueBlocks  = 32
	readSegments = 8
	// queueSegments (32 MiB) let the hashes run on while the disk takes nothing: a sync of
	// earlySyncBytes keeps it busy for some 50 ms, in which two cores seal 25 MiB.
	queueSegments = 32
)

// stock is a source of free buffers, of which there are a fixed number; nil is one not made yet. It
// is taken from in halves: whoever has used up one half waits until there is another, and then
// works on for a while, instead of being put to sleep and woken for every single buffer.
type stock[T any] struct {
	free chan T
	hand []T
}

func newStock[T any](count int) *stock[T] {
	s := &stock[T]{free: make(chan T, count)}
	var none T
	for range count {
		s.free <- none
	}
	return s
}

// take returns a free buffer. It is for one goroutine, which puts nothing back before it is used
// up; put never blocks, and is for all.
func (s *stock[T]) take(ctx context.Context) (item T, err error) {
	if len(s.hand) == 0 {
		for range cap(s.free) / 2 {
			one, _, err := receive(ctx, s.free)
			if err != nil {
				return item, err
			}
			s.hand = append(s.hand, one)
		}
	}
	top := len(s.hand) - 1
	item, s.hand = s.hand[top], s.hand[:top]
	return item, nil
}

func (s *stock[T]) put(item T) { s.free <- item }

// block is a piece of the source on its way through the sinks.
type block struct {
	data    [blockSize]byte
	n       int
	readers atomic.Int32 // sinks that still need it
}

// sink takes all blocks in order: open once before the first, close once after the last. Neither
// is called after an error, and both may be nil.
type sink struct {
	open  func() error
	write func([]byte) error
	close func() error
}

func hashInto(h hash.Hash) func([]byte) error {
	return func(p []byte) error {
		h.Write(p)
		return nil
	}
}

// spread starts the goroutines that feed the sinks. source fills as much of p as it can and
// returns io.EOF with or after the last bytes.
func spread(ctx context.Context, group *errgroup.Group, source func(p []byte) (int, error), sinks ...sink) {
	free := newStock[*block](queueBlocks)
	queues := make([]chan *block, len(sinks))
	for i, s := range sinks {
		queue := make(chan *block, queueBlocks)
		queues[i] = queue
		group.Go(func() error {
			if s.open != nil {
				if err := s.open(); err != nil {
					return err
				}
			}
			for {
				b, ok, err := receive(ctx, queue)
				if err != nil {
					return err
				}
				if !ok {
					break
				}
				if err := s.write(b.data[:b.n]); err != nil {
					return err
				}
				if b.readers.Add(-1) == 0 {
					free.put(b)
				}
			}
			if s.close != nil {
				return s.close()
			}
			return nil
		})
	}
	group.Go(func() error {
		for {
			b, err := free.take(ctx)
			if err != nil {
				return err
			}
			if b == nil {
				b = new(block)
			}
			n, err := source(b.data[:])
			if err != nil && err != io.EOF {
				return err
			}
			if n > 0 {
				b.n = n
				b.readers.Store(int32(len(sinks)))
				for _, queue := range queues {
					queue <- b // never blocks: there are no more blocks than room
				}
			}
			if err == io.EOF {
				for _, queue := range queues {
					close(queue)
				}
				return nil
			}
		}
	})
}

// receive takes the next item of a queue. ok is false when the queue was closed, and with an
// error when ctx ended.
func receive[T any](ctx context.Context, queue <-chan T) (item T, ok bool, err error) {
	select {
	case <-ctx.Done(): // looked at first, or a full queue would be worked off after the end
		return item, false, stopped(ctx)
	default:
	}
	select {
	case item, ok = <-queue:
		return item, ok, nil
	case <-ctx.Done():
		return item, false, stopped(ctx)
	}
}

func stopped(ctx context.Context) error { return fmt.Errorf("stopped: %w", context.Cause(ctx)) }

// maxEmptyReads is how often in a row a reader may return neither bytes nor an error.
const maxEmptyReads = 100

// fill reads until p is full and returns io.EOF at the end of r. Unlike io.ReadFull it keeps
// io.ErrUnexpectedEOF, by which a connection says that it broke, apart from a regular end.
func fill(r io.Reader, p []byte) (int, error) {
	n, empty := 0, 0
	for n < len(p) {
		m, err := r.Read(p[n:])
		n += m
		if err != nil {
			return n, err
		}
		if m > 0 {
			empty = 0
		} else if empty++; empty == maxEmptyReads {
			return n, io.ErrNoProgress
		}
	}
	return n, nil
}
