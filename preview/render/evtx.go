// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"strconv"
	"time"

	"rogatory/preview"
)

// The measures of a Windows event log, as the open documentation of the format (libevtx) has them.
const (
	evtxHeader = 4096
	evtxChunk  = 64 << 10
	maxChunks  = 900 // of 64 kB each: what one preview may read
)

// evtxSummary is what the headers say.
type evtxSummary struct {
	Version        string
	Chunks, Empty  int64 // chunks with records in them; without
	Records        int64
	First, Last    time.Time
	BadChecksums   int64
	Damaged, Dirty bool
	OddTimes       int64
	Cut            bool
}

// walkEVTX reads the header, the headers of chunks and those of records, and no event.
func walkEVTX(src source) (evtxSummary, error) {
	var s evtxSummary
	head := make([]byte, 128)
	if n, err := src.ReadAt(head, 0); n < len(head) {
		s.Damaged = true
		return s, notEOF(err)
	}
	if string(head[:8]) != "ElfFile\x00" {
		s.Damaged = true
		return s, nil
	}
	if crc32.ChecksumIEEE(head[:120]) != binary.LittleEndian.Uint32(head[124:]) {
		s.BadChecksums++
	}
	s.Dirty = binary.LittleEndian.Uint32(head[120:])&1 != 0
	s.Version = strconv.Itoa(int(binary.LittleEndian.Uint16(head[38:]))) + "." + strconv.Itoa(int(binary.LittleEndian.Uint16(head[36:])))
	chunk := make([]byte, evtxChunk)
	for i := int64(0); ; i++ {
		at := evtxHeader + i*evtxChunk
		if at >= src.Size() {
			return s, nil
		}
		if i == maxChunks {
			s.Cut = true
			return s, nil
		}
		n, err := src.ReadAt(chunk, at)
		if err := notEOF(err); err != nil {
			return s, err
		}
		if n < evtxChunk {
			s.Damaged = true
		}
		s.chunk(chunk[:n])
	}
}

func (s *evtxSummary) chunk(b []byte) {
	const header, records = 128, 512
	if len(b) < records || string(b[:8]) != "ElfChnk\x00" {
		if len(b) == evtxChunk && allZero(b) {
			s.Empty++
		} else {
			s.Damaged = true
		}
		return
	}
	free := int(binary.LittleEndian.Uint32(b[48:]))
	sum := crc32.NewIEEE()
	sum.Write(b[:120])
	sum.Write(b[header:records])
	if sum.Sum32() != binary.LittleEndian.Uint32(b[124:]) {
		s.BadChecksums++
	}
	if free < records || free > len(b) {
		s.Damaged = true
		return
	}
	if crc32.ChecksumIEEE(b[records:free]) != binary.LittleEndian.Uint32(b[52:]) {
		s.BadChecksums++
	}
	s.Chunks++
	for at := records; at+24 <= free; {
		size := int(binary.LittleEndian.Uint32(b[at+4:]))
		if string(b[at:at+4]) != "\x2a\x2a\x00\x00" || size < 28 || size > free-at {
			s.Damaged = true
			return
		}
		s.Records++
		if t, ok := filetime(binary.LittleEndian.Uint64(b[at+16:])); !ok {
			s.OddTimes++
		} else {
			if s.First.IsZero() || t.Before(s.First) {
				s.First = t
			}
			if t.After(s.Last) {
				s.Last = t
			}
		}
		at += size
	}
}

func eventLog(c *preview.Copy, src source) {
	s, err := walkEVTX(src)
	if err != nil || s.Damaged {
		remark(c, preview.Damaged)
	}
	if s.BadChecksums > 0 {
		remark(c, preview.Checksum)
	}
	if s.OddTimes > 0 {
		remark(c, preview.OddTime)
	}
	if s.Cut {
		c.Cut = true
		remark(c, preview.Incomplete)
	}
	c.Count, c.First, c.Last = s.Records, stamp(s.First), stamp(s.Last)
	fact(c, "Version", s.Version)
	fact(c, "Chunks", number(s.Chunks))
	fact(c, "Empty chunks", number(s.Empty))
	fact(c, "Bad checksums", number(s.BadChecksums))
	if s.Dirty {
		fact(c, "Flags", "dirty")
	}
}

func number(n int64) string { return strconv.FormatInt(n, 10) }

func allZero(b []byte) bool {
	for _, x := range b {
		if x != 0 {
			return false
		}
	}
	return true
}

func notEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
