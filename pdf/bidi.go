// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"github.com/go-text/typesetting/bidi"
	class "golang.org/x/text/unicode/bidi"
)

// The controls of direction that a text may hold (Unicode Annex 9). Embeddings and overrides are taken out
// before: they could show a reference from its end.
const (
	lri = '\u2066'
	rli = '\u2067'
	fsi = '\u2068'
	pdi = '\u2069'
	// object stands for an isolate in the text around it.
	object = '\ufffc'
)

// maxDepth of isolates within isolates; deeper ones have no effect. Ours have two.
const maxDepth = 16

// levels returns the level of each character: even runs from left to right, odd from right to left.
//
// The library tells directions, not levels. Without embeddings a paragraph has three levels at most, and
// they follow from direction and class; an isolate is a paragraph of its own within.
func levels(text []rune, rightToLeft bool) []uint8 {
	out := make([]uint8, len(text))
	base := uint8(0)
	if rightToLeft {
		base = 1
	}
	place(text, out, base, 0)
	return out
}

func place(text []rune, out []uint8, base uint8, depth int) {
	type isolate struct{ from, to int } // of its content
	var inner []isolate
	flat := make([]rune, 0, len(text))
	where := make([]int, 0, len(text))
	for i := 0; i < len(text); i++ {
		r := text[i]
		if r == lri || r == rli || r == fsi {
			end := closing(text, i)
			inner = append(inner, isolate{i + 1, end})
			flat, where = append(flat, object), append(where, i)
			i = end
			continue
		}
		if r == pdi || r == '\n' {
			r = ' '
		}
		flat, where = append(flat, r), append(where, i)
	}
	found := flatLevels(flat, base)
	for j, i := range where {
		out[i] = found[j]
	}
	for _, n := range inner {
		at := out[n.from-1]
		content := text[n.from:n.to]
		odd := text[n.from-1] == rli || text[n.from-1] == fsi && beginsRightToLeft(content)
		next := at + 1
		if (next%2 == 1) != odd {
			next++
		}
		if depth >= maxDepth {
			for i := range content {
				out[n.from+i] = at
			}
		} else {
			place(content, out[n.from:n.to], next, depth+1)
		}
		if n.to < len(text) {
			out[n.to] = at
		}
	}
}

// closing returns where the isolate that opens at i closes: its PDI, or the end of the text.
func closing(text []rune, i int) int {
	depth := 0
	for ; i < len(text); i++ {
		switch text[i] {
		case lri, rli, fsi:
			depth++
		case pdi:
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return len(text)
}

// beginsRightToLeft reports whether the first strong character runs from right to left (rules P2, P3).
func beginsRightToLeft(text []rune) bool {
	for i := 0; i < len(text); i++ {
		switch r := text[i]; r {
		case lri, rli, fsi:
			i = closing(text, i)
		default:
			switch classOf(r) {
			case class.L:
				return false
			case class.R, class.AL:
				return true
			}
		}
	}
	return false
}

func classOf(r rune) class.Class {
	p, _ := class.LookupRune(r)
	return p.Class()
}

// flatLevels is for a text without isolates.
func flatLevels(text []rune, base uint8) []uint8 {
	out := make([]uint8, len(text))
	var p bidi.Paragraph
	direction := bidi.LeftToRight
	if base%2 == 1 {
		direction = bidi.RightToLeft
	}
	runs := p.Segment(text, direction)
	for n := range runs.NumRuns() {
		r := runs.Run(n)
		for i := r.Start; i < r.End; i++ {
			switch {
			case base%2 == 1 && r.IsLeftToRight(), base%2 == 0 && !r.IsLeftToRight():
				out[i] = base + 1
			default:
				out[i] = base
			}
		}
		if base%2 == 0 && r.IsLeftToRight() {
			raiseFigures(text[r.Start:r.End], out[r.Start:r.End], base, r.Start > 0)
		}
	}
	return out
}

// raiseFigures gives figures next to text from right to left the level above it (rule I1): Arabic-Indic ones
// anywhere, others where the run begins with them behind such text.
func raiseFigures(text []rune, out []uint8, base uint8, follows bool) {
	for i := 0; i < len(text); i++ {
		switch c := classOf(text[i]); c {
		case class.AN:
			out[i] = base + 2
		case class.EN, class.ET:
			if follows {
				out[i] = base + 2
			}
		case class.ES, class.CS, class.NSM, class.BN:
			if i > 0 && out[i-1] == base+2 && i+1 < len(text) && (classOf(text[i+1]) == class.AN || classOf(text[i+1]) == class.EN && follows) {
				out[i] = base + 2
			} else {
				follows = false
			}
		default:
			follows = false
		}
	}
}

// BeginsRightToLeft reports whether the first strong character of a text runs from right to left.
func BeginsRightToLeft(s string) bool { return beginsRightToLeft([]rune(s)) }
