// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/treaty"
)

// This file tries the ways by which one person might decide alone, or by a yes that was given to something else.

// ready is a request that Borealia has accepted after a review.
func (w *world) ready(change func(r *rogatory.Request)) rogatory.RequestID {
	w.Helper()
	id := w.asked(change)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	w.agreed(w.xb, id, rogatory.Accept, rogatory.Body{})
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.carry()
	return id
}

func (w *world) seals(id rogatory.RequestID, title string) rogatory.Body {
	w.Helper()
	x, err := w.xb.Seal(w.Context(), w.xb.custodian(), id, Sealing{Title: title, FileName: "a.txt", MediaType: "text/plain", Acquired: "order 7"}, strings.NewReader(title), nil)
	w.ok(err)
	return rogatory.Body{Exhibit: &rogatory.Exhibit{ID: x.ID}}
}

// Whoever agreed that one exhibit is handed over did not agree to another, nor to one that was sealed afterwards.
func TestAVoteIsOnOneExhibit(t *testing.T) {
	w := guarded(t)
	ctx, id := t.Context(), w.ready(nil)
	_, err := w.xb.Approve(ctx, w.xb.officer(), id, rogatory.Offer, "", true, "", nil)
	w.refused(err, "exhibit_unknown") // there is nothing to agree to yet
	harmless := w.seals(id, "a harmless name")
	_, err = w.xb.Approve(ctx, w.xb.officer(), id, rogatory.Offer, "", true, "", nil)
	w.ok(err)
	grave := w.seals(id, "all that there is")
	_, err = w.xb.Approve(ctx, w.xb.officer(), id, rogatory.Offer, "", true, "", nil)
	w.refused(err, "exhibit_which")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Offer, grave, "approval_needed")
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, harmless)
	if f := w.view(w.xb, id); len(f.Votes) != 0 {
		t.Errorf("votes are left: %v", f.Votes)
	}
	_, err = w.xb.Approve(ctx, w.xb.officer(), id, rogatory.Offer, grave.Exhibit.ID, true, "", nil)
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Offer, grave)
	w.carry()
	w.sound()
}

