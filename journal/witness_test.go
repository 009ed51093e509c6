// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// notebook is a Memory. It can be made to fail after f has agreed, as a disk does.
type notebook struct {
	mu     sync.Mutex
	seen   map[string]Seen
	broken error
}

func (n *notebook) Update(_ context.Context, origin string, f func(Seen, bool) (Seen, error)) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	seen, found := n.seen[origin]
	next, err := f(seen, found)
	if err != nil {
		return fmt.Errorf("notebook: %w", err)
	}
	if n.broken != nil {
		return n.broken
	}
	n.seen[origin] = next
	return nil
}

// directTransport carries requests to a handler without a network.
type directTransport struct {
	handler  http.Handler
	requests [][]byte
}

func (d *directTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	b, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	d.requests = append(d.requests, b)
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, httptest.NewRequest(r.Method, r.URL.Path, bytes.NewReader(b)))
	return w.Result(), nil
}

// border is the scene: Aurelia's log asks Borealia's witness.
type border struct {
	log      *memoryLog
	key      logKey
	witness  *Witness
	notebook *notebook
	clock    time.Time
	forks    []Fork
	reported []error
	wire     *directTransport
	client   *WitnessClient
}

func newBorder(t *testing.T, size int) *border {
	t.Helper()
	b := &border{log: newLog(t, size), key: newLogKey(t, aurelia, 1), notebook: &notebook{seen: make(map[string]Seen)}, clock: morning}
	w := newWitnessKey(t, "witness.xb.example", 2)
	w.Cosigner.now = func() time.Time { return b.clock }
	b.witness = &Witness{
		Logs: func(origin string) []Verifier {
			if origin == aurelia {
				return []Verifier{b.key.verifier}
			}
			return nil
		},
		Memory:   b.notebook,
		Cosigner: w.Cosigner,
		Conflict: func(_ context.Context, f Fork) error { b.forks = append(b.forks, f); return nil },
		Report:   func(_ *http.Request, err error) { b.reported = append(b.reported, err) },
	}
	b.wire = &directTransport{handler: http.StripPrefix("/w", b.witness)}
	b.client = &WitnessClient{HTTP: &http.Client{Transport: b.wire}, URL: "https://witness.xb.example/w/", Verifier: w.verifier}
	return b
}

// post sends a request as it stands and returns status and body.
func (b *border) post(t *testing.T, request []byte) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	b.witness.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-checkpoint", bytes.NewReader(request)))
	if kind := w.Header().Get("Content-Type"); (w.Code == http.StatusConflict) != (kind == "text/x.tlog.size") {
		t.Errorf("status %d with content type %q", w.Code, kind)
	}
	return w.Code, w.Body.String()
}

// request writes an honest request for the log's first size leaves.
func (b *border) request(t *testing.T, old, size int64) []byte {
	t.Helper()
	proof, err := ProveConsistency(old, size, b.log)
	if err != nil {
		t.Fatal(err)
	}
	return witnessRequest{old: old, proof: proof, signed: b.log.sign(t, size, b.key)}.marshal()
}

func (b *border) expect(t *testing.T, what string, request []byte, status int, answer string) {
	t.Helper()
	got, text := b.post(t, request)
	if got != status || answer != "" && text != answer {
		t.Errorf("%s: %d %q, want %d %q", what, got, text, status, answer)
	}
}

func (b *border) cosign(size, guess int64) ([]byte, int64, error) {
	root, err := Root(size, b.log)
	if err != nil {
		return nil, 0, err
	}
	signed, err := SignCheckpoint(Checkpoint{aurelia, size, root}, b.key)
	if err != nil {
		return nil, 0, err
	}
	prove := func(old, size int64) ([]Hash, error) { return ProveConsistency(old, size, b.log) }
	line, known, err := b.client.Cosign(context.Background(), signed, guess, prove)
	if err == nil {
		b.log.signed, err = AddCosignatures(signed, line)
	}
	return line, known, err
}

