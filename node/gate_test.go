// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/node"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/vault"
)

// alive is a node that runs.
type alive struct {
	*node.Node
	t    *testing.T
	stop func()
}

// wakes opens a node and checks how it wakes before anything can mend it; run then lets it work.
func wakes(t *testing.T, dir string) *node.Node {
	t.Helper()
	return must(node.Open(t.Context(), dir, node.Options{}))(t)
}

func runs(t *testing.T, n *node.Node) *alive {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ready, ended := make(chan struct{}), make(chan error, 1)
	go func() {
		err := n.Run(ctx, nil, func(node.Addresses) { close(ready) })
		ended <- errors.Join(err, n.Close())
	}()
	stopped := false
	a := &alive{n, t, func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the node of %s: %v", n.Config().State, err)
		}
	}}
	t.Cleanup(a.stop)
	select {
	case <-ready:
	case err := <-ended:
		t.Fatal(err)
	}
	return a
}

func (a *alive) opens() {
	a.t.Helper()
	ctx, cancel := context.WithTimeout(a.t.Context(), patience)
	defer cancel()
	if err := a.AwaitOpen(ctx); err != nil {
		a.t.Fatalf("the gate of %s: %v", a.Config().State, err)
	}
}

// eventually waits for what must happen in the end.
func eventually(t *testing.T, what string, happened func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); !happened(); {
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("it never happens that %s", what)
		}
	}
}

func (a *alive) size() (size int64) {
	a.t.Helper()
	if err := a.Office.Store.View(a.t.Context(), func(tx *store.Tx) (err error) { size, err = tx.Size(); return err }); err != nil {
		a.t.Fatal(err)
	}
	return size
}

// known waits until nothing waits at a node, and its peers have witnessed and mirrored all of its journal.
func (a *alive) known(by ...*alive) {
	a.t.Helper()
	eventually(a.t, "all is delivered, witnessed and mirrored", func() bool {
		if tally := must(a.Office.Tally(a.t.Context()))(a.t); tally.Waiting != 0 {
			return false
		}
		for _, p := range by {
			if s := must(p.Standing(a.t.Context(), a.Config().State))(a.t); s.Leaves != a.size() {
				return false
			}
		}
		return true
	})
}

func (a *alive) asks(to rogatory.StateCode, send bool) rogatory.RequestID {
	a.t.Helper()
	f := must(a.Office.Draft(a.t.Context(), person(a.Node, "A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: to, Authority: "justice"}, "", rogatory.Request{
		Kind: rogatory.EmergencyData, Title: "A threat to a life", Language: "en",
		Contents: map[string]string{"authority": "24/7 desk", "risk": "A named child announced suicide today.", "emergency_data": "The present address of one account."}}))(a.t)
	if send {
		a.moves(f.ID, rogatory.Decider, rogatory.Send, rogatory.Body{})
	}
	return f.ID
}

func (a *alive) moves(id rogatory.RequestID, role rogatory.OfficerRole, act rogatory.Act, body rogatory.Body) {
	a.t.Helper()
	if _, _, err := a.Office.Move(a.t.Context(), person(a.Node, "L. Haddad", role), id, act, body); err != nil {
		a.t.Fatal(err)
	}
}

func (a *alive) gets(id rogatory.RequestID, s rogatory.State) {
	a.t.Helper()
	eventually(a.t, fmt.Sprintf("%s is %s at %s", id, s, a.Config().State), func() bool {
		f, err := a.Office.File(a.t.Context(), id)
		return err == nil && f.State == s
	})
}

func (a *alive) seals(id rogatory.RequestID) rogatory.ExhibitID {
	a.t.Helper()
	return must(a.Office.Seal(a.t.Context(), person(a.Node, "N. Silva", rogatory.Custodian), id, docket.Sealing{Title: "Record", FileName: "record.txt", MediaType: "text/plain", Acquired: "order 9"},
		strings.NewReader("account record of "+string(id)), nil))(a.t).ID
}

func copyTree(t *testing.T, to, from string) {
	t.Helper()
	if err := os.RemoveAll(to); err != nil {
		t.Fatal(err)
	}
	lay(t, to, from)
}

