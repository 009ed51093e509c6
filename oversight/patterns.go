// SPDX-License-Identifier: Apache-2.0

package oversight

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"rogatory"
)

// The patterns.
const (
	Asymmetry      = "asymmetry"       // one State nearly always asks, the other nearly always answers
	EmergencyShare = "emergency_share" // the channel that skips steps is used for much
	RepeatedPerson = "repeated_person" // one person is asked about again and again
	RubberStamp    = "rubber_stamp"    // a reviewer grants nearly all, at once
	Silence        = "silence"         // requests that nobody answered
	NoticeOverdue  = "notice_overdue"  // persons concerned who are due to be told, and nobody recorded that they were
	WeakerPolicies = "weaker_policies" // safeguards that will count for less: the day in which somebody may still object
)

// Patterns lists them, in the order in which they are shown.
func Patterns() []string {
	return []string{WeakerPolicies, RubberStamp, EmergencyShare, RepeatedPerson, Asymmetry, Silence, NoticeOverdue}
}

// Alarm is a pattern that went beyond its threshold. It accuses nobody: it says where to look.
type Alarm struct {
	Pattern string             `json:"pattern"`
	State   rogatory.StateCode `json:"state,omitempty"`  // the other State, where it is about one
	Person  string             `json:"person,omitempty"` // the reviewer; never the person asked about
	// Ours says, of asymmetry, that it is we who ask.
	Ours     bool                 `json:"ours,omitempty"`
	Count    int                  `json:"count"`             // of the cases that are so
	Of       int                  `json:"of"`                // those that were counted
	Minutes  int                  `json:"minutes,omitempty"` // the median
	From     rogatory.Instant     `json:"from,omitzero"`     // when weaker safeguards come into force
	Requests []rogatory.RequestID `json:"requests"`          // to look at, the latest first
}

// Affairs are what an office owes beside answers, as its journal adds up.
type Affairs struct {
	Notices    []Notice // the subject notices that are not given yet
	Weakenings []Weakening
}

// Notice is a request whose persons concerned this office has still to tell.
type Notice struct {
	Request rogatory.RequestID
	Due     rogatory.Instant
}

// Weakening is a set of safeguards that weakens the one in force, was agreed to, and waits its day.
type Weakening struct {
	From    rogatory.Instant // when it comes into force
	Weaker  int              // differences that weaken
	Changes int              // all differences
}

// maxNamed bounds the requests that an alarm names: enough to begin with.
const maxNamed = 20

// Alarms looks for the patterns in the cases and affairs of one office at a moment. Fictitious requests count for a
// reviewer, whom they are there to measure, and for nothing else.
func (r *Rules) Alarms(cases []Case, affairs Affairs, now rogatory.Instant) []Alarm {
	real := slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.Seed })
	return slices.Concat(r.weakenings(affairs.Weakenings, now), r.stamps(cases), r.emergencies(real), r.repeated(real, now), r.asymmetries(real), r.silences(real, now), r.untold(affairs.Notices, now))
}

// weakenings has one alarm for each set: there is a day to object, and it is running.
func (r *Rules) weakenings(all []Weakening, now rogatory.Instant) (found []Alarm) {
	for _, w := range all {
		if w.From > now && w.Weaker >= r.Thresholds.WeakerPolicies.From {
			found = append(found, Alarm{Pattern: WeakerPolicies, Count: w.Weaker, Of: w.Changes, From: w.From, Requests: []rogatory.RequestID{}})
		}
	}
	return found
}

// untold names the notices that are overdue, the longest first.
func (r *Rules) untold(all []Notice, now rogatory.Instant) (found []Alarm) {
	t := r.Thresholds.NoticeOverdue
	late := slices.DeleteFunc(slices.Clone(all), func(n Notice) bool { return now.Sub(n.Due) <= days(t.Days) })
	if len(late) < t.From {
		return nil
	}
	slices.SortFunc(late, func(a, b Notice) int { return cmp.Or(cmp.Compare(a.Due, b.Due), cmp.Compare(a.Request, b.Request)) })
	a := Alarm{Pattern: NoticeOverdue, Count: len(late), Of: len(all)}
	for _, n := range late[:min(len(late), maxNamed)] {
		a.Requests = append(a.Requests, n.Request)
	}
	return []Alarm{a}
}

