// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"time"

	"rogatory"
	"rogatory/deadline"
)

// Limits on a rota. They bound what one question about it costs.
const (
	MaxPeople   = 200  // a desk has ten to thirty
	MaxRules    = 30   // a week of three teams has about eight
	MaxTurns    = 200  // people in one rotation, who can be there several times
	MaxChanges  = 1000 // overrides, swaps and temporary shifts each: a year of three a day
	MaxEvery    = 1000 // hours, days or weeks of a turn
	maxName     = 100  // characters of a name that is shown
	maxIDLength = 40
)

// Person is somebody whom the rota can put on duty.
type Person struct {
	ID    string   `json:"id"`
	Name  string   `json:"name"`
	Roles []string `json:"roles,omitempty"` // for the steps of an escalation, such as "lawyer"
}

// Unit is what the turns of a rotation are counted in.
type Unit string

// The units. All are counted on the wall: a day is from a time of day to the same time of day.
const (
	Hour Unit = "hour"
	Day  Unit = "day"
	Week Unit = "week"
)

// Rotation hands duty from person to person, each for the same number of hours, days or weeks, and begins
// again. The turns reach back before Start as well.
type Rotation struct {
	ID     string   `json:"id"`
	Zone   string   `json:"zone,omitempty"` // default: the rota's
	Start  string   `json:"start"`          // local time at which the first person's turn begins: 2026-01-05T08:00
	Every  int      `json:"every"`
	Unit   Unit     `json:"unit"`
	People []string `json:"people"`

	zone  *time.Location
	start wall
	turn  int64 // seconds on the wall
}

// Holidays says what public holidays do to a rule.
type Holidays string

// A window of a rule belongs to the date on which it begins.
const (
	Also  Holidays = ""      // they are days like any other
	Never Holidays = "never" // the rule does not begin on them
	Only  Holidays = "only"  // the rule begins on no other days
)

// Rule puts a person or a rotation on duty in a window of each of its days. Rules are read from the top: the
// first that covers a moment decides, so that what is special stands above what is usual. A rule without
// days, times and holidays covers every moment.
type Rule struct {
	ID       string   `json:"id"`
	Zone     string   `json:"zone,omitempty"`     // default: the rota's
	Days     []string `json:"days,omitempty"`     // English names of the days on which a window begins; default: all
	From     string   `json:"from,omitempty"`     // 08:00; default: 00:00
	To       string   `json:"to,omitempty"`       // 20:00, or 08:00 of the next day; default: 24:00
	Holidays Holidays `json:"holidays,omitempty"` // by the rota's calendar
	Person   string   `json:"person,omitempty"`
	Rotation string   `json:"rotation,omitempty"` // either a person or a rotation

	zone     *time.Location
	always   bool
	days     [7]bool
	from, to int64 // seconds after the midnight with which the window's day begins
	rotation *Rotation
}

// Override puts a person on duty between two moments, whoever the rules name.
type Override struct {
	ID     string `json:"id"`
	From   string `json:"from"` // a moment: local in the rota's zone, or with its offset
	To     string `json:"to"`
	Person string `json:"person"`
	Note   string `json:"note,omitempty"`

	stretch
}

// Temporary replaces everything else, overrides and swaps as well, from a moment to the end of its last
// shift. Its shifts follow one another without a gap.
type Temporary struct {
	ID     string           `json:"id"`
	From   string           `json:"from"`
	Shifts []TemporaryShift `json:"shifts"`
	Note   string           `json:"note,omitempty"`

	stretch
}

// TemporaryShift lasts from the end of the one before, or the beginning of the schedule, until a moment.
type TemporaryShift struct {
	Until  string `json:"until"`
	Person string `json:"person"`

	until rogatory.Instant
}

// Swap lets two people take each other's duty: in each half the one who gives is on duty by the rules, and
// the other takes it.
type Swap struct {
	ID    string `json:"id"`
	One   Half   `json:"one"`
	Other Half   `json:"other"`
	Note  string `json:"note,omitempty"`
}

// Half is the duty that one person gives away in a swap.
type Half struct {
	Person string `json:"person"` // who gives it
	From   string `json:"from"`
	To     string `json:"to"`

	stretch
}

// stretch is a time, its end not in it.
type stretch struct{ from, to rogatory.Instant }

func (s stretch) covers(at rogatory.Instant) bool { return s.from <= at && at < s.to }
func (s stretch) meets(o stretch) bool            { return s.from < o.to && o.from < s.to }

// Rota says who is on duty at a State's point of contact, as data. A Rota that was not made by Load or
// Compile has only its fallback person. It is not changed after it was made: change a copy of its members,
// and compile that.
type Rota struct {
	Version   string             `json:"version"`
	State     rogatory.StateCode `json:"state"`  // whose public holidays count
	Number    string             `json:"number"` // the service's telephone number, for the duty calendar
	Zone      string             `json:"zone"`   // tz name of the wall clock
	People    []Person           `json:"people"`
	Fallback  string             `json:"fallback"` // on duty whenever nothing else says who
	Head      string             `json:"head"`     // of the office, for the last steps of an escalation
	Rotations []Rotation         `json:"rotations,omitempty"`
	Rules     []Rule             `json:"rules"`
	Overrides []Override         `json:"overrides,omitempty"`
	Temporary []Temporary        `json:"temporary,omitempty"`
	Swaps     []Swap             `json:"swaps,omitempty"`

	zone     *time.Location
	calendar deadline.Calendar
	holidays map[string]string // date to name
}

// Load reads a rota's file; name is for errors. Zones come from zones, holidays from the calendar of the
// rota's State. Unknown members, people and zones, doubled names, times that do not exist or come twice, and
// overrides, swaps or temporary schedules that overlap one another are refused with the code data_invalid
// and the line. Nothing is returned with an error. Whether there are gaps is for Validate.
func Load(name string, data []byte, zones deadline.Zones, calendars *deadline.Calendars) (*Rota, error) {
	var r Rota
	file, err := form.Read(name, data, &r)
	if err != nil {
		return nil, err
	}
	compiled, err := r.prepare(zones, calendars)
	if err != nil {
		return nil, refuse(file, err)
	}
	return compiled, nil
}

// Compile makes a rota of members that a program has put together, such as a screen that adds an override.
// It checks what Load checks; the code of its error is rota_invalid, and its text names the member.
func Compile(r Rota, zones deadline.Zones, calendars *deadline.Calendars) (*Rota, error) {
	compiled, err := r.prepare(zones, calendars)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "rota_invalid", "rota %.40q: %w", r.Version, err).
			WithHint("mend it; the rota that was saved before stays in force")
	}
	return compiled, nil
}

// Person returns the person with an id.
func (r *Rota) Person(id string) (Person, bool) {
	for _, p := range r.People {
		if p.ID == id {
			return p, true
		}
	}
	return Person{}, false
}

// Location returns the zone of the rota's wall clock.
func (r *Rota) Location() *time.Location {
	if r.zone == nil {
		return time.UTC
	}
	return r.zone
}

// Moment reads a moment as people write it: a local time of the rota's zone, 2026-12-24T18:00, which has to
// come exactly once, or one with its offset, RFC 3339. The code of its error is time_invalid.
func (r *Rota) Moment(text string) (rogatory.Instant, error) {
	at, err := readMoment(text, r.Location())
	if err != nil {
		return 0, rogatory.Fault(rogatory.Invalid, "time_invalid", "read a moment: %w", err)
	}
	return at, nil
}
