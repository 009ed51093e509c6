// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
	"unicode/utf8"

	"rogatory"
)

// maxDepth bounds the nesting of a data file; ours need five levels.
const maxDepth = 8

// source is a data file being read: it knows on which line each value stands, so that a jurist finds
// what a check refuses.
type source struct {
	name   string
	data   []byte
	breaks []int          // offsets of the line ends
	lines  map[string]int // path such as offences[3].forms[0] -> line
}

// fault refuses the whole file, naming the line.
func (s *source) fault(line int, format string, args ...any) *rogatory.Error {
	return rogatory.Fault(rogatory.Invalid, "offences_invalid", "%s line %d: %s", s.name, line, fmt.Sprintf(format, args...)).
		WithHint("mend that line; nothing of the file was loaded")
}

func (s *source) line(offset int64) int { return 1 + sort.SearchInts(s.breaks, int(offset)) }

// read decodes data into the struct that into points to, and returns where each value stands.
// Unknown members, doubled members, null, more than one document and text that is not UTF-8 are
// refused; names are compared exactly. After an error into is not to be used.
func read(name string, data []byte, limit int, into any) (*source, error) {
	s := &source{name: name, data: data, lines: map[string]int{}}
	if len(data) > limit {
		return nil, rogatory.Fault(rogatory.Invalid, "offences_too_large", "%s has %d bytes, at most %d are read", name, len(data), limit)
	}
	for i, c := range data {
		if c == '\n' {
			s.breaks = append(s.breaks, i)
		}
	}
	if !utf8.Valid(data) {
		good := 0
		for r, n := utf8.DecodeRune(data); r != utf8.RuneError || n > 1; r, n = utf8.DecodeRune(data[good:]) {
			good += n
		}
		return nil, s.fault(s.line(int64(good)), "this is not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if err := s.walk(dec, "", reflect.TypeOf(into).Elem(), 0); err != nil {
		return nil, err
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, s.fault(s.line(dec.InputOffset()), "the document has ended, and something follows")
	}
	if err := json.Unmarshal(data, into); err != nil {
		offset := int64(0)
		if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
			offset = e.Offset
		}
		return nil, s.fault(s.line(offset), "%v", err)
	}
	return s, nil
}

// walk follows one value and the Go type that it will fill, and notes its line.
func (s *source) walk(dec *json.Decoder, path string, t reflect.Type, depth int) error {
	token, err := dec.Token()
	line := s.line(dec.InputOffset())
	if err != nil {
		if e, ok := errors.AsType[*json.SyntaxError](err); ok {
			line = s.line(e.Offset)
		}
		return s.fault(line, "%v", err)
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	s.lines[path] = line
	switch token {
	case nil:
		return s.fault(line, "null is no value: leave the member out")
	case json.Delim('['):
		if t.Kind() != reflect.Slice {
			return s.fault(line, "a list where there should be none")
		}
		for i := 0; dec.More(); i++ {
			if err := s.walk(dec, fmt.Sprintf("%s[%d]", path, i), t.Elem(), depth+1); err != nil {
				return err
			}
		}
	case json.Delim('{'):
		if depth >= maxDepth || t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
			return s.fault(line, "an object where there should be none")
		}
		if err := s.members(dec, path, t, depth); err != nil {
			return err
		}
	default:
		return nil
	}
	if _, err := dec.Token(); err != nil {
		return s.fault(s.line(dec.InputOffset()), "%v", err)
	}
	return nil
}

func (s *source) members(dec *json.Decoder, path string, t reflect.Type, depth int) error {
	for dec.More() {
		token, err := dec.Token()
		line := s.line(dec.InputOffset())
		if err != nil {
			return s.fault(line, "%v", err)
		}
		name, _ := token.(string)
		below := strings.TrimPrefix(path+"."+name, ".")
		if _, twice := s.lines[below]; twice {
			return s.fault(line, "%.60q is there twice", name)
		}
		member := t
		if t.Kind() == reflect.Map {
			member = t.Elem()
		} else if member = memberOf(t, name); member == nil {
			return s.fault(line, "%.60q is not known here", name)
		}
		if err := s.walk(dec, below, member, depth+1); err != nil {
			return err
		}
	}
	return nil
}

// memberOf returns the type of the member of that name, nil if the struct has none.
func memberOf(t reflect.Type, name string) reflect.Type {
	for f := range t.Fields() {
		if tag, _, _ := strings.Cut(f.Tag.Get("json"), ","); tag == name && tag != "-" {
			return f.Type
		}
	}
	return nil
}
