// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"errors"
	"fmt"

	"rogatory/datafile"
)

// MaxDataSize bounds a data file: a rota of two hundred people with a year of overrides stays below it.
const MaxDataSize = 1 << 20

// form is how the desk's files are read.
var form = datafile.Form{
	Code:     "data_invalid",
	TooLarge: "data_too_large",
	Hint:     "mend the line; until then what was loaded before stays in force",
	Size:     MaxDataSize,
	Items:    MaxChanges,
}

// misplaced is what is wrong with a part of a document: members' names and items' numbers lead to it.
type misplaced struct {
	path []any
	err  error
}

func (m *misplaced) Error() string {
	text := ""
	for _, step := range m.path {
		switch step := step.(type) {
		case string:
			if text != "" {
				text += "."
			}
			text += step
		case int:
			text += fmt.Sprintf("[%d]", step)
		}
	}
	return text + ": " + m.err.Error()
}

func (m *misplaced) Unwrap() error { return m.err }

// in says of which part of a document an error speaks.
func in(place []any, err error) error {
	if err == nil {
		return nil
	}
	return &misplaced{place, err}
}

// path leads to a part of a document.
func path(steps ...any) []any { return steps }

// refuse names the file and the line of what a check found.
func refuse(f *datafile.File, err error) error {
	if m, ok := errors.AsType[*misplaced](err); ok {
		return f.Fault(err, m.path...)
	}
	return f.Fault(err)
}
