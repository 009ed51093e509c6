// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/url"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
)

// The parts of a timeline that can be read alone.
const (
	lineSaid     = "said"     // what the two States said
	lineExhibits = "exhibits" // evidence and its custody
	lineDates    = "dates"    // deadlines, duties, orders
	lineWork     = "work"     // what people here did: reviews, claims, alarms
)

var lineSorts = []string{lineSaid, lineExhibits, lineDates, lineWork}

// sortOf says to which part of a timeline an entry belongs.
func sortOf(t rogatory.EntryType) string {
	group, _, _ := strings.Cut(string(t), ".")
	switch group {
	case "message", "act":
		return lineSaid
	case "request":
		if t == rogatory.RequestRecorded {
			return lineSaid
		}
	case "exhibit":
		return lineExhibits
	case "deadline", "duty", "order":
		return lineDates
	}
	return lineWork
}

// only is the part that the address asks for; empty for all.
func (v *visit) only() string {
	if o := v.r.URL.Query().Get("only"); slices.Contains(lineSorts, o) {
		return o
	}
	return ""
}

// lineFilters are the parts as links, the one that is shown marked.
func (v *visit) lineFilters(id rogatory.RequestID) (all []choiceOf) {
	at := Prefix + "requests/" + string(id)
	all = append(all, choiceOf{Label: v.loc.T("story.all"), Href: at + "#story", Here: v.only() == ""})
	for _, sort := range lineSorts {
		all = append(all, choiceOf{Label: v.loc.T("story." + sort), Href: at + "?only=" + sort + "#story", Here: v.only() == sort})
	}
	return all
}

// olderURL leads to what comes before an entry, in the same part.
func olderURL(f frame, id rogatory.RequestID, before int64) string {
	q := url.Values{"before": {number(before)}}
	if _, query, found := strings.Cut(f.Back, "?"); found {
		if asked, err := url.ParseQuery(query); err == nil && asked.Get("only") != "" {
			q.Set("only", asked.Get("only"))
		}
	}
	return Prefix + "requests/" + string(id) + "?" + q.Encode() + "#story"
}

// tieView leads from a line to the one that it is about.
type tieView struct{ Words, Href string }

// ties leads from each message to the one that it corrects or answers, and back from what was corrected. A line on another
// page is reached on that page.
func (v *visit) ties(f docket.File, lines []lineView, messages []docket.Correspondence) {
	entry := map[rogatory.MessageID]int64{}
	for _, m := range messages {
		entry[m.Message.ID] = m.Entry
	}
	at := map[int64]int{}
	for i, l := range lines {
		at[l.Index] = i
	}
	link := func(index int64) string {
		here := "#e" + number(index)
		if _, shown := at[index]; shown {
			return here
		}
		return Prefix + "requests/" + string(f.ID) + "?before=" + number(index+1) + here
	}
	for _, m := range messages {
		to, known := entry[m.Message.Body.Answers]
		if !known {
			continue
		}
		words, back := "story.answers", "story.answered"
		if m.Message.Act == rogatory.Correct {
			words, back = "story.corrects", "story.corrected"
		}
		if i, shown := at[m.Entry]; shown {
			lines[i].Ties = append(lines[i].Ties, tieView{v.loc.T(words), link(to)})
		}
		if i, shown := at[to]; shown {
			lines[i].Ties = append(lines[i].Ties, tieView{v.loc.T(back), link(m.Entry)})
		}
	}
}

// correcting lets a correction name the message that it mends, so that whoever reads the one is led to the other.
func (s *server) correcting(v *visit, f docket.File, a *sheet) error {
	if a.act != rogatory.Correct || f.Channel != "" {
		return nil
	}
	messages, err := s.Office.MessagesOf(v.ctx, v.by, f.ID)
	if err != nil {
		return err
	}
	which := field{Name: "answers", Label: v.loc.T("correct.which"), Hint: v.loc.T("correct.which.hint"), Form: "select", Options: []option{{"", v.loc.T("correct.all")}}, Value: a.values["answers"]}
	for _, m := range slices.Backward(messages) {
		if m.Message.From.State == f.Us.State && m.Message.Act != rogatory.Take {
			which.Options = append(which.Options, option{string(m.Message.ID), v.loc.T("line.of", "what", v.loc.Done(m.Message.Act), "name", when(v.loc, m.At, zoneOf(s.party(f.Us.State))))})
		}
	}
	if !slices.ContainsFunc(which.Options, func(o option) bool { return o.Value == which.Value }) {
		which.Wrong = v.loc.T("wrong.choice")
	} else {
		a.body.Answers = rogatory.MessageID(which.Value)
	}
	a.fields = append([]field{which}, a.fields...)
	return nil
}

