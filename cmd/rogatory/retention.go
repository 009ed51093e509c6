// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"rogatory"
	"rogatory/api"
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
	d.say("%s is deleted; the certificate is on its way to the other State", c.ID)
	return d.give(done, func(w io.Writer) { fmt.Fprint(w, done.Text) })
}
