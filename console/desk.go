// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"
	"strings"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
)

// alarmView is one alarm with what was done to wake people.
type alarmView struct {
	alarm.Open
	Steps []string
	Ends  string // how it ended; empty while it is open
}

type pageView struct{ At, Channel, Provider, Code string }

type deskView struct {
	State   alarm.State
	Alarms  []alarmView
	Earlier []alarmView
	Unread  []noteView
	Notes   []noteView
	Pages   []pageView
	Note    field
	MayNote bool
}

type noteView struct {
	desk.Note
	By, ReadBy string
}

const (
	// lastAlarms and lastPages are what the desk's page shows of the past.
	lastAlarms = 10
	lastPages  = 30
	lastNotes  = 10
)

func (s *server) deskPage(v *visit) error { return s.showDesk(v, http.StatusOK, field{}) }

func (s *server) showDesk(v *visit, status int, note field) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	var view deskView
	var err error
	if view.State, err = s.Desk.State(v.ctx); err != nil {
		return err
	}
	open, err := s.Desk.Alarms(v.ctx, v.by)
	if err != nil {
		return err
	}
	earlier, err := s.Desk.Earlier(v.ctx, v.by, false, lastAlarms)
	if err != nil {
		return err
	}
	names := map[string]string{}
	if rota, err := s.Desk.Rota(); err == nil {
		for _, p := range rota.People {
			names[p.ID] = p.Name
			view.MayNote = view.MayNote || p.Name == v.by.Name
		}
	}
	view.Alarms = s.alarmsOf(v, open, names)
	view.Earlier = slices.DeleteFunc(s.alarmsOf(v, earlier, names), func(a alarmView) bool { return a.Ends == "" })
	notes, err := s.Desk.Notes(v.ctx, v.by)
	if err != nil {
		return err
	}
	unread, err := s.Desk.Unread(v.ctx, v.by)
	if err != nil {
		return err
	}
	name := func(id string) string {
		if n := names[id]; n != "" {
			return n
		}
		return id
	}
	for i, n := range notes {
		if i < lastNotes {
			view.Notes = append(view.Notes, noteView{n, name(n.By), name(n.ReadBy)})
		}
	}
	for _, n := range unread {
		view.Unread = append(view.Unread, noteView{n, name(n.By), ""})
	}
	pages, err := s.Desk.Deliveries(v.ctx, v.by, lastPages)
	if err != nil {
		return err
	}
	for _, p := range pages {
		view.Pages = append(view.Pages, pageView{when(v.loc, p.Begun, zoneOf(s.party(s.Office.Us.State))), p.Channel, p.Provider, p.Code})
	}
	view.Note = note
	if note.Name == "" {
		view.Note = s.noteField(v, "")
	}
	return v.show(status, deskScreen(v.frame(v.loc.T("desk.title"), "desk"), view))
}

func (s *server) noteField(v *visit, value string) field {
	return field{Name: "text", Label: v.loc.T("desk.note"), Hint: v.loc.T("desk.note.hint"), Form: "area", Needed: true, Value: value}
}

func (s *server) alarmsOf(v *visit, all []alarm.Open, names map[string]string) []alarmView {
	zone := zoneOf(s.party(s.Office.Us.State))
	var views []alarmView
	for _, o := range all {
		a := alarmView{Open: o}
		for _, t := range o.Alarm.Taken {
			for _, p := range t.Pages {
				name := names[p.Person]
				if name == "" {
					name = p.Person
				}
				a.Steps = append(a.Steps, v.loc.T("desk.paged", "name", name, "channel", p.Channel, "time", v.loc.Hour(t.At, zoneNamed(zone))))
			}
		}
		switch k := o.Alarm.Acknowledged; {
		case k != nil:
			name := names[k.By]
			if name == "" {
				name = k.By
			}
			a.Ends = v.loc.T("desk.answered", "name", name, "time", when(v.loc, k.At, zone))
		case o.Alarm.Withdrawn != 0:
			a.Ends = v.loc.T("desk.withdrawn", "time", when(v.loc, o.Alarm.Withdrawn, zone))
		}
		views = append(views, a)
	}
	return views
}

func (s *server) alarmAnswered(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	all, err := s.Desk.Alarms(v.ctx, v.by)
	if err != nil {
		return err
	}
	if _, err := s.Desk.Acknowledge(v.ctx, v.by, v.r.PathValue("id")); err != nil {
		return err
	}
	s.lookAgain()
	v.say("desk.yours")
	for _, a := range all {
		if a.Alarm.ID == v.r.PathValue("id") && a.Request != "" {
			return v.to("requests/" + string(a.Request))
		}
	}
	return v.to("desk")
}

func (s *server) noteLeft(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	note := s.noteField(v, strings.TrimSpace(v.r.PostFormValue("text")))
	if note.Value == "" {
		note.Wrong = v.loc.T("wrong.missing", "label", note.Label)
		return s.showDesk(v, http.StatusUnprocessableEntity, note)
	}
	if _, err := s.Desk.HandOver(v.ctx, v.by, note.Value, nil); err != nil {
		e := faultOf(err)
		if e == nil || e.Kind == rogatory.Internal {
			return err
		}
		note.Wrong = faultWords(v.loc, e).Words
		return s.showDesk(v, statusOf(err), note)
	}
	s.lookAgain()
	v.say("desk.left")
	return v.to("desk")
}

func (s *server) noteRead(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	if _, err := s.Desk.ReadNote(v.ctx, v.by, v.r.PathValue("id")); err != nil {
		return err
	}
	s.lookAgain()
	return v.to("desk")
}
