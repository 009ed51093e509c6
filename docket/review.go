// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// Safeguards are what an act of ours is judged by.
type Safeguards struct {
	// Convention is the set that came with this program. What the office adds to it is in the journal.
	Convention safeguard.Set
	Form       safeguard.Form
	Vocabulary safeguard.Vocabulary
}

// SheetFile is a review sheet with when it was signed.
type SheetFile struct {
	safeguard.Sheet
	At rogatory.Instant `json:"at"`
	// Before names the entry of the sheet that the reviewer had signed last, of another request; nothing if there was none.
	Before string `json:"before,omitempty"`
	// Stale says that the other State supplemented or corrected the request since: the questions are open again.
	Stale bool `json:"stale,omitempty"`
}

// VoteFile is a vote on an act that is not done yet.
type VoteFile struct {
	safeguard.Vote
	Act rogatory.Act     `json:"act"`
	At  rogatory.Instant `json:"at"`
	// Exhibit is which one is offered, of a vote on an offer: whoever agreed to one did not agree to another.
	Exhibit rogatory.ExhibitID `json:"exhibit,omitempty"`
}

// Objection is what a provider or a person concerned holds against a request; while it is not decided the case halts.
type Objection struct {
	At      rogatory.Instant `json:"at"`
	From    string           `json:"from"` // in words: whoever objected may not want a name in every list
	Reasons string           `json:"reasons"`
	Decided rogatory.Instant `json:"decided,omitzero"`
	Why     string           `json:"why,omitempty"` // of the decision
}

// review moves a file by what people of this office said to the safeguards.
func (f *File) review(e rogatory.Entry) error {
	damaged := func(err error) error {
		return rogatory.Fault(rogatory.Damaged, "entry_damaged", "read the %s entry of %s: %w", e.Type, e.Request, err).WithHint("run rogatory fsck")
	}
	switch e.Type {
	case rogatory.SheetSigned:
		s := SheetFile{At: e.At, Before: e.Name}
		if err := json.Unmarshal(e.Sheet, &s.Sheet); err != nil {
			return damaged(err)
		}
		f.Sheet = &s
	case rogatory.VoteCast:
		v := VoteFile{Act: e.Act, At: e.At, Exhibit: rogatory.ExhibitID(e.Name)}
		if err := json.Unmarshal(e.Vote, &v.Vote); err != nil {
			return damaged(err)
		}
		f.Votes = slices.DeleteFunc(slices.Clone(f.Votes), func(w VoteFile) bool { return w.Act == v.Act && w.Exhibit == v.Exhibit && w.Person == v.Person })
		f.Votes = append(f.Votes, v)
	case rogatory.ObjectionMade:
		f.Objections = append(slices.Clone(f.Objections), Objection{At: e.At, From: e.Name, Reasons: e.Why})
		f.Votes = nil // those who agreed have not read this
	case rogatory.ObjectionDecided:
		f.Objections = slices.Clone(f.Objections)
		if i := openObjection(f.Objections); i >= 0 {
			f.Objections[i].Decided, f.Objections[i].Why = e.At, e.Why
		}
	}
	return nil
}

// openObjection is the oldest that nobody decided, or -1.
func openObjection(all []Objection) int {
	return slices.IndexFunc(all, func(o Objection) bool { return o.Decided == 0 })
}

// Reviewed is what a review sheet of the request is about.
func (f File) Reviewed(form safeguard.Form) safeguard.Measure {
	return safeguard.Measure{Kind: f.Request.Kind, Categories: categoriesOf(f.Request, form), Search: searches(f.Request)}
}

// searches reports whether a place or a system is to be searched.
func searches(r rogatory.Request) bool {
	return r.Kind == "general_assistance" && r.Part == "search_seizure"
}

