// SPDX-License-Identifier: Apache-2.0

package node

import (
	"path/filepath"

	"filippo.io/age"

	"rogatory/upload"
	"rogatory/vault"
)

// uploadsDir holds files on their way from browsers. Nothing in it is evidence yet: it needs no backup.
const uploadsDir = "uploads"

// Uploads opens the node's shelf of files that are on their way from browsers, encrypted to the office's
// own evidence key.
func (n *Node) Uploads() (*upload.Shelf, error) {
	own := func() (age.Recipient, error) { return vault.ParseRecipient(n.keys().EvidenceRecipient()) }
	return upload.Open(filepath.Join(n.dir, uploadsDir), own, n.Office.Evidence, n.Office.Clock, n.Office.Random)
}
