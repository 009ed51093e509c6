// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
	"rogatory/safeguard"
	"rogatory/store"
)

const because = "the parliament of Borealia asked for this after the hearing"

// rule is a file with a national policy that holds back taking on stored data.
func rule(id, severity string, quorum int) []PolicyFile {
	return []PolicyFile{{"national.cedar", fmt.Sprintf("@id(%q)\n@article(\"24(1)\")\n@severity(%q)\n@advice(\"Ask the ministry first.\")\n@quorum(\"%d\")\nforbid (principal, action == Action::\"accept\", resource == Kind::\"stored_data\");\n", id, severity, quorum)}}
}

// reviewedAndAsked is a request that only a national policy stands in the way of.
func (w *world) reviewedAndAsked() rogatory.RequestID {
	w.Helper()
	id := w.asked(nil)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), id, w.sheet(w.xb, id))
	w.ok(err)
	return id
}

func (w *world) policies(h *house) Policies {
	w.Helper()
	all, err := h.Policies(w.Context())
	w.ok(err)
	return all
}

// AB-12: safeguards are weakened at noon for a request at one. The request is decided by what was in force at noon.
func TestAB12AWeakerRuleWaitsADay(t *testing.T) {
	w := guarded(t)
	first, second := w.reviewedAndAsked(), w.reviewedAndAsked()

	// Borealia adds a rule: it counts at once, by one decider.
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.officer(), rule("ministry_first", "block", 2), because)
	w.refused(err, "role_not_allowed")
	_, err = w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), "so")
	w.refused(err, "policies_unreasoned")
	strict, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)
	if strict.Stands != PoliciesInForce || strict.Tighter != 1 || strict.Weaker != 0 {
		t.Errorf("a set that tightens: %+v", strict)
	}
	w.cannot(w.xb, w.xb.decider(), first, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")

	// Taking it back takes two people of two roles, with two keys.
	w.pass(time.Hour)
	loose, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), nil, because)
	w.ok(err)
	if loose.Stands != PoliciesUnagreed || loose.Weaker != 1 || loose.Changes[0].What != safeguard.Removed {
		t.Errorf("a set that weakens: %+v", loose)
	}
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.decider(), loose.Digest)
	w.refused(err, "second_person_needed")
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.as("Second judge", rogatory.Decider), loose.Digest)
	w.refused(err, "second_person_needed")
	twin := w.xb.officer()
	twin.Credential = credentialOf(w.xb.decider())
	_, err = w.xb.AgreePolicies(w.Context(), twin, loose.Digest)
	w.refused(err, "second_person_needed")
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.as("Otto", rogatory.Administrator), loose.Digest)
	w.refused(err, "role_not_allowed")
	w.pass(48 * time.Hour)
	w.cannot(w.xb, w.xb.decider(), first, rogatory.Accept, rogatory.Body{}, "safeguard_blocks") // nobody agreed

	agreed, err := w.xb.AgreePolicies(w.Context(), w.xb.officer(), loose.Digest)
	w.ok(err)
	if agreed.Stands != PoliciesWait || agreed.From != w.xb.now().Add(safeguard.WeakeningWaits) {
		t.Errorf("agreed to: %+v", agreed)
	}
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.custodian(), loose.Digest)
	w.refused(err, "policies_not_open")

	// Within the hour, and a second before the day is over, the old rule decides; after a restart as well.
	w.pass(time.Hour)
	w.cannot(w.xb, w.xb.decider(), first, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	w.pass(23*time.Hour - time.Second)
	w.cannot(w.xb, w.xb.decider(), first, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	safeguards := w.xb.Safeguards
	w.restart(w.xb)
	w.xb.Safeguards = safeguards
	w.cannot(w.xb, w.xb.decider(), first, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	w.pass(time.Second)
	w.does(w.xb, w.xb.decider(), first, rogatory.Accept, rogatory.Body{})

	// The rule comes back at once, and what is open is under it.
	_, err = w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)
	w.cannot(w.xb, w.xb.decider(), second, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	all := w.policies(w.xb)
	var stands []PolicyStanding
	for _, e := range all.Editions {
		stands = append(stands, e.Stands)
	}
	if !slices.Equal(stands, []PolicyStanding{PoliciesInForce, PoliciesBefore, PoliciesBefore}) {
		t.Errorf("the history: %v", stands)
	}
	last := all.Rules[len(all.Rules)-1]
	if last.ID != "ministry_first" || !last.National || last.Since != w.xb.now() || all.Rules[0].Since != 0 || all.Rules[0].National {
		t.Errorf("rules since when: %+v, %+v", last, all.Rules[0])
	}
	w.sound()
}

// AB-12, with the clock: whoever sets it back, before or after, comes to no weaker set.
func TestAB12AClockSetBackWinsNothing(t *testing.T) {
	w := guarded(t)
	id := w.reviewedAndAsked()
	w.pass(30 * time.Hour)
	noon := w.xb.time.Now()
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)

	// Back to the day before: the rule that was made since still decides.
	w.xb.Office.Clock = clock.NewManual(noon.Add(-28 * time.Hour))
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	// Proposed and agreed to there, the day still begins now.
	loose, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), nil, because)
	w.ok(err)
	loose, err = w.xb.AgreePolicies(w.Context(), w.xb.officer(), loose.Digest)
	w.ok(err)
	if want := rogatory.At(noon.Add(24 * time.Hour)); loose.From != want {
		t.Errorf("it counts from %s, want %s", loose.From, want)
	}
	w.xb.Office.Clock = clock.NewManual(noon.Add(time.Hour))
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	w.sound()

	// An entry that was dated back in the journal itself is damage.
	w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) error {
		_, err := w.xb.Ledger.Record(tx, rogatory.Entry{Type: rogatory.PoliciesProposed, At: 1, By: w.xb.decider(), Name: loose.Digest.String(), Policies: []byte(`{}`)})
		return err
	}))
	_, err = w.check(w.xb)
	w.refused(err, "entry_damaged")
}

