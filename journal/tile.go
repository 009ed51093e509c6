// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// Shape of tiles, C2SP tlog-tiles.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
)

// maxLevel is the highest level of hash tiles that a path can name.
const maxLevel = 63

// maxTilePath bounds a tile's path: the fixed words, a level, six groups of an
// index that MaxSize allows, a width.
const maxTilePath = 64

// A Tile names a run of up to 256 hashes at a level of the tree, or of up to 256
// entries (C2SP tlog-tiles). Its content never changes once the tree covers it.
type Tile struct {
	Entries bool  // a bundle of entries; Level is then zero
	Level   int   // 0 for leaf hashes; one level up stands for 256 times the leaves
	Index   int64 // within the level, counted in tiles of full width
	Width   int   // 1 to 256; less than 256 is a partial tile
}

// Path returns the tile's path below the log's URL, without leading slash.
func (t Tile) Path() string {
	kind := strconv.Itoa(t.Level)
	if t.Entries {
		kind = "entries"
	}
	groups := fmt.Sprintf("%03d", t.Index%1000)
	for n := t.Index / 1000; n > 0; n /= 1000 {
		groups = fmt.Sprintf("x%03d/%s", n%1000, groups)
	}
	if t.Width < tileWidth {
		groups += ".p/" + strconv.Itoa(t.Width)
	}
	return "tile/" + kind + "/" + groups
}

// ParseTilePath reads the path of a tile in its one spelling.
func ParseTilePath(path string) (Tile, error) {
	bad := fmt.Errorf("%.*q is not the path of a tile", maxTilePath, path)
	rest, found := strings.CutPrefix(path, "tile/")
	if !found || len(path) > maxTilePath {
		return Tile{}, bad
	}
	kind, rest, _ := strings.Cut(rest, "/")
	t := Tile{Entries: kind == "entries", Width: tileWidth}
	if !t.Entries {
		level, err := strconv.Atoi(kind)
		if err != nil || level < 0 || level > maxLevel {
			return Tile{}, bad
		}
		t.Level = level
	}
	groups, width, partial := strings.Cut(rest, ".p/")
	if partial {
		w, err := strconv.Atoi(width)
		if err != nil || w < 1 || w >= tileWidth {
			return Tile{}, bad
		}
		t.Width = w
	}
	for _, group := range strings.Split(groups, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(group, "x"), 10, 16)
		if err != nil || n > 999 {
			return Tile{}, bad
		}
		if t.Index = t.Index*1000 + int64(n); t.Index > MaxSize/tileWidth {
			return Tile{}, bad
		}
	}
	// Signs, missing zeroes, and an x too many or too few all end here.
	if t.Path() != path {
		return Tile{}, bad
	}
	return t, nil
}

// span returns the tile's first row and the one after its last, in units of its
// level, and whether a tree of size leaves covers it.
func (t Tile) span(size int64) (from, to int64, covered bool) {
	from = t.Index * tileWidth
	to = from + int64(t.Width)
	return from, to, tileHeight*t.Level < 63 && to <= size>>(tileHeight*t.Level)
}

// ReadTile returns the hashes of a tile of the tree of size leaves, 32 bytes each
// one after the other. It reads them in one call: the hashes of a tile's rows are
// stored as such.
func ReadTile(level int, index int64, width int, size int64, r Reader) ([]byte, error) {
	t := Tile{Level: level, Index: index, Width: width}
	if err := checkSize(size); err != nil {
		return nil, fmt.Errorf("read tile: %w", err)
	}
	if level < 0 || level > maxLevel || index < 0 || index > MaxSize/tileWidth || width < 1 || width > tileWidth {
		return nil, fmt.Errorf("read tile: no tile %d of width %d at level %d", index, width, level)
	}
	from, to, covered := t.span(size)
	if !covered {
		return nil, fmt.Errorf("read tile: %s lies beyond a tree of %d leaves", t.Path(), size)
	}
	indexes := make([]int64, 0, width)
	for n := from; n < to; n++ {
		indexes = append(indexes, tlog.StoredHashIndex(tileHeight*level, n))
	}
	hashes, err := readHashes(r, indexes)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", t.Path(), err)
	}
	data := make([]byte, 0, len(hashes)*tlog.HashSize)
	for _, h := range hashes {
		data = append(data, h[:]...)
	}
	return data, nil
}

// Bundle returns the content of an entry tile: each leaf after its length in two
// bytes, which is always 32.
func Bundle(leaves []Leaf) []byte {
	data := make([]byte, 0, len(leaves)*(2+len(Leaf{})))
	for _, leaf := range leaves {
		data = binary.BigEndian.AppendUint16(data, uint16(len(leaf)))
		data = append(data, leaf[:]...)
	}
	return data
}
