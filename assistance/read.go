// SPDX-License-Identifier: Apache-2.0

package assistance

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"rogatory"
)

// Limits on a file: thousands of needs and offers are more than one person can read.
const (
	MaxSize  = 4 << 20
	MaxItems = 5000
)

// readList reads a JSON list strictly and hands over one item after the other: unknown, doubled and
// null members are refused. An error names the file and the line on which the item begins. Package
// legislation has the same function, so that neither depends on the other.
func readList[T any](name string, data []byte, take func(T) error) error {
	line, counted := 1, 0
	refuse := func(err error) error {
		hint := "nothing was taken from the file; mend that line and read it again"
		if e, ok := errors.AsType[*rogatory.Error](err); ok {
			hint = e.Hint
		}
		return rogatory.Fault(rogatory.Invalid, "list_invalid", "read %s:%d: %w", name, line, err).WithHint(hint)
	}
	if len(data) > MaxSize {
		return refuse(fmt.Errorf("%d bytes, at most %d are read", len(data), MaxSize))
	}
	if !utf8.Valid(data) {
		return refuse(errors.New("the text is not UTF-8"))
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('[') {
		return refuse(errors.New("the file is not a JSON list"))
	}
	for n := 0; dec.More(); n++ {
		begin := int(dec.InputOffset())
		for begin < len(data) && strings.IndexByte(" \t\r\n,", data[begin]) >= 0 {
			begin++
		}
		line += bytes.Count(data[counted:begin], []byte("\n"))
		counted = begin
		if n == MaxItems {
			return refuse(fmt.Errorf("more than %d items", MaxItems))
		}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return refuse(err)
		}
		if err := checkMembers(raw); err != nil {
			return refuse(err)
		}
		var item T
		one := json.NewDecoder(bytes.NewReader(raw))
		one.DisallowUnknownFields()
		if err := one.Decode(&item); err != nil {
			return refuse(err)
		}
		if err := take(item); err != nil {
			return refuse(err)
		}
	}
	line += bytes.Count(data[counted:dec.InputOffset()], []byte("\n"))
	if _, err := dec.Token(); err != nil {
		return refuse(errors.New("the list does not end"))
	}
	if _, err := dec.Token(); err != io.EOF {
		return refuse(errors.New("something follows the list"))
	}
	return nil
}

// checkMembers refuses what encoding/json passes over: a member given twice, a name in other letters
// than ours, and null.
func checkMembers(raw []byte) error {
	type frame struct {
		seen map[string]bool // nil in a list
		name bool            // whether a member's name comes next
	}
	var open []frame
	dec := json.NewDecoder(bytes.NewReader(raw))
	for {
		t, err := dec.Token()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		top := len(open) - 1
		if name, ok := t.(string); ok && top >= 0 && open[top].name {
			if open[top].seen[name] || name != strings.ToLower(name) {
				return fmt.Errorf("member %.40q is there twice or in other letters than ours", name)
			}
			open[top].seen[name], open[top].name = true, false
			continue
		}
		switch t {
		case json.Delim('{'):
			open = append(open, frame{map[string]bool{}, true})
			continue
		case json.Delim('['):
			open = append(open, frame{})
			continue
		case json.Delim('}'), json.Delim(']'):
			open = open[:top]
		case nil:
			return errors.New("null says nothing: leave the member out")
		}
		if top = len(open) - 1; top >= 0 && open[top].seen != nil {
			open[top].name = true
		}
	}
}

// encodeList writes a list in its one form: an item a line, so that files can be compared by eye.
func encodeList[T any](items []T) ([]byte, error) {
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

// Date is a day, such as 2027-01-31. Dates compare as texts do.
type Date string

// Valid reports whether d is a day of the calendar in its one form.
func (d Date) Valid() bool {
	t, err := time.Parse(time.DateOnly, string(d))
	return err == nil && t.Format(time.DateOnly) == string(d)
}

// checkText wants a text of one line that a person can read.
func checkText(what, text string, most int) error {
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
