// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	_ "embed"
	"encoding/binary"
	"fmt"
	"image"
	"io"
	"math"
	"unicode/utf16"

	"github.com/klippa-app/go-pdfium/webassembly/imports"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"

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

// Why PDFium does not open a file: FPDF_ERR_PASSWORD, FPDF_ERR_SECURITY.
const errPassword, errSecurity = 4, 5

// pages paints one page of a PDF and says how many there are. PDFium, which parses it, runs in a machine of
// its own (WebAssembly) that sees no file and no memory but its own: a defect of PDFium is
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
	doc := p.call("FPDF_LoadMemDocument64", p.put(data), uint64(len(data)), 0)
	if doc == 0 {
		switch why := p.call("FPDF_GetLastError"); {
		case p.err != nil:
		case why == errPassword:
			remark(c, preview.Password)
		case why == errSecurity:
			remark(c, preview.Encrypted)
		default:
			remark(c, preview.Damaged)
		}
		return nil, p.err
	}
	if int32(p.call("FPDF_GetSecurityHandlerRevision", doc)) >= 0 {
		remark(c, preview.Encrypted)
	}
	for _, name := range []string{"Title", "Author", "Subject", "Keywords", "Creator", "Producer", "CreationDate", "ModDate"} {
		fact(c, name, p.field(doc, name))
	}
	count := int(int32(p.call("FPDF_GetPageCount", doc)))
	if p.err != nil || count < 1 {
		remark(c, preview.Damaged)
		return nil, p.err
	}
	c.Count, c.Cut, c.Page = int64(count), count > preview.MaxPages, min(c.Page, count)
	index := uint64(c.Page - 1)
	sides := p.put(make([]byte, 16))
	sized := p.call("FPDF_GetPageSizeByIndex", doc, index, sides, sides+8)
	size := p.get(sides, 16)
	sheet := p.call("FPDF_LoadPage", doc, index)
	if p.err != nil || sized == 0 || sheet == 0 {
		remark(c, preview.Damaged)
		return nil, p.err
	}
	w, h := fit(math.Float64frombits(binary.LittleEndian.Uint64(size)), math.Float64frombits(binary.LittleEndian.Uint64(size[8:])))
	if w == 0 {
		remark(c, preview.Expands)
		return nil, nil
	}
	return p.paint(sheet, uint64(w), uint64(h))
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

// pdfium is PDFium in its machine. After the first error it does nothing more, and err says why.
type pdfium struct {
	module api.Module
	err    error
}

// call calls a function of fpdfview.h; 0 after an error.
func (p *pdfium) call(name string, args ...uint64) uint64 {
	if p.err != nil {
		return 0
	}
	f := p.module.ExportedFunction(name)
	if f == nil {
		p.err = fmt.Errorf("the renderer of PDF has no %s", name)
		return 0
	}
	results, err := f.Call(context.Background(), args...)
	if err != nil {
		p.err = fmt.Errorf("%s: %w", name, err)
		return 0
	}
	if len(results) == 0 {
		return 0
	}
	return results[0]
}

// put copies data into the machine and returns where it stands. Nothing is freed: the process ends soon.
func (p *pdfium) put(data []byte) uint64 {
	at := p.call("malloc", uint64(max(len(data), 1)))
	if p.err == nil && (at == 0 || !p.module.Memory().Write(uint32(at), data)) {
		p.err = fmt.Errorf("no room for %d bytes", len(data))
	}
	return at
}

// get returns n bytes of the machine's memory, as they are now; n zeros after an error.
func (p *pdfium) get(at uint64, n int) []byte {
	if p.err == nil {
		if data, ok := p.module.Memory().Read(uint32(at), uint32(n)); ok {
			return data
		}
		p.err = fmt.Errorf("no %d bytes at %d", n, at)
	}
	return make([]byte, n)
}

// field returns a field of the document information.
func (p *pdfium) field(doc uint64, name string) string {
	const most = 2 * maxShown
	at, tag := p.put(make([]byte, most)), p.put(append([]byte(name), 0))
	n := p.call("FPDF_GetMetaText", doc, tag, at, most)
	if p.err != nil || n <= 2 || n > most {
		return ""
	}
	data := p.get(at, int(n)-2) // without the zero at its end
	units := make([]uint16, len(data)/2)
	for i := range units {
		units[i] = binary.LittleEndian.Uint16(data[2*i:])
	}
	return string(utf16.Decode(units))
}

// paint paints a page on white, with its notes, in w by h pixels.
func (p *pdfium) paint(sheet, w, h uint64) (*image.NRGBA, error) {
	const opaque, white, notes, redFirst = 3, 0xFFFFFFFF, 0x01, 0x10 // FPDFBitmap_BGRx, FPDF_ANNOT, FPDF_REVERSE_BYTE_ORDER
	bitmap := p.call("FPDFBitmap_CreateEx", w, h, opaque, 0, 0)
	if p.err == nil && bitmap == 0 {
		return nil, fmt.Errorf("no room for %d by %d pixels", w, h)
	}
	p.call("FPDFBitmap_FillRect", bitmap, 0, 0, w, h, white)
	p.call("FPDF_RenderPageBitmap", bitmap, sheet, 0, 0, w, h, 0, notes|redFirst)
	at, stride := p.call("FPDFBitmap_GetBuffer", bitmap), int(p.call("FPDFBitmap_GetStride", bitmap))
	if p.err == nil && stride < 4*int(w) {
		return nil, fmt.Errorf("rows of %d bytes for %d pixels", stride, w)
	}
	out := image.NewNRGBA(image.Rect(0, 0, int(w), int(h)))
	for y := range int(h) {
		row := out.Pix[y*out.Stride:][:out.Stride]
		copy(row, p.get(at+uint64(y*stride), len(row)))
		for x := 3; x < len(row); x += 4 {
			row[x] = 255
		}
	}
	return out, p.err
}

// machine starts PDFium. It is given nothing of the process: no folder, and what it prints is not kept,
// because the pipe is for frames.
func machine() (*pdfium, error) {
	packed, err := gzip.NewReader(bytes.NewReader(packedPDFium))
	if err != nil {
		return nil, fmt.Errorf("unpack the renderer of PDF: %w", err)
	}
	code, err := io.ReadAll(packed)
	if err != nil {
		return nil, fmt.Errorf("unpack the renderer of PDF: %w", err)
	}
	ctx := context.Background()
	r := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter().WithMemoryLimitPages(maxMachine).
		WithCoreFeatures(api.CoreFeaturesV2|experimental.CoreFeaturesExceptionHandling))
	if _, err := wasi_snapshot_preview1.Instantiate(ctx, r); err != nil {
		return nil, fmt.Errorf("start the renderer of PDF: %w", err)
	}
	compiled, err := r.CompileModule(ctx, code)
	if err != nil {
		return nil, fmt.Errorf("start the renderer of PDF: %w", err)
	}
	if _, err := imports.Instantiate(ctx, r, compiled); err != nil {
		return nil, fmt.Errorf("start the renderer of PDF: %w", err)
	}
	module, err := r.InstantiateModule(ctx, compiled, wazero.NewModuleConfig().WithStartFunctions("_initialize").WithName("").WithRandSource(rand.Reader))
	if err != nil {
		return nil, fmt.Errorf("start the renderer of PDF: %w", err)
	}
	p := &pdfium{module: module}
	p.call("FPDF_InitLibrary")
	return p, p.err
}
