// SPDX-License-Identifier: Apache-2.0

// Package directory is the book of other States: who may speak for a State, with which keys, at
// which door. It is a repository of The Update Framework (TUF 1.0, theupdateframework.io):
//
//	root        m of n States; names every key below it, and the mode
//	targets     the same m of n States; admits a State by naming its anchor keys
//	XA          State XA's anchor keys, kept offline; names the key of XA's entry
//	XA-entry    State XA's entry key, used at the desk; signs XA/party.json
//	snapshot    any one operator; which versions belong together
//	timestamp   any one operator; that this is the newest
//
// No central power: an operator who turns coat can withhold news until the timestamp runs out, and can
// show a newcomer, who has seen nothing yet, an older entry of a State until that entry's own date.
// It can forge nothing. Admission is an act of States, so targets has the root's holders and threshold
// and no key of its own. XA and XA-entry are two roles because in TUF a role's key is named by the
// role above it: with one, a State would need m other States to change its key. So the State's
// anchor names the entry key, and the State changes that key, its certificates and its endpoints
// alone. Only a lost anchor needs the other States (RemoveState, AddState), and that is right: they
// must ask who it is that has lost it.
//
// Promise. A Book is one verified state of the directory, whole and unchanging, with the signed
// files that prove it. Update refuses rollback, freezing, mixed versions, altered files, missing
// signatures, another mode, and two different files under one version number. The same files are
// verified the same way years later by VerifyChain.
//
// Another anchor of a State that a client knows takes effect with it after CoolOff, unless the old anchor signed too: see
// Book.Cooling. A book without a client, as for a court, is what its files say.
//
// Refusal. A book that has expired verifies but must not send, for a grace, then does neither; see
// Standing. One State's neglect stales that State only. A State's role can say nothing but its own
// XA/party.json. An entry has one encoding, and only Ed25519 keys sign.
//
// After an error a Client still holds the last good book, in memory and on disk. A Repository whose
// Publish stopped half-way has put nothing in force or everything: timestamp.json is written last, and
// the step may be repeated. Errors that somebody can act on are a rogatory.Error. The codes of those
// that a client meets:
//
//	directory_expired       a signed file is past its date
//	directory_rollback      older than what was seen, or something seen is gone
//	directory_signature     no valid signature by a key that counts
//	directory_threshold     valid signatures, but not enough
//	directory_tampered      the bytes are not those that were signed for, or not of our form
//	directory_unreachable   the source does not answer
//	mode_mismatch           exercise and live meet
//	unknown_state, unknown_authority
//
// Trust: mirrors, the network and the disk of a mirror need none. The trusted root must reach the
// node by a way that its State trusts, and the node's clock must be right to the hour.
package directory

import (
	"bytes"
	"crypto/x509"
	"fmt"
	"iter"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"rogatory"
)

// Standing says what a book, or one State's entry in it, is good for.
type Standing string

// The standings.
const (
	Fresh      Standing = "fresh"       // verify and send
	VerifyOnly Standing = "verify_only" // past its date, within the grace: verify what arrives, send nothing
	Expired    Standing = "expired"     // neither
)

// Version holds the version numbers of a book's files. Each only ever grows.
type Version struct {
	Root, Targets, Snapshot, Timestamp int64
}

// Book is one verified state of the directory. It never changes; swap it whole. It may be used
// from several goroutines.
type Book struct {
	charter Charter
	version Version
	issued  time.Time
	expires time.Time
	grace   time.Duration
	entries map[rogatory.StateCode]entry
	cooling []Cooling
	files   map[string][]byte                // the proof: every signed file, under its published name
	trusted *trustedmetadata.TrustedMetadata // as verified, for Repository; never changed after
}

type entry struct {
	party   rogatory.Party
	roots   *x509.CertPool
	expires time.Time
}

// Mode is the mode that the States signed into the root. Every party of the book has it.
func (b *Book) Mode() rogatory.Mode { return b.charter.Mode }

// Version returns the versions of the book's files.
func (b *Book) Version() Version { return b.version }

// Issued is when an operator signed the timestamp, by the operator's clock.
func (b *Book) Issued() time.Time { return b.issued }

// Expires is when the first of the root, targets, snapshot and timestamp runs out. An entry may run
// out sooner; see StandingOf.
func (b *Book) Expires() time.Time { return b.expires }