// categoriesOf tells which data a request asks for: those that it names, or what such a request is usually answered with.
func categoriesOf(r rogatory.Request, form safeguard.Form) []safeguard.Category {
	if searches(r) {
		return []safeguard.Category{safeguard.Content}
	}
	if r.Kind == rogatory.StoredData {
		var all []safeguard.Category
		for _, c := range []safeguard.Category{safeguard.Subscriber, safeguard.Traffic, safeguard.Content} {
			if strings.Contains(r.Contents["data_category"], string(c)) {
				all = append(all, c)
			}
		}
		if len(all) > 0 {
			return all
		}
	}
	return form.Usually(r.Kind)
}

// Near is what an office knows around a request.
type Near struct {
	Linked      safeguard.Linked      // requests that name the same people
	Emergencies []safeguard.Emergency // uses of the emergency channel with that State that nobody reviewed
	Suspensions []safeguard.Suspension
	Oversight   bool // mayBegin lets the act pass: the bodies of both States can be given their copies
	Reuse       Reuse

	Policies safeguard.Set    // in force now
	unread   error            // why there are none
	last     *safeguard.Sheet // which the reviewer had signed last when signing the one of this request
}

// identifiersOf lists whom and what a request names.
func identifiersOf(r rogatory.Request) []string {
	var all []string
	for _, field := range []string{"persons", "identifier", "communications", "person", "witness", "recipient"} {
		for line := range strings.Lines(r.Contents[field]) {
			if line = strings.TrimSpace(line); line != "" {
				all = append(all, line)
			}
		}
	}
	return all
}

// narrative is what a request tells and asks, in words.
func narrative(r rogatory.Request) string {
	var all strings.Builder
	all.WriteString(r.Title)
	for _, field := range slices.Sorted(maps.Keys(r.Contents)) {
		all.WriteString("\n" + r.Contents[field])
	}
	return all.String()
}

// factsOf says of an act what the policies ask about. It is pure.
func factsOf(f File, act rogatory.Act, mode rogatory.Mode, s *Safeguards, near Near, now rogatory.Instant) safeguard.Facts {
	r := f.Request
	said := func(field string) safeguard.Truth { return safeguard.True(strings.TrimSpace(r.Contents[field]) != "") }
	is := safeguard.True
	facts := safeguard.Facts{
		Mode: mode, Kind: r.Kind, Act: act, Side: f.Side,
		Categories: categoriesOf(r, s.Form),
		RealTime:   is(r.Kind == "realtime_traffic" || r.Kind == "content_interception"),
		Search:     is(searches(r)),
		Location:   is(r.Kind == rogatory.EmergencyData || r.Contents["category"] == "whereabouts"),
		FixedEnd:   safeguard.Yes, // the lifecycle ends every measure, at the latest when its rule says
		Decryption: safeguard.No, Staff: safeguard.No, PenaltyRaised: safeguard.No,
		Authorised:   said("authorisation"),
		MaximumYears: safeguard.Number(int64(r.Offence.MaximumYears)), Dual: safeguard.NotRecorded,
		ThirdState: safeguard.No, Domicile: safeguard.No, Children: safeguard.No,
		Oversight: is(near.Oversight), ReviewOverdue: safeguard.No,
		Objection: is(openObjection(f.Objections) >= 0), Excess: safeguard.No,
	}
	facts = f.secret(now, facts)
	facts = f.used(act, near.Reuse, facts)
	for _, a := range r.Offence.Articles {
		facts.Articles = append(facts.Articles, rogatory.ParseArticles(a)...)
	}
	ask := safeguard.Ask{Identifiers: identifiersOf(r), Period: r.Term, Categories: facts.Categories, Text: narrative(r), Endless: r.Term == (rogatory.Term{}) || slices.Contains(s.Form.Timeless, r.Kind)}
	facts = ask.Breadth(s.Vocabulary).Into(facts)
	facts.Signals = append(slices.Clone(facts.Signals), s.Vocabulary.Listen(ask.Text)...)
	facts = near.Linked.Into(facts)
	if r.Kind == rogatory.EmergencyData {
		facts = safeguard.Emergency{Request: f.ID, State: requester(f), Opened: f.Received}.Facts(near.Emergencies, now, facts)
		facts.LifeReason = said("risk")
	} else {
		facts = safeguard.Ordinary(facts)
	}
	suspended, overdue := safeguard.Suspended(near.Suspensions, f.Them.State, now)
	facts.Suspended, facts.ReviewOverdue = is(suspended), is(overdue)
	demanded := s.Form.Precedes(f.Reviewed(s.Form), act)
	if f.Sheet != nil && !f.Sheet.Stale {
		facts = f.Sheet.Facts(s.Form, near.last, facts)
	} else if demanded {
		facts = safeguard.Sheet{Measure: f.Reviewed(s.Form)}.Facts(s.Form, nil, facts)
	}
	if !demanded {
		facts.Open = nil
	}
	// A reference says that somebody authorised it; the sheet says that it was a court or an independent body.
	facts.AuthorisedBy = safeguard.Nobody
	switch {
	case facts.Answers["authorisation"] == safeguard.AnswerYes:
		facts.Authorised, facts.AuthorisedBy = safeguard.Yes, safeguard.Court
	case facts.Authorised == safeguard.Yes:
		facts.AuthorisedBy = safeguard.Prosecutor
	}
	facts.Signals = append(facts.Signals, safeguard.Structure(facts)...)
	return facts
}

