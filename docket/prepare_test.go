// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"
	"time"

	"rogatory"
)

// A person counts in hours and days; the file holds a moment. What cannot be counted is refused, and does
// not fall back to the longest that the law allows.
func TestAnEndIsCountedFromWhatRuns(t *testing.T) {
	w := newWorld(t)
	id := w.accepted("realtime_traffic", "", nil)
	hours := func(n int) rogatory.Body { return rogatory.Body{Measure: &rogatory.Measure{Hours: n}} }
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, hours(maxHours+1), "end_too_late")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Start, hours(15*24), "end_too_late") // Borealia's law: 14 days
	w.does(w.xb, w.xb.decider(), id, rogatory.Start, hours(24))
	w.carry()
	end := w.xb.now().Add(24 * time.Hour)
	if got := w.view(w.xa, id).Measure; got.Until != end || got.Hours != 0 {
		t.Fatalf("24 hours run as %+v", got)
	}
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Extend, hours(0), "extension_too_short")
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Extend, hours(maxHours+1), "extension_too_short")
	w.does(w.xb, w.xb.decider(), id, rogatory.Extend, hours(12))
	w.carry()
	if got := w.view(w.xa, id).Measure.Until; got != end.Add(12*time.Hour) {
		t.Errorf("12 hours more than %s are until %s", end, got)
	}

	kept := w.preserved()
	days := func(n int) rogatory.Body { return rogatory.Body{Preservation: &rogatory.Preservation{Days: n}} }
	first := w.view(w.xb, kept).Preservation.Until
	w.cannot(w.xb, w.xb.decider(), kept, rogatory.Extend, days(maxExtension+1), "extension_too_short")
	w.does(w.xb, w.xb.decider(), kept, rogatory.Extend, days(30))
	w.carry()
	if got := w.view(w.xa, kept).Preservation; got.Until != first.Add(30*24*time.Hour) || got.Days != 0 {
		t.Errorf("30 days more than %s are %+v", first, got)
	}
	w.sound()
}

// What says nothing is refused before it is signed, and says what to do.
func TestAnActSaysWhatItIsFor(t *testing.T) {
	w := newWorld(t)
	id := w.accepted("asset_freeze", "", nil)
	sum := func(v string) rogatory.Amount { return rogatory.Amount{Value: v, Code: "EUR"} }
	for name, c := range map[string]struct {
		act  rogatory.Act
		body rogatory.Body
		code string
	}{
		"costs without words":         {rogatory.DiscussCosts, rogatory.Body{}, "words_missing"},
		"blank words":                 {rogatory.TellStatus, words(" \n"), "words_missing"},
		"a recovery of nothing":       {rogatory.ReportRecovery, rogatory.Body{}, "recovery_invalid"},
		"more back than was taken":    {rogatory.ReportRecovery, rogatory.Body{Recovery: &rogatory.Recovery{Attempted: sum("1"), Frozen: sum("1"), Returned: sum("2")}}, "recovery_invalid"},
		"two currencies":              {rogatory.ReportRecovery, rogatory.Body{Recovery: &rogatory.Recovery{Attempted: sum("1"), Frozen: sum("1"), Returned: rogatory.Amount{Value: "1", Code: "THB"}}}, "recovery_invalid"},
		"a frozen sum that is no sum": {rogatory.ReportRecovery, rogatory.Body{Recovery: &rogatory.Recovery{Attempted: sum("1"), Frozen: sum("much"), Returned: sum("1")}}, "recovery_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := w.xb.Move(t.Context(), w.xb.decider(), id, c.act, c.body)
			if e, ok := err.(*rogatory.Error); rogatory.CodeOf(err) != c.code || !ok || e.Hint == "" {
				t.Errorf("got %v, want %s with a hint", err, c.code)
			}
		})
	}
	later := w.asks(rogatory.StoredData, "", nil)
	w.does(w.xb, w.xb.decider(), later, rogatory.Consult, words("Could it wait until the arrest?"))
	w.carry()
	w.does(w.xa, w.xa.officer(), later, rogatory.Supplement, words("It could."))
	w.carry()
	v := refusal("P27", "an arrest comes first", "")
	v.Verdict.Review = w.xb.now()
	w.cannot(w.xb, w.xb.decider(), later, rogatory.Postpone, v, "review_past")
	v.Verdict.Review++
	w.does(w.xb, w.xb.decider(), later, rogatory.Postpone, v)
	w.carry()
	w.both(later, rogatory.Postponed)
	w.sound()
}
