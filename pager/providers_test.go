// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rogatory"
	"rogatory/clock"
)

// call is what a provider was asked.
type call struct {
	method, uri, body string
	header            http.Header
}

// ear is a provider that listens and answers what it is told to.
type ear struct {
	mu     sync.Mutex
	calls  []call // guarded by mu
	answer http.HandlerFunc
}

func (e *ear) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	e.mu.Lock()
	e.calls = append(e.calls, call{r.Method, r.RequestURI, string(body), r.Header})
	e.mu.Unlock()
	if e.answer != nil {
		e.answer(w, r)
	}
}

func (e *ear) heard() []call {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.calls
}

// three opens the three channels that speak HTTP to one address.
func (p place) three(t *testing.T, address string) map[string]Route {
	t.Helper()
	return map[string]Route{
		"webhook": p.open(t, ChannelConfig{Name: "hook", Provider: "a", Line: p.line(), Webhook: &WebhookConfig{URL: address + "/hook", KeyFile: "hook"}}),
		"gateway": p.open(t, ChannelConfig{Name: "text", Provider: "b", Line: p.line(), Gateway: &GatewayConfig{
			URL:     address + `/send?to={{urlquery .To}}`,
			Headers: map[string]string{"Content-Type": "application/json", "X-Key": `{{secret "api"}}`},
			Body:    `{"text":{{json .Text}},"class":"{{if eq .Urgency "test"}}low{{else}}high{{end}}"}`, SecretFiles: map[string]string{"api": "api"}}}),
		"matrix": p.open(t, ChannelConfig{Name: "chat", Provider: "c", Line: p.line(), Matrix: &MatrixConfig{Homeserver: address, TokenFile: "token"}}),
	}
}

func matrixAnswers(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/whoami") {
		io.WriteString(w, `{"user_id":"@desk:hs.example"}`)
		return
	}
	io.WriteString(w, `{"event_id":"$abc"}`)
}

func TestAPageByHTTP(t *testing.T) {
	p, e := newPlace(t), &ear{answer: matrixAnswers}
	routes := p.three(t, p.serve(t, e.ServeHTTP).URL)
	var calls []call
	for _, name := range []string{"webhook", "gateway", "matrix"} {
		if err := routes[name].Check(t.Context()); err != nil {
			t.Fatalf("the check of %s: %v", name, err)
		}
		for _, c := range e.heard()[len(calls):] {
			if c.method != "GET" || c.uri != "/_matrix/client/v3/account/whoami" {
				t.Errorf("the check of %s asked for %s %s", name, c.method, c.uri)
			}
		}
		before := len(e.heard())
		receipt, err := routes[name].Send(t.Context(), page(t))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		reference := map[string]string{"matrix": "$abc"}[name]
		if receipt.Status != 200 || receipt.Accepted != rogatory.At(night) || receipt.Page != page(t).ID() || receipt.Reference != reference {
			t.Errorf("the receipt of %s is %+v", name, receipt)
		}
		calls = e.heard()
		if len(calls) != before+1 {
			t.Fatalf("%s made %d calls", name, len(calls)-before)
		}
		c := calls[before]
		if c.header.Get("User-Agent") != "rogatory" {
			t.Errorf("%s says it is %q", name, c.header.Get("User-Agent"))
		}
		switch name {
		case "webhook":
			signed(t, c)
		case "gateway":
			var body struct{ Text, Class string }
			if err := json.Unmarshal([]byte(c.body), &body); err != nil || body.Text != page(t).Text() || body.Class != "high" {
				t.Errorf("the gateway reads %q (%v)", c.body, err)
			}
			if c.method != "POST" || c.uri != "/send?to="+url.QueryEscape(telephone) || c.header.Get("X-Key") != apiKey {
				t.Errorf("the gateway was asked %s %s with %v", c.method, c.uri, c.header)
			}
		case "matrix":
			if c.method != "PUT" || c.uri != "/_matrix/client/v3/rooms/%21dutyroom:hs.example/send/m.room.message/019abcde-0000-7000-8000-00000000000a" ||
				c.header.Get("Authorization") != "Bearer "+token {
				t.Errorf("the homeserver was asked %s %s with %v", c.method, c.uri, c.header)
			}
			var body map[string]any
			if err := json.Unmarshal([]byte(c.body), &body); err != nil || body["msgtype"] != "m.text" || body["body"] != page(t).Text() || len(body) != 3 {
				t.Errorf("the room reads %q (%v)", c.body, err)
			}
		}
	}
}

