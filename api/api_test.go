// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/treaty"
	"rogatory/vault"
	"rogatory/vault/memory"
)

// world is two offices that know each other. Messages go by hand, with deliver.
type world struct {
	t      *testing.T
	clock  *clock.Manual
	office map[rogatory.StateCode]*docket.Office
	door   map[rogatory.StateCode]string
	vault  map[rogatory.StateCode]*memory.Disk
	done   []string // what the node's own functions were asked to do
	book   book
}

type book map[rogatory.StateCode]rogatory.Party

func (b book) Party(code rogatory.StateCode) (rogatory.Party, error) {
	p, ok := b[code]
	if !ok {
		return p, rogatory.Fault(rogatory.NotFound, "unknown_state", "no State %s", code)
	}
	return p, nil
}

func (b book) MaySend(code rogatory.StateCode) error { _, err := b.Party(code); return err }

// people of both offices: the token of each is their name.
var people = map[string]rogatory.OfficerRole{
	"anna": rogatory.DutyOfficer, "bruno": rogatory.Decider, "dora": rogatory.Decider, "carla": rogatory.Custodian,
	"root": rogatory.Administrator, "olga": rogatory.Overseer,
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{t: t, clock: clock.NewManual(time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)), office: map[rogatory.StateCode]*docket.Office{}, door: map[rogatory.StateCode]string{}, vault: map[rogatory.StateCode]*memory.Disk{}, book: book{}}
	for code, name := range map[rogatory.StateCode]string{"XA": "Aurelia", "XB": "Borealia"} {
		w.open(code, name)
	}
	return w
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) open(code rogatory.StateCode, name string) {
	dir := w.t.TempDir()
	keys, err := keyring.Create(filepath.Join(dir, "keys"), keyring.Config{State: code, StateName: name, Authority: "justice", Hosts: []string{"localhost"}, Now: w.clock.Now(), Rand: rand.Reader})
	w.must(err)
	us := rogatory.Address{State: code, Authority: "justice"}
	w.book[code] = rogatory.Party{Code: code, Name: name, Mode: rogatory.Exercise, Languages: []string{"en"}, Certificates: []string{keys.AuthorityPEM()},
		Authorities: []rogatory.Authority{{ID: "justice", Name: name + " justice", Roles: []rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact, rogatory.ExtraditionAuthority, rogatory.CompetentAuthority, rogatory.LawEnforcement},
			MessageRecipient: keys.MessageRecipient(), EvidenceRecipient: keys.EvidenceRecipient()}},
		JournalOrigin: keys.JournalOrigin(), JournalKey: keys.JournalVerifier()}
	sc := store.Config{Engine: store.SQLite, Source: filepath.Join(dir, "node.db"), Keys: storetest.Keys()}
	w.must(store.Create(w.t.Context(), sc))
	st, err := store.Open(w.t.Context(), sc)
	w.must(err)
	w.t.Cleanup(func() { st.Close() })
	w.vault[code] = memory.New()
	v, err := vault.Open(w.vault[code])
	w.must(err)
	signer, err := journal.NewSigner(keys.JournalSecret())
	w.must(err)
	log := slog.New(slog.DiscardHandler)
	book := ledger.New(ledger.Config{Store: st, Origin: keys.JournalOrigin(), Signer: signer, Clock: w.clock, Random: rand.Reader})
	rules := treaty.Convention()
	o := docket.New(docket.Config{Us: us, Mode: rogatory.Exercise, Store: st, Ledger: book, Vault: v, Rules: docket.Standard(rules), Directory: w.book, Signer: keys.Seal(),
		Messages: keys.MessageIdentities(), Evidence: keys.EvidenceIdentities(), Clock: w.clock, Random: rand.Reader, Incarnation: 1, Log: log})
	w.office[code] = o
	door := httptest.NewServer(api.New(api.Config{Office: o, Rules: rules, Clock: w.clock, Log: log,
		Authenticate: func(token string) (rogatory.Actor, bool) {
			role, ok := people[token]
			return rogatory.Actor{Address: us, Officer: rogatory.Officer{Name: token, Role: role}}, ok
		},
		Parties: func() []rogatory.Party { return []rogatory.Party{w.book["XA"], w.book["XB"]} },
		Journal: api.Journal{Origin: keys.JournalOrigin(), VerifierKey: keys.JournalVerifier(), URL: "http://localhost/journal"},
		Checkpoint: func(ctx context.Context) ([]byte, int64, error) {
			c, err := book.Publish(ctx)
			return c.Note, c.Size, err
		},
		Package: func(_ context.Context, by rogatory.Actor, id rogatory.CaseID, why, folder string) error {
			w.done = append(w.done, fmt.Sprintf("package %s for %s: %s", folder, by.Name, why))
			return nil
		},
		CourierExport: func(_ context.Context, by rogatory.Actor, to rogatory.StateCode, folder string) (api.Courier, error) {
			w.done = append(w.done, fmt.Sprintf("courier to %s in %s for %s", to, folder, by.Name))
			return api.Courier{Folder: folder, Messages: 2}, nil
		},
		CourierImport: func(_ context.Context, by rogatory.Actor, folder string) (api.Courier, error) {
			return api.Courier{}, fmt.Errorf("read %s: %w", folder, os.ErrPermission)
		},
		Prove: func(ctx context.Context, index int64) ([]byte, error) { return book.Prove(ctx, index) },
		Health: func(context.Context) []api.Check {
			return []api.Check{{Name: "database", OK: true, Words: "answers"}}
		},
	}))
	w.t.Cleanup(door.Close)
	w.door[code] = door.URL
}

