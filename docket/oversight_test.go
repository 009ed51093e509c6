// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"crypto/rand"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/oversight"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/treaty"
)

// watched gives a State an oversight body from now on for a year, and returns its key.
func (w *world) watched(code rogatory.StateCode) oversight.Key {
	w.Helper()
	now := rogatory.At(morning)
	k, err := oversight.NewKey(rand.Reader, code, "Ombudsman of "+string(code), now.Add(-time.Hour), now.Add(365*treaty.Day))
	w.ok(err)
	b, err := k.Body()
	w.ok(err)
	p := w.book.parties[code]
	p.Oversight = append(p.Oversight, b)
	w.book.parties[code] = p
	return k
}

// holding pulls the feed of a house until nothing is new, as its body does.
func (w *world) holding(h *house, k oversight.Key) *oversight.Holding {
	w.Helper()
	held := &oversight.Holding{}
	w.pull(h, k, held)
	return held
}

// pull adds what is new to a holding.
func (w *world) pull(h *house, k oversight.Key, held *oversight.Holding) {
	w.Helper()
	for {
		ask, err := k.SignAsk(held.Size(), h.now())
		w.ok(err)
		a, body, err := oversight.OpenAsk(ask, w.book.parties[h.Us.State], h.now())
		w.ok(err)
		sealed, err := h.Feed(w.Context(), a.From, body)
		w.ok(err)
		page, err := oversight.OpenPage(sealed, k)
		w.ok(err)
		w.ok(held.Take(page))
		if held.Size() == page.Size {
			return
		}
	}
}

// checkpoint is what the house publishes.
func (w *world) checkpoint(h *house) (note []byte, key journal.Verifier) {
	w.Helper()
	c, err := h.Ledger.Publish(w.Context())
	w.ok(err)
	key, err = journal.NewVerifier(h.keys.JournalVerifier())
	w.ok(err)
	return c.Note, key
}

// AB-07: an operator who keeps oversight out of a message is refused by the other State's node, whichever way it is done.
func TestAB07NoMessageWithoutOversight(t *testing.T) {
	w := newWorld(t)
	older := w.drafts(rogatory.Preservation42, "", "")
	w.does(w.xa, w.xa.decider(), older, rogatory.Send, rogatory.Body{})
	a, b := w.watched("XA"), w.watched("XB")

	// Aurelia's operator ran the node on a directory without bodies: the message names none.
	parcel := w.collect(w.xa)[0]
	receipt, err := w.xb.Receive(t.Context(), "XA", parcel.Sealed)
	w.ok(err)
	r, _, err := envelope.PeekReceipt(receipt)
	w.ok(err)
	if r.Outcome != rogatory.RefusedOutcome || r.Code != "oversight_missing" {
		t.Fatalf("a message that names no oversight got %s %s", r.Outcome, r.Code)
	}
	if _, err := w.xb.File(t.Context(), older); rogatory.CodeOf(err) != "request_unknown" {
		t.Fatalf("the refused request is worked on: %v", err)
	}
	_, err = w.xa.Settle(t.Context(), parcel.Delivery, receipt)
	w.ok(err)

	// It names them, and the envelope is sealed to the addressee alone.
	id := w.drafts(rogatory.Preservation42, "", "")
	w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	parcel = w.collect(w.xa)[0]
	container, err := envelope.Unseal(t.Context(), parcel.Sealed, w.xb.keys.MessageIdentities()...)
	w.ok(err)
	for _, bodies := range [][]string{nil, {must(a.Body()).Recipient}} {
		short, err := envelope.Seal(container, w.xb.keys.MessageRecipient(), bodies...)
		w.ok(err)
		before := w.size(w.xb)
		_, err = w.xb.Receive(t.Context(), "XA", short)
		w.refused(err, "oversight_missing")
		if w.size(w.xb) != before {
			t.Fatal("the refusal was recorded as if the message had come")
		}
	}

	// As it should be it is taken, and both bodies open the very envelope.
	w.ok(w.deliver(w.xa, parcel))
	for _, k := range []oversight.Key{a, b} {
		if got, err := envelope.Unseal(t.Context(), parcel.Sealed, identity(t, k)); err != nil || !bytes.Equal(got, container) {
			t.Errorf("%s does not open the message: %v", k, err)
		}
	}

	// Borealia's body has the attempt too: a refused message is on the feed like all others.
	held := w.holding(w.xb, b)
	found := 0
	for _, r := range held.Records {
		if r.Entry.Type == rogatory.MessageRefused && r.Message != nil && r.Message.Request == older {
			found++
		}
	}
	if found != 1 {
		t.Errorf("the attempt is %d times on the feed", found)
	}
}

