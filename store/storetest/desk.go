// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"errors"

	"rogatory"
	"rogatory/store"
)

func (e exam) desk() {
	page := store.PageDelivery{Page: "p", Channel: "mail", Attempt: 1, Provider: "ministry", Begun: 5, Code: "underway"}
	secret := store.Secret{Digest: rogatory.DigestOf([]byte("token")), Alarm: "a", Person: "anna", How: "link", Expires: 100, View: []byte("1")}
	e.update(func(tx *store.Tx) error {
		first, again := store.Alarm{ID: "a", Request: "XA-2026-7K3M9Q2P.1", Open: true, Opened: 3, DueAt: 4, View: []byte("v")}, store.Alarm{ID: "b", Test: true, Open: true, Opened: 2}
		err := errors.Join(tx.InsertAlarm(first), tx.InsertAlarm(again), tx.InsertSecret(secret), tx.PutPaper(store.Paper{Kind: "note", ID: "n", At: 1, View: []byte("1")}))
		_, claimed, err2 := tx.ClaimPage(page)
		same(e, "the first claim", claimed, true)
		return errors.Join(err, err2)
	})
	e.refused(rogatory.Conflict, "alarm_exists", func(tx *store.Tx) error { return tx.InsertAlarm(store.Alarm{ID: "a"}) })
	e.refused(rogatory.NotFound, "alarm_unknown", func(tx *store.Tx) error { return tx.UpdateAlarm(store.Alarm{ID: "c"}) })
	e.update(func(tx *store.Tx) error {
		stored, claimed, err := tx.ClaimPage(store.PageDelivery{Page: "p", Channel: "mail", Attempt: 1, Provider: "other"})
		same(e, "the second claim", claimed, false)
		same(e, "what is there", stored, page)
		page.Ended, page.Code, page.Status = 6, "accepted", 250
		return errors.Join(err, tx.SettlePage(page))
	})
	e.refused(rogatory.Conflict, "page_settled", func(tx *store.Tx) error { return tx.SettlePage(page) })
	e.view(func(tx *store.Tx) error {
		log, err := tx.PageDeliveries(0)
		same(e, "rows of the log", len(log), 1)
		same(e, "the row", log[0], page)
		due, err2 := tx.DueAlarms(4, 0)
		same(e, "alarms due", len(due), 1)
		open, err3 := tx.OpenAlarms(0)
		same(e, "open alarms", len(open), 2)
		same(e, "the oldest", open[0].ID, "b")
		found, ok, err4 := tx.SecretOf(secret.Digest)
		same(e, "the secret is found", ok, true)
		same(e, "whose it is", found.Person, "anna")
		live, err5 := tx.LiveSecrets("link", 99, 0)
		same(e, "live secrets", len(live), 1)
		over, err6 := tx.LiveSecrets("link", 100, 0)
		same(e, "expired secrets", len(over), 0)
		return errors.Join(err, err2, err3, err4, err5, err6)
	})
	e.update(func(tx *store.Tx) error {
		return errors.Join(tx.UpdateAlarm(store.Alarm{ID: "a"}), tx.PutPaper(store.Paper{Kind: "note", ID: "n", At: 1, View: []byte("2")}))
	})
	e.view(func(tx *store.Tx) error {
		of, err := tx.AlarmsOf("XA-2026-7K3M9Q2P.1")
		same(e, "alarms of the request", len(of), 1)
		same(e, "it is open", of[0].Open, false)
		tests, err2 := tx.Alarms(true, 1)
		same(e, "tests", len(tests), 1)
		notes, err3 := tx.Papers("note", 0)
		same(e, "notes", len(notes), 1)
		same(e, "its view", string(notes[0].View), "2")
		return errors.Join(err, err2, err3)
	})
}
