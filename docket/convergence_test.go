// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

// Two offices fold messages that cross on their way. Each direction keeps its order, as sequence
// numbers see to; between the directions anything goes.

// desk is one State's cabinet and what is on its way to it.
type desk struct {
	us    rogatory.Address
	files cabinetMap
	inbox []rogatory.Message
}

type crossing struct {
	t        *testing.T
	seed     uint64
	random   *rand.Rand
	rules    Rulebook
	now      rogatory.Instant
	from, to *desk // requesting and requested
	story    []string
	done     map[rogatory.Act]int
	lost     int // acts that met a request that had moved on
	given    int // exhibits that the requested State holds from the requesting one
}

const (
	preservationID = rogatory.RequestID("XA-2026-7K3M9Q2P.1")
	disclosureID   = rogatory.RequestID("XA-2026-7K3M9Q2P.2")
	freezeID       = rogatory.RequestID("XA-2026-7K3M9Q2P.3") // runs for a time, with a hearing before it is lifted
	assistanceID   = rogatory.RequestID("XA-2026-7K3M9Q2P.4") // both States hand over exhibits
)

var crossed = []rogatory.RequestID{preservationID, disclosureID, freezeID, assistanceID}

func newCrossing(t *testing.T, rules Rulebook, seed uint64) *crossing {
	c := &crossing{t: t, seed: seed, random: rand.New(rand.NewPCG(seed, 42)), rules: rules, now: 1_800_000_000_000_000, done: map[rogatory.Act]int{},
		from: &desk{us: rogatory.Address{State: "XA", Authority: "justice"}, files: cabinetMap{}},
		to:   &desk{us: rogatory.Address{State: "XB", Authority: "justice"}, files: cabinetMap{}}}
	for id, r := range map[rogatory.RequestID]rogatory.Request{
		preservationID: {Kind: rogatory.Preservation42, Title: "logs"},
		disclosureID:   {Kind: rogatory.StoredData, Title: "disclosure of the logs", Follows: preservationID},
		freezeID:       {Kind: "asset_freeze", Title: "freeze"},
		assistanceID:   {Kind: "general_assistance", Part: "service", Title: "a summons"},
	} {
		e := rogatory.Entry{Type: rogatory.RequestDrafted, At: c.now, Request: id, Draft: &r, To: &c.to.us}
		if err := applyLocal(c.from.files, c.rules, e, c.from.us); err != nil {
			t.Fatal(err)
		}
	}
	return c
}

func (c *crossing) fail(format string, args ...any) {
	c.t.Helper()
	for _, line := range c.story {
		c.t.Log(line)
	}
	c.t.Fatalf("seed %d: %s", c.seed, fmt.Sprintf(format, args...))
}

// act has one side do something that its own file allows, and posts the message.
func (c *crossing) act() {
	d, other := c.from, c.to
	if c.random.IntN(2) == 0 {
		d, other = c.to, c.from
	}
	id := crossed[c.random.IntN(len(crossed))]
	f, found, _ := d.files.file(id)
	if !found {
		return
	}
	kind, err := c.rules.Kind(f.Request.Kind)
	if err != nil {
		c.fail("%v", err)
	}
	var open []rogatory.Act
	quiet := c.random.IntN(8) > 0 // or they would talk for ever
	for _, t := range rogatory.Lifecycle() {
		local := t.Act == rogatory.Draft || t.Act == rogatory.Revise
		if _, _, err := rogatory.Next(f.State, t.Act, f.Side); err == nil && !local && kind.AllowsBy(t.Act, f.Side) && !(quiet && t.Act.Talk()) {
			open = append(open, t.Act)
		}
	}
	if len(open) == 0 {
		return
	}
	m := rogatory.Message{ID: rogatory.MessageID(fmt.Sprintf("019ac5a2-7c1f-7abc-8def-%012x", c.now)), Request: id, From: d.us, To: other.us,
		Act: open[c.random.IntN(len(open))], Sent: c.now}
	if ends := m.Act == rogatory.Withdraw || m.Act == rogatory.Close || m.Act == rogatory.Refuse; ends && c.random.IntN(8) > 0 {
		return // or few requests would live long enough to be interesting
	}
	if !c.body(&m, d, &f) {
		return
	}
	c.story = append(c.story, fmt.Sprintf("%s: %s %s", d.us.State, m.Act, id))
	if _, moved, err := apply(d.files, c.rules, d.us.State, m, c.now); err != nil || !moved {
		c.fail("%s on its own file: moved %t, %v", m.Act, moved, err)
	}
	other.inbox = append(other.inbox, m)
	c.done[m.Act]++
}

