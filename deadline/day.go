// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"time"

	"rogatory"
)

// day is a date without a zone, in days since 1970-01-01.
type day int

const secondsOfDay = 24 * 60 * 60

// The days that are walked over: those of the moments that can be written, and a little more.
const (
	minDay day = -2
	maxDay day = 2932900 // in January of the year 10000
)

// dateOf returns the day that a time shows on its own clock.
func dateOf(t time.Time) day {
	y, m, d := t.Date()
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsOfDay)
}

// time returns the day's midnight on a clock in UTC.
func (d day) time() time.Time { return time.Unix(int64(d)*secondsOfDay, 0).UTC() }

// String returns the date as 2026-12-02.
func (d day) String() string { return d.time().Format(time.DateOnly) }

// name returns the date with its weekday, for people.
func (d day) name() string { return d.time().Format("Mon 2006-01-02") }

// date returns the day as a date of the subject.
func (d day) date() rogatory.Date { return rogatory.Date(d.String()) }

// addMonths returns the same day of another month, or its last day if it has no such day.
func (d day) addMonths(n int) (moved day, short bool) {
	t := d.time()
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1)
	return dateOf(first.AddDate(0, 0, min(t.Day(), last.Day())-1)), t.Day() > last.Day()
}

// segment is a stretch of time in which a zone's clocks do not change.
type segment struct {
	from, to int64 // seconds since 1970, to is not in it
	offset   int64 // seconds east of UTC
}

// maxSegments bounds how often a zone's clocks change within four days; none ever did so more than twice.
const maxSegments = 8

// forever stands for a stretch that does not begin or end.
const forever = 1 << 60

// segments returns how the clocks stand around a day: from two days before it to two days after, more
// than any zone is away from UTC. Each begins where the one before ends.
func segments(d day, zone *time.Location) []segment {
	const margin = 2 * secondsOfDay
	midnight := int64(d) * secondsOfDay
	var list []segment
	for at := midnight - margin; len(list) < maxSegments && at <= midnight+secondsOfDay+margin; {
		t := time.Unix(at, 0)
		from, to := t.In(zone).ZoneBounds()
		_, offset := t.In(zone).Zone()
		s := segment{-forever, forever, int64(offset)}
		if !from.IsZero() {
			s.from = from.Unix()
		}
		if len(list) > 0 {
			s.from = at
		}
		if !to.IsZero() {
			s.to = to.Unix()
		}
		if s.to <= at {
			// Of a leap year the library knows 365 days: on the last it gives a stretch that is over.
			s.to = time.Date(t.UTC().Year()+1, time.January, 1, 0, 0, 0, 0, time.UTC).Unix()
		}
		list = append(list, s)
		at = s.to
	}
	return list
}

// end returns the moment at which a local day is over for good: the first from which on no clock of
// the zone shows that day or an earlier one. Where midnight does not exist that is the jump; where it
// comes twice it is the last.
func end(d day, zone *time.Location) int64 {
	midnight := int64(d+1) * secondsOfDay // as the next day's clock shows it
	list := segments(d, zone)
	for i := len(list) - 1; i >= 0; i-- {
		if s := list[i]; s.from+s.offset < midnight {
			return min(s.to, midnight-s.offset)
		}
	}
	return midnight - list[0].offset
}

// clocks is what a local time of day meant on a day.
type clocks struct {
	found []rogatory.Instant // when a clock shows it: none, one or two moments
	after rogatory.Instant   // when none: the moment at which the clocks jumped over it
}

// find returns when the clocks of a zone show a time of day on a day.
func find(d day, timeOfDay time.Duration, zone *time.Location) clocks {
	const micro = int64(time.Second / time.Microsecond)
	local := int64(d)*secondsOfDay*micro + timeOfDay.Microseconds()
	var at clocks
	for _, s := range segments(d, zone) {
		moment := local - s.offset*micro
		switch {
		case s.from != -forever && moment < s.from*micro:
			if len(at.found) == 0 && at.after == 0 {
				at.after = rogatory.Instant(s.from * micro)
			}
		case s.to == forever || moment < s.to*micro:
			at.found = append(at.found, rogatory.Instant(moment))
		}
	}
	return at
}
