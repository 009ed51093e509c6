// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"

	"rogatory"
)

// A request in a language that the other State does not accept stays here until a whole translation is with it; then
// both travel, the original first.
func TestATranslationOpensTheWay(t *testing.T) {
	w := newWorld(t)
	words := w.xa.words(rogatory.Preservation42, "")
	words.Language = "ar"
	f, err := w.xa.Draft(t.Context(), w.xa.officer(), w.xb.Us, "", words)
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{}, "language_not_accepted")

	half := words
	half.Translation = &rogatory.Translation{Language: "en", By: "Translator Y. Saleh", Title: "SSH logs", Contents: map[string]string{}}
	_, err = w.xa.Revise(t.Context(), w.xa.officer(), f.ID, w.xb.Us, half)
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{}, "request_incomplete")

	whole := half
	whole.Translation.Contents = map[string]string{}
	for id, said := range words.Contents {
		if w.xa.Rules.Translatable(id) {
			whole.Translation.Contents[id] = "in English: " + said
		}
	}
	elsewhere := whole
	other := *whole.Translation
	other.Language = "ru"
	elsewhere.Translation = &other
	_, err = w.xa.Revise(t.Context(), w.xa.officer(), f.ID, w.xb.Us, elsewhere)
	w.ok(err)
	w.cannot(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{}, "language_not_accepted")

	_, err = w.xa.Revise(t.Context(), w.xa.officer(), f.ID, w.xb.Us, whole)
	w.ok(err)
	w.does(w.xa, w.xa.decider(), f.ID, rogatory.Send, rogatory.Body{})
	w.carry()
	w.both(f.ID, rogatory.Requested)
	got := w.view(w.xb, f.ID).Request
	if got.Language != "ar" || got.Translation == nil || got.Translation.By != "Translator Y. Saleh" || got.Translation.Contents["offence_facts"] != whole.Translation.Contents["offence_facts"] {
		t.Errorf("there it reads %s and %+v", got.Language, got.Translation)
	}
	w.sound()
}
