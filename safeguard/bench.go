// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	_ "embed"
	"fmt"
	"slices"

	"rogatory/datafile"
)

//go:embed data/cases.json
var casesFile []byte

// Case is facts with a name, for the bench.
type Case struct {
	Name  string `json:"name"`
	Facts Facts  `json:"facts"`
}

var caseFiles = datafile.Form{Code: "cases_invalid", Hint: "mend that line; nothing of the file was loaded", Size: 1 << 20, Items: 1000}

// TheCases returns the cases that came with this program: for each policy of the Convention's own set, one request that
// it decides, and before them one that nothing is to be said against. They are made up.
func TheCases() []Case {
	all, err := ReadCases("cases.json", casesFile)
	if err != nil {
		panic("the embedded cases do not load: " + err.Error()) // a test reads them
	}
	return all
}

// ReadCases reads cases strictly: each has a name that no other has. A fact that is left out is not known.
func ReadCases(name string, data []byte) ([]Case, error) {
	var all []Case
	if err := datafile.Items(caseFiles, name, data, func(c Case) error {
		if err := datafile.CheckText("the name of a case", c.Name, 200); err != nil {
			return err
		}
		if slices.ContainsFunc(all, func(o Case) bool { return o.Name == c.Name }) {
			return fmt.Errorf("the case %q is there twice", c.Name)
		}
		all = append(all, c)
		return nil
	}); err != nil {
		return nil, err
	}
	return all, nil
}

// Replay is what became of a case on the bench.
type Replay struct {
	Case    string   `json:"case"`
	Decided []string `json:"decided"` // the policies that fired or failed
	Held    bool     `json:"held"`
	People  int      `json:"people"`
	// Gone and Come are policies that fire under one set only; Milder says that the other set holds less or takes fewer.
	Gone   []string `json:"gone,omitempty"`
	Come   []string `json:"come,omitempty"`
	Milder bool     `json:"milder,omitempty"`
}

// Bench replays cases under a set, says which rule decided each, and what another set would change. The other set may
// be the same, or the zero Set, against which nothing is compared.
func Bench(set, other Set, cases []Case) []Replay {
	var all []Replay
	for _, c := range cases {
		now := set.Judge(c.Facts)
		r := Replay{Case: c.Name, Decided: now.Decided(), Held: now.Held, People: now.Need.People}
		if len(other.policies) > 0 {
			then := other.Judge(c.Facts)
			for _, id := range r.Decided {
				if !slices.Contains(then.Decided(), id) {
					r.Gone = append(r.Gone, id)
				}
			}
			for _, id := range then.Decided() {
				if !slices.Contains(r.Decided, id) {
					r.Come = append(r.Come, id)
				}
			}
			r.Milder = now.Held && !then.Held || now.Blocked && !then.Blocked || then.Need.People < now.Need.People
		}
		all = append(all, r)
	}
	return all
}
