// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	_ "modernc.org/sqlite"

	"rogatory"
	"rogatory/journal"
	"rogatory/store/storetest"
	"rogatory/vault"
)

// Somebody with the database file in his hands changes one thing. The check names it, whatever it is.
func TestCheckFindsWhatWasChanged(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(evidence(5000)), nil)
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}})
	w.carry()
	w.ok(w.xb.PutAside(ctx, w.xb.officer(), id, w.xb.now().Add(time.Minute), "after the hearing"))
	w.sound() // publishes a checkpoint too
	key, err := journal.NewVerifier(w.xb.keys.JournalVerifier())
	w.ok(err)
	_ = w.xb.Store.Close()
	whole, err := os.ReadFile(w.xb.file.Source)
	w.ok(err)

	for _, c := range []struct{ name, change, code string }{
		{"nothing", "SELECT 1", ""},
		{"a byte of an entry, without the key", "UPDATE journal_entry SET body = randomblob(length(body)) WHERE entry_index = 0", "value_damaged"},
		{"an entry in the place of another", "UPDATE journal_entry SET body = (SELECT body FROM journal_entry WHERE entry_index = 1) WHERE entry_index = 0", "value_damaged"},
		{"a file in clear", "UPDATE request SET view = CAST('{\"state\":\"refused\"}' AS BLOB)", "value_damaged"},
		{"a message that was received, without the key", "UPDATE message SET container = substr(container, 1, length(container) - 1) WHERE direction = 'in'", "value_damaged"},
		{"an entry in the middle taken out", "DELETE FROM journal_entry WHERE entry_index = 1", "entry_missing"},
		{"a file taken out", "DELETE FROM request", "request_missing"},
		{"a request hidden from lists", "UPDATE request SET state = 'closed'", "request_damaged"},
		{"a request put aside for longer", "UPDATE queue SET aside = aside + 1", "aside_damaged"},
		{"a request put aside for another reason", "UPDATE queue SET aside_why = ''", "aside_damaged"},
		{"a deadline taken out", "DELETE FROM deadline", "deadline_damaged"},
		{"a deadline that runs again", "UPDATE deadline SET state = 'running'", "deadline_damaged"},
		{"an exhibit taken out", "DELETE FROM exhibit", "exhibit_damaged"},
		{"an exhibit of other content", "UPDATE exhibit SET root = randomblob(32)", "exhibit_damaged"},
		{"an exhibit as taken", "UPDATE exhibit SET state = 'taken'", "exhibit_damaged"},
		{"a message taken out", "DELETE FROM message WHERE direction = 'in'", "message_missing"},
		{"a message marked as not acted on", "UPDATE message SET applied = 0 WHERE direction = 'in'", "message_not_applied"},
		{"a receipt that came back", "UPDATE message SET receipt = x'' WHERE direction = 'out'", "delivery_damaged"},
		{"a delivery taken out", "DELETE FROM outbox", "delivery_missing"},
		{"a delivery to be made again", "UPDATE outbox SET state = 'waiting'", "delivery_damaged"},
		{"the count of messages", "UPDATE peer SET last_out = last_out + 1", "sequence_broken"},
		{"the published checkpoint", "UPDATE checkpoint SET note = CAST(replace(CAST(note AS TEXT), 'journal.xb', 'journal.xc') AS BLOB)", "checkpoint_damaged"},
	} {
		path := filepath.Join(t.TempDir(), "office.db")
		w.ok(os.WriteFile(path, whole, 0o600))
		db, err := sql.Open("sqlite", path)
		w.ok(err)
		result, err := db.ExecContext(ctx, "PRAGMA foreign_keys = OFF; "+c.change)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if n, _ := result.RowsAffected(); n == 0 && c.code != "" {
			t.Fatalf("%s: the change changes nothing", c.name)
		}
		w.ok(db.Close())
		w.xb.file.Source = path
		w.xb.open(w.book)
		_, err = w.xb.Check(ctx, key, vault.Structure)
		if c.code == "" {
			w.ok(err)
		} else if rogatory.CodeOf(err) != c.code || rogatory.KindOf(err) != rogatory.Damaged {
			t.Errorf("%s: got %v (%s), want %s", c.name, err, rogatory.CodeOf(err), c.code)
		}
		_ = w.xb.Store.Close()
	}

	// Who has the keys too changes words, and is found by what the journal says.
	in := func(key string, change func(v []byte) []byte) func([]any, []byte) []byte {
		return func(row []any, v []byte) []byte {
			if row[0] != key {
				return v
			}
			return change(v)
		}
	}
	all := func(old, new string) func([]any, []byte) []byte {
		return func(_ []any, v []byte) []byte { return bytes.ReplaceAll(v, []byte(old), []byte(new)) }
	}
	for _, c := range []struct {
		name, column string
		change       func([]any, []byte) []byte
		code         string
	}{
		{"a word of an entry", "journal_entry.body", all("Okonkwo", "Okonkwa"), "entry_damaged"},
		{"a salt", "journal_entry.body", func(row []any, v []byte) []byte { v[0] ^= 1; return v }, "entry_damaged"},
		{"a file's state", "request.view", all(`"accepted"`, `"refused"`), "view_damaged"},
		{"a message that was received", "message.container", in("in", func(v []byte) []byte { return v[:len(v)-1] }), "message_damaged"},
		{"a receipt that came back", "message.receipt", in("out", func(v []byte) []byte { return v[:100] }), "receipt_damaged"},
	} {
		path := filepath.Join(t.TempDir(), "office.db")
		w.ok(os.WriteFile(path, whole, 0o600))
		w.xb.file.Source = path
		if storetest.Rewrite(t, w.xb.file, c.column, c.change) == 0 {
			t.Fatalf("%s: the change changes nothing", c.name)
		}
		w.xb.open(w.book)
		if _, err = w.xb.Check(ctx, key, vault.Structure); rogatory.CodeOf(err) != c.code || rogatory.KindOf(err) != rogatory.Damaged {
			t.Errorf("%s: got %v (%s), want %s", c.name, err, rogatory.CodeOf(err), c.code)
		}
		_ = w.xb.Store.Close()
	}
	w.ok(os.WriteFile(w.xb.file.Source, whole, 0o600))
	w.xb.open(w.book)

	// The other State's key does not pass for ours.
	foreign, err := journal.NewVerifier(w.xa.keys.JournalVerifier())
	w.ok(err)
	_, err = w.xb.Check(ctx, foreign, vault.Structure)
	w.refused(err, "checkpoint_damaged")
}

