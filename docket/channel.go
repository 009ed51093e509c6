// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"slices"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
	"rogatory/treaty"
)

// This file is for requests that do not travel between nodes: they came in the diplomatic bag, through
// INTERPOL or by telephone, or go that way to a State without a node. They are files like all others,
// with the same lifecycle and the same clocks; what either State says on them is recorded here, and
// signed by nobody but the recorder.

// unnamed stands for an authority that the paper does not name.
const unnamed rogatory.AuthorityID = "unnamed"

// maxRecordAge is how long ago something may have arrived that is recorded today: the bag takes
// months, not years.
const maxRecordAge = 366 * 24 * 3600 * 1e6 // microseconds

// Arrival is a request that came by another channel.
type Arrival struct {
	From      rogatory.Address
	Channel   rogatory.Channel
	Reference string           // the other State's own, or where the paper lies
	Received  rogatory.Instant // when it came; now if zero
	Language  string
	Request   rogatory.Request
}

// Record enters a request that came by another channel, under a reference of ours, with the clocks
// running from when it came. What it lacks is asked for like with any other: a paper may be incomplete.
func (o *Office) Record(ctx context.Context, by rogatory.Actor, a Arrival) (File, error) {
	if err := may(by, rogatory.Draft); err != nil {
		return File{}, err
	}
	if err := o.composed(a.Request.Kind); err != nil {
		return File{}, err
	}
	if err := o.knownChannel(a.Channel); err != nil {
		return File{}, err
	}
	if !a.From.State.Valid() || a.From.State == o.Us.State {
		return File{}, rogatory.Fault(rogatory.Invalid, "sender_invalid", "a request cannot come from %.60q", a.From.State).WithHint("give the two-letter code of the requesting State, such as XC")
	}
	if strings.TrimSpace(a.Reference) == "" {
		return File{}, rogatory.Fault(rogatory.Invalid, "reference_missing", "say under which reference the original is found").WithHint("the other State's file number, or the number of the note")
	}
	at, err := o.past(a.Received)
	if err != nil {
		return File{}, err
	}
	if a.From.Authority == "" {
		a.From.Authority = unnamed
	}
	var f File
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		c, err := rogatory.NewCaseID(o.Random, o.Us.State, o.Clock.Now())
		if err != nil {
			return err
		}
		n, err := tx.NextRequestNumber(c)
		if err != nil {
			return err
		}
		m, err := o.unsigned(c.Request(n), a.From, o.Us, at, rogatory.Send, recorder(by), rogatory.Body{Request: &a.Request})
		if err != nil {
			return err
		}
		e := rogatory.Entry{Type: rogatory.RequestRecorded, At: o.now(), By: by, Request: m.Request, Channel: a.Channel, Name: a.Reference, Said: &m}
		if err := o.record(tx, e); err != nil {
			return err
		}
		f, _, err = cabinetOf{tx}.file(m.Request)
		return err
	})
	return f, err
}

// Heard records what the other State said on a request by another channel: a supplement, a withdrawal, a
// refusal that came by post.
func (o *Office) Heard(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body, when rogatory.Instant) (File, error) {
	if err := may(by, rogatory.Acknowledge); err != nil {
		return File{}, err
	}
	at, err := o.past(when)
	if err != nil {
		return File{}, err
	}
	var f File
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, id)
		if err != nil {
			return err
		}
		if now.Channel == "" {
			return rogatory.Fault(rogatory.Conflict, "speaks_for_itself", "%s answers request %s with signed messages of its own", now.Them.State, id).
				WithHint("only what came by another channel is recorded by hand")
		}
		if err := worded(act, body, now.Us.State); err != nil {
			return err
		}
		switch act {
		case rogatory.Supplement:
			body.Answers = now.Question
		case rogatory.Agree:
			body.Verdict = &rogatory.Verdict{Conditions: now.Conditions}
		}
		m, err := o.unsigned(id, now.Them, now.Us, at, act, recorder(by), body)
		if err != nil {
			return err
		}
		if f, err = o.note(tx, by, m, nil); err != nil {
			return err
		}
		return bringBack(tx, id)
	})
	return f, err
}

