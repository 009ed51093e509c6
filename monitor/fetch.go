// SPDX-License-Identifier: Apache-2.0

package monitor

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"rogatory"
)

// Limits of one round. A node may be slow or hostile: a round ends all the same.
const (
	fetchTimeout = 20 * time.Second
	maxFetches   = 4096 // of one round: a million entries, or a year of reports
)

// fetcher reads small files from one node and nobody else.
type fetcher struct {
	base string
	http *http.Client
	left *int
}

func newFetcher(address string, client *http.Client) (fetcher, error) {
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return fetcher{}, rogatory.Fault(rogatory.Invalid, "address_invalid", "follow %.200q: an address such as https://node.example is needed", address)
	}
	u.Path = strings.TrimSuffix(strings.TrimSuffix(u.Path, "/public"), "/journal")
	own := http.Client{Timeout: fetchTimeout}
	if client != nil {
		own.Transport = client.Transport
		if client.Timeout > 0 {
			own.Timeout = client.Timeout
		}
	}
	// A node that leads elsewhere would have its reader ask others in its place.
	own.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	left := maxFetches
	return fetcher{u.String(), &own, &left}, nil
}

// get reads a file of at most limit bytes. It is NotFound "not_published" if the node says that there is none, and
// Unavailable "node_unreachable" if it says nothing that can be used.
func (f fetcher) get(ctx context.Context, path string, limit int64) ([]byte, error) {
	silent := func(format string, args ...any) error {
		return rogatory.Fault(rogatory.Unavailable, "node_unreachable", "read "+path+": "+format, args...)
	}
	if *f.left--; *f.left < 0 {
		return nil, silent("a round makes at most %d requests", maxFetches)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, f.base+"/"+path, nil)
	if err != nil {
		return nil, silent("%w", err)
	}
	resp, err := f.http.Do(r)
	if err != nil {
		var u *url.Error
		if errors.As(err, &u) {
			err = u.Err // without the address, which stands before
		}
		return nil, silent("%w", err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotFound || resp.StatusCode == http.StatusGone:
		return nil, rogatory.Fault(rogatory.NotFound, "not_published", "the node has no %s", path)
	case resp.StatusCode != http.StatusOK:
		return nil, silent("status %d", resp.StatusCode)
	}
	data, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, silent("%w", err)
	}
	if int64(len(data)) > limit {
		return nil, silent("more than %d bytes", limit)
	}
	return data, nil
}
