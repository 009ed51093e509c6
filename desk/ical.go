// SPDX-License-Identifier: Apache-2.0

package desk

import (
	"bytes"
	"encoding/hex"
	"strings"
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
	var b bytes.Buffer
	property(&b, "BEGIN", "VCALENDAR")
	property(&b, "VERSION", "2.0")
	property(&b, "PRODID", "-//rogatory//duty//EN")
	property(&b, "X-WR-CALNAME", "Duty")
	property(&b, "REFRESH-INTERVAL;VALUE=DURATION", "PT1H")
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
		property(&b, "BEGIN", "VEVENT")
		property(&b, "UID", hex.EncodeToString(name[:16]))
		property(&b, "DTSTAMP", utc(from)) // when the list was made is of no use to anybody, and would change its bytes
		property(&b, "DTSTART", utc(s.Since))
		property(&b, "DTEND", utc(s.Until))
		property(&b, "SUMMARY", "Duty")
		property(&b, "DESCRIPTION", "Service number "+escape(r.Number))
		property(&b, "CLASS", "PRIVATE")
		property(&b, "END", "VEVENT")
	}
	property(&b, "END", "VCALENDAR")
	return b.Bytes(), nil
}

func utc(at rogatory.Instant) string { return at.Time().Format("20060102T150405Z") }

// escape writes a text as a value (RFC 5545, 3.3.11).
func escape(s string) string {
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(s)
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
