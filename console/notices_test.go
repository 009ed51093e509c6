// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/a-h/templ"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
	"rogatory/notice"
	"rogatory/notice/post"
	"rogatory/store"
)

// The screens of notices and the contact sheet, as full as they get, cross a slow line in every language.
func TestNoticesAndTheSheetFitASlowLine(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(5, 6))}
	s := budgetServer(w)
	s.Post = post.New(post.Config{Plan: func() *alarm.Plan { return nil }})
	var points []desk.Point
	for _, p := range s.Parties() {
		points = append(points, desk.PointsOf(p, nil)...)
	}
	for _, l := range s.spoken {
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{s: s, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodGet, Prefix+"notices", nil).WithContext(ctx), ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()),
			by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.Decider}}}
		view := noticesView{Ways: true, Reached: true, Fields: s.noticeFields(v, map[string]string{"zone": "America/Argentina/ComodRivadavia"})}
		for i := range notice.MaxChannels {
			name := w.hex(12)
			view.Fields[1].Options = append(view.Fields[1].Options, option{name, name})
			view.Fields[i%len(view.Fields)].Wrong = l.T("notices.wrong.hour")
		}
		for i := range lastItems {
			view.Items = append(view.Items, itemView{store.NoticeItem{Number: int64(i), Request: w.id(), Sort: string(notice.Sorts()[i%4]), At: v.now, Told: v.now}, true})
		}
		for range maxTries {
			view.Sent = append(view.Sent, sentView{w.words(2), when(l, v.now, "UTC"), w.hex(12), "page_" + w.hex(6), false})
		}
		all := view.Sent // a page of its own, without the form
		for name, screen := range map[string]templ.Component{
			"notices": noticesScreen(v.frame(l.T("notices.title"), "notices"), view),
			"all":     noticesAllScreen(v.frame(l.T("notices.all"), "notices"), all),
			"sheet":   sheetScreen(v.frame(l.T("sheet.title"), "directory"), points),
		} {
			var page bytes.Buffer
			if err := screen.Render(ctx, &page); err != nil {
				t.Fatal(err)
			}
			if n := packedSize(t, page.Bytes()); n > pageBudget {
				t.Errorf("%s in %s is %d bytes packed, the budget is %d", name, l.Tag(), n, pageBudget)
			}
			if strings.Contains(page.String(), "⟦") {
				t.Errorf("%s in %s lacks a string", name, l.Tag())
			}
			if name == "sheet" && (strings.Contains(page.String(), "Ana Duarte") || strings.Contains(page.String(), "<form") || strings.Contains(page.String(), "<script")) {
				t.Errorf("the sheet in %s holds more than contact points", l.Tag())
			}
		}
	}
}

// Letters lead to where the console shows what they mean.
func TestNoticesLeadHere(t *testing.T) {
	if post.Path != Prefix+"notices" {
		t.Errorf("notices lead to %s", post.Path)
	}
}

// The worker keeps one page by its address, and is served where its scope begins.
func TestTheWorkerKnowsOnePage(t *testing.T) {
	script, err := os.ReadFile("assets/contacts-worker.js")
	if err != nil {
		t.Fatal(err)
	}
	s := budgetServer(writer{rand.New(rand.NewPCG(7, 8))})
	mux := http.NewServeMux()
	s.routes(mux)
	got := httptest.NewRecorder()
	headers(mux).ServeHTTP(got, httptest.NewRequest(http.MethodGet, Prefix+"contacts-worker.js", nil))
	if got.Body.String() != string(script) || got.Header().Get("Cache-Control") != "no-store" || !strings.Contains(got.Header().Get("Content-Security-Policy"), "worker-src 'self'") {
		t.Errorf("the worker is served with %v", got.Header())
	}
	if strings.Contains(string(script), "requests") || strings.Contains(string(script), "inbox") {
		t.Error("the worker names a page of cases")
	}
	got = httptest.NewRecorder()
	mux.ServeHTTP(got, httptest.NewRequest(http.MethodGet, Prefix+"duty/waiting", nil))
	if got.Code != http.StatusUnauthorized || got.Header().Get("Set-Cookie") != "" || got.Body.Len() != 0 {
		t.Errorf("a stranger's question is answered by %d %q", got.Code, got.Body)
	}
}
