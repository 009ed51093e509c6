// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"strings"

	"github.com/gabriel-vasile/mimetype"

	"rogatory/preview"
)

// sniffed is how much of a file tells its type.
const sniffed = 4 << 10

// The types that we know and the library does not.
const (
	typeEVTX   = "application/x-ms-evtx"
	typeEWF    = "application/x-ewf"
	typePcap   = "application/vnd.tcpdump.pcap"
	typePcapNG = "application/x-pcapng"
	typeMail   = "message/rfc822"
	typeMbox   = "application/mbox"
)

var magics = []struct {
	begins string
	kind   string
}{
	{"ElfFile\x00", typeEVTX},
	{"EVF\x09\x0d\x0a\xff\x00", typeEWF},
	{"\xd4\xc3\xb2\xa1", typePcap}, {"\xa1\xb2\xc3\xd4", typePcap}, {"\x4d\x3c\xb2\xa1", typePcap}, {"\xa1\xb2\x3c\x4d", typePcap},
	{"\x0a\x0d\x0d\x0a", typePcapNG},
}

// sniff tells a type by content, never by name.
func sniff(head []byte) string {
	for _, m := range magics {
		if bytes.HasPrefix(head, []byte(m.begins)) {
			return m.kind
		}
	}
	kind, _, _ := strings.Cut(mimetype.Detect(head).String(), ";")
	if strings.HasPrefix(kind, "text/") && isLetter(head) {
		return typeMail
	}
	return kind
}

// isLetter: it begins with lines of a header, two of which only letters have.
func isLetter(head []byte) bool {
	known := 0
	for line := range bytes.Lines(head) {
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if line[0] == ' ' || line[0] == '\t' {
			continue
		}
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) == 0 || bytes.ContainsAny(name, " \t<>{}\"") {
			return false
		}
		switch strings.ToLower(string(name)) {
		case "from", "to", "subject", "date", "received", "message-id", "return-path", "mime-version", "delivered-to":
			known++
		}
	}
	return known >= 2
}

// tabs are the ways to look at a type, the best first. Text and hex show anything.
func tabs(kind string) []preview.As {
	var first preview.As
	switch {
	case pictures[kind]:
		first = preview.AsImage
	case kind == typePDF:
		first = preview.AsPages
	case kind == typeMail:
		first = preview.AsMail
	case isArchive(kind):
		first = preview.AsList
	case kind == typeEVTX || kind == typeEWF || kind == typePcap || kind == typePcapNG:
		first = preview.AsSum
	case strings.HasPrefix(kind, "text/") || kind == "application/json" || strings.HasSuffix(kind, "+xml") || strings.HasSuffix(kind, "json") || kind == "application/x-ndjson":
		return []preview.As{preview.AsText, preview.AsHex}
	default:
		return []preview.As{preview.AsHex, preview.AsText}
	}
	if first == preview.AsMail {
		return []preview.As{first, preview.AsText, preview.AsHex}
	}
	return []preview.As{first, preview.AsHex, preview.AsText}
}
