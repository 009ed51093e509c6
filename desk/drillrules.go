// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"time"

	"rogatory"
)

// Bounds of drill rules.
const (
	defaultDrillDays = 30  // once a month
	maxDrillDays     = 366 // less often than once a year is not a test
	maxDrillStates   = 300 // there are fewer States
)

// DrillRules say how often this State drills the others, as an administrator writes it. The zero value, and nil, is
// what holds without a file: each State once a month.
type DrillRules struct {
	Version   string        `json:"version"`
	Off       bool          `json:"off,omitempty"`        // this State drills nobody
	EveryDays int           `json:"every_days,omitempty"` // 30 if it is left out
	States    []StateDrills `json:"states,omitempty"`     // for which something else holds
}

// StateDrills is how often one State is drilled.
type StateDrills struct {
	State     rogatory.StateCode `json:"state"`
	Off       bool               `json:"off,omitempty"`
	EveryDays int                `json:"every_days,omitempty"`
}

// LoadDrills reads drill rules; name is for errors. A file that does not hold is refused whole, with its line. The
// codes of its errors are data_invalid and data_too_large.
func LoadDrills(name string, data []byte) (*DrillRules, error) {
	var r DrillRules
	f, err := form.Read(name, data, &r)
	if err != nil {
		return nil, err
	}
	if err := r.check(); err != nil {
		return nil, refuse(f, err)
	}
	return &r, nil
}

func (r *DrillRules) check() error {
	days := func(place []any, n int) error {
		if n < 0 || n > maxDrillDays {
			return in(place, fmt.Errorf("drills are 1 to %d days apart, not %d", maxDrillDays, n))
		}
		return nil
	}
	if r.Version == "" || len(r.Version) > maxName || !plainText(r.Version) {
		return in(path("version"), fmt.Errorf("the version is missing, or no plain text of at most %d characters", maxName))
	}
	if err := days(path("every_days"), r.EveryDays); err != nil {
		return err
	}
	if len(r.States) > maxDrillStates {
		return in(path("states"), fmt.Errorf("%d States, at most %d are read", len(r.States), maxDrillStates))
	}
	seen := map[rogatory.StateCode]bool{}
	for i, s := range r.States {
		if !s.State.Valid() || seen[s.State] {
			return in(path("states", i, "state"), fmt.Errorf("%.10q is no code of a State, or there twice", s.State))
		}
		seen[s.State] = true
		if err := days(path("states", i, "every_days"), s.EveryDays); err != nil {
			return err
		}
		if s.Off && s.EveryDays != 0 {
			return in(path("states", i, "off"), fmt.Errorf("drills of %s are off, and every %d days", s.State, s.EveryDays))
		}
	}
	return nil
}

// Every returns how often a State is drilled; false if it is not.
func (r *DrillRules) Every(state rogatory.StateCode) (time.Duration, bool) {
	days := defaultDrillDays
	if r != nil {
		if r.Off {
			return 0, false
		}
		if r.EveryDays != 0 {
			days = r.EveryDays
		}
		for _, s := range r.States {
			if s.State == state && s.Off {
				return 0, false
			}
			if s.State == state && s.EveryDays != 0 {
				days = s.EveryDays
			}
		}
	}
	return time.Duration(days) * 24 * time.Hour, true
}
