// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
)

// path is where a proposal lies.
func (r *Repository) path(role string) string { return filepath.Join(r.dir, "pending", role+".json") }

func (r *Repository) partyPath(code string) string {
	return filepath.Join(r.dir, "pending", code+".party.json")
}

// pending reads a proposal; the error wraps fs.ErrNotExist if there is none.
func (r *Repository) pending(role string) ([]byte, error) {
	limit := int64(MaxRole)
	switch {
	case role == metadata.ROOT:
		limit = MaxRoot
	case role == metadata.TARGETS:
		limit = MaxTargets
	case !isStateRole(role):
		return nil, rogatory.Fault(rogatory.NotFound, "directory_role", "the directory has no role %.40q", role)
	}
	data, err := fromFS(os.DirFS(filepath.Join(r.dir, "pending")))(role+".json", limit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.NotFound, "directory_proposal", "nothing is proposed for role %s: %w", role, err)
	}
	if err != nil {
		return nil, fmt.Errorf("read proposal of %s: %w", role, err)
	}
	return data, nil
}

func (r *Repository) pendingRoot() (*metadata.Metadata[metadata.RootType], Charter, error) {
	data, err := r.pending(metadata.ROOT)
	if err != nil {
		return nil, Charter{}, err
	}
	return readRoot("proposed root", data)
}

func (r *Repository) pendingTargets(role string) (*metadata.Metadata[metadata.TargetsType], error) {
	data, err := r.pending(role)
	if err != nil {
		return nil, err
	}
	m, err := readMetadata[metadata.TargetsType]("proposed "+role, data, MaxTargets)
	if err != nil {
		return nil, err
	}
	code, entry := strings.CutSuffix(role, entrySuffix)
	switch {
	case role == metadata.TARGETS:
		err = targetsForm(m.Signed)
	case entry:
		err = entryForm(m.Signed, rogatory.StateCode(code))
	default:
		err = anchorForm(m.Signed, rogatory.StateCode(code))
	}
	if err != nil {
		return nil, tampered("proposed "+role, err)
	}
	return m, nil
}

// roles lists what is pending, those above before those below.
func (r *Repository) roles() ([]string, error) {
	found, err := os.ReadDir(filepath.Join(r.dir, "pending"))
	if err != nil {
		return nil, fmt.Errorf("list proposals: %w", err)
	}
	var list, states []string
	for _, f := range found {
		role := strings.TrimSuffix(f.Name(), ".json")
		switch {
		case role == metadata.ROOT || role == metadata.TARGETS:
			list = append(list, role)
		case isStateRole(role) && role != f.Name():
			states = append(states, role)
		}
	}
	slices.Sort(list)   // root, targets
	slices.Sort(states) // XA, XA-entry, XB
	return append(list, states...), nil
}

func (r *Repository) adopt(other *Repository, role string, data []byte) error {
	if code, entry := strings.CutSuffix(role, entrySuffix); entry {
		party, err := fromFS(os.DirFS(other.dir))("pending/"+code+".party.json", MaxParty)
		switch {
		case err == nil:
			if err := writeFile(r.partyPath(code), party); err != nil {
				return err
			}
		case !errors.Is(err, fs.ErrNotExist): // absent when only the key changed
			return err
		}
	}
	return writeFile(r.path(role), data)
}

func (r *Repository) drop(role string) error {
	if code, entry := strings.CutSuffix(role, entrySuffix); entry {
		if err := os.Remove(r.partyPath(code)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("drop proposal: %w", err)
		}
	}
	if err := os.Remove(r.path(role)); err != nil {
		return fmt.Errorf("drop proposal: %w", err)
	}
	return nil
}

func propose[T metadata.Roles](r *Repository, role string, m *metadata.Metadata[T]) error {
	data, err := m.ToBytes(false)
	if err != nil {
		return fmt.Errorf("write proposal of %s: %w", role, err)
	}
	return writeFile(r.path(role), data)
}
