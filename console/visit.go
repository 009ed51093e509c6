// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/a-h/templ"

	"rogatory"
	"rogatory/language"
)

// visit is one call of one person.
type visit struct {
	s   *server
	w   http.ResponseWriter
	r   *http.Request
	ctx context.Context
	by  rogatory.Actor // without a name if nobody is signed in
	loc *language.Locale
	now rogatory.Instant
	// streams: the body may be longer than a form, and is read by its handler only.
	streams bool
}

// The keys of a session.
const (
	sessionName   = "name"
	sessionProved = "proved" // when the person last proved to be there, in microseconds
	sessionKept   = "kept"
	sessionRite   = "rite" // a passkey ceremony under way
	// sessionCredential is what was shown at the door, so that one person behind two names is seen.
	sessionCredential = "credential"
	sessionPlace      = "place"  // in which browser it began
	sessionSaid       = "said"   // shown once, on the next page
	sessionRecent     = "recent" // requests that were opened, the last one first
)

func (s *server) visit(w http.ResponseWriter, r *http.Request) *visit {
	v := &visit{s: s, w: w, r: r, ctx: r.Context(), loc: s.locale(r), now: rogatory.At(s.Clock.Now())}
	name := s.sessions.GetString(v.ctx, sessionName)
	if name == "" || s.elsewhere(v, name) {
		return v
	}
	credential := s.sessions.GetString(v.ctx, sessionCredential)
	people, err := s.People(v.ctx)
	opens := false
	if err == nil { // in this order: whoever is off the list has no passkey any more
		opens, err = s.opens(v.ctx, name, credential)
	}
	if err != nil {
		s.Log.Error("console people", "err", err)
		return v
	}
	if !opens {
		s.end(v, name, "what a session began with opens nothing any more, and it ended")
		return v
	}
	if i := slices.IndexFunc(people, func(o rogatory.Officer) bool { return o.Name == name }); i >= 0 {
		v.by = rogatory.Actor{Address: s.Office.Us, Officer: people[i], Credential: credential}
	}
	return v
}

// to sends the browser to another page of the console, relative to its prefix.
func (v *visit) to(path string) error {
	http.Redirect(v.w, v.r, Prefix+path, http.StatusSeeOther)
	return nil
}

// say keeps a sentence for the next page.
func (v *visit) say(key string, args ...any) {
	v.s.sessions.Put(v.ctx, sessionSaid, v.loc.T(key, args...))
}

// show writes a page. It is rendered before the first byte goes out, so that a fault shows as one.
func (v *visit) show(status int, c templ.Component) error {
	var page bytes.Buffer
	if err := c.Render(v.ctx, &page); err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/html; charset=utf-8")
	v.w.Header().Set("Vary", "Accept-Encoding, Cookie, Accept-Language")
	if v.packs() {
		var small bytes.Buffer
		z, _ := gzip.NewWriterLevel(&small, packLevel) // the level is one that there is
		z.Write(page.Bytes())                          // into memory, which does not fail
		z.Close()
		v.w.Header().Set("Content-Encoding", "gzip")
		page = small
	}
	v.w.Header().Set("Content-Length", strconv.Itoa(page.Len()))
	v.w.WriteHeader(status)
	v.w.Write(page.Bytes())
	return nil
}

// packLevel packs a page in a millisecond or two, to less than a quarter.
const packLevel = 5

// packs reports whether a page travels packed. One that repeats words of its address does not: whoever
// sees how long it is, and can make a browser ask, would learn from the length what else stands on it.
func (v *visit) packs() bool {
	return strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") && !v.r.URL.Query().Has("q")
}

// frame is what surrounds every screen.
type frame struct {
	*language.Locale
	Title    string
	At       string // which part of the console: the entry of the menu
	Wide     bool
	Said     string
	By       rogatory.Actor
	Us       rogatory.Address
	Office   string
	Exercise bool
	CSS, JS  string
	Icon     string
	Watch    *watchView // nil where nobody is signed in, or there is no desk
	Keys     bool       // single keys do something
	Theme    string
	Back     string // the page itself, for a change of language
	Now      rogatory.Instant
	Zone     string
	SignedIn bool
	Ends     rogatory.Instant // when the session ends by itself, if no page is opened
	s        *server
}

func (v *visit) frame(title, at string) frame {
	us := v.s.party(v.s.Office.Us.State)
	ends := v.now.Add(idleTime)
	if last := v.s.sessions.Deadline(v.ctx); !last.IsZero() {
		ends = min(ends, rogatory.At(last))
	}
	return frame{Locale: v.loc, Title: title, At: at, By: v.by, Us: v.s.Office.Us, Office: v.s.name(v.loc, v.s.Office.Us.State), Exercise: v.s.Office.Mode == rogatory.Exercise,
		CSS: v.s.assets.css, JS: v.s.assets.js, Icon: v.s.assets.icon, Theme: theme(v.r), Keys: keys(v.r), Watch: v.s.watch(v), Back: pageOf(v.r), Now: v.now, Zone: zoneOf(us), SignedIn: v.by.Name != "", Ends: ends, Said: v.s.sessions.PopString(v.ctx, sessionSaid), s: v.s}
}

