// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
)

// What must never stand in an error or a log.
const (
	password  = "correct-horse-battery"
	hookKey   = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
	apiKey    = "key-7788-secret"
	token     = "syt_duty_secret"
	mailbox   = "duty.one@ministry.example"
	telephone = "+15550100777"
	room      = "!dutyroom:hs.example"
	chatter   = "the provider's own words" // what servers say in their answers
)

var night = time.Date(2026, 11, 25, 2, 14, 5, 0, time.UTC)

// TestMain names a proxy in the environment; TestNoProxyOfTheEnvironment shows that nobody asks it.
func TestMain(m *testing.M) {
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	go func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			proxied <- struct{}{}
			conn.Close()
		}
	}()
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"} {
		os.Setenv(name, "http://"+proxy.Addr().String())
	}
	os.Exit(m.Run())
}

var proxied = make(chan struct{}, 100)

func notice() Notice {
	return Notice{
		ID:      "019abcde-0000-7000-8000-00000000000a",
		Node:    rogatory.Address{State: "XA", Authority: "justice"},
		Urgency: Urgent,
		Shift: Shift{time.Date(2026, 11, 24, 22, 0, 0, 0, time.FixedZone("", 3600)),
			time.Date(2026, 11, 25, 6, 0, 0, 0, time.FixedZone("", 3600))},
		Door: "https://desk.xa.example/page/", Token: "7K3M9Q2P7K3M9Q2P7K3M9Q2P7K-_abcdefghijklmnA", Code: "4711 0815",
		Created: rogatory.At(night),
		To:      map[string]string{"mail": mailbox, "hook": "duty-1", "text": telephone, "chat": room},
	}
}

func page(t *testing.T) Page {
	t.Helper()
	p, err := NewPage(notice())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// discreet fails if the error tells more than the channel's name.
func discreet(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	n := notice()
	for e := err; e != nil; e = errors.Unwrap(e) {
		text := fmt.Sprintf("%v %+v %#v", e, e, e)
		if ours, ok := errors.AsType[*rogatory.Error](e); ok {
			text += ours.Hint
		}
		for _, secret := range []string{
			password, hookKey, hookKey[6:], apiKey, token, mailbox, "duty.one", telephone, room, "dutyroom", "duty-1",
			n.Door, n.Token, n.Code, "needs you", "127.0.0.1", "localhost", "192.0.2.", "://", chatter, os.TempDir(),
		} {
			if strings.Contains(text, secret) {
				t.Errorf("the error %q tells %q", text, secret)
			}
		}
	}
}

// want checks kind, code and discretion of an error.
func want(t *testing.T, err error, kind rogatory.Kind, code string) {
	t.Helper()
	discreet(t, err)
	if rogatory.KindOf(err) != kind || rogatory.CodeOf(err) != code {
		t.Errorf("got %v (%s, %s), want %s, %s", err, rogatory.KindOf(err), rogatory.CodeOf(err), kind, code)
	}
}

// place is a node's folder with secrets and a certificate authority of its own.
type place struct {
	dir string
	tls *tls.Config // of servers at 127.0.0.1 and localhost
}

func newPlace(t *testing.T) place {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "throwaway"},
		NotBefore: time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	p := place{t.TempDir(), &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}}
	p.write(t, "ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})))
	p.write(t, "password", password+"\n")
	p.write(t, "hook", hookKey)
	p.write(t, "api", apiKey)
	p.write(t, "token", token)
	return p
}

func (p place) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(p.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// line trusts the place's servers.
func (p place) line() Line { return Line{AllowNetworks: []string{"127.0.0.0/8"}, CAFile: "ca.pem"} }

// serve starts a provider with TLS.
func (p place) serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.TLS = p.tls.Clone()
	s.Config.ErrorLog = slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)
	s.StartTLS()
	t.Cleanup(s.Close)
	return s
}

// open makes one channel with a short patience.
func (p place) open(t *testing.T, ch ChannelConfig) Route {
	t.Helper()
	routes, err := Open(Config{Door: notice().Door, Channels: []ChannelConfig{ch}}, p.dir, clock.NewManual(night))
	if err != nil {
		t.Fatal(err)
	}
	return routes[0]
}

