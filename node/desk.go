// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/clock"
	"rogatory/deadline"
	"rogatory/desk"
	"rogatory/doorbell"
	"rogatory/pager"
	"rogatory/store"
)

// The desk's files in a node's folder. All three are needed to page anybody.
const (
	RotaFile       = "rota.json"
	EscalationFile = "escalation.json"
	PagerFile      = "pager.json"
)

// secretsDir is where the documents put the pager's passwords: like keys, they are not copied with the rest.
const secretsDir = "secrets"

// watched is what the node knows of its desk's files.
type watched struct {
	sync.Mutex                        // held while they are read or written
	seen       rogatory.Digest        // of all three; guarded by the mutex
	rota       rogatory.Digest        // of the rota in force; guarded by the mutex
	checks     map[string]channelWord // by channel; guarded by Node.mu
}

// channelWord is what came of the last check of a channel.
type channelWord struct {
	err error
	at  time.Time
}

// deskFiles reads the three files; a file that is missing is nil.
func deskFiles(dir string) (rota, escalation, pages []byte, err error) {
	read := func(name string, most int) (data []byte) {
		f, wrong := os.Open(filepath.Join(dir, name))
		if errors.Is(wrong, fs.ErrNotExist) || err != nil {
			return nil
		}
		if wrong == nil {
			defer f.Close()
			data, wrong = io.ReadAll(io.LimitReader(f, int64(most)+1))
		}
		if wrong != nil {
			err = rogatory.Fault(rogatory.Unavailable, "file_unreadable", "read %s: %w", name, wrong)
			return nil
		}
		return append([]byte{}, data...) // an empty file is not a missing one
	}
	rota, escalation, pages = read(RotaFile, desk.MaxDataSize), read(EscalationFile, desk.MaxDataSize), read(PagerFile, pager.MaxConfig)
	return rota, escalation, pages, err
}

// DeskPlan reads what the desk of the node in dir goes by. A file that does not hold, or files that do not
// fit together, are refused whole; missing ones are not there. No connection is made.
func DeskPlan(dir string, calendars *deadline.Calendars, c clock.Clock) (*alarm.Plan, error) {
	rota, escalation, pages, err := deskFiles(dir)
	if err != nil {
		return nil, err
	}
	return planOf(dir, rota, escalation, pages, calendars, c)
}

func planOf(dir string, rota, escalation, pages []byte, calendars *deadline.Calendars, c clock.Clock) (p *alarm.Plan, err error) {
	p = &alarm.Plan{}
	if rota != nil {
		if p.Rota, err = desk.Load(RotaFile, rota, deadline.BundledZones(), calendars); err != nil {
			return nil, err
		}
	}
	if escalation != nil {
		if p.Escalation, err = desk.LoadEscalation(EscalationFile, escalation); err != nil {
			return nil, err
		}
	}
	if pages != nil {
		config, err := pager.ParseConfig(pages)
		if err != nil {
			return nil, err
		}
		if !strings.HasSuffix(config.Door, doorbell.Prefix) {
			return nil, rogatory.Fault(rogatory.Invalid, "door_elsewhere", "%s: links begin at door, which has to end in %s", PagerFile, doorbell.Prefix)
		}
		if p.Routes, err = pager.Open(config, dir, c); err != nil {
			return nil, err
		}
		p.Pager = &config
	}
	return p, p.Check()
}

// openDesk makes the desk and reads its files. Files that do not hold keep the node from starting: a desk
// that wakes nobody is noticed by day.
func (n *Node) openDesk(ctx context.Context) error {
	n.Desk = alarm.New(alarm.Config{Us: n.config.address(), Office: n.Office, Store: n.store, Ledger: n.Ledger, Clock: n.opt.DeskClock, Random: n.opt.Random, Log: n.opt.Log})
	if n.opt.Inspect {
		return nil
	}
	n.store.OnCommit(func(int64) { n.Desk.Committed() })
	if err := n.readDrills(); err != nil {
		return err
	}
	return n.readDesk(ctx, false)
}

