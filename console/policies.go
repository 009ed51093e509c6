// SPDX-License-Identifier: Apache-2.0

package console

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/safeguard"
)

func (s *server) policyRoutes(mux *http.ServeMux) {
	s.page(mux, "GET policies", (*server).policies)
	s.page(mux, "GET policies/example.cedar", (*server).policyExample)
	s.page(mux, "GET policies/bench", (*server).policyBench)
	s.page(mux, "POST policies/try", (*server).policiesTried)
	s.page(mux, "GET policies/try", (*server).policyTrial)
	s.page(mux, "POST policies/propose", (*server).policiesProposed)
	s.entries(mux, "policies/keep", (*server).policiesKeepForm)
	s.page(mux, "GET policies/{digest}", (*server).policyEdition)
	s.page(mux, "GET policies/{digest}/{file}", (*server).policyFile)
	s.page(mux, "POST policies/{digest}/agree", (*server).policiesAgreed)
}

const (
	// editionsShown, changesShown and benchShown keep a page within its budget; the command line shows all.
	editionsShown = 25
	changesShown  = 60
	benchShown    = 60
	// textShown bounds the texts of differences on one page, in bytes.
	textShown = 8 << 10
	// maxPolicyUpload bounds a form with policy files, with what a browser puts around them.
	maxPolicyUpload = docket.MaxPolicyText + 64<<10
	// sessionTried holds the files that a person looks at before proposing them.
	sessionTried = "policies_tried"
)

// ruleRow is a policy in words.
type ruleRow struct {
	docket.PolicyRule
	Words, Since string
}

// editionRow is an edition in words.
type editionRow struct {
	docket.PolicyEdition
	Stands, Counts string
	People         []string
}

type policiesView struct {
	Now      string
	Unread   bool
	Rules    []ruleRow
	Waiting  []editionRow
	Editions []editionRow
	May      bool // propose
	Stop     bool // something waits that one person can stop
	Fault    *rogatory.Error
}

func (s *server) policiesView(v *visit) (policiesView, error) {
	all, err := s.Office.Policies(v.ctx)
	if err != nil {
		return policiesView{}, err
	}
	return s.policiesOf(v, all), nil
}

func (s *server) policiesOf(v *visit, all docket.Policies) policiesView {
	l, zone := v.loc, zoneOf(s.party(s.Office.Us.State))
	view := policiesView{Unread: all.Unread != "", May: v.by.Role == rogatory.Decider, Now: l.T("policies.now_first", "digest", all.Digest.Short())}
	if all.Since != 0 {
		view.Now = l.T("policies.now", "digest", all.Digest.Short(), "time", when(l, all.Since, zone))
	}
	for _, r := range all.Rules {
		row := ruleRow{PolicyRule: r, Words: ruleWords(l, r.Advice), Since: l.T("policies.from_program")}
		if r.Since != 0 {
			row.Since = when(l, r.Since, zone)
		}
		view.Rules = append(view.Rules, row)
	}
	for _, e := range all.Editions {
		row := editionOf(l, e, zone)
		if e.Stands == docket.PoliciesWait || e.Stands == docket.PoliciesUnagreed {
			view.Waiting = append(view.Waiting, row)
			view.Stop = view.Stop || e.Stands == docket.PoliciesWait && view.May
		}
		if len(view.Editions) < editionsShown {
			view.Editions = append(view.Editions, row)
		}
	}
	return view
}

// ruleWords is what a policy tells people: by its key, or in the words that a national set brings.
func ruleWords(l *language.Locale, advice string) string {
	return adviceOf(l, safeguard.Finding{Advice: advice})
}

