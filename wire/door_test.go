// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/envelope"
	"rogatory/vault"
)

func TestMessageGoesOutAndReceiptComesBack(t *testing.T) {
	s := rehearse(t, nil)
	receipt, err := s.client.Deliver(t.Context(), s.party, []byte("sealed message"))
	must(t, err)
	if got, want := string(receipt), "receipt for XA: sealed message"; got != want {
		t.Errorf("got receipt %q, want %q", got, want)
	}
	if len(s.there.received) != 1 || string(s.there.received[0]) != "sealed message" {
		t.Errorf("the office received %q", s.there.received)
	}
}

func TestSignedRefusalIsAReceipt(t *testing.T) {
	s := rehearse(t, nil)
	s.there.handle = func(context.Context, rogatory.StateCode, []byte) ([]byte, error) {
		return []byte("signed refusal"), rogatory.Fault(rogatory.Invalid, "wrong_addressee", "not for us")
	}
	receipt, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	must(t, err)
	if string(receipt) != "signed refusal" {
		t.Errorf("got %q", receipt)
	}
}

func TestMessageOverTheLimitIsRefusedOnBothSides(t *testing.T) {
	s := rehearse(t, nil)
	large := make([]byte, envelope.MaxEnvelope+1)
	_, err := s.client.Deliver(t.Context(), s.party, large)
	wantCode(t, err, rogatory.Invalid, "message_too_large")

	header := map[string]string{"Content-Type": envelope.MediaTypeEnvelope, "Expect": "100-continue"}
	for _, body := range []io.Reader{bytes.NewReader(large), struct{ io.Reader }{bytes.NewReader(large)}} { // with and without a declared length
		res, answer := s.get(t, http.MethodPost, messagesPath, header, body)
		p, err := parseProblem(answer)
		must(t, err)
		if res.StatusCode != http.StatusRequestEntityTooLarge || p.Code != "message_too_large" {
			t.Errorf("got status %d, code %s", res.StatusCode, p.Code)
		}
	}
	if len(s.there.received) != 0 {
		t.Error("the office was shown a message that is too large")
	}
}

func TestBodyOfAnotherMediaTypeIsRefused(t *testing.T) {
	s := rehearse(t, nil)
	res, _ := s.get(t, http.MethodPost, messagesPath, map[string]string{"Content-Type": "application/json"}, strings.NewReader("{}"))
	if res.StatusCode != http.StatusUnsupportedMediaType || len(s.there.received) != 0 {
		t.Errorf("got status %d", res.StatusCode)
	}
}

// unread fails the test if anybody asks for the body.
type unread struct{ t *testing.T }

func (u unread) Read([]byte) (int, error) {
	u.t.Error("the body was asked for")
	return 0, io.EOF
}

func TestUnknownPeerIsRefusedBeforeItsBodyIsRead(t *testing.T) {
	s := rehearse(t, nil)
	_, err := s.knock(t, newState(t, "XC"), eager{s.clock}).Deliver(t.Context(), s.party, []byte("sealed"))
	wantCode(t, err, rogatory.Denied, "peer_unknown")
	if len(s.there.received) != 0 {
		t.Error("the office heard of it")
	}

	s.xa = newState(t, "XC")
	header := map[string]string{"Content-Type": envelope.MediaTypeEnvelope, "Expect": "100-continue"}
	res, _ := s.get(t, http.MethodPost, messagesPath, header, unread{t})
	if res.StatusCode != http.StatusForbidden || !res.Close {
		t.Errorf("got status %d, want 403 and the end of the connection", res.StatusCode)
	}
	if res, _ := s.get(t, http.MethodGet, "/", nil, nil); res.StatusCode != http.StatusForbidden || !res.Close {
		t.Errorf("without a body: got status %d, want 403 and the end of the connection", res.StatusCode)
	}
}

