// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
)

// keysPlayed are the passkeys of an office in memory.
type keysPlayed struct {
	Keys
	held    map[string][]Passkey
	given   int
	vouched []string
}

func (k *keysPlayed) Passkeys(name string) ([]Passkey, error) { return k.held[name], nil }
func (k *keysPlayed) GrantRecovery(context.Context, rogatory.Actor, string) (string, error) {
	k.given++
	return "token", nil
}
func (k *keysPlayed) Vouch(_ context.Context, by rogatory.Actor, name string, seen rogatory.Instant) error {
	if seen != k.held[name][0].Since {
		return rogatory.Fault(rogatory.Stale, "page_stale", "others were shown")
	}
	k.vouched = append(k.vouched, by.Name)
	for i := range k.held[name] {
		k.held[name][i].Vouched = by.Name
	}
	return nil
}
func (k *keysPlayed) Recoveries(context.Context) ([]Recovery, error) { return nil, nil }

// guardedConsole is a console of which a test opens sessions by hand, as a ceremony of a passkey does.
type guardedConsole struct {
	*testing.T
	*server
	time *clock.Manual
	keys *keysPlayed
	left string // whom the ministry does not know any more
	mux  http.Handler
}

func guardedOffice(t *testing.T, mode rogatory.Mode) *guardedConsole {
	g := &guardedConsole{T: t, keys: &keysPlayed{held: map[string][]Passkey{}}, time: clock.NewManual(time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC))}
	g.server = budgetServer(writer{rand.New(rand.NewPCG(1, 2))})
	g.server.Clock, g.server.Keys, g.server.Log, g.server.Origin = g.time, g.keys, slog.New(slog.DiscardHandler), "https://office.example"
	g.server.Office.Mode = mode
	g.server.Ministry = &Ministry{Person: func(_ context.Context, login string) (string, error) {
		if login == g.left {
			return "", personUnknown(login)
		}
		return login, nil
	}}
	g.server.sessions = newSessions(g.server.Config)
	g.server.People = func(context.Context) ([]rogatory.Officer, error) {
		return []rogatory.Officer{{Name: "Ana", Role: rogatory.Decider}, {Name: "Bo", Role: rogatory.DutyOfficer}, {Name: "Root", Role: rogatory.Administrator}}, nil
	}
	mux := http.NewServeMux()
	g.server.routes(mux)
	g.server.open(mux, "POST test/enter", func(s *server, v *visit) error {
		_, err := s.enter(v, v.r.FormValue("name"), v.r.FormValue("with"), v.r.FormValue("present") == "yes")
		return err
	})
	g.mux = mux
	return g
}

// browser is where somebody sits.
type browser struct{ agent, address string }

var ana, thief = browser{"Firefox/140", "192.0.2.7"}, browser{"Chrome/150", "198.51.100.9"}

func (g *guardedConsole) call(b browser, cookie *http.Cookie, method, path string, form url.Values, json bool) *httptest.ResponseRecorder {
	return g.send(b, cookie, method, path, "application/x-www-form-urlencoded", strings.NewReader(form.Encode()), json)
}

func (g *guardedConsole) send(b browser, cookie *http.Cookie, method, path, kind string, body io.Reader, json bool) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "https://office.example"+Prefix+path, body)
	r.Header.Set("Content-Type", kind)
	r.Header.Set("User-Agent", b.agent)
	r.Header.Set("X-Forwarded-For", "203.0.113.1, "+b.address) // the first is what the browser says, the last what the proxy saw
	if json {
		r.Header.Set("Accept", "application/json")
	}
	if cookie != nil {
		r.AddCookie(cookie)
	}
	w := httptest.NewRecorder()
	g.mux.ServeHTTP(w, r)
	return w
}

func (g *guardedConsole) enter(b browser, name, with, present string) *http.Cookie {
	g.Helper()
	w := g.call(b, nil, http.MethodPost, "test/enter", url.Values{"name": {name}, "with": {with}, "present": {present}}, false)
	cookies := w.Result().Cookies()
	if len(cookies) != 1 {
		g.Fatalf("%d cookies: %d %s", len(cookies), w.Code, w.Body)
	}
	return cookies[0]
}

