// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
	"rogatory/oversight"
	"rogatory/store"
)

const (
	// answerTime is how long an answer may take.
	answerTime = 20 * time.Second
	// maxReceipt is what section 6 allows the answer to a message, maxAnswer what is read of others.
	maxReceipt = 1 << 20
	maxAnswer  = 80 << 20
	// maxBusy is how often a message is sent again to a node that says that it is busy.
	maxBusy = 5
	// someCode bounds a code in our words.
	someCode = 64
)

// tlsConfig is TLS towards the examined node, with its own authorities only and a certificate of ours.
func (e *exam) tlsConfig(certificates ...tls.Certificate) (*tls.Config, error) {
	roots, err := envelope.Pool(e.Them.Certificates)
	if err != nil {
		return nil, err
	}
	return &tls.Config{MinVersion: tls.VersionTLS13, RootCAs: roots, Certificates: certificates, NextProtos: []string{"http/1.1"}}, nil
}

func (e *exam) client(certificates ...tls.Certificate) (*http.Client, error) {
	if len(certificates) == 0 {
		certificates = []tls.Certificate{e.TLS}
	}
	config, err := e.tlsConfig(certificates...)
	if err != nil {
		return nil, err
	}
	return plain(config), nil
}

func plain(config *tls.Config) *http.Client {
	return &http.Client{Timeout: answerTime, Transport: &http.Transport{TLSClientConfig: config, ExpectContinueTimeout: time.Second},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// answer is what the examined node said.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (e *exam) ask(ctx context.Context, client *http.Client, method, url, mediaType string, body []byte, header map[string]string) (answer, error) {
	var r io.Reader
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, r)
	if err != nil {
		return answer{}, err
	}
	if mediaType != "" {
		req.Header.Set("Content-Type", mediaType)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	data, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer))
	return answer{res.StatusCode, res.Header, data}, err
}

func (e *exam) door(path string) string {
	return strings.TrimSuffix(e.Them.Endpoint, "/") + "/federation/v1/" + path
}

// post sends an envelope, again if the node says that it is busy.
func (e *exam) post(ctx context.Context, sealed []byte) (answer, error) {
	for tries := 1; ; tries++ {
		a, err := e.ask(ctx, e.http, http.MethodPost, e.door("messages"), envelope.MediaTypeEnvelope, sealed, nil)
		if err != nil || a.status != http.StatusTooManyRequests || a.code() == "sequence_gap" || tries == maxBusy {
			return a.unpadded(), err
		}
		select {
		case <-ctx.Done():
			return a, ctx.Err()
		case <-e.Office.Clock.After(time.Second):
		}
	}
}

// unpadded takes the padding off a receipt. One that is not padded as section 4 says stays as it is, and is none.
func (a answer) unpadded() answer {
	if a.header.Get("Content-Type") == envelope.MediaTypeContainer {
		if receipt, err := envelope.Unpad(a.body); err == nil {
			a.body = receipt
		} else {
			a.body = append([]byte("not padded: "), a.body...)
		}
	}
	return a
}

// problem is an error of section 6.
type problem struct {
	Kind rogatory.Kind `json:"kind"`
	Code string        `json:"code"`
}

func (a answer) problem() (p problem, ok bool) {
	media, _, err := mime.ParseMediaType(a.header.Get("Content-Type"))
	ok = err == nil && media == "application/problem+json" && json.Unmarshal(a.body, &p) == nil && p.Kind != "" && p.Code != ""
	return p, ok
}

func (a answer) code() string {
	p, _ := a.problem()
	return p.Code
}

func (a answer) String() string {
	if p, ok := a.problem(); ok {
		return fmt.Sprintf("%d, %.20s %.*s", a.status, p.Kind, someCode, p.Code)
	}
	return fmt.Sprintf("%d, %d bytes of %.60q", a.status, len(a.body), a.header.Get("Content-Type"))
}

// refused says whether an answer is a problem with one of the codes that the requirement allows.
func (e *exam) refused(a answer, err error) error {
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if p, ok := a.problem(); !ok || a.status < 400 || !slices.Contains(e.codes, p.Code) {
		return fmt.Errorf("answered %s, and not with a problem of code %s", a, strings.Join(e.codes, " or "))
	}
	return nil
}

// declined says whether an answer is a receipt that refuses with one of the codes.
func (e *exam) declined(a answer, err error) error {
	r, err := e.receiptOf(a, err)
	if err != nil {
		return err
	}
	if r.Outcome != rogatory.RefusedOutcome || !slices.Contains(e.codes, r.Code) {
		return fmt.Errorf("the receipt says %s %.*q, and not refused %s", r.Outcome, someCode, r.Code, strings.Join(e.codes, " or "))
	}
	return nil
}

// received says whether an answer is a receipt that says received.
func (e *exam) received(a answer, err error) error {
	r, err := e.receiptOf(a, err)
	if err == nil && r.Outcome != rogatory.ReceivedOutcome {
		err = fmt.Errorf("the receipt says %s %.*q", r.Outcome, someCode, r.Code)
	}
	return err
}

