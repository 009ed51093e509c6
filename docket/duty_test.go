// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/treaty"
)

// Conditions that were agreed to are duties of whoever agreed: with a date they stand on the agenda, they outlive the
// request, and somebody says how each was met.
func TestConditionsBecomeDuties(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	id := w.sent(rogatory.StoredData)
	conditions := []string{"not for the press", "deleted after the trial"}
	w.does(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{Verdict: &rogatory.Verdict{Conditions: conditions}})
	w.carry()
	if f := w.view(w.xa, id); len(f.Duties) != 0 {
		t.Errorf("conditions bind before they are agreed to: %+v", f.Duties)
	}
	w.does(w.xa, w.xa.decider(), id, rogatory.Agree, rogatory.Body{})
	w.carry()
	if f := w.view(w.xb, id); len(f.Duties) != 0 {
		t.Errorf("they bind the State that made them: %+v", f.Duties)
	}

	now := w.xa.now()
	_, err := w.xa.SetDuty(ctx, w.xa.officer(), id, conditions[1], now.Add(-time.Hour), "too late")
	w.refused(err, "duty_past")
	_, err = w.xa.SetDuty(ctx, w.xa.officer(), id, "something else", now.Add(time.Hour), "why not")
	w.refused(err, "duty_unknown")
	_, err = w.xa.SetDuty(ctx, w.xa.officer(), id, conditions[1], now.Add(time.Hour), " ")
	w.refused(err, "duty_words")
	_, err = w.xa.MeetDuty(ctx, w.xa.custodian(), id, conditions[1], "done")
	w.refused(err, "role_not_allowed")

	later, sooner := now.Add(90*treaty.Day), now.Add(30*treaty.Day)
	for condition, due := range map[string]rogatory.Instant{conditions[1]: later, conditions[0]: sooner} {
		_, err = w.xa.SetDuty(ctx, w.xa.officer(), id, condition, due, "as the court has it")
		w.ok(err)
	}
	if d := w.view(w.xa, id).deadline(DutyDue); d == nil || d.Due != sooner || d.State != Running {
		t.Errorf("the clock runs to %+v, the first is due at %s", d, sooner)
	}
	_, err = w.xa.MeetDuty(ctx, w.xa.officer(), id, conditions[0], "the press office was told in writing")
	w.ok(err)
	_, err = w.xa.MeetDuty(ctx, w.xa.officer(), id, conditions[0], "again")
	w.refused(err, "duty_unknown")

	w.does(w.xb, w.xb.decider(), id, rogatory.Execute, rogatory.Body{Verdict: &rogatory.Verdict{Outcome: rogatory.Complete}})
	w.carry()
	w.does(w.xa, w.xa.decider(), id, rogatory.Close, rogatory.Body{})
	w.carry()
	due, _, err := w.xa.Agenda(ctx, w.xa.officer(), sooner, later.Add(time.Hour))
	w.ok(err)
	if len(due) != 1 || due[0].Deadline.Name != DutyDue || due[0].Deadline.Due != later {
		t.Errorf("the agenda of a closed request has %+v", due)
	}
	w.pass(91 * treaty.Day)
	w.tick()
	if d := w.view(w.xa, id).deadline(DutyDue); d.State != Passed {
		t.Errorf("nobody sees that it passed: %+v", d)
	}
	f, err := w.xa.MeetDuty(ctx, w.xa.officer(), id, conditions[1], "deleted with a certificate")
	w.ok(err)
	for _, d := range f.Duties {
		if d.Met == 0 || !strings.Contains("the press office was told in writing, deleted with a certificate", d.How) {
			t.Errorf("%+v", d)
		}
	}
	w.sound()
}
