// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/mod/sumdb/note"
)

// Signature types of C2SP signed-note. ML-DSA-44 cosignatures (0x06) are not
// supported.
const (
	typeEd25519     = 0x01
	typeCosignature = 0x04
)

// MaxName bounds a key name and an origin, in bytes. ML-DSA-44 cosignatures can
// name no longer ones (C2SP tlog-cosignature), so a longer one could not outlive
// the move to them.
const MaxName = 255

// maxKey bounds the text of a key: the name, a hash and 33 bytes in base64.
const maxKey = MaxName + 128

// A Signer signs the text of a note under a name.
type Signer = note.Signer

// A Verifier checks signatures of one key on the text of a note.
type Verifier = note.Verifier

// GenerateKey makes the key of a log, Ed25519 as in C2SP signed-note, from 32
// bytes of rand. The name is that of the log, the origin of its checkpoints. skey
// is secret, vkey is to be published; both are single lines of text.
func GenerateKey(rand io.Reader, name string) (skey, vkey string, err error) {
	return generate(rand, name, typeEd25519)
}

// GenerateCosigner makes the key of a witness, for Ed25519 cosignatures as in
// C2SP tlog-cosignature, from 32 bytes of rand. A cosignature does not bind the
// witness's name: the key must serve nothing but this one witness.
func GenerateCosigner(rand io.Reader, name string) (skey, vkey string, err error) {
	return generate(rand, name, typeCosignature)
}

func generate(rand io.Reader, name string, kind byte) (skey, vkey string, err error) {
	if err := checkName(name); err != nil {
		return "", "", fmt.Errorf("generate key: %w", err)
	}
	// The seed is read here, as key generation in the standard library need not
	// heed the source that it is given.
	seed := make([]byte, ed25519.SeedSize)
	if _, err := io.ReadFull(rand, seed); err != nil {
		return "", "", fmt.Errorf("generate key for %q: %w", name, err)
	}
	public := ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
	hash := keyHash(name, kind, public)
	encode := func(key []byte) string {
		return fmt.Sprintf("%s+%08x+%s", name, hash, base64.StdEncoding.EncodeToString(append([]byte{kind}, key...)))
	}
	return "PRIVATE+KEY+" + encode(seed), encode(public), nil
}

// NewSigner returns the signer for a log's secret key, made by [GenerateKey].
func NewSigner(skey string) (Signer, error) {
	rest, private := strings.CutPrefix(skey, "PRIVATE+KEY+")
	if !private {
		return nil, errors.New("read secret key of a log: it does not begin with PRIVATE+KEY+")
	}
	if _, _, _, err := splitKey(rest, typeEd25519); err != nil {
		return nil, fmt.Errorf("read secret key of a log: %w", err)
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, fmt.Errorf("read secret key of a log: %w", err)
	}
	return signer, nil
}

// NewVerifier returns the verifier for a log's public key, made by [GenerateKey].
func NewVerifier(vkey string) (Verifier, error) {
	if _, _, _, err := splitKey(vkey, typeEd25519); err != nil {
		return nil, fmt.Errorf("read key of a log: %w", err)
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return nil, fmt.Errorf("read key of a log %q: %w", vkey, err)
	}
	return verifier, nil
}

// A Cosigner signs checkpoints for a witness. It is a [Signer]: to sign is to
// state that, at the time of its clock, the checkpoint is the largest consistent
// one that the witness has seen of that log. Only a [Witness] should state it.
type Cosigner struct {
	name string
	key  ed25519.PrivateKey
	now  func() time.Time
}

// NewCosigner returns the cosigner for a secret key made by [GenerateCosigner],
// with the clock that dates its cosignatures.
func NewCosigner(skey string, now func() time.Time) (*Cosigner, error) {
	if now == nil {
		return nil, errors.New("read secret key of a witness: no clock given")
	}
	rest, private := strings.CutPrefix(skey, "PRIVATE+KEY+")
	if !private {
		return nil, errors.New("read secret key of a witness: it does not begin with PRIVATE+KEY+")
	}
	name, hash, seed, err := splitKey(rest, typeCosignature)
	if err != nil {
		return nil, fmt.Errorf("read secret key of a witness: %w", err)
	}
	c := &Cosigner{name, ed25519.NewKeyFromSeed(seed), now}
	if c.KeyHash() != hash {
		return nil, fmt.Errorf("read secret key of witness %q: its hash is not that of the key", name)
	}
	return c, nil
}

// Name returns the name of the witness.
func (c *Cosigner) Name() string { return c.name }

// KeyHash returns the key ID.
func (c *Cosigner) KeyHash() uint32 { return keyHash(c.name, typeCosignature, c.public()) }

// Sign cosigns the text of a checkpoint, and nothing else, at the clock's time.
func (c *Cosigner) Sign(text []byte) ([]byte, error) { return c.signAt(text, c.now()) }

