// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
)

// successionSetting holds what the first entry of a successor journal says, until it is written.
const successionSetting = "succession"

// SetSuccession keeps what the first entry of an empty journal will say.
func SetSuccession(tx *store.Tx, s rogatory.Succession) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	return tx.SetSetting(successionSetting, text)
}

// succeed makes the first entry of a successor.
func (l *Ledger) succeed(tx *store.Tx, by rogatory.Actor) error {
	size, err := tx.Size()
	if err != nil || size > 0 {
		return err
	}
	v, found, err := tx.Setting(successionSetting)
	if err != nil || !found {
		return err
	}
	var s rogatory.Succession
	if err := json.Unmarshal(v, &s); err != nil {
		return rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s: %w", successionSetting, err)
	}
	_, err = l.record(tx, rogatory.Entry{Type: rogatory.JournalSucceeded, At: rogatory.At(l.cfg.Clock.Now()), By: by, Name: s.Origin, Why: s.Reason, Succession: &s})
	return err
}

// Succession returns the public word of a successor on the journal it follows: the proof of its first entry, which opens
// it. A journal that follows none is NotFound "no_succession".
func (l *Ledger) Succession(ctx context.Context) ([]byte, error) {
	none := rogatory.Fault(rogatory.NotFound, "no_succession", "this journal follows no other")
	err := l.cfg.Store.View(ctx, func(tx *store.Tx) error {
		first, err := tx.Entry(0)
		if err == nil && first.Type != rogatory.JournalSucceeded {
			err = none
		}
		return err
	})
	if err != nil {
		return nil, none
	}
	proof, _, err := l.ProvePublished(ctx, 0)
	return proof, err
}

// Follows checks what a successor says of the journal that was known before: that it names this one and its key, and a
// checkpoint that the old key signed and that is not behind what was witnessed. first is the first entry of the successor,
// as its proof opened it, and index where the proof says it stands.
func Follows(first rogatory.Entry, index int64, origin string, key journal.Verifier, vkey string, seen store.Witnessed) error {
	wrong := func(format string, args ...any) error {
		return rogatory.Fault(rogatory.Untrusted, "succession_wrong", format, args...)
	}
	s := first.Succession
	if index != 0 || first.Type != rogatory.JournalSucceeded || s == nil {
		return wrong("the first entry of the new journal is not that of a successor")
	}
	if s.Origin != origin || s.Key != vkey {
		return wrong("the new journal says that it follows %.80s, and %s was witnessed", s.Origin, origin)
	}
	if len(s.Responsible) < 2 || s.Reason == "" {
		return wrong("the new journal does not name two people who answer for it, and why")
	}
	c, err := journal.OpenCheckpoint([]byte(s.Checkpoint), origin, key)
	if err != nil {
		return wrong("the last checkpoint that the new journal names does not hold: %w", err)
	}
	if c.Size < seen.Size {
		return wrong("the new journal names %d entries of the old one, and %d were witnessed", c.Size, seen.Size)
	}
	return nil
}
