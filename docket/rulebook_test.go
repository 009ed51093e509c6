// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"
	"time"

	"rogatory"
	"rogatory/treaty"
)

func TestEveryClockHasATimeLimit(t *testing.T) {
	book := Standard(treaty.Convention())
	if err := book.Check(); err != nil {
		t.Error(err)
	}
	broken := *book.Rules
	broken.Kinds = []treaty.Kind{{ID: "x", Clocks: []treaty.Clock{{Name: "never", Rule: "when_hell_freezes"}}}}
	book.Rules = &broken
	if err := book.Check(); rogatory.CodeOf(err) != "rules_invalid" {
		t.Errorf("a clock without a time limit: %v", err)
	}
}

// Art 50(8) and its spirit: what is frozen fast is released as fast.
func TestReleaseIsAsFastAsTheFreeze(t *testing.T) {
	book := Standard(treaty.Convention())
	k, err := book.Kind(treaty.AssetFreeze)
	if err != nil {
		t.Fatal(err)
	}
	at := rogatory.At(time.Date(2026, 11, 23, 2, 14, 5, 0, time.UTC))
	f := File{Side: rogatory.RequestedSide, Us: rogatory.Address{State: "XB"}, Them: rogatory.Address{State: "XA"}}
	due := map[string]rogatory.Instant{}
	for _, event := range []string{treaty.Received, string(rogatory.AskRelease)} {
		for _, c := range k.Starts(event) {
			d, err := book.Due(c.Rule, f, at)
			if err != nil {
				t.Fatal(err)
			}
			due[c.Name] = d.At
		}
	}
	if due["freeze"] == 0 || due["release"] == 0 || due["release"] > due["freeze"] || due["freeze"] > at.Add(6*time.Hour) {
		t.Errorf("frozen by %s, released by %s", due["freeze"], due["release"])
	}
}

// Working days are those of the State that must act: a question put on a Thursday evening in Borealia,
// whose weekend is Friday and Saturday, is due by Aurelia's calendar when Aurelia has to supplement.
func TestWhoseDaysCount(t *testing.T) {
	book := Standard(treaty.Convention())
	at := rogatory.At(time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC))
	for _, c := range []struct{ rule, zone string }{{"supplement", "XA"}, {"status_answer", "XB"}} {
		f := File{Side: rogatory.RequestingSide, Us: rogatory.Address{State: "XA"}, Them: rogatory.Address{State: "XB"}}
		d, err := book.Due(c.rule, f, at)
		if err != nil || string(d.State) != c.zone || d.Calendar == "" || d.Version == 0 {
			t.Errorf("%s counts by %+v (%v), want the calendar of %s", c.rule, d, err, c.zone)
		}
		f.Side, f.Us, f.Them = rogatory.RequestedSide, f.Them, f.Us
		if same, err := book.Due(c.rule, f, at); err != nil || same.At != d.At {
			t.Errorf("%s ends at %s here and at %s in the other State (%v)", c.rule, d.At, same.At, err)
		}
	}
}
