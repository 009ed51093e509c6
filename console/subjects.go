// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/safeguard"
)

// This file is what becomes of the people whom a request concerns: secrecy with its end, who has to be told, and who
// reviews an emergency. What each form would put into the journal is shown before it does.

func (s *server) subjectRoutes(mux *http.ServeMux) {
	s.page(mux, "GET subject-notices", (*server).subjects)
	s.page(mux, "GET requests/{id}/subject", (*server).subject)
	s.entries(mux, "requests/{id}/subject/{what}", (*server).subjectForm)
	s.page(mux, "GET suspensions", (*server).suspensions)
	s.entries(mux, "suspensions/{what}", (*server).suspensionForm)
}

// subjectsShown is how many rows the list shows: a screen that fits a slow line. The longest due come first.
const subjectsShown = 40

type subjectRow struct {
	docket.Pending
	Clock clockView
	Them  string
}

type subjectsView struct {
	Tell, Review []subjectRow
	More         bool
}

func (s *server) subjects(v *visit) error {
	tell, more, err := s.Office.Subjects(v.ctx, v.by)
	if err != nil {
		return err
	}
	review, moreReviews, err := s.Office.Emergencies(v.ctx, v.by)
	if err != nil {
		return err
	}
	view := subjectsView{Tell: s.subjectRows(v, tell, docket.TellingDue), Review: s.subjectRows(v, review, docket.EmergencyDue)}
	view.More = more || moreReviews || len(view.Tell) < len(tell) || len(view.Review) < len(review)
	return v.show(http.StatusOK, subjectsScreen(v.frame(v.loc.T("subjects.title"), "subjects"), view))
}

func (s *server) subjectRows(v *visit, all []docket.Pending, name string) (rows []subjectRow) {
	for _, p := range all[:min(len(all), subjectsShown)] {
		d := docket.Deadline{Name: name, Due: p.Due}
		rows = append(rows, subjectRow{p, s.clockOf(v.loc, d, v.now, p.File.Them.State), s.name(v.loc, p.File.Them.State)})
	}
	return rows
}

// waitsForPeople is what no request in the inbox shows: people to be told and emergencies to be reviewed whose time has
// come, answers in quarantine, and suspensions that a person of this role can agree to.
func (s *server) waitsForPeople(v *visit) (all []option, err error) {
	tell, _, err := s.Office.Subjects(v.ctx, v.by)
	if err != nil {
		return nil, err
	}
	review, _, err := s.Office.Emergencies(v.ctx, v.by)
	if err != nil {
		return nil, err
	}
	quarantined, err := s.Office.Quarantined(v.ctx, v.by)
	if err != nil {
		return nil, err
	}
	suspensions, err := s.Office.Suspensions(v.ctx, v.by)
	if err != nil {
		return nil, err
	}
	wait := func(n int, key, where string) {
		if n > 0 {
			all = append(all, option{where, v.loc.N(key, int64(n))})
		}
	}
	overdue, agree := 0, 0
	for _, p := range append(tell, review...) {
		if p.Overdue(v.now) {
			overdue++
		}
	}
	for _, x := range s.suspensionsOf(v, suspensions) {
		if x.Stands == "proposed" && slices.Contains(x.Do, "agree") {
			agree++
		}
	}
	wait(overdue, "subjects.overdue", "subject-notices")
	wait(len(quarantined), "excess.waiting", "excess")
	wait(agree, "suspensions.waiting", "suspensions")
	return all, nil
}

// subjectView is what a request's page says of the people whom it concerns.
type subjectView struct {
	File      docket.File
	ThemName  string
	Secrecy   safeguard.Secrecy
	Notice    safeguard.NoticeState
	Until     rogatory.Instant
	Void      int
	Emergency *emergencyView
	Do        []string // what this person may record
}

type emergencyView struct {
	docket.EmergencyFile
	Ends, Review *clockView
	Over         bool
}