// as is somebody at a State's office.
func (w *world) as(state rogatory.StateCode, name string) *api.Client {
	return &api.Client{URL: w.door[state], Token: name}
}

// deliver carries all that waits, both ways.
func (w *world) deliver() {
	w.t.Helper()
	for from, to := range map[rogatory.StateCode]rogatory.StateCode{"XA": "XB", "XB": "XA"} {
		parcels, err := w.office[from].Collect(w.t.Context(), 100, 100)
		w.must(err)
		for _, p := range parcels {
			receipt, err := w.office[to].Receive(w.t.Context(), from, p.Sealed)
			w.must(err)
			_, err = w.office[from].Settle(w.t.Context(), p.Delivery, receipt)
			w.must(err)
		}
	}
	w.clock.Advance(time.Minute)
}

// complete is a request for stored data that lacks nothing.
func complete(kind rogatory.RequestKind) api.Draft {
	rules := treaty.Convention()
	k, err := rules.Kind(kind)
	if err != nil {
		panic(err)
	}
	d := api.Draft{To: rogatory.Address{State: "XB", Authority: "justice"}, Request: rogatory.Request{Kind: kind, Title: "Intrusion at a ministry", Language: "en",
		Offence: rogatory.Offence{Articles: []string{"7"}, Law: "section 202"}, Contents: map[string]string{}}}
	for _, f := range k.Required {
		d.Request.Contents[f] = rules.Fields[f].Example
	}
	return d
}

// accepted brings a request to where evidence can be sealed for it.
func (w *world) accepted() rogatory.RequestID {
	w.t.Helper()
	ctx := w.t.Context()
	f, err := w.as("XA", "anna").Draft(ctx, complete(rogatory.StoredData))
	w.must(err)
	_, err = w.as("XA", "bruno").Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	w.must(err)
	w.deliver()
	_, err = w.as("XB", "bruno").Move(ctx, f.ID, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"not for the death penalty"}}})
	w.must(err)
	w.deliver()
	_, err = w.as("XA", "bruno").Move(ctx, f.ID, rogatory.Agree, rogatory.Body{})
	w.must(err)
	w.deliver()
	return f.ID
}

// refused checks that err is of that kind and code, has a hint with those words, and shows no cause.
func refused(t *testing.T, err error, kind rogatory.Kind, code, hint string) {
	t.Helper()
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		t.Fatalf("got %v (%s, %s), want %s, %s", err, rogatory.KindOf(err), rogatory.CodeOf(err), kind, code)
	}
	if e := err.(*rogatory.Error); !strings.Contains(e.Hint, hint) {
		t.Errorf("hint %q does not say %q", e.Hint, hint)
	}
}

