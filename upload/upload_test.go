// SPDX-License-Identifier: Apache-2.0

package upload

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"filippo.io/age"

	"rogatory"
	"rogatory/clock"
)

type desk struct {
	*testing.T
	folder string
	clock  *clock.Manual
	key    *age.HybridIdentity
	*Shelf
}

func newDesk(t *testing.T) *desk {
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{T: t, folder: filepath.Join(t.TempDir(), "uploads"), clock: clock.NewManual(time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)), key: key}
	d.restart()
	return d
}

func (d *desk) restart() {
	d.Helper()
	s, err := Open(d.folder, func() (age.Recipient, error) { return d.key.Recipient(), nil }, []age.Identity{d.key}, d.clock, rand.Reader)
	if err != nil {
		d.Fatal(err)
	}
	d.Shelf = s
}

func (d *desk) ok(err error) {
	d.Helper()
	if err != nil {
		d.Fatal(err)
	}
}

func (d *desk) refused(err error, code string) {
	d.Helper()
	if rogatory.CodeOf(err) != code {
		d.Fatalf("got %v, %s wanted", err, code)
	}
}

var content = bytes.Repeat([]byte("sixteen letters "), 1000)

const secret = "sixteen letters"

func (d *desk) begin() Upload {
	d.Helper()
	u, err := d.Begin(About{Request: "XA-2026-7K3M9Q2P.1", By: "Ana", Title: "the title of it", Acquired: "order 7", FileName: "disk.img", Size: int64(len(content))})
	d.ok(err)
	return u
}

// send sends up to n bytes more.
func (d *desk) send(u Upload, n int) (Upload, error) {
	end := min(int(u.Have)+n, len(content))
	return d.Add(u.By, u.ID, u.Have, rogatory.Digest(sha256.Sum256(content[:end])), bytes.NewReader(content[u.Have:end]))
}

func TestAnUploadSurvivesADroppedLineAndARestart(t *testing.T) {
	d := newDesk(t)
	u := d.begin()
	u, err := d.send(u, 5000)
	d.ok(err)
	_, err = d.Add("Ana", u.ID, u.Have, u.Digest, io.MultiReader(bytes.NewReader(content[5000:6000]), failing{}))
	d.refused(err, "upload_broken_off")
	d.restart()
	u, err = d.Get("Ana", u.ID)
	d.ok(err)
	if u.Have != 5000 || u.Digest != sha256.Sum256(content[:5000]) || u.Title != "the title of it" {
		t.Fatalf("after the restart: %+v", u)
	}
	_, err = d.Add("Ana", u.ID, 0, u.Digest, bytes.NewReader(content[:5000]))
	d.refused(err, "upload_elsewhere")
	_, _, err = d.Open("Ana", u.ID, sha256.Sum256(content))
	d.refused(err, "upload_unfinished")
	u, err = d.send(u, len(content))
	d.ok(err)
	_, r, err := d.Open("Ana", u.ID, sha256.Sum256(content))
	d.ok(err)
	if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, content) {
		t.Fatalf("got %d bytes, %v", len(got), err)
	}
	d.ok(d.Done("Ana", u.ID, "XB-E-5TQ0ZC8H1M4A"))
	d.restart()
	u, err = d.Get("Ana", u.ID)
	d.ok(err)
	if u.Exhibit != "XB-E-5TQ0ZC8H1M4A" {
		t.Errorf("got %+v", u)
	}
	if all, err := d.List("Ana", u.Request); err != nil || len(all) != 0 {
		t.Errorf("what is sealed is listed: %v, %v", all, err)
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("the line dropped") }

func TestAnotherFileIsRefused(t *testing.T) {
	d := newDesk(t)
	u := d.begin()
	_, err := d.Add("Ana", u.ID, 0, sha256.Sum256(content[:100]), bytes.NewReader(content[100:200]))
	d.refused(err, "upload_differs")
	u, err = d.send(u, len(content))
	d.ok(err)
	_, r, err := d.Open("Ana", u.ID, sha256.Sum256([]byte("another")))
	d.ok(err)
	if _, err := io.ReadAll(r); rogatory.CodeOf(err) != "upload_differs" {
		t.Errorf("got %v", err)
	}
}

func TestNothingLiesInClear(t *testing.T) {
	d := newDesk(t)
	u, err := d.send(d.begin(), 9000)
	d.ok(err)
	seen := 0
	d.ok(fs.WalkDir(os.DirFS(d.folder), ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		seen++
		text, err := os.ReadFile(filepath.Join(d.folder, path))
		for _, word := range []string{secret, u.Title, u.FileName, u.By} {
			if bytes.Contains(text, []byte(word)) {
				t.Errorf("%s holds %q in clear", path, word)
			}
		}
		return err
	}))
	if seen != 2 {
		t.Errorf("%d files", seen)
	}
}

func TestUploadsAreTheirOwnersAndHaveLimits(t *testing.T) {
	d := newDesk(t)
	u := d.begin()
	for _, id := range []string{u.ID, "", "../x", "0123456789abcdef0123456789abcdef"} {
		_, err := d.Get("Bert", id)
		d.refused(err, "upload_unknown")
	}
	d.refused(d.Drop("Bert", u.ID), "upload_unknown")
	_, err := d.Begin(About{By: "Ana", Size: MaxSize + 1})
	d.refused(err, "upload_too_large")
	_, err = d.Add("Ana", u.ID, 0, rogatory.Digest{}, bytes.NewReader(make([]byte, len(content)+1)))
	d.refused(err, "upload_piece")
	_, err = d.Add("Ana", u.ID, 0, rogatory.Digest{}, bytes.NewReader(nil))
	d.refused(err, "upload_piece")
	for range maxOpen - 1 {
		d.begin()
	}
	_, err = d.Begin(About{By: "Ana", Size: 1})
	d.refused(err, "uploads_open")
	d.ok(d.Drop("Ana", u.ID))
	u = d.begin()
	if all, err := d.List("Ana", u.Request); err != nil || len(all) != maxOpen {
		t.Errorf("%d are listed, %v", len(all), err)
	}
	d.clock.Advance(Life - time.Minute)
	u, err = d.send(u, 10)
	d.ok(err)
	d.clock.Advance(2 * time.Minute)
	d.ok(d.Sweep())
	if all, err := d.List("Ana", u.Request); err != nil || len(all) != 1 || all[0].ID != u.ID {
		t.Errorf("after two days: %v, %v", all, err)
	}
}
