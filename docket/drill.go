// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"cmp"
	"encoding/json"
	"slices"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
	"rogatory/treaty"
)

// This file is for drills of the 24/7 network: a message that carries nothing, an answer by a person, an ending by
// the node, and what each State measured of it. What is measured follows from messages and receipts that both States
// hold signed, so that both can compute the same.

// The papers about drills of and by one other State.
const (
	drillPaper  = "drill "         // and the State's code: each drill, by its reference
	figurePaper = "drill figures " // and the State's code: each statement of figures, by its message
)

// tooSoon is the code with which a drill is refused that comes too soon after the one before.
const tooSoon = "drill_too_soon"

// Drill is one test of a contact point, as far as both States know of it.
type Drill struct {
	Request  rogatory.RequestID `json:"request"`
	By       rogatory.StateCode `json:"by"`
	Of       rogatory.StateCode `json:"of"`
	Sent     rogatory.Instant   `json:"sent"`              // by the clock of the State that asked
	Received rogatory.Instant   `json:"received,omitzero"` // by that of the other, as its receipt says
	Refused  string             `json:"refused,omitempty"` // the receipt is a refusal, with this code
	Answered rogatory.Instant   `json:"answered,omitzero"` // when the asking State received that a person was reached, as its receipt says
	Ended    bool               `json:"ended,omitempty"`
}

// Counts reports whether a drill is one that figures are about: one that was refused tests nothing, unless it
// came when it had waited for too long.
func (d Drill) Counts() bool { return d.Refused == "" || d.Refused == "message_expired" }

// drillRow is what is kept of a drill: the rest is in its messages.
type drillRow struct {
	Message   rogatory.MessageID `json:"message"`
	Direction store.Direction    `json:"direction"`
	Sent      rogatory.Instant   `json:"sent"`
	Refused   string             `json:"refused,omitempty"` // by us
}

// StartDrill sends a drill to an authority of another State, in the caller's transaction: ring afterwards. The codes
// of its errors are those of a directory that does not know or no longer vouches for the State, kind_unknown where the
// rules have no drills, sender_not_competent, authority_not_competent, role_not_allowed, and drill_too_soon.
func (o *Office) StartDrill(tx *store.Tx, by rogatory.Officer, to rogatory.StateCode) (rogatory.RequestID, error) {
	if by.Role != rogatory.TheNode {
		if err := may(rogatory.Actor{Address: o.Us, Officer: by}, rogatory.StartDrill); err != nil {
			return "", err
		}
	}
	kind, err := o.Rules.Kind(rogatory.ContactDrill)
	if err != nil {
		return "", err
	}
	if err := o.Directory.MaySend(to); err != nil {
		return "", err
	}
	them, err := o.Directory.Party(to)
	if err != nil {
		return "", err
	}
	us, err := o.Directory.Party(o.Us.State)
	if err == nil {
		err = sends(kind, us, o.Us)
	}
	if err != nil {
		return "", err
	}
	i := slices.IndexFunc(them.Authorities, func(a rogatory.Authority) bool { return a.Has(rogatory.PointOfContact) })
	if to == o.Us.State || i < 0 {
		return "", rogatory.Fault(rogatory.Invalid, "authority_not_competent", "%.60q has no point of contact that could be drilled (Art 41(1))", to)
	}
	now := o.now()
	last, err := o.lastDrill(tx, to, o.Us.State, now)
	if err != nil {
		return "", err
	}
	if last != 0 {
		return "", rogatory.Fault(rogatory.Conflict, tooSoon, "the last drill of %s was sent at %s; drills are at least %s apart", to, last, rogatory.DrillsApart).
			WithHint("people who are woken for nothing each night stop getting up: wait until a day has passed")
	}
	c, err := rogatory.NewCaseID(o.Random, o.Us.State, o.Clock.Now())
	if err != nil {
		return "", err
	}
	n, err := tx.NextRequestNumber(c)
	if err != nil {
		return "", err
	}
	m := o.drillMessage(c.Request(n), rogatory.Address{State: to, Authority: them.Authorities[i].ID}, rogatory.StartDrill, by)
	m.Expires = m.Sent.Add(rogatory.DrillPatience)
	_, _, err = o.post(tx, m, kind.Urgent, nil)
	return m.Request, err
}

