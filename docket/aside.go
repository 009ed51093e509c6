// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"strings"

	"rogatory"
	"rogatory/store"
	"rogatory/treaty"
)

// The bounds of what is put aside.
const (
	// maxAside is how long a request without a deadline may be put aside: a quarter. What nobody has looked at for
	// longer is forgotten.
	maxAside = 90 * treaty.Day
	// maxAsideWhy is how long a reason may be, in bytes: a few sentences, as it stands in a line of the inbox.
	maxAsideWhy = 500
)

// Aside says until when a request is put aside, by whom and why.
type Aside struct {
	Until rogatory.Instant `json:"until"`
	By    string           `json:"by"`
	Why   string           `json:"why"`
}

// asideOf is zero when the moment has come.
func asideOf(row store.Standing, now rogatory.Instant) Aside {
	if row.Aside.Until <= now {
		return Aside{}
	}
	return Aside(row.Aside)
}

// MayPutAside refuses to put f aside: for no reason, until a moment that has come or is far away, or beyond the running
// deadline that ends first.
func MayPutAside(f File, until rogatory.Instant, why string, now rogatory.Instant) error {
	if _, in := placeOf(f); !in {
		return rogatory.Fault(rogatory.Conflict, "request_over", "request %s is over: it waits for nothing", f.ID)
	}
	if why = strings.TrimSpace(why); why == "" || len(why) > maxAsideWhy {
		return rogatory.Fault(rogatory.Invalid, "aside_reason", "request %s is put aside with a reason of %d bytes, at most %d", f.ID, len(why), maxAsideWhy).WithHint("say in a sentence what it waits for: colleagues read it")
	}
	if until <= now {
		return rogatory.Fault(rogatory.Invalid, "aside_past", "request %s cannot be put aside until %s, which has come", f.ID, until).WithHint("give a later moment")
	}
	if d, runs := f.Next(); runs && until > d.Due {
		return rogatory.Fault(rogatory.Invalid, "aside_beyond", "request %s cannot be put aside until %s: %s is due at %s", f.ID, until, d.Name, d.Due).WithHint("give a moment before the deadline that ends first")
	}
	if until > now.Add(maxAside) {
		return rogatory.Fault(rogatory.Invalid, "aside_long", "request %s cannot be put aside until %s, more than %d days ahead", f.ID, until, maxAside/treaty.Day).WithHint("give an earlier moment, and put it aside again then")
	}
	return nil
}

// PutAside puts a request aside until a moment: it leaves every part of the queue but ShowAside, and comes back by itself
// when the moment has come, when the other State says something, or when a message of ours could not be delivered. Its
// deadlines run on, and none runs out meanwhile: one that is set earlier brings it back earlier. It is journaled, and told
// to nobody outside.
func (o *Office) PutAside(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, until rogatory.Instant, why string) error {
	if err := mayOrder(by); err != nil {
		return err
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		f, err := o.must(tx, id)
		if err != nil {
			return err
		}
		now := o.now()
		if err := MayPutAside(f, until, why, now); err != nil {
			return err
		}
		why := strings.TrimSpace(why)
		if err := o.record(tx, rogatory.Entry{Type: rogatory.RequestSnoozed, At: now, By: by, Request: id, Name: until.String(), Why: why}); err != nil {
			return err
		}
		return tx.PutAside(id, store.Aside{Until: until, By: by.Name, Why: why})
	})
}

// TakeUp brings back what was put aside. It is journaled; nothing is if the request is not put aside.
func (o *Office) TakeUp(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) error {
	if err := mayOrder(by); err != nil {
		return err
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		row, _, err := tx.InQueue(id)
		if err != nil {
			return err
		}
		now := o.now()
		if asideOf(row, now) == (Aside{}) {
			return nil
		}
		if err := o.record(tx, rogatory.Entry{Type: rogatory.RequestSnoozed, At: now, By: by, Request: id}); err != nil {
			return err
		}
		return tx.PutAside(id, store.Aside{})
	})
}

// bringBack takes a request up again because something came: the entry of that says why.
func bringBack(tx *store.Tx, id rogatory.RequestID) error { return tx.PutAside(id, store.Aside{}) }
