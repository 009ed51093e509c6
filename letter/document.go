// SPDX-License-Identifier: Apache-2.0

// Package letter makes the papers of a request: the request itself, its refusal, the certificate of
// preservation and the certificate of custody, in one language or one after the other in several, as HTML
// and as PDF.
//
// It promises that what is structured, kinds, grounds, labels, dates, is said in the language of the reader;
// that what a person wrote stands as it was written, marked with its language, isolated so that it cannot
// turn the text around it, and never translated by us; that references, dates and digests run from left to
// right in every language and are not cut; that an exercise shows on every page; and that the same values
// make the same bytes.
//
// It decides nothing and proves nothing: what binds is the signed message whose digest stands in the
// foot. It refuses nothing. It has no clock and no disk; after an error of the writer given, the output is
// useless.
package letter

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"rogatory"
	"rogatory/language"
)

// Document is a paper: the same letter in one language or in several, one after the other.
type Document struct {
	Reference string
	Date      rogatory.Instant // zero if it was not sent
	Exercise  bool
	Unsent    bool            // a draft
	Digest    rogatory.Digest // in the foot; zero if there is none
	OfExhibit bool            // the digest is that of the exhibit, not of a signed message
	Letters   []Letter
}

// Letter is a document in one language.
type Letter struct {
	Heading string
	Blocks  []Block
	locale  *language.Locale
}

// Language returns the language of the letter, BCP 47.
func (l Letter) Language() string { return l.locale.Tag() }

// Title names the document, for the window and the file.
func (d Document) Title() string {
	if len(d.Letters) == 0 {
		return d.Reference
	}
	return d.Letters[0].Heading + " " + d.Reference
}

// Block is a part of a letter: a Paragraph, Fields, a Section or a Table.
type Block interface{ block() }

// Paragraph is a sentence of ours.
type Paragraph struct {
	Text   string
	Strong bool
	Small  bool
}

// Fields are labels with short values.
type Fields []Field

// Field is a label with its values, each on a line of its own.
type Field struct {
	Label  string
	Values []Text
}

// Section is a label with the article that asks for it, above longer texts.
type Section struct {
	Label, Article string // Article is a sentence fragment in the letter's language; it may be empty
	Texts          []Text
}

// Table has as many cells in each row as columns.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]Text
}

// Column is a heading, and how much of the width the column takes compared with the others.
type Column struct {
	Label string
	Share int
}

func (Paragraph) block() {}
func (Fields) block()    {}
func (Section) block()   {}
func (Table) block()     {}

// Text is a value.
type Text struct {
	Text     string
	Language string // BCP 47; empty where it has none, as a digest
	Free     bool   // what a person wrote: never translated, on lines as it was written
	Code     bool   // a reference, a moment, a digest: from left to right
	Note     string // a sentence of ours above it, such as who translated it
}

// ours is a value in the letter's language.
func ours(l *language.Locale, s string) Text { return Text{Text: s, Language: l.Tag()} }

// free is what a person wrote.
func free(s, tag string) Text { return Text{Text: inert(s), Language: tag, Free: true} }

// code is a reference, a moment or a digest.
func code(s string) Text { return Text{Text: inert(s), Code: true} }

// inert takes out of a text what could turn the direction of others or hide in it, and shows what is no text:
// embeddings, overrides, isolates and marks go, controls become a sign for them. Line feeds stay.
func inert(s string) string {
	s = strings.ReplaceAll(s, "\r\n", "\n")
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r == '\r' || r == '\u2028' || r == '\u2029':
			return '\n'
		case r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' || r == '\u061c':
			return -1
		case unicode.IsControl(r) || r == '\ufeff':
			return utf8.RuneError
		}
		return r
	}, s)
}

// Languages returns the languages of both States, the reader's first: of those in which each accepts requests,
// the first that we speak. English stands in where a State names none of ours.
func Languages(c *language.Catalogue, reader, writer rogatory.Party) []*language.Locale {
	var all []*language.Locale
	for _, p := range []rogatory.Party{reader, writer} {
		if l := c.Locale(p.Languages...); !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	return all
}
