// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/asice"
	"rogatory/docket"
	"rogatory/envelope"
	"rogatory/journal"
)

func words(s string) rogatory.Body { return rogatory.Body{Text: s, Language: "en"} }

// status is a message that moves nothing, which most trials are made of.
func (e *exam) status(ctx context.Context) (letter, error) {
	if e.request == "" {
		return letter{}, untried("no valid request was received")
	}
	return e.letter(ctx, rogatory.AskStatus, words("CONFORMANCE: no answer is needed."))
}

// wrong sends a status message with something made wrong and returns the answer.
func (e *exam) wrong(ctx context.Context, change func(*letter) error) (answer, error) {
	l, err := e.status(ctx)
	if err == nil {
		err = change(&l)
	}
	if err != nil {
		return answer{}, err
	}
	return e.send(ctx, l)
}

// requestOf returns a request of a kind that the examined authority receives and our own sends.
func (e *exam) requestOf() (rogatory.Request, error) {
	us, err := e.Office.Directory.Party(e.Office.Us.State)
	if err != nil {
		return rogatory.Request{}, err
	}
	sender, _ := us.Authority(e.Office.Us.Authority)
	receiver := e.Them.Authorities[0]
	for _, id := range []rogatory.RequestKind{rogatory.StoredData, rogatory.Preservation42, rogatory.EmergencyData} {
		k, err := e.Office.Rules.Kind(id)
		if err != nil || !slices.ContainsFunc(k.Receivers, receiver.Has) || !slices.ContainsFunc(k.Senders, sender.Has) {
			continue
		}
		r, err := e.Office.Rules.Example(id, "", rogatory.At(e.Office.Clock.Now()))
		r.Title = "CONFORMANCE: no answer is needed"
		if len(e.Them.Languages) > 0 {
			r.Language = e.Them.Languages[0]
		}
		return r, err
	}
	return rogatory.Request{}, untried("%s receives no kind of request that %s sends", receiver.ID, e.Office.Us)
}

func validMessage(ctx context.Context, e *exam) error {
	r, err := e.requestOf()
	if err != nil {
		return err
	}
	id, err := rogatory.NewCaseID(e.Office.Random, e.Office.Us.State, e.Office.Clock.Now())
	if err != nil {
		return err
	}
	for skipped := 0; ; skipped++ {
		e.request = id.Request(1)
		l, err := e.letter(ctx, rogatory.Send, rogatory.Body{Request: &r})
		if err != nil {
			return err
		}
		sealed, digest, err := e.seal(ctx, l)
		if err != nil {
			return err
		}
		e.request = ""
		a, err := e.post(ctx, sealed)
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		const maxSkipped = 64 // numbers that an examination which broke off has used
		if a.code() == "sequence_taken" && skipped < maxSkipped {
			if err := e.used(ctx, l.Message); err != nil {
				return err
			}
			continue
		}
		if a.status != http.StatusOK || a.header.Get("Content-Type") != envelope.MediaTypeContainer || len(a.body) > maxReceipt {
			return fmt.Errorf("answered %s", a)
		}
		e.request, e.first, e.digest, e.sealed, e.receipt = id.Request(1), l.Message, digest, sealed, a.body
		return e.used(ctx, l.Message)
	}
}

func (e *exam) valid() error {
	if e.receipt == nil {
		return untried("no valid message was received")
	}
	return nil
}

func receiptFields(_ context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	r, _, err := envelope.PeekReceipt(e.receipt)
	if err != nil {
		return err
	}
	m := e.first
	want := rogatory.Receipt{Protocol: rogatory.Protocol, Mode: m.Mode, Message: m.ID, Digest: e.digest, From: m.To, To: m.From, Sequence: m.Sequence, Received: r.Received, Outcome: rogatory.ReceivedOutcome}
	if r != want {
		return fmt.Errorf("the receipt says %+v, want %+v", r, want)
	}
	return nil
}

func receiptSignature(_ context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	_, _, err := envelope.OpenReceipt(e.receipt, e.Them, e.Office.Clock.Now())
	return err
}

