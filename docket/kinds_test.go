// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/treaty"
)

// Each kind of cooperation from the draft to its end, with the acts that are its own. Aurelia asks and
// Borealia is asked, unless a story says otherwise.

// asks has Aurelia send a request of that kind and part, with the examples of its fields.
func (w *world) asks(kind rogatory.RequestKind, part string, change func(*rogatory.Request)) rogatory.RequestID {
	w.Helper()
	r, err := w.xa.Rules.Example(kind, part, w.xa.now())
	w.ok(err)
	if change != nil {
		change(&r)
	}
	f, err := w.xa.Draft(w.Context(), w.xa.officer(), w.xb.Us, "", r)
	w.ok(err)
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{})
	w.carry()
	w.both(f.ID, rogatory.Requested)
	return f.ID
}

// accepted is asks, acknowledged and accepted.
func (w *world) accepted(kind rogatory.RequestKind, part string, change func(*rogatory.Request)) rogatory.RequestID {
	w.Helper()
	id := w.asks(kind, part, change)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Accepted)
	return id
}

// hands takes an exhibit of one office all the way to the other: sealed, offered, fetched, receipted.
func (w *world) hands(from *house, id rogatory.RequestID, title string) rogatory.Exhibit {
	w.Helper()
	ctx, to := w.Context(), w.other(from)
	s := Sealing{Title: title, FileName: "paper.pdf", MediaType: "application/pdf", Acquired: "by the office of " + string(from.Us.State)}
	e, err := from.Seal(ctx, from.custodian(), id, s, strings.NewReader(title+string(id)), nil)
	w.ok(err)
	w.does(from, from.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}})
	w.carry()
	seal, err := to.Incoming(ctx, from.Us.State, e.Seal.Root)
	w.ok(err)
	in, err := to.Vault.Expect(seal)
	w.ok(err)
	var tree, segments bytes.Buffer
	w.ok(from.Vault.WriteTree(&tree, seal.Root))
	w.ok(in.SetTree(&tree))
	w.ok(from.Vault.WriteSegments(ctx, &segments, seal.Root, 0, seal.Segments()))
	_, err = in.PutFrom(ctx, 0, &segments)
	w.ok(err)
	w.ok(in.Commit())
	w.ok(to.Arrived(ctx, from.Us.State, seal.Root))
	w.carry()
	x := w.view(to, id).exhibit(e.ID)
	if x.State != Held || w.view(from, id).exhibit(e.ID).State != Taken {
		w.Fatalf("%s is %s", title, x.State)
	}
	return x.Exhibit
}

// executes has Borealia say how it ended, and Aurelia close.
func (w *world) executes(id rogatory.RequestID, o rogatory.Outcome, details map[string]string) {
	w.Helper()
	w.does(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: o}, Details: details})
	w.carry()
	w.both(id, rogatory.Executed)
	w.closes(id)
}

// closes files the request: both States agree, and no clock is left running.
func (w *world) closes(id rogatory.RequestID) {
	w.Helper()
	w.does(w.xa, w.xa.decider(), id, rogatory.Close, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Closed)
	a, b := w.view(w.xa, id), w.view(w.xb, id)
	if a.Measure.Until != b.Measure.Until || a.Extensions != b.Extensions || len(a.Exhibits) != len(b.Exhibits) || len(a.Consents) != len(b.Consents) || a.OutOfTurn+b.OutOfTurn > 0 {
		w.Errorf("the two States hold different files:\n%+v\n%+v", a, b)
	}
	for _, f := range []*File{a, b} {
		for _, d := range f.Deadlines {
			if d.State == Running && !outlives[d.Name] {
				w.Errorf("%s: the clock %s of %s still runs", f.Us.State, d.Name, id)
			}
		}
	}
}

func words(s string) rogatory.Body { return rogatory.Body{Text: s, Language: "en"} }

func refusal(g rogatory.Ground, why string, instead rogatory.Outcome) rogatory.Body {
	return rogatory.Body{Verdict: &rogatory.Verdict{Ground: g, Reasons: why, Outcome: instead}}
}

