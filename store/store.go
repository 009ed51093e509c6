// SPDX-License-Identifier: Apache-2.0

// Package store keeps what a node must not lose: journal entries with the hashes of their tree,
// checkpoints, requests, messages, the outbox, deadlines, exhibits, and what the node has seen as a
// witness. It runs on SQLite, for one process, and on PostgreSQL, for several replicas; one exam,
// in store/storetest, holds both to the same behaviour.
//
// What it promises. Store.Update is one transaction: all of it is on disk when Update returns nil,
// none of it after an error. Updates take turns, across replicas too, so a closure reads what no
// other can change before its commit. Journal indexes have no holes and follow the order of commits.
// What was signed is stored as the bytes it was. A row that records a delivery or a journal entry
// is never deleted.
//
// What it refuses. A database whose settings could lose an acknowledged commit; a schema that is
// missing, older or newer than this program; a second receipt for one message; an update made from
// an outdated version; the result of work whose lease went to another. Rules of the office are not
// here: the store stores.
//
// What may be true after an error. Nothing of the closure is stored, with one exception: if the
// commit itself fails in a way that leaves its result unknown, Update returns Unavailable
// "commit_failed", the work may or may not be there, and every later Update returns Unavailable
// "store_failed" until the store is opened again. An fsync that failed is never tried again: the
// system may have dropped the very pages it could not write.
//
// Trust. What cases say lies in the database under a key that is not in it (see SealedColumns): who has the database alone
// reads the other columns. Who controls the database can stop the node and destroy its memory. Changed entries,
// leaves and hashes are found when they are read, and history that was already given to witnesses
// cannot be changed unnoticed; a sealed value opens only in its own place, but an earlier one of that place may be put back;
// columns in clear are believed as they are read.
//
// The one process that may use a SQLite store is seen to by the node, with a lock of its own.
package store

import (
	"context"
	"errors"
	"sync"

	"rogatory"
	"rogatory/journal"
)

// Config says where the store lies.
type Config struct {
	// Engine is SQLite or Postgres.
	Engine string
	// Source is the path of the database file, or the connection string of a PostgreSQL database
	// that the node has for itself. There is no default.
	Source string
	// Keys are the secrets under which content lies in the database; at least one, save for Copy.
	Keys Keys
	// Fault, if set, is asked at the points "begin", "closure", "before_commit" and "after_commit"
	// of every group of updates and at "seal" of every batch of Seal and Migrate, and what it returns happens there: a way to
	// rehearse failures.
	// An error at "after_commit" is work that was done and reported as failed. Nil in production.
	Fault func(point string) error
}

// The engines.
const (
	SQLite   = "sqlite"
	Postgres = "postgres"
)

// readers is how many views may run at once. More would only queue at the disk; a view beyond them
// waits for its turn or its context.
const readers = 8

// Store is an open store. Its methods may be called concurrently.
type Store struct {
	engine engine
	fault  func(point string) error

	queue   chan *update  // of those that wait for the committer
	closing chan struct{} // closed by Close
	stopped chan struct{} // closed when the committer has ended
	views   chan *session // idle readers; nil stands for one that is not connected yet
	close   func() error  // once
	writer  *session      // the committer's; nil while not connected
	edge    journal.Edge  // the committer's: right edge as of the last commit
	unsaved int           // the committer's: bytes written since the last SQLite checkpoint
	failed  error         // the committer's: why no update is accepted any more
	grew    bool          // the committer's: the last commit added to the journal

	mu    sync.Mutex
	hooks []func(size int64) // guarded by mu
}

// Create makes an empty store. On SQLite the file must not exist, on PostgreSQL the database must
// have no tables: otherwise Conflict "store_exists". Nothing else in this package makes a store, so
// a mistyped path cannot start a second history.
func Create(ctx context.Context, c Config) error {
	e, err := engineOf(c)
	if err != nil {
		return err
	}
	if err := e.take(c.Keys); err != nil {
		return err
	}
	if err := e.create(ctx); err != nil {
		return err
	}
	err = migrate(ctx, e)
	if err == nil {
		err = e.sealAll(ctx, c.Fault, true)
	}
	if err != nil {
		e.discard()
		return err
	}
	return e.settle()
}

// Migrate brings the schema of an existing store up to that of this program, and seals under the newest key what is in
// clear from before there was one. It does nothing if it is there already, and refuses what Open refuses, save for an older
// schema and for content in clear. Of several replicas that migrate at once, one does and the others wait. It may be broken
// off and called again.
func Migrate(ctx context.Context, c Config) error {
	e, err := engineOf(c)
	if err != nil {
		return err
	}
	have, want, err := versions(ctx, e)
	if err != nil {
		return err
	}
	if have > want {
		return newer(have, want)
	}
	if err := e.take(c.Keys); err != nil {
		return err
	}
	if err := migrate(ctx, e); err != nil {
		return err
	}
	return e.sealAll(ctx, c.Fault, true)
}

