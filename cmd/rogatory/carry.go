// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"rogatory"
	"rogatory/api"
)

// outboxCmds work on messages on their way out.
type outboxCmds struct {
	List  outboxListCmd  `cmd:"" help:"List deliveries: what waits and what was set aside, or those in one state."`
	Retry outboxRetryCmd `cmd:"" help:"Try a delivery again that was set aside."`
}

type outboxListCmd struct {
	State string `help:"waiting, done or dead." enum:",waiting,done,dead" default:""`
}

// Run lists deliveries.
func (c *outboxListCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.Outbox(d.ctx, c.State)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, m := range all {
			fmt.Fprintf(w, "%s\t%s\tto %s\t%s %s\t%d tries\t%s\t%s\n", m.Message, m.State, m.Peer, m.Act, m.Request, m.Attempts, when(m.Next), line(m.Problem))
		}
	})
}

type outboxRetryCmd struct {
	Message string `arg:"" help:"Identifier of the message."`
}

// Run revives a delivery.
func (c *outboxRetryCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	if err := client.Revive(d.ctx, rogatory.MessageID(c.Message)); err != nil {
		return err
	}
	d.say("%s is tried again", c.Message)
	return nil
}

// courierCmds carry what the line cannot.
type courierCmds struct {
	Export courierExportCmd `cmd:"" help:"Write what waits for a State to a new folder, to be carried on a disk."`
	Import courierImportCmd `cmd:"" help:"Take in a folder that was carried here. Doing it twice counts once."`
}

type courierExportCmd struct {
	To     string `help:"State it is for." required:"" placeholder:"XB"`
	Folder string `arg:"" help:"New folder, on the node's machine." type:"path"`
}

// Run writes a courier's folder.
func (c *courierExportCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	r, err := client.CourierExport(d.ctx, rogatory.StateCode(c.To), c.Folder)
	if err != nil {
		return err
	}
	d.say("%s holds %d messages, %d receipts and %d exhibits for %s", r.Folder, r.Messages, r.Receipts, r.Exhibits, c.To)
	return d.give(r, func(w io.Writer) { fmt.Fprintln(w, r.Folder) })
}

type courierImportCmd struct {
	Folder string `arg:"" help:"Folder that was carried here, on the node's machine." type:"path"`
}

// Run takes in a courier's folder.
func (c *courierImportCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	r, err := client.CourierImport(d.ctx, c.Folder)
	if err != nil {
		return err
	}
	d.say("took in %d messages, %d receipts and %d exhibits", r.Messages, r.Receipts, r.Exhibits)
	return d.give(r, func(io.Writer) {})
}

// packageCmds make court packages.
type packageCmds struct {
	Export packageExportCmd `cmd:"" help:"Write a court package of a case to a new folder. Verify it with rogatory-verify."`
}

type packageExportCmd struct {
	Case   string `arg:"" help:"Reference of the case."`
	Folder string `arg:"" help:"New folder, on the node's machine." type:"path"`
	Why    string `help:"Why it is exported; it becomes part of the chain of custody." required:""`
	Use    string `help:"Another use than the labels name, which takes the consent of the State that gave it." enum:",other_use,onward_transfer,team_disclosure,evidence_use" default:"" placeholder:"USE"`
	Third  string `help:"The third State or organisation that it goes to." placeholder:"XC"`
}

// Run writes a court package.
func (c *packageExportCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	if err := client.Package(d.ctx, rogatory.CaseID(c.Case), api.PackageCall{Why: c.Why, Folder: c.Folder, Use: rogatory.ConsentUse(c.Use), Third: c.Third}); err != nil {
		return err
	}
	d.say("wrote the court package of %s; check it with rogatory-verify %s", c.Case, c.Folder)
	return d.give(map[string]string{"folder": c.Folder}, func(w io.Writer) { fmt.Fprintln(w, c.Folder) })
}