func editionOf(l *language.Locale, e docket.PolicyEdition, zone string) editionRow {
	row := editionRow{PolicyEdition: e, Stands: l.T("policies.stands."+string(e.Stands), "time", when(l, e.From, zone)), Counts: l.N("policies.weaker", int64(e.Weaker)) + " · " + l.N("policies.tighter", int64(e.Tighter))}
	for i, a := range e.Approvals {
		key, at := "policies.proposed_by", e.At
		if i > 0 {
			key, at = "policies.agreed_by", e.Agreed
		}
		row.People = append(row.People, l.T(key, "name", a.Person, "role", l.Role(string(a.Role)), "time", when(l, at, zone)))
	}
	return row
}

func (s *server) policies(v *visit) error {
	view, err := s.policiesView(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, policiesScreen(v.frame(v.loc.T("policies.title"), "policies"), view))
}

func (s *server) policyExample(v *visit) error {
	f := safeguard.Example()
	return v.policyText(f.Name, string(f.Data))
}

func (v *visit) policyText(name, text string) error {
	v.w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, err := io.WriteString(v.w, text)
	return err
}

// policiesTried takes files to be looked at. They are kept in the session and nowhere else until they are proposed.
func (s *server) policiesTried(v *visit) error {
	files, err := policyUpload(v)
	if err == nil {
		_, err = s.Office.TryPolicies(v.ctx, v.by, files)
	}
	if err != nil {
		view, other := s.policiesView(v)
		if other != nil {
			return other
		}
		if view.Fault = faultOf(err); view.Fault == nil || view.Fault.Kind == rogatory.Internal {
			return err
		}
		return v.show(statusOf(err), policiesScreen(v.frame(v.loc.T("policies.title"), "policies"), view))
	}
	text, err := json.Marshal(files)
	if err != nil {
		return err
	}
	s.sessions.Put(v.ctx, sessionTried, string(text))
	return v.to("policies/try")
}

