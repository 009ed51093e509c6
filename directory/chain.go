// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"context"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"rogatory"
)

// VerifyChain verifies exported files against a trusted root as of a past time, without network:
// what a court does years later. The root is that from which the exporter started, or any between
// it and the newest in the chain. What had expired at the time at is refused; what is issued later
// is not, so compare Book.Issued where that matters.
func VerifyChain(files fs.FS, trustedRoot []byte, at time.Time) (*Book, error) {
	return verification{root: trustedRoot, at: at, fetch: fromFS(files)}.book()
}

// VerifyPublished is VerifyChain of a directory where it is published, for whoever keeps no copy. Without one an older
// directory that has not run out yet passes.
func VerifyPublished(ctx context.Context, source Source, trustedRoot []byte, at time.Time) (*Book, error) {
	return verification{root: trustedRoot, at: at, fetch: func(name string, limit int64) ([]byte, error) {
		data, err := source.Fetch(ctx, name, limit)
		if int64(len(data)) > limit {
			return nil, errTooLong
		}
		return data, err
	}}.book()
}

// verification is the one way from bytes to a Book: for the client online, the cache, a court and
// the authors' own check before they publish. The steps and their order are those of TUF 1.0
// section 5; the library checks signatures, versions and expiry, and this code brings the files.
type verification struct {
	root     []byte
	at       time.Time         // refused is what had expired then; the zero time refuses nothing
	mode     rogatory.Mode     // any, if empty
	previous map[string][]byte // files of the last good book, against rollback; may be nil
	fetch    func(name string, limit int64) ([]byte, error)
}

func (v verification) book() (*Book, error) {
	b := &Book{files: map[string][]byte{}, entries: map[rogatory.StateCode]entry{}}
	for _, step := range []func(*Book) error{v.roots, v.timestamp, v.snapshot, v.targets, v.states} {
		if err := step(b); err != nil {
			return nil, err
		}
	}
	t := b.trusted
	b.version = Version{
		t.Root.Signed.Version, t.Targets[metadata.TARGETS].Signed.Version, t.Snapshot.Signed.Version, t.Timestamp.Signed.Version,
	}
	b.expires = slices.MinFunc([]time.Time{
		t.Root.Signed.Expires, t.Targets[metadata.TARGETS].Signed.Expires, t.Snapshot.Signed.Expires, t.Timestamp.Signed.Expires,
	}, time.Time.Compare)
	return b, nil
}

func (v verification) roots(b *Book) error {
	m, charter, err := readRoot("trusted root", v.root)
	if err != nil {
		return err
	}
	if v.mode != "" && charter.Mode != v.mode {
		return otherMode("trusted root", charter.Mode, v.mode)
	}
	if b.trusted, err = trustedmetadata.New(v.root); err != nil {
		return refusal("trusted root", err, func() int { return endorsed(m.Signed, metadata.ROOT, m) })
	}
	b.charter, b.trusted.RefTime = charter, v.at
	b.files[versioned(m.Signed.Version, metadata.ROOT)] = v.root
	for range MaxRoots {
		now := b.trusted.Root
		name := versioned(now.Signed.Version+1, metadata.ROOT)
		data, known := v.previous[name]
		if !known {
			data, err = v.fetch(name, MaxRoot)
			if errors.Is(err, fs.ErrNotExist) {
				return nil
			}
			if err != nil {
				return unreachable(name, err)
			}
		}
		next, charter, err := readRoot(name, data)
		if err != nil {
			return err
		}
		if _, err := b.trusted.UpdateRoot(data); err != nil {
			return refusal(name, err, func() int {
				return min(endorsed(now.Signed, metadata.ROOT, next), endorsed(next.Signed, metadata.ROOT, next))
			})
		}
		if charter.Mode != b.charter.Mode {
			return otherMode(name, charter.Mode, b.charter.Mode)
		}
		b.charter, b.files[name] = charter, data
	}
	return rogatory.Fault(rogatory.Stale, "directory_expired", "the trusted root is more than %d roots behind", MaxRoots).
		WithHint("obtain a newer trusted root from your State")
}

