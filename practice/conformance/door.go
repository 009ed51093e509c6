// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"time"

	"rogatory"
	"rogatory/envelope"
)

func host(endpoint string) (address, name string, err error) {
	u, err := url.Parse(endpoint)
	if err != nil {
		return "", "", err
	}
	if address = u.Host; u.Port() == "" {
		address += ":443"
	}
	return address, u.Hostname(), nil
}

func (e *exam) dial(ctx context.Context, config *tls.Config) (tls.ConnectionState, error) {
	address, name, err := host(e.Them.Endpoint)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	config.ServerName = name
	d := tls.Dialer{NetDialer: &net.Dialer{Timeout: answerTime}, Config: config}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil {
		return tls.ConnectionState{}, err
	}
	defer c.Close()
	return c.(*tls.Conn).ConnectionState(), nil
}

func tlsVersion(ctx context.Context, e *exam) error {
	config, err := e.tlsConfig(e.TLS)
	if err != nil {
		return err
	}
	config.InsecureSkipVerify = true // whose certificate it is, is another requirement
	if s, err := e.dial(ctx, config); err != nil || s.Version != tls.VersionTLS13 {
		return fmt.Errorf("no TLS 1.3: %v", err)
	}
	old := config.Clone()
	old.MinVersion, old.MaxVersion = tls.VersionTLS12, tls.VersionTLS12
	if _, err := e.dial(ctx, old); err == nil {
		return errors.New("a connection of TLS 1.2 was accepted")
	}
	return nil
}

func doorCertificate(ctx context.Context, e *exam) error {
	config, err := e.tlsConfig(e.TLS)
	if err == nil {
		_, err = e.dial(ctx, config)
	}
	return err
}

// selfMade is a certificate that nobody vouches for, in the name of a State and an authority.
func selfMade(a rogatory.Address, now time.Time) (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: "stranger", Organization: []string{string(a.State)}, OrganizationalUnit: []string{string(a.Authority)}},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth, x509.ExtKeyUsageEmailProtection}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, err
	}
	leaf, err := x509.ParseCertificate(der)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key, Leaf: leaf}, err
}

// shut says whether a door stayed shut: no connection, or a problem of the right code.
func (e *exam) shut(ctx context.Context, client *http.Client) error {
	defer client.CloseIdleConnections()
	a, err := e.ask(ctx, client, http.MethodPost, e.door("messages"), envelope.MediaTypeEnvelope, []byte("nothing"), nil)
	if err != nil {
		return nil //nolint:nilerr // the connection was not let in, which is as good
	}
	return e.refused(a, nil)
}

func stranger(ctx context.Context, e *exam) error {
	// One of a State that the directory does not have, and one that claims to be ours.
	for _, state := range []rogatory.StateCode{"XZ", e.Office.Us.State} {
		c, err := selfMade(rogatory.Address{State: state, Authority: e.Office.Us.Authority}, e.Office.Clock.Now())
		if err != nil {
			return err
		}
		client, err := e.client(c)
		if err != nil {
			return err
		}
		if err := e.shut(ctx, client); err != nil {
			return fmt.Errorf("a certificate in the name of %s: %w", state, err)
		}
	}
	return nil
}

func nobody(ctx context.Context, e *exam) error {
	config, err := e.tlsConfig()
	if err != nil {
		return err
	}
	return e.shut(ctx, plain(config))
}
