// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rogatory"
)

// replaced publishes another anchor for XB with another entry under it, as a majority of the holders can. Before lets somebody
// do more before it is published.
func (s story) replaced(anchor string, before func()) *Book {
	s.Helper()
	s.must(s.repo.RemoveState("XB"))
	s.must(s.repo.AddState("XB", public(anchor), 1))
	s.sign("targets", "h1", "h2", "h3")
	s.must(s.repo.RotateState("XB", key(anchor), key(anchor+" entry")))
	p := party("XB")
	p.Endpoint = "https://false.example/federation"
	s.must(s.repo.SubmitParty(p, key(anchor+" entry")))
	if before != nil {
		before()
	}
	return s.publish()
}

func (s story) endpoint(b *Book) string {
	s.Helper()
	p, err := b.Party("XB")
	s.must(err)
	return p.Endpoint
}

const trueDoor, falseDoor = "https://xb.example/federation", "https://false.example/federation"

// AB-19, a false key for a State in the directory.
func TestAB19AFalseKeyForAState(t *testing.T) {
	t.Run("a mirror serves a swapped key", func(t *testing.T) {
		s := begin(t)
		m := s.published()
		c := s.client(m)
		before := s.update(c)
		for _, a := range []struct {
			name   string
			attack func(m mirror)
			code   string
		}{
			{"the entry signed by a stranger", func(m mirror) {
				m["2.snapshot.json"] = resign(t, m["1.snapshot.json"], "op1", func(signed map[string]any) {
					signed["version"] = 2
					signed["meta"].(map[string]any)["XB-entry.json"].(map[string]any)["version"] = 2
				})
				m["2.XB-entry.json"] = resign(t, m["1.XB-entry.json"], "mallory", func(signed map[string]any) { signed["version"] = 2 })
				m.forge(t, "2.XB-entry.json", "mallory", func(map[string]any) {})
				m.forge(t, "timestamp.json", "op1", func(signed map[string]any) {
					signed["version"] = 2
					signed["meta"].(map[string]any)["snapshot.json"].(map[string]any)["version"] = 2
				})
			}, "directory_signature"},
			{"the key of another State", func(m mirror) {
				m["2.snapshot.json"] = resign(t, m["1.snapshot.json"], "op1", func(signed map[string]any) {
					signed["version"] = 2
					signed["meta"].(map[string]any)["XB-entry.json"].(map[string]any)["version"] = 2
				})
				m["2.XB-entry.json"] = resign(t, m["1.XB-entry.json"], "XA_entry", func(signed map[string]any) { signed["version"] = 2 })
				m.forge(t, "2.XB-entry.json", "XA_entry", func(map[string]any) {})
				m.forge(t, "timestamp.json", "op1", func(signed map[string]any) {
					signed["version"] = 2
					signed["meta"].(map[string]any)["snapshot.json"].(map[string]any)["version"] = 2
				})
			}, "directory_signature"},
			{"two versions mixed", func(m mirror) {
				m.forge(t, "timestamp.json", "op1", func(signed map[string]any) { signed["expires"] = "2026-12-20T00:00:00Z" })
			}, "directory_tampered"},
		} {
			served := maps.Clone(m)
			a.attack(served)
			clear(m)
			maps.Copy(m, served)
			_, err := c.Update(context.Background())
			s.refused(err, rogatory.Untrusted, a.code)
			if c.Book().Hash() != before.Hash() {
				t.Errorf("%s: the book is another", a.name)
			}
			clear(m)
			maps.Copy(m, s.published())
		}
		// Rollback and every other swap are in TestAttacks; a frozen mirror is found when the timestamp runs out.
		s.clock.Advance(11 * day)
		if got := c.Book().Standing(s.clock.Now()); got == Fresh {
			t.Errorf("a frozen directory is %s", got)
		}
	})

	t.Run("the majority names another anchor", func(t *testing.T) {
		s := begin(t)
		c := s.client(FolderSource{s.repo.Published()})
		s.update(c)
		s.clock.Advance(time.Hour)
		s.replaced("mallory", nil)
		seen := s.clock.Now()
		b := s.update(c)
		if s.endpoint(b) != trueDoor || len(b.Cooling()) != 1 || b.Cooling()[0] != (Cooling{"XB", seen.Add(CoolOff)}) {
			t.Fatalf("%s, %+v", s.endpoint(b), b.Cooling())
		}
		// Who remembers no anchors, as a court, gets the directory of before as it was published: it verifies, and says what
		// this node believes. The published one would not.
		s.clock.Advance(CoolOff - time.Hour)
		s.update(c)
		for _, c := range []*Client{c, func() *Client {
			again, err := New(c.config)
			s.must(err)
			_, err = again.Load()
			s.must(err)
			return again
		}()} {
			for name, row := range map[string]struct {
				book *Book
				want string
			}{"steady": {c.Steady(), trueDoor}, "published": {c.Book(), falseDoor}} {
				chain := filepath.Join(t.TempDir(), "chain")
				s.must(row.book.Export(chain))
				court, err := VerifyChain(os.DirFS(chain), s.trustedRoot(), s.clock.Now())
				s.must(err)
				if got := s.endpoint(court); got != row.want {
					t.Errorf("the court reads %s in the %s directory", got, name)
				}
			}
		}
		s.clock.Advance(time.Hour - CoolOff)
		// Neither asking again nor a restart shortens or prolongs it; the others are served meanwhile.
		s.clock.Advance(CoolOff - time.Second)
		b = s.update(c)
		again, err := New(c.config)
		s.must(err)
		loaded, err := again.Load()
		s.must(err)
		for _, b := range []*Book{b, loaded} {
			if _, err := b.Party("XA"); err != nil || s.endpoint(b) != trueDoor || len(b.Cooling()) != 1 {
				t.Errorf("a second before: %s, %+v, %v", s.endpoint(b), b.Cooling(), err)
			}
		}
		s.clock.Advance(time.Second)
		if b = s.update(c); s.endpoint(b) != falseDoor || len(b.Cooling()) != 0 {
			t.Errorf("after the time: %s, %+v", s.endpoint(b), b.Cooling())
		}
		if _, err := os.Stat(filepath.Join(c.config.Dir, steadyName)); c.Steady() != b || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("after the time the directory of before is still there: %v", err)
		}
	})

	t.Run("one that is mended in time never took effect", func(t *testing.T) {
		s := begin(t)
		c := s.client(FolderSource{s.repo.Published()})
		s.update(c)
		s.replaced("mallory", nil)
		s.update(c)
		s.clock.Advance(day)
		s.must(s.repo.RemoveState("XB"))
		s.must(s.repo.AddState("XB", public("XB anchor"), 1))
		s.sign("targets", "h1", "h2", "h3")
		s.must(s.repo.RotateState("XB", key("XB anchor"), key("XB entry")))
		s.must(s.repo.SubmitParty(party("XB"), key("XB entry")))
		s.publish()
		b := s.update(c)
		s.clock.Advance(2 * CoolOff)
		if b = s.update(c); s.endpoint(b) != trueDoor || len(b.Cooling()) != 0 {
			t.Errorf("%s, %+v", s.endpoint(b), b.Cooling())
		}
	})

	t.Run("struck off in between, it is known all the same", func(t *testing.T) {
		s := begin(t)
		c := s.client(FolderSource{s.repo.Published()})
		s.update(c)
		s.must(s.repo.RemoveState("XB"))
		s.sign("targets", "h1", "h2", "h3")
		s.publish()
		s.update(c)
		s.must(s.repo.AddState("XB", public("mallory"), 1))
		s.sign("targets", "h1", "h2", "h3")
		s.must(s.repo.RotateState("XB", key("mallory"), key("mallory entry")))
		s.must(s.repo.SubmitParty(party("XB"), key("mallory entry")))
		s.publish()
		if b := s.update(c); len(b.Cooling()) != 1 {
			t.Errorf("%+v", b.Cooling())
		}
	})

	t.Run("the old anchor signs the new one", func(t *testing.T) {
		s := begin(t)
		c := s.client(FolderSource{s.repo.Published()})
		s.update(c)
		s.replaced("XB second anchor", func() {
			s.refused(s.repo.Endorse("XB", key("mallory")), rogatory.Untrusted, "directory_signature")
			s.must(s.repo.Endorse("XB", key("XB anchor")))
		})
		if b := s.update(c); s.endpoint(b) != falseDoor || len(b.Cooling()) != 0 {
			t.Errorf("%s, %+v", s.endpoint(b), b.Cooling())
		}
	})

	t.Run("a State's own node knows its own anchor", func(t *testing.T) {
		s := begin(t)
		c := s.client(FolderSource{s.repo.Published()})
		c.config.Own = "XB"
		s.update(c)
		s.replaced("XB second anchor", nil)
		if b := s.update(c); len(b.Cooling()) != 0 {
			t.Errorf("%+v", b.Cooling())
		}
	})

	t.Run("a memory that was damaged takes nothing", func(t *testing.T) {
		s := begin(t)
		c := s.client(FolderSource{s.repo.Published()})
		s.update(c)
		s.must(os.WriteFile(filepath.Join(c.config.Dir, memoryName), []byte("{"), 0o600))
		_, err := c.Update(context.Background())
		s.refused(err, rogatory.Damaged, "directory_cache")
		_, err = c.Load()
		s.refused(err, rogatory.Damaged, "directory_cache")
	})
}
