// SPDX-License-Identifier: Apache-2.0

package node_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/demo"
	"rogatory/journal"
	"rogatory/node"
	"rogatory/transparency"
	"rogatory/vault"
)

// spent is the folder of a node that sent requests in its first week and was shut down then.
func spent(t *testing.T, requests int) string {
	t.Helper()
	ctx := context.Background()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	n := w.Members["XA"].Node
	send(t, n, requests)
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	return w.Members["XA"].Dir
}

func send(t *testing.T, n *node.Node, requests int) {
	t.Helper()
	ctx := context.Background()
	r, err := n.Rules.Example(rogatory.Preservation42, "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for range requests {
		f, err := n.Office.Draft(ctx, person(n, "A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := n.Office.Move(ctx, person(n, "L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{}); err != nil {
			t.Fatal(err)
		}
	}
}

// later opens a node as of some time from now.
func later(t *testing.T, dir string, ahead time.Duration, fault func(string) error) *node.Node {
	t.Helper()
	now := &hurried{}
	now.ahead.Store(int64(ahead))
	n, err := node.Open(context.Background(), dir, node.Options{Clock: now, Fault: fault, Unwatched: true})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

const aWeek = 7*24*time.Hour + transparency.Wait

func reported(t *testing.T, n *node.Node) transparency.List {
	t.Helper()
	l, err := n.Reports(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// A report is made once when its week has closed, is served with all that proves it, can be recomputed from the entries,
// and another one in its place is named.
func TestAReportIsMadeOncePublishedAndRecomputed(t *testing.T) {
	ctx := context.Background()
	dir := spent(t, 30)
	n := later(t, dir, 0, nil)
	if err := n.Report(ctx); err != nil {
		t.Fatal(err)
	}
	if l := reported(t, n); len(l.Reports) != 0 {
		t.Fatalf("a report of a week in which there was no journal: %v", l)
	}
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = later(t, dir, aWeek, nil)
	defer n.Close()
	for range 3 {
		if err := n.Report(ctx); err != nil {
			t.Fatal(err)
		}
	}
	l := reported(t, n)
	if len(l.Reports) != 1 {
		t.Fatalf("%d reports of one week", len(l.Reports))
	}
	if err := n.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	door := httptest.NewServer(n.Portal(node.PortalOptions{}))
	defer door.Close()
	get := func(path string) (int, string) {
		resp, err := http.Get(door.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		body, err := io.ReadAll(resp.Body)
		if err != nil || len(resp.Cookies()) != 0 {
			t.Fatal(err, resp.Cookies())
		}
		return resp.StatusCode, string(body)
	}
	base := "/public/reports/" + string(l.Reports[0].Period)
	_, data := get(base + ".json")
	_, seal := get(base + ".seal")
	_, proof := get(base + ".proof")
	_, csv := get(base + ".csv")
	facts := n.Config()
	own, err := n.Book().Party(facts.State)
	if err != nil {
		t.Fatal(err)
	}
	key := verifier(t, own.JournalKey)
	r, err := transparency.Open([]byte(data), []byte(seal), own.JournalOrigin, key)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := transparency.Committed([]byte(proof), []byte(data), own.JournalOrigin, key); err != nil {
		t.Fatal(err)
	}
	sent := transparency.Key{Side: rogatory.RequestingSide, Table: transparency.ByKind, Key: string(rogatory.Preservation42)}
	if got := r.Count(sent); got == 0 || got > 30 || !strings.Contains(csv, "requesting,kind,"+string(rogatory.Preservation42)) {
		t.Fatalf("of 30 requests %d are published:\n%s", got, csv)
	}
	if code, body := get("/public/en/report"); code != http.StatusOK || !strings.Contains(body, rogatory.DigestOf([]byte(data)).String()) || strings.Contains(body, "⟦") {
		t.Fatalf("the page of the report answers %d: %s", code, body)
	}
	if d, err := n.CheckReport(ctx, []byte(data)); err != nil || len(d) != 0 {
		t.Fatalf("recomputed: %q, %v", d, err)
	}
	if _, err := n.Fsck(ctx, vault.Structure); err != nil {
		t.Fatalf("after a report the journal is not whole: %v", err)
	}
	swapped := r
	swapped.Cells = append([]transparency.Cell(nil), r.Cells...)
	swapped.Cells[0].Count += transparency.Floor
	if d, err := n.CheckReport(ctx, swapped.Encode()); err != nil || len(d) != 3 {
		t.Fatalf("of a swapped report it says %q, %v", d, err)
	}
	for _, lost := range []string{base + ".xml", "/public/reports/2020-W01.json", "/public/reports/", "/public/reports/..%2f..%2fnode.json", "/public/en/report/2020-W01", "/public/xx/report", "/public/en/cases"} {
		if code, _ := get(lost); code != http.StatusNotFound {
			t.Errorf("%s answers %d", lost, code)
		}
	}
}

// The second week counts on from the first, and both can be recomputed.
func TestReportsFollowOneAnother(t *testing.T) {
	ctx := context.Background()
	dir := spent(t, 12)
	n := later(t, dir, aWeek, nil)
	if err := n.Report(ctx); err != nil {
		t.Fatal(err)
	}
	send(t, n, 15)
	if err := n.Close(); err != nil {
		t.Fatal(err)
	}
	n = later(t, dir, 2*aWeek, nil)
	defer n.Close()
	if err := n.Report(ctx); err != nil {
		t.Fatal(err)
	}
	l := reported(t, n)
	if len(l.Reports) != 2 {
		t.Fatalf("%d reports of two weeks", len(l.Reports))
	}
	var all []transparency.Report
	for _, x := range l.Reports {
		data, _, err := n.PublishedReport(ctx, x.Period)
		if err != nil {
			t.Fatal(err)
		}
		r, err := transparency.Parse(data)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := n.CheckReport(ctx, data); err != nil || len(d) != 0 {
			t.Fatalf("%s recomputed: %q, %v", x.Period, d, err)
		}
		all = append(all, r)
	}
	if err := all[0].Follows(all[1], l.Reports[1].Digest); err != nil {
		t.Fatal(err)
	}
	if all[0].Entries <= all[1].Entries {
		t.Fatalf("the second week counts %d entries after %d", all[0].Entries, all[1].Entries)
	}
}

// Wherever the store fails while a report is made, it is there once after the next start, or not at all.
func TestACrashLeavesOneReportOrNone(t *testing.T) {
	ctx := context.Background()
	dir := spent(t, 6)
	for k := 1; ; k++ {
		copied := filepath.Join(t.TempDir(), "xa")
		if err := copyNode(copied, dir); err != nil {
			t.Fatal(err)
		}
		armed, calls := false, 0
		n := later(t, copied, aWeek, func(string) error {
			if armed {
				if calls++; calls == k {
					return errors.New("the power went out")
				}
			}
			return nil
		})
		armed = true
		err := n.Report(ctx)
		armed = false
		n.Close()
		if calls < k {
			if k < 3 {
				t.Fatal("nothing failed: the test tries nothing")
			}
			t.Logf("%d places to fail", k-1)
			return
		}
		n = later(t, copied, aWeek, nil)
		before := len(reported(t, n).Reports)
		if err := n.Report(ctx); err != nil {
			t.Fatalf("after a failure at place %d: %v", k, err)
		}
		l := reported(t, n)
		if len(l.Reports) != 1 || before > 1 {
			t.Fatalf("after a failure at place %d (%v) there were %d reports, now %d", k, err, before, len(l.Reports))
		}
		data, _, err := n.PublishedReport(ctx, l.Reports[0].Period)
		if err != nil {
			t.Fatal(err)
		}
		if d, err := n.CheckReport(ctx, data); err != nil || len(d) != 0 {
			t.Fatalf("after a failure at place %d: %q, %v", k, d, err)
		}
		if err := n.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// copyNode copies a node's folder with its modes, which the keyring insists on.
func copyNode(to, from string) error {
	return filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
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
}

func verifier(t *testing.T, key string) journal.Verifier {
	t.Helper()
	v, err := journal.NewVerifier(key)
	if err != nil {
		t.Fatal(err)
	}
	return v
}
