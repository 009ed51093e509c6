// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	_ "crypto/sha512" // for crypto.SHA384 and crypto.SHA512 in tokens
	"crypto/x509"
	"math/big"
	"slices"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// This file holds the part of the Cryptographic Message Syntax (RFC 5652) that a
// CAdES signature and an RFC 3161 token need, in DER only. The CMS libraries take
// the signing time from the system clock and read BER and unsigned leftovers
// generously; a message's identity is a hash over these bytes, so here every byte
// is accounted for.

const (
	// maxSignature bounds a signature or token in bytes: a handful of certificates
	// of about 1 KiB, a signature of at most 512 bytes, attributes.
	maxSignature = 32 << 10
	// maxCertificates bounds embedded certificates: chain building costs a
	// signature check for each, and real chains have two or three.
	maxCertificates = 6
)

// objectID is an object identifier as its DER content octets: a constant, compared
// like any string.
type objectID string

const (
	oidData         objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x01"         // 1.2.840.113549.1.7.1
	oidSignedData   objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"         // 1.2.840.113549.1.7.2
	oidTSTInfo      objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04" // 1.2.840.113549.1.9.16.1.4
	oidContentType  objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03"         // 1.2.840.113549.1.9.3
	oidDigest       objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04"         // 1.2.840.113549.1.9.4
	oidSigningTime  objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x05"         // 1.2.840.113549.1.9.5
	oidSigningCert2 objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f" // 1.2.840.113549.1.9.16.2.47
	oidSHA256       objectID = "\x60\x86\x48\x01\x65\x03\x04\x02\x01"         // 2.16.840.1.101.3.4.2.1
	oidSHA384       objectID = "\x60\x86\x48\x01\x65\x03\x04\x02\x02"         // 2.16.840.1.101.3.4.2.2
	oidSHA512       objectID = "\x60\x86\x48\x01\x65\x03\x04\x02\x03"         // 2.16.840.1.101.3.4.2.3
	oidECDSA256     objectID = "\x2a\x86\x48\xce\x3d\x04\x03\x02"             // 1.2.840.10045.4.3.2
	oidECDSA384     objectID = "\x2a\x86\x48\xce\x3d\x04\x03\x03"             // 1.2.840.10045.4.3.3
	oidECDSA512     objectID = "\x2a\x86\x48\xce\x3d\x04\x03\x04"             // 1.2.840.10045.4.3.4
	oidRSA          objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"         // 1.2.840.113549.1.1.1
	oidRSA256       objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b"         // 1.2.840.113549.1.1.11
	oidRSA384       objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c"         // 1.2.840.113549.1.1.12
	oidRSA512       objectID = "\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d"         // 1.2.840.113549.1.1.13
)

// hashOf returns the digest algorithm, or zero for those we do not accept.
func hashOf(oid objectID) crypto.Hash {
	switch oid {
	case oidSHA256:
		return crypto.SHA256
	case oidSHA384:
		return crypto.SHA384
	case oidSHA512:
		return crypto.SHA512
	}
	return 0
}

// algorithmOf joins signature and digest algorithm, or returns zero.
func algorithmOf(signature objectID, digest crypto.Hash) x509.SignatureAlgorithm {
	switch {
	case digest == crypto.SHA256 && signature == oidECDSA256:
		return x509.ECDSAWithSHA256
	case digest == crypto.SHA384 && signature == oidECDSA384:
		return x509.ECDSAWithSHA384
	case digest == crypto.SHA512 && signature == oidECDSA512:
		return x509.ECDSAWithSHA512
	case digest == crypto.SHA256 && (signature == oidRSA || signature == oidRSA256):
		return x509.SHA256WithRSA
	case digest == crypto.SHA384 && (signature == oidRSA || signature == oidRSA384):
		return x509.SHA384WithRSA
	case digest == crypto.SHA512 && (signature == oidRSA || signature == oidRSA512):
		return x509.SHA512WithRSA
	}
	return 0
}

