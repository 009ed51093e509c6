// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"bytes"
	"context"
	"fmt"
	"reflect"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/store"
	"rogatory/treaty"
	"rogatory/vault"
)

// clockOf names one deadline as one office sees it.
type clockOf struct {
	in      rogatory.StateCode
	request rogatory.RequestID
	name    string
}

// clockSlack is how far ahead of the simulation's own time a clock may have been, broken or not.
const clockSlack = time.Hour + 5*time.Minute

// breach is a promise that did not hold. It ends the run even if the power went in the same step.
func (p *play) breach(format string, args ...any) error {
	p.breached = fmt.Errorf("step %d: "+format, append([]any{p.step}, args...)...)
	return p.breached
}

// hold checks what must hold at every moment, in the office that something happened in.
func (p *play) hold(ctx context.Context, h *house) error {
	if h.down {
		return nil
	}
	err := h.store.View(ctx, func(tx *store.Tx) error {
		if err := p.holdJournal(h, tx); err != nil {
			return err
		}
		peers, err := tx.Peers()
		if err != nil {
			return err
		}
		for _, peer := range peers {
			if peer.LastIn < h.in[peer.State] || peer.LastOut < h.out[peer.State] {
				return p.breach("in %s the numbers of %s went back to %d in, %d out", h.code, peer.State, peer.LastIn, peer.LastOut)
			}
			h.in[peer.State], h.out[peer.State] = peer.LastIn, peer.LastOut
			if err := p.holdSent(ctx, h, p.house(peer.State)); err != nil {
				return err
			}
		}
		return p.holdPromises(h, tx)
	})
	if err != nil {
		return err
	}
	files, err := h.files(ctx)
	for _, f := range files {
		if err := p.holdDeadlines(h, f); err != nil {
			return err
		}
	}
	return err
}

// holdSent: nobody has applied more than the other sent.
func (p *play) holdSent(ctx context.Context, h, from *house) error {
	if from.down {
		return nil
	}
	return from.store.View(ctx, func(tx *store.Tx) error {
		peer, err := tx.Peer(h.code)
		if err == nil && h.in[from.code] > peer.LastOut {
			err = p.breach("%s has applied number %d of %s, which sent %d", h.code, h.in[from.code], from.code, peer.LastOut)
		}
		return err
	})
}

// holdPromises: what was receipted is there, with the receipt that was given. All of it is looked at
// after a crash, and otherwise what is new.
func (p *play) holdPromises(h *house, tx *store.Tx) error {
	for _, id := range h.given[h.seen:] {
		m, err := tx.Message(store.In, id)
		if err != nil || !bytes.Equal(m.Receipt, p.promised[promise{h.code, id}]) {
			return p.breach("%s receipted message %s, and does not have it so: %v", h.code, id, err)
		}
	}
	h.seen = len(h.given)
	return nil
}

// holdJournal: it has grown from what it was.
func (p *play) holdJournal(h *house, tx *store.Tx) error {
	size, err := tx.Size()
	if err != nil {
		return err
	}
	root, err := journal.Root(size, tx)
	if err != nil {
		return err
	}
	now := head{size, root}
	if len(h.known) > 0 {
		last := h.known[len(h.known)-1]
		if size < last.size {
			return p.breach("the journal of %s shrank from %d to %d entries", h.code, last.size, size)
		}
		if then, err := journal.Root(last.size, tx); err != nil || then != last.root {
			return p.breach("the journal of %s is not what it was at %d entries: %v", h.code, last.size, err)
		}
		if size == last.size {
			return nil
		}
	}
	h.known = append(h.known, now)
	return nil
}

// holdDeadlines: each stands where the rules put it, and none passed before its time.
func (p *play) holdDeadlines(h *house, f docket.File) error {
	kind, err := p.stage.rules.Kind(f.Request.Kind)
	if err != nil {
		return err
	}
	book, rules := docket.Standard(p.stage.rules), map[string]rogatory.Instant{}
	for _, c := range kind.Starts(treaty.Received) {
		if f.Received == 0 {
			break // a draft
		}
		due, err := book.Due(c.Rule, f, f.Received)
		if err != nil {
			return err
		}
		rules[c.Name] = due.At
	}
	for _, d := range f.Deadlines {
		if d.State == docket.Passed && rogatory.At(dawn.Add(p.elapsed+clockSlack)) < d.Due {
			return p.breach("in %s the deadline %s of %s passed before %s", h.code, d.Name, f.ID, d.Due)
		}
		if d.Name == docket.PreservationEnd {
			if d.State == docket.Running && d.Due < f.Preservation.Until || f.Preservation.Until < kind.EarliestEnd(f.Preservation.Since) {
				return p.breach("in %s the preservation of %s would end at %s, too early", h.code, f.ID, d.Due)
			}
			continue
		}
		if rules[d.Name] == 0 {
			continue // its clock starts anew with each question
		}
		k := clockOf{h.code, f.ID, d.Name}
		if before, seen := p.limits[k]; seen && before != d.Due || d.Due != rules[d.Name] {
			return p.breach("in %s the deadline %s of %s moved to %s", h.code, d.Name, f.ID, d.Due)
		}
		p.limits[k] = d.Due
	}
	return nil
}

