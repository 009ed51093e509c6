// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/journal"
)

// MaxBody bounds the body of a journal entry in bytes. Entries describe; what they describe lies in
// messages and in the vault.
const MaxBody = 1 << 20

// Entry is one entry of the journal. Index counts from zero and is given by Append.
type Entry struct {
	Index   int64
	At      rogatory.Instant
	Type    rogatory.EntryType
	Case    rogatory.CaseID    // may be empty
	Request rogatory.RequestID // may be empty
	Body    []byte
	Salt    [journal.SaltSize]byte // random, for this entry only
}

// noSalt stands in the column of salts: who knows salt and leaf can try bodies, so that the salt is sealed with the body,
// before it.
var noSalt [journal.SaltSize]byte

// sealed is what the entry at an index commits to, on its way into the store.
func (e Entry) sealed(index int64) sealed {
	return seal("journal_entry.body", slices.Concat(e.Salt[:], e.Body), index)
}

// Entries are written in statements of so many rows. Larger ones gain nothing.
var rowsPerStatement = [...]int{64, 8, 1}

// state reads the journal's size and root.
func (tx *Tx) state(query string) (size int64, root journal.Hash, err error) {
	_, found, err := one(tx, func(scan func(...any) error) (struct{}, error) {
		return struct{}{}, scan(&size, digest(&root))
	}, query)
	if err == nil && !found {
		err = rogatory.Fault(rogatory.Damaged, "journal_damaged", "the journal has no state")
	}
	return size, root, err
}

// readEdge reads the right edge of the journal and holds it against the recorded root.
func (tx *Tx) readEdge() (journal.Edge, error) {
	size, root, err := tx.state("SELECT size, root FROM journal_state WHERE id = 1")
	if err != nil {
		return journal.Edge{}, err
	}
	edge, err := journal.ReadEdge(size, tx)
	if err == nil && edge.Root() != root {
		err = rogatory.Fault(rogatory.Damaged, "journal_damaged", "the hashes of the journal's %d entries do not lead to its root", size).
			WithHint("run fsck, restore")
	}
	return edge, err
}

// Append adds entries to the journal, with their leaves and hashes, and returns the index of the
// first. Their Index is not read. A missing salt is refused: without it a body could be guessed
// from the public leaf.
func (tx *Tx) Append(entries ...Entry) (first int64, err error) {
	if !tx.write {
		return 0, rogatory.Fault(rogatory.Internal, "read_only", "append within a view")
	}
	first = tx.edge.Size()
	leaves := make([]journal.Leaf, len(entries))
	args := make([]any, 0, 8*len(entries))
	for i, e := range entries {
		if len(e.Body) > MaxBody {
			return 0, rogatory.Fault(rogatory.Invalid, "entry_invalid", "append entry of type %q: body of %d bytes, at most %d are allowed", e.Type, len(e.Body), MaxBody)
		}
		if e.Salt == ([journal.SaltSize]byte{}) || e.Type == "" {
			return 0, rogatory.Fault(rogatory.Invalid, "entry_invalid", "append entry of type %q: type or salt is missing", e.Type)
		}
		for _, s := range []string{string(e.Type), string(e.Case), string(e.Request)} {
			if err := checkText("entry", s); err != nil {
				return 0, err
			}
		}
		leaves[i] = journal.Commit(e.Salt, e.Body)
		args = append(args, first+int64(i), int64(e.At), string(e.Type), string(e.Case), string(e.Request),
			entries[i].sealed(first+int64(i)), noSalt[:], leaves[i][:])
	}
	edge, hashes, err := tx.edge.Append(leaves)
	if err != nil {
		return 0, rogatory.Fault(rogatory.Internal, "journal_full", "append %d entries: %w", len(entries), err)
	}
	if err := tx.insert("journal_entry (entry_index, at, type, case_id, request_id, body, salt, leaf)", 8, args); err != nil {
		return 0, err
	}
	args = make([]any, 0, 2*len(hashes))
	next := tlog.StoredHashCount(first)
	for i := range hashes {
		args = append(args, next+int64(i), hashes[i][:])
	}
	if err := tx.insert("journal_hash (hash_index, hash)", 2, args); err != nil {
		return 0, err
	}
	tx.edge = edge // written to journal_state once, before the commit
	return first, nil
}

// insert writes rows of so many columns, many at once.
func (tx *Tx) insert(table string, columns int, args []any) error {
	for _, rows := range rowsPerStatement {
		if len(args) < rows*columns {
			continue
		}
		var query strings.Builder
		query.WriteString("INSERT INTO " + table + " VALUES ")
		for p := 0; p < rows*columns; p++ {
			switch {
			case p == 0:
				query.WriteByte('(')
			case p%columns == 0:
				query.WriteString("), (")
			default:
				query.WriteString(", ")
			}
			if tx.engine.name == Postgres {
				fmt.Fprintf(&query, "$%d", p+1)
			} else {
				query.WriteByte('?') // "$1" is a name to SQLite, and it looks names up one by one: hundreds cost more than the rows
			}
		}
		query.WriteByte(')')
		for text := query.String(); len(args) >= rows*columns; args = args[rows*columns:] {
			if _, err := tx.exec(text, args[:rows*columns]...); err != nil {
				return err
			}
		}
	}
	return nil
}

