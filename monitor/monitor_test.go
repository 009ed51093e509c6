// SPDX-License-Identifier: Apache-2.0

package monitor_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/monitor"
	"rogatory/node"
	"rogatory/transparency"
)

// ahead is the machine's clock, some time ahead.
type ahead struct {
	clock.Real
	by time.Duration
}

func (c ahead) Now() time.Time { return c.Real.Now().Add(c.by) }

const aWeek = 7*24*time.Hour + transparency.Wait

// street is a live node's public door, with somebody on the way who can change what passes.
type street struct {
	*httptest.Server
	mu     sync.Mutex // guards both
	door   http.Handler
	tamper func(path string, w *httptest.ResponseRecorder)
}

func (s *street) set(door http.Handler, tamper func(string, *httptest.ResponseRecorder)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.door, s.tamper = door, tamper
}

func (s *street) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	door, tamper := s.door, s.tamper
	s.mu.Unlock()
	r.Header.Del("Accept-Encoding")
	rec := httptest.NewRecorder()
	door.ServeHTTP(rec, r)
	if tamper != nil {
		tamper(r.URL.Path, rec)
	}
	rec.Header().Del("Content-Length")
	for k, v := range rec.Header() {
		w.Header()[k] = v
	}
	w.WriteHeader(rec.Code)
	w.Write(rec.Body.Bytes())
}

// public is what everybody reaches of a node.
func public(t *testing.T, n *node.Node) http.Handler {
	t.Helper()
	log, err := n.Public()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/journal/", log)
	mux.Handle("/public/", n.Portal(node.PortalOptions{}))
	return mux
}