func TestABadFileIsRefusedWhole(t *testing.T) {
	w := guarded(t)
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "hold", 2), because)
	w.ok(err)
	before, size := w.policies(w.xb), w.size(w.xb)
	good := rule("another", "hold", 2)[0].Text
	for _, row := range []struct {
		name  string
		files []PolicyFile
		want  string
	}{
		{"an unknown fact", []PolicyFile{{"a.cedar", good}, {"b.cedar", strings.Replace(rule("other", "hold", 2)[0].Text, ";", "\nwhen { context.weather };", 1)}}, "b.cedar:1"},
		{"a policy of the Convention's own", rule("mass", "flag", 1), "national.cedar:1"},
		{"no Cedar", []PolicyFile{{"a.cedar", good + "\nnonsense"}}, "a.cedar:"},
		{"a permit", []PolicyFile{{"a.cedar", strings.Replace(good, "forbid", "permit", 1)}}, "a.cedar:1"},
		{"a name that leads elsewhere", []PolicyFile{{"../a.cedar", good}}, "../a.cedar"},
		{"too much", []PolicyFile{{"a.cedar", good + strings.Repeat("// more\n", MaxPolicyText/8)}}, "a.cedar"},
	} {
		_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), row.files, because)
		if rogatory.CodeOf(err) != "policies_invalid" || !strings.Contains(err.Error(), row.want) {
			t.Errorf("%s: %v", row.name, err)
		}
		if _, err := w.xb.TryPolicies(w.Context(), w.xb.decider(), row.files); rogatory.CodeOf(err) != "policies_invalid" {
			t.Errorf("%s, on the bench: %v", row.name, err)
		}
	}
	if after := w.policies(w.xb); after.Digest != before.Digest || len(after.Editions) != 1 || w.size(w.xb) != size {
		t.Errorf("something of a refused set stayed: %+v", after)
	}
	_, err = w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "hold", 2), because)
	w.refused(err, "policies_same")
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.officer(), rogatory.DigestOf(nil))
	w.refused(err, "policies_unknown")
}

// What waits can be stopped by one decider: the set in force is put forward once more.
func TestAWeakeningIsStopped(t *testing.T) {
	w := guarded(t)
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)
	id := w.reviewedAndAsked()
	loose, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "flag", 1), because)
	w.ok(err)
	_, err = w.xb.AgreePolicies(w.Context(), w.xb.custodian(), loose.Digest)
	w.ok(err)
	w.pass(20 * time.Hour)
	kept, err := w.xb.KeepPolicies(w.Context(), w.xb.decider(), "the oversight body asked us to wait for its opinion")
	w.ok(err)
	if kept.Stands != PoliciesInForce || len(kept.Changes) != 0 {
		t.Errorf("kept: %+v", kept)
	}
	w.pass(20 * time.Hour)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	if e, err := w.xb.PolicyEdition(w.Context(), loose.Digest); err != nil || e.Stands != PoliciesOvertook || len(e.Files) != 1 {
		t.Errorf("what was stopped: %+v %v", e, err)
	}
	w.sound()
}

// What was derived is derived again from the entries, and what does not fit them is found and mended.
func TestPoliciesFollowFromTheJournal(t *testing.T) {
	w := guarded(t)
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)
	id := w.reviewedAndAsked()
	w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) error { return tx.SetSetting(policiesSetting, []byte("[]")) }))
	_, err = w.check(w.xb)
	w.refused(err, "view_damaged")
	w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) error {
		size, err := tx.Size()
		if err != nil {
			return err
		}
		return w.xb.Rejoin(tx, size, nil)
	}))
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "safeguard_blocks")
	w.sound()
}

