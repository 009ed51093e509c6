// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"path/filepath"
	"strings"

	"rogatory/console"
	"rogatory/directory"
)

// Setup says what is ready of the node, for the page on which an administrator makes it ready.
func (n *Node) Setup(ctx context.Context) console.Setup {
	anchors, _ := filepath.Glob(filepath.Join(n.dir, keysDir, "anchor.*.pem"))
	known, err := BackupsOf(n.dir)
	n.note("backup", err)
	desk, err := n.Desk.State(ctx)
	paged := err == nil && desk.Pages
	for _, h := range n.Health(ctx) {
		if !h.OK && h.Name == "paging" {
			paged = false
		}
	}
	return console.Setup{Rota: err == nil && desk.Now != nil, Paged: paged, AnchorAway: len(anchors) == 0, Directory: n.book.Book().Standing(n.opt.Clock.Now()) == directory.Fresh, Stamped: n.config.TimeStamp.URL != "",
		Named: strings.HasPrefix(n.config.Origin, "https://"), BackupTried: known.Tried, BackupMade: known.Made, BackupFailed: known.Problem, Entries: known.Entries}
}
