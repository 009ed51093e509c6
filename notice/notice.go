// SPDX-License-Identifier: Apache-2.0

// Package notice decides what a person of the office is told outside the console, and when: something was given to
// them, an answer came on what they hold, a deadline comes near, an approval is asked of them.
//
// It is pure: choices, events and an instant in, what goes out now in. It promises that nobody is told who has not
// chosen it; that nothing goes out in a person's quiet hours; that an hour which the clocks leave out or repeat is
// met once. Duty is none of its business: the pages of package alarm know no quiet hours.
//
// It refuses a choice that names no channel, nothing to be told of, a language that is not spoken, or a zone that
// is not in the database of zones.
//
// What goes out has no field for a case: a person's own number of an event is all there is.
package notice

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Sort says what an event is about.
type Sort string

// The sorts.
const (
	Assigned Sort = "assigned" // a colleague gave a request to the person
	Answered Sort = "answered" // a message of the other State came on a request that the person holds
	Due      Sort = "due"      // a deadline of a request that the person holds comes near
	Approval Sort = "approval" // a colleague's draft was given to a person who may send it
	Vote     Sort = "vote"     // a colleague of another role stands for an act that takes more people
)

// Sorts lists all sorts.
func Sorts() []Sort { return []Sort{Assigned, Answered, Due, Approval, Vote} }

// Bounds of a choice.
const (
	MaxDays     = 60 // more is no warning but a plan; that is what the agenda is for
	MaxChannels = 10 // of a person: whoever needs more is not reached by any
	maxZone     = 64
	maxChoice   = 4 << 10 // bytes of a stored choice
)

// Clock is a time on the wall, in minutes since midnight.
type Clock int

const dayMinutes = 24 * 60

// ParseClock reads "22:30"; false if it is none.
func ParseClock(s string) (Clock, bool) {
	t, err := time.Parse("15:04", s)
	if err != nil || len(s) != len("15:04") {
		return 0, false
	}
	return Clock(t.Hour()*60 + t.Minute()), true
}

// String writes a time as "22:30".
func (c Clock) String() string {
	return time.Date(2000, 1, 1, int(c)/60, int(c)%60, 0, 0, time.UTC).Format("15:04")
}

// Choice is how a person wants to be told.
type Choice struct {
	Language string   `json:"language"` // BCP 47
	Channels []string `json:"channels"` // of the pager, by name
	About    []Sort   `json:"about"`
	Days     int      `json:"days,omitempty"`  // before a deadline; only with Due
	Zone     string   `json:"zone"`            // tz name, of the hours below
	Daily    bool     `json:"daily,omitempty"` // all together, once a day
	Hour     Clock    `json:"hour,omitempty"`  // of the daily notice
	// Quiet is from QuietFrom until QuietTo, over midnight if that is earlier; equal times are no quiet hours.
	QuietFrom Clock `json:"quiet_from,omitempty"`
	QuietTo   Clock `json:"quiet_to,omitempty"`
}

// Check says the first thing that is wrong with a choice (notice_choice_invalid). zones loads a zone by its tz name,
// spoken are the languages there are.
func (c Choice) Check(zones func(string) (*time.Location, error), spoken []string) error {
	wrong := func(words string) error {
		return rogatory.Fault(rogatory.Invalid, "notice_choice_invalid", "how a person is told: %s", words)
	}
	clock := func(t Clock) bool { return t >= 0 && t < dayMinutes }
	twice := func(n int, at func(i, j int) bool) bool {
		for i := range n {
			for j := range i {
				if at(i, j) {
					return true
				}
			}
		}
		return false
	}
	switch {
	case !slices.Contains(spoken, c.Language):
		return wrong("the language is not spoken here")
	case len(c.Channels) == 0 || len(c.Channels) > MaxChannels || slices.Contains(c.Channels, "") || strings.ContainsAny(strings.Join(c.Channels, ""), " \n"):
		return wrong("between one and ten channels are needed")
	case len(c.About) == 0 || slices.ContainsFunc(c.About, func(s Sort) bool { return !slices.Contains(Sorts(), s) }):
		return wrong("there is nothing to be told of")
	case twice(len(c.Channels), func(i, j int) bool { return c.Channels[i] == c.Channels[j] }), twice(len(c.About), func(i, j int) bool { return c.About[i] == c.About[j] }):
		return wrong("a channel or a reason stands twice")
	case slices.Contains(c.About, Due) && (c.Days < 1 || c.Days > MaxDays):
		return wrong("a deadline is told between 1 and 60 days before")
	case !clock(c.Hour) || !clock(c.QuietFrom) || !clock(c.QuietTo):
		return wrong("an hour is not between 00:00 and 23:59")
	}
	if _, err := c.location(zones); err != nil {
		return wrong("the zone is not in the database of zones")
	}
	return nil
}

func (c Choice) location(zones func(string) (*time.Location, error)) (*time.Location, error) {
	if c.Zone == "" || len(c.Zone) > maxZone {
		return nil, errors.New("no zone")
	}
	return zones(c.Zone)
}

// Read reads a choice as it was stored. After an error it returns nothing else. The code of its error is
// notice_choice_invalid.
func Read(data []byte) (Choice, error) {
	var c Choice
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	err := dec.Decode(&c)
	if err == nil {
		if _, more := dec.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("something follows it")
		}
	}
	if err != nil || len(data) > maxChoice {
		return Choice{}, rogatory.Fault(rogatory.Invalid, "notice_choice_invalid", "read how a person is told: %d bytes that are no choice", len(data))
	}
	return c, nil
}
