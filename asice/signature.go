// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"math/big"
	"sync"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Signer is who signs: a key, its certificate and the certificates between it and
// a root.
type Signer struct {
	// Key is an ECDSA P-256 key, in memory or in a device.
	Key crypto.Signer
	// Certificate belongs to Key; its key usage allows digitalSignature or
	// contentCommitment.
	Certificate *x509.Certificate
	// Chain holds what a verifier with only the root lacks: the issuer of
	// Certificate first, each followed by its own issuer. Leave the root out.
	Chain []*x509.Certificate
	// Random is handed to Key. Nil makes an in-memory key sign deterministically
	// (RFC 6979), so that building the same container twice gives the same bytes.
	Random io.Reader
}

// certificates returns the DER certificates, the signer's first, after checking
// that signing with them can succeed at that time.
func (s Signer) certificates(at time.Time) ([][]byte, error) {
	if s.Key == nil || s.Certificate == nil {
		return nil, errors.New("signer has no key or no certificate")
	}
	public, ok := s.Certificate.PublicKey.(*ecdsa.PublicKey)
	if !ok || public.Curve != elliptic.P256() || !public.Equal(s.Key.Public()) {
		return nil, ErrSignature.refuse("key and certificate of %q are not one ECDSA P-256 pair", s.Certificate.Subject)
	}
	if len(s.Chain) >= maxCertificates {
		return nil, ErrTooLarge.refuse("signer's chain has %d certificates, fewer than %d are allowed", len(s.Chain), maxCertificates)
	}
	if err := checkValidity(s.Certificate, at); err != nil {
		return nil, err
	}
	out := [][]byte{s.Certificate.Raw}
	for _, c := range s.Chain {
		out = append(out, c.Raw)
	}
	return out, nil
}

// sign makes a SignedData over content.
func (s Signer) sign(contentType objectID, content []byte, detached, embedded bool, at time.Time) ([]byte, error) {
	at = at.UTC().Truncate(time.Second)
	certificates, err := s.certificates(at)
	if err != nil {
		return nil, err
	}
	attributes, err := signedAttributes(contentType, sha256.Sum256(content), at, certificates)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(setOf(attributes))
	signature, err := s.Key.Sign(s.Random, digest[:], crypto.SHA256)
	if err != nil {
		return nil, errors.Join(errors.New("signing with the key of "+s.Certificate.Subject.String()), err)
	}
	if signature, err = lowS(signature); err != nil {
		return nil, err
	}
	// A device that computes wrongly must not put a worthless signature, or its
	// key, into the world.
	if !ecdsa.VerifyASN1(s.Certificate.PublicKey.(*ecdsa.PublicKey), digest[:], signature) {
		return nil, ErrSignature.refuse("the key of %q produced a signature that does not verify", s.Certificate.Subject)
	}
	if detached {
		content = nil
	}
	return encodeSignedData(contentType, content, certificates, embedded, attributes, signature)
}

// lowS returns the signature with the smaller of its two equivalent values of s.
// Anybody can turn (r, s) into (r, n-s), which also verifies; allowing only one of
// them makes the bytes of a signature, and so the identity of a message, unique.
func lowS(signature []byte) ([]byte, error) {
	r, s, ok := readECDSA(signature)
	if !ok {
		return nil, ErrSignature.refuse("key returned %d bytes that are not a DER ECDSA signature", len(signature))
	}
	if n := elliptic.P256().Params().N; s.Cmp(half(n)) > 0 {
		s.Sub(n, s)
	}
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(s)
	})
	return b.Bytes()
}

func readECDSA(signature []byte) (r, s *big.Int, ok bool) {
	input, values := cryptobyte.String(signature), cryptobyte.String(nil)
	r, s = new(big.Int), new(big.Int)
	ok = input.ReadASN1(&values, tag.SEQUENCE) && input.Empty() &&
		values.ReadASN1Integer(r) && values.ReadASN1Integer(s) && values.Empty()
	return r, s, ok
}

func half(n *big.Int) *big.Int { return new(big.Int).Rsh(n, 1) }

