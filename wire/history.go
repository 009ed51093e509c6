// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"rogatory"
	"rogatory/envelope"
	"rogatory/vault"
)

// What a State asks another about its own journal, after a start:
//
//	GET /federation/v1/journal                               what is held of it: the largest checkpoint, a proven fork
//	GET /federation/v1/journal/leaves/{from}                 public leaves of it, at most MaxLeaves
//	GET /federation/v1/journal/copies/{direction}/{sequence} one message with its receipt, of those between the two
//
// A State can ask about itself only: who asks is told by its certificate.
const (
	journalPath = "/federation/v1/journal"
	leavesPath  = journalPath + "/leaves/"
	copiesPath  = journalPath + "/copies/"
)

// MaxLeaves bounds the leaves of one answer: 256 KiB of them.
const MaxLeaves = 8192

// maxStanding bounds the JSON of a Standing in bytes: three checkpoints, escaped.
const maxStanding = 256 << 10

// maxCopy bounds the JSON of a Copy in bytes: an envelope and a receipt, in base64.
const maxCopy = (envelope.MaxEnvelope+maxReceipt)*4/3 + 1<<10

// Standing is what a State holds of another's journal.
type Standing struct {
	Checkpoint  string `json:"checkpoint,omitempty"`   // the largest that it cosigned, as the other signed it; empty if it never saw one
	Seen        string `json:"fork_seen,omitempty"`    // with Offered: two checkpoints of one size, which prove a fork
	Offered     string `json:"fork_offered,omitempty"` //
	Incarnation int64  `json:"incarnation"`            // the greatest that a message told; 0 if none did
	Leaves      int64  `json:"leaves"`                 // of the journal that are mirrored
}

// Copy is a message between two States with the receipt that answered it.
type Copy struct {
	Sealed  []byte `json:"sealed"` // sealed to the addressed authority of the State that asks
	Receipt []byte `json:"receipt"`
}

// The directions of a copy, as the State that asks sees them.
const (
	CopySent     = "sent"
	CopyReceived = "received"
)

// History is what the door needs to answer a State about its own journal. NotFound is an answer: there is none.
type History interface {
	Standing(ctx context.Context, peer rogatory.StateCode) (Standing, error)
	// Leaves returns mirrored leaves from an index on, each of 32 bytes, at most MaxLeaves.
	Leaves(ctx context.Context, peer rogatory.StateCode, from int64) ([]byte, error)
	Copy(ctx context.Context, peer rogatory.StateCode, direction string, sequence int64) (Copy, error)
}

// serveHistory adds the paths to a door that has a history.
func (s *Server) serveHistory(h History) {
	get := func(path string, answer func(x *exchange) error) {
		s.handle("GET "+path, func(x *exchange) error {
			release, err := s.quota.transfer(x.peer, vault.SegmentSize)
			if err != nil {
				return err
			}
			defer release()
			return answer(x)
		})
	}
	get(journalPath, func(x *exchange) error {
		v, err := h.Standing(x.r.Context(), x.peer)
		if err != nil {
			return err
		}
		return x.answerJSON(v)
	})
	get(leavesPath+"{from}", func(x *exchange) error {
		from, err := offset(x.r.PathValue("from"))
		if err != nil {
			return err
		}
		b, err := h.Leaves(x.r.Context(), x.peer, from)
		if err != nil {
			return err
		}
		return x.answer(mediaTypeData, b)
	})
	get(copiesPath+"{direction}/{sequence}", func(x *exchange) error {
		sequence, err := offset(x.r.PathValue("sequence"))
		if err != nil {
			return err
		}
		direction := x.r.PathValue("direction")
		if direction != CopySent && direction != CopyReceived {
			return rogatory.Fault(rogatory.NotFound, "path_unknown", "copies are %s or %s, not %.20q", CopySent, CopyReceived, direction)
		}
		v, err := h.Copy(x.r.Context(), x.peer, direction, sequence)
		if err != nil {
			return err
		}
		return x.answerJSON(v)
	})
}

// Standing asks a State what it holds of our journal. What it returns is not verified.
func (c *Client) Standing(ctx context.Context, party rogatory.Party) (v Standing, err error) {
	return v, c.ask(ctx, party, journalPath, maxStanding, func(b []byte) error { return strictly(party.Code, b, &v) })
}

// Leaves asks a State for leaves of our journal from an index on. What it returns is not verified.
func (c *Client) Leaves(ctx context.Context, party rogatory.Party, from int64) (leaves [][leafSize]byte, err error) {
	err = c.ask(ctx, party, leavesPath+strconv.FormatInt(from, 10), MaxLeaves*leafSize, func(b []byte) error {
		if len(b)%leafSize != 0 {
			return strange(party.Code, "half a leaf")
		}
		for ; len(b) > 0; b = b[leafSize:] {
			leaves = append(leaves, [leafSize]byte(b[:leafSize]))
		}
		return nil
	})
	return leaves, err
}

// Copy asks a State for its copy of a message that we sent to it or received from it: NotFound if it has none. What it
// returns is not verified.
func (c *Client) Copy(ctx context.Context, party rogatory.Party, direction string, sequence int64) (v Copy, err error) {
	return v, c.ask(ctx, party, fmt.Sprintf("%s%s/%d", copiesPath, direction, sequence), maxCopy, func(b []byte) error { return strictly(party.Code, b, &v) })
}

func (c *Client) ask(ctx context.Context, party rogatory.Party, path string, limit int64, take func([]byte) error) error {
	return c.exchange(ctx, party, http.MethodGet, path, nil, func(_ *http.Response, body io.Reader) error {
		b, err := readBounded(party.Code, body, limit)
		if err != nil {
			return err
		}
		return take(b)
	})
}

func strictly(peer rogatory.StateCode, b []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return strange(peer, "JSON that is not of the protocol: %v", err)
	}
	if d.More() {
		return strange(peer, "more than one value")
	}
	return nil
}
