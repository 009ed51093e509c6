// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"cmp"
	"context"
	"encoding/json"
	"math"
	"slices"

	"rogatory"
	"rogatory/store"
)

// Waiting says who has to do the next thing on a request.
type Waiting string

// Who is waited for.
const (
	OnUs     Waiting = "us"
	OnThem   Waiting = "them"
	OnNobody Waiting = "nobody" // it runs, or it is over
)

// requesting is the State that has to act next while a request stands so; all else waits for the
// requested State, or for nobody.
var onRequesting = []rogatory.State{rogatory.Drafted, rogatory.NeedsInformation, rogatory.Consulting, rogatory.Warned, rogatory.Executed, rogatory.Refused, rogatory.Released, rogatory.Ended}

// WaitsFor tells who has to act next on f.
func (f File) WaitsFor() Waiting {
	switch {
	case f.State == rogatory.Closed || f.State == rogatory.Withdrawn || f.State == rogatory.Preserved || f.State == rogatory.InForce:
		return OnNobody
	case len(f.Conditions) > 0 && f.Agreed == 0 && f.State == rogatory.Accepted, slices.Contains(onRequesting, f.State):
		if f.Side == rogatory.RequestingSide {
			return OnUs
		}
		return OnThem
	case f.Side == rogatory.RequestedSide:
		return OnUs
	}
	return OnThem
}

// Next returns the running deadline that ends first; false if none runs.
func (f File) Next() (Deadline, bool) {
	var first Deadline
	for _, d := range f.Deadlines {
		if d.State == Running && (first.Due == 0 || d.Due < first.Due) {
			first = d
		}
	}
	return first, first.Due != 0
}

// Claim says who has taken a request on at this office.
type Claim struct {
	By string           `json:"by"`
	At rogatory.Instant `json:"at"`
}

// Queued is a request on the desk: its file, what runs out first, and who holds it.
type Queued struct {
	File
	Claim Claim // zero if nobody has taken it
}

// queueDepth is how many requests of each state, and how many deadlines, the queue looks at: what runs
// out first is always among them.
const queueDepth = 200

// Queue returns the requests that are not over, the one that runs out first on top, those without a
// deadline last. It holds at most queueDepth requests of each state, and whatever runs out first.
func (o *Office) Queue(ctx context.Context, by rogatory.Actor) ([]Queued, error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	rows := map[rogatory.RequestID]store.Request{}
	claims := map[rogatory.RequestID]Claim{}
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		if claims, err = claimsOf(tx); err != nil {
			return err
		}
		for _, s := range append(unfinished(), rogatory.Executed, rogatory.Refused, rogatory.Released, rogatory.Ended) {
			found, err := tx.Requests(store.RequestFilter{State: s, Limit: queueDepth})
			if err != nil {
				return err
			}
			for _, r := range found {
				rows[r.ID] = r
			}
		}
		due, err := tx.Due(math.MaxInt64, queueDepth)
		if err != nil {
			return err
		}
		for _, d := range due {
			if _, ok := rows[d.Request]; ok {
				continue
			}
			if rows[d.Request], err = tx.Request(d.Request); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	all := make([]Queued, 0, len(rows))
	for id, row := range rows {
		files, err := filesOf([]store.Request{row})
		if err != nil {
			return nil, err
		}
		all = append(all, Queued{files[0], claims[id]})
	}
	slices.SortFunc(all, func(a, b Queued) int {
		x, okX := a.Next()
		y, okY := b.Next()
		switch {
		case okX && okY && x.Due != y.Due:
			return cmp.Compare(x.Due, y.Due)
		case okX != okY:
			if okX {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.Changed, a.Changed), cmp.Compare(a.ID, b.ID))
	})
	return all, nil
}

// claimsSetting holds who has taken which request on. The journal has the history.
const claimsSetting = "claims"

func claimsOf(tx *store.Tx) (map[rogatory.RequestID]Claim, error) {
	claims := map[rogatory.RequestID]Claim{}
	v, found, err := tx.Setting(claimsSetting)
	if err != nil || !found {
		return claims, err
	}
	if err := json.Unmarshal(v, &claims); err != nil {
		return nil, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", claimsSetting, err)
	}
	return claims, nil
}

// ClaimOf returns who has taken the request on; zero if nobody has.
func (o *Office) ClaimOf(ctx context.Context, id rogatory.RequestID) (Claim, error) {
	var claim Claim
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		claims, err := claimsOf(tx)
		claim = claims[id]
		return err
	})
	return claim, err
}

// Claim takes a request on, from whoever had it, or gives it back if back is set. It is journaled, is
// told to nobody outside, and changes nothing about who may act. Claims of requests that are over go.
func (o *Office) Claim(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, back bool) error {
	if by.Role != rogatory.DutyOfficer && by.Role != rogatory.Decider && by.Role != rogatory.Custodian {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not take requests on", by.Name, by.Role)
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := o.must(tx, id); err != nil {
			return err
		}
		claims, err := claimsOf(tx)
		if err != nil {
			return err
		}
		e := rogatory.Entry{Type: rogatory.RequestClaimed, At: o.now(), By: by, Request: id, Name: by.Name}
		if back {
			e.Name = ""
			delete(claims, id)
		} else {
			claims[id] = Claim{by.Name, e.At}
		}
		for held := range claims {
			if f, found, err := (cabinetOf{tx}).file(held); err != nil {
				return err
			} else if !found || f.State == rogatory.Closed {
				delete(claims, held)
			}
		}
		text, err := json.Marshal(claims)
		if err != nil {
			return err
		}
		if err := o.record(tx, e); err != nil {
			return err
		}
		return tx.SetSetting(claimsSetting, text)
	})
}