// Every kind that ends by being executed, and each of its parts and outcomes, runs from the draft to the
// closed file; where exhibits belong to it, one goes each way that it may.
func TestEveryKindRunsToItsEnd(t *testing.T) {
	w := newWorld(t)
	for _, k := range w.xa.Rules.Kinds {
		if !k.Allows(rogatory.Execute) {
			continue // a preservation or a measure: these have stories of their own
		}
		parts := k.Parts
		if len(parts) == 0 {
			parts = []treaty.Part{{}}
		}
		for i := range max(len(parts), len(k.Outcomes)) {
			part, outcome := parts[i%len(parts)].ID, k.Outcomes[i%len(k.Outcomes)]
			id := w.accepted(k.ID, part, nil)
			if i == 0 {
				for _, h := range []*house{w.xa, w.xb} {
					if k.AllowsBy(rogatory.Offer, w.view(h, id).Side) {
						w.hands(h, id, "what "+string(h.Us.State)+" gives")
					}
				}
			}
			details := map[string]string{}
			for _, f := range k.Details[rogatory.Execute].Required {
				details[f] = w.xa.Rules.Fields[f].Example
			}
			w.executes(id, outcome, details)
			w.pass(time.Minute)
		}
	}
	w.sound()
}

// Every kind can be refused, on each of its grounds, with what the ground asks for and not without it.
func TestEveryKindCanBeRefused(t *testing.T) {
	w := newWorld(t)
	rules := w.xa.Rules
	for _, k := range rules.Kinds {
		g := k.Refuse[len(k.Refuse)-1]
		for _, other := range k.Refuse { // one that wants most
			if rules.Grounds[other].Consult && !rules.Grounds[g].Consult {
				g = other
			}
		}
		ground := rules.Grounds[g]
		id := w.asks(k.ID, "", func(r *rogatory.Request) {
			if ground.OutsideOnly {
				r.Offence.Articles, r.Offence.MaximumYears = nil, 5
			}
		})
		for _, never := range k.Never {
			w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, refusal(never, "why not", ""), "ground_forbidden")
		}
		v := refusal(g, "the ground applies to these facts", "")
		if ground.Consult {
			w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, v, "consultation_missing")
			w.does(w.xb, w.xb.decider(), id, rogatory.Consult, words("Could it be asked for in another way?"))
			w.carry()
			w.does(w.xa, w.xa.officer(), id, rogatory.Supplement, words("It could not."))
			w.carry()
		}
		if len(ground.Outcomes) > 0 {
			v.Verdict.Outcome = ground.Outcomes[0]
		}
		w.does(w.xb, w.xb.decider(), id, rogatory.Refuse, v)
		w.carry()
		w.both(id, rogatory.Refused)
		w.closes(id)
	}
	w.sound()
}

// Art 43: while it preserves, Borealia finds that a provider in Cascadia took part, and says so unasked,
// with as little traffic data as are enough.
func TestTrafficIsDisclosedWithinAPreservation(t *testing.T) {
	w := newWorld(t)
	id := w.preserved()
	found := map[string]string{"provider": "Cascadia Net, Cascadia", "path": "198.51.100.17 to 192.0.2.40, 2026-11-02T03:11Z to 03:14Z"}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.DiscloseTraffic, rogatory.Body{Details: map[string]string{"provider": "Cascadia Net"}}, "detail_missing")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.DiscloseTraffic, rogatory.Body{Details: map[string]string{"provider": "x", "path": "y", "data": "the letters"}}, "detail_unknown")
	w.cannot(w.xa, w.xa.decider(), id, rogatory.DiscloseTraffic, rogatory.Body{Details: found}, "act_not_open")
	w.does(w.xb, w.xb.decider(), id, rogatory.DiscloseTraffic, rogatory.Body{Details: found})
	w.carry()
	w.both(id, rogatory.Preserved) // it moves nothing
	all, err := w.xa.MessagesOf(t.Context(), w.xa.officer(), id)
	w.ok(err)
	if last := all[len(all)-1].Message; last.Act != rogatory.DiscloseTraffic || last.Body.Details["provider"] != found["provider"] {
		t.Errorf("Aurelia was told %+v", last)
	}
	w.sound()
}

// Art 42(2): where are the data. The answer says where, or that nobody knows.
func TestLocationIsAsked(t *testing.T) {
	w := newWorld(t)
	id := w.accepted("location_query", "", nil)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: "located"}}, "detail_missing")
	w.executes(id, "located", map[string]string{"location_answer": "Cascadia; the block belongs to Cascadia Net"})
	w.sound()
}

