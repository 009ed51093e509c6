// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"image"
	"io"
	"math"
	"time"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdferrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"

	"rogatory/preview"
)

// packedPDFium is pdfium.wasm of go-pdfium v1.21.4 as it stands there, packed by gzip -9n: the program carries
// two megabytes instead of six, and nothing unpacks it but a child that has a PDF before it.
//
//go:embed pdfium.wasm.gz
var packedPDFium []byte

const typePDF = "application/pdf"

// Limits of a PDF.
const (
	maxPDF     = 32 << 20 // bytes of the file: it lies in memory twice, here and in the machine of the renderer
	maxPoints  = 14_400   // of either side of a page, in 1/72 inch: what ISO 32000 names as the greatest
	maxSlender = 200      // how many times longer than wide: beyond, less than five of its pixels would be seen
	maxMachine = 4096     // pages of 64 KiB, 256 MiB in all, for the machine: images of a page are unpacked in it
)

// pages paints one page of a PDF and says how many there are. PDFium, which parses it, runs in a machine of
// its own (WebAssembly) that sees no file, no clock but time and no memory but its own: a defect of PDFium is
// held by that first, and then by the jail. The machine is interpreted: to compile it takes longer than any
// page does, and would need executable memory, which the jail refuses.
func pages(c *preview.Copy, src source, kind string, page int) (*image.NRGBA, error) {
	c.Page = max(page, 1)
	if kind != typePDF {
		remark(c, preview.Damaged)
		return nil, nil
	}
	if src.Size() > maxPDF {
		remark(c, preview.TooLarge)
		return nil, nil
	}
	data, err := io.ReadAll(whole(src))
	if err != nil {
		return nil, err
	}
	p, err := machine()
	if err != nil {
		return nil, err
	}
	opened, err := p.OpenDocument(&requests.OpenDocument{File: &data})
	switch {
	case errors.Is(err, pdferrors.ErrPassword):
		remark(c, preview.Password)
		return nil, nil
	case errors.Is(err, pdferrors.ErrSecurity):
		remark(c, preview.Encrypted)
		return nil, nil
	case err != nil:
		remark(c, preview.Damaged)
		return nil, nil
	}
	doc := opened.Document
	if r, err := p.FPDF_GetSecurityHandlerRevision(&requests.FPDF_GetSecurityHandlerRevision{Document: doc}); err == nil && r.SecurityHandlerRevision >= 0 {
		remark(c, preview.Encrypted)
	}
	if m, err := p.GetMetaData(&requests.GetMetaData{Document: doc}); err == nil {
		for _, t := range m.Tags {
			fact(c, t.Tag, t.Value)
		}
	}
	count, err := p.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc})
	if err != nil || count.PageCount < 1 {
		remark(c, preview.Damaged)
		return nil, nil
	}
	c.Count, c.Cut = int64(count.PageCount), count.PageCount > preview.MaxPages
	c.Page = min(c.Page, count.PageCount)
	size, err := p.FPDF_GetPageSizeByIndex(&requests.FPDF_GetPageSizeByIndex{Document: doc, Index: c.Page - 1})
	if err != nil {
		remark(c, preview.Damaged)
		return nil, nil
	}
	w, h := fit(size.Width, size.Height)
	if w == 0 {
		remark(c, preview.Expands)
		return nil, nil
	}
	painted, err := p.RenderPageInPixels(&requests.RenderPageInPixels{Width: w, Height: h, RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT,
		Page: requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: c.Page - 1}}})
	if err != nil || painted.Result.Image == nil || painted.Result.Image.Rect.Empty() {
		remark(c, preview.Damaged)
		return nil, nil
	}
	m := painted.Result.Image
	if m.Rect.Dx() > preview.MaxSide || m.Rect.Dy() > preview.MaxSide {
		return nil, fmt.Errorf("a page of %v", m.Rect)
	}
	return onPaper(m), nil
}

// fit gives the pixels for a page of a size in points, the longer side MaxSide; 0 if it is no size of a page.
func fit(w, h float64) (int, int) {
	longer, shorter := max(w, h), min(w, h)
	if !(shorter >= 1 && longer <= maxPoints && longer <= shorter*maxSlender) { // NaN is none either
		return 0, 0
	}
	scale := preview.MaxSide / longer
	return max(1, int(math.Round(w*scale))), max(1, int(math.Round(h*scale)))
}

// onPaper copies a painted page: opaque, on white where nothing was painted. PDFium does not premultiply.
func onPaper(m *image.RGBA) *image.NRGBA {
	out := image.NewNRGBA(image.Rect(0, 0, m.Rect.Dx(), m.Rect.Dy()))
	for y := range out.Rect.Dy() {
		for x := range out.Rect.Dx() {
			from := m.Pix[y*m.Stride+4*x:][:4:4]
			to := out.Pix[y*out.Stride+4*x:][:4:4]
			for i := range 3 {
				to[i] = uint8((int(from[i])*int(from[3]) + 255*(255-int(from[3]))) / 255)
			}
			to[3] = 255
		}
	}
	return out
}

// machine starts PDFium. It is given nothing of the process: no folder, and what it prints is not kept,
// because the pipe is for frames.
func machine() (pdfium.Pdfium, error) {
	packed, err := gzip.NewReader(bytes.NewReader(packedPDFium))
	if err != nil {
		return nil, fmt.Errorf("unpack the renderer of PDF: %w", err)
	}
	module, err := io.ReadAll(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack the renderer of PDF: %w", err)
	}
	pool, err := webassembly.InitWithWASM(webassembly.Config{
		WASM: module, Context: context.Background(), MinIdle: 0, MaxIdle: 1, MaxTotal: 1,
		FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard,
		RuntimeConfig: wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(maxMachine).
			WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling),
	})
	if err != nil {
		return nil, fmt.Errorf("start the renderer of PDF: %w", err)
	}
	p, err := pool.GetInstance(time.Minute) // longer than the process may live
	if err != nil {
		return nil, fmt.Errorf("start the renderer of PDF: %w", err)
	}
	return p, nil
}
