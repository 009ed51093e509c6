// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"testing"

	"rogatory/vault"
)

func TestPulledExhibitIsWhole(t *testing.T) {
	s := rehearse(t, nil)
	for _, size := range []int{0, 1, 3 << 20, 37<<20 + 12345} {
		seal := s.there.deposit(t, size)
		in, err := s.here.vault.Expect(seal)
		must(t, err)
		var last int64
		must(t, s.client.Pull(t.Context(), s.party, in, func(have, total int64) {
			if have < last || total != seal.Segments() {
				t.Errorf("progress went from %d to %d of %d", last, have, total)
			}
			last = have
		}))
		if last != seal.Segments() {
			t.Errorf("progress ended at %d of %d", last, seal.Segments())
		}
		must(t, in.Commit())
		must(t, s.here.vault.Check(t.Context(), seal.Root, vault.Full))
	}
}

func TestPushedExhibitIsWholeAndTheOfficeKnows(t *testing.T) {
	s := rehearse(t, nil)
	for _, size := range []int{1, 3 << 20, 70<<20 + 12345} {
		seal := s.here.deposit(t, size)
		s.there.incoming[seal.Root] = seal
		must(t, s.client.Push(t.Context(), s.party, s.here.vault, seal, nil))
		must(t, s.there.vault.Check(t.Context(), seal.Root, vault.Full))
		if n := len(s.there.arrived); n == 0 || s.there.arrived[n-1] != seal.Root {
			t.Errorf("the office was not told of exhibit %s", seal.Root.Short())
		}
	}
}
