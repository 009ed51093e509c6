// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

	"rogatory"
	"rogatory/journal"
)

// Witnessed is the last checkpoint of another State's journal that this node cosigned.
type Witnessed struct {
	Origin string
	Size   int64
	Root   journal.Hash
	Note   []byte
	At     rogatory.Instant
}

// Witnessed returns what was last cosigned of a journal, and false if nothing was.
func (tx *Tx) Witnessed(origin string) (Witnessed, bool, error) {
	return one(tx, func(scan func(...any) error) (w Witnessed, err error) {
		err = scan(&w.Origin, &w.Size, digest(&w.Root), &w.Note, &w.At)
		return w, err
	}, "SELECT origin, size, root, note, at FROM witnessed WHERE origin = $1", origin)
}

// SetWitnessed remembers a checkpoint, which must not be smaller than the one remembered nor have
// another root at the same size: Conflict "witness_contradicted". A witness that forgot would
// cosign a fork.
func (tx *Tx) SetWitnessed(w Witnessed) error {
	if err := checkText("origin", w.Origin); err != nil {
		return err
	}
	n, err := tx.exec(`INSERT INTO witnessed (origin, size, root, note, at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (origin) DO UPDATE SET size = excluded.size, root = excluded.root, note = excluded.note, at = excluded.at
		WHERE witnessed.size < excluded.size OR (witnessed.size = excluded.size AND witnessed.root = excluded.root)`,
		w.Origin, w.Size, w.Root[:], blob(w.Note), int64(w.At))
	if err == nil && n == 0 {
		err = rogatory.Fault(rogatory.Conflict, "witness_contradicted", "remember %s at %d: that contradicts what was cosigned", w.Origin, w.Size)
	}
	return err
}

// Fork is proof that a journal's State signed two histories.
type Fork struct {
	Origin        string
	Seen, Offered []byte // signed notes
	At            rogatory.Instant
}

// AddFork keeps a proof. The same proof is kept once.
func (tx *Tx) AddFork(f Fork) error {
	if err := checkText("origin", f.Origin); err != nil {
		return err
	}
	// Neither origins nor signed notes hold a zero byte, so it separates them.
	d := rogatory.DigestOf(slices.Concat([]byte(f.Origin), []byte{0}, f.Seen, []byte{0}, f.Offered))
	_, err := tx.exec("INSERT INTO fork (digest, origin, seen, offered, at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
		d[:], f.Origin, blob(f.Seen), blob(f.Offered), int64(f.At))
	return err
}

// Forks returns the proofs, the oldest first, at most MaxRows.
func (tx *Tx) Forks() ([]Fork, error) {
	return list(tx, func(scan func(...any) error) (f Fork, err error) {
		err = scan(&f.Origin, &f.Seen, &f.Offered, &f.At)
		return f, err
	}, "SELECT origin, seen, offered, at FROM fork ORDER BY at, digest LIMIT $1", MaxRows)
}

// Setting returns a small fact about the node itself, and false if it was never set.
func (tx *Tx) Setting(name string) ([]byte, bool, error) {
	return one(tx, func(scan func(...any) error) (value []byte, err error) {
		err = scan(unseal("setting.value", &value, name))
		return value, err
	}, "SELECT value FROM setting WHERE name = $1", name)
}

// SetSetting keeps a small fact about the node itself, such as how often it was started.
func (tx *Tx) SetSetting(name string, value []byte) error {
	if err := checkText("setting", name); err != nil {
		return err
	}
	_, err := tx.exec("INSERT INTO setting (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, seal("setting.value", value, name))
	return err
}
