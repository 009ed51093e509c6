// SPDX-License-Identifier: Apache-2.0

package console

import (
	"cmp"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/treaty"
)

// heardActs is what the other State may have said on a request that does not travel between nodes.
func (s *server) heardActs(f docket.File, by rogatory.Actor) (acts []rogatory.Act) {
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil || f.Channel == "" || !mayAct(by.Role, rogatory.Acknowledge) {
		return nil
	}
	for _, t := range rogatory.Lifecycle() {
		switch t.Act {
		case rogatory.Send, rogatory.Revise, rogatory.Offer, rogatory.Take, rogatory.RevokeOffer, rogatory.StateFigures, rogatory.CertifyDeletion:
			continue // what comes on paper brings no exhibit
		}
		if t.By == f.Side.Other() && slices.Contains(t.From, f.State) && kind.AllowsBy(t.Act, t.By) && !slices.Contains(acts, t.Act) {
			acts = append(acts, t.Act)
		}
	}
	return acts
}

// localField asks for a moment by the clock of our desk; it may be left empty.
func (s *server) localField(v *visit, name, label, hint, value string) (field, rogatory.Instant) {
	zone := zoneOf(s.party(s.Office.Us.State))
	f := field{Name: name, Label: v.loc.T(label), Hint: v.loc.T(hint, "zone", zone), Form: "local", Value: strings.TrimSpace(value)}
	if f.Value == "" {
		return f, 0
	}
	t, err := time.ParseInLocation(inputTime, f.Value, zoneNamed(zone))
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		f.Wrong = v.loc.T("wrong.moment")
		return f, 0
	}
	return f, rogatory.At(t)
}

// heardForm records what the other State said by another channel.
func (s *server) heardForm(v *visit) (entering, func() (string, error), error) {
	f, values, err := v.fileForm()
	if err != nil {
		return entering{}, nil, err
	}
	act := rogatory.Act(v.r.PathValue("act"))
	if !slices.Contains(s.heardActs(f, v.by), act) {
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "act_not_open", "%.30q is not open to the other State while the request is %s", string(act), f.State)
	}
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil {
		return entering{}, nil, err
	}
	l, at, them := v.loc, Prefix+"requests/"+string(f.ID), s.name(v.loc, f.Them.State)
	theirs := f
	theirs.Side = f.Side.Other() // it is they who speak
	sheet := s.form(l, theirs, kind, act, values)
	for i := range sheet.fields {
		if sheet.fields[i].Name == "text" {
			sheet.fields[i].Label = l.T("heard.words", "state", them)
		}
	}
	moment, when := s.localField(v, "when", "heard.when", "heard.when.hint", values["when"])
	e := entering{Title: l.T("heard.title", "state", them), Lead: l.T("heard.lead", "act", l.Done(act), "channel", l.Channel(f.Channel)), About: f.Request.Title, Request: f.ID, Action: at + "/heard/" + string(act), Leave: at,
		Do: l.T("heard.do"), Entry: rogatory.ActRecorded, Fields: append(sheet.fields, moment), Will: []willView{{l.T("willbe.act"), l.Done(act), false}}, Notes: []string{l.T("heard.signed")}}
	return e, func() (string, error) {
		if _, err := s.Office.Heard(v.ctx, v.by, f.ID, act, sheet.body, when); err != nil {
			return "", err
		}
		v.say("heard.done")
		return "requests/" + string(f.ID), nil
	}, nil
}

// kindChoice is a kind of request, or a part of one, that people write.
type kindChoice struct{ Value, Label, Group string }

// kindChoices leaves out what nodes say among themselves.
func (s *server) kindChoices(l *language.Locale) (all []kindChoice) {
	for _, k := range s.Rules.Kinds {
		if !k.Allows(rogatory.Draft) {
			continue
		}
		if len(k.Parts) == 0 {
			all = append(all, kindChoice{string(k.ID), l.T("cite.titled", "title", l.Kind(k.ID), "article", k.Article), ""})
		}
		for _, p := range k.Parts {
			all = append(all, kindChoice{string(k.ID) + "." + p.ID, l.T("cite.titled", "title", l.Part(k.ID, p.ID), "article", p.Article), l.Kind(k.ID)})
		}
	}
	return all
}

