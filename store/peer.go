// SPDX-License-Identifier: Apache-2.0

package store

import "rogatory"

// Peer is how things stand with another State's node.
type Peer struct {
	State   rogatory.StateCode
	LastOut int64 // number of the last message to it
	LastIn  int64 // up to here all its messages have had their effect

	Failures  int              // deliveries that failed in a row
	OpenUntil rogatory.Instant // while it lies ahead nothing is claimed; after that one probe at a time until it is zero
	HeardAt   rogatory.Instant // when it last answered
}

func readPeer(scan func(...any) error) (p Peer, err error) {
	err = scan(&p.State, &p.LastOut, &p.LastIn, &p.Failures, &p.OpenUntil, &p.HeardAt)
	return p, err
}

const peerColumns = "state, last_out, last_in, failures, open_until, heard_at"

func checkPeer(code rogatory.StateCode) error {
	if !code.Valid() {
		return rogatory.Fault(rogatory.Invalid, "peer_invalid", "store peer %.10q: not a State's code", code)
	}
	return nil
}

// Peer returns a peer; one with which nothing has happened yet is all zero but for its code.
func (tx *Tx) Peer(code rogatory.StateCode) (Peer, error) {
	p, found, err := one(tx, readPeer, "SELECT "+peerColumns+" FROM peer WHERE state = $1", string(code))
	if err == nil && !found {
		p.State = code
	}
	return p, err
}

// Peers returns all peers with which something has happened, by code.
func (tx *Tx) Peers() ([]Peer, error) {
	return list(tx, readPeer, "SELECT "+peerColumns+" FROM peer ORDER BY state")
}

// NextSequence takes the next number for a message to the peer: 1, 2, 3, without gaps.
func (tx *Tx) NextSequence(peer rogatory.StateCode) (int64, error) {
	if err := checkPeer(peer); err != nil {
		return 0, err
	}
	n, err := returning(tx, number, "INSERT INTO peer (state, last_out) VALUES ($1, 1) ON CONFLICT (state) DO UPDATE SET last_out = peer.last_out + 1 RETURNING last_out", string(peer))
	if err != nil {
		return 0, err
	}
	return n[0], nil
}

// AdvanceIn records that all messages of the peer up to sequence have had their effect. It only
// goes forward: otherwise Conflict "sequence_passed".
func (tx *Tx) AdvanceIn(peer rogatory.StateCode, sequence int64) error {
	if err := checkPeer(peer); err != nil {
		return err
	}
	n, err := tx.exec("INSERT INTO peer (state, last_in) VALUES ($1, $2) ON CONFLICT (state) DO UPDATE SET last_in = excluded.last_in WHERE peer.last_in < excluded.last_in", string(peer), sequence)
	if err == nil && n == 0 {
		err = rogatory.Fault(rogatory.Conflict, "sequence_passed", "message %d of %s is passed already", sequence, peer)
	}
	return err
}

// SetHealth records how deliveries to the peer go.
func (tx *Tx) SetHealth(peer rogatory.StateCode, failures int, openUntil, heardAt rogatory.Instant) error {
	if err := checkPeer(peer); err != nil {
		return err
	}
	_, err := tx.exec("INSERT INTO peer (state, failures, open_until, heard_at) VALUES ($1, $2, $3, $4) ON CONFLICT (state) DO UPDATE SET failures = excluded.failures, open_until = excluded.open_until, heard_at = excluded.heard_at",
		string(peer), failures, int64(openUntil), int64(heardAt))
	return err
}
