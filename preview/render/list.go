// SPDX-License-Identifier: Apache-2.0

package render

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"path"
	"strings"
	"time"

	"rogatory/preview"
)

// Bounds of a listing.
const (
	maxListed  = 1000    // entries shown
	maxEntries = 100_000 // entries looked at
	// maxUnpacked and maxRatio bound what is unpacked of a gz to look at what it holds, at nothing else.
	maxUnpacked = 64 << 20
	maxRatio    = 200
	// bombRatio and bombSize: an archive that says it holds more than both is remarked.
	bombRatio = 100
	bombSize  = 1 << 30
)

const (
	typeZip = "application/zip"
	typeTar = "application/x-tar"
	typeGz  = "application/gzip"
)

// zips are types that are a zip inside: AFF4, the office formats, jar, epub.
func isZip(kind string) bool {
	return kind == typeZip || strings.HasPrefix(kind, "application/vnd.openxmlformats") || strings.HasPrefix(kind, "application/vnd.oasis.opendocument") || kind == "application/jar" || kind == "application/java-archive" || kind == "application/epub+zip" || kind == "application/vnd.android.package-archive" || kind == "application/vnd.etsi.asic-e+zip" || kind == "application/vnd.etsi.asic-s+zip"
}

func isArchive(kind string) bool { return isZip(kind) || kind == typeTar || kind == typeGz }

// listing lists an archive and unpacks none of it, but for a gz, which has no list.
func listing(c *preview.Copy, src source, kind string) error {
	l := lister{c: c, seen: map[string]bool{}}
	switch {
	case isZip(kind):
		l.zip(src)
	case kind == typeTar:
		l.tar(io.NewSectionReader(src, 0, src.Size()))
	case kind == typeGz:
		l.gz(src)
	}
	if c.Total > bombSize && c.Total/bombRatio > src.Size() {
		remark(c, preview.Expands)
	}
	return nil
}

type lister struct {
	c    *preview.Copy
	seen map[string]bool
}

// add takes an entry; false ends the listing.
func (l *lister) add(name string, size, packed int64, t time.Time, remarks ...preview.Remark) bool {
	if l.c.Count++; l.c.Count > maxEntries {
		l.c.Count--
		l.c.Cut = true
		remark(l.c, preview.TooMany)
		return false
	}
	if size > 0 && l.c.Total < 1<<62-size {
		l.c.Total += size
	}
	if l.seen[name] {
		remarks = append(remarks, preview.Twice)
	}
	l.seen[name] = true
	if escapes(name) {
		remarks = append(remarks, preview.Escapes)
	}
	if packed > 0 && size/bombRatio > packed {
		remarks = append(remarks, preview.Expands)
	}
	if preview.Visible(name) != name {
		remarks = append(remarks, preview.Hidden)
	}
	l.c.Remarks = append(l.c.Remarks, remarks...)
	if len(l.c.Entries) >= maxListed {
		l.c.Cut = true
		return true
	}
	e := preview.Item{Name: shown(name), Size: max(size, 0), Packed: max(packed, -1), Remarks: remarks}
	if t = t.UTC(); !t.Before(firstTime) && t.Before(endOfTime) {
		e.Time = t.Format(time.RFC3339)
	}
	l.c.Entries = append(l.c.Entries, e)
	return true
}

