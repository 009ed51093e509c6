// SPDX-License-Identifier: Apache-2.0

package practice

import (
	"fmt"
	"strings"
	"time"
	"unicode"

	"rogatory"
)

// maxName bounds the name on a certificate.
const maxName = 100

// Completion is what a certificate states. Nobody but the trainee's own node vouches for it: Checkpoint is
// the signed and witnessed state of its journal, which holds every act of the exercises.
type Completion struct {
	Name       string           `json:"name"`
	State      string           `json:"state"`
	Mode       rogatory.Mode    `json:"mode"`
	Made       rogatory.Instant `json:"made"`
	Reports    []Report         `json:"exercises"`
	Mistakes   int              `json:"mistakes"`
	Checkpoint string           `json:"checkpoint,omitempty"`
}

// Certify states that all exercises are done. It is Conflict "exercises_open", naming the first step that
// is not done, before they are.
func Certify(name string, reports []Report, at rogatory.Instant, checkpoint string) (Completion, error) {
	name = strings.TrimSpace(name)
	if name == "" || len(name) > maxName || strings.ContainsFunc(name, unicode.IsControl) {
		return Completion{}, rogatory.Fault(rogatory.Invalid, "name_invalid", "the name %.60q cannot stand on a certificate", name).WithHint("give one line of at most 100 bytes with --name")
	}
	if r, s, open := Next(reports); open || len(reports) == 0 {
		done := 0
		for _, each := range reports {
			if each.Done {
				done++
			}
		}
		return Completion{}, rogatory.Fault(rogatory.Conflict, "exercises_open", "%d of %d exercises are done; the next step is %d of exercise %d", done, len(reports), s.Step, r.Exercise).
			WithHint(fmt.Sprintf("rogatory practice check %d says what to do", r.Exercise))
	}
	c := Completion{Name: name, State: string(Trainee), Mode: rogatory.Exercise, Made: at, Reports: reports, Checkpoint: checkpoint}
	for _, r := range reports {
		c.Mistakes += r.Mistakes()
	}
	return c, nil
}

// Text is the certificate on paper.
func (c Completion) Text() string {
	var b strings.Builder
	rule := strings.Repeat("=", 78) + "\n"
	b.WriteString(rule)
	fmt.Fprintf(&b, "EXERCISE - certificate of completion - EXERCISE\n%s\n", rule)
	fmt.Fprintf(&b, "%s\n\nhas done the %d exercises of rogatory practice, as the office of %s (a State that\ndoes not exist), on %s. Mistakes found by the checks: %d.\n\n", c.Name, len(c.Reports), c.State, day(c.Made), c.Mistakes)
	for _, r := range c.Reports {
		fmt.Fprintf(&b, "  %2d  %s  %-44s mistakes %d\n", r.Exercise, day(r.On), r.Title, r.Mistakes())
		for _, s := range r.Steps {
			for _, m := range s.Missed {
				fmt.Fprintf(&b, "                      Art %s: %s\n", m.Article, m.Text)
			}
		}
	}
	b.WriteString("\nIt says that the steps were done, not how well. It gives no right to act in a\nlive case. The rules of these exercises were not verified by a jurist.\n")
	if c.Checkpoint != "" {
		fmt.Fprintf(&b, "\nThe journal of the exercise node, signed and witnessed, holds every act:\n\n%s", c.Checkpoint)
	}
	b.WriteString(rule)
	return b.String()
}

func day(i rogatory.Instant) string { return i.Time().Format(time.DateOnly) }
