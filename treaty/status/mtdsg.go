// SPDX-License-Identifier: Apache-2.0

package status

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"rogatory"
)

// Limits of the depositary's file. The largest known, of a treaty with every State and a century of
// declarations, has about 2 MB.
const (
	MaxImport   = 8 << 20
	maxXMLDepth = 64
	maxXMLRows  = 400  // there are fewer than 200 States
	maxColumns  = 12   // other treaties have up to six
	maxCell     = 4096 // bytes
)

// table is what the depositary's file says, before it is compared with anything.
type table struct {
	title, entry         string
	signatories, parties string
	columns              []column
	rows                 []row
	texts                []Text
	heads                int // header rows seen
}

type row struct {
	line  int
	cells []string
}

// column is what a column holds.
type column int

const (
	participantColumn column = iota
	signatureColumn
	consentColumn
)

// sections are the siblings of the table of participants whose text is kept.
var sections = []string{"Declarations", "Objections", "DeclarationsUnderArticle", "Notifications", "TerritorialApplications", "EndNotes"}

// refuse makes the error of a file that is not taken. Every code begins with untc_.
func refuse(code, format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "untc_"+code, format, args...).
		WithHint("nothing was taken; compare the file with the depositary's page, and see docs/treaty-desk.md for what each refusal means")
}

// readTable reads the MTDSG status XML. It refuses what it does not understand.
func readTable(data []byte) (*table, error) {
	if len(data) > MaxImport {
		return nil, refuse("too_large", "the file has %d bytes, at most %d are read", len(data), MaxImport)
	}
	head := bytes.ToLower(data[:min(len(data), 2048)])
	if bytes.Contains(head, []byte("<html")) || bytes.Contains(head, []byte("<!doctype html")) {
		return nil, rogatory.Fault(rogatory.Unavailable, "untc_html_page", "the file is a web page and not the status XML").
			WithHint("the depositary's site was probably in maintenance; fetch the file again later")
	}
	t := &table{}
	dec := xml.NewDecoder(bytes.NewReader(data))
	dec.CharsetReader = func(label string, in io.Reader) (io.Reader, error) {
		if !strings.EqualFold(label, "iso-8859-1") {
			return nil, fmt.Errorf("character set %.40q is neither ISO-8859-1 nor UTF-8", label)
		}
		return &latin1{in: in}, nil
	}
	var path []string
	var text strings.Builder // of the innermost place that is kept
	var cells []string
	var kept string
	mark := 0 // depth inside a footnote mark
	for {
		token, err := dec.Token()
		line, _ := dec.InputPos()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, refuse("not_xml", "read line %d: %w", line, err)
		}
		switch token := token.(type) {
		case xml.Directive:
			return nil, refuse("not_xml", "line %d: a document type, where none belongs", line)
		case xml.StartElement:
			if len(path) == maxXMLDepth {
				return nil, refuse("too_deep", "line %d: more than %d elements in one another", line, maxXMLDepth)
			}
			path = append(path, token.Name.Local)
			if mark > 0 || token.Name.Local == "superscript" {
				mark++
			}
			if kept == "" {
				if kept = place(path); kept != "" {
					text.Reset()
				}
			}
			if kept == "" && token.Name.Local == "Row" {
				cells = nil
			}
		case xml.CharData:
			if kept != "" && mark == 0 {
				text.Write(token)
			}
		case xml.EndElement:
			if mark > 0 {
				mark--
			}
			if kept != "" && place(path) == kept {
				if err := t.keep(kept, plain(text.String()), &cells, line); err != nil {
					return nil, err
				}
				kept = ""
			} else if kept != "" {
				text.WriteByte('\n')
			}
			if err := t.endRow(path, cells, line); err != nil {
				return nil, err
			}
			path = path[:len(path)-1]
		}
	}
	return t, t.complete()
}

