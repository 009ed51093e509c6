// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"strings"
	"time"

	"rogatory"
	"rogatory/demo"
	"rogatory/docket"
	"rogatory/store"
	"rogatory/treaty"
)

// The office that is looked at: what it holds, and how it came there. A few requests are drafted, signed
// and carried as ever; the rest are rows like theirs, written through the store, whose messages are copies.
const (
	entriesPerCase = 10
	openIn         = 10  // one request in so many is not over
	longTimeline   = 200 // messages of the one long case
	fillBatch      = 500 // requests in a transaction
	vocabulary     = 40_000
	wordsPerCase   = 45
	waitingOut     = 200 // deliveries that wait
)

// filled is what the fill leaves behind to be looked at.
type filled struct {
	Long  rogatory.RequestID // has the long timeline
	Draft rogatory.RequestID
	Some  []rogatory.RequestID // among the many
	Rare  string               // a word of one request only
	Usual string               // a word of many
}

// filler writes the many.
type filler struct {
	b     *bench
	s     *store.Store
	us    rogatory.Address
	like  docket.File   // a received request of the real kind
	said  store.Message // the message that brought it
	draw  *mathrand.Rand
	zipf  *mathrand.Zipf
	words []string
	kinds []treaty.Kind
	now   rogatory.Instant
}

// beginnings are what people write, in the languages of the offices.
var beginnings = []string{
	"Preservation of the mailbox and the access logs of one subscriber", "Préservation des journaux d'accès d'un abonné",
	"Сохранение журналов доступа абонента", "Conservación de los registros de acceso de un abonado", "حفظ سجلات الدخول لحساب مشترك واحد",
	"保全一名用户的邮箱和访问日志", "การเก็บรักษาข้อมูลการเข้าใช้บัญชีของผู้ใช้บริการ", "Bảo quản nhật ký truy cập của một thuê bao",
}

// fill makes n requests in the office of XA.
func (b *bench) fill(w *demo.World, n int) (filled, error) {
	xa, xb := w.Members["XA"], w.Members["XB"]
	var f filled
	like, err := b.received(xa, xb)
	if err != nil {
		return f, err
	}
	f.Long = like.ID
	for i := range longTimeline {
		text := fmt.Sprintf("Report %d: the provider answers in parts. %s.", i, beginnings[i%len(beginnings)])
		if _, _, err := xa.Node.Office.Move(b.ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), like.ID, rogatory.TellStatus, rogatory.Body{Text: text}); err != nil {
			return f, err
		}
	}
	rules := xa.Node.Office.Rules
	draft, err := rules.Example(rogatory.StoredData, "", rogatory.At(b.clock.Now()))
	if err != nil {
		return f, err
	}
	drafted, err := xa.Node.Office.Draft(b.ctx, xa.Actor("A. Okafor", rogatory.DutyOfficer), xb.Node.Office.Us, "", draft)
	if err != nil {
		return f, err
	}
	f.Draft = drafted.ID
	many := &filler{b: b, s: xa.Node.Office.Store, us: xa.Node.Office.Us, like: like, draw: mathrand.New(mathrand.NewPCG(1, 2)), now: rogatory.At(b.clock.Now()), kinds: treaty.Convention().Kinds}
	err = many.s.View(b.ctx, func(tx *store.Tx) error {
		all, err := tx.MessagesOf(like.ID)
		if err == nil {
			many.said = all[0]
		}
		return err
	})
	if err != nil {
		return f, err
	}
	many.zipf = mathrand.NewZipf(many.draw, 1.07, 8, vocabulary-1)
	for range vocabulary {
		var word strings.Builder
		for range 3 + many.draw.IntN(8) {
			word.WriteByte("etaoinshrdlucmfwypvbgk"[many.draw.IntN(22)])
		}
		many.words = append(many.words, word.String())
	}
	for first := 0; first < n; first += fillBatch {
		if err := many.batch(first, min(first+fillBatch, n), &f); err != nil {
			return f, err
		}
	}
	f.Rare, f.Usual = fmt.Sprintf("user%d", n/2), many.words[2]
	_, err = xa.Node.Office.Reindex(b.ctx)
	return f, err
}

// received is a request that came from XB the way all come.
func (b *bench) received(xa, xb *demo.Member) (docket.File, error) {
	r, err := xb.Node.Office.Rules.Example(rogatory.Preservation42, "", rogatory.At(b.clock.Now()))
	if err != nil {
		return docket.File{}, err
	}
	return b.carried(xb, xa, r)
}

// peers are those with whom the many are: exercise States, as nothing here is sent.
var peers = []rogatory.StateCode{"XB", "XC", "XD", "XE", "XF", "XG", "XH", "XJ"}

func (m *filler) batch(first, end int, f *filled) error {
	return m.s.Update(m.b.ctx, func(tx *store.Tx) error {
		for i := first; i < end; i++ {
			file, err := m.file(i)
			if err != nil {
				return err
			}
			if i%(max(end, 1000)/20+1) == 0 && len(f.Some) < 20 {
				f.Some = append(f.Some, file.ID)
			}
			if err := m.write(tx, i, file); err != nil {
				return err
			}
		}
		return nil
	})
}

