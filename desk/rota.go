// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
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
	source, err := decode(name, data, &r)
	if err != nil {
		return nil, err
	}
	compiled, err := r.prepare(zones, calendars)
	if err != nil {
		return nil, source.refuse(1, err)
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

var (
	idForm      = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	numberForm  = regexp.MustCompile(`^\+[0-9]{1,4}( ?[0-9]){3,14}$`)
	versionForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z.-]{0,39}$`)
)

// names refuses a name that is malformed or there twice.
type names map[string]bool

func (n names) add(id string) error {
	switch {
	case len(id) > maxIDLength || !idForm.MatchString(id):
		return fmt.Errorf("id %.60q: write small letters, digits and hyphens, at most %d", id, maxIDLength)
	case n[id]:
		return fmt.Errorf("id %q is there twice", id)
	}
	n[id] = true
	return nil
}

// prepare checks a rota and makes it ready for questions. It works on a copy.
func (r Rota) prepare(zones deadline.Zones, calendars *deadline.Calendars) (*Rota, error) {
	r.Rotations, r.Rules = slices.Clone(r.Rotations), slices.Clone(r.Rules)
	r.Overrides, r.Temporary, r.Swaps = slices.Clone(r.Overrides), slices.Clone(r.Temporary), slices.Clone(r.Swaps)
	switch {
	case !versionForm.MatchString(r.Version):
		return nil, in("version", fmt.Errorf("%.60q is no version: write 2026-11-25.1", r.Version))
	case !r.State.Valid():
		return nil, in("state", fmt.Errorf("%.10q is no State's code", r.State))
	case !numberForm.MatchString(r.Number):
		return nil, in("number", fmt.Errorf("%.40q is no telephone number: write +43 1 2345678", r.Number))
	case len(r.Rules) > MaxRules:
		return nil, in("rules", fmt.Errorf("%d rules, at most %d are read", len(r.Rules), MaxRules))
	case len(r.Rotations) > MaxRules:
		return nil, in("rotations", fmt.Errorf("%d rotations, at most %d are read", len(r.Rotations), MaxRules))
	case len(r.Overrides) > MaxChanges:
		return nil, in("overrides", fmt.Errorf("%d overrides, at most %d are read: remove those that are past", len(r.Overrides), MaxChanges))
	case len(r.Swaps) > MaxChanges:
		return nil, in("swaps", fmt.Errorf("%d swaps, at most %d are read: remove those that are past", len(r.Swaps), MaxChanges))
	}
	var err error
	if r.zone, err = zone(zones, r.Zone, nil); err != nil {
		return nil, in("zone", err)
	}
	r.calendar = calendars.Of(r.State)
	r.holidays = map[string]string{}
	for _, h := range r.calendar.Holidays {
		r.holidays[h.Date] = h.Name
	}
	for _, step := range []func(deadline.Zones) error{r.preparePeople, r.prepareRotations, r.prepareRules, r.prepareOverrides, r.prepareTemporary, r.prepareSwaps} {
		if err := step(zones); err != nil {
			return nil, err
		}
	}
	return &r, nil
}

func zone(zones deadline.Zones, name string, usual *time.Location) (*time.Location, error) {
	if name == "" && usual != nil {
		return usual, nil
	}
	return zones.Load(name)
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

// known refuses the id of a person who is not in the rota.
func (r *Rota) known(id string) error {
	if _, ok := r.Person(id); !ok {
		return fmt.Errorf("person %.60q is not among the people", id)
	}
	return nil
}

func (r *Rota) preparePeople(deadline.Zones) error {
	if len(r.People) == 0 || len(r.People) > MaxPeople {
		return in("people", fmt.Errorf("%d people: from 1 to %d can be named", len(r.People), MaxPeople))
	}
	seen := names{}
	for i, p := range r.People {
		path := fmt.Sprintf("people[%d]", i)
		if err := seen.add(p.ID); err != nil {
			return in(path, err)
		}
		if p.Name == "" || len([]rune(p.Name)) > maxName || !plainText(p.Name) {
			return in(path, fmt.Errorf("the name of %q is missing, longer than %d characters, or not one line", p.ID, maxName))
		}
		roles := names{}
		for _, role := range p.Roles {
			if err := roles.add(role); err != nil {
				return in(path, fmt.Errorf("roles: %w", err))
			}
		}
	}
	return errors.Join(in("fallback", r.known(r.Fallback)), in("head", r.known(r.Head)))
}

// plainText is false for a text with control characters, which a terminal or a calendar could obey.
func plainText(s string) bool {
	return !slices.ContainsFunc([]rune(s), func(c rune) bool {
		return c < 0x20 || c >= 0x7f && c < 0xa0 || c == 0x2028 || c == 0x2029
	})
}

func (r *Rota) prepareRotations(zones deadline.Zones) error {
	units := map[Unit]int64{Hour: 60 * 60, Day: secondsOfDay, Week: 7 * secondsOfDay}
	seen := names{}
	for i := range r.Rotations {
		v, path := &r.Rotations[i], fmt.Sprintf("rotations[%d]", i)
		if err := seen.add(v.ID); err != nil {
			return in(path, err)
		}
		unit, ok := units[v.Unit]
		switch {
		case !ok:
			return in(path, fmt.Errorf("unit %.20q: write hour, day or week", v.Unit))
		case v.Every < 1 || v.Every > MaxEvery:
			return in(path, fmt.Errorf("every %d %ss: from 1 to %d can be given", v.Every, v.Unit, MaxEvery))
		case len(v.People) == 0 || len(v.People) > MaxTurns:
			return in(path, fmt.Errorf("%d people: from 1 to %d can take turns", len(v.People), MaxTurns))
		}
		v.turn = unit * int64(v.Every)
		for _, id := range v.People {
			if err := r.known(id); err != nil {
				return in(path, err)
			}
		}
		var err error
		if v.zone, err = zone(zones, v.Zone, r.zone); err != nil {
			return in(path, err)
		}
		if v.start, err = readWall(v.Start); err != nil {
			return in(path, fmt.Errorf("start: %w", err))
		}
	}
	return nil
}

func (r *Rota) prepareRules(zones deadline.Zones) error {
	if len(r.Rules) == 0 {
		return in("rules", errors.New("there is no rule, so that nobody but the fallback person would be on duty"))
	}
	seen := names{}
	for i := range r.Rules {
		v := &r.Rules[i]
		if err := errors.Join(seen.add(v.ID), r.prepareRule(v, zones)); err != nil {
			return in(fmt.Sprintf("rules[%d]", i), err)
		}
	}
	return nil
}

func (r *Rota) prepareRule(v *Rule, zones deadline.Zones) (err error) {
	if (v.Person == "") == (v.Rotation == "") {
		return errors.New("name either a person or a rotation")
	}
	if v.Person != "" {
		if err := r.known(v.Person); err != nil {
			return err
		}
	} else if i := slices.IndexFunc(r.Rotations, func(o Rotation) bool { return o.ID == v.Rotation }); i >= 0 {
		v.rotation = &r.Rotations[i]
	} else {
		return fmt.Errorf("rotation %.60q is not among the rotations", v.Rotation)
	}
	if v.zone, err = zone(zones, v.Zone, r.zone); err != nil {
		return err
	}
	if v.Holidays != Also && v.Holidays != Never && v.Holidays != Only {
		return fmt.Errorf("holidays %.20q: write never or only, or leave it out", v.Holidays)
	}
	v.days = [7]bool{}
	for _, name := range v.Days {
		d := slices.IndexFunc(weekdays, func(d time.Weekday) bool { return d.String() == name })
		if d < 0 || v.days[d] {
			return fmt.Errorf("day %.20q is unknown or there twice: write Monday", name)
		}
		v.days[d] = true
	}
	if len(v.Days) == 0 {
		v.days = [7]bool{true, true, true, true, true, true, true}
	}
	if v.From == "" && v.To == "" {
		v.always = len(v.Days) == 0 && v.Holidays == Also
		v.from, v.to = 0, secondsOfDay
		return nil
	}
	from, err := readTime(v.From)
	if err != nil {
		return fmt.Errorf("from: %w", err)
	}
	to, err := readTime(v.To)
	if err != nil {
		return fmt.Errorf("to: %w", err)
	}
	if from == 24*60 {
		return errors.New("from: a day begins at 00:00")
	}
	v.from, v.to = int64(from)*60, int64(to)*60
	if v.to <= v.from {
		v.to += secondsOfDay
	}
	return nil
}

var weekdays = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

// between reads two moments of which the second is later.
func (r *Rota) between(from, to string) (stretch, error) {
	a, err := readMoment(from, r.zone)
	if err != nil {
		return stretch{}, fmt.Errorf("from: %w", err)
	}
	b, err := readMoment(to, r.zone)
	if err != nil {
		return stretch{}, fmt.Errorf("to: %w", err)
	}
	if b <= a {
		return stretch{}, fmt.Errorf("it ends at %s, which is not after %s", to, from)
	}
	return stretch{a, b}, nil
}

// apart keeps stretches of which no two may overlap: nobody could say which of them holds.
type apart []struct {
	id string
	stretch
}

func (a *apart) add(id string, s stretch) error {
	for _, o := range *a {
		if s.meets(o.stretch) {
			return fmt.Errorf("%s overlaps %s", id, o.id)
		}
	}
	*a = append(*a, struct {
		id string
		stretch
	}{id, s})
	return nil
}

func (r *Rota) prepareOverrides(deadline.Zones) (err error) {
	seen, times := names{}, apart{}
	for i := range r.Overrides {
		v, path := &r.Overrides[i], fmt.Sprintf("overrides[%d]", i)
		if err := errors.Join(seen.add(v.ID), r.known(v.Person)); err != nil {
			return in(path, err)
		}
		if v.stretch, err = r.between(v.From, v.To); err != nil {
			return in(path, err)
		}
		if err := times.add(v.ID, v.stretch); err != nil {
			return in(path, err)
		}
	}
	return nil
}

func (r *Rota) prepareTemporary(deadline.Zones) (err error) {
	seen, times, shifts := names{}, apart{}, 0
	for i := range r.Temporary {
		v, path := &r.Temporary[i], fmt.Sprintf("temporary[%d]", i)
		if err := seen.add(v.ID); err != nil {
			return in(path, err)
		}
		if shifts += len(v.Shifts); len(v.Shifts) == 0 || shifts > MaxChanges {
			return in(path, fmt.Errorf("it has %d shifts: at least 1, and at most %d in all, are read", len(v.Shifts), MaxChanges))
		}
		if v.from, err = readMoment(v.From, r.zone); err != nil {
			return in(path, fmt.Errorf("from: %w", err))
		}
		v.Shifts, v.to = slices.Clone(v.Shifts), v.from
		for j := range v.Shifts {
			s, path := &v.Shifts[j], fmt.Sprintf("%s.shifts[%d]", path, j)
			if err := r.known(s.Person); err != nil {
				return in(path, err)
			}
			if s.until, err = readMoment(s.Until, r.zone); err != nil {
				return in(path, fmt.Errorf("until: %w", err))
			}
			if s.until <= v.to {
				return in(path, fmt.Errorf("it lasts until %s, which is not after its beginning", s.Until))
			}
			v.to = s.until
		}
		if err := times.add(v.ID, v.stretch); err != nil {
			return in(path, err)
		}
	}
	return nil
}

func (r *Rota) prepareSwaps(deadline.Zones) (err error) {
	seen, times := names{}, apart{}
	for i := range r.Swaps {
		v, path := &r.Swaps[i], fmt.Sprintf("swaps[%d]", i)
		if err := errors.Join(seen.add(v.ID), r.known(v.One.Person), r.known(v.Other.Person)); err != nil {
			return in(path, err)
		}
		if v.One.Person == v.Other.Person {
			return in(path, errors.New("a swap is between two people"))
		}
		for _, h := range []*Half{&v.One, &v.Other} {
			if h.stretch, err = r.between(h.From, h.To); err != nil {
				return in(path, err)
			}
			if err := times.add(v.ID+" of "+h.Person, h.stretch); err != nil {
				return in(path, err)
			}
		}
	}
	return nil
}
