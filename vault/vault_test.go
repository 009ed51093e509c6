// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"filippo.io/age"

	"rogatory"
	"rogatory/vault"
	"rogatory/vault/memory"
)

const mebi = 1 << 20

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, kind rogatory.Kind, code string) {
	t.Helper()
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		t.Errorf("got error %v (%s, %s), want %s, %s", err, rogatory.KindOf(err), rogatory.CodeOf(err), kind, code)
	}
}

// evidence returns size bytes that do not compress, the same for the same seed.
func evidence(size int, seed byte) []byte {
	b := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

func generate(t testing.TB) *age.HybridIdentity {
	t.Helper()
	identity, err := vault.GenerateIdentity()
	must(t, err)
	return identity
}

func open(t testing.TB, d vault.Disk) *vault.Vault {
	t.Helper()
	v, err := vault.Open(d)
	must(t, err)
	return v
}

func deposit(t testing.TB, v *vault.Vault, plain []byte, to *age.HybridIdentity) rogatory.Seal {
	t.Helper()
	seal, err := v.Deposit(t.Context(), bytes.NewReader(plain), []age.Recipient{to.Recipient()}, nil)
	must(t, err)
	return seal
}

func path(seal rogatory.Seal, suffix string) string {
	root := seal.Root.String()
	return "objects/" + root[:2] + "/" + root + suffix
}

// corrupt flips one bit of a file, behind the vault's back.
func corrupt(t *testing.T, d vault.Disk, name string, off int64) {
	t.Helper()
	f, err := d.Modify(name)
	must(t, err)
	var b [1]byte
	if _, err := f.ReadAt(b[:], off); err != nil && err != io.EOF {
		t.Fatal(err)
	}
	b[0] ^= 1 << (off % 8)
	_, err = f.WriteAt(b[:], off)
	must(t, err)
	must(t, f.Close())
}

func TestEvidenceOfEverySizeComesBack(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	for _, size := range []int{0, 1, 64<<10 - 1, 64 << 10, 64<<10 + 1, mebi - 1, mebi, mebi + 1, 5*mebi + 12345} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			plain := evidence(size, 1)
			var read, opened int64
			seal, err := v.Deposit(t.Context(), iotest.HalfReader(bytes.NewReader(plain)), []age.Recipient{identity.Recipient()}, func(n int64) { read = n })
			must(t, err)
			must(t, vault.Validate(seal))
			if seal.Size != int64(size) || seal.SHA256 != sha256.Sum256(plain) || seal.SHA512 != sha512.Sum512(plain) {
				t.Errorf("the seal is not of this evidence: %+v", seal)
			}
			onDisk, err := v.Size(seal.Root)
			if onDisk != seal.SealedSize || err != nil {
				t.Errorf("%d bytes are kept, the seal says %d; error %v", onDisk, seal.SealedSize, err)
			}
			var got bytes.Buffer
			must(t, v.OpenPlain(t.Context(), seal, []age.Identity{identity}, &got, func(n int64) { opened = n }))
			if !bytes.Equal(got.Bytes(), plain) {
				t.Error("what came back is not the evidence")
			}
			if read != int64(size) || opened != int64(size) {
				t.Errorf("progress ended at %d and %d of %d bytes", read, opened, size)
			}
			must(t, v.Check(t.Context(), seal.Root, vault.Full))
		})
	}
}

func TestSameEvidenceTwiceMakesTwoExhibits(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	a, b := deposit(t, v, evidence(1000, 1), identity), deposit(t, v, evidence(1000, 1), identity)
	if a.SHA256 != b.SHA256 || a.Root == b.Root {
		t.Errorf("digests %s and %s, roots %s and %s", a.SHA256, b.SHA256, a.Root, b.Root)
	}
	want := []rogatory.Digest{a.Root, b.Root}
	slices.SortFunc(want, func(x, y rogatory.Digest) int { return bytes.Compare(x[:], y[:]) })
	roots, err := v.List()
	if err != nil || !slices.Equal(roots, want) {
		t.Errorf("the vault lists %v, error %v; want %v", roots, err, want)
	}
}

