// SPDX-License-Identifier: Apache-2.0

package preview

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"image"
	"image/png"
	"io"
	"os/exec"
	"slices"
	"time"

	"rogatory"
)

// wallTime is how long a child may live. Its processor time is limited apart (preview/jail).
const wallTime = 20 * time.Second

// children is how many may live at once: each may take the jail's memory.
const children = 2

// The frames of a child, each a letter and figures of a fixed length, big endian.
const (
	FrameRead   = 'R' // offset (8), length (4): asks for that range; answered by length (4) and the bytes
	FrameCopy   = 'C' // length (4), then the Copy as JSON; once
	FramePixels = 'P' // width (4), height (4), then 4 bytes for each pixel, red, green, blue, alpha, not premultiplied; once, after the Copy
)

// Renderer starts children. Its methods may be called by several goroutines.
type Renderer struct {
	program string
	args    []string
	env     []string
	wall    time.Duration
	slots   chan struct{}
}

// New returns a Renderer that starts the program, which must become the child when its only argument is
// Command: see preview/render.
func New(program string) *Renderer {
	// One thread of Go code: a second one makes no preview faster and leaves one core to the office.
	return &Renderer{program: program, args: []string{Command}, env: []string{"GOMAXPROCS=1"}, wall: wallTime, slots: make(chan struct{}, children)}
}

// Render looks at a file in the way that was asked. An error of src is returned as it is.
func (r *Renderer) Render(ctx context.Context, src io.ReaderAt, ask Ask) (Copy, error) {
	if err := ask.Valid(); err != nil {
		return Copy{}, err
	}
	select {
	case r.slots <- struct{}{}:
		defer func() { <-r.slots }()
	case <-ctx.Done():
		return Copy{}, rogatory.Fault(rogatory.Busy, "preview_busy", "other previews are being made").WithHint("try again in a moment")
	}
	ctx, stop := context.WithTimeout(ctx, r.wall)
	defer stop()
	c := exec.CommandContext(ctx, r.program, r.args...)
	// Nothing of ours goes with it: no variable, no folder, no descriptor but the two pipes; what it
	// says in its last moments may quote the evidence, and is not kept.
	c.Env, c.Dir = r.env, "/"
	c.WaitDelay = time.Second
	in, err := c.StdinPipe()
	if err != nil {
		return Copy{}, fmt.Errorf("make a pipe for a preview: %w", err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		return Copy{}, fmt.Errorf("make a pipe for a preview: %w", err)
	}
	if err := c.Start(); err != nil {
		return Copy{}, fmt.Errorf("start a preview: %w", err)
	}
	s := serving{src: src, ask: ask, in: in, out: out}
	result, err := s.serve()
	if err != nil {
		stop() // whatever it is still doing
	}
	in.Close()
	ended := c.Wait()
	switch {
	case s.source != nil:
		return Copy{}, s.source
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		return Copy{}, rogatory.Fault(rogatory.Invalid, "preview_too_slow", "the file could not be rendered within %s", r.wall).WithHint("look at it as hex, or download the original")
	case err != nil && rogatory.KindOf(err) != rogatory.Internal:
		return Copy{}, err
	case exitCode(ended) == ExitUnguarded:
		return Copy{}, rogatory.Fault(rogatory.Unavailable, "preview_unguarded", "this system cannot shut a process in, so that nothing is rendered on it").WithHint("previews need Linux with seccomp, on amd64 or arm64")
	case err != nil || ended != nil:
		return Copy{}, rogatory.Fault(rogatory.Invalid, "preview_failed", "the file could not be rendered: %w", errors.Join(err, ended)).WithHint("look at it as hex, or download the original")
	}
	return result, nil
}

// ExitUnguarded is how a child ends that could not shut itself in.
const ExitUnguarded = 3

func exitCode(err error) int {
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		return e.ExitCode()
	}
	return 0
}

// serving is the conversation with one child.
type serving struct {
	src    io.ReaderAt
	ask    Ask
	in     io.Writer
	out    io.Reader
	source error // an error of src
}

