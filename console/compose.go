// SPDX-License-Identifier: Apache-2.0

package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
	"rogatory/treaty"
)

// The states of a part of a draft. A part that is left open on purpose is started, not wrong.
const (
	notStarted = "not"
	started    = "started"
	attention  = "attention"
	complete   = "complete"
)

// taskView is one part of a draft.
type taskView struct {
	ID, Label, Article string
	State              string
	Optional           bool
}

// The parts of every draft that are not fields of its kind.
const (
	partAddress = "to"
	partTitle   = "title"
	partOffence = "offence"
	partTerm    = "term"
	partPayment = "payments"
	partPrints  = "fingerprints"
	partWords   = "translation"
)

func faultOf(err error) *rogatory.Error {
	e, _ := errors.AsType[*rogatory.Error](err)
	return e
}

type newView struct {
	Kinds   []treaty.Kind
	Parties []option
	Kind    field
	To      field
	Title   field
	Case    string
	Follows string
}

func (s *server) newForm(v *visit, values map[string]string) newView {
	l := v.loc
	n := newView{Kinds: s.Rules.Kinds, Case: values["case"], Follows: values["follows"],
		Kind:  field{Name: "kind", Form: "radio", Label: l.T("new.kind"), Value: values["kind"], Needed: true, Groups: map[string]string{}},
		To:    field{Name: "to", Form: "radio", Label: l.T("new.to"), Article: "40(12)", Value: values["to"], Needed: true},
		Title: field{Name: "title", Form: "text", Label: l.T("new.name"), Hint: l.T("new.name.hint"), Value: values["title"], Needed: true}}
	for _, k := range s.Rules.Kinds {
		if len(k.Parts) == 0 {
			n.Kind.Options = append(n.Kind.Options, option{string(k.ID), l.T("cite.titled", "title", l.Kind(k.ID), "article", k.Article)})
		}
		for _, p := range k.Parts {
			value := string(k.ID) + "/" + p.ID
			n.Kind.Options = append(n.Kind.Options, option{value, l.T("cite.titled", "title", l.Part(k.ID, p.ID), "article", p.Article)})
			n.Kind.Groups[value] = l.Kind(k.ID)
		}
	}
	for _, p := range s.Parties() {
		if p.Code == s.Office.Us.State {
			continue
		}
		for _, a := range p.Authorities {
			n.To.Options = append(n.To.Options, option{string(p.Code) + "/" + string(a.ID), l.T("new.to.option", "state", s.name(l, p.Code), "authority", a.Name, "languages", l.List(namesOf(l, p.Languages)))})
		}
	}
	return n
}

func (s *server) newPage(v *visit) error {
	q := v.r.URL.Query()
	values := map[string]string{"case": q.Get("case"), "follows": q.Get("follows")}
	n := s.newForm(v, values)
	if f, err := s.Office.File(v.ctx, rogatory.RequestID(n.Follows)); n.Follows != "" && err == nil && docket.MayRead(v.by) == nil {
		n.To.Value, n.Title.Value = string(f.Them.State)+"/"+string(f.Them.Authority), f.Request.Title
	}
	if len(n.To.Options) == 1 {
		n.To.Value = n.To.Options[0].Value
	}
	return v.show(http.StatusOK, newScreen(v.frame(v.loc.T("new.title"), "new"), n))
}

func (s *server) newDone(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	values := typed(v.r)
	n := s.newForm(v, values)
	bad := false
	for _, f := range []*field{&n.Kind, &n.To, &n.Title} {
		if strings.TrimSpace(f.Value) == "" {
			f.Wrong, bad = v.loc.T("wrong.missing", "label", f.Label), true
		} else if len(f.Options) > 0 && !slices.ContainsFunc(f.Options, func(o option) bool { return o.Value == f.Value }) {
			f.Wrong, bad = v.loc.T("wrong.choice"), true
		}
	}
	if utf8.RuneCountInString(n.Title.Value) > treaty.MaxTitleRunes {
		n.Title.Wrong, bad = v.loc.N("wrong.long", int64(treaty.MaxTitleRunes)), true
	}
	screen := func(status int) error {
		return v.show(status, newScreen(v.frame(v.loc.T("new.title"), "new"), n))
	}
	if bad {
		return screen(http.StatusUnprocessableEntity)
	}
	kind, part, _ := strings.Cut(n.Kind.Value, "/")
	state, authority, _ := strings.Cut(n.To.Value, "/")
	r := rogatory.Request{Kind: rogatory.RequestKind(kind), Part: part, Title: strings.TrimSpace(n.Title.Value), Contents: map[string]string{}, Language: s.language(rogatory.StateCode(state)), Rules: s.Rules.Version,
		Follows: rogatory.RequestID(n.Follows)}
	if us, ok := s.party(s.Office.Us.State).Authority(s.Office.Us.Authority); ok {
		r.Contents["authority"] = us.Name // known already: nobody types it twice
	}
	if err := s.followed(v, &r); err != nil {
		return err
	}
	f, err := s.Office.Draft(v.ctx, v.by, rogatory.Address{State: rogatory.StateCode(state), Authority: rogatory.AuthorityID(authority)}, rogatory.CaseID(n.Case), r)
	if err != nil {
		return err
	}
	return v.to("requests/" + string(f.ID) + "/draft")
}

