// SPDX-License-Identifier: Apache-2.0

package node

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"rogatory"
	"rogatory/clock"
	"rogatory/directory"
)

// Published reads the directory of States as the node in dir would now, whether or not the node runs, and
// changes nothing in its folder. Where the source does not answer, it is the copy that the node kept.
// Without a trusted root it is NotFound "directory_root_missing".
func Published(ctx context.Context, dir string, c Config) (*directory.Book, error) {
	root, err := trustedRoot(dir)
	if err != nil {
		return nil, err
	}
	tmp, err := os.MkdirTemp("", "rogatory-directory-*")
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "folder_failed", "make a folder: %w", err)
	}
	defer os.RemoveAll(tmp)
	// With what the node has seen, so that an older directory is refused here as well.
	if err := os.CopyFS(tmp, os.DirFS(filepath.Join(dir, bookDir))); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.Unavailable, "folder_failed", "copy the directory that the node has: %w", err)
	}
	client, err := c.directory(tmp, root, clock.Real{})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, outsideTimeout)
	defer cancel()
	b, err := client.Update(ctx)
	if err == nil {
		return b, nil
	}
	if kept, offline := client.Load(); offline == nil {
		return kept, nil
	}
	return nil, err
}
