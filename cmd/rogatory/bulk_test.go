// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"rogatory"
	"rogatory/clock"
	"rogatory/treaty"
)

// Two requests are given to a colleague at once. One was taken meanwhile and is left alone; the other is given, and goes
// back to where it was by one click.
func TestManyAtOnce(t *testing.T) {
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
	if got := g.post("/console/bulk/undo", url.Values{"id": {ids[0]}, "before": {""}}); got.at != "/console/inbox" {
		t.Errorf("after the undo the browser is at %s (%d)", got.at, got.status)
	}
	if got := holders(); got[0] != "" || got[1] != "Custodian N. Silva" {
		t.Errorf("after the undo they are held by %q", got)
	}
	if got := g.post("/console/requests/"+ids[0]+"/assign", url.Values{"person": {"Nobody"}}); got.status != http.StatusNotFound {
		t.Errorf("a request is given to nobody known: %d", got.status)
	}
}
