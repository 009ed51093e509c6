// SPDX-License-Identifier: Apache-2.0

package conformance_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/envelope"
	"rogatory/keyring"
	"rogatory/practice"
	"rogatory/practice/conformance"
	"rogatory/wire"
)

// Each requirement is one sentence with a section of the protocol, and the codes are documented there.
func TestRequirementsAreThoseOfTheProtocol(t *testing.T) {
	protocol, err := os.ReadFile(filepath.Join("..", "..", "docs", "protocol.md"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range conformance.Requirements() {
		if !regexp.MustCompile(`^R-[1-9]\.\d{1,2}$`).MatchString(r.ID) || seen[r.ID] || r.Text == "" {
			t.Errorf("requirement %q: %q", r.ID, r.Text)
		}
		seen[r.ID] = true
		if !bytes.Contains(protocol, []byte("\n## "+r.Section+". ")) {
			t.Errorf("%s: the protocol has no section %s", r.ID, r.Section)
		}
		for _, c := range r.Codes {
			if !bytes.Contains(protocol, []byte("`"+c+"`")) {
				t.Errorf("%s: the protocol does not document %s", r.ID, c)
			}
		}
	}
}

type lab struct {
	*testing.T
	school *practice.School
	us     *demo.Member
	them   *demo.Member
}

func newLab(t *testing.T) *lab {
	s, err := practice.Begin(t.Context(), practice.Settings{Dir: filepath.Join(t.TempDir(), "school")})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var answering sync.WaitGroup
	answering.Go(func() { s.Answer(ctx, clock.Real{}) })
	// Borealia publishes more often than each second, so that nobody waits for it.
	answering.Go(func() {
		often := time.NewTicker(50 * time.Millisecond)
		defer often.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-often.C:
				if _, err := s.Members[practice.Opposite].Node.Ledger.Publish(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		}
	})
	t.Cleanup(func() {
		stop()
		answering.Wait()
		if err := s.Stop(); err != nil {
			t.Error(err)
		}
	})
	return &lab{t, s, s.Members[practice.Trainee], s.Members[practice.Opposite]}
}

func (l *lab) keys(m *demo.Member) *keyring.Keyring {
	l.Helper()
	k, err := keyring.Load(filepath.Join(m.Dir, "keys"))
	if err != nil {
		l.Fatal(err)
	}
	return k
}

// examine examines Borealia's node as a change of it shows it.
func (l *lab) examine(change func(*rogatory.Party)) []conformance.Result {
	l.Helper()
	party, err := l.us.Node.Party(l.them.Code)
	if err != nil {
		l.Fatal(err)
	}
	if change != nil {
		change(&party)
	}
	p := conformance.Partner{Office: l.us.Node.Office, TLS: l.keys(l.us).TLS(), Them: party, Wait: 20 * time.Second}
	results, err := p.Examine(l.Context())
	if err != nil {
		l.Fatal(err)
	}
	return results
}

func failed(results []conformance.Result) (ids []string) {
	for _, r := range results {
		if r.Outcome != conformance.Pass {
			ids = append(ids, r.ID)
		}
	}
	return ids
}

// door serves another door of Borealia's office, wrapped, and returns its address.
func (l *lab) door(wrap func(http.Handler) http.Handler, config func(*tls.Config)) string {
	l.Helper()
	handler, err := l.them.Node.Federation()
	if err != nil {
		l.Fatal(err)
	}
	if wrap != nil {
		handler = wrap(handler)
	}
	certificate := l.keys(l.them).TLS()
	c := wire.ServerTLS(func() (*tls.Certificate, error) { return &certificate, nil })
	if config != nil {
		config(c)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		l.Fatal(err)
	}
	server := wire.NewHTTPServer(handler, c)
	server.ErrorLog = log.New(io.Discard, "", 0)
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			l.Error(err)
		}
	})
	l.Cleanup(func() { server.Close(); serving.Wait() })
	return "https://" + listener.Addr().String()
}

// public serves the journal and the witness of Borealia, wrapped.
func (l *lab) public(wrap func(http.Handler) http.Handler) string {
	l.Helper()
	handler, err := l.them.Node.Public()
	if err != nil {
		l.Fatal(err)
	}
	server := httptest.NewServer(wrap(handler))
	l.Cleanup(server.Close)
	return server.URL
}

