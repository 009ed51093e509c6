// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"
)

// maxMediaType bounds a media type: RFC 6838 4.2 allows 127 characters on each
// side, registered ones stay well below this.
const maxMediaType = 127

// The fixed pieces of a manifest (ETSI EN 319 162-1, annex A.4). No line feed, no
// self-closing tag, attributes in this order: there is one way to write a manifest,
// and no tool that converts line ends can break its signature.
const (
	manifestOpen = `<?xml version="1.0" encoding="UTF-8"?>` +
		`<asic:ASiCManifest xmlns:asic="http://uri.etsi.org/02918/v1.2.1#" xmlns:ds="http://www.w3.org/2000/09/xmldsig#">` +
		`<asic:SigReference URI="`
	manifestMime      = `" MimeType="`
	manifestAssertion = `"></asic:SigReference>`
	manifestObject    = `<asic:DataObjectReference URI="`
	manifestMethod    = `"><ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"></ds:DigestMethod><ds:DigestValue>`
	manifestValue     = `</ds:DigestValue></asic:DataObjectReference>`
	manifestClose     = `</asic:ASiCManifest>`
)

// manifest lists what one signature or one time-stamp covers.
type manifest struct {
	assertion          string // name of the signature or token entry
	assertionMediaType string
	references         []reference
}

type reference struct {
	name, mediaType string
	digest          [sha256.Size]byte
}

func (m *manifest) encode() []byte {
	b := make([]byte, 0, 256+len(m.references)*400)
	b = append(b, manifestOpen...)
	b = append(b, m.assertion...)
	b = append(b, manifestMime...)
	b = append(b, m.assertionMediaType...)
	b = append(b, manifestAssertion...)
	for i := range m.references {
		r := &m.references[i]
		b = append(b, manifestObject...)
		b = append(b, r.name...)
		b = append(b, manifestMime...)
		b = append(b, r.mediaType...)
		b = append(b, manifestMethod...)
		b = base64.StdEncoding.AppendEncode(b, r.digest[:])
		b = append(b, manifestValue...)
	}
	return append(b, manifestClose...)
}

// parseManifest reads what encode writes. Whether the text is exactly that is
// decided by whoever compares it with encode of the result.
func parseManifest(text []byte) (*manifest, error) {
	bad := func(what string) (*manifest, error) {
		return nil, ErrMalformed.refuse("manifest is not in the one valid form: %s", what)
	}
	rest, ok := strings.CutPrefix(string(text), manifestOpen)
	if !ok {
		return bad("beginning")
	}
	var m manifest
	if m.assertion, rest, ok = strings.Cut(rest, manifestMime); !ok {
		return bad("signature reference")
	}
	if m.assertionMediaType, rest, ok = strings.Cut(rest, manifestAssertion); !ok {
		return bad("signature reference")
	}
	for rest != manifestClose {
		if len(m.references) == MaxEntries {
			return nil, ErrTooLarge.refuse("manifest has more than %d references", MaxEntries)
		}
		var r reference
		var value string
		if rest, ok = strings.CutPrefix(rest, manifestObject); !ok {
			return bad("data object reference")
		}
		if r.name, rest, ok = strings.Cut(rest, manifestMime); !ok {
			return bad("data object name")
		}
		if r.mediaType, rest, ok = strings.Cut(rest, manifestMethod); !ok {
			return bad("media type or digest method")
		}
		if value, rest, ok = strings.Cut(rest, manifestValue); !ok || len(value) != base64.StdEncoding.EncodedLen(sha256.Size) {
			return bad("digest value")
		}
		digest, err := base64.StdEncoding.Strict().DecodeString(value)
		if err != nil || len(digest) != sha256.Size {
			return bad("digest value")
		}
		r.digest = [sha256.Size]byte(digest)
		if err := checkMediaType(r.mediaType); err != nil {
			return nil, err
		}
		m.references = append(m.references, r)
	}
	return &m, nil
}

// agree compares the references a manifest states with the ones it must state.
func (m *manifest) agree(want []reference) error {
	stated := make(map[string]*reference, len(m.references))
	for i := range m.references {
		stated[m.references[i].name] = &m.references[i]
	}
	for _, w := range want {
		switch s := stated[w.name]; {
		case s == nil:
			return ErrUnlisted.refuse("entry %q is not covered by the manifest of %q", w.name, m.assertion)
		case s.digest != w.digest:
			return ErrDigest.refuse("entry %q does not have the digest stated in the manifest of %q", w.name, m.assertion)
		case s.mediaType != w.mediaType:
			return ErrMalformed.refuse("entry %q has media type %q in the manifest of %q, want %q", w.name, s.mediaType, m.assertion, w.mediaType)
		}
	}
	if len(m.references) != len(want) {
		return ErrMalformed.refuse("manifest of %q has %d references, want %d", m.assertion, len(m.references), len(want))
	}
	return nil
}

// checkMediaType allows lower-case type/subtype without parameters (RFC 6838 4.2).
func checkMediaType(mediaType string) error {
	kind, sub, ok := strings.Cut(mediaType, "/")
	good := func(s string) bool {
		for i := range len(s) {
			if c := s[i]; !(letterOrDigit(c) && (c < 'A' || c > 'Z')) && c != '.' && c != '+' && c != '-' {
				return false
			}
		}
		return s != ""
	}
	if !ok || len(mediaType) > maxMediaType || !good(kind) || !good(sub) {
		return ErrMalformed.refuse("media type %q is not a lower-case type/subtype", mediaType)
	}
	return nil
}

func manifestName(number int) string { return fmt.Sprintf("META-INF/ASiCManifest%03d.xml", number) }
func stampName(number int) string    { return fmt.Sprintf("META-INF/timestamp%03d.tst", number) }