func name(cases []Case) []rogatory.RequestID {
	sorted := slices.SortedFunc(slices.Values(cases), func(a, b Case) int { return cmp.Or(cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.ID, b.ID)) })
	var ids []rogatory.RequestID
	for _, c := range sorted[:min(len(sorted), maxNamed)] {
		ids = append(ids, c.ID)
	}
	return ids
}

// group sorts cases by what of returns for each; those for which it is empty are left out.
func group(cases []Case, of func(Case) []string) ([]string, map[string][]Case) {
	by := map[string][]Case{}
	for _, c := range cases {
		for _, key := range of(c) {
			if key != "" {
				by[key] = append(by[key], c)
			}
		}
	}
	return slices.Sorted(maps.Keys(by)), by
}

func percent(n, of int) int { return 100 * n / max(of, 1) }

func (r *Rules) asymmetries(cases []Case) (found []Alarm) {
	t := r.Thresholds.Asymmetry
	keys, by := group(cases, func(c Case) []string { return []string{string(c.Peer)} })
	for _, state := range keys {
		theirs := slices.DeleteFunc(slices.Clone(by[state]), func(c Case) bool { return !c.Theirs })
		ours := slices.DeleteFunc(slices.Clone(by[state]), func(c Case) bool { return c.Theirs })
		more, of := theirs, len(by[state])
		if len(ours) > len(theirs) {
			more = ours
		}
		if of >= t.From && percent(len(more), of) > t.Percent {
			found = append(found, Alarm{Pattern: Asymmetry, State: rogatory.StateCode(state), Ours: len(ours) > len(theirs), Count: len(more), Of: of, Requests: name(more)})
		}
	}
	return found
}

func (r *Rules) emergency(c Case) bool { return slices.Contains(r.Emergency.Kinds, c.Kind) }

func (r *Rules) emergencies(cases []Case) (found []Alarm) {
	t := r.Thresholds.EmergencyShare
	keys, by := group(cases, func(c Case) []string {
		if !c.Theirs {
			return nil
		}
		return []string{string(c.Peer)}
	})
	for _, state := range keys {
		urgent := slices.DeleteFunc(slices.Clone(by[state]), func(c Case) bool { return !r.emergency(c) })
		if of := len(by[state]); of >= t.From && percent(len(urgent), of) > t.Percent {
			found = append(found, Alarm{Pattern: EmergencyShare, State: rogatory.StateCode(state), Count: len(urgent), Of: of, Requests: name(urgent)})
		}
	}
	return found
}

// repeated names the State and the requests, never the person: the alarm may be seen by more people than the requests.
func (r *Rules) repeated(cases []Case, now rogatory.Instant) (found []Alarm) {
	t := r.Thresholds.RepeatedPerson
	recent := slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return now.Sub(c.Asked) > days(t.Days) })
	keys, by := group(recent, func(c Case) []string {
		var out []string
		for _, p := range c.Persons {
			out = append(out, string(c.Peer)+map[bool]string{true: "<", false: ">"}[c.Theirs]+p)
		}
		return out
	})
	seen := map[string]bool{} // one person under two identifiers in the same requests is one alarm
	for _, key := range keys {
		if len(by[key]) < t.From {
			continue
		}
		a := Alarm{Pattern: RepeatedPerson, State: by[key][0].Peer, Ours: !by[key][0].Theirs, Count: len(by[key]), Of: len(recent), Requests: name(by[key])}
		var print string
		for _, id := range a.Requests {
			print += string(id) + " "
		}
		if !seen[print] {
			seen[print] = true
			found = append(found, a)
		}
	}
	return found
}

func (r *Rules) stamps(cases []Case) (found []Alarm) {
	t := r.Thresholds.RubberStamp
	keys, by := group(cases, func(c Case) []string { return []string{c.By} })
	for _, person := range keys {
		var granted []Case
		var times []time.Duration
		for _, c := range by[person] {
			times = append(times, c.Attention)
			if c.Decision == rogatory.Accept {
				granted = append(granted, c)
			}
		}
		m := median(times)
		if of := len(by[person]); of >= t.From && percent(len(granted), of) >= t.Percent && m < time.Duration(t.Minutes)*time.Minute {
			found = append(found, Alarm{Pattern: RubberStamp, Person: person, Count: len(granted), Of: of, Minutes: int(m.Minutes()), Requests: name(granted)})
		}
	}
	return found
}

