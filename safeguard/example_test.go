// SPDX-License-Identifier: Apache-2.0

package safeguard

import "testing"

// The example that people start from is a set that joins, and that only tightens.
func TestTheExampleFits(t *testing.T) {
	national, err := Read([]File{Example()})
	if err != nil {
		t.Fatal(err)
	}
	joined, err := Join(Convention(), national)
	if err != nil {
		t.Fatal(err)
	}
	if weaker := Weaker(Convention(), joined); len(weaker) > 0 || len(joined.Policies()) != len(Convention().Policies())+2 {
		t.Errorf("%v", weaker)
	}
}
