// SPDX-License-Identifier: Apache-2.0

package status

import (
	_ "embed"
	"fmt"

	"rogatory"
)

//go:embed data/budapest.json
var budapestData []byte

// Budapest is who is bound by the Convention on Cybercrime of Budapest (ETS 185), and what of the UN
// Convention has a counterpart there. It is immutable after loading.
type Budapest struct {
	Name        string
	AsOf        Date
	Source      string
	Verified    bool
	SignedOnly  []rogatory.StateCode
	Invited     []rogatory.StateCode
	Cooperation []Counterpart
	Offences    []Counterpart
	Parties     []BudapestParty

	from map[rogatory.StateCode]Date // in force
	word map[rogatory.StateCode]string
}

// BudapestParty is one Party with its dates.
type BudapestParty struct {
	Code      rogatory.StateCode `json:"code"`
	Kind      Consent            `json:"kind"`
	Deposited Date               `json:"deposited"`
	InForce   Date               `json:"in_force"`
}

// Counterpart says which articles of the Budapest Convention answer to an article of the UN
// Convention; none if Counterpart is empty.
type Counterpart struct {
	Article     string `json:"article"`
	Counterpart string `json:"counterpart,omitempty"`
	Note        string `json:"note,omitempty"`
}

// LoadBudapest reads the file of Parties, as strictly as LoadBook.
func LoadBudapest(name string, data []byte, states *States) (*Budapest, error) {
	s := openSheet(name, data)
	b := &Budapest{from: map[rogatory.StateCode]Date{}, word: map[rogatory.StateCode]string{}}
	b.Name, b.AsOf, b.Source, b.Verified = member[string](s, "name"), member[Date](s, "as_of"), member[string](s, "source"), member[bool](s, "verified")
	note := func(word string) func(*rogatory.StateCode) error {
		return func(c *rogatory.StateCode) error {
			if _, err := states.Get(*c); err != nil || c.Fictional() || b.word[*c] != "" {
				return fmt.Errorf("State %.10q is unknown or there twice", *c)
			}
			b.word[*c] = word
			return nil
		}
	}
	b.SignedOnly = each(s, "signed_only", note("signed it and is not a Party"))
	b.Invited = each(s, "invited", note("was invited and is not a Party"))
	counterpart := func() func(*Counterpart) error {
		seen := map[string]bool{}
		return func(c *Counterpart) error {
			if !article(c.Article) || seen[c.Article] || c.Counterpart == "" && c.Note == "" {
				return fmt.Errorf("article %.20q is not of the Convention or there twice, or has neither a counterpart nor a note", c.Article)
			}
			seen[c.Article] = true
			return nil
		}
	}
	b.Cooperation, b.Offences = each(s, "cooperation", counterpart()), each(s, "offences", counterpart())
	party := note("is a Party")
	b.Parties = each(s, "parties", func(p *BudapestParty) error {
		switch {
		case !oneOf(p.Kind, consents...):
			return fmt.Errorf("%s: kind %.40q is unknown", p.Code, p.Kind)
		case p.Deposited == 0 || p.InForce <= p.Deposited || p.Deposited > b.AsOf:
			return fmt.Errorf("%s: in force %s, deposited %s and the chart of %s contradict each other", p.Code, p.InForce, p.Deposited, b.AsOf)
		}
		b.from[p.Code] = p.InForce
		return party(&p.Code)
	})
	if err := s.end(); err != nil {
		return nil, err
	}
	return b, nil
}

// Bound reports whether the State was a Party for which it was in force on that day.
func (b *Budapest) Bound(code rogatory.StateCode, on Date) bool {
	from, ok := b.from[code]
	return ok && from <= on
}

// Says tells in words what the chart says about the State.
func (b *Budapest) Says(code rogatory.StateCode) string {
	if from, ok := b.from[code]; ok {
		return "is a Party; in force " + from.String()
	}
	if word := b.word[code]; word != "" {
		return word
	}
	return "is not a Party on the chart of " + b.AsOf.String()
}

// counterpart finds the nearest row for an article: its own, else that of what holds it.
func counterpart(rows []Counterpart, article string) (Counterpart, bool) {
	for a := article; a != ""; a = up(a) {
		for _, c := range rows {
			if c.Article == a {
				return c, true
			}
		}
	}
	return Counterpart{}, false
}
