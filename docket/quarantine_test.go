// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// logins is an answer of a provider as it comes: a table of which three rows of ten were not asked for.
func logins(rows int) string {
	var b strings.Builder
	b.WriteString("Time (UTC),Source IP,Account,Result\r\n")
	at := time.Date(2026, 11, 2, 3, 0, 0, 0, time.UTC)
	for i := range rows {
		when, ip, account := at.Add(time.Duration(i)*time.Second), "198.51.100.17", "holder"
		switch i % 10 {
		case 3:
			when = when.AddDate(0, 0, 9)
		case 5, 8:
			ip, account = "192.0.2.77", "secret-neighbour@mail.example"
		}
		fmt.Fprintf(&b, "%s,%s,%s,ok\r\n", when.Format(time.RFC3339), ip, account)
	}
	return b.String()
}

func table() Sealing {
	return Sealing{Title: "Logins", FileName: "logins.csv", MediaType: "text/csv", Acquired: "by order 7, from Borealia Mobile"}
}

// bound is a request for stored data about one address and three days that Borealia has accepted.
func (w *world) bound() rogatory.RequestID {
	w.Helper()
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.carry()
	return id
}

func TestAB17ExcessIsSealedUnreadForTheReviewer(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.bound()
	const rows = 3000
	answer := logins(rows)
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, table(), iotest.HalfReader(strings.NewReader(answer)), nil)
	w.ok(err)
	x := w.view(w.xb, id).exhibit(e.ID)
	if c := x.Compared; x.Quarantine == nil || c == nil || c.Verdict != safeguard.Exceeds || c.Rows != rows || c.Outside != rows*3/10 || c.Reasons[safeguard.WrongTime] != rows/10 || c.Reasons[safeguard.WrongIdentifier] != rows/5 {
		t.Fatalf("an answer with 30 %% of excess is held as %+v, %+v", x.Quarantine, x.Compared)
	}
	if x.Compared.Columns.Time != "Time (UTC)" || strings.Join(x.Compared.Columns.Identifiers, " ") != "Source IP Account" {
		t.Errorf("compared by %+v", x.Compared.Columns)
	}
	if e.Seal.SHA256 != rogatory.DigestOf([]byte(answer)) {
		t.Error("what lies in quarantine is not what the provider gave")
	}

	t.Run("no officer sees it, by any way", func(t *testing.T) {
		for _, by := range []rogatory.Actor{w.xb.custodian(), w.xb.as("Another Keeper", rogatory.Custodian), w.xb.officer(), w.xb.as("Ilse Brandt", rogatory.Decider), w.xb.as("X", rogatory.Overseer)} {
			before := w.size(w.xb)
			var seen bytes.Buffer
			for what, err := range map[string]error{
				"stream": w.xb.StreamExhibit(ctx, by, e.ID, "a look", &seen, nil),
				"look":   func() error { _, err := w.xb.LookInto(ctx, by, e.ID, "a look"); return err }(),
				"open":   func() error { _, err := w.xb.OpenExhibit(ctx, by, e.ID, "a look", w.xb.disk, "out", nil); return err }(),
				"to":     func() error { _, err := w.xb.OpenExhibitTo(ctx, by, e.ID, "a look", &seen, nil); return err }(),
				"export": w.xb.Exported(ctx, by, e.ID, "court"),
			} {
				if code := rogatory.CodeOf(err); code != "exhibit_quarantined" && code != "role_not_allowed" {
					t.Errorf("%s by %s (%s): %v", what, by.Name, by.Role, err)
				}
			}
			if seen.Len() > 0 || w.size(w.xb) != before {
				t.Errorf("%s (%s) saw %d bytes", by.Name, by.Role, seen.Len())
			}
		}
	})
	t.Run("it is not offered, and the policy says why", func(t *testing.T) {
		offer := rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}}
		w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "exhibit_quarantined")
		if f := *w.view(w.xb, id); !handsOverExcess(f, rogatory.Offer, offer) || !handsOverExcess(f, rogatory.Offer, rogatory.Body{ExhibitID: e.ID}) {
			t.Error("the safeguards are not told")
		}
		if _, err := w.xb.Outgoing(ctx, "XA", e.Seal.Root); rogatory.CodeOf(err) != "exhibit_unknown" {
			t.Error(err)
		}
	})
	t.Run("the list of the reviewer, and the journal, hold counts and no value", func(t *testing.T) {
		list, err := w.xb.Quarantined(ctx, w.xb.decider())
		w.ok(err)
		if len(list) != 1 || list[0].Exhibit.ID != e.ID || list[0].Request != id {
			t.Fatalf("%+v", list)
		}
		if data, _ := json.Marshal(list); bytes.Contains(data, []byte("neighbour")) || bytes.Contains(data, []byte("192.0.2.77")) {
			t.Errorf("the list repeats what nobody may see: %s", data)
		}
		entry, err := w.xb.entry(ctx, w.size(w.xb)-1)
		w.ok(err)
		if entry.Type != rogatory.ExhibitQuarantined || entry.By.Role != rogatory.TheNode || bytes.Contains(entry.Compared, []byte("neighbour")) {
			t.Errorf("%+v", entry)
		}
	})

	// The reviewer, who did not seal it, may look, with a reason, and it is written down.
	var seen bytes.Buffer
	w.refused(w.xb.StreamExhibit(ctx, w.xb.decider(), e.ID, " ", &seen, nil), "reason_missing")
	look, err := w.xb.LookInto(ctx, w.xb.decider(), e.ID, "to see what the provider added")
	w.ok(err)
	plain, err := look.Open(ctx, w.xb.decider())
	w.ok(err)
	plain.Close()
	w.ok(w.xb.StreamExhibit(ctx, w.xb.decider(), e.ID, "to see what the provider added", &seen, nil))
	if seen.String() != answer {
		t.Error("the reviewer sees something else")
	}

	// A machine cuts out what was asked for.
	_, err = w.xb.Cut(ctx, w.xb.custodian(), e.ID)
	w.refused(err, "role_not_allowed")
	_, err = w.xb.Cut(ctx, w.xb.as("Ilse Brandt", rogatory.Decider), e.ID)
	w.refused(err, "second_person_needed")
	cut, err := w.xb.Cut(ctx, w.xb.decider(), e.ID)
	w.ok(err)
	y := w.view(w.xb, id).exhibit(cut.ID)
	if y == nil || y.State != Sealed || y.Quarantine != nil || y.CutFrom != e.ID || y.By != "Ilse Brandt" || y.Compared.Verdict != safeguard.Within || y.Compared.Rows != rows*7/10 {
		t.Fatalf("the cut is %+v", y)
	}
	if !strings.Contains(cut.Acquired, string(e.ID)) || !strings.Contains(cut.Acquired, e.Seal.SHA256.String()) || !strings.HasSuffix(cut.Acquired, table().Acquired) {
		t.Errorf("the cut does not name its origin: %s", cut.Acquired)
	}
	w.sound()

	// It goes the way of any exhibit, and the other side finds it within as well.
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: cut.ID}})
	w.carry()
	seal, err := w.xb.Outgoing(ctx, "XA", cut.Seal.Root)
	w.ok(err)
	w.fetch(seal)
	w.ok(w.xa.Arrived(ctx, "XB", seal.Root))
	w.carry()
	if got := w.view(w.xa, id).exhibit(cut.ID); got.State != Held || got.Quarantine != nil || got.Compared.Verdict != safeguard.Within {
		t.Fatalf("Aurelia holds %+v, compared %+v", got, got.Compared)
	}
	var opened bytes.Buffer
	w.ok(w.xa.StreamExhibit(ctx, w.xa.custodian(), cut.ID, "trial", &opened, nil))
	if strings.Contains(opened.String(), "neighbour") || strings.Count(opened.String(), "\r\n") != rows*7/10+1 || !strings.HasPrefix(answer, opened.String()[:150]) {
		t.Error("the cut is not the rows that were asked for, as they stood")
	}

	// What is left is deleted, with a certificate, and the other State, which never heard of it, is told nothing.
	sent := w.view(w.xa, id).Changed
	_, err = w.xb.DeleteExcess(ctx, w.xb.decider(), e.ID, "")
	w.refused(err, "reason_missing")
	c, err := w.xb.DeleteExcess(ctx, w.xb.decider(), e.ID, "the neighbour is of no concern")
	w.ok(err)
	w.carry()
	if has, err := w.xb.Vault.Has(e.Seal.Root); err != nil || has || c.Rule != excessRule || c.Digest != e.Seal.SHA256 || w.view(w.xa, id).Changed != sent {
		t.Errorf("deleted: %+v, still there: %t, %v", c, has, err)
	}
	if list, err := w.xb.Quarantined(ctx, w.xb.decider()); err != nil || len(list) != 0 {
		t.Errorf("%+v, %v", list, err)
	}
	_, err = w.xb.Cut(ctx, w.xb.decider(), e.ID)
	w.refused(err, "exhibit_not_quarantined")
	w.sound()
}

