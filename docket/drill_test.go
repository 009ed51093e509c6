// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"errors"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/envelope"
	"rogatory/statistics"
	"rogatory/store"
)

// drills sends a drill of Aurelia to Borealia.
func (w *world) drills(by rogatory.OfficerRole) (id rogatory.RequestID) {
	w.Helper()
	w.ok(w.xa.Store.Update(w.Context(), func(tx *store.Tx) (err error) {
		id, err = w.xa.StartDrill(tx, rogatory.Officer{Name: "node", Role: by}, "XB")
		return err
	}))
	return id
}

// drill is what an office knows of a drill.
func (w *world) drill(h *house, id rogatory.RequestID) (d Drill) {
	w.Helper()
	w.ok(h.Store.View(w.Context(), func(tx *store.Tx) (err error) {
		d, err = h.DrillOf(tx, w.other(h).Us.State, id)
		return err
	}))
	return d
}

func (w *world) ends(id rogatory.RequestID) {
	w.Helper()
	w.ok(w.xa.Store.Update(w.Context(), func(tx *store.Tx) error { return w.xa.EndDrill(tx, id) }))
}

func (w *world) reaches(id rogatory.RequestID) {
	w.Helper()
	w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) error {
		told, err := w.xb.Reached(tx, id, w.xb.now())
		if err == nil && !told {
			w.Error("nothing was told")
		}
		return err
	}))
}

func TestADrillIsMeasuredAlikeByBothStates(t *testing.T) {
	w := newWorld(t)
	var heard []string
	w.xb.Moved = func(_ *store.Tx, f File, m rogatory.Message) error {
		heard = append(heard, string(m.From.State)+" "+string(m.Act)+" "+string(f.Request.Kind))
		return nil
	}
	id := w.drills(rogatory.TheNode)
	sent := w.xa.now()
	w.xa.time.Advance(4 * time.Second)
	w.xb.time.Advance(9 * time.Second) // the clocks are five seconds apart
	w.carry()
	w.both(id, rogatory.Requested)
	w.pass(7 * time.Minute)
	w.reaches(id)
	w.carry()
	want := Drill{Request: id, By: "XA", Of: "XB", Sent: sent, Received: sent.Add(9 * time.Second), Answered: sent.Add(7*time.Minute + 4*time.Second)}
	for _, h := range []*house{w.xa, w.xb} {
		if d := w.drill(h, id); d != want {
			t.Errorf("%s: %+v, want %+v", h.Us.State, d, want)
		}
	}
	w.ends(id)
	w.ends(id) // once more says nothing
	w.carry()
	w.both(id, rogatory.Closed)
	want.Ended = true
	if d := w.drill(w.xb, id); d != want {
		t.Errorf("afterwards: %+v", d)
	}
	if got := strings.Join(heard, ", "); got != "XA drill drill, XB tell_status drill, XA end_drill drill" {
		t.Errorf("the desk heard %s", got)
	}
	if err := w.xa.Courses(w.Context(), w.xa.officer(), func(c statistics.Case) error { return errors.New("a drill is in the figures of requests") }); err != nil {
		t.Error(err)
	}
	w.sound()
}

func TestADrillCarriesNothing(t *testing.T) {
	w := newWorld(t)
	id := w.drills(rogatory.DutyOfficer)
	all, err := w.xa.MessagesOf(w.Context(), w.xa.officer(), id)
	w.ok(err)
	body, err := envelope.Encode(all[0].Message.Body)
	w.ok(err)
	if string(body) != "{}" {
		t.Errorf("a drill says %s", body)
	}
	w.carry()
	// Nor can anything be asked on one.
	w.cannot(w.xb, w.xb.officer(), id, rogatory.AskMore, rogatory.Body{Text: "Who is it about?"}, "act_not_of_kind")
	w.cannot(w.xa, w.xa.decider(), id, rogatory.Withdraw, rogatory.Body{Text: "An error."}, "act_not_of_kind")
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.carry()
	w.both(id, rogatory.Acknowledged)
	if d := w.drill(w.xa, id); d.Answered == 0 {
		t.Error("an officer who acknowledges answers a drill")
	}
	if _, err := w.xa.Draft(w.Context(), w.xa.officer(), w.xb.Us, "", rogatory.Request{Kind: rogatory.ContactDrill, Title: "x"}); rogatory.CodeOf(err) != "act_not_of_kind" {
		t.Errorf("a person drafts a drill: %v", err)
	}
	w.sound()
}

