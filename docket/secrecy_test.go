// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/transparency"
	"rogatory/treaty"
)

const becauseAtLarge = "the suspect is at large and destroys what is left"

// agreed has the colleagues of Borealia do what the safeguards ask before an act of its judge.
func (w *world) agreed(h *house, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) {
	w.Helper()
	j, err := h.Opinion(w.Context(), h.decider(), id, act, body)
	w.ok(err)
	answers := map[string]string{}
	for _, code := range j.Need.Answer {
		answers[code] = "this was looked at, and nothing speaks against it here"
	}
	var offered rogatory.ExhibitID
	if body.Exhibit != nil {
		offered = body.Exhibit.ID
	}
	_, err = h.Approve(w.Context(), h.officer(), id, act, offered, true, "", answers)
	w.ok(err)
	_, err = h.Approve(w.Context(), h.decider(), id, act, offered, true, "", answers)
	w.ok(err)
}

// disclosed is a request for stored data under which Borealia has offered an exhibit.
func (w *world) disclosed(change func(r *rogatory.Request)) rogatory.RequestID {
	w.Helper()
	id := w.asked(change)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.offers(id)
	return id
}

func (w *world) offers(id rogatory.RequestID) {
	w.Helper()
	x, err := w.xb.Seal(w.Context(), w.xb.custodian(), id, Sealing{Title: "Subscriber", FileName: "a.txt", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader("a name in "+string(id)), nil)
	w.ok(err)
	offer := rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}}
	w.agreed(w.xb, id, rogatory.Offer, offer)
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, offer)
	w.carry()
}

func (w *world) subjects(h *house) []Pending {
	w.Helper()
	all, more, err := h.Subjects(w.Context(), h.officer())
	w.ok(err)
	if more {
		w.Fatal("there are more")
	}
	return all
}

func (w *world) notice(h *house, id rogatory.RequestID, want safeguard.NoticeState) rogatory.Instant {
	w.Helper()
	state, until := w.view(h, id).SubjectAt(h.now())
	if state != want {
		w.Fatalf("the notice of %s in %s is %q, want %q", id, h.Us.State, state, want)
	}
	return until
}

