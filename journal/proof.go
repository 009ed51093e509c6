// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// MaxBody bounds the body of an entry that a proof opens, in bytes. Entries are
// records of acts; large evidence is named in them by its hash.
const MaxBody = 1 << 20

// MaxProof bounds a proof file in bytes: the opening in base64, the hashes, the
// checkpoint, and room for the words between.
const MaxProof = (SaltSize+MaxBody)/3*4 + 4 + maxHashes*45 + MaxCheckpoint + 128

const proofHeader = "c2sp.org/tlog-proof@v1\n"

// A Proof shows offline that a leaf is in a log (C2SP tlog-proof; the files are
// named *.tlog-proof). Our proofs carry the opening of the leaf, see [Opening], so
// that they show what is in the log as well.
type Proof struct {
	Extra      []byte // opaque; proves nothing by itself
	Index      int64  // of the leaf, from zero
	Hashes     []Hash // inclusion proof, RFC 6962 section 2.1.1
	Checkpoint []byte // signed note, as the log and its witnesses made it
}

// MakeOpening returns the extra data that opens a leaf: the salt, then the body.
func MakeOpening(salt [SaltSize]byte, body []byte) []byte {
	return append(append(make([]byte, 0, SaltSize+len(body)), salt[:]...), body...)
}

// Opening takes the extra data of a proof apart. It proves nothing: whether the
// two open a leaf shows only when [Commit] of them is found in the tree.
func Opening(extra []byte) (salt [SaltSize]byte, body []byte, err error) {
	if len(extra) < SaltSize || len(extra) > SaltSize+MaxBody {
		return [SaltSize]byte{}, nil, fmt.Errorf("open leaf: %d bytes are not a salt of %d and a body of at most %d", len(extra), SaltSize, MaxBody)
	}
	return [SaltSize]byte(extra), extra[SaltSize:], nil
}

// Marshal returns the text of the proof.
func (p Proof) Marshal() ([]byte, error) {
	switch {
	case len(p.Extra) > SaltSize+MaxBody:
		return nil, fmt.Errorf("write proof: extra data of %d bytes is longer than %d", len(p.Extra), SaltSize+MaxBody)
	case p.Index < 0 || p.Index >= MaxSize:
		return nil, fmt.Errorf("write proof: index %d is not between 0 and %d", p.Index, int64(MaxSize))
	case len(p.Hashes) > maxHashes:
		return nil, fmt.Errorf("write proof: %d hashes are more than %d", len(p.Hashes), maxHashes)
	}
	if _, _, err := peekCheckpoint(p.Checkpoint); err != nil {
		return nil, fmt.Errorf("write proof: %w", err)
	}
	return p.text(), nil
}

func (p Proof) text() []byte {
	var b bytes.Buffer
	b.WriteString(proofHeader)
	if len(p.Extra) > 0 {
		fmt.Fprintf(&b, "extra %s\n", base64.StdEncoding.EncodeToString(p.Extra))
	}
	fmt.Fprintf(&b, "index %d\n", p.Index)
	writeHashes(&b, p.Hashes)
	b.WriteByte('\n')
	b.Write(p.Checkpoint)
	return b.Bytes()
}

