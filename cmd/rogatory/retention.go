// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"rogatory"
	"rogatory/api"
	"rogatory/docket"
)

type exhibitTermsCmd struct{}

// Run lists the terms.
func (c *exhibitTermsCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	all, err := client.Retention(d.ctx)
	if err != nil {
		return err
	}
	return d.give(all, func(w io.Writer) {
		for _, k := range all {
			until := "until " + when(k.Term.Delete.At)
			switch {
			case k.Due:
				until = "to be deleted since " + when(k.Term.DeleteAt)
			case len(k.Term.HeldBy) > 0:
				until = "kept for " + line(k.Term.HeldBy[0])
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.Exhibit, k.Request, line(k.Title), until, k.Term.Rule)
		}
	})
}

type exhibitKeepCmd struct {
	ID         string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
	Proceeding string `help:"File number of the proceeding; without it the exhibit is kept no longer."`
	Why        string `help:"Why." required:""`
}

// Run keeps an exhibit.
func (c *exhibitKeepCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	if err := client.Keep(d.ctx, rogatory.ExhibitID(c.ID), api.Proceeding{Name: c.Proceeding, Why: c.Why}); err != nil {
		return err
	}
	if c.Proceeding == "" {
		d.say("%s is kept no longer than its term", c.ID)
	} else {
		d.say("%s is kept for %s", c.ID, c.Proceeding)
	}
	return nil
}

type exhibitDeleteCmd struct {
	ID string `arg:"" name:"exhibit" help:"Reference of the exhibit."`
}

// Run deletes an exhibit; the certificate is its result.
func (c *exhibitDeleteCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	done, err := client.Delete(d.ctx, rogatory.ExhibitID(c.ID))
	if err != nil {
		return err
	}
	if done.Text == "" {
		d.say("%s was deleted before; rogatory journal show --entries says when", c.ID)
	} else {
		d.say("%s is deleted; the certificate is on its way to the other State", c.ID)
	}
	return d.give(done, func(w io.Writer) { fmt.Fprint(w, done.Text) })
}

type requestRenewCmd struct {
	ID    string `arg:"" name:"request" help:"Reference of the preservation."`
	Order string `help:"Decision that renews the order: court, file number and date." required:""`
}

// Run records a renewal.
func (c *requestRenewCmd) Run(d *desk) error {
	client, err := d.client()
	if err != nil {
		return err
	}
	f, err := client.Renew(d.ctx, rogatory.RequestID(c.ID), c.Order)
	if err != nil {
		return err
	}
	next := "and holds to the end"
	for _, x := range f.Deadlines {
		if x.Name == docket.RenewalDue && x.State == docket.Running {
			next = "and the next renewal is to be decided by " + when(x.Due)
		}
	}
	d.say("the order is renewed, %s", next)
	return d.give(f, func(w io.Writer) { fmt.Fprintln(w, f.ID) })
}
