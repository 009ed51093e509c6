// SPDX-License-Identifier: Apache-2.0

package console

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
	"rogatory/safeguard"
)

func (s *server) reviewRoutes(mux *http.ServeMux) {
	s.page(mux, "GET requests/{id}/review/{act}", (*server).reviewPage)
	s.page(mux, "POST requests/{id}/review/{act}/sheet", (*server).reviewSigned)
	s.page(mux, "POST requests/{id}/review/{act}/vote", (*server).reviewVoted)
	s.entries(mux, "requests/{id}/objections", (*server).objectionForm)
	s.entries(mux, "requests/{id}/objections/decide", (*server).objectionDecisionForm)
}

// toReview is an act that the safeguards judge, with how it stands.
type toReview struct {
	Act   rogatory.Act
	State string // names the words: blocked, people, free
}

// reviews lists the acts of our side that are open now and that the safeguards judge, whoever may do them.
func (s *server) reviews(v *visit, f docket.File) ([]toReview, error) {
	if s.Office.Safeguards == nil {
		return nil, nil
	}
	var all []toReview
	for _, role := range []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian} {
		for _, a := range s.actsOf(f, rogatory.Actor{Address: v.by.Address, Officer: rogatory.Officer{Role: role}}) {
			if slices.ContainsFunc(all, func(r toReview) bool { return r.Act == a.Act }) {
				continue
			}
			by := rogatory.Actor{Address: v.by.Address, Officer: rogatory.Officer{Name: "-", Role: role}} // a colleague who is still to act
			j, err := s.Office.Opinion(v.ctx, by, f.ID, a.Act, bodyOf(f, a.Act, ""))
			if err != nil {
				return nil, err
			}
			switch {
			case !j.Judged || len(j.Findings) == 0 && len(j.Lacks) == 0:
			case j.Blocked:
				all = append(all, toReview{a.Act, "blocked"})
			case len(j.Lacks) > 0:
				all = append(all, toReview{a.Act, "people"})
			default:
				all = append(all, toReview{a.Act, "free"})
			}
		}
	}
	return all, nil
}

// bodyOf is as much of an act as the safeguards ask about before it is written: which exhibit would be offered, the first if
// the one that was chosen cannot be.
func bodyOf(f docket.File, act rogatory.Act, chosen rogatory.ExhibitID) (b rogatory.Body) {
	if act != rogatory.Offer {
		return b
	}
	for _, x := range f.Offerable() {
		if b.Exhibit == nil || x.Exhibit.ID == chosen {
			b.Exhibit = &rogatory.Exhibit{ID: x.Exhibit.ID}
		}
	}
	return b
}

type reviewView struct {
	File   docket.File
	Act    rogatory.Act
	Judged docket.Judged
	Asked  []askedView
	// Offered are the exhibits that may be offered, and Exhibit the one that is asked about.
	Offered []docket.ExhibitFile
	Exhibit rogatory.ExhibitID
	// Elements are the conduct as the reviewer shows it, one on a line: element > words.
	Elements string
	Sheet    bool // this person may sign one
	Vote     bool
	Voted    *docket.VoteFile
	Answers  map[string]string
	Against  string
	Fault    *rogatory.Error
	// News is what happened since this person last signed or voted, which was at Last.
	News    []lineView
	Last    rogatory.Instant
	Unsaved bool // what stands in the sheet was typed and not signed
	MayAct  bool // this person may do it
	Letter  letter.Document
}

// path is the page of the review for an exhibit, or without one.
func (r reviewView) path(x rogatory.ExhibitID) string {
	path := "requests/" + string(r.File.ID) + "/review/" + string(r.Act)
	if x != "" {
		path += "?" + url.Values{"exhibit": {string(x)}}.Encode()
	}
	return path
}

// askedView is a question of the sheet with what was answered.
type askedView struct {
	safeguard.Asked
	Answer safeguard.Answer
	Reason string
	Wrong  string
}

// adviceOf says what a finding asks for: by its key, or in the words that a national set brings.
func adviceOf(l *language.Locale, x safeguard.Finding) string {
	if strings.HasPrefix(x.Advice, "safeguard.") {
		return l.T(x.Advice)
	}
	return x.Advice
}

// adviceFor says what the finding of a code asks for.
func adviceFor(l *language.Locale, all []safeguard.Finding, code string) string {
	for _, x := range all {
		if x.Code == code {
			return adviceOf(l, x)
		}
	}
	return code
}

// aboutOf names what a finding is about, where that has words; all are the findings that it may be about.
func aboutOf(l *language.Locale, x safeguard.Finding, all []safeguard.Finding) string {
	var names []string
	for _, a := range x.About {
		switch {
		case x.Code == safeguard.RoleMissing:
			names = append(names, l.Role(a))
		}
	}
	return l.List(names)
}

