// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	"rogatory"
	"rogatory/demo"
	"rogatory/node"
)

// demoCmd plays the story between three exercise States.
type demoCmd struct {
	Once     bool   `help:"Stop after the story instead of staying up."`
	Dir      string `help:"Folder for the nodes; it must not hold any yet. Default: a new temporary folder." type:"path"`
	Evidence string `help:"Folder with evidence files to use instead of the bundled set." type:"path" default:"../shared/data/evidence"`
}

// Run plays the story.
func (c *demoCmd) Run() error {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	dir := c.Dir
	if dir == "" {
		base, err := os.MkdirTemp("", "rogatory-demo-")
		if err != nil {
			return err
		}
		dir = base
	}
	if _, err := os.Stat(filepath.Join(dir, "xa")); err == nil {
		return rogatory.Fault(rogatory.Conflict, "folder_not_empty", "%s holds a demo already", dir).WithHint("choose another folder with --dir, or delete this one")
	}
	info, err := os.Stdout.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0
	return demo.Run(ctx, demo.Options{Dir: dir, Once: c.Once, Evidence: c.Evidence, Out: os.Stdout, Terminal: terminal, Door: func(n *node.Node) (http.Handler, error) { return officeDoor(n, true) }})
}
