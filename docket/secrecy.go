// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"sync"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/treaty"
)

// SubjectFile is the telling of the persons concerned by a request under which data were handed over: a subject notice.
type SubjectFile struct {
	safeguard.SubjectNotice
	// By is the side whose duty it is: the requested State, unless its acceptance made it a condition that the
	// requesting State does it.
	By     rogatory.Side    `json:"by"`
	Since  rogatory.Instant `json:"since"`            // data were first handed over
	How    string           `json:"how,omitempty"`    // they were told
	Ref    string           `json:"ref,omitempty"`    // the office's own reference of the letter: no name
	Person string           `json:"person,omitempty"` // of the office, who recorded it
	At     rogatory.Instant `json:"at,omitzero"`      // when it was recorded
	// Never is the word of one person that they can never be told. It counts when another has recorded it too.
	Never *NeverFile `json:"never,omitempty"`
}

// NeverFile is a decider's word that persons can never be told.
type NeverFile struct {
	By         string           `json:"by"`
	Credential string           `json:"credential"`
	Why        string           `json:"why"`
	At         rogatory.Instant `json:"at"`
}

// EmergencyFile is the use of the emergency channel for a request (Art 41(3)(e)).
type EmergencyFile struct {
	Used     rogatory.Instant `json:"used,omitzero"` // when data were handed over
	Deciders []string         `json:"deciders,omitempty"`
	Reviewed rogatory.Instant `json:"reviewed,omitzero"`
	Reviewer string           `json:"reviewer,omitempty"`
	Finding  Finding          `json:"finding,omitempty"`
	Why      string           `json:"why,omitempty"`
}

// Finding is what the review of an emergency found.
type Finding string

// The findings.
const (
	Justified   Finding = "justified"
	Unjustified Finding = "unjustified"
)

// TellingByRequesting is the condition of an acceptance under which the requesting State tells the persons concerned
// (Art 40(28)): in these words, so that both nodes know it.
const TellingByRequesting = "The requesting State tells the persons concerned."

// outlives are the deadlines that go on after the end of a request.
var outlives = map[string]bool{SecrecyEnd: true, TellingDue: true, EmergencyDue: true}

// Outlives reports whether the deadline goes on after the end of its request.
func (d Deadline) Outlives() bool { return outlives[d.Name] || d.Name == DutyDue }

// The rules by which secrecy ends and a subject notice comes due.
const (
	secrecyRule = "confidentiality_review"
	tellingRule = "subject_notice"
)

// guard moves what the safeguards follow by a message: how long a request is secret, who is to be told, and what the
// emergency channel was used for.
func (f *File) guard(rules Rulebook, m rogatory.Message, by rogatory.Side, at rogatory.Instant) {
	ours := m.From.State == f.Us.State
	if m.Act == rogatory.Send {
		if why := strings.TrimSpace(f.Request.Contents["confidentiality"]); why != "" {
			due, err := rules.Due(secrecyRule, *f, at)
			if err != nil {
				due.At = at // it cannot be computed: it is void, and a person looks
			}
			f.keepSecret(why, at, due.At, false)
		}
		if f.Request.Kind == rogatory.EmergencyData {
			f.Emergency = &EmergencyFile{}
			f.setDeadline(EmergencyEnd, at.Add(safeguard.EmergencyLasts), "41(3)(e)")
		}
	}
	if text, is := m.Body.Details[rogatory.SecrecyUntil]; is && m.Act == rogatory.Correct && by == rogatory.RequestingSide {
		var until rogatory.Instant
		if until.UnmarshalText([]byte(text)) == nil {
			// What it means is fixed when it was sent: on the way time passes, and the two clocks differ.
			f.keepSecret(strings.TrimSpace(m.Body.Text), at, until, until <= m.Sent)
		}
	}
	if e := f.Emergency; e != nil && ours && decidesEmergency[m.Act] {
		f.Emergency = &EmergencyFile{Used: e.Used, Deciders: slices.Clone(e.Deciders), Reviewed: e.Reviewed, Reviewer: e.Reviewer, Finding: e.Finding, Why: e.Why}
		f.Emergency.add(m.By.Name, m.ApprovedBy.Name)
		for _, v := range f.Votes {
			if v.Act == m.Act && v.Agree {
				f.Emergency.add(v.Person)
			}
		}
	}
	if !f.handsOver(m.Act, by) {
		return
	}
	if e := f.Emergency; e != nil && (e.Used == 0 || e.Reviewed != 0) { // what is handed over after a review is reviewed as well
		f.Emergency = &EmergencyFile{Used: at, Deciders: e.Deciders}
		f.setDeadline(EmergencyDue, at.Add(safeguard.ReviewWithin), "41(3)(e)")
	}
	if f.Subject == nil || f.Subject.Told != 0 || f.Subject.Impossible != "" { // what is handed over later is told as well
		f.Subject = &SubjectFile{SubjectNotice: safeguard.SubjectNotice{Request: f.ID, Due: at}, By: rogatory.RequestedSide, Since: at}
		if f.Agreed != 0 && slices.Contains(f.Conditions, TellingByRequesting) {
			f.Subject.By = rogatory.RequestingSide
		}
		if due, err := rules.Due(tellingRule, *f, at); err == nil {
			f.Subject.Due = due.At
		}
		f.planTelling(at)
	}
}

