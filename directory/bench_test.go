// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"path/filepath"
	"testing"
	"time"

	"rogatory"
	"rogatory/clock"
)

// All 26 fictional States: what it costs to verify the whole book, and to look up one State.
func BenchmarkBook(b *testing.B) {
	s := story{TB: b, clock: clock.NewManual(opening)}
	var err error
	s.repo, err = Init(filepath.Join(b.TempDir(), "directory"), s.clock, terms())
	s.must(err)
	for c := 'A'; c <= 'Z'; c++ {
		code := rogatory.StateCode("X" + string(c))
		s.must(s.repo.AddState(code, public(string(code)+" anchor"), 1))
	}
	s.sign("root", "h1", "h2", "h3")
	s.sign("targets", "h1", "h2", "h3")
	for c := 'A'; c <= 'Z'; c++ {
		code := rogatory.StateCode("X" + string(c))
		s.must(s.repo.RotateState(code, key(string(code)+" anchor"), key(string(code)+" entry")))
		s.must(s.repo.SubmitParty(party(code), key(string(code)+" entry")))
	}
	book := s.publish()
	files, root := book.files, s.trustedRoot()
	b.Run("verify", func(b *testing.B) {
		for b.Loop() {
			if _, err := (verification{root: root, at: opening.Add(time.Hour), fetch: fromMap(files)}).book(); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("party", func(b *testing.B) {
		for b.Loop() {
			if _, err := book.Party("XM"); err != nil {
				b.Fatal(err)
			}
		}
	})
}
