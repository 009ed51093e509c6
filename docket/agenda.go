// SPDX-License-Identifier: Apache-2.0

package docket

import (
	"context"

	"rogatory"
	"rogatory/store"
)

// Appointment is a running deadline with the request that it belongs to.
type Appointment struct {
	File     File
	Deadline Deadline
}

// maxAgenda is how many appointments are read at once: a month of a large office has fewer.
const maxAgenda = 500

// Agenda returns the deadlines that run out from one moment on and before another, by time, at most maxAgenda; more
// says that there are others.
func (o *Office) Agenda(ctx context.Context, by rogatory.Actor, from, to rogatory.Instant) (all []Appointment, more bool, err error) {
	if err := MayRead(by); err != nil {
		return nil, false, err
	}
	var due []store.Deadline
	var rows []store.Request
	err = o.Store.View(ctx, func(tx *store.Tx) (err error) {
		due, err = tx.Between(from, to, maxAgenda+1)
		if more = len(due) > maxAgenda; more {
			due = due[:maxAgenda]
		}
		rows = rows[:0]
		for i := 0; err == nil && i < len(due); i++ {
			var r store.Request
			r, err = tx.Request(due[i].Request)
			rows = append(rows, r)
		}
		return err
	})
	if err != nil {
		return nil, false, err
	}
	files, err := filesOf(rows)
	if err != nil {
		return nil, false, err
	}
	for i, f := range files {
		for _, d := range f.Deadlines {
			if d.Name == due[i].Name && d.State == Running {
				all = append(all, Appointment{f, d})
			}
		}
	}
	return all, more, nil
}
