// SPDX-License-Identifier: Apache-2.0

package render

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/binary"
	"fmt"
	"hash/adler32"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"

	"rogatory/preview"
)

// The files of these tests are made here: nobody's evidence.

func aZip(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for _, n := range names {
		w, err := z.CreateHeader(&zip.FileHeader{Name: n, Method: zip.Deflate, Modified: time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)})
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("content of " + n))
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func aTar(t testing.TB, names ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, n := range names {
		w.WriteHeader(&tar.Header{Name: n, Size: 3, Mode: 0o600, Typeflag: tar.TypeReg, Format: tar.FormatPAX, ModTime: time.Date(2026, 11, 3, 4, 5, 6, 0, time.UTC)})
		w.Write([]byte("abc"))
	}
	w.Close()
	return b.Bytes()
}

func gz(t testing.TB, content []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	w.Name = "inside.log"
	w.Write(content)
	w.Close()
	return b.Bytes()
}

func aPNG(t testing.TB, w, h int) []byte {
	t.Helper()
	m := image.NewRGBA(image.Rect(0, 0, w, h))
	m.Set(w/2, h/2, color.RGBA{255, 0, 0, 255})
	var b bytes.Buffer
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// hugePNG says that it has 100,000 by 100,000 pixels, in 57 bytes.
func hugePNG() []byte {
	chunk := func(kind string, data []byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(data)))
		b = append(append(b, kind...), data...)
		return binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b[4:]))
	}
	head := binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, 100_000), 100_000)
	return slices.Concat([]byte("\x89PNG\r\n\x1a\n"), chunk("IHDR", append(head, 8, 6, 0, 0, 0)), chunk("IDAT", nil), chunk("IEND", nil))
}

const aLetter = "From: Ana <ana@borealia.example>\r\nTo: desk@aurelia.example\r\nSubject: =?utf-8?q?Re=C3=A7u?=\r\nDate: Tue, 3 Nov 2026 04:05:06 +0000\r\nMIME-Version: 1.0\r\n" +
	"Content-Type: multipart/mixed; boundary=b1\r\n\r\n--b1\r\nContent-Type: multipart/alternative; boundary=b2\r\n\r\n--b2\r\nContent-Type: text/plain; charset=iso-8859-1\r\n\r\nre\xe7u \x1b[2J\r\n" +
	"--b2\r\nContent-Type: text/html\r\n\r\n<html><style>p{}</style><p>Your <b>bank</b> <a href=\"http://evil.example/x\">bank.example</a><img src=\"//track.example/1\"><script>alert(1)</script></p>\r\n--b2--\r\n" +
	"--b1\r\nContent-Type: application/pdf; name=\"bill.pdf\"\r\nContent-Disposition: attachment; filename=\"bill.pdf\"\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=\r\n--b1--\r\n"

func deepLetter(depth int) []byte {
	var b strings.Builder
	b.WriteString("From: a@b.example\r\nTo: c@d.example\r\nDate: Tue, 3 Nov 2026 04:05:06 +0000\r\n")
	for i := range depth {
		fmt.Fprintf(&b, "Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n", i, i)
	}
	b.WriteString("\r\nat the bottom\r\n")
	return []byte(b.String())
}

