// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
	"rogatory/treaty"
)

// field is one question of a form.
type field struct {
	Name, Label, Hint, Article, Example string
	Form                                string // text, area, radio, moment, number
	Value                               string
	Options                             []option
	Groups                              map[string]string // headings, by the options under them
	Wrong                               string            // what to mend; empty if nothing
	Needed                              bool
	Titled                              bool   // the heading of the screen is its label already
	Original, OriginalIn                string // a text that this one translates, and its language
	Rows                                []itemRow
	More                                bool // one more empty row is asked for
}

type option struct{ Value, Label string }

// heads is the heading that stands before option i, if one does.
func (f field) heads(i int) string {
	group := f.Groups[f.Options[i].Value]
	if i > 0 && f.Groups[f.Options[i-1].Value] == group {
		return ""
	}
	return group
}

// actView is an act that is open now.
type actView struct {
	Act     rogatory.Act
	To      rogatory.State // where it moves the request; empty if it stays
	Article string
	Decides bool
}

// actsOf lists what this person may do on the request now, in the order of the lifecycle. The docket
// holds each act against the same table again.
func (s *server) actsOf(f docket.File, by rogatory.Actor) []actView {
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil {
		return nil
	}
	var all []actView
	for _, t := range rogatory.Lifecycle() {
		if t.By != f.Side || !slices.Contains(t.From, f.State) || !slices.Contains(t.Roles, by.Role) || !kind.AllowsBy(t.Act, f.Side) || !offered(t.Act, f, by) {
			continue
		}
		a := actView{Act: t.Act, Article: t.Article, Decides: docket.Decides(t.Act)}
		if t.To != f.State {
			a.To = t.To
		}
		all = append(all, a)
	}
	return all
}

// othersActs is what people of other roles can do to move the request on, so that a person who is done knows whose turn
// it is. Ending it without an answer is not told: nobody is meant to be sent there.
func (s *server) othersActs(f docket.File, by rogatory.Actor) []othersView {
	var all []othersView
	for _, role := range []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian} {
		if role == by.Role {
			continue
		}
		o := othersView{Role: role}
		for _, a := range s.actsOf(f, rogatory.Actor{Address: by.Address, Officer: rogatory.Officer{Role: role}}) {
			if !a.Act.Talk() && a.Act != rogatory.Withdraw && !mayAct(by.Role, a.Act) {
				o.Acts = append(o.Acts, a.Act)
			}
		}
		if len(o.Acts) > 0 {
			all = append(all, o)
		}
	}
	return all
}

// othersView is what people of another role can do.
type othersView struct {
	Role rogatory.OfficerRole
	Acts []rogatory.Act
}

// offered leaves out what the file gives no occasion for, and what has a screen of its own.
func offered(act rogatory.Act, f docket.File, by rogatory.Actor) bool {
	has := func(ours bool, state docket.ExhibitState) bool {
		return slices.ContainsFunc(f.Exhibits, func(x docket.ExhibitFile) bool { return x.Ours == ours && x.State == state && x.Quarantine == nil })
	}
	switch act {
	case rogatory.Revise, rogatory.Take, rogatory.CertifyDeletion, rogatory.StateFigures:
		return false
	case rogatory.Send:
		return f.Author != by.Name
	case rogatory.Agree:
		return len(f.Conditions) > 0 && f.Agreed == 0
	case rogatory.Offer:
		return has(true, docket.Sealed)
	case rogatory.RevokeOffer:
		return has(true, docket.Offered)
	case rogatory.GiveConsent, rogatory.DenyConsent:
		return slices.ContainsFunc(f.Consents, func(c docket.ConsentFile) bool { return c.State == docket.ConsentAsked && c.By != f.Side })
	case rogatory.Represent:
		return f.Heard != 0 && !f.Represented
	case rogatory.TellStatus:
		return f.StatusAsked != 0
	case rogatory.ConfirmInWriting:
		return f.Channel == rogatory.Telephone
	}
	return true
}

// sheet is the form of one act on one request, as typed.
type sheet struct {
	s      *server
	l      *language.Locale
	f      docket.File
	kind   treaty.Kind
	act    rogatory.Act
	values map[string]string
	fields []field
	body   rogatory.Body
}