func TestClientWithoutCertificateGetsNoConnection(t *testing.T) {
	s := rehearse(t, nil)
	none := func() (*tls.Certificate, error) { return new(tls.Certificate), nil }
	client, err := NewClient(ClientConfig{Certificate: none, Clock: s.clock, Jitter: func() float64 { return 0 }})
	must(t, err)
	defer client.Close()
	_, err = client.Deliver(t.Context(), s.party, []byte("sealed"))
	if rogatory.KindOf(err) != rogatory.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestImpostorsDoorGetsNothing(t *testing.T) {
	s := rehearse(t, nil)
	impostor := s.open(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		t.Error("the impostor was sent a request")
	}), newState(t, "XC"))
	impostor.Code, impostor.Certificates = "XB", s.party.Certificates
	_, err := s.client.Deliver(t.Context(), impostor, []byte("sealed"))
	wantCode(t, err, rogatory.Untrusted, "peer_certificate")
}

func TestRedirectIsNotFollowed(t *testing.T) {
	s := rehearse(t, nil)
	elsewhere := s.open(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, s.party.Endpoint+messagesPath, http.StatusTemporaryRedirect)
	}), s.xb)
	_, err := s.client.Deliver(t.Context(), elsewhere, []byte("sealed"))
	wantCode(t, err, rogatory.Internal, "peer_answer")
	if len(s.there.received) != 0 {
		t.Error("the message went where the directory does not point")
	}
}

func TestClosedDoorIsUnreachable(t *testing.T) {
	s := rehearse(t, nil)
	s.party.Endpoint = "https://127.0.0.1:1"
	_, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	wantCode(t, err, rogatory.Unavailable, "peer_unreachable")
	s.party.Endpoint = "http://127.0.0.1:1"
	_, err = s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	wantCode(t, err, rogatory.Invalid, "endpoint_invalid")
}

func TestHybridOnlyClientConnects(t *testing.T) {
	s := rehearse(t, nil)
	config, err := ClientTLS(s.xa.issue(t), s.party)
	must(t, err)
	config.CurvePreferences = []tls.CurveID{tls.X25519MLKEM768}
	connection, err := tls.Dial("tcp", strings.TrimPrefix(s.party.Endpoint, "https://"), config)
	must(t, err)
	defer connection.Close()
	state := connection.ConnectionState()
	if state.CurveID != tls.X25519MLKEM768 || state.Version != tls.VersionTLS13 {
		t.Errorf("agreed on %s and version %x", state.CurveID, state.Version)
	}
	config.MaxVersion, config.MinVersion = tls.VersionTLS12, tls.VersionTLS12
	config.CurvePreferences = nil
	if old, err := tls.Dial("tcp", strings.TrimPrefix(s.party.Endpoint, "https://"), config); err == nil {
		old.Close()
		t.Error("the door speaks TLS 1.2")
	}
}

func TestFaultsCrossTheBorderButTheirCausesDoNot(t *testing.T) {
	s := rehearse(t, nil)
	secret := errors.New("row 7 of table cases")
	for _, row := range statuses {
		s.clock.Advance(time.Minute)
		s.there.handle = func(context.Context, rogatory.StateCode, []byte) ([]byte, error) {
			return nil, rogatory.Fault(row.kind, "some_code", "refuse this: %w", secret).WithHint("do that")
		}
		_, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
		wantCode(t, err, row.kind, "some_code")
		var e *rogatory.Error
		if !errors.As(err, &e) || e.Message != "XB answered: refuse this" || e.Hint != "do that" || strings.Contains(err.Error(), "row 7") {
			t.Errorf("%s arrived as %v", row.kind, err)
		}
	}
	s.there.handle = func(context.Context, rogatory.StateCode, []byte) ([]byte, error) { return nil, secret }
	_, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	wantCode(t, err, rogatory.Internal, "internal")
	if strings.Contains(err.Error(), "row 7") {
		t.Error("the cause crossed the border")
	}
}

