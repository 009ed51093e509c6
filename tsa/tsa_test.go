// SPDX-License-Identifier: Apache-2.0

package tsa

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"rogatory/asice"
)

func noon() time.Time { return time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC) }

// chance is reproducible randomness.
func chance(seed string) io.Reader { return rand.NewChaCha8(sha256.Sum256([]byte(seed))) }

func newAuthority(t testing.TB) *Authority {
	t.Helper()
	a, err := NewAuthority(chance("authority"), noon, "Exercise Time")
	if err != nil {
		t.Fatal(err)
	}
	return a
}

func openssl(t *testing.T, folder string, args ...string) (string, error) {
	t.Helper()
	path, err := exec.LookPath("openssl")
	if err != nil {
		t.Fatal("these tests need the openssl command line: ", err)
	}
	c := exec.Command(path, args...)
	c.Dir = folder
	out, err := c.CombinedOutput()
	return string(out), err
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpenSSLAcceptsOurTokens(t *testing.T) {
	a := newAuthority(t)
	folder := t.TempDir()
	datum := []byte("journal checkpoint 4711")
	write(t, folder+"/datum", datum)
	write(t, folder+"/root.pem", a.RootPEM())
	at := fmt.Sprint(noon().Unix())
	narrow, wide := sha256.Sum256(datum), sha512.Sum512(datum)
	for name, digest := range map[string][]byte{"SHA-256": narrow[:], "SHA-512": wide[:]} {
		token, err := a.Stamp(digest)
		if err != nil {
			t.Fatal(err)
		}
		write(t, folder+"/token", token)
		verify := []string{"ts", "-verify", "-in", "token", "-token_in", "-CAfile", "root.pem", "-attime", at}
		if out, err := openssl(t, folder, append(verify, "-data", "datum")...); err != nil {
			t.Errorf("%s: openssl refuses the token for the data: %v\n%s", name, err, out)
		}
		if out, err := openssl(t, folder, append(verify, "-digest", fmt.Sprintf("%x", digest))...); err != nil {
			t.Errorf("%s: openssl refuses the token for the digest: %v\n%s", name, err, out)
		}
		write(t, folder+"/other", []byte("journal checkpoint 4712"))
		if out, err := openssl(t, folder, append(verify, "-data", "other")...); err == nil {
			t.Errorf("%s: openssl accepts the token for other data: %s", name, out)
		}
	}
}

func TestOpenSSLAsksOurAuthority(t *testing.T) {
	a := newAuthority(t)
	server := httptest.NewServer(a)
	defer server.Close()
	folder := t.TempDir()
	write(t, folder+"/datum", []byte("an exhibit"))
	write(t, folder+"/root.pem", a.RootPEM())
	ask := func(args ...string) string {
		if out, err := openssl(t, folder, append([]string{"ts", "-query", "-data", "datum", "-out", "query"}, args...)...); err != nil {
			t.Fatalf("openssl ts -query: %v\n%s", err, out)
		}
		query, err := os.ReadFile(folder + "/query")
		if err != nil {
			t.Fatal(err)
		}
		response, err := server.Client().Post(server.URL, queryMediaType, bytes.NewReader(query))
		if err != nil {
			t.Fatal(err)
		}
		defer response.Body.Close()
		reply, err := io.ReadAll(response.Body)
		if err != nil || response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != replyMediaType {
			t.Fatalf("status %d, %v", response.StatusCode, err)
		}
		write(t, folder+"/reply", reply)
		out, err := openssl(t, folder, "ts", "-reply", "-in", "reply", "-text")
		if err != nil {
			t.Fatalf("openssl cannot read the reply: %v\n%s", err, out)
		}
		return out
	}
	verify := []string{"ts", "-verify", "-queryfile", "query", "-in", "reply", "-CAfile", "root.pem", "-attime", fmt.Sprint(noon().Unix())}

	ask("-sha256", "-cert")
	if out, err := openssl(t, folder, verify...); err != nil {
		t.Errorf("openssl refuses the reply with certificate: %v\n%s", err, out)
	}
	ask("-sha512", "-cert", "-tspolicy", "2.999")
	if out, err := openssl(t, folder, verify...); err != nil {
		t.Errorf("openssl refuses the reply with policy: %v\n%s", err, out)
	}
	// Without -cert the certificate is left out and the verifier brings it along.
	text, err := a.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	write(t, folder+"/authority.pem", text[bytes.Index(text, []byte("-----BEGIN CERTIFICATE")):])
	ask("-sha256")
	if out, err := openssl(t, folder, verify...); err == nil {
		t.Errorf("the certificate was embedded though nobody asked for it: %s", out)
	}
	if out, err := openssl(t, folder, append(verify, "-untrusted", "authority.pem")...); err != nil {
		t.Errorf("openssl refuses the reply without certificate: %v\n%s", err, out)
	}

	for flag, why := range map[string]string{
		"-sha1 -cert":                      "unrecognized or unsupported algorithm",
		"-sha384 -cert":                    "unrecognized or unsupported algorithm",
		"-sha256 -cert -tspolicy 2.999.77": "requested TSA policy is not supported",
	} {
		if out := ask(strings.Fields(flag)...); !strings.Contains(out, "Rejected") || !strings.Contains(out, why) {
			t.Errorf("openssl asked with %s and understood\n%s", flag, out)
		}
	}
}

func TestTheAuthorityRefusesWhatIsNoQuery(t *testing.T) {
	a := newAuthority(t)
	do := func(method, mediaType string, body []byte) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, "/", bytes.NewReader(body))
		r.Header.Set("Content-Type", mediaType)
		w := httptest.NewRecorder()
		a.ServeHTTP(w, r)
		return w
	}
	for _, row := range []struct {
		name, method, mediaType string
		body                    []byte
		want                    int
	}{
		{"GET", http.MethodGet, queryMediaType, nil, http.StatusMethodNotAllowed},
		{"form", http.MethodPost, "application/x-www-form-urlencoded", nil, http.StatusUnsupportedMediaType},
		{"too large", http.MethodPost, queryMediaType, make([]byte, MaxQuery+1), http.StatusRequestEntityTooLarge},
	} {
		if w := do(row.method, row.mediaType, row.body); w.Code != row.want {
			t.Errorf("%s: status %d, want %d", row.name, w.Code, row.want)
		}
	}
	w := do(http.MethodPost, queryMediaType, []byte("not a query"))
	if _, err := parseReply(w.Body.Bytes()); w.Code != http.StatusOK || !errors.Is(err, ErrRejected) {
		t.Errorf("not a query: status %d, %v", w.Code, err)
	}
	dry, err := LoadAuthority(marshal(t, a), strings.NewReader(""), noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dry.Stamp(make([]byte, 32)); err == nil {
		t.Error("stamped without randomness for the serial number")
	}
	if _, err := a.Stamp(make([]byte, 20)); !errors.Is(err, asice.ErrStamp) {
		t.Errorf("stamped a SHA-1 digest: %v", err)
	}
}

