// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/safeguard"
)

// guarded is a world whose offices are held by the Convention's own policies.
func guarded(t *testing.T) *world {
	w := newWorld(t)
	set := safeguard.Convention()
	for _, h := range []*house{w.xa, w.xb} {
		h.Safeguards = &Safeguards{Convention: set, Form: safeguard.TheForm(), Vocabulary: safeguard.TheVocabulary()}
	}
	return w
}

// sheet answers every question of a request, none of them against it.
func (w *world) sheet(h *house, id rogatory.RequestID) safeguard.Sheet {
	w.Helper()
	f := w.view(h, id)
	s := safeguard.Sheet{Replies: map[safeguard.Question]safeguard.Reply{}, Elements: []safeguard.Shown{{Element: "access", Answer: safeguard.AnswerYes, Words: "they logged in without right"}}}
	for _, q := range h.Safeguards.Form.Demands(f.Reviewed(h.Safeguards.Form)) {
		answer := safeguard.AnswerYes
		if q.Concern == safeguard.AnswerYes {
			answer = safeguard.AnswerNo
		}
		s.Replies[q.ID] = safeguard.Reply{Answer: answer, Reason: "the question of " + string(q.ID) + " was read against the facts of " + string(id)}
	}
	return s
}

// asked is a request for stored data that Borealia has and acknowledged.
func (w *world) asked(change func(r *rogatory.Request)) rogatory.RequestID {
	w.Helper()
	r := w.xa.words(rogatory.StoredData, "")
	r.Contents["data_category"] = "subscriber"
	if change != nil {
		change(&r)
	}
	f, err := w.xa.Draft(w.Context(), w.xa.officer(), w.xb.Us, "", r)
	w.ok(err)
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{})
	w.carry()
	return f.ID
}

func TestNothingIsDisclosedByOnePerson(t *testing.T) {
	w := guarded(t)
	id := w.asked(nil)

	// Without a sheet nobody takes it on; a sheet of ticks is none.
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	short := w.sheet(w.xb, id)
	short.Replies["legality"] = safeguard.Reply{Answer: safeguard.AnswerYes, Reason: "fine"}
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, short)
	w.refused(err, "sheet_incomplete")
	_, err = w.xb.SignSheet(w.Context(), w.xb.as("Otto", rogatory.Administrator), id, w.sheet(w.xb, id))
	w.refused(err, "role_not_allowed")
	_, err = w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})

	// The exhibit was sealed by the custodian, who prepared it: the judge alone cannot hand it over.
	x, err := w.xb.Seal(w.Context(), w.xb.custodian(), id, Sealing{Title: "Subscriber", FileName: "a.txt", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader("a name"), nil)
	w.ok(err)
	offer := rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "approval_needed")
	_, err = w.xb.Approve(w.Context(), w.xb.custodian(), id, rogatory.Offer, "", true, "", nil)
	w.ok(err)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "approval_needed")

	// AB-11: one key behind two names, or the same person in another role, is one person.
	twin := w.xb.officer()
	twin.Credential = "passkey:1"
	judge := w.xb.decider()
	judge.Credential = "passkey:1"
	_, err = w.xb.Approve(w.Context(), twin, id, rogatory.Offer, "", true, "", nil)
	w.ok(err)
	w.cannot(w.xb, judge, id, rogatory.Offer, offer, "approval_needed")
	_, err = w.xb.Approve(w.Context(), w.xb.as(w.xb.decider().Name, rogatory.DutyOfficer), id, rogatory.Offer, "", true, "", nil)
	w.ok(err)
	judge.Credential = "passkey:2"
	w.cannot(w.xb, judge, id, rogatory.Offer, offer, "approval_needed")
}

func TestTwoPeopleOfTwoRolesDisclose(t *testing.T) {
	w := guarded(t)
	id := w.asked(nil)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	x, err := w.xb.Seal(w.Context(), w.xb.custodian(), id, Sealing{Title: "Subscriber", FileName: "a.txt", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader("a name"), nil)
	w.ok(err)
	_, err = w.xb.Approve(w.Context(), w.xb.as("Rosa", rogatory.DutyOfficer), id, rogatory.Offer, "", false, "", nil)
	w.refused(err, "words_missing")
	_, err = w.xb.Approve(w.Context(), w.xb.as("Rosa", rogatory.DutyOfficer), id, rogatory.Offer, "", false, "the name is not needed for this proceeding at all", nil)
	w.ok(err)
	_, err = w.xb.Approve(w.Context(), w.xb.officer(), id, rogatory.Offer, "", true, "", nil)
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}})
	w.carry()
	if f := w.view(w.xb, id); len(f.Votes) != 0 {
		t.Errorf("the votes stayed for the next offer: %v", f.Votes)
	}
	entries, err := w.xb.Entries(w.Context(), w.xb.decider(), id, 0, 100)
	w.ok(err)
	last := rogatory.Judgement{}
	for _, e := range entries {
		if e.Entry.Judged != nil {
			last = *e.Entry.Judged
		}
	}
	if last.Policies != safeguard.Convention().Digest() || len(last.Agreed) != 2 || len(last.Dissent) != 1 || last.Dissent[0] != "Rosa" {
		t.Errorf("the journal says %+v of the offer", last)
	}
	w.sound()
}

