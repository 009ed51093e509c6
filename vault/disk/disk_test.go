// SPDX-License-Identifier: Apache-2.0

package disk_test

import (
	"os"
	"path/filepath"
	"testing"

	"rogatory"
	"rogatory/vault"
	"rogatory/vault/disk"
	"rogatory/vault/vaulttest"
)

func open(t *testing.T, path string) *disk.Folder {
	t.Helper()
	d, err := disk.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestFolderPassesTheExam(t *testing.T) {
	vaulttest.Exercise(t, func() vault.Disk { return open(t, t.TempDir()) })
}

func TestSymbolicLinkDoesNotLeadOut(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(inside, "objects")); err != nil {
		t.Fatal(err)
	}
	d := open(t, inside)
	if _, err := d.Open("objects/secret"); err == nil {
		t.Error("a file outside was opened")
	}
	if f, err := d.Create("objects/new"); err == nil {
		_ = f.Close()
		t.Error("a file was created outside")
	}
	if _, err := vault.Open(d); err == nil {
		t.Error("a vault was opened whose exhibits would lie outside")
	}
}

func TestFilesAreForTheOwnerOnly(t *testing.T) {
	path := t.TempDir()
	d := open(t, path)
	f, err := d.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	_ = f.Close()
	if err := d.MakeFolder("f"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "f"} {
		info, err := os.Stat(filepath.Join(path, name))
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm()&0o077 != 0 {
			t.Errorf("%s has the mode %v", name, info.Mode())
		}
	}
}

// /dev/full refuses every write as a full disk does.
func TestFullDiskIsBusy(t *testing.T) {
	d := open(t, "/dev")
	f, err := d.Modify("full")
	if err != nil {
		t.Fatalf("this test needs the device /dev/full: %v", err)
	}
	defer f.Close()
	_, err = f.Write([]byte("x"))
	if rogatory.KindOf(err) != rogatory.Busy || rogatory.CodeOf(err) != "disk_full" {
		t.Errorf("got %v of kind %q", err, rogatory.KindOf(err))
	}
}

func TestMissingFolderIsRefused(t *testing.T) {
	if _, err := disk.Open(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a folder that does not exist was opened")
	}
}
