// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"time"

	"rogatory"
)

// wall is what a clock on the wall shows, date and time of day, in seconds since it showed 1970-01-01 00:00.
// It becomes a moment only in a zone.
type wall int64

const secondsOfDay = 24 * 60 * 60

// wallOf returns what the clocks of a zone show at a moment.
func wallOf(at rogatory.Instant, zone *time.Location) wall {
	s := at.Time().Unix()
	return wall(s + offset(s, zone))
}

// day is the number of the date.
func (w wall) day() int64 { return floor(int64(w), secondsOfDay) }

// weekday returns the day of the week of a date.
func weekday(day int64) time.Weekday { return time.Unix(day*secondsOfDay, 0).UTC().Weekday() }

// date returns a date as 2026-12-25.
func date(day int64) string { return time.Unix(day*secondsOfDay, 0).UTC().Format(time.DateOnly) }

// floor divides and rounds down, also below zero.
func floor(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// offset is how many seconds the clocks of a zone are ahead of UTC at a moment, in seconds since 1970.
func offset(at int64, zone *time.Location) int64 {
	_, o := time.Unix(at, 0).In(zone).Zone()
	return int64(o)
}

// The clocks of no zone are further behind or ahead of UTC, in seconds.
const (
	mostBehind = 13 * 60 * 60
	mostAhead  = 15 * 60 * 60
)

// moment returns when the clocks of a zone show w: the first time, if they show it twice, and the moment at
// which they jump over it, if they do not show it. Times counts how often they show it. Of two times on the
// wall the later never has the earlier moment, so that shifts made of moments do not cross.
func (w wall) moment(zone *time.Location) (at rogatory.Instant, times int) {
	before, after := offset(int64(w)-mostAhead, zone), offset(int64(w)+mostBehind, zone)
	early, late := int64(w)-max(before, after), int64(w)-min(before, after)
	if offset(early, zone) == max(before, after) {
		times++
	}
	if early != late && offset(late, zone) == min(before, after) {
		times++
		if times == 1 {
			early = late
		}
	}
	if times == 0 {
		// The clocks jump between early and late.
		for low := early; early < late; {
			middle := early + (late-early)/2
			if offset(middle, zone) == offset(low, zone) {
				early = middle + 1
			} else {
				late = middle
			}
		}
	}
	return rogatory.At(time.Unix(early, 0)), times
}

// The years in which people are on duty. What is outside is a slip of the pen.
const firstYear, lastYear = 2000, 2999

// readWall reads a local date and time such as 2026-12-24T18:00.
func readWall(text string) (wall, error) {
	t, err := time.Parse("2006-01-02T15:04", text)
	if err != nil || t.Year() < firstYear || t.Year() > lastYear {
		return 0, fmt.Errorf("%.40q is no local time: write 2026-12-24T18:00", text)
	}
	return wall(t.Unix()), nil
}

// readMoment reads a moment with its offset, or a local time of a zone that comes exactly once.
func readMoment(text string, zone *time.Location) (rogatory.Instant, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		if t.Year() < firstYear || t.Year() > lastYear {
			return 0, fmt.Errorf("%.40q is outside the years %d to %d", text, firstYear, lastYear)
		}
		return rogatory.At(t), nil
	}
	w, err := readWall(text)
	if err != nil {
		return 0, fmt.Errorf("%.40q is no moment: write 2026-12-24T18:00, or with its offset 2026-12-24T18:00:00+01:00", text)
	}
	at, times := w.moment(zone)
	switch times {
	case 0:
		return 0, fmt.Errorf("%s does not exist in %s, the clocks jump over it: write it with its offset from UTC", text, zone)
	case 2:
		return 0, fmt.Errorf("%s comes twice in %s: write it with its offset from UTC", text, zone)
	}
	return at, nil
}

// readTime reads a time of day such as 08:00, in minutes; 24:00 is the end of a day.
func readTime(text string) (int, error) {
	if text == "24:00" {
		return 24 * 60, nil
	}
	t, err := time.Parse("15:04", text)
	if err != nil || len(text) != len("15:04") {
		return 0, fmt.Errorf("%.20q is no time of day: write 08:00", text)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// show writes a moment as the clocks of a zone show it, for people.
func show(at rogatory.Instant, zone *time.Location) string {
	return at.Time().In(zone).Format("Mon 2006-01-02 15:04 -07:00")
}
