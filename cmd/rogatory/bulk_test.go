// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/treaty"
)

// Two requests are given to a colleague at once. One was taken meanwhile and is left alone; the other is given, and goes
// back to where it was by one click.
func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := exercise(t)
	xa := w.Members["XA"]
	officer := xa.Actor("A. Okafor", rogatory.DutyOfficer)
	var ids []string
	for range 2 {
		r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
		if err != nil {
			t.Fatal(err)
		}
		f, err := xa.Node.Office.Draft(ctx, officer, rogatory.Address{State: "XB", Authority: "justice"}, "", r)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, string(f.ID))
	}
	g := newGuest(t, strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1))
	g.post("/console/sign-in/demo", url.Values{"name": {"A. Okafor"}})
	holders := func() (names []string) {
		for _, id := range ids {
			c, err := xa.Node.Office.ClaimOf(ctx, rogatory.RequestID(id))
			if err != nil {
				t.Fatal(err)
			}
			names = append(names, c.By)
		}
		return names
	}
	form := url.Values{"do": {"assign"}, "person": {"Prosecutor L. Haddad"}, "id": ids, "before": {"", ""}}

	if got := g.post("/console/bulk", form); got.status != http.StatusOK || !strings.Contains(got.text, "Prosecutor L. Haddad") {
		t.Fatalf("what would happen is not shown: %d", got.status)
	}
	if got := holders(); got[0] != "" || got[1] != "" {
		t.Fatalf("showing gave them to %q", got)
	}
	if err := xa.Node.Office.Claim(ctx, xa.Actor("Custodian N. Silva", rogatory.Custodian), rogatory.RequestID(ids[1]), false); err != nil {
		t.Fatal(err)
	}
	form.Set("step", "do")
	if got := g.post("/console/bulk", form); got.status != http.StatusOK || !strings.Contains(got.text, "Somebody else took it meanwhile") && !strings.Contains(got.text, "is held by") {
		t.Fatalf("the failure is not told: %d\n%s", got.status, got.text)
	}
	if got := holders(); got[0] != "Prosecutor L. Haddad" || got[1] != "Custodian N. Silva" {
		t.Fatalf("they are held by %q", got)
	}
	undo := url.Values{"do": {"assign"}, "id": {ids[0]}, "before": {""}, "after": {"Prosecutor L. Haddad"}}
	if got := g.post("/console/bulk/undo", undo); got.at != "/console/inbox" {
		t.Errorf("after the undo the browser is at %s (%d)", got.at, got.status)
	}
	// An undo that comes too late leaves alone what somebody took since, and says so.
	undo = url.Values{"do": {"assign"}, "id": ids, "before": {"", ""}, "after": {"", "Prosecutor L. Haddad"}}
	if got := g.post("/console/bulk/undo", undo); got.status != http.StatusOK || strings.Count(got.text, "Not done:") != 1 {
		t.Errorf("a late undo answers %d:\n%s", got.status, got.text)
	}
	if got := holders(); got[0] != "" || got[1] != "Custodian N. Silva" {
		t.Errorf("after the undo they are held by %q", got)
	}
	if got := g.post("/console/requests/"+ids[0]+"/assign", url.Values{"person": {"Nobody"}}); got.status != http.StatusNotFound {
		t.Errorf("a request is given to nobody known: %d", got.status)
	}
}

// A request is put aside on its page: what cannot be taken stays in the form, what can be leaves the inbox for a filter of
// its own, and comes back by one click.
func TestPutAside(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := exercise(t)
	xa := w.Members["XA"]
	r, err := treaty.Convention().Example(rogatory.Preservation42, "", rogatory.At(clock.Real{}.Now()))
	if err != nil {
		t.Fatal(err)
	}
	r.Title = "Logs of the second server"
	f, err := xa.Node.Office.Draft(ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), rogatory.Address{State: "XB", Authority: "justice"}, "", r)
	if err != nil {
		t.Fatal(err)
	}
	g := newGuest(t, strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1))
	g.post("/console/sign-in/demo", url.Values{"name": {"A. Okafor"}})
	path := "/console/requests/" + string(f.ID)
	shows := func(filter string, want bool) {
		t.Helper()
		queue, _, _ := strings.Cut(g.get("/console/inbox?show="+filter).text, `id="recent"`)
		if got := strings.Contains(queue, r.Title); got != want {
			t.Errorf("%s shows the request: %t, want %t", filter, got, want)
		}
	}

	if got := g.post(path+"/aside", url.Values{"until": {"2020-01-01T09:00"}, "why": {"The court sits on Monday"}}); got.status != http.StatusUnprocessableEntity ||
		!strings.Contains(got.text, "The court sits on Monday") || !strings.Contains(got.text, "still to come") && !strings.Contains(got.text, "has come") {
		t.Fatalf("a moment that is over answers %d:\n%s", got.status, got.text)
	}
	tomorrow := clock.Real{}.Now().Add(24 * time.Hour).UTC().Format("2006-01-02T15:04")
	if got := g.post(path+"/aside", url.Values{"until": {tomorrow}, "why": {"The court sits on Monday"}}); got.at != path || !strings.Contains(got.text, "The court sits on Monday") {
		t.Fatalf("put aside, the browser is at %s (%d)", got.at, got.status)
	}
	shows("all", false)
	shows("drafts", false)
	shows("aside", true)
	if got := g.get("/console/inbox"); !strings.Contains(got.text, "Recently opened") || !strings.Contains(got.text, "Put aside 1") {
		t.Errorf("the inbox says neither what was opened nor how much is put aside:\n%s", got.text)
	}
	if got := g.post(path+"/aside", url.Values{"back": {"1"}, "from": {"inbox"}}); got.at != "/console/inbox" {
		t.Errorf("taken up, the browser is at %s (%d)", got.at, got.status)
	}
	shows("all", true)
	shows("aside", false)
}
