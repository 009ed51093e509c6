// SPDX-License-Identifier: Apache-2.0

package pdf

import (
	"encoding/binary"
	"math"
)

// Color is red, green and blue, 0 to 255 each.
type Color [3]uint8

// profile returns a small ICC profile (version 2.1) of a screen with the primaries of sRGB, as PDF/A asks for
// the meaning of its colours. Its curve is a gamma of 2.2, which sRGB's own comes near.
func profile() []byte {
	type tag struct {
		name string
		data []byte
	}
	xyz := func(x, y, z float64) []byte {
		b := append([]byte("XYZ "), 0, 0, 0, 0)
		for _, v := range []float64{x, y, z} {
			b = binary.BigEndian.AppendUint32(b, uint32(math.Round(v*65536)))
		}
		return b
	}
	text := "No rights reserved\x00"
	const name = "RGB of sRGB primaries, gamma 2.2\x00"
	desc := append([]byte("desc"), 0, 0, 0, 0)
	desc = binary.BigEndian.AppendUint32(desc, uint32(len(name)))
	desc = append(append(desc, name...), make([]byte, 78)...) // no Unicode and no script code
	curve := append([]byte("curv"), 0, 0, 0, 0, 0, 0, 0, 1, 0x02, 0x33, 0, 0)
	tags := []tag{
		{"desc", desc}, {"cprt", append([]byte("text\x00\x00\x00\x00"), text...)}, {"wtpt", xyz(0.9642, 1, 0.8249)},
		{"rXYZ", xyz(0.43607, 0.22249, 0.01392)}, {"gXYZ", xyz(0.38515, 0.71687, 0.09708)}, {"bXYZ", xyz(0.14307, 0.06061, 0.71410)},
		{"rTRC", curve}, {"gTRC", curve}, {"bTRC", curve},
	}
	at := 128 + 4 + 12*len(tags)
	list := binary.BigEndian.AppendUint32(nil, uint32(len(tags)))
	var body []byte
	for _, t := range tags {
		list = append(list, t.name...)
		list = binary.BigEndian.AppendUint32(list, uint32(at+len(body)))
		list = binary.BigEndian.AppendUint32(list, uint32(len(t.data)))
		body = append(body, t.data...)
		for len(body)%4 != 0 {
			body = append(body, 0)
		}
	}
	head := make([]byte, 128)
	binary.BigEndian.PutUint32(head, uint32(at+len(body)))
	binary.BigEndian.PutUint32(head[8:], 0x02100000)
	copy(head[12:], "mntrRGB XYZ ")
	for i, v := range []uint16{2026, 1, 1, 0, 0, 0} {
		binary.BigEndian.PutUint16(head[24+2*i:], v)
	}
	copy(head[36:], "acsp")
	copy(head[68:], xyz(0.9642, 1, 0.8249)[8:])
	return append(append(head, list...), body...)
}
