// SPDX-License-Identifier: Apache-2.0

package assistance

import (
	"fmt"
	"reflect"
	"slices"
	"strings"

	"rogatory"
)

// Effect is what taking in another State's list does to one thing.
type Effect string

// The effects.
const (
	Added   Effect = "added"
	Changed Effect = "changed"
	Kept    Effect = "kept"    // theirs is older; ours stays
	Refused Effect = "refused" // theirs contradicts ours, or is not theirs to say
)

// Difference says what taking in another State's list does, or would do.
type Difference struct {
	What   string `json:"what"` // a reference, or the two of a match
	Effect Effect `json:"effect"`
	Text   string `json:"text"`
}

// Merge takes into mine what a State says in its list: its own needs and offers, and its own steps of
// matches. A newer version replaces an older one, never the other way round; two contents of one
// version are refused. What the list says about others is refused too: they say it themselves. States
// that merge one another's lists, in whatever order, hold the same book.
//
// That the list is the State's is the caller's to establish: today a person says so; once lists are
// signed with the node's keys, the signature will. Nothing else has to change here.
func Merge(mine, theirs Book, from rogatory.StateCode) (Book, []Difference) {
	mine, theirs = mine.sorted(), theirs.sorted()
	diff := []Difference{}
	say := func(what string, e Effect, format string, args ...any) {
		diff = append(diff, Difference{what, e, fmt.Sprintf(format, args...)})
	}
	for _, l := range theirs.Listings {
		at := mine.Find(l.ID)
		switch {
		case l.State != from:
			say(string(l.ID), Refused, "%s does not speak for %s", from, l.State)
		case at < 0:
			mine.Listings = append(mine.Listings, l)
			say(string(l.ID), Added, "%s", l.Title)
		case newer(mine.Listings[at], l, mine.Matches, say):
			mine.Listings[at] = l
		}
	}
	for _, m := range theirs.Matches {
		mine.Matches = mergeMatch(mine.Matches, mine.FindMatch(m.Need, m.Offer), m, from, say)
	}
	return mine.sorted(), diff
}

type sayer func(what string, e Effect, format string, args ...any)

// newer decides between two contents of one reference.
func newer(mine, theirs Listing, matches []Match, say sayer) bool {
	what := string(mine.ID)
	changed := members(mine, theirs)
	switch {
	case len(changed) == 0:
		return false
	case theirs.Version == mine.Version:
		say(what, Refused, "version %d is here with another content: %s", mine.Version, strings.Join(changed, "; "))
		return false
	case theirs.Version < mine.Version:
		say(what, Kept, "theirs is version %d, here is %d", theirs.Version, mine.Version)
		return false
	}
	text := strings.Join(changed, "; ")
	for _, m := range matches {
		if s := m.Stage(); (m.Need == mine.ID || m.Offer == mine.ID) && Binding(s) {
			text += fmt.Sprintf("; warning: the match of %s is %s, look at it again", m, s)
		}
	}
	say(what, Changed, "%s", text)
	return true
}

// Binding reports whether a match at this stage rests on terms that must not change under it.
func Binding(s Stage) bool {
	return slices.Contains([]Stage{Proposed, AcceptedByNeed, AcceptedByOffer, Agreed}, s)
}

// members lists what differs between two listings, by the names of their JSON members.
func members(before, after Listing) []string {
	var changed []string
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range a.NumField() {
		if x, y := a.Field(i).Interface(), b.Field(i).Interface(); !reflect.DeepEqual(x, y) {
			name, _, _ := strings.Cut(a.Type().Field(i).Tag.Get("json"), ",")
			changed = append(changed, fmt.Sprintf("%s from %v to %v", name, x, y))
		}
	}
	return changed
}

// mergeMatch takes the State's own steps of one match, which is the i-th of mine or not there.
func mergeMatch(mine []Match, i int, theirs Match, from rogatory.StateCode, say sayer) []Match {
	what := theirs.String()
	if theirs.side(from) == "" {
		say(what, Refused, "%s has no part in it", from)
		return mine
	}
	known := Match{Need: theirs.Need, Offer: theirs.Offer}
	if i >= 0 {
		known = mine[i]
		known.Steps = slices.Clone(known.Steps)
	}
	for _, s := range theirs.Steps {
		at := slices.IndexFunc(known.Steps, func(o Step) bool { return compareSteps(o, s) == 0 })
		switch {
		case at >= 0 && reflect.DeepEqual(known.Steps[at], s):
		case at >= 0:
			say(what, Refused, "%s by %s is here with another content", s.Act, s.By)
		case s.By != from:
			say(what, Refused, "%s says that %s did %s, which is not here: %s says it itself", from, s.By, s.Act, s.By)
		default:
			known.Steps = append(known.Steps, s)
			say(what, Added, "%s by %s on %s, now %s", s.Act, s.By, s.On, known.Stage())
		}
	}
	switch {
	case i >= 0:
		mine[i] = known
	case len(known.Steps) > 0:
		mine = append(mine, known)
	}
	return mine
}
