// SPDX-License-Identifier: Apache-2.0

// Package storetest is the exam that every engine of package store has to pass, and the means to
// run PostgreSQL in a test.
//
// It promises that what it checks holds on the store it was given, and nothing about power loss or
// a killed process: those belong to the engine's own tests. After a failure the store given may
// hold anything.
package storetest

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
)

// New creates and opens a store that is closed at the end of t.
func New(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	if err := store.Create(context.Background(), c); err != nil {
		t.Fatal(err)
	}
	return Open(t, c)
}

// Open opens a store that is closed at the end of t.
func Open(t testing.TB, c store.Config) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close store: %v", err)
		}
	})
	return s
}

// Exercise runs the exam. open returns a new, empty store each time.
func Exercise(t *testing.T, open func(t *testing.T) *store.Store) {
	for _, story := range []struct {
		name string
		tell func(e exam)
	}{
		{"the journal's hashes are those of the tree, whatever is rolled back", exam.journal},
		{"a checkpoint is of the journal's tree, and there is one per size", exam.checkpoints},
		{"a request moves on only from the version that was read", exam.requests},
		{"requests are listed newest first, page by page", exam.requestPages},
		{"a message has one receipt and one effect", exam.messages},
		{"numbers to a peer have no gap, those from it only rise", exam.peers},
		{"each delivery is claimed once", exam.workers},
		{"no peer holds up another", exam.fairness},
		{"who lost the lease cannot settle", exam.leases},
		{"a silent peer is probed by one message at a time", exam.circuit},
		{"a delivery that was given up can be revived", exam.revival},
		{"a deadline that was moved cannot be closed by who did not see it", exam.deadlines},
		{"an exhibit moves on only from the version that was read", exam.exhibits},
		{"a witness does not go back", exam.witness},
		{"a request is found by what it says now", exam.search},
		{"the queue is in the order in which requests are due", exam.queue},
		{"what a person has not read is counted", exam.seen},
		{"settings are kept", exam.settings},
		{"a page is claimed once, and an alarm is listed while it is open", exam.desk},
		{"a person is told once of each thing, under numbers of their own", exam.notices},
		{"one failing closure takes nothing with it but itself", exam.isolation},
		{"entry, request and delivery come and go together", exam.together},
		{"an engine's error undoes the closure even if it is ignored", exam.ignored},
		{"a view is a snapshot and cannot write", exam.snapshot},
		{"only commits that add to the journal are told", exam.onCommit},
		{"who gives up before the turn leaves nothing", exam.cancelled},
		{"a closed store refuses", exam.closed},
	} {
		t.Run(story.name, func(t *testing.T) { story.tell(exam{t, open(t)}) })
	}
}

// exam is one story on one store.
type exam struct {
	*testing.T
	store *store.Store
}

func (e exam) update(f func(tx *store.Tx) error) {
	e.Helper()
	if err := e.store.Update(e.Context(), f); err != nil {
		e.Fatalf("update: %v", err)
	}
}

func (e exam) view(f func(tx *store.Tx) error) {
	e.Helper()
	if err := e.store.View(e.Context(), f); err != nil {
		e.Fatalf("view: %v", err)
	}
}

// refused expects an update to fail with a kind and code.
func (e exam) refused(kind rogatory.Kind, code string, f func(tx *store.Tx) error) {
	e.Helper()
	expect(e, e.store.Update(e.Context(), f), kind, code)
}

func expect(t testing.TB, err error, kind rogatory.Kind, code string) {
	t.Helper()
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		t.Errorf("got error %v (%s, %s), want %s, %s", err, rogatory.KindOf(err), rogatory.CodeOf(err), kind, code)
	}
}

func same(t testing.TB, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %+v, want %+v", what, got, want)
	}
}

const (
	caseOne    rogatory.CaseID    = "XA-2026-7K3M9Q2P"
	requestOne rogatory.RequestID = "XA-2026-7K3M9Q2P.1"
)

// Entry returns a journal entry that differs from that of every other n.
func Entry(n int) store.Entry {
	b := binary.BigEndian.AppendUint64(nil, uint64(n))
	return store.Entry{
		At:   rogatory.Instant(1_790_000_000_000_000 + n),
		Type: rogatory.MessageSent,
		Case: caseOne,
		Body: fmt.Appendf(nil, "entry %d", n),
		Salt: sha256.Sum256(b),
	}
}

// message returns the n-th message ID.
func message(n int) rogatory.MessageID {
	return rogatory.MessageID(fmt.Sprintf("0190a1b2-c3d4-7000-8000-%012x", n))
}

func delivery(tx *store.Tx, n int, peer rogatory.StateCode, urgent bool) error {
	sequence, err := tx.NextSequence(peer)
	if err != nil {
		return err
	}
	return tx.Enqueue(store.Delivery{Message: message(n), Peer: peer, Sequence: sequence, Urgent: urgent, NextAt: 100, Created: rogatory.Instant(n)})
}

