// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// superuser is the role of the private cluster. It needs no password: the socket lies in a folder
// that only the cluster's system user and root can enter.
const superuser = "rogatory"

// Postgres starts a PostgreSQL cluster of its own, from Debian's binaries, and returns a function
// that makes a new empty database in it and returns its connection string. The cluster listens on a
// Unix socket only, writes through to the disk as in production, and is stopped and removed at the
// end of t; if the test program is killed, the system stops it. As starting takes over a second,
// call it once in a test and run the others below it.
//
// t fails if the binaries are not there: an untested engine is not a tested one.
func Postgres(t testing.TB) (dsn func() string) {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		t.Fatal("there is no /usr/lib/postgresql/*/bin/initdb: install the package postgresql")
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	bin := filepath.Dir(found[len(found)-1])

	// Not t.TempDir: a socket's path has at most some 100 bytes, and the system user must be able to
	// walk it.
	dir, err := os.MkdirTemp("/tmp", "rg-pg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	attr := &syscall.SysProcAttr{Pdeathsig: syscall.SIGQUIT} // PostgreSQL's immediate shutdown
	if os.Geteuid() == 0 {
		// initdb refuses to run as root.
		u, err := user.Lookup("postgres")
		if err != nil {
			t.Fatalf("PostgreSQL does not run as root, and there is no user for it: install the package postgresql: %v", err)
		}
		uid, _ := strconv.ParseUint(u.Uid, 10, 32)
		gid, _ := strconv.ParseUint(u.Gid, 10, 32)
		attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
	}
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(filepath.Join(bin, name), args...)
		cmd.Dir, cmd.Env, cmd.SysProcAttr = dir, []string{"LC_ALL=C", "PATH=" + bin + ":/usr/bin:/bin"}, attr
		return cmd
	}
	data := filepath.Join(dir, "data")
	// Without sync: should the machine fail, the test has failed too.
	initdb := command("initdb", "-D", data, "-U", superuser, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", initdb, err, out)
	}
	server := command("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "shared_buffers=32MB")
	if err := start(t, server); err != nil {
		t.Fatalf("%s: %v", server, err)
	}

	connect := func(database string) string {
		return fmt.Sprintf("host=%s user=%s dbname=%s", dir, superuser, database)
	}
	n := 0
	return func() string {
		ctx := context.Background()
		conn, err := pgx.Connect(ctx, connect("postgres"))
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close(ctx)
		n++
		name := fmt.Sprintf("test%d", n)
		if _, err := conn.Exec(ctx, "CREATE DATABASE "+name+" TEMPLATE template0"); err != nil {
			t.Fatal(err)
		}
		return connect(name)
	}
}

// version returns the number in /usr/lib/postgresql/15/bin/initdb.
func version(initdb string) int {
	n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(initdb))))
	return n
}

// start starts the server, waits until it says that it is ready, and stops it at the end of t.
func start(t testing.TB, server *exec.Cmd) error {
	log, err := server.StderrPipe()
	if err != nil {
		return err
	}
	ready, ended := make(chan error, 1), make(chan struct{})
	go func() {
		defer close(ended)
		// The system sends the death signal when the thread that started the server ends.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := server.Start(); err != nil {
			ready <- err
			return
		}
		var said strings.Builder
		up := false
		for lines := bufio.NewScanner(log); lines.Scan(); {
			if up {
				continue // only keep the pipe from filling
			}
			said.WriteString(lines.Text() + "\n")
			if up = strings.Contains(lines.Text(), "ready to accept connections"); up {
				ready <- nil
			}
		}
		io.Copy(io.Discard, log)
		err := server.Wait()
		if !up {
			ready <- errors.Join(errors.New(said.String()), err)
		}
	}()
	if err := <-ready; err != nil {
		return err
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGQUIT)
		<-ended
	})
	return nil
}

// Dump returns what pg_dump writes of a database, with its bytes as they are.
func Dump(t testing.TB, dsn string) []byte {
	t.Helper()
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/pg_dump")
	if len(found) == 0 {
		t.Fatal("there is no /usr/lib/postgresql/*/bin/pg_dump: install the package postgresql")
	}
	slices.SortFunc(found, func(a, b string) int { return version(a) - version(b) })
	out, err := exec.Command(found[len(found)-1], "--dbname", dsn).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	// Bytes are written in hexadecimal: \x followed by them.
	return slices.Concat(out, hexadecimal(out))
}

// hexadecimal returns what the runs of hexadecimal digits in a text stand for.
func hexadecimal(text []byte) (all []byte) {
	for _, run := range strings.FieldsFunc(string(text), func(r rune) bool { return !strings.ContainsRune("0123456789abcdef", r) }) {
		if b, err := hex.DecodeString(run); err == nil {
			all = append(all, b...)
		}
	}
	return all
}