// signed verifies a webhook as a receiver would, from the specification and not from our code.
func signed(t *testing.T, c call) {
	t.Helper()
	id, when := c.header.Get("webhook-id"), c.header.Get("webhook-timestamp")
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(hookKey, "whsec_"))
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha256.New, key)
	fmt.Fprintf(mac, "%s.%s.%s", id, when, c.body)
	if c.header.Get("webhook-signature") != "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)) {
		t.Error("the signature does not hold")
	}
	if id != string(page(t).ID()) || when != "1795572845" || c.method != "POST" || c.header.Get("Content-Type") != "application/json" {
		t.Errorf("the receiver was asked %s with %v", c.method, c.header)
	}
	want := `{"id":"019abcde-0000-7000-8000-00000000000a","created":"2026-11-25T02:14:05.000000Z","node":"XA/justice","urgency":"urgent","to":"duty-1","subject":"XA/justice: exercise, urgent page","text":`
	if !strings.HasPrefix(c.body, want) {
		t.Errorf("the body is %s", c.body)
	}
}

// The example of the Standard Webhooks specification.
func TestSignatureOfTheSpecification(t *testing.T) {
	key, err := base64.StdEncoding.DecodeString("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	if err != nil {
		t.Fatal(err)
	}
	got := sign(key, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", `{"test": 2432232314}`)
	if got != "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=" {
		t.Errorf("got %s", got)
	}
}

func TestWhatProvidersAnswer(t *testing.T) {
	p := newPlace(t)
	for status, row := range map[int]struct {
		kind rogatory.Kind
		code string
	}{
		301: {rogatory.Invalid, "page_redirected"}, 307: {rogatory.Invalid, "page_redirected"},
		400: {rogatory.Invalid, "page_refused"}, 404: {rogatory.Invalid, "page_refused"},
		401: {rogatory.Denied, "page_credentials_refused"}, 403: {rogatory.Denied, "page_credentials_refused"},
		408: {rogatory.Unavailable, "page_provider_failed"}, 500: {rogatory.Unavailable, "page_provider_failed"}, 503: {rogatory.Unavailable, "page_provider_failed"},
		429: {rogatory.Busy, "page_provider_busy"}, 999: {rogatory.Unavailable, "page_answer_unclear"},
	} {
		t.Run(fmt.Sprint(status), func(t *testing.T) {
			e := &ear{answer: func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(status)
				io.WriteString(w, chatter+telephone+token)
			}}
			n := 0
			for _, route := range p.three(t, p.serve(t, e.ServeHTTP).URL) {
				_, err := route.Send(t.Context(), page(t))
				want(t, err, row.kind, row.code)
				if n++; len(e.heard()) != n {
					t.Errorf("%d calls for %d pages: something was followed or tried again", len(e.heard()), n)
				}
			}
		})
	}
}

