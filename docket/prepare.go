// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/envelope"
	"rogatory/treaty"
)

// maxExtension bounds what one extension of a preservation may ask for, in days: a year, after which
// somebody should look again.
const maxExtension = 366

// maxHours bounds what one order or extension of a measure may be counted in, likewise: a year.
const maxHours = maxExtension * 24

// prepare checks and completes what an act says. It is pure but for the directory that it is given.
func (o *Office) prepare(m *rogatory.Message, f File, kind treaty.Kind, party rogatory.Party) error {
	b := &m.Body
	if m.Act != rogatory.DenyConsent { // it has an error of its own
		if err := worded(m.Act, *b, f.Them.State); err != nil {
			return err
		}
	}
	switch m.Act {
	case rogatory.Send:
		return o.prepareSend(m, f, kind, party)
	case rogatory.Accept, rogatory.Refuse, rogatory.Postpone, rogatory.Execute:
		if m.Act == rogatory.Execute {
			if err := conditionsAgreed(f); err != nil {
				return err
			}
		}
		if err := kind.CheckVerdict(o.Rules.Rules, m.Act, b.Verdict, f.Request.Offence, f.Consulted); err != nil {
			return err
		}
		if m.Act == rogatory.Postpone && b.Verdict.Review <= m.Sent {
			return rogatory.Fault(rogatory.Invalid, "review_past", "a postponed request is looked at again later, not at %s (Art 40(27))", b.Verdict.Review)
		}
	case rogatory.Supplement:
		b.Answers = f.Question
	case rogatory.Correct:
		if _, is := b.Details[rogatory.SecrecyUntil]; is {
			return prepareSecrecy(*m, f)
		}
	case rogatory.Agree:
		if len(f.Conditions) == 0 || f.Agreed != 0 {
			return rogatory.Fault(rogatory.Conflict, "no_open_conditions", "request %s has no conditions that wait for agreement", f.ID)
		}
		b.Verdict = &rogatory.Verdict{Conditions: f.Conditions}
	case rogatory.AskConsent, rogatory.GiveConsent, rogatory.DenyConsent:
		return prepareConsent(m, f)
	case rogatory.CertifyDeletion:
		if x := f.exhibit(b.ExhibitID); x == nil || x.State != Deleted {
			return rogatory.Fault(rogatory.Conflict, "exhibit_not_deleted", "exhibit %.40q was not deleted here", b.ExhibitID).WithHint("rogatory exhibit delete deletes it, and certifies it to the other State")
		}
	case rogatory.NotifyDisclosure:
		if b.ExhibitID != "" && f.exhibit(b.ExhibitID) == nil {
			return rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "request %s has no exhibit %.40q", f.ID, b.ExhibitID)
		}
	case rogatory.Preserve:
		if b.Preservation == nil || len(b.Preservation.Items) == 0 {
			return rogatory.Fault(rogatory.Invalid, "preservation_empty", "say what was preserved: at least one item with its SHA-256")
		}
		p := *b.Preservation
		p.Since = m.Sent
		p.Until = max(p.Until, kind.EarliestEnd(m.Sent))
		b.Preservation = &p
	case rogatory.Extend, rogatory.RequestExtension:
		if f.State == rogatory.InForce {
			return prepareExtension(m, f, kind)
		}
		if p := b.Preservation; m.Act == rogatory.Extend && p != nil && p.Until == 0 && p.Days > 0 && p.Days <= maxExtension {
			b.Preservation = &rogatory.Preservation{Until: f.Preservation.Until.Add(time.Duration(p.Days) * treaty.Day)}
		}
		switch {
		case m.Act == rogatory.Extend && (b.Preservation == nil || b.Preservation.Until <= f.Preservation.Until):
			return rogatory.Fault(rogatory.Invalid, "extension_too_short", "the extension must end after %s", f.Preservation.Until)
		case m.Act == rogatory.RequestExtension && (b.Preservation == nil || b.Preservation.Days < 1 || b.Preservation.Days > maxExtension):
			return rogatory.Fault(rogatory.Invalid, "extension_invalid", "ask for 1 to %d more days", maxExtension)
		}
	case rogatory.Release:
		if m.By.Role != rogatory.TheNode && (f.HeldBy != "" || m.Sent < f.Preservation.Until) {
			return rogatory.Fault(rogatory.Conflict, "preservation_running", "the data are preserved until %s (Art 42(8))", f.Preservation.Until)
		}
	case rogatory.ReportRecovery:
		if r := b.Recovery; r == nil || !r.Frozen.Valid() {
			return recoveryInvalid("say what was attempted, frozen and returned")
		} else if _, ok := r.Share(); !ok {
			return recoveryInvalid("%.40q frozen and %.40q returned of %.40q attempted", r.Frozen.String(), r.Returned.String(), r.Attempted.String())
		}
	case rogatory.Represent:
		if f.Heard == 0 {
			return rogatory.Fault(rogatory.Conflict, "hearing_not_announced", "%s has not announced that it lifts the measure of %s (Art 50(8))", f.Them.State, f.ID).
				WithHint("what else there is to say goes with correct or ask_release")
		}
		b.Answers = f.Hearing
	case rogatory.Start:
		return prepareStart(m, f, kind)
	case rogatory.Stop:
		return prepareStop(m, f, kind)
	case rogatory.Offer:
		return prepareOffer(m, f, kind)
	case rogatory.RevokeOffer:
		if x := f.exhibit(b.ExhibitID); x == nil || !x.Ours || x.State != Offered {
			return rogatory.Fault(rogatory.Conflict, "exhibit_not_offered", "exhibit %.40q is not on offer", b.ExhibitID)
		}
	}
	return kind.CheckDetails(o.Rules.Rules, m.Act, b.Details)
}

