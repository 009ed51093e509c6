// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/a-h/templ"

	"rogatory"
	"rogatory/clock"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/search"
	"rogatory/store"
	"rogatory/treaty"
)

// What a slow line carries in the time that a tired person waits: bytes as they travel, packed.
const (
	pageBudget  = 15 << 10
	firstBudget = 40 << 10 // the first page with the stylesheet and all it asks for
)

// writer makes texts that do not pack well: no two lines are alike, in all the scripts.
type writer struct{ *rand.Rand }

var scripts = []string{"abcdefghijklmnoprstuvyz", "абвгдежзиклмнопрстуфхцчшыэюя", "ابتثجحخدذرزسشصضطظعغفقكلمنهوي", "的一是在不了有和人这中大为上个国我以要他时来用们", "กขคงจชซดตถทนบปผพมยรลวสหอ", "áàảãạăắâấéèêếíìóôốơớúưứýđ"}

func (w writer) words(n int) string {
	letters := []rune(scripts[w.IntN(len(scripts))])
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		for range 2 + w.IntN(8) {
			b.WriteRune(letters[w.IntN(len(letters))])
		}
	}
	return b.String()
}

func (w writer) hex(n int) string {
	var b strings.Builder
	for range n {
		b.WriteByte("0123456789abcdef"[w.IntN(16)])
	}
	return b.String()
}

func (w writer) code() rogatory.StateCode {
	return rogatory.StateCode("X" + string(rune('B'+w.IntN(24))))
}

func (w writer) id() rogatory.RequestID {
	return rogatory.RequestID(fmt.Sprintf("%s-2026-%s.%d", w.code(), strings.ToUpper(w.hex(8)), 1+w.IntN(9)))
}

func (w writer) file(now rogatory.Instant, kinds []treaty.Kind) docket.File {
	id := w.id()
	f := docket.File{ID: id, Side: rogatory.RequestedSide, Us: rogatory.Address{State: "XA", Authority: "justice"}, Them: rogatory.Address{State: id.Case().State(), Authority: "justice"},
		State: rogatory.Acknowledged, Author: w.words(2), Opened: now, Received: now, Changed: now,
		Request: rogatory.Request{Kind: kinds[w.IntN(len(kinds))].ID, Title: w.words(9), Language: "en", Contents: map[string]string{}, Offence: rogatory.Offence{Articles: []string{"7"}, Law: w.words(8)}}}
	for _, name := range []string{"preserve", "reply", "status"} {
		f.Deadlines = append(f.Deadlines, docket.Deadline{Name: name, Due: now.Add(time.Duration(w.IntN(2000)) * time.Minute), State: docket.Running, Article: "42(4)"})
	}
	return f
}

// budgetServer is a console without an office behind it, in a world of many States.
func budgetServer(w writer) *server {
	rules := treaty.Convention()
	var parties []rogatory.Party
	for c := 'A'; c <= 'Y'; c++ {
		p := rogatory.Party{Code: rogatory.StateCode("X" + string(c)), Name: "The United Republic of " + w.words(3), Languages: []string{"en", "fr", "ar"}, Endpoint: "https://" + w.hex(12) + ".example:7443"}
		for range 3 {
			p.ContactPoints = append(p.ContactPoints, rogatory.ContactPoint{Name: w.words(4), Telephone: "+888 " + w.hex(9), Mail: w.hex(8) + "@" + w.hex(8) + ".example", Languages: []string{"en", "fr"}, Zone: []string{"Asia/Bangkok", "Africa/Cairo", "America/Bogota"}[w.IntN(3)]})
		}
		p.Authorities = []rogatory.Authority{{ID: "justice", Name: w.words(6), Roles: []rogatory.Role{rogatory.CentralAuthority}}}
		parties = append(parties, p)
	}
	c := Config{Office: docket.New(docket.Config{Us: rogatory.Address{State: "XA", Authority: "justice"}, Mode: rogatory.Exercise, Rules: docket.Standard(rules)}), Rules: rules,
		Clock: clock.NewManual(time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC)), Parties: func() []rogatory.Party { return parties },
		People: func(context.Context) ([]rogatory.Officer, error) { return nil, nil }}
	s := &server{Config: c, assets: loadAssets(), texts: language.Load()}
	s.spoken = whole(s.texts)
	s.sessions = newSessions(c)
	return s
}

