// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/notice/post"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/vault"
	"rogatory/wire"
)

// Options are what a node takes from outside. The zero value is the machine itself.
type Options struct {
	Clock  clock.Clock
	Random io.Reader
	Log    *slog.Logger
	Limits wire.Limits // of the federation door
	Fault  func(point string) error
	// Lines is how many deliveries each of the workers of the outbox makes at once. The default of 1
	// keeps a State's four workers within the four messages that another's door takes at once by default.
	Lines int
	// DeskClock is the clock of the desk's waits; the node's own without it. An exercise may let the minutes
	// of an escalation pass in its own time.
	DeskClock clock.Clock
	// Portal is what the public pages show that the node does not hold itself.
	Portal PortalOptions

	// Unwatched is for exercises in which there is no line between the nodes: whoever does not answer at a start is not
	// waited for. What somebody does say still counts.
	Unwatched bool
	// Inspect opens the node to look at it: nothing is written to its journal, and it is not to be Run.
	Inspect bool
}

// Open opens the node in dir and takes its lock. Nothing listens yet: see Run.
func Open(ctx context.Context, dir string, opt Options) (*Node, error) {
	if opt.Clock == nil {
		opt.Clock = clock.Real{}
	}
	if opt.DeskClock == nil {
		opt.DeskClock = opt.Clock
	}
	if opt.Random == nil {
		opt.Random = rand.Reader
	}
	if opt.Log == nil {
		opt.Log = slog.New(slog.DiscardHandler)
	}
	opt.Lines = max(opt.Lines, 1)
	config, err := LoadConfig(dir)
	if err != nil {
		return nil, err
	}
	n := &Node{dir: dir, config: config, opt: opt, bell: make(chan struct{}, 1),
		transfers: map[rogatory.ExhibitID]*Transfer{}, problems: map[string]string{}, vouched: map[[sha256.Size]byte]validity{}}
	if err := n.open(ctx); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Node) open(ctx context.Context) (err error) {
	if n.lock, err = takeLock(filepath.Join(n.dir, lockFile)); err != nil {
		return err
	}
	if !n.opt.Inspect {
		if err = sweepRehearsals(n.dir); err != nil {
			return err
		}
	}
	if err = n.loadKeys(); err != nil {
		return err
	}
	sc := n.config.sealedStore(n.dir, n.keys())
	sc.Fault = n.opt.Fault
	if !n.opt.Inspect {
		if err = store.Seal(ctx, sc); err != nil { // after a rotation
			return err
		}
	}
	if n.store, err = store.Open(ctx, sc); err != nil {
		return err
	}
	n.store.OnCommit(func(int64) { ring(n.bell) })
	if n.folder, err = openVaultDisk(n.dir); err != nil {
		return err
	}
	if n.Vault, err = vault.Open(n.folder); err != nil {
		return err
	}
	if err := n.openDirectory(ctx); err != nil {
		return err
	}
	signer, err := journal.NewSigner(n.keys().JournalSecret())
	if err != nil {
		return err
	}
	own, err := n.ownKey()
	if err != nil {
		return err
	}
	n.start.opened = make(chan struct{})
	if !n.opt.Inspect {
		n.start.gate = ledger.NewGate(rogatory.At(n.opt.Clock.Now()))
	}
	n.Ledger = ledger.New(ledger.Config{Store: n.store, Origin: n.keys().JournalOrigin(), Signer: signer, Clock: n.opt.Clock, Random: n.opt.Random, Gate: n.start.gate,
		Verifier: own, Node: rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}})
	rules, err := Rulebook(n.dir)
	if err != nil {
		return err
	}
	n.Rules = rules.Rules
	n.start.edition = rules.Edition()
	n.Office = docket.New(docket.Config{Us: n.config.address(), Mode: n.config.Mode, Store: n.store, Ledger: n.Ledger, Vault: n.Vault, Rules: rules,
		Directory: n, Signer: n.keys().Seal(), Messages: []age.Identity{current(func() []age.Identity { return n.keys().MessageIdentities() })},
		Evidence: []age.Identity{current(func() []age.Identity { return n.keys().EvidenceIdentities() })},

		Clock: n.opt.Clock, Random: n.opt.Random, Incarnation: 1, Starts: starts, Log: n.opt.Log, Hold: n.hold, Safeguards: safeguards(),
		Moved: func(tx *store.Tx, f docket.File, m rogatory.Message) error { return n.Desk.Moved(tx, f, m) }})
	certificate := func() (*tls.Certificate, error) { c := n.keys().TLS(); return &c, nil }
	if n.client, err = wire.NewClient(wire.ClientConfig{Certificate: certificate, Clock: n.opt.Clock, Jitter: n.jitter}); err != nil {
		return err
	}
	if n.opt.Inspect {
		return n.openPeople(ctx)
	}
	if err := n.Office.EnsureIndexed(ctx); err != nil {
		return err
	}
	if err := n.meet(ctx); err != nil {
		return err
	}
	if err := n.tryGate(ctx, false); err != nil {
		return err
	}
	if err := n.openPeople(ctx); err != nil {
		return err
	}
	if err := n.gated(n.noteOversight)(ctx); err != nil {
		return err
	}
	return n.gated(n.watchPeople)(ctx)
}