// A gag ends by itself; a renewal takes a reason, and binds both States; the people concerned are told after it.
func TestAB15AGagEndsByItselfAndTheNoticeComes(t *testing.T) {
	w := guarded(t)
	id := w.disclosed(func(r *rogatory.Request) { r.Contents["confidentiality"] = becauseAtLarge })
	for _, h := range []*house{w.xa, w.xb} {
		if s := w.view(h, id).SecrecyAt(h.now()); !s.Secret || s.Until.Sub(h.now()) < 180*treaty.Day || s.Until.Sub(h.now()) > 190*treaty.Day {
			t.Fatalf("in %s the request is %+v", h.Us.State, s)
		}
	}
	first := w.view(w.xb, id).SecrecyAt(w.xb.now()).Until
	if until := w.notice(w.xb, id, safeguard.NoticeWaits); until != first {
		t.Errorf("they are told at %s, the secrecy ends at %s", until, first)
	}
	w.notice(w.xa, id, "")
	if all := w.subjects(w.xb); len(all) != 1 || all[0].File.ID != id || all[0].Overdue(w.xb.now()) {
		t.Fatalf("the queue is %+v", all)
	}
	if all := w.subjects(w.xa); len(all) != 0 {
		t.Fatalf("Aurelia has %+v to tell", all)
	}
	_, err := w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{How: "by letter"})
	w.refused(err, "secrecy_runs")

	// Only who asked for it renews it, with a reason, and not for ever.
	next := first.Add(60 * treaty.Day)
	_, err = w.xb.KeepSecret(w.Context(), w.xb.officer(), id, next, becauseAtLarge, "en")
	w.refused(err, "secrecy_not_ours")
	_, err = w.xa.KeepSecret(w.Context(), w.xa.officer(), id, next, "still needed", "en")
	w.refused(err, "words_missing")
	_, err = w.xa.KeepSecret(w.Context(), w.xa.officer(), id, w.xa.now().Add(safeguard.LongestSecrecy+time.Second), becauseAtLarge, "en")
	w.refused(err, "secrecy_long")
	w.cannot(w.xa, w.xa.officer(), id, rogatory.Correct, rogatory.Body{Text: becauseAtLarge, Details: map[string]string{rogatory.SecrecyUntil: "soon"}}, "secrecy_invalid")
	_, err = w.xa.KeepSecret(w.Context(), w.xa.officer(), id, next, "the second suspect was seen abroad in January", "en")
	w.ok(err)
	w.carry()
	for _, h := range []*house{w.xa, w.xb} {
		if s := w.view(h, id).SecrecyAt(h.now()); s.Until != next || len(s.Repeated) != 0 {
			t.Fatalf("after the renewal in %s it is %+v", h.Us.State, s)
		}
	}
	if until := w.notice(w.xb, id, safeguard.NoticeWaits); until != next {
		t.Errorf("they are told at %s, want %s", until, next)
	}

	// Nobody renews it again: it is over at that second, and the notice is due; the journal says both by itself.
	w.pass(next.Sub(w.xb.now()) - time.Second)
	if !w.view(w.xb, id).SecrecyAt(w.xb.now()).Secret {
		t.Error("a second before it is not secret")
	}
	w.pass(time.Second)
	if w.view(w.xb, id).SecrecyAt(w.xb.now()).Secret {
		t.Error("at its end it is secret")
	}
	w.notice(w.xb, id, safeguard.NoticeDue)
	w.tick()
	for _, name := range []string{SecrecyEnd, TellingDue} {
		if d := w.view(w.xb, id).deadline(name); d == nil || d.State != Passed {
			t.Errorf("%s is %+v", name, d)
		}
	}
	if all := w.subjects(w.xb); len(all) != 1 || !all[0].Overdue(w.xb.now()) || all[0].State != safeguard.NoticeDue {
		t.Fatalf("the queue is %+v", all)
	}

	_, err = w.xb.Tell(w.Context(), w.xb.as("Otto", rogatory.Administrator), id, Telling{How: "by letter"})
	w.refused(err, "role_not_allowed")
	_, err = w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{})
	w.refused(err, "words_missing")
	_, err = w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{How: "by letter", When: w.xb.now().Add(time.Second)})
	w.refused(err, "telling_future")
	_, err = w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{How: "by letter", When: 1})
	w.refused(err, "telling_early")
	_, err = w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{How: "by registered letter", Ref: "J 118/26"})
	w.ok(err)
	w.notice(w.xb, id, safeguard.NoticeTold)
	if d := w.view(w.xb, id).deadline(TellingDue); d.State != Met {
		t.Errorf("told late, the deadline is %s", d.State)
	}
	_, err = w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{How: "again"})
	w.refused(err, "telling_done")
	if all := w.subjects(w.xb); len(all) != 0 {
		t.Errorf("after it was told the queue is %+v", all)
	}
	var c transparency.Case
	w.ok(w.xb.Transparency(w.Context(), func(each transparency.Case) { c = each }))
	if c.Notified.Entry == 0 || c.Withheld.Entry != 0 {
		t.Errorf("the report has %+v and %+v", c.Notified, c.Withheld)
	}
	// What is handed over later is told as well.
	w.offers(id)
	w.notice(w.xb, id, safeguard.NoticeWaits)
	w.sound()
}