func TestWitnessFollowsAJournalAsItGrows(t *testing.T) {
	b := newBorder(t, 300)
	policy := mustPolicy(t, "log "+b.key.vkey+"\nwitness XB "+newWitnessKey(t, "witness.xb.example", 2).vkey+"\nquorum XB\n")
	var known int64
	for _, size := range []int64{0, 0, 1, 1, 8, 9, 255, 256, 300, 300} {
		b.clock = b.clock.Add(time.Minute)
		line, at, err := b.cosign(size, known)
		if err != nil {
			t.Fatalf("from %d to %d: %v", known, size, err)
		}
		if at != size || !bytes.HasPrefix(line, []byte("\u2014 witness.xb.example ")) {
			t.Errorf("at %d: size %d, line %q", size, at, line)
		}
		known = at
		c, stated, err := policy.OpenCheckpoint(b.log.signed, aurelia, nil)
		if err != nil || c.Size != size || len(stated) != 1 || !stated[0].Time.Equal(b.clock) {
			t.Errorf("at %d: %+v %+v %v", size, c, stated, err)
		}
	}
	if n := len(b.wire.requests); n != 10 {
		t.Errorf("%d requests for ten checkpoints whose old size was known", n)
	}
}

func TestClientFollowsTheSizeThatTheWitnessKnows(t *testing.T) {
	for _, guess := range []int64{0, 3, 99, 100, 5000} {
		b := newBorder(t, 100)
		b.expect(t, "first", b.request(t, 0, 40), http.StatusOK, "")
		line, known, err := b.cosign(100, guess)
		if err != nil || known != 100 || len(line) == 0 {
			t.Errorf("guess %d: size %d, %v", guess, known, err)
		}
		if n := len(b.wire.requests); n != 2 {
			t.Errorf("guess %d: %d requests, want 2", guess, n)
		}
	}
}

func TestWitnessAnswersAsTheSpecificationSays(t *testing.T) {
	b := newBorder(t, 100)
	b.expect(t, "first checkpoint", b.request(t, 0, 40), http.StatusOK, "")
	b.expect(t, "the same again with an old guess", b.request(t, 0, 40), http.StatusConflict, "40\n")
	b.expect(t, "the same again", b.request(t, 40, 40), http.StatusOK, "")
	b.expect(t, "growth from a size it does not stand at", b.request(t, 39, 60), http.StatusConflict, "40\n")
	b.expect(t, "a smaller tree, replayed", b.request(t, 0, 20), http.StatusConflict, "40\n")

	bad := b.request(t, 40, 60)
	bad[len("old 40\n")] ^= 1
	if bad[len("old 40\n")] == '\n' {
		t.Fatal("the test changed the form of the request")
	}
	b.expect(t, "a proof that does not fit", bad, http.StatusUnprocessableEntity, "")
	honest := b.log.sign(t, 60, b.key)
	b.expect(t, "no proof", witnessRequest{old: 40, signed: honest}.marshal(), http.StatusUnprocessableEntity, "")
	b.expect(t, "a proof where none is due", witnessRequest{old: 40, proof: make([]Hash, 1), signed: b.log.sign(t, 40, b.key)}.marshal(), http.StatusUnprocessableEntity, "")
	b.expect(t, "old beyond the checkpoint", witnessRequest{old: 61, signed: honest}.marshal(), http.StatusBadRequest, "")

	unknown := newLogKey(t, "journal.xc.example/cascadia", 5)
	b.expect(t, "a log it does not know", witnessRequest{signed: b.log.sign(t, 5, unknown)}.marshal(), http.StatusNotFound, "")
	impostor := newLogKey(t, aurelia, 6)
	b.expect(t, "a key it does not trust", witnessRequest{old: 40, signed: b.log.sign(t, 60, impostor)}.marshal(), http.StatusForbidden, "")
	b.expect(t, "a signature that is wrong", bytes.Replace(b.request(t, 40, 60), []byte("\n60\n"), []byte("\n61\n"), 1), http.StatusForbidden, "")

	for name, request := range map[string]string{
		"nothing":              "",
		"no old size":          "\n\n" + string(honest),
		"old size with zero":   "old 040\n\n" + string(honest),
		"negative old size":    "old -1\n\n" + string(honest),
		"a hash of 31 bytes":   "old 40\nAAAA\n\n" + string(honest),
		"64 hashes":            "old 40\n" + strings.Repeat(Hash{}.String()+"\n", 64) + "\n" + string(honest),
		"no checkpoint":        "old 40\n\n",
		"no signatures":        "old 40\n\n" + aurelia + "\n60\n" + Hash{}.String() + "\n",
		"an extension line":    "old 40\n\n" + strings.Replace(string(honest), "\n\n", "\nmore\n\n", 1),
		"lines ending in CRLF": strings.ReplaceAll(string(b.request(t, 40, 60)), "\n", "\r\n"),
	} {
		b.expect(t, name, []byte(request), http.StatusBadRequest, "")
	}
	b.expect(t, "a flood", append(b.request(t, 40, 60), make([]byte, MaxWitnessRequest)...), http.StatusRequestEntityTooLarge, "")

	w := httptest.NewRecorder()
	b.witness.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/add-checkpoint", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
	w = httptest.NewRecorder()
	b.witness.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/add-entry", nil))
	if w.Code != http.StatusNotFound {
		t.Errorf("another path: %d", w.Code)
	}

	if seen := b.notebook.seen[aurelia]; seen.Size != 40 || seen.Root != b.log.root(t, 40) {
		t.Errorf("after all that the witness remembers %d leaves, want 40", seen.Size)
	}
	if len(b.forks) != 0 || len(b.reported) != 0 {
		t.Errorf("forks %v, trouble %v", b.forks, b.reported)
	}
	b.expect(t, "and the honest log goes on", b.request(t, 40, 60), http.StatusOK, "")
}