func receiptProof(_ context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	r, proof, err := envelope.PeekReceipt(e.receipt)
	if err != nil {
		return err
	}
	if len(proof) == 0 {
		return errors.New("the receipt carries no proof")
	}
	entry, err := docket.OpenProof(proof, e.Them)
	if err != nil {
		return err
	}
	if entry.Type != rogatory.MessageReceived || entry.Message == nil || entry.Message.ID != e.first.ID || entry.Message.Digest != e.digest || entry.At != r.Received {
		return errors.New("the proof is of another entry than that of this message at the receipt's time")
	}
	p, err := journal.ParseProof(proof)
	e.entry = p.Index
	return err
}

func duplicate(ctx context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	for range 2 {
		a, err := e.post(ctx, e.sealed)
		if err != nil {
			return fmt.Errorf("no answer: %w", err)
		}
		if a.status != http.StatusOK || !bytes.Equal(a.body, e.receipt) {
			return fmt.Errorf("the second time it was answered %s, and not with the bytes of the first", a)
		}
	}
	return nil
}

func altered(ctx context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	l := letter{Message: e.first}
	r := *e.first.Body.Request
	r.Title = "CONFORMANCE: other content under the same identifier"
	l.Body.Request = &r
	a, err := e.send(ctx, l)
	return e.refused(a, err)
}

func early(ctx context.Context, e *exam) error {
	missing, err := e.status(ctx)
	if err != nil {
		return err
	}
	ahead, err := e.status(ctx)
	if err != nil {
		return err
	}
	ahead.Sequence++
	sealed, _, err := e.seal(ctx, ahead)
	if err != nil {
		return err
	}
	a, err := e.post(ctx, sealed)
	if err := e.received(a, err); err != nil {
		return fmt.Errorf("the early one: %w", err)
	}
	a, err = e.send(ctx, missing)
	if err := e.received(a, err); err != nil {
		return fmt.Errorf("the missing one: %w", err)
	}
	return e.used(ctx, ahead.Message)
}

func gap(ctx context.Context, e *exam) error {
	const beyond = 1024 + 1 // ahead of the last in turn
	a, err := e.wrong(ctx, func(l *letter) error { l.Sequence += beyond; return nil })
	return e.refusedOr(a, err)
}

// refusedOr is refused, but for what could not be tried.
func (e *exam) refusedOr(a answer, err error) error {
	if errors.Is(err, errUntried) {
		return err
	}
	return e.refused(a, err)
}

func (e *exam) declinedOr(a answer, err error) error {
	if errors.Is(err, errUntried) {
		return err
	}
	return e.declined(a, err)
}

func taken(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error { l.Sequence = e.first.Sequence; return nil })
	return e.refusedOr(a, err)
}

func expired(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error {
		l.Sent, l.Expires = l.Sent.Add(-2*time.Minute), l.Sent.Add(-time.Minute)
		return nil
	})
	return e.declinedOr(a, err)
}

func otherMode(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error { l.Mode = rogatory.Live; return nil })
	return e.declinedOr(a, err)
}

func future(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error {
		l.Sent, l.Expires = l.Sent.Add(time.Hour), l.Expires.Add(time.Hour)
		return nil
	})
	return e.refusedOr(a, err)
}

// asks sends a request that is wrong in itself.
func (e *exam) asks(ctx context.Context, opener rogatory.StateCode, change func(*rogatory.Request)) (answer, error) {
	if err := e.valid(); err != nil {
		return answer{}, err
	}
	r, err := e.requestOf()
	if err != nil {
		return answer{}, err
	}
	change(&r)
	id, err := rogatory.NewCaseID(e.Office.Random, opener, e.Office.Clock.Now())
	if err != nil {
		return answer{}, err
	}
	l, err := e.letter(ctx, rogatory.Send, rogatory.Body{Request: &r})
	if err != nil {
		return answer{}, err
	}
	l.Request = id.Request(1)
	return e.send(ctx, l)
}

func otherCase(ctx context.Context, e *exam) error {
	a, err := e.asks(ctx, e.Them.Code, func(*rogatory.Request) {})
	return e.declinedOr(a, err)
}

func incomplete(ctx context.Context, e *exam) error {
	a, err := e.asks(ctx, e.Office.Us.State, func(r *rogatory.Request) { r.Contents = map[string]string{} })
	return e.declinedOr(a, err)
}

func otherAddressee(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error { l.To.Authority = "nobody-of-that-name"; return nil })
	return e.refusedOr(a, err)
}

func otherSender(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error { l.From.State = "XZ"; return nil })
	return e.refusedOr(a, err)
}