func packedSize(t *testing.T, page []byte) int {
	t.Helper()
	var b bytes.Buffer
	z, _ := gzip.NewWriterLevel(&b, packLevel)
	if _, err := z.Write(page); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Len()
}

func TestScreensFitASlowLine(t *testing.T) {
	w := writer{rand.New(rand.NewPCG(1, 2))}
	s := budgetServer(w)
	assets := 0
	for _, a := range s.assets.byName {
		assets += len(a.gzip)
	}
	for _, l := range s.spoken {
		ctx, err := s.sessions.Load(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest(http.MethodGet, Prefix+"inbox", nil).WithContext(ctx)
		answer := httptest.NewRecorder()
		v := &visit{s: s, w: answer, r: r, ctx: ctx, loc: l, now: rogatory.At(s.Clock.Now()), by: rogatory.Actor{Address: s.Office.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.Decider}}}
		for name, screen := range w.screens(s, v) {
			var page bytes.Buffer
			if err := screen.Render(ctx, &page); err != nil {
				t.Fatalf("%s in %s: %v", name, l.Tag(), err)
			}
			n := packedSize(t, page.Bytes())
			if name == "search" {
				n = page.Len() // it does not travel packed
			}
			t.Logf("%s in %s: %d bytes, packed %d", name, l.Tag(), page.Len(), n)
			if n > pageBudget {
				t.Errorf("%s in %s is %d bytes packed, the budget is %d", name, l.Tag(), n, pageBudget)
			}
			if n+assets > firstBudget {
				t.Errorf("a first load of %s in %s is %d bytes, the budget is %d", name, l.Tag(), n+assets, firstBudget)
			}
		}
		if err := s.treatyDesk(v); err != nil {
			t.Fatal(err)
		}
		if n := packedSize(t, answer.Body.Bytes()); n > pageBudget || answer.Body.Len() < 5000 {
			t.Errorf("the treaty desk in %s is %d bytes packed, of %d", l.Tag(), n, answer.Body.Len())
		}
	}
}

