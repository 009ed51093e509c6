// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/envelope"
	"rogatory/vault"
)

// ServerConfig is what a door needs. All fields but Limits, History and Logger are required.
type ServerConfig struct {
	Inbox Inbox
	Vault *vault.Vault
	// Peer says whose certificates these are, by the directory of the moment; the client's own is
	// the first, and there is at least one. Any error means that the peer is not known.
	Peer   func(certificates []*x509.Certificate) (rogatory.StateCode, error)
	Clock  clock.Clock
	Limits Limits
	// History, if set, tells peers what is held here of their own journals.
	History History
	// Logger gets one line for each request: peer, path, code, sizes. Content never. Nil is silence.
	Logger *slog.Logger
}

// Server is the federation door, an http.Handler for NewHTTPServer. Its state is the accounts of
// its peers and the transfers that are under way, so it may be dropped at any time.
type Server struct {
	config ServerConfig
	quota  *quota
	mux    *http.ServeMux

	mu       sync.Mutex
	arrivals map[rogatory.Digest]*arrival // exhibits being brought; guarded by mu
}

// New returns a door. It fails only on an incomplete configuration.
func New(config ServerConfig) (*Server, error) {
	if config.Inbox == nil || config.Vault == nil || config.Peer == nil || config.Clock == nil {
		return nil, errors.New("a federation door needs an inbox, a vault, a way to tell peers and a clock")
	}
	limits, err := config.Limits.orDefaults()
	if err != nil {
		return nil, err
	}
	config.Limits = limits
	if config.Logger == nil {
		config.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{
		config:   config,
		quota:    newQuota(limits, config.Clock),
		mux:      http.NewServeMux(),
		arrivals: make(map[rogatory.Digest]*arrival),
	}
	s.handle("POST "+messagesPath, s.postMessage)
	s.handle("GET "+exhibitsPath+"{root}/tree", s.getTree)
	s.handle("GET "+exhibitsPath+"{root}/data", s.getData)
	s.handle("GET "+exhibitsPath+"{root}/missing", s.getMissing)
	s.handle("PUT "+exhibitsPath+"{root}/tree", s.putTree)
	s.handle("PUT "+exhibitsPath+"{root}/segments", s.putSegments)
	if config.History != nil {
		s.serveHistory(config.History)
	}
	s.handle("/", func(*exchange) error {
		return rogatory.Fault(rogatory.NotFound, "path_unknown", "there is nothing at this path, or not by this method")
	})
	return s, nil
}

// ServeHTTP implements http.Handler.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// exchange is one request of a known peer and its answer.
//
// It is the only way that handlers read and write, because it prolongs the connection's deadlines
// with each piece that makes progress, and knows whether the answer has begun.
type exchange struct {
	w       http.ResponseWriter
	r       *http.Request
	peer    rogatory.StateCode
	control *http.ResponseController
	idle    time.Duration

	began   bool // the status line is out
	status  int  // to answer an error with, instead of that of its kind
	in, out int64
	paced   int64 // of in, when the deadline was last prolonged
}

// handle serves a path: tells the peer, runs the handler, answers its error, logs.
func (s *Server) handle(pattern string, serve func(*exchange) error) {
	_, path, _ := strings.Cut(pattern, " ")
	if path == "" {
		path = pattern
	}
	s.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		began := s.config.Clock.Now()
		h := w.Header()
		h.Set("Cache-Control", "no-store")
		h.Set("X-Content-Type-Options", "nosniff")
		x := &exchange{w: w, r: r, control: http.NewResponseController(w), idle: s.config.Limits.Idle}
		x.prolong()
		peer, err := s.peer(r)
		if err == nil {
			x.peer = peer
			err = serve(x)
		} else {
			h.Set("Connection", "close") // its next request would fare no better
		}
		status, code := http.StatusOK, ""
		if err != nil {
			code = rogatory.CodeOf(err)
			if x.began {
				status = 0
			} else {
				if code == "peer_slow" {
					h.Set("Connection", "close") // the rest of its body is not waited for
				}
				x.prolong() // the answer has its own time
				status = problemOf(err).write(w, x.status)
			}
		}
		attributes := []any{"peer", string(x.peer), "method", r.Method, "path", path, "code", code, "status", status,
			"in", x.in, "out", x.out, "took", s.config.Clock.Now().Sub(began)}
		switch {
		case err == nil:
			s.config.Logger.Info("federation request", attributes...)
		case rogatory.KindOf(err) == rogatory.Internal:
			// The peer is told nothing, so the operator must be.
			s.config.Logger.Error("federation request failed", append(attributes, "cause", err.Error())...)
		default:
			s.config.Logger.Warn("federation request refused", attributes...)
		}
		if err != nil && x.began {
			// The answer has no room left for an error: break the connection, so that nobody takes
			// what was sent for the whole.
			panic(http.ErrAbortHandler)
		}
	})
}

