// SPDX-License-Identifier: Apache-2.0

package safeguard

import (
	"slices"
	"strings"
	"time"

	"rogatory"
)

// WeakeningWaits is how long a set that weakens waits before it takes effect (AB-12): a day, so that oversight and
// colleagues see it before a request can use it. A set that only tightens takes effect at once.
const WeakeningWaits = 24 * time.Hour

// Changed says what became of a policy.
type Changed string

// What can become of a policy. Added and raised tighten; everything else weakens, unless the text is the same.
const (
	Added           Changed = "added"
	Removed         Changed = "removed"
	SeverityRaised  Changed = "severity_raised"
	SeverityLowered Changed = "severity_lowered"
	QuorumRaised    Changed = "quorum_raised"
	QuorumLowered   Changed = "quorum_lowered"
	RolesAdded      Changed = "roles_added"
	RolesRemoved    Changed = "roles_removed"
	BodyChanged     Changed = "body_changed" // nobody can prove that it still fires wherever it fired
	WordsChanged    Changed = "words_changed"
	NoPoliciesLeft  Changed = "no_policies_left"
)

// Change is one difference between two sets.
type Change struct {
	Policy string  `json:"policy"`
	What   Changed `json:"what"`
	Weaker bool    `json:"weaker"`
	Old    string  `json:"old,omitempty"`
	New    string  `json:"new,omitempty"`
}

// Differences lists what a new set changes against an old one, in the order of the old set and then of the new.
func Differences(old, new Set) []Change {
	var all []Change
	for _, p := range old.policies {
		q, ok := new.Policy(p.ID)
		if !ok {
			all = append(all, Change{p.ID, Removed, true, p.Text, ""})
			continue
		}
		all = append(all, differ(p, q)...)
	}
	for _, q := range new.policies {
		if _, ok := old.Policy(q.ID); !ok {
			all = append(all, Change{q.ID, Added, false, "", q.Text})
		}
	}
	if len(new.policies) == 0 && len(old.policies) > 0 {
		all = append(all, Change{"", NoPoliciesLeft, true, "", ""})
	}
	return all
}

func differ(p, q Policy) []Change {
	var all []Change
	say := func(what Changed, weaker bool, old, new string) {
		all = append(all, Change{p.ID, what, weaker, old, new})
	}
	if d := q.Severity.rank() - p.Severity.rank(); d > 0 {
		say(SeverityRaised, false, string(p.Severity), string(q.Severity))
	} else if d < 0 {
		say(SeverityLowered, true, string(p.Severity), string(q.Severity))
	}
	if q.Quorum > p.Quorum {
		say(QuorumRaised, false, "", "")
	} else if q.Quorum < p.Quorum {
		say(QuorumLowered, true, "", "")
	}
	for _, r := range p.Roles {
		if !slices.Contains(q.Roles, r) {
			say(RolesRemoved, true, r, "")
		}
	}
	for _, r := range q.Roles {
		if !slices.Contains(p.Roles, r) {
			say(RolesAdded, false, "", r)
		}
	}
	if body(p) != body(q) {
		say(BodyChanged, true, body(p), body(q))
	}
	if p.Article != q.Article || p.Advice != q.Advice {
		say(WordsChanged, false, p.Article+" "+p.Advice, q.Article+" "+q.Advice)
	}
	return all
}

// body is what decides of a policy: its text without annotations.
func body(p Policy) string {
	lines := strings.Split(p.Text, "\n")
	i := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "forbid") })
	return strings.Join(lines[max(i, 0):], "\n")
}

// Weaker lists what a new set weakens. Nothing means that it only tightens, or is the same.
func Weaker(old, new Set) []Change {
	return slices.DeleteFunc(Differences(old, new), func(c Change) bool { return !c.Weaker })
}

// Approval is one person's yes to a set.
type Approval struct {
	Person        string               `json:"person"`
	Role          rogatory.OfficerRole `json:"role"`
	Authenticator string               `json:"authenticator"`
}

// Edition is a set that was put forward: an entry of the journal.
type Edition struct {
	Set       Set
	At        rogatory.Instant
	Approvals []Approval
}

// InForce is the set that counts at a moment.
type InForce struct {
	Set     Set
	Since   rogatory.Instant
	Edition int       // its place in the history; -1 before the first
	Waiting []Waiting // those that weaken and are still to come, or were not approved by enough
	Spans   []Span    // what counted until then, the first edition first; the last is the one in force
}

// Span says from when an edition counted: until the next span begins.
type Span struct {
	Edition int
	From    rogatory.Instant
}

// Waiting is an edition that is not in force.
type Waiting struct {
	Edition int
	From    rogatory.Instant // zero: never, for too few approved it
	Weakens []Change
}

// Effective says which set counts at a moment. history is in the order of the journal. One that weakens what was in
// force when it was put forward needs two people of two roles and a day; one that only tightens counts at once, by one
// person. A later edition that is in force stands before an earlier one that still waits. An edition dated before the
// one in front of it counts from that one's moment: a clock that was set back wins nothing.
func Effective(history []Edition, now rogatory.Instant) InForce {
	type coming struct {
		Waiting
		from rogatory.Instant
	}
	force := InForce{Edition: -1}
	var queue []coming
	var last rogatory.Instant
	enter := func(edition int, from rogatory.Instant) {
		force.Set, force.Since, force.Edition = history[edition].Set, from, edition
		force.Spans = append(force.Spans, Span{edition, from})
	}
	take := func(until rogatory.Instant) {
		for len(queue) > 0 {
			due := slices.IndexFunc(queue, func(c coming) bool { return c.from != 0 && c.from <= until })
			if due < 0 {
				return
			}
			c := queue[due]
			enter(c.Edition, c.from)
			queue = queue[due+1:] // what was put forward before it is overtaken
		}
	}
	for i, e := range history {
		last = max(last, e.At)
		if last > now {
			break
		}
		take(last)
		c := coming{Waiting{Edition: i, Weakens: Weaker(force.Set, e.Set)}, last}
		switch {
		case len(e.Set.policies) == 0:
			c.from = 0 // an office without policies holds everything; nobody can put that forward
		case len(c.Weakens) == 0 && len(e.Approvals) >= 1:
			enter(i, last)
			queue = nil
			continue
		case !enough(e.Approvals):
			c.from = 0
		default:
			c.from = last.Add(WeakeningWaits)
		}
		c.From = c.from
		queue = append(queue, c)
	}
	take(now)
	for _, c := range queue {
		force.Waiting = append(force.Waiting, c.Waiting)
	}
	return force
}

// enough reports whether two people of two roles, with two authenticators, approved.
func enough(all []Approval) bool {
	for i, a := range all {
		for _, b := range all[i+1:] {
			if a.Person != "" && b.Person != "" && a.Person != b.Person && a.Role != b.Role && a.Role != "" && b.Role != "" &&
				a.Authenticator != "" && b.Authenticator != "" && a.Authenticator != b.Authenticator {
				return true
			}
		}
	}
	return false
}