func (r *Rules) silences(cases []Case, now rogatory.Instant) (found []Alarm) {
	t := r.Thresholds.Silence
	keys, by := group(cases, func(c Case) []string {
		return []string{map[bool]string{true: "<", false: ">"}[c.Theirs] + string(c.Peer)}
	})
	for _, key := range keys {
		silent := slices.DeleteFunc(slices.Clone(by[key]), func(c Case) bool { return !r.silent(c, now) })
		if len(silent) >= t.From && len(silent) > 0 {
			found = append(found, Alarm{Pattern: Silence, State: silent[0].Peer, Ours: !silent[0].Theirs, Count: len(silent), Of: len(by[key]), Requests: name(silent)})
		}
	}
	return found
}

func (r *Rules) silent(c Case, now rogatory.Instant) bool {
	return c.Answered == 0 && !c.Over && now.Sub(c.Asked) > days(r.Thresholds.Silence.Days)
}

func days(n int) time.Duration { return time.Duration(n) * 24 * time.Hour }

// The signs by which requests are ranked.
const (
	Broad        = "broad"
	NoIdentifier = "no_identifier"
	AfterRefusal = "after_refusal"
	NoOffence    = "no_offence"
	Quick        = "quick"
	LongTerm     = "long_term"
	Emergency    = "emergency"
	IsIntrusive  = "intrusive"
)

// Signs lists them, the heaviest first as the rules come.
func Signs() []string {
	return []string{Broad, NoIdentifier, AfterRefusal, RepeatedPerson, NoOffence, Quick, LongTerm, Emergency, IsIntrusive, Silence}
}

// Ranked is a case with what speaks for looking at it.
type Ranked struct {
	Case
	Score int
	Signs []string
}

// Rank puts the cases to look at first, first. Who samples from the top sees what is risky before drowning in the rest.
func (r *Rules) Rank(cases []Case, now rogatory.Instant) []Ranked {
	asked, refused := map[string][]Case{}, map[string]rogatory.Instant{} // by person
	for _, c := range cases {
		for _, p := range c.Persons {
			asked[p] = append(asked[p], c)
			if c.Decision == rogatory.Refuse && (refused[p] == 0 || c.Decided < refused[p]) {
				refused[p] = c.Decided
			}
		}
	}
	var all []Ranked
	for _, c := range cases {
		v := Ranked{Case: c}
		sign := func(is bool, name string, weight int) {
			if is && weight > 0 {
				v.Score += weight
				v.Signs = append(v.Signs, name)
			}
		}
		term := c.Request.Term
		sign(c.broad(r.Limits), Broad, r.Risk.Broad)
		sign(len(c.Persons)+len(c.Networks)+len(c.Request.Payments)+len(c.Request.Fingerprints) == 0, NoIdentifier, r.Risk.NoIdentifier)
		sign(slices.ContainsFunc(c.Persons, func(p string) bool { return refused[p] != 0 && refused[p] < c.Asked }), AfterRefusal, r.Risk.AfterRefusal)
		sign(slices.ContainsFunc(c.Persons, func(p string) bool { return len(asked[p]) >= r.Thresholds.RepeatedPerson.From }), RepeatedPerson, r.Risk.RepeatedPerson)
		sign(len(c.Request.Offence.Articles) == 0 && c.Request.Offence.MaximumYears < rogatory.SeriousCrimeYears, NoOffence, r.Risk.NoOffence)
		sign(c.By != "" && c.Decision == rogatory.Accept && c.Attention < time.Duration(r.Limits.QuickMinutes)*time.Minute, Quick, r.Risk.Quick)
		sign(term.To > 0 && term.To.Sub(max(term.From, c.Asked)) > days(r.Limits.TermDays), LongTerm, r.Risk.LongTerm)
		sign(r.emergency(c), Emergency, r.Risk.Emergency)
		sign(slices.Contains(r.Intrusive.Kinds, c.Kind), IsIntrusive, r.Risk.Intrusive)
		sign(r.silent(c, now), Silence, r.Risk.Silence)
		all = append(all, v)
	}
	slices.SortStableFunc(all, func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(b.Asked, a.Asked), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// Key is that of the alarm's sentence in package language: it depends on whose side it is about.
func (a Alarm) Key() string {
	key := "oversight.alarm." + a.Pattern
	switch a.Pattern {
	case RubberStamp, EmergencyShare, NoticeOverdue, WeakerPolicies:
		return key
	}
	if a.Ours {
		return key + ".ours"
	}
	return key + ".theirs"
}
