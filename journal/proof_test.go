// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

// court is the scene of most tests here: Aurelia's journal of size entries, one of
// them openable, cosigned by two of three witnesses.
type court struct {
	log    *memoryLog
	key    logKey
	b, c   witnessKey
	policy *Policy
	body   []byte
	index  int64
}

func newCourt(t testing.TB, size int, index int64) court {
	t.Helper()
	s := court{
		key:   newLogKey(t, aurelia, 1),
		b:     newWitnessKey(t, "witness.xb.example", 2),
		c:     newWitnessKey(t, "witness.xc.example", 3),
		body:  []byte(`{"act":"request received","from":"XB"}`),
		index: index,
	}
	leaves := testLeaves(0, size)
	leaves[index] = Commit(s.salt(), s.body)
	_, hashes, err := Edge{}.Append(leaves)
	if err != nil {
		t.Fatal(err)
	}
	s.log = &memoryLog{leaves: leaves, hashes: hashes}
	d := newWitnessKey(t, "witness.xd.example", 4)
	s.policy = mustPolicy(t, fmt.Sprintf("witness XB %s\nwitness XC %s\nwitness XD %s\ngroup two 2 XB XC XD\nquorum two\n", s.b.vkey, s.c.vkey, d.vkey))
	return s
}

func (s court) salt() [SaltSize]byte { return [SaltSize]byte{0x5a, 0x17} }

func (s court) proof(t testing.TB, witnesses ...witnessKey) Proof {
	t.Helper()
	size := s.log.size()
	hashes, err := ProveInclusion(size, s.index, s.log)
	if err != nil {
		t.Fatal(err)
	}
	return Proof{MakeOpening(s.salt(), s.body), s.index, hashes, s.log.sign(t, size, s.key, witnesses...)}
}

func (s court) text(t testing.TB, witnesses ...witnessKey) []byte {
	return marshal(t, s.proof(t, witnesses...))
}

