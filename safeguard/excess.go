// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
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
	c := newComparer(scope, columns)
	if err := c.prepare(); err != nil {
		return Report{}, err
	}
	err := c.read(format, answer)
	return c.report, err
}

type comparer struct {
	scope    Scope
	columns  Columns
	report   Report
	marks    map[string]bool // forms of the identifiers asked for; true for the strictest that one of them has
	known    map[string]bool // what was found of texts seen before: the rows of a table repeat theirs
	networks []netip.Prefix
	// choose, if set, is told the names of the columns once they are read: it may fill columns and narrow scope.
	choose func(c *comparer, names []string) error
	// within, if set, gets the rows within the scope as they stand, and the names of the columns before them.
	within io.Writer
}

func newComparer(scope Scope, columns Columns) *comparer {
	return &comparer{scope: scope, columns: columns, report: Report{Reasons: map[Outside]int64{}}, marks: map[string]bool{}, known: map[string]bool{}}
}

func (c *comparer) read(format Format, answer io.Reader) error {
	switch format {
	case CSV:
		return c.csv(answer)
	case JSONLines:
		return c.lines(answer)
	}
	return rogatory.Fault(rogatory.Invalid, "answer_format", "compare an answer in the format %.40q", format).WithHint("csv or json-lines")
}

// Cut is Excess that writes the rows within the scope to within, byte for byte as they stand, after the names of the
// columns; the others are left out. After an error what was written is to be thrown away.
func Cut(scope Scope, columns Columns, format Format, answer io.Reader, within io.Writer) (Report, error) {
	c := newComparer(scope, columns)
	c.within = within
	if err := c.prepare(); err != nil {
		return Report{}, err
	}
	err := c.read(format, answer)
	return c.report, err
}

