// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// StampInfo is what a time-stamp token states (RFC 3161 2.4.2, TSTInfo).
type StampInfo struct {
	// Digest is the hash that was stamped: 32 bytes of SHA-256 or 64 of SHA-512.
	Digest []byte
	// Time is when it existed, in UTC.
	Time time.Time
	// Serial is unique for the authority.
	Serial *big.Int
	// Nonce repeats the request's; nil if there is none.
	Nonce *big.Int
	// Policy is the policy under which the authority stamped.
	Policy asn1.ObjectIdentifier

	token *signedData
}

// ReadStamp takes a token apart. It checks the form and nothing else: the content
// is anybody's claim until VerifyStamp has accepted the token.
func ReadStamp(token []byte) (*StampInfo, error) {
	s, err := parseSignedData(token)
	if err != nil {
		return nil, ErrStamp.refuse("time-stamp token: %v", err)
	}
	bad := func(what string) (*StampInfo, error) {
		return nil, ErrStamp.refuse("time-stamp token: %s", what)
	}
	if s.contentType != oidTSTInfo || s.content == nil {
		return bad("content is not TSTInfo")
	}
	out := &StampInfo{token: s, Serial: new(big.Int)}
	input := cryptobyte.String(s.content)
	var info, imprint, digest, when, accuracy, extensions cryptobyte.String
	var version int
	var algorithm objectID
	if !input.ReadASN1(&info, tag.SEQUENCE) || !input.Empty() || !info.ReadASN1Integer(&version) || version != 1 ||
		!info.ReadASN1ObjectIdentifier(&out.Policy) {
		return bad("version or policy")
	}
	if !info.ReadASN1(&imprint, tag.SEQUENCE) || !readAlgorithm(&imprint, &algorithm) ||
		!imprint.ReadASN1(&digest, tag.OCTET_STRING) || !imprint.Empty() {
		return bad("message imprint")
	}
	if (algorithm != oidSHA256 && algorithm != oidSHA512) || len(digest) != hashOf(algorithm).Size() {
		return bad("message imprint is neither SHA-256 nor SHA-512")
	}
	out.Digest = digest
	if !info.ReadASN1Integer(out.Serial) || !info.ReadASN1(&when, tag.GeneralizedTime) {
		return bad("serial number or time")
	}
	if out.Time, err = parseStampTime(string(when)); err != nil {
		return bad("time is not in the form of RFC 3161")
	}
	var present bool
	ordering := false
	if !info.ReadOptionalASN1(&accuracy, &present, tag.SEQUENCE) ||
		info.PeekASN1Tag(tag.BOOLEAN) && !info.ReadASN1Boolean(&ordering) {
		return bad("accuracy or ordering")
	}
	if info.PeekASN1Tag(tag.INTEGER) {
		out.Nonce = new(big.Int)
		if !info.ReadASN1Integer(out.Nonce) {
			return bad("nonce")
		}
	}
	if !info.SkipOptionalASN1(tag.Tag(0).ContextSpecific().Constructed()) ||
		!info.ReadOptionalASN1(&extensions, &present, tag.Tag(1).ContextSpecific().Constructed()) || !info.Empty() {
		return bad("name or extensions")
	}
	for !extensions.Empty() {
		var extension, value cryptobyte.String
		var kind objectID
		critical := false
		if !extensions.ReadASN1(&extension, tag.SEQUENCE) || !readOID(&extension, &kind) ||
			extension.PeekASN1Tag(tag.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
			!extension.ReadASN1(&value, tag.OCTET_STRING) || !extension.Empty() {
			return bad("extensions")
		}
		if critical {
			return bad("critical extension, and this package knows none")
		}
	}
	return out, nil
}

// VerifyStamp checks that token is a time-stamp over a SHA-256 digest, made by an
// authority whose certificate chains to roots and was valid at the stamped time,
// and returns that time. It serves for any datum, not only for containers.
//
// The authority's certificate must be embedded, be for time-stamping only, and be
// identified by signing-certificate-v2 (RFC 3161 2.3, RFC 5816). Every failure
// wraps ErrStamp and, where the certificate is to blame, ErrUntrusted or
// ErrCertificateTime as well.
func VerifyStamp(token, digestSHA256 []byte, roots *x509.CertPool) (time.Time, error) {
	info, err := readStampFor(token, digestSHA256)
	if err != nil {
		return time.Time{}, err
	}
	signer, err := info.token.signer()
	if err != nil {
		return time.Time{}, ErrStamp.refuse("time-stamp token: %v", err)
	}
	certificates := [][]byte{signer}
	for _, c := range info.token.certificates {
		if !bytes.Equal(c, signer) {
			certificates = append(certificates, c)
		}
	}
	t, err := chain(certificates, roots, info.Time, stampingUse)
	if err != nil {
		return time.Time{}, fmt.Errorf("time-stamp authority: %w", errors.Join(ErrStamp, err))
	}
	if err := info.token.check(t.certificate, info.token.content); err != nil {
		return time.Time{}, ErrStamp.refuse("time-stamp token: %v", err)
	}
	return info.Time, nil
}

// VerifyStamps verifies every stamp of a container, in order, and returns their
// times. Every data object, the signature and all earlier stamps existed at each of
// them. It checks the container's digests first, and not the signature.
func (c *Container) VerifyStamps(roots *x509.CertPool) ([]time.Time, error) {
	if _, _, err := c.check(); err != nil {
		return nil, err
	}
	var times []time.Time
	for _, s := range c.Stamps {
		digest := sha256.Sum256(s.Manifest)
		at, err := VerifyStamp(s.Token, digest[:], roots)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.Name, err)
		}
		times = append(times, at)
	}
	return times, nil
}

