// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"rogatory"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/treaty"
)

// key presses one key, as a keyboard does.
func (b *tab) key(k string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, loadWait)
	defer cancel()
	if err := chromedp.Do(ctx, chromedp.KeyEvent(k)); err != nil {
		b.t.Fatalf("press the key %q: %v", k, err)
	}
}

// holds waits until what a script says of the page is true.
func (b *tab) holds(what, js string) {
	b.t.Helper()
	await(b.t, what, func() bool { return inTab(b, chromedp.Evaluate[bool](js)) })
}

// work is three drafts in a row of an exercise State's inbox, with an officer in front of them.
func work(t *testing.T, tag string) (*tab, *docket.Office, rogatory.Actor, []rogatory.RequestID) {
	t.Helper()
	b := &tab{t: t, ctx: browser(t), axe: axe(t), l: language.Load().Locale(tag)}
	w := exercise(t)
	xa := w.Members["XA"]
	officer := xa.Actor("A. Okafor", rogatory.DutyOfficer)
	var ids []rogatory.RequestID
	for i := range 3 {
		r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
		if err != nil {
			t.Fatal(err)
		}
		r.Title = fmt.Sprintf("Logs of server %d", 3-i) // the last one stands on top
		f, err := xa.Node.Office.Draft(context.Background(), officer, rogatory.Address{State: "XB", Authority: "justice"}, "", r)
		if err != nil {
			t.Fatal(err)
		}
		ids = append([]rogatory.RequestID{f.ID}, ids...)
	}
	b.base = strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1)
	b.open("/console/sign-in")
	b.press(b.l.Language(tag))
	b.as(xa, officer.Name)
	return b, xa.Node.Office, officer, ids
}

// The queue is worked through with single keys; none does anything in a field, and all can be switched off.
func TestTheInboxByKeys(t *testing.T) {
	t.Parallel()
	b, office, _, ids := work(t, "en")
	focused := func(id rogatory.RequestID) string {
		return fmt.Sprintf(`document.activeElement.getAttribute("href") === "/console/requests/%s"`, id)
	}
	ticked := `[...document.querySelectorAll("[name=id]")].map(b => b.checked).join() === `

	b.key("j")
	b.holds("the first row has the focus", focused(ids[0]))
	b.key("j")
	b.holds("the second row has the focus", focused(ids[1]))
	b.key("x")
	b.holds("the second row is ticked", ticked+`"false,true,false"`)
	b.key("k")
	b.key("x")
	b.holds("both are ticked", ticked+`"true,true,false"`)
	b.key("x")
	b.holds("one is ticked", ticked+`"false,true,false"`)

	b.key("f")
	b.holds("the search has the focus", `document.activeElement.id === "q"`)
	for _, k := range []string{"x", "e", "j", "?"} {
		b.key(k)
	}
	b.holds("keys are letters in a field", `document.activeElement.value.endsWith("xej?") && !document.querySelector("dialog") && `+ticked+`"false,true,false"`)
	inTab(b, chromedp.Evaluate[bool](`document.activeElement.blur(), true`))

	b.key("?")
	b.holds("the help is open", `!!document.querySelector("dialog[open] kbd")`)
	b.key("x")
	b.holds("keys do nothing beneath the help", ticked+`"false,true,false"`)
	if wrong := b.check(); len(wrong) > 0 {
		t.Errorf("the help: %v", wrong)
	}
	b.key("\x1b")
	b.holds("the help is closed", `!document.querySelector("dialog")`)

	b.key("k")
	b.holds("the first row has the focus again", focused(ids[0]))
	inTab(b, chromedp.Evaluate[bool](`document.body.dataset.old = "yes", true`))
	b.key("e")
	b.holds("the page after the claim has come", `document.readyState === "complete" && !document.body.dataset.old`)
	if c, err := office.ClaimOf(context.Background(), ids[0]); err != nil || c.By != "A. Okafor" {
		t.Fatalf("the first request is claimed by %q: %v", c.By, err)
	}

	b.open("/console/keys")
	b.press(b.words("keys.off"))
	b.see(b.words("keys.on"))
	b.open("/console/inbox")
	b.key("j")
	b.key("?")
	if inTab(b, chromedp.Evaluate[bool](`!!document.activeElement.closest("tr") || !!document.querySelector("dialog")`)) {
		t.Error("keys that are switched off do something")
	}
	b.open("/console/keys")
	b.press(b.words("keys.on"))
	b.open("/console/inbox")
	b.key("j")
	b.holds("keys are on again", focused(ids[0]))
	b.key("\r")
	b.holds("the request is open", fmt.Sprintf(`location.pathname === "/console/requests/%s"`, ids[0]))
}

// Three requests are put aside at once. One cannot be, and says why; the others are, and one click takes them up again. In
// Arabic, to see that nothing of it is English.
func TestTheInboxInBulk(t *testing.T) {
	t.Parallel()
	for _, tag := range []string{"en", "ar"} {
		t.Run(tag, func(t *testing.T) { t.Parallel(); inBulk(t, tag) })
	}
}

