// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rogatory"
	"rogatory/demo"
	"rogatory/journal"
	"rogatory/node"
)

// stockWitness is a C2SP witness that others wrote. It is built from the module proxy, so the test is not among those
// of every day: make interop.
const stockWitness = "filippo.io/torchwood/cmd/litewitness@v0.9.0"

// emptyRoot is the root of a tree without entries, the SHA-256 of nothing, as the witness's database writes it.
const emptyRoot = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="

// A host of civil society runs a stock witness. It cosigns a node's journal beside the other States, and when the node is
// restored from an old copy while no State answers, its word alone keeps the gate shut.
func TestAStockWitnessCosignsAndRemembers(t *testing.T) {
	if os.Getenv("ROGATORY_INTEROP") == "" {
		t.Skip("builds a witness of others: make interop")
	}
	ctx := context.Background()
	dir := t.TempDir()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(dir, "world"), States: []rogatory.StateCode{"XA", "XB"}})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	a := w.Members["XA"]
	own, err := a.Node.Book().Party("XA")
	if err != nil {
		t.Fatal(err)
	}
	key, address := startWitness(t, dir, own.JournalOrigin, own.JournalKey)
	verifier, err := journal.NewCosignatureVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	policy := fmt.Sprintf("witness host %s %s\ngroup hosts any host\nquorum hosts\n", key, address)
	if err := os.WriteFile(filepath.Join(a.Dir, "witness.policy"), []byte(policy), 0o600); err != nil {
		t.Fatal(err)
	}
	// cosigned is the size of the journal that the witness has confirmed.
	cosigned := func(n *node.Node) (size int64) {
		signed, err := n.Ledger.Checkpoint(ctx)
		if err == nil && bytes.Contains(signed, []byte("\n— "+verifier.Name()+" ")) {
			fmt.Sscanf(strings.Split(string(signed), "\n")[1], "%d", &size)
		}
		return size
	}
	await(t, "the stock witness cosigns", func() bool { return cosigned(a.Node) > 0 })

	// The backup is of now; then the journal grows by a start, and the copy is put back.
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	old := filepath.Join(dir, "old")
	if out, err := exec.Command("cp", "-a", a.Dir, old).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	base, err := sql.Open("sqlite", "file:"+filepath.Join(old, "node.db"))
	if err != nil {
		t.Fatal(err)
	}
	var copied int64
	err = base.QueryRow("SELECT count(*) FROM journal_entry").Scan(&copied)
	if base.Close(); err != nil {
		t.Fatal(err)
	}
	serve := func(folder string) (*node.Node, func()) {
		n, err := node.Open(ctx, folder, node.Options{})
		if err != nil {
			t.Fatal(err)
		}
		running, stop := context.WithCancel(ctx)
		done := make(chan error, 1)
		go func() { done <- n.Run(running, nil, func(node.Addresses) {}) }()
		return n, func() { stop(); <-done; n.Close() }
	}
	n, stop := serve(a.Dir)
	await(t, "the gate opens, since the witness knows no more", func() bool { return n.Ledger.Gate().Err() == nil })
	await(t, "it cosigns the longer journal", func() bool { return cosigned(n) > copied })
	stop()
	n, stop = serve(old)
	defer stop()
	await(t, "the old copy is found out", func() bool { return n.Ledger.Gate().Standing().Code == "journal_lost" })
}

// startWitness builds and runs the witness with an agent that holds its key, and has it know one journal. It returns its
// verification key and its address.
func startWitness(t *testing.T, dir, origin, journalKey string) (key, address string) {
	t.Helper()
	sh := func(env []string, name string, args ...string) string {
		t.Helper()
		cmd := exec.Command(name, args...)
		cmd.Env = append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s %v: %v\n%s", name, args, err, out)
		}
		return string(out)
	}
	background := func(name string, args ...string) {
		t.Helper()
		log, err := os.Create(filepath.Join(dir, filepath.Base(name)+".log"))
		if err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(name, args...)
		cmd.Stdout, cmd.Stderr = log, log
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait(); log.Close() })
	}
	sh([]string{"GOBIN=" + dir, "GOFLAGS=-mod=mod"}, "go", "install", stockWitness)
	agent, secret := filepath.Join(dir, "agent"), filepath.Join(dir, "witness-key")
	sh(nil, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", secret)
	background("ssh-agent", "-D", "-a", agent)
	await(t, "the agent listens", func() bool { _, err := os.Stat(agent); return err == nil })
	sh([]string{"SSH_AUTH_SOCK=" + agent}, "ssh-add", secret)
	fingerprint := strings.Fields(sh(nil, "ssh-keygen", "-lf", secret+".pub"))[1]
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listen := l.Addr().String()
	l.Close()
	db := filepath.Join(dir, "witness.db")
	background(filepath.Join(dir, "litewitness"), "-db", db, "-key", fingerprint, "-listen", listen, "-name", "witness.example/host", "-ssh-agent", agent)
	said := regexp.MustCompile(`vkey=(\S+)`)
	await(t, "the witness says its key", func() bool {
		text, err := os.ReadFile(filepath.Join(dir, "litewitness.log"))
		if m := said.FindSubmatch(text); err == nil && m != nil {
			key = string(m[1])
		}
		return key != ""
	})
	base, err := sql.Open("sqlite", "file:"+db+"?_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer base.Close()
	for _, q := range [][]any{{"INSERT INTO log VALUES (?, 0, ?)", origin, emptyRoot}, {"INSERT INTO key VALUES (?, ?)", origin, journalKey}} {
		if _, err := base.Exec(q[0].(string), q[1:]...); err != nil {
			t.Fatal(err)
		}
	}
	return key, "http://" + listen
}
