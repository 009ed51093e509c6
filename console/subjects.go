// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"

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
	s.page(mux, "GET requests/{id}/subject/{what}", (*server).subjectDeed)
	s.page(mux, "POST requests/{id}/subject/{what}", (*server).subjectDeed)
	s.page(mux, "GET suspensions", (*server).suspensions)
	s.page(mux, "GET suspensions/{what}", (*server).suspensionDeed)
	s.page(mux, "POST suspensions/{what}", (*server).suspensionDeed)
}

// deed is one thing that a person records: its questions, and what does it once they are answered.
type deed struct {
	Name   string // names its words: subject.do.NAME and so on
	Title  string
	At     string // in the menu
	Action string // where its form goes
	Back   string
	Entry  rogatory.EntryType
	Fields []field
	Grave  bool // it takes a fresh sign-in
	do     func() error

	Checked bool
	Fault   *rogatory.Error
}

// value reads an answer and marks the question if it says nothing.
func (d *deed) value(l *language.Locale, name string) string {
	i := slices.IndexFunc(d.Fields, func(f field) bool { return f.Name == name })
	if f := &d.Fields[i]; f.Needed && f.Value == "" {
		f.Wrong = l.T("wrong.missing", "label", f.Label)
	}
	return d.Fields[i].Value
}

// when reads a moment, in UTC; zero where none was given or it cannot be read.
func (d *deed) when(l *language.Locale, name string) rogatory.Instant {
	text := d.value(l, name)
	at, ok := moment(text)
	if i := slices.IndexFunc(d.Fields, func(f field) bool { return f.Name == name }); text != "" && !ok {
		d.Fields[i].Wrong = l.T("wrong.moment")
	}
	return at
}

// deed shows a form, then what it would put into the journal, then does it.
func (s *server) deed(v *visit, d deed) error {
	typedIn := v.r.Method == http.MethodPost
	status := http.StatusOK
	switch {
	case !typedIn:
		for i := range d.Fields {
			d.Fields[i].Wrong = ""
		}
	case anyWrong(d.Fields):
		status = http.StatusUnprocessableEntity
	case v.r.PostForm.Get("step") == "edit":
	case v.r.PostForm.Get("step") != "do":
		d.Checked = true
	default:
		if d.Grave {
			if ok, err := v.fresh(); err != nil || !ok {
				return err
			}
		}
		err := d.do()
		if err == nil {
			v.say("subject.done")
			return v.to(d.Back)
		}
		if d.Fault = faultOf(err); d.Fault == nil || d.Fault.Kind == rogatory.Internal {
			return err
		}
		status = statusOf(err)
	}
	return v.show(status, deedScreen(v.frame(d.Title, d.At), d))
}

