// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"rogatory"
	"rogatory/deadline"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/language"
)

// What is entered besides messages has its words in every language and fits a slow line, filled as full as it gets.
func TestCaseworkScreensFitASlowLine(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(11, 12))}
	s := budgetServer(w)
	s.Office.Mode = rogatory.Live // with all the States that there are
	for _, tag := range language.Supported() {
		l := s.texts.Locale(tag)
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		at := func(method, path string, form url.Values, values ...string) *visit {
			r := httptest.NewRequest(method, Prefix+path, strings.NewReader(form.Encode())).WithContext(ctx)
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			for i := 0; i < len(values); i += 2 {
				r.SetPathValue(values[i], values[i+1])
			}
			return &visit{s: s, w: httptest.NewRecorder(), r: r, ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()),
				by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.Decider}}}
		}
		v := at(http.MethodGet, "retention", nil)
		var kept []docket.Keeping
		for i := range keptShown + 7 {
			rules := []string{"evidence_received", "evidence_sent", "emergency_data", "intercepted_data"}
			k := docket.Keeping{Exhibit: rogatory.ExhibitID("XA-E-" + strings.ToUpper(w.hex(12))), Request: w.id(), Title: w.words(7), Term: deadline.RetentionTerm{Rule: rules[i%4], DeleteAt: v.now.Add(time.Duration(i-9) * time.Hour)}, Due: i < 9}
			k.Term.Delete.At = k.Term.DeleteAt
			if i%5 == 0 {
				k.Term.HeldBy, k.Term.DeleteAt, k.Due = []string{w.words(3)}, 0, false
			}
			kept = append(kept, k)
		}
		screens := map[string]templ.Component{
			"retention": retentionScreen(v.frame(l.T("retention.title"), "agenda"), s.retentionOf(v, kept)),
			"arrivals":  arrivalsScreen(v.frame(l.T("arrival.title"), "new"), s.kindChoices(l)),
		}
		forms := 0
		for _, c := range s.kindChoices(l) {
			e, _, err := s.arrivalForm(at(http.MethodPost, "arrivals/"+c.Value, url.Values{"title": {w.words(9)}, "law": {w.words(9)}}, "kind", c.Value))
			if err != nil {
				t.Fatal(err)
			}
			need(v, e.Fields)
			if !e.wrong() {
				t.Errorf("a %s without a sender is taken", c.Value)
			}
			screens["arrivals/"+c.Value] = enterScreen(v.frame(e.Title, "inbox"), e)
			forms++
		}
		if forms < len(s.Rules.Kinds)-1 {
			t.Errorf("%d forms for %d kinds", forms, len(s.Rules.Kinds))
		}
		e, _, err := s.elsewhereForm(at(http.MethodPost, "elsewhere", url.Values{"title": {strings.Repeat("x", 1000)}}))
		if err != nil || !e.wrong() {
			t.Fatalf("a title of a thousand letters is taken (%v)", err)
		}
		screens["elsewhere"] = enterScreen(v.frame(e.Title, "inbox"), e)
		e.checked = true
		screens["elsewhere, checked"] = enterScreen(v.frame(e.Title, "inbox"), e)
		for name, screen := range screens {
			var page bytes.Buffer
			if err := screen.Render(ctx, &page); err != nil {
				t.Fatal(err)
			}
			if n := packedSize(t, page.Bytes()); n > pageBudget {
				t.Errorf("%s in %s is %d bytes packed, the budget is %d", name, tag, n, pageBudget)
			}
			if strings.Contains(page.String(), "⟦") {
				i := strings.Index(page.String(), "⟦")
				t.Errorf("%s in %s lacks a string: %.60s", name, tag, page.String()[i:])
			}
		}
	}
}

func TestADigestIsCompared(t *testing.T) {
	var x rogatory.Exhibit
	x.Seal.SHA256, x.Seal.SHA512 = rogatory.DigestOf([]byte("log")), rogatory.LongDigest{1, 2}
	sum := x.Seal.SHA256.String()
	for name, c := range map[string]struct{ typed, says string }{
		"nothing":            {" ", ""},
		"the same":           {sum, "same"},
		"in capitals":        {strings.ToUpper(sum), "same"},
		"in groups":          {grouped(sum), "same"},
		"with colons":        {sum[:2] + ":" + sum[2:], "same"},
		"SHA-512":            {x.Seal.SHA512.String(), "same"},
		"another":            {strings.Repeat("0", 64), "differs"},
		"the beginning":      {sum[:16], "malformed"},
		"words of this form": {strings.Repeat("z", 64), "malformed"},
	} {
		if got := compared(x, c.typed); got.Says != c.says || got.Typed != c.typed {
			t.Errorf("%s: %+v, want %q", name, got, c.says)
		}
	}
}