func TestAB17ReleaseTakesTwoPeopleOfTwoRoles(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.bound()
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, table(), strings.NewReader(logins(20)), nil)
	w.ok(err)
	release := func(by rogatory.Actor, want bool, code string) {
		t.Helper()
		released, err := w.xb.Release(ctx, by, e.ID, "the neighbour's address was meant by the request")
		if released != want || (err != nil || code != "") && rogatory.CodeOf(err) != code {
			t.Fatalf("%s (%s): released %t, %v", by.Name, by.Role, released, err)
		}
	}
	_, err = w.xb.Release(ctx, w.xb.decider(), e.ID, "yes")
	w.refused(err, "words_missing")
	release(w.xb.custodian(), false, "second_person_needed") // who sealed it
	release(w.xb.as("X", rogatory.Overseer), false, "role_not_allowed")
	release(w.xb.decider(), false, "")
	release(w.xb.decider(), false, "") // twice is once
	release(w.xb.as("Second Decider", rogatory.Decider), false, "")
	same := w.xb.as("Tarek Aziz", rogatory.DutyOfficer)
	same.Credential = credentialOf(w.xb.decider())
	release(same, false, "") // one credential behind two names
	if x := w.view(w.xb, id).exhibit(e.ID); x.Quarantine == nil || len(x.Quarantine.Votes) != 3 {
		t.Fatalf("%+v", x.Quarantine)
	}
	w.sound()

	e, err = w.xb.Seal(ctx, w.xb.custodian(), id, table(), strings.NewReader(logins(30)), nil)
	w.ok(err)
	release(w.xb.officer(), false, "")
	release(w.xb.decider(), true, "")
	release(w.xb.decider(), false, "exhibit_not_quarantined")
	if x := w.view(w.xb, id).exhibit(e.ID); x.Quarantine != nil || x.Compared.Verdict != safeguard.Exceeds {
		t.Errorf("released: %+v, compared %+v", x.Quarantine, x.Compared)
	}
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}})
	w.carry()

	// The State that asked finds the same, and its own officers do not see it either.
	seal, err := w.xb.Outgoing(ctx, "XA", e.Seal.Root)
	w.ok(err)
	w.fetch(seal)
	w.ok(w.xa.Arrived(ctx, "XB", seal.Root))
	w.ok(w.xa.Arrived(ctx, "XB", seal.Root))
	w.carry()
	if x := w.view(w.xa, id).exhibit(e.ID); x.State != Held || x.Quarantine == nil {
		t.Fatalf("Aurelia holds %+v", x)
	}
	w.refused(w.xa.StreamExhibit(ctx, w.xa.custodian(), e.ID, "trial", io.Discard, nil), "exhibit_quarantined")
	w.refused(w.xa.Exported(ctx, w.xa.custodian(), e.ID, "trial"), "exhibit_quarantined")
	_, err = w.xa.Cut(ctx, w.xa.decider(), e.ID)
	w.refused(err, "exhibit_theirs") // what came is not changed
	w.restart(w.xa)
	missing, err := w.xa.SettleVault(ctx)
	if err != nil || len(missing) != 0 {
		t.Errorf("after a start %v is missing (%v)", missing, err)
	}
	_, err = w.xa.DeleteExcess(ctx, w.xa.decider(), e.ID, "it was not asked for")
	w.ok(err)
	w.carry()
	if x := w.view(w.xb, id).exhibit(e.ID); x.Gone == 0 {
		t.Error("Borealia was not told that it is deleted")
	}
	w.sound()
}

