// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	mathrand "math/rand/v2"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/directory"
	"rogatory/keyring"
	"rogatory/node"
	"rogatory/store"
	"rogatory/tsa"
	"rogatory/wire"
)

// Member is one exercise State that runs.
type Member struct {
	Code      rogatory.StateCode
	Node      *node.Node
	Addresses node.Addresses
	Dir       string
}

// Actor returns a person of the member in a role; the demo's people are named for their roles.
func (m *Member) Actor(name string, role rogatory.OfficerRole) rogatory.Actor {
	c := m.Node.Config()
	return rogatory.Actor{Address: rogatory.Address{State: c.State, Authority: c.Authority}, Officer: rogatory.Officer{Name: name, Role: role}}
}

// World is the exercise: a directory, a time-stamp authority and running nodes.
type World struct {
	Dir      string
	Members  map[rogatory.StateCode]*Member
	Ceremony string // what the key ceremony did, in words

	clock clock.Clock
	door  bool // the office listeners have a door for the staff
	wg    sync.WaitGroup
	stop  context.CancelFunc
	fault error
	mu    sync.Mutex
}

// names of the exercise States.
var names = map[rogatory.StateCode]string{"XA": "Aurelia", "XB": "Borealia", "XC": "Cascadia"}

// people of each office: who composes, who decides, who keeps the evidence.
var people = map[rogatory.StateCode]map[rogatory.OfficerRole]string{
	"XA": {rogatory.DutyOfficer: "A. Okafor", rogatory.Decider: "Prosecutor L. Haddad", rogatory.Custodian: "Custodian N. Silva"},
	"XB": {rogatory.DutyOfficer: "B. Lindqvist", rogatory.Decider: "Judge T. Moreau", rogatory.Custodian: "Examiner 14"},
	"XC": {rogatory.DutyOfficer: "C. Rahman", rogatory.Decider: "Prosecutor C. Vega", rogatory.Custodian: "Custodian C. Ito"},
}

// Settings of a world.
type Settings struct {
	Dir      string
	States   []rogatory.StateCode
	Door     func(*node.Node) (http.Handler, error) // the staff's door; may be nil
	Limits   wire.Limits
	Database func(rogatory.StateCode) node.Database // nil means SQLite
	Log      *slog.Logger
	Offline  bool // the nodes are open and do not listen: there is no line between them
	// People are those of an office, by role, where they are not to be the demo's own.
	People map[rogatory.StateCode]map[rogatory.OfficerRole]string
	// Prepare, if set, puts further files into a node's folder before it starts.
	Prepare func(dir string, c node.Config) error
	// Oversight gives each State an oversight body. Its key lies beside the nodes, in oversight/xx.key of the world's
	// folder: for exercises only.
	Oversight bool
	// Clock, if set, is the clock of the world: of its nodes, its directory and its stamps. DeskClock is that of the
	// desks' waits.
	Clock, DeskClock clock.Clock
}

// What a world keeps in its folder beside the nodes, so that it can be opened again. All of it is for
// exercises only: nobody else would leave such keys lying about.
const (
	stampFile    = "time-stamp.pem"
	operatorFile = "operator.pem"
)

// Ports of nodes. They are drawn below those that systems give to outgoing connections, so that nobody
// takes one between the making of a world and its start, or while a world that is resumed later lies.
const (
	firstPort = 20000
	lastPort  = 31999
	portTries = 100
)

// freeAddress finds a loopback address that nobody listens on.
func freeAddress() (string, error) {
	var l net.Listener
	var err error
	for range portTries {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+mathrand.IntN(lastPort-firstPort+1))
		if l, err = net.Listen("tcp", address); err == nil {
			return address, l.Close()
		}
	}
	return "", err
}

// Begin makes and starts a world in a folder that holds no node yet. Stop ends it.
func Begin(ctx context.Context, s Settings) (*World, error) {
	ctx, stop := context.WithCancel(ctx)
	w := &World{Dir: s.Dir, Members: map[rogatory.StateCode]*Member{}, stop: stop, door: s.Door != nil, clock: s.Clock}
	if w.clock == nil {
		w.clock = clock.Real{}
	}
	if err := w.begin(ctx, s); err != nil {
		return nil, errors.Join(err, w.Stop())
	}
	return w, nil
}