func inBulk(t *testing.T, tag string) {
	b, office, officer, ids := work(t, tag)
	ctx := context.Background()
	// In English a fault is told with what it is about, as the program says it exactly.
	said := func(key, exactly string) string {
		if tag == language.Base {
			return exactly
		}
		return b.words(key)
	}
	aside := func() (n int) {
		for _, id := range ids {
			_, a, err := office.Standing(ctx, id)
			if err != nil {
				t.Fatal(err)
			}
			if a.Until != 0 {
				n++
			}
		}
		return n
	}
	inTab(b, chromedp.Evaluate[bool](`document.querySelectorAll("[name=id]").forEach(b => { b.checked = true }), true`))
	b.fill("do", "aside")
	b.fill("until", "2020-01-01T09:00")
	b.fill("why", "After the hearing")
	b.press(b.words("bulk.preview"))
	b.see(b.words("bulk.failed"), said("fault.aside_past", "which has come"))
	if strings.Contains(b.text(), b.words("bulk.go")) {
		t.Error("what fails for all is offered")
	}
	b.fill("until", time.Now().Add(48*time.Hour).UTC().Format("2006-01-02T15:04"))
	b.press(b.words("bulk.preview"))
	b.see(b.words("bulk.go"), "Logs of server 1", "Logs of server 3")
	if wrong := b.check(); len(wrong) > 0 {
		t.Errorf("the preview: %v", wrong)
	}
	if aside() != 0 {
		t.Fatal("the preview put something aside")
	}
	// A colleague was faster with one of them.
	if err := office.PutAside(ctx, officer, ids[1], rogatory.At(time.Now().Add(time.Hour)), "faster"); err != nil {
		t.Fatal(err)
	}
	b.press(b.words("bulk.go"))
	b.see(readable(b.l.N("bulk.done", 2)), said("fault.aside_already", "is put aside until"))
	if aside() != 3 {
		t.Fatalf("%d are put aside", aside())
	}
	b.examine("/console/inbox?show=aside")
	b.open("/console/inbox")
	b.see(b.part("inbox.empty.all"), b.words("filter.aside")+" 3")

	b.open("/console/inbox?show=aside")
	b.press(b.words("aside.back"))
	if aside() != 2 {
		t.Errorf("one click leaves %d put aside", aside())
	}
	b.open("/console/requests/" + string(ids[0]))
	b.examine("/console/requests/" + string(ids[0]))
	b.examine("/console/keys")
}

// What was given to a colleague at once comes back at once.
func TestOneUndoInTheBrowser(t *testing.T) {
	t.Parallel()
	b, office, _, ids := work(t, "en")
	held := func() (names []string) {
		for _, id := range ids {
			c, err := office.ClaimOf(context.Background(), id)
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, c.By)
		}
		return names
	}
	b.key("j")
	b.key("x")
	b.key("j")
	b.key("x")
	b.fill("do", "assign")
	b.fill("person", "Prosecutor L. Haddad")
	b.press(b.words("bulk.preview"))
	b.press(b.words("bulk.go"))
	b.see(readable(b.l.N("bulk.done", 2)))
	if got := strings.Join(held(), "/"); got != "Prosecutor L. Haddad/Prosecutor L. Haddad/" {
		t.Fatalf("they are held by %s", got)
	}
	b.press(b.words("bulk.undo"))
	b.see(b.words("bulk.undone"))
	if got := strings.Join(held(), "/"); got != "//" {
		t.Errorf("after the undo they are held by %s", got)
	}

	inTab(b, chromedp.Evaluate[bool](`document.querySelectorAll("[name=id]").forEach(b => { b.checked = true }), true`))
	b.fill("do", "aside")
	b.fill("why", "After the hearing")
	b.press(b.words("bulk.preview"))
	b.press(b.words("bulk.go"))
	b.press(b.words("bulk.undo"))
	b.see(b.words("aside.undone"), "Logs of server 2")
}

// The foot says until when the session lasts; one click makes it longer and leaves what was typed where it is. Near the end the
// link comes to the front as an alert.
func TestStayingSignedIn(t *testing.T) {
	t.Parallel()
	b, _, _, _ := work(t, "en")
	b.holds("the end is said", `Number(document.querySelector("[data-ends]").dataset.ends) > 7000 && !document.querySelector("[data-ends][role=alert]")`)
	inTab(b, chromedp.Evaluate[bool](`document.getElementById("q").value = "half a word", document.querySelector("[data-ends]").dataset.mark = "old", document.querySelector("[data-ends]").click(), true`))
	b.holds("the page was read again, and what was typed is there", `!document.querySelector("[data-ends]").dataset.mark && document.getElementById("q").value === "half a word"`)
	// As a page of a session that is about to end.
	inTab(b, chromedp.Evaluate[bool](`window.fetch = async () => ({ text: async () => '<a data-ends="200" href="/console/inbox">soon</a>' }), document.querySelector("[data-ends]").click(), true`))
	b.holds("the end is announced", `document.querySelector("[data-ends][role=alert]").textContent === "soon"`)
}
