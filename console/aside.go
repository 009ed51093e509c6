// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
)

// asideForm is what somebody typed to put a request aside: kept as it is when it could not be taken.
type asideForm struct {
	Until string
	Why   string
	Fault *rogatory.Error
}

func asideOf(r *http.Request) asideForm {
	return asideForm{Until: r.PostFormValue("until"), Why: r.PostFormValue("why")}
}

// until reads the moment, in the zone of our desk, which stands beside the field; zero if it is none.
func (a asideForm) until(v *visit) rogatory.Instant {
	t, err := time.ParseInLocation(inputTime, strings.TrimSpace(a.Until), zoneNamed(zoneOf(v.s.party(v.s.Office.Us.State))))
	if err != nil || t.Year() < 1970 || t.Year() > 9999 {
		return 0
	}
	return rogatory.At(t)
}

// startOfShift is when a working day begins: what is put aside until tomorrow comes back then.
const startOfShift = 9

// tomorrow is what a fresh form says.
func (f frame) tomorrow() string {
	t := at(f.Now, f.Zone)
	return time.Date(t.Year(), t.Month(), t.Day()+1, startOfShift, 0, 0, 0, t.Location()).Format(inputTime)
}

// untilText is a moment as a form carries it.
func untilText(i rogatory.Instant) string {
	if i == 0 {
		return ""
	}
	return i.String()
}

// untilWords is such a moment for people.
func (f frame) untilWords(text string) string {
	var i rogatory.Instant
	if i.UnmarshalText([]byte(text)) != nil {
		return ""
	}
	return f.When(i, f.Zone)
}

// aside puts one request aside, or takes it up again. A form that could not be taken stays open on the request's page.
func (s *server) aside(v *visit) error {
	id := rogatory.RequestID(v.r.PathValue("id"))
	from := "requests/" + string(id)
	if v.r.PostFormValue("back") != "" {
		if err := s.Office.TakeUp(v.ctx, v.by, id); err != nil {
			return err
		}
		v.say("aside.taken", "id", id)
		if v.r.PostFormValue("from") == "inbox" {
			from = "inbox"
		}
		return v.to(from)
	}
	form := asideOf(v.r)
	until := form.until(v)
	err := s.Office.PutAside(v.ctx, v.by, id, until, form.Why)
	if e := faultOf(err); e != nil && e.Kind == rogatory.Invalid {
		form.Fault = e
		return s.requestWith(v, form)
	}
	if err != nil {
		return err
	}
	v.say("aside.done", "time", when(v.loc, until, zoneOf(s.party(s.Office.Us.State))))
	return v.to(from)
}

// maxRecent is how many requests a session remembers: what a person goes back and forth between.
const maxRecent = 5

// opened remembers that this session opened a request, the last one first.
func (v *visit) opened(id rogatory.RequestID) {
	ids := slices.DeleteFunc(v.recent(), func(o rogatory.RequestID) bool { return o == id })
	ids = append([]rogatory.RequestID{id}, ids...)
	var text []string
	for _, id := range ids[:min(len(ids), maxRecent)] {
		text = append(text, string(id))
	}
	v.s.sessions.Put(v.ctx, sessionRecent, strings.Join(text, " "))
}

func (v *visit) recent() (ids []rogatory.RequestID) {
	for _, id := range strings.Fields(v.s.sessions.GetString(v.ctx, sessionRecent)) {
		ids = append(ids, rogatory.RequestID(id))
	}
	return ids
}

// recentFiles are those that are there still.
func (s *server) recentFiles(v *visit) (all []docket.File, err error) {
	for _, id := range v.recent() {
		f, err := s.Office.File(v.ctx, id)
		if rogatory.KindOf(err) == rogatory.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// maxGlance is how many characters of a reason stand in a line of the inbox; the request's page has all of it.
const maxGlance = 80

func glanced(a docket.Aside) docket.Aside {
	if r := []rune(a.Why); len(r) > maxGlance {
		a.Why = string(r[:maxGlance]) + "…"
	}
	return a
}
