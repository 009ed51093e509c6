// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf16"
)

// embed writes a font with the glyphs that were used, as a composite font whose codes are glyph numbers.
func (w *Writer) embed(f *usedFont) {
	t := &f.source.ttf
	scale := func(v int) int { return v * 1000 / t.upem }
	glyphs := make([]int, len(f.glyphs))
	var widths strings.Builder
	for i, g := range f.glyphs {
		glyphs[i] = g.glyph
		fmt.Fprintf(&widths, "%s ", number(float64(t.advance(g.glyph)*1000)/float64(t.upem)))
	}
	descendant, descriptor, file, unicode := w.reserve(), w.reserve(), w.reserve(), w.reserve()
	name := subsetName(f.name) + "+" + f.source.name
	w.object(f.object, fmt.Sprintf("<</Type /Font /Subtype /Type0 /BaseFont /%s /Encoding /Identity-H /DescendantFonts [%d 0 R] /ToUnicode %d 0 R>>", name, descendant, unicode))
	w.object(descendant, fmt.Sprintf("<</Type /Font /Subtype /CIDFontType2 /BaseFont /%s /CIDSystemInfo <</Registry (Adobe) /Ordering (Identity) /Supplement 0>> /CIDToGIDMap /Identity /DW 1000 /W [0 [%s]] /FontDescriptor %d 0 R>>",
		name, widths.String(), descriptor))
	w.object(descriptor, fmt.Sprintf("<</Type /FontDescriptor /FontName /%s /Flags 4 /FontBBox [%d %d %d %d] /ItalicAngle 0 /Ascent %d /Descent %d /CapHeight %d /StemV 80 /FontFile2 %d 0 R>>",
		name, scale(t.box[0]), scale(t.box[1]), scale(t.box[2]), scale(t.box[3]), scale(t.ascent), scale(t.descent), scale(t.ascent)*2/3, file))
	data := t.subset(glyphs)
	w.stream(file, fmt.Sprintf(" /Length1 %d", len(data)), data, true)
	w.stream(unicode, "", []byte(f.toUnicode()), true)
}

// subsetName is the tag of six letters that marks a font as a part of one.
func subsetName(name string) string {
	tag := []byte("AAAAAA")
	for i := 0; i < len(name); i++ {
		tag[i%6] = 'A' + (tag[i%6]-'A'+name[i])%26
	}
	return string(tag)
}

// mapRange is how many codes one block of a map may name.
const mapRange = 100

// toUnicode says which characters each glyph shows. One that shows none, because the glyph before it shows
// them too, has a space of no width.
func (f *usedFont) toUnicode() string {
	var b strings.Builder
	b.WriteString("/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo <</Registry (Adobe) /Ordering (UCS) /Supplement 0>> def\n" +
		"/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n1 begincodespacerange\n<0000> <FFFF>\nendcodespacerange\n")
	for from := 1; from < len(f.glyphs); from += mapRange {
		to := min(from+mapRange, len(f.glyphs))
		fmt.Fprintf(&b, "%d beginbfchar\n", to-from)
		for n := from; n < to; n++ {
			text := f.glyphs[n].text
			if text == "" {
				text = "\u200b"
			}
			fmt.Fprintf(&b, "<%04X> <", n)
			for _, u := range utf16.Encode([]rune(text)) {
				fmt.Fprintf(&b, "%04X", u)
			}
			b.WriteString(">\n")
		}
		b.WriteString("endbfchar\n")
	}
	b.WriteString("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n")
	return b.String()
}

// metadata is the document's description in XMP.
func (w *Writer) metadata() string {
	escape := strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")
	title := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0xfffe || r == 0xffff {
			return -1
		}
		return r
	}, w.meta.Title)
	dates := ""
	if !w.meta.Date.IsZero() {
		day := w.meta.Date.UTC().Format(time.RFC3339)
		dates = "<xmp:CreateDate>" + day + "</xmp:CreateDate><xmp:ModifyDate>" + day + "</xmp:ModifyDate>"
	}
	return "<?xpacket begin=\"\ufeff\" id=\"W5M0MpCehiHzreSzNTczkc9d\"?>\n<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"><rdf:RDF xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\">" +
		"<rdf:Description rdf:about=\"\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:xmp=\"http://ns.adobe.com/xap/1.0/\">" +
		"<dc:format>application/pdf</dc:format><dc:title><rdf:Alt><rdf:li xml:lang=\"x-default\">" + escape.Replace(title) + "</rdf:li></rdf:Alt></dc:title>" +
		"<dc:language><rdf:Bag><rdf:li>" + plain(w.meta.Language) + "</rdf:li></rdf:Bag></dc:language>" + dates +
		"</rdf:Description></rdf:RDF></x:xmpmeta>\n<?xpacket end=\"w\"?>"
}
