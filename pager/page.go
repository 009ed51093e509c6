// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"rogatory"
)

// ID names a page: a UUID version 7 (RFC 9562). Providers recognise a second attempt by it. To wake
// a person again on purpose is a new page with a new identifier. It is never the identifier of a
// message.
type ID string

// NewID draws the identifier of a page. It fails only when random does.
func NewID(random io.Reader, now time.Time) (ID, error) {
	id, err := rogatory.NewMessageID(random, now)
	if err != nil {
		return "", fmt.Errorf("draw a page identifier: %w", err)
	}
	return ID(id), nil
}

// Valid reports whether i has the one form of a page identifier.
func (i ID) Valid() bool { return rogatory.MessageID(i).Valid() }

// Urgency is the class of a page; all that a page says about why somebody is woken.
type Urgency string

// The classes.
const (
	Test      Urgency = "test"      // each shift: does the telephone ring
	Routine   Urgency = "routine"   // within the shift
	Urgent    Urgency = "urgent"    // now
	Emergency Urgency = "emergency" // now, and before everything else
	Drill     Urgency = "drill"     // now, as for an emergency, and another State measures it
)

// words are what a person reads first. A class that is not here is refused.
var words = map[Urgency]string{
	Test:      "test page",
	Routine:   "page",
	Urgent:    "urgent page",
	Emergency: "emergency page",
	Drill:     "DRILL, urgent page",
}

// Shift is the time for which the person is on duty, in the zone in which it is to be read. The
// zero value says that the person was woken outside a shift, as a last resort.
type Shift struct {
	Begin, End time.Time
}

// Bounds of a page. They are small because the smallest screen and the shortest text message count.
const (
	MaxShift    = 31 * 24 * time.Hour // a month on call; more is a mistake
	MaxAddress  = 254                 // RFC 5321, 4.5.3.1.3: a path has 256 octets with its brackets
	MaxChannels = 50                  // of a person and of a node; as many as an escalation names
	maxDoor     = 256                 // an address that can be typed from paper
	maxNode     = 64
	tokenBytes  = 32 // of the link
	codeDigits  = 8
)

// tokenForm reports whether s is the unpadded base64url of 32 bytes, in its one form: the token that
// the desk draws for a link. A reference of a case has neither its length nor its form.
func tokenForm(s string) bool {
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(b) == tokenBytes && len(s) == base64.RawURLEncoding.EncodedLen(tokenBytes)
}

// codeForm reports whether s is a code of eight digits as the desk draws it, in two groups.
func codeForm(s string) bool {
	a, b, ok := strings.Cut(s, " ")
	return ok && len(a) == codeDigits/2 && len(b) == codeDigits/2 && strings.Trim(a+b, "0123456789") == ""
}

// Notice is everything that a page can say. No member takes a free text.
type Notice struct {
	ID      ID
	Node    rogatory.Address // whose desk wakes
	Urgency Urgency
	Shift   Shift
	Door    string // where acknowledgement links begin: Config.Door, the same for all pages
	Token   string // ends the link; as desk.NewLink draws it. A secret that acknowledges one page
	Code    string // read out or typed instead; as desk.NewCode draws it. A secret too
	Created rogatory.Instant
	To      map[string]string // the person's address on each channel, by the channel's name
}

// Page is what a person is woken with, or told. Its only sources are NewPage and NewNote. It prints as its identifier, so
// that no log holds an address, a link or a code by accident.
type Page struct {
	id      ID
	node    rogatory.Address
	urgency Urgency
	subject string
	text    string
	link    string
	code    string
	created rogatory.Instant
	to      map[string]string
	tongue  string // BCP 47; empty for English in ASCII
}