func recoveryInvalid(format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "recovery_invalid", format, args...).WithHint("three decimal amounts of one currency, such as 12500.00 EUR: a loss above zero, of which no more came back than was taken")
}

// worded refuses an act that says nothing without words, where there are none.
func worded(act rogatory.Act, b rogatory.Body, to rogatory.StateCode) error {
	if envelope.Worded(act) && strings.TrimSpace(b.Text) == "" {
		return rogatory.Fault(rogatory.Invalid, "words_missing", "the act %s says something to %s, and nothing was said", act, to).WithHint("say it in words, with --text on the command line")
	}
	return nil
}

func (o *Office) prepareSend(m *rogatory.Message, f File, kind treaty.Kind, party rogatory.Party) error {
	if m.By.Name == f.Author {
		return rogatory.Fault(rogatory.Denied, "second_person_needed", "%s drafted this request, so another person must send it", f.Author)
	}
	if lacks := o.Rules.Lacks(f.Request, m.Sent); len(lacks) > 0 {
		return rogatory.Fault(rogatory.Invalid, "request_incomplete", "the request lacks %s", strings.Join(lacks, "; ")).WithHint("complete it with rogatory request edit, then send it")
	}
	if f.Channel == "" {
		if err := o.addressable(kind, party, f); err != nil {
			return err
		}
	}
	found, err := o.basis(kind, party, f, m.Sent)
	if err != nil {
		return err
	}
	for _, b := range found {
		if b.Blocks {
			return rogatory.Fault(rogatory.Invalid, b.Code, "the request needs %s (Art %s)", b.Text, b.Article).WithHint("name another with rogatory request edit " + string(f.ID) + " --basis BASIS; rogatory treaty basis says why")
		}
	}
	r := f.Request
	m.Body.Request, m.ApprovedBy = &r, m.By
	m.By = rogatory.Officer{Name: f.Author, Role: rogatory.DutyOfficer}
	return nil
}

// addressable checks both ends of a request: who may send it, who receives it, in which language.
func (o *Office) addressable(kind treaty.Kind, party rogatory.Party, f File) error {
	if err := receives(kind, party, f.Them); err != nil {
		return err
	}
	us, err := o.Directory.Party(o.Us.State)
	if err == nil {
		err = sends(kind, us, f.Us)
	}
	if err == nil && !slices.ContainsFunc(f.Request.Languages(), func(tag string) bool { return slices.Contains(party.Languages, tag) }) {
		err = rogatory.Fault(rogatory.Invalid, "language_not_accepted", "%s accepts requests in %s, this one is in %.20q (Art 40(13))", party.Name, strings.Join(party.Languages, ", "), f.Request.Language).WithHint("attach a translation, or write it in a language that they accept")
	}
	return err
}

// receives checks that the addressed authority was named for this kind (Arts 37(19), 40(12), 41, 47).
func receives(k treaty.Kind, p rogatory.Party, a rogatory.Address) error {
	return named(k, k.Receivers, "authority_not_competent", "receive", p, a)
}

// sends checks the same of the authority that sends.
func sends(k treaty.Kind, p rogatory.Party, a rogatory.Address) error {
	return named(k, k.Senders, "sender_not_competent", "send", p, a)
}

func named(k treaty.Kind, roles []rogatory.Role, code, verb string, p rogatory.Party, a rogatory.Address) error {
	authority, ok := p.Authority(a.Authority)
	if !ok {
		return rogatory.Fault(rogatory.NotFound, "authority_unknown", "the directory knows no authority %.60q", a.String())
	}
	if slices.ContainsFunc(roles, authority.Has) {
		return nil
	}
	return rogatory.Fault(rogatory.Invalid, code, "%s does not %s %s requests (Art %s)", authority.Name, verb, k.ID, k.Article)
}

