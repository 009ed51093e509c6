// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/clock"
)

// ReplayWindow is how far, in seconds, the time of a webhook may lie from the receiver's clock. A
// receiver refuses what is outside, and remembers identifiers for as long, so that a call which was
// recorded on its way wakes nobody twice.
const ReplayWindow = 300

// Bounds of a webhook's key, in bytes after base64: less is guessed, more adds nothing (RFC 2104).
const (
	minKey = 24
	maxKey = 64
)

// webhook posts a page as JSON, signed as the Standard Webhooks specification says, so that a receiver
// can use a stock library: the header webhook-signature holds "v1," and the base64 of
// HMAC-SHA-256(key, webhook-id "." webhook-timestamp "." body).
type webhook struct {
	egress egress
	config WebhookConfig
	key    secretFile
	clock  clock.Clock
}

// webhookBody is what the receiver reads.
type webhookBody struct {
	ID      ID               `json:"id"`
	Created rogatory.Instant `json:"created"`
	Node    string           `json:"node"` // state/authority
	Urgency Urgency          `json:"urgency"`
	To      string           `json:"to"`
	Subject string           `json:"subject"`
	Text    string           `json:"text"`
	Link    string           `json:"link"`
	Code    string           `json:"code"`
}

// readKey reads a key in the form of the specification: whsec_ and base64.
func (w *webhook) readKey() ([]byte, error) {
	text, err := w.key.read()
	if err != nil {
		return nil, err
	}
	coded, ok := strings.CutPrefix(text, "whsec_")
	key, err := base64.StdEncoding.Strict().DecodeString(coded)
	if !ok || err != nil || len(key) < minKey || len(key) > maxKey {
		return nil, w.key.wrong("does not hold whsec_ and the base64 of 24 to 64 bytes")
	}
	return key, nil
}

// sign returns the value of webhook-signature.
func sign(key []byte, id ID, timestamp string, body string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(string(id) + "." + timestamp + "." + body))
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

// Send posts the page. Any status from 200 to 299 is a receipt.
func (w *webhook) Send(ctx context.Context, page Page) (Receipt, error) {
	to, err := addressee(page, w.egress.name)
	if err != nil {
		return Receipt{}, err
	}
	key, err := w.readKey()
	if err != nil {
		return Receipt{}, err
	}
	data, err := json.Marshal(webhookBody{
		page.ID(), page.Created(), page.Node().String(), page.Urgency(), to, page.Subject(), page.Text(), page.Link(), page.Code(),
	})
	if err != nil {
		return Receipt{}, rogatory.Fault(rogatory.Internal, "page_failed", "channel %s: the page cannot be written as JSON", w.egress.name)
	}
	body := string(data)
	timestamp := strconv.FormatInt(w.clock.Now().Unix(), 10)
	header := http.Header{}
	header.Set("Content-Type", "application/json")
	header.Set("webhook-id", string(page.ID()))
	header.Set("webhook-timestamp", timestamp)
	header.Set("webhook-signature", sign(key, page.ID(), timestamp, body))
	status, _, err := w.egress.do(ctx, http.MethodPost, w.config.URL, header, body, 0)
	if err != nil {
		return Receipt{}, err
	}
	if status < 200 || status > 299 {
		return Receipt{}, w.egress.status(status)
	}
	return Receipt{Status: status}, nil
}

// Check reads the key and connects to the receiver; nothing is posted.
func (w *webhook) Check(ctx context.Context) error {
	if _, err := w.readKey(); err != nil {
		return err
	}
	return w.egress.probe(ctx, w.config.URL)
}
