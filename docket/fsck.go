// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"iter"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/vault"
)

// Findings is what a check went through. Damage is empty if all of it holds.
type Findings struct {
	Entries  int64    `json:"entries"`
	Messages int      `json:"messages"`
	Requests int      `json:"requests"`
	Exhibits int      `json:"exhibits"`
	Lost     int64    `json:"content_lost"`  // entries of which only the leaf came back after a restore, as the journal says
	Earlier  int      `json:"earlier_rules"` // requests opened under earlier rules: their dates are taken as they stand
	Orphans  []string `json:"orphans"`       // objects in the vault that no exhibit names; harmless
}

// EditionPrefix begins the name of an entry that records a start of the node, before the edition of its
// rules.
const EditionPrefix = "rules "

// fsckBatch is how many entries are read at a time.
const fsckBatch = 1000

// Check derives everything again from the journal and compares: leaves and tree, checkpoint, every
// message against its entry, numbering, receipts, files, outbox, and the vault to the given depth. It
// returns at the first damaged thing, named in the error; it mends nothing.
func (o *Office) Check(ctx context.Context, key journal.Verifier, depth vault.Depth) (Findings, error) {
	var found Findings
	replayed := cabinetMap{}
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil {
			return err
		}
		found.Entries = size
		if err := o.checkTree(ctx, tx, size, key); err != nil {
			return err
		}
		r := newReplay(o, tx)
		r.files = replayed
		if found.Lost, err = lostAsSaid(tx, size); err != nil {
			return err
		}
		if err := r.all(size); err != nil {
			return err
		}
		found.Messages = r.messages
		err = r.compare()
		found.Earlier = r.earlier
		return err
	})
	if err != nil {
		return found, err
	}
	found.Requests = len(replayed)
	return o.checkVault(ctx, found, replayed, depth)
}

func damaged(code, format string, args ...any) *rogatory.Error {
	return rogatory.Fault(rogatory.Damaged, code, format, args...)
}

func (o *Office) checkTree(ctx context.Context, tx *store.Tx, size int64, key journal.Verifier) error {
	root, err := journal.Root(size, tx)
	if err != nil {
		return damaged("journal_damaged", "compute the root of %d entries: %w", size, err)
	}
	var leaves iter.Seq2[journal.Leaf, error] = func(yield func(journal.Leaf, error) bool) {
		for start := int64(0); start < size; start += fsckBatch {
			n := int(min(fsckBatch, size-start))
			rows, err := tx.Entries(start, n)
			if err != nil {
				yield(journal.Leaf{}, err)
				return
			}
			stored, err := tx.Leaves(start, n)
			if err != nil || len(stored) != len(rows) || len(rows) != n {
				yield(journal.Leaf{}, damaged("entry_missing", "entries %d to %d are not all there", start, start+int64(n)-1))
				return
			}
			for i, row := range rows {
				leaf := journal.Commit(row.Salt, row.Body)
				if row.Type == rogatory.ContentLost {
					leaf = stored[i] // the tree is checked by it, and whether it may be lost further below
				}
				if leaf != stored[i] {
					yield(leaf, damaged("entry_damaged", "journal entry %d does not match its leaf", row.Index))
					return
				}
				if !yield(leaf, nil) {
					return
				}
			}
		}
	}
	if err := journal.Check(ctx, size, root, leaves, tx); err != nil {
		if rogatory.KindOf(err) == rogatory.Damaged {
			return err
		}
		return damaged("journal_damaged", "check the tree: %w", err)
	}
	latest, published, err := tx.LatestCheckpoint()
	if err != nil || !published {
		return err
	}
	cp, err := journal.OpenCheckpoint(latest.Note, o.Ledger.Origin(), key)
	if err != nil {
		return damaged("checkpoint_damaged", "open the published checkpoint of %d entries: %w", latest.Size, err)
	}
	if cp.Size > size {
		return damaged("journal_shrunk", "a checkpoint of %d entries was published, the journal has %d", cp.Size, size)
	}
	if then, err := journal.Root(cp.Size, tx); err != nil || then != cp.Root {
		return damaged("checkpoint_damaged", "the published checkpoint of %d entries has another root than the journal", cp.Size)
	}
	return nil
}

