// SPDX-License-Identifier: Apache-2.0

package alarm

import (
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/desk"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/keyring"
	"rogatory/ledger"
	"rogatory/pager"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/treaty"
)

// The stories of drills play between two desks with real offices, on clocks that move only when told. Aurelia drills
// Borealia; what one office collects, the test hands to the other.

type atlas map[rogatory.StateCode]rogatory.Party

func (a atlas) Party(code rogatory.StateCode) (rogatory.Party, error) {
	p, ok := a[code]
	if !ok {
		return p, rogatory.Fault(rogatory.NotFound, "party_unknown", "no State %s", code)
	}
	return p, nil
}

func (a atlas) MaySend(code rogatory.StateCode) error { _, err := a.Party(code); return err }

// bureau is one State's desk with what it stands on.
type bureau struct {
	*Desk
	keys  *keyring.Keyring
	file  store.Config
	point string // where the power goes, once
	lines []*line
}

type network struct {
	*testing.T
	time   *clock.Manual
	atlas  atlas
	xa, xb *bureau
}

var newYear = time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)

func newNetwork(t *testing.T) *network {
	t.Helper()
	n := &network{T: t, time: clock.NewManual(newYear), atlas: atlas{}}
	n.xa, n.xb = n.bureau("XA"), n.bureau("XB")
	return n
}

func (n *network) ok(err error) {
	n.Helper()
	if err != nil {
		n.Fatal(err)
	}
}

func (n *network) bureau(code rogatory.StateCode) *bureau {
	n.Helper()
	k, err := keyring.Create(filepath.Join(n.TempDir(), "keys"), keyring.Config{State: code, StateName: string(code), Authority: "justice", Hosts: []string{"localhost"}, Now: newYear, Rand: rand.Reader})
	n.ok(err)
	n.atlas[code] = rogatory.Party{Code: code, Name: string(code), Mode: rogatory.Exercise, Languages: []string{"en"}, Certificates: []string{k.AuthorityPEM()},
		JournalOrigin: k.JournalOrigin(), JournalKey: k.JournalVerifier(),
		Authorities: []rogatory.Authority{{ID: "justice", Name: string(code), Roles: []rogatory.Role{rogatory.CentralAuthority, rogatory.PointOfContact}, MessageRecipient: k.MessageRecipient(), EvidenceRecipient: k.EvidenceRecipient()}}}
	b := &bureau{keys: k, lines: []*line{{name: "mail"}, {name: "hook"}}}
	b.file = store.Config{Engine: store.SQLite, Source: filepath.Join(n.TempDir(), "office.db"), Keys: storetest.Keys(), Fault: func(point string) error {
		if point != b.point {
			return nil
		}
		b.point = ""
		return errors.New("the power went")
	}}
	n.ok(store.Create(n.Context(), b.file))
	n.open(b)
	n.Cleanup(func() { b.Store.Close() })
	return b
}

// open starts a desk on what is on its disk, with the files of the alarm's own stories.
func (n *network) open(b *bureau) {
	n.Helper()
	st, err := store.Open(n.Context(), b.file)
	n.ok(err)
	signer, err := journal.NewSigner(b.keys.JournalSecret())
	n.ok(err)
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	led := ledger.New(ledger.Config{Store: st, Origin: b.keys.JournalOrigin(), Signer: signer, Clock: n.time, Random: rand.Reader})
	office := docket.New(docket.Config{Us: b.keys.Address(), Mode: rogatory.Exercise, Store: st, Ledger: led, Rules: docket.Standard(treaty.Convention()), Directory: n.atlas, Signer: b.keys.Seal(),
		Messages: b.keys.MessageIdentities(), Clock: n.time, Random: rand.Reader, Incarnation: 1, Log: log,
		Moved: func(tx *store.Tx, f docket.File, m rogatory.Message) error { return b.Moved(tx, f, m) }})
	b.Desk = New(Config{Us: b.keys.Address(), Office: office, Store: st, Ledger: led, Clock: n.time, Random: rand.Reader, Log: log})
	st.OnCommit(func(int64) { b.Committed() })
	plan := readPlan(n.T, rotaText, escalationText, pagerText)
	plan.Routes = []pager.Route{pager.NewRoute("mail", "ministry", b.lines[0], n.time), pager.NewRoute("hook", "alarm-centre", b.lines[1], n.time)}
	b.Use(plan)
}

