// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"github.com/cedar-policy/cedar-go"
	"github.com/cedar-policy/cedar-go/types"

	"rogatory"
)

// Truth is yes, no, or not known. Its zero value is that nobody said: a policy that asks for it cannot be evaluated,
// and the act is held.
type Truth string

// The values of a Truth.
const (
	Yes Truth = "yes"
	No  Truth = "no"
)

// True makes a Truth of what is known.
func True(is bool) Truth {
	if is {
		return Yes
	}
	return No
}

// Count is a number of something, or not known, which is its zero value.
type Count struct{ plus int64 } // one more than the number, so that zero is not known

// Number makes a Count of a number from zero up to maxCount, which stands for all above it; a negative one is not known.
func Number(n int64) Count {
	return Count{max(0, min(n, maxCount)+1)}
}

// maxCount bounds a Count: two to the power of 62, far above every IPv4 address, and a whole IPv6 network counts as it.
const maxCount = 1 << 62

// Value returns the number, and whether it is known.
func (c Count) Value() (int64, bool) { return c.plus - 1, c.plus > 0 }

// MarshalJSON writes the number, or null.
func (c Count) MarshalJSON() ([]byte, error) {
	if n, ok := c.Value(); ok {
		return strconv.AppendInt(nil, n, 10), nil
	}
	return []byte("null"), nil
}

// UnmarshalJSON reads a number from zero up, or null.
func (c *Count) UnmarshalJSON(data []byte) error {
	var n *int64
	if err := json.Unmarshal(data, &n); err != nil {
		return err
	}
	*c = Count{}
	if n != nil {
		if *n < 0 || *n > maxCount {
			return rogatory.Fault(rogatory.Invalid, "count_invalid", "read the count %d: at least 0 and at most %d", *n, int64(maxCount))
		}
		*c = Number(*n)
	}
	return nil
}

// IsZero reports whether the number is not known.
func (c Count) IsZero() bool { return c.plus == 0 }

// Category is a category of data (Art 2(b), (d), (f)).
type Category string

// The categories.
const (
	Subscriber Category = "subscriber"
	Traffic    Category = "traffic"
	Content    Category = "content"
	NoData     Category = "none" // the request asks for no data at all, such as an extradition
)

// Authoriser is who authorised a measure (Art 24(2)).
type Authoriser string

// The authorisers. Only the first two are independent of the investigation.
const (
	Court       Authoriser = "court"
	Independent Authoriser = "independent_body"
	Prosecutor  Authoriser = "prosecutor"
	Police      Authoriser = "police"
	Nobody      Authoriser = "nobody"
)

// Dual is what the record of dual criminality says (Arts 35(3), 40(8)).
type Dual string

// The states of the record.
const (
	Met         Dual = "met"
	NotMet      Dual = "not_met"
	Unclear     Dual = "unclear"
	NotRecorded Dual = "not_recorded"
)

