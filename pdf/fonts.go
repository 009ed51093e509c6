// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"io"

	"github.com/go-text/typesetting/font"
)

//go:embed fonts/*.ttf.gz
var fontFiles embed.FS

// The fonts, in the order in which they are asked for a character.
const (
	european = iota
	arabic
	thai
	chinese
	families
)

// fontNames are the regular and the bold cut of each family. Chinese has one cut: its bold is drawn with a
// stroke.
var fontNames = [families][2]string{
	european: {"NotoSans-Regular", "NotoSans-Bold"},
	arabic:   {"NotoNaskhArabic-Regular", "NotoNaskhArabic-Bold"},
	thai:     {"NotoSansThai-Regular", "NotoSansThai-Bold"},
	chinese:  {"DroidSansFallback", "DroidSansFallback"},
}

// maxFont bounds an unpacked font: the largest has 2.9 MB.
const maxFont = 8 << 20

// Library holds the fonts. It is immutable and safe for use by many at once; opening it takes some 50 ms
// and 10 MB.
type Library struct {
	fonts map[string]*source
}

// source is a font as it was read.
type source struct {
	name string
	data []byte
	font *font.Font
	ttf  trueType
}

// Open unpacks the fonts that came with this program. They are checked by a test; an error would be a defect.
func Open() (*Library, error) {
	l := &Library{fonts: map[string]*source{}}
	for _, pair := range fontNames {
		for _, name := range pair {
			if l.fonts[name] != nil {
				continue
			}
			s, err := readFont(name)
			if err != nil {
				return nil, fmt.Errorf("read font %s: %w", name, err)
			}
			l.fonts[name] = s
		}
	}
	return l, nil
}

func readFont(name string) (*source, error) {
	packed, err := fontFiles.Open("fonts/" + name + ".ttf.gz")
	if err != nil {
		return nil, err
	}
	defer packed.Close()
	z, err := gzip.NewReader(packed)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(z, maxFont))
	if err != nil {
		return nil, err
	}
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	ttf, err := parseTrueType(data)
	return &source{name, data, face.Font, ttf}, err
}

// has reports which family has a glyph for the character; false when none does.
func (l *Library) family(r rune) (int, bool) {
	for family, pair := range fontNames {
		if _, ok := l.fonts[pair[0]].font.NominalGlyph(r); ok {
			return family, true
		}
	}
	return 0, false
}

func (l *Library) holds(family int, r rune) bool {
	_, ok := l.fonts[fontNames[family][0]].font.NominalGlyph(r)
	return ok
}
