// SPDX-License-Identifier: Apache-2.0

package asice

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

func TestAReceiverReadsWhatTheSenderSigned(t *testing.T) {
	s := newScene(t)
	container := s.build()
	c, err := Parse(container)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c.Files, s.request()) {
		t.Errorf("files changed on the way: %+v", c.Files)
	}
	v, err := c.Verify(s.roots, noon().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	if !v.Certificate.Equal(s.signer.Certificate) || !v.SigningTime.Equal(noon()) || len(v.Chain) != 3 {
		t.Errorf("verified %s at %s over %d certificates", v.Certificate.Subject, v.SigningTime, len(v.Chain))
	}
	if v.SignatureDigest != sha256.Sum256(c.Signatures[0].Data) || v.SignatureDigest != c.SignatureDigest() {
		t.Error("the identity is not the digest of the signature entry")
	}
	if again := s.build(); !bytes.Equal(again, container) {
		t.Error("building the same message twice gave different bytes")
	}
}

func TestACourtChecksTheContainerWithOpenSSL(t *testing.T) {
	s := newScene(t)
	folder := unpack(t, s.stamped())
	write(t, folder+"/roots.pem", pemOf(s.root.certificate))
	write(t, folder+"/stamp-roots.pem", pemOf(s.stampRoot.certificate))
	at := fmt.Sprint(noon().Unix())

	signature := []string{"cms", "-verify", "-cades", "-binary", "-inform", "DER", "-in", "META-INF/signature001.p7s",
		"-content", "META-INF/ASiCManifest001.xml", "-CAfile", "roots.pem", "-attime", at, "-out", "content"}
	stamp := []string{"ts", "-verify", "-data", "META-INF/ASiCManifest002.xml", "-in", "META-INF/timestamp002.tst",
		"-token_in", "-CAfile", "stamp-roots.pem", "-attime", at}
	if out, err := openssl(t, folder, signature...); err != nil {
		t.Fatalf("openssl cms refuses our signature: %v\n%s", err, out)
	}
	if out, err := openssl(t, folder, stamp...); err != nil {
		t.Fatalf("openssl ts refuses our time-stamp: %v\n%s", err, out)
	}
	manifest, err := os.ReadFile(folder + "/META-INF/ASiCManifest001.xml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range s.request() {
		out, err := openssl(t, folder, "dgst", "-sha256", "-binary", "-out", "digest", f.Name)
		if err != nil {
			t.Fatalf("openssl dgst: %v\n%s", err, out)
		}
		digest, err := os.ReadFile(folder + "/digest")
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Contains(manifest, []byte(base64.StdEncoding.EncodeToString(digest))) {
			t.Errorf("the manifest does not state the digest that openssl computes for %s", f.Name)
		}
	}

	for name, args := range map[string][]string{"ASiCManifest001.xml": signature, "ASiCManifest002.xml": stamp} {
		path := filepath.Join(folder, "META-INF", name)
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		write(t, path, text)
		if out, err := openssl(t, folder, args...); err == nil {
			t.Errorf("openssl accepts a changed %s: %s", name, out)
		}
	}
}

