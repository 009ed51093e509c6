// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/alarm"
	"rogatory/desk"
	"rogatory/language"
	"rogatory/plot"
)

// drillRoutes are the screens of drills between States.
func (s *server) drillRoutes(mux *http.ServeMux) {
	s.page(mux, "GET drills", (*server).drillsPage)
	s.page(mux, "GET drills.csv", (*server).drillsFile)
	s.page(mux, "POST drills/{state}", (*server).drillSent)
}

const (
	// lastDrills is how many drills the screen lists; the file has all that the desk shows.
	lastDrills = 30
	// lastPeriods is how many periods the screen lists, newest first.
	lastPeriods = 12
)

// drillRow is a drill in words.
type drillRow struct {
	alarm.DrillLine
	When, Machine, Human string
}

// planRow is how one State is drilled, in words.
type planRow struct {
	alarm.NextDrill
	How, Next, Last string
}

// periodRow is figures with how they stand between the two States.
type periodRow struct {
	alarm.Compared
	Period, Human, Stands string
}

type drillsView struct {
	Plans   []planRow
	Drills  []drillRow
	Periods []periodRow
	Dots    string
	MaySend bool
	Zone    string
}

func (s *server) drillsPage(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	lines, err := s.Desk.Drills(v.ctx, v.by, "")
	if err != nil {
		return err
	}
	plans, err := s.Desk.DrillPlans(v.ctx, v.by)
	if err != nil {
		return err
	}
	figures, err := s.Desk.Figures(v.ctx, v.by, "")
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, drillsScreen(v.frame(v.loc.T("drills.title"), "drills"), s.drillsOf(v, plans, lines, figures)))
}

// drillsOf puts into words what the desk knows of drills.
func (s *server) drillsOf(v *visit, plans []alarm.NextDrill, lines []alarm.DrillLine, figures []alarm.Compared) drillsView {
	l := v.loc
	zone := zoneOf(s.party(s.Office.Us.State))
	view := drillsView{MaySend: mayAct(v.by.Role, rogatory.StartDrill), Zone: zone}
	day := func(at rogatory.Instant) string { return l.Day(at, zoneNamed(zone)) }
	for _, p := range plans {
		row := planRow{NextDrill: p, How: l.T("drills.plan.off")}
		if !p.Off {
			row.How = l.N("drills.plan.every", int64(p.Days))
		}
		if p.To != 0 {
			row.Next = l.T("drills.span", "from", day(p.From), "to", day(p.To))
		}
		if p.Last != 0 {
			row.Last = when(l, p.Last, zone)
		}
		view.Plans = append(view.Plans, row)
	}
	for _, d := range lines[:min(len(lines), lastDrills)] {
		row := drillRow{DrillLine: d, When: when(l, d.Sent, zone)}
		waits := !d.Ended && v.now.Sub(d.Sent) < rogatory.DrillPatience
		row.Machine, row.Human = drillSpan(l, d.Machine, waits), drillSpan(l, d.Human, waits)
		view.Drills = append(view.Drills, row)
	}
	for _, c := range figures[:min(len(figures), lastPeriods)] {
		f := c.Figures
		utc := func(at rogatory.Instant) string { return l.Day(at, time.UTC) }
		row := periodRow{Compared: c, Period: l.T("drills.span", "from", utc(f.From), "to", utc(f.To-1)), Human: milli(l, f.Human.Median)}
		other := f.By
		if other == s.Office.Us.State {
			other = f.Of
		}
		name := s.name(l, other)
		switch {
		case c.Public:
			row.Stands = l.T("drills.public")
		case len(c.Differs) > 0:
			row.Stands = l.T("drills.differs", "state", name, "members", strings.Join(c.Differs, ", "))
		case slices.ContainsFunc(c.Signed, func(o desk.Statement) bool { return o.Signer == s.Office.Us.State }):
			row.Stands = l.T("drills.ours", "state", name)
		default:
			row.Stands = l.T("drills.theirs", "state", name)
		}
		view.Periods = append(view.Periods, row)
	}
	view.Dots = s.drillDots(l, lines)
	return view
}

func drillSpan(l *language.Locale, ms int64, waits bool) string {
	switch {
	case ms > 0:
		return milli(l, ms)
	case waits:
		return l.T("drills.waiting")
	}
	return l.T("drills.silent")
}

// milli writes milliseconds; nothing for none.
func milli(l *language.Locale, ms int64) string {
	if ms == 0 {
		return ""
	}
	return span(l, max(time.Second, time.Duration(ms)*time.Millisecond))
}

