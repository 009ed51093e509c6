// SPDX-License-Identifier: Apache-2.0

// Package alarm is the 24/7 desk at work: it opens an alarm in the transaction that takes an urgent
// request in, wakes people one after the other until somebody answers, and tells the asking State that
// somebody did (Article 41). Package desk decides, package pager carries; here their decisions meet the
// store.
//
// It promises that an alarm is committed with what it is for, or not at all; that each step is decided in
// one transaction and its pages leave only after that; that of all who acknowledge exactly one takes the
// alarm; that an alarm which nobody answers ends with the last resort in the journal, in the log and in
// the node's health. Links and codes are kept as digests.
//
// It refuses to wake anybody while the rota, the escalation or the pager's configuration is missing, and
// keeps everything about a case out of what it gives to the pager.
//
// After an error of a step nothing was decided, and the next step decides again. After a crash between a
// decision and its pages, what was not tried is sent by the next process, with the same identifiers and
// new links and codes; an attempt that the crash cut counts as one without an answer.
package alarm

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	"rogatory"
	"rogatory/clock"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/ledger"
	"rogatory/pager"
	"rogatory/store"
)

// Config is what a desk works with.
type Config struct {
	Us     rogatory.Address
	Office *docket.Office
	Store  *store.Store
	Ledger *ledger.Ledger
	Clock  clock.Clock // of the desk's waits
	Random io.Reader
	Log    *slog.Logger
}

// Desk is one State's desk. It is safe for concurrent use.
type Desk struct {
	Config
	plan atomic.Pointer[Plan]
	bell chan struct{}
	out  sync.WaitGroup // pages that are being sent
	new  atomic.Bool    // an alarm was raised that is not committed yet

	drilling atomic.Pointer[Drilling] // nil before UseDrills
	heard    chan struct{}            // something came about drills
	said     atomic.Bool              // what came about drills is in a transaction that is not committed yet
	stated   atomic.Bool              // figures of drills may have come that are not answered
	lookedAt atomic.Int64             // when figures were looked at last

	mu     sync.Mutex
	clear  map[string]spoken // links and codes by page, as long as it may have to be sent again; guarded by mu
	flying map[flight]bool   // guarded by mu
}

// spoken is a link and a code in clear: in memory only.
type spoken struct{ token, code string }

// flight is one page on its way.
type flight struct{ page, channel string }

// New returns a desk. Until Use it pages nobody.
func New(c Config) *Desk {
	return &Desk{Config: c, bell: make(chan struct{}, 1), heard: make(chan struct{}, 1), clear: map[string]spoken{}, flying: map[flight]bool{}}
}

// Use lets the desk go by another plan, which Check has passed.
func (d *Desk) Use(p *Plan) { d.plan.Store(p); d.ring() }

// Plan returns what the desk goes by; nil before Use.
func (d *Desk) Plan() *Plan { return d.plan.Load() }

// Wake returns a channel that receives when there is something to decide.
func (d *Desk) Wake() <-chan struct{} { return d.bell }

// WakeDrills returns a channel that receives when another State said something about drills: see StepDrills.
func (d *Desk) WakeDrills() <-chan struct{} { return d.heard }

func (d *Desk) ring() {
	select {
	case d.bell <- struct{}{}:
	default:
	}
}

// Committed is told of each commit of the store: see store.Store.OnCommit. The desk then looks at once if
// there is a new alarm.
func (d *Desk) Committed() {
	if d.new.Swap(false) {
		d.ring()
	}
	if d.said.Swap(false) {
		d.stated.Store(true)
		select {
		case d.heard <- struct{}{}:
		default:
		}
	}
}

// Wait waits until no page is on its way.
func (d *Desk) Wait() { d.out.Wait() }

func (d *Desk) now() rogatory.Instant { return rogatory.At(d.Clock.Now()) }