// Verifier returns the verifier of the cosigner's own cosignatures.
func (c *Cosigner) Verifier() *CosignatureVerifier {
	return &CosignatureVerifier{c.name, c.KeyHash(), c.public()}
}

func (c *Cosigner) public() ed25519.PublicKey { return c.key.Public().(ed25519.PublicKey) }

func (c *Cosigner) signAt(text []byte, t time.Time) ([]byte, error) {
	if _, err := ParseCheckpoint(text); err != nil {
		return nil, fmt.Errorf("cosign: %w", err)
	}
	if t.Unix() <= 0 {
		return nil, fmt.Errorf("cosign: the clock says %s, which a cosignature cannot carry", t.UTC().Format(time.RFC3339))
	}
	seconds := uint64(t.Unix())
	return append(binary.BigEndian.AppendUint64(nil, seconds), ed25519.Sign(c.key, cosigned(seconds, text))...), nil
}

// cosigned returns the message under an Ed25519 cosignature (C2SP
// tlog-cosignature): two lines of header, then the checkpoint's text.
func cosigned(seconds uint64, text []byte) []byte {
	return append(fmt.Appendf(nil, "cosignature/v1\ntime %d\n", seconds), text...)
}

// A CosignatureVerifier checks the cosignatures of one witness. It is a
// [Verifier].
type CosignatureVerifier struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

// NewCosignatureVerifier returns the verifier for a witness's public key, of
// signature type 0x04.
func NewCosignatureVerifier(vkey string) (*CosignatureVerifier, error) {
	name, hash, key, err := splitKey(vkey, typeCosignature)
	if err != nil {
		return nil, fmt.Errorf("read key of a witness: %w", err)
	}
	if hash != keyHash(name, typeCosignature, key) {
		return nil, fmt.Errorf("read key of witness %q: its hash is not that of the key", name)
	}
	return &CosignatureVerifier{name, hash, key}, nil
}

// Name returns the name of the witness.
func (v *CosignatureVerifier) Name() string { return v.name }

// KeyHash returns the key ID.
func (v *CosignatureVerifier) KeyHash() uint32 { return v.hash }

// Verify reports whether sig is a cosignature of the witness on the text of a
// checkpoint.
func (v *CosignatureVerifier) Verify(text, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	seconds := binary.BigEndian.Uint64(sig)
	return seconds <= math.MaxInt64 && ed25519.Verify(v.key, cosigned(seconds, text), sig[8:])
}

// CosignatureTime returns the time that a cosignature states. It reads, it does
// not verify: call it on a signature that was checked.
func CosignatureTime(sig note.Signature) (time.Time, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(sig.Base64)
	if err != nil || len(b) != 4+8+ed25519.SignatureSize {
		return time.Time{}, fmt.Errorf("signature of %q is not an Ed25519 cosignature", sig.Name)
	}
	return time.Unix(int64(binary.BigEndian.Uint64(b[4:])), 0).UTC(), nil
}

// splitKey takes apart the common form of keys, <name>+<hash>+<base64>, and
// accepts it in no second spelling. The error does not repeat what may be secret.
func splitKey(text string, kind byte) (name string, hash uint32, key []byte, err error) {
	if len(text) > maxKey {
		return "", 0, nil, fmt.Errorf("key of %d bytes is longer than %d", len(text), maxKey)
	}
	name, rest, _ := strings.Cut(text, "+")
	hex, b64, _ := strings.Cut(rest, "+")
	if err := checkName(name); err != nil {
		return "", 0, nil, err
	}
	h, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || fmt.Sprintf("%08x", h) != hex {
		return "", 0, nil, fmt.Errorf("key of %q has no hash of eight hexadecimal digits", name)
	}
	b, err := base64.StdEncoding.Strict().DecodeString(b64)
	if err != nil || len(b) != 1+ed25519.PublicKeySize || base64.StdEncoding.EncodeToString(b) != b64 {
		return "", 0, nil, fmt.Errorf("key of %q is not a type and 32 bytes in base64", name)
	}
	if b[0] != kind {
		return "", 0, nil, fmt.Errorf("key of %q has signature type 0x%02x, not 0x%02x", name, b[0], kind)
	}
	return name, uint32(h), b[1:], nil
}

// keyHash is the key ID of C2SP signed-note.
func keyHash(name string, kind byte, key []byte) uint32 {
	h := sha256.Sum256(bytes.Join([][]byte{[]byte(name), {'\n', kind}, key}, nil))
	return binary.BigEndian.Uint32(h[:])
}

// checkName applies the rules for key names to origins too, so that a log's key
// can always carry the name of its log.
func checkName(name string) error {
	bad := func(r rune) bool { return r < 0x20 || r == '+' || unicode.IsSpace(r) }
	if name == "" || len(name) > MaxName || !utf8.ValidString(name) || strings.ContainsFunc(name, bad) {
		return fmt.Errorf("name %.40q is not 1 to %d bytes without spaces, plus signs and control characters", name, MaxName)
	}
	return nil
}
