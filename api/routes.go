// SPDX-License-Identifier: Apache-2.0

package api

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"rogatory"
	"rogatory/deadline"
	"rogatory/docket"
	"rogatory/treaty"
)

var problemSchema = reflect.TypeFor[Problem]()

// Draft is a request to be drafted or revised. Anything but the kind and the addressed State may be
// missing until it is sent.
type Draft struct {
	To      rogatory.Address `json:"to"`
	Case    rogatory.CaseID  `json:"case,omitempty" doc:"an own case that the request belongs to; a new one is opened without it"`
	Request rogatory.Request `json:"request"`
	// Channel is set for a request that goes by another way, to a State that need not have a node.
	Channel rogatory.Channel `json:"channel,omitempty" doc:"diplomatic, interpol, post, by_hand or telephone; this network without it"`
}

// Arrival is a request that came by another channel.
type Arrival struct {
	From      rogatory.Address `json:"from"`
	Channel   rogatory.Channel `json:"channel"`
	Reference string           `json:"reference" doc:"the other State's own, or where the original is found"`
	Received  rogatory.Instant `json:"received,omitzero" doc:"when it came; now without it"`
	Request   rogatory.Request `json:"request"`
}

// HeardOf is what the other State said on a request by another channel.
type HeardOf struct {
	Act  rogatory.Act     `json:"act"`
	Body rogatory.Body    `json:"body,omitempty"`
	When rogatory.Instant `json:"when,omitzero" doc:"now without it"`
}

// Relaying names the request on which a third State is given an exhibit.
type Relaying struct {
	To rogatory.RequestID `json:"to"`
}

// Renewal names the decision that renews a domestic order.
type Renewal struct {
	Order string `json:"order" doc:"court, file number and date"`
}

// Search says what to look for. It comes in a body, as addresses end up in the logs of proxies.
type Search struct {
	Query string `json:"query" doc:"words, and pieces such as from:XB kind:preservation state:refused ref:XA-2026 after:2026-01 before:2026-06"`
	After int64  `json:"after,omitempty" doc:"what the page before returned as next"`
}

// SearchDigest is what the journal has of a query.
type SearchDigest struct {
	Query rogatory.Digest `json:"query"`
}

// Proceeding is what an exhibit is kept for past its term.
type Proceeding struct {
	Name string `json:"name" doc:"file number of the proceeding; empty to keep it no longer"`
	Why  string `json:"why"`
}

// Deletion is the certificate that an exhibit was deleted.
type Deletion struct {
	Certificate deadline.Certificate `json:"certificate"`
	Text        string               `json:"text" doc:"the certificate for people, as the other State received it; empty where the exhibit was deleted before"`
}

// Adoption is a data file that takes effect.
type Adoption struct {
	Name   string          `json:"name" doc:"kinds, deadlines, calendars, status or agreements"`
	Digest rogatory.Digest `json:"digest" doc:"SHA-256 of the file"`
	Why    string          `json:"why" doc:"where it comes from, and why it is taken"`
}

// Move is an act on a request.
type Move struct {
	Act  rogatory.Act  `json:"act" doc:"such as send, acknowledge, ask, accept, refuse"`
	Body rogatory.Body `json:"body,omitempty" doc:"what the act says; a request is filled in from the draft, an exhibit to offer by its id"`
}

// Moved is what an act led to.
type Moved struct {
	File    docket.File        `json:"file"`
	Message rogatory.MessageID `json:"message" doc:"what was queued for the other State"`
}

// Page is a part of the list of requests.
type Page struct {
	Requests []docket.File `json:"requests"`
	Next     string        `json:"next,omitempty" doc:"give it as after for the next page; none is left without it"`
}

// CourierCall names a folder that is carried, and whom it is for when it is written.
type CourierCall struct {
	To     rogatory.StateCode `json:"to,omitempty"`
	Folder string             `json:"folder" doc:"absolute path on the node's machine"`
}

// RequestPath names a request.
type RequestPath struct {
	ID string `path:"id" doc:"such as XA-2026-7K3M9Q2P.1" maxLength:"32"`
}

func (p RequestPath) id() rogatory.RequestID { return rogatory.RequestID(p.ID) }

// ExhibitPath names an exhibit.
type ExhibitPath struct {
	ID string `path:"id" doc:"such as XB-E-5TQ0ZC8H1M4A" maxLength:"32"`
}

func (p ExhibitPath) id() rogatory.ExhibitID { return rogatory.ExhibitID(p.ID) }

type none struct{}

