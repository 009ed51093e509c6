// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/deadline"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/ledger"
	"rogatory/pager"
	"rogatory/store"
	"rogatory/store/storetest"
)

// The stories play at the desk of Aurelia, at night, on a clock that moves only when told. The channels are
// played; what they were given is kept.

var night = time.Date(2026, 11, 25, 2, 0, 0, 0, time.UTC)

const rotaText = `{"version": "2026-11-25.1", "state": "XA", "number": "+888 000 001", "zone": "UTC",
  "people": [{"id": "anna", "name": "Anna Bauer"}, {"id": "bruno", "name": "Bruno Costa"}, {"id": "hugo", "name": "Hugo Hahn"}],
  "fallback": "bruno", "head": "hugo", "rules": [{"id": "night", "from": "20:00", "to": "08:00", "person": "anna"}, {"id": "day", "person": "bruno"}]}`

const escalationText = `{"version": "2026-11-25.1",
  "channels": [{"id": "mail", "kind": "mail", "provider": "Ministry"}, {"id": "hook", "kind": "webhook", "provider": "Alarm Centre"}],
  "policies": [
    {"id": "urgent", "urgent": true, "cycles": 2, "last_resort": "drive to the desk", "steps": [
      {"to": "on_duty", "channels": ["mail", "hook"], "wait_seconds": 180},
      {"to": "fallback", "channels": ["hook", "mail"], "wait_seconds": 300}]},
    {"id": "test", "urgent": false, "cycles": 1, "last_resort": "call the desk", "steps": [{"to": "on_duty", "channels": ["mail"], "wait_seconds": 600}]}]}`

const pagerText = `{"door": "https://desk.xa.example/page/", "channels": [
  {"name": "mail", "provider": "ministry", "smtp": {"host": "mail.example", "from": "desk@example.org"}},
  {"name": "hook", "provider": "alarm-centre", "webhook": {"url": "https://alarm.example/", "key_file": "key"}}],
  "people": {"anna": {"mail": "anna@example.org", "hook": "anna"}, "bruno": {"mail": "bruno@example.org", "hook": "bruno"}, "hugo": {"mail": "hugo@example.org"}}}`

// line is a played channel.
type line struct {
	name string
	mu   sync.Mutex
	sent []pager.Page
	fail error
}

func (l *line) Send(_ context.Context, p pager.Page) (pager.Receipt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sent = append(l.sent, p)
	return pager.Receipt{Status: 250}, l.fail
}

func (l *line) pages() []pager.Page {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.sent)
}

type scene struct {
	*testing.T
	*Desk
	time       *clock.Manual
	mail, hook *line
	plan       *Plan
	mu         sync.Mutex
	fault      string // point at which the store fails; guarded by mu
	log        *strings.Builder
}

func newScene(t *testing.T) *scene {
	t.Helper()
	s := &scene{T: t, time: clock.NewManual(night), mail: &line{name: "mail"}, hook: &line{name: "hook"}, log: &strings.Builder{}}
	st := storetest.New(t, store.Config{Engine: store.SQLite, Source: filepath.Join(t.TempDir(), "desk.db"), Keys: storetest.Keys(), Fault: func(point string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if point == s.fault {
			s.fault = ""
			return errors.New("the power went")
		}
		return nil
	}})
	us := rogatory.Address{State: "XA", Authority: "justice"}
	led := ledger.New(ledger.Config{Store: st, Origin: "xa", Clock: s.time, Random: rand.Reader})
	log := slog.New(slog.NewTextHandler(s.log, nil))
	office := docket.New(docket.Config{Us: us, Mode: rogatory.Exercise, Store: st, Ledger: led, Clock: s.time, Random: rand.Reader, Log: log})
	s.Desk = New(Config{Us: us, Office: office, Store: st, Ledger: led, Clock: s.time, Random: rand.Reader, Log: log})
	s.plan = readPlan(t, rotaText, escalationText, pagerText)
	s.plan.Routes = []pager.Route{pager.NewRoute("mail", "ministry", s.mail, s.time), pager.NewRoute("hook", "alarm-centre", s.hook, s.time)}
	s.Use(s.plan)
	return s
}

