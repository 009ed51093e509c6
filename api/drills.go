// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"net/url"

	"rogatory"
	"rogatory/docket"
)

// Drills is the desk's work with drills of the 24/7 network.
type Drills struct {
	Plan    func(ctx context.Context, by rogatory.Actor) ([]DrillPlan, error)
	List    func(ctx context.Context, by rogatory.Actor, with rogatory.StateCode) ([]DrillLine, error)
	Send    func(ctx context.Context, by rogatory.Actor, to rogatory.StateCode) (rogatory.RequestID, error)
	Figures func(ctx context.Context, by rogatory.Actor, with rogatory.StateCode) ([]ComparedFigures, error)
	Propose func(ctx context.Context, by rogatory.Actor, of rogatory.StateCode, from, to rogatory.Instant) (rogatory.DrillFigures, error)
}

// DrillPlan is how a State is drilled. It does not say when.
type DrillPlan struct {
	State rogatory.StateCode `json:"state"`
	Off   bool               `json:"off,omitempty"`
	Days  int                `json:"every_days,omitempty"`
	From  rogatory.Instant   `json:"from,omitzero" doc:"the next drill comes between this moment and to"`
	To    rogatory.Instant   `json:"to,omitzero"`
	Last  rogatory.Instant   `json:"last,omitzero"`
}

// DrillLine is one drill with what it took.
type DrillLine struct {
	docket.Drill
	Machine int64 `json:"machine_ms,omitempty" doc:"until the other State's node had it; left out if it did not"`
	Human   int64 `json:"human_ms,omitempty" doc:"until the asking State read that a person was reached; left out if nobody was"`
}

// ComparedFigures are figures of one period as the two States signed them.
type ComparedFigures struct {
	Figures rogatory.DrillFigures  `json:"figures"`
	Theirs  *rogatory.DrillFigures `json:"theirs,omitempty" doc:"where they differ"`
	Signed  []DrillSignature       `json:"signed"`
	Differs []string               `json:"differs,omitempty" doc:"the members in which they differ"`
	Public  bool                   `json:"public,omitempty" doc:"both States signed the same"`
}

// DrillSignature is one statement of figures.
type DrillSignature struct {
	Figures rogatory.DrillFigures `json:"figures"`
	Signer  rogatory.StateCode    `json:"signer"`
	Message rogatory.Digest       `json:"message" doc:"SHA-256 of the signature file of the message in which it was said"`
}

// DrillSent is a drill that is on its way.
type DrillSent struct {
	Request rogatory.RequestID `json:"request"`
}

// DrillPeriod is a span of time; to does not belong to it.
type DrillPeriod struct {
	From rogatory.Instant `json:"from"`
	To   rogatory.Instant `json:"to"`
}

type drillsQuery struct {
	State string `query:"state" doc:"of this State only" maxLength:"2"`
}

// StatePath names a State.
type StatePath struct {
	State string `path:"state" doc:"such as XB" minLength:"2" maxLength:"2"`
}

func (s *server) drillRoutes() {
	const get, post = http.MethodGet, http.MethodPost
	missing := func() error { return notProvided("the desk's drills") }
	route(s, get, "/drills/plan", "get-drill-plan", "How often which State is drilled", func(ctx context.Context, by rogatory.Actor, _ *none) ([]DrillPlan, error) {
		if s.Drills == nil {
			return nil, missing()
		}
		return s.Drills.Plan(ctx, by)
	})
	route(s, get, "/drills", "list-drills", "The newest drills of and by this State", func(ctx context.Context, by rogatory.Actor, in *drillsQuery) ([]DrillLine, error) {
		if s.Drills == nil {
			return nil, missing()
		}
		return s.Drills.List(ctx, by, rogatory.StateCode(in.State))
	})
	route(s, post, "/drills/{state}", "send-drill", "Drill a State now", func(ctx context.Context, by rogatory.Actor, in *StatePath) (DrillSent, error) {
		if s.Drills == nil {
			return DrillSent{}, missing()
		}
		id, err := s.Drills.Send(ctx, by, rogatory.StateCode(in.State))
		return DrillSent{id}, err
	})
	route(s, get, "/drills/figures", "get-drill-figures", "Figures of drills as both States signed them", func(ctx context.Context, by rogatory.Actor, in *drillsQuery) ([]ComparedFigures, error) {
		if s.Drills == nil {
			return nil, missing()
		}
		return s.Drills.Figures(ctx, by, rogatory.StateCode(in.State))
	})
	route(s, post, "/drills/{state}/figures", "propose-drill-figures", "Sign the figures of our drills of a State in a period that has ended", func(ctx context.Context, by rogatory.Actor, in *struct {
		StatePath
		Body DrillPeriod
	}) (rogatory.DrillFigures, error) {
		if s.Drills == nil {
			return rogatory.DrillFigures{}, missing()
		}
		return s.Drills.Propose(ctx, by, rogatory.StateCode(in.State), in.Body.From, in.Body.To)
	})
}

func ofState(path string, with rogatory.StateCode) string {
	if with == "" {
		return path
	}
	return path + "?state=" + url.QueryEscape(string(with))
}

// DrillPlan says which States are drilled how often.
func (c *Client) DrillPlan(ctx context.Context) (all []DrillPlan, err error) {
	return all, c.call(ctx, http.MethodGet, "/drills/plan", nil, &all)
}

// ListDrills reads the newest drills; of one State only if it is named.
func (c *Client) ListDrills(ctx context.Context, with rogatory.StateCode) (all []DrillLine, err error) {
	return all, c.call(ctx, http.MethodGet, ofState("/drills", with), nil, &all)
}

// SendDrill drills a State now.
func (c *Client) SendDrill(ctx context.Context, to rogatory.StateCode) (rogatory.RequestID, error) {
	var sent DrillSent
	err := c.call(ctx, http.MethodPost, "/drills/"+url.PathEscape(string(to)), nil, &sent)
	return sent.Request, err
}

// DrillFigures reads the figures that were signed; of one State only if it is named.
func (c *Client) DrillFigures(ctx context.Context, with rogatory.StateCode) (all []ComparedFigures, err error) {
	return all, c.call(ctx, http.MethodGet, ofState("/drills/figures", with), nil, &all)
}

// ProposeDrillFigures signs the figures of our drills of a State in a period that has ended.
func (c *Client) ProposeDrillFigures(ctx context.Context, of rogatory.StateCode, from, to rogatory.Instant) (f rogatory.DrillFigures, err error) {
	return f, c.call(ctx, http.MethodPost, "/drills/"+url.PathEscape(string(of))+"/figures", DrillPeriod{from, to}, &f)
}