func TestForkIsRefusedAndProven(t *testing.T) {
	b := newBorder(t, 50)
	if _, _, err := b.cosign(50, 0); err != nil {
		t.Fatal(err)
	}
	// Aurelia's operator rewrites entry 12 and signs the new history.
	honest := b.log
	rewritten := append([]Leaf(nil), honest.leaves...)
	rewritten[12] = Leaf{0xbd}
	_, hashes, err := Edge{}.Append(rewritten)
	if err != nil {
		t.Fatal(err)
	}
	b.log = &memoryLog{leaves: rewritten, hashes: hashes}

	for _, guess := range []int64{0, 20, 50} {
		b.forks = nil
		line, known, err := b.cosign(50, guess)
		if !errors.Is(err, ErrFork) || line != nil || known != 50 {
			t.Errorf("guess %d: line %q, size %d, %v", guess, line, known, err)
		}
		if len(b.forks) == 0 {
			t.Fatalf("guess %d: the fork was not kept", guess)
		}
		if err := b.forks[0].Verify(b.key.verifier); err != nil {
			t.Errorf("guess %d: the proof of the fork does not hold: %v", guess, err)
		}
	}
	if seen := b.notebook.seen[aurelia]; seen.Root != honest.root(t, 50) {
		t.Error("the witness has taken on the second history")
	}

	// A fork that cannot be kept must not pass quietly.
	b.witness.Conflict = func(context.Context, Fork) error { return errors.New("no space") }
	b.expect(t, "a fork that cannot be kept", b.request(t, 50, 50), http.StatusInternalServerError, "")

	fork := b.forks[0]
	for name, wrong := range map[string]Fork{
		"the same twice":      {aurelia, fork.Seen, fork.Seen},
		"two sizes":           {aurelia, fork.Seen, honest.sign(t, 49, b.key)},
		"a forged half":       {aurelia, fork.Seen, b.log.sign(t, 50, newLogKey(t, aurelia, 7))},
		"a forged other half": {aurelia, b.log.sign(t, 50, newLogKey(t, aurelia, 7)), fork.Offered},
	} {
		if wrong.Verify(b.key.verifier) == nil {
			t.Errorf("%s passes as a proof of a fork", name)
		}
	}
}

func TestRewrittenHistoryIsNotCosignedLater(t *testing.T) {
	b := newBorder(t, 50)
	if _, _, err := b.cosign(20, 0); err != nil {
		t.Fatal(err)
	}
	rewritten := append([]Leaf(nil), b.log.leaves...)
	rewritten[12] = Leaf{0xbd}
	_, hashes, err := Edge{}.Append(rewritten)
	if err != nil {
		t.Fatal(err)
	}
	b.log = &memoryLog{leaves: rewritten, hashes: hashes}
	if line, _, err := b.cosign(50, 20); err == nil || line != nil {
		t.Errorf("cosigned %q", line)
	}
}

