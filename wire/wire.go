// SPDX-License-Identifier: Apache-2.0

// Package wire is the door between States: it carries sealed messages, signed receipts and sealed
// evidence over HTTPS, or on a courier's disk, and understands none of them.
//
// # What it is
//
// [Server] is the door that other States knock at, [Client] is how this State knocks at theirs, and
// [WriteCourier] and [ReadCourier] carry the same bytes in a folder when there is no line at all.
// Both sides of a connection show a certificate of their State (mutual TLS 1.3). The paths:
//
//	POST /federation/v1/messages                          one sealed message; answered by a signed receipt
//	GET  /federation/v1/exhibits/{root}/tree              the leaf hashes of an exhibit that was offered
//	GET  /federation/v1/exhibits/{root}/data              its age file, whole or by Range of whole segments
//	GET  /federation/v1/exhibits/{root}/missing           which segments the receiver still lacks
//	PUT  /federation/v1/exhibits/{root}/tree              the leaf hashes, brought by the sealing State
//	PUT  /federation/v1/exhibits/{root}/segments?first=N  consecutive whole segments from number N
//
// Errors are application/problem+json (RFC 9457) with the kind and the code of a [rogatory.Error], so
// that a refusal means the same on both sides.
//
// # What it promises
//
// Nothing of a request is read before the peer is known. Evidence is hashed again before it is
// sent, and before it is counted as received. Every step may be repeated: an interrupted transfer
// goes on with the segments that are missing. Memory is bounded by the named limits, whatever peers
// do and however large the evidence is. Each peer has its own allowance, and evidence and messages
// have separate ones, so neither another State nor a disk image delays an urgent request.
//
// # What it refuses
//
// Peers that the directory does not vouch for, bodies over their limit, ranges that cut a segment,
// evidence that was not offered, connections without progress, redirects, and TLS before 1.3.
//
// # What may be true after an error
//
// After a failed Deliver the message may have arrived: deliver it again, the receipt is the same.
// After a failed Pull or Push the segments already verified are kept, and the next attempt asks for
// the others. After a failed WriteCourier no parcel has its name, unless only the last sync of the
// folder around it failed: then the parcel is whole, and may lose its name if the power fails.
//
// # Whom it trusts
//
// The network is trusted with nothing but delay. A peer can waste its own allowance; a courier, or
// whoever takes the courier's disk, can lose what is on it and learn its size.
package wire

import (
	"context"
	"fmt"
	"time"

	"rogatory"
	"rogatory/envelope"
	"rogatory/vault"
)

const (
	messagesPath = "/federation/v1/messages"
	exhibitsPath = "/federation/v1/exhibits/"

	mediaTypeProblem = "application/problem+json"
	mediaTypeJSON    = "application/json"
	mediaTypeData    = "application/octet-stream"

	leafSize = 32 // of SHA-256, one for each segment

	// maxReceipt bounds a receipt container in bytes: 16 KiB of receipt, a signature with
	// certificates and time-stamps, and a journal proof of 128 KiB at most.
	maxReceipt = 1 << 20
	// maxPaddedReceipt is that of the longest with its padding.
	maxPaddedReceipt = maxReceipt + 64<<10

	// maxProblem bounds an error answer in bytes: five short members.
	maxProblem = 16 << 10

	// maxRanges bounds the ranges of one answer to "missing", and so its size to some 3 kB; who
	// has brought those asks again.
	maxRanges = 64

	// maxMissing bounds the JSON of that answer in bytes: maxRanges pairs of numbers up to
	// MaxSegments, with their names.
	maxMissing = 8 << 10

	// pace is how many bytes must pass in each idle period for a connection to count as alive: some
	// 70 bytes a second, slower than any line still in use, and too fast for one who only wants
	// to keep a place occupied.
	pace = 4 << 10

	// DefaultIdle is how long a connection may go without progress.
	DefaultIdle = time.Minute
)

