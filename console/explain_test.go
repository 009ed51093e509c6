// SPDX-License-Identifier: Apache-2.0

package console

import (
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/deadline"
	"rogatory/language"
	"rogatory/treaty/status"
)

// What the packages below explain by codes has words in every language, with every value in its place.
func TestEveryExplanationIsSaidInEveryLanguage(t *testing.T) {
	texts := language.Load()
	start, err := time.Parse(time.RFC3339, "2026-12-24T15:00:00Z")
	if err != nil {
		t.Fatal(err)
	}
	for _, tag := range language.Supported() {
		l := texts.Locale(tag)
		for _, code := range deadline.StepCodes() {
			if _, ok := l.Known("counted." + code); !ok {
				t.Errorf("%s does not say %s of a deadline", tag, code)
			}
		}
		for _, code := range status.Codes() {
			if _, ok := l.Known("standing." + code); !ok {
				t.Errorf("%s does not say %s of a State", tag, code)
			}
		}
		for _, code := range healthCodes {
			if _, ok := l.Known("health." + code); !ok {
				t.Errorf("%s does not name %s of a node", tag, code)
			}
		}
		said := func(what string, all ...string) {
			for _, s := range all {
				if s == "" || strings.ContainsAny(s, "⟦{}") || strings.Contains(s, "%!") {
					t.Errorf("%s: %s says %q", tag, what, s)
				}
			}
		}
		for _, rule := range deadline.BundledRules().All() {
			for _, c := range append(deadline.BundledCalendars().All(), deadline.BundledCalendars().Of("AT")) {
				due, err := deadline.Compute(rule, rogatory.At(start), c)
				if err != nil {
					t.Fatal(err)
				}
				said(rule.ID, explained(l, due.Said, time.UTC)...)
				said(rule.ID, explained(l, due.Cautions, time.UTC)...)
			}
			if tag != language.Base {
				if _, ok := l.Known("time_rule." + rule.ID); !ok {
					t.Errorf("%s has no title for %s", tag, rule.ID)
				}
			}
		}
		desk := status.Embedded()
		for _, state := range desk.Book().States().All {
			s, err := desk.Status(state.Code, status.DateOf(start))
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range s.Reasons {
				if r.Code == "" {
					t.Errorf("%s: %q has no code", state.Code, r.Text)
				}
				said(string(state.Code), standing(l, r))
			}
		}
	}
}

func TestADeadlineIsExplainedInTheReadersLanguage(t *testing.T) {
	rule, err := deadline.BundledRules().Rule("supplement")
	if err != nil {
		t.Fatal(err)
	}
	start := rogatory.At(time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC))
	due, err := deadline.Compute(rule, start, deadline.BundledCalendars().Of("FR"))
	if err != nil {
		t.Fatal(err)
	}
	for tag, want := range map[string]string{"ar": "السبت", "fr": "fin de semaine", "th": "พ.ศ. 2569", "zh": "星期六"} {
		if got := strings.Join(explained(language.Load().Locale(tag), due.Said, zoneNamed(due.Zone)), "\n"); !strings.Contains(got, want) {
			t.Errorf("%s does not say %q:\n%s", tag, want, got)
		}
	}
}

func TestHealthIsSaidInTheReadersLanguage(t *testing.T) {
	l := language.Load().Locale("fr")
	for _, row := range []struct {
		check       Check
		name, words string
	}{
		{Check{"database", true, "answers"}, "Base de données", "En ordre."},
		{Check{"channel sms", false, "no answer"}, "Canal sms", "Il n’achemine pas les alertes"},
		{Check{"oversight XB", false, "lapsed"}, "Contrôle XB", "Le contrôle a pris fin"},
		{Check{"what is new", false, "x"}, "what is new", "Quelque chose n’a pas fonctionné"},
	} {
		name, said := healthWords(l, row.check)
		if name != row.name || !strings.HasPrefix(said.Words, row.words) || said.English != row.check.Words {
			t.Errorf("%s is %q: %q", row.check.Name, name, said)
		}
	}
}
