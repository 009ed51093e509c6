// SPDX-License-Identifier: Apache-2.0

package demo_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"rogatory"
	"rogatory/demo"
	"rogatory/node"
	"rogatory/vault"
)

// Whoever edits the database or the vault behind the office's back is found out by fsck, which names
// the first damaged thing.
func TestFsckNamesWhatWasDamaged(t *testing.T) {
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "demo")
	var out bytes.Buffer
	if err := demo.Run(ctx, demo.Options{Dir: dir, Once: true, Evidence: filepath.Join(dir, "nothing"), Out: &out}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	check := func(t *testing.T, folder string) error {
		t.Helper()
		n, err := node.Open(ctx, folder, node.Options{Inspect: true})
		if err != nil {
			return err
		}
		defer n.Close()
		_, err = n.Fsck(ctx, vault.Full)
		return err
	}
	copyOf := func(t *testing.T) string {
		t.Helper()
		to := filepath.Join(t.TempDir(), "xa")
		must(t, os.CopyFS(to, os.DirFS(filepath.Join(dir, "xa"))))
		private(t, to)
		return to
	}
	t.Run("nothing was damaged", func(t *testing.T) { must(t, check(t, copyOf(t))) })

	edits := []struct{ name, edit, code string }{
		{"a refusal is deleted from the journal", "DELETE FROM journal_entry WHERE entry_index = 20", "journal_damaged"},
		{"an entry's body is rewritten", "UPDATE journal_entry SET body = CAST(replace(CAST(body AS TEXT), 'XB', 'XC') AS BLOB) WHERE entry_index = (SELECT max(entry_index) FROM journal_entry WHERE CAST(body AS TEXT) LIKE '%XB%')", "journal_damaged"},
		{"a tree hash is changed", "UPDATE journal_hash SET hash = zeroblob(32) WHERE hash_index = 5", "journal_damaged"},
		{"a message is deleted", "DELETE FROM message WHERE direction = 'in' AND sequence = 3", "message_missing"},
		{"a message is cut short", "UPDATE message SET container = substr(container, 1, 900) WHERE direction = 'out' AND sequence = 1", "message_damaged"},
		{"a receipt is swapped", "UPDATE message SET receipt = (SELECT receipt FROM message WHERE direction = 'out' AND sequence = 2) WHERE direction = 'out' AND sequence = 1", "receipt_damaged"},
		{"a request's file is embellished", "UPDATE request SET view = CAST(replace(CAST(view AS TEXT), 'refused', 'granted') AS BLOB)", "view_damaged"},
		{"a request is deleted", "DELETE FROM request WHERE id LIKE '%.2'", "request_missing"},
		{"a delivery is removed", "DELETE FROM outbox WHERE sequence = 2", "delivery_missing"},
		{"the numbering is set back", "UPDATE peer SET last_in = last_in - 1", "sequence_broken"},
	}
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			folder := copyOf(t)
			db, err := sql.Open("sqlite", filepath.Join(folder, "node.db"))
			must(t, err)
			r, err := db.Exec(e.edit)
			must(t, err)
			if n, _ := r.RowsAffected(); n == 0 {
				t.Fatal("the edit changed nothing: it tests nothing")
			}
			must(t, db.Close())
			err = check(t, folder)
			if rogatory.KindOf(err) != rogatory.Damaged {
				t.Fatalf("got %v, want damage with code %s", err, e.code)
			}
			if code := rogatory.CodeOf(err); code != e.code && code != "entry_missing" && code != "entry_damaged" {
				t.Errorf("got code %s (%v), want %s", code, err, e.code)
			}
		})
	}
	t.Run("a byte of a sealed exhibit flips", func(t *testing.T) {
		folder := copyOf(t)
		objects, err := filepath.Glob(filepath.Join(folder, "vault", "objects", "*", "*.age"))
		must(t, err)
		data, err := os.ReadFile(objects[0])
		must(t, err)
		data[len(data)/2] ^= 1
		must(t, os.Chmod(objects[0], 0o600))
		must(t, os.WriteFile(objects[0], data, 0o600))
		if err := check(t, folder); rogatory.CodeOf(err) != "exhibit_damaged" {
			t.Errorf("got %v, want exhibit_damaged", err)
		}
	})
	t.Run("a second process is kept out", func(t *testing.T) {
		folder := copyOf(t)
		n, err := node.Open(ctx, folder, node.Options{})
		must(t, err)
		defer n.Close()
		if err := check(t, folder); rogatory.CodeOf(err) != "node_in_use" {
			t.Errorf("got %v, want node_in_use", err)
		}
	})
}

// private gives a copied node the permissions that its keys demand.
func private(t *testing.T, folder string) {
	t.Helper()
	must(t, filepath.WalkDir(folder, func(name string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return os.Chmod(name, 0o700)
		}
		return os.Chmod(name, 0o600)
	}))
}
