// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"rogatory"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/store"
)

// This file is drills at work: it sends them when they are due, ends them when a person was reached or nobody was in
// time, and exchanges with the other State the figures of a finished quarter. Package desk decides when; the docket
// says what both States hold signed of it.

// Limits and waits of drills.
const (
	// figuresGrace is how long after its end the figures of a quarter are made: answers to the last drill, and the
	// receipts of these, have to be with both States.
	figuresGrace = 7 * 24 * time.Hour
	// figuresAgain is how often statements are looked for that nobody told of, such as after an outage.
	figuresAgain = time.Hour
	// maxStated is how many statements of a State are answered at one look: more than a year of quarters.
	maxStated = 16
	// shownDrills is how many drills of one State a screen shows: two years of one a month in each direction.
	shownDrills = 48
)

// Drilling is how this State drills the others.
type Drilling struct {
	Rules *desk.DrillRules            // nil: each State once a month
	Peers func() []rogatory.StateCode // the States with which it cooperates
}

// UseDrills lets the desk go by other rules. Until then it drills nobody, and answers whoever drills it.
func (d *Desk) UseDrills(g *Drilling) { d.drilling.Store(g); d.stated.Store(true) }

// schedule is what is kept of the drills of one State: when the first period began, how long periods are, and how
// many of them are done with.
type schedule struct {
	First rogatory.Instant `json:"first"`
	Every int64            `json:"every_us"`
	Sent  int              `json:"sent"`
	Last  rogatory.Instant `json:"last,omitzero"`
}

func scheduleSetting(peer rogatory.StateCode) string { return "drill " + string(peer) }

// seedSetting holds the secret from which the moments of drills follow. It lies in the store as the key of searches
// does: who reads the store knows when we shall drill, and cannot change a measurement by that.
const seedSetting = "drill.seed"

func (d *Desk) seed(tx *store.Tx) (seed [sha256.Size]byte, found bool, err error) {
	v, found, err := tx.Setting(seedSetting)
	if err == nil && found && len(v) != len(seed) {
		err = rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %d bytes", seedSetting, len(v))
	}
	copy(seed[:], v)
	return seed, found, err
}

func readSchedule(tx *store.Tx, peer rogatory.StateCode) (s schedule, found bool, err error) {
	v, found, err := tx.Setting(scheduleSetting(peer))
	if err == nil && found {
		if err = json.Unmarshal(v, &s); err != nil {
			err = rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", scheduleSetting(peer), err)
		}
	}
	return s, found, err
}

func writeSchedule(tx *store.Tx, peer rogatory.StateCode, s schedule) error {
	v, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.SetSetting(scheduleSetting(peer), v)
}

func (d *Desk) planOf(peer rogatory.StateCode, s schedule, seed [sha256.Size]byte) desk.DrillPlan {
	return desk.DrillPlan{By: d.Us.State, Of: peer, First: s.First, Every: time.Duration(s.Every) * time.Microsecond, Seed: seed}
}

// drillNow is the moment by the clock of the office's messages: the desk's waits may have another.
func (d *Desk) drillNow() rogatory.Instant { return rogatory.At(d.Office.Clock.Now()) }

// StepDrills does what is due of drills. Call it every few seconds. What cannot be done for one State, such as for a
// directory that is too old, keeps nothing from being done for the others; the errors come together.
//
// Order of writes: the schedule, the drill's message and its row of the outbox are one transaction, so that a drill is
// sent once whatever moment the power goes.
func (d *Desk) StepDrills(ctx context.Context) error {
	g := d.drilling.Load()
	if g == nil {
		return nil
	}
	var problems []error
	for _, peer := range g.Peers() {
		if peer == d.Us.State {
			continue
		}
		if every, on := g.Rules.Every(peer); on {
			if err := d.drillIfDue(ctx, peer, every); err != nil {
				problems = append(problems, fmt.Errorf("drill %s: %w", peer, err))
			}
		}
	}
	if err := d.endDrills(ctx); err != nil {
		problems = append(problems, fmt.Errorf("end drills: %w", err))
	}
	if now := d.drillNow(); d.stated.Swap(false) || now.Sub(rogatory.Instant(d.lookedAt.Load())) >= figuresAgain {
		d.lookedAt.Store(int64(now))
		for _, peer := range g.Peers() {
			if peer == d.Us.State {
				continue
			}
			if err := d.exchange(ctx, peer); err != nil {
				problems = append(problems, fmt.Errorf("figures of drills with %s: %w", peer, err))
			}
		}
	}
	return errors.Join(problems...)
}

