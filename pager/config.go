// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Config is the part of node.json that says how people are woken. Unknown members are errors. Secrets
// are never written here: members that end in _file name files, absolute or below the node's folder,
// with one line each and mode 0600.
type Config struct {
	// Door is where acknowledgement links begin: an https address that ends in a slash.
	Door string `json:"door"`
	// Channels are the ways to wake, at most 50. Two of different providers are wanted.
	Channels []ChannelConfig `json:"channels"`
	// People are the addresses at which each person is woken: by the person's id, then by the channel's
	// name. Who has none on a channel is not reached by it.
	People map[string]map[string]string `json:"people,omitempty"`
	// Heartbeat tells an outside service that the engine is alive. Without it nobody outside notices
	// that it stopped.
	Heartbeat *HeartbeatConfig `json:"heartbeat,omitempty"`
}

// Line is what every connection to the outside has in common.
type Line struct {
	// TimeoutSeconds bounds one delivery from connecting to the answer. 0 means 20; at most 120.
	TimeoutSeconds int `json:"timeout_seconds,omitempty"`
	// AllowNetworks are networks such as 10.20.0.0/16 that may be dialled beside the public internet.
	// Private, loopback and link-local addresses are refused otherwise.
	AllowNetworks []string `json:"allow_networks,omitempty"`
	// CAFile is a PEM file of the authorities that the provider's certificate chains to, in place of
	// the machine's.
	CAFile string `json:"ca_file,omitempty"`
}

// ChannelConfig is one channel: exactly one of SMTP, Webhook, Gateway and Matrix is there.
type ChannelConfig struct {
	// Name is how addresses, errors and the log call the channel; Provider is who carries the pages.
	// Small letters, digits and hyphens, at most 40.
	Name     string `json:"name"`
	Provider string `json:"provider"`
	Line

	SMTP    *SMTPConfig    `json:"smtp,omitempty"`
	Webhook *WebhookConfig `json:"webhook,omitempty"`
	Gateway *GatewayConfig `json:"gateway,omitempty"`
	Matrix  *MatrixConfig  `json:"matrix,omitempty"`
}

// SMTPConfig is a mail server that takes messages from us. A person's address is a mail address.
type SMTPConfig struct {
	Host string `json:"host"`
	// Port is 587 if it is 0, and 465 if TLS is "tls".
	Port int `json:"port,omitempty"`
	// TLS is "starttls" (if empty), "tls" from the start, or "none", which is for a server on the
	// same machine only. STARTTLS is demanded, not tried.
	TLS string `json:"tls,omitempty"`
	// From is the sender. Its domain is also given in EHLO and in message identifiers.
	From string `json:"from"`
	// Username and PasswordFile sign in; without them nothing is signed in to. Auth is "plain" (if
	// empty) or "login".
	Username     string `json:"username,omitempty"`
	PasswordFile string `json:"password_file,omitempty"`
	Auth         string `json:"auth,omitempty"`
}

// WebhookConfig is a receiver that checks a signature. A person's address is any word that the
// receiver understands.
type WebhookConfig struct {
	URL string `json:"url"` // https
	// KeyFile holds whsec_ and the base64 of 24 to 64 random bytes.
	KeyFile string `json:"key_file"`
}

// GatewayConfig is the HTTP door of a provider of text messages or calls. URL, headers and body are
// templates (text/template) with .To .Subject .Text .Link .Code .ID .Node .Urgency and .Created, the
// functions urlquery, json and secret, and without loops. A person's address is what the provider
// wants, such as a telephone number.
type GatewayConfig struct {
	Method  string            `json:"method,omitempty"` // POST if empty; GET or PUT
	URL     string            `json:"url"`              // https; scheme, host and a slash are written out
	Headers map[string]string `json:"headers,omitempty"`
	Body    string            `json:"body,omitempty"`
	// SecretFiles are files of secrets by name; {{secret "name"}} puts one in.
	SecretFiles map[string]string `json:"secret_files,omitempty"`
	// SuccessMin and SuccessMax are the HTTP statuses that mean accepted. 0 means 200 and 299.
	SuccessMin int `json:"success_min,omitempty"`
	SuccessMax int `json:"success_max,omitempty"`
	// SuccessText stands in the answer to a page that was accepted, for providers that answer 200 to everything. Empty
	// means that the status says it.
	SuccessText string `json:"success_text,omitempty"`
}

// MatrixConfig is an account on a homeserver. A person's address is a room, such as !abc:example.org.
type MatrixConfig struct {
	Homeserver string `json:"homeserver"` // https, without a path
	TokenFile  string `json:"token_file"`
}

// HeartbeatConfig says where the engine's life is reported.
type HeartbeatConfig struct {
	// URLFile holds the https address to call (GET): who knows it can pretend that we live.
	URLFile string `json:"url_file"`
	// IntervalMinutes is the time between two calls; 0 means 5, at most 60. The outside service
	// should raise the alarm after two or three that are missing.
	IntervalMinutes int `json:"interval_minutes,omitempty"`
	// LimitMinutes is the age of the last progress after which nothing is called; 0 means 10, at
	// most 240.
	LimitMinutes int `json:"limit_minutes,omitempty"`
	Line
}

