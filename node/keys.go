// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"path/filepath"
	"slices"

	"filippo.io/age"

	"rogatory"
	"rogatory/keyring"
)

// keys returns the keyring as it is now.
func (n *Node) keys() *keyring.Keyring { return n.held.Load() }

// loadKeys reads the keyring. The list of files is taken first, so that a key which comes in between is
// seen in the next round.
func (n *Node) loadKeys() error {
	dir := filepath.Join(n.dir, keysDir)
	files, err := keyring.Files(dir)
	if err != nil && n.held.Load() != nil {
		return err
	}
	k, err := keyring.Load(dir)
	if err != nil {
		return err
	}
	if k.Address() != n.config.address() {
		return rogatory.Fault(rogatory.Conflict, "keys_of_other", "the keys are those of %s, node.json says %s", k.Address(), n.config.address())
	}
	n.held.Store(k)
	n.files = files
	return nil
}

// watchKeys takes in keys that rogatory key rotate has added since. What is sealed to them opens from
// then on, and new connections show the new TLS certificate. The newest seal signs from the next
// start. What cannot be loaded is a problem in Health, and the keys in use stay in use.
func (n *Node) watchKeys(context.Context) error {
	files, err := keyring.Files(filepath.Join(n.dir, keysDir))
	if err == nil && !slices.Equal(files, n.files) {
		err = n.loadKeys()
	}
	n.note("keys", err)
	return nil
}

// current opens with whatever identities there are at the time, so that a rotated key needs no restart.
type current func() []age.Identity

// Unwrap implements age.Identity.
func (c current) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, id := range c() {
		key, err := id.Unwrap(stanzas)
		if errors.Is(err, age.ErrIncorrectIdentity) {
			continue
		}
		return key, err
	}
	return nil, age.ErrIncorrectIdentity
}
