// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"

	"rogatory"
	"rogatory/docket"
)

// PolicySet is a national set of safeguards: all of its files. None are a set without rules of the State's own.
type PolicySet struct {
	Files []docket.PolicyFile `json:"files" maxItems:"50"`
	Why   string              `json:"why,omitempty"` // of a proposal
}

type digestPath struct {
	Digest string `path:"digest" pattern:"^[0-9a-f]{64}$"`
}

func (p digestPath) digest() (d rogatory.Digest, err error) {
	return d, d.UnmarshalText([]byte(p.Digest))
}

func (s *server) policyRoutes() {
	route(s, http.MethodGet, "/policies", "list-policies", "The safeguards in force, and every edition that was put forward", func(ctx context.Context, _ rogatory.Actor, _ *none) (docket.Policies, error) {
		return s.Office.Policies(ctx)
	})
	route(s, http.MethodGet, "/policies/{digest}", "get-policies", "An edition of the safeguards, with its files and what it changes", func(ctx context.Context, _ rogatory.Actor, in *digestPath) (docket.PolicyEdition, error) {
		d, err := in.digest()
		if err != nil {
			return docket.PolicyEdition{}, err
		}
		return s.Office.PolicyEdition(ctx, d)
	})
	route(s, http.MethodPost, "/policies/try", "try-policies", "What a set of rules would change; nothing is recorded", func(ctx context.Context, by rogatory.Actor, in *struct{ Body PolicySet }) (docket.PolicyTrial, error) {
		return s.Office.TryPolicies(ctx, by, in.Body.Files)
	})
	route(s, http.MethodPost, "/policies", "propose-policies", "Put a set of rules forward in place of this State's own", func(ctx context.Context, by rogatory.Actor, in *struct{ Body PolicySet }) (docket.PolicyEdition, error) {
		return s.Office.ProposePolicies(ctx, by, in.Body.Files, in.Body.Why)
	})
	route(s, http.MethodPost, "/policies/keep", "keep-policies", "Keep the rules in force: what waits is stopped", func(ctx context.Context, by rogatory.Actor, in *struct{ Body Said }) (docket.PolicyEdition, error) {
		return s.Office.KeepPolicies(ctx, by, in.Body.Reasons)
	})
	route(s, http.MethodPost, "/policies/{digest}/agree", "agree-policies", "Agree to a set that weakens: it counts a day later", func(ctx context.Context, by rogatory.Actor, in *digestPath) (docket.PolicyEdition, error) {
		d, err := in.digest()
		if err != nil {
			return docket.PolicyEdition{}, err
		}
		return s.Office.AgreePolicies(ctx, by, d)
	})
}

// Policies tells which safeguards are in force, and how they became it.
func (c *Client) Policies(ctx context.Context) (p docket.Policies, err error) {
	return p, c.call(ctx, http.MethodGet, "/policies", nil, &p)
}

// PolicyEdition tells of an edition.
func (c *Client) PolicyEdition(ctx context.Context, digest rogatory.Digest) (e docket.PolicyEdition, err error) {
	return e, c.call(ctx, http.MethodGet, "/policies/"+digest.String(), nil, &e)
}

// TryPolicies says what a set would change.
func (c *Client) TryPolicies(ctx context.Context, r PolicySet) (t docket.PolicyTrial, err error) {
	return t, c.call(ctx, http.MethodPost, "/policies/try", r, &t)
}

// ProposePolicies puts a set forward.
func (c *Client) ProposePolicies(ctx context.Context, r PolicySet) (e docket.PolicyEdition, err error) {
	return e, c.call(ctx, http.MethodPost, "/policies", r, &e)
}

// KeepPolicies stops what waits.
func (c *Client) KeepPolicies(ctx context.Context, why string) (e docket.PolicyEdition, err error) {
	return e, c.call(ctx, http.MethodPost, "/policies/keep", Said{Reasons: why}, &e)
}

// AgreePolicies agrees to a set.
func (c *Client) AgreePolicies(ctx context.Context, digest rogatory.Digest) (e docket.PolicyEdition, err error) {
	return e, c.call(ctx, http.MethodPost, "/policies/"+digest.String()+"/agree", nil, &e)
}
