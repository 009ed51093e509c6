// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"golang.org/x/mod/sumdb/tlog"
)

func get(h http.Handler, method, target string) *http.Response {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w.Result()
}

func body(t testing.TB, resp *http.Response) []byte {
	t.Helper()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// monitor reads tiles over HTTP, as someone does who does not trust the log.
// tlog.TileHashReader checks each tile against the signed root before it counts.
type monitor struct {
	t *testing.T
	h http.Handler
}

func (m monitor) Height() int                     { return tileHeight }
func (m monitor) SaveTiles([]tlog.Tile, [][]byte) {}
func (m monitor) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var data [][]byte
	for _, tile := range tiles {
		path := Tile{Level: tile.L, Index: tile.N, Width: tile.W}.Path()
		resp := get(m.h, http.MethodGet, "/"+path)
		if resp.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("%s: %s", path, resp.Status)
		}
		data = append(data, body(m.t, resp))
	}
	return data, nil
}

func TestMonitorAuditsTheWholeJournalThroughTiles(t *testing.T) {
	for _, size := range []int64{1, 2, 255, 256, 257, 512, 1000, 65536, 70000} {
		log, key := newLog(t, int(size)+3), newLogKey(t, aurelia, 1) // three entries not yet signed
		h := &Handler{Source: log}
		log.sign(t, size, key)

		c, err := OpenCheckpoint(body(t, get(h, http.MethodGet, "/checkpoint")), aurelia, key.verifier)
		if err != nil {
			t.Fatal(err)
		}
		reader := tlog.TileHashReader(tlog.Tree{N: c.Size, Hash: c.Root}, monitor{t, h})
		for index := int64(0); index < size; index += 1 + size/7 {
			proof, err := ProveInclusion(size, index, reader)
			if err != nil {
				t.Fatalf("size %d, leaf %d: %v", size, index, err)
			}
			if err := CheckInclusion(proof, size, c.Root, index, LeafHash(log.leaves[index])); err != nil {
				t.Error(err)
			}
		}
		// Every entry, read from bundles alone, leads to the signed root.
		var edge Edge
		for edge.Size() < size {
			width := min(tileWidth, size-edge.Size())
			path := Tile{Entries: true, Index: edge.Size() / tileWidth, Width: int(width)}.Path()
			data := body(t, get(h, http.MethodGet, "/"+path))
			var leaves []Leaf
			for len(data) > 0 {
				if n := binary.BigEndian.Uint16(data); n != 32 {
					t.Fatalf("%s: entry of %d bytes", path, n)
				}
				leaves, data = append(leaves, Leaf(data[2:34])), data[34:]
			}
			if int64(len(leaves)) != width {
				t.Fatalf("%s has %d entries", path, len(leaves))
			}
			if edge, _, err = edge.Append(leaves); err != nil {
				t.Fatal(err)
			}
		}
		if edge.Root() != c.Root {
			t.Errorf("size %d: bundles do not lead to the signed root", size)
		}
	}
}

func TestTilesOfTheSpecificationsExample(t *testing.T) {
	const size = 70000
	log := newLog(t, size)
	for _, c := range []struct {
		level int
		index int64
		width int
		want  bool
	}{
		{0, 272, 256, true}, {0, 273, 112, true}, {0, 273, 113, false}, {0, 274, 1, false},
		{1, 0, 256, true}, {1, 1, 17, true}, {1, 1, 18, false},
		{2, 0, 1, true}, {2, 0, 2, false}, {3, 0, 1, false}, {7, 0, 1, false}, {8, 0, 1, false}, {63, 0, 1, false},
		{-1, 0, 1, false}, {64, 0, 1, false}, {0, -1, 1, false}, {0, 0, 0, false}, {0, 0, 257, false}, {0, 1 << 60, 1, false},
	} {
		data, err := ReadTile(c.level, c.index, c.width, size, log)
		if (err == nil) != c.want {
			t.Errorf("level %d, tile %d, width %d: %v", c.level, c.index, c.width, err)
		}
		if err == nil && len(data) != 32*c.width {
			t.Errorf("level %d, tile %d, width %d: %d bytes", c.level, c.index, c.width, len(data))
		}
	}
	top, err := ReadTile(2, 0, 1, size, log)
	if err != nil {
		t.Fatal(err)
	}
	if want := rootByDefinition(log.leaves[:65536]); Hash(top) != want {
		t.Error("the hash at level 2 is not the root of the first 65,536 leaves")
	}
}