// AB-07: what the body holds is the whole of the published journal, and an operator who withholds or exchanges one
// entry or message is named.
func TestAB07TheFeedLeavesNothingOut(t *testing.T) {
	w := newWorld(t)
	k := w.watched("XB")
	w.watched("XA")
	id := w.sent(rogatory.Preservation42)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.carry()
	held := w.holding(w.xb, k)
	note, log := w.checkpoint(w.xb)
	c, err := held.Against(note, w.xb.keys.JournalOrigin(), log)
	w.ok(err)
	if c.Size != held.Size() || c.Size != w.size(w.xb) {
		t.Fatalf("the body holds %d entries, the journal has %d, published %d", held.Size(), w.size(w.xb), c.Size)
	}

	page := func() oversight.Page {
		body, err := k.Body()
		w.ok(err)
		sealed, err := w.xb.Feed(t.Context(), 0, body)
		w.ok(err)
		p, err := oversight.OpenPage(sealed, k)
		w.ok(err)
		return p
	}
	received := func(p oversight.Page) int {
		for i, item := range p.Items {
			if len(item.Container) > 0 {
				return i
			}
		}
		t.Fatal("no message is on the page")
		return 0
	}
	for name, spoil := range map[string]func(p *oversight.Page){
		"an entry is left out": func(p *oversight.Page) {
			p.Items = append(p.Items[:1:1], p.Items[2:]...)
			for i := range p.Items {
				p.Items[i].Index = int64(i)
			}
		},
		"the last is withheld":          func(p *oversight.Page) { p.Items = p.Items[:len(p.Items)-1]; p.Size-- },
		"an entry says something else":  func(p *oversight.Page) { p.Items[0].Body = append(p.Items[0].Body, ' ') },
		"a message is withheld":         func(p *oversight.Page) { p.Items[received(*p)].Container = nil },
		"another message in its place":  func(p *oversight.Page) { p.Items[received(*p)].Container = other(t, w, id) },
		"an entry is in two places":     func(p *oversight.Page) { p.Items[1] = p.Items[0] },
		"an entry comes without salt":   func(p *oversight.Page) { p.Items[1].Salt = nil },
		"the page begins further along": func(p *oversight.Page) { p.From, p.Items = 1, p.Items[1:] },
	} {
		p := page()
		spoil(&p)
		var got oversight.Holding
		err := got.Take(p)
		if err == nil {
			_, err = got.Against(note, w.xb.keys.JournalOrigin(), log)
		} else if got.Size() != 0 {
			t.Errorf("%s: %d entries were kept after the error", name, got.Size())
		}
		if rogatory.CodeOf(err) != "oversight_withheld" || !strings.Contains(err.Error(), "operator of the node of XB") {
			t.Errorf("%s: %v", name, err)
		}
	}
	proof, err := held.Proof(1, note, c.Size)
	w.ok(err)
	if _, err := OpenProof(proof, w.book.parties["XB"]); err != nil {
		t.Errorf("an entry that the body shows to a third person does not verify: %v", err)
	}
}

