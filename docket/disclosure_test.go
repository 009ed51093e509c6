// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rogatory"
	"rogatory/store"
	"rogatory/treaty"
)

// evidence is bytes that nothing could guess, the same in every run.
func evidence(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{7})
	_, _ = r.Read(b) // never fails
	return b
}

func sealing() Sealing {
	return Sealing{Title: "SSH log", FileName: "auth.log", MediaType: "text/plain", Acquired: "by production order 17/2026 of the District Court, on 23 November 2026"}
}

// Art 44: search, disclosure and the way of one exhibit from vault to vault.
func TestDisclosureOfStoredData(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	plain := evidence(3<<20 + 17)

	_, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(plain), nil)
	w.refused(err, "act_not_open") // nothing is sealed before the request is accepted
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"not for use in a trial that may end in death"}}})

	_, err = w.xb.Seal(ctx, w.xb.decider(), id, sealing(), bytes.NewReader(plain), nil)
	w.refused(err, "role_not_allowed")
	_, err = w.xb.Seal(ctx, w.xb.custodian(), id, Sealing{Title: "SSH log"}, bytes.NewReader(plain), nil)
	w.refused(err, "exhibit_incomplete")
	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(plain), nil)
	w.ok(err)
	if e.Seal.SHA256 != rogatory.DigestOf(plain) || e.Seal.Size != int64(len(plain)) || e.Limits.Purpose != "evidence in investigation 2026/118" {
		t.Fatalf("sealed as %+v", e)
	}

	// Until it is offered the other State sees nothing of it.
	w.carry()
	if f := w.view(w.xa, id); len(f.Exhibits) != 0 {
		t.Fatalf("Aurelia knows of %+v", f.Exhibits)
	}
	_, err = w.xb.Outgoing(ctx, "XA", e.Seal.Root)
	w.refused(err, "exhibit_unknown")

	offer := rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}}
	w.cannot(w.xb, w.xb.custodian(), id, rogatory.Offer, offer, "role_not_allowed")
	w.cannot(w.xb, w.xb.as("Ilse Brandt", rogatory.Decider), id, rogatory.Offer, offer, "second_person_needed") // who sealed it does not release it
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: "XB-E-000000000000"}}, "exhibit_unknown")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "conditions_open") // they do not bind yet, Art 40(28)
	w.does(w.xa, w.xa.decider(), id, rogatory.Agree, rogatory.Body{})
	w.cannot(w.xa, w.xa.decider(), id, rogatory.Agree, rogatory.Body{}, "no_open_conditions") // once
	w.carry()
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, offer)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, offer, "exhibit_unknown") // once
	w.carry()
	x := w.view(w.xa, id).exhibit(e.ID)
	if x == nil || x.State != Offered || x.Ours || x.Exhibit.Seal != e.Seal || !slices.Contains(x.Exhibit.Limits.Conditions, "not for use in a trial that may end in death") {
		t.Fatalf("Aurelia is offered %+v", x)
	}

	// Only Aurelia may take it, and it counts when it is whole in Aurelia's vault.
	_, err = w.xb.Outgoing(ctx, "XC", e.Seal.Root)
	w.refused(err, "exhibit_unknown")
	seal, err := w.xb.Outgoing(ctx, "XA", e.Seal.Root)
	w.ok(err)
	w.refused(w.xa.Arrived(ctx, "XB", seal.Root), "exhibit_missing")
	w.cannot(w.xb, w.xb.custodian(), id, rogatory.Take, rogatory.Body{ExhibitID: e.ID, Root: e.Seal.Root}, "act_not_of_kind")
	err = w.xa.StreamExhibit(ctx, w.xa.custodian(), e.ID, "trial 2026/118", &bytes.Buffer{}, nil)
	w.refused(err, "exhibit_not_held")
	w.fetch(seal)
	w.ok(w.xa.Arrived(ctx, "XB", seal.Root))
	size := w.size(w.xa)
	w.ok(w.xa.Arrived(ctx, "XB", seal.Root)) // again: nothing
	if w.size(w.xa) != size {
		t.Error("the same exhibit arrived twice")
	}
	w.carry()
	if a, b := w.view(w.xa, id).exhibit(e.ID).State, w.view(w.xb, id).exhibit(e.ID).State; a != Held || b != Taken {
		t.Fatalf("the exhibit is %s in Aurelia and %s in Borealia", a, b)
	}

	// Opening is journaled with its reason, before a byte is seen.
	var opened bytes.Buffer
	w.refused(w.xa.StreamExhibit(ctx, w.xa.custodian(), e.ID, " ", &opened, nil), "reason_missing")
	w.refused(w.xa.StreamExhibit(ctx, w.xa.officer(), e.ID, "curiosity", &opened, nil), "role_not_allowed")
	w.ok(w.xa.StreamExhibit(ctx, w.xa.custodian(), e.ID, "trial 2026/118", &opened, nil))
	if !bytes.Equal(opened.Bytes(), plain) {
		t.Fatal("what was opened is not what was sealed")
	}
	last, err := w.xa.entry(ctx, w.size(w.xa)-1)
	w.ok(err)
	if last.Type != rogatory.ExhibitOpened || last.By.Name != "Ilse Brandt" || last.Why != "trial 2026/118" || last.Exhibit.ID != e.ID {
		t.Errorf("the journal says %+v", last)
	}
	w.ok(w.xa.Exported(ctx, w.xa.custodian(), e.ID, "court package for the trial"))
	last, err = w.xa.entry(ctx, w.size(w.xa)-1)
	w.ok(err)
	if last.Type != rogatory.ExhibitExported || last.Exhibit.Seal != e.Seal {
		t.Errorf("the journal says %+v", last)
	}

	w.cannot(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{}, "outcome_missing")
	w.does(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	w.carry()
	w.both(id, rogatory.Executed)
	w.sound()
}