// language is the one in which a draft begins: one that the addressed State accepts.
func (s *server) language(code rogatory.StateCode) string {
	if p := s.party(code); len(p.Languages) > 0 {
		return p.Languages[0]
	}
	return "en"
}

// draft is a request that is being composed.
type draft struct {
	File     docket.File
	Kind     treaty.Kind
	Findings []treaty.Finding
	Tasks    []taskView
	Optional []taskView
	Letter   letter.Document
	ThemName string
	Ready    bool
	MaySend  bool
	Senders  []string // who else may send it
}

func (s *server) draft(v *visit) (draft, error) {
	f, err := v.file()
	if err != nil {
		return draft{}, err
	}
	if f.State != rogatory.Drafted {
		return draft{}, rogatory.Fault(rogatory.Conflict, "draft_sent", "request %s is %s, and can be composed no more", f.ID, f.State).WithHint("what was said is mended by a correction or a supplement")
	}
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil {
		return draft{}, err
	}
	found, err := s.Office.Review(v.ctx, v.by, f.ID)
	if err != nil {
		return draft{}, err
	}
	d := draft{File: f, Kind: kind, Findings: found, Letter: s.draftLetter(v.loc, f), ThemName: s.name(v.loc, f.Them.State), MaySend: mayAct(v.by.Role, rogatory.Send) && f.Author != v.by.Name}
	people, err := s.People(v.ctx)
	if err != nil {
		return draft{}, err
	}
	for _, p := range people {
		if mayAct(p.Role, rogatory.Send) && p.Name != f.Author {
			d.Senders = append(d.Senders, p.Name)
		}
	}
	d.Ready = !slices.ContainsFunc(found, func(f treaty.Finding) bool { return f.Blocks })
	d.Tasks, d.Optional = parts(v.loc, s.Rules, kind, f.Request, s.party(f.Them.State).Languages, found)
	return d, nil
}

// parts lists what is to be said, in the order in which it is asked.
func parts(l *language.Locale, rules *treaty.Rules, k treaty.Kind, r rogatory.Request, accepted []string, found []treaty.Finding) (must, may []taskView) {
	add := func(optional bool, id, label, article string, said bool) {
		t := taskView{ID: id, Label: label, Article: article, Optional: optional, State: partState(id, said, found)}
		if optional {
			may = append(may, t)
		} else {
			must = append(must, t)
		}
	}
	add(false, partTitle, l.T("part.title"), "", r.Title != "")
	add(false, partAddress, l.T("part.to"), "40(12)", true)
	add(k.Offences == treaty.NoOffence, partOffence, l.T("part.offence"), "35(1)", len(r.Offence.Articles) > 0 || r.Offence.Law != "" || r.Offence.MaximumYears > 0)
	if k.Term != "" {
		add(k.Term == treaty.NeedOptional, partTerm, l.T("part.term"), k.Article, r.Term.To != 0)
	}
	if k.Payments != "" {
		add(k.Payments == treaty.NeedOptional, partPayment, l.T("part.payments"), k.Article, len(r.Payments) > 0)
	}
	if k.Fingerprints != "" {
		add(k.Fingerprints == treaty.NeedOptional, partPrints, l.T("part.fingerprints"), k.Article, len(r.Fingerprints) > 0)
	}
	required, optional := k.FieldsOf(r.Part)
	for _, a := range r.Offence.Articles {
		for _, id := range k.RequiredFor[a] {
			if !slices.Contains(required, id) {
				required = append(slices.Clone(required), id)
			}
		}
	}
	for _, id := range required {
		add(false, id, l.Field(id), rules.Fields[id].Article, strings.TrimSpace(r.Contents[id]) != "")
	}
	for _, id := range optional {
		if !slices.Contains(required, id) {
			add(true, id, l.Field(id), rules.Fields[id].Article, strings.TrimSpace(r.Contents[id]) != "")
		}
	}
	if r.Translation != nil || len(accepted) > 0 && !slices.Contains(accepted, r.Language) {
		add(false, partWords, l.T("part.translation"), "40(13)", r.Translation != nil)
	}
	return must, may
}

