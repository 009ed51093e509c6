// SPDX-License-Identifier: Apache-2.0

package console

import (
	"errors"
	"net/http"
	"slices"
	"strings"

	"rogatory"
	"rogatory/deadline"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/treaty/status"
)

// This file holds the screens beside the cases: treaty desk, deadlines, people, directory and outbox.

type treatyRow struct {
	Code      rogatory.StateCode
	Name      string
	Phase     status.Phase
	Signed    string
	Consented string
	Verified  bool
}

type treatyView struct {
	Query  string
	Tally  status.Tally
	Rows   []treatyRow
	AsOf   string
	Note   string
	Filter string
	Counts map[status.Phase]int
}

func fact(l *language.Locale, f *status.Fact) string {
	if f == nil {
		return ""
	}
	return dayWords(l, f.When)
}

func (s *server) treatyDesk(v *visit) error {
	desk := s.Office.Rules.Desk
	today := status.DateOf(v.now.Time())
	q := v.r.URL.Query()
	view := treatyView{Query: strings.TrimSpace(q.Get("q")), Filter: q.Get("show"), Tally: desk.Tally(today), AsOf: v.loc.Day(rogatory.At(desk.Book().AsOf.Time()), zoneNamed("UTC")), Note: desk.Book().Note, Counts: map[status.Phase]int{}}
	for _, st := range desk.Book().States().All {
		now, err := desk.Status(st.Code, today)
		if err != nil {
			return err
		}
		name := v.loc.State(st.Code)
		if view.Query != "" && !strings.Contains(strings.ToLower(name+" "+string(st.Code)), strings.ToLower(view.Query)) {
			continue
		}
		view.Counts[now.Phase]++
		if view.Filter != "" && string(now.Phase) != view.Filter {
			continue
		}
		if view.Filter == "" && view.Query == "" && now.Phase == status.Outside {
			continue
		}
		row := treatyRow{Code: st.Code, Name: name, Phase: now.Phase, Signed: fact(v.loc, now.Signature)}
		if now.Signature != nil {
			row.Verified = now.Signature.Verified
		}
		if now.Consent != nil {
			row.Consented = fact(v.loc, &now.Consent.Fact)
		}
		view.Rows = append(view.Rows, row)
	}
	return v.show(http.StatusOK, treatyScreen(v.frame(v.loc.T("treaty.title"), "treaty"), view))
}

func (s *server) treatyState(v *visit) error {
	code := rogatory.StateCode(v.r.PathValue("code"))
	now, err := s.Office.Rules.Desk.Status(code, status.DateOf(v.now.Time()))
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, treatyStateScreen(v.frame(v.loc.State(code), "treaty"), now))
}

type whatIfView struct {
	Rule, State, From field
	Due               *deadline.Due
	Title             string
	Steps, Cautions   []string
}

// whatIf computes a time limit; the address holds the question, so that it can be passed on.
func (s *server) whatIf(v *visit) error {
	q := v.r.URL.Query()
	times, calendars := s.Office.Rules.Times, s.Office.Rules.Calendars
	view := whatIfView{Rule: field{Name: "rule", Label: v.loc.T("deadline.rule"), Form: "select", Value: q.Get("rule"), Needed: true},
		State: field{Name: "state", Label: v.loc.T("deadline.state"), Hint: v.loc.T("deadline.state.hint"), Form: "select", Value: q.Get("state"), Needed: true},
		From:  field{Name: "from", Label: v.loc.T("deadline.from"), Hint: v.loc.T("deadline.from.hint"), Form: "moment", Value: q.Get("from"), Needed: true}}
	seen := map[string]bool{}
	for _, r := range times.All() {
		if !seen[r.ID] {
			seen[r.ID] = true
			view.Rule.Options = append(view.Rule.Options, option{r.ID, v.loc.T("deadline.rule.option", "title", language.Words(s.ruleTitle(v.loc, r)), "article", r.Article)})
		}
	}
	for _, p := range s.Parties() {
		view.State.Options = append(view.State.Options, option{string(p.Code), s.name(v.loc, p.Code)})
	}
	for _, c := range calendars.All() {
		if c.State != "" && s.party(c.State).Name == "" {
			view.State.Options = append(view.State.Options, option{string(c.State), s.name(v.loc, c.State)})
		}
	}
	if view.Rule.Value != "" {
		rule, err := times.Rule(view.Rule.Value)
		if err != nil {
			view.Rule.Wrong = v.loc.T("wrong.choice")
		}
		calendar := calendars.Of(rogatory.StateCode(view.State.Value))
		start, ferr := calendar.Moment(view.From.Value)
		if ferr != nil {
			view.From.Wrong = v.loc.T("wrong.moment")
		}
		if err == nil && ferr == nil {
			due, err := deadline.Compute(rule, start, calendar)
			if err != nil {
				var fault *rogatory.Error
				if view.From.Wrong = v.loc.T("wrong.moment"); errors.As(err, &fault) {
					view.From.Wrong = faultWords(v.loc, fault).Words
				}
			} else {
				zone := zoneNamed(due.Zone)
				view.Due, view.Title = &due, s.ruleTitle(v.loc, rule)
				view.Steps, view.Cautions = explained(v.loc, due.Said, zone), explained(v.loc, due.Cautions, zone)
			}
		}
	}
	return v.show(http.StatusOK, whatIfScreen(v.frame(v.loc.T("deadline.title"), "deadlines"), view))
}

