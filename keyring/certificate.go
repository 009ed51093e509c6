// SPDX-License-Identifier: Apache-2.0

package keyring

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net"
	"strings"
	"time"
	"unicode/utf8"

	"rogatory"
)

const day = 24 * time.Hour

// Lives of the certificates. The authority outlives three seals; a seal is long enough for a court
// to meet the same one all through a case; a TLS key lies on a machine that faces the network.
const (
	lifeOfAuthority = 10 * 365 * day
	lifeOfSeal      = 3 * 365 * day
	lifeOfTLS       = 365 * day
	// leastLife is the shortest certificate that is still issued, when the authority itself nears
	// its end: one that a first warning can precede.
	leastLife = 31 * day
	// clockSkew dates certificates back, so that a peer whose clock is slow accepts them at once.
	clockSkew = time.Hour
)

// maxCommonName is the upper bound of a common name in X.509, in characters (RFC 5280 appendix A).
const maxCommonName = 64

// MaxHosts bounds the names in a TLS certificate.
const MaxHosts = 32

func newKey() (*ecdsa.PrivateKey, error) { return ecdsa.GenerateKey(elliptic.P256(), rand.Reader) }

func newAuthority(c Config) (pair, error) {
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	name := c.StateName + " certification authority"
	if utf8.RuneCountInString(name) > maxCommonName {
		name = string(c.State) + " certification authority"
	}
	p := pair{key: key}
	p.certificate, err = issue(c.Rand, &x509.Certificate{
		Subject:               pkix.Name{Organization: []string{string(c.State)}, CommonName: name},
		NotBefore:             c.Now.Add(-clockSkew),
		NotAfter:              c.Now.Add(lifeOfAuthority),
		IsCA:                  true,
		MaxPathLenZero:        true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
	}, p, p)
	return p, err
}

// newSeal makes a seal. It has no extended key usage: stock openssl accepts it for cms -verify.
func newSeal(random io.Reader, ca pair, who identity, generation int, now time.Time) (pair, error) {
	return newLeaf(random, ca, lifeOfSeal, now, &x509.Certificate{
		Subject:  subject(who, "seal", generation),
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageContentCommitment,
	})
}

func newTLS(random io.Reader, ca pair, who identity, generation int, now time.Time, hosts []string) (pair, error) {
	names, addresses, err := splitHosts(hosts)
	if err != nil {
		return pair{}, err
	}
	return newLeaf(random, ca, lifeOfTLS, now, &x509.Certificate{
		Subject:     subject(who, "node", generation),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		DNSNames:    names,
		IPAddresses: addresses,
	})
}

func subject(who identity, purpose string, generation int) pkix.Name {
	return pkix.Name{
		Organization:       []string{string(who.State)},
		OrganizationalUnit: []string{string(who.Authority)},
		CommonName:         fmt.Sprintf("%s %.40s %s %d", who.State, who.Authority, purpose, generation),
	}
}

func newLeaf(random io.Reader, ca pair, life time.Duration, now time.Time, template *x509.Certificate) (pair, error) {
	template.NotBefore, template.NotAfter = now.Add(-clockSkew), now.Add(life)
	if end := ca.certificate.NotAfter; template.NotAfter.After(end) {
		template.NotAfter = end
	}
	if template.NotBefore.Before(ca.certificate.NotBefore) {
		template.NotBefore = ca.certificate.NotBefore
	}
	if template.NotAfter.Sub(now) < leastLife || now.Before(ca.certificate.NotBefore) {
		return pair{}, rogatory.Fault(rogatory.Stale, "keyring_authority", "issue %q on %s: the certification authority is valid from %s to %s",
			template.Subject.CommonName, now.Format(time.DateOnly), ca.certificate.NotBefore.Format(time.DateOnly), ca.certificate.NotAfter.Format(time.DateOnly))
	}
	template.BasicConstraintsValid = true
	key, err := newKey()
	if err != nil {
		return pair{}, err
	}
	p := pair{key: key}
	p.certificate, err = issue(random, template, p, ca)
	return p, err
}

// issue signs the template for the subject's key. The issuer may be the subject itself.
func issue(random io.Reader, template *x509.Certificate, subject, issuer pair) (*x509.Certificate, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(random, serial); err != nil {
		return nil, fmt.Errorf("draw a serial number: %w", err)
	}
	serial[0] = serial[0]&0x7f | 0x40 // positive, and always of 16 bytes (RFC 5280 allows 20)
	template.SerialNumber = new(big.Int).SetBytes(serial)
	parent := issuer.certificate
	if parent == nil {
		parent = template
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, subject.key.Public(), issuer.key)
	if err != nil {
		return nil, fmt.Errorf("issue %q: %w", template.Subject.CommonName, err)
	}
	return x509.ParseCertificate(der)
}

func splitHosts(hosts []string) (names []string, addresses []net.IP, err error) {
	if len(hosts) == 0 || len(hosts) > MaxHosts {
		return nil, nil, rogatory.Fault(rogatory.Invalid, "keyring_config", "%d hosts for the TLS certificate, 1 to %d are allowed", len(hosts), MaxHosts)
	}
	for _, h := range hosts {
		if ip := net.ParseIP(h); ip != nil {
			addresses = append(addresses, ip)
			continue
		}
		if h == "" || len(h) > 253 || strings.Trim(strings.ToLower(h), "abcdefghijklmnopqrstuvwxyz0123456789-.") != "" ||
			strings.HasPrefix(h, ".") || strings.HasSuffix(h, ".") || strings.Contains(h, "..") {
			return nil, nil, rogatory.Fault(rogatory.Invalid, "keyring_config", "host %.80q is neither a name nor an address", h)
		}
		names = append(names, h)
	}
	return names, addresses, nil
}

func (p pair) encode() ([]byte, error) {
	key, err := x509.MarshalPKCS8PrivateKey(p.key)
	if err != nil {
		return nil, err
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})
	if p.certificate != nil {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: p.certificate.Raw})...)
	}
	return out, nil
}