// The journal shows gaps in the way of an exhibit, and the page says them in words.
func TestGapsInCustody(t *testing.T) {
	hands := func(types ...rogatory.EntryType) (all []handView) {
		for _, typ := range types {
			all = append(all, handView{Type: typ})
		}
		return all
	}
	unproved := append(hands(rogatory.ExhibitSealed), handView{Type: rogatory.MessageSent, Unproved: true})
	for name, c := range map[string]struct {
		ours  bool
		state docket.ExhibitState
		hands []handView
		want  string
	}{
		"sealed here":             {true, docket.Sealed, hands(rogatory.ExhibitSealed), "whole"},
		"ours, sealed by nobody":  {true, docket.Offered, hands(rogatory.MessageSent), "gap"},
		"offered, not receipted":  {true, docket.Offered, unproved, "unproved"},
		"held here":               {false, docket.Held, hands(rogatory.MessageReceived, rogatory.ExhibitReceived), "before"},
		"held, never arrived":     {false, docket.Held, hands(rogatory.MessageReceived), "gap"},
		"held, offered by nobody": {false, docket.Held, hands(rogatory.ExhibitReceived), "gap"},
	} {
		p := exhibitPage{exhibitView: exhibitView{ExhibitFile: docket.ExhibitFile{Ours: c.ours, State: c.state}}, Hands: c.hands}
		if got := gapOf(p); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// Each entry belongs to one part of the timeline, so that the parts together are all of it.
func TestEveryLineHasItsPart(t *testing.T) {
	for typ, want := range map[rogatory.EntryType]string{rogatory.MessageSent: lineSaid, rogatory.ActRecorded: lineSaid, rogatory.RequestRecorded: lineSaid, rogatory.ExhibitDeleted: lineExhibits, rogatory.DeadlinePassed: lineDates,
		rogatory.DutySet: lineDates, rogatory.OrderRenewed: lineDates, rogatory.RequestClaimed: lineWork, rogatory.VoteCast: lineWork, rogatory.RequestDrafted: lineWork} {
		if got := sortOf(typ); got != want {
			t.Errorf("%s is in %s, want %s", typ, got, want)
		}
	}
}

// What a reviewer typed and did not sign waits in the session, for the request that it is about, and nowhere else.
func TestASheetWaitsUnsigned(t *testing.T) {
	v := idleVisit(t)
	id, other := rogatory.RequestID("XA-2026-7K3M9Q2P.1"), rogatory.RequestID("XA-2026-7K3M9Q2P.2")
	v.keepSheet(id, url.Values{"a-necessity": {"yes"}, "r-necessity": {"only this account & its logs"}, "step": {"keep"}})
	if got := v.keptSheet(id); got.Get("r-necessity") != "only this account & its logs" || got.Has("step") {
		t.Errorf("it keeps %v", got)
	}
	if got := v.keptSheet(other); got != nil {
		t.Errorf("another request has %v", got)
	}
	v.keepSheet(other, url.Values{"r-necessity": {strings.Repeat("x", maxSheetForm)}})
	if got := v.keptSheet(id); got == nil {
		t.Error("a form that is too large drops the one that waits")
	}
	v.dropSheet()
	if got := v.keptSheet(id); got != nil {
		t.Errorf("after signing it keeps %v", got)
	}
}

// A wrong entry of the directory is told where the entry stands, and can be told of every other State's points.
func TestAWrongEntryIsShown(t *testing.T) {
	v := idleVisit(t)
	f := v.frame("x", "directory")
	var page bytes.Buffer
	if err := verifiedOf(f, desk.Point{Verified: desk.Verification{By: "Ana Duarte", At: v.now, Wrong: "a bakery answers"}}).Render(t.Context(), &page); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(page.String(), "a bakery answers") || !strings.Contains(page.String(), "Reported wrong by Ana Duarte") {
		t.Errorf("it says %s", page.String())
	}
	party := v.s.party("XB")
	if got := v.s.pointNumber(desk.Point{State: "XB", Name: party.ContactPoints[1].Name}); got != 1 {
		t.Errorf("the second point has the number %d", got)
	}
	if got := v.s.pointNumber(desk.Point{State: "XA", Name: "desk"}); got != -1 {
		t.Errorf("our own point can be reported: %d", got)
	}
}
