// SPDX-License-Identifier: Apache-2.0

package console

import (
	"strings"
	"time"

	"rogatory"
	"rogatory/deadline"
	"rogatory/language"
	"rogatory/treaty/status"
)

// This file says in the reader's language what the packages below explain by codes and values.

// explained writes the steps of a time limit, or its warnings.
func explained(l *language.Locale, steps []deadline.Step, zone *time.Location) []string {
	var all []string
	for _, s := range steps {
		args := make([]any, len(s.Args))
		for i, a := range s.Args {
			args[i] = a
			if i%2 == 1 {
				args[i] = valueOf(l, a, zone)
			}
		}
		all = append(all, l.Sentence(l.T("counted."+s.Code, args...)))
	}
	return all
}

// inWords is a value that is in the reader's language already, and is not isolated again.
type inWords = language.Words

func valueOf(l *language.Locale, v any, zone *time.Location) any {
	switch v := v.(type) {
	case rogatory.Instant:
		return inWords(l.Moment(v, zone))
	case rogatory.Date:
		return inWords(weekdayOf(l, v))
	case rogatory.StateCode:
		if v == "" {
			return inWords(l.T("counted.the_state"))
		}
		return inWords(l.State(v))
	case deadline.Event:
		return inWords(l.T("event." + string(v)))
	case deadline.Period:
		return inWords(l.N("period."+string(v.Unit), int64(v.Amount)))
	case deadline.Skips:
		return inWords(skipsOf(l, v))
	}
	return v
}

// weekdayOf writes a day with its day of the week, which decides whether people work on it.
func weekdayOf(l *language.Locale, d rogatory.Date) string {
	t, err := time.Parse(time.DateOnly, string(d))
	if err != nil {
		return l.Isolate(string(d))
	}
	name := l.T("counted.weekday." + strings.ToLower(t.Weekday().String()))
	return l.T("counted.day", "weekday", inWords(name), "day", inWords(l.Day(rogatory.At(t), time.UTC)))
}

func skipsOf(l *language.Locale, s deadline.Skips) string {
	var all []string
	for _, k := range s.Named {
		why := inWords(l.Isolate(k.Why.Name)) // a holiday has the name that its calendar gives it
		switch k.Why.Code {
		case deadline.Weekend:
			why = inWords(l.T("counted.weekend"))
		case deadline.NoSuchDay:
			why = inWords(l.T("counted.no_such_day", "zone", k.Why.Zone))
		}
		all = append(all, l.T("counted.skip", "day", inWords(weekdayOf(l, k.Day)), "why", why))
	}
	if s.More > 0 {
		all = append(all, l.N("counted.more", int64(s.More)))
	}
	separator := "; "
	switch l.Tag() {
	case "ar":
		separator = "؛ "
	case "zh":
		separator = "；"
	case "fr":
		separator = "\u202f; "
	}
	return strings.Join(all, separator)
}

// ruleTitle is what a rule of time limits is about. A rule that an office made or changed has the title that it gave it.
func (s *server) ruleTitle(l *language.Locale, r deadline.Rule) string {
	key := "time_rule." + r.ID
	if base, ok := s.texts.Locale(language.Base).Known(key); ok && base == r.Title {
		return l.T(key)
	}
	return l.Isolate(r.Title)
}

// standing says why a State stands where it does with the Convention. What has no code stays in its own words.
func standing(l *language.Locale, r status.Reason) string {
	if r.Code == "" {
		return sentence(r.Text)
	}
	args, unsure := make([]any, len(r.Args)), ""
	for i, a := range r.Args {
		switch a := a.(type) {
		case status.Date:
			args[i] = inWords(l.Day(rogatory.At(a.Time()), time.UTC))
		case status.When:
			args[i] = inWords(dayWords(l, a))
		case status.Consent:
			args[i] = inWords(l.T("standing.kind." + strings.ReplaceAll(string(a), " ", "_")))
		case status.Certainty:
			switch a {
			case status.Assumed:
				unsure = " " + l.T("standing.assumed")
			case status.Reported:
				unsure = " " + l.T("standing.unconfirmed")
			}
		default:
			args[i] = a
		}
	}
	return l.Sentence(l.T("standing."+r.Code, args...)) + unsure
}

// healthCodes are the names of what a node looks at, and its codes in the texts.
var healthCodes = map[string]string{
	"database": "database", "journal": "journal", "directory": "directory", "time-stamp": "time_stamp", "paging": "paging", "on duty": "on_duty",
	"alarms": "alarms", "drill plan": "drill_plan", "drills": "drill_plan", "drill rules": "drill_plan", "start gate": "start_gate", "oversight": "oversight",
	"backup": "backup", "desk": "desk", "heartbeat": "heartbeat", "keys": "keys", "rules": "rules", "safeguards": "safeguards", "sign_in": "sign_in",
	"people.json": "people", "people who came back": "people",
	"certificate ": "certificate", "channel ": "channel", "alarm ": "alarm", "twin of ": "twin", "witness ": "witness", "oversight ": "oversight",
	"copy of ": "copy", "journal of ": "copy", "mirror of ": "copy", "refill from ": "copy",
}

// healthWords names what a node looked at and says how it is. In another language than English the exact words, which
// have the values, stand behind.
func healthWords(l *language.Locale, c Check) (name string, said saidView) {
	if l.Tag() == language.Base {
		return sentence(c.Name), saidView{Words: c.Words}
	}
	code, what := healthCodes[c.Name], ""
	for prefix, known := range healthCodes {
		if rest, ok := strings.CutPrefix(c.Name, prefix); ok && strings.HasSuffix(prefix, " ") {
			code, what = known, rest
		}
	}
	key := "health.good"
	if !c.OK {
		key = "health.bad." + code
		if _, ok := l.Known(key); !ok {
			key = "health.bad.other"
		}
	}
	said = saidView{l.Sentence(l.T(key)), c.Words}
	if code == "" {
		return l.Isolate(c.Name), said
	}
	if what == "" {
		return strings.TrimSpace(l.T("health."+code, "what", language.Words(""))), said
	}
	return l.T("health."+code, "what", what), said
}
