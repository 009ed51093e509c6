// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/oversight"
	"rogatory/store"
	"rogatory/store/storetest"
)

// quietLog is a log that a test can read.
type quietLog struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (q *quietLog) Write(p []byte) (int, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.b.Write(p)
}

func (q *quietLog) text() string {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.b.String()
}

// body runs commands of the oversight body and returns what they print.
func body(t *testing.T, args ...string) string {
	t.Helper()
	var out, words bytes.Buffer
	if code := run(t.Context(), append([]string{"oversight"}, args...), &out, &words); code != 0 {
		t.Fatalf("rogatory oversight %s: %d\n%s%s", strings.Join(args, " "), code, out.String(), words.String())
	}
	return out.String()
}

// refuses runs a command that has to fail, and returns what it says.
func refuses(t *testing.T, args ...string) string {
	t.Helper()
	var out, words bytes.Buffer
	if code := run(t.Context(), append([]string{"oversight"}, args...), &out, &words); code == 0 {
		t.Fatalf("rogatory oversight %s succeeded:\n%s", strings.Join(args, " "), out.String())
	}
	return out.String() + words.String()
}

const (
	inTheRequest = "CANARY-a-request-8f2c41"
	inTheWords   = "CANARY-words-of-an-officer-77ab"
	inEvidence   = "CANARY-evidence-c0ffee19"
)

// A request and its answer go between two overseen States; a third stands by. The bodies pull, read and compare; then
// the planted strings are looked for everywhere.
func TestOversightFollowsTwoNodes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs three nodes")
	}
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "world")
	var log quietLog
	w, err := demo.Begin(ctx, demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB", "XC"}, Oversight: true, Log: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	a, b := w.Members["XA"], w.Members["XB"]
	id := fullRun(t, ctx, a, b)

	root := filepath.Join(dir, "xa", "directory-root.json")
	published := filepath.Join(dir, "directory", "published")
	into := map[rogatory.StateCode]string{}
	pull := func(m *demo.Member) string {
		into[m.Code] = filepath.Join(t.TempDir(), string(m.Code))
		if err := m.Node.Publish(ctx); err != nil { // what is there now, and not what was a second ago
			t.Fatal(err)
		}
		return body(t, "pull", "--from", m.Addresses.Office, "--key", w.OversightKey(m.Code), "--into", into[m.Code], "--directory", published, "--root", root)
	}
	for _, m := range []*demo.Member{a, b} {
		if out := pull(m); !strings.Contains(out, "every one accounted for") {
			t.Fatalf("pull of %s: %s", m.Code, out)
		}
		if out := body(t, "read", into[m.Code], string(id), "--key", w.OversightKey(m.Code)); !strings.Contains(out, inTheRequest) || !strings.Contains(out, inTheWords) {
			t.Errorf("the body of %s does not read the case:\n%s", m.Code, out)
		}
		if out := body(t, "alarms", into[m.Code], "--key", w.OversightKey(m.Code), "--language", "fr"); strings.Contains(out, "⟦") {
			t.Errorf("the alarms of %s lack words:\n%s", m.Code, out)
		}
	}

	t.Run("only the body pulls, and a withheld entry is named", func(t *testing.T) {
		foreign := []string{"pull", "--from", a.Addresses.Office, "--key", w.OversightKey("XB"), "--into", t.TempDir(), "--directory", published, "--root", root}
		if said := refuses(t, foreign...); !strings.Contains(said, "XB") && !strings.Contains(said, "oversight") {
			t.Errorf("the body of another State: %s", said)
		}
		said := refuses(t, "pull", "--from", withholding(t, a.Addresses.Office, w.OversightKey("XA")).URL, "--key", w.OversightKey("XA"), "--into", filepath.Join(t.TempDir(), "w"), "--directory", published, "--root", root)
		if !strings.Contains(said, "the operator of the node of XA") || !strings.Contains(said, "withheld") {
			t.Errorf("a node that withholds: %s", said)
		}
		open := filepath.Join(t.TempDir(), "key")
		data, _ := os.ReadFile(w.OversightKey("XA"))
		os.WriteFile(open, data, 0o644)
		if said := refuses(t, "read", into["XA"], "--key", open); !strings.Contains(said, "may be read by others") {
			t.Errorf("a key that lies open: %s", said)
		}
	})

	t.Run("two journals are compared", func(t *testing.T) {
		salt := strings.TrimSpace(body(t, "salt"))
		lists := map[rogatory.StateCode]string{}
		for code, peer := range map[rogatory.StateCode]string{"XA": "XB", "XB": "XA"} {
			lists[code] = filepath.Join(t.TempDir(), string(code)+".list")
			body(t, "list", into[code], lists[code], "--peer", peer, "--salt", salt, "--key", w.OversightKey(code))
		}
		if out := body(t, "compare", lists["XA"], lists["XB"], "--folder", into["XA"], "--key", w.OversightKey("XA"), "--salt", salt); !strings.Contains(out, "say the same") {
			t.Errorf("compare: %s", out)
		}
		// Borealia's body is shown less than Aurelia sent.
		k := keyOf(t, w.OversightKey("XB"))
		text, err := os.ReadFile(lists["XB"])
		if err != nil {
			t.Fatal(err)
		}
		own, err := k.Body()
		if err != nil {
			t.Fatal(err)
		}
		party, err := w.Members["XB"].Node.Party("XB")
		if err != nil {
			t.Fatal(err)
		}
		party.Oversight = []rogatory.OversightBody{own}
		l, err := oversight.OpenList(text, party)
		if err != nil {
			t.Fatal(err)
		}
		l.Rows = slices.DeleteFunc(l.Rows, func(r oversight.Row) bool { return r.From == "XA" && r.Sequence == 1 })
		short, err := k.SignList(l)
		if err != nil {
			t.Fatal(err)
		}
		shorter, proofs := filepath.Join(t.TempDir(), "short.list"), t.TempDir()
		os.WriteFile(shorter, short, 0o600)
		if said := refuses(t, "compare", lists["XA"], shorter, "--folder", into["XA"], "--key", w.OversightKey("XA"), "--salt", salt, "--proofs", proofs); !strings.Contains(said, "message 1 of XA to XB") {
			t.Errorf("compare: %s", said)
		}
		files, _ := filepath.Glob(proofs + "/*.json")
		if len(files) != 1 {
			t.Fatalf("%d proofs", len(files))
		}
		if out := body(t, "verify", files[0], "--directory", published, "--root", root); !strings.Contains(out, "It holds: message 1 of XA to XB") || !strings.Contains(out, "signed receipt") {
			t.Errorf("verify: %s", out)
		}
	})

	t.Run("the planted strings are nowhere but where they belong", func(t *testing.T) {
		canaries(t, w, log.text(), into)
	})
}

