// SPDX-License-Identifier: Apache-2.0

package asice

import "fmt"

// Fault is the kind of a refusal. Its text is a stable code: it may be stored,
// sent to a peer and translated, and is never renamed. Every error of this
// package that concerns the content of a container wraps exactly one Fault, so
// that errors.Is(err, asice.ErrDigest) and errors.As into a Fault both work.
type Fault string

// The closed list of refusals. New ones are appended, old ones keep their text.
const (
	// ErrMalformed: not the one valid encoding, or a structure this profile does not allow.
	ErrMalformed Fault = "malformed"
	// ErrTooLarge: a named limit of this package is exceeded.
	ErrTooLarge Fault = "too-large"
	// ErrUnlisted: an entry that the signed manifest does not cover.
	ErrUnlisted Fault = "unlisted-entry"
	// ErrDuplicate: two entries whose names differ at most in case.
	ErrDuplicate Fault = "duplicate-entry"
	// ErrDigest: bytes that do not have the digest their manifest or signature states.
	ErrDigest Fault = "bad-digest"
	// ErrSignature: the signature value does not verify, or was made with a key this profile does not allow.
	ErrSignature Fault = "bad-signature"
	// ErrUntrusted: the certificate does not chain to the given roots, or is not meant for signing documents.
	ErrUntrusted Fault = "untrusted-certificate"
	// ErrCertificateTime: a certificate was not valid at the time that counts.
	ErrCertificateTime Fault = "certificate-not-valid-at-time"
	// ErrStamp: a time-stamp token that is not well formed, not for this datum, or not trusted.
	ErrStamp Fault = "bad-stamp"
)

// Error returns the stable code.
func (f Fault) Error() string { return string(f) }

// refuse says which thing was refused and why, and keeps the code reachable.
func (f Fault) refuse(format string, args ...any) error {
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), f)
}