func (e *exam) receiptOf(a answer, err error) (rogatory.Receipt, error) {
	if err != nil {
		return rogatory.Receipt{}, fmt.Errorf("no answer: %w", err)
	}
	if a.status != http.StatusOK {
		return rogatory.Receipt{}, fmt.Errorf("answered %s, and not with a receipt", a)
	}
	r, _, err := envelope.OpenReceipt(a.body, e.Them, e.Office.Clock.Now())
	if err != nil {
		return rogatory.Receipt{}, fmt.Errorf("the answer is no receipt: %w", err)
	}
	return r, nil
}

// letter is a message on its way to being sent, with what is made wrong about it.
type letter struct {
	rogatory.Message
	text      []byte        // the JSON to be signed, if not that of the message
	signer    *asice.Signer // if not ours
	recipient string        // if not theirs
	noProof   bool
	proof     func(proof []byte) ([]byte, error) // changes the proof
}

// letter begins a message that is right, with the next number.
func (e *exam) letter(ctx context.Context, act rogatory.Act, body rogatory.Body) (letter, error) {
	m := rogatory.Message{Protocol: rogatory.Protocol, Mode: rogatory.Exercise, Request: e.request, From: e.Office.Us, Incarnation: e.Office.Incarnation, Act: act,
		To: rogatory.Address{State: e.Them.Code, Authority: e.Them.Authorities[0].ID}, By: rogatory.Officer{Name: "conformance partner", Role: rogatory.DutyOfficer}, Body: body}
	m.Sent = rogatory.At(e.Office.Clock.Now())
	m.Expires = m.Sent.Add(24 * time.Hour)
	us, err := e.Office.Directory.Party(e.Office.Us.State)
	if err != nil {
		return letter{}, err
	}
	m.Oversight = oversight.Wanted(m.Sent, us, e.Them)
	if act == rogatory.Send {
		m.ApprovedBy = rogatory.Officer{Name: "conformance decider", Role: rogatory.Decider}
	}
	if m.ID, err = rogatory.NewMessageID(e.Office.Random, e.Office.Clock.Now()); err != nil {
		return letter{}, err
	}
	err = e.Office.Store.View(ctx, func(tx *store.Tx) error {
		p, err := tx.Peer(e.Them.Code)
		m.Sequence = p.LastOut + 1
		return err
	})
	return letter{Message: envelope.Normal(m)}, err
}

// used takes the number of a message that was recorded there.
func (e *exam) used(ctx context.Context, m rogatory.Message) error {
	return e.Office.Store.Update(ctx, func(tx *store.Tx) error {
		p, err := tx.Peer(e.Them.Code)
		for n := p.LastOut; err == nil && n < m.Sequence; {
			n, err = tx.NextSequence(e.Them.Code)
		}
		return err
	})
}

// seal makes the envelope of a letter: signed, journaled, with its proof, encrypted.
func (e *exam) seal(ctx context.Context, l letter) (sealed []byte, digest rogatory.Digest, err error) {
	signer := e.Office.Signer
	if l.signer != nil {
		signer = *l.signer
	}
	text := l.text
	if text == nil {
		if text, err = envelope.Encode(l.Message); err != nil {
			return nil, digest, err
		}
	}
	container, err := asice.Build([]asice.File{{Name: "message.json", MediaType: "application/json", Data: text}}, signer, l.Sent.Time())
	if err != nil {
		return nil, digest, err
	}
	parsed, err := asice.Parse(container)
	if err != nil {
		return nil, digest, err
	}
	digest = parsed.SignatureDigest()
	if !l.noProof {
		var entry int64
		err := e.Office.Store.Update(ctx, func(tx *store.Tx) (err error) {
			entry, err = e.Office.Ledger.Record(tx, rogatory.Entry{Type: rogatory.MessageSent, At: l.Sent, By: rogatory.Actor{Address: e.Office.Us, Officer: l.By}, Request: l.Request,
				Message: &rogatory.MessageRef{ID: l.ID, Act: l.Act, From: l.From.State, To: l.To.State, Sequence: l.Sequence, Digest: digest}})
			return err
		})
		if err != nil {
			return nil, digest, err
		}
		proof, err := e.Office.Ledger.Prove(ctx, entry)
		if err == nil && l.proof != nil {
			proof, err = l.proof(proof)
		}
		if err != nil {
			return nil, digest, err
		}
		if container, err = envelope.AttachProof(container, proof); err != nil {
			return nil, digest, err
		}
	}
	us, err := e.Office.Directory.Party(e.Office.Us.State)
	if err != nil {
		return nil, digest, err
	}
	bodies, err := oversight.Recipients(l.Oversight, us, e.Them)
	if err != nil {
		return nil, digest, err
	}
	recipient := l.recipient
	if recipient == "" {
		recipient = e.Them.Authorities[0].MessageRecipient
	}
	sealed, err = envelope.Seal(container, recipient, bodies...)
	return sealed, digest, err
}

// send seals and posts. recorded says that the message counts in the sequence there if it was answered
// with a receipt.
func (e *exam) send(ctx context.Context, l letter) (answer, error) {
	sealed, _, err := e.seal(ctx, l)
	if err != nil {
		return answer{}, err
	}
	a, err := e.post(ctx, sealed)
	if err == nil && a.status == http.StatusOK {
		err = e.used(ctx, l.Message)
	}
	return a, err
}
