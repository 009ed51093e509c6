// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"strings"

	"rsc.io/qr"

	"rogatory/pdf"
)

// The QR code of the check line, in points. It is 20.8 mm wide: with the 41 modules of a usual line, one is half a
// millimetre, which office printers draw and telephones read.
const (
	symbolSide  = 59.04
	symbolLow   = 26.0 // its lower edge: printers leave out less
	symbolRaise = 28.0 // how much higher the foot is there
	symbolGap   = 12.0 // to the words beside it: more than the quiet zone
	quietZone   = 4    // modules without ink on each side (ISO/IEC 18004)
	maxModules  = 45   // more would be too fine to read
)

// CheckLine is the text of the QR code in the foot: ROGATORY, the reference, SHA-256, and the digest in the foot as
// 64 digits of 0 to 9 and a to f, with one space between each. It is empty where there is no digest, and for a
// reference that is none of ours.
func (d Document) CheckLine() string {
	if d.Digest.IsZero() || d.Reference == "" || strings.Trim(d.Reference, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-") != "" {
		return ""
	}
	return "ROGATORY " + d.Reference + " SHA-256 " + d.Digest.String()
}

// symbol is the QR code of a line as rows of dark modules; nil where there is none, or it would be too fine. Its
// error correction is M: it reads with a seventh of it spoilt.
func symbol(line string) [][]bool {
	if line == "" {
		return nil
	}
	code, err := qr.Encode(line, qr.M)
	if err != nil || code.Size > maxModules {
		return nil
	}
	rows := make([][]bool, code.Size)
	for y := range rows {
		rows[y] = make([]bool, code.Size)
		for x := range rows[y] {
			rows[y][x] = code.Black(x, y)
		}
	}
	return rows
}

// rects are the dark modules, those side by side as one, with the lower left corner of the whole at x, y.
func rects(rows [][]bool, x, y, side float64) []pdf.Rect {
	var all []pdf.Rect
	module := side / float64(len(rows))
	for i, row := range rows {
		for from := 0; from < len(row); from++ {
			to := from
			for to < len(row) && row[to] {
				to++
			}
			if to > from {
				all = append(all, pdf.Rect{X: x + float64(from)*module, Y: y + side - float64(i+1)*module, Width: float64(to-from) * module, Height: module})
				from = to
			}
		}
	}
	return all
}

// figure draws the QR code at the end of the foot, with its line as text. It is no artifact: who does not see it
// hears the line.
func (p *press) figure() {
	if p.out == nil || p.symbol == nil {
		return
	}
	x := margin + textWidth - symbolSide
	if p.rtl() {
		x = margin
	}
	alt := inert(p.letter.locale.T("letter.checkline", "text", p.document.CheckLine()))
	p.out.Figure(alt, "", rects(p.symbol, x, symbolLow, symbolSide), pdf.Color{})
}