const (
	// mendRounds is how often everything is delivered before it is said that it never will be; each
	// round waits longer than the longest pause between two tries.
	mendRounds = 24
	mendWait   = 7 * time.Hour
	// fetchRounds bounds the steps of one transfer, which take a segment or more each.
	fetchRounds = 60
	// afterwards is how long the mended world goes on, so that preservations come to their end.
	afterwards = 90 * treaty.Day
)

// mend puts the world in order, waits until all is quiet, lets time pass, and checks everything.
func (p *play) mend(ctx context.Context) error {
	p.say("the world is mended")
	clear(p.cut)
	p.weather = weather{}
	for _, h := range p.houses {
		h.time.Advance(-h.wrong)
		h.wrong = 0
		if h.down {
			if err := p.open(ctx, h); err != nil {
				return err
			}
		}
	}
	late := p.air
	p.air = nil
	for i, l := range late {
		if err := p.arrive(ctx, l, chance(p.seed, "late", i)); err != nil {
			return err
		}
	}
	if err := p.quiet(ctx); err != nil {
		return err
	}
	if err := p.fetchAll(ctx); err != nil {
		return err
	}
	if err := p.quiet(ctx); err != nil {
		return err
	}
	if err := p.agree(ctx); err != nil {
		return err
	}
	const strides = 3
	for range strides {
		p.pass(afterwards / strides)
		for _, h := range p.houses {
			p.step++
			h.random.Seed(key(p.seed, "random", h.code, p.step))
			if err := p.tick(ctx, h); err != nil {
				return err
			}
		}
		if err := p.quiet(ctx); err != nil {
			return err
		}
	}
	if err := p.agree(ctx); err != nil {
		return err
	}
	return p.audit(ctx)
}

// quiet delivers until no office has anything to send.
func (p *play) quiet(ctx context.Context) error {
	for range mendRounds {
		p.step++
		waiting := 0
		for _, h := range p.houses {
			h.random.Seed(key(p.seed, "random", h.code, p.step))
			box, err := h.Outbox(ctx, "", store.MaxRows)
			if err != nil {
				return err
			}
			for _, d := range box {
				if d.State == store.Dead {
					p.counts["revived"]++
					if err := h.Revive(ctx, h.officer(), d.Message); err != nil {
						return err
					}
				}
			}
			waiting += len(box)
		}
		if waiting == 0 && len(p.air) == 0 {
			return nil
		}
		c := chance(p.seed, "quiet", p.step)
		for _, h := range p.houses {
			if err := p.post(ctx, h, c); err != nil {
				return err
			}
		}
		for len(p.air) > 0 {
			l := p.air[0]
			p.air = p.air[1:]
			if err := p.arrive(ctx, l, c); err != nil {
				return err
			}
		}
		for _, h := range p.houses {
			if err := p.hold(ctx, h); err != nil {
				return err
			}
		}
		p.pass(mendWait / mendRounds)
		if waiting > 0 && p.step%4 == 0 {
			p.pass(mendWait)
		}
	}
	return p.breach("the outboxes do not get empty")
}

func (p *play) fetchAll(ctx context.Context) error {
	for _, h := range p.houses {
		files, err := h.files(ctx)
		if err != nil {
			return err
		}
		for _, f := range files {
			for _, x := range f.Exhibits {
				for n := 0; !x.Ours && x.State == docket.Offered && n < fetchRounds; n++ {
					p.step++
					if n > 0 && n%4 == 0 { // what has come must survive, the whole exhibit not least
						if err := p.bounce(ctx, h); err != nil {
							return err
						}
					}
					h.random.Seed(key(p.seed, "random", h.code, p.step))
					if err := p.fetchOne(ctx, h, p.house(f.Them.State), x.Exhibit, chance(p.seed, "fetch", p.step)); err != nil {
						return err
					}
					if _, x, err = h.Exhibit(ctx, x.Exhibit.ID); err != nil {
						return err
					}
				}
				if x.State == docket.Held {
					if err := p.bounce(ctx, h); err != nil {
						return err
					}
				}
				if x.State == docket.Offered && !x.Ours && rogatory.At(h.time.Now()) < x.Exhibit.Expires {
					return p.breach("%s cannot fetch %s, which is on offer", h.code, x.Exhibit.ID)
				}
			}
		}
	}
	return nil
}