// watchDesk takes up files that an administrator has changed. What does not hold changes nothing, and
// health says so.
func (n *Node) watchDesk(ctx context.Context) error {
	n.note("desk", n.readDesk(ctx, true))
	return nil
}

func (n *Node) readDesk(ctx context.Context, runs bool) error {
	n.duty.Lock()
	defer n.duty.Unlock()
	rota, escalation, pages, err := deskFiles(n.dir)
	if err != nil {
		return err
	}
	seen := rogatory.DigestOf(fmt.Appendf(nil, "%t %q %t %q %t %q", rota == nil, rota, escalation == nil, escalation, pages == nil, pages))
	if seen == n.duty.seen {
		return nil
	}
	plan, err := planOf(n.dir, rota, escalation, pages, n.Office.Rules.Calendars, n.opt.DeskClock)
	if err == nil && plan.Escalation != nil {
		err = n.knownKinds(plan.Escalation)
	}
	if err == nil && runs && plan.Rota != nil {
		err = desk.Validate(plan.Rota, rogatory.At(n.opt.DeskClock.Now()))
	}
	if err != nil {
		return err
	}
	if n.start.gate.Err() != nil { // it is known, and goes into the journal when that may be written
		n.Desk.Use(plan)
		return nil
	}
	by := rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
	if err := n.recordRota(ctx, by, plan.Rota, rogatory.DigestOf(rota), rota != nil); err != nil {
		return err
	}
	n.duty.seen, n.duty.rota = seen, rogatory.DigestOf(rota)
	n.Desk.Use(plan)
	return nil
}

// knownKinds refuses an escalation that names a kind of request which the rules do not have.
func (n *Node) knownKinds(e *desk.Escalation) error {
	for _, p := range e.Policies {
		for _, k := range p.Kinds {
			if _, err := n.Rules.Kind(rogatory.RequestKind(k)); err != nil {
				return fmt.Errorf("%s, policy %q: %w", EscalationFile, p.ID, err)
			}
		}
	}
	return nil
}

// rotaSetting holds the digest of the rota that was recorded last.
const rotaSetting = "rota"

// recordRota journals a rota that is not the one recorded last.
func (n *Node) recordRota(ctx context.Context, by rogatory.Actor, r *desk.Rota, digest rogatory.Digest, here bool) error {
	value, version := "none", "none"
	if here {
		value, version = digest.String(), r.Version
	}
	last := func(tx *store.Tx) (string, error) {
		v, found, err := tx.Setting(rotaSetting)
		if !found {
			v = []byte("none")
		}
		return string(v), err
	}
	var was string
	if err := n.store.View(ctx, func(tx *store.Tx) (err error) { was, err = last(tx); return err }); err != nil || was == value {
		return err
	}
	return n.store.Update(ctx, func(tx *store.Tx) error {
		if was, err := last(tx); err != nil || was == value {
			return err
		}
		e := rogatory.Entry{Type: rogatory.RotaChanged, At: rogatory.At(n.opt.Clock.Now()), By: by, Name: version, Why: "SHA-256 " + value}
		if _, err := n.Ledger.Record(tx, e); err != nil {
			return err
		}
		return tx.SetSetting(rotaSetting, []byte(value))
	})
}

// SaveRota puts a rota in force: its file as Load reads it. One with a gap in the next thirty days
// (rota_gap), with a swap that its people do not have, or that the escalation does not fit is refused, and
// the one before stays. Officers, deciders and administrators may.
//
// Order of writes: the file, whole; then the journal. After a crash in between the node records it at its
// next start, as found.
func (n *Node) SaveRota(ctx context.Context, by rogatory.Actor, data []byte) error {
	n.duty.Lock()
	defer n.duty.Unlock()
	return n.saveRota(ctx, by, data)
}

