// SPDX-License-Identifier: Apache-2.0

// Package datafile reads the JSON files in which rules, lists and settings are kept, strictly, for the
// people who write them.
//
// It promises that each error names the file and the line of what is wrong, also where a check finds it
// after the reading; and that reading is a pure function of the bytes, bounded in size, length of lists
// and depth. It refuses, whole: a member that is unknown, there twice, null or written in other letters
// than ours; text that is not UTF-8; a second document. It has no disk, and knows no rule of any file.
// After an error the value to be filled is as it was.
package datafile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf8"

	"rogatory"
)

// Form says how large files of one sort may be and how their errors are told.
type Form struct {
	Code     string // of errors; their kind is always Invalid
	TooLarge string // code of the error for a file of more than Size bytes, where it is another
	Hint     string // what to do; an error of a check that has a hint of its own keeps that
	Size     int    // bytes that are read at the most
	Items    int    // of any one list, at the most
	Complete bool   // no member of the outermost object may be missing, except those with omitempty
}

// File is a file that was read, for the checks that follow: it knows on which line each value stands.
type File struct {
	form Form
	name string
	data []byte
}

// Read decodes the one document in data into the struct or slice that into points to. name is for errors.
func (form Form) Read(name string, data []byte, into any) (*File, error) {
	f := &File{form, name, data}
	if len(data) > form.Size {
		f.form.Code = cmp.Or(form.TooLarge, form.Code)
		return nil, f.fault(1, fmt.Errorf("%d bytes, at most %d are read", len(data), form.Size))
	}
	s := f.scan()
	if !utf8.Valid(data) {
		good := 0
		for r, n := utf8.DecodeRune(data); r != utf8.RuneError || n > 1; r, n = utf8.DecodeRune(data[good:]) {
			good += n
		}
		return nil, f.fault(s.line(good), errors.New("the text is not UTF-8"))
	}
	to := reflect.ValueOf(into).Elem()
	if err := s.document(to.Type()); err != nil {
		if at, ok := errors.AsType[*located](err); ok {
			return nil, f.fault(at.line, at.err)
		}
		return nil, f.fault(1, err)
	}
	v := reflect.New(to.Type())
	if err := json.Unmarshal(data, v.Interface()); err != nil {
		return nil, f.fault(1, err)
	}
	to.Set(v.Elem())
	return f, nil
}

// Fault is err with the file and the line of the value at path, or where that is missing of what would
// hold it. The steps of a path are names of members and numbers of items, from the outermost.
func (f *File) Fault(err error, path ...any) *rogatory.Error { return f.fault(f.Line(path...), err) }

func (f *File) fault(line int, err error) *rogatory.Error {
	hint := f.form.Hint
	if own, ok := errors.AsType[*rogatory.Error](err); ok {
		hint = cmp.Or(own.Hint, hint)
	}
	return rogatory.Fault(rogatory.Invalid, f.form.Code, "read %s:%d: %w", f.name, line, err).WithHint(hint)
}

// Line returns the line of the value at path, as Fault does. It reads the file again up to there: checks
// that find nothing pay nothing.
func (f *File) Line(path ...any) int {
	s := f.scan()
	line := s.next()
	for _, step := range path {
		if !s.enter(step) {
			break
		}
		line = s.next()
	}
	return line
}

// Each checks the items of the list at path one after the other, and returns the first fault.
func Each[T any](f *File, list []T, check func(*T) error, path ...any) error {
	for i := range list {
		if err := check(&list[i]); err != nil {
			return f.Fault(err, append(path[:len(path):len(path)], i)...)
		}
	}
	return nil
}

// Items reads a file that is one list, and hands over one item after the other. An error of take is told
// with the line on which the item begins, and ends the reading.
func Items[T any](form Form, name string, data []byte, take func(T) error) error {
	var list []T
	f, err := form.Read(name, data, &list)
	if err != nil {
		return err
	}
	return Each(f, list, func(one *T) error { return take(*one) })
}

// Encode writes a list in its one form, an item a line, so that files can be compared by eye. Items reads
// it back.
func Encode[T any](items []T) ([]byte, error) {
	if len(items) == 0 {
		return []byte("[]\n"), nil
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	for i, item := range items {
		b.WriteString(map[bool]string{true: "[\n", false: ",\n"}[i == 0])
		if err := enc.Encode(item); err != nil {
			return nil, fmt.Errorf("encode a list: %w", err)
		}
		b.Truncate(b.Len() - 1) // the encoder's own newline
	}
	b.WriteString("\n]\n")
	return b.Bytes(), nil
}

// CheckText wants a text of one line that a person can read, of at most so many characters.
func CheckText(what, text string, most int) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("%s is missing", what)
	case strings.TrimSpace(text) != text:
		return fmt.Errorf("%s begins or ends with a space", what)
	case utf8.RuneCountInString(text) > most:
		return fmt.Errorf("%s has more than %d characters", what, most)
	case strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }):
		return fmt.Errorf("%s is not one line of plain text", what)
	}
	return nil
}
