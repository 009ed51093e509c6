// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"rogatory"
	"rogatory/clock"
)

// MaxGrace bounds the grace: who has not heard of a lost key for a season must not trust it still.
const MaxGrace = 90 * 24 * time.Hour

// maxCache bounds the cache file: every State's roles and entry at a few times their usual size.
const maxCache = 256 << 20

// cacheName is the one file of a client's folder: a ZIP of the signed files of the last good book.
// One file is replaced at once or not at all.
const cacheName = "chain.zip"

// steadyName is the same of the last book in which no new anchor was cooling off; it is there only while one is.
const steadyName = "steady.zip"

// Source brings the files of a published directory. It need not be trusted.
//
// Fetch returns the file of that name. For a file that is not there the error wraps fs.ErrNotExist,
// and only then: the newest root is known by the absence of the next. No more than limit bytes
// need be read.
type Source interface {
	Fetch(ctx context.Context, name string, limit int64) ([]byte, error)
}

// Config is what a Client needs; all but Grace and Own is required.
type Config struct {
	Dir         string        // folder of the cache, of this client alone; made with mode 0700
	TrustedRoot []byte        // root metadata that reached this State by a way it trusts
	Source      Source        // where news comes from
	Clock       clock.Clock   // decides what has expired
	Mode        rogatory.Mode // a directory of the other mode is refused
	Grace       time.Duration // how long an expired book still verifies; 0 to MaxGrace
	// Own, if set, is the State that the client works for: another anchor of its own does not wait.
	Own rogatory.StateCode
}

// Client keeps a node's book up to date. It may be used from several goroutines.
type Client struct {
	config Config
	book   atomic.Pointer[Book]
	mu     sync.Mutex // held by Update and Load: one reader and writer of the cache
}

// New returns a client that holds no book yet. It reads no file but makes Dir.
func New(c Config) (*Client, error) {
	if c.Dir == "" || c.Source == nil || c.Clock == nil || c.Grace < 0 || c.Grace > MaxGrace ||
		c.Mode != rogatory.Exercise && c.Mode != rogatory.Live {
		return nil, rogatory.Fault(rogatory.Invalid, "directory_config",
			"open directory in %q, mode %q, grace %s: folder, source, clock and mode are wanted, and a grace up to %s", c.Dir, c.Mode, c.Grace, MaxGrace)
	}
	_, charter, err := readRoot("trusted root", c.TrustedRoot)
	if err != nil {
		return nil, err
	}
	if charter.Mode != c.Mode {
		return nil, otherMode("trusted root", charter.Mode, c.Mode)
	}
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("make directory cache: %w", err)
	}
	c.TrustedRoot = bytes.Clone(c.TrustedRoot)
	return &Client{config: c}, nil
}

// Book returns the last good book, or nil when neither Update nor Load has succeeded.
func (c *Client) Book() *Book { return c.book.Load() }

// Update asks the source for news and returns the new book, which Book then returns too. On disk
// first, in memory second. After an error both are as before.
func (c *Client) Update(ctx context.Context) (*Book, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	previous, err := c.cached(cacheName)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	b, err := verification{
		root: c.config.TrustedRoot, at: c.config.Clock.Now(), mode: c.config.Mode, previous: previous,
		fetch: func(name string, limit int64) ([]byte, error) {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			data, err := c.config.Source.Fetch(ctx, name, limit)
			if int64(len(data)) > limit {
				return nil, errTooLong
			}
			return data, err
		},
	}.book()
	if err != nil {
		return nil, err
	}
	b.grace = c.config.Grace
	// The memory first: a crash in between leaves an anchor noted as seen, and nothing of it in effect.
	known, err := c.remembered()
	if err == nil {
		known, err = known.cooled(b, c.config.Own, c.config.Clock.Now())
	}
	if err == nil {
		err = c.remember(known)
	}
	if err == nil {
		err = c.steady(b)
	}
	if err != nil {
		return nil, err
	}
	if !sameFiles(previous, b.files) {
		if err := c.keep(b); err != nil {
			return nil, err
		}
	}
	c.book.Store(b)
	return b, nil
}

