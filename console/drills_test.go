// SPDX-License-Identifier: Apache-2.0

package console

import (
	"encoding/xml"
	"errors"
	"io"
	"math/rand/v2"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
	"rogatory/docket"
)

// drilled are drills and figures of a State among many.
func (w writer) drilled(now rogatory.Instant) (plans []alarm.NextDrill, lines []alarm.DrillLine, figures []alarm.Compared) {
	for c := 'B'; c <= 'Y'; c++ {
		of := rogatory.StateCode("X" + string(c))
		plans = append(plans, alarm.NextDrill{State: of, Off: c == 'C', Days: 1 + w.IntN(60), From: now, To: now.Add(30 * 24 * time.Hour), Last: now.Add(-time.Hour)})
		for n := range 6 {
			sent := now.Add(-time.Duration(n*700+w.IntN(600)) * time.Hour)
			d := docket.Drill{Request: w.id(), By: "XA", Of: of, Sent: sent, Received: sent.Add(time.Second), Answered: sent.Add(time.Duration(1+w.IntN(90)) * time.Minute), Ended: true}
			switch w.IntN(9) {
			case 0:
				d.Answered = 0
			case 1:
				d.Refused, d.Answered, d.Received = "drill_too_soon", 0, 0
			case 2:
				d.By, d.Of = of, "XA"
			}
			l := alarm.DrillLine{Drill: d, Machine: 1000}
			if d.Answered != 0 {
				l.Human = d.Answered.Sub(sent).Milliseconds()
			}
			lines = append(lines, l)
		}
		f := desk.Figures{By: "XA", Of: of, Mode: rogatory.Exercise, From: now.Add(-90 * 24 * time.Hour), To: now, Drills: 3, Human: desk.Spread{Answered: 2, Median: 60_000}}
		other := f
		other.Human.Median = 50_000
		c := alarm.Compared{Figures: f, Signed: []desk.Statement{{Figures: f, Signer: "XA", Message: rogatory.Digest{1}}}}
		switch w.IntN(4) {
		case 0:
			c.Signed = append(c.Signed, desk.Statement{Figures: f, Signer: of, Message: rogatory.Digest{2}})
			c.Public = true
		case 1:
			c.Theirs, c.Differs = &other, []string{"human.median_ms"}
		case 2:
			c.Signed[0].Signer = of
		}
		figures = append(figures, c)
	}
	return plans, lines, figures
}

func TestTheScreenOfDrillsInEachLanguage(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(3, 4))}
	s := budgetServer(w)
	for _, l := range s.spoken {
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		answer := httptest.NewRecorder()
		v := &visit{s: s, w: answer, r: httptest.NewRequest("GET", Prefix+"drills", nil).WithContext(ctx), ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()),
			by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.DutyOfficer}}}
		plans, lines, figures := w.drilled(v.now)
		view := s.drillsOf(v, plans, lines, figures)
		var page strings.Builder
		if err := drillsScreen(v.frame(l.T("drills.title"), "drills"), view).Render(ctx, &page); err != nil {
			t.Fatal(err)
		}
		if n := packedSize(t, []byte(page.String())); n > pageBudget {
			t.Errorf("%s: %d bytes packed", l.Tag(), n)
		}
		for _, key := range []string{"drills.public", "drills.silent", "drills.refused", "drills.plan.off"} {
			if !strings.Contains(page.String(), l.T(key)) {
				t.Errorf("%s: %s is nowhere", l.Tag(), key)
			}
		}
		drawing := xml.NewDecoder(strings.NewReader(view.Dots))
		for {
			if _, err := drawing.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatalf("%s: %v", l.Tag(), err)
			}
		}
		if strings.Count(view.Dots, `class="median"`) < 3 {
			t.Errorf("%s: nothing is drawn", l.Tag())
		}
	}
}

func TestDrillsAsFiles(t *testing.T) {
	sent := rogatory.At(time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC))
	lines := []alarm.DrillLine{
		{Drill: docket.Drill{Request: "XA-2026-7K3M9Q2P.1", By: "XA", Of: "XB", Sent: sent, Ended: true}, Machine: 900, Human: 61_000},
		{Drill: docket.Drill{Request: "XB-2026-7K3M9Q2R.1", By: "XB", Of: "XA", Sent: sent}},
	}
	want := "request,by,of,sent,machine_ms,human_ms,refused,ended\r\n" +
		"XA-2026-7K3M9Q2P.1,XA,XB,2026-11-25T03:00:00.000000Z,900,61000,,true\r\n" +
		"XB-2026-7K3M9Q2R.1,XB,XA,2026-11-25T03:00:00.000000Z,,,,false\r\n"
	if got := string(drillsCSV(lines)); got != want {
		t.Errorf("got:\n%s", got)
	}
	f := desk.Figures{By: "XA", Of: "XB", From: sent, To: sent.Add(24 * time.Hour), Drills: 3, Human: desk.Spread{Answered: 2, Median: 5}}
	if got := string(drillFiguresCSV([]alarm.Compared{{Figures: f, Signed: []desk.Statement{{Figures: f, Signer: "XB"}}}})); !strings.HasSuffix(got, ",XB,3,0,,,2,5,,false\r\n") {
		t.Errorf("got:\n%s", got)
	}
}
