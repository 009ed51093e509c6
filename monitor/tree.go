// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"encoding/binary"

	"golang.org/x/mod/sumdb/tlog"

	"rogatory"
	"rogatory/journal"
)

// Shape of C2SP tlog-tiles.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	hashSize   = 32
	leafSize   = 2 + hashSize // an entry of a bundle with its length
)

// maxBundles bounds the entry tiles that one round checks: a quarter of a million entries.
const maxBundles = 1024

// tiles reads hash tiles from a node, for tlog.TileHashReader, which checks each against the signed root.
type tiles struct {
	ctx     context.Context
	f       fetcher
	missing error
	kept    map[tlog.Tile][]byte
}

// Height implements tlog.TileReader.
func (t *tiles) Height() int { return tileHeight }

// ReadTiles implements tlog.TileReader.
func (t *tiles) ReadTiles(want []tlog.Tile) ([][]byte, error) {
	all := make([][]byte, len(want))
	for i, tile := range want {
		if data, ok := t.kept[tile]; ok {
			all[i] = data
			continue
		}
		data, err := t.f.tile(t.ctx, journal.Tile{Level: tile.L, Index: tile.N, Width: tile.W}, hashSize)
		if err != nil {
			t.missing = err
			return nil, err
		}
		all[i] = data
	}
	return all, nil
}

// SaveTiles implements tlog.TileReader: what is given here was checked.
func (t *tiles) SaveTiles(which []tlog.Tile, data [][]byte) {
	for i, tile := range which {
		t.kept[tile] = data[i]
	}
}

// tile reads one tile, also where the node has only the full one left of a partial one, as C2SP allows.
func (f fetcher) tile(ctx context.Context, t journal.Tile, each int) ([]byte, error) {
	data, err := f.get(ctx, "journal/"+t.Path(), int64(tileWidth*each))
	if isNotFound(err) && t.Width < tileWidth {
		full := t
		full.Width = tileWidth
		data, err = f.get(ctx, "journal/"+full.Path(), int64(tileWidth*each))
	}
	if err != nil {
		return nil, err
	}
	if len(data) < t.Width*each {
		return nil, errTiles
	}
	return data[:t.Width*each], nil
}

// reader reads stored hashes of a signed tree; nothing comes out of it that does not lead to the root.
func (w *watch) reader(ctx context.Context, c journal.Checkpoint) (*tiles, tlog.HashReader) {
	t := &tiles{ctx: ctx, f: w.fetcher, kept: map[tlog.Tile][]byte{}}
	return t, tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, t)
}

// broken says what is wrong with tiles.
func (w *watch) broken(t *tiles, signed []byte, what string, err error) bool {
	if t.missing != nil {
		err = t.missing
	}
	switch {
	case isNotFound(err):
		w.round.find(TileMissing, "%s: %v", what, err)
	case rogatory.KindOf(err) == rogatory.Unavailable:
		w.failed(Unreachable, what, err)
	default:
		w.round.find(TileWrong, "%s: %v", what, err)
		w.evidence(TileWrong, signed)
	}
	return false
}

// continues checks that the tree of c begins with the tree of old; signed and before are their notes.
func (w *watch) continues(t *tiles, hashes tlog.HashReader, old, c journal.Checkpoint, before, signed []byte) bool {
	if old.Size == 0 || old.Size == c.Size && old.Root == c.Root {
		return true
	}
	err := error(nil)
	if old.Size < c.Size {
		var proof []journal.Hash
		if proof, err = tlog.ProveTree(c.Size, old.Size, hashes); err != nil {
			return w.broken(t, signed, "the proof that the journal continues", err)
		}
		err = journal.CheckConsistency(proof, old.Size, old.Root, c.Size, c.Root)
	}
	if err != nil || old.Size >= c.Size {
		w.round.find(Forked, "the journal of %d entries does not continue the one of %d: both are signed", c.Size, old.Size)
		w.evidence(Forked, before, signed)
		return false
	}
	return true
}

// tree checks that the journal continues what it was, and reads the leaves that are new, or some of those known.
func (w *watch) tree(ctx context.Context, old, c journal.Checkpoint, signed []byte) bool {
	if c.Size == 0 {
		return true
	}
	t, hashes := w.reader(ctx, c)
	if !w.continues(t, hashes, old, c, w.state.Note, signed) {
		return false
	}
	if w.state.Checked == c.Size { // nothing is new: is what was there still given out
		last := (c.Size - 1) / tileWidth
		return w.bundle(ctx, t, hashes, c, signed, w.state.Rounds%(last+1))
	}
	for n := 0; w.state.Checked < c.Size; n++ {
		if n == maxBundles {
			w.round.find(Unfinished, "%d of %d entries were checked; the next round goes on", w.state.Checked, c.Size)
			break
		}
		index := w.state.Checked / tileWidth
		if !w.bundle(ctx, t, hashes, c, signed, index) {
			return false
		}
		w.state.Checked = min((index+1)*tileWidth, c.Size)
	}
	return true
}

// bundle reads the leaves of one entry tile and holds them against the hashes of the tree.
func (w *watch) bundle(ctx context.Context, t *tiles, hashes tlog.HashReader, c journal.Checkpoint, signed []byte, index int64) bool {
	width := int(min(tileWidth, c.Size-index*tileWidth))
	data, err := w.tile(ctx, journal.Tile{Entries: true, Index: index, Width: width}, leafSize)
	if err != nil {
		return w.broken(t, signed, "an entry tile", err)
	}
	places := make([]int64, width)
	for i := range places {
		places[i] = tlog.StoredHashIndex(0, index*tileWidth+int64(i))
	}
	stored, err := hashes.ReadHashes(places)
	if err != nil {
		return w.broken(t, signed, "a hash tile", err)
	}
	for i := range width {
		leaf := data[i*leafSize : (i+1)*leafSize]
		if binary.BigEndian.Uint16(leaf) != hashSize || journal.LeafHash(journal.Leaf(leaf[2:])) != stored[i] {
			return w.broken(t, signed, "an entry tile", errTiles)
		}
	}
	return true
}
