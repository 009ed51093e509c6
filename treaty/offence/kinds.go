// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"slices"
	"strings"

	"rogatory"
)

// KindRule says what dual criminality is to some kinds of request.
type KindRule struct {
	Rule            string                 `json:"rule"`
	Article         string                 `json:"article"`
	ReservedArticle string                 `json:"reserved_article,omitempty"`
	Verified        bool                   `json:"verified"`
	Kinds           []rogatory.RequestKind `json:"kinds"`
	Text            string                 `json:"text"`
}

// The rules of KindRule.
const (
	ruleNo       = "no"            // it may not be looked at
	ruleMay      = "may"           // the requested State may
	ruleRequired = "required"      // it has to
	ruleReserved = "only_reserved" // it may if it made the reservation, and only for other offences than the Convention's
)

// Permission is the answer to whether dual criminality may be looked at.
type Permission struct {
	May      bool   `json:"may"`
	Required bool   `json:"required"`
	Article  string `json:"article"`
	Why      string `json:"why"`
	Verified bool   `json:"verified"`
}

// MayCompare says whether the requested State may look at dual criminality for a request of that kind
// on that offence. reserved tells whether it made the reservation of Art 42(5), see Law.Reserves. An
// offence with any article of the Convention is an offence of the Convention: give those that the
// facts reach as well as those that the request names, see Reached, so that leaving out the name opens
// no door. A kind that the data do not know is an error, and so is an unknown article.
func (c *Catalogue) MayCompare(kind rogatory.RequestKind, o rogatory.Offence, reserved bool) (Permission, error) {
	for _, a := range o.Articles {
		if _, err := c.Offence(a); err != nil {
			return Permission{}, err
		}
	}
	i := slices.IndexFunc(c.DualCriminality, func(r KindRule) bool { return slices.Contains(r.Kinds, kind) })
	if i < 0 {
		var all []string
		for _, r := range c.DualCriminality {
			for _, k := range r.Kinds {
				all = append(all, string(k))
			}
		}
		return Permission{}, rogatory.Fault(rogatory.Invalid, "kind_unknown", "it is not known what dual criminality is to requests of the kind %.60q", kind).
			WithHint("the kinds are " + strings.Join(all, ", "))
	}
	r := c.DualCriminality[i]
	m := Permission{Article: r.Article, Why: r.Text, Verified: r.Verified}
	switch r.Rule {
	case ruleRequired:
		m.May, m.Required = true, true
	case ruleMay:
		m.May = true
	case ruleReserved:
		if reserved && len(o.Articles) == 0 {
			m.May, m.Article = true, r.ReservedArticle
		}
	}
	return m, nil
}
