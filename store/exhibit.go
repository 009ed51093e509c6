// SPDX-License-Identifier: Apache-2.0

package store

import "rogatory"

// Exhibit is where an exhibit stands. Its bytes are in the vault, under Root.
type Exhibit struct {
	ID        rogatory.ExhibitID
	Request   rogatory.RequestID
	Case      rogatory.CaseID
	Direction Direction // Out if this State sealed it
	State     string
	Root      rogatory.Digest
	Version   int64 // counts from 1; each update adds one
	View      []byte
}

const exhibitColumns = "id, request_id, case_id, direction, state, root, version, view"

func readExhibit(scan func(...any) error) (x Exhibit, err error) {
	err = scan(&x.ID, &x.Request, &x.Case, &x.Direction, &x.State, digest(&x.Root), &x.Version, unseal("exhibit.view", &x.View, &x.ID))
	return x, err
}

func (x Exhibit) check() error {
	if !x.ID.Valid() || (x.Direction != In && x.Direction != Out) {
		return rogatory.Fault(rogatory.Invalid, "exhibit_invalid", "store exhibit %.40q %.5q: malformed", x.ID, x.Direction)
	}
	for _, s := range []string{string(x.Request), string(x.Case), x.State} {
		if err := checkText("exhibit", s); err != nil {
			return err
		}
	}
	return nil
}

// InsertExhibit adds an exhibit, at version 1. One by that reference is Conflict "exhibit_exists".
func (tx *Tx) InsertExhibit(x Exhibit) error {
	if err := x.check(); err != nil {
		return err
	}
	n, err := tx.exec("INSERT INTO exhibit ("+exhibitColumns+") VALUES ($1, $2, $3, $4, $5, $6, 1, $7) ON CONFLICT DO NOTHING",
		string(x.ID), string(x.Request), string(x.Case), string(x.Direction), x.State, x.Root[:], seal("exhibit.view", x.View, x.ID))
	if err == nil && n == 0 {
		err = exists("exhibit", x.ID)
	}
	return err
}

// UpdateExhibit replaces state, root and view of an exhibit that is still at x.Version, and returns
// its new version. If it is not: Conflict "exhibit_moved_on".
func (tx *Tx) UpdateExhibit(x Exhibit) (version int64, err error) {
	if err := x.check(); err != nil {
		return 0, err
	}
	err = tx.change("exhibit", x.ID, movedOn("exhibit", x.ID, x.Version),
		"SELECT version FROM exhibit WHERE id = $1", []any{string(x.ID)},
		"UPDATE exhibit SET state = $1, root = $2, version = version + 1, view = $3 WHERE id = $4 AND version = $5",
		x.State, x.Root[:], seal("exhibit.view", x.View, x.ID), string(x.ID), x.Version)
	if err != nil {
		return 0, err
	}
	return x.Version + 1, nil
}

// Exhibit returns an exhibit, NotFound "exhibit_unknown" if there is none.
func (tx *Tx) Exhibit(id rogatory.ExhibitID) (Exhibit, error) {
	x, found, err := one(tx, readExhibit, "SELECT "+exhibitColumns+" FROM exhibit WHERE id = $1", string(id))
	if err == nil && !found {
		err = unknown("exhibit", id)
	}
	return x, err
}

// ExhibitsOf returns the exhibits of a request, at most MaxRows.
func (tx *Tx) ExhibitsOf(request rogatory.RequestID) ([]Exhibit, error) {
	return list(tx, readExhibit, "SELECT "+exhibitColumns+" FROM exhibit WHERE request_id = $1 ORDER BY id LIMIT $2", string(request), MaxRows)
}

// ExhibitsByRoot returns the exhibits whose bytes in the vault are those, at most MaxRows.
func (tx *Tx) ExhibitsByRoot(root rogatory.Digest) ([]Exhibit, error) {
	return list(tx, readExhibit, "SELECT "+exhibitColumns+" FROM exhibit WHERE root = $1 ORDER BY id LIMIT $2", root[:], MaxRows)
}

// ExhibitsIn returns at most limit exhibits in a state.
func (tx *Tx) ExhibitsIn(state string, limit int) ([]Exhibit, error) {
	return list(tx, readExhibit, "SELECT "+exhibitColumns+" FROM exhibit WHERE state = $1 ORDER BY id LIMIT $2", state, atMost(limit))
}
