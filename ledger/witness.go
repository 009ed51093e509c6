// SPDX-License-Identifier: Apache-2.0

package ledger

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"rogatory"
	"rogatory/journal"
	"rogatory/store"
)

// retiredPrefix begins the name of the setting that says why a witness counts for nothing any more.
const retiredPrefix = "witness.retired."

// Retirement is why a witness counts for nothing any more.
type Retirement struct {
	Witness string           `json:"witness"` // the name of its key
	At      rogatory.Instant `json:"at"`
	By      string           `json:"by"`
	Why     string           `json:"why"`
}

// Retired returns the retirement of a witness, and false if it is in service.
func Retired(tx *store.Tx, witness string) (r Retirement, found bool, err error) {
	v, found, err := tx.Setting(retiredPrefix + witness)
	if err != nil || !found {
		return r, false, err
	}
	if err := json.Unmarshal(v, &r); err != nil {
		return r, false, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s%s: %w", retiredPrefix, witness, err)
	}
	return r, true, nil
}

// Retire takes a witness out of service, for good: its key is asked for no cosignature any more, and what it cosigns
// counts for nothing. A witness that comes back does so with a new key.
func (l *Ledger) Retire(tx *store.Tx, by rogatory.Actor, witness, why string) error {
	if _, already, err := Retired(tx, witness); err != nil || already {
		return err
	}
	now := rogatory.At(l.cfg.Clock.Now())
	if _, err := l.Record(tx, rogatory.Entry{Type: rogatory.WitnessRetired, At: now, By: by, Name: witness, Why: why}); err != nil {
		return err
	}
	text, err := json.Marshal(Retirement{witness, now, by.Name, why})
	if err != nil {
		return err
	}
	return tx.SetSetting(retiredPrefix+witness, text)
}

// lapsed deals with a witness that says it stands below what it cosigned. What it said is not signed, so it is asked to
// cosign an old checkpoint once more: if it does, the two cosignatures prove that it lost its memory, the proof is kept,
// and it is retired. It returns what is to be told.
func (l *Ledger) lapsed(ctx context.Context, w *journal.WitnessClient, forgot *journal.ForgotError, by rogatory.Actor) error {
	var first, second store.Checkpoint
	var found bool
	err := l.cfg.Store.View(ctx, func(tx *store.Tx) (err error) {
		if first, found, err = tx.CheckpointAtLeast(forgot.Known); err != nil || !found || first.Size != forgot.Known {
			found = false
			return err
		}
		second, found, err = tx.CheckpointAtLeast(max(forgot.Size, 1))
		return err
	})
	if err != nil {
		return err
	}
	if !found || second.Size >= first.Size {
		return forgot
	}
	key, err := l.verifier()
	if err != nil {
		return err
	}
	again := *w
	again.Cosigned = 0
	line, _, err := again.Cosign(ctx, second.Note, forgot.Size, l.Consistency(ctx))
	if err != nil {
		return errors.Join(forgot, err)
	}
	old, err := journal.AddCosignatures(second.Note, line)
	if err != nil {
		return errors.Join(forgot, err)
	}
	proof := journal.Lapse{Origin: l.cfg.Origin, First: first.Note, Second: old}
	if err := proof.Verify(key, w.Verifier); err != nil {
		return errors.Join(forgot, err)
	}
	name := w.Verifier.Name()
	err = l.cfg.Store.Update(ctx, func(tx *store.Tx) error {
		m := store.Misconduct{Kind: store.MisconductLapse, Party: name, Origin: l.cfg.Origin, First: proof.First, Second: proof.Second, At: rogatory.At(l.cfg.Clock.Now())}
		if err := tx.AddMisconduct(m); err != nil {
			return err
		}
		return l.Retire(tx, by, name, fmt.Sprintf("it cosigned %d entries, and later %d: it lost its memory", first.Size, second.Size))
	})
	return errors.Join(forgot, err)
}

// verifier is the public half of the journal's key.
func (l *Ledger) verifier() (journal.Verifier, error) {
	if l.cfg.Verifier == nil {
		return nil, errors.New("the ledger was given no verifier of its own journal")
	}
	return l.cfg.Verifier, nil
}

// Cosigned returns the greatest size at which a witness is known to have cosigned this journal.
func Cosigned(tx *store.Tx, witness string) (size int64, err error) {
	v, found, err := tx.Setting(cosignedPrefix + witness)
	if err == nil && found {
		if _, err := fmt.Sscan(string(v), &size); err != nil {
			return 0, rogatory.Fault(rogatory.Damaged, "setting_damaged", "read setting %s%s: %w", cosignedPrefix, witness, err)
		}
	}
	return size, err
}

// cosignedPrefix begins the name of the setting that says how far a witness has cosigned.
const cosignedPrefix = "witness."