// requester is the State that asks.
func requester(f File) rogatory.StateCode {
	if f.Side == rogatory.RequestingSide {
		return f.Us.State
	}
	return f.Them.State
}

const (
	// maxNear is how many linked requests are looked at.
	maxNear = 200
	// suspensionsSetting names where the suspensions are kept.
	suspensionsSetting = "suspensions"
	markKeySetting     = "mark_key"
)

// near reads what the office knows around a request, for an act on it.
func (o *Office) near(tx *store.Tx, f File, act rogatory.Act) (near Near, err error) {
	near.Oversight = o.overseeable(tx, f, act)
	near.Policies, near.unread = o.policiesNow(tx)
	if near.last, err = sheetBefore(tx, f); err != nil {
		return near, err
	}
	key, _, err := markKey(tx)
	if err != nil {
		return near, err
	}
	marks := safeguard.Marks(key, identifiersOf(f.Request))
	piece := func(f File) safeguard.Piece {
		p := safeguard.Piece{Request: f.ID, Case: f.ID.Case(), State: requester(f), At: max(f.Opened, f.Received), Officer: f.Author, Marks: marks}
		if f.State == rogatory.Refused {
			p.Refused = f.Ended
		}
		return p
	}
	rows, err := tx.Marked(f.ID, marks, maxNear)
	if err != nil {
		return near, err
	}
	var history []safeguard.Piece
	for _, row := range rows {
		other, err := glance(row)
		if err != nil {
			return near, err
		}
		history = append(history, piece(other))
	}
	near.Linked = safeguard.Cumulative(history, piece(f))
	if near.Suspensions, err = suspensionsIn(tx); err != nil || f.Request.Kind != rogatory.EmergencyData {
		return near, err
	}
	// By the deadlines that nobody has met: a State that sends one emergency after another buries no review.
	unreviewed, err := tx.Named(EmergencyDue, store.MaxRows)
	if err != nil {
		return near, err
	}
	for _, d := range unreviewed {
		row, err := tx.Request(d.Request)
		if err != nil {
			return near, err
		}
		other, err := glance(row)
		if err != nil {
			return near, err
		}
		if other.Side != f.Side || other.Them.State != f.Them.State || other.Emergency == nil {
			continue
		}
		near.Emergencies = append(near.Emergencies, safeguard.Emergency{Request: other.ID, State: requester(other), Opened: other.Emergency.Used,
			Reviewed: other.Emergency.Reviewed, Reviewer: other.Emergency.Reviewer, Deciders: other.Emergency.Deciders})
	}
	return near, nil
}

