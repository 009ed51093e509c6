// SPDX-License-Identifier: Apache-2.0

package disk_test

import (
	"bytes"
	"math/rand/v2"
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

// Large aligned pieces take another way to the disk than the rest; the file must not show it.
func TestPiecesOfEveryKindMakeOneFile(t *testing.T) {
	d := open(t, t.TempDir())
	f, err := d.Create("a")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	content := make([]byte, 2<<20+300)
	_, _ = rand.NewChaCha8([32]byte{1}).Read(content)
	unaligned := append(make([]byte, 1), content...)[1:] // aligned length and offset, but not the address
	off := 0
	for i, n := range []int{1 << 20, 256 << 10, 128<<10 - 4096, 4096, 100, 128 << 10, len(content)} {
		n = min(n, len(content)-off)
		piece := content[off : off+n]
		if i%2 == 1 {
			piece = unaligned[off : off+n]
		}
		if wrote, err := f.Write(piece); wrote != n || err != nil {
			t.Fatalf("wrote %d of %d bytes at %d, error %v", wrote, n, off, err)
		}
		off += n
	}
	for _, r := range [][2]int{{256 << 10, 512 << 10}, {1<<20 + 7, 1<<20 + 500}} { // again, through the page cache and past it
		if _, err := f.WriteAt(content[r[0]:r[1]], int64(r[0])); err != nil {
			t.Fatal(err)
		}
	}
	got := make([]byte, len(content))
	if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, content) {
		t.Errorf("the file holds something else, error %v", err)
	}
	if size, err := d.Size("a"); size != int64(len(content)) || err != nil {
		t.Errorf("the file is %d bytes long, error %v", size, err)
	}
}

func TestMissingFolderIsRefused(t *testing.T) {
	if _, err := disk.Open(filepath.Join(t.TempDir(), "missing")); err == nil {
		t.Error("a folder that does not exist was opened")
	}
}
