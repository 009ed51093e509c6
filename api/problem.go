// SPDX-License-Identifier: Apache-2.0

package api

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"rogatory"
)

// statuses is the one table of kinds and HTTP statuses. The kind in the body decides; the status is
// for proxies and stock tools.
var statuses = map[rogatory.Kind]int{
	rogatory.Invalid:      http.StatusUnprocessableEntity,
	rogatory.NotFound:     http.StatusNotFound,
	rogatory.Conflict:     http.StatusConflict,
	rogatory.Denied:       http.StatusForbidden,
	rogatory.Untrusted:    http.StatusUnprocessableEntity,
	rogatory.Stale:        http.StatusGone,
	rogatory.Busy:         http.StatusTooManyRequests,
	rogatory.Unavailable:  http.StatusServiceUnavailable,
	rogatory.Damaged:      http.StatusInternalServerError,
	rogatory.ModeMismatch: http.StatusMisdirectedRequest,
	rogatory.Internal:     http.StatusInternalServerError,
}

// The codes of a call without a good token; they are Denied, with the status 401.
const (
	codeTokenMissing = "token_missing"
	codeTokenUnknown = "token_unknown"
)

const problemType = "application/problem+json"

// Problem is an error as the door sends it, in the form of RFC 9457.
type Problem struct {
	Status  int           `json:"status" doc:"the HTTP status again"`
	Kind    rogatory.Kind `json:"kind" doc:"what the caller can do: invalid, not_found, conflict, denied, untrusted, stale, busy, unavailable, damaged, mode_mismatch or internal"`
	Code    string        `json:"code" doc:"stable and finer than the kind"`
	Message string        `json:"message" doc:"for people"`
	Hint    string        `json:"hint,omitempty" doc:"what to do next"`
}

// Error makes a Problem what the library calls a status error.
func (p *Problem) Error() string { return p.Message }

// GetStatus is for the library.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is for the library.
func (p *Problem) ContentType(string) string { return problemType }

// problemOf says what the caller may know of an error: never its cause, and of an error that is not
// ours only that there was one.
func problemOf(err error) *Problem {
	p := &Problem{Kind: rogatory.Internal, Code: "internal", Message: "something failed that was not foreseen"}
	if e, ok := errors.AsType[*rogatory.Error](err); ok {
		p.Kind, p.Code, p.Message, p.Hint = e.Kind, e.Code, e.Message, e.Hint
	}
	if p.Hint == "" && (p.Kind == rogatory.Internal || p.Kind == rogatory.Damaged) {
		p.Hint = "the node's log says more"
	}
	p.Status = statuses[p.Kind]
	if p.Code == codeTokenMissing || p.Code == codeTokenUnknown {
		p.Status = http.StatusUnauthorized
	}
	return p
}

// refuse logs what the caller is not told. What people can mend themselves is not news.
func (s *server) refuse(what string, err error) *Problem {
	p := problemOf(err)
	if p.Status >= http.StatusInternalServerError {
		s.Log.Error("office door", "call", what, "code", p.Code, "error", err.Error())
	}
	return p
}

// fail answers outside the library.
func (s *server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := s.refuse(r.Method+" "+r.URL.Path, err)
	w.Header().Set("Content-Type", problemType)
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="rogatory"`)
	}
	w.WriteHeader(p.Status)
	json.NewEncoder(w).Encode(p)
}

// problems turns what the library itself refuses, such as a body that does not fit its description,
// into our form.
func problems(_ huma.Context, _ string, v any) (any, error) {
	m, ok := v.(*huma.ErrorModel)
	if !ok {
		return v, nil
	}
	p := &Problem{Status: m.Status, Kind: rogatory.Invalid, Code: "call_invalid", Message: strings.ToLower(m.Detail)}
	switch {
	case m.Status >= http.StatusInternalServerError:
		p = problemOf(nil)
		p.Status = m.Status
	case m.Status == http.StatusRequestEntityTooLarge:
		p.Code = "call_too_large"
	case m.Status == http.StatusRequestTimeout:
		p.Kind, p.Code = rogatory.Unavailable, "call_timeout"
	}
	var each []string
	for _, d := range m.Errors {
		each = append(each, strings.TrimSpace(d.Location+" "+d.Message))
	}
	if len(each) > 0 && p.Kind == rogatory.Invalid {
		p.Message += ": " + strings.Join(each, "; ")
	}
	return p, nil
}

func (s *server) problemResponse() *huma.Response {
	schema := s.api.OpenAPI().Components.Schemas.Schema(problemSchema, true, "Problem")
	return &huma.Response{Description: "what is wrong, and what to do", Content: map[string]*huma.MediaType{problemType: {Schema: schema}}}
}
