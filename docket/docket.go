// SPDX-License-Identifier: Apache-2.0

// Package docket is the office: the only package that moves a case.
//
// Each use case is one verb: it verifies, decides in pure functions, and then writes the case, the
// journal entry and the outbox row in one transaction. Effects leave only through the outbox, and
// evidence only through the vault; the docket sees digests.
//
// It promises that a receipt is signed only over what is committed; that a message delivered twice
// has one effect and one receipt; that sequence numbers to a State have no gap; and that nobody acts
// whose role the lifecycle does not name. It refuses acts that are not open, incomplete requests,
// grounds that the kind does not know, and a sender who is also the author.
//
// After an error of a verb nothing was written, unless the code is "commit_failed": then the outcome
// is unknown, and doing it again is safe for deliveries and refused as "act_not_open" for people.
package docket

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/asice"
	"rogatory/clock"
	"rogatory/envelope"
	"rogatory/journal"
	"rogatory/ledger"
	"rogatory/oversight"
	"rogatory/store"
	"rogatory/treaty"
	"rogatory/vault"
)

// Named limits and waits.
const (
	// messageLife is how long a message may be on its way: longer than an outage, shorter than a
	// preservation.
	messageLife = 30 * treaty.Day
	// futureSlack is how far ahead a sender's clock may be before its messages have to wait.
	futureSlack = 10 * time.Minute
	// parkingSpan is how many messages may arrive ahead of a missing one, per State.
	parkingSpan = 1024
	// giveUpAfter is how long a delivery is tried before it is set aside, visibly, for a person.
	giveUpAfter = 14 * treaty.Day
	// leaseTime is how long a claimed delivery is left to its worker.
	leaseTime = 60 * time.Second
	// backoffBase doubles with each attempt up to backoffCap.
	backoffBase = time.Second
	backoffCap  = 6 * time.Hour
	// offerLife is how long an offered exhibit may be taken unless the offer says less.
	offerLife = 30 * treaty.Day
	// maxExhibits per request: more is a file system, to be sealed as an image.
	maxExhibits = 200
)

// Directory finds a party and says whether messages may be sent to it today.
type Directory interface {
	Party(code rogatory.StateCode) (rogatory.Party, error)
	MaySend(code rogatory.StateCode) error
}

// Config is what an office works with.
type Config struct {
	Us          rogatory.Address
	Mode        rogatory.Mode
	Store       *store.Store
	Ledger      *ledger.Ledger
	Vault       *vault.Vault
	Rules       Rulebook
	Directory   Directory
	Signer      asice.Signer
	Messages    []age.Identity // open what is addressed to us
	Evidence    []age.Identity // open exhibits sealed to us
	Clock       clock.Clock
	Random      io.Reader
	Incarnation int64 // in every message, unless Starts says it
	Log         *slog.Logger
	// Starts, if set, tells how often the node was started, in the transaction that numbers a message: of several replicas
	// of one node all tell the same.
	Starts func(tx *store.Tx) (int64, error)
	// Hold, if set, may stop what this office says to others for a time, with the reason. It is told
	// whether the request is urgent; an emergency must not be held for a service that is down. What it
	// lets pass as not urgent it must let pass as urgent.
	Hold func(ctx context.Context, urgent bool) error
	// Oversight says what is intrusive and which patterns are worth a look; the program's own rules if nil.
	Oversight *oversight.Rules
	// Moved, if set, is told of each message that moved a file, ours or theirs, in the transaction that
	// did it: the desk opens and withdraws its alarms so. What it returns undoes the transaction.
	Moved func(tx *store.Tx, f File, m rogatory.Message) error
	// Safeguards judge what this office does before it is done. A node always has them; without, nothing is held.
	Safeguards *Safeguards
}

// Office is one State's docket. It is safe for concurrent use.
type Office struct {
	Config
	reader   envelope.Reader
	wake     chan struct{}
	policies policyCache
}

// New returns the office.
func New(c Config) *Office {
	if c.Oversight == nil {
		c.Oversight = oversight.Standard()
	}
	return &Office{Config: c, wake: make(chan struct{}, 1)}
}

// Wake returns a channel that receives when there is something new in the outbox.
func (o *Office) Wake() <-chan struct{} { return o.wake }

// Ring wakes a worker of the outbox.
func (o *Office) Ring() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

func (o *Office) now() rogatory.Instant { return rogatory.At(o.Clock.Now()) }

