// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"slices"
	"time"

	"rogatory"
)

// The states of a delivery.
const (
	Waiting = "waiting" // to be tried at NextAt, or being tried until LeaseUntil
	Done    = "done"
	Dead    = "dead" // given up; a person may revive it
)

// Delivery is a message on its way out: how often it was tried, how it ended. It is never deleted.
type Delivery struct {
	Message    rogatory.MessageID
	Peer       rogatory.StateCode
	Sequence   int64
	State      string
	Urgent     bool
	Attempts   int              // counted when claimed, so that one that ends in a crash counts too
	NextAt     rogatory.Instant // when it may be claimed next
	LeaseUntil rogatory.Instant // whoever claimed it has it until then; zero if nobody has
	Fence      int64            // of the latest claim
	LastError  string           // a code, and at most a sentence
	Created    rogatory.Instant
	Finished   rogatory.Instant // zero while waiting
}

const deliveryColumns = "message, peer, sequence, state, urgent, attempts, next_at, lease_until, fence, last_error, created, finished"

func readDelivery(scan func(...any) error) (d Delivery, err error) {
	err = scan(&d.Message, &d.Peer, &d.Sequence, &d.State, &d.Urgent, &d.Attempts, &d.NextAt, &d.LeaseUntil, &d.Fence, &d.LastError, &d.Created, &d.Finished)
	return d, err
}

// Enqueue puts a message into the outbox, to be tried from NextAt on. Of the other fields Message,
// Peer, Sequence, Urgent and Created are read. The peer must have given the sequence number. A
// delivery of that message is Conflict "delivery_exists".
func (tx *Tx) Enqueue(d Delivery) error {
	if !d.Message.Valid() || !d.Peer.Valid() {
		return rogatory.Fault(rogatory.Invalid, "delivery_invalid", "enqueue message %.40q to %.10q: malformed", d.Message, d.Peer)
	}
	n, err := tx.exec("INSERT INTO outbox ("+deliveryColumns+") VALUES ($1, $2, $3, 'waiting', $4, 0, $5, 0, 0, '', $6, 0) ON CONFLICT DO NOTHING",
		string(d.Message), string(d.Peer), d.Sequence, d.Urgent, int64(d.NextAt), int64(d.Created))
	if err == nil && n == 0 {
		err = exists("delivery", d.Message)
	}
	return err
}

// Claiming is one statement. Writers take turns, so rows need not be locked or skipped. In it:
//
//   - flying counts the deliveries that are out to each peer;
//   - turn takes of each peer the first few that are due, urgent ones first, by its index, so that
//     a long backlog costs no more than a short one. This is where the engines differ: a correlated
//     list of keys is what SQLite plans well, LATERAL is what PostgreSQL does;
//     adding zero keeps both from taking the index on time and sorting all that is due;
//   - place ranks them behind those that are out already, and the places of all peers are dealt
//     out round by round.
const (
	claimHead = `WITH flying AS (
		SELECT peer, count(*) AS n FROM outbox WHERE state = 'waiting' AND lease_until > 0 AND lease_until > $1 GROUP BY peer
	), turn AS (
		SELECT o.message, o.urgent, o.sequence, o.peer,
			row_number() OVER (PARTITION BY o.peer ORDER BY o.urgent DESC, o.sequence) + coalesce(f.n, 0) AS place,
			CASE WHEN p.open_until > 0 THEN 1 ELSE $2 END AS places
		FROM peer p `
	claimDue   = ` FROM outbox w WHERE w.peer = p.state AND w.state = 'waiting' AND w.next_at + 0 <= $1 ORDER BY w.urgent DESC, w.sequence LIMIT $2`
	claimLite  = `JOIN outbox o ON o.message IN (SELECT w.message` + claimDue + `)`
	claimServe = `CROSS JOIN LATERAL (SELECT w.message, w.urgent, w.sequence, w.peer` + claimDue + `) o`
	claimTail  = ` LEFT JOIN flying f ON f.peer = p.state
		WHERE p.open_until <= $1
	)
	UPDATE outbox SET attempts = attempts + 1, fence = fence + 1, next_at = $3, lease_until = $3
	WHERE message IN (SELECT message FROM turn WHERE place <= places ORDER BY urgent DESC, place, sequence, peer LIMIT $4)
	RETURNING ` + deliveryColumns
)

