// SPDX-License-Identifier: Apache-2.0

package post

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/clock"
	"rogatory/deadline"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/ledger"
	"rogatory/notice"
	"rogatory/pager"
	"rogatory/safeguard"
	"rogatory/store"
	"rogatory/store/storetest"
)

// The stories play at the office of Aurelia, whose clock moves only when told. Ana is in the rota, Bo is not; the
// channels are played, and what they were given is kept.

var morning = time.Date(2026, 11, 25, 9, 0, 0, 0, time.UTC)

const pagerText = `{"door": "https://desk.xa.example/page/", "channels": [
  {"name": "mail", "provider": "ministry", "smtp": {"host": "mail.example", "from": "desk@example.org"}},
  {"name": "sms", "provider": "gateway", "gateway": {"url": "https://sms.example/send"}}],
  "people": {"ana": {"mail": "ana@example.org", "sms": "+888"}, "Bo Lind": {"mail": "bo@example.org"}}}`

const rotaText = `{"version": "2026-11-25.1", "state": "XA", "number": "+888 000 001", "zone": "UTC",
  "people": [{"id": "ana", "name": "Ana Duarte"}, {"id": "head", "name": "H. Mwangi"}], "fallback": "ana", "head": "head", "rules": [{"id": "always", "person": "ana"}]}`

const requestID = rogatory.RequestID("XB-2026-7K3M9Q2P.1")

// line is a played channel.
type line struct {
	mu   sync.Mutex
	sent []pager.Page
	fail error
	cut  func() // called as a page arrives
}

func (l *line) Send(_ context.Context, p pager.Page) (pager.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, p)
	if l.cut != nil {
		l.cut()
	}
	return pager.Receipt{Status: 250}, l.fail
}

func (l *line) subjects() (all []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.sent {
		all = append(all, p.Subject())
	}
	return all
}

type scene struct {
	*testing.T
	*Post
	ledger    *ledger.Ledger
	time      *clock.Manual
	mail, sms *line
	people    []rogatory.Officer
	stored    store.Config
	mu        sync.Mutex
	fault     string // point at which the store fails; guarded by mu
	nth       int    // at which time it comes there; guarded by mu
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, time: clock.NewManual(morning), mail: &line{}, sms: &line{},
		people: []rogatory.Officer{{Name: "Ana Duarte", Role: rogatory.DutyOfficer}, {Name: "Bo Lind", Role: rogatory.Decider}, {Name: "Root", Role: rogatory.Administrator}}}
	s.stored = store.Config{Engine: store.SQLite, Source: filepath.Join(t.TempDir(), "office.db"), Keys: storetest.Keys(), Fault: func(point string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if point == s.fault {
			if s.nth--; s.nth == 0 {
				return errors.New("the power went")
			}
		}
		return nil
	}}
	st := storetest.New(t, s.stored)
	us := rogatory.Address{State: "XA", Authority: "justice"}
	s.ledger = ledger.New(ledger.Config{Store: st, Origin: "xa", Clock: s.time, Random: rand.Reader})
	log := slog.New(slog.DiscardHandler)
	office := docket.New(docket.Config{Us: us, Mode: rogatory.Exercise, Store: st, Ledger: s.ledger, Clock: s.time, Random: rand.Reader, Log: log})
	config, err := pager.ParseConfig([]byte(pagerText))
	s.ok(err)
	rota, err := desk.Load("rota.json", []byte(rotaText), deadline.BundledZones(), deadline.BundledCalendars())
	s.ok(err)
	plan := &alarm.Plan{Rota: rota, Pager: &config, Routes: []pager.Route{pager.NewRoute("mail", "ministry", s.mail, s.time), pager.NewRoute("sms", "gateway", s.sms, s.time)}}
	s.Post = New(Config{Us: us, Office: office, Store: st, Clock: s.time, Random: rand.Reader, Log: log, Origin: "https://office.xa.example",
		Plan: func() *alarm.Plan { return plan }, People: func(context.Context) ([]rogatory.Officer, error) { return s.people, nil }})
	return s
}

