// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"log"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"rogatory"
)

// office is a real mail server that keeps what it is given.
type office struct {
	mu    sync.Mutex
	mails []string // guarded by mu

	refuseRcpt, refuseData error
}

type visit struct {
	office   *office
	from, to string
	signedIn bool
}

func (o *office) NewSession(*smtp.Conn) (smtp.Session, error) { return &visit{office: o}, nil }

func (v *visit) Reset()                   {}
func (v *visit) Logout() error            { return nil }
func (v *visit) AuthMechanisms() []string { return []string{sasl.Plain} }
func (v *visit) Auth(string) (sasl.Server, error) {
	return sasl.NewPlainServer(func(_, user, pass string) error {
		if user != "node" || pass != password {
			return &smtp.SMTPError{Code: 535, Message: chatter + " " + pass}
		}
		v.signedIn = true
		return nil
	}), nil
}

func (v *visit) Mail(from string, _ *smtp.MailOptions) error {
	if !v.signedIn {
		return smtp.ErrAuthRequired
	}
	v.from = from
	return nil
}

func (v *visit) Rcpt(to string, _ *smtp.RcptOptions) error {
	v.to = to
	return v.office.refuseRcpt
}

func (v *visit) Data(r io.Reader) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if v.office.refuseData != nil {
		return v.office.refuseData
	}
	v.office.mu.Lock()
	defer v.office.mu.Unlock()
	v.office.mails = append(v.office.mails, "Envelope: "+v.from+" "+v.to+"\r\n"+string(data))
	return nil
}

func (o *office) taken() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.mails
}

// mailServer starts the office, with STARTTLS, or with TLS from the start.
func (p place) mailServer(t *testing.T, o *office, implicit bool) SMTPConfig {
	t.Helper()
	s := smtp.NewServer(o)
	s.Domain, s.TLSConfig, s.ErrorLog = "mail.example", p.tls, log.New(io.Discard, "", 0)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	config := SMTPConfig{Host: "127.0.0.1", Port: port, From: "desk@xa.example", Username: "node", PasswordFile: "password"}
	if implicit {
		l, config.TLS = tls.NewListener(l, p.tls), "tls"
	}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
	return config
}

func (p place) mail(t *testing.T, c SMTPConfig) Route {
	return p.open(t, ChannelConfig{Name: "mail", Provider: "ministry", Line: p.line(), SMTP: &c})
}

func TestAPageByMail(t *testing.T) {
	p := newPlace(t)
	for name, implicit := range map[string]bool{"STARTTLS": false, "TLS from the start": true} {
		t.Run(name, func(t *testing.T) {
			o := &office{}
			route := p.mail(t, p.mailServer(t, o, implicit))
			if err := route.Check(t.Context()); err != nil {
				t.Fatalf("the check: %v", err)
			}
			if len(o.taken()) != 0 {
				t.Fatal("the check woke somebody")
			}
			receipt, err := route.Send(t.Context(), page(t))
			if err != nil {
				t.Fatal(err)
			}
			if receipt != (Receipt{Page: page(t).ID(), Channel: "mail", Provider: "ministry", Accepted: rogatory.At(night), Status: 250}) {
				t.Errorf("the receipt is %+v", receipt)
			}
			mails := o.taken()
			if len(mails) != 1 {
				t.Fatalf("%d mails were taken", len(mails))
			}
			for line := range strings.SplitSeq(mails[0], "\r\n") {
				if len(line) > 998 || strings.ContainsAny(line, "\r\n") {
					t.Errorf("a line is outside RFC 5322: %q", line)
				}
			}
			m, err := mail.ReadMessage(bufio.NewReader(strings.NewReader(mails[0])))
			if err != nil {
				t.Fatal(err)
			}
			for header, value := range map[string]string{
				"Envelope": "desk@xa.example " + mailbox, "From": "<desk@xa.example>", "To": "<" + mailbox + ">",
				"Subject": page(t).Subject(), "Date": "Wed, 25 Nov 2026 02:14:05 +0000",
				"Message-ID": "<019abcde-0000-7000-8000-00000000000a@xa.example>", "Auto-Submitted": "auto-generated",
				"MIME-Version": "1.0", "Content-Type": "text/plain; charset=US-ASCII", "Content-Transfer-Encoding": "quoted-printable",
				"Importance": "high", "User-Agent": "", "X-Mailer": "",
			} {
				if got := m.Header.Get(header); got != value {
					t.Errorf("%s is %q, want %q", header, got, value)
				}
			}
			body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
			if err != nil || strings.ReplaceAll(string(body), "\r\n", "\n") != page(t).Text() {
				t.Errorf("the body is %q (%v)", body, err)
			}
		})
	}
}

