// SPDX-License-Identifier: Apache-2.0

package court

import (
	"fmt"
	"strings"
	"time"

	"rogatory"
)

// Report is what Verify found, in words. The same package and options always give the same report.
type Report struct {
	Case     rogatory.CaseID  `json:"case,omitempty"`
	Title    string           `json:"title,omitempty"`
	Mode     rogatory.Mode    `json:"mode,omitempty"`
	Exporter rogatory.Address `json:"exporter,omitzero"`
	Made     rogatory.Instant `json:"made,omitzero"`    // as the exporter states
	Stamped  time.Time        `json:"stamped,omitzero"` // as the time-stamp authority states; zero if not verified

	// Findings are the steps in the order they were taken.
	Findings []Finding `json:"findings"`
	// NotProved says, a sentence each, what a reader might believe and nobody has shown.
	NotProved []string `json:"not_proved"`
}

// Finding is one step.
type Finding struct {
	OK     bool     `json:"ok"`
	Words  string   `json:"words"`            // one plain sentence; names the file that is to blame
	Detail []string `json:"detail,omitempty"` // more of the same, a line each
}

// maxSaid bounds how many names a sentence repeats; the rest is in the detail.
const maxSaid = 5

// sentence is the finding with the first of its details.
func (f Finding) sentence() string {
	if len(f.Detail) == 0 {
		return f.Words
	}
	return strings.TrimSuffix(f.Words, ".") + ": " + f.Detail[0]
}

// Holds reports whether every step succeeded, and there was one.
func (r Report) Holds() bool {
	for _, f := range r.Findings {
		if !f.OK {
			return false
		}
	}
	return len(r.Findings) > 0
}

// Verdict is the report in one sentence.
func (r Report) Verdict() string {
	failed := 0
	first := ""
	for _, f := range r.Findings {
		if !f.OK {
			if failed++; failed == 1 {
				first = f.Words
			}
		}
	}
	if failed > 0 {
		return fmt.Sprintf("The package DOES NOT HOLD: %s (%d of %d steps failed.)", first, failed, len(r.Findings))
	}
	exercise := ""
	if r.Mode == rogatory.Exercise {
		exercise = " It is an EXERCISE: States, persons and evidence are invented."
	}
	return fmt.Sprintf("The package HOLDS: it is what %s signed about case %s, unchanged since %s.%s",
		r.Exporter, r.Case, r.Stamped.UTC().Format("2006-01-02 15:04:05 UTC"), exercise)
}

// ok records a step that succeeded.
func (r *Report) ok(words string, detail ...string) {
	r.Findings = append(r.Findings, Finding{OK: true, Words: words, Detail: detail})
}

// fail records a step that did not.
func (r *Report) fail(words string, detail ...string) {
	r.Findings = append(r.Findings, Finding{Words: words, Detail: detail})
}

// unproved records a sentence once.
func (r *Report) unproved(format string, args ...any) {
	words := fmt.Sprintf(format, args...)
	for _, w := range r.NotProved {
		if w == words {
			return
		}
	}
	r.NotProved = append(r.NotProved, words)
}

// enumerate joins a few names for a sentence and says how many more there are.
func enumerate(names []string) string {
	if len(names) <= maxSaid {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:maxSaid], ", "), len(names)-maxSaid)
}

// moment writes a time for people.
func moment(i rogatory.Instant) string { return i.Time().Format("2006-01-02 15:04:05 UTC") }