func TestStatusAloneStillHasAKind(t *testing.T) {
	for status, want := range map[int]rogatory.Kind{
		400: rogatory.Invalid, 401: rogatory.Denied, 403: rogatory.Denied, 404: rogatory.NotFound, 409: rogatory.Conflict,
		410: rogatory.Stale, 421: rogatory.ModeMismatch, 422: rogatory.Untrusted, 429: rogatory.Busy, 500: rogatory.Internal,
		502: rogatory.Unavailable, 503: rogatory.Unavailable, 599: rogatory.Unavailable, 302: rogatory.Internal,
	} {
		if got := kindOf(status); got != want {
			t.Errorf("status %d is %s, want %s", status, got, want)
		}
	}
}

func TestBusyPeerIsToldWhenToComeBackAndOthersAreServed(t *testing.T) {
	s := rehearse(t, func(_ *stage, c *ServerConfig) { c.Limits = Limits{Burst: 3, Rate: 0.25} })
	for range 3 {
		_, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
		must(t, err)
	}
	_, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	wantCode(t, err, rogatory.Busy, "quota_rate")
	if wait, ok := RetryAfter(err); !ok || wait != 4*time.Second {
		t.Errorf("told to wait %s, want 4s", wait)
	}
	_, err = s.knock(t, s.xb, eager{s.clock}).Deliver(t.Context(), s.party, []byte("sealed"))
	must(t, err)

	s.clock.Advance(4 * time.Second)
	_, err = s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	must(t, err)
}

func TestMessagesPassWhileEvidenceFillsItsOwnPlaces(t *testing.T) {
	q := newQuota(Limits{Messages: 1, Transfers: 2, Rate: 1, Burst: 10, Bytes: 100, Door: 3, DoorBytes: 1000}, clock.NewManual(time.Unix(0, 0)))
	first, err := q.transfer("XA", 10)
	must(t, err)
	_, err = q.transfer("XA", 10)
	must(t, err)
	_, err = q.transfer("XA", 10)
	wantCode(t, err, rogatory.Busy, "quota_transfers")
	message, err := q.message("XA", 10)
	must(t, err)

	// The door is full now: XA gets no more, and XC still gets one.
	_, err = q.message("XA", 10)
	wantCode(t, err, rogatory.Busy, "door_busy")
	_, err = q.transfer("XC", 10)
	must(t, err)
	_, err = q.transfer("XC", 10)
	wantCode(t, err, rogatory.Busy, "door_busy")

	first()
	message()
	_, err = q.message("XA", 91)
	wantCode(t, err, rogatory.Busy, "quota_bytes")
	_, err = q.message("XA", 90)
	must(t, err)
}

func TestSlowBodyIsCutAndOthersAreServed(t *testing.T) {
	s := rehearse(t, func(_ *stage, c *ServerConfig) { c.Limits.Idle = 50 * time.Millisecond })
	config, err := ClientTLS(s.xa.issue(t), s.party)
	must(t, err)
	connection, err := tls.Dial("tcp", strings.TrimPrefix(s.party.Endpoint, "https://"), config)
	must(t, err)
	defer connection.Close()
	_, err = fmt.Fprintf(connection, "POST %s HTTP/1.1\r\nHost: xb\r\nContent-Type: application/age\r\nContent-Length: 1000\r\n\r\nslow", messagesPath)
	must(t, err)

	_, err = s.knock(t, s.xb, eager{s.clock}).Deliver(t.Context(), s.party, []byte("sealed"))
	must(t, err)

	answer, err := io.ReadAll(connection) // ends when the door hangs up
	must(t, err)
	if !strings.Contains(string(answer), "HTTP/1.1 503") || !strings.Contains(string(answer), "peer_slow") {
		t.Errorf("the slow peer was answered %q", answer)
	}
	if len(s.there.received) != 1 {
		t.Errorf("the office received %d messages, want 1", len(s.there.received))
	}
}

