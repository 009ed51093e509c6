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
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/store"
	"rogatory/store/storetest"
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

	reword := func(column, old, new string) func(t *testing.T, c store.Config) {
		return func(t *testing.T, c store.Config) {
			if storetest.Reword(t, c, column, old, new) == 0 {
				t.Fatal("the edit changed nothing: it tests nothing")
			}
		}
	}
	edits := []struct {
		name, edit, code string
		insider          func(t *testing.T, c store.Config) // by who has the keys too, in place of the edit
	}{
		{"a refusal is deleted from the journal", "DELETE FROM journal_entry WHERE entry_index = 20", "journal_damaged", nil},
		{"an entry's body is rewritten", "", "journal_damaged", reword("journal_entry.body", "XB", "XC")},
		{"an entry's body is exchanged", "UPDATE journal_entry SET body = (SELECT body FROM journal_entry WHERE entry_index = 7) WHERE entry_index = 6", "value_damaged", nil},
		{"a tree hash is changed", "UPDATE journal_hash SET hash = zeroblob(32) WHERE hash_index = 5", "journal_damaged", nil},
		{"a message is deleted", "DELETE FROM message WHERE direction = 'in' AND sequence = 3", "message_missing", nil},
		{"a message is cut short", "UPDATE message SET container = substr(container, 1, 900) WHERE direction = 'out' AND sequence = 1", "value_damaged", nil},
		{"a message is cut short, with the key", "", "message_damaged", func(t *testing.T, c store.Config) {
			storetest.Rewrite(t, c, "message.container", func(row []any, v []byte) []byte { return v[:900] })
		}},
		{"a receipt is swapped", "UPDATE message SET receipt = (SELECT receipt FROM message WHERE direction = 'out' AND sequence = 2) WHERE direction = 'out' AND sequence = 1", "value_damaged", nil},
		{"a request's file is embellished", "", "view_damaged", reword("request.view", "refused", "granted")},
		{"a request is deleted", "DELETE FROM request WHERE id LIKE '%.2'", "request_missing", nil},
		{"a delivery is removed", "DELETE FROM outbox WHERE sequence = 2", "delivery_missing", nil},
		{"the numbering is set back", "UPDATE peer SET last_in = last_in - 1", "sequence_broken", nil},
	}
	for _, e := range edits {
		t.Run(e.name, func(t *testing.T) {
			folder := copyOf(t)
			file := filepath.Join(folder, "node.db")
			if e.insider != nil {
				keys, err := keyring.Load(filepath.Join(folder, "keys"))
				must(t, err)
				e.insider(t, store.Config{Engine: store.SQLite, Source: file, Keys: keys.Database()})
			} else {
				db, err := sql.Open("sqlite", file)
				must(t, err)
				r, err := db.Exec(e.edit)
				must(t, err)
				if n, _ := r.RowsAffected(); n == 0 {
					t.Fatal("the edit changed nothing: it tests nothing")
				}
				must(t, db.Close())
			}
			err := check(t, folder)
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
