// SPDX-License-Identifier: Apache-2.0

package letter

import (
	"fmt"
	"image"
	"image/png"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"rogatory"
	"rogatory/language"
	"rogatory/pdf"
)

// pictureScale is that of the pictures, in dots per inch: less than any scanner has.
const pictureScale = 150

// picture draws a page as a stock program does.
func picture(t *testing.T, file []byte, page int) image.Image {
	t.Helper()
	name := filepath.Join(t.TempDir(), "letter.pdf")
	if err := os.WriteFile(name, file, 0o600); err != nil {
		t.Fatal(err)
	}
	of := fmt.Sprint(page)
	out := strings.TrimSuffix(name, ".pdf")
	if said, err := exec.Command("pdftoppm", "-r", fmt.Sprint(pictureScale), "-f", of, "-l", of, "-singlefile", "-png", name, out).CombinedOutput(); err != nil {
		t.Fatalf("pdftoppm: %v\n%s", err, said)
	}
	f, err := os.Open(out + ".png")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	drawn, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return drawn
}

// read looks for a QR code anywhere on a page.
func read(t *testing.T, page image.Image) (string, error) {
	t.Helper()
	bitmap, err := gozxing.NewBinaryBitmapFromImage(page)
	if err != nil {
		t.Fatal(err)
	}
	found, err := qrcode.NewQRCodeReader().Decode(bitmap, nil)
	if err != nil {
		return "", err
	}
	return found.GetText(), nil
}

func TestACameraReadsTheCheckLineOnTheFirstPageOfEachPaper(t *testing.T) {
	c := language.Load()
	for _, tag := range []string{"en", "ar"} { // the foot of Arabic is mirrored, the QR code is not
		for name, d := range papers(tag, c.Locale(tag)) {
			t.Run(name+"/"+tag, func(t *testing.T) {
				file := printed(t, d)
				got, err := read(t, picture(t, file, 1))
				want := "ROGATORY " + d.Reference + " SHA-256 " + d.Digest.String()
				if err != nil || got != want {
					t.Errorf("the camera reads %q (%v), %q was wanted", got, err, want)
				}
				if n := strings.Count(string(file), "/S /Figure"); n != 1 || !strings.Contains(string(file), "/Alt <FEFF") {
					t.Errorf("%d figures, one with a text was wanted", n)
				}
			})
		}
	}
}

func TestEachLanguageOfAPaperHasTheCheckLineOnce(t *testing.T) {
	c := language.Load()
	d := papers("en", c.Locale("en"), c.Locale("fr"))["custody"]
	file := printed(t, d)
	if n := strings.Count(string(file), "/S /Figure"); n != 2 {
		t.Errorf("%d figures, two were wanted", n)
	}
	if got, err := read(t, picture(t, file, 2)); err == nil {
		t.Errorf("the second page has a QR code too: %q", got)
	}
}

// The quiet zone is looked at on the page as it is drawn: around the dark modules no ink is nearer than four of them.
func TestTheQRCodeIsLargeEnoughAndStandsAlone(t *testing.T) {
	c := language.Load()
	for _, tag := range []string{"en", "ar"} {
		d := papers(tag, c.Locale(tag))["request"]
		rows := symbol(d.CheckLine())
		if len(rows) == 0 {
			t.Fatal("there is no QR code")
		}
		if side := symbolSide / 72 * 25.4; side < 18 {
			t.Errorf("the QR code is %.1f mm wide", side)
		}
		page := picture(t, printed(t, d), 1)
		const dots = pictureScale / 72.0
		left := margin + textWidth - symbolSide
		if tag == "ar" {
			left = margin
		}
		quiet := quietZone * symbolSide / float64(len(rows))
		dark := 0
		for y := int((pdf.PageHeight - symbolLow - symbolSide - quiet) * dots); y < int((pdf.PageHeight-symbolLow+quiet)*dots); y++ {
			for x := int((left-quiet)*dots) + 1; x < int((left+symbolSide+quiet)*dots); x++ {
				r, _, _, _ := page.At(x, y).RGBA()
				inside := float64(x) > left*dots-2 && float64(x) < (left+symbolSide)*dots+2 &&
					float64(y) > (pdf.PageHeight-symbolLow-symbolSide)*dots-2 && float64(y) < (pdf.PageHeight-symbolLow)*dots+2
				switch {
				case inside && r < 0x4000:
					dark++
				case !inside && r < 0xf000:
					t.Fatalf("%s: ink in the quiet zone at %d, %d", tag, x, y)
				}
			}
		}
		if dark < 1000 {
			t.Errorf("%s: %d dark dots: the QR code stands elsewhere", tag, dark)
		}
	}
}

func TestWithoutADigestThereIsNoCheckLine(t *testing.T) {
	whole := Document{Reference: "XA-2026-7K3M9Q2P.1", Digest: rogatory.DigestOf([]byte("m"))}
	for name, d := range map[string]Document{
		"a draft":                  {Reference: whole.Reference},
		"no reference":             {Digest: whole.Digest},
		"a reference with a space": {Reference: "XA 2026", Digest: whole.Digest},
		"a reference in lower case, as an address would be": {Reference: "https://example.org", Digest: whole.Digest},
	} {
		if got := d.CheckLine(); got != "" || symbol(got) != nil {
			t.Errorf("%s has the check line %q", name, got)
		}
	}
	if symbol(whole.CheckLine()) == nil {
		t.Error("a whole document has no QR code")
	}
	whole.Reference = strings.Repeat("X", 200)
	if symbol(whole.CheckLine()) != nil {
		t.Error("a line too long makes modules too fine")
	}
}