// ParseProof reads a proof. It proves nothing before [Proof.Verify].
func ParseProof(text []byte) (Proof, error) {
	if len(text) > MaxProof {
		return Proof{}, fmt.Errorf("parse proof: %d bytes are more than %d", len(text), MaxProof)
	}
	rest, found := strings.CutPrefix(string(text), proofHeader)
	if !found {
		return Proof{}, errors.New("parse proof: the first line is not that of a proof")
	}
	var p Proof
	if after, found := strings.CutPrefix(rest, "extra "); found {
		b64, after, _ := strings.Cut(after, "\n")
		extra, err := base64.StdEncoding.Strict().DecodeString(b64)
		if err != nil || len(extra) == 0 || len(extra) > SaltSize+MaxBody {
			return Proof{}, fmt.Errorf("parse proof: extra data is not 1 to %d bytes in base64", SaltSize+MaxBody)
		}
		p.Extra, rest = extra, after
	}
	head, signed, found := strings.Cut(rest, "\n\n")
	if !found {
		return Proof{}, errors.New("parse proof: no empty line before the checkpoint")
	}
	first, hashes, more := strings.Cut(head, "\n")
	digits, found := strings.CutPrefix(first, "index ")
	if !found {
		return Proof{}, errors.New("parse proof: no index")
	}
	var err error
	if p.Index, err = parseDecimal(digits); err != nil {
		return Proof{}, fmt.Errorf("parse proof: index: %w", err)
	}
	if more {
		if p.Hashes, err = parseHashes(hashes); err != nil {
			return Proof{}, fmt.Errorf("parse proof: %w", err)
		}
	}
	p.Checkpoint = []byte(signed)
	if _, _, err := peekCheckpoint(p.Checkpoint); err != nil {
		return Proof{}, fmt.Errorf("parse proof: %w", err)
	}
	// The decoder passes over line ends; this keeps to one encoding for all that.
	if !bytes.Equal(p.text(), text) {
		return Proof{}, errors.New("parse proof: not in its one encoding")
	}
	return p, nil
}

// Verify shows that the leaf with that hash, see [LeafHash], is in the log with
// that origin, by a checkpoint that the log's key signed. It does not look at
// witnesses: [VerifyProof] does.
func (p Proof) Verify(leaf Hash, origin string, log Verifier) (Checkpoint, error) {
	c, err := OpenCheckpoint(p.Checkpoint, origin, log)
	if err != nil {
		return Checkpoint{}, err
	}
	if err := CheckInclusion(p.Hashes, c.Size, c.Root, p.Index, leaf); err != nil {
		return Checkpoint{}, err
	}
	return c, nil
}

// An Inclusion is what a proof has shown: the body was entry Index of the log
// when the log had Checkpoint.Size leaves, and the witnesses named saw that tree
// by the times they state.
type Inclusion struct {
	Index        int64
	Body         []byte
	Checkpoint   Checkpoint
	Cosignatures []Cosignature
}

// VerifyProof does the whole of it, from the text of a proof alone: it opens the
// leaf, finds it in the tree, checks the log's signature on the tree and the
// quorum of witnesses. log is the log's key, or nil to take those of the policy,
// see [Policy.OpenCheckpoint]. A [*QuorumError] means that only witnesses lack.
func VerifyProof(text []byte, origin string, log Verifier, quorum *Policy) (Inclusion, error) {
	p, err := ParseProof(text)
	if err != nil {
		return Inclusion{}, err
	}
	salt, body, err := Opening(p.Extra)
	if err != nil {
		return Inclusion{}, err
	}
	c, cosignatures, err := quorum.OpenCheckpoint(p.Checkpoint, origin, log)
	// An error of the quorum must not hide that the leaf is not in the tree.
	var lacking *QuorumError
	if errors.As(err, &lacking) {
		c, _, _ = peekCheckpoint(p.Checkpoint)
	} else if err != nil {
		return Inclusion{}, err
	}
	if err := CheckInclusion(p.Hashes, c.Size, c.Root, p.Index, LeafHash(Commit(salt, body))); err != nil {
		return Inclusion{}, err
	}
	if lacking != nil {
		return Inclusion{}, lacking
	}
	return Inclusion{p.Index, body, c, cosignatures}, nil
}

func writeHashes(b *bytes.Buffer, hashes []Hash) {
	for _, h := range hashes {
		b.WriteString(h.String())
		b.WriteByte('\n')
	}
}

// parseHashes reads hashes, one on a line, without the last line's end.
func parseHashes(text string) ([]Hash, error) {
	lines := strings.SplitN(text, "\n", maxHashes+2)
	if len(lines) > maxHashes {
		return nil, fmt.Errorf("more than %d hashes", maxHashes)
	}
	hashes := make([]Hash, len(lines))
	for i, line := range lines {
		h, err := parseHash(line)
		if err != nil {
			return nil, fmt.Errorf("hash %d: %w", i+1, err)
		}
		hashes[i] = h
	}
	return hashes, nil
}
