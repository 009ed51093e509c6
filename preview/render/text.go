// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/japanese"
	"golang.org/x/text/encoding/korean"
	"golang.org/x/text/encoding/simplifiedchinese"
	"golang.org/x/text/encoding/traditionalchinese"
	"golang.org/x/text/encoding/unicode"

	"rogatory/preview"
)

// A text preview shows its beginning: maxLetters bytes of the file, in lines of at most maxLine bytes,
// at most maxLines of them.
const (
	maxLetters = 64 << 10
	maxLine    = 2000
	maxLines   = 4000
)

// encodings by the names of preview.Charsets. UTF-8 is read as it is, so that bytes which are no
// character stay visible.
func encodings(name string) encoding.Encoding {
	switch name {
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.IgnoreBOM)
	case "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.IgnoreBOM)
	case "windows-1252":
		return charmap.Windows1252
	case "windows-1251":
		return charmap.Windows1251
	case "windows-1256":
		return charmap.Windows1256
	case "windows-874":
		return charmap.Windows874
	case "windows-1258":
		return charmap.Windows1258
	case "koi8-r":
		return charmap.KOI8R
	case "iso-8859-2":
		return charmap.ISO8859_2
	case "gb18030":
		return simplifiedchinese.GB18030
	case "big5":
		return traditionalchinese.Big5
	case "shift_jis":
		return japanese.ShiftJIS
	case "euc-kr":
		return korean.EUCKR
	}
	return nil
}

func text(c *preview.Copy, src source, charset string) error {
	head := make([]byte, min(src.Size(), maxLetters))
	n, err := src.ReadAt(head, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	head = head[:n]
	c.Cut = src.Size() > int64(n)
	if charset == "" {
		charset = guess(head)
	}
	c.Charset = preview.Text(charset)
	words, err := decode(head, charset)
	if err != nil {
		return err
	}
	var hidden, more bool
	c.Lines, hidden, more = lines(words, maxLines)
	c.Cut = c.Cut || more
	if hidden {
		remark(c, preview.Hidden)
	}
	return nil
}

// guess tells how to read a text: by its mark, or by every second byte being zero, else as UTF-8.
func guess(head []byte) string {
	switch {
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return "utf-16le"
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}):
		return "utf-16be"
	}
	var zeros [2]int
	for i, b := range head[:min(len(head), 1000)] {
		if b == 0 {
			zeros[i%2]++
		}
	}
	switch half := min(len(head), 1000) / 2; {
	case half > 4 && zeros[1] > half*3/4 && zeros[0] < half/10:
		return "utf-16le"
	case half > 4 && zeros[0] > half*3/4 && zeros[1] < half/10:
		return "utf-16be"
	}
	return "utf-8"
}

func decode(b []byte, charset string) (string, error) {
	e := encodings(charset)
	if e == nil {
		return strings.TrimPrefix(string(wholeRunes(b)), "\uFEFF"), nil
	}
	words, err := e.NewDecoder().Bytes(b)
	return strings.TrimPrefix(string(words), "\uFEFF"), err
}

// wholeRunes leaves out a character that was cut at the end.
func wholeRunes(b []byte) []byte {
	for i := 1; i < utf8.UTFMax && i <= len(b); i++ {
		if c := b[len(b)-i]; utf8.RuneStart(c) {
			if c >= utf8.RuneSelf && !utf8.FullRune(b[len(b)-i:]) {
				return b[:len(b)-i]
			}
			break
		}
	}
	return b
}

// lines cuts words into inert lines; it says whether anything had to be made visible, and whether
// there are more lines than most.
func lines(words string, most int) (all []preview.Text, hidden, more bool) {
	for line := range strings.Lines(words) {
		line = strings.TrimSuffix(strings.TrimSuffix(line, "\n"), "\r")
		for first := true; first || line != ""; first = false {
			if len(all) == most {
				return all, hidden, true
			}
			part := line
			if len(part) > maxLine {
				part = string(wholeRunes([]byte(part[:maxLine])))
			}
			line = line[len(part):]
			inert := preview.Visible(part)
			hidden = hidden || inert != part
			all = append(all, preview.Text(inert))
		}
	}
	return all, hidden, false
}
