// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"time"

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

// Next returns the running deadline that ends first; false if none runs. What goes on after the end of a request has a
// list of its own: see Subjects.
func (f File) Next() (Deadline, bool) {
	var first Deadline
	for _, d := range f.Deadlines {
		if d.State == Running && !outlives[d.Name] && (first.Due == 0 || d.Due < first.Due) {
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
	Aside Aside // zero if it is not put aside now
	// Unseen is how many messages of the other State have come since whoever asks opened the request; see Saw.
	Unseen int
}

// Soon is how long before it is due a request counts as due today: a day, in which a shift can still act.
const Soon = 24 * time.Hour

// Show names a part of the queue.
type Show string

// The parts of the queue.
const (
	ShowOverdue   Show = "overdue"
	ShowToday     Show = "today"
	ShowUs        Show = "us"
	ShowThem      Show = "them"
	ShowMine      Show = "mine" // held or drafted by whoever asks
	ShowUnclaimed Show = "unclaimed"
	ShowDrafts    Show = "drafts"
	ShowAside     Show = "aside" // put aside, and in no other part
	ShowAll       Show = "all"
)

// QueueFilter says which part of the queue; all of it if Show is empty.
type QueueFilter struct {
	Show  Show
	After string // what Queue returned as next; empty for the first page
	Limit int    // requests on a page; DefaultPage if zero
}

// QueueCounts are how many requests there are in each part of the queue.
type QueueCounts map[Show]int

// Queue returns a page of the requests that are not over, the one that runs out first on top, those without
// a deadline last, with how many there are in each part, and what to give as After for the next page.
func (o *Office) Queue(ctx context.Context, by rogatory.Actor, q QueueFilter) (page []Queued, counts QueueCounts, next string, err error) {
	if err := MayRead(by); err != nil {
		return nil, nil, "", err
	}
	limit := q.Limit
	if limit <= 0 {
		limit = DefaultPage
	}
	limit = min(limit, MaxPage)
	now := o.now()
	f := store.QueueFilter{Limit: limit + 1, Now: now}
	if f.After, f.AfterID, err = parsePlace(q.After); err != nil {
		return nil, nil, "", err
	}
	switch q.Show {
	case ShowOverdue:
		f.To = now
	case ShowToday:
		f.From, f.To = now, now.Add(Soon)
	case ShowUs:
		f.Waits = store.WaitsUs
	case ShowThem:
		f.Waits = store.WaitsThem
	case ShowMine:
		f.Of = by.Name
	case ShowUnclaimed:
		f.Waits, f.Unclaimed = store.WaitsUs, true
	case ShowDrafts:
		f.Waits = store.WaitsDraft
	case ShowAside:
		f.Aside = true
	}
	var rows []store.Standing
	var c store.QueueCounts
	var unseen map[rogatory.RequestID]int64
	err = o.Store.View(ctx, func(tx *store.Tx) (err error) {
		if rows, err = tx.Queue(f); err != nil {
			return err
		}
		if c, err = tx.QueueCounts(now, now.Add(Soon), by.Name); err != nil {
			return err
		}
		var ids []rogatory.RequestID
		for _, row := range rows {
			ids = append(ids, row.Request.ID)
		}
		unseen, err = tx.Unseen(by.Name, ids)
		return err
	})
	if err != nil {
		return nil, nil, "", err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		last := rows[limit-1]
		next = strconv.FormatInt(last.Turn, 10) + "_" + string(last.Request.ID)
	}
	for _, row := range rows {
		files, err := filesOf([]store.Request{row.Request})
		if err != nil {
			return nil, nil, "", err
		}
		page = append(page, Queued{files[0], claimOf(row), asideOf(row, now), int(unseen[row.Request.ID])})
	}
	return page, QueueCounts{ShowOverdue: int(c.Overdue), ShowToday: int(c.Today), ShowUs: int(c.Us), ShowThem: int(c.Them), ShowMine: int(c.Mine),
		ShowUnclaimed: int(c.Unclaimed), ShowDrafts: int(c.Drafts), ShowAside: int(c.Aside), ShowAll: int(c.All)}, next, nil
}

// parsePlace reads a place in a list.
func parsePlace(s string) (int64, rogatory.RequestID, error) {
	at, id, err := parseCursor(s)
	return int64(at), id, err
}

func claimOf(row store.Standing) Claim {
	if row.Holder == "" {
		return Claim{}
	}
	return Claim{row.Holder, row.HeldAt}
}

// placeOf is where a file stands in the queue; false if it is over and nothing of it is due any more.
func placeOf(f File) (store.Place, bool) {
	p := store.Place{Request: f.ID, Changed: f.Changed}
	d, runs := f.Next()
	if !runs && (f.State == rogatory.Closed || f.State == rogatory.Withdrawn) {
		return p, false
	}
	p.Due, p.Waits = d.Due, string(f.WaitsFor())
	if f.State == rogatory.Drafted {
		p.Waits, p.Author = store.WaitsDraft, f.Author
	}
	return p, true
}

// setPlace moves a file to where it stands in the queue now.
func setPlace(tx *store.Tx, f File) error {
	if p, in := placeOf(f); in {
		return tx.SetPlace(p)
	}
	return tx.LeaveQueue(f.ID)
}

// claimsSetting held who had taken which request on, before the queue did. Reindex takes it over.
const claimsSetting = "claims"

func takeOverClaims(tx *store.Tx) error {
	v, found, err := tx.Setting(claimsSetting)
	if err != nil || !found || len(v) == 0 {
		return err
	}
	claims := map[rogatory.RequestID]Claim{}
	if err := json.Unmarshal(v, &claims); err != nil {
		return rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", claimsSetting, err)
	}
	for id, c := range claims {
		if err := tx.Hold(id, c.By, c.At); err != nil {
			return err
		}
	}
	return tx.SetSetting(claimsSetting, nil)
}

// Standing returns who has taken the request on and what it is put aside for; zero if nobody has, or it is not.
func (o *Office) Standing(ctx context.Context, id rogatory.RequestID) (claim Claim, aside Aside, err error) {
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		row, _, err := tx.InQueue(id)
		claim, aside = claimOf(row), asideOf(row, o.now())
		return err
	})
	return claim, aside, err
}