func (a *sheet) value(name string) string { return strings.TrimSpace(a.values[name]) }

func (a *sheet) add(f field) *field {
	f.Value = a.values[f.Name]
	f.Label, f.Form = cmp.Or(f.Label, a.l.T("ask."+f.Name)), cmp.Or(f.Form, "text")
	a.fields = append(a.fields, f)
	return &a.fields[len(a.fields)-1]
}

// need marks a field that says nothing.
func (a *sheet) need(f *field) string {
	if a.value(f.Name) == "" && f.Needed {
		f.Wrong = a.l.T("wrong.missing", "label", f.Label)
	}
	return a.value(f.Name)
}

func (a *sheet) when(f *field) rogatory.Instant {
	text := a.need(f)
	if text == "" {
		return 0
	}
	i, ok := moment(text)
	if !ok {
		f.Wrong = a.l.T("wrong.moment")
	}
	return i
}

func (a *sheet) number(f *field) int {
	text := a.need(f)
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 {
		f.Wrong = a.l.T("wrong.number")
	}
	return n
}

// form makes the questions of an act and reads their answers: both at once, so that they cannot differ.
func (s *server) form(l *language.Locale, f docket.File, kind treaty.Kind, act rogatory.Act, values map[string]string) *sheet {
	a := &sheet{s: s, l: l, f: f, kind: kind, act: act, values: values}
	b := &a.body
	switch act {
	case rogatory.Send:
		return a
	case rogatory.Accept:
		c := a.add(field{Name: "conditions", Form: "area", Article: "40(28)", Hint: l.T("help.conditions")})
		all := lines(c.Value)
		if t := a.add(field{Name: "telling", Form: "check", Article: "40(28)", Options: []option{{docket.TellingByRequesting, l.T("subject.condition")}}}); t.Value != "" && !slices.Contains(all, docket.TellingByRequesting) {
			all = append(all, docket.TellingByRequesting)
		}
		if len(all) > 0 {
			b.Verdict = &rogatory.Verdict{Conditions: all}
		}
	case rogatory.Refuse, rogatory.Postpone:
		a.refusal()
	case rogatory.Execute:
		o := a.add(field{Name: "outcome", Form: "radio", Article: "40(26)", Needed: true, Options: a.outcomes(kind.Outcomes)})
		b.Verdict = &rogatory.Verdict{Outcome: rogatory.Outcome(a.need(o))}
	case rogatory.Preserve:
		a.preserve()
	case rogatory.RequestExtension, rogatory.Extend, rogatory.Start:
		a.measure()
	case rogatory.Offer:
		x := a.add(field{Name: "exhibit", Form: "radio", Article: "44(1)", Needed: true, Options: a.exhibits(true, docket.Sealed)})
		u := a.add(field{Name: "expires", Form: "moment", Hint: l.T("help.expires")})
		b.Exhibit = &rogatory.Exhibit{ID: rogatory.ExhibitID(a.need(x)), Expires: a.when(u)}
	case rogatory.RevokeOffer:
		x := a.add(field{Name: "exhibit", Form: "radio", Article: "40(28)", Needed: true, Options: a.exhibits(true, docket.Offered)})
		b.ExhibitID = rogatory.ExhibitID(a.need(x))
	case rogatory.NotifyDisclosure:
		x := a.add(field{Name: "exhibit", Form: "radio", Article: "40(5)", Options: a.exhibits(false, docket.Held)})
		b.ExhibitID = rogatory.ExhibitID(a.need(x))
	case rogatory.AskConsent:
		u := a.add(field{Name: "use", Form: "radio", Article: "36(3), 40(19)", Needed: true, Options: []option{
			{string(rogatory.OtherUse), l.ConsentUse(rogatory.OtherUse)}, {string(rogatory.OnwardTransfer), l.ConsentUse(rogatory.OnwardTransfer)},
			{string(rogatory.TeamDisclosure), l.ConsentUse(rogatory.TeamDisclosure)}, {string(rogatory.EvidenceUse), l.ConsentUse(rogatory.EvidenceUse)}}})
		p := a.add(field{Name: "purpose", Form: "area", Article: "40(19)", Needed: true})
		to := a.add(field{Name: "to", Hint: l.T("help.consent_to")})
		b.Consent = &rogatory.Consent{Use: rogatory.ConsentUse(a.value("use")), Purpose: a.value("purpose"), To: to.Value}
		a.need(u)
		a.need(p)
	case rogatory.GiveConsent, rogatory.DenyConsent:
		var open []option
		for _, c := range f.Consents {
			if c.State == docket.ConsentAsked && c.By != f.Side {
				open = append(open, option{string(c.Asked), c.Consent.Purpose})
			}
		}
		q := a.add(field{Name: "answers", Form: "radio", Needed: true, Options: open})
		b.Answers = rogatory.MessageID(a.need(q))
	case rogatory.ReportRecovery:
		var sums [3]rogatory.Amount
		for i, name := range []string{"attempted", "frozen", "returned"} {
			x := a.add(field{Name: name, Needed: true, Article: "52(3)", Example: "12500.00 EUR"})
			if sums[i] = amount(a.need(x)); x.Wrong == "" && !sums[i].Valid() {
				x.Wrong = l.T("wrong.amount")
			}
		}
		b.Recovery = &rogatory.Recovery{Attempted: sums[0], Frozen: sums[1], Returned: sums[2]}
	}
	a.details()
	wordsNeeded := slices.Contains([]rogatory.Act{rogatory.AskMore, rogatory.Consult, rogatory.Supplement, rogatory.Warn, rogatory.Correct, rogatory.TellStatus, rogatory.DenyConsent, rogatory.Represent, rogatory.DiscussCosts}, act)
	if act != rogatory.Refuse && act != rogatory.Postpone {
		t := a.add(field{Name: "text", Form: "area", Needed: wordsNeeded, Label: l.T("ask.words", "state", s.name(l, f.Them.State))})
		if b.Text = a.need(t); b.Text != "" {
			b.Language = l.Tag()
		}
	}
	return a
}