// glance reads of a file what another request is weighed by: many are looked at before one act.
func glance(row store.Request) (File, error) {
	var f struct {
		ID        rogatory.RequestID `json:"id"`
		Side      rogatory.Side      `json:"side"`
		Us        rogatory.Address   `json:"us"`
		Them      rogatory.Address   `json:"them"`
		State     rogatory.State     `json:"state"`
		Author    string             `json:"author"`
		Opened    rogatory.Instant   `json:"opened"`
		Received  rogatory.Instant   `json:"received"`
		Ended     rogatory.Instant   `json:"ended"`
		Emergency *EmergencyFile     `json:"emergency"`
	}
	if err := json.Unmarshal(row.View, &f); err != nil {
		return File{}, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
	}
	return File{ID: f.ID, Side: f.Side, Us: f.Us, Them: f.Them, State: f.State, Author: f.Author, Opened: f.Opened, Received: f.Received, Ended: f.Ended, Emergency: f.Emergency}, nil
}

// mark notes whom a request names, once it was sent or has come. The key of the index is drawn with the first.
func (o *Office) mark(tx *store.Tx, f File) error {
	key, found, err := markKey(tx)
	if err == nil && !found {
		if _, err = io.ReadFull(o.Random, key[:]); err == nil {
			err = tx.SetSetting(markKeySetting, key[:])
		}
	}
	if err != nil {
		return err
	}
	return tx.Mark(f.ID, safeguard.Marks(key, identifiersOf(f.Request)))
}

// markKey is the secret of the index. Before there is one, nothing is in the index.
func markKey(tx *store.Tx) (key safeguard.Key, found bool, err error) {
	kept, found, err := tx.Setting(markKeySetting)
	copy(key[:], kept)
	return key, found && len(kept) == len(key), err
}

// Judged is what the safeguards say of an act before it is done.
type Judged struct {
	safeguard.Opinion
	// Lacks are what is still missing of people; nothing means that whoever asked may do it now.
	Lacks []safeguard.Finding `json:"lacks,omitempty"`
	Votes []VoteFile          `json:"votes,omitempty"`
	// Linked are other requests about the same people.
	Linked safeguard.Linked `json:"linked,omitzero"`
}

// votesOn are the votes on an act, with that of by, who is about to do it. Who drafted a request stands for asking;
// who sealed an exhibit prepared it, and has no vote on handing it over. Where an act takes several people, a token of a live
// office is none of them: it proves that a program has it.
func (o *Office) votesOn(f File, by rogatory.Actor, act rogatory.Act, body rogatory.Body, need safeguard.Need) safeguard.Votes {
	var v safeguard.Votes
	if x := f.offered(act, body); x != nil {
		v.Author = x.By
	}
	for _, cast := range f.votesOf(act, body) {
		if cast.Person != v.Author || v.Author == "" {
			v.Votes = append(v.Votes, cast.Vote)
		}
	}
	stands := func(person string, role rogatory.OfficerRole, credential string) {
		if person != "" && !(need.People > 1 && o.programs(credential)) && !slices.ContainsFunc(v.Votes, func(w safeguard.Vote) bool { return w.Person == person }) {
			v.Votes = append(v.Votes, safeguard.Vote{Person: person, Role: role, Authenticator: credential, Agree: true})
		}
	}
	if act == rogatory.Send {
		stands(f.Author, f.AuthorRole, cmp.Or(f.AuthorCredential, "draft of "+f.Author))
	}
	if by.Role != rogatory.TheNode {
		stands(by.Name, by.Role, credentialOf(by))
	}
	return v
}

// credentialOf names what a person showed at the door. Who works in the process itself, as in an exercise that is
// played by a program, has shown nothing, and is one person by the name alone.
func credentialOf(by rogatory.Actor) string {
	if by.Credential != "" {
		return by.Credential
	}
	return "name of " + by.Name
}

