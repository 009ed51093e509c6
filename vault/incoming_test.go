// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/iotest"

	"rogatory"
	"rogatory/vault"
	"rogatory/vault/memory"
)

func expect(t *testing.T, v *vault.Vault, seal rogatory.Seal) *vault.Incoming {
	t.Helper()
	in, err := v.Expect(seal)
	must(t, err)
	return in
}

func TestTransferResumesFromWhatWasFlushed(t *testing.T) {
	seal, sealed, tree := parcel(t, 9*mebi)
	d := memory.New()
	v := open(t, d)
	in := expect(t, v, seal)
	if in.HasTree() || in.Seal() != seal {
		t.Error("a new transfer has a tree, or another seal")
	}
	must(t, in.SetTree(bytes.NewReader(tree)))
	for _, i := range []int64{8, 0, 4, 5} {
		must(t, in.Put(i, segment(sealed, i)))
	}
	must(t, in.Flush())
	must(t, in.Put(1, segment(sealed, 1))) // not flushed, and lost
	want := []vault.Range{{First: 2, Count: 2}, {First: 6, Count: 2}, {First: 9, Count: 1}}
	if got := in.Missing(10); !slices.Equal(got, want) {
		t.Errorf("missing before the crash: %v, want %v", got, want)
	}
	d.Crash(nil)

	in = expect(t, open(t, d), seal)
	if !in.HasTree() {
		t.Error("the tree was lost")
	}
	want[0] = vault.Range{First: 1, Count: 3}
	if got := in.Missing(10); !slices.Equal(got, want) {
		t.Errorf("missing after the crash: %v, want %v", got, want)
	}
	if got := in.Missing(1); !slices.Equal(got, want[:1]) {
		t.Errorf("the first gap is %v", got)
	}
	if have, total := in.Done(); have != 4 || total != 10 {
		t.Errorf("%d of %d segments held", have, total)
	}
	wantCode(t, in.Commit(), rogatory.Conflict, "transfer_incomplete")
	for _, gap := range in.Missing(10) {
		body := bytes.NewReader(sealed[gap.First*mebi : min(seal.SealedSize, (gap.First+gap.Count)*mebi)])
		kept, err := in.PutFrom(t.Context(), gap.First, iotest.HalfReader(body))
		if kept != gap.Count || err != nil {
			t.Errorf("kept %d of %v, error %v", kept, gap, err)
		}
	}
	must(t, in.Commit())
	d.Crash(nil)
	must(t, open(t, d).Check(t.Context(), seal.Root, vault.Full))
}

func TestForeignBytesAreNotKept(t *testing.T) {
	seal, sealed, tree := parcel(t, 2*mebi+50)
	v := open(t, memory.New())
	in := expect(t, v, seal)
	wantCode(t, in.Put(0, segment(sealed, 0)), rogatory.Conflict, "tree_missing")

	flipped := slices.Clone(tree)
	flipped[40] ^= 8
	wantCode(t, in.SetTree(bytes.NewReader(flipped)), rogatory.Untrusted, "root_mismatch")
	wantCode(t, in.SetTree(bytes.NewReader(tree[:64])), rogatory.Unavailable, "transfer_cut")
	wantCode(t, in.SetTree(bytes.NewReader(nil)), rogatory.Unavailable, "transfer_cut")
	if in.HasTree() {
		t.Error("an untrue tree was kept")
	}
	must(t, in.SetTree(io.MultiReader(bytes.NewReader(tree), endless{}))) // no more is read than needed

	wantCode(t, in.Put(1, segment(sealed, 0)), rogatory.Untrusted, "segment_damaged")
	wantCode(t, in.Put(0, segment(sealed, 0)[:mebi-1]), rogatory.Untrusted, "segment_damaged")
	wantCode(t, in.Put(2, append(slices.Clone(segment(sealed, 2)), 0)), rogatory.Untrusted, "segment_damaged")
	wantCode(t, in.Put(0, nil), rogatory.Untrusted, "segment_damaged")
	wantCode(t, in.Put(3, nil), rogatory.Invalid, "range_invalid")
	wantCode(t, in.Put(-1, segment(sealed, 0)), rogatory.Invalid, "range_invalid")
	if have, _ := in.Done(); have != 0 {
		t.Errorf("%d segments were kept", have)
	}
	must(t, in.Put(0, segment(sealed, 0)))
	must(t, in.Put(0, segment(sealed, 0)))
	wantCode(t, in.Put(0, segment(sealed, 1)), rogatory.Untrusted, "segment_damaged")
	if have, _ := in.Done(); have != 1 {
		t.Errorf("%d segments held after the same twice", have)
	}
}

