// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"
	"slices"
	"strings"

	"rogatory"
)

// Duty is a condition that binds this office, as somebody here follows it (Arts 36(2), 40(19)): it begins when we agree to
// the conditions, and outlives the request. It is not told to the other State.
type Duty struct {
	Condition string           `json:"condition"` // as the other State wrote it
	Due       rogatory.Instant `json:"due,omitzero"`
	By        string           `json:"by,omitempty"` // who set the date, or says that it is met
	Met       rogatory.Instant `json:"met,omitzero"`
	How       string           `json:"how,omitempty"` // why the date, or how it was met
}

// binds begins the duties, once the conditions bind: on the side that has to keep them.
func (f *File) binds() {
	f.Duties = nil
	if f.Side == rogatory.RequestingSide {
		for _, c := range f.Conditions {
			f.Duties = append(f.Duties, Duty{Condition: c})
		}
	}
}

// duty moves a duty by an entry of ours, and the clock to the first that is still to be met.
func (f *File) duty(e rogatory.Entry) {
	f.Duties, f.Deadlines = slices.Clone(f.Duties), slices.Clone(f.Deadlines)
	i := slices.IndexFunc(f.Duties, func(d Duty) bool { return d.Condition == e.Name })
	if i < 0 {
		return
	}
	d := &f.Duties[i]
	if d.By, d.How = e.By.Name, e.Why; e.Type == rogatory.DutyMet {
		d.Met = e.At
	} else {
		d.Due = e.Until
	}
	var next rogatory.Instant
	for _, d := range f.Duties {
		if d.Met == 0 && d.Due != 0 && (next == 0 || d.Due < next) {
			next = d.Due
		}
	}
	if next != 0 {
		f.setDeadline(DutyDue, next, "40(19)")
	} else {
		f.stop(DutyDue, Met)
	}
}

// maxDutyWords bounds what is said of a duty: a few sentences.
const maxDutyWords = 2000

func (o *Office) onDuty(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, condition, words string, entry rogatory.Entry) (File, error) {
	if err := may(by, rogatory.Acknowledge); err != nil {
		return File{}, err
	}
	if strings.TrimSpace(words) == "" || len(words) > maxDutyWords {
		return File{}, rogatory.Fault(rogatory.Invalid, "duty_words", "say in a few sentences what was done about the condition of %s", id)
	}
	return o.reviewed(ctx, id, func(f File) (rogatory.Entry, error) {
		i := slices.IndexFunc(f.Duties, func(d Duty) bool { return d.Condition == condition })
		if i < 0 || f.Duties[i].Met != 0 {
			return rogatory.Entry{}, rogatory.Fault(rogatory.Conflict, "duty_unknown", "%.80q is no condition of %s that is still to be met", condition, id)
		}
		entry.At, entry.By, entry.Request, entry.Name, entry.Why = o.now(), by, id, condition, words
		return entry, nil
	})
}

// SetDuty says until when a condition is to be met, and why then: it becomes a deadline of the request. The time is to come
// ("duty_past").
func (o *Office) SetDuty(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, condition string, due rogatory.Instant, why string) (File, error) {
	if due <= o.now() {
		return File{}, rogatory.Fault(rogatory.Invalid, "duty_past", "a condition of %s cannot be due at %s, it is %s", id, due, o.now())
	}
	return o.onDuty(ctx, by, id, condition, why, rogatory.Entry{Type: rogatory.DutySet, Until: due})
}

// MeetDuty records that a condition was met, and how.
func (o *Office) MeetDuty(ctx context.Context, by rogatory.Actor, id rogatory.RequestID, condition, how string) (File, error) {
	return o.onDuty(ctx, by, id, condition, how, rogatory.Entry{Type: rogatory.DutyMet})
}