func (a *sheet) refusal() {
	allowed := a.kind.Refuse
	if a.act == rogatory.Postpone {
		allowed = a.kind.Postpone
	}
	var grounds []option
	var outcomes []rogatory.Outcome
	for _, g := range allowed {
		rule := a.s.Rules.Grounds[g]
		if rule.OutsideOnly && len(a.f.Request.Offence.Articles) > 0 {
			continue
		}
		label := a.l.T("ground.option", "text", a.l.Sentence(a.l.Ground(g)), "article", rule.Article)
		if rule.Consult && !a.f.Consulted {
			label += " " + a.l.T("ground.consult")
		}
		grounds = append(grounds, option{string(g), label})
		for _, o := range rule.Outcomes {
			if !slices.Contains(outcomes, o) {
				outcomes = append(outcomes, o)
			}
		}
	}
	g := a.add(field{Name: "ground", Form: "radio", Article: cmp.Or(a.kind.RefuseArticle, "40(21)"), Needed: true, Options: grounds})
	ground := rogatory.Ground(a.need(g))
	r := a.add(field{Name: "reasons", Form: "area", Article: "40(25)", Needed: true, Hint: a.l.T("help.reasons")})
	v := rogatory.Verdict{Ground: ground, Reasons: a.need(r)}
	if len(outcomes) > 0 {
		needed := len(a.s.Rules.Grounds[ground].Outcomes) > 0
		o := a.add(field{Name: "outcome", Form: "radio", Needed: needed, Options: a.outcomes(outcomes), Hint: a.l.T("help.instead")})
		if chosen := a.need(o); needed {
			v.Outcome = rogatory.Outcome(chosen)
		}
	}
	if a.act == rogatory.Postpone {
		v.Review = a.when(a.add(field{Name: "review", Form: "moment", Article: "40(27)", Needed: true}))
	}
	a.body.Verdict = &v
}