func (v verification) timestamp(b *Book) error {
	const name = "timestamp.json"
	old, had := v.previous[name]
	if had {
		// A timestamp by operators who have since been replaced no longer counts, and neither do its
		// version numbers: so the States undo what a stolen operator key did (TUF 5.3.11).
		if m, err := readMetadata[metadata.TimestampType](name, old, MaxTimestamp); err == nil && timestampForm(m.Signed) == nil {
			_, _ = b.trusted.UpdateTimestamp(old) // when refused, there is nothing to compare with
		}
	}
	had = had && b.trusted.Timestamp != nil
	data, err := v.fetch(name, MaxTimestamp)
	if err != nil {
		return unreachable(name, err)
	}
	m, err := readMetadata[metadata.TimestampType](name, data, MaxTimestamp)
	if err == nil {
		err = timestampForm(m.Signed)
	}
	if err != nil {
		return tampered(name, err)
	}
	_, err = b.trusted.UpdateTimestamp(data)
	if errors.Is(err, &metadata.ErrEqualVersionNumber{}) && had {
		if string(old) != string(data) {
			return tampered(name, fmt.Errorf("two files have version %d", m.Signed.Version))
		}
		err = nil // no news; if it has expired by now, the library says so at the snapshot
	}
	if err != nil {
		return refusal(name, err, func() int { return endorsed(b.trusted.Root.Signed, metadata.TIMESTAMP, m) })
	}
	if b.issued, err = issued(m.Signed); err != nil {
		return tampered(name, err)
	}
	b.files[name] = data
	return nil
}

func (v verification) snapshot(b *Book) error {
	want := b.trusted.Timestamp.Signed.Meta["snapshot.json"]
	name := versioned(want.Version, metadata.SNAPSHOT)
	if err := v.rememberSnapshot(b, want); err != nil {
		return err
	}
	data, err := v.file(name, MaxSnapshot, want.Hashes["sha256"])
	if err != nil {
		return err
	}
	m, err := readMetadata[metadata.SnapshotType](name, data, MaxSnapshot)
	if err == nil {
		err = snapshotForm(m.Signed)
	}
	if err != nil {
		return tampered(name, err)
	}
	if old := b.trusted.Snapshot; old != nil {
		for role, meta := range old.Signed.Meta {
			if now := m.Signed.Meta[role]; now != nil && now.Version == meta.Version && !now.Hashes.Equal(meta.Hashes) {
				return tampered(role, fmt.Errorf("two files have version %d", now.Version))
			}
		}
	}
	if _, err := b.trusted.UpdateSnapshot(data, false); err != nil {
		return refusal(name, err, func() int { return endorsed(b.trusted.Root.Signed, metadata.SNAPSHOT, m) })
	}
	b.files[name] = data
	return nil
}

// rememberSnapshot gives the library the last good snapshot, so that no State's role goes back or
// is lost. As with the timestamp, one that replaced operators signed no longer counts.
func (v verification) rememberSnapshot(b *Book, want *metadata.MetaFiles) error {
	t, err := readMetadata[metadata.TimestampType]("timestamp.json", v.previous["timestamp.json"], MaxTimestamp)
	if err != nil || timestampForm(t.Signed) != nil {
		return nil
	}
	had := t.Signed.Meta["snapshot.json"]
	name := versioned(had.Version, metadata.SNAPSHOT)
	old := v.previous[name]
	m, err := readMetadata[metadata.SnapshotType](name, old, MaxSnapshot)
	if err != nil || snapshotForm(m.Signed) != nil {
		return nil
	}
	_, _ = b.trusted.UpdateSnapshot(old, true) // refused as expired or superseded, it still counts
	if b.trusted.Snapshot != nil && had.Version == want.Version && !had.Hashes.Equal(want.Hashes) {
		return tampered(name, fmt.Errorf("two files have version %d", had.Version))
	}
	return nil
}

