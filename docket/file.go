// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"time"

	"rogatory"
	"rogatory/deadline"
	"rogatory/safeguard"
	"rogatory/treaty"
)

// File is an office's view of one request: what the journal's entries and the messages add up to. It
// is derived; fsck derives it again from the journal and compares.
type File struct {
	ID      rogatory.RequestID `json:"id"`
	Side    rogatory.Side      `json:"side"` // ours
	Us      rogatory.Address   `json:"us"`
	Them    rogatory.Address   `json:"them"`
	State   rogatory.State     `json:"state"`
	Request rogatory.Request   `json:"request"`
	Author  string             `json:"author,omitempty"` // who drafted it, on the requesting side
	// AuthorRole is the role in which the author drafted it.
	AuthorRole rogatory.OfficerRole `json:"author_role,omitempty"`
	// AuthorCredential is what the author showed at the door.
	AuthorCredential string `json:"author_credential,omitempty"`

	Rules        string           `json:"rules"`                 // edition of the rules that it was opened under
	Opened       rogatory.Instant `json:"opened"`                // drafted or received
	Received     rogatory.Instant `json:"received,omitzero"`     // sent (requesting side) or received
	Acknowledged rogatory.Instant `json:"acknowledged,omitzero"` // by a person
	Changed      rogatory.Instant `json:"changed"`
	Ended        rogatory.Instant `json:"ended,omitzero"` // came to an end: retention counts from here

	Question     rogatory.MessageID    `json:"question,omitempty"` // the last one asked by the requested State
	Consulted    bool                  `json:"consulted,omitempty"`
	Verdict      *rogatory.Verdict     `json:"verdict,omitempty"`
	Conditions   []string              `json:"conditions,omitempty"`
	Agreed       rogatory.Instant      `json:"agreed,omitzero"` // to the conditions: they bind from then on, Art 40(28)
	Preservation rogatory.Preservation `json:"preservation,omitzero"`
	Renewed      int                   `json:"renewed,omitempty"` // how often our domestic order to preserve was renewed
	HeldBy       rogatory.RequestID    `json:"held_by,omitempty"` // request for disclosure that keeps it preserved
	// AlsoHeldBy are further requests for disclosure of the same data: the data go when the last is decided.
	AlsoHeldBy []rogatory.RequestID `json:"also_held_by,omitempty"`

	// Channel is set where the request goes by another way than between nodes.
	Channel rogatory.Channel `json:"channel,omitempty"`

	Measure      rogatory.Measure   `json:"measure,omitzero"`
	Extensions   int                `json:"extensions,omitempty"`   // of the measure
	ReleaseAsked rogatory.Instant   `json:"release_asked,omitzero"` // by the requesting State
	Heard        rogatory.Instant   `json:"heard,omitzero"`         // lifting was announced, Art 50(8)
	Hearing      rogatory.MessageID `json:"hearing,omitempty"`      // by this message
	Represented  bool               `json:"represented,omitempty"`  // and the requesting State has spoken to it
	Recovery     *rogatory.Recovery `json:"recovery,omitempty"`     // as last reported by either State
	Consents     []ConsentFile      `json:"consents,omitempty"`
	StatusAsked  rogatory.Instant   `json:"status_asked,omitzero"` // and not answered yet, Art 40(26)

	Exhibits  []ExhibitFile `json:"exhibits,omitempty"`
	Deadlines []Deadline    `json:"deadlines,omitempty"`

	// What the safeguards ask of people here: it is not told to the other State.
	Sheet *SheetFile `json:"sheet,omitempty"` // the review sheet as it was last signed
	Votes []VoteFile `json:"votes,omitempty"` // on acts that are not done yet
	// Secrecy are the times for which the requesting State asked for confidentiality, Art 40(20).
	Secrecy    []safeguard.Grant `json:"secrecy,omitempty"`
	Subject    *SubjectFile      `json:"subject,omitempty"`   // the telling of the persons concerned, once data were handed over
	Emergency  *EmergencyFile    `json:"emergency,omitempty"` // of a request through the emergency channel
	Objections []Objection       `json:"objections,omitempty"`
	Duties     []Duty            `json:"duties,omitempty"`      // conditions that bind us
	OutOfTurn  int               `json:"out_of_turn,omitempty"` // messages that arrived when the act was no longer open
}

