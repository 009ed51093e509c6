// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"reflect"
	"testing"

	"rogatory"
)

func TestDifferencesAreNamed(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *rogatory.Party)
		want   []Difference
	}{
		"nothing":  {func(*rogatory.Party) {}, nil},
		"endpoint": {func(p *rogatory.Party) { p.Endpoint = "https://new.example/" }, []Difference{{"endpoint", party("XA").Endpoint, "https://new.example/"}}},
		"languages": {func(p *rogatory.Party) { p.Languages = []string{"ar", "es"} },
			[]Difference{{"languages", "en, fr", "ar, es"}}},
		"a role more": {func(p *rogatory.Party) { p.Authorities[0].Roles = []rogatory.Role{rogatory.CentralAuthority} },
			[]Difference{{"authorities[0].roles", "central_authority, point_of_contact", "central_authority"}}},
		"two at once, sorted": {func(p *rogatory.Party) { p.Name, p.JournalURL = "Aurelia II", "https://j.example" },
			[]Difference{{"journal_url", party("XA").JournalURL, "https://j.example"}, {"name", party("XA").Name, "Aurelia II"}}},
		"no contact points": {func(p *rogatory.Party) { p.ContactPoints = nil }, []Difference{{"contact_points[0].languages", "en", ""},
			{"contact_points[0].name", "Desk", ""}, {"contact_points[0].telephone", "+999 1", ""}, {"contact_points[0].zone", "Etc/UTC", ""}}},
		"a second authority": {func(p *rogatory.Party) { p.Authorities = append(p.Authorities, rogatory.Authority{ID: "police"}) },
			[]Difference{{"authorities[1].id", "", "police"}}},
	} {
		t.Run(name, func(t *testing.T) {
			has, wants := party("XA"), party("XA")
			c.change(&wants)
			got, err := Differences(has, wants)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// A State's entry key is named by what is proposed, or else by what is published.
func TestWhetherTheEntryKeyIsNamed(t *testing.T) {
	s := begin(t)
	named := func(who string, want bool) {
		t.Helper()
		if got, err := s.repo.NamesEntry("XA", key(who)); err != nil || got != want {
			t.Errorf("%s is named: %t, %v", who, got, err)
		}
	}
	named("XA entry", true)
	named("XA second", false)
	named("XB entry", false)
	s.must(s.repo.RotateState("XA", key("XA anchor"), key("XA second")))
	named("XA second", true)
	named("XA entry", false)
	s.must(s.repo.Withdraw("XA"))
	named("XA entry", true)
	_, err := s.repo.NamesEntry("XC", key("XC entry"))
	s.refused(err, rogatory.NotFound, "unknown_state")

	b, err := s.repo.Book()
	s.must(err)
	id := func(who string) string {
		id, err := KeyID(public(who)[0])
		s.must(err)
		return id
	}
	anchor, entry := b.KeysOf("XA")
	if !reflect.DeepEqual(anchor, []string{id("XA anchor")}) || !reflect.DeepEqual(entry, []string{id("XA entry")}) {
		t.Errorf("anchor %q, entry %q", anchor, entry)
	}
	if anchor, entry := b.KeysOf("XC"); anchor != nil || entry != nil {
		t.Errorf("keys of nobody: %q, %q", anchor, entry)
	}
	empty, err := Init(t.TempDir()+"/empty", s.clock, terms())
	s.must(err)
	_, err = empty.Book()
	s.refused(err, rogatory.Conflict, "directory_unpublished")
}