// Open opens a store that Create made. It returns NotFound "store_missing" if there is none,
// Conflict "store_schema" if the schema is not the one that this program knows, Invalid
// "store_settings" if the database could lose an acknowledged commit, and Damaged "journal_damaged"
// if the journal's hashes do not lead to its recorded root. Of the keys it says Unavailable "database_key_missing" if the
// newest is not there, Conflict "database_key_wrong" if it is another one, and Conflict "database_in_clear" if the store is
// not sealed at all.
func Open(ctx context.Context, c Config) (*Store, error) {
	e, err := existing(ctx, c)
	if err != nil {
		return nil, err
	}
	s := &Store{
		engine:  e,
		fault:   c.Fault,
		queue:   make(chan *update, maxGroup),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
		views:   make(chan *session, readers),
	}
	if s.fault == nil {
		s.fault = func(string) error { return nil }
	}
	for range readers {
		s.views <- nil
	}
	if s.writer, err = e.connect(ctx, true); err != nil {
		return nil, err
	}
	err = s.View(ctx, func(tx *Tx) error {
		sealed, err := tx.sealing()
		if err == nil && sealed.clear {
			err = inClear()
		}
		if err != nil {
			return err
		}
		s.engine.indexKey = sealed.key
		s.edge, err = tx.readEdge()
		return err
	})
	if err != nil {
		return nil, errors.Join(err, s.shut())
	}
	s.close = sync.OnceValue(func() error {
		close(s.closing)
		<-s.stopped
		return s.shut()
	})
	go s.commit()
	return s, nil
}

// existing is the engine of a store that is there with the schema of this program, with its keys.
func existing(ctx context.Context, c Config) (engine, error) {
	e, err := engineOf(c)
	if err != nil {
		return e, err
	}
	have, want, err := versions(ctx, e)
	switch {
	case err != nil:
		return e, err
	case have > want:
		return e, newer(have, want)
	case have < want:
		return e, rogatory.Fault(rogatory.Conflict, "store_schema", "open store: its schema is version %d, this program needs %d", have, want).
			WithHint("back the store up, then migrate it")
	}
	return e, e.take(c.Keys)
}

// Close waits for the group of updates that is being written and for views, and closes the store.
// Updates that had not begun return Unavailable "store_closed".
func (s *Store) Close() error { return s.close() }

// shut closes all sessions, once no update is running.
func (s *Store) shut() error {
	var errs []error
	for range readers {
		if r := <-s.views; r != nil {
			errs = append(errs, r.close())
		}
	}
	if s.writer != nil { // last, so that SQLite folds its write-ahead log into the file
		errs = append(errs, s.writer.close())
	}
	return errors.Join(errs...)
}

// OnCommit has f called after each commit that added to the journal, with the journal's size as of
// that commit, before the next group of updates begins. f must return at once and must not call
// Update; a wake-up without a payload is the usual thing. Commits of other replicas do not call it.
func (s *Store) OnCommit(f func(size int64)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hooks = append(s.hooks, f)
}

// View gives f a snapshot of the store to read. It never waits for updates. Writing through tx is
// an error. f's error is returned as it is.
//
// Keep it short: on SQLite a long view keeps the write-ahead log from being reused.
func (s *Store) View(ctx context.Context, f func(tx *Tx) error) error {
	var r *session
	select {
	case r = <-s.views:
	case <-s.closing:
		return errClosed()
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { s.views <- r }()
	select {
	case <-s.closing: // look again, or a reader that comes late is served by chance
		return errClosed()
	default:
	}
	var err error
	if r == nil {
		if r, err = s.engine.connect(ctx, false); err != nil {
			r = nil
			return err
		}
	}
	tx := &Tx{ctx: ctx, session: r, engine: s.engine}
	if err := r.run(ctx, s.engine.beginView); err != nil {
		fault, _ := s.engine.diagnose(err)
		r.close()
		r = nil
		return fault
	}
	defer func() { // also if f panics
		tx.over = true
		// Not with ctx: if it has ended, the session must still be fit for the next view.
		if r.run(context.WithoutCancel(ctx), "ROLLBACK") != nil {
			r.close()
			r = nil
		}
	}()
	if err = f(tx); err == nil {
		err = tx.err
	}
	return err
}

func errClosed() error {
	return rogatory.Fault(rogatory.Unavailable, "store_closed", "the store is closed")
}
