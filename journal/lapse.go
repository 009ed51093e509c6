// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"fmt"
	"time"
)

// A Lapse is proof that a witness lied, or lost its memory: it cosigned two checkpoints of one log that no witness
// with a memory can both cosign. Either they have one size and two roots, or the second is smaller than the first and
// was cosigned later, when the witness stated to know of no larger tree.
//
// Such a witness is retired with its key: it would cosign a fork.
type Lapse struct {
	Origin        string
	First, Second []byte // checkpoints with the cosignatures, First cosigned no later than Second
}

// Verify checks the proof against the keys of the log and of the witness. Anyone can do so, offline.
func (l Lapse) Verify(log Verifier, witness *CosignatureVerifier) error {
	a, at, err := cosignedBy(l.First, l.Origin, log, witness)
	if err != nil {
		return fmt.Errorf("verify lapse of %q: first checkpoint: %w", witness.Name(), err)
	}
	b, bt, err := cosignedBy(l.Second, l.Origin, log, witness)
	if err != nil {
		return fmt.Errorf("verify lapse of %q: second checkpoint: %w", witness.Name(), err)
	}
	if a.Size == b.Size && a.Root != b.Root || b.Size < a.Size && bt.After(at) {
		return nil
	}
	return fmt.Errorf("verify lapse of %q: checkpoints at %d and %d do not contradict each other", witness.Name(), a.Size, b.Size)
}

func cosignedBy(signed []byte, origin string, log Verifier, witness *CosignatureVerifier) (Checkpoint, time.Time, error) {
	c, n, err := openCheckpoint(signed, origin, []Verifier{log}, []Verifier{witness})
	if err != nil {
		return Checkpoint{}, time.Time{}, err
	}
	for _, sig := range n.Sigs {
		if sig.Name == witness.Name() && sig.Hash == witness.KeyHash() {
			at, err := CosignatureTime(sig)
			return c, at, err
		}
	}
	return Checkpoint{}, time.Time{}, fmt.Errorf("the witness %q has not cosigned it", witness.Name())
}

// CosignedAt returns when a witness cosigned a checkpoint, and false if it did not.
func CosignedAt(signed []byte, origin string, log Verifier, witness *CosignatureVerifier) (Checkpoint, time.Time, bool) {
	c, at, err := cosignedBy(signed, origin, log, witness)
	return c, at, err == nil
}

// A ForgotError means that a witness says it stands at a smaller size than the one it is known to have cosigned. It may
// have lost its memory, and is not asked to cosign: what it said is not signed and proves nothing yet.
type ForgotError struct {
	Witness string // the name of its key
	Size    int64  // that it says
	Known   int64  // that it cosigned
}

func (e *ForgotError) Error() string {
	return fmt.Sprintf("witness %q says that it stands at %d leaves, and has cosigned %d", e.Witness, e.Size, e.Known)
}

// Marshal returns the edge as bytes: the size, then the roots from left to right.
func (e Edge) Marshal() []byte {
	b := binary.BigEndian.AppendUint64(nil, uint64(e.size))
	for _, root := range e.roots {
		b = append(b, root[:]...)
	}
	return b
}

// ParseEdge reads what Marshal wrote.
func ParseEdge(b []byte) (Edge, error) {
	const head, hash = 8, len(Hash{})
	if len(b) < head || (len(b)-head)%hash != 0 {
		return Edge{}, fmt.Errorf("parse edge: %d bytes", len(b))
	}
	size := binary.BigEndian.Uint64(b)
	if size > MaxSize {
		return Edge{}, fmt.Errorf("parse edge: size %d is beyond %d", size, int64(MaxSize))
	}
	e := Edge{size: int64(size)}
	for rest := b[head:]; len(rest) > 0; rest = rest[hash:] {
		e.roots = append(e.roots, Hash(rest[:hash]))
	}
	ones := 0
	for n := size; n != 0; n &= n - 1 {
		ones++
	}
	if ones != len(e.roots) {
		return Edge{}, fmt.Errorf("parse edge: %d roots for %d leaves", len(e.roots), size)
	}
	return e, nil
}
