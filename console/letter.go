// SPDX-License-Identifier: Apache-2.0

package console

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"rogatory"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
	"rogatory/store"
)

// letterRoutes are the papers of a request and of its exhibits, to read and as PDF.
func (s *server) letterRoutes(mux *http.ServeMux) {
	for path, paper := range map[string]letter.Paper{"requests/{id}/letter": letter.RequestPaper, "requests/{id}/refusal": letter.RefusalPaper,
		"requests/{id}/preservation": letter.PreservationPaper, "exhibits/{id}/custody": letter.CustodyPaper, "exhibits/{id}/deletion": letter.DeletionPaper, "exhibits/{id}/deletion-there": deletionThere} {
		s.page(mux, "GET "+path, func(s *server, v *visit) error { return s.paperPage(v, paper) })
		s.page(mux, "GET "+path+".pdf", func(s *server, v *visit) error { return s.paperPDF(v, paper) })
	}
}

// paperView is a paper with what else can be had.
type paperView struct {
	Request   rogatory.RequestID
	Document  letter.Document
	PDF       string // address of the same as PDF
	Languages []choiceOf
	Papers    []choiceOf
}

// choiceOf is a link among several of which one is shown.
type choiceOf struct {
	Label, Lang, Href string
	Here              bool
}

// facts are what the papers of a request have in common.
func (s *server) facts(f docket.File) (facts letter.Facts, us, them letter.Office) {
	us = letter.OfficeOf(s.texts, s.party(f.Us.State), f.Us.Authority)
	them = letter.OfficeOf(s.texts, s.party(f.Them.State), f.Them.Authority)
	facts = letter.Facts{ID: f.ID, Request: f.Request, Requesting: us, Requested: them, Rules: s.Rules, Mode: s.Office.Mode}
	if f.Side == rogatory.RequestedSide {
		facts.Requesting, facts.Requested = them, us
	}
	return facts, us, them
}

// draftLetter is the letter of a draft, as it grows.
func (s *server) draftLetter(l *language.Locale, f docket.File) letter.Document {
	facts, _, _ := s.facts(f)
	return letter.Request(facts, l)
}

// paper makes the paper of the path, in the languages asked for: those of both States if none is.
func (s *server) paper(v *visit, paper letter.Paper) (docket.File, letter.Document, []letter.Spoken, error) {
	fail := func(err error) (docket.File, letter.Document, []letter.Spoken, error) {
		return docket.File{}, letter.Document{}, nil, err
	}
	var exhibit rogatory.Exhibit
	var f docket.File
	if err := docket.MayRead(v.by); err != nil {
		return fail(err)
	}
	if ofExhibit(paper) {
		g, x, err := s.Office.Exhibit(v.ctx, rogatory.ExhibitID(v.r.PathValue("id")))
		if err != nil {
			return fail(err)
		}
		f, exhibit = g, x.Exhibit
	} else {
		g, err := v.file()
		if err != nil {
			return fail(err)
		}
		f = g
	}
	messages, err := s.Office.MessagesOf(v.ctx, v.by, f.ID)
	if err != nil {
		return fail(err)
	}
	spoken := make([]letter.Spoken, 0, len(messages))
	for _, m := range messages {
		spoken = append(spoken, letter.Spoken{Message: m.Message, Digest: m.Digest, Entry: m.Entry})
	}
	facts, us, them := s.facts(f)
	languages := s.paperLanguages(v, them.Party, us.Party)
	if !ofExhibit(paper) {
		d, err := letter.Of(paper, facts, spoken, languages...)
		return f, d, spoken, err
	}
	events, err := s.events(v, f.ID)
	if err != nil {
		return fail(err)
	}
	if paper != letter.CustodyPaper {
		d, err := s.deletion(f, exhibit, paper, events, spoken, languages)
		return f, d, spoken, err
	}
	return f, letter.Custody(facts, us, v.now, exhibit, letter.EventsOf(exhibit.ID, events, spoken), languages...), spoken, nil
}