func TestRemovedExhibitIsGone(t *testing.T) {
	d := memory.New()
	identity, v := generate(t), open(t, d)
	seal := deposit(t, v, evidence(1000, 1), identity)
	must(t, v.Remove(seal.Root))
	d.Crash(nil)
	v = open(t, d)
	if held, err := v.Has(seal.Root); held || err != nil {
		t.Errorf("held after the removal: %v, error %v", held, err)
	}
	wantCode(t, v.Remove(seal.Root), rogatory.NotFound, "exhibit_missing")
	wantCode(t, v.Check(t.Context(), seal.Root, vault.Structure), rogatory.NotFound, "exhibit_missing")
	wantCode(t, v.WriteTree(io.Discard, seal.Root), rogatory.NotFound, "exhibit_missing")
	wantCode(t, v.OpenPlain(t.Context(), seal, []age.Identity{identity}, io.Discard, nil), rogatory.NotFound, "exhibit_missing")
	_, err := v.Size(seal.Root)
	wantCode(t, err, rogatory.NotFound, "exhibit_missing")
}

func TestEveryRecipientOpensAndNobodyElse(t *testing.T) {
	v := open(t, memory.New())
	authority, oversight, stranger := generate(t), generate(t), generate(t)
	seal, err := v.Deposit(t.Context(), strings.NewReader("evidence"), []age.Recipient{authority.Recipient(), oversight.Recipient()}, nil)
	must(t, err)
	for _, identity := range []*age.HybridIdentity{authority, oversight} {
		must(t, v.OpenPlain(t.Context(), seal, []age.Identity{stranger, identity}, io.Discard, nil))
	}
	var got bytes.Buffer
	wantCode(t, v.OpenPlain(t.Context(), seal, []age.Identity{stranger}, &got, nil), rogatory.Denied, "wrong_key")
	wantCode(t, v.OpenPlain(t.Context(), seal, nil, &got, nil), rogatory.Denied, "wrong_key")
	if got.Len() != 0 {
		t.Errorf("a stranger was given %d bytes", got.Len())
	}
}

func TestOnlyHybridKeysSeal(t *testing.T) {
	v, hybrid := open(t, memory.New()), generate(t)
	classical, err := age.GenerateX25519Identity()
	must(t, err)
	for _, c := range []struct {
		recipients []age.Recipient
		code       string
	}{
		{nil, "recipients_missing"},
		{[]age.Recipient{classical.Recipient()}, "weak_recipient"},
		{[]age.Recipient{hybrid.Recipient(), classical.Recipient()}, "weak_recipient"},
		{[]age.Recipient{(*age.HybridRecipient)(nil)}, "weak_recipient"},
		{slices.Repeat([]age.Recipient{hybrid.Recipient()}, vault.MaxRecipients+1), "too_many_recipients"},
	} {
		_, err := v.Deposit(t.Context(), strings.NewReader("x"), c.recipients, nil)
		wantCode(t, err, rogatory.Invalid, c.code)
	}
	full, err := v.Deposit(t.Context(), strings.NewReader("x"), slices.Repeat([]age.Recipient{hybrid.Recipient()}, vault.MaxRecipients), nil)
	must(t, err)
	must(t, v.OpenPlain(t.Context(), full, []age.Identity{hybrid}, io.Discard, nil))

	_, err = vault.ParseRecipient(classical.Recipient().String())
	wantCode(t, err, rogatory.Invalid, "weak_recipient")
	_, err = vault.ParseIdentity(classical.String())
	wantCode(t, err, rogatory.Invalid, "key_invalid")
	if strings.Contains(err.Error(), classical.String()[20:40]) {
		t.Error("the error repeats the secret key")
	}
	recipient, err := vault.ParseRecipient(hybrid.Recipient().String())
	must(t, err)
	identity, err := vault.ParseIdentity(hybrid.String())
	must(t, err)
	if recipient.String() != identity.Recipient().String() {
		t.Error("the two halves of a parsed key differ")
	}
}

