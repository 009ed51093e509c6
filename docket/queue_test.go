// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"

	"rogatory"
)

func TestWhoIsWaitedFor(t *testing.T) {
	for name, c := range map[string]struct {
		file File
		want Waiting
	}{
		"our draft":                 {File{Side: rogatory.RequestingSide, State: rogatory.Drafted}, OnUs},
		"our request, sent":         {File{Side: rogatory.RequestingSide, State: rogatory.Requested}, OnThem},
		"their request, arrived":    {File{Side: rogatory.RequestedSide, State: rogatory.Requested}, OnUs},
		"their question to us":      {File{Side: rogatory.RequestingSide, State: rogatory.NeedsInformation}, OnUs},
		"conditions await us":       {File{Side: rogatory.RequestingSide, State: rogatory.Accepted, Conditions: []string{"x"}}, OnUs},
		"conditions await them":     {File{Side: rogatory.RequestedSide, State: rogatory.Accepted, Conditions: []string{"x"}}, OnThem},
		"conditions were agreed to": {File{Side: rogatory.RequestedSide, State: rogatory.Accepted, Conditions: []string{"x"}, Agreed: 1}, OnUs},
		"preserved":                 {File{Side: rogatory.RequestedSide, State: rogatory.Preserved}, OnNobody},
		"closed":                    {File{Side: rogatory.RequestingSide, State: rogatory.Closed}, OnNobody},
	} {
		if got := c.file.WaitsFor(); got != c.want {
			t.Errorf("%s waits for %s, not %s", name, got, c.want)
		}
	}
}

func TestNextDeadlineIsTheFirstThatRuns(t *testing.T) {
	f := File{Deadlines: []Deadline{{Name: "a", Due: 1, State: Met}, {Name: "b", Due: 9, State: Running}, {Name: "c", Due: 5, State: Running}}}
	if d, ok := f.Next(); !ok || d.Name != "c" {
		t.Errorf("next is %q", d.Name)
	}
	if _, ok := (File{}).Next(); ok {
		t.Error("a file without deadlines has a next one")
	}
}