// cabinetOf keeps files in the database, with the rows derived from them.
type cabinetOf struct{ tx *store.Tx }

func (c cabinetOf) file(id rogatory.RequestID) (File, bool, error) {
	row, err := c.tx.Request(id)
	if rogatory.KindOf(err) == rogatory.NotFound {
		return File{}, false, nil
	}
	if err != nil {
		return File{}, false, err
	}
	var f File
	if err := json.Unmarshal(row.View, &f); err != nil {
		return File{}, false, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", id, err).WithHint("run rogatory fsck")
	}
	return f, true, nil
}

func (c cabinetOf) keep(f File) error {
	view, err := json.Marshal(f)
	if err != nil {
		return err
	}
	row, err := c.tx.Request(f.ID)
	fresh := rogatory.KindOf(err) == rogatory.NotFound
	if err != nil && !fresh {
		return err
	}
	row.ID, row.Case, row.Side, row.Peer = f.ID, f.ID.Case(), f.Side, f.Them.State
	row.Kind, row.State, row.Updated, row.View = f.Request.Kind, f.State, f.Changed, view
	if fresh {
		row.Version = 1
		err = c.tx.InsertRequest(row)
	} else {
		_, err = c.tx.UpdateRequest(row)
	}
	if err == nil {
		err = c.tx.Index(indexedOf(f))
	}
	if err == nil {
		err = setPlace(c.tx, f)
	}
	if err != nil {
		return err
	}
	return c.project(f)
}

// project writes the rows that others look up by: deadlines by time, exhibits by root.
func (c cabinetOf) project(f File) error {
	// What a file once had it keeps, so where it has nothing there are no rows to compare.
	if len(f.Deadlines) > 0 {
		if err := c.projectDeadlines(f); err != nil {
			return err
		}
	}
	if len(f.Exhibits) > 0 {
		return c.projectExhibits(f)
	}
	return nil
}

