// SPDX-License-Identifier: Apache-2.0

package console

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/store"
	"rogatory/treaty"
)

// lineView is one line of a timeline.
type lineView struct {
	Index   int64
	At      rogatory.Instant // as journaled here
	Day     string           // set where a new day begins
	Time    string
	There   string // the same moment at the other State's desk, where that differs
	What    string
	Who     string
	Said    string // words of a person
	Old     string // what it was, where something changed
	Sent    string // when the other State says that it happened, where that differs by a minute or more
	Proof   string // one sentence of what was proved; empty if nothing was
	Digest  string
	Problem string
	Ties    []tieView // to what it corrects or answers, and back
	sort    string    // the part of the timeline to which it belongs
	revised int64     // how many times a draft was saved, in one line
}

// exhibitView is an exhibit with what this person may do.
type exhibitView struct {
	docket.ExhibitFile
	Request rogatory.RequestID
}

type requestView struct {
	File        docket.File
	Kind        treaty.Kind
	Them        rogatory.Party
	ThemName    string
	Claim       docket.Claim
	Aside       docket.Aside
	AsideForm   asideForm
	Clocks      []clockView
	Past        []docket.Deadline
	Moves       []actView // acts that move the request
	Talk        []actView // what can be said at any time
	Lines       []lineView
	Filters     []choiceOf // parts of the timeline that can be read alone
	Older       int64      // of the timeline, what comes before this entry is on another page; zero if nothing does
	Siblings    []docket.File
	MayClaim    bool
	MayClaimAny bool               // also when it has ended: duties outlive it
	People      []rogatory.Officer // who can hold it
	MaySeal     bool
	MayPack     bool
	Waits       string // names the words
	Others      []othersView
	Reviews     []toReview
	Heard       []rogatory.Act // what the other State may have said, where it speaks by another channel
	MayObject   bool
	MayDecide   bool
	DraftOpen   bool
	SecondOnly  bool // this person drafted it: another has to send it
	Subject     *subjectView
}

// waitsOf names the words for whom a request waits on. One that is over waits for nobody's decision.
func waitsOf(f docket.File) string {
	switch w := f.WaitsFor(); {
	case !f.State.Final() || w == docket.OnThem:
		return string(w)
	case w == docket.OnNobody:
		return "over"
	}
	return "close"
}

// file reads the request of the path, if this person may.
func (v *visit) file() (docket.File, error) {
	if err := docket.MayRead(v.by); err != nil {
		return docket.File{}, err
	}
	return v.s.Office.File(v.ctx, rogatory.RequestID(v.r.PathValue("id")))
}

// pageLines is how many lines of a timeline one page shows; the newest come first.
const pageLines = 28

// entriesOf reads the whole journal of a request, by its pieces.
func (s *server) entriesOf(v *visit, id rogatory.RequestID) (all []docket.Logged, err error) {
	for from := int64(0); ; {
		some, err := s.Office.Entries(v.ctx, v.by, id, from, store.MaxRows)
		if err != nil {
			return nil, err
		}
		if all = append(all, some...); len(some) < store.MaxRows {
			return all, nil
		}
		from = some[len(some)-1].Index + 1
	}
}

func (s *server) request(v *visit) error { return s.requestWith(v, asideForm{}) }

