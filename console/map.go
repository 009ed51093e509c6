// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"

	"rogatory"
	"rogatory/language"
	"rogatory/treaty/status"
)

// world holds outlines and dots of the world's States; scripts/worldmap makes it and says of what.
//
//go:embed assets/world.txt
var world string

// The drawing's measures, as scripts/worldmap has them.
const mapWidth, mapHeight, mapDot, mapMargin = 1600, 700, 6, 12

// outline is one line of world: an area, or the place of a State too small to be seen as one.
type outline struct {
	Code rogatory.StateCode
	Dot  bool
	Path string // of an area; "x y" of a dot
}

// outlines reads the embedded file, areas before dots.
func outlines() (all []outline) {
	for line := range strings.Lines(world) {
		code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		form, path, _ := strings.Cut(rest, " ")
		all = append(all, outline{rogatory.StateCode(code), form == "o", path})
	}
	return all
}

// mapClass is how a phase is drawn: in two tones and by pattern, so that no colour has to be told from another.
func mapClass(p status.Phase) string {
	switch p {
	case status.Signed:
		return "s"
	case status.Consented, status.Bound, status.Withdrawing:
		return "c"
	}
	return ""
}

// mapStyle is the sheet of the map, which is a document of its own. Its colours are those of console.css.
const mapStyle = `:root{--p:#fbfaf7;--l:#d9d6cf;--m:#8f8b82;--a:#0b5a63}
@media(prefers-color-scheme:dark){:root:not(.light){--p:#14171a;--l:#33383d;--m:#6b7278;--a:#6cc3cc}}
:root.dark{--p:#14171a;--l:#33383d;--m:#6b7278;--a:#6cc3cc}
svg{background:var(--p)}path,circle{fill:var(--l);stroke:var(--p);stroke-width:1}
pattern rect{fill:var(--l);stroke:none}pattern path{fill:none;stroke:var(--a);stroke-width:1.25}
.s{fill:url(#h)}.c{fill:var(--a)}circle{stroke:var(--m);stroke-width:1.5}circle.s,circle.c{stroke:var(--a)}
.n{fill:var(--l);opacity:.6}`

// drawMap draws the world with the phase of each State. Areas that are no State of the list have no name and no phase.
func drawMap(l *language.Locale, phases map[rogatory.StateCode]status.Phase, theme string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="%s" viewBox="%d 0 %d %d" lang="%s"><title>`, theme, -mapMargin, mapWidth+2*mapMargin, mapHeight, l.Tag())
	escape := func(s string) { _ = xml.EscapeText(&b, []byte(s)) } // a bytes.Buffer takes everything
	escape(l.T("map.title"))
	b.WriteString(`</title><desc>`)
	escape(l.T("map.disclaimer"))
	fmt.Fprintf(&b, `</desc><style>%s</style><defs><pattern id="h" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5"/><path d="M-1 1l2-2M0 5l5-5M4 6l2-2"/></pattern></defs>`, mapStyle)
	for _, o := range outlines() {
		phase, listed := phases[o.Code]
		class := mapClass(phase)
		if !listed {
			if o.Dot {
				continue
			}
			class = "n"
		}
		if o.Dot {
			x, y, _ := strings.Cut(o.Path, " ")
			fmt.Fprintf(&b, `<circle class="%s" cx="%s" cy="%s" r="%d">`, class, x, y, mapDot)
		} else {
			fmt.Fprintf(&b, `<path class="%s" d="%s">`, class, o.Path)
		}
		if listed {
			b.WriteString(`<title>`)
			escape(l.State(o.Code) + " – " + l.T("phase."+string(phase)))
			b.WriteString(`</title>`)
		}
		if o.Dot {
			b.WriteString(`</circle>`)
		} else {
			b.WriteString(`</path>`)
		}
	}
	b.WriteString(`</svg>`)
	return b.Bytes()
}

// mapPolicy lets the map's own sheet stand in it, and nothing else.
func mapPolicy() string {
	sum := sha256.Sum256([]byte(mapStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'"
}

// mapKept is how long a browser may keep the map, whose address names its day, language and colours.
const mapKept = "private, max-age=3600"

func (s *server) treatyMap(v *visit) error {
	desk, today := s.Office.Rules.Desk, status.DateOf(v.now.Time())
	phases := map[rogatory.StateCode]status.Phase{}
	for _, st := range desk.Book().States().All {
		now, err := desk.Status(st.Code, today)
		if err != nil {
			return err
		}
		phases[st.Code] = now.Phase
	}
	theme := ""
	if t := v.r.URL.Query().Get("theme"); t == "dark" || t == "light" {
		theme = t
	}
	svg := drawMap(v.loc, phases, theme)
	h := v.w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", mapPolicy())
	h.Set("Cache-Control", mapKept)
	h.Set("Vary", "Accept-Encoding, Cookie")
	if !strings.Contains(v.r.Header.Get("Accept-Encoding"), "gzip") {
		_, err := v.w.Write(svg)
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