func TestBrokenLineKeepsWholeSegments(t *testing.T) {
	seal, sealed, tree := parcel(t, 3*mebi)
	in := expect(t, open(t, memory.New()), seal)
	must(t, in.SetTree(bytes.NewReader(tree)))
	for _, c := range []struct {
		body io.Reader
		kept int64
		code string
	}{
		{bytes.NewReader(sealed[:mebi+5]), 1, "transfer_cut"},
		{io.MultiReader(bytes.NewReader(sealed[:2*mebi]), iotest.ErrReader(errors.New("reset"))), 2, "transfer_cut"},
		{io.MultiReader(bytes.NewReader(sealed[:2*mebi]), bytes.NewReader(make([]byte, mebi))), 2, "segment_damaged"},
		{bytes.NewReader(nil), 0, ""},
		{io.MultiReader(bytes.NewReader(sealed), endless{}), 4, ""},
	} {
		kept, err := in.PutFrom(t.Context(), 0, c.body)
		if kept != c.kept || err != nil != (c.code != "") || c.code != "" && rogatory.CodeOf(err) != c.code {
			t.Errorf("kept %d, want %d; error %v, want %q", kept, c.kept, err, c.code)
		}
	}
	_, err := in.PutFrom(t.Context(), 4, bytes.NewReader(nil))
	wantCode(t, err, rogatory.Invalid, "range_invalid")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := in.PutFrom(stopped, 0, bytes.NewReader(sealed)); !errors.Is(err, context.Canceled) {
		t.Errorf("receiving after cancelling: %v", err)
	}
}

func TestSeveralLinesFillOneTransfer(t *testing.T) {
	seal, sealed, tree := parcel(t, 12*mebi)
	v := open(t, memory.New())
	in := expect(t, v, seal)
	must(t, in.SetTree(bytes.NewReader(tree)))
	var lines sync.WaitGroup
	for line := range int64(4) {
		lines.Go(func() {
			for n := range seal.Segments() { // every line sends all, from another end
				i := (n + 3*line) % seal.Segments()
				if err := in.Put(i, segment(sealed, i)); err != nil {
					t.Error(err)
				}
				if n%4 == line {
					if err := in.Flush(); err != nil {
						t.Error(err)
					}
				}
				in.Missing(3)
			}
		})
	}
	lines.Wait()
	must(t, in.Commit())
	must(t, v.Check(t.Context(), seal.Root, vault.Full))
}

func TestTransferIsOpenOnceAndEndsOnce(t *testing.T) {
	seal, sealed, tree := parcel(t, 1000)
	d := memory.New()
	v := open(t, d)
	in := expect(t, v, seal)
	_, err := v.Expect(seal)
	wantCode(t, err, rogatory.Conflict, "incoming_open")
	must(t, in.SetTree(bytes.NewReader(tree)))
	must(t, in.Put(0, sealed))
	must(t, in.Close())
	must(t, in.Close())
	wantCode(t, in.Put(0, sealed), rogatory.Conflict, "transfer_over")
	wantCode(t, in.Flush(), rogatory.Conflict, "transfer_over")
	wantCode(t, in.SetTree(bytes.NewReader(tree)), rogatory.Conflict, "transfer_over")
	wantCode(t, in.Commit(), rogatory.Conflict, "transfer_over")
	wantCode(t, in.Abort(), rogatory.Conflict, "transfer_over")

	in = expect(t, v, seal)
	if have, _ := in.Done(); have != 1 {
		t.Error("closing lost what was put")
	}
	must(t, in.Abort())
	nothingIn(t, d)
	in = expect(t, v, seal)
	if have, _ := in.Done(); have != 0 || in.HasTree() {
		t.Error("an aborted transfer left something")
	}
	must(t, in.SetTree(bytes.NewReader(tree)))
	must(t, in.Put(0, sealed))
	must(t, in.Commit())
	_, err = v.Expect(seal)
	wantCode(t, err, rogatory.Conflict, "exhibit_held")

	// Released and offered again, nothing of the first time vouches for the second.
	must(t, v.Remove(seal.Root))
	in = expect(t, v, seal)
	if have, _ := in.Done(); have != 0 {
		t.Error("a removed exhibit counts as received")
	}
}