func (e exam) journal() {
	// An independent tree: the textbook functions over a slice.
	var (
		hashes []tlog.Hash
		leaves []journal.Leaf
		reader = tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
			var all []tlog.Hash
			for _, i := range indexes {
				all = append(all, hashes[i])
			}
			return all, nil
		})
	)
	errUndo := errors.New("undo")
	for _, n := range []int{1, 2, 0, 7, 64, 65, 200, 1000, 3, 129, 1} {
		batch := make([]store.Entry, n)
		for i := range batch {
			batch[i] = Entry(len(leaves) + i)
			if i%2 == 0 {
				batch[i].Request = requestOne
			}
		}
		// An attempt with other bodies comes first and is undone.
		if err := e.store.Update(e.Context(), func(tx *store.Tx) error {
			if _, err := tx.Append(Entry(-n-1), Entry(-n-2)); err != nil {
				return err
			}
			if size, err := tx.Size(); err != nil || size != int64(len(leaves)+2) {
				e.Errorf("size within the update is %d, %v; want %d", size, err, len(leaves)+2)
			}
			return errUndo
		}); err != errUndo {
			e.Fatalf("undone update returned %v", err)
		}
		e.update(func(tx *store.Tx) error {
			first, err := tx.Append(batch...)
			if err == nil && first != int64(len(leaves)) {
				e.Errorf("first index is %d, want %d", first, len(leaves))
			}
			return err
		})
		for _, entry := range batch {
			leaf := journal.Commit(entry.Salt, entry.Body)
			added, err := tlog.StoredHashesForRecordHash(int64(len(leaves)), tlog.RecordHash(leaf[:]), reader)
			if err != nil {
				e.Fatal(err)
			}
			leaves, hashes = append(leaves, leaf), append(hashes, added...)
		}
	}
	size := int64(len(leaves))
	e.view(func(tx *store.Tx) error {
		if n, err := tx.Size(); err != nil || n != size {
			e.Errorf("size is %d, %v; want %d", n, err, size)
		}
		indexes := make([]int64, len(hashes))
		for i := range indexes {
			indexes[i] = int64(i)
		}
		got, err := tx.ReadHashes(indexes)
		if err != nil {
			return err
		}
		if !slices.Equal(got, hashes) {
			e.Error("stored hashes are not those of the tree")
		}
		if _, err := tx.ReadHashes([]int64{0, int64(len(hashes))}); rogatory.CodeOf(err) != "hash_unknown" {
			e.Errorf("a hash beyond the tree: %v", err)
		}
		root, err := tlog.TreeHash(size, reader)
		if err != nil {
			return err
		}
		for _, i := range []int64{0, size / 2, size - 1} {
			proof, err := journal.ProveInclusion(size, i, tx)
			if err != nil {
				return err
			}
			if err := journal.CheckInclusion(proof, size, root, i, journal.LeafHash(leaves[i])); err != nil {
				e.Error(err)
			}
		}
		var stored []journal.Leaf
		for int64(len(stored)) < size {
			some, err := tx.Leaves(int64(len(stored)), 300)
			if err != nil || len(some) == 0 {
				return fmt.Errorf("read leaves from %d: %d, %w", len(stored), len(some), err)
			}
			stored = append(stored, some...)
		}
		if !slices.Equal(stored, leaves) {
			e.Error("stored leaves are not those that were appended")
		}
		entries, err := tx.Entries(72, 3)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			want := Entry(72 + i)
			want.Index, want.Request = int64(72+i), entry.Request
			same(e, "entry", entry, want)
		}
		same(e, "number of entries", len(entries), 3)
		one, err := tx.Entry(73)
		if err != nil {
			return err
		}
		same(e, "entry 73", one, entries[1])
		of, err := tx.EntriesOf(requestOne, 3, 2)
		if err != nil {
			return err
		}
		same(e, "entries of the request", []int64{of[0].Index, of[1].Index}, []int64{5, 7})
		_, err = tx.Entry(size)
		expect(e, err, rogatory.NotFound, "entry_unknown")
		return nil
	})
	bare := Entry(1)
	bare.Salt = [32]byte{}
	e.refused(rogatory.Invalid, "entry_invalid", func(tx *store.Tx) error { _, err := tx.Append(bare); return err })
	big := Entry(1)
	big.Body = make([]byte, store.MaxBody+1)
	e.refused(rogatory.Invalid, "entry_invalid", func(tx *store.Tx) error { _, err := tx.Append(big); return err })
}

func (e exam) checkpoints() {
	save := func(size int64, note string, spoil bool) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			root, err := journal.Root(size, tx)
			if err != nil {
				return err
			}
			if spoil {
				root[0] ^= 1
			}
			return tx.SaveCheckpoint(store.Checkpoint{Size: size, At: 5, Root: root, Note: []byte(note)})
		}
	}
	e.update(func(tx *store.Tx) error {
		if _, found, err := tx.LatestCheckpoint(); found || err != nil {
			e.Errorf("a checkpoint in an empty store: %v", err)
		}
		for i := range 10 {
			if _, err := tx.Append(Entry(i)); err != nil {
				return err
			}
		}
		return nil
	})
	e.update(save(3, "three", false))
	e.update(save(9, "nine", false))
	e.update(save(3, "three again", false))
	e.refused(rogatory.Conflict, "checkpoint_forked", save(3, "fork", true))
	e.refused(rogatory.Damaged, "journal_damaged", save(5, "not ours", true))
	e.refused(rogatory.Invalid, "checkpoint_invalid", func(tx *store.Tx) error {
		return tx.SaveCheckpoint(store.Checkpoint{Size: 11})
	})
	e.update(func(tx *store.Tx) error { return tx.UpdateCheckpoint(9, []byte("nine, cosigned")) })
	e.refused(rogatory.NotFound, "checkpoint_unknown", func(tx *store.Tx) error { return tx.UpdateCheckpoint(8, nil) })
	e.update(func(tx *store.Tx) error { return tx.SaveStamp(9, []byte("token"), 77) })
	e.refused(rogatory.Conflict, "checkpoint_stamped", func(tx *store.Tx) error { return tx.SaveStamp(9, []byte("other"), 78) })
	e.refused(rogatory.NotFound, "checkpoint_unknown", func(tx *store.Tx) error { return tx.SaveStamp(8, []byte("token"), 77) })
	e.view(func(tx *store.Tx) error {
		for _, c := range []struct {
			what string
			read func() (store.Checkpoint, bool, error)
			note string
		}{
			{"latest", tx.LatestCheckpoint, "nine, cosigned"},
			{"at least 1", func() (store.Checkpoint, bool, error) { return tx.CheckpointAtLeast(1) }, "three"},
			{"at least 4", func() (store.Checkpoint, bool, error) { return tx.CheckpointAtLeast(4) }, "nine, cosigned"},
			{"at least 10", func() (store.Checkpoint, bool, error) { return tx.CheckpointAtLeast(10) }, ""},
			{"stamped at least 1", func() (store.Checkpoint, bool, error) { return tx.StampedAtLeast(1) }, "nine, cosigned"},
			{"latest stamped", tx.LatestStamped, "nine, cosigned"},
		} {
			got, found, err := c.read()
			if err != nil || found != (c.note != "") || string(got.Note) != c.note {
				e.Errorf("checkpoint %s: %q, %v, %v; want %q", c.what, got.Note, found, err, c.note)
			}
			if c.note == "nine, cosigned" && (string(got.Stamp) != "token" || got.StampedAt != 77 || got.At != 5) {
				e.Errorf("checkpoint %s: stamp %q at %d", c.what, got.Stamp, got.StampedAt)
			}
		}
		return nil
	})
}

