// SPDX-License-Identifier: Apache-2.0

// Package deadline computes when a time limit runs out, from rules and calendars that are data.
//
// It promises that an answer is a pure function of the rule, the moment and the calendar; that it
// names the version of each and explains every day that was skipped, so that a stored date can be
// understood years later; and that every input gives an answer or an error with a code, in bounded
// time. Rules, calendars and retention rules that are incomplete, doubled or contradictory are refused
// whole, with the line, and nothing is returned.
//
// Days are days of the calendar and the zone of the State that must act. One convention holds
// everywhere: the moment at which a limit ends does not belong to it. The end of 31 January is the
// midnight after it: what is due by then is late at that midnight, and what is held until then may go.
//
// It reads no clock and no file. Zones come from the edition of the tz database that is embedded here,
// never from the machine, so that two offices with the same program agree; a caller may hand over
// other zones with LoadCalendars. It refuses to guess: a local time that does not exist, or exists
// twice, is not read; a State without a calendar is counted in calendar days and UTC, and the answer
// says so. It decides nothing about people's rights: what is not verified stays marked as such.
package deadline

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Due is the end of a time limit, with everything that is needed to explain it later.
type Due struct {
	Rule     string             `json:"rule"`
	Version  int                `json:"version"` // of the rule
	Article  string             `json:"article"`
	Basis    Basis              `json:"basis"`
	Bound    Bound              `json:"bound"` // at_least: what is held may go at At; otherwise what is due is late at At
	From     Event              `json:"from"`
	Start    rogatory.Instant   `json:"start"`
	At       rogatory.Instant   `json:"at"`                 // when it ends: the first moment outside the limit
	LastDay  string             `json:"last_day,omitempty"` // the local day that ends, or for a start of day begins, at At; empty for an instant
	Local    string             `json:"local"`              // At in the zone, RFC 3339
	State    rogatory.StateCode `json:"state,omitempty"`    // whose calendar was used; empty for UTC
	Zone     string             `json:"zone"`
	Zones    string             `json:"zones"`              // edition of the tz database
	Calendar string             `json:"calendar,omitempty"` // version of the calendars; empty: none was used
	Steps    []string           `json:"steps"`              // how it was computed, in words
	Warnings []string           `json:"warnings,omitempty"` // what the answer could not take into account
	Verified bool               `json:"verified"`           // a jurist verified the rule and the calendar

	// Said and Cautions are Steps and Warnings by their codes, for a screen in another language. What is stored has the words.
	Said     []Step `json:"-"`
	Cautions []Step `json:"-"`
}

// Limits on a computation.
const (
	MaxWalk      = 20000 // days that one computation steps over: more than 50 years
	MaxNamed     = 30    // skipped days that the steps name; further ones are counted
	MaxQuestions = 100   // of one what-if; more cannot be compared side by side
)

// The moments that can be computed with: those that rogatory.Instant can write, with a margin of one
// day for the zones.
var (
	firstMoment = rogatory.At(time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC))
	lastMoment  = rogatory.At(time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC))
)

// Compute returns when the rule's time limit ends that began, or for a limit before an event ends, at
// start, by the calendar of the State that must act; a rule in UTC ignores the calendar.
//
// Its errors have the codes rule_invalid, start_out_of_range, due_out_of_range and
// no_working_day (the calendar has none within MaxWalk days). With an error the Due is zero.
func Compute(rule Rule, start rogatory.Instant, c Calendar) (Due, error) {
	if err := rule.check(); err != nil {
		return Due{}, rogatory.Fault(rogatory.Invalid, "rule_invalid", "compute with rule %.60q: %w", rule.ID, err)
	}
	if start < firstMoment || start > lastMoment {
		return Due{}, rogatory.Fault(rogatory.Invalid, "start_out_of_range", "compute %s from %d microseconds, which is outside 1970 to 9999", rule.ID, int64(start))
	}
	if rule.Whose == UTC {
		c = inUTC(c)
	} else if c.zone == nil {
		c = Calendar{State: c.State, zones: c.zones}
	}
	k := computation{rule: rule, start: start, c: c}
	k.due = Due{
		Rule: rule.ID, Version: rule.Version, Article: rule.Article, Basis: rule.Basis, Bound: rule.Bound, From: rule.From, Start: start,
		State: c.State, Zone: c.location().String(), Zones: c.zones, Calendar: c.version,
		Verified: rule.Verified && (rule.Whose == UTC || rule.Unit == Hours || c.Verified),
	}
	if err := k.run(); err != nil {
		return Due{}, err
	}
	return k.due, nil
}

