// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/harfbuzz"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/segmenter"
	class "golang.org/x/text/unicode/bidi"
)

// Style is how a text looks.
type Style struct {
	Size  float64 // points
	Bold  bool
	Color Color
}

// Span is a text in one language and style.
type Span struct {
	Text     string
	Language string // BCP 47
	Style
}

// Paragraph is what is set between two line feeds.
type Paragraph struct {
	Spans       []Span
	RightToLeft bool // of the paragraph; a part that runs otherwise stands within isolates
}

// Line is a line of a paragraph, its glyphs from left to right.
type Line struct {
	Width           float64
	Ascent, Descent float64 // of the fonts in it; descent is positive
	glyphs          []glyph
}

type glyph struct {
	font    *source
	number  int
	text    string  // the characters it shows; empty where the glyph before it shows them too
	whole   string  // set on the first of several glyphs that show these characters together
	joined  int     // how many glyphs these are
	advance float64 // points
	dx, dy  float64
	style   Style
	stroke  bool // bold of a font that has no bold cut
}

// Setter breaks paragraphs into lines. It is not safe for use by many at once.
type Setter struct {
	library *Library
	shapers map[*source]*harfbuzz.Font
	buffer  *harfbuzz.Buffer
	cuts    segmenter.Segmenter
	dry     bool
}

// NewSetter returns a setter with the fonts of the library.
func (l *Library) NewSetter() *Setter {
	return &Setter{library: l, shapers: map[*source]*harfbuzz.Font{}, buffer: harfbuzz.NewBuffer()}
}

// Count makes Lines only count: its lines are empty. Pages are counted before they are drawn.
func (s *Setter) Count(dry bool) { s.dry = dry }

// char is a character with all that is known about it.
type char struct {
	r        rune
	level    uint8
	family   uint8
	span     int32
	opens    bool // a line may begin here
	grapheme bool // and here, if nothing else helps
	advance  float64
}

// Visible returns the text as it is drawn: without what cannot be seen, spaces for tabs and line feeds, and
// the code point in brackets, such as [U+1F600], for each character that no font has.
func (l *Library) Visible(s string) string {
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		b.WriteString(l.visible(r))
		s = s[size:]
	}
	return b.String()
}

func (l *Library) visible(r rune) string {
	switch {
	case r == '\t' || r == '\n' || r == '\r' || r == '\u2028' || r == '\u2029':
		return " "
	case r >= lri && r <= pdi:
		return string(r)
	case r >= '\u202a' && r <= '\u202e', r == '\u200e', r == '\u200f', r == '\u061c', r == '\ufeff', r == '\u00ad', r == '\u2060', r >= '\ufe00' && r <= '\ufe0f':
		return ""
	case r == '\u200b', r == '\u200c', r == '\u200d':
		return string(r)
	case unicode.IsControl(r):
		return fmt.Sprintf("[U+%04X]", r)
	}
	if _, ok := l.family(r); ok {
		return string(r)
	}
	return fmt.Sprintf("[U+%04X]", r)
}

// unseen are characters that steer and are not drawn.
func unseen(r rune) bool {
	return r >= lri && r <= pdi || r == '\u200b' || r == '\u200c' || r == '\u200d'
}

// Lines breaks a paragraph into lines of at most the width, in points. An empty paragraph has no lines. A
// word that is wider than a line is cut between characters.
func (s *Setter) Lines(p Paragraph, width float64) []Line {
	chars := s.read(p)
	if len(chars) == 0 {
		return nil
	}
	s.measure(chars, p.Spans)
	var lines []Line
	for from := 0; from < len(chars); {
		to := fit(chars, from, width)
		end := to
		for end > from && chars[end-1].r == ' ' {
			end--
		}
		if s.dry {
			lines = append(lines, Line{})
		} else {
			lines = append(lines, s.line(chars[from:end], p))
		}
		from = to
	}
	return lines
}

// Width returns how wide a paragraph is on one line.
func (s *Setter) Width(p Paragraph) float64 {
	chars := s.read(p)
	s.measure(chars, p.Spans)
	total := 0.0
	for _, c := range chars {
		total += c.advance
	}
	return total
}

// fit returns where the line that begins at from ends: before a character that may open a line.
func fit(chars []char, from int, width float64) int {
	used, last, cut := 0.0, 0, 0
	for i := from; i < len(chars); i++ {
		c := &chars[i]
		if i > from {
			if c.opens {
				last = i
			}
			if c.grapheme {
				cut = i
			}
		}
		used += c.advance
		if used > width && c.r != ' ' {
			switch {
			case last > from:
				return last
			case cut > from:
				return cut
			}
		}
	}
	return len(chars)
}

