// SPDX-License-Identifier: Apache-2.0

package store

import (
	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/journal"
)

// Refilled is an entry that comes back from others: its leaf, and what it commits to if anybody still has that.
type Refilled struct {
	Entry // a zero Salt means that the content is lost: only the leaf is left
	Leaf  journal.Leaf
}

// lost tells a row whose content is lost. It says nothing that could be believed, so the whole of it is empty.
func (e Entry) lost() bool {
	return e.Type == rogatory.ContentLost && e.Salt == ([journal.SaltSize]byte{}) && len(e.Body) == 0
}

// Refill appends entries that the journal had before, each under the leaf it had. One with content that its leaf does not
// commit to is refused. The caller compares the root with one that witnesses hold.
func (tx *Tx) Refill(entries []Refilled) error {
	if !tx.write {
		return rogatory.Fault(rogatory.Internal, "read_only", "refill within a view")
	}
	first := tx.edge.Size()
	leaves := make([]journal.Leaf, len(entries))
	args := make([]any, 0, 8*len(entries))
	for i, e := range entries {
		if e.Salt == ([journal.SaltSize]byte{}) {
			e.Entry = Entry{Type: rogatory.ContentLost}
		} else if journal.Commit(e.Salt, e.Body) != e.Leaf {
			return rogatory.Fault(rogatory.Untrusted, "refill_wrong", "what is offered as entry %d is not what its leaf commits to", first+int64(i))
		}
		leaves[i] = e.Leaf
		args = append(args, first+int64(i), int64(e.At), string(e.Type), string(e.Case), string(e.Request), e.Entry.sealed(first+int64(i)), noSalt[:], e.Leaf[:])
	}
	edge, hashes, err := tx.edge.Append(leaves)
	if err != nil {
		return rogatory.Fault(rogatory.Internal, "journal_full", "refill %d entries: %w", len(entries), err)
	}
	if err := tx.insert("journal_entry (entry_index, at, type, case_id, request_id, body, salt, leaf)", 8, args); err != nil {
		return err
	}
	rows := make([]any, 0, 2*len(hashes))
	next := tlog.StoredHashCount(first)
	for i := range hashes {
		rows = append(rows, next+int64(i), hashes[i][:])
	}
	if err := tx.insert("journal_hash (hash_index, hash)", 2, rows); err != nil {
		return err
	}
	tx.edge = edge
	return nil
}

// LostEntries returns the indexes of at most limit entries whose content is lost, from one on.
func (tx *Tx) LostEntries(from int64, limit int) ([]int64, error) {
	return list(tx, number, "SELECT entry_index FROM journal_entry WHERE type = 'content.lost' AND entry_index >= $1 ORDER BY entry_index LIMIT $2", from, atMost(limit))
}

// Starts returns at most limit entries that record a start of the node, the latest first.
func (tx *Tx) Starts(limit int) ([]Entry, error) {
	return list(tx, readEntry, "SELECT "+entryColumns+" FROM journal_entry WHERE type = 'node.started' ORDER BY entry_index DESC LIMIT $1", atMost(limit))
}

// Forget removes what is derived from the journal, so that it can be derived again: files of requests with their
// deadlines, exhibits and places in queue and index. Records of messages and deliveries stay, but for those from entry
// from on that no journal entry names any more: their numbers are given again. Call it only within a refill.
func (tx *Tx) Forget(from int64) error {
	if err := tx.ClearIndex(); err != nil {
		return err
	}
	if _, err := tx.exec("DELETE FROM outbox WHERE message IN (SELECT m.id FROM message m JOIN journal_entry e ON e.entry_index = m.entry_index WHERE m.direction = 'out' AND m.entry_index >= $1 AND e.type = 'content.lost')", from); err != nil {
		return err
	}
	for _, query := range []string{
		"DELETE FROM message WHERE entry_index >= $1 AND entry_index IN (SELECT entry_index FROM journal_entry WHERE type = 'content.lost')",
		"DELETE FROM checkpoint WHERE size > $1 AND size > (SELECT size FROM journal_state WHERE id = 1)",
	} {
		if _, err := tx.exec(query, from); err != nil {
			return err
		}
	}
	for _, query := range []string{"DELETE FROM deadline", "DELETE FROM exhibit", "DELETE FROM request"} {
		if _, err := tx.exec(query); err != nil {
			return err
		}
	}
	return nil
}

// SetNumbers says where the numbers of messages to and from a peer stand, after a refill.
func (tx *Tx) SetNumbers(peer rogatory.StateCode, out, in int64) error {
	if err := checkPeer(peer); err != nil {
		return err
	}
	_, err := tx.exec("INSERT INTO peer (state, last_out, last_in) VALUES ($1, $2, $3) ON CONFLICT (state) DO UPDATE SET last_out = excluded.last_out, last_in = excluded.last_in", string(peer), out, in)
	return err
}

// Incarnation returns the greatest number of starts that a peer has told, and the number of the first message that told
// it; zero if it told none.
func (tx *Tx) Incarnation(peer rogatory.StateCode) (number, from int64, err error) {
	type told struct{ number, from int64 }
	t, _, err := one(tx, func(scan func(...any) error) (t told, err error) {
		err = scan(&t.number, &t.from)
		return t, err
	}, "SELECT incarnation, incarnation_from FROM peer WHERE state = $1", string(peer))
	return t.number, t.from, err
}

// SetIncarnation remembers what a peer told.
func (tx *Tx) SetIncarnation(peer rogatory.StateCode, number, from int64) error {
	if err := checkPeer(peer); err != nil {
		return err
	}
	_, err := tx.exec("INSERT INTO peer (state, incarnation, incarnation_from) VALUES ($1, $2, $3) ON CONFLICT (state) DO UPDATE SET incarnation = excluded.incarnation, incarnation_from = excluded.incarnation_from", string(peer), number, from)
	return err
}

// SweepQueue takes what is no request any more out of the queue.
func (tx *Tx) SweepQueue() error {
	_, err := tx.exec("DELETE FROM queue WHERE request_id NOT IN (SELECT id FROM request)")
	return err
}

// FirstMissing returns the smallest number of a message to or from a peer that no entry before the given one records.
func (tx *Tx) FirstMissing(peer rogatory.StateCode, d Direction, before int64) (int64, error) {
	n, _, err := one(tx, number, `SELECT CASE WHEN EXISTS (SELECT 1 FROM message f WHERE f.peer = $1 AND f.direction = $2 AND f.sequence = 1 AND f.entry_index < $3) THEN
		(SELECT min(m.sequence) + 1 FROM message m WHERE m.peer = $1 AND m.direction = $2 AND m.entry_index < $3
			AND NOT EXISTS (SELECT 1 FROM message x WHERE x.peer = m.peer AND x.direction = m.direction AND x.sequence = m.sequence + 1 AND x.entry_index < $3))
		ELSE 1 END`, string(peer), string(d), before)
	return n, err
}

// ExhibitsFrom returns at most limit exhibits after one, in the order of their identifiers.
func (tx *Tx) ExhibitsFrom(after rogatory.ExhibitID, limit int) ([]Exhibit, error) {
	return list(tx, readExhibit, "SELECT "+exhibitColumns+" FROM exhibit WHERE id > $1 ORDER BY id LIMIT $2", string(after), atMost(limit))
}