func (n *Node) saveRota(ctx context.Context, by rogatory.Actor, data []byte) error {
	if !slices.Contains([]rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Administrator}, by.Role) {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not change the rota", by.Name, by.Role).WithHint("this needs the role officer, decider or administrator")
	}
	_, escalation, pages, err := deskFiles(n.dir)
	if err != nil {
		return err
	}
	plan, err := planOf(n.dir, data, escalation, pages, n.Office.Rules.Calendars, n.opt.DeskClock)
	if err != nil {
		return err
	}
	if err := desk.Validate(plan.Rota, rogatory.At(n.opt.DeskClock.Now())); err != nil {
		return err
	}
	if err := replace(filepath.Join(n.dir, RotaFile), data); err != nil {
		return rogatory.Fault(rogatory.Unavailable, "file_unwritable", "save the rota: %w", err)
	}
	digest := rogatory.DigestOf(data)
	n.duty.rota = digest
	n.Desk.Use(plan)
	return n.recordRota(ctx, by, plan.Rota, digest, true)
}

// AddOverride puts a person on duty between two moments. The file is written anew, whole, with the next
// version; the codes of its errors are those of SaveRota, rota_missing, rota_invalid, and rota_on_disk where
// somebody has changed the file and the node could not take that up.
func (n *Node) AddOverride(ctx context.Context, by rogatory.Actor, o desk.Override) error {
	return n.changeRota(ctx, by, func(r *desk.Rota) { r.Overrides = append(slices.Clone(r.Overrides), o) })
}

// AddSwap lets two people take each other's duty; see AddOverride.
func (n *Node) AddSwap(ctx context.Context, by rogatory.Actor, s desk.Swap) error {
	return n.changeRota(ctx, by, func(r *desk.Rota) { r.Swaps = append(slices.Clone(r.Swaps), s) })
}

func (n *Node) changeRota(ctx context.Context, by rogatory.Actor, change func(*desk.Rota)) error {
	n.duty.Lock()
	defer n.duty.Unlock()
	now, err := n.Desk.Rota()
	if err != nil {
		return err
	}
	onDisk, _, _, err := deskFiles(n.dir)
	if err != nil {
		return err
	}
	if rogatory.DigestOf(onDisk) != n.duty.rota {
		return rogatory.Fault(rogatory.Conflict, "rota_on_disk", "%s is not the rota in force: somebody changed the file", RotaFile).WithHint("look at the health of the node, and mend the file first")
	}
	r := *now
	change(&r)
	r.Version = nextVersion(now.Version, n.opt.DeskClock.Now())
	if _, err := desk.Compile(r, deadline.BundledZones(), n.Office.Rules.Calendars); err != nil {
		return err
	}
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return n.saveRota(ctx, by, append(data, '\n'))
}

// nextVersion is today's next version: 2026-11-25.2 after 2026-11-25.1.
func nextVersion(last string, now time.Time) string {
	day, number, _ := strings.Cut(last, ".")
	today := now.Format(time.DateOnly)
	count := 1
	if k, err := strconv.Atoi(number); err == nil && day >= today {
		today, count = day, k+1
	}
	return today + "." + strconv.Itoa(count)
}

// checkEvery is how often channels are tested without waking anybody.
const checkEvery = 10 * time.Minute

