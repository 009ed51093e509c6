// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/textproto"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"rogatory"
)

// Limits of what is sent and read, and how long anything may take.
const (
	// DefaultTimeout bounds a whole delivery: connecting, TLS, sending, the answer. A person has to be
	// woken within minutes, by another channel if need be.
	DefaultTimeout = 20 * time.Second
	// MaxTimeout is the longest that can be configured.
	MaxTimeout = 2 * time.Minute

	dialTimeout      = 10 * time.Second // of one address; another may answer
	handshakeTimeout = 10 * time.Second
	maxHeader        = 16 << 10 // of an HTTP answer
	maxAnswer        = 16 << 10 // of an answer that is read at all
	maxConversation  = 64 << 10 // of everything that a mail server says, TLS included
	maxSecret        = 4 << 10  // of a file of a secret
	maxRoots         = 1 << 20  // of a file of certificates
)

// egress is the way out of one channel.
type egress struct {
	name    string // of the channel, for errors
	allow   []netip.Prefix
	roots   *x509.CertPool // nil means the machine's
	timeout time.Duration
}

var (
	errNetwork = errors.New("the network is not allowed")
	errTooLong = errors.New("the answer is too long")
)

// special are the parts of the public-looking ranges that are not on the internet (the IANA
// registries of special-purpose addresses, RFC 6890), and those that embed an IPv4 address.
var special = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),
	netip.MustParsePrefix("100.64.0.0/10"), // shared by providers, RFC 6598
	netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"),
	netip.MustParsePrefix("192.88.99.0/24"),
	netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"),
	netip.MustParsePrefix("203.0.113.0/24"),
	netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("2001::/23"),
	netip.MustParsePrefix("2001:db8::/32"),
	netip.MustParsePrefix("2002::/16"),
	netip.MustParsePrefix("3fff::/20"),
}

// global is all of IPv6 that was ever given out.
var global = netip.MustParsePrefix("2000::/3")

// permitted reports whether the address may be dialled. A line without TLS goes to the machine
// itself only, and that too has to be configured.
func permitted(ip netip.Addr, allow []netip.Prefix, clear bool) bool {
	ip = ip.Unmap().WithZone("")
	if clear && !ip.IsLoopback() {
		return false
	}
	for _, p := range allow {
		if p.Contains(ip) {
			return true
		}
	}
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.Is6() && !global.Contains(ip) {
		return false
	}
	for _, p := range special {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// dial connects. The address is judged after its name was resolved, as it is dialled, so that a name
// which changes between two look-ups leads nowhere else.
func (e egress) dial(ctx context.Context, network, address string, clear bool) (net.Conn, error) {
	d := net.Dialer{
		Timeout: dialTimeout,
		Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil || !permitted(at.Addr(), e.allow, clear) {
				return errNetwork
			}
			return nil
		},
	}
	return d.DialContext(ctx, network, address)
}

func (e egress) tls(host string) *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: e.roots, MinVersion: tls.VersionTLS12}
}

// do makes one HTTP request and returns the status and, if more than 0 bytes are wanted, the answer.
// Nothing is followed, kept or asked of a proxy.
func (e egress) do(ctx context.Context, method, address string, header http.Header, body string, want int64) (int, []byte, error) {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(body))
	if err != nil {
		return 0, nil, rogatory.Fault(rogatory.Invalid, "page_config_invalid", "channel %s: its address cannot be used", e.name)
	}
	if header != nil {
		request.Header = header
	}
	request.Header.Set("User-Agent", "rogatory")
	transport := &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			return e.dial(ctx, network, address, request.URL.Scheme == "http")
		},
		TLSClientConfig:        e.tls(request.URL.Hostname()),
		TLSHandshakeTimeout:    handshakeTimeout,
		MaxResponseHeaderBytes: maxHeader,
		DisableKeepAlives:      true,
		DisableCompression:     true,
	}
	defer transport.CloseIdleConnections()
	// Not http.Client: a redirect would lead the link and the code to somebody who was not configured.
	response, err := transport.RoundTrip(request)
	if err != nil {
		return 0, nil, e.fault(ctx, err)
	}
	defer response.Body.Close()
	if want <= 0 {
		return response.StatusCode, nil, nil
	}
	answer, err := io.ReadAll(io.LimitReader(response.Body, want+1))
	switch {
	case err != nil || ctx.Err() != nil: // a server that sees us leave may still end its answer, half as it is
		return 0, nil, e.fault(ctx, err)
	case int64(len(answer)) > want:
		return 0, nil, e.fault(ctx, errTooLong)
	}
	return response.StatusCode, answer, nil
}

// probe connects to the door of an address and checks its certificate; nothing is asked.
func (e egress) probe(ctx context.Context, address string) error {
	ctx, cancel := context.WithTimeout(ctx, e.timeout)
	defer cancel()
	u, err := url.Parse(address)
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "page_config_invalid", "channel %s: its address cannot be used", e.name)
	}
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	conn, err := e.dial(ctx, "tcp", net.JoinHostPort(u.Hostname(), port), u.Scheme == "http")
	if err != nil {
		return e.fault(ctx, err)
	}
	defer conn.Close()
	if u.Scheme == "http" {
		return nil
	}
	if err := tls.Client(conn, e.tls(u.Hostname())).HandshakeContext(ctx); err != nil {
		return e.fault(ctx, err)
	}
	return nil
}

