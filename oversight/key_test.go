// SPDX-License-Identifier: Apache-2.0

package oversight_test

import (
	"crypto/rand"
	"fmt"
	"strings"
	"testing"

	"rogatory"
	"rogatory/oversight"
)

func newKey(t *testing.T, state rogatory.StateCode) oversight.Key {
	t.Helper()
	k, err := oversight.NewKey(rand.Reader, state, "Ombudsman", noon, noon.Add(365*day))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestAKeyIsReadBackAndShowsNothing(t *testing.T) {
	k := newKey(t, "XA")
	text, err := k.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	again, err := oversight.ParseKey(text)
	if err != nil || again != k {
		t.Fatalf("read back: %v", err)
	}
	for _, shown := range []string{fmt.Sprint(k), fmt.Sprintf("%+v", k), fmt.Sprintf("%#v", k)} {
		if strings.Contains(shown, "SECRET") || strings.Contains(shown, "PRIVATE") {
			t.Errorf("it prints itself as %s", shown)
		}
	}
	other := newKey(t, "XA")
	for name, change := range map[string][2]string{
		"the signing half of another": {k.Signer, other.Signer},
		"no reading half":             {k.Identity, "AGE-SECRET-KEY-PQ-1"},
		"an unknown member":           {`"state"`, `"status"`},
		"no time":                     {k.Until.String(), k.From.String()},
	} {
		if _, err := oversight.ParseKey([]byte(strings.Replace(string(text), change[0], change[1], 1))); rogatory.CodeOf(err) != "oversight_key_invalid" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhichBodiesAMessageNames(t *testing.T) {
	party := func(code rogatory.StateCode, spans ...[2]rogatory.Instant) rogatory.Party {
		p := rogatory.Party{Code: code}
		for _, s := range spans {
			b, err := newKey(t, code).Body()
			if err != nil {
				t.Fatal(err)
			}
			b.From, b.Until = s[0], s[1]
			p.Oversight = append(p.Oversight, b)
		}
		return p
	}
	a := party("XA", [2]rogatory.Instant{noon, noon.Add(10 * day)}, [2]rogatory.Instant{noon.Add(10 * day), noon.Add(20 * day)})
	b := party("XB", [2]rogatory.Instant{noon.Add(-day), noon.Add(5 * day)})
	for _, row := range []struct {
		name string
		at   rogatory.Instant
		want int
	}{
		{"before there was any", noon.Add(-2 * day), 0},
		{"only Borealia's", noon - 1, 1},
		{"both", noon, 2},
		{"Borealia's has run out", noon.Add(5 * day), 1},
		{"the successor takes over without a gap", noon.Add(10 * day), 1},
		{"all have run out", noon.Add(20 * day), 0},
	} {
		list := oversight.Wanted(row.at, a, b)
		if len(list) != row.want {
			t.Errorf("%s: %d bodies", row.name, len(list))
		}
		m := rogatory.Message{Sent: row.at, Oversight: list}
		if err := oversight.CheckNames(m, b, a); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		found, err := oversight.Recipients(list, a, b)
		if err != nil || len(found) != row.want {
			t.Errorf("%s: sealed to %d: %v", row.name, len(found), err)
		}
		m.Oversight = append(m.Oversight, rogatory.DigestOf([]byte("more")))
		if err := oversight.CheckNames(m, a, b); rogatory.CodeOf(err) != "oversight_missing" {
			t.Errorf("%s: a body too many: %v", row.name, err)
		}
	}
	if _, err := oversight.Recipients([]rogatory.Digest{rogatory.DigestOf([]byte("struck off"))}, a, b); rogatory.CodeOf(err) != "oversight_missing" {
		t.Errorf("a body that the directory does not list: %v", err)
	}
	for _, row := range []struct {
		name    string
		s       oversight.Standing
		stopped bool
	}{
		{"never had one", oversight.StandingOf(party("XC"), false, noon), false},
		{"struck off", oversight.StandingOf(party("XC"), true, noon), true},
		{"in force", oversight.StandingOf(a, false, noon), false},
		{"ran out", oversight.StandingOf(a, false, noon.Add(20*day)), true},
		{"a first one, not yet in force", oversight.StandingOf(a, false, noon.Add(-day)), false},
		{"struck off, and another named for later", oversight.StandingOf(a, true, noon.Add(-day)), true},
	} {
		if row.s.Stopped() != row.stopped {
			t.Errorf("%s: %s", row.name, row.s.Words())
		}
	}
	if s := oversight.StandingOf(a, false, noon); s.Until != noon.Add(20*day) {
		t.Errorf("with a successor named it ends at %s", s.Until)
	}
}
