// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"cmp"
	"errors"
	"io"
	"slices"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"rogatory/preview"
)

// Bounds of a summary of a capture.
const (
	maxCapture = 60 << 20 // bytes of the file that are counted
	maxPackets = 2_000_000
	maxFlows   = 20_000 // conversations held apart
	toldFlows  = 40
)

func summary(c *preview.Copy, src source, kind string) error {
	switch kind {
	case typePcap, typePcapNG:
		capture(c, src, kind)
	case typeEVTX:
		eventLog(c, src)
	case typeEWF:
		diskImage(c, src)
	}
	return nil
}

// packets is what both formats of captures give.
type packets interface {
	ReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

type flowKey struct{ a, b, proto string }

// capture counts packets and who spoke with whom. What was said is not looked at.
func capture(c *preview.Copy, src source, kind string) {
	r := bufio.NewReaderSize(io.LimitReader(whole(src), maxCapture), piece)
	if src.Size() > maxCapture {
		c.Cut = true
		remark(c, preview.Incomplete)
	}
	var p packets
	var err error
	if kind == typePcap {
		p, err = pcapgo.NewReader(r)
	} else {
		p, err = pcapgo.NewNgReader(r, pcapgo.NgReaderOptions{SkipUnknownVersion: true})
	}
	if err != nil {
		remark(c, preview.Damaged)
		return
	}
	fact(c, "Link", p.LinkType().String())
	flows := map[flowKey]*preview.Flow{}
	var first, last time.Time
	var carried int64
	for {
		data, info, err := p.ReadPacketData()
		if err != nil {
			if !errors.Is(err, io.EOF) && !c.Cut || errors.Is(err, io.ErrUnexpectedEOF) && !c.Cut {
				remark(c, preview.Damaged)
			}
			break
		}
		if c.Count++; c.Count > maxPackets {
			c.Cut = true
			remark(c, preview.TooMany)
			break
		}
		carried += int64(max(info.Length, 0))
		if t := info.Timestamp; t.Before(firstTime) || !t.Before(endOfTime) {
			remark(c, preview.OddTime)
		} else {
			if first.IsZero() || t.Before(first) {
				first = t
			}
			if t.After(last) {
				last = t
			}
		}
		key := flowOf(data, p.LinkType())
		f := flows[key]
		if f == nil {
			if len(flows) >= maxFlows {
				c.Cut = true
				continue
			}
			f = &preview.Flow{A: shown(key.a), B: shown(key.b), Proto: shown(key.proto)}
			flows[key] = f
		}
		f.Packets++
		f.Bytes += int64(max(info.Length, 0))
	}
	c.Total = carried
	c.First, c.Last = stamp(first), stamp(last)
	for _, f := range flows {
		c.Flows = append(c.Flows, *f)
	}
	fact(c, "Conversations", number(int64(len(flows))))
	slices.SortFunc(c.Flows, func(x, y preview.Flow) int {
		return cmp.Or(-cmp.Compare(x.Bytes, y.Bytes), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), cmp.Compare(x.Proto, y.Proto))
	})
	if len(c.Flows) > toldFlows {
		c.Flows, c.Cut = c.Flows[:toldFlows], true
	}
}

// flowOf names the two ends of a packet, in one order for both directions.
func flowOf(data []byte, link layers.LinkType) flowKey {
	packet := gopacket.NewPacket(data, link, gopacket.DecodeOptions{Lazy: true, NoCopy: true})
	network := packet.NetworkLayer()
	if network == nil {
		if l := packet.LinkLayer(); l != nil {
			a, b := l.LinkFlow().Endpoints()
			return ordered(a.String(), b.String(), l.LayerType().String())
		}
		return flowKey{proto: link.String()}
	}
	src, dst := network.NetworkFlow().Endpoints()
	a, b, proto := src.String(), dst.String(), network.LayerType().String()
	if transport := packet.TransportLayer(); transport != nil {
		from, to := transport.TransportFlow().Endpoints()
		proto = transport.LayerType().String()
		if network.LayerType() == layers.LayerTypeIPv6 {
			a, b = "["+a+"]", "["+b+"]"
		}
		a, b = a+":"+from.String(), b+":"+to.String()
	}
	return ordered(a, b, proto)
}

func ordered(a, b, proto string) flowKey {
	if b < a {
		a, b = b, a
	}
	return flowKey{a, b, proto}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}