func (c cabinetOf) projectDeadlines(f File) error {
	have, err := c.tx.Deadlines(f.ID)
	if err != nil {
		return err
	}
	for _, d := range f.Deadlines {
		i := slices.IndexFunc(have, func(h store.Deadline) bool { return h.Name == d.Name })
		if i >= 0 && have[i].DueAt == d.Due && have[i].State == string(d.State) {
			continue
		}
		if i < 0 || d.State == Running || have[i].State != string(Running) { // what passed and was done late is open once more
			if _, err := c.tx.SetDeadline(store.Deadline{Request: f.ID, Name: d.Name, DueAt: d.Due, State: string(Running), Rule: d.Article}); err != nil {
				return err
			}
		}
		if d.State != Running {
			now, err := c.tx.Deadlines(f.ID)
			if err != nil {
				return err
			}
			i = slices.IndexFunc(now, func(h store.Deadline) bool { return h.Name == d.Name })
			if err := c.tx.CloseDeadline(f.ID, d.Name, now[i].Generation, string(d.State)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c cabinetOf) projectExhibits(f File) error {
	rows, err := c.tx.ExhibitsOf(f.ID)
	if err != nil {
		return err
	}
	for _, x := range f.Exhibits {
		direction := store.In
		if x.Ours {
			direction = store.Out
		}
		i := slices.IndexFunc(rows, func(r store.Exhibit) bool { return r.ID == x.Exhibit.ID })
		if i < 0 {
			if err := c.tx.InsertExhibit(store.Exhibit{ID: x.Exhibit.ID, Request: f.ID, Case: f.ID.Case(), Direction: direction, State: x.Standing(), Root: x.Exhibit.Seal.Root, Version: 1, View: []byte("{}")}); err != nil {
				return err
			}
		} else if rows[i].State != x.Standing() {
			rows[i].State = x.Standing()
			if _, err := c.tx.UpdateExhibit(rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// record appends a local entry and moves the file by it.
func (o *Office) record(tx *store.Tx, e rogatory.Entry) error {
	if err := applyLocal(cabinetOf{tx}, o.Rules, e, o.Us); err != nil {
		return err
	}
	_, err := o.Ledger.Record(tx, e)
	return err
}

// Draft opens a request to another State, in a new case or, with within set, in an existing one.
// Anything may be missing yet.
func (o *Office) Draft(ctx context.Context, by rogatory.Actor, to rogatory.Address, within rogatory.CaseID, r rogatory.Request) (File, error) {
	return o.draft(ctx, by, to, "", within, r)
}

// DraftElsewhere is Draft for a request that goes by another channel than this network, to a State that
// need not have a node. What that State answers is recorded with Heard.
func (o *Office) DraftElsewhere(ctx context.Context, by rogatory.Actor, to rogatory.Address, channel rogatory.Channel, within rogatory.CaseID, r rogatory.Request) (File, error) {
	if err := o.knownChannel(channel); err != nil {
		return File{}, err
	}
	if to.Authority == "" {
		to.Authority = unnamed
	}
	return o.draft(ctx, by, to, channel, within, r)
}

func (o *Office) draft(ctx context.Context, by rogatory.Actor, to rogatory.Address, channel rogatory.Channel, within rogatory.CaseID, r rogatory.Request) (File, error) {
	if err := may(by, rogatory.Draft); err != nil {
		return File{}, err
	}
	if err := o.composed(r.Kind); err != nil {
		return File{}, err
	}
	if !to.State.Valid() || to.State == o.Us.State {
		return File{}, rogatory.Fault(rogatory.Invalid, "addressee_invalid", "a request cannot be addressed to %.60q", to.State).WithHint("give the two-letter code of another State, such as XB")
	}
	var f File
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		id := within
		if id == "" {
			var err error
			if id, err = rogatory.NewCaseID(o.Random, o.Us.State, o.Clock.Now()); err != nil {
				return err
			}
		} else if id.State() != o.Us.State {
			return rogatory.Fault(rogatory.Invalid, "case_not_ours", "case %.40q was not opened by this State", within)
		} else if rows, err := tx.RequestsOfCase(id); err != nil {
			return err
		} else if len(rows) == 0 {
			return rogatory.Fault(rogatory.NotFound, "case_unknown", "there is no case %s", within)
		}
		n, err := tx.NextRequestNumber(id)
		if err != nil {
			return err
		}
		e := rogatory.Entry{Type: rogatory.RequestDrafted, At: o.now(), By: by, Request: id.Request(n), Draft: &r, To: &to, Channel: channel}
		if err := o.record(tx, e); err != nil {
			return err
		}
		f, _, err = cabinetOf{tx}.file(e.Request)
		return err
	})
	return f, err
}

// Revise replaces what a draft says.
func (o *Office) Revise(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, to rogatory.Address, r rogatory.Request) (File, error) {
	if err := may(by, rogatory.Revise); err != nil {
		return File{}, err
	}
	if err := o.composed(r.Kind); err != nil {
		return File{}, err
	}
	var f File
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		now, err := o.must(tx, id)
		if err != nil {
			return err
		}
		if _, _, err := rogatory.Next(now.State, rogatory.Revise, now.Side); err != nil {
			return err
		}
		if err := o.record(tx, rogatory.Entry{Type: rogatory.RequestRevised, At: o.now(), By: by, Request: id, Draft: &r, To: &to}); err != nil {
			return err
		}
		f, _, err = cabinetOf{tx}.file(id)
		return err
	})
	return f, err
}

func (o *Office) must(tx *store.Tx, id rogatory.RequestID) (File, error) {
	f, found, err := cabinetOf{tx}.file(id)
	if err == nil && !found {
		err = rogatory.Fault(rogatory.NotFound, "request_unknown", "there is no request %.60q here", id).WithHint("rogatory request list shows what there is")
	}
	return f, err
}

// may holds a person's role against the lifecycle; the state is checked when it is known.
func may(by rogatory.Actor, act rogatory.Act) error {
	var roles []string
	for _, t := range rogatory.Lifecycle() {
		if t.Act != act {
			continue
		}
		if slices.Contains(t.Roles, by.Role) {
			return nil
		}
		for _, r := range t.Roles {
			roles = append(roles, string(r))
		}
	}
	slices.Sort(roles)
	return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not %s", by.Name, by.Role, act).
		WithHint("this act needs the role " + strings.Join(slices.Compact(roles), " or "))
}

// Move performs an act that is told to the other State: every act but draft and revise. On a request that
// goes by another channel it is recorded, and a person has to send it. For Send the
// body's Request is filled from the draft; for Offer the body's Exhibit names the exhibit by ID.
func (o *Office) Move(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (File, rogatory.MessageID, error) {
	if err := o.held(ctx, id); err != nil {
		return File{}, "", err
	}
	if act == rogatory.Draft || act == rogatory.Revise {
		return File{}, "", rogatory.Fault(rogatory.Invalid, "act_local", "%s is not told to the other State", act)
	}
	if err := may(by, act); err != nil {
		return File{}, "", err
	}
	if act == rogatory.StartDrill || act == rogatory.EndDrill || act == rogatory.StateFigures {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_of_kind", "%s is not an act on a request", act).WithHint("rogatory drill sends drills and signs their figures")
	}
	var f File
	var message rogatory.MessageID
	err := o.Store.Update(ctx, func(tx *store.Tx) (err error) {
		f, message, err = o.move(tx, by, id, act, body)
		return err
	})
	if err == nil {
		o.Ring()
	}
	return f, message, err
}

func (o *Office) held(ctx context.Context, id rogatory.RequestID) error {
	if o.Hold == nil {
		return nil
	}
	// Nearly always nothing is held, and then it does not matter how urgent this one is.
	if o.Hold(ctx, false) == nil {
		return nil
	}
	f, err := o.File(ctx, id)
	if err != nil {
		return err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return err
	}
	return o.Hold(ctx, kind.Urgent)
}

func (o *Office) move(tx *store.Tx, by rogatory.Actor, id rogatory.RequestID, act rogatory.Act, body rogatory.Body) (File, rogatory.MessageID, error) {
	f, err := o.must(tx, id)
	if err != nil {
		return File{}, "", err
	}
	kind, err := o.Rules.Kind(f.Request.Kind)
	if err != nil {
		return File{}, "", err
	}
	if _, t, err := rogatory.Next(f.State, act, f.Side); err != nil {
		return File{}, "", err
	} else if !slices.Contains(t.Roles, by.Role) {
		return File{}, "", may(by, act)
	}
	if err := o.presentFor(by, act); err != nil {
		return File{}, "", err
	}
	if !kind.AllowsBy(act, f.Side) {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_of_kind", "a %s request knows no act %s by the %s State", kind.ID, act, f.Side)
	}
	if f.Channel != "" {
		if err := o.mayBegin(tx, f, act); err != nil {
			return File{}, "", err
		}
		return o.moveElsewhere(tx, by, f, kind, act, body)
	}
	if fictitious, err := seeded(tx, id); err != nil {
		return File{}, "", err
	} else if fictitious {
		return o.moveSeed(tx, by, f, kind, act, body)
	}
	if err := o.Directory.MaySend(f.Them.State); err != nil {
		return File{}, "", err
	}
	party, err := o.Directory.Party(f.Them.State)
	if err != nil {
		return File{}, "", err
	}
	m := rogatory.Message{Protocol: rogatory.Protocol, Mode: o.Mode, Request: id, From: f.Us, To: f.Them,
		Incarnation: o.Incarnation, Sent: o.now(), Act: act, By: by.Officer, Body: body}
	m.Expires = m.Sent.Add(messageLife)
	if err := o.prepare(&m, f, kind, party); err != nil {
		return File{}, "", err
	}
	if err := o.mayBegin(tx, f, act, party); err != nil {
		return File{}, "", err
	}
	if act == rogatory.Send {
		if err := o.paced(tx, by, kind.ID); err != nil {
			return File{}, "", err
		}
	}
	judged, err := o.judge(tx, by, f, act, m.Body)
	if err != nil {
		return File{}, "", err
	}
	return o.post(tx, m, kind.Urgent, judged)
}

// post numbers, signs, journals and queues a message, and moves our file by it: all in tx. judged may be nil.
func (o *Office) post(tx *store.Tx, m rogatory.Message, urgent bool, judged *rogatory.Judgement) (File, rogatory.MessageID, error) {
	var err error
	if m.ID, err = rogatory.NewMessageID(o.Random, o.Clock.Now()); err != nil {
		return File{}, "", err
	}
	if m.Sequence, err = tx.NextSequence(m.To.State); err != nil {
		return File{}, "", err
	}
	if o.Starts != nil {
		if m.Incarnation, err = o.Starts(tx); err != nil {
			return File{}, "", err
		}
	}
	if m, err = o.overseen(tx, envelope.Normal(m)); err != nil {
		return File{}, "", err
	}
	container, digest, err := envelope.Sign(m, o.Signer)
	if err != nil {
		return File{}, "", err
	}
	f, moved, err := apply(cabinetOf{tx}, o.Rules, o.Us.State, m, m.Sent)
	if err != nil {
		return File{}, "", err
	}
	if !moved {
		return File{}, "", rogatory.Fault(rogatory.Conflict, "act_not_open", "%s is not open any more", m.Act)
	}
	by := rogatory.Actor{Address: o.Us, Officer: m.By}
	if m.ApprovedBy != (rogatory.Officer{}) {
		by.Officer = m.ApprovedBy
	}
	entry, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageSent, At: m.Sent, By: by, Request: m.Request, Message: refOf(m, digest), Judged: judged})
	if err != nil {
		return File{}, "", err
	}
	err = tx.InsertMessage(store.Message{ID: m.ID, Request: m.Request, Case: m.Request.Case(), Direction: store.Out, Peer: m.To.State, Sequence: m.Sequence,
		Act: m.Act, Digest: digest, At: m.Sent, Entry: entry, Applied: true, Container: container})
	if err != nil {
		return File{}, "", err
	}
	err = tx.Enqueue(store.Delivery{Message: m.ID, Peer: m.To.State, Sequence: m.Sequence, State: store.Waiting, Urgent: urgent, NextAt: m.Sent, Created: m.Sent})
	if err == nil {
		err = keepDrill(tx, store.Out, m, "")
	}
	if err == nil {
		err = keepFigures(tx, f, m, digest)
	}
	if err == nil {
		err = o.moved(tx, f, m)
	}
	return f, m.ID, err
}

func refOf(m rogatory.Message, digest rogatory.Digest) *rogatory.MessageRef {
	return &rogatory.MessageRef{ID: m.ID, Act: m.Act, From: m.From.State, To: m.To.State, Sequence: m.Sequence, Digest: digest}
}

// Receive takes a sealed message from a State whose connection proved who it is, and returns our
// signed receipt. The receipt may be a refusal; an error means that nothing was recorded.
//
// Order: open, verify signature and journal proof; then in one transaction insert the message, append
// the entry, and apply what is now in turn; then prove the entry, sign the receipt and store it; then
// answer. Dying before the commit leaves nothing; dying after it leaves a message without receipt,
// and the next delivery of it finds the row and makes the receipt.
func (o *Office) Receive(ctx context.Context, peer rogatory.StateCode, sealed []byte) ([]byte, error) {
	container, err := envelope.Unseal(ctx, sealed, o.Messages...)
	if err != nil {
		return nil, err
	}
	party, err := o.Directory.Party(peer)
	if err != nil {
		return nil, err
	}
	opened, err := o.reader.Open(container, party, o.Clock.Now())
	if err != nil {
		return nil, err
	}
	m := opened.Message
	switch {
	case m.From.State != peer:
		return nil, rogatory.Fault(rogatory.Denied, "wrong_sender", "a message from %s came over the connection of %s", m.From.State, peer)
	case m.To != o.Us:
		return nil, rogatory.Fault(rogatory.Invalid, "wrong_addressee", "the message is for %.60q, this is %s", m.To.String(), o.Us)
	case m.Sent > o.now().Add(futureSlack):
		return nil, rogatory.Fault(rogatory.Unavailable, "clock_disagrees", "the message was sent at %s, here it is %s", m.Sent, o.now()).WithHint("one of the two clocks is wrong")
	}
	if err := o.checkProof(opened, party); err != nil {
		return nil, err
	}
	if err := oversight.CheckSealed(sealed, m); err != nil {
		return nil, err
	}
	return o.accept(ctx, opened)
}

// checkProof: the sender's journal holds exactly this message.
func (o *Office) checkProof(opened envelope.Opened, party rogatory.Party) error {
	if len(opened.Proof) == 0 {
		return rogatory.Fault(rogatory.Untrusted, "proof_missing", "the message carries no proof from its sender's journal")
	}
	entry, err := OpenProof(opened.Proof, party)
	if err != nil {
		return err
	}
	if entry.Type != rogatory.MessageSent || entry.Message == nil || *entry.Message != *refOf(opened.Message, opened.Digest) {
		return rogatory.Fault(rogatory.Untrusted, "proof_of_other", "the journal proof is of another entry than this message")
	}
	return nil
}

// OpenProof verifies a proof against a party's journal and returns the entry that it opens.
func OpenProof(proof []byte, party rogatory.Party) (rogatory.Entry, error) {
	key, err := journal.NewVerifier(party.JournalKey)
	if err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "journal_key_invalid", "read the journal key of %s: %w", party.Code, err)
	}
	p, err := journal.ParseProof(proof)
	if err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "read journal proof: %w", err)
	}
	salt, body, err := journal.Opening(p.Extra)
	if err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "open journal proof: %w", err)
	}
	if _, err := p.Verify(journal.LeafHash(journal.Commit(salt, body)), party.JournalOrigin, key); err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "check journal proof: %w", err)
	}
	var e rogatory.Entry
	if err := json.Unmarshal(body, &e); err != nil {
		return rogatory.Entry{}, rogatory.Fault(rogatory.Untrusted, "proof_invalid", "read journal entry: %w", err)
	}
	return e, nil
}

