// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/treaty"
)

// shown are the requests of a part of the queue, and how many it says that there are.
func (w *world) shown(h *house, s Show) ([]rogatory.RequestID, int) {
	w.Helper()
	page, counts, _, err := h.Queue(w.Context(), h.officer(), QueueFilter{Show: s})
	w.ok(err)
	var ids []rogatory.RequestID
	for _, q := range page {
		ids = append(ids, q.ID)
	}
	if len(ids) != counts[s] {
		w.Fatalf("%s shows %d requests and counts %d", s, len(ids), counts[s])
	}
	return ids, counts[s]
}

func (w *world) aside(h *house, id rogatory.RequestID, want bool) {
	w.Helper()
	for _, s := range []Show{ShowAll, ShowUs, ShowUnclaimed, ShowAside} {
		if ids, _ := w.shown(h, s); slices.Contains(ids, id) != (want == (s == ShowAside)) {
			w.Fatalf("put aside: %t, and %s shows %v", want, s, ids)
		}
	}
}

func TestWhatIsPutAsideComesBackAtTheMoment(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	due, runs := w.view(w.xb, id).Next()
	if !runs {
		t.Fatal("nothing is due")
	}
	until := w.xb.now().Add(due.Due.Sub(w.xb.now()) / 2)
	w.ok(w.xb.PutAside(w.Context(), w.xb.officer(), id, until, " The provider answers on Monday. "))
	w.aside(w.xb, id, true)
	_, aside, err := w.xb.Standing(w.Context(), id)
	w.ok(err)
	if want := (Aside{until, "Ana Duarte", "The provider answers on Monday."}); aside != want {
		t.Errorf("it is put aside as %+v, want %+v", aside, want)
	}
	w.pass(until.Sub(w.xb.now()) - time.Second)
	w.aside(w.xb, id, true)
	w.pass(time.Second)
	w.aside(w.xb, id, false)
	w.sound()
}

func TestAMessageBringsBackWhatIsPutAside(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	other := w.sent(rogatory.Preservation42)
	for _, each := range []rogatory.RequestID{id, other} {
		w.ok(w.xb.PutAside(w.Context(), w.xb.officer(), each, w.xb.now().Add(time.Hour), "after the hearing"))
	}
	w.does(w.xa, w.xa.officer(), id, rogatory.AskStatus, words("Is there any news?"))
	w.aside(w.xb, id, true)
	w.carry()
	w.aside(w.xb, id, false)
	w.aside(w.xb, other, true)
	w.sound()
}

func TestOneClickTakesItUpAgain(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	w.ok(w.xb.PutAside(w.Context(), w.xb.officer(), id, w.xb.now().Add(time.Hour), "after the hearing"))
	w.ok(w.xb.TakeUp(w.Context(), w.xb.decider(), id))
	w.aside(w.xb, id, false)
	size := w.size(w.xb)
	w.ok(w.xb.TakeUp(w.Context(), w.xb.decider(), id))
	if w.size(w.xb) != size {
		t.Error("taking up what is not put aside was journaled")
	}
	all, err := w.xb.Entries(w.Context(), w.xb.officer(), id, 0, 100)
	w.ok(err)
	var said []string
	for _, e := range all {
		if e.Entry.Type == rogatory.RequestSnoozed {
			said = append(said, e.Entry.By.Name+" "+e.Entry.Name+" "+e.Entry.Why)
		}
	}
	if want := []string{"Ana Duarte 2026-11-23T03:00:00.000000Z after the hearing", "Musa Okonkwo  "}; !slices.Equal(said, want) {
		t.Errorf("the journal says %q, want %q", said, want)
	}
	w.sound()
}