// read makes characters of spans: what to draw, in which direction and font, and where a line may begin.
func (s *Setter) read(p Paragraph) []char {
	var text []rune
	var spans []int32
	for i, span := range p.Spans {
		for _, r := range s.library.Visible(span.Text) {
			text, spans = append(text, r), append(spans, int32(i))
		}
	}
	level := levels(text, p.RightToLeft)
	all := make([]char, len(text))
	s.cuts.Init(text)
	for it := s.cuts.LineIterator(); it.Next(); {
		all[it.Line().Offset].opens = true
	}
	for it := s.cuts.GraphemeIterator(); it.Next(); {
		all[it.Grapheme().Offset].grapheme = true
	}
	opens, grapheme := false, false
	kept := all[:0]
	previous := -1
	for i, r := range text {
		opens, grapheme = opens || all[i].opens || i > 0 && thaiBreak(text[i-1], r), grapheme || all[i].grapheme
		if unseen(r) && (r != '\u200c' && r != '\u200d') {
			continue
		}
		if n := len(kept); n > 0 && printed(kept[n-1].r) && printed(r) {
			opens = false // a reference, a date, a digest stays whole
		}
		c := char{r: r, level: level[i], span: spans[i], opens: opens && r != ' ', grapheme: grapheme}
		family := s.choose(r, p.Spans[c.span].Language, previous)
		c.family, previous = uint8(family), family
		kept = append(kept, c)
		opens, grapheme = opens && r == ' ', false
	}
	return kept
}

func printed(r rune) bool { return r > ' ' && r < 0x7f }

// thaiBreak reports whether a Thai syllable begins at b: before a vowel that is written first, behind one
// that ends a syllable. Thai has no spaces between words, and we have no word list: this cuts no syllable,
// though it may cut a word.
func thaiBreak(a, b rune) bool {
	if a < '\u0e01' || a > '\u0e4e' || b < '\u0e01' || b > '\u0e4e' {
		return false
	}
	leads := b >= '\u0e40' && b <= '\u0e44'
	ends := a == '\u0e30' || a == '\u0e33' || a == '\u0e46' || a == '\u0e2f'
	return leads && !(a >= '\u0e40' && a <= '\u0e44') || ends && b != '\u0e46' && b < '\u0e47'
}

// choose returns the family for a character: that of the text before it for spaces and marks, so that they
// fit, and otherwise the first that has it. Chinese quotation marks and dashes are as wide as its characters.
func (s *Setter) choose(r rune, tag string, previous int) int {
	if strings.HasPrefix(tag, "zh") && strings.ContainsRune("“”‘’…—·", r) && s.library.holds(chinese, r) {
		return chinese
	}
	if previous >= 0 && (r == ' ' || unseen(r) || unicode.Is(unicode.Mn, r) || r == '\u00a0') && (unseen(r) || s.library.holds(previous, r)) {
		return previous
	}
	if unseen(r) {
		return european
	}
	family, _ := s.library.family(r)
	return family
}

// optical is how much larger the letters of a family are set, since they are small for their size.
var optical = [families]float64{european: 1, arabic: 1.15, thai: 1.12, chinese: 1}

// maxRun bounds what is shaped at once.
const maxRun = 4096

// runs cuts characters where direction, font, script or style change, and calls do for each.
func (s *Setter) runs(chars []char, do func(run []char, script language.Script)) {
	for from := 0; from < len(chars); {
		a := chars[from]
		script := language.LookupScript(a.r)
		to := from + 1
		for ; to < len(chars); to++ {
			c := chars[to]
			if c.level != a.level || c.family != a.family || c.span != a.span || to-from >= maxRun && c.grapheme {
				break
			}
			if other := language.LookupScript(c.r); other.Strong() && other != script {
				if script.Strong() {
					break
				}
				script = other
			}
		}
		do(chars[from:to], script)
		from = to
	}
}

// shape fills the buffer with the glyphs of a run and returns the font and the points per font unit.
func (s *Setter) shape(run []char, script language.Script, span Span) (*source, float64) {
	cut := 0
	if span.Bold {
		cut = 1
	}
	f := s.library.fonts[fontNames[run[0].family][cut]]
	shaper := s.shapers[f]
	if shaper == nil {
		shaper = harfbuzz.NewFont(font.NewFace(f.font))
		s.shapers[f] = shaper
	}
	s.buffer.Clear()
	for i, c := range run {
		s.buffer.AddRune(c.r, i)
	}
	s.buffer.Props.Script = script
	s.buffer.Props.Language = language.NewLanguage(span.Language)
	s.buffer.Props.Direction = harfbuzz.LeftToRight
	if run[0].level%2 == 1 {
		s.buffer.Props.Direction = harfbuzz.RightToLeft
	}
	s.buffer.Shape(shaper, nil)
	return f, span.Size * optical[run[0].family] / float64(f.ttf.upem)
}

