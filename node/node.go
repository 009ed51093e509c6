// SPDX-License-Identifier: Apache-2.0

// Package node is one State's node: the only place where drivers, doors and the office meet.
//
// It promises that nothing but Init makes keys, a journal or a database; that two processes never
// work on one data folder; and that everything runs on the clock, the chance, the network and the
// logger it was given. It refuses a folder that is not a node, a configuration with unknown members,
// and a directory of the other mode.
//
// After Close, or a crash at any moment, the folder can be opened again; what was receipted is there.
//
// Trust: the machine that runs a node holds its keys. Who owns it is this State until its keys are
// rotated; what it signed earlier is witnessed elsewhere.
package node

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/directory"
	"rogatory/docket"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/notice/post"
	"rogatory/pager"
	"rogatory/store"
	"rogatory/treaty"
	"rogatory/tsa"
	"rogatory/vault"
	"rogatory/vault/disk"
	"rogatory/wire"
)

// Waits of the loops. A State's desk notices a second; a peer's notices nothing.
const (
	publishEvery   = time.Second      // checkpoints, witnessed and stamped, are at most this far apart
	tickEvery      = time.Second      // deadlines
	pollEvery      = time.Second      // outbox, when nothing rang
	followEvery    = 2 * time.Second  // other States' journals, as far as this node has cosigned them
	directoryEvery = time.Minute      // news of other States
	folderEvery    = time.Second      // keys and people, which an administrator changes in the folder
	outsideTimeout = 20 * time.Second // a witness, a directory mirror or a time-stamp authority
	shutdownWait   = 5 * time.Second  // for answers under way
	workers        = 4                // of the outbox
	claimSize      = 4                // deliveries claimed at a time by one worker: what one holds, the others cannot take
)

// Node is an open node.
type Node struct {
	Office *docket.Office
	Ledger *ledger.Ledger
	Rules  *treaty.Rules
	Vault  *vault.Vault
	Desk   *alarm.Desk // who is on duty, and who is woken
	Post   *post.Post  // what people are told by day

	dir    string
	config Config
	opt    Options
	held   atomic.Pointer[keyring.Keyring]
	files  []string // of held; only open and watchKeys touch it
	store  *store.Store
	folder *disk.Folder
	lock   *os.File
	book   *directory.Client
	client *wire.Client
	bell   chan struct{} // something new to publish

	mu        sync.Mutex
	transfers map[rogatory.ExhibitID]*Transfer // guarded by mu
	problems  map[string]string                // last problem of each outside service; guarded by mu
	strange   map[rogatory.StateCode]error     // States whose journal in the directory is not taken; guarded by mu
	vouched   map[[sha256.Size]byte]validity   // certificates of peers that hold by the directory's roots; guarded by mu
	wg        sync.WaitGroup

	start gatekeeper

	duty   watched
	drills drilled
	beat   atomic.Pointer[pager.Heartbeat] // nil without one

	keep  sync.Mutex // held while passkeys.json is read and written
	known struct {
		mu   sync.Mutex
		text []byte    // of passkeys.json as it was read last; guarded by mu
		all  []heldKey // in it, never changed; guarded by mu
	}

	list struct {
		mu       sync.Mutex
		recorded rogatory.Digest // of the people.json that the journal knows; guarded by mu
		all      []Person        // in it, without those whose token is void; guarded by mu
	}
}

func boundedHTTP() *http.Client { return &http.Client{Timeout: outsideTimeout} }

// jitter spreads retries over time.
func (n *Node) jitter() float64 {
	var b [8]byte
	if _, err := io.ReadFull(n.opt.Random, b[:]); err != nil {
		return 1
	}
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
}

// Party implements docket.Directory.
func (n *Node) Party(code rogatory.StateCode) (rogatory.Party, error) {
	if err := n.strangeJournal(code); err != nil {
		return rogatory.Party{}, err
	}
	b := n.book.Book()
	p, err := b.Party(code)
	if err != nil { // before its standing is asked: a State that is not there has none
		return rogatory.Party{}, err
	}
	if b.StandingOf(code, n.opt.Clock.Now()) == directory.Expired {
		return rogatory.Party{}, rogatory.Fault(rogatory.Stale, "directory_expired", "the directory ran out at %s", b.Expires().Format(time.RFC3339)).WithHint("obtain a newer copy of the directory")
	}
	return p, nil
}