// opinion judges an act. It is pure but for the policies that it is given.
func (o *Office) opinion(f File, near Near, by rogatory.Actor, act rogatory.Act, body rogatory.Body) Judged {
	facts := factsOf(f, act, o.Mode, o.Safeguards, near, o.now())
	facts.Excess = safeguard.True(handsOverExcess(f, act, body))
	j := Judged{Opinion: near.Policies.Judge(facts), Linked: near.Linked}
	j.Votes = f.votesOf(act, body)
	if j.Judged {
		j.Lacks = o.votesOn(f, by, act, body, j.Need).Settle(j.Need)
	}
	return j
}

// judge refuses an act that the safeguards hold and that people have not agreed to.
func (o *Office) judge(tx *store.Tx, by rogatory.Actor, f File, act rogatory.Act, body rogatory.Body) (*rogatory.Judgement, error) {
	if o.Safeguards == nil || by.Role == rogatory.TheNode {
		return nil, nil
	}
	near, err := o.near(tx, f, act)
	if err == nil {
		near.Reuse, err = o.reuse(tx, f, act, body)
	}
	if err != nil {
		return nil, err
	}
	j := o.opinion(f, near, by, act, body)
	if !j.Judged {
		return nil, nil
	}
	if near.unread != nil {
		return nil, near.unread
	}
	codes := func(all []safeguard.Finding, grave bool) string {
		var names []string
		for _, x := range all {
			if !grave || x.Severity == safeguard.Block {
				names = append(names, strings.Join(append([]string{x.Code}, x.About...), " "))
			}
		}
		return strings.Join(names, "; ")
	}
	hint := fmt.Sprintf("rogatory safeguard show %s %s shows what is asked for; the console has it under Review", f.ID, act)
	if j.Blocked {
		return nil, rogatory.Fault(rogatory.Conflict, "safeguard_blocks", "%s on %s: something has to be supplied first: %s", act, f.ID, codes(j.Findings, true)).WithHint(hint)
	}
	if len(j.Lacks) > 0 {
		return nil, rogatory.Fault(rogatory.Denied, "approval_needed", "%s on %s is not agreed to yet: %s", act, f.ID, codes(j.Lacks, false)).WithHint(hint)
	}
	said := &rogatory.Judgement{Policies: j.Set}
	for _, x := range j.Findings {
		said.Fired = append(said.Fired, x.Code)
	}
	for _, v := range o.votesOn(f, by, act, body, j.Need).Votes {
		if v.Agree {
			said.Agreed = append(said.Agreed, v.Person)
		} else {
			said.Dissent = append(said.Dissent, v.Person)
		}
	}
	return said, nil
}

// Opinion says what the safeguards have to say of an act that by might do, and what is still missing.
func (o *Office) Opinion(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (Judged, error) {
	if err := MayRead(by); err != nil {
		return Judged{}, err
	}
	if o.Safeguards == nil {
		return Judged{}, nil
	}
	var j Judged
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		f, err := o.must(tx, id)
		if err != nil {
			return err
		}
		near, err := o.near(tx, f, act)
		if err == nil {
			near.Reuse, err = o.reuse(tx, f, act, body)
		}
		if err == nil {
			j = o.opinion(f, near, by, act, body)
		}
		return err
	})
	return j, err
}

// mayReview refuses who is not of a role that agrees to acts.
func mayReview(by rogatory.Actor, what string) error {
	if slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian}, by.Role) {
		return nil
	}
	return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not %s", by.Name, by.Role, what)
}

// maxReviewText bounds what one person says to a vote or an objection: a few pages.
const maxReviewText = 8000

