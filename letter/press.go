// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"cmp"
	"io"
	"strings"
	"time"

	"rogatory/language"
	"rogatory/pdf"
)

// The page, in points: A4 with margins of a letter.
const (
	margin    = 62.0
	textWidth = pdf.PageWidth - 2*margin
	headLine  = pdf.PageHeight - 52 // of the running head
	textTop   = pdf.PageHeight - 78
	textEnd   = 84.0 // where the text ends
	footLine  = 66.0 // rule above the foot
	bandTop   = pdf.PageHeight - 14
	bandHigh  = 22.0
)

// The scale of type, in points. Lines of Arabic and Thai are further apart by scriptScale: marks stand above and
// below their letters.
const (
	bodySize    = 10.0
	headSize    = 20.0
	labelSize   = 8.5
	smallSize   = 8.5
	tableSize   = 8.5
	footSize    = 7.0
	codeScale   = 0.9 // digests and references are longer than words
	lead        = 1.5 // line height, in sizes
	scriptScale = 1.12
	labelShare  = 0.27 // of the width, for the labels of fields
	gutter      = 12.0
)

var (
	ink  = pdf.Color{0x1b, 0x1d, 0x1f}
	grey = pdf.Color{0x5c, 0x59, 0x53}
	hair = pdf.Color{0xc9, 0xc5, 0xbd}
	rule = pdf.Color{0x8f, 0x8b, 0x82}
	pale = pdf.Color{0xf1, 0xee, 0xe6}
)

// PDF writes the document. Its pages are laid out twice, first to count them, and go out as they are
// finished.
func PDF(w io.Writer, fonts *pdf.Library, d Document) error {
	count := press{document: d, setter: fonts.NewSetter(), symbol: symbol(d.CheckLine())}
	count.setter.Count(true)
	count.print()
	meta := pdf.Meta{Title: inert(d.Title()), Language: d.firstLanguage()}
	if d.Date != 0 {
		meta.Date = d.Date.Time().Truncate(time.Second)
	}
	p := press{document: d, setter: fonts.NewSetter(), symbol: count.symbol,
		out: pdf.New(w, meta), pages: count.page}
	p.print()
	return p.out.Close()
}

// press lays a document out.
type press struct {
	document Document
	letter   Letter
	setter   *pdf.Setter
	out      *pdf.Writer // nil while pages are counted
	page     int
	pages    int
	y        float64  // top of what comes next
	end      float64  // where the text of this page ends
	inset    float64  // what the foot leaves free at its end
	symbol   [][]bool // the QR code of the check line; nil if there is none
	again    func()   // draws the head of a table on a new page
}

func (p *press) print() {
	for _, l := range p.document.Letters {
		p.letter = l
		p.in("Part", l.Language(), func() {
			p.turn(true)
			p.in("H1", "", func() { p.lines(l.Heading, p.style(headSize, true, ink, l.Language()), textWidth) })
			p.figure()
			p.y -= 10
			for _, b := range l.Blocks {
				p.set(b)
			}
		})
	}
}

func (p *press) rtl() bool { return p.letter.locale.Dir() == language.RightToLeft }

// in opens an element of the structure around what draw draws.
func (p *press) in(role, tag string, draw func()) {
	if p.out == nil {
		draw()
		return
	}
	p.out.Begin(role, tag)
	draw()
	p.out.End()
}

func (p *press) artifact(draw func()) {
	if p.out != nil {
		p.out.Artifact(draw)
	}
}

func (p *press) box(x, y, width, height float64, c pdf.Color) {
	if p.out == nil {
		return
	}
	if p.rtl() {
		x = pdf.PageWidth - x - width
	}
	p.out.Box(x, y, width, height, c)
}

// style is that of a text in a language.
func (p *press) style(size float64, bold bool, c pdf.Color, tag string) span {
	return span{pdf.Style{Size: size, Bold: bold, Color: c}, tag, p.rtl()}
}