func (o *Office) drillMessage(id rogatory.RequestID, to rogatory.Address, act rogatory.Act, by rogatory.Officer) rogatory.Message {
	m := rogatory.Message{Protocol: rogatory.Protocol, Mode: o.Mode, Request: id, From: o.Us, To: to, Incarnation: o.Incarnation, Sent: o.now(), Act: act, By: by}
	m.Expires = m.Sent.Add(messageLife)
	return m
}

// EndDrill ends a drill of ours, in the caller's transaction: ring afterwards. One that has ended stays so.
func (o *Office) EndDrill(tx *store.Tx, id rogatory.RequestID) error {
	f, err := o.must(tx, id)
	if err != nil || f.State.Final() {
		return err
	}
	if err := o.Directory.MaySend(f.Them.State); err != nil {
		return err
	}
	_, _, err = o.post(tx, o.drillMessage(id, f.Them, rogatory.EndDrill, o.node().Officer), false, nil)
	return err
}

// StateFigures signs figures of drills for the other State, in the caller's transaction: ring afterwards. On is a
// drill of the period, or the one on which the other State stated its own. Beside the codes of the directory:
// figures_invalid, request_unknown, and figures_too_many where this State has signed as many as the other keeps.
func (o *Office) StateFigures(tx *store.Tx, by rogatory.Officer, on rogatory.RequestID, figures rogatory.DrillFigures) error {
	if !figures.Valid() {
		return rogatory.Fault(rogatory.Invalid, "figures_invalid", "figures of %d drills of %.10q by %.10q from %s to %s", figures.Drills, figures.Of, figures.By, figures.From, figures.To)
	}
	f, err := o.must(tx, on)
	if err != nil {
		return err
	}
	if err := o.Directory.MaySend(f.Them.State); err != nil {
		return err
	}
	m := o.drillMessage(on, f.Them, rogatory.StateFigures, by)
	if full, err := statedOften(tx, f.Them.State, o.Us.State, m.Sent); err != nil {
		return err
	} else if full {
		return rogatory.Fault(rogatory.Busy, "figures_too_many", "%d figures of drills with %s were signed within %s", maxStatements, f.Them.State, statementSpan).WithHint("wait until a month has passed")
	}
	m.Body.Figures = &figures
	_, _, err = o.post(tx, m, false, nil)
	return err
}

// lastDrill returns when a drill was sent that is too near to one sent at a moment; zero if none was.
func (o *Office) lastDrill(tx *store.Tx, peer, by rogatory.StateCode, at rogatory.Instant) (rogatory.Instant, error) {
	direction := store.In
	if by == o.Us.State {
		direction = store.Out
	}
	rows, err := tx.Papers(drillPaper+string(peer), 0)
	if err != nil {
		return 0, err
	}
	for _, p := range rows {
		var d drillRow
		if err := json.Unmarshal(p.View, &d); err != nil {
			return 0, damagedDrill(p, err)
		}
		if d.Direction == direction && d.Refused == "" && at.Sub(d.Sent).Abs() < rogatory.DrillsApart {
			return d.Sent, nil
		}
	}
	return 0, nil
}

func damagedDrill(p store.Paper, err error) error {
	return rogatory.Fault(rogatory.Damaged, "drill_damaged", "read what is kept of drill %s: %w", p.ID, err)
}

// composed refuses a kind that is not known or that nobody composes.
func (o *Office) composed(id rogatory.RequestKind) error {
	kind, err := o.Rules.Kind(id)
	if err == nil && !kind.Allows(rogatory.Draft) {
		err = rogatory.Fault(rogatory.Conflict, "act_not_of_kind", "a %s is not drafted", id).WithHint("rogatory drill send sends one")
	}
	return err
}

// drillRefusal says why a drill of another State cannot be taken, whatever else has arrived.
func (o *Office) drillRefusal(m rogatory.Message) (code, reason string) {
	kind, err := o.Rules.Kind(rogatory.ContactDrill)
	if err == nil {
		var us rogatory.Party
		if us, err = o.Directory.Party(o.Us.State); err == nil {
			err = receives(kind, us, m.To)
		}
	}
	if err == nil {
		var them rogatory.Party
		if them, err = o.Directory.Party(m.From.State); err == nil {
			err = sends(kind, them, m.From)
		}
	}
	if err != nil {
		return rogatory.CodeOf(err), err.Error()
	}
	return "", ""
}

