// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"
)

// Two cosignatures that no witness with a memory gives prove that it lied; others prove nothing.
func TestLapse(t *testing.T) {
	b := newBorder(t, 100)
	log, err := NewVerifier(b.key.vkey)
	if err != nil {
		t.Fatal(err)
	}
	cosigner := b.witness.Cosigner
	stated := func(size int64, at time.Time) []byte {
		t.Helper()
		b.clock = at
		signed := b.log.sign(t, size, b.key)
		own := &Witness{Logs: b.witness.Logs, Memory: forgetful{}, Cosigner: cosigner}
		line, err := own.add(context.Background(), witnessRequest{old: 0, signed: signed}.marshal())
		if err != nil {
			t.Fatal(err)
		}
		note, err := AddCosignatures(signed, line)
		if err != nil {
			t.Fatal(err)
		}
		return note
	}
	noon := b.clock
	large, later, before := stated(40, noon), stated(30, noon.Add(time.Minute)), stated(30, noon.Add(-time.Minute))
	origin := aurelia
	for _, c := range []struct {
		name          string
		first, second []byte
		proves        bool
	}{
		{"smaller, and later", large, later, true},
		{"smaller, and before", large, before, false},
		{"the same", large, large, false},
		{"larger", later, large, false},
	} {
		if err := (Lapse{origin, c.first, c.second}).Verify(log, cosigner.Verifier()); (err == nil) != c.proves {
			t.Errorf("%s: %v, want a proof: %t", c.name, err, c.proves)
		}
	}
	if err := (Lapse{origin, large, b.log.sign(t, 30, b.key)}).Verify(log, cosigner.Verifier()); err == nil {
		t.Error("a checkpoint that the witness did not cosign proves something")
	}
}

// forgetful is a memory that keeps nothing.
type forgetful struct{}

func (forgetful) Update(_ context.Context, _ string, f func(Seen, bool) (Seen, error)) error {
	_, err := f(Seen{}, false)
	return err
}

// A witness that says it stands below what it cosigned is not asked to cosign.
func TestAWitnessThatForgotIsNotAsked(t *testing.T) {
	b := newBorder(t, 100)
	b.expect(t, "first", b.request(t, 0, 40), 200, "")
	client := *b.client
	client.Cosigned = 60
	signed := b.log.sign(t, 100, b.key)
	_, size, err := client.Cosign(context.Background(), signed, 60, func(old, size int64) ([]Hash, error) { return ProveConsistency(old, size, b.log) })
	var forgot *ForgotError
	if !errors.As(err, &forgot) || size != 40 || forgot.Known != 60 {
		t.Errorf("size %d, %v", size, err)
	}
}

func TestEdgeThereAndBack(t *testing.T) {
	var e Edge
	for i := range 300 {
		again, err := ParseEdge(e.Marshal())
		if err != nil || again.Root() != e.Root() || again.Size() != int64(i) {
			t.Fatalf("of %d leaves: %v", i, err)
		}
		if e, _, err = e.Append([]Leaf{{byte(i)}}); err != nil {
			t.Fatal(err)
		}
	}
	good := e.Marshal()
	for name, bad := range map[string][]byte{"nothing": nil, "a byte less": good[:len(good)-1], "a root less": good[:len(good)-32], "a root more": append(bytes.Clone(good), make([]byte, 32)...), "no size": append(bytes.Repeat([]byte{0xff}, 8), good[8:]...)} {
		if _, err := ParseEdge(bad); err == nil {
			t.Errorf("%s is parsed", name)
		}
	}
}

func FuzzParseEdge(f *testing.F) {
	f.Add(Edge{}.Marshal())
	f.Add(make([]byte, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		if e, err := ParseEdge(b); err == nil && !bytes.Equal(e.Marshal(), b) {
			t.Error("two encodings of one edge")
		}
	})
}