// parseSignature reads a detached CAdES signature in the one valid form: what is
// read must encode to the same bytes again. certificates come back with the
// signer's first, as the signing-certificate-v2 attribute lists them.
func parseSignature(der []byte) (s *signedData, certificates [][]byte, err error) {
	if s, err = parseSignedData(der); err != nil {
		return nil, nil, err
	}
	if s.contentType != oidData || s.content != nil || s.algorithm != x509.ECDSAWithSHA256 ||
		s.signingTime.IsZero() || len(s.messageDigest) != sha256.Size {
		return nil, nil, ErrMalformed.refuse("signature is not a detached CAdES signature with SHA-256, ECDSA and signing time")
	}
	if _, value, ok := readECDSA(s.signature); !ok || value.Cmp(half(elliptic.P256().Params().N)) > 0 {
		return nil, nil, ErrMalformed.refuse("signature value is not the smaller of the two equivalent ones")
	}
	for _, id := range s.identified {
		for _, certificate := range s.certificates {
			if id.matches(certificate) {
				certificates = append(certificates, certificate)
			}
		}
	}
	if len(certificates) == 0 || len(certificates) != len(s.identified) || len(certificates) != len(s.certificates) {
		return nil, nil, ErrMalformed.refuse("embedded certificates are not exactly those that signing-certificate-v2 identifies")
	}
	attributes, err := signedAttributes(s.contentType, [sha256.Size]byte(s.messageDigest), s.signingTime, certificates)
	if err != nil {
		return nil, nil, err
	}
	again, err := encodeSignedData(s.contentType, nil, certificates, true, attributes, s.signature)
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(again, der) {
		return nil, nil, ErrMalformed.refuse("signature is not in the one valid encoding")
	}
	return s, certificates, nil
}

// Verified is what holds after Verify returned without error.
type Verified struct {
	// Certificate is the signer's. Shared between results: read only.
	Certificate *x509.Certificate
	// Chain leads from Certificate to a root. Shared between results: read only.
	Chain []*x509.Certificate
	// SigningTime is the time the signer claims, in UTC and whole seconds. It lies
	// within the validity of Certificate; only a time-stamp proves it.
	SigningTime time.Time
	// SignatureDigest is the identity of the message, see Container.SignatureDigest.
	SignatureDigest [sha256.Size]byte
}

// maxTrusted bounds a Verifier's memory: one entry, about 10 KiB, for each
// certificate that signs to us, and there are under 200 States.
const maxTrusted = 1024

// Verifier verifies containers against fixed roots and remembers which certificates
// chain to them, since the same few authorities sign thousands of messages. Only
// chains that verified are remembered, and only for times within the validity of
// every certificate in them, so the result never depends on what was seen before.
// Make a new one when the roots change. It is safe for concurrent use.
type Verifier struct {
	roots *x509.CertPool

	mu      sync.Mutex
	trusted map[[sha256.Size]byte]*trust // guarded by mu; key: hash of the embedded certificates
}

// NewVerifier returns a Verifier for a copy of roots. Nil roots trust nobody.
func NewVerifier(roots *x509.CertPool) *Verifier {
	if roots == nil {
		roots = x509.NewCertPool()
	}
	return &Verifier{roots: roots.Clone(), trusted: make(map[[sha256.Size]byte]*trust)}
}

// trust is a chain that verified, and the span of time for which that holds.
type trust struct {
	certificate         *x509.Certificate
	chain               []*x509.Certificate
	notBefore, notAfter time.Time
}

// Verify is Container.Verify with the memory of v.
func (v *Verifier) Verify(c *Container, at time.Time) (*Verified, error) {
	return c.verify(at, v.trust)
}

func (v *Verifier) trust(certificates [][]byte, at time.Time) (*trust, error) {
	// The DER lengths delimit the certificates, so joining them is unambiguous.
	key := sha256.Sum256(bytes.Join(certificates, nil))
	v.mu.Lock()
	known := v.trusted[key]
	v.mu.Unlock()
	if known != nil && !at.Before(known.notBefore) && !at.After(known.notAfter) {
		return known, nil
	}
	found, err := chain(certificates, v.roots, at, signingUse)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.trusted) >= maxTrusted {
		clear(v.trusted) // cheaper than bookkeeping for something that should not happen
	}
	v.trusted[key] = found
	return found, nil
}