// ExhibitState says where an exhibit stands between the two States.
type ExhibitState string

// The states of an exhibit.
const (
	Sealed  ExhibitState = "sealed"  // in our vault, not offered
	Offered ExhibitState = "offered" // the other State may take it, or we may
	Held    ExhibitState = "held"    // arrived and verified in our vault
	Taken   ExhibitState = "taken"   // the other State has receipted it
	Revoked ExhibitState = "revoked" // the offer was withdrawn
	Deleted ExhibitState = "deleted" // gone from our vault, under a retention rule
)

// ExhibitFile is an exhibit as this office holds it.
type ExhibitFile struct {
	Exhibit rogatory.Exhibit `json:"exhibit"`
	State   ExhibitState     `json:"state"`
	Ours    bool             `json:"ours"` // sealed here
	By      string           `json:"by"`   // who sealed it here
	// Kept names the proceeding for which it is not deleted yet.
	Kept string `json:"kept,omitempty"`
	// Gone is when the other State certified that it deleted what it held.
	Gone rogatory.Instant `json:"gone,omitzero"`
	// Compared is how it was held against what was asked for; nil where nobody did, as with exhibits of older journals.
	Compared *safeguard.Comparison `json:"compared,omitempty"`
	// Quarantine is set while it lies unread.
	Quarantine *Quarantine `json:"quarantine,omitempty"`
	// CutFrom is the exhibit of which this has the rows that were asked for.
	CutFrom rogatory.ExhibitID `json:"cut_from,omitempty"`
	// Origin is the exhibit of another State that this one holds the same bytes as.
	Origin rogatory.ExhibitID `json:"origin,omitempty"`
}

// ConsentState says how a question for consent stands.
type ConsentState string

// The states of a consent.
const (
	ConsentAsked  ConsentState = "asked"
	ConsentGiven  ConsentState = "given"
	ConsentDenied ConsentState = "denied"
)

// ConsentFile is one question for consent and its answer (Arts 36(3), 40(19)).
type ConsentFile struct {
	Consent    rogatory.Consent   `json:"consent"`
	Asked      rogatory.MessageID `json:"asked"`
	By         rogatory.Side      `json:"by"` // who asked
	State      ConsentState       `json:"state"`
	Conditions []string           `json:"conditions,omitempty"`
	Words      string             `json:"words,omitempty"`
}

// DeadlineState says whether a clock still runs.
type DeadlineState string

// The states of a deadline.
const (
	Running DeadlineState = "running"
	Met     DeadlineState = "met"
	Passed  DeadlineState = "passed"
	Stopped DeadlineState = "stopped"
)

// Deadline is one clock of a request.
type Deadline struct {
	Name    string           `json:"name"`
	Due     rogatory.Instant `json:"due"`
	State   DeadlineState    `json:"state"`
	Article string           `json:"article"`
	// Rule, Version and Calendar say how a date was computed that a rule of package deadline gave: it can
	// be explained years later. A date that a State or a measure sets has none.
	Rule     string `json:"rule,omitempty"`
	Version  int    `json:"version,omitempty"`
	Calendar string `json:"calendar,omitempty"`
	Zone     string `json:"zone,omitempty"`
	Verified bool   `json:"verified,omitempty"` // a jurist verified the rule and the calendar
}

