// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"
	"time"

	"rogatory"
)

// Bounds of a gateway's templates.
const (
	maxTemplate = 8 << 10  // what a person still reads
	maxRendered = 16 << 10 // of an address, a header or a body
	maxHeaders  = 32

	maxSuccessText = 200 // bytes: a member and its value
)

// fields is everything that a template sees of a page.
type fields struct {
	ID, Node, Urgency, Created, To, Subject, Text, Link, Code string
}

func fieldsOf(page Page, to string) fields {
	return fields{
		string(page.ID()), page.Node().String(), string(page.Urgency()), page.Created().String(),
		to, page.Subject(), page.Text(), page.Link(), page.Code(),
	}
}

// gateway calls the HTTP door of a provider of text messages or calls, with an address, headers and
// a body that are templates.
type gateway struct {
	egress  egress
	config  GatewayConfig // complete, see GatewayConfig.defaults
	secrets map[string]secretFile
}

var (
	errRendered = errors.New("what a template makes is too long")
	errSecret   = errors.New("no secret of that name")
)

// short collects what a template writes, up to a bound.
type short struct{ text strings.Builder }

func (s *short) Write(p []byte) (int, error) {
	if s.text.Len()+len(p) > maxRendered {
		return 0, errRendered
	}
	return s.text.Write(p)
}

// compile parses a template. It may print and choose; it may not loop, define or include, so that it
// always ends. The functions beside those of text/template: json writes a JSON string, secret the
// content of a file.
func compile(text string, secret func(name string) (string, error)) (*template.Template, error) {
	if len(text) > maxTemplate {
		return nil, errRendered
	}
	t, err := template.New("").Option("missingkey=error").Funcs(template.FuncMap{
		"json": func(s string) (string, error) {
			b, err := json.Marshal(s)
			return string(b), err
		},
		"secret": secret,
	}).Parse(text)
	if err != nil {
		return nil, err
	}
	if len(t.Templates()) > 1 || t.Tree != nil && !straight(t.Tree.Root) {
		return nil, errors.New("a template may not loop, define or include")
	}
	return t, nil
}

func straight(list *parse.ListNode) bool {
	if list == nil {
		return true
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.TextNode, *parse.ActionNode, *parse.CommentNode:
		case *parse.IfNode:
			if !straight(n.List) || !straight(n.ElseList) {
				return false
			}
		default:
			return false
		}
	}
	return true
}

func render(text string, f fields, secret func(string) (string, error)) (string, error) {
	t, err := compile(text, secret)
	if err != nil {
		return "", err
	}
	var out short
	if err := t.Execute(&out, f); err != nil {
		return "", err
	}
	return out.text.String(), nil
}

// order is a rendered call.
type order struct {
	url    string
	header http.Header
	body   string
}

// origin returns the scheme and host of a gateway's address, which have to be written out: a page
// must not choose whom it is sent to.
func (c GatewayConfig) origin() (*url.URL, bool) {
	fixed, _, _ := strings.Cut(c.URL, "{{")
	u, err := url.Parse(fixed)
	if err != nil || u.Hostname() == "" || u.User != nil || !strings.HasPrefix(u.Path, "/") {
		return nil, false
	}
	return u, true
}

// render makes the call. wrong names the part that does not work; it quotes nothing.
func (c GatewayConfig) render(f fields, secret func(string) (string, error)) (o order, wrong string, err error) {
	if _, ok := c.origin(); !ok {
		return order{}, "url does not begin with a scheme, a host and a slash", nil
	}
	if o.url, err = render(c.URL, f, secret); err != nil {
		return order{}, "url is not a template that works", err
	}
	if _, err := url.Parse(o.url); err != nil || !printable(o.url) || strings.Contains(o.url, " ") {
		return order{}, "url does not become an address: write urlquery before what is put into it", nil
	}
	o.header = http.Header{}
	for name, text := range c.Headers {
		value, err := render(text, f, secret)
		if err != nil {
			return order{}, "a header is not a template that works", err
		}
		if !headerName(name) || !printable(value) {
			return order{}, "a header has no valid name, is reserved, or does not become one line of printable ASCII", nil
		}
		o.header.Set(name, value)
	}
	if o.body, err = render(c.Body, f, secret); err != nil {
		return order{}, "body is not a template that works", err
	}
	return o, "", nil
}

// reserved headers belong to the connection.
var reserved = []string{"Host", "Content-Length", "Transfer-Encoding", "Connection", "Upgrade", "Te", "Trailer", "Expect", "Proxy-Authorization", "User-Agent"}

func headerName(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-") == "" &&
		!slices.Contains(reserved, http.CanonicalHeaderKey(s))
}

// sample is a page for trying templates; nobody is woken with it.
func sample() Page {
	begin := time.Date(2000, 1, 1, 8, 0, 0, 0, time.UTC)
	page, err := NewPage(Notice{
		ID: "018cc251-f400-7000-8000-000000000000", Node: rogatory.Address{State: "XA", Authority: "sample"},
		Urgency: Test, Shift: Shift{begin, begin.Add(8 * time.Hour)}, Door: "https://desk.invalid/page/",
		Token: strings.Repeat("A", 43), Code: "0000 0000", Created: rogatory.At(begin),
		To: map[string]string{"sample": "sample"},
	})
	if err != nil {
		return Page{} // TestSample
	}
	return page
}

// secret returns the function of that name for one call, and where it keeps its last error.
func (g *gateway) secret() (func(string) (string, error), *error) {
	var last error
	return func(name string) (string, error) {
		file, ok := g.secrets[name]
		if !ok {
			return "", errSecret
		}
		text, err := file.read()
		if err != nil {
			last = err
		}
		return text, err
	}, &last
}

func (g *gateway) order(f fields) (order, error) {
	secret, last := g.secret()
	o, wrong, err := g.config.render(f, secret)
	switch {
	case *last != nil:
		return order{}, *last
	case wrong != "" || err != nil:
		return order{}, rogatory.Fault(rogatory.Invalid, "page_config_invalid", "channel %s: %s", g.egress.name, wrong)
	}
	return o, nil
}

// Send calls the gateway. A status in the configured range is a receipt, if the answer says what it has to.
func (g *gateway) Send(ctx context.Context, page Page) (Receipt, error) {
	to, err := addressee(page, g.egress.name)
	if err != nil {
		return Receipt{}, err
	}
	o, err := g.order(fieldsOf(page, to))
	if err != nil {
		return Receipt{}, err
	}
	read := int64(0)
	if g.config.SuccessText != "" {
		read = maxAnswer
	}
	status, answer, err := g.egress.do(ctx, g.config.Method, o.url, o.header, o.body, read)
	if err != nil {
		return Receipt{}, err
	}
	if status < g.config.SuccessMin || status > g.config.SuccessMax {
		return Receipt{}, g.egress.status(status)
	}
	if !strings.Contains(string(answer), g.config.SuccessText) {
		return Receipt{}, rogatory.Fault(rogatory.Unavailable, "page_answer_unclear", "channel %s: the provider answered %d and did not say what success_text names", g.egress.name, status)
	}
	return Receipt{Status: status}, nil
}

// Check tries the templates with a sample, reads the secrets and connects; nothing is called.
func (g *gateway) Check(ctx context.Context) error {
	o, err := g.order(fieldsOf(sample(), "sample"))
	if err != nil {
		return err
	}
	return g.egress.probe(ctx, o.url)
}
