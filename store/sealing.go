// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rogatory"
	"rogatory/journal"
)

// This file brings a whole store under its newest key: once from clear, in Migrate, and after each rotation, in Seal.

// column kinds of a primary key.
type keyKind int

const (
	keyText keyKind = iota
	keyNumber
	keyBytes
)

// sealedTable says which columns of a table are sealed. All other columns of the database are in clear, and
// docs/threats.md says what they tell.
type sealedTable struct {
	name    string
	key     []string // the primary key
	kinds   []keyKind
	columns []string
	text    bool // the columns are of text
}

var sealedTables = []sealedTable{
	{name: "journal_entry", key: []string{"entry_index"}, kinds: []keyKind{keyNumber}, columns: []string{"body"}},
	{name: "request", key: []string{"id"}, kinds: []keyKind{keyText}, columns: []string{"view"}},
	{name: "message", key: []string{"direction", "id"}, kinds: []keyKind{keyText, keyText}, columns: []string{"container", "receipt"}},
	{name: "exhibit", key: []string{"id"}, kinds: []keyKind{keyText}, columns: []string{"view"}},
	{name: "alarm", key: []string{"id"}, kinds: []keyKind{keyText}, columns: []string{"view"}},
	{name: "alarm_secret", key: []string{"digest"}, kinds: []keyKind{keyBytes}, columns: []string{"view"}},
	{name: "desk_paper", key: []string{"kind", "id"}, kinds: []keyKind{keyText, keyText}, columns: []string{"view"}},
	{name: "notice_choice", key: []string{"person"}, kinds: []keyKind{keyText}, columns: []string{"view"}},
	{name: "misconduct", key: []string{"digest"}, kinds: []keyKind{keyBytes}, columns: []string{"first", "second"}},
	{name: "setting", key: []string{"name"}, kinds: []keyKind{keyText}, columns: []string{"value"}},
	{name: "queue", key: []string{"request_id"}, kinds: []keyKind{keyText}, columns: []string{"aside_why"}, text: true},
}

// SealedColumns lists the columns that lie sealed, as table.column.
func SealedColumns() []string {
	var all []string
	for _, t := range sealedTables {
		for _, c := range t.columns {
			all = append(all, t.name+"."+c)
		}
	}
	return all
}

// sealBatch is how many rows one transaction seals: messages of the greatest size take half a gigabyte then, and others
// some hundred kilobytes.
const sealBatch = 100

// What the mark says.
const (
	markClear  = "clear"  // some rows may be from before the first key
	markSealed = "sealed" // no row is
)

// sealing is how far a store is sealed.
type sealing struct {
	key    int  // 0: not at all
	behind bool // a run was begun, and not finished
	clear  bool // some rows may be from before the first key
}

// sealing reads how far the store is sealed, and tells a key that is missing or wrong.
func (tx *Tx) sealing() (s sealing, err error) {
	var number, behind int64
	var mark []byte
	_, found, err := one(tx, func(scan func(...any) error) (struct{}, error) {
		return struct{}{}, scan(&number, &behind, &mark)
	}, "SELECT key, behind, mark FROM sealing WHERE id = 1")
	if err != nil {
		return s, err
	}
	s = sealing{key: int(number), behind: behind == 1}
	switch held := len(tx.engine.crypt.values); {
	case !found:
		return s, rogatory.Fault(rogatory.Damaged, "store_damaged", "the store does not say under which key it is sealed").WithHint("restore")
	case s.key == 0:
		s.clear = true
		return s, nil
	case s.key > held:
		return s, rogatory.Fault(rogatory.Unavailable, "database_key_missing", "open store: it is sealed under database key %d, and %d are held", s.key, held).
			WithHint(fmt.Sprintf("put database.%d.key back into the key folder from its backup", s.key))
	}
	word, err := tx.engine.crypt.open("sealing.mark", []any{number}, mark)
	if err != nil || len(word) == 0 {
		return s, rogatory.Fault(rogatory.Conflict, "database_key_wrong", "open store: database key %d is not the one that it is sealed under", s.key).
			WithHint("put the keys and the database of one node together; both backups must be of the same node")
	}
	s.clear = string(word) == markClear
	return s, nil
}

// setSealing records how far the store is sealed, under the newest key.
func (tx *Tx) setSealing(s sealing) error {
	word := markSealed
	if s.clear {
		word = markClear
	}
	s.key = len(tx.engine.crypt.values)
	_, err := tx.exec("UPDATE sealing SET key = $1, behind = $2, mark = $3 WHERE id = 1", s.key, bit(s.behind), seal("sealing.mark", []byte(word), int64(s.key)))
	return err
}

