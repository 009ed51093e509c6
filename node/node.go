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
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"filippo.io/age"
	"golang.org/x/sync/errgroup"

	"rogatory"
	"rogatory/alarm"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/docket"
	"rogatory/doorbell"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/notice/post"
	"rogatory/pager"
	"rogatory/portal"
	"rogatory/safeguard"
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

	keep sync.Mutex // held while passkeys.json is read and written

	list struct {
		mu       sync.Mutex
		recorded rogatory.Digest // of the people.json that the journal knows; guarded by mu
		all      []Person        // in it, without those whose token is void; guarded by mu
	}
}

// validity is the span of time in which every certificate of a chain is valid.
type validity struct{ from, until time.Time }

// maxVouched bounds the certificates that are remembered: some for each of under 200 States. Strangers
// get none.
const maxVouched = 1024

func boundedHTTP() *http.Client { return &http.Client{Timeout: outsideTimeout} }

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
	sc := n.config.store(n.dir)
	sc.Fault = n.opt.Fault
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

// jitter spreads retries over time.
func (n *Node) jitter() float64 {
	var b [8]byte
	if _, err := io.ReadFull(n.opt.Random, b[:]); err != nil {
		return 1
	}
	return float64(binary.BigEndian.Uint64(b[:])>>11) / (1 << 53)
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
		errs = append(errs, n.lock.Close())
	}
	return errors.Join(errs...)
}