func prepareConsent(m *rogatory.Message, f File) error {
	b := &m.Body
	if m.Act == rogatory.AskConsent {
		if b.Consent == nil || strings.TrimSpace(b.Consent.Purpose) == "" {
			return rogatory.Fault(rogatory.Invalid, "purpose_missing", "say for which purpose consent is asked (Arts 36(3), 40(19))")
		}
		if b.Consent.Exhibit != "" && f.exhibit(b.Consent.Exhibit) == nil {
			return rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "request %s has no exhibit %.40q", f.ID, b.Consent.Exhibit)
		}
		return nil
	}
	// Which question is answered may be left out where only one is open.
	var open []rogatory.MessageID
	for _, c := range f.Consents {
		if c.State == ConsentAsked && c.By != f.Side && (b.Answers == "" || b.Answers == c.Asked) {
			open = append(open, c.Asked)
		}
	}
	if len(open) != 1 {
		return rogatory.Fault(rogatory.Conflict, "consent_not_asked", "request %s has %d open questions for consent that this could answer", f.ID, len(open)).
			WithHint("name the message that asked: rogatory request show lists them")
	}
	b.Answers = open[0]
	if m.Act == rogatory.DenyConsent && strings.TrimSpace(b.Text) == "" {
		return rogatory.Fault(rogatory.Invalid, "reasons_missing", "say why consent is not given")
	}
	return nil
}

// prepareStart holds a measure to the bounds of the request and of the requested State's law: there is
// always an end.
func prepareStart(m *rogatory.Message, f File, kind treaty.Kind) error {
	if err := conditionsAgreed(f); err != nil {
		return err
	}
	var asked rogatory.Measure
	if m.Body.Measure != nil {
		asked = *m.Body.Measure
	}
	if asked.Hours > maxHours {
		return rogatory.Fault(rogatory.Invalid, "end_too_late", "a measure of %d hours: somebody looks again after %d at the latest", asked.Hours, maxHours)
	}
	if asked.Until == 0 && asked.Hours > 0 {
		asked.Until = m.Sent.Add(time.Duration(asked.Hours) * time.Hour)
	}
	asked.Since, asked.Hours = m.Sent, 0
	rule := kind.Measure.In(requestedState(f))
	latest := f.Request.Term.To
	if rule.Hours > 0 {
		end := m.Sent.Add(time.Duration(rule.Hours) * time.Hour)
		if latest == 0 || end < latest {
			latest = end
		}
	}
	if asked.Until == 0 {
		asked.Until = latest
	}
	switch {
	case asked.Until == 0:
		return rogatory.Fault(rogatory.Invalid, "end_missing", "a %s has a hard end: say until when it runs (Art %s)", kind.ID, kind.Measure.Article)
	case asked.Until <= m.Sent:
		return rogatory.Fault(rogatory.Invalid, "end_past", "the measure would end at %s, before it begins", asked.Until)
	case latest != 0 && asked.Until > latest:
		return rogatory.Fault(rogatory.Invalid, "end_too_late", "the measure may run until %s, not until %s (%s)", latest, asked.Until, rule.Source())
	}
	if kind.Payments != "" && len(asked.Assets) == 0 {
		return rogatory.Fault(rogatory.Invalid, "assets_missing", "say what was frozen: account, amount asked for and amount frozen, which may be 0")
	}
	asked.Assets = slices.Clone(asked.Assets)
	for i, a := range asked.Assets {
		if a.At == 0 {
			asked.Assets[i].At = m.Sent
		}
		want, ok1 := a.Asked.Rational()
		got, ok2 := a.Frozen.Rational()
		if !ok1 || !ok2 || a.Asked.Code != a.Frozen.Code || got.Cmp(want) > 0 {
			return rogatory.Fault(rogatory.Invalid, "amount_invalid", "account %.40q: %.40q frozen of %.40q asked for", a.Account.Number, a.Frozen.String(), a.Asked.String()).
				WithHint("both amounts are decimal numbers of one currency, and no more is frozen than was asked for")
		}
	}
	m.Body.Measure = &asked
	return nil
}

// requestedState is the State whose law bounds a measure.
func requestedState(f File) rogatory.StateCode {
	if f.Side == rogatory.RequestedSide {
		return f.Us.State
	}
	return f.Them.State
}