// partOf is the part in which a finding is mended.
func partOf(f treaty.Finding) string {
	switch f.Field {
	case "language", "basis":
		return partAddress
	}
	if strings.HasPrefix(f.Code, "translat") || f.Code == "language_not_accepted" {
		return partWords
	}
	return f.Field
}

func partState(id string, said bool, found []treaty.Finding) string {
	flagged := slices.ContainsFunc(found, func(f treaty.Finding) bool { return partOf(f) == id })
	blocked := slices.ContainsFunc(found, func(f treaty.Finding) bool { return partOf(f) == id && f.Blocks })
	switch {
	case !said:
		return notStarted
	case blocked && id == partOffence:
		return started
	case flagged:
		return attention
	}
	return complete
}

func (s *server) tasks(v *visit) error {
	d, err := s.draft(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, tasksScreen(v.frame(v.loc.T("draft.title", "title", d.File.Request.Title), "new"), d))
}

// partView is the page of one part of a draft.
type partView struct {
	draft
	Part    string
	Label   string
	Fields  []field
	Found   []treaty.Finding
	Version rogatory.Instant
	Stale   []staleView
	Next    string
}

// staleView is a difference between what was typed and what somebody else has saved since.
type staleView struct{ Label, Typed, Saved string }

// fieldsOf asks the questions of one part, with the answers of a request.
func (s *server) fieldsOf(l *language.Locale, k treaty.Kind, f docket.File, part string) ([]field, error) {
	r := f.Request
	switch part {
	case partTitle:
		return []field{{Name: "title", Label: l.T("part.title"), Hint: l.T("new.name.hint"), Form: "text", Value: r.Title, Needed: true}}, nil
	case partAddress:
		return s.addressFields(l, f), nil
	case partOffence:
		var articles []option
		for _, id := range offenceArticles(k) {
			articles = append(articles, option{id, l.T("cite.titled", "title", l.Offence(id), "article", id)})
		}
		years := ""
		if r.Offence.MaximumYears > 0 {
			years = strconv.Itoa(r.Offence.MaximumYears)
		}
		return []field{
			{Name: "articles", Label: l.T("offence.articles"), Hint: l.T("offence.articles.hint"), Article: "35(1)", Form: "check", Options: articles, Value: strings.Join(r.Offence.Articles, "\n")},
			{Name: "law", Label: l.T("offence.law"), Hint: l.T("offence.law.hint"), Form: "text", Value: r.Offence.Law, Example: l.T("example.law"), Needed: k.Offences != treaty.NoOffence},
			{Name: "years", Label: l.T("offence.years"), Hint: l.T("offence.years.hint"), Article: "2(h)", Form: "number", Value: years}}, nil
	case partTerm:
		return []field{{Name: "from", Label: l.T("term.from"), Form: "moment", Value: inputOf(r.Term.From)}, {Name: "until", Label: l.T("term.to"), Hint: l.T("term.hint"), Article: k.Article, Form: "moment", Value: inputOf(r.Term.To), Needed: true}}, nil
	case partPayment:
		return []field{{Name: "payments", Label: l.T("part.payments"), Hint: l.T("payments.hint"), Article: k.Article, Form: "area", Value: paymentLines(r.Payments), Example: l.T("example.payments")}}, nil
	case partPrints:
		return []field{{Name: "fingerprints", Label: l.T("part.fingerprints"), Hint: l.T("fingerprints.hint"), Article: k.Article, Form: "area", Value: fingerprintLines(r.Fingerprints)}}, nil
	}
	if part == partWords {
		return s.translationFields(l, k, f), nil
	}
	rule, ok := s.Rules.Fields[part]
	required, optional := k.FieldsOf(r.Part)
	if !ok || !slices.Contains(slices.Concat(required, optional), part) && !slices.Contains(slices.Concat(required, optional, flat(k.RequiredFor)), part) {
		return nil, rogatory.Fault(rogatory.NotFound, "part_unknown", "a %s request has no part %.40q", k.ID, part)
	}
	one := field{Name: "value", Label: l.Field(part), Hint: l.Sentence(l.Hint(part)), Article: rule.Article, Example: s.exampleOf(l, k, part), Form: "area", Value: r.Contents[part], Needed: slices.Contains(required, part)}
	for _, c := range rule.Choices {
		one.Form = "radio"
		one.Options = append(one.Options, option{c, l.Choice(part, c)})
	}
	return []field{one}, nil
}

