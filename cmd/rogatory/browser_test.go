// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"rogatory"
	"rogatory/demo"
	"rogatory/language"
	"rogatory/node"
	"rogatory/treaty"
)

// tab is a browser's tab, at the console of one State.
type tab struct {
	t    *testing.T
	ctx  context.Context
	base string
	axe  string // the script that checks accessibility
	n    int    // screens that were examined
	l    *language.Locale
}

// words returns what a key says, without the marks of direction: a page is compared by what can be read.
func (b *tab) words(key string, args ...any) string { return readable(b.l.T(key, args...)) }

func readable(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
}

// part returns the longest piece of a key's text in which nothing is filled in.
func (b *tab) part(key string) string {
	longest := ""
	for _, piece := range regexp.MustCompile(`\{[a-z_]+\}`).Split(b.l.T(key), -1) {
		if piece = strings.TrimSpace(piece); len(piece) > len(longest) {
			longest = piece
		}
	}
	return longest
}

// loadWait bounds one page. It is not what a page takes, but when the test gives up.
const loadWait = 2 * time.Minute

// chromium is the one browser of all tests, started by the first that asks for it. TestMain ends it.
var chromium = sync.OnceValues(func() (context.Context, error) {
	path, err := exec.LookPath("chromium")
	if err != nil {
		return nil, fmt.Errorf("chromium is not installed: run make need: %w", err)
	}
	folder, err := os.MkdirTemp("", "rogatory-chromium-")
	if err != nil {
		return nil, err
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.UserDataDir(folder))
	for _, flag := range []string{"disable-quic", "no-first-run", "disable-background-networking", "disable-component-update", "disable-sync"} {
		options = append(options, chromedp.Flag(flag, true))
	}
	ctx, stop := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, cancel := chromedp.NewContext(ctx)
	closeChromium = func() {
		chromedp.Cancel(ctx)
		cancel()
		stop()
		os.RemoveAll(folder)
	}
	// The first call starts the browser, which ends with that call's context: it must have no time limit.
	return ctx, chromedp.Do(ctx, chromedp.Navigate("about:blank"))
})

var closeChromium = func() {} // set by chromium

// browser opens a window of the browser that shares nothing with the others.
func browser(t *testing.T) context.Context {
	t.Helper()
	ctx, err := chromium()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := chromedp.NewContext(ctx, chromedp.WithNewBrowserContext())
	t.Cleanup(func() { chromedp.Cancel(ctx); cancel() })
	if err := chromedp.Do(ctx, chromedp.Navigate("about:blank")); err != nil {
		t.Fatal(err)
	}
	return ctx
}

func inTab[T any](b *tab, a chromedp.Action[T]) T {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, loadWait)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		b.t.Fatal(err)
	}
	return v
}

func (b *tab) open(path string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, loadWait)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.Navigate(b.base+path)); err != nil {
		b.t.Fatalf("open %s: %v", path, err)
	}
}

// press clicks what says text, and waits for the page that comes.
func (b *tab) press(text string) {
	b.t.Helper()
	quoted, _ := json.Marshal(text)
	js := fmt.Sprintf(`(() => { const e = [...document.querySelectorAll("main button, main a, header button, footer button")].map(e => ({e, t: e.textContent.replace(/[\u2066-\u2069]/g, "").trim().replace(/\s+/g, " ")})).filter(x => !x.e.hidden && x.t.includes(%s)).sort((a, b) => a.t.length - b.t.length).map(x => x.e)[0]; if (e) e.click(); return !!e })()`, quoted)
	ctx, cancel := context.WithTimeout(b.ctx, loadWait)
	defer cancel()
	_, err := chromedp.RunResponse(ctx, chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		found, err := chromedp.Evaluate[bool](js)(ctx, t)
		if err == nil && !found {
			err = fmt.Errorf("nothing says %q on:\n%s", text, must(chromedp.Evaluate[string](`document.querySelector("main").innerText`)(ctx, t)))
		}
		return err
	}))
	if err != nil {
		b.t.Fatalf("press %q: %v; the page says:\n%s", text, err, b.text())
	}
}

