// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"rogatory"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/store"
)

// exchange states the figures of our drills of a State in the last quarter, and answers what it stated with what this
// State measured of the same drills: the same figures are a counter-signature, others are the difference.
func (d *Desk) exchange(ctx context.Context, peer rogatory.StateCode) error {
	var wanted []docket.DrillStatement
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) { wanted, err = d.unstated(tx, peer); return err })
	if err != nil {
		return err
	}
	var problems []error
	for _, w := range wanted {
		problems = append(problems, d.Store.Update(ctx, func(tx *store.Tx) error {
			// Another process, or a person, may have stated them meanwhile.
			now, err := d.unstated(tx, peer)
			if err != nil || !slices.ContainsFunc(now, func(o docket.DrillStatement) bool { return o.Figures == w.Figures }) {
				return err
			}
			err = d.Office.StateFigures(tx, d.node().Officer, w.Request, w.Figures)
			if rogatory.CodeOf(err) == "figures_too_many" {
				return nil // until a month has passed; nothing was written
			}
			return err
		}))
	}
	if len(wanted) > 0 {
		d.Office.Ring()
	}
	return errors.Join(problems...)
}

// about names what figures are of, whatever they say.
func about(f desk.Figures) desk.Figures {
	return desk.Figures{By: f.By, Of: f.Of, Mode: f.Mode, From: f.From, To: f.To}
}

// unstated are the figures that this State is to sign now, each with the drill on which it does.
func (d *Desk) unstated(tx *store.Tx, peer rogatory.StateCode) ([]docket.DrillStatement, error) {
	now := d.drillNow()
	said, err := d.Office.DrillStatements(tx, peer)
	if err != nil {
		return nil, err
	}
	done := map[desk.Figures]bool{}
	for _, s := range said {
		if s.Signer == d.Us.State {
			done[about(s.Figures)] = true
		}
	}
	var wanted []docket.DrillStatement
	add := func(of desk.Figures, on rogatory.RequestID) error {
		if done[of] || of.To > now {
			return nil
		}
		done[of] = true
		f, known, err := d.figures(tx, peer, of)
		if err != nil {
			return err
		}
		if on == "" { // ours to begin: on the last drill that the other State took in
			i := slices.IndexFunc(known, func(k docket.Drill) bool {
				return k.By == of.By && k.Refused == "" && k.Received != 0 && k.Sent >= of.From && k.Sent < of.To
			})
			if i < 0 {
				return nil
			}
			on = known[i].Request
		}
		wanted = append(wanted, docket.DrillStatement{Figures: f, Request: on})
		return nil
	}
	for i := len(said) - 1; i >= 0 && len(wanted) < maxStated; i-- { // the oldest first
		if s := said[i]; s.Signer == peer {
			if err := add(about(s.Figures), s.Request); err != nil {
				return nil, err
			}
		}
	}
	quarter := desk.Figures{By: d.Us.State, Of: peer, Mode: d.Office.Mode}
	begun, _ := desk.Quarter(now)
	quarter.From, quarter.To = desk.Quarter(begun - 1)
	if now.Sub(quarter.To) >= figuresGrace {
		if err := add(quarter, ""); err != nil {
			return nil, err
		}
	}
	return wanted, nil
}

// figures measures the drills that figures are about.
func (d *Desk) figures(tx *store.Tx, peer rogatory.StateCode, of desk.Figures) (desk.Figures, []docket.Drill, error) {
	list, known, err := d.measured(tx, peer, of.From)
	return desk.Measure(list, of.By, of.Of, of.Mode, of.From, of.To), known, err
}

