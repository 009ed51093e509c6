// SPDX-License-Identifier: Apache-2.0

package offence

import (
	"fmt"
	"time"

	"rogatory"
)

// Date is a day, written 2026-11-25. Laws begin and end with days, not with moments.
type Date string

// ParseDate reads a day between the years 1000 and 9999.
func ParseDate(s string) (Date, error) {
	if t, err := time.Parse(time.DateOnly, s); err != nil || t.Year() < 1000 {
		return "", rogatory.Fault(rogatory.Invalid, "date_invalid", "%.40q is not a date", s).WithHint("write it like 2026-11-25")
	}
	return Date(s), nil
}

// yearsBefore returns the same day that many years earlier; the date itself if it is none.
func (d Date) yearsBefore(n int) Date {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return d
	}
	return Date(t.AddDate(-n, 0, 0).Format(time.DateOnly))
}

// Provision is one offence of a national law. What the Convention calls it is told by Article and
// matters only for what its ids mean; a comparison never looks at Law, Section or Title.
type Provision struct {
	State   rogatory.StateCode `json:"state"`
	Law     string             `json:"law"`
	Section string             `json:"section"`
	Title   string             `json:"title"`
	// In force from the first to the last of these days; an empty Until means that no end is known.
	From  Date `json:"in_force_from"`
	Until Date `json:"in_force_until,omitempty"`
	// Article is that of the Convention; empty for an offence outside it, which can be reached only
	// as a serious crime (Art 35(1)(c)).
	Article string `json:"article"`
	// Elements are what the law requires: those of the Convention's article, the file's own, and
	// circumstances, results and intentions of other articles.
	Elements     []ElementID `json:"elements"`
	Alternatives []string    `json:"alternatives,omitempty"` // those that the law covers
	Options      []ElementID `json:"optional_elements_required,omitempty"`
	Extends      []ElementID `json:"extends,omitempty"`
	Excluded     []ElementID `json:"excluded,omitempty"` // what the law takes out
	Forms        []Form      `json:"forms"`              // besides the completed act
	// Penalties are whole years of deprivation of liberty, rounded down; Life for life. Nil: unknown.
	Max      *int   `json:"max_penalty_years,omitempty"`
	Min      *int   `json:"min_penalty_years,omitempty"`
	RaisedOn Date   `json:"penalty_raised_on,omitempty"` // the last time that the maximum rose
	Source   string `json:"source"`
	// VerifiedBy is the jurist who compared the record with the law, on VerifiedOn; empty: nobody did.
	VerifiedBy string `json:"verified_by,omitempty"`
	VerifiedOn Date   `json:"verified_on,omitempty"`
}

// Life is how a penalty for life is written, and the highest figure that is accepted.
const Life = 100

// Cite names the provision for people.
func (p Provision) Cite() string {
	return fmt.Sprintf("%s, section %s (%s)", p.Law, p.Section, p.Title)
}

// InForce reports whether the provision is in force on that day.
func (p Provision) InForce(on Date) bool { return on >= p.From && (p.Until == "" || on <= p.Until) }

// Serious computes the test of Art 2(h) on the maximum penalty alone: Unclear if it is unknown.
func (p Provision) Serious() Outcome { return Penalty{Years: p.Max}.serious() }

// Reservation is what a State declared about articles of the Convention.
type Reservation struct {
	Articles []string `json:"articles"`
	Text     string   `json:"text"`
	Source   string   `json:"source"`
}

// State heads one State's record.
type State struct {
	State rogatory.StateCode `json:"state"`
	Name  string             `json:"name"`
	// InFull lists the articles on which every offence of the State's law is recorded. On the others
	// the absence of a provision proves nothing, and the result is unclear.
	InFull       []string      `json:"recorded_in_full"`
	Reservations []Reservation `json:"reservations"`
}

// National is the offences of national laws. It is immutable after LoadNational.
type National struct {
	Version  string                `json:"version"`
	Elements map[ElementID]Element `json:"elements"` // which the Convention does not know
	States   []State               `json:"states"`
	Offences []Provision           `json:"offences"`
	Digest   rogatory.Digest       `json:"-"` // of the file it was loaded from
}

// Law is what is recorded of one State's law.
type Law struct {
	State
	Known      bool                  `json:"known"` // whether anything is recorded at all
	Elements   map[ElementID]Element `json:"elements"`
	Provisions []Provision           `json:"provisions"`
}

// Law returns one State's law; for a State of which nothing is recorded it says so.
func (n *National) Law(state rogatory.StateCode) Law {
	law := Law{State: State{State: state}, Elements: n.Elements}
	for _, s := range n.States {
		if s.State == state {
			law.State, law.Known = s, true
		}
	}
	for _, p := range n.Offences {
		if p.State == state {
			law.Provisions = append(law.Provisions, p)
		}
	}
	return law
}

// Reserves reports whether the State made a reservation about that article.
func (l Law) Reserves(article string) (Reservation, bool) {
	for _, r := range l.Reservations {
		for _, a := range r.Articles {
			if a == article {
				return r, true
			}
		}
	}
	return Reservation{}, false
}