func (s *scene) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) actor(name string) rogatory.Actor {
	i := slices.IndexFunc(s.people, func(o rogatory.Officer) bool { return o.Name == name })
	return rogatory.Actor{Address: s.Us, Officer: s.people[i]}
}

// all is what somebody chooses who wants to be told of everything by mail, at once.
func all() notice.Choice {
	return notice.Choice{Language: "en", Channels: []string{"mail"}, About: notice.Sorts(), Days: 3, Zone: "Europe/Vienna"}
}

func (s *scene) choose(name string, c notice.Choice) {
	s.Helper()
	s.ok(s.Choose(s.Context(), s.actor(name), c))
}

// request adds one that waits in the queue, and is due in a month.
func (s *scene) request(id rogatory.RequestID, state rogatory.State, author string) {
	s.Helper()
	view, err := json.Marshal(docket.File{ID: id, State: state, Author: author})
	s.ok(err)
	s.ok(s.Store.Update(s.Context(), func(tx *store.Tx) error {
		now := s.now()
		err := tx.InsertRequest(store.Request{ID: id, Case: id.Case(), Side: rogatory.RequestingSide, Peer: "XC", Kind: "preservation", State: state, Updated: now, View: view})
		if err == nil {
			err = tx.SetPlace(store.Place{Request: id, Waits: store.WaitsUs, Changed: now})
		}
		if err == nil {
			_, err = tx.SetDeadline(store.Deadline{Request: id, Name: "reply", DueAt: now.Add(30 * 24 * time.Hour)})
		}
		return err
	}))
}

// give is what docket's Assign does.
func (s *scene) give(id rogatory.RequestID, by, to string) {
	s.Helper()
	s.ok(s.Store.Update(s.Context(), func(tx *store.Tx) error {
		_, err := s.ledger.Record(tx, rogatory.Entry{Type: rogatory.RequestClaimed, At: s.now(), By: s.actor(by), Request: id, Name: to})
		return errors.Join(err, tx.Hold(id, to, s.now()))
	}))
}

// message is one that came from the other State.
func (s *scene) message(id rogatory.RequestID, n int64) {
	s.Helper()
	s.ok(s.Store.Update(s.Context(), func(tx *store.Tx) error {
		at, err := s.ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageReceived, At: s.now(), By: s.actor("Root"), Request: id})
		if err != nil {
			return err
		}
		return tx.InsertMessage(store.Message{ID: rogatory.MessageID(fmt.Sprintf("019abcde-0000-7000-8000-%012d", n)), Request: id, Case: id.Case(), Direction: store.In, Peer: "XB", Sequence: n, Act: rogatory.TellStatus, At: s.now(), Entry: at, Applied: true})
	}))
}

func (s *scene) pass(d time.Duration) {
	s.Helper()
	s.time.Advance(d)
	s.ok(s.Step(s.Context()))
}

func (s *scene) told(l *line, want ...string) {
	s.Helper()
	for i, w := range want {
		want[i] = "Exercise, XA/justice: " + w
	}
	if got := l.subjects(); !slices.Equal(got, want) {
		s.Fatalf("told %q, want %q", got, want)
	}
}

func TestWhoHasChosenNothingIsToldNothing(t *testing.T) {
	s := newScene(t)
	s.request(requestID, rogatory.Acknowledged, "")
	s.give(requestID, "Bo Lind", "Ana Duarte")
	s.message(requestID, 1)
	s.pass(24 * time.Hour)
	s.told(s.mail)
	// What was before the choice is not told afterwards.
	s.choose("Ana Duarte", all())
	s.pass(time.Minute)
	s.told(s.mail)
}

