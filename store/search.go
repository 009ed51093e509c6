// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"unicode"

	"rogatory"
)

// maxGrams bounds what is kept of one request to be found by: a file of some hundred pages. As tokens they take 320 KB;
// PostgreSQL takes no more than a megabyte.
const maxGrams = 20_000

// Indexed is what a search finds a request by.
type Indexed struct {
	Request rogatory.RequestID
	Opened  rogatory.Instant
	Grams   []string // letters, marks, digits, and : and _
}

func (x Indexed) check() error {
	if !x.Request.Valid() {
		return rogatory.Fault(rogatory.Invalid, "request_invalid", "index request %.40q: malformed", x.Request)
	}
	for _, g := range x.Grams {
		if err := checkGram(g); err != nil {
			return err
		}
	}
	return nil
}

// checkGram refuses what either engine would take apart.
func checkGram(g string) error {
	if g == "" || len(g) > maxText || strings.ContainsFunc(g, func(r rune) bool {
		return r != ':' && r != '_' && r <= unicode.MaxASCII && !('a' <= r && r <= 'z' || '0' <= r && r <= '9') || r == unicode.ReplacementChar
	}) {
		return rogatory.Fault(rogatory.Invalid, "gram_invalid", "%.40q is no gram", g)
	}
	return nil
}

// indexedRow is where a request stands in the index.
type indexedRow struct {
	doc    int64
	digest []byte
}

func readIndexed(scan func(...any) error) (r indexedRow, err error) {
	err = scan(&r.doc, &r.digest)
	return r, err
}

func (tx *Tx) indexed(id rogatory.RequestID) (indexedRow, bool, error) {
	return one(tx, readIndexed, "SELECT doc, digest FROM search_request WHERE request_id = $1", string(id))
}