// body gives the act what the office would give it; false if the office would refuse it.
func (c *crossing) body(m *rogatory.Message, d *desk, f *File) bool {
	b := &m.Body
	b.Text = "words"
	pick := func(ok func(x ExhibitFile) bool) *ExhibitFile {
		i := slices.IndexFunc(f.Exhibits, ok)
		if i < 0 {
			return nil
		}
		return &f.Exhibits[i]
	}
	local := func(e rogatory.Entry) {
		e.At, e.Request = c.now, f.ID
		if err := applyLocal(d.files, c.rules, e, d.us); err != nil {
			c.fail("%s: %v", e.Type, err)
		}
	}
	switch m.Act {
	case rogatory.Send:
		b.Request = &f.Request
	case rogatory.Supplement:
		b.Answers = f.Question
	case rogatory.Represent:
		if f.Heard == 0 {
			return false
		}
		b.Answers = f.Hearing
	case rogatory.Accept, rogatory.Refuse, rogatory.Postpone, rogatory.Execute:
		b.Verdict = &rogatory.Verdict{Reasons: fmt.Sprint(c.now)}
	case rogatory.Preserve:
		b.Preservation = &rogatory.Preservation{Since: c.now, Until: c.now + 1000}
	case rogatory.Extend:
		if f.State == rogatory.InForce {
			b.Measure = &rogatory.Measure{Until: f.Measure.Until + 1000}
			break
		}
		b.Preservation = &rogatory.Preservation{Until: f.Preservation.Until + 1000}
	case rogatory.RequestExtension:
		if f.State == rogatory.InForce {
			b.Measure = &rogatory.Measure{Hours: 24}
			break
		}
		b.Preservation = &rogatory.Preservation{Days: 30}
	case rogatory.Offer:
		e := rogatory.Exhibit{ID: rogatory.ExhibitID(fmt.Sprintf("%s-E-%012d", d.us.State, c.now%1e12)), Expires: c.now + 1000}
		binary.BigEndian.PutUint64(e.Seal.Root[:], uint64(c.now))
		local(rogatory.Entry{Type: rogatory.ExhibitSealed, Exhibit: &e})
		b.Exhibit = &e
	case rogatory.RevokeOffer:
		x := pick(func(x ExhibitFile) bool { return x.Ours && x.State == Offered })
		if x == nil {
			return false
		}
		b.ExhibitID = x.Exhibit.ID
	case rogatory.Take:
		x := pick(func(x ExhibitFile) bool { return !x.Ours && x.State == Offered })
		if x == nil {
			return false
		}
		local(rogatory.Entry{Type: rogatory.ExhibitReceived, Exhibit: &x.Exhibit})
		b.ExhibitID, b.Root = x.Exhibit.ID, x.Exhibit.Seal.Root
	case rogatory.Agree:
		if len(f.Conditions) == 0 {
			return false
		}
		b.Verdict = &rogatory.Verdict{Conditions: f.Conditions}
	case rogatory.AskConsent:
		b.Consent = &rogatory.Consent{Use: rogatory.OtherUse, Purpose: fmt.Sprint(c.now)}
	case rogatory.GiveConsent, rogatory.DenyConsent:
		i := slices.IndexFunc(f.Consents, func(q ConsentFile) bool { return q.By != f.Side && q.State == ConsentAsked })
		if i < 0 {
			return false
		}
		b.Answers = f.Consents[i].Asked
	case rogatory.DiscloseTraffic:
		b.Details = map[string]string{"provider": "Cascadia Net", "path": "there"}
	case rogatory.ReportRecovery:
		b.Recovery = &rogatory.Recovery{}
	case rogatory.Start:
		b.Measure = &rogatory.Measure{Since: c.now, Until: c.now + 1000}
	}
	return true
}

