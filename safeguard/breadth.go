// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"rogatory"
)

// Measures above which a request is broad. They are ours, not the Convention's, which asks for a specific
// investigation (Art 23(1)) and for named accounts and periods where possible (Art 40(15)(e), (f)).
const (
	MostIdentifiers = 100
	MostSubjects    = 100
	MostAddresses   = 256                  // a network of 24 bits; one customer's line in IPv6 counts as one address
	LongestSpan     = 366 * 24 * time.Hour // of any data
	LongestContent  = 92 * 24 * time.Hour  // of content
	shortestPhone   = 7                    // digits: below it a number is a prefix
	mostRead        = 10_000               // identifiers that are looked at; beyond it they are counted only
)

// Ask is what a request asks for, as far as breadth can be measured in it.
type Ask struct {
	Identifiers []string      // as they are listed; a list in one line is taken apart
	Period      rogatory.Term // what the data may be of; an end that is zero is open
	Endless     bool          // the kind has no period, such as an arrest: an open one says nothing
	Subjects    Count         // as stated
	Categories  []Category
	Text        string // what is asked for, in words, in any of the languages
}

// Breadth is how much a request asks for.
type Breadth struct {
	Signals     []Signal `json:"signals,omitempty"`
	Subjects    Count    `json:"subjects,omitzero"`
	Identifiers Count    `json:"identifiers,omitzero"`
	Addresses   Count    `json:"addresses,omitzero"` // in the widest network
	SpanDays    Count    `json:"span_days,omitzero"`
	OpenEnd     Truth    `json:"open_end,omitempty"`
	Mass        Truth    `json:"mass,omitempty"`
}

// Into returns f with the measures. Signals are added to those that f has.
func (b Breadth) Into(f Facts) Facts {
	f.Subjects, f.Identifiers, f.Addresses, f.SpanDays, f.OpenEnd, f.Mass = b.Subjects, b.Identifiers, b.Addresses, b.SpanDays, b.OpenEnd, b.Mass
	f.Signals = append(slices.Clone(f.Signals), b.Signals...)
	slices.Sort(f.Signals)
	f.Signals = slices.Compact(f.Signals)
	return f
}

// Breadth measures the request. Any signal of breadth makes it a mass request, which takes a third person: that a
// signal was wrong is for people to find, and costs one of them a look.
func (a Ask) Breadth(v Vocabulary) Breadth {
	b := Breadth{OpenEnd: No, SpanDays: Number(0), Addresses: Number(0)}
	signals := map[Signal]bool{}
	list := split(a.Identifiers)
	b.Identifiers = Number(int64(len(list)))
	widest := int64(0)
	for _, id := range list[:min(len(list), mostRead)] {
		addresses, s := width(id)
		widest = max(widest, addresses)
		if s != "" {
			signals[s] = true
		}
	}
	b.Addresses = Number(widest)
	subjects, stated := a.Subjects.Value()
	if !stated {
		subjects = int64(len(list))
	}
	b.Subjects = Number(max(subjects, v.most(a.Text)))
	subjects, _ = b.Subjects.Value()

	for s, found := range map[Signal]bool{
		"no_identifiers":   len(list) == 0 && !a.Endless,
		"many_identifiers": len(list) > MostIdentifiers,
		"many_subjects":    subjects > MostSubjects,
		"wide_network":     widest > MostAddresses,
	} {
		if found {
			signals[s] = true
		}
	}
	a.span(&b, signals)
	for _, s := range v.hear(a.Text+"\n"+strings.Join(a.Identifiers[:min(len(a.Identifiers), mostRead)], "\n"), breadthSignals) {
		signals[s] = true
	}
	if signals["open_dates"] {
		b.OpenEnd = Yes
	}
	for _, s := range sortedKeys(signals) {
		b.Signals = append(b.Signals, s)
	}
	b.Mass = True(len(b.Signals) > 0)
	return b
}

// breadthSignals are the signals that a text can give of breadth.
var breadthSignals = []Signal{"everyone", "open_dates"}