// ProposeFigures signs, for a person, the figures of our drills of a State in any period that has ended. The codes of
// its errors are role_not_allowed, period_invalid, drill_unknown where the State took in no drill of that time,
// figures_stated where they were signed before, and figures_too_many.
func (d *Desk) ProposeFigures(ctx context.Context, by rogatory.Actor, of rogatory.StateCode, from, to rogatory.Instant) (f desk.Figures, err error) {
	if !slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider}, by.Role) {
		return f, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not sign figures of drills", by.Name, by.Role).WithHint("this needs the role officer or decider")
	}
	about := desk.Figures{By: d.Us.State, Of: of, Mode: d.Office.Mode, From: from, To: to}
	if !about.Valid() || to > d.drillNow() {
		return f, rogatory.Fault(rogatory.Invalid, "period_invalid", "figures of drills of %.10q from %s to %s: another State and a period of at most a year that has ended are needed", of, from, to)
	}
	err = d.Store.Update(ctx, func(tx *store.Tx) error {
		said, err := d.Office.DrillStatements(tx, of)
		if err != nil {
			return err
		}
		for _, s := range said {
			if s.Signer == d.Us.State && s.Figures.By == about.By && s.Figures.From == from && s.Figures.To == to {
				return rogatory.Fault(rogatory.Conflict, "figures_stated", "the figures of %s from %s to %s were signed at %s", of, from, to, s.At)
			}
		}
		var known []docket.Drill
		if f, known, err = d.figures(tx, of, about); err != nil {
			return err
		}
		i := slices.IndexFunc(known, func(k docket.Drill) bool {
			return k.By == d.Us.State && k.Refused == "" && k.Received != 0 && k.Sent >= from && k.Sent < to
		})
		if i < 0 {
			return rogatory.Fault(rogatory.NotFound, "drill_unknown", "%s took in no drill of ours from %s to %s", of, from, to)
		}
		return d.Office.StateFigures(tx, by.Officer, known[i].Request, f)
	})
	d.Office.Ring()
	return f, err
}

// NextDrill is how a State is drilled. It does not say when: the drill is a surprise to us as well.
type NextDrill struct {
	State rogatory.StateCode `json:"state"`
	Off   bool               `json:"off,omitempty"`
	Days  int                `json:"every_days,omitempty"`
	From  rogatory.Instant   `json:"from,omitzero"` // the next drill comes in this span of time
	To    rogatory.Instant   `json:"to,omitzero"`
	Last  rogatory.Instant   `json:"last,omitzero"`
}

// DrillPlans says which States are drilled how often.
func (d *Desk) DrillPlans(ctx context.Context, by rogatory.Actor) ([]NextDrill, error) {
	if err := docket.MayRead(by); err != nil && by.Role != rogatory.Administrator {
		return nil, err
	}
	g := d.drilling.Load()
	if g == nil {
		return nil, nil
	}
	now := d.drillNow()
	var list []NextDrill
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		seed, seeded, err := d.seed(tx)
		if err != nil {
			return err
		}
		for _, peer := range g.Peers() {
			if peer == d.Us.State {
				continue
			}
			s, found, err := readSchedule(tx, peer)
			if err != nil {
				return err
			}
			every, on := g.Rules.Every(peer)
			n := NextDrill{State: peer, Off: !on, Days: int(every.Hours() / 24), Last: s.Last}
			if on && found && seeded && s.Every == every.Microseconds() {
				next, _, err := d.planOf(peer, s, seed).Next(s.Sent, s.Last, now)
				if err != nil {
					return err
				}
				n.From = s.First + rogatory.Instant(next)*rogatory.Instant(s.Every)
				n.To = n.From.Add(every)
			}
			list = append(list, n)
		}
		return nil
	})
	return list, err
}

// DrillLine is one drill with what it took.
type DrillLine struct {
	docket.Drill
	Machine int64 `json:"machine_ms,omitempty"` // zero: not answered
	Human   int64 `json:"human_ms,omitempty"`
}