func TestAB17WhatIsNotComparedIsSaid(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.bound()
	named := safeguard.Columns{Time: "a", Identifiers: []string{"b"}}
	for name, row := range map[string]struct {
		file, text string
		columns    safeguard.Columns
		want       safeguard.Verdict
		why        string
	}{
		"a disk image":                 {"disk.dd", string(evidence(200_000)), safeguard.Columns{}, safeguard.NotCompared, safeguard.NotStructured},
		"a mail":                       {"a.eml", "From: bob@mail.example\n\nhello", safeguard.Columns{}, safeguard.NotCompared, safeguard.NotStructured},
		"a table within":               {"a.csv", "time,ip\n2026-11-02T03:00:00Z,198.51.100.17\n", safeguard.Columns{}, safeguard.Within, ""},
		"a table without known names":  {"b.csv", "a,b\n2026-11-02T03:00:00Z,198.51.100.17\n", safeguard.Columns{}, safeguard.Undetermined, safeguard.NoColumns},
		"the same, with columns named": {"c.csv", "a,b\n2026-11-02T03:00:00Z,198.51.100.17\r\n", named, safeguard.Within, ""},
	} {
		s := table()
		s.FileName, s.Columns = row.file, row.columns
		e, err := w.xb.Seal(ctx, w.xb.custodian(), id, s, strings.NewReader(row.text), nil)
		w.ok(err)
		x := w.view(w.xb, id).exhibit(e.ID)
		if x.Compared.Verdict != row.want || x.Compared.Why != row.why || (x.Quarantine != nil) != (row.want == safeguard.Undetermined) {
			t.Errorf("%s: %+v, quarantine %+v", name, x.Compared, x.Quarantine)
		}
		if x.Quarantine != nil {
			_, err := w.xb.Cut(ctx, w.xb.decider(), e.ID)
			w.refused(err, "cut_impossible")
		}
	}
	s := table()
	s.Columns.Time = strings.Repeat("x", 81)
	_, err := w.xb.Seal(ctx, w.xb.custodian(), id, s, strings.NewReader("x"), nil)
	w.refused(err, "columns_invalid")
	s = table()
	_, err = w.xb.Seal(ctx, w.xb.custodian(), id, s, io.MultiReader(strings.NewReader("time,ip\n"), iotest.ErrReader(rogatory.Fault(rogatory.Unavailable, "stream_broken", "it stopped"))), nil)
	w.refused(err, "source_failed")

	// Nothing was within, so there is nothing to cut.
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, table(), strings.NewReader("time,ip\n2026-12-02T03:00:00Z,198.51.100.17\n"), nil)
	w.ok(err)
	_, err = w.xb.Cut(ctx, w.xb.decider(), e.ID)
	w.refused(err, "cut_empty")
	w.sound()
}

// What the database's administrator changes about a quarantine, fsck names.
func TestAB17QuarantineHoldsAgainstTheDatabase(t *testing.T) {
	w := newWorld(t)
	id := w.bound()
	e, err := w.xb.Seal(t.Context(), w.xb.custodian(), id, table(), strings.NewReader(logins(20)), nil)
	w.ok(err)
	f := *w.view(w.xb, id)
	f.exhibit(e.ID).Quarantine = nil
	w.ok(w.xb.Store.Update(t.Context(), func(tx *store.Tx) error { return cabinetOf{tx}.keep(f) }))
	_, err = w.check(w.xb)
	w.refused(err, "view_damaged")
}