// Art 45: traffic data in real time. It runs within the term and Borealia's law, is extended, and stops
// by itself at its hard end; then somebody looks for what must be deleted.
func TestCollectionStopsByItself(t *testing.T) {
	w := newWorld(t)
	id := w.asks("realtime_traffic", "", func(r *rogatory.Request) {
		r.Term.To = w.xa.now().Add(20 * treaty.Day)
	})
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"no content is looked at"}}})
	w.carry()
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}}, "conditions_open")
	w.does(w.xa, w.xa.decider(), id, rogatory.Agree, rogatory.Body{})
	w.carry()
	long := rogatory.Body{Measure: &rogatory.Measure{Until: w.xb.now().Add(15 * treaty.Day)}}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, long, "end_too_late") // Borealia's law: 14 days
	w.does(w.xb, w.xb.decider(), id, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}})
	w.carry()
	w.both(id, rogatory.InForce)
	end := rogatory.At(morning).Add(14 * treaty.Day)
	if f := w.view(w.xa, id); f.Measure.Until != end || f.deadline(MeasureEnd).Due != end {
		t.Fatalf("it runs until %s, want %s", f.Measure.Until, end)
	}
	w.hands(w.xb, id, "the first week")

	w.cannot(w.xa, w.xa.officer(), id, rogatory.RequestExtension, rogatory.Body{Measure: &rogatory.Measure{Hours: 169}}, "extension_invalid")
	w.does(w.xa, w.xa.officer(), id, rogatory.RequestExtension, rogatory.Body{Measure: &rogatory.Measure{Hours: 48}})
	w.carry()
	end = end.Add(48 * time.Hour)
	w.does(w.xb, w.xb.decider(), id, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Until: end}})
	w.carry()
	w.pass(15 * treaty.Day)
	w.tick()
	w.both(id, rogatory.InForce) // the first end has passed, the second not
	w.pass(treaty.Day)
	w.tick()
	w.both(id, rogatory.Ended)
	for _, h := range []*house{w.xa, w.xb} {
		if d := w.view(h, id).deadline("purge_check"); d == nil || d.State != Running {
			t.Errorf("%s: the check for what must be deleted: %+v", h.Us.State, d)
		}
	}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}}, "act_not_open")
	w.hands(w.xb, id, "the second week") // what was collected in time may still be given
	w.closes(id)
	w.sound()
}

// Art 46: no interception without an independent authorisation; a hard end; lifted when asked.
func TestInterceptionHasAnAuthorisationAndAnEnd(t *testing.T) {
	w := newWorld(t)
	r, err := w.xa.Rules.Example("content_interception", "", w.xa.now())
	w.ok(err)
	delete(r.Contents, "authorisation")
	f, err := w.xa.Draft(t.Context(), w.xa.officer(), w.xb.Us, "", r)
	w.ok(err) // a draft may wait for the court
	w.cannot(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{}, "request_incomplete")

	over := w.accepted("content_interception", "", nil)
	w.does(w.xb, w.xb.decider(), over, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}})
	w.carry()
	if got := w.view(w.xa, over).Measure.Until; got != rogatory.At(morning).Add(7*treaty.Day) {
		t.Errorf("it runs until %s", got)
	}
	w.pass(7*treaty.Day + time.Minute)
	w.tick() // nobody does anything
	w.both(over, rogatory.Ended)
	w.closes(over)

	lifted := w.accepted("content_interception", "", nil)
	w.does(w.xb, w.xb.decider(), lifted, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}})
	w.carry()
	w.does(w.xa, w.xa.officer(), lifted, rogatory.AskRelease, words("the suspect is arrested"))
	w.carry()
	w.does(w.xb, w.xb.decider(), lifted, rogatory.Stop, words("lifted as asked"))
	w.carry()
	w.both(lifted, rogatory.Ended)
	w.closes(lifted)
	w.sound()
}

// frozen is a freeze of two accounts of which one held a part of what was asked for and one nothing.
func (w *world) frozen() rogatory.RequestID {
	w.Helper()
	id := w.accepted("asset_freeze", "", nil)
	pay := w.view(w.xb, id).Request.Payments
	asset := func(p rogatory.Payment, got string) rogatory.Asset {
		return rogatory.Asset{Account: p.To, Asked: p.Amount, Frozen: rogatory.Amount{Value: got, Code: p.Amount.Code}, At: w.xb.now()}
	}
	start := func(a ...rogatory.Asset) rogatory.Body {
		return rogatory.Body{Measure: &rogatory.Measure{Assets: a}}
	}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, start(), "assets_missing")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, start(asset(pay[0], "12500.01")), "amount_invalid") // more than was asked for
	w.pass(3 * time.Hour)
	w.does(w.xb, w.xb.decider(), id, rogatory.Start, start(asset(pay[0], "9000.00"), asset(pay[1], "0")))
	w.carry()
	w.both(id, rogatory.InForce)
	if d := w.view(w.xa, id).deadline("freeze"); d.State != Met {
		w.Errorf("the clock of the freeze is %s", d.State)
	}
	return id
}

