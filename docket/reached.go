// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"fmt"
	"time"

	"rogatory"
	"rogatory/store"
)

func (o *Office) moved(tx *store.Tx, f File, m rogatory.Message) error {
	if m.Act == rogatory.Send && o.Safeguards != nil {
		if err := o.mark(tx, f); err != nil {
			return err
		}
	}
	if o.Moved == nil {
		return nil
	}
	return o.Moved(tx, f, m)
}

// Waits reports whether a request of another State still waits for a person of this office.
func (f File) Waits() bool {
	return f.Side == rogatory.RequestedSide && f.State == rogatory.Requested
}

// FileIn reads a request in the caller's transaction.
func (o *Office) FileIn(tx *store.Tx, id rogatory.RequestID) (File, error) { return o.must(tx, id) }

// AcknowledgeIn is Move with the act acknowledge, in the caller's transaction: ring afterwards. It is for
// an officer who signed in and takes the request.
func (o *Office) AcknowledgeIn(tx *store.Tx, by rogatory.Actor, id rogatory.RequestID) error {
	_, _, err := o.move(tx, by, id, rogatory.Acknowledge, rogatory.Body{})
	return err
}

// Reached tells the asking State, in the caller's transaction, that a person of this State's desk answered
// at that moment. The node says so itself, by the act tell_status: who answered has not signed in and
// has not read the request, so that it moves nothing and the clock of acknowledgement runs on. Ring
// afterwards. Nothing is told of a request that does not wait, or that came by another channel.
func (o *Office) Reached(tx *store.Tx, id rogatory.RequestID, at rogatory.Instant) (told bool, err error) {
	f, err := o.must(tx, id)
	if err != nil || !f.Waits() || f.Channel != "" {
		return false, err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return false, err
	}
	if !kind.AllowsBy(rogatory.TellStatus, f.Side) {
		return false, nil
	}
	if err := o.Directory.MaySend(f.Them.State); err != nil {
		return false, err
	}
	words := fmt.Sprintf("A person on duty at the 24/7 desk was reached at %s.", at.Time().Format(time.RFC3339))
	if kind.ID != rogatory.ContactDrill { // in which there is nothing to read
		words += " They have not read the request yet; its acknowledgement follows."
	}
	m := rogatory.Message{Protocol: rogatory.Protocol, Mode: o.Mode, Request: id, From: f.Us, To: f.Them, Incarnation: o.Incarnation, Sent: o.now(),
		Act: rogatory.TellStatus, By: rogatory.Officer{Name: "node", Role: rogatory.TheNode},
		Body: rogatory.Body{Language: "en", Text: words}}
	m.Expires = m.Sent.Add(messageLife)
	_, _, err = o.post(tx, m, kind.Urgent, nil)
	return err == nil, err
}
