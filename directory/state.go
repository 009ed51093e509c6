// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"crypto"
	"crypto/ed25519"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"rogatory"
)

// SubmitParty proposes a State's entry, signed by the State's entry key: a new endpoint, a new
// certificate, a new officer's number. Nobody else signs; an operator publishes. Submitting again
// replaces what was not published yet. Submitting the same entry renews the role's date.
func (r *Repository) SubmitParty(p rogatory.Party, entry crypto.Signer) error {
	data, err := MarshalParty(p)
	if err != nil {
		return err
	}
	cur, err := r.current()
	if err != nil {
		return err
	}
	charter, err := r.charter()
	if err != nil {
		return err
	}
	if p.Mode != charter.Mode {
		return otherMode(partyTarget(p.Code), p.Mode, charter.Mode)
	}
	role := entryRole(p.Code)
	id, err := r.mayAct(role, cur, entry)
	if err != nil {
		return err
	}
	m := metadata.Targets(expiry(r.clock.Now(), charter.Life.State))
	m.Signed.Version = cur.versionOf(role) + 1
	m.Signed.Targets[partyTarget(p.Code)] = &metadata.TargetFiles{
		Length: int64(len(data)), Hashes: metadata.Hashes{"sha256": digest(data)},
	}
	if err := sign(m, id, entry); err != nil {
		return fmt.Errorf("sign %s: %w", role, err)
	}
	if err := writeFile(r.partyPath(string(p.Code)), data); err != nil {
		return fmt.Errorf("propose %s: %w", role, err)
	}
	return propose(r, role, m)
}

// NamesEntry reports whether the entry key counts for a State's entry, by what is proposed or else
// published. If not, RotateState comes before SubmitParty. An error has the code unknown_state if the
// State was not admitted.
func (r *Repository) NamesEntry(code rogatory.StateCode, entry crypto.Signer) (bool, error) {
	cur, err := r.current()
	if err != nil {
		return false, err
	}
	if _, err := r.above(string(code), cur); err != nil {
		return false, err
	}
	_, err = r.mayAct(entryRole(code), cur, entry)
	switch code := rogatory.CodeOf(err); {
	case code == "unknown_state", code == "directory_signature":
		return false, nil // it names none yet, or another
	}
	return err == nil, err
}

// RotateState proposes a new entry key for a State, named by the State's anchor: the first one
// after admission, another when it is due or lost, or the same to renew the anchor role's date. The
// State's entry, if it has one, is signed anew by the new key, so both change together. Nobody else
// signs; if the State's anchor has a threshold above one, its other holders Sign the role XA. What
// the old entry key signs counts no more from publication on.
func (r *Repository) RotateState(code rogatory.StateCode, anchor, entry crypto.Signer) error {
	cur, err := r.current()
	if err != nil {
		return err
	}
	charter, err := r.charter()
	if err != nil {
		return err
	}
	id, err := r.mayAct(string(code), cur, anchor)
	if err != nil {
		return err
	}
	entryID, err := signerID(entry)
	if err != nil {
		return err
	}
	if entryID == id {
		return rogatory.Fault(rogatory.Invalid, "directory_key", "name the entry key of %s: it must not be the anchor", code)
	}
	expires := expiry(r.clock.Now(), charter.Life.State)
	m := metadata.Targets(expires)
	m.Signed.Version = cur.versionOf(string(code)) + 1
	m.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	role, err := delegate(m.Signed.Delegations, entryRole(code), code, []ed25519.PublicKey{entry.Public().(ed25519.PublicKey)}, 1)
	if err != nil {
		return err
	}
	m.Signed.Delegations.Roles = []metadata.DelegatedRole{role}
	if err := sign(m, id, anchor); err != nil {
		return fmt.Errorf("sign %s: %w", code, err)
	}
	signed, err := r.effective(entryRole(code), cur)
	switch {
	case errors.Is(err, fs.ErrNotExist): // no entry yet
	case err != nil:
		return err
	default:
		signed.ClearSignatures()
		signed.Signed.Version, signed.Signed.Expires = cur.versionOf(entryRole(code))+1, expires
		if err := sign(signed, entryID, entry); err != nil {
			return fmt.Errorf("sign %s: %w", entryRole(code), err)
		}
		if err := propose(r, entryRole(code), signed); err != nil {
			return err
		}
	}
	return propose(r, string(code), m)
}

// mayAct returns the name of the key if it counts for the role.
func (r *Repository) mayAct(role string, cur *Book, key crypto.Signer) (string, error) {
	above, err := r.above(role, cur)
	if err != nil {
		return "", err
	}
	id, err := signerID(key)
	if err != nil {
		return "", err
	}
	if !slices.ContainsFunc(above, func(d delegator) bool { return slices.Contains(d.ids, id) }) {
		return "", rogatory.Fault(rogatory.Untrusted, "directory_signature", "sign %s: key %.12s does not count for it", role, id)
	}
	return id, nil
}