// drills lets Aurelia drill whom it knows; Borealia drills nobody.
func (n *network) drills() {
	peers := func() []rogatory.StateCode { return []rogatory.StateCode{"XA", "XB"} }
	n.xa.UseDrills(&Drilling{Peers: peers})
	n.xb.UseDrills(&Drilling{Rules: &desk.DrillRules{Version: "1", Off: true}, Peers: peers})
}

// carry delivers until nothing is on its way.
func (n *network) carry() {
	n.Helper()
	for moved := true; moved; {
		moved = false
		for _, from := range []*bureau{n.xa, n.xb} {
			to := n.xb
			if from == n.xb {
				to = n.xa
			}
			parcels, err := from.Office.Collect(n.Context(), 100, 100)
			n.ok(err)
			for _, p := range parcels {
				receipt, err := to.Office.Receive(n.Context(), from.Us.State, p.Sealed)
				n.ok(err)
				_, err = from.Office.Settle(n.Context(), p.Delivery, receipt)
				n.ok(err)
				moved = true
			}
		}
	}
}

// pass lets time go by in steps, with both desks and the line at work; answer says whether Borealia's desk answers
// pages, one minute after they came.
func (n *network) pass(d, step time.Duration, answer func() bool) {
	n.Helper()
	for end := n.time.Now().Add(d); n.time.Now().Before(end); {
		n.time.Advance(step)
		n.ok(n.xa.StepDrills(n.Context()))
		n.carry()
		for range 2 {
			n.ok(n.xb.Step(n.Context()))
			n.xb.Wait()
		}
		if page, woken := n.page(); woken && answer != nil && answer() {
			n.time.Advance(time.Minute)
			_, err := n.xb.AcknowledgeLink(n.Context(), strings.TrimPrefix(page.Link(), "https://desk.xa.example/page/"))
			n.ok(err)
			n.carry()
		}
		n.ok(n.xb.StepDrills(n.Context()))
		n.carry()
	}
}

// page is the last page to Borealia's desk that is of a drill and not looked at.
func (n *network) page() (pager.Page, bool) {
	var last pager.Page
	found := false
	for _, l := range n.xb.lines {
		for _, p := range l.pages() {
			if p.Urgency() == pager.Drill {
				last, found = p, true
			}
		}
		l.mu.Lock()
		l.sent = nil
		l.mu.Unlock()
	}
	return last, found
}

func (n *network) reader(b *bureau) rogatory.Actor {
	return rogatory.Actor{Address: b.Us, Officer: rogatory.Officer{Name: "Anna Bauer", Role: rogatory.DutyOfficer}}
}

func (n *network) lines(b *bureau) []DrillLine {
	n.Helper()
	list, err := b.Drills(n.Context(), n.reader(b), "")
	n.ok(err)
	return list
}

func (n *network) figures(b *bureau) []Compared {
	n.Helper()
	list, err := b.Figures(n.Context(), n.reader(b), "")
	n.ok(err)
	return list
}

