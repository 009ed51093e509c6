// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"encoding/hex"
	"testing"

	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
)

// entries are the test entries of the Certificate Transparency project; roots are the roots over the
// first one, two, and so on, of them, as published there.
var (
	entries = []string{"", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"}
	roots   = []string{
		"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
		"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
		"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
		"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
		"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
		"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
		"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
		"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
	}
)

func TestRootsArePublishedOnes(t *testing.T) {
	var climb climber
	hasher := newLeafHasher()
	for i, entry := range entries {
		data, err := hex.DecodeString(entry)
		if err != nil {
			t.Fatal(err)
		}
		climb.add(hasher.hash(data))
		if got := climb.root().String(); got != roots[i] {
			t.Errorf("root over %d entries: %s, want %s", i+1, got, roots[i])
		}
	}
}

// leavesAndRoot makes n leaves and lets the library of the Go checksum database hash them.
func leavesAndRoot(t testing.TB, n int64) (raw []byte, root rogatory.Digest) {
	t.Helper()
	var stored []tlog.Hash
	reader := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		hashes := make([]tlog.Hash, len(indexes))
		for i, index := range indexes {
			hashes[i] = stored[index]
		}
		return hashes, nil
	})
	for i := range n {
		leaf := tlog.RecordHash([]byte{byte(i), byte(i >> 8)})
		if mine := newLeafHasher().hash([]byte{byte(i), byte(i >> 8)}); mine != rogatory.Digest(leaf) {
			t.Fatalf("leaf %d: %s, want %s", i, mine, leaf)
		}
		raw = append(raw, leaf[:]...)
		more, err := tlog.StoredHashesForRecordHash(i, leaf, reader)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, more...)
	}
	h, err := tlog.TreeHash(n, reader)
	if err != nil {
		t.Fatal(err)
	}
	return raw, rogatory.Digest(h)
}

func TestTreesAgreeWithTheChecksumDatabase(t *testing.T) {
	for _, n := range []int64{1, 2, 3, 255, 256, 257, 511, 512, 513, 768, 1000, 1025} {
		raw, root := leavesAndRoot(t, n)
		tree, err := readTree(bytes.NewReader(raw), int64(len(raw)), root, nil)
		if err != nil {
			t.Errorf("%d leaves: %v", n, err)
			continue
		}
		for _, i := range []int64{0, n / 2, n - 1, 0} {
			if got, err := tree.leaf(i); err != nil || !bytes.Equal(got[:], raw[i*leafSize:(i+1)*leafSize]) {
				t.Errorf("leaf %d of %d: %s, error %v", i, n, got, err)
			}
		}
		var out bytes.Buffer
		if err := tree.writeTo(&out); err != nil || !bytes.Equal(out.Bytes(), raw) {
			t.Errorf("%d leaves written as %d bytes, error %v", n, out.Len(), err)
		}
	}
}

// Only 256 leaves are in memory at a time. What changes on disk between two looks is noticed.
func TestTreeIsVerifiedAtEveryLook(t *testing.T) {
	raw, root := leavesAndRoot(t, 600)
	tree, err := readTree(bytes.NewReader(raw), int64(len(raw)), root, nil)
	if err != nil {
		t.Fatal(err)
	}
	raw[300*leafSize] ^= 1
	if _, err := tree.leaf(300); rogatory.CodeOf(err) != "root_mismatch" {
		t.Errorf("the changed leaf: %v", err)
	}
	if _, err := tree.leaf(599); err != nil {
		t.Errorf("a leaf of another group: %v", err)
	}
	if err := tree.writeTo(&bytes.Buffer{}); rogatory.CodeOf(err) != "root_mismatch" {
		t.Errorf("sending the changed tree: %v", err)
	}
}

func FuzzTree(f *testing.F) {
	raw, root := leavesAndRoot(f, 300)
	f.Add(raw, root[:])
	f.Add(raw[:32], raw[:32])
	f.Add([]byte{}, root[:])
	f.Add(raw[:33], root[:])
	f.Fuzz(func(t *testing.T, raw, root []byte) {
		var want rogatory.Digest
		copy(want[:], root)
		tree, err := readTree(bytes.NewReader(raw), int64(len(raw)), want, nil)
		if err != nil {
			if tree != nil {
				t.Error("a tree came with an error")
			}
			return
		}
		var climb climber
		for i := range tree.leaves {
			leaf, err := tree.leaf(i)
			if err != nil {
				t.Fatal(err)
			}
			climb.add(leaf)
		}
		if climb.root() != want || tree.leaves*leafSize != int64(len(raw)) {
			t.Errorf("%d leaves were accepted under a root that is not theirs", tree.leaves)
		}
	})
}