// signedData is a CMS SignedData with one signer, taken apart.
type signedData struct {
	contentType  objectID
	content      []byte   // nil when detached
	certificates [][]byte // DER, in the order they stand
	issuer       []byte   // DER Name of the signer's issuer
	serial       *big.Int
	digest       crypto.Hash
	algorithm    x509.SignatureAlgorithm
	attributes   []byte // content octets of the signed attributes
	signature    []byte

	// From the signed attributes.
	messageDigest []byte
	signingTime   time.Time         // zero when absent
	identified    []certificateHash // signing-certificate-v2, the signer's first
}

// certificateHash is an ESSCertIDv2 (RFC 5035 section 4) without its issuer name:
// the hash alone pins the certificate.
type certificateHash struct {
	hash crypto.Hash
	sum  []byte
}

func (h certificateHash) matches(certificate []byte) bool {
	d := h.hash.New()
	d.Write(certificate)
	return bytes.Equal(d.Sum(nil), h.sum)
}

// parseSignedData reads strict DER and leaves no byte unread. Refused: certificate
// revocation lists, unsigned attributes, more than one signer, signers named by
// key identifier. The result aliases der.
func parseSignedData(der []byte) (*signedData, error) {
	if len(der) > maxSignature {
		return nil, ErrTooLarge.refuse("signature or token of %d bytes, at most %d are allowed", len(der), maxSignature)
	}
	bad := func(what string) (*signedData, error) {
		return nil, ErrMalformed.refuse("CMS structure: %s", what)
	}
	var s signedData
	input := cryptobyte.String(der)
	var info, explicit, outer, digests, encapsulated, certificates, signers, signer cryptobyte.String
	var outerType objectID
	if !input.ReadASN1(&info, tag.SEQUENCE) || !input.Empty() ||
		!readOID(&info, &outerType) || outerType != oidSignedData ||
		!info.ReadASN1(&explicit, tag.Tag(0).ContextSpecific().Constructed()) || !info.Empty() ||
		!explicit.ReadASN1(&outer, tag.SEQUENCE) || !explicit.Empty() {
		return bad("not one SignedData")
	}
	var version, signerVersion int
	if !outer.ReadASN1Integer(&version) || !outer.ReadASN1(&digests, tag.SET) ||
		!outer.ReadASN1(&encapsulated, tag.SEQUENCE) || !readOID(&encapsulated, &s.contentType) {
		return bad("version, digest algorithms or content")
	}
	// RFC 5652 5.1: version 1 for plain data, 3 for any other content type.
	if s.contentType == oidData && version != 1 || s.contentType != oidData && version != 3 {
		return bad("version does not fit the content type")
	}
	if !encapsulated.Empty() {
		var content, octets cryptobyte.String
		if !encapsulated.ReadASN1(&content, tag.Tag(0).ContextSpecific().Constructed()) || !encapsulated.Empty() ||
			!content.ReadASN1(&octets, tag.OCTET_STRING) || !content.Empty() {
			return bad("content")
		}
		s.content = octets
	}
	var present bool
	if !outer.ReadOptionalASN1(&certificates, &present, tag.Tag(0).ContextSpecific().Constructed()) {
		return bad("certificates")
	}
	for !certificates.Empty() {
		var certificate cryptobyte.String
		if !certificates.ReadASN1Element(&certificate, tag.SEQUENCE) {
			return bad("certificates")
		}
		if len(s.certificates) == maxCertificates {
			return nil, ErrTooLarge.refuse("more than %d certificates in a signature", maxCertificates)
		}
		s.certificates = append(s.certificates, certificate)
	}
	if !outer.ReadASN1(&signers, tag.SET) || !outer.Empty() ||
		!signers.ReadASN1(&signer, tag.SEQUENCE) || !signers.Empty() {
		return bad("not exactly one signer, or revocation lists, which do not belong here")
	}

	var sid, issuer, signature, attributes cryptobyte.String
	var digest, digestAgain, algorithm objectID
	s.serial = new(big.Int)
	if !signer.ReadASN1Integer(&signerVersion) || signerVersion != 1 ||
		!signer.ReadASN1(&sid, tag.SEQUENCE) || !sid.ReadASN1Element(&issuer, tag.SEQUENCE) ||
		!sid.ReadASN1Integer(s.serial) || !sid.Empty() {
		return bad("signer is not named by issuer and serial number")
	}
	if !readAlgorithm(&signer, &digest) || !readAlgorithm(&digests, &digestAgain) || !digests.Empty() || digest != digestAgain {
		return bad("digest algorithm")
	}
	if !signer.ReadASN1(&attributes, tag.Tag(0).ContextSpecific().Constructed()) ||
		!readAlgorithm(&signer, &algorithm) ||
		!signer.ReadASN1(&signature, tag.OCTET_STRING) || !signer.Empty() {
		return bad("signed attributes or signature value, or unsigned attributes, which do not belong here")
	}
	s.issuer, s.attributes, s.signature = issuer, attributes, signature
	s.digest = hashOf(digest)
	s.algorithm = algorithmOf(algorithm, s.digest)
	if s.algorithm == 0 {
		return bad("signature or digest algorithm is not allowed")
	}
	if err := s.parseAttributes(); err != nil {
		return nil, err
	}
	return &s, nil
}