func marshal(t *testing.T, a *Authority) []byte {
	t.Helper()
	text, err := a.MarshalPEM()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestAnAuthoritySurvivesARestart(t *testing.T) {
	a := newAuthority(t)
	text := marshal(t, a)
	again, err := LoadAuthority(text, chance("later"), noon)
	if err != nil {
		t.Fatal(err)
	}
	digest := sha256.Sum256(nil)
	token, err := again.Stamp(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	if at, err := asice.VerifyStamp(token, digest[:], a.Roots()); err != nil || !at.Equal(noon()) {
		t.Errorf("stamped at %v, %v", at, err)
	}
	if !bytes.Equal(marshal(t, newAuthority(t)), text) {
		t.Error("the same chance and time made another authority")
	}

	other, err := NewAuthority(chance("other"), noon, "Other")
	if err != nil {
		t.Fatal(err)
	}
	split := func(text []byte) (key, leaf, root []byte) {
		parts := bytes.SplitAfter(text, []byte("-----\n"))
		return bytes.Join(parts[:2], nil), bytes.Join(parts[2:4], nil), bytes.Join(parts[4:6], nil)
	}
	key, leaf, root := split(text)
	_, _, otherRoot := split(marshal(t, other))
	otherKey, _, _ := split(marshal(t, other))
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, bad := range map[string][]byte{
		"empty":          nil,
		"no root":        join(key, leaf),
		"order":          join(leaf, key, root),
		"one too many":   join(key, leaf, root, root),
		"not PEM":        join(key, leaf, root, []byte("x")),
		"other key":      join(otherKey, leaf, root),
		"other root":     join(key, leaf, otherRoot),
		"cut-short root": join(key, leaf, root[:len(root)-40]),
	} {
		if a, err := LoadAuthority(bad, chance(""), noon); err == nil || a != nil {
			t.Errorf("%s: loaded", name)
		}
	}
}

// serve is an authority that answers whatever a test wants.
func serve(t *testing.T, answer http.HandlerFunc) (url string) {
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL
}

func TestAClientObtainsAVerifiedStamp(t *testing.T) {
	a := newAuthority(t)
	c := Client{URL: serve(t, a.ServeHTTP), Roots: a.Roots(), Random: chance("nonce")}
	digest := sha256.Sum256([]byte("checkpoint"))
	token, at, err := c.Stamp(context.Background(), digest[:])
	if err != nil || !at.Equal(noon()) {
		t.Fatalf("stamped at %v, %v", at, err)
	}
	if again, err := asice.VerifyStamp(token, digest[:], a.Roots()); err != nil || !again.Equal(at) {
		t.Errorf("the token does not verify later: %v, %v", again, err)
	}
	first, err := asice.ReadStamp(token)
	if err != nil {
		t.Fatal(err)
	}
	token, _, err = (&Client{URL: c.URL, Roots: c.Roots}).Stamp(context.Background(), digest[:])
	if err != nil {
		t.Fatal(err)
	}
	second, err := asice.ReadStamp(token)
	if err != nil || first.Nonce.Cmp(second.Nonce) == 0 || first.Serial.Cmp(second.Serial) == 0 {
		t.Errorf("two stamps share nonce or serial number: %v, %v", first, second)
	}
}

func TestAClientBelievesNothingItCannotCheck(t *testing.T) {
	a := newAuthority(t)
	digest := sha256.Sum256([]byte("checkpoint"))
	other := sha256.Sum256([]byte("another"))
	stranger, err := NewAuthority(chance("stranger"), noon, "Exercise Time")
	if err != nil {
		t.Fatal(err)
	}
	// An earlier true reply, replayed; its nonce is not the one of the request.
	replayed, err := a.stamp(digest[:], big.NewInt(1), false)
	if err != nil {
		t.Fatal(err)
	}
	withoutNonce, err := a.Stamp(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	otherDigest, err := a.Stamp(other[:])
	if err != nil {
		t.Fatal(err)
	}
	reply := func(parts ...[]byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", replyMediaType)
			w.Write(wrap(bytes.Join(parts, nil)))
		}
	}
	granted := []byte{0x30, 3, 2, 1, 0}
	raw := func(body []byte) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", replyMediaType)
			w.Write(body)
		}
	}
	for _, row := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
	}{
		{"replayed nonce", reply(granted, replayed), ErrReply},
		{"no nonce", reply(granted, withoutNonce), ErrReply},
		{"other digest", reply(granted, otherDigest), ErrReply},
		{"stranger", stranger.ServeHTTP, asice.ErrUntrusted},
		{"status 500", func(w http.ResponseWriter, r *http.Request) { http.Error(w, "down", 500) }, ErrUnavailable},
		{"hung up", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, ErrUnavailable},
		{"cut short", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", replyMediaType)
			w.Header().Set("Content-Length", "1000")
			w.Write(granted)
		}, ErrUnavailable},
		{"web page", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("<html>sign in</html>")) }, ErrReply},
		{"rejection", reply([]byte{0x30, 3, 2, 1, 2}), ErrRejected},
		{"waiting", reply([]byte{0x30, 3, 2, 1, 3}, replayed), ErrRejected},
		{"granted, but nothing in it", reply(granted), ErrReply},
		{"two tokens", reply(granted, replayed, replayed), ErrReply},
		{"garbage token", reply(granted, []byte{0x30, 0}), asice.ErrStamp},
		{"empty", raw(nil), ErrReply},
		{"garbage", raw(bytes.Repeat([]byte{0x30, 0x80}, 5000)), ErrReply},
		{"trailing byte", raw(append(wrap(append(bytes.Clone(granted), replayed...)), 0)), ErrReply},
		{"endless", raw(make([]byte, MaxReply+1)), ErrReply},
	} {
		c := Client{URL: serve(t, row.answer), Roots: a.Roots(), Random: chance("nonce")}
		token, _, err := c.Stamp(context.Background(), digest[:])
		if !errors.Is(err, row.want) || token != nil {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}

	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	c := Client{URL: serve(t, a.ServeHTTP), Roots: a.Roots()}
	if _, _, err := c.Stamp(ctx, digest[:]); !errors.Is(err, context.Canceled) || !errors.Is(err, ErrUnavailable) {
		t.Errorf("cancelled: %v", err)
	}
	if _, _, err := c.Stamp(context.Background(), digest[:20]); err == nil {
		t.Error("asked for a stamp on a SHA-1 digest")
	}
	c.Roots = nil
	if _, _, err := c.Stamp(context.Background(), digest[:]); !errors.Is(err, asice.ErrUntrusted) {
		t.Errorf("without roots: %v", err)
	}
	c.Roots, c.Random = x509.NewCertPool(), strings.NewReader("")
	if _, _, err := c.Stamp(context.Background(), digest[:]); err == nil {
		t.Error("asked without a nonce")
	}
}

