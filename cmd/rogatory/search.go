// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"strings"

	"rogatory/api"
	"rogatory/node"
)

// searchCmds look for cases.
type searchCmds struct {
	For     searchForCmd     `cmd:"" name:"for" default:"withargs" help:"Look for requests by words, or by from:, to:, kind:, state:, ref:, after: and before:. Each search is journaled."`
	Digest  searchDigestCmd  `cmd:"" help:"Say what the journal has of a query, to find who searched for it. For oversight."`
	Rebuild searchRebuildCmd `cmd:"" help:"Make the index of the search and the queue anew from the files. The node must not be running."`
}

type searchForCmd struct {
	Query []string `arg:"" help:"What to look for; all of it has to hold."`
	After int64    `help:"Go on after the page that gave this number." placeholder:"PLACE"`
}

// Run prints what was found and why; what was looked for stands in square brackets.
func (c *searchForCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	r, err := client.Search(d.ctx, api.Search{Query: strings.Join(c.Query, " "), After: c.After})
	if err != nil {
		return err
	}
	if r.Next != 0 {
		defer d.say("there is more: repeat it with --after %d", r.Next)
	}
	return d.give(r, func(w io.Writer) {
		for _, f := range r.Found {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", f.File.ID, f.File.Request.Kind, f.File.State, line(f.File.Request.Title))
			for _, why := range f.Reasons {
				var text strings.Builder
				for _, s := range why.Spans {
					if s.Marked {
						text.WriteString("[" + s.Text + "]")
					} else {
						text.WriteString(s.Text)
					}
				}
				fmt.Fprintf(w, "\t%s\t%s\n", why.Field, line(text.String()))
			}
		}
	})
}

type searchDigestCmd struct {
	Query []string `arg:"" help:"The query."`
}

// Run prints the digest.
func (c *searchDigestCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	found, err := client.SearchDigest(d.ctx, strings.Join(c.Query, " "))
	if err != nil {
		return err
	}
	return d.give(found, func(w io.Writer) { fmt.Fprintln(w, found.Query) })
}

type searchRebuildCmd struct{}

// Run makes the index anew.
func (c *searchRebuildCmd) Run(d *desk) error {
	n, err := node.Open(d.ctx, d.globals.Node, node.Options{Inspect: true})
	if err != nil {
		return err
	}
	defer n.Close()
	count, err := n.Office.Reindex(d.ctx)
	if err != nil {
		return err
	}
	return d.give(map[string]int{"requests": count}, func(w io.Writer) { fmt.Fprintf(w, "requests\t%d\n", count) })
}