// file is the i-th, opened in turn over three years.
func (m *filler) file(i int) (docket.File, error) {
	f := m.like
	f.Them = rogatory.Address{State: peers[m.draw.IntN(len(peers))], Authority: "justice"}
	by := m.us.State
	if f.Side = rogatory.RequestingSide; i%2 == 0 {
		f.Side, by = rogatory.RequestedSide, f.Them.State
	}
	c, err := rogatory.NewCaseID(rand.Reader, by, m.now.Time())
	if err != nil {
		return f, err
	}
	f.ID = c.Request(1)
	kind := m.kinds[m.draw.IntN(len(m.kinds))]
	f.Request.Kind = kind.ID
	f.Request.Title = fmt.Sprintf("%s, %s %d", beginnings[m.draw.IntN(len(beginnings))], m.word(), i)
	contents := map[string]string{}
	for id, text := range f.Request.Contents {
		contents[id] = text
	}
	var facts strings.Builder
	fmt.Fprintf(&facts, "%s user%d@example.org. ", beginnings[m.draw.IntN(len(beginnings))], i)
	for range wordsPerCase {
		facts.WriteString(m.word() + " ")
	}
	contents["facts"] = facts.String()
	f.Request.Contents = contents
	f.Author = "A. Okafor"
	f.Opened = m.now.Add(-time.Duration(100_000-i%100_000) * 15 * time.Minute)
	f.Received, f.Changed = f.Opened, f.Opened.Add(time.Duration(m.draw.IntN(100))*time.Hour)
	f.State, f.Ended, f.Deadlines = rogatory.Closed, f.Changed, nil
	if i%openIn == 0 {
		open := []rogatory.State{rogatory.Requested, rogatory.Acknowledged, rogatory.Accepted, rogatory.NeedsInformation, rogatory.Preserved, rogatory.Executed, rogatory.Refused, rogatory.Drafted}
		f.State, f.Ended = open[m.draw.IntN(len(open))], 0
		f.Deadlines = []docket.Deadline{{Name: "reply", Due: m.now.Add(time.Duration(m.draw.IntN(60*24)-24) * time.Hour), State: docket.Running, Article: "42(4)"}}
	}
	return f, nil
}

func (m *filler) word() string { return m.words[m.zipf.Uint64()] }

// write puts a file, its entries, its message and its deadlines where the docket would.
func (m *filler) write(tx *store.Tx, i int, f docket.File) error {
	view, err := json.Marshal(f)
	if err != nil {
		return err
	}
	err = tx.InsertRequest(store.Request{ID: f.ID, Case: f.ID.Case(), Side: f.Side, Peer: f.Them.State, Kind: f.Request.Kind, State: f.State, Updated: f.Changed, View: view})
	if err != nil {
		return err
	}
	for _, d := range f.Deadlines {
		if _, err := tx.SetDeadline(store.Deadline{Request: f.ID, Name: d.Name, DueAt: d.Due, State: string(d.State), Rule: d.Article}); err != nil {
			return err
		}
	}
	var entries []store.Entry
	e := rogatory.Entry{Type: rogatory.RequestDrafted, At: f.Opened, By: rogatory.Actor{Address: m.us, Officer: rogatory.Officer{Name: "A. Okafor", Role: rogatory.DutyOfficer}}, Request: f.ID, Draft: &f.Request, To: &f.Them}
	for n := range entriesPerCase {
		if n > 0 {
			e.Type, e.Draft, e.To, e.At = rogatory.RequestClaimed, nil, nil, e.At.Add(time.Hour)
			e.Name = e.By.Name
		}
		body, err := json.Marshal(e)
		if err != nil {
			return err
		}
		row := store.Entry{At: e.At, Type: e.Type, Case: f.ID.Case(), Request: f.ID, Body: body}
		rand.Read(row.Salt[:])
		entries = append(entries, row)
	}
	index, err := tx.Append(entries...)
	if err != nil {
		return err
	}
	msg := m.said
	if msg.ID, err = rogatory.NewMessageID(rand.Reader, m.now.Time()); err != nil {
		return err
	}
	msg.Request, msg.Case, msg.Direction, msg.Peer, msg.Entry = f.ID, f.ID.Case(), store.Out, f.Them.State, index
	if msg.Sequence, err = tx.NextSequence(f.Them.State); err != nil {
		return err
	}
	if err := tx.InsertMessage(msg); err != nil || i%500 != 0 || i/500 >= waitingOut {
		return err
	}
	return tx.Enqueue(store.Delivery{Message: msg.ID, Peer: f.Them.State, Sequence: msg.Sequence, State: store.Waiting, NextAt: m.now.Add(365 * treaty.Day), Created: f.Opened})
}