// requestWith shows the request with a form that could not be taken.
func (s *server) requestWith(v *visit, form asideForm) error {
	f, err := v.file()
	if err != nil {
		return err
	}
	// Before they are read: what comes in between is new the next time, and not lost.
	if err := s.Office.Saw(v.ctx, v.by, f.ID); err != nil {
		s.Log.Error("console seen", "request", f.ID, "err", err) // the request can be read all the same
	}
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil {
		return err
	}
	view := requestView{File: f, AsideForm: form, Kind: kind, Them: s.party(f.Them.State), ThemName: s.name(v.loc, f.Them.State), MayClaim: mayClaim(v.by.Role) && !f.State.Final(), Waits: waitsOf(f), Others: s.othersActs(f, v.by),
		MaySeal: maySeal(v.by.Role, f, kind), MayPack: v.by.Role == rogatory.Custodian && s.Package != nil, DraftOpen: f.State == rogatory.Drafted && mayAct(v.by.Role, rogatory.Revise),
		SecondOnly: f.State == rogatory.Drafted && f.Author == v.by.Name}
	if view.Reviews, err = s.reviews(v, f); err != nil {
		return err
	}
	view.Subject = s.subjectOf(v, f)
	view.MayObject = mayClaim(v.by.Role) && f.State != rogatory.Drafted && f.State != rogatory.Closed
	view.MayClaimAny, view.Filters = mayAct(v.by.Role, rogatory.Acknowledge), v.lineFilters(f.ID)
	view.MayDecide = v.by.Role == rogatory.Decider
	if view.People, err = s.assignees(v); err != nil {
		return err
	}
	if view.Claim, view.Aside, err = s.Office.Standing(v.ctx, f.ID); err != nil {
		return err
	}
	for _, d := range f.Deadlines {
		if d.State == docket.Running {
			view.Clocks = append(view.Clocks, s.clockOf(v.loc, d, v.now, f.Them.State))
		} else {
			view.Past = append(view.Past, d)
		}
	}
	slices.SortFunc(view.Clocks, func(a, b clockView) int { return int(a.Deadline.Due - b.Deadline.Due) })
	for _, a := range s.actsOf(f, v.by) {
		if a.Act.Talk() {
			view.Talk = append(view.Talk, a)
		} else {
			view.Moves = append(view.Moves, a)
		}
	}
	view.Heard = s.heardActs(f, v.by)
	if view.Lines, view.Older, err = s.timeline(v, f); err != nil {
		return err
	}
	if all, err := s.Office.RequestsOfCase(v.ctx, v.by, f.ID.Case()); err == nil {
		view.Siblings = slices.DeleteFunc(all, func(g docket.File) bool { return g.ID == f.ID })
	}
	v.opened(f.ID)
	status := http.StatusOK
	if form.Fault != nil {
		status = http.StatusUnprocessableEntity
	}
	return v.show(status, requestScreen(v.frame(f.Request.Title, "inbox"), view))
}

// timeline tells the journal of a request: each entry is one line, and messages say their words.
func (s *server) timeline(v *visit, f docket.File) (lines []lineView, older int64, err error) {
	entries, err := s.entriesOf(v, f.ID)
	if err != nil {
		return nil, 0, err
	}
	messages, err := s.Office.MessagesOf(v.ctx, v.by, f.ID)
	if err != nil {
		return nil, 0, err
	}
	byEntry := map[int64]docket.Correspondence{}
	for _, m := range messages {
		byEntry[m.Entry] = m
	}
	us, their := zoneOf(s.party(s.Office.Us.State)), zoneOf(s.party(f.Them.State))
	var day string
	state := rogatory.State("")
	for _, e := range entries {
		if e.Entry.Type == rogatory.MessageReceipted {
			continue // shown as the proof of the message that it receipts
		}
		local := at(e.Entry.At, us)
		l := lineView{sort: sortOf(e.Entry.Type), Index: e.Index, At: e.Entry.At, Time: local.Format("15:04"), Who: whoOf(v.loc, e.Entry.By.Officer)}
		if d := v.loc.Day(e.Entry.At, zoneNamed(us)); d != day {
			day, l.Day = d, d
		}
		if us != their {
			l.There = v.loc.T("clock.there", "time", at(e.Entry.At, their).Format("15:04"))
		}
		if m, ok := byEntry[e.Index]; ok {
			s.message(v, &l, m, f)
			before := state
			if next, _, err := rogatory.Next(state, m.Message.Act, sideOf(m, f)); err == nil && m.Applied && !m.Refused {
				state = next
			} else if m.Message.Act == rogatory.Send {
				state = rogatory.Requested
			}
			if before != state && before != "" {
				l.Old = v.loc.T("line.moved", "old", v.loc.RequestState(before), "new", v.loc.RequestState(state))
			}
		} else {
			l.What = entryWords(v.loc, e.Entry, us)
			if e.Entry.Type == rogatory.RequestDrafted {
				state = rogatory.Drafted
			}
			if x := e.Entry.Exhibit; x != nil {
				l.What = v.loc.T("line.of", "what", l.What, "name", x.Title)
			}
			l.Said = saidOf(v.loc, e.Entry)
			if n := len(lines) - 1; e.Entry.Type == rogatory.RequestRevised && n >= 0 && lines[n].revised > 0 && lines[n].Who == l.Who && l.Day == "" {
				// A draft is saved at every step: one line says how often, and is where the last was.
				l.Day, l.revised = lines[n].Day, lines[n].revised+1
				l.What = v.loc.N("line.times", l.revised, "what", l.What)
				lines = lines[:n]
			} else if e.Entry.Type == rogatory.RequestRevised {
				l.revised = 1
			}
			if m := e.Entry.Said; m != nil && e.Entry.Type == rogatory.RequestRecorded {
				l.Said = m.Body.Text // the line names the paper already
			} else if m != nil {
				l.What, l.Said = v.loc.T("line.recorded", "act", v.loc.Act(m.Act)), m.Body.Text
			}
		}
		lines = append(lines, l)
	}
	if before, err := strconv.ParseInt(v.r.URL.Query().Get("before"), 10, 64); err == nil {
		lines = slices.DeleteFunc(lines, func(l lineView) bool { return l.Index >= before })
	}
	if only := v.only(); only != "" {
		lines = slices.DeleteFunc(lines, func(l lineView) bool { return l.sort != only })
	}
	if n := len(lines) - pageLines; n > 0 {
		lines = lines[n:]
		older = lines[0].Index
	}
	slices.Reverse(lines)
	v.ties(f, lines, messages)
	// Day headings belong to the first line of each day as it is shown: newest first.
	day = ""
	for i := range lines {
		if d := v.loc.Day(lines[i].At, zoneNamed(us)); d != day {
			day, lines[i].Day = d, d
		} else {
			lines[i].Day = ""
		}
	}
	return lines, older, nil
}

