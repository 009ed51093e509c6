// SPDX-License-Identifier: Apache-2.0

// Package preview shows what is in a file of evidence without trusting it: a rendered copy, made by a
// child process that can do nothing else.
//
// The parent, which is this package, parses nothing. It starts the same program again, hands it one
// pipe to ask by and one to be answered on, and serves ranges of the file until its figures are used
// up. The child (preview/render) shuts itself in before it reads the first byte (preview/jail): no file,
// no socket, no program, little memory, few seconds. What comes back is a Copy, whose every text is
// made inert here again, and at most one image as plain pixels, which the parent packs into a new PNG.
//
// It promises that a file which crashes, floods or stalls the child costs one preview and ends in a
// Fault: "preview_failed", "preview_too_slow", "preview_too_much" or "preview_malformed" (all Invalid:
// the file is what it is), "preview_busy" (Busy) or "preview_unguarded" (Unavailable: this system
// cannot shut a process in). Nothing is written to any disk. It refuses to run a child that is not
// shut in. A Copy is not the evidence and never says that the file is harmless: it is for orientation,
// and the original is opened by its own door.
package preview

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"rogatory"
)

// Command is the hidden argument by which the program becomes the child.
const Command = "render-preview"

// Limits of one preview. They are generous for what people look at, and small against a machine.
const (
	maxRead  = 64 << 20 // bytes of the file that one preview may read
	maxAsks  = 1 << 13  // times that it may ask for some
	MaxRange = 1 << 20  // bytes that it may ask for at once
	maxJSON  = 2 << 20  // bytes of a Copy: 64 kB of text made visible, or a thousand rows
	MaxSide  = 1000     // pixels of either side of a rendered image
	maxText  = 1 << 16  // bytes of one text of a Copy, once visible
	MaxPages = 1000     // pages of a document that can be asked for: nobody turns more by hand
)

// As says how to look at a file.
type As string

// The ways to look. Facts reads the first kilobytes to tell the type by content.
const (
	Facts   As = "facts"
	AsText  As = "text"
	AsHex   As = "hex"
	AsImage As = "image"
	AsPages As = "pages"
	AsMail  As = "mail"
	AsList  As = "list"
	AsSum   As = "summary"
)

// Ask is what the parent wants to see.
type Ask struct {
	As      As     `json:"as"`
	Size    int64  `json:"size"`              // of the whole file in bytes
	At      int64  `json:"at,omitempty"`      // AsHex: the first byte shown
	Mark    int64  `json:"mark,omitempty"`    // AsHex: the byte at which the reading of numbers and dates begins
	Page    int    `json:"page,omitempty"`    // AsPages: which one, from 1 to MaxPages; 0 is the first
	Charset string `json:"charset,omitempty"` // AsText: how to read it, one of Charsets; empty to tell by content
}

// Charsets are what a text can be read as.
var Charsets = []string{"utf-8", "utf-16le", "utf-16be", "windows-1252", "windows-1251", "windows-1256", "windows-874", "windows-1258", "koi8-r", "iso-8859-2", "gb18030", "big5", "shift_jis", "euc-kr"}

// Text is words that somebody else wrote, made inert: see Visible.
type Text string

// UnmarshalJSON makes the text inert again, whoever sent it.
func (t *Text) UnmarshalJSON(data []byte) error {
	var s string
	if err := json.Unmarshal(data, &s); err != nil {
		return err
	}
	if len(s) > maxText {
		return fmt.Errorf("a text of %d bytes, at most %d are shown", len(s), maxText)
	}
	*t = Text(Visible(s))
	return nil
}