// policyUpload reads the files of the form; none if the person asked for a set without rules of this State's own.
func policyUpload(v *visit) ([]docket.PolicyFile, error) {
	v.r.Body = http.MaxBytesReader(v.w, v.r.Body, maxPolicyUpload)
	if err := v.r.ParseMultipartForm(maxPolicyUpload); err != nil {
		if _, large := errors.AsType[*http.MaxBytesError](err); large {
			return nil, rogatory.Fault(rogatory.Invalid, "policies_invalid", "more than %d bytes of policies", docket.MaxPolicyText)
		}
		return nil, rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	defer v.r.MultipartForm.RemoveAll()
	if v.r.PostForm.Get("none") != "" {
		return nil, nil
	}
	var files []docket.PolicyFile
	for _, h := range v.r.MultipartForm.File["files"] {
		f, err := h.Open()
		if err != nil {
			return nil, err
		}
		data, err := io.ReadAll(f)
		f.Close()
		if err != nil {
			return nil, err
		}
		files = append(files, docket.PolicyFile{Name: h.Filename, Text: string(data)})
	}
	if len(files) == 0 {
		return nil, untried()
	}
	return files, nil
}

func untried() error {
	return rogatory.Fault(rogatory.Invalid, "policies_untried", "no files of policies were chosen").WithHint("choose the files first")
}

// tried are the files that the person looked at last.
func (v *visit) tried() (files []docket.PolicyFile, err error) {
	text := v.s.sessions.GetString(v.ctx, sessionTried)
	if text == "" || json.Unmarshal([]byte(text), &files) != nil {
		return nil, untried()
	}
	return files, nil
}

// trialView is what a set would change.
type trialView struct {
	docket.PolicyTrial
	Title   string
	Edition *editionRow // nil for files that nobody proposed yet
	Propose bool
	Agree   bool
	Fault   *rogatory.Error
}

// benchRow is a case on the bench, in words. Rules stay names, which lead to their words.
type benchRow struct {
	Name    string
	Address string
	Decided []string
	Would   string
}

func benchWords(l *language.Locale, r safeguard.Replay) benchRow {
	row := benchRow{Name: r.Case, Decided: r.Decided}
	var would []string
	if len(r.Gone) > 0 {
		would = append(would, l.T("policies.gone", "rules", strings.Join(r.Gone, " ")))
	}
	if len(r.Come) > 0 {
		would = append(would, l.T("policies.come", "rules", strings.Join(r.Come, " ")))
	}
	if r.Milder {
		would = append(would, l.T("policies.milder"))
	}
	row.Would = strings.Join(would, " · ")
	return row
}

// bench are rows of cases: those that another set would decide otherwise, and the others. Where nothing is put beside the
// rules in force, all are others.
type bench struct {
	Title, Lead  string
	Change, Rest []benchRow
	Compares     bool
}

// benches are the office's own requests, and the cases that came with the program.
func (t trialView) benches(l *language.Locale) []bench {
	own := bench{Title: l.T("policies.own"), Lead: l.T("policies.own.what"), Compares: !t.Same}
	for _, r := range t.Own {
		row := benchWords(l, r.Replay)
		row.Name, row.Address = string(r.Request)+" · "+l.Act(r.Act), Prefix+"requests/"+string(r.Request)
		own.add(row)
	}
	cases := bench{Title: l.T("policies.cases"), Lead: l.T("policies.cases.what"), Compares: !t.Same}
	for _, r := range t.Cases {
		cases.add(benchWords(l, r))
	}
	return []bench{own, cases}
}

func (b *bench) add(row benchRow) {
	switch {
	case len(b.Change)+len(b.Rest) >= benchShown && row.Would == "":
	case b.Compares && row.Would != "":
		b.Change = append(b.Change, row)
	default:
		b.Rest = append(b.Rest, row)
	}
}

// texts are the differences as they fit a page, with their texts until it is full.
func (t trialView) texts() []safeguard.Change {
	changes, room := slices.Clone(t.Changes[:min(len(t.Changes), changesShown)]), textShown
	for i, c := range changes {
		if room -= len(c.Old) + len(c.New); room < 0 {
			changes[i].Old, changes[i].New = "", ""
		}
	}
	return changes
}

func (s *server) showTrial(v *visit, status int, t trialView) error {
	return v.show(status, trialScreen(v.frame(t.Title, "policies"), t))
}

func (s *server) policyTrial(v *visit) error {
	files, err := v.tried()
	if err != nil {
		return v.to("policies")
	}
	trial, err := s.Office.TryPolicies(v.ctx, v.by, files)
	if err != nil {
		return err
	}
	return s.showTrial(v, http.StatusOK, trialView{PolicyTrial: trial, Title: v.loc.T("policies.trial"), Propose: v.by.Role == rogatory.Decider && !trial.Same})
}

// policyBench replays the cases under the set in force alone: which rule decides what.
func (s *server) policyBench(v *visit) error {
	all, err := s.Office.Policies(v.ctx)
	if err != nil {
		return err
	}
	var files []docket.PolicyFile
	for _, e := range all.Editions {
		if e.Stands == docket.PoliciesInForce {
			whole, err := s.Office.PolicyEdition(v.ctx, e.Digest)
			if err != nil {
				return err
			}
			files = whole.Files
			break
		}
	}
	trial, err := s.Office.TryPolicies(v.ctx, v.by, files)
	if err != nil {
		return err
	}
	return s.showTrial(v, http.StatusOK, trialView{PolicyTrial: trial, Title: v.loc.T("policies.bench")})
}

func (s *server) policiesProposed(v *visit) error {
	files, err := v.tried()
	if err != nil {
		return err
	}
	trial, err := s.Office.TryPolicies(v.ctx, v.by, files)
	if err != nil {
		return err
	}
	if trial.Digest.String() != v.r.PostFormValue("digest") {
		return rogatory.Fault(rogatory.Stale, "page_stale", "other files were looked at since").WithHint("look at them again")
	}
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	edition, err := s.Office.ProposePolicies(v.ctx, v.by, files, strings.TrimSpace(v.r.PostFormValue("why")))
	if err != nil {
		t := trialView{PolicyTrial: trial, Title: v.loc.T("policies.trial"), Propose: v.by.Role == rogatory.Decider}
		if t.Fault = faultOf(err); t.Fault == nil || t.Fault.Kind == rogatory.Internal {
			return err
		}
		return s.showTrial(v, statusOf(err), t)
	}
	s.sessions.Remove(v.ctx, sessionTried)
	v.say("policies.proposed")
	return v.to("policies/" + edition.Digest.String())
}

// policiesKeepForm stops what waits, by proposing the rules in force once more.
func (s *server) policiesKeepForm(v *visit) (entering, func() (string, error), error) {
	all, err := s.Office.Policies(v.ctx)
	if err != nil {
		return entering{}, nil, err
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	l, why := v.loc, strings.TrimSpace(values["why"])
	e := entering{Title: l.T("policies.keep"), Action: Prefix + "policies/keep", Leave: Prefix + "policies", Do: l.T("policies.keep"), Entry: rogatory.PoliciesProposed, Grave: true,
		Fields: []field{{Name: "why", Label: l.T("policies.keep.why"), Form: "area", Value: why, Needed: true}}}
	for _, p := range all.Editions {
		if p.Stands == docket.PoliciesWait {
			e.Will = append(e.Will, willView{l.T("policies.waiting"), p.Digest.Short(), true})
		}
	}
	return e, func() (string, error) {
		_, err := s.Office.KeepPolicies(v.ctx, v.by, why)
		if err == nil {
			v.say("policies.kept")
		}
		return "policies", err
	}, nil
}

func (v *visit) digest() (d rogatory.Digest, err error) {
	if err := d.UnmarshalText([]byte(v.r.PathValue("digest"))); err != nil {
		return d, rogatory.Fault(rogatory.NotFound, "policies_unknown", "nobody proposed a set %.20q", v.r.PathValue("digest"))
	}
	return d, nil
}

func (s *server) policyEdition(v *visit) error {
	d, err := v.digest()
	if err != nil {
		return err
	}
	e, err := s.Office.PolicyEdition(v.ctx, d)
	if err != nil {
		return err
	}
	row := editionOf(v.loc, e, zoneOf(s.party(s.Office.Us.State)))
	t := trialView{Title: v.loc.T("policies.edition", "digest", d.Short()), Edition: &row}
	if e.Stands != docket.PoliciesUnread {
		if t.PolicyTrial, err = s.Office.TryPolicies(v.ctx, v.by, e.Files); err != nil {
			return err
		}
	}
	t.Changes = e.Changes // of its own day, where that is over
	t.Agree = e.Stands == docket.PoliciesUnagreed && mayVote(v.by) && !slices.ContainsFunc(e.Approvals, func(a safeguard.Approval) bool { return a.Person == v.by.Name || a.Role == v.by.Role })
	return s.showTrial(v, http.StatusOK, t)
}

// mayVote reports whether the person is of a role that agrees to acts.
func mayVote(by rogatory.Actor) bool {
	return slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian}, by.Role)
}

func (s *server) policyFile(v *visit) error {
	d, err := v.digest()
	if err != nil {
		return err
	}
	e, err := s.Office.PolicyEdition(v.ctx, d)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(v.r.PathValue("file"))
	if err != nil || n < 0 || n >= len(e.Files) {
		return rogatory.Fault(rogatory.NotFound, "page_unknown", "there is no file %.20q of the set %s", v.r.PathValue("file"), d.Short())
	}
	return v.policyText(e.Files[n].Name, e.Files[n].Text)
}

func (s *server) policiesAgreed(v *visit) error {
	d, err := v.digest()
	if err != nil {
		return err
	}
	if ok, err := v.fresh(); err != nil || !ok {
		return err
	}
	if _, err := s.Office.AgreePolicies(v.ctx, v.by, d); err != nil {
		return err
	}
	v.say("policies.agreed")
	return v.to("policies/" + d.String())
}
