// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"

	"rogatory"
	"rogatory/docket"
)

// Release says whether an exhibit is out of quarantine, or another person has to stand for it.
type Release struct {
	Released bool `json:"released"`
}

func (s *server) quarantineRoutes() {
	const get, post = http.MethodGet, http.MethodPost
	route(s, get, "/quarantine", "list-quarantine", "What lies unread because it holds more than was asked for, or nobody could tell: counts, and no value", func(ctx context.Context, by rogatory.Actor, _ *none) ([]docket.Quarantined, error) {
		return s.Office.Quarantined(ctx, by)
	})
	route(s, post, "/exhibits/{id}/cut", "cut-exhibit", "Cut the rows that were asked for out of an exhibit in quarantine, into a new exhibit", func(ctx context.Context, by rogatory.Actor, in *ExhibitPath) (rogatory.Exhibit, error) {
		return s.Office.Cut(ctx, by, in.id())
	}, slow, status(http.StatusCreated))
	route(s, post, "/exhibits/{id}/release", "release-exhibit", "Stand for releasing an exhibit from quarantine as it is", func(ctx context.Context, by rogatory.Actor, in *struct {
		ExhibitPath
		Body Reason
	}) (Release, error) {
		released, err := s.Office.Release(ctx, by, in.id(), in.Body.Why)
		return Release{released}, err
	})
	route(s, post, "/exhibits/{id}/discard", "discard-exhibit", "Delete an exhibit in quarantine, with a certificate", func(ctx context.Context, by rogatory.Actor, in *struct {
		ExhibitPath
		Body Reason
	}) (Deletion, error) {
		c, err := s.Office.DeleteExcess(ctx, by, in.id(), in.Body.Why)
		return Deletion{c, c.Text()}, err
	}, slow)
}

// Quarantine lists what lies unread.
func (c *Client) Quarantine(ctx context.Context) (all []docket.Quarantined, err error) {
	return all, c.call(ctx, http.MethodGet, "/quarantine", nil, &all)
}

// Cut cuts what was asked for out of an exhibit in quarantine.
func (c *Client) Cut(ctx context.Context, id rogatory.ExhibitID) (x rogatory.Exhibit, err error) {
	return x, c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/cut", nil, &x)
}

// Release stands for releasing an exhibit from quarantine as it is.
func (c *Client) Release(ctx context.Context, id rogatory.ExhibitID, why string) (r Release, err error) {
	return r, c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/release", Reason{why}, &r)
}

// Discard deletes an exhibit in quarantine.
func (c *Client) Discard(ctx context.Context, id rogatory.ExhibitID, why string) (d Deletion, err error) {
	return d, c.call(ctx, http.MethodPost, "/exhibits/"+esc(id)+"/discard", Reason{why}, &d)
}
