// SPDX-License-Identifier: Apache-2.0

// Package atlas draws the world with where each State stands in the Convention.
//
// It promises a well-formed SVG document with a title, a description and the name of each State of the list, in two tones
// and a pattern, so that no colour has to be told from another; its own sheet is the only style in it, and Policy lets a
// browser take that sheet and nothing else. An area that is no State of the list has no name and no phase. It refuses
// nothing: a State without a phase stays plain. There is no state and no error. What the outlines say is told in
// docs/treaty-desk.md.
package atlas

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"strings"

	"rogatory"
	"rogatory/language"
	"rogatory/treaty/status"
)

// world holds outlines and dots of the world's States; scripts/worldmap makes it and says of what.
//
//go:embed world.txt
var world string

// The drawing's measures, as scripts/worldmap has them.
const mapWidth, mapHeight, mapDot, mapMargin = 1600, 700, 6, 12

// Outline is one line of world: an area, or the place of a State too small to be seen as one.
type Outline struct {
	Code rogatory.StateCode
	Dot  bool
	Path string // of an area; "x y" of a dot
}

// Outlines reads the embedded file, areas before dots.
func Outlines() (all []Outline) {
	for line := range strings.Lines(world) {
		code, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		form, path, _ := strings.Cut(rest, " ")
		all = append(all, Outline{rogatory.StateCode(code), form == "o", path})
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

// mapStyle is the sheet of the map, which is a document of its own. Its colours are those of the sheets of the console and the portal.
const mapStyle = `:root{--p:#fbfaf7;--l:#d9d6cf;--m:#8f8b82;--a:#0b5a63}
@media(prefers-color-scheme:dark){:root:not(.light){--p:#14171a;--l:#33383d;--m:#6b7278;--a:#6cc3cc}}
:root.dark{--p:#14171a;--l:#33383d;--m:#6b7278;--a:#6cc3cc}
svg{background:var(--p)}path,circle{fill:var(--l);stroke:var(--p);stroke-width:1}
pattern rect{fill:var(--l);stroke:none}pattern path{fill:none;stroke:var(--a);stroke-width:1.25}
.s{fill:url(#h)}.c{fill:var(--a)}circle{stroke:var(--m);stroke-width:1.5}circle.s,circle.c{stroke:var(--a)}
.n{fill:var(--l);opacity:.6}`

// Draw draws the world with the phase of each State of the list. The theme is light, dark, or empty for that of the reader.
func Draw(l *language.Locale, phases map[rogatory.StateCode]status.Phase, theme string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" class="%s" viewBox="%d 0 %d %d" lang="%s"><title>`, theme, -mapMargin, mapWidth+2*mapMargin, mapHeight, l.Tag())
	escape := func(s string) { _ = xml.EscapeText(&b, []byte(s)) } // a bytes.Buffer takes everything
	escape(l.T("map.title"))
	b.WriteString(`</title><desc>`)
	escape(l.T("map.disclaimer"))
	fmt.Fprintf(&b, `</desc><style>%s</style><defs><pattern id="h" width="5" height="5" patternUnits="userSpaceOnUse"><rect width="5" height="5"/><path d="M-1 1l2-2M0 5l5-5M4 6l2-2"/></pattern></defs>`, mapStyle)
	for _, o := range Outlines() {
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

// Policy is the content security policy of a drawing: its own sheet, and nothing else.
func Policy() string {
	sum := sha256.Sum256([]byte(mapStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; frame-ancestors 'none'"
}

// Phases are where the States of a desk's list stand on a day, for Draw.
func Phases(desk *status.Desk, on status.Date) (map[rogatory.StateCode]status.Phase, error) {
	phases := map[rogatory.StateCode]status.Phase{}
	for _, st := range desk.Book().States().All {
		now, err := desk.Status(st.Code, on)
		if err != nil {
			return nil, err
		}
		phases[st.Code] = now.Phase
	}
	return phases, nil
}
