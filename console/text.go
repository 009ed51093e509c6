// SPDX-License-Identifier: Apache-2.0

package console

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	"rogatory"
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

func joinLines(parts []string) string { return strings.Join(parts, "\n") }

func joinWords(parts []string) string { return strings.Join(parts, ", ") }

// lines splits what was typed into lines that say something.
func lines(text string) []string {
	var all []string
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); l != "" {
			all = append(all, l)
		}
	}
	return all
}

// grouped cuts a digest or a reference into groups of four, which people can read out.
func grouped(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// inputTime is how browsers write a moment in a field.
const inputTime = "2006-01-02T15:04"

// moment reads a moment of a form, in UTC; a date alone means the end of that day.
func moment(text string) (rogatory.Instant, bool) {
	text = strings.TrimSpace(text)
	if t, err := time.Parse(inputTime, text); err == nil {
		return rogatory.At(t), true
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return rogatory.At(t), true
	}
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return rogatory.At(t.AddDate(0, 0, 1).Add(-time.Minute)), true
	}
	return 0, false
}

func inputOf(i rogatory.Instant) string {
	if i == 0 {
		return ""
	}
	return i.Time().Format(inputTime)
}

// Payments and digests are typed as lines: from account > to account > amount code > time.
const partsOfPayment = 4

func paymentLines(all []rogatory.Payment) string {
	var out []string
	account := func(a rogatory.Account) string {
		if a.Institution == "" {
			return a.Number
		}
		return a.Number + " (" + a.Institution + ")"
	}
	for _, p := range all {
		out = append(out, strings.Join([]string{account(p.From), account(p.To), p.Amount.String(), inputOf(p.At)}, " > "))
	}
	return strings.Join(out, "\n")
}

func parsePayments(text string) ([]rogatory.Payment, bool) {
	var all []rogatory.Payment
	for _, l := range lines(text) {
		parts := strings.Split(l, ">")
		if len(parts) != partsOfPayment {
			return nil, false
		}
		account := func(s string) rogatory.Account {
			number, rest, _ := strings.Cut(strings.TrimSpace(s), "(")
			return rogatory.Account{Number: strings.TrimSpace(number), Institution: strings.TrimSuffix(strings.TrimSpace(rest), ")")}
		}
		when, ok := moment(parts[3])
		if !ok {
			return nil, false
		}
		all = append(all, rogatory.Payment{From: account(parts[0]), To: account(parts[1]), Amount: amount(parts[2]), At: when})
	}
	return all, true
}

// amount reads "12500.00 EUR".
func amount(text string) rogatory.Amount {
	value, code, _ := strings.Cut(strings.TrimSpace(text), " ")
	return rogatory.Amount{Value: value, Code: strings.TrimSpace(code)}
}

func fingerprintLines(all []rogatory.Fingerprint) string {
	var out []string
	for _, f := range all {
		out = append(out, f.Algorithm+" "+f.Value)
	}
	return strings.Join(out, "\n")
}

func parseFingerprints(text string) ([]rogatory.Fingerprint, bool) {
	var all []rogatory.Fingerprint
	for _, l := range lines(text) {
		algorithm, value, ok := strings.Cut(l, " ")
		if !ok {
			return nil, false
		}
		all = append(all, rogatory.Fingerprint{Algorithm: algorithm, Value: strings.TrimSpace(value)})
	}
	return all, true
}

// pathOf writes a name as a part of an address.
func pathOf(name string) string { return url.PathEscape(name) }
