// SPDX-License-Identifier: Apache-2.0

package vault

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math/bits"

	"rogatory"
)

// bitmap has one bit for each segment, the first in the lowest bit of the first byte.
type bitmap []byte

func newBitmap(segments int64) bitmap { return make(bitmap, (segments+7)/8) }

func (b bitmap) has(i int64) bool { return b[i/8]&(1<<(i%8)) != 0 }
func (b bitmap) set(i int64)      { b[i/8] |= 1 << (i % 8) }

func (b bitmap) count() (n int64) {
	for _, octet := range b {
		n += int64(bits.OnesCount8(octet))
	}
	return n
}

// missing returns the first ranges below segments whose bits are not set, at most limit of them.
func (b bitmap) missing(segments int64, limit int) []Range {
	var ranges []Range
	for i := int64(0); i < segments; {
		if i%8 == 0 && b[i/8] == 0xff { // held runs are long
			i += 8
			continue
		}
		if b.has(i) {
			i++
			continue
		}
		if len(ranges) == limit {
			break
		}
		first := i
		for i < segments && !b.has(i) {
			i++
		}
		ranges = append(ranges, Range{First: first, Count: i - first})
	}
	return ranges
}

// The file of bits has two slots, written in turn, so that a torn write leaves the other whole:
//
//	magic [8] | root [32] | sequence uint64 | segments uint64 | bitmap | CRC-32C of all before uint32
//
// with numbers in big-endian order. A slot is padded to whole pages, so that no page of the disk is in
// both. The checksum finds torn writes; it is no defence against a person, who could as well
// delete the transfer.

const (
	bitsMagic  = "rgtbits1"
	bitsHeader = len(bitsMagic) + leafSize + 8 + 8
	slotAlign  = 4096
)

func bitsLength(segments int64) int64 { return int64(bitsHeader) + (segments+7)/8 + crc32.Size }

func slotSize(segments int64) int64 {
	return (bitsLength(segments) + slotAlign - 1) / slotAlign * slotAlign
}

// appendBits appends one slot without its padding.
func appendBits(to []byte, root rogatory.Digest, sequence uint64, segments int64, held bitmap) []byte {
	start := len(to)
	to = append(to, bitsMagic...)
	to = append(to, root[:]...)
	to = binary.BigEndian.AppendUint64(to, sequence)
	to = binary.BigEndian.AppendUint64(to, uint64(segments))
	to = append(to, held...)
	return binary.BigEndian.AppendUint32(to, crc32.Checksum(to[start:], crc32.MakeTable(crc32.Castagnoli)))
}

// parseBits reads one slot, with or without its padding, of the transfer of root.
func parseBits(slot []byte, root rogatory.Digest, segments int64) (sequence uint64, held bitmap, err error) {
	if segments < 1 || segments > MaxSegments {
		return 0, nil, fmt.Errorf("bitmap of %d segments", segments)
	}
	length := bitsLength(segments)
	if int64(len(slot)) < length || int64(len(slot)) > slotSize(segments) {
		return 0, nil, fmt.Errorf("slot of %d bytes, %d wanted", len(slot), length)
	}
	slot = slot[:length]
	body := slot[:length-crc32.Size]
	switch {
	case string(body[:len(bitsMagic)]) != bitsMagic:
		return 0, nil, fmt.Errorf("slot begins with %q", body[:len(bitsMagic)])
	case crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != binary.BigEndian.Uint32(slot[length-crc32.Size:]):
		return 0, nil, fmt.Errorf("slot does not match its checksum")
	}
	body = body[len(bitsMagic):]
	if !bytes.Equal(body[:leafSize], root[:]) {
		return 0, nil, fmt.Errorf("slot belongs to another exhibit")
	}
	sequence = binary.BigEndian.Uint64(body[leafSize:])
	if n := binary.BigEndian.Uint64(body[leafSize+8:]); n != uint64(segments) {
		return 0, nil, fmt.Errorf("slot has %d segments, %d wanted", n, segments)
	}
	held = bitmap(bytes.Clone(body[leafSize+16:]))
	if spare := segments % 8; spare != 0 && held[len(held)-1]>>spare != 0 {
		return 0, nil, fmt.Errorf("slot has bits beyond segment %d", segments-1)
	}
	return sequence, held, nil
}