func marshal(t testing.TB, p Proof) []byte {
	t.Helper()
	text, err := p.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func mustPolicy(t testing.TB, text string) *Policy {
	t.Helper()
	p, err := ParsePolicy([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestProofShowsBodyIndexAndWitnesses(t *testing.T) {
	for _, size := range []int{1, 2, 3, 4, 7, 8, 9, 64, 100, 256, 257} {
		s := newCourt(t, size, int64(size/2))
		got, err := VerifyProof(s.text(t, s.b, s.c), aurelia, s.key.verifier, s.policy)
		if err != nil {
			t.Fatalf("tree of %d: %v", size, err)
		}
		if got.Index != s.index || !bytes.Equal(got.Body, s.body) || got.Checkpoint.Size != int64(size) {
			t.Errorf("tree of %d: proof shows %+v", size, got)
		}
		want := []Cosignature{{"XB", "witness.xb.example", morning}, {"XC", "witness.xc.example", morning}}
		if fmt.Sprint(got.Cosignatures) != fmt.Sprint(want) {
			t.Errorf("tree of %d: cosignatures %v, want %v", size, got.Cosignatures, want)
		}
	}
}

func TestTamperedProofsAreRefused(t *testing.T) {
	s := newCourt(t, 100, 41)
	good := s.proof(t, s.b, s.c)
	for name, change := range map[string]func(*Proof){
		"another body":    func(p *Proof) { p.Extra[SaltSize] ^= 1 },
		"another salt":    func(p *Proof) { p.Extra[0] ^= 1 },
		"no opening":      func(p *Proof) { p.Extra = nil },
		"half a salt":     func(p *Proof) { p.Extra = p.Extra[:16] },
		"another index":   func(p *Proof) { p.Index++ },
		"beyond the tree": func(p *Proof) { p.Index = 100 },
		"another hash":    func(p *Proof) { p.Hashes[2][0] ^= 1 },
		"a hash less":     func(p *Proof) { p.Hashes = p.Hashes[1:] },
		"a hash more":     func(p *Proof) { p.Hashes = append(p.Hashes, Hash{}) },
		"another size": func(p *Proof) {
			p.Checkpoint = bytes.Replace(p.Checkpoint, []byte("\n100\n"), []byte("\n101\n"), 1)
		},
		"a broken cosignature": func(p *Proof) { p.Checkpoint[len(p.Checkpoint)-10] ^= 1 },
		"another log's checkpoint": func(p *Proof) {
			p.Checkpoint = newLog(t, 100).sign(t, 100, s.key, s.b, s.c)
		},
	} {
		p := Proof{bytes.Clone(good.Extra), good.Index, append([]Hash(nil), good.Hashes...), bytes.Clone(good.Checkpoint)}
		change(&p)
		if got, err := VerifyProof(p.text(), aurelia, s.key.verifier, s.policy); err == nil {
			t.Errorf("%s: accepted, showing %+v", name, got)
		} else if got.Body != nil {
			t.Errorf("%s: a body came with the error", name)
		}
	}
}

func TestTooFewWitnessesAreToldApartFromForgery(t *testing.T) {
	s := newCourt(t, 30, 3)
	var lacking *QuorumError
	if _, err := VerifyProof(s.text(t, s.b), aurelia, s.key.verifier, s.policy); !errors.As(err, &lacking) || lacking.Cosigned != 1 {
		t.Errorf("one witness of two: %v", err)
	}
	// One witness twice is one witness.
	p := s.proof(t, s.b)
	last := bytes.LastIndex(p.Checkpoint, []byte("\u2014"))
	p.Checkpoint = append(p.Checkpoint, p.Checkpoint[last:]...)
	if _, err := VerifyProof(p.text(), aurelia, s.key.verifier, s.policy); !errors.As(err, &lacking) {
		t.Errorf("one witness twice: %v", err)
	}
	p.Extra[SaltSize] ^= 1
	if _, err := VerifyProof(p.text(), aurelia, s.key.verifier, s.policy); err == nil || errors.As(err, &lacking) {
		t.Errorf("a forged body was reported as a want of witnesses: %v", err)
	}
	for _, none := range []*Policy{nil, {}} {
		if _, err := VerifyProof(s.text(t, s.b, s.c), aurelia, s.key.verifier, none); err == nil {
			t.Error("a proof was accepted without a policy")
		}
	}
}

func TestPolicyNamesTheLogsThatCount(t *testing.T) {
	s := newCourt(t, 6, 2)
	text := s.text(t)
	other := newLogKey(t, aurelia, 9)
	listed := mustPolicy(t, "log "+s.key.vkey+" https://journal.xa.example/aurelia/\nlog "+other.vkey+"\nquorum none\n")
	if _, err := VerifyProof(text, aurelia, nil, listed); err != nil {
		t.Errorf("a log of the policy: %v", err)
	}
	if _, err := VerifyProof(text, aurelia, s.key.verifier, listed); err != nil {
		t.Errorf("a log of the policy, given as well: %v", err)
	}
	if _, err := VerifyProof(text, aurelia, other.verifier, listed); err == nil {
		t.Error("a log was accepted that is not the one asked for")
	}
	if _, err := VerifyProof(text, aurelia, s.key.verifier, mustPolicy(t, "log "+other.vkey+"\nquorum none\n")); err == nil {
		t.Error("a log was accepted that the policy does not list")
	}
	if _, err := VerifyProof(text, aurelia, nil, mustPolicy(t, "quorum none\n")); err == nil {
		t.Error("a log was accepted without any key")
	}
}

func TestProofOfTheLeafAlone(t *testing.T) {
	s := newCourt(t, 20, 7)
	p := s.proof(t)
	p.Extra = nil
	back, err := ParseProof(marshal(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if c, err := back.Verify(LeafHash(s.log.leaves[7]), aurelia, s.key.verifier); err != nil || c.Size != 20 {
		t.Errorf("Verify = %+v, %v", c, err)
	}
	if _, err := back.Verify(LeafHash(s.log.leaves[8]), aurelia, s.key.verifier); err == nil {
		t.Error("another leaf verified")
	}
}

func TestProofHasOneEncoding(t *testing.T) {
	s := newCourt(t, 20, 7)
	good := string(s.text(t, s.b))
	if p, err := ParseProof([]byte(good)); err != nil || string(p.text()) != good {
		t.Fatalf("proof does not survive parsing: %v", err)
	}
	extra := base64.StdEncoding.EncodeToString(MakeOpening(s.salt(), s.body))
	change := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("the proof has no %q", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, text := range map[string]string{
		"another version":    change("@v1", "@v2"),
		"leading zero":       change("index 7", "index 07"),
		"negative index":     change("index 7", "index -7"),
		"index too great":    change("index 7", "index 9223372036854775807"),
		"no index":           change("index 7\n", ""),
		"empty extra":        change(extra, ""),
		"extra not base64":   change(extra, "!"+extra),
		"carriage return":    change(extra, extra[:8]+"\r"+extra[8:]),
		"extra twice":        change("index", "extra "+extra+"\nindex"),
		"a hash too short":   change("index 7\n", "index 7\nAAAA\n"),
		"too many hashes":    change("index 7\n", "index 7\n"+strings.Repeat(Hash{}.String()+"\n", maxHashes+1)),
		"checkpoint missing": good[:strings.Index(good, "\n\n")+2],
		"far too long":       good + strings.Repeat("x", MaxProof),
		"extra too long":     change(extra, base64.StdEncoding.EncodeToString(make([]byte, SaltSize+MaxBody+1))),
	} {
		if _, err := ParseProof([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestProofsThatNobodyCouldReadAreNotWritten(t *testing.T) {
	good := newCourt(t, 4, 1)
	for name, p := range map[string]Proof{
		"body too long":   {Extra: make([]byte, SaltSize+MaxBody+1), Checkpoint: good.proof(t).Checkpoint},
		"negative index":  {Index: -1, Checkpoint: good.proof(t).Checkpoint},
		"too many hashes": {Hashes: make([]Hash, maxHashes+1), Checkpoint: good.proof(t).Checkpoint},
		"no checkpoint":   {},
	} {
		if _, err := p.Marshal(); err == nil {
			t.Errorf("%s: written", name)
		}
	}
	longest := Proof{make([]byte, SaltSize+MaxBody), MaxSize - 1, make([]Hash, maxHashes), nil}
	longest.Checkpoint = append(good.proof(t).Checkpoint, manyLines(80)...)
	longest.Checkpoint = append(longest.Checkpoint, bytes.Repeat([]byte("A"), MaxCheckpoint-len(longest.Checkpoint))...)
	if _, err := ParseProof(marshal(t, longest)); err != nil {
		t.Errorf("the longest proof that can be written cannot be read: %v", err)
	}
}