func TestProofsComeAndGoWithoutTouchingTheMessage(t *testing.T) {
	s := newScene(t)
	before, _ := Parse(s.stamped())
	with := s.stamped()
	for _, p := range []struct{ name, text string }{{"sender", "one\n"}, {"receiver", "two\n"}, {"sender", "three: ünïcode\n"}} {
		var err error
		if with, err = AttachProof(with, p.name, []byte(p.text)); err != nil {
			t.Fatal(err)
		}
	}
	after, err := Parse(with)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := after.Proof("sender"); !ok || string(p) != "three: ünïcode\n" {
		t.Errorf("sender's proof is %q", p)
	}
	if p, ok := after.Proof("receiver"); !ok || string(p) != "two\n" {
		t.Errorf("receiver's proof is %q", p)
	}
	if _, ok := after.Proof("nobody"); ok {
		t.Error("found a proof that nobody attached")
	}
	if len(after.Proofs) != 2 || after.SignatureDigest() != before.SignatureDigest() {
		t.Errorf("%d proofs, identity %x", len(after.Proofs), after.SignatureDigest())
	}
	after.Proofs = nil
	if without, err := after.encode(); err != nil || !bytes.Equal(without, s.stamped()) {
		t.Errorf("taking the proofs away does not give the container as it was: %v", err)
	}

	for name, text := range map[string]string{"../x": "a", "a/b": "a", "": "a", "-rf": "a", "ok": "\x00", "fine": "\xff", "esc": "\x1b[2J"} {
		if _, err := AttachProof(s.build(), name, []byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("proof %q %q: %v, want malformed", name, text, err)
		}
	}
	if _, err := AttachProof(s.build(), "big", bytes.Repeat([]byte("a"), MaxProof+1)); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too large a proof: %v", err)
	}
	if _, err := AttachProof(with, "SENDER", []byte("x")); !errors.Is(err, ErrDuplicate) {
		t.Errorf("proof that differs only in case: %v", err)
	}
}

func TestALaterStampRenewsAnEarlierOne(t *testing.T) {
	s := newScene(t)
	twice, err := AttachStamp(s.stamped(), s.stampAt(noon().Add(24*time.Hour)))
	if err != nil {
		t.Fatal(err)
	}
	c, err := Parse(twice)
	if err != nil {
		t.Fatal(err)
	}
	times, err := c.VerifyStamps(s.stampPool)
	want := []time.Time{noon().Add(time.Minute), noon().Add(24 * time.Hour)}
	if err != nil || !reflect.DeepEqual(times, want) {
		t.Fatalf("stamps at %v, %v; want %v", times, err, want)
	}
	for _, name := range []string{"request.json", "META-INF/ASiCManifest001.xml", "META-INF/signature001.p7s", "META-INF/ASiCManifest002.xml", "META-INF/timestamp002.tst"} {
		if !bytes.Contains(c.Stamps[1].Manifest, []byte(`<asic:DataObjectReference URI="`+name+`"`)) {
			t.Errorf("the second stamp does not cover %s", name)
		}
	}
	if _, err := c.VerifyStamps(s.roots); !errors.Is(err, ErrStamp) || !errors.Is(err, ErrUntrusted) {
		t.Errorf("stamps by an authority nobody knows: %v", err)
	}
	c.Stamps[0], c.Stamps[1] = c.Stamps[1], c.Stamps[0]
	if _, err := c.VerifyStamps(s.stampPool); err == nil {
		t.Error("stamps in the wrong order were accepted")
	}

	down := errors.New("authority is down")
	if _, err := AttachStamp(s.build(), func([]byte) ([]byte, error) { return nil, down }); !errors.Is(err, down) {
		t.Errorf("the authority's failure is hidden: %v", err)
	}
	other := func([]byte) ([]byte, error) { return s.stampAt(noon())(make([]byte, 32)) }
	if _, err := AttachStamp(s.build(), other); !errors.Is(err, ErrStamp) {
		t.Errorf("a token for another digest was attached: %v", err)
	}
}

// reseal lays out entries again after a change, with right sums: what an attacker
// does, and what flipping bits in the ZIP alone would never reach.
func reseal(t testing.TB, container []byte, change func([]entry) []entry) []byte {
	t.Helper()
	entries, err := split(bytes.Clone(container))
	if err != nil {
		t.Fatal(err)
	}
	return layout(change(entries))
}