// Inbox is what the door needs of the office. Its methods may be called by several goroutines. An
// error that is a rogatory.Error crosses to the peer with kind, code, message and hint; of any
// other the peer learns only that it was internal.
type Inbox interface {
	// Receive takes a sealed message in and returns the signed container that answers it. A signed
	// refusal is a receipt too. It is idempotent: the same message has the same receipt.
	Receive(ctx context.Context, peer rogatory.StateCode, sealed []byte) (receipt []byte, err error)
	// Outgoing returns the seal of an exhibit that the peer was offered and may fetch today;
	// otherwise the error is NotFound, or Stale when the offer has lapsed.
	Outgoing(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error)
	// Incoming returns the seal, from a signed offer, of an exhibit that the peer may bring;
	// otherwise the error is NotFound or Stale.
	Incoming(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error)
	// Arrived is told that an exhibit that the peer brought is complete and committed in the
	// vault. It is idempotent, since it is told again when its answer was lost.
	Arrived(ctx context.Context, peer rogatory.StateCode, root rogatory.Digest) error
}

// Limits is what one peer may use of this door at once. The zero value of each field means its
// default.
type Limits struct {
	// Messages is how many messages of a peer are handled at once. Default 4.
	Messages int
	// Transfers is how many requests for evidence of a peer are served at once. Default 8: two
	// exhibits at four connections each.
	Transfers int
	// Rate is how many messages a second a peer may send in the long run. Default 5.
	Rate float64
	// Burst is how many messages a peer may send at once after a quiet time. Default 60.
	Burst int
	// Bytes is how many bytes of memory the bodies of a peer may occupy at once: all of a
	// message, one segment of a transfer. Default 64 MiB, and never less than envelope.MaxEnvelope:
	// a message that is allowed must be able to pass.
	Bytes int64
	// Door is how many requests of all peers are served at once, default 64, and DoorBytes how much
	// memory their bodies may occupy, default 256 MiB. Beyond them a peer is served only one
	// request at a time, so nobody is shut out by the others.
	Door      int
	DoorBytes int64
	// Idle is how long a body may go without progress before the connection is cut. Default
	// DefaultIdle.
	Idle time.Duration
}

func (l Limits) orDefaults() (Limits, error) {
	d := Limits{Messages: 4, Transfers: 8, Rate: 5, Burst: 60, Bytes: 64 << 20, Door: 64, DoorBytes: 256 << 20, Idle: DefaultIdle}
	if l.Messages < 0 || l.Transfers < 0 || l.Rate < 0 || l.Burst < 0 || l.Bytes < 0 || l.Door < 0 || l.DoorBytes < 0 || l.Idle < 0 {
		return Limits{}, fmt.Errorf("a limit of the federation door is negative: %+v", l)
	}
	if l.Messages != 0 {
		d.Messages = l.Messages
	}
	if l.Transfers != 0 {
		d.Transfers = l.Transfers
	}
	if l.Rate != 0 {
		d.Rate = l.Rate
	}
	if l.Burst != 0 {
		d.Burst = l.Burst
	}
	if l.Bytes != 0 {
		d.Bytes = l.Bytes
	}
	if l.Door != 0 {
		d.Door = l.Door
	}
	if l.DoorBytes != 0 {
		d.DoorBytes = l.DoorBytes
	}
	if l.Idle != 0 {
		d.Idle = l.Idle
	}
	if d.Bytes < envelope.MaxEnvelope {
		return Limits{}, fmt.Errorf("a peer's allowance of %d bytes is less than one message of %d", d.Bytes, int64(envelope.MaxEnvelope))
	}
	return d, nil
}

// span is a run of segments on the wire.
type span struct {
	First int64 `json:"first"`
	Count int64 `json:"count"`
}

// standing answers "missing" and PUT: what of an exhibit is held, synced.
type standing struct {
	Have    int64  `json:"have"`
	Total   int64  `json:"total"`
	Tree    bool   `json:"tree"`              // whether the leaf hashes are held
	Done    bool   `json:"done"`              // whether the exhibit is committed, and the office knows
	Missing []span `json:"missing,omitempty"` // the first ranges, at most maxRanges
}

func treeURL(root rogatory.Digest) string    { return exhibitsPath + root.String() + "/tree" }
func dataURL(root rogatory.Digest) string    { return exhibitsPath + root.String() + "/data" }
func missingURL(root rogatory.Digest) string { return exhibitsPath + root.String() + "/missing" }
func segmentsURL(root rogatory.Digest, first int64) string {
	return fmt.Sprintf("%s%s/segments?first=%d", exhibitsPath, root, first)
}

// length returns the bytes of count segments from the first, of an exhibit of the given size.
func length(sealedSize, first, count int64) int64 {
	return min(sealedSize, (first+count)*vault.SegmentSize) - first*vault.SegmentSize
}