func tooMuch(format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "preview_too_much", "the preview asks for or gives more than it may: %s", fmt.Sprintf(format, args...)).WithHint("look at it as hex, or download the original")
}

func malformed(format string, args ...any) error {
	return rogatory.Fault(rogatory.Invalid, "preview_malformed", "the preview is not one: %s", fmt.Sprintf(format, args...)).WithHint("look at it as hex, or download the original")
}

// serve answers the child until it ends.
func (s *serving) serve() (Copy, error) {
	ask, err := json.Marshal(s.ask)
	if err != nil {
		return Copy{}, err
	}
	if _, err := s.in.Write(append(binary.BigEndian.AppendUint32(nil, uint32(len(ask))), ask...)); err != nil {
		return Copy{}, err
	}
	var result *Copy
	var read int64
	for asks := 0; ; {
		var kind [1]byte
		if _, err := io.ReadFull(s.out, kind[:]); errors.Is(err, io.EOF) && result != nil {
			return *result, nil
		} else if err != nil {
			return Copy{}, err
		}
		switch {
		case kind[0] == FrameRead && result == nil:
			var f struct {
				Offset int64
				Length uint32
			}
			if err := binary.Read(s.out, binary.BigEndian, &f); err != nil {
				return Copy{}, err
			}
			asks++
			if read += int64(f.Length); f.Length > MaxRange || read > maxRead || asks > maxAsks || f.Offset < 0 {
				return Copy{}, tooMuch("%d bytes at %d, after %d bytes in %d pieces", f.Length, f.Offset, read-int64(f.Length), asks-1)
			}
			answer := make([]byte, 4+f.Length)
			n, err := s.src.ReadAt(answer[4:], f.Offset)
			if err != nil && !errors.Is(err, io.EOF) {
				s.source = err
				return Copy{}, err
			}
			binary.BigEndian.PutUint32(answer, uint32(n))
			if _, err := s.in.Write(answer[:4+n]); err != nil {
				return Copy{}, err
			}
		case kind[0] == FrameCopy && result == nil:
			if result, err = s.copyOf(); err != nil {
				return Copy{}, err
			}
		case kind[0] == FramePixels && result != nil && result.PNG == nil && (s.ask.As == AsImage || s.ask.As == AsPages):
			if result.PNG, err = s.pixels(); err != nil {
				return Copy{}, err
			}
		default:
			return Copy{}, malformed("a frame %q", kind[0])
		}
	}
}

func (s *serving) copyOf() (*Copy, error) {
	var n uint32
	if err := binary.Read(s.out, binary.BigEndian, &n); err != nil {
		return nil, err
	}
	if n > maxJSON {
		return nil, tooMuch("%d bytes of words", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(s.out, text); err != nil {
		return nil, err
	}
	var c Copy
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, malformed("%v", err)
	}
	if err := c.check(s.ask); err != nil {
		return nil, malformed("%v", err)
	}
	return &c, nil
}

// pixels packs what the child painted. Packing looks at numbers only: no value of a pixel can hurt.
func (s *serving) pixels() ([]byte, error) {
	var f struct{ Width, Height uint32 }
	if err := binary.Read(s.out, binary.BigEndian, &f); err != nil {
		return nil, err
	}
	if f.Width < 1 || f.Height < 1 || f.Width > MaxSide || f.Height > MaxSide {
		return nil, tooMuch("an image of %d by %d pixels", f.Width, f.Height)
	}
	m := image.NewNRGBA(image.Rect(0, 0, int(f.Width), int(f.Height)))
	if _, err := io.ReadFull(s.out, m.Pix); err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&packed, m); err != nil {
		return nil, err
	}
	return packed.Bytes(), nil
}

func holds(all []Guard, g Guard) bool { return slices.Contains(all, g) }

// isTime: empty, or a time as RFC 3339 writes it.
func isTime(s string) bool {
	if s == "" {
		return true
	}
	_, err := time.Parse(time.RFC3339Nano, s)
	return err == nil && plain(s)
}