// The deadlines that are not clocks of the rules.
const (
	PreservationEnd = "preservation" // preserved data may be released
	MeasureEnd      = "measure"      // a measure stops by itself
	HearingEnd      = "hearing"      // until when the requesting State may speak to the lifting, Art 50(8)
	DutyDue         = "duty"         // until when the first condition that binds us has to be met
	RenewalDue      = "renewal"      // until when our domestic order to preserve has to be renewed, Art 25(2)
	WrittenDue      = "written"      // until when what was said by word of mouth is confirmed, Art 40(13)
	SecrecyEnd      = "secrecy"      // confidentiality ends by itself, Art 40(20)
	TellingDue      = "telling"      // the persons whose data were handed over are told
	EmergencyEnd    = "emergency"    // the emergency channel is closed for this request
	EmergencyDue    = "emergency_review"
)

// requestingSide returns who plays which part.
func (f File) sideOf(state rogatory.StateCode) rogatory.Side {
	if state == f.Us.State {
		return f.Side
	}
	return f.Side.Other()
}

func (f *File) exhibit(id rogatory.ExhibitID) *ExhibitFile {
	for i := range f.Exhibits {
		if f.Exhibits[i].Exhibit.ID == id {
			return &f.Exhibits[i]
		}
	}
	return nil
}

func (f *File) deadline(name string) *Deadline {
	for i := range f.Deadlines {
		if f.Deadlines[i].Name == name {
			return &f.Deadlines[i]
		}
	}
	return nil
}

func (f *File) setDeadline(name string, due rogatory.Instant, article string) {
	if d := f.deadline(name); d != nil {
		d.Due, d.State = due, Running
		return
	}
	f.Deadlines = append(f.Deadlines, Deadline{Name: name, Due: due, State: Running, Article: article})
}

// start sets a clock of the rules going, by the calendar of the State whose days count. Where it cannot be
// computed, as with a calendar without one working day, it is due at once: a message must not wait for a
// data file, and a person will look.
func (f *File) start(rules Rulebook, c treaty.Clock, at rogatory.Instant) {
	due, err := rules.Due(c.Rule, *f, at)
	if err != nil {
		due.At, due.Rule = at, c.Rule
	}
	f.setDeadline(c.Name, due.At, c.Article)
	d := f.deadline(c.Name)
	d.Rule, d.Version, d.Calendar, d.Zone, d.Verified = due.Rule, due.Version, due.Calendar, due.Zone, due.Verified
}

func (f *File) stop(name string, s DeadlineState) {
	if d := f.deadline(name); d != nil && d.State == Running {
		d.State = s
	}
}

// cabinet is where files are found and kept: the database for the office, a map for fsck. A file that
// is kept replaces the one of the same identifier.
type cabinet interface {
	file(id rogatory.RequestID) (File, bool, error)
	keep(f File) error
}

