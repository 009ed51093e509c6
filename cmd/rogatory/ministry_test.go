// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/zitadel/oidc/v3/example/server/exampleop"
	"github.com/zitadel/oidc/v3/example/server/storage"

	"rogatory"
	"rogatory/console"
	"rogatory/node"
)

// guest is a person's browser, without a screen.
type guest struct {
	t    *testing.T
	http *http.Client
	base string
}

func newGuest(t *testing.T, base string) *guest {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &guest{t, &http.Client{Jar: jar, Timeout: loadWait}, base}
}

// page is what a browser ends at.
type page struct {
	status int
	at     string // path and query
	text   string
}

func (g *guest) read(r *http.Response, err error) page {
	g.t.Helper()
	if err != nil {
		g.t.Fatal(err)
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		g.t.Fatal(err)
	}
	return page{r.StatusCode, r.Request.URL.RequestURI(), readable(string(body))}
}

func (g *guest) get(path string) page {
	g.t.Helper()
	return g.read(g.http.Get(g.base + path))
}

func (g *guest) post(path string, form url.Values) page {
	g.t.Helper()
	return g.read(g.http.PostForm(g.base+path, form))
}

// A real OpenID Connect provider signs a prosecutor in; whom it does not know, or whose answer does not belong to the
// question, stays outside.
func TestTheMinistrySignsIn(t *testing.T) {
	t.Parallel()
	w := exercise(t)
	xa := w.Members["XA"]
	var op, office http.Handler
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { op.ServeHTTP(w, r) }))
	defer provider.Close()
	door := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { office.ServeHTTP(w, r) }))
	defer door.Close()
	storage.RegisterClients(storage.WebClient("rogatory", "shared secret", door.URL+"/console/sign-in/ministry/back"))
	op = exampleop.SetupServer(provider.URL, storage.NewStorage(storage.NewUserStore(provider.URL)), slog.New(slog.DiscardHandler), false)
	n := xa.Node
	office = console.New(console.Config{Office: n.Office, Rules: n.Rules, Clock: n.Office.Clock, Log: n.Office.Log, People: n.Officers, Keys: n, Parties: func() []rogatory.Party { return n.Book().Parties() },
		Origin: door.URL, Ministry: &console.Ministry{Issuer: provider.URL, ClientID: "rogatory", Secret: "shared secret", Person: n.PersonOf, Client: &http.Client{Timeout: loadWait}}})

	signIn := func(g *guest, user string) page {
		t.Helper()
		at := g.get("/console/sign-in/ministry")
		asked, err := url.Parse(at.at)
		if err != nil || !strings.HasPrefix(at.at, "/login/username") {
			t.Fatalf("the ministry shows %q, %v", at.at, err)
		}
		return g.read(g.http.PostForm(provider.URL+"/login/username", url.Values{"username": {user}, "password": {"verysecure"}, "id": {asked.Query().Get("authRequestID")}}))
	}

	// Nobody is known by that sign-in yet.
	stranger := newGuest(t, door.URL)
	if got := signIn(stranger, "test-user2"); got.status != http.StatusNotFound || !strings.Contains(got.text, "person_unknown") {
		t.Fatalf("a stranger sees %d at %s", got.status, got.at)
	}
	if got := stranger.get("/console/inbox"); !strings.HasPrefix(got.at, "/console/sign-in") {
		t.Errorf("a stranger is at %s", got.at)
	}

	if err := node.SetLogin(xa.Dir, "Prosecutor L. Haddad", "id2"); err != nil {
		t.Fatal(err)
	}
	g := newGuest(t, door.URL)
	if got := signIn(g, "test-user2"); got.at != "/console/inbox" || !strings.Contains(got.text, "Prosecutor L. Haddad") {
		t.Fatalf("the prosecutor is at %s (%d)", got.at, got.status)
	}
	if err := node.SetLogin(xa.Dir, "Custodian N. Silva", "id2"); rogatory.CodeOf(err) != "login_taken" {
		t.Errorf("one sign-in is given to two people: %v", err)
	}

	// An answer to another question than the one that this browser asked.
	asking := newGuest(t, door.URL)
	asking.get("/console/sign-in/ministry")
	if got := asking.get("/console/sign-in/ministry/back?code=stolen&state=guessed"); got.status != http.StatusConflict || !strings.Contains(got.text, "rite_over") {
		t.Errorf("an answer to another question is met by %d:\n%s", got.status, got.text)
	}

	// An answer to no question at all.
	other := newGuest(t, door.URL)
	if got := other.get("/console/sign-in/ministry/back?code=stolen&state=guessed"); got.status != http.StatusConflict || !strings.Contains(got.text, "rite_over") {
		t.Errorf("a forged answer is met by %d", got.status)
	}
}

