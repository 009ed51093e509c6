// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"io"
	"strconv"
	"strings"
	"time"

	"rogatory/preview"
)

// Bounds of the chain of sections of an EnCase image. A segment file has one for every few thousand
// chunks of the disk.
const (
	maxSections   = 2000
	maxEWFHeader  = 64 << 10 // bytes of its header, packed and unpacked
	ewfFileHeader = 13
	ewfSection    = 76
)

// ewfFields are the fields of the header by their letters, in the words of the format's documentation
// (libewf).
var ewfFields = map[string]string{"c": "Case number", "n": "Evidence number", "a": "Description", "e": "Examiner", "t": "Notes", "av": "Version", "ov": "Platform", "m": "Acquired", "u": "System date", "p": "Password hash", "md": "Model", "sn": "Serial number", "l": "Device label"}

// diskImage walks the sections of an EnCase image (EWF-E01) and tells header, volume and digests. The
// disk inside is not read.
func diskImage(c *preview.Copy, src source) {
	var start [ewfFileHeader]byte
	if n, _ := src.ReadAt(start[:], 0); n < len(start) || string(start[:8]) != "EVF\x09\x0d\x0a\xff\x00" {
		remark(c, preview.Damaged)
		return
	}
	fact(c, "Segment", strconv.Itoa(int(binary.LittleEndian.Uint16(start[9:]))))
	told := map[string]bool{}
	at := int64(ewfFileHeader)
	for i := 0; ; i++ {
		if i == maxSections {
			c.Cut = true
			remark(c, preview.TooMany)
			return
		}
		var s [ewfSection]byte
		if n, _ := src.ReadAt(s[:], at); n < len(s) {
			remark(c, preview.Damaged)
			return
		}
		if adler32.Checksum(s[:72]) != binary.LittleEndian.Uint32(s[72:]) {
			remark(c, preview.Checksum)
		}
		kind, _, _ := strings.Cut(string(s[:16]), "\x00")
		next, size := binary.LittleEndian.Uint64(s[16:]), binary.LittleEndian.Uint64(s[24:])
		c.Count++
		if size >= ewfSection && size <= ewfSection+maxEWFHeader && !told[kind] {
			body := make([]byte, size-ewfSection)
			n, _ := src.ReadAt(body, at+ewfSection)
			told[kind] = section(c, kind, body[:n])
		}
		if kind == "done" || kind == "next" {
			return
		}
		if next <= uint64(at) || next > uint64(src.Size()) { // forwards only: a chain that bites its tail ends here
			remark(c, preview.Damaged)
			return
		}
		at = int64(next)
	}
}

// section tells what one section says; true if it said something.
func section(c *preview.Copy, kind string, b []byte) bool {
	switch kind {
	case "header", "header2":
		return header(c, b)
	case "volume", "disk":
		if len(b) < 24 {
			return false
		}
		perChunk, perSector := binary.LittleEndian.Uint32(b[8:]), binary.LittleEndian.Uint32(b[12:])
		sectors := binary.LittleEndian.Uint64(b[16:])
		fact(c, "Chunks", strconv.Itoa(int(binary.LittleEndian.Uint32(b[4:]))))
		fact(c, "Sectors per chunk", strconv.Itoa(int(perChunk)))
		fact(c, "Bytes per sector", strconv.Itoa(int(perSector)))
		fact(c, "Sectors", strconv.FormatUint(sectors, 10))
		if perSector > 0 && perSector <= 1<<16 && sectors < 1<<46 {
			c.Total = int64(sectors) * int64(perSector)
		}
		return true
	case "hash":
		if len(b) >= 16 {
			fact(c, "MD5", fmt.Sprintf("%x", b[:16]))
			return true
		}
	case "digest":
		if len(b) >= 36 {
			fact(c, "MD5", fmt.Sprintf("%x", b[:16]))
			fact(c, "SHA-1", fmt.Sprintf("%x", b[16:36]))
			return true
		}
	}
	return false
}

// header unpacks the table of fields: a line of letters over a line of values, with tabs between. The
// second form is UTF-16; only the first of both that can be read is told.
func header(c *preview.Copy, b []byte) bool {
	z, err := zlib.NewReader(bytes.NewReader(b))
	if err != nil {
		remark(c, preview.Damaged)
		return false
	}
	raw, err := io.ReadAll(io.LimitReader(z, maxEWFHeader))
	if err != nil {
		remark(c, preview.Damaged)
	}
	words, err := decode(raw, guess(raw))
	if err != nil {
		return false
	}
	rows := strings.Split(strings.ReplaceAll(words, "\r", ""), "\n")
	for i := 0; i+1 < len(rows); i++ {
		names, values := strings.Split(rows[i], "\t"), strings.Split(rows[i+1], "\t")
		if len(names) < 4 || ewfFields[names[0]] == "" && names[0] != "a" {
			continue
		}
		for j, name := range names {
			label := ewfFields[strings.TrimSpace(name)]
			if label == "" || j >= len(values) || tells(c, label) {
				continue
			}
			value := values[j]
			if name == "m" || name == "u" {
				value = ewfTime(value)
			}
			fact(c, label, value)
		}
		return true
	}
	return false
}

func tells(c *preview.Copy, label string) bool {
	for _, f := range c.Facts {
		if string(f.Name) == label {
			return true
		}
	}
	return false
}

// ewfTime reads both ways of writing a time: seconds since 1970, or year to second with spaces, which
// is local time of an unnamed zone and is told as it stands.
func ewfTime(s string) string {
	if n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 40); err == nil && !strings.Contains(strings.TrimSpace(s), " ") {
		return time.Unix(n, 0).UTC().Format(time.RFC3339)
	}
	return s
}
