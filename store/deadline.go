// SPDX-License-Identifier: Apache-2.0

package store

import "rogatory"

// The states of a deadline.
const (
	Running = "running"
	Met     = "met"
	Passed  = "passed"
	Stopped = "stopped" // no longer of interest
)

// Deadline is a moment by which something has to happen to a request.
type Deadline struct {
	Request rogatory.RequestID
	Name    string // one of each name per request
	DueAt   rogatory.Instant
	// Generation tells whoever handles a deadline whether it was moved meanwhile.
	Generation int64
	State      string
	Rule       string // what it follows from
}

func readDeadline(scan func(...any) error) (d Deadline, err error) {
	err = scan(&d.Request, &d.Name, &d.DueAt, &d.Generation, &d.State, &d.Rule)
	return d, err
}

const deadlineColumns = "request_id, name, due_at, generation, state, rule"

// SetDeadline starts or moves a deadline and returns its generation, which rises if it was not
// running or was due at another time. Generation and State are not read.
func (tx *Tx) SetDeadline(d Deadline) (generation int64, err error) {
	for _, s := range []string{string(d.Request), d.Name, d.Rule} {
		if err := checkText("deadline", s); err != nil {
			return 0, err
		}
	}
	if d.Name == "" || d.DueAt == 0 {
		return 0, rogatory.Fault(rogatory.Invalid, "deadline_invalid", "set deadline %q of %s: name or time is missing", d.Name, d.Request)
	}
	n, err := returning(tx, number, `INSERT INTO deadline (request_id, name, due_at, generation, state, rule) VALUES ($1, $2, $3, 1, 'running', $4)
		ON CONFLICT (request_id, name) DO UPDATE SET due_at = excluded.due_at, state = 'running', rule = excluded.rule,
			generation = deadline.generation + CASE WHEN deadline.due_at <> excluded.due_at OR deadline.state <> 'running' THEN 1 ELSE 0 END
		RETURNING generation`,
		string(d.Request), d.Name, int64(d.DueAt), d.Rule)
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// Deadlines returns the deadlines of a request by time.
func (tx *Tx) Deadlines(request rogatory.RequestID) ([]Deadline, error) {
	return list(tx, readDeadline, "SELECT "+deadlineColumns+" FROM deadline WHERE request_id = $1 ORDER BY due_at, name LIMIT $2", string(request), MaxRows)
}

// Due returns at most limit running deadlines that are due at now, the oldest first.
func (tx *Tx) Due(now rogatory.Instant, limit int) ([]Deadline, error) {
	return list(tx, readDeadline, "SELECT "+deadlineColumns+" FROM deadline WHERE state = 'running' AND due_at <= $1 ORDER BY due_at, request_id, name LIMIT $2", int64(now), atMost(limit))
}

// Between returns at most limit running deadlines that are due from one moment on and before another, by time.
func (tx *Tx) Between(from, to rogatory.Instant, limit int) ([]Deadline, error) {
	return list(tx, readDeadline, "SELECT "+deadlineColumns+" FROM deadline WHERE state = 'running' AND due_at >= $1 AND due_at < $2 ORDER BY due_at, request_id, name LIMIT $3", int64(from), int64(to), atMost(limit))
}

// Named returns at most limit deadlines of a name that run or have passed, by time.
func (tx *Tx) Named(name string, limit int) ([]Deadline, error) {
	return list(tx, readDeadline, "SELECT "+deadlineColumns+" FROM deadline WHERE state IN ('running', 'passed') AND name = $1 ORDER BY due_at, request_id LIMIT $2", name, atMost(limit))
}

// CloseDeadline ends a running deadline. If it is not running, or was moved since that generation:
// Conflict "deadline_moved_on".
func (tx *Tx) CloseDeadline(request rogatory.RequestID, name string, generation int64, state string) error {
	if state != Met && state != Passed && state != Stopped {
		return rogatory.Fault(rogatory.Invalid, "deadline_invalid", "close deadline %q of %s: no such end as %q", name, request, state)
	}
	return tx.change("deadline", string(request)+" "+name, movedOn("deadline", string(request)+" "+name, generation),
		"SELECT generation FROM deadline WHERE request_id = $1 AND name = $2", []any{string(request), name},
		"UPDATE deadline SET state = $1 WHERE request_id = $2 AND name = $3 AND generation = $4 AND state = 'running'", state, string(request), name, generation)
}
