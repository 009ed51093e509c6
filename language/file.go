// SPDX-License-Identifier: Apache-2.0

package language

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rogatory"
)

// Limits of a file of texts: the largest of ours has some 80 kB and its longest text 300 bytes.
const (
	MaxFileSize = 1 << 20
	maxText     = 4000 // bytes
)

// file is one file of texts, checked by itself.
type file struct {
	name     File
	reviewed bool
	texts    map[string]text
}

// text is one message: plain, or a form for each plural category of the language.
type text struct {
	plain string
	forms map[Category]string
}

func (t text) all() []string {
	if t.forms == nil {
		return []string{t.plain}
	}
	var all []string
	for _, c := range slices.Sorted(maps.Keys(t.forms)) {
		all = append(all, t.forms[c])
	}
	return all
}

var (
	keyForm     = regexp.MustCompile(`^[A-Za-z0-9_]+(\.[A-Za-z0-9_]+)*$`)
	placeholder = regexp.MustCompile(`\{[a-z][a-z0-9_]*\}`)
)

// read parses a file strictly and checks each text by itself.
func read(name File, data []byte) (*file, error) {
	if len(data) > MaxFileSize {
		return nil, rogatory.Fault(rogatory.Invalid, "texts_too_large", "texts %s/%s of %d bytes, at most %d are read", name.Language, name.Name, len(data), MaxFileSize)
	}
	f := &file{name: name, texts: map[string]text{}}
	p := parser{json.NewDecoder(bytes.NewReader(data))}
	if err := p.file(f); err != nil {
		return nil, f.fault(data, int(p.dec.InputOffset()), "%s", err)
	}
	for _, key := range slices.Sorted(maps.Keys(f.texts)) {
		if err := f.check(key, f.texts[key]); err != nil {
			return nil, f.fault(data, placeOf(data, key), "%s: %s", key, err)
		}
	}
	return f, nil
}

// placeOf finds a key in what a file was read from.
func placeOf(source []byte, key string) int {
	return bytes.Index(source, strconv.AppendQuote(nil, key))
}

// fault names the line of a place in what the file was read from.
func (f *file) fault(source []byte, place int, format string, args ...any) error {
	line := 1 + bytes.Count(source[:min(max(place, 0), len(source))], []byte("\n"))
	return rogatory.Fault(rogatory.Invalid, "texts_invalid", "texts %s/%s near line %d: %s", f.name.Language, f.name.Name, line, fmt.Sprintf(format, args...))
}

func (f *file) check(key string, t text) error {
	if !keyForm.MatchString(key) {
		return fmt.Errorf("a key has letters, digits, underscores and dots between them")
	}
	if t.forms != nil {
		want := Categories(f.name.Language)
		for _, c := range want {
			if _, ok := t.forms[c]; !ok {
				return fmt.Errorf("the plural form %s is missing", c)
			}
		}
		if len(t.forms) != len(want) {
			return fmt.Errorf("the language has the plural forms %v only", want)
		}
	}
	for _, s := range t.all() {
		switch {
		case strings.TrimSpace(s) == "" || strings.TrimSpace(s) != s:
			return fmt.Errorf("the text is empty, or has space at its ends")
		case len(s) > maxText:
			return fmt.Errorf("the text has %d bytes, at most %d are read", len(s), maxText)
		case !utf8.ValidString(s) || strings.ContainsRune(s, utf8.RuneError):
			return fmt.Errorf("the text is not UTF-8")
		case !norm.NFC.IsNormalString(s):
			return fmt.Errorf("the text is not in normal form NFC")
		case strings.ContainsFunc(s, func(r rune) bool { return unicode.IsControl(r) || control(r) }):
			return fmt.Errorf("the text holds a control character: direction is set where a value is inserted")
		case strings.ContainsAny(placeholder.ReplaceAllString(s, ""), "{}"):
			return fmt.Errorf("a brace that is no placeholder such as {name}")
		}
	}
	return nil
}