// decidesEmergency are the acts after which a person has decided on an emergency, and does not review it.
var decidesEmergency = map[rogatory.Act]bool{rogatory.Send: true, rogatory.Accept: true, rogatory.Offer: true, rogatory.Execute: true}

func (e *EmergencyFile) add(names ...string) {
	for _, name := range names {
		if name != "" && !slices.Contains(e.Deciders, name) {
			e.Deciders = append(e.Deciders, name)
		}
	}
}

// theForm is the form that came with this program. A replay asks it what a kind is usually answered with, and never the
// office's own, which may change.
var theForm = sync.OnceValue(safeguard.TheForm)

// handsOver reports whether an act gives the other State data about a person, or ends the taking of them.
func (f File) handsOver(act rogatory.Act, by rogatory.Side) bool {
	if by != rogatory.RequestedSide || slices.Contains(categoriesOf(f.Request, theForm()), safeguard.NoData) && act != rogatory.DiscloseTraffic {
		return false
	}
	switch act {
	case rogatory.Offer, rogatory.DiscloseTraffic:
		return true
	case rogatory.Stop:
		return f.Request.Kind == "realtime_traffic" || f.Request.Kind == "content_interception"
	case rogatory.Execute:
		return f.Request.Kind == "location_query" || f.Request.Kind == rogatory.EmergencyData
	}
	return false
}

// keepSecret adds a time of secrecy, or ends those that run.
func (f *File) keepSecret(why string, at, until rogatory.Instant, ends bool) {
	f.Secrecy = slices.Clone(f.Secrecy)
	if ends {
		for i := range f.Secrecy {
			f.Secrecy[i].Until = min(f.Secrecy[i].Until, max(at, f.Secrecy[i].From+1))
		}
	} else {
		f.Secrecy = append(f.Secrecy, safeguard.Grant{By: string(requester(*f)), Reason: why, From: at, Until: until})
	}
	f.Deadlines = slices.Clone(f.Deadlines)
	if s := f.SecrecyAt(at); s.Secret && s.Until > at {
		f.setDeadline(SecrecyEnd, s.Until, "40(20)")
	} else {
		f.stop(SecrecyEnd, Met)
	}
	f.planTelling(at)
}

// SecrecyAt says how the secrecy of the request stands: it ends by itself.
func (f File) SecrecyAt(now rogatory.Instant) safeguard.Secrecy {
	return safeguard.Secret(f.Secrecy, now)
}

// planTelling sets when the persons concerned are to be told, in the office whose duty it is: not before secrecy ends.
func (f *File) planTelling(at rogatory.Instant) {
	if f.Subject == nil || f.Subject.By != f.Side || f.Subject.Told != 0 || f.Subject.Impossible != "" {
		return
	}
	_, due := f.SubjectAt(at)
	if due == 0 {
		due = max(f.Subject.Due, at)
	}
	f.setDeadline(TellingDue, due, "24(2)")
}

// SubjectAt says how the subject notice stands, and when that changes by itself; the empty state where nobody is to be
// told by us.
func (f File) SubjectAt(now rogatory.Instant) (safeguard.NoticeState, rogatory.Instant) {
	if f.Subject == nil || f.Subject.By != f.Side {
		return "", 0
	}
	n := f.Subject.SubjectNotice
	if s := f.SecrecyAt(now); s.Secret {
		n.Due = max(n.Due, s.Until)
	}
	state, until, _ := n.At(now)
	return state, until
}

// done ends a deadline, in time or late.
func (f *File) done(name string) {
	if d := f.deadline(name); d != nil {
		d.State = Met
	}
}