func TestMailServersThatRefuse(t *testing.T) {
	p := newPlace(t)
	smtpError := func(code int) error {
		return &smtp.SMTPError{Code: code, Message: chatter + " " + mailbox}
	}
	for name, row := range map[string]struct {
		office *office
		change func(*SMTPConfig)
		kind   rogatory.Kind
		code   string
		checks bool // the check finds it too
	}{
		"unknown person":      {office: &office{refuseRcpt: smtpError(550)}, kind: rogatory.Invalid, code: "page_address_refused"},
		"mailbox busy":        {office: &office{refuseRcpt: smtpError(451)}, kind: rogatory.Unavailable, code: "page_provider_failed"},
		"spam":                {office: &office{refuseData: smtpError(554)}, kind: rogatory.Denied, code: "page_refused"},
		"disk full":           {office: &office{refuseData: smtpError(452)}, kind: rogatory.Unavailable, code: "page_provider_failed"},
		"wrong person":        {change: func(c *SMTPConfig) { c.Username = "somebody" }, kind: rogatory.Denied, code: "page_credentials_refused", checks: true},
		"wrong password":      {change: func(c *SMTPConfig) { c.PasswordFile = "api" }, kind: rogatory.Denied, code: "page_credentials_refused", checks: true},
		"no password":         {change: func(c *SMTPConfig) { c.PasswordFile = "missing" }, kind: rogatory.Invalid, code: "page_secret_unusable", checks: true},
		"not signed in":       {change: func(c *SMTPConfig) { c.Username, c.PasswordFile = "", "" }, kind: rogatory.Denied, code: "page_refused"},
		"no such way to sign": {change: func(c *SMTPConfig) { c.Auth = "login" }, kind: rogatory.Invalid, code: "page_auth_missing", checks: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := row.office
			if o == nil {
				o = &office{}
			}
			config := p.mailServer(t, o, false)
			if row.change != nil {
				row.change(&config)
			}
			route := p.mail(t, config)
			_, err := route.Send(t.Context(), page(t))
			want(t, err, row.kind, row.code)
			if err := route.Check(t.Context()); (err != nil) != row.checks {
				t.Errorf("the check says %v", err)
			} else if err != nil {
				want(t, err, row.kind, row.code)
			}
			if len(o.taken()) != 0 {
				t.Error("a mail was taken all the same")
			}
		})
	}
}