// Load takes the last good book from the cache, without network, and verifies it again. A book
// that has expired is returned within the grace (ask for its Standing), and refused after it. An
// error wraps fs.ErrNotExist when nothing was ever kept.
func (c *Client) Load() (*Book, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	files, err := c.cached(cacheName)
	if err != nil {
		return nil, err
	}
	b, err := verification{
		root: c.config.TrustedRoot, at: c.config.Clock.Now().Add(-c.config.Grace), mode: c.config.Mode, fetch: fromMap(files),
	}.book()
	if err != nil {
		return nil, err
	}
	b.grace = c.config.Grace
	known, err := c.remembered()
	if err == nil {
		_, err = known.cooled(b, c.config.Own, c.config.Clock.Now())
	}
	if err != nil {
		return nil, err
	}
	c.book.Store(b)
	return b, nil
}

// Steady returns the book that others verify as this node does now: while another anchor of a State cools off, the last one
// as it was published before, if it has not run out; otherwise Book. A court package needs it, which is verified by people
// who remember no anchors.
func (c *Client) Steady() *Book {
	b := c.Book()
	if b == nil || len(b.cooling) == 0 {
		return b
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	files, err := c.cached(steadyName)
	if err != nil {
		return b
	}
	before, err := verification{root: c.config.TrustedRoot, at: c.config.Clock.Now(), mode: c.config.Mode, fetch: fromMap(files)}.book()
	if err != nil {
		return b
	}
	return before
}

// steady puts the cached files aside when a new anchor begins to cool off, and away when none does any more. It comes
// before they are replaced.
func (c *Client) steady(b *Book) error {
	aside := filepath.Join(c.config.Dir, steadyName)
	if len(b.cooling) == 0 {
		if err := os.Remove(aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("put the directory of before away: %w", err)
		}
		return nil
	}
	if _, err := os.Stat(aside); err == nil {
		return nil
	}
	data, err := os.ReadFile(filepath.Join(c.config.Dir, cacheName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		err = writeFile(aside, data)
	}
	if err != nil {
		return fmt.Errorf("put the directory of before aside: %w", err)
	}
	return nil
}

// cached reads the cache. A damaged one is an error, not an empty one: without the last good book
// a client could be led back to an older one.
func (c *Client) cached(name string) (map[string][]byte, error) {
	path := filepath.Join(c.config.Dir, name)
	f, err := os.Open(path)
	if err != nil {
		return nil, rogatory.Fault(rogatory.NotFound, "directory_unread", "open cached directory: %w", err)
	}
	defer f.Close()
	files := map[string][]byte{}
	damaged := func(err error) error {
		return rogatory.Fault(rogatory.Damaged, "directory_cache", "read cached directory %s: %w", path, err).
			WithHint("move the file away to begin anew from the trusted root")
	}
	data, err := readLimited(f, maxCache)
	if err != nil {
		return nil, damaged(err)
	}
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		return nil, damaged(err)
	}
	for _, entry := range z.File {
		limit := limitOf(entry.Name)
		if limit == 0 || entry.Method != zip.Store {
			return nil, damaged(fmt.Errorf("it holds %.80q", entry.Name))
		}
		r, err := entry.Open()
		if err != nil {
			return nil, damaged(err)
		}
		content, err := readLimited(r, limit)
		if err == nil {
			err = r.Close()
		}
		if err != nil {
			return nil, damaged(err)
		}
		files[entry.Name] = content
	}
	return files, nil
}

func (c *Client) keep(b *Book) error {
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, data := range b.Files() {
		w, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Store})
		if err == nil {
			_, err = w.Write(data)
		}
		if err != nil {
			return fmt.Errorf("keep directory: %w", err)
		}
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("keep directory: %w", err)
	}
	if out.Len() > maxCache {
		return rogatory.Fault(rogatory.Invalid, "directory_cache", "keep directory: %d bytes, %d are allowed", out.Len(), maxCache)
	}
	if err := writeFile(filepath.Join(c.config.Dir, cacheName), out.Bytes()); err != nil {
		return fmt.Errorf("keep directory: %w", err)
	}
	return nil
}

func sameFiles(a, b map[string][]byte) bool {
	if len(a) != len(b) {
		return false
	}
	for name, data := range a {
		if !bytes.Equal(data, b[name]) {
			return false
		}
	}
	return true
}

// writeFile replaces a file at once and durably: the old content or the new one, never a mixture,
// and the new one after it returned nil. After an error a temporary file may be left beside it.
func writeFile(path string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".writing-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // after the rename there is nothing to remove
	_, err = f.Write(data)
	err = errors.Join(err, f.Chmod(0o644), f.Sync(), f.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