// arrivals asks what has come, so that its form asks what such a request says.
func (s *server) arrivals(v *visit) error {
	if err := docket.MayRead(v.by); err != nil {
		return err
	}
	return v.show(http.StatusOK, arrivalsScreen(v.frame(v.loc.T("arrival.title"), "new"), s.kindChoices(v.loc)))
}

// exerciseStates are those of the stories that exercises tell.
var exerciseStates = []rogatory.StateCode{"XA", "XB", "XC"}

// stateChoices are the States that are not ours: those of the directory, which know exercise States, and all others.
func (s *server) stateChoices(l *language.Locale) (all []option) {
	all = append(all, option{"", l.T("bulk.choose")}) // none is chosen for a person who did not look
	seen := map[rogatory.StateCode]bool{s.Office.Us.State: true}
	add := func(code rogatory.StateCode) {
		if !seen[code] {
			seen[code] = true
			all = append(all, option{string(code), s.name(l, code)})
		}
	}
	for _, p := range s.Parties() {
		add(p.Code)
	}
	first := len(all)
	if s.Office.Mode == rogatory.Exercise { // no State that there is has a part in one
		for _, code := range exerciseStates {
			add(code)
		}
		return all
	}
	for _, p := range s.Office.Rules.Desk.Book().States().All {
		add(p.Code)
	}
	slices.SortFunc(all[first:], func(a, b option) int { return strings.Compare(a.Label, b.Label) })
	return all
}

func (s *server) channelChoices(l *language.Locale) (all []option) {
	for _, c := range slices.Sorted(maps.Keys(s.Rules.Channels)) {
		all = append(all, option{string(c), l.Sentence(l.Channel(c))})
	}
	return all
}

// authorityText is what a person writes for an authority that no directory names.
func authorityText(text string) rogatory.AuthorityID {
	return rogatory.AuthorityID(strings.Trim(strings.Map(func(r rune) rune {
		switch {
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			return r
		}
		return '-'
	}, strings.TrimSpace(text)), "-"))
}

// offenceArticles are those that a request of the kind may name, in their order.
func offenceArticles(k treaty.Kind) (all []string) {
	for n := 7; n <= 17; n++ {
		if id := strconv.Itoa(n); len(k.Only) == 0 || slices.Contains(k.Only, id) {
			all = append(all, id)
		}
	}
	return all
}

// contentPrefix keeps the names of a kind's own fields apart from those of the form.
const contentPrefix = "content-"

