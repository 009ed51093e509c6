// SPDX-License-Identifier: Apache-2.0

// Package upload keeps evidence that is on its way from an officer's browser until all of it is here.
//
// A browser sends a file in pieces, each with the place where it belongs and the SHA-256 of everything
// up to its end. A piece that does not fit what is here already is refused, so that a dropped line, a
// reload or a restart costs one piece: the browser asks how far it is and carries on. At the end the
// whole is read once more, against the digest that the browser made of the file on its own disk.
//
// It promises that nothing is on the disk in clear: each piece, and what is said about the file, is an
// age file for the office's own evidence key. Only the person who began an upload sees it or adds to
// it. What is not finished within Life of its last piece is removed. It refuses more than maxOpen
// uploads of one person, files above MaxSize and pieces above MaxPiece.
//
// It does not seal: who calls it reads the whole through Open and hands it to the vault.
//
// After an error of Add the upload is as it was before, or the piece is there and its answer was lost:
// Get tells which. The disk is trusted to keep what it has, and can learn sizes and times.
package upload

import (
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
)

// The limits.
const (
	MaxPiece = 4 << 20        // bytes of one piece: seconds on a slow line, and little to send again
	MaxSize  = 1 << 40        // bytes of one file
	maxOpen  = 4              // unfinished uploads of one person
	maxAll   = 64             // unfinished uploads in all
	Life     = 48 * time.Hour // of an upload since its last piece: over a night, not over a weekend
)

// About says what is being uploaded.
type About struct {
	Request  rogatory.RequestID `json:"request"`
	By       string             `json:"by"`
	Title    string             `json:"title"`
	Acquired string             `json:"acquired"`
	FileName string             `json:"file_name"`
	Size     int64              `json:"size"` // of the whole file in bytes, as the browser says
	// The columns of a table that have what was asked for, as the person named them.
	TimeColumn        string `json:"time_column,omitempty"`
	IdentifierColumns string `json:"identifier_columns,omitempty"`
}

// Upload is a file on its way.
type Upload struct {
	ID string
	About
	Have    int64              // bytes that are here
	Digest  rogatory.Digest    // SHA-256 of these
	Last    rogatory.Instant   // when the last piece came
	Exhibit rogatory.ExhibitID // set once it was sealed
}

// Shelf keeps uploads in a folder. Its methods may be called by several goroutines, which wait
// for one another's disk.
type Shelf struct {
	root       *os.Root
	recipient  func() (age.Recipient, error)
	identities []age.Identity
	clock      clock.Clock
	random     io.Reader

	mu sync.Mutex          // guards the folder and the field below
	at map[string]progress // what was read from the disk before
}

// progress is how far an upload is, with the state of its digest.
type progress struct {
	have  int64
	piece int
	sum   []byte // the hash's own form
}

// Open opens the folder, which is made if it is not there. What is written is encrypted to recipient,
// asked for each time because keys rotate, and read with identities.
func Open(folder string, recipient func() (age.Recipient, error), identities []age.Identity, c clock.Clock, random io.Reader) (*Shelf, error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, diskFault(err, "make the folder of uploads")
	}
	root, err := os.OpenRoot(folder)
	if err != nil {
		return nil, diskFault(err, "open the folder of uploads")
	}
	s := &Shelf{root: root, recipient: recipient, identities: identities, clock: c, random: random, at: map[string]progress{}}
	return s, s.Sweep()
}

const aboutName, doneName = "about.age", "done.age"

// Begin makes an upload of nothing yet.
func (s *Shelf) Begin(a About) (Upload, error) {
	if a.Size < 0 || a.Size > MaxSize {
		return Upload{}, rogatory.Fault(rogatory.Invalid, "upload_too_large", "a file of %d bytes, at most %d are taken", a.Size, int64(MaxSize)).WithHint("split the file, or seal it with the command line")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.sweep(); err != nil {
		return Upload{}, err
	}
	ids, err := s.ids()
	if err != nil {
		return Upload{}, err
	}
	mine, all := 0, 0
	for _, id := range ids {
		if u, err := s.read(id); err == nil && u.Exhibit == "" {
			if all++; u.By == a.By {
				mine++
			}
		}
	}
	if mine >= maxOpen || all >= maxAll {
		return Upload{}, rogatory.Fault(rogatory.Busy, "uploads_open", "%d uploads of %s are unfinished, and %d in all", mine, a.By, all).WithHint("finish one, or stop one")
	}
	var b [16]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return Upload{}, fmt.Errorf("draw a number for an upload: %w", err)
	}
	id := hex.EncodeToString(b[:])
	if err := s.root.Mkdir(id, 0o700); err != nil {
		return Upload{}, diskFault(err, "make a folder for an upload")
	}
	text, err := json.Marshal(a)
	if err == nil {
		err = s.write(id, aboutName, text)
	}
	if err != nil {
		_ = s.root.RemoveAll(id)
		return Upload{}, err
	}
	return s.read(id)
}