// other is a message that is not the one of the request.
func other(t *testing.T, w *world, not rogatory.RequestID) []byte {
	t.Helper()
	var found []byte
	w.ok(w.xb.Store.View(t.Context(), func(tx *store.Tx) error {
		rows, err := tx.Messages("XA", store.Out, 1, 10)
		for _, row := range rows {
			found = row.Container
		}
		return err
	}))
	if found == nil {
		t.Fatal("there is no other message")
	}
	return found
}

func TestWhoAsksForTheFeed(t *testing.T) {
	w := newWorld(t)
	k, foreign := w.watched("XB"), w.watched("XA")
	us, now := w.book.parties["XB"], rogatory.At(morning)
	good, err := k.SignAsk(7, now)
	w.ok(err)
	if a, b, err := oversight.OpenAsk(good, us, now); err != nil || a.From != 7 || b.Name != k.Name {
		t.Fatalf("%+v %v", a, err)
	}
	theirs, err := foreign.SignAsk(0, now)
	w.ok(err)
	_, _, err = oversight.OpenAsk(theirs, us, now)
	w.refused(err, "oversight_unknown")
	_, _, err = oversight.OpenAsk(bytes.Replace(good, []byte("\n7\n"), []byte("\n0\n"), 1), us, now)
	w.refused(err, "oversight_unknown")
	_, _, err = oversight.OpenAsk(good, us, now.Add(time.Hour))
	w.refused(err, "oversight_ask_stale")
	_, _, err = oversight.OpenAsk(good, us, now.Add(366*treaty.Day))
	w.refused(err, "oversight_unknown")
}

func TestWithoutOversightNoIntrusiveMeasureBegins(t *testing.T) {
	w := newWorld(t)
	w.watched("XA")
	w.watched("XB")
	for _, h := range []*house{w.xa, w.xb} {
		w.ok(h.NoteOversight(t.Context(), []rogatory.Party{w.book.parties["XA"], w.book.parties["XB"]}))
	}
	running := w.sent(rogatory.StoredData)
	w.does(w.xb, w.xb.officer(), running, rogatory.Acknowledge, rogatory.Body{})
	w.carry()

	// Borealia's operator strikes the body off the directory.
	p := w.book.parties["XB"]
	p.Oversight = nil
	w.book.parties["XB"] = p
	before := w.size(w.xb)
	w.ok(w.xb.NoteOversight(t.Context(), []rogatory.Party{p}))
	w.ok(w.xb.NoteOversight(t.Context(), []rogatory.Party{p}))
	if w.size(w.xb) != before+1 {
		t.Errorf("that the body was struck off is recorded %d times", w.size(w.xb)-before)
	}

	w.cannot(w.xa, w.xa.decider(), w.drafts(rogatory.StoredData, "", ""), rogatory.Send, rogatory.Body{}, "oversight_expired")
	w.cannot(w.xb, w.xb.decider(), running, rogatory.Accept, rogatory.Body{}, "oversight_expired")
	// The screens say the same before anybody tries, since one place decides.
	for _, mended := range []bool{false, true} {
		set := safeguard.Convention()
		w.xb.Safeguards = &Safeguards{Convention: set, Form: safeguard.TheForm(), Vocabulary: safeguard.TheVocabulary()}
		if mended {
			w.watched("XB")
		}
		j, err := w.xb.Opinion(t.Context(), w.xb.decider(), running, rogatory.Accept, rogatory.Body{})
		w.ok(err)
		if said := slices.ContainsFunc(j.Findings, func(x safeguard.Finding) bool { return x.Code == "oversight_missing" }); said == mended {
			t.Errorf("with a body %v: %+v", mended, j.Findings)
		}
		w.xb.Safeguards, w.book.parties["XB"] = nil, p
	}
	// What is not intrusive goes on, and a refusal is never stopped.
	w.does(w.xa, w.xa.decider(), w.drafts(rogatory.Preservation42, "", ""), rogatory.Send, rogatory.Body{})
	w.does(w.xb, w.xb.officer(), running, rogatory.AskMore, rogatory.Body{Text: "Which account?", Language: "en"})
	w.carry()
	standings, err := w.xb.Standings(t.Context(), []rogatory.Party{w.book.parties["XA"], p})
	w.ok(err)
	if standings[0].Stopped() || !standings[1].Stopped() || !strings.Contains(standings[1].Words(), "no longer") {
		t.Errorf("the standings are %+v", standings)
	}

	// A body that ran out stops the same.
	w.watched("XB")
	w.pass(366 * treaty.Day)
	w.cannot(w.xa, w.xa.decider(), w.drafts(rogatory.StoredData, "", ""), rogatory.Send, rogatory.Body{}, "oversight_expired")
}

