// SPDX-License-Identifier: Apache-2.0

// Package search reads texts as a search over cases sees them, and says where a query is found in them.
//
// It promises one normal form for what is looked for and what is looked through: whoever types without
// diacritics, harakat, tatweel or capitals finds what was written with them, and the other way round. Where
// a script writes words with spaces, a word is found by its beginning; where it does not, as Chinese and
// Thai, any run of characters is found, for an index that holds pairs of them. What an index finds is
// looked through again by Match, so that nothing is shown that does not hold the query, and the reader
// sees the piece that does. It translates nothing and knows no grammar: a Russian or Arabic word in another
// case is found by its stem, simplified Chinese is not found by traditional characters.
//
// It refuses a query that is too long, or whose typed pieces cannot be read. Everything is a value: no
// clock, no disk, no database. After an error nothing is returned but the error.
package search

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// maxWord bounds a word in bytes: a SHA-256 in hexadecimal fits. What is longer is found by its beginning.
const maxWord = 64

// edges are how many characters of a word's beginning an index holds, so that it is found by what somebody
// has typed of it with one look-up each: engines are slow at all words with a beginning. A word of fewer is
// found whole only. Match drops what an index finds too much.
var edges = []int{3, 5, 8}

// minStem is how many letters have to be left of an Arabic word for what stands before it to be a particle.
const minStem = 3

// atom is the least thing that is compared: a word, or one character of a script without spaces.
type atom struct {
	text       string // in normal form
	start, end int    // where it stands in the original, in bytes
	run        bool   // of a script that does not write spaces
	joined     bool   // follows on the atom before without anything between
}

// unspaced are the scripts that do not write a space between words.
var unspaced = []*unicode.RangeTable{unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Bopomofo, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar}

// letters that Unicode does not take apart, but people and keyboards do.
var letters = map[rune]string{
	'đ': "d", 'ð': "d", 'ł': "l", 'ø': "o", 'ħ': "h", 'ŧ': "t", 'ı': "i", 'ß': "ss", 'æ': "ae", 'œ': "oe", 'þ': "th", 'ς': "σ",
	'ى': "ي", 'ی': "ي", 'ة': "ه", 'ٱ': "ا", 'ک': "ك",
}

// short is й without its breve, which makes another letter and no accent.
const short = "\u0438\u0306"

// fold returns the normal form of one decomposed piece: small letters without marks that a reader would
// leave out. Marks of scripts that cannot be read without them, as the vowels of Thai, stay.
func fold(piece string) string {
	piece = strings.ToLower(piece)
	if strings.HasPrefix(piece, short) {
		return "й"
	}
	var b strings.Builder
	for _, r := range piece {
		switch plain, ok := letters[r]; {
		case ok:
			b.WriteString(plain)
		case r == '\u0640': // tatweel
		case unicode.Is(unicode.Nd, r):
			b.WriteByte(byte('0' + digit(r)))
		case unicode.In(r, unicode.Mn, unicode.Me) && unicode.In(r, unicode.Inherited, unicode.Arabic, unicode.Latin, unicode.Cyrillic, unicode.Greek):
		case unicode.IsLetter(r), unicode.IsMark(r), unicode.IsNumber(r):
			b.WriteRune(r)
		default:
			b.WriteByte(' ')
		}
	}
	return b.String()
}

// digit is the value of a decimal digit: each script's stand in one block, from nought to nine.
func digit(r rune) rune {
	for _, t := range unicode.Nd.R16 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	for _, t := range unicode.Nd.R32 {
		if r >= rune(t.Lo) && r <= rune(t.Hi) {
			return (r - rune(t.Lo)) % 10
		}
	}
	return 0
}

// taker takes a text apart, piece by piece.
type taker struct {
	all    []atom
	joined bool // nothing stands between the last atom and what comes
	inside bool // the last atom is a word that goes on
}

// letters adds to a word what stands from start to end, in normal form, or begins one.
func (t *taker) letters(text string, start, end int) {
	if !t.inside {
		t.all = append(t.all, atom{start: start, joined: t.joined})
		t.joined, t.inside = true, true
	}
	last := &t.all[len(t.all)-1]
	last.end = end
	for len(last.text)+len(text) > maxWord {
		_, size := utf8.DecodeLastRuneInString(text)
		text = text[:len(text)-size]
	}
	if last.text == "" {
		last.text = text
	} else if text != "" {
		last.text += text
	}
}

