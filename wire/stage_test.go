// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
	"rogatory/vault"
	"rogatory/vault/memory"
)

// The tests play between two States: XA asks for evidence, XB holds it. Each has an office, which
// is a vault and an inbox that remembers, and a door on the loopback interface.

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, kind rogatory.Kind, code string) {
	t.Helper()
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		t.Fatalf("got error %v (%s, %s), want %s, %s", err, rogatory.KindOf(err), rogatory.CodeOf(err), kind, code)
	}
}

// state is a State's certification authority.
type state struct {
	code        rogatory.StateCode
	key         *ecdsa.PrivateKey
	certificate *x509.Certificate
}

func newState(t testing.TB, code rogatory.StateCode) *state {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Authority of " + string(code), Country: []string{string(code)}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	certificate, err := x509.ParseCertificate(der)
	must(t, err)
	return &state{code, key, certificate}
}

func (s *state) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.certificate.Raw}))
}

// issue returns a TLS certificate of the State, for 127.0.0.1 and as a client.
func (s *state) issue(t testing.TB) func() (*tls.Certificate, error) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "door", Country: []string{string(s.code)}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		KeyUsage:    x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.certificate, key.Public(), s.key)
	must(t, err)
	certificate := &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
	return func() (*tls.Certificate, error) { return certificate, nil }
}

// peers tells States by their authorities, as the directory would.
func peers(states ...*state) func([]*x509.Certificate) (rogatory.StateCode, error) {
	return func(certificates []*x509.Certificate) (rogatory.StateCode, error) {
		for _, s := range states {
			roots := x509.NewCertPool()
			roots.AddCert(s.certificate)
			options := x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
			if _, err := certificates[0].Verify(options); err == nil {
				return s.code, nil
			}
		}
		return "", errors.New("no State of the directory")
	}
}

// office is an Inbox with a memory.
type office struct {
	vault *vault.Vault
	// handle, if set, is asked for the answer to a message.
	handle func(ctx context.Context, peer rogatory.StateCode, sealed []byte) ([]byte, error)

	mu       sync.Mutex
	received [][]byte
	outgoing map[rogatory.Digest]rogatory.Seal
	incoming map[rogatory.Digest]rogatory.Seal
	arrived  []rogatory.Digest
	failing  error // of Arrived, once
}

func newOffice(t testing.TB, d vault.Disk) *office {
	t.Helper()
	v, err := vault.Open(d)
	must(t, err)
	return &office{vault: v, outgoing: make(map[rogatory.Digest]rogatory.Seal), incoming: make(map[rogatory.Digest]rogatory.Seal)}
}

func (o *office) Receive(ctx context.Context, peer rogatory.StateCode, sealed []byte) ([]byte, error) {
	if o.handle != nil {
		return o.handle(ctx, peer, sealed)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.received = append(o.received, bytes.Clone(sealed))
	return append([]byte("receipt for "+string(peer)+": "), sealed[:min(len(sealed), 20)]...), nil
}

func (o *office) find(seals map[rogatory.Digest]rogatory.Seal, root rogatory.Digest) (rogatory.Seal, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if seal, ok := seals[root]; ok {
		return seal, nil
	}
	return rogatory.Seal{}, rogatory.Fault(rogatory.NotFound, "exhibit_unknown", "no exhibit %s was offered", root.Short())
}

func (o *office) Outgoing(_ context.Context, _ rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error) {
	return o.find(o.outgoing, root)
}

func (o *office) Incoming(_ context.Context, _ rogatory.StateCode, root rogatory.Digest) (rogatory.Seal, error) {
	return o.find(o.incoming, root)
}

func (o *office) Arrived(_ context.Context, _ rogatory.StateCode, root rogatory.Digest) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.failing; err != nil {
		o.failing = nil
		return err
	}
	o.arrived = append(o.arrived, root)
	return nil
}

