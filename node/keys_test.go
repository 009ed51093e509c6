// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"crypto/rand"
	"crypto/tls"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/envelope"
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/store"
	"rogatory/store/storetest"
)

// offline makes nodes that are open and do not run.
func offline(t *testing.T, states ...rogatory.StateCode) *demo.World {
	t.Helper()
	w, err := demo.Begin(t.Context(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: states, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// sends has XA send a request to XB, and claims its delivery.
func sends(t *testing.T, n *node.Node) docket.Parcel {
	t.Helper()
	kind := must(n.Rules.Kind(rogatory.Preservation42))(t)
	r := rogatory.Request{Kind: kind.ID, Title: "SSH logs of 203.0.113.8", Language: "en", Contents: map[string]string{},
		Offence: rogatory.Offence{Articles: []string{"7"}, Law: "Penal Code, section 205"}}
	for _, name := range kind.Required {
		r.Contents[name] = n.Rules.Fields[name].Example
	}
	f := must(n.Office.Draft(t.Context(), person(n, "A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r))(t)
	if _, _, err := n.Office.Move(t.Context(), person(n, "L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{}); err != nil {
		t.Fatal(err)
	}
	parcels := must(n.Office.Collect(t.Context(), 10, 10))(t)
	if len(parcels) != 1 {
		t.Fatalf("%d parcels", len(parcels))
	}
	return parcels[0]
}

// A message key is rotated while the node is open. What is on its way under the old key opens, and so
// does what is sealed to the new one, without a restart; the old message is not taken twice.
func TestARotatedKeyOpensWithoutARestart(t *testing.T) {
	w := offline(t, "XA", "XB")
	defer w.Stop()
	xa, xb := w.Members["XA"].Node, w.Members["XB"].Node
	dir := filepath.Join(w.Members["XB"].Dir, "keys")
	old := must(keyring.Load(dir))(t)
	parcel := sends(t, xa) // sealed to the old key
	container := must(envelope.Unseal(t.Context(), parcel.Sealed, old.MessageIdentities()...))(t)

	next := must(old.RotateMessage())(t)
	anew := must(envelope.Seal(container, next.MessageRecipient()))(t)
	if _, err := xb.Office.Receive(t.Context(), "XA", anew); rogatory.CodeOf(err) != "wrong_key" {
		t.Fatalf("the test proves nothing: before the node looked, %v", err)
	}
	xb.Look()
	first := must(xb.Office.Receive(t.Context(), "XA", parcel.Sealed))(t)
	again := must(xb.Office.Receive(t.Context(), "XA", anew))(t)
	if string(first) != string(again) {
		t.Fatal("one message has two receipts")
	}

	// A file that does not belong there is a problem that Health tells, and the keys stay in use.
	stray := filepath.Join(dir, "message.9.age")
	if err := os.WriteFile(stray, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	xb.Look()
	if h := health(t, xb, "keys"); !strings.Contains(h, "message.3.age") {
		t.Fatalf("health of the keys: %q", h)
	}
	must(xb.Office.Receive(t.Context(), "XA", anew))(t)
	if err := os.Remove(stray); err != nil {
		t.Fatal(err)
	}
	if xb.Look(); health(t, xb, "keys") != "" {
		t.Fatal("the problem stays after it was mended")
	}
}

// health is what is not well with a part of the node, empty if nothing.
func health(t *testing.T, n *node.Node, name string) string {
	t.Helper()
	for _, h := range n.Health(t.Context()) {
		if h.Name == name && !h.OK {
			return h.Words
		}
	}
	return ""
}

// A running node shows a rotated TLS certificate to the next who connects.
func TestARotatedCertificateIsShownAtOnce(t *testing.T) {
	w := must(demo.Begin(t.Context(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA"},
		Door: func(*node.Node) (http.Handler, error) { return http.NotFoundHandler(), nil }}))(t)
	defer w.Stop()
	shown := func() int {
		var got []byte
		c, err := tls.Dial("tcp", strings.TrimPrefix(w.Members["XA"].Addresses.Federation, "https://"), &tls.Config{InsecureSkipVerify: true,
			VerifyConnection: func(s tls.ConnectionState) error { got = s.PeerCertificates[0].Raw; return nil }})
		if err == nil {
			c.Close()
		}
		k := must(keyring.Load(filepath.Join(w.Members["XA"].Dir, "keys")))(t)
		for _, x := range k.Keys() {
			if x.Purpose == "tls" && x.Fingerprint == rogatory.DigestOf(got).String() {
				return x.Generation
			}
		}
		return 0
	}
	if g := shown(); g != 1 {
		t.Fatalf("shows generation %d", g)
	}
	k := must(keyring.Load(filepath.Join(w.Members["XA"].Dir, "keys")))(t)
	must(k.RotateTLS(rand.Reader, time.Now()))(t)
	const patience = 20 * time.Second // the node looks each second
	for begun := time.Now(); shown() != 2; {
		if time.Since(begun) > patience {
			t.Fatal("the new certificate is never shown")
		}
	}
}

// A process that is killed while it delivers leaves a claim. With SQLite the next one, which has the
// folder to itself, frees it as it opens; with PostgreSQL the lease is waited for. A node that only
// inspects leaves it alone.
func TestClaimsOfTheDeadAtTheStart(t *testing.T) {
	postgres := storetest.Postgres(t)
	for _, c := range []struct {
		engine string
		source func() string
		left   int
	}{{store.SQLite, func() string { return "node.db" }, 0}, {store.Postgres, postgres, 1}} {
		t.Run(c.engine, func(t *testing.T) {
			w := must(demo.Begin(t.Context(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true,
				Database: func(rogatory.StateCode) node.Database { return node.Database{Engine: c.engine, Source: c.source()} }}))(t)
			parcel := sends(t, w.Members["XA"].Node)
			if err := w.Stop(); err != nil { // the claim was never settled: to the next process it is as after kill -9
				t.Fatal(err)
			}
			claims := func(opt node.Options, want int) {
				t.Helper()
				opt.Unwatched = true // there is no line to XB
				n := must(node.Open(t.Context(), w.Members["XA"].Dir, opt))(t)
				defer n.Close()
				var held []store.Delivery
				if err := n.Office.Store.View(t.Context(), func(tx *store.Tx) (err error) { held, err = tx.Leased(10); return err }); err != nil {
					t.Fatal(err)
				}
				if len(held) != want || want == 1 && held[0].Fence != parcel.Delivery.Fence {
					t.Errorf("claims: %+v, want %d", held, want)
				}
			}
			claims(node.Options{Inspect: true}, 1)
			claims(node.Options{}, c.left)
		})
	}
}

// changes lists what the journal says of people.
func changes(t *testing.T, n *node.Node) (list []string) {
	t.Helper()
	for from := int64(0); ; {
		some := must(n.Office.Entries(t.Context(), person(n, "A. Okafor", rogatory.Overseer), "", from, 100))(t)
		if len(some) == 0 {
			return list
		}
		for _, l := range some {
			if p := l.Entry.Person; p != nil {
				if l.Entry.Type != rogatory.PersonChanged || l.Entry.By.Role != rogatory.TheNode {
					t.Errorf("recorded as %+v", l.Entry)
				}
				list = append(list, p.Name+" "+string(p.Role)+" "+p.Change)
			}
		}
		from = some[len(some)-1].Index + 1
	}
}

// Who may act is in the journal before they act, whoever edited the list and whether or not the node ran.
func TestPeopleAreJournaled(t *testing.T) {
	w := offline(t, "XA")
	dir := w.Members["XA"].Dir
	n := w.Members["XA"].Node
	want := []string{"A. Okafor officer added", "Custodian N. Silva custodian added", "Prosecutor L. Haddad decider added"}
	same := func(when string, n *node.Node, more ...string) {
		t.Helper()
		want = append(want, more...)
		if got := changes(t, n); strings.Join(got, "; ") != strings.Join(want, "; ") {
			t.Fatalf("%s the journal says %q, want %q", when, got, want)
		}
	}
	same("at the first start", n)
	n.Look()
	same("when nothing changed", n)

	token := must(node.AddPerson(dir, "E. Novak", rogatory.Overseer))(t)
	who, ok := n.Authenticate(token)
	if !ok || who.Name != "E. Novak" || who.Role != rogatory.Overseer {
		t.Fatalf("the new person is %+v, %t", who, ok)
	}
	same("before the first act of a new person", n, "E. Novak oversight added")

	next := must(node.RenewToken(dir, "E. Novak"))(t)
	if _, ok := n.Authenticate(token); ok {
		t.Error("the old token is still good")
	}
	if _, ok := n.Authenticate(next); !ok {
		t.Error("the new token is not good")
	}
	same("after another token", n, "E. Novak oversight token")

	// By hand, in an editor: a list that cannot be read lets nobody in, and is told.
	file := filepath.Join(dir, "people.json")
	text := string(must(os.ReadFile(file))(t))
	for name, spoiled := range map[string]string{"cut": text[:len(text)/2], "twice": strings.Replace(text, "A. Okafor", "E. Novak", 1)} {
		if err := os.WriteFile(file, []byte(spoiled), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, ok := n.Authenticate(next); ok {
			t.Errorf("%s: let in by a list that cannot be read", name)
		}
		if health(t, n, "people.json") == "" {
			t.Errorf("%s: health says nothing", name)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Replace(text, `"oversight"`, `"decider"`, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if who, ok := n.Authenticate(next); !ok || who.Role != rogatory.Decider || health(t, n, "people.json") != "" {
		t.Fatalf("after the mending: %+v, %t", who, ok)
	}
	same("after another role", n, "E. Novak oversight removed", "E. Novak decider added")

	// While the node does not run.
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	if err := node.RemovePerson(dir, "E. Novak"); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "tokens", "E. Novak")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the token is left: %v", err)
	}
	if err := node.RemovePerson(dir, "E. Novak"); rogatory.CodeOf(err) != "person_unknown" {
		t.Errorf("removed twice: %v", err)
	}
	if _, err := node.RenewToken(dir, "E. Novak"); rogatory.CodeOf(err) != "person_unknown" {
		t.Errorf("a token for nobody: %v", err)
	}
	n = must(node.Open(t.Context(), dir, node.Options{}))(t)
	defer n.Close()
	same("at the next start", n, "E. Novak decider removed")
	if _, ok := n.Authenticate(next); ok {
		t.Error("who was removed is let in")
	}
	for _, bad := range []string{next, token} {
		entries := must(n.Office.Entries(t.Context(), person(n, "A. Okafor", rogatory.Overseer), "", 0, 100))(t)
		for _, l := range entries {
			if strings.Contains(l.Entry.Name+l.Entry.Why, bad) || strings.Contains(l.Entry.Name+l.Entry.Why, rogatory.DigestOf([]byte(bad)).String()) {
				t.Error("the journal holds a token")
			}
		}
	}
}

// What stops between the transaction and its answer: the entries are there once, or not at all and then
// at the next look.
func TestRecordingPeopleStopsHalfWay(t *testing.T) {
	w := offline(t, "XA")
	dir := w.Members["XA"].Dir
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	want := 3 // the demo's people
	for _, point := range []string{"begin", "closure", "before_commit", "after_commit"} {
		armed := false
		n := must(node.Open(t.Context(), dir, node.Options{Fault: func(p string) error {
			if armed && p == point {
				armed = false
				return errors.New("power failed")
			}
			return nil
		}}))(t)
		token := must(node.AddPerson(dir, "person at "+point, rogatory.DutyOfficer))(t)
		want++
		armed = true
		if _, ok := n.Authenticate(token); ok || armed {
			t.Errorf("at %s: let in: %t, not struck: %t", point, ok, armed)
		}
		_ = n.Close() // a store that failed says so again
		n = must(node.Open(t.Context(), dir, node.Options{}))(t)
		if got := changes(t, n); len(got) != want {
			t.Errorf("at %s: %d entries, want %d: %q", point, len(got), want, got)
		}
		if _, ok := n.Authenticate(token); !ok {
			t.Errorf("at %s: not let in afterwards", point)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
