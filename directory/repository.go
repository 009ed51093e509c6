// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
	"rogatory/clock"
)

// Repository is where a directory is written: a folder that can be copied to a stick, with
//
//	published/   what mirrors copy and clients read; never holds anything unfinished
//	pending/     proposals, each collecting signatures: root.json, targets.json, XA.json,
//	             XA-entry.json and XA.party.json
//
// Nobody needs more than one key at a time. A holder copies the folder, looks at Proposals, calls
// Sign, and carries the folder back; Gather merges copies that were signed in parallel. Private
// keys are never written here. Expect one person at a time per copy; Publish and Refresh lock it.
type Repository struct {
	dir   string
	clock clock.Clock
}

// Terms are what the States agree on in a ceremony.
type Terms struct {
	Mode          rogatory.Mode
	RootThreshold int // m: more than half of the root keys, or two halves could each go their way
	RootKeys      []ed25519.PublicKey
	OperatorKeys  []ed25519.PublicKey // any one of them publishes; two or more, that one may be lost
	Life          Life
}

// Init makes dir with a proposal of the first root and an empty list of States, both unsigned, and
// refuses if anything is there. The States sign root and targets, then an operator publishes.
func Init(dir string, clk clock.Clock, t Terms) (*Repository, error) {
	root := metadata.Root(time.Time{})
	root.Signed.Version = 0
	if err := t.apply(root, clk.Now()); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.Conflict, "directory_exists", "create directory in %s: something is there already", dir)
	}
	targets := metadata.Targets(expiry(clk.Now(), t.Life.Root))
	targets.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}, Roles: []metadata.DelegatedRole{}}
	r := &Repository{dir, clk}
	for _, name := range []string{"published", "pending"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, fmt.Errorf("create directory: %w", err)
		}
	}
	if err := errors.Join(propose(r, metadata.ROOT, root), propose(r, metadata.TARGETS, targets)); err != nil {
		return nil, fmt.Errorf("create directory: %w", err)
	}
	return r, nil
}

// Open returns the repository in dir, which Init made or somebody copied.
func Open(dir string, clk clock.Clock) (*Repository, error) {
	for _, name := range []string{"published", "pending"} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || !info.IsDir() {
			return nil, rogatory.Fault(rogatory.NotFound, "directory_missing", "open directory in %s: it has no folder %s", dir, name)
		}
	}
	return &Repository{dir, clk}, nil
}

// Published returns the folder to serve with Handler, to mirror, or to give to FolderSource.
func (r *Repository) Published() string { return filepath.Join(r.dir, "published") }

// Book returns what is published, verified, whatever has expired in it. It is Conflict
// "directory_unpublished" if nothing is.
func (r *Repository) Book() (*Book, error) { return r.needPublished() }

// KeyID returns the name of a key in the directory, the SHA-256 digest of its canonical form.
func KeyID(key ed25519.PublicKey) (string, error) {
	if len(key) != ed25519.PublicKeySize {
		return "", rogatory.Fault(rogatory.Invalid, "directory_key", "key of %d bytes is not an Ed25519 key", len(key))
	}
	k, err := metadata.KeyFromPublicKey(key)
	if err != nil {
		return "", err
	}
	return k.ID()
}

// RotateRoot proposes a new root and, since its holders also sign the States' list, that list anew.
// What is empty in the terms stays as it is; with empty terms it is the yearly renewal. The mode
// cannot change. The new root needs m holders of the old root and m of the new one.
func (r *Repository) RotateRoot(t Terms) error {
	cur, err := r.needPublished()
	if err != nil {
		return err
	}
	if t.Mode != "" && t.Mode != cur.charter.Mode {
		return otherMode("proposed root", t.Mode, cur.charter.Mode)
	}
	for _, role := range []string{metadata.ROOT, metadata.TARGETS} {
		if err := r.unsigned(role); err != nil {
			return err
		}
	}
	root, _, err := readRoot("root", cur.files[versioned(cur.version.Root, metadata.ROOT)])
	if err != nil {
		return err
	}
	if t, err = t.orElse(root.Signed, cur.charter); err != nil {
		return err
	}
	root.ClearSignatures()
	root.Signed.Keys = map[string]*metadata.Key{}
	if err := t.apply(root, r.clock.Now()); err != nil {
		return err
	}
	if err := propose(r, metadata.ROOT, root); err != nil {
		return fmt.Errorf("propose root: %w", err)
	}
	return r.proposeTargets(func(*metadata.Delegations) error { return nil })
}