type cabinetMap map[rogatory.RequestID]File

func (c cabinetMap) file(id rogatory.RequestID) (File, bool, error) {
	f, ok := c[id]
	if !ok {
		return f, false, nil
	}
	f.Exhibits, f.Deadlines = slices.Clone(f.Exhibits), slices.Clone(f.Deadlines)
	return f, true, nil
}

func (c cabinetMap) keep(f File) error { c[f.ID] = f; return nil }

// replay goes through the journal as the office went through the days.
type replay struct {
	o        *Office
	rules    Rulebook // with the edition of the place that the replay has come to
	tx       *store.Tx
	files    cabinetMap
	last     map[rogatory.StateCode]int64 // applied, by sender
	out      map[rogatory.StateCode]int64 // sent, by receiver
	parked   map[rogatory.StateCode]map[int64]store.Message
	aside    map[rogatory.RequestID]store.Aside
	messages int
	earlier  int // files under earlier rules
	lost     []int64
	latest   rogatory.Instant      // that any entry so far names
	sheets   map[string][]sheetRef // by reviewer
	policies []policyMark
	// suspensions of cooperation, and exhibits that came, by the digest of their bytes
	suspensions []safeguard.Suspension
	received    map[rogatory.Digest]rogatory.ExhibitID
	mend        bool // what does not fit is put right instead of told: after a refill
}

func newReplay(o *Office, tx *store.Tx) *replay {
	return &replay{o: o, rules: o.Rules, tx: tx, files: cabinetMap{}, last: map[rogatory.StateCode]int64{}, out: map[rogatory.StateCode]int64{},
		parked: map[rogatory.StateCode]map[int64]store.Message{}, aside: map[rogatory.RequestID]store.Aside{}, sheets: map[string][]sheetRef{}, received: map[rogatory.Digest]rogatory.ExhibitID{}}
}