func (s *signedData) parseAttributes() error {
	bad := func(what string) error { return ErrMalformed.refuse("CMS signed attributes: %s", what) }
	seen := make(map[objectID]bool, 4)
	rest := cryptobyte.String(s.attributes)
	for !rest.Empty() {
		var attribute, values cryptobyte.String
		var kind objectID
		if !rest.ReadASN1(&attribute, tag.SEQUENCE) || !readOID(&attribute, &kind) ||
			!attribute.ReadASN1(&values, tag.SET) || !attribute.Empty() || seen[kind] {
			return bad("not a list of distinct attributes")
		}
		seen[kind] = true
		var ok bool
		switch kind {
		case oidContentType:
			var contentType objectID
			ok = readOID(&values, &contentType) && contentType == s.contentType
		case oidDigest:
			var octets cryptobyte.String
			ok = values.ReadASN1(&octets, tag.OCTET_STRING)
			s.messageDigest = octets
		case oidSigningTime:
			if values.PeekASN1Tag(tag.UTCTime) {
				ok = values.ReadASN1UTCTime(&s.signingTime)
			} else {
				ok = values.ReadASN1GeneralizedTime(&s.signingTime)
			}
			s.signingTime = s.signingTime.UTC()
		case oidSigningCert2:
			ok = s.parseSigningCertificate(&values)
		default:
			continue // signed by its author, of no meaning to us
		}
		if !ok || !values.Empty() {
			return bad("content type, digest, time or signing certificate")
		}
	}
	if !seen[oidContentType] || !seen[oidDigest] || !seen[oidSigningCert2] {
		return bad("content type, digest or signing-certificate-v2 is missing")
	}
	return nil
}

func (s *signedData) parseSigningCertificate(values *cryptobyte.String) bool {
	var attribute, list cryptobyte.String
	if !values.ReadASN1(&attribute, tag.SEQUENCE) || !attribute.ReadASN1(&list, tag.SEQUENCE) {
		return false
	}
	for !list.Empty() {
		var id, sum cryptobyte.String
		h := certificateHash{hash: crypto.SHA256}
		if len(s.identified) == maxCertificates || !list.ReadASN1(&id, tag.SEQUENCE) {
			return false
		}
		if id.PeekASN1Tag(tag.SEQUENCE) {
			var oid objectID
			if !readAlgorithm(&id, &oid) || hashOf(oid) == 0 {
				return false
			}
			h.hash = hashOf(oid)
		}
		if !id.ReadASN1(&sum, tag.OCTET_STRING) {
			return false
		}
		h.sum = sum
		s.identified = append(s.identified, h)
	}
	return len(s.identified) > 0
}

