// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"rogatory"
	"rogatory/datafile"
)

//go:embed data/rules.json
var bundledRules []byte

// Unit is what a rule counts in.
type Unit string

// The units.
const (
	Hours       Unit = "hours"
	Days        Unit = "days" // of the calendar
	WorkingDays Unit = "working_days"
	Months      Unit = "months"
)

// Basis says whose number it is.
type Basis string

// The bases.
const (
	ByArticle      Basis = "article"         // the Convention's own
	ProductDefault Basis = "product default" // ours, where the Convention sets none
	NationalRule   Basis = "national rule"   // a State's law or practice
)

// Event is what a rule counts from.
type Event string

// The events.
const (
	Received    Event = "received"    // a request or notice arrived
	Accepted    Event = "accepted"    // a request was accepted
	Preserved   Event = "preserved"   // data were preserved
	InForce     Event = "in_force"    // the Convention entered into force
	Asked       Event = "asked"       // a question, or a hearing, was put
	Informed    Event = "informed"    // a person was told that the presence is no longer required
	Ordered     Event = "ordered"     // an order began
	Frozen      Event = "frozen"      // property was frozen
	Transferred Event = "transferred" // money left an account
	Decided     Event = "decided"     // a decision was taken
	Closed      Event = "closed"      // a case was closed
	Released    Event = "released"    // what was held was released
	Expiry      Event = "expiry"      // the end of a preservation or an order
	Deposited   Event = "deposited"   // an instrument was deposited
)

var events = []Event{Received, Accepted, Preserved, InForce, Asked, Informed, Ordered, Frozen, Transferred, Decided, Closed, Released, Expiry, Deposited}

// Direction says on which side of its event a limit lies.
type Direction string

// The directions.
const (
	After  Direction = "after"
	Before Direction = "before"
)

// Whose says whose calendar and zone count.
type Whose string

// The States, as the rule knows them.
const (
	Requested  Whose = "requested"
	Requesting Whose = "requesting"
	Holder     Whose = "holder" // the State that holds the data; retention only
	UTC        Whose = "utc"    // no State: calendar days in UTC
)

// FirstDay says whether the day of the event counts.
type FirstDay string

// The first days.
const (
	NextDay FirstDay = "next" // counting begins on the day after the event
	SameDay FirstDay = "same" // the day of the event is the first
)

// Falls says where the limit ends.
type Falls string

// Where limits end.
const (
	AtInstant  Falls = "instant"      // so many hours later, exactly
	SameTime   Falls = "same_time"    // on the last day, at the time of day of the event
	StartOfDay Falls = "start_of_day" // when the last day begins
	EndOfDay   Falls = "end_of_day"   // when the last day ends
)

// IfNotWorking says what happens when the last day is no working day.
type IfNotWorking string

// What happens then.
const (
	Stay     IfNotWorking = "none"
	Next     IfNotWorking = "next"     // to the next working day
	Previous IfNotWorking = "previous" // to the previous working day, never past the event
)

// Bound says how a limit in days relates to days of 24 hours when clocks change.
type Bound string

// The bounds.
const (
	Exact   Bound = "exact"    // the day counts, whatever its length
	AtLeast Bound = "at_least" // a minimum: never shorter than so many times 24 hours
	AtMost  Bound = "at_most"  // a maximum: never longer than so many times 24 hours
)

// Rule is one time limit. A rule that changes gets a new version; the old one stays in the file, so
// that dates computed with it can be explained.
type Rule struct {
	ID           string             `json:"id"`
	Version      int                `json:"version"` // from 1
	Title        string             `json:"title"`
	Basis        Basis              `json:"basis"`
	Article      string             `json:"article"`         // of the Convention, that it gives or serves
	State        rogatory.StateCode `json:"state,omitempty"` // of a national rule
	Law          string             `json:"law,omitempty"`   // of a national rule
	From         Event              `json:"from"`
	Direction    Direction          `json:"direction"`
	Amount       int                `json:"amount"`
	Unit         Unit               `json:"unit"`
	Whose        Whose              `json:"whose"`
	FirstDay     FirstDay           `json:"first_day,omitempty"` // days and working days only
	Falls        Falls              `json:"falls"`
	IfNotWorking IfNotWorking       `json:"if_not_working"`
	Bound        Bound              `json:"bound"`
	ExtendedBy   string             `json:"extended_by,omitempty"` // the rule of the next order; its own for a rule that can be renewed without number
	Verified     bool               `json:"verified"`              // a jurist compared it with the text
}

// Length writes the rule's amount for people, such as 1 hour or 5 working days.
func (v Rule) Length() string { return Period{v.Amount, v.Unit}.String() }

// Article is what an article says, in our words.
type Article struct {
	Says     string `json:"says"`
	Verified bool   `json:"verified"`
}

// MaxAmount bounds each unit to about ten years; longer limits are not of this field.
var maxAmount = map[Unit]int{Hours: 87600, Days: 3660, WorkingDays: 2600, Months: 120}

// MaxRules bounds a rules file.
const MaxRules = 2000