// plain takes ASCII text, which stands at a place of the original. Most texts are little else, and it needs no tables.
func (t *taker) plain(text string, at int) {
	for i := 0; i < len(text); {
		if !alphanumeric(text[i]) {
			t.joined, t.inside = false, false
			i++
			continue
		}
		end := i + 1
		for end < len(text) && alphanumeric(text[end]) {
			end++
		}
		t.letters(strings.ToLower(text[i:end]), at+i, at+end)
		i = end
	}
}

func alphanumeric(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9'
}

// other takes any text. Characters that are not seen, such as those that turn the direction of a text or
// say where a Thai line may break, are passed over.
func (t *taker) other(text string, at int) {
	var pieces norm.Iter
	pieces.InitString(norm.NFKD, text)
	for !pieces.Done() {
		start := at + pieces.Pos()
		piece := string(pieces.Next())
		end := at + pieces.Pos()
		folded := fold(piece)
		if first, _ := utf8.DecodeRuneInString(piece); unicode.Is(unicode.Cf, first) && len(folded) <= 1 {
			continue
		}
		for _, r := range folded {
			switch {
			case r == ' ':
				t.joined, t.inside = false, false
			case unicode.In(r, unspaced...):
				t.all = append(t.all, atom{string(r), start, end, true, t.joined})
				t.joined, t.inside = true, false
			default:
				t.letters(string(r), start, end)
			}
		}
	}
}

// atoms takes a text apart.
func atoms(text string) []atom {
	var t taker
	for at := 0; at < len(text); {
		ascii := at
		for ascii < len(text) && text[ascii] < utf8.RuneSelf {
			ascii++
		}
		end := ascii
		if ascii < len(text) {
			ascii = max(ascii-1, at) // what follows may be a mark on it
			for end < len(text) && text[end] >= utf8.RuneSelf {
				end++
			}
		}
		t.plain(text[at:ascii], at)
		t.other(text[ascii:end], ascii)
		at = end
	}
	return t.all
}

// Normalise returns a text as a search sees it: its words in normal form with one space between, and runs
// of scripts without spaces as they are.
func Normalise(text string) string {
	var b strings.Builder
	for i, a := range atoms(text) {
		if i > 0 && !a.joined {
			b.WriteByte(' ')
		}
		b.WriteString(a.text)
	}
	return b.String()
}

// Grams returns what an index holds of a text, each once, in the order of first appearance: the beginnings of
// each word in its forms, and of a script without spaces each character and each pair. They are of
// letters, digits and marks only.
func Grams(text string) []string {
	var all []string
	seen := map[string]bool{}
	add := func(gram string) {
		if !seen[gram] {
			seen[gram] = true
			all = append(all, gram)
		}
	}
	found := atoms(text)
	for i, a := range found {
		if !a.run {
			for _, f := range forms(a.text) {
				for _, g := range beginnings(f) {
					add(g)
				}
			}
			continue
		}
		add(a.text)
		if i > 0 && a.joined && found[i-1].run {
			add(found[i-1].text + a.text)
		}
	}
	return all
}

// beginnings returns those of a word that an index holds: the word itself if it is short.
func beginnings(word string) []string {
	var all []string
	n := 0
	for at := range word {
		if slices.Contains(edges, n) {
			all = append(all, word[:at])
		}
		n++
	}
	if n < edges[0] || slices.Contains(edges, n) {
		all = append(all, word)
	}
	return all
}

// whole reports whether a word is too short to be found by its beginning.
func whole(word string) bool { return utf8.RuneCountInString(word) < edges[0] }

// particles stand before an Arabic word without a space; the longer come first.
var particles = []string{"وال", "فال", "بال", "كال", "لل", "ال", "و"}

// forms returns a word, and without the article and particles that Arabic writes with it.
func forms(word string) []string {
	all := []string{word}
	if r, _ := utf8.DecodeRuneInString(word); !unicode.Is(unicode.Arabic, r) {
		return all
	}
	for _, p := range particles {
		if rest, ok := strings.CutPrefix(word, p); ok && utf8.RuneCountInString(rest) >= minStem {
			all = append(all, rest)
			break
		}
	}
	return all
}