func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// peerOf says which State a connection's certificate belongs to, by the directory as it is now.
func (n *Node) peerOf(certs []*x509.Certificate) (rogatory.StateCode, error) {
	unknown := rogatory.Fault(rogatory.Denied, "peer_unknown", "the certificate belongs to no State of the directory")
	if len(certs) == 0 || len(certs[0].Subject.Organization) != 1 {
		return "", unknown
	}
	code := rogatory.StateCode(certs[0].Subject.Organization[0])
	party, err := n.Party(code)
	if err != nil {
		return "", unknown
	}
	now := n.opt.Clock.Now()
	// Every message of a State comes with the same certificate, so a chain that held is remembered.
	key := sha256.Sum256([]byte(string(code) + "\n" + strings.Join(party.Certificates, "\n") + "\n" + string(certs[0].Raw)))
	n.mu.Lock()
	known, ok := n.vouched[key]
	n.mu.Unlock()
	if ok && !now.Before(known.from) && !now.After(known.until) {
		return code, nil
	}
	roots, err := envelope.Pool(party.Certificates)
	if err != nil {
		return "", unknown
	}
	chains, err := certs[0].Verify(x509.VerifyOptions{Roots: roots, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	if err != nil {
		return "", unknown
	}
	v := validity{certs[0].NotBefore, certs[0].NotAfter}
	for _, c := range chains[0] {
		if c.NotBefore.After(v.from) {
			v.from = c.NotBefore
		}
		if c.NotAfter.Before(v.until) {
			v.until = c.NotAfter
		}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if len(n.vouched) >= maxVouched {
		clear(n.vouched)
	}
	n.vouched[key] = v
	return code, nil
}

// Federation is the door for other States.
func (n *Node) Federation() (http.Handler, error) {
	return wire.New(wire.ServerConfig{Inbox: n.Office, Vault: n.Vault, Peer: n.peerOf, Clock: n.opt.Clock, Limits: n.opt.Limits, Logger: n.opt.Log, History: n})
}

// Public is the door for everybody: the journal's tiles, the witness, and the figures of drills.
func (n *Node) Public() (http.Handler, error) {
	cosigner, err := journal.NewCosigner(n.keys().WitnessSecret(), n.opt.Clock.Now)
	if err != nil {
		return nil, err
	}
	report := func(_ *http.Request, err error) { n.opt.Log.Error("public door", "code", rogatory.CodeOf(err)) }
	memory := ledger.Memory{Store: n.store, Clock: n.opt.Clock}
	witness := &journal.Witness{Logs: n.logs, Memory: memory, Cosigner: cosigner, Conflict: memory.Conflict, Report: report}
	mux := http.NewServeMux()
	mux.Handle("/journal/", http.StripPrefix("/journal", &journal.Handler{Source: n.Ledger, Report: report}))
	mux.HandleFunc("GET /journal/succession", n.successionDoor)
	mux.Handle("/witness/", http.StripPrefix("/witness", n.witnessDoor(witness)))
	mux.HandleFunc("GET "+figuresPath, n.serveFigures)
	mux.Handle("/oversight/", n.overseer())
	return mux, nil
}

// logs are the journals that this node witnesses: those of all other States.
func (n *Node) logs(origin string) []journal.Verifier {
	for _, p := range n.book.Book().Parties() {
		if p.JournalOrigin != origin || p.Code == n.config.State || n.strangeJournal(p.Code) != nil {
			continue
		}
		if v, err := journal.NewVerifier(p.JournalKey); err == nil {
			return []journal.Verifier{v}
		}
	}
	return nil
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

func (n *Node) note(service string, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if err == nil {
		delete(n.problems, service)
		return
	}
	if n.problems[service] == "" {
		n.opt.Log.Warn("outside service", "service", service, "code", rogatory.CodeOf(err), "error", err.Error())
	}
	n.problems[service] = err.Error()
}

// Deliver makes one round of the outbox and returns how many deliveries were tried.
func (n *Node) Deliver(ctx context.Context) (int, error) {
	limit := max(claimSize, n.opt.Lines) // and to one State as many may be out as all workers can hold
	parcels, err := n.Office.Collect(ctx, limit, workers*limit)
	if err != nil {
		return 0, err
	}
	if len(parcels) == limit {
		n.Office.Ring() // there is more: wake another worker
	}
	var mu sync.Mutex
	down := map[rogatory.StateCode]error{} // guarded by mu
	var group errgroup.Group
	group.SetLimit(n.opt.Lines)
	for _, p := range parcels {
		group.Go(func() error {
			mu.Lock()
			err := down[p.Delivery.Peer]
			mu.Unlock()
			var receipt []byte
			if err == nil {
				receipt, err = n.client.Deliver(ctx, p.Party, p.Sealed)
			}
			if err == nil {
				_, err = n.Office.Settle(ctx, p.Delivery, receipt)
			}
			if rogatory.KindOf(err) == rogatory.Unavailable {
				mu.Lock()
				down[p.Delivery.Peer] = err // one probe is enough for this round
				mu.Unlock()
			}
			if err != nil && ctx.Err() == nil {
				return n.Office.Failed(ctx, p.Delivery, err)
			}
			return nil
		})
	}
	return len(parcels), group.Wait()
}

// Addresses is where a running node listens; DIR/run.json holds it for the command line.
type Addresses struct {
	Office     string `json:"office"`
	Federation string `json:"federation"`
	Journal    string `json:"journal"`
}

// Run listens and works until ctx ends. office is the staff's door; it may be nil. ready is told the
// addresses once everything listens.
func (n *Node) Run(ctx context.Context, office http.Handler, ready func(Addresses)) error {
	federation, err := n.Federation()
	if err != nil {
		return err
	}
	public, err := n.Public()
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/journal/", public)
	mux.Handle("/witness/", public)
	mux.Handle(figuresPath, public)
	mux.Handle(portal.Prefix, n.Portal(n.opt.Portal))
	mux.Handle("/oversight/", public)
	mux.Handle(doorbell.Prefix, n.doorbell())
	mux.Handle(GatePrefix, n.gateDoor())
	if office != nil {
		mux.Handle("/", office)
	}
	fl, err := net.Listen("tcp", n.config.FederationListen)
	if err != nil {
		return rogatory.Fault(rogatory.Unavailable, "listen_failed", "listen for other States: %w", err).WithHint("another program may use the address; see federation_listen in node.json")
	}
	ol, err := net.Listen("tcp", n.config.OfficeListen)
	if err != nil {
		fl.Close()
		return rogatory.Fault(rogatory.Unavailable, "listen_failed", "listen for the office: %w", err).WithHint("another program may use the address; see office_listen in node.json")
	}
	certificate := func() (*tls.Certificate, error) { c := n.keys().TLS(); return &c, nil }
	fs := wire.NewHTTPServer(federation, wire.ServerTLS(certificate))
	staff := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 64 << 10}
	fs.ErrorLog, staff.ErrorLog = quiet(n.opt.Log), quiet(n.opt.Log)
	a := Addresses{Office: "http://" + ol.Addr().String(), Federation: "https://" + fl.Addr().String(), Journal: "http://" + ol.Addr().String() + "/journal"}
	text, err := json.Marshal(a)
	if err == nil {
		err = replace(filepath.Join(n.dir, runFile), append(text, '\n'))
	}
	if err != nil {
		return errors.Join(err, fl.Close(), ol.Close())
	}
	defer os.Remove(filepath.Join(n.dir, runFile))
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wg sync.WaitGroup
	serve := func(f func() error) {
		wg.Go(func() {
			if err := f(); err != nil && !errors.Is(err, http.ErrServerClosed) {
				stop(err)
			}
		})
	}
	serve(func() error { return fs.ServeTLS(fl, "", "") })
	serve(func() error { return staff.Serve(ol) })
	for range workers {
		wg.Go(func() { n.loop(ctx, n.Office.Wake(), pollEvery, n.gated(n.drain)) })
	}
	wg.Go(func() { n.loop(ctx, nil, publishEvery, n.gated(n.Publish)) })
	wg.Go(func() { n.loop(ctx, nil, tickEvery, n.gated(n.Office.Tick)) })
	wg.Go(func() { n.loop(ctx, nil, reportEvery, n.gated(n.Report)) })
	wg.Go(func() { n.loop(ctx, nil, directoryEvery, n.refreshDirectory) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.watchKeys) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.gated(n.watchPeople)) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.gated(n.watchDesk)) })
	wg.Go(func() { n.loop(ctx, nil, folderEvery, n.gated(n.watchDrills)) })
	wg.Go(func() { n.loop(ctx, n.Desk.Wake(), tickEvery, n.gated(n.Desk.Step)) })
	wg.Go(func() { n.loop(ctx, nil, tickEvery, n.gated(n.Post.Step)) })
	wg.Go(func() { n.loop(ctx, n.Desk.WakeDrills(), drillEvery, n.gated(n.drill)) })
	wg.Go(func() { n.loop(ctx, nil, gateEvery, n.watchGate) })
	wg.Go(func() { n.loop(ctx, nil, followEvery, n.meet) })
	wg.Go(func() { n.loop(ctx, nil, followEvery, n.follow) })
	wg.Go(func() { n.loop(ctx, nil, checkEvery, n.checkChannels) })
	wg.Go(func() { n.note("heartbeat", n.heartbeat(ctx)) })
	if ready != nil {
		ready(a)
	}
	<-ctx.Done()
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), shutdownWait)
	defer cancel()
	fs.Shutdown(closing)
	staff.Shutdown(closing)
	fs.Close()
	staff.Close()
	wg.Wait()
	n.Desk.Wait()
	if err := context.Cause(ctx); !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

