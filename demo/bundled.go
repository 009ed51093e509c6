// SPDX-License-Identifier: Apache-2.0

package demo

import (
	"embed"
	"encoding/binary"
	"os"
	"path/filepath"
)

//go:embed evidence
var bundled embed.FS

// piece is one piece of evidence of the story.
type piece struct {
	title, mediaType string
	path             string
	acquired         string
}

// The real files that the story prefers, in the order log, log, capture, image, event log.
var real = []piece{
	{"Web-server log", "text/plain", "iis7_sqli.log", "copied by Borealia Hosting Ltd under preservation order 2026/77"},
	{"SSH log", "text/plain", "syslog_ssh.log", "copied by Borealia Hosting Ltd under preservation order 2026/77"},
	{"Packet capture", "application/vnd.tcpdump.pcap", "test.pcap", "recorded by the provider's border sensor, seized under order 2026/81"},
	{"Disk image", "application/x-ewf", "image.E01", "imaged with a write blocker by examiner 14, seized under order 2026/81"},
	{"Windows event log", "application/octet-stream", "System.evtx", "copied from the disk image by examiner 14"},
}

// evidence returns the story's evidence: real files where they are, else a small bundled set written
// to folder.
func evidence(from, folder string) ([]piece, error) {
	var found []piece
	for _, p := range real {
		p.path = filepath.Join(from, p.path)
		if _, err := os.Stat(p.path); err == nil {
			found = append(found, p)
		}
	}
	if len(found) > 1 {
		return found, nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, err
	}
	files := map[string][]byte{"capture.pcap": capture(), "disk.img": image()}
	for _, name := range []string{"access.log", "auth.log"} {
		data, err := bundled.ReadFile("evidence/" + name)
		if err != nil {
			return nil, err
		}
		files[name] = data
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(folder, name), data, 0o600); err != nil {
			return nil, err
		}
	}
	set := []piece{real[0], real[1], real[2], real[3]}
	for i, name := range []string{"access.log", "auth.log", "capture.pcap", "disk.img"} {
		set[i].path = filepath.Join(folder, name)
	}
	set[3].mediaType = "application/octet-stream"
	return set, nil
}

// capture makes a small packet capture: a pcap header and sixty identical UDP packets in Ethernet
// frames from 198.51.100.17 to 203.0.113.8.
func capture() []byte {
	b := binary.LittleEndian.AppendUint32(nil, 0xa1b2c3d4)
	b = binary.LittleEndian.AppendUint16(b, 2)
	b = binary.LittleEndian.AppendUint16(b, 4)
	for _, v := range []uint32{0, 0, 65535, 1} { // zone, accuracy, longest packet, Ethernet
		b = binary.LittleEndian.AppendUint32(b, v)
	}
	frame := append([]byte{2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0},
		0x45, 0, 0, 32, 0, 1, 0, 0, 64, 17, 0, 0, 198, 51, 100, 17, 203, 0, 113, 8, 0x9c, 0x40, 0, 53, 0, 12, 0, 0, 'p', 'i', 'n', 'g')
	for i := range uint32(60) {
		for _, v := range []uint32{1793582000 + i, i * 1000, uint32(len(frame)), uint32(len(frame))} {
			b = binary.LittleEndian.AppendUint32(b, v)
		}
		b = append(b, frame...)
	}
	return b
}

// image makes a 3 MiB disk image with a boot signature, so that the transfer has several segments.
func image() []byte {
	b := make([]byte, 3<<20)
	copy(b, "exercise disk image: invented")
	b[510], b[511] = 0x55, 0xaa
	for i := 512; i < len(b); i += 8 {
		binary.LittleEndian.PutUint64(b[i:], uint64(i)*0x9e3779b97f4a7c15)
	}
	return b
}
