// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"bytes"
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf8"

	"rogatory"
)

// maxLine is the octets of a line of iCalendar without its end (RFC 5545, 3.1).
const maxLine = 75

// ICal writes the shifts of a person between two moments as an iCalendar (RFC 5545), in UTC. It says "Duty"
// and the number of the service, and neither who has the duty nor of which State: calendars lie with
// providers abroad. The same rota gives the same bytes. The codes of its error are person_unknown and
// span_too_long.
func ICal(r *Rota, person string, from, to rogatory.Instant) ([]byte, error) {
	if _, ok := r.Person(person); !ok {
		return nil, rogatory.Fault(rogatory.NotFound, "person_unknown", "rota %s has no person %.60q", r.Version, person)
	}
	shifts, err := Shifts(r, from, to)
	if err != nil {
		return nil, err
	}
	var events []Event
	for _, s := range shifts {
		if s.Person != person || s.Gap() {
			continue
		}
		if s.Since == 0 {
			s.Since = from
		}
		if s.Until == 0 {
			s.Until = to
		}
		// A moment has one person on duty, so that the beginning names the shift.
		name := rogatory.DigestOf([]byte("rogatory duty " + r.Number + " " + s.Since.String()))
		events = append(events, Event{ID: hex.EncodeToString(name[:16]), From: s.Since, To: s.Until, Summary: "Duty", Description: "Service number " + r.Number})
	}
	return Calendar("Duty", from, events), nil
}

// Event is one entry of a calendar. Calendars lie with providers abroad: nothing in it may name a person or a case.
type Event struct {
	ID                   string // the same for the same event at each reading
	From, To             rogatory.Instant
	Summary, Description string
}

// Calendar writes events as an iCalendar (RFC 5545), in UTC. Made is the stamp of each event: when the list was read is
// of no use to anybody, and would change its bytes.
func Calendar(name string, made rogatory.Instant, events []Event) []byte {
	var b bytes.Buffer
	property(&b, "BEGIN", "VCALENDAR")
	property(&b, "VERSION", "2.0")
	property(&b, "PRODID", "-//rogatory//"+strings.ToLower(name)+"//EN")
	property(&b, "X-WR-CALNAME", escape(name))
	property(&b, "REFRESH-INTERVAL;VALUE=DURATION", "PT1H")
	for _, e := range events {
		property(&b, "BEGIN", "VEVENT")
		property(&b, "UID", e.ID)
		property(&b, "DTSTAMP", utc(made))
		property(&b, "DTSTART", utc(e.From))
		property(&b, "DTEND", utc(e.To))
		property(&b, "SUMMARY", escape(e.Summary))
		property(&b, "DESCRIPTION", escape(e.Description))
		property(&b, "CLASS", "PRIVATE")
		property(&b, "END", "VEVENT")
	}
	property(&b, "END", "VCALENDAR")
	return b.Bytes()
}

func utc(at rogatory.Instant) string { return at.Time().Format("20060102T150405Z") }

// escape writes a text as a value (RFC 5545, 3.3.11).
func escape(s string) string {
	s = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\r\n", `\n`, "\n", `\n`, "\r", `\n`).Replace(s)
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) { // no text may hold them (RFC 5545, section 3.1), and some programs end a line at one
			return -1
		}
		return r
	}, s)
}

// property writes a line, folded before it is too long and never within a character.
func property(b *bytes.Buffer, name, value string) {
	line, room := name+":"+value, maxLine
	for len(line) > room {
		cut := room
		for !utf8.RuneStart(line[cut]) {
			cut--
		}
		b.WriteString(line[:cut] + "\r\n ")
		line, room = line[cut:], maxLine-1
	}
	b.WriteString(line + "\r\n")
}
