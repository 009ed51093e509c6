// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/language"
	"rogatory/node"
	"rogatory/portal"
	"rogatory/transparency"
)

// ahead is the machine's clock, some time ahead.
type ahead struct {
	clock.Real
	by time.Duration
}

func (c ahead) Now() time.Time { return c.Real.Now().Add(c.by) }

// publicDoor is the public door of a node whose first week has closed: everybody's journal, and the pages. It keeps what it was
// asked.
type publicDoor struct {
	*httptest.Server
	node *node.Node

	mu    sync.Mutex
	asked []string // guarded by mu
}

func openPublicDoor(t *testing.T) *publicDoor {
	t.Helper()
	ctx := context.Background()
	w, err := demo.Begin(ctx, demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		t.Fatal(err)
	}
	xa := w.Members["XA"]
	r, err := xa.Node.Rules.Example("emergency_data", "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for range 25 {
		f, err := xa.Node.Office.Draft(ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), w.Members["XB"].Node.Office.Us, "", r)
		if err == nil {
			_, _, err = xa.Node.Office.Move(ctx, xa.Actor("Prosecutor L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Stop(); err != nil {
		t.Fatal(err)
	}
	n, err := node.Open(ctx, xa.Dir, node.Options{Unwatched: true, Clock: ahead{by: 7*24*time.Hour + transparency.Wait}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Close() })
	if err := n.Report(ctx); err != nil {
		t.Fatal(err)
	}
	if err := n.Publish(ctx); err != nil {
		t.Fatal(err)
	}
	options := publicOptions(xa.Dir)
	options.Drills = func(context.Context) ([]portal.Drills, error) {
		return []portal.Drills{{From: "XA", To: "XB", Period: "2026-11", N: 3, Machine: 2 * time.Second, Human: 11 * time.Minute, Signed: []byte(`{"drills": 3}`)}}, nil
	}
	options.Safeguards = func(context.Context) (portal.Safeguards, error) {
		return portal.Safeguards{Digest: rogatory.DigestOf(nil), Document: []byte("forbid ();"), InForce: []portal.Policy{{ID: "persecution", Article: "40(22)", Effect: "hold"}}, Editions: []portal.Edition{{From: rogatory.At(time.Now()), Tighter: 1}}}, nil
	}
	log, err := n.Public()
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.Handle("/journal/", log)
	mux.Handle(portal.Prefix, n.Portal(options))
	d := &publicDoor{node: n}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		d.mu.Lock()
		d.asked = append(d.asked, fmt.Sprintf("%s %s %s", r.Method, r.URL.RequestURI(), body))
		d.mu.Unlock()
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(d.Close)
	return d
}

// Every public page, in both directions of writing, in a browser: axe finds nothing, nothing is wider than a phone, every page
// is within its budget, and no cookie is there at the end.
func TestThePublicPages(t *testing.T) {
	t.Parallel()
	d := openPublicDoor(t)
	ctx := browser(t)
	for _, tag := range []string{"en", "ar"} {
		t.Run(tag, func(t *testing.T) {
			b := &tab{t: t, ctx: ctx, l: language.Load().Locale(tag)}
			b.canary()
			b.base = d.URL
			for _, page := range []string{"", "treaty", "report", "network", "safeguards", "assistance", "journal", "verify", "verify?h=0000", "nowhere"} {
				b.examine(portal.Prefix + tag + "/" + page)
			}
			b.open(portal.Prefix + tag + "/report")
			b.see(b.words("portal.report.lead"), b.words("figures.emergency"))
			if dir := inTab(b, chromedp.Evaluate[string](`getComputedStyle(document.body).direction`)); dir != b.l.Dir() {
				t.Errorf("the page runs %s", dir)
			}
			if c := inTab(b, chromedp.Evaluate[string](`document.cookie`)); c != "" {
				t.Errorf("there is a cookie: %s", c)
			}
		})
	}
}

// A file is verified in the browser: its hash is what everybody computes, the answer is one sentence with its steps and its
// proof, and the server learns neither the file nor its hash.
func TestAFileIsVerifiedInTheBrowserAndStaysThere(t *testing.T) {
	t.Parallel()
	d := openPublicDoor(t)
	b := &tab{t: t, ctx: browser(t), l: language.Load().Locale(language.Base), base: d.URL}
	list, err := d.node.Reports(context.Background())
	if err != nil || len(list.Reports) != 1 {
		t.Fatal(list, err)
	}
	report, _, err := d.node.PublishedReport(context.Background(), list.Reports[0].Period)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) (path, hash string) {
		path = filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(data)
		return path, hex.EncodeToString(sum[:])
	}
	choose := func(id, path string) {
		b.open("/public/en/verify")
		b.see(b.words("portal.verify.file"))
		inTab(b, chromedp.SetUploadFiles("#"+id, []string{path}))
	}
	published, hash := write("report.json", report)
	choose("file", published)
	b.awaits(b.words("portal.verify.yes"))
	b.see(b.words("portal.verify.steps"), b.words("portal.step.hashed"), b.words("portal.step.proof"), hash)

	// The same by its hash, as sha256sum writes it: whole, and from its beginning; the browser compares.
	look := func(typed, want string) {
		t.Helper()
		b.open("/public/en/verify")
		inTab(b, chromedp.SetValue("#h", typed))
		inTab(b, chromedp.Click("#typed button"))
		b.awaits(want)
	}
	look(hash+"  report.json", b.words("portal.verify.yes"))
	look(hash[:8], b.words("portal.verify.some"))
	look(strings.Repeat("0", 64), b.words("portal.verify.no"))
	look("secret", b.words("portal.verify.hash.wrong"))

	// Sizes around the blocks of SHA-256 and the slices of the reader.
	r := rand.NewChaCha8([32]byte{8})
	for _, n := range []int{0, 1, 55, 56, 63, 64, 65, 119, 120, 4<<20 - 1, 4 << 20, 4<<20 + 1, 9<<20 + 77} {
		data := make([]byte, n)
		r.Read(data)
		path, hash := write(fmt.Sprintf("secret-%d.bin", n), data)
		choose("file", path)
		b.awaits(hash)
		b.see(b.words("portal.verify.no"))
	}

	// A package: whole, and with a file changed, one lost and one more.
	var sums bytes.Buffer
	for i, name := range []string{"manifest.asice", "exhibits/auth.log", "messages/1.asice"} {
		_, hash := write("package/"+name, bytes.Repeat([]byte{byte(i)}, 1000+i))
		fmt.Fprintf(&sums, "%s  %s\n", hash, name)
	}
	write("package/SHA256SUMS", sums.Bytes())
	choose("folder", filepath.Join(dir, "package"))
	b.awaits(b.words("portal.verify.package.yes"))
	write("package/exhibits/auth.log", []byte("changed"))
	write("package/more.txt", []byte("more"))
	if err := os.Remove(filepath.Join(dir, "package/messages/1.asice")); err != nil {
		t.Fatal(err)
	}
	choose("folder", filepath.Join(dir, "package"))
	b.awaits(b.words("portal.verify.package.no"))
	b.see(b.words("portal.step.differs")+": exhibits/auth.log", b.words("portal.step.missing")+": messages/1.asice", b.words("portal.step.extra")+": more.txt")

	d.mu.Lock()
	defer d.mu.Unlock()
	for _, asked := range d.asked {
		if !strings.HasPrefix(asked, "GET /public/") || strings.Contains(asked, "?") || strings.Contains(asked, "secret") || strings.Contains(asked, hash) || len(strings.TrimSpace(asked)) > 80 {
			t.Errorf("the server was asked %.200s", asked)
		}
	}
}

// monitor says in one line that all is well, as words and for machines, and ends with a status.
func TestMonitorOnce(t *testing.T) {
	t.Parallel()
	d := openPublicDoor(t)
	folder := filepath.Join(t.TempDir(), "watch")
	try := func(args ...string) (int, string, string) {
		var out, words bytes.Buffer
		code := run(context.Background(), append([]string{"monitor", d.URL, "--folder", folder, "--once", "--max-age", "999h", "--grace", "999h"}, args...), &out, &words)
		return code, out.String(), words.String()
	}
	// XB's office does not run, so nobody has witnessed: that is named.
	code, out, words := try()
	if code != 1 || !strings.Contains(out, "WRONG XA") || !strings.Contains(out, "quorum_missing") || !strings.Contains(words, "docs/monitor.md") {
		t.Fatalf("status %d: %s%s", code, out, words)
	}
	code, out, _ = try("--json")
	var r struct {
		Size, Checked int64
		Findings      []struct{ Code string }
	}
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != 1 || r.Size == 0 || r.Checked != r.Size || len(r.Findings) != 1 {
		t.Fatalf("status %d: %s, %v", code, out, err)
	}
	for _, bad := range [][]string{{"--every", "1s"}, {"--quorum", "-1"}, {"--max-age", "0s"}} {
		if code, _, words := try(bad...); code != 2 {
			t.Errorf("%q ends with %d: %s", bad, code, words)
		}
	}
}
