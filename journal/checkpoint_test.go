// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/note"
)

// chance is a source of randomness that repeats for one seed.
func chance(seed byte) io.Reader { return rand.NewChaCha8([32]byte{seed}) }

type logKey struct {
	Signer
	verifier Verifier
	vkey     string
}

func newLogKey(t testing.TB, name string, seed byte) logKey {
	t.Helper()
	skey, vkey, err := GenerateKey(chance(seed), name)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := NewVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return logKey{signer, verifier, vkey}
}

type witnessKey struct {
	*Cosigner
	verifier *CosignatureVerifier
	vkey     string
}

func newWitnessKey(t testing.TB, name string, seed byte) witnessKey {
	t.Helper()
	skey, vkey, err := GenerateCosigner(chance(seed), name)
	if err != nil {
		t.Fatal(err)
	}
	cosigner, err := NewCosigner(skey, func() time.Time { return morning })
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := NewCosignatureVerifier(vkey)
	if err != nil {
		t.Fatal(err)
	}
	return witnessKey{cosigner, verifier, vkey}
}

// sign publishes the first size leaves of the log, cosigned by the witnesses.
func (l *memoryLog) sign(t testing.TB, size int64, key Signer, witnesses ...witnessKey) []byte {
	t.Helper()
	signers := []Signer{key}
	for _, w := range witnesses {
		signers = append(signers, w)
	}
	signed, err := SignCheckpoint(Checkpoint{key.Name(), size, l.root(t, size)}, signers...)
	if err != nil {
		t.Fatal(err)
	}
	l.signed = signed
	return signed
}

func TestCheckpointIsSignedAndOpened(t *testing.T) {
	log, key := newLog(t, 12), newLogKey(t, aurelia, 1)
	signed := log.sign(t, 12, key)
	c, err := OpenCheckpoint(signed, aurelia, key.verifier)
	if err != nil {
		t.Fatal(err)
	}
	if want := (Checkpoint{aurelia, 12, log.root(t, 12)}); c != want {
		t.Errorf("opened %+v, want %+v", c, want)
	}

	stranger := newLogKey(t, aurelia, 2) // same name, another key
	if _, err := OpenCheckpoint(signed, aurelia, stranger.verifier); err == nil {
		t.Error("a checkpoint was accepted under a key that did not sign it")
	}
	if _, err := OpenCheckpoint(signed, "journal.xb.example/borealia", key.verifier); err == nil {
		t.Error("a checkpoint was accepted as one of another log")
	}
	if _, err := OpenCheckpoint(bytes.Replace(signed, []byte("\n12\n"), []byte("\n13\n"), 1), aurelia, key.verifier); err == nil {
		t.Error("a checkpoint with another size was accepted")
	}
	if _, err := OpenCheckpoint(append(signed, bytes.Repeat([]byte("\u2014 x AAAAAAAA\n"), MaxCheckpoint)...), aurelia, key.verifier); err == nil {
		t.Error("a checkpoint of any length was accepted")
	}
}

func TestCheckpointIsSignedOnlyUnderItsLogsName(t *testing.T) {
	c := Checkpoint{aurelia, 0, Edge{}.Root()}
	if _, err := SignCheckpoint(c, newLogKey(t, "journal.xb.example/borealia", 1)); err == nil {
		t.Error("another log's key signed")
	}
	if _, err := SignCheckpoint(c); err == nil {
		t.Error("a checkpoint was made without a signature")
	}
	for _, origin := range []string{"", "two words", "a+b", "line\nend", "tab\t", "\xff", strings.Repeat("x", MaxName+1)} {
		if _, err := (Checkpoint{origin, 0, Edge{}.Root()}).Marshal(); err == nil {
			t.Errorf("origin %q was accepted", origin)
		}
	}
}

func TestCheckpointHasOneEncoding(t *testing.T) {
	root := Edge{}.Root().String()
	if _, err := ParseCheckpoint([]byte("log.example\n0\n" + root + "\n")); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"no last line end":      "log.example\n0\n" + root,
		"leading zero":          "log.example\n00\n" + root + "\n",
		"plus sign":             "log.example\n+1\n" + root + "\n",
		"negative size":         "log.example\n-1\n" + root + "\n",
		"size beyond the limit": fmt.Sprintf("log.example\n%d\n%s\n", int64(MaxSize)+1, root),
		"size beyond 64 bits":   "log.example\n99999999999999999999\n" + root + "\n",
		"extension line":        "log.example\n0\n" + root + "\nmore\n",
		"no origin":             "\n0\n" + root + "\n",
		"carriage return":       "log.example\n0\n" + root[:10] + "\r" + root[10:] + "\n",
		"stray bits":            "log.example\n0\n" + root[:42] + "V=\n",
		"short root":            "log.example\n0\n" + root[:40] + "\n",
		"long text":             strings.Repeat("x", maxText) + "\n0\n" + root + "\n",
	} {
		if c, err := ParseCheckpoint([]byte(text)); err == nil {
			t.Errorf("%s: accepted as %+v", name, c)
		}
	}
}

