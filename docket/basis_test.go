// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"strings"
	"testing"

	"rogatory"
	"rogatory/treaty"
)

// Between two real States a live request needs a basis that binds both today: while the Convention is not in
// force that is another one, and the office says so plainly.
func TestALiveRequestNeedsABasisThatIsOpen(t *testing.T) {
	o := New(Config{Us: rogatory.Address{State: "FR", Authority: "justice"}, Mode: rogatory.Live, Rules: Standard(treaty.Convention())})
	kind, err := o.Rules.Kind(rogatory.StoredData)
	if err != nil {
		t.Fatal(err)
	}
	const november = rogatory.Instant(1_795_600_000_000_000) // 25 November 2026
	f := File{ID: "FR-2026-7K3M9Q2P.1", Us: o.Us, Them: rogatory.Address{State: "DE", Authority: "justice"}, Side: rogatory.RequestingSide,
		Request: rogatory.Request{Kind: rogatory.StoredData, Offence: rogatory.Offence{Articles: []string{"7"}}}}
	for _, c := range []struct {
		name   string
		to     rogatory.StateCode
		basis  rogatory.LegalBasis
		blocks bool
		says   string
	}{
		{"this Convention, which is not in force", "DE", "", true, "budapest"},
		{"the same, named", "DE", rogatory.ThisConvention, true, "not uncc"},
		{"Budapest between its parties", "DE", rogatory.BudapestTreaty, false, ""},
		{"Budapest with a State outside it", "VN", rogatory.BudapestTreaty, true, "reciprocity"},
		{"reciprocity with a State outside it", "VN", rogatory.UnderReciprocity, false, ""},
	} {
		f.Them.State, f.Request.Basis = c.to, c.basis
		found, err := o.basis(kind, rogatory.Party{}, f, november)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		blocks, words := false, ""
		for _, b := range found {
			blocks, words = blocks || b.Blocks, words+b.Text+"\n"
		}
		if blocks != c.blocks || !strings.Contains(words, c.says) {
			t.Errorf("%s: blocks %t, says %q", c.name, blocks, words)
		}
	}

	// An exercise proceeds, whatever is in force.
	o.Mode, o.Us.State, f.Us.State, f.Them.State, f.Request.Basis = rogatory.Exercise, "XA", "XA", "XB", ""
	if found, err := o.basis(kind, rogatory.Party{}, f, november); err != nil || len(found) != 0 {
		t.Errorf("an exercise: %+v, %v", found, err)
	}
}