// A program that cannot read what an earlier one put in force lets nothing pass by that, and says so.
func TestASetThatNoProgramReadsHoldsEverything(t *testing.T) {
	w := guarded(t)
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "flag", 1), because)
	w.ok(err)
	id := w.reviewedAndAsked()
	next, err := JoinPolicies(w.xb.Safeguards.Convention, rule("ministry_first", "hold", 2)) // the next program has the id itself
	w.ok(err)
	w.xb.Safeguards.Convention, w.xb.policies.book = next, nil
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "policies_invalid")
	w.refused(w.xb.CheckPolicies(w.Context()), "policies_invalid")
	if all := w.policies(w.xb); all.Unread == "" || len(all.Rules) != 0 || all.Editions[0].Stands != PoliciesUnread {
		t.Errorf("%+v", all)
	}
	w.does(w.xb, w.xb.officer(), id, rogatory.Acknowledge, rogatory.Body{}) // what protects people is never held back
	_, err = w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_second", "flag", 1), because)
	w.ok(err)
	w.cannot(w.xb, w.xb.decider(), id, rogatory.Accept, rogatory.Body{}, "approval_needed")
}

func TestTheBenchLooksAtOurOwnRequests(t *testing.T) {
	w := guarded(t)
	id := w.reviewedAndAsked()
	trial, err := w.xb.TryPolicies(w.Context(), w.xb.officer(), rule("ministry_first", "block", 2))
	w.ok(err)
	if trial.Weaker || trial.Same || len(trial.Changes) != 1 || len(trial.Cases) != len(safeguard.TheCases()) {
		t.Errorf("%+v", trial)
	}
	i := slices.IndexFunc(trial.Own, func(r OwnReplay) bool { return r.Request == id && r.Act == rogatory.Accept })
	if i < 0 || !slices.Equal(trial.Own[i].Come, []string{"ministry_first"}) {
		t.Errorf("our own: %+v", trial.Own)
	}
	trial, err = w.xb.TryPolicies(w.Context(), w.xb.as("Otto", rogatory.Administrator), nil)
	w.ok(err)
	if !trial.Same || len(trial.Own) != 0 {
		t.Errorf("who may not see cases sees %+v", trial.Own)
	}
}

// The reasons of a sheet are not those of the reviewer's last one.
func TestASheetIsNotCopied(t *testing.T) {
	w := guarded(t)
	first, second := w.asked(nil), w.asked(nil)
	sheet := w.sheet(w.xb, first)
	_, err := w.xb.SignSheet(w.Context(), w.xb.officer(), first, sheet)
	w.ok(err)
	_, err = w.xb.SignSheet(w.Context(), w.xb.officer(), second, sheet)
	w.refused(err, "sheet_incomplete")
	_, err = w.xb.SignSheet(w.Context(), w.xb.custodian(), second, sheet) // another reviewer may come to the same
	w.ok(err)
	own := w.sheet(w.xb, second)
	_, err = w.xb.SignSheet(w.Context(), w.xb.officer(), second, own)
	w.ok(err)
	own.Replies = maps.Clone(own.Replies)
	_, err = w.xb.SignSheet(w.Context(), w.xb.officer(), second, own) // signed again, it is held against that of another request
	w.ok(err)
	_, err = w.xb.SignSheet(w.Context(), w.xb.officer(), first, sheet)
	w.ok(err)
	w.does(w.xb, w.xb.decider(), second, rogatory.Accept, rogatory.Body{}) // what was signed later makes no copy of it
	w.sound()
	last, err := w.xb.LastSheet(w.Context(), w.xb.officer(), second)
	w.ok(err)
	if last == nil || last.Replies["legality"] != sheet.Replies["legality"] {
		t.Errorf("the last sheet: %+v", last)
	}
	w.ok(w.xb.Store.Update(w.Context(), func(tx *store.Tx) error {
		return tx.SetSetting(sheetsSetting+w.xb.officer().Name, []byte("[]"))
	}))
	_, err = w.check(w.xb)
	w.refused(err, "view_damaged")
}

// Which set counts is asked with every act: it is parsed when it changes, and no more.
func TestPoliciesAreReadOnce(t *testing.T) {
	w := guarded(t)
	_, err := w.xb.ProposePolicies(w.Context(), w.xb.decider(), rule("ministry_first", "block", 2), because)
	w.ok(err)
	w.ok(w.xb.Store.View(w.Context(), func(tx *store.Tx) error {
		_, err := w.xb.policiesNow(tx)
		w.ok(err)
		book := w.xb.policies.book
		if n := testing.AllocsPerRun(10, func() { _, err = w.xb.policiesNow(tx) }); n > 200 || w.xb.policies.book != book {
			t.Errorf("%v allocations to ask again", n)
		}
		return err
	}))
}
