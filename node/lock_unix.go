// SPDX-License-Identifier: Apache-2.0

package node

import (
	"os"
	"syscall"

	"rogatory"
)

// takeLock makes sure that one process works on the folder. The lock ends with the process.
func takeLock(name string) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "lock_failed", "open %s: %w", name, err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, rogatory.Fault(rogatory.Conflict, "node_in_use", "another process works on this data folder: %w", err).WithHint("stop it first; two nodes on one folder would sign two histories")
	}
	return f, nil
}

// letGo ends the lock now: a child that is just being started may hold a copy of the file for a moment longer.
func letGo(f *os.File) error {
	syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // what Close ends anyway
	return f.Close()
}