// computation is one run of Compute.
type computation struct {
	rule    Rule
	start   rogatory.Instant
	c       Calendar
	due     Due
	skipped []Skip
	unknown map[int]bool // years without holidays that were counted in
}

// step adds a step: its code and values, and its English.
func (k *computation) step(code string, args []any, format string, words ...any) {
	k.due.Said = append(k.due.Said, Step{code, args})
	k.due.Steps = append(k.due.Steps, fmt.Sprintf(format, words...))
}

func (k *computation) warn(code string, args []any, format string, words ...any) {
	k.due.Cautions = append(k.due.Cautions, Step{code, args})
	k.due.Warnings = append(k.due.Warnings, fmt.Sprintf(format, words...))
}

// with are the values of a step.
func with(args ...any) []any { return args }

func (k *computation) run() error {
	k.step("from", with("event", k.rule.From, "moment", k.start), "%s: %s", k.rule.From, k.c.show(k.start))
	var err error
	if k.rule.Unit == Hours {
		k.hours()
	} else {
		err = k.days()
	}
	if err != nil {
		return err
	}
	if k.due.At < firstMoment || k.due.At > lastMoment {
		return rogatory.Fault(rogatory.Invalid, "due_out_of_range", "%s from %s ends outside 1970 to 9999", k.rule.ID, k.start)
	}
	k.due.Local = k.c.Local(k.due.At)
	k.step("ends", with("moment", k.due.At), "it ends at %s", k.c.show(k.due.At))
	if k.rule.Unit != Hours && k.rule.Whose != UTC && k.c.missing() {
		k.warn("no_calendar", with("state", k.c.State), "no calendar of %s is recorded: counted in calendar days and in UTC, without weekends and holidays", named(k.c.State))
	}
	if years := sortedYears(k.unknown); len(years) > 0 {
		k.warn("no_holidays", with("state", k.c.State, "years", strings.Join(years, ", ")), "the holidays of %s are not recorded for %s: only weekends were counted out", k.c.State, strings.Join(years, ", "))
	}
	if k.rule.State != "" && k.c.State != "" && k.rule.State != k.c.State {
		k.warn("other_rule", with("rule", k.rule.State, "state", k.c.State), "the rule is one of %s, and was applied to %s", k.rule.State, k.c.State)
	}
	if k.rule.Unit != Hours && len(k.c.Zones) > 1 {
		k.warn("zones", with("state", k.c.State, "zone", k.c.Zones[0]), "%s has several zones; that of %s counts", k.c.State, k.c.Zones[0])
	}
	return nil
}

func (k *computation) hours() {
	d := time.Duration(k.rule.Amount) * time.Hour
	if k.rule.Direction == Before {
		d = -d
	}
	k.due.At = k.start.Add(d)
	if k.rule.Amount == 0 {
		k.step("at_once", nil, "it ends at that moment")
		return
	}
	k.step("hours_"+string(k.rule.Direction), with("length", Period{k.rule.Amount, k.rule.Unit}), "%s %s, by the clock that never changes", k.rule.Length(), k.rule.Direction)
}

// days computes rules in days, working days and months.
func (k *computation) days() error {
	forward := day(1)
	reference := k.start
	if k.rule.Direction == Before {
		// What ends at midnight ends with the day before it.
		forward, reference = -1, k.start-1
	}
	first := k.c.day(reference)
	last, err := k.count(first, forward)
	if err != nil {
		return err
	}
	if last, err = k.bound(first, last); err != nil {
		return err
	}
	if last, err = k.shift(first, last); err != nil {
		return err
	}
	k.due.LastDay = last.String()
	if k.due.At, err = k.moment(last); err != nil {
		return err
	}
	if at, moved := k.clamp(k.due.At); moved {
		k.step("clamped", with("n", k.rule.Amount, "moment", at), "the clocks change in between: %d times 24 hours are %s", k.rule.Amount, k.c.show(at))
		k.due.At = at
	}
	return nil
}

