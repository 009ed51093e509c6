// SPDX-License-Identifier: Apache-2.0

package treaty_test

import (
	"slices"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

// A translation lets a request go to a State that does not read the original; half of one does not.
func TestATranslationSaysAllThatTheOriginalSays(t *testing.T) {
	rules := treaty.Convention()
	codes := func(change func(*rogatory.Request)) []string {
		req, err := rules.Example(rogatory.Preservation42, "", rogatory.Instant(1_795_000_000_000_000))
		if err != nil {
			t.Fatal(err)
		}
		req.Translation = &rogatory.Translation{Language: "fr", By: "Traductrice jurée M. Diop", Title: "Conservation", Contents: map[string]string{}}
		for id, said := range req.Contents {
			if rules.Translatable(id) {
				req.Translation.Contents[id] = "traduction : " + said
			}
		}
		if change != nil {
			change(&req)
		}
		var all []string
		for _, f := range rules.Review(req, 0) {
			if f.Blocks {
				all = append(all, f.Code)
			}
		}
		return all
	}
	if kept := rules.Translatable("data"); !kept {
		t.Error("what is to be preserved is told in words, and needs no translation")
	}
	for _, id := range []string{"identifier", "persons", "period"} {
		if rules.Translatable(id) {
			t.Errorf("%s means the same in every language, and is to be translated", id)
		}
	}
	for name, row := range map[string]struct {
		change func(*rogatory.Request)
		want   []string
	}{
		"whole":              {nil, nil},
		"none":               {func(r *rogatory.Request) { r.Translation = nil }, nil},
		"nobody answers":     {func(r *rogatory.Request) { r.Translation.By = " " }, []string{"translator_missing"}},
		"the same language":  {func(r *rogatory.Request) { r.Translation.Language = r.Language }, []string{"translation_language"}},
		"a field left out":   {func(r *rogatory.Request) { delete(r.Translation.Contents, "offence_facts") }, []string{"translation_missing"}},
		"more than was said": {func(r *rogatory.Request) { r.Translation.Contents["invented"] = "plus" }, []string{"translation_unknown"}},
		"a title left out":   {func(r *rogatory.Request) { r.Translation.Title = "" }, []string{"translation_missing"}},
	} {
		if got := codes(row.change); !slices.Equal(got, row.want) {
			t.Errorf("%s: found %v, want %v", name, got, row.want)
		}
	}
}

// Identifiers and choices are not asked for again in the translation.
func TestIdentifiersNeedNoTranslation(t *testing.T) {
	rules := treaty.Convention()
	req, err := rules.Example("location_query", "", rogatory.Instant(1_795_000_000_000_000))
	if err != nil {
		t.Fatal(err)
	}
	if req.Contents["identifier"] == "" {
		t.Fatal("the example has no identifier")
	}
	req.Translation = &rogatory.Translation{Language: "fr", By: "M. Diop", Title: "Localisation", Contents: map[string]string{}}
	for id, said := range req.Contents {
		if id != "identifier" {
			req.Translation.Contents[id] = said
		}
	}
	for _, f := range rules.Review(req, 0) {
		if f.Blocks && f.Field == "identifier" {
			t.Errorf("found %s: %s", f.Code, f.Text)
		}
	}
}