// Who lost a passkey gets a new link from two people, never from one; what opened the door before opens it no more.
func TestALostPasskeyTakesTwoPeople(t *testing.T) {
	t.Parallel()
	w := exercise(t)
	xa := w.Members["XA"]
	as := func(name string) *guest {
		g := newGuest(t, strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1))
		if got := g.post("/console/sign-in/demo", url.Values{"name": {name}}); !strings.Contains(got.text, name) {
			t.Fatalf("%s is not signed in: %d at %s", name, got.status, got.at)
		}
		return g
	}
	if _, err := node.AddPerson(xa.Dir, "Root A", rogatory.Administrator); err != nil {
		t.Fatal(err)
	}
	if err := xa.Node.Keep("A. Okafor", console.Passkey{ID: []byte{1}, Site: "localhost", Data: []byte(`{}`)}); err != nil {
		t.Fatal(err)
	}
	officer, root, decider := as("A. Okafor"), as("Root A"), as("Prosecutor L. Haddad")
	lost := "/console/people/" + url.PathEscape("A. Okafor")

	if got := officer.post(lost+"/recover", url.Values{"why": {"mine is gone"}}); got.status != http.StatusForbidden {
		t.Errorf("the officer asks for a link: %d", got.status)
	}
	if got := decider.post("/console/people/"+url.PathEscape("Prosecutor L. Haddad")+"/recover", url.Values{"why": {"mine"}}); got.status != http.StatusForbidden || !strings.Contains(got.text, "second_person_needed") {
		t.Errorf("a decider asks for a link of their own: %d", got.status)
	}
	if got := root.post(lost+"/recover", url.Values{"why": {" "}}); got.status != http.StatusUnprocessableEntity {
		t.Errorf("a link is asked for without a reason: %d", got.status)
	}
	if got := decider.post(lost+"/link", nil); got.status != http.StatusNotFound {
		t.Errorf("a link is given that nobody asked for: %d", got.status)
	}
	if got := root.post(lost+"/recover", url.Values{"why": {"seen in person, the telephone was stolen"}}); got.status != http.StatusOK || !strings.Contains(got.text, "stolen") {
		t.Errorf("the wish is not shown: %d", got.status)
	}
	if got := root.post(lost+"/link", nil); got.status != http.StatusForbidden || !strings.Contains(got.text, "second_person_needed") {
		t.Errorf("one person asks and gives: %d", got.status)
	}
	given := decider.post(lost+"/link", nil)
	if given.status != http.StatusOK || !strings.Contains(given.text, "/console/enrol?token=") {
		t.Fatalf("the link is not given: %d\n%s", given.status, given.text)
	}
	if got := officer.get("/console/inbox"); !strings.HasPrefix(got.at, "/console/sign-in") {
		t.Errorf("the session of before still opens %s", got.at)
	}
	if keys, err := xa.Node.Passkeys("A. Okafor"); err != nil || len(keys) != 0 {
		t.Errorf("%d passkeys of before are left, %v", len(keys), err)
	}
	if got := decider.post(lost+"/link", nil); got.status != http.StatusNotFound {
		t.Errorf("the link is given twice: %d", got.status)
	}
	open, err := xa.Node.Recoveries(context.Background())
	if err != nil || len(open) != 0 {
		t.Errorf("%d wishes are open, %v", len(open), err)
	}
}

// A button that is pressed after the session has ended is pressed again by one click after the sign-in, and the page that
// comes is not that of a wrong address: a night's alarm is one button without a field.
func TestAButtonOutlivesTheSession(t *testing.T) {
	t.Parallel()
	w := exercise(t)
	xa := w.Members["XA"]
	g := newGuest(t, strings.Replace(xa.Addresses.Office, "127.0.0.1", "localhost", 1))
	if got := g.post("/console/outbox/nothing/revive", nil); !strings.HasPrefix(got.at, "/console/sign-in") {
		t.Fatalf("without a session the button leads to %s", got.at)
	}
	got := g.post("/console/sign-in/demo", url.Values{"name": {"A. Okafor"}})
	if got.at != "/console/resume" || !strings.Contains(got.text, `action="/console/outbox/nothing/revive"`) {
		t.Errorf("after the sign-in the browser is at %s (%d), and not offered the button again", got.at, got.status)
	}
	// A page that was only read is simply shown.
	other := newGuest(t, g.base)
	other.get("/console/people")
	if got := other.post("/console/sign-in/demo", url.Values{"name": {"A. Okafor"}}); got.at != "/console/people" {
		t.Errorf("a page that was asked for is not shown, but %s", got.at)
	}
}

// Who leaves takes the passkeys along: one of the same name next year is somebody else.
func TestWhoLeavesLeavesNoPasskey(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	w := exercise(t)
	xa := w.Members["XA"]
	for _, name := range []string{"A. Okafor", "Custodian N. Silva"} {
		if err := xa.Node.Keep(name, console.Passkey{ID: []byte(name), Site: "localhost", Data: []byte(`{}`)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := node.RemovePerson(xa.Dir, "A. Okafor"); err != nil {
		t.Fatal(err)
	}
	if _, err := xa.Node.Officers(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := node.AddPerson(xa.Dir, "A. Okafor", rogatory.Decider); err != nil {
		t.Fatal(err)
	}
	if _, err := xa.Node.Officers(ctx); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]int{"A. Okafor": 0, "Custodian N. Silva": 1} {
		if keys, err := xa.Node.Passkeys(name); err != nil || len(keys) != want {
			t.Errorf("%s has %d passkeys, %v", name, len(keys), err)
		}
	}
}
