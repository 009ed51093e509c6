// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/treaty"
	"rogatory/vault"
	"rogatory/vault/memory"
)

// The stories play between two offices with real stores, keys, journals and vaults: Aurelia, which
// asks, and Borealia, which is asked. A third State, Cascadia, is in the directory. Only the wire
// between them is played: what one office collects, the test hands to the other.

var morning = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// book is a directory that does not change by itself.
type book struct {
	mu      sync.Mutex
	parties map[rogatory.StateCode]rogatory.Party
	stale   error // what MaySend says
}

func (b *book) Party(code rogatory.StateCode) (rogatory.Party, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	p, ok := b.parties[code]
	if !ok {
		return p, rogatory.Fault(rogatory.NotFound, "party_unknown", "the directory has no State %.10q", code)
	}
	return p, nil
}

func (b *book) MaySend(rogatory.StateCode) error { return b.stale }

// rehearsal makes one point of the store fail once.
type rehearsal struct {
	mu    sync.Mutex
	point string
	skip  int // how many times the point is passed before
	hit   bool
}

var errRehearsed = errors.New("the power went")

func (r *rehearsal) ask(point string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.point != point {
		return nil
	}
	if r.skip--; r.skip >= 0 {
		return nil
	}
	r.point, r.hit = "", true
	return errRehearsed
}

func (r *rehearsal) fail(point string, skip int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.point, r.skip, r.hit = point, skip, false
}

func (r *rehearsal) over() (hit bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.point = ""
	return r.hit
}

// house is one State's office with what it stands on.
type house struct {
	*Office
	t     *testing.T
	keys  *keyring.Keyring
	time  *clock.Manual
	disk  *memory.Disk
	power rehearsal
	file  store.Config
	runs  int64
}

type world struct {
	*testing.T
	book   *book
	xa, xb *house
	xc     *keyring.Keyring
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{T: t, book: &book{parties: map[rogatory.StateCode]rogatory.Party{}}}
	w.xa, w.xb = w.newHouse("XA", "Aurelia"), w.newHouse("XB", "Borealia")
	w.xc = w.newKeys("XC", "Cascadia")
	return w
}

func (w *world) newKeys(code rogatory.StateCode, name string) *keyring.Keyring {
	w.Helper()
	k, err := keyring.Create(filepath.Join(w.TempDir(), "keys"), keyring.Config{State: code, StateName: name, Authority: "justice", Hosts: []string{"localhost"}, Now: morning, Rand: rand.Reader})
	w.ok(err)
	w.book.parties[code] = rogatory.Party{Code: code, Name: name, Mode: rogatory.Exercise, Languages: []string{"en"}, Certificates: []string{k.AuthorityPEM()},
		JournalOrigin: k.JournalOrigin(), JournalKey: k.JournalVerifier(),
		Authorities: []rogatory.Authority{{ID: "justice", Name: "Ministry of Justice of " + name, Roles: []rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact, rogatory.ExtraditionAuthority, rogatory.CompetentAuthority, rogatory.LawEnforcement},
			MessageRecipient: k.MessageRecipient(), EvidenceRecipient: k.EvidenceRecipient()}}}
	return k
}

func (w *world) newHouse(code rogatory.StateCode, name string) *house {
	w.Helper()
	h := &house{t: w.T, keys: w.newKeys(code, name), time: clock.NewManual(morning), disk: memory.New()}
	h.file = store.Config{Engine: store.SQLite, Source: filepath.Join(w.TempDir(), "office.db"), Keys: storetest.Keys(), Fault: h.power.ask}
	w.ok(store.Create(w.Context(), h.file))
	h.open(w.book)
	w.Cleanup(func() { _ = h.Store.Close() })
	return h
}