func must[T any](v T, _ error) T { return v }

// fill answers the question of that name.
func (b *tab) fill(name, value string) {
	b.t.Helper()
	n, _ := json.Marshal(name)
	v, _ := json.Marshal(value)
	js := fmt.Sprintf(`(() => { const all = [...document.getElementsByName(%s)]; const e = all.find(e => !["radio", "checkbox", "hidden"].includes(e.type)); if (e) { e.value = %s; return true } const r = all.find(e => e.value === %[2]s); if (r) r.checked = true; return !!r })()`, n, v)
	if !inTab(b, chromedp.Evaluate[bool](js)) {
		b.t.Fatalf("there is no question %q that takes %q on:\n%s", name, value, b.text())
	}
}

func (b *tab) text() string {
	return readable(inTab(b, chromedp.Evaluate[string](`document.querySelector("main").innerText`)))
}

func (b *tab) path() string {
	return strings.TrimPrefix(inTab(b, chromedp.Location()), b.base)
}

func (b *tab) see(words ...string) {
	b.t.Helper()
	text := b.text()
	for _, w := range words {
		if !strings.Contains(text, w) {
			b.t.Fatalf("the page %s does not say %q:\n%s", b.path(), w, text)
		}
	}
}

// as signs in as a person of the exercise, by one click.
func (b *tab) as(m *demo.Member, name string) {
	b.t.Helper()
	b.base = strings.Replace(m.Addresses.Office, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	if inTab(b, chromedp.Evaluate[bool](`!!document.querySelector(".who")`)) {
		b.press(b.words("signout"))
	}
	b.press(name)
	b.see(b.words("inbox.title"))
}

// do presses the button that does an act.
func (b *tab) do(act rogatory.Act) {
	b.t.Helper()
	b.press(b.words("act.do", "act", b.l.Act(act)))
}

// await waits until the other State's office has what was sent.
func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for end := time.Now().Add(loadWait); !there(); {
		if time.Now().After(end) {
			t.Fatalf("%s did not happen within %s", what, loadWait)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func exercise(t *testing.T) *demo.World { return exerciseWith(t, nil) }

func exerciseWith(t *testing.T, prepare func(dir string, c node.Config) error) *demo.World {
	t.Helper()
	w, err := demo.Begin(context.Background(), demo.Settings{Dir: filepath.Join(t.TempDir(), "world"), States: []rogatory.StateCode{"XA", "XB"}, Prepare: prepare,
		Door: func(n *node.Node) (http.Handler, error) { return officeDoor(n, true) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Stop(); err != nil {
			t.Error(err)
		}
	})
	return w
}

// desked gives each office a rota of two people and two ways to wake them, which end at a real server.
func desked(t *testing.T) func(dir string, c node.Config) error {
	gate := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(gate.Close)
	officer := map[rogatory.StateCode]string{"XA": "A. Okafor", "XB": "B. Lindqvist"}
	return func(dir string, c node.Config) error {
		files := map[string]string{
			node.RotaFile: fmt.Sprintf(`{"version": "2026-11-25.1", "state": %q, "number": "+888 000 001", "zone": "Europe/Vienna",
				"people": [{"id": "one", "name": %q}, {"id": "two", "name": "R. Castellan"}, {"id": "head", "name": "H. Mwangi"}], "fallback": "two", "head": "head",
				"rotations": [{"id": "turns", "start": "2026-01-05T08:00", "every": 12, "unit": "hour", "people": ["one", "two"]}], "rules": [{"id": "always", "rotation": "turns"}]}`, c.State, officer[c.State]),
			node.EscalationFile: `{"version": "2026-11-25.1", "channels": [{"id": "gate", "kind": "webhook", "provider": "one"}, {"id": "bell", "kind": "webhook", "provider": "two"}],
				"policies": [{"id": "urgent", "urgent": true, "cycles": 2, "last_resort": "Drive to the desk", "steps": [{"to": "on_duty", "channels": ["gate", "bell"], "wait_seconds": 300}, {"to": "fallback", "channels": ["gate", "bell"], "wait_seconds": 300}]}]}`,
			node.PagerFile: fmt.Sprintf(`{"door": "http://%[2]s/page/", "channels": [
				{"name": "gate", "provider": "one", "allow_networks": ["127.0.0.0/8"], "webhook": {"url": %[1]q, "key_file": "secrets/hook"}},
				{"name": "bell", "provider": "two", "allow_networks": ["127.0.0.0/8"], "webhook": {"url": %[1]q, "key_file": "secrets/hook"}}],
				"people": {"one": {"gate": "one", "bell": "one"}, "two": {"gate": "two", "bell": "two"}, "head": {"gate": "head", "bell": "head"}}}`, gate.URL, c.OfficeListen),
			"secrets/hook": "whsec_" + base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32)) + "\n",
		}
		if err := os.MkdirAll(filepath.Join(dir, "secrets"), 0o700); err != nil {
			return err
		}
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				return err
			}
		}
		return nil
	}
}