func TestEveryFlippedBitIsFound(t *testing.T) {
	s := newScene(t)
	verifier := NewVerifier(s.roots)
	accepted := func(b []byte) bool {
		c, err := Parse(b)
		if err != nil {
			return false
		}
		if _, err := verifier.Verify(c, noon()); err != nil {
			return false
		}
		_, err = c.VerifyStamps(s.stampPool)
		return err == nil
	}

	// Proofs are opaque here and carry their own signatures: a container with one
	// would rightly be accepted after a flip in the proof with its sum mended.
	whole := s.stamped()
	if !accepted(whole) {
		t.Fatal("the container is not even accepted untouched")
	}
	for i := range whole {
		whole[i] ^= 1 << (i % 8)
		if accepted(whole) {
			t.Errorf("flipping a bit at byte %d goes unnoticed", i)
		}
		whole[i] ^= 1 << (i % 8)
	}

	// The same in each entry, all eight bits, with the ZIP's sums mended; without a
	// stamp, because a stamp's digest would hide what the signature does not cover.
	bare := s.build()
	entries, err := split(bare)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data := e.data
		for i := range data {
			for bit := range 8 {
				data[i] ^= 1 << bit
				if accepted(layout(entries)) {
					t.Errorf("flipping bit %d of byte %d of %s goes unnoticed", bit, i, e.name)
				}
				data[i] ^= 1 << bit
			}
		}
	}

	digest := sha256.Sum256([]byte("any datum"))
	token, err := s.stampAt(noon())(digest[:])
	if err != nil {
		t.Fatal(err)
	}
	for i := range token {
		for bit := range 8 {
			token[i] ^= 1 << bit
			if _, err := VerifyStamp(token, digest[:], s.stampPool); err == nil {
				t.Errorf("flipping bit %d of byte %d of a token goes unnoticed", bit, i)
			}
			token[i] ^= 1 << bit
		}
	}
}

