// SPDX-License-Identifier: Apache-2.0

// Package asice reads and writes signed containers: ASiC-E with a detached CAdES
// signature and RFC 3161 time-stamps (ETSI EN 319 162-1, EN 319 122-1). A container
// is a ZIP whose META-INF folder holds a manifest with the digest of every file and
// a signature over that manifest. A court checks it with unzip and stock openssl:
//
//	openssl cms -verify -cades -binary -inform DER -in META-INF/signature001.p7s \
//	    -content META-INF/ASiCManifest001.xml -CAfile roots.pem -out /dev/null
//	openssl dgst -sha256 -binary FILE | base64     # the digest in the manifest
//	openssl ts -verify -data META-INF/ASiCManifest002.xml \
//	    -in META-INF/timestamp002.tst -token_in -CAfile stamp-roots.pem
//
// (-binary matters: without it openssl may convert line ends before hashing.)
//
// What it promises. There is exactly one valid encoding of a container: Parse
// refuses whatever Build, AttachProof and AttachStamp would not have written, so
// two readers cannot see different things and nothing hides between entries. Build
// is deterministic if the key is. SignatureDigest names a message for good: without
// the key nobody can change the signature bytes or the certificates in them into
// others that still verify, and attaching proofs and stamps leaves them alone.
//
// What it refuses. Compression, so that there are no bombs; names that are not
// plain relative paths; duplicates; entries no manifest covers; anything above the
// limits MaxContainer, MaxEntries, MaxName and MaxProof. It neither looks up
// revocation nor decides whose certificate may say what: that is the caller's.
//
// What it leaves open. Proofs (META-INF/*.tlog-proof) are the only entries outside
// every manifest, because they come into being after the signature. Anybody may
// add, replace or remove them; they carry their own signatures and mean nothing
// until those are verified elsewhere. Likewise anybody may attach a stamp, or take
// the last one away: what remains still proves what it proves.
//
// After an error nothing is returned but the error, which wraps a Fault wherever
// the content is to blame. The package keeps no state, reads no clock, and touches
// neither disk nor network.
package asice

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// MaxProof is the largest proof in bytes: a few dozen hashes and cosignatures of
// many witnesses, post-quantum ones of some 3 KiB included, stay below it.
const MaxProof = 128 << 10

const (
	mediaType          = "application/vnd.etsi.asic-e+zip"
	manifestMediaType  = "application/xml"
	signatureMediaType = "application/pkcs7-signature"
	stampMediaType     = "application/vnd.etsi.timestamp-token"

	mimetypeName  = "mimetype"
	signatureName = "META-INF/signature001.p7s"
	metaFolder    = "META-INF/"
	proofSuffix   = ".tlog-proof"
)

// File is a data object, or a proof.
type File struct {
	// Name is its path in the container: ASCII letters, digits, dot, hyphen,
	// underscore, and slash between segments; at most MaxName bytes.
	Name string
	// MediaType is a lower-case type/subtype without parameters. The manifest
	// states it, so it is signed. Empty for proofs, which no manifest covers.
	MediaType string
	Data      []byte
}

// Signature is the signature entry with the manifest it signs.
type Signature struct {
	Name     string // META-INF/signature001.p7s
	Manifest []byte // META-INF/ASiCManifest001.xml, covering every data object
	Data     []byte // detached CMS SignedData in DER
}

// Stamp is a stand-alone time-stamp token with the manifest it covers.
type Stamp struct {
	Name     string // META-INF/timestampNNN.tst, from 002
	Manifest []byte // META-INF/ASiCManifestNNN.xml, covering all entries before it but mimetype
	Token    []byte // RFC 3161 TimeStampToken over Manifest, in DER
}

// Container is a container taken apart. What Parse returns aliases its input, which
// must then not be changed.
type Container struct {
	// Files are the signed data objects in container order, at least one.
	Files []File
	// Signatures holds exactly one signature.
	Signatures []Signature
	// Stamps are in the order they were attached. Each covers all before it, so a
	// later one renews an earlier one.
	Stamps []Stamp
	// Proofs are META-INF/*.tlog-proof by name, outside every manifest.
	Proofs []File
}