// NewPage builds a page, or says which member of the notice is wrong (page_invalid).
func NewPage(n Notice) (Page, error) {
	wrong := func(words string) (Page, error) {
		return Page{}, rogatory.Fault(rogatory.Invalid, "page_invalid", "build a page: %s", words)
	}
	word, known := words[n.Urgency]
	switch {
	case !n.ID.Valid():
		return wrong("its identifier is not a UUID of version 7")
	case !nodeForm(n.Node):
		return wrong("the node is not named by a State and an authority of small letters, digits and hyphens")
	case !known:
		return wrong("its urgency is not test, routine, urgent, emergency or drill")
	case !tokenForm(n.Token) || !codeForm(n.Code):
		return wrong("its token is not the base64url of 32 bytes, or its code not two groups of four digits")
	case n.Created <= 0 || n.Created.Time().Year() > 9999:
		return wrong("the time of its making is missing")
	case len(n.To) == 0 || len(n.To) > MaxChannels:
		return wrong(fmt.Sprintf("it needs 1 to %d addresses", MaxChannels))
	}
	if err := checkDoor(n.Door); err != "" {
		return wrong(err)
	}
	hours, ok := n.Shift.words()
	if !ok {
		return wrong("its shift does not begin before it ends, or is longer than a month")
	}
	if !addressed(n.To) {
		return wrong("an address is empty, too long or not printable ASCII, or its channel has no valid name")
	}
	p := Page{
		id: n.ID, node: n.Node, urgency: n.Urgency, code: n.Code, created: n.Created,
		link: n.Door + n.Token, to: maps.Clone(n.To),
	}
	exercise := ""
	if n.Node.State.Fictional() {
		exercise = "exercise, "
	}
	p.subject = fmt.Sprintf("%s: %s%s", n.Node, exercise, word)
	why := "The desk needs you."
	switch n.Urgency {
	case Test:
		why = "This is a test. Acknowledge it, and it is done."
	case Drill:
		why = "This is a DRILL of the 24/7 network. Acknowledge it, and it is done."
	}
	p.text = p.subject + "\n\n" + why + hours +
		"\nAcknowledge: " + p.link +
		"\nOr give the code: " + n.Code +
		"\nPage of " + n.Created.Time().Format("2 Jan 2006 15:04:05") + " UTC, " + string(n.ID) + "\n"
	return p, nil
}

// nodeForm reports whether a node is named by a State and an authority of small letters, digits and hyphens.
func nodeForm(a rogatory.Address) bool {
	name := string(a.Authority)
	return a.State.Valid() && name != "" && len(name) <= maxNode && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// addressed reports whether all addresses can be dialled, and stand by channels with names.
func addressed(to map[string]string) bool {
	for channel, address := range to {
		if !validName(channel) || address == "" || len(address) > MaxAddress || !printable(address) {
			return false
		}
	}
	return true
}

// words says the hours of the shift as a line of a page, with the zone as an offset.
func (s Shift) words() (string, bool) {
	if s.Begin.IsZero() && s.End.IsZero() {
		return "", true
	}
	if d := s.End.Sub(s.Begin); d <= 0 || d > MaxShift {
		return "", false
	}
	const layout = "2 Jan 15:04"
	return fmt.Sprintf("\nYour shift: %s to %s (UTC%s)", s.Begin.Format(layout), s.End.Format(layout), s.End.Format("-07:00")), true
}

// checkDoor returns what is wrong with the beginning of acknowledgement links, or nothing.
func checkDoor(door string) string {
	u, err := url.Parse(door)
	switch {
	case err != nil || len(door) > maxDoor || !printable(door):
		return "the door is not an address of at most 256 printable ASCII characters"
	case u.Scheme != "https" && !(u.Scheme == "http" && loopbackHost(u.Hostname())):
		return "the door is not an https address"
	case u.Hostname() == "" || u.User != nil || strings.ContainsAny(door, "?# ") || !strings.HasSuffix(u.Path, "/"):
		return "the door has no host, or holds a name, a query or a fragment, or does not end in a slash"
	}
	return ""
}

// loopbackHost reports whether the host is written as the machine itself. What a name leads to is
// checked again when it is dialled.
func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// ID returns the identifier.
func (p Page) ID() ID { return p.id }

// Node returns whose desk wakes.
func (p Page) Node() rogatory.Address { return p.node }

// Urgency returns the class.
func (p Page) Urgency() Urgency { return p.urgency }

// Subject returns one line: of ASCII, unless the page is a note in another language.
func (p Page) Subject() string { return p.subject }

// Text returns a few lines, the first of them the subject, each ending in a line feed; of ASCII, unless the page is a
// note in another language.
func (p Page) Text() string { return p.text }

// Link returns the acknowledgement link, which is a secret; of a note the address to sign in at, which may be empty.
func (p Page) Link() string { return p.link }

// Code returns the acknowledgement code. It is a secret. A note has none.
func (p Page) Code() string { return p.code }

// Created returns when the page was made.
func (p Page) Created() rogatory.Instant { return p.created }

// To returns the person's address on the channel, and whether there is one.
func (p Page) To(channel string) (string, bool) {
	to, ok := p.to[channel]
	return to, ok
}

// String returns the identifier and nothing else.
func (p Page) String() string { return "page " + string(p.id) }

// GoString returns the identifier and nothing else.
func (p Page) GoString() string { return p.String() }

// LogValue returns the identifier and nothing else.
func (p Page) LogValue() slog.Value { return slog.StringValue(p.String()) }
