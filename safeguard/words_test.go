// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"slices"
	"strings"
	"testing"

	"rogatory/language"
)

// Whatever this package says to a person has words in every language.
func TestEverythingThatIsSaidHasWords(t *testing.T) {
	s := readSchema()
	var keys []string
	add := func(group string, ids ...string) {
		for _, id := range ids {
			keys = append(keys, "safeguard."+group+"."+id)
		}
	}
	for _, p := range Convention().Policies() {
		keys = append(keys, p.Advice)
	}
	for _, uid := range s.Enums[uidOf("Signal", "").Type].Values {
		add("signal", string(uid.ID))
	}
	for _, q := range TheForm().Questions {
		add("ask", string(q.ID))
	}
	for name := range s.Actions[uidOf("Action", "accept")].AppliesTo.Context {
		add("fact", string(name))
	}
	add("fact", "act", "kind", "side", "mode")
	add("finding", codes...)
	add("severity", texts([]Severity{Block, Hold, Flag})...)
	add("answer", texts([]Answer{AnswerYes, AnswerNo, NotApplicable})...)
	add("said", texts([]Said{Fired, Silent, Failed})...)
	add("changed", texts([]Changed{Added, Removed, SeverityRaised, SeverityLowered, QuorumRaised, QuorumLowered, RolesAdded, RolesRemoved, BodyChanged, WordsChanged, NoPoliciesLeft})...)
	add("outside", texts([]Outside{WrongTime, WrongIdentifier, WrongKind, Unreadable})...)
	add("notice", texts([]NoticeState{NoticeWaits, NoticePostponed, NoticeDue, NoticeTold, NoticeNever})...)
	for _, code := range []string{"policies_invalid", "sheet_invalid", "signals_invalid", "count_invalid", "answer_format", "answer_columns", "answer_unreadable"} {
		keys = append(keys, "fault."+code)
	}
	slices.Sort(keys)
	c := language.Load()
	for _, tag := range language.Supported() {
		l := c.Locale(tag)
		for _, key := range keys {
			if text := l.T(key); strings.HasPrefix(text, "⟦") {
				t.Errorf("%s has no words for %s", tag, key)
			}
		}
		for _, n := range []int64{1, 2, 3, 5} {
			if text := l.N("safeguard.need", n); strings.HasPrefix(text, "⟦") {
				t.Errorf("%s has no words for %d people", tag, n)
			}
		}
	}
	t.Logf("%d keys in %d languages", len(keys), len(language.Supported()))
}

// A signal that the vocabulary has no words for, in a language, is deaf there.
func TestTheVocabularyListensInEveryLanguage(t *testing.T) {
	v := TheVocabulary()
	heard := map[Signal][]string{}
	for _, p := range v.Phrases {
		heard[p.Signal] = append(heard[p.Signal], p.Language)
		if p.Verified {
			t.Errorf("%s in %s is verified: by whom", p.Signal, p.Language)
		}
		for _, phrase := range p.Phrases {
			text := strings.ReplaceAll(phrase, "*", "")
			only := []Signal{p.Signal}
			if !slices.Contains(v.hear("- "+text+" -", only), p.Signal) {
				t.Errorf("%s in %s: %q is not heard", p.Signal, p.Language, phrase)
			}
		}
	}
	for signal, tags := range heard {
		for _, tag := range language.Supported() {
			if !slices.Contains(tags, tag) {
				t.Errorf("%s is not listened for in %s", signal, tag)
			}
		}
	}
}