// Facts are what the policies are told of an act. Every one has to be filled in: what is left at its zero value is not
// known, and holds the act where a policy asks for it. Facts hold nothing that a person wrote.
type Facts struct {
	Mode rogatory.Mode        `json:"mode"`
	Kind rogatory.RequestKind `json:"kind"`
	Act  rogatory.Act         `json:"act"`
	Side rogatory.Side        `json:"side"` // of this node

	Categories []Category `json:"categories,omitempty"`
	RealTime   Truth      `json:"real_time,omitempty"` // collected or intercepted while it happens, Arts 45, 46
	Search     Truth      `json:"search,omitempty"`    // search or seizure, Art 28
	Location   Truth      `json:"location,omitempty"`  // tells where a person is
	FixedEnd   Truth      `json:"fixed_end,omitempty"` // a measure that runs has a hard end, Art 45(3)(f)
	Decryption Truth      `json:"decryption,omitempty"`
	Staff      Truth      `json:"staff,omitempty"` // addressed to a person who works for a provider, not to a State

	Authorised   Truth      `json:"authorised,omitempty"` // a reference is given
	AuthorisedBy Authoriser `json:"authorised_by,omitempty"`

	Articles      []rogatory.Article `json:"articles,omitempty"`       // of the offence; empty for none of the Convention's
	MaximumYears  Count              `json:"maximum_years,omitzero"`   // of the penalty, in the requesting State
	PenaltyRaised Truth              `json:"penalty_raised,omitempty"` // raised in the last two years, so that it counts as serious
	Dual          Dual               `json:"dual,omitempty"`

	Subjects    Count `json:"subjects,omitzero"`    // people whose data are asked for
	Identifiers Count `json:"identifiers,omitzero"` // accounts, addresses, numbers
	Addresses   Count `json:"addresses,omitzero"`   // in the widest network that is named
	SpanDays    Count `json:"span_days,omitzero"`
	OpenEnd     Truth `json:"open_end,omitempty"`
	Mass        Truth `json:"mass,omitempty"` // [Breadth.Mass]

	// Signals are what a reading of the text hints at: [Listen], [Structure] and [Breadth].
	Signals []Signal `json:"signals,omitempty"`
	// Answers are those of the review sheet; questions that are demanded and not answered stand in Open.
	Answers map[Question]Answer `json:"answers,omitempty"`
	Open    []Question          `json:"open,omitempty"`

	ThirdState Truth `json:"third_state,omitempty"` // a person, a provider or a place of another State is concerned
	Domicile   Truth `json:"domicile,omitempty"`    // a subject lives in a State that is neither of the two
	Children   Truth `json:"children,omitempty"`

	Refusals   Count `json:"refusals,omitzero"`    // earlier ones about the same identifiers
	Cooling    Truth `json:"cooling,omitempty"`    // within the cool-off after a refusal
	Linked     Count `json:"linked,omitzero"`      // requests that ask about the same identifiers
	Cumulative Truth `json:"cumulative,omitempty"` // [Cumulative]

	Confidential       Truth `json:"confidential,omitempty"`
	ConfidentialReason Truth `json:"confidential_reason,omitempty"`
	ConfidentialEnd    Truth `json:"confidential_end,omitempty"` // it has one, and it has not come

	Suspended     Truth `json:"suspended,omitempty"`      // cooperation with the other State is suspended
	Oversight     Truth `json:"oversight,omitempty"`      // its body can be given its copy
	ReviewOverdue Truth `json:"review_overdue,omitempty"` // these policies or the trust in that State were to be reviewed by now
	Objection     Truth `json:"objection,omitempty"`      // of a provider or a person affected, not yet decided
	Excess        Truth `json:"excess,omitempty"`         // the answer holds more than was asked for
	OtherUse      Truth `json:"other_use,omitempty"`
	Onward        Truth `json:"onward,omitempty"`
	Consented     Truth `json:"consented,omitempty"` // the State that gave it agreed

	Emergency           Truth `json:"emergency,omitempty"`
	LifeReason          Truth `json:"life_reason,omitempty"` // a risk to life or safety is stated, Art 2(o)
	EmergencyUnreviewed Count `json:"emergency_unreviewed,omitzero"`
	EmergencyExpired    Truth `json:"emergency_expired,omitempty"`
}

func (f Facts) content() bool {
	return slices.Contains(f.Categories, Content) || len(f.Categories) == 0
}

// Missing lists the facts that are not known, by their names in policies, in order: an office that leaves one out for
// every request has not been wired to it.
func (f Facts) Missing() []string {
	_, missing, _ := f.context(readSchema())
	return missing
}

// truths are the facts that are yes or no, by their names in policies.
func (f Facts) truths() map[string]Truth {
	return map[string]Truth{
		"real_time": f.RealTime, "search": f.Search, "location": f.Location, "fixed_end": f.FixedEnd,
		"decryption": f.Decryption, "staff": f.Staff, "authorised": f.Authorised, "penalty_raised": f.PenaltyRaised,
		"open_end": f.OpenEnd, "mass": f.Mass, "third_state": f.ThirdState, "domicile": f.Domicile, "children": f.Children,
		"cooling": f.Cooling, "cumulative": f.Cumulative, "confidential": f.Confidential,
		"confidential_reason": f.ConfidentialReason, "confidential_end": f.ConfidentialEnd, "suspended": f.Suspended,
		"oversight": f.Oversight, "review_overdue": f.ReviewOverdue, "objection": f.Objection, "excess": f.Excess,
		"other_use": f.OtherUse, "onward": f.Onward, "consented": f.Consented, "emergency": f.Emergency,
		"life_reason": f.LifeReason, "emergency_expired": f.EmergencyExpired,
	}
}