// in reports whether a cookie opens a page.
func (g *guardedConsole) in(b browser, cookie *http.Cookie) bool {
	return g.call(b, cookie, http.MethodGet, "people", nil, false).Code == http.StatusOK
}

// AB-21, a stolen account: what was stolen is a cookie.
func TestAB21AStolenSessionIsWorthNothingElsewhere(t *testing.T) {
	for _, c := range []struct {
		name string
		at   browser
	}{
		{"another browser", browser{thief.agent, ana.address}},
		{"both", thief},
		{"another address", browser{ana.agent, thief.address}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := guardedOffice(t, rogatory.Live)
			cookie := g.enter(ana, "Ana", "ministry:Ana", "no")
			if !cookie.HttpOnly || !cookie.Secure || cookie.SameSite != http.SameSiteLaxMode || cookie.Domain != "" || cookie.Path != "/" || !strings.HasPrefix(cookie.Name, "__Host-") || !cookie.Expires.IsZero() {
				t.Errorf("the cookie is %+v", cookie)
			}
			if !g.in(ana, cookie) || !g.in(ana, cookie) {
				t.Fatal("the person is not in")
			}
			w := g.call(c.at, cookie, http.MethodGet, "people", nil, false)
			if w.Code != http.StatusSeeOther || w.Header().Get("Location") != Prefix+"sign-in" || strings.Contains(w.Body.String(), "Ana") {
				t.Errorf("the cookie elsewhere: %d %s", w.Code, w.Header().Get("Location"))
			}
			if g.in(ana, cookie) {
				t.Error("the session goes on after its cookie was seen elsewhere")
			}
		})
	}
}

// AB-21: who holds a session, and not the passkey, decides nothing.
func TestAB21WithoutAFreshProofNothingIsDecided(t *testing.T) {
	g := guardedOffice(t, rogatory.Live)
	g.keys.held["Ana"] = []Passkey{{ID: []byte("old")}}
	cookie := g.enter(ana, "Ana", passkeyCredential+"b2xk", "yes")
	g.time.Advance(freshFor)
	if w := g.call(ana, cookie, http.MethodPost, "people/Bo/link", nil, false); w.Code != http.StatusSeeOther || w.Header().Get("Location") != Prefix+"confirm" {
		t.Errorf("a browser: %d %s", w.Code, w.Header().Get("Location"))
	}
	if w := g.call(ana, cookie, http.MethodPost, "people/Bo/link", nil, true); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "prove anew") {
		t.Errorf("a program: %d %s", w.Code, w.Body)
	}
	if g.keys.given != 0 {
		t.Error("it was decided")
	}
}

