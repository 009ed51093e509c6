// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"strings"
)

// Limits of a container. They bound memory and work before anything is believed.
const (
	// MaxContainer is the largest container in bytes. Messages are a few KiB;
	// scanned annexes fit; bulk evidence travels outside the container.
	MaxContainer = 8 << 20
	// MaxEntries is the largest number of ZIP entries: a request with its annexes
	// and proofs has about ten, and the work per entry stays trivial.
	MaxEntries = 64
	// MaxName is the longest entry name in bytes, below every file system's limit.
	MaxName = 128
)

// The ZIP structures that this profile knows (APPNOTE.TXT 4.3.7, 4.3.12, 4.3.16).
const (
	localSignature   = 0x04034b50
	centralSignature = 0x02014b50
	endSignature     = 0x06054b50
	localLength      = 30
	centralLength    = 46
	endLength        = 22

	// zipVersion 1.0 suffices for stored entries; made-by says FAT, so no
	// permissions are carried.
	zipVersion = 10
	// zipDate is 1 January 1980, the first day a ZIP can express: a container's
	// bytes must not depend on when or where it was written. Signing time and
	// time-stamps say what time it was.
	zipDate = 1<<5 | 1
)

// entry is one stored file of the ZIP.
type entry struct {
	name string
	data []byte
}

// layout writes the one valid ZIP for these entries: stored, dated 1980, no flags,
// no extra fields, no comments, nothing between.
func layout(entries []entry) []byte {
	size := endLength
	for _, e := range entries {
		size += localLength + centralLength + 2*len(e.name) + len(e.data)
	}
	out := make([]byte, 0, size)
	central := make([]byte, 0, len(entries)*(centralLength+MaxName))
	for _, e := range entries {
		sum := crc32.ChecksumIEEE(e.data)
		central = appendCentral(central, e, sum, len(out))
		out = appendLocal(out, e, sum)
		out = append(out, e.data...)
	}
	return appendEnd(out, central, len(entries))
}

func appendLocal(b []byte, e entry, sum uint32) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, localSignature)
	b = le.AppendUint16(b, zipVersion)
	b = appendCommon(b, e, sum)
	return append(b, e.name...)
}

func appendCentral(b []byte, e entry, sum uint32, offset int) []byte {
	le := binary.LittleEndian
	b = le.AppendUint32(b, centralSignature)
	b = le.AppendUint16(b, zipVersion) // made by
	b = le.AppendUint16(b, zipVersion) // needed
	b = appendCommon(b, e, sum)
	b = le.AppendUint16(b, 0) // comment length
	b = le.AppendUint16(b, 0) // disk
	b = le.AppendUint16(b, 0) // internal attributes
	b = le.AppendUint32(b, 0) // external attributes
	b = le.AppendUint32(b, uint32(offset))
	return append(b, e.name...)
}

// appendCommon writes the fields that local and central headers share.
func appendCommon(b []byte, e entry, sum uint32) []byte {
	le := binary.LittleEndian
	b = le.AppendUint16(b, 0) // flags
	b = le.AppendUint16(b, 0) // method: stored
	b = le.AppendUint16(b, 0) // time
	b = le.AppendUint16(b, zipDate)
	b = le.AppendUint32(b, sum)
	b = le.AppendUint32(b, uint32(len(e.data))) // compressed
	b = le.AppendUint32(b, uint32(len(e.data))) // uncompressed
	b = le.AppendUint16(b, uint16(len(e.name)))
	return le.AppendUint16(b, 0) // extra field length
}

func appendEnd(out, central []byte, count int) []byte {
	le := binary.LittleEndian
	offset := len(out)
	out = append(out, central...)
	out = le.AppendUint32(out, endSignature)
	out = le.AppendUint16(out, 0) // this disk
	out = le.AppendUint16(out, 0) // disk of the directory
	out = le.AppendUint16(out, uint16(count))
	out = le.AppendUint16(out, uint16(count))
	out = le.AppendUint32(out, uint32(len(central)))
	out = le.AppendUint32(out, uint32(offset))
	return le.AppendUint16(out, 0) // comment length
}

