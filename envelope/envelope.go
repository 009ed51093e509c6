// SPDX-License-Identifier: Apache-2.0

// Package envelope owns the bytes that cross a border: the one encoding of a message or receipt, the
// signed container around it, and the encryption to the authority it is addressed to.
//
// A message is JSON in exactly one encoding, signed inside an ASiC-E container (package asice), and
// carried, padded, as an age file for the receiving authority's message recipient and for the oversight bodies of
// both States, which the message names. Any age program opens it,
// any openssl checks it. The sender's journal proof is attached to the container as
// META-INF/journal.tlog-proof: the message's identity is the SHA-256 of its signature file, which
// attaching leaves alone, and that identity is what the journal entry commits to.
//
// It promises that Open returns a message only if the container has its one valid form, the
// signature holds, the certificate chains to the State's own authorities and names the sender, and
// every limit is kept. It refuses unknown members, other encodings, compressed containers and weak
// recipients. After an error nothing but the error is returned. It does not decide whether a message
// is timely, expected or lawful: that is the docket's.
//
// The formats of this package are stable; they are described in docs/protocol.md with vectors.
package envelope

import (
	"bytes"
	"context"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"filippo.io/age"

	"rogatory"
	"rogatory/asice"
)

const (
	// MaxMessage bounds the JSON of a message: twenty full text fields of 20,000 characters in a script
	// of three bytes each, with room for escapes.
	MaxMessage = 2 << 20
	// MaxReceipt bounds the JSON of a receipt, which has no free text beyond one sentence.
	MaxReceipt = 16 << 10
	// MaxEnvelope bounds an encrypted message: the largest container, padded, and the age header and tags.
	MaxEnvelope = MaxPadded + 64<<10

	messageFile = "message.json"
	receiptFile = "receipt.json"
	mediaType   = "application/json"

	// JournalProof is the name under which the journal proof of a message or receipt is attached.
	JournalProof = "journal"

	// MediaTypeEnvelope and MediaTypeContainer name the two formats on the wire.
	MediaTypeEnvelope  = "application/age"
	MediaTypeContainer = "application/vnd.etsi.asic-e+zip"
)

// Opened is a verified container with a message.
type Opened struct {
	Message   rogatory.Message
	Digest    rogatory.Digest // of the signature file: the message's identity
	Container []byte          // as received, to be stored as it is
	Proof     []byte          // the sender's journal proof; verified elsewhere
	Signer    *x509.Certificate
	Signed    time.Time // as the signer claims
}

// Encode returns the one encoding of a message or a receipt.
func Encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "message_invalid", "encode: %w", err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// DecodeMessage reads the one encoding of a message and checks its form.
func DecodeMessage(data []byte) (rogatory.Message, error) {
	var m rogatory.Message
	if err := decode(data, MaxMessage, &m); err != nil {
		return rogatory.Message{}, err
	}
	if err := checkMessage(m); err != nil {
		return rogatory.Message{}, err
	}
	return m, nil
}

// DecodeReceipt reads the one encoding of a receipt and checks its form.
func DecodeReceipt(data []byte) (rogatory.Receipt, error) {
	var r rogatory.Receipt
	if err := decode(data, MaxReceipt, &r); err != nil {
		return rogatory.Receipt{}, err
	}
	refused := r.Outcome == rogatory.RefusedOutcome
	switch {
	case r.Protocol != rogatory.Protocol:
		return rogatory.Receipt{}, invalid("protocol version %d, this node speaks %d", r.Protocol, rogatory.Protocol)
	case !r.Message.Valid() || r.Digest.IsZero() || !validAddress(r.From) || !validAddress(r.To) || r.Sequence < 1 || r.Received <= 0 || !validMode(r.Mode):
		return rogatory.Receipt{}, invalid("a receipt lacks its message, digest, addresses, sequence, mode or time")
	case !refused && r.Outcome != rogatory.ReceivedOutcome, refused != (r.Code != ""):
		return rogatory.Receipt{}, invalid("receipt outcome %.20q with code %.40q", r.Outcome, r.Code)
	}
	return r, nil
}