// AB-21: a passkey that somebody registered by a stolen link decides nothing for a day, unless a colleague vouches for it.
func TestAB21AKeyOfTodayDecidesNothing(t *testing.T) {
	const with = passkeyCredential + "bmV3"
	begin := func(t *testing.T, mode rogatory.Mode) (*guardedConsole, *http.Cookie) {
		g := guardedOffice(t, mode)
		g.keys.held["Ana"] = []Passkey{{ID: []byte("new"), Since: rogatory.At(g.time.Now())}}
		return g, g.enter(ana, "Ana", with, "yes")
	}
	shown := func(g *guardedConsole) url.Values {
		return url.Values{"seen": {fmt.Sprint(int64(g.keys.held["Ana"][0].Since))}}
	}
	decides := func(g *guardedConsole, cookie *http.Cookie, want int) {
		g.Helper()
		w := g.call(ana, cookie, http.MethodPost, "people/Bo/link", nil, false)
		if w.Code != want || want == http.StatusForbidden && !strings.Contains(w.Body.String(), "passkey_new") {
			g.Errorf("%d %s, want %d", w.Code, w.Header().Get("Location"), want)
		}
	}
	t.Run("on the day", func(t *testing.T) {
		g, cookie := begin(t, rogatory.Live)
		decides(g, cookie, http.StatusForbidden)
		if !g.in(ana, cookie) {
			t.Error("what decides nothing is shut too")
		}
		if g.keys.given != 0 {
			t.Error("it was decided")
		}
	})
	t.Run("a day later", func(t *testing.T) {
		g, _ := begin(t, rogatory.Live)
		g.time.Advance(NewKeyWait - time.Second)
		decides(g, g.enter(ana, "Ana", with, "yes"), http.StatusForbidden)
		g.time.Advance(time.Second)
		decides(g, g.enter(ana, "Ana", with, "yes"), http.StatusOK)
	})
	t.Run("a colleague vouches", func(t *testing.T) {
		g, cookie := begin(t, rogatory.Live)
		for who, want := range map[string]int{"Ana": http.StatusForbidden, "Root": http.StatusForbidden} {
			if w := g.call(ana, g.enter(ana, who, "ministry:"+who, "yes"), http.MethodPost, "people/Ana/vouch", shown(g), false); w.Code != want {
				t.Errorf("%s vouches: %d", who, w.Code)
			}
		}
		if w := g.call(ana, g.enter(ana, "Bo", "ministry:Bo", "no"), http.MethodPost, "people/Ana/vouch", shown(g), false); w.Header().Get("Location") != Prefix+"confirm" {
			t.Errorf("without a proof: %d", w.Code)
		}
		decides(g, cookie, http.StatusForbidden)
		bo := g.enter(ana, "Bo", "ministry:Bo", "yes")
		if page := g.call(ana, bo, http.MethodGet, "people", nil, false).Body.String(); !strings.Contains(page, "people/Ana/vouch") || !strings.Contains(page, `name="seen" value="`+shown(g).Get("seen")) {
			t.Error("the page does not offer it")
		}
		if w := g.call(ana, bo, http.MethodPost, "people/Ana/vouch", shown(g), false); w.Code != http.StatusSeeOther || len(g.keys.vouched) != 1 {
			t.Errorf("%d %v", w.Code, g.keys.vouched)
		}
		decides(g, cookie, http.StatusOK)
	})
	t.Run("two thieves vouch for each other", func(t *testing.T) {
		g, cookie := begin(t, rogatory.Live)
		g.keys.held["Bo"] = []Passkey{{ID: []byte("mine"), Since: rogatory.At(g.time.Now().Add(-NewKeyWait))}, {ID: []byte("new too"), Since: rogatory.At(g.time.Now())}}
		bo := g.enter(ana, "Bo", passkeyCredential+base64.RawURLEncoding.EncodeToString([]byte("new too")), "yes")
		if w := g.call(ana, bo, http.MethodPost, "people/Ana/vouch", shown(g), false); w.Code != http.StatusForbidden || !strings.Contains(w.Body.String(), "passkey_new") {
			t.Errorf("the second thief vouches: %d", w.Code)
		}
		decides(g, cookie, http.StatusForbidden)
	})
	t.Run("on an office's first day", func(t *testing.T) {
		g, cookie := begin(t, rogatory.Live)
		g.keys.held["Bo"] = []Passkey{{ID: []byte("new too"), Since: rogatory.At(g.time.Now())}}
		bo := g.enter(ana, "Bo", passkeyCredential+base64.RawURLEncoding.EncodeToString([]byte("new too")), "yes")
		if w := g.call(ana, bo, http.MethodPost, "people/Ana/vouch", shown(g), false); w.Code != http.StatusSeeOther {
			t.Errorf("nobody can begin: %d", w.Code)
		}
		decides(g, cookie, http.StatusOK)
	})
	t.Run("in an exercise nobody waits", func(t *testing.T) {
		g, cookie := begin(t, rogatory.Exercise)
		decides(g, cookie, http.StatusOK)
	})
	t.Run("a passkey that was taken off the list", func(t *testing.T) {
		g, cookie := begin(t, rogatory.Live)
		g.keys.held["Ana"] = nil
		if w := g.call(ana, cookie, http.MethodPost, "people/Bo/link", nil, false); w.Header().Get("Location") != Prefix+"sign-in" || g.keys.given != 0 {
			t.Errorf("%d", w.Code)
		}
	})
}