// refusal says why an authentic message cannot be acted on, whatever else has arrived: the code and
// reason of a signed refusal, or nothing.
func (o *Office) refusal(m rogatory.Message) (code, reason string) {
	switch {
	case m.Mode != o.Mode:
		return modeMismatch, fmt.Sprintf("this node takes %s messages only", o.Mode)
	case o.now() > m.Expires:
		return "message_expired", fmt.Sprintf("the message was to be acted on until %s", m.Expires)
	}
	if err := o.unseen(m); err != nil {
		return rogatory.CodeOf(err), err.Error()
	}
	switch {
	case m.Act != rogatory.Send && m.Act != rogatory.StartDrill:
		return "", ""
	case m.Request.Case().State() != m.From.State:
		return "case_not_theirs", "the case reference is not of the requesting State"
	case m.Act == rogatory.StartDrill:
		return o.drillRefusal(m)
	case m.Body.Request.Kind == rogatory.ContactDrill:
		return "act_not_of_kind", "a drill is not sent as a request"
	}
	lacks := o.Rules.Lacks(*m.Body.Request, m.Sent)
	if len(lacks) > 0 {
		return "request_incomplete", "the request lacks " + strings.Join(lacks, "; ")
	}
	kind, _ := o.Rules.Kind(m.Body.Request.Kind)
	us, err := o.Directory.Party(o.Us.State)
	if err == nil {
		err = receives(kind, us, m.To)
	}
	if err == nil {
		var them rogatory.Party
		if them, err = o.Directory.Party(m.From.State); err == nil {
			err = sends(kind, them, m.From)
		}
	}
	if err != nil {
		return rogatory.CodeOf(err), err.Error()
	}
	return "", ""
}