func TestTilePathsHaveOneSpelling(t *testing.T) {
	for path, want := range map[string]Tile{
		"tile/0/000":                         {Width: 256},
		"tile/0/x001/x234/067":               {Index: 1234067, Width: 256},
		"tile/5/x001/000.p/1":                {Level: 5, Index: 1000, Width: 1},
		"tile/63/999.p/255":                  {Level: 63, Index: 999, Width: 255},
		"tile/entries/x273/112.p/16":         {Entries: true, Index: 273112, Width: 16},
		"tile/0/x001/x099/x511/x627/776":     {Index: MaxSize / 256, Width: 256},
		"tile/0/x001/x099/x511/x627/776.p/9": {Index: MaxSize / 256, Width: 9},
	} {
		got, err := ParseTilePath(path)
		if err != nil || got != want || want.Path() != path {
			t.Errorf("%s: parsed as %+v (%v), want %+v, written as %s", path, got, err, want, want.Path())
		}
	}
	for _, path := range []string{
		"", "tile", "tile/", "tile/0", "tile/0/", "tile/0/0", "tile/0/00", "tile/0/0000", "tile/00/000", "tile/+0/000",
		"tile/64/000", "tile/-1/000", "tile/0/x000", "tile/0/x000/000", "tile/0/x001", "tile/0/001/000", "tile/0/xx01/000",
		"tile/0/x001/x000", "tile/0/+01", "tile/0/ 01", "tile/0/000.p/0", "tile/0/000.p/256", "tile/0/000.p/01", "tile/0/000.p/",
		"tile/0/000.p/1.p/1", "tile/0/000.p", "tile/0/000/", "/tile/0/000", "tile//000", "tile/data/000", "tile/8/0/000",
		"tile/0/x001/x099/x511/x627/777", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/../checkpoint",
		"tile/0/" + strings.Repeat("x000/", 20) + "000",
	} {
		if got, err := ParseTilePath(path); err == nil {
			t.Errorf("%q: parsed as %+v", path, got)
		}
	}
}

func TestHandlerTellsCachesWhatNeverChanges(t *testing.T) {
	log, key := newLog(t, 600), newLogKey(t, aurelia, 1)
	h := &Handler{Source: log, Report: func(_ *http.Request, err error) { t.Errorf("reported: %v", err) }}
	if resp := get(h, http.MethodGet, "/checkpoint"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("unpublished checkpoint: %s", resp.Status)
	}
	if resp := get(h, http.MethodGet, "/tile/0/000.p/1"); resp.StatusCode != http.StatusNotFound {
		t.Errorf("tile of an unpublished journal: %s", resp.Status)
	}
	log.sign(t, 513, key)
	for _, c := range []struct {
		method, path string
		status       int
		kind, cache  string
	}{
		{"GET", "/checkpoint", 200, "text/plain; charset=utf-8", "public, max-age=2"},
		{"HEAD", "/checkpoint", 200, "text/plain; charset=utf-8", "public, max-age=2"},
		{"GET", "/tile/0/001", 200, "application/octet-stream", "public, max-age=31536000, immutable"},
		{"GET", "/tile/entries/001", 200, "application/octet-stream", "public, max-age=31536000, immutable"},
		{"GET", "/tile/0/002.p/1", 200, "application/octet-stream", "public, max-age=3600, immutable"},
		{"GET", "/tile/1/000.p/2", 200, "application/octet-stream", "public, max-age=3600, immutable"},
		{"GET", "/tile/entries/002.p/1", 200, "application/octet-stream", "public, max-age=3600, immutable"},
		{"GET", "/tile/0/002.p/2", 404, "", "no-store"}, // stored, but not yet signed
		{"GET", "/tile/entries/002.p/2", 404, "", "no-store"},
		{"GET", "/tile/0/002", 404, "", "no-store"},
		{"GET", "/tile/1/000", 404, "", "no-store"},
		{"GET", "/tile/0/1", 404, "", "no-store"},
		{"GET", "/tile/0/%30%30%31", 404, "", "no-store"},
		{"GET", "/checkpoint/", 404, "", "no-store"},
		{"GET", "/", 404, "", "no-store"},
		{"POST", "/checkpoint", 405, "", "no-store"},
	} {
		resp := get(h, c.method, c.path)
		if resp.StatusCode != c.status || resp.Header.Get("Cache-Control") != c.cache {
			t.Errorf("%s %s: %s, cache %q", c.method, c.path, resp.Status, resp.Header.Get("Cache-Control"))
		}
		if c.kind != "" && resp.Header.Get("Content-Type") != c.kind {
			t.Errorf("%s %s: content type %q", c.method, c.path, resp.Header.Get("Content-Type"))
		}
	}
}

func TestHandlerKeepsTroubleToItself(t *testing.T) {
	log, key := newLog(t, 300), newLogKey(t, aurelia, 1)
	log.sign(t, 300, key)
	log.broken = errors.New("disk 7 is gone")
	for _, path := range []string{"/tile/0/000", "/tile/entries/000"} {
		var reported error
		h := &Handler{Source: log, Report: func(_ *http.Request, err error) { reported = err }}
		resp := get(h, http.MethodGet, path)
		if resp.StatusCode != http.StatusInternalServerError || strings.Contains(string(body(t, resp)), "disk") {
			t.Errorf("%s: %s", path, resp.Status)
		}
		if !errors.Is(reported, log.broken) {
			t.Errorf("%s: reported %v", path, reported)
		}
	}
}