func TestOfferIsRevokedOrLapses(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	offer := func(asked rogatory.Instant) rogatory.Exhibit {
		e, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(evidence(100)), nil)
		w.ok(err)
		w.does(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID, Expires: asked}})
		w.carry()
		return e
	}
	first, second := offer(0), offer(rogatory.At(morning.Add(3*treaty.Day)))

	w.cannot(w.xb, w.xb.decider(), id, rogatory.RevokeOffer, rogatory.Body{ExhibitID: "XB-E-000000000000", Text: "a mistake", Language: "en"}, "exhibit_not_offered")
	w.does(w.xb, w.xb.decider(), id, rogatory.RevokeOffer, rogatory.Body{ExhibitID: first.ID, Text: "a mistake", Language: "en"})
	_, err := w.xb.Outgoing(ctx, "XA", first.Seal.Root)
	w.refused(err, "exhibit_unknown") // from that moment, though Aurelia has not heard of it
	w.carry()
	if x := w.view(w.xa, id).exhibit(first.ID); x.State != Revoked {
		t.Errorf("Aurelia sees the exhibit as %s", x.State)
	}

	w.pass(4 * treaty.Day)
	_, err = w.xb.Outgoing(ctx, "XA", second.Seal.Root)
	w.refused(err, "offer_expired")
	_, err = w.xa.Incoming(ctx, "XB", second.Seal.Root)
	w.refused(err, "offer_expired")

	e, err := w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), bytes.NewReader(evidence(10)), nil)
	w.ok(err)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID, Expires: rogatory.At(morning)}}, "offer_expired")
	w.sound()
}

// Art 40(25), (28): to refuse, a State names a ground that the kind knows, gives reasons, and has
// spoken with the other State where the Convention wants that.
func TestRefusalNeedsGroundReasonsAndConsultation(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.StoredData)
	refuse := func(v *rogatory.Verdict) rogatory.Body { return rogatory.Body{Verdict: v} }
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, refuse(nil), "ground_missing")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, refuse(&rogatory.Verdict{Ground: "R42_5", Reasons: "no offence"}), "ground_not_open")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, refuse(&rogatory.Verdict{Ground: "R21B"}), "reasons_missing")
	good := refuse(&rogatory.Verdict{Ground: "R21B", Reasons: "the server belongs to our defence forces"})
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, good, "consultation_missing")
	w.cannot(w.xb, w.xb.officer(), id, rogatory.Refuse, good, "role_not_allowed")

	question := w.does(w.xb, w.xb.decider(), id, rogatory.Consult, rogatory.Body{Text: "Could you do with the log of the gateway only?", Language: "en"})
	w.carry()
	w.both(id, rogatory.Consulting)
	answer := w.does(w.xa, w.xa.officer(), id, rogatory.Supplement, rogatory.Body{Text: "No.", Language: "en"})
	w.carry()
	w.both(id, rogatory.Acknowledged)
	if f := w.view(w.xb, id); f.Question != question || !f.Consulted {
		t.Errorf("Borealia's question %q, consulted %t", f.Question, f.Consulted)
	}
	if w.message(w.xb, store.In, answer).Act != rogatory.Supplement {
		t.Error("the answer is not kept as a message")
	}
	w.does(w.xb, w.xb.decider(), id, rogatory.Refuse, good)
	w.carry()
	w.both(id, rogatory.Refused)
	if f := w.view(w.xa, id); f.Verdict == nil || f.Verdict.Ground != "R21B" || f.Verdict.Reasons == "" {
		t.Errorf("Aurelia is told %+v", f.Verdict)
	}
	w.sound()
}