func TestAnswerAndEndingMayCross(t *testing.T) {
	w := newWorld(t)
	id := w.drills(rogatory.TheNode)
	w.carry()
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.ends(id)
	w.carry()
	w.both(id, rogatory.Closed)
	if a, b := w.drill(w.xa, id), w.drill(w.xb, id); a != b || a.Answered == 0 {
		t.Errorf("%+v in one State, %+v in the other", a, b)
	}
	w.sound()
}

func TestDrillsAreADayApart(t *testing.T) {
	w := newWorld(t)
	first := w.drills(rogatory.TheNode)
	w.carry()
	w.pass(rogatory.DrillsApart - time.Second)
	err := w.xa.Store.Update(w.Context(), func(tx *store.Tx) error {
		_, err := w.xa.StartDrill(tx, w.xa.officer().Officer, "XB")
		return err
	})
	w.refused(err, "drill_too_soon")
	// A node that sends it all the same is refused, and neither State counts that drill.
	var second rogatory.RequestID
	w.ok(w.xa.Store.Update(w.Context(), func(tx *store.Tx) error {
		c, err := rogatory.NewCaseID(w.xa.Random, "XA", w.xa.Clock.Now())
		second = c.Request(1)
		if err == nil {
			_, _, err = w.xa.post(tx, w.xa.drillMessage(second, w.xb.Us, rogatory.StartDrill, w.xa.node().Officer), true, nil)
		}
		return err
	}))
	w.carry()
	if d := w.drill(w.xa, second); d.Counts() || d.Refused != "drill_too_soon" {
		t.Errorf("%+v", d)
	}
	err = w.xb.Store.View(w.Context(), func(tx *store.Tx) error { _, err := w.xb.DrillOf(tx, "XA", second); return err })
	w.refused(err, "drill_unknown")
	w.pass(time.Second + rogatory.DrillsApart)
	third := w.drills(rogatory.TheNode)
	w.carry()
	if d := w.drill(w.xb, third); !d.Counts() || d.Received == 0 || first == third {
		t.Errorf("after a day: %+v", d)
	}
	w.sound()
}

func TestADrillThatArrivesTooLateCountsAsUnanswered(t *testing.T) {
	w := newWorld(t)
	id := w.drills(rogatory.TheNode)
	w.pass(rogatory.DrillPatience + time.Hour)
	w.ends(id)
	w.carry()
	for _, h := range []*house{w.xa, w.xb} {
		if d := w.drill(h, id); !d.Counts() || d.Received != 0 || d.Answered != 0 || d.Refused != "message_expired" {
			t.Errorf("%s: %+v", h.Us.State, d)
		}
	}
	w.sound()
}

func TestFiguresOfDrillsAreKeptByBoth(t *testing.T) {
	w := newWorld(t)
	id := w.drills(rogatory.TheNode)
	w.carry()
	figures := rogatory.DrillFigures{By: "XA", Of: "XB", Mode: rogatory.Exercise, From: w.xa.now() - 1, To: w.xa.now() + 1, Drills: 1, Machine: rogatory.DrillSpread{Answered: 1, Median: 1, P90: 1}}
	state := func(h *house, f rogatory.DrillFigures) error {
		return h.Store.Update(w.Context(), func(tx *store.Tx) error { return h.StateFigures(tx, h.node().Officer, id, f) })
	}
	w.ok(state(w.xa, figures))
	w.carry()
	w.ok(state(w.xb, figures))
	others := figures
	others.Of = "XC"
	w.ok(state(w.xb, others)) // of drills that are none of theirs: kept by nobody
	w.carry()
	wrong := figures
	wrong.Human = rogatory.DrillSpread{Answered: 2}
	w.refused(state(w.xa, wrong), "figures_invalid")
	for _, h := range []*house{w.xa, w.xb} {
		var all []DrillStatement
		w.ok(h.Store.View(w.Context(), func(tx *store.Tx) (err error) {
			all, err = h.DrillStatements(tx, w.other(h).Us.State)
			return err
		}))
		if len(all) != 2 || all[0].Figures != figures || all[1].Figures != figures || all[0].Signer == all[1].Signer || all[0].Request != id {
			t.Errorf("%s has %+v", h.Us.State, all)
		}
	}
	w.sound()
}

