// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rogatory"
)

// Limits of a query. It is typed by a person; what is longer is a text that was pasted by mistake.
const (
	MaxQuery = 400 // characters
	maxTerms = 16
)

// The pieces that say what they are, as in kind:preservation.
const (
	From   = "from" // the requesting State
	To     = "to"   // the requested State
	Kind   = "kind"
	State  = "state"
	Ref    = "ref"    // the beginning of a reference, or a piece of it
	Before = "before" // opened before that day, month or year
	After  = "after"  // opened in it or later
)

// Typed lists them in the order in which help shows them.
func Typed() []string { return []string{From, To, Kind, State, Ref, After, Before} }

// Query is what somebody looks for: all of it has to hold.
type Query struct {
	Terms  []Term
	Facets []Facet
	Since  rogatory.Instant // opened then or later; zero for any time
	Until  rogatory.Instant // opened before
}

// Facet is a property that a request has or has not.
type Facet struct{ Name, Value string }

// Gram is what an index holds of a facet. No text has a colon in its grams.
func (f Facet) Gram() string { return f.Name + ":" + f.Value }

// Term is one word, one run of characters, or several that follow on one another.
type Term struct {
	Field string // where it has to be found; empty for anywhere
	atoms []atom
}

// Parse reads a query. Words are separated by spaces; what stands in quotation marks, or hangs together as
// an address does, has to follow on one another. Errors are Invalid "search_invalid" and name the piece.
func Parse(text string) (Query, error) {
	if utf8.RuneCountInString(text) > MaxQuery {
		return Query{}, wrong("a search of more than %d characters", MaxQuery)
	}
	var q Query
	for _, piece := range split(text) {
		name, value, typed := strings.Cut(piece, ":")
		if name = strings.ToLower(name); !typed || !slices.Contains(Typed(), name) {
			name, value = "", piece
		}
		if err := q.add(name, strings.Trim(value, `"`), piece); err != nil {
			return Query{}, err
		}
	}
	if len(q.Terms)+len(q.Facets) > maxTerms {
		return Query{}, wrong("a search for more than %d things at once", maxTerms)
	}
	return q, nil
}

// Empty reports whether a query looks for nothing.
func (q Query) Empty() bool {
	return len(q.Terms) == 0 && len(q.Facets) == 0 && q.Since == 0 && q.Until == 0
}

// split separates at spaces outside quotation marks.
func split(text string) []string {
	quoted := false
	return strings.FieldsFunc(strings.NewReplacer("“", `"`, "”", `"`, "«", `"`, "»", `"`).Replace(text), func(r rune) bool {
		if r == '"' {
			quoted = !quoted
		}
		return !quoted && unicode.IsSpace(r)
	})
}

func (q *Query) add(name, value, piece string) error {
	switch name {
	case "", Ref:
		if found := atoms(value); len(found) > 0 {
			q.Terms = append(q.Terms, Term{name, found})
		} else if name == Ref {
			return wrong("the piece %.60q says no reference", piece)
		}
	case From, To:
		code := rogatory.StateCode(strings.ToUpper(value))
		if !code.Valid() {
			return wrong("the piece %.60q names no State by its two letters", piece)
		}
		q.Facets = append(q.Facets, Facet{name, strings.ToLower(value)})
	case Kind, State:
		value = strings.ToLower(value)
		if value == "" || strings.Trim(value, "abcdefghijklmnopqrstuvwxyz0123456789_") != "" {
			return wrong("the piece %.60q names no %s", piece, name)
		}
		q.Facets = append(q.Facets, Facet{name, value})
	case Before, After:
		at, ok := day(value)
		if !ok {
			return wrong("the piece %.60q names no day, month or year, such as 2026-11-25", piece)
		}
		if name == Before && (q.Until == 0 || at < q.Until) {
			q.Until = at
		} else if name == After && at > q.Since {
			q.Since = at
		}
	}
	return nil
}

// day returns the first moment of a day, month or year in UTC, in any digits.
func day(value string) (rogatory.Instant, bool) {
	value = strings.ReplaceAll(Normalise(value), " ", "-")
	for _, layout := range []string{time.DateOnly, "2006-01", "2006"} {
		if t, err := time.Parse(layout, value); err == nil && t.Year() >= 1970 {
			return rogatory.At(t), true
		}
	}
	return 0, false
}

func wrong(format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "search_invalid", format, args...).
		WithHint("words stand for themselves; " + strings.Join(Typed(), ":, ") + ": say what they are, as in from:XB after:2026-01")
}

// Wants lists the grams that an index has to hold for the query to be found. Match decides.
func (q Query) Wants() []string {
	var all []string
	add := func(gram string) {
		if !slices.Contains(all, gram) {
			all = append(all, gram)
		}
	}
	for _, f := range q.Facets {
		add(f.Gram())
	}
	for _, t := range q.Terms {
		for i, a := range t.atoms {
			switch next := i + 1; {
			case !a.run:
				known := beginnings(stem(a.text))
				add(known[len(known)-1])
			case next < len(t.atoms) && t.atoms[next].run && t.atoms[next].joined:
				add(a.text + t.atoms[next].text)
			case i == 0 || !a.joined || !t.atoms[i-1].run: // alone; else it stands in the pair before
				add(a.text)
			}
		}
	}
	return all
}

// stem is the last of a word's forms.
func stem(word string) string {
	all := forms(word)
	return all[len(all)-1]
}

// String returns a query in one form, whatever the case, marks, spaces and order in which it was typed: two
// that look for the same have the same digest.
func (q Query) String() string {
	var all []string
	for _, t := range q.Terms {
		var b strings.Builder
		for i, a := range t.atoms {
			if i > 0 && !a.joined {
				b.WriteByte(' ')
			}
			b.WriteString(a.text)
		}
		all = append(all, t.Field+`:"`+b.String()+`"`)
	}
	for _, f := range q.Facets {
		all = append(all, f.Gram())
	}
	if q.Since != 0 {
		all = append(all, After+":"+q.Since.String())
	}
	if q.Until != 0 {
		all = append(all, Before+":"+q.Until.String())
	}
	slices.Sort(all)
	return strings.Join(slices.Compact(all), " ")
}
