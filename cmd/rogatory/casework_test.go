// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/treaty"
)

// at signs a person of the exercise in at the office of a State.
func at(t *testing.T, m *demo.Member, name string) *guest {
	t.Helper()
	g := newGuest(t, strings.Replace(m.Addresses.Office, "127.0.0.1", "localhost", 1))
	g.post("/console/sign-in/demo", url.Values{"name": {name}})
	return g
}

// main is what a page says between its head and its foot.
func (p page) main() string {
	_, text, _ := strings.Cut(p.text, "<main")
	text, _, _ = strings.Cut(text, "</main>")
	return text
}

// enters fills a form in, sees what would be written, and writes it. It returns the page at which the browser ends.
func (g *guest) enters(path string, form url.Values) page {
	g.t.Helper()
	if got := g.post(path, form); got.status != http.StatusOK || !strings.Contains(got.text, "What goes into the journal") {
		g.t.Fatalf("%s does not show what will be written: %d\n%s", path, got.status, got.main())
	}
	form.Set("step", "do")
	got := g.post(path, form)
	if got.status != http.StatusOK {
		g.t.Fatalf("%s is not written: %d\n%s", path, got.status, got.main())
	}
	return got
}

func (g *guest) sees(path string, words ...string) {
	g.t.Helper()
	got := g.get(path)
	for _, w := range words {
		if got.status != http.StatusOK || !strings.Contains(got.text, w) {
			g.t.Errorf("%s answers %d and does not say %q:\n%s", path, got.status, w, got.main())
		}
	}
}

// A letter comes by post from a State without a node; what it says later comes by post as well. Then one goes there in the bag.
func TestPaperThroughTheConsole(t *testing.T) {
	t.Parallel()
	w := exercise(t)
	g := at(t, w.Members["XB"], "B. Lindqvist")
	g.sees("/console/new", "Record a request that came by another channel", "Write to a State by another channel")
	g.sees("/console/arrivals", "Expedited preservation")
	path := "/console/arrivals/" + string(rogatory.Preservation42)
	letter := url.Values{"sender": {"XC"}, "channel": {"post"}, "title": {"Logs of a mail server"}, "language": {"en"}, "content-data": {"the logs of 3 November"}}
	if got := g.post(path, letter); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text, "Reference: say something here") || !strings.Contains(got.text, "the logs of 3 November") {
		t.Fatalf("a letter without its number answers %d:\n%s", got.status, got.main())
	}
	letter.Set("reference", "CC 17/2026")
	letter.Set("received", "2999-01-01T09:00")
	letter.Set("step", "do")
	if got := g.post(path, letter); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text, "CC 17/2026") {
		t.Fatalf("a letter of the future answers %d:\n%s", got.status, got.main())
	}
	letter.Del("received")
	letter.Del("step")
	got := g.enters(path, letter)
	if !strings.HasPrefix(got.at, "/console/requests/XB-") || !strings.Contains(got.text, "CC 17/2026") || !strings.Contains(got.text, "Post") {
		t.Fatalf("the browser is at %s:\n%s", got.at, got.main())
	}
	here := got.at
	if got := g.get(here + "/heard/accept"); got.status != http.StatusConflict {
		t.Errorf("they accept their own request: %d", got.status)
	}
	if got := g.post(here+"/heard/withdraw", url.Values{}); got.status != http.StatusUnprocessableEntity && !strings.Contains(got.text, "What goes into the journal") {
		t.Errorf("a withdrawal without words answers %d", got.status)
	}
	got = g.enters(here+"/heard/withdraw", url.Values{"text": {"No longer needed."}})
	if got.at != here || !strings.Contains(got.text, "No longer needed.") || !strings.Contains(got.text, "Withdrawn") {
		t.Errorf("after the withdrawal the browser is at %s:\n%s", got.at, got.main())
	}
	g.sees(here+"?only=said", "No longer needed.")
	g.sees(here+"?only=exhibits", "Nothing of this kind")

	bag := url.Values{"kind": {"general_assistance.records"}, "to": {"XC"}, "channel": {"diplomatic"}, "language": {"en"}, "title": {"Records of a company"}}
	if got := g.post("/console/elsewhere", url.Values{"kind": {"nothing"}, "to": {"XC"}, "channel": {"pigeon"}, "language": {"en"}, "title": {"Records"}}); got.status != http.StatusUnprocessableEntity || strings.Count(got.text, "Choose one of these") < 2 {
		t.Errorf("a kind and a channel that are none answer %d", got.status)
	}
	if got := g.enters("/console/elsewhere", bag); !strings.HasSuffix(got.at, "/draft") || !strings.Contains(got.text, "Records of a company") {
		t.Errorf("the draft is not open: %s\n%s", got.at, got.main())
	}
	custodian := at(t, w.Members["XB"], "Examiner 14")
	if got := custodian.post(path, url.Values{"step": {"do"}, "sender": {"XC"}, "channel": {"post"}, "title": {"x"}, "language": {"en"}, "reference": {"1"}}); got.status != http.StatusForbidden {
		t.Errorf("a custodian records requests: %d", got.status)
	}
}

