// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"
	"time"

	"rogatory"
	"rogatory/treaty"
)

func items() []rogatory.PreservedItem {
	return []rogatory.PreservedItem{{Description: "auth.log of 203.0.113.8", Size: 3, SHA256: rogatory.DigestOf([]byte("log"))}}
}

// preserved is a request whose data Borealia has preserved just now.
func (w *world) preserved() rogatory.RequestID {
	w.Helper()
	id := w.sent(rogatory.Preservation42)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.does(w.xb, w.xb.custodian(), id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: items()}})
	w.carry()
	w.both(id, rogatory.Preserved)
	return id
}

// Arts 41 and 42: asked at night, acknowledged within the hour, preserved for sixty days, extended,
// and released when nobody needs it any more.
func TestPreservation(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.Preservation42, "", "")
	w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Requested)
	if f := w.view(w.xb, id); f.Side != rogatory.RequestedSide || f.Them != w.xa.Us || f.Request.Contents["data"] == "" || f.Author != "" {
		t.Fatalf("Borealia's file: %+v", f)
	}

	w.pass(40 * time.Minute)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Acknowledged)
	if d := w.view(w.xb, id).deadline("acknowledge"); d.State != Met || d.Due != rogatory.At(morning.Add(time.Hour)) || d.Article != "41(1)" {
		t.Errorf("the hour for acknowledging: %+v", d)
	}
	if f := w.view(w.xa, id); f.Acknowledged != rogatory.At(morning.Add(40*time.Minute)) {
		t.Errorf("Aurelia knows of the acknowledgement at %s", f.Acknowledged)
	}

	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	// Borealia's law says thirty days; the Convention's sixty are the least.
	thirty := rogatory.At(w.xb.time.Now().Add(30 * treaty.Day))
	w.cannot(w.xb, w.xb.custodian(), id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Until: thirty}}, "preservation_empty")
	w.does(w.xb, w.xb.custodian(), id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Until: thirty, Items: items()}})
	w.carry()
	w.both(id, rogatory.Preserved)
	sixty := rogatory.At(w.xb.time.Now().Add(60 * treaty.Day))
	for _, h := range []*house{w.xa, w.xb} {
		f := w.view(h, id)
		if f.Preservation.Until != sixty || f.deadline(PreservationEnd).Due != sixty || f.deadline(PreservationEnd).Article != "42(8)" || f.deadline("preserve").State != Met {
			t.Errorf("%s: preserved until %s, want %s: %+v", h.Us.State, f.Preservation.Until, sixty, f.Deadlines)
		}
	}

	// Nobody may end it early, and an extension that ends sooner is none.
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Release, rogatory.Body{}, "preservation_running")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Extend, rogatory.Body{Preservation: &rogatory.Preservation{Until: sixty}}, "extension_too_short")
	w.cannot(w.xa, w.xa.officer(), id, rogatory.RequestExtension, rogatory.Body{Preservation: &rogatory.Preservation{Days: 400}}, "extension_invalid")
	w.does(w.xa, w.xa.officer(), id, rogatory.RequestExtension, rogatory.Body{Preservation: &rogatory.Preservation{Days: 30}})
	w.carry()
	ninety := sixty.Add(30 * treaty.Day)
	w.does(w.xb, w.xb.decider(), id, rogatory.Extend, rogatory.Body{Preservation: &rogatory.Preservation{Until: ninety}})
	w.carry()

	w.pass(60*treaty.Day + time.Hour)
	w.tick()
	w.both(id, rogatory.Preserved)
	w.pass(30 * treaty.Day)
	w.tick()
	w.both(id, rogatory.Released)
	w.tick() // the second time there is nothing to do
	w.does(w.xa, w.xa.decider(), id, rogatory.Close, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Closed)
	w.sound()
}

// tick lets both clocks strike and delivers what follows from it.
func (w *world) tick() {
	w.Helper()
	w.ok(w.xb.Tick(w.Context()))
	w.ok(w.xa.Tick(w.Context()))
	w.carry()
}

// Art 42(7): Borealia warns that preserving would tip off the suspect; Aurelia wants it all the same.
func TestWarningIsAnsweredBeforePreserving(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.does(w.xb, w.xb.officer(), id, rogatory.Warn, rogatory.Body{Text: "the provider informs its customers", Language: "en"})
	w.cannot(w.xb, w.xb.custodian(), id, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: items()}}, "act_not_open")
	w.carry()
	w.both(id, rogatory.Warned)
	w.does(w.xa, w.xa.officer(), id, rogatory.Confirm, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Accepted)
	w.sound()
}