// apply moves a file by one message that was sent or received at that time. It decides nothing about
// people's rights. An act that is not open is counted and moves nothing (moved is false): messages
// that crossed on their way settle so on both sides.
func apply(c cabinet, rules Rulebook, us rogatory.StateCode, m rogatory.Message, at rogatory.Instant) (f File, moved bool, err error) {
	f, found, err := c.file(m.Request)
	if err != nil {
		return File{}, false, err
	}
	if !found {
		drill := m.Act == rogatory.StartDrill
		if !drill && (m.Act != rogatory.Send || m.From.State == us) {
			return File{}, false, rogatory.Fault(rogatory.NotFound, "request_unknown", "no request %s", m.Request)
		}
		if drill {
			f = drillFile(m, us, rules.Edition(), at)
		} else {
			f = File{ID: m.Request, Side: rogatory.RequestedSide, Us: m.To, Them: m.From, State: rogatory.Drafted, Request: *m.Body.Request, Rules: rules.Edition(), Opened: at}
		}
	}
	by := f.sideOf(m.From.State)
	if m.From.State != f.Us.State && m.From.State != f.Them.State {
		return f, false, nil
	}
	kind, err := rules.Kind(f.Request.Kind)
	if err != nil {
		return f, false, err
	}
	to, _, err := rogatory.Next(f.State, m.Act, by)
	stale := m.Act == rogatory.Supplement && m.Body.Answers != f.Question
	if err != nil || stale || !kind.AllowsBy(m.Act, by) {
		f.OutOfTurn++
		f.Changed = at
		return f, false, c.keep(f)
	}
	was := f.State
	f.State, f.Changed = to, at
	for _, name := range kind.Stops(m.Act) {
		f.stop(name, Met)
	}
	f.take(m, by, kind, at)
	f.guard(rules, m, by, at)
	if m.From.State != us && saysMore[m.Act] {
		f.Votes = nil // those who agreed have not read this
		if _, secrecy := m.Body.Details[rogatory.SecrecyUntil]; f.Sheet != nil && !secrecy && (m.Act == rogatory.Supplement || m.Act == rogatory.Correct) {
			s := *f.Sheet
			s.Stale = true
			f.Sheet = &s
		}
	}
	if m.From.State == us { // what people agreed to is done: the next of its kind is agreed to anew
		f.Votes = slices.DeleteFunc(slices.Clone(f.Votes), func(v VoteFile) bool {
			return v.Act == m.Act && (v.Exhibit == "" || v.Exhibit == m.Body.Exhibit.ID)
		})
	}
	if m.Act == rogatory.Send {
		if err := hold(c, rules, f, at); err != nil {
			return f, false, err
		}
	}
	if f.State.Final() && !was.Final() {
		f.Ended = at
		for _, d := range f.Deadlines {
			if !d.Outlives() {
				f.stop(d.Name, Stopped)
			}
		}
		if err := unhold(c, rules, f, at); err != nil {
			return f, false, err
		}
	}
	if m.Act == rogatory.Preserve || m.Act == rogatory.Extend {
		f.planRenewal(rules)
	}
	event := string(m.Act)
	if m.Act == rogatory.Send || m.Act == rogatory.StartDrill {
		event = treaty.Received
	}
	for _, clock := range kind.Starts(event) {
		f.start(rules, clock, at)
	}
	return f, true, c.keep(f)
}

// saysMore are the acts of the other State by which people here decide on something else than before.
var saysMore = map[rogatory.Act]bool{rogatory.Supplement: true, rogatory.Correct: true, rogatory.AskConsent: true, rogatory.RequestExtension: true}

// drillFile is the file of a drill, which nobody drafts: of either side.
func drillFile(m rogatory.Message, us rogatory.StateCode, edition string, at rogatory.Instant) File {
	f := File{ID: m.Request, Side: rogatory.RequestedSide, Us: m.To, Them: m.From, Rules: edition, Opened: at,
		Request: rogatory.Request{Kind: rogatory.ContactDrill, Title: rogatory.DrillTitle, Language: "en", Contents: map[string]string{}, Offence: rogatory.Offence{Articles: []string{}}}}
	if m.From.State == us {
		f.Side, f.Us, f.Them = rogatory.RequestingSide, m.From, m.To
	}
	return f
}

