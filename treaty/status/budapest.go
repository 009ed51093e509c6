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
	var in struct {
		Name        string               `json:"name"`
		AsOf        Date                 `json:"as_of"`
		Source      string               `json:"source"`
		Verified    bool                 `json:"verified"`
		SignedOnly  []rogatory.StateCode `json:"signed_only"`
		Invited     []rogatory.StateCode `json:"invited"`
		Cooperation []Counterpart        `json:"cooperation"`
		Offences    []Counterpart        `json:"offences"`
		Parties     []BudapestParty      `json:"parties"`
	}
	s, err := readSheet(name, data, &in)
	if err != nil {
		return nil, err
	}
	b := &Budapest{Name: in.Name, AsOf: in.AsOf, Source: in.Source, Verified: in.Verified, SignedOnly: in.SignedOnly, Invited: in.Invited,
		Cooperation: in.Cooperation, Offences: in.Offences, Parties: in.Parties, from: map[rogatory.StateCode]Date{}, word: map[rogatory.StateCode]string{}}
	note := func(word string) func(*rogatory.StateCode) error {
		return func(c *rogatory.StateCode) error {
			if _, err := states.Get(*c); err != nil || c.Fictional() || b.word[*c] != "" {
				return fmt.Errorf("State %.10q is unknown or there twice", *c)
			}
			b.word[*c] = word
			return nil
		}
	}
	each(s, "signed_only", b.SignedOnly, note("signed it and is not a Party"))
	each(s, "invited", b.Invited, note("was invited and is not a Party"))
	counterpart := func() func(*Counterpart) error {
		seen := map[string]bool{}
		return func(c *Counterpart) error {
			if !rogatory.Article(c.Article).Valid() || seen[c.Article] || c.Counterpart == "" && c.Note == "" {
				return fmt.Errorf("article %.20q is not of the Convention or there twice, or has neither a counterpart nor a note", c.Article)
			}
			seen[c.Article] = true
			return nil
		}
	}
	each(s, "cooperation", b.Cooperation, counterpart())
	each(s, "offences", b.Offences, counterpart())
	party := note("is a Party")
	each(s, "parties", b.Parties, func(p *BudapestParty) error {
		switch {
		case !oneOf(p.Kind, consents...):
			return fmt.Errorf("%s: kind %.40q is unknown", p.Code, p.Kind)
		case p.Deposited == 0 || p.InForce <= p.Deposited || p.Deposited > b.AsOf:
			return fmt.Errorf("%s: in force %s, deposited %s and the chart of %s contradict each other", p.Code, p.InForce, p.Deposited, b.AsOf)
		}
		b.from[p.Code] = p.InForce
		return party(&p.Code)
	})
	if s.err != nil {
		return nil, s.err
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

// why is Says by its code, empty where a State has words of its own.
func (b *Budapest) why(code rogatory.StateCode) Reason {
	if from, ok := b.from[code]; ok {
		return Reason{Code: "party", Args: []any{"day", from}}
	}
	if b.word[code] != "" {
		return Reason{}
	}
	return Reason{Code: "not_party", Args: []any{"day", b.AsOf}}
}

// counterpart finds the nearest row for an article: its own, else that of what holds it.
func counterpart(rows []Counterpart, article string) (Counterpart, bool) {
	for a := rogatory.Article(article); a != ""; a = a.Holder() {
		for _, c := range rows {
			if c.Article == string(a) {
				return c, true
			}
		}
	}
	return Counterpart{}, false
}
