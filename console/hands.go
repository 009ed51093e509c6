// SPDX-License-Identifier: Apache-2.0

package console

import (
	"slices"
	"strconv"
	"strings"

	"rogatory"
	"rogatory/desk"
	"rogatory/docket"
)

// handX and handY place a hand in the drawing: in the order of time, and on the side that held the pen.
func handX(i int) int { return 60 + i*handWidth }

func handY(h handView) int {
	if h.Theirs {
		return laneTheirs
	}
	return laneOurs
}

func handPoints(all []handView) string {
	var points []string
	for i, h := range all {
		points = append(points, strconv.Itoa(handX(i))+","+strconv.Itoa(handY(h)))
	}
	return strings.Join(points, " ")
}

// gapOf names the words for what the journal does not show of an exhibit's way.
func gapOf(p exhibitPage) string {
	has := func(types ...rogatory.EntryType) bool {
		return slices.ContainsFunc(p.Hands, func(h handView) bool { return slices.Contains(types, h.Type) })
	}
	switch {
	case p.Ours && !has(rogatory.ExhibitSealed), p.State == docket.Held && !has(rogatory.ExhibitReceived), !p.Ours && !has(rogatory.MessageReceived):
		return "gap"
	case slices.ContainsFunc(p.Hands, func(h handView) bool { return h.Unproved }):
		return "unproved"
	case !p.Ours:
		return "before"
	}
	return "whole"
}

// pointNumber is the place of a contact point in the directory; -1 if it is not there any more.
func (s *server) pointNumber(p desk.Point) int {
	if p.State == s.Office.Us.State {
		return -1
	}
	return slices.IndexFunc(s.party(p.State).ContactPoints, func(c rogatory.ContactPoint) bool { return c.Name == p.Name })
}
