// SPDX-License-Identifier: Apache-2.0

// Package tsa is a small RFC 3161 time-stamp authority, and the client that asks one.
//
// The client is for production: it speaks to whatever authority a State names by
// URL and believes nothing that asice.VerifyStamp has not accepted. The authority is
// for exercises and tests: its key lies in memory, its clock is whatever it is
// given, and its policy is the example identifier 2.999, so nobody takes its tokens
// for those of a qualified service.
//
// It promises tokens that `openssl ts -verify` accepts, over SHA-256 or SHA-512
// digests, and replies that repeat the request's nonce. It refuses other digest
// algorithms, other policies, request extensions, and bodies above MaxQuery; the
// client refuses replies above MaxReply.
//
// After an error from the client there is no token; the authority may have issued
// one that nobody received, which does no harm. The authority keeps no record of
// what it stamped, and serial numbers are unique by being random.
package tsa

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
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

const (
	// MaxQuery bounds a request body in bytes: a digest, a nonce and a policy take
	// about 150.
	MaxQuery = 4 << 10
	// MaxReply bounds a reply body in bytes: a token with a chain of certificates is
	// 2 to 8 KiB.
	MaxReply = 64 << 10

	queryMediaType = "application/timestamp-query"
	replyMediaType = "application/timestamp-reply"

	// lifetime of an exercise authority's certificates, in years: longer than any
	// simulated exercise.
	lifetime = 20
)

// policy is "example" in the tree of object identifiers (ITU-T X.660).
func policy() asn1.ObjectIdentifier { return asn1.ObjectIdentifier{2, 999} }

// Authority issues time-stamps. It is safe for concurrent use if the random source
// and the clock it was given are.
type Authority struct {
	signer asice.Signer
	root   *x509.Certificate
	random io.Reader
	now    func() time.Time
}

// NewAuthority makes an authority: a root certificate that is valid from now for 20
// years, and below it a certificate for time-stamping. The root's key is forgotten,
// so that nothing else can ever be issued under it. All randomness comes from
// random; the same bytes and time make the same authority.
func NewAuthority(random io.Reader, now func() time.Time, name string) (*Authority, error) {
	rootKey, err := newKey(random)
	if err != nil {
		return nil, err
	}
	key, err := newKey(random)
	if err != nil {
		return nil, err
	}
	from := now().UTC().Truncate(time.Second)
	template := func(commonName string) (*x509.Certificate, error) {
		serial, err := newSerial(random)
		if err != nil {
			return nil, err
		}
		return &x509.Certificate{
			SerialNumber:          serial,
			Subject:               pkix.Name{CommonName: commonName},
			NotBefore:             from,
			NotAfter:              from.AddDate(lifetime, 0, 0),
			BasicConstraintsValid: true,
		}, nil
	}
	rootTemplate, err := template(name + " root")
	if err != nil {
		return nil, err
	}
	rootTemplate.IsCA = true
	rootTemplate.MaxPathLenZero = true
	rootTemplate.KeyUsage = x509.KeyUsageCertSign
	root, err := issue(rootTemplate, rootTemplate, &rootKey.PublicKey, rootKey)
	if err != nil {
		return nil, err
	}
	leafTemplate, err := template(name)
	if err != nil {
		return nil, err
	}
	leafTemplate.KeyUsage = x509.KeyUsageDigitalSignature
	// crypto/x509 would write the extension without the critical flag that
	// RFC 3161 2.3 demands.
	purpose, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	if err != nil {
		return nil, fmt.Errorf("encoding the time-stamping purpose: %w", err)
	}
	leafTemplate.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: true, Value: purpose}}
	leaf, err := issue(leafTemplate, root, &key.PublicKey, rootKey)
	if err != nil {
		return nil, err
	}
	return &Authority{signer: asice.Signer{Key: key, Certificate: leaf}, root: root, random: random, now: now}, nil
}

// LoadAuthority restores an authority from what MarshalPEM returned.
func LoadAuthority(text []byte, random io.Reader, now func() time.Time) (*Authority, error) {
	var blocks []*pem.Block
	for len(bytes.TrimSpace(text)) > 0 {
		block, rest := pem.Decode(text)
		if block == nil || len(blocks) == 3 {
			return nil, errors.New("loading a time-stamp authority: not a key and two certificates in PEM")
		}
		blocks, text = append(blocks, block), rest
	}
	if len(blocks) != 3 || blocks[0].Type != "PRIVATE KEY" || blocks[1].Type != "CERTIFICATE" || blocks[2].Type != "CERTIFICATE" {
		return nil, errors.New("loading a time-stamp authority: not a key and two certificates in PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(blocks[0].Bytes)
	if err != nil {
		return nil, fmt.Errorf("loading the key of a time-stamp authority: %w", err)
	}
	leaf, err := x509.ParseCertificate(blocks[1].Bytes)
	if err != nil {
		return nil, fmt.Errorf("loading the certificate of a time-stamp authority: %w", err)
	}
	root, err := x509.ParseCertificate(blocks[2].Bytes)
	if err != nil {
		return nil, fmt.Errorf("loading the root certificate of a time-stamp authority: %w", err)
	}
	key, ok := parsed.(*ecdsa.PrivateKey)
	if !ok || !key.PublicKey.Equal(leaf.PublicKey) {
		return nil, fmt.Errorf("loading a time-stamp authority: key does not belong to certificate of %q", leaf.Subject)
	}
	if err := leaf.CheckSignatureFrom(root); err != nil {
		return nil, fmt.Errorf("loading a time-stamp authority: certificate of %q: %w", leaf.Subject, err)
	}
	return &Authority{signer: asice.Signer{Key: key, Certificate: leaf}, root: root, random: random, now: now}, nil
}

// MarshalPEM returns key, certificate and root certificate. The key is not encrypted.
func (a *Authority) MarshalPEM() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(a.signer.Key)
	if err != nil {
		return nil, fmt.Errorf("encoding the key of a time-stamp authority: %w", err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.signer.Certificate.Raw})...)
	return append(out, a.RootPEM()...), nil
}

