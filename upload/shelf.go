// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bytes"
	"crypto/sha256"
	"encoding"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"

	"filippo.io/age"

	"rogatory"
)

// write encrypts text into a file of an upload, which gets its name when all of it is on the disk. A
// power cut may cost the name again, and then the piece is asked for again.
func (s *Shelf) write(id, name string, text []byte) error {
	to, err := s.recipient()
	if err != nil {
		return err
	}
	const part = "part"
	f, err := s.root.OpenFile(id+"/"+part, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return diskFault(err, "make a file of an upload")
	}
	w, err := age.Encrypt(f, to)
	if err == nil {
		_, err = w.Write(text)
	}
	if err == nil {
		err = w.Close()
	}
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = s.root.Rename(id+"/"+part, id+"/"+name)
	}
	if err != nil {
		_ = s.root.Remove(id + "/" + part)
		return diskFault(err, "write a file of an upload")
	}
	now := s.clock.Now()
	if err := s.root.Chtimes(id, now, now); err != nil {
		return diskFault(err, "date an upload")
	}
	return nil
}

// decrypt reads a file of an upload.
func (s *Shelf) decrypt(id, name string) ([]byte, error) {
	f, err := s.root.Open(id + "/" + name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, rogatory.Fault(rogatory.NotFound, "upload_unknown", "there is no upload %.40q", id)
	}
	if err != nil {
		return nil, diskFault(err, "open a file of an upload")
	}
	defer f.Close()
	r, err := age.Decrypt(f, s.identities...)
	if err != nil {
		return nil, damaged(id, err)
	}
	text, err := io.ReadAll(io.LimitReader(r, MaxPiece+maxState+2))
	if err != nil {
		return nil, damaged(id, err)
	}
	return text, nil
}

func damaged(id string, err error) error {
	return rogatory.Fault(rogatory.Damaged, "upload_damaged", "a file of upload %s does not decrypt: %w", id, err).WithHint("stop this upload and begin again")
}

func diskFault(err error, doing string) error {
	return rogatory.Fault(rogatory.Unavailable, "upload_disk", "%s: %w", doing, err).WithHint("look at the disk of the node")
}

// maxState bounds the state of a digest, which is 108 bytes in Go's own form.
const maxState = 255

// pieceOf reads a piece: the state of the digest at its end, and its bytes.
func (s *Shelf) pieceOf(id string, n int) (state, body []byte, err error) {
	text, err := s.decrypt(id, pieceName(n))
	if err != nil {
		return nil, nil, err
	}
	if len(text) < 1 || len(text) < 1+int(text[0]) {
		return nil, nil, damaged(id, io.ErrUnexpectedEOF)
	}
	return text[1 : 1+text[0]], text[1+text[0]:], nil
}

// find looks on the disk how far an upload is: every piece but the last has MaxPiece bytes unless the
// browser chose smaller ones, so that they are counted by reading them.
func (s *Shelf) find(id string) (progress, error) {
	var p progress
	for n := 1; ; n++ {
		state, body, err := s.pieceOf(id, n)
		if rogatory.KindOf(err) == rogatory.NotFound {
			return p, nil
		}
		if err != nil {
			return p, err
		}
		p = progress{have: p.have + int64(len(body)), piece: n, sum: bytes.Clone(state)}
	}
}

// restore makes a digest go on where it was.
func restore(state []byte) (hash.Hash, error) {
	sum := sha256.New()
	if len(state) == 0 {
		return sum, nil
	}
	if err := sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		return nil, fmt.Errorf("go on with the digest of an upload: %w", err)
	}
	return sum, nil
}

// whole reads the pieces one after another.
type whole struct {
	s    *Shelf
	id   string
	size int64
	want rogatory.Digest
	sum  hash.Hash

	n     int
	read  int64
	piece []byte
}

// Read implements [io.Reader].
func (w *whole) Read(p []byte) (int, error) {
	for len(w.piece) == 0 {
		_, body, err := w.s.pieceOf(w.id, w.n+1)
		if rogatory.KindOf(err) == rogatory.NotFound {
			if got := rogatory.Digest(w.sum.Sum(nil)); w.read != w.size || got != w.want {
				return 0, rogatory.Fault(rogatory.Untrusted, "upload_differs", "the whole file is %s here (%d bytes) and %s there (%d bytes)", got.Short(), w.read, w.want.Short(), w.size).WithHint("stop this upload and begin again")
			}
			return 0, io.EOF
		}
		if err != nil {
			return 0, err
		}
		w.n, w.piece = w.n+1, body
	}
	n := copy(p, w.piece)
	w.sum.Write(w.piece[:n])
	w.read += int64(n)
	w.piece = w.piece[n:]
	return n, nil
}
