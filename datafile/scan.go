// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// maxDepth bounds lists and objects in one another: the files of this program have seven levels at most.
const maxDepth = 16

// scan goes through a document once, beside the Go type that it is to fill, and knows on which line it is.
type scan struct {
	form           Form
	data           []byte
	dec            *json.Decoder
	counted, lines int // how many line ends there are before that offset
	known          map[reflect.Type]shape
	own            map[reflect.Type]bool // whether a type reads itself
	outermost      map[string]bool       // the members of the outermost object
}

// shape is the members that a struct has in JSON.
type shape struct {
	members map[string]reflect.Type
	needed  []string // those that are not left out when empty
}

// located is what is wrong on a line.
type located struct {
	line int
	err  error
}

func (l *located) Error() string { return l.err.Error() }

func (f *File) scan() *scan {
	return &scan{form: f.form, data: f.data, dec: json.NewDecoder(bytes.NewReader(f.data)), known: map[reflect.Type]shape{}, own: map[reflect.Type]bool{}}
}

// line is the line of an offset. Offsets only grow, so that a file is counted through once.
func (s *scan) line(offset int) int {
	offset = min(max(offset, s.counted), len(s.data))
	s.lines += bytes.Count(s.data[s.counted:offset], []byte("\n"))
	s.counted = offset
	return 1 + s.lines
}

// next is the line on which the next value begins; at the end of the file, the last with something on it.
func (s *scan) next() int {
	from := int(s.dec.InputOffset())
	rest := bytes.TrimLeft(s.data[from:], " \t\r\n,:")
	if len(rest) == 0 {
		return s.line(from)
	}
	return s.line(len(s.data) - len(rest))
}

// enter goes to the value of that member, or to that item, if the next value has it.
func (s *scan) enter(step any) bool {
	open, err := s.dec.Token()
	if err != nil || open != json.Delim('{') && open != json.Delim('[') {
		return false
	}
	for n := 0; s.dec.More(); n++ {
		var at any = n
		if open == json.Delim('{') {
			if at, err = s.dec.Token(); err != nil {
				return false
			}
		}
		if at == step {
			return true
		}
		var passed json.RawMessage
		if s.dec.Decode(&passed) != nil {
			return false
		}
	}
	return false
}

// document wants one document of the type, and nothing behind it.
func (s *scan) document(t reflect.Type) error {
	begin := s.next()
	if err := s.value(t, 0); err != nil {
		return err
	}
	line := s.next()
	if _, err := s.dec.Token(); !errors.Is(err, io.EOF) {
		return &located{line, errors.New("more than one document: something follows the first")}
	}
	if s.form.Complete && t.Kind() == reflect.Struct {
		for _, name := range s.shape(t).needed {
			if !s.outermost[name] {
				return &located{begin, fmt.Errorf("the member %q is missing", name)}
			}
		}
	}
	return nil
}

// value reads the next value, which is to fill one of that type.
func (s *scan) value(t reflect.Type, depth int) error {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	isList, isObject := t.Kind() == reflect.Slice, t.Kind() == reflect.Struct || t.Kind() == reflect.Map
	if s.readsItself(t) || !isList && !isObject {
		return s.scalar(t)
	}
	what, open := "object", json.Delim('{')
	if isList {
		what, open = "list", json.Delim('[')
	}
	line := s.next()
	token, err := s.dec.Token()
	switch {
	case depth == 0 && err != nil:
		return &located{line, fmt.Errorf("the file is not a JSON %s: %w", what, err)}
	case err != nil:
		return s.broken(line, err)
	case depth == 0 && token != open:
		return &located{line, fmt.Errorf("the file is not a JSON %s", what)}
	case token == nil:
		return isNull(line)
	case token != open:
		return &located{line, fmt.Errorf("a JSON %s is expected here", what)}
	case depth == maxDepth:
		return &located{line, fmt.Errorf("more than %d levels", maxDepth)}
	case isList:
		err = s.items(t.Elem(), depth)
	default:
		err = s.members(t, depth)
	}
	if err != nil {
		return err
	}
	line = s.next()
	if _, err := s.dec.Token(); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &located{line, fmt.Errorf("the %s does not end: %w", what, io.ErrUnexpectedEOF)}
	} else if err != nil {
		return s.broken(line, err)
	}
	return nil
}

