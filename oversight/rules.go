// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/oversight.json
var embedded []byte

// Rules are what counts as intrusive and when a pattern is worth a look: data that a jurist can mend. No figure of it
// decides anything in a case.
type Rules struct {
	Version    string     `json:"version"`
	Verified   bool       `json:"verified"` // a jurist compared it with the text
	Intrusive  Intrusive  `json:"intrusive"`
	Emergency  Kinds      `json:"emergency"`
	Thresholds Thresholds `json:"thresholds"`
	Risk       Risk       `json:"risk"`
	Limits     Limits     `json:"limits"`
}

// Intrusive are the kinds whose measures reach into private life most, and the acts that begin or prolong one.
type Intrusive struct {
	Article string                 `json:"article"`
	Kinds   []rogatory.RequestKind `json:"kinds"`
	Acts    []rogatory.Act         `json:"acts"`
}

// Kinds are kinds of requests, and why they stand together.
type Kinds struct {
	Article string                 `json:"article"`
	Kinds   []rogatory.RequestKind `json:"kinds"`
}

// Threshold says from how many on, and beyond which measure, a pattern raises an alarm. A measure that a pattern does
// not have is left out.
type Threshold struct {
	Article string `json:"article"`
	From    int    `json:"from"`              // cases, before which nothing is said
	Percent int    `json:"percent,omitempty"` // and more
	Days    int    `json:"days,omitempty"`
	Minutes int    `json:"minutes,omitempty"` // and less, at the median
}

// Thresholds are those of each pattern.
type Thresholds struct {
	Asymmetry      Threshold `json:"asymmetry"`
	EmergencyShare Threshold `json:"emergency_share"`
	RepeatedPerson Threshold `json:"repeated_person"`
	RubberStamp    Threshold `json:"rubber_stamp"`
	Silence        Threshold `json:"silence"`
	NoticeOverdue  Threshold `json:"notice_overdue"` // days after it was due
	WeakerPolicies Threshold `json:"weaker_policies"`
}

// Risk is the weight of each sign; the sum ranks a request among those to look at first.
type Risk struct {
	Broad          int `json:"broad"`           // wildcards, wide networks, everybody
	NoIdentifier   int `json:"no_identifier"`   // no address, account or number says whom it is about
	AfterRefusal   int `json:"after_refusal"`   // the same person was refused before
	RepeatedPerson int `json:"repeated_person"` // asked about often
	NoOffence      int `json:"no_offence"`      // neither an article nor a serious crime
	Quick          int `json:"quick"`           // decided faster than it can be read
	LongTerm       int `json:"long_term"`
	Emergency      int `json:"emergency"`
	Intrusive      int `json:"intrusive"`
	Silence        int `json:"silence"`
}

// Limits say what is many, wide, long and quick.
type Limits struct {
	Identifiers  int `json:"identifiers"` // of one request
	Prefix       int `json:"prefix"`      // bits of an IPv4 network: with fewer it is wide
	TermDays     int `json:"term_days"`
	QuickMinutes int `json:"quick_minutes"`
}

const (
	// maxRules bounds a file of rules: ten times what the one that comes with the program has.
	maxRules = 32 << 10
	maxKinds = 100
)

var form = datafile.Form{Code: "oversight_rules_invalid", Hint: "mend the line; until then the rules that were loaded before stay in force", Size: maxRules, Items: maxKinds, Complete: true}

// ReadRules reads a file of rules: whole, or nothing but the error "oversight_rules_invalid" with its line.
func ReadRules(name string, data []byte) (*Rules, error) {
	var r Rules
	f, err := form.Read(name, data, &r)
	if err != nil {
		return nil, err
	}
	if err := datafile.CheckText("version", r.Version, 40); err != nil {
		return nil, f.Fault(err, "version")
	}
	known := func(list []rogatory.Act) error {
		for i, a := range list {
			if slices.Contains(list[:i], a) || !slices.ContainsFunc(rogatory.Lifecycle(), func(t rogatory.Transition) bool { return t.Act == a }) {
				return fmt.Errorf("act %.40q is not known, or there twice", a)
			}
		}
		return nil
	}
	if err := known(r.Intrusive.Acts); err != nil || len(r.Intrusive.Acts) == 0 {
		return nil, f.Fault(fmt.Errorf("intrusive acts: %w", orNone(err)), "intrusive", "acts")
	}
	for member, k := range map[string]Kinds{"intrusive": {r.Intrusive.Article, r.Intrusive.Kinds}, "emergency": r.Emergency} {
		if !rogatory.Article(k.Article).Valid() {
			return nil, f.Fault(fmt.Errorf("article %.40q is not one of the Convention", k.Article), member, "article")
		}
		if len(k.Kinds) == 0 || len(slices.Compact(slices.Sorted(slices.Values(k.Kinds)))) != len(k.Kinds) || slices.Contains(k.Kinds, "") {
			return nil, f.Fault(fmt.Errorf("kinds are missing, or there twice"), member, "kinds")
		}
	}
	for member, t := range r.Thresholds.all() {
		switch {
		case !rogatory.Article(t.Article).Valid():
			return nil, f.Fault(fmt.Errorf("article %.40q is not one of the Convention", t.Article), "thresholds", member, "article")
		case t.From < 1 || t.Percent < 0 || t.Percent > 100 || t.Days < 0 || t.Days > 3660 || t.Minutes < 0 || t.Minutes > 1440:
			return nil, f.Fault(fmt.Errorf("a threshold from %d, of %d %%, %d days, %d minutes", t.From, t.Percent, t.Days, t.Minutes), "thresholds", member)
		}
	}
	for _, w := range []int{r.Risk.Broad, r.Risk.NoIdentifier, r.Risk.AfterRefusal, r.Risk.RepeatedPerson, r.Risk.NoOffence, r.Risk.Quick, r.Risk.LongTerm, r.Risk.Emergency, r.Risk.Intrusive, r.Risk.Silence} {
		if w < 0 || w > 100 {
			return nil, f.Fault(fmt.Errorf("a weight of %d, 0 to 100 are allowed", w), "risk")
		}
	}
	if l := r.Limits; l.Identifiers < 1 || l.Prefix < 1 || l.Prefix > 32 || l.TermDays < 1 || l.QuickMinutes < 1 {
		return nil, f.Fault(fmt.Errorf("limits of %d identifiers, %d bits, %d days, %d minutes", l.Identifiers, l.Prefix, l.TermDays, l.QuickMinutes), "limits")
	}
	return &r, nil
}

func orNone(err error) error {
	if err == nil {
		return fmt.Errorf("none is there")
	}
	return err
}

func (t Thresholds) all() map[string]Threshold {
	return map[string]Threshold{Asymmetry: t.Asymmetry, EmergencyShare: t.EmergencyShare, RepeatedPerson: t.RepeatedPerson, RubberStamp: t.RubberStamp, Silence: t.Silence,
		NoticeOverdue: t.NoticeOverdue, WeakerPolicies: t.WeakerPolicies}
}

// Standard returns the rules that came with this program. They are shared: whoever reads them does not write to them.
var Standard = sync.OnceValue(func() *Rules {
	r, err := ReadRules("oversight.json", embedded)
	if err != nil {
		panic(strings.TrimSpace(err.Error())) // a test reads them
	}
	return r
})