func (s *Server) peer(r *http.Request) (rogatory.StateCode, error) {
	certificates := peerCertificates(r)
	if len(certificates) == 0 {
		return "", rogatory.Fault(rogatory.Denied, "peer_unknown", "no client certificate was shown")
	}
	peer, err := s.config.Peer(certificates)
	if err != nil || !peer.Valid() {
		return "", &rogatory.Error{Kind: rogatory.Denied, Code: "peer_unknown",
			Message: "the client certificate belongs to no State in this office's directory",
			Hint:    "renew the certificate, or ask this office whether its copy of the directory is current", Err: err}
	}
	return peer, nil
}

// prolong gives the connection another idle period in both directions. A connection without
// deadlines, as in some tests of handlers, has none to prolong.
func (x *exchange) prolong() {
	deadline := time.Now().Add(x.idle) // the operating system's deadlines know no other clock
	_ = x.control.SetReadDeadline(deadline)
	_ = x.control.SetWriteDeadline(deadline)
}

// Read reads the body. A read that is too slow is Unavailable, "peer_slow".
func (x *exchange) Read(p []byte) (int, error) {
	n, err := x.r.Body.Read(p)
	x.in += int64(n)
	if x.in-x.paced >= pace {
		x.paced = x.in
		x.prolong()
	}
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = rogatory.Fault(rogatory.Unavailable, "peer_slow", "the body made no progress for %s after %d bytes: %w", x.idle, x.in, err)
	}
	return n, err
}

// writePiece is how much must get through in one idle period: with 64 KiB, a line of 10 kbit/s will do.
const writePiece = 64 << 10

// Write writes to the answer, piece by piece, as fast as the slowest tolerable line takes them.
func (x *exchange) Write(p []byte) (n int, err error) {
	x.began = true
	for len(p) > 0 {
		x.prolong()
		m, err := x.w.Write(p[:min(len(p), writePiece)])
		n += m
		x.out += int64(m)
		if err != nil {
			return n, err
		}
		p = p[m:]
	}
	return n, nil
}

// answer sends a small whole answer.
func (x *exchange) answer(mediaType string, body []byte) error {
	x.w.Header().Set("Content-Type", mediaType)
	x.w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	_, err := x.Write(body)
	return err
}

func (x *exchange) answerJSON(v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("encode an answer: %w", err)
	}
	return x.answer(mediaTypeJSON, body)
}

func (x *exchange) root() (rogatory.Digest, error) {
	root, err := rogatory.ParseDigest(x.r.PathValue("root"))
	if err != nil {
		return root, rogatory.Fault(rogatory.Invalid, "root_invalid", "the path names no exhibit: %w", err)
	}
	return root, nil
}

// wants refuses a body of another media type.
func (x *exchange) wants(mediaType string) error {
	got, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	if err != nil || got != mediaType {
		x.status = http.StatusUnsupportedMediaType
		return rogatory.Fault(rogatory.Invalid, "media_type", "the body is declared as %.80q, not as %s", x.r.Header.Get("Content-Type"), mediaType)
	}
	return nil
}

