// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"rogatory"
	"rogatory/clock"
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/treaty"
	"rogatory/vault"
)

// A running node is copied without its keys; the copy is restored and holds; one that was altered does not, and the
// node remembers which it was.
func TestABackupIsTried(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := exercise(t)
	xa := w.Members["XA"]
	request, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := xa.Node.Office.Draft(ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", request)
	if err != nil {
		t.Fatal(err)
	}
	// A rehearsal that was killed has left copies of keys behind: no backup takes them along.
	left := filepath.Join(xa.Dir, "restore-1", "node", "keys")
	if err := os.MkdirAll(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if secret, err := os.ReadFile(filepath.Join(xa.Dir, "keys", "message.1.age")); err != nil || os.WriteFile(filepath.Join(left, "message.1.age"), secret, 0o600) != nil {
		t.Fatal(err)
	}
	to := filepath.Join(t.TempDir(), "backup")
	if err := node.Backup(ctx, xa.Dir, to, false, clock.Real{}); err != nil {
		t.Fatal(err)
	}
	if err := node.Backup(ctx, xa.Dir, to, false, clock.Real{}); rogatory.CodeOf(err) != "backup_exists" {
		t.Errorf("a backup is written over: %v", err)
	}
	secret, err := os.ReadFile(filepath.Join(xa.Dir, "keys", "message.1.age"))
	if err != nil {
		all, _ := os.ReadDir(filepath.Join(xa.Dir, "keys"))
		t.Fatalf("%v; the keys are %v", err, all)
	}
	filepath.WalkDir(to, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if data, err := os.ReadFile(path); err != nil || bytes.Contains(data, bytes.TrimSpace(secret)) {
			t.Errorf("%s holds a key, %v", path, err)
		}
		return nil
	})
	entries, err := node.TryBackup(ctx, xa.Dir, to, vault.Structure, clock.Real{})
	if err != nil || entries == 0 {
		t.Fatalf("the backup of %d entries does not hold: %v", entries, err)
	}
	if err := os.RemoveAll(filepath.Join(xa.Dir, "restore-1")); err != nil {
		t.Fatal(err)
	}
	if err := xa.Node.RehearseBackup(ctx); err != nil {
		t.Errorf("a rehearsal beside the running node: %v", err)
	}
	rest, err := filepath.Glob(filepath.Join(xa.Dir, "re*-*"))
	if err != nil || len(rest) != 0 {
		t.Errorf("a rehearsal leaves %v, %v", rest, err)
	}

	name := filepath.Join(to, "node.db")
	keys, err := keyring.Load(filepath.Join(xa.Dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	// Whoever altered it had the keys too; the journal does not follow.
	if storetest.Reword(t, store.Config{Engine: store.SQLite, Source: name, Keys: keys.Database()}, "request.view", request.Title, "Another title") == 0 {
		t.Fatalf("the database of %s holds no title", f.ID)
	}
	if _, err := node.TryBackup(ctx, xa.Dir, to, vault.Structure, clock.Real{}); rogatory.KindOf(err) != rogatory.Damaged {
		t.Errorf("an altered backup holds: %v", err)
	}
	known, err := node.BackupsOf(xa.Dir)
	if err != nil || known.Folder != to || known.Tried == 0 || known.Problem == "" {
		t.Errorf("the node remembers %+v, %v", known, err)
	}
}