func unknownMember(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) (err error) {
		l.text, err = envelope.Encode(l.Message)
		l.text = append(bytes.TrimSuffix(l.text, []byte("}")), []byte(`,"priority":"high"}`)...)
		return err
	})
	return e.refusedOr(a, err)
}

func otherEncoding(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error {
		text, err := envelope.Encode(l.Message)
		if err != nil {
			return err
		}
		var b bytes.Buffer
		err = json.Indent(&b, text, "", " ")
		l.text = b.Bytes()
		return err
	})
	return e.refusedOr(a, err)
}

func wrongBody(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error { l.Body.Text, l.Body.Language = "", ""; return nil })
	return e.refusedOr(a, err)
}

func changed(ctx context.Context, e *exam) error {
	l, err := e.status(ctx)
	if err != nil {
		return err
	}
	container, _, err := envelope.Sign(l.Message, e.Office.Signer)
	if err != nil {
		return err
	}
	// Nothing in a container is compressed: the words can be changed where they stand.
	was := []byte("no answer is needed")
	if !bytes.Contains(container, was) {
		return untried("the words were not found in the container")
	}
	sealed, err := envelope.Seal(bytes.Replace(container, was, []byte("an answer is needed"), 1), e.Them.Authorities[0].MessageRecipient)
	if err != nil {
		return err
	}
	a, err := e.post(ctx, sealed)
	return e.refused(a, err)
}

func untrusted(ctx context.Context, e *exam) error {
	c, err := selfMade(e.Office.Us, e.Office.Clock.Now())
	if err != nil {
		return err
	}
	a, err := e.wrong(ctx, func(l *letter) error {
		l.signer = &asice.Signer{Key: c.PrivateKey.(*ecdsa.PrivateKey), Certificate: c.Leaf}
		return nil
	})
	return e.refusedOr(a, err)
}

func otherKey(ctx context.Context, e *exam) error {
	other, err := age.GenerateHybridIdentity()
	if err != nil {
		return err
	}
	a, err := e.wrong(ctx, func(l *letter) error { l.recipient = other.Recipient().String(); return nil })
	return e.refusedOr(a, err)
}

func truncated(ctx context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	a, err := e.post(ctx, e.sealed[:len(e.sealed)-1000])
	return e.refused(a, err)
}

func tooLarge(ctx context.Context, e *exam) error {
	body := make([]byte, envelope.MaxEnvelope+1)
	// The node may say no before it has read all of it.
	a, err := e.ask(ctx, e.http, http.MethodPost, e.door("messages"), envelope.MediaTypeEnvelope, body, map[string]string{"Expect": "100-continue"})
	return e.refused(a, err)
}

func withoutProof(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error { l.noProof = true; return nil })
	return e.refusedOr(a, err)
}

func otherProof(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error {
		l.proof = func([]byte) ([]byte, error) { return e.Office.Ledger.Prove(ctx, 0) } // of the entry that began our journal
		return nil
	})
	return e.refusedOr(a, err)
}

func brokenProof(ctx context.Context, e *exam) error {
	a, err := e.wrong(ctx, func(l *letter) error {
		l.proof = func(proof []byte) ([]byte, error) {
			p, err := journal.ParseProof(proof)
			if err != nil || len(p.Hashes) == 0 {
				return nil, untried("our journal has one entry only")
			}
			p.Hashes[0][0] ^= 1
			return p.Marshal()
		}
		return nil
	})
	return e.refusedOr(a, err)
}

func otherMediaType(ctx context.Context, e *exam) error {
	if err := e.valid(); err != nil {
		return err
	}
	a, err := e.ask(ctx, e.http, http.MethodPost, e.door("messages"), "text/plain", e.sealed, nil)
	if err != nil {
		return err
	}
	if p, ok := a.problem(); !ok || p.Kind != rogatory.Invalid {
		return fmt.Errorf("answered %s, and not as invalid", a)
	}
	return nil
}

func unknownPath(ctx context.Context, e *exam) error {
	a, err := e.ask(ctx, e.http, http.MethodGet, e.door("nothing-of-that-name"), "", nil, nil)
	if err != nil {
		return err
	}
	if p, ok := a.problem(); !ok || p.Kind != rogatory.NotFound || strings.TrimSpace(p.Code) == "" {
		return fmt.Errorf("answered %s, and not as not_found", a)
	}
	return nil
}
