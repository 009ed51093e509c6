// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/vault"
	"rogatory/vault/memory"
)

// disasters runs story for every operation of the disk that can fail, in every way that it can
// fail, with every kind of power cut after it, until the story has fewer operations than that.
// story is given a disk that will fail; verdict looks at what the power cut left. Fewer than
// atLeast runs mean that the story no longer touches the disk as it did.
func disasters(t *testing.T, story func(d *memory.Disk) error, verdict func(t *testing.T, d *memory.Disk, err error), atLeast int) {
	t.Helper()
	cuts := map[string]func() func() bool{
		"nothing arrived":    func() func() bool { return nil },
		"everything arrived": func() func() bool { return func() bool { return true } },
		"half arrived": func() func() bool {
			coin := rand.New(rand.NewPCG(3, 4))
			return func() bool { return coin.IntN(2) == 0 }
		},
	}
	runs := 0
	for _, done := range []bool{false, true} {
		for _, lasting := range []bool{false, true} {
			for cut, keep := range cuts {
				for k := 1; ; k++ {
					d := memory.New()
					d.Inject(memory.Fault{At: k, Done: done, Lasting: lasting})
					err := story(d)
					reached := d.Operations() >= k
					d.Crash(keep())
					runs++
					if ok := t.Run(fmt.Sprintf("operation %d, done %v, lasting %v, %s", k, done, lasting, cut), func(t *testing.T) {
						verdict(t, d, err)
					}); !ok {
						return
					}
					if !reached {
						if err != nil {
							t.Fatalf("the story failed without a fault: %v", err)
						}
						break
					}
				}
			}
		}
	}
	if runs < atLeast {
		t.Errorf("%d disasters, at least %d expected", runs, atLeast)
	}
}

func TestSealingSurvivesEveryDisaster(t *testing.T) {
	identity := generate(t)
	plain := evidence(mebi+1000, 1)
	var seal rogatory.Seal // of the story told last
	story := func(d *memory.Disk) error {
		seal = rogatory.Seal{}
		v, err := vault.Open(d)
		if err != nil {
			return err
		}
		seal, err = v.Deposit(t.Context(), bytes.NewReader(plain), []age.Recipient{identity.Recipient()}, nil)
		return err
	}
	disasters(t, story, func(t *testing.T, d *memory.Disk, err error) {
		v := open(t, d)
		roots, listErr := v.List()
		must(t, listErr)
		switch {
		case err == nil && !slices.Equal(roots, []rogatory.Digest{seal.Root}):
			t.Errorf("the deposit was confirmed, and the vault holds %v", roots)
		case err != nil && seal != rogatory.Seal{}:
			t.Errorf("a failed deposit returned a seal: %+v", seal)
		case len(roots) > 1:
			t.Errorf("one deposit left %v", roots)
		}
		for _, root := range roots { // also what was not confirmed is whole or not there
			must(t, v.Check(t.Context(), root, vault.Full))
		}
		if err == nil {
			var got bytes.Buffer
			must(t, v.OpenPlain(t.Context(), seal, []age.Identity{identity}, &got, nil))
			if !bytes.Equal(got.Bytes(), plain) {
				t.Error("what was confirmed is not what came back")
			}
		}
		if names, err := d.List("tmp"); len(names) > 0 || err != nil {
			t.Errorf("leftovers after opening: %q, error %v", names, err)
		}
	}, 250)
}