// Hash is the SHA-256 digest of the text that `sha256sum` prints for the exported files, in the
// order of their names. It names the book in a journal.
func (b *Book) Hash() rogatory.Digest {
	var sums bytes.Buffer
	for name, data := range b.Files() {
		fmt.Fprintf(&sums, "%s  %s\n", rogatory.DigestOf(data), name)
	}
	return rogatory.DigestOf(sums.Bytes())
}

// Standing says what the book as a whole is good for at the time now.
func (b *Book) Standing(now time.Time) Standing { return b.standing(now, b.expires) }

// StandingOf says what the State's entry is good for at the time now: never better than the book,
// and worse when the State has not renewed its own roles. Ask it before sending. It is Expired for
// a State that is not in the book.
func (b *Book) StandingOf(code rogatory.StateCode, now time.Time) Standing {
	e, ok := b.entries[code]
	if !ok {
		return Expired
	}
	if e.expires.Before(b.expires) {
		return b.standing(now, e.expires)
	}
	return b.standing(now, b.expires)
}

func (b *Book) standing(now, expires time.Time) Standing {
	switch {
	case !now.After(expires):
		return Fresh
	case !now.After(expires.Add(b.grace)):
		return VerifyOnly
	}
	return Expired
}

// Party returns the State's entry, a copy. An error has the code unknown_state.
func (b *Book) Party(code rogatory.StateCode) (rogatory.Party, error) {
	e, ok := b.entries[code]
	if !ok {
		return rogatory.Party{}, unknownState(code)
	}
	return cloneParty(e.party), nil
}

// Authority returns the addressed authority and its State. An error has the code unknown_state or
// unknown_authority.
func (b *Book) Authority(a rogatory.Address) (rogatory.Party, rogatory.Authority, error) {
	p, err := b.Party(a.State)
	if err != nil {
		return rogatory.Party{}, rogatory.Authority{}, err
	}
	authority, ok := p.Authority(a.Authority)
	if !ok {
		return rogatory.Party{}, rogatory.Authority{}, rogatory.Fault(rogatory.NotFound, "unknown_authority",
			"the directory of %s has no authority %.64q of %s", b.issued.Format(time.DateOnly), a.Authority, a.State)
	}
	return p, authority, nil
}

// Parties returns the entries, copies, in the order of their codes.
func (b *Book) Parties() []rogatory.Party {
	parties := make([]rogatory.Party, 0, len(b.entries))
	for _, code := range slices.Sorted(maps.Keys(b.entries)) {
		parties = append(parties, cloneParty(b.entries[code].party))
	}
	return parties
}

// Roots returns the State's certification authorities, to which its seals and TLS certificates
// chain. The pool is the caller's own.
func (b *Book) Roots(code rogatory.StateCode) (*x509.CertPool, error) {
	e, ok := b.entries[code]
	if !ok {
		return nil, unknownState(code)
	}
	return e.roots.Clone(), nil
}

// KeysOf returns the names of the keys that count for a State's anchor and for its entry, as KeyID
// makes them. Both are empty for a State that is not admitted, the second for one without an entry key.
func (b *Book) KeysOf(code rogatory.StateCode) (anchor, entry []string) {
	return b.namedBy(metadata.TARGETS, string(code)), b.namedBy(string(code), entryRole(code))
}

func (b *Book) namedBy(parent, role string) []string {
	m := b.trusted.Targets[parent]
	if m == nil || m.Signed.Delegations == nil {
		return nil
	}
	for _, named := range m.Signed.Delegations.Roles {
		if named.Name == role {
			return slices.Clone(named.KeyIDs)
		}
	}
	return nil
}

// Files yields the signed files that prove the book, in the order of their names. A court package
// holds them; VerifyChain reads them. The bytes must not be changed.
func (b *Book) Files() iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for _, name := range slices.Sorted(maps.Keys(b.files)) {
			if !yield(name, b.files[name]) {
				return
			}
		}
	}
}

// Export writes the signed files into dir, which must be empty or not exist. After an error dir may
// hold some of them.
func (b *Book) Export(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("export directory: %w", err)
	}
	found, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("export directory: %w", err)
	}
	if len(found) != 0 {
		return rogatory.Fault(rogatory.Conflict, "directory_export", "export directory to %s: the folder is not empty", dir)
	}
	for name, data := range b.Files() {
		if err := writeFile(filepath.Join(dir, filepath.FromSlash(name)), data); err != nil {
			return fmt.Errorf("export directory: %w", err)
		}
	}
	return nil
}

func unknownState(code rogatory.StateCode) error {
	return rogatory.Fault(rogatory.NotFound, "unknown_state", "the directory has no State %.4q", code)
}