// SignSheet records the review sheet of a request, as by answered it. A sheet with anything to be mended is refused
// whole, and the one before stands.
func (o *Office) SignSheet(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, s safeguard.Sheet) (File, error) {
	if err := mayReview(by, "review requests"); err != nil {
		return File{}, err
	}
	if o.Safeguards == nil {
		return File{}, rogatory.Fault(rogatory.Unavailable, "safeguards_off", "this office has no safeguards")
	}
	if err := o.present(by, "sign a review sheet"); err != nil {
		return File{}, err
	}
	return o.reviewedIn(ctx, id, func(tx *store.Tx, f File) (rogatory.Entry, error) {
		if f.Side == rogatory.RequestingSide && f.Author == by.Name {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "%s drafted this request, so another person must review it", f.Author)
		}
		last, before, err := lastSheet(tx, by.Name, id)
		if err != nil {
			return rogatory.Entry{}, err
		}
		s.Form, s.Reviewer, s.Measure = o.Safeguards.Form.Version, by.Name, f.Reviewed(o.Safeguards.Form)
		if lacks := s.Lacks(o.Safeguards.Form, last); len(lacks) > 0 {
			var names []string
			for _, l := range lacks {
				names = append(names, strings.Join(append([]string{l.Code}, l.About...), " "))
			}
			return rogatory.Entry{}, rogatory.Fault(rogatory.Invalid, "sheet_incomplete", "the review sheet of %s: %s", id, strings.Join(names, "; ")).WithHint("each question takes an answer, and a reason of its own in at least six words")
		}
		data, err := json.Marshal(s)
		if err != nil {
			return rogatory.Entry{}, err
		}
		return rogatory.Entry{Type: rogatory.SheetSigned, At: o.now(), By: by, Request: id, Sheet: data, Name: before}, noteSheet(tx, by.Name, id)
	})
}

// Approve records that by stands for an act that is still to be done, or does not. answers are reasons by code of the
// finding that they answer; a dissent takes reasons, and is kept. An offer is agreed to for one exhibit, which may be left out
// where only one could be offered ("exhibit_which").
func (o *Office) Approve(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, exhibit rogatory.ExhibitID, agree bool, reasons string, answers map[string]string) (File, error) {
	if err := mayReview(by, "agree to acts"); err != nil {
		return File{}, err
	}
	if err := o.present(by, "agree to acts"); err != nil {
		return File{}, err
	}
	size := len(reasons)
	for code, a := range answers {
		size += len(code) + len(a)
	}
	if size > maxReviewText {
		return File{}, rogatory.Fault(rogatory.Invalid, "words_too_many", "%d bytes of reasons, at most %d are kept", size, maxReviewText)
	}
	if !agree && strings.TrimSpace(reasons) == "" {
		return File{}, rogatory.Fault(rogatory.Invalid, "words_missing", "who does not agree says why")
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		if _, _, err := rogatory.Next(f.State, act, f.Side); err != nil {
			return rogatory.Entry{}, err
		}
		if act == rogatory.Send && f.Author == by.Name {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "%s drafted this request, so another person must agree to it", f.Author)
		}
		if exhibit, err := f.votedOn(act, exhibit); err != nil {
			return rogatory.Entry{}, err
		} else if data, err := json.Marshal(safeguard.Vote{Person: by.Name, Role: by.Role, Authenticator: credentialOf(by), Agree: agree, Reasons: reasons, Answers: answers}); err != nil {
			return rogatory.Entry{}, err
		} else {
			return rogatory.Entry{Type: rogatory.VoteCast, At: o.now(), By: by, Request: id, Act: act, Name: string(exhibit), Vote: data}, nil
		}
	})
}

// offered is the exhibit that an act would hand over, the only one that could be where it does not say; nil where it hands over
// none.
func (f File) offered(act rogatory.Act, body rogatory.Body) *ExhibitFile {
	if act != rogatory.Offer {
		return nil
	}
	id := body.ExhibitID
	if body.Exhibit != nil {
		id = body.Exhibit.ID
	}
	if all := f.Offerable(); id == "" && len(all) == 1 {
		id = all[0].Exhibit.ID
	}
	return f.exhibit(id)
}

// votesOf are the votes on an act, of an offer those on its exhibit.
func (f File) votesOf(act rogatory.Act, body rogatory.Body) (all []VoteFile) {
	var id rogatory.ExhibitID
	if x := f.offered(act, body); x != nil {
		id = x.Exhibit.ID
	}
	for _, v := range f.Votes {
		if v.Act == act && v.Exhibit == id {
			all = append(all, v)
		}
	}
	return all
}

