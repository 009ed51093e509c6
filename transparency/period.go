// SPDX-License-Identifier: Apache-2.0

package transparency

import (
	"fmt"
	"time"

	"rogatory"
)

// Period is a week of ISO 8601 in UTC, such as 2026-W48. It begins on a Monday at midnight.
type Period string

const week = 7 * 24 * time.Hour

// Wait is how long after its period has closed a report is made: what arrived out of turn at the end of the week has
// found its place by then, so that the report can be recomputed for ever.
const Wait = 6 * time.Hour

// Last returns the last period that has closed by an instant.
func Last(at rogatory.Instant) Period { return periodOf(at.Time().Add(-week)) }

func periodOf(t time.Time) Period {
	year, number := t.UTC().ISOWeek()
	return Period(fmt.Sprintf("%04d-W%02d", year, number))
}

// ParsePeriod reads a period in its one spelling.
func ParsePeriod(s string) (Period, error) {
	p := Period(s)
	var year, number int
	if n, err := fmt.Sscanf(s, "%4d-W%2d", &year, &number); err == nil && n == 2 && year >= 1970 && year <= 9998 && number >= 1 && number <= 53 {
		if back := periodOf(monday(year, number)); back == p {
			return p, nil
		}
	}
	return "", rogatory.Fault(rogatory.Invalid, "period_invalid", "read %.20q as a week such as 2026-W48", s)
}

// monday is the first day of a week; 4 January is always in the first one.
func monday(year, number int) time.Time {
	fourth := time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC)
	return fourth.AddDate(0, 0, -(int(fourth.Weekday())+6)%7+7*(number-1))
}

// From is the first instant of the period, zero if it is malformed.
func (p Period) From() rogatory.Instant {
	var year, number int
	if n, err := fmt.Sscanf(string(p), "%4d-W%2d", &year, &number); err != nil || n != 2 {
		return 0
	}
	return rogatory.At(monday(year, number))
}

// Until is the first instant after the period: it has closed then, and its report is due.
func (p Period) Until() rogatory.Instant {
	if p.From() == 0 {
		return 0
	}
	return p.From().Add(week)
}
