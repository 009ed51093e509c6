// SPDX-License-Identifier: Apache-2.0

// Package memory is a disk in memory that can lose power, fail and fill up on request: the disk of
// simulations and of tests.
//
// It keeps two states of everything, what a running process sees and what was synced. Crash
// throws the first away and goes on from the second; each change that was not synced, down to
// pages of a write and to single names of a folder, may also have reached the disk, and the caller
// decides which did. A run is repeatable as long as its decisions and its order of operations are.
//
// It refuses what vault.Disk refuses. Files opened before a crash are dead after it. After an
// injected fault the operation had no effect, half of it, or all of it, as Fault says.
package memory

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"rogatory"
	"rogatory/vault"
)

// pageSize is how much of a write reaches the disk at once.
const pageSize = 64 << 10

// ErrInjected is the cause of every error that was asked for.
var ErrInjected = errors.New("injected fault of the disk")

// Fault is a failure to come.
type Fault struct {
	// At is the operation that fails, counted from 1 after Inject; 0 is none.
	At int
	// Done has the operation take effect, and fail nevertheless. Otherwise a write is cut in half,
	// a failed sync of a file loses what it should have made durable, and anything else has no
	// effect.
	Done bool
	// Lasting makes all later operations fail too, without effect, until the next Inject or Crash.
	Lasting bool
}

// Disk is a disk in memory. Its methods may be called by several goroutines.
type Disk struct {
	mu         sync.Mutex // guards the fields below and all nodes
	root       *node
	power      int // counts crashes; files of an earlier one are dead
	capacity   int64
	fault      Fault
	operations int
}

var _ vault.Disk = (*Disk)(nil)

// New returns an empty disk that never fills up.
func New() *Disk { return &Disk{root: newFolder()} }

// SetCapacity makes the disk refuse to hold more than that many bytes in pages; 0 is no limit.
func (d *Disk) SetCapacity(bytes int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.capacity = bytes
}

// Inject sets the fault to come and counts operations from 0.
func (d *Disk) Inject(f Fault) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.fault, d.operations = f, 0
}

// Operations returns how many operations there were since Inject.
func (d *Disk) Operations() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.operations
}

// Crash cuts the power and turns it on again. keep is asked, in a fixed order, for each change
// that was not synced whether it reached the disk; nil means that none did. The fault is cleared.
func (d *Disk) Crash(keep func() bool) {
	if keep == nil {
		keep = func() bool { return false }
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.power++
	d.fault = Fault{}
	d.root.crash(keep)
}

// node is a folder or a file, in both its states.
type node struct {
	names, syncedNames map[string]*node // a folder's; nil for a file

	now, synced content  // a file's
	pending     []change // leads from synced to now
}

func newFolder() *node {
	return &node{names: map[string]*node{}, syncedNames: map[string]*node{}}
}

func newFile() *node {
	return &node{now: content{pages: map[int64]*[pageSize]byte{}}, synced: content{pages: map[int64]*[pageSize]byte{}}}
}

func (n *node) folder() bool { return n.names != nil }

func (n *node) crash(keep func() bool) {
	if !n.folder() {
		for _, c := range n.pending {
			if keep() {
				n.synced.apply(c)
			}
		}
		n.pending = nil
		n.now = n.synced.clone()
		return
	}
	touched := maps.Clone(n.names)
	maps.Copy(touched, n.syncedNames)
	for _, name := range slices.Sorted(maps.Keys(touched)) {
		now, is := n.names[name]
		before, was := n.syncedNames[name]
		if now == before {
			continue
		}
		now, exists := before, was
		if keep() {
			now, exists = n.names[name], is
		}
		if exists {
			n.syncedNames[name] = now
		} else {
			delete(n.syncedNames, name)
		}
	}
	n.names = maps.Clone(n.syncedNames)
	for _, name := range slices.Sorted(maps.Keys(n.names)) {
		n.names[name].crash(keep)
	}
}

// change is a write within one page, or a new length if data is nil.
type change struct {
	off  int64
	data []byte
	size int64
}

// content is a sparse file.
type content struct {
	size  int64
	pages map[int64]*[pageSize]byte
}

func (c *content) apply(ch change) {
	if ch.data == nil {
		for number, page := range c.pages {
			if start := number * pageSize; start >= ch.size {
				delete(c.pages, number)
			} else if start+pageSize > ch.size {
				clear(page[ch.size-start:])
			}
		}
		c.size = ch.size
		return
	}
	page := c.pages[ch.off/pageSize]
	if page == nil {
		page = new([pageSize]byte)
		c.pages[ch.off/pageSize] = page
	}
	copy(page[ch.off%pageSize:], ch.data)
	c.size = max(c.size, ch.off+int64(len(ch.data)))
}

func (c *content) clone() content {
	other := content{size: c.size, pages: make(map[int64]*[pageSize]byte, len(c.pages))}
	for number, page := range c.pages {
		duplicate := *page
		other.pages[number] = &duplicate
	}
	return other
}

// do runs one operation, unless a fault is due; then half, if any, is what remains of it.
func (d *Disk) do(what, name string, half func(), operation func() error) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.operations++
	due := d.fault.At > 0 && d.operations == d.fault.At
	if due || d.fault.Lasting && d.fault.At > 0 && d.operations > d.fault.At {
		if due && d.fault.Done {
			_ = operation() // its outcome is not told
		} else if due && half != nil {
			half()
		}
		return &fs.PathError{Op: what, Path: name, Err: ErrInjected}
	}
	if err := operation(); err != nil {
		return &fs.PathError{Op: what, Path: name, Err: err}
	}
	return nil
}

