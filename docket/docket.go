// SPDX-License-Identifier: Apache-2.0

// Package docket is the office: the only package that moves a case.
//
// Each use case is one verb: it verifies, decides in pure functions, and then writes the case, the
// journal entry and the outbox row in one transaction. Effects leave only through the outbox, and
// evidence only through the vault; the docket sees digests.
//
// It promises that a receipt is signed only over what is committed; that a message delivered twice
// has one effect and one receipt; that sequence numbers to a State have no gap; and that nobody acts
// whose role the lifecycle does not name. It refuses acts that are not open, incomplete requests,
// grounds that the kind does not know, and a sender who is also the author.
//
// After an error of a verb nothing was written, unless the code is "commit_failed": then the outcome
// is unknown, and doing it again is safe for deliveries and refused as "act_not_open" for people.
package docket

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/asice"
	"rogatory/clock"
	"rogatory/envelope"
	"rogatory/ledger"
	"rogatory/oversight"
	"rogatory/store"
	"rogatory/treaty"
	"rogatory/vault"
)

// Named limits and waits.
const (
	// messageLife is how long a message may be on its way: longer than an outage, shorter than a
	// preservation.
	messageLife = 30 * treaty.Day
	// futureSlack is how far ahead a sender's clock may be before its messages have to wait.
	futureSlack = 10 * time.Minute
	// parkingSpan is how many messages may arrive ahead of a missing one, per State.
	parkingSpan = 1024
	// giveUpAfter is how long a delivery is tried before it is set aside, visibly, for a person.
	giveUpAfter = 14 * treaty.Day
	// leaseTime is how long a claimed delivery is left to its worker.
	leaseTime = 60 * time.Second
	// backoffBase doubles with each attempt up to backoffCap.
	backoffBase = time.Second
	backoffCap  = 6 * time.Hour
	// offerLife is how long an offered exhibit may be taken unless the offer says less.
	offerLife = 30 * treaty.Day
	// maxExhibits per request: more is a file system, to be sealed as an image.
	maxExhibits = 200
)

// Directory finds a party and says whether messages may be sent to it today.
type Directory interface {
	Party(code rogatory.StateCode) (rogatory.Party, error)
	MaySend(code rogatory.StateCode) error
}

// Config is what an office works with.
type Config struct {
	Us          rogatory.Address
	Mode        rogatory.Mode
	Store       *store.Store
	Ledger      *ledger.Ledger
	Vault       *vault.Vault
	Rules       Rulebook
	Directory   Directory
	Signer      asice.Signer
	Messages    []age.Identity // open what is addressed to us
	Evidence    []age.Identity // open exhibits sealed to us
	Clock       clock.Clock
	Random      io.Reader
	Incarnation int64 // in every message, unless Starts says it
	Log         *slog.Logger
	// Starts, if set, tells how often the node was started, in the transaction that numbers a message: of several replicas
	// of one node all tell the same.
	Starts func(tx *store.Tx) (int64, error)
	// Hold, if set, may stop what this office says to others for a time, with the reason. It is told
	// whether the request is urgent; an emergency must not be held for a service that is down. What it
	// lets pass as not urgent it must let pass as urgent.
	Hold func(ctx context.Context, urgent bool) error
	// Oversight says what is intrusive and which patterns are worth a look; the program's own rules if nil.
	Oversight *oversight.Rules
	// Moved, if set, is told of each message that moved a file, ours or theirs, in the transaction that
	// did it: the desk opens and withdraws its alarms so. What it returns undoes the transaction.
	Moved func(tx *store.Tx, f File, m rogatory.Message) error
	// Safeguards judge what this office does before it is done. A node always has them; without, nothing is held.
	Safeguards *Safeguards
}

// Office is one State's docket. It is safe for concurrent use.
type Office struct {
	Config
	reader   envelope.Reader
	wake     chan struct{}
	policies policyCache
}

// New returns the office.
func New(c Config) *Office {
	if c.Oversight == nil {
		c.Oversight = oversight.Standard()
	}
	return &Office{Config: c, wake: make(chan struct{}, 1)}
}

// Wake returns a channel that receives when there is something new in the outbox.
func (o *Office) Wake() <-chan struct{} { return o.wake }

// Ring wakes a worker of the outbox.
func (o *Office) Ring() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *Office) now() rogatory.Instant { return rogatory.At(o.Clock.Now()) }

// record appends a local entry and moves the file by it.
func (o *Office) record(tx *store.Tx, e rogatory.Entry) error {
	if err := applyLocal(cabinetOf{tx}, o.Rules, e, o.Us); err != nil {
		return err
	}
	_, err := o.Ledger.Record(tx, e)
	return err
}

func (o *Office) must(tx *store.Tx, id rogatory.RequestID) (File, error) {
	f, found, err := cabinetOf{tx}.file(id)
	if err == nil && !found {
		err = rogatory.Fault(rogatory.NotFound, "request_unknown", "there is no request %.60q here", id).WithHint("rogatory request list shows what there is")
	}
	return f, err
}

// backoff is full jitter over a doubling wait, drawn from the message and the attempt so that a
// simulation repeats.
func backoff(id rogatory.MessageID, attempt int) time.Duration {
	limit := backoffCap
	if attempt < 16 {
		limit = min(backoffCap, backoffBase<<max(attempt-1, 0))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", id, attempt))
	return backoffBase/4 + time.Duration(binary.BigEndian.Uint64(sum[:8])%uint64(limit))
}
