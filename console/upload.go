// SPDX-License-Identifier: Apache-2.0

package console

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"rogatory"
	"rogatory/docket"
	"rogatory/upload"
)

// The doors of a file that comes in pieces. A browser without scripts does not use them: its form brings
// the file in one piece, to sealDone.
func (s *server) uploadRoutes(mux *http.ServeMux) {
	s.page(mux, "POST requests/{id}/uploads", (*server).uploadBegin)
	s.page(mux, "GET uploads/{id}", (*server).uploadStands)
	s.page(mux, "PUT uploads/{id}", (*server).uploadPiece)
	s.page(mux, "POST uploads/{id}/seal", (*server).uploadSeal)
	s.page(mux, "POST uploads/{id}/drop", (*server).uploadDrop)
}

// uploadState is what the browser is told of an upload.
type uploadState struct {
	ID     string `json:"id"`
	Offset int64  `json:"offset"`
	Digest string `json:"digest"`         // SHA-256 up to there, in hexadecimal
	To     string `json:"to,omitempty"`   // where to go once it is sealed
	Said   string `json:"said,omitempty"` // how far it is, in the reader's language
	Piece  int64  `json:"piece"`          // bytes of the next one, at most
}

func (v *visit) stands(u upload.Upload, said string) error {
	state := uploadState{ID: u.ID, Offset: u.Have, Digest: u.Digest.String(), Said: said, Piece: upload.MaxPiece}
	if u.Exhibit != "" {
		state.To = Prefix + "exhibits/" + string(u.Exhibit)
	}
	return v.answer(state)
}

func (s *server) shelf() (*upload.Shelf, error) {
	if s.Uploads == nil {
		return nil, rogatory.Fault(rogatory.Unavailable, "uploads_none", "this node takes files in one piece only").WithHint("send the form without scripts")
	}
	return s.Uploads, nil
}

// uploadBegin checks who and what before the first byte, as sealing will check again at the end.
func (s *server) uploadBegin(v *visit) error {
	shelf, err := s.shelf()
	if err != nil {
		return err
	}
	f, err := v.file()
	if err != nil {
		return err
	}
	kind, err := s.Rules.Kind(f.Request.Kind)
	if err != nil {
		return err
	}
	if !maySeal(v.by.Role, f, kind) {
		return rogatory.Fault(rogatory.Denied, "role_not_allowed", "%s in the role %s may not seal evidence for %s", v.by.Name, v.by.Role, f.ID).WithHint("a custodian seals while it is due")
	}
	var in struct {
		Title    string `json:"title"`
		Acquired string `json:"acquired"`
		Name     string `json:"name"`
		Size     int64  `json:"size"`

		TimeColumn        string `json:"time_column"`
		IdentifierColumns string `json:"identifier_columns"`
	}
	if err := json.NewDecoder(v.r.Body).Decode(&in); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	values := map[string]string{"title": strings.TrimSpace(in.Title), "acquired": strings.TrimSpace(in.Acquired)}
	for _, each := range s.sealForm(v.loc, values) {
		if each.Needed && each.Value == "" {
			return rogatory.Fault(rogatory.Invalid, "exhibit_incomplete", "%s", v.loc.T("wrong.missing", "label", each.Label))
		}
	}
	u, err := shelf.Begin(upload.About{Request: f.ID, By: v.by.Name, Title: values["title"], Acquired: values["acquired"], FileName: safeName(in.Name), Size: in.Size,
		TimeColumn: strings.TrimSpace(in.TimeColumn), IdentifierColumns: strings.TrimSpace(in.IdentifierColumns)})
	if err != nil {
		return err
	}
	return v.stands(u, "")
}

