// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"

	"rogatory"
	"rogatory/clock"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
	"rogatory/store/storetest"
)

const origin = "journal.xa.rogatory"

var morning = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

type scene struct {
	*ledger.Ledger
	t     *testing.T
	store *store.Store
	time  *clock.Manual
	key   journal.Verifier
	salts int
}

// Read counts the salts that are drawn.
func (s *scene) Read(b []byte) (int, error) {
	s.salts++
	return rand.Read(b)
}

func newScene(t *testing.T) *scene { t.Helper(); return sceneWith(t, nil) }

// newGated is a scene with a gate, which is open.
func newGated(t *testing.T) *scene {
	t.Helper()
	g := ledger.NewGate(rogatory.At(morning))
	g.Set(ledger.Standing{State: ledger.Open})
	return sceneWith(t, g)
}

func sceneWith(t *testing.T, gate *ledger.Gate) *scene {
	t.Helper()
	s := &scene{t: t, time: clock.NewManual(morning)}
	c := store.Config{Engine: store.SQLite, Source: filepath.Join(t.TempDir(), "journal.db"), Keys: storetest.Keys()}
	s.ok(store.Create(t.Context(), c))
	var err error
	s.store, err = store.Open(t.Context(), c)
	s.ok(err)
	t.Cleanup(func() { _ = s.store.Close() })
	secret, public, err := note.GenerateKey(rand.Reader, origin)
	s.ok(err)
	signer, err := journal.NewSigner(secret)
	s.ok(err)
	s.key, err = journal.NewVerifier(public)
	s.ok(err)
	s.Ledger = ledger.New(ledger.Config{Store: s.store, Origin: origin, Signer: signer, Clock: s.time, Random: s, Gate: gate})
	return s
}

