// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// trueType is where things are in a font with TrueType outlines.
type trueType struct {
	head, hhea, maxp, hmtx, glyf []byte
	loca                         []uint32
	metrics                      int // glyphs with an advance of their own
	upem                         int
	ascent, descent              int
	box                          [4]int
}

func parseTrueType(data []byte) (trueType, error) {
	var t trueType
	if len(data) < 12 {
		return t, errors.New("the font has no header")
	}
	tables := map[string][]byte{}
	for i := range int(binary.BigEndian.Uint16(data[4:])) {
		at := 12 + 16*i
		if at+16 > len(data) {
			return t, errors.New("the list of tables is cut off")
		}
		from, size := uint64(binary.BigEndian.Uint32(data[at+8:])), uint64(binary.BigEndian.Uint32(data[at+12:]))
		if from+size > uint64(len(data)) {
			return t, fmt.Errorf("table %.4s is cut off", data[at:])
		}
		tables[string(data[at:at+4])] = data[from : from+size]
	}
	t.head, t.hhea, t.maxp, t.hmtx, t.glyf = tables["head"], tables["hhea"], tables["maxp"], tables["hmtx"], tables["glyf"]
	loca := tables["loca"]
	if len(t.head) < 54 || len(t.hhea) < 36 || len(t.maxp) < 32 || len(t.hmtx) < 4 || len(loca) < 4 {
		return t, errors.New("a table is missing or short")
	}
	if binary.BigEndian.Uint16(t.head[50:]) == 0 {
		for i := 0; i+2 <= len(loca); i += 2 {
			t.loca = append(t.loca, 2*uint32(binary.BigEndian.Uint16(loca[i:])))
		}
	} else {
		for i := 0; i+4 <= len(loca); i += 4 {
			t.loca = append(t.loca, binary.BigEndian.Uint32(loca[i:]))
		}
	}
	for i, at := range t.loca {
		if at > uint32(len(t.glyf)) || i > 0 && at < t.loca[i-1] {
			return t, errors.New("the places of the glyphs are out of order")
		}
	}
	signed := func(b []byte) int { return int(int16(binary.BigEndian.Uint16(b))) }
	t.metrics = int(binary.BigEndian.Uint16(t.hhea[34:]))
	t.upem = int(binary.BigEndian.Uint16(t.head[18:]))
	t.ascent, t.descent = signed(t.hhea[4:]), signed(t.hhea[6:])
	t.box = [4]int{signed(t.head[36:]), signed(t.head[38:]), signed(t.head[40:]), signed(t.head[42:])}
	if t.metrics < 1 || 4*t.metrics > len(t.hmtx) || t.upem < 16 {
		return t, errors.New("the metrics are short")
	}
	return t, nil
}

// advance returns the width of a glyph in font units.
func (t *trueType) advance(glyph int) int {
	return int(binary.BigEndian.Uint16(t.hmtx[4*min(glyph, t.metrics-1):]))
}

func (t *trueType) bearing(glyph int) uint16 {
	at := 4*glyph + 2
	if glyph >= t.metrics {
		at = 4*t.metrics + 2*(glyph-t.metrics)
	}
	if at+2 > len(t.hmtx) {
		return 0
	}
	return binary.BigEndian.Uint16(t.hmtx[at:])
}

func (t *trueType) outline(glyph int) []byte {
	if glyph < 0 || glyph+1 >= len(t.loca) {
		return nil
	}
	return t.glyf[t.loca[glyph]:t.loca[glyph+1]]
}

// Flags of a component of a composite glyph (OpenType, table glyf).
const (
	wordArguments  = 0x0001
	oneScale       = 0x0008
	moreComponents = 0x0020
	twoScales      = 0x0040
	fourScales     = 0x0080
)

// subset makes a font of the glyphs given, numbered as they stand, with those that composites need behind
// them. A glyph may be there twice: each occurrence has a number, and so a text of its own.
func (t *trueType) subset(glyphs []int) []byte {
	all := append([]int(nil), glyphs...)
	number := map[int]int{} // of components
	var glyf, loca, hmtx []byte
	for i := 0; i < len(all); i++ {
		outline := append([]byte(nil), t.outline(all[i])...)
		if len(outline) > 10 && int16(binary.BigEndian.Uint16(outline)) < 0 {
			for at := 10; at+4 <= len(outline); {
				flags := binary.BigEndian.Uint16(outline[at:])
				part := int(binary.BigEndian.Uint16(outline[at+2:]))
				n, ok := number[part]
				if !ok {
					n = len(all)
					number[part], all = n, append(all, part)
				}
				binary.BigEndian.PutUint16(outline[at+2:], uint16(n))
				at += 6
				if flags&wordArguments != 0 {
					at += 2
				}
				switch {
				case flags&oneScale != 0:
					at += 2
				case flags&twoScales != 0:
					at += 4
				case flags&fourScales != 0:
					at += 8
				}
				if flags&moreComponents == 0 {
					break
				}
			}
		}
		loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
		glyf = append(glyf, outline...)
		for len(glyf)%4 != 0 {
			glyf = append(glyf, 0)
		}
		hmtx = binary.BigEndian.AppendUint16(hmtx, uint16(t.advance(all[i])))
		hmtx = binary.BigEndian.AppendUint16(hmtx, t.bearing(all[i]))
	}
	loca = binary.BigEndian.AppendUint32(loca, uint32(len(glyf)))
	head, hhea, maxp := append([]byte(nil), t.head...), append([]byte(nil), t.hhea...), append([]byte(nil), t.maxp...)
	binary.BigEndian.PutUint32(head[8:], 0)  // the sum of all is set below
	binary.BigEndian.PutUint16(head[50:], 1) // long places
	binary.BigEndian.PutUint16(hhea[34:], uint16(len(all)))
	binary.BigEndian.PutUint16(maxp[4:], uint16(len(all)))
	return assemble([]table{{"glyf", glyf}, {"head", head}, {"hhea", hhea}, {"hmtx", hmtx}, {"loca", loca}, {"maxp", maxp}})
}

type table struct {
	tag  string
	data []byte
}

// headMagic is what the sums of a whole font and of its tables add up to (OpenType, table head).
const headMagic = 0xB1B0AFBA

// assemble writes the tables, sorted by tag, as a font file.
func assemble(tables []table) []byte {
	n, power, log := len(tables), 1, 0
	for power*2 <= n {
		power, log = power*2, log+1
	}
	out := binary.BigEndian.AppendUint32(nil, 0x00010000)
	for _, v := range []int{n, power * 16, log, (n - power) * 16} {
		out = binary.BigEndian.AppendUint16(out, uint16(v))
	}
	at, headAt := 12+16*n, 0
	var body []byte
	for _, t := range tables {
		if t.tag == "head" {
			headAt = at + len(body)
		}
		out = append(out, t.tag...)
		out = binary.BigEndian.AppendUint32(out, sum(t.data))
		out = binary.BigEndian.AppendUint32(out, uint32(at+len(body)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		body = append(body, t.data...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	out = append(out, body...)
	binary.BigEndian.PutUint32(out[headAt+8:], headMagic-sum(out))
	return out
}

func sum(data []byte) uint32 {
	var s uint32
	for i := 0; i < len(data); i += 4 {
		var word [4]byte
		copy(word[:], data[i:])
		s += binary.BigEndian.Uint32(word[:])
	}
	return s
}