// lay copies a folder over what is there.
func lay(t *testing.T, to, from string) {
	t.Helper()
	err := filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(name, from))
		if e.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := os.ReadFile(name)
		return errors.Join(err, os.WriteFile(target, data, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// archive is a world of three States, stopped, of which XA has an old copy.
type archive struct {
	world        *demo.World
	dir          map[rogatory.StateCode]string
	now, old, vm string // copies of XA's folder: as it stopped, of an hour ago, and taken while it ran
	peers        string
	drafted      rogatory.RequestID // what is in now and not in old
	sent, asked  rogatory.RequestID
	witness      *host
	size         int64 // of XA's journal
	seen         []journal.Seen
}

// archived plays the story. dsn makes XA's database PostgreSQL; then copies of that are made too.
func archived(t *testing.T, database node.Database, keep func(label string)) *archive {
	t.Helper()
	root := t.TempDir()
	w := must(demo.Begin(context.Background(), demo.Settings{Dir: filepath.Join(root, "world"), States: []rogatory.StateCode{"XA", "XB", "XC"}, Offline: true,
		Database: func(s rogatory.StateCode) node.Database {
			if s == "XA" {
				return database
			}
			return node.Database{Engine: store.SQLite, Source: "node.db"}
		}}))(t)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	a := &archive{world: w, dir: map[rogatory.StateCode]string{}, now: filepath.Join(root, "now"), old: filepath.Join(root, "old"), vm: filepath.Join(root, "vm"), peers: filepath.Join(root, "peers")}
	for code, m := range w.Members {
		a.dir[code] = m.Dir
	}
	a.witness = newHost(t, "witness.example")
	a.witness.know(a.dir["XA"])
	policy := "witness host " + a.witness.vkey + " " + a.witness.url + "\n"
	for _, code := range []rogatory.StateCode{"XB", "XC"} {
		policy += fmt.Sprintf("witness %s %s\n", code, witnessKey(t, a.dir[code]))
	}
	if err := os.WriteFile(filepath.Join(a.dir["XA"], "witness.policy"), []byte(policy+"group watch 2 host XB XC\nquorum watch\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	start := func() (xa, xb, xc *alive) {
		xb, xc, xa = runs(t, wakes(t, a.dir["XB"])), runs(t, wakes(t, a.dir["XC"])), runs(t, wakes(t, a.dir["XA"]))
		xa.opens()
		xb.opens()
		xc.opens()
		return xa, xb, xc
	}
	xa, xb, xc := start()
	id := xa.asks("XB", true)
	xb.gets(id, rogatory.Requested)
	asked := xb.asks("XA", true)
	xa.gets(asked, rogatory.Requested)
	xa.moves(asked, rogatory.Decider, rogatory.Accept, rogatory.Body{})
	xa.seals(asked)
	xa.known(xb, xc)
	xa.stop()
	copyTree(t, a.old, a.dir["XA"])
	keep("old")
	a.witness.mark()
	if err := w.RotateMessageKey("XA"); err != nil {
		t.Fatal(err)
	}

	xa = runs(t, wakes(t, a.dir["XA"]))
	xa.opens()
	a.drafted = xa.asks("XC", false)
	a.sent = xa.asks("XC", true)
	xc.gets(a.sent, rogatory.Requested)
	xc.moves(a.sent, rogatory.Decider, rogatory.Accept, rogatory.Body{})
	xa.gets(a.sent, rogatory.Accepted)
	a.asked = xb.asks("XA", true)
	xa.gets(a.asked, rogatory.Requested)
	xa.moves(a.asked, rogatory.Decider, rogatory.Accept, rogatory.Body{})
	xa.seals(a.asked)
	xb.gets(a.asked, rogatory.Accepted)
	xb.known()
	xc.known()
	xa.known(xb, xc)
	copyTree(t, a.vm, a.dir["XA"])
	xa.stop()
	copyTree(t, a.now, a.dir["XA"])
	keep("now")
	xb.stop()
	xc.stop()
	for _, code := range []rogatory.StateCode{"XB", "XC"} {
		copyTree(t, filepath.Join(a.peers, string(code)), a.dir[code])
	}
	a.size, a.seen = a.witness.size(), a.witness.kept()
	return a
}

// stage puts everything back to where the story stopped.
func (a *archive) stage(t *testing.T) {
	t.Helper()
	copyTree(t, a.dir["XA"], a.now)
	for _, code := range []rogatory.StateCode{"XB", "XC"} {
		copyTree(t, a.dir[code], filepath.Join(a.peers, string(code)))
	}
	a.witness.again(a.seen)
}

func (a *archive) peersRun(t *testing.T) (xb, xc *alive) {
	t.Helper()
	xb, xc = runs(t, wakes(t, a.dir["XB"])), runs(t, wakes(t, a.dir["XC"]))
	xb.opens()
	xc.opens()
	return xb, xc
}

// refuses checks that a node that woke signs nothing and goes on reading.
func refuses(t *testing.T, n *node.Node, code string) {
	t.Helper()
	if s := n.Gate(); s.State != ledger.Recovering || s.Code != code {
		t.Fatalf("the gate is %+v, want recovering, %s", s, code)
	}
	before := must(n.Ledger.Own(t.Context()))(t)
	if _, err := n.Office.Draft(t.Context(), person(n, "A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XC", Authority: "justice"}, "", rogatory.Request{Kind: rogatory.EmergencyData}); rogatory.CodeOf(err) != "recovering" {
		t.Errorf("it drafts: %v", err)
	}
	if _, err := n.Ledger.Prove(t.Context(), 0); rogatory.CodeOf(err) != "recovering" {
		t.Errorf("it signs: %v", err)
	}
	if err := n.Publish(t.Context()); rogatory.CodeOf(err) != "recovering" {
		t.Errorf("it publishes: %v", err)
	}
	if _, _, err := n.Office.Requests(t.Context(), person(n, "A. Okafor", rogatory.DutyOfficer), docket.Filter{}); err != nil {
		t.Errorf("it does not read: %v", err)
	}
	if health(t, n, "start gate") == "" {
		t.Error("its health says nothing")
	}
	if after := must(n.Ledger.Own(t.Context()))(t); after.Size != before.Size {
		t.Errorf("it wrote %d entries", after.Size-before.Size)
	}
}

// whole checks that a node has all that was witnessed of it again, that it hangs together, and that it works.
func (a *archive) whole(t *testing.T, xa, xb, xc *alive) docket.Findings {
	t.Helper()
	xa.opens()
	found, err := xa.Fsck(t.Context(), vault.Full)
	if err != nil {
		t.Fatalf("after the recovery: %v", err)
	}
	if found.Entries <= a.size {
		t.Fatalf("%d entries after the recovery, %d were witnessed", found.Entries, a.size)
	}
	xa.gets(a.sent, rogatory.Accepted)
	xa.gets(a.asked, rogatory.Accepted)
	id := xa.asks("XB", true)
	xb.gets(id, rogatory.Requested)
	id = xc.asks("XA", true)
	xa.gets(id, rogatory.Requested)
	xa.known(xb, xc)
	for _, who := range []string{"witness XB", "witness XC"} {
		if h := health(t, xa.Node, who); h != "" {
			t.Errorf("%s: %s", who, h)
		}
	}
	return found
}

// The twelve ways of coming back from an old copy, each of which ends in refusal, then recovery (research on
// reliability, 4.2).
func TestTwelveRestoresEndInRefusalThenRecovery(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("minutes of restores")
	}
	a := archived(t, node.Database{Engine: store.SQLite, Source: "node.db"}, func(string) {})
	file := func(parts ...string) string { return filepath.Join(append([]string{a.dir["XA"]}, parts...)...) }
	database := func(t *testing.T, from string) {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(file("node.db" + suffix))
			if data, err := os.ReadFile(filepath.Join(from, "node.db"+suffix)); err == nil {
				if err := os.WriteFile(file("node.db"+suffix), data, 0o600); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	type row struct {
		name   string
		damage func(t *testing.T)
		code   string
		mend   func(t *testing.T) // what people do, where the network cannot
		lost   bool               // content is lost for good
	}
	for _, r := range []row{
		{"whole disk", func(t *testing.T) {
			copyTree(t, a.dir["XA"], a.old)
			copyTree(t, file("keys"), filepath.Join(a.now, "keys"))
		}, ledger.Behind, nil, true},
		{"DB only", func(t *testing.T) { database(t, a.old) }, ledger.Behind, nil, true},
		{"log only", func(t *testing.T) { cutLog(t, file("node.db"), logSize(t, filepath.Join(a.old, "node.db"))) }, ledger.Behind, nil, true},
		{"blobs only", func(t *testing.T) { copyTree(t, file("vault"), filepath.Join(a.old, "vault")) }, ledger.Evidence, func(t *testing.T) { lay(t, file("vault"), filepath.Join(a.now, "vault")) }, false},
		{"keys only", func(t *testing.T) { copyTree(t, file("keys"), filepath.Join(a.old, "keys")) }, ledger.KeysOld, func(t *testing.T) { lay(t, file("keys"), filepath.Join(a.now, "keys")) }, false},
		{"WAL file missing", func(t *testing.T) {
			database(t, a.vm)
			if err := os.Remove(file("node.db-wal")); err != nil {
				t.Fatal(err)
			}
		}, ledger.Behind, nil, true},
		{"VM snapshot", func(t *testing.T) {
			// The snapshot is older than what followed it.
			copyTree(t, a.dir["XA"], a.vm)
			cutLog(t, file("node.db"), a.size-1)
		}, ledger.Behind, nil, true},
		{"both node and one of three witnesses restored", func(t *testing.T) { database(t, a.old); a.witness.back(a.witness.marked) }, ledger.Behind, nil, true},
	} {
		t.Run(r.name, func(t *testing.T) {
			a.stage(t)
			xb, xc := a.peersRun(t)
			r.damage(t)
			n := wakes(t, a.dir["XA"])
			refuses(t, n, r.code)
			xa := runs(t, n)
			if r.mend != nil {
				r.mend(t)
			}
			found := a.whole(t, xa, xb, xc)
			if (found.Lost > 0) != r.lost {
				t.Errorf("content of %d entries is lost, want any: %t", found.Lost, r.lost)
			}
		})
	}
	t.Run("clone", func(t *testing.T) {
		a.stage(t)
		xb, xc := a.peersRun(t)
		xa := runs(t, wakes(t, a.dir["XA"]))
		xa.opens()
		xa.known(xb, xc)
		twin := filepath.Join(t.TempDir(), "twin")
		copyTree(t, twin, a.now)
		elsewhere(t, twin)
		n := wakes(t, twin)
		refuses(t, n, ledger.Behind) // the first has signed since the copy was made
		other := runs(t, n)
		other.opens() // it cannot know that the first still lives
		id := other.asks("XB", true)
		xb.gets(id, rogatory.Requested)
		if err := xa.AskAgain(t.Context()); err != nil {
			t.Fatal(err)
		}
		refuses(t, xa.Node, ledger.Twin)
		xa.stop()
		id = other.asks("XC", true) // the one that is left goes on
		xc.gets(id, rogatory.Requested)
	})
	t.Run("witness restored", func(t *testing.T) {
		a.stage(t)
		xb, xc := a.peersRun(t)
		a.witness.back(a.witness.marked)
		xa := runs(t, wakes(t, a.dir["XA"]))
		xa.opens() // two of three still know
		retired := func() bool {
			for _, w := range must(xa.Witnesses(t.Context()))(t) {
				if w.Name == "witness.example" && w.Retired != nil {
					return true
				}
			}
			return false
		}
		eventually(t, "the witness is retired", retired)
		proofs := 0
		if err := xa.Office.Store.View(t.Context(), func(tx *store.Tx) error {
			all, err := tx.Misconducts()
			for _, m := range all {
				lapse := journal.Lapse{Origin: m.Origin, First: m.First, Second: m.Second}
				if err := lapse.Verify(must(journal.NewVerifier(must(keyring.Load(file("keys")))(t).JournalVerifier()))(t), a.witness.verifier); err != nil {
					t.Error(err)
				}
				proofs++
			}
			return err
		}); err != nil || proofs != 1 {
			t.Errorf("%d proofs, %v", proofs, err)
		}
		a.whole(t, xa, xb, xc)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		dsn := storetest.Postgres(t)
		source := dsn()
		var b *archive
		copies := map[string]string{}
		b = archived(t, node.Database{Engine: store.Postgres, Source: source}, func(label string) { copies[label] = cloneDatabase(t, source, label) })
		for _, r := range []struct{ name, from string }{{"point-in-time", "old"}, {"standby promoted", "lagging"}} {
			t.Run(r.name, func(t *testing.T) {
				b.stage(t)
				xb, xc := b.peersRun(t)
				if copies["lagging"] == "" {
					copies["lagging"] = cloneDatabase(t, copies["now"], "lagging")
					lag(t, copies["lagging"], b.size-2)
				}
				useDatabase(t, b.dir["XA"], copies[r.from])
				n := wakes(t, b.dir["XA"])
				refuses(t, n, ledger.Behind)
				if found := b.whole(t, runs(t, n), xb, xc); found.Lost == 0 {
					t.Error("no content is lost")
				}
			})
		}
	})
}

// elsewhere gives a copied node addresses of its own.
func elsewhere(t *testing.T, dir string) {
	t.Helper()
	change(t, dir, func(c map[string]any) { c["federation_listen"], c["office_listen"] = "127.0.0.1:0", "127.0.0.1:0" })
}

func useDatabase(t *testing.T, dir, source string) {
	t.Helper()
	change(t, dir, func(c map[string]any) { c["database"].(map[string]any)["source"] = source })
}

func change(t *testing.T, dir string, f func(map[string]any)) {
	t.Helper()
	name := filepath.Join(dir, "node.json")
	text := must(os.ReadFile(name))(t)
	var c map[string]any
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	f(c)
	if err := os.WriteFile(name, must(json.Marshal(c))(t), 0o600); err != nil {
		t.Fatal(err)
	}
}

// cloneDatabase copies a PostgreSQL database that nobody uses.
func cloneDatabase(t *testing.T, source, label string) string {
	t.Helper()
	fields := strings.Fields(source)
	from := strings.TrimPrefix(fields[len(fields)-1], "dbname=")
	fields[len(fields)-1] = "dbname=postgres"
	conn := must(pgx.Connect(t.Context(), strings.Join(fields, " ")))(t)
	defer conn.Close(context.Background())
	name := from + label
	if _, err := conn.Exec(t.Context(), "CREATE DATABASE "+name+" TEMPLATE "+from); err != nil {
		t.Fatal(err)
	}
	fields[len(fields)-1] = "dbname=" + name
	return strings.Join(fields, " ")
}

func logSize(t *testing.T, file string) (size int64) {
	t.Helper()
	db := must(sql.Open("sqlite", file))(t)
	defer db.Close()
	if err := db.QueryRow("SELECT size FROM journal_state").Scan(&size); err != nil {
		t.Fatal(err)
	}
	return size
}

// cutLog takes the last entries off a journal, and leaves the rest of the database as it is.
func cutLog(t *testing.T, file string, size int64) {
	t.Helper()
	db := must(sql.Open("sqlite", file))(t)
	defer db.Close()
	cut(t, size, func(query string, args ...any) error { _, err := db.Exec(query, args...); return err },
		func(index int64) (hash []byte, err error) {
			return hash, db.QueryRow("SELECT hash FROM journal_hash WHERE hash_index = ?", index).Scan(&hash)
		}, "?")
}

// lag takes the last transactions off a PostgreSQL database, as a standby that was promoted too early lacks them.
func lag(t *testing.T, source string, size int64) {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), source))(t)
	defer conn.Close(context.Background())
	cut(t, size, func(query string, args ...any) error { _, err := conn.Exec(t.Context(), query, args...); return err },
		func(index int64) (hash []byte, err error) {
			return hash, conn.QueryRow(t.Context(), "SELECT hash FROM journal_hash WHERE hash_index = $1", index).Scan(&hash)
		}, "$1")
}

func cut(t *testing.T, size int64, run func(string, ...any) error, hash func(int64) ([]byte, error), place string) {
	t.Helper()
	root := must(journal.Root(size, hashes(hash)))(t)
	second := strings.Replace(place, "1", "2", 1)
	err := errors.Join(run("DELETE FROM journal_entry WHERE entry_index >= "+place, size), run("DELETE FROM journal_hash WHERE hash_index >= "+place, tlog.StoredHashCount(size)),
		run("DELETE FROM checkpoint WHERE size > "+place, size), run("UPDATE journal_state SET size = "+place+", root = "+second, size, root[:]))
	if err != nil {
		t.Fatal(err)
	}
}

type hashes func(int64) ([]byte, error)

func (f hashes) ReadHashes(indexes []int64) ([]journal.Hash, error) {
	var all []journal.Hash
	for _, i := range indexes {
		b, err := f(i)
		if err != nil {
			return nil, err
		}
		all = append(all, journal.Hash(bytes.Clone(b)))
	}
	return all, nil
}