func TestPostponementNamesWhenItIsLookedAtAgain(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.decider(), id, rogatory.Consult, rogatory.Body{Text: "We have our own trial.", Language: "en"})
	v := rogatory.Verdict{Ground: "P27", Reasons: "our own trial ends in January"}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Postpone, rogatory.Body{Verdict: &v}, "review_missing")
	v.Review = rogatory.At(morning.Add(60 * treaty.Day))
	w.does(w.xb, w.xb.decider(), id, rogatory.Postpone, rogatory.Body{Verdict: &v})
	w.carry()
	w.both(id, rogatory.Postponed)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Accepted)
	w.sound()
}

// Art 41(3)(e): a life is at stake. No offence is needed, and the message goes before all others.
func TestEmergency(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	ordinary := w.drafts(rogatory.StoredData, "", "")
	w.does(w.xa, w.xa.decider(), ordinary, rogatory.Send, rogatory.Body{})
	words := w.xa.words(rogatory.EmergencyData, "")
	words.Offence = rogatory.Offence{}
	f, err := w.xa.Draft(ctx, w.xa.officer(), w.xb.Us, "", words)
	w.ok(err)
	urgent := w.does(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{})

	parcels, err := w.xa.Collect(ctx, 1, 1)
	w.ok(err)
	if len(parcels) != 1 || parcels[0].Delivery.Message != urgent {
		t.Fatalf("the first to go are %+v", parcels)
	}
	w.ok(w.deliver(w.xa, parcels[0]))
	w.carry()
	w.both(f.ID, rogatory.Requested)
	w.both(ordinary, rogatory.Requested)
	if d := w.view(w.xb, f.ID).deadline("acknowledge"); d.Due != rogatory.At(morning.Add(time.Hour)) || d.Article != "41(3)(e)" {
		t.Errorf("the hour: %+v", d)
	}
	w.does(w.xb, w.xb.decider(), f.ID, rogatory.Accept, rogatory.Body{})
	e, err := w.xb.Seal(ctx, w.xb.custodian(), f.ID, sealing(), bytes.NewReader([]byte("198.51.100.17, Ada Example")), nil)
	w.ok(err)
	w.does(w.xb, w.xb.decider(), f.ID, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}})
	w.carry()
	w.fetch(e.Seal)
	w.ok(w.xa.Arrived(ctx, "XB", e.Seal.Root))
	w.does(w.xb, w.xb.decider(), f.ID, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	w.carry() // Take crosses Execute
	w.both(f.ID, rogatory.Executed)
	if x := w.view(w.xb, f.ID).exhibit(e.ID); x.State != Taken {
		t.Errorf("Borealia sees the exhibit as %s", x.State)
	}
	for _, d := range w.view(w.xb, f.ID).Deadlines {
		if d.State == Running && !outlives[d.Name] {
			t.Errorf("the clock %s still runs", d.Name)
		}
	}
	w.sound()
}

func TestNobodyActsAlone(t *testing.T) {
	w := newWorld(t)
	f, err := w.xa.Draft(t.Context(), w.xa.as("Musa Okonkwo", rogatory.Decider), w.xb.Us, "", w.xa.words(rogatory.StoredData, ""))
	w.ok(err)
	w.cannot(w.xa, w.xa.as("Musa Okonkwo", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{}, "second_person_needed")
	w.cannot(w.xa, w.xa.officer(), f.ID, rogatory.Send, rogatory.Body{}, "role_not_allowed")
	id := w.does(w.xa, w.xa.as("Pia Sund", rogatory.Decider), f.ID, rogatory.Send, rogatory.Body{})
	w.carry()
	e, err := w.xb.entry(t.Context(), w.message(w.xb, store.In, id).Entry)
	w.ok(err)
	if e.By.Name != "Musa Okonkwo" || e.By.Role != rogatory.DutyOfficer {
		t.Errorf("the author is %+v", e.By)
	}

	// Who revises a draft becomes its author.
	g := w.drafts(rogatory.StoredData, "", "")
	_, err = w.xa.Revise(t.Context(), w.xa.decider(), g, w.xb.Us, w.xa.words(rogatory.StoredData, ""))
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), g, rogatory.Send, rogatory.Body{}, "second_person_needed")
	w.does(w.xa, w.xa.as("Pia Sund", rogatory.Decider), g, rogatory.Send, rogatory.Body{})
	_, err = w.xa.Revise(t.Context(), w.xa.officer(), g, w.xb.Us, w.xa.words(rogatory.StoredData, ""))
	w.refused(err, "act_not_open") // what was sent stays as it was
	w.sound()
}

