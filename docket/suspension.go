// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
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
	return o.suspending(ctx, by, state, reason, func(s *safeguard.Suspension, now rogatory.Instant) (rogatory.Entry, error) {
		e := rogatory.Entry{Type: rogatory.StateSuspended, Until: review}
		switch {
		case s != nil && s.Valid():
			return e, rogatory.Fault(rogatory.Conflict, "already_suspended", "cooperation with %s is suspended since %s", state, s.From)
		case review <= now:
			return e, rogatory.Fault(rogatory.Invalid, "review_past", "a suspension is looked at again later, not at %s", review)
		case s != nil && approvedBy(s.By, by):
			return e, rogatory.Fault(rogatory.Denied, "second_person_needed", "another person of another role has to agree to the suspension of %s", state)
		case s != nil:
			e.Until = s.Review
			return e, nil
		case review.Sub(now) > safeguard.LongestSuspension:
			return e, rogatory.Fault(rogatory.Invalid, "review_late", "a suspension is looked at again within %d days", int(safeguard.LongestSuspension.Hours()/24))
		}
		return e, reasoned(reason)
	})
}

// Resume lifts a suspension: the first call proposes it, the second, by a person of another role, does it.
func (o *Office) Resume(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string) (safeguard.Suspension, error) {
	return o.suspending(ctx, by, state, reason, func(s *safeguard.Suspension, now rogatory.Instant) (rogatory.Entry, error) {
		e := rogatory.Entry{Type: rogatory.StateResumed}
		switch {
		case s == nil:
			return e, rogatory.Fault(rogatory.Conflict, "not_suspended", "cooperation with %s is not suspended", state)
		case s.Lifted == nil:
			return e, reasoned(reason)
		case approvedBy(s.Lifted.By, by):
			return e, rogatory.Fault(rogatory.Denied, "second_person_needed", "another person of another role has to agree that cooperation with %s is resumed", state)
		}
		return e, nil
	})
}

// ReviewSuspension keeps a suspension for a reason, until it is looked at again. It is an answer to whoever proposed to lift it:
// that has to be proposed anew.
func (o *Office) ReviewSuspension(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string, next rogatory.Instant) (safeguard.Suspension, error) {
	return o.suspending(ctx, by, state, reason, func(s *safeguard.Suspension, now rogatory.Instant) (rogatory.Entry, error) {
		e := rogatory.Entry{Type: rogatory.StateReviewed, Until: next}
		switch {
		case s == nil || !s.Valid():
			return e, rogatory.Fault(rogatory.Conflict, "not_suspended", "cooperation with %s is not suspended", state)
		case next <= now:
			return e, rogatory.Fault(rogatory.Invalid, "review_past", "a suspension is looked at again later, not at %s", next)
		case next.Sub(now) > safeguard.LongestSuspension:
			return e, rogatory.Fault(rogatory.Invalid, "review_late", "a suspension is looked at again within %d days", int(safeguard.LongestSuspension.Hours()/24))
		}
		return e, reasoned(reason)
	})
}

// approvedBy reports whether by, the role or what was shown at the door stands among those who approved.
func approvedBy(all []safeguard.Approval, by rogatory.Actor) bool {
	return slices.ContainsFunc(all, func(a safeguard.Approval) bool {
		return a.Person == by.Name || a.Role == by.Role || a.Authenticator == credentialOf(by)
	})
}

// open is the suspension of a State that was not lifted, or -1.
func open(all []safeguard.Suspension, state rogatory.StateCode) int {
	return slices.IndexFunc(all, func(s safeguard.Suspension) bool {
		return s.State == state && (s.Lifted == nil || s.Lifted.At == 0)
	})
}