// A request is drafted, sent, acknowledged, accepted, executed with an exhibit and exported for a court,
// by six people of two States through their consoles alone. Then every screen that they saw is examined.
func TestStoryThroughTheConsole(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "ar"} {
		t.Run(tag, func(t *testing.T) { t.Parallel(); story(t, tag) })
	}
}

func story(t *testing.T, tag string) {
	b := &tab{t: t, ctx: browser(t), l: language.Load().Locale(tag)}
	w := exerciseWith(t, desked(t))
	xa, xb := w.Members["XA"], w.Members["XB"]
	state := func(m *demo.Member, id rogatory.RequestID, want rogatory.State) func() bool {
		return func() bool {
			f, err := m.Node.Office.File(context.Background(), id)
			return err == nil && f.State == want
		}
	}
	b.canary()
	b.base = strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	b.press(b.l.Language(tag))
	b.examine("/console/sign-in")

	// Aurelia's officer composes.
	b.as(xa, "A. Okafor")
	b.see(b.part("inbox.empty.all"))
	b.examine("/console/inbox")
	b.open("/console/new")
	b.examine("/console/new")
	b.press(b.words("new.go"))
	b.see(b.words("wrong.title"))
	b.fill("kind", "emergency_data")
	b.fill("to", "XB/justice")
	b.fill("title", "Location of a kidnapped child's telephone")
	b.press(b.words("new.go"))
	b.see(b.words("task.not"), b.words("draft.not_ready"))
	draft := b.path()
	id := rogatory.RequestID(strings.Split(draft, "/")[3])
	example, err := treaty.Convention().Example("emergency_data", "", rogatory.At(time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	for field, said := range example.Contents {
		b.open(draft + "/" + field)
		b.fill("value", said)
		b.press(b.words("draft.save"))
	}
	b.examine(draft + "/risk")
	b.open(draft + "/offence")
	b.examine(draft + "/offence")
	b.fill("articles", "7")
	b.fill("law", "Penal Code of Aurelia, section 212a")
	b.press(b.words("draft.save"))
	b.open(draft)
	b.see(b.part("draft.hand_over"), "A. Okafor")
	b.examine(draft)

	// A colleague saves first: what is typed is kept, and the difference shown.
	b.open(draft + "/title")
	f, err := xa.Node.Office.File(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	f.Request.Title = "Location of the telephone of a kidnapped child"
	if _, err := xa.Node.Office.Revise(context.Background(), xa.Actor("A. Okafor", rogatory.DutyOfficer), id, f.Them, f.Request); err != nil {
		t.Fatal(err)
	}
	b.fill("title", "Whereabouts of a kidnapped child")
	b.press(b.words("draft.save"))
	b.see(b.words("stale.title"), "Whereabouts of a kidnapped child", "Location of the telephone of a kidnapped child")

	// The prosecutor reads the letter and sends.
	b.as(xa, "Prosecutor L. Haddad")
	b.open("/console/requests/" + string(id))
	b.press(b.l.Act(rogatory.Send))
	b.see(b.words("willbe.title"), "message.sent")
	b.examine("/console/requests/" + string(id) + "/letter")
	b.see(b.words("letter.heading.request"))
	file := inTab(b, chromedp.Evaluate[string](`(() => { const r = new XMLHttpRequest(); r.open("GET", "letter.pdf?language=ar,en", false); r.send(); return r.getResponseHeader("Content-Type") + " " + r.responseText.slice(0, 8) })()`))
	if file != "application/pdf %PDF-1.7" {
		t.Errorf("the letter as PDF is %q", file)
	}
	b.examine("/console/requests/" + string(id) + "/acts/send")
	b.do(rogatory.Send)
	b.see(b.words("act.done", "act", b.l.Act(rogatory.Send)))
	await(t, "the delivery", state(xb, id, rogatory.Requested))

	// Borealia's officer, at night. Somebody is woken, whoever has the turn.
	b.as(xb, "B. Lindqvist")
	await(t, "the page", func() bool {
		pages, err := xb.Node.Desk.Deliveries(context.Background(), xb.Actor("B. Lindqvist", rogatory.DutyOfficer), 10)
		return err == nil && len(pages) > 1
	})
	b.open("/console/desk")
	b.see(b.words("desk.take"))
	b.examine("/console/desk")
	b.examine("/console/rota")
	b.open("/console/duty")
	b.see(b.l.State("XA"), b.l.Act(rogatory.Acknowledge))
	b.examine("/console/duty")
	b.press(b.words("claim.go"))
	b.see(b.part("claim.taken"))
	page := b.path()
	b.press(b.l.Act(rogatory.Acknowledge))
	b.fill("text", "Received at the 24/7 desk.")
	b.press(b.words("act.check"))
	b.see("Received at the 24/7 desk.")
	b.do(rogatory.Acknowledge)
	b.examine(page)

	// The judge accepts.
	b.as(xb, "Judge T. Moreau")
	b.examine("/console/inbox")
	b.open(page + "/acts/refuse")
	b.examine(page + "/acts/refuse")
	b.press(b.words("act.check"))
	b.see(b.words("wrong.title"), b.words("ask.ground"))
	b.open(page + "/acts/accept")
	b.examine(page + "/acts/accept")
	b.press(b.words("act.check"))
	b.do(rogatory.Accept)
	await(t, "the acceptance", state(xa, id, rogatory.Accepted))

	// The examiner seals.
	evidence := filepath.Join(t.TempDir(), "cell sites.log")
	if err := os.WriteFile(evidence, bytes.Repeat([]byte("2026-11-25T21:04:11Z,cell 4711,sector 2\n"), 5000), 0o600); err != nil {
		t.Fatal(err)
	}
	b.as(xb, "Examiner 14")
	b.open(page + "/seal")
	b.examine(page + "/seal")
	b.fill("title", "Cell sites of the telephone")
	b.fill("acquired", "Given by Borealia Mobile under emergency order 7")
	inTab(b, chromedp.SetUploadFiles("#f-file", []string{evidence}))
	b.press(b.words("seal.do"))
	b.see(b.words("exhibit.state.sealed"), b.words("custody.title"))
	exhibit := b.path()
	b.examine(exhibit)

	// The judge cannot offer it alone, urgent as it is: a person of another role answers what the safeguards ask.
	b.as(xb, "Judge T. Moreau")
	b.open(page + "/acts/offer")
	b.press(b.words("act.check"))
	b.do(rogatory.Offer)
	b.see(b.words("fault.approval_needed"))
	b.as(xb, "B. Lindqvist")
	b.open(page)
	b.press(b.l.Act(rogatory.Offer))
	b.see(b.words("review.says"))
	b.examine(page + "/review/offer")
	b.fill("answer-emergency_disclosure", "The child's life is at risk, and the cell sites show where to look.")
	b.press(b.words("review.agree"))
	b.see(b.words("review.voted"))
	b.as(xb, "Judge T. Moreau")
	b.open(page + "/acts/offer")
	b.press(b.words("act.check"))
	b.do(rogatory.Offer)
	b.see(b.words("act.done", "act", b.l.Act(rogatory.Offer)))
	await(t, "the offer", func() bool {
		f, err := xa.Node.Office.File(context.Background(), id)
		return err == nil && len(f.Exhibits) == 1
	})
	b.as(xa, "Custodian N. Silva")
	b.open(exhibit)
	b.press(b.part("fetch.go"))
	await(t, "the transfer", func() bool {
		f, err := xa.Node.Office.File(context.Background(), id)
		return err == nil && f.Exhibits[0].State == "held"
	})
	b.open(exhibit)
	b.see(b.words("exhibit.state.held"))
	b.examine(exhibit)

	// The court package.
	pack := "/console/cases/" + string(id.Case()) + "/package"
	b.open(pack)
	b.examine(pack)
	b.press(b.words("package.do"))
	b.see(b.words("wrong.why"))
	got := inTab(b, chromedp.Evaluate[string](`fetch(location.pathname, {method: "POST", body: new URLSearchParams({why: "hearing of 3 December"})}).then(r => r.arrayBuffer()).then(a => new TextDecoder().decode(a.slice(0, 2)) + " " + a.byteLength)`, chromedp.EvalAwaitPromise))
	if !strings.HasPrefix(got, "PK ") || len(got) < len("PK 100000") {
		t.Errorf("the court package is no archive of that size: %q", got)
	}

	for _, path := range []string{"treaty", "treaty/FR", "deadlines?rule=supplement&state=XA&from=2026-11-25", "agenda", "desk", "drills", "subject-notices", "suspensions", "suspensions/propose", "requests/" + string(id) + "/subject", "excess", "rota", "setup", "search?q=child", "keys", "figures", "figures?by=ground&stage=decision", "legislation", "policies", "policies/bench", "assistance", "people", "directory", "outbox", "requests/" + string(id), "requests/XA-2026-00000000.1"} {
		b.examine("/console/" + path)
	}
	assets := 0
	for _, name := range []string{"console.css", "console.js"} {
		data, err := os.ReadFile("../../console/assets/" + name)
		if err != nil {
			t.Fatal(err)
		}
		assets += zipped(data)
	}
	if t.Logf("%6d bytes gzipped: style and script", assets); assets > maxAssets {
		t.Errorf("style and script have %d bytes gzipped, at most %d are meant", assets, maxAssets)
	}
}

// A person registers a passkey by a link, and signs in with it.
func TestPasskey(t *testing.T) {
	t.Parallel()
	b := &tab{t: t, ctx: browser(t), l: language.Load().Locale(language.Base)}
	w := exercise(t)
	xa := w.Members["XA"]
	b.base = strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	if _, err := chromedp.Call(b.ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(b.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}}); err != nil {
		t.Fatal(err)
	}
	token, err := node.Enrol(xa.Dir, "A. Okafor", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	b.open("/console/enrol?token=" + token)
	b.see("A. Okafor")
	b.press("Make the passkey")
	b.see("Inbox")
	b.open("/console/enrol?token=" + token)
	b.see("was used")
	b.press("Sign out")
	b.fill("name", "A. Okafor")
	b.press("Sign in")
	b.see("Inbox")
	keys, err := xa.Node.Passkeys("A. Okafor")
	if err != nil || len(keys) != 1 {
		t.Errorf("%d passkeys are kept, %v", len(keys), err)
	}
}

const axeDigest = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"

// axe is the checker of accessibility, as it was published.
func axe(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile("../../console/testdata/axe.min.js")
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(script); hex.EncodeToString(sum[:]) != axeDigest {
		t.Fatal("axe.min.js is not the one that was published")
	}
	return string(script)
}

// check runs axe on the page as it stands. A run that passed nothing did not run.
func (b *tab) check() []string {
	b.t.Helper()
	if !inTab(b, chromedp.Evaluate[bool](`!!window.axe`)) {
		inTab(b, chromedp.Evaluate[bool](b.axe+`; true`))
	}
	text := inTab(b, chromedp.Evaluate[string](`axe.run(document, {resultTypes: ["violations"]}).then(r => JSON.stringify({passes: r.passes.length, violations: r.violations.map(v => v.id + ": " + v.help + ": " + v.nodes.map(n => n.target.join(" ") + " " + (n.any[0] ? n.any[0].message : "")).slice(0, 3).join("; "))}))`, chromedp.EvalAwaitPromise))
	var result struct {
		Passes     int      `json:"passes"`
		Violations []string `json:"violations"`
	}
	if err := json.Unmarshal([]byte(text), &result); err != nil || result.Passes == 0 {
		b.t.Fatalf("axe did not run on %s: %q, %v", b.path(), text, err)
	}
	return result.Violations
}

// Budgets of a first load, gzipped: what a slow line carries in a few seconds.
const (
	maxPage   = 15 << 10
	maxAssets = 25 << 10
)

// canary proves that axe finds faults where there are some.
func (b *tab) canary() {
	b.t.Helper()
	b.axe = axe(b.t)
	bad := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<html><body><img src="x"><p style="color:#ccc;background:#fff">pale</p><input></body></html>`))
	}))
	defer bad.Close()
	b.base = bad.URL
	b.open("/")
	if found := b.check(); len(found) < 4 {
		b.t.Fatalf("axe finds only %d faults on a page that has more: %q", len(found), found)
	}
}

// examine holds a screen to what a screen owes: axe finds nothing in either theme, no string is missing,
// nothing is wider than a phone, and its size is within the budget. With ROGATORY_SHOTS set, pictures go
// to that folder.
func (b *tab) examine(path string) {
	b.t.Helper()
	b.n++
	shots := os.Getenv("ROGATORY_SHOTS")
	b.open(path)
	html := inTab(b, chromedp.Evaluate[string](`document.documentElement.outerHTML`))
	if at := strings.Index(html, "⟦"); at >= 0 {
		b.t.Errorf("%s lacks a string: %s", path, html[at:min(at+60, len(html))])
	}
	size := zipped([]byte(html))
	if size > maxPage {
		b.t.Errorf("%s has %d bytes gzipped, at most %d are meant", path, size, maxPage)
	}
	b.t.Logf("%6d bytes gzipped: %s", size, path)
	for _, theme := range []string{"light", "dark"} {
		if _, err := chromedp.Call(b.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: "reduce"}}}); err != nil {
			b.t.Fatal(err)
		}
		for _, width := range []int64{360, 1280} {
			inTab(b, chromedp.EmulateViewport(width, 800))
			if over := inTab(b, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`)); over > 0 {
				b.t.Errorf("%s is %d px too wide at %d", path, over, width)
			}
			if shots != "" {
				name := strings.Trim(strings.NewReplacer("/", "_", "?", "_", "&", "_", "console", "").Replace(path), "_")
				os.WriteFile(filepath.Join(shots, fmt.Sprintf("%s-%02d-%s-%s-%d.png", b.l.Tag(), b.n, name[:min(len(name), 40)], theme, width)), inTab(b, chromedp.FullScreenshot(100)), 0o600)
			}
		}
		for _, v := range b.check() {
			b.t.Errorf("%s, %s: %s", path, theme, v)
		}
	}
}

func zipped(data []byte) int {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Write(data)
	w.Close()
	return b.Len()
}
