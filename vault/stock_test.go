// SPDX-License-Identifier: Apache-2.0

package vault_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/vault"
	"rogatory/vault/disk"
	"rogatory/vault/memory"
)

// stockVersion is the age whose programs are built for this test. The age of older distributions
// does not know hybrid keys.
const stockVersion = "v1.3.2"

// stockAge builds the programs age and age-keygen outside of this module.
func stockAge(t *testing.T) (agePath, keygenPath string) {
	t.Helper()
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "install",
		"filippo.io/age/cmd/age@"+stockVersion, "filippo.io/age/cmd/age-keygen@"+stockVersion)
	build.Dir = bin
	build.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("this test needs the age programs %s, and go could not build them: %v\n%s", stockVersion, err, out)
	}
	return filepath.Join(bin, "age"), filepath.Join(bin, "age-keygen")
}

func run(t *testing.T, stdin io.Reader, name string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Stdin = stdin
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, stderr.String())
	}
	return out
}

// A court's expert has age and openssl, and nothing of ours.
func TestExpertOpensAndChecksWithStockTools(t *testing.T) {
	agePath, keygenPath := stockAge(t)
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("this test needs openssl: %v", err)
	}
	folder := t.TempDir()
	keyFile := filepath.Join(folder, "key.txt")
	run(t, nil, keygenPath, "-pq", "-o", keyFile)
	recipient, err := vault.ParseRecipient(strings.TrimSpace(string(run(t, nil, keygenPath, "-y", keyFile))))
	must(t, err)

	d, err := disk.Open(folder)
	must(t, err)
	defer d.Close()
	v := open(t, d)
	plain := evidence(2*mebi+99, 5)
	seal, err := v.Deposit(t.Context(), bytes.NewReader(plain), []age.Recipient{recipient}, nil)
	must(t, err)

	opened := filepath.Join(folder, "opened.img")
	run(t, nil, agePath, "-d", "-i", keyFile, "-o", opened, filepath.Join(folder, path(seal, ".age")))
	for algorithm, want := range map[string]string{"-sha256": seal.SHA256.String(), "-sha512": seal.SHA512.String()} {
		if got := string(run(t, nil, openssl, "dgst", algorithm, "-r", opened)); !strings.HasPrefix(got, want+" ") {
			t.Errorf("openssl dgst %s says %s, the seal says %s", algorithm, got, want)
		}
	}
	if got, err := os.ReadFile(opened); err != nil || !bytes.Equal(got, plain) {
		t.Errorf("age opened something else, error %v", err)
	}
}

// What was sealed by the age program, and received, opens like our own.
func TestExhibitSealedByStockAgeOpens(t *testing.T) {
	agePath, _ := stockAge(t)
	identity, v := generate(t), open(t, memory.New())
	plain := evidence(300_000, 6)
	sealed := run(t, bytes.NewReader(plain), agePath, "-r", identity.Recipient().String())
	leaf := sha256.Sum256(append([]byte{0}, sealed...)) // one segment: its leaf is the root
	ours := deposit(t, v, plain, identity)
	seal := rogatory.Seal{
		Size: ours.Size, SHA256: ours.SHA256, SHA512: ours.SHA512,
		SealedSize: int64(len(sealed)), SegmentSize: vault.SegmentSize, Root: leaf,
	}
	if seal.SealedSize != ours.SealedSize {
		t.Errorf("age makes %d bytes, we make %d", seal.SealedSize, ours.SealedSize)
	}
	in, err := v.Expect(seal)
	must(t, err)
	must(t, in.SetTree(bytes.NewReader(leaf[:])))
	must(t, in.Put(0, sealed))
	must(t, in.Commit())
	var got bytes.Buffer
	must(t, v.OpenPlain(t.Context(), seal, []age.Identity{identity}, &got, nil))
	if !bytes.Equal(got.Bytes(), plain) {
		t.Error("the evidence differs")
	}
}

// BenchmarkPasses measures sealing and opening on a real disk, in bytes of evidence. The yardstick
// is the same work with stock tools, one after another:
//
//	openssl dgst -sha256 f; openssl dgst -sha512 f; age -r age1pq1... -o f.age f
//	age -d -i key -o f f.age; openssl dgst -sha256 f; openssl dgst -sha512 f
func BenchmarkPasses(b *testing.B) {
	const size = 256 * mebi
	identity := generate(b)
	for _, pass := range []string{"seal", "open", "serve"} {
		b.Run(fmt.Sprintf("%s %d MiB", pass, size/mebi), func(b *testing.B) {
			d, err := disk.Open(b.TempDir())
			must(b, err)
			defer d.Close()
			v := open(b, d)
			source := filepath.Join(b.TempDir(), "plain")
			must(b, os.WriteFile(source, evidence(size, 1), 0o600))
			var seal rogatory.Seal
			sealOnce := func() {
				f, err := os.Open(source)
				must(b, err)
				defer f.Close()
				seal, err = v.Deposit(b.Context(), f, []age.Recipient{identity.Recipient()}, nil)
				must(b, err)
			}
			sealOnce()
			b.SetBytes(size)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				switch pass {
				case "seal":
					sealOnce()
				case "open":
					must(b, v.Extract(b.Context(), seal, []age.Identity{identity}, d, fmt.Sprint(i), nil))
				case "serve":
					must(b, v.WriteSegments(b.Context(), io.Discard, seal.Root, 0, seal.Segments()))
				}
			}
		})
	}
}
