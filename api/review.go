// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"net/url"

	"rogatory"
	"rogatory/docket"
	"rogatory/safeguard"
)

// Vote is what a person says to an act that is still to be done.
type Vote struct {
	Act rogatory.Act `json:"act"`
	// Exhibit is the one that is offered; it may be left out where only one could be.
	Exhibit rogatory.ExhibitID `json:"exhibit,omitempty" maxLength:"40"`
	Agree   bool               `json:"agree"`
	Reasons string             `json:"reasons,omitempty"` // of who does not agree
	Answers map[string]string  `json:"answers,omitempty"` // reasons by the code of the finding that they answer
}

// Said is the objection of somebody outside, or what became of it.
type Said struct {
	From    string `json:"from,omitempty"`
	Reasons string `json:"reasons"`
}

// Suspending is a suspension of cooperation that is proposed or agreed to.
type Suspending struct {
	Reason string           `json:"reason"`
	Review rogatory.Instant `json:"review,omitzero"`
}

func (s *server) reviewRoutes() {
	route(s, http.MethodGet, "/requests/{id}/safeguards/{act}", "judge-act", "What the safeguards have to say of an act before it is done", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Act     string `path:"act" maxLength:"40"`
		Exhibit string `query:"exhibit" maxLength:"40"`
	}) (docket.Judged, error) {
		return s.Office.Opinion(ctx, by, in.id(), rogatory.Act(in.Act), rogatory.Body{ExhibitID: rogatory.ExhibitID(in.Exhibit)})
	})
	route(s, http.MethodGet, "/review-form", "get-review-form", "The questions of the review sheet", func(context.Context, rogatory.Actor, *none) (safeguard.Form, error) {
		if s.Office.Safeguards == nil {
			return safeguard.Form{}, notProvided("safeguards")
		}
		return s.Office.Safeguards.Form, nil
	})
	route(s, http.MethodPut, "/requests/{id}/sheet", "sign-sheet", "Sign the review sheet of a request", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body safeguard.Sheet
	}) (docket.File, error) {
		return s.Office.SignSheet(ctx, by, in.id(), in.Body)
	})
	route(s, http.MethodPost, "/requests/{id}/votes", "vote-on-act", "Agree to an act that is still to be done, or do not", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Vote
	}) (docket.File, error) {
		return s.Office.Approve(ctx, by, in.id(), in.Body.Act, in.Body.Exhibit, in.Body.Agree, in.Body.Reasons, in.Body.Answers)
	})
	route(s, http.MethodPost, "/requests/{id}/objections", "record-objection", "Record the objection of a provider or a person concerned: the case halts", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Said
	}) (docket.File, error) {
		return s.Office.Object(ctx, by, in.id(), in.Body.From, in.Body.Reasons)
	})
	route(s, http.MethodPost, "/requests/{id}/objections/decide", "decide-objection", "Say what became of the oldest open objection", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Said
	}) (docket.File, error) {
		return s.Office.DecideObjection(ctx, by, in.id(), in.Body.Reasons)
	})
	route(s, http.MethodGet, "/suspensions", "list-suspensions", "Suspensions of cooperation with a State", func(ctx context.Context, by rogatory.Actor, _ *none) ([]safeguard.Suspension, error) {
		return s.Office.Suspensions(ctx, by)
	})
	type state struct {
		State string `path:"state" maxLength:"2"`
		Body  Suspending
	}
	route(s, http.MethodPost, "/suspensions/{state}", "suspend-state", "Propose that cooperation with a State is suspended, or agree to it", func(ctx context.Context, by rogatory.Actor, in *state) (safeguard.Suspension, error) {
		return s.Office.Suspend(ctx, by, rogatory.StateCode(in.State), in.Body.Reason, in.Body.Review)
	})
	route(s, http.MethodPost, "/suspensions/{state}/lift", "resume-state", "Propose that cooperation with a State is resumed, or agree to it", func(ctx context.Context, by rogatory.Actor, in *state) (safeguard.Suspension, error) {
		return s.Office.Resume(ctx, by, rogatory.StateCode(in.State), in.Body.Reason)
	})
}

// Judge says what the safeguards have to say of an act.
func (c *Client) Judge(ctx context.Context, id rogatory.RequestID, act rogatory.Act, exhibit rogatory.ExhibitID) (j docket.Judged, err error) {
	return j, c.call(ctx, http.MethodGet, "/requests/"+esc(id)+"/safeguards/"+esc(act)+"?"+url.Values{"exhibit": {string(exhibit)}}.Encode(), nil, &j)
}

// ReviewForm returns the questions of the review sheet.
func (c *Client) ReviewForm(ctx context.Context) (f safeguard.Form, err error) {
	return f, c.call(ctx, http.MethodGet, "/review-form", nil, &f)
}

// SignSheet signs the review sheet of a request.
func (c *Client) SignSheet(ctx context.Context, id rogatory.RequestID, sheet safeguard.Sheet) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPut, "/requests/"+esc(id)+"/sheet", sheet, &f)
}

// Vote says whether the caller stands for an act.
func (c *Client) Vote(ctx context.Context, id rogatory.RequestID, v Vote) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/votes", v, &f)
}

// Object records an objection.
func (c *Client) Object(ctx context.Context, id rogatory.RequestID, said Said) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/objections", said, &f)
}

// DecideObjection says what became of the oldest open objection.
func (c *Client) DecideObjection(ctx context.Context, id rogatory.RequestID, said Said) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/objections/decide", said, &f)
}

// Suspensions lists the suspensions of cooperation.
func (c *Client) Suspensions(ctx context.Context) (all []safeguard.Suspension, err error) {
	return all, c.call(ctx, http.MethodGet, "/suspensions", nil, &all)
}

// Suspend proposes or agrees to a suspension.
func (c *Client) Suspend(ctx context.Context, state rogatory.StateCode, said Suspending) (x safeguard.Suspension, err error) {
	return x, c.call(ctx, http.MethodPost, "/suspensions/"+esc(state), said, &x)
}

// Resume proposes or agrees to lift a suspension.
func (c *Client) Resume(ctx context.Context, state rogatory.StateCode, said Suspending) (x safeguard.Suspension, err error) {
	return x, c.call(ctx, http.MethodPost, "/suspensions/"+esc(state)+"/lift", said, &x)
}
