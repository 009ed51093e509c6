// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"testing"
)

// LimitPages bounds the size of a SQLite store, as a full disk would.
func LimitPages(t testing.TB, s *Store, pages int) {
	t.Helper()
	if err := s.Update(context.Background(), func(tx *Tx) error {
		return tx.session.run(tx.ctx, fmt.Sprintf("PRAGMA max_page_count = %d", pages))
	}); err != nil {
		t.Fatal(err)
	}
}

// Queued returns how many updates wait for their turn.
func Queued(s *Store) int { return len(s.queue) }
