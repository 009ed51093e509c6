// SPDX-License-Identifier: Apache-2.0

package doorbell

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/language"
)

type played struct {
	shown  []string // links and codes that the desk was asked about
	answer Answer
	err    error
}

func door(p *played, c clock.Clock) http.Handler {
	ask := func(_ context.Context, s string) (Answer, error) {
		p.shown = append(p.shown, s)
		return p.answer, p.err
	}
	return New(Config{Link: ask, Code: ask, Zone: func() *time.Location { return time.UTC }, Clock: c, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
}

func ask(h http.Handler, method, path, tag string, form url.Values) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(form.Encode()))
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Accept-Language", tag)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

var morning = time.Date(2026, 11, 25, 2, 14, 0, 0, time.UTC)

func TestOpeningALinkAcknowledgesNothing(t *testing.T) {
	p := &played{answer: Answer{At: rogatory.At(morning)}}
	h := door(p, clock.NewManual(morning))
	for _, method := range []string{http.MethodGet, http.MethodHead} {
		if w := ask(h, method, "/page/abc", "en", nil); w.Code != http.StatusOK || len(p.shown) != 0 {
			t.Fatalf("%s: %d, and the desk was asked %v", method, w.Code, p.shown)
		}
	}
	w := ask(h, http.MethodPost, "/page/abc", "en", nil)
	if w.Code != http.StatusOK || len(p.shown) != 1 || p.shown[0] != "abc" || !strings.Contains(w.Body.String(), "Recorded at 02:14") {
		t.Errorf("the button: %d %v\n%s", w.Code, p.shown, w.Body)
	}
	ask(h, http.MethodPost, "/page/", "en", url.Values{"code": {" 4711 0815 "}})
	if len(p.shown) != 2 || p.shown[1] != "4711 0815" {
		t.Errorf("the code: %v", p.shown)
	}
}

func TestWhatIsSaidToWhomItDidNotHelp(t *testing.T) {
	for _, c := range []struct {
		name, code, words string
		status            int
	}{
		{"wrong", "secret_wrong", "not right", 403},
		{"too often", "secret_locked", "Too many wrong codes", 403},
		{"used", "secret_used", "used already", 409},
		{"late", "secret_expired", "not valid any more", 410},
		{"somebody was first", "already_acknowledged", "Somebody has taken it", 409},
		{"withdrawn", "alarm_over", "It is over", 410},
		{"the store is gone", "commit_failed", "could not be recorded", 503},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &played{err: rogatory.Fault(rogatory.Conflict, c.code, "case XA-2026-7K3M9Q2P of <b>")}
			w := ask(door(p, clock.NewManual(morning)), http.MethodPost, "/page/abc", "en", nil)
			if w.Code != c.status || !strings.Contains(w.Body.String(), c.words) {
				t.Errorf("%d\n%s", w.Code, w.Body)
			}
			if strings.Contains(w.Body.String(), "XA-2026") {
				t.Error("it says what the error says")
			}
		})
	}
}

func TestEightLanguages(t *testing.T) {
	h := door(&played{}, clock.NewManual(morning))
	texts := language.Load()
	for _, tag := range language.Supported() {
		w := ask(h, http.MethodGet, "/page/abc", tag, nil)
		body := w.Body.String()
		loc := texts.Locale(tag)
		if !strings.Contains(body, `lang="`+tag+`" dir="`+loc.Dir()+`"`) || !strings.Contains(body, "<button>"+loc.T("doorbell.button")+"</button>") || strings.Contains(body, "⟦") {
			t.Errorf("%s:\n%s", tag, body)
		}
		if len(body) > 3000 {
			t.Errorf("%s: %d bytes are not tiny", tag, len(body))
		}
	}
}

func TestTriesAreBounded(t *testing.T) {
	now := clock.NewManual(morning)
	p := &played{err: rogatory.Fault(rogatory.Denied, "secret_wrong", "no")}
	h := door(p, now)
	for range codeTries {
		ask(h, http.MethodPost, "/page/", "en", url.Values{"code": {"1"}})
	}
	if w := ask(h, http.MethodPost, "/page/", "en", url.Values{"code": {"1"}}); w.Code != http.StatusTooManyRequests || len(p.shown) != codeTries {
		t.Errorf("one more: %d, and the desk was asked %d times", w.Code, len(p.shown))
	}
	p.err = nil
	if w := ask(h, http.MethodPost, "/page/abc", "en", nil); w.Code != http.StatusOK {
		t.Errorf("whoever has a link is kept out: %d", w.Code)
	}
	now.Advance(time.Minute)
	if w := ask(h, http.MethodPost, "/page/", "en", url.Values{"code": {"1"}}); w.Code != http.StatusOK {
		t.Errorf("a minute later: %d", w.Code)
	}
}

func TestThePageIsClosed(t *testing.T) {
	p := &played{err: errors.New("none")}
	h := door(p, clock.NewManual(morning))
	w := ask(h, http.MethodGet, "/page/<script>alert(1)", "en", nil)
	if strings.Contains(w.Body.String(), "alert") {
		t.Error("the link is shown")
	}
	for name, want := range map[string]string{"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff"} {
		if got := w.Header().Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	if policy := w.Header().Get("Content-Security-Policy"); !strings.HasPrefix(policy, "default-src 'none'; style-src 'sha256-") {
		t.Errorf("policy: %s", policy)
	}
	if !strings.Contains(w.Body.String(), "<style>"+style+"</style>") {
		t.Error("the style is not the one that the policy names")
	}
	long := ask(h, http.MethodPost, "/page/", "en", url.Values{"code": {strings.Repeat("1", maxBody)}})
	huge := ask(h, http.MethodPost, "/page/"+strings.Repeat("a", maxToken+1), "en", nil)
	if long.Code != http.StatusBadRequest || huge.Code != http.StatusForbidden || len(p.shown) != 0 {
		t.Errorf("too long: %d and %d, asked %d", long.Code, huge.Code, len(p.shown))
	}
}