func TestWhoPostponesANoticeSaysWhyAndUntilWhen(t *testing.T) {
	w := guarded(t)
	id := w.disclosed(nil)
	due := w.notice(w.xb, id, safeguard.NoticeWaits)
	if d := due.Sub(w.xb.now()); d < 89*treaty.Day || d > 95*treaty.Day {
		t.Fatalf("they are told after %s", d)
	}
	w.pass(due.Sub(w.xb.now()))
	w.tick()
	until := w.xb.now().Add(30 * treaty.Day)
	_, err := w.xb.PutOff(w.Context(), w.xb.officer(), id, until, becauseAtLarge)
	w.refused(err, "role_not_allowed")
	_, err = w.xb.PutOff(w.Context(), w.xb.decider(), id, until, "busy")
	w.refused(err, "words_missing")
	_, err = w.xb.PutOff(w.Context(), w.xb.decider(), id, w.xb.now(), becauseAtLarge)
	w.refused(err, "telling_past")
	_, err = w.xb.PutOff(w.Context(), w.xb.decider(), id, w.xb.now().Add(safeguard.LongestPostponing+time.Second), becauseAtLarge)
	w.refused(err, "telling_late")
	_, err = w.xa.PutOff(w.Context(), w.xa.decider(), id, until, becauseAtLarge)
	w.refused(err, "telling_theirs")
	_, err = w.xb.PutOff(w.Context(), w.xb.decider(), id, until, becauseAtLarge)
	w.ok(err)
	if got := w.notice(w.xb, id, safeguard.NoticePostponed); got != until {
		t.Errorf("put off until %s, want %s", got, until)
	}
	month, more, err := w.xb.Agenda(w.Context(), w.xb.officer(), until, until+1)
	w.ok(err)
	if more || len(month) != 1 || month[0].Deadline.Name != TellingDue {
		t.Errorf("the agenda of that day has %+v", month)
	}
	// The end of the request ends no duty to tell.
	w.agreed(w.xb, id, rogatory.Execute, rogatory.Body{})
	w.executes(id, rogatory.Complete, nil)
	w.pass(30 * treaty.Day)
	w.notice(w.xb, id, safeguard.NoticeDue)
	if all := w.subjects(w.xb); len(all) != 1 || !all[0].Overdue(w.xb.now()) {
		t.Errorf("the queue is %+v", all)
	}
	var c transparency.Case
	w.ok(w.xb.Transparency(w.Context(), func(each transparency.Case) { c = each }))
	if c.Withheld.Entry == 0 || c.Notified.Entry != 0 {
		t.Errorf("the report has %+v and %+v", c.Notified, c.Withheld)
	}
	_, err = w.xb.CannotTell(w.Context(), w.xb.decider(), id, "unknown")
	w.refused(err, "words_missing")
	// One person cannot drop it, under two names neither: until another has looked, it stays due.
	judge, officer := w.xb.decider(), w.xb.officer()
	judge.Credential, officer.Credential = "passkey:1", "passkey:1"
	_, err = w.xb.CannotTell(w.Context(), officer, id, "nobody knows who stood behind the address then")
	w.refused(err, "role_not_allowed")
	_, err = w.xb.CannotTell(w.Context(), judge, id, "nobody knows who stood behind the address then")
	w.ok(err)
	w.notice(w.xb, id, safeguard.NoticeDue)
	_, err = w.xb.CannotTell(w.Context(), judge, id, "nobody knows who stood behind the address, I am sure")
	w.refused(err, "second_person_needed")
	_, err = w.xb.CannotTell(w.Context(), officer, id, "the provider keeps no names that are older than a year")
	w.refused(err, "second_person_needed")
	w.sound()
	officer.Credential = "passkey:2"
	_, err = w.xb.CannotTell(w.Context(), officer, id, "the provider keeps no names that are older than a year")
	w.ok(err)
	w.notice(w.xb, id, safeguard.NoticeNever)
	w.sound()
}

func TestTheRequestingStateTellsWhereItAgreedTo(t *testing.T) {
	w := newWorld(t)
	id := w.asks(rogatory.StoredData, "", func(r *rogatory.Request) { r.Contents["data_category"] = "subscriber" })
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{TellingByRequesting}}})
	w.carry()
	w.does(w.xa, w.xa.decider(), id, rogatory.Agree, rogatory.Body{})
	w.carry()
	w.hands(w.xb, id, "Subscriber")
	w.notice(w.xb, id, "")
	w.notice(w.xa, id, safeguard.NoticeWaits)
	_, err := w.xa.Tell(w.Context(), w.xa.officer(), id, Telling{How: "in person, by the prosecutor"})
	w.ok(err)
	w.notice(w.xa, id, safeguard.NoticeTold)
	w.sound()
}