func TestWhatCannotBePutAside(t *testing.T) {
	now := rogatory.At(morning)
	due := File{ID: "XA-2026-AAAAAAAA.1", State: rogatory.Requested, Deadlines: []Deadline{{Name: "preserve", Due: now.Add(time.Hour), State: Running}}}
	draft := File{ID: due.ID, State: rogatory.Drafted}
	for name, c := range map[string]struct {
		file  File
		until rogatory.Instant
		why   string
		code  string
	}{
		"until the deadline":        {due, now.Add(time.Hour), "x", ""},
		"beyond the deadline":       {due, now.Add(time.Hour + time.Microsecond), "x", "aside_beyond"},
		"until now":                 {due, now, "x", "aside_past"},
		"for no reason":             {due, now.Add(time.Minute), " \n", "aside_reason"},
		"for a long story":          {due, now.Add(time.Minute), strings.Repeat("x", maxAsideWhy+1), "aside_reason"},
		"a draft, for a quarter":    {draft, now.Add(maxAside), "x", ""},
		"a draft, for longer":       {draft, now.Add(maxAside + treaty.Day), "x", "aside_long"},
		"what is over":              {File{State: rogatory.Closed}, now.Add(time.Minute), "x", "request_over"},
		"what is overdue":           {File{State: rogatory.Requested, Deadlines: []Deadline{{Due: now - 1, State: Running}}}, now.Add(time.Minute), "x", "aside_beyond"},
		"beyond a deadline not run": {File{State: rogatory.Requested, Deadlines: []Deadline{{Due: now.Add(time.Minute), State: Met}}}, now.Add(time.Hour), "x", ""},
	} {
		err := MayPutAside(c.file, c.until, c.why, now)
		if err == nil && c.code != "" || err != nil && rogatory.CodeOf(err) != c.code {
			t.Errorf("%s: %v, want %q", name, err, c.code)
		}
	}
}

// Who gives a request to whom is journaled; both have to be able to hold one.
func TestARequestIsGivenToAColleague(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	w.ok(w.xb.Assign(w.Context(), w.xb.officer(), id, w.xb.custodian().Officer))
	if c, err := w.xb.ClaimOf(w.Context(), id); err != nil || c.By != "Ilse Brandt" {
		t.Fatalf("held by %q: %v", c.By, err)
	}
	all, err := w.xb.Entries(w.Context(), w.xb.officer(), id, 0, 100)
	w.ok(err)
	if e := all[len(all)-1].Entry; e.Type != rogatory.RequestClaimed || e.By.Name != "Ana Duarte" || e.Name != "Ilse Brandt" {
		t.Errorf("the journal says %+v", e)
	}
	overseer := w.xb.as("Olu Bassey", rogatory.Overseer)
	size := w.size(w.xb)
	w.refused(w.xb.Assign(w.Context(), w.xb.officer(), id, overseer.Officer), "assignee_invalid")
	w.refused(w.xb.Assign(w.Context(), overseer, id, w.xb.officer().Officer), "role_not_allowed")
	w.refused(w.xb.PutAside(w.Context(), overseer, id, w.xb.now().Add(time.Minute), "x"), "role_not_allowed")
	w.refused(w.xb.TakeUp(w.Context(), overseer, id), "role_not_allowed")
	if w.size(w.xb) != size {
		t.Error("what was refused was journaled")
	}
	w.sound()
}

// What came since somebody opened a request is counted for that person alone, and reading it is an entry once.
func TestWhatAPersonHasNotReadIsCounted(t *testing.T) {
	w := newWorld(t)
	id := w.sent(rogatory.Preservation42)
	unseen := func(by rogatory.Actor, want int) {
		t.Helper()
		page, _, _, err := w.xb.Queue(w.Context(), by, QueueFilter{})
		w.ok(err)
		if page[0].Unseen != want {
			t.Fatalf("%s has not read %d messages, want %d", by.Name, page[0].Unseen, want)
		}
	}
	unseen(w.xb.officer(), 1)
	size := w.size(w.xb)
	for range 2 {
		w.ok(w.xb.Saw(w.Context(), w.xb.officer(), id))
	}
	if n := w.size(w.xb) - size; n != 1 {
		t.Errorf("reading was journaled %d times", n)
	}
	unseen(w.xb.officer(), 0)
	unseen(w.xb.decider(), 1)
	w.does(w.xa, w.xa.officer(), id, rogatory.AskStatus, words("Is there any news?"))
	w.carry()
	unseen(w.xb.officer(), 1)
	unseen(w.xb.decider(), 2)
	w.refused(w.xb.Saw(w.Context(), w.xb.as("Root", rogatory.Administrator), id), "role_not_allowed")
	w.sound()
}
