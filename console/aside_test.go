// SPDX-License-Identifier: Apache-2.0

package console

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/docket"
)

func idleVisit(t *testing.T) *visit {
	t.Helper()
	s := budgetServer(writer{rand.New(rand.NewPCG(1, 2))})
	parties := s.Parties()
	parties[0].ContactPoints = []rogatory.ContactPoint{{Zone: "Asia/Bangkok"}}
	s.Config.Parties = func() []rogatory.Party { return parties }
	ctx, err := s.sessions.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequest(http.MethodGet, Prefix+"inbox", nil).WithContext(ctx)
	return &visit{s: s, w: httptest.NewRecorder(), r: r, ctx: ctx, loc: testLocale(), now: rogatory.At(s.Clock.Now())}
}

// A moment is read in the zone that stands beside its field, which is our desk's.
func TestTheMomentOfAFormIsOurs(t *testing.T) {
	v := idleVisit(t)
	for name, c := range map[string]struct {
		text string
		want rogatory.Instant
	}{
		"a moment":            {"2026-11-26T09:00", rogatory.At(time.Date(2026, 11, 26, 2, 0, 0, 0, time.UTC))},
		"nothing":             {"", 0},
		"words":               {"tomorrow", 0},
		"a day":               {"2026-11-26", 0},
		"before all machines": {"1969-11-26T09:00", 0},
	} {
		if got := (asideForm{Until: c.text}).until(v); got != c.want {
			t.Errorf("%s is read as %s, want %s", name, got, c.want)
		}
	}
	if got := v.frame("x", "inbox").tomorrow(); got != "2026-11-26T09:00" {
		t.Errorf("a fresh form says %s", got)
	}
}

func TestTheTimelineTellsWhatWasPutAside(t *testing.T) {
	l := testLocale()
	for name, c := range map[string]struct{ moment, want string }{
		"until":    {"2026-11-26T02:00:00.000000Z", "Put aside until 26 November 2026"},
		"taken up": {"", "Taken up again"},
		"unread":   {"soon", "Request put aside"},
	} {
		if got := entryWords(l, rogatory.Entry{Type: rogatory.RequestSnoozed, Name: c.moment}, "Asia/Bangkok"); !strings.Contains(got, c.want) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestALongReasonIsShortInTheInbox(t *testing.T) {
	short, long := docket.Aside{Why: strings.Repeat("ก", maxGlance)}, docket.Aside{Why: strings.Repeat("ก", maxGlance+1)}
	if glanced(short) != short || glanced(long).Why != short.Why+"…" {
		t.Errorf("%q, %q", glanced(short).Why, glanced(long).Why)
	}
}

// A session remembers the last five requests, each once, the last one first.
func TestASessionRemembersWhatItOpened(t *testing.T) {
	v := idleVisit(t)
	id := func(n int) rogatory.RequestID { return rogatory.RequestID(fmt.Sprintf("XA-2026-7K3M9Q2P.%d", n)) }
	for _, n := range []int{1, 2, 3, 4, 2, 5, 6, 6} {
		v.opened(id(n))
	}
	if want := []rogatory.RequestID{id(6), id(5), id(2), id(4), id(3)}; !slices.Equal(v.recent(), want) {
		t.Errorf("it remembers %v, want %v", v.recent(), want)
	}
}
