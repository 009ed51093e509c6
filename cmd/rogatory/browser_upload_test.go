// SPDX-License-Identifier: Apache-2.0

package main

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/treaty"
)

// wire is what lies between the browser and the office, and fails on request.
type wire struct {
	*httptest.Server
	cut    atomic.Int64 // how many pieces from now on the line drops, in the middle of a piece
	change atomic.Bool  // one bit of the next piece is turned
	pieces atomic.Int64 // that came through
}

func newWire(t *testing.T, office string) *wire {
	target, err := url.Parse(office)
	if err != nil {
		t.Fatal(err)
	}
	l := &wire{}
	proxy := httputil.NewSingleHostReverseProxy(target)
	l.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if l.cut.Load() > 0 {
				l.cut.Add(-1)
				io.CopyN(io.Discard, r.Body, 1000)
				panic(http.ErrAbortHandler)
			}
			if l.change.Swap(false) {
				body, _ := io.ReadAll(r.Body)
				body[len(body)/2] ^= 1
				r.Body = io.NopCloser(bytes.NewReader(body))
			}
			l.pieces.Add(1)
		}
		proxy.ServeHTTP(w, r)
	}))
	l.Config.ErrorLog = nil
	t.Cleanup(l.Close)
	return l
}

// accepted is a request of Aurelia that Borealia has accepted, without a browser.
func accepted(t *testing.T, w *demo.World) rogatory.RequestID {
	t.Helper()
	ctx := context.Background()
	xa, xb := w.Members["XA"], w.Members["XB"]
	r, err := treaty.Convention().Example("emergency_data", "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := xa.Node.Office.Draft(ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), xb.Node.Office.Us, "", r)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := xa.Move(ctx, xa.Actor("Prosecutor L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{}); err != nil {
		t.Fatal(err)
	}
	await(t, "the delivery", func() bool { _, err := xb.Node.Office.File(ctx, f.ID); return err == nil })
	if _, _, err := xb.Move(ctx, xb.Actor("Judge T. Moreau", rogatory.Decider), f.ID, rogatory.Accept, rogatory.Body{}); err != nil {
		t.Fatal(err)
	}
	return f.ID
}

// awaits waits for words that a script or the next page brings. Between two pages there are none.
func (b *tab) awaits(words string) {
	b.t.Helper()
	await(b.t, "the words "+words, func() bool {
		ctx, cancel := context.WithTimeout(b.ctx, loadWait)
		defer cancel()
		text, err := chromedp.Run(ctx, chromedp.Evaluate[string](`document.querySelector("main")?.innerText || ""`))
		return err == nil && strings.Contains(text, words)
	})
}