func manyParts(n int) []byte {
	return []byte("From: a@b.example\r\nTo: c@d.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + strings.Repeat("--b\r\n\r\nx\r\n", n) + "--b--\r\n")
}

func aCapture(t testing.TB, ng bool) []byte {
	t.Helper()
	var b bytes.Buffer
	var write func(gopacket.CaptureInfo, []byte) error
	if ng {
		w, err := pcapgo.NewNgWriter(&b, layers.LinkTypeEthernet)
		if err != nil {
			t.Fatal(err)
		}
		defer w.Flush()
		write = func(i gopacket.CaptureInfo, p []byte) error { defer w.Flush(); return w.WritePacket(i, p) }
	} else {
		w := pcapgo.NewWriter(&b)
		w.WriteFileHeader(65536, layers.LinkTypeEthernet)
		write = w.WritePacket
	}
	for i := range 10 {
		from, to := []byte{192, 0, 2, 1}, []byte{198, 51, 100, 7}
		sport, dport := layers.UDPPort(4000), layers.UDPPort(53)
		if i%2 == 1 { // the answers
			from, to, sport, dport = to, from, dport, sport
		}
		out := gopacket.NewSerializeBuffer()
		ip := &layers.IPv4{Version: 4, IHL: 5, TTL: 9, Protocol: layers.IPProtocolUDP, SrcIP: from, DstIP: to}
		udp := &layers.UDP{SrcPort: sport, DstPort: dport}
		udp.SetNetworkLayerForChecksum(ip)
		if err := gopacket.SerializeLayers(out, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true},
			&layers.Ethernet{SrcMAC: []byte{2, 0, 0, 0, 0, 1}, DstMAC: []byte{2, 0, 0, 0, 0, 2}, EthernetType: layers.EthernetTypeIPv4}, ip, udp, gopacket.Payload("hello")); err != nil {
			t.Fatal(err)
		}
		info := gopacket.CaptureInfo{Timestamp: time.Date(2026, 11, 3, 4, 5, i, 0, time.UTC), CaptureLength: len(out.Bytes()), Length: len(out.Bytes())}
		if err := write(info, out.Bytes()); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

const aFiletime = 133700000000000000 // 2024-09-05

// anEVTX has one chunk with n records, of which the last has no time.
func anEVTX(n int) []byte {
	b := make([]byte, evtxHeader+evtxChunk)
	copy(b, "ElfFile\x00")
	binary.LittleEndian.PutUint16(b[36:], 1)
	binary.LittleEndian.PutUint16(b[38:], 3)
	binary.LittleEndian.PutUint32(b[124:], crc32.ChecksumIEEE(b[:120]))
	c := b[evtxHeader:]
	copy(c, "ElfChnk\x00")
	at := 512
	for i := range n {
		copy(c[at:], "\x2a\x2a\x00\x00")
		binary.LittleEndian.PutUint32(c[at+4:], 40)
		if i < n-1 {
			binary.LittleEndian.PutUint64(c[at+16:], aFiletime+uint64(i)*10_000_000)
		}
		at += 40
	}
	binary.LittleEndian.PutUint32(c[48:], uint32(at))
	binary.LittleEndian.PutUint32(c[52:], crc32.ChecksumIEEE(c[512:at]))
	binary.LittleEndian.PutUint32(c[124:], crc32.ChecksumIEEE(slices.Concat(c[:120], c[128:512])))
	return b
}

func anEWF(t testing.TB) []byte {
	t.Helper()
	b := append([]byte("EVF\x09\x0d\x0a\xff\x00\x01"), 1, 0, 0, 0)
	add := func(kind string, body []byte) {
		s := make([]byte, ewfSection)
		copy(s, kind)
		next := uint64(len(b) + ewfSection + len(body))
		if kind == "done" {
			next = uint64(len(b))
		}
		binary.LittleEndian.PutUint64(s[16:], next)
		binary.LittleEndian.PutUint64(s[24:], uint64(ewfSection+len(body)))
		binary.LittleEndian.PutUint32(s[72:], adler32.Checksum(s[:72]))
		b = append(append(b, s...), body...)
	}
	var packed bytes.Buffer
	z := zlib.NewWriter(&packed)
	z.Write([]byte("1\nmain\nc\tn\ta\te\tt\tm\tu\n2026/118\tE-7\tlaptop\tExaminer 14\t\t1793678706\t1793678706\n\n"))
	z.Close()
	add("header", packed.Bytes())
	volume := make([]byte, 94)
	binary.LittleEndian.PutUint32(volume[8:], 64)
	binary.LittleEndian.PutUint32(volume[12:], 512)
	binary.LittleEndian.PutUint64(volume[16:], 200)
	add("volume", volume)
	add("hash", append(bytes.Repeat([]byte{0xab}, 16), make([]byte, 20)...))
	add("done", nil)
	return b
}

func see(t testing.TB, content []byte, ask preview.Ask) (preview.Copy, *image.NRGBA) {
	t.Helper()
	ask.Size = int64(len(content))
	c, m, err := Look(bytes.NewReader(content), ask)
	if err != nil {
		t.Fatal(err)
	}
	return c, m
}

func has(c preview.Copy, r preview.Remark) bool { return slices.Contains(c.Remarks, r) }

func factOf(c preview.Copy, name string) string {
	for _, f := range c.Facts {
		if string(f.Name) == name {
			return string(f.Value)
		}
	}
	return ""
}

func TestTypesAreToldByContent(t *testing.T) {
	for _, c := range []struct {
		content []byte
		kind    string
		first   preview.As
	}{
		{aZip(t, "a"), "application/zip", preview.AsList}, {aTar(t, "a"), "application/x-tar", preview.AsList}, {gz(t, []byte("x")), "application/gzip", preview.AsList},
		{aPNG(t, 2, 2), "image/png", preview.AsImage}, {[]byte(aLetter), "message/rfc822", preview.AsMail}, {aCapture(t, false), typePcap, preview.AsSum}, {aCapture(t, true), typePcapNG, preview.AsSum},
		{anEVTX(1), typeEVTX, preview.AsSum}, {anEWF(t), typeEWF, preview.AsSum}, {[]byte("plain words\n"), "text/plain", preview.AsText}, {[]byte("\x00\x01\x02\x03\xff"), "application/octet-stream", preview.AsHex},
		{[]byte("<svg xmlns=\"http://www.w3.org/2000/svg\"><script/></svg>"), "image/svg+xml", preview.AsText},
		{nil, "text/plain", preview.AsText},
	} {
		got, _ := see(t, c.content, preview.Ask{As: preview.Facts})
		if string(got.Type) != c.kind || got.Tabs[0] != c.first || !slices.Contains(got.Tabs, preview.AsHex) || !slices.Contains(got.Tabs, preview.AsText) {
			t.Errorf("%s: got %s, %v", c.kind, got.Type, got.Tabs)
		}
	}
}

func TestText(t *testing.T) {
	got, _ := see(t, []byte("one\r\ninvoice\u202egpj.exe\x1b[31m\n\xff end"), preview.Ask{As: preview.AsText})
	if want := []preview.Text{"one", "invoice⟨U+202E⟩gpj.exe␛[31m", "⟨FF⟩ end"}; !slices.Equal(got.Lines, want) || !has(got, preview.Hidden) || got.Cut {
		t.Errorf("got %q %v", got.Lines, got.Remarks)
	}
	got, _ = see(t, []byte("\xff\xfea\x00b\x00"), preview.Ask{As: preview.AsText})
	if !slices.Equal(got.Lines, []preview.Text{"ab"}) || got.Charset != "utf-16le" {
		t.Errorf("got %q as %s", got.Lines, got.Charset)
	}
	got, _ = see(t, []byte("\xcf\xf0\xe8\xe2\xe5\xf2"), preview.Ask{As: preview.AsText, Charset: "windows-1251"})
	if !slices.Equal(got.Lines, []preview.Text{"Привет"}) {
		t.Errorf("got %q", got.Lines)
	}
	for name, content := range map[string][]byte{"one line": bytes.Repeat([]byte("é"), 1<<17), "no line": bytes.Repeat([]byte("\n"), 1<<17), "nothing of it a character": bytes.Repeat([]byte{0xff}, 1<<17), "hidden": bytes.Repeat([]byte("\u200b"), 1<<17)} {
		got, _ := see(t, content, preview.Ask{As: preview.AsText})
		if !got.Cut || len(got.Lines) > maxLines {
			t.Errorf("%s: %d lines, cut %v", name, len(got.Lines), got.Cut)
		}
	}
	for _, charset := range preview.Charsets {
		if charset != "utf-8" && encodings(charset) == nil {
			t.Errorf("%s cannot be read", charset)
		}
	}
}

func TestReadingsOfBytes(t *testing.T) {
	for _, c := range []struct {
		name, reading, want string
		bytes               []byte
	}{
		{"Unix seconds", "Unix s 32 LE", "2026-11-03T04:05:06Z", binary.LittleEndian.AppendUint32(nil, 1793678706)},
		{"Unix seconds, network order", "Unix s 32 BE", "2026-11-03T04:05:06Z", binary.BigEndian.AppendUint32(nil, 1793678706)},
		{"milliseconds", "Unix ms 64 LE", "2026-11-03T04:05:06.789Z", binary.LittleEndian.AppendUint64(nil, 1793678706789)},
		{"Windows", "FILETIME LE", "2024-09-05T08:53:20Z", binary.LittleEndian.AppendUint64(nil, aFiletime)},
		{"Windows, zero", "FILETIME LE", "", make([]byte, 8)},
		{"Windows, the last", "FILETIME LE", "", bytes.Repeat([]byte{0xff}, 8)},
		{"Chrome", "WebKit µs LE", "2026-11-03T04:05:06Z", binary.LittleEndian.AppendUint64(nil, (1793678706+11644473600)*1000000)},
		{"Apple", "HFS+ BE", "2026-11-03T04:05:06Z", binary.BigEndian.AppendUint32(nil, uint32(1793678706+2082844800))},
		{"spreadsheet", "OLE date LE", "2026-11-03T12:00:00Z", binary.LittleEndian.AppendUint64(nil, math.Float64bits(46329.5))},
		{"FAT", "DOS time, date", "2026-11-03T04:05:06Z", []byte{0xa3, 0x20, 0x63, 0x5d}},
		{"FAT, no day", "DOS time, date", "", []byte{0, 0, 0, 0}},
		{"minus one", "int16 LE", "-1", []byte{0xff, 0xff}},
		{"address", "IPv4", "192.0.2.1", []byte{192, 0, 2, 1}},
		{"a name", "GUID LE", "00112233-4455-6677-8899-aabbccddeeff", []byte{0x33, 0x22, 0x11, 0, 0x55, 0x44, 0x77, 0x66, 0x88, 0x99, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff}},
		{"too short", "uint16 LE", "", []byte{1}},
	} {
		got := ""
		for _, f := range Readings(c.bytes) {
			if string(f.Name) == c.reading {
				got = string(f.Value)
			}
		}
		if got != c.want {
			t.Errorf("%s: %s reads %q, %q wanted", c.name, c.reading, got, c.want)
		}
	}
}

func TestImages(t *testing.T) {
	got, m := see(t, aPNG(t, 40, 30), preview.Ask{As: preview.AsImage})
	if m == nil || m.Rect.Dx() != 40 || got.Width != 40 || got.Height != 30 || factOf(got, "Format") != "PNG" {
		t.Errorf("got %+v", got)
	}
	got, m = see(t, hugePNG(), preview.Ask{As: preview.AsImage})
	if m != nil || got.Width != 100_000 || !has(got, preview.Expands) {
		t.Errorf("the huge one: %+v", got)
	}
	got, m = see(t, aPNG(t, 40, 30)[:60], preview.Ask{As: preview.AsImage})
	if m != nil || !has(got, preview.Damaged) {
		t.Errorf("half of one: %+v", got)
	}
}

func TestMail(t *testing.T) {
	got, _ := see(t, []byte(aLetter), preview.Ask{As: preview.AsMail})
	if factOf(got, "Subject") != "Reçu" || factOf(got, "From") != "Ana <ana@borealia.example>" || !has(got, preview.Remote) || !has(got, preview.Hidden) || has(got, preview.Damaged) {
		t.Errorf("got %+v", got)
	}
	var words []string
	var attached string
	for _, p := range got.Parts {
		for _, l := range p.Lines {
			words = append(words, string(l))
		}
		if p.Attach {
			attached = fmt.Sprint(p.Name, " ", p.Size, " ", p.Type)
		}
	}
	all := strings.Join(words, "|")
	if !strings.Contains(all, "reçu ␛[2J") || !strings.Contains(all, "bank bank.example [http://evil.example/x]") || strings.Contains(all, "alert") || strings.Contains(all, "p{}") || attached != "bill.pdf 5 application/pdf" {
		t.Errorf("words %q, attached %q", all, attached)
	}
	got, _ = see(t, deepLetter(10), preview.Ask{As: preview.AsMail})
	if has(got, preview.TooDeep) {
		t.Error("ten levels are too deep")
	}
	for _, deep := range []int{11, 300, 5000} {
		start := testing.AllocsPerRun(1, func() { got, _ = see(t, deepLetter(deep), preview.Ask{As: preview.AsMail}) })
		if !has(got, preview.TooDeep) || len(got.Parts) > 12 || start > 20_000 {
			t.Errorf("%d levels: %v, %d parts, %v allocations", deep, got.Remarks, len(got.Parts), start)
		}
	}
	got, _ = see(t, manyParts(50_000), preview.Ask{As: preview.AsMail})
	if !has(got, preview.TooMany) || len(got.Parts) > maxTold || got.Count != maxParts+1 {
		t.Errorf("many parts: %v, %d, %d", got.Remarks, len(got.Parts), got.Count)
	}
}

func TestListings(t *testing.T) {
	names := []string{"log/ssh.log", "log/ssh.log", "../../etc/passwd", "a\u202eb", `C:\x`}
	for kind, content := range map[string][]byte{"zip": aZip(t, names...), "tar": aTar(t, names...), "tar.gz": gz(t, aTar(t, names...))} {
		got, _ := see(t, content, preview.Ask{As: preview.AsList})
		if got.Count != int64(len(names)) || len(got.Entries) != len(names) || !has(got, preview.Twice) || !has(got, preview.Escapes) || !has(got, preview.Hidden) {
			t.Errorf("%s: got %+v", kind, got)
			continue
		}
		if e := got.Entries[0]; e.Name != "log/ssh.log" || e.Time != "2026-11-03T04:05:06Z" || len(e.Remarks) != 0 {
			t.Errorf("%s: the first entry is %+v", kind, e)
		}
		if e := got.Entries[2]; !slices.Contains(e.Remarks, preview.Escapes) {
			t.Errorf("%s: the third entry is %+v", kind, e)
		}
	}
	got, _ := see(t, gz(t, make([]byte, 128<<20)), preview.Ask{As: preview.AsList})
	if !has(got, preview.Expands) || !got.Cut {
		t.Errorf("a bomb of zeros: %+v", got)
	}
	bomb := aZip(t, "zeros")
	at := bytes.Index(bomb, []byte("PK\x01\x02"))
	binary.LittleEndian.PutUint32(bomb[at+24:], 0xfffffff0)
	got, _ = see(t, bomb, preview.Ask{As: preview.AsList})
	if !has(got, preview.Expands) || got.Total < 1<<31 {
		t.Errorf("a bomb of a zip: %+v", got)
	}
	end := bytes.Index(bomb, []byte("PK\x05\x06"))
	got, _ = see(t, bomb[:end], preview.Ask{As: preview.AsList})
	if !has(got, preview.Damaged) {
		t.Errorf("a zip without an end: %+v", got)
	}
	var long []string
	for i := range 1500 {
		long = append(long, fmt.Sprint("file", i))
	}
	got, _ = see(t, aZip(t, long...), preview.Ask{As: preview.AsList})
	if len(got.Entries) != maxListed || got.Count != 1500 || !got.Cut {
		t.Errorf("a long list: %d of %d", len(got.Entries), got.Count)
	}
}

func TestTooManyEntriesAreNotLoaded(t *testing.T) {
	end := make([]byte, 22)
	copy(end, "PK\x05\x06")
	big := make([]byte, 56)
	copy(big, "PK\x06\x06")
	binary.LittleEndian.PutUint64(big[32:], 1<<40)
	where := make([]byte, 20)
	copy(where, "PK\x06\x07")
	binary.LittleEndian.PutUint64(where[8:], 4)
	binary.LittleEndian.PutUint16(end[10:], 0xffff)
	got, _ := see(t, slices.Concat([]byte("PK\x03\x04"), big, where, end), preview.Ask{As: preview.AsList})
	if !has(got, preview.TooMany) || got.Count != 1<<40 || len(got.Entries) != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestSummaries(t *testing.T) {
	for _, ng := range []bool{false, true} {
		got, _ := see(t, aCapture(t, ng), preview.Ask{As: preview.AsSum})
		if got.Count != 10 || len(got.Flows) != 1 || got.First != "2026-11-03T04:05:00Z" || got.Last != "2026-11-03T04:05:09Z" || len(got.Remarks) != 0 || got.Cut {
			t.Fatalf("pcapng %v: got %+v", ng, got)
		}
		if f := got.Flows[0]; f.A != "192.0.2.1:4000" || f.B != "198.51.100.7:53" || f.Proto != "UDP" || f.Packets != 10 {
			t.Errorf("the conversation is %+v", f)
		}
	}
	got, _ := see(t, anEVTX(4), preview.Ask{As: preview.AsSum})
	if got.Count != 4 || got.First != "2024-09-05T08:53:20Z" || got.Last != "2024-09-05T08:53:22Z" || !slices.Equal(got.Remarks, []preview.Remark{preview.OddTime}) || factOf(got, "Bad checksums") != "0" {
		t.Errorf("the event log: %+v", got)
	}
	changed := anEVTX(4)
	changed[evtxHeader+530]++
	got, _ = see(t, changed, preview.Ask{As: preview.AsSum})
	if !has(got, preview.Checksum) {
		t.Errorf("a changed event log: %+v", got)
	}
	got, _ = see(t, anEWF(t), preview.Ask{As: preview.AsSum})
	if factOf(got, "Case number") != "2026/118" || factOf(got, "Examiner") != "Examiner 14" || factOf(got, "Acquired") != "2026-11-03T04:05:06Z" || factOf(got, "MD5") != strings.Repeat("ab", 16) || got.Total != 102400 || len(got.Remarks) != 0 {
		t.Errorf("the disk image: %+v", got)
	}
}

// Whatever is cut or changed: an answer within the bounds, and no panic.
func TestCutAndChangedFiles(t *testing.T) {
	chance := rand.New(rand.NewPCG(1, 2))
	for name, whole := range samples(t) {
		for n := 0; n <= len(whole); n += max(1, len(whole)/40) {
			all(t, name, whole[:n])
		}
		for range 150 {
			changed := slices.Clone(whole)
			for range 1 + chance.IntN(20) {
				changed[chance.IntN(len(changed))] = byte(chance.Uint32())
			}
			all(t, name, changed)
		}
	}
}

func samples(t testing.TB) map[string][]byte {
	return map[string][]byte{"zip": aZip(t, "a", "b/c"), "tar": aTar(t, "a", "b"), "gz": gz(t, aTar(t, "a", "b")), "png": aPNG(t, 30, 20), "mail": []byte(aLetter), "deep mail": deepLetter(30),
		"pcap": aCapture(t, false), "pcapng": aCapture(t, true), "evtx": anEVTX(5), "ewf": anEWF(t), "text": []byte("some words\u202e\xff\n")}
}

// all looks in every way that the type has.
func all(t testing.TB, name string, content []byte) {
	t.Helper()
	size := int64(len(content))
	facts, _, err := Look(bytes.NewReader(content), preview.Ask{As: preview.Facts, Size: size})
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for _, as := range facts.Tabs {
		c, m, err := Look(bytes.NewReader(content), preview.Ask{As: as, Size: size, At: size / 2, Mark: size / 3})
		if err != nil {
			continue // a fault is an answer
		}
		if m != nil && (m.Rect.Dx() > preview.MaxSide || m.Rect.Dy() > preview.MaxSide || as != preview.AsImage) ||
			len(c.Lines) > maxLines || len(c.Entries) > maxListed || len(c.Parts) > maxTold || len(c.Flows) > toldFlows || len(c.Facts) > 2*maxFacts || len(c.Bytes) > preview.HexPage {
			t.Fatalf("%s as %s goes beyond its bounds", name, as)
		}
	}
}

// Our own parsers: event log, disk image, the end of a zip, texts, readings.
func FuzzOwnParsers(f *testing.F) {
	for _, s := range [][]byte{anEVTX(3), anEWF(f), aZip(f, "a"), []byte(aLetter), []byte("words\xff\u202e")} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		src := bytes.NewReader(b)
		for _, look := range []func(*preview.Copy){
			func(c *preview.Copy) { eventLog(c, src) }, func(c *preview.Copy) { diskImage(c, src) },
			func(c *preview.Copy) { zipEntries(src) }, func(c *preview.Copy) { text(c, src, "") }, func(c *preview.Copy) { c.Facts = Readings(b) },
			func(c *preview.Copy) { isLetter(b); wordsOf(b) },
		} {
			var c preview.Copy
			look(&c)
			for _, l := range append(c.Lines, shown(string(b))) {
				if preview.Visible(string(l)) != string(l) {
					t.Fatalf("%q is not inert", l)
				}
			}
			for _, x := range c.Facts {
				if preview.Visible(string(x.Value)) != string(x.Value) {
					t.Fatalf("%q is not inert", x.Value)
				}
			}
		}
	})
}
