// SPDX-License-Identifier: Apache-2.0

package status

import (
	_ "embed"
	"fmt"

	"rogatory"
)

//go:embed data/basis.json
var rulesData []byte

// Rule is a rule of law that an answer of Basis rests on, as data that a jurist can mend.
type Rule struct {
	Name     string   `json:"name"`
	Text     string   `json:"text"`
	Article  string   `json:"article,omitempty"`
	Source   string   `json:"source,omitempty"` // instead of an article of the Convention
	Verified bool     `json:"verified"`
	Articles []string `json:"articles,omitempty"` // that the rule is about
}

// ruleNames are the rules that Basis applies; a file has each of them once, and no other.
var ruleNames = []string{
	"exercise", "budapest_first", "budapest_scope", "budapest_extradition", "budapest_gap", "other_treaty", "paragraphs", "offence", "serious", "scope", "unnamed",
	"reservation", "agreement", "reciprocity", "organisation", "none", "languages", "channel_network", "channel_contact", "channel_diplomatic", "channel_interpol",
}

// LoadRules reads the rules of Basis, as strictly as LoadBook.
func LoadRules(name string, data []byte) (map[string]Rule, error) {
	var in struct {
		Version string `json:"version"`
		Rules   []Rule `json:"rules"`
	}
	s, err := readSheet(name, data, &in)
	if err != nil {
		return nil, err
	}
	rules := map[string]Rule{}
	each(s, "rules", in.Rules, func(r *Rule) error {
		if _, twice := rules[r.Name]; twice || !oneOf(r.Name, ruleNames...) {
			return fmt.Errorf("rule %.40q is unknown or there twice", r.Name)
		}
		if r.Text == "" || (r.Article == "") == (r.Source == "") {
			return fmt.Errorf("rule %s lacks its text, or has not one of article and source", r.Name)
		}
		for _, a := range append([]string{r.Article}, r.Articles...) {
			if a != "" && !rogatory.Article(a).Valid() {
				return fmt.Errorf("rule %s: article %.20q is not of the Convention", r.Name, a)
			}
		}
		rules[r.Name] = *r
		return nil
	})
	for _, n := range ruleNames {
		if _, ok := rules[n]; !ok {
			s.fault(fmt.Errorf("rule %s is missing", n), "rules")
		}
	}
	if s.err != nil {
		return nil, s.err
	}
	return rules, nil
}

// covers reports whether the article is one of those that the rule is about, or a part of one.
func (r Rule) covers(a string) bool {
	for _, held := range r.Articles {
		if within(a, held) {
			return true
		}
	}
	return false
}

// because makes a reason of the rule, with the facts that it was applied to.
func (r Rule) because(format string, args ...any) Reason {
	text := r.Text
	if format != "" {
		text += ": " + fmt.Sprintf(format, args...)
	}
	return Reason{Text: text, Article: r.Article, Source: r.Source, Verified: r.Verified}
}
