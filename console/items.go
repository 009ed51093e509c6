// SPDX-License-Identifier: Apache-2.0

package console

import (
	"strconv"
	"strings"

	"rogatory"
)

// This file holds the table in which preserved items are written: a row for each, with what to mend beside the row. Rows are
// added by a button that posts, so that it works without scripts; lines that a tool made can be pasted instead.

// itemRow is one row, as typed, and what to mend in it.
type itemRow struct {
	What, Size, Digest                string
	WrongWhat, WrongSize, WrongDigest string
}

// emptyRows are what a form begins with, and digestDigits what a SHA-256 digest has.
const (
	emptyRows    = 2
	digestDigits = 64
	partsOfItem  = 3
)

func (r itemRow) empty() bool { return r.What == "" && r.Size == "" && r.Digest == "" }

// line writes a row as it is pasted.
func (r itemRow) line() string { return r.What + " > " + r.Size + " > " + r.Digest }

// itemRows are the rows of a form: its cells, then the lines that were pasted. A line that is none is in left.
func itemRows(values map[string]string) (rows []itemRow, left []string) {
	cells := func(name string) []string { return strings.Split(values[name], "\n") }
	what, size, digest := cells("item-what"), cells("item-size"), cells("item-digest")
	for i := range max(len(what), len(size), len(digest)) {
		at := func(all []string) string {
			if i < len(all) {
				return strings.TrimSpace(all[i])
			}
			return ""
		}
		if r := (itemRow{What: at(what), Size: at(size), Digest: at(digest)}); !r.empty() {
			rows = append(rows, r)
		}
	}
	for _, l := range lines(values["items"]) {
		parts := strings.Split(l, ">")
		if len(parts) < partsOfItem {
			left = append(left, l)
			continue
		}
		n := len(parts)
		rows = append(rows, itemRow{What: strings.TrimSpace(strings.Join(parts[:n-2], ">")), Size: strings.TrimSpace(parts[n-2]), Digest: strings.TrimSpace(parts[n-1])})
	}
	return rows, left
}

// preserve asks what was preserved, and until when.
func (a *sheet) preserve() {
	x := a.add(field{Name: "items", Form: "rows", Article: "42(4)", Needed: true, Hint: a.l.T("items.hint"),
		Example: exampleItem.line()})
	p := rogatory.Preservation{}
	rows, left := itemRows(a.values)
	for i := range rows {
		item := a.item(&rows[i])
		if rows[i].WrongWhat+rows[i].WrongSize+rows[i].WrongDigest != "" {
			x.Wrong = a.l.T("items.wrong")
			continue
		}
		p.Items = append(p.Items, item)
	}
	switch {
	case len(left) > 0:
		x.Wrong = a.l.T("wrong.item", "line", left[0])
	case len(rows) == 0:
		x.Wrong = a.l.T("wrong.missing", "label", x.Label)
	}
	x.Value, x.Rows = strings.Join(left, "\n"), rows
	p.Until = a.when(a.add(field{Name: "until", Form: "moment", Article: "42(8)", Hint: a.l.N("help.preserve_until", int64(a.kind.PreserveDays))}))
	a.body.Preservation = &p
}

// exampleItem is one row as it may be.
var exampleItem = itemRow{What: "sshd.log", Size: "184320", Digest: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"}

// item reads a row, and marks in it what is to be mended.
func (a *sheet) item(r *itemRow) rogatory.PreservedItem {
	item := rogatory.PreservedItem{Description: r.What}
	if r.What == "" {
		r.WrongWhat = a.l.T("items.wrong.what")
	}
	var err error
	if item.Size, err = strconv.ParseInt(r.Size, 10, 64); err != nil || item.Size < 0 {
		r.WrongSize = a.l.T("items.wrong.size")
	}
	digest := strings.ToLower(strings.Join(strings.Fields(r.Digest), ""))
	if err := item.SHA256.UnmarshalText([]byte(digest)); err != nil {
		digits := len(strings.Map(func(d rune) rune {
			if strings.ContainsRune("0123456789abcdef", d) {
				return d
			}
			return -1
		}, digest))
		r.WrongDigest = a.l.T("items.wrong.digest", "needed", digestDigits, "n", digits)
	}
	return item
}

// oneMore gives the table an empty row, and says nothing yet of what was not reached.
func (a *sheet) oneMore() {
	for i := range a.fields {
		if f := &a.fields[i]; f.Form != "rows" || len(f.Rows) == 0 {
			f.Wrong = ""
		}
		if f := &a.fields[i]; f.Form == "rows" {
			f.More = true
		}
	}
}

// shown are the rows of the table: what was typed and empty ones.
func (f field) shown() []itemRow {
	rows := f.Rows
	for range max(emptyRows-len(rows), 0) {
		rows = append(rows[:len(rows):len(rows)], itemRow{})
	}
	if f.More && len(f.Rows) >= emptyRows {
		rows = append(rows[:len(rows):len(rows)], itemRow{})
	}
	return rows
}