// postMessage takes one sealed message and answers with the receipt.
func (s *Server) postMessage(x *exchange) error {
	if err := x.wants(envelope.MediaTypeEnvelope); err != nil {
		return err
	}
	size := x.r.ContentLength
	if size > envelope.MaxEnvelope {
		x.status = http.StatusRequestEntityTooLarge
		return tooLarge(size)
	}
	if size < 0 {
		size = envelope.MaxEnvelope
	}
	release, err := s.quota.message(x.peer, size)
	if err != nil {
		return err
	}
	defer release()
	// The buffer grows with what comes: a declared length is not yet memory.
	var sealed bytes.Buffer
	if _, err := sealed.ReadFrom(io.LimitReader(x, envelope.MaxEnvelope+1)); err != nil {
		return cut(err, "receive a message")
	}
	if sealed.Len() > envelope.MaxEnvelope {
		x.status = http.StatusRequestEntityTooLarge
		return tooLarge(int64(sealed.Len()))
	}
	receipt, err := s.config.Inbox.Receive(x.r.Context(), x.peer, sealed.Bytes())
	if len(receipt) == 0 {
		if err == nil {
			err = errors.New("the office gave neither a receipt nor an error")
		}
		return err
	}
	return x.answer(envelope.MediaTypeContainer, envelope.Pad(receipt))
}

func tooLarge(size int64) error {
	return rogatory.Fault(rogatory.Invalid, "message_too_large", "a message of %d bytes, at most %d are accepted", size, int64(envelope.MaxEnvelope))
}

// cut gives an error of the connection a kind; an error of ours keeps its own.
func cut(err error, doing string) error {
	if e, ok := errors.AsType[*rogatory.Error](err); ok {
		// The slow reader's error is more telling than that of whoever read from it.
		if slow, ok := errors.AsType[*rogatory.Error](e.Err); ok && slow.Code == "peer_slow" {
			return slow
		}
		return err
	}
	return rogatory.Fault(rogatory.Unavailable, "transfer_cut", "%s: the connection broke: %w", doing, err)
}

// offered returns the seal of the exhibit that the path names, if the peer may fetch it.
func (s *Server) offered(x *exchange) (rogatory.Seal, error) {
	root, err := x.root()
	if err != nil {
		return rogatory.Seal{}, err
	}
	seal, err := s.config.Inbox.Outgoing(x.r.Context(), x.peer, root)
	if err != nil {
		return rogatory.Seal{}, err
	}
	if err := vault.Validate(seal); err != nil || seal.Root != root {
		return rogatory.Seal{}, fmt.Errorf("the office gave a wrong seal for exhibit %s: %w", root.Short(), err)
	}
	return seal, nil
}

func (s *Server) getTree(x *exchange) error {
	release, err := s.quota.transfer(x.peer, vault.SegmentSize)
	if err != nil {
		return err
	}
	defer release()
	seal, err := s.offered(x)
	if err != nil {
		return err
	}
	if _, err := s.config.Vault.Size(seal.Root); err != nil { // before the header promises anything
		return err
	}
	h := x.w.Header()
	h.Set("Content-Type", mediaTypeData)
	h.Set("Content-Length", strconv.FormatInt(seal.Segments()*leafSize, 10))
	h.Set("ETag", etag(seal.Root))
	if x.r.Method == http.MethodHead {
		return nil
	}
	return s.config.Vault.WriteTree(x, seal.Root)
}