type personView struct {
	rogatory.Officer
	Passkeys int
	Ready    rogatory.Instant // from when on all of them decide; zero if they do
	Newest   rogatory.Instant // when the newest of those that do not was registered
}

func (s *server) people(v *visit) error {
	all, err := s.People(v.ctx)
	if err != nil {
		return err
	}
	var people []personView
	for _, o := range all {
		keys, err := s.Keys.Passkeys(o.Name)
		if err != nil {
			return err
		}
		p := personView{Officer: o, Passkeys: len(keys)}
		for _, k := range keys {
			if ready := k.ready(); v.now < ready && s.Office.Mode == rogatory.Live {
				p.Ready, p.Newest = max(p.Ready, ready), max(p.Newest, k.Since)
			}
		}
		people = append(people, p)
	}
	open, err := s.openRecoveries(v)
	if err != nil {
		return err
	}
	return v.show(http.StatusOK, peopleScreen(v.frame(v.loc.T("people.title"), "people"), people, open))
}

type outboxView struct {
	Messages []docket.Dispatch
	Checks   []Check
	Tally    docket.Tally
	MayMend  bool
}

// maxOutbox is how many deliveries one page shows.
const maxOutbox = 100

func (s *server) outbox(v *visit) error {
	var view outboxView
	var err error
	if view.Messages, err = s.Office.Outbox(v.ctx, "", maxOutbox); err != nil {
		return err
	}
	if view.Tally, err = s.Office.Tally(v.ctx); err != nil {
		return err
	}
	if s.Health != nil {
		view.Checks = s.Health(v.ctx)
	}
	view.MayMend = mayMend(v.by.Role)
	return v.show(http.StatusOK, outboxScreen(v.frame(v.loc.T("outbox.title"), "outbox"), view))
}

func mayMend(role rogatory.OfficerRole) bool {
	return role == rogatory.Administrator || role == rogatory.DutyOfficer || role == rogatory.Decider
}

func (s *server) revive(v *visit) error {
	if !mayMend(v.by.Role) {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not send again", v.by.Name, v.by.Role)
	}
	if err := s.Office.Revive(v.ctx, v.by, rogatory.MessageID(v.r.PathValue("id"))); err != nil {
		return err
	}
	v.say("outbox.revived")
	return v.to("outbox")
}

// matrixRoles are the roles that act on requests, as columns.
var matrixRoles = []rogatory.OfficerRole{rogatory.DutyOfficer, rogatory.Decider, rogatory.Custodian, rogatory.TheNode}

// matrixRow says for one act on which side each role may do it: 1 for the requesting, 2 for the requested, 3 for both.
type matrixRow struct {
	Act rogatory.Act
	May map[rogatory.OfficerRole]int
}

// matrix is the lifecycle as a table of who may do what. It is the same table that the docket asks.
func matrix() []matrixRow {
	var rows []matrixRow
	for _, t := range rogatory.Lifecycle() {
		i := slices.IndexFunc(rows, func(m matrixRow) bool { return m.Act == t.Act })
		if i < 0 {
			rows = append(rows, matrixRow{t.Act, map[rogatory.OfficerRole]int{}})
			i = len(rows) - 1
		}
		for _, r := range t.Roles {
			if t.By == rogatory.RequestingSide {
				rows[i].May[r] |= 1
			} else {
				rows[i].May[r] |= 2
			}
		}
	}
	return rows
}
