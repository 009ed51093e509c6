// SPDX-License-Identifier: Apache-2.0

package assistance

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// What an aspect can add to a score of at most 100. The figures are our own choice, not the
// Convention's: they order what people then read.
const (
	kindPoints     = 40
	articlePoints  = 20
	datePoints     = 20
	languagePoints = 15
	regionPoints   = 5
)

// Reason is what one aspect adds to a score, and why.
type Reason struct {
	Aspect string `json:"aspect"`
	Points int    `json:"points"`
	Of     int    `json:"of"`
	Text   string `json:"text"`
}

// Suggestion says that an offer may suit a need.
type Suggestion struct {
	Need     ID       `json:"need"`
	Offer    ID       `json:"offer"`
	Score    int      `json:"score"` // 1 to 100
	Reasons  []Reason `json:"reasons"`
	Warnings []string `json:"warnings"`
	Tie      string   `json:"tie,omitempty"` // why it stands after another of the same score
}

// Suggest lists, need by need, the offers of other States that may suit, the best first. An offer of
// another kind, for none of the articles, or at no common day from that day on is not suggested; a
// missing common language or region costs points and is said. Offers of one score stand in the order
// of their first day, then of their reference.
func Suggest(needs, offers []Listing, on Date) []Suggestion {
	needs, offers = slices.Clone(needs), slices.Clone(offers)
	slices.SortFunc(needs, func(a, b Listing) int { return compareID(a.ID, b.ID) })
	slices.SortFunc(offers, func(a, b Listing) int { return cmp.Or(cmp.Compare(a.From, b.From), compareID(a.ID, b.ID)) })
	all := []Suggestion{}
	for _, n := range needs {
		var some []Suggestion
		from := map[ID]Date{}
		for _, o := range offers {
			if s, ok := compare(n, o, on); ok {
				some = append(some, s)
				from[o.ID] = o.From
			}
		}
		slices.SortStableFunc(some, func(a, b Suggestion) int { return cmp.Compare(b.Score, a.Score) })
		for i := 1; i < len(some); i++ {
			if before := some[i-1]; before.Score == some[i].Score {
				why := "begins earlier"
				if from[before.Offer] == from[some[i].Offer] {
					why = "begins on the same day and has the earlier reference"
				}
				some[i].Tie = fmt.Sprintf("as good as %s, which %s", before.Offer, why)
			}
		}
		all = append(all, some...)
	}
	return all
}

// compare weighs one offer against one need.
func compare(n, o Listing, on Date) (Suggestion, bool) {
	if n.State == o.State || n.State.Fictional() != o.State.Fictional() || n.Kind != o.Kind {
		return Suggestion{}, false
	}
	begin, end := max(n.From, o.From, on), min(n.Until, o.Until)
	covered, open := split(n.Articles, o.Articles)
	if end < begin || len(covered) == 0 {
		return Suggestion{}, false
	}
	s := Suggestion{Need: n.ID, Offer: o.ID, Warnings: o.Warnings()}
	add := func(aspect string, part, whole, of int, format string, args ...any) {
		points := of * part / whole
		if part > 0 {
			points = max(points, 1)
		}
		s.Score += points
		s.Reasons = append(s.Reasons, Reason{aspect, points, of, fmt.Sprintf(format, args...)})
	}
	add("kind", 1, 1, kindPoints, "same kind: %s", n.Kind)

	articles := fmt.Sprintf("covers %s", strings.Join(covered, ", "))
	if len(open) > 0 {
		articles += ", not " + strings.Join(open, ", ")
	}
	add("articles", len(covered), len(n.Articles), articlePoints, "%s", articles)

	wanted, common := days(max(n.From, on), n.Until), days(begin, end)
	add("dates", common, wanted, datePoints, "%d of %d days: %s to %s", common, wanted, begin, end)

	if shared, _ := split(n.Languages, o.Languages); len(shared) > 0 {
		add("language", 1, 1, languagePoints, "shared: %s", strings.Join(shared, ", "))
	} else {
		add("language", 0, 1, languagePoints, "none shared: %s needs %s, %s offers %s; interpretation has to be arranged", n.State, strings.Join(n.Languages, ", "), o.State, strings.Join(o.Languages, ", "))
	}
	if slices.Contains(o.Regions, Everywhere) || slices.Contains(o.Regions, n.Regions[0]) {
		add("region", 1, 1, regionPoints, "offered in %s", n.Regions[0])
	} else {
		add("region", 0, 1, regionPoints, "offered in %s, needed in %s", strings.Join(o.Regions, ", "), n.Regions[0])
	}
	return s, true
}

// split divides the list into what the other has and what it lacks.
func split(list, other []string) (in, out []string) {
	for _, s := range list {
		if slices.Contains(other, s) {
			in = append(in, s)
		} else {
			out = append(out, s)
		}
	}
	return in, out
}

// days counts the days from one to another, both counted. Both are valid.
func days(from, until Date) int {
	a, _ := time.Parse(time.DateOnly, string(from))
	b, _ := time.Parse(time.DateOnly, string(until))
	return int(b.Sub(a)/(24*time.Hour)) + 1
}
