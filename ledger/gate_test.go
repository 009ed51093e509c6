// SPDX-License-Identifier: Apache-2.0

package ledger_test

import (
	"testing"

	"rogatory"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
)

// One answer shuts the gate, a quorum opens it.
func TestJudge(t *testing.T) {
	here := ledger.Own{Size: 5, RootAt: func(size int64) (journal.Hash, error) { return journal.Hash{byte(size)}, nil }}
	seen := func(size int64) ledger.Answer {
		return ledger.Answer{From: "XB", Seen: journal.Seen{Size: size, Root: journal.Hash{byte(size)}, Note: []byte("note")}}
	}
	other := seen(4)
	other.Seen.Root = journal.Hash{99}
	for _, c := range []struct {
		name    string
		own     ledger.Own
		asked   int
		answers []ledger.Answer
		enough  bool
		state   ledger.GateState
		code    string
	}{
		{"all hold as much", here, 2, []ledger.Answer{seen(5), seen(5)}, true, ledger.Open, ""},
		{"all hold less", here, 2, []ledger.Answer{seen(3), {From: "XC"}}, true, ledger.Open, ""},
		{"too few answer", here, 3, []ledger.Answer{seen(5)}, false, ledger.Held, ledger.Unheard},
		{"nobody answers", here, 3, nil, false, ledger.Held, ledger.Unheard},
		{"one of too few holds more", here, 3, []ledger.Answer{seen(6)}, false, ledger.Recovering, ledger.Behind},
		{"one of enough holds more", here, 2, []ledger.Answer{seen(5), seen(6)}, true, ledger.Recovering, ledger.Behind},
		{"a witness says it cosigned more", here, 2, []ledger.Answer{seen(5), {From: "W", AtLeast: 6}}, true, ledger.Recovering, ledger.Behind},
		{"another root at a smaller size", here, 2, []ledger.Answer{seen(5), other}, true, ledger.Recovering, ledger.Forked},
		{"a proven fork", here, 2, []ledger.Answer{seen(5), {From: "XC", Fork: &journal.Fork{}}}, true, ledger.Recovering, ledger.Forked},
		{"nobody to ask", here, 0, nil, false, ledger.Open, ""},
		{"a new journal, nobody answers", ledger.Own{First: true, RootAt: here.RootAt}, 2, nil, false, ledger.Open, ""},
		{"an empty journal of which somebody holds something", ledger.Own{First: true, RootAt: here.RootAt}, 2, []ledger.Answer{seen(1)}, false, ledger.Recovering, ledger.Behind},
	} {
		v, err := ledger.Judge(c.own, c.asked, c.answers, c.enough)
		if err != nil || v.State != c.state || v.Code != c.code || v.Words == "" {
			t.Errorf("%s: %+v, %v, want %s %s", c.name, v, err, c.state, c.code)
		}
	}
}

// While the gate is shut nothing is recorded, proved or published; what was published is still served.
func TestAShutGateSignsNothing(t *testing.T) {
	s := newGated(t)
	s.record("one")
	cp, err := s.Publish(t.Context())
	s.ok(err)
	s.Gate().Set(ledger.Standing{State: ledger.Recovering, Code: ledger.Behind})
	if err := s.store.Update(t.Context(), func(tx *store.Tx) error { _, err := s.Record(tx, entry("two")); return err }); rogatory.CodeOf(err) != "recovering" {
		t.Errorf("recorded: %v", err)
	}
	if _, err := s.Prove(t.Context(), 0); rogatory.CodeOf(err) != "recovering" {
		t.Errorf("proved: %v", err)
	}
	if again, err := s.Latest(t.Context()); err != nil || again.Size != cp.Size {
		t.Errorf("the published checkpoint: %+v, %v", again, err)
	}
	s.Gate().Set(ledger.Standing{State: ledger.Held, Code: ledger.Unheard})
	if err := s.store.Update(t.Context(), func(tx *store.Tx) error { _, err := s.Record(tx, entry("two")); return err }); rogatory.CodeOf(err) != "start_held" {
		t.Errorf("recorded: %v", err)
	}
	s.Gate().Set(ledger.Standing{State: ledger.Open})
	s.record("two")
}

// What comes back must be what the leaves commit to, and lead to the root that was witnessed.
func TestRefillTakesOnlyWhatWasThere(t *testing.T) {
	from := newScene(t)
	var rows []store.Refilled
	for _, w := range []string{"one", "two", "three"} {
		from.record(w)
	}
	cp, err := from.Publish(t.Context())
	from.ok(err)
	from.ok(from.store.View(t.Context(), func(tx *store.Tx) error {
		entries, err := tx.Entries(0, 10)
		for _, e := range entries {
			rows = append(rows, store.Refilled{Entry: e, Leaf: journal.Commit(e.Salt, e.Body)})
		}
		return err
	}))
	target := journal.Seen{Size: cp.Size, Root: cp.Root, Note: cp.Note}
	refill := func(s *scene, rows []store.Refilled) error {
		return s.Refill(t.Context(), 0, rows, target, func(*store.Tx) error { return nil })
	}
	to := newGated(t)
	forged := append([]store.Refilled(nil), rows...)
	forged[1].Body = []byte("{}")
	if err := refill(to, forged); rogatory.CodeOf(err) != "refill_wrong" {
		t.Errorf("a forged content: %v", err)
	}
	forged = append([]store.Refilled(nil), rows...)
	forged[1].Leaf, forged[1].Entry = journal.Leaf{7}, store.Entry{}
	if err := refill(to, forged); rogatory.CodeOf(err) != "refill_wrong" {
		t.Errorf("a forged leaf: %v", err)
	}
	rows[1].Entry = store.Entry{} // nobody has it any more
	to.ok(refill(to, rows))
	if err := refill(to, rows); rogatory.CodeOf(err) != "journal_moved_on" {
		t.Errorf("a second time: %v", err)
	}
	to.ok(to.store.View(t.Context(), func(tx *store.Tx) error {
		lost, err := tx.LostEntries(0, 10)
		if len(lost) != 1 || lost[0] != 1 {
			t.Errorf("lost are %v", lost)
		}
		root, e := journal.Root(3, tx)
		if e != nil || root != cp.Root {
			t.Errorf("the root is %s, %v", root, e)
		}
		return err
	}))
}