func TestTransferThatDoesNotFitIsRefusedAtOnce(t *testing.T) {
	big, sealed, tree := parcel(t, 6*mebi)
	other, _, _ := parcel(t, 5*mebi)
	d := memory.New()
	v := open(t, d)
	d.SetCapacity(10 * mebi)
	in := expect(t, v, big)
	_, err := v.Expect(other) // the room is promised to the first
	wantCode(t, err, rogatory.Busy, "disk_full")
	must(t, in.SetTree(bytes.NewReader(tree)))
	must(t, in.Put(0, segment(sealed, 0)))
	must(t, in.Close())
	must(t, expect(t, v, big).Abort()) // its own segments do not stand in its way
	must(t, expect(t, v, other).Abort())
}

// The record has two slots; damage to one costs what was flushed last, and no more.
func TestTornRecordFallsBackToTheOneBefore(t *testing.T) {
	seal, sealed, tree := parcel(t, 3*mebi)
	d := memory.New()
	in := expect(t, open(t, d), seal)
	must(t, in.SetTree(bytes.NewReader(tree)))
	for i := range int64(3) {
		must(t, in.Put(i, segment(sealed, i)))
		must(t, in.Flush())
	}
	d.Crash(nil)
	record := "incoming/" + seal.Root.String() + ".bits"
	for _, c := range []struct {
		off  int64
		have int64
	}{{4096 + 60, 2}, {60, 0}} { // the third flush is in the second slot, the second in the first
		corrupt(t, d, record, c.off)
		in = expect(t, open(t, d), seal)
		if have, _ := in.Done(); have != c.have {
			t.Errorf("with damage at %d: %d segments held, want %d", c.off, have, c.have)
		}
	}
	must(t, in.Put(2, segment(sealed, 2)))
	must(t, in.Close())
	if have, _ := expect(t, open(t, d), seal).Done(); have != 1 {
		t.Errorf("after a new flush %d segments are held", have)
	}
}

func TestDamagedTreeIsAskedForAgain(t *testing.T) {
	seal, sealed, tree := parcel(t, 2*mebi)
	d := memory.New()
	in := expect(t, open(t, d), seal)
	must(t, in.SetTree(bytes.NewReader(tree)))
	must(t, in.Put(1, segment(sealed, 1)))
	must(t, in.Close())
	corrupt(t, d, "incoming/"+seal.Root.String()+".tree", 33)
	v := open(t, d)
	in = expect(t, v, seal)
	if have, _ := in.Done(); in.HasTree() || have != 1 {
		t.Errorf("tree %v, %d segments", in.HasTree(), have)
	}
	must(t, in.SetTree(bytes.NewReader(tree)))
	must(t, in.Put(0, segment(sealed, 0)))
	must(t, in.Put(2, segment(sealed, 2)))
	must(t, in.Commit())
	must(t, v.Check(t.Context(), seal.Root, vault.Full))
}

func TestFailedSyncStopsTheTransfer(t *testing.T) {
	seal, sealed, tree := parcel(t, 2*mebi)
	d := memory.New()
	v := open(t, d)
	in := expect(t, v, seal)
	must(t, in.SetTree(bytes.NewReader(tree)))
	must(t, in.Put(0, segment(sealed, 0)))
	d.Inject(memory.Fault{At: 1})
	wantCode(t, in.Flush(), rogatory.Unavailable, "transfer_stopped")
	wantCode(t, in.Flush(), rogatory.Unavailable, "transfer_stopped") // no second sync hides the first
	wantCode(t, in.Put(1, segment(sealed, 1)), rogatory.Unavailable, "transfer_stopped")
	wantCode(t, in.Close(), rogatory.Unavailable, "transfer_stopped")
	in = expect(t, v, seal)
	if have, _ := in.Done(); have != 0 {
		t.Errorf("%d segments count that may be lost", have)
	}
}