// Offerable are the exhibits that could be offered now.
func (f File) Offerable() (all []ExhibitFile) {
	for _, x := range f.Exhibits {
		if x.Ours && x.State == Sealed && x.Quarantine == nil {
			all = append(all, x)
		}
	}
	return all
}

// votedOn says which exhibit a vote is about; none, where the act is no offer.
func (f File) votedOn(act rogatory.Act, id rogatory.ExhibitID) (rogatory.ExhibitID, error) {
	all := f.Offerable()
	switch i := slices.IndexFunc(all, func(x ExhibitFile) bool { return x.Exhibit.ID == id }); {
	case act != rogatory.Offer:
		return "", nil
	case i >= 0:
		return id, nil
	case id == "" && len(all) == 1:
		return all[0].Exhibit.ID, nil
	case id == "" && len(all) > 1:
		return "", rogatory.Fault(rogatory.Invalid, "exhibit_which", "request %s has %d exhibits that could be offered: a vote is on one of them", f.ID, len(all)).WithHint("name the exhibit")
	}
	return "", rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "request %s has no exhibit %.40q that could be offered", f.ID, id)
}

// Object records the objection of a provider or of a person concerned, which halts the case until it is decided.
func (o *Office) Object(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, from, reasons string) (File, error) {
	if err := mayReview(by, "record objections"); err != nil {
		return File{}, err
	}
	if strings.TrimSpace(from) == "" || strings.TrimSpace(reasons) == "" || len(from)+len(reasons) > maxReviewText {
		return File{}, rogatory.Fault(rogatory.Invalid, "words_missing", "an objection says from whom it comes and why, in at most %d bytes", maxReviewText)
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		if f.State == rogatory.Drafted || f.State == rogatory.Closed {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "act_not_open", "%s is %s: there is nothing to object to", id, f.State)
		}
		if slices.ContainsFunc(f.Objections, func(o Objection) bool { return o.Decided == 0 && o.From == from && o.Reasons == reasons }) {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "objection_known", "this objection to %s is recorded already", id) // a call that got no answer was made again
		}
		return rogatory.Entry{Type: rogatory.ObjectionMade, At: o.now(), By: by, Request: id, Name: from, Why: reasons}, nil
	})
}

// DecideObjection records what became of the oldest objection. It lets the case go on; what it means for the request is
// said by the acts that follow.
func (o *Office) DecideObjection(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, why string) (File, error) {
	if err := o.decides(by, "decide objections"); err != nil {
		return File{}, err
	}
	if strings.TrimSpace(why) == "" || len(why) > maxReviewText {
		return File{}, rogatory.Fault(rogatory.Invalid, "words_missing", "a decision on an objection has reasons, in at most %d bytes", maxReviewText)
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		if openObjection(f.Objections) < 0 {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "objection_none", "no objection to %s is open", id)
		}
		return rogatory.Entry{Type: rogatory.ObjectionDecided, At: o.now(), By: by, Request: id, Why: why}, nil
	})
}

// reviewed records an entry that decide makes of the file as it stands, and returns the file after it.
func (o *Office) reviewed(ctx context.Context, id rogatory.RequestID, decide func(f File) (rogatory.Entry, error)) (File, error) {
	return o.reviewedIn(ctx, id, func(_ *store.Tx, f File) (rogatory.Entry, error) { return decide(f) })
}

func (o *Office) reviewedIn(ctx context.Context, id rogatory.RequestID, decide func(tx *store.Tx, f File) (rogatory.Entry, error)) (File, error) {
	var f File
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, id)
		if err != nil {
			return err
		}
		e, err := decide(tx, now)
		if err != nil {
			return err
		}
		if err := o.record(tx, e); err != nil {
			return err
		}
		f, err = o.must(tx, id)
		return err
	})
	return f, err
}