// AddState proposes to admit a State: to name its anchor keys, of which threshold must sign. The
// holders of the root sign targets. Several States can be added before the first signature.
func (r *Repository) AddState(code rogatory.StateCode, anchors []ed25519.PublicKey, threshold int) error {
	if !code.Valid() {
		return rogatory.Fault(rogatory.Invalid, "directory_state", "admit %.4q: it is not two capital letters", code)
	}
	charter, err := r.charter()
	if err != nil {
		return err
	}
	if err := checkMode(rogatory.Party{Code: code, Mode: charter.Mode}); err != nil {
		return err
	}
	return r.proposeTargets(func(d *metadata.Delegations) error {
		if slices.ContainsFunc(d.Roles, func(role metadata.DelegatedRole) bool { return role.Name == string(code) }) {
			return rogatory.Fault(rogatory.Conflict, "directory_state", "admit %s: it is admitted already", code)
		}
		role, err := delegate(d, string(code), code, anchors, threshold)
		if err != nil {
			return err
		}
		d.Roles = append(d.Roles, role)
		slices.SortFunc(d.Roles, func(a, b metadata.DelegatedRole) int { return strings.Compare(a.Name, b.Name) })
		return nil
	})
}

// RemoveState proposes to strike a State off, when it leaves, or when it has lost its anchor and is
// to be admitted again with another. Its version numbers go on from where they were.
func (r *Repository) RemoveState(code rogatory.StateCode) error {
	return r.proposeTargets(func(d *metadata.Delegations) error {
		i := slices.IndexFunc(d.Roles, func(role metadata.DelegatedRole) bool { return role.Name == string(code) })
		if i < 0 {
			return unknownState(code)
		}
		d.Roles = slices.Delete(d.Roles, i, i+1)
		maps.DeleteFunc(d.Keys, func(id string, _ *metadata.Key) bool {
			return !slices.ContainsFunc(d.Roles, func(role metadata.DelegatedRole) bool { return slices.Contains(role.KeyIDs, id) })
		})
		return nil
	})
}

// Withdraw drops a proposal and its signatures.
func (r *Repository) Withdraw(role string) error {
	if _, err := r.pending(role); err != nil {
		return err
	}
	return r.drop(role)
}

// apply writes the terms into the next version of root.
func (t Terms) apply(root *metadata.Metadata[metadata.RootType], now time.Time) error {
	bad := func(format string, args ...any) error {
		return rogatory.Fault(rogatory.Invalid, "directory_terms", "terms of a directory: "+format, args...)
	}
	if 2*t.RootThreshold <= len(t.RootKeys) {
		return bad("%d of %d root keys is not more than half", t.RootThreshold, len(t.RootKeys))
	}
	s := &root.Signed
	s.Version++
	s.Expires = expiry(now, t.Life.Root)
	s.UnrecognizedFields = map[string]any{charterField: Charter{t.Mode, t.Life}.field()}
	for name, keys := range map[string][]ed25519.PublicKey{
		metadata.ROOT: t.RootKeys, metadata.TARGETS: t.RootKeys, metadata.SNAPSHOT: t.OperatorKeys, metadata.TIMESTAMP: t.OperatorKeys,
	} {
		role := &metadata.Role{Threshold: 1}
		if name == metadata.ROOT || name == metadata.TARGETS {
			role.Threshold = t.RootThreshold
		}
		for _, key := range keys {
			k, id, err := publicKey(key)
			if err != nil {
				return err
			}
			s.Keys[id] = k
			role.KeyIDs = append(role.KeyIDs, id)
		}
		s.Roles[name] = role
	}
	for _, id := range s.Roles[metadata.SNAPSHOT].KeyIDs {
		if slices.Contains(s.Roles[metadata.ROOT].KeyIDs, id) {
			return bad("operator key %.12s is a root key too", id)
		}
	}
	if t.Life.Timestamp > t.Life.Snapshot || t.Life.Snapshot > t.Life.Root {
		return bad("lives of timestamp, snapshot and root are %s, %s, %s and must not fall", t.Life.Timestamp, t.Life.Snapshot, t.Life.Root)
	}
	if _, err := rootForm(*s); err != nil {
		return bad("%w", err)
	}
	return nil
}