func readPlan(t *testing.T, rota, escalation, pages string) *Plan {
	t.Helper()
	var p Plan
	var err error
	if p.Rota, err = desk.Load("rota.json", []byte(rota), deadline.BundledZones(), deadline.BundledCalendars()); err != nil {
		t.Fatal(err)
	}
	if p.Escalation, err = desk.LoadEscalation("escalation.json", []byte(escalation)); err != nil {
		t.Fatal(err)
	}
	c, err := pager.ParseConfig([]byte(pages))
	if err != nil {
		t.Fatal(err)
	}
	p.Pager = &c
	return &p
}

func (s *scene) ok(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// alarm raises an urgent alarm without a request.
func (s *scene) alarm() string {
	s.Helper()
	s.ok(s.Store.Update(s.Context(), func(tx *store.Tx) error { return s.raise(tx, "urgent", pager.Urgent, "") }))
	return s.newest().Alarm.ID
}

func (s *scene) newest() Open {
	s.Helper()
	all, err := s.Earlier(s.Context(), s.officer("Anna Bauer"), false, 1)
	s.ok(err)
	if len(all) == 0 {
		s.Fatal("there is no alarm")
	}
	return all[0]
}

func (s *scene) officer(name string) rogatory.Actor {
	return rogatory.Actor{Address: s.Us, Officer: rogatory.Officer{Name: name, Role: rogatory.DutyOfficer}}
}

// step lets time pass and the desk work until nothing is on its way.
func (s *scene) step(d time.Duration) {
	s.Helper()
	s.time.Advance(d)
	for range 3 { // a page that failed lets the next step come
		s.ok(s.Step(s.Context()))
		s.Wait()
	}
}

// quiet puts the test page of the shift behind.
func (s *scene) quiet() {
	s.step(0)
	_, err := s.AcknowledgeLink(s.Context(), token(s.mail.sent[0]))
	s.ok(err)
	s.mail.sent, s.hook.sent = nil, nil
}

func (s *scene) entries(typ rogatory.EntryType) (list []rogatory.Entry) {
	s.Helper()
	s.ok(s.Store.View(s.Context(), func(tx *store.Tx) error {
		rows, err := tx.Entries(0, 1000)
		for _, row := range rows {
			var e rogatory.Entry
			s.ok(json.Unmarshal(row.Body, &e))
			if e.Type == typ {
				list = append(list, e)
			}
		}
		return err
	}))
	return list
}

func (s *scene) want(what string, got, want any) {
	s.Helper()
	if got != want {
		s.Errorf("%s: %v, want %v", what, got, want)
	}
}

func to(p pager.Page, channel string) string { a, _ := p.To(channel); return a }

func token(p pager.Page) string { return strings.TrimPrefix(p.Link(), "https://desk.xa.example/page/") }

func TestTheFirstDoesNotAnswerAndTheNextIsWoken(t *testing.T) {
	s := newScene(t)
	s.quiet()
	id := s.alarm()
	s.step(0)
	s.want("mails", len(s.mail.sent), 1)
	s.want("whom", to(s.mail.sent[0], "mail"), "anna@example.org")
	s.want("both channels carry one page", s.hook.sent[0].ID(), s.mail.sent[0].ID())
	s.step(179 * time.Second)
	s.want("mails before the wait is over", len(s.mail.sent), 1)
	s.step(time.Second)
	s.want("mails", len(s.mail.sent), 2)
	s.want("the next", to(s.mail.sent[1], "mail"), "bruno@example.org")
	s.time.Advance(20 * time.Second)
	a, err := s.AcknowledgeLink(t.Context(), token(s.hook.sent[1]))
	s.ok(err)
	s.want("who took it", a.By, "bruno")
	s.step(time.Hour)
	s.want("mails after that", len(s.mail.sent), 2)
	taken := s.entries(rogatory.AlarmAcknowledged)
	s.want("entries, with the test", len(taken), 2)
	s.want("what they say", taken[1].Name+" "+taken[1].Why, id+" bruno by link")
	if _, err := s.AcknowledgeLink(t.Context(), token(s.mail.sent[0])); rogatory.CodeOf(err) != "already_acknowledged" {
		t.Errorf("the first link afterwards: %v", err)
	}
	if _, err := s.AcknowledgeLink(t.Context(), token(s.mail.sent[1])); rogatory.CodeOf(err) != "secret_used" {
		t.Errorf("the link a second time: %v", err)
	}
	log, err := s.Deliveries(t.Context(), s.officer("Anna Bauer"), 0)
	s.ok(err)
	s.want("rows of the log, with the test page", len(log), 5)
}

func TestWhenAllPagesOfAStepFailTheNextComesAtOnce(t *testing.T) {
	s := newScene(t)
	s.quiet()
	s.mail.fail = rogatory.Fault(rogatory.Invalid, "page_address_refused", "no")
	s.hook.fail = s.mail.fail
	s.alarm()
	s.step(0)
	s.want("mails", len(s.mail.sent), 2)
	s.want("to the next person, without a wait", to(s.mail.sent[1], "mail"), "bruno@example.org")
	s.want("given up already", s.newest().Alarm.GivenUp, rogatory.Instant(0))
	s.step(5 * time.Minute) // a new cycle waits
	s.step(5 * time.Minute)
	s.want("mails in two cycles", len(s.mail.sent), 4)
	s.want("last resort", s.newest().LastResort, "drive to the desk")
}

func TestAProviderThatIsAwayIsTriedAgainWithTheSamePage(t *testing.T) {
	s := newScene(t)
	s.quiet()
	s.mail.fail = rogatory.Fault(rogatory.Unavailable, "page_unreachable", "away")
	s.alarm()
	s.step(0)
	s.step(5 * time.Second)
	s.want("mails", len(s.mail.sent), 2)
	s.want("the same page", s.mail.sent[0].ID(), s.mail.sent[1].ID())
	s.want("the same link", s.mail.sent[0].Link(), s.mail.sent[1].Link())
	s.want("by the channel that took it", len(s.hook.sent), 1)
}

func TestNobodyAnswers(t *testing.T) {
	s := newScene(t)
	s.quiet()
	id := s.alarm()
	for range 20 {
		s.step(5 * time.Minute)
	}
	s.want("mails in two cycles", len(s.mail.sent), 4)
	given := s.entries(rogatory.AlarmGivenUp)
	s.want("loud entries", len(given), 1)
	s.want("what they say", given[0].Name+" "+given[0].Why, id+" drive to the desk")
	s.want("the log", strings.Count(s.log.String(), "NOBODY ANSWERED"), 1)
	state, err := s.State(t.Context())
	s.ok(err)
	s.want("given up, by the head of the screen", state.GivenUp, 1)
	_, err = s.Acknowledge(t.Context(), s.officer("Bruno Costa"), id)
	s.ok(err) // late is better than never
	s.want("who", s.newest().Alarm.Acknowledged.By, "bruno")
}

func TestThePowerGoes(t *testing.T) {
	restart := func(s *scene) *Desk {
		d := New(s.Config)
		d.Use(s.plan)
		s.Desk = d
		return d
	}
	t.Run("before the decision is committed", func(t *testing.T) {
		s := newScene(t)
		s.quiet()
		s.alarm()
		s.mu.Lock()
		s.fault = "before_commit"
		s.mu.Unlock()
		if err := s.Step(t.Context()); err == nil {
			t.Fatal("nothing failed")
		}
		s.Wait()
		s.want("pages", len(s.mail.sent), 0)
		s.want("steps", len(s.newest().Alarm.Taken), 0)
		restart(s)
		s.step(0)
		s.want("pages", len(s.mail.sent), 1)
	})
	t.Run("between the decision and its pages", func(t *testing.T) {
		s := newScene(t)
		s.quiet()
		id := s.alarm()
		_, _, err := s.decide(t.Context(), s.plan, id) // and no launch
		s.ok(err)
		page := s.newest().Alarm.Taken[0].Pages[0]
		// The mail was claimed and may have left; the webhook was not tried.
		_, _, err = s.Claim(t.Context(), pager.Delivery{Key: pager.Key{Page: pager.ID(page.ID), Channel: "mail", Attempt: 1}, Code: pager.Underway})
		s.ok(err)
		restart(s)
		s.step(0)
		s.want("webhooks: what was not tried", len(s.hook.sent), 1)
		s.want("with its identifier", string(s.hook.sent[0].ID()), page.ID)
		s.want("mails: not the same attempt again", len(s.mail.sent), 0)
		s.step(5 * time.Second)
		s.want("mails: the next attempt", len(s.mail.sent), 1)
		s.want("steps: no other was taken", len(s.newest().Alarm.Taken), 1)
		_, err = s.AcknowledgeCode(t.Context(), s.hook.sent[0].Code())
		s.ok(err) // the new code counts
	})
}

// A claim whose commit is told to have failed returns nothing but the error, so that nobody sends on the strength of it;
// whether it was stored shows when it is claimed again.
func TestAClaimThatFailsReturnsNothing(t *testing.T) {
	for _, point := range []string{"closure", "before_commit", "after_commit"} {
		s := newScene(t)
		s.mu.Lock()
		s.fault = point
		s.mu.Unlock()
		d, first, err := s.Claim(t.Context(), pager.Delivery{Key: pager.Key{Page: "p", Channel: "mail", Attempt: 1}, Code: pager.Underway})
		if err == nil || first || !reflect.DeepEqual(d, pager.Delivery{}) {
			t.Errorf("%s: %+v, first %v, %v", point, d, first, err)
		}
	}
}

func TestOneAcknowledgementWins(t *testing.T) {
	s := newScene(t)
	s.quiet()
	id := s.alarm()
	s.step(0)
	s.step(3 * time.Minute)
	var ways []func() error
	for _, p := range s.mail.pages() {
		ways = append(ways,
			func() error { _, err := s.AcknowledgeLink(t.Context(), token(p)); return err },
			func() error { _, err := s.AcknowledgeCode(t.Context(), p.Code()); return err })
	}
	for _, name := range []string{"Anna Bauer", "Bruno Costa", "Hugo Hahn"} {
		ways = append(ways, func() error { _, err := s.Acknowledge(t.Context(), s.officer(name), id); return err })
	}
	var wg sync.WaitGroup
	results := make([]error, len(ways))
	for i, way := range ways {
		wg.Go(func() { results[i] = way() })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		if err == nil {
			won++
		} else if rogatory.CodeOf(err) != "already_acknowledged" {
			t.Errorf("who lost was told: %v", err)
		}
	}
	s.want("winners", won, 1)
	s.want("entries, with the test", len(s.entries(rogatory.AlarmAcknowledged)), 2)
}

func TestWrongCodesLeaveLinkAndScreen(t *testing.T) {
	s := newScene(t)
	s.quiet()
	s.alarm()
	s.step(0)
	page := s.mail.sent[0]
	for range desk.MaxWrong {
		if _, err := s.AcknowledgeCode(t.Context(), "0000 0000"); rogatory.CodeOf(err) != "secret_wrong" {
			t.Fatalf("a wrong code: %v", err)
		}
	}
	if _, err := s.AcknowledgeCode(t.Context(), page.Code()); err == nil {
		t.Fatal("the right code counts after too many wrong ones")
	}
	if _, err := s.AcknowledgeLink(t.Context(), "wrong"); rogatory.CodeOf(err) != "secret_wrong" {
		t.Fatalf("a wrong link: %v", err)
	}
	_, err := s.AcknowledgeLink(t.Context(), token(page))
	s.ok(err)
}

func TestEachShiftBeginsWithATestPage(t *testing.T) {
	s := newScene(t)
	s.step(0)
	s.want("test pages", len(s.mail.sent), 1)
	s.want("class", s.mail.sent[0].Urgency(), pager.Test)
	s.step(time.Minute)
	s.want("test pages in the shift", len(s.mail.sent), 1)
	a, err := s.AcknowledgeLink(t.Context(), token(s.mail.sent[0]))
	s.ok(err)
	s.want("a test", a.Test, true)
	s.step(6 * time.Hour) // 08:01, Bruno's shift
	s.want("test pages", len(s.mail.sent), 2)
	s.want("whom", to(s.mail.sent[1], "mail"), "bruno@example.org")
}

func TestHandOverNotes(t *testing.T) {
	s := newScene(t)
	if _, err := s.HandOver(t.Context(), s.officer("Hugo Hahn"), "x", nil); rogatory.CodeOf(err) != "note_denied" {
		t.Errorf("who is not on duty left a note: %v", err)
	}
	n, err := s.HandOver(t.Context(), s.officer("Anna Bauer"), "Call Borealia back", nil)
	s.ok(err)
	s.time.Advance(7 * time.Hour)
	unread, err := s.Unread(t.Context(), s.officer("Bruno Costa"))
	s.ok(err)
	s.want("unread", len(unread), 1)
	state, err := s.State(t.Context())
	s.ok(err)
	s.want("on duty", state.Now.Name, "Bruno Costa")
	s.want("unread, by the head of the screen", state.Unread, 1)
	_, err = s.ReadNote(t.Context(), s.officer("Bruno Costa"), n.ID)
	s.ok(err)
	if _, err := s.ReadNote(t.Context(), s.officer("Bruno Costa"), n.ID); rogatory.CodeOf(err) != "note_read" {
		t.Errorf("read twice: %v", err)
	}
	s.want("entries", len(s.entries(rogatory.NoteLeft))+len(s.entries(rogatory.NoteRead)), 2)
}

func TestWhoCalledAContactPoint(t *testing.T) {
	s := newScene(t)
	party := rogatory.Party{Code: "XB", Name: "Borealia", ContactPoints: []rogatory.ContactPoint{{Name: "desk", Telephone: "+888 000 002", Languages: []string{"en"}}}}
	if err := s.Verified(t.Context(), s.officer("Anna Bauer"), party, "desk", "+888 999"); rogatory.CodeOf(err) != "contact_unknown" {
		t.Errorf("another number than the directory's: %v", err)
	}
	s.ok(s.Verified(t.Context(), s.officer("Anna Bauer"), party, "desk", "+888000002"))
	points, err := s.Points(t.Context(), s.officer("Anna Bauer"), []rogatory.Party{party})
	s.ok(err)
	s.want("verified by", points[0].Verified.By, "Anna Bauer")
	s.want("entries", len(s.entries(rogatory.ContactVerified)), 1)
}

func TestChannelsOfBothFilesAreTheSame(t *testing.T) {
	for _, row := range []struct{ name, old, new, says string }{
		{"they are", "", "", ""},
		{"a name that the pager does not have", `"name": "hook"`, `"name": "other"`, `"hook" is not in the pager`},
		{"another kind", `"webhook": {"url": "https://alarm.example/", "key_file": "key"}`, `"matrix": {"homeserver": "https://alarm.example", "token_file": "key"}`, "another means"},
		{"another provider", `"provider": "alarm-centre"`, `"provider": "ministry"`, `for the pager "ministry"`},
	} {
		t.Run(row.name, func(t *testing.T) {
			text := strings.Replace(pagerText, row.old, row.new, 1)
			text = text[:strings.Index(text, `"people"`)]
			err := readPlan(t, rotaText, escalationText, strings.TrimRight(text, " \n,")+"}").Check()
			if row.says == "" && err != nil || row.says != "" && (rogatory.CodeOf(err) != "channels_differ" || !strings.Contains(err.Error(), row.says)) {
				t.Errorf("got %v, want %q", err, row.says)
			}
		})
	}
}

// The examples of the documents can be used together.
func TestTheExamplesOfTheDocumentsFit(t *testing.T) {
	blocks := func(name string) (list []string) {
		text, err := os.ReadFile(filepath.Join("..", "docs", name))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1) {
			list = append(list, string(m[1]))
		}
		return list
	}
	files := blocks("desk.md")
	if err := readPlan(t, files[0], files[1], blocks("pager.md")[0]).Check(); err != nil {
		t.Error(err)
	}
	if _, err := desk.LoadEscalation("operating.md", []byte(blocks("operating.md")[0])); err != nil {
		t.Error(err)
	}
}