// Copy is a rendered copy. What does not apply is empty.
type Copy struct {
	Type     Text     `json:"type"`               // by content, such as "image/png"
	Tabs     []As     `json:"tabs"`               // the ways to look at it that can show something
	Read     int64    `json:"read"`               // bytes of the file that were read
	Cut      bool     `json:"cut,omitempty"`      // there is more than is shown
	Remarks  []Remark `json:"remarks,omitempty"`  // what a careful reader should know
	Guards   []Guard  `json:"guards"`             // what held the child in
	Charset  Text     `json:"charset,omitempty"`  // AsText: as what it was read
	Lines    []Text   `json:"lines,omitempty"`    // AsText
	Bytes    []byte   `json:"bytes,omitempty"`    // AsHex: at most HexPage of them
	At       int64    `json:"at,omitempty"`       // AsHex: the first of them
	Readings []Fact   `json:"readings,omitempty"` // AsHex: what the bytes at the mark mean as numbers and dates
	Page     int      `json:"page,omitempty"`     // AsPages: the one that is shown, from 1; the last if there are fewer than were asked for
	Width    int      `json:"width,omitempty"`    // AsImage: of the original, in pixels
	Height   int      `json:"height,omitempty"`
	Facts    []Fact   `json:"facts,omitempty"` // the fields of the format by their own names
	Parts    []Part   `json:"parts,omitempty"` // AsMail: texts and attachments
	Entries  []Item   `json:"entries,omitempty"`
	Count    int64    `json:"count,omitempty"` // AsList: entries in all; AsPages: pages in all
	Total    int64    `json:"total,omitempty"` // AsList: bytes that they say they hold in all
	First    string   `json:"first,omitempty"` // AsSum: RFC 3339, UTC
	Last     string   `json:"last,omitempty"`
	Flows    []Flow   `json:"flows,omitempty"` // AsSum of a capture: who spoke with whom, most first

	PNG []byte `json:"-"` // AsImage, AsPages: packed by the parent
}

// Fact is a field of a format and what it says.
type Fact struct {
	Name  Text `json:"name"`
	Value Text `json:"value"`
}

// Part is a part of a letter.
type Part struct {
	Depth  int    `json:"depth"`
	Type   Text   `json:"type"`
	Name   Text   `json:"name,omitempty"` // of an attachment
	Size   int64  `json:"size"`           // decoded, in bytes
	Lines  []Text `json:"lines,omitempty"`
	Attach bool   `json:"attach,omitempty"`
	HTML   bool   `json:"html,omitempty"` // the words of an HTML part; addresses of links stand in brackets
	Facts  []Fact `json:"facts,omitempty"`
}

// Item is an entry of an archive.
type Item struct {
	Name    Text     `json:"name"`
	Size    int64    `json:"size"`
	Packed  int64    `json:"packed"` // -1 if the format does not say
	Time    string   `json:"time,omitempty"`
	Remarks []Remark `json:"remarks,omitempty"`
}

// Flow is a conversation of a capture.
type Flow struct {
	A       Text  `json:"a"`
	B       Text  `json:"b"`
	Proto   Text  `json:"proto"`
	Packets int64 `json:"packets"`
	Bytes   int64 `json:"bytes"`
}

// Guard is something that held the child in.
type Guard string

// The guards. A child without Syscalls does not run.
const (
	Syscalls Guard = "syscalls" // seccomp: no call that opens, connects or starts anything
	NoFiles  Guard = "no_files" // Landlock: no file system at all
	Figures  Guard = "figures"  // resource limits: seconds, memory, no file written, no core
)

// Remark is something that a careful reader should know, as a stable word.
type Remark string

// The remarks.
const (
	Hidden     Remark = "hidden_characters" // control or invisible characters were made visible
	Expands    Remark = "expands"           // holds far more than its size: a bomb or well packed
	Escapes    Remark = "escapes"           // a name that leads out of its folder
	Encrypted  Remark = "encrypted"
	Twice      Remark = "twice"      // a name that stands there before
	Link       Remark = "link"       // points elsewhere
	Damaged    Remark = "damaged"    // ends or contradicts itself; shown as far as it could be read
	TooDeep    Remark = "too_deep"   // parts within parts beyond the limit are not shown
	TooMany    Remark = "too_many"   // more entries than are looked at
	Checksum   Remark = "checksum"   // a checksum does not hold
	OddTime    Remark = "odd_time"   // a time that cannot be right was left out
	Remote     Remark = "remote"     // names things elsewhere, which were not fetched
	Disguised  Remark = "disguised"  // the name says another type than the content
	Incomplete Remark = "incomplete" // only the first part of the file was read
	Password   Remark = "password"   // opens only with a password, so that nothing is painted
	TooLarge   Remark = "too_large"  // the file is larger than what is painted
)