// Conditions that bind are duties with a date; the order at home under which data stay preserved is renewed; a correction
// leads to what it corrects.
func TestDutiesAndRenewalThroughTheConsole(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := exercise(t)
	xa, xb := w.Members["XA"], w.Members["XB"]
	officer, prosecutor := xa.Actor("A. Okafor", rogatory.DutyOfficer), xa.Actor("Prosecutor L. Haddad", rogatory.Decider)
	judge, examiner := xb.Actor("Judge T. Moreau", rogatory.Decider), xb.Actor("Examiner 14", rogatory.Custodian)
	moves := func(m *demo.Member, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) {
		t.Helper()
		if _, _, err := m.Move(ctx, by, id, act, body); err != nil {
			t.Fatal(err)
		}
	}
	there := func(m *demo.Member, id rogatory.RequestID, what string, so func(f docket.File) bool) {
		t.Helper()
		await(t, what, func() bool { f, err := m.Node.Office.File(ctx, id); return err == nil && so(f) })
	}
	r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
	if err != nil {
		t.Fatal(err)
	}
	f, err := xa.Node.Office.Draft(ctx, officer, rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	if err != nil {
		t.Fatal(err)
	}
	id := f.ID
	moves(xa, prosecutor, id, rogatory.Send, rogatory.Body{})
	there(xb, id, "the request", func(docket.File) bool { return true })
	moves(xb, judge, id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"not for the press"}}})
	there(xa, id, "the acceptance", func(f docket.File) bool { return f.State == rogatory.Accepted })
	moves(xa, prosecutor, id, rogatory.Agree, rogatory.Body{})
	there(xb, id, "the agreement", func(f docket.File) bool { return f.Agreed != 0 })
	moves(xb, examiner, id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: []rogatory.PreservedItem{{Description: "auth.log", Size: 1, SHA256: rogatory.Digest{1}}}}})
	moves(xb, judge, id, rogatory.Extend, rogatory.Body{Preservation: &rogatory.Preservation{Until: rogatory.At(clock.Real{}.Now().Add(200 * treaty.Day))}})

	g, here := at(t, xa, "A. Okafor"), "/console/requests/"+string(id)
	g.sees(here, "To be met; no date is set.", "Follow-up request")
	if got := g.post(here+"/duties/0/set", url.Values{"due": {"2020-01-01T09:00"}, "why": {"the trial"}, "step": {"do"}}); got.status != http.StatusUnprocessableEntity || !strings.Contains(got.text, "the trial") {
		t.Errorf("a date that is over answers %d", got.status)
	}
	due := clock.Real{}.Now().Add(24 * time.Hour).UTC().Format("2006-01-02T15:04")
	if got := g.enters(here+"/duties/0/set", url.Values{"due": {due}, "why": {"the trial"}}); !strings.Contains(got.text, "a condition is to be met by then") {
		t.Errorf("no deadline is shown:\n%s", got.main())
	}
	if got := g.enters(here+"/duties/0/met", url.Values{"why": {"the press office knows"}}); !strings.Contains(got.text, "Met, says A. Okafor") {
		t.Errorf("it is not met:\n%s", got.main())
	}
	if got := g.get(here + "/duties/0/met"); got.status != http.StatusConflict {
		t.Errorf("it can be met twice: %d", got.status)
	}
	g.sees("/console/new?follows="+string(id), string(id), f.Request.Title)

	messages, err := xa.Node.Office.MessagesOf(ctx, officer, id)
	if err != nil {
		t.Fatal(err)
	}
	correction := url.Values{"answers": {string(messages[0].Message.ID)}, "text": {"The server is 203.0.113.9."}, "version": {g.version(here + "/acts/correct")}, "step": {"do"}}
	if got := g.post(here+"/acts/correct", correction); got.at != here || !strings.Contains(got.text, "Corrected later") || !strings.Contains(got.text, "What it corrects") {
		t.Errorf("the correction leads nowhere (%d at %s):\n%s", got.status, got.at, got.main())
	}
	there(xb, id, "the correction", func(f docket.File) bool { return f.OutOfTurn == 0 })

	j := at(t, xb, "Judge T. Moreau")
	j.sees(here, "Renew our order")
	if got := j.post(here+"/renew", url.Values{"order": {" "}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a renewal without a decision answers %d", got.status)
	}
	if got := j.enters(here+"/renew", url.Values{"order": {"District Court, order 9/2026"}}); got.at != here || !strings.Contains(got.text, "District Court, order 9/2026") {
		t.Errorf("after the renewal the browser is at %s:\n%s", got.at, got.main())
	}
	if got := at(t, xb, "B. Lindqvist").post(here+"/renew", url.Values{"order": {"order 10"}, "step": {"do"}}); got.status != http.StatusForbidden {
		t.Errorf("a duty officer renews orders: %d", got.status)
	}
}