// pageOf is the page that a browser can read again: where a form was sent, the page of the form.
func pageOf(r *http.Request) string {
	if r.Method != http.MethodGet {
		return r.URL.Path
	}
	return r.URL.RequestURI()
}

// party returns a State of the directory; only its code is set if it is not there.
func (s *server) party(code rogatory.StateCode) rogatory.Party {
	for _, p := range s.Parties() {
		if p.Code == code {
			return p
		}
	}
	return rogatory.Party{Code: code}
}

// name is what a State is called: an exercise State as the directory says, a real one as the United
// Nations write it.
func (s *server) name(l *language.Locale, code rogatory.StateCode) string {
	if p := s.party(code); p.Name != "" && code.Fictional() && p.Name != s.texts.Locale(language.Base).State(code) {
		return p.Name
	}
	return l.State(code)
}

// zoneOf is the zone of a State's 24/7 desk.
func zoneOf(p rogatory.Party) string {
	for _, c := range p.ContactPoints {
		if _, err := time.LoadLocation(c.Zone); err == nil && c.Zone != "" {
			return c.Zone
		}
	}
	return "UTC"
}

// fail shows what went wrong and what to do next; the cause goes to the log only.
func (s *server) fail(v *visit, err error) {
	status := statusOf(err)
	e, ok := errors.AsType[*rogatory.Error](err)
	if !ok || e.Kind == rogatory.Internal {
		s.Log.Error("console", "path", v.r.URL.Path, "err", err)
		e = rogatory.Fault(rogatory.Internal, "internal", "%s", v.loc.T("error.internal"))
	}
	if wantsJSON(v.r) {
		v.w.Header().Set("Content-Type", "application/json")
		v.w.WriteHeader(status)
		json.NewEncoder(v.w).Encode(map[string]string{"message": faultWords(v.loc, e).Words})
		return
	}
	if err := v.show(status, faultScreen(v.frame(v.loc.T("error.title"), ""), e)); err != nil {
		s.Log.Error("console", "path", v.r.URL.Path, "err", err)
		http.Error(v.w, e.Message, status)
	}
}

func wantsJSON(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") || r.Header.Get("Accept") == "application/json"
}

func statusOf(err error) int {
	switch rogatory.KindOf(err) {
	case rogatory.Invalid:
		return http.StatusUnprocessableEntity
	case rogatory.NotFound:
		return http.StatusNotFound
	case rogatory.Conflict, rogatory.Stale, rogatory.ModeMismatch:
		return http.StatusConflict
	case rogatory.Denied, rogatory.Untrusted:
		return http.StatusForbidden
	case rogatory.Busy:
		return http.StatusTooManyRequests
	case rogatory.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// sentence makes one of an error's words, which begin small and have no full stop.
func sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	r := []rune(s)
	if len(r) < 2 || r[1] < 'A' || r[1] > 'Z' {
		s = strings.ToUpper(string(r[:1])) + string(r[1:])
	}
	return strings.TrimSuffix(s, ".") + "."
}

// kept is a form that waits until somebody has signed in, or proved again to be there.
type kept struct {
	Path string     `json:"path"`
	Form url.Values `json:"form,omitempty"`
	// Posted tells a form without fields, such as a button, from a page that was only read.
	Posted bool `json:"posted,omitempty"`
}

// maxKept bounds what a session holds of a form.
const maxKept = 256 << 10

// keep remembers where the browser wanted to go, and what was typed. An upload is not kept.
func (s *server) keep(v *visit) {
	k := kept{Path: v.r.URL.RequestURI()}
	if k.Path == Prefix || k.Path == Prefix+"inbox" {
		return // that is where a sign-in leads anyway, and a stranger's call makes no session
	}
	if v.r.Method == http.MethodPost {
		if v.streams || v.r.ParseForm() != nil {
			k.Path = v.r.URL.Path
		} else {
			k.Form, k.Posted = v.r.PostForm, true
		}
	}
	text, err := json.Marshal(k)
	if err != nil || len(text) > maxKept {
		return
	}
	s.sessions.Put(v.ctx, sessionKept, string(text))
}

// waiting returns what was kept, and leaves it there.
func (s *server) waiting(ctx context.Context) (k kept, ok bool) {
	text := s.sessions.GetString(ctx, sessionKept)
	ok = text != "" && json.Unmarshal([]byte(text), &k) == nil && strings.HasPrefix(k.Path, Prefix)
	return k, ok
}

// back says where to go after a sign-in: to the page that was asked for, to what asks whether a form is sent after all,
// or to the inbox.
func (s *server) back(ctx context.Context) string {
	k, ok := s.waiting(ctx)
	switch {
	case !ok:
		return Prefix + "inbox"
	case k.Posted:
		return Prefix + "resume"
	}
	s.sessions.Remove(ctx, sessionKept)
	return k.Path
}

// resume offers to carry on with a form that was kept.
func (s *server) resume(v *visit) error {
	k, ok := s.waiting(v.ctx)
	if !ok {
		return v.to("inbox")
	}
	s.sessions.Remove(v.ctx, sessionKept)
	return v.show(http.StatusOK, resumeScreen(v.frame(v.loc.T("resume.title"), ""), k))
}