func (w *World) begin(ctx context.Context, s Settings) error {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return err
	}
	stamp, err := w.newStampAuthority(ctx)
	if err != nil {
		return err
	}
	published := filepath.Join(s.Dir, "directory", "published")
	keys := map[rogatory.StateCode]*keyring.Keyring{}
	configs := map[rogatory.StateCode]node.Config{}
	bodies, err := w.bodies(s)
	if err != nil {
		return err
	}
	for _, code := range s.States {
		federation, err := freeAddress()
		if err != nil {
			return err
		}
		office, err := freeAddress()
		if err != nil {
			return err
		}
		c := node.Config{Mode: rogatory.Exercise, State: code, StateName: names[code], Authority: "justice", AuthorityName: "Central Authority of " + names[code],
			Roles: []rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact, rogatory.ExtraditionAuthority, rogatory.CompetentAuthority, rogatory.LawEnforcement}, Languages: []string{"en"},
			Contacts:         []rogatory.ContactPoint{{Name: "24/7 desk of " + names[code], Telephone: "+888 000 00" + string(code), Languages: []string{"en"}, Zone: "UTC"}},
			FederationListen: federation, OfficeListen: office, Endpoint: "https://" + federation, JournalURL: "http://" + office + "/journal",
			Database: node.Database{Engine: store.SQLite, Source: "node.db"}, Directory: node.Source{From: published, GraceHours: 72}, TimeStamp: stamp, Oversight: bodies[code]}
		if s.Database != nil {
			c.Database = s.Database(code)
		}
		dir := filepath.Join(s.Dir, strings.ToLower(string(code)))
		if keys[code], err = node.Init(ctx, dir, c, []string{"127.0.0.1", "localhost"}, w.clock.Now()); err != nil {
			return fmt.Errorf("make node %s: %w", code, err)
		}
		staff := people[code]
		if s.People[code] != nil {
			staff = s.People[code]
		}
		for role, name := range staff {
			if _, err := node.AddPerson(dir, name, role); err != nil {
				return err
			}
		}
		if s.Oversight {
			if _, err := node.AddPerson(dir, overseers[code], rogatory.Overseer); err != nil {
				return err
			}
		}
		if s.Prepare != nil {
			if err := s.Prepare(dir, c); err != nil {
				return err
			}
		}
		configs[code] = c
		w.Members[code] = &Member{Code: code, Dir: dir}
	}
	root, err := w.ceremony(s.States, keys, configs)
	if err != nil {
		return fmt.Errorf("hold the key ceremony: %w", err)
	}
	for _, code := range s.States {
		if err := node.Trust(w.Members[code].Dir, root); err != nil {
			return err
		}
		if err := w.run(ctx, w.Members[code], s); err != nil {
			return fmt.Errorf("start node %s: %w", code, err)
		}
	}
	return w.opened(ctx)
}

// newStampAuthority makes the exercise's time-stamp authority and starts it.
func (w *World) newStampAuthority(ctx context.Context) (node.TimeStamp, error) {
	authority, err := tsa.NewAuthority(rand.Reader, w.clock.Now, "Exercise time-stamp authority")
	if err != nil {
		return node.TimeStamp{}, err
	}
	text, err := authority.MarshalPEM()
	if err == nil {
		err = os.WriteFile(filepath.Join(w.Dir, stampFile), text, 0o600)
	}
	if err != nil {
		return node.TimeStamp{}, err
	}
	address, err := freeAddress()
	if err != nil {
		return node.TimeStamp{}, err
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return node.TimeStamp{}, err
	}
	w.stamps(ctx, authority, l)
	return node.TimeStamp{URL: "http://" + l.Addr().String(), Certificate: string(authority.RootPEM())}, nil
}

// stamps serves the time-stamp authority until the world stops.
func (w *World) stamps(ctx context.Context, authority *tsa.Authority, l net.Listener) {
	server := &http.Server{Handler: authority, ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second, IdleTimeout: time.Minute}
	w.wg.Go(func() { server.Serve(l) })
	w.wg.Go(func() { <-ctx.Done(); server.Close() })
}