func (d *Desk) node() rogatory.Actor {
	return rogatory.Actor{Address: d.Us, Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
}

// record is what is kept of an alarm.
type record struct {
	Alarm   desk.Alarm         `json:"alarm"`
	Urgency pager.Urgency      `json:"urgency"`
	Request rogatory.RequestID `json:"request,omitempty"`
}

func readRecord(row store.Alarm) (record, error) {
	var r record
	if err := json.Unmarshal(row.View, &r); err != nil {
		return r, rogatory.Fault(rogatory.Damaged, "alarm_damaged", "read alarm %s: %w", row.ID, err)
	}
	return r, nil
}

func (d *Desk) load(tx *store.Tx, id string) (record, error) {
	row, err := tx.Alarm(id)
	if err != nil {
		return record{}, err
	}
	return readRecord(row)
}

func (r record) row(due rogatory.Instant) (store.Alarm, error) {
	view, err := json.Marshal(r)
	a := r.Alarm
	return store.Alarm{ID: a.ID, Request: r.Request, Test: a.Test, Open: a.Acknowledged == nil && a.Withdrawn == 0, Opened: a.Opened, DueAt: due, View: view}, err
}

// keep stores an alarm and says when it is looked at again.
func (d *Desk) keep(tx *store.Tx, r record) error {
	row, err := r.row(d.due(r))
	if err != nil {
		return err
	}
	return tx.UpdateAlarm(row)
}

// due is when an alarm needs somebody: the next step, or a page that is to be tried again.
func (d *Desk) due(r record) rogatory.Instant {
	plan, now := d.plan.Load(), d.now()
	if !plan.Pages() {
		return now
	}
	var due rogatory.Instant
	switch next := desk.Escalate(plan.policyOf(r.Alarm.Policy), r.Alarm, now); next.Do {
	case desk.Stop:
		return 0
	case desk.Wait:
		due = next.LookAgain
	default:
		due = now
	}
	for _, t := range r.Alarm.Taken {
		for _, p := range t.Pages {
			if at, ok := p.TryAt(); ok {
				due = min(due, at)
			}
		}
	}
	return due
}

// raise opens an alarm in tx.
func (d *Desk) raise(tx *store.Tx, policy string, urgency pager.Urgency, request rogatory.RequestID) error {
	id, err := rogatory.NewMessageID(d.Random, d.Clock.Now())
	if err != nil {
		return err
	}
	now := d.now()
	r := record{Alarm: desk.Alarm{ID: string(id), Policy: policy, Test: urgency == pager.Test, Opened: now}, Urgency: urgency, Request: request}
	row, err := r.row(now)
	if err == nil {
		err = tx.InsertAlarm(row)
	}
	if err != nil {
		return err
	}
	_, err = d.Ledger.Record(tx, rogatory.Entry{Type: rogatory.AlarmOpened, At: now, By: d.node(), Request: request, Name: string(id), Why: policy})
	return err
}

// Moved implements docket.Config.Moved: a request that comes in opens an alarm, and whatever moves it on
// ends that.
func (d *Desk) Moved(tx *store.Tx, f docket.File, m rogatory.Message) error {
	if m.From.State != d.Us.State && (m.Act == rogatory.StateFigures || f.Side == rogatory.RequestingSide && f.Request.Kind == rogatory.ContactDrill) {
		d.said.Store(true)
		return nil
	}
	if f.Side != rogatory.RequestedSide {
		return nil
	}
	if m.Act == rogatory.Send || m.Act == rogatory.StartDrill {
		return d.arrived(tx, f)
	}
	if f.Waits() {
		return nil
	}
	rows, err := tx.AlarmsOf(f.ID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if !row.Open {
			continue
		}
		r, err := readRecord(row)
		if err != nil {
			return err
		}
		if m.From.State == d.Us.State && m.By.Role != rogatory.TheNode {
			err = d.take(tx, r, desk.Acknowledgement{By: d.personOf(m.By.Name), How: desk.ByScreen, At: d.now()}, rogatory.Actor{Address: d.Us, Officer: m.By})
		} else {
			r.Alarm.Withdrawn = d.now()
			if err = d.keep(tx, r); err == nil {
				_, err = d.Ledger.Record(tx, rogatory.Entry{Type: rogatory.AlarmWithdrawn, At: r.Alarm.Withdrawn, By: d.node(), Request: f.ID, Name: r.Alarm.ID, Why: string(m.Act)})
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (d *Desk) arrived(tx *store.Tx, f docket.File) error {
	plan := d.plan.Load()
	if !plan.Pages() {
		return nil
	}
	kind, err := d.Office.Rules.Kind(f.Request.Kind)
	if err != nil {
		return err
	}
	policy, urgency, ok := plan.policyFor(kind)
	if !ok {
		return nil
	}
	d.new.Store(true)
	return d.raise(tx, policy.ID, urgency, f.ID)
}

// take records that somebody has taken an alarm.
func (d *Desk) take(tx *store.Tx, r record, k desk.Acknowledgement, by rogatory.Actor) error {
	var err error
	if r.Alarm, err = r.Alarm.Acknowledge(k); err != nil {
		return err
	}
	if err := d.keep(tx, r); err != nil {
		return err
	}
	_, err = d.Ledger.Record(tx, rogatory.Entry{Type: rogatory.AlarmAcknowledged, At: k.At, By: by, Request: r.Request, Name: r.Alarm.ID, Why: k.By + " by " + string(k.How)})
	return err
}

// personOf is the id of a person of the rota whom the office's door calls by that name, or the name.
func (d *Desk) personOf(name string) string {
	if plan := d.plan.Load(); plan != nil && plan.Rota != nil {
		for _, p := range plan.Rota.People {
			if p.Name == name || p.ID == name {
				return p.ID
			}
		}
	}
	return name
}

// Step decides what is due and sends what has to be sent; it does not wait for providers. Call it each
// second and whenever Wake says so.
func (d *Desk) Step(ctx context.Context) error {
	plan := d.plan.Load()
	if !plan.Pages() {
		return nil
	}
	if err := d.test(ctx, plan); err != nil {
		return err
	}
	var due []store.Alarm
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.DueAlarms(d.now(), 0)
		return err
	})
	if err != nil {
		return err
	}
	for _, row := range due {
		for again := true; again; {
			var r record
			if r, again, err = d.decide(ctx, plan, row.ID); err != nil {
				return err
			}
			d.launch(ctx, plan, r)
		}
	}
	return nil
}

// test opens the test alarm of a shift.
func (d *Desk) test(ctx context.Context, plan *Plan) error {
	if _, err := plan.Escalation.Policy(TestPolicy); err != nil {
		return nil
	}
	shift := desk.OnDuty(plan.Rota, d.now())
	due := func(tx *store.Tx) (bool, error) {
		last, err := tx.Alarms(true, 1)
		if err != nil {
			return false, err
		}
		var made rogatory.Instant
		if len(last) > 0 {
			made = last[0].Opened
		}
		is, _ := desk.TestDue(shift, made, d.now())
		return is, nil
	}
	var is bool
	err := d.Store.View(ctx, func(tx *store.Tx) (err error) { is, err = due(tx); return err })
	if err != nil || !is {
		return err
	}
	return d.Store.Update(ctx, func(tx *store.Tx) error {
		if is, err := due(tx); err != nil || !is {
			return err
		}
		return d.raise(tx, TestPolicy, pager.Test, "")
	})
}