// What the other State says after people agreed, they have not read: neither does their yes count, nor their sheet.
func TestWhatIsSaidAfterwardsIsReviewedAnew(t *testing.T) {
	w := guarded(t)
	ctx, id := t.Context(), w.asked(nil)
	_, err := w.xb.SignSheet(ctx, w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	w.does(w.xb, w.xb.officer(), id, rogatory.AskMore, words("Who is concerned?"))
	w.carry()
	w.does(w.xa, w.xa.officer(), id, rogatory.Supplement, words("A journalist, in truth."))
	w.carry()
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	if f := w.view(w.xb, id); f.Sheet == nil || !f.Sheet.Stale {
		t.Fatalf("the sheet is %+v", f.Sheet)
	}
	_, err = w.xb.SignSheet(ctx, w.xb.officer(), id, w.sheet(w.xb, id)) // the same answers, by somebody who has read it
	w.ok(err)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	offer := w.seals(id, "a name")
	for what, said := range map[string]func(){
		"a correction": func() { w.does(w.xa, w.xa.officer(), id, rogatory.Correct, words("The account is another one.")) },
		"a question for consent": func() {
			w.does(w.xa, w.xa.decider(), id, rogatory.AskConsent, rogatory.Body{Consent: &rogatory.Consent{Use: rogatory.OtherUse, Purpose: "another proceeding"}})
		},
		"an objection": func() {
			_, err := w.xb.Object(ctx, w.xb.officer(), id, "the provider", "the account is that of a lawyer")
			w.ok(err)
		},
	} {
		_, err = w.xb.Approve(ctx, w.xb.custodian(), id, rogatory.Refuse, "", true, "", nil)
		w.refused(err, "act_not_open")
		_, err = w.xb.Approve(ctx, w.xb.officer(), id, rogatory.Offer, offer.Exhibit.ID, true, "", nil)
		w.ok(err)
		w.carry()
		said()
		w.carry()
		if f := w.view(w.xb, id); len(f.Votes) != 0 {
			t.Errorf("after %s the votes %v count", what, f.Votes)
		}
	}
	w.sound()
}

// A token of a live office is nobody: neither beside a person, nor as the one who drafted.
func TestATokenIsNoneOfTwoPeople(t *testing.T) {
	w := guarded(t)
	content := func(r *rogatory.Request) { r.Contents["data_category"] = "content" }
	o := w.xa.Office
	judge := w.xa.decider()
	judge.Credential = "passkey:judge"
	for name, c := range map[string]struct {
		mode        rogatory.Mode
		drafted     string
		lacks, lone string
	}{
		"in an exercise programs play people": {rogatory.Exercise, TokenCredential + "ana", "", ""},
		"a person drafted":                    {rogatory.Live, "passkey:ana", "", ""},
		"a program drafted":                   {rogatory.Live, TokenCredential + "ana", safeguard.TooFewPeople, ""},
		"one passkey behind both":             {rogatory.Exercise, "passkey:judge", safeguard.SameDevice, ""},
	} {
		t.Run(name, func(t *testing.T) {
			by := w.xa.officer()
			by.Credential = c.drafted
			r := w.xa.words(rogatory.StoredData, "")
			content(&r)
			f, err := w.xa.Draft(t.Context(), by, w.xb.Us, "", r)
			w.ok(err)
			o.Mode = c.mode
			defer func() { o.Mode = rogatory.Exercise }()
			j, err := o.Opinion(t.Context(), judge, f.ID, rogatory.Send, rogatory.Body{})
			w.ok(err)
			var got []string
			for _, x := range j.Lacks {
				if x.Code != safeguard.AnswerMissing && x.Code != safeguard.TooFewRoles {
					got = append(got, x.Code)
				}
			}
			if said := strings.Join(got, " "); !strings.HasPrefix(said, c.lacks) || c.lacks == "" && said != "" {
				t.Errorf("%q is missing, want %q", said, c.lacks)
			}
		})
	}
	w.sound()
}

// What is handed over after an emergency was reviewed is reviewed as well.
func TestALaterHandoverOfAnEmergencyIsReviewedToo(t *testing.T) {
	w := guarded(t)
	ctx := t.Context()
	id := w.emergency()
	w.offers(id)
	w.carry()
	_, err := w.xb.ReviewEmergency(ctx, w.xb.custodian(), id, Justified, "a life was at risk and one name was given")
	w.ok(err)
	w.pass(time.Hour)
	w.offers(id) // everything else
	e := w.view(w.xb, id).Emergency
	if e.Reviewed != 0 || e.Used != w.xb.now() {
		t.Fatalf("the second handover is reviewed by the first review: %+v", e)
	}
	w.pass(safeguard.ReviewWithin)
	w.xa.Safeguards = nil // which holds its own sending back as well
	next := w.emergency()
	if _, _, err = w.xb.Move(ctx, w.xb.decider(), next, rogatory.Accept, rogatory.Body{}); rogatory.CodeOf(err) != "safeguard_blocks" {
		t.Errorf("the next emergency goes on: %v", err)
	}
	_, err = w.xb.ReviewEmergency(ctx, w.xb.custodian(), id, Unjustified, "everything else was not needed for the life")
	w.ok(err)
	w.carry()
	w.sound()
}

// A State that sends one emergency after another buries no review.
func TestEmergenciesBuryNoReview(t *testing.T) {
	w := guarded(t)
	w.xa.Safeguards = nil
	id := w.emergency()
	w.offers(id)
	w.pass(safeguard.ReviewWithin)
	f := *w.view(w.xb, id)
	// As many as a pace lets pass in some hours stand in the table, all of them changed later.
	w.ok(w.xb.Store.Update(t.Context(), func(tx *store.Tx) error {
		for n := range maxNear + 1 {
			later := f
			later.ID, later.Changed, later.Emergency, later.Exhibits, later.Deadlines = f.ID.Case().Request(n+10), w.xb.now(), &EmergencyFile{}, nil, nil
			if err := (cabinetOf{tx}).keep(later); err != nil {
				return err
			}
		}
		near, err := w.xb.near(tx, f, rogatory.Accept)
		w.ok(err)
		if len(near.Emergencies) != 1 || near.Emergencies[0].Request != id {
			t.Errorf("known are %+v", near.Emergencies)
		}
		return nil
	}))
}

// emergency is a request for emergency data that Borealia has accepted, or has, where the safeguards stop it.
func (w *world) emergency() rogatory.RequestID {
	w.Helper()
	f, err := w.xa.Draft(w.Context(), w.xa.officer(), w.xb.Us, "", w.xa.words(rogatory.EmergencyData, ""))
	w.ok(err)
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{})
	w.carry()
	if j, err := w.xb.Opinion(w.Context(), w.xb.decider(), f.ID, rogatory.Accept, rogatory.Body{}); err != nil || j.Blocked {
		w.ok(err)
		return f.ID
	}
	w.agreed(w.xb, f.ID, rogatory.Accept, rogatory.Body{})
	w.does(w.xb, w.xb.decider(), f.ID, rogatory.Accept, rogatory.Body{})
	w.carry()
	return f.ID
}

// A notice is not put off by one person again and again.
func TestANoticeIsNotPutOffTwiceInARowByOnePerson(t *testing.T) {
	w := guarded(t)
	ctx, id := t.Context(), w.disclosed(nil)
	put := func(by rogatory.Actor) error {
		_, err := w.xb.PutOff(ctx, by, id, w.xb.now().Add(100*24*time.Hour), becauseAtLarge)
		return err
	}
	w.ok(put(w.xb.decider()))
	w.refused(put(w.xb.decider()), "second_person_needed")
	w.ok(put(w.xb.as("Rosa", rogatory.Decider)))
	w.ok(put(w.xb.decider()))
	w.sound()
}