func TestAB05AnEmergencyDoesNotBypassReview(t *testing.T) {
	w := guarded(t)

	// Preserving is done at once, each act by one person, without a sheet: nobody sees what is kept.
	kept := w.sent(rogatory.Preservation42)
	w.does(w.xb, w.xb.decider(), kept, rogatory.Accept, rogatory.Body{})
	w.does(w.xb, w.xb.custodian(), kept, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: []rogatory.PreservedItem{{Description: "log", Size: 1, SHA256: rogatory.DigestOf([]byte("x"))}}}})
	w.carry()
	w.both(kept, rogatory.Preserved)

	r := w.xa.words(rogatory.EmergencyData, "")
	f, err := w.xa.Draft(w.Context(), w.xa.officer(), w.xb.Us, "", r)
	w.ok(err)
	id := f.ID
	w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	w.carry()
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	_, err = w.xb.ReviewEmergency(w.Context(), w.xb.officer(), id, Justified, "the life of a child was at stake that night")
	w.refused(err, "emergency_unused")

	// Handing over takes two people, here as everywhere, also when there is no file with it.
	done := rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}, Text: "203.0.113.8"}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Execute, done, "approval_needed")
	x, err := w.xb.Seal(w.Context(), w.xb.custodian(), id, Sealing{Title: "Address", FileName: "a.txt", MediaType: "text/plain", Acquired: "by telephone"}, strings.NewReader("203.0.113.8"), nil)
	w.ok(err)
	offer := rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "approval_needed")
	w.agreed(w.xb, id, rogatory.Offer, offer)
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, offer)
	w.carry()
	used := w.xb.now()
	for _, h := range []*house{w.xa, w.xb} {
		if f := w.view(h, id); f.Emergency == nil || f.Emergency.Used == 0 || f.deadline(EmergencyDue).Due != f.Emergency.Used.Add(safeguard.ReviewWithin) {
			t.Fatalf("in %s the emergency is %+v", h.Us.State, f.Emergency)
		}
	}
	if f := w.view(w.xb, id); !slices.Equal(f.Emergency.Deciders, []string{w.xb.decider().Name, w.xb.officer().Name}) {
		t.Errorf("decided by %v", f.Emergency.Deciders)
	}

	// The channel is closed for it after seven days, to the second.
	end := w.view(w.xb, id).Received.Add(safeguard.EmergencyLasts)
	second, err := w.xb.Seal(w.Context(), w.xb.custodian(), id, Sealing{Title: "Address", FileName: "b.txt", MediaType: "text/plain", Acquired: "by telephone"}, strings.NewReader("203.0.113.9"), nil)
	w.ok(err)
	offer = rogatory.Body{Exhibit: &rogatory.Exhibit{ID: second.ID}}
	w.pass(end.Sub(w.xb.now()) - time.Second)
	j, err := w.xb.Opinion(w.Context(), w.xb.decider(), id, rogatory.Offer, offer)
	w.ok(err)
	expired := func(x safeguard.Finding) bool { return x.Code == "emergency_expired" }
	if slices.ContainsFunc(j.Findings, expired) {
		t.Error("a second before its end it has expired")
	}
	w.pass(2 * time.Second)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "safeguard_blocks")

	// Nobody reviewed the first use within 72 hours: the next one is blocked.
	if !w.xb.now().Add(-safeguard.ReviewWithin).Time().After(used.Time()) {
		t.Fatal("the story is out of order")
	}
	next := w.drafts(rogatory.EmergencyData, "", "")
	w.cannot(w.xa, w.xa.decider(), next, rogatory.Send, rogatory.Body{}, "safeguard_blocks") // Aurelia has its own to review
	if all, _, err := w.xa.Emergencies(w.Context(), w.xa.officer()); err != nil || len(all) != 1 || !all[0].Overdue(w.xa.now()) {
		t.Fatalf("Aurelia has %+v to review: %v", all, err)
	}
	_, err = w.xa.ReviewEmergency(w.Context(), w.xa.decider(), id, Justified, "the life of a child was at stake that night")
	w.refused(err, "second_person_needed")
	_, err = w.xa.ReviewEmergency(w.Context(), w.xa.custodian(), id, "fine", "the life of a child was at stake that night")
	w.refused(err, "finding_invalid")
	_, err = w.xa.ReviewEmergency(w.Context(), w.xa.custodian(), id, Justified, "fine")
	w.refused(err, "words_missing")
	_, err = w.xa.ReviewEmergency(w.Context(), w.xa.custodian(), id, Justified, "the life of a child was at stake that night")
	w.ok(err)
	w.does(w.xa, w.xa.decider(), next, rogatory.Send, rogatory.Body{})
	w.carry()
	w.cannot(w.xb, w.xb.decider(), next, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	_, err = w.xb.ReviewEmergency(w.Context(), w.xb.officer(), id, Justified, "the life of a child was at stake that night")
	w.refused(err, "second_person_needed") // it was among those who agreed
	_, err = w.xb.ReviewEmergency(w.Context(), w.xb.as("Rosa", rogatory.DutyOfficer), id, Unjustified, "nobody was in danger when the address was given")
	w.ok(err)
	w.does(w.xb, w.xb.decider(), next, rogatory.Accept, rogatory.Body{})
	w.tick()
	w.sound()
}

