// SPDX-License-Identifier: Apache-2.0

package node

import (
	"testing"

	"rogatory"
	"rogatory/ledger"
)

// A State that says without proof that it holds more of our journal does not hold up our node: it counts as one that did not
// answer, so that without it there have to be enough others.
func TestABareWordOfAPeerIsNoAnswer(t *testing.T) {
	liar := heard{answer: ledger.Answer{From: "XB", AtLeast: 1 << 40}, unsigned: true}
	liar.proved()
	if rogatory.CodeOf(liar.err) != "standing_wrong" {
		t.Fatalf("its word: %v", liar.err)
	}
	honest := heard{answer: ledger.Answer{From: "XC"}}
	honest.proved()
	for _, row := range []struct {
		name string
		all  []heard
		ok   bool
	}{{"and one that answers", []heard{liar, honest}, true}, {"alone", []heard{liar}, false}, {"and two that are silent", []heard{liar, {err: liar.err}, honest}, false}} {
		answers, ok := enough(nil, row.all)
		if ok != row.ok {
			t.Errorf("a liar %s: enough %v", row.name, ok)
		}
		for _, a := range answers {
			if a.AtLeast != 0 {
				t.Errorf("a liar %s: its word counts", row.name)
			}
		}
	}
}