func TestProvidersThatMisbehave(t *testing.T) {
	p := newPlace(t)
	unreachable, timeout, unclear := "page_unreachable", "page_timeout", "page_answer_unclear"
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		codes  map[string]string // of each channel; none means a receipt
	}{
		"silent": {func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
			map[string]string{"webhook": timeout, "gateway": timeout, "matrix": timeout}},
		"closing": {func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) },
			map[string]string{"webhook": unreachable, "gateway": unreachable, "matrix": unreachable}},
		"endless header": {func(w http.ResponseWriter, r *http.Request) { w.Header().Set("X", strings.Repeat("x", 4*maxHeader)) },
			map[string]string{"webhook": unreachable, "gateway": unreachable, "matrix": unreachable}},
		// The status is the answer; only Matrix says more, and has to.
		"body that never ends": {func(w http.ResponseWriter, r *http.Request) {
			for r.Context().Err() == nil {
				if _, err := w.Write(make([]byte, 1<<12)); err != nil {
					return
				}
			}
		}, map[string]string{"matrix": unclear}},
		"body that never comes": {func(w http.ResponseWriter, r *http.Request) {
			w.WriteHeader(200)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, map[string]string{"matrix": timeout}},
		"page of a portal": {func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "<html>sign in") },
			map[string]string{"matrix": unclear}},
		"no event":        {func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, `{"event_id":""}`) }, map[string]string{"matrix": unclear}},
		"other success":   {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(202) }, map[string]string{"matrix": unclear}},
		"switches to TCP": {func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(101) }, map[string]string{"webhook": unclear, "gateway": unclear, "matrix": unclear}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := &ear{answer: row.answer}
			for channel, route := range p.three(t, p.serve(t, e.ServeHTTP).URL) {
				if row.codes[channel] == timeout {
					hurry(route)
				}
				_, err := route.Send(t.Context(), page(t))
				if row.codes[channel] == "" {
					if err != nil {
						t.Errorf("%s: %v", channel, err)
					}
					continue
				}
				want(t, err, rogatory.Unavailable, row.codes[channel])
			}
		})
	}
}