func sideOf(m docket.Correspondence, f docket.File) rogatory.Side {
	if m.Direction == store.Out {
		return f.Side
	}
	return f.Side.Other()
}

// message tells one message: who said what, and what was proved.
func (s *server) message(v *visit, l *lineView, m docket.Correspondence, f docket.File) {
	body := m.Message.Body
	if m.Direction == store.Out {
		l.What = v.loc.T("line.out", "act", v.loc.Done(m.Message.Act), "state", s.name(v.loc, f.Them.State))
	} else {
		l.What = v.loc.T("line.in", "act", v.loc.Done(m.Message.Act), "state", s.name(v.loc, f.Them.State))
	}
	l.Who = whoOf(v.loc, m.Message.By)
	if by := m.Message.ApprovedBy; by.Name != "" && by.Name != l.Who {
		l.Who = v.loc.T("line.approved", "author", l.Who, "approver", by.Name)
	}
	if d := m.At.Sub(m.Message.Sent); m.Direction == store.In && (d > 60e9 || d < -60e9) {
		l.Sent = v.loc.T("line.sent", "time", when(v.loc, m.Message.Sent, zoneOf(s.party(s.Office.Us.State))))
	}
	l.Said = spoken(v.loc, body)
	l.Digest = m.Digest.String()
	switch {
	case m.Refused:
		l.Problem = v.loc.T("proof.refused")
	case m.Direction == store.In:
		l.Proof = v.loc.T("proof.in")
	case m.Receipted:
		l.Proof = v.loc.T("proof.out", "state", s.name(v.loc, f.Them.State))
	default:
		l.Problem = v.loc.T("proof.waiting")
	}
}

