// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/court"
	"rogatory/demo"
	"rogatory/monitor"
	"rogatory/oversight"
	"rogatory/transparency"
)

// hurried is the machine's clock, which can be put forward.
type hurried struct {
	clock.Real
	by atomic.Int64
}

func (c *hurried) Now() time.Time { return c.Real.Now().Add(time.Duration(c.by.Load())) }

// says runs a command without a node and returns its status and all that it says.
func says(t *testing.T, args ...string) (int, string) {
	t.Helper()
	var out, words bytes.Buffer
	code := run(t.Context(), args, &out, &words)
	return code, out.String() + words.String()
}

// A newsroom has a browser's addresses, a laptop and the oversight body's key from print. It follows a node, learns that
// its weekly report leaves nothing out, and verifies a court package. When the node is given a report without its cells of
// one State, the body does not attest it, and names what is missing.
func TestAnOutsiderFollowsANodeFromPublicAddresses(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("runs two nodes")
	}
	ctx := context.Background()
	dir := filepath.Join(t.TempDir(), "world")
	now := &hurried{}
	now.by.Store(-int64(7*24*time.Hour + transparency.Wait)) // the nodes begin a week ago
	w, err := demo.Begin(ctx, demo.Settings{Dir: dir, States: []rogatory.StateCode{"XA", "XB"}, Oversight: true, Clock: now})
	if err != nil {
		t.Fatal(err)
	}
	defer w.Stop()
	a, b := w.Members["XA"], w.Members["XB"]
	id := fullRun(t, ctx, a, b)
	many(t, ctx, a, b, 24)
	folder := filepath.Join(t.TempDir(), "package")
	if err := a.Node.ExportPackage(ctx, a.Actor("Custodian N. Silva", rogatory.Custodian), id.Case(), "evidence for the hearing", folder, nil); err != nil {
		t.Fatal(err)
	}
	root, published := filepath.Join(dir, "xa", "directory-root.json"), filepath.Join(dir, "directory", "published")
	trusted, err := os.ReadFile(root)
	if err != nil {
		t.Fatal(err)
	}

	// The week closes. The node makes its report, and the other State's witness confirms the journal that has it.
	now.by.Store(0)
	period := string(transparency.Last(rogatory.At(now.Now().Add(-transparency.Wait))))
	if err := a.Node.Report(ctx); err != nil {
		t.Fatal(err)
	}
	if err := a.Node.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	door := a.Addresses.Office
	watch := filepath.Join(t.TempDir(), "watch")
	var seen monitor.Round
	await(t, "the monitor finds the journal witnessed", func() bool { // by the other State's loop, within a second or two
		seen, err = monitor.Follow(ctx, monitor.Options{URL: door, Folder: watch, Clock: now})
		return err == nil && seen.Well()
	})
	if string(seen.Report) != period || seen.Checked != seen.Size {
		t.Fatalf("the monitor: %s", roundWords(seen))
	}

	// Nobody has looked yet. Then the body makes the report anew from its own copy, and says so.
	key := w.OversightKey("XA")
	held, err := os.ReadFile(key)
	if err != nil {
		t.Fatal(err)
	}
	k, err := oversight.ParseKey(held)
	if err != nil {
		t.Fatal(err)
	}
	if code, text := says(t, "report", "confirm", door, period, "--body", k.Verifier); code == 0 || !strings.Contains(text, "no oversight body that you believe") {
		t.Fatalf("an unattested report: status %d: %s", code, text)
	}
	into := filepath.Join(t.TempDir(), "held")
	body(t, "pull", "--from", door, "--key", key, "--into", into, "--directory", published, "--root", root)
	if out := body(t, "attest", into, period, "--from", door, "--key", key, "--keep", filepath.Join(t.TempDir(), "attested")); !strings.Contains(out, "equal: the report of "+period) {
		t.Fatalf("the body: %s", out)
	}
	if code, text := says(t, "report", "confirm", door, period, "--body", k.Verifier); code != 0 || !strings.Contains(text, "complete: ") {
		t.Fatalf("by the body's key: status %d: %s", code, text)
	}
	if code, text := says(t, "report", "confirm", door, period, "--directory", published, "--root", root); code != 0 || !strings.Contains(text, "complete: ") {
		t.Fatalf("by the directory: status %d: %s", code, text)
	}
	stranger, err := os.ReadFile(w.OversightKey("XB"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := oversight.ParseKey(stranger)
	if err != nil {
		t.Fatal(err)
	}
	if code, text := says(t, "report", "confirm", door, period, "--body", other.Verifier); code == 0 || !strings.Contains(text, "no oversight body that you believe") {
		t.Fatalf("by another body's key: status %d: %s", code, text)
	}
	page, err := fetchSmall(&desk{ctx: ctx}, door+"/public/en/report", 1<<20)
	if err != nil || !bytes.Contains(page, []byte(k.Name+" made this report anew")) {
		t.Fatalf("the page does not say who attested: %v", err)
	}

	// An office leaves requests out of its report.
	if text := refuses(t, "attest", into, period, "--from", pruned(t, door, period), "--key", key); !strings.Contains(text, "is not what the entries say") || !regexp.MustCompile(`requesting state XB: published 0, recomputed \d+`).MatchString(text) || !strings.Contains(text, "no entry commits to this report") {
		t.Errorf("a report without one State: %s", text)
	}

	// The court's package, on another machine, without a network.
	verified, err := court.Verify(ctx, folder, court.Options{TrustedRoot: trusted})
	if err != nil || !verified.Holds() {
		t.Errorf("the package: %+v %v", verified, err)
	}
}

// many sends that many requests more, so that figures rise above what is held back.
func many(t *testing.T, ctx context.Context, a, b *demo.Member, n int) {
	t.Helper()
	r, err := a.Node.Rules.Example(rogatory.Preservation42, "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for range n {
		f, err := a.Node.Office.Draft(ctx, a.Actor("A. Okafor", rogatory.DutyOfficer), b.Node.Office.Us, "", r)
		if err == nil {
			_, _, err = a.Move(ctx, a.Actor("Prosecutor L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// pruned is a node's public door behind which the report of a period has lost what it says of States.
func pruned(t *testing.T, door, period string) string {
	t.Helper()
	data, err := fetchSmall(&desk{ctx: t.Context()}, door+"/public/reports/"+period+".json", transparency.MaxReport)
	if err != nil {
		t.Fatal(err)
	}
	r, err := transparency.Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	r.Cells = slices.DeleteFunc(r.Cells, func(c transparency.Cell) bool { return c.Table == transparency.ByState })
	less := r.Encode()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /public/reports.json", func(w http.ResponseWriter, _ *http.Request) {
		w.Write(transparency.List{Version: 1, Reports: []transparency.Listed{{Period: r.Period, Digest: rogatory.DigestOf(less)}}}.Encode())
	})
	mux.HandleFunc("GET /public/reports/"+period+".json", func(w http.ResponseWriter, _ *http.Request) { w.Write(less) })
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s.URL
}
