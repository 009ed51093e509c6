// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"sync/atomic"

	"rogatory"
	"rogatory/journal"
)

// maxGroup bounds the updates of one transaction, and of the queue before it: beyond some hundred
// the cost of the fsync per update no longer matters, and the first in the group waits for the last.
const maxGroup = 256

// maxGroupBytes bounds what a group writes. It is about 20 ms of work on two old cores, so that an
// officer's click does not wait behind a long import.
const maxGroupBytes = 1 << 20

// maxTries bounds how often a group is run. Conflicts between transactions are rare, as writers take
// turns; what fails this often will not be cured by haste.
const maxTries = 5

// checkpointBytes is how much is written before SQLite's write-ahead log is folded into the file:
// some thousand pages, as SQLite does by itself.
const checkpointBytes = 2 << 20

// update is one call of Update.
type update struct {
	f       func(tx *Tx) error
	claimed atomic.Bool // by the committer, or by the caller who gave up; the first one wins
	turn    chan *Tx    // from the committer: run now
	done    chan error  // to the committer: this is how it went
	result  chan error  // from the committer: the answer
	err     error       // the committer's: the closure's own error
	left    bool        // the committer's: the caller panicked, or gave up in time
}

// errLeft stands for a closure that did not return.
var errLeft = errors.New("the closure did not return")

// Update runs f in a transaction and returns nil once it is on disk.
//
// Closures of concurrent callers share a transaction and its fsync. They run one after the other,
// each in its caller's goroutine; one that fails is undone by itself, and its error goes to its
// caller alone. If f panics, its work is undone and the panic takes its course.
//
// f may be run again, so it must have no effect but through tx, and it must neither wait for
// anything nor call Update. If ctx ends before f was begun, f is not run; after that ctx has no
// effect, because half a group cannot be called back.
//
// Busy "disk_full" and "store_busy", and Unavailable "store_unavailable", mean that nothing was
// stored. For "commit_failed" and "store_failed" see the package comment.
func (s *Store) Update(ctx context.Context, f func(tx *Tx) error) error {
	u := &update{f: f, turn: make(chan *Tx), done: make(chan error, 1), result: make(chan error, 1)}
	select {
	case <-s.closing:
		return errClosed()
	default:
	}
	select {
	case s.queue <- u:
	case <-s.closing:
		return errClosed()
	case <-ctx.Done():
		return ctx.Err()
	}
	cancelled := ctx.Done()
	for {
		select {
		case tx := <-u.turn:
			u.run(tx)
		case err := <-u.result:
			return err
		case <-cancelled:
			if u.claimed.CompareAndSwap(false, true) {
				return ctx.Err()
			}
			cancelled = nil
		case <-s.stopped:
			if u.claimed.CompareAndSwap(false, true) {
				return errClosed()
			}
			return <-u.result // given before the committer stopped
		}
	}
}

// run runs the closure and tells the committer, also if it panics or ends its goroutine.
func (u *update) run(tx *Tx) {
	err := errLeft
	defer func() { u.done <- err }()
	err = u.f(tx)
}

// commit is the committer: the one goroutine that writes.
func (s *Store) commit() {
	defer close(s.stopped)
	for {
		select {
		case u := <-s.queue:
			if u.claimed.CompareAndSwap(false, true) {
				s.group(u)
			}
		case <-s.closing:
			return // those in the queue see stopped
		}
	}
}

// next returns an update that is waiting, nil if there is none.
func (s *Store) next() *update {
	for {
		select {
		case u := <-s.queue:
			if u.claimed.CompareAndSwap(false, true) {
				return u
			}
		default:
			return nil
		}
	}
}

// group writes a group of updates, beginning with first, and answers them all.
func (s *Store) group(first *update) {
	ctx, cancel := s.engine.patience()
	defer cancel()
	s.grew = false
	members := []*update{first}
	var err error
	if s.failed != nil {
		err = rogatory.Fault(rogatory.Unavailable, "store_failed", "the store stopped after a failure and must be opened again: %w", s.failed)
	} else {
		for try := 1; ; try++ {
			var again bool
			if members, again, err = s.attempt(ctx, members, try == 1); !again || try == maxTries {
				break
			}
		}
	}
	for _, u := range members {
		if err != nil {
			u.err = err
		}
		u.result <- u.err // has room, also if nobody is there any more
	}
	if err == nil && s.grew {
		s.mu.Lock()
		hooks := s.hooks
		s.mu.Unlock()
		for _, f := range hooks {
			f(s.edge.Size())
		}
	}
	s.checkpoint(ctx)
}

