// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"time"

	"rogatory"
	"rogatory/envelope"
)

const (
	// headerTimeout is for the TLS handshake and the request header, which fit into a few packets.
	headerTimeout = 5 * time.Second
	// maxHeader bounds a request header in bytes; ours have a dozen short lines.
	maxHeader = 16 << 10
)

// NewHTTPServer returns a server with every time-out set. Those for bodies are for handlers that
// do not prolong them as bytes flow, which this package's do.
//
// HTTP/1.1 only: evidence flows over connections of its own, and gains nothing from multiplexing
// within one but copies and windows.
func NewHTTPServer(handler http.Handler, config *tls.Config) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Server{
		Handler:           handler,
		TLSConfig:         config,
		ReadHeaderTimeout: headerTimeout,
		ReadTimeout:       DefaultIdle,
		WriteTimeout:      DefaultIdle,
		IdleTimeout:       DefaultIdle,
		MaxHeaderBytes:    maxHeader,
		Protocols:         protocols,
	}
}

// ServerTLS is the TLS of the federation door: TLS 1.3, hybrid post-quantum key agreement
// (X25519MLKEM768) preferred, and a certificate of the client required. The certificate is asked for at each
// handshake, so that a renewed one needs no restart.
//
// A client is let in with any certificate, and ServerConfig.Peer decides whose it is: which
// authorities count depends on the directory of the moment, and a refusal should be explained.
func ServerTLS(certificate func() (*tls.Certificate, error)) *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"http/1.1"},
		ClientAuth: tls.RequireAnyClientCert,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			return certificate()
		},
		// Evidence is sent by the megabyte; small first records only cost.
		DynamicRecordSizingDisabled: true,
	}
}

// ClientTLS is the TLS towards one party: its door must show a certificate, for the host of its
// endpoint, that chains to one of the party's own certification authorities and no others.
func ClientTLS(certificate func() (*tls.Certificate, error), party rogatory.Party) (*tls.Config, error) {
	roots, err := envelope.Pool(party.Certificates)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Untrusted, "peer_certificate", "read the certification authorities of %s: %w", party.Code, err)
	}
	return &tls.Config{
		MinVersion: tls.VersionTLS13,
		NextProtos: []string{"http/1.1"},
		RootCAs:    roots,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) {
			return certificate()
		},
		DynamicRecordSizingDisabled: true,
	}, nil
}

// peerCertificates returns what the client of a request showed, its own certificate first.
func peerCertificates(r *http.Request) []*x509.Certificate {
	if r.TLS == nil {
		return nil
	}
	return r.TLS.PeerCertificates
}