// step is the height of a line.
func (s span) step() float64 {
	if strings.HasPrefix(s.language, "ar") || strings.HasPrefix(s.language, "th") {
		return s.Size * lead * scriptScale
	}
	return s.Size * lead
}

// span is how a paragraph is set.
type span struct {
	pdf.Style
	language string
	rtl      bool
}

// turn begins a page: its band, its head unless the letter begins here, and its foot, which is higher where it has
// the QR code: on the first page of each language.
func (p *press) turn(first bool) {
	p.page++
	p.y, p.end, p.inset = textTop, textEnd, 0
	foot := footLine
	if first && p.symbol != nil {
		foot, p.end, p.inset = foot+symbolRaise, p.end+symbolRaise, symbolSide+symbolGap
	}
	if p.out == nil {
		return
	}
	p.out.Page()
	p.artifact(func() {
		if p.document.Exercise {
			p.band()
		}
		if !first {
			p.side(p.document.Reference, headLine, false, true)
			p.side(p.letter.Heading, headLine, true, false)
			p.box(margin, headLine-8, textWidth, 0.5, hair)
		}
		p.box(margin, foot, textWidth, 0.5, rule)
		label := p.document.footLabel(p.letter)
		p.side(label, foot-14, false, false)
		if !p.document.Digest.IsZero() {
			p.side(p.document.Digest.String(), foot-25, false, true)
		}
		p.side(p.letter.locale.T("letter.page", "page", p.page, "pages", p.pages), foot-14, true, false)
		p.side(p.document.Reference, foot-25, true, true)
	})
}

// band marks an exercise, in each language of the document.
func (p *press) band() {
	p.out.Box(0, bandTop-bandHigh, pdf.PageWidth, bandHigh, pale)
	p.out.Box(0, bandTop, pdf.PageWidth, 2, ink)
	p.out.Box(0, bandTop-bandHigh-2, pdf.PageWidth, 2, ink)
	var words []pdf.Line
	const gap = 16.0
	total := -gap
	add := func(l Letter, key string, bold bool) {
		s := p.style(8.5, bold, ink, l.Language())
		s.rtl = l.locale.Dir() == language.RightToLeft
		for _, line := range p.setter.Lines(s.paragraph(l.locale.T(key)), pdf.PageWidth) {
			words = append(words, line)
			total += line.Width + gap
		}
	}
	for _, l := range p.document.Letters {
		add(l, "letter.exercise", true)
	}
	note := len(words)
	add(p.letter, "letter.exercise.note", false)
	if total > pdf.PageWidth-2*gap { // many languages: the word alone
		for _, w := range words[note:] {
			total -= w.Width + gap
		}
		words = words[:note]
	}
	x := (pdf.PageWidth - total) / 2
	for _, l := range words {
		p.out.Text(l, x, bandTop-bandHigh/2-3)
		x += l.Width + gap
	}
}

// side draws a line at the beginning or the end of the width.
func (p *press) side(text string, y float64, end, isCode bool) {
	s := p.style(footSize, false, grey, p.letter.Language())
	if isCode {
		s = span{pdf.Style{Size: footSize, Color: grey}, "", false}
	}
	for _, l := range p.setter.Lines(s.paragraph(inert1(text, isCode)), textWidth) {
		x := margin
		if end != p.rtl() {
			x = margin + textWidth - l.Width
		}
		switch {
		case end && p.rtl():
			x += p.inset
		case end:
			x -= p.inset
		}
		p.out.Text(l, x, y)
		break
	}
}

// inert1 makes a reference of ours inert; sentences of a locale already are.
func inert1(s string, isCode bool) string {
	if isCode {
		return inert(s)
	}
	return s
}

func (s span) paragraph(text string) pdf.Paragraph {
	return pdf.Paragraph{RightToLeft: s.rtl, Spans: []pdf.Span{{Text: text, Language: s.language, Style: s.Style}}}
}

