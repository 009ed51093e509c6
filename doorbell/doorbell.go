// SPDX-License-Identifier: Apache-2.0

// Package doorbell is the page on which somebody who was woken says that they are awake: by the link of a
// page, or by its code.
//
// It promises that opening a link changes nothing, since programs that inspect mail open links before
// people do: only the button does. That it looks nothing up before the button is pressed, so that every
// link looks the same. That it says nothing of what waits. It works without scripts, on the smallest
// screen, in eight languages.
//
// It refuses more than a few tries in a minute, and bodies larger than a code. Who answers by it is not
// signed in and sees nothing.
//
// After an error of the desk the page says that nothing was recorded.
package doorbell

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/language"
)

// Prefix is where the page lies. The pager's door ends with it.
const Prefix = "/page/"

// Limits on what strangers may try.
const (
	maxBody   = 256 // bytes of a form with a code
	maxToken  = 64  // bytes; links have 43
	linkTries = 120 // a minute: what is guessed has 256 bits, and nobody who was woken is to be kept out
	codeTries = 10  // a minute: people mistype, and programs would try all
)

// Answer is what an acknowledgement led to.
type Answer struct {
	At   rogatory.Instant
	Test bool
}

// Config is what the page stands on.
type Config struct {
	Link  func(ctx context.Context, token string) (Answer, error)
	Code  func(ctx context.Context, code string) (Answer, error)
	Zone  func() *time.Location // of the desk's wall clock
	Clock clock.Clock
	Log   *slog.Logger
}

//go:embed page.html
var page string

//go:embed page.css
var style string

type handler struct {
	Config
	texts  *language.Catalogue
	page   *template.Template
	policy string
	links  budget
	codes  budget
}

// New returns the handler of everything below Prefix.
func New(c Config) http.Handler {
	sum := sha256.Sum256([]byte(style))
	h := &handler{Config: c, texts: language.Load(), page: template.Must(template.New("page").Parse(page)),
		policy: fmt.Sprintf("default-src 'none'; style-src 'sha256-%s'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'", base64.StdEncoding.EncodeToString(sum[:])),
		links:  budget{most: linkTries}, codes: budget{most: codeTries}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Prefix+"{$}", func(w http.ResponseWriter, r *http.Request) { h.show(w, r, http.StatusOK, view{Form: codeForm}) })
	mux.HandleFunc("POST "+Prefix+"{$}", h.code)
	mux.HandleFunc("GET "+Prefix+"{token}", func(w http.ResponseWriter, r *http.Request) { h.show(w, r, http.StatusOK, view{Form: buttonForm}) })
	mux.HandleFunc("POST "+Prefix+"{token}", h.link)
	return mux
}

// The forms.
const (
	codeForm   = "code"
	buttonForm = "button"
)

// view is what is shown: words, and a form or none.
type view struct {
	Form  string
	Words string // key of a text
	At    rogatory.Instant
}

func (h *handler) link(w http.ResponseWriter, r *http.Request) {
	token := r.PathValue("token")
	switch {
	case !h.links.spend(h.Clock.Now()):
		h.show(w, r, http.StatusTooManyRequests, view{Form: buttonForm, Words: "busy"})
	case len(token) > maxToken:
		h.show(w, r, http.StatusForbidden, view{Words: "wrong"})
	default:
		answer, err := h.Link(r.Context(), token)
		h.answer(w, r, buttonForm, answer, err)
	}
}

func (h *handler) code(w http.ResponseWriter, r *http.Request) {
	if !h.codes.spend(h.Clock.Now()) {
		h.show(w, r, http.StatusTooManyRequests, view{Form: codeForm, Words: "busy"})
		return
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxBody)
	if err := r.ParseForm(); err != nil {
		h.show(w, r, http.StatusBadRequest, view{Form: codeForm, Words: "wrong"})
		return
	}
	answer, err := h.Code(r.Context(), strings.TrimSpace(r.PostForm.Get("code")))
	h.answer(w, r, codeForm, answer, err)
}

// refusals are the desk's codes, with what is said and the status.
var refusals = map[string]struct {
	words  string
	status int
	again  bool // the form is worth showing again
}{
	"secret_wrong":         {"wrong", http.StatusForbidden, true},
	"secret_locked":        {"locked", http.StatusForbidden, false},
	"secret_used":          {"used", http.StatusConflict, false},
	"secret_expired":       {"expired", http.StatusGone, false},
	"already_acknowledged": {"taken", http.StatusConflict, false},
	"alarm_over":           {"over", http.StatusGone, false},
}

func (h *handler) answer(w http.ResponseWriter, r *http.Request, form string, a Answer, err error) {
	refused, known := refusals[rogatory.CodeOf(err)]
	switch {
	case err == nil && a.Test:
		h.show(w, r, http.StatusOK, view{Words: "done_test", At: a.At})
	case err == nil:
		h.show(w, r, http.StatusOK, view{Words: "done", At: a.At})
	case !known:
		h.Log.Error("an acknowledgement failed", "code", rogatory.CodeOf(err))
		h.show(w, r, http.StatusServiceUnavailable, view{Form: form, Words: "failed"})
	case refused.again && form == codeForm:
		h.show(w, r, refused.status, view{Form: form, Words: refused.words})
	default:
		h.show(w, r, refused.status, view{Words: refused.words})
	}
}

func (h *handler) show(w http.ResponseWriter, r *http.Request, status int, v view) {
	loc := h.texts.Locale(r.Header.Get("Accept-Language"))
	data := struct {
		Tag, Dir, Title, Words, Form  string
		Lead, Say, Button, Code, Send string
		Style                         template.CSS
	}{Tag: loc.Tag(), Dir: loc.Dir(), Title: loc.T("doorbell.title"), Form: v.Form, Lead: loc.T("doorbell.lead"), Say: loc.T("doorbell.say"),
		Button: loc.T("doorbell.button"), Code: loc.T("doorbell.code"), Send: loc.T("doorbell.send"), Style: template.CSS(style)}
	if v.Words != "" {
		data.Words = loc.T("doorbell."+v.Words, "time", loc.Hour(v.At, h.Zone()))
	}
	head := w.Header()
	head.Set("Content-Type", "text/html; charset=utf-8")
	head.Set("Content-Security-Policy", h.policy)
	head.Set("Cache-Control", "no-store")
	head.Set("Referrer-Policy", "no-referrer") // the address of the page is a secret
	head.Set("X-Content-Type-Options", "nosniff")
	head.Set("X-Robots-Tag", "noindex")
	head.Set("Vary", "Accept-Language")
	w.WriteHeader(status)
	if err := h.page.Execute(w, data); err != nil {
		h.Log.Debug("the page of an acknowledgement was not read to its end")
	}
}

// budget bounds tries by the minute, of everybody together: behind a proxy strangers look alike.
type budget struct {
	most int

	mu    sync.Mutex
	began time.Time // of the minute; guarded by mu
	spent int       // guarded by mu
}

func (b *budget) spend(now time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if age := now.Sub(b.began); age >= time.Minute || age < 0 {
		b.began, b.spent = now, 0
	}
	b.spent++
	return b.spent <= b.most
}
