// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/headers.json
var headersFile []byte

// Headers are names that columns of answers have, in the languages that providers write.
type Headers struct {
	Version string `json:"version"`
	// Verified: somebody who reads such answers has looked at the names.
	Verified  bool          `json:"verified"`
	Languages []HeaderNames `json:"languages"`
	names     map[string]Outside
}

// HeaderNames are those of one language, in small letters, with a blank for what stands between words.
type HeaderNames struct {
	Tag        string   `json:"tag"`
	Time       []string `json:"time"`
	Identifier []string `json:"identifier"`
	Kind       []string `json:"kind"`
}

// maxHeader bounds the name of a column, in characters: a longer one is none that people write.
const maxHeader = 80

var headerFiles = datafile.Form{Code: "headers_invalid", Hint: "mend that line; nothing of the file was loaded", Size: 64 << 10, Items: 500, Complete: true}

// ParseHeaders reads a list of names. One name that stands for two things is refused, with the whole file.
func ParseHeaders(name string, data []byte) (Headers, error) {
	var h Headers
	f, err := headerFiles.Read(name, data, &h)
	if err != nil {
		return Headers{}, err
	}
	h.names = map[string]Outside{}
	err = datafile.Each(f, h.Languages, func(l *HeaderNames) error {
		for what, list := range map[Outside][]string{WrongTime: l.Time, WrongIdentifier: l.Identifier, WrongKind: l.Kind} {
			for _, n := range list {
				switch other, there := h.names[n]; {
				case headerForm(n) != n || n == "":
					return fmt.Errorf("%.60q is not written as names are compared: %.60q", n, headerForm(n))
				case there && other != what:
					return fmt.Errorf("%.60q stands for %s and for %s", n, other, what)
				}
				h.names[n] = what
			}
		}
		return nil
	}, "languages")
	if err == nil && h.Version == "" {
		err = f.Fault(errors.New("the version is missing"))
	}
	if err != nil {
		return Headers{}, err
	}
	return h, nil
}

// StandardHeaders returns the names that came with this program.
var StandardHeaders = sync.OnceValue(func() Headers {
	h, err := ParseHeaders("headers.json", headersFile)
	if err != nil {
		panic("the embedded names of columns do not load: " + err.Error()) // a test reads them
	}
	return h
})

// headerForm is a name as it is compared: small, composed, with one blank for whatever stands between words.
func headerForm(name string) string {
	if len(name) > maxHeader*utf8.UTFMax {
		return ""
	}
	s := strings.Map(func(r rune) rune {
		if strings.ContainsRune("_-./()[]:'’\"", r) || unicode.IsSpace(r) {
			return ' '
		}
		return r
	}, strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(name, " "))))
	return strings.Join(strings.Fields(s), " ")
}

// Of says what a column of that name has, if its name is known: of a member within an object the last name may be.
func (h Headers) Of(name string) (Outside, bool) {
	what, ok := h.names[headerForm(name)]
	if _, last, dotted := strings.Cut(name, "."); !ok && dotted {
		what, ok = h.names[headerForm(last)]
	}
	return what, ok
}

// Guess finds the columns by their names: the first that has a time, the first that has a kind, and all that have
// identifiers.
func (h Headers) Guess(names []string) Columns {
	var c Columns
	for _, n := range names {
		switch what, _ := h.Of(n); {
		case what == WrongTime && c.Time == "":
			c.Time = n
		case what == WrongKind && c.Kind == "":
			c.Kind = n
		case what == WrongIdentifier && len(c.Identifiers) < maxNamed && !slices.Contains(c.Identifiers, n):
			c.Identifiers = append(c.Identifiers, n)
		}
	}
	return c
}

// maxNamed bounds the columns with identifiers that are looked at in each row.
const maxNamed = 16

// Check refuses columns that a person named and nobody would.
func (c Columns) Check() error {
	if len(c.Identifiers) > maxNamed {
		return rogatory.Fault(rogatory.Invalid, "columns_invalid", "%d columns with identifiers, at most %d are compared", len(c.Identifiers), maxNamed)
	}
	for _, n := range append([]string{c.Time, c.Kind}, c.Identifiers...) {
		if utf8.RuneCountInString(n) > maxHeader || strings.TrimSpace(n) != n || !utf8.ValidString(n) || strings.ContainsFunc(n, unicode.IsControl) {
			return rogatory.Fault(rogatory.Invalid, "columns_invalid", "%.60q is not the name of a column, of at most %d characters on one line", n, maxHeader)
		}
	}
	return nil
}

// IsZero reports whether no column is named.
func (c Columns) IsZero() bool { return c.Time == "" && c.Kind == "" && len(c.Identifiers) == 0 }