// count walks from the first day to the last. It skips days that do not count.
func (k *computation) count(first, forward day) (day, error) {
	if k.rule.Unit == Months {
		months := k.rule.Amount
		if forward < 0 {
			months = -months
		}
		last, short := first.addMonths(months)
		k.step("months_"+string(k.rule.Direction), with("length", Period{k.rule.Amount, k.rule.Unit}, "first", first.date(), "last", last.date()), "%s %s %s: %s", k.rule.Length(), k.rule.Direction, first.name(), last.name())
		if short {
			k.step("short_month", with("n", first.time().Day()), "that month has no day %d: its last day counts", first.time().Day())
		}
		return last, nil
	}
	d, left := first, k.rule.Amount
	if k.rule.FirstDay == NextDay {
		d += forward
	}
	for range MaxWalk {
		why, ok := k.counts(d)
		if ok {
			left--
		} else {
			k.skip(d, why)
		}
		if left == 0 {
			how := "the day itself does not count"
			if k.rule.FirstDay == SameDay {
				how = "the day itself is the first"
			}
			k.step("days_"+string(k.rule.Direction)+"_"+string(k.rule.FirstDay), with("length", Period{k.rule.Amount, k.rule.Unit}, "day", d.date()), "%s %s, %s: %s", k.rule.Length(), k.rule.Direction, how, d.name())
			if len(k.skipped) > 0 {
				skips := k.takeSkipped()
				k.step("not_counted", with("days", skips), "not counted: %s", skips)
			}
			return d, nil
		}
		d += forward
		if d < minDay || d > maxDay {
			return 0, k.outOfRange()
		}
	}
	return 0, k.noWorkingDay(first)
}

func (k *computation) outOfRange() error {
	return rogatory.Fault(rogatory.Invalid, "due_out_of_range", "%s from %s ends outside 1970 to 9999", k.rule.ID, k.start)
}

func (k *computation) noWorkingDay(from day) error {
	return rogatory.Fault(rogatory.Invalid, "no_working_day", "%s: %s has too few working days within %d days of %s", k.rule.ID, named(k.c.State), MaxWalk, from)
}

// counts says whether a day counts towards the rule's amount, and why not.
func (k *computation) counts(d day) (why Why, ok bool) {
	if k.rule.Unit == Days && k.c.exists(d) {
		return Why{}, true
	}
	return k.working(d)
}

// working asks the calendar, and remembers what it did not know.
func (k *computation) working(d day) (why Why, ok bool) {
	if !k.c.exists(d) {
		return Why{Code: NoSuchDay, Zone: k.due.Zone}, false
	}
	why, ok = k.c.working(d)
	if ok && !k.c.missing() && !k.c.knows(d) {
		if k.unknown == nil {
			k.unknown = map[int]bool{}
		}
		k.unknown[d.time().Year()] = true
	}
	return why, ok
}

func (k *computation) skip(d day, why Why) {
	k.skipped = append(k.skipped, Skip{d.date(), why})
}

// takeSkipped names the days that were skipped, and forgets them.
func (k *computation) takeSkipped() Skips {
	skips := Skips{Named: k.skipped[:min(len(k.skipped), MaxNamed)], More: max(len(k.skipped)-MaxNamed, 0)}
	k.skipped = nil
	return skips
}

// bound takes a whole day more or less where clocks that change would make N days of a minimum shorter,
// or of a maximum longer, than N times 24 hours. It ends: each day more or less moves the moment towards
// the bound by about 24 hours, and it is off by less than the few hours that clocks are changed by.
func (k *computation) bound(first, last day) (day, error) {
	if k.rule.Unit != Days || k.rule.Falls == SameTime {
		return last, nil
	}
	full := k.full()
	for {
		at, err := k.moment(last)
		switch {
		case err != nil:
			return 0, err
		case k.rule.Bound == AtLeast && at < full:
			last++
			k.step("day_more", with("n", k.rule.Amount, "day", last.date()), "the clocks change in between and %d times 24 hours would not have passed: one day more, %s", k.rule.Amount, last.name())
		case k.rule.Bound == AtMost && at > full && last > first:
			last--
			k.step("day_less", with("n", k.rule.Amount, "day", last.date()), "the clocks change in between and more than %d times 24 hours would have passed: one day less, %s", k.rule.Amount, last.name())
		default:
			return last, nil
		}
	}
}

