// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"net/http"
	"strconv"

	"rogatory"
)

// PageDelivery is one attempt to hand a page to a provider: a row of the delivery log, which names no
// person, no address and no case.
type PageDelivery struct {
	Page      string           `json:"page"`
	Channel   string           `json:"channel"`
	Provider  string           `json:"provider"`
	Attempt   int              `json:"attempt" doc:"counted from 1"`
	Begun     rogatory.Instant `json:"begun"`
	Ended     rogatory.Instant `json:"ended,omitzero"`
	Code      string           `json:"code" doc:"accepted, underway, or the code of the error"`
	Detail    string           `json:"detail,omitempty"`
	Status    int              `json:"status,omitempty" doc:"HTTP or SMTP status of an acceptance"`
	Reference string           `json:"reference,omitempty" doc:"the provider's own"`
}

type pagesQuery struct {
	Limit int `query:"limit" minimum:"1" maximum:"1000" default:"50"`
}

func (s *server) pageRoutes() {
	route(s, http.MethodGet, "/pager/log", "get-pager-log", "The newest rows of the pager's delivery log", func(ctx context.Context, by rogatory.Actor, in *pagesQuery) ([]PageDelivery, error) {
		if s.Pages == nil {
			return nil, notProvided("the pager's log")
		}
		return s.Pages(ctx, by, in.Limit)
	})
}

// PagerLog reads the newest rows of the pager's delivery log.
func (c *Client) PagerLog(ctx context.Context, limit int) (all []PageDelivery, err error) {
	return all, c.call(ctx, http.MethodGet, "/pager/log?limit="+strconv.Itoa(limit), nil, &all)
}