// Rules is one loaded set of rules. It is immutable.
type Rules struct {
	Version   string
	Digest    rogatory.Digest
	Articles  map[string]Article
	rules     []Rule
	retention []RetentionRule
}

// Embedded returns the files of rules and calendars that came with this program, for a jurist to begin with.
func Embedded() (rules, calendars []byte) {
	return slices.Clone(bundledRules), slices.Clone(bundledCalendars)
}

// BundledRules returns the rules that came with this program. They are checked by a test; an error here
// would be a defect, so it panics.
func BundledRules() *Rules {
	r, err := LoadRules("rules.json", bundledRules)
	if err != nil {
		panic("the embedded rules do not load: " + err.Error())
	}
	return r
}

// MaxDataSize bounds a data file: the calendars of every State for ten years stay below it.
const MaxDataSize = 4 << 20

// dataFiles is the form of this package's files. No list in one is longer than its own limit, which is
// told in better words, and none of these is above the limit here.
var dataFiles = datafile.Form{Code: "data_invalid", TooLarge: "data_too_large", Hint: "mend the line; until then the rules that were loaded before stay in force",
	Size: MaxDataSize, Items: 2 * max(MaxRules, MaxStates, MaxHolidays), Complete: true}

// LoadRules reads a rules file; name is for errors. Unknown members, articles, events and references,
// missing members, doubled versions and overlapping retention rules are refused, with the line and the
// code data_invalid; nothing is returned with an error.
func LoadRules(name string, data []byte) (*Rules, error) {
	var in struct {
		Version   string             `json:"version"`
		Articles  map[string]Article `json:"articles"`
		Rules     []Rule             `json:"rules"`
		Retention []RetentionRule    `json:"retention"`
	}
	f, err := dataFiles.Read(name, data, &in)
	if err != nil {
		return nil, err
	}
	if err := checkVersion(in.Version); err != nil {
		return nil, f.Fault(err, "version")
	}
	for _, a := range slices.Sorted(maps.Keys(in.Articles)) {
		if !rogatory.Article(a).Valid() || in.Articles[a].Says == "" {
			return nil, f.Fault(fmt.Errorf("%.40q is no article of the Convention, or lacks what it says", a), "articles", a)
		}
	}
	r := &Rules{Version: in.Version, Digest: rogatory.DigestOf(data), Articles: in.Articles}
	err = datafile.Each(f, in.Rules, func(v *Rule) error {
		if err := errors.Join(v.check(), r.known(v.Article), r.fits(*v)); err != nil {
			return fmt.Errorf("rule %.60q: %w", v.ID, err)
		}
		r.rules = append(r.rules, *v)
		return nil
	}, "rules")
	if err != nil {
		return nil, err
	}
	err = datafile.Each(f, in.Retention, func(v *RetentionRule) error {
		if err := errors.Join(v.check(), r.known(v.Article), r.fitsRetention(*v)); err != nil {
			return fmt.Errorf("retention rule %.60q: %w", v.ID, err)
		}
		r.retention = append(r.retention, *v)
		return nil
	}, "retention")
	if err != nil {
		return nil, err
	}
	if err := r.complete(f); err != nil {
		return nil, err
	}
	return r, nil
}

