// SPDX-License-Identifier: Apache-2.0

package render

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"time"

	"rogatory/preview"
)

func hex(c *preview.Copy, src source, at, mark int64) error {
	page := make([]byte, min(preview.HexPage, src.Size()-at))
	n, err := src.ReadAt(page, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.At, c.Bytes, c.Cut = at, page[:n], at+int64(n) < src.Size()
	marked := make([]byte, min(marks, src.Size()-mark))
	n, err = src.ReadAt(marked, mark)
	if err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	c.Readings = Readings(marked[:n])
	return nil
}

// marks is how many bytes the longest reading takes: a GUID.
const marks = 16

// The span of years in which a number is taken for a time: what is older or younger is chance.
var (
	firstTime = time.Date(1970, 1, 2, 0, 0, 0, 0, time.UTC)
	endOfTime = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Readings tells what bytes mean as numbers, times and names, by the terms of the trade. LE is the
// least significant byte first, BE the most significant.
func Readings(b []byte) []preview.Fact {
	var all []preview.Fact
	add := func(name, value string) {
		all = append(all, preview.Fact{Name: preview.Text(name), Value: preview.Text(value)})
	}
	when := func(name string, t time.Time, ok bool) {
		if ok && !t.Before(firstTime) && t.Before(endOfTime) {
			add(name, t.UTC().Format("2006-01-02T15:04:05.999999999Z"))
		}
	}
	if len(b) >= 1 {
		add("uint8", strconv.Itoa(int(b[0])))
		add("int8", strconv.Itoa(int(int8(b[0]))))
	}
	for _, order := range []struct {
		name string
		binary.ByteOrder
	}{{"LE", binary.LittleEndian}, {"BE", binary.BigEndian}} {
		if len(b) >= 2 {
			n := order.Uint16(b)
			add("uint16 "+order.name, strconv.Itoa(int(n)))
			add("int16 "+order.name, strconv.Itoa(int(int16(n))))
		}
		if len(b) >= 4 {
			n := order.Uint32(b)
			add("uint32 "+order.name, strconv.FormatUint(uint64(n), 10))
			add("int32 "+order.name, strconv.Itoa(int(int32(n))))
			add("float32 "+order.name, strconv.FormatFloat(float64(math.Float32frombits(n)), 'g', -1, 32))
			when("Unix s 32 "+order.name, time.Unix(int64(n), 0), true)
			when("HFS+ "+order.name, time.Unix(int64(n)-hfsEpoch, 0), true)
		}
		if len(b) >= 8 {
			n := order.Uint64(b)
			f := math.Float64frombits(n)
			add("uint64 "+order.name, strconv.FormatUint(n, 10))
			add("int64 "+order.name, strconv.FormatInt(int64(n), 10))
			add("float64 "+order.name, strconv.FormatFloat(f, 'g', -1, 64))
			fits := n <= math.MaxInt64
			when("Unix s 64 "+order.name, time.Unix(int64(n), 0), n < 1<<40)
			when("Unix ms 64 "+order.name, time.UnixMilli(int64(n)), fits)
			when("Unix µs 64 "+order.name, time.UnixMicro(int64(n)), fits)
			t, ok := filetime(n)
			when("FILETIME "+order.name, t, ok)
			when("WebKit µs "+order.name, time.UnixMicro(int64(n)-webkitEpoch), fits)
			when("Cocoa s "+order.name, time.Unix(cocoaEpoch+int64(f), int64((f-math.Floor(f))*1e9)), f > 1 && f < 1<<32)
			when("OLE date "+order.name, time.Unix(int64((f-oleEpochDays)*86400), 0), f > 1 && f < 1<<17)
		}
	}
	if len(b) >= 4 {
		t, ok := dosTime(binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]))
		when("DOS time, date", t, ok)
		add("IPv4", fmt.Sprintf("%d.%d.%d.%d", b[0], b[1], b[2], b[3]))
	}
	if len(b) >= 16 {
		add("GUID LE", fmt.Sprintf("%08x-%04x-%04x-%x-%x", binary.LittleEndian.Uint32(b), binary.LittleEndian.Uint16(b[4:]), binary.LittleEndian.Uint16(b[6:]), b[8:10], b[10:16]))
		add("UUID BE", fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:16]))
	}
	return all
}

// The epochs of others, against Unix's.
const (
	filetimeEpoch = 116444736000000000 // 1 January 1601, in 100 ns
	webkitEpoch   = filetimeEpoch / 10 // the same, in µs
	cocoaEpoch    = 978307200          // 1 January 2001, in s
	hfsEpoch      = 2082844800         // 1 January 1904, in s
	oleEpochDays  = 25569              // 30 December 1899, in days
)

// filetime turns the 100 ns since 1601 of Windows into a time; false outside firstTime and endOfTime,
// where it is zero or chance, and where the arithmetic would run over.
func filetime(n uint64) (time.Time, bool) {
	if n <= filetimeEpoch || n > filetimeEpoch+(1<<62)/100 {
		return time.Time{}, false
	}
	n -= filetimeEpoch
	t := time.Unix(int64(n/10_000_000), int64(n%10_000_000)*100).UTC()
	return t, !t.Before(firstTime) && t.Before(endOfTime)
}

// dosTime reads the local time of FAT and zip; false if it is no time.
func dosTime(clock, date uint16) (time.Time, bool) {
	y, m, d := int(date>>9)+1980, time.Month(date>>5&15), int(date&31)
	h, min, s := int(clock>>11), int(clock>>5&63), int(clock&31)*2
	t := time.Date(y, m, d, h, min, s, 0, time.UTC)
	return t, t.Month() == m && t.Day() == d && t.Hour() == h && t.Minute() == min
}