func keyOf(t *testing.T, name string) oversight.Key {
	t.Helper()
	k, err := readKey(name)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// withholding is a node whose operator takes the last entries off the feed: the public journal is elsewhere.
func withholding(t *testing.T, office, key string) *httptest.Server {
	t.Helper()
	k := keyOf(t, key)
	own, err := k.Body()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		resp, err := http.Post(office+r.URL.Path, r.Header.Get("Content-Type"), r.Body)
		if err != nil {
			t.Error(err)
			return
		}
		defer resp.Body.Close()
		var sealed bytes.Buffer
		sealed.ReadFrom(resp.Body)
		// The operator could not open it; that this test can stands for a node that makes it so.
		page, err := oversight.OpenPage(sealed.Bytes(), k)
		if err != nil {
			t.Error(err)
			return
		}
		if page.Size = 3; page.From >= 3 {
			page.From, page.Items = 3, nil
		} else {
			page.Items = page.Items[:3-page.From]
		}
		again, err := oversight.SealPage(page, own.Recipient)
		if err != nil {
			t.Error(err)
			return
		}
		w.Write(again)
	}))
	t.Cleanup(s.Close)
	return s
}

// fullRun is a disclosure from the draft to the exhibit in the other State's hands.
func fullRun(t *testing.T, ctx context.Context, a, b *demo.Member) rogatory.RequestID {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := a.Node.Rules.Example(rogatory.StoredData, "", rogatory.At(time.Now()))
	ok(err)
	r.Title = "Stored data, " + inTheRequest
	f, err := a.Node.Office.Draft(ctx, a.Actor("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	ok(err)
	act := func(m *demo.Member, name string, role rogatory.OfficerRole, act rogatory.Act, body rogatory.Body) {
		t.Helper()
		_, err := m.Deliver(ctx, m.Actor(name, role), f.ID, act, body)
		ok(err)
	}
	act(a, "Prosecutor L. Haddad", rogatory.Decider, rogatory.Send, rogatory.Body{})
	act(b, "B. Lindqvist", rogatory.DutyOfficer, rogatory.AskMore, rogatory.Body{Text: "Which account? " + inTheWords, Language: "en"})
	act(a, "A. Okafor", rogatory.DutyOfficer, rogatory.Supplement, rogatory.Body{Text: "That one.", Language: "en"})
	act(b, "Judge T. Moreau", rogatory.Decider, rogatory.Accept, rogatory.Body{})
	evidence := strings.Repeat("account record\n", 1000) + inEvidence
	x, err := b.Node.Office.Seal(ctx, b.Actor("Examiner 14", rogatory.Custodian), f.ID, docket.Sealing{Title: "Account record", FileName: "record.txt", MediaType: "text/plain", Acquired: "order 9"}, strings.NewReader(evidence), nil)
	ok(err)
	act(b, "Judge T. Moreau", rogatory.Decider, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
	err = a.Node.Fetch(ctx, a.Actor("Custodian N. Silva", rogatory.Custodian), x.ID, nil)
	ok(err)
	var opened bytes.Buffer
	ok(a.Node.Office.StreamExhibit(ctx, a.Actor("Custodian N. Silva", rogatory.Custodian), x.ID, "hearing", &opened, nil))
	if !strings.HasSuffix(opened.String(), inEvidence) {
		t.Fatal("the evidence did not arrive")
	}
	return f.ID
}

// canaries looks for the planted strings. What a case says, and its evidence, lies in clear nowhere: not in the databases
// either, of which each column is looked through. docs/oversight.md and docs/threats.md say it, and this test holds it to that.
func canaries(t *testing.T, w *demo.World, log string, into map[rogatory.StateCode]string) {
	found := map[string][]string{}
	look := func(place string, data []byte) {
		for _, c := range []string{inTheRequest, inTheWords, inEvidence} {
			if bytes.Contains(data, []byte(c)) {
				found[c] = append(found[c], place)
			}
		}
	}
	look("log", []byte(log))
	roots := []string{w.Dir, into["XA"], into["XB"]}
	files := 0
	for _, root := range roots {
		err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return nil // a journal file of the database may go while we look
			}
			data, err := os.ReadFile(name)
			if err != nil {
				return nil
			}
			files++
			place, _ := filepath.Rel(filepath.Dir(root), name)
			look(place, data)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if files < 50 {
		t.Fatalf("only %d files were looked at", files)
	}
	for _, m := range w.Members {
		for _, path := range []string{"/journal/checkpoint", "/journal/" + (journal.Tile{Entries: true, Width: 1}).Path(), "/api/v1/health", "/metrics", "/console/", "/witness/", oversight.Path} {
			resp, err := http.Get(m.Addresses.Office + path)
			if err != nil {
				t.Fatal(err)
			}
			var page bytes.Buffer
			page.ReadFrom(resp.Body)
			resp.Body.Close()
			look(string(m.Code)+path, page.Bytes())
		}
		health, err := json.Marshal(m.Node.Health(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		look(string(m.Code)+" health", health)
	}
	for _, c := range []string{inTheRequest, inTheWords, inEvidence} {
		if len(found[c]) != 0 {
			t.Errorf("%s lies in clear in %v", c, found[c])
		}
		for _, state := range []string{"xa", "xb", "xc"} {
			if got := columns(t, filepath.Join(w.Dir, state, "node.db"), c); len(got) != 0 {
				t.Errorf("%s is in the database of %s in %v", c, state, got)
			}
		}
	}
	// The looking finds what is there: the words lie in the columns that are sealed, for whoever has the keys as well.
	for state, where := range map[string][]string{"xa": {"journal_entry.body", "message.container", "request.view"}, "xb": {"message.container", "request.view"}} {
		keys, err := keyring.Load(filepath.Join(w.Dir, state, "keys"))
		if err != nil {
			t.Fatal(err)
		}
		for _, column := range where {
			there := false
			storetest.Rewrite(t, store.Config{Engine: store.SQLite, Source: filepath.Join(w.Dir, state, "node.db"), Keys: keys.Database()}, column, func(_ []any, v []byte) []byte {
				there = there || bytes.Contains(v, []byte(inTheRequest))
				return v
			})
			if !there {
				t.Errorf("the canary never was in %s of %s, so that nothing was tried", column, state)
			}
		}
	}
}

// columns lists where in a database a text lies in clear, as table.column.
func columns(t *testing.T, file, text string) (all []string) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+file+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	rows, err := db.Query("SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table' ORDER BY 1, 2")
	if err != nil {
		t.Fatal(err)
	}
	var places [][2]string
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			t.Fatal(err)
		}
		places = append(places, p)
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil || len(places) < 100 {
		t.Fatalf("%d columns, %v", len(places), err)
	}
	for _, p := range places {
		var n int
		if err := db.QueryRow(`SELECT count(*) FROM "`+p[0]+`" WHERE instr(CAST("`+p[1]+`" AS BLOB), CAST(? AS BLOB)) > 0`, text).Scan(&n); err != nil {
			t.Fatalf("%v: %v", p, err)
		}
		if n > 0 {
			all = append(all, p[0]+"."+p[1])
		}
	}
	return all
}

func TestAFictitiousRequestFromTheCommandLine(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs two nodes")
	}
	dir := filepath.Join(t.TempDir(), "world")
	w, err := demo.Begin(t.Context(), demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB"}, Oversight: true})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	b := w.Members["XB"]
	r, err := b.Node.Rules.Example(rogatory.StoredData, "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	order, err := json.Marshal(oversight.Seed{ID: "XA-2026-7K3M9Q2P.1", From: rogatory.Address{State: "XA", Authority: "justice"}, To: rogatory.Address{State: "XB", Authority: "justice"},
		By: rogatory.Officer{Name: "P. Ndiaye", Role: rogatory.Decider}, Sequence: 41, Request: r})
	if err != nil {
		t.Fatal(err)
	}
	file, keep := filepath.Join(t.TempDir(), "order.json"), filepath.Join(t.TempDir(), "order.note")
	if err := os.WriteFile(file, order, 0o600); err != nil {
		t.Fatal(err)
	}
	published, root := filepath.Join(dir, "directory", "published"), filepath.Join(dir, "xb", "directory-root.json")
	if out := body(t, "seed", file, "--to", b.Addresses.Office, "--key", w.OversightKey("XB"), "--directory", published, "--root", root, "--keep", keep); !strings.Contains(out, "XA-2026-7K3M9Q2P.1") {
		t.Fatalf("seed: %s", out)
	}
	if _, _, err := b.Move(t.Context(), b.Actor("Judge T. Moreau", rogatory.Decider), "XA-2026-7K3M9Q2P.1", rogatory.Accept, rogatory.Body{}); err != nil {
		t.Fatal(err)
	}
	into := filepath.Join(t.TempDir(), "pulled")
	body(t, "pull", "--from", b.Addresses.Office, "--key", w.OversightKey("XB"), "--into", into, "--directory", published, "--root", root)
	if out := body(t, "alarms", into, "--key", w.OversightKey("XB")); !strings.Contains(out, "Request accepted, by Judge T. Moreau") {
		t.Errorf("the outcome:\n%s", out)
	}
	signed, err := os.ReadFile(keep)
	if err != nil {
		t.Fatal(err)
	}
	if out := body(t, "read", into, "XA-2026-7K3M9Q2P.1", "--key", w.OversightKey("XB"), "--json"); !strings.Contains(out, rogatory.DigestOf(signed).String()) {
		t.Error("the journal does not hold the commitment of the body")
	}
}