// since are the lines of a request that are newer than what this person last signed or voted on it; none if they did not.
func (s *server) since(v *visit, f docket.File) (lines []lineView, last rogatory.Instant, err error) {
	if f.Sheet != nil && f.Sheet.Reviewer == v.by.Name {
		last = f.Sheet.At
	}
	for _, vote := range f.Votes {
		if vote.Person == v.by.Name {
			last = max(last, vote.At)
		}
	}
	if last == 0 {
		return nil, 0, nil
	}
	all, _, err := s.timeline(v, f)
	lines = slices.DeleteFunc(all, func(l lineView) bool { return l.At <= last })
	if len(lines) > sinceShown {
		lines = lines[:sinceShown]
	}
	return lines, last, err
}

// sinceShown is how much news a reviewer is shown at once; the request's page has all of it.
const sinceShown = 8

// What a reviewer has typed and not signed is the person's own: it waits in the session, and goes with it.
const (
	sessionSheet = "sheet" // the form of the review sheet, by the request of which it is
	maxSheetForm = 64 << 10
)

func (v *visit) keepSheet(id rogatory.RequestID, form url.Values) {
	form.Del("step")
	if text := string(id) + " " + form.Encode(); len(text) <= maxSheetForm {
		v.s.sessions.Put(v.ctx, sessionSheet, text)
	}
}

// keptSheet is what was typed of the sheet of a request, or nil.
func (v *visit) keptSheet(id rogatory.RequestID) url.Values {
	of, text, _ := strings.Cut(v.s.sessions.GetString(v.ctx, sessionSheet), " ")
	if of != string(id) {
		return nil
	}
	form, err := url.ParseQuery(text)
	if err != nil {
		return nil
	}
	return form
}

func (v *visit) dropSheet() { v.s.sessions.Remove(v.ctx, sessionSheet) }

// followed copies what an earlier request of ours says into one that follows it: the fields that both kinds have, and the
// offence. What is asked for is not copied.
func (s *server) followed(v *visit, r *rogatory.Request) error {
	if r.Follows == "" {
		return nil
	}
	f, err := s.Office.File(v.ctx, r.Follows)
	if err != nil {
		return err
	}
	kind, err := s.Rules.Kind(r.Kind)
	if err != nil {
		return err
	}
	required, optional := kind.FieldsOf(r.Part)
	for _, id := range slices.Concat(required, optional) {
		if text := f.Request.Contents[id]; text != "" && r.Contents[id] == "" {
			r.Contents[id] = text
		}
	}
	may := offenceArticles(kind)
	r.Offence = f.Request.Offence
	r.Offence.Articles = slices.DeleteFunc(slices.Clone(r.Offence.Articles), func(a string) bool { return !slices.Contains(may, a) })
	if r.Offence.Articles == nil {
		r.Offence.Articles = []string{}
	}
	return nil
}

// compareView is a digest that somebody typed, held against those of an exhibit.
type compareView struct {
	Typed string
	Says  string // names the words; empty if nothing was typed
}

// The lengths of the digests that an exhibit has, in hexadecimal digits.
const (
	sha256Digits = 64
	sha512Digits = 128
)