// HexPage is how many bytes one page of AsHex shows.
const HexPage = 512

// Visible makes a text inert: control characters as their pictures (U+2400 and after), what is invisible
// or turns the direction of writing as its number in brackets, and bytes that are no character in
// hexadecimal. Tabs and spaces stay, line ends become their pictures too. It is idempotent.
func Visible(s string) string {
	if plain(s) {
		return s
	}
	var b strings.Builder
	for i, r := range s {
		switch {
		case r == '\t':
			b.WriteRune(r)
		case r == utf8.RuneError && !strings.HasPrefix(s[i:], "\uFFFD"):
			fmt.Fprintf(&b, "⟨%02X⟩", s[i])
		case r < 0x20:
			b.WriteRune(0x2400 + r)
		case r == 0x7f:
			b.WriteRune(0x2421)
		case invisible(r):
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// plain: nothing in it has to be made visible.
func plain(s string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool { return r != '\t' && (r < 0x20 || r == 0x7f || invisible(r)) }) < 0
}

// invisible characters take no ink, or act on others: format characters (bidi controls, joiners, tags),
// separators of lines and paragraphs, C1 controls, fillers that look like nothing, variation selectors
// of the supplement, which can carry a hidden text.
func invisible(r rune) bool {
	switch {
	case r < 0x80:
		return false
	case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp, unicode.Cs):
		return true
	}
	return r == 0x115F || r == 0x1160 || r == 0x3164 || r == 0xFFA0 || r == 0x034F || r >= 0xE0100 && r <= 0xE01EF
}

// check refuses figures that no honest child gives.
func (c *Copy) check(ask Ask) error {
	for _, n := range []int64{c.Read, c.At, int64(c.Width), int64(c.Height), c.Count, int64(c.Page)} {
		if n < 0 {
			return fmt.Errorf("a figure of %d", n)
		}
	}
	if len(c.Bytes) > HexPage || c.At > ask.Size {
		return fmt.Errorf("%d bytes at %d", len(c.Bytes), c.At)
	}
	if !holds(c.Guards, Syscalls) {
		return fmt.Errorf("the guards are %v", c.Guards)
	}
	for _, r := range c.Remarks {
		if !remarks[r] {
			return fmt.Errorf("a remark %.40q", r)
		}
	}
	for _, t := range c.Tabs {
		if !ways[t] {
			return fmt.Errorf("a tab %.40q", t)
		}
	}
	for _, e := range c.Entries {
		for _, r := range e.Remarks {
			if !remarks[r] {
				return fmt.Errorf("a remark %.40q", r)
			}
		}
		if !isTime(e.Time) {
			return fmt.Errorf("a time %.40q", e.Time)
		}
	}
	if !isTime(c.First) || !isTime(c.Last) {
		return fmt.Errorf("times %.40q and %.40q", c.First, c.Last)
	}
	return nil
}

var (
	ways    = map[As]bool{Facts: true, AsText: true, AsHex: true, AsImage: true, AsPages: true, AsMail: true, AsList: true, AsSum: true}
	remarks = map[Remark]bool{Hidden: true, Expands: true, Escapes: true, Encrypted: true, Twice: true, Link: true, Damaged: true, TooDeep: true, TooMany: true, Checksum: true, OddTime: true, Remote: true, Disguised: true, Incomplete: true, Password: true, TooLarge: true}
)

// Valid refuses an Ask that makes no sense.
func (a Ask) Valid() error {
	known := a.Charset == ""
	for _, c := range Charsets {
		known = known || c == a.Charset
	}
	if !ways[a.As] || !known || a.At < 0 || a.Mark < 0 || a.Size < 0 || a.At > a.Size || a.Mark > a.Size || a.Page < 0 || a.Page > MaxPages {
		return rogatory.Fault(rogatory.Invalid, "preview_unknown", "no way to look at a file of %d bytes as %.20q (%.20q) from byte %d, %d, page %d", a.Size, a.As, a.Charset, a.At, a.Mark, a.Page)
	}
	return nil
}
