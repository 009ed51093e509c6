// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"slices"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
)

// may holds a person's role against the lifecycle; the state is checked when it is known.
func may(by rogatory.Actor, act rogatory.Act) error {
	var roles []string
	for _, t := range rogatory.Lifecycle() {
		if t.Act != act {
			continue
		}
		if slices.Contains(t.Roles, by.Role) {
			return nil
		}
		for _, r := range t.Roles {
			roles = append(roles, string(r))
		}
	}
	slices.Sort(roles)
	return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not %s", by.Name, by.Role, act).
		WithHint("this act needs the role " + strings.Join(slices.Compact(roles), " or "))
}

// Move performs an act that is told to the other State: every act but draft and revise. On a request that
// goes by another channel it is recorded, and a person has to send it. For Send the
// body's Request is filled from the draft; for Offer the body's Exhibit names the exhibit by ID.
func (o *Office) Move(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (File, rogatory.MessageID, error) {
	if err := o.held(ctx, id); err != nil {
		return File{}, "", err
	}
	if act == rogatory.Draft || act == rogatory.Revise {
		return File{}, "", rogatory.Fault(rogatory.Invalid, "act_local", "%s is not told to the other State", act)
	}
	if err := may(by, act); err != nil {
		return File{}, "", err
	}
	if act == rogatory.StartDrill || act == rogatory.EndDrill || act == rogatory.StateFigures {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_of_kind", "%s is not an act on a request", act).WithHint("rogatory drill send makes a drill, rogatory drill figures signs its figures")
	}
	var f File
	var message rogatory.MessageID
	err := o.Store.Update(ctx, func(tx *store.Tx) (err error) {
		f, message, err = o.move(tx, by, id, act, body)
		return err
	})
	if err == nil {
		o.Ring()
	}
	return f, message, err
}

func (o *Office) held(ctx context.Context, id rogatory.RequestID) error {
	if o.Hold == nil {
		return nil
	}
	// Nearly always nothing is held, and then it does not matter how urgent this one is.
	if o.Hold(ctx, false) == nil {
		return nil
	}
	f, err := o.File(ctx, id)
	if err != nil {
		return err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return err
	}
	return o.Hold(ctx, kind.Urgent)
}

func (o *Office) move(tx *store.Tx, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (File, rogatory.MessageID, error) {
	f, err := o.must(tx, id)
	if err != nil {
		return File{}, "", err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return File{}, "", err
	}
	if _, t, err := rogatory.Next(f.State, act, f.Side); err != nil {
		return File{}, "", err
	} else if !slices.Contains(t.Roles, by.Role) {
		return File{}, "", may(by, act)
	}
	if err := o.presentFor(by, act, body); err != nil {
		return File{}, "", err
	}
	if !kind.AllowsBy(act, f.Side) {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_of_kind", "a %s request knows no act %s by the %s State", kind.ID, act, f.Side)
	}
	if f.Channel != "" {
		if err := o.mayBegin(tx, f, act); err != nil {
			return File{}, "", err
		}
		return o.moveElsewhere(tx, by, f, kind, act, body)
	}
	if fictitious, err := seeded(tx, id); err != nil {
		return File{}, "", err
	} else if fictitious {
		return o.moveSeed(tx, by, f, kind, act, body)
	}
	if err := o.Directory.MaySend(f.Them.State); err != nil {
		return File{}, "", err
	}
	party, err := o.Directory.Party(f.Them.State)
	if err != nil {
		return File{}, "", err
	}
	m := rogatory.Message{Protocol: rogatory.Protocol, Mode: o.Mode, Request: id, From: f.Us, To: f.Them,
		Incarnation: o.Incarnation, Sent: o.now(), Act: act, By: by.Officer, Body: body}
	m.Expires = m.Sent.Add(messageLife)
	if err := o.prepare(&m, f, kind, party); err != nil {
		return File{}, "", err
	}
	if err := o.mayBegin(tx, f, act, party); err != nil {
		return File{}, "", err
	}
	if act == rogatory.Send {
		if err := o.paced(tx, by, kind.ID); err != nil {
			return File{}, "", err
		}
	}
	judged, err := o.judge(tx, by, f, act, m.Body)
	if err != nil {
		return File{}, "", err
	}
	return o.post(tx, m, kind.Urgent, judged)
}

// post numbers, signs, journals and queues a message, and moves our file by it: all in tx. judged may be nil.
func (o *Office) post(tx *store.Tx, m rogatory.Message, urgent bool, judged *rogatory.Judgement) (File, rogatory.MessageID, error) {
	var err error
	if m.ID, err = rogatory.NewMessageID(o.Random, o.Clock.Now()); err != nil {
		return File{}, "", err
	}
	if m.Sequence, err = tx.NextSequence(m.To.State); err != nil {
		return File{}, "", err
	}
	if o.Starts != nil {
		if m.Incarnation, err = o.Starts(tx); err != nil {
			return File{}, "", err
		}
	}
	if m, err = o.overseen(tx, envelope.Normal(m)); err != nil {
		return File{}, "", err
	}
	container, digest, err := envelope.Sign(m, o.Signer)
	if err != nil {
		return File{}, "", err
	}
	f, moved, err := apply(cabinetOf{tx}, o.Rules, o.Us.State, m, m.Sent)
	if err != nil {
		return File{}, "", err
	}
	if !moved {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_open", "%s is not open any more", m.Act)
	}
	by := rogatory.Actor{Address: o.Us, Officer: m.By}
	if m.ApprovedBy != (rogatory.Officer{}) {
		by.Officer = m.ApprovedBy
	}
	entry, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageSent, At: m.Sent, By: by, Request: m.Request, Message: refOf(m, digest), Judged: judged})
	if err != nil {
		return File{}, "", err
	}
	err = tx.InsertMessage(store.Message{ID: m.ID, Request: m.Request, Case: m.Request.Case(), Direction: store.Out, Peer: m.To.State, Sequence: m.Sequence,
		Act: m.Act, Digest: digest, At: m.Sent, Entry: entry, Applied: true, Container: container})
	if err != nil {
		return File{}, "", err
	}
	err = tx.Enqueue(store.Delivery{Message: m.ID, Peer: m.To.State, Sequence: m.Sequence, State: store.Waiting, Urgent: urgent, NextAt: m.Sent, Created: m.Sent})
	if err == nil {
		err = keepDrill(tx, store.Out, m, "")
	}
	if err == nil {
		err = keepFigures(tx, f, m, digest)
	}
	if err == nil {
		err = o.moved(tx, f, m)
	}
	return f, m.ID, err
}

func refOf(m rogatory.Message, digest rogatory.Digest) *rogatory.MessageRef {
	return &rogatory.MessageRef{ID: m.ID, Act: m.Act, From: m.From.State, To: m.To.State, Sequence: m.Sequence, Digest: digest}
}