func TestNobodyIsThere(t *testing.T) {
	p := newPlace(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	routes := p.three(t, fmt.Sprintf("https://127.0.0.1:%d", port))
	routes["mail"] = p.mail(t, SMTPConfig{Host: "127.0.0.1", Port: port, From: "desk@xa.example"})
	for _, route := range routes {
		_, err := route.Send(t.Context(), page(t))
		want(t, err, rogatory.Unavailable, "page_unreachable")
		want(t, route.Check(t.Context()), rogatory.Unavailable, "page_unreachable")
	}
}

func TestStrangersAndPlainLines(t *testing.T) {
	p, other, e := newPlace(t), newPlace(t), &ear{}
	server := other.serve(t, e.ServeHTTP)
	for name, route := range p.three(t, server.URL) {
		_, err := route.Send(t.Context(), page(t))
		want(t, err, rogatory.Untrusted, "page_tls_untrusted")
		if err := route.Check(t.Context()); err == nil {
			t.Errorf("the check of %s found a stranger's certificate good", name)
		}
	}
	// A server that answers in clear where TLS is due.
	for _, route := range p.three(t, fmt.Sprintf("https://127.0.0.1:%d", script(t, "HTTP/1.1 200 OK\r\n\r\n"))) {
		_, err := route.Send(t.Context(), page(t))
		if Passing(err) && rogatory.CodeOf(err) != "page_unreachable" {
			t.Errorf("got %v", err)
		}
		discreet(t, err)
	}
	if len(e.heard()) != 0 {
		t.Error("a stranger was told something")
	}
}

func TestPrivateNetworksAreRefused(t *testing.T) {
	p, e := newPlace(t), &ear{}
	server := p.serve(t, e.ServeHTTP)
	_, port, err := net.SplitHostPort(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	// A name is judged by where it leads: "localhost" stands for a name that somebody pointed inside.
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
		for name, route := range p.three(t, "https://"+host+":"+port) {
			switch c := route.Channel.(type) {
			case *webhook:
				c.egress.allow = nil
			case *gateway:
				c.egress.allow = nil
			case *matrix:
				c.egress.allow = nil
			}
			_, err := route.Send(t.Context(), page(t))
			want(t, err, rogatory.Denied, "page_network_refused")
			want(t, route.Check(t.Context()), rogatory.Denied, "page_network_refused")
			if len(e.heard()) != 0 {
				t.Fatalf("%s reached %s", name, host)
			}
		}
	}
	o := &office{}
	route := p.mail(t, p.mailServer(t, o, false))
	route.Channel.(*mailer).egress.allow = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
	_, err = route.Send(t.Context(), page(t))
	want(t, err, rogatory.Denied, "page_network_refused")
}

func TestNoProxyOfTheEnvironment(t *testing.T) {
	p := newPlace(t)
	for _, route := range p.three(t, "https://192.0.2.1") { // never on the internet, and refused by us
		_, err := route.Send(t.Context(), page(t))
		want(t, err, rogatory.Denied, "page_network_refused")
	}
	select {
	case <-proxied:
		t.Error("a proxy that stands in the environment was asked")
	default:
	}
}

func TestPermittedAddresses(t *testing.T) {
	inside := []netip.Prefix{netip.MustParsePrefix("10.20.0.0/16"), netip.MustParsePrefix("127.0.0.0/8")}
	for address, row := range map[string]struct{ alone, allowed, clear bool }{
		"8.8.8.8": {true, true, false}, "2606:4700::1111": {true, true, false},
		"10.20.3.4": {false, true, false}, "10.21.3.4": {}, "::ffff:10.20.3.4": {false, true, false},
		"127.0.0.1": {false, true, true}, "::1": {}, "0.0.0.0": {}, "::": {},
		"192.168.1.1": {}, "172.16.0.1": {}, "169.254.169.254": {}, "fe80::1%eth0": {}, "fd00::1": {}, "fec0::1": {},
		"100.64.0.1": {}, "192.0.0.8": {}, "192.0.2.1": {}, "198.18.0.1": {}, "198.51.100.1": {}, "203.0.113.1": {},
		"224.0.0.1": {}, "255.255.255.255": {}, "240.0.0.1": {}, "ff02::1": {},
		"64:ff9b::a14:304": {}, "64:ff9b:1::1": {}, "2002:a14:304::1": {}, "2001::1": {}, "2001:db8::1": {}, "3fff::1": {}, "::ffff:169.254.169.254": {},
	} {
		ip := netip.MustParseAddr(address)
		if got := permitted(ip, nil, false); got != row.alone {
			t.Errorf("%s alone: %v", address, got)
		}
		if got := permitted(ip, inside, false); got != row.allowed {
			t.Errorf("%s where 10.20.0.0/16 and 127.0.0.0/8 are allowed: %v", address, got)
		}
		if got := permitted(ip, inside, true); got != row.clear {
			t.Errorf("%s in clear: %v", address, got)
		}
	}
}

func TestAddressesOfPersons(t *testing.T) {
	p, e := newPlace(t), &ear{answer: matrixAnswers}
	routes := p.three(t, p.serve(t, e.ServeHTTP).URL)
	routes["mail"] = p.mail(t, SMTPConfig{Host: "127.0.0.1", Port: 1, From: "desk@xa.example"})
	n := notice()
	n.To = map[string]string{"other": "somebody"}
	lonely, err := NewPage(n)
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		_, err := route.Send(t.Context(), lonely)
		want(t, err, rogatory.NotFound, "page_address_missing")
	}
	n.To = map[string]string{"mail": "not-a-mailbox", "chat": "#alias:hs.example"}
	wrong, err := NewPage(n)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mail", "matrix"} {
		_, err = routes[name].Send(t.Context(), wrong)
		want(t, err, rogatory.Invalid, "page_address_invalid")
	}
	if len(e.heard()) != 0 {
		t.Error("somebody was called")
	}
}