func (s *scan) items(t reflect.Type, depth int) error {
	for n := 0; s.dec.More(); n++ {
		if n == s.form.Items {
			return &located{s.next(), fmt.Errorf("more than %d items", n)}
		}
		if err := s.value(t, depth+1); err != nil {
			return err
		}
	}
	return nil
}

func (s *scan) members(t reflect.Type, depth int) error {
	seen := map[string]bool{}
	for s.dec.More() {
		line := s.next()
		token, err := s.dec.Token()
		if err != nil {
			return s.broken(line, err)
		}
		name, _ := token.(string)
		if seen[name] {
			return &located{line, fmt.Errorf("member %.60q is there twice", name)}
		}
		seen[name] = true
		member := t
		if t.Kind() == reflect.Map {
			member = t.Elem()
		} else if member, err = s.member(t, name); err != nil {
			return &located{line, err}
		}
		if err := s.value(member, depth+1); err != nil {
			return err
		}
	}
	if depth == 0 {
		s.outermost = seen
	}
	return nil
}

// member is the type of the member of that name.
func (s *scan) member(t reflect.Type, name string) (reflect.Type, error) {
	known := s.shape(t).members
	if member, ok := known[name]; ok {
		return member, nil
	}
	for ours := range known {
		if strings.EqualFold(ours, name) {
			return nil, fmt.Errorf("unknown member %.60q: it is in other letters than ours, %q", name, ours)
		}
	}
	return nil, fmt.Errorf("unknown member %.60q", name)
}

func (s *scan) shape(t reflect.Type) shape {
	if known, ok := s.known[t]; ok {
		return known
	}
	all := shape{members: map[string]reflect.Type{}}
	for f := range t.Fields() {
		tag := f.Tag.Get("json")
		name, rest, _ := strings.Cut(tag, ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
		case f.Anonymous && name == "":
			held := f.Type
			if held.Kind() == reflect.Pointer {
				held = held.Elem()
			}
			inner := s.shape(held)
			for name, t := range inner.members {
				all.members[name] = t
			}
			all.needed = append(all.needed, inner.needed...)
		default:
			if name == "" {
				name = f.Name
			}
			all.members[name] = f.Type
			options := strings.Split(rest, ",")
			if !slices.Contains(options, "omitempty") && !slices.Contains(options, "omitzero") {
				all.needed = append(all.needed, name)
			}
		}
	}
	s.known[t] = all
	return all
}

// scalar reads a text, number or truth value, or whatever a type takes that reads itself.
func (s *scan) scalar(t reflect.Type) error {
	line := s.next()
	var raw json.RawMessage
	if err := s.dec.Decode(&raw); err != nil {
		return s.broken(line, err)
	}
	switch {
	case string(raw) == "null":
		return isNull(line)
	case raw[0] == '"' && t.Kind() == reflect.String && !s.readsItself(t):
		return nil
	case raw[0] == '[' && !s.readsItself(t):
		return &located{line, errors.New("a list where there should be none")}
	case raw[0] == '{' && !s.readsItself(t):
		return &located{line, errors.New("an object where there should be none")}
	}
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil {
		return &located{line, err}
	}
	return nil
}

func isNull(line int) error {
	return &located{line, errors.New("null is no value: leave the member out")}
}

// broken says what is not JSON. The decoder does not say where; a check of the whole file does.
func (s *scan) broken(line int, err error) error {
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	var all json.RawMessage
	if e, ok := errors.AsType[*json.SyntaxError](json.Unmarshal(s.data, &all)); ok && !errors.Is(err, io.ErrUnexpectedEOF) {
		line, err = s.line(int(e.Offset)-1), e
	}
	return &located{line, err}
}

// readsItself reports whether a type has a way of its own to be read, such as a date.
func (s *scan) readsItself(t reflect.Type) bool {
	own, known := s.own[t]
	if !known {
		p := reflect.PointerTo(t)
		own = p.Implements(reflect.TypeFor[json.Unmarshaler]()) || p.Implements(reflect.TypeFor[encoding.TextUnmarshaler]())
		s.own[t] = own
	}
	return own
}