func TestTransferSurvivesEveryDisaster(t *testing.T) {
	seal, sealed, tree := parcel(t, mebi+1000)
	confirmed := 0 // segments whose flush was confirmed by the story told last
	story := func(d *memory.Disk) error {
		confirmed = 0
		v, err := vault.Open(d)
		if err != nil {
			return err
		}
		in, err := v.Expect(seal)
		if err != nil {
			return err
		}
		defer in.Close()
		if err := in.SetTree(bytes.NewReader(tree)); err != nil {
			return err
		}
		for i := range seal.Segments() {
			if err := in.Put(i, segment(sealed, i)); err != nil {
				return err
			}
			if i+1 == seal.Segments() {
				break // Commit flushes the last
			}
			if err := in.Flush(); err != nil {
				return err
			}
			confirmed++
		}
		if err := in.Commit(); err != nil {
			// Whoever asks again and hears "held" signs for it.
			if _, again := v.Expect(seal); rogatory.CodeOf(again) == "exhibit_held" {
				return nil
			}
			return err
		}
		return nil
	}
	disasters(t, story, func(t *testing.T, d *memory.Disk, err error) {
		v := open(t, d)
		held, hasErr := v.Has(seal.Root)
		must(t, hasErr)
		if err == nil && !held {
			t.Fatal("the commit was confirmed, and the exhibit is not held")
		}
		if !held {
			// A bit that is set vouches for bytes on disk: only what is missing is sent, and
			// a bit without its bytes would show in the full check below.
			in, err := v.Expect(seal)
			must(t, err)
			if have, _ := in.Done(); have < int64(confirmed) {
				t.Errorf("%d segments were confirmed, %d are held", confirmed, have)
			}
			must(t, in.SetTree(bytes.NewReader(tree)))
			for _, gap := range in.Missing(10) {
				for i := gap.First; i < gap.First+gap.Count; i++ {
					must(t, in.Put(i, segment(sealed, i)))
				}
			}
			must(t, in.Commit())
		}
		must(t, v.Check(t.Context(), seal.Root, vault.Full))
		var got bytes.Buffer
		must(t, v.WriteSegments(t.Context(), &got, seal.Root, 0, seal.Segments()))
		if !bytes.Equal(got.Bytes(), sealed) {
			t.Error("the exhibit held is not the one sent")
		}
		if _, err := v.Expect(seal); rogatory.CodeOf(err) != "exhibit_held" {
			t.Errorf("expecting it again: %v", err)
		}
		if names, err := d.List("incoming"); len(names) > 0 || err != nil {
			t.Errorf("leftovers of the transfer: %q, error %v", names, err)
		}
	}, 400)
}

func TestExtractionSurvivesEveryDisaster(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	plain := evidence(100_000, 1)
	seal := deposit(t, v, plain, identity)
	story := func(d *memory.Disk) error {
		return v.Extract(t.Context(), seal, []age.Identity{identity}, d, "disk.img", nil)
	}
	disasters(t, story, func(t *testing.T, d *memory.Disk, err error) {
		size, sizeErr := d.Size("disk.img")
		if err == nil && sizeErr != nil {
			t.Fatalf("the extraction was confirmed, and: %v", sizeErr)
		}
		if sizeErr != nil {
			return
		}
		f, openErr := d.Open("disk.img")
		must(t, openErr)
		got := make([]byte, size)
		if _, err := f.ReadAt(got, 0); err != nil && err != io.EOF || !bytes.Equal(got, plain) {
			t.Errorf("a file by the final name is not the evidence: %d bytes, error %v", size, err)
		}
	}, 90)
}

// A disk that fails once, without a power cut, costs a retry and never the exhibit.
func TestTransferGoesOnAfterTheDiskFailedOnce(t *testing.T) {
	seal, sealed, tree := parcel(t, 2*mebi)
	for _, done := range []bool{false, true} {
		for k := 1; ; k++ {
			d := memory.New()
			v := open(t, d)
			d.Inject(memory.Fault{At: k, Done: done})
			attempts := 0
			for ; attempts < 5; attempts++ {
				if receive(v, seal, sealed, tree) == nil {
					break
				}
			}
			if attempts == 5 {
				t.Fatalf("operation %d, done %v: the transfer did not recover", k, done)
			}
			reached := d.Operations() >= k
			d.Crash(nil)
			must(t, open(t, d).Check(t.Context(), seal.Root, vault.Full))
			if !reached {
				break
			}
		}
	}
}

// receive is one attempt of a receiver that knows nothing of earlier ones.
func receive(v *vault.Vault, seal rogatory.Seal, sealed, tree []byte) error {
	in, err := v.Expect(seal)
	if rogatory.CodeOf(err) == "exhibit_held" {
		return nil
	}
	if err != nil {
		return err
	}
	defer in.Close()
	if err := in.SetTree(bytes.NewReader(tree)); err != nil {
		return err
	}
	for _, gap := range in.Missing(100) {
		for i := gap.First; i < gap.First+gap.Count; i++ {
			if err := in.Put(i, segment(sealed, i)); err != nil {
				return err
			}
		}
	}
	return in.Commit()
}

// parcel seals size bytes to memory and returns what a sender sends.
func parcel(t *testing.T, size int64) (seal rogatory.Seal, sealed, tree []byte) {
	t.Helper()
	var s, leaves bytes.Buffer
	seal, err := vault.Seal(t.Context(), &s, &leaves, io.LimitReader(rand.NewChaCha8([32]byte{9}), size), []age.Recipient{generate(t).Recipient()}, nil)
	must(t, err)
	return seal, s.Bytes(), leaves.Bytes()
}

func segment(sealed []byte, i int64) []byte {
	return sealed[i*mebi : min(int64(len(sealed)), (i+1)*mebi)]
}