// Arts 49, 50: the money is stopped within hours. A part of it is still there; the hold of 72 hours is
// extended once, as Borealia's law allows, and released as fast as it was frozen.
func TestTheMoneyIsStopped(t *testing.T) {
	w := newWorld(t)
	id := w.frozen()
	f := w.view(w.xa, id)
	if len(f.Measure.Assets) != 2 || f.Measure.Assets[0].Frozen.String() != "9000.00 EUR" || f.Measure.Assets[1].Frozen.String() != "0 BTC" || f.Measure.Until != w.xb.now().Add(72*time.Hour) {
		t.Fatalf("Aurelia is told of %+v", f.Measure)
	}
	w.does(w.xa, w.xa.officer(), id, rogatory.RequestExtension, rogatory.Body{Measure: &rogatory.Measure{Hours: 168}})
	w.carry()
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Until: f.Measure.Until.Add(169 * time.Hour)}}, "end_too_late")
	later := f.Measure.Until.Add(168 * time.Hour)
	w.does(w.xb, w.xb.decider(), id, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Until: later}})
	w.carry()
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Until: later.Add(time.Hour)}}, "extensions_used")

	w.pass(4 * treaty.Day)
	w.does(w.xa, w.xa.officer(), id, rogatory.AskRelease, words("the account holder is a victim too"))
	w.carry()
	if d := w.view(w.xb, id).deadline("release"); d.State != Running || d.Due != w.xb.now().Add(time.Hour) {
		t.Errorf("the clock of the release: %+v", d)
	}
	w.pass(30 * time.Minute)
	w.does(w.xb, w.xb.decider(), id, rogatory.Stop, words("released")) // no hearing: Aurelia asked for it
	w.carry()
	w.both(id, rogatory.Ended)
	if d := w.view(w.xa, id).deadline("release"); d.State != Met {
		t.Errorf("the clock of the release is %s", d.State)
	}
	recovery := rogatory.Recovery{Attempted: rogatory.Amount{Value: "12500.00", Code: "EUR"}, Frozen: rogatory.Amount{Value: "9000.00", Code: "EUR"}, Returned: rogatory.Amount{Value: "8750.00", Code: "EUR"}}
	w.does(w.xa, w.xa.decider(), id, rogatory.ReportRecovery, rogatory.Body{Recovery: &recovery})
	w.carry()
	if share, ok := w.view(w.xb, id).Recovery.Share(); !ok || share != 700 {
		t.Errorf("the share that came back is %d thousandths", share)
	}
	w.closes(id)
	w.sound()
}

// A freeze that nobody touches ends by itself with its 72 hours.
func TestAFreezeEndsByItself(t *testing.T) {
	w := newWorld(t)
	id := w.frozen()
	w.pass(72*time.Hour - time.Minute)
	w.tick()
	w.both(id, rogatory.InForce)
	w.pass(time.Minute)
	w.tick()
	w.both(id, rogatory.Ended)
	w.closes(id)
	w.sound()
}

// Art 50(8): before Borealia lifts the freeze of its own motion, Aurelia can give its reasons; it speaks,
// or lets the time pass.
func TestBeforeLiftingTheOtherStateIsHeard(t *testing.T) {
	for _, speaks := range []bool{true, false} {
		w := newWorld(t)
		id := w.frozen()
		w.cannot(w.xa, w.xa.officer(), id, rogatory.Represent, words("leave it"), "hearing_not_announced")
		w.cannot(w.xb, w.xb.decider(), id, rogatory.Stop, words("a court lifted it"), "hearing_missing")
		w.does(w.xb, w.xb.decider(), id, rogatory.Hear, words("our court means to lift it tomorrow"))
		w.carry()
		due := w.xb.now().Add(12 * time.Hour)
		for _, h := range []*house{w.xa, w.xb} {
			if d := w.view(h, id).deadline(HearingEnd); d.State != Running || d.Due != due || d.Article != "50(8)" {
				t.Errorf("%s: the time to answer: %+v", h.Us.State, d)
			}
		}
		w.cannot(w.xb, w.xb.decider(), id, rogatory.Stop, words("a court lifted it"), "hearing_running")
		if speaks {
			w.does(w.xa, w.xa.officer(), id, rogatory.Represent, words("a confiscation request follows on Monday"))
			w.carry()
		} else {
			w.pass(12 * time.Hour)
			w.tick()
		}
		w.does(w.xb, w.xb.decider(), id, rogatory.Stop, words("a court lifted it"))
		w.carry()
		w.both(id, rogatory.Ended)
		w.closes(id)
		w.sound()
	}
}

