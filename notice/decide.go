// SPDX-License-Identifier: Apache-2.0

package notice

import (
	"slices"
	"time"

	"rogatory"
)

// Event is something that happened and concerns a person, who was not told yet.
type Event struct {
	Number int64 // the person's own
	Sort   Sort
	At     rogatory.Instant
}

// Round is what is done about a person's events now.
type Round struct {
	Tell      []Event          // in one notice
	Drop      []Event          // the person does not want to be told of these
	LookAgain rogatory.Instant // zero: not before something happens
}

// Decide says what of a person's events goes out at now. Everything that is due goes into one notice: also what came
// while the node did not run, or in quiet hours.
func Decide(c Choice, zone *time.Location, waiting []Event, now rogatory.Instant) Round {
	var r Round
	for _, e := range waiting {
		if !slices.Contains(c.About, e.Sort) {
			r.Drop = append(r.Drop, e)
			continue
		}
		switch due := c.due(zone, e.At, now); {
		case due <= now:
			r.Tell = append(r.Tell, e)
		case r.LookAgain == 0 || due < r.LookAgain:
			r.LookAgain = due
		}
	}
	return r
}

// due is when something that happened at a moment goes out: as it happens or at the hour of the daily notice, and never in
// quiet hours, of which those that run now count as well.
func (c Choice) due(zone *time.Location, at, now rogatory.Instant) rogatory.Instant {
	due := at
	if c.Daily {
		due = c.daily(zone, at)
	}
	return c.loud(zone, max(due, now))
}

// daily is the first hour of the daily notice at a moment or after it.
func (c Choice) daily(zone *time.Location, at rogatory.Instant) rogatory.Instant {
	day := at.Time().In(zone)
	for d := -1; ; d++ { // two days ahead there is one in every zone
		if t := wall(zone, day, d, c.Hour); t >= at {
			return t
		}
	}
}

// loud is a moment, or the end of the quiet hours in which it lies.
func (c Choice) loud(zone *time.Location, at rogatory.Instant) rogatory.Instant {
	if c.QuietFrom == c.QuietTo {
		return at
	}
	over := 0
	if c.QuietTo < c.QuietFrom {
		over = 1
	}
	day := at.Time().In(zone)
	for d := -2; d <= 1; d++ {
		if from, to := wall(zone, day, d, c.QuietFrom), wall(zone, day, d+over, c.QuietTo); from <= at && at < to {
			return to
		}
	}
	return at
}

// wall is when clocks in the zone show a time, some days after the date of t: the first time where it comes twice, and
// where the clocks leave it out the moment at which they do.
func wall(zone *time.Location, t time.Time, days int, c Clock) rogatory.Instant {
	year, month, day := t.Date()
	at := time.Date(year, month, day+days, int(c)/60, int(c)%60, 0, 0, zone)
	if at.Hour()*60+at.Minute() != int(c) { // left out: the change lies within half a day
		_, change := at.Add(-12 * time.Hour).ZoneBounds()
		return rogatory.At(change)
	}
	if change, _ := at.ZoneBounds(); !change.IsZero() {
		_, after := at.Zone()
		_, before := change.Add(-time.Second).Zone()
		if first := at.Add(time.Duration(after-before) * time.Second); before > after && first.Before(change) {
			at = first
		}
	}
	return rogatory.At(at)
}

// waits are the waits before each attempt at a channel: a mail server that is mended by noon still brings what the
// morning had to say.
var waits = []time.Duration{0, time.Minute, 5 * time.Minute, 30 * time.Minute, 2 * time.Hour}

// MaxTries is how often one channel is tried for one notice.
const MaxTries = 5

// Try is an attempt of a notice on a channel, as the delivery log has it.
type Try struct {
	Begun rogatory.Instant
	// Over says that another attempt is of no use: a provider took it, or never will. An attempt that a crash cut is
	// not over: the person may be told twice, which is the lesser harm.
	Over bool
}

// TryAt says when a notice is tried next on a channel; false if it is not tried again.
func TryAt(made rogatory.Instant, tries []Try) (rogatory.Instant, bool) {
	n := len(tries)
	switch {
	case n == 0:
		return made, true
	case n >= MaxTries || tries[n-1].Over:
		return 0, false
	}
	return tries[n-1].Begun.Add(waits[n]), true
}