// Get returns an upload of that person; any other is not found.
func (s *Shelf) Get(by, id string) (Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.get(by, id)
}

func (s *Shelf) get(by, id string) (Upload, error) {
	u, err := s.read(id)
	if err != nil || u.By != by {
		return Upload{}, unknown(id, err)
	}
	return u, nil
}

func unknown(id string, err error) error {
	if err != nil && rogatory.KindOf(err) != rogatory.NotFound {
		return err
	}
	return rogatory.Fault(rogatory.NotFound, "upload_unknown", "there is no upload %.40q", id).WithHint("it was finished, stopped, or left for too long: begin again")
}

// List returns the uploads of a person for a request that are not finished, the latest first.
func (s *Shelf) List(by string, request rogatory.RequestID) ([]Upload, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var all []Upload
	for _, id := range ids {
		if u, err := s.get(by, id); err == nil && u.Request == request && u.Exhibit == "" && !s.old(u) {
			all = append(all, u)
		}
	}
	slices.SortFunc(all, func(a, b Upload) int { return int(b.Last.Sub(a.Last)) })
	return all, nil
}

// Add takes the piece that begins at byte at; digest is the SHA-256 of the file up to the end of the
// piece. A piece that is here already, because its answer was lost, is an error of code
// "upload_elsewhere", whose remedy is to ask Get.
func (s *Shelf) Add(by, id string, at int64, digest rogatory.Digest, piece io.Reader) (Upload, error) {
	body, unread := io.ReadAll(io.LimitReader(piece, MaxPiece+1)) // before anybody has to wait for it
	s.mu.Lock()
	defer s.mu.Unlock()
	u, err := s.get(by, id)
	if err != nil {
		return u, err
	}
	if u.Exhibit != "" || at != u.Have {
		return u, rogatory.Fault(rogatory.Conflict, "upload_elsewhere", "a piece at byte %d, but the upload is at byte %d", at, u.Have).WithHint("ask how far it is, and carry on from there")
	}
	switch {
	case unread != nil:
		return u, rogatory.Fault(rogatory.Unavailable, "upload_broken_off", "the line dropped in a piece at byte %d: %w", at, unread)
	case len(body) == 0 || len(body) > MaxPiece || int64(len(body)) > u.Size-at:
		return u, rogatory.Fault(rogatory.Invalid, "upload_piece", "a piece of %d bytes at byte %d of %d, at most %d are taken", len(body), at, u.Size, MaxPiece)
	}
	p := s.at[id] // read by get
	sum, err := restore(p.sum)
	if err != nil {
		return u, err
	}
	sum.Write(body)
	if got := rogatory.Digest(sum.Sum(nil)); got != digest {
		return u, rogatory.Fault(rogatory.Untrusted, "upload_differs", "up to byte %d the file is %s here, and %s there", at+int64(len(body)), got.Short(), digest.Short()).WithHint("the piece was changed on its way, or it is another file: choose the same file again")
	}
	state, err := sum.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		return u, fmt.Errorf("keep the digest of an upload: %w", err)
	}
	p = progress{have: at + int64(len(body)), piece: p.piece + 1, sum: state}
	// The state of the digest lies before the bytes, in the same file: both are there, or none is.
	if err := s.write(id, pieceName(p.piece), append(append([]byte{byte(len(state))}, state...), body...)); err != nil {
		return u, err
	}
	s.at[id] = p
	u.Have, u.Digest, u.Last = p.have, digest, rogatory.At(s.clock.Now())
	return u, nil
}