func (e exam) requests() {
	r := store.Request{
		ID: requestOne, Case: caseOne, Side: "requesting", Peer: "XB", Kind: rogatory.Preservation42,
		State: rogatory.Drafted, Updated: 10, View: []byte{0, 1, 0xff},
	}
	e.update(func(tx *store.Tx) error {
		if n, err := tx.NextRequestNumber(caseOne); n != 1 || err != nil {
			e.Errorf("first number of a case: %d, %v", n, err)
		}
		return tx.InsertRequest(r)
	})
	e.refused(rogatory.Conflict, "request_exists", func(tx *store.Tx) error { return tx.InsertRequest(r) })
	e.refused(rogatory.Invalid, "request_invalid", func(tx *store.Tx) error {
		return tx.InsertRequest(store.Request{ID: "XA-1", Peer: "XB"})
	})
	r.Version = 1
	e.view(func(tx *store.Tx) error {
		got, err := tx.Request(requestOne)
		same(e, "request", got, r)
		return err
	})
	r.State, r.Updated = rogatory.Requested, 20
	e.update(func(tx *store.Tx) error {
		version, err := tx.UpdateRequest(r)
		same(e, "version", version, int64(2))
		return err
	})
	e.refused(rogatory.Conflict, "request_moved_on", func(tx *store.Tx) error { _, err := tx.UpdateRequest(r); return err })
	other := r
	other.ID = caseOne.Request(2)
	e.refused(rogatory.NotFound, "request_unknown", func(tx *store.Tx) error { _, err := tx.UpdateRequest(other); return err })

	// Eight officers raise the same request at once: each is told, and nothing is overwritten.
	var each sync.WaitGroup
	for range 8 {
		each.Go(func() {
			for {
				var now store.Request
				err := e.store.View(e.Context(), func(tx *store.Tx) (err error) { now, err = tx.Request(requestOne); return err })
				if err == nil {
					err = e.store.Update(e.Context(), func(tx *store.Tx) error { _, err := tx.UpdateRequest(now); return err })
				}
				if rogatory.CodeOf(err) != "request_moved_on" {
					if err != nil {
						e.Error(err)
					}
					return
				}
			}
		})
	}
	each.Wait()
	e.view(func(tx *store.Tx) error {
		got, err := tx.Request(requestOne)
		same(e, "version after eight more updates", got.Version, int64(10))
		if n, err := tx.NextRequestNumber(caseOne); n != 2 || err != nil {
			e.Errorf("next number: %d, %v", n, err)
		}
		_, missing := tx.Request(other.ID)
		expect(e, missing, rogatory.NotFound, "request_unknown")
		return err
	})
}

func (e exam) requestPages() {
	var want []rogatory.RequestID
	e.update(func(tx *store.Tx) error {
		for n := 1; n <= 20; n++ {
			r := store.Request{ID: caseOne.Request(n), Case: caseOne, Side: "requested", Peer: "XB", Kind: rogatory.StoredData, State: rogatory.Requested, Updated: rogatory.Instant(1 + n/4)}
			if n%5 == 0 {
				r.Peer, r.State = "XC", rogatory.Closed
			}
			if err := tx.InsertRequest(r); err != nil {
				return err
			}
			if n%5 != 0 {
				want = append(want, r.ID)
			}
		}
		return nil
	})
	slices.SortFunc(want, func(a, b rogatory.RequestID) int {
		if a.Number()/4 != b.Number()/4 {
			return b.Number()/4 - a.Number()/4
		}
		return -slices.Compare([]byte(a), []byte(b)) // within one moment by reference, as bytes
	})
	e.view(func(tx *store.Tx) error {
		var got []rogatory.RequestID
		f := store.RequestFilter{Side: "requested", Peer: "XB", State: rogatory.Requested, Kind: rogatory.StoredData, Limit: 3}
		for {
			page, err := tx.Requests(f)
			if err != nil {
				return err
			}
			if len(page) == 0 {
				break
			}
			for _, r := range page {
				got = append(got, r.ID)
				f.Before, f.BeforeID = r.Updated, r.ID
			}
		}
		same(e, "requests, newest first", got, want)
		closed, err := tx.Requests(store.RequestFilter{State: rogatory.Closed})
		same(e, "closed requests", len(closed), 4)
		if err != nil {
			return err
		}
		all, err := tx.RequestsOfCase(caseOne)
		same(e, "requests of the case", len(all), 20)
		same(e, "the tenth of them", all[9].ID, caseOne.Request(10))
		return err
	})
}

