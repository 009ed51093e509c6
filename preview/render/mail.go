// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"regexp"
	"strings"

	"github.com/emersion/go-message"
	_ "github.com/emersion/go-message/charset" // the encodings that letters come in
	"golang.org/x/net/html"

	"rogatory/preview"
)

// Bounds of a letter. They are checked before a part is read, while the letter streams by.
const (
	maxDepth  = 10   // parts within parts
	maxParts  = 1000 // parts in all, of which
	maxTold   = 200  // are listed
	maxWords  = 64 << 10
	maxHTML   = 512 << 10 // bytes of one HTML part, of which the words are taken
	maxHeader = 256 << 10 // bytes of one header
	maxLetter = 40 << 20  // bytes of the file that are read as a letter
)

// told are the fields of a header that say who, when and by which way, in this order.
var told = []string{"From", "Sender", "Reply-To", "To", "Cc", "Bcc", "Date", "Subject", "Message-Id", "In-Reply-To", "Return-Path", "Delivered-To", "X-Mailer", "User-Agent", "X-Originating-Ip", "Authentication-Results", "Dkim-Signature", "Received"}

// errEnough ends the reading of a letter at a limit.
var errEnough = errors.New("enough")

// letter reads a message (RFC 5322, MIME) as a stream. Nothing that it names is fetched.
func letter(c *preview.Copy, src source) error {
	r := io.LimitReader(whole(src), maxLetter)
	if src.Size() > maxLetter {
		c.Cut = true
		remark(c, preview.Incomplete)
	}
	// An unknown encoding is an error beside an entity, and shows when the part is read.
	e, _ := message.ReadWithOptions(r, &message.ReadOptions{MaxHeaderBytes: maxHeader})
	if e == nil {
		remark(c, preview.Damaged)
		return nil
	}
	headers(c, e.Header)
	w := letterReader{c: c}
	err := w.walk(e, 0)
	switch {
	case errors.Is(err, errEnough):
		c.Cut = true
	case err != nil:
		remark(c, preview.Damaged)
	}
	if w.remote {
		remark(c, preview.Remote)
	}
	c.Count = int64(w.parts)
	return nil
}

func headers(c *preview.Copy, h message.Header) {
	for _, name := range told {
		fields := h.FieldsByKey(name)
		for n := 0; fields.Next() && n < 20; n++ {
			value, err := fields.Text()
			if err != nil {
				value = fields.Value()
			}
			fact(c, fields.Key(), strings.Join(strings.Fields(value), " "))
		}
	}
}

type letterReader struct {
	c      *preview.Copy
	parts  int
	words  int // bytes of text shown
	remote bool
}

func (w *letterReader) walk(e *message.Entity, depth int) error {
	if w.parts++; w.parts > maxParts {
		remark(w.c, preview.TooMany)
		return errEnough
	}
	kind, params, _ := e.Header.ContentType()
	if depth > maxDepth {
		remark(w.c, preview.TooDeep)
		return errEnough
	}
	if many := e.MultipartReader(); many != nil {
		w.tell(preview.Part{Depth: depth, Type: shown(kind)})
		for {
			next, err := many.NextPart()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if next == nil {
				return err
			}
			if err := w.walk(next, depth+1); err != nil {
				return err
			}
		}
	}
	if kind == typeMail && depth < maxDepth {
		w.tell(preview.Part{Depth: depth, Type: shown(kind)})
		inner, _ := message.ReadWithOptions(e.Body, &message.ReadOptions{MaxHeaderBytes: maxHeader})
		if inner == nil {
			return errors.New("a letter in the letter cannot be read")
		}
		return w.walk(inner, depth+1)
	}
	return w.leaf(e, kind, params, depth)
}

