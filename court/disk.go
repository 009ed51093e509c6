// SPDX-License-Identifier: Apache-2.0

package court

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/sha512"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"rogatory"
	"rogatory/journal"
)

// This file puts a package on the disk: each file with its sums, synced, and the whole at once.

// put writes one small file.
func (a *assembly) put(name string, data []byte) error {
	_, err := a.stream(name, int64(len(data)), func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
	return err
}

// stream writes one file of at most that size, in constant memory, and remembers its sums.
func (a *assembly) stream(name string, size int64, write func(io.Writer) error) (sum, error) {
	if !plainPath(name) || a.folded[strings.ToLower(name)] {
		return sum{}, invalid("the file name %.100q is not plain or occurs twice", name)
	}
	a.folded[strings.ToLower(name)] = true
	full := filepath.Join(a.dir, filepath.FromSlash(name))
	failed := func(err error) (sum, error) {
		return sum{}, rogatory.Fault(rogatory.Unavailable, "package_not_written", "write %s of the court package: %w", name, err)
	}
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		return failed(err)
	}
	f, err := os.OpenFile(full, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return failed(err)
	}
	defer f.Close()
	out := bufio.NewWriterSize(f, int(min(max(size, 512), copyBuffer)))
	w := &meter{ctx: a.ctx, out: out, limit: size, hash: newHasher(), tell: func(n int64) {
		if a.progress != nil {
			a.progress(name, n)
		}
	}}
	if err := write(w); err != nil {
		return failed(err)
	}
	if err := out.Flush(); err != nil {
		return failed(err)
	}
	if err := f.Sync(); err != nil {
		return failed(err)
	}
	if err := f.Close(); err != nil {
		return failed(err)
	}
	s := w.hash.sum()
	a.sums[name] = s
	return s, nil
}

// settle makes the folders durable, the inner ones first; the files are already.
func (a *assembly) settle() error {
	var folders []string
	err := filepath.WalkDir(a.dir, func(name string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() {
			folders = append(folders, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	// MkdirTemp lets only the owner in; the package is for others to read.
	if err := os.Chmod(a.dir, 0o755); err != nil {
		return err
	}
	for _, name := range slices.Backward(folders) {
		if err := syncFolder(name); err != nil {
			return err
		}
	}
	return nil
}

func syncFolder(name string) error {
	f, err := os.Open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// meter hashes and counts what is written, and stops at the limit or when the caller has given up.
type meter struct {
	ctx   context.Context
	out   io.Writer
	hash  *hasher
	limit int64
	tell  func(int64)
}

func (m *meter) Write(p []byte) (int, error) {
	if err := m.ctx.Err(); err != nil {
		return 0, err
	}
	if m.hash.size+int64(len(p)) > m.limit {
		return 0, fmt.Errorf("there are more than the %d bytes announced", m.limit)
	}
	n, err := m.out.Write(p)
	m.hash.write(p[:n])
	m.tell(m.hash.size)
	return n, err
}

// sum is what identifies a file's content.
type sum struct {
	size   int64
	sha256 rogatory.Digest
	sha512 rogatory.LongDigest
}

func (s sum) short() string { return s.sha256.String() }
func (s sum) long() string  { return s.sha512.String() }

// parallelHash is from how many bytes on it pays to compute the two digests at once.
const parallelHash = 32 << 10

// hasher computes both digests of a stream.
type hasher struct {
	size   int64
	sha256 hash.Hash
	sha512 hash.Hash
}

func newHasher() *hasher { return &hasher{sha256: sha256.New(), sha512: sha512.New()} }

func (h *hasher) write(p []byte) {
	h.size += int64(len(p))
	if len(p) < parallelHash {
		h.sha256.Write(p)
		h.sha512.Write(p)
		return
	}
	done := make(chan struct{})
	go func() {
		h.sha512.Write(p)
		close(done)
	}()
	h.sha256.Write(p)
	<-done
}

func (h *hasher) sum() sum {
	return sum{h.size, rogatory.Digest(h.sha256.Sum(nil)), rogatory.LongDigest(h.sha512.Sum(nil))}
}

func sumOf(data []byte) sum {
	return sum{int64(len(data)), sha256.Sum256(data), sha512.Sum512(data)}
}

// sumsText writes sums as sha256sum -c reads them, in the order of the names.
func sumsText(sums map[string]sum, digest func(sum) string) []byte {
	var b bytes.Buffer
	for _, name := range sortedNames(sums) {
		fmt.Fprintf(&b, "%s  %s\n", digest(sums[name]), name)
	}
	return b.Bytes()
}

// bundle joins PEM certificates, each once, in the given order.
func bundle(certificates []string) []byte {
	var b bytes.Buffer
	seen := map[string]bool{}
	for _, c := range certificates {
		c = strings.TrimSpace(c)
		if !seen[c] {
			seen[c] = true
			b.WriteString(c + "\n")
		}
	}
	return b.Bytes()
}

// stampedText returns the part of a signed checkpoint that is time-stamped: its text with origin,
// size and root, without the signatures that witnesses add later.
func stampedText(note []byte) ([]byte, error) {
	if i := bytes.Index(note, []byte("\n\n")); i >= 0 && len(note) <= journal.MaxCheckpoint {
		return note[:i+1], nil
	}
	return nil, invalid("a checkpoint has no signature part, or more than %d bytes", journal.MaxCheckpoint)
}
