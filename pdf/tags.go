// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"strings"
)

// structure is the tree of what the pages show: headings, paragraphs, tables.
type structure struct {
	root  *Element
	open  []*Element
	page  []*Element // of the marked contents of this page, by number
	pages [][]*Element
	refs  []int // objects of the pages
	quiet int   // depth of artifacts
}

// Element is a part of the structure.
type Element struct {
	role     string
	language string
	kids     []any // *Element or content
	object   int
	parent   *Element
	alt      string // of a figure
	box      Rect   // around a figure
}

const rowHeader = "RowHeader"

// content is a marked part of a page.
type content struct{ page, number int }

// Begin opens an element of the structure: a standard role such as H1, P, L, LI, Table, TR, TH or TD, and
// its language where that differs from what is around it. RowHeader is a TH that heads a row.
func (w *Writer) Begin(role, language string) *Element {
	top := w.tags.open[len(w.tags.open)-1]
	e := &Element{role: role, language: language, parent: top}
	if w.tags.quiet == 0 {
		top.kids = append(top.kids, e)
	}
	w.tags.open = append(w.tags.open, e)
	return e
}

// End closes the element opened last.
func (w *Writer) End() {
	if n := len(w.tags.open); n > 1 {
		w.tags.open = w.tags.open[:n-1]
	}
}

// Into draws into an element that was closed: cells that stand side by side are drawn line by line.
func (w *Writer) Into(e *Element, draw func()) {
	w.tags.open = append(w.tags.open, e)
	draw()
	w.End()
}

// Artifact draws what is no part of the text: running heads, page numbers.
func (w *Writer) Artifact(draw func()) {
	w.tags.quiet++
	draw()
	w.tags.quiet--
}

func (t *structure) mark(w *Writer) {
	if t.quiet > 0 {
		w.page.WriteString("/Artifact BMC\n")
		return
	}
	top := t.open[len(t.open)-1]
	role := top.role
	if role == rowHeader {
		role = "TH"
	}
	fmt.Fprintf(w.page, "/%s <</MCID %d>> BDC\n", role, len(t.page))
	top.kids = append(top.kids, content{len(w.pages), len(t.page)})
	t.page = append(t.page, top)
}

func (t *structure) unmark(w *Writer) { w.page.WriteString("EMC\n") }

func (t *structure) turn() { t.page = nil }

func (t *structure) paged(object int) {
	t.pages, t.refs = append(t.pages, t.page), append(t.refs, object)
}

func (t *structure) writeTo(w *Writer) {
	t.number(w, t.root)
	t.writeElement(w, t.root)
	var nums strings.Builder
	for page, all := range t.pages {
		fmt.Fprintf(&nums, "%d [", page)
		for _, e := range all {
			fmt.Fprintf(&nums, "%d 0 R ", e.object)
		}
		nums.WriteString("] ")
	}
	w.object(parentsObject, "<</Nums ["+nums.String()+"]>>")
	w.object(structureObject, fmt.Sprintf("<</Type /StructTreeRoot /K [%d 0 R] /ParentTree %d 0 R /ParentTreeNextKey %d>>", t.root.object, parentsObject, len(t.pages)))
}

func (t *structure) number(w *Writer, e *Element) {
	e.object = w.reserve()
	for _, k := range e.kids {
		if child, ok := k.(*Element); ok {
			t.number(w, child)
		}
	}
}

func (t *structure) writeElement(w *Writer, e *Element) {
	parent := structureObject
	if e.parent != nil {
		parent = e.parent.object
	}
	var b strings.Builder
	role, scope := e.role, "Column"
	if role == rowHeader {
		role, scope = "TH", "Row"
	}
	fmt.Fprintf(&b, "<</Type /StructElem /S /%s /P %d 0 R", role, parent)
	if e.language != "" {
		fmt.Fprintf(&b, " /Lang (%s)", plain(e.language))
	}
	e.describe(&b)
	if role == "TH" {
		b.WriteString(" /A <</O /Table /Scope /" + scope + ">>")
	}
	b.WriteString(" /K [")
	for _, k := range e.kids {
		switch k := k.(type) {
		case *Element:
			fmt.Fprintf(&b, "%d 0 R ", k.object)
		case content:
			fmt.Fprintf(&b, "<</Type /MCR /Pg %d 0 R /MCID %d>> ", t.refs[k.page], k.number)
		}
	}
	b.WriteString("]>>")
	w.object(e.object, b.String())
	for _, k := range e.kids {
		if child, ok := k.(*Element); ok {
			t.writeElement(w, child)
		}
	}
}
