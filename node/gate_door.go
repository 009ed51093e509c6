// SPDX-License-Identifier: Apache-2.0

package node

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"rogatory"
)

// GatePrefix is where staff ask about the gate and the witnesses, with the token that the office's door takes.
const GatePrefix = "/gate/"

// maxGateBody bounds what is asked: a name and a reason.
const maxGateBody = 16 << 10

// Retire asks for a witness to be retired.
type Retire struct {
	Name string `json:"name"`
	Why  string `json:"why"`
}

// GateProblem is an error of this door.
type GateProblem struct {
	Kind    rogatory.Kind `json:"kind"`
	Code    string        `json:"code"`
	Message string        `json:"message"`
	Hint    string        `json:"hint,omitempty"`
}

// gateDoor tells staff how the gate stands and who the witnesses are. It is open while the gate is not.
func (n *Node) gateDoor() http.Handler {
	mux := http.NewServeMux()
	handle := func(pattern string, serve func(by rogatory.Actor, r *http.Request) (any, error)) {
		method, path, _ := strings.Cut(pattern, " ")
		mux.HandleFunc(method+" "+GatePrefix+path, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Cache-Control", "no-store")
			w.Header().Set("X-Content-Type-Options", "nosniff")
			w.Header().Set("Content-Type", "application/json")
			token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
			by, known := rogatory.Actor{}, false
			if ok {
				by, known = n.Authenticate(token)
			}
			var answer any
			var err error = rogatory.Fault(rogatory.Denied, "token_unknown", "nobody of this office has that token")
			if known {
				answer, err = serve(by, r)
			}
			if err == nil {
				json.NewEncoder(w).Encode(answer)
				return
			}
			p := GateProblem{Kind: rogatory.KindOf(err), Code: rogatory.CodeOf(err), Message: "this door failed"}
			if e, ok := errors.AsType[*rogatory.Error](err); ok && p.Kind != rogatory.Internal {
				p.Message, p.Hint = e.Message, e.Hint
			}
			status := http.StatusUnprocessableEntity
			switch p.Kind {
			case rogatory.Denied:
				status = http.StatusForbidden
			case rogatory.NotFound:
				status = http.StatusNotFound
			case rogatory.Unavailable:
				status = http.StatusServiceUnavailable
			case rogatory.Internal:
				status = http.StatusInternalServerError
			}
			w.WriteHeader(status)
			json.NewEncoder(w).Encode(p)
		})
	}
	handle("GET standing", func(rogatory.Actor, *http.Request) (any, error) { return n.Gate(), nil })
	handle("GET witnesses", func(_ rogatory.Actor, r *http.Request) (any, error) { return n.Witnesses(r.Context()) })
	handle("POST witnesses/retire", func(by rogatory.Actor, r *http.Request) (any, error) {
		var body Retire
		d := json.NewDecoder(http.MaxBytesReader(nil, r.Body, maxGateBody))
		d.DisallowUnknownFields()
		if err := d.Decode(&body); err != nil {
			return nil, rogatory.Fault(rogatory.Invalid, "body_invalid", "read which witness is retired, and why: %w", err)
		}
		return struct{}{}, n.RetireWitness(r.Context(), by, body.Name, body.Why)
	})
	return mux
}
