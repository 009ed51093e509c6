// SPDX-License-Identifier: Apache-2.0

// Package language speaks to people in eight languages: the words of the Convention's kinds, acts, grounds
// and offences, the labels of fields, and numbers, days and remaining times as each language writes them.
//
// It promises that every file of texts is whole: all keys of the English one, the same placeholders, all
// plural forms, or nothing is loaded; that Missing names each file that a language does not have yet; and
// that what people wrote cannot turn the direction of the text around it. It refuses files with unknown,
// missing or doubled keys, and never falls back to another language. It translates nothing that a person
// wrote.
// There is no state, no clock and no disk; after an error nothing was loaded.
package language

import (
	"embed"
	"errors"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"

	"rogatory"
)

//go:embed data/cldr.json data/*/*.json
var embedded embed.FS

// Base is the language whose keys and placeholders all others have.
const Base = "en"

// supported are the languages: the six of the United Nations, and those of the States where the Convention
// was opened and this software was begun. English comes first: it answers who asks for none of them.
var supported = []string{Base, "ar", "zh", "fr", "ru", "es", "vi", "th"}

// Supported lists the languages as BCP 47 tags, English first.
func Supported() []string { return slices.Clone(supported) }

// Catalogue is every text in every language. It is immutable and safe for use by many at once. A language is
// read when it is first spoken: an office speaks one or two, and all of them take more memory than the rest of an
// idle node.
type Catalogue struct {
	locales map[string]*Locale
	names   []File // of every file, sorted
	mended  map[File]*file
	matcher language.Matcher
}

// File names one file of texts.
type File struct {
	Language string // BCP 47
	Name     string // such as terms
}

// Locale is one language: its texts, and how it writes figures.
type Locale struct {
	tag   string
	where map[string]string // the file in which a key stands, the same in all languages
	files func() (map[string]*file, error)
	forms forms
}

// text looks a key up.
func (l *Locale) text(key string) (text, bool) {
	files, err := l.files()
	if err != nil {
		panic("the embedded texts do not load: " + err.Error()) // a test reads them all
	}
	f := files[l.where[key]]
	if f == nil {
		return text{}, false
	}
	t, ok := f.texts[key]
	return t, ok
}

// Load returns the texts that came with this program. They are checked by a test; an error here, or when a
// language is first spoken, would be a defect, so it panics.
func Load() *Catalogue {
	c, err := load(nil)
	if err != nil {
		panic("the embedded texts do not load: " + err.Error())
	}
	return c
}

// load reads English, and prepares the others. mended files stand for the embedded ones.
func load(mended map[File]*file) (*Catalogue, error) {
	cldr, err := embedded.ReadFile("data/cldr.json")
	if err != nil {
		return nil, err
	}
	habits, err := readForms(cldr)
	if err != nil {
		return nil, err
	}
	base, err := spoken(Base, nil, mended)
	if err != nil {
		return nil, err
	}
	where := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(base)) {
		for key := range base[name].texts {
			if _, twice := where[key]; twice {
				return nil, rogatory.Fault(rogatory.Invalid, "texts_invalid", "texts %s/%s: %s stands in another file too", Base, name, key)
			}
			where[key] = name
		}
	}
	c := &Catalogue{locales: map[string]*Locale{}, mended: mended}
	var tags []language.Tag
	for _, tag := range supported {
		tags = append(tags, language.MustParse(tag))
		c.locales[tag] = &Locale{tag: tag, where: where, forms: habits[tag],
			files: sync.OnceValues(func() (map[string]*file, error) {
				if tag == Base {
					return base, nil
				}
				return spoken(tag, base, mended)
			})}
		listed, err := embedded.ReadDir("data/" + tag)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range listed {
			c.names = append(c.names, File{tag, strings.TrimSuffix(entry.Name(), ".json")})
		}
	}
	slices.SortFunc(c.names, byName)
	c.matcher = language.NewMatcher(tags)
	return c, nil
}