// fault turns what happened on a line into an error that names the channel and nothing else: the
// causes quote addresses, and what a server says is its own.
func (e egress) fault(ctx context.Context, err error) error {
	var (
		verify   *tls.CertificateVerificationError
		alert    tls.AlertError
		record   tls.RecordHeaderError
		protocol textproto.ProtocolError
		timed    net.Error
	)
	switch {
	case errors.Is(err, errNetwork):
		return rogatory.Fault(rogatory.Denied, "page_network_refused", "channel %s: its address lies in a network that is not allowed", e.name).
			WithHint("if that is meant, add the network to allow_networks of the channel")
	case errors.Is(ctx.Err(), context.Canceled):
		return rogatory.Fault(rogatory.Unavailable, "page_stopped", "channel %s: the delivery was stopped", e.name)
	case errors.As(err, &verify), errors.As(err, &alert), errors.As(err, &record):
		return rogatory.Fault(rogatory.Untrusted, "page_tls_untrusted", "channel %s: the provider's certificate or TLS does not hold", e.name).
			WithHint("a private authority's certificate goes into ca_file of the channel")
	case errors.Is(err, errTooLong), errors.As(err, &protocol):
		return rogatory.Fault(rogatory.Unavailable, "page_answer_unclear", "channel %s: the provider's answer is too long or not in its protocol; it may have taken the page", e.name)
	case ctx.Err() != nil, errors.As(err, &timed) && timed.Timeout():
		return rogatory.Fault(rogatory.Unavailable, "page_timeout", "channel %s: no answer within %s; the provider may have taken the page", e.name, e.timeout)
	}
	return rogatory.Fault(rogatory.Unavailable, "page_unreachable", "channel %s: the provider cannot be reached, or closed the line", e.name)
}

// status turns an HTTP status outside the accepted ones into an error.
func (e egress) status(status int) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return rogatory.Fault(rogatory.Denied, "page_credentials_refused", "channel %s: the provider answered %d and does not accept the credentials", e.name, status)
	case status == http.StatusTooManyRequests:
		return rogatory.Fault(rogatory.Busy, "page_provider_busy", "channel %s: the provider answered %d and wants fewer pages", e.name, status)
	case status >= 300 && status < 400:
		return rogatory.Fault(rogatory.Invalid, "page_redirected", "channel %s: the provider answered %d; redirects are not followed", e.name, status).
			WithHint("configure the address at which the provider really answers")
	case status == http.StatusRequestTimeout, status == http.StatusTooEarly, status >= 500 && status < 600:
		return rogatory.Fault(rogatory.Unavailable, "page_provider_failed", "channel %s: the provider answered %d", e.name, status)
	case status >= 400 && status < 500:
		return rogatory.Fault(rogatory.Invalid, "page_refused", "channel %s: the provider answered %d and does not take the page", e.name, status)
	}
	return rogatory.Fault(rogatory.Unavailable, "page_answer_unclear", "channel %s: the provider answered %d, which is not a success here", e.name, status)
}

// secretFile is where a secret lies; member is its name in the configuration, for errors.
type secretFile struct {
	channel, member, path string
}

func (s secretFile) wrong(words string) error {
	return rogatory.Fault(rogatory.Invalid, "page_secret_unusable", "channel %s: the file of %s %s", s.channel, s.member, words)
}

// read returns the secret: one line of printable ASCII. It is read each time, so that a new one
// needs no restart.
func (s secretFile) read() (string, error) {
	info, err := os.Stat(s.path) // before it is opened: a pipe would block
	if err != nil {
		return "", s.wrong("cannot be found")
	}
	if !info.Mode().IsRegular() {
		return "", s.wrong("is not a plain file")
	}
	f, err := os.Open(s.path)
	if err != nil {
		return "", s.wrong("cannot be opened")
	}
	defer f.Close()
	if runtime.GOOS != "windows" && info.Mode().Perm()&0o007 != 0 {
		return "", s.wrong("may be read or changed by everybody; its mode should be 0600")
	}
	data, err := io.ReadAll(io.LimitReader(f, maxSecret+1))
	if err != nil {
		return "", s.wrong("cannot be read")
	}
	secret := strings.TrimRight(string(data), "\r\n")
	if secret == "" || len(secret) > maxSecret || !printable(secret) {
		return "", s.wrong("does not hold one line of printable ASCII")
	}
	return secret, nil
}

// readRoots reads the certificates that a provider's own chains to.
func readRoots(channel, path string) (*x509.CertPool, error) {
	wrong := rogatory.Fault(rogatory.Invalid, "page_config_invalid", "channel %s: ca_file holds no PEM certificates that can be read", channel)
	f, err := os.Open(path)
	if err != nil {
		return nil, wrong
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, maxRoots+1))
	roots := x509.NewCertPool()
	if err != nil || len(data) > maxRoots || !roots.AppendCertsFromPEM(data) {
		return nil, wrong
	}
	return roots, nil
}

func below(dir, name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(dir, name)
}
