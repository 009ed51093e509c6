// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/plot"
	"rogatory/statistics"
)

// boards are the screens of figures and lists.
func (s *server) boards(mux *http.ServeMux) {
	s.page(mux, "GET figures", (*server).figures)
	s.page(mux, "GET figures.csv", (*server).figuresFile)
	s.page(mux, "GET legislation", (*server).laws)
	s.page(mux, "GET assistance", (*server).help)
	s.page(mux, "GET treaty/map.svg", (*server).treatyMap)
}

// Counting reads the whole docket: in a large office that takes seconds. A count is therefore kept, and may be as old
// as countShare times what it took: counting takes at most so much of the machine, and a small office sees what is.
const (
	countShare    = 100
	countPatience = 2 * time.Second // a reader waits so long, and is then told that it is being counted
	countAgain    = 3               // seconds until the browser asks again
)

// mayRead says whether a person may see figures: they are of cases.
func mayRead(by rogatory.Actor) bool { return docket.MayRead(by) == nil }

// census is the last count of the office's requests.
type census struct {
	mu    sync.Mutex // guards all below
	cases []statistics.Case
	at    rogatory.Instant
	took  time.Duration
	err   error
	done  chan struct{} // closed when the count that runs is over; nil if none runs
}

// cases returns the requests as counted, and when; at is zero while the first count still runs.
func (s *server) cases(v *visit) ([]statistics.Case, rogatory.Instant, error) {
	if err := docket.MayRead(v.by); err != nil {
		return nil, 0, err
	}
	c := &s.census
	c.mu.Lock()
	if c.done == nil && (c.at == 0 || v.now.Sub(c.at) > countShare*c.took) {
		c.done = make(chan struct{})
		go s.count(context.WithoutCancel(v.ctx), v.by)
	}
	done := c.done
	c.mu.Unlock()
	if done != nil {
		ctx, cancel := context.WithTimeout(v.ctx, countPatience)
		defer cancel()
		select {
		case <-done:
		case <-ctx.Done():
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cases, c.at, c.err
}

func (s *server) count(ctx context.Context, by rogatory.Actor) {
	began := s.Clock.Now()
	var all []statistics.Case
	err := s.Office.Courses(ctx, by, func(c statistics.Case) error {
		all = append(all, c)
		return nil
	})
	c := &s.census
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.done)
	if c.done, c.err = nil, err; err == nil {
		c.cases, c.at, c.took = all, rogatory.At(began), s.Clock.Now().Sub(began)
	}
}

// figuresQuery is what the address asks for.
type figuresQuery struct {
	statistics.Query
	FromDay, ToDay string // as typed: both days count
	By             statistics.Dimension
	Stage          statistics.Stage
}

// figuresSince is how far back the figures begin if nobody asks: a year of whole months.
const figuresSince = 12

func queryOf(q url.Values, now rogatory.Instant, zone *time.Location) figuresQuery {
	today := now.Time().In(zone)
	from := time.Date(today.Year(), today.Month()-figuresSince+1, 1, 0, 0, 0, 0, zone)
	to := time.Date(today.Year(), today.Month(), today.Day(), 0, 0, 0, 0, zone)
	day := func(name string, otherwise time.Time) time.Time {
		if t, err := time.ParseInLocation(time.DateOnly, q.Get(name), zone); err == nil && t.Year() >= 1970 && t.Year() < 9999 {
			return t
		}
		return otherwise
	}
	from, to = day("from", from), day("to", to)
	f := figuresQuery{FromDay: from.Format(time.DateOnly), ToDay: to.Format(time.DateOnly), By: statistics.ByKind, Stage: statistics.Answer}
	f.From, f.To = rogatory.At(from), rogatory.At(to.AddDate(0, 0, 1))
	f.Side, f.Kind, f.Peer = rogatory.Side(q.Get("side")), rogatory.RequestKind(q.Get("kind")), rogatory.StateCode(q.Get("state"))
	if d := statistics.Dimension(q.Get("by")); slices.Contains(statistics.Dimensions(), d) {
		f.By = d
	}
	if stage := statistics.Stage(q.Get("stage")); slices.Contains(statistics.Stages(), stage) {
		f.Stage = stage
	}
	return f
}

// values is the query as an address.
func (q figuresQuery) values(more ...string) string {
	v := url.Values{"from": {q.FromDay}, "to": {q.ToDay}, "by": {string(q.By)}, "stage": {string(q.Stage)}}
	for name, value := range map[string]string{"side": string(q.Side), "kind": string(q.Kind), "state": string(q.Peer)} {
		if value != "" {
			v.Set(name, value)
		}
	}
	for i := 0; i+1 < len(more); i += 2 {
		v.Set(more[i], more[i+1])
	}
	return v.Encode()
}

// The tables of the figures, each with a CSV address of its own.
const (
	csvSummary = "summary"
	csvStages  = "stages"
	csvGroups  = "groups"
	csvMonths  = "months"
)

// stageRow is a stage with its figures in words.
type stageRow struct {
	Stage statistics.Stage
	statistics.Spread
	Median, P90 string
}

type groupRow struct {
	Name string
	statistics.Group
	Median, P90 string
	Spark       string
}

type monthRow struct {
	Name string
	statistics.Month
	Median, P90 string
}

type figuresView struct {
	Query  figuresQuery
	At     string
	Fields []field
	statistics.Figures
	Stages     []stageRow
	Groups     []groupRow
	Months     []monthRow
	Dots       string
	Bars       string
	Line       string
	Zone       string
	AddressCSV func(what string) string
}

func (s *server) figures(v *visit) error {
	cases, at, err := s.cases(v)
	if err != nil {
		return err
	}
	if at == 0 {
		v.w.Header().Set("Refresh", strconv.Itoa(countAgain))
		return v.show(http.StatusOK, countingScreen(v.frame(v.loc.T("figures.title"), "figures")))
	}
	zone := zoneNamed(zoneOf(s.party(s.Office.Us.State)))
	q := queryOf(v.r.URL.Query(), v.now, zone)
	view := figuresView{Query: q, At: when(v.loc, at, zone.String()), Zone: zone.String(), Fields: s.figuresFields(v.loc, q), Figures: statistics.Of(cases, q.Query),
		AddressCSV: func(what string) string { return Prefix + "figures.csv?" + q.values("what", what) }}
	for i, stage := range statistics.Stages() {
		spread := view.Figures.Stages[i]
		view.Stages = append(view.Stages, stageRow{stage, spread, span(v.loc, spread.Median), span(v.loc, spread.P90)})
	}
	for _, g := range statistics.GroupsOf(cases, q.Query, q.By, q.Stage, zone) {
		name := s.groupName(v.loc, q.By, g.Key)
		values := make([]float64, len(g.Months))
		for i, n := range g.Months {
			values[i] = float64(n)
		}
		view.Groups = append(view.Groups, groupRow{name, g, span(v.loc, g.Median), span(v.loc, g.P90), plot.Spark(plot.Words{Title: v.loc.T("figures.spark", "name", name)}, values)})
	}
	for _, m := range statistics.MonthsOf(cases, q.Query, q.Stage, zone) {
		view.Months = append(view.Months, monthRow{v.loc.MonthOf(m.Year, m.Month), m, span(v.loc, m.Median), span(v.loc, m.P90)})
	}
	view.draw(v.loc)
	return v.show(http.StatusOK, figuresScreen(v.frame(v.loc.T("figures.title"), "figures"), view))
}

// ticks are where a time axis may be marked.
var ticks = []time.Duration{time.Minute, time.Hour, 24 * time.Hour, 30 * 24 * time.Hour, 365 * 24 * time.Hour}

// maxBars is how many groups are drawn: the table has all.
const maxBars = 12

// maxLabel is how many signs of a name a telephone shows beside a drawing.
const maxLabel = 38

func (view *figuresView) draw(l *language.Locale) {
	words := func(title, description string) plot.Words {
		return plot.Words{Title: title, Description: description, RightToLeft: l.Dir() == language.RightToLeft}
	}
	var dots []plot.Dot
	longest := time.Duration(0)
	for _, r := range view.Stages {
		if r.N > 0 {
			dots = append(dots, plot.Dot{Label: l.T("figures.stage." + string(r.Stage)), Median: r.Spread.Median, P90: r.Spread.P90})
			longest = max(longest, r.Spread.P90)
		}
	}
	var marks []plot.Tick
	for i, at := range ticks {
		marks = append(marks, plot.Tick{At: at, Label: span(l, at)})
		if at >= longest && i > 0 {
			break
		}
	}
	view.Dots = plot.Dots(words(l.T("figures.stages"), l.T("figures.stages.drawn")), dots, marks)
	var bars []plot.Bar
	for _, g := range view.Groups[:min(len(view.Groups), maxBars)] {
		bars = append(bars, plot.Bar{Label: shortened(g.Name, maxLabel), Value: float64(g.Requests), Part: float64(g.Overdue)})
	}
	view.Bars = plot.Bars(words(l.T("figures.by."+string(view.Query.By)), l.T("figures.groups.drawn")), bars)
	points := make([]plot.Point, len(view.Months))
	most := 0
	for i, m := range view.Months {
		points[i] = plot.Point{Value: float64(m.Requests)}
		most = max(most, m.Requests)
		if i == 0 || i == len(view.Months)-1 {
			points[i].Label = m.Name
		}
	}
	view.Line = plot.Line(words(l.T("figures.months"), l.T("figures.months.drawn")), points, l.Number(int64(most)))
}

func shortened(s string, most int) string {
	if r := []rune(s); len(r) > most {
		return strings.TrimSpace(string(r[:most-1])) + "…"
	}
	return s
}

// span writes how long something took, with at most two units.
func span(l *language.Locale, d time.Duration) string {
	days, hours, minutes := int64(d/(24*time.Hour)), int64(d/time.Hour), int64(d/time.Minute)
	switch {
	case minutes == 0:
		return l.T("figures.span.s", "s", int64(d/time.Second))
	case hours == 0:
		return l.T("figures.span.m", "m", minutes)
	case days == 0 && minutes%60 != 0:
		return l.T("figures.span.hm", "h", hours, "m", minutes%60)
	case days == 0:
		return l.T("figures.span.h", "h", hours)
	case days < 10 && hours%24 != 0:
		return l.T("figures.span.dh", "d", days, "h", hours%24)
	}
	return l.T("figures.span.d", "d", days)
}

func (s *server) groupName(l *language.Locale, by statistics.Dimension, key string) string {
	if key == "" {
		return l.T("figures.none")
	}
	switch by {
	case statistics.ByKind:
		return l.Kind(rogatory.RequestKind(key))
	case statistics.ByState:
		return s.name(l, rogatory.StateCode(key))
	case statistics.ByOutcome:
		return l.Outcome(rogatory.Outcome(key))
	case statistics.ByGround:
		return l.Ground(rogatory.Ground(key))
	}
	return key
}

// figuresFields are the filters.
func (s *server) figuresFields(l *language.Locale, q figuresQuery) []field {
	choose := func(name, value string, options ...option) field {
		return field{Name: name, Label: l.T("figures." + name), Form: "select", Value: value, Needed: true, Options: options}
	}
	anyOf := option{"", l.T("figures.any")}
	side := choose("side", string(q.Side), anyOf, option{string(rogatory.RequestingSide), l.T("figures.side.ours")}, option{string(rogatory.RequestedSide), l.T("figures.side.theirs")})
	kind, state := choose("kind", string(q.Kind), anyOf), choose("state", string(q.Peer), anyOf)
	for _, k := range s.Office.Rules.Kinds {
		kind.Options = append(kind.Options, option{string(k.ID), l.Kind(k.ID)})
	}
	for _, p := range s.Parties() {
		if p.Code != s.Office.Us.State {
			state.Options = append(state.Options, option{string(p.Code), s.name(l, p.Code)})
		}
	}
	by, stage := choose("by", string(q.By)), choose("stage", string(q.Stage))
	for _, d := range statistics.Dimensions() {
		by.Options = append(by.Options, option{string(d), l.T("figures.by." + string(d))})
	}
	for _, st := range statistics.Stages() {
		stage.Options = append(stage.Options, option{string(st), l.T("figures.stage." + string(st))})
	}
	return []field{{Name: "from", Label: l.T("figures.from"), Form: "date", Value: q.FromDay}, {Name: "to", Label: l.T("figures.to"), Form: "date", Value: q.ToDay}, side, kind, state, by, stage}
}

// figuresFile gives one of the tables to a spreadsheet: UTF-8, a header, names that stay the same in every language
// and edition (RFC 4180).
func (s *server) figuresFile(v *visit) error {
	cases, at, err := s.cases(v)
	if err != nil {
		return err
	}
	if at == 0 {
		v.w.Header().Set("Retry-After", strconv.Itoa(countAgain))
		return rogatory.Fault(rogatory.Unavailable, "being_counted", "the office's requests are being counted").WithHint("try again in a few seconds")
	}
	zone := zoneNamed(zoneOf(s.party(s.Office.Us.State)))
	what := v.r.URL.Query().Get("what")
	data, err := figuresCSV(cases, queryOf(v.r.URL.Query(), v.now, zone), what, zone)
	if err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8; header=present")
	h.Set("Content-Disposition", fmt.Sprintf(`attachment; filename="figures-%s.csv"`, what))
	_, err = v.w.Write(data)
	return err
}

// figuresCSV writes one table. Durations are whole seconds; they are empty where n is 0.
func figuresCSV(cases []statistics.Case, q figuresQuery, what string, zone *time.Location) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	w.UseCRLF = true
	row := func(cells ...any) {
		line := make([]string, len(cells))
		for i, c := range cells {
			line[i] = cellOf(fmt.Sprint(c))
		}
		_ = w.Write(line) // a bytes.Buffer takes everything
	}
	spread := func(s statistics.Spread) (n, median, p90 any) {
		if s.N == 0 {
			return 0, "", ""
		}
		return s.N, int64(s.Median / time.Second), int64(s.P90 / time.Second)
	}
	scope := []any{q.FromDay, q.ToDay, string(q.Side), string(q.Kind), string(q.Peer)}
	with := func(cells ...any) []any { return append(slices.Clone(scope), cells...) }
	header := func(cells ...any) { row(append([]any{"from", "to", "side", "kind", "state"}, cells...)...) }
	switch what {
	case csvSummary:
		f := statistics.Of(cases, q.Query)
		header("requests", "emergency", "limited", "overdue")
		row(with(f.Requests, f.Emergency, f.Limited, f.Overdue)...)
	case csvStages:
		header("stage", "n", "median_seconds", "p90_seconds")
		for i, s := range statistics.Of(cases, q.Query).Stages {
			n, median, p90 := spread(s)
			row(with(statistics.Stages()[i], n, median, p90)...)
		}
	case csvGroups:
		header("dimension", "value", "requests", "emergency", "limited", "overdue", "stage", "n", "median_seconds", "p90_seconds")
		for _, g := range statistics.GroupsOf(cases, q.Query, q.By, q.Stage, zone) {
			n, median, p90 := spread(g.Spread)
			row(with(q.By, g.Key, g.Requests, g.Emergency, g.Limited, g.Overdue, q.Stage, n, median, p90)...)
		}
	case csvMonths:
		header("month", "requests", "emergency", "limited", "overdue", "stage", "n", "median_seconds", "p90_seconds")
		for _, m := range statistics.MonthsOf(cases, q.Query, q.Stage, zone) {
			n, median, p90 := spread(m.Spread)
			row(with(fmt.Sprintf("%04d-%02d", m.Year, m.Month), m.Requests, m.Emergency, m.Limited, m.Overdue, q.Stage, n, median, p90)...)
		}
	default:
		return nil, rogatory.Fault(rogatory.NotFound, "table_unknown", "there is no table %.40q", what).WithHint("tables are summary, stages, groups and months")
	}
	w.Flush()
	return b.Bytes(), nil
}

// cellOf keeps a spreadsheet from taking a text for a formula: kinds, outcomes and grounds come from other States too.
func cellOf(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}
