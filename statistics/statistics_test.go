// SPDX-License-Identifier: Apache-2.0

package statistics

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"

	"rogatory"
)

func day(n int, hour int) rogatory.Instant {
	return rogatory.At(time.Date(2026, 10, n, hour, 0, 0, 0, time.UTC))
}

// story is one autumn of an office, small enough to be counted by hand.
//
//	1  to XB, stored data    sent 1 Oct 00h, receipt 01h, acknowledged 03h, accepted 05h, executed 2 Oct 05h, closed 3 Oct 05h, kept its limits
//	2  to XB, stored data    sent 2 Oct 00h, receipt 02h, acknowledged 08h, refused 12h (R21B), one limit missed
//	3  to XC, emergency      sent 3 Oct 00h, receipt 00h, acknowledged 01h, accepted 01h, offered 02h, taken 04h, kept its limits
//	4  from XC, preservation arrived 1 Nov 06h, acknowledged 07h, accepted 07h, preserved 09h, no limit
//	5  from XB, emergency    arrived 2 Nov 00h, nothing since, overdue
func story() []Case {
	return []Case{
		{Side: rogatory.RequestingSide, Peer: "XB", Kind: "stored_data", State: rogatory.Closed, Outcome: "complete", Limited: true,
			At: Moments{Sent: day(1, 0), Receipted: day(1, 1), Acknowledged: day(1, 3), Decided: day(1, 5), Executed: day(2, 5), Ended: day(2, 5), Closed: day(3, 5)}},
		{Side: rogatory.RequestingSide, Peer: "XB", Kind: "stored_data", State: rogatory.Refused, Ground: "R21B", Limited: true, Overdue: true,
			At: Moments{Sent: day(2, 0), Receipted: day(2, 2), Acknowledged: day(2, 8), Decided: day(2, 12), Ended: day(2, 12)}},
		{Side: rogatory.RequestingSide, Peer: "XC", Kind: "emergency_data", State: rogatory.Accepted, Emergency: true, Limited: true,
			At: Moments{Sent: day(3, 0), Receipted: day(3, 0), Acknowledged: day(3, 1), Decided: day(3, 1), Offered: day(3, 2), Taken: day(3, 4)}},
		{Side: rogatory.RequestedSide, Peer: "XC", Kind: "preservation", State: rogatory.Preserved,
			At: Moments{Receipted: day(32, 6), Acknowledged: day(32, 7), Decided: day(32, 7), Preserved: day(32, 9)}},
		{Side: rogatory.RequestedSide, Peer: "XB", Kind: "emergency_data", State: rogatory.Requested, Emergency: true, Limited: true, Overdue: true,
			At: Moments{Receipted: day(33, 0)}},
	}
}

const h = time.Hour

func TestTheFiguresOfAnAutumnCountedByHand(t *testing.T) {
	f := Of(story(), Query{})
	if want := (Count{Requests: 5, Emergency: 2, Limited: 4, Overdue: 2}); f.Count != want {
		t.Errorf("%+v, want %+v", f.Count, want)
	}
	for s, want := range map[Stage]Spread{
		Delivery:        {3, 1 * h, 2 * h},   // 1, 2, 0
		Acknowledgement: {4, 1 * h, 6 * h},   // 2, 6, 1, 1
		Decision:        {4, 0, 4 * h},       // 2, 4, 0, 0
		Preservation:    {1, 2 * h, 2 * h},   // 2
		Measure:         {},                  // none
		Offer:           {1, 1 * h, 1 * h},   // 1
		Taking:          {1, 2 * h, 2 * h},   // 2
		Execution:       {1, 24 * h, 24 * h}, // 24
		Answer:          {4, 3 * h, 29 * h},  // 29, 12, 2, 3
		Closing:         {1, 24 * h, 24 * h}, // 24
	} {
		if got := f.Stages[slices.Index(Stages(), s)]; got != want {
			t.Errorf("%s: %+v, want %+v", s, got, want)
		}
	}
}