// Size returns the number of entries in the journal, those of this transaction included.
func (tx *Tx) Size() (int64, error) {
	if tx.write {
		return tx.edge.Size(), tx.ready()
	}
	size, _, err := tx.state("SELECT size, root FROM journal_state WHERE id = 1")
	return size, err
}

const entryColumns = "entry_index, at, type, case_id, request_id, body, leaf"

// readEntry reads an entry and opens its commitment, so that a changed body, salt or leaf is found
// before it is served. Of one whose content is lost nothing but the leaf is left, and nothing is opened: whether it
// may be lost, fsck asks the journal.
func readEntry(scan func(...any) error) (e Entry, err error) {
	var leaf journal.Leaf
	var content []byte
	if err := scan(&e.Index, &e.At, &e.Type, &e.Case, &e.Request, unseal("journal_entry.body", &content, &e.Index), digest(&leaf)); err != nil {
		return Entry{}, err
	}
	if len(content) >= journal.SaltSize {
		e.Salt, e.Body = [journal.SaltSize]byte(content), content[journal.SaltSize:]
	}
	if len(content) < journal.SaltSize || !e.lost() && journal.Commit(e.Salt, e.Body) != leaf {
		return Entry{}, rogatory.Fault(rogatory.Damaged, "entry_damaged", "entry %d does not match its leaf", e.Index).
			WithHint("run fsck, restore")
	}
	return e, nil
}

// Entry returns the entry at an index: NotFound "entry_unknown" if there is none, Damaged
// "entry_damaged" if it does not match its leaf.
func (tx *Tx) Entry(index int64) (Entry, error) {
	e, found, err := one(tx, readEntry, "SELECT "+entryColumns+" FROM journal_entry WHERE entry_index = $1", index)
	if err == nil && !found {
		err = unknown("entry", index)
	}
	return e, err
}

// Entries returns at most n entries from index start on.
func (tx *Tx) Entries(start int64, n int) ([]Entry, error) {
	return list(tx, readEntry, "SELECT "+entryColumns+" FROM journal_entry WHERE entry_index >= $1 ORDER BY entry_index LIMIT $2", start, atMost(n))
}

// EntriesOf returns at most limit entries of a request, after the index given; -1 begins with the
// first.
func (tx *Tx) EntriesOf(request rogatory.RequestID, after int64, limit int) ([]Entry, error) {
	// request_id <> '' is what lets the index be used.
	return list(tx, readEntry, "SELECT "+entryColumns+" FROM journal_entry WHERE request_id = $1 AND request_id <> '' AND entry_index > $2 ORDER BY entry_index LIMIT $3",
		string(request), after, atMost(limit))
}

// Leaves returns at most n leaves from index start on, as they stand in the public log.
func (tx *Tx) Leaves(start int64, n int) ([]journal.Leaf, error) {
	return list(tx, func(scan func(...any) error) (leaf journal.Leaf, err error) {
		err = scan(digest(&leaf))
		return leaf, err
	}, "SELECT leaf FROM journal_entry WHERE entry_index >= $1 ORDER BY entry_index LIMIT $2", start, atMost(n))
}

// hashesPerQuery are the lengths of the lists that hashes are asked for with, so that there are few
// SQL texts. A proof takes one query, of 32 up to some million entries; a whole tile one of 256.
var hashesPerQuery = [...]int{1, 8, 16, 32, 64, 256}

// ReadHashes returns the stored hashes of the journal's tree at the given indexes. It makes Tx a
// journal.Reader. An index beyond the tree is NotFound "hash_unknown".
func (tx *Tx) ReadHashes(indexes []int64) ([]journal.Hash, error) {
	type stored struct {
		index int64
		hash  journal.Hash
	}
	found := make(map[int64]journal.Hash, len(indexes))
	for rest := indexes; len(rest) > 0; {
		n := hashesPerQuery[len(hashesPerQuery)-1]
		for _, size := range hashesPerQuery {
			if size >= len(rest) {
				n = size
				break
			}
		}
		args := make([]any, n)
		var query strings.Builder
		query.WriteString("SELECT hash_index, hash FROM journal_hash WHERE hash_index IN (")
		for i := range args {
			args[i] = rest[min(i, len(rest)-1)] // the last is repeated
			if i > 0 {
				query.WriteString(", ")
			}
			fmt.Fprintf(&query, "$%d", i+1)
		}
		query.WriteByte(')')
		rows, err := list(tx, func(scan func(...any) error) (s stored, err error) {
			err = scan(&s.index, digest(&s.hash))
			return s, err
		}, query.String(), args...)
		if err != nil {
			return nil, err
		}
		for _, s := range rows {
			found[s.index] = s.hash
		}
		rest = rest[min(n, len(rest)):]
	}
	hashes := make([]journal.Hash, len(indexes))
	for i, index := range indexes {
		h, ok := found[index]
		if !ok {
			return nil, unknown("hash", index)
		}
		hashes[i] = h
	}
	return hashes, nil
}
