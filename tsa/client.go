// SPDX-License-Identifier: Apache-2.0

package tsa

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"time"

	"github.com/digitorus/timestamp"
	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"

	"rogatory/asice"
)

var (
	// ErrUnavailable: the authority was not reached or did not answer as one. The
	// caller may try again, or another authority.
	ErrUnavailable = errors.New("time-stamp authority unavailable")
	// ErrRejected: the authority answered that it will not stamp this.
	ErrRejected = errors.New("time-stamp request rejected")
	// ErrReply: the authority's reply does not answer the request: wrong nonce,
	// digest, form, size or signature. Somebody is lying or misconfigured.
	ErrReply = errors.New("time-stamp reply not acceptable")
)

// Client asks one time-stamp authority. It is safe for concurrent use.
type Client struct {
	// HTTP carries the requests; nil means http.DefaultClient. Time-outs are those
	// of the context.
	HTTP *http.Client
	// URL is where the authority answers.
	URL string
	// Roots are what the authority's certificate must chain to. Nil trusts nobody.
	Roots *x509.CertPool
	// Random draws nonces; nil means crypto/rand.
	Random io.Reader
}

// Stamp has a SHA-256 digest stamped. It returns the token, for storing as it is,
// and the time in it, after verifying that the token is over this digest, carries
// this request's nonce and is signed by an authority below Roots. Errors wrap
// ErrUnavailable, ErrRejected or ErrReply; the latter also what asice found.
func (c *Client) Stamp(ctx context.Context, digest []byte) (token []byte, at time.Time, err error) {
	if len(digest) != sha256.Size {
		return nil, time.Time{}, fmt.Errorf("requesting a time-stamp: digest of %d bytes is not SHA-256", len(digest))
	}
	random := c.Random
	if random == nil {
		random = rand.Reader
	}
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, time.Time{}, fmt.Errorf("drawing a nonce: %w", err)
	}
	nonce := new(big.Int).SetBytes(raw)
	query, err := (&timestamp.Request{
		HashAlgorithm: crypto.SHA256, HashedMessage: digest, Nonce: nonce, Certificates: true,
	}).Marshal()
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("encoding a time-stamp request: %w", err)
	}
	reply, err := c.exchange(ctx, query)
	if err != nil {
		return nil, time.Time{}, err
	}
	if token, err = parseReply(reply); err != nil {
		return nil, time.Time{}, err
	}
	if at, err = asice.VerifyStamp(token, digest, c.Roots); err != nil {
		return nil, time.Time{}, fmt.Errorf("reply of %s: %w", c.URL, errors.Join(ErrReply, err))
	}
	info, err := asice.ReadStamp(token)
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("reply of %s: %w", c.URL, errors.Join(ErrReply, err))
	}
	if info.Nonce == nil || info.Nonce.Cmp(nonce) != 0 {
		return nil, time.Time{}, fmt.Errorf("reply of %s does not carry the nonce of the request: %w", c.URL, ErrReply)
	}
	return token, at, nil
}

// exchange posts the query and returns a bounded reply.
func (c *Client) exchange(ctx context.Context, query []byte) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL, bytes.NewReader(query))
	if err != nil {
		return nil, fmt.Errorf("time-stamp authority %q: %w", c.URL, err)
	}
	request.Header.Set("Content-Type", queryMediaType)
	request.Header.Set("Accept", replyMediaType)
	client := c.HTTP
	if client == nil {
		client = http.DefaultClient
	}
	response, err := client.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", c.URL, errors.Join(ErrUnavailable, err))
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("asking %s: status %d: %w", c.URL, response.StatusCode, ErrUnavailable)
	}
	if got := response.Header.Get("Content-Type"); got != replyMediaType {
		return nil, fmt.Errorf("asking %s: content type %q: %w", c.URL, got, ErrReply)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, MaxReply+1))
	if err != nil {
		return nil, fmt.Errorf("reading the reply of %s: %w", c.URL, errors.Join(ErrUnavailable, err))
	}
	if len(body) > MaxReply {
		return nil, fmt.Errorf("reply of %s is above %d bytes: %w", c.URL, MaxReply, ErrReply)
	}
	return body, nil
}

// parseReply takes the token out of a TimeStampResp (RFC 3161 2.4.2).
func parseReply(der []byte) (token []byte, err error) {
	input := cryptobyte.String(der)
	var reply, status, element cryptobyte.String
	var code int
	if !input.ReadASN1(&reply, tag.SEQUENCE) || !input.Empty() ||
		!reply.ReadASN1(&status, tag.SEQUENCE) || !status.ReadASN1Integer(&code) {
		return nil, fmt.Errorf("time-stamp reply of %d bytes is not a TimeStampResp: %w", len(der), ErrReply)
	}
	// Granted with modifications is not what was asked for, but the checks that
	// follow decide whether it is still acceptable.
	if code != int(timestamp.Granted) && code != int(timestamp.GrantedWithMods) {
		return nil, fmt.Errorf("status %d, %s: %w", code, timestamp.Status(code), ErrRejected)
	}
	if !reply.ReadASN1Element(&element, tag.SEQUENCE) || !reply.Empty() {
		return nil, fmt.Errorf("time-stamp reply holds no single token: %w", ErrReply)
	}
	return element, nil
}