// version is what a form says of the state in which it was read.
func (g *guest) version(path string) string {
	g.t.Helper()
	_, rest, _ := strings.Cut(g.get(path).text, `name="version" value="`)
	version, _, found := strings.Cut(rest, `"`)
	if !found {
		g.t.Fatalf("%s has no version", path)
	}
	return version
}

// later is a clock that is ahead.
type later struct {
	clock.Real
	by time.Duration
}

func (l later) Now() time.Time { return l.Real.Now().Add(l.by) }

// given is an exhibit that XB sealed and offered for a request of XA, which was then executed.
func given(t *testing.T, xa, xb *demo.Member) rogatory.Exhibit {
	t.Helper()
	ctx := context.Background()
	judge, examiner := xb.Actor("Judge T. Moreau", rogatory.Decider), xb.Actor("Examiner 14", rogatory.Custodian)
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	r, err := treaty.Convention().Example(rogatory.StoredData, "", rogatory.At(clock.Real{}.Now()))
	ok(err)
	f, err := xa.Node.Office.Draft(ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	ok(err)
	_, _, err = xa.Move(ctx, xa.Actor("Prosecutor L. Haddad", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
	ok(err)
	await(t, "the request", func() bool { _, err := xb.Node.Office.File(ctx, f.ID); return err == nil })
	_, _, err = xb.Move(ctx, judge, f.ID, rogatory.Accept, rogatory.Body{})
	ok(err)
	x, err := xb.Node.Office.Seal(ctx, examiner, f.ID, docket.Sealing{Title: "Auth log", FileName: "auth.log", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader("sshd[1]: Accepted\n"), nil)
	ok(err)
	_, _, err = xb.Move(ctx, judge, f.ID, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
	ok(err)
	_, _, err = xb.Move(ctx, judge, f.ID, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	ok(err)
	return x
}

// Evidence whose term is over is held for a proceeding, let go, and deleted with a certificate, which is a paper.
func TestDeletionThroughTheConsole(t *testing.T) {
	t.Parallel()
	w := exercise(t)
	xa, xb := w.Members["XA"], w.Members["XB"]
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	x := given(t, xa, xb)

	j, here := at(t, xb, "Judge T. Moreau"), "/console/exhibits/"+string(x.ID)
	j.sees("/console/agenda", "Retention")
	j.sees("/console/retention", "Auth log", "The copy of evidence that was sent", "Its term runs.")
	j.sees(here, "How long it is kept", "Its term runs.", "Compare with a digest")
	j.sees(here+"?digest="+x.Seal.SHA256.String(), "The same: it is this exhibit.")
	j.sees(here+"?digest="+strings.Repeat("0", 64), "Not the same")
	j.sees(here+"?digest=abc", "This is no such digest")
	if got := j.get(here + "/delete"); got.status != http.StatusConflict || !strings.Contains(got.text, "is kept until") {
		t.Errorf("deletion before its time answers %d:\n%s", got.status, got.main())
	}
	if got := j.enters(here+"/keep", url.Values{"proceeding": {"appeal 12/2027"}, "why": {"the defence asked for it"}}); !strings.Contains(got.text, "Held for a proceeding: appeal 12/2027") {
		t.Errorf("it is not held:\n%s", got.main())
	}
	xb.Node.Office.Clock = later{by: 400 * treaty.Day} // its own clock alone: nobody else is asked the time
	if got := j.get(here + "/delete"); got.status != http.StatusConflict || !strings.Contains(got.text, "is held by") {
		t.Errorf("what is held is deleted: %d\n%s", got.status, got.main())
	}
	j.enters(here+"/keep", url.Values{"why": {"the appeal was withdrawn"}})
	j.sees("/console/retention", "1 exhibit is to be deleted now.", "Its term is over.")
	if got := at(t, xb, "Examiner 14").post(here+"/delete", url.Values{"step": {"do"}}); got.status != http.StatusForbidden {
		t.Errorf("a custodian deletes evidence: %d", got.status)
	}
	j.sees(here+"/delete", x.Seal.SHA256.String(), "cannot be brought back")
	if got := j.post(here+"/delete", url.Values{"step": {"do"}}); got.at != here || !strings.Contains(got.text, "Deleted under a retention rule") || !strings.Contains(got.text, "Certificate of deletion") {
		t.Fatalf("after the deletion the browser is at %s (%d):\n%s", got.at, got.status, got.main())
	}
	j.sees(here+"/deletion", "Certificate of deletion", x.Seal.SHA256.String(), "evidence_sent")
	answer, err := j.http.Get(j.base + here + "/deletion.pdf")
	ok(err)
	defer answer.Body.Close()
	var paper bytes.Buffer
	if _, err := paper.ReadFrom(answer.Body); err != nil || answer.StatusCode != http.StatusOK || !bytes.HasPrefix(paper.Bytes(), []byte("%PDF-")) {
		t.Errorf("the certificate is no PDF: %d (%v)", answer.StatusCode, err)
	}
	if got := j.get(here + "/deletion-there"); got.status != http.StatusNotFound {
		t.Errorf("the other State certified nothing, and its certificate answers %d", got.status)
	}
}
