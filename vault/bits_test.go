// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"slices"
	"testing"

	"rogatory"
)

func TestBitmapNamesItsGaps(t *testing.T) {
	const segments = 75
	held := newBitmap(segments)
	for i := range int64(segments) {
		if i != 0 && i != 7 && i != 8 && (i < 60 || i > 62) && i != 74 {
			held.set(i)
		}
	}
	want := []Range{{0, 1}, {7, 2}, {60, 3}, {74, 1}}
	if got := held.missing(segments, 10); !slices.Equal(got, want) {
		t.Errorf("missing %v, want %v", got, want)
	}
	if got := held.missing(segments, 2); !slices.Equal(got, want[:2]) {
		t.Errorf("the first two gaps: %v", got)
	}
	if got := held.missing(segments, 0); len(got) != 0 {
		t.Errorf("no gaps were asked for: %v", got)
	}
	if n := held.count(); n != segments-7 {
		t.Errorf("%d bits set", n)
	}
}

func TestRecordOfAnotherTransferIsRefused(t *testing.T) {
	root := rogatory.Digest{1, 2, 3}
	held := newBitmap(13)
	held.set(12)
	slot := appendBits(nil, root, 7, 13, held)
	sequence, got, err := parseBits(slot, root, 13)
	if err != nil || sequence != 7 || !bytes.Equal(got, held) {
		t.Fatalf("read back: sequence %d, %x, error %v", sequence, got, err)
	}
	padded := append(slices.Clone(slot), make([]byte, slotSize(13)-int64(len(slot)))...)
	if _, _, err := parseBits(padded, root, 13); err != nil {
		t.Errorf("with its padding: %v", err)
	}
	beyond := newBitmap(13)
	beyond.set(13)
	for name, c := range map[string]struct {
		slot     []byte
		root     rogatory.Digest
		segments int64
	}{
		"another root":            {slot, rogatory.Digest{9}, 13},
		"another length":          {slot, root, 14},
		"cut":                     {slot[:len(slot)-1], root, 13},
		"too long":                {append(padded, 0), root, 13},
		"empty":                   {nil, root, 13},
		"a bit beyond the end":    {appendBits(nil, root, 7, 13, beyond), root, 13},
		"no segments":             {slot, root, 0},
		"more than any exhibit":   {slot, root, MaxSegments + 1},
		"negative segments":       {slot, root, -8},
		"the wrong kind of file":  {append([]byte("rgtbits2"), slot[8:]...), root, 13},
		"segments told otherwise": {appendBits(nil, root, 7, 14, held), root, 13},
	} {
		if _, got, err := parseBits(c.slot, c.root, c.segments); err == nil || got != nil {
			t.Errorf("%s: %x, error %v", name, got, err)
		}
	}
	for i := range len(slot) * 8 {
		flipped := slices.Clone(slot)
		flipped[i/8] ^= 1 << (i % 8)
		if _, _, err := parseBits(flipped, root, 13); err == nil {
			t.Errorf("flipped bit %d was not noticed", i)
		}
	}
}

func FuzzBits(f *testing.F) {
	root := rogatory.Digest{1}
	f.Add(appendBits(nil, root, 1, 3, bitmap{5}), int64(3))
	f.Add(appendBits(nil, root, 1<<63, 800, newBitmap(800)), int64(800))
	f.Add([]byte{}, int64(1))
	f.Fuzz(func(t *testing.T, slot []byte, segments int64) {
		sequence, held, err := parseBits(slot, root, segments)
		if err != nil {
			if held != nil || sequence != 0 {
				t.Error("something came with an error")
			}
			return
		}
		if held.count() > segments {
			t.Errorf("%d bits for %d segments", held.count(), segments)
		}
		if again := appendBits(nil, root, sequence, segments, held); !bytes.HasPrefix(slot, again) {
			t.Error("a record has a second form")
		}
	})
}
