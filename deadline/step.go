// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Step is one step of a computation, or one warning, as a code with its values, for whoever shows it in another
// language. Its English is in Due.Steps or Due.Warnings, at the same place.
type Step struct {
	Code string
	Args []any // name and value in turn: a string, a number, a rogatory.Instant, rogatory.Date, rogatory.StateCode, Event, Period or Skips
}

// StepCodes are the codes that a Step can have.
func StepCodes() []string { return slices.Clone(stepCodes) }

var stepCodes = []string{
	"from", "ends", "at_once", "hours_after", "hours_before", "clamped", "months_after", "months_before", "short_month",
	"days_after_next", "days_after_same", "days_before_next", "days_before_same", "not_counted", "day_more", "day_less",
	"moved_next", "moved_previous", "stays", "jumped", "twice",
	"no_calendar", "no_holidays", "other_rule", "zones",
}

// Skip is one day that was not counted.
type Skip struct {
	Day rogatory.Date
	Why Why
}

// Why is why nobody works on a day.
type Why struct {
	Code string // Weekend, NoSuchDay, or empty for a holiday
	Name string // of a holiday, as the calendar has it
	Zone string // of a day that did not exist
}

// The reasons that are no holiday.
const (
	Weekend   = "weekend"
	NoSuchDay = "no_such_day"
)

func (w Why) String() string {
	switch w.Code {
	case NoSuchDay:
		return "there was no such day in " + w.Zone
	case Weekend:
		return "weekend"
	}
	return w.Name
}

// Skips are the days that were not counted: the first MaxNamed, and how many more.
type Skips struct {
	Named []Skip
	More  int
}

func (s Skips) String() string {
	var all []string
	for _, k := range s.Named {
		all = append(all, nameOf(k.Day)+" ("+k.Why.String()+")")
	}
	text := strings.Join(all, ", ")
	if s.More > 0 {
		text += fmt.Sprintf(" and %d more", s.More)
	}
	return text
}

func nameOf(d rogatory.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return string(d)
	}
	return dateOf(t).name()
}