// script is a server that says its lines, one before and one after each line of the client, and then
// closes.
func script(t *testing.T, lines ...string) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				var err error
				defer conn.Close()
				r := bufio.NewReader(conn)
				for _, line := range lines {
					if _, err := io.WriteString(conn, line); err != nil {
						return
					}
					if strings.HasPrefix(line, "354") { // a message ends with a dot
						for said := ""; said != ".\r\n"; {
							if said, err = r.ReadString('\n'); err != nil {
								return
							}
						}
					} else if strings.HasPrefix(line, "220 go") { // what follows is a TLS record, not a line
						if _, err := r.Peek(1); err != nil {
							return
						}
						r.Discard(r.Buffered())
					} else if _, err := r.ReadString('\n'); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

func TestMailServersThatMisbehave(t *testing.T) {
	p := newPlace(t)
	hello := "250-mail.example " + chatter + "\r\n250 AUTH PLAIN\r\n"
	for name, row := range map[string]struct {
		lines []string
		kind  rogatory.Kind
		code  string
	}{
		"silent":               {[]string{""}, rogatory.Unavailable, "page_timeout"},
		"silent after hello":   {[]string{"220 hi\r\n", ""}, rogatory.Unavailable, "page_timeout"},
		"closing":              {nil, rogatory.Unavailable, "page_unreachable"},
		"closing after hello":  {[]string{"220 hi\r\n"}, rogatory.Unavailable, "page_unreachable"},
		"not a mail server":    {[]string{"HTTP/1.1 400 " + chatter + "\r\n"}, rogatory.Unavailable, "page_answer_unclear"},
		"too busy":             {[]string{"421 " + chatter + "\r\n"}, rogatory.Unavailable, "page_provider_failed"},
		"not for us":           {[]string{"554 " + chatter + "\r\n"}, rogatory.Denied, "page_refused"},
		"senseless":            {[]string{"299 " + chatter + "\r\n"}, rogatory.Unavailable, "page_answer_unclear"},
		"without STARTTLS":     {[]string{"220 hi\r\n", hello, "", ""}, rogatory.Untrusted, "page_tls_missing"},
		"refusing STARTTLS":    {[]string{"220 hi\r\n", "250-x\r\n250 STARTTLS\r\n", "454 " + chatter + "\r\n"}, rogatory.Unavailable, "page_provider_failed"},
		"lying about STARTTLS": {[]string{"220 hi\r\n", "250-x\r\n250 STARTTLS\r\n", "220 go\r\n250 slipped in\r\n", "250 no TLS here\r\n"}, rogatory.Untrusted, "page_tls_untrusted"},
		"endless line":         {[]string{strings.Repeat("2", 2*maxConversation)}, rogatory.Unavailable, "page_answer_unclear"},
		"endless lines":        {[]string{strings.Repeat("220-x\r\n", maxConversation)}, rogatory.Unavailable, "page_answer_unclear"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			route := p.mail(t, SMTPConfig{Host: "127.0.0.1", Port: script(t, row.lines...), From: "desk@xa.example", Username: "node", PasswordFile: "password"})
			if row.code == "page_timeout" {
				hurry(route)
			}
			_, err := route.Send(t.Context(), page(t))
			want(t, err, row.kind, row.code)
		})
	}
}

// The server has taken the message and then forgets its manners: somebody will be woken.
func TestAcceptanceCountsWhateverFollows(t *testing.T) {
	p := newPlace(t)
	port := script(t, "220 hi\r\n", "250 x\r\n", "250 ok\r\n", "250 ok\r\n", "354 go\r\n", "250 taken\r\n")
	route := p.mail(t, SMTPConfig{Host: "127.0.0.1", Port: port, From: "desk@xa.example", TLS: "none"})
	if _, err := route.Send(t.Context(), page(t)); err != nil {
		t.Errorf("a taken message is reported as %v", err)
	}
}

func TestMailOfAStrangersCertificate(t *testing.T) {
	p, other := newPlace(t), newPlace(t)
	for _, implicit := range []bool{false, true} {
		o := &office{}
		route := p.mail(t, other.mailServer(t, o, implicit))
		_, err := route.Send(t.Context(), page(t))
		want(t, err, rogatory.Untrusted, "page_tls_untrusted")
		want(t, route.Check(t.Context()), rogatory.Untrusted, "page_tls_untrusted")
	}
}

func TestAStoppedDeliverySaysSo(t *testing.T) {
	p := newPlace(t)
	ctx, cancel := context.WithCancel(t.Context())
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		if conn, err := l.Accept(); err == nil {
			cancel()
			defer conn.Close()
			_, _ = io.Copy(io.Discard, conn)
		}
	}()
	route := p.mail(t, SMTPConfig{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, From: "desk@xa.example"})
	_, err = route.Send(ctx, page(t))
	want(t, err, rogatory.Unavailable, "page_stopped")
}

func TestAddressesOfMail(t *testing.T) {
	for address, ok := range map[string]bool{
		"a@b.example": true, "duty+night@ministry.example": true,
		"": false, "a": false, "a@": false, "@b": false, "A <a@b.example>": false, "a@b.example, c@d.example": false,
		"\"a b\"@c.example": false, "a@b.example\r\nBcc: c@d.example": false, "ä@b.example": false, "a@bücher.example": false,
		"a@[127.0.0.1]": false, "a@-b.example": false, "a@b..example": false,
		strings.Repeat("a", 65) + "@b.example": false, "a@" + strings.Repeat("b", 254): false,
	} {
		if mailAddress(address) != ok {
			t.Errorf("%q: got %v", address, !ok)
		}
	}
}