func (a *sheet) measure() {
	b := &a.body
	switch {
	case a.act == rogatory.RequestExtension && a.f.State == rogatory.InForce:
		b.Measure = &rogatory.Measure{Hours: a.number(a.add(field{Name: "hours", Form: "number", Needed: true}))}
	case a.act == rogatory.RequestExtension:
		b.Preservation = &rogatory.Preservation{Days: a.number(a.add(field{Name: "days", Form: "number", Needed: true, Article: "42(9)"}))}
	case a.act == rogatory.Extend && a.f.State == rogatory.InForce:
		b.Measure = &rogatory.Measure{Until: a.when(a.add(field{Name: "until", Form: "moment", Needed: true}))}
	case a.act == rogatory.Extend:
		b.Preservation = &rogatory.Preservation{Until: a.when(a.add(field{Name: "until", Form: "moment", Needed: true, Article: "42(9)"}))}
	default:
		b.Measure = &rogatory.Measure{Until: a.when(a.add(field{Name: "until", Form: "moment", Hint: a.l.T("help.measure_until")}))}
		if a.kind.Payments != "" {
			a.assets()
		}
	}
}

const partsOfAsset = 3

func (a *sheet) assets() {
	x := a.add(field{Name: "assets", Form: "area", Needed: true, Hint: a.l.T("help.assets"), Example: "XB100000001234 > 12500.00 EUR > 9000.00 EUR"})
	if a.need(x) == "" {
		return
	}
	for _, l := range lines(x.Value) {
		parts := strings.Split(l, ">")
		if len(parts) != partsOfAsset {
			x.Wrong = a.l.T("wrong.asset", "line", l)
			return
		}
		a.body.Measure.Assets = append(a.body.Measure.Assets, rogatory.Asset{Account: rogatory.Account{Number: strings.TrimSpace(parts[0])}, Asked: amount(parts[1]), Frozen: amount(parts[2]), At: rogatory.At(a.s.Clock.Now())})
	}
}

// details are the fields that the kind's rules ask of the act.
func (a *sheet) details() {
	want := a.kind.Details[a.act]
	for i, id := range slices.Concat(want.Required, want.Optional) {
		rule := a.s.Rules.Fields[id]
		form := "area"
		var options []option
		for _, c := range rule.Choices {
			form = "radio"
			options = append(options, option{c, a.l.Choice(id, c)})
		}
		x := a.add(field{Name: id, Label: a.l.Field(id), Hint: a.l.Sentence(a.l.Hint(id)), Article: rule.Article, Example: a.s.exampleOf(a.l, a.kind, id), Form: form, Options: options, Needed: i < len(want.Required)})
		if text := a.need(x); text != "" {
			if a.body.Details == nil {
				a.body.Details = map[string]string{}
			}
			a.body.Details[id] = text
		}
	}
}

func (a *sheet) outcomes(all []rogatory.Outcome) []option {
	var out []option
	for _, o := range all {
		out = append(out, option{string(o), a.l.Sentence(a.l.Outcome(o))})
	}
	return out
}

func (a *sheet) exhibits(ours bool, state docket.ExhibitState) []option {
	var out []option
	for _, x := range a.f.Exhibits {
		if x.Ours == ours && x.State == state && x.Quarantine == nil {
			out = append(out, option{string(x.Exhibit.ID), a.l.T("exhibit.option", "title", x.Exhibit.Title, "file", x.Exhibit.FileName, "size", a.l.Bytes(x.Exhibit.Seal.Size))})
		}
	}
	return out
}

func (a *sheet) wrong() bool { return anyWrong(a.fields) }

// actScreenView is the page of one act: the form, then what it would put into the journal.
type actScreenView struct {
	File     docket.File
	ThemName string
	Act      actView
	Fields   []field
	Said     string // what the other State will read
	Checked  bool   // the form is complete, and shown to be confirmed
	Version  rogatory.Instant
	Fault    *rogatory.Error
	Stale    []lineView // what happened since the page was read
	Findings []treaty.Finding
	Letter   *letter.Document
}

