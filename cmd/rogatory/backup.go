// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"

	"rogatory/clock"
	"rogatory/node"
	"rogatory/vault"
)

// backupCmds copy a node and try the copy.
type backupCmds struct {
	Make backupMakeCmd `cmd:"" help:"Copy the node, running or not, to a folder that does not exist. Keys are not copied: they lie in the safe."`
	Test backupTestCmd `cmd:"" help:"Restore a backup in a folder of its own with this node's keys, and derive everything again from its journal."`
}

type backupMakeCmd struct {
	Folder string `arg:"" help:"Where to; another disk is better."`
}

// Run copies the node.
func (c *backupMakeCmd) Run(d *desk) error {
	if err := node.Backup(d.ctx, d.globals.Node, c.Folder, false, clock.Real{}); err != nil {
		return err
	}
	d.say("the copy is in %s, without keys; try it with rogatory backup test %s", c.Folder, c.Folder)
	return nil
}

type backupTestCmd struct {
	Folder string `arg:"" help:"A folder that rogatory backup make wrote." type:"existingdir"`
	Depth  string `help:"How much of the evidence is read: structure or all." enum:"structure,all" default:"structure"`
}

// Run tries a backup.
func (c *backupTestCmd) Run(d *desk) error {
	depth := vault.Structure
	if c.Depth == "all" {
		depth = vault.Full
	}
	entries, err := node.TryBackup(d.ctx, d.globals.Node, c.Folder, depth, clock.Real{})
	if err != nil {
		return err
	}
	return d.give(map[string]int64{"entries": entries}, func(w io.Writer) {
		fmt.Fprintf(w, "the backup holds: restored and derived again from %d entries of its journal\n", entries)
	})
}
