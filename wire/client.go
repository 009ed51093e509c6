// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/envelope"
)

// ClientConfig is what a client needs. Either Certificate or Transport is required, and Clock and
// Jitter are.
type ClientConfig struct {
	// Certificate is this State's TLS client certificate, asked for at each handshake. Only the
	// default Transport uses it.
	Certificate func() (*tls.Certificate, error)
	// Transport returns the way to a party. The default keeps one for each party, with ClientTLS for
	// its certificates of the moment.
	Transport func(party rogatory.Party) (http.RoundTripper, error)
	Clock     clock.Clock
	// Jitter draws a number from 0 up to 1, to spread retries.
	Jitter func() float64
	// Connections is how many requests of one Pull or Push run at once. Default 4.
	Connections int
	// Idle is how long a request may make no progress. Default DefaultIdle.
	Idle time.Duration
}

// Client knocks at the doors of other States. Its methods may be called by several goroutines.
type Client struct {
	config ClientConfig

	mu         sync.Mutex
	transports map[rogatory.StateCode]*way // guarded by mu
}

// way is a transport, and what it was made for.
type way struct {
	endpoint     string
	certificates []string
	transport    *http.Transport
}

const (
	defaultConnections = 4

	// maxConnections leaves the peer's allowance (Limits.Transfers) room for a second exhibit.
	maxConnections = 16

	// maxIdle keeps the connections of a transfer and of the outbox's deliveries for the next ones: a
	// handshake costs more than a message.
	maxIdle = 32

	// dialTimeout is for connecting, and then for the TLS handshake.
	dialTimeout = 15 * time.Second

	// continueTimeout is how long a body waits for the peer to welcome it, before it is sent
	// unasked. A refusal then costs a round trip, and not the body.
	continueTimeout = 5 * time.Second
)

// NewClient returns a client. It fails only on an incomplete configuration.
func NewClient(config ClientConfig) (*Client, error) {
	if config.Certificate == nil && config.Transport == nil || config.Clock == nil || config.Jitter == nil {
		return nil, errors.New("a federation client needs a certificate or a transport, a clock and a source of jitter")
	}
	if config.Connections == 0 {
		config.Connections = defaultConnections
	}
	if config.Idle == 0 {
		config.Idle = DefaultIdle
	}
	if config.Connections < 0 || config.Connections > maxConnections || config.Idle < 0 {
		return nil, fmt.Errorf("a federation client with %d connections, 1 to %d are allowed, and %s of patience", config.Connections, maxConnections, config.Idle)
	}
	return &Client{config: config, transports: make(map[rogatory.StateCode]*way)}, nil
}

// Close drops the connections that are not in use. The client stays usable.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.transports {
		w.transport.CloseIdleConnections()
	}
	clear(c.transports)
}

