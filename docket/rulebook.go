// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"slices"
	"sync"

	"rogatory"
	"rogatory/deadline"
	"rogatory/treaty"
	"rogatory/treaty/status"
)

// Rulebook is what an office decides by: the Convention's rules, and how time limits are counted. It is
// immutable.
type Rulebook struct {
	*treaty.Rules
	Times     *deadline.Rules
	Calendars *deadline.Calendars
	Desk      *status.Desk // who is bound by what

	edition string // in force at the place of the journal that fsck has come to; empty for today's
}

// bundled are the time limits, the calendars and the treaty status that came with this program, read once: they take
// milliseconds to read, and many offices may run in one process.
var bundled = sync.OnceValue(func() Rulebook {
	return Rulebook{Times: deadline.BundledRules(), Calendars: deadline.BundledCalendars(), Desk: status.Embedded()}
})

// Standard adds to the Convention's rules the rest that came with this program.
func Standard(rules *treaty.Rules) Rulebook {
	book := bundled()
	book.Rules = rules
	return book
}

// Edition names the rules and calendars together: a start of the node records it, and a file remembers
// under which it was opened.
func (r Rulebook) Edition() string {
	if r.edition != "" {
		return r.edition
	}
	return r.Version + "/" + r.Times.Digest.Short() + "/" + r.Calendars.Digest.Short()
}

// Check refuses a rulebook whose clocks name time limits that it does not have.
func (r Rulebook) Check() error {
	kinds := r.Kinds
	if r.Drill != nil {
		kinds = append(slices.Clone(kinds), *r.Drill)
	}
	for _, k := range kinds {
		for _, c := range k.Clocks {
			if _, err := r.Times.Rule(c.Rule); err != nil {
				return rogatory.Fault(rogatory.Invalid, "rules_invalid", "kind %s, clock %s: %w", k.ID, c.Name, err)
			}
		}
	}
	return nil
}

// Due computes a time limit of a request by the calendar of the State that must act.
func (r Rulebook) Due(id string, f File, at rogatory.Instant) (deadline.Due, error) {
	rule, err := r.Times.Rule(id)
	if err != nil {
		return deadline.Due{}, err
	}
	state := requestedState(f)
	if rule.Whose == deadline.Requesting {
		state = f.Us.State
		if f.Side == rogatory.RequestedSide {
			state = f.Them.State
		}
	}
	return deadline.Compute(rule, at, r.Calendars.Of(state))
}