// Where things are, below the root element, whose name is not known.
const (
	headRow = "Treaty/Participants/Table/TGroup/Thead/Row"
	bodyRow = "Treaty/Participants/Table/TGroup/Tbody/Rows/Row"
)

// place names what is kept at a path, or nothing.
func place(path []string) string {
	if len(path) < 2 {
		return ""
	}
	below := strings.Join(path[1:], "/")
	switch {
	case below == headRow+"/Entry", below == bodyRow+"/Entry":
		return below
	case len(path) == 3 && path[1] == "Treaty" && slices.Contains(sections, path[2]):
		return path[2]
	case !slices.Contains(path, "ExternalData"):
		return ""
	}
	for _, end := range []string{"Titlesect", "EIF/Labeltext", "Status/Signatories", "Status/Parties"} {
		if strings.HasSuffix(below, "/"+end) {
			return end
		}
	}
	return ""
}

// keep takes over the text of a place that has ended.
func (t *table) keep(place, text string, cells *[]string, line int) error {
	switch place {
	case headRow + "/Entry", bodyRow + "/Entry":
		if len(text) > maxCell || len(*cells) == maxColumns {
			return refuse("too_large", "line %d: a cell of %d bytes, or more than %d cells in a row", line, len(text), maxColumns)
		}
		*cells = append(*cells, strings.Join(strings.Fields(text), " "))
	case "Titlesect":
		t.title = text
	case "EIF/Labeltext":
		t.entry = text
	case "Status/Signatories":
		t.signatories = text
	case "Status/Parties":
		t.parties = text
	default:
		if text != "" {
			t.texts = append(t.texts, Text{Section: place, Text: text})
		}
	}
	return nil
}

// endRow takes over a row of the table that has ended.
func (t *table) endRow(path, cells []string, line int) error {
	switch strings.Join(path[1:], "/") {
	case headRow:
		t.heads++
		if t.heads > 1 {
			return refuse("two_tables", "line %d: a second header row", line)
		}
		for _, title := range cells {
			c, err := columnOf(title)
			if err != nil {
				return err
			}
			if slices.Contains(t.columns, c) {
				return refuse("unknown_column", "line %d: column %.100q is there twice", line, title)
			}
			t.columns = append(t.columns, c)
		}
	case bodyRow:
		if len(t.rows) == maxXMLRows {
			return refuse("too_large", "line %d: more than %d rows", line, maxXMLRows)
		}
		if len(cells) != len(t.columns) || t.heads != 1 {
			return refuse("unknown_layout", "line %d: %d cells under %d columns", line, len(cells), len(t.columns))
		}
		t.rows = append(t.rows, row{line, cells})
	}
	return nil
}

// complete refuses a file that lacks what every status file has.
func (t *table) complete() error {
	switch {
	case t.heads == 0 || len(t.rows) == 0:
		return refuse("no_table", "the file has no table of participants")
	case len(t.columns) != 3:
		return refuse("unknown_column", "the table has %d of the columns Participant, Signature and consent", len(t.columns))
	case !strings.Contains(strings.ToLower(t.title), "cybercrime"):
		return refuse("other_treaty", "the title %.100q is not that of the Convention against Cybercrime", t.title)
	}
	return nil
}

// consentTitles are the parts of the title of the column of consents.
var consentTitles = []string{"Ratification", "Acceptance(A)", "Approval(AA)", "Accession(a)", "Succession(d)", "Formal confirmation(c)"}

func columnOf(title string) (column, error) {
	switch title {
	case "Participant":
		return participantColumn, nil
	case "Signature":
		return signatureColumn, nil
	}
	for _, part := range strings.Split(title, ",") {
		if !slices.Contains(consentTitles, strings.TrimSpace(part)) {
			return 0, refuse("unknown_column", "column %.100q is not known", title)
		}
	}
	return consentColumn, nil
}