// take moves what the file holds by what an act says; where it stands was decided before.
func (f *File) take(m rogatory.Message, by rogatory.Side, kind treaty.Kind, at rogatory.Instant) {
	b := m.Body
	switch m.Act {
	case rogatory.Send, rogatory.StartDrill:
		f.Received = at
	case rogatory.Acknowledge:
		f.Acknowledged = at
	case rogatory.AskMore, rogatory.Consult:
		f.Question, f.Consulted = m.ID, f.Consulted || m.Act == rogatory.Consult
	case rogatory.Accept:
		f.Verdict = b.Verdict
		if b.Verdict != nil {
			f.Conditions = b.Verdict.Conditions
		}
	case rogatory.Agree:
		// Conditions that were not those of the acceptance bind nobody.
		if len(f.Conditions) > 0 && slices.Equal(b.Verdict.Conditions, f.Conditions) {
			f.Agreed = at
			f.binds()
		}
	case rogatory.Refuse, rogatory.Postpone, rogatory.Execute:
		f.Verdict = b.Verdict
	case rogatory.Preserve:
		f.Preservation = *b.Preservation
		f.setDeadline(PreservationEnd, f.Preservation.Until, kind.PreserveArticle)
		if f.HeldBy != "" {
			f.stop(PreservationEnd, Stopped)
		}
	case rogatory.Extend:
		f.extend(b, kind)
	case rogatory.Release:
		f.stop(PreservationEnd, Met)
	case rogatory.Start:
		f.Measure = *b.Measure
		f.setDeadline(MeasureEnd, f.Measure.Until, kind.Measure.Article)
	case rogatory.AskRelease:
		f.ReleaseAsked = at
	case rogatory.Hear:
		f.Heard, f.Hearing, f.Represented = at, m.ID, false
		if hours := kind.Measure.In(requestedState(*f)).HearingHours; hours > 0 {
			f.setDeadline(HearingEnd, at.Add(time.Duration(hours)*time.Hour), "50(8)")
		}
	case rogatory.Represent:
		// What answers an earlier announcement than the last says nothing to the last.
		if b.Answers == f.Hearing {
			f.Represented = true
			f.stop(HearingEnd, Met)
		}
	case rogatory.Stop:
		f.stop(MeasureEnd, Met)
	case rogatory.AskStatus:
		f.StatusAsked = at
	case rogatory.TellStatus:
		f.StatusAsked = 0
	case rogatory.AskConsent:
		f.Consents = append(slices.Clone(f.Consents), ConsentFile{Consent: *b.Consent, Asked: m.ID, By: by, State: ConsentAsked})
	case rogatory.GiveConsent, rogatory.DenyConsent:
		f.answerConsent(m, by)
	case rogatory.ReportRecovery:
		f.Recovery = b.Recovery
	case rogatory.ConfirmInWriting:
		f.stop(WrittenDue, Met)
	case rogatory.CertifyDeletion:
		if x := f.exhibit(b.ExhibitID); x != nil && x.Exhibit.Seal.Root == b.Root {
			if by != f.Side {
				x.Gone = at
			} else {
				x.State, x.Kept, x.Quarantine = Deleted, "", nil // it is already, unless the entry that deleted it is lost
			}
		}
	case rogatory.Offer:
		if x := f.exhibit(b.Exhibit.ID); x == nil {
			f.Exhibits = append(f.Exhibits, ExhibitFile{Exhibit: *b.Exhibit, State: Offered, Ours: by == f.Side}) // ours only if the entry that sealed it is lost
		} else if x.State == Sealed {
			x.Exhibit, x.State = *b.Exhibit, Offered
		}
	case rogatory.RevokeOffer:
		if x := f.exhibit(b.ExhibitID); x != nil && x.State == Offered {
			x.State = Revoked
		}
	case rogatory.Take:
		if x := f.exhibit(b.ExhibitID); x != nil && x.Ours && x.Exhibit.Seal.Root == b.Root {
			x.State = Taken
		}
	}
}

// planRenewal sets when our next domestic order has to be decided, so that no order lapses under a longer
// preservation (Arts 25(2), 42(8)): an order binds for 90 days, and a hold may last until a decision. It is
// the preserving State's own affair.
func (f *File) planRenewal(rules Rulebook) {
	if f.Side != rogatory.RequestedSide || f.Preservation.Since == 0 {
		return
	}
	hold := deadline.Hold{From: f.Preservation.Since, Until: f.Preservation.Until, Order: deadline.DomesticOrder, Lead: deadline.RenewalLead}
	if f.HeldBy != "" {
		hold.Until = 0
	}
	orders, err := rules.Times.Plan(hold, rules.Calendars.Of(f.Us.State))
	next := f.Renewed + 1 // the order after those that were made
	switch {
	case err != nil: // it cannot be planned: a person looks at once
		f.setDeadline(RenewalDue, f.Changed, "25(2)")
	case f.State == rogatory.Preserved && next < len(orders):
		f.setDeadline(RenewalDue, orders[next].DecideBy, "25(2)")
	default:
		f.stop(RenewalDue, Met)
	}
}

