// SPDX-License-Identifier: Apache-2.0

package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// FolderSource reads a published directory from a folder: a mirror on disk, or a stick.
type FolderSource struct{ Dir string }

// Fetch reads a file of the folder. It does not follow links that lead out of it.
func (s FolderSource) Fetch(_ context.Context, name string, limit int64) ([]byte, error) {
	f, err := os.OpenInRoot(s.Dir, filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readLimited(f, limit)
}

// HTTPSource reads a published directory from a web server. The context bounds the time of a
// request; HTTP is to bound the rest, and decides on proxies and TLS.
type HTTPSource struct {
	URL  string // of the folder that holds timestamp.json
	HTTP *http.Client
}

// Fetch gets a file. Only the statuses 404 and 410 mean that it is not there.
func (s HTTPSource) Fetch(ctx context.Context, name string, limit int64) ([]byte, error) {
	address, err := url.JoinPath(s.URL, name)
	if err != nil {
		return nil, fmt.Errorf("mirror %q: %w", s.URL, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fmt.Errorf("mirror %q: %w", s.URL, err)
	}
	answer, err := s.HTTP.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	switch answer.StatusCode {
	case http.StatusOK:
		return readLimited(answer.Body, limit)
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("get %s: %w", address, fs.ErrNotExist)
	}
	return nil, fmt.Errorf("get %s: status %s", address, answer.Status)
}

// Handler serves a published directory from dir, read only: GET and HEAD of the names that a
// directory has, and nothing else. Files under a version or digest never change and may be cached
// for good; timestamp.json may not be cached. Anybody may mirror and serve one.
func Handler(dir string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		w.Header().Set("Cache-Control", "no-store") // for the answers that are not the file
		name := strings.TrimPrefix(r.URL.Path, "/")
		limit := limitOf(name)
		if limit == 0 {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		data, err := FolderSource{dir}.Fetch(r.Context(), name, limit)
		if errors.Is(err, fs.ErrNotExist) {
			http.Error(w, "not found", http.StatusNotFound)
			return
		}
		if err != nil {
			http.Error(w, "unavailable", http.StatusServiceUnavailable)
			return
		}
		if name != "timestamp.json" {
			w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
	})
}