// ClaimOf returns who has taken the request on; zero if nobody has.
func (o *Office) ClaimOf(ctx context.Context, id rogatory.RequestID) (Claim, error) {
	claim, _, err := o.Standing(ctx, id)
	return claim, err
}

// MayHold reports whether a person of a role may have requests on the desk.
func MayHold(role rogatory.OfficerRole) bool {
	return role == rogatory.DutyOfficer || role == rogatory.Decider || role == rogatory.Custodian
}

// Claim takes a request on, from whoever had it, or gives it back if back is set. It is journaled, is
// told to nobody outside, and changes nothing about who may act. What is over is held by nobody.
func (o *Office) Claim(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, back bool) error {
	if back {
		return o.hold(ctx, by, id, rogatory.Officer{})
	}
	return o.hold(ctx, by, id, by.Officer)
}

// Assign gives a request to a colleague, who must be able to hold one. It is journaled with who gave it; see Claim.
func (o *Office) Assign(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, to rogatory.Officer) error {
	if !MayHold(to.Role) {
		return rogatory.Fault(rogatory.Invalid, "assignee_invalid", "%.60q in the role %s can hold no requests", to.Name, to.Role).WithHint("give it to an officer, a decider or a custodian")
	}
	return o.hold(ctx, by, id, to)
}

// mayOrder refuses who may not say who holds what, and what waits.
func mayOrder(by rogatory.Actor) error {
	if !MayHold(by.Role) {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not take requests on", by.Name, by.Role)
	}
	return nil
}

func (o *Office) hold(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, to rogatory.Officer) error {
	if err := mayOrder(by); err != nil {
		return err
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		if _, err := o.must(tx, id); err != nil {
			return err
		}
		e := rogatory.Entry{Type: rogatory.RequestClaimed, At: o.now(), By: by, Request: id, Name: to.Name}
		held := e.At
		if to.Name == "" {
			held = 0
		}
		if err := o.record(tx, e); err != nil {
			return err
		}
		return tx.Hold(id, to.Name, held)
	})
}
