// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"rogatory"
	"rogatory/api"
	"rogatory/deadline"
	"rogatory/node"
	"rogatory/treaty"
)

// rulesCmds are what a jurist mends: data files, each with articles.
type rulesCmds struct {
	Show   rulesShowCmd   `cmd:"" help:"Which rules the node goes by, and how many of them a jurist has verified."`
	Export rulesExportCmd `cmd:"" help:"Print a file of rules that came with this program, to be edited."`
	Adopt  rulesAdoptCmd  `cmd:"" help:"Check an edited file with all the others, journal it, and put it in force from the node's next start."`
}

type rulesShowCmd struct{}

// Run shows the rules.
func (c *rulesShowCmd) Run(d *desk) error {
	book, err := node.Rulebook(d.globals.Node)
	if err != nil {
		return err
	}
	verified, all := 0, 0
	count := func(ok bool) {
		if all++; ok {
			verified++
		}
	}
	for _, k := range book.Kinds {
		count(k.Verified)
	}
	for _, g := range book.Grounds {
		count(g.Verified)
	}
	for _, r := range book.Times.All() {
		count(r.Verified)
	}
	shown := struct {
		Edition  string          `json:"edition"`
		Kinds    rogatory.Digest `json:"kinds"`
		Times    rogatory.Digest `json:"deadlines"`
		Calendar rogatory.Digest `json:"calendars"`
		Verified int             `json:"verified"`
		Rules    int             `json:"rules"`
	}{book.Edition(), book.Digest, book.Times.Digest, book.Calendars.Digest, verified, all}
	return d.give(shown, func(w io.Writer) {
		fmt.Fprintf(w, "edition\t%s\nkinds\tversion %s, SHA-256 %s\ntime limits\tversion %s, SHA-256 %s\ncalendars\tversion %s, SHA-256 %s\nverified\t%d of %d kinds, grounds and time limits were compared with the official text by a jurist\n",
			shown.Edition, book.Version, shown.Kinds, book.Times.Version, shown.Times, book.Calendars.Version, shown.Calendar, verified, all)
	})
}

type rulesExportCmd struct {
	Name string `arg:"" enum:"kinds,deadlines,calendars" help:"kinds, deadlines or calendars."`
}

// Run prints a file.
func (c *rulesExportCmd) Run(d *desk) error {
	times, calendars := deadline.Embedded()
	_, err := d.out.Write(map[string][]byte{"kinds": treaty.Embedded(), "deadlines": times, "calendars": calendars}[c.Name])
	return err
}

type rulesAdoptCmd struct {
	Name string `arg:"" enum:"kinds,deadlines,calendars,agreements" help:"kinds, deadlines, calendars or agreements."`
	File string `arg:"" type:"existingfile" help:"The edited file."`
	Why  string `help:"Where it comes from, and why it is taken." required:""`
}

// Run adopts a file.
func (c *rulesAdoptCmd) Run(d *desk) error {
	file := c.Name + ".json"
	data, err := readUpTo(c.File, treaty.MaxRulesSize)
	if err != nil {
		return err
	}
	book, err := node.RulebookWith(d.globals.Node, file, data)
	if err != nil {
		return err
	}
	client, err := d.client()
	if err != nil {
		return err
	}
	digest := rogatory.DigestOf(data)
	if err := client.Adopt(d.ctx, api.Adoption{Name: c.Name, Digest: digest, Why: c.Why}); err != nil {
		return err
	}
	if err := node.PutRules(d.globals.Node, file, data); err != nil {
		return err
	}
	d.say("journaled and in place; the node goes by it from its next start, as edition %s", book.Edition())
	return d.give(struct {
		Name   string          `json:"name"`
		SHA256 rogatory.Digest `json:"sha256"`
	}{c.Name, digest}, func(w io.Writer) { fmt.Fprintln(w, digest) })
}
