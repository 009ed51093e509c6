// SPDX-License-Identifier: Apache-2.0

//go:build linux

package disk

import (
	"fmt"
	"math"
	"os"
	"syscall"
)

// Free implements vault.Disk: the bytes that a process without privileges may still store.
func (d *Folder) Free() (int64, error) {
	f, err := d.root.Open(".")
	if err != nil {
		return 0, err
	}
	defer f.Close()
	var stat syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &stat); err != nil {
		return 0, fmt.Errorf("ask the file system how much is free: %w", err)
	}
	size := uint64(stat.Bsize)
	if stat.Bavail > math.MaxInt64/size {
		return math.MaxInt64, nil // a network file system that claims to be endless
	}
	return int64(stat.Bavail * size), nil
}

// openDirect opens the file a second time, for writes that bypass the page cache. It returns nil
// where the file system has no such thing.
func openDirect(root *os.Root, name string) *os.File {
	f, err := root.OpenFile(name, os.O_WRONLY|syscall.O_DIRECT, 0)
	if err != nil {
		return nil
	}
	return f
}