func (r *replay) all(size int64) error {
	for start := int64(0); start < size; start += fsckBatch {
		rows, err := r.tx.Entries(start, int(min(fsckBatch, size-start)))
		if err != nil {
			return err
		}
		for _, row := range rows {
			if err := r.entry(row); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *replay) entry(row store.Entry) error {
	if row.Type == rogatory.ContentLost {
		r.lost = append(r.lost, row.Index)
		return nil
	}
	var e rogatory.Entry
	if err := json.Unmarshal(row.Body, &e); err != nil {
		return damaged("entry_damaged", "journal entry %d cannot be read: %w", row.Index, err)
	}
	if row.Type != e.Type || row.Request != e.Request || row.At != e.At || row.Case != e.Request.Case() {
		return damaged("entry_damaged", "journal entry %d is listed as something else than it says", row.Index)
	}
	before := r.latest
	r.latest = max(r.latest, e.At)
	switch e.Type {
	case rogatory.PoliciesProposed, rogatory.PoliciesAgreed:
		return r.policy(row, e, before)
	case rogatory.JournalSucceeded:
		if row.Index != 0 || e.Succession == nil {
			return damaged("entry_damaged", "journal entry %d says that the journal begins there", row.Index)
		}
		for _, n := range e.Succession.Numbers {
			r.out[n.State], r.last[n.State] = n.Out, n.In
		}
	case rogatory.NodeCreated, rogatory.NodeStarted:
		if edition, ok := strings.CutPrefix(e.Name, EditionPrefix); ok {
			r.rules.edition = edition
		}
	case rogatory.MessageSent:
		m, err := r.message(store.Out, row.Index, e)
		if err != nil {
			return err
		}
		if r.out[m.Peer]++; m.Sequence != r.out[m.Peer] {
			return damaged("sequence_broken", "message %s to %s has number %d, %d is due", m.ID, m.Peer, m.Sequence, r.out[m.Peer])
		}
		if err := r.delivery(m); err != nil {
			return err
		}
		return r.apply(m)
	case rogatory.MessageReceived, rogatory.MessageRefused:
		m, err := r.message(store.In, row.Index, e)
		if err != nil {
			return err
		}
		if r.parked[m.Peer] == nil {
			r.parked[m.Peer] = map[int64]store.Message{}
		}
		r.parked[m.Peer][m.Sequence] = m
		for {
			next, ok := r.parked[m.Peer][r.last[m.Peer]+1]
			if !ok {
				return nil
			}
			if !next.Applied && r.mend {
				if err := r.tx.SetApplied(store.In, next.ID); err != nil {
					return err
				}
			} else if !next.Applied {
				return damaged("message_not_applied", "message %s of %s is in turn and was not applied", next.ID, next.Peer)
			}
			delete(r.parked[m.Peer], next.Sequence)
			r.last[m.Peer]++
			if !next.Refused {
				if err := r.apply(next); err != nil && rogatory.CodeOf(err) != "request_unknown" {
					return err
				}
				delete(r.aside, next.Request)
			}
		}
	case rogatory.MessageReceipted:
		m, err := r.tx.Message(store.Out, e.Message.ID)
		if err != nil && len(r.lost) > 0 && r.mend {
			return nil
		}
		if err != nil {
			return absent(err, "message_missing", "entry %d receipts message %s, which is not there: %w", row.Index, e.Message.ID, err)
		}
		if rogatory.DigestOf(m.Receipt) != e.Message.Receipt {
			return damaged("receipt_damaged", "the receipt of message %s does not match entry %d", m.ID, row.Index)
		}
	case rogatory.RequestSnoozed:
		delete(r.aside, e.Request)
		if e.Name == "" {
			return nil
		}
		a := store.Aside{By: e.By.Name, Why: e.Why}
		if err := a.Until.UnmarshalText([]byte(e.Name)); err != nil {
			return damaged("entry_damaged", "journal entry %d does not fit: %w", row.Index, err)
		}
		r.aside[e.Request] = a
	default:
		switch e.Type {
		case rogatory.SheetSigned:
			if err := r.sheet(row.Index, e); err != nil {
				return err
			}
		case rogatory.StateSuspended, rogatory.StateReviewed, rogatory.StateResumed:
			r.suspensions = suspended(r.suspensions, e)
		case rogatory.ExhibitReceived:
			r.received[e.Exhibit.Seal.SHA256] = e.Exhibit.ID
		}
		if e.Type == rogatory.MessageUndelivered || e.Said != nil && e.Said.From.State != r.o.Us.State {
			delete(r.aside, e.Request)
		}
		if err := applyLocal(r.files, r.rules, e, r.o.Us); err != nil {
			if rogatory.CodeOf(err) == "request_unknown" && len(r.lost) > 0 {
				return nil // what opened it is among what was lost
			}
			return damaged("entry_damaged", "journal entry %d does not fit: %w", row.Index, err)
		}
	}
	return nil
}

// absent says that something is not there; an error of another sort than that it was not found stays what it is.
func absent(err error, code, format string, args ...any) error {
	if rogatory.KindOf(err) != rogatory.NotFound {
		return err
	}
	return damaged(code, format, args...)
}

func (r *replay) message(d store.Direction, index int64, e rogatory.Entry) (store.Message, error) {
	r.messages++
	if e.Message == nil {
		return store.Message{}, damaged("entry_damaged", "journal entry %d names no message", index)
	}
	m, err := r.tx.Message(d, e.Message.ID)
	if err != nil {
		return m, absent(err, "message_missing", "message %s of entry %d is not there: %w", e.Message.ID, index, err)
	}
	said, digest, err := envelope.PeekDigest(m.Container)
	if err != nil {
		return m, damaged("message_damaged", "message %s cannot be read: %w", m.ID, err)
	}
	want := *e.Message
	want.Code = ""
	if *refOf(said, digest) != want || m.Digest != digest || m.Entry != index || m.Sequence != said.Sequence || m.At != e.At {
		return m, damaged("message_damaged", "message %s is not the one that entry %d commits to", m.ID, index)
	}
	return m, nil
}

func (r *replay) apply(row store.Message) error {
	m, err := envelope.Peek(row.Container)
	if err != nil {
		return damaged("message_damaged", "message %s cannot be read: %w", row.ID, err)
	}
	if m.Act == rogatory.Send && m.From.State == r.o.Us.State && len(r.lost) > 0 {
		if _, found, _ := r.files.file(m.Request); !found {
			r.files.keep(draftOf(m, r.rules, row.At))
		}
	}
	_, _, err = apply(r.files, r.rules, r.o.Us.State, m, row.At)
	if rogatory.CodeOf(err) == "request_unknown" && len(r.lost) > 0 {
		return nil // what opened it is among what was lost
	}
	return err
}

// draftOf is the draft that a message of ours sent, for one whose own entry is lost.
func draftOf(m rogatory.Message, rules Rulebook, at rogatory.Instant) File {
	return File{ID: m.Request, Side: rogatory.RequestingSide, Us: m.From, Them: m.To, State: rogatory.Drafted, Request: *m.Body.Request, Author: m.By.Name, Rules: rules.Edition(), Opened: at}
}

func (r *replay) delivery(m store.Message) error {
	d, err := r.tx.Delivery(m.ID)
	if err != nil {
		return absent(err, "delivery_missing", "message %s was sent and is not in the outbox: %w", m.ID, err)
	}
	if done := len(m.Receipt) > 0; done != (d.State == store.Done) {
		return damaged("delivery_damaged", "message %s is %s in the outbox, receipt: %t", m.ID, d.State, done)
	}
	return nil
}

// compare holds the stored files against the replayed ones.
func (r *replay) compare() error {
	for _, id := range slices.Sorted(maps.Keys(r.files)) {
		row, err := r.tx.Request(id)
		if err != nil {
			return absent(err, "request_missing", "request %s follows from the journal and is not there: %w", id, err)
		}
		file, err := r.underItsRules(id, row)
		if err != nil {
			return err
		}
		want, err := json.Marshal(file)
		if err != nil {
			return err
		}
		if !bytes.Equal(want, row.View) {
			return damaged("view_damaged", "the file of request %s is not what the journal adds up to", id)
		}
		if err := r.rows(file, row); err != nil {
			return err
		}
	}
	if err := r.sheetsKept(); err != nil {
		return err
	}
	if err := cmp.Or(r.policiesKept(), r.suspensionsKept(), r.receivedKept()); err != nil {
		return err
	}
	if n, err := r.tx.Derived(); err != nil {
		return err
	} else if n.Indexed != int64(len(r.files)) {
		return damaged("search_stale", "the index of the search has %d requests, the journal has %d", n.Indexed, len(r.files)).WithHint("rogatory search rebuild makes the index anew; no case is damaged by this")
	}
	peers, err := r.tx.Peers()
	if err != nil {
		return err
	}
	for _, p := range peers {
		if p.LastIn != r.last[p.State] || p.LastOut != r.out[p.State] {
			return damaged("sequence_broken", "the numbers of %s stand at %d in and %d out, the journal says %d and %d", p.State, p.LastIn, p.LastOut, r.last[p.State], r.out[p.State])
		}
	}
	return nil
}

// underItsRules returns the replayed file. One that was opened under an earlier edition of the rules keeps
// the dates that these gave: they were right then, and cannot be computed again from today's. Which edition
// that was the journal says, not the file.
func (r *replay) underItsRules(id rogatory.RequestID, row store.Request) (File, error) {
	file := r.files[id]
	if file.Rules == r.o.Rules.Edition() {
		return file, nil
	}
	var stored File
	if err := json.Unmarshal(row.View, &stored); err != nil {
		return file, damaged("view_damaged", "the file of request %s cannot be read: %w", id, err)
	}
	r.earlier++
	file.Deadlines = stored.Deadlines
	if len(file.Secrecy) == len(stored.Secrecy) {
		file.Secrecy = slices.Clone(file.Secrecy)
		for i := range file.Secrecy {
			file.Secrecy[i].Until = stored.Secrecy[i].Until
		}
	}
	if file.Subject != nil && stored.Subject != nil {
		s := *file.Subject
		s.Due, file.Subject = stored.Subject.Due, &s
	}
	return file, nil
}

// rows holds what others look a file up by against the file: an altered row would hide a request, a
// deadline or an exhibit that the file itself still shows.
func (r *replay) rows(f File, row store.Request) error {
	if row.Case != f.ID.Case() || row.Side != f.Side || row.Peer != f.Them.State || row.Kind != f.Request.Kind || row.State != f.State || row.Updated != f.Changed {
		return damaged("request_damaged", "request %s is listed as something else than its file says", f.ID)
	}
	if err := r.tx.CheckIndexed(indexedOf(f)); err != nil {
		if code := rogatory.CodeOf(err); code != "search_missing" && code != "search_stale" {
			return err
		}
		return damaged(rogatory.CodeOf(err), "%w", err).WithHint("rogatory search rebuild makes the index anew; no case is damaged by this")
	}
	place, in := placeOf(f)
	q, have, err := r.tx.InQueue(f.ID)
	if err != nil {
		return err
	}
	if have != in || in && !q.Stands(place) {
		return damaged("queue_stale", "request %s does not stand in the queue as its file says", f.ID).WithHint("rogatory search rebuild makes the queue anew; no case is damaged by this")
	}
	// It may be put aside for less than the journal says, since what is due brings it back, and never for more.
	if said := r.aside[f.ID]; q.Aside.Until > min(said.Until, rogatory.Instant(q.Turn)) || q.Aside.Until != 0 && (q.Aside.By != said.By || q.Aside.Why != said.Why) {
		return damaged("aside_damaged", "request %s is put aside as the journal does not say", f.ID).WithHint("take it up again in the console")
	}
	deadlines, err := r.tx.Deadlines(f.ID)
	if err != nil {
		return err
	}
	for _, d := range f.Deadlines {
		if !slices.ContainsFunc(deadlines, func(h store.Deadline) bool {
			return h.Name == d.Name && h.State == string(d.State) && (h.DueAt == d.Due || d.State != Running)
		}) {
			return damaged("deadline_damaged", "the deadline %s of request %s is not listed as its file says", d.Name, f.ID)
		}
	}
	exhibits, err := r.tx.ExhibitsOf(f.ID)
	if err != nil {
		return err
	}
	for _, x := range f.Exhibits {
		if !slices.ContainsFunc(exhibits, func(h store.Exhibit) bool {
			return h.ID == x.Exhibit.ID && h.State == x.Standing() && h.Root == x.Exhibit.Seal.Root && (h.Direction == store.Out) == x.Ours
		}) {
			return damaged("exhibit_damaged", "exhibit %s of request %s is not listed as its file says", x.Exhibit.ID, f.ID)
		}
	}
	if len(deadlines) != len(f.Deadlines) || len(exhibits) != len(f.Exhibits) {
		return damaged("request_damaged", "request %s has %d deadlines and %d exhibits listed, its file has %d and %d", f.ID, len(deadlines), len(exhibits), len(f.Deadlines), len(f.Exhibits))
	}
	return nil
}

func (o *Office) checkVault(ctx context.Context, found Findings, files cabinetMap, depth vault.Depth) (Findings, error) {
	if o.Vault == nil {
		return found, nil
	}
	named := map[rogatory.Digest]bool{}
	for _, id := range slices.Sorted(maps.Keys(files)) {
		for _, x := range files[id].Exhibits {
			if !x.Ours && x.State != Held || x.State == Deleted {
				continue
			}
			found.Exhibits++
			named[x.Exhibit.Seal.Root] = true
			if err := o.Vault.Check(ctx, x.Exhibit.Seal.Root, depth); err != nil {
				return found, rogatory.Fault(rogatory.Damaged, "exhibit_damaged", "exhibit %s: %w", x.Exhibit.ID, err)
			}
		}
	}
	roots, err := o.Vault.List()
	if err != nil {
		return found, err
	}
	for _, root := range roots {
		if !named[root] {
			found.Orphans = append(found.Orphans, root.String())
		}
	}
	return found, nil
}