// Arts 49 to 52: what was frozen is confiscated on Aurelia's own order, and returned to the victim.
func TestFromTheFreezeToTheVictim(t *testing.T) {
	w := newWorld(t)
	freeze := w.frozen()
	order := w.asks("confiscation", "enforce_foreign_order", func(r *rogatory.Request) { r.Follows = freeze })
	if f := w.view(w.xb, freeze); f.HeldBy != "" {
		t.Errorf("a freeze is held by %s: only preserved data are", f.HeldBy)
	}
	w.hands(w.xa, order, "certified copy of the order") // it goes with the request: Borealia decides on it
	w.does(w.xb, w.xb.decider(), order, rogatory.Accept, rogatory.Body{})
	w.executes(order, "confiscated", nil)
	back := w.accepted("asset_return", "", func(r *rogatory.Request) { r.Follows = order })
	all := rogatory.Amount{Value: "9000.00", Code: "EUR"}
	w.does(w.xb, w.xb.decider(), back, rogatory.ReportRecovery, rogatory.Body{Recovery: &rogatory.Recovery{Attempted: all, Frozen: all, Returned: all}})
	w.executes(back, "compensated", nil)
	w.pass(4 * treaty.Day)
	w.tick()
	w.both(freeze, rogatory.Ended)
	w.closes(freeze)
	w.sound()
}

// Art 40(4)-(5): information comes unasked, under a condition that Borealia's law cannot keep. It says
// so; nothing was handed over.
func TestInformationWithConditionsDeclined(t *testing.T) {
	w := newWorld(t)
	id := w.asks("spontaneous_information", "", nil)
	w.does(w.xb, w.xb.decider(), id, rogatory.Refuse, refusal("R40_5", "our court must show it to the accused", ""))
	w.carry()
	w.both(id, rogatory.Refused)
	if f := w.view(w.xa, id); f.Verdict.Ground != "R40_5" || len(f.Exhibits) != 0 {
		t.Errorf("Aurelia is told %+v", f.Verdict)
	}
	w.closes(id)
	w.sound()
}

// Art 47: what the police exchange is marked, and becomes evidence only with consent.
func TestPoliceInformationIsNotEvidence(t *testing.T) {
	w := newWorld(t)
	id := w.accepted("law_enforcement_information", "", nil)
	for _, h := range []*house{w.xa, w.xb} { // both tell each other
		if x := w.hands(h, id, "what "+string(h.Us.State)+" knows"); !strings.HasPrefix(x.Limits.DisclosureNotes, "not evidence unless obtained by mutual legal assistance") {
			t.Errorf("the exhibit of %s is marked %q", h.Us.State, x.Limits.DisclosureNotes)
		}
	}
	ask := rogatory.Body{Consent: &rogatory.Consent{Use: rogatory.EvidenceUse, Purpose: "trial 2026/118"}}
	w.does(w.xb, w.xb.decider(), id, rogatory.AskConsent, ask)
	w.carry()
	w.does(w.xa, w.xa.decider(), id, rogatory.DenyConsent, words("it comes from a source that must stay hidden: ask by mutual legal assistance"))
	w.carry()
	if c := w.view(w.xb, id).Consents; len(c) != 1 || c[0].State != ConsentDenied || c[0].By != rogatory.RequestedSide {
		t.Errorf("Borealia may use it: %+v", c)
	}
	w.executes(id, "used", nil)
	w.sound()
}

// Arts 36(3), 40(19): another trial is another purpose. Borealia denies it with reasons; for the transfer
// to Cascadia it sets a condition.
func TestConsentIsAskedForAnotherUse(t *testing.T) {
	w := newWorld(t)
	id := w.accepted(rogatory.StoredData, "", nil)
	x := w.hands(w.xb, id, "SSH log")
	ask := func(c rogatory.Consent) rogatory.MessageID {
		m := w.does(w.xa, w.xa.decider(), id, rogatory.AskConsent, rogatory.Body{Consent: &c})
		w.carry()
		return m
	}
	w.cannot(w.xa, w.xa.decider(), id, rogatory.AskConsent, rogatory.Body{Consent: &rogatory.Consent{Use: rogatory.OtherUse}}, "purpose_missing")
	w.cannot(w.xa, w.xa.decider(), id, rogatory.AskConsent, rogatory.Body{Consent: &rogatory.Consent{Use: rogatory.OtherUse, Purpose: "a tax case", Exhibit: "XB-E-000000000000"}}, "exhibit_unknown")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.GiveConsent, rogatory.Body{}, "consent_not_asked")
	tax := ask(rogatory.Consent{Use: rogatory.OtherUse, Purpose: "a tax case", Exhibit: x.ID})
	onward := ask(rogatory.Consent{Use: rogatory.OnwardTransfer, Purpose: "the same botnet there", To: "XC"})
	w.cannot(w.xb, w.xb.decider(), id, rogatory.GiveConsent, rogatory.Body{}, "consent_not_asked") // which of the two
	w.cannot(w.xb, w.xb.decider(), id, rogatory.DenyConsent, rogatory.Body{Answers: tax}, "reasons_missing")
	w.does(w.xb, w.xb.decider(), id, rogatory.DenyConsent, rogatory.Body{Answers: tax, Text: "no help is given here in tax cases", Language: "en"})
	w.does(w.xb, w.xb.decider(), id, rogatory.GiveConsent, rogatory.Body{Answers: onward, Verdict: &rogatory.Verdict{Conditions: []string{"deleted after the trial"}}})
	w.carry()
	for _, h := range []*house{w.xa, w.xb} {
		c := w.view(h, id).Consents
		if len(c) != 2 || c[0].State != ConsentDenied || c[0].Words == "" || c[1].State != ConsentGiven || !slices.Equal(c[1].Conditions, []string{"deleted after the trial"}) {
			t.Errorf("%s holds %+v", h.Us.State, c)
		}
	}
	w.executes(id, rogatory.Complete, nil)
	w.sound()
}

