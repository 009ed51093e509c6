// SPDX-License-Identifier: Apache-2.0

// Package pager wakes a person: by mail, by a signed webhook, through the HTTP door of a gateway for
// text messages or calls, or in a Matrix room. It also tells an outside service that the engine is
// alive, so that its silence is noticed by somebody else.
//
// It promises that nothing about a case leaves with a page: a page is built from a node's name, a
// class of urgency, the hours of a shift, a link and a code; a note, which tells by day what can wait, from
// a node's name, numbers and a link. There is no other way to build either.
// That no error and no log line holds an address, a text, a credential or what a provider answered,
// but only the name of the channel. That a delivery is tried once for each page, channel and attempt.
// That it connects to no private network which the configuration does not name, checked on the
// address that is really dialled; that it follows no redirect and asks no proxy.
//
// It refuses connections without TLS, except to the machine itself; answers without bound; templates
// that loop; secrets that are written into the configuration instead of a file; files of secrets
// that everybody may read.
//
// After an error the person may still have been woken: a provider can accept a page and the line can
// break before it says so. An error that is Passing is therefore tried again with the same page,
// whose identifier lets providers recognise it; somebody may be woken twice, which is the lesser harm.
//
// A provider is trusted with nothing but waking: one that lies ("accepted") is found only because
// nobody acknowledges, which is why the desk escalates and why two providers are wanted.
package pager

import (
	"context"
	"errors"

	"rogatory"
	"rogatory/clock"
)

// Channel is one way to wake a person.
//
// Send hands the page to the provider once; it does not try again. A receipt means that the provider
// said it accepted the page, not that anybody woke. Errors are *rogatory.Error; see Passing. Send may
// be called from several goroutines.
type Channel interface {
	Send(ctx context.Context, page Page) (Receipt, error)
}

// Checker tests a channel as far as that is possible without waking anybody: files of secrets,
// templates, the connection, its certificate and, where the protocol allows it, the credentials.
type Checker interface {
	Check(ctx context.Context) error
}

// Receipt says that a provider accepted a page.
type Receipt struct {
	Page     ID
	Channel  string
	Provider string
	Accepted rogatory.Instant
	Status   int // HTTP or SMTP status

	// Reference is the provider's own name of what it accepted, where it gives one: at most 128
	// printable ASCII characters, empty otherwise. It is the provider's word and proves nothing.
	Reference string
}

// Route is a channel as configured: its name, who provides it, and the means.
type Route struct {
	Name     string // names the channel in addresses, errors and the delivery log
	Provider string // who carries the pages; compared by TwoProviders
	Channel  Channel

	clock clock.Clock
}

// NewRoute names a channel that was made elsewhere; Open makes those of a configuration.
func NewRoute(name, provider string, channel Channel, c clock.Clock) Route {
	return Route{name, provider, channel, c}
}

// Send sends the page once and completes the receipt. An error that the channel should not have
// returned is replaced by one that tells nothing.
func (r Route) Send(ctx context.Context, page Page) (Receipt, error) {
	if !page.ID().Valid() {
		return Receipt{}, rogatory.Fault(rogatory.Invalid, "page_invalid", "channel %s: the page is empty", r.Name)
	}
	receipt, err := r.Channel.Send(ctx, page)
	if err != nil {
		return Receipt{}, r.ours(err)
	}
	receipt.Page, receipt.Channel, receipt.Provider = page.ID(), r.Name, r.Provider
	receipt.Accepted = rogatory.At(r.clock.Now())
	return receipt, nil
}

// Check tests the channel and wakes nobody. A channel that cannot be tested so is refused with
// check_unsupported.
func (r Route) Check(ctx context.Context) error {
	checker, ok := r.Channel.(Checker)
	if !ok {
		return rogatory.Fault(rogatory.Invalid, "check_unsupported", "channel %s: it cannot be checked without waking somebody", r.Name)
	}
	if err := checker.Check(ctx); err != nil {
		return r.ours(err)
	}
	return nil
}

// ours lets only errors of our own kind pass, without their cause: a cause may quote an address.
func (r Route) ours(err error) error {
	e, ok := errors.AsType[*rogatory.Error](err)
	if !ok {
		return rogatory.Fault(rogatory.Internal, "page_failed", "channel %s: it failed in an unforeseen way", r.Name)
	}
	return &rogatory.Error{Kind: e.Kind, Code: e.Code, Message: e.Message, Hint: e.Hint}
}

// Passing reports whether trying again may help: the provider is away, slow or busy. Every other
// error lasts until somebody mends the configuration, the credentials or the address.
func Passing(err error) bool {
	kind := rogatory.KindOf(err)
	return kind == rogatory.Unavailable || kind == rogatory.Busy
}

// TwoProviders reports whether two routes have different providers, so that one provider's failure
// does not leave everybody asleep. It compares names: that two names are not one company, one data
// centre or one line is for people to know.
func TwoProviders(routes []Route) bool {
	for _, r := range routes {
		if r.Provider != "" && routes[0].Provider != "" && r.Provider != routes[0].Provider {
			return true
		}
	}
	return false
}