func TestAWorkingDay(t *testing.T) {
	s := newScene(t)
	s.choose("Ana Duarte", all())
	s.choose("Bo Lind", all())
	s.request(requestID, rogatory.Acknowledged, "")
	s.pass(time.Second)
	s.told(s.mail)

	s.give(requestID, "Ana Duarte", "Ana Duarte") // whoever takes something knows it
	s.pass(time.Second)
	s.told(s.mail)

	s.give(requestID, "Bo Lind", "Ana Duarte")
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you")
	s.pass(time.Hour)
	s.told(s.mail, "item 1 needs you")
	if text := s.mail.sent[0].Text(); strings.Contains(text, "XB") || strings.Contains(text, "7K3M") || !strings.Contains(text, "https://office.xa.example/console/notices/1\n") {
		t.Errorf("the notice says %q", text)
	}
	if n, err := s.Item(t.Context(), s.actor("Ana Duarte"), 1); err != nil || n.Request != requestID || n.Sort != string(notice.Assigned) {
		t.Errorf("item 1 is %+v, %v", n, err)
	}
	if _, err := s.Item(t.Context(), s.actor("Bo Lind"), 1); rogatory.CodeOf(err) != "notice_unknown" {
		t.Errorf("another person's number is answered: %v", err)
	}

	s.message(requestID, 1)
	s.message(requestID, 2)
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you", "2 items need you")

	// A message that was read before the next look needs nobody.
	s.message(requestID, 3)
	s.ok(s.Store.Update(t.Context(), func(tx *store.Tx) error { return tx.See(requestID, "Ana Duarte") }))
	s.pass(time.Second)
	// The deadline comes near, once; it is moved, and comes near again.
	s.pass(26 * 24 * time.Hour)
	s.told(s.mail, "item 1 needs you", "2 items need you")
	s.pass(25 * time.Hour)
	s.pass(time.Hour)
	s.told(s.mail, "item 1 needs you", "2 items need you", "item 5 needs you")
	s.ok(s.Store.Update(t.Context(), func(tx *store.Tx) error {
		_, err := tx.SetDeadline(store.Deadline{Request: requestID, Name: "reply", DueAt: s.now().Add(48 * time.Hour)})
		return err
	}))
	s.pass(time.Minute)
	s.told(s.mail, "item 1 needs you", "2 items need you", "item 5 needs you", "item 6 needs you")
}

func TestAnApprovalIsAskedOfWhoMaySend(t *testing.T) {
	s := newScene(t)
	c := all()
	c.About = []notice.Sort{notice.Approval}
	s.choose("Bo Lind", c)
	s.choose("Ana Duarte", c)
	s.request(requestID, rogatory.Drafted, "Ana Duarte")
	s.give(requestID, "Ana Duarte", "Bo Lind")
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you")
	if to, _ := s.mail.sent[0].To("mail"); to != "bo@example.org" {
		t.Errorf("it went to %s", to)
	}
	s.give(requestID, "Bo Lind", "Ana Duarte") // back to the author, who may not
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you")
}

// Whoever stands for an act that takes two roles need not go from door to door.
func TestAVoteIsAskedOfColleaguesOfAnotherRole(t *testing.T) {
	s := newScene(t)
	c := all()
	c.About = []notice.Sort{notice.Vote}
	s.people = append(s.people, rogatory.Officer{Name: "Ilse Brandt", Role: rogatory.Custodian})
	s.choose("Bo Lind", c)
	s.choose("Ana Duarte", c)
	s.request(requestID, rogatory.Acknowledged, "Cem Aydin")
	s.vote(requestID, "Ana Duarte", true)
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you")
	if to, _ := s.mail.sent[0].To("mail"); to != "bo@example.org" {
		t.Errorf("it went to %s", to)
	}
	// Both have voted: nobody is asked again, and a dissent asks nobody.
	s.vote(requestID, "Bo Lind", true)
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you")
	s.vote(requestID, "Ilse Brandt", false)
	s.pass(time.Second)
	s.told(s.mail, "item 1 needs you")
}