func quiet(l *slog.Logger) *log.Logger { return slog.NewLogLogger(l.Handler(), slog.LevelDebug) }

// drain delivers until nothing is due.
func (n *Node) drain(ctx context.Context) error {
	for ctx.Err() == nil {
		tried, err := n.Deliver(ctx)
		if err == nil {
			n.progressed()
		}
		if err != nil || tried == 0 {
			return err
		}
	}
	return nil
}

func (n *Node) refreshDirectory(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, outsideTimeout)
	defer cancel()
	b, err := n.book.Update(ctx)
	n.note("directory", err)
	if err == nil {
		for _, c := range b.Cooling() {
			n.opt.Log.Error("ANOTHER ANCHOR of a State was published, not signed by its old one", "state", c.State, "takes_effect", c.Until)
		}
	}
	return n.gated(n.noteOversight)(context.WithoutCancel(ctx))
}

func (n *Node) loop(ctx context.Context, bell <-chan struct{}, every time.Duration, step func(context.Context) error) {
	for {
		if err := step(ctx); err != nil && ctx.Err() == nil {
			n.opt.Log.Error("background work failed", "code", rogatory.CodeOf(err), "error", err.Error())
		}
		select {
		case <-ctx.Done():
			return
		case <-bell:
		case <-n.opt.Clock.After(every):
		}
	}
}

// Health is one thing that is well or not, in words.
type Health struct {
	Name  string `json:"name"`
	OK    bool   `json:"ok"`
	Words string `json:"words"`
}

// Health says how the node is.
func (n *Node) Health(ctx context.Context) []Health {
	var all []Health
	say := func(name string, err error, good string) {
		if err != nil {
			good = err.Error()
		}
		all = append(all, Health{name, err == nil, good})
	}
	c, err := n.Ledger.Latest(ctx)
	if errors.Is(err, journal.ErrUnpublished) {
		err = nil
	}
	say("database", err, "answers")
	say("journal", nil, fmt.Sprintf("%d entries published", c.Size))
	say("safeguards", n.Office.CheckPolicies(ctx), "can be read")
	b := n.book.Book()
	var stale error
	if s := b.Standing(n.opt.Clock.Now()); s != directory.Fresh {
		stale = fmt.Errorf("the directory is %s since %s", s, b.Expires().Format(time.RFC3339))
	}
	say("directory", stale, "good until "+b.Expires().Format(time.RFC3339))
	for _, c := range b.Cooling() {
		say("anchor of "+string(c.State), fmt.Errorf("another anchor of %s was published, which its old one did not sign; it takes effect at %s: call that State, and strike it off if it knows nothing of it", c.State, c.Until.Format(time.RFC3339)), "")
	}
	for _, e := range n.keys().Expiries(n.opt.Clock.Now()) {
		if days, due := e.Warning(); due {
			say("certificate "+e.File, fmt.Errorf("runs out within %d days, at %s", days, e.NotAfter.Format(time.RFC3339)), "")
		}
	}
	if n.config.TimeStamp.URL == "" {
		say("time-stamp", errors.New("no time-stamp authority is configured"), "")
	}
	n.deskHealth(ctx, say)
	n.drillHealth(say)
	n.gateHealth(ctx, say)
	n.oversightHealth(ctx, say)
	n.mu.Lock()
	defer n.mu.Unlock()
	for _, name := range slices.Sorted(maps.Keys(n.problems)) {
		say(name, errors.New(n.problems[name]), "")
	}
	return all
}

// Fsck checks the whole node to the given depth.
func (n *Node) Fsck(ctx context.Context, depth vault.Depth) (docket.Findings, error) {
	key, err := journal.NewVerifier(n.keys().JournalVerifier())
	if err != nil {
		return docket.Findings{}, err
	}
	return n.Office.Check(ctx, key, depth)
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
