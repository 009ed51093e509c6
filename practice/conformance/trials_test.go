// SPDX-License-Identifier: Apache-2.0

package conformance

import "testing"

// What is tried is what is listed, once each.
func TestEachRequirementHasOneTrial(t *testing.T) {
	open := map[string]bool{}
	for _, r := range Requirements() {
		open[r.ID] = true
	}
	for _, trial := range trials() {
		if !open[trial.id] {
			t.Errorf("%s is tried, and is no requirement or was tried before", trial.id)
		}
		delete(open, trial.id)
	}
	for id := range open {
		t.Errorf("%s is never tried", id)
	}
}
