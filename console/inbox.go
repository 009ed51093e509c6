// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
)

// near is when a clock turns amber: a day, in which a shift can still act.
const near = 24 * time.Hour

// clockView is a moment that runs out, in words and in both States' zones.
type clockView struct {
	Left     string
	Class    string // near, past, or nothing
	Ours     string
	Theirs   string // empty where their desk has our zone
	Deadline docket.Deadline
}

func (s *server) clockOf(l *language.Locale, d docket.Deadline, now rogatory.Instant, them rogatory.StateCode) clockView {
	left := d.Due.Sub(now)
	c := clockView{Left: l.Left(left), Deadline: d}
	switch {
	case left < 0:
		c.Class = "past"
	case left < near:
		c.Class = "near"
	}
	us, their := zoneOf(s.party(s.Office.Us.State)), zoneOf(s.party(them))
	c.Ours = l.T("clock.here", "time", when(l, d.Due, us))
	if us != their {
		c.Theirs = l.T("clock.there", "time", when(l, d.Due, their))
	}
	return c
}

// rowView is one line of the queue.
type rowView struct {
	docket.Queued
	Clock *clockView
	Them  string
	Waits docket.Waiting
}

func (s *server) row(l *language.Locale, q docket.Queued, now rogatory.Instant) rowView {
	r := rowView{Queued: q, Them: s.name(l, q.Them.State), Waits: q.WaitsFor()}
	if d, ok := q.Next(); ok {
		c := s.clockOf(l, d, now, q.Them.State)
		r.Clock = &c
	}
	return r
}

// The filters of the queue, in the order in which they are shown.
var filters = []string{"overdue", "today", "us", "them", "mine", "unclaimed", "drafts", "all"}

func passes(filter string, r rowView, now rogatory.Instant, name string) bool {
	d, runs := r.Next()
	switch filter {
	case "overdue":
		return runs && d.Due < now
	case "today":
		return runs && d.Due >= now && d.Due.Sub(now) < near
	case "us":
		return r.Waits == docket.OnUs && r.State != rogatory.Drafted
	case "them":
		return r.Waits == docket.OnThem
	case "mine":
		return r.Claim.By == name || r.State == rogatory.Drafted && r.Author == name
	case "unclaimed":
		return r.Claim.By == "" && r.Waits == docket.OnUs && r.State != rogatory.Drafted
	case "drafts":
		return r.State == rogatory.Drafted
	}
	return true
}

// filterView is one filter as a link.
type filterView struct {
	ID    string
	Count int
	Here  bool
	URL   string
}

// pageSize is how many lines of the queue one page shows.
const pageSize = 50

type inboxView struct {
	Filters  []filterView
	Filter   string
	Rows     []rowView
	Query    string
	Next     string // address of the next page
	MayClaim bool
	MayDraft bool
}

func (s *server) inbox(v *visit) error {
	queue, err := s.Office.Queue(v.ctx, v.by)
	if err != nil {
		if rogatory.KindOf(err) == rogatory.Denied {
			return v.to("outbox") // whoever runs the node sees no case
		}
		return err
	}
	q := v.r.URL.Query()
	view := inboxView{Filter: q.Get("show"), Query: q.Get("q"), MayDraft: mayAct(v.by.Role, rogatory.Draft), MayClaim: mayClaim(v.by.Role)}
	if !slices.Contains(filters, view.Filter) {
		view.Filter = "all"
	}
	counts := map[string]int{}
	var rows []rowView
	for _, each := range queue {
		r := s.row(v.loc, each, v.now)
		if view.Query != "" && !matches(r, view.Query) {
			continue
		}
		for _, f := range filters {
			if passes(f, r, v.now, v.by.Name) {
				counts[f]++
			}
		}
		if passes(view.Filter, r, v.now, v.by.Name) {
			rows = append(rows, r)
		}
	}
	for _, f := range filters {
		where := url.Values{"show": {f}}
		if view.Query != "" {
			where.Set("q", view.Query)
		}
		view.Filters = append(view.Filters, filterView{f, counts[f], f == view.Filter, Prefix + "inbox?" + where.Encode()})
	}
	page, _ := strconv.Atoi(q.Get("page"))
	from := min(max(page, 0)*pageSize, len(rows))
	to := min(from+pageSize, len(rows))
	if to < len(rows) {
		q.Set("page", strconv.Itoa(max(page, 0)+1))
		view.Next = Prefix + "inbox?" + q.Encode()
	}
	view.Rows = rows[from:to]
	return v.show(http.StatusOK, inboxScreen(v.frame(v.loc.T("inbox.title"), "inbox"), view))
}

// matches finds a reference or a part of the title.
func matches(r rowView, query string) bool {
	query = strings.ToLower(strings.TrimSpace(query))
	return strings.Contains(strings.ToLower(string(r.ID)), query) || strings.Contains(strings.ToLower(r.Request.Title), query)
}

func mayClaim(role rogatory.OfficerRole) bool {
	return role == rogatory.DutyOfficer || role == rogatory.Decider || role == rogatory.Custodian
}

func mayAct(role rogatory.OfficerRole, act rogatory.Act) bool {
	for _, t := range rogatory.Lifecycle() {
		if t.Act == act && slices.Contains(t.Roles, role) {
			return true
		}
	}
	return false
}

func (s *server) claim(v *visit) error {
	id := rogatory.RequestID(v.r.PathValue("id"))
	back := v.r.PostFormValue("back") != ""
	if err := s.Office.Claim(v.ctx, v.by, id, back); err != nil {
		return err
	}
	if back {
		v.say("claim.given_back", "id", id)
	} else {
		v.say("claim.taken", "id", id)
	}
	if v.r.PostFormValue("from") == "inbox" {
		return v.to("inbox")
	}
	return v.to("requests/" + string(id))
}

// dutyView is what a night shift needs: the one request that runs out first and waits for us.
type dutyView struct {
	Row    *rowView
	Act    rogatory.Act // the one act to do now; empty if this person has none
	Calls  []rogatory.ContactPoint
	Others []rowView
}

func (s *server) duty(v *visit) error {
	queue, err := s.Office.Queue(v.ctx, v.by)
	if err != nil {
		return err
	}
	var view dutyView
	for _, q := range queue {
		r := s.row(v.loc, q, v.now)
		if r.Waits != docket.OnUs || r.State == rogatory.Drafted {
			continue
		}
		if view.Row == nil {
			view.Row = &r
			view.Calls = s.party(q.Them.State).ContactPoints
			if acts := s.actsOf(q.File, v.by); len(acts) > 0 && !acts[0].Act.Talk() {
				view.Act = acts[0].Act
			}
			continue
		}
		if len(view.Others) < 5 {
			view.Others = append(view.Others, r)
		}
	}
	return v.show(http.StatusOK, dutyScreen(v.frame(v.loc.T("duty.title"), "duty"), view))
}
