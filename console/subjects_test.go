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
	"rogatory/docket"
	"rogatory/safeguard"
)

// guardedFile is a file with as much secrecy and as many postponements as one gathers in years.
func (w writer) guardedFile(f docket.File, now rogatory.Instant) docket.File {
	for i := range 4 {
		from := now.Add(-time.Duration(400-100*i) * 24 * time.Hour)
		f.Secrecy = append(f.Secrecy, safeguard.Grant{By: "XB", Reason: w.words(12), From: from, Until: from.Add(101 * 24 * time.Hour)})
	}
	f.Subject = &docket.SubjectFile{By: f.Side, Since: now.Add(-200 * 24 * time.Hour), SubjectNotice: safeguard.SubjectNotice{Request: f.ID, Due: now.Add(-24 * time.Hour)}}
	for range 4 {
		f.Subject.Postponed = append(f.Subject.Postponed, safeguard.Postponement{By: w.words(2), Why: w.words(12), At: now.Add(-90 * 24 * time.Hour), Until: now.Add(-24 * time.Hour)})
	}
	f.Emergency = &docket.EmergencyFile{Used: now.Add(-24 * time.Hour), Deciders: []string{w.words(2), w.words(2)}}
	f.Deadlines = append(f.Deadlines, docket.Deadline{Name: docket.EmergencyEnd, Due: now.Add(time.Hour), State: docket.Running, Article: "41(3)(e)"}, docket.Deadline{Name: docket.EmergencyDue, Due: now.Add(48 * time.Hour), State: docket.Running, Article: "41(3)(e)"})
	return f
}

// Each screen in every language, as full as it gets, has its words and fits a slow line.
func TestTheScreensOfPersonsConcerned(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(3, 4))}
	s := budgetServer(w)
	for _, l := range s.spoken {
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		v := &visit{s: s, w: httptest.NewRecorder(), r: httptest.NewRequest(http.MethodGet, Prefix+"subject-notices", nil).WithContext(ctx), ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()),
			by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.Decider}}}
		states := []safeguard.NoticeState{safeguard.NoticeWaits, safeguard.NoticePostponed, safeguard.NoticeDue, safeguard.NoticeTold, safeguard.NoticeNever}
		var pending []docket.Pending
		for i := range subjectsShown + 5 {
			pending = append(pending, docket.Pending{File: w.file(v.now, s.Rules.Kinds), Due: v.now.Add(time.Duration(i-5) * time.Hour), State: states[i%len(states)]})
		}
		reviews := make([]docket.Pending, len(pending))
		for i, p := range pending {
			reviews[i] = docket.Pending{File: p.File, Due: p.Due}
		}
		list := subjectsView{Tell: s.subjectRows(v, pending, docket.TellingDue), Review: s.subjectRows(v, reviews[:10], docket.EmergencyDue), More: true}
		f := w.guardedFile(w.file(v.now, s.Rules.Kinds), v.now)
		one := s.subjectOf(v, f)
		var suspended []safeguard.Suspension
		for i := range suspensionsShown + 5 {
			x := safeguard.Suspension{State: w.code(), Reason: w.words(20), From: v.now.Add(-100 * 24 * time.Hour), Review: v.now.Add(time.Duration(i%2*2-1) * 24 * time.Hour),
				By: []safeguard.Approval{{Person: w.words(2), Role: rogatory.Decider, Authenticator: "1"}, {Person: w.words(2), Role: rogatory.DutyOfficer, Authenticator: "2"}}}
			switch i % 5 {
			case 0:
				x.By = x.By[1:]
			case 1:
				x.Lifted = &safeguard.Lifting{Reason: w.words(8), By: x.By, At: v.now}
			case 2:
				x.Reviewed = []safeguard.Review{{By: w.words(2), Reason: w.words(10), At: v.now.Add(-time.Hour), Next: v.now.Add(time.Hour)}}
			}
			suspended = append(suspended, x)
		}
		screens := map[string]templ.Component{
			"list":        subjectsScreen(v.frame(l.T("subjects.title"), "subjects"), list),
			"empty":       subjectsScreen(v.frame(l.T("subjects.title"), "subjects"), subjectsView{}),
			"one":         subjectScreen(v.frame(l.T("subject.title"), "subjects"), *one),
			"suspensions": suspensionsScreen(v.frame(l.T("suspensions.title"), "suspensions"), s.suspensionsOf(v, suspended), true),
			"none":        suspensionsScreen(v.frame(l.T("suspensions.title"), "suspensions"), nil, true),
		}
		told := f
		subject, emergency := *f.Subject, *f.Emergency
		subject.Told, subject.How, subject.Ref, subject.Person = v.now, w.words(6), "J 118/26", w.words(2)
		emergency.Reviewed, emergency.Reviewer, emergency.Finding, emergency.Why = v.now, w.words(2), docket.Unjustified, w.words(9)
		told.Subject, told.Emergency, told.Secrecy = &subject, &emergency, []safeguard.Grant{{By: "XB", Reason: w.words(3), From: 1, Until: 2}}
		screens["told"] = subjectScreen(v.frame(l.T("subject.title"), "subjects"), *s.subjectOf(v, told))
		for name, screen := range screens {
			var page bytes.Buffer
			if err := screen.Render(ctx, &page); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(page.String(), "⟦") || strings.Contains(page.String(), "{time") {
				t.Errorf("%s in %s lacks words", name, l.Tag())
			}
			if n := packedSize(t, page.Bytes()); n > pageBudget {
				t.Errorf("%s in %s: %d bytes packed, the budget is %d", name, l.Tag(), n, pageBudget)
			}
		}
		if len(one.Do) != 3 || one.Do[0] != "later" || one.Emergency.Ends == nil || one.Emergency.Review == nil {
			t.Errorf("%s: a decider of the requested State may record %v", l.Tag(), one.Do)
		}
	}
}

