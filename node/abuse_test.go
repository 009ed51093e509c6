// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"reflect"
	"strconv"
	"strings"
	"testing"
	"time"

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

// AB-13, the clock set back to dodge a deadline: the deadlines stay as they are, and a clock that stands before the journal
// signs nothing.
func TestAB13ClockSetBackToDodgeADeadline(t *testing.T) {
	w := offline(t, "XA", "XB")
	parcel := sends(t, w.Members["XA"].Node)
	must(w.Members["XB"].Node.Office.Receive(t.Context(), "XA", parcel.Sealed))(t)
	id := parcel.Delivery.Message
	deadlines := func(n *node.Node) []docket.Deadline {
		t.Helper()
		files, _, err := n.Office.Requests(t.Context(), person(n, "B. Lindqvist", rogatory.DutyOfficer), docket.Filter{Side: rogatory.RequestedSide})
		if err != nil || len(files) != 1 || len(files[0].Deadlines) == 0 {
			t.Fatalf("the request of message %s: %+v, %v", id, files, err)
		}
		return files[0].Deadlines
	}
	want := deadlines(w.Members["XB"].Node)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		by   time.Duration
		held bool
	}{{"400 days back", -400 * 24 * time.Hour, true}, {"an hour back", -time.Hour, true}, {"a minute back", -time.Minute, false}, {"right", 0, false}} {
		t.Run(c.name, func(t *testing.T) {
			now := &hurried{}
			now.ahead.Store(int64(c.by))
			n := must(node.Open(t.Context(), w.Members["XB"].Dir, node.Options{Clock: now, Unwatched: true}))(t)
			defer n.Close()
			if !reflect.DeepEqual(deadlines(n), want) {
				t.Error("the deadlines moved with the clock")
			}
			s := n.Gate()
			if c.held != (s.State == ledger.Held && s.Code == ledger.Clock) || !c.held && s.State != ledger.Open {
				t.Fatalf("the gate is %+v", s)
			}
			_, err := n.Office.Draft(t.Context(), person(n, "B. Lindqvist", rogatory.DutyOfficer), rogatory.Address{State: "XA", Authority: "justice"}, "", rogatory.Request{Kind: rogatory.EmergencyData})
			if c.held != (rogatory.CodeOf(err) == "start_held") {
				t.Errorf("it drafts: %v", err)
			}
			// The clock put right opens the gate, and one that is set back later shuts it.
			now.ahead.Store(0)
			if err := n.AskAgain(t.Context()); err != nil || n.Gate().State != ledger.Open {
				t.Errorf("with the right clock: %+v, %v", n.Gate(), err)
			}
			now.ahead.Store(int64(-2 * time.Hour))
			if err := n.AskAgain(t.Context()); err != nil || n.Gate().Code != ledger.Clock {
				t.Errorf("set back while it runs: %+v, %v", n.Gate(), err)
			}
		})
	}
}

// AB-20, a split view of the journal: of two heads at one size witnesses cosign the first, keep the proof of both, and no
// client with a policy takes the second. The State that signed both is not let start again.
func TestAB20SplitView(t *testing.T) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) { splitView(t, node.Database{Engine: store.SQLite, Source: "node.db"}, "") })
	t.Run("PostgreSQL", func(t *testing.T) {
		dsn := storetest.Postgres(t)
		splitView(t, node.Database{Engine: store.Postgres, Source: dsn()}, dsn())
	})
}

// splitView plays it. To is the database of the successor where it needs one of its own.
func splitView(t *testing.T, database node.Database, to string) {
	w := must(demo.Begin(context.Background(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB", "XC"}, Offline: true,
		Database: func(s rogatory.StateCode) node.Database {
			if s == "XA" {
				return database
			}
			return node.Database{Engine: store.SQLite, Source: "node.db"}
		}}))(t)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	var all []*alive
	for _, code := range []rogatory.StateCode{"XA", "XB", "XC"} {
		all = append(all, runs(t, wakes(t, w.Members[code].Dir)))
	}
	xa, xb, xc := all[0], all[1], all[2]
	for _, n := range all {
		n.opens()
	}
	xa.known(xb, xc)
	head := must(xa.Ledger.Latest(t.Context()))(t)
	keys := must(keyring.Load(filepath.Join(w.Members["XA"].Dir, "keys")))(t)
	signer := must(journal.NewSigner(keys.JournalSecret()))(t)
	other := must(journal.SignCheckpoint(journal.Checkpoint{Origin: keys.JournalOrigin(), Size: head.Size, Root: journal.Hash{1}}, signer))(t)

	policy := must(journal.ParsePolicy([]byte("log " + keys.JournalVerifier() + "\nwitness XB " + witnessKey(t, w.Members["XB"].Dir) + "\nwitness XC " + witnessKey(t, w.Members["XC"].Dir) + "\ngroup both all XB XC\nquorum both\n")))(t)
	eventually(t, "both witnesses have cosigned the head", func() bool {
		_, _, err := policy.OpenCheckpoint(must(xa.Ledger.Latest(t.Context()))(t).Note, keys.JournalOrigin(), nil)
		return err == nil
	})
	var few *journal.QuorumError
	if _, _, err := policy.OpenCheckpoint(other, keys.JournalOrigin(), nil); !errors.As(err, &few) {
		t.Errorf("a client takes the second head: %v", err)
	}

	party := must(xb.Party("XB"))(t)
	resp := must(http.Post(strings.TrimSuffix(party.WitnessURL, "/")+"/add-checkpoint", "text/plain", strings.NewReader("old "+strconv.FormatInt(head.Size, 10)+"\n\n"+string(other))))(t)
	defer resp.Body.Close()
	if said, _ := io.ReadAll(resp.Body); resp.StatusCode != http.StatusConflict {
		t.Errorf("the witness answers %d %q", resp.StatusCode, said)
	}
	var forks []store.Fork
	if err := xb.Office.Store.View(t.Context(), func(tx *store.Tx) (err error) { forks, err = tx.Forks(); return err }); err != nil || len(forks) != 1 {
		t.Fatalf("%d forks are kept, %v", len(forks), err)
	}
	fork := journal.Fork{Origin: forks[0].Origin, Seen: forks[0].Seen, Offered: forks[0].Offered}
	if err := fork.Verify(must(journal.NewVerifier(keys.JournalVerifier()))(t)); err != nil {
		t.Error(err)
	}
	if err := xa.AskAgain(t.Context()); err != nil {
		t.Fatal(err)
	}
	refuses(t, xa.Node, ledger.Forked)
	xa.stop()
	n := wakes(t, w.Members["XA"].Dir)
	refuses(t, n, ledger.Forked)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	succeeds(t, w, xb, to)
}

