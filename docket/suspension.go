// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"encoding/json"
	"slices"
	"strings"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// maxSuspensions bounds how many are kept, those that were lifted among them: more than there are States.
const maxSuspensions = 1000

func suspensionsIn(tx *store.Tx) (all []safeguard.Suspension, err error) {
	data, found, err := tx.Setting(suspensionsSetting)
	if err != nil || !found {
		return nil, err
	}
	if err := json.Unmarshal(data, &all); err != nil {
		return nil, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the suspensions: %w", err).WithHint("run rogatory fsck")
	}
	return all, nil
}

// Suspensions lists the suspensions of cooperation, those that were lifted among them.
func (o *Office) Suspensions(ctx context.Context, by rogatory.Actor) (all []safeguard.Suspension, err error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		all, err = suspensionsIn(tx)
		return err
	})
	return all, err
}

// Suspend stops cooperation with a State that abuses it, until it is looked at again. The first call proposes it; it
// counts when a second person of another role has called it too. What is on its way and what protects people goes on.
func (o *Office) Suspend(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string, review rogatory.Instant) (safeguard.Suspension, error) {
	var s safeguard.Suspension
	err := o.suspending(ctx, by, state, reason, func(all []safeguard.Suspension, i int) ([]safeguard.Suspension, rogatory.Entry, error) {
		approval := safeguard.Approval{Person: by.Name, Role: by.Role, Authenticator: credentialOf(by)}
		now := o.now()
		if i >= 0 && all[i].Valid() {
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "already_suspended", "cooperation with %s is suspended since %s", state, all[i].From)
		}
		if review <= now {
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Invalid, "review_past", "a suspension is looked at again later, not at %s", review)
		}
		if i < 0 {
			if err := reasoned(reason); err != nil {
				return nil, rogatory.Entry{}, err
			}
			if review.Sub(now) > safeguard.LongestSuspension {
				return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Invalid, "review_late", "a suspension is looked at again within %d days", int(safeguard.LongestSuspension.Hours()/24))
			}
			all = append(all, safeguard.Suspension{State: state, Reason: reason, From: now, Review: review})
			i = len(all) - 1
		}
		if slices.ContainsFunc(all[i].By, func(a safeguard.Approval) bool {
			return a.Person == by.Name || a.Role == by.Role || a.Authenticator == approval.Authenticator
		}) {
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "another person of another role has to agree to the suspension of %s", state)
		}
		all[i].By = append(all[i].By, approval)
		s = all[i]
		return all, rogatory.Entry{Type: rogatory.StateSuspended, At: now, By: by, Name: string(state), Why: reason, Until: all[i].Review}, nil
	})
	return s, err
}

// Resume lifts a suspension: the first call proposes it, the second, by a person of another role, does it.
func (o *Office) Resume(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string) (safeguard.Suspension, error) {
	var s safeguard.Suspension
	err := o.suspending(ctx, by, state, reason, func(all []safeguard.Suspension, i int) ([]safeguard.Suspension, rogatory.Entry, error) {
		if i < 0 {
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "not_suspended", "cooperation with %s is not suspended", state)
		}
		approval := safeguard.Approval{Person: by.Name, Role: by.Role, Authenticator: credentialOf(by)}
		if all[i].Lifted == nil {
			if err := reasoned(reason); err != nil {
				return nil, rogatory.Entry{}, err
			}
			all[i].Lifted = &safeguard.Lifting{Reason: reason}
		}
		if slices.ContainsFunc(all[i].Lifted.By, func(a safeguard.Approval) bool {
			return a.Person == by.Name || a.Role == by.Role || a.Authenticator == approval.Authenticator
		}) {
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Denied, "second_person_needed", "another person of another role has to agree that cooperation with %s is resumed", state)
		}
		all[i].Lifted.By = append(all[i].Lifted.By, approval)
		if len(all[i].Lifted.By) > 1 {
			all[i].Lifted.At = o.now()
		}
		s = all[i]
		return all, rogatory.Entry{Type: rogatory.StateResumed, At: o.now(), By: by, Name: string(state), Why: reason}, nil
	})
	return s, err
}

// ReviewSuspension keeps a suspension for a reason, until it is looked at again.
func (o *Office) ReviewSuspension(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string, next rogatory.Instant) (safeguard.Suspension, error) {
	var s safeguard.Suspension
	if err := reasoned(reason); err != nil {
		return s, err
	}
	err := o.suspending(ctx, by, state, reason, func(all []safeguard.Suspension, i int) ([]safeguard.Suspension, rogatory.Entry, error) {
		now := o.now()
		switch {
		case i < 0 || !all[i].Valid():
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "not_suspended", "cooperation with %s is not suspended", state)
		case next <= now:
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Invalid, "review_past", "a suspension is looked at again later, not at %s", next)
		case next.Sub(now) > safeguard.LongestSuspension:
			return nil, rogatory.Entry{}, rogatory.Fault(rogatory.Invalid, "review_late", "a suspension is looked at again within %d days", int(safeguard.LongestSuspension.Hours()/24))
		}
		all[i].Reviewed = append(all[i].Reviewed, safeguard.Review{By: by.Name, Reason: reason, At: now, Next: next})
		s = all[i]
		return all, rogatory.Entry{Type: rogatory.StateReviewed, At: now, By: by, Name: string(state), Why: reason, Until: next}, nil
	})
	return s, err
}

// suspending changes the list and records it, in one transaction. i is the suspension of the state that was not lifted,
// or -1.
func (o *Office) suspending(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string, change func(all []safeguard.Suspension, i int) ([]safeguard.Suspension, rogatory.Entry, error)) error {
	if err := mayReview(by, "suspend cooperation"); err != nil {
		return err
	}
	if err := o.present(by, "decide on cooperation with a State"); err != nil {
		return err
	}
	if !state.Valid() || state == o.Us.State {
		return rogatory.Fault(rogatory.Invalid, "state_invalid", "%.10q is not another State", state)
	}
	if strings.TrimSpace(reason) == "" || len(reason) > maxReviewText {
		return rogatory.Fault(rogatory.Invalid, "words_missing", "say why, in at most %d bytes", maxReviewText)
	}
	return o.Store.Update(ctx, func(tx *store.Tx) error {
		all, err := suspensionsIn(tx)
		if err != nil {
			return err
		}
		i := slices.IndexFunc(all, func(s safeguard.Suspension) bool {
			return s.State == state && (s.Lifted == nil || s.Lifted.At == 0)
		})
		all, e, err := change(all, i)
		if err != nil {
			return err
		}
		if len(all) > maxSuspensions {
			return rogatory.Fault(rogatory.Busy, "too_many", "%d suspensions, at most %d are kept", len(all), maxSuspensions)
		}
		data, err := json.Marshal(all)
		if err == nil {
			err = tx.SetSetting(suspensionsSetting, data)
		}
		if err == nil {
			err = o.record(tx, e)
		}
		return err
	})
}

// reasoned refuses a reason that says nothing.
func reasoned(reason string) error {
	if safeguard.Reasoned(reason) {
		return nil
	}
	return rogatory.Fault(rogatory.Invalid, "words_missing", "say why, in at least %d words", safeguard.MinWords)
}
