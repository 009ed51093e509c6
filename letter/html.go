// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"io"
	"strconv"
	"strings"

	"rogatory/language"
)

func plainNumber(n int64) string { return strconv.FormatInt(n, 10) }

//go:embed letter.html
var pageText string

//go:embed letter.css
var styleText string

// Style is the style sheet of Fragment, for whoever shows it within a page of their own.
func Style() string { return styleText }

// HTML writes the document as a page of its own, which loads and runs nothing.
func HTML(w io.Writer, d Document) error {
	sum := sha256.Sum256([]byte(styleText))
	return templates().ExecuteTemplate(w, "page", struct {
		Document
		Policy string
		CSS    template.CSS
		Lang   string
		Dir    string
	}{d, "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'", template.CSS(styleText), d.firstLanguage(), d.firstDirection()})
}

// Fragment writes the document as a part of a page: one article for each language.
func Fragment(w io.Writer, d Document) error {
	return templates().ExecuteTemplate(w, "document", d)
}

func (d Document) firstLanguage() string {
	if len(d.Letters) == 0 {
		return language.Base
	}
	return d.Letters[0].locale.Tag()
}

func (d Document) firstDirection() string {
	if len(d.Letters) == 0 {
		return language.LeftToRight
	}
	return d.Letters[0].locale.Dir()
}

func templates() *template.Template {
	return template.Must(template.New("").Funcs(template.FuncMap{
		"is":   func(b Block, kind string) bool { return kindOf(b) == kind },
		"t":    func(l Letter, key string) string { return l.locale.T(key) },
		"dir":  func(l Letter) string { return l.locale.Dir() },
		"foot": func(d Document, l Letter) string { return d.footLabel(l) },
		"lines": func(t Text) []string {
			return strings.Split(t.Text, "\n")
		},
	}).Parse(pageText))
}

func kindOf(b Block) string {
	switch b.(type) {
	case Paragraph:
		return "paragraph"
	case Fields:
		return "fields"
	case Section:
		return "section"
	}
	return "table"
}

// footLabel says what the digest in the foot is of.
func (d Document) footLabel(l Letter) string {
	switch {
	case d.Digest.IsZero():
		return l.locale.T("letter.digest.none")
	case d.OfExhibit:
		return l.locale.T("letter.digest.exhibit")
	}
	return l.locale.T("letter.digest.message")
}
