// SPDX-License-Identifier: Apache-2.0

package envelope

import (
	"bytes"
	"math/bits"

	"rogatory"
	"rogatory/asice"
)

const (
	// MinPadded is the least length in bytes to which anything is padded: an acknowledgement, a refusal, a short
	// request and a receipt, with their signatures and journal proofs, are all below it and look alike.
	MinPadded = 16 << 10
	// MaxPadded is the length of the longest container when it is padded.
	MaxPadded = asice.MaxContainer + 256<<10
	// padMark ends what is padded; zeros follow it (ISO/IEC 7816-4).
	padMark = 0x80
)

// Padme returns the length to which n bytes are padded, at least n: the lengths that are left tell O(log log n) bits of n
// and cost at most 12 %, and less the longer it is. Source: Nikitin, Barman, Lueks, Underwood, Hubaux and Ford, "Reducing
// Metadata Leakage from Encrypted Files and Communication with PURBs", PoPETs 2019(4), algorithm 1.
func Padme(n int) int {
	if n < 2 {
		return max(n, 0)
	}
	e := bits.Len(uint(n)) - 1    // floor(log2 n)
	last := e - bits.Len(uint(e)) // so many bits at the end are zero
	if last <= 0 {
		return n
	}
	mask := 1<<last - 1
	return (n + mask) &^ mask
}

// padded is the length of n bytes with their padding, of which there is at least the mark.
func padded(n int) int { return max(Padme(n+1), MinPadded) }

// Pad adds a mark and zeros, to the one length that stands for the length of data.
func Pad(data []byte) []byte {
	p := make([]byte, padded(len(data)))
	p[copy(p, data)] = padMark
	return p
}

// Unpad takes off what Pad added. Anything that Pad would not have made is refused (envelope_unpadded): a sender that
// does not pad tells outsiders what it says.
func Unpad(p []byte) ([]byte, error) {
	data := bytes.TrimRight(p, "\x00")
	if len(data) == 0 || data[len(data)-1] != padMark || padded(len(data)-1) != len(p) {
		return nil, rogatory.Fault(rogatory.Invalid, "envelope_unpadded", "%d bytes are not padded as they have to be", len(p)).WithHint("the sender's program is of another version of the protocol")
	}
	return data[:len(data)-1], nil
}