// suspended is the list after an entry. Both the office and fsck come through here.
func suspended(all []safeguard.Suspension, e rogatory.Entry) []safeguard.Suspension {
	state, i := rogatory.StateCode(e.Name), open(all, rogatory.StateCode(e.Name))
	if i < 0 {
		if e.Type != rogatory.StateSuspended {
			return all
		}
		all = append(all, safeguard.Suspension{State: state, Reason: e.Why, From: e.At, Review: e.Until})
		i = len(all) - 1
	}
	s := &all[i]
	approval := safeguard.Approval{Person: e.By.Name, Role: e.By.Role, Authenticator: e.Credential}
	switch e.Type {
	case rogatory.StateSuspended:
		s.By = append(s.By, approval)
	case rogatory.StateReviewed:
		s.Reviewed, s.Lifted = append(s.Reviewed, safeguard.Review{By: e.By.Name, Reason: e.Why, At: e.At, Next: e.Until}), nil
	case rogatory.StateResumed:
		if s.Lifted == nil {
			s.Lifted = &safeguard.Lifting{Reason: e.Why}
		}
		if s.Lifted.By = append(s.Lifted.By, approval); len(s.Lifted.By) > 1 {
			s.Lifted.At = e.At
		}
	}
	return all
}

// suspending records what decide makes of the suspension of a State, nil if there is none that was not lifted, and changes the
// list by it, in one transaction.
func (o *Office) suspending(ctx context.Context, by rogatory.Actor, state rogatory.StateCode, reason string, decide func(s *safeguard.Suspension, now rogatory.Instant) (rogatory.Entry, error)) (s safeguard.Suspension, err error) {
	if err := mayReview(by, "suspend cooperation"); err != nil {
		return s, err
	}
	if err := o.present(by, "decide on cooperation with a State"); err != nil {
		return s, err
	}
	if !state.Valid() || state == o.Us.State {
		return s, rogatory.Fault(rogatory.Invalid, "state_invalid", "%.10q is not another State", state)
	}
	if strings.TrimSpace(reason) == "" || len(reason) > maxReviewText {
		return s, rogatory.Fault(rogatory.Invalid, "words_missing", "say why, in at most %d bytes", maxReviewText)
	}
	err = o.Store.Update(ctx, func(tx *store.Tx) error {
		all, err := suspensionsIn(tx)
		if err != nil {
			return err
		}
		now, i := o.now(), open(all, state)
		var of *safeguard.Suspension
		if i >= 0 {
			of = &all[i]
		}
		e, err := decide(of, now)
		if err != nil {
			return err
		}
		e.At, e.By, e.Name, e.Why, e.Credential = now, by, string(state), reason, credentialOf(by)
		if all = suspended(all, e); i < 0 {
			i = len(all) - 1
		}
		if len(all) > maxSuspensions {
			return rogatory.Fault(rogatory.Busy, "too_many", "%d suspensions, at most %d are kept", len(all), maxSuspensions)
		}
		s = all[i]
		if err := keepSuspensions(tx, all); err != nil {
			return err
		}
		return o.record(tx, e)
	})
	return s, err
}

func keepSuspensions(tx *store.Tx, all []safeguard.Suspension) error {
	data, err := json.Marshal(all)
	if err != nil {
		return err
	}
	return tx.SetSetting(suspensionsSetting, data)
}

// suspensionsKept holds the list of suspensions against the journal, or puts it right: whoever has the database strikes off
// none.
func (r *replay) suspensionsKept() error {
	have, _, err := r.tx.Setting(suspensionsSetting)
	if err != nil || len(have) == 0 && len(r.suspensions) == 0 {
		return err
	}
	if r.mend {
		return keepSuspensions(r.tx, r.suspensions)
	}
	want, err := json.Marshal(r.suspensions)
	if err == nil && !bytes.Equal(have, want) {
		err = damaged("view_damaged", "the suspensions of cooperation are not what the journal adds up to")
	}
	return err
}

// reasoned refuses a reason that says nothing.
func reasoned(reason string) error {
	if safeguard.Reasoned(reason) {
		return nil
	}
	return rogatory.Fault(rogatory.Invalid, "words_missing", "say why, in at least %d words", safeguard.MinWords)
}