// attempt runs the members and, if grow, those that come meanwhile, in one transaction. It returns
// all that took part; each has its own error, and err concerns all. If again, nothing was stored
// and another attempt may succeed.
func (s *Store) attempt(ctx context.Context, members []*update, grow bool) (all []*update, again bool, err error) {
	var (
		open      bool // a transaction is open
		kept      int  // closures in it that succeeded
		savepoint bool // it lies after all that was kept
		written   int  // bytes
		edge      journal.Edge
	)
	abandon := func(err error, r reach) ([]*update, bool, error) {
		if open {
			s.rollback(ctx)
		}
		if r == wholeStore {
			s.failed = err
		}
		return members, r == oneMore, err
	}
	for i := 0; ; i++ {
		if i == len(members) {
			if !grow || i >= maxGroup || written >= maxGroupBytes {
				break
			}
			u := s.next()
			if u == nil {
				break
			}
			members = append(members, u)
		}
		u := members[i]
		if u.left {
			continue
		}
		if !open {
			if edge, err = s.start(ctx); err != nil {
				fault, r := s.engine.diagnose(err)
				open = true // perhaps
				return abandon(fault, r)
			}
			open = true
		}
		// The first closure needs no savepoint: if it fails, there is nothing else to keep. The second
		// sets one, which moves on when its closure is kept.
		if kept > 0 && !savepoint {
			move := "SAVEPOINT turn"
			if kept > 1 {
				move = "RELEASE SAVEPOINT turn; SAVEPOINT turn"
			}
			if err := s.writer.run(ctx, move); err != nil {
				fault, r := s.engine.diagnose(err)
				return abandon(fault, max(r, wholeGroup))
			}
			savepoint = true
		}
		tx := &Tx{ctx: ctx, session: s.writer, engine: s.engine, write: true, edge: edge}
		if u.err = s.point("closure"); u.err == nil {
			u.turn <- tx
			u.err = <-u.done
			tx.over = true
			u.left = u.err == errLeft
		}
		written += tx.written
		if tx.err != nil {
			// Even if the closure made light of it: PostgreSQL would not let the transaction go on.
			if u.err == nil {
				u.err = tx.err
			}
			if tx.reach != oneClosure {
				return abandon(tx.err, tx.reach)
			}
		}
		switch {
		case u.err == nil:
			edge = tx.edge
			kept++
			savepoint = false
		case kept == 0:
			s.rollback(ctx)
			open = false
		default:
			if err := s.writer.run(ctx, "ROLLBACK TO SAVEPOINT turn"); err != nil {
				fault, r := s.engine.diagnose(err)
				return abandon(fault, max(r, wholeGroup))
			}
		}
	}
	if kept == 0 {
		return members, false, nil
	}
	if err := s.point("before_commit"); err != nil {
		return abandon(commitFailed(err), wholeGroup)
	}
	if edge.Size() != s.edge.Size() {
		if err := s.saveState(ctx, edge); err != nil {
			fault, r := s.engine.diagnose(err)
			return abandon(fault, max(r, wholeGroup))
		}
	}
	if !s.writer.whole() {
		return abandon(commitFailed(errors.New("the transaction had failed unnoticed")), wholeGroup)
	}
	if err := s.writer.run(ctx, "COMMIT"); err != nil {
		if s.engine.undecided(err) {
			return abandon(commitFailed(err), wholeStore)
		}
		fault, r := s.engine.diagnose(err)
		return abandon(fault, max(r, wholeGroup))
	}
	open = false
	if err := s.point("after_commit"); err != nil {
		return abandon(commitFailed(err), wholeStore)
	}
	s.grew = edge.Size() != s.edge.Size()
	s.edge = edge
	s.unsaved += written
	return members, false, nil
}

// start begins a transaction and returns the right edge of the journal in it. Other replicas wait
// from here on.
func (s *Store) start(ctx context.Context) (journal.Edge, error) {
	if err := s.point("begin"); err != nil {
		return journal.Edge{}, err
	}
	if s.writer == nil {
		w, err := s.engine.connect(ctx, true)
		if err != nil {
			return journal.Edge{}, err
		}
		s.writer = w
	}
	if err := s.writer.run(ctx, s.engine.begin); err != nil {
		return journal.Edge{}, err
	}
	tx := &Tx{ctx: ctx, session: s.writer, engine: s.engine}
	size, root, err := tx.state(s.engine.state)
	if err != nil {
		return journal.Edge{}, err
	}
	if s.edge.Size() != size || s.edge.Root() != root { // another replica wrote
		s.edge, err = tx.readEdge()
	}
	return s.edge, err
}

// saveState records the new size and root of the journal, provided that they follow on those with
// which the transaction began.
func (s *Store) saveState(ctx context.Context, edge journal.Edge) error {
	tx := &Tx{ctx: ctx, session: s.writer, engine: s.engine, write: true}
	root := edge.Root()
	n, err := tx.exec("UPDATE journal_state SET size = $1, root = $2 WHERE id = 1 AND size = $3", edge.Size(), root[:], s.edge.Size())
	if err == nil && n != 1 {
		err = rogatory.Fault(rogatory.Damaged, "journal_damaged", "the journal is not of size %d any more, though no other could write", s.edge.Size())
	}
	return err
}

// rollback undoes the open transaction. A session that cannot do so is given up, and the database
// undoes the transaction when the connection ends.
func (s *Store) rollback(ctx context.Context) {
	if s.writer != nil && s.writer.run(ctx, "ROLLBACK") != nil {
		s.writer.close()
		s.writer = nil
	}
}

// point asks for a rehearsed failure.
func (s *Store) point(name string) error {
	if err := s.fault(name); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "store_unavailable", "update store: at %s: %w", name, err)
	}
	return nil
}

// checkpoint folds SQLite's write-ahead log into the file, as far as no view needs it. A full disk
// or a long view only postpones it; a failing disk ends the writing.
func (s *Store) checkpoint(ctx context.Context) {
	if s.engine.name != SQLite || s.unsaved < checkpointBytes || s.writer == nil || s.failed != nil {
		return
	}
	s.unsaved = 0
	if err := s.writer.run(ctx, "PRAGMA wal_checkpoint(PASSIVE)"); err != nil {
		if fault, r := s.engine.diagnose(err); r == wholeStore {
			s.failed = fault
		}
	}
}

func commitFailed(err error) error {
	return rogatory.Fault(rogatory.Unavailable, "commit_failed", "the commit failed: %w", err)
}
