// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"time"
)

// Date is a day of the calendar, without a clock or a zone: the number of days since the last day of
// the year before year 1. Zero means "not set". The law of treaties counts days, and dates compare
// and add as numbers.
type Date int32

// Years that a date may have. Instruments of mutual legal assistance of the nineteenth century are
// still in force.
const (
	minYear = 1800
	maxYear = 9999
)

const day = 24 * time.Hour

// year1 is the day before Date 1.
func year1() time.Time { return time.Date(0, time.December, 31, 0, 0, 0, 0, time.UTC) }

// On returns the date of that year, month and day. A day beyond the end of its month goes on into the
// next, as with time.Date.
func On(year int, month time.Month, dayOfMonth int) Date {
	return DateOf(time.Date(year, month, dayOfMonth, 0, 0, 0, 0, time.UTC))
}

// DateOf returns the day that t is in, in UTC.
func DateOf(t time.Time) Date {
	return Date((t.UTC().Unix() - year1().Unix()) / int64(day/time.Second))
}

// ParseDate reads a date such as 2026-11-25, and no other form.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < minYear || t.Year() > maxYear {
		return 0, fmt.Errorf("%.40q is not a date such as 2026-11-25, of the years %d to %d", s, minYear, maxYear)
	}
	return DateOf(t), nil
}

// Time returns the beginning of the day in UTC.
func (d Date) Time() time.Time { return year1().AddDate(0, 0, int(d)) }

// Years returns the same day n years later. 29 February becomes 1 March in a year that has none.
func (d Date) Years(n int) Date { return DateOf(d.Time().AddDate(n, 0, 0)) }

// String returns the form 2006-01-02, or a dash when not set.
func (d Date) String() string {
	if d == 0 {
		return "-"
	}
	return d.Time().Format(time.DateOnly)
}

// MarshalText returns the form 2006-01-02. A date that is not set, or beyond the years, is refused.
func (d Date) MarshalText() ([]byte, error) {
	if y := d.Time().Year(); d == 0 || y < minYear || y > maxYear {
		return nil, fmt.Errorf("date %d is not set, or outside the years %d to %d", int32(d), minYear, maxYear)
	}
	return []byte(d.String()), nil
}

// UnmarshalText accepts the text form only; d is zero after an error.
func (d *Date) UnmarshalText(text []byte) (err error) {
	*d, err = ParseDate(string(text))
	return err
}

// When is a day as well as it is known: On, or some day from the first to the last of Between.
type When struct {
	On      Date   `json:"on,omitzero"`
	Between []Date `json:"between,omitempty"`
}

// Earliest returns the first day that it can have been; zero if nothing is known.
func (w When) Earliest() Date {
	if len(w.Between) == 2 {
		return w.Between[0]
	}
	return w.On
}

// Latest returns the last day that it can have been; zero if nothing is known.
func (w When) Latest() Date {
	if len(w.Between) == 2 {
		return w.Between[1]
	}
	return w.On
}

// String says the day, or between which days, or that it is not known.
func (w When) String() string {
	switch {
	case w.On != 0:
		return w.On.String()
	case len(w.Between) == 2:
		return fmt.Sprintf("some day from %s to %s", w.Between[0], w.Between[1])
	}
	return "on a day not known"
}

// check refuses a time that says two things. A time that says nothing is refused unless it may.
func (w When) check(mayBeUnknown bool) error {
	switch {
	case w.On != 0 && w.Between != nil:
		return fmt.Errorf("on and between contradict each other")
	case w.Between != nil && (len(w.Between) != 2 || w.Between[0] > w.Between[1]):
		return fmt.Errorf("between is not a first and a last day")
	case w.On == 0 && w.Between == nil && !mayBeUnknown:
		return fmt.Errorf("no date is given")
	}
	return nil
}