// AB-14: what a State gave for one proceeding does not leave for another, under whatever label.
func TestAB14EvidenceIsUsedForWhatItWasGiven(t *testing.T) {
	w := newWorld(t)
	id := w.accepted(rogatory.StoredData, "", nil)
	x := w.hands(w.xb, id, "Mail box")
	f, held, err := w.xa.Exhibit(w.Context(), x.ID)
	w.ok(err)
	if held.Exhibit.Limits.Purpose == "" || held.Exhibit.Limits.OnwardTransfer {
		t.Fatalf("the label is %+v", held.Exhibit.Limits)
	}

	// Each opening has the label in the journal.
	_, err = w.xa.LookInto(w.Context(), w.xa.custodian(), x.ID, "to read it")
	w.ok(err)
	entries, err := w.xa.Entries(w.Context(), w.xa.officer(), id, 0, 100)
	w.ok(err)
	last := entries[len(entries)-1].Entry
	if last.Type != rogatory.ExhibitOpened || last.Exhibit == nil || last.Exhibit.Limits.Purpose != held.Exhibit.Limits.Purpose {
		t.Errorf("the opening was recorded as %+v", last)
	}

	other := rogatory.Consent{Use: rogatory.OtherUse, Exhibit: x.ID, Purpose: "a tax case"}
	_, err = w.xa.ForUse(w.Context(), w.xa.custodian(), id.Case(), "hearing", other)
	w.refused(err, "transfer_not_authorised")
	_, err = w.xa.ForUse(w.Context(), w.xa.custodian(), id.Case(), "hearing", rogatory.Consent{Use: "fun"})
	w.refused(err, "use_invalid")
	w.refused(MayUse(f, held, rogatory.Consent{Use: rogatory.OnwardTransfer, To: "XC"}), "transfer_not_authorised")
	if why, err := w.xa.ForUse(w.Context(), w.xa.custodian(), id.Case(), "hearing", rogatory.Consent{}); err != nil || why != "hearing" {
		t.Errorf("for its own proceeding: %q, %v", why, err)
	}

	// Under a new name it is the same bytes.
	r := w.xa.words("spontaneous_information", "")
	to := rogatory.Address{State: "XC", Authority: "justice"}
	third, err := w.xa.Draft(w.Context(), w.xa.officer(), to, "", r)
	w.ok(err)
	w.does(w.xa, w.xa.decider(), third.ID, rogatory.Send, rogatory.Body{})
	w.collect(w.xa) // it is on its way to Cascadia
	s := Sealing{Title: "Something of ours", FileName: "ours.txt", MediaType: "text/plain", Acquired: "found here"}
	before, err := w.xa.Vault.List()
	w.ok(err)
	_, err = w.xa.Seal(w.Context(), w.xa.custodian(), third.ID, s, strings.NewReader("Mail box"+string(id)), nil)
	w.refused(err, "transfer_not_authorised")
	if after, _ := w.xa.Vault.List(); len(after) != len(before) {
		t.Errorf("the vault kept %d objects of what was refused", len(after)-len(before))
	}

	// With the leave of the State that gave it, for that State, its label goes along.
	ask := rogatory.Consent{Use: rogatory.OnwardTransfer, Exhibit: x.ID, Purpose: "their investigation of the same intrusion", To: "XC"}
	w.does(w.xa, w.xa.decider(), id, rogatory.AskConsent, rogatory.Body{Consent: &ask})
	w.carry()
	w.does(w.xb, w.xb.decider(), id, rogatory.GiveConsent, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"not to be shown to the press"}}})
	w.carry()
	e, err := w.xa.Seal(w.Context(), w.xa.custodian(), third.ID, s, strings.NewReader("Mail box"+string(id)), nil)
	w.ok(err)
	if e.Limits.Purpose != held.Exhibit.Limits.Purpose || !slices.Contains(e.Limits.Conditions, "not to be shown to the press") || e.Limits.OnwardTransfer {
		t.Errorf("its label there is %+v", e.Limits)
	}
	g := w.view(w.xa, third.ID)
	if o := g.exhibit(e.ID).Origin; o != x.ID {
		t.Errorf("it comes from %q, want %s", o, x.ID)
	}
	_, err = w.xa.ForUse(w.Context(), w.xa.custodian(), id.Case(), "hearing", other)
	w.refused(err, "transfer_not_authorised") // that was another consent
	if why, err := w.xa.ForUse(w.Context(), w.xa.custodian(), id.Case(), "for them", rogatory.Consent{Use: rogatory.OnwardTransfer, To: "XC"}); err != nil || why != "for them [onward_transfer XC]" {
		t.Errorf("with consent: %q, %v", why, err)
	}
	w.sound()
}

