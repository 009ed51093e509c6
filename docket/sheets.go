// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"

	"rogatory"
	"rogatory/safeguard"
	"rogatory/store"
)

// A reviewer's sheet is held against the one that the same reviewer signed before, of another request: a reason that was
// copied is none. Where that one stands is derived from the journal, as fsck does again.

// sheetsSetting is before the name of a reviewer.
const sheetsSetting = "sheets."

// sheetRef says in which entry a reviewer signed the sheet of a request.
type sheetRef struct {
	Request rogatory.RequestID `json:"request"`
	Entry   int64              `json:"entry"`
}

// signedNext is what is remembered once a reviewer has signed another sheet: the last of the last two requests.
func signedNext(known []sheetRef, next sheetRef) []sheetRef {
	known = slices.DeleteFunc(slices.Clone(known), func(r sheetRef) bool { return r.Request == next.Request })
	known = append([]sheetRef{next}, known...)
	return known[:min(len(known), 2)]
}

// sheetOfOther is the last that is not of the request.
func sheetOfOther(known []sheetRef, id rogatory.RequestID) (sheetRef, bool) {
	i := slices.IndexFunc(known, func(r sheetRef) bool { return r.Request != id })
	if i < 0 {
		return sheetRef{}, false
	}
	return known[i], true
}

func sheetsOf(tx *store.Tx, reviewer string) (known []sheetRef, err error) {
	data, found, err := tx.Setting(sheetsSetting + reviewer)
	if err != nil || !found {
		return nil, err
	}
	if err := json.Unmarshal(data, &known); err != nil {
		return nil, damaged("view_damaged", "read which sheets were signed last: %w", err).WithHint("run rogatory fsck")
	}
	return known, nil
}

// noteSheet remembers that the next entry is a reviewer's sheet of a request.
func noteSheet(tx *store.Tx, reviewer string, id rogatory.RequestID) error {
	known, err := sheetsOf(tx, reviewer)
	if err != nil {
		return err
	}
	size, err := tx.Size()
	if err != nil {
		return err
	}
	return keepSheets(tx, reviewer, signedNext(known, sheetRef{id, size}))
}

func keepSheets(tx *store.Tx, reviewer string, known []sheetRef) error {
	data, err := json.Marshal(known)
	if err != nil {
		return err
	}
	return tx.SetSetting(sheetsSetting+reviewer, data)
}

// lastSheet is the sheet that a reviewer signed last, of another request than id, and the name of its entry; nil if there
// is none.
func lastSheet(tx *store.Tx, reviewer string, id rogatory.RequestID) (*safeguard.Sheet, string, error) {
	known, err := sheetsOf(tx, reviewer)
	if err != nil {
		return nil, "", err
	}
	ref, found := sheetOfOther(known, id)
	if !found {
		return nil, "", nil
	}
	s, err := sheetIn(tx, ref.Entry)
	return s, strconv.FormatInt(ref.Entry, 10), err
}

// sheetBefore is the sheet that the one of a file was held against when it was signed; nil if there was none.
func sheetBefore(tx *store.Tx, f File) (*safeguard.Sheet, error) {
	if f.Sheet == nil || f.Sheet.Before == "" {
		return nil, nil
	}
	index, err := strconv.ParseInt(f.Sheet.Before, 10, 64)
	if err != nil {
		return nil, damaged("view_damaged", "the sheet of %s names %.40q as the one before: %w", f.ID, f.Sheet.Before, err).WithHint("run rogatory fsck")
	}
	return sheetIn(tx, index)
}

// sheetIn reads the sheet of an entry; nil if the content of the entry was lost.
func sheetIn(tx *store.Tx, index int64) (*safeguard.Sheet, error) {
	row, err := tx.Entry(index)
	if err != nil || row.Type == rogatory.ContentLost {
		return nil, err
	}
	var e rogatory.Entry
	var s safeguard.Sheet
	if err := json.Unmarshal(row.Body, &e); err != nil || e.Type != rogatory.SheetSigned || json.Unmarshal(e.Sheet, &s) != nil {
		return nil, damaged("entry_damaged", "journal entry %d is no review sheet", index).WithHint("run rogatory fsck")
	}
	return &s, nil
}

// LastSheet is the sheet that by signed last, of another request than id: its reasons are not to be said again.
func (o *Office) LastSheet(ctx context.Context, by rogatory.Actor, id rogatory.RequestID) (s *safeguard.Sheet, err error) {
	if err := MayRead(by); err != nil {
		return nil, err
	}
	err = o.Store.View(ctx, func(tx *store.Tx) error {
		s, _, err = lastSheet(tx, by.Name, id)
		return err
	})
	return s, err
}

// sheet goes through a signed sheet as the office did.
func (r *replay) sheet(index int64, e rogatory.Entry) error {
	before := ""
	if ref, found := sheetOfOther(r.sheets[e.By.Name], e.Request); found {
		before = strconv.FormatInt(ref.Entry, 10)
	}
	if e.Name != before && len(r.lost) == 0 {
		return damaged("entry_damaged", "journal entry %d says that the sheet was held against entry %q, it is %q", index, e.Name, before)
	}
	r.sheets[e.By.Name] = signedNext(r.sheets[e.By.Name], sheetRef{e.Request, index})
	return nil
}

// sheetsKept holds what is remembered of sheets against the journal, or puts it right.
func (r *replay) sheetsKept() error {
	for reviewer, want := range r.sheets {
		if r.mend {
			if err := keepSheets(r.tx, reviewer, want); err != nil {
				return err
			}
			continue
		}
		data, err := json.Marshal(want)
		if err != nil {
			return err
		}
		if have, _, err := r.tx.Setting(sheetsSetting + reviewer); err != nil {
			return err
		} else if !bytes.Equal(have, data) {
			return damaged("view_damaged", "which sheets %s signed last is not what the journal says", reviewer)
		}
	}
	return nil
}
