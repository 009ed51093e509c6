// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"rogatory"
)

// Limits on a data file.
const (
	MaxDataSize = 1 << 20 // a rota of two hundred people with a year of overrides stays below it
	maxDepth    = 8       // a rota needs five
)

// source is a data file and where its parts lie.
type source struct {
	name  string
	lines map[string]int // by path, such as rules[2]
	names map[string]int // where a member's name is there first
}

// misplaced is what is wrong with a part of a document.
type misplaced struct {
	path string
	err  error
}

func (m *misplaced) Error() string { return m.path + ": " + m.err.Error() }
func (m *misplaced) Unwrap() error { return m.err }

// in says of which part of a document an error speaks.
func in(path string, err error) error {
	if err == nil {
		return nil
	}
	return &misplaced{path, err}
}

// decode reads one JSON document strictly into v: members that are unknown, doubled or in capital letters,
// null, and anything after the document are refused.
func decode(name string, data []byte, v any) (*source, error) {
	if len(data) > MaxDataSize {
		return nil, rogatory.Fault(rogatory.Invalid, "data_too_large", "read %s: %d bytes, at most %d are read", name, len(data), MaxDataSize)
	}
	s := &source{name: name, lines: map[string]int{}, names: map[string]int{}}
	if !utf8.Valid(data) {
		return nil, s.refuse(1, errors.New("the text is not UTF-8"))
	}
	w := walker{source: s, data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	if err := w.value("", 0); err != nil {
		return nil, s.refuse(w.line(), err)
	}
	if _, err := w.dec.Token(); err != io.EOF {
		return nil, s.refuse(w.line(), errors.New("something follows the document"))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return nil, s.refuse(s.lineOf(data, err), err)
	}
	return s, nil
}

// refuse makes the error of a file. A part's own line is better than the one given.
func (s *source) refuse(line int, err error) error {
	if m, ok := errors.AsType[*misplaced](err); ok && s.lines[m.path] > 0 {
		line = s.lines[m.path]
	}
	return rogatory.Fault(rogatory.Invalid, "data_invalid", "read %s, line %d: %w", s.name, line, err).
		WithHint("mend the line; until then what was loaded before stays in force")
}

func (s *source) lineOf(data []byte, err error) int {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return 1 + bytes.Count(data[:min(int(e.Offset), len(data))], []byte("\n"))
	}
	if _, name, ok := strings.Cut(err.Error(), `unknown field "`); ok {
		return max(1, s.names[strings.TrimSuffix(name, `"`)])
	}
	return 1
}

// walker goes through a document once, before it is decoded.
type walker struct {
	*source
	data []byte
	dec  *json.Decoder

	counted, before int // how many line ends there are before that offset
}

// line is the line of what was read last. Offsets only grow, so that a file is counted through once.
func (w *walker) line() int {
	at := min(int(w.dec.InputOffset()), len(w.data))
	w.before += bytes.Count(w.data[w.counted:at], []byte("\n"))
	w.counted = at
	return 1 + w.before
}

func (w *walker) value(path string, depth int) error {
	token, err := w.dec.Token()
	if err != nil {
		return err
	}
	w.lines[path] = w.line()
	if depth > maxDepth {
		return fmt.Errorf("nested more than %d deep", maxDepth)
	}
	switch token {
	case nil:
		return errors.New("null is no value here")
	case json.Delim('{'):
		return w.object(path, depth)
	case json.Delim('['):
		for i := 0; w.dec.More(); i++ {
			if err := w.value(fmt.Sprintf("%s[%d]", path, i), depth+1); err != nil {
				return err
			}
		}
		_, err = w.dec.Token()
	}
	return err
}

func (w *walker) object(path string, depth int) error {
	seen := map[string]bool{}
	for w.dec.More() {
		token, err := w.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] || name != strings.ToLower(name) {
			return fmt.Errorf("the member %.60q is there twice, or not in small letters", name)
		}
		seen[name] = true
		if w.names[name] == 0 {
			w.names[name] = w.line()
		}
		at := name
		if path != "" {
			at = path + "." + name
		}
		if err := w.value(at, depth+1); err != nil {
			return err
		}
	}
	_, err := w.dec.Token()
	return err
}
