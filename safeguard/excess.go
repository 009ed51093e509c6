// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"rogatory"
)

// Limits on an answer that is compared with its scope. Memory does not grow with the answer.
const (
	MaxRow     = 1 << 20 // bytes of one row: a row is held whole while it is looked at
	MaxColumns = 1000
	MaxNotes   = 100 // rows outside that are named one by one; the others are counted
)

// Scope is what was asked for, as rows can be compared with it.
type Scope struct {
	Period      rogatory.Term `json:"period,omitzero"`       // both ends included; zero: the time of a row says nothing
	Identifiers []string      `json:"identifiers,omitempty"` // one of them, in any form, has to stand in each row
	Kinds       []string      `json:"kinds,omitempty"`       // of rows; none: the kind says nothing
}

// Columns say where a row has what is compared. A member of an object within a row is named with dots.
type Columns struct {
	Time        string   `json:"time,omitempty"` // RFC 3339, or seconds or milliseconds since 1970
	Identifiers []string `json:"identifiers,omitempty"`
	Kind        string   `json:"kind,omitempty"`
}

// Format is how rows are written.
type Format string

// The formats.
const (
	CSV       Format = "csv" // RFC 4180, the names of the columns in the first row
	JSONLines Format = "json-lines"
)

// Outside is why a row is not within the scope. Its content is not repeated.
type Outside string

// The reasons. A row that cannot be told to be within is outside.
const (
	WrongTime       Outside = "time"
	WrongIdentifier Outside = "identifier"
	WrongKind       Outside = "kind"
	Unreadable      Outside = "unreadable"
)

// RowNote names one row outside the scope by its number, counting from one after the names of the columns.
type RowNote struct {
	Row int64     `json:"row"`
	Why []Outside `json:"why"`
}

// Report is what a comparison found.
type Report struct {
	Rows    int64             `json:"rows"`
	Outside int64             `json:"outside"`
	Reasons map[Outside]int64 `json:"reasons,omitempty"`
	Notes   []RowNote         `json:"notes,omitempty"` // the first of them
}

// Quarantined reports whether the answer is to be sealed unread for a reviewer: any row outside does it. Nobody needs to
// have seen the row.
func (r Report) Quarantined() bool { return r.Outside > 0 }

// Share is the part of the rows outside, in thousandths, rounded up: one row in a million is not nothing.
func (r Report) Share() int64 {
	if r.Rows == 0 {
		return 0
	}
	return (r.Outside*1000 + r.Rows - 1) / r.Rows
}

// Excess compares an answer with what was asked for, row by row (AB-17). An answer that cannot be read at all, or a row
// of more than MaxRow, is an error: then nobody knows, and the answer is to be sealed unread as well. The report comes
// back with the error as far as it got.
func Excess(scope Scope, columns Columns, format Format, answer io.Reader) (Report, error) {
	c := comparer{scope: scope, columns: columns, report: Report{Reasons: map[Outside]int64{}}, marks: map[string]bool{}}
	if err := c.prepare(); err != nil {
		return Report{}, err
	}
	var err error
	switch format {
	case CSV:
		err = c.csv(answer)
	case JSONLines:
		err = c.lines(answer)
	default:
		return Report{}, rogatory.Fault(rogatory.Invalid, "answer_format", "compare an answer in the format %.40q", format).WithHint("csv or json-lines")
	}
	return c.report, err
}

type comparer struct {
	scope    Scope
	columns  Columns
	report   Report
	marks    map[string]bool // forms of the identifiers asked for
	networks []netip.Prefix
}

func (c *comparer) prepare() error {
	for _, id := range split(c.scope.Identifiers) {
		if p, err := netip.ParsePrefix(id); err == nil {
			c.networks = append(c.networks, p)
			continue
		}
		for _, form := range Normalise(id) {
			c.marks[form] = true
		}
	}
	asked := []bool{c.scope.Period != (rogatory.Term{}), len(c.scope.Identifiers) > 0, len(c.scope.Kinds) > 0}
	named := []bool{c.columns.Time != "", len(c.columns.Identifiers) > 0, c.columns.Kind != ""}
	for i, what := range []string{"time", "identifiers", "kind"} {
		if asked[i] && !named[i] {
			return rogatory.Fault(rogatory.Invalid, "answer_columns", "compare an answer by its %s: no column is named for it", what).
				WithHint("name the column; what cannot be compared stays sealed for the reviewer")
		}
	}
	return nil
}

