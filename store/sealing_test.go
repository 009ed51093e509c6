// SPDX-License-Identifier: Apache-2.0

package store_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"os"
	"slices"

	"testing"

	"rogatory"
	"rogatory/store"
	"rogatory/store/storetest"
)

// secret stands for what a case says. It stands in every column that is sealed.
const secret = "the account of Zanzibar-canary"

const sealedRequest = rogatory.RequestID("XA-2026-7K3M9Q2P.1")

// fill writes the secret wherever content can stand, and so many entries that one batch does not hold them.
func fill(t *testing.T, s *store.Store) {
	t.Helper()
	view := []byte(secret)
	err := s.Update(t.Context(), func(tx *store.Tx) error {
		var errs []error
		for i := range 250 {
			e := storetest.Entry(i)
			e.Body = append([]byte(secret), e.Body...)
			_, err := tx.Append(e)
			errs = append(errs, err)
		}
		id := rogatory.MessageID("0190a1b2-c3d4-7000-8000-0000000000aa")
		_, err := tx.NextSequence("XB")
		errs = append(errs, err,
			tx.InsertRequest(store.Request{ID: sealedRequest, Case: sealedRequest.Case(), Side: rogatory.RequestingSide, Peer: "XB", Kind: "k", State: rogatory.Drafted, Updated: 1, View: view}),
			tx.InsertMessage(store.Message{ID: id, Request: sealedRequest, Case: sealedRequest.Case(), Direction: store.Out, Peer: "XB", Sequence: 1, Act: rogatory.Send, Container: view}),
			tx.SetReceipt(store.Out, id, view, false),
			tx.InsertExhibit(store.Exhibit{ID: "XB-E-5TQ0ZC8H1M4A", Request: sealedRequest, Direction: store.Out, State: "s", View: view}),
			tx.InsertAlarm(store.Alarm{ID: "alarm", Open: true, View: view}),
			tx.InsertSecret(store.Secret{Digest: rogatory.DigestOf(view), How: "link", Expires: 9, View: view}),
			tx.PutPaper(store.Paper{Kind: "note", ID: "1", View: view}),
			tx.SetNoticeChoice(store.NoticeChoice{Person: "p", View: view}),
			tx.AddMisconduct(store.Misconduct{Kind: store.MisconductClone, Party: "XB", First: view, Second: append(view, '2')}),
			tx.SetSetting("a.setting", view), tx.SetSetting("none", nil),
			tx.SetPlace(store.Place{Request: sealedRequest, Waits: store.WaitsUs, Author: "p"}),
			tx.PutAside(sealedRequest, store.Aside{Until: 5, By: "p", Why: secret}),
			tx.Index(store.Indexed{Request: sealedRequest, Opened: 1, Grams: []string{"zanzibarcanary", "state:drafted"}}))
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
}

// reads returns everything that was filled in as it is read, and holds it against what was written.
func reads(t *testing.T, s *store.Store) {
	t.Helper()
	err := s.View(t.Context(), func(tx *store.Tx) error {
		var errs []error
		hold := func(what string, got []byte, err error) {
			if errs = append(errs, err); err == nil && string(got) != secret {
				t.Errorf("%s is %q", what, got)
			}
		}
		r, err := tx.Request(sealedRequest)
		hold("request", r.View, err)
		m, err := tx.MessageBySequence(store.Out, "XB", 1)
		hold("message", m.Container, err)
		hold("receipt", m.Receipt, err)
		x, err := tx.ExhibitsOf(sealedRequest)
		hold("exhibit", x[0].View, err)
		a, err := tx.Alarm("alarm")
		hold("alarm", a.View, err)
		l, err := tx.LiveSecrets("link", 1, 9)
		hold("secret", l[0].View, err)
		p, err := tx.Paper("note", "1")
		hold("paper", p.View, err)
		c, _, err := tx.NoticeChoice("p")
		hold("choice", c.View, err)
		w, err := tx.Misconducts()
		hold("misconduct", w[0].First, err)
		hold("misconduct", bytes.TrimSuffix(w[0].Second, []byte("2")), err)
		v, _, err := tx.Setting("a.setting")
		hold("setting", v, err)
		v, found, err := tx.Setting("none")
		if len(v) != 0 || !found {
			t.Errorf("an empty setting is %q", v)
		}
		errs = append(errs, err)
		q, _, err := tx.InQueue(sealedRequest)
		hold("aside", []byte(q.Aside.Why), err)
		hold("request in the queue", q.Request.View, err)
		return errors.Join(errs...)
	})
	if err != nil {
		t.Fatal(err)
	}
	journalIsWhole(t, s, 250)
}

func finds(t *testing.T, s *store.Store, gram string) (n int) {
	t.Helper()
	if err := s.View(t.Context(), func(tx *store.Tx) error {
		hits, err := tx.Search(store.SearchFilter{Wants: []string{gram}})
		n = len(hits)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return n
}

// sealing is the life of a store from before there was a database key, and of one whose key is rotated. dump returns all
// that somebody without a key gets hold of.
func sealing(t *testing.T, fresh func() store.Config, dump func(store.Config) []byte) {
	ctx := context.Background()
	silent := func(what string, c store.Config) {
		t.Helper()
		d := dump(c)
		for _, word := range []string{secret, "Zanzibar", "zanzibarcanary"} {
			if bytes.Contains(d, []byte(word)) {
				t.Errorf("%s: %q is in clear in the database", what, word)
			}
		}
		if !bytes.Contains(d, []byte(sealedRequest)) {
			t.Errorf("%s: the dump does not show what is in clear, so it shows nothing", what)
		}
	}

	c := fresh()
	s := storetest.New(t, c)
	fill(t, s)
	reads(t, s)
	if finds(t, s, "zanzibarcanary") != 1 || finds(t, s, "zanzibar") != 0 {
		t.Error("the search does not find a whole gram, or finds half of one")
	}
	s.Close()
	silent("a new store", c)

	store.Unseal(t, c)
	if !bytes.Contains(dump(c), []byte(secret)) {
		t.Fatal("the store from before is not in clear, so that nothing is tried")
	}
	_, err := store.Open(ctx, c)
	code(t, err, rogatory.Conflict, "database_in_clear")
	code(t, store.Seal(ctx, c), rogatory.Conflict, "database_in_clear")
	if n, err := store.SealedUnder(ctx, c); n != 0 || err != nil {
		t.Errorf("a store in clear is sealed under key %d, %v", n, err)
	}
	// Power goes after one batch more each time, and before the first.
	broken := errors.New("rehearsed")
	for passes, left := 0, 1; left > 0; passes++ {
		again, left0 := c, passes
		again.Fault = func(string) error {
			if left0--; left0 < 0 {
				return broken
			}
			return nil
		}
		err := store.Migrate(ctx, again)
		if err == nil {
			left = 0
		} else if !errors.Is(err, broken) {
			t.Fatal(err)
		} else if _, err := store.Open(ctx, c); rogatory.CodeOf(err) != "database_in_clear" {
			t.Fatalf("half sealed, the store opens: %v", err)
		}
	}
	s = storetest.Open(t, c)
	reads(t, s)
	if finds(t, s, "zanzibarcanary") != 0 {
		t.Error("the index from before is still there")
	}
	s.Close()
	silent("a store that was sealed later", c)

	for name, keys := range map[string]store.Keys{"database_key_missing": nil, "database_key_wrong": {sha256.Sum256([]byte("another"))}} {
		bad := c
		bad.Keys = keys
		_, err := store.Open(ctx, bad)
		if rogatory.CodeOf(err) != name {
			t.Errorf("with %v open says %v", keys, err)
		}
		if err := store.Seal(ctx, bad); rogatory.CodeOf(err) != name {
			t.Errorf("with %v seal says %v", keys, err)
		}
		if err := store.Migrate(ctx, bad); rogatory.CodeOf(err) != name {
			t.Errorf("with %v migrate says %v", keys, err)
		}
	}

	second := c
	second.Keys = append(slices.Clone(c.Keys), sha256.Sum256([]byte("the next")))
	s = storetest.Open(t, second) // as one who only looks does
	reads(t, s)
	s.Close()
	if err := store.Seal(ctx, second); err != nil {
		t.Fatal(err)
	}
	if n, err := store.SealedUnder(ctx, second); n != 2 || err != nil {
		t.Errorf("after the rotation the store is sealed under key %d, %v", n, err)
	}
	_, err = store.Open(ctx, c)
	code(t, err, rogatory.Unavailable, "database_key_missing")
	second.Keys[0] = [store.KeySize]byte{} // nothing needs it any more
	s = storetest.Open(t, second)
	reads(t, s)
	s.Close()
	silent("a store whose key was rotated", second)
}

func TestContentLiesSealed(t *testing.T) {
	sealing(t, func() store.Config { return lite(t) }, func(c store.Config) (all []byte) {
		for _, suffix := range []string{"", "-wal"} {
			b, err := os.ReadFile(c.Source + suffix)
			if err != nil && !errors.Is(err, os.ErrNotExist) {
				t.Fatal(err)
			}
			all = append(all, b...)
		}
		return all
	})
}

// A value opens in its own place only, and as it was.
func TestAValueOpensInItsPlace(t *testing.T) {
	k := storetest.Keys()
	stored, err := k.Seal("message.container", []any{"in", "ab"}, []byte("words"))
	if err != nil {
		t.Fatal(err)
	}
	if again, _ := k.Seal("message.container", []any{"in", "ab"}, []byte("words")); bytes.Equal(again, stored) {
		t.Error("the same words are sealed to the same bytes")
	}
	flip := func(i int) []byte { b := bytes.Clone(stored); b[i] ^= 1; return b }
	for name, c := range map[string]struct {
		column string
		row    []any
		stored []byte
		code   string
	}{
		"as it was":                  {"message.container", []any{"in", "ab"}, stored, ""},
		"in another row":             {"message.container", []any{"in", "ac"}, stored, "value_damaged"},
		"in another column":          {"message.receipt", []any{"in", "ab"}, stored, "value_damaged"},
		"in a row of the same text":  {"message.container", []any{"ina", "b"}, stored, "value_damaged"},
		"in clear":                   {"message.container", []any{"in", "ab"}, []byte(`{"words":"in clear, and long enough to be sealed"}`), "value_damaged"},
		"cut short":                  {"message.container", []any{"in", "ab"}, stored[:len(stored)-1], "value_damaged"},
		"cut to nothing but a head":  {"message.container", []any{"in", "ab"}, stored[:2], "value_damaged"},
		"of another version":         {"message.container", []any{"in", "ab"}, flip(0), "value_damaged"},
		"under key 0":                {"message.container", []any{"in", "ab"}, flip(1), "value_damaged"},
		"with another nonce":         {"message.container", []any{"in", "ab"}, flip(2), "value_damaged"},
		"with another last byte":     {"message.container", []any{"in", "ab"}, flip(len(stored) - 1), "value_damaged"},
		"under a key that is beyond": {"message.container", []any{"in", "ab"}, append([]byte{1, 7}, stored[2:]...), "database_key_missing"},
	} {
		value, err := k.Open(c.column, c.row, c.stored)
		if err != nil && rogatory.CodeOf(err) != c.code || (err == nil) != (c.code == "") || c.code == "" && string(value) != "words" || c.code != "" && value != nil {
			t.Errorf("%s: %q, %v", name, value, err)
		}
	}
	if _, err := store.Keys(nil).Seal("a.b", nil, []byte("x")); rogatory.CodeOf(err) != "database_key_missing" {
		t.Errorf("without a key: %v", err)
	}
}