func (v verification) targets(b *Book) error {
	meta := b.trusted.Snapshot.Signed.Meta["targets.json"]
	name := versioned(meta.Version, metadata.TARGETS)
	data, err := v.file(name, MaxTargets, meta.Hashes["sha256"])
	if err != nil {
		return err
	}
	m, err := readMetadata[metadata.TargetsType](name, data, MaxTargets)
	if err == nil {
		err = targetsForm(m.Signed)
	}
	if err != nil {
		return tampered(name, err)
	}
	if _, err := b.trusted.UpdateTargets(data); err != nil {
		return refusal(name, err, func() int { return endorsed(b.trusted.Root.Signed, metadata.TARGETS, m) })
	}
	b.files[name] = data
	return nil
}

func (v verification) states(b *Book) error {
	// A State that forgot to renew must not stop the others, so its date is kept beside its entry and
	// judged by StandingOf, and the library is told a time before any date.
	b.trusted.RefTime = time.Time{}
	for _, role := range b.trusted.Targets[metadata.TARGETS].Signed.Delegations.Roles {
		code := rogatory.StateCode(role.Name)
		if b.trusted.Snapshot.Signed.Meta[role.Name+".json"] == nil {
			continue // admitted, and has not handed in its entry yet
		}
		e, err := v.state(b, code)
		if err != nil {
			return err
		}
		b.entries[code] = e
	}
	b.trusted.RefTime = v.at
	return nil
}

func (v verification) state(b *Book, code rogatory.StateCode) (entry, error) {
	anchor, err := v.role(b, string(code), metadata.TARGETS, func(s metadata.TargetsType) error { return anchorForm(s, code) })
	if err != nil {
		return entry{}, err
	}
	signed, err := v.role(b, entryRole(code), string(code), func(s metadata.TargetsType) error { return entryForm(s, code) })
	if err != nil {
		return entry{}, err
	}
	target := signed.Signed.Targets[partyTarget(code)]
	name := targetName(code, target.Hashes["sha256"])
	data, err := v.file(name, MaxParty, target.Hashes["sha256"])
	if err != nil {
		return entry{}, err
	}
	if err := target.VerifyLengthHashes(data); err != nil {
		return entry{}, tampered(name, err)
	}
	party, err := ParseParty(data)
	if err != nil {
		return entry{}, err
	}
	if party.Code != code {
		return entry{}, tampered(name, fmt.Errorf("it is the entry of %s", party.Code))
	}
	if party.Mode != b.charter.Mode {
		return entry{}, otherMode(name, party.Mode, b.charter.Mode)
	}
	b.files[name] = data
	e := entry{party: party, roots: x509.NewCertPool(), expires: anchor.Signed.Expires}
	if signed.Signed.Expires.Before(e.expires) {
		e.expires = signed.Signed.Expires
	}
	for _, c := range party.Certificates {
		certificate, err := authorityCertificate(c)
		if err != nil {
			return entry{}, tampered(name, err)
		}
		e.roots.AddCert(certificate)
	}
	return e, nil
}

// role brings and verifies one of a State's two roles.
func (v verification) role(b *Book, role, above string, form func(metadata.TargetsType) error) (*metadata.Metadata[metadata.TargetsType], error) {
	meta := b.trusted.Snapshot.Signed.Meta[role+".json"]
	if meta == nil {
		return nil, tampered(role, errors.New("the snapshot does not list it"))
	}
	name := versioned(meta.Version, role)
	data, err := v.file(name, MaxRole, meta.Hashes["sha256"])
	if err != nil {
		return nil, err
	}
	m, err := readMetadata[metadata.TargetsType](name, data, MaxRole)
	if err == nil {
		err = form(m.Signed)
	}
	if err != nil {
		return nil, tampered(name, err)
	}
	if _, err := b.trusted.UpdateDelegatedTargets(data, role, above); err != nil {
		d := b.trusted.Targets[above].Signed.Delegations
		return nil, refusal(name, err, func() int {
			for _, r := range d.Roles {
				if r.Name == role {
					return len(endorsers(d.Keys, r.KeyIDs, m))
				}
			}
			return 0
		})
	}
	b.files[name] = data
	return m, nil
}