// Art 48: a joint team. Its terms bind when both agree; then each releases to the other what it gathers.
func TestJointInvestigation(t *testing.T) {
	w := newWorld(t)
	id := w.asks("joint_investigation", "", nil)
	w.does(w.xb, w.xb.decider(), id, rogatory.Consult, words("Our judge would lead acts on our soil."))
	w.carry()
	w.does(w.xa, w.xa.officer(), id, rogatory.Supplement, words("Agreed."))
	w.carry()
	terms := []string{"acts in Borealia are led by a judge of Borealia", "costs lie where they fall"}
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: terms}})
	w.carry()
	w.does(w.xa, w.xa.decider(), id, rogatory.Agree, rogatory.Body{})
	w.carry()
	w.hands(w.xa, id, "list of accounts")
	if x := w.hands(w.xb, id, "image of the server"); !slices.Equal(x.Limits.Conditions, terms) {
		t.Errorf("the terms do not travel with the exhibit: %q", x.Limits.Conditions)
	}
	w.executes(id, "agreed", nil)
	w.sound()
}

// Art 40(3)(b), (15)(c): a summons is served. The request needs no facts; the paper travels with it.
func TestServiceWithoutFacts(t *testing.T) {
	w := newWorld(t)
	id := w.asks("general_assistance", "service", nil)
	if facts, told := w.view(w.xb, id).Request.Contents["facts"]; told {
		t.Errorf("the request tells the facts: %q", facts)
	}
	w.hands(w.xa, id, "summons to 14 January 2027")
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
	w.hands(w.xb, id, "signed acknowledgement")
	w.executes(id, rogatory.Complete, nil)
	w.sound()
}

// What the requesting State added to its request it can take back, even across a refusal.
func TestAPaperIsTakenBack(t *testing.T) {
	w := newWorld(t)
	id := w.asks("general_assistance", "service", nil)
	e, err := w.xa.Seal(t.Context(), w.xa.custodian(), id, sealing(), strings.NewReader("the wrong summons"), nil)
	w.ok(err)
	w.does(w.xa, w.xa.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: e.ID}})
	w.does(w.xa, w.xa.decider(), id, rogatory.RevokeOffer, rogatory.Body{ExhibitID: e.ID, Text: "the wrong summons", Language: "en"})
	w.does(w.xb, w.xb.decider(), id, rogatory.Refuse, refusal("R8DM", "a matter of 3 euros", ""))
	w.carry()
	w.both(id, rogatory.Refused)
	for _, h := range []*house{w.xa, w.xb} {
		if x := w.view(h, id).exhibit(e.ID); x.State != Revoked {
			t.Errorf("%s: the paper is %s", h.Us.State, x.State)
		}
	}
	w.closes(id)
	w.sound()
}

// Art 34(6): recordings are removed by their digests. No consent of the person shown, no request; and no
// exhibit of either State, whatever anybody tries.
func TestRemovalByDigestAlone(t *testing.T) {
	w := newWorld(t)
	r, err := w.xa.Rules.Example("content_removal", "", w.xa.now())
	w.ok(err)
	r.Contents["survivor_consent"] = ""
	f, err := w.xa.Draft(t.Context(), w.xa.officer(), w.xb.Us, "", r)
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{}, "request_incomplete")

	id := w.accepted("content_removal", "", nil)
	if got := w.view(w.xb, id).Request.Fingerprints; len(got) != 3 || !got[0].Valid() {
		t.Fatalf("Borealia has the digests %v", got)
	}
	for _, h := range []*house{w.xa, w.xb} {
		_, err := h.Seal(t.Context(), h.custodian(), id, sealing(), strings.NewReader("never"), nil)
		w.refused(err, "act_not_of_kind")
		w.cannot(h, h.decider(), id, rogatory.Offer, rogatory.Body{Exhibit: &rogatory.Exhibit{ID: "XB-E-000000000000"}}, "act_not_of_kind")
	}
	w.executes(id, "removed", nil)
	w.sound()
}