func (e exam) messages() {
	m := store.Message{
		ID: message(1), Request: requestOne, Case: caseOne, Direction: store.In, Peer: "XB", Sequence: 1,
		Act: rogatory.Send, Digest: rogatory.DigestOf([]byte("m")), At: 9, Entry: 4, Container: []byte("\x00PK"), Receipt: []byte{},
	}
	e.update(func(tx *store.Tx) error { return tx.InsertMessage(m) })
	e.view(func(tx *store.Tx) error {
		got, err := tx.Message(store.In, m.ID)
		if err != nil {
			return err
		}
		got.Receipt = append([]byte{}, got.Receipt...)
		same(e, "message", got, m)
		_, err = tx.Message(store.Out, m.ID)
		expect(e, err, rogatory.NotFound, "message_unknown")
		return nil
	})
	e.refused(rogatory.Conflict, "message_exists", func(tx *store.Tx) error { return tx.InsertMessage(m) })
	taken := m
	taken.ID = message(2)
	e.refused(rogatory.Conflict, "sequence_taken", func(tx *store.Tx) error { return tx.InsertMessage(taken) })
	malformed := m
	malformed.ID = "1"
	e.refused(rogatory.Invalid, "message_invalid", func(tx *store.Tx) error { return tx.InsertMessage(malformed) })
	e.update(func(tx *store.Tx) error {
		// The same ID, the other way, is another message. Then three that came too early.
		out := m
		out.Direction = store.Out
		if err := tx.InsertMessage(out); err != nil {
			return err
		}
		for n := 3; n <= 5; n++ {
			early := m
			early.ID, early.Sequence, early.Entry = message(n), int64(n), int64(n+4)
			if err := tx.InsertMessage(early); err != nil {
				return err
			}
		}
		return tx.SetApplied(store.In, message(1))
	})
	e.update(func(tx *store.Tx) error {
		if err := tx.SetReceipt(store.In, m.ID, []byte("receipt"), true); err != nil {
			return err
		}
		return tx.SetReceipt(store.In, m.ID, []byte("receipt"), true)
	})
	e.refused(rogatory.Conflict, "receipt_exists", func(tx *store.Tx) error {
		return tx.SetReceipt(store.In, m.ID, []byte("other"), true)
	})
	e.refused(rogatory.Conflict, "receipt_exists", func(tx *store.Tx) error {
		return tx.SetReceipt(store.In, m.ID, []byte("receipt"), false)
	})
	e.refused(rogatory.NotFound, "message_unknown", func(tx *store.Tx) error {
		return tx.SetReceipt(store.In, message(9), []byte("receipt"), false)
	})
	e.refused(rogatory.NotFound, "message_unknown", func(tx *store.Tx) error { return tx.SetApplied(store.Out, message(9)) })
	numbers := func(what string, all []store.Message, err error, want ...int64) {
		e.Helper()
		var got []int64
		for _, m := range all {
			got = append(got, m.Sequence)
		}
		if err != nil || !slices.Equal(got, want) {
			e.Errorf("%s: %v, %v; want %v", what, got, err, want)
		}
	}
	e.view(func(tx *store.Tx) error {
		all, err := tx.Parked("XB", 1, 10)
		numbers("parked", all, err, 3, 4, 5)
		all, err = tx.Parked("XB", 4, 1)
		numbers("parked from 4", all, err, 4)
		all, err = tx.Messages("XB", store.In, 3, 2)
		numbers("from 3", all, err, 3, 4)
		all, err = tx.MessagesOf(requestOne)
		numbers("of the request", all, err, 1, 1, 3, 4, 5)
		got, err := tx.MessageBySequence(store.In, "XB", 1)
		if err != nil || got.ID != m.ID || !got.Applied || !got.Refused || string(got.Receipt) != "receipt" {
			e.Errorf("message 1 after its receipt: %+v, %v", got, err)
		}
		_, err = tx.MessageBySequence(store.In, "XB", 2)
		expect(e, err, rogatory.NotFound, "message_unknown")
		return nil
	})
}

func (e exam) peers() {
	e.update(func(tx *store.Tx) error {
		p, err := tx.Peer("XB")
		same(e, "peer that nothing is known of", p, store.Peer{State: "XB"})
		return err
	})
	// Numbers stay without a gap although every third update is undone.
	var (
		each sync.WaitGroup
		mu   sync.Mutex
		got  []int64
	)
	errUndo := errors.New("undo")
	for i := range 60 {
		each.Go(func() {
			var n int64
			err := e.store.Update(e.Context(), func(tx *store.Tx) (err error) {
				if n, err = tx.NextSequence("XB"); err == nil && i%3 == 0 {
					err = errUndo
				}
				return err
			})
			if err == nil {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, n)
			} else if err != errUndo {
				e.Error(err)
			}
		})
	}
	each.Wait()
	slices.Sort(got)
	for i, n := range got {
		if n != int64(i+1) {
			e.Fatalf("numbers %v", got)
		}
	}
	e.update(func(tx *store.Tx) error {
		return errors.Join(tx.AdvanceIn("XB", 3), tx.AdvanceIn("XB", 7), tx.SetHealth("XB", 2, 50, 40), tx.SetHealth("XC", 0, 0, 41))
	})
	e.refused(rogatory.Conflict, "sequence_passed", func(tx *store.Tx) error { return tx.AdvanceIn("XB", 7) })
	e.refused(rogatory.Invalid, "peer_invalid", func(tx *store.Tx) error { return tx.AdvanceIn("xb", 1) })
	e.view(func(tx *store.Tx) error {
		all, err := tx.Peers()
		same(e, "peers", all, []store.Peer{
			{State: "XB", LastOut: 40, LastIn: 7, Failures: 2, OpenUntil: 50, HeardAt: 40},
			{State: "XC", HeardAt: 41},
		})
		return err
	})
}

func (e exam) workers() {
	const total = 400
	e.update(func(tx *store.Tx) error {
		for n := range total {
			if err := delivery(tx, n, rogatory.StateCode([]byte{'X', 'B' + byte(n%10)}), n%7 == 0); err != nil {
				return err
			}
		}
		return nil
	})
	e.refused(rogatory.Conflict, "delivery_exists", func(tx *store.Tx) error { return delivery(tx, 1, "XB", false) })
	var (
		each    sync.WaitGroup
		mu      sync.Mutex
		claimed = map[rogatory.MessageID]int{}
	)
	for range 8 {
		each.Go(func() {
			for {
				var mine []store.Delivery
				if err := e.store.Update(e.Context(), func(tx *store.Tx) (err error) {
					mine, err = tx.Claim(100, time.Minute, 7, 3)
					return err
				}); err != nil {
					e.Error(err)
					return
				}
				mu.Lock()
				for _, d := range mine {
					claimed[d.Message]++
				}
				over := len(claimed) == total
				mu.Unlock()
				if over && len(mine) == 0 {
					return
				}
				for _, d := range mine {
					if err := e.store.Update(e.Context(), func(tx *store.Tx) error { return tx.Finish(d.Message, d.Fence, 101) }); err != nil {
						e.Error(err)
						return
					}
				}
			}
		})
	}
	each.Wait()
	for id, n := range claimed {
		if n != 1 {
			e.Errorf("%s was claimed %d times", id, n)
		}
	}
	e.view(func(tx *store.Tx) error {
		done, err := tx.Outbox(store.Done, 0)
		same(e, "deliveries done", len(done), total)
		for _, d := range done {
			if d.Attempts != 1 || d.Finished != 101 {
				e.Errorf("delivery %+v", d)
			}
		}
		return err
	})
}