func (s *server) uploadStands(v *visit) error {
	shelf, err := s.shelf()
	if err != nil {
		return err
	}
	u, err := shelf.Get(v.by.Name, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	return v.stands(u, "")
}

// uploadPiece takes one piece; the query says where it begins, the digest at its end, and how many bytes
// the browser sent in how many milliseconds so far, which it is told again in words.
func (s *server) uploadPiece(v *visit) error {
	shelf, err := s.shelf()
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	at, err := strconv.ParseInt(q.Get("at"), 10, 64)
	if err != nil {
		return rogatory.Fault(rogatory.Invalid, "upload_piece", "a piece at %.40q", q.Get("at"))
	}
	digest, err := rogatory.ParseDigest(q.Get("digest"))
	if err != nil {
		return err
	}
	u, err := shelf.Add(v.by.Name, v.r.PathValue("id"), at, digest, http.MaxBytesReader(v.w, v.r.Body, upload.MaxPiece+1))
	if err != nil {
		return err
	}
	sent, _ := strconv.ParseInt(q.Get("sent"), 10, 64)
	took, _ := strconv.ParseInt(q.Get("took"), 10, 64)
	return v.stands(u, s.pace(v, u, sent, took))
}

// pace says how far an upload is, how fast it goes and how long it takes.
func (s *server) pace(v *visit, u upload.Upload, sent, took int64) string {
	words := []string{v.loc.T("upload.at", "have", v.loc.Bytes(u.Have), "total", v.loc.Bytes(u.Size))}
	if sent > 0 && took > 0 && sent < upload.MaxSize && took < 1<<40 {
		rate := max(1, sent*1000/took)
		words = append(words, v.loc.T("upload.rate", "size", v.loc.Bytes(rate)), v.loc.Left(time.Duration((u.Size-u.Have)/rate)*time.Second))
	}
	return strings.Join(words, " · ")
}

// uploadSeal seals what has come, if it is whole and has the digest that the browser made from the file
// itself. Asked twice, because a line dropped, it answers with the same exhibit.
func (s *server) uploadSeal(v *visit) error {
	shelf, err := s.shelf()
	if err != nil {
		return err
	}
	var in struct {
		Digest rogatory.Digest `json:"digest"`
	}
	if err := json.NewDecoder(v.r.Body).Decode(&in); err != nil {
		return rogatory.Fault(rogatory.Invalid, "form_unread", "the form cannot be read: %w", err)
	}
	id := v.r.PathValue("id")
	unlock := s.sealing.lock(id) // two answers to one question would seal it twice
	defer unlock()
	u, r, err := shelf.Open(v.by.Name, id, in.Digest)
	if err != nil {
		return err
	}
	if u.Exhibit != "" {
		return v.stands(u, "")
	}
	x, err := s.Office.Seal(v.ctx, v.by, u.Request, docket.Sealing{Title: u.Title, FileName: u.FileName, MediaType: "application/octet-stream", Acquired: u.Acquired,
		Limits: rogatory.UseLimits{Confidential: true}, Columns: namedColumns(map[string]string{"time_column": u.TimeColumn, "identifier_columns": u.IdentifierColumns})}, r, nil)
	if differs := causeOf(err, "upload_differs"); differs != nil {
		return differs
	}
	if err != nil {
		return err
	}
	// What fails from here on leaves an exhibit that stands and an upload that expires.
	if err := shelf.Done(v.by.Name, id, x.ID); err != nil {
		s.Log.Error("console upload", "err", err)
	}
	v.say("seal.done", "id", x.ID)
	u.Exhibit = x.ID
	return v.stands(u, "")
}

// causeOf finds an error of that code under others.
func causeOf(err error, code string) error {
	for err != nil {
		if e, ok := errors.AsType[*rogatory.Error](err); ok && e.Code == code {
			return e
		} else if !ok {
			return nil
		} else {
			err = e.Err
		}
	}
	return nil
}

// uploadDrop stops an upload and deletes what has come.
func (s *server) uploadDrop(v *visit) error {
	shelf, err := s.shelf()
	if err != nil {
		return err
	}
	u, err := shelf.Get(v.by.Name, v.r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := shelf.Drop(v.by.Name, u.ID); err != nil {
		return err
	}
	io.Copy(io.Discard, io.LimitReader(v.r.Body, maxForm))
	v.say("upload.dropped", "name", u.FileName)
	if wantsJSON(v.r) {
		return v.answer(map[string]string{"to": Prefix + "requests/" + string(u.Request) + "/seal"})
	}
	return v.to("requests/" + string(u.Request) + "/seal")
}

// unfinished lists what this person began to send for a request.
func (s *server) unfinished(v *visit, id rogatory.RequestID) []upload.Upload {
	if s.Uploads == nil {
		return nil
	}
	all, err := s.Uploads.List(v.by.Name, id)
	if err != nil {
		s.Log.Error("console upload", "err", err)
	}
	return all
}

// locks lets one at a time do something about each name.
type locks struct {
	mu   sync.Mutex
	held map[string]*held
}

type held struct {
	sync.Mutex
	waiting int
}

func (l *locks) lock(name string) (unlock func()) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*held{}
	}
	h := l.held[name]
	if h == nil {
		h = &held{}
		l.held[name] = h
	}
	h.waiting++
	l.mu.Unlock()
	h.Lock()
	return func() {
		h.Unlock()
		l.mu.Lock()
		defer l.mu.Unlock()
		if h.waiting--; h.waiting == 0 {
			delete(l.held, name)
		}
	}
}
