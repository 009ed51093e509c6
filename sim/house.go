// SPDX-License-Identifier: Apache-2.0

package sim

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/store"
	"rogatory/vault"
	"rogatory/vault/memory"
)

// house is one State's office with what it stands on.
type house struct {
	*docket.Office
	member
	index  int
	store  *store.Store
	time   *clock.Manual
	random *rand.ChaCha8
	disk   *memory.Disk
	power  power
	pulls  []*pull
	down   bool
	wrong  time.Duration // how far a broken clock is off, beyond its skew
	runs   int64

	dir      string
	database string               // changes with each crash
	known    []head               // of its journal, as outsiders saw it
	given    []rogatory.MessageID // messages of others that it has receipted
	seen     int                  // how many of them were found again since the last crash
	in, out  map[rogatory.StateCode]int64
}

// head is what a journal once committed to.
type head struct {
	size int64
	root journal.Hash
}

// pull is an exhibit on its way in.
type pull struct {
	exhibit rogatory.ExhibitID
	from    *house
	in      *vault.Incoming
}

// databaseKeys are those of all houses, whose databases begin as copies of one.
func databaseKeys() store.Keys { return store.Keys{{1}} }

// power fails once, at the n-th pass of a point of the store.
type power struct {
	point string
	skip  int
	hit   bool
}

var errPower = errors.New("the power went")

func (p *power) ask(point string) error {
	if p.point != point {
		return nil
	}
	if p.skip--; p.skip >= 0 {
		return nil
	}
	p.point, p.hit = "", true
	return errPower
}

func (p *play) newHouse(ctx context.Context, i int, skew time.Duration) (*house, error) {
	h := &house{member: p.stage.cast[i], index: i, time: clock.NewManual(dawn.Add(skew)), random: rand.NewChaCha8(key(p.seed, "house", i)), disk: memory.New(),
		dir: p.dir, in: map[rogatory.StateCode]int64{}, out: map[rogatory.StateCode]int64{}}
	h.database = filepath.Join(p.dir, fmt.Sprintf("%s-0.db", h.code))
	if err := copyFile(p.stage.template(), h.database); err != nil {
		return nil, err
	}
	return h, p.open(ctx, h)
}

// open starts the office on what is on its disks.
func (p *play) open(ctx context.Context, h *house) error {
	s, err := store.Open(ctx, store.Config{Engine: store.SQLite, Source: h.database, Keys: databaseKeys(), Fault: h.power.ask})
	if err != nil {
		return fmt.Errorf("open the store of %s: %w", h.code, err)
	}
	h.store, h.down = s, false
	v, err := vault.Open(h.disk)
	if err != nil {
		return fmt.Errorf("open the vault of %s: %w", h.code, err)
	}
	signer, err := journal.NewSigner(h.keys.JournalSecret())
	if err != nil {
		return err
	}
	h.runs++
	h.Office = docket.New(docket.Config{Us: h.keys.Address(), Mode: rogatory.Exercise, Store: s, Vault: v, Rules: docket.Standard(p.stage.rules), Directory: p.stage, Signer: h.keys.Seal(),
		Ledger:   ledger.New(ledger.Config{Store: s, Origin: h.keys.JournalOrigin(), Signer: signer, Clock: h.time, Random: h.random}),
		Messages: h.keys.MessageIdentities(), Evidence: h.keys.EvidenceIdentities(), Clock: h.time, Random: h.random, Incarnation: h.runs,
		Log: slog.New(slog.DiscardHandler)})
	return nil
}

// crash cuts the power: the database's files as they lie are all that the next start finds, and of
// the vault's disk what was synced and, by chance, some of what was not.
func (p *play) crash(h *house, c *rand.Rand) error {
	p.counts["crash"]++
	h.power, h.pulls, h.down, h.seen = power{}, nil, true, 0
	next := filepath.Join(h.dir, fmt.Sprintf("%s-%d.db", h.code, h.runs))
	for _, suffix := range []string{"", "-wal"} {
		if err := copyFile(h.database+suffix, next+suffix); err != nil && (suffix == "" || !errors.Is(err, os.ErrNotExist)) {
			return err
		}
	}
	h.store.Close() // the corpse; an error is what it died of
	old := h.database
	h.database = next
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(old + suffix)
	}
	all, some := c.IntN(2) == 0, oneIn(c, 3)
	h.disk.Crash(func() bool {
		if some {
			return c.IntN(2) == 0
		}
		return all
	})
	return nil
}

func copyFile(from, to string) error {
	src, err := os.Open(from)
	if err != nil {
		return err
	}
	defer src.Close()
	dst, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(dst, src)
	return errors.Join(err, dst.Close())
}

func (h *house) as(name string, role rogatory.OfficerRole) rogatory.Actor {
	return rogatory.Actor{Address: h.Us, Officer: rogatory.Officer{Name: name, Role: role}}
}

// who returns the person of the office for a role; one person has one role.
func (h *house) who(roles []rogatory.OfficerRole) (rogatory.Actor, bool) {
	people := map[rogatory.OfficerRole]string{rogatory.DutyOfficer: "Ana Duarte", rogatory.Decider: "Musa Okonkwo", rogatory.Custodian: "Ilse Brandt"}
	i := slices.IndexFunc(roles, func(r rogatory.OfficerRole) bool { return people[r] != "" })
	if i < 0 {
		return rogatory.Actor{}, false
	}
	return h.as(people[roles[i]], roles[i]), true
}

func (h *house) officer() rogatory.Actor   { return h.as("Ana Duarte", rogatory.DutyOfficer) }
func (h *house) custodian() rogatory.Actor { return h.as("Ilse Brandt", rogatory.Custodian) }

// files lists what the office has, in an order that the seed fixes.
func (h *house) files(ctx context.Context) ([]docket.File, error) {
	files, _, err := h.Requests(ctx, h.officer(), docket.Filter{Limit: docket.MaxPage})
	return files, err
}
