// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"fmt"
	"io"

	"rogatory"
)

// Disk is where a vault keeps its files. Names are slash-separated and relative, in the form that
// fs.ValidPath accepts; a disk refuses any other, and no name leads out of it. The package
// vaulttest holds the exam that every implementation passes.
//
// A change is durable only after a Sync: of the file for its content, of the folder for the names
// in it. Missing and existing names are reported by errors that wrap fs.ErrNotExist and
// fs.ErrExist; a full disk by rogatory.Busy with the code "disk_full". All methods may be called
// by several goroutines.
type Disk interface {
	// Create makes an empty file for reading and writing; the name must be free.
	Create(name string) (File, error)
	// Open opens a file for reading.
	Open(name string) (File, error)
	// Modify opens a file for reading and writing.
	Modify(name string) (File, error)
	// Link gives a file a second name, which must be free. With Remove of the first name it is a
	// rename that never replaces anything, and that a crash cannot turn into a loss if the
	// folder of the new name is synced before the old one is removed.
	Link(name, second string) error
	// Remove removes a name, and with its last name the file.
	Remove(name string) error
	// Size returns the length of a file in bytes.
	Size(name string) (int64, error)
	// List returns the names in a folder, sorted.
	List(folder string) ([]string, error)
	// MakeFolder makes a folder whose parent exists; it is no error if the folder exists.
	MakeFolder(name string) error
	// Sync makes the names in a folder durable; "." is the disk itself.
	Sync(folder string) error
	// Free returns how many bytes can still be stored, or errors.ErrUnsupported if that cannot be known.
	Free() (int64, error)
}

// File is an open file of a Disk. WriteAt may be called by several goroutines for ranges that do
// not overlap, and Sync beside it: a Sync covers the writes that returned before it began. After
// a Sync failed, the writes that it should have covered may be lost even if a later Sync succeeds.
type File interface {
	io.ReaderAt
	io.Writer // at the end of what Write wrote before
	io.WriterAt
	Truncate(size int64) error
	Sync() error
	Close() error
}

// diskFault gives an error of the disk a kind, unless it has one.
func diskFault(err error, format string, args ...any) error {
	doing := fmt.Sprintf(format, args...)
	if code := rogatory.CodeOf(err); code != "internal" {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return rogatory.Fault(rogatory.Unavailable, "disk_failed", "%s: %w", doing, err)
}

// earlySyncBytes is how much may be written before a sync is begun in the background: enough that
// the cost of a sync is small, and little enough that the last one, which is waited for, is short.
const earlySyncBytes = 64 << 20

// earlySync writes to a file and syncs it now and then in the background, so that the disk works
// while the processors do, instead of after them.
type earlySync struct {
	file    File
	pending int64
	due     chan struct{}
	done    chan error
	failed  chan struct{} // closed after the first failed sync, to stop the writing
}

func newEarlySync(file File) *earlySync {
	e := &earlySync{file: file, due: make(chan struct{}, 1), done: make(chan error, 1), failed: make(chan struct{})}
	go func() {
		for range e.due {
			if err := file.Sync(); err != nil {
				close(e.failed)
				e.done <- err
				return
			}
		}
		e.done <- nil
	}()
	return e
}

func (e *earlySync) Write(p []byte) (int, error) {
	select {
	case <-e.failed:
		return 0, rogatory.Fault(rogatory.Unavailable, "disk_failed", "a sync of the sealed evidence failed")
	default:
	}
	n, err := e.file.Write(p)
	e.pending += int64(n)
	if err == nil && e.pending >= earlySyncBytes {
		select {
		case e.due <- struct{}{}:
			e.pending = 0
		default: // the previous one is still waiting
		}
	}
	return n, err
}

// stop waits for the background to end and returns its error.
func (e *earlySync) stop() error {
	close(e.due)
	return <-e.done
}
