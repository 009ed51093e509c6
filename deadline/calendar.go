// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"archive/zip"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"time"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/calendars.json
var bundledCalendars []byte

// The tz database as Go's own library carries it; it is in the public domain.
//
//go:embed data/zoneinfo.zip
var bundledZones []byte

// zonesEdition is the edition of the embedded tz database. A test holds its digest, so that the two
// change together.
const zonesEdition = "2025c"

// Limits on calendars.
const (
	MaxStates   = 300     // more than there are codes in use
	MaxHolidays = 2000    // of one State: forty a year for fifty years
	MaxZones    = 40      // of one State: no State has as many
	maxZoneFile = 1 << 17 // of one zone: the longest has a few kilobytes
)

// Zones gives the rules of zones by their tz name, and says of which edition they are.
type Zones struct {
	Edition string
	Load    func(name string) (*time.Location, error)
}

// BundledZones returns the zones that came with this program. They are the same on every machine.
func BundledZones() Zones {
	archive, err := zip.NewReader(bytes.NewReader(bundledZones), int64(len(bundledZones)))
	return Zones{Edition: zonesEdition, Load: func(name string) (*time.Location, error) {
		if err != nil {
			return nil, err
		}
		f, err := archive.Open(name)
		if err != nil {
			return nil, fmt.Errorf("zone %.60q is not in the tz database %s", name, zonesEdition)
		}
		defer f.Close()
		data, err := io.ReadAll(io.LimitReader(f, maxZoneFile))
		if err != nil {
			return nil, err
		}
		return time.LoadLocationFromTZData(name, data)
	}}
}

// Holiday is a public holiday on one date.
type Holiday struct {
	Date string `json:"date"` // 2026-12-25
	Name string `json:"name"`
}

// Calendar says on which days a State works, and where its days begin and end. The zero Calendar, and
// one for a State of which none is recorded, counts every day and uses UTC.
type Calendar struct {
	State    rogatory.StateCode `json:"state"`
	Name     string             `json:"name"`
	Zones    []string           `json:"zones"`   // the first counts: that of the authorities' seat
	Weekend  []string           `json:"weekend"` // English names of weekdays
	Years    []int              `json:"years"`   // for which holidays are recorded
	Holidays []Holiday          `json:"holidays"`
	Note     string             `json:"note,omitempty"` // what is missing
	Verified bool               `json:"verified"`

	zone     *time.Location
	zones    string // edition of the tz database
	version  string
	holidays map[day]string
	weekend  [7]bool
}

// Calendars is one loaded set of calendars. It is immutable.
type Calendars struct {
	Version string
	Digest  rogatory.Digest
	zones   string
	list    []Calendar
}

// BundledCalendars returns the calendars that came with this program. They are checked by a test; an
// error here would be a defect, so it panics.
func BundledCalendars() *Calendars {
	c, err := LoadCalendars("calendars.json", bundledCalendars, BundledZones())
	if err != nil {
		panic("the embedded calendars do not load: " + err.Error())
	}
	return c
}

// LoadCalendars reads a file of calendars; name is for errors. Unknown members and zones, doubled States
// and dates, dates outside the years named, and weeks without a working day are refused, with the line
// and the code data_invalid; nothing is returned with an error.
func LoadCalendars(name string, data []byte, zones Zones) (*Calendars, error) {
	var in struct {
		Version   string     `json:"version"`
		Calendars []Calendar `json:"calendars"`
	}
	f, err := dataFiles.Read(name, data, &in)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(in.Version); err != nil {
		return nil, f.Fault(err, "version")
	}
	c := &Calendars{Version: in.Version, Digest: rogatory.DigestOf(data), zones: zones.Edition}
	err = datafile.Each(f, in.Calendars, func(v *Calendar) error {
		if slices.ContainsFunc(c.list, func(o Calendar) bool { return o.State == v.State }) {
			return fmt.Errorf("calendar of %s is there twice", v.State)
		}
		if len(c.list) == MaxStates {
			return fmt.Errorf("more than %d calendars", MaxStates)
		}
		if err := v.prepare(zones); err != nil {
			return fmt.Errorf("calendar of %.10q: %w", v.State, err)
		}
		c.list = append(c.list, *v)
		return nil
	}, "calendars")
	if err != nil {
		return nil, err
	}
	for i := range c.list {
		c.list[i].version = c.Version
	}
	return c, nil
}