// like checks that the file has the keys and placeholders of base, and no others. source is what it was read
// from, to name the line.
func (f *file) like(base *file, source []byte) error {
	for _, key := range slices.Sorted(maps.Keys(f.texts)) {
		t := f.texts[key]
		b, ok := base.texts[key]
		if !ok {
			return f.fault(source, placeOf(source, key), "%s is not an English key of this file", key)
		}
		if (t.forms == nil) != (b.forms == nil) {
			return f.fault(source, placeOf(source, key), "%s: English has plural forms where this has none, or the other way round", key)
		}
		want := names(b.all()...)
		for _, s := range t.all() {
			if got := names(s); t.forms == nil && !slices.Equal(got, want) || t.forms != nil && !within(got, want) {
				return f.fault(source, placeOf(source, key), "%s: placeholders %v, English has %v", key, got, want)
			}
		}
		if other, ok := t.forms[Other]; ok && !slices.Equal(names(other), want) {
			return f.fault(source, placeOf(source, key), "%s: the form other has placeholders %v, English has %v", key, names(other), want)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(base.texts)) {
		if _, ok := f.texts[key]; !ok {
			return f.fault(source, 0, "%s is missing", key)
		}
	}
	return nil
}

// within reports whether the placeholders of a plural form are those of English; the number itself may be
// in the word, as in the Arabic dual.
func within(got, want []string) bool {
	for _, n := range want {
		if n != "{n}" && !slices.Contains(got, n) {
			return false
		}
	}
	return !slices.ContainsFunc(got, func(n string) bool { return !slices.Contains(want, n) })
}

// names lists the placeholders, each once.
func names(texts ...string) []string {
	var all []string
	for _, s := range texts {
		all = append(all, placeholder.FindAllString(s, -1)...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// parser walks a file token by token, since a JSON map would hide a doubled key.
type parser struct{ dec *json.Decoder }

func (p parser) file(f *file) error {
	seen := map[string]bool{}
	err := p.object(func(member string) error {
		if seen[member] {
			return fmt.Errorf("%.40q is there twice", member)
		}
		seen[member] = true
		switch member {
		case "reviewed":
			return p.boolean(&f.reviewed)
		case "texts":
			return p.object(func(key string) error {
				if _, twice := f.texts[key]; twice {
					return fmt.Errorf("%.80q is there twice", key)
				}
				t, err := p.text()
				f.texts[key] = t
				return err
			})
		}
		return fmt.Errorf("member %.40q is unknown", member)
	})
	if err != nil {
		return err
	}
	if !seen["reviewed"] || !seen["texts"] {
		return errors.New("a file has the members reviewed and texts")
	}
	if _, err := p.dec.Token(); !errors.Is(err, io.EOF) {
		return errors.New("more than one document")
	}
	return nil
}

func (p parser) text() (text, error) {
	token, err := p.dec.Token()
	if err != nil {
		return text{}, err
	}
	if s, ok := token.(string); ok {
		return text{plain: s}, nil
	}
	if token != json.Delim('{') {
		return text{}, errors.New("a text is a string, or an object of plural forms")
	}
	t := text{forms: map[Category]string{}}
	return t, p.members(func(form string) error {
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		s, ok := token.(string)
		if _, twice := t.forms[Category(form)]; twice || !ok {
			return fmt.Errorf("the plural form %.20q is there twice, or no string", form)
		}
		t.forms[Category(form)] = s
		return nil
	})
}

func (p parser) boolean(b *bool) error {
	token, err := p.dec.Token()
	if err != nil {
		return err
	}
	var ok bool
	if *b, ok = token.(bool); !ok {
		return errors.New("reviewed is true or false")
	}
	return nil
}

func (p parser) object(member func(string) error) error {
	if token, err := p.dec.Token(); err != nil {
		return err
	} else if token != json.Delim('{') {
		return errors.New("an object is missing")
	}
	return p.members(member)
}

func (p parser) members(member func(string) error) error {
	for p.dec.More() {
		token, err := p.dec.Token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return errors.New("a name is missing")
		}
		if err := member(name); err != nil {
			return err
		}
	}
	_, err := p.dec.Token()
	return err
}
