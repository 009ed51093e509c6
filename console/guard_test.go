// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
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
func (k *keysPlayed) Vouch(_ context.Context, by rogatory.Actor, name string) error {
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
	mux  http.Handler
}

func guardedOffice(t *testing.T, mode rogatory.Mode) *guardedConsole {
	g := &guardedConsole{T: t, keys: &keysPlayed{held: map[string][]Passkey{}}, time: clock.NewManual(time.Date(2026, 11, 26, 3, 0, 0, 0, time.UTC))}
	g.server = budgetServer(writer{rand.New(rand.NewPCG(1, 2))})
	g.server.Clock, g.server.Keys, g.server.Log, g.server.Origin = g.time, g.keys, slog.New(slog.DiscardHandler), "https://office.example"
	g.server.Office.Mode = mode
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
	r := httptest.NewRequest(method, "https://office.example"+Prefix+path, strings.NewReader(form.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
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
			cookie := g.enter(ana, "Ana", "ministry", "no")
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
			if w := g.call(ana, g.enter(ana, who, "ministry:"+who, "yes"), http.MethodPost, "people/Ana/vouch", nil, false); w.Code != want {
				t.Errorf("%s vouches: %d", who, w.Code)
			}
		}
		if w := g.call(ana, g.enter(ana, "Bo", "ministry:Bo", "no"), http.MethodPost, "people/Ana/vouch", nil, false); w.Header().Get("Location") != Prefix+"confirm" {
			t.Errorf("without a proof: %d", w.Code)
		}
		decides(g, cookie, http.StatusForbidden)
		bo := g.enter(ana, "Bo", "ministry:Bo", "yes")
		if page := g.call(ana, bo, http.MethodGet, "people", nil, false).Body.String(); !strings.Contains(page, "people/Ana/vouch") {
			t.Error("the page does not offer it")
		}
		if w := g.call(ana, bo, http.MethodPost, "people/Ana/vouch", nil, false); w.Code != http.StatusSeeOther || len(g.keys.vouched) != 1 {
			t.Errorf("%d %v", w.Code, g.keys.vouched)
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
		if w := g.call(ana, cookie, http.MethodPost, "people/Bo/link", nil, false); w.Code != http.StatusForbidden {
			t.Errorf("%d", w.Code)
		}
	})
}