// Drills returns the newest drills of this State by others and by this State of others, newest first; of one State
// only if it is named.
func (d *Desk) Drills(ctx context.Context, by rogatory.Actor, with rogatory.StateCode) ([]DrillLine, error) {
	if err := docket.MayRead(by); err != nil {
		return nil, err
	}
	var list []DrillLine
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		for _, peer := range d.drillPeers(with) {
			known, err := d.Office.Drills(tx, peer, 0, shownDrills)
			if err != nil {
				return err
			}
			for _, k := range known {
				line := DrillLine{Drill: k}
				o := drillOf(k, d.Office.Mode)
				if t, ok := o.MachineTime(); ok {
					line.Machine = max(1, t.Milliseconds())
				}
				if t, ok := o.HumanTime(); ok {
					line.Human = max(1, t.Milliseconds())
				}
				list = append(list, line)
			}
		}
		return nil
	})
	slices.SortFunc(list, func(a, b DrillLine) int {
		return cmp.Or(cmp.Compare(b.Sent, a.Sent), cmp.Compare(a.Request, b.Request))
	})
	return list, err
}

func (d *Desk) drillPeers(with rogatory.StateCode) []rogatory.StateCode {
	if with != "" {
		return []rogatory.StateCode{with}
	}
	g := d.drilling.Load()
	if g == nil {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(g.Peers()), func(c rogatory.StateCode) bool { return c == d.Us.State })
}

// Compared are figures of one period as the two States signed them.
type Compared struct {
	Figures desk.Figures     `json:"figures"`          // ours, or theirs while we have not signed
	Theirs  *desk.Figures    `json:"theirs,omitempty"` // where they differ
	Signed  []desk.Statement `json:"signed"`
	Differs []string         `json:"differs,omitempty"` // the members in which they differ
	Public  bool             `json:"public,omitempty"`  // both signed the same
}

// Figures returns the figures that were signed with the States, the newest period first; of one State only if it is
// named.
func (d *Desk) Figures(ctx context.Context, by rogatory.Actor, with rogatory.StateCode) ([]Compared, error) {
	if err := docket.MayRead(by); err != nil {
		return nil, err
	}
	return d.compared(ctx, with)
}

func (d *Desk) compared(ctx context.Context, with rogatory.StateCode) ([]Compared, error) {
	all := map[desk.Figures]*Compared{}
	err := d.Store.View(ctx, func(tx *store.Tx) error {
		for _, peer := range d.drillPeers(with) {
			said, err := d.Office.DrillStatements(tx, peer)
			if err != nil {
				return err
			}
			for _, s := range said {
				c := all[about(s.Figures)]
				if c == nil {
					c = &Compared{Figures: s.Figures}
					all[about(s.Figures)] = c
				}
				if s.Signer == d.Us.State {
					c.Figures = s.Figures
				}
				c.Signed = append(c.Signed, desk.Statement{Figures: s.Figures, Signer: s.Signer, Message: s.Digest})
			}
		}
		return nil
	})
	var list []Compared
	for _, c := range all {
		for _, s := range c.Signed {
			if diff := desk.Differences(c.Figures, s.Figures); len(diff) > 0 && c.Differs == nil {
				c.Theirs, c.Differs = &s.Figures, diff
			}
		}
		c.Public = len(desk.Publishable(c.Signed)) == 1
		slices.SortFunc(c.Signed, func(a, b desk.Statement) int { return cmp.Compare(a.Signer, b.Signer) })
		list = append(list, *c)
	}
	slices.SortFunc(list, func(a, b Compared) int {
		f, g := a.Figures, b.Figures
		return cmp.Or(cmp.Compare(g.To, f.To), cmp.Compare(g.From, f.From), cmp.Compare(f.By, g.By), cmp.Compare(f.Of, g.Of))
	})
	return list, err
}

// Published returns the figures that anybody may read: those that both States signed alike.
func (d *Desk) Published(ctx context.Context) ([]Compared, error) {
	all, err := d.compared(ctx, "")
	return slices.DeleteFunc(all, func(c Compared) bool { return !c.Public }), err
}
