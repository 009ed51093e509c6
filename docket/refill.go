// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"encoding/json"
	"maps"
	"slices"

	"rogatory"
	"rogatory/envelope"
	"rogatory/store"
)

// Rejoin puts the messages that came back in their places and derives everything else from the journal anew, from the
// first entry to the last: files, deadlines, exhibits, queue, index and the numbers of each peer. Call it in the
// transaction that has just appended what was missing from entry from on.
//
// An entry whose content is lost moves nothing. A request of ours whose draft is lost is opened from the message that sent
// it; a draft that was never sent is gone.
func (o *Office) Rejoin(tx *store.Tx, from int64, back []Regained) error {
	earlier, err := o.earlierDeadlines(tx)
	if err != nil {
		return err
	}
	if err := tx.Forget(from); err != nil {
		return err
	}
	for _, b := range back {
		if b.Entry.Index < from {
			continue
		}
		if err := putBack(tx, b); err != nil {
			return err
		}
	}
	r := newReplay(o, tx)
	r.mend = true
	size, err := tx.Size()
	if err != nil {
		return err
	}
	if err := r.all(size); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(r.files)) {
		f := r.files[id]
		if d := earlier[id]; d != nil && f.Rules != o.Rules.Edition() {
			f.Deadlines = d
		}
		if err := (cabinetOf{tx}).keep(f); err != nil {
			return err
		}
	}
	if err := r.sheetsKept(); err != nil {
		return err
	}
	if err := r.policiesKept(); err != nil {
		return err
	}
	peers, err := tx.Peers()
	if err != nil {
		return err
	}
	all := map[rogatory.StateCode]bool{}
	for _, p := range peers {
		all[p.State] = true
	}
	for _, counted := range []map[rogatory.StateCode]int64{r.last, r.out} {
		for code := range counted {
			all[code] = true
		}
	}
	for _, code := range slices.Sorted(maps.Keys(all)) {
		if err := tx.SetNumbers(code, r.out[code], r.last[code]); err != nil {
			return err
		}
	}
	return tx.SweepQueue()
}

// earlierDeadlines are the dates of files that were opened under an earlier edition of the rules: they cannot be computed
// again from today's.
func (o *Office) earlierDeadlines(tx *store.Tx) (map[rogatory.RequestID][]Deadline, error) {
	kept := map[rogatory.RequestID][]Deadline{}
	for after := rogatory.RequestID(""); ; {
		rows, err := tx.RequestsFrom(after, store.MaxRows)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			var f File
			if json.Unmarshal(row.View, &f) == nil && f.Rules != o.Rules.Edition() {
				kept[row.ID] = f.Deadlines
			}
			after = row.ID
		}
		if len(rows) < store.MaxRows {
			return kept, nil
		}
	}
}

// putBack inserts a message that came back, unless it never went.
func putBack(tx *store.Tx, b Regained) error {
	peer := b.Message.From.State
	if b.Direction == store.Out {
		peer = b.Message.To.State
	}
	have, err := tx.Message(b.Direction, b.Message.ID)
	switch {
	case err == nil && have.Digest == b.Digest && have.Entry == b.Entry.Index: // only the journal was old
	case err == nil:
		return rogatory.Fault(rogatory.Conflict, "message_altered", "message %s is here with other content than the copy of %s", b.Message.ID, peer)
	case rogatory.KindOf(err) != rogatory.NotFound:
		return err
	default:
		err := tx.InsertMessage(store.Message{ID: b.Message.ID, Request: b.Message.Request, Case: b.Message.Request.Case(), Direction: b.Direction, Peer: peer, Sequence: b.Message.Sequence,
			Act: b.Message.Act, Digest: b.Digest, At: b.Entry.At, Entry: b.Entry.Index, Applied: b.Direction == store.Out, Refused: b.Direction == store.In && b.Entry.Type == rogatory.MessageRefused, Container: b.Container})
		if err != nil {
			return err
		}
		have.Receipt = nil
	}
	refused := b.Entry.Type == rogatory.MessageRefused
	if b.Direction == store.Out {
		if refused, err = refusedBy(b.Receipt); err != nil {
			return err
		}
	}
	if len(have.Receipt) == 0 {
		if err := tx.SetReceipt(b.Direction, b.Message.ID, b.Receipt, refused); err != nil {
			return err
		}
	}
	if b.Direction == store.In {
		return nil
	}
	if _, err := tx.Delivery(b.Message.ID); rogatory.KindOf(err) == rogatory.NotFound {
		// The row of the peer must be there before its deliveries.
		p, err := tx.Peer(peer)
		if err == nil {
			err = tx.SetNumbers(peer, p.LastOut, p.LastIn)
		}
		if err == nil {
			err = tx.Enqueue(store.Delivery{Message: b.Message.ID, Peer: peer, Sequence: b.Message.Sequence, State: store.Waiting, NextAt: b.Entry.At, Created: b.Entry.At})
		}
		if err != nil {
			return err
		}
	}
	return tx.Conclude(b.Message.ID, b.Entry.At)
}

// refusedBy says whether a receipt that was verified is a refusal.
func refusedBy(receipt []byte) (bool, error) {
	r, _, err := envelope.PeekReceipt(receipt)
	return r.Outcome == rogatory.RefusedOutcome, err
}

// lostAsSaid counts the entries whose content is lost. It may be lost only where a later entry of the journal says that the
// leaf came back without; otherwise somebody emptied the entry.
func lostAsSaid(tx *store.Tx, size int64) (int64, error) {
	var lost []int64
	for from := int64(0); ; {
		some, err := tx.LostEntries(from, store.MaxRows)
		if err != nil {
			return 0, err
		}
		if lost = append(lost, some...); len(some) < store.MaxRows {
			break
		}
		from = some[len(some)-1] + 1
	}
	if len(lost) == 0 {
		return 0, nil
	}
	var said []rogatory.Range
	for start := lost[0] + 1; start < size; start += fsckBatch {
		rows, err := tx.Entries(start, int(min(fsckBatch, size-start)))
		if err != nil {
			return 0, err
		}
		for _, row := range rows {
			var e rogatory.Entry
			if row.Type != rogatory.JournalRefilled || json.Unmarshal(row.Body, &e) != nil || e.Refill == nil {
				continue
			}
			for _, g := range e.Refill.Lost {
				if g.First < e.Refill.From || g.Last >= e.Refill.To || e.Refill.To > row.Index {
					return 0, damaged("entry_damaged", "journal entry %d says that more is lost than was missing", row.Index)
				}
				said = append(said, g)
			}
		}
	}
	for _, index := range lost {
		if !slices.ContainsFunc(said, func(g rogatory.Range) bool { return g.First <= index && index <= g.Last }) {
			return 0, damaged("content_missing", "entry %d has no content, and the journal does not say that it was lost", index).
				WithHint("rogatory fsck --peer says who still holds it")
		}
	}
	return int64(len(lost)), nil
}
