// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"

	"rogatory"
	"rogatory/store"
)

func (e exam) notices() {
	note := func(person, key string, at rogatory.Instant) store.NoticeItem {
		return store.NoticeItem{Person: person, Request: requestOne, Sort: "assigned", Key: key, At: at}
	}
	notice := store.NoticePage{Page: "p", Person: "Ana", Channels: []string{"mail", "sms"}, Made: 7, DueAt: 7}
	e.update(func(tx *store.Tx) error {
		return errors.Join(tx.AddNoticeItem(note("Ana", "entry 4", 4)), tx.AddNoticeItem(note("Ana", "entry 4", 5)), tx.AddNoticeItem(note("Bo", "entry 4", 4)), tx.AddNoticeItem(note("Ana", "entry 6", 6)),
			tx.SetNoticeChoice(store.NoticeChoice{Person: "Ana", Changed: 1, View: []byte("1")}), tx.SetNoticeChoice(store.NoticeChoice{Person: "Ana", Changed: 2, View: []byte("2")}))
	})
	e.view(func(tx *store.Tx) error {
		all, err := tx.NoticeChoices()
		same(e, "choices", len(all), 1)
		same(e, "the choice", string(all[0].View), "2")
		waits, err2 := tx.WaitingNoticeItems("Ana")
		same(e, "what waits for Ana", len(waits), 2)
		same(e, "the second number", waits[1].Number, int64(2))
		bo, err3 := tx.NumberedNoticeItem("Bo", 1)
		same(e, "Bo counts apart", bo.Key, "entry 4")
		return errors.Join(err, err2, err3)
	})
	e.refused(rogatory.NotFound, "notice_unknown", func(tx *store.Tx) error { _, err := tx.NumberedNoticeItem("Bo", 2); return err })
	e.update(func(tx *store.Tx) error {
		_, _, err := tx.ClaimPage(store.PageDelivery{Page: "p", Channel: "mail", Attempt: 1, Begun: 8, Code: "underway"})
		return errors.Join(err, tx.AddNoticePage(notice), tx.TellNoticeItem("Ana", 1, "p", 7), tx.TellNoticeItem("Ana", 1, "q", 8), tx.TellNoticeItem("Ana", 2, "", 7),
			tx.AddNoticePage(store.NoticePage{Page: "t", Person: "Ana", Test: true, Made: 9}), tx.DropNoticeChoice("Bo"))
	})
	e.refused(rogatory.Conflict, "notice_page_exists", func(tx *store.Tx) error { return tx.AddNoticePage(notice) })
	e.view(func(tx *store.Tx) error {
		waits, err := tx.WaitingNoticeItems("Ana")
		same(e, "what still waits", len(waits), 0)
		in, err2 := tx.NoticeItemsOf("p")
		same(e, "what stands in the notice", len(in), 1)
		same(e, "its number", in[0].Number, int64(1))
		newest, err3 := tx.NoticeItems("Ana", 1)
		same(e, "the newest", newest[0].Number, int64(2))
		due, err4 := tx.DueNoticePages(7, 0)
		same(e, "notices due", len(due), 1)
		same(e, "the notice", due[0], notice)
		early, err5 := tx.DueNoticePages(6, 0)
		same(e, "notices due before", len(early), 0)
		tries, err6 := tx.DeliveriesOf("p")
		same(e, "attempts", len(tries), 1)
		pages, err7 := tx.PageDeliveries(0)
		same(e, "pages of the desk", len(pages), 0)
		test, found, err8 := tx.LastNoticeTest("Ana")
		same(e, "there is a test", found, true)
		same(e, "the test", test.Page, "t")
		of, err9 := tx.NoticePages("Ana", 0)
		same(e, "notices of Ana", len(of), 2)
		all, err10 := tx.NoticePages("", 1)
		same(e, "the newest notice", all[0].Page, "t")
		return errors.Join(err, err2, err3, err4, err5, err6, err7, err8, err9, err10)
	})
	e.update(func(tx *store.Tx) error { return errors.Join(tx.PutOffNoticePage("p", 0), tx.DropNoticeChoice("Ana")) })
	e.view(func(tx *store.Tx) error {
		due, err := tx.DueNoticePages(100, 0)
		same(e, "notices due at the end", len(due), 0)
		_, found, err2 := tx.NoticeChoice("Ana")
		same(e, "a choice that was dropped", found, false)
		return errors.Join(err, err2)
	})
	e.update(func(tx *store.Tx) error {
		if err := tx.InsertRequest(store.Request{ID: requestOne, Case: caseOne, Side: rogatory.RequestingSide, Peer: "XB", Kind: "preservation", State: "drafted", Updated: 1, View: []byte("{}")}); err != nil {
			return err
		}
		_, err := tx.SetDeadline(store.Deadline{Request: requestOne, Name: "reply", DueAt: 50})
		return errors.Join(err, tx.SetPlace(store.Place{Request: requestOne, Waits: store.WaitsUs, Due: 50}), tx.Hold(requestOne, "Ana", 1))
	})
	e.view(func(tx *store.Tx) error {
		near, err := tx.HeldDeadlines("Ana", 51, 0)
		same(e, "deadlines of Ana", len(near), 1)
		far, err2 := tx.HeldDeadlines("Ana", 50, 0)
		same(e, "deadlines before", len(far), 0)
		nobody, err3 := tx.HeldDeadlines("", 51, 0)
		same(e, "deadlines of nobody", len(nobody), 0)
		return errors.Join(err, err2, err3)
	})
}
