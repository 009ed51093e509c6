// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"os"

	"rogatory"
)

// Copy writes the database as it stands at one moment to a file that must not exist, while others work on it (SQLite,
// VACUUM INTO). PostgreSQL has tools of its own for that: Invalid "backup_engine". After an error no file is there.
func Copy(ctx context.Context, c Config, to string) error {
	e, err := engineOf(c)
	if err != nil {
		return err
	}
	if e.name != SQLite {
		return rogatory.Fault(rogatory.Invalid, "backup_engine", "the database %s is copied by its own tools", e.name).WithHint("pg_dump or a base backup; then rogatory backup test on what was restored from it")
	}
	if _, err := os.Stat(to); err == nil {
		return rogatory.Fault(rogatory.Conflict, "backup_exists", "there is something at %s already", to)
	}
	if err = vacuumInto(ctx, e, to); err != nil {
		for _, suffix := range []string{"", "-wal", "-shm"} {
			os.Remove(to + suffix)
		}
		return rogatory.Fault(rogatory.Unavailable, "store_unavailable", "copy the store to %s: %w", to, err)
	}
	return nil
}

func vacuumInto(ctx context.Context, e engine, to string) error {
	s, err := e.connect(ctx, true) // VACUUM INTO reads, and is refused all the same where only queries are allowed
	if err != nil {
		return err
	}
	_, err = s.conn.ExecContext(ctx, "VACUUM INTO ?", to)
	if err = errors.Join(err, s.close()); err != nil {
		return err
	}
	// The copy begins without write-ahead log, which Open insists on.
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: to, RawQuery: "mode=rw"}).String())
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, "PRAGMA journal_mode = wal")
	return err
}
