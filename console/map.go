// SPDX-License-Identifier: Apache-2.0

package console

import (
	"compress/gzip"
	"net/http"
	"strings"

	"rogatory/treaty/atlas"
	"rogatory/treaty/status"
)

// mapKept is how long a browser may keep the map, whose address names its day, language and colours.
const mapKept = "private, max-age=3600"

func (s *server) treatyMap(v *visit) error {
	phases, err := atlas.Phases(s.Office.Rules.Desk, status.DateOf(v.now.Time()))
	if err != nil {
		return err
	}
	theme := ""
	if t := v.r.URL.Query().Get("theme"); t == "dark" || t == "light" {
		theme = t
	}
	svg := atlas.Draw(v.loc, phases, theme)
	h := v.w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", atlas.Policy())
	h.Set("Cache-Control", mapKept)
	h.Set("Vary", "Accept-Encoding, Cookie")
	if !strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		_, err = v.w.Write(svg)
		return err
	}
	h.Set("Content-Encoding", "gzip")
	v.w.WriteHeader(http.StatusOK)
	w := gzip.NewWriter(v.w)
	if _, err := w.Write(svg); err != nil {
		return err
	}
	return w.Close()
}
