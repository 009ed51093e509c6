// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// MaxCheckpoint bounds a signed checkpoint in bytes. C2SP signed-note asks for
// room for 16 signatures, of which ML-DSA-44 ones, by witnesses elsewhere, take
// about 3.4 kB each.
const MaxCheckpoint = 64 << 10

// MaxSignatures bounds the signature lines that [AddCosignatures] makes: a log
// with two keys and the cosignatures of 62 States. Readers accept at most 100.
const MaxSignatures = 64

// maxText bounds the text of a checkpoint: a name, a number, a hash.
const maxText = MaxName + 1 + 20 + 1 + 44 + 1

// A Checkpoint is what a log states of itself: which log it is, how many leaves
// it has, and the root of its tree (C2SP tlog-checkpoint). It has no extension
// lines: no witness vouches for them and no monitor can audit them.
type Checkpoint struct {
	Origin string // the log's name, which is also that of its key
	Size   int64  // number of leaves
	Root   Hash
}

// Marshal returns the text of the checkpoint, which is what gets signed.
func (c Checkpoint) Marshal() ([]byte, error) {
	if err := checkName(c.Origin); err != nil {
		return nil, fmt.Errorf("write checkpoint: origin: %w", err)
	}
	if err := checkSize(c.Size); err != nil {
		return nil, fmt.Errorf("write checkpoint: %w", err)
	}
	return fmt.Appendf(nil, "%s\n%d\n%s\n", c.Origin, c.Size, c.Root), nil
}

// ParseCheckpoint reads the text of a checkpoint, without signatures. It proves
// nothing: use [OpenCheckpoint] on what others send.
func ParseCheckpoint(text []byte) (Checkpoint, error) {
	if len(text) > maxText {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: text of %d bytes is longer than %d", len(text), maxText)
	}
	lines := strings.Split(string(text), "\n")
	if len(lines) != 4 || lines[3] != "" {
		return Checkpoint{}, errors.New("parse checkpoint: text is not three lines")
	}
	size, err := parseDecimal(lines[1])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: size: %w", err)
	}
	root, err := parseHash(lines[2])
	if err != nil {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: root: %w", err)
	}
	c := Checkpoint{lines[0], size, root}
	if _, err := c.Marshal(); err != nil {
		return Checkpoint{}, fmt.Errorf("parse checkpoint: %w", err)
	}
	return c, nil
}

// SignCheckpoint returns the checkpoint as a signed note. One of the signers must
// have the origin as its name. A log must not sign before the leaves are
// committed, nor below a size that it or one of its witnesses has signed.
func SignCheckpoint(c Checkpoint, signers ...Signer) ([]byte, error) {
	text, err := c.Marshal()
	if err != nil {
		return nil, err
	}
	own := false
	for _, s := range signers {
		own = own || s.Name() == c.Origin
	}
	if !own {
		return nil, fmt.Errorf("sign checkpoint: no signer has the name of the log, %q", c.Origin)
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, signers...)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint of %q at %d: %w", c.Origin, c.Size, err)
	}
	return signed, nil
}

// OpenCheckpoint verifies that a signed note is a checkpoint of the log with that
// origin, signed by its key. Signatures of other keys are ignored.
func OpenCheckpoint(signed []byte, origin string, log Verifier) (Checkpoint, error) {
	c, _, err := openCheckpoint(signed, origin, []Verifier{log}, nil)
	return c, err
}

// openCheckpoint wants a signature by one of the log's keys, and returns the note
// with the signatures of the log and of the known witnesses verified. A wrong
// signature under the name and ID of a known key condemns the whole note, as C2SP
// signed-note recommends.
func openCheckpoint(signed []byte, origin string, log, witnesses []Verifier) (Checkpoint, *note.Note, error) {
	if len(signed) > MaxCheckpoint {
		return Checkpoint{}, nil, fmt.Errorf("open checkpoint: %d bytes are more than %d", len(signed), MaxCheckpoint)
	}
	n, err := note.Open(signed, note.VerifierList(append(append([]Verifier(nil), log...), witnesses...)...))
	if err != nil {
		return Checkpoint{}, nil, fmt.Errorf("open checkpoint of %q: %w", origin, err)
	}
	c, err := ParseCheckpoint([]byte(n.Text))
	if err != nil {
		return Checkpoint{}, nil, err
	}
	if c.Origin != origin {
		return Checkpoint{}, nil, fmt.Errorf("open checkpoint: it is of %q, not of %q", c.Origin, origin)
	}
	for _, key := range log {
		for _, sig := range n.Sigs {
			if sig.Name == key.Name() && sig.Hash == key.KeyHash() {
				return c, n, nil
			}
		}
	}
	return Checkpoint{}, nil, fmt.Errorf("open checkpoint of %q: no key of the log has signed it", origin)
}