// Art 42(8): a request for disclosure keeps the data until it is decided, however long that takes.
func TestDisclosureHoldsThePreservedData(t *testing.T) {
	w := newWorld(t)
	kept := w.preserved()
	asked := w.drafts(rogatory.StoredData, kept.Case(), kept)
	if asked != kept.Case().Request(2) {
		t.Fatalf("the second request of %s is %s", kept.Case(), asked)
	}
	w.does(w.xa, w.xa.decider(), asked, rogatory.Send, rogatory.Body{})
	w.carry()
	for _, h := range []*house{w.xa, w.xb} {
		if f := w.view(h, kept); f.HeldBy != asked || f.deadline(PreservationEnd).State != Stopped {
			t.Fatalf("%s: held by %q, %+v", h.Us.State, f.HeldBy, f.Deadlines)
		}
	}
	w.pass(200 * treaty.Day)
	w.tick()
	w.both(kept, rogatory.Preserved)
	w.cannot(w.xb, w.xb.decider(), kept, rogatory.Release, rogatory.Body{}, "preservation_running")

	w.does(w.xb, w.xb.decider(), asked, rogatory.Refuse, rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R8DM", Reasons: "the matter is trifling"}})
	w.carry()
	w.tick() // its own sixty days are long over
	w.both(kept, rogatory.Released)
	w.both(asked, rogatory.Refused)
	w.sound()
}

// Two requests ask for the same data. They are kept until both are decided, in whichever order.
func TestSecondDisclosureHoldsToo(t *testing.T) {
	for _, firstGoesFirst := range []bool{true, false} {
		w := newWorld(t)
		kept := w.preserved()
		ids := []rogatory.RequestID{w.drafts(rogatory.StoredData, kept.Case(), kept), w.drafts(rogatory.StoredData, kept.Case(), kept)}
		for _, id := range ids {
			w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
		}
		w.carry()
		if !firstGoesFirst {
			ids[0], ids[1] = ids[1], ids[0]
		}
		refusal := rogatory.Body{Verdict: &rogatory.Verdict{Ground: "R8DM", Reasons: "the matter is trifling"}}
		w.does(w.xb, w.xb.decider(), ids[0], rogatory.Refuse, refusal)
		w.pass(100 * treaty.Day)
		w.tick()
		w.both(kept, rogatory.Preserved)
		w.does(w.xa, w.xa.decider(), ids[1], rogatory.Withdraw, rogatory.Body{Text: "no longer needed", Language: "en"})
		w.carry()
		w.tick()
		w.both(kept, rogatory.Released)
		if f := w.view(w.xb, kept); f.HeldBy != "" || len(f.AlsoHeldBy) != 0 {
			t.Errorf("still held by %s and %s", f.HeldBy, f.AlsoHeldBy)
		}
		w.sound()
	}
}

// The request for disclosure may overtake the preserving itself: then no clock for releasing runs at all.
func TestDisclosureBeforePreserving(t *testing.T) {
	w := newWorld(t)
	kept := w.sent(rogatory.Preservation42)
	asked := w.drafts(rogatory.StoredData, kept.Case(), kept)
	w.does(w.xa, w.xa.decider(), asked, rogatory.Send, rogatory.Body{})
	w.carry()
	w.does(w.xb, w.xb.decider(), kept, rogatory.Accept, rogatory.Body{})
	w.does(w.xb, w.xb.custodian(), kept, rogatory.Preserve, rogatory.Body{Preservation: &rogatory.Preservation{Items: items()}})
	w.carry()
	w.pass(100 * treaty.Day)
	w.tick()
	w.both(kept, rogatory.Preserved)
	if d := w.view(w.xb, kept).deadline(PreservationEnd); d.State != Stopped {
		t.Errorf("the end of the preservation is %s", d.State)
	}
	w.sound()
}

// The power goes while the clock strikes: the release is told once.
func TestPowerGoesAtTheEndOfAPreservation(t *testing.T) {
	for _, point := range []string{"begin", "closure", "before_commit", "after_commit"} {
		w := newWorld(t)
		id := w.preserved()
		w.pass(61 * treaty.Day)
		w.xb.power.fail(point, 0)
		if err := w.xb.Tick(t.Context()); err == nil || !w.xb.power.over() {
			t.Fatalf("at %s: %v", point, err)
		}
		w.restart(w.xb)
		w.tick()
		w.both(id, rogatory.Released)
		releases := 0
		for start := range w.size(w.xb) {
			e, err := w.xb.entry(t.Context(), start)
			w.ok(err)
			if e.Message != nil && e.Message.Act == rogatory.Release && e.Type == rogatory.MessageSent {
				releases++
			}
		}
		if releases != 1 {
			t.Errorf("at %s: released %d times", point, releases)
		}
		w.sound()
	}
}

// A clock that nobody stopped is journaled when it runs out, and stays visible.
func TestDeadlineThatPassesIsJournaled(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	w.pass(59 * time.Minute)
	w.tick()
	if d := w.view(w.xb, id).deadline("acknowledge"); d.State != Running {
		t.Fatalf("before the hour it is %s", d.State)
	}
	w.pass(2 * time.Minute)
	w.tick()
	for _, h := range []*house{w.xa, w.xb} {
		if d := w.view(h, id).deadline("acknowledge"); d.State != Passed {
			t.Errorf("%s: after the hour it is %s", h.Us.State, d.State)
		}
	}
	before := w.size(w.xb)
	w.tick()
	if after := w.size(w.xb); after != before {
		t.Errorf("it passed twice: %d entries became %d", before, after)
	}
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{}) // late, and still welcome
	w.carry()
	if d := w.view(w.xb, id).deadline("acknowledge"); d.State != Passed {
		t.Errorf("acknowledging late makes it %s", d.State)
	}
	w.sound()
}
