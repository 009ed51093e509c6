// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"filippo.io/age"

	"rogatory"
)

// The feed: how a body asks, and what it is given.
const (
	// Path is where a node answers a body, at its public door.
	Path = "/oversight/v1/feed"
	// MediaTypeAsk and MediaTypePage name the two formats.
	MediaTypeAsk  = "text/x-note"
	MediaTypePage = "application/age"

	askHeader = "rogatory oversight ask v1"
	// MaxAsk bounds a question in bytes: four short lines and a signature.
	MaxAsk = 4 << 10
	// askSlack is how far the clocks of body and node may be apart. A question that is repeated by another gives it a
	// page that only the body opens.
	askSlack = 15 * time.Minute
	// MaxPage bounds a sealed page in bytes. PageFill is what a node puts on one before it stops; the last entry goes on
	// whole: a container and a receipt of their greatest size, in base64.
	MaxPage  = 40 << 20
	PageFill = 4 << 20
)

// Ask is a body's question for the journal from an index on.
type Ask struct {
	State rogatory.StateCode // whose node
	From  int64
	At    rogatory.Instant
}

// SignAsk writes a question.
func (k Key) SignAsk(from int64, at rogatory.Instant) ([]byte, error) {
	return k.Sign(fmt.Sprintf("%s\n%s\n%d\n%s\n", askHeader, k.State, from, at))
}

// OpenAsk reads a question that came to the node of that State, and says which of its bodies in force asks.
func OpenAsk(signed []byte, state rogatory.Party, now rogatory.Instant) (Ask, rogatory.OversightBody, error) {
	none := func(kind rogatory.Kind, code, format string, args ...any) (Ask, rogatory.OversightBody, error) {
		return Ask{}, rogatory.OversightBody{}, rogatory.Fault(kind, code, format, args...)
	}
	if len(signed) > MaxAsk {
		return none(rogatory.Invalid, "oversight_ask_invalid", "a question of %d bytes, at most %d are read", len(signed), MaxAsk)
	}
	for _, b := range state.OversightAt(now) {
		text, err := OpenSigned(signed, b.Key)
		if err != nil {
			continue
		}
		lines := strings.Split(text, "\n")
		if len(lines) != 5 || lines[0] != askHeader || lines[4] != "" {
			return none(rogatory.Invalid, "oversight_ask_invalid", "the question is not of the form that this node knows")
		}
		a := Ask{State: rogatory.StateCode(lines[1])}
		if a.From, err = strconv.ParseInt(lines[2], 10, 64); err != nil || a.From < 0 {
			return none(rogatory.Invalid, "oversight_ask_invalid", "the question is from entry %.20q on", lines[2])
		}
		if err := a.At.UnmarshalText([]byte(lines[3])); err != nil {
			return none(rogatory.Invalid, "oversight_ask_invalid", "the question is of %.40q", lines[3])
		}
		if a.State != state.Code {
			return none(rogatory.Denied, unknownBody, "the question is for %.2q, this is the node of %s", a.State, state.Code)
		}
		if d := now.Sub(a.At); d > askSlack || d < -askSlack {
			return none(rogatory.Stale, "oversight_ask_stale", "the question is of %s, here it is %s", a.At, now)
		}
		return a, b, nil
	}
	return none(rogatory.Denied, unknownBody, "no oversight body of %s that is in force signed this question", state.Code)
}

// Page is a stretch of the journal, opened.
type Page struct {
	State rogatory.StateCode `json:"state"`
	From  int64              `json:"from"`
	Size  int64              `json:"size"` // of the journal when the page was made
	Items []Item             `json:"items"`
	// Figures is the key with which the node's published reports hold figures back, once there is one.
	Figures []byte `json:"figures,omitempty"`
}

// Item is one entry with what opens its leaf. Of a message sent or received there is its container, and its receipt
// once there is one; the entry that records the receipt of a message sent has it too.
type Item struct {
	Index     int64  `json:"index"`
	Salt      []byte `json:"salt"`
	Body      []byte `json:"body"`
	Container []byte `json:"container,omitempty"`
	Receipt   []byte `json:"receipt,omitempty"`
}

// Weight is how much of a page the item takes, about.
func (i Item) Weight() int { return len(i.Body) + len(i.Container) + len(i.Receipt) + 64 }

// SealPage writes a page for a body alone.
func SealPage(p Page, recipient string) ([]byte, error) {
	r, err := age.ParseHybridRecipient(recipient)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Untrusted, "weak_recipient", "read recipient %.24q: %w", recipient, err)
	}
	text, err := json.Marshal(p)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "seal_failed", "encode a page: %w", err)
	}
	var b bytes.Buffer
	w, err := age.Encrypt(&b, r)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "seal_failed", "encrypt a page: %w", err)
	}
	return b.Bytes(), nil
}

// OpenPage opens a page with the body's key. It proves nothing before Holding.Take.
func OpenPage(sealed []byte, k Key) (Page, error) {
	bad := func(err error) (Page, error) {
		return Page{}, rogatory.Fault(rogatory.Untrusted, "oversight_page_invalid", "open a page of the feed: %w", err)
	}
	if len(sealed) > MaxPage {
		return bad(fmt.Errorf("%d bytes, at most %d are read", len(sealed), MaxPage))
	}
	identity, err := age.ParseHybridIdentity(k.Identity)
	if err != nil {
		return bad(err)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identity)
	if _, other := errors.AsType[*age.NoIdentityMatchError](err); other {
		return Page{}, rogatory.Fault(rogatory.Denied, "oversight_page_invalid", "open a page of the feed: it is not sealed to this key").
			WithHint("what an earlier key pulled opens with that key; a successor pulls everything into a folder of its own")
	}
	if err != nil {
		return bad(err)
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxPage+1))
	if err != nil {
		return bad(err)
	}
	return parsePage(text)
}

func parsePage(text []byte) (Page, error) {
	var p Page
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&p); err != nil {
		return Page{}, rogatory.Fault(rogatory.Untrusted, "oversight_page_invalid", "read a page of the feed: %w", err)
	}
	if _, err := d.Token(); err != io.EOF || p.From < 0 || p.Size < p.From+int64(len(p.Items)) {
		return Page{}, rogatory.Fault(rogatory.Untrusted, "oversight_page_invalid", "a page of %d entries from %d on, of %d", len(p.Items), p.From, p.Size)
	}
	return p, nil
}