// Every act of the table is refused to every role that the table does not name.
func TestRolesThatMayNot(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.StoredData)
	for _, row := range rogatory.Lifecycle() {
		if row.Act == rogatory.Draft || row.Act == rogatory.Revise {
			continue
		}
		for _, role := range []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian, rogatory.Administrator, rogatory.Overseer, rogatory.TheNode, "minister"} {
			named := slices.ContainsFunc(rogatory.Lifecycle(), func(r rogatory.Transition) bool { return r.Act == row.Act && slices.Contains(r.Roles, role) })
			if !named {
				w.cannot(w.xb, w.xb.as("N. N.", role), id, row.Act, rogatory.Body{Text: "words"}, "role_not_allowed")
			}
		}
	}
	for _, role := range []rogatory.OfficerRole{rogatory.Custodian, rogatory.Administrator, rogatory.Overseer} {
		_, err := w.xa.Draft(t.Context(), w.xa.as("N. N.", role), w.xb.Us, "", w.xa.words(rogatory.StoredData, ""))
		w.refused(err, "role_not_allowed")
	}
	// A side cannot act for the other.
	w.cannot(w.xa, w.xa.decider(), id, rogatory.Accept, rogatory.Body{}, "act_not_open")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Withdraw, rogatory.Body{Text: "no"}, "act_not_open")
	// And a kind has its own acts.
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.cannot(w.xb, w.xb.custodian(), id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: items()}}, "act_not_of_kind")
}

func TestWhatCannotBeSent(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	draft := func(change func(*rogatory.Request)) rogatory.RequestID {
		r := w.xa.words(rogatory.StoredData, "")
		change(&r)
		f, err := w.xa.Draft(ctx, w.xa.officer(), w.xb.Us, "", r)
		w.ok(err)
		return f.ID
	}
	incomplete := draft(func(r *rogatory.Request) { r.Contents["facts"] = "" })
	w.cannot(w.xa, w.xa.decider(), incomplete, rogatory.Send, rogatory.Body{}, "request_incomplete")
	french := draft(func(r *rogatory.Request) { r.Language = "fr" })
	w.cannot(w.xa, w.xa.decider(), french, rogatory.Send, rogatory.Body{}, "language_not_accepted")
	w.cannot(w.xa, w.xa.decider(), "XA-2026-00000000.1", rogatory.Send, rogatory.Body{}, "request_unknown")
	latin1 := draft(func(r *rogatory.Request) {})
	w.cannot(w.xa, w.xa.as("Jos\xe9", rogatory.Decider), latin1, rogatory.Send, rogatory.Body{}, "message_invalid")

	f, err := w.xa.Draft(ctx, w.xa.officer(), rogatory.Address{State: "XB", Authority: "tax"}, "", w.xa.words(rogatory.StoredData, ""))
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{}, "authority_unknown")
	_, err = w.xa.Draft(ctx, w.xa.officer(), w.xa.Us, "", w.xa.words(rogatory.StoredData, ""))
	w.refused(err, "addressee_invalid")
	_, err = w.xa.Draft(ctx, w.xa.officer(), w.xb.Us, "XB-2026-00000000", w.xa.words(rogatory.StoredData, ""))
	w.refused(err, "case_not_ours")
	_, err = w.xa.Draft(ctx, w.xa.officer(), w.xb.Us, "XA-2026-00000000", w.xa.words(rogatory.StoredData, ""))
	w.refused(err, "case_unknown")

	contact := w.book.parties["XB"]
	contact.Authorities = slices.Clone(contact.Authorities)
	contact.Authorities[0].Roles = []rogatory.Role{rogatory.PointOfContact}
	central := w.book.parties["XB"]
	w.book.parties["XB"] = contact
	w.cannot(w.xa, w.xa.decider(), latin1, rogatory.Send, rogatory.Body{}, "authority_not_competent")
	w.book.parties["XB"] = central

	w.book.stale = rogatory.Fault(rogatory.Stale, "directory_stale", "the directory is of last month")
	w.cannot(w.xa, w.xa.decider(), latin1, rogatory.Send, rogatory.Body{}, "directory_stale")
	w.book.stale = nil
	w.does(w.xa, w.xa.decider(), latin1, rogatory.Send, rogatory.Body{})
	w.carry()
	w.sound()
}
