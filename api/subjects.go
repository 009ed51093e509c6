// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"

	"rogatory"
	"rogatory/docket"
	"rogatory/safeguard"
)

// Told is a record that the persons concerned by a request were told.
type Told = docket.Telling

// Until is something that lasts until a moment, for a reason. A zero moment ends it, where it can be ended.
type Until struct {
	Reason string           `json:"reason"`
	Until  rogatory.Instant `json:"until,omitzero"`
}

// Why is a decision with its reason.
type Why struct {
	Reason string `json:"reason"`
}

// EmergencyReview is what the review of an emergency found.
type EmergencyReview struct {
	Finding docket.Finding `json:"finding" enum:"justified,unjustified"`
	Reason  string         `json:"reason"`
}

// Pendings are requests that wait for something; More says that there are others.
type Pendings struct {
	Requests []docket.Pending `json:"requests"`
	More     bool             `json:"more,omitempty"`
}

func pendings(all []docket.Pending, more bool, err error) (Pendings, error) {
	if all == nil {
		all = []docket.Pending{}
	}
	return Pendings{all, more}, err
}

func (s *server) subjectRoutes() {
	route(s, http.MethodGet, "/subject-notices", "list-subject-notices", "Requests whose persons concerned this office still has to tell, the longest due first", func(ctx context.Context, by rogatory.Actor, _ *none) (Pendings, error) {
		return pendings(s.Office.Subjects(ctx, by))
	})
	route(s, http.MethodGet, "/emergency-reviews", "list-emergency-reviews", "Uses of the emergency channel that nobody has reviewed, the longest due first", func(ctx context.Context, by rogatory.Actor, _ *none) (Pendings, error) {
		return pendings(s.Office.Emergencies(ctx, by))
	})
	route(s, http.MethodPost, "/requests/{id}/subject-notice/told", "record-told", "Record that the persons concerned by a request were told", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Told
	}) (docket.File, error) {
		return s.Office.Tell(ctx, by, in.id(), in.Body)
	})
	route(s, http.MethodPost, "/requests/{id}/subject-notice/postponements", "postpone-telling", "Put off telling the persons concerned, for a reason and until a day", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Until
	}) (docket.File, error) {
		return s.Office.PutOff(ctx, by, in.id(), in.Body.Until, in.Body.Reason)
	})
	route(s, http.MethodPost, "/requests/{id}/subject-notice/never", "record-never-told", "Record why the persons concerned can never be told", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Why
	}) (docket.File, error) {
		return s.Office.CannotTell(ctx, by, in.id(), in.Body.Reason)
	})
	route(s, http.MethodPost, "/requests/{id}/secrecy", "renew-secrecy", "Renew the confidentiality of a request of ours until a moment, or end it", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Until
	}) (docket.File, error) {
		return s.Office.KeepSecret(ctx, by, in.id(), in.Body.Until, in.Body.Reason, "en")
	})
	route(s, http.MethodPost, "/requests/{id}/emergency-review", "review-emergency", "Say what the review of a use of the emergency channel found", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body EmergencyReview
	}) (docket.File, error) {
		return s.Office.ReviewEmergency(ctx, by, in.id(), in.Body.Finding, in.Body.Reason)
	})
	type state struct {
		State string `path:"state" maxLength:"2"`
		Body  Suspending
	}
	route(s, http.MethodPost, "/suspensions/{state}/reviews", "review-suspension", "Keep a suspension for a reason, until it is looked at again", func(ctx context.Context, by rogatory.Actor, in *state) (safeguard.Suspension, error) {
		return s.Office.ReviewSuspension(ctx, by, rogatory.StateCode(in.State), in.Body.Reason, in.Body.Review)
	})
}

// SubjectNotices lists requests whose persons concerned are still to be told.
func (c *Client) SubjectNotices(ctx context.Context) (p Pendings, err error) {
	return p, c.call(ctx, http.MethodGet, "/subject-notices", nil, &p)
}

// EmergencyReviews lists uses of the emergency channel that nobody has reviewed.
func (c *Client) EmergencyReviews(ctx context.Context) (p Pendings, err error) {
	return p, c.call(ctx, http.MethodGet, "/emergency-reviews", nil, &p)
}

// Tell records that the persons concerned were told.
func (c *Client) Tell(ctx context.Context, id rogatory.RequestID, said Told) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/subject-notice/told", said, &f)
}

// PutOff postpones that they are told.
func (c *Client) PutOff(ctx context.Context, id rogatory.RequestID, said Until) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/subject-notice/postponements", said, &f)
}

// CannotTell records why they can never be told.
func (c *Client) CannotTell(ctx context.Context, id rogatory.RequestID, said Why) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/subject-notice/never", said, &f)
}

// KeepSecret renews or ends confidentiality.
func (c *Client) KeepSecret(ctx context.Context, id rogatory.RequestID, said Until) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/secrecy", said, &f)
}

// ReviewEmergency says what a review found.
func (c *Client) ReviewEmergency(ctx context.Context, id rogatory.RequestID, said EmergencyReview) (f docket.File, err error) {
	return f, c.call(ctx, http.MethodPost, "/requests/"+esc(id)+"/emergency-review", said, &f)
}

// ReviewSuspension keeps a suspension.
func (c *Client) ReviewSuspension(ctx context.Context, state rogatory.StateCode, said Suspending) (x safeguard.Suspension, err error) {
	return x, c.call(ctx, http.MethodPost, "/suspensions/"+esc(state)+"/reviews", said, &x)
}