// spoken reads the files of a language, and holds them against those of English.
func spoken(tag string, base map[string]*file, mended map[File]*file) (map[string]*file, error) {
	listed, err := embedded.ReadDir("data/" + tag)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	files := map[string]*file{}
	for _, entry := range listed {
		name := File{tag, strings.TrimSuffix(entry.Name(), ".json")}
		f, data := mended[name], []byte(nil)
		if f == nil {
			if data, err = embedded.ReadFile(path.Join("data", tag, entry.Name())); err == nil {
				f, err = read(name, data)
			}
			if err != nil {
				return nil, err
			}
		}
		if files[name.Name] = f; tag == Base {
			continue
		}
		if base[name.Name] == nil {
			return nil, rogatory.Fault(rogatory.Invalid, "texts_invalid", "texts %s/%s: English has no such file", tag, name.Name)
		}
		if err := f.like(base[name.Name], data); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// With returns a catalogue in which a deployment's file stands for the embedded one of that name. It has to
// hold the same keys and placeholders: texts are mended, not added. The catalogue itself is unchanged.
func (c *Catalogue) With(name File, data []byte) (*Catalogue, error) {
	if !slices.Contains(c.names, name) {
		return nil, rogatory.Fault(rogatory.NotFound, "texts_unknown", "there is no file %.20q of texts in %.20q", name.Name, name.Language).
			WithHint("name it as the embedded one is named, such as fr/terms")
	}
	f, err := read(name, data)
	if err != nil {
		return nil, err
	}
	base, err := c.locales[Base].files()
	if err != nil {
		return nil, err
	}
	if err := f.like(base[name.Name], data); err != nil {
		return nil, err
	}
	mended := maps.Clone(c.mended)
	if mended == nil {
		mended = map[File]*file{}
	}
	mended[name] = f
	return load(mended)
}

// all reads every language.
func (c *Catalogue) all() (map[File]*file, error) {
	every := map[File]*file{}
	for tag, l := range c.locales {
		files, err := l.files()
		if err != nil {
			return nil, err
		}
		for name, f := range files {
			every[File{tag, name}] = f
		}
	}
	return every, nil
}

// maxAccept bounds an Accept-Language header, which anyone may send.
const maxAccept = 500

// Locale returns the language that fits best, English when none does. Each argument is an Accept-Language
// header or a tag, the more important first: what a person chose, then what the browser says.
func (c *Catalogue) Locale(acceptLanguage ...string) *Locale {
	for _, accept := range acceptLanguage {
		if accept == "" || len(accept) > maxAccept {
			continue
		}
		tags, _, err := language.ParseAcceptLanguage(accept)
		if err != nil || len(tags) == 0 {
			continue
		}
		if _, i, sure := c.matcher.Match(tags...); sure > language.No {
			return c.locales[supported[i]]
		}
	}
	return c.locales[Base]
}

// Keys lists the keys of every text, sorted: a test of whoever uses them finds those that are missing or
// unused.
func (c *Catalogue) Keys() []string { return slices.Sorted(maps.Keys(c.locales[Base].where)) }

// Unreviewed lists the files that no reviewer has approved, for administrators. It reads every language.
func (c *Catalogue) Unreviewed() []File {
	files, err := c.all()
	if err != nil {
		panic("the embedded texts do not load: " + err.Error())
	}
	var names []File
	for name, f := range files {
		if !f.reviewed {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, byName)
	return names
}

// Missing lists the files of texts that English has and a language does not, sorted. Their keys have no words
// in that language: T and N answer with the key in brackets, and a term is its identifier.
func (c *Catalogue) Missing() []File {
	var names []File
	for _, base := range c.names {
		for _, tag := range supported {
			if name := (File{tag, base.Name}); base.Language == Base && !slices.Contains(c.names, name) {
				names = append(names, name)
			}
		}
	}
	slices.SortFunc(names, byName)
	return names
}

func byName(a, b File) int { return strings.Compare(a.Language+"/"+a.Name, b.Language+"/"+b.Name) }

// Tag returns the language as a BCP 47 tag, for the lang attribute.
func (l *Locale) Tag() string { return l.tag }

// The directions of a language, as the dir attribute has them.
const (
	LeftToRight = "ltr"
	RightToLeft = "rtl"
)

// Dir returns the direction in which the language is written.
func (l *Locale) Dir() string {
	if l.tag == "ar" {
		return RightToLeft
	}
	return LeftToRight
}