// MaySend implements docket.Directory: an expired directory verifies what arrives and sends nothing.
func (n *Node) MaySend(code rogatory.StateCode) error {
	if err := n.strangeJournal(code); err != nil {
		return err
	}
	b := n.book.Book()
	if _, err := b.Party(code); err != nil {
		return err
	}
	if s := b.StandingOf(code, n.opt.Clock.Now()); s != directory.Fresh {
		return rogatory.Fault(rogatory.Stale, "directory_expired", "the directory's word on %s is too old to send on", code).WithHint("obtain a newer copy of the directory")
	}
	return nil
}

// Book returns the directory as this node has it.
func (n *Node) Book() *directory.Book { return n.book.Book() }

// Config returns the configuration.
func (n *Node) Config() Config { return n.config }

// Dir returns the node's folder, in which the lists lie that its office publishes.
func (n *Node) Dir() string { return n.dir }

// Close ends the node. It waits for transfers to stop.
func (n *Node) Close() error {
	n.wg.Wait()
	var errs []error
	if n.store != nil {
		errs = append(errs, n.store.Close())
	}
	if n.folder != nil {
		errs = append(errs, n.folder.Close())
	}
	if n.lock != nil {
		errs = append(errs, letGo(n.lock))
	}
	return errors.Join(errs...)
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// Publish makes one round of publication: a checkpoint of what is new, cosigned by the other States'
// witnesses and time-stamped. What an outside service could not do is remembered for Health.
func (n *Node) Publish(ctx context.Context) error {
	if err := n.start.gate.Err(); err != nil {
		return err
	}
	c, err := n.Ledger.Publish(ctx)
	if err != nil {
		return err
	}
	n.witnessed(ctx, c)
	if n.config.TimeStamp.URL != "" {
		n.note("time-stamp", n.Ledger.Stamp(ctx, c, n.stamp))
	}
	return nil
}

func (n *Node) stamp(ctx context.Context, digest []byte) ([]byte, time.Time, error) {
	roots, err := envelope.Pool([]string{n.config.TimeStamp.Certificate})
	if err != nil {
		return nil, time.Time{}, err
	}
	client := tsa.Client{HTTP: boundedHTTP(), URL: n.config.TimeStamp.URL, Roots: roots, Random: n.opt.Random}
	return client.Stamp(ctx, digest)
}

// stampGrace is how long this node goes on without time-stamps before it stops sending what is not
// urgent: a working night, so that somebody can mend the service without evidence losing its anchor.
const stampGrace = 4 * time.Hour

// hold implements docket.Config.Hold.
func (n *Node) hold(ctx context.Context, urgent bool) error {
	if urgent || n.config.TimeStamp.URL == "" {
		return nil
	}
	var latest, stamped, first store.Checkpoint
	err := n.store.View(ctx, func(tx *store.Tx) (err error) {
		if latest, _, err = tx.LatestCheckpoint(); err == nil {
			stamped, _, err = tx.LatestStamped()
		}
		if err == nil {
			first, _, err = tx.CheckpointAtLeast(1)
		}
		return err
	})
	if err != nil || latest.Size <= stamped.Size {
		return err
	}
	since := stamped.StampedAt
	if stamped.Size == 0 {
		since = first.At
	}
	if late := latest.At.Sub(since); late > stampGrace {
		return rogatory.Fault(rogatory.Unavailable, "stamp_overdue", "the journal has had no time-stamp for %s", late.Round(time.Minute)).
			WithHint("mend the time-stamp authority or its address in node.json; emergencies go out meanwhile")
	}
	return nil
}

// Fsck checks the whole node to the given depth.
func (n *Node) Fsck(ctx context.Context, depth vault.Depth) (docket.Findings, error) {
	key, err := journal.NewVerifier(n.keys().JournalVerifier())
	if err != nil {
		return docket.Findings{}, err
	}
	return n.Office.Check(ctx, key, depth)
}
