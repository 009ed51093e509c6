// SPDX-License-Identifier: Apache-2.0

package deadline

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

// MaxDataSize bounds a data file: the calendars of every State for ten years stay below it.
const MaxDataSize = 4 << 20

// source reads a data file strictly and knows on which line it is.
type source struct {
	name string
	data []byte
	dec  *json.Decoder

	counted, lines int // how many line ends there are before that offset
}

// read reads one document, an object with exactly these members, and refuses it whole otherwise.
func read(name string, data []byte, members map[string]func(*source) error) error {
	if len(data) > MaxDataSize {
		return rogatory.Fault(rogatory.Invalid, "data_too_large", "read %s: %d bytes, at most %d are read", name, len(data), MaxDataSize)
	}
	s := &source{name: name, data: data, dec: json.NewDecoder(bytes.NewReader(data))}
	s.dec.DisallowUnknownFields()
	if err := s.document(members); err != nil {
		at := s.line(int(s.dec.InputOffset()))
		if l, ok := errors.AsType[*located](err); ok {
			at, err = l.line, l.err
		}
		return rogatory.Fault(rogatory.Invalid, "data_invalid", "read %s, line %d: %w", name, at, err).
			WithHint("mend the line; until then the rules that were loaded before stay in force")
	}
	return nil
}

// located is what is wrong on a line.
type located struct {
	line int
	err  error
}

func (l *located) Error() string { return l.err.Error() }

// line is the line of an offset. Offsets only grow, so that a file is counted through once.
func (s *source) line(offset int) int {
	offset = min(max(offset, s.counted), len(s.data))
	s.lines += bytes.Count(s.data[s.counted:offset], []byte("\n"))
	s.counted = offset
	return 1 + s.lines
}

// next is the line on which the next value begins.
func (s *source) next() int {
	at := int(s.dec.InputOffset())
	for at < len(s.data) && strings.IndexByte(" \t\r\n,:", s.data[at]) >= 0 {
		at++
	}
	return s.line(at)
}

func (s *source) document(members map[string]func(*source) error) error {
	if !utf8.Valid(s.data) {
		return errors.New("the text is not UTF-8")
	}
	seen := map[string]bool{}
	err := s.object(func(name string) error {
		member, ok := members[name]
		if !ok {
			return fmt.Errorf("unknown member %.60q", name)
		}
		seen[name] = true
		return member(s)
	})
	if err != nil {
		return err
	}
	for name := range members {
		if !seen[name] {
			return fmt.Errorf("the member %q is missing", name)
		}
	}
	if _, err := s.dec.Token(); err != io.EOF {
		return errors.New("something follows the document")
	}
	return nil
}

// object reads an object. A member that is there twice is refused.
func (s *source) object(member func(name string) error) error {
	if err := s.delimiter('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for s.dec.More() {
		line := s.next()
		token, err := s.dec.Token()
		if err != nil {
			return err
		}
		name, _ := token.(string)
		if seen[name] {
			return &located{line, fmt.Errorf("the member %.60q is there twice", name)}
		}
		seen[name] = true
		if err := member(name); err != nil {
			return err
		}
	}
	return s.delimiter('}')
}

func (s *source) delimiter(want json.Delim) error {
	line := s.next()
	token, err := s.dec.Token()
	if err != nil {
		return err
	}
	if token != want {
		return &located{line, fmt.Errorf("%q is expected", want)}
	}
	return nil
}

// value reads a value into v. Members that are unknown, doubled or differ in their letters' case are
// refused.
func (s *source) value(v any) error {
	line := s.next()
	var raw json.RawMessage
	if err := s.dec.Decode(&raw); err != nil {
		return err
	}
	if err := plain(json.NewDecoder(bytes.NewReader(raw))); err != nil {
		return &located{line, err}
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(v); err != nil {
		return &located{line + bytes.Count(raw[:min(int(dec.InputOffset()), len(raw))], []byte("\n")), err}
	}
	return nil
}

// rows reads an array and hands over each element with its line.
func rows[T any](s *source, each func(line int, v T) error) error {
	if err := s.delimiter('['); err != nil {
		return err
	}
	for s.dec.More() {
		line := s.next()
		var v T
		if err := s.value(&v); err != nil {
			return err
		}
		if err := each(line, v); err != nil {
			return &located{line, err}
		}
	}
	return s.delimiter(']')
}

// plain refuses what the decoder would silently accept: a member that is there twice, a member in
// capital letters that it would take for ours, and null.
func plain(dec *json.Decoder) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch token {
	case nil:
		return errors.New("null is no value here")
	case json.Delim('{'):
		seen := map[string]bool{}
		for dec.More() {
			token, err := dec.Token()
			if err != nil {
				return err
			}
			name, _ := token.(string)
			if seen[name] || name != strings.ToLower(name) {
				return fmt.Errorf("the member %.60q is there twice, or not in small letters", name)
			}
			seen[name] = true
			if err := plain(dec); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	case json.Delim('['):
		for dec.More() {
			if err := plain(dec); err != nil {
				return err
			}
		}
		_, err = dec.Token()
		return err
	}
	return nil
}