// Of returns the calendar of a State. For a State of which none is recorded the calendar counts every
// day and uses UTC, and what is computed with it says so.
func (c *Calendars) Of(state rogatory.StateCode) Calendar {
	for _, v := range c.list {
		if v.State == state {
			return v
		}
	}
	return Calendar{State: state, zones: c.zones}
}

// All returns the calendars in the file's order.
func (c *Calendars) All() []Calendar { return slices.Clone(c.list) }

var zoneName = regexp.MustCompile(`^[A-Za-z]+(/[A-Za-z0-9_+-]+){1,2}$`)

// prepare checks a calendar and makes it ready for counting.
func (c *Calendar) prepare(zones Zones) error {
	switch {
	case !c.State.Valid() || c.Name == "":
		return errors.New("state or name is missing or malformed")
	case len(c.Zones) == 0 || len(c.Zones) > MaxZones:
		return fmt.Errorf("%d zones: from 1 to %d can be named", len(c.Zones), MaxZones)
	case len(c.Years) == 0:
		return errors.New("no years are named")
	case len(c.Holidays) > MaxHolidays:
		return fmt.Errorf("%d holidays, at most %d are read", len(c.Holidays), MaxHolidays)
	}
	for i, name := range c.Zones {
		if !zoneName.MatchString(name) || slices.Contains(c.Zones[:i], name) {
			return fmt.Errorf("zone %.60q is malformed or there twice", name)
		}
		zone, err := zones.Load(name)
		if err != nil {
			return err
		}
		if i == 0 {
			c.zone, c.zones = zone, zones.Edition
		}
	}
	return errors.Join(c.prepareWeekend(), c.prepareHolidays())
}

func (c *Calendar) prepareWeekend() error {
	for _, name := range c.Weekend {
		i := slices.IndexFunc(weekdays, func(d time.Weekday) bool { return d.String() == name })
		if i < 0 || c.weekend[i] {
			return fmt.Errorf("weekend day %.40q is unknown or there twice", name)
		}
		c.weekend[i] = true
	}
	if len(c.Weekend) == len(weekdays) {
		return errors.New("every day is a weekend day")
	}
	return nil
}

var weekdays = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

// The years of which calendars can be kept.
const firstYear, lastYear = 1970, 9998

func (c *Calendar) prepareHolidays() error {
	for i, y := range c.Years {
		if y < firstYear || y > lastYear || slices.Contains(c.Years[:i], y) {
			return fmt.Errorf("year %d is out of range or there twice", y)
		}
	}
	c.holidays = map[day]string{}
	for _, h := range c.Holidays {
		t, err := time.Parse(time.DateOnly, h.Date)
		if err != nil || h.Name == "" {
			return fmt.Errorf("holiday %.40q is not a date, or has no name", h.Date)
		}
		d := dateOf(t)
		if _, ok := c.holidays[d]; ok {
			return fmt.Errorf("holiday %s is there twice", h.Date)
		}
		if !slices.Contains(c.Years, t.Year()) {
			return fmt.Errorf("holiday %s is not in the years that are named", h.Date)
		}
		c.holidays[d] = h.Name
	}
	return nil
}

// inUTC is the calendar of rules that belong to no State.
func inUTC(c Calendar) Calendar { return Calendar{zones: c.zones} }

func (c Calendar) missing() bool { return c.zone == nil }

func (c Calendar) location() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

func (c Calendar) local(i rogatory.Instant) time.Time { return i.Time().In(c.location()) }

// Local writes a moment as the State's clocks show it, RFC 3339.
func (c Calendar) Local(i rogatory.Instant) string { return c.local(i).Format(time.RFC3339Nano) }

func (c Calendar) day(i rogatory.Instant) day { return dateOf(c.local(i)) }

// show writes a moment as the State's clocks show it.
func (c Calendar) show(i rogatory.Instant) string {
	return c.local(i).Format("Mon 2006-01-02 15:04:05.999999 -07:00") + " " + c.location().String()
}

// end is the moment at which a day is over.
func (c Calendar) end(d day) rogatory.Instant {
	return rogatory.At(time.Unix(end(d, c.location()), 0))
}

// exists is false for a day that a State skipped when it crossed the date line.
func (c Calendar) exists(d day) bool { return end(d-1, c.location()) < end(d, c.location()) }

// knows says whether holidays are recorded for the day's year.
func (c Calendar) knows(d day) bool { return slices.Contains(c.Years, d.time().Year()) }

