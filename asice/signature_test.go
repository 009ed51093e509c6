// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

// Whoever carries a message must not be able to give it a second identity that
// also verifies.
func TestNobodyCanGiveAMessageAnotherIdentity(t *testing.T) {
	s := newScene(t)
	good := s.build()
	c, err := Parse(good)
	if err != nil {
		t.Fatal(err)
	}
	signed, certificates, err := parseSignature(c.Signatures[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	encode := func(certificates [][]byte, signature []byte) []byte {
		der, err := encodeSignedData(oidData, nil, certificates, true, signed.attributes, signature)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	r, low, _ := readECDSA(signed.signature)
	var b cryptobyte.Builder
	b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r)
		b.AddASN1BigInt(new(big.Int).Sub(elliptic.P256().Params().N, low))
	})
	high := b.BytesOrPanic()
	digest := sha256.Sum256(setOf(signed.attributes))
	if !ecdsa.VerifyASN1(&key(t, "Aurelia Central Authority").PublicKey, digest[:], high) {
		t.Fatal("the mirrored signature is no signature, so this test would prove nothing")
	}

	for name, der := range map[string][]byte{
		"mirrored signature value": encode(certificates, high),
		"one certificate more":     encode(append(certificates[:2:2], s.root.certificate.Raw), signed.signature),
		"one certificate less":     encode(certificates[:1], signed.signature),
		"a certificate twice":      encode(append(certificates[:2:2], certificates[1]), signed.signature),
	} {
		forged := reseal(t, good, func(e []entry) []entry { e[4].data = der; return e })
		if _, err := Parse(forged); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v, want malformed", name, err)
		}
	}
	if der := encode(certificates, signed.signature); !bytes.Equal(der, c.Signatures[0].Data) {
		t.Error("encoding the true parts does not give the true signature, so the refusals above prove nothing")
	}

	// Keys that sign with chance are brought to the same form.
	random := s.signer
	random.Random = rand.Reader
	for range 8 {
		b, err := Build(s.request(), random, noon())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Parse(b); err != nil {
			t.Errorf("a container by a randomised key is refused: %v", err)
		}
	}
}

func TestOnlyTheRightCertificateIsTrusted(t *testing.T) {
	s := newScene(t)
	k := key(t, "Aurelia Central Authority")
	by := func(change func(*x509.Certificate)) Signer {
		return Signer{Key: k, Chain: s.signer.Chain, Certificate: issue(t, s.ministry, "Aurelia Central Authority", &k.PublicKey, change)}
	}
	short := authority(t, s.root, "Aurelia Old Ministry")
	short.certificate = issue(t, s.root, "Aurelia Old Ministry", &short.key.PublicKey, func(c *x509.Certificate) {
		c.IsCA, c.KeyUsage, c.NotAfter = true, x509.KeyUsageCertSign, noon().Add(time.Minute)
	})
	selfSigned := Signer{Key: k, Certificate: issue(t, nil, "Aurelia Central Authority", &k.PublicKey, nil)}
	selfRoots := x509.NewCertPool()
	selfRoots.AddCert(selfSigned.Certificate)

	for _, row := range []struct {
		name   string
		signer Signer
		roots  *x509.CertPool
		at     time.Time
		want   error
	}{
		{"as it should be", s.signer, s.roots, noon(), nil},
		{"contentCommitment instead", by(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }), s.roots, noon(), nil},
		{"e-mail protection named", by(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} }), s.roots, noon(), nil},
		{"self-signed and itself a root", selfSigned, selfRoots, noon(), nil},
		{"last valid second", s.signer, s.roots, s.signer.Certificate.NotAfter, nil},
		{"one second later", s.signer, s.roots, s.signer.Certificate.NotAfter.Add(time.Second), ErrCertificateTime},
		{"before it was valid", s.signer, s.roots, s.signer.Certificate.NotBefore.Add(-time.Second), ErrCertificateTime},
		{"no time given", s.signer, s.roots, time.Time{}, ErrCertificateTime},
		{"issuer expired", Signer{Key: k, Chain: []*x509.Certificate{short.certificate},
			Certificate: issue(t, short, "Aurelia Central Authority", &k.PublicKey, nil)}, s.roots, noon().Add(time.Hour), ErrCertificateTime},
		{"another State's root", s.signer, s.stampPool, noon(), ErrUntrusted},
		{"no roots", s.signer, nil, noon(), ErrUntrusted},
		{"issuer left out", Signer{Key: k, Certificate: s.signer.Certificate}, s.roots, noon(), ErrUntrusted},
		{"self-signed", selfSigned, s.roots, noon(), ErrUntrusted},
		{"for web servers", by(func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }), s.roots, noon(), ErrUntrusted},
	} {
		container, err := Build(s.request(), row.signer, noon())
		if err != nil {
			t.Errorf("%s: building: %v", row.name, err)
			continue
		}
		c, err := Parse(container)
		if err != nil {
			t.Errorf("%s: parsing: %v", row.name, err)
			continue
		}
		v, err := c.Verify(row.roots, row.at)
		if !errors.Is(err, row.want) || (err == nil) != (v != nil) {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
}

// liar signs something other than it is asked to.
type liar struct{ *ecdsa.PrivateKey }

func (l liar) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	other := sha256.Sum256(digest)
	return l.PrivateKey.Sign(r, other[:], o)
}