// spoken puts what a message says into lines for people.
func spoken(l *language.Locale, b rogatory.Body) string {
	var parts []string
	add := func(key string, args ...any) { parts = append(parts, l.T(key, args...)) }
	if v := b.Verdict; v != nil {
		if v.Ground != "" {
			add("said.ground", "text", l.Sentence(l.Ground(v.Ground)), "code", string(v.Ground))
		}
		if v.Reasons != "" {
			parts = append(parts, v.Reasons)
		}
		for _, c := range v.Conditions {
			add("said.condition", "text", c)
		}
		if v.Outcome != "" {
			add("said.outcome", "text", l.Outcome(v.Outcome))
		}
		if v.Review != 0 {
			add("said.review", "time", when(l, v.Review, "UTC"))
		}
	}
	if p := b.Preservation; p != nil {
		for _, i := range p.Items {
			add("said.item", "what", i.Description, "size", l.Bytes(i.Size), "digest", i.SHA256.Short())
		}
		if p.Until != 0 {
			add("said.preserved", "time", when(l, p.Until, "UTC"))
		}
		if p.Days != 0 {
			parts = append(parts, l.N("said.days", int64(p.Days)))
		}
	}
	if m := b.Measure; m != nil {
		if m.Until != 0 {
			add("said.until", "time", when(l, m.Until, "UTC"))
		}
		for _, a := range m.Assets {
			add("said.asset", "account", a.Account.Number, "frozen", a.Frozen.String(), "asked", a.Asked.String())
		}
	}
	if x := b.Exhibit; x != nil {
		add("said.exhibit", "title", x.Title, "id", string(x.ID), "digest", x.Seal.SHA256.Short())
	}
	if b.ExhibitID != "" {
		add("said.exhibit_id", "id", string(b.ExhibitID))
	}
	if c := b.Consent; c != nil {
		add("said.consent", "purpose", c.Purpose)
	}
	if r := b.Recovery; r != nil {
		add("said.recovery", "attempted", r.Attempted.String(), "frozen", r.Frozen.String(), "returned", r.Returned.String())
	}
	for _, id := range sortedKeys(b.Details) {
		parts = append(parts, l.Field(id)+": "+b.Details[id])
	}
	if b.Text != "" {
		parts = append(parts, b.Text)
	}
	return joinLines(parts)
}

func marking(l *language.Locale, k treaty.Kind) string {
	if k.Marking == "" {
		return ""
	}
	return l.Marking(k.ID)
}

// whoOf names a person, or the node where nobody acted.
func whoOf(l *language.Locale, o rogatory.Officer) string {
	if o.Role == rogatory.TheNode {
		return l.Role(string(o.Role))
	}
	return o.Name
}

// entryWords says what an entry records, and whom or what it names.
func entryWords(l *language.Locale, e rogatory.Entry, zone string) string {
	switch {
	case e.Type == rogatory.RequestSnoozed && e.Name == "":
		return l.T("line.taken_up")
	case e.Type == rogatory.RequestSnoozed:
		var until rogatory.Instant
		if until.UnmarshalText([]byte(e.Name)) != nil {
			return l.EntryType(e.Type)
		}
		return l.T("line.aside", "time", when(l, until, zone))
	case e.Type == rogatory.RequestClaimed && e.Name == "":
		return l.T("line.unclaimed")
	case e.Type == rogatory.EmergencyReviewed:
		return l.T("line.of", "what", l.EntryType(e.Type), "name", l.T("subject.found."+e.Name))
	case e.Name == "" || e.Type == rogatory.SheetSigned || e.Exhibit != nil || strings.HasPrefix(string(e.Type), "alarm."): // an alarm's number says nothing
		return l.EntryType(e.Type)
	case e.Type == rogatory.DeadlinePassed:
		return l.T("line.of", "what", l.EntryType(e.Type), "name", l.DeadlineName(e.Name))
	}
	return l.T("line.of", "what", l.EntryType(e.Type), "name", e.Name)
}

// saidOf is the reason in an entry. What the program wrote there itself is said in words.
func saidOf(l *language.Locale, e rogatory.Entry) string {
	switch e.Type {
	case rogatory.AlarmOpened, rogatory.AlarmWithdrawn, rogatory.ExhibitReceived: // from whom, the line before says
		return ""
	case rogatory.ExhibitDeleted:
		if due, ok := strings.CutPrefix(e.Why, "due since "); ok {
			var since rogatory.Instant
			if since.UnmarshalText([]byte(due)) == nil {
				return l.T("line.of", "what", l.T("retention.due_since"), "name", when(l, since, "UTC"))
			}
		}
	case rogatory.ExhibitQuarantined:
		return l.T("excess.verdict." + e.Why)
	case rogatory.ExhibitCut:
		var out, of int64
		if _, err := fmt.Sscanf(e.Why, "%d of %d ", &out, &of); err == nil {
			return l.T("excess.left_out", "count", out, "of", of)
		}
	case rogatory.AlarmAcknowledged:
		_, how, _ := strings.Cut(e.Why, " by ")
		return l.T("watch.how." + how)
	}
	return e.Why
}

func actWords(l *language.Locale, acts []rogatory.Act) []string {
	var all []string
	for _, a := range acts {
		all = append(all, l.Act(a))
	}
	return all
}

func namesOf(l *language.Locale, tags []string) []string {
	var all []string
	for _, t := range tags {
		all = append(all, l.Language(t))
	}
	return all
}
