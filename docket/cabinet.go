// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"encoding/json"
	"slices"

	"rogatory"
	"rogatory/store"
)

// cabinetOf keeps files in the database, with the rows derived from them.
type cabinetOf struct{ tx *store.Tx }

func (c cabinetOf) file(id rogatory.RequestID) (File, bool, error) {
	row, err := c.tx.Request(id)
	if rogatory.KindOf(err) == rogatory.NotFound {
		return File{}, false, nil
	}
	if err != nil {
		return File{}, false, err
	}
	var f File
	if err := json.Unmarshal(row.View, &f); err != nil {
		return File{}, false, rogatory.Fault(rogatory.Damaged, "view_damaged", "read the file of %s: %w", id, err).WithHint("run rogatory fsck")
	}
	return f, true, nil
}

func (c cabinetOf) keep(f File) error {
	view, err := json.Marshal(f)
	if err != nil {
		return err
	}
	row, err := c.tx.Request(f.ID)
	fresh := rogatory.KindOf(err) == rogatory.NotFound
	if err != nil && !fresh {
		return err
	}
	row.ID, row.Case, row.Side, row.Peer = f.ID, f.ID.Case(), f.Side, f.Them.State
	row.Kind, row.State, row.Updated, row.View = f.Request.Kind, f.State, f.Changed, view
	if fresh {
		row.Version = 1
		err = c.tx.InsertRequest(row)
	} else {
		_, err = c.tx.UpdateRequest(row)
	}
	if err == nil {
		err = c.tx.Index(indexedOf(f))
	}
	if err == nil {
		err = setPlace(c.tx, f)
	}
	if err != nil {
		return err
	}
	return c.project(f)
}

// project writes the rows that others look up by: deadlines by time, exhibits by root.
func (c cabinetOf) project(f File) error {
	// What a file once had it keeps, so where it has nothing there are no rows to compare.
	if len(f.Deadlines) > 0 {
		if err := c.projectDeadlines(f); err != nil {
			return err
		}
	}
	if len(f.Exhibits) > 0 {
		return c.projectExhibits(f)
	}
	return nil
}

func (c cabinetOf) projectDeadlines(f File) error {
	have, err := c.tx.Deadlines(f.ID)
	if err != nil {
		return err
	}
	for _, d := range f.Deadlines {
		i := slices.IndexFunc(have, func(h store.Deadline) bool { return h.Name == d.Name })
		if i >= 0 && have[i].DueAt == d.Due && have[i].State == string(d.State) {
			continue
		}
		if i < 0 || d.State == Running || have[i].State != string(Running) { // what passed and was done late is open once more
			if _, err := c.tx.SetDeadline(store.Deadline{Request: f.ID, Name: d.Name, DueAt: d.Due, State: string(Running), Rule: d.Article}); err != nil {
				return err
			}
		}
		if d.State != Running {
			now, err := c.tx.Deadlines(f.ID)
			if err != nil {
				return err
			}
			i = slices.IndexFunc(now, func(h store.Deadline) bool { return h.Name == d.Name })
			if err := c.tx.CloseDeadline(f.ID, d.Name, now[i].Generation, string(d.State)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (c cabinetOf) projectExhibits(f File) error {
	rows, err := c.tx.ExhibitsOf(f.ID)
	if err != nil {
		return err
	}
	for _, x := range f.Exhibits {
		direction := store.In
		if x.Ours {
			direction = store.Out
		}
		i := slices.IndexFunc(rows, func(r store.Exhibit) bool { return r.ID == x.Exhibit.ID })
		if i < 0 {
			if err := c.tx.InsertExhibit(store.Exhibit{ID: x.Exhibit.ID, Request: f.ID, Case: f.ID.Case(), Direction: direction, State: x.Standing(), Root: x.Exhibit.Seal.Root, Version: 1, View: []byte("{}")}); err != nil {
				return err
			}
		} else if rows[i].State != x.Standing() {
			rows[i].State = x.Standing()
			if _, err := c.tx.UpdateExhibit(rows[i]); err != nil {
				return err
			}
		}
	}
	return nil
}