// bounce cuts the power of an office, and turns it on again.
func (p *play) bounce(ctx context.Context, h *house) error {
	p.say("%s loses power", h.code)
	if err := p.crash(h, chance(p.seed, "bounce", p.step)); err != nil {
		return err
	}
	return p.open(ctx, h)
}

// agree: both States tell the same of every request.
func (p *play) agree(ctx context.Context) error {
	for _, h := range p.houses {
		files, err := h.files(ctx)
		if err != nil {
			return err
		}
		for _, a := range files {
			if a.Side != rogatory.RequestingSide || a.State == rogatory.Drafted {
				continue
			}
			b, err := p.house(a.Them.State).File(ctx, a.ID)
			if err != nil {
				return p.breach("%s sent %s, and %s does not have it: %w", h.code, a.ID, a.Them.State, err)
			}
			p.counts["ends "+string(a.State)]++
			if a.State != b.State || !reflect.DeepEqual(a.Request, b.Request) {
				return p.breach("%s is %s in %s and %s in %s", a.ID, a.State, a.Us.State, b.State, b.Us.State)
			}
			for _, x := range a.Exhibits {
				if err := p.agreeOn(a, b, x); err != nil {
					return err
				}
			}
			if a.OutOfTurn+b.OutOfTurn > 0 {
				p.counts["crossed"]++
				continue
			}
			if !reflect.DeepEqual(a.Verdict, b.Verdict) || !reflect.DeepEqual(a.Preservation, b.Preservation) || a.Question != b.Question {
				return p.breach("%s: verdict, preservation or question differ: %+v and %+v", a.ID, a, b)
			}
		}
	}
	return nil
}

func (p *play) agreeOn(a, b docket.File, x docket.ExhibitFile) error {
	for _, y := range b.Exhibits {
		if y.Exhibit.ID != x.Exhibit.ID {
			continue
		}
		if y.Exhibit.Seal != x.Exhibit.Seal {
			return p.breach("exhibit %s has two seals", x.Exhibit.ID)
		}
		if x.State == docket.Offered && y.State == docket.Revoked {
			return p.breach("exhibit %s is on offer in %s and revoked in %s", x.Exhibit.ID, a.Us.State, b.Us.State)
		}
		// What arrived after the request was over was not told to anyone.
		over := a.State != rogatory.Accepted && a.State != rogatory.Executed
		if x.State == docket.Held && y.State != docket.Taken && !over {
			return p.breach("exhibit %s is held in %s and %s in %s", x.Exhibit.ID, a.Us.State, y.State, b.Us.State)
		}
		return nil
	}
	return p.breach("%s has exhibit %s, and %s does not", a.Us.State, x.Exhibit.ID, b.Us.State)
}

// events are the journal's entries about one message or exhibit in one office, as indexes.
type events struct {
	messages map[rogatory.MessageID]map[rogatory.EntryType][]int64
	exhibits map[rogatory.ExhibitID]map[rogatory.EntryType][]int64
	sent     map[rogatory.StateCode][]rogatory.MessageRef
	received map[rogatory.StateCode]map[int64]rogatory.MessageRef
}

// audit reads every journal from the beginning and holds the offices against each other.
func (p *play) audit(ctx context.Context) error {
	all := map[rogatory.StateCode]events{}
	for _, h := range p.houses {
		if _, err := h.Ledger.Publish(ctx); err != nil {
			return err
		}
		if _, err := h.Check(ctx, h.public, vault.Full); err != nil {
			return p.breach("fsck of %s: %w", h.code, err)
		}
		h.seen = 0
		if err := h.store.View(ctx, func(tx *store.Tx) error {
			if err := p.holdPromises(h, tx); err != nil {
				return err
			}
			for _, k := range h.known {
				if root, err := journal.Root(k.size, tx); err != nil || root != k.root {
					return p.breach("the journal of %s is not what it was at %d entries: %v", h.code, k.size, err)
				}
			}
			return nil
		}); err != nil {
			return err
		}
		e, err := p.read(ctx, h)
		if err != nil {
			return err
		}
		all[h.code] = e
	}
	for k := range p.promised {
		if n := len(all[k.by].messages[k.id][rogatory.MessageReceived]); n != 1 {
			return p.breach("%s receipted message %s, and has received it %d times", k.by, k.id, n)
		}
	}
	for _, from := range p.houses {
		for _, to := range p.houses {
			sent, received := all[from.code].sent[to.code], all[to.code].received[from.code]
			if len(sent) != len(received) {
				return p.breach("%s sent %d messages to %s, which received %d", from.code, len(sent), to.code, len(received))
			}
			for i, ref := range sent {
				if got := received[int64(i+1)]; ref.Sequence != int64(i+1) || got != ref {
					return p.breach("message %d of %s to %s has number %d and arrived as %+v", i+1, from.code, to.code, ref.Sequence, got)
				}
				if n := len(all[from.code].messages[ref.ID][rogatory.MessageReceipted]); n != 1 {
					return p.breach("%s has %d receipts for message %s", from.code, n, ref.ID)
				}
			}
			p.counts["messages"] += len(sent)
		}
	}
	for _, h := range p.houses {
		if err := p.custody(ctx, h, all[h.code]); err != nil {
			return err
		}
	}
	return nil
}

