// SPDX-License-Identifier: Apache-2.0

package api_test

import (
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/safeguard"
)

// The rules change through the door: a bad file is refused whole, one that tightens counts, one that weakens waits.
func TestRulesChangeThroughTheDoor(t *testing.T) {
	w := newWorld(t)
	ctx, bruno, anna := t.Context(), w.as("XB", "bruno"), w.as("XB", "anna")
	_, err := anna.Policies(ctx)
	if rogatory.CodeOf(err) != "safeguards_off" {
		t.Errorf("an office without safeguards: %v", err)
	}
	w.office["XB"].Safeguards = &docket.Safeguards{Convention: safeguard.Convention(), Form: safeguard.TheForm(), Vocabulary: safeguard.TheVocabulary()}
	example := docket.PolicyFile{Name: "national.cedar", Text: string(safeguard.Example().Data)}
	bad := docket.PolicyFile{Name: "bad.cedar", Text: strings.Replace(example.Text, "context.subjects", "context.weather", 1)}
	const why = "the ministry asked for this after the hearing"

	_, err = bruno.ProposePolicies(ctx, api.PolicySet{Files: []docket.PolicyFile{example, bad}, Why: why})
	if rogatory.CodeOf(err) != "policies_invalid" || !strings.Contains(err.Error(), "bad.cedar:") {
		t.Errorf("a bad file: %v", err)
	}
	trial, err := anna.TryPolicies(ctx, api.PolicySet{Files: []docket.PolicyFile{example}})
	w.must(err)
	if trial.Weaker || len(trial.Changes) != 2 || len(trial.Cases) == 0 {
		t.Errorf("tried: %+v", trial)
	}
	strict, err := bruno.ProposePolicies(ctx, api.PolicySet{Files: []docket.PolicyFile{example}, Why: why})
	w.must(err)
	if strict.Digest != trial.Digest || strict.Stands != docket.PoliciesInForce {
		t.Errorf("proposed: %+v", strict)
	}
	loose, err := bruno.ProposePolicies(ctx, api.PolicySet{Why: why})
	w.must(err)
	if _, err := w.as("XB", "dora").AgreePolicies(ctx, loose.Digest); rogatory.CodeOf(err) != "second_person_needed" {
		t.Errorf("a second person of the same role: %v", err)
	}
	loose, err = anna.AgreePolicies(ctx, loose.Digest)
	w.must(err)
	if loose.Stands != docket.PoliciesWait || loose.From != rogatory.At(w.clock.Now().Add(safeguard.WeakeningWaits)) {
		t.Errorf("agreed to: %+v", loose)
	}
	if whole, err := anna.PolicyEdition(ctx, strict.Digest); err != nil || len(whole.Files) != 1 || whole.Files[0] != example {
		t.Errorf("the edition in force: %+v, %v", whole, err)
	}
	w.clock.Advance(12 * time.Hour)
	_, err = bruno.KeepPolicies(ctx, "the oversight body wants to be heard first")
	w.must(err)
	w.clock.Advance(24 * time.Hour)
	all, err := anna.Policies(ctx)
	w.must(err)
	if all.Digest != strict.Digest || len(all.Editions) != 3 {
		t.Errorf("in force: %s with %d editions", all.Digest.Short(), len(all.Editions))
	}
}
