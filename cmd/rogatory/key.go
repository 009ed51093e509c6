// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"time"

	"rogatory/keyring"
)

// keyCmds look at the node's keys and make the next ones.
type keyCmds struct {
	Show   keyShowCmd   `cmd:"" help:"List the keys: purpose, fingerprint, since when, until when, and whether the directory names them."`
	Rotate keyRotateCmd `cmd:"" help:"Make the next key beside the old one, which is kept, and submit the State's new entry."`
}

// keyRow is one key for people and machines.
type keyRow struct {
	File        string   `json:"file"`
	Purpose     string   `json:"purpose"`
	Generation  int      `json:"generation"`
	Newest      bool     `json:"newest"`
	Algorithm   string   `json:"algorithm"`
	Fingerprint string   `json:"fingerprint"`
	Since       string   `json:"since"`
	Until       string   `json:"until,omitempty"`
	Directory   string   `json:"directory"`
	Hosts       []string `json:"hosts,omitempty"`
}

func rowOf(k keyring.Key, standing string) keyRow {
	r := keyRow{File: k.File, Purpose: k.Purpose, Generation: k.Generation, Newest: k.Newest, Algorithm: k.Algorithm, Fingerprint: k.Fingerprint,
		Since: k.Since.UTC().Format(time.RFC3339), Directory: standing, Hosts: k.Hosts}
	if k.Purpose == "anchor" || k.Purpose == "entry" {
		r.Fingerprint = keyID(k) // as directory show has it
	}
	if !k.Until.IsZero() {
		r.Until = k.Until.UTC().Format(time.RFC3339)
	}
	return r
}

type keyShowCmd struct{}

// Run lists the keys.
func (c *keyShowCmd) Run(d *desk) error {
	keys, err := d.keys()
	if err != nil {
		return err
	}
	b, err := d.published()
	if err != nil {
		d.say("whether the directory names them is not known: %s", err)
	}
	rows := []keyRow{}
	for _, k := range keys.Keys() {
		stands := isUnknown
		if b != nil {
			stands = standing(b, keys, k)
		}
		rows = append(rows, rowOf(k, stands))
	}
	return d.give(rows, func(w io.Writer) {
		fmt.Fprintln(w, "FILE\tALGORITHM\tFINGERPRINT\tSINCE\tUNTIL\tDIRECTORY")
		for _, r := range rows {
			until := "-"
			if r.Until != "" {
				until = r.Until[:len(time.DateOnly)]
			}
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", r.File, r.Algorithm, r.Fingerprint, r.Since[:len(time.DateOnly)], until, r.Directory)
		}
	})
}

type keyRotateCmd struct {
	Purpose string   `arg:"" help:"seal, tls, message, evidence, database or entry."`
	Folder  string   `arg:"" optional:"" help:"Folder of the directory, for the State's new entry: for message, evidence and entry." type:"existingdir"`
	Host    []string `help:"Names and addresses of this machine for the new TLS certificate. Default: those of the present one." placeholder:"NAME"`
	Again   bool     `help:"Make another although the newest was made a moment ago, or is not in the directory yet."`
}

// Run rotates a key.
//
// Order of writes: the key's file, under its name only when it is whole (keyring.Rotate); then, for a
// key that the directory names, the submission (desk.submit). The node opens with the new key from the
// first step on, and others use it only after an operator has published, so that at no moment anything
// is sealed to a key that the node does not have. After a crash at any step do the same again: a key
// that the directory does not name yet is not made twice.
func (c *keyRotateCmd) Run(d *desk) error {
	if err := keyring.Rotatable(c.Purpose); err != nil {
		return err
	}
	if len(c.Host) > 0 && c.Purpose != "tls" {
		return usage("--host is for the tls key")
	}
	keys, err := d.keys()
	if err != nil {
		return err
	}
	listed := c.Purpose == "message" || c.Purpose == "evidence" || c.Purpose == "entry"
	if c.Folder != "" {
		if _, err := d.repository(c.Folder); err != nil { // before anything is made
			return err
		}
	}
	k := newest(keys, c.Purpose)
	wanted := c.Again
	if !wanted {
		if wanted, err = c.due(d, keys, k, listed); err != nil {
			return err
		}
	}
	if wanted {
		if keys, err = keys.Rotate(c.Purpose, rand.Reader, time.Now(), c.Host...); err != nil {
			return err
		}
		k = newest(keys, c.Purpose)
		d.say("made %s; earlier keys are kept. Back up %s now", k.File, d.keysDir())
	}
	var s *submission
	switch {
	case listed && c.Folder != "":
		done, err := d.submit(c.Folder, false)
		if err != nil {
			return err
		}
		s = &done
	case listed:
		d.say("next: rogatory directory submit DIR --node %s, with the directory's folder DIR; until it is published the others use the earlier key", d.globals.Node)
	case c.Purpose == "seal":
		d.say("the directory need not change, for it names the authority that issued it. Next: restart the node; it signs with the newest seal from its start on")
	case c.Purpose == "database":
		d.say("the directory does not name it. Next: restart the node; it seals the whole database under the newest key at its start")
	default:
		d.say("the directory need not change, for it names the authority that issued it. A running node shows it within a second")
	}
	row := rowOf(k, isUnknown)
	if b, err := d.published(); err == nil {
		row.Directory = standing(b, keys, k)
	}
	result := struct {
		Key        keyRow      `json:"key"`
		Made       bool        `json:"made"`
		Submission *submission `json:"submission,omitempty"`
	}{row, wanted, s}
	return d.give(result, func(w io.Writer) { fmt.Fprintf(w, "%s\t%s\n", row.File, row.Fingerprint) })
}

// due reports whether the next key is to be made, or an earlier rotation only to be finished.
func (c *keyRotateCmd) due(d *desk, keys *keyring.Keyring, k keyring.Key, listed bool) (bool, error) {
	if listed {
		used, err := d.inUse(keys, k, c.Folder)
		if err == nil && !used {
			d.say("%s was made and the directory does not name it yet: going on with it; --again makes another", k.File)
		}
		return used, err
	}
	fresh := k.Generation > 1 && time.Since(k.Since) < rotationDay
	if fresh && (len(c.Host) == 0 || slices.Equal(sorted(c.Host), sorted(k.Hosts))) {
		d.say("%s was made on %s, so nothing is made now; --again makes another", k.File, k.Since.UTC().Format("2006-01-02 at 15:04:05 UTC"))
		return false, nil
	}
	return true, nil
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
