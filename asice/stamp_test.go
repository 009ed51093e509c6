// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"testing"
	"time"

	"golang.org/x/crypto/cryptobyte"
	tag "golang.org/x/crypto/cryptobyte/asn1"
)

func TestAStampProvesWhenADatumExisted(t *testing.T) {
	s := newScene(t)
	digest := sha256.Sum256([]byte("checkpoint"))
	precise := noon().Add(123450 * time.Microsecond)
	token, err := s.stampAt(precise)(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	at, err := VerifyStamp(token, digest[:], s.stampPool)
	if err != nil || !at.Equal(precise) {
		t.Fatalf("stamped at %v, %v; want %v", at, err, precise)
	}
	info, err := ReadStamp(token)
	if err != nil || info.Serial.Int64() != 4711 || info.Nonce != nil || !info.Policy.Equal(asn1.ObjectIdentifier{2, 999}) {
		t.Errorf("token states %+v, %v", info, err)
	}

	other := sha256.Sum256([]byte("another"))
	withKey := func(change func(*x509.Certificate)) Signer {
		k := key(t, "Exercise Time")
		return Signer{Key: k, Certificate: issue(t, s.stampRoot, "Exercise Time", &k.PublicKey, change)}
	}
	// mislabel makes a token as an authority would whose certificate is not fit:
	// IssueStamp refuses, so the content is signed directly.
	info2 := info.token.content
	mislabel := func(by Signer) []byte {
		token, err := by.sign(oidTSTInfo, info2, false, true, noon())
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	bare, err := IssueStamp(StampRequest{Digest: digest[:], Policy: info.Policy, Serial: big.NewInt(1), Time: noon(), OmitCertificates: true}, s.stamper)
	if err != nil {
		t.Fatal(err)
	}
	wide := sha512.Sum512([]byte("checkpoint"))
	sha512Token, err := s.stampAt(noon())(wide[:])
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		name   string
		token  []byte
		digest []byte
		roots  *x509.CertPool
		want   Fault
	}{
		{"other digest", token, other[:], s.stampPool, ErrStamp},
		{"short digest", token, digest[:31], s.stampPool, ErrStamp},
		{"SHA-512 token", sha512Token, digest[:], s.stampPool, ErrStamp},
		{"other roots", token, digest[:], s.roots, ErrUntrusted},
		{"no roots", token, digest[:], nil, ErrUntrusted},
		{"no certificate in it", bare, digest[:], s.stampPool, ErrStamp},
		{"nothing", nil, digest[:], s.stampPool, ErrStamp},
		{"authority for something else", mislabel(withKey(nil)), digest[:], s.stampPool, ErrUntrusted},
		{"purpose not critical", mislabel(withKey(stampingOnly(false))), digest[:], s.stampPool, ErrUntrusted},
		{"authority expired", mislabel(withKey(func(c *x509.Certificate) {
			stampingOnly(true)(c)
			c.NotAfter = noon()
		})), digest[:], s.stampPool, ErrCertificateTime},
	} {
		_, err := VerifyStamp(row.token, row.digest, row.roots)
		if !errors.Is(err, row.want) || !errors.Is(err, ErrStamp) {
			t.Errorf("%s: got %v, want %s", row.name, err, row.want)
		}
	}
}

func TestIssueStampRefusesNonsense(t *testing.T) {
	s := newScene(t)
	good := StampRequest{Digest: make([]byte, 32), Policy: asn1.ObjectIdentifier{2, 999}, Serial: big.NewInt(1), Time: noon()}
	if _, err := IssueStamp(good, s.stamper); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*StampRequest){
		"SHA-1":           func(r *StampRequest) { r.Digest = make([]byte, 20) },
		"no serial":       func(r *StampRequest) { r.Serial = nil },
		"negative serial": func(r *StampRequest) { r.Serial = big.NewInt(-1) },
		"no policy":       func(r *StampRequest) { r.Policy = nil },
		"broken policy":   func(r *StampRequest) { r.Policy = asn1.ObjectIdentifier{9} },
	} {
		r := good
		change(&r)
		if token, err := IssueStamp(r, s.stamper); !errors.Is(err, ErrStamp) || token != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := IssueStamp(good, s.signer); !errors.Is(err, ErrUntrusted) {
		t.Errorf("stamped with a certificate for signing: %v", err)
	}
	late := good
	late.Time = noon().AddDate(2, 0, 0)
	if _, err := IssueStamp(late, s.stamper); !errors.Is(err, ErrCertificateTime) {
		t.Errorf("stamped after the certificate expired: %v", err)
	}
}

func TestATokenWithAnUnknownCriticalExtensionIsRefused(t *testing.T) {
	s := newScene(t)
	digest := sha256.Sum256([]byte("checkpoint"))
	plain, err := s.stampAt(noon())(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	info, err := ReadStamp(plain)
	if err != nil {
		t.Fatal(err)
	}
	for _, critical := range []bool{false, true} {
		var fields cryptobyte.String
		content := cryptobyte.String(info.token.content)
		if !content.ReadASN1(&fields, tag.SEQUENCE) {
			t.Fatal("token content is no sequence")
		}
		var b cryptobyte.Builder
		b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(fields)
			b.AddASN1(tag.Tag(1).ContextSpecific().Constructed(), func(b *cryptobyte.Builder) {
				b.AddASN1(tag.SEQUENCE, func(b *cryptobyte.Builder) {
					b.AddASN1ObjectIdentifier(asn1.ObjectIdentifier{2, 999, 1})
					if critical {
						b.AddASN1Boolean(true)
					}
					b.AddASN1OctetString(nil)
				})
			})
		})
		token, err := s.stamper.sign(oidTSTInfo, b.BytesOrPanic(), false, true, noon())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := VerifyStamp(token, digest[:], s.stampPool); critical != errors.Is(err, ErrStamp) {
			t.Errorf("critical %t: %v", critical, err)
		}
	}
}

