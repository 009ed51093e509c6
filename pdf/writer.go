// SPDX-License-Identifier: Apache-2.0

// Package pdf writes documents in Arabic, Chinese, Cyrillic, Latin and Thai script as PDF: it shapes and
// breaks text, embeds the parts of its fonts that were used, and marks the structure for screen readers.
//
// It promises that the same calls write the same bytes; that each glyph names the characters it shows, so that
// text taken out again is the text that was put in; that a character which no font has is shown by its
// code point, never left out; and that pages go out as they are finished. Its files have the shape of PDF/A-2u
// (fonts, colours, metadata); no checker of that standard has confirmed it.
//
// It refuses nothing that is text. It reads no file and no clock. After an error of the underlying writer
// the output is useless, and Close says so.
package pdf

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
	"strings"
	"time"
	"unicode/utf16"
)

// Meta is what a document says of itself.
type Meta struct {
	Title    string
	Language string    // BCP 47
	Date     time.Time // of the document; zero if it has none
}

// A4, in points.
const (
	PageWidth  = 595.276
	PageHeight = 841.890
)

// The objects with fixed numbers; pages and the rest follow.
const (
	catalogObject = 1 + iota
	pagesObject
	metadataObject
	profileObject
	structureObject
	infoObject
	parentsObject
	firstFree
)

// Writer writes one document. It is not safe for use by many at once.
type Writer struct {
	out     io.Writer
	sum     hash.Hash
	at      int64
	err     error
	meta    Meta
	offsets []int64 // by object number
	pages   []int
	page    *bytes.Buffer
	used    map[fontUse]bool // on this page
	fonts   map[*source]*usedFont
	order   []*usedFont
	tags    structure
}

type fontUse struct{ font *usedFont }

// usedFont is a font with the glyphs that were used, each with the text that it shows.
type usedFont struct {
	source *source
	name   string
	object int
	number map[glyphText]int
	glyphs []glyphText
}

type glyphText struct {
	glyph int
	text  string
}

// New begins a document.
func New(out io.Writer, m Meta) *Writer {
	w := &Writer{out: out, sum: sha256.New(), meta: m, offsets: make([]int64, firstFree), fonts: map[*source]*usedFont{}}
	w.tags.root = &Element{role: "Document"}
	w.tags.open = []*Element{w.tags.root}
	w.write("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n")
	return w
}

func (w *Writer) write(s string) {
	if w.err != nil {
		return
	}
	w.sum.Write([]byte(s))
	n, err := io.WriteString(w.out, s)
	w.at += int64(n)
	w.err = err
}

// reserve returns a number for an object that is written later.
func (w *Writer) reserve() int {
	w.offsets = append(w.offsets, 0)
	return len(w.offsets) - 1
}

func (w *Writer) object(n int, body string) {
	w.offsets[n] = w.at
	w.write(fmt.Sprintf("%d 0 obj\n%s\nendobj\n", n, body))
}

func (w *Writer) stream(n int, dictionary string, data []byte, pack bool) {
	if pack {
		var packed bytes.Buffer
		z := zlib.NewWriter(&packed)
		z.Write(data)
		z.Close()
		data = packed.Bytes()
		dictionary += " /Filter /FlateDecode"
	}
	w.object(n, fmt.Sprintf("<<%s /Length %d>>\nstream\n%s\nendstream", dictionary, len(data), data))
}

// Page finishes the page before and begins another.
func (w *Writer) Page() {
	w.finish()
	w.page = &bytes.Buffer{}
	w.used = map[fontUse]bool{}
	w.tags.turn()
}

func (w *Writer) finish() {
	if w.page == nil {
		return
	}
	content, page := w.reserve(), w.reserve()
	w.stream(content, "", w.page.Bytes(), true)
	var fonts strings.Builder
	for _, f := range w.order {
		if w.used[fontUse{f}] {
			fmt.Fprintf(&fonts, "/%s %d 0 R ", f.name, f.object)
		}
	}
	w.object(page, fmt.Sprintf("<</Type /Page /Parent %d 0 R /MediaBox [0 0 %s %s] /Resources <</Font <<%s>>>> /Contents %d 0 R /StructParents %d /Tabs /S>>",
		pagesObject, number(PageWidth), number(PageHeight), fonts.String(), content, len(w.pages)))
	w.pages = append(w.pages, page)
	w.tags.paged(page)
	w.page = nil
}

// number writes a number with three decimals at most.
func number(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		v = 0
	}
	s := strings.TrimRight(strings.TrimRight(fmt.Sprintf("%.3f", v), "0"), ".")
	if s == "-0" || s == "" {
		return "0"
	}
	return s
}

func (c Color) operands() string {
	return number(float64(c[0])/255) + " " + number(float64(c[1])/255) + " " + number(float64(c[2])/255)
}

// Box fills a rectangle; x and y are its lower left corner from that of the page.
func (w *Writer) Box(x, y, width, height float64, c Color) {
	fmt.Fprintf(w.page, "/Artifact BMC\n%s rg %s %s %s %s re f\nEMC\n", c.operands(), number(x), number(y), number(width), number(height))
}