// getData streams an age file, or whole segments of it, each hashed again before it is written.
func (s *Server) getData(x *exchange) error {
	release, err := s.quota.transfer(x.peer, vault.SegmentSize)
	if err != nil {
		return err
	}
	defer release()
	seal, err := s.offered(x)
	if err != nil {
		return err
	}
	size := seal.SealedSize
	if held, err := s.config.Vault.Size(seal.Root); err != nil {
		return err
	} else if held != size {
		return rogatory.Fault(rogatory.Damaged, "segment_damaged", "exhibit %s is %d bytes long here, and %d by its seal", seal.Root.Short(), held, size)
	}
	h := x.w.Header()
	h.Set("Accept-Ranges", "bytes")
	h.Set("ETag", etag(seal.Root))

	header := x.r.Header.Get("Range")
	// The name of an exhibit is its content, so any other condition, a date too, means that the
	// client has something else.
	if condition := x.r.Header.Get("If-Range"); condition != "" && condition != etag(seal.Root) {
		header = ""
	}
	first, count, status := int64(0), seal.Segments(), http.StatusOK
	if header != "" {
		if first, count, err = segmentRange(header, size); err != nil {
			h.Set("Content-Range", fmt.Sprintf("bytes */%d", size))
			x.status = http.StatusRequestedRangeNotSatisfiable
			return err
		}
		status = http.StatusPartialContent
	}
	bytes := length(size, first, count)
	body := &lateHeader{x: x, status: status, set: func() {
		h.Set("Content-Type", envelope.MediaTypeEnvelope)
		h.Set("Content-Length", strconv.FormatInt(bytes, 10))
		if status == http.StatusPartialContent {
			start := first * vault.SegmentSize
			h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", start, start+bytes-1, size))
		}
	}}
	if x.r.Method == http.MethodHead {
		body.begin()
		return nil
	}
	return s.config.Vault.WriteSegments(x.r.Context(), body, seal.Root, first, count)
}

// lateHeader sends the header with the first segment, so that if that one turns out damaged the
// answer can still say so.
type lateHeader struct {
	x      *exchange
	status int
	set    func()
}

func (l *lateHeader) begin() {
	l.set()
	l.x.began = true
	l.x.w.WriteHeader(l.status)
}

func (l *lateHeader) Write(p []byte) (int, error) {
	if !l.x.began {
		l.begin()
	}
	return l.x.Write(p)
}

func etag(root rogatory.Digest) string { return `"` + root.String() + `"` }

// maxRangeHeader bounds a Range header in bytes: the unit and two offsets.
const maxRangeHeader = 64

// segmentRange reads a Range header (RFC 9110, section 14.2) that asks for one range of whole
// segments of an age file of the given size. A range may go beyond the end, as RFC 9110 has it.
func segmentRange(header string, size int64) (first, count int64, err error) {
	refuse := func(why string) (int64, int64, error) {
		return 0, 0, rogatory.Fault(rogatory.Invalid, "range_invalid", "range %.64q of %d bytes: %s", header, size, why).
			WithHint(fmt.Sprintf("ask for one range of whole segments of %d bytes", int64(vault.SegmentSize)))
	}
	spec, ok := strings.CutPrefix(header, "bytes=")
	if !ok || len(header) > maxRangeHeader {
		return refuse("not one range of bytes")
	}
	from, to, ok := strings.Cut(spec, "-")
	if !ok {
		return refuse("not one range of bytes")
	}
	last := size - 1
	var start int64
	if from == "" { // the last so many bytes
		n, err := offset(to)
		if err != nil || n == 0 {
			return refuse("not one range of bytes")
		}
		start = max(0, size-n)
	} else {
		if start, err = offset(from); err != nil {
			return refuse("not one range of bytes")
		}
		if to != "" {
			if last, err = offset(to); err != nil || last < start {
				return refuse("not one range of bytes")
			}
			last = min(last, size-1)
		}
	}
	if start >= size {
		return refuse("it begins beyond the end")
	}
	if start%vault.SegmentSize != 0 || (last+1)%vault.SegmentSize != 0 && last+1 != size {
		return refuse("it cuts a segment")
	}
	first = start / vault.SegmentSize
	return first, last/vault.SegmentSize - first + 1, nil
}

// offset reads digits only; ParseInt would take a sign.
func offset(s string) (int64, error) {
	if s == "" || s[0] < '0' || s[0] > '9' {
		return 0, errors.New("no digit")
	}
	return strconv.ParseInt(s, 10, 64)
}
