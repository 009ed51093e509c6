// SPDX-License-Identifier: Apache-2.0

package store

import "rogatory"

// Latest returns the greatest moment that any entry of the journal names; zero for an empty journal. It reads all of
// them: it is for what is decided a few times a year and must not be dated before anything that is recorded.
func (tx *Tx) Latest() (rogatory.Instant, error) {
	at, _, err := one(tx, func(scan func(...any) error) (at rogatory.Instant, err error) {
		err = scan(&at)
		return at, err
	}, "SELECT COALESCE(MAX(at), 0) FROM journal_entry")
	return at, err
}