// A connection that breaks while evidence is uploaded must not pass for its end.
func TestCutSourceIsNotSealed(t *testing.T) {
	d := memory.New()
	v, identity := open(t, d), generate(t)
	for _, cause := range []error{io.ErrUnexpectedEOF, errors.New("connection reset")} {
		src := io.MultiReader(bytes.NewReader(evidence(2*mebi, 1)), iotest.ErrReader(cause))
		_, err := v.Deposit(t.Context(), src, []age.Recipient{identity.Recipient()}, nil)
		wantCode(t, err, rogatory.Unavailable, "source_failed")
		if !errors.Is(err, cause) {
			t.Errorf("the cause %v is lost: %v", cause, err)
		}
	}
	nothingIn(t, d)
}

func TestCancelledSealingLeavesNothing(t *testing.T) {
	d := memory.New()
	v, identity := open(t, d), generate(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := v.Deposit(ctx, endless{}, []age.Recipient{identity.Recipient()}, func(n int64) {
		if n > 4*mebi {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	nothingIn(t, d)
}

func TestFullDiskStopsASealingAndLeavesNothing(t *testing.T) {
	d := memory.New()
	v, identity := open(t, d), generate(t)
	d.SetCapacity(5 * mebi)
	_, err := v.Deposit(t.Context(), endless{}, []age.Recipient{identity.Recipient()}, nil)
	wantCode(t, err, rogatory.Busy, "disk_full")
	nothingIn(t, d)
	deposit(t, v, evidence(mebi, 1), identity) // there is room for this one again
}

// nothingIn looks past the vault, at the disk.
func nothingIn(t *testing.T, d vault.Disk) {
	t.Helper()
	folders := []string{"tmp", "incoming"}
	under, err := d.List("objects")
	must(t, err)
	for _, folder := range under {
		folders = append(folders, "objects/"+folder)
	}
	for _, folder := range folders {
		names, err := d.List(folder)
		must(t, err)
		if len(names) > 0 {
			t.Errorf("%s holds %q", folder, names)
		}
	}
}

// endless is evidence without an end.
type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func TestFlippedBitIsFoundBeforeItIsServed(t *testing.T) {
	identity := generate(t)
	plain := evidence(3*mebi+777, 1)
	place := rand.New(rand.NewPCG(1, 2))
	for i := range 24 {
		d := memory.New()
		v := open(t, d)
		seal := deposit(t, v, plain, identity)
		warm := i%2 == 0
		if warm { // the tree was verified before the damage
			must(t, v.WriteTree(io.Discard, seal.Root))
		}
		suffix, size, code := ".age", seal.SealedSize, "segment_damaged"
		if i%3 == 0 {
			suffix, size, code = ".tree", 32*seal.Segments(), "root_mismatch"
		}
		off := place.Int64N(size)
		corrupt(t, d, path(seal, suffix), off)

		var served bytes.Buffer
		err := v.WriteSegments(t.Context(), &served, seal.Root, 0, seal.Segments())
		wantCode(t, err, rogatory.Damaged, code)
		bad := off / mebi
		if suffix == ".tree" {
			bad = 0
			wantCode(t, v.WriteTree(io.Discard, seal.Root), rogatory.Damaged, code)
		} else if !strings.Contains(err.Error(), fmt.Sprintf("segment %d ", bad)) {
			t.Errorf("the error does not name segment %d: %v", bad, err)
		}
		if int64(served.Len()) != bad*mebi {
			t.Errorf("damage at %d of %s: %d bytes were served", off, suffix, served.Len())
		}
		_, err = v.ReadSegments(seal.Root, bad, 1, make([]byte, mebi))
		wantCode(t, err, rogatory.Damaged, code)
		wantCode(t, v.Check(t.Context(), seal.Root, vault.Full), rogatory.Damaged, code)
		wantCode(t, v.OpenPlain(t.Context(), seal, []age.Identity{identity}, io.Discard, nil), rogatory.Damaged, code)

		corrupt(t, d, path(seal, suffix), off) // flipped back
		must(t, v.Check(t.Context(), seal.Root, vault.Full))
	}
}

func TestCutOrLostFilesAreFound(t *testing.T) {
	identity := generate(t)
	resize := func(suffix string, by int64) func(*testing.T, *memory.Disk, rogatory.Seal) {
		return func(t *testing.T, d *memory.Disk, seal rogatory.Seal) {
			size, err := d.Size(path(seal, suffix))
			must(t, err)
			f, err := d.Modify(path(seal, suffix))
			must(t, err)
			must(t, f.Truncate(max(0, size+by)))
			must(t, f.Close())
		}
	}
	for _, c := range []struct {
		name   string
		damage func(*testing.T, *memory.Disk, rogatory.Seal)
		depth  vault.Depth
		code   string
	}{
		{"age file one byte short", resize(".age", -1), vault.Full, "segment_damaged"},
		{"age file one byte long", resize(".age", 1), vault.Full, "segment_damaged"},
		{"age file a segment short", resize(".age", -mebi), vault.Structure, "segment_damaged"},
		{"age file empty", resize(".age", -1<<40), vault.Structure, "segment_damaged"},
		{"tree one leaf short", resize(".tree", -32), vault.Structure, "segment_damaged"},
		{"tree one byte short", resize(".tree", -1), vault.Structure, "segment_damaged"},
		{"tree lost", func(t *testing.T, d *memory.Disk, seal rogatory.Seal) { must(t, d.Remove(path(seal, ".tree"))) }, vault.Structure, "root_mismatch"},
		{"both cut alike", func(t *testing.T, d *memory.Disk, seal rogatory.Seal) {
			resize(".age", -mebi)(t, d, seal)
			resize(".tree", -32)(t, d, seal)
		}, vault.Structure, "root_mismatch"},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := memory.New()
			v := open(t, d)
			seal := deposit(t, v, evidence(2*mebi+5000, 1), identity)
			must(t, v.WriteTree(io.Discard, seal.Root)) // so that the damage meets a warm table too
			c.damage(t, d, seal)
			wantCode(t, v.Check(t.Context(), seal.Root, c.depth), rogatory.Damaged, c.code)
			if err := v.OpenPlain(t.Context(), seal, []age.Identity{identity}, io.Discard, nil); rogatory.KindOf(err) != rogatory.Damaged {
				t.Errorf("opening it: %v", err)
			}
			if err := v.WriteSegments(t.Context(), io.Discard, seal.Root, 0, seal.Segments()); rogatory.KindOf(err) != rogatory.Damaged && rogatory.KindOf(err) != rogatory.Invalid {
				t.Errorf("serving it: %v", err)
			}
		})
	}
}

// The sealing side signs the seal. If it lies, the segments are in order and the evidence is not.
func TestUntrueSealIsFound(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	honest := deposit(t, v, evidence(70_000, 1), identity)
	for _, c := range []struct {
		name string
		lie  func(*rogatory.Seal)
		code string
	}{
		{"SHA-256", func(s *rogatory.Seal) { s.SHA256[0] ^= 1 }, "digest_mismatch"},
		{"SHA-512", func(s *rogatory.Seal) { s.SHA512[63] ^= 1 }, "digest_mismatch"},
		{"a byte more", func(s *rogatory.Seal) { s.Size++ }, "digest_mismatch"},
		{"a byte less", func(s *rogatory.Seal) { s.Size-- }, "digest_mismatch"},
	} {
		lie := honest
		c.lie(&lie)
		t.Run(c.name, func(t *testing.T) {
			wantCode(t, v.OpenPlain(t.Context(), lie, []age.Identity{identity}, io.Discard, nil), rogatory.Untrusted, c.code)
		})
	}
}

// Segments that are as they were signed need not be an age file.
func TestSealedNoiseIsUntrusted(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	whole, err := vaultless(t, evidence(200_000, 1), identity)
	must(t, err)
	headerless := slices.Clone(whole)
	copy(headerless, "not an age file at all")
	endlessHeader := append([]byte("age-encryption.org/v1\n-> X "), bytes.Repeat([]byte("a"), 300_000)...)
	cut := whole[:len(whole)-20_000]
	flipped := slices.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for name, noise := range map[string][]byte{"no header": headerless, "endless header": endlessHeader, "cut": cut, "flipped": flipped} {
		t.Run(name, func(t *testing.T) {
			seal := accept(t, v, noise)
			var got bytes.Buffer
			err := v.OpenPlain(t.Context(), seal, []age.Identity{identity}, &got, nil)
			wantCode(t, err, rogatory.Untrusted, "payload_invalid")
		})
	}
}

// vaultless seals to memory.
func vaultless(t *testing.T, plain []byte, to *age.HybridIdentity) ([]byte, error) {
	t.Helper()
	var sealed bytes.Buffer
	_, err := vault.Seal(t.Context(), &sealed, nil, bytes.NewReader(plain), []age.Recipient{to.Recipient()}, nil)
	return sealed.Bytes(), err
}

// accept receives sealed, whatever it is, with the seal of a sender who wants it accepted.
func accept(t *testing.T, v *vault.Vault, sealed []byte) rogatory.Seal {
	t.Helper()
	size := int64(len(sealed)) - 2000
	size -= (size/(64<<10) + 1) * 16
	leaf := func(segment []byte) rogatory.Digest { return sha256.Sum256(append([]byte{0}, segment...)) }
	if len(sealed) > mebi {
		t.Fatal("accept is for one segment")
	}
	seal := rogatory.Seal{
		Size: size, SHA256: rogatory.Digest{1}, SHA512: rogatory.LongDigest{1},
		SealedSize: int64(len(sealed)), SegmentSize: vault.SegmentSize, Root: leaf(sealed),
	}
	in, err := v.Expect(seal)
	must(t, err)
	must(t, in.SetTree(bytes.NewReader(seal.Root[:])))
	must(t, in.Put(0, sealed))
	must(t, in.Commit())
	return seal
}

func TestImpossibleSealsAreRefused(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	good := deposit(t, v, evidence(100_000, 1), identity)
	must(t, vault.Validate(good))
	for name, spoil := range map[string]func(*rogatory.Seal){
		"segments of another size": func(s *rogatory.Seal) { s.SegmentSize = 4 << 20 },
		"no segment size":          func(s *rogatory.Seal) { s.SegmentSize = 0 },
		"negative size":            func(s *rogatory.Seal) { s.Size = -1 },
		"nothing sealed":           func(s *rogatory.Seal) { s.SealedSize = 0 },
		"negative sealed size":     func(s *rogatory.Seal) { s.SealedSize = -5 },
		"beyond the limit":         func(s *rogatory.Seal) { s.SealedSize, s.Size = vault.MaxSealedSize+1, vault.MaxSealedSize-1<<30 },
		"smaller than its content": func(s *rogatory.Seal) { s.Size = s.SealedSize + 1 },
		"no room for a header":     func(s *rogatory.Seal) { s.SealedSize = s.Size + 2*16 + 50 },
		"an enormous header":       func(s *rogatory.Seal) { s.SealedSize += 1 << 20 },
		"largest number":           func(s *rogatory.Seal) { s.Size, s.SealedSize = 1<<63-1, 1<<63-1 },
		"no root":                  func(s *rogatory.Seal) { s.Root = rogatory.Digest{} },
		"no SHA-256":               func(s *rogatory.Seal) { s.SHA256 = rogatory.Digest{} },
		"no SHA-512":               func(s *rogatory.Seal) { s.SHA512 = rogatory.LongDigest{} },
	} {
		bad := good
		spoil(&bad)
		t.Run(name, func(t *testing.T) {
			wantCode(t, vault.Validate(bad), rogatory.Invalid, "seal_invalid")
			_, err := v.Expect(bad)
			wantCode(t, err, rogatory.Invalid, "seal_invalid")
			wantCode(t, v.OpenPlain(t.Context(), bad, []age.Identity{identity}, io.Discard, nil), rogatory.Invalid, "seal_invalid")
		})
	}
}

func TestSegmentsAreServedInAnyRange(t *testing.T) {
	identity, v := generate(t), open(t, memory.New())
	plain := evidence(3*mebi+10, 1)
	seal := deposit(t, v, plain, identity)
	var whole bytes.Buffer
	must(t, v.WriteSegments(t.Context(), &whole, seal.Root, 0, 4))
	if int64(whole.Len()) != seal.SealedSize {
		t.Fatalf("%d bytes served of %d", whole.Len(), seal.SealedSize)
	}
	opened, err := age.Decrypt(bytes.NewReader(whole.Bytes()), identity)
	must(t, err)
	if got, err := io.ReadAll(opened); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("what was served does not decrypt: %v", err)
	}
	for first := range int64(4) {
		for count := int64(1); first+count <= 4; count++ {
			want := whole.Bytes()[first*mebi : min(seal.SealedSize, (first+count)*mebi)]
			buf := make([]byte, count*mebi)
			n, err := v.ReadSegments(seal.Root, first, count, buf)
			if err != nil || !bytes.Equal(buf[:n], want) {
				t.Errorf("segments %d+%d: %d bytes, error %v", first, count, n, err)
			}
		}
	}
	for _, r := range []vault.Range{{-1, 1}, {0, 0}, {0, 5}, {4, 1}, {3, 2}, {1, 1<<63 - 1}, {0, -1}} {
		err := v.WriteSegments(t.Context(), io.Discard, seal.Root, r.First, r.Count)
		wantCode(t, err, rogatory.Invalid, "range_invalid")
	}
	_, err = v.ReadSegments(seal.Root, 0, 2, make([]byte, 2*mebi-1))
	wantCode(t, err, rogatory.Invalid, "range_invalid")
	stopped, cancel := context.WithCancel(t.Context())
	cancel()
	if err := v.WriteSegments(stopped, io.Discard, seal.Root, 0, 4); !errors.Is(err, context.Canceled) {
		t.Errorf("serving after cancelling: %v", err)
	}
}

func TestExtractGivesTheNameLast(t *testing.T) {
	d, identity := memory.New(), generate(t)
	v, out := open(t, d), memory.New()
	plain := evidence(2*mebi, 1)
	seal := deposit(t, v, plain, identity)
	ids := []age.Identity{identity}

	corrupt(t, d, path(seal, ".age"), seal.SealedSize-1)
	wantCode(t, v.Extract(t.Context(), seal, ids, out, "disk.img", nil), rogatory.Damaged, "segment_damaged")
	if names, err := out.List("."); len(names) != 0 || err != nil {
		t.Errorf("after a failed extraction there is %q, error %v", names, err)
	}
	corrupt(t, d, path(seal, ".age"), seal.SealedSize-1)

	must(t, out.MakeFolder("case"))
	must(t, out.Sync("."))
	must(t, v.Extract(t.Context(), seal, ids, out, "case/disk.img", nil))
	out.Crash(nil)
	f, err := out.Open("case/disk.img")
	must(t, err)
	got := make([]byte, len(plain))
	if _, err := f.ReadAt(got, 0); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("after a crash the extracted file is not the evidence: %v", err)
	}
	wantCode(t, v.Extract(t.Context(), seal, ids, out, "case/disk.img", nil), rogatory.Conflict, "file_exists")

	unfinished, err := out.Create("case/other.img.unsealing")
	must(t, err)
	must(t, unfinished.Close())
	wantCode(t, v.Extract(t.Context(), seal, ids, out, "case/other.img", nil), rogatory.Conflict, "extraction_unfinished")
	if _, err := out.Size("case/other.img.unsealing"); err != nil {
		t.Errorf("the work of another extraction was removed: %v", err)
	}
}

// A quarter of a gibibyte passes through in a memory that has nothing to do with its size.
func TestMemoryDoesNotGrowWithTheEvidence(t *testing.T) {
	const size, bound = 256 * mebi, 64 * mebi
	identity := generate(t)
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	var peak uint64
	seal, err := vault.Seal(t.Context(), io.Discard, nil, io.LimitReader(endless{}, size), []age.Recipient{identity.Recipient()}, func(n int64) {
		if n%(32*mebi) == 0 {
			var now runtime.MemStats
			runtime.ReadMemStats(&now)
			peak = max(peak, now.HeapAlloc)
		}
	})
	must(t, err)
	if seal.Size != size || seal.Segments() != 257 {
		t.Errorf("sealed %d bytes in %d segments", seal.Size, seal.Segments())
	}
	if peak == 0 || peak > before.HeapAlloc+bound {
		t.Errorf("the heap grew from %d to %d MiB", before.HeapAlloc/mebi, peak/mebi)
	}
}
