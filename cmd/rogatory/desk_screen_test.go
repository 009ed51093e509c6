// SPDX-License-Identifier: Apache-2.0

package main

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// The rota is looked at, changed and refused on the screen; whoever has the duty leaves a note, and the next screen shows it.
func TestTheDeskOnTheScreen(t *testing.T) {
	t.Parallel()
	w := exerciseWith(t, desked(t))
	xa := w.Members["XA"]
	g := newGuest(t, strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1))
	g.post("/console/sign-in/demo", url.Values{"name": {"A. Okafor"}})

	if got := g.get("/console/rota?week=2026-11-25"); got.status != http.StatusOK || !strings.Contains(got.text, "Mon 23") || !strings.Contains(got.text, "Sun 29") || strings.Contains(got.text, "Mon 25") {
		t.Errorf("the week of a Wednesday does not begin with its Monday: %d", got.status)
	}
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	local := func(d time.Duration) string { return time.Now().In(zone).Add(d).Format("2006-01-02T15:04") }
	backwards := url.Values{"person": {"one"}, "from": {local(2 * time.Hour)}, "to": {local(-time.Hour)}, "note": {"a visit to the dentist"}}
	if got := g.post("/console/rota/override", backwards); got.status < 400 || !strings.Contains(got.text, "a visit to the dentist") {
		t.Errorf("an override that ends before it begins is met by %d", got.status)
	}
	forwards := url.Values{"person": {"one"}, "from": {local(-time.Hour)}, "to": {local(6 * time.Hour)}, "note": {""}}
	if got := g.post("/console/rota/override", forwards); got.at != "/console/rota" || !strings.Contains(got.text, "On duty: A. Okafor") {
		t.Fatalf("after the override the browser is at %s (%d), and the head does not name who has the duty", got.at, got.status)
	}
	if rota, err := xa.Node.Desk.Rota(); err != nil || len(rota.Overrides) != 1 {
		t.Fatalf("the rota has no override: %v", err)
	}
	if got := g.post("/console/desk/notes", url.Values{"text": {"  "}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("an empty note is met by %d", got.status)
	}
	if got := g.post("/console/desk/notes", url.Values{"text": {"Borealia calls back at four."}}); got.at != "/console/desk" || !strings.Contains(got.text, "Borealia calls back at four.") {
		t.Errorf("the note is not shown: %s (%d)\n%s", got.at, got.status, got.text)
	}
	if got := g.post("/console/directory/XB/verified", url.Values{"point": {"24/7 desk of Borealia"}, "number": {"+1 555"}}); got.status != http.StatusNotFound {
		t.Errorf("a number that the directory does not have is verified: %d", got.status)
	}
	if got := g.post("/console/directory/XB/verified", url.Values{"point": {"24/7 desk of Borealia"}, "number": {"+888 000 00XB"}}); !strings.Contains(got.text, "By A. Okafor") {
		t.Errorf("a call that was answered is not shown: %d", got.status)
	}
	if got := g.get("/console/rota.ics?person=one"); got.status != http.StatusOK || !strings.Contains(got.text, "BEGIN:VEVENT") || strings.Contains(got.text, "Okafor") {
		t.Errorf("the calendar has no shift, or names somebody: %d", got.status)
	}
}
