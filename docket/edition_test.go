// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"testing"

	"rogatory"
	"rogatory/store"
)

// A program with newer rules comes to an older journal: what was dated under the old rules stays as it is,
// and fsck says how many requests those are instead of calling them damaged.
func TestFilesKeepTheDatesOfTheirOwnRules(t *testing.T) {
	w := newWorld(t)
	starts := func(edition string) {
		w.ok(w.xb.Store.Update(t.Context(), func(tx *store.Tx) error {
			return w.xb.record(tx, rogatory.Entry{Type: rogatory.NodeStarted, At: w.xb.now(), By: w.xb.node(), Name: EditionPrefix + edition})
		}))
		w.xb.Rules.edition = edition
	}
	today := w.xb.Rules.Edition()
	starts("of last year")
	old := w.sent(rogatory.StoredData)
	starts(today)
	fresh := w.sent(rogatory.StoredData)

	// What an older program had computed otherwise.
	w.ok(w.xb.Store.Update(t.Context(), func(tx *store.Tx) error {
		f, err := w.xb.must(tx, old)
		if err != nil {
			return err
		}
		f.deadline("acknowledge").Due += 1
		return cabinetOf{tx}.keep(f)
	}))
	if a, b := w.view(w.xb, old).Rules, w.view(w.xb, fresh).Rules; a != "of last year" || b != today {
		t.Fatalf("opened under %q and %q", a, b)
	}
	w.xb.Rules.edition = ""
	found, err := w.check(w.xb)
	if err != nil || found.Earlier != 1 {
		t.Errorf("fsck finds %d requests under earlier rules: %v", found.Earlier, err)
	}

	// The journal says which rules those were: a date of today's rules that was moved is damage all the same.
	w.ok(w.xb.Store.Update(t.Context(), func(tx *store.Tx) error {
		f, err := w.xb.must(tx, fresh)
		if err != nil {
			return err
		}
		f.Rules = "of last year"
		f.deadline("acknowledge").Due += 1
		return cabinetOf{tx}.keep(f)
	}))
	if _, err := w.check(w.xb); rogatory.CodeOf(err) != "view_damaged" {
		t.Errorf("a moved date: %v", err)
	}
}
