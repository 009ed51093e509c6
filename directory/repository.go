// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
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
	if charter, err := r.charter(); err != nil {
		return err
	} else if err := checkMode(rogatory.Party{Code: code, Mode: charter.Mode}); err != nil || !code.Valid() {
		return errors.Join(err, rogatory.Fault(rogatory.Invalid, "directory_state", "admit %.4q to a directory of mode %s", code, charter.Mode))
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

// Sign adds one holder's signature to a pending file: root, targets, XA or XA-entry. Only a key
// that counts for the file may sign it; signing twice is as good as once. Look at Proposals first.
func (r *Repository) Sign(role string, key crypto.Signer) error {
	cur, err := r.current()
	if err != nil {
		return err
	}
	above, err := r.above(role, cur)
	if err != nil {
		return err
	}
	id, err := signerID(key)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(above, func(d delegator) bool { return slices.Contains(d.ids, id) }) {
		return rogatory.Fault(rogatory.Untrusted, "directory_signature", "sign %s: key %.12s does not count for it", role, id)
	}
	if role == metadata.ROOT {
		return signPending[metadata.RootType](r, role, id, key)
	}
	return signPending[metadata.TargetsType](r, role, id, key)
}

// Gather takes over what another copy of the folder has pending: proposals that are not here, and
// valid signatures for those that are. A proposal of other content under the same role is refused
// as a Conflict. After an error some may have been taken; gathering again is harmless.
func (r *Repository) Gather(from string) error {
	other, err := Open(from, r.clock)
	if err != nil {
		return err
	}
	roles, err := other.roles()
	if err != nil {
		return err
	}
	cur, err := r.current()
	if err != nil {
		return err
	}
	for _, role := range roles {
		data, err := other.pending(role)
		if err != nil {
			return err
		}
		if _, err := r.pending(role); errors.Is(err, fs.ErrNotExist) {
			if err := r.adopt(other, role, data); err != nil {
				return fmt.Errorf("gather %s from %s: %w", role, from, err)
			}
			continue
		}
		above, err := r.above(role, cur)
		if err != nil {
			return err
		}
		if role == metadata.ROOT {
			err = gather[metadata.RootType](r, role, data, above)
		} else {
			err = gather[metadata.TargetsType](r, role, data, above)
		}
		if err != nil {
			return fmt.Errorf("gather %s from %s: %w", role, from, err)
		}
	}
	return nil
}

// Proposal is a pending file, for people to read before they sign.
type Proposal struct {
	Role    string // root, targets, XA or XA-entry
	Version int64
	Expires time.Time
	Digest  rogatory.Digest // of what is signed; holders compare it by telephone
	Content []string        // what is proposed, a line each
	Signed  []string        // names of the keys whose signature holds
	Missing int             // how many more signatures are needed
}

// Proposals lists the pending files.
func (r *Repository) Proposals() ([]Proposal, error) {
	cur, err := r.current()
	if err != nil {
		return nil, err
	}
	roles, err := r.roles()
	if err != nil {
		return nil, err
	}
	var list []Proposal
	for _, role := range roles {
		p, err := r.proposal(role, cur)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

func (r *Repository) proposal(role string, cur *Book) (Proposal, error) {
	above, err := r.above(role, cur)
	if err != nil {
		return Proposal{}, err
	}
	if role == metadata.ROOT {
		m, charter, err := r.pendingRoot()
		if err != nil {
			return Proposal{}, err
		}
		lines := []string{"mode " + string(charter.Mode)}
		for _, name := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP} {
			lines = append(lines, describe(name, m.Signed.Roles[name].Threshold, m.Signed.Roles[name].KeyIDs))
		}
		for _, name := range slices.Sorted(maps.Keys(charter.Life.terms())) {
			lines = append(lines, name+" "+charter.Life.terms()[name].String())
		}
		return describeProposal(role, m.Signed.Version, m.Signed.Expires, lines, m, above)
	}
	m, err := r.pendingTargets(role)
	if err != nil {
		return Proposal{}, err
	}
	var lines []string
	if d := m.Signed.Delegations; d != nil {
		for _, named := range d.Roles {
			lines = append(lines, describe(named.Name, named.Threshold, named.KeyIDs))
		}
	}
	for name, target := range m.Signed.Targets {
		lines = append(lines, fmt.Sprintf("%s sha256 %s", name, target.Hashes["sha256"]))
	}
	return describeProposal(role, m.Signed.Version, m.Signed.Expires, lines, m, above)
}

func describe(role string, threshold int, ids []string) string {
	return fmt.Sprintf("%s: %d of %s", role, threshold, strings.Join(ids, " "))
}

func describeProposal[T metadata.Roles](role string, version int64, expires time.Time, lines []string, m *metadata.Metadata[T], above []delegator) (Proposal, error) {
	content, err := signedPart(m)
	if err != nil {
		return Proposal{}, err
	}
	p := Proposal{Role: role, Version: version, Expires: expires, Content: lines, Digest: rogatory.DigestOf(content)}
	for _, d := range above {
		good := endorsers(d.keys, d.ids, m)
		p.Missing = max(p.Missing, d.threshold-len(good))
		p.Signed = append(p.Signed, good...)
	}
	slices.Sort(p.Signed)
	p.Signed = slices.Compact(p.Signed)
	return p, nil
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

// unsigned refuses to amend what somebody has signed.
func (r *Repository) unsigned(role string) error {
	data, err := r.pending(role)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var n int
	if role == metadata.ROOT {
		m, _, err := readRoot(role, data)
		if err != nil {
			return err
		}
		n = len(m.Signatures)
	} else {
		m, err := readMetadata[metadata.TargetsType](role, data, MaxTargets)
		if err != nil {
			return err
		}
		n = len(m.Signatures)
	}
	if n > 0 {
		return rogatory.Fault(rogatory.Conflict, "directory_signed", "change the proposed %s: it has %d signatures", role, n).
			WithHint("publish it, or withdraw it and begin anew")
	}
	return nil
}

// delegator is who must sign a file: threshold of the keys.
type delegator struct {
	keys      map[string]*metadata.Key
	ids       []string
	threshold int
}

func ofRoot(s metadata.RootType, role string) delegator {
	return delegator{s.Keys, s.Roles[role].KeyIDs, s.Roles[role].Threshold}
}

// above finds who must sign the pending file of a role, by what is pending above it or else
// published. A root is signed by two: the root before it, and itself.
func (r *Repository) above(role string, cur *Book) ([]delegator, error) {
	switch {
	case role == metadata.ROOT || role == metadata.TARGETS:
		var list []delegator
		m, _, err := r.pendingRoot()
		if err == nil {
			list = append(list, ofRoot(m.Signed, role))
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if cur != nil && (role == metadata.ROOT || len(list) == 0) {
			list = append(list, ofRoot(cur.trusted.Root.Signed, role))
		}
		return list, nil
	case isStateRole(role):
		code, entry := strings.CutSuffix(role, entrySuffix)
		parent := metadata.TARGETS
		if entry {
			parent = code
		}
		m, err := r.effective(parent, cur)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, unknownState(rogatory.StateCode(code))
		}
		if err != nil {
			return nil, err
		}
		for _, named := range m.Signed.Delegations.Roles {
			if named.Name == role {
				return []delegator{{m.Signed.Delegations.Keys, named.KeyIDs, named.Threshold}}, nil
			}
		}
		return nil, unknownState(rogatory.StateCode(code))
	}
	return nil, rogatory.Fault(rogatory.NotFound, "directory_role", "the directory has no role %.40q", role)
}

// effective returns the pending file of a role, or else the published one; an error that wraps
// fs.ErrNotExist if there is neither.
func (r *Repository) effective(role string, cur *Book) (*metadata.Metadata[metadata.TargetsType], error) {
	m, err := r.pendingTargets(role)
	if err == nil || !errors.Is(err, fs.ErrNotExist) || cur == nil || cur.trusted.Targets[role] == nil {
		return m, err
	}
	return readMetadata[metadata.TargetsType](role, cur.files[versioned(cur.trusted.Targets[role].Signed.Version, role)], MaxTargets)
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
	fetch := func(name string, limit int64) ([]byte, error) { return source.Fetch(nil, name, limit) }
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

func signPending[T metadata.Roles](r *Repository, role, id string, key crypto.Signer) error {
	data, err := r.pending(role)
	if err != nil {
		return err
	}
	m, err := readMetadata[T]("proposed "+role, data, len(data))
	if err != nil {
		return err
	}
	if err := sign(m, id, key); err != nil {
		return fmt.Errorf("sign %s: %w", role, err)
	}
	return propose(r, role, m)
}

// sign puts the key's signature in the place of an earlier one of the same key.
func sign[T metadata.Roles](m *metadata.Metadata[T], id string, key crypto.Signer) error {
	m.Signatures = slices.DeleteFunc(m.Signatures, func(s metadata.Signature) bool { return s.KeyID == id })
	_, err := m.Sign(holder{key})
	return err
}

func gather[T metadata.Roles](r *Repository, role string, data []byte, above []delegator) error {
	own, err := r.pending(role)
	if err != nil {
		return err
	}
	ours, err := readMetadata[T]("proposed "+role, own, len(own))
	if err != nil {
		return err
	}
	theirs, err := readMetadata[T]("gathered "+role, data, len(data))
	if err != nil {
		return err
	}
	a, errA := signedPart(ours)
	b, errB := signedPart(theirs)
	if err := errors.Join(errA, errB); err != nil {
		return err
	}
	if !bytes.Equal(a, b) {
		return rogatory.Fault(rogatory.Conflict, "directory_proposal", "the copies propose different things: %s and %s",
			rogatory.DigestOf(a).Short(), rogatory.DigestOf(b).Short())
	}
	for _, d := range above {
		for _, id := range endorsers(d.keys, d.ids, theirs) {
			if slices.ContainsFunc(ours.Signatures, func(s metadata.Signature) bool { return s.KeyID == id }) {
				continue
			}
			i := slices.IndexFunc(theirs.Signatures, func(s metadata.Signature) bool { return s.KeyID == id })
			ours.Signatures = append(ours.Signatures, theirs.Signatures[i])
		}
	}
	return propose(r, role, ours)
}

// signedPart returns the file without its signatures.
func signedPart[T metadata.Roles](m *metadata.Metadata[T]) ([]byte, error) {
	return (&metadata.Metadata[T]{Signed: m.Signed, Signatures: []metadata.Signature{}}).ToBytes(false)
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

func signerID(key crypto.Signer) (string, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", rogatory.Fault(rogatory.Invalid, "directory_key", "key of type %T is not an Ed25519 key", key.Public())
	}
	return KeyID(public)
}

// expiry is in whole seconds, as TUF writes it.
func expiry(now time.Time, life time.Duration) time.Time { return now.UTC().Add(life).Truncate(time.Second) }

// holder lets a key that may live in a hardware module sign for the library.
type holder struct{ key crypto.Signer }

func (h holder) PublicKey(...signature.PublicKeyOption) (crypto.PublicKey, error) {
	return h.key.Public(), nil
}

func (h holder) SignMessage(message io.Reader, _ ...signature.SignOption) ([]byte, error) {
	text, err := io.ReadAll(message)
	if err != nil {
		return nil, err
	}
	return h.key.Sign(nil, text, crypto.Hash(0)) // Ed25519 draws no randomness
}