// peekCheckpoint reads a signed note's checkpoint without verifying anything, to
// learn whose key to verify it with. The text is returned as signed.
func peekCheckpoint(signed []byte) (Checkpoint, []byte, error) {
	if len(signed) > MaxCheckpoint {
		return Checkpoint{}, nil, fmt.Errorf("read checkpoint: %d bytes are more than %d", len(signed), MaxCheckpoint)
	}
	// A checkpoint has no empty line, so the first one ends the text.
	text, _, found := bytes.Cut(signed, []byte("\n\n"))
	if !found {
		return Checkpoint{}, nil, errors.New("read checkpoint: no empty line between text and signatures")
	}
	text = signed[:len(text)+1]
	c, err := ParseCheckpoint(text)
	return c, text, err
}

// AddCosignatures returns the signed note with the signature lines added, as a
// [WitnessClient] returned them, one line for each key. A line of a key that the
// note has already replaces the older one; the first signature, the log's own, is
// never replaced. The lines must have been verified: this is only carpentry.
func AddCosignatures(signed []byte, lines ...[]byte) ([]byte, error) {
	_, text, err := peekCheckpoint(signed)
	if err != nil {
		return nil, fmt.Errorf("add cosignatures: %w", err)
	}
	// The note library reads all lines in one go and knows all rules for them.
	all := bytes.Join(append([][]byte{signed}, lines...), nil)
	if len(all) > 2*MaxCheckpoint {
		return nil, fmt.Errorf("add cosignatures: %d bytes are more than %d", len(all), 2*MaxCheckpoint)
	}
	_, err = note.Open(all, nil)
	var unverified *note.UnverifiedNoteError
	if !errors.As(err, &unverified) {
		return nil, fmt.Errorf("add cosignatures: %w", err)
	}
	if unverified.Note.Text != string(text) {
		return nil, errors.New("add cosignatures: the lines have an empty line among them")
	}
	type key struct {
		name string
		hash uint32
	}
	place := make(map[key]int)
	var kept []note.Signature
	for _, sig := range unverified.Note.UnverifiedSigs {
		k := key{sig.Name, sig.Hash}
		switch at, seen := place[k]; {
		case !seen:
			place[k] = len(kept)
			kept = append(kept, sig)
		case at > 0:
			kept[at] = sig
		}
	}
	if len(kept) > MaxSignatures {
		return nil, fmt.Errorf("add cosignatures: %d signatures are more than %d", len(kept), MaxSignatures)
	}
	merged := append(append([]byte(nil), text...), '\n')
	for _, sig := range kept {
		merged = append(merged, signatureLine(sig)...)
	}
	if len(merged) > MaxCheckpoint {
		return nil, fmt.Errorf("add cosignatures: note of %d bytes is longer than %d", len(merged), MaxCheckpoint)
	}
	return merged, nil
}

func signatureLine(sig note.Signature) []byte {
	return fmt.Appendf(nil, "\u2014 %s %s\n", sig.Name, sig.Base64)
}

// parseDecimal reads a size or an index in its one spelling.
func parseDecimal(s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 || n > MaxSize || strconv.FormatInt(n, 10) != s {
		return 0, fmt.Errorf("%.24q is not a decimal number up to %d without leading zeroes", s, int64(MaxSize))
	}
	return n, nil
}

// parseHash reads a hash in its one spelling: the decoder alone would let line
// ends and stray bits in the last character pass.
func parseHash(s string) (Hash, error) {
	b, err := base64.StdEncoding.Strict().DecodeString(s)
	if err != nil || len(b) != tlog.HashSize || base64.StdEncoding.EncodeToString(b) != s {
		return Hash{}, fmt.Errorf("%.48q is not a hash in base64", s)
	}
	return Hash(b), nil
}

// PeekCheckpoint reads a signed checkpoint without verifying it: to learn what it claims.
func PeekCheckpoint(signed []byte) (Checkpoint, error) {
	c, _, err := peekCheckpoint(signed)
	return c, err
}
