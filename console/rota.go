// SPDX-License-Identifier: Apache-2.0

package console

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
)

// Rota changes who is on duty. What leaves a gap or does not fit is refused whole.
type Rota interface {
	AddOverride(ctx context.Context, by rogatory.Actor, o desk.Override) error
	AddSwap(ctx context.Context, by rogatory.Actor, s desk.Swap) error
}

// runView is a stretch of one person's duty within a day, in half hours from its beginning.
type runView struct {
	From, Length int
	Class        string
	Name         string
}

type weekDay struct {
	desk.GridDay
	Label string
	Runs  []runView
}

type rotaView struct {
	State        alarm.State
	Days         []weekDay
	People       []desk.Person
	Shifts       []desk.Duty
	Zone         string
	Before, Next string
	Override     []field
	Swap         []field
	MayChange    bool
	Version      string
}

// colours is how many people the grid tells apart by their pattern; their names stand beside it all the same.
const colours = 6

func mayRota(role rogatory.OfficerRole) bool {
	return role == rogatory.DutyOfficer || role == rogatory.Decider || role == rogatory.Administrator
}

func (s *server) rotaPage(v *visit) error { return s.showRota(v, http.StatusOK, nil, nil) }

func (s *server) showRota(v *visit, status int, override, swap []field) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	rota, err := s.Desk.Rota()
	if err != nil {
		return err
	}
	view := rotaView{Zone: rota.Zone, People: rota.People, Version: rota.Version, MayChange: s.Rota != nil && mayRota(v.by.Role)}
	if view.State, err = s.Desk.State(v.ctx); err != nil {
		return err
	}
	zone := zoneNamed(rota.Zone)
	day := v.now.Time().In(zone)
	if asked, err := time.ParseInLocation(time.DateOnly, v.r.URL.Query().Get("week"), zone); err == nil && asked.Year() >= 2000 && asked.Year() < 2100 {
		day = asked
	}
	monday := time.Date(day.Year(), day.Month(), day.Day()-(int(day.Weekday())+6)%7, 0, 0, 0, 0, zone)
	link := func(t time.Time) string { return Prefix + "rota?week=" + t.Format(time.DateOnly) }
	view.Before, view.Next = link(monday.AddDate(0, 0, -7)), link(monday.AddDate(0, 0, 7))
	days, err := s.Desk.Grid(rogatory.At(monday), len(daysOfWeek))
	if err != nil {
		return err
	}
	place := map[string]int{}
	for i, p := range rota.People {
		place[p.ID] = i
	}
	for i, d := range days {
		day := weekDay{GridDay: d, Label: v.loc.T("agenda."+daysOfWeek[i%len(daysOfWeek)]) + " " + d.Date[len("2026-11-"):]}
		for at, c := range d.Cells {
			class, name := fmt.Sprintf("who%d", place[c.Person]%colours), ""
			if p, ok := rota.Person(c.Person); ok {
				name = p.Name
			}
			if c.Gap {
				class, name = "gap", v.loc.T("rota.gap")
			}
			if c.Person == "" && !c.Gap {
				class = "none"
			}
			if n := len(day.Runs); n > 0 && day.Runs[n-1].Class == class && day.Runs[n-1].Name == name {
				day.Runs[n-1].Length++
				continue
			}
			day.Runs = append(day.Runs, runView{at, 1, class, name})
		}
		view.Days = append(view.Days, day)
	}
	if view.Shifts, err = desk.Shifts(rota, rogatory.At(monday), rogatory.At(monday.AddDate(0, 0, 7))); err != nil {
		return err
	}
	view.Override, view.Swap = override, swap
	if override == nil {
		view.Override = s.overrideForm(v, rota, nil)
	}
	if swap == nil {
		view.Swap = s.swapForm(v, rota, nil)
	}
	return v.show(status, rotaScreen(v.frame(v.loc.T("rota.title"), "rota"), view))
}

func peopleOptions(r *desk.Rota) []option {
	var all []option
	for _, p := range r.People {
		all = append(all, option{p.ID, p.Name})
	}
	return all
}