// hurry gives a channel little patience, for providers that never answer.
func hurry(r Route) Route {
	const patience = 150 * time.Millisecond
	switch c := r.Channel.(type) {
	case *mailer:
		c.egress.timeout = patience
	case *webhook:
		c.egress.timeout = patience
	case *gateway:
		c.egress.timeout = patience
	case *matrix:
		c.egress.timeout = patience
	}
	return r
}

func TestThePageSaysThisAndNothingElse(t *testing.T) {
	p := page(t)
	const said = `XA/justice: exercise, urgent page

The desk needs you.
Your shift: 24 Nov 22:00 to 25 Nov 06:00 (UTC+01:00)
Acknowledge: https://desk.xa.example/page/7K3M9Q2P7K3M9Q2P7K3M9Q2P7K-_abcdefghijklmnA
Or give the code: 4711 0815
Page of 25 Nov 2026 02:14:05 UTC, 019abcde-0000-7000-8000-00000000000a
`
	if p.Text() != said {
		t.Errorf("the page says\n%s", p.Text())
	}
	n := notice()
	n.Node.State, n.Urgency, n.Shift = "FI", Test, Shift{}
	live, err := NewPage(n)
	if err != nil {
		t.Fatal(err)
	}
	if live.Subject() != "FI/justice: test page" || strings.Contains(live.Text(), "shift") || !strings.Contains(live.Text(), "This is a test.") {
		t.Errorf("a test page outside a shift says\n%s", live.Text())
	}
}

func TestNothingOfACaseFitsIntoAPage(t *testing.T) {
	for name, change := range map[string]func(*Notice){
		"no identifier":               func(n *Notice) { n.ID = "" },
		"case as identifier":          func(n *Notice) { n.ID = "XA-2026-7K3M9Q2P" },
		"case as authority":           func(n *Notice) { n.Node.Authority = "XA-2026-7K3M9Q2P" },
		"words as authority":          func(n *Notice) { n.Node.Authority = "case of a person" },
		"no State":                    func(n *Notice) { n.Node.State = "" },
		"words as urgency":            func(n *Notice) { n.Urgency = "urgent: child abduction" },
		"case as token":               func(n *Notice) { n.Token = "XA-2026-7K3M9Q2P.1" + strings.Repeat("A", 25) },
		"message as token":            func(n *Notice) { n.Token = "019abcde-0000-7000-8000-00000000000a" },
		"short token":                 func(n *Notice) { n.Token = n.Token[4:] },
		"case as code":                func(n *Notice) { n.Code = "XA-2026-" },
		"case after the token":        func(n *Notice) { n.Token += "-XA-2026-7K3M9Q2P" },
		"token in another form":       func(n *Notice) { n.Token = n.Token[:42] + "B" },
		"token in two lines":          func(n *Notice) { n.Token = n.Token[:20] + "\n" + n.Token[20:] },
		"letters as code":             func(n *Notice) { n.Code = "CASE 0815" },
		"no code":                     func(n *Notice) { n.Code = "" },
		"door with a query":           func(n *Notice) { n.Door = "https://desk.xa.example/?case=1" },
		"door with a fragment":        func(n *Notice) { n.Door = "https://desk.xa.example/#XA" },
		"door without TLS":            func(n *Notice) { n.Door = "http://desk.xa.example/" },
		"door without an end":         func(n *Notice) { n.Door = "https://desk.xa.example/page" },
		"door with a second line":     func(n *Notice) { n.Door = "https://desk.xa.example/\n/" },
		"shift that ends before":      func(n *Notice) { n.Shift.Begin, n.Shift.End = n.Shift.End, n.Shift.Begin },
		"shift without an end":        func(n *Notice) { n.Shift.End = time.Time{} },
		"shift of a year":             func(n *Notice) { n.Shift.End = n.Shift.End.AddDate(1, 0, 0) },
		"no time":                     func(n *Notice) { n.Created = 0 },
		"nobody":                      func(n *Notice) { n.To = nil },
		"address with a second line":  func(n *Notice) { n.To = map[string]string{"mail": "a@b.example\r\nBcc: c@d.example"} },
		"address of a novel's length": func(n *Notice) { n.To = map[string]string{"mail": strings.Repeat("a", 255)} },
		"channel with capitals":       func(n *Notice) { n.To = map[string]string{"Mail": mailbox} },
	} {
		t.Run(name, func(t *testing.T) {
			n := notice()
			change(&n)
			p, err := NewPage(n)
			want(t, err, rogatory.Invalid, "page_invalid")
			if p.ID() != "" || p.Text() != "" {
				t.Error("something came beside the error")
			}
		})
	}
}