// While weaker safeguards wait their day the body is alarmed, and when persons concerned were not told: by the office's own
// screen, and by what the feed gave it, which say the same.
func TestOversightHearsOfWeakerSafeguardsAndOfNoticesNotGiven(t *testing.T) {
	w := guarded(t)
	k := w.watched("XB")
	w.watched("XA")
	alarms := func() (found []string) {
		t.Helper()
		seen, err := w.xb.Watch(t.Context(), w.xb.as("S. Virtanen", rogatory.Overseer))
		w.ok(err)
		held := w.holding(w.xb, k)
		affairs, err := Affairs(w.xb.Rules, safeguard.Convention(), held, w.xb.now())
		w.ok(err)
		pulled := w.xb.Oversight.Alarms(oversight.Cases("XB", held.Records), affairs, w.xb.now())
		if !reflect.DeepEqual(seen.Alarms, pulled) {
			t.Errorf("the screen has %+v, the feed %+v", seen.Alarms, pulled)
		}
		for _, a := range pulled {
			if a.Pattern == oversight.WeakerPolicies || a.Pattern == oversight.NoticeOverdue {
				found = append(found, a.Pattern)
			}
		}
		return found
	}
	says := func(want ...string) {
		t.Helper()
		if got := alarms(); !slices.Equal(got, want) {
			t.Errorf("the alarms are %v, want %v", got, want)
		}
	}

	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)
	says() // it tightens
	loose, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), nil, because)
	w.ok(err)
	says() // nobody agreed yet
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.officer(), loose.Digest)
	w.ok(err)
	says(oversight.WeakerPolicies)
	w.pass(safeguard.WeakeningWaits - time.Second)
	says(oversight.WeakerPolicies)
	w.pass(time.Second)
	says() // it counts, and there is nothing left to object to

	id := w.disclosed(func(*rogatory.Request) {})
	due := w.view(w.xb, id).deadline(TellingDue).Due
	w.pass(due.Sub(w.xb.now()) + 7*treaty.Day)
	w.tick()
	says()
	w.pass(time.Second)
	says(oversight.NoticeOverdue)
	_, err = w.xb.Tell(w.Context(), w.xb.officer(), id, Telling{How: "by registered letter"})
	w.ok(err)
	says()
}

// An office that calls emergencies otherwise in rules of its own publishes no fewer of them: the share means the same
// everywhere, and whoever has the Convention's rules alone comes to the same.
func TestAnOfficeHasNoFewerEmergenciesByItsOwnRules(t *testing.T) {
	own := Standard(treaty.Convention())
	more := treaty.Kind{ID: "urgent_here", Urgent: true}
	for i := range own.Kinds {
		own.Kinds[i].Urgent = !own.Kinds[i].Urgent
	}
	own.Kinds = append(own.Kinds, more)
	for _, k := range treaty.Convention().Kinds {
		if urgent(own, k.ID) != k.Urgent {
			t.Errorf("%s counts as an emergency: %v, the Convention's rules say %v", k.ID, !k.Urgent, k.Urgent)
		}
	}
	if !urgent(own, more.ID) || urgent(own, "unheard_of") {
		t.Error("a kind of the office's own counts as its rules say, and one that nobody knows does not")
	}
}
