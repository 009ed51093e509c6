// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"fmt"
	"image/png"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/pdf"
	"rogatory/preview"
)

// paper is a real document of n pages of A4, each with a line of words.
func paper(t *testing.T, n int, box string, content string) []byte {
	t.Helper()
	var b bytes.Buffer
	var at []int
	object := func(format string, args ...any) {
		at = append(at, b.Len())
		fmt.Fprintf(&b, "%d 0 obj\n", len(at))
		fmt.Fprintf(&b, format, args...)
		b.WriteString("\nendobj\n")
	}
	b.WriteString("%PDF-1.7\n")
	object("<</Type/Catalog/Pages 2 0 R>>")
	var kids strings.Builder
	for i := range n {
		fmt.Fprintf(&kids, "%d 0 R ", 5+i)
	}
	object("<</Type/Pages/Count %d/Kids[%s]>>", n, kids.String())
	object("<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
	object("<</Length %d>>stream\n%s\nendstream", len(content), content)
	for range n {
		object("<</Type/Page/Parent 2 0 R/MediaBox[%s]/Contents 4 0 R/Resources<</Font<</F 3 0 R>>>>>>", box)
	}
	start := b.Len()
	fmt.Fprintf(&b, "xref\n0 %d\n0000000000 65535 f \n", len(at)+1)
	for _, a := range at {
		fmt.Fprintf(&b, "%010d 00000 n \n", a)
	}
	fmt.Fprintf(&b, "trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n", len(at)+1, start)
	return b.Bytes()
}

const (
	a4    = "0 0 595 842"
	words = "BT /F 48 Tf 72 700 Td (Letter rogatory) Tj ET 1 0 0 rg 72 100 200 200 re f"
)

// locked encrypts with the program that people have.
func locked(t *testing.T, data []byte, user string) []byte {
	t.Helper()
	from, to := filepath.Join(t.TempDir(), "a.pdf"), filepath.Join(t.TempDir(), "b.pdf")
	if err := os.WriteFile(from, data, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("qpdf", "--encrypt", user, "owner", "256", "--", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	data, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestPagesOfAPDF(t *testing.T) {
	many := paper(t, 3000, a4, words)
	for _, c := range []struct {
		name    string
		content []byte
		page    int
		shown   int
		count   int64
		cut     bool
		painted bool
		remarks []preview.Remark
	}{
		{"the first", paper(t, 3, a4, words), 0, 1, 3, false, true, nil},
		{"another", paper(t, 3, a4, words), 3, 3, 3, false, true, nil},
		{"beyond the last", paper(t, 3, a4, words), 9, 3, 3, false, true, nil},
		{"thousands", many, preview.MaxPages, preview.MaxPages, 3000, true, true, nil},
		{"wide as a house", paper(t, 1, "0 0 2000000000 2000000000", words), 1, 1, 1, false, false, []preview.Remark{preview.Expands}},
		{"a thread", paper(t, 1, "0 0 14000 2", words), 1, 1, 1, false, false, []preview.Remark{preview.Expands}},
		{"broken in the middle", append(slices.Clone(paper(t, 3, a4, words)[:200]), "garbage"...), 1, 1, 0, false, false, []preview.Remark{preview.Damaged}},
		{"only a head", []byte("%PDF-1.7\n"), 1, 1, 0, false, false, []preview.Remark{preview.Damaged}},
		{"another type", []byte("hello, I am a text"), 1, 1, 0, false, false, []preview.Remark{preview.Damaged}},
		{"a password", locked(t, paper(t, 2, a4, words), "secret"), 1, 1, 0, false, false, []preview.Remark{preview.Password}},
		{"only rights", locked(t, paper(t, 2, a4, words), ""), 2, 2, 2, false, true, []preview.Remark{preview.Encrypted}},
		{"too large", append(slices.Clone(many), make([]byte, 33<<20)...), 1, 1, 0, false, false, []preview.Remark{preview.TooLarge}},
	} {
		t.Run(c.name, func(t *testing.T) {
			began := time.Now()
			got, err := look(t, c.content, preview.Ask{As: preview.AsPages, Page: c.page})
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%s after %s", c.name, time.Since(began).Round(time.Millisecond))
			if got.Page != c.shown || got.Count != c.count || got.Cut != c.cut || (got.PNG != nil) != c.painted || !slices.Equal(got.Remarks, c.remarks) {
				t.Fatalf("page %d of %d, cut %v, picture of %d bytes, remarks %v", got.Page, got.Count, got.Cut, len(got.PNG), got.Remarks)
			}
			if !c.painted {
				return
			}
			m, err := png.Decode(bytes.NewReader(got.PNG))
			if err != nil || m.Bounds().Dx() != 707 || m.Bounds().Dy() != preview.MaxSide {
				t.Fatalf("%v, %v", m.Bounds(), err)
			}
			// The red square stands where the page says, on white paper.
			if r, g, b, _ := m.At(200, 760).RGBA(); r>>8 != 255 || g != 0 || b != 0 {
				t.Errorf("the square is %d %d %d", r>>8, g>>8, b>>8)
			}
			if r, g, b, a := m.At(5, 5).RGBA(); r&g&b&a != 0xffff {
				t.Errorf("the paper is %d %d %d %d", r>>8, g>>8, b>>8, a>>8)
			}
		})
	}
}

// A page that never ends costs that preview, by the processor time that the child has.
func TestAPageThatNeverEnds(t *testing.T) {
	slow := words + strings.Repeat("\n0 0 595 842 re 1 1 594 841 re 2 2 593 840 re f* 0 0 m 100 900 500 -900 595 842 c S", 60_000)
	got, err := look(t, paper(t, 1, a4, slow), preview.Ask{As: preview.AsPages})
	if code := rogatory.CodeOf(err); code != "preview_failed" && code != "preview_too_slow" {
		t.Fatalf("got %d bytes, %v", len(got.PNG), err)
	}
}

// A letter of ours comes back as it is printed, and its type leads to its pages.
func TestALetterIsPainted(t *testing.T) {
	got, err := look(t, letterPDF(t), preview.Ask{As: preview.AsPages})
	if err != nil || got.PNG == nil || got.Count != 1 || got.Tabs[0] != preview.AsPages || got.Type != "application/pdf" || len(got.Remarks) > 0 {
		t.Fatalf("got %d bytes, page %d of %d, %v, %v, %v", len(got.PNG), got.Page, got.Count, got.Tabs, got.Remarks, err)
	}
	if folder := os.Getenv("ROGATORY_LOOK"); folder != "" {
		if err := os.WriteFile(filepath.Join(folder, "page.png"), got.PNG, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func letterPDF(t *testing.T) []byte {
	t.Helper()
	library, err := pdf.Open()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := pdf.New(&out, pdf.Meta{Title: "Letter", Language: "en"})
	w.Page()
	setter := library.NewSetter()
	w.Begin("P", "en")
	y := 700.0
	for _, text := range []string{"Request for preservation of electronic data", "Запрос о сохранении", "طلب حفظ البيانات", "保全请求", "คำขอเก็บรักษา"} {
		for _, l := range setter.Lines(pdf.Paragraph{Spans: []pdf.Span{{Text: text, Language: "en", Style: pdf.Style{Size: 20}}}}, 400) {
			w.Text(l, 60, y)
			y -= 40
		}
	}
	w.End()
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// What is embedded is the file that docs/previews.md names.
func TestTheRendererOfPDFIsTheOneThatIsNamed(t *testing.T) {
	packed, err := os.Open("render/pdfium.wasm.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer packed.Close()
	code, err := gzip.NewReader(packed)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.New()
	if _, err := io.Copy(sum, code); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../docs/previews.md")
	if err != nil || !bytes.Contains(page, fmt.Appendf(nil, "`%x`", sum.Sum(nil))) {
		t.Errorf("SHA-256 %x is not named in docs/previews.md, %v", sum.Sum(nil), err)
	}
}