// RootPEM returns the root certificate, for `openssl ts -verify -CAfile`.
func (a *Authority) RootPEM() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.root.Raw})
}

// Roots returns a new pool with the root certificate.
func (a *Authority) Roots() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AddCert(a.root)
	return pool
}

// Stamp returns a token over a SHA-256 or SHA-512 digest at the time of the
// authority's clock, with the authority's certificate in it.
func (a *Authority) Stamp(digest []byte) (token []byte, err error) {
	return a.stamp(digest, nil, false)
}

func (a *Authority) stamp(digest []byte, nonce *big.Int, omitCertificates bool) ([]byte, error) {
	serial, err := newSerial(a.random)
	if err != nil {
		return nil, err
	}
	return asice.IssueStamp(asice.StampRequest{
		Digest: digest, Policy: policy(), Serial: serial, Time: a.now(), Nonce: nonce, OmitCertificates: omitCertificates,
	}, a.signer)
}

// ServeHTTP answers the HTTP protocol of RFC 3161 3.4: POST of a TimeStampReq, any
// path. What is wrong with a request is said in the reply's status, as the RFC has
// it; HTTP errors are for things that are not a request at all.
func (a *Authority) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		http.Error(w, "post a time-stamp query", http.StatusMethodNotAllowed)
		return
	}
	if r.Header.Get("Content-Type") != queryMediaType {
		http.Error(w, "content type must be "+queryMediaType, http.StatusUnsupportedMediaType)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxQuery))
	if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
		http.Error(w, "time-stamp query is too large", http.StatusRequestEntityTooLarge)
		return
	} else if err != nil {
		http.Error(w, "time-stamp query could not be read", http.StatusBadRequest)
		return
	}
	reply, err := a.answer(body)
	if err != nil {
		http.Error(w, "time-stamp could not be issued", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", replyMediaType)
	w.Write(reply) // a client that went away needs no answer
}

// answer turns a TimeStampReq into a TimeStampResp.
func (a *Authority) answer(query []byte) ([]byte, error) {
	rejection := func(why timestamp.FailureInfo) ([]byte, error) {
		return timestamp.CreateErrorResponse(timestamp.Rejection, why)
	}
	q, err := timestamp.ParseRequest(query)
	switch {
	case err != nil:
		return rejection(timestamp.BadDataFormat)
	case q.HashAlgorithm != crypto.SHA256 && q.HashAlgorithm != crypto.SHA512:
		return rejection(timestamp.BadAlgorithm)
	case len(q.HashedMessage) != q.HashAlgorithm.Size():
		return rejection(timestamp.BadDataFormat)
	case q.TSAPolicyOID != nil && !q.TSAPolicyOID.Equal(policy()):
		return rejection(timestamp.UnacceptedPolicy)
	case len(q.Extensions) > 0:
		return rejection(timestamp.UnacceptedExtension)
	}
	token, err := a.stamp(q.HashedMessage, q.Nonce, !q.Certificates)
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(int64(timestamp.Granted)) })
		b.AddBytes(token)
	})
	return b.Bytes()
}

// newKey draws an ECDSA P-256 key from random, by rejection: one draw in 2^32 fails.
func newKey(random io.Reader) (*ecdsa.PrivateKey, error) {
	var err error
	for range 4 {
		scalar := make([]byte, 32)
		if _, err := io.ReadFull(random, scalar); err != nil {
			return nil, fmt.Errorf("drawing a key: %w", err)
		}
		var key *ecdsa.PrivateKey
		if key, err = ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar); err == nil {
			return key, nil
		}
	}
	return nil, fmt.Errorf("drawing a key: random source keeps returning impossible ones: %w", err)
}

// newSerial draws a positive serial number of 127 bits (RFC 5280 4.1.2.2 allows 20 octets).
func newSerial(random io.Reader) (*big.Int, error) {
	raw := make([]byte, 16)
	if _, err := io.ReadFull(random, raw); err != nil {
		return nil, fmt.Errorf("drawing a serial number: %w", err)
	}
	raw[0] = raw[0]&0x7f | 0x40 // positive, and of constant length
	return new(big.Int).SetBytes(raw), nil
}

func issue(template, parent *x509.Certificate, public *ecdsa.PublicKey, key *ecdsa.PrivateKey) (*x509.Certificate, error) {
	// No random source: the signature is deterministic (RFC 6979).
	der, err := x509.CreateCertificate(nil, template, parent, public, key)
	if err != nil {
		return nil, fmt.Errorf("issuing a certificate for %q: %w", template.Subject, err)
	}
	return x509.ParseCertificate(der)
}
