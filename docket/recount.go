// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"rogatory"
	"rogatory/oversight"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/transparency"
)

// Recount is Transparency for who holds the journal without the node: an oversight body, which counts from what its feed
// gave it and believes none of the node's figures. Files follow from entries and messages as they do in the office.
func Recount(rules Rulebook, held *oversight.Holding) ([]transparency.Case, error) {
	f, err := replayed(rules, held)
	if err != nil {
		return nil, err
	}
	rows := map[rogatory.RequestID][]store.Entry{}
	for _, r := range held.Records {
		item, _ := held.Item(r.Index)
		if id := r.Entry.Request; id != "" {
			rows[id] = append(rows[id], store.Entry{Index: r.Index, At: r.Entry.At, Type: r.Entry.Type, Request: id, Body: item.Body})
		}
	}
	var all []transparency.Case
	for _, id := range slices.Sorted(maps.Keys(f.files)) {
		file := f.files[id]
		view, err := json.Marshal(file)
		if err != nil {
			return nil, err
		}
		c, err := counted(rules, f.us.State, store.Request{ID: id, Side: file.Side, Peer: file.Them.State, Kind: file.Request.Kind, View: view}, rows[id])
		if err != nil {
			return nil, err
		}
		if c.Opened.Entry != 0 {
			all = append(all, c)
		}
	}
	return all, nil
}

// Affairs is what the office of a journal that was pulled owes beside answers, at a moment. convention is the set of
// safeguards that came with the program.
func Affairs(rules Rulebook, convention safeguard.Set, held *oversight.Holding, now rogatory.Instant) (a oversight.Affairs, err error) {
	f, err := replayed(rules, held)
	if err != nil {
		return a, err
	}
	for _, id := range slices.Sorted(maps.Keys(f.files)) {
		a.Notices = append(a.Notices, f.files[id].notices()...)
	}
	book := newPolicyBook(convention)
	for _, r := range held.Records {
		if r.Entry.Type == rogatory.PoliciesProposed || r.Entry.Type == rogatory.PoliciesAgreed {
			if err := book.add(r.Index, r.Entry); err != nil {
				return a, err
			}
		}
	}
	a.Weakenings = book.weakenings(now)
	return a, nil
}

// replayed goes through all that is held.
func replayed(rules Rulebook, held *oversight.Holding) (recount, error) {
	f := recount{rules: rules, files: cabinetMap{}, last: map[rogatory.StateCode]int64{}, parked: map[rogatory.StateCode]map[int64]oversight.Record{}}
	for i, r := range held.Records {
		if i == 0 {
			f.us = r.Entry.By.Address
		}
		if err := f.entry(r); err != nil {
			return f, damaged("entry_damaged", "journal entry %d does not fit: %w", r.Index, err)
		}
	}
	return f, nil
}

// recount goes through a journal that was pulled.
type recount struct {
	rules  Rulebook
	us     rogatory.Address
	files  cabinetMap
	last   map[rogatory.StateCode]int64 // applied, by sender
	parked map[rogatory.StateCode]map[int64]oversight.Record
}

func (f *recount) entry(r oversight.Record) error {
	switch e := r.Entry; e.Type {
	case rogatory.ContentLost, rogatory.MessageReceipted, rogatory.RequestSnoozed:
		return nil
	case rogatory.JournalSucceeded:
		if e.Succession == nil {
			return rogatory.Fault(rogatory.Damaged, "entry_damaged", "it says nothing of the journal before")
		}
		for _, n := range e.Succession.Numbers {
			f.last[n.State] = n.In
		}
		return nil
	case rogatory.NodeCreated, rogatory.NodeStarted:
		if edition, ok := strings.CutPrefix(e.Name, EditionPrefix); ok {
			f.rules.edition = edition
		}
		return nil
	case rogatory.MessageSent:
		return f.apply(r)
	case rogatory.MessageReceived, rogatory.MessageRefused:
		from := e.Message.From
		if f.parked[from] == nil {
			f.parked[from] = map[int64]oversight.Record{}
		}
		f.parked[from][e.Message.Sequence] = r
		for {
			next, ok := f.parked[from][f.last[from]+1]
			if !ok {
				return nil
			}
			delete(f.parked[from], f.last[from]+1)
			f.last[from]++
			if next.Entry.Type == rogatory.MessageRefused {
				continue
			}
			if err := f.apply(next); err != nil {
				return err
			}
		}
	default:
		return missing(applyLocal(f.files, f.rules, e, f.us))
	}
}

func (f *recount) apply(r oversight.Record) error {
	_, _, err := apply(f.files, f.rules, f.us.State, *r.Message, r.Entry.At)
	return missing(err)
}

// missing forgives what hangs on a request that is not there, because what opened it was lost or refused.
func missing(err error) error {
	if rogatory.CodeOf(err) == "request_unknown" {
		return nil
	}
	return err
}
