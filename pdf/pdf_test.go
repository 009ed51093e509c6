// SPDX-License-Identifier: Apache-2.0

package pdf_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rogatory/pdf"
)

// samples is a line in each language, with what must survive: a reference, a date, an article, a digest.
var samples = []struct {
	language, text string
	rightToLeft    bool
}{
	{"en", "Request XA-2026-7K3M9Q2P.1 of 23 November 2026 under Article 40(15)(a), 03:14 UTC+7; affine file.", false},
	{"fr", "Demande XA-2026-7K3M9Q2P.1 du 23 novembre 2026, article 40(15)(a) : « cœur », été, où.", false},
	{"es", "Solicitud XA-2026-7K3M9Q2P.1 de 23 de noviembre de 2026, artículo 40(15)(a), ¿año?", false},
	{"ru", "Запрос XA-2026-7K3M9Q2P.1 от 23 ноября 2026 г., статья 40(15)(a), Ёлка.", false},
	{"vi", "Yêu cầu XA-2026-7K3M9Q2P.1 ngày 23 tháng 11 năm 2026, Điều 40(15)(a), tương trợ tư pháp về hình sự.", false},
	{"zh", "请求书 XA-2026-7K3M9Q2P.1，2026年11月23日，第40(15)(a)条，“联合国打击网络犯罪公约”。", false},
	{"th", "คำร้องขอ XA-2026-7K3M9Q2P.1 วันที่ 23 พฤศจิกายน 2569 ข้อ 40(15)(a) ความช่วยเหลือซึ่งกันและกันทางกฎหมาย ที่นี่ น้ำ ผู้ต้องหา", false},
	{"ar", "طلب \u2066XA-2026-7K3M9Q2P.1\u2069 المؤرخ 23 نوفمبر 2026 بموجب المادة \u206640(15)(a)\u2069 من الاتفاقية، لا إله (قوس) والإجراءات اللازمة.", true},
}

func write(t *testing.T, paragraphs []pdf.Paragraph, width float64) []byte {
	t.Helper()
	library, err := pdf.Open()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w := pdf.New(&out, pdf.Meta{Title: "Samples", Language: "en"})
	w.Page()
	setter := library.NewSetter()
	y := 780.0
	for _, p := range paragraphs {
		w.Begin("P", p.Spans[0].Language)
		for _, l := range setter.Lines(p, width) {
			x := 60.0
			if p.RightToLeft {
				x += width - l.Width
			}
			w.Text(l, x, y)
			if y -= 18; y < 60 {
				y = 780
				w.Page()
			}
		}
		w.End()
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// extract returns the text that a stock program takes out of the file.
func extract(t *testing.T, file []byte) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "x.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if keep := os.Getenv("KEEP_PDF"); keep != "" {
		os.WriteFile(filepath.Join(keep, strings.ReplaceAll(t.Name(), "/", "_")+".pdf"), file, 0o600)
	}
	if out, err := exec.Command("qpdf", "--check", name).CombinedOutput(); err != nil {
		t.Errorf("qpdf: %v\n%s", err, out)
	}
	out, err := exec.Command("pdftotext", "-enc", "UTF-8", name, "-").Output()
	if err != nil {
		t.Fatal(err)
	}
	return string(out)
}

// bare takes out what a reader does not see: spaces, line ends, controls of direction.
func bare(s string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '\u00a0' || r == '\u200b' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' || r == '\u200e' || r == '\u200f' {
			return -1
		}
		return r
	}, s)
}

func TestTextComesOutAsItWentIn(t *testing.T) {
	for _, s := range samples {
		t.Run(s.language, func(t *testing.T) {
			isolated := write(t, []pdf.Paragraph{{Spans: []pdf.Span{{Text: "\u2068" + s.text + "\u2069", Language: s.language, Style: pdf.Style{Size: 6}}}}}, 470)
			if got := bare(extract(t, isolated)); !strings.Contains(got, bare(s.text)) {
				t.Errorf("isolated: went in\n%s\ncame out\n%s", bare(s.text), got)
			}
			for _, bold := range []bool{false, true} {
				file := write(t, []pdf.Paragraph{{RightToLeft: s.rightToLeft, Spans: []pdf.Span{{Text: s.text, Language: s.language, Style: pdf.Style{Size: 10.5, Bold: bold}}}}}, 470)
				if got := bare(extract(t, file)); !strings.Contains(got, bare(s.text)) {
					t.Errorf("bold %v: went in\n%s\ncame out\n%s", bold, bare(s.text), got)
				}
			}
		})
	}
}