// vote is what docket's Approve does.
func (s *scene) vote(id rogatory.RequestID, name string, agree bool) {
	s.Helper()
	by := s.actor(name)
	s.ok(s.Store.Update(s.Context(), func(tx *store.Tx) error {
		row, err := tx.Request(id)
		if err != nil {
			return err
		}
		var f docket.File
		s.ok(json.Unmarshal(row.View, &f))
		f.Votes = append(f.Votes, docket.VoteFile{Act: rogatory.Accept, At: s.now(), Vote: safeguard.Vote{Person: name, Role: by.Role, Agree: agree}})
		row.View, err = json.Marshal(f)
		s.ok(err)
		if _, err := tx.UpdateRequest(row); err != nil {
			return err
		}
		_, err = s.ledger.Record(tx, rogatory.Entry{Type: rogatory.VoteCast, At: s.now(), By: by, Request: id, Act: rogatory.Accept})
		return err
	}))
}

func TestOnceADay(t *testing.T) {
	s := newScene(t)
	c := all()
	c.Daily, c.Hour, c.Language = true, 8*60, "fr"
	s.choose("Ana Duarte", c)
	s.request(requestID, rogatory.Acknowledged, "")
	s.give(requestID, "Bo Lind", "Ana Duarte")
	s.pass(time.Second)
	s.message(requestID, 1)
	s.pass(time.Hour)
	s.told(s.mail)
	s.pass(20*time.Hour + 58*time.Minute) // 07:58:01 in Vienna
	s.told(s.mail)
	s.pass(2 * time.Minute)
	if got := s.mail.subjects(); len(got) != 1 || !strings.Contains(got[0], "2 éléments vous attendent") {
		t.Fatalf("told %q", got)
	}
	// What somebody else holds by the hour of the daily notice is not told.
	s.message(requestID, 2)
	s.pass(time.Hour)
	s.give(requestID, "Bo Lind", "Bo Lind")
	s.pass(24 * time.Hour)
	if got := s.mail.subjects(); len(got) != 1 {
		t.Fatalf("told %q", got)
	}
	items, err := s.Items(t.Context(), s.actor("Ana Duarte"), 1)
	if err != nil || items[0].Told == 0 || items[0].Page != "" {
		t.Errorf("what was dropped is %+v, %v", items, err)
	}
}

func TestAProviderThatIsAwayAndOneThatRefuses(t *testing.T) {
	s := newScene(t)
	c := all()
	c.Channels = []string{"mail", "sms"}
	s.choose("Ana Duarte", c)
	s.mail.fail = rogatory.Fault(rogatory.Unavailable, "page_unreachable", "channel mail: away")
	s.sms.fail = rogatory.Fault(rogatory.Denied, "page_refused", "channel sms: refused")
	s.request(requestID, rogatory.Acknowledged, "")
	s.give(requestID, "Bo Lind", "Ana Duarte")
	for range 90 {
		s.pass(2 * time.Minute)
	}
	if mails, texts := len(s.mail.subjects()), len(s.sms.subjects()); mails != notice.MaxTries || texts != 1 {
		t.Fatalf("the mail server was tried %d times, the gateway %d", mails, texts)
	}
	for _, p := range s.mail.sent {
		if p.ID() != s.mail.sent[0].ID() {
			t.Error("a second attempt has another identifier")
		}
	}
	sent, err := s.Sent(t.Context(), s.actor("Root"), true, 0)
	if err != nil || len(sent) != 1 || len(sent[0].Tries) != notice.MaxTries+1 || sent[0].DueAt != 0 {
		t.Fatalf("the log is %+v, %v", sent, err)
	}
	if _, err := s.Sent(t.Context(), s.actor("Ana Duarte"), true, 0); rogatory.CodeOf(err) != "role_not_allowed" {
		t.Errorf("an officer sees how others are told: %v", err)
	}
}

