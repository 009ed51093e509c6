// SPDX-License-Identifier: Apache-2.0

package language

import (
	"fmt"
	"reflect"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/bidi"
)

// T returns the text of a key. Each {name} in it is replaced by the value that follows that name in args:
// T("case.from", "state", name, "count", 3). Whole numbers are written as the language writes them. Any
// other value is taken as something a person wrote, and cannot turn the direction of the text around it.
//
// A key that does not exist comes back in ⟦brackets⟧, and a placeholder without value stays: tests find
// them, and an officer at night is not met by a blank page.
func (l *Locale) T(key string, args ...any) string {
	t, ok := l.text(key)
	if !ok || t.forms != nil {
		return missing(key)
	}
	return l.fill(t.plain, args)
}

// N is T for a text that counts: the form is that of n in the language, and {n} in it is n.
func (l *Locale) N(key string, n int64, args ...any) string {
	t, ok := l.text(key)
	if !ok || t.forms == nil {
		return missing(key)
	}
	return l.fill(t.forms[CategoryOf(l.tag, n)], append([]any{"n", n}, args...))
}

// Words are words of the language already, such as another text of it, and stand in a text as they are.
type Words string

// Known returns the text of a key, and false where there is none or where it counts.
func (l *Locale) Known(key string) (string, bool) {
	t, ok := l.text(key)
	return t.plain, ok && t.forms == nil
}

func missing(key string) string { return "⟦" + key + "⟧" }

func (l *Locale) fill(s string, args []any) string {
	if !strings.Contains(s, "{") {
		return s
	}
	return placeholder.ReplaceAllStringFunc(s, func(found string) string {
		for i := 0; i+1 < len(args); i += 2 {
			if name, ok := args[i].(string); ok && found == "{"+name+"}" {
				return l.value(args[i+1])
			}
		}
		return found
	})
}

func (l *Locale) value(v any) string {
	if w, ok := v.(Words); ok {
		return string(w)
	}
	if _, ok := v.(fmt.Stringer); !ok {
		switch r := reflect.ValueOf(v); r.Kind() {
		case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
			return l.Number(r.Int())
		case reflect.Uint8, reflect.Uint16, reflect.Uint32:
			return l.Number(int64(r.Uint()))
		default:
		}
	}
	return l.Isolate(fmt.Sprint(v))
}

// The controls that open and close an isolate (Unicode Annex 9).
const (
	lri = '\u2066'
	rli = '\u2067'
	fsi = '\u2068'
	pdi = '\u2069'
)

// control reports whether r is a control of direction: marks, embeddings, overrides or isolates.
func control(r rune) bool {
	return r == '\u061c' || r == '\u200e' || r == '\u200f' || r >= '\u202a' && r <= '\u202e' || r >= lri && r <= pdi
}

// Isolate returns what a person wrote so that it stands inert within a sentence of the language: on one line,
// without embeddings, overrides and other controls, each isolate closed; and within an isolate of its own
// where a part of it runs in the other direction.
func (l *Locale) Isolate(s string) string {
	s = inert(s)
	if !strings.ContainsFunc(s, l.turns) {
		return s
	}
	return string(fsi) + s + string(pdi)
}

// turns reports whether r could disturb the order of a text of the language. In Arabic that are digits too:
// a reference such as XA/2026/118 would be shown from its end.
func (l *Locale) turns(r rune) bool {
	if control(r) {
		return true
	}
	properties, _ := bidi.LookupRune(r)
	switch properties.Class() {
	case bidi.R, bidi.AL, bidi.AN:
		return l.Dir() == LeftToRight
	case bidi.L, bidi.EN:
		return l.Dir() == RightToLeft
	default:
		return false
	}
}

func inert(s string) string {
	depth := 0
	s = strings.Map(func(r rune) rune {
		switch {
		case r >= '\u202a' && r <= '\u202e':
			return -1
		case r == '\n' || r == '\r' || r == '\t' || r == '\u2028' || r == '\u2029':
			return ' '
		case unicode.IsControl(r):
			return unicode.ReplacementChar
		case r == lri || r == rli || r == fsi:
			depth++
		case r == pdi:
			if depth == 0 {
				return -1
			}
			depth--
		}
		return r
	}, s)
	return s + strings.Repeat(string(pdi), depth)
}

// Quote returns what a person wrote between the quotation marks of the language, isolated.
func (l *Locale) Quote(s string) string {
	return l.forms.Quotes[0] + l.Isolate(s) + l.forms.Quotes[1]
}

// List joins items as the language enumerates them: "Aurelia, Borealia and Cascadia".
func (l *Locale) List(items []string) string {
	if len(items) == 0 {
		return ""
	}
	join := func(pattern, a, b string) string {
		if l.tag == "es" && soundsI(b) {
			pattern = strings.Replace(pattern, " y ", " e ", 1)
		}
		return strings.NewReplacer("{0}", a, "{1}", b).Replace(pattern)
	}
	all := make([]string, len(items))
	for i, s := range items {
		all[i] = l.Isolate(s)
	}
	last := len(all) - 1
	switch p := l.forms.List; last {
	case 0:
		return all[0]
	case 1:
		return join(p.Two, all[0], all[1])
	default:
		joined := join(p.End, all[last-1], all[last])
		for i := last - 2; i >= 0; i-- {
			pattern := p.Middle
			if i == 0 {
				pattern = p.Start
			}
			joined = join(pattern, all[i], joined)
		}
		return joined
	}
}

// soundsI reports whether a Spanish word begins with the sound of "y", before which "y" becomes "e".
func soundsI(s string) bool {
	s = strings.ToLower(s)
	if h, ok := strings.CutPrefix(s, "hi"); ok {
		return !strings.HasPrefix(h, "a") && !strings.HasPrefix(h, "e") && !strings.HasPrefix(h, "o")
	}
	return strings.HasPrefix(s, "i") || strings.HasPrefix(s, "í")
}

// Sentence makes a sentence of a phrase: it begins with a capital and ends as the language ends one. Chinese has
// a full stop of its own, Thai has none. A phrase that ends with a mark of its own keeps it.
func (l *Locale) Sentence(phrase string) string {
	phrase = strings.TrimSpace(phrase)
	if phrase == "" {
		return ""
	}
	r := []rune(phrase)
	if len(r) < 2 || !unicode.IsUpper(r[1]) {
		r[0] = unicode.ToUpper(r[0])
	}
	phrase = string(r)
	if strings.ContainsRune(".。:：;；?？؟…", r[len(r)-1]) {
		return phrase
	}
	switch l.tag {
	case "zh":
		return phrase + "。"
	case "th":
		return phrase
	}
	return phrase + "."
}