// Claim gives the caller up to limit deliveries that are due, until now plus lease. After that they
// may be claimed by another, with a higher fence. Urgent ones come first, then one of each peer in
// turn, by sequence; never more than perPeer to one peer are out at a time, so that a State that
// does not answer holds up its own messages only. See Peer.OpenUntil for peers with an open circuit.
func (tx *Tx) Claim(now rogatory.Instant, lease time.Duration, limit, perPeer int) ([]Delivery, error) {
	if lease <= 0 || limit <= 0 || perPeer <= 0 {
		return nil, rogatory.Fault(rogatory.Internal, "claim_invalid", "claim %d deliveries, %d of each peer, for %s: must be above zero", limit, perPeer, lease)
	}
	middle := claimLite
	if tx.engine.name == Postgres {
		middle = claimServe
	}
	claimed, err := returning(tx, readDelivery, claimHead+middle+claimTail, int64(now), perPeer, int64(now.Add(lease)), atMost(limit))
	if err != nil {
		return nil, err
	}
	// RETURNING has no order. Deal the rounds again.
	slices.SortFunc(claimed, func(a, b Delivery) int {
		return cmp.Or(cmp.Compare(a.Peer, b.Peer), -cmp.Compare(rank(a), rank(b)), cmp.Compare(a.Sequence, b.Sequence))
	})
	round := make(map[rogatory.MessageID]int, len(claimed))
	next := map[rogatory.StateCode]int{}
	for _, d := range claimed {
		round[d.Message] = next[d.Peer]
		next[d.Peer]++
	}
	slices.SortStableFunc(claimed, func(a, b Delivery) int {
		return cmp.Or(-cmp.Compare(rank(a), rank(b)), cmp.Compare(round[a.Message], round[b.Message]))
	})
	return claimed, nil
}

func rank(d Delivery) int {
	if d.Urgent {
		return 1
	}
	return 0
}

// settle ends a claim, provided that it is still the caller's.
func (tx *Tx) settle(id rogatory.MessageID, fence int64, set string, args ...any) error {
	return tx.change("delivery", id,
		rogatory.Fault(rogatory.Conflict, "lease_lost", "delivery of message %s is not held by claim %d any more", id, fence),
		"SELECT fence FROM outbox WHERE message = $1", []any{string(id)},
		"UPDATE outbox SET lease_until = 0, "+set+" WHERE message = $3 AND fence = $4 AND state = 'waiting' AND lease_until > 0",
		append(args, string(id), fence)...)
}

// Finish ends a claim with success. Like Fail and Bury it returns Conflict "lease_lost" if the
// delivery was claimed again or was settled, and accepts a lease that ended but went to nobody.
func (tx *Tx) Finish(id rogatory.MessageID, fence int64, at rogatory.Instant) error {
	return tx.settle(id, fence, "state = $1, finished = $2", Done, int64(at))
}

// Fail ends a claim without success: to be tried again at next, because of code.
func (tx *Tx) Fail(id rogatory.MessageID, fence int64, next rogatory.Instant, code string) error {
	return tx.settle(id, fence, "next_at = $1, last_error = $2", int64(next), plain(code))
}

// Bury ends a claim for good, because of code.
func (tx *Tx) Bury(id rogatory.MessageID, fence int64, at rogatory.Instant, code string) error {
	return tx.settle(id, fence, "state = 'dead', finished = $1, last_error = $2", int64(at), plain(code))
}

// Conclude ends a delivery whoever has claimed it, because its receipt came by another way, even after
// it was given up. The claim that may be out is void. One that is done is left as it is.
func (tx *Tx) Conclude(id rogatory.MessageID, at rogatory.Instant) error {
	if _, err := tx.Delivery(id); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE outbox SET state = 'done', finished = $1, lease_until = 0, fence = fence + 1 WHERE message = $2 AND state <> 'done'", int64(at), string(id))
	return err
}