func (e exam) fairness() {
	// XB has a hundred messages waiting, the last one urgent; XC and XD have two each.
	e.update(func(tx *store.Tx) error {
		for n := range 100 {
			if err := delivery(tx, n, "XB", n == 99); err != nil {
				return err
			}
		}
		for n := 100; n < 104; n++ {
			if err := delivery(tx, n, rogatory.StateCode([]string{"XC", "XD"}[n%2]), false); err != nil {
				return err
			}
		}
		return nil
	})
	claim := func(limit int) (order []string) {
		e.update(func(tx *store.Tx) error {
			all, err := tx.Claim(100, time.Minute, limit, 3)
			order = nil
			for _, d := range all {
				order = append(order, fmt.Sprintf("%s%d", d.Peer, d.Sequence))
			}
			return err
		})
		return order
	}
	same(e, "the first four", claim(4), []string{"XB100", "XC1", "XD1", "XB1"})
	// Three are out to nobody but XB; the long queue gets its third place, and no more.
	same(e, "the rest", claim(50), []string{"XB2", "XC2", "XD2"})
	same(e, "while those are out", claim(50), []string(nil))
	e.update(func(tx *store.Tx) error { return tx.Finish(message(99), 1, 101) })
	same(e, "when one came back", claim(50), []string{"XB3"})
}

func (e exam) leases() {
	e.update(func(tx *store.Tx) error { return delivery(tx, 1, "XB", false) })
	claim := func(now rogatory.Instant) (d store.Delivery) {
		e.Helper()
		e.update(func(tx *store.Tx) error {
			all, err := tx.Claim(now, 10*time.Microsecond, 5, 5)
			if len(all) == 1 {
				d = all[0]
			} else if err == nil {
				err = fmt.Errorf("at %d %d deliveries could be claimed", now, len(all))
			}
			return err
		})
		return d
	}
	nothing := func(now rogatory.Instant) {
		e.Helper()
		e.update(func(tx *store.Tx) error {
			all, err := tx.Claim(now, time.Minute, 5, 5)
			same(e, "claimed before its time", len(all), 0)
			return err
		})
	}
	due := func(want rogatory.Instant) {
		e.Helper()
		e.view(func(tx *store.Tx) error {
			at, found, err := tx.NextDue()
			same(e, "next due", at, want)
			same(e, "something due", found, want != 0)
			return err
		})
	}
	leased := func(want int64) {
		e.Helper()
		e.view(func(tx *store.Tx) error {
			all, err := tx.Leased(5)
			fence := int64(0)
			if len(all) == 1 {
				fence = all[0].Fence
			}
			same(e, "fence of the claim that is out", fence, want)
			return err
		})
	}
	nothing(99)
	leased(0)
	due(100)
	first := claim(100)
	leased(first.Fence)
	due(110)
	nothing(109)
	second := claim(110) // the first worker is taken for dead
	same(e, "attempts", second.Attempts, 2)
	e.refused(rogatory.Conflict, "lease_lost", func(tx *store.Tx) error { return tx.Finish(first.Message, first.Fence, 111) })
	e.refused(rogatory.Conflict, "lease_lost", func(tx *store.Tx) error { return tx.Fail(first.Message, first.Fence, 111, "late") })
	e.refused(rogatory.Conflict, "lease_lost", func(tx *store.Tx) error { return tx.Bury(first.Message, first.Fence, 111, "late") })
	e.refused(rogatory.NotFound, "delivery_unknown", func(tx *store.Tx) error { return tx.Finish(message(2), 1, 111) })
	e.update(func(tx *store.Tx) error {
		return tx.Fail(second.Message, second.Fence, 200, "connection \x00\xff refused"+string(make([]byte, 1000)))
	})
	e.refused(rogatory.Conflict, "lease_lost", func(tx *store.Tx) error { return tx.Finish(second.Message, second.Fence, 112) })
	leased(0)
	due(200)
	nothing(199)
	third := claim(200)
	if third.Fence <= second.Fence || third.LastError[:14] != "connection ?? " {
		e.Errorf("third claim: %+v", third)
	}
	// Nobody else came for it: late, but still the holder's.
	e.update(func(tx *store.Tx) error { return tx.Finish(third.Message, third.Fence, 500) })
	e.refused(rogatory.Conflict, "lease_lost", func(tx *store.Tx) error { return tx.Finish(third.Message, third.Fence, 501) })
	due(0)
}

func (e exam) circuit() {
	e.update(func(tx *store.Tx) error {
		return errors.Join(delivery(tx, 1, "XB", false), delivery(tx, 2, "XB", false), delivery(tx, 3, "XC", false), tx.SetHealth("XB", 4, 300, 0))
	})
	claimed := func(now rogatory.Instant, want ...int) {
		e.Helper()
		var ids []rogatory.MessageID
		for _, n := range want {
			ids = append(ids, message(n))
		}
		e.update(func(tx *store.Tx) error {
			all, err := tx.Claim(now, time.Minute, 10, 10)
			var got []rogatory.MessageID
			for _, d := range all {
				got = append(got, d.Message)
			}
			same(e, fmt.Sprintf("claimed at %d", now), got, ids)
			return err
		})
	}
	claimed(299, 3)
	e.view(func(tx *store.Tx) error {
		at, _, err := tx.NextDue()
		same(e, "next due", at, rogatory.Instant(300))
		return err
	})
	claimed(300, 1)
	claimed(301)
	e.update(func(tx *store.Tx) error { return tx.SetHealth("XB", 0, 0, 302) })
	claimed(302, 2)
}

