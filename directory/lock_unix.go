// SPDX-License-Identifier: Apache-2.0

//go:build unix

package directory

import (
	"os"
	"syscall"
)

// lock keeps a second publisher out of the folder. The system releases it when the process ends.
func lock(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}
