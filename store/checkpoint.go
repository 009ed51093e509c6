// SPDX-License-Identifier: Apache-2.0

package store

import (
	"rogatory"
	"rogatory/journal"
)

// Checkpoint is a statement that the node signed about its journal. A node never signs two roots
// for one size, and what it signed it keeps.
type Checkpoint struct {
	Size      int64
	At        rogatory.Instant
	Root      journal.Hash
	Note      []byte           // signed note, with the cosignatures that have come
	Stamp     []byte           // RFC 3161 token over the note's text, nil if there is none yet
	StampedAt rogatory.Instant // zero if there is none yet
}

// SaveCheckpoint records a signed checkpoint; Stamp and StampedAt are not read. The root must be
// that of the journal's first Size entries, otherwise Damaged "journal_damaged". A checkpoint of
// that size is kept as it is if its root is the same, otherwise Conflict "checkpoint_forked".
//
// To be sure of P2, save before the note is shown to anyone.
func (tx *Tx) SaveCheckpoint(c Checkpoint) error {
	size, err := tx.Size()
	if err != nil {
		return err
	}
	if c.Size < 0 || c.Size > size {
		return rogatory.Fault(rogatory.Invalid, "checkpoint_invalid", "save checkpoint of size %d: the journal has %d entries", c.Size, size)
	}
	n, err := tx.exec("INSERT INTO checkpoint (size, at, root, note, stamp, stamped_at) VALUES ($1, $2, $3, $4, $5, 0) ON CONFLICT (size) DO NOTHING",
		c.Size, int64(c.At), c.Root[:], blob(c.Note), []byte{})
	if err != nil {
		return err
	}
	if n == 0 {
		have, _, err := tx.CheckpointAtLeast(c.Size)
		if err == nil && have.Root != c.Root {
			err = rogatory.Fault(rogatory.Conflict, "checkpoint_forked", "save checkpoint of size %d: one with another root is stored", c.Size)
		}
		return err
	}
	root, err := journal.Root(c.Size, tx)
	if err != nil {
		return err
	}
	if root != c.Root {
		// As an engine's error, so that the row above goes too.
		return tx.fail("save checkpoint", rogatory.Fault(rogatory.Damaged, "journal_damaged", "the root of %d entries is %s, the checkpoint says %s", c.Size, root, c.Root))
	}
	return nil
}

const checkpointColumns = "size, at, root, note, stamp, stamped_at"

func readCheckpoint(scan func(...any) error) (c Checkpoint, err error) {
	err = scan(&c.Size, &c.At, digest(&c.Root), &c.Note, &c.Stamp, &c.StampedAt)
	return c, err
}

// LatestCheckpoint returns the greatest checkpoint, and false if there is none.
func (tx *Tx) LatestCheckpoint() (Checkpoint, bool, error) {
	return one(tx, readCheckpoint, "SELECT "+checkpointColumns+" FROM checkpoint ORDER BY size DESC LIMIT 1")
}

// CheckpointAtLeast returns the smallest checkpoint of at least that size, which is the first to
// hold entry size-1, and false if there is none.
func (tx *Tx) CheckpointAtLeast(size int64) (Checkpoint, bool, error) {
	return one(tx, readCheckpoint, "SELECT "+checkpointColumns+" FROM checkpoint WHERE size >= $1 ORDER BY size LIMIT 1", size)
}

// StampedAtLeast returns the smallest time-stamped checkpoint of at least that size, which proves
// the earliest time for entry size-1, and false if there is none.
func (tx *Tx) StampedAtLeast(size int64) (Checkpoint, bool, error) {
	return one(tx, readCheckpoint, "SELECT "+checkpointColumns+" FROM checkpoint WHERE size >= $1 AND stamped_at <> 0 ORDER BY size LIMIT 1", size)
}

// LatestStamped returns the greatest time-stamped checkpoint, and false if there is none.
func (tx *Tx) LatestStamped() (Checkpoint, bool, error) {
	return one(tx, readCheckpoint, "SELECT "+checkpointColumns+" FROM checkpoint WHERE stamped_at <> 0 ORDER BY size DESC LIMIT 1")
}

// UpdateCheckpoint replaces the note of the checkpoint of that size by one with more cosignatures.
func (tx *Tx) UpdateCheckpoint(size int64, note []byte) error {
	n, err := tx.exec("UPDATE checkpoint SET note = $1 WHERE size = $2", blob(note), size)
	if err == nil && n == 0 {
		err = unknown("checkpoint", size)
	}
	return err
}

// SaveStamp adds the time-stamp token of the checkpoint of that size. The first one stays: another
// is Conflict "checkpoint_stamped".
func (tx *Tx) SaveStamp(size int64, token []byte, at rogatory.Instant) error {
	if len(token) == 0 || at == 0 {
		return rogatory.Fault(rogatory.Invalid, "checkpoint_invalid", "save stamp of checkpoint %d: token or time is missing", size)
	}
	return tx.change("checkpoint", size,
		rogatory.Fault(rogatory.Conflict, "checkpoint_stamped", "checkpoint %d has a time-stamp already", size),
		"SELECT size FROM checkpoint WHERE size = $1", []any{size},
		"UPDATE checkpoint SET stamp = $1, stamped_at = $2 WHERE size = $3 AND stamped_at = 0", token, int64(at), size)
}
