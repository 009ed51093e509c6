// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"

	"rogatory"
)

// came is said so that SQLite takes the index of the request, and not that of the direction, which half of all messages
// have.
const came = "m.direction || '' = 'in'"

// See notes that a person has read the messages of a request that have come until now.
func (tx *Tx) See(id rogatory.RequestID, person string) error {
	if err := checkText("person", person); err != nil {
		return err
	}
	_, err := tx.exec(`INSERT INTO seen (request_id, person, entry_index)
		SELECT m.request_id, CAST($1 AS TEXT), max(m.entry_index) FROM message m WHERE m.request_id = $2 AND `+came+` GROUP BY m.request_id
		ON CONFLICT (request_id, person) DO UPDATE SET entry_index = excluded.entry_index`, person, string(id))
	return err
}

// unseenStep is by how many requests the question grows, so that few statements have to be prepared.
const unseenStep = 64

// Unseen counts the messages that came to each of the requests, at most MaxRows of them, and that a person has not read.
// A request without such messages is not among them.
func (tx *Tx) Unseen(person string, ids []rogatory.RequestID) (map[rogatory.RequestID]int64, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if len(ids) > MaxRows {
		return nil, rogatory.Fault(rogatory.Invalid, "too_many", "count the unread messages of %d requests, at most %d", len(ids), MaxRows)
	}
	args, places := []any{person}, []string{}
	for i := range (len(ids) + unseenStep - 1) / unseenStep * unseenStep {
		args = append(args, string(ids[min(i, len(ids)-1)])) // the last is repeated
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	type count struct {
		id rogatory.RequestID
		n  int64
	}
	read := func(scan func(...any) error) (c count, err error) {
		err = scan(&c.id, &c.n)
		return c, err
	}
	all, err := list(tx, read, `SELECT m.request_id, count(*) FROM message m LEFT JOIN seen s ON s.request_id = m.request_id AND s.person = $1
		WHERE m.request_id IN (`+strings.Join(places, ", ")+`) AND `+came+` AND m.entry_index > coalesce(s.entry_index, -1) GROUP BY m.request_id`, args...)
	counts := map[rogatory.RequestID]int64{}
	for _, c := range all {
		counts[c.id] = c.n
	}
	return counts, err
}
