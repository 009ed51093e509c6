// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"
)

// update is a flag of the test binary; flags have to exist before tests run.
var update = flag.Bool("update", false, "write testdata/vectors anew")

// vectors is testdata/vectors/expected.json: what any implementation must make of
// the files beside it.
type vectors struct {
	VerifyAt string            `json:"verify_at"`
	Accepted []acceptedVector  `json:"accepted"`
	Refused  map[string]string `json:"refused"` // file in refused/ to code
}

type acceptedVector struct {
	Container       string       `json:"container"`
	ContainerSHA256 string       `json:"container_sha256"`
	SignatureDigest string       `json:"signature_sha256"`
	Signer          string       `json:"signer"`
	SigningTime     string       `json:"signing_time"`
	Files           []fileVector `json:"files"`
	StampTimes      []string     `json:"stamp_times"`
	Proofs          []string     `json:"proofs"`
}

type fileVector struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	SHA256    string `json:"sha256"`
}

const vectorFolder = "testdata/vectors"

// accept reads a container as the vectors describe it.
func accept(t *testing.T, name string, roots, stampRoots *x509.CertPool, at time.Time) acceptedVector {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(vectorFolder, name))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(b)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	v, err := c.Verify(roots, at)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	times, err := c.VerifyStamps(stampRoots)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	sum := sha256.Sum256(b)
	out := acceptedVector{
		Container: name, ContainerSHA256: hex.EncodeToString(sum[:]), SignatureDigest: hex.EncodeToString(v.SignatureDigest[:]),
		Signer: v.Certificate.Subject.String(), SigningTime: v.SigningTime.Format(time.RFC3339),
		StampTimes: []string{}, Proofs: []string{},
	}
	for _, f := range c.Files {
		sum := sha256.Sum256(f.Data)
		out.Files = append(out.Files, fileVector{f.Name, f.MediaType, hex.EncodeToString(sum[:])})
	}
	for _, s := range times {
		out.StampTimes = append(out.StampTimes, s.Format(time.RFC3339))
	}
	for _, p := range c.Proofs {
		out.Proofs = append(out.Proofs, p.Name)
	}
	return out
}

func TestVectors(t *testing.T) {
	s := newScene(t)
	proven, err := AttachProof(s.stamped(), "receipt", []byte("c2sp.org/tlog-proof@v1\nan exercise proof\n"))
	if err != nil {
		t.Fatal(err)
	}
	written := map[string][]byte{"signed.asice": s.build(), "stamped.asice": s.stamped(), "proven.asice": proven}
	if *update {
		if err := os.RemoveAll(vectorFolder); err != nil {
			t.Fatal(err)
		}
		write(t, vectorFolder+"/roots.pem", pemOf(s.root.certificate))
		write(t, vectorFolder+"/stamp-roots.pem", pemOf(s.stampRoot.certificate))
		want := vectors{VerifyAt: noon().Format(time.RFC3339), Refused: map[string]string{}}
		for _, name := range []string{"signed.asice", "stamped.asice", "proven.asice"} {
			write(t, filepath.Join(vectorFolder, name), written[name])
			want.Accepted = append(want.Accepted, accept(t, name, s.roots, s.stampPool, noon()))
		}
		for _, h := range hostile(t) {
			if len(h.container) < 16<<10 { // the large ones need no file to be understood
				write(t, filepath.Join(vectorFolder, "refused", h.name+".asice"), h.container)
				want.Refused[h.name+".asice"] = string(h.want)
			}
		}
		text, err := json.MarshalIndent(want, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		write(t, vectorFolder+"/expected.json", append(text, '\n'))
	}

	text, err := os.ReadFile(vectorFolder + "/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	var want vectors
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	at, err := time.Parse(time.RFC3339, want.VerifyAt)
	if err != nil {
		t.Fatal(err)
	}
	read := func(name string) *x509.CertPool {
		text, err := os.ReadFile(filepath.Join(vectorFolder, name))
		if err != nil {
			t.Fatal(err)
		}
		p := x509.NewCertPool()
		if !p.AppendCertsFromPEM(text) {
			t.Fatalf("%s holds no certificate", name)
		}
		return p
	}
	roots, stampRoots := read("roots.pem"), read("stamp-roots.pem")
	if len(want.Accepted) != len(written) || len(want.Refused) < 50 {
		t.Fatalf("%d accepted and %d refused vectors", len(want.Accepted), len(want.Refused))
	}
	for _, v := range want.Accepted {
		if got := accept(t, v.Container, roots, stampRoots, at); !reflect.DeepEqual(got, v) {
			t.Errorf("%s is read as\n%+v\nwant\n%+v", v.Container, got, v)
		}
		// The format is stable: the same message is still written the same way.
		if b, err := os.ReadFile(filepath.Join(vectorFolder, v.Container)); err != nil || !bytes.Equal(b, written[v.Container]) {
			t.Errorf("%s is now written differently (%v)", v.Container, err)
		}
	}
	for name, code := range want.Refused {
		b, err := os.ReadFile(filepath.Join(vectorFolder, "refused", name))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(b); !errors.Is(err, Fault(code)) {
			t.Errorf("%s: got %v, want %s", name, err, code)
		}
	}
}
