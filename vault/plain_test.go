// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/vault/memory"
)

func TestPartsOfAnExhibitAreReadWhereTheyLie(t *testing.T) {
	key := generate(t)
	v := open(t, memory.New())
	plain := evidence(3*mebi+77, 3)
	seal := deposit(t, v, plain, key)
	p, err := v.OpenAt(seal, []age.Identity{key})
	must(t, err)
	defer p.Close()
	if p.Size() != int64(len(plain)) {
		t.Fatalf("the size is %d, %d wanted", p.Size(), len(plain))
	}
	for _, r := range []struct {
		name string
		at   int64
		n    int
	}{{"the beginning", 0, 100}, {"over a border of segments", mebi - 900, 5000}, {"the end", int64(len(plain)) - 7, 7}, {"all of it", 0, len(plain)}, {"back again", 12, 1}} {
		got := make([]byte, r.n)
		if n, err := p.ReadAt(got, r.at); n != r.n || err != nil && !errors.Is(err, io.EOF) || !bytes.Equal(got, plain[r.at:][:r.n]) {
			t.Errorf("%s: %d bytes, %v", r.name, n, err)
		}
	}
	if n, err := p.ReadAt(make([]byte, 10), int64(len(plain))-3); n != 3 || !errors.Is(err, io.EOF) {
		t.Errorf("beyond the end: %d bytes, %v", n, err)
	}
}

func TestPartsAreVerifiedBeforeTheyAreRead(t *testing.T) {
	key := generate(t)
	d := memory.New()
	v := open(t, d)
	seal := deposit(t, v, evidence(4*mebi, 3), key)
	corrupt(t, d, path(seal, ".age"), 2*mebi+5)
	p, err := v.OpenAt(seal, []age.Identity{key})
	must(t, err)
	defer p.Close()
	if _, err := p.ReadAt(make([]byte, 10), 100); err != nil {
		t.Errorf("a whole segment: %v", err)
	}
	_, err = p.ReadAt(make([]byte, 10), 2*mebi+100)
	wantCode(t, err, rogatory.Damaged, "segment_damaged")
}

func TestPartsAreForWhoWasNamed(t *testing.T) {
	v := open(t, memory.New())
	seal := deposit(t, v, evidence(1000, 3), generate(t))
	_, err := v.OpenAt(seal, []age.Identity{generate(t)})
	wantCode(t, err, rogatory.Denied, "wrong_key")
	_, err = v.OpenAt(seal, nil)
	wantCode(t, err, rogatory.Denied, "wrong_key")
	short := seal
	short.Size--
	if _, err := v.OpenAt(short, []age.Identity{generate(t)}); err == nil {
		t.Error("a seal whose size does not hold was opened")
	}
}
