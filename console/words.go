// SPDX-License-Identifier: Apache-2.0

package console

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rogatory"
	"rogatory/treaty"
	"rogatory/treaty/status"
)

// This file stands in for package language until that is there: the same methods, in English only.

//go:embed en.json
var englishText []byte

// words are the console's strings.
type words struct {
	one    map[string]string
	many   map[string]map[string]string
	rules  *treaty.Rules
	states *status.States
}

func english(c Config) words {
	w := words{one: map[string]string{}, many: map[string]map[string]string{}, rules: c.Rules, states: status.Embedded().Book().States()}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(englishText, &all); err != nil {
		panic("the embedded strings do not load: " + err.Error())
	}
	for key, raw := range all {
		var s string
		var forms map[string]string
		if json.Unmarshal(raw, &s) == nil {
			w.one[key] = s
		} else if json.Unmarshal(raw, &forms) == nil {
			w.many[key] = forms
		} else {
			panic("the embedded string " + key + " is neither a text nor its plural forms")
		}
	}
	return w
}

// Locale says things in the reader's language.
type Locale struct{ w *words }

func (w *words) locale() Locale { return Locale{w} }

// missing marks a key that has no string, so that a test and a reader see it.
const missing = "⟦"

func fill(text string, args []any) string {
	for i := 0; i+1 < len(args); i += 2 {
		text = strings.ReplaceAll(text, "{"+fmt.Sprint(args[i])+"}", fmt.Sprint(args[i+1]))
	}
	return text
}

// T returns the string of a key, with {name} replaced from the pairs of args.
func (l Locale) T(key string, args ...any) string {
	text, ok := l.w.one[key]
	if !ok {
		return missing + key + "⟧"
	}
	return fill(text, args)
}

// N is T for a number, in its plural form; the text has it as {n}.
func (l Locale) N(key string, n int, args ...any) string {
	forms, ok := l.w.many[key]
	if !ok {
		return missing + key + "⟧"
	}
	form := forms["other"]
	if n == 1 {
		form = forms["one"]
	}
	return fill(form, append([]any{"n", n}, args...))
}

// Dir is the direction of the language.
func (l Locale) Dir() string { return "ltr" }

// Tag is the language, BCP 47.
func (l Locale) Tag() string { return "en" }

// State returns the name of a State as the United Nations write it.
func (l Locale) State(code rogatory.StateCode) string {
	if s, err := l.w.states.Get(code); err == nil {
		return s.Name
	}
	return string(code)
}

// Kind returns the title of a kind of request.
func (l Locale) Kind(id rogatory.RequestKind) string {
	if k, err := l.w.rules.Kind(id); err == nil {
		return k.Title
	}
	return string(id)
}

// Act returns what an act is called on a button.
func (l Locale) Act(a rogatory.Act) string { return l.T("act." + string(a)) }

// RequestState returns the name of a state of a request.
func (l Locale) RequestState(s rogatory.State) string { return l.T("state." + string(s)) }

// Ground returns the text of a ground.
func (l Locale) Ground(id rogatory.Ground) string { return l.w.rules.Grounds[id].Text }

// Field returns the label of a field.
func (l Locale) Field(id string) string { return l.w.rules.Fields[id].Label }

// Moment returns a moment in a zone, to the minute.
func (l Locale) Moment(i rogatory.Instant, zone string) string {
	return at(i, zone).Format("2 January 2006, 15:04")
}

func at(i rogatory.Instant, zone string) time.Time {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		loc = time.UTC
	}
	return i.Time().In(loc)
}

// Left says how much time is left, or by how much it is over.
func (l Locale) Left(d time.Duration) string {
	side := "left."
	if d < 0 {
		side, d = "past.", -d
	}
	switch {
	case d < time.Minute:
		return l.T(side + "now")
	case d < time.Hour:
		return l.N(side+"minutes", int(d/time.Minute))
	case d < 24*time.Hour:
		return l.N(side+"hours", int(d/time.Hour))
	}
	return l.N(side+"days", int(d/(24*time.Hour)))
}

// Bytes returns a size for people.
func (l Locale) Bytes(n int64) string {
	switch {
	case n >= 1<<30:
		return l.T("bytes.gib", "n", fmt.Sprintf("%.1f", float64(n)/(1<<30)))
	case n >= 1<<20:
		return l.T("bytes.mib", "n", fmt.Sprintf("%.1f", float64(n)/(1<<20)))
	case n >= 1<<10:
		return l.T("bytes.kib", "n", fmt.Sprintf("%.1f", float64(n)/(1<<10)))
	}
	return l.N("bytes.bytes", int(n))
}