func (s *server) reviewOf(v *visit) (reviewView, error) {
	f, err := v.file()
	if err != nil {
		return reviewView{}, err
	}
	r := reviewView{File: f, Act: rogatory.Act(v.r.PathValue("act")), Letter: s.draftLetter(v.loc, f)}
	r.MayAct = slices.ContainsFunc(s.actsOf(f, v.by), func(a actView) bool { return a.Act == r.Act })
	if _, _, err := rogatory.Next(f.State, r.Act, f.Side); err != nil {
		return r, err
	}
	if s.Office.Safeguards == nil {
		return r, rogatory.Fault(rogatory.Unavailable, "safeguards_off", "this office has no safeguards")
	}
	by := v.by
	if !mayAct(by.Role, r.Act) || f.Author == by.Name { // whoever is to do it is still to come
		by.Officer = rogatory.Officer{Name: "-", Role: rogatory.Decider}
	}
	body := bodyOf(f, r.Act, rogatory.ExhibitID(v.r.FormValue("exhibit")))
	if body.Exhibit != nil {
		r.Offered, r.Exhibit = f.Offerable(), body.Exhibit.ID
	}
	if r.Judged, err = s.Office.Opinion(v.ctx, by, f.ID, r.Act, body); err != nil {
		return r, err
	}
	reviewer := slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian}, v.by.Role)
	author := f.Side == rogatory.RequestingSide && f.Author == v.by.Name
	r.Sheet, r.Vote = reviewer && !author, reviewer && !author
	for _, q := range s.Office.Safeguards.Form.Demands(f.Reviewed(s.Office.Safeguards.Form)) {
		a := askedView{Asked: q}
		if f.Sheet != nil {
			a.Answer, a.Reason = f.Sheet.Replies[q.ID].Answer, f.Sheet.Replies[q.ID].Reason
		}
		r.Asked = append(r.Asked, a)
	}
	if f.Sheet != nil {
		var lines []string
		for _, e := range f.Sheet.Elements {
			lines = append(lines, e.Element+" > "+e.Words)
		}
		r.Elements = strings.Join(lines, "\n")
	}
	for i, vote := range f.Votes {
		if vote.Act == r.Act && vote.Exhibit == r.Exhibit && vote.Person == v.by.Name {
			r.Voted, r.Answers, r.Against = &f.Votes[i], vote.Answers, vote.Reasons
		}
	}
	r.News, r.Last, err = s.since(v, f)
	return r, err
}

// typedSheet puts what was typed of the sheet into the questions.
func (r *reviewView) typedSheet(form url.Values) {
	for i := range r.Asked {
		a := &r.Asked[i]
		a.Answer, a.Reason = safeguard.Answer(form.Get("a-"+string(a.ID))), strings.TrimSpace(form.Get("r-"+string(a.ID)))
	}
	r.Elements = form.Get("elements")
}

func (s *server) reviewPage(v *visit) error {
	r, err := s.reviewOf(v)
	if err != nil {
		return err
	}
	if form := v.keptSheet(r.File.ID); form != nil {
		r.typedSheet(form)
		r.Unsaved = true
	}
	return v.show(http.StatusOK, reviewScreen(v.frame(v.loc.T("review.title", "act", v.loc.Act(r.Act)), "inbox"), r))
}

// reviewSigned signs the sheet. What was typed stays when something is to be mended, and that stands beside it.
func (s *server) reviewSigned(v *visit) error {
	r, err := s.reviewOf(v)
	if err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	sheet := safeguard.Sheet{Form: s.Office.Safeguards.Form.Version, Reviewer: v.by.Name, Measure: r.File.Reviewed(s.Office.Safeguards.Form), Replies: map[safeguard.Question]safeguard.Reply{}}
	v.keepSheet(r.File.ID, maps.Clone(v.r.PostForm))
	if v.r.PostForm.Get("step") == "keep" {
		v.say("review.kept")
		return v.to("requests/" + string(r.File.ID) + "/review/" + string(r.Act))
	}
	r.typedSheet(v.r.PostForm)
	for _, a := range r.Asked {
		if a.Answer != "" || a.Reason != "" {
			sheet.Replies[a.ID] = safeguard.Reply{Answer: a.Answer, Reason: a.Reason}
		}
	}
	for _, line := range lines(r.Elements) {
		element, words, _ := strings.Cut(line, ">")
		sheet.Elements = append(sheet.Elements, safeguard.Shown{Element: strings.TrimSpace(element), Answer: safeguard.AnswerYes, Words: strings.TrimSpace(words)})
	}
	last, err := s.Office.LastSheet(v.ctx, v.by, r.File.ID)
	if err != nil {
		return err
	}
	for _, lack := range sheet.Lacks(s.Office.Safeguards.Form, last) {
		id := safeguard.Question("dual_criminality")
		if lack.Code != safeguard.ElementsMissing && lack.Code != safeguard.ElementOpen && len(lack.About) > 0 {
			id = safeguard.Question(lack.About[0])
		}
		for i := range r.Asked {
			if r.Asked[i].ID == id && r.Asked[i].Wrong == "" {
				r.Asked[i].Wrong = adviceOf(v.loc, lack)
			}
		}
	}
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	if _, err := s.Office.SignSheet(v.ctx, v.by, r.File.ID, sheet); err != nil {
		if r.Fault = faultOf(err); r.Fault == nil || r.Fault.Kind == rogatory.Internal {
			return err
		}
		return v.show(statusOf(err), reviewScreen(v.frame(v.loc.T("review.title", "act", v.loc.Act(r.Act)), "inbox"), r))
	}
	v.dropSheet()
	v.say("review.signed")
	return v.to("requests/" + string(r.File.ID) + "/review/" + string(r.Act))
}

