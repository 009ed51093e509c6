// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"rogatory/deadline"
)

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
		return nil, in(path("version"), fmt.Errorf("%.60q is no version: write 2026-11-25.1", r.Version))
	case !r.State.Valid():
		return nil, in(path("state"), fmt.Errorf("%.10q is no State's code", r.State))
	case !numberForm.MatchString(r.Number):
		return nil, in(path("number"), fmt.Errorf("%.40q is no telephone number: write +43 1 2345678", r.Number))
	case len(r.Rules) > MaxRules:
		return nil, in(path("rules"), fmt.Errorf("%d rules, at most %d are read", len(r.Rules), MaxRules))
	case len(r.Rotations) > MaxRules:
		return nil, in(path("rotations"), fmt.Errorf("%d rotations, at most %d are read", len(r.Rotations), MaxRules))
	case len(r.Overrides) > MaxChanges:
		return nil, in(path("overrides"), fmt.Errorf("%d overrides, at most %d are read: remove those that are past", len(r.Overrides), MaxChanges))
	case len(r.Swaps) > MaxChanges:
		return nil, in(path("swaps"), fmt.Errorf("%d swaps, at most %d are read: remove those that are past", len(r.Swaps), MaxChanges))
	}
	var err error
	if r.zone, err = zone(zones, r.Zone, nil); err != nil {
		return nil, in(path("zone"), err)
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

// known refuses the id of a person who is not in the rota.
func (r *Rota) known(id string) error {
	if _, ok := r.Person(id); !ok {
		return fmt.Errorf("person %.60q is not among the people", id)
	}
	return nil
}

func (r *Rota) preparePeople(deadline.Zones) error {
	if len(r.People) == 0 || len(r.People) > MaxPeople {
		return in(path("people"), fmt.Errorf("%d people: from 1 to %d can be named", len(r.People), MaxPeople))
	}
	seen := names{}
	for i, p := range r.People {
		place := path("people", i)
		if err := seen.add(p.ID); err != nil {
			return in(place, err)
		}
		if p.Name == "" || len([]rune(p.Name)) > maxName || !plainText(p.Name) {
			return in(place, fmt.Errorf("the name of %q is missing, longer than %d characters, or not one line", p.ID, maxName))
		}
		roles := names{}
		for _, role := range p.Roles {
			if err := roles.add(role); err != nil {
				return in(place, fmt.Errorf("roles: %w", err))
			}
		}
	}
	return cmp.Or(in(path("fallback"), r.known(r.Fallback)), in(path("head"), r.known(r.Head)))
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
		v, place := &r.Rotations[i], path("rotations", i)
		if err := seen.add(v.ID); err != nil {
			return in(place, err)
		}
		unit, ok := units[v.Unit]
		switch {
		case !ok:
			return in(place, fmt.Errorf("unit %.20q: write hour, day or week", v.Unit))
		case v.Every < 1 || v.Every > MaxEvery:
			return in(place, fmt.Errorf("every %d %ss: from 1 to %d can be given", v.Every, v.Unit, MaxEvery))
		case len(v.People) == 0 || len(v.People) > MaxTurns:
			return in(place, fmt.Errorf("%d people: from 1 to %d can take turns", len(v.People), MaxTurns))
		}
		v.turn = unit * int64(v.Every)
		for _, id := range v.People {
			if err := r.known(id); err != nil {
				return in(place, err)
			}
		}
		var err error
		if v.zone, err = zone(zones, v.Zone, r.zone); err != nil {
			return in(place, err)
		}
		if v.start, err = readWall(v.Start); err != nil {
			return in(place, fmt.Errorf("start: %w", err))
		}
	}
	return nil
}

func (r *Rota) prepareRules(zones deadline.Zones) error {
	if len(r.Rules) == 0 {
		return in(path("rules"), errors.New("there is no rule, so that nobody but the fallback person would be on duty"))
	}
	seen := names{}
	for i := range r.Rules {
		v := &r.Rules[i]
		if err := cmp.Or(seen.add(v.ID), r.prepareRule(v, zones)); err != nil {
			return in(path("rules", i), err)
		}
	}
	return nil
}

func (r *Rota) prepareRule(v *Rule, zones deadline.Zones) (err error) {
	v.always, v.days, v.rotation = false, [7]bool{}, nil // of the rota that this one was copied from
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
		v, place := &r.Overrides[i], path("overrides", i)
		if err := cmp.Or(seen.add(v.ID), r.known(v.Person)); err != nil {
			return in(place, err)
		}
		if v.stretch, err = r.between(v.From, v.To); err != nil {
			return in(place, err)
		}
		if err := times.add(v.ID, v.stretch); err != nil {
			return in(place, err)
		}
	}
	return nil
}

func (r *Rota) prepareTemporary(deadline.Zones) (err error) {
	seen, times, shifts := names{}, apart{}, 0
	for i := range r.Temporary {
		v, place := &r.Temporary[i], path("temporary", i)
		if err := seen.add(v.ID); err != nil {
			return in(place, err)
		}
		if shifts += len(v.Shifts); len(v.Shifts) == 0 || shifts > MaxChanges {
			return in(place, fmt.Errorf("it has %d shifts: at least 1, and at most %d in all, are read", len(v.Shifts), MaxChanges))
		}
		if v.from, err = readMoment(v.From, r.zone); err != nil {
			return in(place, fmt.Errorf("from: %w", err))
		}
		v.Shifts, v.to = slices.Clone(v.Shifts), v.from
		for j := range v.Shifts {
			s, place := &v.Shifts[j], append(slices.Clone(place), "shifts", j)
			if err := r.known(s.Person); err != nil {
				return in(place, err)
			}
			if s.until, err = readMoment(s.Until, r.zone); err != nil {
				return in(place, fmt.Errorf("until: %w", err))
			}
			if s.until <= v.to {
				return in(place, fmt.Errorf("it lasts until %s, which is not after its beginning", s.Until))
			}
			v.to = s.until
		}
		if err := times.add(v.ID, v.stretch); err != nil {
			return in(place, err)
		}
	}
	return nil
}

func (r *Rota) prepareSwaps(deadline.Zones) (err error) {
	seen, times := names{}, apart{}
	for i := range r.Swaps {
		v, place := &r.Swaps[i], path("swaps", i)
		if err := cmp.Or(seen.add(v.ID), r.known(v.One.Person), r.known(v.Other.Person)); err != nil {
			return in(place, err)
		}
		if v.One.Person == v.Other.Person {
			return in(place, errors.New("a swap is between two people"))
		}
		for _, h := range []*Half{&v.One, &v.Other} {
			if h.stretch, err = r.between(h.From, h.To); err != nil {
				return in(place, err)
			}
			if err := times.add(v.ID+" of "+h.Person, h.stretch); err != nil {
				return in(place, err)
			}
		}
	}
	return nil
}
