// SPDX-License-Identifier: Apache-2.0

package journal

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// How long answers may be kept by caches between us and a monitor. A checkpoint
// is replaced all the time; a full tile never changes; a partial tile does not
// either, but soon nobody asks for it.
const (
	cacheCheckpoint = "public, max-age=2"
	cacheFullTile   = "public, max-age=31536000, immutable"
	cachePartial    = "public, max-age=3600, immutable"
	cacheNothing    = "no-store" // what is missing now may be there in a moment
)

// ErrUnpublished is what a [Source] returns while the log has no checkpoint.
var ErrUnpublished = errors.New("the journal has not published a checkpoint")

// A Source is the published part of a journal. Its methods may run concurrently.
type Source interface {
	// Checkpoint returns the latest signed checkpoint with its cosignatures, or
	// ErrUnpublished. Hashes and leaves below its size must be readable.
	Checkpoint(ctx context.Context) ([]byte, error)

	// ReadHashes is that of Reader.
	ReadHashes(indexes []int64) ([]Hash, error)

	// ReadLeaves returns the n leaves from index start on, at most 256.
	ReadLeaves(ctx context.Context, start int64, n int) ([]Leaf, error)
}

// A Handler serves a journal to monitors and auditors (C2SP tlog-tiles): GET
// /checkpoint, /tile/<level>/<index>, /tile/entries/<index>, each tile also
// partial. Mount it with http.StripPrefix. It serves nothing beyond the published
// checkpoint, for hashes of uncommitted or unsigned entries are nobody's business.
type Handler struct {
	Source Source
	// Report, if set, is told why a request ended in status 500. The client is
	// not told.
	Report func(*http.Request, error)
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		refuse(w, http.StatusMethodNotAllowed, "only GET and HEAD")
		return
	}
	// An escaped path is a second spelling of the resource.
	if r.URL.RawPath != "" {
		refuse(w, http.StatusNotFound, "no such resource")
		return
	}
	if r.URL.Path == "/checkpoint" {
		h.checkpoint(w, r)
		return
	}
	tile, err := ParseTilePath(trimSlash(r.URL.Path))
	if err != nil {
		refuse(w, http.StatusNotFound, "no such resource")
		return
	}
	h.tile(w, r, tile)
}

func trimSlash(path string) string {
	if path == "" || path[0] != '/' {
		return ""
	}
	return path[1:]
}

func (h *Handler) checkpoint(w http.ResponseWriter, r *http.Request) {
	signed, err := h.Source.Checkpoint(r.Context())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	answer(w, "text/plain; charset=utf-8", cacheCheckpoint, signed)
}

func (h *Handler) tile(w http.ResponseWriter, r *http.Request, t Tile) {
	signed, err := h.Source.Checkpoint(r.Context())
	if err != nil {
		h.fail(w, r, err)
		return
	}
	published, _, err := peekCheckpoint(signed)
	if err != nil {
		h.fail(w, r, err)
		return
	}
	from, to, covered := t.span(published.Size)
	if !covered {
		refuse(w, http.StatusNotFound, fmt.Sprintf("beyond the published size of %d", published.Size))
		return
	}
	var data []byte
	if t.Entries {
		data, err = h.bundle(r.Context(), from, int(to-from))
	} else {
		data, err = ReadTile(t.Level, t.Index, t.Width, published.Size, h.Source)
	}
	if err != nil {
		h.fail(w, r, err)
		return
	}
	cache := cacheFullTile
	if t.Width < tileWidth {
		cache = cachePartial
	}
	answer(w, "application/octet-stream", cache, data)
}

func (h *Handler) bundle(ctx context.Context, start int64, n int) ([]byte, error) {
	leaves, err := h.Source.ReadLeaves(ctx, start, n)
	if err != nil {
		return nil, fmt.Errorf("read %d leaves from %d: %w", n, start, err)
	}
	if len(leaves) != n {
		return nil, fmt.Errorf("read %d leaves from %d: source returned %d", n, start, len(leaves))
	}
	return Bundle(leaves), nil
}

func (h *Handler) fail(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, ErrUnpublished) {
		refuse(w, http.StatusNotFound, ErrUnpublished.Error())
		return
	}
	if h.Report != nil {
		h.Report(r, err)
	}
	refuse(w, http.StatusInternalServerError, "the journal cannot be read at the moment")
}

func answer(w http.ResponseWriter, contentType, cache string, body []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.Header().Set("Cache-Control", cache)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	// A client that hung up is no error of ours.
	_, _ = w.Write(body)
}

func refuse(w http.ResponseWriter, status int, reason string) {
	w.Header().Set("Cache-Control", cacheNothing)
	http.Error(w, reason, status)
}