// subjectOf says how things stand; nil where a request concerns nobody's secrecy, notice or emergency.
func (s *server) subjectOf(v *visit, f docket.File) *subjectView {
	if len(f.Secrecy) == 0 && f.Subject == nil && f.Emergency == nil {
		return nil
	}
	view := &subjectView{File: f, ThemName: s.name(v.loc, f.Them.State), Secrecy: f.SecrecyAt(v.now)}
	view.Notice, view.Until = f.SubjectAt(v.now)
	may := mayClaim(v.by.Role)
	open := view.Notice != "" && view.Notice != safeguard.NoticeTold && view.Notice != safeguard.NoticeNever
	if open && may {
		if !view.Secrecy.Secret {
			view.Do = append(view.Do, "told")
		}
		if v.by.Role == rogatory.Decider {
			view.Do = append(view.Do, "later", "never")
		}
	}
	if f.Side == rogatory.RequestingSide && f.State != rogatory.Drafted && mayAct(v.by.Role, rogatory.Correct) {
		view.Do = append(view.Do, "secrecy")
		if view.Secrecy.Secret {
			view.Do = append(view.Do, "open")
		}
	}
	if e := f.Emergency; e != nil {
		x := emergencyView{EmergencyFile: *e}
		for _, d := range f.Deadlines {
			c := s.clockOf(v.loc, d, v.now, f.Them.State)
			switch {
			case d.Name == docket.EmergencyEnd && d.State == docket.Running:
				x.Ends = &c
			case d.Name == docket.EmergencyEnd:
				x.Over = true
			case d.Name == docket.EmergencyDue && e.Reviewed == 0:
				x.Review = &c
			}
		}
		view.Emergency = &x
		if may && e.Used != 0 && e.Reviewed == 0 && !slices.Contains(e.Deciders, v.by.Name) {
			view.Do = append(view.Do, "emergency")
		}
	}
	return view
}

func (s *server) subject(v *visit) error {
	f, err := v.file()
	if err != nil {
		return err
	}
	view := s.subjectOf(v, f)
	if view == nil {
		view = &subjectView{File: f, ThemName: s.name(v.loc, f.Them.State)}
	}
	return v.show(http.StatusOK, subjectScreen(v.frame(v.loc.T("subject.title"), "subjects"), *view))
}

// subjectForm is what a person records of the people whom a request concerns, of its secrecy and of its emergency.
func (s *server) subjectForm(v *visit) (entering, func() (string, error), error) {
	f, values, err := v.fileForm()
	if err != nil {
		return entering{}, nil, err
	}
	l, what, at := v.loc, v.r.PathValue("what"), "requests/"+string(f.ID)+"/subject"
	ask := func(name, form, article string, needed bool) field {
		return field{Name: name, Label: l.T("subject.ask." + name), Hint: l.T("subject.hint." + name), Form: form, Article: article, Needed: needed, Value: strings.TrimSpace(values[name])}
	}
	article := "24(2)"
	switch what {
	case "secrecy", "open":
		article = "40(20)"
	case "emergency":
		article = "41(3)(e)"
	}
	why, until := reasoned(l, ask("why", "area", article, true)), ask("until", "moment", article, true)
	end := momentOf(l, &until)
	e := entering{About: f.Request.Title, Request: f.ID, Action: Prefix + at + "/" + what, Leave: Prefix + at, Grave: true}
	var do func() error
	switch what {
	case "told":
		how, on, ref := ask("how", "area", article, true), ask("when", "moment", "", false), ask("ref", "text", "", false)
		t := docket.Telling{How: how.Value, When: momentOf(l, &on), Ref: ref.Value}
		e.Fields, e.Entry, e.Grave = []field{how, on, ref}, rogatory.SubjectTold, false
		do = func() error { _, err := s.Office.Tell(v.ctx, v.by, f.ID, t); return err }
	case "later":
		e.Fields, e.Entry = []field{why, until}, rogatory.SubjectPostponed
		do = func() error { _, err := s.Office.PutOff(v.ctx, v.by, f.ID, end, why.Value); return err }
	case "never":
		e.Fields, e.Entry = []field{why}, rogatory.SubjectNever
		do = func() error { _, err := s.Office.CannotTell(v.ctx, v.by, f.ID, why.Value); return err }
	case "secrecy":
		e.Fields, e.Entry = []field{why, until}, rogatory.MessageSent
		do = func() error {
			_, err := s.Office.KeepSecret(v.ctx, v.by, f.ID, end, why.Value, l.Tag())
			return err
		}
	case "open":
		e.Fields, e.Entry = []field{why}, rogatory.MessageSent
		do = func() error { _, err := s.Office.KeepSecret(v.ctx, v.by, f.ID, 0, why.Value, l.Tag()); return err }
	case "emergency":
		found := ask("found", "radio", article, true)
		for _, x := range []docket.Finding{docket.Justified, docket.Unjustified} {
			found.Options = append(found.Options, option{string(x), l.T("subject.found." + string(x))})
		}
		e.Fields, e.Entry = []field{found, why}, rogatory.EmergencyReviewed
		do = func() error {
			_, err := s.Office.ReviewEmergency(v.ctx, v.by, f.ID, docket.Finding(found.Value), why.Value)
			return err
		}
	default:
		return entering{}, nil, rogatory.Fault(rogatory.NotFound, "page_unknown", "there is no page %.100q here", v.r.URL.Path)
	}
	then := what
	if what == "never" && f.Subject != nil && f.Subject.Never != nil {
		then = "told" // with a second person it ends as if they were
	}
	e.Title, e.Notes = l.T("subject.do."+what), []string{l.T("subject.then."+then, "state", s.name(l, f.Them.State))}
	e.Do = l.T("act.do", "act", e.Title)
	return e, recorded(v, at, do), nil
}