// kinds of consent by their letters; the case of a letter matters.
var kindLetters = map[string]Consent{"": Ratification, "A": Acceptance, "AA": Approval, "a": Accession, "d": Succession, "c": Confirmation}

var (
	footnote = regexp.MustCompile(`(?s)<superscript>.*?</superscript>`)
	tag      = regexp.MustCompile(`</?[A-Za-z][^<>]{0,40}>`)
	dateCell = regexp.MustCompile(`^(\d{1,2}) ([A-Z][a-z]{2}) (\d{4})(?: (AA|A|a|d|c))?$`)
	bracket  = regexp.MustCompile(`^\[([^\[\]]*)\] ?`)
	number   = regexp.MustCompile(`\d+`)
)

// plain takes escaped footnote marks and other escaped tags out of a text.
func plain(s string) string {
	return strings.TrimSpace(tag.ReplaceAllString(footnote.ReplaceAllString(s, ""), ""))
}

var months = []string{"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"}

// readDate reads a date of a cell, such as "25 Oct 2025 a", and the letter of its kind.
func readDate(cell string) (Date, string, bool) {
	m := dateCell.FindStringSubmatch(cell)
	if m == nil {
		return 0, "", false
	}
	month := slices.Index(months, m[2]) + 1
	day, _ := strconv.Atoi(m[1]) // at most two digits
	year, _ := strconv.Atoi(m[3])
	d := On(year, time.Month(month), day)
	if month == 0 || year < minYear || d.Time().Day() != day || day == 0 {
		return 0, "", false
	}
	return d, m[4], true
}

// participant reads a row.
func (t *table) participant(r row, states *States, source string) (Participant, error) {
	var p Participant
	fact := func(on Date) Fact {
		return Fact{When: When{On: on}, Certainty: Depositary, Sources: []string{source}, Verified: true}
	}
	deposit := func(cell string) (Deposit, error) {
		on, letters, ok := readDate(strings.TrimSpace(cell))
		if !ok {
			return Deposit{}, refuse("unreadable_date", "line %d: consent %.60q is not a date with a kind", r.line, cell)
		}
		return Deposit{Kind: kindLetters[letters], Fact: fact(on)}, nil
	}
	for i, c := range t.columns {
		cell := r.cells[i]
		switch c {
		case participantColumn:
			code, ok := states.Named(cell)
			if !ok {
				return p, refuse("unknown_name", "line %d: participant %.100q is no name in states.json", r.line, cell)
			}
			p.Code = code
		case signatureColumn:
			if cell == "" {
				continue
			}
			on, letters, ok := readDate(cell)
			if !ok || letters != "" {
				return p, refuse("unreadable_date", "line %d: signature %.60q is not a date", r.line, cell)
			}
			f := fact(on)
			p.Signature = &f
		case consentColumn:
			for rest := cell; rest != ""; {
				if m := bracket.FindStringSubmatch(rest); m != nil {
					d, err := deposit(m[1])
					if err != nil {
						return p, err
					}
					p.Earlier, rest = append(p.Earlier, d), rest[len(m[0]):]
					continue
				}
				now, _, _ := strings.Cut(rest, "[")
				d, err := deposit(now)
				if err != nil || p.Consent != nil {
					return p, refuse("unreadable_date", "line %d: consent %.60q is not one date with a kind", r.line, cell)
				}
				p.Consent, rest = &d, strings.TrimPrefix(rest, now)
			}
		}
	}
	return p, nil
}

// latin1 turns ISO-8859-1, where a byte is the number of its letter, into UTF-8.
type latin1 struct {
	in   io.Reader
	left []byte
}

// Read gives UTF-8.
func (l *latin1) Read(p []byte) (int, error) {
	if len(l.left) == 0 {
		raw := make([]byte, 4096)
		n, err := l.in.Read(raw)
		if n == 0 {
			return 0, err
		}
		for _, b := range raw[:n] {
			l.left = append(l.left, string(rune(b))...)
		}
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}
