// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"math"
	"strings"
)

// Rect is a rectangle in points; X and Y are its lower left corner from that of the page.
type Rect struct{ X, Y, Width, Height float64 }

// Figure fills rectangles with one colour as one figure of the structure, with a text for whoever does not see it.
// They are one path, so that no hair line shows where two of them meet.
func (w *Writer) Figure(alt, language string, all []Rect, c Color) {
	if len(all) == 0 {
		return
	}
	e := w.Begin("Figure", language)
	e.alt, e.box = alt, bounds(all)
	w.tags.mark(w)
	fmt.Fprintf(w.page, "%s rg\n", c.operands())
	for _, r := range all {
		fmt.Fprintf(w.page, "%s %s %s %s re\n", number(r.X), number(r.Y), number(r.Width), number(r.Height))
	}
	w.page.WriteString("f\n")
	w.tags.unmark(w)
	w.End()
}

// bounds is the rectangle around others.
func bounds(all []Rect) Rect {
	x, y, right, top := math.Inf(1), math.Inf(1), math.Inf(-1), math.Inf(-1)
	for _, r := range all {
		x, y, right, top = min(x, r.X), min(y, r.Y), max(right, r.X+r.Width), max(top, r.Y+r.Height)
	}
	return Rect{x, y, right - x, top - y}
}

// describe writes what an element says of a figure.
func (e *Element) describe(b *strings.Builder) {
	if e.alt == "" {
		return
	}
	fmt.Fprintf(b, " /Alt %s /A <</O /Layout /Placement /Block /BBox [%s %s %s %s]>>", hexText(e.alt),
		number(e.box.X), number(e.box.Y), number(e.box.X+e.box.Width), number(e.box.Y+e.box.Height))
}