// deposit seals size bytes of evidence and offers the exhibit.
func (o *office) deposit(t testing.TB, size int) rogatory.Seal {
	t.Helper()
	identity, err := vault.GenerateIdentity()
	must(t, err)
	evidence := make([]byte, size)
	for i := range evidence {
		evidence[i] = byte(i>>8) ^ byte(i*7)
	}
	seal, err := o.vault.Deposit(t.Context(), bytes.NewReader(evidence), []age.Recipient{identity.Recipient()}, nil)
	must(t, err)
	o.outgoing[seal.Root] = seal
	return seal
}

// stage is XB's door, open, and XA before it.
type stage struct {
	xa, xb   *state
	there    *office // of XB, behind the door
	here     *office // of XA
	theirs   *memory.Disk
	ours     *memory.Disk
	server   *Server
	party    rogatory.Party // XB
	client   *Client        // of XA
	clock    *clock.Manual  // of both
	wrap     func(http.Handler) http.Handler
	listener func(net.Listener) net.Listener
}

// eager is a clock on which every wait is over at once, for the waits between attempts; the
// watch for stalled connections, which waits for DefaultIdle or more, never rings on it.
type eager struct{ *clock.Manual }

func (e eager) After(d time.Duration) <-chan time.Time {
	if d >= DefaultIdle {
		return nil
	}
	ring := make(chan time.Time, 1)
	ring <- e.Now()
	return ring
}

// rehearse opens a stage; change may alter the door before it opens.
func rehearse(t testing.TB, change func(*stage, *ServerConfig)) *stage {
	t.Helper()
	s := &stage{xa: newState(t, "XA"), xb: newState(t, "XB"), theirs: memory.New(), ours: memory.New()}
	s.there, s.here = newOffice(t, s.theirs), newOffice(t, s.ours)
	s.clock = clock.NewManual(time.Date(2026, 11, 23, 2, 14, 0, 0, time.UTC))
	config := ServerConfig{Inbox: s.there, Vault: s.there.vault, Peer: peers(s.xa, s.xb), Clock: s.clock}
	if change != nil {
		change(s, &config)
	}
	var err error
	s.server, err = New(config)
	must(t, err)
	var handler http.Handler = s.server
	if s.wrap != nil {
		handler = s.wrap(handler)
	}
	s.party = s.open(t, handler, s.xb)
	s.client = s.knock(t, s.xa, eager{s.clock})
	return s
}

// open serves a handler as the door of a State until the test ends, and waits for its end.
func (s *stage) open(t testing.TB, handler http.Handler, of *state) rogatory.Party {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	endpoint := "https://" + listener.Addr().String()
	if s.listener != nil {
		listener = s.listener(listener)
	}
	server := NewHTTPServer(handler, ServerTLS(of.issue(t)))
	server.ErrorLog = log.New(io.Discard, "", 0) // refused handshakes are part of the play
	done := make(chan error)
	go func() { done <- server.ServeTLS(listener, "", "") }()
	t.Cleanup(func() {
		_ = server.Close()
		if err := <-done; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the door of %s failed: %v", of.code, err)
		}
	})
	return rogatory.Party{Code: of.code, Endpoint: endpoint, Certificates: []string{of.pem()}}
}

// knock returns a client that shows a certificate of the State.
func (s *stage) knock(t testing.TB, as *state, c clock.Clock) *Client {
	t.Helper()
	client, err := NewClient(ClientConfig{Certificate: as.issue(t), Clock: c, Jitter: func() float64 { return 0.5 }})
	must(t, err)
	t.Cleanup(client.Close)
	return client
}

// get makes a raw request to XB's door as XA, for what the client would never ask.
func (s *stage) get(t testing.TB, method, path string, header map[string]string, body io.Reader) (*http.Response, []byte) {
	t.Helper()
	config, err := ClientTLS(s.xa.issue(t), s.party)
	must(t, err)
	transport := NewTransport(config)
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(t.Context(), method, s.party.Endpoint+path, body)
	must(t, err)
	for name, value := range header {
		req.Header.Set(name, value)
	}
	res, err := transport.RoundTrip(req)
	must(t, err)
	defer res.Body.Close()
	data, err := io.ReadAll(res.Body)
	must(t, err)
	return res, data
}
