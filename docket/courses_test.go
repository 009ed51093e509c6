// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"crypto/rand"
	"encoding/json"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/statistics"
	"rogatory/store"
	"rogatory/store/storetest"
	"rogatory/treaty"
)

func (w *world) courses(h *house) (all []statistics.Case) {
	w.Helper()
	w.ok(h.Courses(w.Context(), h.as("Vera Lindqvist", rogatory.Overseer), func(c statistics.Case) error {
		all = append(all, c)
		return nil
	}))
	return all
}

// One request for stored data, told by the clock of both offices: sent, received an hour later, acknowledged two
// hours after that, accepted a day later, executed in three days more, closed after one.
func TestTheCourseOfARequestAsBothOfficesRecordedIt(t *testing.T) {
	w := newWorld(t)
	id := w.drafts(rogatory.StoredData, "", "")
	if all := w.courses(w.xa); len(all) != 0 {
		t.Fatalf("a draft counts: %+v", all)
	}
	w.does(w.xa, w.xa.decider(), id, rogatory.Send, rogatory.Body{})
	w.pass(time.Hour)
	w.carry()
	w.pass(2 * time.Hour)
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{})
	w.carry()
	w.pass(24 * time.Hour)
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{}})
	w.carry()
	w.pass(72 * time.Hour)
	w.does(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	w.carry()
	w.pass(24 * time.Hour)
	w.does(w.xa, w.xa.decider(), id, rogatory.Close, rogatory.Body{})
	w.carry()

	for _, h := range []*house{w.xa, w.xb} {
		all := w.courses(h)
		if len(all) != 1 {
			t.Fatalf("%s counts %d requests", h.Us.State, len(all))
		}
		c := all[0]
		if c.Peer != w.other(h).Us.State || c.Kind != rogatory.StoredData || c.State != rogatory.Closed || c.Outcome != rogatory.Complete || c.Emergency {
			t.Errorf("%s: %+v", h.Us.State, c)
		}
		want := map[statistics.Stage]time.Duration{statistics.Acknowledgement: 2 * time.Hour, statistics.Decision: 24 * time.Hour, statistics.Execution: 72 * time.Hour, statistics.Closing: 24 * time.Hour,
			statistics.Answer: 98 * time.Hour}
		if h == w.xa {
			want[statistics.Delivery], want[statistics.Answer] = time.Hour, 99*time.Hour
		}
		for _, s := range statistics.Stages() {
			got, ok := c.Took(s)
			if d, should := want[s]; got != d || ok != should {
				t.Errorf("%s: %s took %s (%t), want %s (%t)", h.Us.State, s, got, ok, d, should)
			}
		}
	}
	w.refused(w.xa.Courses(t.Context(), w.xa.as("Noor Haddad", rogatory.Administrator), nil), "role_not_allowed")
}

// What runs past its time limit is overdue before anything wrote it down.
func TestARequestThatNobodyAnswersIsOverdue(t *testing.T) {
	w := newWorld(t)
	w.sent(rogatory.EmergencyData)
	if c := w.courses(w.xb)[0]; !c.Emergency || !c.Limited || c.Overdue {
		t.Fatalf("just arrived: %+v", c)
	}
	w.pass(30 * 24 * time.Hour)
	if c := w.courses(w.xb)[0]; !c.Overdue {
		t.Errorf("a month later it is not overdue: %+v", c)
	}
}

// BenchmarkCourses counts a hundred thousand requests of twelve entries each, as large as real ones, on SQLite.
func BenchmarkCourses(b *testing.B) {
	const requests, acts, page = 100_000, 12, 500
	config := store.Config{Engine: store.SQLite, Source: filepath.Join(b.TempDir(), "office.db"), Keys: storetest.Keys()}
	if err := store.Create(b.Context(), config); err != nil {
		b.Fatal(err)
	}
	s, err := store.Open(b.Context(), config)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	o := New(Config{Us: rogatory.Address{State: "XA", Authority: "justice"}, Store: s, Rules: Standard(treaty.Convention()), Clock: clock.NewManual(morning)})
	words, err := o.Rules.Example(rogatory.StoredData, "", o.now())
	if err != nil {
		b.Fatal(err)
	}
	rules, course := "2026-11-25", []rogatory.Act{rogatory.Send, rogatory.Send, rogatory.Acknowledge, rogatory.AskMore, rogatory.Supplement, rogatory.Accept, rogatory.TellStatus, rogatory.Offer, rogatory.Take, rogatory.Execute, rogatory.Agree, rogatory.Close}
	for n := 0; n < requests; n += page {
		err := s.Update(b.Context(), func(tx *store.Tx) error {
			for range page {
				cid, err := rogatory.NewCaseID(rand.Reader, "XA", morning)
				if err != nil {
					return err
				}
				id := cid.Request(1)
				f := File{ID: id, Side: rogatory.RequestingSide, State: rogatory.Closed, Request: words, Rules: rules, Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}}
				for _, name := range []string{"acknowledge", "answer", "decide", "status"} {
					f.Deadlines = append(f.Deadlines, Deadline{Name: name, Due: rogatory.At(morning), State: Met, Article: "40(26)", Rule: name, Version: 1, Calendar: "XB", Zone: "UTC"})
				}
				view, err := json.Marshal(f)
				if err != nil {
					return err
				}
				if err := tx.InsertRequest(store.Request{ID: id, Case: cid, Side: f.Side, Peer: "XB", Kind: words.Kind, State: f.State, Updated: rogatory.At(morning), View: view}); err != nil {
					return err
				}
				for i, act := range course[:acts] {
					e := rogatory.Entry{Type: rogatory.MessageSent, At: rogatory.At(morning.Add(time.Duration(i) * time.Hour)), Request: id, By: rogatory.Actor{Address: o.Us, Officer: rogatory.Officer{Name: "Ana Duarte", Role: rogatory.DutyOfficer}},
						Message: &rogatory.MessageRef{ID: "0199f3a2-1111-7000-8000-000000000000", Act: act, From: "XA", To: "XB", Sequence: int64(i + 1)}}
					body, err := json.Marshal(e)
					if err != nil {
						return err
					}
					row := store.Entry{At: e.At, Type: e.Type, Case: cid, Request: id, Body: body}
					rand.Read(row.Salt[:])
					if _, err := tx.Append(row); err != nil {
						return err
					}
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	all := make([]statistics.Case, 0, requests)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for b.Loop() {
		all = all[:0]
		if err := o.Courses(b.Context(), rogatory.Actor{Address: o.Us, Officer: rogatory.Officer{Role: rogatory.Overseer}}, func(c statistics.Case) error { all = append(all, c); return nil }); err != nil {
			b.Fatal(err)
		}
		if len(all) != requests {
			b.Fatalf("%d of %d requests were read", len(all), requests)
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(after.HeapAlloc)/1e6, "MB-held")
	start := time.Now()
	f := statistics.Of(all, statistics.Query{})
	statistics.GroupsOf(all, statistics.Query{}, statistics.ByKind, statistics.Answer, time.UTC)
	statistics.MonthsOf(all, statistics.Query{}, statistics.Answer, time.UTC)
	b.ReportMetric(float64(time.Since(start).Microseconds())/1000, "ms-figures")
	if f.Requests != requests {
		b.Fatal(f)
	}
}
