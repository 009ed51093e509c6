// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"slices"
	"unicode/utf8"

	"rogatory"
)

// This file holds a message and a receipt to their form: what each member may be, and which members an act carries.

func validMode(m rogatory.Mode) bool { return m == rogatory.Exercise || m == rogatory.Live }

func validAddress(a rogatory.Address) bool {
	if !a.State.Valid() || len(a.Authority) == 0 || len(a.Authority) > 40 {
		return false
	}
	for i := range len(a.Authority) {
		c := a.Authority[i]
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

const maxNameRunes = 120 // of a person or a file: what fits one line of a letter

func validOfficer(o rogatory.Officer) bool {
	roles := []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian, rogatory.TheNode}
	return o.Name != "" && utf8.RuneCountInString(o.Name) <= maxNameRunes && slices.Contains(roles, o.Role)
}

func checkMessage(m rogatory.Message) error {
	switch {
	case m.Protocol != rogatory.Protocol:
		return invalid("protocol version %d, this node speaks %d", m.Protocol, rogatory.Protocol)
	case !validMode(m.Mode):
		return invalid("mode %.20q", m.Mode)
	case !m.ID.Valid():
		return invalid("message identifier %.60q", m.ID)
	case !m.Request.Valid():
		return invalid("request reference %.60q", m.Request)
	case !validAddress(m.From) || !validAddress(m.To) || m.From.State == m.To.State:
		return invalid("addresses %.60q and %.60q", m.From.String(), m.To.String())
	case m.Sequence < 1 || m.Incarnation < 1:
		return invalid("sequence %d, incarnation %d", m.Sequence, m.Incarnation)
	case m.Sent <= 0 || m.Expires <= m.Sent:
		return invalid("sent %s, expires %s", m.Sent, m.Expires)
	case !validOfficer(m.By):
		return invalid("officer %.40q in role %.20q", m.By.Name, m.By.Role)
	case m.ApprovedBy != (rogatory.Officer{}) && !validOfficer(m.ApprovedBy):
		return invalid("approving officer %.40q", m.ApprovedBy.Name)
	case m.Body.Answers != "" && !m.Body.Answers.Valid():
		return invalid("answered message %.60q", m.Body.Answers)
	}
	if err := checkOversight(m.Oversight); err != nil {
		return err
	}
	return CheckBody(m.Act, m.Body)
}

// Worded reports whether an act says nothing without words to the other State.
func Worded(act rogatory.Act) bool {
	switch act {
	case rogatory.AskMore, rogatory.Supplement, rogatory.Consult, rogatory.Warn, rogatory.Withdraw, rogatory.AskRelease, rogatory.Hear, rogatory.Represent,
		rogatory.Stop, rogatory.AskStatus, rogatory.TellStatus, rogatory.Correct, rogatory.DiscussCosts, rogatory.DenyConsent, rogatory.NotifyDisclosure, rogatory.RevokeOffer, rogatory.CertifyDeletion:
		return true
	}
	return false
}

// CheckBody says which member an act carries: exactly those, so that nothing hides in a message.
func CheckBody(act rogatory.Act, b rogatory.Body) error {
	type parts struct {
		request, verdict, preservation, exhibit, exhibitID, root, answers, text, measure, consent, recovery, details, figures bool
	}
	has := parts{b.Request != nil, b.Verdict != nil, b.Preservation != nil, b.Exhibit != nil, b.ExhibitID != "", !b.Root.IsZero(), b.Answers != "", b.Text != "",
		b.Measure != nil, b.Consent != nil, b.Recovery != nil, len(b.Details) > 0, b.Figures != nil}
	want := has
	text := has.text || Worded(act) // every act may carry words
	switch act {
	case rogatory.Send:
		want = parts{request: true, text: text}
	case rogatory.Accept:
		want = parts{verdict: has.verdict, text: text}
	case rogatory.Refuse, rogatory.Postpone:
		want = parts{verdict: true, text: text}
	case rogatory.Execute:
		want = parts{verdict: true, text: text, details: has.details}
	case rogatory.Preserve:
		want = parts{preservation: true, text: text}
	case rogatory.Extend, rogatory.RequestExtension: // of a preservation or of a measure
		want = parts{preservation: !has.measure, measure: has.measure, text: text}
	case rogatory.Start:
		want = parts{measure: true, text: text}
	case rogatory.Stop:
		want = parts{measure: has.measure, text: text}
	case rogatory.AskConsent:
		want = parts{consent: true, text: text}
	case rogatory.GiveConsent:
		want = parts{answers: true, verdict: has.verdict, text: text}
	case rogatory.DenyConsent:
		want = parts{answers: true, text: text}
	case rogatory.Agree:
		want = parts{verdict: true, text: text}
	case rogatory.NotifyDisclosure:
		want = parts{exhibitID: has.exhibitID, text: text}
	case rogatory.DiscloseTraffic:
		want = parts{details: true, text: text}
	case rogatory.ReportRecovery:
		want = parts{recovery: true, text: text}
	case rogatory.Offer:
		want = parts{exhibit: true, text: text}
	case rogatory.Take:
		want = parts{exhibitID: true, root: true, text: text}
	case rogatory.CertifyDeletion:
		want = parts{exhibitID: true, root: true, text: text}
	case rogatory.RevokeOffer:
		want = parts{exhibitID: true, text: text}
	case rogatory.Supplement, rogatory.Represent:
		want = parts{answers: true, text: text}
	case rogatory.Correct: // of one message, or of what was said altogether; of secrecy it says until when, and nothing else
		_, secrecy := b.Details[rogatory.SecrecyUntil]
		want = parts{answers: has.answers, text: text, details: secrecy && len(b.Details) == 1}
	case rogatory.AskMore, rogatory.Consult, rogatory.Warn, rogatory.Withdraw, rogatory.AskRelease, rogatory.Hear,
		rogatory.AskStatus, rogatory.TellStatus, rogatory.DiscussCosts,
		rogatory.Acknowledge, rogatory.Confirm, rogatory.Release, rogatory.Close, rogatory.ConfirmInWriting:
		want = parts{text: text}
	case rogatory.StartDrill, rogatory.EndDrill: // not even words: nothing of a case can be in a drill
		want = parts{}
	case rogatory.StateFigures:
		want = parts{figures: true}
	default:
		return invalid("act %.40q is not one that crosses a border", act)
	}
	if has != want {
		return invalid("the body does not fit the act %s", act)
	}
	if e := b.Exhibit; e != nil && (!e.ID.Valid() || !plainName(e.FileName) || e.Expires <= 0) {
		return invalid("exhibit %.40q named %.60q", e.ID, e.FileName)
	}
	// An empty list is [] and an empty map {}: null would be a second spelling.
	if r := b.Request; r != nil && (r.Contents == nil || r.Offence.Articles == nil || r.Offence.MaximumYears < 0) {
		return invalid("a request without contents or offence articles, or of %d years", r.Offence.MaximumYears)
	}
	if e := b.Exhibit; e != nil && e.Limits.Conditions == nil {
		return invalid("exhibit %s without conditions", e.ID)
	}
	if b.ExhibitID != "" && !b.ExhibitID.Valid() {
		return invalid("exhibit reference %.40q", b.ExhibitID)
	}
	return checkFigures(b)
}

const (
	// maxHops bounds the way of the money in one request: longer ones are an exhibit.
	maxHops = 500
	// maxFingerprints bounds the images of one removal request, so that a person can look at each answer.
	maxFingerprints = 1000
)

// checkFigures holds amounts, times and fingerprints to their forms.
func checkFigures(b rogatory.Body) error {
	if r := b.Request; r != nil {
		if len(r.Payments) > maxHops || len(r.Fingerprints) > maxFingerprints {
			return invalid("a request with %d payments and %d fingerprints, at most %d and %d are read", len(r.Payments), len(r.Fingerprints), maxHops, maxFingerprints)
		}
		for i, t := range r.Payments {
			if !t.Amount.Valid() || t.From.Number == "" || t.To.Number == "" || t.At <= 0 {
				return invalid("payment %d lacks its accounts, a well-formed amount or its time", i+1)
			}
		}
		for i, f := range r.Fingerprints {
			if !f.Valid() {
				return invalid("fingerprint %d is not of its form", i+1)
			}
		}
		if r.Term.From < 0 || r.Term.To < 0 {
			return invalid("a term from %s to %s", r.Term.From, r.Term.To)
		}
	}
	if m := b.Measure; m != nil {
		if len(m.Assets) > maxHops || m.Hours < 0 || m.Since < 0 || m.Until < 0 {
			return invalid("a measure of %d hours on %d assets", m.Hours, len(m.Assets))
		}
		for i, a := range m.Assets {
			if !a.Asked.Valid() || !a.Frozen.Valid() || a.Asked.Code != a.Frozen.Code || a.Account.Number == "" {
				return invalid("asset %d lacks its account or well-formed amounts of one currency", i+1)
			}
		}
	}
	if f := b.Figures; f != nil && !f.Valid() {
		return invalid("figures of %d drills of %.10q by %.10q that can be those of none", f.Drills, f.Of, f.By)
	}
	if r := b.Recovery; r != nil {
		if _, ok := r.Share(); !ok {
			return invalid("a recovery of %s of %s", r.Returned, r.Attempted)
		}
	}
	if c := b.Consent; c != nil {
		uses := []rogatory.ConsentUse{rogatory.OtherUse, rogatory.OnwardTransfer, rogatory.TeamDisclosure, rogatory.EvidenceUse}
		if !slices.Contains(uses, c.Use) || c.Purpose == "" || c.Exhibit != "" && !c.Exhibit.Valid() || (c.Use == rogatory.OnwardTransfer || c.Use == rogatory.TeamDisclosure) != (c.To != "") {
			return invalid("consent to %.40q without its purpose, or with a receiver where none belongs", c.Use)
		}
	}
	return nil
}

// plainName accepts base names that are the same file on every system and in every archive.
func plainName(name string) bool {
	if name == "" || len(name) > 100 || name[0] == '.' || name[0] == '-' {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Normal returns the message with its empty lists and maps spelled as empty, not as null.
func Normal(m rogatory.Message) rogatory.Message {
	if m.Body.Request != nil {
		r := *m.Body.Request
		if r.Contents == nil {
			r.Contents = map[string]string{}
		}
		if r.Offence.Articles == nil {
			r.Offence.Articles = []string{}
		}
		if r.Translation != nil && r.Translation.Contents == nil {
			t := *r.Translation
			t.Contents = map[string]string{}
			r.Translation = &t
		}
		m.Body.Request = &r
	}
	if m.Body.Exhibit != nil && m.Body.Exhibit.Limits.Conditions == nil {
		e := *m.Body.Exhibit
		e.Limits.Conditions = []string{}
		m.Body.Exhibit = &e
	}
	return m
}
