// SPDX-License-Identifier: Apache-2.0

package console

import (
	"slices"
	"strings"
	"unicode/utf8"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/treaty"
)

// translated is what stands before a field's name in the form of a translation.
const translated = "into_"

// translationFields ask for the translation of each free text beside what it says.
func (s *server) translationFields(l *language.Locale, k treaty.Kind, f docket.File) []field {
	r := f.Request
	t := rogatory.Translation{}
	if r.Translation != nil {
		t = *r.Translation
	}
	var languages []option
	for _, tag := range s.party(f.Them.State).Languages {
		if tag != r.Language {
			languages = append(languages, option{tag, l.Language(tag)})
		}
	}
	if t.Language == "" && len(languages) == 1 {
		t.Language = languages[0].Value
	}
	all := []field{
		{Name: "language", Label: l.T("translation.into"), Hint: l.T("translation.into.hint"), Article: "40(13)", Form: "radio", Options: languages, Value: t.Language, Needed: true},
		{Name: "by", Label: l.T("translation.by"), Hint: l.T("translation.by.hint"), Form: "text", Value: t.By, Needed: true},
		{Name: translated + "title", Label: l.T("part.title"), Original: r.Title, OriginalIn: r.Language, Form: "text", Value: t.Title, Needed: true},
	}
	required, optional := k.FieldsOf(r.Part)
	for _, id := range slices.Concat(required, optional) {
		if text := r.Contents[id]; s.Rules.Translatable(id) && strings.TrimSpace(text) != "" {
			all = append(all, field{Name: translated + id, Label: l.Field(id), Original: text, OriginalIn: r.Language, Form: "area", Value: t.Contents[id], Needed: true})
		}
	}
	return all
}

// answerTranslation puts a translation into the request; an empty form takes it away.
func answerTranslation(l *language.Locale, values map[string]string, r *rogatory.Request, fields []field, wrong func(name, what string)) {
	t := rogatory.Translation{Language: strings.TrimSpace(values["language"]), By: strings.TrimSpace(values["by"]), Title: strings.TrimSpace(values[translated+"title"]), Contents: map[string]string{}}
	said := t.By + t.Title
	for _, f := range fields {
		id, ok := strings.CutPrefix(f.Name, translated)
		text := strings.TrimSpace(values[f.Name])
		if !ok || id == "title" || text == "" {
			continue
		}
		if utf8.RuneCountInString(text) > treaty.MaxFieldRunes {
			wrong(f.Name, l.N("wrong.long", treaty.MaxFieldRunes))
		}
		t.Contents[id], said = text, said+text
	}
	if utf8.RuneCountInString(t.Title) > treaty.MaxTitleRunes {
		wrong(translated+"title", l.N("wrong.long", treaty.MaxTitleRunes))
	}
	r.Translation = &t
	if said == "" {
		r.Translation = nil
	}
}