// working says whether people work on a day, and if not, why.
func (c Calendar) working(d day) (why Why, ok bool) {
	name, holiday := c.holidays[d]
	switch {
	case holiday:
		return Why{Name: name}, false
	case c.weekend[d.time().Weekday()]:
		return Why{Code: Weekend}, false
	}
	return Why{}, true
}

func (c Calendar) timeOfDay(i rogatory.Instant) time.Duration {
	t := c.local(i)
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute +
		time.Duration(t.Second())*time.Second + time.Duration(t.Nanosecond())
}

func (c Calendar) find(d day, timeOfDay time.Duration) clocks {
	return find(d, timeOfDay, c.location())
}

// Moment reads a moment as people write it: with an offset (RFC 3339), as a local time of the State, or
// as a local date, which means the beginning of that day. A local time that does not exist, or that
// comes twice, is refused with the codes time_not_there and time_twice: nobody can know what was meant.
// A date that the State skipped is refused with the code time_not_there; anything else is time_invalid.
func (c Calendar) Moment(text string) (rogatory.Instant, error) {
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return inRange(text, rogatory.At(t))
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		d := dateOf(t)
		if d > minDay && d < maxDay && !c.exists(d) {
			return 0, rogatory.Fault(rogatory.Invalid, "time_not_there", "%s: there was no such day in %s", text, c.location())
		}
		return inRange(text, c.end(d-1))
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04"} {
		t, err := time.Parse(layout, text)
		if err != nil {
			continue
		}
		d := dateOf(t)
		at := c.find(d, t.Sub(d.time()))
		switch len(at.found) {
		case 0:
			return 0, rogatory.Fault(rogatory.Invalid, "time_not_there", "%s does not exist in %s: the clocks jump over it", text, c.location()).
				WithHint("give the time with its offset from UTC, such as " + c.local(at.after).Format(time.RFC3339))
		case 1:
			return inRange(text, at.found[0])
		}
		return 0, rogatory.Fault(rogatory.Invalid, "time_twice", "%s comes twice in %s", text, c.location()).
			WithHint("write which: " + c.local(at.found[0]).Format(time.RFC3339) + " or " + c.local(at.found[1]).Format(time.RFC3339))
	}
	return 0, rogatory.Fault(rogatory.Invalid, "time_invalid", "%.40q is not a moment", text).
		WithHint("write 2027-01-31, 2027-01-31T12:00 in local time, or 2027-01-31T12:00:00+01:00")
}

func inRange(text string, i rogatory.Instant) (rogatory.Instant, error) {
	if i < firstMoment || i > lastMoment {
		return 0, rogatory.Fault(rogatory.Invalid, "time_invalid", "%.40q is outside 1970 to 9999", text)
	}
	return i, nil
}

// Day is one day of a month's calendar.
type Day struct {
	Date    string `json:"date"`
	Weekday string `json:"weekday"`
	Working bool   `json:"working"`
	Why     string `json:"why,omitempty"`    // it is no working day
	Clocks  string `json:"clocks,omitempty"` // how the clocks change on it
}

// Month returns the days of a month. The code of its error is month_invalid.
func (c Calendar) Month(year int, month time.Month) ([]Day, error) {
	if year < firstYear || year > lastYear || month < time.January || month > time.December {
		return nil, rogatory.Fault(rogatory.Invalid, "month_invalid", "%d-%02d is no month of the years %d to %d", year, month, firstYear, lastYear)
	}
	var days []Day
	for t := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC); t.Month() == month; t = t.AddDate(0, 0, 1) {
		d := dateOf(t)
		off, ok := c.working(d)
		why := off.String()
		if !c.exists(d) {
			why, ok = "there was no such day", false
		}
		days = append(days, Day{Date: d.String(), Weekday: t.Weekday().String(), Working: ok, Why: why, Clocks: c.change(d)})
	}
	return days, nil
}

// change says how the clocks change on a day, which is the one that they show afterwards.
func (c Calendar) change(d day) string {
	list := segments(d, c.location())
	for i, s := range list[1:] {
		if s.offset != list[i].offset && dateOf(time.Unix(s.from, 0).In(c.location())) == d {
			was := time.Unix(s.from+list[i].offset, 0).UTC()
			return fmt.Sprintf("clocks go from %s to %s", was.Format("15:04"), time.Unix(s.from+s.offset, 0).UTC().Format("15:04"))
		}
	}
	return ""
}