// Twenty megabytes over a line that drops: sent in pieces, carried on after a drop and after a reload,
// held against the digest that the browser made, and then looked at.
func TestAnUploadOverABadLine(t *testing.T) {
	t.Parallel()
	b := &tab{t: t, ctx: browser(t), l: language.Load().Locale(language.Base)}
	w := exercise(t)
	id := accepted(t, w)
	xb := w.Members["XB"]
	b.as(xb, "Examiner 14")
	l := newWire(t, xb.Addresses.Office)
	b.base = strings.Replace(l.URL, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	if !inTab(b, chromedp.Evaluate[bool](`!!document.querySelector(".who")`)) {
		b.press("Examiner 14")
	}
	page := "/console/requests/" + string(id) + "/seal"

	content := make([]byte, 20<<20+77)
	rand.NewChaCha8([32]byte{1}).Read(content)
	evidence := filepath.Join(t.TempDir(), "disk image.dd")
	if err := os.WriteFile(evidence, content, 0o600); err != nil {
		t.Fatal(err)
	}

	// What the browser hashes is what everybody hashes.
	b.open(page)
	for _, n := range []int{0, 1, 55, 56, 63, 64, 65, 119, 120, 1000} {
		js := fmt.Sprintf(`(() => { const a = new Uint8Array(%d).map((_, i) => i * 7 + 3), s = new Sha256(); for (let i = 0; i < a.length; i += 13) s.add(a.subarray(i, i + 13)); return s.hex() })()`, n)
		plain := make([]byte, n)
		for i := range plain {
			plain[i] = byte(i*7 + 3)
		}
		want := sha256.Sum256(plain)
		if got := inTab(b, chromedp.Evaluate[string](js)); got != hex.EncodeToString(want[:]) {
			t.Fatalf("SHA-256 of %d bytes is %s in the browser, %x here", n, got, want)
		}
	}

	// The line drops twice, and then for good.
	send := func() {
		inTab(b, chromedp.SetUploadFiles("#f-file", []string{evidence}))
		inTab(b, chromedp.Evaluate[bool](`(document.querySelector("form[data-upload] .primary").click(), true)`))
	}
	b.fill("title", "Disk of the server")
	b.fill("acquired", "Copied under order 7")
	l.cut.Store(2)
	send()
	await(t, "the first pieces", func() bool { return l.pieces.Load() >= 2 })
	l.cut.Store(1 << 30)
	b.awaits("The line dropped")

	// The page is opened again. The form knows what is half here; the questions need no answer.
	b.open(page)
	b.see("Not finished", "disk_image.dd", "Disk of the server")
	before := l.pieces.Load()
	l.cut.Store(0)
	l.change.Store(true) // and the line turns a bit
	send()
	b.awaits("changed on its way")
	send()
	b.awaits("Sealed here, not offered")
	if sent := l.pieces.Load() - before; sent >= 6 {
		t.Errorf("%d pieces were sent after the reload: it began again instead of carrying on", sent)
	}
	f, err := xb.Node.Office.File(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	if x := f.Exhibits[0].Exhibit; x.Seal.SHA256 != sha256.Sum256(content) || x.Seal.Size != int64(len(content)) || x.FileName != "disk_image.dd" || x.Title != "Disk of the server" {
		t.Errorf("sealed: %+v", x)
	}
	b.see("You have not looked at this yet")

	// What is begun can be stopped, and nothing of it stays.
	b.open(page)
	b.fill("title", "Once more")
	b.fill("acquired", "Copied under order 7")
	l.cut.Store(1 << 30)
	send()
	b.awaits("The line dropped")
	inTab(b, chromedp.Evaluate[bool](`(document.querySelector("#upload button").click(), true)`))
	b.awaits("was stopped")
	if strings.Contains(b.text(), "Not finished") {
		t.Error("what was stopped is still there")
	}
}

// A custodian looks at exhibits of each sort. The look is in the journal, and nothing hostile runs.
func TestRenderedCopiesInTheConsole(t *testing.T) {
	t.Parallel()
	b := &tab{t: t, ctx: browser(t), l: language.Load().Locale(language.Base)}
	w := exercise(t)
	id := accepted(t, w)
	xb := w.Members["XB"]
	seal := func(name string, content []byte) string {
		x, err := xb.Node.Office.Seal(context.Background(), xb.Actor("Examiner 14", rogatory.Custodian), id, docket.Sealing{Title: name, FileName: name, MediaType: "application/octet-stream", Acquired: "order 7", Limits: rogatory.UseLimits{Confidential: true}}, bytes.NewReader(content), nil)
		if err != nil {
			t.Fatal(err)
		}
		return "/console/exhibits/" + string(x.ID)
	}
	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	for _, name := range []string{"log/ssh.log", "../escape"} {
		if _, err := z.Create(name); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	text := seal("notes.txt", []byte("one <script>alert(1)</script>\ninvoice\u202egpj.exe\n"))
	mail := seal("mail.eml", []byte("From: a@b.example\r\nTo: c@d.example\r\nSubject: Hello\r\nContent-Type: text/html\r\n\r\n<img src=\"http://track.example/x\"><p>Your <a href=\"http://evil.example/\">bank</a></p>"))
	list := seal("files.zip", archive.Bytes())
	fake := seal("picture.jpg", []byte("MZ\x90\x00 not a picture"))
	bad := seal("bad.png", []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x01\x86\xa0\x00\x01\x86\xa0\x08\x06\x00\x00\x00"))

	b.as(xb, "Examiner 14")
	look := func(exhibit string, words ...string) {
		t.Helper()
		b.open(exhibit)
		b.see("You have not looked at this yet")
		b.press("Look at it")
		b.see("Say why")
		b.fill("why", "triage")
		b.press("Look at it")
		b.see(append(words, "Rendered copy")...)
	}
	look(text, "one <script>alert(1)</script>", "invoice⟨U+202E⟩gpj.exe", "Control or invisible characters")
	b.press("Hexadecimal")
	b.see("6f 6e 65 20 3c 73 63 72", "uint16 LE", "28271")
	b.open(text + "/look?as=hex&at=0x10&mark=0x11")
	b.see("The bytes at 17 read as")
	b.open(text)
	if strings.Count(b.text(), "You have not looked at this yet") != 4 {
		t.Errorf("four of five files are unseen; the page says:\n%s", b.text())
	}
	b.see("text/plain", "Exhibit looked at", "triage")
	look(mail, "Hello", "bank [http://evil.example/]", "Nothing was fetched")
	look(list, "2 entries", "../escape", "leads out of its folder")
	look(fake, "another type than the content")
	look(bad, "It cannot be painted", "damaged")

	// A look is one person's.
	b.as(xb, "Judge T. Moreau")
	b.open(text + "/look")
	b.see("Give a reason to look at it")
	if strings.Contains(b.text(), "Look at it\n") {
		t.Error("a judge may not open evidence")
	}
}