func TestCosignatureStatesItsTimeAndCannotBeMoved(t *testing.T) {
	log, key, borealia := newLog(t, 5), newLogKey(t, aurelia, 1), newWitnessKey(t, "witness.xb.example", 2)
	signed := log.sign(t, 5, key, borealia)
	n, err := note.Open(signed, note.VerifierList(borealia.verifier))
	if err != nil {
		t.Fatal(err)
	}
	at, err := CosignatureTime(n.Sigs[0])
	if err != nil || !at.Equal(morning) {
		t.Errorf("cosignature states %v (%v), want %v", at, err, morning)
	}

	raw, err := base64.StdEncoding.DecodeString(n.Sigs[0].Base64)
	if err != nil {
		t.Fatal(err)
	}
	if !borealia.verifier.Verify([]byte(n.Text), raw[4:]) {
		t.Fatal("cosignature does not verify")
	}
	for _, i := range []int{4, 11, 12, len(raw) - 1} { // time, time, signature, signature
		moved := bytes.Clone(raw[4:])
		moved[i-4] ^= 1
		if borealia.verifier.Verify([]byte(n.Text), moved) {
			t.Errorf("cosignature with byte %d changed verifies", i)
		}
	}
	if borealia.verifier.Verify([]byte(n.Text+"x"), raw[4:]) || borealia.verifier.Verify([]byte(n.Text), raw[4:20]) {
		t.Error("cosignature verifies on another text or cut short")
	}
	if _, err := borealia.Sign([]byte("I owe you a kingdom\n")); err == nil {
		t.Error("a witness cosigned something that is no checkpoint")
	}
	stopped := *borealia.Cosigner
	stopped.now = func() time.Time { return time.Time{} }
	if _, err := stopped.Sign([]byte(n.Text)); err == nil {
		t.Error("a witness cosigned with a clock before 1970")
	}
}

// A court needs nothing of ours to check a signature: openssl does.
func TestOpenSSLVerifiesCheckpointAndCosignature(t *testing.T) {
	openssl, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatalf("this test needs the openssl program: %v", err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	verify := func(vkey string, message, sig []byte) error {
		raw, err := base64.StdEncoding.DecodeString(strings.SplitN(vkey, "+", 3)[2])
		if err != nil {
			t.Fatal(err)
		}
		der, err := x509.MarshalPKIXPublicKey(ed25519.PublicKey(raw[1:]))
		if err != nil {
			t.Fatal(err)
		}
		key := write("key.pem", pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}))
		out, err := exec.Command(openssl, "pkeyutl", "-verify", "-pubin", "-inkey", key, "-rawin",
			"-in", write("message", message), "-sigfile", write("sig", sig)).CombinedOutput()
		if err != nil {
			return fmt.Errorf("%w: %s", err, out)
		}
		return nil
	}

	log, key, borealia := newLog(t, 9), newLogKey(t, aurelia, 1), newWitnessKey(t, "witness.xb.example", 2)
	n, err := note.Open(log.sign(t, 9, key, borealia), note.VerifierList(key.verifier, borealia.verifier))
	if err != nil {
		t.Fatal(err)
	}
	bytesOf := func(i int) []byte {
		b, err := base64.StdEncoding.DecodeString(n.Sigs[i].Base64)
		if err != nil {
			t.Fatal(err)
		}
		return b[4:]
	}
	if err := verify(key.vkey, []byte(n.Text), bytesOf(0)); err != nil {
		t.Errorf("checkpoint: %v", err)
	}
	message := fmt.Sprintf("cosignature/v1\ntime %d\n%s", morning.Unix(), n.Text)
	if err := verify(borealia.vkey, []byte(message), bytesOf(1)[8:]); err != nil {
		t.Errorf("cosignature: %v", err)
	}
	if verify(borealia.vkey, []byte(message+"x"), bytesOf(1)[8:]) == nil {
		t.Error("openssl accepted a cosignature on another message")
	}
}

