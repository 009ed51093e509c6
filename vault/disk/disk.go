// SPDX-License-Identifier: Apache-2.0

// Package disk keeps a vault in a folder of the operating system.
//
// It promises what vault.Disk asks for: a Sync is an fsync of the file or the folder, an existing
// name is never replaced, and no name, and no symbolic link that somebody put there, leads out of
// the folder (os.Root). Files are readable by the owner only.
//
// It refuses to work on a file system without hard links, such as FAT: a link is the one portable
// way to give a file a name only if that name is free.
//
// After an error the disk is as vault.Disk allows. A full disk, or quota, is rogatory.Busy with
// the code "disk_full".
package disk

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"syscall"

	"rogatory"
	"rogatory/vault"
)

// Folder is a folder of the operating system, used as a vault.Disk.
type Folder struct{ root *os.Root }

var _ vault.Disk = (*Folder)(nil)

// Open opens the folder at path, which must exist. The caller closes it after the vault.
func Open(path string) (*Folder, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open folder %q for a vault: %w", path, err)
	}
	return New(root), nil
}

// New uses a folder that is already open.
func New(root *os.Root) *Folder { return &Folder{root} }

// Close releases the folder; files that are open stay usable.
func (d *Folder) Close() error { return d.root.Close() }

// Create implements vault.Disk.
func (d *Folder) Create(name string) (vault.File, error) {
	return d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
}

// Open implements vault.Disk.
func (d *Folder) Open(name string) (vault.File, error) { return d.open(name, os.O_RDONLY) }

// Modify implements vault.Disk.
func (d *Folder) Modify(name string) (vault.File, error) { return d.open(name, os.O_RDWR) }

func (d *Folder) open(name string, flag int) (vault.File, error) {
	if err := valid(name); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(name, flag, 0o600)
	if err != nil {
		return nil, kindly(err)
	}
	opened := &file{File: f}
	if flag != os.O_RDONLY {
		opened.direct = openDirect(d.root, name)
	}
	return opened, nil
}

// Link implements vault.Disk.
func (d *Folder) Link(name, second string) error {
	if err := errors.Join(valid(name), valid(second)); err != nil {
		return err
	}
	return kindly(d.root.Link(name, second))
}

// Remove implements vault.Disk.
func (d *Folder) Remove(name string) error {
	if err := valid(name); err != nil {
		return err
	}
	return kindly(d.root.Remove(name))
}

// Size implements vault.Disk.
func (d *Folder) Size(name string) (int64, error) {
	if err := valid(name); err != nil {
		return 0, err
	}
	info, err := d.root.Stat(name)
	if err != nil {
		return 0, kindly(err)
	}
	if !info.Mode().IsRegular() {
		return 0, fmt.Errorf("measure %q: it is no file", name)
	}
	return info.Size(), nil
}

// List implements vault.Disk.
func (d *Folder) List(folder string) ([]string, error) {
	if err := valid(folder); err != nil {
		return nil, err
	}
	f, err := d.root.Open(folder)
	if err != nil {
		return nil, kindly(err)
	}
	defer f.Close()
	names, err := f.Readdirnames(-1)
	if err != nil {
		return nil, kindly(err)
	}
	slices.Sort(names)
	return names, nil
}

// MakeFolder implements vault.Disk.
func (d *Folder) MakeFolder(name string) error {
	if err := valid(name); err != nil {
		return err
	}
	err := d.root.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		info, statErr := d.root.Stat(name)
		if statErr == nil && info.IsDir() {
			return nil
		}
	}
	return kindly(err)
}

// Sync implements vault.Disk.
func (d *Folder) Sync(folder string) error {
	if err := valid(folder); err != nil {
		return err
	}
	f, err := d.root.Open(folder)
	if err != nil {
		return kindly(err)
	}
	if err := f.Sync(); err != nil {
		_ = f.Close() // the failed sync is what counts
		return kindly(err)
	}
	return kindly(f.Close())
}

// Evidence is written once, in large pieces, and is larger than memory. Where the system allows it,
// such pieces go to the disk past the page cache: on Linux and ext4 this takes less than half of
// the processor time of writing and syncing a GiB, which the hashes can use. All others, and what
// the system then refuses, are written as usual; both ways may be mixed, since the kernel keeps
// them apart as long as the ranges do not overlap.
const (
	directAlign = 4096      // of offset and length; logical blocks of today's disks are no larger
	directLeast = 128 << 10 // below, the wait for the disk would cost more than the copy
)

// file is an open file. direct is nil if there is no way past the page cache.
type file struct {
	*os.File
	direct *os.File
	off    int64 // where Write goes on
}

func (f *file) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.off)
	f.off += int64(n)
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (int, error) {
	written := 0
	if f.direct != nil && len(p) >= directLeast && len(p)%directAlign == 0 && off%directAlign == 0 {
		n, err := f.direct.WriteAt(p, off)
		if !errors.Is(err, syscall.EINVAL) {
			return n, kindly(err)
		}
		written = n // p may lie badly in memory, or the disk has larger blocks
	}
	n, err := f.File.WriteAt(p[written:], off+int64(written))
	return written + n, kindly(err)
}

func (f *file) Truncate(size int64) error { return kindly(f.File.Truncate(size)) }
func (f *file) Sync() error               { return kindly(f.File.Sync()) }

func (f *file) Close() error {
	var direct error
	if f.direct != nil {
		direct = f.direct.Close()
	}
	return kindly(errors.Join(f.File.Close(), direct))
}

func valid(name string) error {
	if !fs.ValidPath(name) {
		return &fs.PathError{Op: "use", Path: name, Err: fs.ErrInvalid}
	}
	return nil
}

// kindly tells a full disk from the other troubles.
func kindly(err error) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return rogatory.Fault(rogatory.Busy, "disk_full", "the disk of the vault is full: %w", err)
	}
	return err
}