func TestCheckNamesDamagedEvidenceAndOrphans(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(evidence(5000)), nil)
	w.ok(err)

	// The power goes between the vault and the database: an object remains that nothing refers to.
	w.xb.power.fail("before_commit", 0)
	if _, err = w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(evidence(100)), nil); err == nil || !w.xb.power.over() {
		t.Fatalf("sealed all the same: %v", err)
	}
	w.restart(w.xb)
	key, err := journal.NewVerifier(w.xb.keys.JournalVerifier())
	w.ok(err)
	found, err := w.xb.Check(ctx, key, vault.Structure)
	w.ok(err)
	if len(found.Orphans) != 1 || found.Exhibits != 1 || found.Requests != 1 || found.Entries != w.size(w.xb) || found.Orphans[0] == e.Seal.Root.String() {
		t.Errorf("found %+v", found)
	}
	if n := len(w.view(w.xb, id).Exhibits); n != 1 {
		t.Errorf("the file names %d exhibits", n)
	}

	w.ok(w.xb.Vault.Remove(e.Seal.Root))
	if _, err = w.xb.Check(ctx, key, vault.Structure); rogatory.CodeOf(err) != "exhibit_damaged" || !strings.Contains(err.Error(), string(e.ID)) {
		t.Errorf("an exhibit is gone: %v", err)
	}
}
