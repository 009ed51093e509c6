// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/safeguard"
)

// exhibitCmds work on evidence.
type exhibitCmds struct {
	Seal   exhibitSealCmd   `cmd:"" help:"Seal a file as evidence for the requesting State, in one pass."`
	Offer  exhibitOfferCmd  `cmd:"" help:"Offer a sealed exhibit. Another person than who sealed it must do it."`
	Revoke exhibitRevokeCmd `cmd:"" help:"Take an offer back that was not taken yet."`
	Fetch  exhibitFetchCmd  `cmd:"" help:"Bring an offered exhibit into our vault. It resumes where an earlier attempt stopped."`
	Push   exhibitPushCmd   `cmd:"" help:"Bring an exhibit on offer to a State whose node cannot reach ours. It resumes likewise."`
	Open   exhibitOpenCmd   `cmd:"" help:"Open an exhibit into a new file. The opening and its reason are journaled."`
	Relay  exhibitRelayCmd  `cmd:"" help:"Seal an exhibit that one State gave for another, such as a member of a joint team, with the first one's leave."`
	Terms  exhibitTermsCmd  `cmd:"" help:"Until when what lies in the vault is kept, for requests that have ended."`
	Keep   exhibitKeepCmd   `cmd:"" help:"Keep an exhibit past its term for a pending proceeding, or no longer."`
	Delete exhibitDeleteCmd `cmd:"" help:"Delete an exhibit whose term is over, and certify it to the other State."`
	List   exhibitListCmd   `cmd:"" help:"List exhibits, of one request or of all."`

	Quarantine exhibitQuarantineCmd `cmd:"" help:"List what lies unread because it holds more than was asked for, or nobody could tell."`
	Cut        exhibitCutCmd        `cmd:"" help:"Cut the rows that were asked for out of an exhibit in quarantine, by machine, into a new exhibit."`
	Release    exhibitReleaseCmd    `cmd:"" help:"Stand for releasing an exhibit from quarantine as it is. It takes two people of two roles."`
	Discard    exhibitDiscardCmd    `cmd:"" help:"Delete an exhibit in quarantine, with a certificate."`
}

type exhibitSealCmd struct {
	Request string `arg:"" help:"Request that it answers."`
	File    string `arg:"" help:"File with the evidence, or - for standard input." type:"path"`

	Title        string   `help:"What it is." required:""`
	Acquired     string   `help:"Who obtained it, when, and under which order." required:""`
	Name         string   `help:"File name in the court package. Default: that of the file." placeholder:"NAME"`
	MediaType    string   `help:"Media type." default:"application/octet-stream"`
	Purpose      string   `help:"The only proceeding it may serve. Default: the purpose of the request."`
	Condition    []string `help:"Condition of its use." sep:"none"`
	Confidential bool     `help:"It is confidential, Art 40(20)."`
	Onward       bool     `help:"It may be given to a third State, Art 36(3)."`

	TimeColumn       string   `help:"Column of a table that has the time, where its name does not say so." placeholder:"NAME"`
	IdentifierColumn []string `help:"Column with addresses, accounts or numbers; may be given again." sep:"none" placeholder:"NAME"`
	KindColumn       string   `help:"Column with the category of data." placeholder:"NAME"`
}