// Revive makes a dead delivery wait again, due at once. Its attempts stay counted. One that is not
// dead is Conflict "delivery_not_dead".
func (tx *Tx) Revive(id rogatory.MessageID, at rogatory.Instant) error {
	return tx.change("delivery", id,
		rogatory.Fault(rogatory.Conflict, "delivery_not_dead", "delivery of message %s was not given up", id),
		"SELECT fence FROM outbox WHERE message = $1", []any{string(id)},
		"UPDATE outbox SET state = 'waiting', next_at = $1, lease_until = 0, finished = 0 WHERE message = $2 AND state = 'dead'", int64(at), string(id))
}

// Leased returns the deliveries that somebody has claimed and not settled, whether or not the lease has
// ended: at most limit, in the order of their identifiers.
func (tx *Tx) Leased(limit int) ([]Delivery, error) {
	return list(tx, readDelivery, "SELECT "+deliveryColumns+" FROM outbox WHERE state = 'waiting' AND lease_until > 0 ORDER BY message LIMIT $1", atMost(limit))
}

// Delivery returns the delivery of a message, NotFound "delivery_unknown" if there is none.
func (tx *Tx) Delivery(id rogatory.MessageID) (Delivery, error) {
	d, found, err := one(tx, readDelivery, "SELECT "+deliveryColumns+" FROM outbox WHERE message = $1", string(id))
	if err == nil && !found {
		err = unknown("delivery", id)
	}
	return d, err
}

// Outbox returns at most limit deliveries in a state, the oldest first.
func (tx *Tx) Outbox(state string, limit int) ([]Delivery, error) {
	if state != Waiting && state != Done && state != Dead {
		return nil, rogatory.Fault(rogatory.Invalid, "delivery_invalid", "list deliveries: there is no state %.40q", state)
	}
	// In the text, as each state has an index of its own.
	return list(tx, readDelivery, "SELECT "+deliveryColumns+" FROM outbox WHERE state = '"+state+"' ORDER BY created, message LIMIT $1", atMost(limit))
}

// Dispatch is a delivery with what its message is about.
type Dispatch struct {
	Delivery
	Request rogatory.RequestID
	Act     rogatory.Act
}

// Dispatches is Outbox with what each message is about, and without the messages themselves.
func (tx *Tx) Dispatches(state string, limit int) ([]Dispatch, error) {
	if state != Waiting && state != Done && state != Dead {
		return nil, rogatory.Fault(rogatory.Invalid, "delivery_invalid", "list deliveries: there is no state %.40q", state)
	}
	read := func(scan func(...any) error) (d Dispatch, err error) {
		d.Delivery, err = readDelivery(func(columns ...any) error { return scan(append(columns, &d.Request, &d.Act)...) })
		return d, err
	}
	// Not as a join: a planner without statistics may begin it with the messages.
	about := func(column string) string {
		return ", (SELECT m." + column + " FROM message m WHERE m.direction = 'out' AND m.id = outbox.message)"
	}
	return list(tx, read, "SELECT "+deliveryColumns+about("request_id")+about("act")+" FROM outbox WHERE state = '"+state+"' ORDER BY created, message LIMIT $1", atMost(limit))
}

// NextDue returns when a delivery is next due, be it that it waits, that its lease ends or that its
// peer may be tried again; false if none waits. It may lie in the past.
func (tx *Tx) NextDue() (rogatory.Instant, bool, error) {
	at, _, err := one(tx, number, `SELECT coalesce(min(CASE WHEN open_until > due THEN open_until ELSE due END), -1)
		FROM (SELECT p.open_until, (SELECT min(w.next_at) FROM outbox w WHERE w.peer = p.state AND w.state = 'waiting') AS due FROM peer p) AS peers
		WHERE due IS NOT NULL`)
	return rogatory.Instant(max(at, 0)), at >= 0, err
}