// The forms ask for times of the rota's wall clock: that is what people agree on.
func (s *server) overrideForm(v *visit, r *desk.Rota, values map[string]string) []field {
	l := v.loc
	return []field{{Name: "person", Label: l.T("rota.person"), Form: "select", Options: peopleOptions(r), Value: values["person"], Needed: true},
		{Name: "from", Label: l.T("rota.from"), Form: "local", Value: values["from"], Needed: true},
		{Name: "to", Label: l.T("rota.to"), Form: "local", Value: values["to"], Needed: true},
		{Name: "note", Label: l.T("rota.note"), Form: "text", Value: values["note"]}}
}

func (s *server) swapForm(v *visit, r *desk.Rota, values map[string]string) []field {
	l := v.loc
	var all []field
	for _, n := range []string{"one", "other"} {
		all = append(all, field{Name: n, Label: l.T("rota." + n), Form: "select", Options: peopleOptions(r), Value: values[n], Needed: true},
			field{Name: n + "_from", Label: l.T("rota.from"), Form: "local", Value: values[n+"_from"], Needed: true},
			field{Name: n + "_to", Label: l.T("rota.to"), Form: "local", Value: values[n+"_to"], Needed: true})
	}
	return append(all, field{Name: "note", Label: l.T("rota.note"), Form: "text", Value: values["note"]})
}

// changed takes what a form says of the rota, or shows it again with what to mend.
func (s *server) changed(v *visit, form func(*visit, *desk.Rota, map[string]string) []field, add func(values map[string]string, id string) error, show func(int, []field) error) error {
	if s.Desk == nil || s.Rota == nil {
		return s.noDesk()
	}
	if err := v.r.ParseForm(); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	rota, err := s.Desk.Rota()
	if err != nil {
		return err
	}
	values := typed(v.r)
	fields := form(v, rota, values)
	bad := false
	for i, f := range fields {
		if f.Needed && strings.TrimSpace(f.Value) == "" {
			fields[i].Wrong, bad = v.loc.T("wrong.missing", "label", f.Label), true
		}
	}
	if bad {
		return show(http.StatusUnprocessableEntity, fields)
	}
	id := fmt.Sprintf("c%d", v.now.Time().Unix())
	if err := add(values, id); err != nil {
		e := faultOf(err)
		if e == nil || e.Kind == rogatory.Internal || e.Kind == rogatory.Denied {
			return err
		}
		fields[0].Wrong = faultWords(v.loc, e).Words
		if english := faultWords(v.loc, e).English; english != "" {
			fields[0].Hint = english
		}
		return show(statusOf(err), fields)
	}
	s.lookAgain()
	v.say("rota.saved")
	return v.to("rota")
}

func (s *server) overrideAdded(v *visit) error {
	return s.changed(v, s.overrideForm, func(x map[string]string, id string) error {
		return s.Rota.AddOverride(v.ctx, v.by, desk.Override{ID: id, From: x["from"], To: x["to"], Person: x["person"], Note: strings.TrimSpace(x["note"])})
	}, func(status int, f []field) error { return s.showRota(v, status, f, nil) })
}

func (s *server) swapAdded(v *visit) error {
	return s.changed(v, s.swapForm, func(x map[string]string, id string) error {
		return s.Rota.AddSwap(v.ctx, v.by, desk.Swap{ID: id, One: desk.Half{Person: x["one"], From: x["one_from"], To: x["one_to"]}, Other: desk.Half{Person: x["other"], From: x["other_from"], To: x["other_to"]}, Note: strings.TrimSpace(x["note"])})
	}, func(status int, f []field) error { return s.showRota(v, status, nil, f) })
}

// rotaFile gives a person's shifts to a calendar program.
func (s *server) rotaFile(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	rota, err := s.Desk.Rota()
	if err != nil {
		return err
	}
	data, err := desk.ICal(rota, v.r.URL.Query().Get("person"), v.now, rogatory.At(v.now.Time().Add(desk.MaxLook)))
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="duty.ics"`)
	_, err = v.w.Write(data)
	return err
}