// A State names its own time-stamp authority, so tokens by other software, with RSA
// keys, have to be accepted too. Here openssl itself is the authority.
func TestATokenByAnotherAuthorityIsAccepted(t *testing.T) {
	for _, row := range []struct{ digest, key, option string }{
		{"sha512", "rsa:2048", "rsa_keygen_bits:2048"},
		{"sha384", "ec", "ec_paramgen_curve:P-384"},
	} {
		t.Run(row.key, func(t *testing.T) { acceptOpenSSL(t, row.digest, row.key, row.option) })
	}
}

func acceptOpenSSL(t *testing.T, signerDigest, algorithm, option string) {
	folder := t.TempDir()
	write(t, folder+"/tsa.cnf", []byte(`
[tsa]
default_tsa = foreign
[foreign]
serial = serial
signer_cert = tsa.pem
certs = root.pem
signer_key = tsa.key
signer_digest = `+signerDigest+`
default_policy = 2.999.1
digests = sha256
accuracy = secs:1, millisecs:500
ordering = yes
tsa_name = yes
ess_cert_id_chain = yes
ess_cert_id_alg = sha256
[purpose]
basicConstraints = critical,CA:false
extendedKeyUsage = critical,timeStamping
keyUsage = digitalSignature
[root]
basicConstraints = critical,CA:true
keyUsage = keyCertSign
[req]
distinguished_name = name
[name]
`))
	datum := []byte("an exhibit's root")
	write(t, folder+"/datum", datum)
	for _, args := range [][]string{
		{"req", "-x509", "-newkey", algorithm, "-pkeyopt", option, "-nodes", "-keyout", "root.key", "-out", "root.pem", "-subj", "/CN=Foreign Root", "-days", "30", "-config", "tsa.cnf", "-extensions", "root"},
		{"req", "-newkey", algorithm, "-pkeyopt", option, "-nodes", "-keyout", "tsa.key", "-out", "tsa.csr", "-subj", "/CN=Foreign Time", "-config", "tsa.cnf"},
		{"x509", "-req", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-CAcreateserial", "-out", "tsa.pem", "-days", "30", "-extfile", "tsa.cnf", "-extensions", "purpose"},
		{"ts", "-query", "-data", "datum", "-sha256", "-cert", "-out", "query"},
		{"ts", "-reply", "-queryfile", "query", "-config", "tsa.cnf", "-token_out", "-out", "token"},
	} {
		if out, err := openssl(t, folder, args...); err != nil {
			t.Fatalf("openssl %s: %v\n%s", args[0], err, out)
		}
	}
	token, err := os.ReadFile(folder + "/token")
	if err != nil {
		t.Fatal(err)
	}
	root, err := os.ReadFile(folder + "/root.pem")
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(root)
	digest := sha256.Sum256(datum)
	if _, err := VerifyStamp(token, digest[:], roots); err != nil {
		t.Fatalf("openssl's token is refused: %v", err)
	}
	info, err := ReadStamp(token)
	if err != nil || info.Nonce == nil {
		t.Errorf("openssl's query had a nonce, the token states %+v, %v", info, err)
	}
	token[len(token)-1] ^= 1
	if _, err := VerifyStamp(token, digest[:], roots); !errors.Is(err, ErrStamp) {
		t.Errorf("openssl's token with a changed signature: %v", err)
	}
}