// Verify checks that the container is consistent, that the signature over
// META-INF/ASiCManifest001.xml verifies, and that the signer's certificate chains
// to roots and was valid at that time: pass the time of receipt, or the time of a
// verified stamp for a container of the past. The certificate must be for ECDSA
// P-256, allow digitalSignature or contentCommitment, and, if it limits its
// purpose, name e-mail protection, as openssl cms -verify also demands. Revocation
// is not looked up; the caller's roots and directory decide whom to trust now.
//
// It fails with ErrMalformed, ErrUnlisted, ErrDigest, ErrSignature, ErrUntrusted,
// ErrCertificateTime or ErrStamp. Stamps are checked for form and digest here, and
// for trust by VerifyStamps; proofs are never looked into.
func (c *Container) Verify(roots *x509.CertPool, at time.Time) (*Verified, error) {
	return NewVerifier(roots).Verify(c, at)
}

func (c *Container) verify(at time.Time, trusted func([][]byte, time.Time) (*trust, error)) (*Verified, error) {
	// Again, although Parse did it: the fields are the caller's to change.
	s, certificates, err := c.check()
	if err != nil {
		return nil, err
	}
	t, err := trusted(certificates, at)
	if err != nil {
		return nil, err
	}
	if err := s.check(t.certificate, c.Signatures[0].Manifest); err != nil {
		return nil, err
	}
	if err := checkValidity(t.certificate, s.signingTime); err != nil {
		return nil, err
	}
	return &Verified{
		Certificate:     t.certificate,
		Chain:           t.chain,
		SigningTime:     s.signingTime,
		SignatureDigest: c.SignatureDigest(),
	}, nil
}

// chain builds a path from the first certificate to roots, through the others. use
// says what the first must be fit for.
func chain(certificates [][]byte, roots *x509.CertPool, at time.Time, use func(*x509.Certificate) (x509.ExtKeyUsage, error)) (*trust, error) {
	if roots == nil {
		roots = x509.NewCertPool() // nil would mean the roots of the operating system
	}
	var embedded []*x509.Certificate
	between := x509.NewCertPool()
	for i, der := range certificates {
		c, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, ErrMalformed.refuse("embedded certificate %d: %v", i+1, err)
		}
		embedded = append(embedded, c)
		between.AddCert(c)
	}
	signer := embedded[0]
	if err := checkValidity(signer, at); err != nil {
		return nil, err
	}
	purpose, err := use(signer)
	if err != nil {
		return nil, err
	}
	chains, err := signer.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: at, KeyUsages: []x509.ExtKeyUsage{purpose},
	})
	if err != nil {
		// Say so when the reason is only the time of a certificate in between.
		for _, c := range embedded {
			if err := checkValidity(c, at); err != nil {
				return nil, err
			}
		}
		return nil, ErrUntrusted.refuse("chain of %q at %s: %v", signer.Subject, at.UTC().Format(time.RFC3339), err)
	}
	t := &trust{certificate: signer, chain: chains[0], notBefore: signer.NotBefore, notAfter: signer.NotAfter}
	for _, c := range t.chain {
		if c.NotBefore.After(t.notBefore) {
			t.notBefore = c.NotBefore
		}
		if c.NotAfter.Before(t.notAfter) {
			t.notAfter = c.NotAfter
		}
	}
	return t, nil
}

// signingUse says what a signer's certificate must be fit for.
func signingUse(c *x509.Certificate) (x509.ExtKeyUsage, error) {
	if public, ok := c.PublicKey.(*ecdsa.PublicKey); !ok || public.Curve != elliptic.P256() {
		return 0, ErrSignature.refuse("certificate of %q is not for ECDSA P-256", c.Subject)
	}
	if c.KeyUsage&(x509.KeyUsageDigitalSignature|x509.KeyUsageContentCommitment) == 0 {
		return 0, ErrUntrusted.refuse("certificate of %q allows neither digitalSignature nor contentCommitment", c.Subject)
	}
	return x509.ExtKeyUsageEmailProtection, nil
}

func checkValidity(c *x509.Certificate, at time.Time) error {
	if at.Before(c.NotBefore) || at.After(c.NotAfter) {
		return ErrCertificateTime.refuse("certificate of %q is valid from %s to %s, not at %s", c.Subject,
			c.NotBefore.UTC().Format(time.RFC3339), c.NotAfter.UTC().Format(time.RFC3339), at.UTC().Format(time.RFC3339))
	}
	return nil
}
