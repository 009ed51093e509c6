// SPDX-License-Identifier: Apache-2.0

//go:build big

package demo_test

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/vault"
)

// pattern is an endless stream that compresses to nothing and is never held in memory.
type pattern struct{ at uint64 }

func (p *pattern) Read(b []byte) (int, error) {
	for i := range b {
		p.at = p.at*6364136223846793005 + 1442695040888963407
		b[i] = byte(p.at >> 56)
	}
	return len(b), nil
}

// cheap repeats one block of the pattern, so that making the bytes does not cost more than sealing them.
type cheap struct {
	block [1 << 20]byte
	at    int
}

func stream(size int64) io.Reader {
	c := &cheap{}
	(&pattern{}).Read(c.block[:])
	return io.LimitReader(c, size)
}

func (c *cheap) Read(b []byte) (int, error) {
	n := copy(b, c.block[c.at:])
	c.at = (c.at + n) % len(c.block)
	return n, nil
}

// resident is the peak resident memory of this process in MiB.
func resident(t *testing.T) int {
	t.Helper()
	text, err := os.ReadFile("/proc/self/status")
	must(t, err)
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			must(t, err)
			return kb / 1024
		}
	}
	t.Fatal("no VmHWM")
	return 0
}

// maxResident is for both nodes and the test in one process.
const maxResident = 256

// 100 GiB are sealed into a store that discards, with flat memory.
func TestBigSealing(t *testing.T) {
	const size = 100 << 30
	identity, err := vault.GenerateIdentity()
	must(t, err)
	start := time.Now()
	seal, err := vault.Seal(context.Background(), io.Discard, io.Discard, stream(size), []age.Recipient{identity.Recipient()}, nil)
	must(t, err)
	if seal.Size != size {
		t.Fatalf("sealed %d bytes, want %d", seal.Size, int64(size))
	}
	runtime.GC()
	t.Logf("100 GiB sealed in %s, %d MiB resident at most", time.Since(start).Round(time.Second), resident(t))
	if r := resident(t); r > maxResident {
		t.Errorf("%d MiB resident, at most %d are allowed", r, maxResident)
	}
}

// 16 GiB go the whole way: sealed, offered, fetched, opened with both digests checked.
func TestBigWholePath(t *testing.T) {
	const size = 16 << 30
	ctx := context.Background()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}})
	must(t, err)
	defer func() { must(t, w.Stop()) }()
	a, b := w.Members["XA"], w.Members["XB"]
	f, err := a.Node.Office.Draft(ctx, a.Actor("Officer", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", rogatory.Request{
		Kind: rogatory.EmergencyData, Title: "A large image", Language: "en", Contents: map[string]string{"authority": "desk", "risk": "a life", "emergency_data": "an image"}})
	must(t, err)
	move := func(m *demo.Member, name string, act rogatory.Act, body rogatory.Body) {
		t.Helper()
		_, _, err := m.Move(ctx, m.Actor(name, rogatory.Decider), f.ID, act, body)
		must(t, err)
	}
	until := func(what string, there func() bool) {
		t.Helper()
		for end := time.Now().Add(time.Minute); !there(); <-time.After(20 * time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("waited a minute for " + what)
			}
		}
	}
	move(a, "Prosecutor", rogatory.Send, rogatory.Body{})
	until("the request", func() bool { _, err := b.Node.Office.File(ctx, f.ID); return err == nil })
	move(b, "Judge", rogatory.Accept, rogatory.Body{})
	start := time.Now()
	x, err := b.Node.Office.Seal(ctx, b.Actor("Examiner", rogatory.Custodian), f.ID, docket.Sealing{Title: "Image", FileName: "image.raw", MediaType: "application/octet-stream", Acquired: "order 1"}, stream(size), nil)
	must(t, err)
	t.Logf("sealed in %s", time.Since(start).Round(time.Second))
	move(b, "Judge", rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
	until("the offer", func() bool { _, _, err := a.Node.Office.Exhibit(ctx, x.ID); return err == nil })
	start = time.Now()
	must(t, a.Node.Fetch(ctx, a.Actor("Keeper", rogatory.Custodian), x.ID, nil))
	t.Logf("fetched in %s", time.Since(start).Round(time.Second))
	start = time.Now()
	var opened atomic.Int64
	must(t, a.Node.Office.StreamExhibit(ctx, a.Actor("Keeper", rogatory.Custodian), x.ID, "to look at it", io.Discard, func(n int64) { opened.Store(n) }))
	t.Logf("opened in %s, %d MiB resident at most", time.Since(start).Round(time.Second), resident(t))
	if r := resident(t); r > maxResident {
		t.Errorf("%d MiB resident, at most %d are allowed", r, maxResident)
	}
}