// after lets a change see each whole answer before it goes out.
func after(change func(r *http.Request, a *httptest.ResponseRecorder)) func(http.Handler) http.Handler {
	return func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			a := httptest.NewRecorder()
			h.ServeHTTP(a, r)
			padded := false
			if receipt, err := envelope.Unpad(a.Body.Bytes()); isReceipt(a) && err == nil {
				padded = true
				a.Body = bytes.NewBuffer(receipt)
			}
			change(r, a)
			if padded && isReceipt(a) {
				a.Body = bytes.NewBuffer(envelope.Pad(a.Body.Bytes()))
			}
			for name, values := range a.Header() {
				if name != "Content-Length" {
					w.Header()[name] = values
				}
			}
			w.WriteHeader(a.Code)
			w.Write(a.Body.Bytes())
		})
	}
}

func isReceipt(a *httptest.ResponseRecorder) bool {
	return a.Header().Get("Content-Type") == envelope.MediaTypeContainer
}

// recode answers another code than the one that belongs there.
func recode(from, to string) func(http.Handler) http.Handler {
	return after(func(_ *http.Request, a *httptest.ResponseRecorder) {
		var p map[string]any
		if a.Header().Get("Content-Type") == "application/problem+json" && json.Unmarshal(a.Body.Bytes(), &p) == nil && p["code"] == from {
			p["code"] = to
			a.Body.Reset()
			json.NewEncoder(a.Body).Encode(p)
		}
	})
}