// Index lets a request be found by the grams, and by no others. It writes nothing if that is so already.
// Grams beyond maxGrams are left out.
func (tx *Tx) Index(x Indexed) error {
	if err := x.check(); err != nil {
		return err
	}
	x.Grams = x.Grams[:min(len(x.Grams), maxGrams)]
	tokens := tx.engine.crypt.tokens(tx.engine.indexKey)
	want := tokens.digest(x)
	have, found, err := tx.indexed(x.Request)
	if err != nil || found && bytes.Equal(have.digest, want) {
		return err
	}
	if !found {
		if have.doc, _, err = one(tx, number, "SELECT coalesce(max(doc), 0) + 1 FROM search_request"); err != nil {
			return err
		}
	}
	x.Grams = tokens.all(x.Grams)
	for _, s := range tx.engine.index(have.doc, found, x, want) {
		if _, err := tx.exec(s.query, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// CheckIndexed says whether a request is found by these grams: NotFound "search_missing" if it is not in the
// index, Stale "search_stale" if it is there by others.
func (tx *Tx) CheckIndexed(x Indexed) error {
	x.Grams = x.Grams[:min(len(x.Grams), maxGrams)]
	have, found, err := tx.indexed(x.Request)
	if err != nil {
		return err
	}
	if !found {
		return rogatory.Fault(rogatory.NotFound, "search_missing", "request %s is not in the index of the search", x.Request)
	}
	if tokens := tx.engine.crypt.tokens(tx.engine.indexKey); bytes.Equal(have.digest, tokens.digest(x)) {
		whole, err := tx.holds(have.doc, tokens.all(x.Grams))
		if err != nil || whole {
			return err
		}
	}
	return rogatory.Fault(rogatory.Stale, "search_stale", "the index of the search does not hold what request %s says", x.Request)
}

// checkedAtOnce is how many grams one query holds against the index: an engine's expression has its depth.
const checkedAtOnce = 100

// holds says whether the engine's index has all of the grams at the place.
func (tx *Tx) holds(doc int64, grams []string) (bool, error) {
	for some := range slices.Chunk(grams, checkedAtOnce) {
		f := SearchFilter{before: doc + 1, after: doc - 1, Limit: 1}
		f.Wants = some
		query, args := tx.engine.search(f)
		hits, err := list(tx, readHit, query, args...)
		if err != nil || len(hits) == 0 {
			return false, err
		}
	}
	return true, nil
}

// ClearIndex takes every request out of the index. Nothing is found until they are put in again.
func (tx *Tx) ClearIndex() error {
	for _, query := range tx.engine.clearIndex() {
		if _, err := tx.exec(query); err != nil {
			return err
		}
	}
	return nil
}

// SearchFilter says what to look for: all of it has to hold.
type SearchFilter struct {
	Wants []string         // grams
	Since rogatory.Instant // opened then or later; zero for any time
	Until rogatory.Instant // opened before; zero for any time
	// Before is Place of the last hit of the page before; zero for the first page.
	Before int64
	Limit  int // at most MaxRows

	before, after int64 // both excluded, in place of Before
}

// Hit is a request that was found, and its place in the index: later ones were opened later, or recorded.
type Hit struct {
	Place   int64
	Request Request
}

func readHit(scan func(...any) error) (h Hit, err error) {
	r := &h.Request
	err = scan(&h.Place, &r.ID, &r.Case, &r.Side, &r.Peer, &r.Kind, &r.State, &r.Version, &r.Updated, unseal("request.view", &r.View, &r.ID))
	return h, err
}

// Search returns the requests that have all that is wanted, those first that came into the index last.
func (tx *Tx) Search(f SearchFilter) ([]Hit, error) {
	for _, w := range f.Wants {
		if err := checkGram(w); err != nil {
			return nil, err
		}
	}
	if f.before = f.Before; f.before <= 0 {
		f.before = math.MaxInt64
	}
	f.Limit = atMost(f.Limit)
	f.Wants = tx.engine.crypt.tokens(tx.engine.indexKey).all(f.Wants)
	query, args := tx.engine.search(f)
	return list(tx, readHit, query, args...)
}

// statement is a text of SQL with its parameters.
type statement struct {
	query string
	args  []any
}

// index returns the statements that put a request into the index at its place, or change it there.
func (e engine) index(doc int64, there bool, x Indexed, digest []byte) []statement {
	if e.name == Postgres {
		// As text, not as text[]: the driver of database/sql has no arrays. A gram has no space in it.
		return []statement{{"INSERT INTO search_request (doc, request_id, opened, digest, grams) VALUES ($1, $2, $3, $4, array_to_tsvector(string_to_array($5, ' '))) " +
			"ON CONFLICT (doc) DO UPDATE SET opened = excluded.opened, digest = excluded.digest, grams = excluded.grams",
			[]any{doc, string(x.Request), int64(x.Opened), digest, strings.Join(x.Grams, " ")}}}
	}
	all := []statement{{"INSERT INTO search_request (doc, request_id, opened, digest) VALUES ($1, $2, $3, $4) " +
		"ON CONFLICT (doc) DO UPDATE SET opened = excluded.opened, digest = excluded.digest", []any{doc, string(x.Request), int64(x.Opened), digest}}}
	if there {
		all = append(all, statement{"DELETE FROM search_gram WHERE rowid = $1", []any{doc}})
	}
	return append(all, statement{"INSERT INTO search_gram (rowid, grams) VALUES ($1, $2)", []any{doc, strings.Join(x.Grams, " ")}})
}

func (e engine) clearIndex() []string {
	if e.name == Postgres {
		return []string{"DELETE FROM search_request"}
	}
	return []string{"DELETE FROM search_request", "INSERT INTO search_gram (search_gram) VALUES ('delete-all')"}
}

// search returns the query for a filter of tokens. They have no quotation marks in them, so that putting some around
// them is all the care they need.
func (e engine) search(f SearchFilter) (string, []any) {
	var (
		where = []string{"s.doc < $1", "s.doc > $2"}
		args  = []any{f.before, f.after}
		from  = "search_request s"
	)
	if len(f.Wants) > 0 {
		var wants []string
		if e.name == Postgres {
			for _, w := range f.Wants {
				wants = append(wants, "'"+w+"'")
			}
			where = append(where, "s.grams @@ CAST($3 AS tsquery)")
			args = append(args, strings.Join(wants, " & "))
		} else {
			for _, w := range f.Wants {
				wants = append(wants, `"`+w+`"`)
			}
			// The index is gone through from its end, and no further than the page needs.
			from = "search_gram g CROSS JOIN search_request s ON s.doc = g.rowid"
			where = []string{"g.rowid < $1", "g.rowid > $2", "search_gram MATCH $3"}
			args = append(args, strings.Join(wants, " AND "))
		}
	}
	if f.Since != 0 || f.Until != 0 {
		until := f.Until
		if until == 0 {
			until = math.MaxInt64
		}
		args = append(args, int64(f.Since), int64(until))
		where = append(where, fmt.Sprintf("s.opened >= $%d AND s.opened < $%d", len(args)-1, len(args)))
	}
	args = append(args, f.Limit)
	columns := "r." + strings.ReplaceAll(requestColumns, ", ", ", r.")
	order := "s.doc"
	if e.name == SQLite && len(f.Wants) > 0 {
		order = "g.rowid"
	}
	return fmt.Sprintf("SELECT s.doc, %s FROM %s JOIN request r ON r.id = s.request_id WHERE %s ORDER BY %s DESC LIMIT $%d", columns, from, strings.Join(where, " AND "), order, len(args)), args
}
