// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"

	"rogatory"
	"rogatory/envelope"
	"rogatory/oversight"
	"rogatory/store"
	"rogatory/treaty"
)

// This file is for fictitious requests of the oversight body. One stands in the queue as if another State had sent it,
// and what is done with it is recorded instead of sent: it has no number, no container, no row in the outbox, and so no
// way out. What makes it fictitious is the first entry of its file alone, which nobody but oversight is shown.

// Seed puts a fictitious request into the queue, by an order that a body of this State signed and sealed to this
// office. Orders for kinds that wake people are refused: nobody is woken for a fiction.
func (o *Office) Seed(ctx context.Context, sealed []byte) (rogatory.RequestID, error) {
	signed, err := envelope.Unseal(ctx, sealed, o.Messages...)
	if err != nil {
		return "", err
	}
	us, err := o.Directory.Party(o.Us.State)
	if err != nil {
		return "", err
	}
	s, _, err := oversight.OpenSeed(signed, us, o.now())
	if err != nil {
		return "", err
	}
	kind, err := o.Rules.Kind(s.Request.Kind)
	if err != nil {
		return "", err
	}
	refused := func(format string, args ...any) (rogatory.RequestID, error) {
		return "", rogatory.Fault(rogatory.Invalid, "oversight_seed_invalid", format, args...)
	}
	them, err := o.Directory.Party(s.From.State)
	if err != nil {
		return "", err
	}
	if kind.Urgent {
		return refused("a %s request wakes people", kind.ID)
	}
	if s.To != o.Us {
		return refused("the order is for %.60q, this is %s", s.To.String(), o.Us)
	}
	if lacks := o.Rules.Lacks(s.Request, o.now()); len(lacks) > 0 {
		return refused("a reviewer would see that it is fictitious: it lacks %s", lacks[0])
	}
	if err := sends(kind, them, s.From); err != nil {
		return "", err
	}
	m, err := o.unsigned(s.ID, s.From, o.Us, o.now(), rogatory.Send, s.By, rogatory.Body{Request: &s.Request})
	if err != nil {
		return "", err
	}
	m.Sequence, m.Incarnation = s.Sequence, 1
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		if _, found, err := (cabinetOf{tx}).file(s.ID); err != nil {
			return err
		} else if found {
			return rogatory.Fault(rogatory.Conflict, "oversight_seed_exists", "request %s is there already", s.ID)
		}
		// By is the node: a name of the body in the entry would go wherever the entry's proof goes.
		return o.record(tx, rogatory.Entry{Type: rogatory.OversightSeeded, At: o.now(), By: o.node(), Request: s.ID, Why: rogatory.DigestOf(signed).String(), Said: &m})
	})
	return s.ID, err
}

// seeded reports whether a request is fictitious: by the journal, which a change of other rows does not reach.
func seeded(tx *store.Tx, id rogatory.RequestID) (bool, error) {
	first, err := tx.EntriesOf(id, -1, 1)
	return len(first) > 0 && first[0].Type == rogatory.OversightSeeded, err
}

// seededAmong tells which requests of some entries are fictitious.
func seededAmong(tx *store.Tx, rows []store.Entry) (map[rogatory.RequestID]bool, error) {
	found := map[rogatory.RequestID]bool{}
	for _, row := range rows {
		if row.Type != rogatory.OversightSeeded && row.Type != rogatory.ActRecorded {
			continue
		}
		is, err := seeded(tx, row.Request)
		if err != nil {
			return nil, err
		}
		found[row.Request] = is
	}
	return found, nil
}

// moveSeed is move for a fictitious request. With a decision it has served, and ends: the State that it pretends to
// come from withdraws it, so that nobody goes on to work on it.
func (o *Office) moveSeed(tx *store.Tx, by rogatory.Actor, f File, kind treaty.Kind, act rogatory.Act, body rogatory.Body) (File, rogatory.MessageID, error) {
	if act == rogatory.Offer || act == rogatory.Take || act == rogatory.RevokeOffer { // what is offered the other State may fetch
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_open", "%s is not open any more", act)
	}
	them, err := o.Directory.Party(f.Them.State)
	if err != nil {
		return File{}, "", err
	}
	m, err := o.unsigned(f.ID, f.Us, f.Them, o.now(), act, by.Officer, body)
	if err != nil {
		return File{}, "", err
	}
	if err := o.mayBegin(tx, f, act, them); err != nil {
		return File{}, "", err
	}
	if err := o.prepare(&m, f, kind, them); err != nil {
		return File{}, "", err
	}
	judged, err := o.judge(tx, by, f, act, m.Body)
	if err != nil {
		return File{}, "", err
	}
	id := m.ID
	if f, err = o.note(tx, by, envelope.Normal(m), judged); err != nil {
		return File{}, "", err
	}
	if (act == rogatory.Accept || act == rogatory.Postpone) && !f.State.Final() {
		m, err := o.unsigned(f.ID, f.Them, f.Us, o.now(), rogatory.Withdraw, rogatory.Officer{Name: "oversight", Role: rogatory.Decider}, rogatory.Body{Text: "The request is withdrawn.", Language: "en"})
		if err != nil {
			return File{}, "", err
		}
		if f, err = o.note(tx, o.node(), m, nil); err != nil {
			return File{}, "", err
		}
	}
	return f, id, nil
}

// disguised shows the entry of a fictitious request as that of one that came over the line, to all but oversight.
func disguised(e rogatory.Entry, by rogatory.Actor, fictitious bool) rogatory.Entry {
	if !fictitious || by.Role == rogatory.Overseer || e.Said == nil {
		return e
	}
	text, _ := json.Marshal(e.Said)
	shown := rogatory.Entry{Type: rogatory.MessageReceived, At: e.At, By: rogatory.Actor{Address: e.Said.From, Officer: e.Said.By}, Request: e.Request, Message: refOf(*e.Said, rogatory.DigestOf(text))}
	if e.Said.From == e.By.Address {
		shown.Type = rogatory.MessageSent
	}
	return shown
}

// spokenOn lists what was said on a fictitious request, as messages.
func spokenOn(tx *store.Tx, id rogatory.RequestID, us rogatory.StateCode) ([]Correspondence, error) {
	rows, err := tx.EntriesOf(id, -1, store.MaxRows)
	if err != nil {
		return nil, err
	}
	all := []Correspondence{}
	for _, row := range rows {
		var e rogatory.Entry
		if err := json.Unmarshal(row.Body, &e); err != nil {
			return nil, rogatory.Fault(rogatory.Damaged, "entry_damaged", "journal entry %d cannot be read: %w", row.Index, err).WithHint("run rogatory fsck")
		}
		if e.Said == nil {
			continue
		}
		text, _ := json.Marshal(e.Said)
		c := Correspondence{Direction: store.In, Message: *e.Said, Digest: rogatory.DigestOf(text), At: e.At, Entry: row.Index, Applied: true, Receipted: true}
		if e.Said.From.State == us {
			c.Direction = store.Out
		}
		all = append(all, c)
	}
	return all, nil
}
