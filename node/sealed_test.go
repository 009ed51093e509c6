// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/store"
	"rogatory/vault"
)

// The key of the database is rotated and lost. A backup of before the rotation opens with the keys of after it; without its
// key the database opens for nobody, and no new key is made in the place of the lost one.
func TestTheDatabaseKeyIsRotatedAndLost(t *testing.T) {
	if testing.Short() {
		t.Skip("runs two nodes")
	}
	ctx := t.Context()
	w := must(demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true}))(t)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	dir := w.Members["XA"].Dir
	config := store.Config{Engine: store.SQLite, Source: filepath.Join(dir, "node.db")}
	backup := filepath.Join(t.TempDir(), "backup")
	if err := node.Backup(ctx, dir, backup, false, clock.Real{}); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(backup, "keys")); err == nil {
		t.Error("the keys lie beside the backup")
	}

	keys := must(keyring.Load(filepath.Join(dir, "keys")))(t)
	must(keys.Rotate("database", rand.Reader, time.Now()))(t)
	if _, err := fsck(t, dir); err != nil {
		t.Errorf("between the rotation and the next start: %v", err)
	}
	if n := must(store.SealedUnder(ctx, config))(t); n != 1 {
		t.Errorf("who only looked has sealed it under key %d", n)
	}
	n := wakes(t, dir)
	n.Close()
	if under := must(store.SealedUnder(ctx, config))(t); under != 2 {
		t.Errorf("after a start it is sealed under key %d", under)
	}
	if _, err := fsck(t, dir); err != nil {
		t.Errorf("after the start: %v", err)
	}
	if _, err := node.TryBackup(ctx, dir, backup, vault.Structure, clock.Real{}); err != nil {
		t.Errorf("the backup of before: %v", err)
	}

	for _, file := range []string{"database.2.key", "database.1.key"} {
		if err := os.Remove(filepath.Join(dir, "keys", file)); err != nil {
			t.Fatal(err)
		}
		for name, try := range map[string]func() error{
			"look":    func() error { _, err := fsck(t, dir); return err },
			"start":   func() error { _, err := node.Open(ctx, dir, node.Options{}); return err },
			"migrate": func() error { _, err := node.Migrate(ctx, dir); return err },
		} {
			if err := try(); rogatory.CodeOf(err) != "database_key_missing" {
				t.Errorf("without %s, %s: %v", file, name, err)
			}
		}
	}
	if made, _ := filepath.Glob(filepath.Join(dir, "keys", "database*")); len(made) != 0 {
		t.Errorf("a key was made in the place of a lost one: %v", made)
	}
}
