// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"rogatory"
	"rogatory/journal"
)

// MaxRows bounds what one call returns, so that no list can exhaust memory. A limit that is zero,
// negative or greater means MaxRows; who needs more goes on from the last row.
const MaxRows = 1000

// maxText bounds a name, reason or other text that is stored beside the signed bytes: enough for an
// error's code and sentence, too little for case content to slip in.
const maxText = 500

// Tx is a transaction, valid until the closure that it was given to returns. It is not for
// concurrent use.
//
// Errors that a caller acts on leave the transaction whole: NotFound, Conflict, Invalid. After any
// other error the closure's work is undone even if the closure returns nil.
type Tx struct {
	ctx     context.Context
	session *session
	engine  engine
	write   bool
	over    bool

	edge    journal.Edge // as of now, in an update
	written int          // bytes given to statements that write
	err     error        // the first error of the engine
	reach   reach
}

// ready refuses a transaction that is over or has failed.
func (tx *Tx) ready() error {
	if tx.over {
		return rogatory.Fault(rogatory.Internal, "transaction_over", "use a transaction that is over")
	}
	return tx.err
}

// writing refuses a write within a view, and counts what is written.
func (tx *Tx) writing(args []any) error {
	if err := tx.ready(); err != nil {
		return err
	}
	if !tx.write {
		return rogatory.Fault(rogatory.Internal, "read_only", "write within a view")
	}
	for _, a := range args {
		switch a := a.(type) {
		case []byte:
			tx.written += len(a)
		case string:
			tx.written += len(a)
		case sealed:
			tx.written += a.size()
		default:
			tx.written += 8
		}
	}
	return nil
}

// fail keeps the first error of the engine, which decides over the transaction.
func (tx *Tx) fail(query string, err error) error {
	words := strings.Fields(query)
	what := strings.Join(words[:min(3, len(words))], " ")
	fault, ours := errors.AsType[*rogatory.Error](err)
	if !ours {
		fault, tx.reach = tx.engine.diagnose(err)
	}
	tx.err = fmt.Errorf("%s: %w", what, fault)
	return tx.err
}

// exec runs a statement and returns the number of rows concerned.
func (tx *Tx) exec(query string, args ...any) (int64, error) {
	if err := tx.writing(args); err != nil {
		return 0, err
	}
	stmt, err := tx.session.prepare(tx.ctx, query)
	if err != nil {
		return 0, tx.fail(query, err)
	}
	result, err := stmt.ExecContext(tx.ctx, tx.engine.crypt.bind(args)...)
	if err != nil {
		return 0, tx.fail(query, err)
	}
	n, err := result.RowsAffected()
	if err != nil {
		return 0, tx.fail(query, err)
	}
	return n, nil
}

// list returns all rows of a query. Here and in exec is where content is sealed and opened.
func list[T any](tx *Tx, read func(scan func(...any) error) (T, error), query string, args ...any) (all []T, err error) {
	if err := tx.ready(); err != nil {
		return nil, err
	}
	stmt, err := tx.session.prepare(tx.ctx, query)
	if err != nil {
		return nil, tx.fail(query, err)
	}
	rows, err := stmt.QueryContext(tx.ctx, tx.engine.crypt.bind(args)...)
	if err != nil {
		return nil, tx.fail(query, err)
	}
	defer rows.Close()
	for rows.Next() {
		row, err := read(func(to ...any) error { return tx.engine.crypt.scan(rows.Scan, to) })
		if err != nil {
			return nil, tx.fail(query, err)
		}
		all = append(all, row)
	}
	if err := rows.Err(); err != nil {
		return nil, tx.fail(query, err)
	}
	return all, nil
}

// returning runs a statement that writes and returns rows.
func returning[T any](tx *Tx, read func(scan func(...any) error) (T, error), query string, args ...any) ([]T, error) {
	if err := tx.writing(args); err != nil {
		return nil, err
	}
	return list(tx, read, query, args...)
}

// one returns the only row of a query, and false if there is none.
func one[T any](tx *Tx, read func(scan func(...any) error) (T, error), query string, args ...any) (row T, found bool, err error) {
	all, err := list(tx, read, query, args...)
	if err != nil || len(all) == 0 {
		return row, false, err
	}
	return all[0], true, nil
}

// number reads a single integer.
func number(scan func(...any) error) (n int64, err error) {
	err = scan(&n)
	return n, err
}

// digest reads a column of 32 bytes.
func digest[T ~[32]byte](to *T) sql.Scanner {
	return scanner(func(from any) error {
		b, ok := from.([]byte)
		if !ok || len(b) != 32 {
			return rogatory.Fault(rogatory.Damaged, "store_damaged", "a hash in the store does not have 32 bytes")
		}
		*to = T(b)
		return nil
	})
}

type scanner func(from any) error

func (f scanner) Scan(from any) error { return f(from) }

// blob makes no bytes and nil the same: an empty column, never NULL.
func blob(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// checkText refuses text that one engine would take and the other would not.
func checkText(what, s string) error {
	if len(s) > maxText || !utf8.ValidString(s) || strings.ContainsRune(s, 0) {
		return rogatory.Fault(rogatory.Invalid, "text_invalid", "store %s %.40q: not UTF-8 of at most %d bytes without zeros", what, s, maxText)
	}
	return nil
}

// plain makes any text fit to be stored, for reasons of failure, which come from outside.
func plain(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	for len(s) > maxText {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

// atMost returns limit within its bounds.
func atMost(limit int) int {
	if limit <= 0 || limit > MaxRows {
		return MaxRows
	}
	return limit
}

func unknown(thing string, name any) error {
	return rogatory.Fault(rogatory.NotFound, thing+"_unknown", "there is no %s %v", thing, name)
}

func exists(thing string, name any) error {
	return rogatory.Fault(rogatory.Conflict, thing+"_exists", "there is a %s %v already", thing, name)
}

func movedOn(thing string, name any, version int64) error {
	return rogatory.Fault(rogatory.Conflict, thing+"_moved_on", "%s %v is not at version %d any more", thing, name, version)
}

// change runs an update of the one row of thing by that name. If it concerned no row, the error is
// refusal, or that there is no such thing.
func (tx *Tx) change(thing string, name any, refusal error, present string, key []any, query string, args ...any) error {
	n, err := tx.exec(query, args...)
	if err != nil || n == 1 {
		return err
	}
	_, found, err := one(tx, number, present, key...)
	switch {
	case err != nil:
		return err
	case !found:
		return unknown(thing, name)
	}
	return refusal
}
