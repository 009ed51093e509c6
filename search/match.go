// SPDX-License-Identifier: Apache-2.0

package search

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// Field is one text that is looked through, with the name of what it is.
type Field struct {
	Name string `json:"name"`
	Text string `json:"-"`
}

// Span is a piece of a text; Marked is what the query says.
type Span struct {
	Text   string `json:"text"`
	Marked bool   `json:"marked,omitempty"`
}

// Hit says why something was found: in which field, with the words around it.
type Hit struct {
	Field string `json:"field"`
	Spans []Span `json:"spans"`
}

// around is how many characters are shown on each side of what is marked.
const around = 30

// Match looks for every term in the fields. ok is false if one is nowhere. There is one reason for each
// field that holds something, in the order of the fields.
func Match(q Query, fields []Field) (reasons []Hit, ok bool) {
	missing := make([]bool, len(q.Terms))
	for i := range missing {
		missing[i] = true
	}
	for _, f := range fields {
		var marks [][2]int
		found := atoms(f.Text)
		for i, t := range q.Terms {
			if t.Field != "" && t.Field != f.Name {
				continue
			}
			if start, end, ok := t.in(found); ok {
				missing[i] = false
				marks = append(marks, [2]int{start, end})
			}
		}
		if len(marks) > 0 {
			reasons = append(reasons, Hit{f.Name, cut(f.Text, marks)})
		}
	}
	if slices.Contains(missing, true) {
		return nil, false
	}
	return reasons, true
}

// in finds a term among the atoms of a text: the first place where its atoms follow on one another.
func (t Term) in(found []atom) (start, end int, ok bool) {
	for i := 0; i+len(t.atoms) <= len(found); i++ {
		if t.at(found[i:]) {
			return found[i].start, found[i+len(t.atoms)-1].end, true
		}
	}
	return 0, 0, false
}

func (t Term) at(found []atom) bool {
	for i, want := range t.atoms {
		have := found[i]
		if want.run != have.run || want.run && i > 0 && want.joined && !have.joined {
			return false
		}
		if want.run {
			if want.text != have.text {
				return false
			}
			continue
		}
		word := stem(want.text)
		open := i == len(t.atoms)-1 && !whole(word) // it may go on
		if !slices.ContainsFunc(forms(have.text), func(f string) bool { return f == word || open && strings.HasPrefix(f, word) }) {
			return false
		}
	}
	return true
}

// cut returns a text about its marks as spans. What is left out shows as an ellipsis.
func cut(text string, marks [][2]int) []Span {
	slices.SortFunc(marks, func(a, b [2]int) int { return a[0] - b[0] })
	var spans []Span
	done := 0 // shown up to here
	for _, m := range marks {
		if m[1] <= done {
			continue
		}
		m[0] = max(m[0], done)
		from := max(back(text, m[0]), done)
		if from > done {
			to := min(ahead(text, done), from)
			if done == 0 {
				to = 0
			}
			if to < from {
				spans = append(spans, Span{Text: text[done:to] + "…"})
			} else {
				from = done
			}
		}
		spans = append(spans, Span{Text: text[from:m[0]]}, Span{text[m[0]:m[1]], true})
		done = m[1]
	}
	end := ahead(text, done)
	rest := text[done:end]
	if end < len(text) {
		rest += "…"
	}
	spans = append(spans, Span{Text: rest})
	return slices.DeleteFunc(spans, func(s Span) bool { return s.Text == "" })
}

// back and ahead go some characters from a place, on the border of one.
func back(text string, at int) int {
	for range around {
		_, size := utf8.DecodeLastRuneInString(text[:at])
		at -= size
	}
	return at
}

func ahead(text string, at int) int {
	for range around {
		_, size := utf8.DecodeRuneInString(text[at:])
		at += size
	}
	return at
}