func (e exam) revival() {
	e.update(func(tx *store.Tx) error { return delivery(tx, 1, "XB", false) })
	e.refused(rogatory.Conflict, "delivery_not_dead", func(tx *store.Tx) error { return tx.Revive(message(1), 5) })
	e.refused(rogatory.NotFound, "delivery_unknown", func(tx *store.Tx) error { return tx.Revive(message(2), 5) })
	e.update(func(tx *store.Tx) error {
		all, err := tx.Claim(100, time.Minute, 1, 1)
		if err != nil {
			return err
		}
		return tx.Bury(all[0].Message, all[0].Fence, 150, "expired")
	})
	e.view(func(tx *store.Tx) error {
		dead, err := tx.Outbox(store.Dead, 10)
		same(e, "dead", dead, []store.Delivery{{
			Message: message(1), Peer: "XB", Sequence: 1, State: store.Dead, Attempts: 1, NextAt: 100 + 60_000_000,
			Fence: 1, LastError: "expired", Created: 1, Finished: 150,
		}})
		return err
	})
	e.update(func(tx *store.Tx) error {
		all, err := tx.Claim(1e9, time.Minute, 1, 1)
		same(e, "dead ones claimed", len(all), 0)
		if err != nil {
			return err
		}
		return tx.Revive(message(1), 200)
	})
	e.update(func(tx *store.Tx) error {
		all, err := tx.Claim(200, time.Minute, 1, 1)
		if err == nil && (len(all) != 1 || all[0].Attempts != 2 || all[0].Finished != 0 || all[0].LastError != "expired") {
			e.Errorf("revived: %+v", all)
		}
		return err
	})
}

func (e exam) deadlines() {
	set := func(name string, due rogatory.Instant) (generation int64) {
		e.Helper()
		e.update(func(tx *store.Tx) (err error) {
			generation, err = tx.SetDeadline(store.Deadline{Request: requestOne, Name: name, DueAt: due, Rule: "Art 42(8)"})
			return err
		})
		return generation
	}
	same(e, "first generation", set("preservation", 60), int64(1))
	same(e, "unchanged", set("preservation", 60), int64(1))
	same(e, "extended", set("preservation", 90), int64(2))
	set("answer", 50)
	e.view(func(tx *store.Tx) error {
		due, err := tx.Due(60, 10)
		same(e, "due", due, []store.Deadline{{Request: requestOne, Name: "answer", DueAt: 50, Generation: 1, State: store.Running, Rule: "Art 42(8)"}})
		return err
	})
	e.refused(rogatory.Conflict, "deadline_moved_on", func(tx *store.Tx) error {
		return tx.CloseDeadline(requestOne, "preservation", 1, store.Passed)
	})
	e.refused(rogatory.NotFound, "deadline_unknown", func(tx *store.Tx) error {
		return tx.CloseDeadline(requestOne, "other", 1, store.Passed)
	})
	between := func(from, to rogatory.Instant) (names []string) {
		e.view(func(tx *store.Tx) error {
			all, err := tx.Between(from, to, 10)
			for _, d := range all {
				names = append(names, d.Name)
			}
			return err
		})
		return names
	}
	same(e, "from one moment on", between(50, 91), []string{"answer", "preservation"})
	same(e, "before another", between(50, 90), []string{"answer"})
	e.update(func(tx *store.Tx) error { return tx.CloseDeadline(requestOne, "answer", 1, store.Met) })
	same(e, "met", between(50, 90), []string(nil))
	e.refused(rogatory.Conflict, "deadline_moved_on", func(tx *store.Tx) error {
		return tx.CloseDeadline(requestOne, "answer", 1, store.Passed)
	})
	same(e, "started again", set("answer", 50), int64(2))
	e.view(func(tx *store.Tx) error {
		all, err := tx.Deadlines(requestOne)
		if err == nil && (len(all) != 2 || all[0].Name != "answer" || all[0].State != store.Running || all[1].DueAt != 90) {
			e.Errorf("deadlines: %+v", all)
		}
		return err
	})
}

func (e exam) exhibits() {
	x := store.Exhibit{
		ID: "XB-E-5TQ0ZC8H1M4A", Request: requestOne, Case: caseOne, Direction: store.Out, State: "sealed",
		Root: rogatory.DigestOf([]byte("x")), View: []byte("{}"),
	}
	e.update(func(tx *store.Tx) error { return tx.InsertExhibit(x) })
	e.refused(rogatory.Conflict, "exhibit_exists", func(tx *store.Tx) error { return tx.InsertExhibit(x) })
	x.Version, x.State = 1, "offered"
	e.update(func(tx *store.Tx) error { _, err := tx.UpdateExhibit(x); return err })
	e.refused(rogatory.Conflict, "exhibit_moved_on", func(tx *store.Tx) error { _, err := tx.UpdateExhibit(x); return err })
	y := x
	y.ID = "XB-E-5TQ0ZC8H1M4B"
	e.refused(rogatory.NotFound, "exhibit_unknown", func(tx *store.Tx) error { _, err := tx.UpdateExhibit(y); return err })
	x.Version = 2
	e.view(func(tx *store.Tx) error {
		got, err := tx.Exhibit(x.ID)
		if err != nil {
			return err
		}
		same(e, "exhibit", got, x)
		for what, find := range map[string]func() ([]store.Exhibit, error){
			"request": func() ([]store.Exhibit, error) { return tx.ExhibitsOf(requestOne) },
			"root":    func() ([]store.Exhibit, error) { return tx.ExhibitsByRoot(x.Root) },
			"state":   func() ([]store.Exhibit, error) { return tx.ExhibitsIn("offered", 10) },
		} {
			all, err := find()
			if err != nil {
				return err
			}
			same(e, "exhibits by "+what, all, []store.Exhibit{x})
		}
		none, err := tx.ExhibitsByRoot(rogatory.Digest{})
		same(e, "exhibits by another root", len(none), 0)
		if err != nil {
			return err
		}
		_, err = tx.Exhibit(y.ID)
		expect(e, err, rogatory.NotFound, "exhibit_unknown")
		return nil
	})
}

