// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write the files in testdata/vectors anew")

// The vectors are for those who write their own verifier. Their keys are made of
// a published seed and must not be used for anything else.
func TestVectorsAreReproducedByteForByte(t *testing.T) {
	s := newCourt(t, 100, 41)
	salt := s.salt()
	leaf := Commit(salt, s.body)
	d := newWitnessKey(t, "witness.xd.example", 4)
	plain := s.log.sign(t, 100, s.key)
	proof := s.text(t, s.b, s.c)
	policy := fmt.Sprintf(`# Two of three States must have cosigned.
log %s
witness XB %s
witness XC %s
witness XD %s
group two 2 XB XC XD
quorum two
`, s.key.vkey, s.b.vkey, s.c.vkey, d.vkey)
	for name, want := range map[string][]byte{
		"leaf.txt":           fmt.Appendf(nil, "salt %x\nbody %x\ncommitment %x\nleaf-hash %x\n", salt, s.body, leaf, [32]byte(LeafHash(leaf))),
		"checkpoint.txt":     plain,
		"cosigned.txt":       s.log.signed,
		"request.tlog-proof": proof,
		"policy.txt":         []byte(policy),
	} {
		path := filepath.Join("testdata", "vectors", name)
		if *update {
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, want, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		got, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s:\n%s\nwant:\n%s", path, got, want)
		}
	}
}

func TestVectorsVerifyFromTheFilesAlone(t *testing.T) {
	read := func(name string) []byte {
		b, err := os.ReadFile(filepath.Join("testdata", "vectors", name))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	policy, err := ParsePolicy(read("policy.txt"))
	if err != nil {
		t.Fatal(err)
	}
	shown, err := VerifyProof(read("request.tlog-proof"), aurelia, nil, policy)
	if err != nil {
		t.Fatal(err)
	}
	if shown.Index != 41 || shown.Checkpoint.Size != 100 || len(shown.Cosignatures) != 2 {
		t.Errorf("the proof shows %+v", shown)
	}
	if _, _, err := policy.OpenCheckpoint(read("cosigned.txt"), aurelia, nil); err != nil {
		t.Error(err)
	}
	if _, _, err := policy.OpenCheckpoint(read("checkpoint.txt"), aurelia, nil); err == nil {
		t.Error("the checkpoint without cosignatures makes up the quorum")
	}
}