func (c *comparer) prepare() error {
	for _, id := range split(c.scope.Identifiers) {
		if p, ok := network(id); ok {
			c.networks = append(c.networks, p)
			continue
		}
		for i, form := range Normalise(id) {
			c.marks[form] = c.marks[form] || i == 0
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

// row looks at one row through get, which says what stands in a column, and reports whether it is within.
func (c *comparer) row(get func(column string) (string, bool)) bool {
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
	return len(why) == 0
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

// Bounds of what a comparison remembers: with them, at most a MiB.
const (
	maxKnown     = 4096
	maxKnownText = 256 // bytes
)

// asked reports whether a text is one of the identifiers asked for.
func (c *comparer) asked(text string) bool {
	found, seen := c.known[text]
	if seen {
		return found
	}
	found = c.among(text)
	if len(text) <= maxKnownText {
		if len(c.known) == maxKnown {
			clear(c.known)
		}
		c.known[strings.Clone(text)] = found // the row that it is a part of is not kept
	}
	return found
}

func (c *comparer) among(text string) bool {
	if a, ok := address(strings.TrimSpace(text)); ok && slices.ContainsFunc(c.networks, func(p netip.Prefix) bool { return p.Contains(a) }) {
		return true
	}
	for i, form := range Normalise(text) {
		// Two that are told apart by their strictest forms are two, though they share a looser one: numbers of two countries with one
		// end, one name on two hosts.
		if strictest, there := c.marks[form]; there && (strictest || i == 0) {
			return true
		}
	}
	return false
}

// network reads an address with the number of its bits that count.
func network(s string) (netip.Prefix, bool) {
	p, err := netip.ParsePrefix(strings.TrimSpace(s))
	return p.Masked(), err == nil
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

// delimiters are what stands between the columns of tables that are called CSV.
const delimiters = ",;\t|"

// firstLine is how much of an answer is looked at to tell how it is written.
const firstLine = 64 << 10

// delimiterOf is the one that the first line has most of; of equals the first, which is that of RFC 4180.
func delimiterOf(head []byte) rune {
	line, _, _ := bytes.Cut(head, []byte("\n"))
	best, most := rune(delimiters[0]), 0
	for _, d := range delimiters {
		if n := bytes.Count(line, []byte(string(d))); n > most {
			best, most = d, n
		}
	}
	return best
}

// recorder keeps what was read and not yet told apart, so that a row can be written as it stands.
type recorder struct {
	from io.Reader
	kept []byte
	at   int64 // of the first byte kept
}

func (r *recorder) Read(p []byte) (int, error) {
	n, err := r.from.Read(p)
	r.kept = append(r.kept, p[:n]...)
	return n, err
}

// upTo takes what was kept before that place.
func (r *recorder) upTo(place int64) []byte {
	n := place - r.at
	row := r.kept[:n:n]
	r.kept, r.at = r.kept[n:], place
	return row
}

func (c *comparer) csv(answer io.Reader) error {
	in := &bounded{answer, MaxRow}
	var raw *recorder
	from := io.Reader(in)
	if c.within != nil {
		raw = &recorder{from: in}
		from = raw
	}
	buffer := bufio.NewReaderSize(from, firstLine)
	head, _ := buffer.Peek(firstLine) // what is wrong shows at the first row
	in.left = MaxRow
	r := csv.NewReader(buffer)
	r.ReuseRecord, r.FieldsPerRecord, r.LazyQuotes, r.Comma = true, -1, true, delimiterOf(head)
	write := func(keep bool) error {
		if raw == nil {
			return nil
		}
		row := raw.upTo(r.InputOffset())
		if !keep {
			return nil
		}
		_, err := c.within.Write(row)
		return err
	}
	names, err := r.Read()
	if err != nil {
		return c.fault(err)
	}
	if len(names) > MaxColumns {
		return c.fault(fmt.Errorf("%d columns, at most %d are read", len(names), MaxColumns))
	}
	clean := make([]string, len(names))
	for i, name := range names {
		if strings.ContainsRune(name, '\r') { // rows that end with a return alone are read as one: it would pass for an empty table
			return c.fault(errors.New("the rows end with a return alone"))
		}
		clean[i] = strings.TrimSpace(strings.TrimPrefix(name, "\ufeff"))
	}
	if c.choose != nil {
		if err := c.choose(c, clean); err != nil {
			return err
		}
	}
	place := map[string]int{}
	for i, name := range clean {
		if _, twice := place[name]; twice && c.names(name) {
			return c.fault(fmt.Errorf("a column that is compared is there twice"))
		}
		place[name] = i
	}
	width := len(clean)
	if err := write(true); err != nil {
		return err
	}
	for {
		in.left = MaxRow
		record, err := r.Read()
		keep := false
		switch {
		case err == io.EOF:
			return nil
		case errors.Is(err, csv.ErrQuote), errors.Is(err, csv.ErrBareQuote):
			c.note([]Outside{Unreadable})
		case err != nil:
			return c.fault(err)
		case len(record) != width:
			c.note([]Outside{Unreadable})
		default:
			keep = c.row(func(column string) (string, bool) {
				i, ok := place[column]
				if !ok {
					return "", false
				}
				return record[i], true
			})
		}
		if err := write(keep); err != nil {
			return err
		}
	}
}

func (c *comparer) names(column string) bool {
	return column == c.columns.Time || column == c.columns.Kind || slices.Contains(c.columns.Identifiers, column)
}

func (c *comparer) lines(answer io.Reader) error {
	s := bufio.NewScanner(answer)
	s.Buffer(make([]byte, 0, firstLine), MaxRow)
	s.Split(func(data []byte, atEnd bool) (int, []byte, error) { // with the end of each line, so that it can be written as it stands
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i+1], nil
		}
		if atEnd && len(data) > 0 {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	for s.Scan() {
		line := s.Bytes()
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		var row map[string]json.RawMessage
		if err := json.Unmarshal(line, &row); err != nil || row == nil || len(row) > MaxColumns {
			c.note([]Outside{Unreadable})
			continue
		}
		if c.choose != nil {
			if err := c.choose(c, membersOf(row)); err != nil {
				return err
			}
			c.choose = nil
		}
		if c.row(func(column string) (string, bool) { return member(row, column) }) && c.within != nil {
			if _, err := c.within.Write(line); err != nil {
				return err
			}
		}
	}
	if err := s.Err(); err != nil {
		return c.fault(err)
	}
	return nil
}

// membersOf names the members of a row, and those of the objects in it, in the order of their letters.
func membersOf(row map[string]json.RawMessage) []string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(row)) {
		var inner map[string]json.RawMessage
		if raw := row[name]; len(raw) > 0 && raw[0] == '{' && json.Unmarshal(raw, &inner) == nil {
			for _, within := range slices.Sorted(maps.Keys(inner)) {
				all = append(all, name+"."+within)
			}
			continue
		}
		all = append(all, name)
	}
	return all[:min(len(all), MaxColumns)]
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
