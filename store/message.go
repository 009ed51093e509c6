// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"

	"rogatory"
)

// Direction says which way a message or exhibit went.
type Direction string

// The directions, as seen from this node.
const (
	In  Direction = "in"
	Out Direction = "out"
)

// Message is a message as it was sent or received, with the receipt that answered it. A message is
// known by its direction and ID; each peer's sequence numbers are used once in each direction.
type Message struct {
	ID        rogatory.MessageID
	Request   rogatory.RequestID
	Case      rogatory.CaseID
	Direction Direction
	Peer      rogatory.StateCode
	Sequence  int64
	Act       rogatory.Act
	Digest    rogatory.Digest
	At        rogatory.Instant
	Entry     int64 // index in the journal
	Applied   bool  // has had its effect; an inbound one that came too early waits for those before it
	Refused   bool  // the receipt is a refusal
	Container []byte
	Receipt   []byte // empty until it is there
}

const messageColumns = "id, request_id, case_id, direction, peer, sequence, act, digest, at, entry_index, applied, refused, container, receipt"

func readMessage(scan func(...any) error) (m Message, err error) {
	err = scan(&m.ID, &m.Request, &m.Case, &m.Direction, &m.Peer, &m.Sequence, &m.Act, digest(&m.Digest),
		&m.At, &m.Entry, &m.Applied, &m.Refused,
		unseal("message.container", &m.Container, &m.Direction, &m.ID), unseal("message.receipt", &m.Receipt, &m.Direction, &m.ID))
	return m, err
}

// InsertMessage adds a message. One by that ID is Conflict "message_exists", another by that number
// Conflict "sequence_taken".
func (tx *Tx) InsertMessage(m Message) error {
	if !m.ID.Valid() || !m.Peer.Valid() || m.Sequence < 1 || (m.Direction != In && m.Direction != Out) {
		return rogatory.Fault(rogatory.Invalid, "message_invalid", "store message %.40q %.5q %.10q number %d: malformed", m.ID, m.Direction, m.Peer, m.Sequence)
	}
	for _, s := range []string{string(m.Request), string(m.Case), string(m.Act)} {
		if err := checkText("message", s); err != nil {
			return err
		}
	}
	n, err := tx.exec("INSERT INTO message ("+messageColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT DO NOTHING",
		string(m.ID), string(m.Request), string(m.Case), string(m.Direction), string(m.Peer), m.Sequence, string(m.Act),
		m.Digest[:], int64(m.At), m.Entry, m.Applied, m.Refused,
		seal("message.container", m.Container, m.Direction, m.ID), seal("message.receipt", m.Receipt, m.Direction, m.ID))
	if err != nil || n == 1 {
		return err
	}
	_, err = tx.Message(m.Direction, m.ID)
	switch rogatory.KindOf(err) {
	case "":
		return exists("message", m.ID)
	case rogatory.NotFound:
		return rogatory.Fault(rogatory.Conflict, "sequence_taken", "another message %s %s has number %d", m.Direction, m.Peer, m.Sequence)
	}
	return err
}

// Message returns a message, NotFound "message_unknown" if there is none.
func (tx *Tx) Message(d Direction, id rogatory.MessageID) (Message, error) {
	m, found, err := one(tx, readMessage, "SELECT "+messageColumns+" FROM message WHERE direction = $1 AND id = $2", string(d), string(id))
	if err == nil && !found {
		err = unknown("message", id)
	}
	return m, err
}

// MessageBySequence returns the message with that number to or from the peer, NotFound
// "message_unknown" if there is none.
func (tx *Tx) MessageBySequence(d Direction, peer rogatory.StateCode, sequence int64) (Message, error) {
	m, found, err := one(tx, readMessage, "SELECT "+messageColumns+" FROM message WHERE direction = $1 AND peer = $2 AND sequence = $3", string(d), string(peer), sequence)
	if err == nil && !found {
		err = unknown("message", sequence)
	}
	return m, err
}

// SetApplied records that a message has had its effect. It does nothing the second time.
func (tx *Tx) SetApplied(d Direction, id rogatory.MessageID) error {
	n, err := tx.exec("UPDATE message SET applied = TRUE WHERE direction = $1 AND id = $2", string(d), string(id))
	if err == nil && n == 0 {
		err = unknown("message", id)
	}
	return err
}

// SetReceipt adds the receipt that answers a message, and whether it is a refusal. It does nothing
// the second time; a different receipt is Conflict "receipt_exists", for it may prove something.
func (tx *Tx) SetReceipt(d Direction, id rogatory.MessageID, receipt []byte, refused bool) error {
	if len(receipt) == 0 {
		return rogatory.Fault(rogatory.Invalid, "receipt_missing", "store receipt of message %s: it is empty", id)
	}
	n, err := tx.exec("UPDATE message SET receipt = $1, refused = $2 WHERE direction = $3 AND id = $4 AND length(receipt) = 0", seal("message.receipt", receipt, d, id), refused, string(d), string(id))
	if err != nil || n == 1 {
		return err
	}
	m, err := tx.Message(d, id)
	if err == nil && (!bytes.Equal(m.Receipt, receipt) || m.Refused != refused) {
		err = rogatory.Fault(rogatory.Conflict, "receipt_exists", "message %s has another receipt", id)
	}
	return err
}

// MessagesOf returns the messages of a request in the order of their entries, at most MaxRows.
func (tx *Tx) MessagesOf(request rogatory.RequestID) ([]Message, error) {
	return list(tx, readMessage, "SELECT "+messageColumns+" FROM message WHERE request_id = $1 ORDER BY entry_index, id LIMIT $2", string(request), MaxRows)
}

// Messages returns at most limit messages to or from a peer, from a sequence number on.
func (tx *Tx) Messages(peer rogatory.StateCode, d Direction, from int64, limit int) ([]Message, error) {
	return list(tx, readMessage, "SELECT "+messageColumns+" FROM message WHERE peer = $1 AND direction = $2 AND sequence >= $3 ORDER BY sequence LIMIT $4",
		string(peer), string(d), from, atMost(limit))
}

// Parked returns at most limit messages from a peer that have not had their effect, by sequence
// number, from one on.
func (tx *Tx) Parked(peer rogatory.StateCode, from int64, limit int) ([]Message, error) {
	return list(tx, readMessage, "SELECT "+messageColumns+" FROM message WHERE peer = $1 AND direction = 'in' AND NOT applied AND sequence >= $2 ORDER BY sequence LIMIT $3",
		string(peer), from, atMost(limit))
}
