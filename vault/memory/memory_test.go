// SPDX-License-Identifier: Apache-2.0

package memory_test

import (
	"errors"
	"io"
	"io/fs"
	"slices"
	"testing"

	"rogatory"
	"rogatory/vault"
	"rogatory/vault/memory"
	"rogatory/vault/vaulttest"
)

func TestMemoryPassesTheExam(t *testing.T) {
	vaulttest.Exercise(t, func() vault.Disk { return memory.New() })
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, d vault.Disk, name, content string) vault.File {
	t.Helper()
	f, err := d.Create(name)
	must(t, err)
	_, err = f.Write([]byte(content))
	must(t, err)
	return f
}

// content returns what a file holds, or "-" if there is none.
func content(t *testing.T, d vault.Disk, name string) string {
	t.Helper()
	f, err := d.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return "-"
	}
	must(t, err)
	b := make([]byte, 100)
	n, err := f.ReadAt(b, 0)
	if err != nil && err != io.EOF {
		t.Fatal(err)
	}
	return string(b[:n])
}

func TestCrashLosesWhatWasNotSynced(t *testing.T) {
	everything := func() bool { return true }
	for _, c := range []struct {
		name      string
		syncFile  bool
		syncNames bool
		keep      func() bool
		want      string
	}{
		{"nothing synced", false, false, nil, "-"},
		{"only the file", true, false, nil, "-"},
		{"only the name", false, true, nil, ""},
		{"both", true, true, nil, "evidence"},
		{"nothing synced, all arrived", false, false, everything, "evidence"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := memory.New()
			f := create(t, d, "a", "evidence")
			if c.syncFile {
				must(t, f.Sync())
			}
			if c.syncNames {
				must(t, d.Sync("."))
			}
			d.Crash(c.keep)
			if got := content(t, d, "a"); got != c.want {
				t.Errorf("after the crash: %q, want %q", got, c.want)
			}
			if _, err := f.Write([]byte("x")); !errors.Is(err, fs.ErrClosed) {
				t.Errorf("writing to a file of before the crash: %v", err)
			}
		})
	}
}

// Moving a file is a link and a removal, each durable when its own folder is synced.
func TestCrashUndoesAMove(t *testing.T) {
	for _, c := range []struct {
		synced []string
		want   [2]string
	}{
		{nil, [2]string{"x", "-"}},
		{[]string{"to"}, [2]string{"x", "x"}},
		{[]string{"from"}, [2]string{"-", "-"}}, // the mistake that a vault must not make
		{[]string{"to", "from"}, [2]string{"-", "x"}},
	} {
		d := memory.New()
		must(t, d.MakeFolder("from"))
		must(t, d.MakeFolder("to"))
		must(t, d.Sync("."))
		must(t, create(t, d, "from/a", "x").Sync())
		must(t, d.Sync("from"))
		must(t, d.Link("from/a", "to/b"))
		must(t, d.Remove("from/a"))
		for _, folder := range c.synced {
			must(t, d.Sync(folder))
		}
		d.Crash(nil)
		if got := [2]string{content(t, d, "from/a"), content(t, d, "to/b")}; got != c.want {
			t.Errorf("synced %q: after the crash %q, want %q", c.synced, got, c.want)
		}
	}
}

func TestFailedSyncIsNotMadeGoodByTheNext(t *testing.T) {
	d := memory.New()
	f := create(t, d, "a", "lost")
	must(t, d.Sync("."))
	d.Inject(memory.Fault{At: 1})
	if err := f.Sync(); !errors.Is(err, memory.ErrInjected) {
		t.Fatalf("the sync returned %v", err)
	}
	must(t, f.Sync())
	if got := content(t, d, "a"); got != "lost" {
		t.Errorf("before the crash the file shows %q", got)
	}
	d.Crash(nil)
	if got := content(t, d, "a"); got != "" {
		t.Errorf("after the crash the file holds %q", got)
	}
}

func TestFaultsFailAsAsked(t *testing.T) {
	d := memory.New()
	f := create(t, d, "a", "")
	d.Inject(memory.Fault{At: 2, Lasting: true})
	_, err := f.WriteAt([]byte("0123"), 0)
	must(t, err)
	_, err = f.WriteAt([]byte("abcd"), 0)
	_, err2 := f.WriteAt([]byte("efgh"), 0)
	if !errors.Is(err, memory.ErrInjected) || !errors.Is(err2, memory.ErrInjected) {
		t.Errorf("errors %v and %v", err, err2)
	}
	if n := d.Operations(); n != 3 {
		t.Errorf("%d operations counted", n)
	}
	d.Inject(memory.Fault{})
	if got := content(t, d, "a"); got != "ab23" {
		t.Errorf("after a write that was cut: %q", got)
	}
	d.Inject(memory.Fault{At: 1, Done: true})
	if err := d.Remove("a"); !errors.Is(err, memory.ErrInjected) {
		t.Errorf("remove: %v", err)
	}
	if got := content(t, d, "a"); got != "-" {
		t.Error("a removal that was done is not")
	}
}

func TestDiskFillsUp(t *testing.T) {
	d := memory.New()
	d.SetCapacity(128 << 10)
	f := create(t, d, "a", "x")
	if free, err := d.Free(); free != 64<<10 || err != nil {
		t.Errorf("%d bytes free, error %v", free, err)
	}
	must(t, f.Truncate(1<<20)) // sparse
	_, err := f.WriteAt(slices.Repeat([]byte{1}, 100_000), 60<<10)
	if rogatory.CodeOf(err) != "disk_full" {
		t.Errorf("a write beyond the capacity: %v", err)
	}
}
