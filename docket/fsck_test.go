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
		{"a word of an entry", "UPDATE journal_entry SET body = CAST(replace(CAST(body AS TEXT), 'Okonkwo', 'Okonkwa') AS BLOB) WHERE CAST(body AS TEXT) LIKE '%Okonkwo%'", "entry_damaged"},
		{"a salt", "UPDATE journal_entry SET salt = randomblob(length(salt)) WHERE entry_index = 0", "entry_damaged"},
		{"an entry in the middle taken out", "DELETE FROM journal_entry WHERE entry_index = 1", "entry_missing"},
		{"a file's state", "UPDATE request SET view = CAST(replace(CAST(view AS TEXT), '\"accepted\"', '\"refused\"') AS BLOB)", "view_damaged"},
		{"a file taken out", "DELETE FROM request", "request_missing"},
		{"a request hidden from lists", "UPDATE request SET state = 'closed'", "request_damaged"},
		{"a request put aside for longer", "UPDATE queue SET aside = aside + 1", "aside_damaged"},
		{"a request put aside for another reason", "UPDATE queue SET aside_why = 'x'", "aside_damaged"},
		{"a deadline taken out", "DELETE FROM deadline", "deadline_damaged"},
		{"a deadline that runs again", "UPDATE deadline SET state = 'running'", "deadline_damaged"},
		{"an exhibit taken out", "DELETE FROM exhibit", "exhibit_damaged"},
		{"an exhibit of other content", "UPDATE exhibit SET root = randomblob(32)", "exhibit_damaged"},
		{"an exhibit as taken", "UPDATE exhibit SET state = 'taken'", "exhibit_damaged"},
		{"a message that was received", "UPDATE message SET container = substr(container, 1, length(container) - 1) WHERE direction = 'in'", "message_damaged"},
		{"a message taken out", "DELETE FROM message WHERE direction = 'in'", "message_missing"},
		{"a message marked as not acted on", "UPDATE message SET applied = 0 WHERE direction = 'in'", "message_not_applied"},
		{"a receipt that came back", "UPDATE message SET receipt = substr(receipt, 1, 100) WHERE direction = 'out'", "receipt_damaged"},
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
