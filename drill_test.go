// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"testing"
	"time"
)

func TestFiguresThatCanBeThoseOfNoDrills(t *testing.T) {
	good := DrillFigures{By: "XA", Of: "XB", Mode: Live, From: 1, To: Instant(1).Add(90 * 24 * time.Hour), Drills: 4,
		Machine: DrillSpread{Answered: 4, Median: 1, P90: 900}, Human: DrillSpread{Answered: 2, Median: 60_000}}
	if !good.Valid() {
		t.Fatal("good figures are refused")
	}
	for name, spoil := range map[string]func(*DrillFigures){
		"of oneself":                       func(f *DrillFigures) { f.Of = "XA" },
		"of no State":                      func(f *DrillFigures) { f.Of = "B" },
		"in no mode":                       func(f *DrillFigures) { f.Mode = "" },
		"of no time":                       func(f *DrillFigures) { f.To = f.From },
		"backwards":                        func(f *DrillFigures) { f.To = -1 },
		"before all time":                  func(f *DrillFigures) { f.From = 0 },
		"of two years":                     func(f *DrillFigures) { f.To = f.From.Add(2 * DrillFiguresSpan) },
		"of more drills than a day each":   func(f *DrillFigures) { f.Drills = 92 },
		"of fewer drills than none":        func(f *DrillFigures) { f.Drills, f.Machine, f.Human = -1, DrillSpread{}, DrillSpread{} },
		"of more answers than drills":      func(f *DrillFigures) { f.Machine.Answered = 5 },
		"of a median without answers":      func(f *DrillFigures) { f.Human.Answered = 0 },
		"of a percentile below the median": func(f *DrillFigures) { f.Machine.Median = 901 },
		"of a percentile without a median": func(f *DrillFigures) { f.Machine.Median = 0 },
		"of a time that is none":           func(f *DrillFigures) { f.Human.Median = -1 },
		"of a time longer than patience":   func(f *DrillFigures) { f.Human.Median = DrillPatience.Milliseconds() + 1 },
	} {
		f := good
		if spoil(&f); f.Valid() {
			t.Errorf("%s: %+v is taken", name, f)
		}
	}
}
