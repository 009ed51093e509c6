// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"rogatory"
)

// matrix sends a page into a room of the Matrix network by the client-server API, version 3:
// PUT /_matrix/client/v3/rooms/{room}/send/m.room.message/{page}. The page's identifier is the
// transaction, so that the homeserver itself drops a second attempt. The room is not encrypted: a
// page says nothing that would need it.
type matrix struct {
	egress egress
	config MatrixConfig
	token  secretFile
}

// matrixMessage mentions the room, which rings for its members where the sender has the right to. A note does not ring.
type matrixMessage struct {
	Type     string         `json:"msgtype"`
	Body     string         `json:"body"`
	Mentions matrixMentions `json:"m.mentions"`
}

type matrixMentions struct {
	Room bool `json:"room"`
}

// roomAddress reports whether s names a room: an exclamation mark and an opaque identifier, with or
// without a server (room versions before and from 12). An alias (#room:server) is refused, because
// it can be moved.
func roomAddress(s string) bool {
	return len(s) > 1 && s[0] == '!' && len(s) <= MaxAddress && printable(s) && !strings.ContainsAny(s, " /?#%")
}

func (m *matrix) header() (http.Header, error) {
	token, err := m.token.read()
	if err != nil {
		return nil, err
	}
	header := http.Header{}
	header.Set("Authorization", "Bearer "+token)
	header.Set("Content-Type", "application/json")
	return header, nil
}

func (m *matrix) url(parts ...string) string {
	b := strings.Builder{}
	b.WriteString(strings.TrimSuffix(m.config.Homeserver, "/") + "/_matrix/client/v3")
	for _, p := range parts {
		b.WriteString("/" + url.PathEscape(p))
	}
	return b.String()
}

// Send puts the page into the room. Only an answer that names an event is a receipt.
func (m *matrix) Send(ctx context.Context, page Page) (Receipt, error) {
	room, err := addressee(page, m.egress.name)
	if err != nil {
		return Receipt{}, err
	}
	if !roomAddress(room) {
		return Receipt{}, badAddress(m.egress.name, "a room identifier that begins with an exclamation mark")
	}
	header, err := m.header()
	if err != nil {
		return Receipt{}, err
	}
	body, err := json.Marshal(matrixMessage{"m.text", page.Text(), matrixMentions{page.tongue == ""}})
	if err != nil {
		return Receipt{}, rogatory.Fault(rogatory.Internal, "page_failed", "channel %s: the page cannot be written as JSON", m.egress.name)
	}
	status, answer, err := m.egress.do(ctx, http.MethodPut, m.url("rooms", room, "send", "m.room.message", string(page.ID())), header, string(body), maxAnswer)
	if err != nil {
		return Receipt{}, err
	}
	if status != http.StatusOK {
		return Receipt{}, m.egress.status(status)
	}
	var event struct {
		ID string `json:"event_id"`
	}
	if json.Unmarshal(answer, &event) != nil || !strings.HasPrefix(event.ID, "$") {
		return Receipt{}, rogatory.Fault(rogatory.Unavailable, "page_answer_unclear", "channel %s: the homeserver answered 200 and named no event", m.egress.name)
	}
	return Receipt{Status: status, Reference: reference(event.ID)}, nil
}

// Check asks the homeserver whose token it is (GET account/whoami).
func (m *matrix) Check(ctx context.Context) error {
	header, err := m.header()
	if err != nil {
		return err
	}
	status, answer, err := m.egress.do(ctx, http.MethodGet, m.url("account", "whoami"), header, "", maxAnswer)
	if err != nil {
		return err
	}
	if status != http.StatusOK {
		return m.egress.status(status)
	}
	var who struct {
		User string `json:"user_id"`
	}
	if json.Unmarshal(answer, &who) != nil || !strings.HasPrefix(who.User, "@") {
		return rogatory.Fault(rogatory.Unavailable, "page_answer_unclear", "channel %s: what answers is not a homeserver", m.egress.name)
	}
	return nil
}

// maxReference bounds a provider's own name of a page in a receipt.
const maxReference = 128

func reference(s string) string {
	if len(s) > maxReference || !printable(s) {
		return ""
	}
	return s
}