func TestFilesOfSecrets(t *testing.T) {
	p, e := newPlace(t), &ear{answer: matrixAnswers}
	routes := p.three(t, p.serve(t, e.ServeHTTP).URL)
	files := map[string]string{"webhook": "hook", "gateway": "api", "matrix": "token"}
	for name, spoil := range map[string]func(t *testing.T, file string){
		"missing":       func(t *testing.T, file string) { os.Remove(file) },
		"empty":         func(t *testing.T, file string) { os.WriteFile(file, nil, 0o600) },
		"two lines":     func(t *testing.T, file string) { os.WriteFile(file, []byte("a\nb"), 0o600) },
		"endless":       func(t *testing.T, file string) { os.WriteFile(file, make([]byte, 2*maxSecret), 0o600) },
		"for everybody": func(t *testing.T, file string) { os.Chmod(file, 0o644) },
		"a folder":      func(t *testing.T, file string) { os.Remove(file); os.Mkdir(file, 0o700) },
	} {
		t.Run(name, func(t *testing.T) {
			for channel, file := range files {
				name := filepath.Join(p.dir, file)
				good, err := os.ReadFile(name)
				if err != nil {
					t.Fatal(err)
				}
				spoil(t, name)
				_, err = routes[channel].Send(t.Context(), page(t))
				want(t, err, rogatory.Invalid, "page_secret_unusable")
				want(t, routes[channel].Check(t.Context()), rogatory.Invalid, "page_secret_unusable")
				os.RemoveAll(name)
				p.write(t, file, string(good))
			}
		})
	}
	for name, text := range map[string]string{"no prefix": hookKey[6:], "short": "whsec_AAAA", "not base64": "whsec_" + strings.Repeat("!", 40)} {
		p.write(t, "hook", text)
		if err := routes["webhook"].Check(t.Context()); rogatory.CodeOf(err) != "page_secret_unusable" {
			t.Errorf("a key with %s: %v", name, err)
		}
	}
	if len(e.heard()) != 0 {
		t.Error("somebody was called")
	}
	// A secret that was exchanged needs no restart.
	p.write(t, "token", "another")
	if _, err := routes["matrix"].Send(t.Context(), page(t)); err != nil || e.heard()[0].header.Get("Authorization") != "Bearer another" {
		t.Errorf("the new token is not used (%v)", err)
	}
}

func TestTheMachineItselfMayBeCalledInClear(t *testing.T) {
	p, e := newPlace(t), &ear{answer: matrixAnswers}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: e}
	go server.Serve(l)
	t.Cleanup(func() { server.Close() })
	for name, route := range p.three(t, "http://"+l.Addr().String()) {
		if err := route.Check(t.Context()); err != nil {
			t.Errorf("the check of %s: %v", name, err)
		}
		if _, err := route.Send(t.Context(), page(t)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	_, err = Open(Config{Door: notice().Door, Channels: []ChannelConfig{{Name: "hook", Provider: "a", Line: Line{CAFile: "nowhere.pem"}, Webhook: &WebhookConfig{"https://a.example", "hook"}}}}, p.dir, clock.Real{})
	want(t, err, rogatory.Invalid, "page_config_invalid")
}

// A provider that answers 200 to everything has taken a page only if its answer says so.
func TestAGatewayThatAnswers200ToEverything(t *testing.T) {
	p := newPlace(t)
	answer := ""
	server := p.serve(t, func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, answer) })
	open := func(text string) Route {
		return p.open(t, ChannelConfig{Name: "text", Provider: "b", Line: p.line(), Gateway: &GatewayConfig{URL: server.URL + "/", SuccessText: text}})
	}
	for _, row := range []struct{ name, text, answer, code string }{
		{"it took it", `"status":"queued"`, `{"status":"queued","id":7}`, ""},
		{"it has no money left", `"status":"queued"`, `{"status":"error","code":402}`, "page_answer_unclear"},
		{"it says nothing", `"status":"queued"`, "", "page_answer_unclear"},
		{"it says too much", `"status":"queued"`, `{"status":"queued"` + strings.Repeat(" ", maxAnswer), "page_answer_unclear"},
		{"nobody asked for words", "", `{"status":"error"}`, ""},
	} {
		answer = row.answer
		if _, err := open(row.text).Send(t.Context(), page(t)); rogatory.CodeOf(err) != row.code && !(row.code == "" && err == nil) {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}