// Art 37: arrested before the request is there, held within bounds; then the extradition is refused for
// nationality alone, after consultation, and the case goes to Borealia's own prosecution.
func TestExtraditionRefusedForNationality(t *testing.T) {
	w := newWorld(t)
	arrest := w.accepted("provisional_arrest", "", nil)
	w.does(w.xb, w.xb.decider(), arrest, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{}})
	w.carry()
	first := w.view(w.xa, arrest).Measure.Until
	w.does(w.xa, w.xa.officer(), arrest, rogatory.RequestExtension, rogatory.Body{Measure: &rogatory.Measure{Hours: 48}})
	w.carry()
	w.does(w.xb, w.xb.decider(), arrest, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Until: first.Add(48 * time.Hour)}})
	w.carry()
	w.cannot(w.xb, w.xb.decider(), arrest, rogatory.Extend, rogatory.Body{Measure: &rogatory.Measure{Until: first.Add(72 * time.Hour)}}, "extensions_used")

	id := w.asks("extradition", "", func(r *rogatory.Request) { r.Follows = arrest })
	w.hands(w.xa, id, "certified copy of the warrant")
	nationality := refusal("R37_NAT", "the person is a national of Borealia", "")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, nationality, "consultation_missing")
	w.does(w.xb, w.xb.decider(), id, rogatory.Consult, words("The person is our national. Would you accept a trial here?"))
	w.carry()
	w.does(w.xa, w.xa.officer(), id, rogatory.Supplement, words("We would."))
	w.carry()
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Refuse, nationality, "outcome_missing") // and what is done instead
	nationality.Verdict.Outcome = "submitted_to_prosecution"
	w.does(w.xb, w.xb.decider(), id, rogatory.Refuse, nationality)
	w.carry()
	w.both(id, rogatory.Refused)
	if v := w.view(w.xa, id).Verdict; v.Outcome != "submitted_to_prosecution" || v.Reasons == "" {
		t.Errorf("Aurelia is told %+v", v)
	}
	w.closes(id)
	w.does(w.xa, w.xa.officer(), arrest, rogatory.AskRelease, words("the trial is yours"))
	w.carry()
	w.does(w.xb, w.xb.decider(), arrest, rogatory.Stop, words("released, and summoned by our own court"))
	w.carry()
	w.closes(arrest)
	w.sound()
}

// Art 40(12)-(13): Cascadia, which has no node, telephones. Its request enters the same files and clocks;
// the written confirmation is due within a day.
func TestATelephonedRequest(t *testing.T) {
	for _, confirmed := range []bool{true, false} {
		w := newWorld(t)
		ctx := t.Context()
		r, err := w.xb.Rules.Example(rogatory.StoredData, "", w.xb.now())
		w.ok(err)
		called := w.xb.now().Add(-2 * time.Hour)
		a := Arrival{From: rogatory.Address{State: "XC"}, Channel: "telephone", Reference: "call of 00:00Z, log 4711", Received: called, Language: "en", Request: r}
		for code, change := range map[string]func(*Arrival){
			"channel_unknown":   func(a *Arrival) { a.Channel = "pigeon" },
			"reference_missing": func(a *Arrival) { a.Reference = " " },
			"sender_invalid":    func(a *Arrival) { a.From.State = "XB" },
			"time_future":       func(a *Arrival) { a.Received = w.xb.now() + 1 },
			"time_long_past":    func(a *Arrival) { a.Received = w.xb.now().Add(-400 * treaty.Day) },
		} {
			wrong := a
			change(&wrong)
			_, err := w.xb.Record(ctx, w.xb.officer(), wrong)
			w.refused(err, code)
		}
		f, err := w.xb.Record(ctx, w.xb.officer(), a)
		w.ok(err)
		id := f.ID
		if f.State != rogatory.Requested || f.Side != rogatory.RequestedSide || f.Channel != "telephone" || id.Case().State() != "XB" {
			t.Fatalf("recorded as %+v", f)
		}
		if d := f.deadline("acknowledge"); d.Due != called.Add(24*time.Hour) {
			t.Errorf("the clock runs from the record and not from the call: %+v", d)
		}
		if d := f.deadline(WrittenDue); d == nil || d.Due != called.Add(24*time.Hour) || d.Article != "40(13)" {
			t.Fatalf("the written confirmation: %+v", d)
		}
		w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
		if confirmed {
			_, err = w.xb.Heard(ctx, w.xb.officer(), id, rogatory.ConfirmInWriting, rogatory.Body{}, 0)
			w.ok(err)
		} else {
			w.pass(25 * time.Hour)
			w.tick()
		}
		if got, want := w.view(w.xb, id).deadline(WrittenDue).State, map[bool]DeadlineState{true: Met, false: Passed}[confirmed]; got != want {
			t.Errorf("confirmed %t: the clock is %s", confirmed, got)
		}
		w.does(w.xb, w.xb.officer(), id, rogatory.AskMore, words("Which account?"))
		_, err = w.xb.Heard(ctx, w.xb.officer(), id, rogatory.Supplement, words("That of nightowl17."), 0)
		w.ok(err)
		_, err = w.xb.Heard(ctx, w.xb.officer(), id, rogatory.Accept, rogatory.Body{}, 0)
		w.refused(err, "act_not_open") // Cascadia cannot accept for Borealia
		w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{})
		_, err = w.xb.Seal(ctx, w.xb.custodian(), id, sealing(), strings.NewReader("log"), nil)
		w.refused(err, "no_line")
		w.does(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
		_, err = w.xb.Heard(ctx, w.xb.officer(), id, rogatory.Close, rogatory.Body{}, 0)
		w.ok(err)
		if f := w.view(w.xb, id); f.State != rogatory.Closed {
			t.Errorf("the request is %s", f.State)
		}
		if n := len(w.collect(w.xb)); n != 0 {
			t.Errorf("%d messages of a telephoned request are in the outbox", n)
		}
		w.sound()
	}
}