// hostile lists containers that must be refused, each for one reason.
func hostile(t testing.TB) []refusal {
	s := newScene(t)
	good := s.build()
	stamped := s.stamped()
	evil := func(name string) []byte {
		return reseal(t, good, func(e []entry) []entry { return append(e, entry{name, []byte("evil")}) })
	}
	// rewritten is the same content by an ordinary ZIP writer, header by header changed.
	rewritten := func(change func(*zip.FileHeader), finish func(*zip.Writer)) []byte {
		var out bytes.Buffer
		w := zip.NewWriter(&out)
		entries, err := split(good)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			h := &zip.FileHeader{Name: e.name, CRC32: crc32.ChecksumIEEE(e.data), CompressedSize64: uint64(len(e.data)),
				UncompressedSize64: uint64(len(e.data)), ModifiedDate: zipDate, CreatorVersion: zipVersion, ReaderVersion: zipVersion}
			change(h)
			create := w.CreateRaw
			if h.Method == zip.Deflate {
				create = w.CreateHeader
			}
			f, err := create(h)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.Write(e.data); err != nil {
				t.Fatal(err)
			}
		}
		if finish != nil {
			finish(w)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	}
	onFirst := func(f func(*zip.FileHeader)) func(*zip.FileHeader) {
		return func(h *zip.FileHeader) {
			if h.Name == mimetypeName {
				f(h)
			}
		}
	}
	if !bytes.Equal(rewritten(func(*zip.FileHeader) {}, nil), good) {
		t.Fatal("an ordinary ZIP writer told to write our form writes something else, so the cases below would prove nothing")
	}
	edit := func(b []byte, f func(b []byte) []byte) []byte { return f(bytes.Clone(b)) }
	swap := func(a, b int) []byte {
		return reseal(t, good, func(e []entry) []entry { e[a], e[b] = e[b], e[a]; return e })
	}
	drop := func(from []byte, names ...string) []byte {
		return reseal(t, from, func(e []entry) []entry {
			var out []entry
			for _, x := range e {
				if !strings.Contains(strings.Join(names, " "), x.name) {
					out = append(out, x)
				}
			}
			return out
		})
	}
	replace := func(name, old, new string) []byte {
		return reseal(t, good, func(e []entry) []entry {
			for i := range e {
				if e[i].name == name {
					if !bytes.Contains(e[i].data, []byte(old)) {
						t.Fatalf("%s does not contain %q", name, old)
					}
					e[i].data = bytes.Replace(e[i].data, []byte(old), []byte(new), 1)
				}
			}
			return e
		})
	}
	otherFiles := s.request()
	otherFiles[0].Data = []byte(`{"kind":"something else"}`)
	other, err := Build(otherFiles, s.signer, noon())
	if err != nil {
		t.Fatal(err)
	}
	otherEntries, err := split(other)
	if err != nil {
		t.Fatal(err)
	}
	transplanted := reseal(t, good, func(e []entry) []entry { e[4] = otherEntries[4]; return e })

	return []refusal{
		{"empty", nil, ErrMalformed},
		{"cut-short", good[:len(good)-1], ErrMalformed},
		{"trailing", append(bytes.Clone(good), 0), ErrMalformed},
		{"prefixed", append([]byte{0}, good...), ErrMalformed},
		{"commented", rewritten(func(*zip.FileHeader) {}, func(w *zip.Writer) { w.SetComment("hello") }), ErrMalformed},
		{"entry-comment", rewritten(onFirst(func(h *zip.FileHeader) { h.Comment = "x" }), nil), ErrMalformed},
		{"extra-field", rewritten(onFirst(func(h *zip.FileHeader) { h.Extra = []byte{1, 0, 0, 0} }), nil), ErrMalformed},
		{"data-descriptor", rewritten(onFirst(func(h *zip.FileHeader) { h.Flags = 8 }), nil), ErrMalformed},
		{"utf8-flag", rewritten(onFirst(func(h *zip.FileHeader) { h.Flags = 0x800 }), nil), ErrMalformed},
		{"other-date", rewritten(onFirst(func(h *zip.FileHeader) { h.ModifiedDate++ }), nil), ErrMalformed},
		{"permissions", rewritten(onFirst(func(h *zip.FileHeader) { h.ExternalAttrs = 0o100755 << 16 }), nil), ErrMalformed},
		{"compressed", rewritten(func(h *zip.FileHeader) {
			if h.Name == "request.json" {
				h.Method = zip.Deflate
			}
		}, nil), ErrMalformed},
		{"gap-before-directory", edit(good, func(b []byte) []byte {
			at := bytes.Index(b, binary.LittleEndian.AppendUint32(nil, centralSignature))
			return append(append(append([]byte{}, b[:at]...), 0), b[at:]...)
		}), ErrMalformed},
		{"directory-names-another", edit(good, func(b []byte) []byte {
			at := bytes.LastIndex(b, []byte("request.json"))
			b[at] = 'q'
			return b
		}), ErrMalformed},
		{"size-past-end", edit(good, func(b []byte) []byte {
			binary.LittleEndian.PutUint32(b[18:], 1<<31)
			return b
		}), ErrMalformed},
		{"folder-entry", evil("folder/"), ErrMalformed},
		{"absolute", evil("/etc/passwd"), ErrMalformed},
		{"parent", evil("../outside"), ErrMalformed},
		{"parent-inside", evil("annex/../../outside"), ErrMalformed},
		{"here", evil("./request2.json"), ErrMalformed},
		{"empty-segment", evil("annex//x"), ErrMalformed},
		{"backslash", evil(`..\outside`), ErrMalformed},
		{"drive", evil("C:x"), ErrMalformed},
		{"hidden", evil(".ssh/config"), ErrMalformed},
		{"option", evil("-rf"), ErrMalformed},
		{"not-ascii", evil("re\u0301quest"), ErrMalformed},
		{"nul-in-name", evil("request\x00.json"), ErrMalformed},
		{"file-below-file", evil("request.json/x"), ErrMalformed},
		{"unlisted", evil("evil.exe"), ErrUnlisted},
		{"unlisted-in-meta-inf", evil("META-INF/evil.xml"), ErrUnlisted},
		{"unlisted-meta-inf-case", evil("meta-inf/container.xml"), ErrUnlisted},
		{"unlisted-second-signature", evil("META-INF/signature002.p7s"), ErrUnlisted},
		{"unlisted-proof-folder", evil("META-INF/x/y.tlog-proof"), ErrUnlisted},
		{"unlisted-stamp", drop(stamped, "META-INF/ASiCManifest002.xml"), ErrUnlisted},
		{"duplicate", evil("request.json"), ErrDuplicate},
		{"duplicate-case", evil("Request.JSON"), ErrDuplicate},
		{"duplicate-mimetype", evil("mimetype"), ErrDuplicate},
		{"mimetype-not-first", swap(0, 1), ErrMalformed},
		{"mimetype-other", replace(mimetypeName, "asic-e", "asic-s"), ErrMalformed},
		{"mimetype-line-feed", replace(mimetypeName, "+zip", "+zip\n"), ErrMalformed},
		{"files-out-of-order", swap(1, 2), ErrMalformed},
		{"signature-before-manifest", swap(3, 4), ErrMalformed},
		{"no-manifest", drop(good, "META-INF/ASiCManifest001.xml"), ErrMalformed},
		{"no-signature", drop(good, "META-INF/signature001.p7s"), ErrMalformed},
		{"no-file", drop(good, "request.json"), ErrMalformed},
		{"changed-file", replace("request.json", "preservation", "Preservation"), ErrDigest},
		{"manifest-other-digest", replace(manifestName(1), "<ds:DigestValue>", "<ds:DigestValue>A"), ErrMalformed},
		{"manifest-line-feed", replace(manifestName(1), "?>", "?>\n"), ErrMalformed},
		{"manifest-sha512", replace(manifestName(1), "#sha256", "#sha512"), ErrMalformed},
		{"manifest-media-type", replace(manifestName(1), "text/plain", "text/html"), ErrDigest},
		{"manifest-media-type-form", replace(manifestName(1), "text/plain", "Text/Plain"), ErrMalformed},
		{"signature-of-another-message", transplanted, ErrDigest},
		{"signature-with-byte-after", replace(signatureName, "\x30", "\x30\x30"), ErrMalformed},
		{"binary-proof", evil("META-INF/x.tlog-proof\x00"), ErrMalformed},
		{"proof-not-text", reseal(t, good, func(e []entry) []entry { return append(e, entry{"META-INF/x.tlog-proof", []byte("MZ\x00")}) }), ErrMalformed},
		{"proofs-out-of-order", reseal(t, good, func(e []entry) []entry {
			return append(e, entry{"META-INF/b.tlog-proof", []byte("b")}, entry{"META-INF/a.tlog-proof", []byte("a")})
		}), ErrMalformed},
		{"stamp-not-a-token", reseal(t, stamped, func(e []entry) []entry { e[6].data = []byte("no"); return e }), ErrStamp},
		{"stamp-manifest-changed", reseal(t, stamped, func(e []entry) []entry {
			e[5].data = bytes.Replace(e[5].data, []byte("text/plain"), []byte("text/other"), 1)
			return e
		}), ErrMalformed},
		{"long-name", evil(strings.Repeat("n", MaxName+1)), ErrTooLarge},
		{"too-many-entries", reseal(t, good, func(e []entry) []entry {
			for i := range MaxEntries {
				e = append(e, entry{fmt.Sprintf("META-INF/p%d.tlog-proof", i), nil})
			}
			return e
		}), ErrTooLarge},
		{"large-signature", reseal(t, good, func(e []entry) []entry {
			e[4].data = append(e[4].data, make([]byte, maxSignature)...)
			return e
		}), ErrTooLarge},
		{"large-container", append(bytes.Clone(good), make([]byte, MaxContainer)...), ErrTooLarge},
	}
}