// find returns the node of a name, and the folder and last part of that name.
func (d *Disk) find(name string) (parent *node, base string, n *node, err error) {
	if !fs.ValidPath(name) {
		return nil, "", nil, fs.ErrInvalid
	}
	if name == "." {
		return nil, "", d.root, nil
	}
	parent = d.root
	dir, base := path.Split(name)
	for part := range strings.SplitSeq(strings.TrimSuffix(dir, "/"), "/") {
		if part == "" {
			continue
		}
		if parent = parent.names[part]; parent == nil || !parent.folder() {
			return nil, "", nil, fs.ErrNotExist
		}
	}
	return parent, base, parent.names[base], nil
}

// findNode finds what has to be there.
func (d *Disk) findNode(name string) (*node, error) {
	_, _, n, err := d.find(name)
	if err == nil && n == nil {
		err = fs.ErrNotExist
	}
	return n, err
}

func (d *Disk) findFile(name string) (*node, error) {
	n, err := d.findNode(name)
	if err == nil && n.folder() {
		return nil, errors.New("is a folder")
	}
	return n, err
}

func (d *Disk) findFolder(name string) (*node, error) {
	n, err := d.findNode(name)
	if err == nil && !n.folder() {
		return nil, errors.New("is no folder")
	}
	return n, err
}