// succeeds closes the journal of XA, which is lost for good, and has another follow it in public. Until the other States have
// read who answers for that, they take nothing from it.
func succeeds(t *testing.T, w *demo.World, xb *alive, to string) {
	t.Helper()
	dir := w.Members["XA"].Dir
	decider, keeper := rogatory.Officer{Name: "L. Haddad", Role: rogatory.Decider}, rogatory.Officer{Name: "R. Stone", Role: rogatory.Administrator}
	if _, err := node.Succeed(t.Context(), dir, decider, decider, "alone", to); rogatory.CodeOf(err) != "second_person_needed" {
		t.Errorf("one person closes a journal: %v", err)
	}
	if _, err := node.Succeed(t.Context(), dir, keeper, rogatory.Officer{Name: "A. Okafor", Role: rogatory.DutyOfficer}, "why", to); rogatory.CodeOf(err) != "role_not_allowed" {
		t.Errorf("an officer closes a journal: %v", err)
	}
	wrong := "another.db"
	if to != "" {
		wrong = ""
	}
	if _, err := node.Succeed(t.Context(), dir, decider, keeper, "why", wrong); rogatory.CodeOf(err) != "succession_target" {
		t.Errorf("with the database %q: %v", wrong, err)
	}
	old, before := must(keyring.Load(filepath.Join(dir, "keys")))(t), must(node.LoadConfig(dir))(t)
	s := must(node.Succeed(t.Context(), dir, decider, keeper, "two heads were signed", to))(t)
	if s.Origin != old.JournalOrigin() || len(s.Responsible) != 2 {
		t.Errorf("the succession says %+v", s)
	}
	// What is closed can still be read: the file, or where the configuration of before says.
	closed := before.Database
	if to == "" {
		closed.Source = filepath.Join(dir, "closed-1", before.Database.Source)
	} else if now := must(node.LoadConfig(dir))(t).Database.Source; now != to || closed.Source == to {
		t.Errorf("the node uses %q", now)
	}
	if st := must(store.Open(t.Context(), store.Config{Engine: closed.Engine, Source: closed.Source, Keys: old.Database()}))(t); st != nil {
		var size int64
		if err := st.View(t.Context(), func(tx *store.Tx) (err error) { size, err = tx.Size(); return err }); err != nil || size != s.Had {
			t.Errorf("the closed journal has %d entries, %v; %d are said", size, err, s.Had)
		}
		if err := st.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := node.Open(t.Context(), dir, node.Options{}); rogatory.CodeOf(err) != "keys_of_other" {
		t.Errorf("before the directory lists the new journal: %v", err)
	}
	if err := w.PublishKeys("XA"); err != nil {
		t.Fatal(err)
	}
	xb.stop()
	b := wakes(t, w.Members["XB"].Dir)
	if _, err := b.Party("XA"); rogatory.CodeOf(err) != "journal_changed" {
		t.Errorf("a journal that says nothing of the one it follows is taken: %v", err)
	}
	xb = runs(t, b)
	xa := runs(t, wakes(t, dir))
	xa.opens()
	xb.opens()
	eventually(t, "XB takes the successor", func() bool { _, err := xb.Party("XA"); return err == nil })
	id := xa.asks("XB", true)
	xb.gets(id, rogatory.Requested)
	if found, err := xa.Fsck(t.Context(), vault.Structure); err != nil || found.Entries == 0 {
		t.Errorf("the successor: %+v, %v", found, err)
	}
}