func TestBuildRefusesASignerThatNobodyWouldAccept(t *testing.T) {
	s := newScene(t)
	k := key(t, "Aurelia Central Authority")
	large, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sealer := func(change func(*x509.Certificate)) *x509.Certificate {
		return issue(t, s.ministry, "Aurelia Central Authority", &k.PublicKey, change)
	}
	for _, row := range []struct {
		name   string
		signer Signer
		want   error
	}{
		{"key of another certificate", Signer{Key: key(t, "somebody"), Certificate: s.signer.Certificate}, ErrSignature},
		{"P-384", Signer{Key: large, Certificate: issue(t, s.ministry, "large", &large.PublicKey, nil)}, ErrSignature},
		{"not for signing", Signer{Key: k, Certificate: sealer(func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyAgreement })}, ErrUntrusted},
		{"expired", Signer{Key: k, Certificate: sealer(func(c *x509.Certificate) { c.NotAfter = noon().Add(-time.Second) })}, ErrCertificateTime},
		{"a device that computes wrongly", Signer{Key: liar{k}, Certificate: s.signer.Certificate}, ErrSignature},
		{"endless chain", Signer{Key: k, Certificate: s.signer.Certificate, Chain: make([]*x509.Certificate, maxCertificates)}, ErrTooLarge},
	} {
		if b, err := Build(s.request(), row.signer, noon()); !errors.Is(err, row.want) || b != nil {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
	if _, err := Build(s.request(), Signer{}, noon()); err == nil {
		t.Error("built without a signer")
	}
}

// The signature over one manifest is put under another with the same digest stated
// in its attributes replaced: only the signature value can tell.
func TestAForgedSignatureIsRefused(t *testing.T) {
	s := newScene(t)
	c, err := Parse(s.build())
	if err != nil {
		t.Fatal(err)
	}
	signed, certificates, err := parseSignature(c.Signatures[0].Data)
	if err != nil {
		t.Fatal(err)
	}
	forge := func(at time.Time) *Container {
		c.Files[0].Data = []byte(`{"kind":"forged"}`)
		covered, err := references(c.Files)
		if err != nil {
			t.Fatal(err)
		}
		text := (&manifest{signatureName, signatureMediaType, covered}).encode()
		attributes, err := signedAttributes(oidData, sha256.Sum256(text), at, certificates)
		if err != nil {
			t.Fatal(err)
		}
		der, err := encodeSignedData(oidData, nil, certificates, true, attributes, signed.signature)
		if err != nil {
			t.Fatal(err)
		}
		c.Signatures[0].Manifest, c.Signatures[0].Data = text, der
		return c
	}
	if _, err := forge(noon()).Verify(s.roots, noon()); !errors.Is(err, ErrSignature) {
		t.Errorf("forged content: %v, want bad signature", err)
	}
	if _, err := forge(noon()).encode(); err != nil {
		t.Errorf("the forgery is not even well formed, so this test proves nothing: %v", err)
	}

	// A true signature with a claimed time outside the certificate's validity.
	late := s.signer.Certificate.NotAfter.Add(time.Hour)
	forge(late)
	manifestSum := sha256.Sum256(c.Signatures[0].Manifest)
	attributes, _ := signedAttributes(oidData, manifestSum, late, certificates)
	digest := sha256.Sum256(setOf(attributes))
	value, err := s.signer.Key.Sign(nil, digest[:], crypto.SHA256)
	if err != nil {
		t.Fatal(err)
	}
	if value, err = lowS(value); err != nil {
		t.Fatal(err)
	}
	if c.Signatures[0].Data, err = encodeSignedData(oidData, nil, certificates, true, attributes, value); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Verify(s.roots, noon()); !errors.Is(err, ErrCertificateTime) {
		t.Errorf("claimed to be signed after the certificate expired: %v", err)
	}
}

// From 2050 on CMS writes times in another form.
func TestSignaturesWorkPastTheMiddleOfTheCentury(t *testing.T) {
	s := newScene(t)
	later := time.Date(2055, 6, 1, 8, 0, 0, 0, time.UTC)
	k := key(t, "Aurelia Central Authority")
	self := Signer{Key: k, Certificate: issue(t, nil, "Aurelia Central Authority", &k.PublicKey, func(c *x509.Certificate) {
		c.NotBefore, c.NotAfter = later.AddDate(-1, 0, 0), later.AddDate(1, 0, 0)
	})}
	roots := x509.NewCertPool()
	roots.AddCert(self.Certificate)
	b, err := Build(s.request(), self, later)
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if v, err := c.Verify(roots, later); err != nil || !v.SigningTime.Equal(later) {
		t.Errorf("signed in 2055: %+v, %v", v, err)
	}
}

func TestVerifyChecksAgainWhatACallerChanged(t *testing.T) {
	s := newScene(t)
	c, err := Parse(s.build())
	if err != nil {
		t.Fatal(err)
	}
	c.Files[0].Data = []byte("changed after parsing")
	if _, err := c.Verify(s.roots, noon()); !errors.Is(err, ErrDigest) {
		t.Errorf("changed file: %v", err)
	}
	if _, err := (&Container{}).Verify(s.roots, noon()); !errors.Is(err, ErrMalformed) {
		t.Errorf("empty container: %v", err)
	}
	if (&Container{}).SignatureDigest() != [32]byte{} {
		t.Error("an empty container has an identity")
	}
}

func TestAVerifierRemembersOnlyWhatIsTrueAtAnyTime(t *testing.T) {
	s := newScene(t)
	c, err := Parse(s.build())
	if err != nil {
		t.Fatal(err)
	}
	v := NewVerifier(s.roots)
	for range 2 {
		if _, err := v.Verify(c, noon()); err != nil {
			t.Fatal(err)
		}
	}
	if len(v.trusted) != 1 {
		t.Errorf("%d chains remembered", len(v.trusted))
	}
	if _, err := v.Verify(c, noon().AddDate(2, 0, 0)); !errors.Is(err, ErrCertificateTime) {
		t.Errorf("remembered beyond the certificate's end: %v", err)
	}
	if _, err := NewVerifier(s.stampPool).Verify(c, noon()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("one verifier's memory leaks into another: %v", err)
	}
	bad := *c
	bad.Signatures = []Signature{c.Signatures[0]}
	bad.Signatures[0].Data = bytes.Clone(c.Signatures[0].Data)
	bad.Signatures[0].Data[len(bad.Signatures[0].Data)-1] ^= 1
	if _, err := v.Verify(&bad, noon()); !errors.Is(err, ErrSignature) {
		t.Errorf("a remembered chain excuses a bad signature: %v", err)
	}

	// Make the memory full, then let one more authority come.
	for i := len(v.trusted); i < maxTrusted; i++ {
		v.trusted[sha256.Sum256(fmt.Append(nil, i))] = &trust{}
	}
	newcomer := issue(t, s.root, "newcomer", &s.root.key.PublicKey, nil)
	if _, err := v.trust([][]byte{newcomer.Raw}, noon()); err != nil || len(v.trusted) > maxTrusted {
		t.Errorf("%d chains remembered, %v", len(v.trusted), err)
	}
}

func FuzzParseSignedData(f *testing.F) {
	s := newScene(f)
	c, err := Parse(s.stamped())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(c.Signatures[0].Data)
	f.Add(c.Stamps[0].Token)
	f.Fuzz(func(t *testing.T, der []byte) {
		if signed, certificates, err := parseSignature(der); err != nil && (signed != nil || certificates != nil) {
			t.Fatal("something was returned beside the error")
		}
		if info, err := ReadStamp(der); err != nil && info != nil {
			t.Fatal("something was returned beside the error")
		}
		if _, err := VerifyStamp(der, make([]byte, 32), s.stampPool); err == nil {
			t.Fatal("somebody stamped the zero digest")
		}
	})
}