// read sorts the entries of a journal.
func (p *play) read(ctx context.Context, h *house) (events, error) {
	e := events{messages: map[rogatory.MessageID]map[rogatory.EntryType][]int64{}, exhibits: map[rogatory.ExhibitID]map[rogatory.EntryType][]int64{},
		sent: map[rogatory.StateCode][]rogatory.MessageRef{}, received: map[rogatory.StateCode]map[int64]rogatory.MessageRef{}}
	for start := int64(0); ; {
		rows, err := h.Entries(ctx, h.officer(), "", start, store.MaxRows)
		if err != nil || len(rows) == 0 {
			return e, err
		}
		for _, row := range rows {
			if m := row.Entry.Message; m != nil {
				note(e.messages, m.ID, row)
				switch row.Entry.Type {
				case rogatory.MessageSent:
					e.sent[m.To] = append(e.sent[m.To], *m)
				case rogatory.MessageReceived:
					if e.received[m.From] == nil {
						e.received[m.From] = map[int64]rogatory.MessageRef{}
					}
					e.received[m.From][m.Sequence] = *m
				case rogatory.MessageRefused:
					return e, p.breach("%s refused message %s: %s", h.code, m.ID, m.Code)
				}
			}
			if x := row.Entry.Exhibit; x != nil {
				note(e.exhibits, x.ID, row)
			}
		}
		start = rows[len(rows)-1].Index + 1
	}
}

func note[K comparable](all map[K]map[rogatory.EntryType][]int64, id K, row docket.Logged) {
	if all[id] == nil {
		all[id] = map[rogatory.EntryType][]int64{}
	}
	all[id][row.Entry.Type] = append(all[id][row.Entry.Type], row.Index)
}

// custody: the journal has the chain of every exhibit in its order.
func (p *play) custody(ctx context.Context, h *house, e events) error {
	files, err := h.files(ctx)
	if err != nil {
		return err
	}
	for _, f := range files {
		offered, taken := map[rogatory.ExhibitID]int64{}, map[rogatory.ExhibitID]int64{}
		messages, err := h.MessagesOf(ctx, h.officer(), f.ID)
		if err != nil {
			return err
		}
		for _, m := range messages {
			switch m.Message.Act {
			case rogatory.Offer:
				offered[m.Message.Body.Exhibit.ID] = m.Entry
			case rogatory.Take:
				taken[m.Message.Body.ExhibitID] = m.Entry
			}
		}
		for _, x := range f.Exhibits {
			id := x.Exhibit.ID
			events := e.exhibits[id]
			came, how := events[rogatory.ExhibitSealed], "sealed"
			if !x.Ours {
				came, how = events[rogatory.ExhibitReceived], "received"
			}
			if x.State == docket.Offered && !x.Ours || x.State == docket.Revoked && len(came) == 0 {
				continue // not here
			}
			if len(came) != 1 {
				return p.breach("%s has exhibit %s %s %d times", h.code, id, how, len(came))
			}
			offer, wasOffered := offered[id]
			if x.Ours && wasOffered && offer < came[0] || !x.Ours && (!wasOffered || offer > came[0]) {
				return p.breach("%s: exhibit %s was %s at entry %d and offered at %d", h.code, id, how, came[0], offer)
			}
			if take, ok := taken[id]; ok && take < came[0] {
				return p.breach("%s: exhibit %s was %s at entry %d and taken at %d", h.code, id, how, came[0], take)
			}
			for _, opened := range events[rogatory.ExhibitOpened] {
				if opened < came[0] {
					return p.breach("%s: exhibit %s was %s at entry %d and opened at %d", h.code, id, how, came[0], opened)
				}
			}
			p.counts["custody chain"]++
		}
	}
	return nil
}