// wrap is a DER SEQUENCE with a long length.
func wrap(content []byte) []byte {
	if len(content) < 128 {
		return append([]byte{0x30, byte(len(content))}, content...)
	}
	if len(content) < 256 {
		return append([]byte{0x30, 0x81, byte(len(content))}, content...)
	}
	return append([]byte{0x30, 0x82, byte(len(content) >> 8), byte(len(content))}, content...)
}

func FuzzAnswer(f *testing.F) {
	a := newAuthority(f)
	// A query by openssl ts -query -sha256 -cert over 32 zero bytes, with nonce 1.
	f.Add(append([]byte("\x30\x3c\x02\x01\x01\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20"),
		append(make([]byte, 32), "\x02\x01\x01\x01\x01\xff"...)...))
	f.Add([]byte("not a query"))
	f.Fuzz(func(t *testing.T, query []byte) {
		reply, err := a.answer(query)
		if err != nil {
			t.Fatalf("no reply at all: %v", err)
		}
		if token, err := parseReply(reply); err == nil {
			if _, err := asice.ReadStamp(token); err != nil {
				t.Fatalf("granted a token that cannot be read: %v", err)
			}
		} else if !errors.Is(err, ErrRejected) {
			t.Fatalf("neither granted nor rejected: %v", err)
		}
	})
}

func FuzzParseReply(f *testing.F) {
	f.Add([]byte{0x30, 5, 0x30, 3, 2, 1, 0})
	f.Add([]byte{0x30, 5, 0x30, 3, 2, 1, 2})
	f.Fuzz(func(t *testing.T, der []byte) {
		if token, err := parseReply(der); (err == nil) == (token == nil) {
			t.Fatalf("%x and %v", token, err)
		}
	})
}
