// SPDX-License-Identifier: Apache-2.0

package console

import (
	"slices"

	"rogatory"
	"rogatory/language"
	"rogatory/plot"
	"rogatory/treaty/status"
)

// wayStep is a day on which the way to the fortieth instrument moved.
type wayStep struct {
	Day         string
	Signed      []string // names
	Consented   []string
	Left        []string
	Signatories int // by that day
	Counted     int // instruments that count towards the forty, by that day
}

type wayView struct {
	Steps   []wayStep
	Unknown []string // who is said to have consented on a day that is not known
	Drawing string
	Needed  int
	MapURL  string
	AsOf    string
}

// maxNames is how many names a cell shows before it folds.
const maxNames = 6

// way lists each day on which a State signed, consented or left, with what the treaty desk counts by then.
func (s *server) way(l *language.Locale, theme string, now rogatory.Instant) wayView {
	desk, today := s.Office.Rules.Desk, status.DateOf(now.Time())
	view := wayView{Needed: desk.Tally(today).Needed, AsOf: desk.Book().AsOf.String(), MapURL: Prefix + "treaty/map.svg?day=" + desk.Book().AsOf.String() + "&lang=" + l.Tag()}
	if theme != themes[0] {
		view.MapURL += "&theme=" + theme
	}
	var day status.Date
	var days []status.Date
	for _, e := range byLatest(desk.Timeline()) {
		if e.What != "signature" && e.What != "consent" && e.What != "withdrawal" {
			continue
		}
		at := e.Latest()
		if at == 0 && e.What == "consent" {
			view.Unknown = append(view.Unknown, l.State(e.State))
		}
		if at == 0 || at > today {
			continue
		}
		if at != day {
			t := desk.Tally(at)
			view.Steps = append(view.Steps, wayStep{Day: l.Day(rogatory.At(at.Time()), zoneNamed("UTC")), Signatories: t.Signatories, Counted: len(t.Dated)})
			day, days = at, append(days, at)
		}
		step := &view.Steps[len(view.Steps)-1]
		switch e.What {
		case "signature":
			step.Signed = append(step.Signed, l.State(e.State))
		case "consent":
			step.Consented = append(step.Consented, l.State(e.State))
		case "withdrawal":
			step.Left = append(step.Left, l.State(e.State))
		}
	}
	if len(days) == 0 {
		return view
	}
	first := days[0] - 1
	since := func(d status.Date) int { return int(d - first) }
	signed, counted := plot.Row{Class: "thin"}, plot.Row{Class: "thick"}
	for i, step := range view.Steps {
		signed.Stairs = append(signed.Stairs, plot.Stair{Days: since(days[i]), Value: step.Signatories, Words: step.Day})
		counted.Stairs = append(counted.Stairs, plot.Stair{Days: since(days[i]), Value: step.Counted, Words: step.Day})
	}
	month := func(d status.Date) string { return l.MonthOf(d.Time().Year(), d.Time().Month()) }
	view.Drawing = plot.Stairs(plot.Words{Title: l.T("way.title"), Description: l.T("way.drawn"), RightToLeft: l.Dir() == language.RightToLeft},
		[]plot.Row{signed, counted}, since(today), []plot.Mark{{Days: 0, Label: month(days[0])}, {Days: since(today), Label: month(today)}},
		plot.Goal{Value: view.Needed, Label: l.T("way.goal", "n", view.Needed)})
	return view
}

// byLatest puts events in the order of the last day on which they can have happened: a State counts when it has surely
// signed.
func byLatest(all []status.Event) []status.Event {
	slices.SortStableFunc(all, func(a, b status.Event) int { return int(a.Latest() - b.Latest()) })
	return all
}

// deedView is what a State did, or what follows from it.
type deedView struct {
	Day      string
	What     string // names the words
	Computed bool
	Verified bool
}

// dayWords writes a day as well as it is known.
func dayWords(l *language.Locale, w status.When) string {
	day := func(d status.Date) string { return l.Day(rogatory.At(d.Time()), zoneNamed("UTC")) }
	switch {
	case w.On != 0:
		return day(w.On)
	case w.Latest() != 0:
		return l.T("way.between", "from", day(w.Earliest()), "to", day(w.Latest()))
	}
	return l.T("way.unknown")
}

// deedsOf is the part of a State in the timeline.
func (s *server) deedsOf(l *language.Locale, code rogatory.StateCode) (all []deedView) {
	for _, e := range s.Office.Rules.Desk.Timeline() {
		if e.State != code {
			continue
		}
		all = append(all, deedView{Day: dayWords(l, e.When), What: e.What, Computed: e.Computed, Verified: e.Verified})
	}
	return all
}
