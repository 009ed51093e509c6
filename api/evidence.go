// SPDX-License-Identifier: Apache-2.0

package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"rogatory"
	"rogatory/docket"
)

// sealingHeader carries what an exhibit is, as JSON in ASCII. It is a header, not a query: proxies
// write queries into logs, and this is case content.
const sealingHeader = "Rogatory-Sealing"

// ExhibitView is an exhibit and where it stands.
type ExhibitView struct {
	docket.ExhibitFile
	Request rogatory.RequestID `json:"request"`
}

// sealCall is the call that seals. Its body is the evidence, taken from the connection as it comes.
type sealCall struct {
	RequestPath
	Sealing string `header:"Rogatory-Sealing" required:"true" maxLength:"16384" doc:"JSON in ASCII: title, file_name, media_type, acquired (how and under which order it was obtained) and limits"`
	body    io.Reader
}

// Resolve implements huma.Resolver.
func (c *sealCall) Resolve(ctx huma.Context) []error {
	r, w := humago.Unwrap(ctx)
	c.body = &steadyReader{r: r.Body, c: http.NewResponseController(w)}
	return nil
}

// Reason says why something is done; it becomes part of the chain of custody.
type Reason struct {
	Why string `json:"why"`
}

// PackageCall says why a court package is made, and where.
type PackageCall struct {
	Why    string `json:"why"`
	Folder string `json:"folder" doc:"absolute path on the node's machine; it must not exist"`
	// Use is another use than the labels name, which takes the consent of the State that gave the evidence.
	Use   rogatory.ConsentUse `json:"use,omitempty" maxLength:"40"`
	Third string              `json:"third,omitempty" maxLength:"200"` // State or organisation that it goes to
}

// Folder is a folder on the node's machine.
type Folder struct {
	Folder string `json:"folder"`
}

func (s *server) evidenceRoutes() {
	const get, post = http.MethodGet, http.MethodPost
	route(s, post, "/requests/{id}/exhibits", "seal-exhibit", "Seal evidence for the other State, in one pass over the body", s.seal, slow, status(http.StatusCreated),
		func(op *huma.Operation) {
			op.RequestBody = &huma.RequestBody{Required: true, Description: "the evidence, of any size", Content: map[string]*huma.MediaType{
				"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}}
		})
	route(s, get, "/exhibits/{id}", "get-exhibit", "Read what an exhibit is and where it stands", func(ctx context.Context, by rogatory.Actor, in *ExhibitPath) (ExhibitView, error) {
		if err := docket.MayRead(by); err != nil {
			return ExhibitView{}, err
		}
		f, x, err := s.Office.Exhibit(ctx, in.id())
		return ExhibitView{x, f.ID}, err
	})
	route(s, post, "/exhibits/{id}/fetch", "fetch-exhibit", "Begin to bring an offered exhibit here; transfers tells how far it is", s.fetch, status(http.StatusAccepted))
	route(s, post, "/exhibits/{id}/push", "push-exhibit", "Bring an exhibit on offer to a State that cannot fetch it", func(ctx context.Context, by rogatory.Actor, in *ExhibitPath) (none, error) {
		if s.Push == nil {
			return none{}, notProvided("pushing")
		}
		if err := needs(by, "hand exhibits over", rogatory.Custodian); err != nil {
			return none{}, err
		}
		return none{}, s.Push(ctx, in.id())
	}, slow)
	route(s, get, "/transfers", "list-transfers", "List exhibits on their way here", func(context.Context, rogatory.Actor, *none) ([]Transfer, error) {
		if s.Transfers == nil {
			return nil, notProvided("transfers")
		}
		return s.Transfers(), nil
	})
	route(s, post, "/cases/{case}/package", "write-package", "Write a court package of a case on the node's machine", func(ctx context.Context, by rogatory.Actor, in *struct {
		Case string `path:"case" maxLength:"32"`
		Body PackageCall
	}) (Folder, error) {
		if s.Package == nil {
			return Folder{}, notProvided("court packages")
		}
		err := errors.Join(needs(by, "export evidence", rogatory.Custodian), absolute(in.Body.Folder))
		why := in.Body.Why
		if err == nil {
			why, err = s.Office.ForUse(ctx, by, rogatory.CaseID(in.Case), why, rogatory.Consent{Use: in.Body.Use, To: in.Body.Third})
		}
		if err == nil {
			err = s.Package(ctx, by, rogatory.CaseID(in.Case), why, in.Body.Folder)
		}
		return Folder{in.Body.Folder}, err
	}, slow)
	s.openRoute()
}

// absolute refuses a folder whose place depends on where the node was started.
func absolute(folder string) error {
	if !filepath.IsAbs(folder) || filepath.Clean(folder) != folder {
		return rogatory.Fault(rogatory.Invalid, "folder_invalid", "%.200q is not an absolute path in its shortest form", folder).WithHint("the folder is on the node's machine; give all of its path")
	}
	return nil
}

func (s *server) seal(ctx context.Context, by rogatory.Actor, in *sealCall) (rogatory.Exhibit, error) {
	var what docket.Sealing
	dec := json.NewDecoder(strings.NewReader(in.Sealing))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&what); err != nil {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Invalid, "sealing_invalid", "the header %s is not the JSON of a sealing: %w", sealingHeader, err)
	}
	if !safeName(what.FileName) {
		return rogatory.Exhibit{}, rogatory.Fault(rogatory.Invalid, "file_name_invalid", "file name %.60q: a court package takes letters, digits, dot, hyphen and underscore, at most %d", what.FileName, maxFileName).
			WithHint("give the exhibit another file name; its title can say anything")
	}
	if what.MediaType == "" {
		what.MediaType = "application/octet-stream"
	}
	return s.Office.Seal(ctx, by, in.id(), what, in.body, nil)
}