// Detect tells how an answer is written, by the ending of its name and by how it begins. False: nothing that has rows.
func (h Headers) Detect(name string, head []byte) (Format, bool) {
	switch strings.ToLower(path.Ext(name)) {
	case ".csv", ".tsv":
		return CSV, true
	case ".jsonl", ".ndjson":
		return JSONLines, true
	}
	line, _, ended := bytes.Cut(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"), []byte("\n"))
	if !ended && len(head) >= firstLine || !utf8.Valid(line) || bytes.IndexByte(line, 0) >= 0 {
		return "", false
	}
	if line = bytes.TrimSpace(line); len(line) > 0 && line[0] == '{' {
		return JSONLines, ended && json.Valid(line)
	}
	r := csv.NewReader(bytes.NewReader(line))
	r.LazyQuotes, r.Comma = true, delimiterOf(line)
	names, err := r.Read()
	if err != nil || len(names) < 2 {
		return "", false
	}
	guess := h.Guess(names)
	return CSV, guess.Time != "" || len(guess.Identifiers) > 0
}

// rowFiles are endings of names of files that have rows which are not read here, and packed those of what may hold one file.
var (
	rowFiles = []string{".json", ".xls", ".xlsx", ".xlsm", ".ods", ".parquet", ".avro", ".sqlite", ".sqlite3", ".db"}
	packed   = []string{".gz", ".bz2", ".xz", ".zst", ".lz4"}
)

// Opaque reports whether an answer has rows in a form that is not read: a spreadsheet, a document of JSON, a table that is
// compressed, or text in UTF-16. Whoever looks decides; nobody may take it for compared.
func (h Headers) Opaque(name string, head []byte) bool {
	name = strings.ToLower(name)
	ending := path.Ext(name)
	if slices.Contains(packed, ending) {
		ending = path.Ext(strings.TrimSuffix(name, ending))
		if slices.Contains([]string{".csv", ".tsv", ".jsonl", ".ndjson"}, ending) {
			return true
		}
	}
	if slices.Contains(rowFiles, ending) || bytes.HasPrefix(head, []byte{0xff, 0xfe}) || bytes.HasPrefix(head, []byte{0xfe, 0xff}) {
		return true
	}
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 || text[0] != '{' && text[0] != '[' {
		return false
	}
	text = bytes.TrimLeft(text[1:], " \t\r\n")
	return len(text) > 0 && bytes.IndexByte([]byte(`{["]}`), text[0]) >= 0
}

// Verdict is what came of comparing an answer with its scope.
type Verdict string

// The verdicts. Only what was compared row by row and found within is within.
const (
	Within       Verdict = "within"
	Exceeds      Verdict = "excess"       // rows outside: it is sealed unread
	Undetermined Verdict = "undetermined" // it has rows, and they could not be told: it is sealed unread
	NotCompared  Verdict = "not_compared" // it has no rows, or nothing was asked that rows can be compared with
)

// Why an answer is undetermined or was not compared.
const (
	NoColumns     = "columns"    // what was asked for stands in no column that is known or named
	NotReadable   = "unreadable" // a row is too long, the table is broken, or its rows are in a form that is not read
	NoRows        = "empty"      // names of columns, and nothing below them
	NotStructured = "unstructured"
	NoScope       = "no_scope"
	NoAnswer      = "no_answer" // it answers no request: the State that asks hands it over
)

// Comparison is what came of comparing an answer, in counts: nothing that stands in a row is in it.
type Comparison struct {
	Verdict Verdict           `json:"verdict"`
	Why     string            `json:"why,omitempty"` // of undetermined and not compared
	Format  Format            `json:"format,omitempty"`
	Columns Columns           `json:"columns,omitzero"` // that were looked at
	Open    []Outside         `json:"open,omitempty"`   // parts of what was asked for that no column tells
	Rows    int64             `json:"rows,omitempty"`
	Outside int64             `json:"outside,omitempty"`
	Reasons map[Outside]int64 `json:"reasons,omitempty"`
}

// Quarantined reports whether the answer is to lie unread until a reviewer has looked at it.
func (c Comparison) Quarantined() bool { return c.Verdict == Exceeds || c.Verdict == Undetermined }

// Empty reports whether nothing of a scope can be compared with rows.
func (s Scope) Empty() bool {
	return s.Period == (rogatory.Term{}) && len(s.Identifiers) == 0 && len(s.Kinds) == 0
}

// Compare holds an answer against what was asked for, while it is read: name is that of its file, and named are the
// columns that a person named; the others are known by their names. It returns an error only when answer does: whatever
// is wrong with its content is a verdict.
func (h Headers) Compare(scope Scope, named Columns, name string, answer io.Reader) (Comparison, error) {
	if scope.Empty() {
		return Comparison{Verdict: NotCompared, Why: NoScope}, nil
	}
	src := &source{from: answer}
	in := bufio.NewReaderSize(src, firstLine)
	head, _ := in.Peek(firstLine)
	if src.failed != nil {
		return Comparison{}, src.failed
	}
	format, rows := h.Detect(name, head)
	opaque := h.Opaque(name, head)
	if !rows && !opaque && !named.IsZero() {
		opaque = !utf8.Valid(head[:min(len(head), firstLine-utf8.UTFMax)])
		format, rows = CSV, !opaque // who names columns says that it has some
	}
	if opaque && !rows {
		return Comparison{Verdict: Undetermined, Why: NotReadable}, nil
	}
	if !rows {
		return Comparison{Verdict: NotCompared, Why: NotStructured}, nil
	}
	out := Comparison{Format: format}
	c := newComparer(scope, named)
	c.choose = func(c *comparer, names []string) error {
		c.columns, out.Open = fill(named, h.Guess(names), names, c.scope)
		out.Columns = c.columns
		if slices.Contains(out.Open, WrongKind) {
			c.scope.Kinds = nil // few answers have such a column: it is said, and the rest is compared
		}
		return c.prepare()
	}
	err := c.read(format, in)
	if src.failed != nil {
		return Comparison{}, src.failed
	}
	out.Rows, out.Outside, out.Reasons = c.report.Rows, c.report.Outside, c.report.Reasons
	if len(out.Reasons) == 0 {
		out.Reasons = nil
	}
	switch {
	case rogatory.CodeOf(err) == "answer_columns":
		out.Verdict, out.Why = Undetermined, NoColumns
	case err != nil:
		out.Verdict, out.Why = Undetermined, NotReadable
	case out.Outside > 0:
		out.Verdict = Exceeds
	case out.Rows == 0:
		out.Verdict, out.Why = NotCompared, NoRows // an answer that nothing was found
	case c.scope.Empty():
		out.Verdict, out.Why = NotCompared, NoScope
	default:
		out.Verdict = Within
	}
	return out, nil
}

// fill takes the columns that a person named where they are there, and those that are known by their names elsewhere.
func fill(named, guess Columns, names []string, scope Scope) (used Columns, open []Outside) {
	there := func(n string) bool { return n != "" && slices.Contains(names, n) }
	used = guess
	if named.Time != "" {
		used.Time = named.Time
	}
	if len(named.Identifiers) > 0 {
		used.Identifiers = named.Identifiers
	}
	if named.Kind != "" {
		used.Kind = named.Kind
	}
	used.Identifiers = slices.DeleteFunc(slices.Clone(used.Identifiers), func(n string) bool { return !there(n) })
	if !there(used.Time) {
		used.Time = ""
	}
	if !there(used.Kind) {
		used.Kind = ""
	}
	if scope.Period == (rogatory.Term{}) {
		used.Time = ""
	} else if used.Time == "" {
		open = append(open, WrongTime)
	}
	if len(scope.Identifiers) == 0 {
		used.Identifiers = nil
	} else if len(used.Identifiers) == 0 {
		open = append(open, WrongIdentifier)
	}
	if len(scope.Kinds) == 0 {
		used.Kind = ""
	} else if used.Kind == "" {
		open = append(open, WrongKind)
	}
	return used, open
}

// source remembers that the reading itself failed, which says nothing about the answer.
type source struct {
	from   io.Reader
	failed error
}

func (s *source) Read(p []byte) (int, error) {
	n, err := s.from.Read(p)
	if err != nil && err != io.EOF {
		s.failed = err
	}
	return n, err
}

// Comparable picks out of what a request says about persons and accounts what can stand in a row: addresses, mail
// addresses, telephone numbers and names of accounts. A sentence about a person is not among it.
func Comparable(said []string) []string {
	var all []string
	for _, line := range split(said) {
		words := strings.Fields(line)
		if len(words) == 1 {
			all = append(all, strings.Trim(line, `"'«»“”`))
			continue
		}
		if forms := telephone(line); forms != nil {
			all = append(all, line)
			continue
		}
		for _, w := range words {
			w = strings.Trim(w, `.,:;()[]<>"'«»“”`)
			_, isAddress := address(w)
			_, isNetwork := network(w)
			if isAddress && strings.ContainsAny(w, ".:") || isNetwork || strings.ContainsRune(w, '@') || strings.HasPrefix(w, "+") && telephone(w) != nil {
				all = append(all, w)
			}
		}
	}
	return all
}
