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
	"slices"
	"strings"
	"time"

	"github.com/sigstore/sigstore/pkg/signature"
	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
)

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

func signerID(key crypto.Signer) (string, error) {
	public, ok := key.Public().(ed25519.PublicKey)
	if !ok {
		return "", rogatory.Fault(rogatory.Invalid, "directory_key", "key of type %T is not an Ed25519 key", key.Public())
	}
	return KeyID(public)
}

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