// row looks at one row through get, which says what stands in a column.
func (c *comparer) row(get func(column string) (string, bool)) {
	var why []Outside
	if c.scope.Period != (rogatory.Term{}) {
		text, ok := get(c.columns.Time)
		at, read := moment(text)
		p := c.scope.Period
		if !ok || !read || p.From != 0 && at < p.From || p.To != 0 && at > p.To {
			why = append(why, WrongTime)
		}
	}
	if len(c.scope.Identifiers) > 0 && !slices.ContainsFunc(c.columns.Identifiers, func(column string) bool {
		text, ok := get(column)
		return ok && c.asked(text)
	}) {
		why = append(why, WrongIdentifier)
	}
	if len(c.scope.Kinds) > 0 {
		if text, ok := get(c.columns.Kind); !ok || !slices.Contains(c.scope.Kinds, strings.TrimSpace(text)) {
			why = append(why, WrongKind)
		}
	}
	c.note(why)
}

func (c *comparer) note(why []Outside) {
	c.report.Rows++
	if len(why) == 0 {
		return
	}
	c.report.Outside++
	for _, w := range why {
		c.report.Reasons[w]++
	}
	if len(c.report.Notes) < MaxNotes {
		c.report.Notes = append(c.report.Notes, RowNote{c.report.Rows, why})
	}
}

func (c *comparer) asked(text string) bool {
	if a, ok := address(strings.TrimSpace(text)); ok && slices.ContainsFunc(c.networks, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return true
	}
	return slices.ContainsFunc(Normalise(text), func(form string) bool { return c.marks[form] })
}

// moment reads a time in the forms that logs have.
func moment(text string) (rogatory.Instant, bool) {
	text = strings.TrimSpace(text)
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04Z07:00"} {
		if t, err := time.Parse(layout, text); err == nil {
			return rogatory.At(t), true
		}
	}
	if n, err := strconv.ParseInt(text, 10, 64); err == nil && n > 0 {
		switch {
		case n < 1e11:
			return rogatory.At(time.Unix(n, 0)), true
		case n < 1e14:
			return rogatory.At(time.UnixMilli(n)), true
		}
	}
	return 0, false
}

// bounded fails when one row is longer than MaxRow: the readers above would take all the memory for it.
type bounded struct {
	from io.Reader
	left int
}

var errLong = errors.New("a row is too long")

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errLong
	}
	n, err := b.from.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}

func (c *comparer) fault(err error) error {
	return rogatory.Fault(rogatory.Invalid, "answer_unreadable", "compare row %d of an answer: %w", c.report.Rows+1, err).
		WithHint("it stays sealed: a reviewer looks at it")
}

func (c *comparer) csv(answer io.Reader) error {
	in := &bounded{answer, MaxRow}
	r := csv.NewReader(in)
	r.ReuseRecord, r.FieldsPerRecord, r.LazyQuotes = true, -1, true
	names, err := r.Read()
	if err != nil {
		return c.fault(err)
	}
	if len(names) > MaxColumns {
		return c.fault(fmt.Errorf("%d columns, at most %d are read", len(names), MaxColumns))
	}
	place := map[string]int{}
	for i, name := range names {
		name = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
		if _, twice := place[name]; twice && c.names(name) {
			return c.fault(fmt.Errorf("the column %.60q is there twice", name))
		}
		place[name] = i
	}
	for {
		in.left = MaxRow
		record, err := r.Read()
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
			c.note([]Outside{Unreadable})
			continue
		case err != nil:
			return c.fault(err)
		}
		if len(record) != len(place) {
			c.note([]Outside{Unreadable})
			continue
		}
		c.row(func(column string) (string, bool) {
			i, ok := place[column]
			if !ok || i >= len(record) {
				return "", false
			}
			return record[i], true
		})
	}
}

func (c *comparer) names(column string) bool {
	return column == c.columns.Time || column == c.columns.Kind || slices.Contains(c.columns.Identifiers, column)
}

func (c *comparer) lines(answer io.Reader) error {
	s := bufio.NewScanner(answer)
	s.Buffer(make([]byte, 0, 64<<10), MaxRow)
	for s.Scan() {
		line := s.Bytes()
		if len(strings.TrimSpace(string(line[:min(len(line), 64)]))) == 0 && len(strings.TrimSpace(string(line))) == 0 {
			continue
		}
		var row map[string]json.RawMessage
		if err := json.Unmarshal(line, &row); err != nil || row == nil || len(row) > MaxColumns {
			c.note([]Outside{Unreadable})
			continue
		}
		c.row(func(column string) (string, bool) { return member(row, column) })
	}
	if err := s.Err(); err != nil {
		return c.fault(err)
	}
	return nil
}

// member finds a text or a number in an object, or in an object within it.
func member(row map[string]json.RawMessage, column string) (string, bool) {
	raw, ok := row[column]
	if !ok {
		outer, rest, dotted := strings.Cut(column, ".")
		if !dotted {
			return "", false
		}
		var inner map[string]json.RawMessage
		if json.Unmarshal(row[outer], &inner) != nil {
			return "", false
		}
		return member(inner, rest)
	}
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text, text != ""
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String(), true
	}
	return "", false
}
