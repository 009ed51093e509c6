// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
)

// Publish puts the proposals of the given roles in force, all of them if none is given: a State's
// new entry need not wait for a ceremony that is still going on. It refuses until every threshold
// is met, and it refuses whatever a client would refuse, for it verifies as a client does. The
// operator's key signs snapshot and timestamp.
//
// Order of writes: files under new names, then new roots, then timestamp.json, which puts them in
// force, then the proposals are dropped. After an error nothing is in force that was not before,
// or everything is and only proposals are left to drop; publish again in either case.
func (r *Repository) Publish(operator crypto.Signer, roles ...string) (*Book, error) {
	if len(roles) == 0 {
		var err error
		if roles, err = r.roles(); err != nil {
			return nil, err
		}
	}
	if len(roles) == 0 {
		return nil, rogatory.Fault(rogatory.Conflict, "directory_proposal", "publish: nothing is proposed")
	}
	return r.release(operator, roles)
}

// Refresh renews snapshot and timestamp and leaves proposals alone. Do it daily, or a few times in
// the life of a timestamp.
func (r *Repository) Refresh(operator crypto.Signer) (*Book, error) {
	if _, err := r.needPublished(); err != nil {
		return nil, err
	}
	return r.release(operator, nil)
}

func (r *Repository) release(operator crypto.Signer, roles []string) (*Book, error) {
	unlock, err := lock(r.dir)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Busy, "directory_locked", "publish: somebody else is publishing in %s: %w", r.dir, err)
	}
	defer unlock()
	cur, err := r.current()
	if err != nil {
		return nil, err
	}
	next, err := r.edition(cur, roles)
	if err != nil {
		return nil, err
	}
	if err := r.bind(next, cur, operator); err != nil {
		return nil, err
	}
	check := verification{root: next.first, at: r.clock.Now(), fetch: fromMap(next.files)}
	if cur != nil {
		check.previous = cur.files
	}
	b, err := check.book()
	if err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	if err := r.write(b, cur); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	for _, role := range roles {
		if err := r.drop(role); err != nil {
			return nil, err
		}
	}
	return b, nil
}

// edition is what is about to be published.
type edition struct {
	first   []byte // the first root
	root    metadata.RootType
	charter Charter
	files   map[string][]byte
	meta    map[string]*metadata.MetaFiles // what the snapshot will list
}

// edition puts the proposals beside what is published.
func (r *Repository) edition(cur *Book, roles []string) (*edition, error) {
	e := &edition{files: map[string][]byte{}, meta: map[string]*metadata.MetaFiles{}}
	if cur != nil {
		maps.Copy(e.files, cur.files)
		maps.Copy(e.meta, cur.trusted.Snapshot.Signed.Meta)
		e.root, e.charter = cur.trusted.Root.Signed, cur.charter
	}
	for _, role := range roles {
		p, err := r.proposal(role, cur)
		if err != nil {
			return nil, err
		}
		if p.Missing > 0 {
			return nil, rogatory.Fault(rogatory.Untrusted, "directory_threshold",
				"publish %s version %d: %d signatures hold, %d more are needed", role, p.Version, len(p.Signed), p.Missing)
		}
		data, err := r.pending(role)
		if err != nil {
			return nil, err
		}
		name := versioned(p.Version, role)
		if cur != nil && bytes.Equal(cur.files[name], data) {
			continue // an earlier Publish stopped before it could drop the proposal
		}
		if had := cur.versionOf(role); p.Version != had+1 {
			return nil, rogatory.Fault(rogatory.Conflict, "directory_proposal", "publish %s version %d: version %d is in force", role, p.Version, had).
				WithHint("withdraw the proposal and make it anew")
		}
		e.files[name] = data
		if role == metadata.ROOT {
			m, charter, err := readRoot(role, data)
			if err != nil {
				return nil, err
			}
			e.root, e.charter = m.Signed, charter
			continue
		}
		e.meta[role+".json"] = reference(p.Version, data)
		if code, entry := strings.CutSuffix(role, entrySuffix); entry {
			party, err := fromFS(os.DirFS(r.dir))("pending/"+code+".party.json", MaxParty)
			if err == nil {
				e.files[targetName(rogatory.StateCode(code), digest(party))] = party
			} else if !errors.Is(err, fs.ErrNotExist) { // absent when only the key changed
				return nil, fmt.Errorf("publish %s: %w", role, err)
			}
		}
	}
	if e.first = e.files[versioned(1, metadata.ROOT)]; e.first == nil || e.meta["targets.json"] == nil {
		return nil, rogatory.Fault(rogatory.Conflict, "directory_unpublished", "publish: the first publication is of root and targets")
	}
	return e, nil
}

// bind signs the snapshot and the timestamp.
func (r *Repository) bind(e *edition, cur *Book, operator crypto.Signer) error {
	id, err := signerID(operator)
	if err != nil {
		return err
	}
	if !slices.Contains(e.root.Roles[metadata.SNAPSHOT].KeyIDs, id) || !slices.Contains(e.root.Roles[metadata.TIMESTAMP].KeyIDs, id) {
		return rogatory.Fault(rogatory.Untrusted, "directory_signature", "publish: key %.12s is not an operator's", id)
	}
	now := r.clock.Now()
	snapshot := metadata.Snapshot(expiry(now, e.charter.Life.Snapshot))
	snapshot.Signed.Meta = e.meta
	timestamp := metadata.Timestamp(expiry(now, e.charter.Life.Timestamp))
	if cur != nil {
		snapshot.Signed.Version = cur.version.Snapshot + 1
		timestamp.Signed.Version = cur.version.Timestamp + 1
	}
	data, err := seal(snapshot, id, operator)
	if err != nil {
		return err
	}
	e.files[versioned(snapshot.Signed.Version, metadata.SNAPSHOT)] = data
	timestamp.Signed.Meta = map[string]*metadata.MetaFiles{"snapshot.json": reference(snapshot.Signed.Version, data)}
	timestamp.Signed.UnrecognizedFields = map[string]any{issuedField: expiry(now, 0).Format("2006-01-02T15:04:05Z")}
	e.files["timestamp.json"], err = seal(timestamp, id, operator)
	return err
}

func seal[T metadata.Roles](m *metadata.Metadata[T], id string, key crypto.Signer) ([]byte, error) {
	if err := sign(m, id, key); err != nil {
		return nil, fmt.Errorf("publish: %w", err)
	}
	return m.ToBytes(false)
}

func reference(version int64, data []byte) *metadata.MetaFiles {
	return &metadata.MetaFiles{Version: version, Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": digest(data)}}
}

func (r *Repository) write(b, cur *Book) error {
	var early, roots []string
	for name := range b.Files() {
		switch {
		case cur != nil && bytes.Equal(cur.files[name], b.files[name]), name == "timestamp.json":
		case strings.HasSuffix(name, ".root.json"):
			roots = append(roots, name)
		default:
			early = append(early, name)
		}
	}
	// Roots late, so that a client seldom sees one whose timestamp is not there yet.
	for _, name := range slices.Concat(early, roots, []string{"timestamp.json"}) {
		if err := writeFile(filepath.Join(r.Published(), filepath.FromSlash(name)), b.files[name]); err != nil {
			return err
		}
	}
	return nil
}

// versionOf returns the version in force of a role, 0 if there was none.
func (b *Book) versionOf(role string) int64 {
	switch {
	case b == nil:
		return 0
	case role == metadata.ROOT:
		return b.version.Root
	case b.trusted.Snapshot.Signed.Meta[role+".json"] == nil:
		return 0
	}
	return b.trusted.Snapshot.Signed.Meta[role+".json"].Version
}