// events reads the journal of a request to its end.
func (s *server) events(v *visit, id rogatory.RequestID) ([]letter.Event, error) {
	var all []letter.Event
	for from := int64(0); ; {
		some, err := s.Office.Entries(v.ctx, v.by, id, from, store.MaxRows)
		if err != nil {
			return nil, err
		}
		for _, e := range some {
			all = append(all, letter.Event{Index: e.Index, Entry: e.Entry})
			from = e.Index + 1
		}
		if len(some) < store.MaxRows {
			return all, nil
		}
		if len(all) > letter.MaxEvents {
			return nil, rogatory.Fault(rogatory.Invalid, "custody_too_long", "more than %d entries, which no certificate lists", letter.MaxEvents).WithHint("export a court package: it holds them all")
		}
	}
}

func (s *server) paperLanguages(v *visit, reader, writer rogatory.Party) []*language.Locale {
	var all []*language.Locale
	for _, tag := range strings.Split(v.r.URL.Query().Get("language"), ",") {
		if l := s.texts.Locale(tag); slices.Contains(language.Supported(), tag) && !slices.Contains(all, l) {
			all = append(all, l)
		}
	}
	if len(all) == 0 {
		return letter.Languages(s.texts, reader, writer)
	}
	return all
}

func (s *server) paperPage(v *visit, paper letter.Paper) error {
	f, d, spoken, err := s.paper(v, paper)
	if err != nil {
		return err
	}
	path := v.r.URL.Path
	var shown []string
	for _, l := range d.Letters {
		shown = append(shown, l.Language())
	}
	at := func(tags ...string) string { return path + "?language=" + url.QueryEscape(strings.Join(tags, ",")) }
	view := paperView{Request: f.ID, Document: d, PDF: path + ".pdf?language=" + url.QueryEscape(strings.Join(shown, ","))}
	_, us, them := s.facts(f)
	if both := letter.Languages(s.texts, them.Party, us.Party); len(both) > 1 {
		tags := []string{both[0].Tag(), both[1].Tag()}
		view.Languages = append(view.Languages, choiceOf{v.loc.List([]string{v.loc.Language(tags[0]), v.loc.Language(tags[1])}), v.loc.Tag(), at(tags...), slices.Equal(shown, tags)})
	}
	for _, tag := range language.Supported() {
		view.Languages = append(view.Languages, choiceOf{s.texts.Locale(tag).Language(tag), tag, at(tag), slices.Equal(shown, []string{tag})})
	}
	if !ofExhibit(paper) {
		for _, p := range letter.Papers(spoken) {
			name := string(p)
			if p == letter.RequestPaper {
				name = "letter"
			}
			view.Papers = append(view.Papers, choiceOf{v.loc.T("letter.heading." + string(p)), v.loc.Tag(), Prefix + "requests/" + string(f.ID) + "/" + name, p == paper})
		}
	}
	return v.show(http.StatusOK, paperScreen(v.frame(v.loc.T("letter.title", "id", f.ID), "inbox"), view))
}

// paperPDF sends the paper as a file. It is made before the first byte goes out, so that a fault shows as one.
func (s *server) paperPDF(v *visit, paper letter.Paper) error {
	_, d, _, err := s.paper(v, paper)
	if err != nil {
		return err
	}
	fonts, err := s.fonts()
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if err := letter.PDF(&b, fonts, d); err != nil {
		return err
	}
	h := v.w.Header()
	h.Set("Content-Type", "application/pdf")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	h.Set("Content-Disposition", `attachment; filename="`+fileName(string(paper)+"-"+d.Reference)+`.pdf"`)
	_, err = b.WriteTo(v.w)
	return err
}

// fileName keeps what every file system takes.
func fileName(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '.' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' {
			return r
		}
		return '_'
	}, s)
}

// paper shows a document within a screen.
func paper(d letter.Document) templ.Component {
	return templ.ComponentFunc(func(_ context.Context, w io.Writer) error { return letter.Fragment(w, d) })
}
