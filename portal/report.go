// SPDX-License-Identifier: Apache-2.0

package portal

import (
	"bytes"
	"context"
	"encoding/xml"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/language"
	"rogatory/transparency"
)

type figureRow struct{ Name, Sent, Received string }

type figureTable struct {
	Title, Means string
	Rows         []figureRow
}

type reportView struct {
	Some    bool
	Period  transparency.Period
	Of      string
	Floor   string
	Shares  []figureRow
	Tables  []figureTable
	Digest  string
	Earlier []transparency.Period
	Latest  bool
	// Attested says which bodies made the report anew and found it complete.
	Attested []string
}

// maxEarlier bounds the list on one page; public/reports.json has all.
const maxEarlier = 60

// report shows the latest report, or the one that the address names.
func (s *server) report(v *visit) error {
	list, err := s.reports(v.ctx)
	if err != nil {
		return err
	}
	var view reportView
	period := v.period
	if period == "" && len(list.Reports) > 0 {
		period, view.Latest = list.Reports[0].Period, true
	}
	if period == "" {
		return s.show(v, http.StatusOK, "report", v.T("portal.report"), view)
	}
	data, _, err := s.published(v, period)
	if err != nil {
		return err
	}
	r, err := transparency.Parse(data)
	if err != nil {
		return rogatory.Fault(rogatory.Damaged, "report_damaged", "read the stored report of %s: %w", period, err)
	}
	view = reportView{Some: true, Period: period, Latest: view.Latest, Of: v.T("portal.report.of", "period", string(period), "time", v.Moment(r.Until, time.UTC)), Floor: v.T("portal.report.floor", "floor", transparency.Floor),
		Digest: rogatory.DigestOf(data).String(), Tables: tables(v.Locale, r), Shares: shares(v.Locale, r)}
	all, err := s.attested(v.ctx, period)
	if err != nil {
		return err
	}
	for _, a := range all {
		view.Attested = append(view.Attested, v.T("portal.report.attested", "name", a.Body, "time", v.Moment(a.At, time.UTC)))
	}
	for _, l := range list.Reports[:min(len(list.Reports), maxEarlier)] {
		if l.Period != period {
			view.Earlier = append(view.Earlier, l.Period)
		}
	}
	return s.show(v, http.StatusOK, "report", v.T("portal.report"), view)
}

func (s *server) attested(ctx context.Context, period transparency.Period) ([]transparency.Attested, error) {
	if s.Attestations == nil {
		return nil, nil
	}
	return s.Attestations(ctx, period)
}

func (s *server) published(v *visit, period transparency.Period) (data, seal []byte, err error) {
	if s.Report == nil {
		return nil, nil, notFound("there is no report of %.20q", string(period))
	}
	if _, err := transparency.ParsePeriod(string(period)); err != nil {
		return nil, nil, err
	}
	return s.Report(v.ctx, period)
}

// tables are the report's figures, both directions side by side.
func tables(l *language.Locale, r transparency.Report) (all []figureTable) {
	titles := map[transparency.Table]string{transparency.Requests: "figures.requests", transparency.ByKind: "figures.by.kind", transparency.ByState: "figures.by.state", transparency.ByOffence: "portal.report.offence",
		transparency.ByOutcome: "figures.by.outcome", transparency.ByGround: "figures.by.ground", transparency.ByDelay: "portal.report.delay", transparency.ByNotice: "portal.report.notice"}
	for _, t := range transparency.Tables() {
		table := figureTable{Title: l.T(titles[t]), Means: l.T("portal.def." + string(t))}
		for _, key := range keys(r, t) {
			table.Rows = append(table.Rows, figureRow{name(l, t, key), figure(l, r, rogatory.RequestingSide, t, key), figure(l, r, rogatory.RequestedSide, t, key)})
		}
		all = append(all, table)
	}
	return all
}

// keys are the keys of a table in the order in which people read them: classes of time by length, all else the
// largest first.
func keys(r transparency.Report, t transparency.Table) (all []string) {
	total := map[string]int{}
	for _, c := range r.Cells {
		if c.Table != t {
			continue
		}
		if !slices.Contains(all, c.Key.Key) {
			all = append(all, c.Key.Key)
		}
		total[c.Key.Key] += c.Count
	}
	slices.SortStableFunc(all, func(a, b string) int {
		if t == transparency.ByDelay {
			place := func(key string) int {
				return slices.IndexFunc(transparency.Delays(), func(d transparency.Delay) bool { return d.Key == key })
			}
			return place(a) - place(b)
		}
		return total[b] - total[a]
	})
	return all
}

func name(l *language.Locale, t transparency.Table, key string) string {
	switch t {
	case transparency.Requests:
		if key == transparency.Emergency {
			return l.T("figures.emergency")
		}
		return l.T("figures.all")
	case transparency.ByKind:
		return l.Kind(rogatory.RequestKind(key))
	case transparency.ByState:
		return l.State(rogatory.StateCode(key))
	case transparency.ByOffence:
		return article(l, key)
	case transparency.ByOutcome:
		if outcome, ok := strings.CutPrefix(key, "executed:"); ok {
			return l.RequestState(rogatory.Executed) + " · " + l.Outcome(rogatory.Outcome(outcome))
		}
		return l.RequestState(rogatory.State(key))
	case transparency.ByGround:
		return l.Ground(rogatory.Ground(key))
	case transparency.ByDelay:
		return l.T("portal.delay." + key)
	}
	return l.T("portal.notice." + key)
}

func figure(l *language.Locale, r transparency.Report, side rogatory.Side, t transparency.Table, key string) string {
	if n := r.Count(transparency.Key{Side: side, Table: t, Key: key}); n > 0 {
		return l.Number(int64(n))
	}
	return "–"
}