// recorded does what was confirmed, says so, and leads back.
func recorded(v *visit, to string, do func() error) func() (string, error) {
	return func() (string, error) {
		if err := do(); err != nil {
			return "", err
		}
		v.say("subject.done")
		return to, nil
	}
}

// reasoned marks a reason that says nothing.
func reasoned(l *language.Locale, f field) field {
	if f.Value != "" && !safeguard.Reasoned(f.Value) {
		f.Wrong = l.T("subject.wrong.why")
	}
	return f
}

// momentOf reads a moment, in UTC, and marks one that cannot be read; zero where none was given.
func momentOf(l *language.Locale, f *field) rogatory.Instant {
	at, ok := moment(f.Value)
	if f.Value != "" && !ok {
		f.Wrong = l.T("wrong.moment")
	}
	return at
}

// suspensionView is one suspension with how it stands.
type suspensionView struct {
	safeguard.Suspension
	Name    string
	Stands  string // names the words: proposed, force, overdue, lifting, lifted
	Next    rogatory.Instant
	Do      []string // what this person may record
	Lifting bool
}

func (s *server) suspensions(v *visit) error {
	all, err := s.Office.Suspensions(v.ctx, v.by)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, suspensionsScreen(v.frame(v.loc.T("suspensions.title"), "suspensions"), s.suspensionsOf(v, all), mayClaim(v.by.Role)))
}

// suspensionsShown is how many suspensions the screen shows, the newest first.
const suspensionsShown = 25