// drillTooSoon is drillRefusal for what depends on the drills that came before.
func (o *Office) drillTooSoon(tx *store.Tx, m rogatory.Message) (code, reason string, err error) {
	last, err := o.lastDrill(tx, m.From.State, m.From.State, m.Sent)
	if err != nil || last == 0 {
		return "", "", err
	}
	return tooSoon, "another drill was sent at " + last.String() + "; drills are at least " + rogatory.DrillsApart.String() + " apart", nil
}

// keepDrill notes a drill in the transaction that sends or receives it. Of those that are refused here only what
// came too late by the rules is kept, for that alone counts: what a State sends without end must not hide the others.
func keepDrill(tx *store.Tx, d store.Direction, m rogatory.Message, refused string) error {
	late := refused == "message_expired" && m.Expires >= m.Sent.Add(rogatory.DrillPatience)
	if m.Act != rogatory.StartDrill || refused != "" && !late {
		return nil
	}
	peer := m.From.State
	if d == store.Out {
		peer = m.To.State
	}
	view, err := json.Marshal(drillRow{m.ID, d, m.Sent, refused})
	if err != nil {
		return err
	}
	return tx.PutPaper(store.Paper{Kind: drillPaper + string(peer), ID: string(m.Request), At: m.Sent, View: view})
}

// keepFigures notes figures in the transaction in which they move the file of their drill.
func keepFigures(tx *store.Tx, f File, m rogatory.Message, digest rogatory.Digest) error {
	if m.Act != rogatory.StateFigures {
		return nil
	}
	s := DrillStatement{Figures: *m.Body.Figures, Signer: m.From.State, Request: m.Request, Message: m.ID, Digest: digest, At: m.Sent}
	if full, err := statedOften(tx, f.Them.State, m.From.State, m.Sent); err != nil || full {
		return err
	}
	both := []rogatory.StateCode{f.Us.State, f.Them.State}
	if !slices.Contains(both, s.Figures.By) || !slices.Contains(both, s.Figures.Of) || s.Figures.Mode != m.Mode {
		return nil // of drills that are none of the two States': said, and worth nothing
	}
	view, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.PutPaper(store.Paper{Kind: figurePaper + string(f.Them.State), ID: string(m.ID), At: m.Sent, View: view})
}

// A State states figures once in a quarter. What it says beyond maxStatements within statementSpan is received and
// kept nowhere, and nobody is made to sign more: otherwise it could push out of sight what it signed before.
const (
	maxStatements = 32
	statementSpan = 30 * treaty.Day
)

// statedOften reports whether a State has stated as many figures before a moment as are kept.
func statedOften(tx *store.Tx, peer, signer rogatory.StateCode, at rogatory.Instant) (bool, error) {
	rows, err := tx.Papers(figurePaper+string(peer), 0)
	if err != nil {
		return false, err
	}
	n := 0
	for _, p := range rows {
		var s DrillStatement
		if err := json.Unmarshal(p.View, &s); err != nil {
			return false, damagedDrill(p, err)
		}
		if s.Signer == signer && at.Sub(s.At).Abs() < statementSpan {
			n++
		}
	}
	return n >= maxStatements, nil
}

// DrillStatement is figures that a State signed.
type DrillStatement struct {
	Figures rogatory.DrillFigures `json:"figures"`
	Signer  rogatory.StateCode    `json:"signer"`
	Request rogatory.RequestID    `json:"request"` // the drill on which they were stated
	Message rogatory.MessageID    `json:"message"`
	Digest  rogatory.Digest       `json:"digest"` // of the message's signature file
	At      rogatory.Instant      `json:"at"`
}

// DrillStatements returns the newest statements of figures between this State and another, of both.
func (o *Office) DrillStatements(tx *store.Tx, peer rogatory.StateCode) ([]DrillStatement, error) {
	rows, err := tx.Papers(figurePaper+string(peer), 0)
	if err != nil {
		return nil, err
	}
	list := make([]DrillStatement, len(rows))
	for i, p := range rows {
		if err := json.Unmarshal(p.View, &list[i]); err != nil {
			return nil, damagedDrill(p, err)
		}
	}
	return list, nil
}