func (s *server) openAct(v *visit) (docket.File, treaty.Kind, actView, error) {
	f, err := v.file()
	if err != nil {
		return f, treaty.Kind{}, actView{}, err
	}
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil {
		return f, kind, actView{}, err
	}
	act := rogatory.Act(v.r.PathValue("act"))
	for _, a := range s.actsOf(f, v.by) {
		if a.Act == act {
			return f, kind, a, nil
		}
	}
	if act == rogatory.Send && f.State == rogatory.Drafted && f.Author == v.by.Name {
		return f, kind, actView{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "%s drafted this request, so another person must send it", f.Author).WithHint("hand it to a colleague in the role decider")
	}
	return f, kind, actView{}, rogatory.Fault(rogatory.Conflict, "act_not_open", "%.30q is not open to %s (%s) while the request is %s", string(act), v.by.Name, v.by.Role, f.State).WithHint("look at the request again: it may have moved on")
}

func (s *server) actPage(v *visit) error {
	f, kind, act, err := s.openAct(v)
	if err != nil {
		return err
	}
	a := s.form(v.loc, f, kind, act.Act, map[string]string{})
	if err := s.correcting(v, f, a); err != nil {
		return err
	}
	for i := range a.fields {
		a.fields[i].Wrong = "" // nothing was typed yet
		if len(a.fields[i].Options) == 1 && a.fields[i].Needed {
			a.fields[i].Value = a.fields[i].Options[0].Value
		}
	}
	return s.showAct(v, http.StatusOK, f, act, a, actScreenView{Checked: len(a.fields) == 0})
}

func (s *server) showAct(v *visit, status int, f docket.File, act actView, a *sheet, view actScreenView) error {
	view.File, view.Act, view.ThemName, view.Fields = f, act, s.name(v.loc, f.Them.State), a.fields
	if view.Version == 0 {
		view.Version = f.Changed
	}
	view.Said = spoken(v.loc, a.body)
	if act.Act == rogatory.Send {
		draft := s.draftLetter(v.loc, f)
		view.Letter = &draft
		found, err := s.Office.Review(v.ctx, v.by, f.ID)
		if err != nil {
			return err
		}
		view.Findings = found
	}
	return v.show(status, actScreen(v.frame(v.loc.Act(act.Act)+": "+f.Request.Title, "inbox"), view))
}

func (s *server) actDone(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	f, kind, act, err := s.openAct(v)
	if err != nil {
		return err
	}
	a := s.form(v.loc, f, kind, act.Act, typed(v.r))
	if err := s.correcting(v, f, a); err != nil {
		return err
	}
	version, _ := strconv.ParseInt(v.r.PostForm.Get("version"), 10, 64)
	if rogatory.Instant(version) != f.Changed {
		all, _, err := s.timeline(v, f)
		if err != nil {
			return err
		}
		since := slices.DeleteFunc(all, func(l lineView) bool { return l.At <= rogatory.Instant(version) })
		return s.showAct(v, http.StatusConflict, f, act, a, actScreenView{Stale: since})
	}
	if v.r.PostForm.Get("step") == "row" {
		a.oneMore()
		return s.showAct(v, http.StatusOK, f, act, a, actScreenView{})
	}
	if a.wrong() {
		return s.showAct(v, http.StatusUnprocessableEntity, f, act, a, actScreenView{})
	}
	if v.r.PostForm.Get("step") == "edit" {
		return s.showAct(v, http.StatusOK, f, act, a, actScreenView{})
	}
	if v.r.PostForm.Get("step") != "do" {
		return s.showAct(v, http.StatusOK, f, act, a, actScreenView{Checked: true})
	}
	if act.Decides {
		if ok, err := v.fresh(); err != nil || !ok {
			return err
		}
	}
	if _, _, err := s.Office.Move(v.ctx, v.by, f.ID, act.Act, a.body); err != nil {
		if e := faultOf(err); e != nil && e.Kind != rogatory.Internal {
			return s.showAct(v, statusOf(err), f, act, a, actScreenView{Fault: e, Checked: len(a.fields) == 0})
		}
		return err
	}
	v.say("act.done", "act", v.loc.Act(act.Act))
	return v.to("requests/" + string(f.ID))
}

// typed returns what a form says, one value for each name.
func typed(r *http.Request) map[string]string {
	values := map[string]string{}
	for name, all := range r.PostForm {
		values[name] = strings.ReplaceAll(strings.Join(all, "\n"), "\r\n", "\n")
	}
	return values
}
