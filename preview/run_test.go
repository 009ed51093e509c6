// SPDX-License-Identifier: Apache-2.0

package preview_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"image"
	"image/png"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"rogatory"
	"rogatory/preview"
	"rogatory/preview/jail"
	"rogatory/preview/render"
)

// The test is its own child: the honest one, and several that are not.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == preview.Command {
		os.Exit(render.Main(os.Stdin, os.Stdout))
	}
	if len(os.Args) == 2 {
		if act := actors[os.Args[1]]; act != nil {
			held, err := jail.Enter()
			if err != nil {
				os.Exit(preview.ExitUnguarded)
			}
			act(held)
			os.Exit(0)
		}
	}
	os.Exit(m.Run())
}

// say gives a Copy, or whatever it is told to.
func say(c any) {
	text, _ := json.Marshal(c)
	os.Stdout.Write(append(binary.BigEndian.AppendUint32([]byte{preview.FrameCopy}, uint32(len(text))), text...))
}

var held = []preview.Guard{preview.Syscalls}

// actors are children that something hostile has taken over.
var actors = map[string]func(jail.Held){
	"act-escape": escape,
	"act-crash":  func(jail.Held) { panic("the parser fell over") },
	"act-hang":   func(jail.Held) { io.Copy(io.Discard, os.Stdin); select {} },
	"act-eat": func(jail.Held) {
		var all [][]byte
		for {
			all = append(all, bytes.Repeat([]byte{1}, 16<<20))
		}
	},
	"act-ask-forever": func(jail.Held) {
		var answer [4 + 1]byte
		for {
			os.Stdout.Write([]byte{preview.FrameRead, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
			if _, err := io.ReadFull(os.Stdin, answer[:]); err != nil {
				return
			}
		}
	},
	"act-ask-much": func(jail.Held) {
		os.Stdout.Write([]byte{preview.FrameRead, 0, 0, 0, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff})
		io.Copy(io.Discard, os.Stdin)
	},
	"act-ask-behind": func(jail.Held) {
		os.Stdout.Write([]byte{preview.FrameRead, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1})
		io.Copy(io.Discard, os.Stdin)
	},
	"act-flood-words": func(jail.Held) {
		os.Stdout.Write([]byte{preview.FrameCopy, 0xff, 0xff, 0xff, 0xff})
		for {
			if _, err := os.Stdout.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	},
	"act-flood-after": func(jail.Held) {
		say(preview.Copy{Guards: held})
		for {
			if _, err := os.Stdout.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	},
	"act-flood-pixels": func(jail.Held) {
		say(preview.Copy{Guards: held})
		os.Stdout.Write([]byte{preview.FramePixels, 0, 1, 0, 0, 0, 1, 0, 0})
		io.Copy(os.Stdout, endless{})
	},
	"act-nothing":      func(jail.Held) {},
	"act-no-guard":     func(jail.Held) { say(preview.Copy{}) },
	"act-odd-remark":   func(jail.Held) { say(preview.Copy{Guards: held, Remarks: []preview.Remark{"<b>"}}) },
	"act-odd-time":     func(jail.Held) { say(preview.Copy{Guards: held, First: "yesterday"}) },
	"act-odd-tab":      func(jail.Held) { say(preview.Copy{Guards: held, Tabs: []preview.As{"../../x"}}) },
	"act-odd-field":    func(jail.Held) { say(map[string]string{"png": "x"}) },
	"act-odd-frame":    func(jail.Held) { os.Stdout.Write([]byte("HTTP/1.1 200 OK\r\n\r\n")) },
	"act-minus":        func(jail.Held) { say(preview.Copy{Guards: held, Count: -1}) },
	"act-long-text":    func(jail.Held) { say(preview.Copy{Guards: held, Type: preview.Text(strings.Repeat("x", 1<<17))}) },
	"act-twice":        func(jail.Held) { say(preview.Copy{Guards: held}); say(preview.Copy{Guards: held}) },
	"act-bidi":         func(jail.Held) { say(preview.Copy{Guards: held, Type: "exe.\u202egpj\x1b[2J"}) },
	"act-half-a-word":  func(jail.Held) { os.Stdout.Write([]byte{preview.FrameCopy, 0, 0, 1, 0, '{'}) },
	"act-exit-nonzero": func(jail.Held) { say(preview.Copy{Guards: held}); os.Exit(9) },
}

type endless struct{}

func (endless) Read(p []byte) (int, error) { return len(p), nil }

func program(t *testing.T) string {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return exe
}

func renderer(t *testing.T) *preview.Renderer { return preview.New(program(t)) }

func look(t *testing.T, content []byte, ask preview.Ask) (preview.Copy, error) {
	t.Helper()
	ask.Size = int64(len(content))
	return renderer(t).Render(t.Context(), bytes.NewReader(content), ask)
}

func TestATakenChildHarmsNobody(t *testing.T) {
	for _, c := range []struct {
		actor, code string
	}{
		{"act-crash", "preview_failed"},
		{"act-hang", "preview_too_slow"},
		{"act-eat", "preview_failed"},
		{"act-ask-forever", "preview_too_much"},
		{"act-ask-much", "preview_too_much"},
		{"act-ask-behind", "preview_too_much"},
		{"act-flood-words", "preview_too_much"},
		{"act-flood-after", "preview_malformed"},
		{"act-flood-pixels", "preview_too_much"},
		{"act-nothing", "preview_failed"},
		{"act-no-guard", "preview_malformed"},
		{"act-odd-remark", "preview_malformed"},
		{"act-odd-time", "preview_malformed"},
		{"act-odd-tab", "preview_malformed"},
		{"act-odd-field", "preview_malformed"},
		{"act-odd-frame", "preview_malformed"},
		{"act-minus", "preview_malformed"},
		{"act-long-text", "preview_malformed"},
		{"act-twice", "preview_malformed"},
		{"act-half-a-word", "preview_failed"},
		{"act-exit-nonzero", "preview_failed"},
	} {
		t.Run(c.actor, func(t *testing.T) {
			wall := 30 * time.Second
			if c.actor == "act-hang" {
				wall = 500 * time.Millisecond
			}
			got, err := renderer(t).Instead(c.actor, wall).Render(t.Context(), bytes.NewReader([]byte("evidence")), preview.Ask{As: preview.AsImage, Size: 8})
			if rogatory.CodeOf(err) != c.code || rogatory.KindOf(err) != rogatory.Invalid {
				t.Fatalf("got %+v, %v; %s wanted", got, err, c.code)
			}
			if got.PNG != nil || got.Type != "" {
				t.Errorf("beside the error there is %+v", got)
			}
		})
	}
}

func TestWordsOfATakenChildAreInert(t *testing.T) {
	got, err := renderer(t).Instead("act-bidi", time.Minute).Render(t.Context(), bytes.NewReader(nil), preview.Ask{As: preview.Facts})
	if err != nil || got.Type != "exe.⟨U+202E⟩gpj␛[2J" {
		t.Errorf("got %q, %v", got.Type, err)
	}
}

func TestTheParentStopsWaitingWhenNobodyDoes(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := renderer(t).Instead("act-hang", time.Hour).Render(ctx, bytes.NewReader(nil), preview.Ask{As: preview.Facts})
	if err == nil {
		t.Error("a preview that nobody waits for was made")
	}
}

type broken struct{}

func (broken) ReadAt([]byte, int64) (int, error) {
	return 0, rogatory.Fault(rogatory.Damaged, "segment_damaged", "segment 0 does not match its hash")
}

// What the vault says about our copy is not the fault of the file.
func TestAnErrorOfTheVaultIsTold(t *testing.T) {
	_, err := renderer(t).Render(t.Context(), broken{}, preview.Ask{As: preview.AsText, Size: 100})
	if rogatory.CodeOf(err) != "segment_damaged" {
		t.Errorf("got %v", err)
	}
}

func TestSenselessAsksAreRefused(t *testing.T) {
	for name, ask := range map[string]preview.Ask{"no way": {}, "another way": {As: "run"}, "beyond the end": {As: preview.AsHex, Size: 4, At: 5}, "a mark beyond": {As: preview.AsHex, Size: 4, Mark: 9},
		"before the start": {As: preview.AsHex, Size: 4, At: -1}, "no size": {As: preview.AsHex, Size: -1}, "another charset": {As: preview.AsText, Charset: "utf-7"}} {
		if _, err := renderer(t).Render(t.Context(), bytes.NewReader(nil), ask); rogatory.CodeOf(err) != "preview_unknown" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever the file, the parent's figures hold, and the picture is one of our own making.
func TestAPictureIsPackedAnew(t *testing.T) {
	var b bytes.Buffer
	m := image.NewGray(image.Rect(0, 0, 3000, 20))
	if err := png.Encode(&b, m); err != nil {
		t.Fatal(err)
	}
	secret := "tEXt hidden words"
	got, err := look(t, append(b.Bytes(), secret...), preview.Ask{As: preview.AsImage})
	if err != nil {
		t.Fatal(err)
	}
	shown, err := png.Decode(bytes.NewReader(got.PNG))
	if err != nil || shown.Bounds().Dx() != preview.MaxSide || shown.Bounds().Dy() != 6 || got.Width != 3000 || got.Height != 20 || got.Type != "image/png" {
		t.Errorf("got %v, %v, %+v", shown.Bounds(), err, got)
	}
	if bytes.Contains(got.PNG, []byte(secret)) {
		t.Error("bytes of the file are in the picture")
	}
}

func TestTheChildReadsOnlyWhatItShows(t *testing.T) {
	got, err := renderer(t).Render(t.Context(), counting{}, preview.Ask{As: preview.AsHex, Size: 1 << 40, At: 1<<40 - 400, Mark: 1<<40 - 400})
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Bytes) != 400 || got.At != 1<<40-400 || got.Read > 1<<20 || got.Cut {
		t.Errorf("got %d bytes at %d after reading %d, cut %v", len(got.Bytes), got.At, got.Read, got.Cut)
	}
}

// counting is a file of a terabyte.
type counting struct{}

func (counting) ReadAt(p []byte, off int64) (int, error) {
	for i := range p {
		p[i] = byte(off + int64(i))
	}
	return len(p), nil
}