// Create implements vault.Disk.
func (d *Disk) Create(name string) (vault.File, error) {
	var f *file
	err := d.do("create", name, nil, func() error {
		parent, base, n, err := d.find(name)
		if err != nil {
			return err
		}
		if n != nil {
			return fs.ErrExist
		}
		n = newFile()
		parent.names[base] = n
		f = &file{disk: d, name: name, node: n, power: d.power, writable: true}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Open implements vault.Disk.
func (d *Disk) Open(name string) (vault.File, error) { return d.open(name, false) }

// Modify implements vault.Disk.
func (d *Disk) Modify(name string) (vault.File, error) { return d.open(name, true) }

func (d *Disk) open(name string, writable bool) (vault.File, error) {
	var f *file
	err := d.do("open", name, nil, func() error {
		n, err := d.findFile(name)
		if err != nil {
			return err
		}
		f = &file{disk: d, name: name, node: n, power: d.power, writable: writable}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return f, nil
}

// Link implements vault.Disk.
func (d *Disk) Link(name, second string) error {
	return d.do("link", name, nil, func() error {
		n, err := d.findFile(name)
		if err != nil {
			return err
		}
		folder, base, other, err := d.find(second)
		if err != nil {
			return err
		}
		if other != nil {
			return fs.ErrExist
		}
		folder.names[base] = n
		return nil
	})
}

// Remove implements vault.Disk.
func (d *Disk) Remove(name string) error {
	return d.do("remove", name, nil, func() error {
		if _, err := d.findFile(name); err != nil {
			return err
		}
		parent, base, _, err := d.find(name)
		if err != nil {
			return err
		}
		delete(parent.names, base)
		return nil
	})
}

// Size implements vault.Disk.
func (d *Disk) Size(name string) (size int64, err error) {
	err = d.do("measure", name, nil, func() error {
		n, err := d.findFile(name)
		if err != nil {
			return err
		}
		size = n.now.size
		return nil
	})
	return size, err
}

// List implements vault.Disk.
func (d *Disk) List(folder string) (names []string, err error) {
	err = d.do("list", folder, nil, func() error {
		n, err := d.findFolder(folder)
		if err != nil {
			return err
		}
		names = slices.Sorted(maps.Keys(n.names))
		return nil
	})
	if err != nil {
		return nil, err
	}
	return names, nil
}

// MakeFolder implements vault.Disk.
func (d *Disk) MakeFolder(name string) error {
	return d.do("make folder", name, nil, func() error {
		parent, base, n, err := d.find(name)
		switch {
		case err != nil:
			return err
		case n == nil:
			parent.names[base] = newFolder()
		case !n.folder():
			return fs.ErrExist
		}
		return nil
	})
}

// Sync implements vault.Disk. A failed sync of a folder leaves its names as they were, to be synced
// later, as a journalling file system does.
func (d *Disk) Sync(folder string) error {
	return d.do("sync", folder, nil, func() error {
		n, err := d.findFolder(folder)
		if err != nil {
			return err
		}
		n.syncedNames = maps.Clone(n.names)
		return nil
	})
}

// Free implements vault.Disk.
func (d *Disk) Free() (free int64, err error) {
	err = d.do("measure", ".", nil, func() error {
		if d.capacity == 0 {
			return errors.ErrUnsupported
		}
		free = max(0, d.capacity-d.used())
		return nil
	})
	return free, err
}

// used counts the pages of all files that have a name.
func (d *Disk) used() int64 {
	seen := map[*node]bool{}
	var count func(n *node) int64
	count = func(n *node) int64 {
		if seen[n] {
			return 0
		}
		seen[n] = true
		pages := int64(len(n.now.pages))
		for _, child := range n.names {
			pages += count(child)
		}
		return pages
	}
	return count(d.root) * pageSize
}

// file is an open file; the mutex of its disk guards it.
type file struct {
	disk     *Disk
	name     string
	node     *node
	power    int
	writable bool
	closed   bool
	off      int64 // where Write goes on
}

func (f *file) do(what string, half func(), operation func() error) error {
	return f.disk.do(what, f.name, half, func() error {
		if f.closed || f.power != f.disk.power {
			return fs.ErrClosed
		}
		return operation()
	})
}

func (f *file) alive() bool { return !f.closed && f.power == f.disk.power && f.writable }

func (f *file) ReadAt(p []byte, off int64) (n int, err error) {
	err = f.do("read", nil, func() error {
		if off < 0 {
			return fs.ErrInvalid
		}
		for n < len(p) && off < f.node.now.size {
			within := off % pageSize
			piece := min(int64(len(p)-n), pageSize-within, f.node.now.size-off)
			if page := f.node.now.pages[off/pageSize]; page != nil {
				copy(p[n:], page[within:within+piece])
			} else {
				clear(p[n : n+int(piece)])
			}
			n, off = n+int(piece), off+piece
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (f *file) Write(p []byte) (n int, err error) {
	err = f.do("write", func() { _ = f.write(p[:len(p)/2], f.off) }, func() error {
		if err := f.write(p, f.off); err != nil {
			return err
		}
		n = len(p)
		f.off += int64(n)
		return nil
	})
	return n, err
}

func (f *file) WriteAt(p []byte, off int64) (n int, err error) {
	err = f.do("write", func() { _ = f.write(p[:len(p)/2], off) }, func() error {
		n = len(p)
		return f.write(p, off)
	})
	if err != nil {
		return 0, err
	}
	return n, nil
}

// write records p page by page.
func (f *file) write(p []byte, off int64) error {
	if !f.alive() {
		return fs.ErrPermission
	}
	if off < 0 {
		return fs.ErrInvalid
	}
	if d := f.disk; d.capacity > 0 {
		var fresh int64
		for number := off / pageSize; number*pageSize < off+int64(len(p)); number++ {
			if f.node.now.pages[number] == nil {
				fresh += pageSize
			}
		}
		if used := d.used(); used+fresh > d.capacity {
			return rogatory.Fault(rogatory.Busy, "disk_full", "the disk holds %d of %d bytes", used, d.capacity)
		}
	}
	for len(p) > 0 {
		piece := min(int64(len(p)), pageSize-off%pageSize)
		c := change{off: off, data: slices.Clone(p[:piece])}
		f.node.now.apply(c)
		f.node.pending = append(f.node.pending, c)
		p, off = p[piece:], off+piece
	}
	return nil
}

func (f *file) Truncate(size int64) error {
	return f.do("truncate", nil, func() error {
		if !f.alive() {
			return fs.ErrPermission
		}
		if size < 0 {
			return fs.ErrInvalid
		}
		c := change{size: size}
		f.node.now.apply(c)
		f.node.pending = append(f.node.pending, c)
		return nil
	})
}

// Sync applies what is pending. When it fails, what was pending is still seen but will never be
// durable, whatever a later Sync says: Linux marks such pages clean.
func (f *file) Sync() error {
	half := func() {
		if f.alive() {
			f.node.pending = nil
		}
	}
	return f.do("sync", half, func() error {
		for _, c := range f.node.pending {
			f.node.synced.apply(c)
		}
		f.node.pending = nil
		return nil
	})
}

func (f *file) Close() error {
	return f.do("close", nil, func() error {
		f.closed = true
		return nil
	})
}
