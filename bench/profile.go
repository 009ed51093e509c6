// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime/pprof"
)

// profileOf names the profile of a process; it is empty without -profile.
func (b *bench) profileOf(part string) string {
	if b.profiles == "" {
		return ""
	}
	return filepath.Join(b.profiles, part+".prof")
}

// profile writes a CPU profile of this process to a file until done is called; with no name it does
// nothing.
func profile(name string) (done func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return func() error {
		pprof.StopCPUProfile()
		return f.Close()
	}, nil
}