func TestWhatIsWrongWithAnEntry(t *testing.T) {
	s := newScene(t)
	party := rogatory.Party{Code: "XB", Name: "Borealia", ContactPoints: []rogatory.ContactPoint{{Name: "desk", Telephone: "+888 000 002", Languages: []string{"en"}}}}
	for name, wrong := range map[string]string{"nothing": " ", "a book": strings.Repeat("x", 1001)} {
		if err := s.Doubted(t.Context(), s.officer("Anna Bauer"), party, "desk", "+888000002", wrong); rogatory.CodeOf(err) != "contact_words" {
			t.Errorf("%s is taken for what is wrong: %v", name, err)
		}
	}
	s.ok(s.Doubted(t.Context(), s.officer("Anna Bauer"), party, "desk", "+888000002", "a bakery answers"))
	points, err := s.Points(t.Context(), s.officer("Anna Bauer"), []rogatory.Party{party})
	s.ok(err)
	s.want("wrong", points[0].Verified.Wrong, "a bakery answers")
	s.want("entries", len(s.entries(rogatory.ContactDoubted)), 1)
	s.step(time.Minute)
	s.ok(s.Verified(t.Context(), s.officer("Anna Bauer"), party, "desk", "+888000002"))
	points, err = s.Points(t.Context(), s.officer("Anna Bauer"), []rogatory.Party{party})
	s.ok(err)
	s.want("wrong, after it was verified", points[0].Verified.Wrong, "")
}