// modeMismatch is the code of a refusal because exercise and live never mix.
const modeMismatch = "mode_mismatch"

const maxReason = 500 // bytes of a refusal's reason in a receipt

func (o *Office) accept(ctx context.Context, opened envelope.Opened) ([]byte, error) {
	m := opened.Message
	code, reason := o.refusal(m)
	var row store.Message
	err := o.Store.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Message(store.In, m.ID)
		if err == nil {
			if have.Digest != opened.Digest {
				return rogatory.Fault(rogatory.Conflict, "message_altered", "message %s arrived before with other content", m.ID)
			}
			row = have
			return nil
		}
		if rogatory.KindOf(err) != rogatory.NotFound {
			return err
		}
		peer, err := tx.Peer(m.From.State)
		if err != nil {
			return err
		}
		if m.Sequence > peer.LastIn+parkingSpan {
			return rogatory.Fault(rogatory.Busy, "sequence_gap", "message %d is more than %d ahead of the last in turn, %d", m.Sequence, parkingSpan, peer.LastIn)
		}
		if m.Sequence <= peer.LastIn {
			return rogatory.Fault(rogatory.Conflict, "sequence_taken", "number %d was used by another message", m.Sequence)
		}
		if err := oneNode(tx, m); err != nil {
			return err
		}
		code, reason := code, reason
		if code == "" && m.Act == rogatory.StartDrill {
			if code, reason, err = o.drillTooSoon(tx, m); err != nil {
				return err
			}
		}
		e := rogatory.Entry{Type: rogatory.MessageReceived, At: o.now(), By: rogatory.Actor{Address: m.From, Officer: m.By}, Request: m.Request, Message: refOf(m, opened.Digest)}
		if code != "" {
			e.Type, e.Message.Code, e.Why = rogatory.MessageRefused, code, reason[:min(len(reason), maxReason)]
		}
		row = store.Message{ID: m.ID, Request: m.Request, Case: m.Request.Case(), Direction: store.In, Peer: m.From.State, Sequence: m.Sequence, Act: m.Act,
			Digest: opened.Digest, At: e.At, Refused: code != "", Container: opened.Container}
		if row.Entry, err = o.Ledger.Record(tx, e); err != nil {
			return err
		}
		if err := tx.InsertMessage(row); err != nil {
			if rogatory.KindOf(err) == rogatory.Conflict {
				return rogatory.Fault(rogatory.Conflict, "sequence_taken", "number %d was used by another message", m.Sequence)
			}
			return err
		}
		if err := keepDrill(tx, store.In, m, code); err != nil {
			return err
		}
		return o.applyParked(tx, m.From.State, peer.LastIn)
	})
	if rogatory.CodeOf(err) == twinCode {
		err = errors.Join(err, o.keepTwin(ctx, opened))
	}
	if err != nil {
		return nil, err
	}
	if len(row.Receipt) > 0 {
		return row.Receipt, nil
	}
	return o.receipt(ctx, m, row)
}

