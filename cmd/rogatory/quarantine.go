// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"rogatory"
	"rogatory/docket"
	"rogatory/safeguard"
)

// scopeWords says in words how an exhibit was held against what was asked for.
func scopeWords(x docket.ExhibitFile) string {
	c := x.Compared
	if c == nil {
		return "not compared with what was asked for"
	}
	var words string
	switch c.Verdict {
	case safeguard.Within:
		words = fmt.Sprintf("all %d rows were asked for", c.Rows)
	case safeguard.Exceeds:
		words = fmt.Sprintf("%d of %d rows were not asked for", c.Outside, c.Rows)
	case safeguard.Undetermined:
		words = "it has rows, and nobody could tell whether they were asked for (" + c.Why + ")"
	default:
		words = "not compared with what was asked for (" + c.Why + ")"
	}
	if x.Quarantine != nil {
		words += "; it lies unread in quarantine until a reviewer who did not seal it has cut, released or discarded it"
	}
	return words
}

type exhibitQuarantineCmd struct{}

// Run lists what lies unread.
func (c *exhibitQuarantineCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.Quarantine(d.ctx)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, x := range all {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", x.Exhibit.ID, x.Request, line(x.Exhibit.Title), strings.SplitN(scopeWords(x.ExhibitFile), ";", 2)[0])
		}
	})
}

type exhibitCutCmd struct {
	ID string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
}

// Run cuts an exhibit.
func (c *exhibitCutCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	x, err := client.Cut(d.ctx, rogatory.ExhibitID(c.ID))
	if err != nil {
		return err
	}
	d.say("%s holds the rows of %s that were asked for, SHA-256 %s; offer it with rogatory exhibit offer %s", x.ID, c.ID, x.Seal.SHA256, x.ID)
	return d.give(x, func(w io.Writer) { fmt.Fprintln(w, x.ID) })
}

type exhibitReleaseCmd struct {
	ID  string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	Why string `help:"Why it is released with what was not asked for." required:""`
}

// Run stands for a release.
func (c *exhibitReleaseCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	r, err := client.Release(d.ctx, rogatory.ExhibitID(c.ID), c.Why)
	if err != nil {
		return err
	}
	if r.Released {
		d.say("%s is released", c.ID)
	} else {
		d.say("recorded; a second person of another role has to stand for it, one of the two a decider")
	}
	return d.give(r, func(w io.Writer) { fmt.Fprintln(w, r.Released) })
}

type exhibitDiscardCmd struct {
	ID  string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	Why string `help:"Why it is deleted; it becomes part of the chain of custody." required:""`
}

// Run deletes an exhibit in quarantine; the certificate is its result.
func (c *exhibitDiscardCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	done, err := client.Discard(d.ctx, rogatory.ExhibitID(c.ID), c.Why)
	if err != nil {
		return err
	}
	d.say("%s is deleted", c.ID)
	return d.give(done, func(w io.Writer) { fmt.Fprint(w, done.Text) })
}
