// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/safeguard"
)

// Whatever a comparison can say has its words in every language, and the screens of it fit a slow line. Who may not see an
// exhibit in quarantine is offered no way to it.
func TestQuarantineHasWordsAndFits(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(5, 6))}
	s := budgetServer(w)
	reviewer, sealer, keeper := rogatory.Officer{Name: "M. Okonkwo", Role: rogatory.Decider}, rogatory.Officer{Name: "I. Brandt", Role: rogatory.Decider}, rogatory.Officer{Name: "N. Silva", Role: rogatory.Custodian}
	found := func(v safeguard.Verdict, why string) docket.ExhibitFile {
		x := docket.ExhibitFile{State: docket.Sealed, Ours: true, By: sealer.Name, CutFrom: "XA-E-5TQ0ZC8H1M4A",
			Exhibit: rogatory.Exhibit{ID: rogatory.ExhibitID("XA-E-" + strings.ToUpper(w.hex(12))), Title: w.words(7), FileName: w.hex(9) + ".csv", Acquired: w.words(9)},
			Compared: &safeguard.Comparison{Verdict: v, Why: why, Rows: 41_207, Outside: 12_362, Columns: safeguard.Columns{Time: "Time", Identifiers: []string{"Source IP"}},
				Open: []safeguard.Outside{safeguard.WrongTime, safeguard.WrongIdentifier, safeguard.WrongKind}, Reasons: map[safeguard.Outside]int64{}}}
		for _, r := range outsideReasons {
			x.Compared.Reasons[r] = w.Int64N(9000) + 1
		}
		if x.Compared.Quarantined() {
			x.Quarantine = &docket.Quarantine{Since: rogatory.At(s.Clock.Now()), Votes: []safeguard.Vote{{Person: w.words(2)}}}
		}
		return x
	}
	for _, tag := range language.Supported() {
		l := s.texts.Locale(tag)
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		visitor := func(who rogatory.Officer) *visit {
			return &visit{s: s, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodGet, Prefix+"excess", nil).WithContext(ctx), ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()), by: rogatory.Actor{Address: s.Office.Us, Officer: who}}
		}
		fits := func(page *bytes.Buffer, what string) {
			t.Helper()
			if text := page.String(); strings.Contains(text, "⟦") || strings.Contains(text, "{count") || strings.Contains(text, "{id") {
				t.Errorf("%s: %s lacks words", tag, what)
			}
			if n := packedSize(t, page.Bytes()); n > pageBudget {
				t.Errorf("%s: %s of %d bytes packed, the budget is %d", tag, what, n, pageBudget)
			}
		}
		v := visitor(reviewer)
		view := excessView{More: 7}
		for range excessShown {
			x := found(safeguard.Exceeds, "")
			view.Rows = append(view.Rows, excessRow{docket.Quarantined{ExhibitFile: x, Request: w.id()}, when(l, x.Quarantine.Since, "UTC")})
		}
		var page bytes.Buffer
		if err := excessScreen(v.frame(l.T("excess.title"), "excess"), view).Render(ctx, &page); err != nil {
			t.Fatal(err)
		}
		fits(&page, "the list")
		for verdict, reasons := range map[safeguard.Verdict][]string{safeguard.Within: {""}, safeguard.Exceeds: {""}, safeguard.Undetermined: {safeguard.NoColumns, safeguard.NotReadable},
			safeguard.NotCompared: {safeguard.NoRows, safeguard.NotStructured, safeguard.NoScope, safeguard.NoAnswer, safeguard.NotReadable}} {
			for _, why := range reasons {
				x := found(verdict, why)
				for _, who := range []rogatory.Officer{reviewer, sealer, keeper} {
					v := visitor(who)
					p := exhibitPage{exhibitView: exhibitView{x, w.id()}, About: comparedOf(v, x)}
					var page bytes.Buffer
					if err := exhibitScreen(v.frame(x.Exhibit.Title, "inbox"), p).Render(ctx, &page); err != nil {
						t.Fatal(err)
					}
					fits(&page, string(verdict)+" "+why)
					text := page.String()
					if strings.Contains(text, "/cut") != (who == reviewer && verdict == safeguard.Exceeds) || strings.Contains(text, "/discard") != (who == reviewer && x.Quarantine != nil) ||
						strings.Contains(text, "/release") != (who != sealer && x.Quarantine != nil) {
						t.Errorf("%s: %s, %s may do something else than the office lets them", tag, verdict, who.Name)
					}
				}
			}
		}
	}
}

func TestColumnsAreNamedInAnyScript(t *testing.T) {
	c := namedColumns(map[string]string{"time_column": "zeit", "identifier_columns": " von , nach،إلى、账号 ;"})
	if c.Time != "zeit" || strings.Join(c.Identifiers, "|") != "von|nach|إلى|账号" {
		t.Errorf("%q", c)
	}
}