// Our own node keeps every requirement, and a node that breaks one is found out: that one fails and no
// other.
func TestExamination(t *testing.T) {
	l := newLab(t)
	if bad := l.examine(nil); len(failed(bad)) > 0 {
		for _, r := range bad {
			if r.Outcome != conformance.Pass {
				t.Errorf("%s: %s: %s, %s", r.ID, r.Text, r.Outcome, r.Words)
			}
		}
	}
	at := func(url string) func(*rogatory.Party) {
		return func(p *rogatory.Party) { p.Endpoint = url }
	}
	journal := func(url string) func(*rogatory.Party) {
		return func(p *rogatory.Party) { p.JournalURL, p.WitnessURL = url+"/journal", url+"/witness" }
	}
	// resigned changes a receipt and signs it again, as only the node itself could.
	resigned := func(change func(*rogatory.Receipt) bool) func(http.Handler) http.Handler {
		signer := l.keys(l.them).Seal()
		signer.Random = nil // the same receipt twice is the same bytes
		return after(func(_ *http.Request, a *httptest.ResponseRecorder) {
			r, proof, err := envelope.PeekReceipt(a.Body.Bytes())
			if err != nil || !change(&r) {
				return
			}
			c, _, err := envelope.SignReceipt(r, signer)
			if err == nil {
				c, err = envelope.AttachProof(c, proof)
			}
			if err != nil {
				t.Error(err)
			}
			a.Body.Reset()
			a.Body.Write(c)
		})
	}
	answered := map[string]bool{}
	for _, c := range []struct {
		name  string
		party func(*rogatory.Party)
		fails []string
	}{
		{"speaks TLS 1.2", at(l.door(nil, func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 })), []string{"R-6.1"}},
		{"is another State's", func(p *rogatory.Party) {
			c, _ := l.us.Node.Party(practice.Witness)
			p.Endpoint = c.Endpoint
		}, nil}, // everything that needs its door
		{"takes strangers", at(l.door(recode("peer_unknown", "welcome"), nil)), []string{"R-6.3"}},
		{"changes the number in its receipts", at(l.door(resigned(func(r *rogatory.Receipt) bool { r.Sequence++; return r.Outcome == rogatory.ReceivedOutcome }), nil)), []string{"R-2.1"}},
		{"receipts at another time than its journal", at(l.door(resigned(func(r *rogatory.Receipt) bool { r.Received++; return r.Outcome == rogatory.ReceivedOutcome }), nil)), []string{"R-5.1"}},
		{"answers twice differently", at(l.door(resigned(func(r *rogatory.Receipt) bool {
			again := answered[string(r.Message)]
			answered[string(r.Message)] = true
			r.Received++
			return again
		}), nil)), []string{"R-7.1"}},
		{"accepts the other mode", at(l.door(resigned(func(r *rogatory.Receipt) bool {
			was := r.Code == "mode_mismatch"
			r.Outcome, r.Code, r.Reason = rogatory.ReceivedOutcome, "", ""
			return was
		}), nil)), []string{"R-7.7"}},
		{"takes messages without a proof", at(l.door(recode("proof_missing", "never_mind"), nil)), []string{"R-5.2"}},
		{"takes unknown members for another fault", at(l.door(recode("message_invalid", "internal"), nil)), []string{"R-2.2", "R-2.3", "R-2.4"}},
		{"serves no ranges", at(l.door(func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { r.Header.Del("Range"); h.ServeHTTP(w, r) })
		}, nil)), []string{"R-8.3", "R-8.4"}},
		{"has another history in its tiles", journal(l.public(after(func(r *http.Request, a *httptest.ResponseRecorder) {
			if strings.Contains(r.URL.Path, "/tile/entries/") && a.Body.Len() > 2 {
				a.Body.Bytes()[2] ^= 1
			}
		}))), []string{"R-5.6", "R-5.7", "R-5.14"}},
		{"has other hashes than entries", journal(l.public(after(func(r *http.Request, a *httptest.ResponseRecorder) {
			if strings.Contains(r.URL.Path, "/tile/0/") && a.Body.Len() > 2 {
				a.Body.Bytes()[2] ^= 1
			}
		}))), []string{"R-5.14"}},
		{"changes its checkpoint", journal(l.public(after(func(r *http.Request, a *httptest.ResponseRecorder) {
			if strings.HasSuffix(r.URL.Path, "/checkpoint") && !strings.Contains(r.URL.Path, "add-") {
				a.Body.Bytes()[0] ^= 1 // of its origin
			}
		}))), []string{"R-5.5", "R-5.6", "R-5.7", "R-5.14"}},
		{"witnesses what does not follow", journal(l.public(after(func(r *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusUnprocessableEntity {
				a.Code = http.StatusOK
			}
		}))), []string{"R-5.12"}},
		{"does not say where its witness stands", journal(l.public(after(func(r *http.Request, a *httptest.ResponseRecorder) {
			if a.Code == http.StatusConflict {
				a.Code = http.StatusBadRequest
			}
		}))), []string{"R-5.8", "R-5.9", "R-5.12"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			results := l.examine(c.party)
			got := failed(results)
			if c.fails == nil {
				if !slices.Contains(got, "R-6.2") || !slices.Contains(got, "R-6.5") || slices.Contains(got, "R-5.8") {
					t.Errorf("failed %v", got)
				}
				return
			}
			if !slices.Equal(got, c.fails) {
				for _, r := range results {
					if r.Outcome != conformance.Pass {
						t.Logf("%s: %s, %s", r.ID, r.Outcome, r.Words)
					}
				}
				t.Errorf("failed %v, want %v", got, c.fails)
			}
		})
	}
}

// Where nobody waits for evidence its requirements are told as not tried, and everything else is. A live
// node is not examined at all.
func TestWhatIsNotExamined(t *testing.T) {
	l := newLab(t)
	party, err := l.us.Node.Party(l.them.Code)
	if err != nil {
		t.Fatal(err)
	}
	p := conformance.Partner{Office: l.us.Node.Office, TLS: l.keys(l.us).TLS(), Them: party}
	results, err := p.Examine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := failed(results); !slices.Equal(got, []string{"R-8.1", "R-8.2", "R-8.3", "R-8.4"}) {
		t.Errorf("not passed: %v", got)
	}
	for _, r := range results {
		if r.Outcome == conformance.Fail || r.Outcome == conformance.NotTested && !strings.Contains(r.Words, "not tried") {
			t.Errorf("%s: %s, %s", r.ID, r.Outcome, r.Words)
		}
	}
	p.Them.Mode = rogatory.Live
	if _, err := p.Examine(t.Context()); rogatory.CodeOf(err) != "exercise_only" {
		t.Errorf("a live node: %v", err)
	}
	p.Them, err = l.us.Node.Party(l.us.Code)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Examine(t.Context()); rogatory.CodeOf(err) != "target_invalid" {
		t.Errorf("itself: %v", err)
	}
}