// shares are computed from the figures shown alone, so that they tell nothing more.
func shares(l *language.Locale, r transparency.Report) (all []figureRow) {
	percent := func(side rogatory.Side, part, whole transparency.Key) string {
		part.Side, whole.Side = side, side
		of, n := r.Count(whole), r.Count(part)
		if of == 0 || n == 0 { // what is not shown may be a few
			return "–"
		}
		return l.T("portal.percent", "n", min(100, (200*n+of)/(2*of)))
	}
	for _, row := range []struct {
		words       string
		part, whole transparency.Key
	}{
		{"portal.share.emergency", transparency.Key{Table: transparency.Requests, Key: transparency.Emergency}, transparency.Key{Table: transparency.Requests, Key: transparency.All}},
		{"portal.share.refused", transparency.Key{Table: transparency.ByOutcome, Key: transparency.Refused}, transparency.Key{Table: transparency.Requests, Key: transparency.All}},
		{"portal.share.notified", transparency.Key{Table: transparency.ByNotice, Key: transparency.Notified}, transparency.Key{Table: transparency.ByOutcome, Key: transparency.Executed}},
	} {
		all = append(all, figureRow{l.T(row.words), percent(rogatory.RequestingSide, row.part, row.whole), percent(rogatory.RequestedSide, row.part, row.whole)})
	}
	return all
}

// reportFile serves a report as it was published, and what proves it.
func (s *server) reportFile(w http.ResponseWriter, r *http.Request, file string) {
	period, form, _ := strings.Cut(file, ".")
	v := &visit{w: w, r: r, ctx: r.Context()}
	data, seal, err := s.published(v, transparency.Period(period))
	if err != nil {
		s.fail(w, r, err)
		return
	}
	switch form {
	case "json":
		send(w, r, http.StatusOK, "application/json", reportKept, data)
	case "csv":
		report, err := transparency.Parse(data)
		if err != nil {
			s.fail(w, r, rogatory.Fault(rogatory.Damaged, "report_damaged", "read the stored report of %s: %w", period, err))
			return
		}
		send(w, r, http.StatusOK, "text/csv; charset=utf-8", reportKept, report.CSV())
	case "seal":
		send(w, r, http.StatusOK, "text/plain; charset=utf-8", reportKept, seal)
	case "proof":
		if s.Proof == nil {
			s.fail(w, r, notFound("there are no proofs"))
			return
		}
		proof, err := s.Proof(r.Context(), transparency.Period(period))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		send(w, r, http.StatusOK, "text/plain; charset=utf-8", pageKept, proof)
	case "oversight":
		all, err := s.attested(r.Context(), transparency.Period(period))
		if err != nil {
			s.fail(w, r, err)
			return
		}
		send(w, r, http.StatusOK, "application/json", pageKept, transparency.Attestations{Version: 1, All: append([]transparency.Attested{}, all...)}.Encode())
	default:
		s.fail(w, r, notFound("a report has no form %.20q", form))
	}
}

func (s *server) list(w http.ResponseWriter, r *http.Request) {
	list, err := s.reports(r.Context())
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if list.Reports == nil {
		list.Reports = []transparency.Listed{}
	}
	send(w, r, http.StatusOK, "application/json", pageKept, list.Encode())
}

// maxFeed bounds a feed: a year of weeks.
const maxFeed = 53

type feedLink struct {
	Rel  string `xml:"rel,attr,omitempty"`
	Type string `xml:"type,attr,omitempty"`
	Href string `xml:"href,attr"`
}

type feedEntry struct {
	ID      string     `xml:"id"`
	Title   string     `xml:"title"`
	Updated string     `xml:"updated"`
	Links   []feedLink `xml:"link"`
	Summary string     `xml:"summary"`
}

type feed struct {
	XMLName xml.Name    `xml:"http://www.w3.org/2005/Atom feed"`
	Lang    string      `xml:"xml:lang,attr"`
	ID      string      `xml:"id"`
	Title   string      `xml:"title"`
	Updated string      `xml:"updated"`
	Author  string      `xml:"author>name"`
	Links   []feedLink  `xml:"link"`
	Entries []feedEntry `xml:"entry"`
}

// feed is the reports as Atom (RFC 4287).
func (s *server) feed(v *visit) error {
	list, err := s.reports(v.ctx)
	if err != nil {
		return err
	}
	facts := s.Facts()
	f := feed{Lang: v.Tag(), ID: "urn:rogatory:reports:" + facts.Origin, Title: v.T("portal.report") + " · " + v.State(facts.State), Author: v.State(facts.State), Updated: "1970-01-01T00:00:00Z",
		Links: []feedLink{{"self", "application/atom+xml", Prefix + v.Tag() + "/report.atom"}, {"alternate", "text/html", Prefix + v.Tag() + "/report"}}}
	for i, l := range list.Reports[:min(len(list.Reports), maxFeed)] {
		at := l.Period.Until().Time().Format(time.RFC3339)
		if i == 0 {
			f.Updated = at
		}
		f.Entries = append(f.Entries, feedEntry{ID: "urn:sha256:" + l.Digest.String(), Title: v.T("portal.report") + " " + string(l.Period), Updated: at, Summary: "SHA-256 " + l.Digest.String(),
			Links: []feedLink{{"alternate", "text/html", fmt.Sprintf("%s%s/report/%s", Prefix, v.Tag(), l.Period)}, {"enclosure", "application/json", fmt.Sprintf("%sreports/%s.json", Prefix, l.Period)}}})
	}
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", " ")
	if err := e.Encode(f); err != nil {
		return err
	}
	send(v.w, v.r, http.StatusOK, "application/atom+xml; charset=utf-8", pageKept, b.Bytes())
	return nil
}
