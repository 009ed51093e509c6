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
func (n *Node) Setup(context.Context) console.Setup {
	anchors, _ := filepath.Glob(filepath.Join(n.dir, keysDir, "anchor.*.pem"))
	known, err := BackupsOf(n.dir)
	n.note("backup", err)
	return console.Setup{AnchorAway: len(anchors) == 0, Directory: n.book.Book().Standing(n.opt.Clock.Now()) == directory.Fresh, Stamped: n.config.TimeStamp.URL != "",
		Named: strings.HasPrefix(n.config.Origin, "https://"), BackupTried: known.Tried, BackupMade: known.Made, BackupFailed: known.Problem, Entries: known.Entries}
}
