// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/mail"
	"net/textproto"
	"strconv"
	"strings"

	gomail "github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"rogatory"
	"rogatory/clock"
)

// mailer hands pages to a mail server (RFC 5321), by submission with STARTTLS (RFC 6409) or with TLS
// from the start (RFC 8314). The message is plain text, quoted-printable, with the page's identifier
// in its Message-ID, so that a second copy can be recognised.
type mailer struct {
	egress   egress
	config   SMTPConfig // complete, see SMTPConfig.defaults
	password secretFile
	clock    clock.Clock
}

// mailAddress reports whether s is one bare mailbox in ASCII, within the bounds of RFC 5321, 4.5.3.1.
func mailAddress(s string) bool {
	a, err := mail.ParseAddress(s)
	if err != nil || a.Name != "" || a.Address != s || len(s) > MaxAddress || !printable(s) || strings.ContainsAny(s, " \"<>\\,;") {
		return false
	}
	local, domain, _ := strings.Cut(s, "@")
	return len(local) <= 64 && hostName(domain)
}

func hostName(s string) bool {
	return s != "" && len(s) <= 253 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.") == "" &&
		!strings.HasPrefix(s, ".") && !strings.HasPrefix(s, "-") && !strings.Contains(s, "..")
}

// bounded ends a conversation that grows without end.
type bounded struct {
	net.Conn
	left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.Conn.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

// session is a greeted, encrypted and signed-in conversation with the mail server.
type session struct {
	*smtp.Client
	conn net.Conn
	stop func() bool
}

func (s session) close() {
	s.stop()
	s.conn.Close()
}

// open leads the conversation to where a message can be given. The caller closes the session.
func (m *mailer) open(ctx context.Context) (session, error) {
	clear := m.config.TLS == "none"
	raw, err := m.egress.dial(ctx, "tcp", net.JoinHostPort(m.config.Host, strconv.Itoa(m.config.Port)), clear)
	if err != nil {
		return session{}, m.egress.fault(ctx, err)
	}
	s := session{conn: raw, stop: context.AfterFunc(ctx, func() { raw.Close() })}
	if err := m.greet(ctx, &s, raw); err != nil {
		s.close()
		return session{}, err
	}
	return s, nil
}

func (m *mailer) greet(ctx context.Context, s *session, raw net.Conn) error {
	if deadline, ok := ctx.Deadline(); ok {
		if err := raw.SetDeadline(deadline); err != nil {
			return m.egress.fault(ctx, err)
		}
	}
	var conn net.Conn = &bounded{raw, maxConversation}
	if m.config.TLS == "tls" {
		secure := tls.Client(conn, m.egress.tls(m.config.Host))
		if err := secure.HandshakeContext(ctx); err != nil {
			return m.egress.fault(ctx, err)
		}
		conn = secure
	}
	client, err := smtp.NewClient(conn, m.config.Host)
	if err != nil {
		return m.answer(ctx, "the connection", err)
	}
	s.Client = client
	client.SkipSMTPUTF8(true)
	// The domain of the sender, not the name of the machine, which is nobody's business.
	if err := client.Hello(m.domain()); err != nil {
		return m.answer(ctx, "EHLO", err)
	}
	if m.config.TLS == "starttls" {
		if ok, _ := client.Extension("STARTTLS"); !ok {
			return rogatory.Fault(rogatory.Untrusted, "page_tls_missing", "channel %s: the mail server offers no STARTTLS, and nothing is sent in clear", m.egress.name)
		}
		if err := client.StartTLS(m.egress.tls(m.config.Host)); err != nil {
			return m.answer(ctx, "STARTTLS", err)
		}
	}
	if m.config.Username == "" {
		return nil
	}
	password, err := m.password.read()
	if err != nil {
		return err
	}
	ok, offered := client.Extension("AUTH")
	if !ok || !strings.Contains(" "+offered+" ", " "+strings.ToUpper(m.config.Auth)+" ") {
		return rogatory.Fault(rogatory.Invalid, "page_auth_missing", "channel %s: the mail server does not offer auth %s", m.egress.name, m.config.Auth)
	}
	auth := smtp.PlainAuth("", m.config.Username, password, m.config.Host, clearText(m.config))
	if m.config.Auth == "login" {
		auth = smtp.LoginAuth(m.config.Username, password, m.config.Host, clearText(m.config))
	}
	if err := client.Auth(auth); err != nil {
		return m.answer(ctx, "AUTH", err)
	}
	return nil
}

func clearText(c SMTPConfig) bool { return c.TLS == "none" }

func (m *mailer) domain() string {
	_, domain, _ := strings.Cut(m.config.From, "@")
	return domain
}

// answer turns a refusal at a step of the conversation into an error: its number, never its words.
func (m *mailer) answer(ctx context.Context, step string, err error) error {
	said, ok := errors.AsType[*textproto.Error](err)
	if !ok {
		return m.egress.fault(ctx, err)
	}
	name := m.egress.name
	switch {
	case said.Code >= 400 && said.Code < 500:
		return rogatory.Fault(rogatory.Unavailable, "page_provider_failed", "channel %s: the mail server answered %d to %s", name, said.Code, step)
	case said.Code >= 500 && said.Code < 600 && step == "AUTH", said.Code == 530, said.Code == 534, said.Code == 535, said.Code == 538:
		return rogatory.Fault(rogatory.Denied, "page_credentials_refused", "channel %s: the mail server answered %d to %s and does not accept the credentials", name, said.Code, step)
	case said.Code >= 500 && said.Code < 600 && step == "RCPT":
		return rogatory.Fault(rogatory.Invalid, "page_address_refused", "channel %s: the mail server answered %d and does not take the person's address", name, said.Code)
	case said.Code >= 500 && said.Code < 600:
		return rogatory.Fault(rogatory.Denied, "page_refused", "channel %s: the mail server answered %d to %s", name, said.Code, step)
	}
	return rogatory.Fault(rogatory.Unavailable, "page_answer_unclear", "channel %s: the mail server answered %d to %s, which means nothing there", name, said.Code, step)
}

// message writes the page as a message (RFC 5322). Auto-Submitted (RFC 3834) keeps answering
// machines from answering.
func (m *mailer) message(page Page, to string) (*gomail.Msg, error) {
	charset := gomail.CharsetASCII
	if page.tongue != "" {
		charset = gomail.CharsetUTF8
	}
	msg := gomail.NewMsg(gomail.WithCharset(charset), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	if err := errors.Join(msg.From(m.config.From), msg.To(to)); err != nil {
		return nil, err
	}
	msg.Subject(page.Subject())
	msg.SetDateWithValue(m.clock.Now().UTC())
	msg.SetMessageIDWithValue(string(page.ID()) + "@" + m.domain())
	msg.SetGenHeader("Auto-Submitted", "auto-generated")
	if page.tongue != "" {
		msg.SetGenHeader("Content-Language", page.tongue)
	}
	if page.Urgency() != Test && page.Urgency() != Routine {
		msg.SetImportance(gomail.ImportanceHigh)
	}
	msg.SetBodyString(gomail.TypeTextPlain, page.Text())
	return msg, nil
}

// Send gives the page to the mail server. Its acceptance (250 after the text) is a receipt, even if
// the conversation then breaks.
func (m *mailer) Send(ctx context.Context, page Page) (Receipt, error) {
	to, err := addressee(page, m.egress.name)
	if err != nil {
		return Receipt{}, err
	}
	if !mailAddress(to) {
		return Receipt{}, badAddress(m.egress.name, "a mail address")
	}
	msg, err := m.message(page, to)
	if err != nil {
		return Receipt{}, badAddress(m.egress.name, "a mail address")
	}
	ctx, cancel := context.WithTimeout(ctx, m.egress.timeout)
	defer cancel()
	s, err := m.open(ctx)
	if err != nil {
		return Receipt{}, err
	}
	defer s.close()
	if err := s.Mail(m.config.From); err != nil {
		return Receipt{}, m.answer(ctx, "MAIL", err)
	}
	if err := s.Rcpt(to); err != nil {
		return Receipt{}, m.answer(ctx, "RCPT", err)
	}
	w, err := s.Data()
	if err != nil {
		return Receipt{}, m.answer(ctx, "DATA", err)
	}
	if err := write(msg, w); err != nil {
		return Receipt{}, m.answer(ctx, "the message", err)
	}
	_ = s.Quit() // courtesy: the server has taken the message
	return Receipt{Status: 250}, nil
}

func write(msg *gomail.Msg, w io.WriteCloser) error {
	if _, err := msg.WriteTo(w); err != nil {
		return err
	}
	return w.Close()
}

// Check signs in and leaves, without naming a sender or a recipient.
func (m *mailer) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, m.egress.timeout)
	defer cancel()
	s, err := m.open(ctx)
	if err != nil {
		return err
	}
	defer s.close()
	_ = s.Quit()
	return nil
}

// addressee returns the person's address on the channel.
func addressee(page Page, channel string) (string, error) {
	to, ok := page.To(channel)
	if !ok {
		return "", rogatory.Fault(rogatory.NotFound, "page_address_missing", "channel %s: the person has no address on it", channel)
	}
	return to, nil
}

func badAddress(channel, what string) error {
	return rogatory.Fault(rogatory.Invalid, "page_address_invalid", "channel %s: the person's address is not %s", channel, what)
}
