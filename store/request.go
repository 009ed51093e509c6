// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math"
	"strings"

	"rogatory"
)

// Request is where a request stands: a few columns to search by, and the view that the office made
// of its entries.
type Request struct {
	ID      rogatory.RequestID
	Case    rogatory.CaseID
	Side    rogatory.Side // this node's
	Peer    rogatory.StateCode
	Kind    rogatory.RequestKind
	State   rogatory.State
	Version int64 // counts from 1; each update adds one
	Updated rogatory.Instant
	View    []byte
}

func (r Request) check() error {
	if !r.ID.Valid() || r.Case != r.ID.Case() || !r.Peer.Valid() {
		return rogatory.Fault(rogatory.Invalid, "request_invalid", "store request %.40q of case %.40q with %.10q: malformed", r.ID, r.Case, r.Peer)
	}
	for _, s := range []string{string(r.Side), string(r.Kind), string(r.State)} {
		if err := checkText("request", s); err != nil {
			return err
		}
	}
	return nil
}

const requestColumns = "id, case_id, side, peer, kind, state, version, updated, view"

func readRequest(scan func(...any) error) (r Request, err error) {
	err = scan(&r.ID, &r.Case, &r.Side, &r.Peer, &r.Kind, &r.State, &r.Version, &r.Updated, unseal("request.view", &r.View, &r.ID))
	return r, err
}

// InsertRequest adds a request, at version 1. One by that reference is Conflict "request_exists".
func (tx *Tx) InsertRequest(r Request) error {
	if err := r.check(); err != nil {
		return err
	}
	n, err := tx.exec("INSERT INTO request (id, case_id, number, side, peer, kind, state, version, updated, view) VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9) ON CONFLICT DO NOTHING",
		string(r.ID), string(r.Case), r.ID.Number(), string(r.Side), string(r.Peer), string(r.Kind), string(r.State), int64(r.Updated), seal("request.view", r.View, r.ID))
	if err == nil && n == 0 {
		err = exists("request", r.ID)
	}
	return err
}

// UpdateRequest replaces side, peer, kind, state, time and view of a request that is still at
// r.Version, and returns its new version. If it is not: Conflict "request_moved_on".
func (tx *Tx) UpdateRequest(r Request) (version int64, err error) {
	if err := r.check(); err != nil {
		return 0, err
	}
	err = tx.change("request", r.ID, movedOn("request", r.ID, r.Version),
		"SELECT version FROM request WHERE id = $1", []any{string(r.ID)},
		"UPDATE request SET side = $1, peer = $2, kind = $3, state = $4, version = version + 1, updated = $5, view = $6 WHERE id = $7 AND version = $8",
		string(r.Side), string(r.Peer), string(r.Kind), string(r.State), int64(r.Updated), seal("request.view", r.View, r.ID), string(r.ID), r.Version)
	if err != nil {
		return 0, err
	}
	return r.Version + 1, nil
}

// Request returns a request, NotFound "request_unknown" if there is none.
func (tx *Tx) Request(id rogatory.RequestID) (Request, error) {
	r, found, err := one(tx, readRequest, "SELECT "+requestColumns+" FROM request WHERE id = $1", string(id))
	if err == nil && !found {
		err = unknown("request", id)
	}
	return r, err
}

// RequestsOfCase returns the requests of a case by number, at most MaxRows.
func (tx *Tx) RequestsOfCase(c rogatory.CaseID) ([]Request, error) {
	return list(tx, readRequest, "SELECT "+requestColumns+" FROM request WHERE case_id = $1 ORDER BY number LIMIT $2", string(c), MaxRows)
}

// CountRequests counts those in a state, up to MaxRows.
func (tx *Tx) CountRequests(state rogatory.State) (int, error) {
	n, _, err := one(tx, number, "SELECT count(*) FROM (SELECT 1 FROM request WHERE state = $1 LIMIT $2) AS counted", string(state), MaxRows)
	return int(n), err
}

// NextRequestNumber returns the number that follows the greatest of the case's requests.
func (tx *Tx) NextRequestNumber(c rogatory.CaseID) (int, error) {
	n, _, err := one(tx, number, "SELECT coalesce(max(number), 0) + 1 FROM request WHERE case_id = $1", string(c))
	return int(n), err
}

// RequestsFrom returns at most limit requests by reference, those after one; the empty reference begins. It is for
// whoever reads them all: one that changes meanwhile is neither lost nor seen twice.
func (tx *Tx) RequestsFrom(after rogatory.RequestID, limit int) ([]Request, error) {
	return list(tx, readRequest, "SELECT "+requestColumns+" FROM request WHERE id > $1 ORDER BY id LIMIT $2", string(after), atMost(limit))
}

// RequestFilter says which requests to list. An empty field means any.
type RequestFilter struct {
	Side  rogatory.Side
	Peer  rogatory.StateCode
	State rogatory.State
	Kind  rogatory.RequestKind

	// Before and BeforeID are Updated and ID of the last request of the page before.
	Before   rogatory.Instant
	BeforeID rogatory.RequestID
	Limit    int // at most MaxRows
}

// Requests returns requests, the last updated first. A request that is updated while someone turns
// the pages moves to the front; none is shown twice on later pages.
func (tx *Tx) Requests(f RequestFilter) ([]Request, error) {
	var (
		where strings.Builder
		args  []any
	)
	add := func(condition string, values ...any) {
		marks := make([]any, len(values))
		for i := range values {
			marks[i] = fmt.Sprintf("$%d", len(args)+i+1)
		}
		if len(args) > 0 {
			where.WriteString(" AND ")
		}
		fmt.Fprintf(&where, condition, marks...)
		args = append(args, values...)
	}
	for _, c := range []struct{ column, value string }{
		{"side", string(f.Side)}, {"peer", string(f.Peer)}, {"state", string(f.State)}, {"kind", string(f.Kind)},
	} {
		if c.value != "" {
			add(c.column+" = %s", c.value)
		}
	}
	before := int64(f.Before)
	if before == 0 {
		before = math.MaxInt64
	}
	add("(updated, id) < (%s, %s)", before, string(f.BeforeID))
	args = append(args, atMost(f.Limit))
	return list(tx, readRequest, fmt.Sprintf("SELECT %s FROM request WHERE %s ORDER BY updated DESC, id DESC LIMIT $%d", requestColumns, where.String(), len(args)), args...)
}