func TestRestoredJournalLearnsThatTheWitnessIsAhead(t *testing.T) {
	b := newBorder(t, 50)
	if _, _, err := b.cosign(50, 0); err != nil {
		t.Fatal(err)
	}
	for _, guess := range []int64{0, 30, 50} { // what the backup remembers
		var ahead *AheadError
		if line, known, err := b.cosign(30, guess); !errors.As(err, &ahead) || ahead.Size != 50 || known != 50 || line != nil {
			t.Errorf("guess %d: line %q, size %d, %v", guess, line, known, err)
		}
	}
}

func TestNothingIsCosignedThatIsNotRemembered(t *testing.T) {
	b := newBorder(t, 50)
	b.notebook.broken = errors.New("disk full")
	status, answer := b.post(t, b.request(t, 0, 50))
	if status != http.StatusInternalServerError || strings.Contains(answer, "\u2014") || strings.Contains(answer, "disk") {
		t.Errorf("with a full disk: %d %q", status, answer)
	}
	if len(b.reported) != 1 || !errors.Is(b.reported[0], b.notebook.broken) {
		t.Errorf("reported %v", b.reported)
	}
	b.notebook.broken = nil
	b.expect(t, "when there is space again", b.request(t, 0, 50), http.StatusOK, "")

	// The other way round: remembered, but the signature failed. Asking again helps.
	b = newBorder(t, 50)
	b.clock = time.Time{}
	b.expect(t, "with a broken clock", b.request(t, 0, 50), http.StatusInternalServerError, "")
	b.clock = morning
	if line, _, err := b.cosign(50, 0); err != nil || len(line) == 0 {
		t.Errorf("asked again: %v", err)
	}
}

func TestWitnessRemembersTheLogsSignatureOnly(t *testing.T) {
	b := newBorder(t, 8)
	signed := append(b.log.sign(t, 8, b.key), manyLines(50)...)
	b.expect(t, "a checkpoint with many strangers' lines", witnessRequest{signed: signed}.marshal(), http.StatusOK, "")
	if want := b.log.sign(t, 8, b.key); !bytes.Equal(b.notebook.seen[aurelia].Note, want) {
		t.Errorf("remembered\n%s\nwant\n%s", b.notebook.seen[aurelia].Note, want)
	}
}

func TestClientBelievesNoWitnessUnseen(t *testing.T) {
	b := newBorder(t, 10)
	other := newWitnessKey(t, "witness.xb.example", 77)
	text, err := Checkpoint{aurelia, 10, b.log.root(t, 10)}.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	twin, err := AddCosignatures(b.log.sign(t, 9, b.key, witnessKey{Cosigner: b.witness.Cosigner}))
	if err != nil {
		t.Fatal(err)
	}
	older := twin[bytes.LastIndex(twin, []byte("\u2014")):]
	foreign := b.log.sign(t, 10, b.key, other)
	foreign = foreign[bytes.LastIndex(foreign, []byte("\u2014")):]
	for name, answer := range map[string]struct {
		status int
		kind   string
		body   string
	}{
		"a cosignature of something else": {200, "text/plain", string(older)},
		"a cosignature of another key":    {200, "text/plain", string(foreign)},
		"no cosignature":                  {200, "text/plain", ""},
		"words":                           {200, "text/plain", "thank you\n"},
		"a checkpoint of its own":         {200, "text/plain", string(text) + "\n" + string(older)},
		"a size that is none":             {409, sizeType, "many\n"},
		"a size without line end":         {409, sizeType, "5"},
		"a size of another type":          {409, "text/html", "5\n"},
		"a size that never fits":          {409, sizeType, "5\n"},
		"a page of an intermediary":       {502, "text/html", "<html>"},
		"a flood":                         {200, "text/plain", strings.Repeat("x", maxAnswer+1)},
	} {
		asked := 0
		b.wire.handler = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			asked++
			w.Header().Set("Content-Type", answer.kind)
			w.WriteHeader(answer.status)
			io.WriteString(w, answer.body)
		})
		line, known, err := b.cosign(10, 0)
		if err == nil || line != nil || known != 0 {
			t.Errorf("%s: line %q, size %d, %v", name, line, known, err)
		}
		if errors.Is(err, ErrFork) {
			t.Errorf("%s was taken for a fork", name)
		}
		if asked > 2 {
			t.Errorf("%s: asked %d times", name, asked)
		}
	}
}