func (n *Node) openDirectory(ctx context.Context) error {
	root, err := trustedRoot(n.dir)
	if err != nil {
		return err
	}
	if n.book, err = n.config.directory(filepath.Join(n.dir, bookDir), root, n.opt.Clock); err != nil {
		return err
	}
	_, offline := n.book.Load()
	if n.opt.Inspect {
		return offline
	}
	ctx, cancel := context.WithTimeout(ctx, outsideTimeout)
	defer cancel()
	if _, err := n.book.Update(ctx); err != nil && offline != nil {
		return fmt.Errorf("read the directory for the first time: %w", err)
	}
	if own, err := n.book.Book().Party(n.config.State); err != nil {
		return rogatory.Fault(rogatory.NotFound, "state_not_listed", "the directory does not list %s yet: %w", n.config.State, err).WithHint("submit the State's entry and have it published")
	} else if own.JournalKey != n.keys().JournalVerifier() {
		return rogatory.Fault(rogatory.Conflict, "keys_of_other", "the directory lists another journal key for %s than this node has", n.config.State)
	}
	return nil
}

func trustedRoot(dir string) ([]byte, error) {
	root, err := os.ReadFile(filepath.Join(dir, rootFile))
	if err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "directory_root_missing", "this node does not trust a directory yet: %w", err).
			WithHint("copy the directory's root metadata to " + rootFile + " in the node's folder, after comparing its digest by telephone")
	}
	return root, nil
}

func (c Config) directory(dir string, root []byte, now clock.Clock) (*directory.Client, error) {
	return directory.New(directory.Config{Dir: dir, TrustedRoot: root, Source: directorySource(c.Directory.From),
		Clock: now, Mode: c.Mode, Grace: time.Duration(c.Directory.GraceHours) * time.Hour, Own: c.State})
}

// safeguards are the Convention's own policies and the form that came with this program.
func safeguards() *docket.Safeguards {
	return &docket.Safeguards{Convention: safeguard.Convention(), Form: safeguard.TheForm(), Vocabulary: safeguard.TheVocabulary()}
}

// openPeople opens what reaches people: the desk that wakes them, and the post that tells them by day.
func (n *Node) openPeople(ctx context.Context) error {
	if err := n.openDesk(ctx); err != nil {
		return err
	}
	n.Post = post.New(post.Config{Us: n.config.address(), Office: n.Office, Store: n.store, Clock: n.opt.DeskClock, Random: n.opt.Random, Log: n.opt.Log,
		Origin: n.config.Origin, Plan: n.Desk.Plan, People: n.Officers})
	return nil
}