func TestNobodyEntersWithoutAToken(t *testing.T) {
	w := newWorld(t)
	for _, path := range []string{"/api/v1/requests", "/api/v1/exhibits/XB-E-5TQ0ZC8H1M4A/open", "/metrics", "/api/v1/health", "/nothing", "/"} {
		for name, header := range map[string]string{"no token": "", "a wrong token": "Bearer eve", "no bearer": "Basic YW5uYTo=", "an empty token": "Bearer "} {
			r, _ := http.NewRequest(http.MethodGet, w.door["XA"]+path, nil)
			r.Header.Set("Authorization", header)
			resp, err := http.DefaultClient.Do(r)
			w.must(err)
			var p api.Problem
			if err := json.NewDecoder(resp.Body).Decode(&p); err != nil {
				t.Errorf("%s with %s: %v", path, name, err)
			}
			resp.Body.Close()
			if resp.StatusCode != http.StatusUnauthorized || p.Kind != rogatory.Denied || p.Hint == "" || resp.Header.Get("Content-Type") != "application/problem+json" || resp.Header.Get("WWW-Authenticate") == "" {
				t.Errorf("%s with %s: %d %+v", path, name, resp.StatusCode, p)
			}
		}
	}
	for path, want := range map[string]string{"/healthz": "alive\n", "/readyz": "ready\n"} {
		resp, err := http.Get(w.door["XA"] + path)
		w.must(err)
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusOK || string(body) != want {
			t.Errorf("%s: %d %q", path, resp.StatusCode, body)
		}
	}
}

func TestARequestNeedsTwoPeopleAndAllItsContents(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	anna, bruno := w.as("XA", "anna"), w.as("XA", "bruno")

	d := complete(rogatory.Preservation42)
	facts := d.Request.Contents["offence_facts"]
	delete(d.Request.Contents, "offence_facts")
	f, err := anna.Draft(ctx, d)
	w.must(err)
	if f.State != rogatory.Drafted || f.Author != "anna" || !f.ID.Valid() {
		t.Fatalf("drafted %+v", f)
	}
	_, err = anna.Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	refused(t, err, rogatory.Denied, "role_not_allowed", "decider")
	_, err = bruno.Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	refused(t, err, rogatory.Invalid, "request_incomplete", "rogatory request edit")
	if !strings.Contains(err.Error(), "offence_facts") || !strings.Contains(err.Error(), "42(3)(b)") {
		t.Errorf("%v does not name the missing field and its article", err)
	}

	// Who completes it becomes its author, and cannot send it either.
	d.Request.Contents["offence_facts"] = facts
	f, err = bruno.Revise(ctx, f.ID, d)
	w.must(err)
	_, err = bruno.Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	refused(t, err, rogatory.Denied, "second_person_needed", "")

	m, err := w.as("XA", "dora").Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	w.must(err)
	if m.File.State != rogatory.Requested || !m.Message.Valid() {
		t.Errorf("sent %+v", m)
	}
	_, err = w.as("XA", "dora").Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	refused(t, err, rogatory.Conflict, "act_not_open", "look at the request again")

	out, err := w.as("XA", "root").Outbox(ctx, "")
	w.must(err)
	if len(out) != 1 || out[0].Message != m.Message || out[0].State != "waiting" || out[0].Peer != "XB" {
		t.Errorf("outbox %+v", out)
	}
	w.deliver()
	got, err := w.as("XB", "anna").Request(ctx, f.ID)
	w.must(err)
	if got.Side != rogatory.RequestedSide || got.Request.Contents["offence_facts"] != facts {
		t.Errorf("arrived as %+v", got)
	}
	said, err := anna.Messages(ctx, f.ID)
	w.must(err)
	if len(said) != 1 || !said[0].Receipted || said[0].Message.ApprovedBy.Name != "dora" || said[0].Message.By.Name != "bruno" {
		t.Errorf("messages %+v", said)
	}
}

func TestWhoRunsTheNodeSeesNoCase(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	f, err := w.as("XA", "anna").Draft(ctx, complete(rogatory.Preservation42))
	w.must(err)
	root := w.as("XA", "root")
	for what, call := range map[string]func() error{
		"list":     func() error { _, err := root.Requests(ctx, docket.Filter{}); return err },
		"read":     func() error { _, err := root.Request(ctx, f.ID); return err },
		"case":     func() error { _, err := root.Case(ctx, f.ID.Case()); return err },
		"messages": func() error { _, err := root.Messages(ctx, f.ID); return err },
		"entries":  func() error { _, err := root.Entries(ctx, "", 0, 10); return err },
		"proof":    func() error { _, err := root.Proof(ctx, 0); return err },
		"draft":    func() error { _, err := root.Draft(ctx, complete(rogatory.Preservation42)); return err },
	} {
		t.Run(what, func(t *testing.T) { refused(t, call(), rogatory.Denied, "role_not_allowed", "role") })
	}
	if _, err := root.Checkpoint(ctx); err != nil {
		t.Errorf("the checkpoint is public: %v", err)
	}
	if seen, err := w.as("XA", "olga").Request(ctx, f.ID); err != nil || seen.ID != f.ID {
		t.Errorf("oversight reads everything: %v", err)
	}
	_, err = w.as("XA", "olga").Revise(ctx, f.ID, complete(rogatory.Preservation42))
	refused(t, err, rogatory.Denied, "role_not_allowed", "officer")
}

