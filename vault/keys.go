// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"filippo.io/age"

	"rogatory"
)

// GenerateIdentity makes a new secret key from the system's randomness. Its String is the secret
// (AGE-SECRET-KEY-PQ-1...), its Recipient the public key (age1pq1...).
func GenerateIdentity() (*age.HybridIdentity, error) { return age.GenerateHybridIdentity() }

// ParseIdentity reads a hybrid secret key, AGE-SECRET-KEY-PQ-1... The error does not repeat it.
func ParseIdentity(s string) (*age.HybridIdentity, error) {
	identity, err := age.ParseHybridIdentity(s)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "key_invalid", "secret key of %d characters is no hybrid age key", len(s))
	}
	return identity, nil
}

// ParseRecipient reads a hybrid public key, age1pq1... Keys of other kinds are refused.
func ParseRecipient(s string) (*age.HybridRecipient, error) {
	recipient, err := age.ParseHybridRecipient(s)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Invalid, "weak_recipient", "public key %.20q is no hybrid age key: %w", s, err)
	}
	return recipient, nil
}

// checkRecipients allows hybrid keys only: evidence is recorded today by those who wait for a
// quantum computer, and one classical recipient would open it to them.
func checkRecipients(recipients []age.Recipient) error {
	if len(recipients) == 0 {
		return rogatory.Fault(rogatory.Invalid, "recipients_missing", "seal evidence for nobody")
	}
	if len(recipients) > MaxRecipients {
		return rogatory.Fault(rogatory.Invalid, "too_many_recipients", "seal evidence for %d recipients, at most %d are allowed", len(recipients), MaxRecipients)
	}
	for i, r := range recipients {
		if hybrid, ok := r.(*age.HybridRecipient); !ok || hybrid == nil {
			return rogatory.Fault(rogatory.Invalid, "weak_recipient", "recipient %d is a %T, only hybrid age keys are allowed", i, r)
		}
	}
	return nil
}