// Nobody can be made to sign without end, nor hide what was signed beneath what is said later.
func TestFiguresAreKeptAndSignedOnlySoOften(t *testing.T) {
	w := newWorld(t)
	id := w.drills(rogatory.TheNode)
	w.carry()
	w.pass(time.Hour)
	f := rogatory.DrillFigures{By: "XA", Of: "XB", Mode: rogatory.Exercise, From: w.xa.now().Add(-2 * time.Hour), To: w.xa.now(), Drills: 1}
	flood := func(h *house) (err error) {
		for n := 0; err == nil; n++ {
			f.From++
			if err = h.Store.Update(w.Context(), func(tx *store.Tx) error { return h.StateFigures(tx, h.node().Officer, id, f) }); err == nil && n > maxStatements {
				t.Fatalf("%d figures were signed", n)
			}
		}
		return err
	}
	w.refused(flood(w.xa), "figures_too_many")
	// A node that does not hold to that is received, and kept only so far.
	w.ok(w.xa.Store.Update(w.Context(), func(tx *store.Tx) error {
		m := w.xa.drillMessage(id, w.xb.Us, rogatory.StateFigures, w.xa.node().Officer)
		m.Body.Figures = &f
		_, _, err := w.xa.post(tx, m, false, nil)
		return err
	}))
	w.carry()
	kept := func() (all []DrillStatement) {
		w.ok(w.xb.Store.View(w.Context(), func(tx *store.Tx) (err error) { all, err = w.xb.DrillStatements(tx, "XA"); return err }))
		return all
	}
	if n := len(kept()); n != maxStatements {
		t.Errorf("%d statements are kept", n)
	}
	w.pass(statementSpan)
	f.From++
	w.ok(w.xa.Store.Update(w.Context(), func(tx *store.Tx) error { return w.xa.StateFigures(tx, w.xa.node().Officer, id, f) }))
	w.carry()
	if n := len(kept()); n != maxStatements+1 {
		t.Errorf("after a month %d statements are kept", n)
	}
	w.sound()
}

// The power goes in the commit that sends a drill. Either there is no drill, or it goes out once.
func TestADrillAndItsMessageAreCommittedTogether(t *testing.T) {
	for _, point := range []string{"begin", "closure", "before_commit", "after_commit"} {
		w := newWorld(t)
		w.xa.power.fail(point, 0)
		err := w.xa.Store.Update(w.Context(), func(tx *store.Tx) error {
			_, err := w.xa.StartDrill(tx, w.xa.node().Officer, "XB")
			return err
		})
		if !w.xa.power.over() {
			t.Fatalf("%s is not passed", point)
		}
		w.restart(w.xa)
		w.carry()
		var kept []Drill
		var open []File
		w.ok(w.xb.Store.View(w.Context(), func(tx *store.Tx) (e error) { kept, e = w.xb.Drills(tx, "XA", 0, 0); return e }))
		w.ok(w.xa.Store.View(w.Context(), func(tx *store.Tx) (e error) { open, e = w.xa.OpenDrills(tx); return e }))
		if len(kept) != len(open) || len(open) > 1 || err == nil {
			t.Errorf("%s: %d drills are open in Aurelia and %d arrived (%v)", point, len(open), len(kept), err)
		}
		w.sound()
	}
}
