// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"errors"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
)

// Parcel is a delivery that a worker has claimed, ready to go.
type Parcel struct {
	Delivery store.Delivery
	Party    rogatory.Party
	Sealed   []byte
}

// Collect claims due deliveries, at most limit and perPeer for each State, and seals them. Each is
// the worker's for a minute; then another may claim it. What cannot be sealed is put off.
func (o *Office) Collect(ctx context.Context, limit, perPeer int) ([]Parcel, error) {
	due := false
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		next, found, err := tx.NextDue()
		due = found && next <= o.now()
		return err
	})
	if err != nil || !due {
		return nil, err
	}
	var claimed []store.Delivery
	err = o.Store.Update(ctx, func(tx *store.Tx) (err error) {
		claimed, err = tx.Claim(o.now(), leaseTime, limit, perPeer)
		return err
	})
	if err != nil {
		return nil, err
	}
	var parcels []Parcel
	for _, d := range claimed {
		p, err := o.wrap(ctx, d)
		if err != nil {
			if err := o.Failed(ctx, d, err); err != nil {
				return parcels, err
			}
			continue
		}
		parcels = append(parcels, p)
	}
	return parcels, nil
}

// wrap attaches the journal proof and encrypts to the addressed authority as the directory has it now.
func (o *Office) wrap(ctx context.Context, d store.Delivery) (Parcel, error) {
	if err := o.Directory.MaySend(d.Peer); err != nil {
		return Parcel{}, err
	}
	party, err := o.Directory.Party(d.Peer)
	if err != nil {
		return Parcel{}, err
	}
	var row store.Message
	err = o.Store.View(ctx, func(tx *store.Tx) (err error) {
		row, err = tx.Message(store.Out, d.Message)
		return err
	})
	if err != nil {
		return Parcel{}, err
	}
	m, err := envelope.Peek(row.Container)
	if err != nil {
		return Parcel{}, err
	}
	authority, ok := party.Authority(m.To.Authority)
	if !ok {
		return Parcel{}, rogatory.Fault(rogatory.NotFound, "authority_unknown", "the directory knows no authority %s", m.To)
	}
	proof, err := o.Ledger.Prove(ctx, row.Entry)
	if err != nil {
		return Parcel{}, err
	}
	container, err := envelope.AttachProof(row.Container, proof)
	if err != nil {
		return Parcel{}, err
	}
	sealed, err := o.sealed(container, m, authority, party)
	return Parcel{d, party, sealed}, err
}

// freeBatch bounds one transaction of Free: more than all workers of a node hold.
const freeBatch = 1000

// Free takes the claims of a process that is gone from their deliveries, and returns how many it took.
// Call it when an office opens, and only where no other process can work on the same database: that of
// SQLite. A freed delivery is due after the wait of a failed attempt, at the latest when its lease would
// have ended, so that a message which brings the node down does not do so without a pause. A claim
// that was freed settles nothing any more.
func (o *Office) Free(ctx context.Context) (int, error) {
	freed := 0
	for {
		var held []store.Delivery
		err := o.Store.Update(ctx, func(tx *store.Tx) (err error) {
			if held, err = tx.Leased(freeBatch); err != nil {
				return err
			}
			for _, d := range held {
				next := min(d.LeaseUntil, o.now().Add(backoff(d.Message, d.Attempts)))
				if err := tx.Fail(d.Message, d.Fence, next, "interrupted"); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return freed, err
		}
		if freed += len(held); len(held) < freeBatch {
			return freed, nil
		}
	}
}

// Settle verifies the receipt for a delivery and stores it: the delivery is done. A receipt that does
// not hold is an error and changes nothing; treat it as a failed delivery.
func (o *Office) Settle(ctx context.Context, d store.Delivery, receipt []byte) (rogatory.Receipt, error) {
	return o.settle(ctx, d, receipt, func(tx *store.Tx) error { return tx.Finish(d.Message, d.Fence, o.now()) })
}

func (o *Office) settle(ctx context.Context, d store.Delivery, receipt []byte, finish func(tx *store.Tx) error) (rogatory.Receipt, error) {
	party, err := o.Directory.Party(d.Peer)
	if err != nil {
		return rogatory.Receipt{}, err
	}
	r, proof, err := o.reader.OpenReceipt(receipt, party, o.Clock.Now())
	if err != nil {
		return rogatory.Receipt{}, err
	}
	e, err := OpenProof(proof, party)
	if err != nil {
		return rogatory.Receipt{}, err
	}
	wrong := func(what string) (rogatory.Receipt, error) {
		return rogatory.Receipt{}, rogatory.Fault(rogatory.Untrusted, "receipt_wrong", "the receipt of %s for message %s has the wrong %s", d.Peer, d.Message, what)
	}
	// A node of the other mode says so in its own mode: that ends the delivery, and nothing else of it
	// is believed.
	wrongMode := r.Outcome == rogatory.RefusedOutcome && r.Code == modeMismatch
	want := rogatory.MessageReceived
	if r.Outcome == rogatory.RefusedOutcome {
		want = rogatory.MessageRefused
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Message(store.Out, d.Message)
		if err != nil {
			return err
		}
		switch {
		case r.Message != row.ID || r.Digest != row.Digest || r.Sequence != row.Sequence || r.From.State != d.Peer || r.To != o.Us || r.Mode != o.Mode && !wrongMode:
			_, err = wrong("message, digest, number or addresses")
		case e.Type != want || e.Message == nil || e.Message.ID != row.ID || e.Message.Digest != row.Digest || e.At != r.Received || e.Message.Code != r.Code:
			_, err = wrong("journal entry")
		}
		if err != nil {
			return err
		}
		if len(row.Receipt) == 0 {
			if err := tx.SetReceipt(store.Out, row.ID, receipt, want == rogatory.MessageRefused); err != nil {
				return err
			}
			ref := *e.Message
			ref.Receipt = rogatory.DigestOf(receipt)
			if _, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageReceipted, At: o.now(), By: o.node(), Request: row.Request, Message: &ref}); err != nil {
				return err
			}
		}
		if err := finish(tx); err != nil {
			return err
		}
		return heard(tx, d.Peer, o.now(), true)
	})
	return r, err
}