func (w *letterReader) leaf(e *message.Entity, kind string, params map[string]string, depth int) error {
	disposition, how, _ := e.Header.ContentDisposition()
	name := how["filename"]
	if name == "" {
		name = params["name"]
	}
	if plain, err := new(mime.WordDecoder).DecodeHeader(name); err == nil {
		name = plain
	}
	p := preview.Part{Depth: depth, Type: shown(kind), Name: shown(name), Attach: disposition == "attachment" || name != ""}
	size := &counter{}
	body := io.TeeReader(e.Body, size)
	var err error
	if strings.HasPrefix(kind, "text/") && !p.Attach {
		var raw []byte
		if raw, err = io.ReadAll(io.LimitReader(body, maxHTML)); err == nil || len(raw) > 0 {
			words := string(raw)
			if p.HTML = kind == "text/html"; p.HTML {
				var remote bool
				words, remote = wordsOf(raw)
				w.remote = w.remote || remote
			}
			if room := maxWords - w.words; len(words) > room {
				words, w.c.Cut = string(wholeRunes([]byte(words[:max(room, 0)]))), true
			}
			w.words += len(words)
			var hidden, more bool
			p.Lines, hidden, more = lines(words, maxLines)
			if hidden {
				remark(w.c, preview.Hidden)
			}
			w.c.Cut = w.c.Cut || more
		}
	}
	if _, rest := io.Copy(io.Discard, body); err == nil {
		err = rest
	}
	p.Size = size.n
	w.tell(p)
	if err != nil && !strings.Contains(err.Error(), "base64") { // a bad letter of the code spoils its own part only
		return err
	}
	if err != nil {
		remark(w.c, preview.Damaged)
	}
	return nil
}

func (w *letterReader) tell(p preview.Part) {
	if len(w.c.Parts) < maxTold {
		w.c.Parts = append(w.c.Parts, p)
	} else {
		w.c.Cut = true
	}
}

type counter struct{ n int64 }

// Write implements io.Writer.
func (c *counter) Write(p []byte) (int, error) {
	c.n += int64(len(p))
	return len(p), nil
}

// outside finds what would be fetched or followed elsewhere.
var outside = regexp.MustCompile(`(?i)^\s*(https?:)?//`)

// wordsOf takes the words of HTML and leaves the rest: addresses of links stand in brackets behind
// their words, since the two often differ on purpose. It tells whether anything lies elsewhere.
func wordsOf(page []byte) (string, bool) {
	z := html.NewTokenizer(bytes.NewReader(page))
	z.SetMaxBuf(maxHTML)
	var b strings.Builder
	var remote bool
	var links []string
	skip := ""
	for {
		switch t := z.Next(); t {
		case html.ErrorToken:
			return b.String(), remote
		case html.TextToken:
			if skip == "" {
				if words := strings.Join(strings.Fields(string(z.Text())), " "); words != "" {
					if b.Len() > 0 && !strings.HasSuffix(b.String(), "\n") {
						b.WriteByte(' ')
					}
					b.WriteString(words)
				}
			}
		case html.StartTagToken, html.SelfClosingTagToken, html.EndTagToken:
			token := z.Token()
			for _, a := range token.Attr {
				remote = remote || (a.Key == "src" || a.Key == "href" || a.Key == "background" || a.Key == "srcset") && outside.MatchString(a.Val)
			}
			switch {
			case token.Data == "script" || token.Data == "style" || token.Data == "title":
				if skip = token.Data; t != html.StartTagToken {
					skip = ""
				}
			case token.Data == "a" && t == html.StartTagToken:
				for _, a := range token.Attr {
					if a.Key == "href" && len(links) < maxDepth {
						links = append(links, a.Val)
					}
				}
			case token.Data == "a" && t == html.EndTagToken && len(links) > 0:
				b.WriteString(" [" + string(cut(links[len(links)-1], maxShown)) + "]")
				links = links[:len(links)-1]
			case blocks[token.Data] && b.Len() > 0 && !strings.HasSuffix(b.String(), "\n"):
				b.WriteByte('\n')
			}
		}
	}
}

var blocks = map[string]bool{"p": true, "div": true, "br": true, "tr": true, "li": true, "ul": true, "ol": true, "table": true, "h1": true, "h2": true, "h3": true, "h4": true, "blockquote": true, "pre": true, "hr": true}