func TestAQuarterOfDrills(t *testing.T) {
	n := newNetwork(t)
	n.drills()
	n.pass(98*24*time.Hour, 3*time.Hour, func() bool { return len(n.lines(n.xb)) != 2 }) // the second time nobody gets up
	ours, theirs := n.lines(n.xa), n.lines(n.xb)
	if !slices.Equal(ours, theirs) {
		t.Fatalf("the two States know of different drills:\n%+v\n%+v", ours, theirs)
	}
	var inQuarter []DrillLine
	for _, l := range ours {
		if l.Sent < rogatory.At(newYear.AddDate(0, 3, 0)) {
			inQuarter = append(inQuarter, l)
		}
		if !l.Ended && l.Sent.Add(rogatory.DrillPatience) < rogatory.At(n.time.Now()) {
			t.Errorf("a drill that nobody closed: %+v", l)
		}
	}
	if len(inQuarter) != 3 {
		t.Fatalf("%d drills in ninety days", len(inQuarter))
	}
	answered := 0
	for _, l := range inQuarter {
		if l.Human == time.Minute.Milliseconds() {
			answered++
		}
	}
	if answered != 2 || inQuarter[1].Human != 0 || inQuarter[1].Machine != 1 {
		t.Errorf("%d of three were answered within a minute: %+v", answered, inQuarter)
	}
	for _, b := range []*bureau{n.xa, n.xb} {
		all := n.figures(b)
		if len(all) != 1 || !all[0].Public || len(all[0].Signed) != 2 || all[0].Differs != nil {
			t.Fatalf("%s: %+v", b.Us.State, all)
		}
		f := all[0].Figures
		if f.Drills != 3 || f.Human.Answered != 2 || f.Human.Median != 60_000 || f.Human.P90 != 0 || f.Machine.Answered != 3 || f.From != rogatory.At(newYear) {
			t.Errorf("%s: %+v", b.Us.State, f)
		}
		public, err := b.Published(t.Context())
		if err != nil || len(public) != 1 {
			t.Errorf("%s publishes %+v (%v)", b.Us.State, public, err)
		}
	}
	open, err := n.xb.Alarms(t.Context(), n.reader(n.xb))
	n.ok(err)
	for _, a := range open {
		if a.Request != "" {
			t.Errorf("an alarm outlived its drill: %+v", a)
		}
	}
	next, err := n.xa.DrillPlans(t.Context(), n.reader(n.xa))
	if err != nil || len(next) != 1 || next[0].State != "XB" || next[0].Days != 30 || next[0].To.Sub(next[0].From) != 30*24*time.Hour || next[0].To <= rogatory.At(n.time.Now()) {
		t.Errorf("the plan says %+v (%v)", next, err)
	}
}

func TestAPageOfADrillSaysSo(t *testing.T) {
	n := newNetwork(t)
	n.drills()
	_, err := n.xa.SendDrill(t.Context(), n.reader(n.xa), "XB")
	n.ok(err)
	n.carry()
	n.ok(n.xb.Step(t.Context()))
	n.xb.Wait()
	page, woken := n.page()
	if !woken || !strings.Contains(page.Subject(), "DRILL") || !strings.Contains(page.Text(), "DRILL") {
		t.Fatalf("woken %t by:\n%s", woken, page.Text())
	}
	a, err := n.xb.AcknowledgeCode(t.Context(), page.Code())
	if err != nil || !a.Drill || !a.Told {
		t.Errorf("%+v, %v", a, err)
	}
	n.carry()
	n.ok(n.xa.StepDrills(t.Context()))
	n.carry()
	lines := n.lines(n.xa)
	if len(lines) != 1 || !lines[0].Ended || lines[0].Human != 1 {
		t.Errorf("%+v", lines)
	}
	f, err := n.xb.Office.File(t.Context(), lines[0].Request)
	if err != nil || f.State != rogatory.Closed || f.Request.Title != rogatory.DrillTitle {
		t.Errorf("%s, titled %q (%v)", f.State, f.Request.Title, err)
	}
	// Within a day there is no other, whoever asks.
	if _, err := n.xa.SendDrill(t.Context(), n.reader(n.xa), "XB"); rogatory.CodeOf(err) != "drill_too_soon" {
		t.Errorf("a second one: %v", err)
	}
	if _, err := n.xa.SendDrill(t.Context(), rogatory.Actor{Address: n.xa.Us, Officer: rogatory.Officer{Name: "Olga", Role: rogatory.Overseer}}, "XB"); rogatory.CodeOf(err) != "role_not_allowed" {
		t.Errorf("by somebody who reads only: %v", err)
	}
}