// A review that is overdue lifts nothing: it is a task, and it shows.
func TestASuspensionIsReviewed(t *testing.T) {
	w := guarded(t)
	id := w.asked(nil)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	review := w.xb.now().Add(30 * treaty.Day)
	_, err = w.xb.ReviewSuspension(w.Context(), w.xb.decider(), "XA", "they have not answered any of our questions", review)
	w.refused(err, "not_suspended")
	for _, by := range []rogatory.Actor{w.xb.decider(), w.xb.officer()} {
		_, err = w.xb.Suspend(w.Context(), by, "XA", "three refused requests came again under other names", review)
		w.ok(err)
	}
	w.pass(30 * treaty.Day)
	has := func(code string) bool {
		j, err := w.xb.Opinion(w.Context(), w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
		w.ok(err)
		return slices.ContainsFunc(j.Findings, func(x safeguard.Finding) bool { return x.Code == code })
	}
	if !has("suspended") || !has("review_overdue") {
		t.Error("the overdue review does not hold the act")
	}
	_, err = w.xb.ReviewSuspension(w.Context(), w.xb.decider(), "XA", "no", w.xb.now().Add(treaty.Day))
	w.refused(err, "words_missing")
	_, err = w.xb.ReviewSuspension(w.Context(), w.xb.decider(), "XA", "they have not answered any of our questions", w.xb.now().Add(safeguard.LongestSuspension+time.Second))
	w.refused(err, "review_late")
	s, err := w.xb.ReviewSuspension(w.Context(), w.xb.decider(), "XA", "they have not answered any of our questions", w.xb.now().Add(30*treaty.Day))
	w.ok(err)
	if len(s.Reviewed) != 1 || !has("suspended") || has("review_overdue") {
		t.Errorf("after the review it is %+v", s)
	}
}
