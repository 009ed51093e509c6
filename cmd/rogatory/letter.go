// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/language"
	"rogatory/letter"
	"rogatory/pdf"
)

type letterCmd struct {
	Reference string   `arg:"" help:"Reference of the request, or of the exhibit for a certificate of custody."`
	Kind      string   `help:"What to write: request, refusal, preservation or custody." enum:"request,refusal,preservation,custody" default:"request"`
	Language  []string `help:"Languages of the letter, one after the other: ar, en, es, fr, ru, th, vi, zh. Default: those of both States." placeholder:"TAG"`
	Out       string   `help:"New file; .html writes a page, everything else a PDF." required:"" type:"path" placeholder:"FILE"`
}

// Run writes a letter or a certificate.
func (c *letterCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	document, err := c.document(d, client)
	if err != nil {
		return err
	}
	var b bytes.Buffer
	if strings.EqualFold(filepath.Ext(c.Out), ".html") {
		err = letter.HTML(&b, document)
	} else {
		var fonts *pdf.Library
		if fonts, err = pdf.Open(); err == nil {
			err = letter.PDF(&b, fonts, document)
		}
	}
	if err != nil {
		return err
	}
	if err := writeNew(c.Out, b.Bytes(), 0o600); err != nil {
		return err
	}
	var tags []string
	for _, l := range document.Letters {
		tags = append(tags, l.Language())
	}
	d.say("wrote %s in %s", document.Title(), strings.Join(tags, ", "))
	return d.give(map[string]string{"file": c.Out}, func(w io.Writer) { fmt.Fprintln(w, c.Out) })
}

func (c *letterCmd) document(d *desk, client *api.Client) (letter.Document, error) {
	id := rogatory.RequestID(c.Reference)
	var exhibit rogatory.Exhibit
	if c.Kind == string(letter.CustodyPaper) {
		x, err := client.Exhibit(d.ctx, rogatory.ExhibitID(c.Reference))
		if err != nil {
			return letter.Document{}, err
		}
		id, exhibit = x.Request, x.Exhibit
	}
	f, err := client.Request(d.ctx, id)
	if err != nil {
		return letter.Document{}, err
	}
	messages, err := client.Messages(d.ctx, id)
	if err != nil {
		return letter.Document{}, err
	}
	parties, err := client.Parties(d.ctx)
	if err != nil {
		return letter.Document{}, err
	}
	rules, err := client.Kinds(d.ctx)
	if err != nil {
		return letter.Document{}, err
	}
	texts := language.Load()
	office := func(a rogatory.Address) letter.Office {
		i := slices.IndexFunc(parties, func(p rogatory.Party) bool { return p.Code == a.State })
		if i < 0 {
			return letter.Office{Party: rogatory.Party{Code: a.State}, Authority: a.Authority}
		}
		return letter.OfficeOf(texts, parties[i], a.Authority)
	}
	us, them := office(f.Us), office(f.Them)
	facts := letter.Facts{ID: f.ID, Request: f.Request, Requesting: us, Requested: them, Rules: rules, Mode: us.Party.Mode}
	if f.Side == rogatory.RequestedSide {
		facts.Requesting, facts.Requested = them, us
	}
	spoken := make([]letter.Spoken, 0, len(messages))
	for _, m := range messages {
		spoken = append(spoken, letter.Spoken{Message: m.Message, Digest: m.Digest, Entry: m.Entry})
	}
	languages, err := c.languages(texts, them.Party, us.Party)
	if err != nil {
		return letter.Document{}, err
	}
	if c.Kind != string(letter.CustodyPaper) {
		return letter.Of(letter.Paper(c.Kind), facts, spoken, languages...)
	}
	entries, err := entriesOf(func(from int64) ([]docket.Logged, error) {
		return client.Entries(d.ctx, id, from, entriesAtOnce)
	})
	if err != nil {
		return letter.Document{}, err
	}
	return letter.Custody(facts, us, rogatory.At(time.Now()), exhibit, letter.EventsOf(exhibit.ID, entries, spoken), languages...), nil
}

func (c *letterCmd) languages(all *language.Catalogue, reader, writer rogatory.Party) ([]*language.Locale, error) {
	if len(c.Language) == 0 {
		return letter.Languages(all, reader, writer), nil
	}
	var chosen []*language.Locale
	for _, tag := range c.Language {
		if !slices.Contains(language.Supported(), tag) {
			return nil, rogatory.Fault(rogatory.Invalid, "language_unknown", "there are no letters in %.20q", tag).WithHint("one of " + strings.Join(language.Supported(), ", "))
		}
		chosen = append(chosen, all.Locale(tag))
	}
	return chosen, nil
}

// entriesAtOnce is how many entries the office's door gives at once.
const entriesAtOnce = 200

// entriesOf reads the journal of a request to its end.
func entriesOf(read func(from int64) ([]docket.Logged, error)) ([]letter.Event, error) {
	var all []letter.Event
	for from := int64(0); ; {
		some, err := read(from)
		if err != nil {
			return nil, err
		}
		for _, e := range some {
			all = append(all, letter.Event{Index: e.Index, Entry: e.Entry})
			from = e.Index + 1
		}
		if len(some) < entriesAtOnce {
			return all, nil
		}
		if len(all) > letter.MaxEvents {
			return nil, rogatory.Fault(rogatory.Invalid, "custody_too_long", "more than %d entries, which no certificate lists", letter.MaxEvents).WithHint("export a court package: it holds them all")
		}
	}
}
