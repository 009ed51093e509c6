// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"rogatory"
	"rogatory/store"
)

func (e exam) queue() {
	id := func(n int) rogatory.RequestID { return caseOne.Request(n) }
	places := []store.Place{
		{Request: id(1), Waits: store.WaitsUs, Due: 300},
		{Request: id(2), Waits: store.WaitsUs, Due: 100},
		{Request: id(3), Waits: store.WaitsThem, Due: 200},
		{Request: id(4), Waits: store.WaitsDraft, Changed: 10, Author: "anna"},
		{Request: id(5), Waits: store.WaitsNobody, Changed: 20},
	}
	e.update(func(tx *store.Tx) error {
		for _, p := range places {
			if err := tx.InsertRequest(store.Request{ID: p.Request, Case: caseOne, Side: rogatory.RequestingSide, Peer: "XB", Kind: "preservation", State: "drafted", Updated: 1, View: []byte("{}")}); err != nil {
				return err
			}
			if err := tx.SetPlace(p); err != nil {
				return err
			}
		}
		return tx.Hold(id(1), "anna", 7)
	})
	shown := func(f store.QueueFilter) (numbers []int, last store.Standing) {
		e.view(func(tx *store.Tx) error {
			rows, err := tx.Queue(f)
			for _, r := range rows {
				numbers, last = append(numbers, r.Request.ID.Number()), r
			}
			return err
		})
		return numbers, last
	}
	for _, c := range []struct {
		name   string
		filter store.QueueFilter
		want   []int
	}{
		{"all, those that are not due last, the last changed first", store.QueueFilter{}, []int{2, 3, 1, 5, 4}},
		{"waiting on us", store.QueueFilter{Waits: store.WaitsUs}, []int{2, 1}},
		{"unclaimed", store.QueueFilter{Waits: store.WaitsUs, Unclaimed: true}, []int{2}},
		{"due from and before", store.QueueFilter{From: 100, To: 300}, []int{2, 3}},
		{"of one person", store.QueueFilter{Of: "anna"}, []int{1, 4}},
		{"of another", store.QueueFilter{Of: "bruno"}, nil},
	} {
		got, _ := shown(c.filter)
		same(e, c.name, got, c.want)
	}
	page, last := shown(store.QueueFilter{Limit: 2})
	same(e, "first page", page, []int{2, 3})
	page, _ = shown(store.QueueFilter{Limit: 9, After: last.Turn, AfterID: last.Request.ID})
	same(e, "the rest", page, []int{1, 5, 4})

	e.view(func(tx *store.Tx) error {
		counts, err := tx.QueueCounts(150, 250, "anna")
		same(e, "counts", counts, store.QueueCounts{Overdue: 1, Today: 1, Us: 2, Them: 1, Mine: 2, Unclaimed: 1, Drafts: 1, All: 5})
		return err
	})
	e.update(func(tx *store.Tx) error {
		return tx.PutAside(id(1), store.Aside{Until: 200, By: "bruno", Why: "the court sits on Monday"})
	})
	left, _ := shown(store.QueueFilter{Now: 199})
	same(e, "without what is put aside", left, []int{2, 3, 5, 4})
	aside, put := shown(store.QueueFilter{Now: 199, Aside: true})
	same(e, "put aside", aside, []int{1})
	same(e, "why", put.Aside, store.Aside{Until: 200, By: "bruno", Why: "the court sits on Monday"})
	left, _ = shown(store.QueueFilter{Now: 200})
	same(e, "back when the moment has come", left, []int{2, 3, 1, 5, 4})
	e.view(func(tx *store.Tx) error {
		counts, err := tx.QueueCounts(150, 350, "anna")
		same(e, "counts without what is put aside", counts, store.QueueCounts{Overdue: 1, Today: 1, Us: 1, Them: 1, Mine: 1, Unclaimed: 1, Drafts: 1, All: 4, Aside: 1})
		return err
	})
	e.update(func(tx *store.Tx) error {
		moved := places[0]
		moved.Due = 50
		if err := tx.SetPlace(moved); err != nil {
			return err
		}
		return tx.LeaveQueue(id(2))
	})
	e.view(func(tx *store.Tx) error {
		row, in, err := tx.InQueue(id(1))
		same(e, "moved, still held, and put aside no longer than until it is due", []any{in, row.Holder, row.HeldAt, row.Turn, row.Aside.Until}, []any{true, "anna", rogatory.Instant(7), int64(50), rogatory.Instant(50)})
		if err != nil {
			return err
		}
		_, in, err = tx.InQueue(id(2))
		same(e, "what left", in, false)
		return err
	})
}

func (e exam) seen() {
	one, two, none := caseOne.Request(1), caseOne.Request(2), caseOne.Request(3)
	arrives := func(n int, to rogatory.RequestID, d store.Direction) {
		e.update(func(tx *store.Tx) error {
			return tx.InsertMessage(store.Message{ID: message(n), Request: to, Case: caseOne, Direction: d, Peer: "XB", Sequence: int64(n), Act: rogatory.TellStatus,
				Digest: rogatory.DigestOf([]byte{byte(n)}), Entry: int64(n), Container: []byte("PK"), Receipt: []byte{}})
		})
	}
	unseen := func(name, person string, want map[rogatory.RequestID]int64) {
		e.view(func(tx *store.Tx) error {
			got, err := tx.Unseen(person, []rogatory.RequestID{one, two, none})
			same(e, name, got, want)
			return err
		})
	}
	arrives(1, one, store.In)
	arrives(2, one, store.In)
	arrives(3, one, store.Out)
	arrives(4, two, store.In)
	unseen("all are new", "anna", map[rogatory.RequestID]int64{one: 2, two: 1})
	for _, id := range []rogatory.RequestID{one, one, none} {
		e.update(func(tx *store.Tx) error { return tx.See(id, "anna") })
	}
	unseen("one was read", "anna", map[rogatory.RequestID]int64{two: 1})
	unseen("by nobody else", "bruno", map[rogatory.RequestID]int64{one: 2, two: 1})
	arrives(5, one, store.In)
	unseen("another came", "anna", map[rogatory.RequestID]int64{one: 1, two: 1})
	e.refused(rogatory.Invalid, "too_many", func(tx *store.Tx) error {
		_, err := tx.Unseen("anna", make([]rogatory.RequestID, store.MaxRows+1))
		return err
	})
}
