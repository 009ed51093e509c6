// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"time"

	"rogatory"
	"rogatory/deadline"
	"rogatory/desk"
	"rogatory/docket"
)

// appointmentView is one deadline of a month.
type appointmentView struct {
	docket.Appointment
	Clock clockView
	Them  string
	Off   []string // why the day is no working day: here, there
}

// dayView is one square of the grid.
type dayView struct {
	Number int    // 0 before the first and after the last of the month
	Date   string // as the calendar files write it
	Off    string // why it is no working day here; empty on a working day
	Today  bool
	Due    []appointmentView
	Rest   int // more than are shown
}

type agendaView struct {
	Month        string
	Weeks        [][]dayView
	All          []appointmentView
	More         bool
	Before, Next string // addresses of the months around
	Zone         string
}

// monthForm is how the address names a month.
const monthForm = "2006-01"

// daysOfWeek begin with Monday, as ISO 8601 has it and most of the eight languages.
var daysOfWeek = []string{"monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"}

// agenda shows what runs out in a month, as a grid and as a list of the same rows.
func (s *server) agenda(v *visit) error {
	zone := zoneNamed(zoneOf(s.party(s.Office.Us.State)))
	today := v.now.Time().In(zone)
	first := time.Date(today.Year(), today.Month(), 1, 0, 0, 0, 0, zone)
	if asked, err := time.ParseInLocation(monthForm, v.r.URL.Query().Get("month"), zone); err == nil && asked.Year() >= 1970 && asked.Year() < 9999 {
		first = asked
	}
	last := first.AddDate(0, 1, 0)
	all, more, err := s.Office.Agenda(v.ctx, v.by, rogatory.At(first), rogatory.At(last))
	if err != nil {
		return err
	}
	month, err := s.Office.Rules.Calendars.Of(s.Office.Us.State).Month(first.Year(), first.Month())
	if err != nil {
		return err
	}
	view := s.agendaOf(v, first, month, all)
	view.More = more || view.More
	return v.show(http.StatusOK, agendaScreen(v.frame(v.loc.T("agenda.title"), "agenda"), view))
}

// Limits of what one page shows, so that a busy month crosses a slow line: the day says how many there are, and the
// inbox has them all.
const (
	dayShown    = 2
	agendaShown = 60
)

// agendaOf arranges the deadlines of a month as a grid and as a list.
func (s *server) agendaOf(v *visit, first time.Time, month []deadline.Day, all []docket.Appointment) agendaView {
	zone, today := first.Location(), v.now.Time().In(first.Location()).Format(time.DateOnly)
	link := func(t time.Time) string { return Prefix + "agenda?month=" + t.Format(monthForm) }
	view := agendaView{Month: v.loc.MonthOf(first.Year(), first.Month()), More: len(all) > agendaShown, Before: link(first.AddDate(0, -1, 0)), Next: link(first.AddDate(0, 1, 0)), Zone: zone.String()}
	byDay := map[int][]docket.Appointment{}
	for i, a := range all {
		day := a.Deadline.Due.Time().In(zone).Day()
		byDay[day] = append(byDay[day], a)
		if i < agendaShown {
			view.All = append(view.All, s.appointment(v, a))
		}
	}
	week := make([]dayView, (int(first.Weekday())+6)%7)
	for i, d := range month {
		day := dayView{Number: i + 1, Date: d.Date, Today: d.Date == today, Rest: max(0, len(byDay[i+1])-dayShown)}
		if !d.Working {
			day.Off = d.Why
		}
		for _, a := range byDay[i+1][:len(byDay[i+1])-day.Rest] {
			day.Due = append(day.Due, s.appointment(v, a))
		}
		if week = append(week, day); len(week) == len(daysOfWeek) {
			view.Weeks, week = append(view.Weeks, week), nil
		}
	}
	if len(week) > 0 {
		view.Weeks = append(view.Weeks, append(week, make([]dayView, len(daysOfWeek)-len(week))...))
	}
	return view
}

func (s *server) appointment(v *visit, a docket.Appointment) appointmentView {
	view := appointmentView{Appointment: a, Clock: s.clockOf(v.loc, a.Deadline, v.now, a.File.Them.State), Them: s.name(v.loc, a.File.Them.State)}
	for _, code := range []rogatory.StateCode{a.File.Us.State, a.File.Them.State} {
		if s.dayOff(code, a.Deadline.Due) {
			view.Off = append(view.Off, v.loc.T("agenda.off", "state", s.name(v.loc, code)))
		}
	}
	return view
}

// dayOff reports whether nobody works by day in a State when something is due, by its own clock. A State whose calendar
// nobody has given is taken for one that works.
func (s *server) dayOff(code rogatory.StateCode, due rogatory.Instant) bool {
	local := due.Time().In(zoneNamed(zoneOf(s.party(code))))
	month, err := s.Office.Rules.Calendars.Of(code).Month(local.Year(), local.Month())
	return err == nil && local.Day() <= len(month) && !month[local.Day()-1].Working
}

// feedLength is how far the calendar file looks ahead.
const feedLength = 366 * 24 * time.Hour

// agendaFile gives the deadlines ahead to a calendar program: a reference and a moment, and nothing of the case.
func (s *server) agendaFile(v *visit) error {
	all, _, err := s.Office.Agenda(v.ctx, v.by, v.now, rogatory.At(v.now.Time().Add(feedLength)))
	if err != nil {
		return err
	}
	var events []desk.Event
	for _, a := range all {
		due := a.Deadline.Due
		events = append(events, desk.Event{ID: rogatory.DigestOf([]byte(string(a.File.ID) + " " + a.Deadline.Name)).String()[:32], From: due, To: due, Summary: string(a.File.ID), Description: v.loc.DeadlineName(a.Deadline.Name)})
	}
	v.w.Header().Set("Content-Type", "text/calendar; charset=utf-8")
	v.w.Header().Set("Content-Disposition", `attachment; filename="deadlines.ics"`)
	_, err = v.w.Write(desk.Calendar("Deadlines", v.now, events))
	return err
}