func TestADrillIsSentOnceWheneverThePowerGoes(t *testing.T) {
	for _, point := range []string{"begin", "closure", "before_commit", "after_commit"} {
		n := newNetwork(t)
		n.drills()
		n.ok(n.xa.StepDrills(t.Context())) // the first period begins
		n.time.Advance(30*24*time.Hour - time.Second)
		n.xa.point = point
		if err := n.xa.StepDrills(t.Context()); err == nil {
			t.Fatalf("%s: nothing failed", point)
		}
		n.xa.Store.Close()
		n.open(n.xa)
		n.drills()
		for range 3 {
			n.ok(n.xa.StepDrills(t.Context()))
			n.carry()
		}
		if got := n.lines(n.xb); len(got) != 1 {
			t.Errorf("%s: %d drills arrived", point, len(got))
		}
	}
}

func TestAStateThatMeasuredSomethingElse(t *testing.T) {
	n := newNetwork(t)
	n.drills()
	_, err := n.xa.SendDrill(t.Context(), n.reader(n.xa), "XB")
	n.ok(err)
	n.carry()
	n.time.Advance(rogatory.DrillPatience + time.Hour)
	n.ok(n.xa.StepDrills(t.Context()))
	n.carry()
	from, to := rogatory.At(newYear), rogatory.At(n.time.Now())
	_, err = n.xa.ProposeFigures(t.Context(), n.reader(n.xa), "XB", from, to.Add(time.Hour))
	if rogatory.CodeOf(err) != "period_invalid" {
		t.Errorf("a period that runs on: %v", err)
	}
	if _, err = n.xa.ProposeFigures(t.Context(), n.reader(n.xa), "XB", from-10, from); rogatory.CodeOf(err) != "drill_unknown" {
		t.Errorf("a period without a drill: %v", err)
	}
	// Aurelia's node signs figures that are not those of the drills: Borealia answered none, it says five minutes.
	f, err := n.xa.ProposeFigures(t.Context(), n.reader(n.xa), "XB", from, to)
	n.ok(err)
	if f.Drills != 1 || f.Human.Answered != 0 || f.Machine.Answered != 1 {
		t.Fatalf("%+v", f)
	}
	wrong := f
	wrong.To = to - 1
	wrong.Human = rogatory.DrillSpread{Answered: 1, Median: 300_000, P90: 300_000}
	n.ok(n.xa.Store.Update(t.Context(), func(tx *store.Tx) error {
		return n.xa.Office.StateFigures(tx, n.xa.node().Officer, n.lines(n.xa)[0].Request, wrong)
	}))
	n.carry()
	n.ok(n.xb.StepDrills(t.Context()))
	n.carry()
	for _, b := range []*bureau{n.xa, n.xb} {
		all := n.figures(b)
		if len(all) != 2 || !all[0].Public || all[1].Public || !slices.Equal(all[1].Differs, []string{"human.answered", "human.median_ms", "human.p90_ms"}) {
			t.Errorf("%s: %+v", b.Us.State, all)
		}
		if public, err := b.Published(t.Context()); err != nil || len(public) != 1 || public[0].Figures != f {
			t.Errorf("%s publishes %+v (%v)", b.Us.State, public, err)
		}
	}
	if _, err = n.xa.ProposeFigures(t.Context(), n.reader(n.xa), "XB", from, to); rogatory.CodeOf(err) != "figures_stated" {
		t.Errorf("once more: %v", err)
	}
	// What was said stays said: nobody answers twice.
	n.ok(n.xb.StepDrills(t.Context()))
	n.carry()
	if all := n.figures(n.xa); len(all[0].Signed) != 2 || len(all[1].Signed) != 2 {
		t.Errorf("%+v", all)
	}
}

func TestADeskWithoutFilesIsDrilledOnTheScreen(t *testing.T) {
	n := newNetwork(t)
	n.drills()
	n.xb.Use(&Plan{})
	id, err := n.xa.SendDrill(t.Context(), n.reader(n.xa), "XB")
	n.ok(err)
	n.carry()
	n.time.Advance(5 * time.Minute)
	_, _, err = n.xb.Office.Move(t.Context(), n.reader(n.xb), id, rogatory.Acknowledge, rogatory.Body{})
	n.ok(err)
	n.carry()
	if l := n.lines(n.xa); len(l) != 1 || l[0].Human != (5*time.Minute).Milliseconds() {
		t.Errorf("%+v", l)
	}
}
