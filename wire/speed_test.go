// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bufio"
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
	"rogatory/vault"
	"rogatory/vault/disk"
)

// The speed of a Pull is measured between two processes and two vaults on disk, against a plain
// download of the same age file over the same kind of TLS, synced at its end:
//
//	go test -run=- -bench=Pull -benchtime=1x ./wire
//
// ROGATORY_WIRE_BYTES sets the size of the evidence.

const partVariable = "ROGATORY_WIRE_PART"

// TestMain lets the test binary play the other processes of the benchmark.
func TestMain(m *testing.M) {
	parts := map[string]func(string) error{"deposit": playDeposit, "door": playDoor, "plain": playPlain, "pull": playPull}
	part := parts[os.Getenv(partVariable)]
	if part == nil {
		os.Exit(m.Run())
	}
	if err := part(os.Getenv(partVariable + "_FOLDER")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// scene is what the processes tell each other.
type scene struct {
	Party    rogatory.Party
	Seal     rogatory.Seal
	Seconds  float64
	Unsynced float64 // seconds of a plain download before its sync
	Peak     int64   // resident memory in bytes
}

func (s scene) tell() error { return json.NewEncoder(os.Stdout).Encode(s) }

func listen() (scene, error) {
	var s scene
	return s, json.NewDecoder(os.Stdin).Decode(&s)
}

// peak returns the most resident memory that this process had, in bytes.
func peak() (int64, error) {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kib, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("no VmHWM in /proc/self/status")
}

func playDeposit(folder string) error {
	size, err := strconv.ParseInt(os.Getenv("ROGATORY_WIRE_BYTES"), 10, 64)
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "there"), 0o700); err != nil {
		return err
	}
	d, err := disk.Open(filepath.Join(folder, "there"))
	if err != nil {
		return err
	}
	v, err := vault.Open(d)
	if err != nil {
		return err
	}
	identity, err := vault.GenerateIdentity()
	if err != nil {
		return err
	}
	evidence := io.LimitReader(rand.NewChaCha8([32]byte{1}), size)
	var s scene
	if s.Seal, err = v.Deposit(context.Background(), evidence, []age.Recipient{identity.Recipient()}, nil); err != nil {
		return err
	}
	return s.tell()
}

// bench lets a process that is no test use what tests are made with.
type bench struct{ testing.TB }

func (bench) Helper() {}

func (bench) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

func playDoor(folder string) error {
	s, err := listen()
	if err != nil {
		return err
	}
	d, err := disk.Open(filepath.Join(folder, "there"))
	if err != nil {
		return err
	}
	o := newOffice(bench{}, d)
	o.outgoing[s.Seal.Root] = s.Seal
	server, err := New(ServerConfig{Inbox: o, Vault: o.vault, Clock: clock.Real{},
		Peer: func([]*x509.Certificate) (rogatory.StateCode, error) { return "XA", nil }})
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/federation/", server)
	file := filepath.Join(folder, "there", "objects", s.Seal.Root.String()[:2], s.Seal.Root.String()+".age")
	mux.HandleFunc("/plain", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, file) })
	mux.HandleFunc("/peak", func(w http.ResponseWriter, r *http.Request) {
		bytes, _ := peak() // the benchmark fails on a peak of 0
		fmt.Fprint(w, bytes)
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	xb := newState(bench{}, "XB")
	s.Party = rogatory.Party{Code: "XB", Endpoint: "https://" + listener.Addr().String(), Certificates: []string{xb.pem()}}
	if err := s.tell(); err != nil {
		return err
	}
	return NewHTTPServer(mux, ServerTLS(xb.issue(bench{}))).ServeTLS(listener, "", "")
}

func playPlain(folder string) error {
	s, err := listen()
	if err != nil {
		return err
	}
	config, err := ClientTLS(newState(bench{}, "XA").issue(bench{}), s.Party)
	if err != nil {
		return err
	}
	client := http.Client{Transport: NewTransport(config)}
	began := time.Now()
	res, err := client.Get(s.Party.Endpoint + "/plain")
	if err != nil {
		return err
	}
	defer res.Body.Close()
	f, err := os.Create(filepath.Join(folder, "plain"))
	if err != nil {
		return err
	}
	defer f.Close()
	if n, err := io.Copy(f, res.Body); err != nil || n != s.Seal.SealedSize {
		return fmt.Errorf("%d bytes came: %w", n, err)
	}
	s.Unsynced = time.Since(began).Seconds()
	if err := f.Sync(); err != nil {
		return err
	}
	s.Seconds = time.Since(began).Seconds()
	if s.Peak, err = peak(); err != nil {
		return err
	}
	return s.tell()
}

func playPull(folder string) error {
	s, err := listen()
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(folder, "here"), 0o700); err != nil {
		return err
	}
	d, err := disk.Open(filepath.Join(folder, "here"))
	if err != nil {
		return err
	}
	v, err := vault.Open(d)
	if err != nil {
		return err
	}
	client, err := NewClient(ClientConfig{Certificate: newState(bench{}, "XA").issue(bench{}), Clock: clock.Real{}, Jitter: rand.Float64})
	if err != nil {
		return err
	}
	began := time.Now()
	in, err := v.Expect(s.Seal)
	if err != nil {
		return err
	}
	if err := client.Pull(context.Background(), s.Party, in, nil); err != nil {
		return err
	}
	if err := in.Commit(); err != nil {
		return err
	}
	s.Seconds = time.Since(began).Seconds()
	if s.Peak, err = peak(); err != nil {
		return err
	}
	return s.tell()
}

