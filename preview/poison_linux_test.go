// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"

	"rogatory"
	"rogatory/preview"
	"rogatory/vault"
	"rogatory/vault/disk"
)

// poisons are files that are made to hurt whoever opens them.
func poisons(t *testing.T) map[string][]byte {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	zipOf := func(headers ...*zip.FileHeader) []byte {
		var b bytes.Buffer
		z := zip.NewWriter(&b)
		for _, h := range headers {
			w, err := z.CreateHeader(h)
			must(err)
			_, err = io.WriteString(w, "x")
			must(err)
		}
		must(z.Close())
		return b.Bytes()
	}
	named := func(names ...string) []byte {
		var all []*zip.FileHeader
		for _, n := range names {
			all = append(all, &zip.FileHeader{Name: n})
		}
		return zipOf(all...)
	}
	link := &zip.FileHeader{Name: "link"}
	link.SetMode(fs.ModeSymlink | 0o777)
	device := &zip.FileHeader{Name: "device"}
	device.SetMode(fs.ModeDevice | 0o666)

	// A million entries, written by hand: one local header, and the directory names it a million times.
	var million bytes.Buffer
	local := append([]byte("PK\x03\x04"), make([]byte, 26)...)
	binary.LittleEndian.PutUint16(local[26:], 1)
	million.Write(append(local, 'a'))
	begun := million.Len()
	central := append([]byte("PK\x01\x02"), make([]byte, 42)...)
	binary.LittleEndian.PutUint16(central[28:], 1)
	million.Write(bytes.Repeat(append(central, 'a'), 1_000_000))
	end := append([]byte("PK\x05\x06"), make([]byte, 18)...)
	binary.LittleEndian.PutUint16(end[8:], 0xffff)
	binary.LittleEndian.PutUint16(end[10:], 0xffff)
	binary.LittleEndian.PutUint32(end[12:], uint32(million.Len()-begun))
	binary.LittleEndian.PutUint32(end[16:], uint32(begun))
	million.Write(end)

	var bomb bytes.Buffer
	gz, err := gzip.NewWriterLevel(&bomb, gzip.BestCompression)
	must(err)
	_, err = io.CopyN(gz, zeros{}, 256<<20)
	must(err)
	must(gz.Close())

	var links bytes.Buffer
	tw := tar.NewWriter(&links)
	for _, h := range []*tar.Header{
		{Name: "../../../../etc/cron.d/x", Typeflag: tar.TypeReg}, {Name: "/etc/passwd", Typeflag: tar.TypeReg}, {Name: "s", Linkname: "/etc/shadow", Typeflag: tar.TypeSymlink},
		{Name: "h", Linkname: "../../x", Typeflag: tar.TypeLink}, {Name: "d", Typeflag: tar.TypeBlock, Devmajor: 8}, {Name: "f", Typeflag: tar.TypeFifo},
	} {
		must(tw.WriteHeader(h))
	}
	must(tw.Close())

	// A PNG of two thousand million pixels, of which no line follows.
	picture := []byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x0dIHDR\x00\x00\xff\xff\x00\x00\x7f\xff\x08\x02\x00\x00\x00")
	picture = binary.BigEndian.AppendUint32(picture, crc32.ChecksumIEEE(picture[12:]))

	mail := "From: a@b\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
	for range 5000 {
		mail += "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
	}
	capture := append([]byte("\xd4\xc3\xb2\xa1\x02\x00\x04\x00"), make([]byte, 16)...)
	capture = append(capture, bytes.Repeat([]byte{0xff}, 4096)...)
	return map[string][]byte{
		"paths that climb":           named("../../../../etc/passwd", `..\..\windows\system32\x.dll`, "/etc/shadow", "a/../../b"),
		"names of devices":           named("CON", "NUL.txt", "aux", "COM1", "a:b", "lpt1.doc"),
		"names that turn the text":   named("invoice\u202egnp.exe", "a\x00b", "\x1b[2J", strings.Repeat("n", 60000)),
		"a link and a device":        zipOf(link, device),
		"a million entries":          million.Bytes(),
		"a bomb of gzip":             bomb.Bytes(),
		"a tar of links":             links.Bytes(),
		"a picture too large":        picture,
		"mail within mail":           []byte(mail),
		"a capture of long records":  capture,
		"events that are none":       append([]byte("ElfFile\x00"), bytes.Repeat([]byte{0xff}, 8192)...),
		"a disk image that is none":  append([]byte("EVF\x09\x0d\x0a\xff\x00\x01"), bytes.Repeat([]byte{0x7f}, 8192)...),
		"a page with a script":       []byte("<!doctype html><script src=//evil.example/x.js></script><img src=x onerror=alert(1)>"),
		"a picture that is a page":   append([]byte("GIF89a/*"), []byte("*/=1;<script>alert(1)</script>")...),
		"a paper that is an archive": append([]byte("%PDF-1.7\n1 0 obj<</OpenAction<</S/Launch/F(cmd.exe)>>>>endobj\n"), named("../x")...),
		"a program":                  append([]byte("MZ"), bytes.Repeat([]byte{0x90}, 4096)...),
		"nothing":                    {},
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// digestOf is of all files of a folder, with their names.
func digestOf(t *testing.T, folder string) rogatory.Digest {
	t.Helper()
	var all strings.Builder
	err := filepath.WalkDir(folder, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		fmt.Fprintln(&all, name, rogatory.DigestOf(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rogatory.DigestOf([]byte(all.String()))
}

// AB-18, poisoned evidence. It lies sealed in a real vault; a real child looks at it in every way that there is. Whatever the
// child makes of it, this process lives, what comes back is inert, and not a byte of the vault has changed. That a child which
// was taken over cannot get out is tried in TestTheChildCannotGetOut, with the same jail.
func TestAB18PoisonedEvidence(t *testing.T) {
	folder := t.TempDir()
	d, err := disk.Open(folder)
	if err != nil {
		t.Fatal(err)
	}
	v, err := vault.Open(d)
	if err != nil {
		t.Fatal(err)
	}
	key, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	seals, sizes := map[string]rogatory.Seal{}, map[string]int64{}
	for name, poison := range poisons(t) {
		seal, err := v.Deposit(t.Context(), bytes.NewReader(poison), []age.Recipient{key.Recipient()}, nil)
		if err != nil {
			t.Fatalf("%s cannot be sealed: %v", name, err)
		}
		seals[name], sizes[name] = seal, int64(len(poison))
	}
	before := digestOf(t, folder)
	looks, shown := 0, 0
	for name, seal := range seals {
		t.Run(name, func(t *testing.T) {
			for _, as := range []preview.As{preview.Facts, preview.AsText, preview.AsHex, preview.AsImage, preview.AsMail, preview.AsList, preview.AsSum} {
				plain, err := v.OpenAt(seal, []age.Identity{key})
				if err != nil {
					t.Fatal(err)
				}
				got, err := renderer(t).Render(t.Context(), plain, preview.Ask{As: as, Size: sizes[name]})
				plain.Close()
				if looks++; err != nil {
					if code := rogatory.CodeOf(err); !strings.HasPrefix(code, "preview_") || code == "preview_unguarded" {
						t.Errorf("as %s: %v", as, err)
					}
					continue
				}
				shown++
				if len(got.Guards) == 0 {
					t.Errorf("as %s: rendered by a child that is not shut in", as)
				}
				if text := fmt.Sprintf("%+v", got); strings.ContainsAny(text, "\x00\x1b\u202e") {
					t.Errorf("as %s: what came back is not inert", as)
				}
			}
		})
	}
	if looks < 100 || shown < looks/4 {
		t.Errorf("%d looks, of which %d showed anything: the child gave up too soon to be tried", looks, shown)
	}
	if digestOf(t, folder) != before {
		t.Error("the vault has changed")
	}
	for name, seal := range seals {
		if err := v.Check(t.Context(), seal.Root, vault.Full); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
