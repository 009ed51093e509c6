// SPDX-License-Identifier: Apache-2.0

package main

import "rogatory"

// directoryEndorseCmd has the old anchor of a State say yes to its new one.
type directoryEndorseCmd struct {
	Folder string             `arg:"" help:"Folder of the directory." type:"existingdir"`
	State  rogatory.StateCode `arg:"" help:"The State whose new anchor has named its entry key."`
	Key    string             `help:"Private key file of the anchor that is published now." type:"existingfile" required:"" placeholder:"FILE"`
}

// Run signs the State's role with the anchor that it had.
func (c *directoryEndorseCmd) Run(d *desk) error {
	r, err := d.repository(c.Folder)
	if err != nil {
		return err
	}
	key, err := privateKey(c.Key)
	if err != nil {
		return err
	}
	if err := r.Endorse(c.State, key); err != nil {
		return err
	}
	d.say("the old anchor of %s signed its new one, which takes effect at once", c.State)
	return nil
}
