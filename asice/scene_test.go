// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// noon is when everything in these tests happens.
func noon() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// key is always the same for a name, so that whole containers can be compared.
func key(t testing.TB, name string) *ecdsa.PrivateKey {
	t.Helper()
	scalar := sha256.Sum256([]byte("exercise key, worthless: " + name))
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar[:])
	if err != nil {
		t.Fatal(err)
	}
	return k
}

type issuer struct {
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

// issue makes a certificate for name, two years around noon unless changed.
func issue(t testing.TB, by *issuer, name string, public crypto.PublicKey, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	sum := sha256.Sum256([]byte(name))
	template := &x509.Certificate{
		SerialNumber:          new(big.Int).SetBytes(append([]byte{1}, sum[:8]...)),
		Subject:               pkix.Name{CommonName: name},
		NotBefore:             noon().AddDate(-1, 0, 0),
		NotAfter:              noon().AddDate(1, 0, 0),
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature,
	}
	if change != nil {
		change(template)
	}
	parent, signer := template, key(t, name)
	if by != nil {
		parent, signer = by.certificate, by.key
	}
	der, err := x509.CreateCertificate(nil, template, parent, public, signer)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func authority(t testing.TB, by *issuer, name string) *issuer {
	t.Helper()
	k := key(t, name)
	return &issuer{k, issue(t, by, name, &k.PublicKey, func(c *x509.Certificate) {
		c.IsCA = true
		c.KeyUsage = x509.KeyUsageCertSign
		c.NotBefore, c.NotAfter = noon().AddDate(-5, 0, 0), noon().AddDate(5, 0, 0)
	})}
}

func stampingOnly(critical bool) func(*x509.Certificate) {
	return func(c *x509.Certificate) {
		value, _ := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
		c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Critical: critical, Value: value}}
	}
}

// scene is Aurelia's authority, certified through a ministry, and a time-stamp
// authority that everybody trusts.
type scene struct {
	t         testing.TB
	root      *issuer
	ministry  *issuer
	signer    Signer
	roots     *x509.CertPool
	stampRoot *issuer
	stamper   Signer
	stampPool *x509.CertPool
}

func newScene(t testing.TB) *scene {
	t.Helper()
	s := &scene{t: t, root: authority(t, nil, "Aurelia Root"), stampRoot: authority(t, nil, "Exercise Time Root")}
	s.ministry = authority(t, s.root, "Aurelia Ministry of Justice")
	k := key(t, "Aurelia Central Authority")
	s.signer = Signer{Key: k, Chain: []*x509.Certificate{s.ministry.certificate},
		Certificate: issue(t, s.ministry, "Aurelia Central Authority", &k.PublicKey, nil)}
	k = key(t, "Exercise Time")
	s.stamper = Signer{Key: k, Certificate: issue(t, s.stampRoot, "Exercise Time", &k.PublicKey, stampingOnly(true))}
	s.roots, s.stampPool = pool(s.root), pool(s.stampRoot)
	return s
}

func pool(issuers ...*issuer) *x509.CertPool {
	p := x509.NewCertPool()
	for _, i := range issuers {
		p.AddCert(i.certificate)
	}
	return p
}

func (s *scene) request() []File {
	return []File{
		{Name: "request.json", MediaType: "application/json", Data: []byte(`{"kind":"preservation","exercise":true}`)},
		{Name: "annex/decision-1.txt", MediaType: "text/plain", Data: []byte("line one\nline two\r\n")},
	}
}

func (s *scene) build() []byte {
	s.t.Helper()
	b, err := Build(s.request(), s.signer, noon())
	if err != nil {
		s.t.Fatalf("building: %v", err)
	}
	return b
}

// stampAt is the time-stamp authority at some time.
func (s *scene) stampAt(at time.Time) func([]byte) ([]byte, error) {
	return func(digest []byte) ([]byte, error) {
		return IssueStamp(StampRequest{Digest: digest, Policy: asn1.ObjectIdentifier{2, 999}, Serial: big.NewInt(4711), Time: at}, s.stamper)
	}
}

func (s *scene) stamped() []byte {
	s.t.Helper()
	b, err := AttachStamp(s.build(), s.stampAt(noon().Add(time.Minute)))
	if err != nil {
		s.t.Fatalf("stamping: %v", err)
	}
	return b
}

// unpack extracts a container with an independent ZIP reader.
func unpack(t testing.TB, container []byte) (folder string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(container), int64(len(container)))
	if err != nil {
		t.Fatalf("archive/zip does not read the container: %v", err)
	}
	folder = t.TempDir()
	if err := os.CopyFS(folder, r); err != nil {
		t.Fatal(err)
	}
	return folder
}

func write(t testing.TB, name string, data []byte) string {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o644); err != nil {
		t.Fatal(err)
	}
	return name
}

func pemOf(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// openssl runs the real tool in a folder.
func openssl(t testing.TB, folder string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("these tests need the openssl command line: ", err)
	}
	c := exec.Command(path, args...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	return strings.TrimSpace(string(out)), err
}