func (s *server) routes() {
	const get, post, put = http.MethodGet, http.MethodPost, http.MethodPut
	route(s, post, "/requests", "draft-request", "Draft a request", func(ctx context.Context, by rogatory.Actor, in *struct{ Body Draft }) (docket.File, error) {
		if in.Body.Channel != "" {
			return s.Office.DraftElsewhere(ctx, by, in.Body.To, in.Body.Channel, in.Body.Case, in.Body.Request)
		}
		return s.Office.Draft(ctx, by, in.Body.To, in.Body.Case, in.Body.Request)
	}, status(http.StatusCreated))
	route(s, post, "/arrivals", "record-request", "Record a request that came by another channel", func(ctx context.Context, by rogatory.Actor, in *struct{ Body Arrival }) (docket.File, error) {
		a := in.Body
		return s.Office.Record(ctx, by, docket.Arrival{From: a.From, Channel: a.Channel, Reference: a.Reference, Received: a.Received, Request: a.Request})
	}, status(http.StatusCreated))
	route(s, post, "/requests/{id}/heard", "record-act", "Record what the other State said on a request by another channel", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body HeardOf
	}) (docket.File, error) {
		return s.Office.Heard(ctx, by, in.id(), in.Body.Act, in.Body.Body, in.Body.When)
	})
	route(s, get, "/requests/{id}/review", "review-request", "What a draft lacks before it can be sent, and what a careful colleague would ask", func(ctx context.Context, by rogatory.Actor, in *RequestPath) ([]treaty.Finding, error) {
		return s.Office.Review(ctx, by, in.id())
	})
	route(s, get, "/money", "money-recovered", "What of attempted losses was frozen and returned, by currency", func(ctx context.Context, by rogatory.Actor, _ *none) ([]treaty.Tally, error) {
		return s.Office.Recovered(ctx, by)
	})
	route(s, post, "/exhibits/{id}/relay", "relay-exhibit", "Seal an exhibit that one State gave for another, with the first one's leave", func(ctx context.Context, by rogatory.Actor, in *struct {
		ExhibitPath
		Body Relaying
	}) (rogatory.Exhibit, error) {
		return s.Office.Relay(ctx, by, in.id(), in.Body.To)
	}, slow)
	route(s, post, "/requests/{id}/renewals", "renew-order", "Record that the domestic order to preserve was renewed", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Renewal
	}) (docket.File, error) {
		return s.Office.Renew(ctx, by, in.id(), in.Body.Order)
	})
	route(s, post, "/searches", "search-requests", "Look for requests; each search is journaled", func(ctx context.Context, by rogatory.Actor, in *struct{ Body Search }) (docket.Results, error) {
		return s.Office.Search(ctx, by, in.Body.Query, in.Body.After)
	})
	route(s, post, "/searches/digest", "digest-search", "What the journal has of a search, for oversight", func(ctx context.Context, by rogatory.Actor, in *struct{ Body Search }) (SearchDigest, error) {
		d, err := s.Office.SearchDigest(ctx, by, in.Body.Query)
		return SearchDigest{d}, err
	})
	route(s, get, "/retention", "list-retention", "What lies in the vault for requests that have ended, and until when", func(ctx context.Context, by rogatory.Actor, _ *none) ([]docket.Keeping, error) {
		return s.Office.Retention(ctx, by)
	})
	route(s, post, "/exhibits/{id}/keep", "keep-exhibit", "Keep an exhibit for a pending proceeding, or no longer", func(ctx context.Context, by rogatory.Actor, in *struct {
		ExhibitPath
		Body Proceeding
	}) (none, error) {
		return none{}, s.Office.Keep(ctx, by, in.id(), in.Body.Name, in.Body.Why)
	})
	route(s, post, "/exhibits/{id}/delete", "delete-exhibit", "Delete an exhibit whose term is over, and certify it to the other State", func(ctx context.Context, by rogatory.Actor, in *ExhibitPath) (Deletion, error) {
		c, err := s.Office.Delete(ctx, by, in.id())
		if c.At == 0 {
			return Deletion{}, err // it was deleted before, and certified then
		}
		return Deletion{c, c.Text()}, err
	}, slow)
	s.quarantineRoutes()
	route(s, post, "/adoptions", "adopt-rules", "Record that a data file takes effect", func(ctx context.Context, by rogatory.Actor, in *struct{ Body Adoption }) (none, error) {
		return none{}, s.Office.Adopt(ctx, by, in.Body.Name, in.Body.Digest, in.Body.Why)
	})
	route(s, get, "/requests", "list-requests", "List requests, the last changed first", s.list)
	route(s, get, "/requests/{id}", "get-request", "Read the file of a request", func(ctx context.Context, by rogatory.Actor, in *RequestPath) (docket.File, error) {
		if err := docket.MayRead(by); err != nil {
			return docket.File{}, err
		}
		f, err := s.Office.File(ctx, in.id())
		if err != nil {
			return docket.File{}, err
		}
		if err := s.Office.Saw(ctx, by, in.id()); err != nil {
			s.Log.Error("api seen", "request", in.id(), "err", err) // the request can be read all the same
		}
		return f, nil
	})
	route(s, put, "/requests/{id}", "revise-request", "Replace what a draft says", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Draft
	}) (docket.File, error) {
		return s.Office.Revise(ctx, by, in.id(), in.Body.To, in.Body.Request)
	})
	route(s, post, "/requests/{id}/acts", "move-request", "Act on a request; the act is signed and told to the other State", func(ctx context.Context, by rogatory.Actor, in *struct {
		RequestPath
		Body Move
	}) (Moved, error) {
		f, m, err := s.Office.Move(ctx, by, in.id(), in.Body.Act, in.Body.Body)
		return Moved{f, m}, err
	})
	route(s, get, "/requests/{id}/messages", "list-messages", "Read what both States said on a request", func(ctx context.Context, by rogatory.Actor, in *RequestPath) ([]docket.Correspondence, error) {
		return s.Office.MessagesOf(ctx, by, in.id())
	})
	route(s, get, "/cases/{case}", "list-case", "Read the requests of a case", func(ctx context.Context, by rogatory.Actor, in *struct {
		Case string `path:"case" maxLength:"32"`
	}) ([]docket.File, error) {
		return s.Office.RequestsOfCase(ctx, by, rogatory.CaseID(in.Case))
	})
	s.evidenceRoutes()
	s.reviewRoutes()
	s.policyRoutes()
	s.subjectRoutes()
	s.journalRoutes()
	route(s, get, "/kinds", "list-kinds", "Read the rules: kinds of request, their fields, grounds and clocks, each with its article and whether a jurist verified it",
		func(context.Context, rogatory.Actor, *none) (treaty.Rules, error) { return *s.Rules, nil })
	route(s, get, "/parties", "list-parties", "List the States of the directory", func(context.Context, rogatory.Actor, *none) ([]rogatory.Party, error) {
		if s.Parties == nil {
			return nil, notProvided("a directory")
		}
		return s.Parties(), nil
	})
	route(s, get, "/outbox", "list-outbox", "List deliveries: what waits and what was set aside, or those in one state", func(ctx context.Context, _ rogatory.Actor, in *struct {
		State string `query:"state" enum:"waiting,done,dead"`
		Limit int    `query:"limit" minimum:"1" maximum:"1000" default:"200"`
	}) ([]docket.Dispatch, error) {
		return s.Office.Outbox(ctx, in.State, in.Limit)
	})
	route(s, post, "/outbox/{id}/revive", "revive-delivery", "Try a delivery again that was set aside", func(ctx context.Context, by rogatory.Actor, in *struct {
		ID string `path:"id" maxLength:"36"`
	}) (none, error) {
		if err := needs(by, "revive deliveries", rogatory.DutyOfficer, rogatory.Decider, rogatory.Administrator); err != nil {
			return none{}, err
		}
		return none{}, s.Office.Revive(ctx, by, rogatory.MessageID(in.ID))
	})
	carriers := []rogatory.OfficerRole{rogatory.Custodian, rogatory.Administrator}
	route(s, post, "/courier/export", "courier-export", "Write what waits for a State as a folder to be carried", func(ctx context.Context, by rogatory.Actor, in *struct{ Body CourierCall }) (Courier, error) {
		if s.CourierExport == nil {
			return Courier{}, notProvided("a courier")
		}
		if err := errors.Join(needs(by, "hand data to a courier", carriers...), absolute(in.Body.Folder)); err != nil {
			return Courier{}, err
		}
		return s.CourierExport(ctx, by, in.Body.To, in.Body.Folder)
	}, slow)
	route(s, post, "/courier/import", "courier-import", "Take in a folder that was carried here", func(ctx context.Context, by rogatory.Actor, in *struct{ Body CourierCall }) (Courier, error) {
		if s.CourierImport == nil {
			return Courier{}, notProvided("a courier")
		}
		if err := errors.Join(needs(by, "take in what a courier brought", carriers...), absolute(in.Body.Folder)); err != nil {
			return Courier{}, err
		}
		return s.CourierImport(ctx, by, in.Body.Folder)
	}, slow)
	route(s, get, "/health", "get-health", "How the node is, in words", func(ctx context.Context, _ rogatory.Actor, _ *none) ([]Check, error) {
		if s.Health == nil {
			return nil, notProvided("health")
		}
		ctx, cancel := context.WithTimeout(ctx, healthWait)
		defer cancel()
		return s.Health(ctx), nil
	})
	route(s, get, "/me", "who-am-i", "Whose token this is", func(_ context.Context, by rogatory.Actor, _ *none) (rogatory.Actor, error) {
		return by, nil
	})
	s.pageRoutes()
	s.drillRoutes()
}

type listQuery struct {
	Side  string `query:"side" enum:"requesting,requested"`
	Peer  string `query:"peer" doc:"the other State's code" maxLength:"2"`
	State string `query:"state" maxLength:"40"`
	Kind  string `query:"kind" maxLength:"40"`
	After string `query:"after" doc:"what the page before gave as next" maxLength:"80"`
	Limit int    `query:"limit" minimum:"1" maximum:"200" default:"50"`
}

func (s *server) list(ctx context.Context, by rogatory.Actor, in *listQuery) (Page, error) {
	files, next, err := s.Office.Requests(ctx, by, docket.Filter{Side: rogatory.Side(in.Side), Peer: rogatory.StateCode(in.Peer), State: rogatory.State(in.State),
		Kind: rogatory.RequestKind(in.Kind), After: in.After, Limit: in.Limit})
	return Page{files, next}, err
}
