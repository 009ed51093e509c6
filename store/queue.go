// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math"
	"strings"

	"rogatory"
)

// Whom a request in the queue waits for.
const (
	WaitsDraft  = "draft" // ours, not sent yet
	WaitsUs     = "us"
	WaitsThem   = "them"
	WaitsNobody = "nobody"
)

// Place is where a request stands in the queue of those that are not over.
type Place struct {
	Request rogatory.RequestID
	Waits   string
	Due     rogatory.Instant // of the deadline that ends first; zero if none runs
	Changed rogatory.Instant
	Author  string
}

// turn puts what is due first, and behind all that what is not due at all, the last changed first.
func (p Place) turn() int64 {
	if p.Due != 0 {
		return int64(p.Due)
	}
	return math.MaxInt64 - int64(p.Changed)
}

// SetPlace puts a request into the queue or moves it there. Who holds it holds it on; what was put aside stays so,
// but no longer than until it is due.
func (tx *Tx) SetPlace(p Place) error {
	if err := checkText("author", p.Author); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO queue (request_id, waits, turn, author, holder, held_at) VALUES ($1, $2, $3, $4, '', 0)
		ON CONFLICT (request_id) DO UPDATE SET waits = excluded.waits, turn = excluded.turn, author = excluded.author,
			aside = CASE WHEN queue.aside > excluded.turn THEN excluded.turn ELSE queue.aside END
		WHERE queue.waits <> excluded.waits OR queue.turn <> excluded.turn OR queue.author <> excluded.author`, string(p.Request), p.Waits, p.turn(), p.Author)
	return err
}

// LeaveQueue takes a request out of the queue, and from whoever held it.
func (tx *Tx) LeaveQueue(id rogatory.RequestID) error {
	_, err := tx.exec("DELETE FROM queue WHERE request_id = $1", string(id))
	return err
}

// Hold says who holds a request of the queue; nobody with an empty name.
func (tx *Tx) Hold(id rogatory.RequestID, by string, at rogatory.Instant) error {
	if err := checkText("holder", by); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE queue SET holder = $1, held_at = $2 WHERE request_id = $3", by, int64(at), string(id))
	return err
}

// Aside is what a request of the queue is put aside for.
type Aside struct {
	Until rogatory.Instant // zero if it is not
	By    string
	Why   string
}

// PutAside puts a request of the queue aside, or takes it up again with a zero Aside.
func (tx *Tx) PutAside(id rogatory.RequestID, a Aside) error {
	if err := checkText("person", a.By); err != nil {
		return err
	}
	if err := checkText("reason", a.Why); err != nil {
		return err
	}
	_, err := tx.exec("UPDATE queue SET aside = $1, aside_by = $2, aside_why = $3 WHERE request_id = $4 AND (aside <> 0 OR $1 <> 0)", int64(a.Until), a.By, seal("queue.aside_why", a.Why, id), string(id))
	return err
}

// ClearQueue empties the queue.
func (tx *Tx) ClearQueue() error {
	_, err := tx.exec("DELETE FROM queue")
	return err
}

// Standing is a request of the queue with who holds it.
type Standing struct {
	Request Request
	Waits   string
	Turn    int64 // its place: what a page after it begins with
	Holder  string
	HeldAt  rogatory.Instant
	Aside   Aside // as it was said: the moment may have come
}

const queueColumns = "q.waits, q.turn, q.holder, q.held_at, q.aside, q.aside_by, q.aside_why"

func readQueued(scan func(...any) error) (q Standing, err error) {
	r := &q.Request
	err = scan(&q.Waits, &q.Turn, &q.Holder, &q.HeldAt, &q.Aside.Until, &q.Aside.By, unseal("queue.aside_why", &q.Aside.Why, &r.ID), &r.ID, &r.Case, &r.Side, &r.Peer, &r.Kind, &r.State, &r.Version, &r.Updated, unseal("request.view", &r.View, &r.ID))
	return q, err
}

// QueueFilter says which part of the queue. An empty field means any.
type QueueFilter struct {
	Waits     string
	From      rogatory.Instant // due then or later
	To        rogatory.Instant // due before
	Unclaimed bool
	Of        string           // held or drafted by this person
	Now       rogatory.Instant // without what is put aside then
	Aside     bool             // only that instead
	After     int64            // Turn and ID of the last one of the page before
	AfterID   rogatory.RequestID
	Limit     int // at most MaxRows
}

// Queue returns a part of the queue, what is due first on top.
func (tx *Tx) Queue(f QueueFilter) ([]Standing, error) {
	where := []string{"(q.turn, q.request_id) > ($1, $2)"}
	args := []any{f.After, string(f.AfterID)}
	add := func(condition string, value any) {
		args = append(args, value)
		where = append(where, fmt.Sprintf(condition, len(args)))
	}
	if f.Waits != "" {
		add("q.waits = $%d", f.Waits)
	}
	if f.From != 0 {
		add("q.turn >= $%d", int64(f.From))
	}
	if f.To != 0 {
		add("q.turn < $%d", int64(f.To))
	}
	if f.Unclaimed {
		where = append(where, "q.holder = ''")
	}
	if f.Of != "" {
		add("(q.holder = $%[1]d OR q.waits = 'draft' AND q.author = $%[1]d)", f.Of)
	}
	switch {
	case f.Aside:
		add("q.aside <> 0 AND q.aside > $%d", int64(f.Now))
	case f.Now != 0:
		add("q.aside <= $%d", int64(f.Now))
	}
	args = append(args, atMost(f.Limit))
	columns := "r." + strings.ReplaceAll(requestColumns, ", ", ", r.")
	return list(tx, readQueued, fmt.Sprintf("SELECT %s, %s FROM queue q JOIN request r ON r.id = q.request_id WHERE %s ORDER BY q.turn, q.request_id LIMIT $%d",
		queueColumns, columns, strings.Join(where, " AND "), len(args)), args...)
}

// InQueue returns where a request stands in the queue; false if it does not.
func (tx *Tx) InQueue(id rogatory.RequestID) (Standing, bool, error) {
	columns := "r." + strings.ReplaceAll(requestColumns, ", ", ", r.")
	return one(tx, readQueued, "SELECT "+queueColumns+", "+columns+" FROM queue q JOIN request r ON r.id = q.request_id WHERE q.request_id = $1", string(id))
}

// Stands reports whether a request has this place in the queue.
func (q Standing) Stands(p Place) bool { return q.Waits == p.Waits && q.Turn == p.turn() }

// QueueCounts are how many requests of the queue there are of each sort.
type QueueCounts struct {
	Overdue, Today, Us, Them, Mine, Unclaimed, Drafts, All int64
	Aside                                                  int64 // and in none of the others
}

// QueueCounts counts: today is due from now until soon; mine is held or drafted by name. What is put aside now, which is
// little, is counted apart and taken off the rest.
func (tx *Tx) QueueCounts(now, soon rogatory.Instant, name string) (c QueueCounts, err error) {
	type group struct {
		waits string
		n     int64
	}
	read := func(scan func(...any) error) (g group, err error) {
		err = scan(&g.waits, &g.n)
		return g, err
	}
	groups, err := list(tx, read, "SELECT waits, count(*) FROM queue GROUP BY waits")
	if err != nil {
		return c, err
	}
	for _, g := range groups {
		c.All += g.n
		switch g.waits {
		case WaitsUs:
			c.Us = g.n
		case WaitsThem:
			c.Them = g.n
		case WaitsDraft:
			c.Drafts = g.n
		}
	}
	rest := func(scan func(...any) error) (c QueueCounts, err error) {
		err = scan(&c.Overdue, &c.Today, &c.Unclaimed, &c.Mine)
		return c, err
	}
	r, _, err := one(tx, rest, `SELECT (SELECT count(*) FROM queue WHERE turn < $1), (SELECT count(*) FROM queue WHERE turn >= $1 AND turn < $2),
		(SELECT count(*) FROM queue WHERE waits = 'us' AND holder = ''),
		(SELECT count(*) FROM queue WHERE holder = $3 AND holder <> '') + (SELECT count(*) FROM queue WHERE waits = 'draft' AND author = $3 AND holder <> $3)`,
		int64(now), int64(soon), name)
	if err != nil {
		return c, err
	}
	c.Overdue, c.Today, c.Unclaimed, c.Mine = r.Overdue, r.Today, r.Unclaimed, r.Mine
	aside := func(scan func(...any) error) (c QueueCounts, err error) {
		err = scan(&c.Aside, &c.Us, &c.Them, &c.Drafts, &c.Overdue, &c.Today, &c.Unclaimed, &c.Mine)
		return c, err
	}
	// Without groups, so that only the index of what is put aside is read.
	sum := func(condition string) string {
		return "coalesce(sum(CASE WHEN " + condition + " THEN 1 ELSE 0 END), 0)"
	}
	off, _, err := one(tx, aside, "SELECT "+strings.Join([]string{"count(*)", sum("waits = 'us'"), sum("waits = 'them'"), sum("waits = 'draft'"), sum("turn < $1"), sum("turn >= $1 AND turn < $2"),
		sum("waits = 'us' AND holder = ''"), sum("holder = $3 AND holder <> '' OR waits = 'draft' AND author = $3 AND holder <> $3")}, ", ")+
		" FROM queue WHERE aside <> 0 AND aside > $1", int64(now), int64(soon), name)
	c.Aside, c.All = off.Aside, c.All-off.Aside
	c.Us, c.Them, c.Drafts = c.Us-off.Us, c.Them-off.Them, c.Drafts-off.Drafts
	c.Overdue, c.Today, c.Unclaimed, c.Mine = c.Overdue-off.Overdue, c.Today-off.Today, c.Unclaimed-off.Unclaimed, c.Mine-off.Mine
	return c, err
}

// DerivedCounts are how many requests there are, and how many rows that are derived from them.
type DerivedCounts struct{ Requests, Indexed int64 }

// Derived counts requests, and those in the index of the search.
func (tx *Tx) Derived() (DerivedCounts, error) {
	read := func(scan func(...any) error) (c DerivedCounts, err error) {
		err = scan(&c.Requests, &c.Indexed)
		return c, err
	}
	c, _, err := one(tx, read, "SELECT (SELECT count(*) FROM request), (SELECT count(*) FROM search_request)")
	return c, err
}