func inClear() error {
	return rogatory.Fault(rogatory.Conflict, "database_in_clear", "open store: what cases say is not sealed in it").
		WithHint("after an upgrade, or for a copy from before it, back it up and run rogatory migrate; a database that was sealed before was tampered with: restore it")
}

// Seal seals everything in an existing store under the newest key, after a rotation; it does nothing if that is so already.
// Rows that do not open stay as they are, for fsck to find. It may be broken off and called again. A store in clear is
// Conflict "database_in_clear": only Migrate seals that, because whoever can write to the database could make it look so.
//
// The words of the search are taken out, for the office to put in again.
func Seal(ctx context.Context, c Config) error {
	e, err := existing(ctx, c)
	if err != nil {
		return err
	}
	return e.sealAll(ctx, c.Fault, false)
}

// SealedUnder returns the number of the key under which an existing store is sealed, without any key; 0 if what is in it
// is in clear. Whoever makes the first key asks this before, or a lost key would be taken for one that never was.
func SealedUnder(ctx context.Context, c Config) (key int, err error) {
	e, err := engineOf(c)
	if err != nil {
		return 0, err
	}
	have, _, err := versions(ctx, e)
	if err != nil || have < sealedSchema {
		return 0, err
	}
	db, err := e.database(false)
	if err != nil {
		return 0, err
	}
	defer db.Close()
	if err := db.QueryRowContext(ctx, "SELECT key FROM sealing WHERE id = 1").Scan(&key); err != nil {
		fault, _ := e.diagnose(err)
		return 0, fault
	}
	return key, nil
}

// sealedSchema is the first version of the schema that says under which key a store is sealed.
const sealedSchema = 9

// take takes the keys for work.
func (e *engine) take(keys Keys) (err error) {
	e.crypt, err = newCryptor(keys)
	return err
}

