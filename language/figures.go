// SPDX-License-Identifier: Apache-2.0

package language

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"rogatory"
)

// forms is how a language writes figures, from CLDR.
//
// All eight write figures with the digits 0 to 9. CLDR 48 has them as the default of Arabic too; and a
// reference, a sum or an hour has to look the same in the message, on paper and on the screen of both
// States, where an officer compares them sign by sign.
type forms struct {
	Decimal     string      `json:"decimal"`
	Group       string      `json:"group"`
	MinGrouping int         `json:"min_grouping"` // 2: 1234, but 12.345
	Months      [12]string  `json:"months"`
	Day         string      `json:"day"`               // of {d} {m} {month} {y} and {be}, the Buddhist year
	FirstDay    string      `json:"first_day"`         // of a month, as French "1er"
	Moment      string      `json:"moment"`            // of {day} and {time}
	Quotes      [2]string   `json:"quotes"`            // opening, closing
	List        listPattern `json:"list"`              // of {0} and {1}
	Sizes       [5]string   `json:"sizes"`             // kB to PB, of {0}
	Why         string      `json:"differs,omitempty"` // where it differs from CLDR, and why
}

type listPattern struct {
	Two    string `json:"two"`
	Start  string `json:"start"`
	Middle string `json:"middle"`
	End    string `json:"end"`
}

// readForms parses the table of all languages.
func readForms(data []byte) (map[string]forms, error) {
	var table struct {
		CLDR      string           `json:"cldr"`
		Source    string           `json:"source"`
		Languages map[string]forms `json:"languages"`
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&table); err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "forms_invalid", "read how languages write figures: %w", err)
	}
	for _, tag := range supported {
		if f := table.Languages[tag]; f.Decimal == "" || f.MinGrouping < 1 || f.Months[11] == "" || f.Day == "" || f.Quotes[1] == "" || f.List.End == "" || f.Sizes[4] == "" {
			return nil, rogatory.Fault(rogatory.Invalid, "forms_invalid", "how %s writes figures is not complete", tag)
		}
	}
	return table.Languages, nil
}

// Number writes a whole number, grouped as the language groups it.
func (l *Locale) Number(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "\u2212", digits[1:]
	}
	if len(digits) < 3+l.forms.MinGrouping {
		return sign + digits
	}
	var b strings.Builder
	for i, r := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteString(l.forms.Group)
		}
		b.WriteRune(r)
	}
	return sign + b.String()
}

// kilo is the step from one unit of size to the next: 1 kB is 1000 bytes (SI).
const kilo = 1000

// Bytes writes a size: "999 bytes", "1.5 kB", "4.2 GB". From a hundred of a unit on there is no decimal.
func (l *Locale) Bytes(n int64) string {
	if n < kilo && n > -kilo {
		return l.N("clock.bytes", n)
	}
	if n < 0 {
		return "\u2212" + l.Bytes(max(-n, 0))
	}
	unit, step := 0, int64(kilo)
	for unit < len(l.forms.Sizes)-1 && n >= step*kilo-step/2 {
		unit, step = unit+1, step*kilo
	}
	tenths := n/step*10 + (n%step+step/20)/(step/10)
	figure := l.Number(tenths / 10)
	if tenths >= kilo {
		figure = l.Number(n/step + (n%step+step/2)/step)
	} else if tenths%10 != 0 {
		figure += l.forms.Decimal + strconv.FormatInt(tenths%10, 10)
	}
	return strings.Replace(l.forms.Sizes[unit], "{0}", figure, 1)
}

// buddhistEra is the difference between the Thai year and the common one, since 1941.
const buddhistEra = 543

