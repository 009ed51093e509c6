// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"bytes"

	"filippo.io/age"

	"rogatory"
)

// MaxOversight bounds the oversight bodies that one message names: those in force of two States.
const MaxOversight = 16

// hybridStanza is how the header of an age file begins the part of one hybrid recipient
// (age-encryption.org/v1, mlkem768x25519). The lines between are base64, in which there is no space.
const hybridStanza = "-> mlkem768x25519 "

// checkOversight: one list has one spelling, ascending and without repetition.
func checkOversight(list []rogatory.Digest) error {
	if len(list) > MaxOversight {
		return invalid("%d oversight bodies, at most %d are read", len(list), MaxOversight)
	}
	for i, d := range list {
		if d.IsZero() || i > 0 && bytes.Compare(list[i-1][:], d[:]) >= 0 {
			return invalid("the oversight bodies are not in ascending order")
		}
	}
	return nil
}

// Seal pads a container and encrypts it to a message recipient (age1pq1...), and to those of the oversight bodies that the
// message names: an age file that stock age opens with any of their keys. What was signed does not change.
func Seal(container []byte, recipient string, oversight ...string) ([]byte, error) {
	var all []age.Recipient
	for _, text := range append([]string{recipient}, oversight...) {
		r, err := age.ParseHybridRecipient(text)
		if err != nil {
			return nil, rogatory.Fault(rogatory.Untrusted, "weak_recipient", "read recipient %.24q: %w", text, err)
		}
		all = append(all, r)
	}
	padded := Pad(container)
	var b bytes.Buffer
	b.Grow(len(padded) + 4096*len(all))
	w, err := age.Encrypt(&b, all...)
	if err == nil {
		_, err = w.Write(padded)
	}
	if err == nil {
		err = w.Close()
	}
	if err != nil {
		return nil, rogatory.Fault(rogatory.Internal, "seal_failed", "encrypt message: %w", err)
	}
	return b.Bytes(), nil
}

// Stanzas counts the hybrid recipients to which an envelope claims to be sealed. Only who holds the key to
// one can say whether it holds: the count shows a copy that was left out, not one that is empty.
func Stanzas(sealed []byte) (int, error) {
	header, err := age.ExtractHeader(bytes.NewReader(sealed))
	if err != nil {
		return 0, rogatory.Fault(rogatory.Invalid, "envelope_malformed", "read the header of an envelope: %w", err)
	}
	n := 0
	for line := range bytes.Lines(header) {
		if bytes.HasPrefix(line, []byte(hybridStanza)) {
			n++
		}
	}
	return n, nil
}
