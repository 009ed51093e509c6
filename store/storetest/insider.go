// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	"rogatory/store"
)

// primary are the primary keys of the tables that Rewrite knows.
var primary = map[string][]string{"journal_entry": {"entry_index"}, "request": {"id"}, "message": {"direction", "id"}, "queue": {"request_id"}, "setting": {"name"}}

// Rewrite changes what is sealed in a column, as somebody can who has the database and its keys, and returns how many
// values are others now. Of journal_entry.body the value is the salt and the body after it.
func Rewrite(t testing.TB, c store.Config, column string, change func(row []any, value []byte) []byte) (changed int) {
	t.Helper()
	ok := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("rewrite %s: %v", column, err)
		}
	}
	driver := "sqlite"
	if c.Engine == store.Postgres {
		driver = "pgx"
	}
	db, err := sql.Open(driver, c.Source)
	ok(err)
	defer db.Close()
	table, name, _ := strings.Cut(column, ".")
	keys := primary[table]
	rows, err := db.Query("SELECT " + strings.Join(keys, ", ") + ", " + name + " FROM " + table + " ORDER BY 1")
	ok(err)
	type stored struct {
		row   []any
		value []byte
	}
	var all []stored
	for rows.Next() {
		s := stored{row: make([]any, len(keys))}
		to := []any{}
		for i := range s.row {
			to = append(to, &s.row[i])
		}
		ok(rows.Scan(append(to, &s.value)...))
		all = append(all, s)
	}
	ok(rows.Err())
	rows.Close()
	for _, s := range all {
		value, err := c.Keys.Open(column, s.row, s.value)
		ok(err)
		next := change(s.row, bytes.Clone(value))
		if bytes.Equal(next, value) {
			continue
		}
		changed++
		sealed, err := c.Keys.Seal(column, s.row, next)
		ok(err)
		args := []any{sealed}
		var where []string
		for i, k := range keys {
			args = append(args, s.row[i])
			where = append(where, fmt.Sprintf("%s = $%d", k, i+2))
		}
		_, err = db.Exec("UPDATE "+table+" SET "+name+" = $1 WHERE "+strings.Join(where, " AND "), args...)
		ok(err)
	}
	return changed
}

// Reword is Rewrite of each value in which a text stands.
func Reword(t testing.TB, c store.Config, column, old, new string) int {
	t.Helper()
	return Rewrite(t, c, column, func(_ []any, v []byte) []byte { return bytes.ReplaceAll(v, []byte(old), []byte(new)) })
}