// checkChannels tests each channel as far as that wakes nobody, for Health.
func (n *Node) checkChannels(ctx context.Context) error {
	plan := n.Desk.Plan()
	if plan == nil {
		return nil
	}
	found := map[string]channelWord{}
	for _, r := range plan.Routes {
		ctx, cancel := context.WithTimeout(ctx, outsideTimeout)
		err := r.Check(ctx)
		cancel()
		if rogatory.CodeOf(err) == "check_unsupported" {
			err = nil
		}
		found[r.Name] = channelWord{err, n.opt.Clock.Now()}
	}
	if ctx.Err() != nil {
		return nil
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.duty.checks = found
	return nil
}

// heartbeat tells the outside service that the engine lives, if pager.json names one at the start.
func (n *Node) heartbeat(ctx context.Context) error {
	plan := n.Desk.Plan()
	if plan == nil || plan.Pager == nil || plan.Pager.Heartbeat == nil {
		return nil
	}
	h, err := pager.NewHeartbeat(*plan.Pager.Heartbeat, n.dir, n.opt.Clock)
	if err != nil {
		return err
	}
	n.beat.Store(h)
	h.Run(ctx, func(b pager.Beat) {
		if b.Silent {
			b.Err = rogatory.Fault(rogatory.Unavailable, "no_progress", "the outbox makes no progress, so that the heartbeat is silent")
		}
		n.note("heartbeat", b.Err)
	})
	return nil
}

// progressed is called by the work itself.
func (n *Node) progressed() {
	if h := n.beat.Load(); h != nil {
		h.Progress(n.opt.Clock.Now())
	}
}

// doorbell is the page of those who were woken.
func (n *Node) doorbell() http.Handler {
	answer := func(a alarm.Answer, err error) (doorbell.Answer, error) {
		return doorbell.Answer{At: a.At, Test: a.Test || a.Drill}, err
	}
	return doorbell.New(doorbell.Config{
		Link: func(ctx context.Context, token string) (doorbell.Answer, error) {
			return answer(n.Desk.AcknowledgeLink(ctx, token))
		},
		Code: func(ctx context.Context, code string) (doorbell.Answer, error) {
			return answer(n.Desk.AcknowledgeCode(ctx, code))
		},
		Zone: func() *time.Location {
			if r, err := n.Desk.Rota(); err == nil {
				return r.Location()
			}
			return time.UTC
		},
		Clock: n.opt.Clock, Log: n.opt.Log,
	})
}

// deskHealth says how the desk is.
func (n *Node) deskHealth(ctx context.Context, say func(name string, err error, good string)) {
	plan := n.Desk.Plan()
	now := rogatory.At(n.opt.DeskClock.Now())
	if missing := plan.Missing(); len(missing) > 0 {
		words := "nobody is paged: no " + strings.Join(missing, ".json, no ") + ".json in the node's folder"
		var err error
		if len(missing) < 3 || n.config.Mode == rogatory.Live {
			err = errors.New(words)
		}
		say("paging", err, words)
	} else {
		var err error
		if !pager.TwoProviders(plan.Routes) {
			err = errors.New("all channels have one provider: when it fails, everybody sleeps")
		} else if who := plan.Unaddressed(); len(who) > 0 {
			err = fmt.Errorf("no address in %s for %s: they cannot be woken", PagerFile, strings.Join(who, ", "))
		}
		say("paging", err, fmt.Sprintf("%d channels by different providers", len(plan.Routes)))
	}
	if plan == nil {
		return
	}
	if plan.Rota != nil {
		at := func(i rogatory.Instant) string {
			if i == 0 {
				return "further notice"
			}
			return i.Time().In(plan.Rota.Location()).Format("Mon 2006-01-02 15:04 -07:00")
		}
		on := desk.OnDuty(plan.Rota, now)
		words := fmt.Sprintf("%s until %s", on.Name, at(on.Until))
		if next, ok := desk.Next(plan.Rota, now); ok {
			words += ", then " + next.Name
		}
		say("on duty", desk.Validate(plan.Rota, now), words)
	}
	n.mu.Lock()
	checks := n.duty.checks
	n.mu.Unlock()
	for _, r := range plan.Routes {
		c, known := checks[r.Name]
		words := "not checked yet"
		if known {
			words = "checked at " + c.at.Format(time.RFC3339) + ", without waking anybody"
		}
		say("channel "+r.Name, c.err, words)
	}
	reader := rogatory.Actor{Address: n.config.address(), Officer: rogatory.Officer{Name: "node", Role: rogatory.TheNode}}
	open, err := n.Desk.Alarms(ctx, reader)
	if err != nil {
		say("alarms", err, "")
	}
	for _, a := range open {
		if a.Alarm.GivenUp != 0 {
			say("alarm "+a.Alarm.ID, fmt.Errorf("nobody answered since %s: %s", a.Alarm.Opened, a.LastResort), "")
		}
	}
}
