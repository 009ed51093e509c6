// SPDX-License-Identifier: Apache-2.0

package status

import (
	_ "embed"
	"fmt"
	"strings"

	"rogatory"
)

//go:embed data/states.json
var statesData []byte

// Standing is what a participant is to the United Nations.
type Standing string

// The standings.
const (
	Member       Standing = "member"       // of the United Nations
	Observer     Standing = "observer"     // a State with observer status
	Organisation Standing = "organisation" // of regional economic integration, Art 64
	Other        Standing = "other"        // a State that concludes treaties and is neither
	Fictional    Standing = "fictional"    // XA to XZ, for exercises; in no data file
)

// State is one State, or one regional organisation, that could become a Party.
type State struct {
	Code     rogatory.StateCode `json:"code"`
	Name     string             `json:"name"` // UN short name in English
	Standing Standing           `json:"standing"`
	Group    string             `json:"group,omitempty"` // regional group of the United Nations
	Also     []string           `json:"also,omitempty"`  // other names in treaty collections
	// Languages are those that it accepts for requests, Art 40(13); empty means not known.
	Languages []string `json:"languages,omitempty"`
}

// States is the list of States. It is immutable after loading.
type States struct {
	Version  string
	Source   string
	Verified bool
	All      []State // by code
	codes    map[rogatory.StateCode]int
	names    map[string]rogatory.StateCode
}

var groups = []string{"", "africa", "asia_pacific", "eastern_europe", "latin_america_caribbean", "western_europe_others"}

// LoadStates reads a list of States. Codes and names that are doubled or malformed, unknown members,
// standings and groups are refused whole, with file and line.
func LoadStates(name string, data []byte) (*States, error) {
	var in struct {
		Version  string  `json:"version"`
		Source   string  `json:"source"`
		Verified bool    `json:"verified"`
		States   []State `json:"states"`
	}
	s, err := readSheet(name, data, &in)
	if err != nil {
		return nil, err
	}
	l := &States{Version: in.Version, Source: in.Source, Verified: in.Verified, All: in.States, codes: map[rogatory.StateCode]int{}, names: map[string]rogatory.StateCode{}}
	each(s, "states", l.All, func(one *State) error { return l.add(len(l.codes), *one) })
	if s.err != nil {
		return nil, s.err
	}
	return l, nil
}

func (l *States) add(i int, one State) error {
	if !one.Code.Valid() || one.Code.Fictional() {
		return fmt.Errorf("code %.10q is not that of a State", one.Code)
	}
	if i > 0 && one.Code <= l.All[i-1].Code {
		return fmt.Errorf("code %s is there twice or out of order", one.Code)
	}
	l.codes[one.Code] = i
	if !oneOf(one.Standing, Member, Observer, Organisation, Other) || !oneOf(one.Group, groups...) {
		return fmt.Errorf("standing %.20q or group %.40q of %s is unknown", one.Standing, one.Group, one.Code)
	}
	for _, name := range append([]string{one.Name}, one.Also...) {
		key := nameKey(name)
		if key == "" || len(name) > maxName {
			return fmt.Errorf("%s has an empty name, or one of more than %d bytes", one.Code, maxName)
		}
		if other, ok := l.names[key]; ok {
			return fmt.Errorf("name %q is that of %s and of %s", name, other, one.Code)
		}
		l.names[key] = one.Code
	}
	return nil
}

// maxName bounds the name of a State; the longest has 52 letters.
const maxName = 200

// Get returns the State of that code. The States of exercises have no row and are known by their code.
func (l *States) Get(code rogatory.StateCode) (State, error) {
	if i, ok := l.codes[code]; ok {
		return l.All[i], nil
	}
	if code.Fictional() {
		return State{Code: code, Name: string(code) + " (fictional)", Standing: Fictional}, nil
	}
	return State{}, rogatory.Fault(rogatory.NotFound, "state_unknown", "no State has the code %.10q", code).
		WithHint("codes are those of ISO 3166-1, such as VN or QA; XA to XZ are the States of exercises; EU is the European Union")
}

// Named returns the code of the State that has this name or is also called so.
func (l *States) Named(name string) (rogatory.StateCode, bool) {
	code, ok := l.names[nameKey(name)]
	return code, ok
}

// nameKey makes names comparable that differ in spaces and in the form of the apostrophe only.
func nameKey(name string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("\u2019", "'", "\u2018", "'", "\u0092", "'", "\u00b4", "'").Replace(name)), " ")
}

func oneOf[T comparable](v T, all ...T) bool {
	for _, one := range all {
		if v == one {
			return true
		}
	}
	return false
}