// escapes: who unpacks carelessly would write outside of the folder.
func escapes(name string) bool {
	name = strings.ReplaceAll(name, `\`, "/")
	clean := path.Clean("/" + name)
	return strings.HasPrefix(name, "/") || len(name) > 1 && name[1] == ':' || strings.TrimSuffix(strings.TrimPrefix(clean, "/"), "/") != strings.TrimSuffix(strings.TrimPrefix(name, "./"), "/") && strings.Contains(name, "..")
}

func (l *lister) zip(src source) {
	n, ok := zipEntries(src)
	if !ok {
		remark(l.c, preview.Damaged)
		return
	}
	if n > maxEntries { // the library would hold them all
		l.c.Count, l.c.Cut = n, true
		remark(l.c, preview.TooMany)
		return
	}
	z, err := zip.NewReader(src, src.Size())
	if err != nil && !errors.Is(err, zip.ErrInsecurePath) {
		remark(l.c, preview.Damaged)
		return
	}
	for _, f := range z.File {
		var remarks []preview.Remark
		if f.Flags&1 != 0 {
			remarks = append(remarks, preview.Encrypted)
		}
		if f.Mode()&fs.ModeSymlink != 0 {
			remarks = append(remarks, preview.Link)
		}
		size, packed := int64(min(f.UncompressedSize64, 1<<62)), int64(min(f.CompressedSize64, 1<<62))
		if !l.add(f.Name, size, packed, f.Modified, remarks...) {
			return
		}
	}
}

// zipEntries reads how many entries the end of a zip says it has (APPNOTE 4.3.14 to 4.3.16).
func zipEntries(src source) (int64, bool) {
	const end, end64, locator = 22, 56, 20
	tail := make([]byte, min(src.Size(), end+1<<16+locator))
	if _, err := src.ReadAt(tail, src.Size()-int64(len(tail))); err != nil && !errors.Is(err, io.EOF) {
		return 0, false
	}
	for i := len(tail) - end; i >= 0; i-- {
		if string(tail[i:i+4]) != "PK\x05\x06" {
			continue
		}
		n := int64(binary.LittleEndian.Uint16(tail[i+10:]))
		if n != 0xffff || i < locator || string(tail[i-locator:i-locator+4]) != "PK\x06\x07" {
			return n, true
		}
		at := binary.LittleEndian.Uint64(tail[i-locator+8:])
		var big [end64]byte
		if at > uint64(src.Size()) {
			return 0, false
		}
		if _, err := src.ReadAt(big[:], int64(at)); err != nil || string(big[:4]) != "PK\x06\x06" {
			return 0, false
		}
		return int64(min(binary.LittleEndian.Uint64(big[32:]), 1<<62)), true
	}
	return 0, false
}

func (l *lister) tar(r io.Reader) {
	t := tar.NewReader(r)
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil && !(errors.Is(err, tar.ErrInsecurePath) && h != nil) {
			remark(l.c, preview.Damaged)
			return
		}
		var remarks []preview.Remark
		if h.Typeflag == tar.TypeSymlink || h.Typeflag == tar.TypeLink {
			remarks = append(remarks, preview.Link)
		}
		if !l.add(h.Name, h.Size, -1, h.ModTime, remarks...) {
			return
		}
	}
}

// gz unpacks up to the bounds, and lists the tar inside if there is one.
func (l *lister) gz(src source) {
	z, err := gzip.NewReader(whole(src))
	if err != nil {
		remark(l.c, preview.Damaged)
		return
	}
	fact(l.c, "Name", z.Name)
	fact(l.c, "Comment", z.Comment)
	most := min(maxUnpacked, max(src.Size(), 64<<10)*maxRatio)
	counted := &counter{}
	out := io.TeeReader(io.LimitReader(z, most), counted)
	head := make([]byte, 512)
	n, _ := io.ReadFull(out, head)
	inner := io.MultiReader(strings.NewReader(string(head[:n])), out)
	isTar := n == 512 && string(head[257:262]) == "ustar"
	if isTar {
		l.tar(inner)
	}
	_, err = io.Copy(io.Discard, inner)
	switch {
	case counted.n >= most:
		l.c.Cut = true
		if most < maxUnpacked {
			remark(l.c, preview.Expands)
		} else {
			remark(l.c, preview.Incomplete)
		}
	case err != nil:
		remark(l.c, preview.Damaged)
	}
	if counted.n > bombSize/64 && counted.n/bombRatio > src.Size() {
		remark(l.c, preview.Expands)
	}
	if !isTar {
		l.add(z.Name, counted.n, src.Size(), z.ModTime)
	}
}