// A freeze that came by post has the same bounds and the same end: nobody lifts it, and it stops by itself.
func TestAPostedFreezeEndsByItself(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	r, err := w.xb.Rules.Example("asset_freeze", "", w.xb.now())
	w.ok(err)
	f, err := w.xb.Record(ctx, w.xb.officer(), Arrival{From: rogatory.Address{State: "XC", Authority: "bank_desk"}, Channel: "post", Reference: "CC 17/2026", Language: "en", Request: r})
	w.ok(err)
	if f.deadline(WrittenDue) != nil {
		t.Error("a letter waits for its written confirmation")
	}
	w.does(w.xb, w.xb.decider(), f.ID, rogatory.Accept, rogatory.Body{})
	p := r.Payments[0]
	w.does(w.xb, w.xb.decider(), f.ID, rogatory.Start, rogatory.Body{Measure: &rogatory.Measure{Assets: []rogatory.Asset{{Account: p.To, Asked: p.Amount, Frozen: p.Amount, At: w.xb.now()}}}})
	w.cannot(w.xb, w.xb.decider(), f.ID, rogatory.Stop, words("lifted"), "hearing_missing")
	w.pass(72 * time.Hour)
	w.tick()
	if f := w.view(w.xb, f.ID); f.State != rogatory.Ended {
		t.Errorf("after 72 hours it is %s", f.State)
	}
	_, err = w.xb.Heard(ctx, w.xb.officer(), f.ID, rogatory.Close, rogatory.Body{}, 0)
	w.ok(err)
	w.sound()
}

// Aurelia writes to Cascadia, which has no node: by hand, in the same files, and what Cascadia answers is
// recorded.
func TestALetterToAStateWithoutANode(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	r, err := w.xa.Rules.Example("general_assistance", "records", w.xa.now())
	w.ok(err)
	f, err := w.xa.DraftElsewhere(ctx, w.xa.officer(), rogatory.Address{State: "XC"}, "diplomatic", "", r)
	w.ok(err)
	w.cannot(w.xa, w.xa.officer(), f.ID, rogatory.Send, rogatory.Body{}, "role_not_allowed")
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{})
	if n := len(w.collect(w.xa)); n != 0 {
		t.Errorf("%d messages wait for a State without a node", n)
	}
	w.pass(time.Hour)
	for _, said := range []struct {
		act rogatory.Act
		b   rogatory.Body
	}{{rogatory.Acknowledge, rogatory.Body{}}, {rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: []string{"not for the press"}}}}} {
		_, err = w.xa.Heard(ctx, w.xa.officer(), f.ID, said.act, said.b, 0)
		w.ok(err)
	}
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Agree, rogatory.Body{})
	_, err = w.xa.Heard(ctx, w.xa.officer(), f.ID, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Partly}, Text: "The statements of 2025 are lost.", Language: "en"}, 0)
	w.ok(err)
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Close, rogatory.Body{})
	if f := w.view(w.xa, f.ID); f.State != rogatory.Closed || f.Agreed == 0 || f.Verdict.Outcome != rogatory.Partly {
		t.Errorf("the file says %+v", f)
	}
	w.sound()
}