func TestSilentDoorIsGivenUp(t *testing.T) {
	s := rehearse(t, nil)
	entered := make(chan struct{})
	silent := s.open(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.ReadAll(r.Body)
		close(entered)
		<-r.Context().Done()
	}), s.xb)
	ringing := clock.NewManual(time.Unix(0, 0))
	client := s.knock(t, s.xa, ringing)
	failed := make(chan error)
	go func() {
		_, err := client.Deliver(t.Context(), silent, []byte("sealed"))
		failed <- err
	}()
	<-entered
	// Time goes on: what was still being written when the first minute passed is progress, and the
	// client then waits another.
	for {
		select {
		case err := <-failed:
			wantCode(t, err, rogatory.Unavailable, "peer_slow")
			return
		default:
			ringing.Advance(DefaultIdle)
			runtime.Gosched()
		}
	}
}

func TestReceiptsAreBounded(t *testing.T) {
	s := rehearse(t, nil)
	s.there.handle = func(context.Context, rogatory.StateCode, []byte) ([]byte, error) {
		return make([]byte, maxReceipt+1), nil
	}
	_, err := s.client.Deliver(t.Context(), s.party, []byte("sealed"))
	wantCode(t, err, rogatory.Untrusted, "peer_answer")
}

func TestRangesAreWholeSegments(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.there.deposit(t, 3<<20)
	var whole bytes.Buffer
	must(t, s.there.vault.WriteSegments(t.Context(), &whole, seal.Root, 0, seal.Segments()))
	size, m := seal.SealedSize, int64(vault.SegmentSize)
	if seal.Segments() != 4 {
		t.Fatalf("the exhibit has %d segments, this test wants 4", seal.Segments())
	}
	for _, row := range []struct {
		name, header string
		status       int
		from, to     int64 // of the bytes expected
	}{
		{"none", "", 200, 0, size},
		{"first segment", fmt.Sprintf("bytes=0-%d", m-1), 206, 0, m},
		{"two in the middle", fmt.Sprintf("bytes=%d-%d", m, 3*m-1), 206, m, 3 * m},
		{"last, which is short", fmt.Sprintf("bytes=%d-%d", 3*m, size-1), 206, 3 * m, size},
		{"open end", fmt.Sprintf("bytes=%d-", 2*m), 206, 2 * m, size},
		{"beyond the end", fmt.Sprintf("bytes=%d-%d", 2*m, size+5), 206, 2 * m, size},
		{"the last so many bytes", fmt.Sprintf("bytes=-%d", size-m), 206, m, size},
		{"more than all", fmt.Sprintf("bytes=-%d", size+1), 206, 0, size},
		{"begins inside", fmt.Sprintf("bytes=1-%d", m-1), 416, 0, 0},
		{"ends inside", fmt.Sprintf("bytes=0-%d", m), 416, 0, 0},
		{"begins at the end", fmt.Sprintf("bytes=%d-", size), 416, 0, 0},
		{"backwards", fmt.Sprintf("bytes=%d-%d", m, m-1), 416, 0, 0},
		{"several", fmt.Sprintf("bytes=0-%d,%d-%d", m-1, 2*m, 3*m-1), 416, 0, 0},
		{"signed", fmt.Sprintf("bytes=+0-%d", m-1), 416, 0, 0},
		{"other unit", "segments=0-1", 416, 0, 0},
		{"empty", "bytes=-", 416, 0, 0},
		{"too large for a number", "bytes=0-99999999999999999999", 416, 0, 0},
	} {
		header := map[string]string{}
		if row.header != "" {
			header["Range"] = row.header
		}
		res, body := s.get(t, http.MethodGet, dataURL(seal.Root), header, nil)
		if res.StatusCode != row.status {
			t.Errorf("%s: got status %d, want %d", row.name, res.StatusCode, row.status)
			continue
		}
		switch row.status {
		case 416:
			if got := res.Header.Get("Content-Range"); got != fmt.Sprintf("bytes */%d", size) {
				t.Errorf("%s: Content-Range %q", row.name, got)
			}
		default:
			if !bytes.Equal(body, whole.Bytes()[row.from:row.to]) || res.Header.Get("ETag") != `"`+seal.Root.String()+`"` {
				t.Errorf("%s: got %d other bytes, or the tag %s", row.name, len(body), res.Header.Get("ETag"))
			}
		}
	}

	header := map[string]string{"Range": "bytes=1-2", "If-Range": `"another"`}
	if res, body := s.get(t, http.MethodGet, dataURL(seal.Root), header, nil); res.StatusCode != 200 || int64(len(body)) != size {
		t.Errorf("with the tag of something else: status %d and %d bytes, want the whole", res.StatusCode, len(body))
	}
	if res, body := s.get(t, http.MethodHead, dataURL(seal.Root), nil, nil); res.StatusCode != 200 || res.ContentLength != size || len(body) != 0 {
		t.Errorf("HEAD: status %d, length %d", res.StatusCode, res.ContentLength)
	}
}