func (s *scene) ok(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func entry(why string) rogatory.Entry {
	return rogatory.Entry{Type: rogatory.NodeStarted, At: rogatory.At(morning), By: rogatory.Actor{Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}, Why: why}
}

func (s *scene) record(why string) (index int64) {
	s.t.Helper()
	s.ok(s.store.Update(s.t.Context(), func(tx *store.Tx) (err error) {
		index, err = s.Record(tx, entry(why))
		return err
	}))
	return index
}

func (s *scene) verify(proof []byte, why string, size int64) {
	s.t.Helper()
	p, err := journal.ParseProof(proof)
	s.ok(err)
	salt, body, err := journal.Opening(p.Extra)
	s.ok(err)
	cp, err := p.Verify(journal.LeafHash(journal.Commit(salt, body)), origin, s.key)
	s.ok(err)
	var e rogatory.Entry
	s.ok(json.Unmarshal(body, &e))
	if e.Why != why || cp.Size != size {
		s.t.Fatalf("the proof opens %q in a tree of %d, want %q in %d", e.Why, cp.Size, why, size)
	}
}

func TestEveryEntryIsProved(t *testing.T) {
	s := newScene(t)
	words := []string{"one", "two", "three", "four", "five"}
	for i, w := range words {
		if index := s.record(w); index != int64(i) {
			t.Fatalf("entry %d got index %d", i, index)
		}
		for j := range i + 1 { // also the earlier ones, against the larger tree
			proof, err := s.Prove(t.Context(), int64(j))
			s.ok(err)
			s.verify(proof, words[j], int64(i)+1)
		}
	}
	if s.salts != len(words) {
		t.Errorf("%d salts for %d entries", s.salts, len(words))
	}
	if proof, err := s.Prove(t.Context(), 5); err == nil || proof != nil {
		t.Error("an entry was proved that does not exist")
	}
}

// What was not committed does not exist: no index, no proof, no checkpoint.
func TestNothingIsSignedBeforeItIsCommitted(t *testing.T) {
	s := newScene(t)
	s.record("one")
	change := errors.New("the officer changed her mind")
	err := s.store.Update(t.Context(), func(tx *store.Tx) error {
		if _, err := s.Record(tx, entry("never")); err != nil {
			return err
		}
		return change
	})
	if !errors.Is(err, change) {
		t.Fatal(err)
	}
	cp, err := s.Publish(t.Context())
	s.ok(err)
	if cp.Size != 1 {
		t.Errorf("a checkpoint of %d entries", cp.Size)
	}
	if _, err := s.Prove(t.Context(), 1); err == nil {
		t.Error("the undone entry is proved")
	}
	if index := s.record("two"); index != 1 {
		t.Errorf("after the undone entry comes index %d", index)
	}
}

func TestPublishing(t *testing.T) {
	s := newScene(t)
	if _, err := s.Latest(t.Context()); !errors.Is(err, journal.ErrUnpublished) {
		t.Errorf("before the first checkpoint: %v", err)
	}
	s.record("one")
	first, err := s.Publish(t.Context())
	s.ok(err)
	again, err := s.Publish(t.Context())
	s.ok(err)
	if !bytes.Equal(first.Note, again.Note) || first.Size != 1 {
		t.Error("the same tree was published twice")
	}
	s.record("two")
	if _, _, err := s.ProvePublished(t.Context(), 1); rogatory.CodeOf(err) != "not_published" {
		t.Errorf("an entry that is not published: %v", err)
	}
	proof, cp, err := s.ProvePublished(t.Context(), 0)
	s.ok(err)
	s.verify(proof, "one", 1)
	if !bytes.Equal(cp.Note, first.Note) {
		t.Error("the proof is against another checkpoint than the published one")
	}
	second, err := s.Publish(t.Context())
	s.ok(err)
	served, err := s.Checkpoint(t.Context())
	s.ok(err)
	if second.Size != 2 || !bytes.Equal(served, second.Note) {
		t.Errorf("a checkpoint of %d is served", second.Size)
	}
	opened, err := journal.OpenCheckpoint(served, origin, s.key)
	s.ok(err)
	if opened.Size != 2 || opened.Origin != origin {
		t.Errorf("served: %+v", opened)
	}
}

func TestStampIsOverWhatDoesNotChange(t *testing.T) {
	s := newScene(t)
	s.record("one")
	cp, err := s.Publish(t.Context())
	s.ok(err)
	text, err := ledger.StampedText(cp.Note)
	s.ok(err)
	want := sha256.Sum256(text)
	asked := 0
	stamp := func(_ context.Context, digest []byte) ([]byte, time.Time, error) {
		asked++
		if !bytes.Equal(digest, want[:]) {
			t.Errorf("stamped is %x, want %x", digest, want)
		}
		return []byte("token"), morning, nil
	}
	down := errors.New("the authority is down")
	err = s.Stamp(t.Context(), cp, func(context.Context, []byte) ([]byte, time.Time, error) { return nil, time.Time{}, down })
	if !errors.Is(err, down) {
		t.Errorf("an authority that is down: %v", err)
	}
	s.ok(s.Stamp(t.Context(), cp, stamp))
	cp, err = s.Latest(t.Context())
	s.ok(err)
	s.ok(s.Stamp(t.Context(), cp, stamp)) // it has one
	if asked != 1 || string(cp.Stamp) != "token" || cp.StampedAt != rogatory.At(morning) {
		t.Errorf("asked %d times, stamp %q of %s", asked, cp.Stamp, cp.StampedAt)
	}
	if !bytes.Contains(text, []byte(origin+"\n1\n")) || bytes.Contains(text, []byte("—")) {
		t.Errorf("the stamped text is %q", text)
	}
	if _, err := ledger.StampedText([]byte("no signature")); rogatory.CodeOf(err) != "checkpoint_malformed" {
		t.Errorf("text without a signature: %v", err)
	}
}

// A witness remembers what it saw, in its own store, and keeps the proof when a journal has two histories.
func TestMemoryOfAWitness(t *testing.T) {
	s := newScene(t)
	m := ledger.Memory{Store: s.store, Clock: s.time}
	update := func(f func(journal.Seen, bool) (journal.Seen, error)) error {
		return m.Update(t.Context(), "journal.xb.rogatory", f)
	}
	s.ok(update(func(seen journal.Seen, found bool) (journal.Seen, error) {
		if found {
			t.Errorf("a new witness remembers %+v", seen)
		}
		return journal.Seen{Size: 7, Root: journal.Hash{1}, Note: []byte("seven")}, nil
	}))
	refusal := errors.New("smaller than before")
	if err := update(func(seen journal.Seen, found bool) (journal.Seen, error) {
		return journal.Seen{Size: 1}, refusal
	}); !errors.Is(err, refusal) {
		t.Error(err)
	}
	s.ok(update(func(seen journal.Seen, found bool) (journal.Seen, error) {
		if !found || seen.Size != 7 || seen.Root != (journal.Hash{1}) || string(seen.Note) != "seven" {
			t.Errorf("remembered: %+v", seen)
		}
		return seen, nil
	}))
	fork := journal.Fork{Origin: "journal.xb.rogatory", Seen: []byte("one"), Offered: []byte("another")}
	s.ok(m.Conflict(t.Context(), fork))
	s.ok(m.Conflict(t.Context(), fork))
	s.ok(s.store.View(t.Context(), func(tx *store.Tx) error {
		forks, err := tx.Forks()
		if err == nil && (len(forks) != 1 || string(forks[0].Offered) != "another") {
			t.Errorf("kept: %+v", forks)
		}
		return err
	}))
}