func (o *Office) node() rogatory.Actor {
	return rogatory.Actor{Address: o.Us, Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
}

func heard(tx *store.Tx, peer rogatory.StateCode, now rogatory.Instant, ok bool) error {
	p, err := tx.Peer(peer)
	if err != nil {
		return err
	}
	if ok {
		if p.Failures == 0 && now.Sub(p.HeardAt) < leaseTime {
			return nil
		}
		return tx.SetHealth(peer, 0, 0, now)
	}
	return tx.SetHealth(peer, p.Failures+1, 0, p.HeardAt)
}

// Failed puts a delivery off, or sets it aside for a person when it has been tried for too long.
func (o *Office) Failed(ctx context.Context, d store.Delivery, cause error) error {
	code := rogatory.CodeOf(cause)
	o.Log.Info("delivery failed", "peer", d.Peer, "message", d.Message, "attempt", d.Attempts, "code", code)
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		if err := heard(tx, d.Peer, o.now(), false); err != nil {
			return err
		}
		if o.now().Sub(d.Created) < giveUpAfter {
			return tx.Fail(d.Message, d.Fence, o.now().Add(backoff(d.Message, d.Attempts)), code)
		}
		row, err := tx.Message(store.Out, d.Message)
		if err != nil {
			return err
		}
		m, err := envelope.Peek(row.Container)
		if err != nil {
			return err
		}
		ref := refOf(m, row.Digest)
		ref.Code = code
		if _, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageUndelivered, At: o.now(), By: o.node(), Request: row.Request, Message: ref}); err != nil {
			return err
		}
		if err := bringBack(tx, row.Request); err != nil {
			return err
		}
		return tx.Bury(d.Message, d.Fence, o.now(), code)
	})
}

// Revive puts a delivery that was set aside back into the queue.
func (o *Office) Revive(ctx context.Context, by rogatory.Actor, id rogatory.MessageID) error {
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		row, err := tx.Message(store.Out, id)
		if err != nil {
			return err
		}
		m, err := envelope.Peek(row.Container)
		if err != nil {
			return err
		}
		if err := tx.Revive(id, o.now()); err != nil {
			return err
		}
		_, err = o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageRevived, At: o.now(), By: by, Request: row.Request, Message: refOf(m, row.Digest)})
		return err
	})
	o.Ring()
	return err
}

// Tick passes deadlines that are due. The end of a preservation releases the data, and tells the
// other State so, unless a request for their disclosure holds them.
func (o *Office) Tick(ctx context.Context) error {
	const batch = 100 // deadlines in one pass; the rest follow in the next
	var due []store.Deadline
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.Due(o.now(), batch)
		return err
	})
	var problems []error
	for _, d := range due {
		problems = append(problems, o.pass(ctx, d))
	}
	return errors.Join(append(problems, err)...)
}

func (o *Office) pass(ctx context.Context, d store.Deadline) error {
	released := false
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		f, err := o.must(tx, d.Request)
		if err != nil {
			return err
		}
		now := f.deadline(d.Name)
		if now == nil || now.State != Running || now.Due > o.now() {
			return nil // it was moved or stopped since
		}
		if err := o.record(tx, rogatory.Entry{Type: rogatory.DeadlinePassed, At: o.now(), By: o.node(), Request: d.Request, Name: d.Name}); err != nil {
			return err
		}
		if d.Name == PreservationEnd && f.Side == rogatory.RequestedSide && f.State == rogatory.Preserved && f.HeldBy == "" {
			_, _, err = o.move(tx, o.node(), d.Request, rogatory.Release, rogatory.Body{Text: "The preservation ended.", Language: "en"})
			released = err == nil
		}
		if d.Name == MeasureEnd && f.Side == rogatory.RequestedSide && f.State == rogatory.InForce {
			_, _, err = o.move(tx, o.node(), d.Request, rogatory.Stop, rogatory.Body{Text: "The measure ended.", Language: "en"})
			released = err == nil
		}
		return err
	})
	if released {
		o.Ring()
	}
	return err
}
