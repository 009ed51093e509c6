// SPDX-License-Identifier: Apache-2.0

// Package sim plays whole offices of several States in one process, on simulated time, chance,
// network and disks, all of it derived from one seed.
//
// What it is. Three to seven offices with real stores, journals, vaults and keys. Officers act;
// letters are lost before and after they arrive, delayed, repeated, reordered, damaged and cut off by
// links that fail in one direction or both; exhibits travel segment by segment; clocks disagree; and
// nodes lose power between any two steps and at any point inside a transaction or a disk operation,
// with everything that was not synced at stake. Then the world is mended and time passes.
//
// What it promises. After each step, and more thoroughly when all is quiet: a receipted message is
// present exactly once, and every later receipt for it is the same bytes; a journal only grows, and
// what it once committed to it still contains; numbers between two States have no gap; an exhibit was
// sealed before it was offered, offered before it was received, received before it was opened, and
// what is opened is what was sealed; deadlines stay where they were set; both States agree on every
// request. One seed gives one run: the same acts, identifiers and outcomes. Signatures and encryption
// draw on the system's randomness and differ, so roots and receipts are not part of the trace.
//
// What it refuses. More States than it has names for. It mends nothing and hides nothing: the first
// promise that does not hold ends the run.
//
// After an error the run's folder is removed; the error holds the last steps, and the seed repeats it.
package sim

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"rogatory"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/store"
	"rogatory/treaty"
)

// The sizes of a world: with fewer there is no third State to stay out of it, and with more a run
// gets long without getting richer.
const (
	MinStates = 3
	MaxStates = 7
)

// Dawn is when every run begins.
var dawn = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

var names = [MaxStates]string{"Aurelia", "Borealia", "Cascadia", "Dorania", "Estovia", "Farland", "Galantia"}

// Stage is what runs have in common: the keys of the States, their directory, and an empty database
// to copy. It does not change, so runs may share it.
type Stage struct {
	dir     string
	cast    []member
	parties map[rogatory.StateCode]rogatory.Party
	rules   *treaty.Rules
}

// member is a State with its keys.
type member struct {
	code   rogatory.StateCode
	keys   *keyring.Keyring
	public journal.Verifier
}

// Scratch is the folder for runs: in memory where the system has that, since a simulated crash keeps
// what the file system was given, and there is nothing to wait for.
func Scratch() string {
	const shared = "/dev/shm"
	if f, err := os.CreateTemp(shared, "rogatory-sim-*"); err == nil {
		f.Close()
		os.Remove(f.Name())
		return shared
	}
	return os.TempDir()
}

// NewStage makes keys and an empty database in a folder below scratch. Close removes it.
func NewStage(ctx context.Context, scratch string) (*Stage, error) {
	dir, err := os.MkdirTemp(scratch, "rogatory-sim-")
	if err != nil {
		return nil, fmt.Errorf("make the folder of the simulation: %w", err)
	}
	s := &Stage{dir: dir, parties: map[rogatory.StateCode]rogatory.Party{}, rules: treaty.Convention()}
	if err := s.furnish(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Stage) furnish(ctx context.Context) error {
	for i, name := range names {
		code := rogatory.StateCode([]byte{'X', byte('A' + i)})
		k, err := keyring.Create(filepath.Join(s.dir, "keys-"+string(code)), keyring.Config{State: code, StateName: name, Authority: "justice",
			Hosts: []string{"localhost"}, Now: dawn.Add(-treaty.Day), Rand: rand.Reader})
		if err != nil {
			return err
		}
		public, err := journal.NewVerifier(k.JournalVerifier())
		if err != nil {
			return err
		}
		s.cast = append(s.cast, member{code, k, public})
		s.parties[code] = rogatory.Party{Code: code, Name: name, Mode: rogatory.Exercise, Languages: []string{"en"}, Certificates: []string{k.AuthorityPEM()},
			JournalOrigin: k.JournalOrigin(), JournalKey: k.JournalVerifier(),
			Authorities: []rogatory.Authority{{ID: "justice", Name: "Central Authority of " + name, Roles: []rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact},
				MessageRecipient: k.MessageRecipient(), EvidenceRecipient: k.EvidenceRecipient()}}}
	}
	return store.Create(ctx, store.Config{Engine: store.SQLite, Source: s.template(), Keys: databaseKeys()})
}

func (s *Stage) template() string { return filepath.Join(s.dir, "empty.db") }

// Close removes the stage's folder. No run may be under way.
func (s *Stage) Close() error { return os.RemoveAll(s.dir) }

// Party and MaySend implement docket.Directory: a directory that does not change.
func (s *Stage) Party(code rogatory.StateCode) (rogatory.Party, error) {
	p, ok := s.parties[code]
	if !ok {
		return p, rogatory.Fault(rogatory.NotFound, "party_unknown", "the directory has no State %.10q", code)
	}
	return p, nil
}

// MaySend always allows.
func (s *Stage) MaySend(rogatory.StateCode) error { return nil }

// Options of a run. The zero value lets the seed choose.
type Options struct {
	States int // MinStates to MaxStates
	Steps  int // steps before the world is mended
}

// Report is what a run went through.
type Report struct {
	Seed   uint64
	States int
	Trace  rogatory.Digest // of acts, identifiers and outcomes, in order
	Counts map[string]int  // of what happened, by name
}

func (s *Stage) newPlay(seed uint64, dir string) *play {
	return &play{stage: s, seed: seed, dir: dir, trace: sha256.New(), counts: map[string]int{}, cut: map[[2]int]bool{}, promised: map[promise][]byte{},
		content: map[rogatory.ExhibitID]rogatory.Digest{}, limits: map[clockOf]rogatory.Instant{}}
}

// Run plays one seed. An error is a promise that did not hold, or a failure of the machine itself.
func (s *Stage) Run(ctx context.Context, seed uint64, o Options) (Report, error) {
	c := chance(seed, "options")
	if o.States == 0 {
		o.States = MinStates + c.IntN(2) // more than four only on request: runs in make test are short
	}
	if o.Steps == 0 {
		o.Steps = 60 + c.IntN(100)
	}
	if o.States < MinStates || o.States > MaxStates {
		return Report{}, rogatory.Fault(rogatory.Invalid, "states_invalid", "simulate %d States: %d to %d can be", o.States, MinStates, MaxStates)
	}
	dir, err := os.MkdirTemp(s.dir, "run-")
	if err != nil {
		return Report{}, fmt.Errorf("make the folder of the run: %w", err)
	}
	p := s.newPlay(seed, dir)
	err = p.all(ctx, o)
	for _, h := range p.houses {
		h.store.Close() // one that was made to fail says so again
	}
	err = errors.Join(err, os.RemoveAll(dir))
	r := Report{Seed: seed, States: o.States, Trace: rogatory.Digest(p.trace.Sum(nil)), Counts: p.counts}
	if err != nil {
		err = fmt.Errorf("seed %d, %d States: %w%s", seed, o.States, err, p.tail())
	}
	return r, err
}