// open starts the office on what is on its disks.
func (h *house) open(b *book) {
	h.t.Helper()
	ok := func(err error) {
		h.t.Helper()
		if err != nil {
			h.t.Fatal(err)
		}
	}
	s, err := store.Open(context.Background(), h.file)
	ok(err)
	v, err := vault.Open(h.disk)
	ok(err)
	signer, err := journal.NewSigner(h.keys.JournalSecret())
	ok(err)
	h.runs++
	h.Office = New(Config{Us: h.keys.Address(), Mode: rogatory.Exercise, Store: s, Vault: v, Rules: Standard(treaty.Convention()), Directory: b, Signer: h.keys.Seal(),
		Ledger:   ledger.New(ledger.Config{Store: s, Origin: h.keys.JournalOrigin(), Signer: signer, Clock: h.time, Random: rand.Reader}),
		Messages: h.keys.MessageIdentities(), Evidence: h.keys.EvidenceIdentities(), Clock: h.time, Random: rand.Reader, Incarnation: h.runs,
		Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

// restart is what follows a crash.
func (w *world) restart(h *house) {
	w.Helper()
	h.power.over()
	_ = h.Store.Close() // a store that failed says so again
	h.open(w.book)
}

func (w *world) ok(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

// refused holds an error against the code that it should have.
func (w *world) refused(err error, code string) {
	w.Helper()
	if err == nil || rogatory.CodeOf(err) != code {
		w.Fatalf("got %v (%s), want %s", err, rogatory.CodeOf(err), code)
	}
}

func (w *world) pass(d time.Duration) {
	w.xa.time.Advance(d)
	w.xb.time.Advance(d)
}

// The people of the two offices.
func (h *house) as(name string, role rogatory.OfficerRole) rogatory.Actor {
	return rogatory.Actor{Address: h.Us, Officer: rogatory.Officer{Name: name, Role: role}}
}
func (h *house) officer() rogatory.Actor   { return h.as("Ana Duarte", rogatory.DutyOfficer) }
func (h *house) decider() rogatory.Actor   { return h.as("Musa Okonkwo", rogatory.Decider) }
func (h *house) custodian() rogatory.Actor { return h.as("Ilse Brandt", rogatory.Custodian) }

func (h *house) words(kind rogatory.RequestKind, follows rogatory.RequestID) rogatory.Request {
	h.t.Helper()
	r, err := h.Rules.Example(kind, "", h.now())
	if err != nil {
		h.t.Fatal(err)
	}
	r.Title, r.Follows = "SSH logs of 203.0.113.8", follows
	return r
}

// drafts has Aurelia's officer draft a request to Borealia.
func (w *world) drafts(kind rogatory.RequestKind, within rogatory.CaseID, follows rogatory.RequestID) rogatory.RequestID {
	w.Helper()
	f, err := w.xa.Draft(w.Context(), w.xa.officer(), w.xb.Us, within, w.xa.words(kind, follows))
	w.ok(err)
	return f.ID
}

// does has somebody act, and fails if the act is refused.
func (w *world) does(h *house, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, b rogatory.Body) rogatory.MessageID {
	w.Helper()
	_, m, err := h.Move(w.Context(), by, id, act, b)
	w.ok(err)
	return m
}

// cannot has somebody try an act that is refused with that code, and checks that nothing was written.
func (w *world) cannot(h *house, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, b rogatory.Body, code string) {
	w.Helper()
	before := w.size(h)
	_, _, err := h.Move(w.Context(), by, id, act, b)
	w.refused(err, code)
	if after := w.size(h); after != before {
		w.Fatalf("%s was refused, and the journal grew from %d to %d", act, before, after)
	}
}

// sent is a request of that kind which Borealia has received.
func (w *world) sent(kind rogatory.RequestKind) rogatory.RequestID {
	w.Helper()
	id := w.drafts(kind, "", "")
	w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	w.carry()
	return id
}

func (w *world) other(h *house) *house {
	if h == w.xa {
		return w.xb
	}
	return w.xa
}

func (w *world) collect(h *house) []Parcel {
	w.Helper()
	parcels, err := h.Collect(w.Context(), 100, 100)
	w.ok(err)
	return parcels
}

// deliver takes one parcel across and its receipt back.
func (w *world) deliver(from *house, p Parcel) error {
	receipt, err := w.other(from).Receive(w.Context(), from.Us.State, p.Sealed)
	if err != nil {
		return err
	}
	_, err = from.Settle(w.Context(), p.Delivery, receipt)
	return err
}

// carry delivers until nothing is on its way in either direction.
func (w *world) carry() {
	w.Helper()
	for moved := true; moved; {
		moved = false
		for _, h := range []*house{w.xa, w.xb} {
			for _, p := range w.collect(h) {
				w.ok(w.deliver(h, p))
				moved = true
			}
		}
	}
}

// both checks that the two States see the request alike.
func (w *world) both(id rogatory.RequestID, want rogatory.State) {
	w.Helper()
	for _, h := range []*house{w.xa, w.xb} {
		if f := w.view(h, id); f.State != want {
			w.Fatalf("%s is %s in %s, want %s", id, f.State, h.Us.State, want)
		}
	}
}

func (w *world) view(h *house, id rogatory.RequestID) *File {
	w.Helper()
	f, err := h.File(w.Context(), id)
	w.ok(err)
	return &f
}

func (w *world) size(h *house) (n int64) {
	w.Helper()
	w.ok(h.Store.View(w.Context(), func(tx *store.Tx) (err error) { n, err = tx.Size(); return err }))
	return n
}

func (w *world) message(h *house, d store.Direction, id rogatory.MessageID) (m store.Message) {
	w.Helper()
	w.ok(h.Store.View(w.Context(), func(tx *store.Tx) (err error) { m, err = tx.Message(d, id); return err }))
	return m
}

func (w *world) delivery(h *house, id rogatory.MessageID) (d store.Delivery) {
	w.Helper()
	w.ok(h.Store.View(w.Context(), func(tx *store.Tx) (err error) { d, err = tx.Delivery(id); return err }))
	return d
}

// sound derives everything of both offices again from their journals: nothing lost, nothing twice,
// numbers without a gap, every exhibit whole.
func (w *world) sound() {
	w.Helper()
	for _, h := range []*house{w.xa, w.xb} {
		if _, err := w.check(h); err != nil {
			w.Fatalf("%s: %v", h.Us.State, err)
		}
	}
}

// check is fsck.
func (w *world) check(h *house) (Findings, error) {
	w.Helper()
	key, err := journal.NewVerifier(h.keys.JournalVerifier())
	w.ok(err)
	if _, err := h.Ledger.Publish(w.Context()); err != nil {
		w.Fatal(err)
	}
	return h.Check(w.Context(), key, vault.Structure)
}

// count returns how many entries of that type the journal has for the message.
func (w *world) count(h *house, what rogatory.EntryType, id rogatory.MessageID) (n int) {
	w.Helper()
	for start := int64(0); start < w.size(h); start++ {
		e, err := h.entry(w.Context(), start)
		w.ok(err)
		if e.Type == what && e.Message != nil && e.Message.ID == id {
			n++
		}
	}
	return n
}

// fetch carries a sealed exhibit from Borealia's vault to Aurelia's, segment by segment.
func (w *world) fetch(seal rogatory.Seal) {
	w.Helper()
	in, err := w.xa.Vault.Expect(seal)
	w.ok(err)
	var tree, bytes bytes.Buffer
	w.ok(w.xb.Vault.WriteTree(&tree, seal.Root))
	w.ok(in.SetTree(&tree))
	w.ok(w.xb.Vault.WriteSegments(w.Context(), &bytes, seal.Root, 0, seal.Segments()))
	_, err = in.PutFrom(w.Context(), 0, &bytes)
	w.ok(err)
	w.ok(in.Commit())
}

// forge is what a State in bad faith, or with other software, may send: signed with its own keys, and
// in its own journal.
func (w *world) forge(m rogatory.Message) []byte {
	w.Helper()
	container, digest, err := envelope.Sign(m, w.xa.Signer)
	w.ok(err)
	return w.wrapped(container, refOf(m, digest))
}

// wrapped journals the reference at Aurelia and seals the container with its proof.
func (w *world) wrapped(container []byte, ref *rogatory.MessageRef) []byte {
	w.Helper()
	var index int64
	w.ok(w.xa.Store.Update(w.Context(), func(tx *store.Tx) (err error) {
		index, err = w.xa.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageSent, At: w.xa.now(), By: w.xa.officer(), Message: ref})
		return err
	}))
	proof, err := w.xa.Ledger.Prove(w.Context(), index)
	w.ok(err)
	container, err = envelope.AttachProof(container, proof)
	w.ok(err)
	sealed, err := envelope.Seal(container, w.xb.keys.MessageRecipient())
	w.ok(err)
	return sealed
}

// letter is a whole message that Aurelia might forge.
func (w *world) letter(sequence int64) rogatory.Message {
	w.Helper()
	now := w.xa.time.Now()
	id, err := rogatory.NewMessageID(rand.Reader, now)
	w.ok(err)
	c, err := rogatory.NewCaseID(rand.Reader, "XA", now)
	w.ok(err)
	r := w.xa.words(rogatory.Preservation42, "")
	return rogatory.Message{Protocol: rogatory.Protocol, Mode: rogatory.Exercise, ID: id, Request: c.Request(1), From: w.xa.Us, To: w.xb.Us, Sequence: sequence, Incarnation: 1,
		Sent: rogatory.At(now), Expires: rogatory.At(now.AddDate(0, 1, 0)), Act: rogatory.Send, By: w.xa.officer().Officer, ApprovedBy: w.xa.decider().Officer,
		Body: rogatory.Body{Request: &r}}
}