// signer returns the embedded certificate that made the signature: the one that the
// signing-certificate-v2 attribute identifies first and the signer's name denotes.
func (s *signedData) signer() ([]byte, error) {
	for _, certificate := range s.certificates {
		if !s.identified[0].matches(certificate) {
			continue
		}
		issuer, serial, ok := issuerAndSerial(certificate)
		if !ok || !bytes.Equal(issuer, s.issuer) || serial.Cmp(s.serial) != 0 {
			break
		}
		return certificate, nil
	}
	return nil, ErrSignature.refuse("no embedded certificate matches both signer name and signing-certificate-v2")
}

// check verifies message digest and signature value. Trust is another question.
func (s *signedData) check(signer *x509.Certificate, content []byte) error {
	h := s.digest.New()
	h.Write(content)
	if !bytes.Equal(h.Sum(nil), s.messageDigest) {
		return ErrDigest.refuse("signed content does not have the digest that was signed")
	}
	if err := signer.CheckSignature(s.algorithm, setOf(s.attributes), s.signature); err != nil {
		return ErrSignature.refuse("signature value by %q: %v", signer.Subject, err)
	}
	return nil
}

// setOf gives the attributes the tag under which they are signed (RFC 5652 5.4).
func setOf(attributes []byte) []byte {
	b := cryptobyte.NewBuilder(make([]byte, 0, len(attributes)+4))
	b.AddASN1(tag.SET, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
	return b.BytesOrPanic() // cannot fail: bounded octets in one element
}

// signedAttributes encodes the four attributes of this profile as DER SET OF.
// certificates lists the signer's first; all of them are identified, so nobody can
// add or drop one without breaking the signature.
func signedAttributes(contentType objectID, digest [sha256.Size]byte, at time.Time, certificates [][]byte) ([]byte, error) {
	attributes := [][]byte{
		attribute(oidContentType, func(b *cryptobyte.Builder) { addOID(b, contentType) }),
		attribute(oidDigest, func(b *cryptobyte.Builder) { b.AddASN1OctetString(digest[:]) }),
		attribute(oidSigningTime, func(b *cryptobyte.Builder) {
			// RFC 5652 11.3: UTCTime through 2049, GeneralizedTime after.
			if at = at.UTC(); at.Year() >= 1950 && at.Year() < 2050 {
				b.AddASN1UTCTime(at)
			} else {
				b.AddASN1GeneralizedTime(at)
			}
		}),
		attribute(oidSigningCert2, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					for _, certificate := range certificates {
						addCertificateID(b, certificate)
					}
				})
			})
		}),
	}
	for _, a := range attributes {
		if a == nil {
			return nil, ErrMalformed.refuse("signed attributes for time %v cannot be encoded", at)
		}
	}
	slices.SortFunc(attributes, bytes.Compare)
	return bytes.Join(attributes, nil), nil
}

// attribute encodes one attribute with one value, or returns nil.
func attribute(kind objectID, value cryptobyte.BuilderContinuation) []byte {
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		addOID(b, kind)
		b.AddASN1(tag.SET, value)
	})
	out, err := b.Bytes()
	if err != nil {
		return nil
	}
	return out
}

// addCertificateID writes an ESSCertIDv2 with the default SHA-256 and the issuer
// and serial number that RFC 5035 recommends.
func addCertificateID(b *cryptobyte.Builder, certificate []byte) {
	sum := sha256.Sum256(certificate)
	issuer, serial, ok := issuerAndSerial(certificate)
	if !ok {
		b.SetError(ErrMalformed)
		return
	}
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1OctetString(sum[:])
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1(tag.Tag(4).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) { b.AddBytes(issuer) })
			})
			b.AddASN1BigInt(serial)
		})
	})
}

