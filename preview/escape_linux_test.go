// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"bytes"
	"net"
	"os"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"rogatory/preview"
	"rogatory/preview/jail"
)

// attempts are what a taken child would try. Each returns nil if it worked.
var attempts = []struct {
	name string
	try  func() error
}{
	{"read a file", func() error { _, err := os.ReadFile("/etc/passwd"); return err }},
	{"read itself", func() error { _, err := os.ReadFile("/proc/self/maps"); return err }},
	{"write a file", func() error { return os.WriteFile("/tmp/rogatory-escaped", []byte("x"), 0o600) }},
	{"open by number", func() error { _, err := unix.Openat2(unix.AT_FDCWD, "/", &unix.OpenHow{}); return err }},
	{"list a folder", func() error { _, err := os.ReadDir("/"); return err }},
	{"look at a name", func() error { _, err := os.Stat("/etc"); return err }},
	{"remove a file", func() error { return os.Remove("/tmp/rogatory-escaped") }},
	{"a socket of TCP", func() error { _, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0); return err }},
	{"a socket of UDP", func() error { _, err := unix.Socket(unix.AF_INET6, unix.SOCK_DGRAM, 0); return err }},
	{"a local socket", func() error { _, err := unix.Socket(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{"a pair of sockets", func() error { _, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0); return err }},
	{"a line to somewhere", func() error { _, err := net.DialTimeout("tcp", "127.0.0.1:1", time.Second); return notRefused(err) }},
	{"a program", func() error { return exec.Command("/bin/true").Run() }},
	{"exec", func() error { return unix.Exec("/bin/true", []string{"true"}, nil) }},
	{"fork", func() error {
		_, _, e := syscall.RawSyscall(unix.SYS_CLONE, uintptr(unix.SIGCHLD), 0, 0)
		return errno(e)
	}},
	{"executable memory", func() error {
		_, err := unix.Mmap(-1, 0, 4096, unix.PROT_READ|unix.PROT_EXEC, unix.MAP_ANON|unix.MAP_PRIVATE)
		return err
	}},
	{"a file in memory", func() error { _, err := unix.MemfdCreate("x", 0); return err }},
	{"a pipe", func() error { var p [2]int; return unix.Pipe(p[:]) }},
	{"kill the parent", func() error { return unix.Kill(os.Getppid(), 0) }},
	{"trace the parent", func() error { return unix.PtraceAttach(os.Getppid()) }},
	{"read the parent", func() error {
		b := make([]byte, 8)
		_, err := unix.ProcessVMReadv(os.Getppid(), []unix.Iovec{{Base: &b[0], Len: 8}}, []unix.RemoteIovec{{Base: 0x400000, Len: 8}}, 0)
		return err
	}},
	{"higher limits", func() error { return unix.Setrlimit(unix.RLIMIT_CPU, &unix.Rlimit{Cur: 1000, Max: 1000}) }},
	{"a new namespace", func() error { return unix.Unshare(unix.CLONE_NEWUSER) }},
	{"io_uring", func() error { _, _, e := syscall.RawSyscall(425, 1, 0, 0); return errno(e) }},
	{"bpf", func() error { _, _, e := syscall.RawSyscall(unix.SYS_BPF, 0, 0, 0); return errno(e) }},
}

func errno(e syscall.Errno) error {
	if e == 0 {
		return nil
	}
	return e
}

// notRefused: that nobody listens there would mean that the line was tried.
func notRefused(err error) error {
	if e, ok := err.(*net.OpError); ok && e.Err.Error() == "connect: connection refused" {
		return nil
	}
	return err
}

// escape tries everything and tells what worked.
func escape(h jail.Held) {
	c := preview.Copy{Guards: []preview.Guard{preview.Syscalls}}
	if h.NoFiles {
		c.Guards = append(c.Guards, preview.NoFiles)
	}
	if h.Figures {
		c.Guards = append(c.Guards, preview.Figures)
	}
	for _, a := range attempts {
		result := "worked"
		if err := a.try(); err != nil {
			result = err.Error()
		}
		c.Facts = append(c.Facts, preview.Fact{Name: preview.Text(a.name), Value: preview.Text(result)})
	}
	say(c)
}

func TestTheChildCannotGetOut(t *testing.T) {
	os.Remove("/tmp/rogatory-escaped")
	got, err := renderer(t).Instead("act-escape", time.Minute).Render(t.Context(), bytes.NewReader(nil), preview.Ask{As: preview.Facts})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Facts) != len(attempts) {
		t.Fatalf("%d of %d attempts were told", len(got.Facts), len(attempts))
	}
	for _, f := range got.Facts {
		t.Logf("%s: %s", f.Name, f.Value)
		if f.Value == "worked" {
			t.Errorf("the child could: %s", f.Name)
		}
	}
	version, _, e := syscall.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if has := e == 0 && version > 0; !cgo && has != slices.Contains(got.Guards, preview.NoFiles) {
		t.Errorf("the kernel has Landlock: %v; the guards are %v", has, got.Guards)
	}
	if _, err := os.Stat("/tmp/rogatory-escaped"); err == nil {
		t.Error("a file was written")
	}
}

// The same attempts outside of the jail: most of them work, so that the test above could fail.
func TestTheAttemptsAreReal(t *testing.T) {
	worked := 0
	for _, a := range attempts {
		if slices.Contains([]string{"exec", "fork", "trace the parent", "a new namespace", "higher limits"}, a.name) {
			continue // they would end or change the test itself
		}
		if a.try() == nil {
			worked++
		}
	}
	os.Remove("/tmp/rogatory-escaped")
	if worked < 14 {
		t.Errorf("only %d attempts work outside of the jail", worked)
	}
}