func (a Ask) span(b *Breadth, signals map[Signal]bool) {
	if a.Endless {
		return
	}
	if a.Period.From == 0 || a.Period.To < a.Period.From { // an end that is zero is before any beginning
		signals["open_dates"] = true
		b.SpanDays = Count{}
		return
	}
	span := a.Period.To.Sub(a.Period.From)
	b.SpanDays = Number(int64((span + 24*time.Hour - 1) / (24 * time.Hour)))
	if span > LongestSpan || span > LongestContent && slices.Contains(a.Categories, Content) {
		signals["long_span"] = true
	}
}

// split takes lists in one line apart.
func split(identifiers []string) []string {
	var all []string
	for _, line := range identifiers {
		for one := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(",;\n،、؛，；", r) }) {
			if one = strings.TrimSpace(one); one != "" {
				all = append(all, one)
			}
		}
	}
	return all
}

var (
	cidr        = regexp.MustCompile(`[0-9A-Fa-f.:]{2,45}\s*/\s*[0-9]{1,3}`)
	between     = regexp.MustCompile(`([0-9]{1,3}(?:\.[0-9]{1,3}){3})\s*(?:-|–|—|\.\.|to|until|до|至)\s*([0-9]{1,3}(?:\.[0-9]{1,3}){3})`)
	system      = regexp.MustCompile(`(?i)^\s*AS\s?[0-9]{1,10}\s*$`)
	partial     = regexp.MustCompile(`^\s*[0-9]{1,3}(\.[0-9]{1,3}){0,2}\.?([xX*]|\.[xX*]){0,3}\s*$`)
	pattern     = regexp.MustCompile(`\.[*+]|\\[dwsDWS.]|\[[^\]]{0,20}-[^\]]{0,20}\]|\{[0-9]*,[0-9]*\}|\(\?|\^.*\$`)
	percent     = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
	onlyDomain  = regexp.MustCompile(`^@[^@\s]+\.[^@\s]+$`)
	phonePrefix = regexp.MustCompile(`^\s*(\+|00)[0-9 ()-]+\s*[xX#.…]*\s*$`)
)

// width says how many addresses an identifier names, and what is broad in it.
func width(id string) (addresses int64, s Signal) {
	if m := between.FindStringSubmatch(id); m != nil {
		from, err1 := netip.ParseAddr(m[1])
		to, err2 := netip.ParseAddr(m[2])
		if err1 == nil && err2 == nil {
			return int64(number(to)) - int64(number(from)) + 1, ""
		}
	}
	if m := cidr.FindString(id); m != "" {
		if p, err := netip.ParsePrefix(strings.Join(strings.Fields(m), "")); err == nil {
			if p.Addr().Is6() {
				return 1 << min(max(48-p.Bits(), 0), 62), "" // a line of a customer has up to 48 bits
			}
			return 1 << (32 - p.Bits()), ""
		}
	}
	bare := percent.ReplaceAllString(id, "")
	switch {
	case system.MatchString(id), partial.MatchString(id) && strings.Contains(id, "."):
		if _, err := netip.ParseAddr(strings.TrimSpace(id)); err != nil {
			return 1 << 16, "wide_network"
		}
		return 1, ""
	case pattern.MatchString(bare):
		return 0, "unbounded_pattern"
	case strings.ContainsAny(bare, "*%＊٪") || onlyDomain.MatchString(strings.TrimSpace(id)):
		return 0, "wildcard"
	case phonePrefix.MatchString(id) && (countDigits(id) < shortestPhone || strings.ContainsAny(strings.TrimRight(id, " "), "xX#…")):
		return 0, "wildcard"
	}
	if strings.Contains(id, "/") || strings.Contains(id, ".") || strings.Contains(id, ":") {
		return 1, ""
	}
	return 0, ""
}

// number is an IPv4 address as a number.
func number(a netip.Addr) uint32 {
	b := a.As4()
	return uint32(b[0])<<24 | uint32(b[1])<<16 | uint32(b[2])<<8 | uint32(b[3])
}

func countDigits(s string) (n int) {
	for _, r := range s {
		if r >= '0' && r <= '9' {
			n++
		}
	}
	return n
}