// room begins a new page unless there is so much left of this one.
func (p *press) room(height float64) {
	if p.y-height < p.end {
		p.turn(false)
		if p.again != nil {
			p.again()
		}
	}
}

// lines sets a paragraph over the width, at the side where its language begins.
func (p *press) lines(text string, s span, width float64) {
	step := s.step()
	for _, l := range p.setter.Lines(s.paragraph(text), width) {
		p.room(step)
		x := margin
		if s.rtl {
			x = margin + textWidth - l.Width
		}
		if p.out != nil {
			p.out.Text(l, x, p.y-s.Size*1.1)
		}
		p.y -= step
	}
}

// set lays out a block.
func (p *press) set(b Block) {
	tag := p.letter.Language()
	switch b := b.(type) {
	case Paragraph:
		size := bodySize
		c := ink
		if b.Small {
			size, c = smallSize, grey
		}
		p.in("P", "", func() { p.lines(b.Text, p.style(size, b.Strong, c, tag), textWidth) })
		p.y -= 8
	case Fields:
		p.fields(b)
	case Section:
		p.section(b)
	case Table:
		p.table(b)
	}
}

func (p *press) section(s Section) {
	tag := p.letter.Language()
	p.y -= 4
	p.room(labelSize*lead*scriptScale + 2*bodySize*lead) // a heading does not stand alone
	p.in("H2", "", func() {
		heading := s.Label
		label, article := p.style(labelSize+0.5, true, ink, tag), p.style(labelSize, false, grey, tag)
		paragraph := label.paragraph(heading)
		if s.Article != "" {
			paragraph.Spans = append(paragraph.Spans, pdf.Span{Text: "  " + s.Article, Language: tag, Style: article.Style})
		}
		step := label.step()
		for _, l := range p.setter.Lines(paragraph, textWidth) {
			p.room(step)
			x := margin
			if p.rtl() {
				x = margin + textWidth - l.Width
			}
			if p.out != nil {
				p.out.Text(l, x, p.y-label.Size*1.1)
			}
			p.y -= step
		}
	})
	for _, t := range s.Texts {
		if t.Note != "" {
			p.in("P", "", func() { p.lines(t.Note, p.style(smallSize, false, grey, tag), textWidth) })
		}
		p.in("P", cmp.Or(t.Language, ""), func() {
			for line := range strings.SplitSeq(t.Text, "\n") {
				if strings.TrimSpace(line) == "" {
					p.y -= bodySize * lead / 2
					continue
				}
				p.lines(p.drawn(t, line), p.spanOf(t, line, bodySize, false), textWidth)
			}
		})
		p.y -= 4
	}
	p.y -= 4
}

// drawn is a line of a value as it is set in a paragraph of the letter's direction.
func (p *press) drawn(t Text, line string) string {
	if t.Code && p.rtl() {
		return "\u2066" + line + "\u2069"
	}
	return line
}

// spanOf is the style of a value. What a person wrote runs in the direction in which it begins; a letter keeps
// its own within cells, where values stand below one another.
func (p *press) spanOf(t Text, line string, size float64, cell bool) span {
	s := p.style(size, false, ink, t.Language)
	if t.Code {
		s.Size = size * codeScale
	}
	if t.Free && !cell {
		s.rtl = pdf.BeginsRightToLeft(line)
	}
	return s
}

// cell is a column of lines within a row.
type cell struct {
	x, width float64
	lines    []pdf.Line
	steps    []float64
	role     string
	language string
	element  *pdf.Element
}

// fill sets values below one another into a cell.
func (p *press) fill(c *cell, values []Text, size float64, bold bool, color pdf.Color) {
	for _, t := range values {
		if t.Note != "" {
			p.fill(c, []Text{{Text: t.Note, Language: p.letter.Language()}}, smallSize, false, grey)
		}
		for line := range strings.SplitSeq(t.Text, "\n") {
			s := p.spanOf(t, line, size, true)
			s.Bold, s.Color = bold, color
			text := p.drawn(t, line)
			if t.Free { // isolated within the letter's direction
				text = "\u2068" + line + "\u2069"
			}
			for _, l := range p.setter.Lines(s.paragraph(text), c.width) {
				c.lines, c.steps = append(c.lines, l), append(c.steps, s.step())
			}
		}
	}
}