func (c *Client) transport(party rogatory.Party) (http.RoundTripper, error) {
	if c.config.Transport != nil {
		return c.config.Transport(party)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	w := c.transports[party.Code]
	if w != nil && w.endpoint == party.Endpoint && slices.Equal(w.certificates, party.Certificates) {
		return w.transport, nil
	}
	tlsConfig, err := ClientTLS(c.config.Certificate, party)
	if err != nil {
		return nil, err
	}
	if w != nil {
		w.transport.CloseIdleConnections() // what is under way there may finish
	}
	c.transports[party.Code] = &way{
		endpoint:     party.Endpoint,
		certificates: slices.Clone(party.Certificates),
		transport:    NewTransport(tlsConfig),
	}
	return c.transports[party.Code].transport, nil
}

// NewTransport returns the default way to a party: HTTP/1.1, no proxy, no compression, every
// time-out set but those for bodies, which the client watches itself.
func NewTransport(config *tls.Config) *http.Transport {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	return &http.Transport{
		DialContext:            (&net.Dialer{Timeout: dialTimeout}).DialContext,
		TLSClientConfig:        config,
		TLSHandshakeTimeout:    dialTimeout,
		ExpectContinueTimeout:  continueTimeout,
		IdleConnTimeout:        DefaultIdle / 2, // before the door hangs up
		MaxIdleConnsPerHost:    maxIdle,
		MaxResponseHeaderBytes: maxHeader,
		DisableCompression:     true,
		WriteBufferSize:        64 << 10,
		Protocols:              protocols,
	}
}

// Deliver brings a sealed message to the party's door and returns the signed container that answers
// it, unverified.
//
// Errors of the peer keep their kind and code. Otherwise: Unavailable with "peer_unreachable",
// "peer_slow" or "transfer_cut"; Untrusted with "peer_certificate" if somebody else answered, or
// "peer_answer" if the answer is none of the protocol. RetryAfter tells when a busy peer wants
// to hear it again. After an error the message may have arrived; delivering it again is harmless.
func (c *Client) Deliver(ctx context.Context, party rogatory.Party, sealed []byte) (receipt []byte, err error) {
	if len(sealed) > envelope.MaxEnvelope {
		return nil, tooLarge(int64(len(sealed)))
	}
	send := func(req *http.Request, w *watch) {
		req.Header.Set("Content-Type", envelope.MediaTypeEnvelope)
		req.ContentLength = int64(len(sealed))
		req.Body = io.NopCloser(watched{bytes.NewReader(sealed), w})
	}
	err = c.exchange(ctx, party, http.MethodPost, messagesPath, send, func(res *http.Response, body io.Reader) error {
		if media, _, _ := mime.ParseMediaType(res.Header.Get("Content-Type")); media != envelope.MediaTypeContainer {
			return strange(party.Code, "a receipt of the media type %.80q", media)
		}
		padded, err := readBounded(party.Code, body, maxPaddedReceipt)
		if err != nil {
			return err
		}
		if receipt, err = envelope.Unpad(padded); err != nil || len(receipt) > maxReceipt {
			return strange(party.Code, "a receipt that is not padded as it has to be, or is too long")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return receipt, nil
}

func strange(peer rogatory.StateCode, format string, args ...any) error {
	return rogatory.Fault(rogatory.Untrusted, "peer_answer", "%s answered with %s", peer, fmt.Sprintf(format, args...))
}

func readBounded(peer rogatory.StateCode, r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, strange(peer, "more than %d bytes", limit)
	}
	return data, nil
}

// exchange makes one request and hands a successful answer to take. Its errors are ours: those of
// the peer, of the line, and of take, whose reading errors it explains.
func (c *Client) exchange(ctx context.Context, party rogatory.Party, method, path string, prepare func(*http.Request, *watch), take func(*http.Response, io.Reader) error) error {
	target, err := door(party, path)
	if err != nil {
		return err
	}
	transport, err := c.transport(party)
	if err != nil {
		return err
	}
	parent := ctx
	ctx, w := c.watch(ctx)
	defer w.stop()
	req, err := http.NewRequestWithContext(ctx, method, target, nil)
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "endpoint_invalid", "make a request for %s: %w", party.Code, err)
	}
	if prepare != nil {
		prepare(req, w)
	}
	if req.Body != nil {
		req.Header.Set("Expect", "100-continue") // a refusal should cost a header, not a body
	}
	// Not http.Client: a redirect would lead evidence to somebody whom the directory does not name.
	res, err := transport.RoundTrip(req)
	if err != nil {
		return w.explain(parent, party.Code, err)
	}
	defer res.Body.Close()
	body := watched{res.Body, w}
	if res.StatusCode != http.StatusOK && res.StatusCode != http.StatusPartialContent {
		return answerFault(party.Code, &http.Response{StatusCode: res.StatusCode, Header: res.Header, Body: io.NopCloser(body)})
	}
	if err := take(res, body); err != nil {
		return w.explain(parent, party.Code, err)
	}
	return nil
}

// door returns the URL of a path at a party's door. An endpoint may have a path of its own.
func door(party rogatory.Party, path string) (string, error) {
	u, err := url.Parse(party.Endpoint)
	if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return "", rogatory.Fault(rogatory.Invalid, "endpoint_invalid", "the endpoint %.200q of %s is not an https address", party.Endpoint, party.Code)
	}
	return strings.TrimSuffix(u.String(), "/") + path, nil
}

// watch ends a request that makes no progress. There is no time-out for the whole: a terabyte may
// take its week, as long as it moves.
type watch struct {
	moved  atomic.Int64 // bytes in both directions
	slow   atomic.Bool
	idle   time.Duration
	cancel context.CancelFunc
	done   chan struct{}
	ended  sync.WaitGroup
}

func (c *Client) watch(ctx context.Context) (context.Context, *watch) {
	w := &watch{idle: c.config.Idle, done: make(chan struct{})}
	ctx, w.cancel = context.WithCancel(ctx)
	w.ended.Go(func() {
		seen := int64(0)
		for {
			select {
			case <-w.done:
				return
			case <-c.config.Clock.After(w.idle):
			}
			moved := w.moved.Load()
			if moved-seen < pace {
				w.slow.Store(true)
				w.cancel()
				return
			}
			seen = moved
		}
	})
	return ctx, w
}

func (w *watch) stop() {
	close(w.done)
	w.ended.Wait()
	w.cancel()
}

// explain gives an error of the line its kind and code. parent is the context of the caller, who
// wants to hear of its own cancelling as such.
func (w *watch) explain(parent context.Context, peer rogatory.StateCode, err error) error {
	if w.slow.Load() {
		return rogatory.Fault(rogatory.Unavailable, "peer_slow", "%s made no progress for %s: %w", peer, w.idle, err)
	}
	if parent.Err() != nil {
		return fmt.Errorf("request to %s given up: %w", peer, context.Cause(parent))
	}
	if _, ok := errors.AsType[*rogatory.Error](err); ok {
		return err
	}
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return rogatory.Fault(rogatory.Untrusted, "peer_certificate", "the door of %s shows a certificate that is not that State's: %w", peer, err)
	}
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return rogatory.Fault(rogatory.Untrusted, "peer_certificate", "the door of %s shows a certificate for another host: %w", peer, err)
	}
	if w.moved.Load() > 0 {
		return rogatory.Fault(rogatory.Unavailable, "transfer_cut", "the connection with %s broke: %w", peer, err)
	}
	return rogatory.Fault(rogatory.Unavailable, "peer_unreachable", "%s cannot be reached: %w", peer, err)
}

// watched counts what is read, for the watch.
type watched struct {
	r io.Reader
	w *watch
}

func (r watched) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	r.w.moved.Add(int64(n))
	return n, err
}
