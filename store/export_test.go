// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rogatory/journal"
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

// Unseal makes of a store one from before there was a database key.
func Unseal(t testing.TB, c Config) {
	t.Helper()
	e, err := existing(context.Background(), c)
	if err != nil {
		t.Fatal(err)
	}
	s, err := e.connect(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	tx := &Tx{ctx: context.Background(), session: s, engine: e, write: true}
	for _, table := range sealedTables {
		for i, column := range table.columns {
			type row struct{ key, values []any }
			rows, err := list(tx, func(scan func(...any) error) (r row, err error) {
				var stored []byte
				for _, kind := range table.kinds {
					r.key = append(r.key, map[keyKind]any{keyText: new(string), keyNumber: new(int64), keyBytes: new([]byte)}[kind])
				}
				if err := scan(append(slices.Clone(r.key), &stored)...); err != nil {
					return r, err
				}
				if table.text {
					if stored, err = base64.RawStdEncoding.DecodeString(string(stored)); err != nil {
						return r, err
					}
				}
				value, err := e.crypt.open(table.name+"."+column, r.key, stored)
				switch {
				case table.text:
					r.values = []any{string(value)}
				case table.name == "journal_entry":
					r.values = []any{value[journal.SaltSize:], value[:journal.SaltSize]}
				default:
					r.values = []any{value}
				}
				r.key = pointed(r.key)
				return r, err
			}, "SELECT "+strings.Join(table.key, ", ")+", "+table.columns[i]+" FROM "+table.name)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				set := column + " = $1"
				if len(r.values) == 2 {
					set += ", salt = $2"
				}
				query := fmt.Sprintf("UPDATE %s SET %s WHERE (%s) = (%s)", table.name, set, strings.Join(table.key, ", "), parameters(len(r.values)+1, len(r.key)))
				if _, err := tx.exec(query, append(r.values, r.key...)...); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	if _, err := tx.exec("UPDATE sealing SET key = 0, behind = 0, mark = $1", []byte{}); err != nil {
		t.Fatal(err)
	}
}
