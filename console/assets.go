// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"strings"
)

//go:embed assets/console.css assets/console.js assets/upload.js assets/chime.js assets/contacts-worker.js assets/mark.svg
var files embed.FS

// assets are served under names that hold a digest of their content, so that a browser may keep them
// for ever.
type assets struct {
	css, js, upload, chime, icon string // addresses
	byName                       map[string]packed
}

type packed struct {
	kind      string
	raw, gzip []byte
}

func loadAssets() assets {
	a := assets{byName: map[string]packed{}}
	add := func(name, kind string) string {
		raw, err := files.ReadFile("assets/" + name)
		if err != nil {
			panic("an embedded file is missing: " + name)
		}
		var small bytes.Buffer
		w, _ := gzip.NewWriterLevel(&small, gzip.BestCompression)
		w.Write(raw)
		w.Close()
		sum := sha256.Sum256(raw)
		stem, ext, _ := strings.Cut(name, ".")
		hashed := stem + "-" + hex.EncodeToString(sum[:6]) + "." + ext
		a.byName[hashed] = packed{kind, raw, small.Bytes()}
		return Prefix + "assets/" + hashed
	}
	a.css = add("console.css", "text/css; charset=utf-8")
	a.js = add("console.js", "text/javascript; charset=utf-8")
	a.upload = add("upload.js", "text/javascript; charset=utf-8")
	a.chime = add("chime.js", "text/javascript; charset=utf-8")
	a.icon = add("mark.svg", "image/svg+xml")
	return a
}

func (s *server) asset(w http.ResponseWriter, r *http.Request) {
	p, ok := s.assets.byName[r.PathValue("name")]
	if !ok {
		http.NotFound(w, r)
		return
	}
	h := w.Header()
	h.Set("Content-Type", p.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("Vary", "Accept-Encoding")
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		w.Write(p.gzip)
		return
	}
	w.Write(p.raw)
}