// drillIfDue sends the drill of a period, once.
func (d *Desk) drillIfDue(ctx context.Context, peer rogatory.StateCode, every time.Duration) error {
	now := d.drillNow()
	look := func(tx *store.Tx) (s schedule, n int, due bool, err error) {
		s, found, err := readSchedule(tx, peer)
		if err != nil {
			return s, 0, false, err
		}
		seed, seeded, err := d.seed(tx)
		if err != nil {
			return s, 0, false, err
		}
		if !found || !seeded || s.Every != every.Microseconds() {
			// A new State, or another rhythm: its first period begins now, and no drill is due in this moment.
			return schedule{First: now, Every: every.Microseconds(), Last: s.Last}, -1, true, nil
		}
		n, at, err := d.planOf(peer, s, seed).Next(s.Sent, s.Last, now)
		return s, n, err == nil && at <= now, err
	}
	var due bool
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) { _, _, due, err = look(tx); return err })
	if err != nil || !due {
		return err
	}
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		s, n, due, err := look(tx)
		if err != nil || !due {
			return err
		}
		if n < 0 {
			if err := d.drawSeed(tx); err != nil {
				return err
			}
			return writeSchedule(tx, peer, s)
		}
		// A person who drilled that State within a day has done this period's.
		if _, err := d.Office.StartDrill(tx, d.node().Officer, peer); err != nil && rogatory.CodeOf(err) != "drill_too_soon" {
			return err
		} else if err == nil {
			s.Last = now
		}
		s.Sent = n + 1
		return writeSchedule(tx, peer, s)
	})
	d.Office.Ring()
	return err
}

func (d *Desk) drawSeed(tx *store.Tx) error {
	if _, found, err := d.seed(tx); err != nil || found {
		return err
	}
	var seed [sha256.Size]byte
	if _, err := io.ReadFull(d.Random, seed[:]); err != nil {
		return err
	}
	return tx.SetSetting(seedSetting, seed[:])
}

// endDrills ends our drills that were answered, and those that nobody answered in time.
func (d *Desk) endDrills(ctx context.Context) error {
	now := d.drillNow()
	over := func(tx *store.Tx) (ids []rogatory.RequestID, err error) {
		files, err := d.Office.OpenDrills(tx)
		for _, f := range files {
			drill, err := d.Office.DrillOf(tx, f.Them.State, f.ID)
			if err != nil {
				return nil, err
			}
			if drill.Answered != 0 || now.Sub(drill.Sent) > rogatory.DrillPatience {
				ids = append(ids, f.ID)
			}
		}
		return ids, err
	}
	var ids []rogatory.RequestID
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) { ids, err = over(tx); return err })
	var problems []error
	for _, id := range ids {
		problems = append(problems, d.Store.Update(ctx, func(tx *store.Tx) error { return d.Office.EndDrill(tx, id) }))
	}
	if len(ids) > 0 {
		d.Office.Ring()
	}
	return errors.Join(append(problems, err)...)
}

// SendDrill drills a State now, for a person. The codes of its errors are those of docket.Office.StartDrill.
func (d *Desk) SendDrill(ctx context.Context, by rogatory.Actor, to rogatory.StateCode) (id rogatory.RequestID, err error) {
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		if id, err = d.Office.StartDrill(tx, by.Officer, to); err != nil {
			return err
		}
		s, found, err := readSchedule(tx, to)
		if err != nil || !found {
			return err
		}
		s.Last = d.drillNow()
		return writeSchedule(tx, to, s)
	})
	d.Office.Ring()
	return id, err
}

// measured are the drills of a State by another as package desk counts them.
func (d *Desk) measured(tx *store.Tx, peer rogatory.StateCode, since rogatory.Instant) ([]desk.Drill, []docket.Drill, error) {
	known, err := d.Office.Drills(tx, peer, since, 0)
	if err != nil {
		return nil, nil, err
	}
	var list []desk.Drill
	for _, k := range known {
		if k.Counts() {
			list = append(list, drillOf(k, d.Office.Mode))
		}
	}
	return list, known, nil
}

// drillOf is what figures are made of. A receipt that seems to be older than the drill comes of two clocks, which the
// door of the other State holds to within ten minutes of each other: it came at once.
func drillOf(k docket.Drill, mode rogatory.Mode) desk.Drill {
	o := desk.Drill{By: k.By, Of: k.Of, Mode: mode, Sent: k.Sent, Human: k.Answered}
	if k.Received != 0 {
		o.Machine = max(k.Received, k.Sent)
	}
	if t, ok := o.MachineTime(); ok && t > rogatory.DrillPatience {
		o.Machine = 0
	}
	return o
}