// deliver takes the next message of one direction, if there is one.
func (c *crossing) deliver(d *desk) bool {
	if len(d.inbox) == 0 {
		return false
	}
	m := d.inbox[0]
	d.inbox = d.inbox[1:]
	_, moved, err := apply(d.files, c.rules, d.us.State, m, c.now)
	if err != nil {
		c.fail("%s arrives at %s: %v", m.Act, d.us.State, err)
	}
	if !moved {
		c.lost++
	}
	c.story = append(c.story, fmt.Sprintf("    %s receives %s %s (moved: %t)", d.us.State, m.Act, m.Request, moved))
	return true
}

func (c *crossing) settle() {
	for c.deliver(c.from) || c.deliver(c.to) {
	}
}

// agree compares what the two States hold.
func (c *crossing) agree() {
	for _, id := range crossed {
		a, b := c.from.files[id], c.to.files[id]
		if b.ID == "" && a.State == rogatory.Drafted {
			continue // never sent
		}
		if a.State != b.State {
			c.fail("%s is %s in %s and %s in %s", id, a.State, a.Us.State, b.State, b.Us.State)
		}
		if a.Side == b.Side || !reflect.DeepEqual(a.Request, b.Request) {
			c.fail("%s: sides or requests differ", id)
		}
		// The requested State knows of every exhibit that the requesting one knows of, and what was taken is
		// accounted for on both sides, whatever crossed it.
		for _, x := range a.Exhibits {
			y := b.exhibit(x.Exhibit.ID)
			if y == nil || x.State == Held && y.State != Taken {
				c.fail("%s: exhibit %s is %s in %s and %+v in %s", id, x.Exhibit.ID, x.State, a.Us.State, y, b.Us.State)
			}
		}
		for _, x := range b.Exhibits {
			if y := a.exhibit(x.Exhibit.ID); x.State == Held && (y == nil || y.State != Taken) {
				c.fail("%s: exhibit %s is %s in %s and %+v in %s", id, x.Exhibit.ID, x.State, b.Us.State, y, a.Us.State)
			}
			if x.State == Held {
				c.given++
			}
		}
		// What runs has one end, and was lifted or extended alike.
		if a.State == rogatory.InForce && (!reflect.DeepEqual(a.Measure, b.Measure) || a.Extensions != b.Extensions) {
			c.fail("%s: the measure is %+v in %s and %+v in %s", id, a.Measure, a.Us.State, b.Measure, b.Us.State)
		}
		// Each question for consent stands alike, whatever it crossed: only one State can answer it.
		if len(a.Consents) != len(b.Consents) {
			c.fail("%s: %d and %d questions for consent", id, len(a.Consents), len(b.Consents))
		}
		for _, q := range a.Consents {
			if !slices.ContainsFunc(b.Consents, func(o ConsentFile) bool { return reflect.DeepEqual(q, o) }) {
				c.fail("%s: consent %s stands otherwise in %s", id, q.Asked, b.Us.State)
			}
		}
		if a.OutOfTurn+b.OutOfTurn > 0 {
			continue
		}
		// Nothing was lost to a crossing: then the two files say the same in everything.
		if !reflect.DeepEqual(a.Verdict, b.Verdict) || !reflect.DeepEqual(a.Preservation, b.Preservation) || a.Question != b.Question || a.Consulted != b.Consulted ||
			!reflect.DeepEqual(a.Measure, b.Measure) || (a.Heard == 0) != (b.Heard == 0) || (a.ReleaseAsked == 0) != (b.ReleaseAsked == 0) {
			c.fail("%s: verdict, preservation, measure or question differ:\n%+v\n%+v", id, a, b)
		}
	}
}

