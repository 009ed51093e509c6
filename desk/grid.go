// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"rogatory"
)

// Cells is how many parts a day of a grid has: half hours.
const Cells = 48

// MaxGrid is the days of one grid: two months, more than a screen or a sheet shows.
const MaxGrid = 62

// Cell is half an hour of the wall clock: who is on duty at its beginning.
type Cell struct {
	Person string `json:"person,omitempty"` // empty: the clocks jump over the beginning
	Gap    bool   `json:"gap,omitempty"`
}

// GridDay is a day as a rota is drawn. Of half hours that come twice it shows the first.
type GridDay struct {
	Date    string           `json:"date"`
	Weekday string           `json:"weekday"`
	Holiday string           `json:"holiday,omitempty"` // its name, in the rota's State
	Begins  rogatory.Instant `json:"begins"`
	Ends    rogatory.Instant `json:"ends"`  // does not belong to it
	Hours   float64          `json:"hours"` // 24 but where the clocks change
	Cells   [Cells]Cell      `json:"cells"`
}

// Grid draws a rota from the day of a moment, by the rota's wall clock. The code of its error is
// span_too_long.
func Grid(r *Rota, from rogatory.Instant, days int) ([]GridDay, error) {
	if days < 1 || days > MaxGrid {
		return nil, rogatory.Fault(rogatory.Invalid, "span_too_long", "draw %d days: from 1 to %d are drawn", days, MaxGrid)
	}
	first := wallOf(from, r.Location()).day()
	list := make([]GridDay, days)
	for i := range list {
		day := first + int64(i)
		g := &list[i]
		g.Date, g.Weekday, g.Holiday = date(day), weekday(day).String(), r.holidays[date(day)]
		g.Begins, _ = wall(day * secondsOfDay).moment(r.Location())
		g.Ends, _ = wall((day + 1) * secondsOfDay).moment(r.Location())
		g.Hours = g.Ends.Sub(g.Begins).Hours()
		for c := range g.Cells {
			at, times := wall(day*secondsOfDay + int64(c)*secondsOfDay/Cells).moment(r.Location())
			if times > 0 {
				now := r.holder(at)
				g.Cells[c] = Cell{Person: now.person, Gap: now.why.Layer == ByFallback}
			}
		}
	}
	return list, nil
}