// exampleOf is what a field may say, in the reader's language. An example that an office's own rules changed has no
// translation and stays as it is.
func (s *server) exampleOf(l *language.Locale, k treaty.Kind, part string) string {
	text := s.Rules.ExampleOf(k, part)
	if len(s.Rules.Fields[part].Choices) > 0 {
		return l.Choice(part, text)
	}
	if base, ok := s.texts.Locale(language.Base).Example(k.ID, part); ok && base == text {
		text, _ = l.Example(k.ID, part)
	}
	return text
}

func flat(m map[string][]string) []string {
	var all []string
	for _, k := range sortedKeys(m) {
		all = append(all, m[k]...)
	}
	return all
}

func (s *server) addressFields(l *language.Locale, f docket.File) []field {
	p := s.party(f.Them.State)
	var authorities, languages []option
	for _, a := range p.Authorities {
		authorities = append(authorities, option{string(a.ID), a.Name})
	}
	for _, tag := range p.Languages {
		languages = append(languages, option{tag, l.Language(tag)})
	}
	// Whoever writes in a language of their own attaches a translation.
	for _, tag := range append(language.Supported(), f.Request.Language) {
		if tag != "" && !slices.ContainsFunc(languages, func(o option) bool { return o.Value == tag }) {
			languages = append(languages, option{tag, l.T("address.language.translated", "language", l.Language(tag))})
		}
	}
	var bases []option
	for _, b := range []rogatory.LegalBasis{rogatory.ThisConvention, rogatory.BudapestTreaty, rogatory.OtherTreaty, rogatory.UnderReciprocity, rogatory.OtherTreatyByUNCC} {
		bases = append(bases, option{string(b), l.Basis(b)})
	}
	basis := f.Request.Basis
	if basis == "" {
		basis = rogatory.ThisConvention
	}
	authority := field{Form: "radio", Options: authorities}
	if f.Channel != "" && len(authorities) == 0 { // it goes to a State that the directory does not know
		authority = field{Form: "text"}
	}
	authority.Name, authority.Label, authority.Article, authority.Value, authority.Needed = "authority", l.T("address.authority", "state", s.name(l, f.Them.State)), "40(12)", string(f.Them.Authority), true
	return []field{
		authority,
		{Name: "language", Label: l.T("address.language"), Hint: l.T("address.language.hint"), Article: "40(13)", Form: "radio", Options: languages, Value: f.Request.Language, Needed: true},
		{Name: "basis", Label: l.T("address.basis"), Hint: l.T("address.basis.hint"), Article: "40(7)", Form: "radio", Options: bases, Value: string(basis), Needed: true}}
}

