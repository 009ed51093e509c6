// SPDX-License-Identifier: Apache-2.0

package envelope_test

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/asice"
	"rogatory/envelope"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write testdata/vectors anew, with new exercise keys")

// expected is expected.json: what any implementation must make of the files beside it.
type expected struct {
	VerifyAt string                     `json:"verify_at"`
	Accepted map[string]rogatory.Digest `json:"accepted"` // container to its signature's SHA-256, the identity
	Refused  map[string]string          `json:"refused"`  // message in refused/ to the reason in words
}

const (
	vectors = "testdata/vectors"
	warning = "Exercise only: this key is published, protects nothing and must not be used.\n"
)

func read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(vectors, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func write(t testing.TB, name string, data []byte) {
	t.Helper()
	name = filepath.Join(vectors, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
}

// exerciseSigner reads a published key. Without a source of chance an ECDSA key signs as RFC 6979 says,
// so that the containers can be compared byte for byte.
func exerciseSigner(t testing.TB, name string) asice.Signer {
	t.Helper()
	var s asice.Signer
	for rest := read(t, name); ; {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		var err error
		switch block.Type {
		case "PRIVATE KEY":
			var key any
			if key, err = x509.ParsePKCS8PrivateKey(block.Bytes); err == nil {
				s.Key = key.(crypto.Signer)
			}
		case "CERTIFICATE":
			s.Certificate, err = x509.ParseCertificate(block.Bytes)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if s.Key == nil || s.Certificate == nil {
		t.Fatalf("%s does not hold a key and a certificate", name)
	}
	return s
}

func exerciseParty(t testing.TB, code rogatory.StateCode, certificate string) rogatory.Party {
	_, text, _ := bytes.Cut(read(t, certificate), []byte(warning))
	return rogatory.Party{Code: code, Mode: rogatory.Exercise, Certificates: []string{string(text)}, Authorities: []rogatory.Authority{{ID: "justice"}}}
}

// newVectors writes everything anew.
func newVectors(t *testing.T) {
	if err := os.RemoveAll(vectors); err != nil {
		t.Fatal(err)
	}
	for _, s := range []state{newState(t, "XA", "Aurelia"), newState(t, "XB", "Borealia")} {
		prefix := strings.ToLower(string(s.party.Code))
		write(t, prefix+"-authority.pem", []byte(warning+s.AuthorityPEM()))
		for from, to := range map[string]string{"seal.1.pem": "-seal.exercise-only.pem", "message.1.age": "-message.exercise-only.age"} {
			data, err := os.ReadFile(filepath.Join(s.dir, from))
			if err != nil {
				t.Fatal(err)
			}
			comment := warning
			if strings.HasSuffix(to, ".age") {
				comment = "# " + warning
			}
			write(t, prefix+to, append([]byte(comment), data...))
		}
		write(t, prefix+"-recipient.txt", []byte(s.MessageRecipient()+"\n"))
	}
	write(t, "README.md", []byte(`# Vectors of messages

`+"`message.json` and `receipt.json`"+` are in the one encoding. `+"`message.asice` and `receipt.asice`"+` hold
them, signed by the seals of the exercise States XA and XB without a random source (RFC 6979), so
that an implementation can write the same bytes. `+"`message.age`"+` is the first, padded and encrypted to XB.
`+"`expected.json`"+` gives the time at which to verify and each container's identity, the SHA-256 of its
signature file. `+"`overseen.*`"+` are the same message naming an oversight body of each State, sealed to
three recipients; a message without that list is an older one. `+"`refused/`"+` holds messages that no implementation may read.

All keys here are published. They are for exercises only, protect nothing and must not be used.
`))
	want := expected{VerifyAt: rogatory.At(noon).String(), Accepted: map[string]rogatory.Digest{}, Refused: map[string]string{}}
	write(t, "message.json", encode(t, message()))
	container, digest, err := envelope.Sign(message(), exerciseSigner(t, "xa-seal.exercise-only.pem"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "message.asice", container)
	want.Accepted["message.asice"] = digest
	r := receipt()
	r.Digest = digest
	write(t, "receipt.json", encode(t, r))
	if container, digest, err = envelope.SignReceipt(r, exerciseSigner(t, "xb-seal.exercise-only.pem")); err != nil {
		t.Fatal(err)
	}
	write(t, "receipt.asice", container)
	want.Accepted["receipt.asice"] = digest
	sealed, err := envelope.Seal(read(t, "message.asice"), strings.TrimSpace(string(read(t, "xb-recipient.txt"))))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "message.age", sealed)
	overseenVectors(t, &want)
	good := string(encode(t, message()))
	for name, bad := range map[string]struct{ why, data string }{
		"space.json":          {"white space between members", strings.Replace(good, `":`, `": `, 1)},
		"order.json":          {"members in another order", strings.Replace(good, `"rogatory":1,"mode":"exercise"`, `"mode":"exercise","rogatory":1`, 1)},
		"twice.json":          {"a member twice", strings.Replace(good, `"mode":"exercise"`, `"mode":"live","mode":"exercise"`, 1)},
		"unknown.json":        {"an unknown member", strings.Replace(good, `"mode"`, `"mood":1,"mode"`, 1)},
		"escape.json":         {"a needless escape", strings.Replace(good, `"A. Duarte"`, `"\u0041. Duarte"`, 1)},
		"zone.json":           {"a time of another zone", strings.Replace(good, `12:00:00.000000Z`, `13:00:00.000000+01:00`, 1)},
		"number.json":         {"a number in another form", strings.Replace(good, `"sequence":1`, `"sequence":1.0`, 1)},
		"line-separator.json": {"U+2028 written as it is: it is escaped in the one encoding", strings.Replace(good, `\u2028`, "\u2028", 1)},
		"trailing-line.json":  {"a line feed at the end", good + "\n"},
		"body.json":           {"a body that does not fit its act", strings.Replace(good, `"act":"send"`, `"act":"acknowledge"`, 1)},
		"self.json":           {"a message to oneself", strings.Replace(good, `"to":{"state":"XB"`, `"to":{"state":"XA"`, 1)},
		"gap.json":            {"sequence nought", strings.Replace(good, `"sequence":1`, `"sequence":0`, 1)},
	} {
		if bad.data == good {
			t.Fatalf("%s is a good message", name)
		}
		write(t, "refused/"+name, []byte(bad.data))
		want.Refused[name] = bad.why
	}
	text, err := json.MarshalIndent(want, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, "expected.json", append(text, '\n'))
}

// overseenVectors adds the message that names an oversight body of each State. Those of before stay as they
// were: a message without the list is an older one.
func overseenVectors(t *testing.T, want *expected) {
	for _, state := range []string{"xa", "xb"} {
		identity, err := age.GenerateHybridIdentity()
		if err != nil {
			t.Fatal(err)
		}
		write(t, state+"-oversight.exercise-only.age", []byte("# "+warning+identity.String()+"\n"))
		write(t, state+"-oversight-recipient.txt", []byte(identity.Recipient().String()+"\n"))
	}
	m := overseen(t)
	write(t, "overseen.json", encode(t, m))
	container, digest, err := envelope.Sign(m, exerciseSigner(t, "xa-seal.exercise-only.pem"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "overseen.asice", container)
	want.Accepted["overseen.asice"] = digest
	sealed, err := envelope.Seal(container, recipient(t, "xb-recipient.txt"), recipient(t, "xa-oversight-recipient.txt"), recipient(t, "xb-oversight-recipient.txt"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, "overseen.age", sealed)
	good, list := string(encode(t, m)), m.Oversight
	for name, bad := range map[string]struct{ why, data string }{
		"oversight-order.json": {"oversight bodies in descending order", strings.Replace(good, fmt.Sprintf(`"%s","%s"`, list[0], list[1]), fmt.Sprintf(`"%s","%s"`, list[1], list[0]), 1)},
		"oversight-twice.json": {"one oversight body twice", strings.Replace(good, list[1].String(), list[0].String(), 1)},
		"oversight-none.json":  {"an empty list of oversight bodies: the member is left out", strings.Replace(good, fmt.Sprintf(`"%s","%s"`, list[0], list[1]), "", 1)},
	} {
		if bad.data == good {
			t.Fatalf("%s is a good message", name)
		}
		write(t, "refused/"+name, []byte(bad.data))
		want.Refused[name] = bad.why
	}
}

func recipient(t *testing.T, name string) string { return strings.TrimSpace(string(read(t, name))) }

// overseen is the message with the oversight bodies of the vectors.
func overseen(t *testing.T) rogatory.Message {
	m := message()
	for _, state := range []string{"xa", "xb"} {
		m.Oversight = append(m.Oversight, rogatory.OversightBody{Recipient: recipient(t, state+"-oversight-recipient.txt")}.Fingerprint())
	}
	slices.SortFunc(m.Oversight, func(a, b rogatory.Digest) int { return bytes.Compare(a[:], b[:]) })
	return m
}

func TestVectorsOfOverseenMessages(t *testing.T) {
	var want expected
	if err := json.Unmarshal(read(t, "expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	m := overseen(t)
	if !bytes.Equal(encode(t, m), read(t, "overseen.json")) {
		t.Error("the message is now encoded differently")
	}
	container, digest, err := envelope.Sign(m, exerciseSigner(t, "xa-seal.exercise-only.pem"))
	if err != nil || !bytes.Equal(container, read(t, "overseen.asice")) || digest != want.Accepted["overseen.asice"] {
		t.Errorf("the message is now signed differently (%v)", err)
	}
	sealed := read(t, "overseen.age")
	if n, err := envelope.Stanzas(sealed); n != 3 || err != nil {
		t.Errorf("overseen.age is sealed to %d recipients (%v), want the addressee and two bodies", n, err)
	}
	if n, err := envelope.Stanzas(read(t, "message.age")); n != 1 || err != nil {
		t.Errorf("message.age is sealed to %d recipients (%v)", n, err)
	}
	if n, err := envelope.Stanzas([]byte("no envelope")); n != 0 || rogatory.CodeOf(err) != "envelope_malformed" {
		t.Errorf("what is no envelope has %d recipients (%v)", n, err)
	}
	for _, key := range []string{"xb-message.exercise-only.age", "xa-oversight.exercise-only.age", "xb-oversight.exercise-only.age"} {
		identities, err := age.ParseIdentities(bytes.NewReader(read(t, key)))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := envelope.Unseal(t.Context(), sealed, identities...); err != nil || !bytes.Equal(got, container) {
			t.Errorf("%s does not open the envelope: %v", key, err)
		}
	}
}

func TestVectors(t *testing.T) {
	if *update {
		newVectors(t)
	}
	var want expected
	if err := json.Unmarshal(read(t, "expected.json"), &want); err != nil {
		t.Fatal(err)
	}
	if want.VerifyAt != rogatory.At(noon).String() || len(want.Accepted) != 3 || len(want.Refused) < 13 {
		t.Fatalf("expected.json: %+v", want)
	}

	// The formats are stable: the same message is still written and signed the same way.
	m := message()
	if !bytes.Equal(encode(t, m), read(t, "message.json")) {
		t.Error("the message is now encoded differently")
	}
	container, digest, err := envelope.Sign(m, exerciseSigner(t, "xa-seal.exercise-only.pem"))
	if err != nil || !bytes.Equal(container, read(t, "message.asice")) || digest != want.Accepted["message.asice"] {
		t.Errorf("the message is now signed differently (%v)", err)
	}
	r, err := envelope.DecodeReceipt(read(t, "receipt.json"))
	if err != nil || r.Digest != digest {
		t.Fatalf("receipt: %+v, %v", r, err)
	}
	answer, digest, err := envelope.SignReceipt(r, exerciseSigner(t, "xb-seal.exercise-only.pem"))
	if err != nil || !bytes.Equal(answer, read(t, "receipt.asice")) || digest != want.Accepted["receipt.asice"] {
		t.Errorf("the receipt is now signed differently (%v)", err)
	}

	// What was written then is still read.
	identities, err := age.ParseIdentities(bytes.NewReader(read(t, "xb-message.exercise-only.age")))
	if err != nil {
		t.Fatal(err)
	}
	unsealed, err := envelope.Unseal(t.Context(), read(t, "message.age"), identities...)
	if err != nil || !bytes.Equal(unsealed, container) {
		t.Fatalf("message.age opens as %d bytes (%v)", len(unsealed), err)
	}
	o, err := envelope.Open(unsealed, exerciseParty(t, "XA", "xa-authority.pem"), noon)
	if err != nil || o.Digest != want.Accepted["message.asice"] {
		t.Errorf("message.asice: %s, %v", o.Digest, err)
	}
	if got, _, err := envelope.OpenReceipt(answer, exerciseParty(t, "XB", "xb-authority.pem"), noon); err != nil || got != r {
		t.Errorf("receipt.asice: %+v, %v", got, err)
	}
	for name, why := range want.Refused {
		if _, err := envelope.DecodeMessage(read(t, "refused/"+name)); rogatory.CodeOf(err) != "message_invalid" {
			t.Errorf("refused/%s (%s) is read: %v", name, why, err)
		}
	}
}

// stockAge builds the age program, as anybody can get it, of the version that we are built with. The
// age of older distributions does not know hybrid keys.
func stockAge(t *testing.T) string {
	t.Helper()
	const version = "v1.3.2"
	bin := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "install", "filippo.io/age/cmd/age@"+version)
	build.Dir = bin
	build.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("this test needs the age program %s, and go could not build it: %v\n%s", version, err, out)
	}
	return filepath.Join(bin, "age")
}

// A ministry's expert has age, unzip and openssl, and nothing of ours.
func TestExpertOpensAndChecksWithStockTools(t *testing.T) {
	program, folder := stockAge(t), t.TempDir()
	put := func(name string, data []byte) string {
		name = filepath.Join(folder, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return name
	}
	key, sealed := put("key.txt", read(t, "xb-message.exercise-only.age")), put("message.age", read(t, "message.age"))
	if out, err := tool(t, folder, program, "-d", "-i", key, "-o", "message.asice", sealed); err != nil {
		t.Fatalf("age does not open the envelope: %v\n%s", err, out)
	}
	// And the other way: what stock age encrypted to the same recipient, we open.
	if out, err := tool(t, folder, program, "-r", strings.TrimSpace(string(read(t, "xb-recipient.txt"))), "-o", "again.age", "message.asice"); err != nil {
		t.Fatalf("age does not encrypt to our recipient: %v\n%s", err, out)
	}
	again, err := os.ReadFile(filepath.Join(folder, "again.age"))
	if err != nil {
		t.Fatal(err)
	}
	identities, err := age.ParseIdentities(bytes.NewReader(read(t, "xb-message.exercise-only.age")))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := envelope.Unseal(t.Context(), again, identities...); err != nil || !bytes.Equal(got, read(t, "message.asice")) {
		t.Errorf("what age encrypted opens as %d bytes (%v)", len(got), err)
	}

	archive, err := zip.OpenReader(filepath.Join(folder, "message.asice"))
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	for _, f := range archive.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		put(f.Name, data)
	}
	authority := put("authority.pem", read(t, "xa-authority.pem"))
	check := []string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "META-INF/signature001.p7s",
		"-content", "META-INF/ASiCManifest001.xml", "-CAfile", authority, "-attime", fmt.Sprint(noon.Unix()), "-out", "checked.xml"}
	if out, err := tool(t, folder, "openssl", check...); err != nil {
		t.Fatalf("openssl refuses the signature: %v\n%s", err, out)
	}
	sum, err := tool(t, folder, "openssl", "dgst", "-sha256", "-r", "message.json")
	if err != nil || !strings.HasPrefix(sum, rogatory.DigestOf(read(t, "message.json")).String()+" ") {
		t.Errorf("openssl computes %s (%v)", sum, err)
	}
	put("authority.pem", read(t, "xb-authority.pem"))
	if out, err := tool(t, folder, "openssl", check...); err == nil {
		t.Errorf("openssl accepts another State's authority: %s", out)
	}
}