// Day writes the day of an instant in a zone, the month in letters: "23 November 2026". Thai has the
// Buddhist year with the common one behind it, so that both States read the same date.
func (l *Locale) Day(at rogatory.Instant, zone *time.Location) string {
	t := at.Time().In(zone)
	day := strconv.Itoa(t.Day())
	if t.Day() == 1 && l.forms.FirstDay != "" {
		day = l.forms.FirstDay
	}
	return strings.NewReplacer(
		"{d}", day,
		"{m}", strconv.Itoa(int(t.Month())),
		"{month}", l.forms.Months[t.Month()-1],
		"{y}", strconv.Itoa(t.Year()),
		"{be}", strconv.Itoa(t.Year()+buddhistEra),
	).Replace(l.forms.Day)
}

// Hour writes the time of day of an instant in a zone: "03:14", in all languages of 24 hours.
func (l *Locale) Hour(at rogatory.Instant, zone *time.Location) string {
	return at.Time().In(zone).Format("15:04")
}

// Moment writes day, time and the zone's distance from UTC: "23 November 2026, 03:14 UTC+7". The distance
// instead of a name, since names of zones differ by language and repeat around the world.
func (l *Locale) Moment(at rogatory.Instant, zone *time.Location) string {
	clock := l.Hour(at, zone) + " " + offset(at.Time().In(zone))
	if l.Dir() == RightToLeft {
		clock = string(lri) + clock + string(pdi)
	}
	return strings.NewReplacer("{day}", l.Day(at, zone), "{time}", clock).Replace(l.forms.Moment)
}

func offset(t time.Time) string {
	_, seconds := t.Zone()
	minutes := seconds / 60
	sign := "+"
	if minutes < 0 {
		sign, minutes = "\u2212", -minutes
	}
	switch hours, rest := minutes/60, minutes%60; {
	case minutes == 0:
		return "UTC"
	case rest == 0:
		return fmt.Sprintf("UTC%s%d", sign, hours)
	default:
		return fmt.Sprintf("UTC%s%d:%02d", sign, hours, rest)
	}
}

// From where a remaining time needs no second unit: the eye wants one figure, unless the second matters.
const (
	minutesMatter = 6 * time.Hour
	hoursMatter   = 10 * 24 * time.Hour
)

// Left says in words what is left until a time limit, or how long it is overdue for a negative d: "41 minutes
// left", "2 days 6 h left", "overdue by 40 minutes". It is rounded down: never more is promised than there is.
func (l *Locale) Left(d time.Duration) string {
	key := "clock.left."
	if d < 0 {
		key, d = "clock.overdue.", max(-d, 0)
	}
	days, hours, minutes := int64(d/(24*time.Hour)), int64(d/time.Hour), int64(d/time.Minute)
	switch {
	case minutes == 0:
		return l.T(key + "moment")
	case hours == 0:
		return l.N(key+"minutes", minutes)
	case days == 0 && d < minutesMatter && minutes%60 != 0:
		return l.N(key+"hours_minutes", hours, "minutes", minutes%60)
	case days == 0:
		return l.N(key+"hours", hours)
	case d < hoursMatter && hours%24 != 0:
		return l.N(key+"days_hours", days, "hours", hours%24)
	default:
		return l.N(key+"days", days)
	}
}

// MonthOf writes a month of a year as the heading of a calendar does: "November 2026", in Thai with both years.
func (l *Locale) MonthOf(year int, m time.Month) string {
	name := l.forms.Months[m-1]
	if l.tag == "ru" { // alone, a Russian month does not stand in the genitive of its dates
		switch stem := strings.TrimSuffix(name, "я"); {
		case m == time.May:
			name = stem + "й"
		case stem != name:
			name = stem + "ь"
		default:
			name = strings.TrimSuffix(name, "а")
		}
	}
	heading := strings.NewReplacer("{d} de ", "", "{d} ", "", "{d}日", "", "\u202fг.", "").Replace(l.forms.Day)
	return strings.NewReplacer("{m}", strconv.Itoa(int(m)), "{month}", name, "{y}", strconv.Itoa(year), "{be}", strconv.Itoa(year+buddhistEra)).Replace(heading)
}

// Month returns the name of a month as it stands in a date.
func (l *Locale) Month(m time.Month) string { return l.forms.Months[m-1] }