// The power goes at each commit, before it and after it, and while the provider has the notice. Nobody is told of a
// thing under two numbers or in two notices.
func TestACrashAnywhere(t *testing.T) {
	const commits = 4 // the decision, the claim, the outcome, and that nothing is left to do
	for _, point := range []string{"before_commit", "after_commit"} {
		for nth := 1; nth <= commits+1; nth++ {
			t.Run(fmt.Sprintf("%s %d", point, nth), func(t *testing.T) {
				s := newScene(t)
				s.choose("Ana Duarte", all())
				s.request(requestID, rogatory.Acknowledged, "")
				s.give(requestID, "Bo Lind", "Ana Duarte")
				s.mu.Lock()
				s.fault, s.nth = point, nth
				s.mu.Unlock()
				s.time.Advance(time.Second)
				_ = s.Step(t.Context()) // whatever it says, the next process has to cope
				s.mu.Lock()
				if (s.nth <= 0) != (nth <= commits) {
					t.Errorf("a step has not %d commits", commits)
				}
				s.fault = ""
				s.mu.Unlock()
				// The next process.
				c := s.Config
				c.Store = storetest.Open(t, s.stored)
				s.Post = New(c)
				for range 5 {
					s.pass(time.Minute)
				}
				ids := map[pager.ID]bool{}
				for _, p := range s.mail.sent {
					ids[p.ID()] = true
				}
				if len(ids) != 1 || len(s.mail.sent) > 2 {
					t.Fatalf("after the crash there are %d notices, sent %d times", len(ids), len(s.mail.sent))
				}
				items, err := s.Items(t.Context(), s.actor("Ana Duarte"), 0)
				if err != nil || len(items) != 1 || items[0].Page == "" {
					t.Fatalf("the items are %+v, %v", items, err)
				}
			})
		}
	}
}

func TestATestNotice(t *testing.T) {
	s := newScene(t)
	ana := s.actor("Ana Duarte")
	if err := s.Test(t.Context(), ana); rogatory.CodeOf(err) != "notice_choice_none" {
		t.Errorf("a test without a choice: %v", err)
	}
	c := all()
	c.QuietFrom, c.QuietTo = 0, 23*60 // also in quiet hours: the person asks for it
	s.choose("Ana Duarte", c)
	s.ok(s.Test(t.Context(), ana))
	s.pass(time.Second)
	s.told(s.mail, "a test of how you are told")
	if err := s.Test(t.Context(), ana); rogatory.CodeOf(err) != "notice_test_soon" {
		t.Errorf("a second test at once: %v", err)
	}
	s.pass(time.Minute)
	s.ok(s.Test(t.Context(), ana))
	s.pass(time.Second)
	s.told(s.mail, "a test of how you are told", "a test of how you are told")
}

func TestChannelsAreThoseOfTheAdministrator(t *testing.T) {
	s := newScene(t)
	if got := s.Ways(s.actor("Bo Lind")); !slices.Equal(got, []Way{{"mail", true}, {"sms", false}}) {
		t.Errorf("Bo is reached by %v", got)
	}
	c := all()
	c.Channels = []string{"sms"}
	if err := s.Choose(t.Context(), s.actor("Bo Lind"), c); rogatory.CodeOf(err) != "notice_channel_none" {
		t.Errorf("a channel without an address: %v", err)
	}
	c = all()
	c.Zone = "Europe/Atlantis"
	if err := s.Choose(t.Context(), s.actor("Bo Lind"), c); rogatory.CodeOf(err) != "notice_choice_invalid" {
		t.Errorf("a zone that is none: %v", err)
	}
}

func TestWhoStopsOrLeavesIsToldNoMore(t *testing.T) {
	s := newScene(t)
	c := all()
	c.Daily, c.Hour = true, 12*60
	s.choose("Ana Duarte", c)
	s.choose("Bo Lind", all())
	s.request(requestID, rogatory.Acknowledged, "")
	s.give(requestID, "Bo Lind", "Ana Duarte")
	s.pass(time.Second)
	s.ok(s.Stop(t.Context(), s.actor("Ana Duarte")))
	s.pass(48 * time.Hour)
	s.told(s.mail)
	if _, found, err := s.Choice(t.Context(), s.actor("Ana Duarte")); found || err != nil {
		t.Errorf("a choice is left: %v", err)
	}
	s.give(requestID, "Ana Duarte", "Bo Lind")
	bo := s.actor("Bo Lind")
	s.people = s.people[:1]
	s.pass(time.Minute)
	s.told(s.mail)
	if _, found, err := s.Choice(t.Context(), bo); found || err != nil {
		t.Errorf("who left has a choice still: %v", err)
	}
}