// split takes a ZIP apart. It accepts exactly what layout writes: every header it
// meets is written anew from name and data and compared, so there is no second
// encoding, no gap and no hidden byte. The returned data alias b.
func split(b []byte) ([]entry, error) {
	if len(b) > MaxContainer {
		return nil, ErrTooLarge.refuse("container of %d bytes, at most %d are allowed", len(b), MaxContainer)
	}
	le := binary.LittleEndian
	var entries []entry
	var central, header []byte
	at := 0
	for len(b)-at >= localLength && le.Uint32(b[at:]) == localSignature {
		if len(entries) == MaxEntries {
			return nil, ErrTooLarge.refuse("container has more than %d entries", MaxEntries)
		}
		size, nameLength := uint64(le.Uint32(b[at+18:])), int(le.Uint16(b[at+26:]))
		if nameLength > MaxName {
			return nil, ErrTooLarge.refuse("entry name of %d bytes, at most %d are allowed", nameLength, MaxName)
		}
		start := at + localLength + nameLength
		if start > len(b) || size > uint64(len(b)-start) {
			return nil, ErrMalformed.refuse("entry at offset %d runs past the end of the container", at)
		}
		e := entry{name: string(b[at+localLength : start]), data: b[start : start+int(size) : start+int(size)]}
		if err := checkName(e.name); err != nil {
			return nil, err
		}
		sum := crc32.ChecksumIEEE(e.data)
		header = appendLocal(header[:0], e, sum)
		if !bytes.Equal(header, b[at:start]) {
			return nil, ErrMalformed.refuse("local header of entry %q is not in the one valid form", e.name)
		}
		central = appendCentral(central, e, sum, at)
		entries = append(entries, e)
		at = start + int(size)
	}
	if len(entries) == 0 {
		return nil, ErrMalformed.refuse("container does not begin with a ZIP entry")
	}
	tail := appendEnd(make([]byte, at, at+len(central)+endLength), central, len(entries))[at:]
	if !bytes.Equal(tail, b[at:]) {
		return nil, ErrMalformed.refuse("central directory does not match the %d entries before it exactly", len(entries))
	}
	return entries, checkNames(entries)
}

// checkName allows names that mean the same on every system and need no escaping
// in a manifest: relative paths of ASCII letters, digits, dot, hyphen and
// underscore. Each segment begins with a letter, digit or underscore and does not
// end in a dot, which rules out "..", hidden files and what a command line would
// take for an option.
func checkName(name string) error {
	if len(name) > MaxName {
		return ErrTooLarge.refuse("entry name of %d bytes, at most %d are allowed", len(name), MaxName)
	}
	for segment := range strings.SplitSeq(name, "/") {
		if segment == "" || segment[0] == '.' || segment[0] == '-' || segment[len(segment)-1] == '.' {
			return ErrMalformed.refuse("entry name %q is not a plain relative path", name)
		}
		for i := range len(segment) {
			if c := segment[i]; !letterOrDigit(c) && c != '.' && c != '_' && c != '-' {
				return ErrMalformed.refuse("entry name %q holds a character outside A-Z a-z 0-9 . _ - /", name)
			}
		}
	}
	return nil
}

// checkNames refuses names that would collide when the container is unpacked, on
// any file system: equal but for case, or a file where another needs a folder.
func checkNames(entries []entry) error {
	seen := make(map[string]bool, len(entries))
	for _, e := range entries {
		folded := strings.ToLower(e.name)
		if seen[folded] {
			return ErrDuplicate.refuse("entry name %q occurs twice", e.name)
		}
		seen[folded] = true
	}
	for folded := range seen {
		for i := range len(folded) {
			if folded[i] == '/' && seen[folded[:i]] {
				return ErrMalformed.refuse("entry %q lies below an entry that is a file", folded)
			}
		}
	}
	return nil
}

func letterOrDigit(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
}
