// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/console"
	"rogatory/node"
)

func passkey(id string) console.Passkey {
	return console.Passkey{ID: []byte(id), Site: "localhost", Data: []byte(`{}`)}
}

// One link registers one passkey, and the last link that was given is the only one.
func TestLinksToRegister(t *testing.T) {
	dir := spent(t, 1)
	n := later(t, dir, 0, nil)
	enrol := func(name string, at time.Time) string {
		t.Helper()
		token, err := node.Enrol(dir, name, at)
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	opens := func(token string) bool { _, err := n.Enrolment(token); return err == nil }
	now := n.Office.Clock.Now()
	old := enrol("Prosecutor L. Haddad", now.Add(-2*time.Hour))
	first, other := enrol("A. Okafor", now), enrol("Custodian N. Silva", now)
	second := enrol("A. Okafor", now)
	if opens(old) || opens(first) || !opens(second) || !opens(other) {
		t.Errorf("one that ran out opens: %v, the first %v, the second %v, another person's %v", opens(old), opens(first), opens(second), opens(other))
	}
	if all, err := os.ReadDir(filepath.Join(dir, "enrol")); err != nil || len(all) != 2 {
		t.Errorf("%d links are kept, %v", len(all), err)
	}
	if err := n.EndEnrolment(second); err != nil {
		t.Fatal(err)
	}
	if err := n.EndEnrolment(second); rogatory.CodeOf(err) != "enrolment_unknown" || opens(second) {
		t.Errorf("two end one link: %v", err)
	}
}

// A passkey that was taken away while its sign-in ran does not come back with it.
func TestAPasskeyThatWasTakenAwayStaysAway(t *testing.T) {
	dir := spent(t, 1)
	n := later(t, dir, 0, nil)
	root, judge := person(n, "Root", rogatory.Administrator), person(n, "L. Haddad", rogatory.Decider)
	if err := n.Keep("A. Okafor", passkey("stolen")); err != nil {
		t.Fatal(err)
	}
	stolen, err := node.Enrol(dir, "A. Okafor", n.Office.Clock.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := n.Used("A. Okafor", passkey("stolen")); err != nil {
		t.Fatal(err)
	}
	if err := n.AskRecovery(t.Context(), root, "A. Okafor", "the telephone was stolen"); err != nil {
		t.Fatal(err)
	}
	token, err := n.GrantRecovery(t.Context(), judge, "A. Okafor")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := n.Enrolment(stolen); rogatory.CodeOf(err) != "enrolment_unknown" {
		t.Errorf("a link of before still opens: %v", err)
	}
	if name, err := n.Enrolment(token); name != "A. Okafor" || err != nil {
		t.Errorf("the new link is %q's, %v", name, err)
	}
	if err := n.Used("A. Okafor", passkey("stolen")); rogatory.CodeOf(err) != "passkey_not_held" {
		t.Errorf("its sign-in ends with %v", err)
	}
	if all, err := n.Passkeys("A. Okafor"); err != nil || len(all) != 0 {
		t.Errorf("%d passkeys, %v", len(all), err)
	}
}

// What could not be read again is not written: one passkey too many shuts nobody out.
func TestPasskeysThatWouldNotBeRead(t *testing.T) {
	n := later(t, spent(t, 1), 0, nil)
	large := console.Passkey{Site: "localhost", Data: []byte(`"` + strings.Repeat("x", 5<<19) + `"`)}
	var err error
	kept := 0
	for ; err == nil && kept < 5; kept++ {
		large.ID = fmt.Append(nil, kept)
		err = n.Keep("A. Okafor", large)
	}
	if rogatory.CodeOf(err) != "passkeys_many" {
		t.Fatalf("after %d: %v", kept, err)
	}
	if all, err := n.Passkeys("A. Okafor"); err != nil || len(all) != kept-1 {
		t.Errorf("%d of %d passkeys, %v", len(all), kept-1, err)
	}
}

// Whoever vouches does so for what was shown, and not for what came meanwhile.
func TestAColleagueVouchesForWhatWasShown(t *testing.T) {
	ctx := t.Context()
	n := later(t, spent(t, 1), 0, nil)
	judge := person(n, "Prosecutor L. Haddad", rogatory.Decider)
	since := func(i int) rogatory.Instant {
		all, err := n.Passkeys("A. Okafor")
		if err != nil || len(all) <= i {
			t.Fatal(len(all), err)
		}
		return all[i].Since
	}
	stale := func(what string, seen rogatory.Instant) {
		t.Helper()
		if err := n.Vouch(ctx, judge, "A. Okafor", seen); rogatory.CodeOf(err) != "page_stale" {
			t.Errorf("%s: %v", what, err)
		}
	}
	stale("nothing to vouch for", 0)
	for i, id := range []string{"hers", "a thief's"} {
		if err := n.Keep("A. Okafor", passkey(id)); err != nil {
			t.Fatal(err)
		}
		if i > 0 {
			stale("a thief registered meanwhile", since(0))
		}
	}
	if err := n.Vouch(ctx, judge, "A. Okafor", since(1)); err != nil {
		t.Fatal(err)
	}
	stale("all are vouched for", since(1))
}