func open(t *testing.T, dir string) *node.Node {
	t.Helper()
	n, err := node.Open(context.Background(), dir, node.Options{Unwatched: true, Clock: ahead{by: aWeek}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	return n
}

func send(t *testing.T, n *node.Node, requests int) {
	t.Helper()
	ctx := context.Background()
	person := func(name string, role rogatory.OfficerRole) rogatory.Actor {
		return rogatory.Actor{Address: n.Office.Us, Officer: rogatory.Officer{Name: name, Role: role}}
	}
	r, err := n.Rules.Example(rogatory.Preservation42, "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for range requests {
		f, err := n.Office.Draft(ctx, person("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
		if err == nil {
			_, _, err = n.Office.Move(ctx, person("L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func publish(t *testing.T, n *node.Node) {
	t.Helper()
	if err := n.Publish(context.Background()); err != nil {
		t.Fatal(err)
	}
}

func copyNode(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy")
	err := filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		target := filepath.Join(to, strings.TrimPrefix(name, from))
		if e.IsDir() {
			return os.MkdirAll(target, 0o700)
		}
		data, err := os.ReadFile(name)
		return errors.Join(err, os.WriteFile(target, data, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// A newsroom follows a live node from nothing but its address. It is content while all is well, and names whatever the
// node, or somebody on the way, does to the record.
func TestAMonitorFollowsALiveNodeAndNamesWhatIsWrong(t *testing.T) {
	ctx := context.Background()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	send(t, w.Members["XA"].Node, 20)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	// XB witnesses, at the address that the directory names.
	xb := open(t, w.Members["XB"].Dir)
	witness, err := xb.Public()
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", xb.Config().OfficeListen)
	if err != nil {
		t.Fatal(err)
	}
	desk := &http.Server{Handler: witness}
	go desk.Serve(l)
	t.Cleanup(func() { desk.Close() })

	xa := open(t, w.Members["XA"].Dir)
	if err := xa.Report(ctx); err != nil {
		t.Fatal(err)
	}
	publish(t, xa)
	if err := xa.Close(); err != nil {
		t.Fatal(err)
	}
	older := copyNode(t, w.Members["XA"].Dir)
	elsewhere, beside := copyNode(t, w.Members["XA"].Dir), copyNode(t, w.Members["XA"].Dir)
	xa = open(t, w.Members["XA"].Dir)
	publish(t, xa)

	s := &street{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	good := public(t, xa)
	s.set(good, nil)
	folder := filepath.Join(t.TempDir(), "watch")
	look := func(by time.Duration) monitor.Round {
		t.Helper()
		r, err := monitor.Follow(ctx, monitor.Options{URL: s.URL + "/", Folder: folder, Clock: ahead{by: by}})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	well := func(r monitor.Round) {
		t.Helper()
		if !r.Well() {
			t.Fatalf("it is not content: %+v", r.Findings)
		}
	}

	first := look(aWeek)
	well(first)
	if first.Size == 0 || first.Checked != first.Size || first.Witnessed != 1 || first.Report == "" || !slices.ContainsFunc(first.Findings, func(f monitor.Finding) bool { return f.Code == monitor.FirstSeen }) {
		t.Fatalf("the first round: %+v", first)
	}
	send(t, xa, 150) // three hundred entries: more than one tile
	publish(t, xa)
	second := look(aWeek)
	well(second)
	if second.Size < first.Size+256 || second.Checked != second.Size || len(second.Findings) != 0 {
		t.Fatalf("the second round: %+v", second)
	}

	// An old backup of the node, and one that went another way.
	old, other := open(t, older), open(t, elsewhere)
	publish(t, old)
	send(t, other, 200)
	if _, err := other.Ledger.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	// A second history of the very same size: a draft is one entry.
	twin := open(t, beside)
	for {
		c, err := twin.Ledger.Publish(ctx)
		if err != nil {
			t.Fatal(err)
		}
		if c.Size >= second.Size {
			if c.Size > second.Size {
				t.Fatalf("the twin has %d entries, not %d", c.Size, second.Size)
			}
			break
		}
		r, err := twin.Rules.Example(rogatory.Preservation42, "", rogatory.At(time.Now()))
		if err != nil {
			t.Fatal(err)
		}
		by := rogatory.Actor{Address: twin.Office.Us, Officer: rogatory.Officer{Name: "A. Okafor", Role: rogatory.DutyOfficer}}
		if _, err := twin.Office.Draft(ctx, by, xb.Office.Us, "", r); err != nil {
			t.Fatal(err)
		}
	}

	lost := func(part string) func(string, *httptest.ResponseRecorder) {
		return func(path string, w *httptest.ResponseRecorder) {
			if strings.Contains(path, part) {
				w.Code = http.StatusNotFound
			}
		}
	}
	change := func(suffix string, f func([]byte) []byte) func(string, *httptest.ResponseRecorder) {
		return func(path string, w *httptest.ResponseRecorder) {
			if strings.HasSuffix(path, suffix) {
				body := f(bytes.Clone(w.Body.Bytes()))
				w.Body.Reset()
				w.Body.Write(body)
			}
		}
	}
	for _, row := range []struct {
		name   string
		door   http.Handler
		tamper func(string, *httptest.ResponseRecorder)
		by     time.Duration
		want   monitor.Code
		keeps  string // evidence
	}{
		{"a fork", public(t, other), nil, aWeek, monitor.Forked, "evidence-fork"},
		{"two histories of one size", public(t, twin), nil, aWeek, monitor.Forked, "evidence-fork"},
		{"a shrunken journal", public(t, old), nil, aWeek, monitor.Shrunk, "evidence-shrunk"},
		{"a missing tile", good, lost("/tile/entries/"), aWeek, monitor.TileMissing, ""},
		{"a missing hash tile", good, lost("/tile/0/"), aWeek, monitor.TileMissing, ""},
		{"a wrong entry", good, func(path string, w *httptest.ResponseRecorder) {
			if strings.Contains(path, "/tile/entries/") {
				w.Body.Bytes()[5] ^= 1
			}
		}, aWeek, monitor.TileWrong, "evidence-tile_wrong"},
		{"a late report", good, nil, 2*aWeek + 3*24*time.Hour, monitor.ReportLate, ""},
		{"a late checkpoint", good, nil, 2*aWeek + 3*24*time.Hour, monitor.Late, ""},
		{"a swapped report", good, change(".json", func(b []byte) []byte { return bytes.Replace(b, []byte(`"floor"`), []byte(`"flour"`), 1) }), aWeek, monitor.ReportSwap, "evidence-report_swapped"},
		{"another digest in the list", good, change("reports.json", func(b []byte) []byte {
			at := bytes.Index(b, []byte(`"digest": "`)) + 11
			b[at] = map[bool]byte{true: '1', false: '0'}[b[at] == '0']
			return b
		}), aWeek, monitor.ReportSwap, ""},
		{"a report that is listed no more", good, change("reports.json", func([]byte) []byte { return []byte(`{"rogatory_reports": 1, "reports": []}`) }), aWeek, monitor.ReportGone, ""},
		{"no witness has signed", good, change("/checkpoint", func(b []byte) []byte { return b[:bytes.LastIndex(bytes.TrimRight(b, "\n"), []byte("\n"))+1] }), aWeek, monitor.Unwitnessed, ""},
		{"a forged checkpoint", good, change("/checkpoint", func(b []byte) []byte { return bytes.Replace(b, []byte("\n"), []byte("\n1"), 1) }), aWeek, monitor.Forged, "evidence-checkpoint_forged"},
		{"another node", public(t, xb), nil, aWeek, monitor.KeyChanged, ""},
		{"no node", http.NotFoundHandler(), nil, aWeek, monitor.Unreachable, ""},
		{"somewhere else", http.RedirectHandler("http://127.0.0.1:1/", http.StatusFound), nil, aWeek, monitor.Unreachable, ""},
		{"too much", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(bytes.Repeat([]byte("{"), 2<<20)) }), nil, aWeek, monitor.Unreachable, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			s.set(row.door, row.tamper)
			r := look(row.by)
			if !slices.ContainsFunc(r.Findings, func(f monitor.Finding) bool { return f.Code == row.want && f.Wrong && f.Words != "" }) {
				t.Errorf("it does not say %s: %+v", row.want, r.Findings)
			}
			if found, _ := filepath.Glob(filepath.Join(folder, row.keeps+"*")); row.keeps != "" && len(found) == 0 {
				t.Errorf("it keeps no %s", row.keeps)
			}
			s.set(good, nil)
			well(look(aWeek))
		})
	}

	// It grows by more than one tile, and the last one is withheld: the round names it, and the next one goes on from what fits.
	send(t, xa, 150)
	publish(t, xa)
	s.set(good, lost("/tile/entries/002"))
	if r := look(aWeek); r.Well() || r.Size != second.Size || r.Checked != r.Size {
		t.Errorf("a new tile is withheld: %+v", r)
	}
	s.set(good, nil)
	grown := look(aWeek)
	well(grown)
	if grown.Size < second.Size+256 || grown.Checked != grown.Size {
		t.Errorf("after it came: %+v", grown)
	}

	// A key from another source counts in every round, and one that nobody can read on first sight spoils no folder.
	follow := func(o monitor.Options) (monitor.Round, error) {
		o.URL, o.Clock = s.URL, ahead{by: aWeek}
		return monitor.Follow(ctx, o)
	}
	names := func(r monitor.Round, err error, want monitor.Code) {
		t.Helper()
		if err != nil || !slices.ContainsFunc(r.Findings, func(f monitor.Finding) bool { return f.Code == want && f.Wrong }) {
			t.Errorf("it does not say %s: %+v, %v", want, r.Findings, err)
		}
	}
	r, err := follow(monitor.Options{Folder: folder, Key: "xa.example/journal+00000000+AQ=="})
	names(r, err, monitor.KeyChanged)
	fresh := filepath.Join(t.TempDir(), "fresh")
	s.set(good, change("node.json", func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"journal_key": "`), []byte(`"journal_key": "x`), 1)
	}))
	r, err = follow(monitor.Options{Folder: fresh})
	names(r, err, monitor.Unreachable)
	s.set(good, nil)
	if r, err = follow(monitor.Options{Folder: fresh}); err != nil || !r.Well() {
		t.Errorf("after a key that nobody could read: %+v, %v", r.Findings, err)
	}

	// Two monitors hold their checkpoints against each other: one history, of whichever size, is well; one that only one of
	// them was shown is proved to both.
	shown := func(folder string) []byte {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(folder, monitor.CheckpointFile))
		if err != nil {
			t.Fatal(err)
		}
		return data
	}
	before := shown(folder)
	send(t, xa, 1)
	publish(t, xa)
	well(look(aWeek))
	for name, with := range map[string][]byte{"an earlier one": before, "the same": shown(folder)} {
		if r, err := follow(monitor.Options{Folder: folder, With: with}); err != nil || !r.Well() {
			t.Errorf("%s: %+v, %v", name, r.Findings, err)
		}
	}
	if r, err := follow(monitor.Options{Folder: fresh, With: shown(folder)}); err != nil || !r.Well() || r.Size != grown.Size+2 {
		t.Errorf("one monitor is behind the other: %+v, %v", r, err)
	}
	if _, err := follow(monitor.Options{Folder: folder, With: []byte("of another journal\n1\nAAAA\n\n")}); rogatory.CodeOf(err) != "checkpoint_invalid" {
		t.Errorf("a checkpoint of another journal: %v", err)
	}
	apart := filepath.Join(t.TempDir(), "apart")
	s.set(public(t, other), nil)
	if r, err = follow(monitor.Options{Folder: apart}); err != nil || r.Size == 0 {
		t.Fatalf("another monitor is shown another journal: %+v, %v", r, err)
	}
	s.set(good, nil)
	r, err = follow(monitor.Options{Folder: folder, With: shown(apart)})
	names(r, err, monitor.Forked)
	if found, _ := filepath.Glob(filepath.Join(folder, "evidence-fork*")); len(found) < 6 {
		t.Errorf("of the third fork there is no evidence: %v", found)
	}
	if _, err := monitor.Follow(ctx, monitor.Options{URL: "http://127.0.0.1:1", Folder: folder, Clock: clock.Real{}}); rogatory.CodeOf(err) != "folder_of_other" {
		t.Errorf("a folder of another node: %v", err)
	}
	for _, bad := range []string{"", "node.example", "ftp://node.example", "https://", "https://u:p@node.example", "https://node.example/?q"} {
		if _, err := monitor.Follow(ctx, monitor.Options{URL: bad, Folder: folder, Clock: clock.Real{}}); rogatory.CodeOf(err) != "address_invalid" {
			t.Errorf("the address %q: %v", bad, err)
		}
	}
}