// answer puts what was typed into a request. It returns what to mend, if it cannot be kept at all.
func answer(l *language.Locale, part string, values map[string]string, to *rogatory.Address, r *rogatory.Request, fields []field) {
	wrong := func(name, what string) {
		for i := range fields {
			if fields[i].Name == name {
				fields[i].Wrong = what
			}
		}
	}
	get := func(name string) string { return strings.TrimSpace(values[name]) }
	switch part {
	case partTitle:
		if r.Title = get("title"); utf8.RuneCountInString(r.Title) > treaty.MaxTitleRunes {
			wrong("title", l.N("wrong.long", int64(treaty.MaxTitleRunes)))
		}
	case partAddress:
		to.Authority, r.Language, r.Basis = rogatory.AuthorityID(get("authority")), get("language"), rogatory.LegalBasis(get("basis"))
	case partOffence:
		r.Offence = rogatory.Offence{Articles: lines(values["articles"]), Law: get("law")}
		if text := get("years"); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > 100 {
				wrong("years", l.T("wrong.number"))
			}
			r.Offence.MaximumYears = n
		}
	case partTerm:
		for name, into := range map[string]*rogatory.Instant{"from": &r.Term.From, "until": &r.Term.To} {
			*into = 0
			if get(name) != "" {
				var ok bool
				if *into, ok = moment(get(name)); !ok {
					wrong(name, l.T("wrong.moment"))
				}
			}
		}
	case partWords:
		answerTranslation(l, values, r, fields, wrong)
	case partPayment:
		var ok bool
		if r.Payments, ok = parsePayments(values["payments"]); !ok {
			wrong("payments", l.T("wrong.payments"))
		}
	case partPrints:
		var ok bool
		if r.Fingerprints, ok = parseFingerprints(values["fingerprints"]); !ok {
			wrong("fingerprints", l.T("wrong.fingerprints"))
		}
	default:
		if r.Contents == nil {
			r.Contents = map[string]string{}
		}
		if r.Contents[part] = get("value"); r.Contents[part] == "" {
			delete(r.Contents, part)
		}
		if utf8.RuneCountInString(get("value")) > treaty.MaxFieldRunes {
			wrong("value", l.N("wrong.long", int64(treaty.MaxFieldRunes)))
		}
	}
}

func (s *server) partView(v *visit) (partView, error) {
	d, err := s.draft(v)
	if err != nil {
		return partView{}, err
	}
	p := partView{draft: d, Part: v.r.PathValue("part"), Version: d.File.Changed}
	if p.Fields, err = s.fieldsOf(v.loc, d.Kind, d.File, p.Part); err != nil {
		return p, err
	}
	all := slices.Concat(d.Tasks, d.Optional)
	for i, t := range all {
		if t.ID == p.Part {
			p.Label = t.Label
			if i+1 < len(all) {
				p.Next = all[i+1].ID
			}
		}
	}
	for i := range p.Fields {
		p.Fields[i].Titled = p.Fields[i].Label == p.Label
	}
	for _, f := range d.Findings {
		if partOf(f) == p.Part && f.Code != "field_missing" {
			p.Found = append(p.Found, f)
		}
	}
	return p, nil
}

func (s *server) partPage(v *visit) error {
	p, err := s.partView(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, partScreen(v.frame(p.Label, "new"), p))
}

// partDone saves one part. A gap is kept, and said; only what cannot be read is refused.
func (s *server) partDone(v *visit) error {
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	p, err := s.partView(v)
	if err != nil {
		return err
	}
	values := typed(v.r)
	version, _ := strconv.ParseInt(values["version"], 10, 64)
	if rogatory.Instant(version) != p.File.Changed {
		for i, f := range p.Fields {
			now := strings.TrimSpace(values[f.Name])
			if now != f.Value {
				p.Stale = append(p.Stale, staleView{f.Label, now, f.Value})
			}
			p.Fields[i].Value = now
		}
		if len(p.Stale) > 0 {
			return v.show(http.StatusConflict, partScreen(v.frame(p.Label, "new"), p))
		}
	}
	for i, f := range p.Fields {
		p.Fields[i].Value = values[f.Name]
	}
	to, r := p.File.Them, p.File.Request
	answer(v.loc, p.Part, values, &to, &r, p.Fields)
	if slices.ContainsFunc(p.Fields, func(f field) bool { return f.Wrong != "" }) {
		return v.show(http.StatusUnprocessableEntity, partScreen(v.frame(p.Label, "new"), p))
	}
	if _, err := s.Office.Revise(v.ctx, v.by, p.File.ID, to, r); err != nil {
		e := faultOf(err)
		if e == nil || len(p.Fields) == 0 || e.Kind == rogatory.Internal {
			return err
		}
		p.Fields[0].Wrong = faultWords(v.loc, e).Words
		return v.show(statusOf(err), partScreen(v.frame(p.Label, "new"), p))
	}
	if values["then"] == "next" && p.Next != "" {
		return v.to("requests/" + string(p.File.ID) + "/draft/" + p.Next)
	}
	return v.to("requests/" + string(p.File.ID) + "/draft")
}
