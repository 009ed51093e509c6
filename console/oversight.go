// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/oversight"
)

func (s *server) oversightRoutes(mux *http.ServeMux) {
	s.page(mux, "GET oversight", (*server).oversight)
}

// patternView is a pattern in words, with the requests to look at.
type patternView struct {
	Words    string
	Requests []rogatory.RequestID
}

// lookView is a request to look at first.
type lookView struct {
	Request rogatory.RequestID
	Weight  string
	Signs   string
}

// seedView is a fictitious request and its outcome.
type seedView struct {
	Request rogatory.RequestID
	Outcome string
}

type oversightView struct {
	Counted, Thresholds string
	Alarms              []patternView
	Look                []lookView
	Seeds               []seedView
}

// lookAt is how many requests the screen ranks: a sample that a person reads in a morning, within the budget of a page.
const lookAt = 25

// shownOf is how many requests of one alarm are linked; the command line and the body's own copy have the others.
const shownOf = 8

// alarmsShown is how many alarms fit the budget of a page in any language.
const alarmsShown = 40

// oversight shows what stands out, to the role oversight alone: it names reviewers, and what is fictitious.
func (s *server) oversight(v *visit) error {
	w, err := s.Office.Watch(v.ctx, v.by)
	if err != nil {
		return err
	}
	rules := s.Office.Oversight
	view := oversightView{Counted: v.loc.T("oversight.counted", "count", int64(w.Cases), "from", w.From, "to", w.Entries)}
	if !rules.Verified {
		view.Thresholds = v.loc.T("oversight.thresholds", "version", rules.Version)
	}
	for _, a := range w.Alarms[:min(len(w.Alarms), alarmsShown)] {
		view.Alarms = append(view.Alarms, patternView{oversightWords(v.loc, a, s.name(v.loc, a.State), time.UTC), a.Requests[:min(len(a.Requests), shownOf)]})
	}
	for _, r := range w.Ranked[:min(len(w.Ranked), lookAt)] {
		if r.Score == 0 {
			break
		}
		view.Look = append(view.Look, lookView{r.ID, v.loc.Number(int64(r.Score)), signsOf(v.loc, r.Signs)})
	}
	for _, o := range w.Outcomes {
		view.Seeds = append(view.Seeds, seedView{o.Request, seedWords(v.loc, o)})
	}
	return v.show(http.StatusOK, oversightScreen(v.frame(v.loc.T("oversight.title"), "oversight"), view))
}

func oversightWords(l *language.Locale, a oversight.Alarm, state string, zone *time.Location) string {
	return l.T(a.Key(), "state", state, "name", a.Person, "count", int64(a.Count), "of", int64(a.Of), "minutes", int64(a.Minutes), "time", l.Moment(a.From, zone))
}

func signsOf(l *language.Locale, signs []string) string {
	var words []string
	for _, sign := range signs {
		words = append(words, l.T("oversight.sign."+sign))
	}
	return strings.Join(words, " · ")
}

func seedWords(l *language.Locale, o oversight.Outcome) string {
	if o.Decision == "" {
		return l.T("oversight.seed.open")
	}
	return l.T("oversight.seed.decided", "act", l.Done(o.Decision), "name", o.By, "time", strconv.FormatInt(o.Seconds, 10))
}

// watchesOver reports whether the person is of the oversight body.
func watchesOver(by rogatory.Actor) bool { return by.Role == rogatory.Overseer }
