// SPDX-License-Identifier: Apache-2.0

package rogatory

// Ground is a code for a reason to refuse or postpone, such as R21B for Art 40(21)(b). The list per
// kind is treaty data.
type Ground string

// Outcome is how an executed or refused request ended. The list per kind is treaty data.
type Outcome string

// The outcomes that most kinds have.
const (
	Complete Outcome = "complete"
	Partly   Outcome = "partly"
)

// Verdict is what a requested State decided. A refusal is a verdict, not an error.
type Verdict struct {
	Ground     Ground   `json:"ground,omitempty"`     // Refuse, Postpone
	Reasons    string   `json:"reasons,omitempty"`    // mandatory with a ground, Art 40(25)
	Conditions []string `json:"conditions,omitempty"` // Accept: binding once accepted, Art 40(28)
	Review     Instant  `json:"review,omitzero"`      // Postpone: when it is looked at again
	Outcome    Outcome  `json:"outcome,omitempty"`    // Execute; Refuse, on some grounds
}