// orElse fills what is empty in t from the root in force.
func (t Terms) orElse(s metadata.RootType, c Charter) (Terms, error) {
	t.Mode = c.Mode
	if t.RootThreshold == 0 {
		t.RootThreshold = s.Roles[metadata.ROOT].Threshold
	}
	if t.Life == (Life{}) {
		t.Life = c.Life
	}
	for role, keys := range map[string]*[]ed25519.PublicKey{metadata.ROOT: &t.RootKeys, metadata.SNAPSHOT: &t.OperatorKeys} {
		if len(*keys) != 0 {
			continue
		}
		for _, id := range s.Roles[role].KeyIDs {
			key, err := s.Keys[id].ToPublicKey()
			if err != nil {
				return Terms{}, fmt.Errorf("read key %.12s of the root: %w", id, err)
			}
			*keys = append(*keys, key.(ed25519.PublicKey)) // rootForm has seen that it is
		}
	}
	return t, nil
}

func (r *Repository) proposeTargets(change func(*metadata.Delegations) error) error {
	cur, err := r.current()
	if err != nil {
		return err
	}
	charter, err := r.charter()
	if err != nil {
		return err
	}
	m, err := r.pendingTargets(metadata.TARGETS)
	switch {
	case err == nil: // amend it, as long as nobody has signed it
		if err := r.unsigned(metadata.TARGETS); err != nil {
			return err
		}
	case errors.Is(err, fs.ErrNotExist) && cur != nil:
		m, err = readMetadata[metadata.TargetsType](metadata.TARGETS, cur.files[versioned(cur.version.Targets, metadata.TARGETS)], MaxTargets)
		if err != nil {
			return err
		}
		m.Signed.Version++
		m.ClearSignatures()
	default:
		return err
	}
	if err := change(m.Signed.Delegations); err != nil {
		return err
	}
	m.Signed.Expires = expiry(r.clock.Now(), charter.Life.Root)
	if err := targetsForm(m.Signed); err != nil {
		return rogatory.Fault(rogatory.Invalid, "directory_state", "propose targets: %w", err)
	}
	return propose(r, metadata.TARGETS, m)
}

func (r *Repository) charter() (Charter, error) {
	cur, err := r.current()
	if err != nil {
		return Charter{}, err
	}
	_, charter, err := r.pendingRoot()
	if errors.Is(err, fs.ErrNotExist) && cur != nil {
		return cur.charter, nil
	}
	return charter, err
}

// current verifies what is published, whatever has expired: nil if nothing is.
func (r *Repository) current() (*Book, error) {
	source := FolderSource{r.Published()}
	fetch := func(name string, limit int64) ([]byte, error) { return source.Fetch(context.Background(), name, limit) }
	if _, err := fetch("timestamp.json", MaxTimestamp); errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	first, err := fetch(versioned(1, metadata.ROOT), MaxRoot)
	if err != nil {
		return nil, unreachable(versioned(1, metadata.ROOT), err)
	}
	b, err := verification{root: first, fetch: fetch}.book()
	if err == nil {
		return b, nil
	}
	// Publish may have stopped between a new root and the timestamp that belongs to it. Then the root
	// is still pending, and what was in force before it still is.
	m, _, pendingErr := r.pendingRoot()
	if pendingErr != nil {
		return nil, err
	}
	unfinished := versioned(m.Signed.Version, metadata.ROOT)
	return verification{root: first, fetch: func(name string, limit int64) ([]byte, error) {
		if name == unfinished {
			return nil, fs.ErrNotExist
		}
		return fetch(name, limit)
	}}.book()
}

func (r *Repository) needPublished() (*Book, error) {
	cur, err := r.current()
	if err == nil && cur == nil {
		err = rogatory.Fault(rogatory.Conflict, "directory_unpublished", "the directory in %s was never published", r.dir)
	}
	return cur, err
}

// delegate names keys for a role that is confined to the State's own folder.
func delegate(d *metadata.Delegations, name string, code rogatory.StateCode, keys []ed25519.PublicKey, threshold int) (metadata.DelegatedRole, error) {
	role := metadata.DelegatedRole{Name: name, Threshold: threshold, Terminating: true, Paths: []string{string(code) + "/*"}}
	for _, key := range keys {
		k, id, err := publicKey(key)
		if err != nil {
			return role, err
		}
		d.Keys[id] = k
		role.KeyIDs = append(role.KeyIDs, id)
	}
	if err := delegationForm(*d, role, code); err != nil {
		return role, rogatory.Fault(rogatory.Invalid, "directory_key", "name keys of %s: %w", name, err)
	}
	return role, nil
}

func publicKey(key ed25519.PublicKey) (*metadata.Key, string, error) {
	id, err := KeyID(key)
	if err != nil {
		return nil, "", err
	}
	k, err := metadata.KeyFromPublicKey(key)
	return k, id, err
}

// expiry is in whole seconds, as TUF writes it.
func expiry(now time.Time, life time.Duration) time.Time {
	return now.UTC().Add(life).Truncate(time.Second)
}