// recorder stands for whoever spoke for the other State: the paper names a seal, and seldom a person.
func recorder(by rogatory.Actor) rogatory.Officer {
	return rogatory.Officer{Name: "as recorded by " + by.Name, Role: rogatory.DutyOfficer}
}

// note records an act that no message carries, and moves the file by it.
func (o *Office) note(tx *store.Tx, by rogatory.Actor, m rogatory.Message, judged *rogatory.Judgement) (File, error) {
	f, err := o.must(tx, m.Request)
	if err != nil {
		return File{}, err
	}
	if _, _, err := rogatory.Next(f.State, m.Act, f.sideOf(m.From.State)); err != nil {
		return File{}, err
	}
	if err := envelope.CheckBody(m.Act, m.Body); err != nil {
		return File{}, err
	}
	if err := o.record(tx, rogatory.Entry{Type: rogatory.ActRecorded, At: o.now(), By: by, Request: m.Request, Said: &m, Judged: judged}); err != nil {
		return File{}, err
	}
	f, _, err = cabinetOf{tx}.file(m.Request)
	return f, err
}

// moveElsewhere is move for a request that goes by another channel: the act is recorded with the same
// checks, and nothing enters the outbox.
func (o *Office) moveElsewhere(tx *store.Tx, by rogatory.Actor, f File, kind treaty.Kind, act rogatory.Act, body rogatory.Body) (File, rogatory.MessageID, error) {
	m, err := o.unsigned(f.ID, f.Us, f.Them, o.now(), act, by.Officer, body)
	if err != nil {
		return File{}, "", err
	}
	if act == rogatory.Offer || act == rogatory.Take || act == rogatory.RevokeOffer {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "no_line", "request %s goes by the %s channel: exhibits go with a court package", f.ID, f.Channel).
			WithHint("rogatory package export makes one that the other State can check")
	}
	if err := o.prepare(&m, f, kind, rogatory.Party{}); err != nil {
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
	f, err = o.note(tx, by, envelope.Normal(m), judged)
	return f, m.ID, err
}

// unsigned is a message that no container holds: it has no number, no node and no signature.
func (o *Office) unsigned(id rogatory.RequestID, from, to rogatory.Address, at rogatory.Instant, act rogatory.Act, by rogatory.Officer, body rogatory.Body) (rogatory.Message, error) {
	name, err := rogatory.NewMessageID(o.Random, o.Clock.Now())
	return envelope.Normal(rogatory.Message{Protocol: rogatory.Protocol, Mode: o.Mode, ID: name, Request: id, From: from, To: to, Sent: at, Act: act, By: by, Body: body}), err
}

func (o *Office) knownChannel(c rogatory.Channel) error {
	if _, ok := o.Rules.Channels[c]; ok {
		return nil
	}
	var names []string
	for name := range o.Rules.Channels {
		names = append(names, string(name))
	}
	slices.Sort(names)
	return rogatory.Fault(rogatory.Invalid, "channel_unknown", "there is no channel %.40q", c).WithHint("the channels are " + strings.Join(names, ", "))
}

func (o *Office) past(at rogatory.Instant) (rogatory.Instant, error) {
	now := o.now()
	switch {
	case at == 0:
		return now, nil
	case at > now:
		return 0, rogatory.Fault(rogatory.Invalid, "time_future", "it cannot have come at %s, it is %s", at, now)
	case now-at > maxRecordAge:
		return 0, rogatory.Fault(rogatory.Invalid, "time_long_past", "what came at %s is more than a year old", at).WithHint("record it with the day it was taken up again, and name the old date in the reference")
	}
	return at, nil
}