// applyParked applies, in order, what arrived and is now in turn.
func (o *Office) applyParked(tx *store.Tx, peer rogatory.StateCode, last int64) error {
	rows, err := tx.Parked(peer, last+1, parkingSpan)
	if err != nil {
		return err
	}
	turn := last
	for _, row := range rows {
		if row.Sequence != turn+1 {
			break
		}
		if !row.Refused {
			m, err := envelope.Peek(row.Container)
			if err != nil {
				return rogatory.Fault(rogatory.Damaged, "message_damaged", "read message %s again: %w", row.ID, err)
			}
			f, moved, err := apply(cabinetOf{tx}, o.Rules, o.Us.State, m, row.At)
			if err == nil && moved {
				if err = keepFigures(tx, f, m, row.Digest); err == nil {
					err = o.moved(tx, f, m)
				}
			}
			if err != nil && rogatory.CodeOf(err) != "request_unknown" {
				return err
			}
			if err := bringBack(tx, m.Request); err != nil {
				return err
			}
		}
		if err := tx.SetApplied(store.In, row.ID); err != nil {
			return err
		}
		turn = row.Sequence
	}
	if turn == last {
		return nil // what arrived waits for what is missing
	}
	return tx.AdvanceIn(peer, turn)
}

// receipt proves the entry, signs the receipt and stores it; a second worker's receipt gives way to
// the one that was stored first.
func (o *Office) receipt(ctx context.Context, m rogatory.Message, row store.Message) ([]byte, error) {
	proof, err := o.Ledger.Prove(ctx, row.Entry)
	if err != nil {
		return nil, err
	}
	r := rogatory.Receipt{Protocol: rogatory.Protocol, Mode: o.Mode, Message: m.ID, Digest: row.Digest, From: o.Us, To: m.From,
		Sequence: m.Sequence, Received: row.At, Outcome: rogatory.ReceivedOutcome}
	if row.Refused {
		e, err := o.entry(ctx, row.Entry)
		if err != nil {
			return nil, err
		}
		r.Outcome, r.Code, r.Reason = rogatory.RefusedOutcome, e.Message.Code, e.Why
	}
	container, _, err := envelope.SignReceipt(r, o.Signer)
	if err == nil {
		container, err = envelope.AttachProof(container, proof)
	}
	if err != nil {
		return nil, err
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		have, err := tx.Message(store.In, m.ID)
		if err != nil {
			return err
		}
		if len(have.Receipt) > 0 {
			container = have.Receipt
			return nil
		}
		return tx.SetReceipt(store.In, m.ID, container, row.Refused)
	})
	return container, err
}

func (o *Office) entry(ctx context.Context, index int64) (rogatory.Entry, error) {
	var e rogatory.Entry
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		row, err := tx.Entry(index)
		if err != nil {
			return err
		}
		return json.Unmarshal(row.Body, &e)
	})
	return e, err
}

// backoff is full jitter over a doubling wait, drawn from the message and the attempt so that a
// simulation repeats.
func backoff(id rogatory.MessageID, attempt int) time.Duration {
	limit := backoffCap
	if attempt < 16 {
		limit = min(backoffCap, backoffBase<<max(attempt-1, 0))
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", id, attempt))
	return backoffBase/4 + time.Duration(binary.BigEndian.Uint64(sum[:8])%uint64(limit))
}
