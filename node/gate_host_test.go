// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"crypto/rand"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"rogatory/journal"
	"rogatory/keyring"
)

// host is a stock witness that is nobody's node, whose memory can be restored from a backup.
type host struct {
	t        *testing.T
	vkey     string
	url      string
	verifier *journal.CosignatureVerifier

	mu     sync.Mutex
	log    journal.Verifier
	seen   []journal.Seen // all that it ever knew; guarded by mu
	marked int64
}

func newHost(t *testing.T, name string) *host {
	t.Helper()
	secret, vkey, err := journal.GenerateCosigner(rand.Reader, name)
	if err != nil {
		t.Fatal(err)
	}
	h := &host{t: t, vkey: vkey}
	// Its clock runs fast, so that no two cosignatures are of one second.
	at := time.Now()
	cosigner := must(journal.NewCosigner(secret, func() time.Time {
		h.mu.Lock()
		defer h.mu.Unlock()
		at = at.Add(time.Second)
		return at
	}))(t)
	h.verifier = must(journal.NewCosignatureVerifier(h.vkey))(t)
	server := httptest.NewServer(&journal.Witness{Logs: func(string) []journal.Verifier { return []journal.Verifier{h.log} }, Memory: h, Cosigner: cosigner})
	t.Cleanup(server.Close)
	h.url = server.URL
	return h
}

func (h *host) know(dir string) {
	h.log = must(journal.NewVerifier(must(keyring.Load(filepath.Join(dir, "keys")))(h.t).JournalVerifier()))(h.t)
}

// Update implements journal.Memory.
func (h *host) Update(_ context.Context, _ string, f func(journal.Seen, bool) (journal.Seen, error)) error {
	var last journal.Seen
	h.mu.Lock()
	n := len(h.seen)
	if n > 0 {
		last = h.seen[n-1]
	}
	h.mu.Unlock()
	next, err := f(last, n > 0)
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = append(h.seen, next)
	return nil
}

func (h *host) size() int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.seen[len(h.seen)-1].Size
}

// kept is its memory as it is; again puts it back.
func (h *host) kept() []journal.Seen {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.seen)
}

func (h *host) again(seen []journal.Seen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.seen = slices.Clone(seen)
}

func (h *host) mark() { h.marked = h.size() }

// back restores its memory of a size.
func (h *host) back(size int64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for len(h.seen) > 0 && h.seen[len(h.seen)-1].Size > size {
		h.seen = h.seen[:len(h.seen)-1]
	}
}

func witnessKey(t *testing.T, dir string) string {
	t.Helper()
	return must(keyring.Load(filepath.Join(dir, "keys")))(t).WitnessVerifier()
}