// SignatureDigest returns the SHA-256 of the bytes of META-INF/signature001.p7s: the
// identity of the message. It is zero for a Container without a signature.
func (c *Container) SignatureDigest() [sha256.Size]byte {
	if len(c.Signatures) == 0 {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(c.Signatures[0].Data)
}

// Proof returns the proof that AttachProof stored under name.
func (c *Container) Proof(name string) (proof []byte, ok bool) {
	for _, p := range c.Proofs {
		if p.Name == metaFolder+name+proofSuffix {
			return p.Data, true
		}
	}
	return nil, false
}

// Build signs the files, in the given order, at the given time and returns the
// container. The time becomes the claimed signing time, in whole seconds. Content
// that Parse would refuse is refused with the same Fault; an error of the key is
// wrapped.
func Build(files []File, s Signer, at time.Time) ([]byte, error) {
	if s.Certificate != nil {
		if _, err := signingUse(s.Certificate); err != nil {
			return nil, err
		}
	}
	covered, err := references(files)
	if err != nil {
		return nil, err
	}
	text := (&manifest{signatureName, signatureMediaType, covered}).encode()
	signature, err := s.sign(oidData, text, true, true, at)
	if err != nil {
		return nil, err
	}
	c := Container{Files: files, Signatures: []Signature{{Name: signatureName, Manifest: text, Data: signature}}}
	return c.encode()
}

// AttachProof adds META-INF/<name>.tlog-proof to a container, or replaces it. All
// other entries keep their bytes. name is one path segment; the proof is text.
func AttachProof(container []byte, name string, proof []byte) ([]byte, error) {
	c, err := Parse(container)
	if err != nil {
		return nil, err
	}
	p := File{Name: metaFolder + name + proofSuffix, Data: proof}
	if err := checkProof(p); err != nil {
		return nil, err
	}
	i, found := slices.BinarySearchFunc(c.Proofs, p.Name, func(f File, name string) int { return strings.Compare(f.Name, name) })
	if found {
		c.Proofs[i] = p
	} else {
		c.Proofs = slices.Insert(c.Proofs, i, p)
	}
	return c.encode()
}

// AttachStamp adds a time assertion: a manifest over every data object, manifest,
// signature and earlier stamp, and the token that stamp returns for the SHA-256 of
// that manifest. The first is META-INF/ASiCManifest002.xml with
// META-INF/timestamp002.tst. A token that is not well formed or for another digest
// is refused with ErrStamp; an error of stamp is wrapped, and the caller may try
// again with the same container.
func AttachStamp(container []byte, stamp func(digest []byte) (token []byte, err error)) ([]byte, error) {
	c, err := Parse(container)
	if err != nil {
		return nil, err
	}
	covered, err := references(c.Files)
	if err != nil {
		return nil, err
	}
	covered = c.assertions(covered, len(c.Stamps))
	name := stampName(len(c.Stamps) + 2)
	text := (&manifest{name, stampMediaType, covered}).encode()
	digest := sha256.Sum256(text)
	token, err := stamp(digest[:])
	if err != nil {
		return nil, fmt.Errorf("obtaining a time-stamp for %s: %w", name, err)
	}
	if _, err := readStampFor(token, digest[:]); err != nil {
		return nil, err
	}
	c.Stamps = append(c.Stamps, Stamp{Name: name, Manifest: text, Token: token})
	return c.encode()
}

// Parse takes a container apart and checks everything that needs no trust: the one
// valid encoding, every limit, every digest in every manifest, the form of the
// signature and of the tokens and that they are over their manifests. It does not
// check any signature value: see Verify and VerifyStamps.
func Parse(container []byte) (*Container, error) {
	entries, err := split(container)
	if err != nil {
		return nil, err
	}
	if entries[0].name != mimetypeName || string(entries[0].data) != mediaType {
		return nil, ErrMalformed.refuse("container does not begin with the mimetype %s", mediaType)
	}
	c := &Container{}
	special := make(map[string][]byte)
	for _, e := range entries[1:] {
		switch {
		case isProof(e.name):
			c.Proofs = append(c.Proofs, File{Name: e.name, Data: e.data})
		case reserved(e.name):
			special[e.name] = e.data
		default:
			c.Files = append(c.Files, File{Name: e.name, Data: e.data})
		}
	}
	text, signature := special[manifestName(1)], special[signatureName]
	if text == nil || signature == nil {
		return nil, ErrMalformed.refuse("container has no %s or no %s", manifestName(1), signatureName)
	}
	c.Signatures = []Signature{{Name: signatureName, Manifest: text, Data: signature}}
	for number := 2; special[manifestName(number)] != nil && special[stampName(number)] != nil; number++ {
		c.Stamps = append(c.Stamps, Stamp{Name: stampName(number), Manifest: special[manifestName(number)], Token: special[stampName(number)]})
	}
	if known := 2 + 2*len(c.Stamps); len(special) != known {
		return nil, ErrUnlisted.refuse("%d of the entries in META-INF belong to no signature or time-stamp", len(special)-known)
	}

	// Only the manifest knows the media types; check compares all the rest.
	m, err := parseManifest(text)
	if err != nil {
		return nil, err
	}
	types := make(map[string]string, len(m.references))
	for _, r := range m.references {
		types[r.name] = r.mediaType
	}
	for i, f := range c.Files {
		var listed bool
		if c.Files[i].MediaType, listed = types[f.Name]; !listed {
			return nil, ErrUnlisted.refuse("entry %q is not covered by %s", f.Name, manifestName(1))
		}
	}
	if _, _, err := c.check(); err != nil {
		return nil, err
	}
	for i, e := range c.entries() {
		if e.name != entries[i].name {
			return nil, ErrMalformed.refuse("entry %q stands where %q belongs", entries[i].name, e.name)
		}
	}
	return c, nil
}

// check establishes that the parts of a Container fit together, and returns its
// signature taken apart with the certificates, the signer's first.
func (c *Container) check() (*signedData, [][]byte, error) {
	if len(c.Signatures) != 1 || c.Signatures[0].Name != signatureName {
		return nil, nil, ErrMalformed.refuse("container does not have exactly one signature %s", signatureName)
	}
	covered, err := references(c.Files)
	if err != nil {
		return nil, nil, err
	}
	signature := c.Signatures[0]
	if err := checkManifest(signature.Manifest, signatureName, signatureMediaType, covered); err != nil {
		return nil, nil, err
	}
	s, certificates, err := parseSignature(signature.Data)
	if err != nil {
		return nil, nil, err
	}
	if sum := sha256.Sum256(signature.Manifest); !bytes.Equal(sum[:], s.messageDigest) {
		return nil, nil, ErrDigest.refuse("%s is not over %s", signatureName, manifestName(1))
	}
	for i, stamp := range c.Stamps {
		if stamp.Name != stampName(i+2) {
			return nil, nil, ErrMalformed.refuse("time-stamp %q stands where %q belongs", stamp.Name, stampName(i+2))
		}
		if err := checkManifest(stamp.Manifest, stamp.Name, stampMediaType, c.assertions(slices.Clip(covered), i)); err != nil {
			return nil, nil, err
		}
		digest := sha256.Sum256(stamp.Manifest)
		if _, err := readStampFor(stamp.Token, digest[:]); err != nil {
			return nil, nil, err
		}
	}
	for _, p := range c.Proofs {
		if err := checkProof(p); err != nil {
			return nil, nil, err
		}
	}
	return s, certificates, nil
}

// references lists the data objects as a manifest covers them, or refuses them.
func references(files []File) ([]reference, error) {
	if len(files) == 0 {
		return nil, ErrMalformed.refuse("container without a data object")
	}
	out := make([]reference, len(files), len(files)+8)
	for i, f := range files {
		if err := checkName(f.Name); err != nil {
			return nil, err
		}
		if reserved(f.Name) || strings.EqualFold(f.Name, mimetypeName) {
			return nil, ErrMalformed.refuse("data object name %q is reserved", f.Name)
		}
		if err := checkMediaType(f.MediaType); err != nil {
			return nil, err
		}
		out[i] = reference{f.Name, f.MediaType, sha256.Sum256(f.Data)}
	}
	return out, nil
}

// assertions appends the signature and the first stamps, each with its manifest.
func (c *Container) assertions(covered []reference, stamps int) []reference {
	covered = append(covered,
		reference{manifestName(1), manifestMediaType, sha256.Sum256(c.Signatures[0].Manifest)},
		reference{signatureName, signatureMediaType, sha256.Sum256(c.Signatures[0].Data)})
	for i, s := range c.Stamps[:stamps] {
		covered = append(covered,
			reference{manifestName(i + 2), manifestMediaType, sha256.Sum256(s.Manifest)},
			reference{s.Name, stampMediaType, sha256.Sum256(s.Token)})
	}
	return covered
}

// checkManifest compares a manifest with the only one there may be, and says what
// kind of difference there is.
func checkManifest(text []byte, assertion, assertionMediaType string, covered []reference) error {
	if bytes.Equal(text, (&manifest{assertion, assertionMediaType, covered}).encode()) {
		return nil
	}
	m, err := parseManifest(text)
	if err != nil {
		return err
	}
	if err := m.agree(covered); err != nil {
		return err
	}
	return ErrMalformed.refuse("manifest of %q is not in the one valid form or order", assertion)
}

// entries lists a container's entries in their one valid order.
func (c *Container) entries() []entry {
	out := []entry{{mimetypeName, []byte(mediaType)}}
	for _, f := range c.Files {
		out = append(out, entry{f.Name, f.Data})
	}
	for _, s := range c.Signatures {
		out = append(out, entry{manifestName(1), s.Manifest}, entry{s.Name, s.Data})
	}
	for i, s := range c.Stamps {
		out = append(out, entry{manifestName(i + 2), s.Manifest}, entry{s.Name, s.Token})
	}
	proofs := slices.SortedFunc(slices.Values(c.Proofs), func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	for _, p := range proofs {
		out = append(out, entry{p.Name, p.Data})
	}
	return out
}

// encode writes the container, within the limits that Parse enforces.
func (c *Container) encode() ([]byte, error) {
	entries := c.entries()
	if len(entries) > MaxEntries {
		return nil, ErrTooLarge.refuse("container of %d entries, at most %d are allowed", len(entries), MaxEntries)
	}
	size := endLength
	for _, e := range entries {
		size += localLength + centralLength + 2*len(e.name) + len(e.data)
	}
	if size > MaxContainer {
		return nil, ErrTooLarge.refuse("container of %d bytes, at most %d are allowed", size, MaxContainer)
	}
	if err := checkNames(entries); err != nil {
		return nil, err
	}
	return layout(entries), nil
}

// reserved reports names in META-INF, however written: a file system may not care
// about case.
func reserved(name string) bool {
	return strings.EqualFold(name, "META-INF") ||
		len(name) >= len(metaFolder) && strings.EqualFold(name[:len(metaFolder)], metaFolder)
}

func isProof(name string) bool {
	base, ok := strings.CutPrefix(name, metaFolder)
	return ok && strings.HasSuffix(base, proofSuffix) && !strings.Contains(base, "/")
}

// checkProof allows what a tlog-proof is: UTF-8 text with no control characters
// but line feeds. So a proof cannot carry a file that some other program would run.
func checkProof(p File) error {
	if err := checkName(p.Name); err != nil {
		return err
	}
	if !isProof(p.Name) || p.MediaType != "" {
		return ErrMalformed.refuse("proof name %q is not one segment in META-INF", p.Name)
	}
	if len(p.Data) > MaxProof {
		return ErrTooLarge.refuse("proof %q of %d bytes, at most %d are allowed", p.Name, len(p.Data), MaxProof)
	}
	control := func(r rune) bool { return r != '\n' && unicode.IsControl(r) }
	if !utf8.Valid(p.Data) || bytes.ContainsFunc(p.Data, control) {
		return ErrMalformed.refuse("proof %q is not plain text", p.Name)
	}
	return nil
}