// maxFileName leaves room for what a court package puts before the name.
const maxFileName = 120

// safeName accepts names that mean the same on every system and need no quoting in a shell, as a
// court package does.
func safeName(s string) bool {
	if s == "" || len(s) > maxFileName || s[0] == '.' || s[0] == '-' || s[len(s)-1] == '.' {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

func (s *server) fetch(ctx context.Context, by rogatory.Actor, in *ExhibitPath) (none, error) {
	if s.Fetch == nil {
		return none{}, notProvided("transfers")
	}
	if err := needs(by, "fetch exhibits", rogatory.Custodian); err != nil {
		return none{}, err
	}
	f, x, err := s.Office.Exhibit(ctx, in.id())
	switch {
	case err != nil:
		return none{}, err
	case x.Ours:
		return none{}, rogatory.Fault(rogatory.Conflict, "exhibit_ours", "exhibit %s was sealed here", in.id())
	case x.State == docket.Held:
		return none{}, nil
	}
	if _, err := s.Office.Incoming(ctx, f.Them.State, x.Exhibit.Seal.Root); err != nil {
		return none{}, err
	}
	return none{}, s.Fetch(ctx, by, in.id())
}

// openRoute streams the evidence. The status and headers are sent with the first byte, so what fails
// before it is an ordinary error, and what fails after it breaks the connection off.
func (s *server) openRoute() {
	const path = "/exhibits/{id}/open"
	op := huma.Operation{OperationID: "open-exhibit", Method: http.MethodPost, Path: prefix + path, Summary: "Open an exhibit: its bytes, decrypted", MaxBodyBytes: maxBody,
		Description: "The opening is journaled with its reason before the first byte. The answer has a length and ends early when the exhibit does not hold; keep nothing of it then.",
		Responses: map[string]*huma.Response{
			"default": s.problemResponse(),
			"200": {Description: "the evidence", Content: map[string]*huma.MediaType{
				"application/octet-stream": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}}}},
		}}
	slow(&op)
	type call struct {
		ExhibitPath
		Body Reason
	}
	huma.Register(s.api, op, func(ctx context.Context, in *call) (*huma.StreamResponse, error) {
		by, _ := ctx.Value(actorKey{}).(rogatory.Actor)
		_, x, err := s.Office.Exhibit(ctx, in.id())
		if err == nil {
			err = docket.MayRead(by)
		}
		if err != nil {
			return nil, s.refuse("open exhibit", err)
		}
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			out := &steadyWriter{w: w, c: http.NewResponseController(w), begin: func() {
				h := w.Header()
				h.Set("Content-Type", "application/octet-stream") // never what somebody else said it is
				h.Set("Content-Length", strconv.FormatInt(x.Exhibit.Seal.Size, 10))
				h.Set("X-Content-Type-Options", "nosniff")
				h.Set("Cache-Control", "no-store")
				w.WriteHeader(http.StatusOK)
			}}
			if _, err := s.Office.OpenExhibitTo(ctx, by, in.id(), in.Body.Why, out, nil); err != nil {
				if !out.begun {
					s.fail(w, r, err)
					return
				}
				s.refuse("open exhibit", err)
				panic(http.ErrAbortHandler)
			}
			out.start()
		}}, nil
	})
}

// steadyReader and steadyWriter give a stream up that stands still, however long it takes in all.
type steadyReader struct {
	r     io.Reader
	c     *http.ResponseController
	until time.Time
}

func (s *steadyReader) Read(p []byte) (int, error) {
	s.until = extend(s.until, s.c.SetReadDeadline)
	n, err := s.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = rogatory.Fault(rogatory.Unavailable, "stream_broken", "the evidence stopped coming: %w", err).WithHint("nothing was sealed; send it again")
	}
	return n, err
}

type steadyWriter struct {
	w     io.Writer
	c     *http.ResponseController
	begin func()
	begun bool
	until time.Time
}

func (s *steadyWriter) start() {
	if !s.begun {
		s.begun = true
		s.begin()
	}
}

func (s *steadyWriter) Write(p []byte) (int, error) {
	s.start()
	s.until = extend(s.until, s.c.SetWriteDeadline)
	return s.w.Write(p)
}

// extend moves a connection's deadline on when half of it is used up. Deadlines of connections are in
// the machine's own time, whatever clock the node has.
func extend(until time.Time, set func(time.Time) error) time.Time {
	now := time.Now()
	if until.Sub(now) > patience/2 {
		return until
	}
	set(now.Add(patience)) // a recorder in a test has no deadline to set
	return now.Add(patience)
}

// asciiJSON encodes v so that it can stand in a header.
func asciiJSON(v any) (string, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return "", err
	}
	var b bytes.Buffer
	for _, r := range string(data) {
		if r < 0x7f { // DEL is ASCII, and no header may hold it
			b.WriteRune(r)
			continue
		}
		if r <= 0xffff {
			fmt.Fprintf(&b, `\u%04x`, r)
			continue
		}
		const base, high, low = 0x10000, 0xd800, 0xdc00
		for _, half := range []rune{high + (r-base)>>10, low + (r-base)&0x3ff} {
			fmt.Fprintf(&b, `\u%04x`, half)
		}
	}
	return b.String(), nil
}