func (e exam) witness() {
	w := store.Witnessed{Origin: "xb.example/journal", Size: 10, Root: journal.Hash{1}, Note: []byte("note"), At: 5}
	e.update(func(tx *store.Tx) error {
		if _, found, err := tx.Witnessed(w.Origin); found || err != nil {
			e.Errorf("something was witnessed before the first time: %v", err)
		}
		return tx.SetWitnessed(w)
	})
	for _, change := range []func(w *store.Witnessed){
		func(w *store.Witnessed) { w.Size = 9 },
		func(w *store.Witnessed) { w.Root = journal.Hash{2} },
	} {
		worse := w
		change(&worse)
		e.refused(rogatory.Conflict, "witness_contradicted", func(tx *store.Tx) error { return tx.SetWitnessed(worse) })
	}
	e.update(func(tx *store.Tx) error { return tx.SetWitnessed(w) })
	w.Size, w.Root = 11, journal.Hash{3}
	fork := store.Fork{Origin: w.Origin, Seen: []byte("a"), Offered: []byte("b"), At: 6}
	e.update(func(tx *store.Tx) error {
		again := fork
		again.At = 7
		return errors.Join(tx.SetWitnessed(w), tx.AddFork(fork), tx.AddFork(again))
	})
	e.view(func(tx *store.Tx) error {
		got, _, err := tx.Witnessed(w.Origin)
		if err != nil {
			return err
		}
		same(e, "witnessed", got, w)
		forks, err := tx.Forks()
		same(e, "forks", forks, []store.Fork{fork})
		return err
	})
}

func (e exam) settings() {
	e.update(func(tx *store.Tx) error {
		if _, found, err := tx.Setting("incarnation"); found || err != nil {
			e.Errorf("a setting in an empty store: %v", err)
		}
		return errors.Join(tx.SetSetting("incarnation", []byte{1}), tx.SetSetting("incarnation", []byte{2}), tx.SetSetting("empty", nil))
	})
	e.view(func(tx *store.Tx) error {
		value, found, err := tx.Setting("incarnation")
		same(e, "setting", string(value), "\x02")
		same(e, "found", found, true)
		if err != nil {
			return err
		}
		value, found, err = tx.Setting("empty")
		same(e, "empty setting", len(value), 0)
		same(e, "found", found, true)
		return err
	})
	e.refused(rogatory.Invalid, "text_invalid", func(tx *store.Tx) error { return tx.SetSetting("a\x00", nil) })
}

func (e exam) isolation() {
	errMine := errors.New("mine")
	var (
		each sync.WaitGroup
		mu   sync.Mutex
		kept []string
	)
	for i := range 200 {
		each.Go(func() {
			name := fmt.Sprintf("setting %d", i)
			work := func(tx *store.Tx) error {
				if err := tx.SetSetting(name, []byte{1}); err != nil {
					return err
				}
				_, err := tx.Append(Entry(i))
				return err
			}
			switch i % 5 {
			case 0:
				if err := e.store.Update(e.Context(), func(tx *store.Tx) error { return errors.Join(work(tx), errMine) }); !errors.Is(err, errMine) {
					e.Errorf("failing closure got %v", err)
				}
			case 1:
				func() {
					defer func() {
						if r := recover(); r != "mine" {
							e.Errorf("panic became %v", r)
						}
					}()
					e.store.Update(e.Context(), func(tx *store.Tx) error {
						work(tx)
						panic("mine")
					})
					e.Error("panic did not pass")
				}()
			case 2:
				ended := make(chan bool)
				go func() {
					defer close(ended)
					e.store.Update(e.Context(), func(tx *store.Tx) error {
						work(tx)
						runtime.Goexit()
						return nil
					})
				}()
				<-ended
			default:
				if err := e.store.Update(e.Context(), work); err != nil {
					e.Errorf("good closure got %v", err)
					return
				}
				mu.Lock()
				defer mu.Unlock()
				kept = append(kept, name)
			}
		})
	}
	each.Wait()
	same(e, "closures that succeeded", len(kept), 80)
	e.view(func(tx *store.Tx) error {
		size, err := tx.Size()
		same(e, "entries", size, int64(len(kept)))
		if err != nil {
			return err
		}
		for i := range 200 {
			name := fmt.Sprintf("setting %d", i)
			_, found, err := tx.Setting(name)
			if err != nil {
				return err
			}
			if found != slices.Contains(kept, name) {
				e.Errorf("%s: stored is %v", name, found)
			}
		}
		entries, err := tx.Entries(0, 1000)
		same(e, "entries without a hole", len(entries), len(kept))
		return err
	})
}

func (e exam) together() {
	r := store.Request{ID: requestOne, Case: caseOne, Side: "requesting", Peer: "XB", Kind: rogatory.StoredData, State: rogatory.Drafted}
	e.update(func(tx *store.Tx) error { return tx.InsertRequest(r) })
	send := func(version int64) func(tx *store.Tx) error {
		return func(tx *store.Tx) error {
			if _, err := tx.Append(Entry(1)); err != nil {
				return err
			}
			if err := delivery(tx, 1, "XB", false); err != nil {
				return err
			}
			now := r
			now.Version, now.State = version, rogatory.Requested
			_, err := tx.UpdateRequest(now)
			return err
		}
	}
	look := func(entries int64, state rogatory.State, out int) {
		e.Helper()
		e.view(func(tx *store.Tx) error {
			size, err := tx.Size()
			if err != nil {
				return err
			}
			now, err := tx.Request(requestOne)
			if err != nil {
				return err
			}
			waiting, err := tx.Outbox(store.Waiting, 10)
			if size != entries || now.State != state || len(waiting) != out {
				e.Errorf("%d entries, %s, %d waiting; want %d, %s, %d", size, now.State, len(waiting), entries, state, out)
			}
			return err
		})
	}
	e.refused(rogatory.Conflict, "request_moved_on", send(7))
	look(0, rogatory.Drafted, 0)
	e.update(send(1))
	look(1, rogatory.Requested, 1)
}