func (s *Setter) measure(chars []char, spans []Span) {
	s.runs(chars, func(run []char, script language.Script) {
		_, scale := s.shape(run, script, spans[run[0].span])
		for i, g := range s.buffer.Info {
			run[g.Cluster].advance += float64(s.buffer.Pos[i].XAdvance) * scale
		}
	})
}

// line shapes the characters of one line and puts their runs into the order in which they are seen (rule L2).
func (s *Setter) line(chars []char, p Paragraph) Line {
	type piece struct {
		level  uint8
		glyphs []glyph
	}
	var pieces []piece
	var l Line
	highest, lowest := uint8(0), uint8(255)
	s.runs(chars, func(run []char, script language.Script) {
		span := p.Spans[run[0].span]
		f, scale := s.shape(run, script, span)
		l.Ascent = max(l.Ascent, float64(f.ttf.ascent)*scale)
		l.Descent = max(l.Descent, -float64(f.ttf.descent)*scale)
		style := span.Style
		style.Size *= optical[run[0].family]
		glyphs := s.glyphs(run, f, scale, style)
		for _, g := range glyphs {
			l.Width += g.advance
		}
		pieces = append(pieces, piece{run[0].level, glyphs})
		if highest = max(highest, run[0].level); run[0].level%2 == 1 {
			lowest = min(lowest, run[0].level)
		}
	})
	if lowest <= highest {
		for _, piece := range pieces {
			hold(piece.glyphs, piece.level%2 == 1)
		}
	}
	for level := highest; level >= lowest; level-- { // down to the lowest odd one
		for from := 0; from < len(pieces); {
			if pieces[from].level < level {
				from++
				continue
			}
			to := from
			for to < len(pieces) && pieces[to].level >= level {
				to++
			}
			for a, b := from, to-1; a < b; a, b = a+1, b-1 {
				pieces[a], pieces[b] = pieces[b], pieces[a]
			}
			from = to
		}
	}
	for _, piece := range pieces {
		l.glyphs = append(l.glyphs, piece.glyphs...)
	}
	return l
}

// hold gives a neutral sign at the edge of a run, such as the bracket that closes 40(15)(a) in Arabic, a mark
// of its run's direction: programs that take text out again would move the sign to the other end.
func hold(glyphs []glyph, backwards bool) {
	mark := "\u200e"
	if backwards {
		mark = "\u200f"
	}
	// edge marks the neutral signs from one end inwards, and says how far that was.
	edge := func(from, step int) {
		for i := from; i >= 0 && i < len(glyphs); i += step {
			g := &glyphs[i]
			r, _ := utf8.DecodeRuneInString(g.text)
			switch c := classOf(r); {
			case g.joined > 0 || g.text == "" || c == class.L || c == class.R || c == class.AL || c == class.EN || c == class.AN || c == class.NSM:
				return
			case g.text == " " && len(glyphs) > 1:
			case step > 0: // the mark stands outside, between the sign and what runs otherwise
				g.text = mark + g.text
			default:
				g.text += mark
			}
		}
	}
	edge(len(glyphs)-1, -1)
	edge(0, 1)
}

// glyphs takes what was shaped, and gives each glyph the characters that it shows.
func (s *Setter) glyphs(run []char, f *source, scale float64, style Style) []glyph {
	info, pos := s.buffer.Info, s.buffer.Pos
	backwards := run[0].level%2 == 1
	out := make([]glyph, 0, len(info))
	for from := 0; from < len(info); {
		to := from + 1
		for to < len(info) && info[to].Cluster == info[from].Cluster {
			to++
		}
		begin, end := info[from].Cluster, len(run)
		if !backwards && to < len(info) {
			end = info[to].Cluster
		} else if backwards && from > 0 {
			end = info[from-1].Cluster
		}
		var shown []rune
		for _, c := range run[begin:end] {
			if !unseen(c.r) {
				shown = append(shown, c.r)
			}
		}
		if len(shown) > 0 {
			for i := from; i < to; i++ {
				g := glyph{font: f, number: int(info[i].Glyph), advance: float64(pos[i].XAdvance) * scale, dx: float64(pos[i].XOffset) * scale, dy: float64(pos[i].YOffset) * scale,
					style: style, stroke: style.Bold && run[0].family == chinese}
				switch n := to - from; {
				case n == len(shown) && backwards:
					g.text = string(shown[n-1-(i-from)])
				case n == len(shown):
					g.text = string(shown[i-from])
				case i == from:
					g.text = string(shown)
				}
				if i == from && to-from > 1 {
					g.whole, g.joined = string(shown), to-from
				}
				out = append(out, g)
			}
		}
		from = to
	}
	return out
}
