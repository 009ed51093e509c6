// SPDX-License-Identifier: Apache-2.0

package rogatory

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// Digest is a SHA-256 digest. Its text form is 64 lower-case hexadecimal digits, and no other.
type Digest [32]byte

// DigestOf returns the SHA-256 digest of data.
func DigestOf(data []byte) Digest { return sha256.Sum256(data) }

// ParseDigest reads the text form of a digest. It returns the zero digest on error.
func ParseDigest(s string) (Digest, error) {
	var d Digest
	err := d.UnmarshalText([]byte(s))
	return d, err
}

// String returns the 64 hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short returns the first twelve digits, for people to recognise, never to compare.
func (d Digest) Short() string { return hex.EncodeToString(d[:6]) }

// IsZero reports whether d was never set.
func (d Digest) IsZero() bool { return d == Digest{} }

// MarshalText returns the text form.
func (d Digest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText accepts the text form only; d is zero after an error.
func (d *Digest) UnmarshalText(text []byte) error { return unhex(d[:], text) }

// LongDigest is a SHA-512 digest, carried beside SHA-256 so that a break of one is survivable.
// Its text form is 128 lower-case hexadecimal digits.
type LongDigest [64]byte

// String returns the 128 hexadecimal digits.
func (d LongDigest) String() string { return hex.EncodeToString(d[:]) }

// MarshalText returns the text form.
func (d LongDigest) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText accepts the text form only; d is zero after an error.
func (d *LongDigest) UnmarshalText(text []byte) error { return unhex(d[:], text) }

func unhex(dst, text []byte) error {
	clear(dst)
	if len(text) != 2*len(dst) {
		return fmt.Errorf("digest of %d characters, %d wanted", len(text), 2*len(dst))
	}
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return fmt.Errorf("digest holds %q, only 0-9 and a-f are allowed", c)
		}
	}
	_, err := hex.Decode(dst, text)
	return err
}
