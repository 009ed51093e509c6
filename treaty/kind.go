// SPDX-License-Identifier: Apache-2.0

package treaty

import (
	"cmp"
	"slices"
	"time"

	"rogatory"
)

// Allows reports whether a request of this kind can have the act at all.
func (k Kind) Allows(act rogatory.Act) bool {
	return slices.Contains(common, act) && !slices.Contains(k.Without, act) || slices.Contains(k.Acts, act)
}

// AllowsBy is Allows for one side: exhibits go from the requested State to the requesting one, and the
// other way only where the kind is mutual.
func (k Kind) AllowsBy(act rogatory.Act, by rogatory.Side) bool {
	if !k.Allows(act) {
		return false
	}
	switch act {
	case rogatory.Offer, rogatory.RevokeOffer:
		return by == rogatory.RequestedSide || k.Mutual
	case rogatory.Take:
		return by == rogatory.RequestingSide || k.Mutual
	}
	return true
}

// Part returns the part of that name.
func (k Kind) Part(id string) (Part, bool) {
	i := slices.IndexFunc(k.Parts, func(p Part) bool { return p.ID == id })
	if i < 0 {
		return Part{}, false
	}
	return k.Parts[i], true
}

// FieldsOf returns what a request of this kind and part must and may say.
func (k Kind) FieldsOf(part string) (required, optional []string) {
	p, _ := k.Part(part)
	for _, f := range k.Required {
		if !slices.Contains(p.Without, f) {
			required = append(required, f)
		}
	}
	return append(required, p.Required...), slices.Concat(k.Optional, p.Optional, p.Without)
}

// offences are the articles that the kind may serve.
func (k Kind) offences() []string {
	if len(k.Only) > 0 {
		return k.Only
	}
	return offenceArticles
}

func (k Kind) consultArticle() string { return cmp.Or(k.ConsultArticle, "40(28)") }
func (k Kind) reasonsArticle() string { return cmp.Or(k.ReasonsArticle, "40(25)") }

// In returns the bounds of the measure under the law of the requested State.
func (m Bounds) In(state rogatory.StateCode) Bounds {
	if n, ok := m.National[state]; ok {
		return n
	}
	return m
}

// Source says where the bounds come from, and whether a jurist verified that.
func (m Bounds) Source() string {
	source := "Art " + m.Article + "; " + m.Basis
	if !m.Verified {
		source += "; " + unverified
	}
	return source
}

// unverified marks a rule that was not yet held against the official text.
const unverified = "not verified by a jurist"

// Starts lists the clocks that the event starts: Received, or an act.
func (k Kind) Starts(event string) []Clock {
	var clocks []Clock
	for _, c := range k.Clocks {
		if c.From == event {
			clocks = append(clocks, c)
		}
	}
	return clocks
}

// Stops lists the clocks that the act stops.
func (k Kind) Stops(act rogatory.Act) []string {
	var names []string
	for _, c := range k.Clocks {
		if slices.Contains(c.Until, act) {
			names = append(names, c.Name)
		}
	}
	return names
}

// Day is the Convention's day: the text counts days, not working hours.
const Day = 24 * time.Hour

// EarliestEnd is the first moment at which a preservation made at that time may end, Art 42(8).
func (k Kind) EarliestEnd(since rogatory.Instant) rogatory.Instant {
	return since.Add(time.Duration(k.PreserveDays) * Day)
}
