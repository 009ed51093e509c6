// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"rogatory"
)

// Limits of a data file. The largest that we know has 20 kB and 200 rows.
const (
	MaxData  = 4 << 20 // bytes; texts of declarations are the bulk of it
	maxRows  = 4096    // of one list
	maxDepth = 12      // of objects and lists in one another
)

// sheet is a data file, an object whose members are values and lists, being read strictly: each
// member once, none unknown, none missing. The first fault stays and ends the reading; it names file
// and line.
type sheet struct {
	name  string
	lines map[string]int   // where a member begins
	rows  map[string][]int // where the elements of a member begin, if it is a list
	raw   map[string]json.RawMessage
	err   error
}

func (s *sheet) fault(line int, format string, args ...any) {
	if s.err == nil {
		s.err = rogatory.Fault(rogatory.Invalid, "treaty_data_invalid", "read %s, line %d: %w", s.name, line, fmt.Errorf(format, args...)).
			WithHint("nothing of the file was taken; what was in force before stays in force")
	}
}

// openSheet looks at the whole file before anything of it counts.
func openSheet(name string, data []byte) *sheet {
	s := &sheet{name: name, lines: map[string]int{}, rows: map[string][]int{}}
	switch {
	case len(data) > MaxData:
		s.fault(1, "%d bytes, at most %d are read", len(data), MaxData)
	case !utf8.Valid(data):
		s.fault(1, "not UTF-8")
	default:
		s.survey(data)
	}
	if s.err == nil {
		if err := json.Unmarshal(data, &s.raw); err != nil {
			s.fault(1, "%w", err)
		}
	}
	return s
}

// survey notes the lines of members and rows, and refuses what encoding/json would let pass: a member
// twice, or one that is another by its case.
func (s *sheet) survey(data []byte) {
	type level struct {
		list  bool
		names map[string]bool
		key   bool // a name was read; its value is next
	}
	var open []level
	var member string
	line, seen := 1, 0
	dec := json.NewDecoder(bytes.NewReader(data))
	for {
		before := int(dec.InputOffset())
		token, err := dec.Token()
		if err != nil {
			if len(open) == 0 && s.lines[""] == 1 && !dec.More() && strings.TrimSpace(string(data[before:])) == "" {
				return
			}
			if e, ok := errors.AsType[*json.SyntaxError](err); ok {
				before = min(int(e.Offset), len(data))
			}
			s.fault(1+bytes.Count(data[:before], []byte("\n")), "%w", err)
			return
		}
		at := before + len(data[before:dec.InputOffset()]) - len(bytes.TrimLeft(data[before:dec.InputOffset()], " \t\r\n,:"))
		line, seen = line+bytes.Count(data[seen:at], []byte("\n")), at

		if len(open) == 0 && (token != json.Delim('{') || s.lines[""] == 1) {
			s.fault(line, "not one object")
			return
		}
		s.lines[""] = 1
		end := token == json.Delim('}') || token == json.Delim(']')
		if n := len(open); n > 0 && !end {
			top := &open[n-1]
			if name, ok := token.(string); ok && !top.list && !top.key {
				if top.names[name] || strings.ToLower(name) != name {
					s.fault(line, "member %.40q is there twice, or has a capital letter", name)
					return
				}
				top.names[name], top.key = true, true
				if n == 1 {
					member, s.lines[name] = name, line
				}
				continue
			}
			top.key = false
			if n == 2 && top.list {
				s.rows[member] = append(s.rows[member], line)
			}
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			if len(open) == maxDepth {
				s.fault(line, "more than %d levels", maxDepth)
				return
			}
			open = append(open, level{list: token == json.Delim('['), names: map[string]bool{}})
		case json.Delim('}'), json.Delim(']'):
			open = open[:len(open)-1]
		}
	}
}

// member reads a value that has to be there.
func member[T any](s *sheet, name string) (v T) {
	raw, ok := s.take(name)
	if ok {
		if err := strictly(raw, &v); err != nil {
			s.fault(s.lines[name], "%s: %w", name, err)
		}
	}
	return v
}

// list reads a list that has to be there, each element by itself, so that a fault has its line.
func list[T any](s *sheet, name string) []T {
	raw, ok := s.take(name)
	if !ok {
		return nil
	}
	var each []json.RawMessage
	if err := strictly(raw, &each); err != nil || each == nil {
		s.fault(s.lines[name], "%s is not a list", name)
		return nil
	}
	if len(each) > maxRows {
		s.fault(s.lines[name], "%s has %d rows, at most %d are read", name, len(each), maxRows)
		return nil
	}
	all := make([]T, len(each))
	for i, one := range each {
		if err := strictly(one, &all[i]); err != nil {
			s.fault(s.rows[name][i], "%s: %w", name, err)
			return nil
		}
	}
	return all
}

func (s *sheet) take(name string) (json.RawMessage, bool) {
	if s.err != nil {
		return nil, false
	}
	raw, ok := s.raw[name]
	if !ok || string(raw) == "null" {
		s.fault(1, "member %s is missing", name)
		return nil, false
	}
	delete(s.raw, name)
	return raw, true
}

// end refuses members that nobody read, and returns the first fault.
func (s *sheet) end() error {
	for _, name := range slices.Sorted(maps.Keys(s.raw)) {
		s.fault(s.lines[name], "unknown member %.40q", name)
	}
	return s.err
}

func strictly(raw json.RawMessage, v any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	return dec.Decode(v)
}

// article reports whether s names an article of the Convention, such as 40, 40(21)(b) or 2(h).
func article(s string) bool {
	number, rest, _ := strings.Cut(s, "(")
	if number == "" || len(number) > 2 || number[0] == '0' {
		return false
	}
	n := 0
	for _, c := range []byte(number) {
		if c < '0' || c > '9' {
			return false
		}
		n = 10*n + int(c-'0')
	}
	if n < 1 || n > lastArticle {
		return false
	}
	if number == s {
		return true
	}
	for _, part := range strings.Split(rest, "(") {
		inner, ok := strings.CutSuffix(part, ")")
		if !ok || inner == "" || len(inner) > 4 || strings.Trim(inner, "abcdefghijklmnopqrstuvwxyz0123456789") != "" {
			return false
		}
	}
	return true
}

// lastArticle is the number of articles of the Convention.
const lastArticle = 68

// within reports whether article a is b or a part of it: 40(21)(b) is within 40(21) and 40.
func within(a, b string) bool {
	return strings.HasPrefix(a, b) && (len(a) == len(b) || a[len(b)] == '(')
}

// up returns the article that holds a: 40(21)(b) is held by 40(21), that by 40, and 40 by nothing.
func up(a string) string { return a[:max(strings.LastIndexByte(a, '('), 0)] }