// drillDots draws how long people of the other States took to answer us.
func (s *server) drillDots(l *language.Locale, lines []alarm.DrillLine) string {
	byState := map[rogatory.StateCode][]desk.Drill{}
	var first, last rogatory.Instant
	for _, d := range lines {
		if d.By != s.Office.Us.State || !d.Counts() {
			continue
		}
		if first == 0 || d.Sent < first {
			first = d.Sent
		}
		last = max(last, d.Sent)
		byState[d.Of] = append(byState[d.Of], desk.Drill{By: d.By, Of: d.Of, Mode: s.Office.Mode, Sent: d.Sent, Human: d.Answered})
	}
	var dots []plot.Dot
	longest := time.Duration(0)
	for of, drills := range byState {
		h := desk.Measure(drills, s.Office.Us.State, of, s.Office.Mode, first, last+1).Human
		if h.P90 == 0 {
			continue // left out, and the words beneath say so: a person who never came is no dot
		}
		dot := plot.Dot{Label: shortened(s.name(l, of), maxLabel), Median: time.Duration(h.Median) * time.Millisecond, P90: time.Duration(h.P90) * time.Millisecond}
		dots = append(dots, dot)
		longest = max(longest, dot.P90)
	}
	if len(dots) == 0 {
		return ""
	}
	slices.SortFunc(dots, func(a, b plot.Dot) int {
		if a.Median != b.Median {
			return int(a.Median/time.Millisecond - b.Median/time.Millisecond)
		}
		return strings.Compare(a.Label, b.Label)
	})
	var marks []plot.Tick
	for i, at := range []time.Duration{time.Minute, 10 * time.Minute, time.Hour, 24 * time.Hour} {
		marks = append(marks, plot.Tick{At: at, Label: span(l, at)})
		if at >= longest && i > 0 {
			break
		}
	}
	words := plot.Words{Title: l.T("drills.title"), Description: l.T("drills.drawn"), RightToLeft: l.Dir() == language.RightToLeft}
	return plot.Dots(words, dots[:min(len(dots), maxBars)], marks)
}

func (s *server) drillSent(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	to := rogatory.StateCode(v.r.PathValue("state"))
	if _, err := s.Desk.SendDrill(v.ctx, v.by, to); err != nil {
		return err
	}
	v.say("drills.sent", "state", s.name(v.loc, to))
	return v.to("drills")
}

// drillsFile gives the drills, or the signed figures, to a spreadsheet (RFC 4180).
func (s *server) drillsFile(v *visit) error {
	if s.Desk == nil {
		return s.noDesk()
	}
	what := v.r.URL.Query().Get("what")
	var data []byte
	switch what {
	case "drills":
		lines, err := s.Desk.Drills(v.ctx, v.by, "")
		if err != nil {
			return err
		}
		data = drillsCSV(lines)
	case "figures":
		figures, err := s.Desk.Figures(v.ctx, v.by, "")
		if err != nil {
			return err
		}
		data = drillFiguresCSV(figures)
	default:
		return rogatory.Fault(rogatory.NotFound, "table_unknown", "there is no table %.40q", what).WithHint("tables are drills and figures")
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="%s.csv"`, map[string]string{"drills": "drills", "figures": "drill-figures"}[what]))
	_, err := v.w.Write(data)
	return err
}

func csvOf(write func(row func(cells ...any))) []byte {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	write(func(cells ...any) {
		line := make([]string, len(cells))
		for i, c := range cells {
			line[i] = cellOf(fmt.Sprint(c))
		}
		_ = w.Write(line) // a bytes.Buffer takes everything
	})
	w.Flush()
	return b.Bytes()
}

// taken is a number of milliseconds; an empty cell for none.
func taken(ms int64) any {
	if ms == 0 {
		return ""
	}
	return ms
}

func drillsCSV(lines []alarm.DrillLine) []byte {
	return csvOf(func(row func(cells ...any)) {
		row("request", "by", "of", "sent", "machine_ms", "human_ms", "refused", "ended")
		for _, d := range lines {
			row(d.Request, d.By, d.Of, d.Sent, taken(d.Machine), taken(d.Human), d.Refused, d.Ended)
		}
	})
}

func drillFiguresCSV(figures []alarm.Compared) []byte {
	return csvOf(func(row func(cells ...any)) {
		row("by", "of", "from", "to", "signed_by", "drills", "machine_answered", "machine_median_ms", "machine_p90_ms", "human_answered", "human_median_ms", "human_p90_ms", "public")
		for _, c := range figures {
			for _, o := range c.Signed {
				f := o.Figures
				row(f.By, f.Of, f.From, f.To, o.Signer, f.Drills, f.Machine.Answered, taken(f.Machine.Median), taken(f.Machine.P90), f.Human.Answered, taken(f.Human.Median), taken(f.Human.P90), c.Public)
			}
		}
	})
}