// Run seals a file.
func (c *exhibitSealCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	src, size := io.ReadCloser(os.Stdin), int64(0)
	if filepath.Base(c.File) != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return rogatory.Fault(rogatory.NotFound, "file_missing", "seal a file: %w", err)
		}
		info, err := f.Stat()
		if err != nil || info.IsDir() {
			f.Close()
			return rogatory.Fault(rogatory.Invalid, "file_unreadable", "%s is not a file", c.File).WithHint("pack a folder into one archive first")
		}
		src, size = f, info.Size()
	} else if c.Name == "" {
		return usage("evidence from standard input needs a --name")
	}
	defer src.Close()
	name := c.Name
	if name == "" {
		name = filepath.Base(c.File)
	}
	s := docket.Sealing{Title: c.Title, FileName: name, MediaType: c.MediaType, Acquired: c.Acquired,
		Limits:  rogatory.UseLimits{Purpose: c.Purpose, Conditions: c.Condition, Confidential: c.Confidential, OnwardTransfer: c.Onward},
		Columns: safeguard.Columns{Time: c.TimeColumn, Identifiers: c.IdentifierColumn, Kind: c.KindColumn}}
	progress := d.bar("seal "+name, size)
	x, err := client.Seal(d.ctx, rogatory.RequestID(c.Request), s, src, progress.at)
	progress.end()
	if err != nil {
		return err
	}
	if v, err := client.Exhibit(d.ctx, x.ID); err == nil && v.Quarantine != nil {
		d.say("sealed %s, %s, SHA-256 %s; %s", x.Title, amount(x.Seal.Size), x.Seal.SHA256, scopeWords(v.ExhibitFile))
	} else {
		d.say("sealed %s, %s, SHA-256 %s; another person offers it with rogatory exhibit offer %s", x.Title, amount(x.Seal.Size), x.Seal.SHA256, x.ID)
	}
	return d.give(x, func(w io.Writer) { fmt.Fprintln(w, x.ID) })
}

type exhibitOfferCmd struct {
	ID      string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	Expires string `help:"When the offer lapses; at most 30 days from now, which is the default." placeholder:"DATE"`
}

// Run offers an exhibit.
func (c *exhibitOfferCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	x, err := client.Exhibit(d.ctx, rogatory.ExhibitID(c.ID))
	if err != nil {
		return err
	}
	offer := rogatory.Exhibit{ID: x.Exhibit.ID}
	if c.Expires != "" {
		if offer.Expires, err = moment(c.Expires); err != nil {
			return err
		}
	}
	return move(d, string(x.Request), rogatory.Offer, rogatory.Body{Exhibit: &offer})
}

type exhibitRevokeCmd struct {
	ID   string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	Text string `help:"Words to the other State."`
}

// Run takes an offer back.
func (c *exhibitRevokeCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	x, err := client.Exhibit(d.ctx, rogatory.ExhibitID(c.ID))
	if err != nil {
		return err
	}
	body := rogatory.Body{ExhibitID: x.Exhibit.ID}
	if c.Text != "" {
		body.Text, body.Language = c.Text, "en"
	}
	return move(d, string(x.Request), rogatory.RevokeOffer, body)
}

type exhibitRelayCmd struct {
	ID      string `arg:"" name:"exhibit" help:"Exhibit that we hold from another State."`
	Request string `arg:"" help:"Request with the third State on which it is given."`
}

// Run relays an exhibit.
func (c *exhibitRelayCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	x, err := client.Relay(d.ctx, rogatory.ExhibitID(c.ID), rogatory.RequestID(c.Request))
	if err != nil {
		return err
	}
	d.say("sealed as %s, SHA-256 %s; another person offers it with rogatory exhibit offer %s", x.ID, x.Seal.SHA256, x.ID)
	return d.give(x, func(w io.Writer) { fmt.Fprintln(w, x.ID) })
}

type exhibitPushCmd struct {
	ID string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
}

// Run pushes an exhibit and waits until the other State has it.
func (c *exhibitPushCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	if err := client.Push(d.ctx, rogatory.ExhibitID(c.ID)); err != nil {
		return err
	}
	d.say("%s is in the other State's vault, every segment verified", c.ID)
	return nil
}

type exhibitFetchCmd struct {
	ID     string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	NoWait bool   `help:"Return at once; the node goes on."`
}

// pollEvery is how often a waiting command asks the node.
const pollEvery = 300 * time.Millisecond

