// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bufio"
	"fmt"
	"image"
	_ "image/gif"
	_ "image/jpeg"
	_ "image/png"
	"io"
	"slices"
	"strings"

	"github.com/bep/imagemeta"
	_ "golang.org/x/image/bmp"
	"golang.org/x/image/draw"
	_ "golang.org/x/image/tiff"
	_ "golang.org/x/image/webp"

	"rogatory/preview"
)

// pictures are the types that can be painted. SVG is a program and stays text.
var pictures = map[string]bool{"image/png": true, "image/jpeg": true, "image/gif": true, "image/bmp": true, "image/tiff": true, "image/webp": true}

// The greatest image that is decoded. A camera of 50 megapixels passes; at eight bytes for each pixel
// it takes most of the jail's memory.
const (
	maxPixels = 50 << 20
	maxSide   = 20_000
)

// paint decodes an image and gives it back as plain pixels, smaller if it is great. What it is and
// what its metadata say is told even where it cannot be painted.
func paint(c *preview.Copy, src source, kind string) (*image.NRGBA, error) {
	described, format, err := image.DecodeConfig(bufio.NewReader(whole(src)))
	if err != nil {
		remark(c, preview.Damaged)
		return nil, nil
	}
	c.Width, c.Height = max(described.Width, 0), max(described.Height, 0)
	metadata(c, src, kind)
	if c.Width < 1 || c.Height < 1 || c.Width > maxSide || c.Height > maxSide || c.Width*c.Height > maxPixels {
		remark(c, preview.Expands)
		c.Cut = true
		return nil, nil
	}
	fact(c, "Format", strings.ToUpper(format))
	m, _, err := image.Decode(bufio.NewReader(whole(src)))
	if err != nil || m.Bounds().Empty() {
		remark(c, preview.Damaged)
		return nil, nil
	}
	w, h := m.Bounds().Dx(), m.Bounds().Dy()
	if longer := max(w, h); longer > preview.MaxSide {
		w, h = max(1, w*preview.MaxSide/longer), max(1, h*preview.MaxSide/longer)
	}
	small := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.ApproxBiLinear.Scale(small, small.Rect, m, m.Bounds(), draw.Src, nil)
	return small, nil
}

// whole reads src from its beginning.
func whole(src source) *io.SectionReader { return io.NewSectionReader(src, 0, src.Size()) }

var metaFormats = map[string]imagemeta.ImageFormat{"image/jpeg": imagemeta.JPEG, "image/tiff": imagemeta.TIFF, "image/png": imagemeta.PNG, "image/webp": imagemeta.WebP}

// Bounds of metadata: what a camera writes has a few hundred tags.
const (
	maxTags    = 2000
	maxTagSize = 4000
)

// metadata tells EXIF and IPTC fields by the names of their standards, place and time first.
func metadata(c *preview.Copy, src source, kind string) {
	format, ok := metaFormats[kind]
	if !ok {
		return
	}
	var all []preview.Fact
	take := func(tag imagemeta.TagInfo) error {
		if _, raw := tag.Value.([]byte); !raw && len(all) < maxFacts {
			all = append(all, preview.Fact{Name: shown(tag.Tag), Value: shown(fmt.Sprint(tag.Value))})
		}
		return nil
	}
	_, err := imagemeta.Decode(imagemeta.Options{R: whole(src), ImageFormat: format, Sources: imagemeta.EXIF | imagemeta.IPTC, HandleTag: take,
		ShouldHandleTag: func(imagemeta.TagInfo) bool { return true }, LimitNumTags: maxTags, LimitTagSize: maxTagSize, Warnf: func(string, ...any) {}})
	if err != nil {
		remark(c, preview.Damaged)
	}
	weight := func(f preview.Fact) int {
		switch name := string(f.Name); {
		case strings.HasPrefix(name, "DateTime"), strings.HasPrefix(name, "OffsetTime"):
			return 0
		case strings.HasPrefix(name, "GPS"):
			return 1
		case name == "Make", name == "Model", name == "Software", strings.Contains(name, "Serial"), strings.Contains(name, "Owner"):
			return 2
		}
		return 3
	}
	slices.SortStableFunc(all, func(a, b preview.Fact) int { return weight(a) - weight(b) })
	c.Facts = append(c.Facts, all...)
}
