// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"fmt"
	"slices"
	"time"

	"rogatory"
)

// Hold is a time during which something must stay held, under orders each of which ends.
type Hold struct {
	From  rogatory.Instant `json:"from"`  // when the first order begins
	Until rogatory.Instant `json:"until"` // the first moment at which nothing needs to be held; zero: until decision
	Order string           `json:"order"` // rule of the first order; extended_by says which follow
	Lead  string           `json:"lead"`  // rule that says how long before the end of an order the next is decided
}

// Renewal is one order of a plan: the first, or one that follows.
type Renewal struct {
	Number   int              `json:"number"` // from 1, the first order
	Rule     string           `json:"rule"`
	Version  int              `json:"version"`
	Begins   rogatory.Instant `json:"begins"`    // when the one before ends: never earlier, never later
	Ends     rogatory.Instant `json:"ends"`      // the first moment that it does not cover
	Longest  rogatory.Instant `json:"longest"`   // when its rule would end it
	DecideBy rogatory.Instant `json:"decide_by"` // before this moment it has to be decided
	Steps    []string         `json:"steps"`
	Warnings []string         `json:"warnings,omitempty"`
}

// Limits on a plan.
const (
	MaxHold   = 3660 * 24 * time.Hour // ten years: a longer hold is planned again in time
	MaxOrders = 500                   // more cannot be decided by people in ten years
	OpenHold  = 366 * 24 * time.Hour  // how far a hold until decision is planned
)

// The rules of a preservation for another State, and of its renewals.
const (
	DomesticOrder = "domestic_order"
	RenewalLead   = "renewal_lead"
)

// Plan returns the orders under which a hold stays covered from its first moment to its last, by the
// calendar of the State that orders: each begins when the one before ends, none is longer than its rule
// allows, and each is decided its lead before that. A hold until decision is planned for OpenHold.
//
// Errors: rule_unknown, hold_invalid, those of Compute, hold_too_long (MaxHold, MaxOrders), and
// hold_not_covered where no further order is allowed; its message says until when orders can hold.
func (r *Rules) Plan(h Hold, c Calendar) ([]Renewal, error) {
	order, err := r.Rule(h.Order)
	if err != nil {
		return nil, err
	}
	lead, err := r.Rule(h.Lead)
	if err != nil {
		return nil, err
	}
	until := h.Until
	if until == 0 {
		until = h.From.Add(OpenHold)
	}
	switch {
	case h.From < firstMoment || until > lastMoment || until <= h.From:
		return nil, rogatory.Fault(rogatory.Invalid, "hold_invalid", "a hold from %s until %s is none", h.From, h.Until)
	case until.Sub(h.From) > MaxHold:
		return nil, rogatory.Fault(rogatory.Invalid, "hold_too_long", "a hold from %s until %s is longer than ten years", h.From, h.Until)
	case order.Direction != After || order.Unit != Hours && order.Unit != Days || lead.Direction != Before:
		return nil, rogatory.Fault(rogatory.Invalid, "hold_invalid", "%s is no order in hours or days, or %s no lead before its end", h.Order, h.Lead)
	}
	var plan []Renewal
	begins, decided := h.From, h.From
	for len(plan) < MaxOrders {
		due, err := Compute(order, begins, c)
		if err != nil {
			return nil, err
		}
		if due.At <= begins {
			return nil, rogatory.Fault(rogatory.Invalid, "hold_invalid", "an order under %s from %s ends at once", order.ID, begins)
		}
		next := Renewal{Number: len(plan) + 1, Rule: order.ID, Version: order.Version, Begins: begins, Ends: min(due.At, until),
			Longest: due.At, DecideBy: decided, Steps: due.Steps, Warnings: due.Warnings}
		if len(plan) > 0 {
			if err := next.lead(lead, plan[len(plan)-1], c); err != nil {
				return nil, err
			}
		}
		plan = append(plan, next)
		if next.Ends == until {
			return plan, nil
		}
		if begins, decided = next.Ends, next.DecideBy; order.ExtendedBy == "" {
			return nil, rogatory.Fault(rogatory.Invalid, "hold_not_covered", "orders hold until %s and no longer, and %s is asked for: %s cannot be extended", begins, until, order.ID).
				WithHint("plan until then, and obtain before it an order under another rule")
		}
		if order, err = r.Rule(order.ExtendedBy); err != nil {
			return nil, err
		}
	}
	return nil, rogatory.Fault(rogatory.Invalid, "hold_too_long", "a hold until %s takes more than %d orders", until, MaxOrders)
}

// lead sets by when a renewal is decided: the lead before the order before it ends, and where the lead
// is longer than that order, when that order begins.
func (n *Renewal) lead(rule Rule, before Renewal, c Calendar) error {
	due, err := Compute(rule, n.Begins, c)
	if err != nil {
		return err
	}
	n.DecideBy = due.At
	for _, w := range due.Warnings {
		if !slices.Contains(n.Warnings, w) {
			n.Warnings = append(n.Warnings, w)
		}
	}
	if n.DecideBy < before.Begins {
		n.DecideBy = before.Begins
		n.Steps = append(n.Steps, fmt.Sprintf("the lead of %s is longer than the order before: decide when that one begins", rule.Length()))
	}
	n.Steps = append(n.Steps, "decide it before "+c.show(n.DecideBy))
	return nil
}
