// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"slices"
	"strings"

	"rogatory"
)

// Limits on a hand-over note.
const (
	MaxNote  = 4000 // characters: what a tired person reads
	MaxItems = 50
	maxItem  = 300 // characters
)

// Note is what one shift leaves to the next. It stays inside the office and may name requests.
type Note struct {
	ID      string           `json:"id"`
	By      string           `json:"by"` // a person's id
	Written rogatory.Instant `json:"written"`
	Text    string           `json:"text"`
	Open    []Item           `json:"open,omitempty"` // what is not done
	ReadBy  string           `json:"read_by,omitempty"`
	Read    rogatory.Instant `json:"read,omitzero"`
}

// Item is something that the next shift has to see to.
type Item struct {
	Request rogatory.RequestID `json:"request,omitempty"`
	Text    string             `json:"text"`
}

// NewNote returns a note of the person who is on duty, or who was until the last hand-over: a note may be
// written a little late. Anybody else is refused with the code note_denied, and a note without words, or
// with too many, with note_invalid.
func NewNote(r *Rota, n Note) (Note, error) {
	shift := OnDuty(r, n.Written)
	if shift.Person != n.By {
		if shift.Since == 0 || OnDuty(r, shift.Since-1).Person != n.By {
			return Note{}, rogatory.Fault(rogatory.Denied, "note_denied", "hand over at %s: %.40q is neither on duty nor was before %.40q", n.Written, n.By, shift.Person)
		}
	}
	switch {
	case strings.TrimSpace(n.Text) == "" && len(n.Open) == 0:
		return Note{}, rogatory.Fault(rogatory.Invalid, "note_invalid", "hand over: the note is empty").WithHint(`write "nothing is open" if so`)
	case len([]rune(n.Text)) > MaxNote || len(n.Open) > MaxItems:
		return Note{}, rogatory.Fault(rogatory.Invalid, "note_invalid", "hand over: at most %d characters and %d open items are kept", MaxNote, MaxItems)
	case slices.ContainsFunc(n.Open, func(i Item) bool { return strings.TrimSpace(i.Text) == "" || len([]rune(i.Text)) > maxItem }):
		return Note{}, rogatory.Fault(rogatory.Invalid, "note_invalid", "hand over: each open item has from 1 to %d characters", maxItem)
	}
	n.ReadBy, n.Read, n.Open = "", 0, slices.Clone(n.Open)
	return n, nil
}

// Acknowledge returns the note as read. Only the person on duty at that moment can, and not who wrote it:
// the code is note_denied. A note that was read already stays as it is, with the code note_read.
func (n Note) Acknowledge(r *Rota, by string, at rogatory.Instant) (Note, error) {
	switch {
	case n.Read != 0:
		return n, rogatory.Fault(rogatory.Conflict, "note_read", "the note %.40s was read by %s at %s", n.ID, n.ReadBy, n.Read)
	case by == n.By || at < n.Written || OnDuty(r, at).Person != by:
		return n, rogatory.Fault(rogatory.Denied, "note_denied", "acknowledge the note %.40s: only the next person on duty can, not %.40q", n.ID, by)
	}
	n.ReadBy, n.Read = by, at
	return n, nil
}

// Unread returns the notes that the person on duty has not acknowledged yet, oldest first; those that the
// person wrote are for others.
func Unread(notes []Note, person string) []Note {
	var list []Note
	for _, n := range notes {
		if n.Read == 0 && n.By != person {
			list = append(list, n)
		}
	}
	slices.SortStableFunc(list, func(a, b Note) int { return int(min(max(a.Written-b.Written, -1), 1)) })
	return list
}