// clamp does the same by the hour to a limit that ends at the same time of day, and to one that ends
// with its first day.
func (k *computation) clamp(at rogatory.Instant) (rogatory.Instant, bool) {
	full := k.full()
	if k.rule.Unit == Days && (k.rule.Bound == AtLeast && at < full || k.rule.Bound == AtMost && at > full) {
		return full, true
	}
	return at, false
}

// full is the moment N times 24 hours after the start.
func (k *computation) full() rogatory.Instant {
	return k.start.Add(time.Duration(k.rule.Amount) * 24 * time.Hour)
}

// shift moves the last day if it is none on which people work.
func (k *computation) shift(first, last day) (day, error) {
	if k.rule.IfNotWorking == Stay {
		return last, nil
	}
	by, word := day(1), "next"
	if k.rule.IfNotWorking == Previous {
		by, word = -1, "previous"
	}
	d := last
	for range MaxWalk {
		why, ok := k.working(d)
		if ok {
			if d != last {
				skips := k.takeSkipped()
				k.step("moved_"+word, with("day", d.date(), "days", skips), "the last day moves to the %s working day, %s, past %s", word, d.name(), skips)
			}
			return d, nil
		}
		k.skip(d, why)
		d += by
		if d < minDay || d > maxDay {
			return 0, k.outOfRange()
		}
		if by < 0 && k.rule.Direction == After && d <= first {
			k.skipped = nil
			k.step("stays", with("day", last.date()), "%s is no working day and none lies between: the last day stays", last.name())
			return last, nil
		}
	}
	return 0, k.noWorkingDay(last)
}

// moment is where on its last day the limit ends.
func (k *computation) moment(d day) (rogatory.Instant, error) {
	if d <= minDay || d >= maxDay {
		return 0, k.outOfRange()
	}
	switch k.rule.Falls {
	case StartOfDay:
		return k.c.end(d - 1), nil
	case SameTime:
		return k.sameTime(d), nil
	}
	return k.c.end(d), nil
}

// sameTime is the time of day of the start, on another day: the later one if it comes twice, which clamp
// takes back from a maximum.
func (k *computation) sameTime(d day) rogatory.Instant {
	at := k.c.find(d, k.c.timeOfDay(k.start))
	if len(at.found) == 0 {
		k.step("jumped", with("day", d.date()), "that time of day does not exist on %s: the clocks jump over it", d.name())
		return at.after
	}
	if len(at.found) > 1 {
		k.step("twice", with("day", d.date()), "that time of day comes twice on %s: the second", d.name())
	}
	return at.found[len(at.found)-1]
}

// Question is one case of a what-if.
type Question struct {
	Rule     Rule
	Start    rogatory.Instant
	Calendar Calendar
}

// Answer is what became of a question: Err is not nil if it could not be computed.
type Answer struct {
	Question
	Due Due
	Err error
}

// WhatIf computes several cases side by side: other rules, other starts, other States. More than
// MaxQuestions are refused with the code too_many_questions.
func WhatIf(questions ...Question) ([]Answer, error) {
	if len(questions) > MaxQuestions {
		return nil, rogatory.Fault(rogatory.Invalid, "too_many_questions", "compare %d cases, at most %d are compared", len(questions), MaxQuestions).
			WithHint("name fewer rules, moments or States")
	}
	var answers []Answer
	for _, q := range questions {
		due, err := Compute(q.Rule, q.Start, q.Calendar)
		answers = append(answers, Answer{q, due, err})
	}
	return answers, nil
}

func named(s rogatory.StateCode) string {
	if s == "" {
		return "the State"
	}
	return string(s)
}

func sortedYears(m map[int]bool) []string {
	var years []string
	for y := range m {
		years = append(years, fmt.Sprint(y))
	}
	slices.Sort(years)
	return years
}