func (f Facts) counts() map[string]Count {
	return map[string]Count{
		"maximum_years": f.MaximumYears, "subjects": f.Subjects, "identifiers": f.Identifiers, "addresses": f.Addresses,
		"span_days": f.SpanDays, "refusals": f.Refusals, "linked": f.Linked, "emergency_unreviewed": f.EmergencyUnreviewed,
	}
}

// words are the facts that are one of a closed list, with the type of its items in the schema.
func (f Facts) words() map[string]types.EntityUID {
	return map[string]types.EntityUID{
		"authorised_by": cedar.NewEntityUID("Authoriser", cedar.String(f.AuthorisedBy)),
		"dual":          cedar.NewEntityUID("Dual", cedar.String(f.Dual)),
	}
}

// context makes the record that policies read. What is not known is left out and named in missing; what has no form
// that is known is odd, and left out as well.
func (f Facts) context(s *schema) (record cedar.Record, missing, odd []string) {
	m := cedar.RecordMap{}
	for name, t := range f.truths() {
		switch t {
		case Yes, No:
			m[cedar.String(name)] = cedar.Boolean(t == Yes)
		case "":
			missing = append(missing, name)
		default:
			odd = append(odd, name)
		}
	}
	for name, c := range f.counts() {
		if n, ok := c.Value(); ok {
			m[cedar.String(name)] = cedar.Long(n)
		} else {
			missing = append(missing, name)
		}
	}
	for name, uid := range f.words() {
		switch {
		case uid.ID == "":
			missing = append(missing, name)
		case !s.knows(uid):
			odd = append(odd, name)
		default:
			m[cedar.String(name)] = uid
		}
	}
	yes, no := f.answered()
	for name, set := range map[string]struct {
		of   types.EntityType
		list []string
	}{
		"categories": {"Category", texts(f.Categories)},
		"articles":   {"Article", articleNumbers(f.Articles)},
		"signals":    {"Signal", texts(f.Signals)},
		"yes":        {"Question", yes},
		"no":         {"Question", no},
		"unanswered": {"Question", texts(f.Open)},
	} {
		var all []cedar.Value
		known := true
		for _, id := range set.list {
			uid := cedar.NewEntityUID(set.of, cedar.String(id))
			known = known && s.knows(uid)
			all = append(all, uid)
		}
		if !known {
			odd = append(odd, name)
			continue
		}
		m[cedar.String(name)] = cedar.NewSet(all...)
	}
	if len(f.Categories) == 0 {
		missing = append(missing, "categories")
		delete(m, "categories")
	}
	slices.Sort(missing)
	slices.Sort(odd)
	return cedar.NewRecord(m), missing, odd
}

func (f Facts) answered() (yes, no []string) {
	for q, a := range f.Answers {
		switch a {
		case AnswerYes:
			yes = append(yes, string(q))
		case AnswerNo:
			no = append(no, string(q))
		case NotApplicable:
		default: // an answer that is none names a question that is none, and is odd
			yes = append(yes, fmt.Sprintf("%.40s=%.40s", q, a))
		}
	}
	return yes, no
}

func texts[T ~string](list []T) []string {
	var all []string
	for _, one := range list {
		all = append(all, string(one))
	}
	return all
}

// articleNumbers are the numbers of the articles named: 11 for 11(1)(a).
func articleNumbers(list []rogatory.Article) []string {
	var all []string
	for _, a := range list {
		all = append(all, strconv.Itoa(a.Number()))
	}
	return all
}

// Signal is something that a reading of a request hints at. It raises a question; it never answers one.
type Signal string

func uidOf(list, id string) types.EntityUID {
	return cedar.NewEntityUID(types.EntityType(list), cedar.String(id))
}

func sortedKeys[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }
