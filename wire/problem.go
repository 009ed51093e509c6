// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rogatory"
)

// statuses is the one table of kinds and HTTP statuses, for both directions. The kind in the body
// decides; the status is for proxies, logs and stock tools, and for answers that have no such
// body: the first kind of a status is then assumed.
var statuses = []struct {
	kind   rogatory.Kind
	status int
}{
	{rogatory.Invalid, http.StatusBadRequest},
	{rogatory.Invalid, http.StatusRequestEntityTooLarge},
	{rogatory.Invalid, http.StatusRequestedRangeNotSatisfiable},
	{rogatory.Invalid, http.StatusUnsupportedMediaType},
	{rogatory.NotFound, http.StatusNotFound},
	{rogatory.NotFound, http.StatusMethodNotAllowed},
	{rogatory.Conflict, http.StatusConflict},
	{rogatory.Denied, http.StatusForbidden},
	{rogatory.Denied, http.StatusUnauthorized},
	// 401 would have to name a scheme to log in with; here there is nothing to log in to.
	{rogatory.Untrusted, http.StatusUnprocessableEntity},
	{rogatory.Stale, http.StatusGone},
	{rogatory.Busy, http.StatusTooManyRequests},
	{rogatory.Unavailable, http.StatusServiceUnavailable},
	{rogatory.Unavailable, http.StatusBadGateway},
	{rogatory.Unavailable, http.StatusGatewayTimeout},
	{rogatory.ModeMismatch, http.StatusMisdirectedRequest},
	{rogatory.Internal, http.StatusInternalServerError},
	{rogatory.Damaged, http.StatusInternalServerError},
}

func statusOf(kind rogatory.Kind) int {
	for _, s := range statuses {
		if s.kind == kind {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

func known(kind rogatory.Kind) bool {
	for _, s := range statuses {
		if s.kind == kind {
			return true
		}
	}
	return false
}

// kindOf is the inverse of statusOf.
func kindOf(status int) rogatory.Kind {
	for _, s := range statuses {
		if s.status == status {
			return s.kind
		}
	}
	if status >= 500 {
		return rogatory.Unavailable
	}
	return rogatory.Internal // neither side of the protocol answers so
}

// problem is an error as it crosses the border.
type problem struct {
	Kind    rogatory.Kind `json:"kind"`
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Hint    string        `json:"hint,omitempty"`
	Retry   int64         `json:"retry_after_s,omitempty"`
}

const (
	// maxCode and maxText bound what a peer can put into our logs and onto our screens, in bytes
	// and in characters.
	maxCode = 64
	maxText = 400

	// maxRetry bounds the wait that a peer can impose on us.
	maxRetry = time.Hour
)

// later is the cause of an error that will pass.
type later time.Duration

func (l later) Error() string { return "try again in " + time.Duration(l).String() }

// RetryAfter returns how long to wait before trying again, if the error says so. It is at most an
// hour.
func RetryAfter(err error) (time.Duration, bool) {
	l, ok := errors.AsType[later](err)
	return time.Duration(l), ok
}

func busy(wait time.Duration, code, format string, args ...any) error {
	e := rogatory.Fault(rogatory.Busy, code, format, args...)
	e.Err = later(max(wait, time.Second))
	return e
}

// problemOf says what a foreign peer may know of an error: never its cause, and of an error that is
// not ours only that there was one.
func problemOf(err error) problem {
	p := problem{Kind: rogatory.Internal, Code: "internal", Message: "this office could not handle the request"}
	if e, ok := errors.AsType[*rogatory.Error](err); ok && known(e.Kind) {
		p = problem{Kind: e.Kind, Code: e.Code, Message: e.Message, Hint: e.Hint}
	}
	if wait, ok := RetryAfter(err); ok {
		p.Retry = int64((wait + time.Second - 1) / time.Second)
	} else if p.Kind == rogatory.Busy {
		p.Retry = 1
	}
	return p
}

// write sends the problem with the status, or that of its kind if it is 0.
func (p problem) write(w http.ResponseWriter, status int) int {
	if status == 0 {
		status = statusOf(p.Kind)
	}
	body, err := json.Marshal(p)
	if err != nil { // two kinds of strings and a number
		body = []byte(`{"kind":"internal","code":"internal","message":"this office could not say what went wrong"}`)
	}
	h := w.Header()
	h.Set("Content-Type", mediaTypeProblem)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if p.Retry > 0 {
		h.Set("Retry-After", strconv.FormatInt(p.Retry, 10))
	}
	w.WriteHeader(status)
	_, _ = w.Write(body) // a peer that left does not need it
	return status
}

// parseProblem reads an error answer. Whatever a peer wrote, the texts are short and printable.
func parseProblem(body []byte) (problem, error) {
	if len(body) > maxProblem {
		return problem{}, fmt.Errorf("error answer of %d bytes, at most %d are read", len(body), maxProblem)
	}
	var p problem
	if err := json.Unmarshal(body, &p); err != nil {
		return problem{}, fmt.Errorf("error answer is not what it should be: %w", err)
	}
	if !known(p.Kind) {
		return problem{}, fmt.Errorf("error answer of unknown kind %.20q", p.Kind)
	}
	if !validCode(p.Code) {
		return problem{}, fmt.Errorf("error answer with the code %.20q", p.Code)
	}
	p.Message, p.Hint = printable(p.Message), printable(p.Hint)
	p.Retry = min(max(p.Retry, 0), int64(maxRetry/time.Second))
	return p, nil
}

func validCode(code string) bool {
	if code == "" || len(code) > maxCode {
		return false
	}
	for _, c := range []byte(code) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '_' {
			return false
		}
	}
	return true
}

// printable drops what could move a cursor or turn a line around.
func printable(s string) string {
	var b strings.Builder
	n := 0
	for _, r := range s {
		if n == maxText {
			break
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			continue
		}
		b.WriteRune(r)
		n++
	}
	return b.String()
}

// answerFault turns an answer that is not a success into an error of this side. The body is read up
// to its bound and not closed.
func answerFault(peer rogatory.StateCode, res *http.Response) error {
	media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if media == mediaTypeProblem {
		body, err := io.ReadAll(io.LimitReader(res.Body, maxProblem+1))
		if err == nil {
			if p, err := parseProblem(body); err == nil {
				e := &rogatory.Error{Kind: p.Kind, Code: p.Code, Message: string(peer) + " answered: " + p.Message, Hint: p.Hint}
				if p.Retry > 0 {
					e.Err = later(time.Duration(p.Retry) * time.Second)
				}
				return e
			}
		}
	}
	e := rogatory.Fault(kindOf(res.StatusCode), "peer_answer", "%s answered with HTTP status %d and no explanation", peer, res.StatusCode)
	if s, err := strconv.ParseInt(res.Header.Get("Retry-After"), 10, 64); err == nil && s > 0 {
		e.Err = later(time.Duration(min(s, int64(maxRetry/time.Second))) * time.Second)
	}
	return e
}
