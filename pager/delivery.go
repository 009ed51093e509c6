// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"errors"

	"rogatory"
)

// MaxAttempt bounds the attempts of one page on one channel. A person who was called a hundred times
// is not reached by that channel; the desk has escalated long before.
const MaxAttempt = 100

// Codes of a delivery that is not an error; otherwise the code of the error stands there.
const (
	Underway = "underway" // claimed; after a crash it stays so: whether somebody was woken is unknown
	Accepted = "accepted" // the provider said so
)

// Key names a delivery: a page, on a channel, the how-manieth attempt, counted from 1.
type Key struct {
	Page    ID
	Channel string
	Attempt int
}

// Delivery is one row of the delivery log: what was sent by whom when, and what came of it. It holds
// no address, text, link or code. Rows are completed once and never deleted.
type Delivery struct {
	Key
	Provider  string
	Begun     rogatory.Instant
	Ended     rogatory.Instant // not set while underway
	Code      string           // Underway, Accepted, or the stable code of the error
	Kind      rogatory.Kind    // of the error; empty otherwise
	Detail    string           // the error in words; it names the channel only
	Status    int              // HTTP or SMTP status of an acceptance; 0 otherwise
	Reference string           // the provider's own, see Receipt
}

// Log is where the office keeps deliveries.
//
// Claim stores d unless a delivery with its key is there, durably and in one step, so that of two
// callers one is first. If one is there, it returns that one and false, and changes nothing. Settle
// completes a claimed delivery. Both may be called from several goroutines.
type Log interface {
	Claim(ctx context.Context, d Delivery) (stored Delivery, first bool, err error)
	Settle(ctx context.Context, d Delivery) error
}

// Deliver sends a page once for the key of route and attempt, however often it is called.
//
// Order of writes: claim, send, settle. If the process dies after the claim, the delivery stays
// underway and is never sent again under its key: whoever wants to try again takes the next attempt
// of the same page. If settling fails, the page may have been accepted; the error says so
// (delivery_unrecorded), and the returned delivery is what could not be stored.
//
// The delivery that stands in the log is returned; with it, for a first call, the error of the
// channel. A delivery that was there already is no error.
func Deliver(ctx context.Context, log Log, route Route, page Page, attempt int) (Delivery, error) {
	if attempt < 1 || attempt > MaxAttempt {
		return Delivery{}, rogatory.Fault(rogatory.Invalid, "attempt_invalid", "channel %s: attempt %d is not between 1 and %d", route.Name, attempt, MaxAttempt)
	}
	d := Delivery{
		Key:      Key{page.ID(), route.Name, attempt},
		Provider: route.Provider, Begun: rogatory.At(route.clock.Now()), Code: Underway,
	}
	stored, first, err := log.Claim(ctx, d)
	if err != nil || !first {
		return stored, err
	}
	receipt, sent := route.Send(ctx, page)
	d.Ended, d.Code, d.Status, d.Reference = rogatory.At(route.clock.Now()), Accepted, receipt.Status, receipt.Reference
	if sent != nil {
		d.Code, d.Kind, d.Detail = rogatory.CodeOf(sent), rogatory.KindOf(sent), sent.Error()
	}
	// A caller who gave up must not leave the log ignorant of what was done.
	if err := log.Settle(context.WithoutCancel(ctx), d); err != nil {
		return d, errors.Join(rogatory.Fault(rogatory.KindOf(err), "delivery_unrecorded", "channel %s: the delivery ended (%s) and could not be recorded: %w", route.Name, d.Code, err), sent)
	}
	return d, sent
}