// StampRequest is what a time-stamp authority is asked to state.
type StampRequest struct {
	Digest []byte // SHA-256 or SHA-512, told apart by length
	Policy asn1.ObjectIdentifier
	Serial *big.Int  // unique for the authority, positive
	Time   time.Time // stated to the second, or finer if it is not a whole one
	Nonce  *big.Int  // nil if the request had none
	// OmitCertificates leaves the authority's certificate out, as a requester may
	// wish (RFC 3161 2.4.1, certReq). VerifyStamp refuses such tokens.
	OmitCertificates bool
}

// IssueStamp makes an RFC 3161 TimeStampToken. The signer's certificate must be for
// time-stamping only, and critically so.
func IssueStamp(r StampRequest, s Signer) ([]byte, error) {
	algorithm := oidSHA256
	switch len(r.Digest) {
	case 32:
	case 64:
		algorithm = oidSHA512
	default:
		return nil, ErrStamp.refuse("digest of %d bytes is neither SHA-256 nor SHA-512", len(r.Digest))
	}
	if r.Serial == nil || r.Serial.Sign() <= 0 || len(r.Policy) == 0 {
		return nil, ErrStamp.refuse("time-stamp without policy or positive serial number")
	}
	if s.Certificate == nil {
		return nil, errors.New("time-stamp authority has no certificate")
	}
	if _, err := stampingUse(s.Certificate); err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(1)
		b.AddASN1ObjectIdentifier(r.Policy)
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				addOID(b, algorithm)
				b.AddASN1NULL() // as the common request tools write it
			})
			b.AddASN1OctetString(r.Digest)
		})
		b.AddASN1BigInt(r.Serial)
		b.AddASN1(tag.GeneralizedTime, func(b *cryptobyte.Builder) {
			b.AddBytes([]byte(r.Time.UTC().Format(stampTime)))
		})
		if r.Nonce != nil {
			b.AddASN1BigInt(r.Nonce)
		}
	})
	content, err := b.Bytes()
	if err != nil {
		return nil, ErrStamp.refuse("encoding a time-stamp: %v", err)
	}
	return s.sign(oidTSTInfo, content, false, !r.OmitCertificates, r.Time)
}

// stampTime is the time format of RFC 3161 2.4.2: UTC, fractions without trailing
// zeros.
const stampTime = "20060102150405.999999999Z"

func parseStampTime(s string) (time.Time, error) {
	t, err := time.Parse(stampTime, s)
	if err == nil && t.Format(stampTime) != s {
		err = errors.New("not canonical")
	}
	return t, err
}

// readStampFor reads a token and checks that it is over a SHA-256 digest.
func readStampFor(token, digest []byte) (*StampInfo, error) {
	info, err := ReadStamp(token)
	if err != nil {
		return nil, err
	}
	if len(digest) != sha256.Size || !bytes.Equal(info.Digest, digest) {
		return nil, ErrStamp.refuse("time-stamp is for digest %x, not for %x", info.Digest, digest)
	}
	return info, nil
}

// stampingUse demands what RFC 3161 2.3 does: the extended key usage is critical
// and has time-stamping as its only purpose.
func stampingUse(c *x509.Certificate) (x509.ExtKeyUsage, error) {
	critical := false
	for _, e := range c.Extensions {
		if e.Id.Equal(asn1.ObjectIdentifier{2, 5, 29, 37}) {
			critical = e.Critical
		}
	}
	if !critical || len(c.ExtKeyUsage) != 1 || c.ExtKeyUsage[0] != x509.ExtKeyUsageTimeStamping || len(c.UnknownExtKeyUsage) != 0 {
		return 0, ErrUntrusted.refuse("certificate of %q is not, critically and only, for time-stamping", c.Subject)
	}
	return x509.ExtKeyUsageTimeStamping, nil
}
