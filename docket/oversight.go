// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"rogatory"
	"rogatory/envelope"
	"rogatory/oversight"
	"rogatory/safeguard"
	"rogatory/store"
)

// This file is what the office owes to those who watch over it. Nothing here can be switched off: whom a message goes
// to follows from the directory, and what the office once knew of a body it does not forget.

// knownSetting remembers the oversight bodies that the directory last named of a State, begunSetting that one of them was in
// force. Once there, they stay.
const (
	knownSetting = "oversight.known."
	begunSetting = "oversight.begun."
)

// OversightSettings are the names of what an office remembers of the oversight of a State: a successor of its journal too.
func OversightSettings(code rogatory.StateCode) []string {
	return []string{knownSetting + string(code), begunSetting + string(code)}
}

// ReportKeySetting keeps the key with which published reports hold figures back.
const ReportKeySetting = "report.key"

func fingerprints(p rogatory.Party) string {
	var all []string
	for _, b := range p.Oversight {
		all = append(all, b.Fingerprint().String())
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// NoteOversight records in the journal whenever the directory names other oversight bodies of a State than it did: who
// strikes one off does it under the eyes of the body itself, and of whoever reads the journal later.
func (o *Office) NoteOversight(ctx context.Context, parties []rogatory.Party) error {
	news := func(tx *store.Tx) (changed, begun []rogatory.Party, err error) {
		for _, p := range parties {
			was, _, err := tx.Setting(knownSetting + string(p.Code))
			if err != nil {
				return nil, nil, err
			}
			if fingerprints(p) != string(was) {
				changed = append(changed, p)
			}
			_, known, err := tx.Setting(begunSetting + string(p.Code))
			if err != nil {
				return nil, nil, err
			}
			if !known && len(p.OversightAt(o.now())) > 0 {
				begun = append(begun, p)
			}
		}
		return changed, begun, nil
	}
	var nothing bool
	err := o.Store.View(ctx, func(tx *store.Tx) error {
		changed, begun, err := news(tx)
		nothing = len(changed)+len(begun) == 0
		return err
	})
	if err != nil || nothing {
		return err
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		changed, begun, err := news(tx)
		if err != nil {
			return err
		}
		for _, p := range begun {
			if err := tx.SetSetting(begunSetting+string(p.Code), []byte(o.now().String())); err != nil {
				return err
			}
		}
		for _, p := range changed {
			now := fingerprints(p)
			if err := tx.SetSetting(knownSetting+string(p.Code), []byte(now)); err != nil {
				return err
			}
			if _, err := o.Ledger.Record(tx, rogatory.Entry{Type: rogatory.OversightChanged, At: o.now(), By: o.node(), Name: string(p.Code), Why: now}); err != nil {
				return err
			}
		}
		return nil
	})
}

// standing tells how the oversight of a State stands, by the directory and by what was known before.
func (o *Office) standing(tx *store.Tx, p rogatory.Party) (oversight.Standing, error) {
	_, known, err := tx.Setting(begunSetting + string(p.Code))
	return oversight.StandingOf(p, known, o.now()), err
}

// Standings tells how the oversight of each of the parties stands.
func (o *Office) Standings(ctx context.Context, parties []rogatory.Party) (all []oversight.Standing, err error) {
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		for _, p := range parties {
			s, err := o.standing(tx, p)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}

// overseen names in a message the bodies that it will be sealed to. Every message comes through here before it is
// signed, and a fictitious request has none.
func (o *Office) overseen(tx *store.Tx, m rogatory.Message) (rogatory.Message, error) {
	if fictitious, err := seeded(tx, m.Request); err != nil {
		return m, err
	} else if fictitious {
		return m, rogatory.Fault(rogatory.Internal, "oversight_seed_leaves", "request %s does not leave this node", m.Request)
	}
	us, err := o.Directory.Party(o.Us.State)
	if err != nil {
		return m, err
	}
	them, err := o.Directory.Party(m.To.State)
	if err != nil {
		return m, err
	}
	m.Oversight = oversight.Wanted(m.Sent, us, them)
	return m, nil
}

// mayBegin refuses the beginning of an intrusive measure while our oversight or that of another State has lapsed. A
// paper goes out without the directory too; then only what the directory says of us counts.
func (o *Office) mayBegin(tx *store.Tx, f File, act rogatory.Act, others ...rogatory.Party) error {
	us, err := o.Directory.Party(o.Us.State)
	if err != nil && f.Channel == "" {
		return err
	}
	var standings []oversight.Standing
	for _, p := range append(others, us) {
		if p.Code == "" {
			continue
		}
		s, err := o.standing(tx, p)
		if err != nil {
			return err
		}
		standings = append(standings, s)
	}
	return o.Oversight.MayBegin(f.Request.Kind, act, standings...)
}

// overseeable says whether mayBegin, which alone decides it, would let an act begin; for the policies and for whoever looks
// before the act. Where the directory cannot tell it says no.
func (o *Office) overseeable(tx *store.Tx, f File, act rogatory.Act) bool {
	if f.Channel != "" {
		return o.mayBegin(tx, f, act) == nil
	}
	party, err := o.Directory.Party(f.Them.State)
	return err == nil && o.mayBegin(tx, f, act, party) == nil
}

// sealed encrypts a container to its addressee and to the oversight bodies that its message names.
func (o *Office) sealed(container []byte, m rogatory.Message, to rogatory.Authority, them rogatory.Party) ([]byte, error) {
	us, err := o.Directory.Party(o.Us.State)
	if err != nil {
		return nil, err
	}
	bodies, err := oversight.Recipients(m.Oversight, us, them)
	if err != nil {
		return nil, err
	}
	return envelope.Seal(container, to.MessageRecipient, bodies...)
}

// unseen says why a message cannot be acted on because oversight was left out, if it was: what it names is held against
// the directory's entries of both States.
func (o *Office) unseen(m rogatory.Message) error {
	us, err := o.Directory.Party(o.Us.State)
	if err != nil {
		return err
	}
	them, err := o.Directory.Party(m.From.State)
	if err != nil {
		return err
	}
	return oversight.CheckNames(m, us, them)
}

// feedBatch is how many entries are read for a page at a time.
const feedBatch = 200

// Feed returns a stretch of the journal, from an index on, sealed to an oversight body: each entry with what opens its
// leaf, and each message with its receipt. It leaves nothing out, and nothing that a person of this office can do
// changes what is on it. It costs the reading and one encryption; nothing is written.
func (o *Office) Feed(ctx context.Context, from int64, body rogatory.OversightBody) ([]byte, error) {
	page := oversight.Page{State: o.Us.State, From: from, Items: []oversight.Item{}}
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		if page.Size, err = tx.Size(); err != nil {
			return err
		}
		if from < 0 || from > page.Size {
			return rogatory.Fault(rogatory.NotFound, "entry_unknown", "there is no entry %d: the journal has %d", from, page.Size)
		}
		if page.Figures, _, err = tx.Setting(ReportKeySetting); err != nil {
			return err
		}
		for weight := 0; weight < oversight.PageFill; {
			rows, err := tx.Entries(from, feedBatch)
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, row := range rows {
				item, err := itemOf(tx, row)
				if err != nil {
					return err
				}
				page.Items = append(page.Items, item)
				if from, weight = row.Index+1, weight+item.Weight(); weight >= oversight.PageFill {
					break
				}
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return oversight.SealPage(page, body.Recipient)
}

func itemOf(tx *store.Tx, row store.Entry) (oversight.Item, error) {
	item := oversight.Item{Index: row.Index, Salt: row.Salt[:], Body: row.Body}
	d, ok := map[rogatory.EntryType]store.Direction{rogatory.MessageSent: store.Out, rogatory.MessageReceipted: store.Out, rogatory.MessageReceived: store.In, rogatory.MessageRefused: store.In}[row.Type]
	if !ok {
		return item, nil
	}
	var e rogatory.Entry
	if err := json.Unmarshal(row.Body, &e); err != nil || e.Message == nil {
		return item, rogatory.Fault(rogatory.Damaged, "entry_damaged", "journal entry %d names no message", row.Index).WithHint("run rogatory fsck")
	}
	m, err := tx.Message(d, e.Message.ID)
	if err != nil {
		return item, err
	}
	if item.Receipt = m.Receipt; row.Type != rogatory.MessageReceipted { // the receipt came after the message, and maybe after its page
		item.Container = m.Container
	}
	return item, nil
}

// watchSpan is how many of the last entries the office looks at when it looks at itself: a year of a large office. The
// body looks at all of them.
const watchSpan = 50_000

// Watched is what a body sees of the office, for a screen of the office's own.
type Watched struct {
	Alarms   []oversight.Alarm
	Ranked   []oversight.Ranked
	Cases    int
	Entries  int64 // in the journal
	From     int64 // the first entry that was looked at
	Outcomes []oversight.Outcome
}

// Watch looks for patterns in what this office did. Only the role oversight may: it shows whom the body suspects of
// what, and which requests are fictitious.
func (o *Office) Watch(ctx context.Context, by rogatory.Actor) (Watched, error) {
	var w Watched
	if by.Role != rogatory.Overseer {
		return w, rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not see what oversight sees", by.Name, by.Role).WithHint("this needs the role oversight")
	}
	var records []oversight.Record
	err := o.Store.View(ctx, func(tx *store.Tx) (err error) {
		if w.Entries, err = tx.Size(); err != nil {
			return err
		}
		w.From = max(0, w.Entries-watchSpan)
		for next := w.From; next < w.Entries; {
			rows, err := tx.Entries(next, feedBatch)
			if err != nil || len(rows) == 0 {
				return err
			}
			for _, row := range rows {
				r := oversight.Record{Index: row.Index}
				if err := json.Unmarshal(row.Body, &r.Entry); err != nil {
					return rogatory.Fault(rogatory.Damaged, "entry_damaged", "journal entry %d cannot be read: %w", row.Index, err).WithHint("run rogatory fsck")
				}
				item, err := itemOf(tx, row)
				if err != nil {
					return err
				}
				if len(item.Container) > 0 {
					m, err := envelope.Peek(item.Container)
					if err != nil {
						return rogatory.Fault(rogatory.Damaged, "message_damaged", "read message of entry %d again: %w", row.Index, err).WithHint("run rogatory fsck")
					}
					r.Message = &m
				}
				records = append(records, r)
			}
			next = rows[len(rows)-1].Index + 1
		}
		return nil
	})
	if err != nil {
		return w, err
	}
	affairs, err := o.affairs(ctx, by)
	if err != nil {
		return w, err
	}
	cases := oversight.Cases(o.Us.State, records)
	w.Alarms, w.Ranked, w.Cases, w.Outcomes = o.Oversight.Alarms(cases, affairs, o.now()), o.Oversight.Rank(cases, o.now()), len(cases), oversight.Outcomes(cases)
	return w, nil
}

// affairs reads what this office owes beside answers.
func (o *Office) affairs(ctx context.Context, by rogatory.Actor) (a oversight.Affairs, err error) {
	waiting, _, err := o.Subjects(ctx, by) // the longest due first: of more than a screen takes, those count
	if err != nil {
		return a, err
	}
	for _, p := range waiting {
		a.Notices = append(a.Notices, p.File.notices()...)
	}
	if o.Safeguards == nil {
		return a, nil
	}
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		book, err := o.policyBookIn(tx)
		if err == nil {
			a.Weakenings = book.weakenings(o.now())
		}
		return err
	})
	return a, err
}

// notices is the subject notice that this office has still to give under the request, if there is one.
func (f File) notices() []oversight.Notice {
	if d := f.deadline(TellingDue); d != nil && f.toTell() == nil {
		return []oversight.Notice{{Request: f.ID, Due: d.Due}}
	}
	return nil
}

// weakenings are the sets that weaken the one in force, were agreed to, and wait their day.
func (b *policyBook) weakenings(now rogatory.Instant) (all []oversight.Weakening) {
	force := safeguard.Effective(b.history, b.at(now))
	for i, p := range b.proposals {
		if stands, from, _ := p.stands(force); stands == PoliciesWait {
			e := b.edition(i, force, true)
			all = append(all, oversight.Weakening{From: from, Weaker: e.Weaker, Changes: len(e.Changes)})
		}
	}
	return all
}