// told moves a file by what people of this office recorded about a subject notice or an emergency.
func (f *File) told(e rogatory.Entry) {
	if e.Type == rogatory.EmergencyReviewed {
		if f.Emergency != nil {
			x := *f.Emergency
			x.Reviewed, x.Reviewer, x.Finding, x.Why = e.At, e.By.Name, Finding(e.Name), e.Why
			f.Emergency = &x
			f.done(EmergencyDue)
		}
		return
	}
	if f.Subject == nil {
		return
	}
	s := *f.Subject
	f.Subject = &s
	switch e.Type {
	case rogatory.SubjectTold:
		s.Told, s.How, s.Ref, s.Person, s.At = e.When, e.Why, e.Name, e.By.Name, e.At
		f.done(TellingDue)
	case rogatory.SubjectNever:
		if s.Never == nil || !s.Never.another(e.By.Name, e.Credential) {
			s.Never = &NeverFile{By: e.By.Name, Credential: e.Credential, Why: e.Why, At: e.At}
			return
		}
		s.Impossible, s.Person, s.At = e.Why, e.By.Name, e.At
		f.done(TellingDue)
	case rogatory.SubjectPostponed:
		s.Never = nil // what is put off is to be done
		s.Postponed = append(slices.Clone(s.Postponed), safeguard.Postponement{By: e.By.Name, Why: e.Why, At: e.At, Until: e.Until})
		f.planTelling(e.At)
	}
}

// prepareSecrecy holds a renewal to a reason and an end.
func prepareSecrecy(m rogatory.Message, f File) error {
	var until rogatory.Instant
	err := until.UnmarshalText([]byte(m.Body.Details[rogatory.SecrecyUntil]))
	switch {
	case err != nil || len(m.Body.Details) != 1:
		return rogatory.Fault(rogatory.Invalid, "secrecy_invalid", "keep %s secret until %.40q", f.ID, m.Body.Details[rogatory.SecrecyUntil]).WithHint("give a moment such as 2027-03-01T00:00:00Z")
	case f.Side != rogatory.RequestingSide:
		return rogatory.Fault(rogatory.Denied, "secrecy_not_ours", "%s asked for the confidentiality of %s, and renews it (Art 40(20))", f.Them.State, f.ID)
	case until > m.Sent.Add(safeguard.LongestSecrecy):
		return rogatory.Fault(rogatory.Invalid, "secrecy_long", "keep %s secret until %s: at most %d days at a time", f.ID, until, int(safeguard.LongestSecrecy/treaty.Day)).WithHint("renew it then, with a reason")
	case !safeguard.Reasoned(m.Body.Text):
		return reasoned(m.Body.Text)
	case until <= m.Sent && !f.SecrecyAt(m.Sent).Secret:
		return rogatory.Fault(rogatory.Conflict, "secrecy_over", "%s is not secret any more", f.ID)
	}
	return nil
}

// KeepSecret renews the confidentiality of a request of ours until a moment, or ends it at once if until is zero; both
// States know it from then on. It is a correction, judged and voted on as one.
func (o *Office) KeepSecret(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, until rogatory.Instant, why, language string) (File, error) {
	if err := o.present(by, "keep a request secret"); err != nil {
		return File{}, err
	}
	if until == 0 {
		until = o.now()
	}
	f, _, err := o.Move(ctx, by, id, rogatory.Correct, rogatory.Body{Text: why, Language: language, Details: map[string]string{rogatory.SecrecyUntil: until.String()}})
	return f, err
}

// Telling is what an office records about a subject notice.
type Telling struct {
	How  string           `json:"how"`           // by what: letter, in person, through counsel
	When rogatory.Instant `json:"when,omitzero"` // zero for now
	Ref  string           `json:"ref,omitempty"` // of the letter; never a name
}

// maxRef bounds a reference of the office's own: a file number.
const maxRef = 80

// toTell refuses where nobody is left to be told by this office.
func (f File) toTell() error {
	switch {
	case f.Subject == nil:
		return rogatory.Fault(rogatory.Conflict, "telling_none", "nothing about a person was handed over under %s", f.ID)
	case f.Subject.By != f.Side:
		return rogatory.Fault(rogatory.Conflict, "telling_theirs", "%s tells the persons concerned by %s", f.Them.State, f.ID)
	case f.Subject.Told != 0 || f.Subject.Impossible != "":
		return rogatory.Fault(rogatory.Conflict, "telling_done", "for %s it is recorded already how it ended", f.ID)
	}
	return nil
}