func invalid(format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "message_invalid", format, args...)
}

func decode(data []byte, limit int, v any) error {
	if len(data) > limit {
		return rogatory.Fault(rogatory.Invalid, "message_too_large", "message of %d bytes, at most %d are read", len(data), limit)
	}
	if !utf8.Valid(data) {
		return invalid("message is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return rogatory.Fault(rogatory.Invalid, "message_invalid", "read message: %w", err)
	}
	again, err := Encode(v)
	if err != nil {
		return err
	}
	// Equality with the one encoding also refuses trailing data, doubled members and case variants.
	if !bytes.Equal(again, data) {
		return invalid("message is not in its one encoding")
	}
	return nil
}

// Sign makes the container of a message. The claimed signing time is the message's Sent. A message that
// its receiver could not read, such as one with text that is not UTF-8, is refused here: once it had
// been numbered it would hold up all that follow it.
func Sign(m rogatory.Message, s asice.Signer) (container []byte, digest rogatory.Digest, err error) {
	m = Normal(m)
	if err := checkMessage(m); err != nil {
		return nil, digest, err
	}
	data, err := Encode(m)
	if err != nil {
		return nil, digest, err
	}
	if len(data) > MaxMessage {
		return nil, digest, rogatory.Fault(rogatory.Invalid, "message_too_large", "message of %d bytes, at most %d can be sent", len(data), MaxMessage).
			WithHint("send long documents as an exhibit")
	}
	if _, err := DecodeMessage(data); err != nil {
		return nil, digest, err
	}
	return build(messageFile, data, s, m.Sent)
}

// SignReceipt makes the container of a receipt, under the same condition.
func SignReceipt(r rogatory.Receipt, s asice.Signer) (container []byte, digest rogatory.Digest, err error) {
	data, err := Encode(r)
	if err == nil {
		_, err = DecodeReceipt(data)
	}
	if err != nil {
		return nil, digest, err
	}
	return build(receiptFile, data, s, r.Received)
}

func build(name string, data []byte, s asice.Signer, at rogatory.Instant) ([]byte, rogatory.Digest, error) {
	container, err := asice.Build([]asice.File{{Name: name, MediaType: mediaType, Data: data}}, s, at.Time())
	if err != nil {
		return nil, rogatory.Digest{}, fault(err)
	}
	c, err := asice.Parse(container)
	if err != nil {
		return nil, rogatory.Digest{}, fault(err)
	}
	return container, c.SignatureDigest(), nil
}

// AttachProof adds the journal proof to a container.
func AttachProof(container, proof []byte) ([]byte, error) {
	c, err := asice.AttachProof(container, JournalProof, proof)
	if err != nil {
		return nil, fault(err)
	}
	return c, nil
}

// Peek reads a message without checking its signature: one that was checked before, or only to learn
// who claims to have sent it.
func Peek(container []byte) (rogatory.Message, error) {
	m, _, err := PeekDigest(container)
	return m, err
}

// PeekDigest is Peek, with the message's identity.
func PeekDigest(container []byte) (rogatory.Message, rogatory.Digest, error) {
	c, data, err := parse(container, messageFile)
	if err != nil {
		return rogatory.Message{}, rogatory.Digest{}, err
	}
	m, err := DecodeMessage(data)
	if err != nil {
		return rogatory.Message{}, rogatory.Digest{}, err
	}
	return m, c.SignatureDigest(), nil
}

// Open verifies a container from a party and returns its message. The certificate must have been
// valid at that time, and must name the State and the authority that the message is from.
func Open(container []byte, from rogatory.Party, at time.Time) (Opened, error) {
	return new(Reader).Open(container, from, at)
}

// Reader is Open and OpenReceipt with a memory of the certificates that were verified, since the same
// few authorities sign thousands of messages. What it says never depends on what it read before: a
// State whose certificates the directory changed is verified anew. Its zero value is ready, and it is
// safe for concurrent use. It holds one verifier for each State of the directory.
type Reader struct {
	mu    sync.Mutex
	known map[rogatory.StateCode]*anchors // guarded by mu
}

// anchors is a verifier and what it was made from.
type anchors struct {
	certificates []string
	verifier     *asice.Verifier
}

func (r *Reader) verifier(p rogatory.Party) (*asice.Verifier, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if a := r.known[p.Code]; a != nil && slices.Equal(a.certificates, p.Certificates) {
		return a.verifier, nil
	}
	roots, err := Pool(p.Certificates)
	if err != nil {
		return nil, err
	}
	if r.known == nil {
		r.known = map[rogatory.StateCode]*anchors{}
	}
	a := &anchors{slices.Clone(p.Certificates), asice.NewVerifier(roots)}
	r.known[p.Code] = a
	return a.verifier, nil
}

func (r *Reader) verify(c *asice.Container, from rogatory.Party, at time.Time) (*asice.Verified, error) {
	verifier, err := r.verifier(from)
	if err != nil {
		return nil, err
	}
	v, err := verifier.Verify(c, at)
	if err != nil {
		return nil, fault(err)
	}
	return v, nil
}

// Open is the function Open.
func (r *Reader) Open(container []byte, from rogatory.Party, at time.Time) (Opened, error) {
	c, data, err := parse(container, messageFile)
	if err != nil {
		return Opened{}, err
	}
	verified, err := r.verify(c, from, at)
	if err != nil {
		return Opened{}, err
	}
	m, err := DecodeMessage(data)
	if err != nil {
		return Opened{}, err
	}
	if err := speaksFor(verified.Certificate, m.From, from); err != nil {
		return Opened{}, err
	}
	proof, _ := c.Proof(JournalProof)
	return Opened{Message: m, Digest: c.SignatureDigest(), Container: container, Proof: proof,
		Signer: verified.Certificate, Signed: verified.SigningTime}, nil
}

// OpenReceipt verifies a receipt from a party. The proof is returned for the caller to verify.
func OpenReceipt(container []byte, from rogatory.Party, at time.Time) (rogatory.Receipt, []byte, error) {
	return new(Reader).OpenReceipt(container, from, at)
}

// OpenReceipt is the function OpenReceipt.
func (r *Reader) OpenReceipt(container []byte, from rogatory.Party, at time.Time) (receipt rogatory.Receipt, proof []byte, err error) {
	c, data, err := parse(container, receiptFile)
	if err != nil {
		return rogatory.Receipt{}, nil, err
	}
	verified, err := r.verify(c, from, at)
	if err != nil {
		return rogatory.Receipt{}, nil, err
	}
	receipt, err = DecodeReceipt(data)
	if err != nil {
		return rogatory.Receipt{}, nil, err
	}
	if err := speaksFor(verified.Certificate, receipt.From, from); err != nil {
		return rogatory.Receipt{}, nil, err
	}
	proof, _ = c.Proof(JournalProof)
	return receipt, proof, nil
}

// PeekReceipt reads a receipt that was verified before, and its journal proof.
func PeekReceipt(container []byte) (r rogatory.Receipt, proof []byte, err error) {
	c, data, err := parse(container, receiptFile)
	if err != nil {
		return rogatory.Receipt{}, nil, err
	}
	if r, err = DecodeReceipt(data); err != nil {
		return rogatory.Receipt{}, nil, err
	}
	proof, _ = c.Proof(JournalProof)
	return r, proof, nil
}

func parse(container []byte, name string) (*asice.Container, []byte, error) {
	c, err := asice.Parse(container)
	if err != nil {
		return nil, nil, fault(err)
	}
	if len(c.Files) != 1 || c.Files[0].Name != name || c.Files[0].MediaType != mediaType || len(c.Stamps) != 0 {
		return nil, nil, rogatory.Fault(rogatory.Invalid, "container_malformed", "container does not hold just %s", name)
	}
	for _, p := range c.Proofs {
		if p.Name != "META-INF/"+JournalProof+".tlog-proof" {
			return nil, nil, rogatory.Fault(rogatory.Invalid, "container_malformed", "container holds the unexpected proof %s", p.Name)
		}
	}
	return c, c.Files[0].Data, nil
}

// speaksFor holds the certificate against the address: O is the State, OU the authority.
func speaksFor(cert *x509.Certificate, a rogatory.Address, p rogatory.Party) error {
	if a.State != p.Code || !slices.Contains(cert.Subject.Organization, string(a.State)) || !slices.Contains(cert.Subject.OrganizationalUnit, string(a.Authority)) {
		return rogatory.Fault(rogatory.Untrusted, "wrong_signer", "the certificate of %.80q does not speak for %.60q", cert.Subject.CommonName, a.String())
	}
	if _, ok := p.Authority(a.Authority); !ok {
		return rogatory.Fault(rogatory.Untrusted, "authority_unknown", "the directory knows no authority %.60q", a.String())
	}
	return nil
}

// Pool reads PEM certificates into a pool.
func Pool(certificates []string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for _, text := range certificates {
		block, rest := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" || len(bytes.TrimSpace(rest)) != 0 {
			return nil, rogatory.Fault(rogatory.Untrusted, "certificate_invalid", "directory entry holds a malformed certificate")
		}
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, rogatory.Fault(rogatory.Untrusted, "certificate_invalid", "read certificate: %w", err)
		}
		pool.AddCert(cert)
	}
	return pool, nil
}