// AB-21: what opened the door is asked for again with each call, not only at the door.
func TestAB21WhatWasTakenAwayOpensNothing(t *testing.T) {
	const with = passkeyCredential + "b2xk"
	for _, c := range []struct {
		name, with string
		take       func(*guardedConsole)
	}{
		{"a passkey that was taken away", with, func(g *guardedConsole) { g.keys.held["Ana"] = []Passkey{{ID: []byte("another")}} }},
		{"a person of the same name", with, func(g *guardedConsole) { g.keys.held["Ana"] = nil }},
		{"a sign-in of the ministry that is somebody else's", ministryCredential + "Ana", func(g *guardedConsole) { g.left = "Ana" }},
		{"the ministry's sign-in, which this office has no more", ministryCredential + "Ana", func(g *guardedConsole) { g.server.Ministry = nil }},
		{"a click, in what is no demonstration any more", demoCredential + "Ana", func(g *guardedConsole) { g.server.Demo = false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := guardedOffice(t, rogatory.Exercise)
			g.server.Demo = true
			g.keys.held["Ana"] = []Passkey{{ID: []byte("old")}}
			cookie := g.enter(ana, "Ana", c.with, "yes")
			if !g.in(ana, cookie) {
				t.Fatal("the person is not in")
			}
			c.take(g)
			if g.in(ana, cookie) {
				t.Error("the session goes on")
			}
		})
	}
	t.Run("what no door gives", func(t *testing.T) {
		g := guardedOffice(t, rogatory.Live)
		if g.in(ana, g.enter(ana, "Ana", "ministry", "yes")) {
			t.Error("anything opens")
		}
	})
}

