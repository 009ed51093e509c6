// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// MaxAge is how long a verification is relied on: the list of contact points is circulated once a year
// (Art 41(2)).
const MaxAge = 365 * 24 * time.Hour

// Verification is that somebody of our office called a contact point and was answered by it.
type Verification struct {
	State  rogatory.StateCode `json:"state"`
	Point  string             `json:"point"`  // its name in the directory
	Number string             `json:"number"` // that was called
	By     string             `json:"by"`
	At     rogatory.Instant   `json:"at"`
	// Wrong is what is wrong with the entry of the directory, where somebody found it so; empty if it is right.
	Wrong string `json:"wrong,omitempty"`
}

// Line is one way to reach a contact point.
type Line struct {
	Kind    string `json:"kind"` // in words: telephone, mail
	Address string `json:"address"`
}

// Point is a contact point as an officer needs it at night.
type Point struct {
	State     rogatory.StateCode `json:"state"`
	StateName string             `json:"state_name"`
	Name      string             `json:"name"`
	Languages []string           `json:"languages"`
	Hours     string             `json:"hours"`
	Zone      string             `json:"zone"`
	Lines     []Line             `json:"lines"` // in the order in which they are tried
	// CallBack is the number of the directory, which the State itself signed. Who asks by telephone or
	// mail is called back on it, and never on a number that came with the request.
	CallBack string       `json:"call_back,omitempty"`
	Verified Verification `json:"verified,omitzero"` // the newest of the present number
	Earlier  bool         `json:"earlier,omitempty"` // only another number was verified
}

// hours of a contact point of the network: the Convention knows no others.
const hours = "24 hours, every day (Art 41(1))"

// PointsOf returns the contact points of a State's directory entry, with what our office verified of them.
func PointsOf(p rogatory.Party, seen []Verification) []Point {
	var list []Point
	for _, c := range p.ContactPoints {
		v := Point{State: p.Code, StateName: p.Name, Name: c.Name, Languages: slices.Clone(c.Languages), Hours: hours, Zone: c.Zone, CallBack: c.Telephone}
		if c.Telephone != "" {
			v.Lines = append(v.Lines, Line{"telephone", c.Telephone})
		}
		if c.Mail != "" {
			v.Lines = append(v.Lines, Line{"mail", c.Mail})
		}
		for _, s := range seen {
			switch {
			case s.State != p.Code || s.Point != c.Name:
			case !SameNumber(s.Number, c.Telephone):
				v.Earlier = true
			case s.At > v.Verified.At:
				v.Verified = s
			}
		}
		v.Earlier = v.Earlier && v.Verified.At == 0
		list = append(list, v)
	}
	return list
}

// SameNumber compares two telephone numbers by their digits; a number without digits is the same as none.
func SameNumber(a, b string) bool {
	a, b = digits(a), digits(b)
	return a != "" && a == b
}

func digits(s string) string {
	s = strings.Map(func(c rune) rune {
		if c >= '0' && c <= '9' {
			return c
		}
		return -1
	}, s)
	return strings.TrimPrefix(s, "00")
}

// CallBackFor returns the number on which somebody who asks is called back, that of the directory, and a
// warning if the request itself names another. The code of its error is no_call_back: then nobody is called.
func (p Point) CallBackFor(inRequest string) (number, warning string, err error) {
	if digits(p.CallBack) == "" {
		return "", "", rogatory.Fault(rogatory.NotFound, "no_call_back", "contact point %.60q of %s has no number in the directory", p.Name, p.State).
			WithHint("call another contact point of that State; never call a number that came with a request")
	}
	if inRequest != "" && !SameNumber(inRequest, p.CallBack) {
		warning = "the request names another number: do not call that one"
	}
	return p.CallBack, warning, nil
}

// Warnings says what is missing or too old about a contact point.
func (p Point) Warnings(now rogatory.Instant) []string {
	var list []string
	if digits(p.CallBack) == "" {
		list = append(list, "no call-back number")
	}
	if len(p.Languages) == 0 {
		list = append(list, "no language is named")
	}
	switch at := p.Verified.At; {
	case p.Verified.Wrong != "":
		list = append(list, "this entry is wrong: "+p.Verified.Wrong)
	case at == 0 && p.Earlier:
		list = append(list, "the number changed since somebody called it: verify it")
	case at == 0:
		list = append(list, "never verified: nobody of this office has called it")
	case now.Sub(at) > MaxAge:
		list = append(list, fmt.Sprintf("last verified %d days ago: the list is circulated every year (Art 41(2))", int(now.Sub(at)/(24*time.Hour))))
	}
	return list
}

// sheetWidth is the characters of a line of the sheet: one page of paper in a large type.
const sheetWidth = 78

// Printable writes contact points as a plain text for a wall, sorted by State: for the night on which
// nothing else works. Times are in UTC.
func Printable(points []Point, now rogatory.Instant) []byte {
	sorted := slices.Clone(points)
	slices.SortStableFunc(sorted, func(a, b Point) int {
		return strings.Compare(string(a.State)+"\x00"+a.Name, string(b.State)+"\x00"+b.Name)
	})
	var b strings.Builder
	fmt.Fprintf(&b, "CONTACT POINTS OF THE 24/7 NETWORK (Article 41)\nAs known on %s. Call back on these numbers only.\n", now.Time().Format("2 January 2006 15:04 UTC"))
	for _, p := range sorted {
		fmt.Fprintf(&b, "\n%s\n", strings.Repeat("-", sheetWidth))
		wrap(&b, "", fmt.Sprintf("%s %s: %s", p.State, p.StateName, p.Name))
		wrap(&b, "  languages   ", strings.Join(p.Languages, ", "))
		wrap(&b, "  hours       ", p.Hours)
		wrap(&b, "  zone        ", p.Zone)
		for i, l := range p.Lines {
			wrap(&b, fmt.Sprintf("  %-12s", fmt.Sprintf("%d %s", i+1, l.Kind)), l.Address)
		}
		if p.CallBack != "" {
			wrap(&b, "  call back   ", p.CallBack)
		}
		if v := p.Verified; v.At != 0 && v.Wrong == "" {
			wrap(&b, "  verified    ", fmt.Sprintf("%s by %s", v.At.Time().Format("2 January 2006"), v.By))
		}
		for _, w := range p.Warnings(now) {
			wrap(&b, "  ATTENTION   ", w)
		}
	}
	return []byte(b.String())
}

// wrap writes a text after a head, in lines that are not too long; what another State wrote stays on its own
// lines.
func wrap(b *strings.Builder, head, text string) {
	words := strings.Fields(strings.Map(func(c rune) rune {
		if !plainText(string(c)) || c >= 0x202a && c <= 0x202e || c >= 0x2066 && c <= 0x2069 {
			return ' '
		}
		return c
	}, text))
	if len(words) == 0 {
		words = []string{"-"}
	}
	line := head
	for i, word := range words {
		if i > 0 && len([]rune(line))+1+len([]rune(word)) > sheetWidth {
			b.WriteString(strings.TrimRight(line, " ") + "\n")
			line = strings.Repeat(" ", len(head))
		} else if i > 0 {
			line += " "
		}
		line += word
	}
	b.WriteString(strings.TrimRight(line, " ") + "\n")
}
