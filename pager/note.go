// SPDX-License-Identifier: Apache-2.0

package pager

import (
	"fmt"
	"maps"
	"net/url"
	"strings"

	"rogatory"
	"rogatory/language"
)

// Bounds of a note.
const (
	// MaxNamed is how many numbers a note names; of more it says how many there are. A text message has 160 characters,
	// and 70 in most scripts.
	MaxNamed = 5
	// maxNumber is the largest number of a note, far beyond what happens in a life. It has fewer digits than the
	// reference of a case.
	maxNumber = 999_999
)

// Note is everything that a notice of the office can say: that so many items need a person, and by which numbers that person finds
// them after signing in. No member takes a free text.
type Note struct {
	ID      ID
	Node    rogatory.Address
	Numbers []int64 // of what waits; none for a test
	Origin  string  // how browsers reach the office, such as https://office.example; empty: no link
	Path    string  // of the page to sign in at, below Origin
	Created rogatory.Instant
	To      map[string]string // the person's address on each channel, by the channel's name
}

// NewNote builds the page of a note in the words of a language, or says which member is wrong (page_invalid). It has
// no code and its link opens nothing without a sign-in.
func NewNote(l *language.Locale, n Note) (Page, error) {
	wrong := func(words string) (Page, error) {
		return Page{}, rogatory.Fault(rogatory.Invalid, "page_invalid", "build a note: %s", words)
	}
	switch {
	case !n.ID.Valid():
		return wrong("its identifier is not a UUID of version 7")
	case !nodeForm(n.Node):
		return wrong("the node is not named by a State and an authority of small letters, digits and hyphens")
	case n.Created <= 0 || n.Created.Time().Year() > 9999:
		return wrong("the time of its making is missing")
	case len(n.To) == 0 || len(n.To) > MaxChannels || !addressed(n.To):
		return wrong(fmt.Sprintf("it needs 1 to %d addresses, of printable ASCII, by names of channels", MaxChannels))
	}
	for _, number := range n.Numbers {
		if number < 1 || number > maxNumber {
			return wrong(fmt.Sprintf("a number is not between 1 and %d", maxNumber))
		}
	}
	link, ok := n.link()
	if !ok {
		return wrong("its link is not an https address")
	}
	p := Page{id: n.ID, node: n.Node, urgency: Routine, created: n.Created, link: link, to: maps.Clone(n.To), tongue: l.Tag()}
	switch count := int64(len(n.Numbers)); count {
	case 0:
		p.urgency, p.subject = Test, l.T("notices.mail.test", "node", n.Node.String())
	case 1:
		p.subject = l.T("notices.mail.one", "node", n.Node.String(), "number", n.Numbers[0])
	default:
		p.subject = l.N("notices.mail.many", count, "node", n.Node.String())
	}
	if n.Node.State.Fictional() {
		p.subject = l.T("notices.mail.exercise", "subject", p.subject)
	}
	lines := []string{p.subject}
	if k := len(n.Numbers); k > 1 && k <= MaxNamed {
		var names []string
		for _, number := range n.Numbers {
			names = append(names, l.Number(number))
		}
		lines = append(lines, l.T("notices.mail.numbers", "list", l.List(names)))
	}
	if link != "" {
		lines = append(lines, l.T("notices.mail.link"), link)
	} else {
		lines = append(lines, l.T("notices.mail.no_link"))
	}
	p.text = strings.Join(append(lines, string(n.ID)), "\n") + "\n"
	return p, nil
}

// link is the address to sign in at; false if it is none.
func (n Note) link() (string, bool) {
	if n.Origin == "" {
		return "", true
	}
	link := strings.TrimSuffix(n.Origin, "/") + n.Path
	u, err := url.Parse(link)
	return link, err == nil && len(link) <= maxDoor && printable(link) && !strings.ContainsAny(link, "?# ") && u.User == nil && u.Hostname() != "" &&
		strings.HasPrefix(n.Path, "/") && (u.Scheme == "https" || u.Scheme == "http" && loopbackHost(u.Hostname()))
}