func TestMessagesThatCrossSettleAlike(t *testing.T) {
	rules := Standard(treaty.Convention())
	const runs = 2000
	ends, lost, given, done := map[rogatory.State]int{}, 0, 0, map[rogatory.Act]int{}
	for seed := range uint64(runs) {
		c := newCrossing(t, rules, seed)
		hurry := 1 + c.random.IntN(6) // of ten steps, how many deliver rather than act
		for range 20 + c.random.IntN(120) {
			c.now++
			switch n := c.random.IntN(10); {
			case n >= hurry:
				c.act()
			case n%2 == 0:
				c.deliver(c.from)
			default:
				c.deliver(c.to)
			}
		}
		c.settle()
		c.agree()
		lost, given = lost+c.lost, given+c.given
		for _, id := range crossed {
			ends[c.from.files[id].State]++
		}
		for act, n := range c.done {
			done[act] += n
		}
	}
	// The runs are worth something only if messages did cross, and requests went everywhere.
	if lost < runs/10 || given < runs/20 {
		t.Errorf("of %d runs only %d messages crossed another, and %d exhibits went the other way", runs, lost, given)
	}
	for _, act := range []rogatory.Act{rogatory.Start, rogatory.Extend, rogatory.RequestExtension, rogatory.AskRelease, rogatory.Hear, rogatory.Represent, rogatory.Stop} {
		if done[act] < runs/100 {
			t.Errorf("%s was said %d times in %d runs", act, done[act], runs)
		}
	}
	for _, s := range []rogatory.State{rogatory.Acknowledged, rogatory.NeedsInformation, rogatory.Consulting, rogatory.Postponed, rogatory.Accepted,
		rogatory.Warned, rogatory.Preserved, rogatory.InForce, rogatory.Ended, rogatory.Executed, rogatory.Refused, rogatory.Withdrawn, rogatory.Released, rogatory.Closed} {
		if ends[s] == 0 {
			t.Errorf("no run ended with a request that is %s", s)
		}
	}
	t.Logf("%d runs, %d crossings, ends %v", runs, lost, ends)
}

// The table is what makes them settle: without the rows that let a withdrawal meet an ended request,
// this very crossing would leave two States with two truths.
func TestWithdrawalCrossesDecision(t *testing.T) {
	rules := Standard(treaty.Convention())
	for _, decision := range []rogatory.Act{rogatory.Accept, rogatory.Refuse, rogatory.AskMore, rogatory.Consult, rogatory.Postpone} {
		for _, decisionFirst := range []bool{true, false} {
			c := newCrossing(t, rules, 0)
			say := func(d, other *desk, act rogatory.Act, b rogatory.Body) {
				c.now++
				m := rogatory.Message{ID: rogatory.MessageID(fmt.Sprintf("019ac5a2-7c1f-7abc-8def-%012x", c.now)), Request: disclosureID, From: d.us, To: other.us, Act: act, Body: b}
				if _, moved, err := apply(d.files, rules, d.us.State, m, c.now); err != nil || !moved {
					t.Fatalf("%s: %t %v", act, moved, err)
				}
				other.inbox = append(other.inbox, m)
			}
			draft := c.from.files[disclosureID]
			say(c.from, c.to, rogatory.Send, rogatory.Body{Request: &draft.Request})
			c.settle()
			say(c.from, c.to, rogatory.Withdraw, rogatory.Body{Text: "settled at home"})
			say(c.to, c.from, decision, rogatory.Body{Verdict: &rogatory.Verdict{}})
			if decisionFirst {
				c.deliver(c.from)
				c.deliver(c.to)
			} else {
				c.deliver(c.to)
				c.deliver(c.from)
			}
			if a, b := c.from.files[disclosureID].State, c.to.files[disclosureID].State; a != rogatory.Withdrawn || b != rogatory.Withdrawn {
				t.Errorf("withdraw across %s: %s and %s", decision, a, b)
			}
		}
	}
}