func (s *server) suspensionsOf(v *visit, all []safeguard.Suspension) (views []suspensionView) {
	for _, x := range slices.Backward(all) {
		if len(views) == suspensionsShown {
			break
		}
		view := suspensionView{Suspension: x, Name: s.name(v.loc, x.State), Next: x.Review, Stands: "force"}
		for _, r := range x.Reviewed {
			view.Next = max(view.Next, r.Next)
		}
		_, overdue := safeguard.Suspended([]safeguard.Suspension{x}, x.State, v.now)
		may := mayClaim(v.by.Role)
		agreed := func(all []safeguard.Approval) bool {
			return slices.ContainsFunc(all, func(a safeguard.Approval) bool { return a.Person == v.by.Name || a.Role == v.by.Role })
		}
		switch {
		case x.Lifted != nil && x.Lifted.At != 0:
			view.Stands = "lifted"
		case !x.Valid():
			view.Stands = "proposed"
			if may && !agreed(x.By) {
				view.Do = []string{"agree"}
			}
			if view.Lifting = x.Lifted != nil; may && (!view.Lifting || !agreed(x.Lifted.By)) {
				view.Do = append(view.Do, "lift")
			}
		default:
			if overdue {
				view.Stands = "overdue"
			}
			if view.Lifting = x.Lifted != nil; may {
				view.Do = []string{"review"}
				if !view.Lifting || !agreed(x.Lifted.By) {
					view.Do = append(view.Do, "lift")
				}
			}
		}
		views = append(views, view)
	}
	return views
}

// suspensionForm is what a person records of a suspension. One that is there already is shown, and not chosen again.
func (s *server) suspensionForm(v *visit) (entering, func() (string, error), error) {
	all, err := s.Office.Suspensions(v.ctx, v.by)
	if err != nil {
		return entering{}, nil, err
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	l, what := v.loc, v.r.PathValue("what")
	code := rogatory.StateCode(cmp.Or(values["state"], v.r.URL.Query().Get("state")))
	why := reasoned(l, field{Name: "why", Label: l.T("subject.ask.why"), Hint: l.T("subject.hint.why"), Form: "area", Article: "6(1)", Needed: true, Value: strings.TrimSpace(values["why"])})
	next := field{Name: "review", Label: l.T("suspensions.review"), Hint: l.T("suspensions.review.hint"), Form: "moment", Needed: true, Value: strings.TrimSpace(values["review"])}
	review := momentOf(l, &next)
	e := entering{Title: l.T("suspensions.do." + what), Action: Prefix + "suspensions/" + what, Leave: Prefix + "suspensions", Grave: true, Entry: rogatory.StateSuspended, Fields: []field{why}, Notes: []string{l.T("suspensions.then." + what)}}
	e.Do = l.T("act.do", "act", e.Title)
	if what == "propose" {
		state := field{Name: "state", Label: l.T("suspensions.state"), Form: "select", Value: string(code), Needed: true, Options: []option{{"", l.T("bulk.choose")}}}
		for _, p := range s.Parties() {
			if p.Code != s.Office.Us.State {
				state.Options = append(state.Options, option{string(p.Code), s.name(l, p.Code)})
			}
		}
		e.Fields = []field{state, why, next}
		return e, recorded(v, "suspensions", func() error { _, err := s.Office.Suspend(v.ctx, v.by, code, why.Value, review); return err }), nil
	}
	i := slices.IndexFunc(all, func(x safeguard.Suspension) bool {
		return x.State == code && (x.Lifted == nil || x.Lifted.At == 0)
	})
	if i < 0 {
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "suspension_none", "nobody has proposed to suspend cooperation with %.20s", code)
	}
	about := s.suspensionsOf(v, all[i:i+1])[0]
	e.About, e.Lead, e.Hidden = about.Name, l.T("suspensions.stands."+about.Stands)+" "+l.T("suspensions.for", "text", about.Reason), []option{{"state", string(code)}}
	var do func() error
	switch what {
	case "agree":
		do = func() error { _, err := s.Office.Suspend(v.ctx, v.by, code, why.Value, about.Review); return err }
	case "review":
		e.Fields, e.Entry = append(e.Fields, next), rogatory.StateReviewed
		do = func() error { _, err := s.Office.ReviewSuspension(v.ctx, v.by, code, why.Value, review); return err }
	case "lift":
		e.Entry = rogatory.StateResumed
		do = func() error { _, err := s.Office.Resume(v.ctx, v.by, code, why.Value); return err }
	default:
		return entering{}, nil, rogatory.Fault(rogatory.NotFound, "page_unknown", "there is no page %.100q here", v.r.URL.Path)
	}
	return e, recorded(v, "suspensions", do), nil
}
