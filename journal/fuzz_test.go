// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"reflect"
	"testing"
)

func FuzzParseCheckpoint(f *testing.F) {
	text, err := Checkpoint{aurelia, 12, Hash{1}}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("a\n0\n" + Hash{}.String() + "\n\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := ParseCheckpoint(text)
		if err != nil {
			if c != (Checkpoint{}) {
				t.Fatal("a checkpoint came with the error")
			}
			return
		}
		if back, err := c.Marshal(); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q was parsed and written as %q (%v)", text, back, err)
		}
	})
}

func FuzzOpenCheckpoint(f *testing.F) {
	log, key, w := newLog(f, 9), newLogKey(f, aurelia, 1), newWitnessKey(f, "witness.xb.example", 2)
	genuine := Checkpoint{aurelia, 9, log.root(f, 9)}
	f.Add(log.sign(f, 9, key, w))
	f.Add(append(log.sign(f, 9, key), manyLines(3)...))
	f.Fuzz(func(t *testing.T, signed []byte) {
		c, err := OpenCheckpoint(signed, aurelia, key.verifier)
		// The log has signed one checkpoint only, so no other can be opened.
		if err == nil && c != genuine || err != nil && c != (Checkpoint{}) {
			t.Fatalf("%q opened as %+v (%v)", signed, c, err)
		}
	})
}

func FuzzAddCosignatures(f *testing.F) {
	log, key, w := newLog(f, 9), newLogKey(f, aurelia, 1), newWitnessKey(f, "witness.xb.example", 2)
	signed := log.sign(f, 9, key)
	both := log.sign(f, 9, key, w)
	f.Add(both[len(signed):])
	f.Add(signed[bytes.LastIndex(signed, []byte("\n\n"))+2:])
	f.Fuzz(func(t *testing.T, lines []byte) {
		merged, err := AddCosignatures(signed, lines)
		if err != nil {
			return
		}
		// Whatever is added, the log's signature stays and stays first.
		if !bytes.HasPrefix(merged, signed) {
			t.Fatalf("adding %q made %q", lines, merged)
		}
		if again, err := AddCosignatures(merged); err != nil || !bytes.Equal(again, merged) {
			t.Fatalf("%q is not stable: %q (%v)", merged, again, err)
		}
	})
}

func FuzzParseProof(f *testing.F) {
	s := newCourt(f, 20, 7)
	f.Add(s.text(f, s.b))
	bare := s.proof(f)
	bare.Extra, bare.Hashes, bare.Index = nil, nil, 0
	f.Add(marshal(f, bare))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParseProof(text)
		if err != nil {
			if !reflect.DeepEqual(p, Proof{}) {
				t.Fatal("a proof came with the error")
			}
			return
		}
		if back, err := p.Marshal(); err != nil || !bytes.Equal(back, text) {
			t.Fatalf("%q was parsed and written as %q (%v)", text, back, err)
		}
	})
}

func FuzzParseTilePath(f *testing.F) {
	for _, path := range []string{"tile/0/x001/x234/067", "tile/entries/000.p/9", "tile/63/x999/999.p/255"} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, err := ParseTilePath(path)
		if err != nil {
			if tile != (Tile{}) {
				t.Fatal("a tile came with the error")
			}
			return
		}
		if tile.Path() != path {
			t.Fatalf("%q was parsed and written as %q", path, tile.Path())
		}
		// Whatever can be named can be asked for without harm.
		if _, err := ReadTile(tile.Level, tile.Index, tile.Width, 0, &memoryLog{}); err == nil {
			t.Fatalf("%q was read from an empty tree", path)
		}
	})
}

func FuzzWitnessRequest(f *testing.F) {
	log, key := newLog(f, 60), newLogKey(f, aurelia, 1)
	proof, err := ProveConsistency(40, 60, log)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(witnessRequest{old: 40, proof: proof, signed: log.sign(f, 60, key)}.marshal())
	f.Add(witnessRequest{signed: log.sign(f, 1, key)}.marshal())
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := parseWitnessRequest(body)
		if err != nil {
			if !reflect.DeepEqual(r, witnessRequest{}) {
				t.Fatal("a request came with the error")
			}
			return
		}
		if !bytes.Equal(r.marshal(), body) {
			t.Fatalf("%q was parsed and written as %q", body, r.marshal())
		}
	})
}

func FuzzParsePolicy(f *testing.F) {
	k := vkeys(f, 2)
	f.Add([]byte("witness A " + k[0] + "\nwitness B " + k[1] + " https://b.example/\ngroup g 2 A B\nquorum g\n"))
	f.Add([]byte("# none\nlog " + newLogKey(f, aurelia, 9).vkey + "\nquorum none\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		p, err := ParsePolicy(text)
		if err != nil {
			if p != nil {
				t.Fatal("a policy came with the error")
			}
			return
		}
		// Everybody together always makes up a quorum, whatever its rule.
		if !p.Satisfied(func(string) bool { return true }) {
			t.Fatalf("nobody can satisfy %q", text)
		}
		nobody := p.Satisfied(func(string) bool { return false })
		if asks := p.quorum != quorumNone; nobody == asks {
			t.Fatalf("%q is satisfied by nobody: %v", text, nobody)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add(newLogKey(f, aurelia, 1).vkey)
	f.Add(newWitnessKey(f, aurelia, 1).vkey)
	f.Fuzz(func(t *testing.T, vkey string) {
		_, logErr := NewVerifier(vkey)
		_, witnessErr := NewCosignatureVerifier(vkey)
		if logErr == nil && witnessErr == nil {
			t.Fatalf("%q serves as the key of a log and of a witness", vkey)
		}
	})
}
