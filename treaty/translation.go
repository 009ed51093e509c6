// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"rogatory"
)

// Translatable reports whether a field holds free text, which a translator has to turn. Choices, periods and lists
// of identifiers mean the same in every language.
func (r *Rules) Translatable(field string) bool {
	f, ok := r.Fields[field]
	return ok && f.Form == "" && len(f.Choices) == 0
}

// reviewTranslation checks that a translation says all that the original says, and names who answers for it.
func (r *Rules) reviewTranslation(k Kind, req rogatory.Request) []Finding {
	t := req.Translation
	if t == nil {
		return nil
	}
	var found []Finding
	say := func(code, field, format string, args ...any) {
		found = append(found, Finding{code, field, "40(13)", fmt.Sprintf(format, args...), true})
	}
	if t.Language == "" || t.Language == req.Language {
		say("translation_language", "translation", "a translation into another language than the original's, not %.20q", t.Language)
	}
	if strings.TrimSpace(t.By) == "" {
		say("translator_missing", "translation", "who answers for the translation")
	}
	if strings.TrimSpace(t.Title) == "" && req.Title != "" {
		say("translation_missing", "title", "the title in the translation")
	}
	if utf8.RuneCountInString(t.Title) > MaxTitleRunes || utf8.RuneCountInString(t.By) > MaxTitleRunes {
		say("title_long", "translation", "a title and a translator with at most %d characters", MaxTitleRunes)
	}
	for _, id := range slices.Sorted(maps.Keys(req.Contents)) {
		if r.Translatable(id) && strings.TrimSpace(req.Contents[id]) != "" && strings.TrimSpace(t.Contents[id]) == "" {
			say("translation_missing", id, "%s in the translation", id)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(t.Contents)) {
		switch {
		case strings.TrimSpace(req.Contents[id]) == "":
			say("translation_unknown", id, "no translation of %.40q: the original does not say it", id)
		case utf8.RuneCountInString(t.Contents[id]) > MaxFieldRunes:
			say("field_long", id, "%s with at most %d characters", id, MaxFieldRunes)
		}
	}
	return found
}