// encodeSignedData writes a SignedData by one ECDSA P-256 signer. certificates has
// the signer's first; embedded says whether they are carried, in DER SET OF order.
// content nil means detached.
func encodeSignedData(contentType objectID, content []byte, certificates [][]byte, embedded bool, attributes, signature []byte) ([]byte, error) {
	issuer, serial, ok := issuerAndSerial(certificates[0])
	if !ok {
		return nil, ErrMalformed.refuse("signer's certificate has no readable issuer and serial number")
	}
	sequence := func(b *cryptobyte.Builder, f cryptobyte.BuilderContinuation) { b.AddASN1(tag.SEQUENCE, f) }
	context0 := tag.Tag(0).ContextSpecific().Constructed()
	// RFC 5754 and RFC 5758: no parameters for SHA-2 and ECDSA.
	algorithm := func(oid objectID) cryptobyte.BuilderContinuation {
		return func(b *cryptobyte.Builder) {
			b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, oid) })
		}
	}
	b := cryptobyte.NewBuilder(make([]byte, 0, 1024+len(content)+len(attributes)))
	sequence(b, func(b *cryptobyte.Builder) {
		addOID(b, oidSignedData)
		b.AddASN1(context0, func(b *cryptobyte.Builder) {
			sequence(b, func(b *cryptobyte.Builder) {
				version := int64(3)
				if contentType == oidData {
					version = 1
				}
				b.AddASN1Int64(version)
				b.AddASN1(tag.SET, algorithm(oidSHA256))
				sequence(b, func(b *cryptobyte.Builder) {
					addOID(b, contentType)
					if content != nil {
						b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddASN1OctetString(content) })
					}
				})
				if embedded {
					b.AddASN1(context0, func(b *cryptobyte.Builder) {
						for _, certificate := range slices.SortedFunc(slices.Values(certificates), bytes.Compare) {
							b.AddBytes(certificate)
						}
					})
				}
				b.AddASN1(tag.SET, func(b *cryptobyte.Builder) {
					sequence(b, func(b *cryptobyte.Builder) {
						b.AddASN1Int64(1)
						sequence(b, func(b *cryptobyte.Builder) {
							b.AddBytes(issuer)
							b.AddASN1BigInt(serial)
						})
						algorithm(oidSHA256)(b)
						b.AddASN1(context0, func(b *cryptobyte.Builder) { b.AddBytes(attributes) })
						algorithm(oidECDSA256)(b)
						b.AddASN1OctetString(signature)
					})
				})
			})
		})
	})
	out, err := b.Bytes()
	if err != nil {
		return nil, ErrMalformed.refuse("encoding a signature: %v", err)
	}
	if len(out) > maxSignature {
		return nil, ErrTooLarge.refuse("signature with certificates of %d bytes, at most %d are allowed", len(out), maxSignature)
	}
	return out, nil
}

// issuerAndSerial reads both out of a certificate (RFC 5280 4.1) without parsing
// the rest.
func issuerAndSerial(certificate []byte) (issuer []byte, serial *big.Int, ok bool) {
	input := cryptobyte.String(certificate)
	var outer, tbs, name cryptobyte.String
	serial = new(big.Int)
	ok = input.ReadASN1(&outer, tag.SEQUENCE) && input.Empty() && outer.ReadASN1(&tbs, tag.SEQUENCE) &&
		tbs.SkipOptionalASN1(tag.Tag(0).ContextSpecific().Constructed()) &&
		tbs.ReadASN1Integer(serial) && tbs.SkipASN1(tag.SEQUENCE) && tbs.ReadASN1Element(&name, tag.SEQUENCE)
	return name, serial, ok
}

func readOID(s *cryptobyte.String, out *objectID) bool {
	var octets cryptobyte.String
	ok := s.ReadASN1(&octets, tag.OBJECT_IDENTIFIER)
	*out = objectID(octets)
	return ok
}

// readAlgorithm reads an AlgorithmIdentifier whose parameters are absent or NULL.
func readAlgorithm(s *cryptobyte.String, out *objectID) bool {
	var algorithm, null cryptobyte.String
	if !s.ReadASN1(&algorithm, tag.SEQUENCE) || !readOID(&algorithm, out) {
		return false
	}
	return algorithm.Empty() || algorithm.ReadASN1(&null, tag.NULL) && null.Empty() && algorithm.Empty()
}

func addOID(b *cryptobyte.Builder, oid objectID) {
	b.AddASN1(tag.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(oid)) })
}