// compared holds a typed digest against an exhibit: blanks, colons and the case of letters do not count.
func compared(x rogatory.Exhibit, typed string) compareView {
	plain := strings.ToLower(strings.Map(func(r rune) rune {
		if r == ' ' || r == ':' || r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, typed))
	view := compareView{Typed: typed}
	switch {
	case plain == "":
	case strings.Trim(plain, "0123456789abcdef") != "" || len(plain) != sha256Digits && len(plain) != sha512Digits:
		view.Says = "malformed"
	case plain == x.Seal.SHA256.String() || plain == x.Seal.SHA512.String():
		view.Says = "same"
	default:
		view.Says = "differs"
	}
	return view
}

// dutyForm says until when a condition is to be met, or that it was.
func (s *server) dutyForm(v *visit) (entering, func() (string, error), error) {
	f, values, err := v.fileForm()
	if err != nil {
		return entering{}, nil, err
	}
	n, err := strconv.Atoi(v.r.PathValue("number"))
	if err != nil || n < 0 || n >= len(f.Duties) || f.Duties[n].Met != 0 {
		return entering{}, nil, rogatory.Fault(rogatory.Conflict, "duty_unknown", "request %s has no condition %.20q that is still to be met", f.ID, v.r.PathValue("number"))
	}
	d, l, at := f.Duties[n], v.loc, Prefix+"requests/"+string(f.ID)
	why := field{Name: "why", Label: l.T("duties.why"), Form: "area", Value: strings.TrimSpace(values["why"]), Needed: true}
	e := entering{Title: l.T("duties.set"), Lead: l.T("duties.set.lead"), About: f.Request.Title, Request: f.ID, Action: at + "/duties/" + number(int64(n)), Leave: at, Do: l.T("duties.set.do"), Entry: rogatory.DutySet, Will: []willView{{l.T("duties.condition"), d.Condition, false}}}
	if v.r.PathValue("what") == "met" {
		why.Label = l.T("duties.how")
		e.Title, e.Lead, e.Do, e.Entry, e.Action, e.Fields = l.T("duties.met"), l.T("duties.met.lead"), l.T("duties.met.do"), rogatory.DutyMet, e.Action+"/met", []field{why}
		return e, func() (string, error) {
			if _, err := s.Office.MeetDuty(v.ctx, v.by, f.ID, d.Condition, why.Value); err != nil {
				return "", err
			}
			v.say("duties.met.done")
			return "requests/" + string(f.ID), nil
		}, nil
	}
	due, moment := s.localField(v, "due", "duties.due", "duties.due.hint", values["due"])
	due.Needed = true
	e.Action, e.Fields = e.Action+"/set", []field{due, why}
	return e, func() (string, error) {
		if _, err := s.Office.SetDuty(v.ctx, v.by, f.ID, d.Condition, moment, why.Value); err != nil {
			return "", err
		}
		v.say("duties.set.done")
		return "requests/" + string(f.ID), nil
	}, nil
}

// doubtForm records that what the directory says of a contact point is wrong.
func (s *server) doubtForm(v *visit) (entering, func() (string, error), error) {
	if s.Desk == nil {
		return entering{}, nil, s.noDesk()
	}
	values, err := v.form()
	if err != nil {
		return entering{}, nil, err
	}
	party := s.party(rogatory.StateCode(v.r.PathValue("state")))
	i, err := strconv.Atoi(v.r.PathValue("number"))
	if err != nil || i < 0 || i >= len(party.ContactPoints) {
		return entering{}, nil, rogatory.Fault(rogatory.NotFound, "contact_unknown", "the directory has no such contact point of %.10q", party.Code)
	}
	p, l := party.ContactPoints[i], v.loc
	why := field{Name: "why", Label: l.T("doubt.what"), Hint: l.T("doubt.what.hint"), Form: "area", Value: strings.TrimSpace(values["why"]), Needed: true}
	e := entering{Title: l.T("doubt.title"), Lead: l.T("doubt.lead"), About: s.name(l, party.Code), Action: v.r.URL.Path, Leave: Prefix + "directory", Do: l.T("doubt.do"), Entry: rogatory.ContactDoubted, Fields: []field{why},
		Will: []willView{{l.T("directory.desk"), p.Name, false}, {l.T("directory.call_back"), p.Telephone, false}}, Notes: []string{l.T("doubt.then")}}
	return e, func() (string, error) {
		if err := s.Desk.Doubted(v.ctx, v.by, party, p.Name, p.Telephone, why.Value); err != nil {
			return "", err
		}
		v.say("doubt.done")
		return "directory", nil
	}, nil
}
