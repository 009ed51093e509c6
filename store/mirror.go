// SPDX-License-Identifier: Apache-2.0

package store

import (
	"slices"

	"rogatory"
	"rogatory/journal"
)

// MirrorTile is how many leaves of another journal lie in one row.
const MirrorTile = 256

// MirrorEdge returns the right edge of the mirror of a journal: how far it is held here, and checked. The edge of a
// journal that is not held is the empty one.
func (tx *Tx) MirrorEdge(origin string) (journal.Edge, error) {
	b, found, err := one(tx, func(scan func(...any) error) (b []byte, err error) {
		err = scan(&b)
		return b, err
	}, "SELECT edge FROM mirrored WHERE origin = $1", origin)
	if err != nil || !found {
		return journal.Edge{}, err
	}
	edge, err := journal.ParseEdge(b)
	if err != nil {
		return journal.Edge{}, rogatory.Fault(rogatory.Damaged, "mirror_damaged", "read the mirror of %s: %w", origin, err)
	}
	return edge, nil
}

// MirrorLeaves returns at most n leaves of a mirrored journal from index start on.
func (tx *Tx) MirrorLeaves(origin string, start int64, n int) ([]journal.Leaf, error) {
	n = atMost(n)
	rows, err := list(tx, func(scan func(...any) error) (b []byte, err error) {
		err = scan(&b)
		return b, err
	}, "SELECT leaves FROM mirror WHERE origin = $1 AND tile >= $2 ORDER BY tile LIMIT $3", origin, start/MirrorTile, n/MirrorTile+2)
	if err != nil {
		return nil, err
	}
	var all []journal.Leaf
	for _, row := range rows {
		for b := range slices.Chunk(row, len(journal.Leaf{})) {
			if len(b) != len(journal.Leaf{}) {
				return nil, rogatory.Fault(rogatory.Damaged, "mirror_damaged", "the mirror of %s has half a leaf", origin)
			}
			all = append(all, journal.Leaf(b))
		}
	}
	skip := min(int(start%MirrorTile), len(all))
	return all[skip:min(skip+n, len(all))], nil
}

// Mirror adds leaves to the mirror of a journal, after the edge that is held. The caller has checked that the edge with
// them leads to a checkpoint that the journal signed.
func (tx *Tx) Mirror(origin string, leaves []journal.Leaf) error {
	if err := checkText("origin", origin); err != nil {
		return err
	}
	edge, err := tx.MirrorEdge(origin)
	if err != nil {
		return err
	}
	at := edge.Size()
	if edge, _, err = edge.Append(leaves); err != nil {
		return err
	}
	held, err := tx.MirrorLeaves(origin, at/MirrorTile*MirrorTile, int(at%MirrorTile))
	if at%MirrorTile == 0 {
		held, err = nil, nil
	}
	if err != nil {
		return err
	}
	tile := at / MirrorTile
	for some := range slices.Chunk(slices.Concat(held, leaves), MirrorTile) {
		b := make([]byte, 0, len(some)*len(journal.Leaf{}))
		for _, leaf := range some {
			b = append(b, leaf[:]...)
		}
		if _, err := tx.exec("INSERT INTO mirror (origin, tile, leaves) VALUES ($1, $2, $3) ON CONFLICT (origin, tile) DO UPDATE SET leaves = excluded.leaves", origin, tile, b); err != nil {
			return err
		}
		tile++
	}
	_, err = tx.exec("INSERT INTO mirrored (origin, edge) VALUES ($1, $2) ON CONFLICT (origin) DO UPDATE SET edge = excluded.edge", origin, edge.Marshal())
	return err
}

// Kinds of misconduct.
const (
	MisconductClone = "clone" // two nodes of one State are alive: First and Second are two of its messages
	MisconductLapse = "lapse" // a witness lied or lost its memory: see journal.Lapse
)

// Misconduct is something that a party did and that no journal says, with what proves it.
type Misconduct struct {
	Kind          string
	Party         string // a State's code, or the name of a witness's key
	Origin        string // of the journal concerned, if any
	First, Second []byte
	At            rogatory.Instant
}

// AddMisconduct keeps a proof. The same proof is kept once.
func (tx *Tx) AddMisconduct(m Misconduct) error {
	for _, s := range []string{m.Kind, m.Party, m.Origin} {
		if err := checkText("misconduct", s); err != nil {
			return err
		}
	}
	d := rogatory.DigestOf(slices.Concat([]byte(m.Kind), []byte{0}, []byte(m.Party), []byte{0}, m.First, []byte{0}, m.Second))
	_, err := tx.exec("INSERT INTO misconduct (digest, kind, party, origin, first, second, at) VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING",
		d[:], m.Kind, m.Party, m.Origin, seal("misconduct.first", m.First, d[:]), seal("misconduct.second", m.Second, d[:]), int64(m.At))
	return err
}

// Misconducts returns the proofs, the oldest first, at most MaxRows.
func (tx *Tx) Misconducts() ([]Misconduct, error) {
	return list(tx, func(scan func(...any) error) (m Misconduct, err error) {
		var d rogatory.Digest
		err = scan(digest(&d), &m.Kind, &m.Party, &m.Origin, unseal("misconduct.first", &m.First, &d), unseal("misconduct.second", &m.Second, &d), &m.At)
		return m, err
	}, "SELECT digest, kind, party, origin, first, second, at FROM misconduct ORDER BY at, digest LIMIT $1", MaxRows)
}