// MaxConfig bounds a configuration, in bytes.
const MaxConfig = 256 << 10

// ParseConfig reads a configuration strictly and checks it. After an error it returns nothing else.
// Errors name members, never values.
func ParseConfig(data []byte) (Config, error) {
	invalid := func(words string) (Config, error) {
		return Config{}, rogatory.Fault(rogatory.Invalid, "page_config_invalid", "read the pager's configuration: %s", words)
	}
	if len(data) > MaxConfig {
		return invalid(fmt.Sprintf("it has more than %d bytes", MaxConfig))
	}
	var c Config
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&c); err != nil {
		// Decoders quote what they read, and somebody may have written a secret where a file belongs.
		if kind, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			return invalid("the member " + kind.Field + " is of the wrong type")
		}
		if strings.HasPrefix(err.Error(), "json: unknown field ") {
			return invalid("it has a member that does not exist: " + strings.TrimPrefix(err.Error(), "json: unknown field "))
		}
		return invalid("it is not JSON")
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return invalid("something follows it")
	}
	if err := c.Check(); err != nil {
		return Config{}, err
	}
	return c, nil
}

// maxPeople is as many as a rota has.
const maxPeople = 200

// maxName bounds the names of channels and providers, as the desk bounds them.
const maxName = 40

func validName(s string) bool {
	return s != "" && len(s) <= maxName && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// Check says everything that is wrong with the configuration at once, without opening a file or a
// connection. It names members, never values.
func (c Config) Check() error {
	var problems []string
	say := func(bad bool, format string, args ...any) {
		if bad {
			problems = append(problems, fmt.Sprintf(format, args...))
		}
	}
	if wrong := checkDoor(c.Door); wrong != "" {
		say(true, "door: %s", wrong)
	}
	say(len(c.Channels) > MaxChannels, "channels: more than %d", MaxChannels)
	names := map[string]bool{}
	for i, ch := range c.Channels {
		at := fmt.Sprintf("channels[%d]", i)
		say(!validName(ch.Name), "%s: name is needed, of small letters, digits and hyphens, at most %d", at, maxName)
		say(!validName(ch.Provider), "%s: provider is needed, of small letters, digits and hyphens, at most %d", at, maxName)
		if validName(ch.Name) {
			at += " (" + ch.Name + ")"
			say(names[ch.Name], "%s: the name stands twice", at)
			names[ch.Name] = true
		}
		ch.Line.check(at, say)
		kinds := 0
		if ch.SMTP != nil {
			kinds++
			ch.SMTP.defaults().check(at, say)
		}
		if ch.Webhook != nil {
			kinds++
			say(!webAddress(ch.Webhook.URL), "%s: url is not an https address", at)
			say(ch.Webhook.KeyFile == "", "%s: key_file is needed", at)
		}
		if ch.Gateway != nil {
			kinds++
			ch.Gateway.defaults().check(at, say)
		}
		if ch.Matrix != nil {
			kinds++
			u, err := url.Parse(ch.Matrix.Homeserver)
			say(!webAddress(ch.Matrix.Homeserver) || err == nil && (strings.Trim(u.Path, "/") != "" || u.RawQuery != ""), "%s: homeserver is not an https address without a path", at)
			say(ch.Matrix.TokenFile == "", "%s: token_file is needed", at)
		}
		say(kinds != 1, "%s: exactly one of smtp, webhook, gateway and matrix is needed", at)
	}
	say(len(c.People) > maxPeople, "people: more than %d", maxPeople)
	for i, person := range slices.Sorted(maps.Keys(c.People)) {
		for channel, address := range c.People[person] {
			say(!names[channel], "people, person %d of them in order: there is no such channel as they have an address on", i+1)
			say(address == "" || len(address) > MaxAddress || !printable(address), "people, person %d of them in order: an address is not printable ASCII of at most %d", i+1, MaxAddress)
		}
	}
	if h := c.Heartbeat; h != nil {
		h.Line.check("heartbeat", say)
		say(h.URLFile == "", "heartbeat: url_file is needed")
		say(h.IntervalMinutes < 0 || h.IntervalMinutes > 60, "heartbeat: interval_minutes is not between 1 and 60, or 0 for 5")
		say(h.LimitMinutes < 0 || h.LimitMinutes > 240, "heartbeat: limit_minutes is not between 1 and 240, or 0 for 10")
	}
	if len(problems) > 0 {
		return rogatory.Fault(rogatory.Invalid, "page_config_invalid", "the pager's configuration: %s", strings.Join(problems, "; "))
	}
	return nil
}

func (l Line) check(at string, say func(bool, string, ...any)) {
	say(l.TimeoutSeconds < 0 || time.Duration(l.TimeoutSeconds)*time.Second > MaxTimeout, "%s: timeout_seconds is not between 1 and %d, or 0 for %d", at, MaxTimeout/time.Second, DefaultTimeout/time.Second)
	say(len(l.AllowNetworks) > 32, "%s: allow_networks has more than 32", at)
	for i, n := range l.AllowNetworks {
		p, err := netip.ParsePrefix(n)
		say(err != nil || p != p.Masked() || p.Addr().Is4In6(), "%s: allow_networks[%d] is not a network such as 10.20.0.0/16", at, i)
	}
}

// egress opens what the line needs.
func (l Line) egress(name, dir string) (egress, error) {
	e := egress{name: name, timeout: DefaultTimeout}
	if l.TimeoutSeconds > 0 {
		e.timeout = time.Duration(l.TimeoutSeconds) * time.Second
	}
	for _, n := range l.AllowNetworks {
		p, err := netip.ParsePrefix(n)
		if err != nil {
			return egress{}, rogatory.Fault(rogatory.Invalid, "page_config_invalid", "channel %s: allow_networks holds what is not a network", name)
		}
		e.allow = append(e.allow, p)
	}
	if l.CAFile != "" {
		var err error
		if e.roots, err = readRoots(name, below(dir, l.CAFile)); err != nil {
			return egress{}, err
		}
	}
	return e, nil
}

// webAddress reports whether s is an https address without a name or a fragment, or an http address
// of the machine itself.
func webAddress(s string) bool {
	u, err := url.Parse(s)
	if err != nil || len(s) > 2048 || !printable(s) || strings.ContainsAny(s, " #") || u.Hostname() == "" || u.User != nil {
		return false
	}
	return u.Scheme == "https" || u.Scheme == "http" && loopbackHost(u.Hostname())
}

func (c SMTPConfig) defaults() SMTPConfig {
	if c.TLS == "" {
		c.TLS = "starttls"
	}
	if c.Port == 0 {
		c.Port = 587
		if c.TLS == "tls" {
			c.Port = 465
		}
	}
	if c.Auth == "" {
		c.Auth = "plain"
	}
	return c
}

func (c SMTPConfig) check(at string, say func(bool, string, ...any)) {
	_, err := netip.ParseAddr(c.Host)
	say(err != nil && !hostName(c.Host), "%s: host is not the name or address of a mail server", at)
	say(c.Port < 1 || c.Port > 65535, "%s: port is not between 1 and 65535", at)
	say(!slices.Contains([]string{"starttls", "tls", "none"}, c.TLS), "%s: tls is not starttls, tls or none", at)
	say(c.TLS == "none" && !loopbackHost(c.Host), "%s: tls none is for a mail server on the same machine only", at)
	say(!mailAddress(c.From), "%s: from is not a mail address in ASCII", at)
	say((c.Username == "") != (c.PasswordFile == ""), "%s: username and password_file go together", at)
	say(len(c.Username) > MaxAddress || !printable(c.Username), "%s: username is not printable ASCII of at most %d", at, MaxAddress)
	say(c.Auth != "plain" && c.Auth != "login", "%s: auth is not plain or login", at)
}

func (c GatewayConfig) defaults() GatewayConfig {
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	if c.SuccessMin == 0 && c.SuccessMax == 0 {
		c.SuccessMin, c.SuccessMax = 200, 299
	}
	return c
}

func (c GatewayConfig) check(at string, say func(bool, string, ...any)) {
	say(!slices.Contains([]string{http.MethodGet, http.MethodPost, http.MethodPut}, c.Method), "%s: method is not GET, POST or PUT", at)
	say(c.Method == http.MethodGet && c.Body != "", "%s: a GET has no body", at)
	// A redirect is never a success, whatever the range says.
	say(c.SuccessMin < 200 || c.SuccessMax > 599 || c.SuccessMin > c.SuccessMax || c.SuccessMin < 400 && c.SuccessMax >= 300, "%s: success_min and success_max are not a range of statuses without redirects", at)
	say(len(c.SuccessText) > maxSuccessText || !printable(c.SuccessText), "%s: success_text is not up to %d characters of printable ASCII", at, maxSuccessText)
	say(len(c.Headers) > maxHeaders || len(c.SecretFiles) > maxHeaders, "%s: more than %d headers or secret_files", at, maxHeaders)
	for _, name := range slices.Sorted(maps.Keys(c.SecretFiles)) {
		say(!validName(name) || c.SecretFiles[name] == "", "%s: secret_files needs names of small letters, digits and hyphens, and files", at)
	}
	origin, ok := c.origin()
	say(ok && origin.Scheme != "https" && !(origin.Scheme == "http" && loopbackHost(origin.Hostname())), "%s: url is not an https address", at)
	_, wrong, _ := c.render(fieldsOf(sample(), "sample"), func(name string) (string, error) {
		if _, ok := c.SecretFiles[name]; !ok {
			return "", errSecret
		}
		return "sample", nil
	})
	say(wrong != "", "%s: %s", at, wrong)
}