// Run fetches an exhibit and waits until it is held.
func (c *exhibitFetchCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	id := rogatory.ExhibitID(c.ID)
	if err := client.Fetch(d.ctx, id); err != nil {
		return err
	}
	if c.NoWait {
		d.say("the node fetches %s", id)
		return nil
	}
	x, err := client.Exhibit(d.ctx, id)
	if err != nil {
		return err
	}
	seal := x.Exhibit.Seal
	progress := d.bar("fetch "+c.ID, seal.SealedSize)
	defer progress.end()
	for x.State != docket.Held {
		t, found, err := transferOf(d, client, id)
		if err != nil {
			return err
		}
		if found && t.Error != "" {
			progress.end()
			return rogatory.Fault(rogatory.Unavailable, "fetch_failed", "fetch exhibit %s: %s", id, t.Error).WithHint("what arrived is kept; the same command resumes")
		}
		progress.at(min(t.Have*seal.SegmentSize, seal.SealedSize))
		select {
		case <-d.ctx.Done():
			return rogatory.Fault(rogatory.Unavailable, "interrupted", "interrupted; the node goes on fetching %s", id)
		case <-time.After(pollEvery):
		}
		if x, err = client.Exhibit(d.ctx, id); err != nil {
			return err
		}
	}
	progress.end()
	d.say("%s is held: %s, every segment verified", id, amount(seal.Size))
	return d.give(x, func(w io.Writer) { fmt.Fprintln(w, x.Exhibit.Seal.Root) })
}

func transferOf(d *desk, client *api.Client, id rogatory.ExhibitID) (api.Transfer, bool, error) {
	all, err := client.Transfers(d.ctx)
	if err != nil {
		return api.Transfer{}, false, err
	}
	i := slices.IndexFunc(all, func(t api.Transfer) bool { return t.Exhibit == id })
	if i < 0 {
		return api.Transfer{}, false, nil
	}
	return all[i], true, nil
}

type exhibitOpenCmd struct {
	ID   string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	File string `arg:"" help:"New file for it." type:"path"`
	Why  string `help:"Why it is opened; it becomes part of the chain of custody." required:""`
}

// Run opens an exhibit.
func (c *exhibitOpenCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	x, err := client.Exhibit(d.ctx, rogatory.ExhibitID(c.ID))
	if err != nil {
		return err
	}
	progress := d.bar("open "+c.ID, x.Exhibit.Seal.Size)
	opened, err := client.Open(d.ctx, rogatory.ExhibitID(c.ID), c.Why, c.File, progress.at)
	progress.end()
	if err != nil {
		return err
	}
	d.say("%s holds %s: %s, SHA-256 %s", c.File, opened.ID, amount(opened.Seal.Size), opened.Seal.SHA256)
	var label strings.Builder // what it may be used for is read at each opening
	showLimits(&label, opened.Limits)
	for l := range strings.Lines(label.String()) {
		d.say("%s", strings.TrimSpace(l))
	}
	return d.give(opened, func(w io.Writer) { fmt.Fprintln(w, c.File) })
}

type exhibitListCmd struct {
	Request string `arg:"" optional:"" help:"Only of this request."`
}

// Run lists exhibits.
func (c *exhibitListCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	var files []docket.File
	if c.Request != "" {
		f, err := client.Request(d.ctx, rogatory.RequestID(c.Request))
		if err != nil {
			return err
		}
		files = []docket.File{f}
	} else {
		for q := (docket.Filter{Limit: docket.MaxPage}); ; {
			page, err := client.Requests(d.ctx, q)
			if err != nil {
				return err
			}
			files = append(files, page.Requests...)
			if q.After = page.Next; q.After == "" {
				break
			}
		}
	}
	all := []api.ExhibitView{}
	for _, f := range files {
		for _, x := range f.Exhibits {
			all = append(all, api.ExhibitView{ExhibitFile: x, Request: f.ID})
		}
	}
	return d.give(all, func(w io.Writer) {
		for _, x := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", x.Exhibit.ID, x.Standing(), x.Request, amount(x.Exhibit.Seal.Size), line(x.Exhibit.Title))
		}
	})
}
