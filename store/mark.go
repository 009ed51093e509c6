// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"strings"

	"rogatory"
)

// MaxMarks is how many identifiers of one request are looked up; one that names more is for people to narrow.
const MaxMarks = 256

// Mark notes that a request names the identifiers of these digests. Marks beyond MaxMarks are left out.
func (tx *Tx) Mark(id rogatory.RequestID, marks [][16]byte) error {
	for _, m := range marks[:min(len(marks), MaxMarks)] {
		if _, err := tx.exec("INSERT INTO mark (digest, request_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", m[:], string(id)); err != nil {
			return err
		}
	}
	return nil
}

// Marked returns up to limit requests but id that name one of the identifiers, those that changed last first.
func (tx *Tx) Marked(id rogatory.RequestID, marks [][16]byte, limit int) ([]Request, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	args, places := []any{string(id), atMost(limit)}, []string{}
	for _, m := range marks[:min(len(marks), MaxMarks)] {
		args = append(args, m[:])
		places = append(places, fmt.Sprintf("$%d", len(args)))
	}
	return list(tx, readRequest, "SELECT "+requestColumns+" FROM request WHERE id IN (SELECT request_id FROM mark WHERE digest IN ("+strings.Join(places, ", ")+") AND request_id <> $1) ORDER BY updated DESC, id LIMIT $2", args...)
}