// Text draws a line; x is its left end and y its base line.
func (w *Writer) Text(l Line, x, y float64) {
	if len(l.glyphs) == 0 {
		return
	}
	w.tags.mark(w)
	w.page.WriteString("BT\n")
	var style Style
	var current *usedFont
	stroke := false
	joined := 0
	for i := 0; i < len(l.glyphs); i++ {
		g := &l.glyphs[i]
		f := w.font(g.font)
		if i == 0 || current != f || style != g.style || stroke != g.stroke {
			current, style, stroke = f, g.style, g.stroke
			fmt.Fprintf(w.page, "/%s %s Tf %s rg ", f.name, number(g.style.Size), g.style.Color.operands())
			if stroke {
				fmt.Fprintf(w.page, "2 Tr %s w %s RG\n", number(g.style.Size/40), g.style.Color.operands())
			} else {
				w.page.WriteString("0 Tr\n")
			}
		}
		if g.joined > 1 && joined == 0 {
			fmt.Fprintf(w.page, "/Span <</ActualText %s>> BDC\n", hexText(g.whole))
			joined = g.joined
		}
		// Glyphs that follow one another as their widths say are drawn at once.
		fmt.Fprintf(w.page, "1 0 0 1 %s %s Tm [<%04X", number(x+g.dx), number(y+g.dy), f.take(g))
		pen := x + g.dx + f.width(g)
		x += g.advance
		if joined == 0 {
			for i+1 < len(l.glyphs) {
				n := &l.glyphs[i+1]
				gap := (x + n.dx - pen) * 1000 / n.style.Size
				if n.font != g.font || n.style != g.style || n.stroke != g.stroke || n.dy != g.dy || n.joined > 1 || math.Abs(gap) > maxGap {
					break
				}
				if gap = math.Round(gap); gap != 0 {
					fmt.Fprintf(w.page, "> %s <", number(-gap))
					pen += gap * n.style.Size / 1000
				}
				fmt.Fprintf(w.page, "%04X", f.take(n))
				pen += f.width(n)
				x += n.advance
				i++
			}
		}
		w.page.WriteString(">] TJ\n")
		if joined > 0 {
			if joined--; joined == 0 {
				w.page.WriteString("EMC\n")
			}
		}
	}
	w.page.WriteString("ET\n")
	w.tags.unmark(w)
}

// maxGap is the widest correction between two glyphs drawn at once, in thousandths of the size.
const maxGap = 3000

func (w *Writer) font(s *source) *usedFont {
	f := w.fonts[s]
	if f == nil {
		f = &usedFont{source: s, name: fmt.Sprintf("F%d", len(w.order)+1), object: w.reserve(), number: map[glyphText]int{}, glyphs: []glyphText{{}}}
		w.fonts[s] = f
		w.order = append(w.order, f)
	}
	w.used[fontUse{f}] = true
	return f
}

// take returns the number under which the glyph is embedded.
func (f *usedFont) take(g *glyph) int {
	key := glyphText{g.number, g.text}
	n, ok := f.number[key]
	if !ok {
		n = len(f.glyphs)
		if n >= maxGlyphs {
			return 0
		}
		f.number[key] = n
		f.glyphs = append(f.glyphs, key)
	}
	return n
}

// maxGlyphs is how many a font may number; composites need some more. The fonts have some 40,000.
const maxGlyphs = 60000

func (f *usedFont) width(g *glyph) float64 {
	return math.Round(float64(f.source.ttf.advance(g.number))*1000/float64(f.source.ttf.upem)) * g.style.Size / 1000
}

// Close writes what the pages share. It returns the first error of the underlying writer.
func (w *Writer) Close() error {
	w.finish()
	for _, f := range w.order {
		w.embed(f)
	}
	var kids strings.Builder
	for _, p := range w.pages {
		fmt.Fprintf(&kids, "%d 0 R ", p)
	}
	w.object(pagesObject, fmt.Sprintf("<</Type /Pages /Count %d /Kids [%s]>>", len(w.pages), kids.String()))
	w.stream(profileObject, " /N 3 /Alternate /DeviceRGB", profile(), true)
	w.stream(metadataObject, " /Type /Metadata /Subtype /XML", []byte(w.metadata()), false)
	w.tags.writeTo(w)
	info := fmt.Sprintf("<</Title %s", hexText(w.meta.Title))
	if !w.meta.Date.IsZero() {
		day := w.meta.Date.UTC().Format("D:20060102150405Z")
		info += fmt.Sprintf(" /CreationDate (%s) /ModDate (%s)", day, day)
	}
	w.object(infoObject, info+">>")
	w.object(catalogObject, fmt.Sprintf("<</Type /Catalog /Pages %d 0 R /Lang (%s) /MarkInfo <</Marked true>> /ViewerPreferences <</DisplayDocTitle true>> /Metadata %d 0 R /StructTreeRoot %d 0 R"+
		" /OutputIntents [<</Type /OutputIntent /S /GTS_PDFA1 /OutputConditionIdentifier (RGB) /Info (RGB of sRGB primaries, gamma 2.2) /DestOutputProfile %d 0 R>>]>>",
		pagesObject, plain(w.meta.Language), metadataObject, structureObject, profileObject))
	id := hex.EncodeToString(w.sum.Sum(nil)[:16])
	start := w.at
	w.write(fmt.Sprintf("xref\n0 %d\n0000000000 65535 f \n", len(w.offsets)))
	for _, at := range w.offsets[1:] {
		w.write(fmt.Sprintf("%010d 00000 n \n", at))
	}
	w.write(fmt.Sprintf("trailer\n<</Size %d /Root %d 0 R /Info %d 0 R /ID [<%s> <%s>]>>\nstartxref\n%d\n%%%%EOF\n", len(w.offsets), catalogObject, infoObject, id, id, start))
	return w.err
}

// plain keeps what a language tag may hold.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return -1
	}, s)
}

// hexText writes a text string: UTF-16 with its mark.
func hexText(s string) string {
	var b strings.Builder
	b.WriteString("<FEFF")
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, "%04X", u)
	}
	b.WriteString(">")
	return b.String()
}