func TestAPrintedPageShowsItsIdentifierOnly(t *testing.T) {
	p := page(t)
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("sent", "page", p, "again", []any{p})
	printed := fmt.Sprintf("%v %+v %s %#v %q", p, p, p, p, p) + log.String()
	if !strings.Contains(printed, string(p.ID())) {
		t.Errorf("%s does not name the page", printed)
	}
	discreet(t, errors.New(printed))
}

func TestAPageStaysAsItWasBuilt(t *testing.T) {
	n := notice()
	p, err := NewPage(n)
	if err != nil {
		t.Fatal(err)
	}
	n.To["mail"] = "somebody.else@ministry.example"
	if to, ok := p.To("mail"); !ok || to != mailbox {
		t.Errorf("the page now goes to %s", to)
	}
}

func TestIdentifiers(t *testing.T) {
	n := notice()
	var err error
	if n.ID, err = NewID(rand.Reader, night); err != nil {
		t.Fatal(err)
	}
	if _, err := NewPage(n); err != nil {
		t.Errorf("what NewID draws is refused: %v", err)
	}
	if _, err := NewID(strings.NewReader("too little"), night); err == nil {
		t.Error("an identifier was drawn without chance")
	}
	if !sample().ID().Valid() {
		t.Error("the sample with which templates are tried is no page")
	}
}

func TestTwoProviders(t *testing.T) {
	of := func(providers ...string) (routes []Route) {
		for _, p := range providers {
			routes = append(routes, Route{Provider: p})
		}
		return routes
	}
	for name, row := range map[string]struct {
		routes []Route
		two    bool
	}{
		"none":             {nil, false},
		"one":              {of("a"), false},
		"one twice":        {of("a", "a"), false},
		"two":              {of("a", "b"), true},
		"two at the end":   {of("a", "a", "b"), true},
		"one without name": {of("", "b"), false},
	} {
		if TwoProviders(row.routes) != row.two {
			t.Errorf("%s: got %v", name, !row.two)
		}
	}
}

type talker struct{}

func (talker) Send(context.Context, Page) (Receipt, error) {
	return Receipt{}, fmt.Errorf("dial 127.0.0.1 with %s", password)
}

func TestAChannelThatTellsTooMuchIsSilenced(t *testing.T) {
	r := NewRoute("other", "other", talker{}, clock.NewManual(night))
	_, err := r.Send(t.Context(), page(t))
	want(t, err, rogatory.Internal, "page_failed")
	want(t, r.Check(t.Context()), rogatory.Invalid, "check_unsupported")
	_, err = r.Send(t.Context(), Page{})
	want(t, err, rogatory.Invalid, "page_invalid")
}

func TestWhatPasses(t *testing.T) {
	for kind, passing := range map[rogatory.Kind]bool{
		rogatory.Unavailable: true, rogatory.Busy: true, rogatory.Denied: false, rogatory.Invalid: false,
		rogatory.Untrusted: false, rogatory.NotFound: false, rogatory.Internal: false,
	} {
		if Passing(rogatory.Fault(kind, "x", "x")) != passing {
			t.Errorf("%s: got %v", kind, !passing)
		}
	}
	if Passing(nil) {
		t.Error("no error is no passing error")
	}
}