// keepRow is how many lines a row may have so that it is not cut between pages.
const keepRow = 12

// row draws cells side by side, line by line, and goes on on the next page where it has to.
func (p *press) row(cells []*cell, role string) {
	longest := 0
	for _, c := range cells {
		longest = max(longest, len(c.lines))
	}
	step := func(i int) float64 {
		high := 0.0
		for _, c := range cells {
			if i < len(c.steps) {
				high = max(high, c.steps[i])
			}
		}
		return high
	}
	if longest <= keepRow {
		height := 6.0
		for i := range longest {
			height += step(i)
		}
		p.room(height)
	}
	p.in(role, "", func() {
		for _, c := range cells {
			if p.out != nil {
				c.element = p.out.Begin(c.role, c.language)
				p.out.End()
			}
		}
	})
	p.y -= 3
	for i := range longest {
		high := step(i)
		p.room(high)
		for _, c := range cells {
			if i >= len(c.lines) || p.out == nil {
				continue
			}
			x := c.x
			if p.rtl() {
				x = pdf.PageWidth - c.x - c.lines[i].Width
			}
			p.out.Into(c.element, func() { p.out.Text(c.lines[i], x, p.y-high/lead*1.1) })
		}
		p.y -= high
	}
	p.y -= 3
}

func (p *press) fields(all Fields) {
	width := textWidth * labelShare
	p.in("Table", "", func() {
		p.room(bodySize * lead * 2)
		p.box(margin, p.y, textWidth, 0.5, hair)
		for _, f := range all {
			label := &cell{x: margin, width: width - gutter, role: "RowHeader"}
			p.fill(label, []Text{{Text: f.Label, Language: p.letter.Language()}}, labelSize, false, grey)
			value := &cell{x: margin + width, width: textWidth - width, role: "TD"}
			p.fill(value, f.Values, bodySize, false, ink)
			if len(f.Values) > 0 {
				value.language = f.Values[0].Language
			}
			p.row([]*cell{label, value}, "TR")
			p.box(margin, p.y, textWidth, 0.5, hair)
		}
	})
	p.y -= 12
}

func (p *press) table(t Table) {
	shares := 0
	for _, c := range t.Columns {
		shares += c.Share
	}
	cells := func() []*cell {
		x, all := margin, []*cell{}
		for _, c := range t.Columns {
			width := textWidth * float64(c.Share) / float64(shares)
			all = append(all, &cell{x: x, width: width - 6, role: "TD"})
			x += width
		}
		return all
	}
	p.section(Section{Label: t.Title})
	p.y += 6
	head := func() {
		all := cells()
		for i, c := range t.Columns {
			all[i].role = "TH"
			p.fill(all[i], []Text{{Text: c.Label, Language: p.letter.Language()}}, tableSize-0.5, true, ink)
		}
		p.row(all, "TR")
		p.box(margin, p.y, textWidth, 0.75, rule)
	}
	p.in("Table", "", func() {
		p.room(tableSize * lead * 4)
		head()
		repeating := false
		p.again = func() {
			if !repeating {
				repeating = true
				p.artifact(head)
				if p.out == nil {
					head()
				}
				repeating = false
			}
		}
		for _, r := range t.Rows {
			all := cells()
			for i := range all {
				if i < len(r) {
					p.fill(all[i], []Text{r[i]}, tableSize, false, ink)
					all[i].language = r[i].Language
				}
			}
			p.row(all, "TR")
			p.box(margin, p.y, textWidth, 0.4, hair)
		}
		p.again = nil
	})
	p.y -= 12
}