// fault translates the container's closed list of refusals into ours.
func fault(err error) error {
	f, ok := errors.AsType[asice.Fault](err)
	if !ok {
		return rogatory.Fault(rogatory.Internal, "container_failed", "handle container: %w", err)
	}
	kind, code := rogatory.Invalid, "container_malformed"
	switch f {
	case asice.ErrTooLarge:
		code = "container_too_large"
	case asice.ErrUnlisted:
		code = "container_unlisted"
	case asice.ErrDuplicate:
		code = "container_duplicate"
	case asice.ErrDigest:
		kind, code = rogatory.Untrusted, "digest_mismatch"
	case asice.ErrSignature:
		kind, code = rogatory.Untrusted, "signature_invalid"
	case asice.ErrUntrusted:
		kind, code = rogatory.Untrusted, "certificate_untrusted"
	case asice.ErrCertificateTime:
		kind, code = rogatory.Stale, "certificate_expired"
	case asice.ErrStamp:
		kind, code = rogatory.Untrusted, "stamp_invalid"
	}
	return rogatory.Fault(kind, code, "check container: %w", err)
}

// Unseal decrypts an envelope with one of the identities and takes off its padding. Nothing of a truncated or altered envelope
// is returned.
func Unseal(ctx context.Context, sealed []byte, identities ...age.Identity) ([]byte, error) {
	if len(sealed) > MaxEnvelope {
		return nil, rogatory.Fault(rogatory.Invalid, "message_too_large", "envelope of %d bytes, at most %d are read", len(sealed), MaxEnvelope)
	}
	r, err := age.Decrypt(bytes.NewReader(sealed), identities...)
	if err != nil {
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
			return nil, rogatory.Fault(rogatory.Untrusted, "wrong_key", "the envelope is for another key: %w", err).
				WithHint("the sender should update its directory and send again")
		}
		return nil, rogatory.Fault(rogatory.Invalid, "envelope_malformed", "open envelope: %w", err)
	}
	padded, err := io.ReadAll(io.LimitReader(r, MaxPadded+1))
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "envelope_malformed", "open envelope: %w", err)
	}
	if len(padded) > MaxPadded {
		return nil, rogatory.Fault(rogatory.Invalid, "message_too_large", "container above %d bytes", asice.MaxContainer)
	}
	container, err := Unpad(padded)
	if err != nil {
		return nil, err
	}
	if len(container) > asice.MaxContainer {
		return nil, rogatory.Fault(rogatory.Invalid, "message_too_large", "container of %d bytes, at most %d are read", len(container), asice.MaxContainer)
	}
	return container, ctx.Err()
}