// play runs a part of the benchmark in a process of its own.
func play(b *testing.B, part, folder string, size int64, in scene) scene {
	b.Helper()
	input, err := json.Marshal(in)
	must(b, err)
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), partVariable+"="+part, partVariable+"_FOLDER="+folder, fmt.Sprintf("ROGATORY_WIRE_BYTES=%d", size))
	cmd.Stdin = bytes.NewReader(input)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	must(b, err)
	must(b, cmd.Start())
	b.Cleanup(func() {
		_ = cmd.Process.Kill() // only the door still runs
		_ = cmd.Wait()
	})
	var s scene
	must(b, json.NewDecoder(bufio.NewReader(out)).Decode(&s))
	return s
}

func BenchmarkPull(b *testing.B) {
	size := int64(512 << 20)
	if text := os.Getenv("ROGATORY_WIRE_BYTES"); text != "" {
		var err error
		size, err = strconv.ParseInt(text, 10, 64)
		must(b, err)
	}
	folder := b.TempDir()
	s := play(b, "door", folder, size, play(b, "deposit", folder, size, scene{}))
	var plain, unsynced, pulled, memory float64
	for b.Loop() {
		p := play(b, "plain", folder, size, s)
		must(b, os.Remove(filepath.Join(folder, "plain")))
		q := play(b, "pull", folder, size, s)
		must(b, os.RemoveAll(filepath.Join(folder, "here")))
		plain, unsynced, pulled, memory = plain+p.Seconds, unsynced+p.Unsynced, pulled+q.Seconds, max(memory, float64(q.Peak))
	}
	config, err := ClientTLS(newState(b, "XA").issue(b), s.Party)
	must(b, err)
	res, err := (&http.Client{Transport: NewTransport(config)}).Get(s.Party.Endpoint + "/peak")
	must(b, err)
	defer res.Body.Close()
	var door float64
	_, err = fmt.Fscan(res.Body, &door)
	must(b, err)
	mib := float64(s.Seal.SealedSize) / (1 << 20) * float64(b.N)
	b.ReportMetric(mib/plain, "plain-MiB/s")
	b.ReportMetric(mib/pulled, "pull-MiB/s")
	b.ReportMetric(plain/pulled, "of-plain")
	b.ReportMetric(unsynced/pulled, "of-plain-unsynced")
	b.ReportMetric(memory/(1<<20), "client-peak-MiB")
	b.ReportMetric(door/(1<<20), "door-peak-MiB")
}