// A machine that changes its address within its home stays where it is; one that goes elsewhere does not.
func TestPlaces(t *testing.T) {
	place := func(hop string) string {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("X-Forwarded-For", "198.51.100.1, "+hop)
		return placeOf(r)
	}
	for _, c := range []struct {
		name, one, other string
		same             bool
	}{
		{"a privacy address of the next day", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:ffff::1", true},
		{"the home next door", "2001:db8:1:2::1", "2001:db8:1:3::1", false},
		{"another IPv4 address", "192.0.2.7", "192.0.2.8", false},
		{"an IPv4 address written as IPv6", "192.0.2.7", "::ffff:192.0.2.7", true},
		{"another port of the proxy's", "192.0.2.7:4001", "192.0.2.7:4002", true},
		{"another port, IPv6", "[2001:db8::1]:4001", "2001:db8::1", true},
		{"no address", "unknown", "hidden", false},
	} {
		if got := place(c.one) == place(c.other); got != c.same {
			t.Errorf("%s: %s and %s are one place: %v", c.name, c.one, c.other, got)
		}
	}
}

// A call that began before a sign-out and ends after it does not bring the session back.
func TestASlowCallDoesNotOutliveTheSignOut(t *testing.T) {
	g := guardedOffice(t, rogatory.Exercise)
	cookie := g.enter(ana, "Ana", ministryCredential+"Ana", "yes")
	begun, go_ := make(chan bool), make(chan bool)
	g.server.page(g.mux.(*http.ServeMux), "POST test/slow", func(_ *server, v *visit) error {
		close(begun)
		<-go_
		return v.to("inbox")
	})
	over := make(chan bool)
	go func() {
		defer close(over)
		g.call(ana, cookie, http.MethodPost, "test/slow", nil, false)
	}()
	<-begun
	ctx, err := g.server.sessions.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	if err := g.server.signOutEverywhere(ctx, "Ana"); err != nil {
		t.Fatal(err)
	}
	close(go_)
	<-over
	if g.in(ana, cookie) {
		t.Error("the session is back")
	}
}

// Who is not signed in fills neither the memory with sessions nor the disk with forms, and drives out nobody who is.
func TestStrangersFillNothing(t *testing.T) {
	g := guardedOffice(t, rogatory.Live)
	cookie := g.enter(ana, "Ana", ministryCredential+"Ana", "yes")
	store := g.server.sessions.Store.(*sessionStore)
	form := url.Values{"text": {strings.Repeat("x", maxKept-1000)}}
	var last *http.Cookie
	for range 2 * maxStrangers / maxKept {
		last = g.call(thief, nil, http.MethodPost, "requests/XA-2026-AAAAAAAA.1/acts/refuse", form, false).Result().Cookies()[0]
	}
	held := 0
	for _, x := range store.all {
		held += x.weight()
	}
	if held > maxStrangers+10_000 || store.weight > maxStrangers || store.strangers.Len()+1 != len(store.all) {
		t.Errorf("%d bytes in %d sessions, said to be %d in %d", held, len(store.all), store.weight, store.strangers.Len())
	}
	if !g.in(ana, cookie) {
		t.Error("the officer was driven out")
	}
	if _, ok, _ := store.Find(last.Value); !ok {
		t.Error("the latest form is not kept")
	}

	for _, path := range []string{"choose", "sign-in/demo", "sign-in/begin", "enrol/begin", "requests/XA-2026-AAAAAAAA.1/claim", "bulk"} {
		body := &endless{head: "--b\r\nContent-Disposition: form-data; name=\"back\"; filename=\"x\"\r\n\r\n"}
		g.send(thief, nil, http.MethodPost, path, "multipart/form-data; boundary=b", body, false)
		if body.read > 2*maxForm {
			t.Errorf("%s reads %d bytes of a stranger", path, body.read)
		}
	}
}

// endless is a body without an end, up to where a test has seen enough.
type endless struct {
	head string
	read int
}

func (e *endless) Read(p []byte) (int, error) {
	if e.read > 8*maxForm {
		return 0, io.ErrUnexpectedEOF
	}
	n := copy(p, e.head)
	e.head = e.head[n:]
	if n == 0 {
		n = copy(p, strings.Repeat("x", len(p)))
	}
	e.read += n
	return n, nil
}

// A challenge is answered once, also if a call that ran beside wrote the session back as it was; and not after minutes.
func TestAChallengeIsAnsweredOnce(t *testing.T) {
	g := guardedOffice(t, rogatory.Live)
	fresh := func() *visit {
		ctx, err := g.server.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		return &visit{s: g.server, ctx: ctx, now: rogatory.At(g.time.Now())}
	}
	begin := func(v *visit, challenge string) {
		r := rite{Name: "Ana"}
		r.Data.Challenge = challenge
		if err := g.server.keepRite(v, r); err != nil {
			t.Fatal(err)
		}
	}
	answered := func(v *visit) bool { _, err := g.server.popRite(v); return err == nil }
	v := fresh()
	begin(v, "one")
	if !answered(v) || answered(v) {
		t.Error("the first answer, and no other")
	}
	if begin(v, "one"); answered(v) { // as it was before
		t.Error("a challenge was answered twice")
	}
	begin(v, "two")
	v.now = v.now.Add(riteLife + time.Second)
	if answered(v) {
		t.Error("an answer came late")
	}
	for i := range 100 {
		w := fresh()
		w.now = v.now.Add(time.Duration(i) * time.Minute)
		if begin(w, fmt.Sprint(i)); !answered(w) {
			t.Error("an answer was not taken")
		}
	}
	if n := len(g.server.spent.at); n > 10 {
		t.Errorf("%d challenges are remembered", n)
	}
}

func TestWhomTheMinistryNames(t *testing.T) {
	for _, c := range []struct {
		name, claim string
		claims      map[string]any
		want, code  string
	}{
		{"by its own identifier", "", map[string]any{"email": "ana@x.example"}, "7", ""},
		{"by another claim", "uid", map[string]any{"uid": "ana"}, "ana", ""},
		{"without that claim", "uid", nil, "", ""}, // which is nobody's sign-in
		{"a claim that is no text", "uid", map[string]any{"uid": []any{"ana"}}, "", ""},
		{"a mail address", "email", map[string]any{"email": "ana@x.example", "email_verified": true}, "ana@x.example", ""},
		{"a ministry that does not say", "email", map[string]any{"email": "ana@x.example"}, "ana@x.example", ""},
		{"a mail address that was only typed", "email", map[string]any{"email": "ana@x.example", "email_verified": false}, "", "ministry_unproved"},
	} {
		got, err := loginOf(c.claim, "7", c.claims)
		if got != c.want || err != nil && rogatory.CodeOf(err) != c.code || err == nil && c.code != "" {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
}