// extend moves the end of what runs; an extension of the other sort than what runs moves nothing.
func (f *File) extend(b rogatory.Body, kind treaty.Kind) {
	switch {
	case b.Measure != nil && f.State == rogatory.InForce:
		f.Measure.Until = b.Measure.Until
		f.Extensions++
		f.setDeadline(MeasureEnd, f.Measure.Until, kind.Measure.Article)
	case b.Preservation != nil && f.State == rogatory.Preserved:
		f.Preservation.Until = b.Preservation.Until
		if f.HeldBy == "" {
			f.setDeadline(PreservationEnd, f.Preservation.Until, kind.PreserveArticle)
		}
	}
}

// answerConsent: only the State that was asked answers, and once.
func (f *File) answerConsent(m rogatory.Message, by rogatory.Side) {
	i := slices.IndexFunc(f.Consents, func(c ConsentFile) bool { return c.Asked == m.Body.Answers && c.By != by && c.State == ConsentAsked })
	if i < 0 {
		return
	}
	f.Consents = slices.Clone(f.Consents)
	c := &f.Consents[i]
	c.State, c.Words = ConsentDenied, m.Body.Text
	if m.Act == rogatory.GiveConsent {
		c.State = ConsentGiven
		if m.Body.Verdict != nil {
			c.Conditions = m.Body.Verdict.Conditions
		}
	}
}

// hold keeps preserved data until the request for their disclosure is decided, Art 42(8).
func hold(c cabinet, rules Rulebook, f File, at rogatory.Instant) error {
	if f.Request.Follows == "" {
		return nil
	}
	p, found, err := c.file(f.Request.Follows)
	if err != nil || !found || p.Request.Kind != rogatory.Preservation42 || p.Them != f.Them || p.Side != f.Side || p.State.Final() {
		return err // what a request follows otherwise has its own end: a freeze, an arrest
	}
	p.Changed = at
	if p.HeldBy != "" {
		p.AlsoHeldBy = append(slices.Clone(p.AlsoHeldBy), f.ID)
		return c.keep(p)
	}
	p.HeldBy = f.ID
	p.stop(PreservationEnd, Stopped)
	p.planRenewal(rules)
	return c.keep(p)
}

// unhold lets the preservation's own end run again once the disclosure was decided.
func unhold(c cabinet, rules Rulebook, f File, at rogatory.Instant) error {
	if f.Request.Follows == "" {
		return nil
	}
	p, found, err := c.file(f.Request.Follows)
	i := slices.Index(p.AlsoHeldBy, f.ID)
	if err != nil || !found || p.HeldBy != f.ID && i < 0 {
		return err
	}
	p.Changed = at
	switch rest := slices.Clone(p.AlsoHeldBy); {
	case i >= 0:
		p.AlsoHeldBy = slices.Delete(rest, i, i+1)
		return c.keep(p)
	case len(rest) > 0:
		p.HeldBy, p.AlsoHeldBy = rest[0], rest[1:]
		return c.keep(p)
	}
	p.HeldBy = ""
	if d := p.deadline(PreservationEnd); d != nil && p.State == rogatory.Preserved {
		p.setDeadline(PreservationEnd, max(p.Preservation.Until, at), d.Article)
	}
	p.planRenewal(rules)
	return c.keep(p)
}