// Secrecy means in both States what it meant when it was said, whatever the clocks say and however long it was on its way.
func TestSecrecyIsTheSameInBothStates(t *testing.T) {
	for name, c := range map[string]struct {
		ahead, way time.Duration // of the asking State's clock, and of the message
		until      time.Duration // from when it is said; zero ends it
		secret     bool
	}{
		"ended, by a clock that is ahead":                  {5 * time.Minute, 0, 0, false},
		"ended, and long on its way":                       {0, 48 * time.Hour, 0, false},
		"said again until soon, and longer on its way":     {0, 48 * time.Hour, time.Hour, true},
		"said again until soon, by a clock that is behind": {-5 * time.Minute, 0, time.Minute, true},
	} {
		t.Run(name, func(t *testing.T) {
			w := guarded(t)
			id := w.asked(func(r *rogatory.Request) { r.Contents["confidentiality"] = becauseAtLarge })
			w.pass(time.Second)
			if c.ahead > 0 {
				w.xa.time.Advance(c.ahead)
			} else {
				w.xb.time.Advance(-c.ahead)
			}
			var until rogatory.Instant
			if c.until != 0 {
				until = w.xa.now().Add(c.until)
			}
			_, err := w.xa.KeepSecret(t.Context(), w.xa.officer(), id, until, "the suspect knows of it by now, it is said", "en")
			w.ok(err)
			w.pass(c.way)
			w.carry()
			for _, h := range []*house{w.xa, w.xb} {
				if s := w.view(h, id).SecrecyAt(h.now()); s.Secret != c.secret {
					t.Errorf("in %s it is secret: %t", h.Us.State, s.Secret)
				}
			}
			w.sound()
		})
	}
}

// Whoever has the database strikes off no suspension, forgets no origin, and records no telling that nobody recorded.
func TestFsckDerivesWhatProtectsPeople(t *testing.T) {
	set := func(t *testing.T, h *house, name string, value []byte) {
		t.Helper()
		if err := h.Store.Update(t.Context(), func(tx *store.Tx) error { return tx.SetSetting(name, value) }); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("suspensions", func(t *testing.T) {
		w := guarded(t)
		ctx, soon := t.Context(), w.xb.now().Add(24*time.Hour)
		for _, by := range []rogatory.Actor{w.xb.officer(), w.xb.decider()} {
			_, err := w.xb.Suspend(ctx, by, "XA", "they ask about journalists again and again", soon)
			w.ok(err)
		}
		w.sound()
		_, err := w.xb.Resume(ctx, w.xb.officer(), "XA", "they have promised not to do it again")
		w.ok(err)
		s, err := w.xb.ReviewSuspension(ctx, w.xb.decider(), "XA", "they have not kept what they promised us", soon.Add(time.Hour))
		w.ok(err)
		if s.Lifted != nil {
			t.Error("a lifting that was proposed before the review still waits for a second person")
		}
		w.sound()
		set(t, w.xb, suspensionsSetting, []byte("[]"))
		_, err = w.check(w.xb)
		w.refused(err, "view_damaged")
	})
	t.Run("where bytes come from", func(t *testing.T) {
		w := newWorld(t)
		id := w.bound()
		e := w.hands(w.xb, id, "log")
		w.sound()
		set(t, w.xa, receivedSetting+e.Seal.SHA256.String(), nil)
		_, err := w.check(w.xa)
		w.refused(err, "view_damaged")
	})
}

// Two people who delete at once certify once, and what was deleted is not said to be kept.
func TestKeepingAndDeletingAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx, id := t.Context(), w.bound()
	e := w.hands(w.xb, id, "log")
	w.executes(id, rogatory.Complete, nil)
	w.pass(400 * treaty.Day)
	var both sync.WaitGroup
	for _, by := range []rogatory.Actor{w.xb.decider(), w.xb.as("Rosa", rogatory.Decider)} {
		both.Go(func() {
			if _, err := w.xb.Delete(ctx, by, e.ID); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	entries, err := w.xb.Entries(ctx, w.xb.decider(), id, 0, 200)
	w.ok(err)
	deleted := 0
	for _, x := range entries {
		if x.Entry.Type == rogatory.ExhibitDeleted {
			deleted++
		}
	}
	if deleted != 1 {
		t.Errorf("it was deleted %d times", deleted)
	}
	w.refused(w.xb.Keep(ctx, w.xb.decider(), e.ID, "case 7", "the appeal is pending"), "exhibit_deleted")
	w.carry()
	w.sound()
}

// A national rule may ask for what the form of a request hints at: the office tells it.
func TestRulesAreToldWhatTheFormHintsAt(t *testing.T) {
	w := guarded(t)
	id := w.asked(nil)
	f := *w.view(w.xb, id)
	for name, c := range map[string]struct {
		articles []string
		want     bool
	}{"fraud": {[]string{"13"}, false}, "laundering alone": {[]string{"17"}, true}, "nothing of the Convention": {nil, true}} {
		f.Request.Offence.Articles = c.articles
		facts := factsOf(f, rogatory.Accept, w.xb.Mode, w.xb.Safeguards, Near{}, w.xb.now())
		if got := slices.Contains(facts.Signals, "unlisted_offence"); got != c.want {
			t.Errorf("%s: the signals are %v", name, facts.Signals)
		}
	}
}
