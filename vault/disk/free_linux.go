// SPDX-License-Identifier: Apache-2.0

package disk

import (
	"fmt"
	"math"
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