type refusal struct {
	name      string
	container []byte
	want      Fault
}

func TestHostileContainersAreRefused(t *testing.T) {
	for _, h := range hostile(t) {
		c, err := Parse(h.container)
		if !errors.Is(err, h.want) || c != nil {
			t.Errorf("%s: got %v, want %s and nothing else", h.name, err, h.want)
		}
	}
}

func TestBuildRefusesWhatParseWouldRefuse(t *testing.T) {
	s := newScene(t)
	file := func(name, mediaType string) []File { return []File{{Name: name, MediaType: mediaType}} }
	for _, row := range []struct {
		name  string
		files []File
		want  Fault
	}{
		{"nothing", nil, ErrMalformed},
		{"mimetype", file("MimeType", "text/plain"), ErrMalformed},
		{"META-INF", file("meta-inf/x", "text/plain"), ErrMalformed},
		{"META-INF itself", file("META-INF", "text/plain"), ErrMalformed},
		{"parent", file("../x", "text/plain"), ErrMalformed},
		{"media type with parameter", file("x", "text/plain; charset=utf-8"), ErrMalformed},
		{"media type with markup", file("x", `text/"plain`), ErrMalformed},
		{"no media type", file("x", ""), ErrMalformed},
		{"twice", append(file("x", "text/plain"), file("X", "text/plain")...), ErrDuplicate},
		{"below a file", append(file("x", "text/plain"), file("x/y", "text/plain")...), ErrMalformed},
		{"long name", file(strings.Repeat("x", MaxName+1), "text/plain"), ErrTooLarge},
		{"large", []File{{Name: "x", MediaType: "text/plain", Data: make([]byte, MaxContainer)}}, ErrTooLarge},
	} {
		if b, err := Build(row.files, s.signer, noon()); !errors.Is(err, row.want) || b != nil {
			t.Errorf("%s: got %v, want %s", row.name, err, row.want)
		}
	}
	var many []File
	for i := range MaxEntries {
		many = append(many, File{Name: fmt.Sprint("f", i), MediaType: "text/plain"})
	}
	if _, err := Build(many, s.signer, noon()); !errors.Is(err, ErrTooLarge) {
		t.Errorf("too many files: %v", err)
	}
	if b, err := Build(many[:MaxEntries-3], s.signer, noon()); err != nil {
		t.Errorf("as many files as fit: %v", err)
	} else if _, err := Parse(b); err != nil {
		t.Errorf("as many files as fit, read again: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	s := newScene(f)
	stamped := s.stamped()
	proven, err := AttachProof(stamped, "receipt", []byte("c2sp.org/tlog-proof@v1\n"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(proven)
	for _, h := range hostile(f) {
		if len(h.container) < 64<<10 {
			f.Add(h.container)
		}
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := Parse(b)
		if err != nil {
			if c != nil {
				t.Fatal("something was returned beside the error")
			}
			if fault := Fault(""); !errors.As(err, &fault) {
				t.Fatalf("refusal without a code: %v", err)
			}
			return
		}
		again, err := c.encode()
		if err != nil || !bytes.Equal(again, b) {
			t.Fatalf("accepted, but it is not the one encoding: %v", err)
		}
	})
}

func BenchmarkBuild(b *testing.B) {
	s := newScene(b)
	files := s.request()
	for b.Loop() {
		if _, err := Build(files, s.signer, noon()); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	container := newScene(b).build()
	for b.Loop() {
		if _, err := Parse(container); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseAndVerify(b *testing.B) {
	s := newScene(b)
	container := s.build()
	remembering := NewVerifier(s.roots)
	for name, verify := range map[string]func(*Container) (*Verified, error){
		"Alone":    func(c *Container) (*Verified, error) { return c.Verify(s.roots, noon()) },
		"Verifier": func(c *Container) (*Verified, error) { return remembering.Verify(c, noon()) },
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				c, err := Parse(container)
				if err != nil {
					b.Fatal(err)
				}
				if _, err := verify(c); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifyStamp(b *testing.B) {
	s := newScene(b)
	digest := sha256.Sum256(nil)
	token, err := s.stampAt(noon())(digest[:])
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := VerifyStamp(token, digest[:], s.stampPool); err != nil {
			b.Fatal(err)
		}
	}
}
