// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/oversight"
)

// Everything that can be alarming, in every language: each alarm and sign has its words, and the screen fits a slow line.
func TestWhatOversightSeesHasWordsAndFits(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(3, 4))}
	s := budgetServer(w)
	for _, tag := range language.Supported() {
		l := s.texts.Locale(tag)
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{s: s, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodGet, Prefix+"oversight", nil).WithContext(ctx), ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()),
			by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "S. Virtanen", Role: rogatory.Overseer}}}
		view := oversightView{Counted: l.T("oversight.counted", "count", int64(4210), "from", int64(0), "to", int64(50000)), Thresholds: l.T("oversight.thresholds", "version", "2026-11-26")}
		for range 4 {
			for _, pattern := range oversight.Patterns() {
				for _, ours := range []bool{true, false} {
					a := oversight.Alarm{Pattern: pattern, State: w.code(), Person: w.words(2), Ours: ours, Count: 19, Of: 20, Minutes: 1, From: v.now}
					each := patternView{Words: oversightWords(l, a, w.words(4), time.UTC)}
					for range shownOf {
						each.Requests = append(each.Requests, w.id())
					}
					view.Alarms = append(view.Alarms, each)
				}
			}
		}
		for range lookAt {
			view.Look = append(view.Look, lookView{w.id(), "17", signsOf(l, oversight.Signs())})
		}
		for range 10 {
			view.Seeds = append(view.Seeds, seedView{w.id(), seedWords(l, oversight.Outcome{Decision: rogatory.Accept, By: w.words(2), Seconds: 90})},
				seedView{w.id(), seedWords(l, oversight.Outcome{})})
		}
		var page bytes.Buffer
		if err := oversightScreen(v.frame(l.T("oversight.title"), "oversight"), view).Render(ctx, &page); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(page.String(), "⟦") || strings.Contains(page.String(), "{count") || strings.Contains(page.String(), "{time") || !strings.Contains(page.String(), "/console/oversight") {
			t.Errorf("%s lacks words", tag)
		}
		if n := packedSize(t, page.Bytes()); n > pageBudget {
			t.Errorf("%s: %d bytes packed, the budget is %d", tag, n, pageBudget)
		}
	}
}
