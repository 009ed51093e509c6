// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"

	"rogatory"
	"rogatory/envelope"
)

// SeedPath is where a node takes a fictitious request, at its public door.
const (
	SeedPath = "/oversight/v1/seeds"
	// MaxSeed bounds an order in bytes: one request and a signature.
	MaxSeed    = envelope.MaxMessage
	seedHeader = "rogatory oversight seed v1"
)

// Seed is a fictitious request that measures who reviews it. The body makes it, signs it and seals it to the office; it
// stands in the queue like another State's, and never leaves the node. What a reviewer should have done the order does
// not say: the node would know.
type Seed struct {
	ID       rogatory.RequestID `json:"id"` // in the numbering of the State that it pretends to come from
	From     rogatory.Address   `json:"from"`
	To       rogatory.Address   `json:"to"`
	By       rogatory.Officer   `json:"by"`
	Sequence int64              `json:"sequence"` // as a message of that State would have
	Request  rogatory.Request   `json:"request"`
}

// SignSeed writes an order. Its digest, which the journal keeps, is the body's commitment: neither side can say later
// that another request was the fictitious one.
func (k Key) SignSeed(s Seed) ([]byte, error) {
	if err := s.check(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(s); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, badSeed, "encode a seed: %w", err)
	}
	return k.Sign(seedHeader + "\n" + b.String())
}

const badSeed = "oversight_seed_invalid"

// OpenSeed reads an order that a body of the State signed.
func OpenSeed(signed []byte, state rogatory.Party, now rogatory.Instant) (Seed, rogatory.OversightBody, error) {
	none := func(format string, args ...any) (Seed, rogatory.OversightBody, error) {
		return Seed{}, rogatory.OversightBody{}, rogatory.Fault(rogatory.Invalid, badSeed, format, args...)
	}
	if len(signed) > MaxSeed {
		return none("an order of %d bytes, at most %d are read", len(signed), MaxSeed)
	}
	for _, b := range state.OversightAt(now) {
		text, err := OpenSigned(signed, b.Key)
		if err != nil {
			continue
		}
		body, ok := strings.CutPrefix(text, seedHeader+"\n")
		if !ok {
			return none("the order is not of the form that this node knows")
		}
		var s Seed
		d := json.NewDecoder(strings.NewReader(body))
		d.DisallowUnknownFields()
		if err := d.Decode(&s); err != nil {
			return none("read an order: %w", err)
		}
		if _, err := d.Token(); err != io.EOF {
			return none("the order is followed by something else")
		}
		if err := s.check(); err != nil {
			return Seed{}, rogatory.OversightBody{}, err
		}
		if s.To.State != state.Code {
			return none("the order is for %.2q, this is the node of %s", s.To.State, state.Code)
		}
		return s, b, nil
	}
	return Seed{}, rogatory.OversightBody{}, rogatory.Fault(rogatory.Denied, unknownBody, "no oversight body of %s that is in force signed this order", state.Code)
}

func (s Seed) check() error {
	if !s.ID.Valid() || s.ID.Case().State() != s.From.State || s.From.State == s.To.State || s.Sequence < 1 || s.By.Name == "" || s.By.Role != rogatory.Decider {
		return rogatory.Fault(rogatory.Invalid, badSeed, "a fictitious request %.40q from %.60q to %.60q by %.40q", s.ID, s.From.String(), s.To.String(), s.By.Name).
			WithHint("it has to look like one: a reference of the State that it pretends to come from, a number from 1 on, and a decider of that State")
	}
	return envelope.CheckBody(rogatory.Send, rogatory.Body{Request: &s.Request})
}

// Outcome is what became of a fictitious request.
type Outcome struct {
	Request  rogatory.RequestID   `json:"request"`
	Kind     rogatory.RequestKind `json:"kind"`
	Placed   rogatory.Instant     `json:"placed"`
	Decision rogatory.Act         `json:"decision,omitempty"` // empty while nobody decided
	By       string               `json:"by,omitempty"`
	Seconds  int64                `json:"seconds,omitempty"` // the most time that it was given
	Answered rogatory.Instant     `json:"answered,omitzero"` // a question is an answer too
}

// Outcomes reports on the fictitious requests, from the journal that holds both them and the answers.
func Outcomes(cases []Case) []Outcome {
	var all []Outcome
	for _, c := range cases {
		if c.Seed {
			all = append(all, Outcome{c.ID, c.Kind, c.Asked, c.Decision, c.By, int64(c.Attention.Seconds()), c.Answered})
		}
	}
	return all
}
