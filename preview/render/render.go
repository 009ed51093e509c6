// SPDX-License-Identifier: Apache-2.0

// Package render is the child of package preview: it reads one file of evidence, through a pipe, and
// says what is in it.
//
// Main shuts the process in before it reads anything, and ends it. Everything below works on bytes that
// may be hostile: own parsers return what they could read and a remark where they stopped, others'
// libraries may panic or run away, and then the process ends and the parent says so. It promises only
// that it opens nothing, writes nothing and asks nobody but the parent.
package render

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"io"
	"slices"

	"rogatory/preview"
	"rogatory/preview/jail"
)

// Main is the whole life of a child. It returns the code with which the process must end.
func Main(in io.Reader, out io.Writer) int {
	held, err := jail.Enter()
	if err != nil || !held.Syscalls {
		return preview.ExitUnguarded
	}
	if err := Serve(in, out, guards(held)); err != nil {
		return 1
	}
	return 0
}

func guards(h jail.Held) []preview.Guard {
	var all []preview.Guard
	for g, holds := range map[preview.Guard]bool{preview.Syscalls: h.Syscalls, preview.NoFiles: h.NoFiles, preview.Figures: h.Figures} {
		if holds {
			all = append(all, g)
		}
	}
	slices.Sort(all)
	return all
}

// maxAsk bounds what the parent says.
const maxAsk = 4 << 10

// Serve answers one Ask, without shutting anything in.
func Serve(in io.Reader, out io.Writer, held []preview.Guard) error {
	var n uint32
	if err := binary.Read(in, binary.BigEndian, &n); err != nil {
		return err
	}
	if n > maxAsk {
		return fmt.Errorf("an ask of %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(in, text); err != nil {
		return err
	}
	var ask preview.Ask
	if err := json.Unmarshal(text, &ask); err != nil {
		return err
	}
	if err := ask.Valid(); err != nil {
		return err
	}
	f := &file{in: in, out: out, size: ask.Size}
	c, picture, err := Look(f, ask)
	if f.broken != nil {
		return f.broken
	}
	if err != nil {
		return err
	}
	c.Guards, c.Read = held, f.read
	text, err = json.Marshal(c)
	if err != nil {
		return err
	}
	if _, err := out.Write(append(binary.BigEndian.AppendUint32([]byte{preview.FrameCopy}, uint32(len(text))), text...)); err != nil {
		return err
	}
	if picture == nil {
		return nil
	}
	head := binary.BigEndian.AppendUint32([]byte{preview.FramePixels}, uint32(picture.Rect.Dx()))
	if _, err := out.Write(binary.BigEndian.AppendUint32(head, uint32(picture.Rect.Dy()))); err != nil {
		return err
	}
	_, err = out.Write(picture.Pix)
	return err
}

// source is a file of known size.
type source interface {
	io.ReaderAt
	Size() int64
}

// Look renders src in the way that was asked.
func Look(src source, ask preview.Ask) (preview.Copy, *image.NRGBA, error) {
	head := make([]byte, min(src.Size(), sniffed))
	if _, err := src.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return preview.Copy{}, nil, err
	}
	kind := sniff(head)
	c := preview.Copy{Type: preview.Text(kind), Tabs: tabs(kind)}
	var picture *image.NRGBA
	var err error
	switch ask.As {
	case preview.Facts:
	case preview.AsText:
		err = text(&c, src, ask.Charset)
	case preview.AsHex:
		err = hex(&c, src, ask.At, ask.Mark)
	case preview.AsImage:
		picture, err = paint(&c, src, kind)
	case preview.AsPages:
		picture, err = pages(&c, src, kind, ask.Page)
	case preview.AsMail:
		err = letter(&c, src)
	case preview.AsList:
		err = listing(&c, src, kind)
	case preview.AsSum:
		err = summary(&c, src, kind)
	}
	slices.Sort(c.Remarks)
	c.Remarks = slices.Compact(c.Remarks)
	return c, picture, err
}

// file is the file at the other end of the pipe. One goroutine at a time.
type file struct {
	in     io.Reader
	out    io.Writer
	size   int64
	read   int64
	broken error // the pipe: nothing more can be said

	kept   []byte // the piece that was read last
	keptAt int64
}

// piece is how much is asked for at least: libraries read byte by byte.
const piece = 64 << 10

// Size returns the length of the file in bytes.
func (f *file) Size() int64 { return f.size }

// ReadAt implements [io.ReaderAt].
func (f *file) ReadAt(p []byte, off int64) (int, error) {
	n := 0
	for n < len(p) {
		if off < 0 || off >= f.size {
			return n, io.EOF
		}
		if off < f.keptAt || off >= f.keptAt+int64(len(f.kept)) {
			if err := f.fetch(off, min(max(int64(len(p)-n), piece), preview.MaxRange, f.size-off)); err != nil {
				f.broken = err
				return n, err
			}
		}
		k := copy(p[n:], f.kept[off-f.keptAt:])
		n, off = n+k, off+int64(k)
	}
	return n, nil
}

func (f *file) fetch(off, length int64) error {
	ask := binary.BigEndian.AppendUint64([]byte{preview.FrameRead}, uint64(off))
	if _, err := f.out.Write(binary.BigEndian.AppendUint32(ask, uint32(length))); err != nil {
		return err
	}
	var n uint32
	if err := binary.Read(f.in, binary.BigEndian, &n); err != nil {
		return err
	}
	if n == 0 || int64(n) > length {
		return fmt.Errorf("%d bytes at %d instead of %d", n, off, length)
	}
	if cap(f.kept) < int(n) {
		f.kept = make([]byte, n)
	}
	f.kept, f.keptAt = f.kept[:n], off
	_, err := io.ReadFull(f.in, f.kept)
	f.read += int64(n)
	return err
}

func remark(c *preview.Copy, r preview.Remark) { c.Remarks = append(c.Remarks, r) }

func fact(c *preview.Copy, name, value string) {
	if value != "" && len(c.Facts) < maxFacts {
		c.Facts = append(c.Facts, preview.Fact{Name: shown(name), Value: shown(value)})
	}
}

// maxFacts and maxShown bound a table of fields.
const (
	maxFacts = 200
	maxShown = 1000 // bytes of one value
)

// shown is a short text of the file, inert and cut.
func shown(s string) preview.Text { return cut(s, maxShown) }

func cut(s string, most int) preview.Text {
	if len(s) > most {
		s = s[:most] + "…"
	}
	return preview.Text(preview.Visible(s))
}
