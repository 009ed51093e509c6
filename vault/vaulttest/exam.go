// SPDX-License-Identifier: Apache-2.0

// Package vaulttest is the exam of a vault.Disk. An implementation that passes it can keep a
// vault; that it keeps what it synced when the power fails, only a power cut can show.
package vaulttest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/vault"
)

// Exercise examines the disks that open returns, each of which must be new and empty.
func Exercise(t *testing.T, open func() vault.Disk) {
	t.Helper()
	for _, part := range []struct {
		name string
		exam func(*testing.T, vault.Disk)
	}{
		{"a file keeps what was written to it", keeps},
		{"names are taken once", takenOnce},
		{"a second name never replaces", links},
		{"what is missing is reported as missing", missing},
		{"folders are listed in order", lists},
		{"no name leads out of the disk", confined},
		{"several goroutines write one file", concurrent},
		{"a vault lives on it", lives},
	} {
		t.Run(part.name, func(t *testing.T) { part.exam(t, open()) })
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantIs(t *testing.T, what string, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Errorf("%s: got error %v, want %v", what, err, target)
	}
}

func write(t *testing.T, d vault.Disk, name, content string) {
	t.Helper()
	f, err := d.Create(name)
	must(t, err)
	_, err = f.Write([]byte(content))
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
}

func read(t *testing.T, d vault.Disk, name string) string {
	t.Helper()
	size, err := d.Size(name)
	must(t, err)
	f, err := d.Open(name)
	must(t, err)
	defer f.Close()
	b := make([]byte, size)
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF || int64(n) != size {
		t.Fatalf("read %s: %d of %d bytes, error %v", name, n, size, err)
	}
	return string(b)
}

func keeps(t *testing.T, d vault.Disk) {
	f, err := d.Create("a")
	must(t, err)
	for _, piece := range []string{"evi", "dence"} {
		n, err := f.Write([]byte(piece))
		if n != len(piece) || err != nil {
			t.Fatalf("wrote %d bytes of %q, error %v", n, piece, err)
		}
	}
	_, err = f.WriteAt([]byte("E"), 0)
	must(t, err)
	must(t, f.Truncate(6))
	must(t, f.Sync())
	must(t, f.Close())
	if got := read(t, d, "a"); got != "Eviden" {
		t.Errorf("the file holds %q", got)
	}

	f, err = d.Modify("a")
	must(t, err)
	_, err = f.WriteAt([]byte("!"), 8)
	must(t, err)
	must(t, f.Close())
	if got := read(t, d, "a"); got != "Eviden\x00\x00!" {
		t.Errorf("after a write beyond its end the file holds %q", got)
	}

	f, err = d.Open("a")
	must(t, err)
	if _, err := f.WriteAt([]byte("x"), 0); err == nil {
		t.Error("a file that was opened for reading can be written")
	}
	n, err := f.ReadAt(make([]byte, 4), 7)
	if n != 2 || err != io.EOF {
		t.Errorf("reading across the end: %d bytes, error %v", n, err)
	}
	must(t, f.Close())
	if _, err := f.ReadAt(make([]byte, 1), 0); err == nil {
		t.Error("a closed file can be read")
	}

	f, err = d.Create("sparse")
	must(t, err)
	must(t, f.Truncate(3<<20))
	must(t, f.Close())
	if size, err := d.Size("sparse"); size != 3<<20 || err != nil {
		t.Errorf("a file made long is %d bytes, error %v", size, err)
	}
	if free, err := d.Free(); err != nil && !errors.Is(err, errors.ErrUnsupported) || free < 0 {
		t.Errorf("free: %d bytes, error %v", free, err)
	}
}

func takenOnce(t *testing.T, d vault.Disk) {
	write(t, d, "a", "first")
	_, err := d.Create("a")
	wantIs(t, "create a name twice", err, fs.ErrExist)
	if got := read(t, d, "a"); got != "first" {
		t.Errorf("the file holds %q", got)
	}
	must(t, d.Remove("a"))
	write(t, d, "a", "second")
}

func links(t *testing.T, d vault.Disk) {
	must(t, d.MakeFolder("folder"))
	write(t, d, "a", "moved")
	write(t, d, "folder/b", "stays")
	wantIs(t, "link to a taken name", d.Link("a", "folder/b"), fs.ErrExist)
	wantIs(t, "link to its own name", d.Link("a", "a"), fs.ErrExist)
	if a, b := read(t, d, "a"), read(t, d, "folder/b"); a != "moved" || b != "stays" {
		t.Errorf("after a refused link the files hold %q and %q", a, b)
	}
	must(t, d.Link("a", "folder/a"))
	if got := read(t, d, "a"); got != "moved" {
		t.Errorf("under its first name the file holds %q", got)
	}
	must(t, d.Sync("folder"))
	must(t, d.Remove("a"))
	_, err := d.Size("a")
	wantIs(t, "the first name", err, fs.ErrNotExist)
	if got := read(t, d, "folder/a"); got != "moved" {
		t.Errorf("under its second name the file holds %q", got)
	}
	must(t, d.Sync("."))
}

func missing(t *testing.T, d vault.Disk) {
	_, err := d.Open("a")
	wantIs(t, "open", err, fs.ErrNotExist)
	_, err = d.Modify("a")
	wantIs(t, "modify", err, fs.ErrNotExist)
	_, err = d.Size("a")
	wantIs(t, "size", err, fs.ErrNotExist)
	_, err = d.List("a")
	wantIs(t, "list", err, fs.ErrNotExist)
	_, err = d.Create("a/b")
	wantIs(t, "create in a missing folder", err, fs.ErrNotExist)
	wantIs(t, "remove", d.Remove("a"), fs.ErrNotExist)
	wantIs(t, "link", d.Link("a", "b"), fs.ErrNotExist)
	wantIs(t, "sync", d.Sync("a"), fs.ErrNotExist)
}

func lists(t *testing.T, d vault.Disk) {
	must(t, d.MakeFolder("f"))
	must(t, d.MakeFolder("f")) // again is no error
	for _, name := range []string{"f/c", "f/a", "f/b"} {
		write(t, d, name, name)
	}
	must(t, d.MakeFolder("f/d"))
	names, err := d.List("f")
	must(t, err)
	if !slices.Equal(names, []string{"a", "b", "c", "d"}) {
		t.Errorf("the folder lists %q", names)
	}
	if err := d.MakeFolder("f/a"); err == nil {
		t.Error("a folder was made where a file is")
	}
}

func confined(t *testing.T, d vault.Disk) {
	for _, name := range []string{"../a", "/a", "", "f/../a", "a//b", "f/../../a"} {
		if f, err := d.Create(name); err == nil {
			_ = f.Close()
			t.Errorf("a file was created by the name %q", name)
		}
		if err := d.MakeFolder(name); err == nil {
			t.Errorf("a folder was made by the name %q", name)
		}
		if _, err := d.Size(name); err == nil {
			t.Errorf("there is a file by the name %q", name)
		}
	}
}

func concurrent(t *testing.T, d vault.Disk) {
	const writers, each = 8, 100_000
	f, err := d.Create("a")
	must(t, err)
	var all sync.WaitGroup
	for w := range int64(writers) {
		all.Go(func() {
			if _, err := f.WriteAt(bytes.Repeat([]byte{byte('a' + w)}, each), w*each); err != nil {
				t.Error(err)
			}
			if err := f.Sync(); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	must(t, f.Close())
	got := read(t, d, "a")
	for i := range len(got) {
		if got[i] != byte('a'+i/each) {
			t.Fatalf("byte %d is %q", i, got[i])
		}
	}
}

// lives takes one exhibit through its life: sealed, sent, received on the same disk under
// another vault's eyes, opened, removed.
func lives(t *testing.T, d vault.Disk) {
	ctx := t.Context()
	identity, err := vault.GenerateIdentity()
	must(t, err)
	evidence := make([]byte, 3*vault.SegmentSize+4321)
	source := rand.NewChaCha8([32]byte{7})
	_, _ = source.Read(evidence)

	v, err := vault.Open(d)
	must(t, err)
	seal, err := v.Deposit(ctx, bytes.NewReader(evidence), []age.Recipient{identity.Recipient()}, nil)
	must(t, err)
	must(t, v.Check(ctx, seal.Root, vault.Full))

	var tree, sealed bytes.Buffer
	must(t, v.WriteTree(&tree, seal.Root))
	must(t, v.WriteSegments(ctx, &sealed, seal.Root, 0, seal.Segments()))
	must(t, v.Remove(seal.Root))
	if held, err := v.Has(seal.Root); held || err != nil {
		t.Fatalf("after its removal the exhibit is held: %v, error %v", held, err)
	}

	in, err := v.Expect(seal)
	must(t, err)
	must(t, in.SetTree(&tree))
	first := sealed.Next(vault.SegmentSize)
	if kept, err := in.PutFrom(ctx, 1, &sealed); kept != 3 || err != nil {
		t.Fatalf("kept %d segments, error %v", kept, err)
	}
	must(t, in.Close())

	v, err = vault.Open(d)
	must(t, err)
	in, err = v.Expect(seal)
	must(t, err)
	if gaps := in.Missing(10); !slices.Equal(gaps, []vault.Range{{First: 0, Count: 1}}) {
		t.Fatalf("missing after the resumption: %v", gaps)
	}
	must(t, in.Put(0, first))
	must(t, in.Commit())

	must(t, v.Extract(ctx, seal, []age.Identity{identity}, d, "plain", nil))
	if read(t, d, "plain") != string(evidence) {
		t.Error("the extracted evidence differs")
	}
	roots, err := v.List()
	if err != nil || !slices.Equal(roots, []rogatory.Digest{seal.Root}) {
		t.Errorf("the vault lists %v, error %v", roots, err)
	}
}