// applyLocal moves a file by an entry that is no message. Both the office and fsck come through here.
func applyLocal(c cabinet, rules Rulebook, e rogatory.Entry, us rogatory.Address) error {
	if e.Request == "" {
		return nil
	}
	if e.Type == rogatory.RequestRecorded || e.Type == rogatory.ActRecorded || e.Type == rogatory.OversightSeeded {
		return applySaid(c, rules, e, us)
	}
	f, found, err := c.file(e.Request)
	if err != nil {
		return err
	}
	switch e.Type {
	case rogatory.RequestDrafted:
		f = File{ID: e.Request, Side: rogatory.RequestingSide, Us: us, Them: *e.To, State: rogatory.Drafted, Request: *e.Draft, Author: e.By.Name, AuthorRole: e.By.Role, AuthorCredential: e.Credential, Rules: rules.Edition(), Opened: e.At, Channel: e.Channel}
		found = true
	case rogatory.RequestRevised:
		f.Request, f.Them, f.Author, f.AuthorRole, f.AuthorCredential = *e.Draft, *e.To, e.By.Name, e.By.Role, e.Credential
		f.Sheet, f.Votes = nil, nil // they were of another text
	case rogatory.ExhibitSealed:
		x := ExhibitFile{Exhibit: *e.Exhibit, State: Sealed, Ours: true, By: e.By.Name, Origin: rogatory.ExhibitID(e.Name)}
		if err := x.compared(e); err != nil {
			return err
		}
		f.Exhibits = append(slices.Clone(f.Exhibits), x)
	case rogatory.ExhibitReceived:
		f.Exhibits = slices.Clone(f.Exhibits)
		if x := f.exhibit(e.Exhibit.ID); x != nil {
			x.State = Held
			if err := x.compared(e); err != nil {
				return err
			}
		}
	case rogatory.ExhibitQuarantined, rogatory.ExhibitReleaseVote, rogatory.ExhibitReleased, rogatory.ExhibitCut:
		if err := f.quarantine(e); err != nil {
			return err
		}
	case rogatory.ExhibitKept, rogatory.ExhibitDeleted:
		f.Exhibits = slices.Clone(f.Exhibits)
		if x := f.exhibit(e.Exhibit.ID); x != nil {
			if x.Kept = e.Name; e.Type == rogatory.ExhibitDeleted {
				x.State, x.Kept, x.Quarantine = Deleted, "", nil
			}
		}
	case rogatory.SheetSigned, rogatory.VoteCast, rogatory.ObjectionMade, rogatory.ObjectionDecided:
		if err := f.review(e); err != nil {
			return err
		}
	case rogatory.DutySet, rogatory.DutyMet:
		f.duty(e)
	case rogatory.SubjectTold, rogatory.SubjectPostponed, rogatory.SubjectNever, rogatory.EmergencyReviewed:
		f.Deadlines = slices.Clone(f.Deadlines)
		f.told(e)
	case rogatory.OrderRenewed:
		f.Deadlines = slices.Clone(f.Deadlines)
		f.Renewed++
		f.planRenewal(rules)
	case rogatory.DeadlinePassed:
		f.Deadlines = slices.Clone(f.Deadlines)
		f.stop(e.Name, Passed)
	default:
		return nil
	}
	if !found {
		return rogatory.Fault(rogatory.NotFound, "request_unknown", "no request %s", e.Request)
	}
	f.Changed = e.At
	return c.keep(f)
}

// applySaid moves a file by what was said outside the network and recorded here.
func applySaid(c cabinet, rules Rulebook, e rogatory.Entry, us rogatory.Address) error {
	f, moved, err := apply(c, rules, us.State, *e.Said, e.Said.Sent)
	if err != nil || !moved {
		if err == nil {
			err = rogatory.Fault(rogatory.Conflict, "act_not_open", "%s is not open any more", e.Said.Act)
		}
		return err
	}
	if e.Type == rogatory.RequestRecorded {
		f.Channel = e.Channel
		if hours := rules.Channels[e.Channel].ConfirmHours; hours > 0 {
			f.setDeadline(WrittenDue, f.Received.Add(time.Duration(hours)*time.Hour), rules.Channels[e.Channel].Article)
		}
	}
	f.Changed = e.At
	return c.keep(f)
}