// sealAll brings each row under the newest key, a batch in a transaction: a row says itself whether it is there, in that
// it opens, so that nothing is sealed twice or forgotten however often this is broken off.
func (e engine) sealAll(ctx context.Context, fault func(point string) error, fromClear bool) error {
	s, err := e.connect(ctx, true)
	if err != nil {
		return err
	}
	defer s.close()
	work := func(f func(tx *Tx) error) error {
		tx := &Tx{ctx: ctx, session: s, engine: e, write: true}
		err := s.run(ctx, e.begin)
		if err == nil {
			_, _, err = tx.state(e.state) // other replicas wait
		}
		if err == nil {
			err = f(tx)
		}
		if err == nil {
			err = tx.err
		}
		if err == nil && fault != nil {
			err = fault("seal")
		}
		if err == nil {
			err = s.run(ctx, "COMMIT")
		}
		if err == nil {
			return nil
		}
		s.run(context.WithoutCancel(ctx), "ROLLBACK")
		if _, ours := errors.AsType[*rogatory.Error](err); ours {
			return err
		}
		fault, _ := e.diagnose(err)
		return fault
	}
	var was sealing
	done := false
	err = work(func(tx *Tx) (err error) {
		if was, err = tx.sealing(); err != nil {
			return err
		}
		newest := len(e.crypt.values)
		if done = was.key == newest && !was.behind && !was.clear; done {
			return nil
		}
		if was.clear && !fromClear {
			return inClear()
		}
		if was.key != newest {
			if err := tx.ClearIndex(); err != nil {
				return err
			}
		}
		return tx.setSealing(sealing{behind: true, clear: was.clear})
	})
	if err != nil || done {
		return err
	}
	remains := was.behind
	for _, t := range sealedTables {
		var after []any
		for more := true; more; {
			err := work(func(tx *Tx) (err error) {
				var changed bool
				after, changed, more, err = tx.sealBatch(t, after, was.clear)
				remains = remains || changed
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	if remains {
		if err := e.sweep(ctx, s); err != nil {
			return err
		}
	}
	return work(func(tx *Tx) error { return tx.setSealing(sealing{}) })
}

// sweep takes what was overwritten out of the database's files: SQLite keeps it in free pages and in its write-ahead log,
// PostgreSQL as dead rows. What the disk itself keeps of deleted files is beyond us, and so are earlier backups.
func (e engine) sweep(ctx context.Context, s *session) error {
	all := []string{"VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)"}
	if e.name == Postgres {
		all = []string{"SET statement_timeout = 0", "SET lock_timeout = 0", "VACUUM FULL search_request"}
		for _, t := range sealedTables {
			all = append(all, "VACUUM FULL "+t.name)
		}
	}
	for _, query := range all {
		if err := s.run(ctx, query); err != nil {
			fault, _ := e.diagnose(err)
			return fault
		}
	}
	return nil
}

// storedRow is a row of a table as it is stored.
type storedRow struct {
	key    []any
	values [][]byte
	salt   []byte // of the journal
}

// sealBatch seals the rows of a table that follow on one, and returns the last of them, whether any was changed and whether
// there may be more. With clear, what does not open is taken for what was stored before there was a key.
func (tx *Tx) sealBatch(t sealedTable, after []any, clear bool) (last []any, changed, more bool, err error) {
	columns := slices.Concat(t.key, t.columns)
	if t.name == "journal_entry" {
		columns = append(columns, "salt")
	}
	read := func(scan func(...any) error) (r storedRow, err error) {
		var to []any
		for _, kind := range t.kinds {
			to = append(to, map[keyKind]any{keyText: new(string), keyNumber: new(int64), keyBytes: new([]byte)}[kind])
		}
		r.key = to
		r.values = make([][]byte, len(t.columns))
		for i := range r.values {
			to = append(to, &r.values[i])
		}
		if t.name == "journal_entry" {
			to = append(to, &r.salt)
		}
		return r, scan(to...)
	}
	where := ""
	if after != nil {
		where = " WHERE (" + strings.Join(t.key, ", ") + ") > (" + parameters(1, len(t.key)) + ")"
	}
	keys := strings.Join(t.key, ", ")
	rows, err := list(tx, read, fmt.Sprintf("SELECT %s FROM %s%s ORDER BY %s LIMIT %d", strings.Join(columns, ", "), t.name, where, keys, sealBatch), after...)
	if err != nil {
		return nil, false, false, err
	}
	for _, r := range rows {
		last = pointed(r.key)
		anew := false
		args := make([]any, len(t.columns))
		for i, column := range t.columns {
			stored, moved := tx.sealedAnew(t, column, last, r, r.values[i], clear)
			anew = anew || moved
			if args[i] = stored; t.text {
				args[i] = string(stored)
			}
		}
		if !anew {
			continue
		}
		changed = true
		set := ""
		for i, column := range t.columns {
			set += fmt.Sprintf("%s = $%d, ", column, i+1)
		}
		if t.name == "journal_entry" {
			set += fmt.Sprintf("salt = $%d, ", len(args)+1)
			args = append(args, noSalt[:])
		}
		n := len(args)
		query := fmt.Sprintf("UPDATE %s SET %s WHERE (%s) = (%s)", t.name, strings.TrimSuffix(set, ", "), keys, parameters(n+1, len(t.key)))
		if _, err := tx.exec(query, append(args, last...)...); err != nil {
			return nil, false, false, err
		}
	}
	return last, changed, len(rows) == sealBatch, nil
}

// sealedAnew returns what is to be stored in place of a value, and whether that is something else.
func (tx *Tx) sealedAnew(t sealedTable, column string, key []any, r storedRow, stored []byte, clear bool) ([]byte, bool) {
	c, name, raw := tx.engine.crypt, t.name+"."+column, stored
	if t.text {
		decoded, err := base64.RawStdEncoding.DecodeString(string(stored))
		if err == nil {
			raw = decoded
		}
	}
	isJournal := t.name == "journal_entry"
	if len(raw) == 0 && !isJournal {
		return stored, false
	}
	value, err := c.open(name, key, raw)
	switch {
	case err == nil && len(raw) > 0 && int(raw[1]) == len(c.values):
		return stored, false
	case err == nil && len(raw) > 0: // under an earlier key
	case !clear:
		return stored, false
	case isJournal:
		value = slices.Concat(r.salt, stored)
		if len(value) < journal.SaltSize {
			return stored, false
		}
	default:
		value = stored
	}
	next := c.seal(name, key, value)
	if t.text {
		next = []byte(base64.RawStdEncoding.EncodeToString(next))
	}
	return next, true
}

func pointed(key []any) []any {
	all := make([]any, len(key))
	for i, k := range key {
		switch k := k.(type) {
		case *string:
			all[i] = *k
		case *int64:
			all[i] = *k
		case *[]byte:
			all[i] = *k
		}
	}
	return all
}

// parameters lists n parameters from a number on.
func parameters(from, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("$%d", from+i))
	}
	return strings.Join(all, ", ")
}
