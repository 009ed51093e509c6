// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"rogatory"
	"rogatory/console"
	"rogatory/demo"
)

const (
	screenBudget = 50.0 // milliseconds of the server at p95
	looks        = 40   // at each screen
	laterPage    = 20   // of the inbox, as far as anybody turns
)

// screens measures how long the server takes for each screen of an office with many cases: from the
// request of a signed-in browser to the last byte, without the line.
func (b *bench) screens() ([]figure, error) {
	w, err := demo.Begin(b.ctx, demo.Settings{Dir: b.path("screens"), States: []rogatory.StateCode{"XA", "XB"}, Offline: true})
	if err != nil {
		return nil, err
	}
	defer w.Stop()
	began := b.clock.Now()
	f, err := b.fill(w, b.cases)
	if err != nil {
		return nil, fmt.Errorf("fill the office: %w", err)
	}
	fmt.Fprintf(b.words, "  %d cases with %d entries written in %s\n", b.cases, b.cases*entriesPerCase, b.clock.Now().Sub(began).Round(1e9))
	n := w.Members["XA"].Node
	door := console.New(console.Config{Office: n.Office, Rules: n.Rules, Clock: b.clock, Log: n.Office.Log, People: n.Officers, Keys: n, Demo: true,
		Parties: func() []rogatory.Party { return n.Book().Parties() },
		Health: func(ctx context.Context) []console.Check {
			var all []console.Check
			for _, h := range n.Health(ctx) {
				all = append(all, console.Check(h))
			}
			return all
		}})
	officer := browser{door: door}
	if err := officer.enter("A. Okafor"); err != nil {
		return nil, err
	}
	var figures []figure
	later, err := officer.later("inbox?show=all", laterPage)
	if err != nil {
		return nil, err
	}
	for _, screen := range screensOf(f, later) {
		figure, err := b.screen(&officer, screen)
		if err != nil {
			return figures, fmt.Errorf("screen %s: %w", screen.name, err)
		}
		figures = append(figures, figure)
	}
	return figures, nil
}

// screen is what is looked at; its paths take turns.
type screen struct {
	name  string
	paths []string
}

func screensOf(f filled, later string) []screen {
	all := []screen{}
	for _, filter := range []string{"overdue", "today", "us", "them", "mine", "unclaimed", "drafts", "all"} {
		all = append(all, screen{"inbox, " + filter, []string{"inbox?show=" + filter}})
	}
	var cases []string
	for _, id := range f.Some {
		cases = append(cases, "requests/"+string(id))
	}
	find := func(queries ...string) (paths []string) {
		for _, q := range queries {
			paths = append(paths, "search?q="+url.QueryEscape(q))
		}
		return paths
	}
	return append(all,
		screen{"inbox, a later page", []string{later}},
		screen{"duty", []string{"duty"}},
		screen{"case", cases},
		screen{fmt.Sprintf("case with %d messages", longTimeline), []string{"requests/" + string(f.Long)}},
		screen{"letter", []string{"requests/" + string(f.Long) + "/letter"}},
		screen{"composer, tasks", []string{"requests/" + string(f.Draft) + "/draft"}},
		screen{"new request", []string{"new"}},
		screen{"search, a rare word", find(f.Rare)},
		screen{"search, a usual word", find(f.Usual)},
		screen{"search, typed pieces", find("state:closed", "from:XB kind:preservation", "state:refused "+f.Usual, "after:2026-01 before:2026-06 "+f.Usual)},
		screen{"search, Chinese, Thai, Arabic", find("邮箱", "บัญชี", "الدخول", "nhat ky")},
		screen{"treaty desk", []string{"treaty"}},
		screen{"deadlines", []string{"deadlines"}},
		screen{"outbox", []string{"outbox"}},
		screen{"directory", []string{"directory"}},
	)
}

func (b *bench) screen(who *browser, s screen) (figure, error) {
	var times []float64
	size := 0
	for i := range looks + len(s.paths) {
		began := b.clock.Now()
		page, err := who.get(s.paths[i%len(s.paths)])
		if err != nil {
			return figure{}, err
		}
		if i >= len(s.paths) { // the first look at each finds nothing prepared
			times = append(times, b.clock.Now().Sub(began).Seconds()*1000)
		}
		size = max(size, len(page))
	}
	p95 := percentile(times, 95)
	return below("screen: "+s.name+", p95", p95, "ms", screenBudget, fmt.Sprintf("median %.1f ms, %.2f of the budget, %d looks, %d kB", median(times), p95/screenBudget, len(times), size/1000)), nil
}

// browser keeps the cookies of one person.
type browser struct {
	door    http.Handler
	cookies []*http.Cookie
}

func (w *browser) do(r *http.Request) *httptest.ResponseRecorder {
	for _, c := range w.cookies {
		r.AddCookie(c)
	}
	answer := httptest.NewRecorder()
	w.door.ServeHTTP(answer, r)
	if fresh := answer.Result().Cookies(); len(fresh) > 0 {
		w.cookies = fresh
	}
	return answer
}

func (w *browser) enter(name string) error {
	r := httptest.NewRequest(http.MethodPost, console.Prefix+"sign-in/demo", strings.NewReader(url.Values{"name": {name}}.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if answer := w.do(r); answer.Code != http.StatusSeeOther {
		return fmt.Errorf("sign in: %d %.200s", answer.Code, answer.Body)
	}
	return nil
}

func (w *browser) get(path string) (string, error) {
	answer := w.do(httptest.NewRequest(http.MethodGet, console.Prefix+path, nil))
	if answer.Code != http.StatusOK {
		return "", fmt.Errorf("%s answers %d to %.120s", path, answer.Code, answer.Header().Get("Location"))
	}
	return answer.Body.String(), nil
}

// later follows the link to the next page so often, and returns the path that it leads to.
func (w *browser) later(path string, times int) (string, error) {
	next := regexp.MustCompile(`href="` + console.Prefix + `(inbox\?after=[^"]+)"`)
	for range times {
		page, err := w.get(path)
		if err != nil {
			return "", err
		}
		m := next.FindStringSubmatch(page)
		if m == nil {
			return path, nil
		}
		path = html.UnescapeString(m[1])
	}
	return path, nil
}