// reviewVoted records whether this person stands for the act.
func (s *server) reviewVoted(v *visit) error {
	r, err := s.reviewOf(v)
	if err != nil {
		return err
	}
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	r.Answers, r.Against = map[string]string{}, strings.TrimSpace(v.r.PostForm.Get("against"))
	for _, code := range r.Judged.Need.Answer {
		if said := strings.TrimSpace(v.r.PostForm.Get("answer-" + code)); said != "" {
			r.Answers[code] = said
		}
	}
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	if _, err := s.Office.Approve(v.ctx, v.by, r.File.ID, r.Act, r.Exhibit, v.r.PostForm.Get("agree") != "no", r.Against, r.Answers); err != nil {
		if r.Fault = faultOf(err); r.Fault == nil || r.Fault.Kind == rogatory.Internal {
			return err
		}
		return v.show(statusOf(err), reviewScreen(v.frame(v.loc.T("review.title", "act", v.loc.Act(r.Act)), "inbox"), r))
	}
	v.say("review.voted")
	return v.to(r.path(r.Exhibit))
}

// objectionForm records what a provider or a person concerned holds against a request.
func (s *server) objectionForm(v *visit) (entering, func() (string, error), error) {
	f, values, err := v.fileForm()
	if err != nil {
		return entering{}, nil, err
	}
	l, at := v.loc, "requests/"+string(f.ID)
	from, why := strings.TrimSpace(values["from"]), strings.TrimSpace(values["why"])
	e := entering{Title: l.T("objection.go"), About: f.Request.Title, Request: f.ID, Action: Prefix + at + "/objections", Leave: Prefix + at, Do: l.T("objection.go"), Entry: rogatory.ObjectionMade,
		Fields: []field{{Name: "from", Label: l.T("objection.from"), Form: "text", Value: from, Needed: true}, {Name: "why", Label: l.T("objection.why"), Form: "area", Value: why, Needed: true}}}
	return e, func() (string, error) {
		_, err := s.Office.Object(v.ctx, v.by, f.ID, from, why)
		if err == nil {
			v.say("objection.made")
		}
		return at, err
	}, nil
}

// objectionDecisionForm says what becomes of the oldest objection that is open.
func (s *server) objectionDecisionForm(v *visit) (entering, func() (string, error), error) {
	f, values, err := v.fileForm()
	if err != nil {
		return entering{}, nil, err
	}
	i := slices.IndexFunc(f.Objections, openObjection)
	if i < 0 {
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "objection_none", "no objection to %s is open", f.ID)
	}
	l, at, why := v.loc, "requests/"+string(f.ID), strings.TrimSpace(values["why"])
	e := entering{Title: l.T("objection.decide.go"), About: f.Request.Title, Lead: l.T("line.of", "what", f.Objections[i].From, "name", f.Objections[i].Reasons), Request: f.ID, Action: Prefix + at + "/objections/decide", Leave: Prefix + at,
		Do: l.T("objection.decide.go"), Entry: rogatory.ObjectionDecided, Grave: true, Fields: []field{{Name: "why", Label: l.T("objection.decide"), Form: "area", Value: why, Needed: true}}}
	return e, func() (string, error) {
		_, err := s.Office.DecideObjection(v.ctx, v.by, f.ID, why)
		if err == nil {
			v.say("objection.decided")
		}
		return at, err
	}, nil
}

func openObjection(o docket.Objection) bool { return o.Decided == 0 }

func openObjections(f docket.File) bool { return slices.ContainsFunc(f.Objections, openObjection) }