func TestTheListIsTurnedPageByPage(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	want := map[rogatory.RequestID]bool{}
	for range 5 {
		f, err := w.as("XA", "anna").Draft(ctx, complete(rogatory.Preservation42))
		w.must(err)
		want[f.ID] = true
	}
	q := docket.Filter{State: rogatory.Drafted, Limit: 2}
	for pages := 1; ; pages++ {
		p, err := w.as("XA", "anna").Requests(ctx, q)
		w.must(err)
		for _, f := range p.Requests {
			if !want[f.ID] {
				t.Errorf("%s is there twice or unasked", f.ID)
			}
			delete(want, f.ID)
		}
		if q.After = p.Next; q.After == "" {
			if pages != 3 {
				t.Errorf("%d pages of 2 for 5 requests", pages)
			}
			break
		}
	}
	if len(want) != 0 {
		t.Errorf("not listed: %v", want)
	}
	_, err := w.as("XA", "anna").Requests(ctx, docket.Filter{After: "nonsense"})
	refused(t, err, rogatory.Invalid, "cursor_invalid", "next")
	_, err = w.as("XA", "anna").Requests(ctx, docket.Filter{Side: "sideways"})
	refused(t, err, rogatory.Invalid, "call_invalid", "")
}

func TestEvidenceIsStreamedInAndOutAndOfferedByAnother(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.accepted()
	evidence := make([]byte, 5<<20+17) // more than any body that is not a stream, and no whole segment
	rand.Read(evidence)
	sealing := docket.Sealing{Title: "SSH log «ministère» 🔒", FileName: "auth.log", Acquired: "order 7"}

	_, err := w.as("XB", "anna").Seal(ctx, id, sealing, bytes.NewReader(evidence), nil)
	refused(t, err, rogatory.Denied, "role_not_allowed", "custodian")
	bad := sealing
	bad.FileName = "../auth.log"
	_, err = w.as("XB", "carla").Seal(ctx, id, bad, bytes.NewReader(evidence), nil)
	refused(t, err, rogatory.Invalid, "file_name_invalid", "title")

	var sent int64
	x, err := w.as("XB", "carla").Seal(ctx, id, sealing, bytes.NewReader(evidence), func(n int64) { sent = n })
	w.must(err)
	if x.Title != sealing.Title || x.Seal.Size != int64(len(evidence)) || x.Seal.SHA256 != rogatory.DigestOf(evidence) || sent != x.Seal.Size {
		t.Fatalf("sealed %+v after %d bytes", x, sent)
	}
	v, err := w.as("XB", "bruno").Exhibit(ctx, x.ID)
	w.must(err)
	if v.State != docket.Sealed || v.Request != id || v.By != "carla" {
		t.Errorf("exhibit %+v", v)
	}

	file := filepath.Join(t.TempDir(), "opened.log")
	_, err = w.as("XB", "carla").Open(ctx, x.ID, "", file, nil)
	refused(t, err, rogatory.Invalid, "reason_missing", "")
	_, err = w.as("XB", "bruno").Open(ctx, x.ID, "curious", file, nil)
	refused(t, err, rogatory.Denied, "role_not_allowed", "custodian")
	_, err = w.as("XB", "carla").Open(ctx, x.ID, "check before the offer", file, nil)
	w.must(err)
	if got, err := os.ReadFile(file); err != nil || !bytes.Equal(got, evidence) {
		t.Fatalf("opened %d bytes: %v", len(got), err)
	}
	_, err = w.as("XB", "carla").Open(ctx, x.ID, "again", file, nil)
	refused(t, err, rogatory.Conflict, "file_exists", "another name")
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 1 {
		t.Errorf("left behind: %v", left)
	}
	entries, err := w.as("XB", "olga").Entries(ctx, id, 0, 100)
	w.must(err)
	var story []string
	for _, e := range entries {
		if e.Entry.Exhibit != nil {
			story = append(story, string(e.Entry.Type)+" by "+e.Entry.By.Name+": "+e.Entry.Why)
		}
	}
	want := "exhibit.sealed by carla: order 7, exhibit.opened by carla: check before the offer"
	if got := strings.Join(story, ", "); got != want {
		t.Errorf("custody is %q, want %q", got, want)
	}

	_, err = w.as("XB", "bruno").Move(ctx, id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
	w.must(err)
	w.deliver()
	v, err = w.as("XA", "anna").Exhibit(ctx, x.ID)
	w.must(err)
	if v.State != docket.Offered || v.Ours || v.Exhibit.Limits.Conditions[0] != "not for the death penalty" {
		t.Errorf("offered as %+v", v)
	}
	_, err = w.as("XA", "carla").Open(ctx, x.ID, "hearing", file+".2", nil)
	refused(t, err, rogatory.Conflict, "exhibit_not_held", "rogatory exhibit fetch")
}

// A sealing whose body breaks off leaves nothing, and an opening that fails on its way is broken off.
func TestHalfAStreamIsNothing(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.accepted()
	broken := io.MultiReader(bytes.NewReader(make([]byte, 2<<20)), &failing{})
	sealing := docket.Sealing{Title: "image", FileName: "disk.img", Acquired: "order 7"}
	if _, err := w.as("XB", "carla").Seal(ctx, id, sealing, broken, nil); err == nil {
		t.Fatal("half an image was sealed")
	}
	f, err := w.as("XB", "carla").Request(ctx, id)
	w.must(err)
	if len(f.Exhibits) != 0 {
		t.Errorf("the file has %+v", f.Exhibits)
	}

	x, err := w.as("XB", "carla").Seal(ctx, id, sealing, bytes.NewReader(make([]byte, 6<<20)), nil)
	w.must(err)
	// What came is cut on its way, as by a proxy that dies.
	cut := &api.Client{URL: w.door["XB"], Token: "carla", HTTP: &http.Client{Transport: cutting{}}}
	file := filepath.Join(t.TempDir(), "disk.img")
	_, err = cut.Open(ctx, x.ID, "hearing", file, nil)
	if rogatory.KindOf(err) != rogatory.Untrusted && rogatory.KindOf(err) != rogatory.Unavailable {
		t.Errorf("half an image was opened: %v", err)
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Damage that is found while an exhibit is opened breaks the stream off: there is no end that could be
// mistaken for the end of the evidence.
func TestADamagedExhibitIsNotOpened(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	id := w.accepted()
	x, err := w.as("XB", "carla").Seal(ctx, id, docket.Sealing{Title: "image", FileName: "disk.img", Acquired: "order 7"}, bytes.NewReader(make([]byte, 40<<20)), nil)
	w.must(err)
	damaged := false
	folders, err := w.vault["XB"].List("objects")
	w.must(err)
	for _, folder := range folders {
		names, err := w.vault["XB"].List("objects/" + folder)
		w.must(err)
		for _, name := range names {
			path := "objects/" + folder + "/" + name
			if size, err := w.vault["XB"].Size(path); err == nil && size == x.Seal.SealedSize {
				f, err := w.vault["XB"].Modify(path)
				w.must(err)
				_, err = f.WriteAt([]byte("X"), size-100)
				w.must(err)
				f.Close()
				damaged = true
			}
		}
	}
	if !damaged {
		t.Fatal("the sealed exhibit was not found")
	}
	file := filepath.Join(t.TempDir(), "disk.img")
	var seen int64
	_, err = w.as("XB", "carla").Open(ctx, x.ID, "hearing", file, func(n int64) { seen = n })
	refused(t, err, rogatory.Unavailable, "stream_broken", "log")
	if seen == 0 {
		t.Error("the damage was found before anything was sent: the test does not reach the stream")
	}
	if left, _ := os.ReadDir(filepath.Dir(file)); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestFoldersAreMadeWhereTheyAreNamedByWhoMay(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	const c = "XA-2026-7K3M9Q2P"
	refused(t, w.as("XA", "bruno").Package(ctx, c, api.PackageCall{Why: "hearing", Folder: "/srv/package"}), rogatory.Denied, "role_not_allowed", "custodian")
	refused(t, w.as("XA", "carla").Package(ctx, c, api.PackageCall{Why: "hearing", Folder: "package"}), rogatory.Invalid, "folder_invalid", "all of its path")
	refused(t, w.as("XA", "carla").Package(ctx, c, api.PackageCall{Why: "hearing", Folder: "/srv/../etc/package"}), rogatory.Invalid, "folder_invalid", "")
	_, err := w.as("XA", "anna").CourierExport(ctx, "XB", "/mnt/disk")
	refused(t, err, rogatory.Denied, "role_not_allowed", "administrator")
	if len(w.done) != 0 {
		t.Errorf("done in spite of a refusal: %v", w.done)
	}
	w.must(w.as("XA", "carla").Package(ctx, c, api.PackageCall{Why: "hearing", Folder: "/srv/package"}))
	r, err := w.as("XA", "root").CourierExport(ctx, "XB", "/mnt/disk")
	w.must(err)
	if got := strings.Join(w.done, "; "); got != "package /srv/package for carla: hearing; courier to XB in /mnt/disk for root" || r.Messages != 2 {
		t.Errorf("done: %s; %+v", got, r)
	}
	// What nobody foresaw is told without its cause.
	_, err = w.as("XA", "root").CourierImport(ctx, "/mnt/secret-name")
	refused(t, err, rogatory.Internal, "internal", "log")
	if strings.Contains(err.Error(), "secret-name") || strings.Contains(err.Error(), "permission") {
		t.Errorf("the cause shows: %v", err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// cutting ends every long answer early without saying so.
type cutting struct{}

func (cutting) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err == nil && resp.ContentLength > 1<<20 {
		resp.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(resp.Body, 1<<20), resp.Body}
	}
	return resp, err
}

func TestBadCallsAreAnsweredInOneForm(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		method, path, body string
		header             [2]string
		status             int
		code               string
	}{
		"an unknown member":  {"POST", "/api/v1/requests", `{"to":{"state":"XB"},"colour":"red"}`, [2]string{}, 422, "call_invalid"},
		"no JSON":            {"POST", "/api/v1/requests", `{`, [2]string{}, 400, "call_invalid"},
		"a wrong type":       {"POST", "/api/v1/requests", `{"request":{"title":7}}`, [2]string{}, 422, "call_invalid"},
		"an unknown kind":    {"POST", "/api/v1/requests", `{"to":{"state":"XB"},"request":{"kind":"favour"}}`, [2]string{}, 422, "kind_unknown"},
		"too large a body":   {"POST", "/api/v1/requests", `{"to":{"state":"` + strings.Repeat("X", 2<<20) + `"}}`, [2]string{}, 413, "call_too_large"},
		"no such request":    {"GET", "/api/v1/requests/XA-2026-7K3M9Q2P.1", "", [2]string{}, 404, "request_unknown"},
		"no such route":      {"GET", "/api/v1/secrets", "", [2]string{}, 404, "route_unknown"},
		"another site":       {"POST", "/api/v1/requests", `{}`, [2]string{"Sec-Fetch-Site", "cross-site"}, 403, "cross_origin"},
		"nothing to fetch":   {"POST", "/api/v1/exhibits/XB-E-5TQ0ZC8H1M4A/fetch", "", [2]string{}, 503, "not_provided"},
		"no entry number":    {"GET", "/api/v1/journal/proofs/first", "", [2]string{}, 422, "call_invalid"},
		"no such exhibit":    {"GET", "/api/v1/exhibits/XB-E-5TQ0ZC8H1M4A", "", [2]string{}, 404, "exhibit_unknown"},
		"open an unknown":    {"POST", "/api/v1/exhibits/XB-E-5TQ0ZC8H1M4A/open", `{"why":"x"}`, [2]string{}, 404, "exhibit_unknown"},
		"seal without words": {"POST", "/api/v1/requests/XA-2026-7K3M9Q2P.1/exhibits", "bytes", [2]string{}, 422, "call_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			r, _ := http.NewRequest(c.method, w.door["XA"]+c.path, strings.NewReader(c.body))
			r.Header.Set("Authorization", "Bearer anna")
			r.Header.Set("Content-Type", "application/json")
			if c.header[0] != "" {
				r.Header.Set(c.header[0], c.header[1])
			}
			resp, err := http.DefaultClient.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			var p api.Problem
			dec := json.NewDecoder(bytes.NewReader(body))
			dec.DisallowUnknownFields()
			if err := dec.Decode(&p); err != nil || resp.StatusCode != c.status || p.Status != c.status || p.Code != c.code || p.Message == "" || resp.Header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%d %s: %.300s", resp.StatusCode, resp.Header.Get("Content-Type"), body)
			}
		})
	}
}

func TestTheInterfaceDescribesItself(t *testing.T) {
	w := newWorld(t)
	resp, err := http.Get(w.door["XA"] + "/openapi.json")
	w.must(err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	w.must(err)
	var doc struct {
		OpenAPI    string                                `json:"openapi"`
		Paths      map[string]map[string]json.RawMessage `json:"paths"`
		Components struct {
			Schemas         map[string]json.RawMessage `json:"schemas"`
			SecuritySchemes map[string]json.RawMessage `json:"securitySchemes"`
		} `json:"components"`
		Security []json.RawMessage `json:"security"`
	}
	w.must(json.Unmarshal(text, &doc))
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || len(doc.Security) == 0 || doc.Components.SecuritySchemes["token"] == nil {
		t.Errorf("OpenAPI %s, security %s", doc.OpenAPI, doc.Security)
	}
	for _, path := range []string{"/requests", "/requests/{id}", "/requests/{id}/acts", "/requests/{id}/messages", "/requests/{id}/review", "/requests/{id}/heard", "/arrivals", "/money", "/adoptions", "/exhibits/{id}/relay", "/exhibits/{id}/push", "/requests/{id}/exhibits", "/exhibits/{id}", "/exhibits/{id}/fetch",
		"/exhibits/{id}/open", "/transfers", "/cases/{case}", "/cases/{case}/package", "/outbox", "/outbox/{id}/revive", "/journal", "/journal/checkpoint", "/journal/entries",
		"/journal/proofs/{index}", "/kinds", "/parties", "/courier/export", "/courier/import", "/health", "/me"} {
		if len(doc.Paths["/api/v1"+path]) == 0 {
			t.Errorf("%s is not described", path)
		}
	}
	if bytes.Contains(text, []byte("$schema")) || bytes.Contains(text, []byte("ErrorModel")) {
		t.Error("the library's own members show")
	}
	// Every reference leads somewhere.
	for rest := text; ; {
		_, after, found := bytes.Cut(rest, []byte(`"#/components/schemas/`))
		if !found {
			break
		}
		name, _, _ := bytes.Cut(after, []byte(`"`))
		if doc.Components.Schemas[string(name)] == nil {
			t.Errorf("schema %s is missing", name)
		}
		rest = after
	}
}

func TestTheJournalAndTheNumbersTell(t *testing.T) {
	w, ctx := newWorld(t), t.Context()
	f, err := w.as("XA", "anna").Draft(ctx, complete(rogatory.Preservation42))
	w.must(err)
	_, err = w.as("XA", "bruno").Move(ctx, f.ID, rogatory.Send, rogatory.Body{})
	w.must(err)
	w.deliver()
	v, err := w.as("XA", "root").Journal(ctx)
	w.must(err)
	if v.Size != 3 { // drafted, sent, receipted
		t.Errorf("journal of %d entries", v.Size)
	}
	proof, err := w.as("XA", "anna").Proof(ctx, 1)
	w.must(err)
	e, err := docket.OpenProof([]byte(proof), w.book["XA"])
	w.must(err)
	if e.Type != rogatory.MessageSent || e.Request != f.ID {
		t.Errorf("the proof opens %+v", e)
	}
	r, _ := http.NewRequest(http.MethodGet, w.door["XA"]+"/metrics", nil)
	r.Header.Set("Authorization", "Bearer root")
	resp, err := http.DefaultClient.Do(r)
	w.must(err)
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	for _, line := range []string{"rogatory_journal_entries 3", `rogatory_outbox_deliveries{state="waiting"} 0`, `rogatory_messages_sent_total{peer="XB"} 1`,
		`rogatory_requests_open{state="requested"} 1`, `rogatory_check_ok{check="database"} 1`} {
		if !strings.Contains(string(text), line+"\n") {
			t.Errorf("metrics lack %q:\n%s", line, text)
		}
	}
	if strings.Contains(string(text), string(f.ID.Case())) {
		t.Error("metrics name a case")
	}
}
