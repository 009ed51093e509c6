// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/chromedp/chromedp"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/language"
	"rogatory/node"
	"rogatory/treaty"
)

// cable is a line to an office that can be cut.
type cable struct {
	*httptest.Server
	cut atomic.Bool
}

func newCable(t *testing.T, m *demo.Member) *cable {
	t.Helper()
	office, err := url.Parse(m.Addresses.Office)
	if err != nil {
		t.Fatal(err)
	}
	c := &cable{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.Out.URL.Scheme, r.Out.URL.Host = office.Scheme, office.Host // the Host that the browser named stays
	}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.cut.Load() {
			panic(http.ErrAbortHandler) // the connection ends without an answer
		}
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(c.Close)
	return c
}

// opens reports whether an address leads to a page.
func (b *tab) opens(path string) bool {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, loadWait)
	defer cancel()
	return chromedp.Do(ctx, chromedp.Navigate(b.base+path)) == nil
}

// The line goes: the contact sheet is readable still, with its day, and no page of a case is. Signing out takes the
// sheet along.
func TestTheContactSheetWithoutALine(t *testing.T) {
	t.Parallel()
	b := &tab{t: t, ctx: browser(t), axe: axe(t), l: language.Load().Locale("en")}
	w := exerciseWith(t, desked(t))
	xa := w.Members["XA"]
	r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := xa.Node.Office.Draft(context.Background(), xa.Actor("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	if err != nil {
		t.Fatal(err)
	}
	page := "/console/requests/" + string(f.ID)
	line := newCable(t, xa)
	b.as(xa, "A. Okafor") // examines the sign-in; then by the line that can be cut
	b.base = strings.Replace(line.URL, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	if inTab(b, chromedp.Evaluate[bool](`!document.querySelector(".who")`)) {
		b.press("A. Okafor")
	}
	b.open(page)
	b.open("/console/directory")
	kept := `caches.open("rogatory-contacts").then(c => c.keys()).then(all => all.map(r => new URL(r.url).pathname.replace(/-[0-9a-f]{12}/, "")).sort().join(" "))`
	await(t, "the sheet is kept", func() bool {
		return inTab(b, chromedp.Evaluate[string](kept, chromedp.EvalAwaitPromise)) == "/console/assets/console.css /console/directory"
	})
	b.open("/console/directory")
	b.open(page)
	b.open("/console/inbox")

	line.cut.Store(true)
	if b.opens(page) || b.opens("/console/inbox") || b.opens("/console/directory/sheet?x") {
		t.Error("a page of the office is there without a line")
	}
	if !b.opens("/console/directory") {
		t.Fatal("the contact sheet is not there without a line")
	}
	b.see(b.words("sheet.title"), b.part("sheet.as_of"), "+888 000 00XB", b.words("sheet.kept"))
	if strings.Contains(b.text(), "Okafor") || strings.Contains(b.text(), string(f.ID)) {
		t.Errorf("the sheet says more than it may:\n%s", b.text())
	}
	if colour := inTab(b, chromedp.Evaluate[string](`getComputedStyle(document.querySelector("th")).textAlign + document.styleSheets.length`)); !strings.HasSuffix(colour, "1") {
		t.Errorf("the sheet has no style: %s", colour)
	}
	for _, v := range b.check() {
		t.Errorf("the sheet without a line: %s", v)
	}

	line.cut.Store(false)
	b.open("/console/directory")
	b.see(b.words("directory.title"))
	b.examine("/console/directory/sheet")
	b.open("/console/directory")
	b.press(b.words("signout"))
	await(t, "the sheet is erased", func() bool {
		return inTab(b, chromedp.Evaluate[string](`Promise.all([caches.keys(), navigator.serviceWorker.getRegistrations()]).then(([c, r]) => c.length + " " + r.length)`, chromedp.EvalAwaitPromise)) == "0 0"
	})
	line.cut.Store(true)
	if b.opens("/console/directory") {
		t.Error("the sheet is there after signing out")
	}
}

// A person says how to be told, is sent a test, and is given a request: what leaves is a number, which means something
// inside.
func TestHowYouAreTold(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "ar"} {
		t.Run(tag, func(t *testing.T) { t.Parallel(); told(t, tag) })
	}
}

func told(t *testing.T, tag string) {
	b := &tab{t: t, ctx: browser(t), axe: axe(t), l: language.Load().Locale(tag)}
	w := exerciseWith(t, desked(t))
	xa := w.Members["XA"]
	b.base = strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	b.press(b.l.Language(tag))
	b.as(xa, "A. Okafor")
	b.holds("the person's menu leads there", `!!document.querySelector(".who a[href='/console/notices']")`)
	b.open("/console/notices")
	b.see(b.words("notices.off"))
	b.examine("/console/notices")

	// Half-typed: what was typed stays, and each field says what to mend.
	b.fill("zone", "Europe/Atlantis")
	b.fill("quiet_from", "9 pm")
	b.press(b.words("notices.save"))
	b.see(b.words("notices.wrong.none"), b.words("notices.wrong.hour"))
	if got := inTab(b, chromedp.Evaluate[string](`document.getElementsByName("zone")[0].value + document.getElementsByName("quiet_from")[0].value`)); got != "Europe/Atlantis9 pm" {
		t.Errorf("what was typed has become %q", got)
	}
	b.fill("channels", "gate")
	b.fill("quiet_from", "00:00")
	b.fill("quiet_to", "00:00")
	b.press(b.words("notices.save"))
	b.see(b.words("notices.wrong.zone"))
	b.fill("zone", "Europe/Vienna")
	b.press(b.words("notices.save"))
	b.see(b.words("notices.saved"))

	b.press(b.words("notices.test"))
	b.see(b.words("notices.tested"))
	await(t, "the test was taken", func() bool {
		b.open("/console/notices")
		return strings.Contains(b.text(), b.words("notices.result.accepted"))
	})

	officer, decider := xa.Actor("A. Okafor", rogatory.DutyOfficer), xa.Actor("Prosecutor L. Haddad", rogatory.Decider)
	r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := xa.Node.Office.Draft(context.Background(), officer, rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	if err == nil {
		err = xa.Node.Office.Assign(context.Background(), decider, f.ID, officer.Officer)
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, "the item was told", func() bool {
		items, err := xa.Node.Post.Items(context.Background(), officer, 1)
		return err == nil && len(items) == 1 && items[0].Page != ""
	})
	b.examine("/console/notices")
	b.see(b.words("notices.about.assigned"), string(f.ID))
	b.open("/console/notices/1")
	if got := b.path(); got != "/console/requests/"+string(f.ID) {
		t.Errorf("item 1 leads to %s", got)
	}
	b.open("/console/notices/2")
	b.see("notice_unknown")
	b.open("/console/notices")
	b.press(b.words("notices.stop"))
	b.see(b.words("notices.stopped"), b.words("notices.off"))

	if _, err := node.AddPerson(xa.Dir, "Root A", rogatory.Administrator); err != nil {
		t.Fatal(err)
	}
	b.open("/console/inbox")
	b.press(b.words("signout"))
	b.press("Root A")
	b.examine("/console/notices/all")
	b.see("A. Okafor", b.words("notices.result.accepted"))
}

// The duty view is silent until somebody switches its sound on, and then says what comes: aloud, in the title and to
// those who cannot see it.
func TestTheSoundOfTheDutyView(t *testing.T) {
	t.Parallel()
	b := &tab{t: t, ctx: browser(t), axe: axe(t), l: language.Load().Locale("en")}
	w := exerciseWith(t, desked(t))
	xa, xb := w.Members["XA"], w.Members["XB"]
	b.as(xb, "B. Lindqvist")
	b.open("/console/duty")
	b.holds("the switch is there, and off", `document.querySelector("[data-chime] button").getAttribute("aria-pressed") === "false"`)
	beeps := func() string {
		return inTab(b, chromedp.Evaluate[string](`(document.querySelector("[data-chime]").dataset.beeps || "0")`))
	}
	press := func() { // with the keyboard, as a person does: a browser plays for nobody else
		inTab(b, chromedp.Evaluate[bool](`document.querySelector("[data-chime]").dataset.every = 50, document.querySelector("[data-chime] button").focus(), true`))
		b.key(" ")
	}
	press()
	b.holds("the switch is on", `document.querySelector("[data-chime] button").getAttribute("aria-pressed") === "true"`)
	await(t, "it was heard", func() bool { return beeps() == "1" })
	b.holds("the title has no number", `!document.title.startsWith("(")`)

	send := func() {
		t.Helper()
		r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
		if err != nil {
			t.Fatal(err)
		}
		f, err := xa.Node.Office.Draft(context.Background(), xa.Actor("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
		if err == nil {
			_, _, err = xa.Node.Office.Move(context.Background(), xa.Actor("Prosecutor L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	send()
	b.holds("the title counts", `/^\([12]\) /.test(document.title)`)
	b.holds("it is said aloud", `document.querySelector("[data-chime] [aria-live=polite]").textContent.includes("for us")`)
	await(t, "it sounded", func() bool { n := beeps(); return n == "2" || n == "3" })
	for _, v := range b.check() {
		t.Errorf("the duty view with its sound on: %s", v)
	}

	// Another page of the same browser remembers, and stays silent until a key is pressed there.
	b.open("/console/duty")
	b.holds("it is on still, and asleep", `document.querySelector("[data-chime] button").getAttribute("aria-pressed") === "true" && document.querySelector("[data-chime] [role=status]").textContent === document.querySelector("[data-chime]").dataset.sleeps`)
	if beeps() != "0" {
		t.Error("it sounds before anybody did anything")
	}
	press()
	b.holds("it is off", `document.querySelector("[data-chime] button").getAttribute("aria-pressed") === "false" && !localStorage.getItem("rogatory-chime") && !document.title.startsWith("(")`)

	// Whoever signs out in another tab leaves no page that only looks watched.
	press()
	b.holds("it is on again", `document.querySelector("[data-chime] button").getAttribute("aria-pressed") === "true"`)
	inTab(b, chromedp.Evaluate[bool](`fetch("/console/sign-out", {method: "POST"}).then(() => true)`, chromedp.EvalAwaitPromise))
	b.holds("it says that nothing is watched", `document.querySelector("[data-chime] [role=status]").textContent === document.querySelector("[data-chime]").dataset.ended && document.title.startsWith("(!)")`)
}