func TestAnObjectionHaltsTheCase(t *testing.T) {
	w := guarded(t)
	id := w.asked(nil)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	_, err = w.xb.Object(w.Context(), w.xb.officer(), id, "", "it is not ours")
	w.refused(err, "words_missing")
	_, err = w.xb.Object(w.Context(), w.xb.officer(), id, "Borealia Mobile", "the account belongs to a newspaper")
	w.ok(err)
	_, err = w.xb.Object(w.Context(), w.xb.officer(), id, "Borealia Mobile", "the account belongs to a newspaper")
	w.refused(err, "objection_known")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "approval_needed")
	_, err = w.xb.DecideObjection(w.Context(), w.xb.officer(), id, "it does not")
	w.refused(err, "role_not_allowed")
	_, err = w.xb.DecideObjection(w.Context(), w.xb.decider(), id, "the account is a private one, as the register shows")
	w.ok(err)
	_, err = w.xb.DecideObjection(w.Context(), w.xb.decider(), id, "again")
	w.refused(err, "objection_none")
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.sound()
}

// AB-02: who was refused comes again under another spelling, and whoever decides sees it.
func TestARefusalIsRemembered(t *testing.T) {
	w := guarded(t)
	names := func(who string) func(r *rogatory.Request) {
		return func(r *rogatory.Request) { r.Contents["persons"] = who }
	}
	first := w.asked(names("mail: Jane.Doe+news@example.org"))
	w.does(w.xb, w.xb.decider(), first, rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R22", Reasons: "It aims at the opinions of the holder, as the facts show."}})
	w.carry()
	second := w.drafts(rogatory.StoredData, "", "")
	r := w.view(w.xa, second).Request
	r.Contents["persons"], r.Contents["data_category"] = "mail: JANE.DOE@example.org", "subscriber"
	_, err := w.xa.Revise(w.Context(), w.xa.officer(), second, w.xb.Us, r)
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), second, rogatory.Send, rogatory.Body{}, "approval_needed") // Aurelia remembers as well
	j, err := w.xa.Opinion(w.Context(), w.xa.decider(), second, rogatory.Send, rogatory.Body{})
	w.ok(err)
	if len(j.Linked.Refused) != 1 || j.Linked.Refused[0] != first {
		t.Errorf("linked to %+v, want the refusal of %s", j.Linked, first)
	}
}

func TestTwoPeopleSuspendAState(t *testing.T) {
	w := guarded(t)
	id := w.asked(nil)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	review := w.xb.now().Add(30 * 24 * time.Hour)
	_, err = w.xb.Suspend(w.Context(), w.xb.decider(), "XA", "", review)
	w.refused(err, "words_missing")
	_, err = w.xb.Suspend(w.Context(), w.xb.decider(), "XA", "three refused requests came again under other names", review)
	w.ok(err)
	_, err = w.xb.Suspend(w.Context(), w.xb.as("Second judge", rogatory.Decider), "XA", "I agree", review)
	w.refused(err, "second_person_needed") // another person, and no other role
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	_, err = w.xb.Suspend(w.Context(), w.xb.officer(), "XA", "I agree", review)
	w.ok(err)
	_, err = w.xb.Suspend(w.Context(), w.xb.custodian(), "XA", "once more", review)
	w.refused(err, "already_suspended")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "approval_needed")
	_, err = w.xb.Resume(w.Context(), w.xb.decider(), "XA", "they explained each of them, and will name the person")
	w.ok(err)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "approval_needed")
	_, err = w.xb.Resume(w.Context(), w.xb.officer(), "XA", "I agree")
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.sound()
}

// Who said yes has said it to one text.
func TestAChangedDraftIsReviewedAnew(t *testing.T) {
	w := guarded(t)
	id := w.drafts(rogatory.StoredData, "", "")
	_, err := w.xa.SignSheet(w.Context(), w.xa.officer(), id, w.sheet(w.xa, id))
	w.refused(err, "second_person_needed")
	_, err = w.xa.SignSheet(w.Context(), w.xa.custodian(), id, w.sheet(w.xa, id))
	w.ok(err)
	_, err = w.xa.Approve(w.Context(), w.xa.custodian(), id, rogatory.Send, "", true, "", nil)
	w.ok(err)
	f := w.view(w.xa, id)
	f.Request.Title = "Something else"
	_, err = w.xa.Revise(w.Context(), w.xa.officer(), id, f.Them, f.Request)
	w.ok(err)
	if f := w.view(w.xa, id); f.Sheet != nil || len(f.Votes) != 0 {
		t.Errorf("sheet %v and votes %v outlived the text", f.Sheet, f.Votes)
	}
}

// Every fact that the policies ask about is known for every kind and act: none is held only because nobody filled it in.
func TestNoFactIsMissing(t *testing.T) {
	w := guarded(t)
	for _, k := range w.xa.Rules.Kinds {
		for _, row := range rogatory.Lifecycle() {
			for _, side := range []rogatory.Side{rogatory.RequestingSide, rogatory.RequestedSide} {
				f := File{ID: "XA-2026-00000000.1", Side: side, Us: w.xa.Us, Them: w.xb.Us, Request: w.xa.words(k.ID, ""), Received: w.xa.now()}
				facts := factsOf(f, row.Act, rogatory.Exercise, w.xa.Safeguards, Near{Oversight: true}, w.xa.now())
				if missing := facts.Missing(); len(missing) > 0 {
					t.Fatalf("%s %s: %v", k.ID, row.Act, missing)
				}
			}
		}
	}
}
