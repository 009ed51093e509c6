// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package disk

import (
	"errors"
	"os"
)

// Free implements vault.Disk. Only Linux is asked; elsewhere a full disk shows when it is full.
func (d *Folder) Free() (int64, error) { return 0, errors.ErrUnsupported }

// openDirect has no counterpart here.
func openDirect(*os.Root, string) *os.File { return nil }