// Drills returns the newest drills of and by another State, newest first. Those sent before a moment are left out; zero
// leaves out none.
func (o *Office) Drills(tx *store.Tx, peer rogatory.StateCode, since rogatory.Instant, limit int) ([]Drill, error) {
	rows, err := tx.Papers(drillPaper+string(peer), limit)
	if err != nil {
		return nil, err
	}
	var list []Drill
	for _, p := range rows {
		if p.At < since {
			break
		}
		var kept drillRow
		if err := json.Unmarshal(p.View, &kept); err != nil {
			return nil, damagedDrill(p, err)
		}
		d, err := o.drill(tx, rogatory.RequestID(p.ID), peer, kept)
		if err != nil {
			return nil, err
		}
		list = append(list, d)
	}
	return list, nil
}

// DrillOf returns one drill; NotFound "drill_unknown" where there is none.
func (o *Office) DrillOf(tx *store.Tx, peer rogatory.StateCode, id rogatory.RequestID) (Drill, error) {
	p, err := tx.Paper(drillPaper+string(peer), string(id))
	if rogatory.KindOf(err) == rogatory.NotFound {
		return Drill{}, rogatory.Fault(rogatory.NotFound, "drill_unknown", "%.60q is no drill of or by %s", id, peer)
	}
	var kept drillRow
	if err == nil {
		if err = json.Unmarshal(p.View, &kept); err != nil {
			err = damagedDrill(p, err)
		}
	}
	if err != nil {
		return Drill{}, err
	}
	return o.drill(tx, id, peer, kept)
}

// drill reads from the messages of a drill what both States know.
func (o *Office) drill(tx *store.Tx, id rogatory.RequestID, peer rogatory.StateCode, kept drillRow) (Drill, error) {
	d := Drill{Request: id, By: o.Us.State, Of: peer, Sent: kept.Sent}
	if kept.Direction == store.In {
		d.By, d.Of = peer, o.Us.State
	}
	rows, err := tx.MessagesOf(id)
	if err != nil {
		return d, err
	}
	for _, m := range rows {
		at, refused, err := receivedAt(m)
		if err != nil {
			return d, err
		}
		switch {
		case m.Direction == kept.Direction && m.ID == kept.Message:
			if d.Received, d.Refused = at, cmp.Or(refused, kept.Refused); d.Refused != "" {
				d.Received = 0
			}
		case m.Direction == kept.Direction && m.Act == rogatory.EndDrill:
			d.Ended = true
		case m.Direction != kept.Direction && refused == "" && at != 0 && (m.Act == rogatory.Acknowledge || m.Act == rogatory.TellStatus):
			if at.Sub(d.Sent) <= rogatory.DrillPatience && (d.Answered == 0 || at < d.Answered) {
				d.Answered = at
			}
		}
	}
	return d, nil
}

// receivedAt returns when the receiving State took a message in, by its clock, and the code of its refusal; nothing
// while there is no receipt of it here.
func receivedAt(m store.Message) (at rogatory.Instant, refused string, err error) {
	if m.Direction == store.In && !m.Refused {
		return m.At, "", nil
	}
	if len(m.Receipt) == 0 {
		return 0, "", nil
	}
	r, _, err := envelope.PeekReceipt(m.Receipt)
	return r.Received, r.Code, err
}

// OpenDrills returns the files of our drills that have not ended.
func (o *Office) OpenDrills(tx *store.Tx) ([]File, error) {
	var files []File
	for _, state := range []rogatory.State{rogatory.Requested, rogatory.Acknowledged} {
		rows, err := tx.Requests(store.RequestFilter{Side: rogatory.RequestingSide, State: state, Kind: rogatory.ContactDrill, Limit: store.MaxRows})
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			var f File
			if err := json.Unmarshal(row.View, &f); err != nil {
				return nil, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", row.ID, err).WithHint("run rogatory fsck")
			}
			files = append(files, f)
		}
	}
	return files, nil
}