// ceremony makes the directory: each State is one holder of the root, a majority signs, each State
// signs its own entry, and an operator publishes. It returns the root metadata to trust.
func (w *World) ceremony(states []rogatory.StateCode, keys map[rogatory.StateCode]*keyring.Keyring, configs map[rogatory.StateCode]node.Config) ([]byte, error) {
	var holders []ed25519.PrivateKey
	var public []ed25519.PublicKey
	for range max(3, len(states)) {
		p, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		holders, public = append(holders, k), append(public, p)
	}
	threshold := len(holders)/2 + 1
	op, operator, err := ed25519.GenerateKey(rand.Reader)
	if err == nil {
		err = w.keepOperator(operator)
	}
	if err != nil {
		return nil, err
	}
	spare, _, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	day := 24 * time.Hour
	repo, err := directory.Init(filepath.Join(w.Dir, "directory"), w.clock, directory.Terms{Mode: rogatory.Exercise, RootThreshold: threshold, RootKeys: public,
		OperatorKeys: []ed25519.PublicKey{op, spare}, Life: directory.Life{Root: 365 * day, State: 365 * day, Snapshot: 30 * day, Timestamp: 14 * day}})
	if err != nil {
		return nil, err
	}
	for _, code := range states {
		anchor := keys[code].DirectoryAnchor().Public().(ed25519.PublicKey)
		if err := repo.AddState(code, []ed25519.PublicKey{anchor}, 1); err != nil {
			return nil, err
		}
	}
	for _, k := range holders[:threshold] {
		for _, role := range []string{"root", "targets"} {
			if err := repo.Sign(role, k); err != nil {
				return nil, err
			}
		}
	}
	if _, err := repo.Publish(operator); err != nil {
		return nil, err
	}
	for _, code := range states {
		if err := repo.RotateState(code, keys[code].DirectoryAnchor(), keys[code].DirectoryEntry()); err != nil {
			return nil, err
		}
		if err := repo.SubmitParty(configs[code].Party(keys[code]), keys[code].DirectoryEntry()); err != nil {
			return nil, err
		}
	}
	if _, err := repo.Publish(operator); err != nil {
		return nil, err
	}
	w.Ceremony = fmt.Sprintf("%d of %d holders signed the root; %d States signed their own entries", threshold, len(holders), len(states))
	return os.ReadFile(filepath.Join(repo.Published(), "1.root.json"))
}

func logFor(l *slog.Logger, code rogatory.StateCode) *slog.Logger {
	if l == nil {
		return nil
	}
	return l.With("node", code)
}

// run opens and runs one member until the world stops.
func (w *World) run(ctx context.Context, m *Member, s Settings) error {
	n, err := node.Open(ctx, m.Dir, node.Options{Limits: s.Limits, Log: logFor(s.Log, m.Code), Clock: w.clock, DeskClock: s.DeskClock, Unwatched: s.Offline})
	if err != nil {
		return err
	}
	m.Node = n
	if s.Offline {
		w.wg.Go(func() {
			<-ctx.Done()
			w.failed(n.Close())
		})
		return nil
	}
	var office http.Handler
	if s.Door != nil {
		if office, err = s.Door(n); err != nil {
			return errors.Join(err, n.Close())
		}
	}
	ready, failed := make(chan node.Addresses, 1), make(chan error, 1)
	w.wg.Go(func() {
		err := n.Run(ctx, office, func(a node.Addresses) { ready <- a })
		err = errors.Join(err, n.Close())
		failed <- err
		w.failed(err)
	})
	select {
	case m.Addresses = <-ready:
		return nil
	case err := <-failed:
		return err
	}
}

// openTime is how long the nodes of a world may take to answer each other when it starts.
const openTime = time.Minute

// opened waits until all nodes may sign: those that start first ask those that start last.
func (w *World) opened(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, openTime)
	defer cancel()
	for _, m := range w.Members {
		if err := m.Node.AwaitOpen(ctx); err != nil {
			return fmt.Errorf("start node %s: %w", m.Code, err)
		}
	}
	return nil
}

func (w *World) failed(err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.fault = errors.Join(w.fault, err)
}

// Stop ends all nodes and waits for them.
func (w *World) Stop() error {
	w.stop()
	w.wg.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.fault
}

// consoleAt is where the console is opened: by the name of this machine, which passkeys need.
func consoleAt(office string) string {
	return strings.Replace(office, "127.0.0.1", "localhost", 1) + "/console/"
}

// writeAddresses writes DIR/addresses.json: name to URL.
func (w *World) writeAddresses() (map[string]string, error) {
	all := map[string]string{}
	for code, m := range w.Members {
		name := strings.ToLower(string(code))
		all[name+".api"] = m.Addresses.Office
		if w.door {
			all[name+".console"] = consoleAt(m.Addresses.Office)
		}
		all[name+".journal"] = m.Addresses.Journal
		all[name+".public"] = strings.TrimSuffix(m.Addresses.Journal, "/journal") + "/public/"
		all[name+".federation"] = m.Addresses.Federation
	}
	text, err := json.MarshalIndent(all, "", "  ")
	if err != nil {
		return nil, err
	}
	return all, os.WriteFile(filepath.Join(w.Dir, "addresses.json"), append(text, '\n'), 0o600)
}