// arrivalForm records a request that came by another channel. A paper may be incomplete: what it lacks is asked for like
// with any other.
func (s *server) arrivalForm(v *visit) (entering, func() (string, error), error) {
	if err := docket.MayRead(v.by); err != nil {
		return entering{}, nil, err
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	name := v.r.PathValue("kind")
	id, part, _ := strings.Cut(name, ".")
	kind, err := s.Rules.Kind(rogatory.RequestKind(id))
	if err != nil {
		return entering{}, nil, err
	}
	l := v.loc
	i := slices.IndexFunc(s.kindChoices(l), func(c kindChoice) bool { return c.Value == name })
	if i < 0 {
		return entering{}, nil, rogatory.Fault(rogatory.NotFound, "part_unknown", "nobody writes a request of the kind %.40q", name)
	}
	values["language"] = cmp.Or(values["language"], l.Tag())
	get := func(name string) string { return strings.TrimSpace(values[name]) }
	received, at := s.localField(v, "received", "arrival.received", "arrival.received.hint", values["received"])
	fields := []field{
		{Name: "sender", Label: l.T("arrival.sender"), Form: "select", Options: s.stateChoices(l), Needed: true},
		{Name: "authority", Label: l.T("elsewhere.authority"), Hint: l.T("elsewhere.authority.hint"), Form: "text"},
		{Name: "channel", Label: l.T("arrival.channel"), Article: "40(12)", Form: "radio", Options: s.channelChoices(l), Needed: true},
		{Name: "reference", Label: l.T("arrival.reference"), Hint: l.T("arrival.reference.hint"), Form: "text", Needed: true},
		received,
		{Name: "title", Label: l.T("new.name"), Hint: l.T("new.name.hint"), Form: "text", Needed: true},
		{Name: "language", Label: l.T("address.language"), Form: "select", Options: s.languageChoices(l), Needed: true},
	}
	var articles []option
	for _, article := range offenceArticles(kind) {
		articles = append(articles, option{article, l.T("cite.titled", "title", l.Offence(article), "article", article)})
	}
	fields = append(fields, field{Name: "articles", Label: l.T("offence.articles"), Article: "35(1)", Form: "check", Options: articles}, field{Name: "law", Label: l.T("offence.law"), Form: "text"})
	required, optional := kind.FieldsOf(part)
	contents := map[string]string{}
	for _, id := range slices.Concat(required, optional) {
		rule := s.Rules.Fields[id]
		f := field{Name: contentPrefix + id, Label: l.Field(id), Hint: l.Sentence(l.Hint(id)), Article: rule.Article, Form: "area"}
		for _, c := range rule.Choices {
			f.Form = "radio"
			f.Options = append(f.Options, option{c, l.Choice(id, c)})
		}
		if text := get(f.Name); text != "" {
			contents[id] = text
		}
		fields = append(fields, f)
	}
	for i := range fields {
		fields[i].Value = get(fields[i].Name)
	}
	e := entering{Title: l.T("arrival.title"), Lead: l.T("arrival.lead"), About: l.Kind(kind.ID), Action: Prefix + "arrivals/" + name, Leave: Prefix + "inbox", Do: l.T("arrival.do"), Entry: rogatory.RequestRecorded, Fields: fields,
		Notes: []string{l.T("arrival.clocks"), l.T("heard.signed")}}
	return e, func() (string, error) {
		f, err := s.Office.Record(v.ctx, v.by, docket.Arrival{From: rogatory.Address{State: rogatory.StateCode(get("sender")), Authority: authorityText(get("authority"))}, Channel: rogatory.Channel(get("channel")), Reference: get("reference"), Received: at,
			Request: rogatory.Request{Kind: kind.ID, Part: part, Title: get("title"), Language: get("language"), Contents: contents, Rules: s.Rules.Version, Offence: rogatory.Offence{Articles: lines(values["articles"]), Law: get("law")}}})
		if err != nil {
			return "", err
		}
		v.say("arrival.done", "id", f.ID)
		return "requests/" + string(f.ID), nil
	}, nil
}

func (s *server) languageChoices(l *language.Locale) (all []option) {
	for _, tag := range language.Supported() {
		all = append(all, option{tag, l.Language(tag)})
	}
	return all
}

// elsewhereForm begins a draft that goes by another channel, to a State that need not have a node.
func (s *server) elsewhereForm(v *visit) (entering, func() (string, error), error) {
	if err := docket.MayRead(v.by); err != nil {
		return entering{}, nil, err
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	l := v.loc
	values["language"] = cmp.Or(values["language"], l.Tag())
	get := func(name string) string { return strings.TrimSpace(values[name]) }
	var kinds []option
	groups := map[string]string{}
	for _, c := range s.kindChoices(l) {
		kinds = append(kinds, option{c.Value, c.Label})
		groups[c.Value] = c.Group
	}
	fields := []field{
		{Name: "kind", Label: l.T("new.kind"), Form: "radio", Options: kinds, Groups: groups, Needed: true},
		{Name: "to", Label: l.T("new.to"), Form: "select", Options: s.stateChoices(l), Needed: true},
		{Name: "authority", Label: l.T("elsewhere.authority"), Hint: l.T("elsewhere.authority.hint"), Form: "text"},
		{Name: "channel", Label: l.T("elsewhere.channel"), Article: "40(12)", Form: "radio", Options: s.channelChoices(l), Needed: true},
		{Name: "language", Label: l.T("address.language"), Article: "40(13)", Form: "select", Options: s.languageChoices(l), Needed: true},
		{Name: "title", Label: l.T("new.name"), Hint: l.T("new.name.hint"), Form: "text", Needed: true},
	}
	for i := range fields {
		fields[i].Value = get(fields[i].Name)
	}
	if n := []rune(get("title")); len(n) > treaty.MaxTitleRunes {
		fields[len(fields)-1].Wrong = l.N("wrong.long", int64(treaty.MaxTitleRunes))
	}
	e := entering{Title: l.T("elsewhere.title"), Lead: l.T("elsewhere.lead"), Action: Prefix + "elsewhere", Leave: Prefix + "new", Do: l.T("elsewhere.do"), Entry: rogatory.RequestDrafted, Fields: fields, Notes: []string{l.T("elsewhere.then")}}
	return e, func() (string, error) {
		kind, part, _ := strings.Cut(get("kind"), ".")
		r := rogatory.Request{Kind: rogatory.RequestKind(kind), Part: part, Title: get("title"), Language: get("language"), Rules: s.Rules.Version, Contents: map[string]string{}}
		if us, ok := s.party(s.Office.Us.State).Authority(s.Office.Us.Authority); ok {
			r.Contents["authority"] = us.Name
		}
		f, err := s.Office.DraftElsewhere(v.ctx, v.by, rogatory.Address{State: rogatory.StateCode(get("to")), Authority: authorityText(get("authority"))}, rogatory.Channel(get("channel")), "", r)
		if err != nil {
			return "", err
		}
		return "requests/" + string(f.ID) + "/draft", nil
	}, nil
}

// relayForm seals what one State gave for another one (Art 48), with the leave of the first (Art 36(3)).
func (s *server) relayForm(v *visit) (entering, func() (string, error), error) {
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	if err := docket.MayRead(v.by); err != nil {
		return entering{}, nil, err
	}
	f, x, err := s.Office.Exhibit(v.ctx, rogatory.ExhibitID(v.r.PathValue("id")))
	if err != nil {
		return entering{}, nil, err
	}
	if !mayRelay(v.by.Role, x) {
		return entering{}, nil, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not seal exhibit %s for another State", v.by.Name, v.by.Role, x.Exhibit.ID).WithHint("a custodian does, of what another State gave")
	}
	all, err := s.Office.RequestsOfCase(v.ctx, v.by, f.ID.Case())
	if err != nil {
		return entering{}, nil, err
	}
	l, at, from := v.loc, Prefix+"exhibits/"+string(x.Exhibit.ID), s.name(v.loc, f.Them.State)
	to := field{Name: "to", Label: l.T("relay.to"), Hint: l.T("relay.to.hint"), Article: "48", Form: "radio", Value: strings.TrimSpace(values["to"]), Needed: true}
	for _, g := range all {
		if kind, err := s.Rules.Kind(g.Request.Kind); err == nil && g.Them.State != f.Them.State && maySeal(v.by.Role, g, kind) {
			to.Options = append(to.Options, option{string(g.ID), l.T("line.of", "what", s.name(l, g.Them.State), "name", g.Request.Title)})
		}
	}
	limits := []willView{{l.T("exhibit.what"), x.Exhibit.Title, false}, {"SHA-256", x.Exhibit.Seal.SHA256.String(), true}}
	if x.Exhibit.Limits.Purpose != "" {
		limits = append(limits, willView{l.T("exhibit.purpose"), x.Exhibit.Limits.Purpose, false})
	}
	if len(x.Exhibit.Limits.Conditions) > 0 {
		limits = append(limits, willView{l.T("facts.conditions"), joinLines(x.Exhibit.Limits.Conditions), false})
	}
	e := entering{Title: l.T("relay.title"), Lead: l.T("relay.lead", "state", from), About: x.Exhibit.Title, Request: f.ID, Action: at + "/relay", Leave: at, Do: l.T("relay.do"), Entry: rogatory.ExhibitSealed, Fields: []field{to}, Will: limits,
		Notes: []string{l.T("relay.opened"), l.T("relay.then")}, AdviceOn: "transfer_not_authorised", Advice: option{Prefix + "requests/" + string(f.ID) + "/acts/" + string(rogatory.AskConsent), l.T("relay.ask", "state", from)}}
	return e, func() (string, error) {
		sealed, err := s.Office.Relay(v.ctx, v.by, x.Exhibit.ID, rogatory.RequestID(to.Value))
		if err != nil {
			return "", err
		}
		v.say("relay.done", "id", sealed.ID)
		return "exhibits/" + string(sealed.ID), nil
	}, nil
}

// mayRelay: a custodian hands on what another State gave and lies here.
func mayRelay(role rogatory.OfficerRole, x docket.ExhibitFile) bool {
	return role == rogatory.Custodian && !x.Ours && x.State == docket.Held
}