func TestAQueryTakesWhatItNames(t *testing.T) {
	for _, row := range []struct {
		name string
		q    Query
		want int
	}{
		{"all", Query{}, 5},
		{"until a day, which is not in it", Query{To: day(3, 0)}, 2},
		{"from a day, which is in it", Query{From: day(3, 0)}, 3},
		{"one day", Query{From: day(2, 0), To: day(3, 0)}, 1},
		{"no day", Query{From: day(3, 0), To: day(3, 0)}, 0},
		{"ours", Query{Side: rogatory.RequestingSide}, 3},
		{"a State's", Query{Peer: "XC"}, 2},
		{"a kind", Query{Kind: "emergency_data"}, 2},
		{"a kind of a State's", Query{Kind: "emergency_data", Peer: "XC"}, 1},
	} {
		if got := Of(story(), row.q).Requests; got != row.want {
			t.Errorf("%s: %d, want %d", row.name, got, row.want)
		}
	}
}

func TestGroupsAreTheLargestFirst(t *testing.T) {
	got := GroupsOf(story(), Query{}, ByState, Answer, time.UTC)
	want := []Group{
		{"XB", Count{3, 1, 3, 2}, Spread{2, 12 * h, 29 * h}, []int{2, 1}},
		{"XC", Count{2, 1, 1, 0}, Spread{2, 2 * h, 3 * h}, []int{1, 1}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
	keys := func(d Dimension) (all []string) {
		for _, g := range GroupsOf(story(), Query{}, d, Answer, time.UTC) {
			all = append(all, g.Key)
		}
		return all
	}
	for d, want := range map[Dimension][]string{ByKind: {"emergency_data", "stored_data", "preservation"}, ByOutcome: {"", "complete"}, ByGround: {"", "R21B"}} {
		if got := keys(d); !slices.Equal(got, want) {
			t.Errorf("by %s: %q, want %q", d, got, want)
		}
	}
}

// The first of November at 6 in UTC is still October nowhere; the second at midnight is the first in New York.
func TestMonthsAreThoseOfTheZone(t *testing.T) {
	got := MonthsOf(story(), Query{}, Acknowledgement, time.UTC)
	if len(got) != 2 || got[0].Requests != 3 || got[1].Requests != 2 || got[1].Year != 2026 || got[1].Month != time.November || got[0].Spread != (Spread{3, 2 * h, 6 * h}) {
		t.Errorf("%+v", got)
	}
	west := time.FixedZone("west", -5*3600)
	if got := MonthsOf(story()[:1], Query{}, Acknowledgement, west); len(got) != 1 || got[0].Month != time.September {
		t.Errorf("the first of October at midnight in UTC: %+v", got)
	}
	if got := MonthsOf(nil, Query{}, Answer, time.UTC); len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
	if got := GroupsOf(nil, Query{}, ByKind, Answer, time.UTC); len(got) != 0 {
		t.Errorf("of nothing: %+v", got)
	}
}

func TestShareIsRounded(t *testing.T) {
	for _, row := range [][3]int{{0, 0, 0}, {1, 3, 33}, {2, 3, 67}, {1, 2, 50}, {1, 200, 1}, {1, 201, 0}, {5, 5, 100}} {
		if got := Share(row[0], row[1]); got != row[2] {
			t.Errorf("%d of %d is %d %%, want %d", row[0], row[1], got, row[2])
		}
	}
}

// A 90th percentile is never below the median, both are durations that were there, and half and nine in ten of all
// are not above them.
func TestSpreadsOfAnything(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		all := make([]time.Duration, random.IntN(40))
		for i := range all {
			all[i] = time.Duration(random.Int64N(1 << random.IntN(50)))
		}
		s := SpreadOf(slices.Clone(all))
		if s.N != len(all) || s.P90 < s.Median {
			t.Fatalf("%v: %+v", all, s)
		}
		if s.N == 0 {
			continue
		}
		atMost := func(d time.Duration) (n int) {
			for _, x := range all {
				n += one(x <= d)
			}
			return n
		}
		if !slices.Contains(all, s.Median) || !slices.Contains(all, s.P90) || 2*atMost(s.Median) < s.N || 10*atMost(s.P90) < 9*s.N {
			t.Fatalf("%v: %+v", all, s)
		}
	}
}