// fieldsOf fills the questions of a deed with what was typed.
func (v *visit) fieldsOf(fields ...field) ([]field, error) {
	if v.r.Method != http.MethodPost {
		return fields, nil
	}
	if err := v.r.ParseForm(); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	said := typed(v.r)
	for i := range fields {
		fields[i].Value = said[fields[i].Name]
	}
	return fields, nil
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

// overdueSubjects is how many people wait to be told, and emergencies to be reviewed, whose time has come.
func (s *server) overdueSubjects(v *visit) (n int64, err error) {
	tell, _, err := s.Office.Subjects(v.ctx, v.by)
	if err != nil {
		return 0, err
	}
	review, _, err := s.Office.Emergencies(v.ctx, v.by)
	for _, p := range append(tell, review...) {
		if p.Overdue(v.now) {
			n++
		}
	}
	return n, err
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

func (s *server) subjectDeed(v *visit) error {
	f, err := v.file()
	if err != nil {
		return err
	}
	what, at := v.r.PathValue("what"), "requests/"+string(f.ID)+"/subject"
	d := deed{Name: what, At: "subjects", Action: at + "/" + what, Back: at, Grave: true}
	ask := func(name, form, article string, needed bool) field {
		return field{Name: name, Label: v.loc.T("subject.ask." + name), Hint: v.loc.T("subject.hint." + name), Form: form, Article: article, Needed: needed}
	}
	why, until := ask("why", "area", "24(2)", true), ask("until", "moment", "24(2)", true)
	var fields []field
	switch what {
	case "told":
		fields, d.Entry, d.Grave = []field{ask("how", "area", "24(2)", true), ask("when", "moment", "", false), ask("ref", "text", "", false)}, rogatory.SubjectTold, false
	case "later":
		fields, d.Entry = []field{why, until}, rogatory.SubjectPostponed
	case "never":
		fields, d.Entry = []field{why}, rogatory.SubjectNever
	case "secrecy":
		why.Article, until.Article = "40(20)", "40(20)"
		fields, d.Entry = []field{why, until}, rogatory.MessageSent
	case "open":
		why.Article = "40(20)"
		fields, d.Entry = []field{why}, rogatory.MessageSent
	case "emergency":
		found := ask("found", "radio", "41(3)(e)", true)
		for _, x := range []docket.Finding{docket.Justified, docket.Unjustified} {
			found.Options = append(found.Options, option{string(x), v.loc.T("subject.found." + string(x))})
		}
		why.Article = "41(3)(e)"
		fields, d.Entry = []field{found, why}, rogatory.EmergencyReviewed
	default:
		return rogatory.Fault(rogatory.NotFound, "page_unknown", "there is no page %.100q here", v.r.URL.Path)
	}
	d.Title = v.loc.T("subject.do." + what)
	if d.Fields, err = v.fieldsOf(fields...); err != nil {
		return err
	}
	s.subjectDo(v, &d, f.ID)
	return s.deed(v, d)
}

// subjectDo reads the answers and says what is done with them.
func (s *server) subjectDo(v *visit, d *deed, id rogatory.RequestID) {
	l := v.loc
	switch d.Name {
	case "told":
		t := docket.Telling{How: d.value(l, "how"), When: d.when(l, "when"), Ref: d.value(l, "ref")}
		d.do = func() error { _, err := s.Office.Tell(v.ctx, v.by, id, t); return err }
	case "later":
		why, until := d.reason(l), d.when(l, "until")
		d.do = func() error { _, err := s.Office.PutOff(v.ctx, v.by, id, until, why); return err }
	case "never":
		why := d.reason(l)
		d.do = func() error { _, err := s.Office.CannotTell(v.ctx, v.by, id, why); return err }
	case "secrecy":
		why, until := d.reason(l), d.when(l, "until")
		d.do = func() error { _, err := s.Office.KeepSecret(v.ctx, v.by, id, until, why, l.Tag()); return err }
	case "open":
		why := d.reason(l)
		d.do = func() error { _, err := s.Office.KeepSecret(v.ctx, v.by, id, 0, why, l.Tag()); return err }
	case "emergency":
		found, why := docket.Finding(d.value(l, "found")), d.reason(l)
		d.do = func() error { _, err := s.Office.ReviewEmergency(v.ctx, v.by, id, found, why); return err }
	}
}

// reason reads the reason, and marks one that says nothing.
func (d *deed) reason(l *language.Locale) string {
	why := d.value(l, "why")
	if i := slices.IndexFunc(d.Fields, func(f field) bool { return f.Name == "why" }); why != "" && !safeguard.Reasoned(why) {
		d.Fields[i].Wrong = l.T("subject.wrong.why")
	}
	return why
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

func (s *server) suspensionDeed(v *visit) error {
	if err := docket.MayRead(v.by); err != nil {
		return err
	}
	what := v.r.PathValue("what")
	d := deed{Name: what, At: "suspensions", Action: "suspensions/" + what, Back: "suspensions", Grave: true, Title: v.loc.T("suspensions.do." + what), Entry: rogatory.StateSuspended}
	if state := v.r.URL.Query().Get("state"); state != "" {
		d.Action += "?state=" + pathOf(state)
	}
	state := field{Name: "state", Label: v.loc.T("suspensions.state"), Form: "select", Value: v.r.URL.Query().Get("state"), Needed: true}
	for _, p := range s.Parties() {
		if p.Code != s.Office.Us.State {
			state.Options = append(state.Options, option{string(p.Code), s.name(v.loc, p.Code)})
		}
	}
	why := field{Name: "why", Label: v.loc.T("subject.ask.why"), Hint: v.loc.T("subject.hint.why"), Form: "area", Article: "6(1)", Needed: true}
	next := field{Name: "review", Label: v.loc.T("suspensions.review"), Hint: v.loc.T("suspensions.review.hint"), Form: "moment", Needed: true}
	fields := []field{state, why}
	switch what {
	case "propose":
		fields = append(fields, next)
	case "agree":
	case "review":
		fields, d.Entry = append(fields, next), rogatory.StateReviewed
	case "lift":
		d.Entry = rogatory.StateResumed
	default:
		return rogatory.Fault(rogatory.NotFound, "page_unknown", "there is no page %.100q here", v.r.URL.Path)
	}
	var err error
	if d.Fields, err = v.fieldsOf(fields...); err != nil {
		return err
	}
	code, reason := rogatory.StateCode(d.value(v.loc, "state")), d.reason(v.loc)
	switch what {
	case "propose":
		review := d.when(v.loc, "review")
		d.do = func() error { _, err := s.Office.Suspend(v.ctx, v.by, code, reason, review); return err }
	case "agree":
		d.do = func() error { return s.agreeToSuspend(v, code, reason) }
	case "review":
		review := d.when(v.loc, "review")
		d.do = func() error { _, err := s.Office.ReviewSuspension(v.ctx, v.by, code, reason, review); return err }
	case "lift":
		d.do = func() error { _, err := s.Office.Resume(v.ctx, v.by, code, reason); return err }
	}
	return s.deed(v, d)
}

// agreeToSuspend agrees to what was proposed, with the review that was proposed.
func (s *server) agreeToSuspend(v *visit, code rogatory.StateCode, reason string) error {
	all, err := s.Office.Suspensions(v.ctx, v.by)
	if err != nil {
		return err
	}
	for _, x := range all {
		if x.State == code && !x.Valid() && x.Lifted == nil {
			_, err := s.Office.Suspend(v.ctx, v.by, code, reason, x.Review)
			return err
		}
	}
	return rogatory.Fault(rogatory.Conflict, "suspension_none", "nobody has proposed to suspend cooperation with %s", code)
}
