// SPDX-License-Identifier: Apache-2.0

package console

import (
	"net/http"
	"net/url"
	"slices"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
)

// near is when a clock turns amber: a day, in which a shift can still act.
const near = docket.Soon

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
	Waits string
}

func (s *server) row(l *language.Locale, q docket.Queued, now rogatory.Instant) rowView {
	r := rowView{Queued: q, Them: s.name(l, q.Them.State), Waits: waitsOf(q.File)}
	if d, ok := q.Next(); ok {
		c := s.clockOf(l, d, now, q.Them.State)
		r.Clock = &c
	}
	return r
}

// The filters of the queue, in the order in which they are shown.
var filters = []docket.Show{docket.ShowOverdue, docket.ShowToday, docket.ShowUs, docket.ShowThem, docket.ShowMine, docket.ShowUnclaimed, docket.ShowDrafts, docket.ShowAside, docket.ShowAll}

// filterView is one filter as a link.
type filterView struct {
	ID    string
	Count int
	Here  bool
	URL   string
}

// pageSize is how many lines of the queue one page shows; asidePage those that are put aside, which say more.
const (
	pageSize  = 50
	asidePage = 25
)

type inboxView struct {
	Filters  []filterView
	Filter   string
	Rows     []rowView
	Tick     string // address of the same page with every line ticked; empty if they are
	Ticked   bool
	Next     string // address of the next page
	MayClaim bool
	MayDraft bool
	People   []rogatory.Officer // who can hold requests
	Recent   []docket.File      // what this session opened last
	Waiting  []option           // what waits for people besides requests: where it is, and how many
}

func (s *server) inbox(v *visit) error {
	q := v.r.URL.Query()
	show := docket.Show(q.Get("show"))
	if !slices.Contains(filters, show) {
		show = docket.ShowAll
	}
	limit := pageSize
	if show == docket.ShowAside {
		limit = asidePage
	}
	queue, counts, next, err := s.Office.Queue(v.ctx, v.by, docket.QueueFilter{Show: show, After: q.Get("after"), Limit: limit})
	if err != nil {
		if rogatory.KindOf(err) == rogatory.Denied {
			return v.to("outbox") // whoever runs the node sees no case
		}
		return err
	}
	view := inboxView{Filter: string(show), MayDraft: mayAct(v.by.Role, rogatory.Draft), MayClaim: mayClaim(v.by.Role)}
	if view.People, err = s.assignees(v); err != nil {
		return err
	}
	if view.Waiting, err = s.waitsForPeople(v); err != nil {
		return err
	}
	if view.Recent, err = s.recentFiles(v); err != nil {
		return err
	}
	for _, each := range queue {
		view.Rows = append(view.Rows, s.row(v.loc, each, v.now))
	}
	for _, f := range filters {
		view.Filters = append(view.Filters, filterView{string(f), counts[f], f == show, Prefix + "inbox?show=" + string(f)})
	}
	if view.Ticked = q.Get("tick") != ""; !view.Ticked {
		view.Tick = Prefix + "inbox?" + url.Values{"show": {string(show)}, "after": {q.Get("after")}, "tick": {"all"}}.Encode()
	}
	if next != "" {
		view.Next = Prefix + "inbox?" + url.Values{"show": {string(show)}, "after": {next}}.Encode()
	}
	return v.show(http.StatusOK, inboxScreen(v.frame(v.loc.T("inbox.title"), "inbox"), view))
}

func mayClaim(role rogatory.OfficerRole) bool { return docket.MayHold(role) }

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

// dutyOthers is how many requests are named below the one.
const dutyOthers = 5

func (s *server) duty(v *visit) error {
	queue, _, _, err := s.Office.Queue(v.ctx, v.by, docket.QueueFilter{Show: docket.ShowUs, Limit: 1 + dutyOthers})
	if err != nil {
		return err
	}
	var view dutyView
	for i, q := range queue {
		r := s.row(v.loc, q, v.now)
		if i > 0 {
			view.Others = append(view.Others, r)
			continue
		}
		view.Row = &r
		view.Calls = s.party(q.Them.State).ContactPoints
		if acts := s.actsOf(q.File, v.by); len(acts) > 0 && !acts[0].Act.Talk() {
			view.Act = acts[0].Act
		}
	}
	return v.show(http.StatusOK, dutyScreen(v.frame(v.loc.T("duty.title"), "duty"), view))
}