func TestWhatWasNotOfferedIsNotThere(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.there.deposit(t, 1000)
	delete(s.there.outgoing, seal.Root)
	for _, path := range []string{treeURL(seal.Root), dataURL(seal.Root), missingURL(seal.Root), "/federation/v1/", "/"} {
		if res, _ := s.get(t, http.MethodGet, path, nil, nil); res.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got status %d, want 404", path, res.StatusCode)
		}
	}
	if res, _ := s.get(t, http.MethodPut, treeURL(seal.Root), nil, strings.NewReader("leaves")); res.StatusCode != http.StatusNotFound {
		t.Errorf("PUT of a tree nobody awaits: got status %d, want 404", res.StatusCode)
	}
	if res, _ := s.get(t, http.MethodGet, exhibitsPath+"ABC/data", nil, nil); res.StatusCode != http.StatusBadRequest {
		t.Errorf("a malformed root: got status %d, want 400", res.StatusCode)
	}
}

// damage flips a bit of an exhibit, as a failing disk would.
func damage(t testing.TB, d vault.Disk, root rogatory.Digest, segment int64) {
	t.Helper()
	f, err := d.Modify("objects/" + root.String()[:2] + "/" + root.String() + ".age")
	must(t, err)
	defer f.Close()
	var b [1]byte
	_, err = f.ReadAt(b[:], segment*vault.SegmentSize+77)
	must(t, err)
	b[0] ^= 1
	_, err = f.WriteAt(b[:], segment*vault.SegmentSize+77)
	must(t, err)
}

func TestDamagedSegmentIsNeverServed(t *testing.T) {
	s := rehearse(t, nil)
	seal := s.there.deposit(t, 5<<20)
	damage(t, s.theirs, seal.Root, 2)
	_, answer := s.get(t, http.MethodGet, dataURL(seal.Root), map[string]string{"Range": fmt.Sprintf("bytes=%d-", 2*vault.SegmentSize)}, nil)
	p, err := parseProblem(answer)
	must(t, err)
	if p.Kind != rogatory.Damaged || p.Code != "segment_damaged" {
		t.Errorf("got %+v", p)
	}

	in, err := s.here.vault.Expect(seal)
	must(t, err)
	defer in.Close()
	err = s.client.Pull(t.Context(), s.party, in, nil)
	wantCode(t, err, rogatory.Damaged, "segment_damaged")
	if !strings.Contains(err.Error(), "XB answered: segment 2") {
		t.Errorf("the error does not say whose segment is damaged: %v", err)
	}
}

func TestIncompleteConfigurationIsRefused(t *testing.T) {
	if _, err := New(ServerConfig{}); err == nil {
		t.Error("a door without an office")
	}
	if _, err := NewClient(ClientConfig{}); err == nil {
		t.Error("a client without a certificate")
	}
	s := rehearse(t, nil)
	config := s.server.config
	config.Limits.Messages = -1
	if _, err := New(config); err == nil {
		t.Error("a negative limit")
	}
	config.Limits.Messages, config.Limits.Bytes = 1, envelope.MaxEnvelope-1
	if _, err := New(config); err == nil {
		t.Error("an allowance in which an allowed message has no room")
	}
}