// MayTell says what is wrong with a record that the persons concerned were told; nil if nothing.
func (f File) MayTell(t Telling, now rogatory.Instant) error {
	if err := f.toTell(); err != nil {
		return err
	}
	s := f.SecrecyAt(now)
	switch {
	case strings.TrimSpace(t.How) == "" || len(t.How) > maxReviewText:
		return rogatory.Fault(rogatory.Invalid, "words_missing", "say how the persons concerned by %s were told, in at most %d bytes", f.ID, maxReviewText)
	case t.When > now:
		return rogatory.Fault(rogatory.Invalid, "telling_future", "the persons concerned by %s cannot have been told at %s", f.ID, t.When)
	case t.When != 0 && t.When < f.Subject.Since:
		return rogatory.Fault(rogatory.Invalid, "telling_early", "data were first handed over under %s at %s, after %s", f.ID, f.Subject.Since, t.When)
	case len(t.Ref) > maxRef:
		return rogatory.Fault(rogatory.Invalid, "reference_long", "a reference of %d bytes, at most %d are kept", len(t.Ref), maxRef)
	case s.Secret:
		return rogatory.Fault(rogatory.Conflict, "secrecy_runs", "%s is confidential until %s: nobody is told before (Art 40(20))", f.ID, s.Until).WithHint("the requesting State can end it earlier")
	}
	return nil
}

// Tell records that the persons concerned by a request were told.
func (o *Office) Tell(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, t Telling) (File, error) {
	if err := mayReview(by, "record who was told"); err != nil {
		return File{}, err
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		now := o.now()
		if err := f.MayTell(t, now); err != nil {
			return rogatory.Entry{}, err
		}
		if t.When == 0 {
			t.When = now
		}
		return rogatory.Entry{Type: rogatory.SubjectTold, At: now, By: by, Request: id, Name: strings.TrimSpace(t.Ref), Why: strings.TrimSpace(t.How), When: t.When}, nil
	})
}

// MayPutOff says what is wrong with a postponement of a subject notice; nil if nothing. One person does not put it off twice in
// a row.
func (f File) MayPutOff(by rogatory.Officer, until rogatory.Instant, why string, now rogatory.Instant) error {
	if err := f.toTell(); err != nil {
		return err
	}
	switch {
	case until <= now:
		return rogatory.Fault(rogatory.Invalid, "telling_past", "the notice of %s cannot be put off until %s, which has come", f.ID, until)
	case until.Sub(now) > safeguard.LongestPostponing:
		return rogatory.Fault(rogatory.Invalid, "telling_late", "the notice of %s is put off for at most %d days at a time", f.ID, int(safeguard.LongestPostponing/treaty.Day)).WithHint("put it off again then, with a reason")
	case len(why) > maxReviewText:
		return rogatory.Fault(rogatory.Invalid, "words_too_many", "%d bytes of reasons, at most %d are kept", len(why), maxReviewText)
	case len(f.Subject.Postponed) > 0 && f.Subject.Postponed[len(f.Subject.Postponed)-1].By == by.Name:
		return rogatory.Fault(rogatory.Denied, "second_person_needed", "%s put off the notice of %s last, so another person decides whether it is put off again", by.Name, f.ID)
	}
	return reasoned(why)
}

// PutOff postpones a subject notice until a moment, for a reason; the decision is one person's, and is counted in the
// public report.
func (o *Office) PutOff(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, until rogatory.Instant, why string) (File, error) {
	if err := o.decides(by, "put off that persons are told"); err != nil {
		return File{}, err
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		now := o.now()
		if err := f.MayPutOff(by.Officer, until, why, now); err != nil {
			return rogatory.Entry{}, err
		}
		return rogatory.Entry{Type: rogatory.SubjectPostponed, At: now, By: by, Request: id, Why: strings.TrimSpace(why), Until: until}, nil
	})
}

// another reports whether a person is another one than whose word this is: one authenticator behind two names is one person.
func (n *NeverFile) another(name, credential string) bool {
	return n.By != name && n.Credential != credential
}

