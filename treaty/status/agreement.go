// SPDX-License-Identifier: Apache-2.0

package status

import (
	"fmt"
	"slices"

	"rogatory"
)

// Agreement is another instrument between States, recorded by the office: a treaty of mutual legal
// assistance, or an assurance of reciprocity.
type Agreement struct {
	Name     string               `json:"name"`
	Kind     string               `json:"kind"` // bilateral, multilateral or reciprocity
	States   []rogatory.StateCode `json:"states"`
	Articles []string             `json:"articles"` // of the UN Convention whose cooperation it also gives
	From     Date                 `json:"in_force_from"`
	Until    Date                 `json:"in_force_until,omitzero"` // its last day
	Source   string               `json:"source"`
	Verified bool                 `json:"verified"`
}

var agreementKinds = []string{"bilateral", "multilateral", "reciprocity"}

// MaxAgreements bounds the list of an office: a State has at most a few hundred such treaties.
const MaxAgreements = 1000

// LoadAgreements reads an office's list of other instruments: {"agreements": [...]}. It is refused
// whole, with file and line.
func LoadAgreements(name string, data []byte, states *States) ([]Agreement, error) {
	var in struct {
		Agreements []Agreement `json:"agreements"`
	}
	s, err := readSheet(name, data, &in)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	each(s, "agreements", in.Agreements, func(a *Agreement) error {
		if a.Name == "" || names[a.Name] {
			return fmt.Errorf("agreement %.60q has no name or is there twice", a.Name)
		}
		names[a.Name] = true
		return a.check(states)
	})
	if n := len(in.Agreements); n > MaxAgreements {
		s.fault(fmt.Errorf("%d agreements, at most %d are read", n, MaxAgreements), "agreements")
	}
	if s.err != nil {
		return nil, s.err
	}
	return in.Agreements, nil
}

func (a *Agreement) check(states *States) error {
	if !oneOf(a.Kind, agreementKinds...) {
		return fmt.Errorf("%.60s: kind %.20q is not one of %v", a.Name, a.Kind, agreementKinds)
	}
	if len(a.States) < 2 || a.Kind == "bilateral" && len(a.States) != 2 {
		return fmt.Errorf("%.60s: %d States for a %s agreement", a.Name, len(a.States), a.Kind)
	}
	for i, c := range a.States {
		if _, err := states.Get(c); err != nil || slices.Contains(a.States[:i], c) {
			return fmt.Errorf("%.60s: State %.10q is unknown or there twice", a.Name, c)
		}
	}
	if len(a.Articles) == 0 || a.Source == "" {
		return fmt.Errorf("%.60s: articles or source are missing", a.Name)
	}
	for i, one := range a.Articles {
		if !rogatory.Article(one).Valid() || slices.Contains(a.Articles[:i], one) {
			return fmt.Errorf("%.60s: article %.20q is not of the Convention or there twice", a.Name, one)
		}
	}
	if a.From == 0 || a.Until != 0 && a.Until < a.From {
		return fmt.Errorf("%.60s: in force from %s until %s", a.Name, a.From, a.Until)
	}
	return nil
}

// gives reports whether the agreement binds both States on that day for the article's cooperation.
func (a *Agreement) gives(from, to rogatory.StateCode, art string, on Date) bool {
	return on >= a.From && (a.Until == 0 || on <= a.Until) &&
		slices.Contains(a.States, from) && slices.Contains(a.States, to) &&
		slices.ContainsFunc(a.Articles, func(held string) bool { return within(art, held) })
}