// file brings a file whose digest is already signed for, from the last good book if it is there.
func (v verification) file(name string, limit int64, hash []byte) ([]byte, error) {
	if data, ok := v.previous[name]; ok && string(hash) == string(digest(data)) {
		return data, nil
	}
	data, err := v.fetch(name, limit)
	if err != nil {
		return nil, unreachable(name, err)
	}
	if string(hash) != string(digest(data)) {
		return nil, tampered(name, fmt.Errorf("its digest is %x, %s was signed", digest(data), hex.EncodeToString(hash)))
	}
	return data, nil
}

func digest(data []byte) []byte {
	d := rogatory.DigestOf(data)
	return d[:]
}

// endorsers returns the names of those keys whose signature over m holds.
func endorsers[T metadata.Roles](keys map[string]*metadata.Key, ids []string, m *metadata.Metadata[T]) []string {
	var good []string
	for _, id := range ids {
		// One role of one key, so that the library says of each key alone whether it signed.
		one := metadata.Root(time.Time{})
		one.Signed.Keys = map[string]*metadata.Key{id: keys[id]}
		one.Signed.Roles = map[string]*metadata.Role{"one": {KeyIDs: []string{id}, Threshold: 1}}
		if one.VerifyDelegate("one", m) == nil {
			good = append(good, id)
		}
	}
	return good
}

func endorsed[T metadata.Roles](root metadata.RootType, role string, m *metadata.Metadata[T]) int {
	return len(endorsers(root.Keys, root.Roles[role].KeyIDs, m))
}

// refusal turns an error of the library into ours. It asks how many signatures hold only when that
// is the question.
func refusal(name string, err error, signatures func() int) error {
	fault := func(kind rogatory.Kind, code string) error {
		return rogatory.Fault(kind, code, "verify %s of the directory: %w", name, err)
	}
	switch {
	case errors.Is(err, &metadata.ErrExpiredMetadata{}):
		return rogatory.Fault(rogatory.Stale, "directory_expired", "verify %s of the directory: %w", name, err).
			WithHint("a mirror may be withholding news: try another, or ask an operator to renew")
	case errors.Is(err, &metadata.ErrBadVersionNumber{}):
		return fault(rogatory.Untrusted, "directory_rollback")
	case errors.Is(err, &metadata.ErrLengthOrHashMismatch{}):
		return fault(rogatory.Untrusted, "directory_tampered")
	case isUnsigned(err) && signatures() > 0:
		return fault(rogatory.Untrusted, "directory_threshold")
	case isUnsigned(err):
		return fault(rogatory.Untrusted, "directory_signature")
	case errors.Is(err, &metadata.ErrRepository{}): // the snapshot no longer lists a role
		return fault(rogatory.Untrusted, "directory_rollback")
	}
	return fault(rogatory.Untrusted, "directory_tampered")
}

func isUnsigned(err error) bool {
	_, ok := errors.AsType[*metadata.ErrUnsignedMetadata](err)
	return ok
}

func tampered(name string, err error) error {
	if _, ok := errors.AsType[*rogatory.Error](err); ok {
		return err
	}
	return rogatory.Fault(rogatory.Untrusted, "directory_tampered", "read %s of the directory: %w", name, err)
}

func unreachable(name string, err error) error {
	if errors.Is(err, errTooLong) {
		return tampered(name, err)
	}
	return rogatory.Fault(rogatory.Unavailable, "directory_unreachable", "fetch %s of the directory: %w", name, err)
}

func otherMode(name string, got, want rogatory.Mode) error {
	return rogatory.Fault(rogatory.ModeMismatch, "mode_mismatch", "%s of the directory is for mode %s, not %s", name, got, want)
}

var errTooLong = errors.New("the file is longer than any of its kind may be")

// readLimited reads all of r, and refuses more than limit bytes.
func readLimited(r io.Reader, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, errTooLong
	}
	return data, nil
}

func fromFS(files fs.FS) func(string, int64) ([]byte, error) {
	return func(name string, limit int64) ([]byte, error) {
		f, err := files.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		return readLimited(f, limit)
	}
}

func fromMap(files map[string][]byte) func(string, int64) ([]byte, error) {
	return func(name string, limit int64) ([]byte, error) {
		data, ok := files[name]
		if !ok {
			return nil, fs.ErrNotExist
		}
		if int64(len(data)) > limit {
			return nil, errTooLong
		}
		return data, nil
	}
}