// Open reads the whole file; the last read fails with code "upload_differs" instead of the end unless
// everything is there and has that digest, so that whoever seals it keeps nothing else.
func (s *Shelf) Open(by, id string, digest rogatory.Digest) (Upload, io.Reader, error) {
	u, err := s.Get(by, id)
	if err != nil {
		return u, nil, err
	}
	if u.Have != u.Size {
		return u, nil, rogatory.Fault(rogatory.Conflict, "upload_unfinished", "%d of %d bytes are here", u.Have, u.Size).WithHint("send the rest first")
	}
	return u, &whole{s: s, id: id, size: u.Size, want: digest, sum: sha256.New()}, nil
}

// Done marks the upload as sealed and removes its bytes. The mark stays until it expires, so that a
// browser whose line dropped at the very end still learns the exhibit.
func (s *Shelf) Done(by, id string, exhibit rogatory.ExhibitID) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.get(by, id); err != nil {
		return err
	}
	if err := s.write(id, doneName, []byte(exhibit)); err != nil {
		return err
	}
	names, err := fs.ReadDir(s.root.FS(), id)
	for _, n := range names {
		if strings.HasPrefix(n.Name(), "piece-") {
			err = errors.Join(err, s.root.Remove(id+"/"+n.Name()))
		}
	}
	if err != nil {
		return diskFault(err, "remove the pieces of an upload")
	}
	return nil
}

// Drop removes an upload.
func (s *Shelf) Drop(by, id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.get(by, id); err != nil {
		return err
	}
	return s.remove(id)
}

func (s *Shelf) remove(id string) error {
	if err := s.root.RemoveAll(id); err != nil {
		return diskFault(err, "remove an upload")
	}
	delete(s.at, id)
	return nil
}

// Sweep removes what was left for too long.
func (s *Shelf) Sweep() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sweep()
}

func (s *Shelf) sweep() error {
	ids, err := s.ids()
	if err != nil {
		return err
	}
	for _, id := range ids {
		last, err := s.touched(id)
		if err != nil {
			return err
		}
		if s.clock.Now().Sub(last) > Life {
			if err := s.remove(id); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *Shelf) old(u Upload) bool { return s.clock.Now().Sub(u.Last.Time()) > Life }

// touched is when the latest file of an upload was written, by our clock: see write.
func (s *Shelf) touched(id string) (time.Time, error) {
	info, err := s.root.Stat(id)
	if err != nil {
		return time.Time{}, diskFault(err, "look at an upload")
	}
	return info.ModTime(), nil
}

func (s *Shelf) ids() ([]string, error) {
	names, err := fs.ReadDir(s.root.FS(), ".")
	if err != nil {
		return nil, diskFault(err, "list the uploads")
	}
	var all []string
	for _, n := range names {
		if isID(n.Name()) {
			all = append(all, n.Name())
		}
	}
	return all, nil
}

func isID(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 32
}

func pieceName(n int) string { return fmt.Sprintf("piece-%08d.age", n) }

// read reads what is known of an upload.
func (s *Shelf) read(id string) (Upload, error) {
	if !isID(id) {
		return Upload{}, unknown(id, nil)
	}
	text, err := s.decrypt(id, aboutName)
	if err != nil {
		return Upload{}, err
	}
	u := Upload{ID: id}
	if err := json.Unmarshal(text, &u.About); err != nil {
		return Upload{}, rogatory.Fault(rogatory.Damaged, "upload_damaged", "what is said about upload %s cannot be read: %w", id, err)
	}
	last, err := s.touched(id)
	if err != nil {
		return Upload{}, err
	}
	u.Last = rogatory.At(last)
	done, err := s.decrypt(id, doneName)
	switch {
	case err == nil:
		u.Exhibit, u.Have = rogatory.ExhibitID(done), u.Size
		return u, nil
	case rogatory.KindOf(err) != rogatory.NotFound:
		return Upload{}, err
	}
	p, ok := s.at[id]
	if !ok {
		if p, err = s.find(id); err != nil {
			return Upload{}, err
		}
		s.at[id] = p
	}
	sum, err := restore(p.sum)
	if err != nil {
		return Upload{}, err
	}
	u.Have, u.Digest = p.have, rogatory.Digest(sum.Sum(nil))
	return u, nil
}