func TestKeysOfOneRoleDoNotServeAnother(t *testing.T) {
	logSecret, logPublic, err := GenerateKey(chance(1), aurelia)
	if err != nil {
		t.Fatal(err)
	}
	witnessSecret, witnessPublic, err := GenerateCosigner(chance(1), aurelia)
	if err != nil {
		t.Fatal(err)
	}
	clock := func() time.Time { return morning }
	for name, err := range map[string]error{
		"log's secret as witness":     second(NewCosigner(logSecret, clock)),
		"witness's secret as log":     second(NewSigner(witnessSecret)),
		"log's key as witness":        second(NewCosignatureVerifier(logPublic)),
		"witness's key as log":        second(NewVerifier(witnessPublic)),
		"public key as secret":        second(NewSigner(logPublic)),
		"public cosigner as secret":   second(NewCosigner(witnessPublic, clock)),
		"no clock":                    second(NewCosigner(witnessSecret, nil)),
		"renamed witness":             second(NewCosignatureVerifier("x" + witnessPublic)),
		"renamed witness's secret":    second(NewCosigner(strings.Replace(witnessSecret, aurelia, "x", 1), clock)),
		"renamed log":                 second(NewVerifier("x" + logPublic)),
		"renamed log's secret":        second(NewSigner(strings.Replace(logSecret, aurelia, "x", 1))),
		"hash in capitals and spaces": second(NewVerifier(strings.Replace(logPublic, "+", "+ ", 1))),
		"endless key":                 second(NewVerifier(logPublic + strings.Repeat("A", maxKey))),
	} {
		if err == nil {
			t.Errorf("%s: accepted", name)
		} else if strings.Contains(err.Error(), logSecret[len(logSecret)-20:]) || strings.Contains(err.Error(), witnessSecret[len(witnessSecret)-20:]) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
	for _, name := range []string{"", "with space", "with+plus"} {
		if _, _, err := GenerateKey(chance(1), name); err == nil {
			t.Errorf("a key was made for the name %q", name)
		}
	}
	if _, _, err := GenerateKey(strings.NewReader("too short"), aurelia); err == nil {
		t.Error("a key was made from too little randomness")
	}
}

func TestCosignaturesAreMergedOneLineForEachKey(t *testing.T) {
	log, key := newLog(t, 5), newLogKey(t, aurelia, 1)
	b, c := newWitnessKey(t, "witness.xb.example", 2), newWitnessKey(t, "witness.xc.example", 3)
	signed := log.sign(t, 5, key)
	lineOf := func(w witnessKey) []byte {
		n, err := note.Open(log.sign(t, 5, key, w), note.VerifierList(w.verifier))
		if err != nil {
			t.Fatal(err)
		}
		return signatureLine(n.Sigs[0])
	}
	both, err := AddCosignatures(signed, lineOf(b), lineOf(c))
	if err != nil {
		t.Fatal(err)
	}
	if want := log.sign(t, 5, key, b, c); !bytes.Equal(both, want) {
		t.Errorf("merged note\n%s\nwant\n%s", both, want)
	}

	later := b
	again := *b.Cosigner
	again.now = func() time.Time { return morning.Add(time.Hour) }
	later.Cosigner = &again
	renewed, err := AddCosignatures(both, lineOf(later), lineOf(c))
	if err != nil {
		t.Fatal(err)
	}
	n, err := note.Open(renewed, note.VerifierList(key.verifier, b.verifier, c.verifier))
	if err != nil || len(n.Sigs) != 3 {
		t.Fatalf("renewed note has %d signatures (%v), want 3", len(n.Sigs), err)
	}
	if at, err := CosignatureTime(n.Sigs[1]); err != nil || !at.Equal(morning.Add(time.Hour)) {
		t.Errorf("the older cosignature was kept: %v, %v", at, err)
	}

	forged := signatureLine(note.Signature{Name: key.Name(), Base64: base64.StdEncoding.EncodeToString(
		append([]byte{byte(key.KeyHash() >> 24), byte(key.KeyHash() >> 16), byte(key.KeyHash() >> 8), byte(key.KeyHash())}, make([]byte, 64)...))})
	safe, err := AddCosignatures(signed, forged)
	if err != nil || !bytes.Equal(safe, signed) {
		t.Errorf("a line replaced the log's own signature: %v", err)
	}
	for name, lines := range map[string][]byte{
		"not a line":      []byte("hello\n"),
		"an empty line":   append([]byte("\n\n"), lineOf(b)...),
		"no line end":     bytes.TrimSuffix(lineOf(b), []byte("\n")),
		"too many":        manyLines(MaxSignatures),
		"more than fits":  bytes.Repeat([]byte("x"), 3*MaxCheckpoint),
		"too long a note": []byte("\u2014 x " + base64.StdEncoding.EncodeToString(make([]byte, MaxCheckpoint)) + "\n"),
	} {
		if _, err := AddCosignatures(signed, lines); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func manyLines(n int) []byte {
	var b bytes.Buffer
	for i := range n {
		b.Write(signatureLine(note.Signature{Name: fmt.Sprintf("w%d", i), Base64: "AAAAAAAA"}))
	}
	return b.Bytes()
}