// screens are filled as full as they get.
func (w writer) screens(s *server, v *visit) map[string]templ.Component {
	kinds := s.Rules.Kinds
	some := func(n int) (all []docket.File) {
		for range n {
			all = append(all, w.file(v.now, kinds))
		}
		return all
	}
	more := writer{rand.New(rand.NewPCG(3, 4))} // of its own, so that the other screens stay as they were
	inbox := inboxView{Filter: "all", MayClaim: true, MayDraft: true, Next: Prefix + "inbox?after=1_x"}
	for _, f := range filters {
		count := 9999
		if f != docket.ShowAside {
			count = w.IntN(9999) + 1
		}
		inbox.Filters = append(inbox.Filters, filterView{string(f), count, f == docket.ShowAll, Prefix + "inbox?show=" + string(f)})
	}
	for i, f := range some(pageSize) {
		q := docket.Queued{File: f, Unseen: i % 7}
		if i%2 == 0 {
			q.Claim.By = w.words(2)
		}
		inbox.Rows = append(inbox.Rows, s.row(v.loc, q, v.now))
	}
	for range maxRecent {
		inbox.Recent = append(inbox.Recent, more.file(v.now, kinds))
	}
	for range 20 {
		inbox.People = append(inbox.People, rogatory.Officer{Name: more.words(2), Role: rogatory.DutyOfficer})
	}
	aside := inbox
	aside.Rows = nil
	for _, r := range inbox.Rows[:asidePage] {
		r.Aside = docket.Aside{Until: v.now.Add(time.Hour), By: more.words(2), Why: more.words(60)}
		aside.Rows = append(aside.Rows, r)
	}
	duty := dutyView{Row: &inbox.Rows[0], Act: rogatory.Accept, Calls: s.party("XB").ContactPoints, Others: inbox.Rows[1 : 1+dutyOthers]}

	f := some(1)[0]
	for range 20 {
		f.Exhibits = append(f.Exhibits, docket.ExhibitFile{State: docket.Held, By: w.words(2), Exhibit: rogatory.Exhibit{ID: rogatory.ExhibitID("XA-E-" + strings.ToUpper(w.hex(12))), Title: w.words(7), FileName: w.hex(9) + ".log", Acquired: w.words(9), Seal: rogatory.Seal{Size: w.Int64N(1 << 40), SHA256: rogatory.DigestOf([]byte(w.hex(9)))}}})
	}
	required, optional := kinds[0].FieldsOf("")
	for _, field := range append(required, optional...) {
		f.Request.Contents[field] = w.words(40)
	}
	request := requestView{File: f, Kind: kinds[0], Them: s.party(f.Them.State), ThemName: s.name(v.loc, f.Them.State), MayClaim: true, People: inbox.People, MaySeal: true, MayPack: true, Waits: string(docket.OnUs), Moves: s.actsOf(f, v.by), Siblings: some(5), Older: 7}
	request.Subject = s.subjectOf(v, more.guardedFile(f, v.now))
	for _, d := range f.Deadlines {
		request.Clocks = append(request.Clocks, s.clockOf(v.loc, d, v.now, f.Them.State))
	}
	for i := range pageLines {
		l := lineView{Index: int64(i), At: v.now, Time: "14:05", There: "21:05", What: v.loc.T("line.out", "act", w.words(3), "state", request.ThemName), Who: w.words(2), Said: w.words(12), Digest: w.hex(64), Proof: v.loc.T("proof.in")}
		if i%7 == 0 {
			l.Day, l.Old = w.hex(10), w.words(4)
		}
		request.Lines = append(request.Lines, l)
	}
	found := searchView{Query: w.words(3), Asked: true, Answer: "20", Next: Prefix + "search?q=x&after=9"}
	for _, g := range some(docket.FoundPage) {
		each := foundView{Found: docket.Found{File: g}, Them: s.name(v.loc, g.Them.State)}
		for _, label := range []string{w.words(2), w.words(3), w.words(2)} {
			each.Where = append(each.Where, whereView{label, []search.Span{{Text: w.words(5)}, {Text: w.words(1), Marked: true}, {Text: w.words(5)}}})
		}
		found.Found = append(found.Found, each)
	}
	outbox := outboxView{MayMend: true}
	for range maxOutbox {
		outbox.Messages = append(outbox.Messages, docket.Dispatch{Message: rogatory.MessageID(w.hex(36)), Request: w.id(), Act: rogatory.TellStatus, Peer: w.code(), State: store.Dead, Attempts: w.IntN(30), Created: v.now, Finished: v.now, Problem: w.words(6)})
	}
	var people []personView
	for range 60 {
		people = append(people, personView{rogatory.Officer{Name: w.words(3), Role: rogatory.DutyOfficer}, w.IntN(4), v.now.Add(NewKeyWait), v.now})
	}
	var month []docket.Appointment
	for i, f := range func() (all []docket.File) {
		for range 500 {
			all = append(all, more.file(v.now, kinds))
		}
		return all
	}() {
		f.Deadlines[0].Due = rogatory.At(time.Date(2026, 11, 1+i%30, 12, 0, 0, 0, time.UTC))
		month = append(month, docket.Appointment{File: f, Deadline: f.Deadlines[0]})
	}
	days, err := s.Office.Rules.Calendars.Of("XA").Month(2026, time.November)
	if err != nil {
		panic(err)
	}
	agenda := s.agendaOf(v, time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC), days, month)
	var points []desk.Point
	for _, p := range s.Parties() {
		points = append(points, desk.PointsOf(p, nil)...)
	}
	at := func(name, where string) frame { return v.frame(name, where) }
	return map[string]templ.Component{
		"inbox":     inboxScreen(at(v.loc.T("inbox.title"), "inbox"), inbox),
		"aside":     inboxScreen(at(v.loc.T("inbox.title"), "inbox"), aside),
		"agenda":    agendaScreen(at(v.loc.T("agenda.title"), "agenda"), agenda),
		"duty":      dutyScreen(at(v.loc.T("duty.title"), "duty"), duty),
		"case":      requestScreen(at(f.Request.Title, "inbox"), request),
		"letter":    paperScreen(at(f.Request.Title, "inbox"), paperView{Request: f.ID, Document: s.draftLetter(v.loc, f)}),
		"search":    searchScreen(at(v.loc.T("search.title"), "search"), found),
		"outbox":    outboxScreen(at(v.loc.T("outbox.title"), "outbox"), outbox),
		"people":    peopleScreen(at(v.loc.T("people.title"), "people"), people, nil),
		"directory": directoryScreen(at(v.loc.T("directory.title"), "directory"), points, s.Parties()),
	}
}
