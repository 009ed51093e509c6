// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
	"rogatory/journal"
	"rogatory/node"
)

// journalCmds read the journal.
type journalCmds struct {
	Show       journalShowCmd       `cmd:"" help:"How others know the journal, and its entries with --entries."`
	Checkpoint journalCheckpointCmd `cmd:"" help:"The published checkpoint, with the cosignatures of witnesses."`
	Verify     journalVerifyCmd     `cmd:"" help:"Verify the proof of an entry offline, with nothing but the journal's key."`
	Succeed    journalSucceedCmd    `cmd:"" help:"Close a journal that is lost for good, and let a new one follow it in public. Two people; the node must not be running."`
	Prove      journalProveCmd      `cmd:"" help:"The proof of an entry. It opens the entry, so it goes only to whom that concerns."`
}

// journal reads what anybody may read: how the journal is known, and its published checkpoint, which is
// verified. It takes no token.
func (d *desk) journal() (api.JournalView, []byte, error) {
	keys, err := d.keys()
	if err != nil {
		return api.JournalView{}, nil, err
	}
	config, err := node.LoadConfig(d.globals.Node)
	if err != nil {
		return api.JournalView{}, nil, err
	}
	a, err := d.addresses()
	if err != nil {
		return api.JournalView{}, nil, err
	}
	key, err := journal.NewVerifier(keys.JournalVerifier())
	if err != nil {
		return api.JournalView{}, nil, err
	}
	silent := rogatory.Fault(rogatory.Unavailable, "node_unreachable", "the journal at %s does not answer", a.Journal).WithHint("a node that has just started publishes within a second")
	ctx, cancel := context.WithTimeout(d.ctx, checkpointWait)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, a.Journal+"/checkpoint", nil)
	if err != nil {
		return api.JournalView{}, nil, silent
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return api.JournalView{}, nil, silent
	}
	defer resp.Body.Close()
	note, err := io.ReadAll(io.LimitReader(resp.Body, journal.MaxCheckpoint+1))
	if err != nil || resp.StatusCode != http.StatusOK || len(note) > journal.MaxCheckpoint {
		return api.JournalView{}, nil, silent
	}
	c, err := journal.OpenCheckpoint(note, keys.JournalOrigin(), key)
	if err != nil {
		return api.JournalView{}, nil, rogatory.Fault(rogatory.Untrusted, "checkpoint_invalid", "the checkpoint at %s is not of this node: %w", a.Journal, err)
	}
	return api.JournalView{Journal: api.Journal{Origin: keys.JournalOrigin(), VerifierKey: keys.JournalVerifier(), URL: config.JournalURL}, Size: c.Size}, note, nil
}

// checkpointWait bounds one small answer of a node on this machine.
const checkpointWait = 10 * time.Second

type journalShowCmd struct {
	Entries bool   `help:"List entries: who did what, when and why."`
	Request string `help:"Only entries of this request." placeholder:"REQUEST"`
	From    int64  `help:"From this entry on." default:"0"`
	N       int    `help:"At most so many." default:"100"`
}

// entriesPerCall is what the node gives at once.
const entriesPerCall = 200

// Run shows the journal.
func (c *journalShowCmd) Run(d *desk) error {
	if !c.Entries && c.Request == "" {
		v, _, err := d.journal()
		if err != nil {
			return err
		}
		return d.give(v, func(w io.Writer) {
			fmt.Fprintf(w, "origin\t%s\nverifier key\t%s\nurl\t%s\nsize\t%d\n", v.Origin, v.VerifierKey, v.URL, v.Size)
		})
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	all := []docket.Logged{}
	for from := c.From; len(all) < c.N; {
		some, err := client.Entries(d.ctx, rogatory.RequestID(c.Request), from, min(c.N-len(all), entriesPerCall))
		if err != nil {
			return err
		}
		if len(some) == 0 {
			break
		}
		all = append(all, some...)
		from = some[len(some)-1].Index + 1
	}
	return d.give(all, func(w io.Writer) {
		for _, l := range all {
			e := l.Entry
			what := e.Name
			switch {
			case e.Message != nil:
				what = fmt.Sprintf("%s %s to %s, number %d", e.Message.Act, e.Message.From, e.Message.To, e.Message.Sequence)
			case e.Exhibit != nil:
				what = string(e.Exhibit.ID)
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s (%s)\t%s\t%s\t%s\n", l.Index, when(e.At), e.Type, line(e.By.Name), e.By.Role, e.Request, line(what), line(e.Why))
		}
	})
}

type journalCheckpointCmd struct{}

// Run prints the checkpoint.
func (c *journalCheckpointCmd) Run(d *desk) error {
	_, note, err := d.journal()
	if err != nil {
		return err
	}
	return d.give(map[string]string{"checkpoint": string(note)}, func(w io.Writer) { w.Write(note) })
}

type journalProveCmd struct {
	Index int64 `arg:"" help:"Number of the entry."`
}

// Run prints the proof.
func (c *journalProveCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	proof, err := client.Proof(d.ctx, c.Index)
	if err != nil {
		return err
	}
	return d.give(map[string]string{"proof": proof}, func(w io.Writer) { fmt.Fprint(w, proof) })
}