func (e exam) ignored() {
	// A peer that gave no number: the engine's own refusal.
	err := e.store.Update(e.Context(), func(tx *store.Tx) error {
		if err := tx.SetSetting("a", []byte{1}); err != nil {
			return err
		}
		tx.Enqueue(store.Delivery{Message: message(1), Peer: "XZ", Sequence: 1})
		return nil
	})
	expect(e, err, rogatory.Invalid, "reference_unknown")
	// A conflict, on the other hand, is an answer, and the closure may go on.
	e.update(func(tx *store.Tx) error {
		if err := delivery(tx, 1, "XB", false); err != nil {
			return err
		}
		expect(e, delivery(tx, 1, "XB", false), rogatory.Conflict, "delivery_exists")
		return tx.SetSetting("b", []byte{1})
	})
	e.view(func(tx *store.Tx) error {
		if _, found, err := tx.Setting("a"); found || err != nil {
			e.Errorf("work before the engine's error was kept: %v", err)
		}
		_, found, err := tx.Setting("b")
		same(e, "work after a conflict was kept", found, true)
		return err
	})
}

// snapshot is the story of views.
func (e exam) snapshot() {
	var kept *store.Tx
	e.view(func(tx *store.Tx) error {
		kept = tx
		before, err := tx.Size()
		if err != nil {
			return err
		}
		e.update(func(tx *store.Tx) error { _, err := tx.Append(Entry(1)); return err })
		after, err := tx.Size()
		same(e, "size within one view", after, before)
		expect(e, tx.SetSetting("a", nil), rogatory.Internal, "read_only")
		_, err = tx.Append(Entry(2))
		expect(e, err, rogatory.Internal, "read_only")
		_, err = tx.Claim(1, 1, 1, 1)
		expect(e, err, rogatory.Internal, "read_only")
		return nil
	})
	_, err := kept.Size()
	expect(e, err, rogatory.Internal, "transaction_over")
	e.view(func(tx *store.Tx) error {
		size, err := tx.Size()
		same(e, "size in the next view", size, int64(1))
		return err
	})
	errMine := errors.New("mine")
	if err := e.store.View(e.Context(), func(*store.Tx) error { return errMine }); err != errMine {
		e.Errorf("view returned %v", err)
	}
	// A view whose caller gives up leaves its session fit for others.
	for range 20 {
		ctx, cancel := context.WithCancel(e.Context())
		err := e.store.View(ctx, func(tx *store.Tx) error {
			cancel()
			_, err := tx.Size()
			return err
		})
		if err != nil && !errors.Is(err, context.Canceled) {
			e.Errorf("cancelled view returned %v", err)
		}
	}
	e.view(func(tx *store.Tx) error { _, err := tx.Size(); return err })
}

func (e exam) onCommit() {
	sizes := make(chan int64, 10)
	e.store.OnCommit(func(size int64) { sizes <- size })
	e.update(func(tx *store.Tx) error { return tx.SetSetting("a", nil) })
	e.store.Update(e.Context(), func(tx *store.Tx) error { tx.Append(Entry(1)); return errors.New("undo") })
	e.update(func(tx *store.Tx) error { _, err := tx.Append(Entry(1), Entry(2)); return err })
	e.update(func(tx *store.Tx) error { return tx.SetSetting("a", nil) })
	e.update(func(tx *store.Tx) error { _, err := tx.Append(Entry(3)); return err })
	same(e, "first size", <-sizes, int64(2))
	same(e, "second size", <-sizes, int64(3))
	if err := e.store.Close(); err != nil {
		e.Error(err)
	}
	same(e, "further sizes", len(sizes), 0)
}

func (e exam) cancelled() {
	// One closure holds the turn until the other's caller has given up.
	began, gone, ended := make(chan bool), make(chan bool), make(chan error)
	go func() {
		ended <- e.store.Update(e.Context(), func(tx *store.Tx) error {
			close(began)
			<-gone
			return nil
		})
	}()
	<-began
	ctx, cancel := context.WithCancel(e.Context())
	cancel()
	for range 20 { // some give up before they are in the queue, some after
		if err := e.store.Update(ctx, func(tx *store.Tx) error { return tx.SetSetting("a", nil) }); !errors.Is(err, context.Canceled) {
			e.Errorf("cancelled update returned %v", err)
		}
	}
	close(gone)
	if err := <-ended; err != nil {
		e.Error(err)
	}
	e.view(func(tx *store.Tx) error {
		_, found, err := tx.Setting("a")
		same(e, "setting of the cancelled update", found, false)
		return err
	})
}

func (e exam) closed() {
	e.update(func(tx *store.Tx) error { return tx.SetSetting("a", []byte{1}) })
	var each sync.WaitGroup
	for i := range 50 {
		each.Go(func() {
			err := e.store.Update(e.Context(), func(tx *store.Tx) error { return tx.SetSetting(fmt.Sprint(i), nil) })
			if err != nil && rogatory.CodeOf(err) != "store_closed" {
				e.Errorf("update while closing: %v", err)
			}
		})
	}
	if err := e.store.Close(); err != nil {
		e.Error(err)
	}
	each.Wait()
	e.refused(rogatory.Unavailable, "store_closed", func(tx *store.Tx) error { return nil })
	expect(e, e.store.View(e.Context(), func(tx *store.Tx) error { return nil }), rogatory.Unavailable, "store_closed")
}

// Keys are the database keys of stores in tests.
func Keys() store.Keys { return store.Keys{sha256.Sum256([]byte("a database key for tests"))} }