func prepareExtension(m *rogatory.Message, f File, kind treaty.Kind) error {
	b, rule := &m.Body, kind.Measure.In(requestedState(f))
	if m.Act == rogatory.RequestExtension {
		if b.Measure == nil || b.Measure.Hours < 1 || rule.ExtensionHours > 0 && b.Measure.Hours > rule.ExtensionHours {
			return rogatory.Fault(rogatory.Invalid, "extension_invalid", "ask for at least 1 more hour, and for %d at most (%s)", rule.ExtensionHours, rule.Source())
		}
		return nil
	}
	if rule.Extensions > 0 && f.Extensions >= rule.Extensions {
		return rogatory.Fault(rogatory.Conflict, "extensions_used", "the measure was extended %d times, and may be no more (%s)", f.Extensions, rule.Source())
	}
	if x := b.Measure; x != nil && x.Until == 0 && x.Hours > 0 && x.Hours <= maxHours {
		b.Measure = &rogatory.Measure{Until: f.Measure.Until.Add(time.Duration(x.Hours) * time.Hour)}
	}
	if b.Measure == nil || b.Measure.Until <= f.Measure.Until {
		return rogatory.Fault(rogatory.Invalid, "extension_too_short", "the extension must end after %s", f.Measure.Until)
	}
	if rule.ExtensionHours > 0 && b.Measure.Until > f.Measure.Until.Add(time.Duration(rule.ExtensionHours)*time.Hour) {
		return rogatory.Fault(rogatory.Invalid, "end_too_late", "one extension is of at most %d hours (%s)", rule.ExtensionHours, rule.Source())
	}
	return nil
}

// prepareStop: before its end a freeze is lifted only when the requesting State asked for it, or was
// heard first (Art 50(8)).
func prepareStop(m *rogatory.Message, f File, kind treaty.Kind) error {
	if m.By.Role == rogatory.TheNode || m.Sent >= f.Measure.Until || f.ReleaseAsked != 0 {
		return nil
	}
	rule := kind.Measure.In(requestedState(f))
	if rule.HearingHours == 0 {
		return nil
	}
	window := f.Heard.Add(time.Duration(rule.HearingHours) * time.Hour)
	switch {
	case f.Heard == 0:
		return rogatory.Fault(rogatory.Conflict, "hearing_missing", "before it is lifted the requesting State must be able to give its reasons (Art 50(8))").
			WithHint("announce the lifting first with the act hear; it has " + time.Duration(rule.HearingHours*int(time.Hour)).String() + " to answer")
	case !f.Represented && m.Sent < window:
		return rogatory.Fault(rogatory.Conflict, "hearing_running", "the requesting State may give its reasons until %s (Art 50(8))", window)
	}
	return nil
}

// conditionsAgreed: nothing is handed over or started under conditions that do not bind yet, Art 40(28).
func conditionsAgreed(f File) error {
	if len(f.Conditions) > 0 && f.Agreed == 0 {
		return rogatory.Fault(rogatory.Conflict, "conditions_open", "%s has not agreed to the conditions yet (Art 40(28))", f.Them.State).
			WithHint("the requesting State agrees with: rogatory request answer " + string(f.ID) + " agree")
	}
	return nil
}

func prepareOffer(m *rogatory.Message, f File, kind treaty.Kind) error {
	b := &m.Body
	x := (*ExhibitFile)(nil)
	if b.Exhibit != nil {
		x = f.exhibit(b.Exhibit.ID)
	}
	if x == nil || !x.Ours || x.State != Sealed {
		return rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "request %s has no sealed exhibit of that reference to offer", f.ID)
	}
	if x.Quarantine != nil {
		return quarantined(*x, "offered")
	}
	if x.By == m.By.Name {
		return rogatory.Fault(rogatory.Denied, "second_person_needed", "%s sealed this exhibit, so another person must release it", x.By)
	}
	if f.Side == rogatory.RequestedSide {
		if err := conditionsAgreed(f); err != nil {
			return err
		}
	}
	e, asked := x.Exhibit, b.Exhibit.Expires
	e.Limits.Conditions = slices.Concat(e.Limits.Conditions, f.Conditions)
	if kind.Marking != "" {
		e.Limits.DisclosureNotes = strings.TrimSpace(kind.Marking + ". " + e.Limits.DisclosureNotes)
	}
	e.Expires = m.Sent.Add(offerLife)
	if asked != 0 {
		e.Expires = min(asked, e.Expires)
	}
	if e.Expires <= m.Sent {
		return rogatory.Fault(rogatory.Invalid, "offer_expired", "the offer would end at %s, before it begins", e.Expires)
	}
	b.Exhibit, m.ApprovedBy = &e, m.By
	return nil
}