var (
	identifier = regexp.MustCompile(`^[a-z][a-z0-9_]{1,59}$`)
	edition    = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}[a-z]?$`)
)

// checkVersion wants the version of a file, which is a date.
func checkVersion(v string) error {
	if !edition.MatchString(v) {
		return fmt.Errorf("the version %.40q is not of the form 2026-11-25", v)
	}
	return nil
}

// known refuses an article that the file does not explain.
func (r *Rules) known(a string) error {
	if _, ok := r.Articles[a]; !ok {
		return fmt.Errorf("article %.40q is not among the file's articles", a)
	}
	return nil
}

// fits refuses a rule that is there already.
func (r *Rules) fits(v Rule) error {
	for _, o := range r.rules {
		if o.ID == v.ID && o.Version == v.Version {
			return fmt.Errorf("version %d is there twice", v.Version)
		}
	}
	if len(r.rules) == MaxRules {
		return fmt.Errorf("more than %d rules", MaxRules)
	}
	return nil
}

// complete refuses references that lead nowhere and articles that nobody uses.
func (r *Rules) complete(f *datafile.File) error {
	used := map[string]bool{}
	for i, v := range r.rules {
		used[v.Article] = true
		if v.ExtendedBy == "" {
			continue
		}
		next, err := r.Rule(v.ExtendedBy)
		if err != nil {
			return f.Fault(fmt.Errorf("rule %q is extended by %q, which is not there", v.ID, v.ExtendedBy), "rules", i)
		}
		if next.Direction != After || next.Whose != v.Whose || next.State != v.State || next.Unit != Hours && next.Unit != Days {
			return f.Fault(fmt.Errorf("rule %q is extended by %q, which is of another State, or no order in hours or days", v.ID, v.ExtendedBy), "rules", i)
		}
	}
	for _, v := range r.retention {
		used[v.Article] = true
	}
	for _, a := range slices.Sorted(maps.Keys(r.Articles)) {
		if !used[a] {
			return f.Fault(fmt.Errorf("no rule has the article %s", a), "articles", a)
		}
	}
	return nil
}

// check refuses a rule that is incomplete or contradicts itself.
func (v Rule) check() error {
	byDay := v.Unit == Days || v.Unit == WorkingDays
	most, unit := maxAmount[v.Unit]
	switch {
	case !identifier.MatchString(v.ID) || v.Version < 1 || v.Title == "" || v.Article == "":
		return errors.New("id, version, title or article is missing or malformed")
	case !slices.Contains([]Basis{ByArticle, ProductDefault, NationalRule}, v.Basis):
		return fmt.Errorf("basis %.40q is unknown", v.Basis)
	case (v.Basis == NationalRule) != (v.State.Valid() && v.Law != "") || v.Basis != NationalRule && (v.State != "" || v.Law != ""):
		return errors.New("a national rule, and no other, names its State and law")
	case !slices.Contains(events, v.From):
		return fmt.Errorf("event %.40q is unknown", v.From)
	case v.Direction != After && v.Direction != Before:
		return fmt.Errorf("direction %.40q is unknown", v.Direction)
	case !unit:
		return fmt.Errorf("unit %.40q is unknown", v.Unit)
	case v.Amount > most || v.Amount < 0 || v.Amount == 0 && (v.Unit != Hours || v.Direction != Before):
		return fmt.Errorf("%d %s: from 1 to %d can be given, or no hours before an event", v.Amount, v.Unit, most)
	case !slices.Contains([]Whose{Requested, Requesting, Holder, UTC}, v.Whose):
		return fmt.Errorf("whose calendar: %.40q is unknown", v.Whose)
	case byDay && v.FirstDay != NextDay && v.FirstDay != SameDay || !byDay && v.FirstDay != "":
		return errors.New("days and working days, and no other unit, say whether the first day is the next or the same")
	case v.FirstDay == SameDay && v.Direction == Before:
		return errors.New("before an event the day itself cannot count")
	case !slices.Contains([]Falls{AtInstant, SameTime, StartOfDay, EndOfDay}, v.Falls):
		return fmt.Errorf("falls: %.40q is unknown", v.Falls)
	case (v.Unit == Hours) != (v.Falls == AtInstant):
		return errors.New("hours, and no other unit, end at an instant")
	case v.Falls == SameTime && (v.Unit != Days || v.FirstDay != NextDay || v.Direction != After):
		return errors.New("only days after the day of an event end at the same time")
	case !slices.Contains([]IfNotWorking{Stay, Next, Previous}, v.IfNotWorking):
		return fmt.Errorf("if not working: %.40q is unknown", v.IfNotWorking)
	case v.IfNotWorking != Stay && (v.Unit == Hours || v.Falls == SameTime || v.Whose == UTC):
		return errors.New("hours, limits at the same time and limits in UTC do not wait for a working day")
	case v.IfNotWorking == Next && (v.Direction == Before || v.Bound == AtMost):
		return errors.New("a limit before an event, or a maximum, cannot move to a later day")
	}
	return v.checkBound()
}

func (v Rule) checkBound() error {
	switch {
	case v.Bound == Exact:
		return nil
	case v.Bound != AtLeast && v.Bound != AtMost:
		return fmt.Errorf("bound %.40q is unknown", v.Bound)
	case v.Direction == Before || v.Falls == StartOfDay:
		return errors.New("a limit before an event, or at the start of a day, is neither a minimum nor a maximum")
	case v.Bound == AtLeast && (v.IfNotWorking == Previous || v.FirstDay == SameDay):
		return errors.New("a minimum cannot move to an earlier day, nor count the day of its event")
	case v.Bound == AtMost && v.Unit != Hours && !(v.Unit == Days && (v.FirstDay == SameDay || v.Falls == SameTime)):
		return errors.New("a maximum is in hours, in days with the first, or in days to the same time")
	}
	return nil
}

// All returns every rule in the file's order, older versions included.
func (r *Rules) All() []Rule { return slices.Clone(r.rules) }

// Rule returns the newest version of a rule. The code of its error is rule_unknown.
func (r *Rules) Rule(id string) (Rule, error) { return r.RuleOf(id, 0) }

// RuleOf returns one version of a rule, the newest for zero. The code of its error is rule_unknown.
func (r *Rules) RuleOf(id string, version int) (Rule, error) {
	var found Rule
	var ids []string
	for _, v := range r.rules {
		if v.ID == id && (version == v.Version || version == 0 && v.Version > found.Version) {
			found = v
		}
		if !slices.Contains(ids, v.ID) {
			ids = append(ids, v.ID)
		}
	}
	if found.ID == "" {
		return Rule{}, rogatory.Fault(rogatory.NotFound, "rule_unknown", "no rule %.60q", id).
			WithHint("the rules are " + strings.Join(ids, ", "))
	}
	return found, nil
}