// A form that cannot be taken keeps what was typed and says beside the field what to mend; one that can be is shown as it
// would stand in the journal; nothing is done before.
func TestWhatIsRecordedIsShownBefore(t *testing.T) {
	s := budgetServer(writer{rand.New(rand.NewPCG(3, 4))})
	ctx, err := s.sessions.Load(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	post := func(form url.Values) *httptest.ResponseRecorder {
		answer := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, Prefix+"requests/XB-2026-00000000.1/subject/later", strings.NewReader(form.Encode())).WithContext(ctx)
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		v := &visit{s: s, w: answer, r: r, ctx: ctx, loc: s.texts.Locale("en"), now: rogatory.At(s.Clock.Now()),
			by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.Decider}}}
		values, err := v.form()
		if err != nil {
			t.Fatal(err)
		}
		until := field{Name: "until", Label: "Until when", Form: "moment", Needed: true, Value: values["until"]}
		momentOf(v.loc, &until)
		e := entering{Title: "Put it off", Action: "x", Leave: "y", Entry: rogatory.SubjectPostponed, Fields: []field{reasoned(v.loc, field{Name: "why", Label: "Reason", Form: "area", Needed: true, Value: values["why"]}), until}}
		if err := s.entered(v, e, recorded(v, "y", func() error {
			done++
			return rogatory.Fault(rogatory.Invalid, "telling_late", "too late")
		})); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	for _, c := range []struct {
		name, why, until, step string
		status                 int
		has                    []string
		does                   bool
	}{
		{"nothing was typed", "", "", "", http.StatusUnprocessableEntity, []string{"Until when", "data-wrong"}, false},
		{"a reason of two words", "still needed", "2027-01-31T00:00", "", http.StatusUnprocessableEntity, []string{"still needed", "at least six words", "2027-01-31T00:00"}, false},
		{"no moment", "the suspect is at large and destroys what is left", "soon", "do", http.StatusUnprocessableEntity, []string{"destroys what is left", "soon"}, false},
		{"complete", "the suspect is at large and destroys what is left", "2027-01-31T00:00", "", http.StatusOK, []string{"subject.postponed", "destroys what is left", `value="do"`}, false},
		{"mended once more", "the suspect is at large and destroys what is left", "2027-01-31T00:00", "edit", http.StatusOK, []string{"<textarea"}, false},
		{"refused by the office", "the suspect is at large and destroys what is left", "2027-01-31T00:00", "do", http.StatusUnprocessableEntity, []string{"Too late", "destroys what is left", "<textarea"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			done = 0
			answer := post(url.Values{"why": {c.why}, "until": {c.until}, "step": {c.step}})
			if answer.Code != c.status || (done == 1) != c.does {
				t.Errorf("status %d, done %d times", answer.Code, done)
			}
			page := answer.Body.String()
			for _, want := range c.has {
				if !strings.Contains(page, want) {
					t.Errorf("%q is not on the page", want)
				}
			}
		})
	}
}