// CannotTell records why the persons concerned can never be told, such as that nobody knows who they are. A decider says it,
// and it counts when another person of the office, of any role that reviews, has said it as well; until then the notice
// stays due. Who puts the notice off in between takes it back.
func (o *Office) CannotTell(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, why string) (File, error) {
	const what = "decide that persons are never told"
	if err := mayReview(by, what); err != nil {
		return File{}, err
	}
	if err := o.present(by, what); err != nil {
		return File{}, err
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		if err := f.toTell(); err != nil {
			return rogatory.Entry{}, err
		}
		if n := f.Subject.Never; n == nil {
			if err := o.decides(by, what); err != nil {
				return rogatory.Entry{}, err
			}
		} else if !n.another(by.Name, credentialOf(by)) {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "%s recorded already that the persons concerned by %s can never be told, so another person has to", n.By, id)
		}
		if len(why) > maxReviewText {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Invalid, "words_too_many", "%d bytes of reasons, at most %d are kept", len(why), maxReviewText)
		}
		if err := reasoned(why); err != nil {
			return rogatory.Entry{}, err
		}
		return rogatory.Entry{Type: rogatory.SubjectNever, At: o.now(), By: by, Request: id, Why: strings.TrimSpace(why), Credential: credentialOf(by)}, nil
	})
}

// ReviewEmergency records what the review of a use of the emergency channel found. Who decided on it does not review it.
func (o *Office) ReviewEmergency(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, found Finding, why string) (File, error) {
	if err := mayReview(by, "review emergencies"); err != nil {
		return File{}, err
	}
	if err := o.present(by, "review emergencies"); err != nil {
		return File{}, err
	}
	if found != Justified && found != Unjustified {
		return File{}, rogatory.Fault(rogatory.Invalid, "finding_invalid", "an emergency was %s or %s, not %.20q", Justified, Unjustified, found)
	}
	if len(why) > maxReviewText {
		return File{}, rogatory.Fault(rogatory.Invalid, "words_too_many", "%d bytes of reasons, at most %d are kept", len(why), maxReviewText)
	}
	if err := reasoned(why); err != nil {
		return File{}, err
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		switch e := f.Emergency; {
		case e == nil || e.Used == 0:
			return rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "emergency_unused", "nothing was handed over in an emergency under %s", id)
		case e.Reviewed != 0:
			return rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "emergency_reviewed", "the emergency of %s was reviewed at %s", id, e.Reviewed)
		case slices.Contains(e.Deciders, by.Name):
			return rogatory.Entry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "%s decided on the emergency of %s, so another person must review it", by.Name, id)
		}
		return rogatory.Entry{Type: rogatory.EmergencyReviewed, At: o.now(), By: by, Request: id, Name: string(found), Why: strings.TrimSpace(why)}, nil
	})
}

// Pending is a request that waits for its persons concerned to be told, or for the review of its emergency.
type Pending struct {
	File  File                  `json:"file"`
	Due   rogatory.Instant      `json:"due"`
	State safeguard.NoticeState `json:"state,omitempty"` // of a subject notice
}

// Overdue reports whether its time has come.
func (p Pending) Overdue(now rogatory.Instant) bool { return p.Due <= now }

// Subjects lists whose persons concerned this office still has to tell, the longest due first; more says that there are
// others.
func (o *Office) Subjects(ctx context.Context, by rogatory.Actor) (all []Pending, more bool, err error) {
	return o.pending(ctx, by, TellingDue, func(f File) bool { return f.toTell() == nil })
}

// Emergencies lists the uses of the emergency channel that nobody has reviewed, the longest due first.
func (o *Office) Emergencies(ctx context.Context, by rogatory.Actor) (all []Pending, more bool, err error) {
	return o.pending(ctx, by, EmergencyDue, func(f File) bool { return f.Emergency != nil && f.Emergency.Reviewed == 0 })
}

func (o *Office) pending(ctx context.Context, by rogatory.Actor, name string, waits func(File) bool) (all []Pending, more bool, err error) {
	if err := MayRead(by); err != nil {
		return nil, false, err
	}
	now := o.now()
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		rows, err := tx.Named(name, store.MaxRows)
		if err != nil {
			return err
		}
		for _, d := range rows {
			row, err := tx.Request(d.Request)
			if err != nil {
				return err
			}
			var f File
			if err := json.Unmarshal(row.View, &f); err != nil {
				return rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
			}
			if !waits(f) {
				continue
			}
			if more = len(all) == maxAgenda; more {
				return nil
			}
			p := Pending{File: f, Due: d.DueAt}
			if name == TellingDue {
				p.State, _ = f.SubjectAt(now)
			}
			all = append(all, p)
		}
		return nil
	})
	return all, more, err
}

// ReviewDue is until when the use of the channel is to be reviewed.
func (e EmergencyFile) ReviewDue() rogatory.Instant { return e.Used.Add(safeguard.ReviewWithin) }
